/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model.h - what is known of the recipes that were run: collected from events, read by every style */
#ifndef CONTROLLER_REPORT_MODEL_H
#define CONTROLLER_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/run/result.h"
#include "netlab/base/strbuf.h"
#include "netlab/rpc/json.h"

/**
 * DOC: one model, fed by events
 *
 * Whatever happens becomes an event first: a JSON object as docs/json.md describes it. The model
 * takes the events one by one, and each style of a report reads the model: text as it grows, files
 * at the end. So a recipe that runs in another process is reported by handing on the events that it
 * printed; nothing else has to be carried over, and events of several recipes may come mixed, since
 * each names its run.
 *
 * Strings of the model point into the events, which it keeps. Of what a command wrote it keeps the
 * last CTL_OUTPUT_KEEP bytes, and how many there were.
 */

enum ctl_event_kind {
	CTL_EVENT_START,
	CTL_EVENT_RECIPE,
	CTL_EVENT_ERROR,
	CTL_EVENT_NOTE,
	CTL_EVENT_PHASE,
	CTL_EVENT_MATCH,
	CTL_EVENT_TOPOLOGY,
	CTL_EVENT_UP,
	CTL_EVENT_SYNCED,
	CTL_EVENT_TASK_START,
	CTL_EVENT_COMMAND_START,
	CTL_EVENT_OUTPUT,
	CTL_EVENT_COMMAND_END,
	CTL_EVENT_TASK_OUTPUT,
	CTL_EVENT_VALUES,
	CTL_EVENT_TASK_END,
	CTL_EVENT_VERDICT,
	CTL_EVENT_KEPT,
	CTL_EVENT_DOWN,
	CTL_EVENT_END,
	CTL_EVENT_OTHER, /* one that this build does not know: handed on, and nothing else */
};

/**
 * struct ctl_model_stream - what a command wrote to one stream
 * @text:	the last part of it, UTF-8; not NULL
 * @len:	bytes in @text
 * @total:	bytes that there were; greater than @len when the beginning was cut off
 */
struct ctl_model_stream {
	const char *text;
	size_t len;
	uint64_t total;
};

/**
 * struct ctl_model_command - a command
 * @json:	its last event: command_start, then command_end
 * @number:	counts from 1 in its task
 * @task:	number of its task
 * @host:	id of its host, or NULL
 * @netns:	network namespace in that host, or NULL
 * @type:	"run", "wait", "intr", "kill", "ctl_wait", ...
 * @module:	run: name of the module, or NULL
 * @text:	what was run, functions answered; or NULL
 * @desc:	description, or NULL
 * @bg_id:	its background id, or that of the command that it ends; or NULL
 * @message:	one line about the verdict; not NULL
 * @file:	where it stands in a recipe; NULL = not known
 * @line:	line in @file
 * @col:	column in @line
 * @ended:	command_end has come
 * @background:	it goes on behind its end
 * @timed_out:	its time was over
 * @expect_fail: a failure counts as a pass
 * @has_job:	a command of a host has ended with it: the members below are there
 * @exit_status: exit status, or -1
 * @signal:	signal that ended it, or NULL
 * @out:	standard output
 * @err:	standard error
 * @data:	result of a module, or NULL
 * @verdict:	its verdict
 * @start_us:	when it began, since the program started
 * @duration_us: how long it took
 * @wait_us:	ctl_wait: how long it was to wait
 * @target:	wait, intr, kill: number of the run that it ended; 0 = none
 */
struct ctl_model_command {
	json_t *json;
	size_t number, task;
	const char *host, *netns, *type, *module, *text, *desc, *bg_id, *message;
	const char *file;
	unsigned int line, col;
	bool ended, background, timed_out, expect_fail, has_job;
	int exit_status;
	const char *signal;
	struct ctl_model_stream out, err;
	const json_t *data;
	enum ctl_verdict verdict;
	uint64_t start_us, duration_us, wait_us;
	size_t target;
};

/**
 * struct ctl_model_task - a task
 * @json:	its last event: task_start, then task_end
 * @number:	counts from 1
 * @label:	its label, or NULL
 * @expected:	commands that were known when it began
 * @hosts:	ids of their hosts, an array, or NULL
 * @commands:	those that have begun, in this order
 * @n_commands:	how many
 * @values:	events of values that it gave, an array; NULL = none
 * @ended:	task_end has come
 * @verdict:	its verdict
 * @duration_us: how long it took
 * @passed:	commands that passed
 * @failed:	commands that failed
 */
struct ctl_model_task {
	json_t *json;
	size_t number;
	const char *label;
	size_t expected;
	json_t *hosts, *values;
	struct ctl_model_command **commands;
	size_t n_commands;
	bool ended;
	enum ctl_verdict verdict;
	uint64_t duration_us;
	size_t passed, failed;
};

/**
 * struct ctl_model_diag - an error or a note
 * @json:	its event
 * @is_error:	it is an error
 * @message:	one line
 * @file:	file that caused it, or NULL
 * @line:	line, or 0
 * @col:	column, or 0
 */
struct ctl_model_diag {
	json_t *json;
	bool is_error;
	const char *message, *file;
	unsigned int line, col;
};

/**
 * struct ctl_model_recipe - a recipe that is run, or was
 * @json:	its event recipe
 * @run:	number of the run, from 1
 * @path:	its file name
 * @match:	number of the match, from 1
 * @matched:	event match: its hosts are machines of a pool; or NULL
 * @phase:	its phase, a name; NULL = none yet
 * @topology:	its topology, as lab_topo_to_json() writes it, or NULL
 * @up:		event up, or NULL
 * @lab:	name of its lab, or NULL
 * @diags:	errors and notes
 * @n_diags:	how many
 * @n_errors:	errors among them
 * @tasks:	those that have begun, in this order
 * @n_tasks:	how many
 * @start_us:	when it began, since the program started
 * @end:	event verdict; NULL = not over yet
 * @verdict:	verdict of its tasks
 * @exit_code:	exit code
 * @signo:	signal that interrupted it, or 0
 * @has_result:	the tasks were begun: the counts are there
 * @tasks_total: tasks that it has
 * @tasks_run:	tasks that were begun
 * @tasks_left_out: tasks that were not asked for
 * @tasks_broken_off: Python tasks that an exception ended
 * @not_run:	tasks that were not begun, an array of what json.md describes (borrowed from @end); or NULL
 * @commands_total: commands that it has, but for those of tasks left out
 * @commands_run: those of them that were begun
 * @commands_skipped: those that were not, of tasks that were
 * @passed:	commands that passed
 * @failed:	commands that failed
 * @duration_us: from its begin to its verdict
 * @tests_us:	how much of that its commands took
 * @netlab_us:	the rest
 */
struct ctl_model_recipe {
	json_t *json;
	size_t run;
	const char *path;
	unsigned int match;
	json_t *matched;
	const char *phase;
	json_t *topology, *up;
	const char *lab;
	struct ctl_model_diag *diags;
	size_t n_diags, n_errors;
	struct ctl_model_task **tasks;
	size_t n_tasks;
	uint64_t start_us;
	json_t *end;
	enum ctl_verdict verdict;
	int exit_code, signo;
	bool has_result;
	size_t tasks_total, tasks_run, tasks_left_out, tasks_broken_off;
	const json_t *not_run;
	size_t commands_total, commands_run, commands_skipped, passed, failed;
	uint64_t duration_us, tests_us, netlab_us;
	/* private */
	json_t *phase_json;
};

/**
 * struct ctl_model - all recipes
 * @start:	event start, or NULL
 * @recipes:	in the order in which they began
 * @n_recipes:	how many
 * @lean:	forget what only files at the end need: what commands that passed have written, and
 *		the tasks of recipes that are over; set it before the first event
 */
struct ctl_model {
	json_t *start;
	struct ctl_model_recipe **recipes;
	size_t n_recipes;
	bool lean;
};

/**
 * struct ctl_event - an event, and what it belongs to
 * @kind:	what happened
 * @json:	the object; all of it, outputs uncut (borrowed)
 * @recipe:	its recipe, or NULL
 * @task:	its task, or NULL
 * @command:	its command, or NULL
 */
struct ctl_event {
	enum ctl_event_kind kind;
	const json_t *json;
	struct ctl_model_recipe *recipe;
	struct ctl_model_task *task;
	struct ctl_model_command *command;
};

/**
 * ctl_model_fini() - Release a model
 * @model:	may be zeroed; left zeroed
 */
void ctl_model_fini(struct ctl_model *model);

/**
 * ctl_model_take() - Take an event
 * @model:	model
 * @event:	the object (borrowed; the model keeps a reference or a copy); it may come from
 *		another process, so what does not fit is not taken
 * @ret:	written, also on failure: then what it belongs to may be missing
 *
 * Pointers in @ret stay valid as long as the model; of a lean one until the next recipe begins.
 * Return: 0 or -errno. Errors: -EPROTO it is no event, or of something that has not begun;
 * -ENOMEM.
 */
int ctl_model_take(struct ctl_model *model, json_t *event, struct ctl_event *ret);

/**
 * ctl_model_passed() - How many recipes ended with exit code 0
 * @model:	model
 *
 * Return: their number.
 */
size_t ctl_model_passed(const struct ctl_model *model);

/**
 * ctl_model_target() - The run that a wait, intr or kill has ended
 * @task:	its task
 * @c:		the command
 *
 * Return: the run, or NULL.
 */
const struct ctl_model_command *ctl_model_target(const struct ctl_model_task *task,
						 const struct ctl_model_command *c);

/**
 * ctl_model_string() - A member of an event
 * @json:	object, may be NULL
 * @key:	name of the member
 *
 * Return: its text (borrowed), or NULL.
 */
const char *ctl_model_string(const json_t *json, const char *key);

/**
 * ctl_model_number() - A member of an event
 * @json:	object, may be NULL
 * @key:	name of the member
 *
 * Return: its value, 0 when it is missing or negative.
 */
uint64_t ctl_model_number(const json_t *json, const char *key);

#endif
