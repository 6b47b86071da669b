/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client.c - the client's end of a lab: its connection and its jobs */
#include "netlab/keeper/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/keeper/client_internal.h"
#include "netlab/keeper/rundir.h"

#define SLOTS_MAX (1u << 20)

/*
 * A job's slot gives its numbers on the wire; slots are used again when the job has been answered, and by then
 * nothing of it is on its way any more.
 */
struct lab_job {
	struct lab_client *c;
	size_t slot;
	char *host;
	const struct lab_job_ops *ops;
	void *user;
	bool input; /* lab_job_write() is allowed */
	uint64_t written, taken;
};

enum stream_place {
	STREAM_IN = 1,
	STREAM_OUT,
	STREAM_ERR,
	STREAM_PLACES,
};

/* --- jobs and slots --- */

static json_int_t job_number(const struct lab_job *job)
{
	return (json_int_t)job->slot + 1;
}

static json_int_t job_stream(const struct lab_job *job, enum stream_place place)
{
	return (json_int_t)job->slot * STREAM_PLACES + (json_int_t)place;
}

static struct lab_job *job_by_number(const struct lab_client *c, json_int_t number)
{
	if (number <= 0 || (uint64_t)number > c->n_slots)
		return NULL;
	return c->jobs[number - 1];
}

static int find_slot(struct lab_client *c, size_t *ret)
{
	struct lab_job **jobs;
	size_t n;

	while (c->first_free < c->n_slots && c->jobs[c->first_free])
		c->first_free++;
	if (c->first_free == c->n_slots) {
		n = c->n_slots ? 2 * c->n_slots : 16;
		if (n > SLOTS_MAX)
			return -EAGAIN;
		jobs = reallocarray(c->jobs, n, sizeof(struct lab_job *));
		if (!jobs)
			return -ENOMEM;
		memset(jobs + c->n_slots, 0, (n - c->n_slots) * sizeof(struct lab_job *));
		c->jobs = jobs;
		c->n_slots = n;
	}
	*ret = c->first_free;
	return 0;
}

static struct lab_job *job_new(struct lab_client *c, const char *host, int *ret_code)
{
	struct lab_job *job = calloc(1, sizeof(*job));
	char *name = strdup(host);
	size_t slot = 0;
	int r = -ENOMEM;

	if (job && name)
		r = find_slot(c, &slot);
	if (r < 0) {
		free(job);
		free(name);
		*ret_code = r;
		return NULL;
	}
	job->c = c;
	job->slot = slot;
	job->host = name;
	c->jobs[slot] = job;
	return job;
}

static void job_unlink(struct lab_job *job)
{
	job->c->jobs[job->slot] = NULL;
	if (job->slot < job->c->first_free)
		job->c->first_free = job->slot;
}

static void job_free(struct lab_job *job)
{
	free(job->host);
	free(job);
}

/* --- the connection --- */

static void on_started(const struct lab_client *c, struct lab_rpc_req *req)
{
	json_int_t number = json_integer_value(json_object_get(req->params, "job"));
	struct lab_job *job = job_by_number(c, number);

	/* A terminal that nobody wants is closed by the caller: the command sees a hang-up. */
	if (job && job->ops->started && req->n_fds == 1)
		job->ops->started(job, take_fd(&req->fds[0]), job->user);
}

static void on_input(const struct lab_client *c, const struct lab_rpc_req *req)
{
	json_int_t number = json_integer_value(json_object_get(req->params, "job"));
	json_int_t taken = json_integer_value(json_object_get(req->params, "taken"));
	struct lab_job *job = job_by_number(c, number);

	if (job && taken > 0 && (uint64_t)taken > job->taken && (uint64_t)taken <= job->written)
		job->taken = (uint64_t)taken;
}

static void on_request(struct lab_rpc_req *req, void *user)
{
	struct lab_client *c = user;
	struct lab_err err;

	if (strcmp(req->method, "job.started") == 0) {
		on_started(c, req);
	} else if (strcmp(req->method, "job.input") == 0) {
		on_input(c, req);
	} else {
		(void)lab_err_set(&err, ENOSYS, "a client has no method \"%.64s\"", req->method);
		(void)lab_rpc_reply_err(req->rpc, req->id, &err);
	}
}

static void on_block(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len, void *user)
{
	struct lab_client *c = user;
	struct lab_job *job = job_by_number(c, (json_int_t)(stream / STREAM_PLACES) + 1);
	uint32_t place = stream % STREAM_PLACES;

	(void)rpc;
	if (job && len && job->ops->output && (place == STREAM_OUT || place == STREAM_ERR))
		job->ops->output(job, place == STREAM_OUT ? 1 : 2, data, len, job->user);
}

static void on_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct lab_client *c = user;

	(void)rpc;
	(void)err;
	c->closed = true;
	if (c->closed_fn)
		c->closed_fn(c, c->closed_user);
}

static const struct lab_rpc_ops rpc_ops = {
	.request = on_request,
	.block = on_block,
	.closed = on_closed,
};

int lab_client_new(struct lab_loop *loop, int fd, struct lab_client **ret, struct lab_err *err)
{
	struct lab_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		close_fd(&fd);
		return lab_err_errno(err, ENOMEM, "client");
	}
	c->loop = loop;
	c->keeper_pidfd = -1;
	r = lab_rpc_new(loop, fd, &rpc_ops, c, &c->rpc);
	if (r < 0) {
		free(c);
		return lab_err_errno(err, -r, "client");
	}
	*ret = c;
	return 0;
}

void lab_client_free(struct lab_client *c)
{
	size_t i;

	if (!c)
		return;
	lab_rpc_free(c->rpc);
	for (i = 0; i < c->n_slots; i++) {
		if (c->jobs[i])
			job_free(c->jobs[i]);
	}
	free(c->jobs);
	lab_client_free_puts(c);
	close_fd(&c->keeper_pidfd);
	if (c->down)
		lab_rundir_tidy();
	free(c);
}

void lab_client_on_closed(struct lab_client *c, void (*fn)(struct lab_client *c, void *user),
			  void *user)
{
	c->closed_fn = fn;
	c->closed_user = user;
}

/* --- exec --- */

static json_t *strings_to_json(const char *const *strings)
{
	json_t *array = json_array();

	for (; array && *strings; strings++) {
		if (json_array_append_new(array, json_string(*strings)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *env_to_json(const char *const *env)
{
	cleanup_json json_t *object = json_object();
	cleanup_free char *name = NULL;
	const char *eq;

	for (; object && *env; env++) {
		eq = strchr(*env, '=');
		free(name);
		name = eq ? strndup(*env, (size_t)(eq - *env)) : NULL;
		if (!name || json_object_set_new(object, name, json_string(eq + 1)) < 0)
			return NULL;
	}
	return json_incref(object);
}

static int set(json_t *o, const char *name, json_t *value)
{
	/* All that can fail here, besides memory, is text that is not UTF-8. */
	return json_object_set_new(o, name, value) < 0 ? -EILSEQ : 0;
}

static int set_stdio(const struct lab_job *job, const struct lab_exec *exec, json_t *o)
{
	int r = 0;

	switch (exec->stdio) {
	case LAB_STDIO_NULL:
		return set(o, "stdio", json_string("null"));
	case LAB_STDIO_FDS:
		return set(o, "stdio", json_string("fds"));
	case LAB_STDIO_STREAMS:
		r = set(o, "streams",
			json_pack("[I,I,I]", exec->with_stdin ? job_stream(job, STREAM_IN) : 0,
				  job_stream(job, STREAM_OUT), job_stream(job, STREAM_ERR)));
		return r < 0 ? r : set(o, "stdio", json_string("streams"));
	case LAB_STDIO_PTY:
		r = set(o, "rows", json_integer(exec->rows));
		if (r == 0)
			r = set(o, "cols", json_integer(exec->cols));
		return r < 0 ? r : set(o, "stdio", json_string("pty"));
	}
	return -EINVAL;
}

static int exec_params(const struct lab_job *job, const struct lab_exec *exec, json_t **ret)
{
	cleanup_json json_t *o = json_object();
	int r;

	r = set(o, "host", json_string(exec->host));
	if (r == 0)
		r = set(o, "job", json_integer(job_number(job)));
	if (r == 0 && exec->netns)
		r = set(o, "netns", json_string(exec->netns));
	if (r == 0 && exec->argv)
		r = set(o, "argv", strings_to_json(exec->argv));
	if (r == 0 && exec->shell)
		r = set(o, "shell", json_string(exec->shell));
	if (r == 0 && exec->file)
		r = set(o, "file", json_string(exec->file));
	if (r == 0 && exec->files)
		r = set(o, "files", json_incref(exec->files));
	if (r == 0 && exec->env)
		r = set(o, "env", env_to_json(exec->env));
	if (r == 0 && exec->cwd)
		r = set(o, "cwd", json_string(exec->cwd));
	if (r == 0 && exec->timeout_ms)
		r = set(o, "timeout_ms", json_integer((json_int_t)exec->timeout_ms));
	if (r == 0)
		r = set_stdio(job, exec, o);
	if (r == 0)
		*ret = json_incref(o);
	return r;
}

static int read_result(json_t *o, struct lab_job_result *res)
{
	json_int_t duration = 0, utime = 0, stime = 0;
	int status = -1, signo = 0, timed_out = 0;
	json_error_t je;

	if (json_unpack_ex(o, &je, 0, "{s?i,s?i,s?b,s:I,s:I,s:I}", "exit", &status, "signal",
			   &signo, "timed_out", &timed_out, "duration_us", &duration, "utime_us",
			   &utime, "stime_us", &stime) < 0)
		return lab_err_set(&res->err, EPROTO, "exec: %s", je.text);
	if (status < 0 && signo <= 0)
		return lab_err_set(&res->err, EPROTO, "exec: neither a status nor a signal came");
	res->exited = status >= 0;
	res->status = res->exited ? status : 0;
	res->signal = signo;
	res->timed_out = timed_out;
	res->duration_us = (uint64_t)duration;
	res->utime_us = (uint64_t)utime;
	res->stime_us = (uint64_t)stime;
	return 0;
}

static void on_ended(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		     unsigned int n_fds, void *user)
{
	struct lab_job_result res = { 0 };
	struct lab_job *job = user;

	(void)rpc;
	(void)fds;
	(void)n_fds;
	/* The callback may free the client; the job is out of its hands. */
	job_unlink(job);
	if (err) {
		res.error = err->code ? -err->code : -EREMOTEIO;
		res.err = *err;
	} else {
		res.error = read_result(result, &res);
	}
	if (job->ops->done)
		job->ops->done(job, &res, job->user);
	job_free(job);
}

int lab_client_exec(struct lab_client *c, const struct lab_exec *exec,
		    const struct lab_job_ops *ops, void *user, struct lab_job **ret,
		    struct lab_err *err)
{
	json_t *params = NULL;
	struct lab_job *job;
	int r = 0;

	job = job_new(c, exec->host, &r);
	if (!job)
		return lab_err_errno(err, -r, "host %s: cannot start a command", exec->host);
	job->ops = ops;
	job->user = user;
	job->input = exec->stdio == LAB_STDIO_STREAMS && exec->with_stdin;
	r = exec_params(job, exec, &params);
	if (r == 0)
		r = lab_rpc_call(c->rpc, "exec", params,
				 exec->stdio == LAB_STDIO_FDS ? exec->fds : NULL,
				 exec->stdio == LAB_STDIO_FDS ? 3 : 0, on_ended, job);
	if (r < 0) {
		job_unlink(job);
		job_free(job);
		if (r == -EILSEQ)
			return lab_err_set(err, EILSEQ, "host %s: the command is not UTF-8 text",
					   exec->host);
		return lab_err_errno(err, -r, "host %s: cannot start a command", exec->host);
	}
	if (ret)
		*ret = job;
	return 0;
}

int lab_job_write(struct lab_job *job, const void *data, size_t len)
{
	int r;

	if (!job->input)
		return -EBADF;
	if (len > LAB_JOB_INPUT_MAX - (job->written - job->taken))
		return -ENOBUFS;
	r = lab_rpc_send_block(job->c->rpc, (uint32_t)job_stream(job, STREAM_IN), data, len);
	if (r < 0)
		return r;
	job->written += len;
	if (len == 0)
		job->input = false;
	return 0;
}

/* It may have ended before the signal came. */
static void ignore_answer(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
			  unsigned int n_fds, void *user)
{
	(void)rpc;
	(void)result;
	(void)err;
	(void)fds;
	(void)n_fds;
	(void)user;
}

int lab_job_signal(struct lab_job *job, int signo)
{
	json_t *params = json_pack("{s:s,s:I,s:i}", "host", job->host, "job", job_number(job),
				   "signal", signo);

	if (!params)
		return -ENOMEM;
	return lab_rpc_call(job->c->rpc, "signal", params, NULL, 0, ignore_answer, NULL);
}

/* --- settings --- */

int lab_client_config_write(struct lab_client *c, const char *host, const char *netns,
			    const char *path, const char *value, char **ret_previous,
			    struct lab_err *err)
{
	json_t *params = json_pack("{s:s, s:s*, s:s, s:s}", "host", host, "netns", netns, "path",
				   path, "value", value);
	cleanup_json json_t *result = NULL;
	const char *before;
	char *previous;
	int r;

	if (!params)
		return lab_err_set(err, EINVAL, "config.write: not UTF-8");
	r = lab_rpc_call_wait(c->rpc, "config.write", params, LAB_CLIENT_CONFIG_MS, &result, err);
	if (r < 0)
		return r;
	before = json_string_value(json_object_get(result, "previous"));
	previous = before ? strdup(before) : NULL;
	if (before && !previous)
		return lab_err_errno(err, ENOMEM, "config.write");
	*ret_previous = previous;
	return 0;
}
