/* SPDX-License-Identifier: GPL-2.0-or-later */
/* what.h - words for commands, verdicts and times, the same in every style */
#ifndef CONTROLLER_REPORT_WHAT_H
#define CONTROLLER_REPORT_WHAT_H

#include "controller/report/model.h"

/**
 * ctl_what_flat() - Write text in one line: white space becomes one space, control characters
 * become visible
 * @text:	UTF-8
 * @sb:		appended
 */
void ctl_what_flat(const char *text, struct lab_strbuf *sb);

/**
 * ctl_what_columns() - How many columns a text takes in a monospaced font
 * @text:	UTF-8 without control characters
 *
 * Return: columns; wide characters take two.
 */
size_t ctl_what_columns(const char *text);

/**
 * ctl_what_recipe() - Write which recipe it is, in one line
 * @r:		recipe
 * @sb:		appended: "ping.xml"; with machines of a pool "ping.xml, match 2"
 */
void ctl_what_recipe(const struct ctl_model_recipe *r, struct lab_strbuf *sb);

/**
 * ctl_what_command() - Write what a command is, in one line
 * @c:		command
 * @max:	bytes at most; 0 = no limit
 * @sb:		appended: "ping -c 1 h2", "[server] Iperf role=server", "intr [server]", "ctl_wait
 *		1.5 s"
 */
void ctl_what_command(const struct ctl_model_command *c, size_t max, struct lab_strbuf *sb);

/**
 * ctl_what_seconds() - Write a time as "1.234 s"
 * @us:		microseconds
 * @sb:		appended
 */
void ctl_what_seconds(uint64_t us, struct lab_strbuf *sb);

/**
 * ctl_what_verdict() - The word that people see for a verdict
 * @v:		verdict
 *
 * Return: "PASS", "FAIL" or "----"; static storage.
 */
const char *ctl_what_verdict(enum ctl_verdict v);

/**
 * ctl_what_outcome() - Verdict on a recipe as a whole
 * @r:		recipe
 *
 * Return: pass only with exit code 0; none when it was interrupted or is not over.
 */
enum ctl_verdict ctl_what_outcome(const struct ctl_model_recipe *r);

/**
 * ctl_what_reason() - Write in one line why a recipe failed
 * @r:		recipe that is over
 * @sb:		appended: "interrupted by SIGINT", the first error with its place, "2 of 5 commands
 *		failed"; nothing when it passed
 */
void ctl_what_reason(const struct ctl_model_recipe *r, struct lab_strbuf *sb);

/**
 * ctl_what_counts() - Write how many commands passed or failed, and what was not run
 * @r:		recipe that is over, and has a result
 * @sb:		appended: "5 of 5 commands passed", "1 of 2 commands failed, 1 task not run": commands
 *		are counted that were begun
 */
void ctl_what_counts(const struct ctl_model_recipe *r, struct lab_strbuf *sb);

/**
 * ctl_what_task() - Write how many commands of a task passed or failed
 * @t:		task that is over
 * @sb:		appended: "5 of 5 passed", "1 of 3 failed, 2 not run"
 */
void ctl_what_task(const struct ctl_model_task *t, struct lab_strbuf *sb);

/**
 * ctl_what_not_run() - Why a task was not run
 * @task:	a member of ctl_model_recipe.not_run
 *
 * Return: one line; NULL = it was left out, as it was asked for; static storage.
 */
const char *ctl_what_not_run(const json_t *task);

/**
 * ctl_what_diag() - Write an error or a note in one line, as compilers do
 * @d:		error or note
 * @sb:		appended: "file:line:col: error: text"
 */
void ctl_what_diag(const struct ctl_model_diag *d, struct lab_strbuf *sb);

/**
 * ctl_what_last_lines() - The last lines of a text
 * @s:		text
 * @lines:	how many at most, > 0
 * @ret_len:	bytes, without the last newline
 *
 * Empty lines at the end do not count.
 * Return: where they begin, in @s.
 */
const char *ctl_what_last_lines(const struct ctl_model_stream *s, unsigned int lines,
				size_t *ret_len);

#endif
