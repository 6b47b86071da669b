/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.h - one command or module in a host, as ctl_run() sees it: start, output, end */
#ifndef CONTROLLER_RUN_JOB_H
#define CONTROLLER_RUN_JOB_H

#include "controller/run/lazy.h"
#include "controller/run/result.h"
#include "controller/run/run.h"

#define CTL_JOB_LINE_MAX (1u << 20) /* bytes of one line of a module's results */

/**
 * struct ctl_run - a run that is going on
 * @params:	as given to ctl_run(), with a scope that follows changes
 * @result:	what it fills
 * @closed:	the lab went away
 * @config:	settings to take back at the end of the task
 * @lazy:	answers functions: it is the scope of @params here
 * @err:	why the run cannot go on; may be NULL
 */
struct ctl_run {
	const struct ctl_run_params *params;
	struct ctl_run_result *result;
	bool closed;
	struct ctl_config *config;
	struct ctl_lazy lazy;
	struct lab_err *err;
};

/**
 * ctl_run_stopped() - Must a run end now
 * @run:	the run
 *
 * Return: 0 to go on; -ECANCELED or -ECONNRESET with @run->err filled.
 */
int ctl_run_stopped(struct ctl_run *run);

/**
 * ctl_run_wait() - Turn the loop until a flag is set
 * @run:	the run
 * @a:		flag, or NULL
 * @b:		another one, or NULL
 * @us:		microseconds at most
 *
 * Return: 1 a flag is set, 0 the time is over, or -errno with @run->err filled: the run cannot go on.
 */
int ctl_run_wait(struct ctl_run *run, const bool *a, const bool *b, uint64_t us);

/**
 * ctl_run_exception() - A host could not run a command at all: the recipe ends with it
 * @run:	the run; its result is marked
 * @host:	id of the host
 * @err:	why; LNST's words are put in front of it
 */
void ctl_run_exception(struct ctl_run *run, const char *host, struct lab_err *err);

/**
 * ctl_run_command() - Run a command of a task, report and count it
 * @run:	the run
 * @t:		result of the task
 * @c:		result of the command, one of @t's: filled
 *
 * Its output is all there afterwards; ctl_run_shrink() ends that.
 * Return: 0 whatever its verdict, or -errno with @run->err filled.
 */
int ctl_run_command(struct ctl_run *run, struct ctl_task_result *t, struct ctl_command_result *c);

/**
 * ctl_run_shrink() - Keep only the last part of what a command wrote
 * @c:		command; nothing happens unless it has ended
 */
void ctl_run_shrink(struct ctl_command_result *c);

/**
 * ctl_run_prepare() - Give a host what one command uses and it lacks
 * @run:	the run; what it uses must be among its modules: ctl_modules_add(), ctl_tools_add()
 * @task:	task of the command
 * @c:		RUN command
 * @err:	filled on failure; may be NULL
 *
 * ctl_job_start() calls it, so a task that makes its commands as it goes need not.
 * Return: 0 or -errno.
 */
int ctl_run_prepare(struct ctl_run *run, const struct ctl_task *task, const struct ctl_command *c,
		    struct lab_err *err);

/**
 * ctl_run_setup() - Run the CTL_TOOL_SETUP of a tool in a host, unless that was done
 * @run:	the run
 * @host:	id of the host
 * @path:	the tool's folder there
 * @err:	filled on failure, with the last line that it printed; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSYS a program is missing, -EINVAL it has failed.
 */
int ctl_run_setup(struct ctl_run *run, const char *host, const char *path, struct lab_err *err);

/**
 * ctl_run_sync() - Give each host the modules and tools that its commands use
 * @run:	the run; its modules get new digests when files change meanwhile
 *
 * Return: 0 or -errno with @run->err filled.
 */
int ctl_run_sync(struct ctl_run *run);

/**
 * ctl_job_start() - Start what a RUN command says
 * @run:	the run
 * @c:		its result; @c->own is made, and @c->text and @c->desc are filled first
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno: a function has no answer, or the request could not be sent.
 */
int ctl_job_start(struct ctl_run *run, struct ctl_command_result *c, struct lab_err *err);

/**
 * ctl_job_evaluate() - Find out what a RUN command will run
 * @run:	the run
 * @c:		its result: text and desc are filled
 * @ret_options: options of a module, new reference; NULL for a shell command
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int ctl_job_evaluate(struct ctl_run *run, struct ctl_command_result *c, json_t **ret_options,
		     struct lab_err *err);

/**
 * ctl_job_signal() - Send a signal to a job that runs
 * @job:	job
 * @signo:	signal number
 *
 * Does nothing when it has ended.
 */
void ctl_job_signal(struct ctl_job *job, int signo);

/**
 * ctl_job_free() - Release a job
 * @job:	may be NULL; it has ended, or the client has been freed
 */
void ctl_job_free(struct ctl_job *job);

/**
 * ctl_job_has_verdict() - Did it come to a verdict, which expect= may turn round
 * @job:	job that has ended
 *
 * Return: false when it could not be run, or is a module that ended neither with 0 nor with 1.
 */
bool ctl_job_has_verdict(const struct ctl_job *job);

/**
 * ctl_job_passed() - Did it end as a passing command does, before expect= turns that round
 * @job:	job that has ended
 *
 * Return: true if so.
 */
bool ctl_job_passed(const struct ctl_job *job);

/**
 * ctl_job_reason() - Say how a job ended
 * @job:	job that has ended
 * @buf:	written: "exit status 1", "killed by SIGKILL", a module's own words
 * @size:	bytes in @buf, > 0
 */
void ctl_job_reason(const struct ctl_job *job, char *buf, size_t size);

#endif
