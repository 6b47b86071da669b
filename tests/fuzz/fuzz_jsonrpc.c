/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_jsonrpc.c - a real connection whose peer says anything: it answers in frames, or closes */

/*
 * The first byte of an input says how the rest is said:
 *   RAW	as it is; otherwise it is cut at each NUL, and each part becomes the body of a frame:
 *		a block if it begins with 'B', else a JSON message
 *   WITH_FDS	with a descriptor beside each write
 *   SLOWLY	a few bytes at a time
 *   HANG_UP	the peer closes without having read anything
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/loop.h"
#include "netlab/base/util.h"
#include "netlab/rpc/frame.h"
#include "netlab/rpc/rpc.h"

enum { RAW = 1, WITH_FDS = 2, SLOWLY = 4, HANG_UP = 8 };
enum { CALLS = 3, FEW_BYTES = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct lab_loop *loop;
	struct lab_rpc *rpc;
	int peer, passed; /* @passed: the descriptor to send, or -1 */
	bool stuck;
	unsigned int n_closed, n_answers;
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void on_request(struct lab_rpc_req *req, void *user)
{
	struct run *run = user;
	struct lab_err err;

	check(json_is_object(req->params) && req->n_fds <= LAB_RPC_FDS_MAX);
	switch (req->method[0]) {
	case 'e':
		(void)lab_rpc_reply(req->rpc, req->id, json_incref(req->params), req->fds,
				    req->n_fds);
		break;
	case 'x':
		(void)lab_err_set(&err, ENODEV, "%s", req->method);
		err.src = (struct lab_src){ "a.xml", 1, 2 };
		(void)lab_rpc_reply_err(req->rpc, req->id, &err);
		break;
	case 'k':
		if (req->n_fds)
			close_fd(&req->fds[0]);
		break;
	case 'p':
		lab_rpc_pause(req->rpc, true);
		break;
	case 'f':
		lab_rpc_free(req->rpc);
		run->rpc = NULL;
		break;
	default:
		(void)lab_rpc_reply(req->rpc, req->id, NULL, NULL, 0);
	}
}

static void on_block(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len,
		     LAB_UNUSED void *user)
{
	(void)lab_rpc_send_block(rpc, stream, data, len);
}

static void on_closed(LAB_UNUSED struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct run *run = user;

	check(++run->n_closed == 1);
	check(run->n_answers == CALLS);
	check(strlen(err->msg) > 0 && !strchr(err->msg, '\n'));
}

static void on_answer(LAB_UNUSED struct lab_rpc *rpc, json_t *result, const struct lab_err *err,
		      LAB_UNUSED int *fds, LAB_UNUSED unsigned int n_fds, void *user)
{
	struct run *run = user;

	check(!result != !err);
	check(++run->n_answers <= CALLS);
}

static const struct lab_rpc_ops ops = {
	.request = on_request,
	.block = on_block,
	.closed = on_closed,
};

/* Run the loop until nothing happens; a paused connection goes on. */
static void step(struct run *run)
{
	do {
		if (run->rpc)
			lab_rpc_pause(run->rpc, false);
	} while (lab_loop_step(run->loop, 0) > 0);
}

/* Read what the connection said: whole frames. */
static void listen_to(struct run *run)
{
	static uint8_t buf[1 << 20];
	size_t len = 0, off = 0;
	struct lab_frame f;
	ssize_t n;

	for (;;) {
		n = recv(run->peer, buf + len, sizeof(buf) - len, MSG_DONTWAIT);
		if (n <= 0 && !(run->rpc && lab_rpc_queued(run->rpc)))
			break;
		if (n > 0)
			len += (size_t)n;
		if (len == sizeof(buf))
			return;
		step(run);
	}
	while (lab_frame_decode(buf + off, len - off, LAB_RPC_FRAME_MAX, &f) == 1)
		off += f.size;
	/* after a breach, the rest of the queue is dropped */
	check(off == len || run->n_closed || !run->rpc);
}

static void say(struct run *run, const struct iovec *iov, size_t n_iov)
{
	struct msghdr mh = { .msg_iov = (struct iovec *)iov, .msg_iovlen = n_iov };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };

	if (run->passed >= 0) {
		mh.msg_control = control.buf;
		mh.msg_controllen = sizeof(control.buf);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &run->passed, sizeof(int));
	}
	if (sendmsg(run->peer, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		run->stuck = true;
}

static void say_raw(struct run *run, const uint8_t *data, size_t size, size_t piece)
{
	struct iovec iov;

	for (; size && !run->stuck; data += iov.iov_len, size -= iov.iov_len) {
		iov = (struct iovec){ (void *)data, LAB_MIN(size, piece) };
		say(run, &iov, 1);
		step(run);
	}
}

static void say_frames(struct run *run, const uint8_t *data, size_t size)
{
	uint8_t header[LAB_FRAME_HEADER];
	struct iovec iov[2] = { { header, sizeof(header) }, { NULL, 0 } };
	enum lab_frame_type type;
	const uint8_t *end;
	size_t len;

	while (size && !run->stuck) {
		end = memchr(data, 0, size);
		len = end ? (size_t)(end - data) : size;
		type = data[0] == 'B' ? LAB_FRAME_BLOCK : LAB_FRAME_JSON;
		lab_frame_encode_header(type, len, header);
		iov[1] = (struct iovec){ (void *)data, len };
		say(run, iov, 2);
		step(run);
		len += end != NULL;
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = { .passed = -1 };
	int sv[2], i;

	if (size < 1 || lab_loop_new(&run.loop) < 0)
		return 0;
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	run.peer = sv[1];
	check(lab_rpc_new(run.loop, sv[0], &ops, &run, &run.rpc) == 0);
	for (i = 0; i < CALLS; i++)
		check(lab_rpc_call(run.rpc, "call", NULL, NULL, 0, on_answer, &run) == 0);
	if (data[0] & WITH_FDS)
		run.passed = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (data[0] & RAW)
		say_raw(&run, data + 1, size - 1, data[0] & SLOWLY ? FEW_BYTES : SIZE_MAX);
	else
		say_frames(&run, data + 1, size - 1);
	if (!(data[0] & HANG_UP))
		listen_to(&run);
	close_fd(&run.peer);
	close_fd(&run.passed);
	step(&run);
	check(!run.rpc || (run.n_closed == 1 && run.n_answers == CALLS));
	lab_rpc_free(run.rpc);
	lab_loop_free(run.loop);
	return 0;
}
