/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.c - run a recipe's tasks: order, time limits, verdicts */
#include "controller/run/run.h"

#include <signal.h>
#include <string.h>

#include "controller/run/config.h"
#include "controller/run/job.h"
#include "controller/run/script.h"
#include "netlab/base/util.h"

enum {
	COLLECT_US = 2000000, /* wait: for a command whose own time is over */
	KILLED_US = 5000000,  /* from SIGKILL to the end */
	READY_US = 5000000,   /* a background module's announcement */
};

#define SECOND_US 1000000u

static void on_deadline(struct lab_source *src LAB_UNUSED, void *user)
{
	*(bool *)user = true;
}

int ctl_run_wait(struct ctl_run *run, const bool *a, const bool *b, uint64_t us)
{
	struct lab_source *timer = NULL;
	bool over = false;
	int r;

	r = lab_loop_add_timer(run->params->loop, us, on_deadline, &over, &timer);
	if (r < 0)
		return lab_err_errno(run->err, -r, "setting a timer");
	for (;;) {
		if ((a && *a) || (b && *b)) {
			r = 1;
			break;
		}
		r = ctl_run_stopped(run);
		if (r < 0 || over)
			break;
		r = lab_loop_step(run->params->loop, -1);
		if (r < 0) {
			(void)lab_err_errno(run->err, -r, "waiting for events");
			break;
		}
	}
	lab_source_free(timer);
	return r;
}

/* End a job by SIGKILL, also when the run is being cancelled. */
static int kill_job(struct ctl_run *run, struct ctl_job *job)
{
	struct lab_source *timer = NULL;
	bool over = false;
	int r;

	ctl_job_signal(job, SIGKILL);
	r = lab_loop_add_timer(run->params->loop, KILLED_US, on_deadline, &over, &timer);
	while (r >= 0 && !job->ended && !over && !run->closed)
		r = lab_loop_step(run->params->loop, -1);
	lab_source_free(timer);
	job->lost = !job->ended;
	if (job->lost && !run->closed)
		return lab_err_set(run->err, ETIMEDOUT,
				   "host %s: a command does not end after SIGKILL", job->host);
	return 0;
}

/* --- verdicts --- */

static void verdict(struct ctl_command_result *c, bool pass, const char *message)
{
	c->verdict = pass ? CTL_VERDICT_PASS : CTL_VERDICT_FAIL;
	/* A longer one is cut. */
	(void)snprintf(c->message, sizeof(c->message), "%.*s", (int)sizeof(c->message) - 1,
		       message);
}

static void timed_out(struct ctl_command_result *c)
{
	c->verdict = CTL_VERDICT_FAIL;
	/* Scripts look for this text of LNST's. */
	(void)snprintf(c->message, sizeof(c->message), "RPC connection to machine %s timed out",
		       c->host);
}

void ctl_run_exception(struct ctl_run *run, const char *host, struct lab_err *err)
{
	run->result->exception = true;
	/* Scripts look for this text of LNST's. */
	(void)lab_err_prefix(err, 0, "CommandException: Slave %s: ", host);
}

/* The verdict of a job that has ended by itself or after SIGINT. */
static void judge(struct ctl_command_result *c, struct ctl_job *job)
{
	bool expect_fail = job->owner->command->expect == CTL_EXPECT_FAIL;
	bool pass = ctl_job_passed(job);
	char reason[CTL_MESSAGE_LEN - 32];

	/* Not when it did not read its input, nor when there is no lab any more. */
	if (job->end.error && job->end.error != -ENOBUFS && !job->run->closed)
		ctl_run_exception(job->run, job->host, &job->end.err);
	ctl_job_reason(job, reason, sizeof(reason));
	if (!ctl_job_has_verdict(job)) {
		verdict(c, false, reason);
	} else if (!pass && job->interrupted && !job->is_module) {
		verdict(c, !expect_fail, expect_fail ? "passed, but was expected to fail" : "");
		/* Here as well: LNST's text, with the signal as a negative number. */
		if (!expect_fail)
			(void)snprintf(c->message, sizeof(c->message),
				       "interrupted: Command execution failed (exited with %d)",
				       job->end.exited ? job->end.status : -job->end.signal);
	} else if (pass == !expect_fail) {
		verdict(c, true, job->words);
		if (expect_fail)
			(void)snprintf(c->message, sizeof(c->message), "failed as expected: %s",
				       reason);
	} else {
		verdict(c, false, expect_fail ? "passed, but was expected to fail" : reason);
	}
}

/* --- the kinds of commands --- */

static int run_background(struct ctl_run *run, struct ctl_command_result *c)
{
	uint64_t limit = LAB_MIN((uint64_t)READY_US, (uint64_t)c->command->timeout_s * SECOND_US);
	uint64_t start;
	int r;

	if (c->own->announces) {
		start = lab_loop_now_us();
		r = ctl_run_wait(run, &c->own->announced, &c->own->ended, limit);
		if (r < 0)
			return r;
		c->busy_us = lab_loop_now_us() - start;
	}
	verdict(c, true, "Running in background.");
	return 0;
}

static int run_foreground(struct ctl_run *run, struct ctl_command_result *c)
{
	struct ctl_job *job = c->own;
	int r;

	r = ctl_run_wait(run, &job->ended, NULL, (uint64_t)c->command->timeout_s * SECOND_US);
	if (r < 0)
		return r;
	c->job = job;
	if (r == 0) {
		job->timed_out = true;
		c->busy_us = lab_loop_now_us() - job->start_us;
		timed_out(c);
		return kill_job(run, job);
	}
	c->busy_us = job->end.duration_us;
	judge(c, job);
	return 0;
}

static int do_run(struct ctl_run *run, struct ctl_command_result *c)
{
	struct lab_err err = { 0 };
	int r;

	c->background = c->command->bg_id != NULL;
	r = ctl_job_start(run, c, &err);
	if (run->params->ops && run->params->ops->command_start)
		run->params->ops->command_start(c, run->params->user);
	if (r == -ENOMEM)
		return lab_err_set(run->err, ENOMEM, "out of memory");
	/* The lab went away before this run began to listen. */
	if (r == -EPIPE)
		run->closed = true;
	if (r < 0) {
		verdict(c, false, err.msg);
		return c->own->started ? kill_job(run, c->own) : 0;
	}
	return c->background ? run_background(run, c) : run_foreground(run, c);
}

/* Wait for the end of a command in the background and report it; one that does not end in time is killed. */
static int await_end(struct ctl_run *run, struct ctl_command_result *c, struct ctl_job *job,
		     uint64_t limit_us)
{
	uint64_t start = lab_loop_now_us();
	int r = ctl_run_wait(run, &job->ended, NULL, limit_us);

	if (r < 0)
		return r;
	c->busy_us = lab_loop_now_us() - start;
	if (r > 0) {
		judge(c, job);
		return 0;
	}
	job->timed_out = true;
	timed_out(c);
	return kill_job(run, job);
}

static int do_wait(struct ctl_run *run, struct ctl_command_result *c, struct ctl_job *job)
{
	uint64_t limit = (uint64_t)job->owner->command->timeout_s * SECOND_US;
	uint64_t passed = lab_loop_now_us() - job->start_us;

	return await_end(run, c, job, passed < limit ? limit - passed : COLLECT_US);
}

static int do_intr(struct ctl_run *run, struct ctl_command_result *c, struct ctl_job *job)
{
	if (!job->ended) {
		job->interrupted = true;
		ctl_job_signal(job, SIGINT);
	}
	return await_end(run, c, job, (uint64_t)CTL_TIMEOUT_DEFAULT_S * SECOND_US);
}

static int do_kill(struct ctl_run *run, struct ctl_command_result *c, struct ctl_job *job)
{
	int r;

	if (!job->ended) {
		job->killed = true;
		r = kill_job(run, job);
		if (r < 0)
			return r;
	}
	/* It may have been quicker than the signal. */
	if (job->killed && (!job->ended || (!job->end.error && !job->end.exited)))
		verdict(c, true, "Command killed.");
	else
		judge(c, job);
	return 0;
}

static int do_ctl_wait(struct ctl_run *run, struct ctl_command_result *c)
{
	int r;

	r = ctl_run_wait(run, NULL, NULL, c->command->wait_us);
	if (r < 0)
		return r;
	c->busy_us = c->command->wait_us;
	verdict(c, true, "");
	return 0;
}

static int do_config(struct ctl_run *run, struct ctl_command_result *c)
{
	int r = ctl_config_run(run, c);

	c->busy_us = c->own ? c->own->end.duration_us : 0;
	return r;
}

/* wait, intr and kill: find whom they mean. */
static int do_control(struct ctl_run *run, struct ctl_command_result *c)
{
	struct ctl_task_result *t = &run->result->tasks[c->task];
	struct ctl_job *job = t->commands[c->command->target]->own;

	if (!job || !job->started) {
		verdict(c, false, "was not started");
		return 0;
	}
	c->job = job;
	if (c->command->kind == CTL_COMMAND_WAIT)
		return do_wait(run, c, job);
	if (c->command->kind == CTL_COMMAND_INTR)
		return do_intr(run, c, job);
	return do_kill(run, c, job);
}

/* --- commands, tasks, the recipe --- */

static void count(struct ctl_run *run, struct ctl_task_result *t,
		  const struct ctl_command_result *c)
{
	if (c->verdict == CTL_VERDICT_PASS) {
		t->n_passed++;
		run->result->n_passed++;
	} else if (c->verdict == CTL_VERDICT_FAIL) {
		t->n_failed++;
		run->result->n_failed++;
		t->verdict = CTL_VERDICT_FAIL;
		run->result->verdict = CTL_VERDICT_FAIL;
	}
}

int ctl_run_command(struct ctl_run *run, struct ctl_task_result *t, struct ctl_command_result *c)
{
	const struct ctl_run_ops *ops = run->params->ops;
	int r;

	c->start_us = lab_loop_now_us();
	if (c->command->kind == CTL_COMMAND_RUN) {
		r = do_run(run, c);
	} else if (c->command->kind == CTL_COMMAND_CONFIG) {
		r = do_config(run, c);
	} else {
		if (ops && ops->command_start)
			ops->command_start(c, run->params->user);
		r = c->command->kind == CTL_COMMAND_CTL_WAIT ? do_ctl_wait(run, c)
							     : do_control(run, c);
	}
	c->duration_us = lab_loop_now_us() - c->start_us;
	/* The host's clock measures from the start there to the end there. */
	c->busy_us = LAB_MIN(c->busy_us, c->duration_us);
	run->result->busy_us += c->busy_us;
	if (ops && ops->command_end)
		ops->command_end(c, run->params->user);
	count(run, t, c);
	return r;
}

void ctl_run_shrink(struct ctl_command_result *c)
{
	if (c->job && c->job->ended) {
		ctl_output_shrink(&c->job->out);
		ctl_output_shrink(&c->job->err);
	}
}

/* Jobs that still run when the task is over, because it was cut short. */
static int end_jobs(struct ctl_run *run, struct ctl_task_result *t)
{
	int r, result = 0;
	size_t i;

	for (i = 0; i < t->n_commands; i++) {
		struct ctl_job *job = t->commands[i]->own;

		if (!job || !job->started || job->ended || job->lost)
			continue;
		r = kill_job(run, job);
		if (r < 0 && !result)
			result = r;
	}
	return result;
}

static int run_commands(struct ctl_run *run, struct ctl_task_result *t)
{
	size_t i;
	int r = 0;

	for (i = 0; i < t->n_commands && r >= 0 && !run->result->exception; i++) {
		r = ctl_run_stopped(run);
		if (r < 0)
			break;
		r = ctl_run_command(run, t, t->commands[i]);
		ctl_run_shrink(t->commands[i]);
	}
	return r;
}

static int run_task(struct ctl_run *run, struct ctl_task_result *t)
{
	const struct ctl_run_ops *ops = run->params->ops;
	uint64_t start = lab_loop_now_us();
	int r, end;

	if (ops && ops->task_start)
		ops->task_start(t, run->params->user);
	r = t->task->python ? ctl_script_run(run, t) : run_commands(run, t);
	end = end_jobs(run, t);
	ctl_config_restore(run);
	t->duration_us = lab_loop_now_us() - start;
	if (r >= 0)
		r = end;
	if (r >= 0 && t->verdict == CTL_VERDICT_NONE)
		t->verdict = CTL_VERDICT_PASS;
	if (ops && ops->task_end)
		ops->task_end(t, run->params->user);
	return r;
}

static int result_init(const struct ctl_run_params *params, struct ctl_run_result *ret)
{
	const struct ctl_recipe *recipe = params->recipe;
	struct ctl_command_result *c;
	size_t i, k;
	int r;

	*ret = (struct ctl_run_result){ .recipe = recipe };
	ret->tasks = calloc(recipe->n_tasks + 1, sizeof(*ret->tasks));
	if (!ret->tasks)
		return -ENOMEM;
	for (i = 0; i < recipe->n_tasks; i++) {
		const struct ctl_task *task = &recipe->tasks[i];
		struct ctl_task_result *t = &ret->tasks[i];

		t->task = task;
		t->index = i;
		t->left_out = params->only && !params->only[i];
		ret->n_tasks++;
		for (k = 0; k < task->n_commands; k++) {
			size_t host = task->commands[k].host;

			r = ctl_task_result_add(t, &task->commands[k],
						host == CTL_HOST_NONE ? NULL
								      : recipe->hosts[host].id,
						&c);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static void on_closed(struct lab_client *client LAB_UNUSED, void *user)
{
	struct ctl_run *run = user;

	run->closed = true;
}

static int run_tasks(struct ctl_run *run)
{
	const struct ctl_run_params *p = run->params;
	struct ctl_run_result *result = run->result;
	size_t i;
	int r;

	r = ctl_run_sync(run);
	if (r < 0)
		return r;
	for (i = 0; i < result->n_tasks; i++) {
		if (result->tasks[i].left_out)
			continue;
		result->n_tasks_run++;
		r = run_task(run, &result->tasks[i]);
		if (r < 0)
			return r;
		if (result->exception || (result->tasks[i].verdict == CTL_VERDICT_FAIL &&
					  result->tasks[i].task->quit_on_fail))
			break;
	}
	/* LNST's words as well. */
	if (result->exception && p->ops && p->ops->note)
		p->ops->note("Command exception raised.", p->user);
	r = ctl_run_stopped(run);
	if (r >= 0 && result->verdict == CTL_VERDICT_NONE)
		result->verdict = CTL_VERDICT_PASS;
	return r;
}

int ctl_run(const struct ctl_run_params *params, struct ctl_run_result *ret, struct lab_err *err)
{
	struct ctl_run_params with_lazy = *params;
	struct ctl_run run = { .params = &with_lazy, .result = ret, .err = err };
	uint64_t start = lab_loop_now_us();
	int r;

	r = result_init(params, ret);
	if (r == 0)
		r = ctl_lazy_init(&run.lazy, params->scope, params->recipe, params->client);
	if (r < 0)
		return lab_err_set(err, -r, "out of memory");
	with_lazy.scope = &run.lazy.scope;
	lab_client_on_closed(params->client, on_closed, &run);
	r = run_tasks(&run);
	lab_client_on_closed(params->client, NULL, NULL);
	ctl_lazy_fini(&run.lazy);
	ret->duration_us = lab_loop_now_us() - start;
	return r;
}
