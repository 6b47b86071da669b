/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc.c - JSON-RPC 2.0 in frames over any byte stream: making connections, calling, answering */
#include "netlab/rpc/rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/rpc/frame.h"
#include "netlab/rpc/rpc_internal.h"

enum {
	BLOCK_BYTES = 64 << 10, /* of a raw stream in one frame */
	SMALL_MESSAGE = 4096,   /* written without malloc() */
	STREAM_NUMBER = 4,      /* bytes before those of a block */
};

/* --- output --- */

static int send_bytes(struct lab_rpc *rpc, const struct iovec *iov, unsigned int n_iov,
		      const int *fds, unsigned int n_fds)
{
	bool waiting = rpc->io.head != NULL;
	int r;

	if (rpc->dead || rpc->closed || rpc->broken)
		return -EPIPE;
	r = lab_rpc_io_send(&rpc->io, iov, n_iov, fds, n_fds);
	switch (-r) {
	case 0:
	case ENOBUFS:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EBADF:
	case ETOOMANYREFS:
		break;
	default:
		lab_rpc_set_broken(rpc, -r);
		return -EPIPE;
	}
	if (!waiting && rpc->io.head)
		(void)lab_rpc_update_watch(rpc);
	return r;
}

/* Steals @msg. */
static int send_message(struct lab_rpc *rpc, json_t *msg, const int *fds, unsigned int n_fds)
{
	cleanup_json json_t *own = msg;
	cleanup_free uint8_t *large = NULL;
	uint8_t small[SMALL_MESSAGE], *buf = small;
	struct iovec iov;
	size_t len;

	if (!own)
		return -ENOMEM;
	if (n_fds > LAB_RPC_FDS_MAX)
		return -EINVAL;
	if (n_fds && !rpc->io.can_pass)
		return -EOPNOTSUPP;
	len = json_dumpb(own, (char *)small + LAB_FRAME_HEADER, sizeof(small) - LAB_FRAME_HEADER,
			 JSON_COMPACT);
	if (len == 0)
		return -EINVAL;
	if (len + 1 > LAB_RPC_FRAME_MAX)
		return -EMSGSIZE;
	if (len > sizeof(small) - LAB_FRAME_HEADER) {
		large = malloc(len + LAB_FRAME_HEADER);
		if (!large)
			return -ENOMEM;
		if (json_dumpb(own, (char *)large + LAB_FRAME_HEADER, len, JSON_COMPACT) != len)
			return -EINVAL;
		buf = large;
	}
	lab_frame_encode_header(LAB_FRAME_JSON, len, buf);
	iov = (struct iovec){ buf, len + LAB_FRAME_HEADER };
	return send_bytes(rpc, &iov, 1, fds, n_fds);
}

int lab_rpc_call(struct lab_rpc *rpc, const char *method, json_t *params, const int *fds,
		 unsigned int n_fds, lab_rpc_reply_fn fn, void *user)
{
	struct lab_rpc_call *c;
	int r;

	c = malloc(sizeof(*c));
	if (!c) {
		json_decref(params);
		return -ENOMEM;
	}
	*c = (struct lab_rpc_call){ .id = rpc->last_id + 1, .fn = fn, .user = user };
	r = send_message(rpc, lab_rpc_msg_request(c->id, method, params, n_fds), fds, n_fds);
	if (r < 0) {
		free(c);
		return r;
	}
	rpc->last_id = c->id;
	*rpc->calls_end = c;
	rpc->calls_end = &c->next;
	return 0;
}

int lab_rpc_notify(struct lab_rpc *rpc, const char *method, json_t *params, const int *fds,
		   unsigned int n_fds)
{
	return send_message(rpc, lab_rpc_msg_request(0, method, params, n_fds), fds, n_fds);
}

int lab_rpc_reply(struct lab_rpc *rpc, uint64_t id, json_t *result, const int *fds,
		  unsigned int n_fds)
{
	if (!id) {
		json_decref(result);
		return 0;
	}
	return send_message(rpc, lab_rpc_msg_result(id, result, n_fds), fds, n_fds);
}

int lab_rpc_reply_err(struct lab_rpc *rpc, uint64_t id, const struct lab_err *err)
{
	if (!id)
		return 0;
	return send_message(rpc, lab_rpc_msg_error(id, err), NULL, 0);
}

int lab_rpc_send_block(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len)
{
	uint8_t head[LAB_FRAME_HEADER + STREAM_NUMBER];
	struct iovec iov[2] = { { head, sizeof(head) }, { NULL, 0 } };
	size_t frames = len / BLOCK_BYTES + 1, done = 0;
	int r;

	/* All of it or nothing: half a block would be a hole in the stream. */
	if (len > LAB_RPC_QUEUE_MAX ||
	    rpc->io.queued + len + frames * sizeof(head) > LAB_RPC_QUEUE_MAX)
		return rpc->dead || rpc->closed || rpc->broken ? -EPIPE : -ENOBUFS;
	do {
		iov[1].iov_base = len ? (uint8_t *)data + done : NULL;
		iov[1].iov_len = LAB_MIN(len - done, (size_t)BLOCK_BYTES);
		lab_frame_encode_header(LAB_FRAME_BLOCK, iov[1].iov_len + STREAM_NUMBER, head);
		head[5] = (uint8_t)(stream >> 24);
		head[6] = (uint8_t)(stream >> 16);
		head[7] = (uint8_t)(stream >> 8);
		head[8] = (uint8_t)stream;
		r = send_bytes(rpc, iov, iov[1].iov_len ? 2 : 1, NULL, 0);
		if (r < 0 && done) {
			lab_rpc_set_broken(rpc, -r);
			return -EPIPE;
		}
		done += iov[1].iov_len;
	} while (r == 0 && done < len);
	return r;
}

size_t lab_rpc_queued(const struct lab_rpc *rpc)
{
	return rpc->io.queued;
}

void lab_rpc_pause(struct lab_rpc *rpc, bool paused)
{
	if (rpc->paused == paused || rpc->dead || rpc->closed)
		return;
	rpc->paused = paused;
	(void)lab_rpc_update_watch(rpc);
	/* What was read before the pause brings no event. */
	if (!paused && (rpc->io.len > rpc->io.off || rpc->broken))
		(void)lab_source_set_timer(rpc->kick, 0);
}

/* --- making and freeing --- */

int lab_rpc_new_pair(struct lab_loop *loop, int in, int out, const struct lab_rpc_ops *ops,
		     void *user, struct lab_rpc **ret)
{
	struct lab_rpc_io io;
	struct lab_rpc *rpc;
	int r;

	r = lab_rpc_io_init(&io, in, out);
	if (r < 0)
		return r;
	rpc = calloc(1, sizeof(*rpc));
	if (!rpc) {
		lab_rpc_io_fini(&io);
		return -ENOMEM;
	}
	rpc->loop = loop;
	rpc->ops = ops;
	rpc->user = user;
	rpc->io = io;
	rpc->calls_end = &rpc->calls;
	r = lab_loop_add_timer(loop, UINT64_MAX, lab_rpc_on_kick, rpc, &rpc->kick);
	if (r == 0)
		r = lab_rpc_update_watch(rpc);
	if (r < 0) {
		lab_rpc_free(rpc);
		return r;
	}
	*ret = rpc;
	return 0;
}

int lab_rpc_new(struct lab_loop *loop, int fd, const struct lab_rpc_ops *ops, void *user,
		struct lab_rpc **ret)
{
	return lab_rpc_new_pair(loop, fd, fd, ops, user, ret);
}

void lab_rpc_free(struct lab_rpc *rpc)
{
	struct lab_rpc_call *c;

	if (!rpc || rpc->dead)
		return;
	rpc->dead = true;
	lab_rpc_unwatch(rpc);
	lab_source_free(rpc->kick);
	rpc->kick = NULL;
	lab_rpc_io_close(&rpc->io);
	while (rpc->calls) {
		c = rpc->calls;
		rpc->calls = c->next;
		free(c);
	}
	rpc->calls_end = &rpc->calls;
	rpc->refs++;
	lab_rpc_put(rpc);
}

int lab_rpc_release(struct lab_rpc *rpc, int *ret_in, int *ret_out)
{
	if (rpc->dead || rpc->closed || rpc->broken || rpc->io.head || rpc->io.len > rpc->io.off ||
	    rpc->io.n_fds)
		return -EBUSY;
	lab_rpc_unwatch(rpc);
	*ret_out = rpc->io.in == rpc->io.out ? rpc->io.in : take_fd(&rpc->io.out);
	*ret_in = take_fd(&rpc->io.in);
	rpc->io.out = -1;
	lab_rpc_free(rpc);
	return 0;
}

/* --- a call that waits --- */

struct waiter {
	bool done;
	int r;
	json_t *result;
	struct lab_err *err;
};

static void on_answer(LAB_UNUSED struct lab_rpc *rpc, json_t *result, const struct lab_err *err,
		      LAB_UNUSED int *fds, LAB_UNUSED unsigned int n_fds, void *user)
{
	struct waiter *w = user;

	w->done = true;
	w->result = result ? json_incref(result) : NULL;
	if (err) {
		w->r = err->code ? -err->code : -EREMOTEIO;
		if (w->err)
			*w->err = *err;
	}
}

/* The waiter leaves: an answer that still comes finds nobody. */
static void abandon(struct lab_rpc *rpc, const struct waiter *w)
{
	struct lab_rpc_call *c;

	for (c = rpc->calls; c; c = c->next)
		if (c->user == w && c->fn == on_answer)
			c->fn = NULL;
}

static int wait_answer(struct lab_rpc *rpc, struct waiter *w, const char *method, int timeout_ms)
{
	uint64_t now = lab_loop_now_us(), end = now + (uint64_t)timeout_ms * 1000u;
	int r;

	while (!w->done) {
		if (rpc->dead)
			return lab_err_set(w->err, ECONNRESET, "%s: the connection was closed",
					   method);
		if (now >= end) {
			abandon(rpc, w);
			return lab_err_set(w->err, ETIMEDOUT, "%s: no answer within %d ms", method,
					   timeout_ms);
		}
		r = lab_loop_step(rpc->loop, (int)((end - now + 999u) / 1000u));
		if (r < 0) {
			abandon(rpc, w);
			return lab_err_errno(w->err, -r, "%s", method);
		}
		now = lab_loop_now_us();
	}
	return w->r;
}

int lab_rpc_call_wait(struct lab_rpc *rpc, const char *method, json_t *params, int timeout_ms,
		      json_t **ret, struct lab_err *err)
{
	struct waiter w = { .err = err };
	int r;

	r = lab_rpc_call(rpc, method, params, NULL, 0, on_answer, &w);
	if (r < 0)
		return lab_err_errno(err, -r, "%s", method);
	rpc->refs++;
	r = wait_answer(rpc, &w, method, timeout_ms);
	lab_rpc_put(rpc);
	if (r == 0 && ret)
		*ret = w.result;
	else
		json_decref(w.result);
	return r;
}
