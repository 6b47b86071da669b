/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.c - commands that the agent runs: signals, timeouts, ends */
#include "slave-image/agent/job.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/parse.h"
#include "slave-image/agent/agent_internal.h"

#define KILL_WAIT_US 5000000u

struct agt_job *agt_job_new(struct agt *a)
{
	struct agt_job *job = calloc(1, sizeof(*job));
	size_t i;

	if (!job)
		return NULL;
	job->a = a;
	for (i = 0; i < LAB_ARRAY_SIZE(job->out); i++)
		job->out[i] = (struct agt_output){ .job = job, .fd = -1, .left = SIZE_MAX };
	job->in = (struct agt_input){ .job = job, .fd = -1 };
	job->next = a->jobs.head;
	a->jobs.head = job;
	a->jobs.n++;
	return job;
}

void agt_job_free(struct agt_job *job)
{
	struct agt_jobs *jobs = &job->a->jobs;
	struct agt_job **p = &jobs->head;

	while (*p != job)
		p = &(*p)->next;
	*p = job->next;
	jobs->n--;
	lab_source_free(job->timer);
	agt_output_fini(&job->out[0]);
	agt_output_fini(&job->out[1]);
	agt_input_fini(&job->in);
	free(job);
}

/* --- timeout and signals --- */

static void timed_out(struct lab_source *src, void *user)
{
	struct agt_job *job = user;

	(void)src;
	if (job->ended)
		return;
	job->timed_out = true;
	(void)kill(-job->pid, SIGKILL);
}

int agt_job_watch(struct agt_job *job)
{
	uint64_t now = lab_loop_now_us();
	int r;

	if (job->deadline_us) {
		r = lab_loop_add_timer(job->a->loop,
				       job->deadline_us > now ? job->deadline_us - now : 0,
				       timed_out, job, &job->timer);
		if (r < 0)
			return r;
	}
	r = agt_output_start(job->a, &job->out[0]);
	if (r == 0)
		r = agt_output_start(job->a, &job->out[1]);
	if (r == 0 && job->in.fd >= 0)
		r = agt_input_flush(job->a, &job->in);
	return r;
}

static int send_signal(struct agt *a, json_t *params, struct lab_err *err)
{
	json_int_t number, signo;
	struct agt_job *job;
	json_error_t je;

	if (json_unpack_ex(params, &je, 0, "{s:I,s:I !}", "job", &number, "signal", &signo) < 0)
		return lab_err_set(err, EINVAL, "signal: %s", je.text);
	if (signo < 0 || signo > SIGRTMAX)
		return lab_err_set(err, EINVAL, "signal: %lld is no signal number",
				   (long long)signo);
	for (job = a->jobs.head; job; job = job->next) {
		if (job->number == (uint64_t)number && !job->ended)
			break;
	}
	if (!job)
		return lab_err_set(err, ESRCH, "signal: job %lld does not run", (long long)number);
	if (kill(-job->pid, (int)signo) < 0 && errno != ESRCH)
		return lab_err_errno(err, errno, "signal: job %lld", (long long)number);
	return 0;
}

void agt_jobs_signal(struct agt *a, struct lab_rpc_req *req)
{
	struct lab_err err;

	if (send_signal(a, req->params, &err) < 0)
		(void)lab_rpc_reply_err(a->rpc, req->id, &err);
	else
		(void)lab_rpc_reply(a->rpc, req->id, NULL, NULL, 0);
}

/* --- the end --- */

static void answer(struct agt_job *job)
{
	struct agt *a = job->a;
	struct lab_err err;
	json_t *result;

	if (job->overflow) {
		(void)lab_err_set(&err, ENOBUFS,
				  "more than %u bytes of input were not read by the command",
				  AGT_INPUT_MAX);
		(void)lab_rpc_reply_err(a->rpc, job->id, &err);
		return;
	}
	result = json_pack("{s:i,s:I,s:I,s:I,s:I}", WIFEXITED(job->status) ? "exit" : "signal",
			   WIFEXITED(job->status) ? WEXITSTATUS(job->status)
						  : WTERMSIG(job->status),
			   "duration_us", (json_int_t)(job->end_us - job->start_us), "utime_us",
			   (json_int_t)job->utime_us, "stime_us", (json_int_t)job->stime_us,
			   "maxrss_kib", (json_int_t)job->maxrss_kib);
	if (!result ||
	    (job->timed_out && json_object_set_new(result, "timed_out", json_true()) < 0)) {
		json_decref(result);
		(void)lab_err_errno(&err, ENOMEM, "exec");
		(void)lab_rpc_reply_err(a->rpc, job->id, &err);
		return;
	}
	(void)lab_rpc_reply(a->rpc, job->id, result, NULL, 0);
}

void agt_job_settle(struct agt_job *job)
{
	if (!job->ended || job->out[0].fd >= 0 || job->out[1].fd >= 0)
		return;
	answer(job);
	agt_job_free(job);
}

static uint64_t timeval_us(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000u + (uint64_t)tv->tv_usec;
}

static void job_ended(struct agt_job *job, int status, const struct rusage *ru)
{
	job->ended = true;
	job->pid = 0;
	job->status = status;
	job->end_us = lab_loop_now_us();
	job->utime_us = timeval_us(&ru->ru_utime);
	job->stime_us = timeval_us(&ru->ru_stime);
	job->maxrss_kib = (uint64_t)ru->ru_maxrss;
	lab_source_free(job->timer);
	job->timer = NULL;
	agt_input_fini(&job->in);
	job->in.eof = true;
	agt_output_finish(job->a, &job->out[0]);
	agt_output_finish(job->a, &job->out[1]);
	agt_job_settle(job);
}

void agt_jobs_reap(struct agt *a)
{
	struct agt_job *job;
	struct rusage ru;
	int status;
	pid_t pid;

	for (;;) {
		pid = wait4(-1, &status, WNOHANG, &ru);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return;
		for (job = a->jobs.head; job && job->pid != pid; job = job->next)
			;
		if (job)
			job_ended(job, status, &ru);
	}
}

/* --- streams --- */

bool agt_jobs_block(struct agt *a, uint32_t stream, const void *data, size_t len)
{
	struct agt_job *job;

	for (job = a->jobs.head; job; job = job->next) {
		if (job->in.stream == stream)
			break;
	}
	if (!job)
		return false;
	if (agt_input_add(a, &job->in, data, len) < 0) {
		job->overflow = true;
		job->in.eof = true;
		agt_input_fini(&job->in);
		(void)kill(-job->pid, SIGKILL);
	}
	return true;
}

bool agt_jobs_has_stream(const struct agt *a, uint32_t stream)
{
	const struct agt_job *job;

	for (job = a->jobs.head; job; job = job->next) {
		if (job->in.stream == stream || job->out[0].stream == stream ||
		    job->out[1].stream == stream)
			return true;
	}
	return false;
}

void agt_jobs_drained(struct agt *a)
{
	struct agt_job *job, *next;

	for (job = a->jobs.head; job; job = next) {
		next = job->next;
		agt_output_resume(a, &job->out[0]);
		agt_output_resume(a, &job->out[1]);
		agt_job_settle(job);
	}
}

/* --- the end of all --- */

/* Return: how many children there are (each has been killed), 0 also when that cannot be known. */
static unsigned int kill_children(void)
{
	cleanup_file FILE *f = fopen("/proc/thread-self/children", "re");
	cleanup_free char *word = NULL;
	unsigned int n = 0, pid;
	size_t size = 0;
	ssize_t len;

	while (f && (len = getdelim(&word, &size, ' ', f)) > 1) {
		word[len - 1] = '\0';
		if (lab_parse_uint(word, 2, INT_MAX, &pid) < 0)
			break;
		(void)kill((pid_t)pid, SIGKILL);
		n++;
	}
	return n;
}

void agt_jobs_kill(struct agt *a)
{
	uint64_t end_us = lab_loop_now_us() + KILL_WAIT_US;
	struct timespec tick = { .tv_nsec = 20000000 };
	struct agt_job *job;
	sigset_t chld;

	if (getpid() == 1) {
		(void)kill(-1, SIGKILL);
		return;
	}
	for (job = a->jobs.head; job; job = job->next) {
		if (!job->ended)
			(void)kill(-job->pid, SIGKILL);
	}
	/* As the subreaper we get the children of each process that dies here, so another round finds them. */
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	while (kill_children() && lab_loop_now_us() < end_us) {
		(void)sigtimedwait(&chld, NULL, &tick);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

void agt_jobs_fini(struct agt *a)
{
	while (a->jobs.head)
		agt_job_free(a->jobs.head);
	agt_spawn_area_free(a->jobs.area);
	a->jobs.area = NULL;
	close_fd(&a->jobs.null_fd);
}

struct agt_spawn_area *agt_jobs_area(struct agt *a)
{
	if (!a->jobs.area)
		a->jobs.area = agt_spawn_area_new();
	return a->jobs.area;
}
