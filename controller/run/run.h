/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.h - run a recipe's tasks in a lab that is up */
#ifndef CONTROLLER_RUN_RUN_H
#define CONTROLLER_RUN_RUN_H

#include "controller/run/module.h"
#include "controller/run/python.h"
#include "controller/run/result.h"
#include "netlab/base/loop.h"

/**
 * DOC: how tasks run
 *
 * Tasks, and the commands of a task, run one after another in document order; only what has a bg_id
 * runs beside the rest. All commands go through lab_client_exec() with streams, so that they work
 * on every backend; nothing here knows where a host is.
 *
 *   run	in the foreground: waits for its end. Its time (60 s by default) is measured here;
 *		when it is over the process group gets SIGKILL and the verdict is FAIL, whatever was
 *		expected. With bg_id: passes at once ("Running in background."); a module that
 *		declares that it says when it is ready is waited for first.
 *   wait	waits for the end, as long as the command's own time goes on, or 2 s when it is
 *		over; then as above.
 *   intr	SIGINT to the process group, then its own verdict; but a shell command that ends
 *		with a status other than 0 after that passes: it was interrupted on purpose.
 *   kill	SIGKILL, and passes whatever was expected.
 *   ctl_wait	waits.
 *   config	writes settings of the kernel, which are taken back at the end of the task unless it
 *		is persistent.
 *
 * What had already ended when wait, intr or kill come to it has its own verdict. The verdict of a
 * command is its exit status, turned round by expect="fail"; but a module that crashed or could not
 * do its work (exit status 2) fails in any case. A failed command does not end its task, a failed
 * task does not end the recipe unless it has quit_on_fail. But when a host cannot run a command at
 * all (it has died, the module cannot be executed) the recipe ends there and has failed. Functions in commands and options are
 * answered at the moment when the command is started.
 *
 * A Python task (script.h) makes its commands as it goes; they run, end and count in the same way.
 * An exception in it ends the task, which then has failed.
 */

/**
 * struct ctl_run_ops - what happens during a run; any may be NULL
 * @synced:	the modules that a host needs are there; @n_sent of its @n_files had to be sent
 * @task_start:	a task begins
 * @command_start: a command begins; its text is there
 * @output:	a command wrote bytes; @fd 1 or 2; @c is the RUN command that started it
 * @command_end: it is done: verdict, message and all are there. Its output is complete now and cut
 *		to its last CTL_OUTPUT_KEEP bytes before the next command starts.
 * @note:	something odd that is no verdict, one line
 * @task_output: a Python task itself wrote bytes; @fd 1 or 2
 * @task_values: a Python task gave values to keep, as in struct ctl_task_result
 * @task_end:	a task is over
 */
struct ctl_run_ops {
	void (*synced)(const char *host, size_t n_files, size_t n_sent, uint64_t duration_us,
		       void *user);
	void (*task_start)(const struct ctl_task_result *t, void *user);
	void (*command_start)(const struct ctl_command_result *c, void *user);
	void (*output)(const struct ctl_command_result *c, int fd, const void *data, size_t len,
		       void *user);
	void (*command_end)(const struct ctl_command_result *c, void *user);
	void (*note)(const char *text, void *user);
	void (*task_output)(const struct ctl_task_result *t, int fd, const void *data, size_t len,
			    void *user);
	void (*task_values)(const struct ctl_task_result *t, const json_t *values, void *user);
	void (*task_end)(const struct ctl_task_result *t, void *user);
};

/**
 * struct ctl_run_params - what to run, and where; all borrowed for the call
 * @loop:	the client's loop
 * @client:	the lab; its lab_client_on_closed() is used
 * @recipe:	the recipe; must outlive the result
 * @scope:	answers functions as long as nothing has changed (see lazy.h)
 * @modules:	of this recipe, from ctl_modules_find(); what Python tasks use is added
 * @python:	interpreter for Python tasks; may be NULL when the recipe has none
 * @ops:	hears what happens; may be NULL
 * @user:	for @ops
 * @only:	for each task of the recipe: run it; NULL = run all
 * @cancel:	looked at after each turn of the loop: true ends the run; may be NULL
 */
struct ctl_run_params {
	struct lab_loop *loop;
	struct lab_client *client;
	const struct ctl_recipe *recipe;
	const struct ctl_scope *scope;
	struct ctl_modules *modules;
	struct ctl_python *python;
	const struct ctl_run_ops *ops;
	void *user;
	const bool *only;
	const bool *cancel;
};

/**
 * ctl_run() - Run a recipe's tasks
 * @params:	what and where
 * @ret:	written, also on failure: what there is so far; release with ctl_run_result_fini()
 * @err:	filled on failure; may be NULL
 *
 * Runs the loop. What still runs at the end of a task is killed.
 * Return: 0 when the run came to its end, whatever the verdict; else -errno. Errors: -ECANCELED
 * @cancel became true, -ECONNRESET the lab went away, -ENOMEM, and those of lab_client_sync().
 */
int ctl_run(const struct ctl_run_params *params, struct ctl_run_result *ret, struct lab_err *err);

#endif
