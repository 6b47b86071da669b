/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc_ends.c - for tests of rpc.h: a connection that writes down its callbacks, and its peer */
#include "tests/unit/rpc_ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"

enum { FDS_SAID_MAX = 16 };

static void add_json(struct lab_strbuf *sb, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	lab_strbuf_puts(sb, text ? text : "?");
	free(text);
}

static void keep_fd(struct ends *e, int *fds)
{
	close_fd(&e->kept_fd);
	e->kept_fd = take_fd(fds);
}

static void on_request(struct lab_rpc_req *req, void *user)
{
	struct ends *e = user;
	struct lab_err err;
	int other;

	lab_strbuf_printf(&e->trace, "request %ju %s ", (uintmax_t)req->id, req->method);
	add_json(&e->trace, req->params);
	lab_strbuf_printf(&e->trace, " %u\n", req->n_fds);
	if (strcmp(req->method, "echo") == 0) {
		(void)lab_rpc_reply(req->rpc, req->id, json_incref(req->params), req->fds,
				    req->n_fds);
	} else if (strcmp(req->method, "fail") == 0) {
		(void)lab_err_set(&err, ENODEV, "no such link");
		err.src = (struct lab_src){ "ring.xml", 12, 7 };
		(void)lab_rpc_reply_err(req->rpc, req->id, &err);
	} else if (strcmp(req->method, "later") == 0) {
		e->later_id = req->id;
	} else if (strcmp(req->method, "keep") == 0) {
		keep_fd(e, &req->fds[0]);
	} else if (strcmp(req->method, "free") == 0) {
		lab_rpc_free(req->rpc);
		e->rpc = NULL;
	} else if (strcmp(req->method, "pause") == 0) {
		lab_rpc_pause(req->rpc, true);
	} else if (strcmp(req->method, "release") == 0) {
		assert_int_equal(lab_rpc_release(req->rpc, &e->kept_fd, &other), 0);
		assert_int_equal(e->kept_fd, other);
		e->rpc = NULL;
	}
}

static void on_block(LAB_UNUSED struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len,
		     void *user)
{
	struct ends *e = user;

	lab_strbuf_printf(&e->trace, "block %u %.*s\n", stream, (int)len, (const char *)data);
}

static void on_closed(LAB_UNUSED struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct ends *e = user;

	lab_strbuf_printf(&e->trace, "closed %s %s\n", err->code ? lab_err_name(err->code) : "0",
			  err->msg);
}

static void on_drained(LAB_UNUSED struct lab_rpc *rpc, void *user)
{
	struct ends *e = user;

	lab_strbuf_puts(&e->trace, "drained\n");
}

const struct lab_rpc_ops ends_ops = {
	.request = on_request,
	.block = on_block,
	.closed = on_closed,
	.drained = on_drained,
};

const struct lab_rpc_ops ends_deaf_ops = { .closed = on_closed };

void ends_note_answer(LAB_UNUSED struct lab_rpc *rpc, json_t *result, const struct lab_err *err,
		      int *fds, unsigned int n_fds, void *user)
{
	struct ends *e = user;

	if (err) {
		assert_null(result);
		lab_strbuf_printf(&e->trace, "error %s %s\n", lab_err_name(err->code), err->msg);
		return;
	}
	lab_strbuf_puts(&e->trace, "result ");
	add_json(&e->trace, result);
	lab_strbuf_printf(&e->trace, " %u\n", n_fds);
	if (n_fds)
		keep_fd(e, &fds[0]);
}

void ends_open(struct ends *e, const struct lab_rpc_ops *ops)
{
	int sv[2];

	*e = (struct ends){ .peer = -1, .kept_fd = -1 };
	assert_int_equal(lab_loop_new(&e->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	e->peer = sv[1];
	assert_int_equal(lab_rpc_new(e->loop, sv[0], ops, e, &e->rpc), 0);
}

void ends_connect(struct ends *e)
{
	assert_int_equal(lab_rpc_new(e->loop, take_fd(&e->peer), &ends_ops, e, &e->client), 0);
}

void ends_close(struct ends *e)
{
	lab_rpc_free(e->rpc);
	lab_rpc_free(e->client);
	close_fd(&e->peer);
	close_fd(&e->kept_fd);
	lab_loop_free(e->loop);
	lab_strbuf_fini(&e->trace);
}

void ends_run(struct ends *e)
{
	int r, turns = 0;

	while ((r = lab_loop_step(e->loop, 0)) > 0)
		assert_true(turns++ < 100000);
	assert_int_equal(r, 0);
}

void ends_say_fds(struct ends *e, const char *text, const int *fds, unsigned int n_fds)
{
	size_t len = strlen(text);
	uint8_t head[5] = { (uint8_t)((len + 1) >> 24), (uint8_t)((len + 1) >> 16),
			    (uint8_t)((len + 1) >> 8), (uint8_t)(len + 1), 'J' };
	struct iovec iov[2] = { { head, 5 }, { (char *)text, len } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * FDS_SAID_MAX)];
	} control = { 0 };

	mh.msg_control = control.buf;
	mh.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * n_fds);
	assert_int_equal(sendmsg(e->peer, &mh, MSG_NOSIGNAL), len + 5);
	ends_run(e);
}

void ends_say(struct ends *e, char type, const char *text)
{
	size_t len = strlen(text);
	uint8_t head[5] = { (uint8_t)((len + 1) >> 24), (uint8_t)((len + 1) >> 16),
			    (uint8_t)((len + 1) >> 8), (uint8_t)(len + 1), (uint8_t)type };

	assert_int_equal(send(e->peer, head, 5, MSG_NOSIGNAL), 5);
	assert_int_equal(send(e->peer, text, len, MSG_NOSIGNAL), len);
	ends_run(e);
}

void ends_expect_frame(struct ends *e, char type, const char *text)
{
	size_t len = strlen(text), n;
	cleanup_free char *body = calloc(1, len + 1);
	uint8_t head[5];

	assert_non_null(body);
	assert_int_equal(recv(e->peer, head, 5, MSG_DONTWAIT), 5);
	n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	assert_int_equal(head[4], type);
	assert_int_equal(recv(e->peer, body, LAB_MIN(len, n - 1), MSG_DONTWAIT),
			 LAB_MIN(len, n - 1));
	assert_string_equal(body, text);
	assert_int_equal(n, len + 1);
}

void ends_expect_silence(struct ends *e)
{
	char c;

	assert_int_equal(recv(e->peer, &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

void ends_expect(struct ends *e, const char *trace)
{
	assert_string_equal(lab_strbuf_str(&e->trace), trace);
	lab_strbuf_reset(&e->trace);
}
