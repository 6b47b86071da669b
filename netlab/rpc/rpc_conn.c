/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc_conn.c - an RPC connection at work: waiting, reading, dispatching, and its end */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "netlab/base/util.h"
#include "netlab/rpc/frame.h"
#include "netlab/rpc/rpc_internal.h"

enum {
	READS_PER_TURN = 16, /* then other connections have their turn */
	STREAM_NUMBER = 4,   /* bytes before those of a block */
};

void lab_rpc_put(struct lab_rpc *rpc)
{
	if (--rpc->refs || !rpc->dead)
		return;
	lab_rpc_io_fini(&rpc->io);
	free(rpc);
}

/* --- waiting for the descriptors --- */

static void on_in(struct lab_source *src, int fd, uint32_t events, void *user);
static void on_out(struct lab_source *src, int fd, uint32_t events, void *user);

/* No events: not watched at all, since EPOLLHUP would come again and again. */
static int watch(struct lab_rpc *rpc, struct lab_source **src, int fd, uint32_t events,
		 lab_fd_fn fn)
{
	if (events && *src)
		return lab_source_set_events(*src, events);
	if (events)
		return lab_loop_add_fd(rpc->loop, fd, events, fn, rpc, src);
	lab_source_free(*src);
	*src = NULL;
	return 0;
}

void lab_rpc_set_broken(struct lab_rpc *rpc, int code)
{
	if (rpc->broken || rpc->dead)
		return;
	rpc->broken = code;
	lab_rpc_io_drop_output(&rpc->io);
	(void)lab_rpc_update_watch(rpc);
	(void)lab_source_set_timer(rpc->kick, 0);
}

int lab_rpc_update_watch(struct lab_rpc *rpc)
{
	uint32_t in = rpc->paused || rpc->stalled ? 0 : EPOLLIN;
	uint32_t out = rpc->io.head ? EPOLLOUT : 0;
	int r;

	if (rpc->dead || rpc->closed)
		return 0;
	if (rpc->io.in == rpc->io.out) {
		r = watch(rpc, &rpc->src_in, rpc->io.in, in | out, on_in);
	} else {
		r = watch(rpc, &rpc->src_in, rpc->io.in, in, on_in);
		if (r == 0)
			r = watch(rpc, &rpc->src_out, rpc->io.out, out, on_out);
	}
	if (r < 0)
		lab_rpc_set_broken(rpc, -r);
	return r;
}

void lab_rpc_unwatch(struct lab_rpc *rpc)
{
	lab_source_free(rpc->src_in);
	lab_source_free(rpc->src_out);
	rpc->src_in = rpc->src_out = NULL;
}

/* Write from the queue; tell the owner when it is empty. */
static void flush(struct lab_rpc *rpc)
{
	int r = lab_rpc_io_flush(&rpc->io);

	if (r > 0)
		return;
	if (r < 0)
		lab_rpc_set_broken(rpc, -r);
	(void)lab_rpc_update_watch(rpc);
	if (r == 0 && rpc->ops->drained)
		rpc->ops->drained(rpc, rpc->user);
}

static void on_out(LAB_UNUSED struct lab_source *src, LAB_UNUSED int fd, LAB_UNUSED uint32_t events,
		   void *user)
{
	struct lab_rpc *rpc = user;

	rpc->refs++;
	if (rpc->io.head)
		flush(rpc);
	lab_rpc_put(rpc);
}

/* --- the end --- */

static void finish(struct lab_rpc *rpc, const struct lab_err *why)
{
	struct lab_err reset;
	struct lab_rpc_call *c;

	rpc->closed = true;
	lab_rpc_unwatch(rpc);
	(void)lab_source_set_timer(rpc->kick, UINT64_MAX);
	lab_rpc_io_close(&rpc->io);
	(void)lab_err_set(&reset, ECONNRESET, "%s", why->msg);
	while (!rpc->dead && rpc->calls) {
		c = rpc->calls;
		rpc->calls = c->next;
		if (!rpc->calls)
			rpc->calls_end = &rpc->calls;
		if (c->fn)
			c->fn(rpc, NULL, &reset, NULL, 0, c->user);
		free(c);
	}
	if (!rpc->dead && rpc->ops->closed)
		rpc->ops->closed(rpc, why, rpc->user);
}

/* The stream has ended (@code 0) or failed. That a peer went away is no error, even half way. */
static void finish_stream(struct lab_rpc *rpc, int code)
{
	struct lab_err why;

	if (code == 0 || code == EPIPE || code == ECONNRESET)
		(void)lab_err_set(&why, 0, "the peer is gone%s",
				  rpc->io.len > rpc->io.off ? " in the middle of a message" : "");
	else if (code == EPROTO)
		(void)lab_err_set(&why, EPROTO, "rpc: more descriptors than a message may have");
	else
		(void)lab_err_errno(&why, code, "rpc");
	finish(rpc, &why);
}

/* --- input --- */

static void close_rest(int *fds, unsigned int n_fds)
{
	unsigned int i;

	for (i = 0; i < n_fds; i++)
		close_fd(&fds[i]);
}

static void dispatch_request(struct lab_rpc *rpc, const struct lab_rpc_msg *m,
			     struct lab_rpc_req *req)
{
	struct lab_err err;

	if (!rpc->ops->request) {
		(void)lab_err_set(&err, EOPNOTSUPP, "no requests are served here");
		(void)lab_rpc_reply_err(rpc, m->id, &err);
		return;
	}
	req->rpc = rpc;
	req->method = m->method;
	req->id = m->id;
	rpc->ops->request(req, rpc->user);
}

static struct lab_rpc_call *find_call(struct lab_rpc *rpc, uint64_t id)
{
	struct lab_rpc_call **p, *c;

	for (p = &rpc->calls; *p; p = &(*p)->next) {
		c = *p;
		if (c->id != id)
			continue;
		*p = c->next;
		if (!c->next)
			rpc->calls_end = p;
		return c;
	}
	return NULL;
}

static int dispatch_response(struct lab_rpc *rpc, const struct lab_rpc_msg *m, int *fds,
			     struct lab_err *err)
{
	cleanup_free struct lab_rpc_call *c = NULL;
	struct lab_err answer;
	int r;

	if (m->error) {
		r = lab_rpc_msg_get_error(m->error, &answer, err);
		if (r < 0)
			return r;
	}
	c = find_call(rpc, m->id);
	if (!c)
		return lab_err_set(err, EPROTO, "rpc: an answer to no call");
	if (c->fn)
		c->fn(rpc, m->result, m->error ? &answer : NULL, m->n_fds ? fds : NULL, m->n_fds,
		      c->user);
	return 0;
}

static int dispatch_message(struct lab_rpc *rpc, const struct lab_frame *f, struct lab_err *err)
{
	cleanup_json json_t *root = NULL, *params = NULL;
	struct lab_rpc_req req = { 0 };
	struct lab_rpc_msg m;
	int r;

	r = lab_rpc_msg_decode(f->body, f->len, &m, err);
	if (r < 0)
		return r;
	root = m.root;
	if (lab_rpc_io_take_fds(&rpc->io, m.n_fds, req.fds) < 0)
		return lab_err_set(err, EPROTO, "rpc: %u descriptors announced, fewer came",
				   m.n_fds);
	req.n_fds = m.n_fds;
	if (!m.method) {
		r = dispatch_response(rpc, &m, req.fds, err);
	} else {
		params = m.params ? json_incref(m.params) : json_object();
		req.params = params;
		if (params)
			dispatch_request(rpc, &m, &req);
		else
			r = lab_err_errno(err, ENOMEM, "rpc");
	}
	close_rest(req.fds, m.n_fds);
	return r;
}

static int dispatch_block(struct lab_rpc *rpc, const struct lab_frame *f, struct lab_err *err)
{
	const uint8_t *p = f->body;
	uint32_t stream;

	if (!rpc->ops->block)
		return lab_err_set(err, EPROTO, "rpc: a block, but no stream is open");
	if (f->len < STREAM_NUMBER)
		return lab_err_set(err, EPROTO, "rpc: a block without a stream number");
	stream = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	rpc->ops->block(rpc, stream, p + STREAM_NUMBER, f->len - STREAM_NUMBER, rpc->user);
	return 0;
}

static bool reading(const struct lab_rpc *rpc)
{
	return !rpc->dead && !rpc->closed && !rpc->paused;
}

/* Handle the whole frames of the buffer. Return: 0, or -errno when the peer broke the protocol. */
static int dispatch_frames(struct lab_rpc *rpc, struct lab_err *err)
{
	struct lab_frame f;
	int r;

	while (reading(rpc) && rpc->io.len > rpc->io.off) {
		r = lab_frame_decode(rpc->io.buf + rpc->io.off, rpc->io.len - rpc->io.off,
				     LAB_RPC_FRAME_MAX, &f);
		if (r == 0)
			return 0;
		if (r < 0)
			return lab_err_set(err, EPROTO, "rpc: %s",
					   r == -EMSGSIZE
						   ? "a frame of a length that is not allowed"
						   : "a frame of unknown type");
		rpc->io.off += f.size;
		r = f.type == LAB_FRAME_JSON ? dispatch_message(rpc, &f, err)
					     : dispatch_block(rpc, &f, err);
		if (rpc->dead)
			return 0;
		if (r < 0)
			return r;
		if (rpc->io.n_fds && rpc->io.off == rpc->io.len)
			return lab_err_set(err, EPROTO,
					   "rpc: descriptors that no message announced");
		lab_rpc_io_consumed(&rpc->io, f.size);
	}
	return 0;
}

static void pump_turns(struct lab_rpc *rpc)
{
	bool more = true;
	struct lab_err err;
	int r, turn;

	for (turn = 0;; turn++) {
		if (dispatch_frames(rpc, &err) < 0) {
			finish(rpc, &err);
			return;
		}
		/* A short read means that the kernel has no more; the loop says when it has. */
		if (!reading(rpc) || turn == READS_PER_TURN || (!more && !rpc->broken))
			return;
		r = lab_rpc_io_fill(&rpc->io, &more);
		if (r > 0)
			continue;
		if (r != -EAGAIN)
			finish_stream(rpc, -r);
		else if (rpc->broken)
			finish_stream(rpc, rpc->broken);
		return;
	}
}

/* Read, and handle what has come. */
static void pump(struct lab_rpc *rpc)
{
	if (rpc->pumping) {
		rpc->stalled = true;
		(void)lab_rpc_update_watch(rpc);
		return;
	}
	rpc->refs++;
	rpc->pumping = true;
	pump_turns(rpc);
	rpc->pumping = false;
	if (!rpc->dead && !rpc->closed) {
		if (rpc->stalled) {
			rpc->stalled = false;
			(void)lab_rpc_update_watch(rpc);
		}
		if (rpc->broken && !rpc->paused)
			(void)lab_source_set_timer(rpc->kick, 0);
	}
	lab_rpc_put(rpc);
}

static void on_in(LAB_UNUSED struct lab_source *src, LAB_UNUSED int fd, uint32_t events, void *user)
{
	struct lab_rpc *rpc = user;

	rpc->refs++;
	if (rpc->io.in == rpc->io.out && rpc->io.head)
		flush(rpc);
	if (reading(rpc) && events & ~(uint32_t)EPOLLOUT)
		pump(rpc);
	lab_rpc_put(rpc);
}

void lab_rpc_on_kick(LAB_UNUSED struct lab_source *src, void *user)
{
	struct lab_rpc *rpc = user;

	if (reading(rpc))
		pump(rpc);
}
