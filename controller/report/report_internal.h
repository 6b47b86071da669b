/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_internal.h - what the styles of a report share */
#ifndef CONTROLLER_REPORT_REPORT_INTERNAL_H
#define CONTROLLER_REPORT_REPORT_INTERNAL_H

#include "controller/report/report.h"
#include "netlab/base/strbuf.h"

/**
 * struct ctl_report_style - a way to report; all functions are there
 *
 * The names are those of the functions in report.h and of struct ctl_run_ops.
 */
struct ctl_report_style {
	void (*begin)(struct ctl_report *rep);
	void (*diag)(struct ctl_report *rep, const struct ctl_diag *diag);
	void (*error)(struct ctl_report *rep, const struct lab_err *err);
	void (*note)(struct ctl_report *rep, const char *text);
	void (*phase)(struct ctl_report *rep, enum ctl_report_phase phase);
	void (*up)(struct ctl_report *rep, const struct ctl_report_lab_up *up);
	void (*synced)(struct ctl_report *rep, const char *host, size_t n_files, size_t n_sent,
		       uint64_t duration_us);
	void (*task_start)(struct ctl_report *rep, const struct ctl_task_result *t);
	void (*command_start)(struct ctl_report *rep, const struct ctl_command_result *c);
	void (*output)(struct ctl_report *rep, const struct ctl_command_result *c, int fd,
		       const char *line, size_t len);
	void (*command_end)(struct ctl_report *rep, const struct ctl_command_result *c);
	void (*task_end)(struct ctl_report *rep, const struct ctl_task_result *t);
	void (*kept)(struct ctl_report *rep, const char *host);
	void (*down)(struct ctl_report *rep, uint64_t duration_us);
	void (*verdict)(struct ctl_report *rep, const struct ctl_report_verdict *verdict);
	void (*end)(struct ctl_report *rep, int exit_code);
};

/**
 * struct ctl_partial - the beginning of a line that a command has not finished yet
 * @owner:	the command
 * @fd:		1 or 2
 * @line:	bytes so far
 * @next:	next one
 */
struct ctl_partial {
	const struct ctl_command_result *owner;
	int fd;
	struct lab_strbuf line;
	struct ctl_partial *next;
};

/**
 * struct ctl_recipe_mark - a recipe that is over, for the end of the report
 * @path:	its file name; owned
 * @exit_code:	its exit code
 */
struct ctl_recipe_mark {
	char *path;
	int exit_code;
};

/**
 * struct ctl_report - a report
 * @params:	as given
 * @style:	how it is written
 * @path:	recipe that runs
 * @lab:	its lab
 * @phase:	its phase
 * @hosts_up:	in CTL_PHASE_UP
 * @hosts_total: in CTL_PHASE_UP
 * @recipe:	recipe whose tasks run, or NULL
 * @command:	command that runs, or NULL
 * @host_width:	columns for the ids of its hosts
 * @shown:	a line of progress is on the screen
 * @drawn_us:	when it was drawn
 * @timer:	draws it again
 * @partial:	unfinished lines
 * @marks:	recipes that are over
 * @n_marks:	how many
 */
struct ctl_report {
	struct ctl_report_params params;
	const struct ctl_report_style *style;
	const char *path, *lab;
	enum ctl_report_phase phase;
	size_t hosts_up, hosts_total;
	const struct ctl_task_result *task;
	const struct ctl_command_result *command;
	size_t host_width;
	bool shown;
	uint64_t drawn_us;
	struct lab_source *timer;
	struct ctl_partial *partial;
	struct ctl_recipe_mark *marks;
	size_t n_marks;
};

extern const struct ctl_report_style ctl_report_text; /* text.c */
extern const struct ctl_report_style ctl_report_json; /* json.c */

/**
 * ctl_report_now() - Microseconds since the program started
 * @rep:	report
 *
 * Return: the time.
 */
uint64_t ctl_report_now(const struct ctl_report *rep);

/**
 * ctl_report_puts() - Write whole lines; a line of progress is removed first
 * @rep:	report
 * @fd:		1 or 2
 * @sb:		text with its last newline; released
 */
void ctl_report_puts(struct ctl_report *rep, int fd, struct lab_strbuf *sb);

/**
 * ctl_report_what() - Write what a command is, in one line
 * @c:		command
 * @max:	bytes at most; 0 = no limit
 * @sb:		appended: "ping -c 1 h2", "[server] Iperf role=server", "intr [server]", "ctl_wait
 *		1.5 s"
 */
void ctl_report_what(const struct ctl_command_result *c, size_t max, struct lab_strbuf *sb);

/**
 * ctl_report_totals() - Times of a recipe
 * @rep:	report
 * @v:		its end
 * @ret_busy_us: how long the tests took
 *
 * Return: how long the recipe took; what remains is netlab's own time.
 */
uint64_t ctl_report_totals(const struct ctl_report *rep, const struct ctl_report_verdict *v,
			   uint64_t *ret_busy_us);

/**
 * ctl_progress_update() - Draw the line of progress, if it is wanted and not just drawn
 * @rep:	report
 * @now:	also when it was just drawn
 */
void ctl_progress_update(struct ctl_report *rep, bool now);

/**
 * ctl_progress_clear() - Remove the line of progress from the screen
 * @rep:	report
 */
void ctl_progress_clear(struct ctl_report *rep);

#endif
