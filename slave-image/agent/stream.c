/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stream.c - a command's pipes as streams of the connection, with flow control in both directions */
#include "slave-image/agent/stream.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "slave-image/agent/agent_internal.h"

enum {
	CHUNK = 8192,             /* bytes read at once, on the stack */
	INPUT_TELL = 256u * 1024, /* bytes taken before the peer is told */
};

/* --- output --- */

/* The peer learns of the end by the answer to `exec`: a message for each stream would double the cost of a short command. */
static void output_close(struct agt_output *o)
{
	lab_source_free(o->source);
	o->source = NULL;
	close_fd(&o->fd);
}

static bool peer_is_behind(const struct agt *a)
{
	return lab_rpc_queued(a->rpc) > AGT_QUEUE_HIGH;
}

/* Return: true if there may be more to read now. */
static bool output_read(struct agt *a, struct agt_output *o)
{
	char buf[CHUNK];
	ssize_t n;

	n = o->left ? read(o->fd, buf, LAB_MIN(sizeof(buf), o->left)) : 0;
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN && o->left == SIZE_MAX)
		return false;
	if (n <= 0) {
		output_close(o);
		return false;
	}
	if (o->left != SIZE_MAX)
		o->left -= (size_t)n;
	(void)lab_rpc_send_block(a->rpc, o->stream, buf, (size_t)n);
	return o->left != SIZE_MAX || n == sizeof(buf);
}

static void output_ready(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct agt_output *o = user;
	struct agt *a = o->job->a;
	int turn;

	(void)src;
	(void)fd;
	(void)events;
	for (turn = 0; turn < 8 && !peer_is_behind(a); turn++) {
		if (!output_read(a, o))
			return;
	}
	/* Not an empty event mask: a pipe without a writer reports EPOLLHUP all the time. */
	if (peer_is_behind(a)) {
		lab_source_free(o->source);
		o->source = NULL;
	}
}

int agt_output_start(struct agt *a, struct agt_output *o)
{
	if (o->fd < 0 || o->source)
		return 0;
	return lab_loop_add_fd(a->loop, o->fd, EPOLLIN, output_ready, o, &o->source);
}

static void output_drain(struct agt *a, struct agt_output *o)
{
	while (o->fd >= 0 && !peer_is_behind(a))
		(void)output_read(a, o);
}

void agt_output_finish(struct agt *a, struct agt_output *o)
{
	int n = 0;

	if (o->fd < 0)
		return;
	lab_source_free(o->source);
	o->source = NULL;
	o->left = ioctl(o->fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
	output_drain(a, o);
}

void agt_output_resume(struct agt *a, struct agt_output *o)
{
	if (o->left != SIZE_MAX)
		output_drain(a, o);
	else if (agt_output_start(a, o) < 0)
		output_close(o);
}

void agt_output_fini(struct agt_output *o)
{
	lab_source_free(o->source);
	o->source = NULL;
	close_fd(&o->fd);
}

/* --- input --- */

static void input_ready(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct agt_input *in = user;

	(void)src;
	(void)fd;
	(void)events;
	(void)agt_input_flush(in->job->a, in);
}

static void input_tell(struct agt *a, struct agt_input *in)
{
	json_t *params;

	if (in->taken - in->told < INPUT_TELL)
		return;
	in->told = in->taken;
	params = json_pack("{s:I,s:I}", "job", (json_int_t)in->job->number, "taken",
			   (json_int_t)in->taken);
	if (params)
		(void)lab_rpc_notify(a->rpc, "job.input", params, NULL, 0);
}

/* Write until the pipe is full; then, or when all is through, 0. */
static int input_write(struct agt_input *in, const char *data, size_t len, size_t *ret_done)
{
	ssize_t n;

	for (*ret_done = 0; *ret_done < len; *ret_done += (size_t)n) {
		n = write(in->fd, data + *ret_done, len - *ret_done);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
	}
	return 0;
}

int agt_input_flush(struct agt *a, struct agt_input *in)
{
	size_t done = 0;

	/* A command that has closed its input does not want the rest: taken, as far as the peer can know. */
	if (in->fd >= 0 && input_write(in, in->pending.data, in->pending.len, &done) < 0)
		close_fd(&in->fd);
	if (in->fd < 0)
		done = in->pending.len;
	lab_strbuf_consume(&in->pending, done);
	in->taken += done;
	if (in->fd >= 0 && in->pending.len && !in->source)
		return lab_loop_add_fd(a->loop, in->fd, EPOLLOUT, input_ready, in, &in->source);
	if (!in->pending.len) {
		lab_source_free(in->source);
		in->source = NULL;
		lab_strbuf_fini(&in->pending);
		if (in->eof)
			close_fd(&in->fd);
	}
	input_tell(a, in);
	return 0;
}

int agt_input_add(struct agt *a, struct agt_input *in, const void *data, size_t len)
{
	if (in->eof)
		return 0;
	if (len > AGT_INPUT_MAX - in->pending.len)
		return -ENOBUFS;
	in->eof = len == 0;
	lab_strbuf_add(&in->pending, data, len);
	if (in->pending.error)
		return in->pending.error;
	return in->source ? 0 : agt_input_flush(a, in);
}

void agt_input_fini(struct agt_input *in)
{
	lab_source_free(in->source);
	in->source = NULL;
	close_fd(&in->fd);
	lab_strbuf_fini(&in->pending);
}
