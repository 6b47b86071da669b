/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result.h - what came out of a recipe's tasks: the data that reports are made of */
#ifndef CONTROLLER_RUN_RESULT_H
#define CONTROLLER_RUN_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/recipe/recipe.h"
#include "controller/run/output.h"
#include "netlab/keeper/client.h"
#include "netlab/rpc/json.h"

#define CTL_MESSAGE_LEN 256u

enum ctl_verdict {
	CTL_VERDICT_NONE, /* not run, or not to its end */
	CTL_VERDICT_PASS,
	CTL_VERDICT_FAIL,
};

/**
 * struct ctl_job - a command or module that was started in a host
 * @host:	id of the host (borrowed from the recipe)
 * @started:	it was handed to the host
 * @ended:	it has ended; @end says how
 * @timed_out:	its time was over, so it was killed
 * @interrupted: it got SIGINT from an intr command
 * @killed:	it got SIGKILL from a kill command
 * @announced:	module: it has said that it is ready, or that nobody needs to wait for that
 * @lost:	it was given up without having ended
 * @end:	how it ended
 * @out:	standard output
 * @err:	standard error
 * @data:	module: what it reported, an object; NULL = nothing
 * @words:	module: what it says about its verdict; "" = nothing
 * @start_us:	when it was started, as lab_loop_now_us()
 */
struct ctl_job {
	const char *host;
	bool started, ended, timed_out, interrupted, killed, announced, lost;
	struct lab_job_result end;
	struct ctl_output out, err;
	json_t *data;
	char words[CTL_MESSAGE_LEN];
	uint64_t start_us;
	/* private */
	struct lab_job *job;
	struct lab_strbuf line;
	bool is_module, announces, line_skipped;
	const struct ctl_command_result *owner;
	struct ctl_run *run;
};

/**
 * struct ctl_command_result - what came out of one command
 * @command:	the command: the recipe's, or in the arena of the task's result (borrowed)
 * @task:	index of its task
 * @index:	its index in the task
 * @host:	id of its host, or NULL for ctl_wait (borrowed from the recipe)
 * @verdict:	its verdict
 * @background:	a run with bg_id: the verdict only says that it was started
 * @text:	RUN: the shell command, or the module and its options, as they were run; CONFIG: the
 *		settings that were written; owned; NULL before
 * @desc:	the recipe's description of it, evaluated; owned; NULL = none
 * @message:	one line about the verdict; "" = nothing to say
 * @start_us:	when it began, as lab_loop_now_us()
 * @duration_us: until it was done
 * @busy_us:	how much of that the tests themselves took; the rest is netlab's
 * @job:	what has ended with this command (RUN in the foreground, WAIT, INTR, KILL, CONFIG), else
 *		NULL; borrowed from @own of this or of another command of the task
 * @own:	RUN: what it started; CONFIG: its data, in a job that is no process
 */
struct ctl_command_result {
	const struct ctl_command *command;
	size_t task, index;
	const char *host;
	enum ctl_verdict verdict;
	bool background;
	char *text, *desc;
	char message[CTL_MESSAGE_LEN];
	uint64_t start_us, duration_us, busy_us;
	struct ctl_job *job;
	struct ctl_job *own;
};

/**
 * struct ctl_task_result - what came out of a task
 * @task:	the task of the recipe (borrowed)
 * @index:	its index
 * @verdict:	CTL_VERDICT_FAIL when one of its commands failed
 * @duration_us: from its first command to its last
 * @commands:	one for each command: those of the recipe from the beginning, and those that a task
 *		makes as it goes, each when it is made; a command stays where it is in memory
 * @n_commands:	how many there are now
 * @n_passed:	commands that passed
 * @n_failed:	commands that failed
 * @fault:	Python task: the exception that ended it, "NameError: ..."; NULL = none
 * @fault_src:	where that happened: the task's file or one beside it, and the line
 * @traceback:	as Python prints it; NULL = none
 * @out:	Python task: what it printed itself
 * @err:	what it wrote to its standard error
 * @values:	Python task: array of objects, what it gave to PerfRepo; NULL = nothing
 * @arena:	what the commands are made of that the recipe does not own, and the texts of @fault;
 *		NULL = nothing
 * @left_out:	it was not asked for (ctl_run_params.only)
 */
struct ctl_task_result {
	const struct ctl_task *task;
	size_t index;
	bool left_out;
	enum ctl_verdict verdict;
	uint64_t duration_us;
	struct ctl_command_result **commands;
	size_t n_commands;
	size_t n_passed, n_failed;
	const char *fault, *traceback;
	struct lab_src fault_src;
	struct ctl_output out, err;
	json_t *values;
	struct ctl_arena *arena;
	/* private */
	size_t cap_commands;
};

/**
 * struct ctl_run_result - what came out of a recipe
 * @recipe:	the recipe (borrowed, must outlive this)
 * @verdict:	CTL_VERDICT_PASS when all tasks passed, also when there is none
 * @tasks:	one for each task of the recipe
 * @n_tasks:	how many
 * @n_tasks_run: how many of them were begun
 * @n_passed:	commands that passed
 * @n_failed:	commands that failed
 * @exception:	a host could not run a command at all: what follows it was not run
 * @duration_us: of all tasks, synchronisation of modules included
 * @busy_us:	how much of that the tests themselves took
 */
struct ctl_run_result {
	const struct ctl_recipe *recipe;
	enum ctl_verdict verdict;
	struct ctl_task_result *tasks;
	size_t n_tasks, n_tasks_run;
	size_t n_passed, n_failed;
	bool exception;
	uint64_t duration_us, busy_us;
};

/**
 * ctl_task_result_add() - Add a command at the end of a task
 * @t:		the task's result
 * @command:	what it does (borrowed: it outlives the result, or is in its arena)
 * @host:	id of its host, NULL for ctl_wait (borrowed likewise)
 * @ret:	on success; owned by @t, valid as long as that
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_task_result_add(struct ctl_task_result *t, const struct ctl_command *command,
			const char *host, struct ctl_command_result **ret);

/**
 * ctl_run_result_fini() - Release a result
 * @result:	may be zeroed; left zeroed
 *
 * After the lab's client has been freed: a job that could not be ended refers to it until then.
 */
void ctl_run_result_fini(struct ctl_run_result *result);

/**
 * ctl_verdict_name() - Word for a verdict
 * @verdict:	verdict
 *
 * Return: "pass", "fail" or "none"; static storage.
 */
const char *ctl_verdict_name(enum ctl_verdict verdict);

#endif
