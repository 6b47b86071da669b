/* SPDX-License-Identifier: GPL-2.0-or-later */
/* script.h - a task that is a program: what it asks for becomes commands of its result */
#ifndef CONTROLLER_RUN_SCRIPT_H
#define CONTROLLER_RUN_SCRIPT_H

#include "controller/run/job.h"

/**
 * struct ctl_script - a Python task that runs
 * @run:	the run
 * @task:	its result; commands are added
 * @failed:	negative errno: the run cannot go on
 */
struct ctl_script {
	struct ctl_run *run;
	struct ctl_task_result *task;
	int failed;
};

/**
 * ctl_script_check() - Are the files of a recipe's Python tasks there
 * @recipe:	recipe
 * @only:	for each task: is it to be run; NULL = all are
 * @diag:	an error is added for each that is not there or cannot be read
 *
 * Return: how many Python tasks are to be run, or -EINVAL after an error.
 */
int ctl_script_check(const struct ctl_recipe *recipe, const bool *only, struct ctl_diag *diag);

/**
 * ctl_script_run() - Run a Python task from its beginning to its end
 * @run:	the run
 * @t:		its result, without a command yet: commands, fault and verdict are filled
 *
 * What it left running is not ended here.
 * Return: 0, also when the task failed; else -errno with @run->err filled.
 */
int ctl_script_run(struct ctl_run *run, struct ctl_task_result *t);

/**
 * ctl_script_call() - Do what a task asks for
 * @s:		the task
 * @method:	name of a method
 * @params:	object (borrowed)
 * @ret:	answer, new reference, on success
 * @err:	filled on failure
 *
 * The methods are the table in script_call.c.
 * Return: 0 or -errno; when @s->failed is set the task must end.
 */
int ctl_script_call(struct ctl_script *s, const char *method, json_t *params, json_t **ret,
		    struct lab_err *err);

/**
 * ctl_script_device() - Do what a task asks of hosts beside its commands
 * @s:		the task
 * @method:	name of a method
 * @params:	object (borrowed)
 * @ret:	answer, new reference, on success
 * @err:	filled on failure
 *
 * The methods are the table in script_device.c.
 * Return: 1 done, 0 no such method, or -errno as ctl_script_call().
 */
int ctl_script_device(struct ctl_script *s, const char *method, json_t *params, json_t **ret,
		      struct lab_err *err);

/**
 * ctl_script_host() - Look a host up
 * @s:		the task
 * @id:		its id
 * @ret:	its index, on success
 * @err:	filled on failure, with the nearest id
 *
 * Return: 0 or -ENOENT.
 */
int ctl_script_host(const struct ctl_script *s, const char *id, size_t *ret, struct lab_err *err);

/**
 * ctl_script_command() - Run a command that a task makes
 * @s:		the task
 * @command:	what to run; copied, its texts must be in the arena of the task's result
 * @ret:	on success its result; its output is complete until the next command
 *
 * Return: 0 whatever its verdict, or -errno with @s->run->err filled and @s->failed set.
 */
int ctl_script_command(struct ctl_script *s, const struct ctl_command *command,
		       struct ctl_command_result **ret);

/**
 * ctl_script_result() - What a task is told about a command
 * @c:		command that is done
 *
 * Return: object, new reference: passed, msg, res_data and the command's index; NULL when out of
 * memory.
 */
json_t *ctl_script_result(const struct ctl_command_result *c);

/**
 * ctl_script_strdup() - Copy a text into the arena of a task's result
 * @s:		the task
 * @text:	text, or NULL
 *
 * Return: the copy; NULL when @text is NULL or out of memory.
 */
char *ctl_script_strdup(struct ctl_script *s, const char *text);

#endif
