/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setup.c - compile a tool in the host, once */
#include <signal.h>
#include <string.h>

#include "controller/run/job.h"
#include "netlab/base/util.h"

#define SETUP_US (600ull * 1000000u) /* for a tool to compile */

/*
 * The folder is named by its content, so what was made there once is good for ever. Two runs in one lab may come at one
 * time, and wait for each other.
 */
static const char command[] = "exec 9>>.netlab-setup && flock 9 && { [ -s .netlab-setup ] || "
			      "{ { if [ -x ./" CTL_TOOL_SETUP " ]; then ./" CTL_TOOL_SETUP
			      "; else bash ./" CTL_TOOL_SETUP "; fi; } 9>&- && echo done >&9; }; }";

/* How it goes. */
struct setup {
	bool ended;
	struct lab_job_result end;
	char last[256]; /* its last line so far, perhaps not whole */
	bool new_line;
};

static void on_output(struct lab_job *job LAB_UNUSED, int fd LAB_UNUSED, const void *data,
		      size_t len, void *user)
{
	struct setup *s = user;
	const char *p = data;
	size_t n = strlen(s->last);

	for (; len; p++, len--) {
		if (*p == '\n') {
			s->new_line = true;
			continue;
		}
		if (s->new_line)
			n = 0;
		s->new_line = false;
		if (n + 1 < sizeof(s->last))
			s->last[n++] = *p;
		s->last[n] = '\0';
	}
}

static void on_done(struct lab_job *job LAB_UNUSED, const struct lab_job_result *result, void *user)
{
	struct setup *s = user;

	s->end = *result;
	s->ended = true;
}

static const struct lab_job_ops ops = { .output = on_output, .done = on_done };

static void on_deadline(struct lab_source *src LAB_UNUSED, void *user)
{
	*(bool *)user = true;
}

/* Turn the loop until it has ended; an early end of our own kills it first. */
static int await(struct ctl_run *run, struct setup *s, struct lab_job *job, struct lab_err *err)
{
	struct lab_source *timer = NULL;
	bool over = false;
	int r, result = 0;

	r = lab_loop_add_timer(run->params->loop, SETUP_US, on_deadline, &over, &timer);
	while (r >= 0 && !s->ended && !run->closed) {
		if (!result && (over || ctl_run_stopped(run) < 0)) {
			result = over ? lab_err_set(err, ETIMEDOUT,
						    CTL_TOOL_SETUP " takes longer than %llu s",
						    SETUP_US / 1000000u)
				      : lab_err_set(err, ECANCELED, "interrupted");
			(void)lab_job_signal(job, SIGKILL);
		}
		r = lab_loop_step(run->params->loop, -1);
	}
	lab_source_free(timer);
	if (r < 0)
		return lab_err_errno(err, -r, "waiting for events");
	if (run->closed)
		return lab_err_set(err, ECONNRESET, "the lab went away");
	return result;
}

int ctl_run_setup(struct ctl_run *run, const char *host, const char *path, struct lab_err *err)
{
	const struct lab_exec exec = {
		.host = host, .shell = command, .cwd = path, .stdio = LAB_STDIO_STREAMS
	};
	struct setup *s = calloc(1, sizeof(*s));
	struct lab_job *job = NULL;
	int r;

	if (!s)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = lab_client_exec(run->params->client, &exec, &ops, s, &job, err);
	if (r == 0)
		r = await(run, s, job, err);
	if (r == 0 && s->end.error) {
		r = s->end.error;
		if (err)
			*err = s->end.err;
	} else if (r == 0 && !(s->end.exited && s->end.status == 0)) {
		/* 127: the shell has not found what it should run, such as make. */
		r = lab_err_set(err, s->end.exited && s->end.status == 127 ? ENOSYS : EINVAL,
				CTL_TOOL_SETUP " has failed: %s", *s->last ? s->last : "no output");
	}
	/* One that is still there may call back until the lab's client is freed. */
	if (s->ended || !job)
		free(s);
	return r;
}
