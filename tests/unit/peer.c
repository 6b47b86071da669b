/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer.c - the other end of an agent, for tests: calls, and everything that came back */
#include "tests/unit/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_hello(struct peer *p, const struct lab_rpc_req *req)
{
	json_t *features = json_object_get(req->params, "features"), *v;
	const char *build = json_string_value(json_object_get(req->params, "build"));
	size_t i;

	p->hellos++;
	assert_non_null(build);
	(void)snprintf(p->build, sizeof(p->build), "%s", build);
	p->features[0] = '\0';
	json_array_foreach(features, i, v) {
		size_t len = strlen(p->features);

		(void)snprintf(p->features + len, sizeof(p->features) - len, "%s%s", len ? " " : "",
			       json_string_value(v));
	}
}

static void on_request(struct lab_rpc_req *req, void *user)
{
	struct peer *p = user;

	if (strcmp(req->method, "hello") == 0) {
		on_hello(p, req);
	} else if (strcmp(req->method, "job.started") == 0) {
		assert_int_equal(req->n_fds, 1);
		close_fd(&p->pty);
		p->pty = take_fd(&req->fds[0]);
	} else if (strcmp(req->method, "job.input") == 0) {
		p->taken = (uint64_t)json_integer_value(json_object_get(req->params, "taken"));
	} else {
		fail_msg("unexpected: %s", req->method);
	}
}

static void on_block(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len, void *user)
{
	struct peer *p = user;

	(void)rpc;
	assert_true(stream < PEER_STREAMS);
	assert_true(len > 0);
	lab_strbuf_add(&p->streams[stream].data, data, len);
}

static void on_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct peer *p = user;

	(void)rpc;
	(void)err;
	p->closed = true;
}

static const struct lab_rpc_ops ops = {
	.request = on_request,
	.block = on_block,
	.closed = on_closed,
};

void peer_init(struct peer *p, int in, int out, pid_t pid)
{
	*p = (struct peer){ .pid = pid, .pty = -1 };
	assert_int_equal(lab_loop_new(&p->loop), 0);
	assert_int_equal(lab_rpc_new_pair(p->loop, in, out, &ops, p, &p->rpc), 0);
}

int peer_fini(struct peer *p)
{
	size_t i;

	lab_rpc_free(p->rpc);
	lab_loop_free(p->loop);
	p->rpc = NULL;
	p->loop = NULL;
	close_fd(&p->pty);
	for (i = 0; i < PEER_STREAMS; i++)
		lab_strbuf_fini(&p->streams[i].data);
	while (p->pid > 0 && waitpid(p->pid, &p->status, 0) < 0)
		assert_int_equal(errno, EINTR);
	p->pid = 0;
	return p->status;
}

static void step(const struct peer *p, uint64_t end_us)
{
	uint64_t now = lab_loop_now_us();

	assert_true(now < end_us);
	assert_true(lab_loop_step(p->loop, (int)((end_us - now) / 1000 + 1)) >= 0);
}

void peer_until(struct peer *p, const bool *flag)
{
	uint64_t end_us = lab_loop_now_us() + PEER_WAIT_MS * 1000ull;

	while (!*flag)
		step(p, end_us);
}

void peer_until_hello(struct peer *p, unsigned int n)
{
	uint64_t end_us = lab_loop_now_us() + PEER_WAIT_MS * 1000ull;

	while (p->hellos < n)
		step(p, end_us);
}

static void on_answer(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		      unsigned int n_fds, void *user)
{
	struct peer_call *c = user;

	(void)rpc;
	(void)fds;
	(void)n_fds;
	c->done = true;
	c->result = json_incref(result);
	if (err)
		c->err = *err;
}

void peer_send(struct peer *p, struct peer_call *c, const char *method, json_t *params,
	       const int *fds, unsigned int n_fds)
{
	*c = (struct peer_call){ 0 };
	assert_non_null(params);
	assert_int_equal(lab_rpc_call(p->rpc, method, params, fds, n_fds, on_answer, c), 0);
}

void peer_ask(struct peer *p, struct peer_call *c, const char *method, json_t *params)
{
	peer_send(p, c, method, params, NULL, 0);
	peer_until(p, &c->done);
}

long long peer_int(const struct peer_call *c, const char *name)
{
	json_t *v = json_object_get(c->result, name);

	return v ? json_integer_value(v) : -1;
}

void peer_call_fini(struct peer_call *c)
{
	json_decref(c->result);
	c->result = NULL;
}
