/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.h - tell what a run does and what came out of it: on standard output and in files */
#ifndef CONTROLLER_REPORT_REPORT_H
#define CONTROLLER_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/run/result.h"
#include "controller/run/run.h"
#include "netlab/base/loop.h"

/**
 * DOC: reports
 *
 * A report hears what happens in one or more recipes in its order:
 *
 *   for each recipe: begin, diag and error as they come, phase, lab, match, topology, up, those of ctl_run(),
 *   verdict, down; then once: write, end.
 *
 * event.c makes a JSON object of each; model.c collects them (model.h says why); the style on
 * standard output hears of each with its place in the model: text.c, json.c or tap.c. The files are
 * written at the end from the model: result_xml.c, junit.c, html*.c, with markup.c as the one writer of
 * tags and file.c for the files themselves. progress.c draws the one line of a terminal that
 * changes in place. What is printed goes to the owner's write function.
 */

/* Write bytes to standard output (1) or standard error (2). */
typedef void (*ctl_report_write_fn)(int fd, const char *data, size_t len, void *user);

/* What standard output gets. */
enum ctl_report_style_kind {
	CTL_REPORT_TEXT, /* text for people */
	CTL_REPORT_JSON, /* events, one JSON object a line: docs/json.md */
	CTL_REPORT_TAP,  /* Test Anything Protocol, version 13, which prove(1) reads */
};

/* What a file may get at the end. */
enum ctl_report_format {
	CTL_REPORT_RESULT, /* XML as LNST wrote it */
	CTL_REPORT_JUNIT,  /* XML as CI servers read it */
	CTL_REPORT_HTML,   /* one page for people */
	CTL_REPORT_FORMAT_MAX_,
};

/**
 * struct ctl_report_env - where it all happened; all borrowed, may be NULL
 * @version:	netlab's version
 * @kernel:	kernel, as uname(2) names its release
 * @machine:	host name of the machine
 * @date_s:	when the program started: seconds since 1970; 0 = not known
 */
struct ctl_report_env {
	const char *version, *kernel, *machine;
	int64_t date_s;
};

/**
 * struct ctl_report_params - how to report; everything is borrowed as long as the report
 * @write:	gets the bytes
 * @user:	for @write
 * @loop:	loop of the run, for @live; may be NULL otherwise
 * @style:	what standard output gets
 * @files:	by enum ctl_report_format: the file that gets it, or NULL
 * @env:	where it happens
 * @verbose:	show what the commands write
 * @timing:	show where the time went
 * @colour:	text: use colours
 * @live:	text: standard output is a terminal, draw a line of progress
 * @columns:	text: width of the terminal; 0 = no limit
 * @start_us:	when the program started, as lab_loop_now_us()
 * @now_us:	clock; NULL = lab_loop_now_us()
 */
struct ctl_report_params {
	ctl_report_write_fn write;
	void *user;
	struct lab_loop *loop;
	enum ctl_report_style_kind style;
	const char *files[CTL_REPORT_FORMAT_MAX_];
	struct ctl_report_env env;
	bool verbose, timing, colour, live;
	unsigned int columns;
	uint64_t start_us;
	uint64_t (*now_us)(void);
};

enum ctl_report_phase {
	CTL_PHASE_READ, /* read, match and plan the recipe */
	CTL_PHASE_UP,   /* bring the lab up */
	CTL_PHASE_RUN,  /* run the tasks */
	CTL_PHASE_DOWN, /* take the lab down */
	CTL_PHASE_MAX_,
};

/**
 * struct ctl_report_part - a part of a time
 * @name:	its name (borrowed)
 * @duration_us: how long it took
 */
struct ctl_report_part {
	const char *name;
	uint64_t duration_us;
};

/**
 * struct ctl_report_match - which machines of a pool the hosts of a recipe are
 * @number:	of the match, from 1
 * @pool:	name of the pool (borrowed)
 * @hosts:	an array, as docs/json.md describes it (stolen)
 */
struct ctl_report_match {
	unsigned int number;
	const char *pool;
	json_t *hosts;
};

/**
 * struct ctl_report_lab_up - a lab that is up
 * @n_hosts:	hosts
 * @n_networks:	networks
 * @attached:	it was up already; then there are no times
 * @duration_us: how long it took
 * @parts:	where that time went
 * @n_parts:	how many
 */
struct ctl_report_lab_up {
	size_t n_hosts, n_networks;
	bool attached;
	uint64_t duration_us;
	const struct ctl_report_part *parts;
	size_t n_parts;
};

/**
 * struct ctl_report_verdict - how a recipe ended
 * @result:	what came out of its tasks; NULL = it did not come to that
 * @exit_code:	exit code of this recipe
 * @signo:	signal that interrupted it, or 0
 * @start_us:	when it began, as lab_loop_now_us()
 * @phase_us:	time of each phase
 */
struct ctl_report_verdict {
	const struct ctl_run_result *result;
	int exit_code, signo;
	uint64_t start_us;
	uint64_t phase_us[CTL_PHASE_MAX_];
};

struct ctl_report;

/**
 * ctl_report_new() - Make a report
 * @params:	how; copied
 * @ret:	on success; free with ctl_report_free()
 * @err:	filled on failure; may be NULL
 *
 * Tries whether the files can be written, so that it is known before a lab is built.
 * Return: 0 or -errno. Errors: those of open(2) for the first file that cannot be written, -ENOMEM.
 */
int ctl_report_new(const struct ctl_report_params *params, struct ctl_report **ret,
		   struct lab_err *err);

/**
 * ctl_report_free() - Release a report; a line of progress is removed
 * @rep:	may be NULL
 *
 * Before its loop is freed.
 */
void ctl_report_free(struct ctl_report *rep);

/**
 * ctl_report_event() - Take an event that another report has made
 * @rep:	report
 * @event:	a line of docs/json.md, from recipe to what became of the lab (borrowed); its member run
 *		becomes that of this report
 *
 * This is how a recipe that has run in another process is reported. The events of one recipe come
 * together, so that text is readable.
 * Return: 0 or -errno. Errors: -EPROTO it is no event, or one of something that has not begun:
 * ignored; -ENOMEM.
 */
int ctl_report_event(struct ctl_report *rep, json_t *event);

/**
 * ctl_report_status() - Say in the line of progress what goes on, instead of what this report has heard
 * @rep:	report
 * @text:	the line; copied; NULL = nothing any more
 */
void ctl_report_status(struct ctl_report *rep, const char *text);

/**
 * ctl_report_begin() - A recipe begins
 * @rep:	report
 * @path:	its file name as the user gave it (borrowed until the next one)
 */
void ctl_report_begin(struct ctl_report *rep, const char *path);

/**
 * ctl_report_lab() - It is known which lab the recipe will run in
 * @rep:	report
 * @lab:	name of the lab (borrowed until the next recipe)
 */
void ctl_report_lab(struct ctl_report *rep, const char *lab);

/**
 * ctl_report_match() - It is known which machines of a pool the hosts are
 * @rep:	report
 * @match:	which
 */
void ctl_report_match(struct ctl_report *rep, const struct ctl_report_match *match);

/**
 * ctl_report_wants_topology() - Is somebody interested in the topology?
 * @rep:	report
 *
 * Return: false when ctl_report_topology() would be in vain.
 */
bool ctl_report_wants_topology(const struct ctl_report *rep);

/**
 * ctl_report_topology() - It is known what the lab is
 * @rep:	report
 * @topology:	as lab_topo_to_json() writes it; stolen; NULL = out of memory
 */
void ctl_report_topology(struct ctl_report *rep, json_t *topology);

/**
 * ctl_report_diag() - What is wrong or odd in the recipe
 * @rep:	report
 * @diag:	all of it (borrowed for the call)
 */
void ctl_report_diag(struct ctl_report *rep, const struct ctl_diag *diag);

/**
 * ctl_report_error() - Something went wrong
 * @rep:	report
 * @err:	what (borrowed for the call)
 */
void ctl_report_error(struct ctl_report *rep, const struct lab_err *err);

/**
 * ctl_report_note() - Something that the user should know
 * @rep:	report
 * @fmt:	printf format: one line, lower case, no full stop
 */
void ctl_report_note(struct ctl_report *rep, const char *fmt, ...) LAB_PRINTF(2, 3);

/**
 * ctl_report_phase() - A phase begins
 * @rep:	report
 * @phase:	which
 */
void ctl_report_phase(struct ctl_report *rep, enum ctl_report_phase phase);

/**
 * ctl_report_progress() - Hosts come up; fits struct lab_up_params
 * @hosts_up:	hosts that are up
 * @hosts_total: hosts of the lab
 * @user:	report
 */
void ctl_report_progress(size_t hosts_up, size_t hosts_total, void *user);

/**
 * ctl_report_up() - The lab is up
 * @rep:	report
 * @up:		what it is, and how long it took (borrowed for the call)
 */
void ctl_report_up(struct ctl_report *rep, const struct ctl_report_lab_up *up);

/**
 * ctl_report_run_ops() - Hear the events of ctl_run()
 *
 * Return: table for struct ctl_run_params; its user is the report.
 */
const struct ctl_run_ops *ctl_report_run_ops(void);

/**
 * ctl_report_kept() - The lab stays up
 * @rep:	report
 * @host:	id of its first host, for an example
 */
void ctl_report_kept(struct ctl_report *rep, const char *host);

/**
 * ctl_report_down() - The lab is down
 * @rep:	report
 * @duration_us: how long that took
 */
void ctl_report_down(struct ctl_report *rep, uint64_t duration_us);

/**
 * ctl_report_verdict() - A recipe is over
 * @rep:	report
 * @verdict:	how
 */
void ctl_report_verdict(struct ctl_report *rep, const struct ctl_report_verdict *verdict);

/**
 * ctl_report_write() - Write the files, before ctl_report_end()
 * @rep:	report
 *
 * A file that cannot be written is reported as an error, and the others are written.
 * Return: 0, or -errno of the first that could not be written.
 */
int ctl_report_write(struct ctl_report *rep);

/**
 * ctl_report_end() - All recipes are over
 * @rep:	report
 * @exit_code:	the worst exit code
 */
void ctl_report_end(struct ctl_report *rep, int exit_code);

/**
 * ctl_phase_name() - Name of a phase
 * @phase:	phase
 *
 * Return: "read", "up", "run" or "down"; static storage.
 */
const char *ctl_phase_name(enum ctl_report_phase phase);

#endif
