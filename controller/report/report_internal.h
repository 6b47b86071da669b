/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_internal.h - what the styles of a report share */
#ifndef CONTROLLER_REPORT_REPORT_INTERNAL_H
#define CONTROLLER_REPORT_REPORT_INTERNAL_H

#include "controller/report/file.h"
#include "controller/report/model.h"
#include "controller/report/report.h"
#include "netlab/base/strbuf.h"

/**
 * struct ctl_report_style - a way to report while recipes run
 * @event:	an event has come; the model has taken it
 */
struct ctl_report_style {
	void (*event)(struct ctl_report *rep, const struct ctl_event *e);
};

/**
 * struct ctl_partial - the beginning of a line that a command has not finished yet
 * @owner:	the command; NULL = a Python task itself
 * @task:	that task
 * @fd:		1 or 2
 * @line:	bytes so far
 * @next:	next one
 */
struct ctl_partial {
	const struct ctl_command_result *owner;
	const struct ctl_task_result *task;
	int fd;
	struct lab_strbuf line;
	struct ctl_partial *next;
};

/**
 * struct ctl_report - a report
 * @params:	as given
 * @style:	how it is written while recipes run
 * @files:	what is written at the end
 * @model:	what is known of the recipes
 * @path:	recipe that runs
 * @run:	its number
 * @lab:	its lab
 * @now:	what the last event was about
 * @status:	text of ctl_report_status(), owned, or NULL
 * @hosts_up:	while the lab comes up
 * @hosts_total: while the lab comes up
 * @n_points:	TAP: test points so far
 * @shown:	a line of progress is on the screen
 * @drawn_us:	when it was drawn
 * @timer:	draws it again
 * @partial:	unfinished lines
 */
struct ctl_report {
	struct ctl_report_params params;
	const struct ctl_report_style *style;
	struct ctl_report_file files[CTL_REPORT_FORMAT_MAX_];
	struct ctl_model model;
	const char *path, *lab;
	size_t run;
	struct ctl_event now;
	char *status;
	size_t hosts_up, hosts_total;
	size_t n_points;
	bool shown;
	uint64_t drawn_us;
	struct lab_source *timer;
	struct ctl_partial *partial;
};

extern const struct ctl_report_style ctl_report_text; /* text.c */
extern const struct ctl_report_style ctl_report_json; /* json.c */
extern const struct ctl_report_style ctl_report_tap;  /* tap.c */

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
