/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc_internal.h - under rpc.c: bytes (rpc_io.c), messages (rpc_msg.c), dispatch (rpc_conn.c) */
#ifndef NETLAB_RPC_RPC_INTERNAL_H
#define NETLAB_RPC_RPC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "netlab/rpc/rpc.h"

#define LAB_RPC_BUFFER_MIN  4096u /* bytes of input buffer of a connection that has little to say */
#define LAB_RPC_BUFFER_KEEP (128u << 10) /* and of one in the middle of a stream of blocks */
#define LAB_RPC_DEPTH_MAX   64u          /* arrays and objects inside each other in one message */
#define LAB_RPC_VALUES_MAX \
	(1u << 20) /* values in one message: bounds the memory that 16 MiB of "[0,0,..." become */
#define LAB_RPC_ID_MAX (1ull << 53) /* largest whole number that every JSON reader keeps exactly */

struct lab_rpc_chunk;

/**
 * struct lab_rpc_io - the two byte streams of a connection and what is buffered on them
 * @in:		descriptor to read from, owned; -1 when closed
 * @out:	descriptor to write to, owned; may equal @in
 * @in_socket:	@in is a socket
 * @out_socket:	@out is a socket
 * @can_pass:	@out is a unix socket, so descriptors can be sent
 * @buf:	input; NULL while there is none
 * @off:	first byte of @buf not yet consumed
 * @len:	end of the bytes in @buf
 * @cap:	bytes allocated
 * @fds:	descriptors received, not yet matched with a message, oldest first
 * @n_fds:	how many
 * @head:	output not yet written, oldest first
 * @tail:	its end
 * @queued:	bytes in it
 */
struct lab_rpc_io {
	int in, out;
	bool in_socket, out_socket, can_pass;
	uint8_t *buf;
	size_t off, len, cap;
	int fds[LAB_RPC_FDS_MAX];
	unsigned int n_fds;
	struct lab_rpc_chunk *head, *tail;
	size_t queued;
};

/**
 * lab_rpc_io_init() - Take two descriptors
 * @io:		written
 * @in:		descriptor to read from; moved, made non-blocking
 * @out:	descriptor to write to; moved, made non-blocking; may equal @in
 *
 * Return: 0 or -errno (then both are closed).
 */
int lab_rpc_io_init(struct lab_rpc_io *io, int in, int out);

/**
 * lab_rpc_io_close() - Close the descriptors and drop the output; the input buffer stays readable
 * @io:		stream
 */
void lab_rpc_io_close(struct lab_rpc_io *io);

/**
 * lab_rpc_io_drop_output() - Forget what is queued
 * @io:		stream
 */
void lab_rpc_io_drop_output(struct lab_rpc_io *io);

/**
 * lab_rpc_io_fini() - Close and release everything
 * @io:		stream
 */
void lab_rpc_io_fini(struct lab_rpc_io *io);

/**
 * lab_rpc_io_send() - Write now what can be written now, queue the rest
 * @io:		stream
 * @iov:	bytes, borrowed
 * @n_iov:	how many parts, at most 4
 * @fds:	descriptors to go with the first byte (borrowed, duplicated when queued)
 * @n_fds:	how many, at most LAB_RPC_FDS_MAX; 0 unless @io->can_pass
 *
 * Return: 0 (see @io->queued for what is left), or -errno. Errors: -ENOBUFS the queue is full,
 * -ENOMEM, -EMFILE, -EBADF, -ETOOMANYREFS nothing was written and the stream is as before; any
 * other: the stream is broken.
 */
int lab_rpc_io_send(struct lab_rpc_io *io, const struct iovec *iov, unsigned int n_iov,
		    const int *fds, unsigned int n_fds);

/**
 * lab_rpc_io_flush() - Write from the queue
 * @io:		stream
 *
 * Return: 0 nothing is queued any more, 1 something is, or -errno (the stream is broken).
 */
int lab_rpc_io_flush(struct lab_rpc_io *io);

/**
 * lab_rpc_io_fill() - Read once into the input buffer
 * @io:		stream
 * @ret_more:	on success: the kernel may have more at once
 *
 * The consumed bytes before @io->off go away: pointers into the buffer are invalid afterwards.
 * Return: 1 bytes were read, 0 end of the stream, or -errno. Errors: -EAGAIN nothing there, -EPROTO
 * more descriptors than a message may have, -EMFILE descriptors were lost.
 */
int lab_rpc_io_fill(struct lab_rpc_io *io, bool *ret_more);

/**
 * lab_rpc_io_consumed() - Say that the frame at @io->off has been handled
 * @io:		stream
 * @size:	bytes of the frame, already added to @io->off
 *
 * When the buffer is empty and larger than frames of this size need, it is released.
 */
void lab_rpc_io_consumed(struct lab_rpc_io *io, size_t size);

/**
 * lab_rpc_io_take_fds() - Take the oldest descriptors
 * @io:		stream
 * @n:		how many, at most LAB_RPC_FDS_MAX
 * @ret:	@n descriptors, caller closes
 *
 * Return: 0 or -EPROTO if so many did not come.
 */
int lab_rpc_io_take_fds(struct lab_rpc_io *io, unsigned int n, int *ret);

/**
 * struct lab_rpc_msg - one message taken apart
 * @root:	the whole, owned; the other pointers are borrowed from it
 * @id:		1..LAB_RPC_ID_MAX, or 0 for a notification
 * @method:	name; NULL for a response
 * @params:	object, or NULL if absent
 * @result:	any value; NULL if this is no response or an error
 * @error:	object; NULL if this is no error response
 * @n_fds:	descriptors announced
 */
struct lab_rpc_msg {
	json_t *root;
	uint64_t id;
	const char *method;
	json_t *params, *result, *error;
	unsigned int n_fds;
};

/**
 * lab_rpc_msg_decode() - Read and check one message
 * @data:	bytes
 * @len:	how many
 * @ret:	the message, on success; caller json_decref()s @ret->root
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EPROTO not a message of ours, -ENOMEM.
 * Source: JSON-RPC 2.0 specification, sections 4 and 5; the wire in rpc.h.
 */
int lab_rpc_msg_decode(const void *data, size_t len, struct lab_rpc_msg *ret, struct lab_err *err);

/**
 * lab_rpc_msg_request() - Make a request or a notification
 * @id:		of the request; 0 makes a notification
 * @method:	name
 * @params:	object, stolen; NULL leaves it out
 * @n_fds:	descriptors that go with it
 *
 * Return: new reference, NULL when out of memory or @method is not UTF-8.
 */
json_t *lab_rpc_msg_request(uint64_t id, const char *method, json_t *params, unsigned int n_fds);

/**
 * lab_rpc_msg_result() - Make a response
 * @id:		of the request
 * @result:	any value, stolen; NULL = {}
 * @n_fds:	descriptors that go with it
 *
 * Return: new reference, NULL when out of memory.
 */
json_t *lab_rpc_msg_result(uint64_t id, json_t *result, unsigned int n_fds);

/**
 * lab_rpc_msg_error() - Make an error response
 * @id:		of the request
 * @err:	what to tell (borrowed); bytes that are not UTF-8 are replaced
 *
 * Return: new reference, NULL when out of memory.
 */
json_t *lab_rpc_msg_error(uint64_t id, const struct lab_err *err);

/**
 * lab_rpc_msg_get_error() - Read the "error" member of a response
 * @error:	the member
 * @ret:	the error; control characters are replaced; its file name is kept for the life of
 *		the process
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EPROTO.
 */
int lab_rpc_msg_get_error(json_t *error, struct lab_err *ret, struct lab_err *err);

/**
 * struct lab_rpc_call - a request of ours that is not yet answered
 * @next:	the next one, sent later
 * @id:		its number
 * @fn:		takes the answer; NULL: nobody waits any more, but the answer may still come
 * @user:	for @fn
 */
struct lab_rpc_call {
	struct lab_rpc_call *next;
	uint64_t id;
	lab_rpc_reply_fn fn;
	void *user;
};

/*
 * struct lab_rpc - a connection. Callbacks may free the connection: functions that call them hold a
 * reference, and look at @dead after each. Input is read by pump() alone, which never runs inside
 * itself although its callbacks may run the loop.
 */
struct lab_rpc {
	struct lab_loop *loop;
	const struct lab_rpc_ops *ops;
	void *user;
	struct lab_rpc_io io;
	struct lab_source *src_in,
		*src_out;        /* NULL while nothing is waited for; one for both if in == out */
	struct lab_source *kick; /* a timer: pump() has something to do without an event */
	unsigned int refs;
	bool dead;    /* lab_rpc_free() was called */
	bool closed;  /* the end was reached and told */
	bool paused;  /* by the owner */
	bool pumping; /* pump() runs */
	bool stalled; /* input came while pump() ran a callback that ran the loop */
	int broken;   /* errno of a failed write; pump() reads what is there, then ends it */
	uint64_t last_id;
	struct lab_rpc_call *calls, **calls_end; /* oldest first: most answers come in order */
};

/**
 * lab_rpc_put() - Let go of a reference; release a connection that was freed meanwhile
 * @rpc:	connection
 */
void lab_rpc_put(struct lab_rpc *rpc);

/**
 * lab_rpc_update_watch() - Wait for what the connection now needs: input unless paused, room while
 * output is queued
 * @rpc:	connection
 *
 * Return: 0 or -errno (then the connection is also marked broken).
 */
int lab_rpc_update_watch(struct lab_rpc *rpc);

/**
 * lab_rpc_unwatch() - Wait for nothing
 * @rpc:	connection
 */
void lab_rpc_unwatch(struct lab_rpc *rpc);

/**
 * lab_rpc_set_broken() - Note that writing failed; what the peer had sent is read before the end is
 * told
 * @rpc:	connection
 * @code:	positive errno
 */
void lab_rpc_set_broken(struct lab_rpc *rpc, int code);

/**
 * lab_rpc_on_kick() - Callback of the timer lab_rpc.kick
 * @src:	the timer
 * @user:	the connection
 */
void lab_rpc_on_kick(struct lab_source *src, void *user);

#endif
