/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc.h - JSON-RPC 2.0 in frames over any byte stream, both ends, with descriptors if it can */
#ifndef NETLAB_RPC_RPC_H
#define NETLAB_RPC_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/err.h"
#include "netlab/base/loop.h"
#include "netlab/rpc/json.h"

/**
 * DOC: the wire
 *
 * A frame is a 4-byte big-endian length of what follows, 1 byte of type, and the body; at most
 * LAB_RPC_FRAME_MAX bytes.
 * Type 'J': one JSON-RPC 2.0 object (request, notification or response; no batches). Ids are whole
 * numbers, 1 to 2^53.
 * Type 'B': a block of a raw stream: 4-byte big-endian stream number, then bytes; no bytes = end of
 * that stream.
 * A message that carries descriptors says so with a member "fds": N beside "method"/"result"; they
 * travel as SCM_RIGHTS with the first byte of its frame. Both ends may call. Unknown members are
 * protocol errors, and so are descriptors that no message announces. Errors travel as
 * {"code": -32000, "message": text, "data": {"errno": "ENOENT", "file":..., "line":N, "col":N}}.
 * Source: JSON-RPC 2.0 specification; unix(7).
 */
#define LAB_RPC_FRAME_MAX (16u << 20)
#define LAB_RPC_FDS_MAX   8u          /* descriptors with one message */
#define LAB_RPC_QUEUE_MAX (64u << 20) /* bytes waiting to be sent before the peer counts as stuck */

struct lab_rpc;

/**
 * struct lab_rpc_req - a request or notification that has come in
 * @rpc:	the connection
 * @method:	name, borrowed until the handler returns
 * @params:	object, never NULL (empty if absent), borrowed: json_incref() to keep
 * @fds:	descriptors that came with it; the handler takes one by setting its place to -1, the
 *		rest is closed afterwards
 * @n_fds:	how many
 * @id:		for lab_rpc_reply(); 0 for a notification, which gets no reply
 */
struct lab_rpc_req {
	struct lab_rpc *rpc;
	const char *method;
	json_t *params;
	int fds[LAB_RPC_FDS_MAX];
	unsigned int n_fds;
	uint64_t id;
};

/**
 * struct lab_rpc_ops - what the owner of a connection wants to hear
 * @request:	a request or notification; may be NULL (requests are then refused). To answer a
 *		request, now or later, call lab_rpc_reply() or lab_rpc_reply_err() once with
 *		req->id.
 * @block:	a block of a raw stream; @len 0 = end; may be NULL (blocks are then a protocol
 *		error)
 * @closed:	the peer is gone (@err->code 0) or broke the protocol; called once, never from
 *		inside a lab_rpc_ function that the owner called; the owner frees the connection
 *		here or later; calls still open have been answered -ECONNRESET before
 * @drained:	all queued output has been written; for flow control; may be NULL
 */
struct lab_rpc_ops {
	void (*request)(struct lab_rpc_req *req, void *user);
	void (*block)(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len,
		      void *user);
	void (*closed)(struct lab_rpc *rpc, const struct lab_err *err, void *user);
	void (*drained)(struct lab_rpc *rpc, void *user);
};

/**
 * typedef lab_rpc_reply_fn - the answer to a call
 * @rpc:	the connection
 * @result:	borrowed; NULL if the call failed
 * @err:	why it failed, else NULL
 * @fds:	descriptors with the answer (taken by setting to -1), may be NULL
 * @n_fds:	how many
 * @user:	as given to lab_rpc_call()
 */
typedef void (*lab_rpc_reply_fn)(struct lab_rpc *rpc, json_t *result, const struct lab_err *err,
				 int *fds, unsigned int n_fds, void *user);

/**
 * lab_rpc_new() - Speak RPC over a stream
 * @loop:	loop (borrowed, must outlive the connection)
 * @fd:		unix stream socket, or any descriptor that reads and writes; moved; made
 *		non-blocking
 * @ops:	callbacks (borrowed, static storage)
 * @user:	for the callbacks
 * @ret:	the connection, on success; free with lab_rpc_free()
 *
 * Descriptor passing works if @fd is a unix socket; otherwise sending any fails with -EOPNOTSUPP.
 * Context: no SIGPIPE is ever raised on a socket (MSG_NOSIGNAL); on a pipe the caller ignores it
 * (signal(7)). A forked child must not touch its parent's connection: it closes the descriptors.
 * Return: 0 or -errno (then @fd is closed).
 */
int lab_rpc_new(struct lab_loop *loop, int fd, const struct lab_rpc_ops *ops, void *user,
		struct lab_rpc **ret);

/**
 * lab_rpc_new_pair() - The same over two descriptors, one for each direction (a pipe pair, an ssh
 * channel)
 * @loop:	loop
 * @in:		descriptor to read from; moved
 * @out:	descriptor to write to; moved; may equal @in
 * @ops:	callbacks
 * @user:	for the callbacks
 * @ret:	the connection, on success
 *
 * Return: 0 or -errno (then both are closed).
 */
int lab_rpc_new_pair(struct lab_loop *loop, int in, int out, const struct lab_rpc_ops *ops,
		     void *user, struct lab_rpc **ret);

/**
 * lab_rpc_free() - Close and release
 * @rpc:	may be NULL; safe inside its own callbacks; open calls are dropped without an answer
 */
void lab_rpc_free(struct lab_rpc *rpc);

/**
 * lab_rpc_release() - Give the descriptors back and release the rest
 * @rpc:	connection with nothing queued and no half frame read
 * @ret_in:	read descriptor, caller closes
 * @ret_out:	write descriptor, caller closes; equals *@ret_in for a socket; both stay non-blocking
 *
 * For an agent that continues as a newer program on the same stream.
 * Return: 0, or -EBUSY when output is queued or input is half read.
 */
int lab_rpc_release(struct lab_rpc *rpc, int *ret_in, int *ret_out);

/**
 * lab_rpc_call() - Send a request
 * @rpc:	connection
 * @method:	name
 * @params:	object, stolen (also on failure); NULL = {}
 * @fds:	descriptors to send (borrowed: duplicated by the kernel); may be NULL
 * @n_fds:	how many, at most LAB_RPC_FDS_MAX
 * @fn:		called once with the answer, never before this function returns
 * @user:	for @fn
 *
 * Return: 0 or -errno. Errors: -ENOBUFS the peer does not read (LAB_RPC_QUEUE_MAX), -EOPNOTSUPP no
 * descriptors on this stream, -EPIPE closed.
 */
int lab_rpc_call(struct lab_rpc *rpc, const char *method, json_t *params, const int *fds,
		 unsigned int n_fds, lab_rpc_reply_fn fn, void *user);

/**
 * lab_rpc_notify() - Send a notification
 * @rpc:	connection
 * @method:	name
 * @params:	object, stolen; NULL = {}
 * @fds:	descriptors to send (borrowed); may be NULL
 * @n_fds:	how many
 *
 * Return: 0 or -errno, as lab_rpc_call().
 */
int lab_rpc_notify(struct lab_rpc *rpc, const char *method, json_t *params, const int *fds,
		   unsigned int n_fds);

/**
 * lab_rpc_reply() - Answer a request
 * @rpc:	connection
 * @id:		lab_rpc_req.id; 0 does nothing
 * @result:	any value, stolen; NULL = {}
 * @fds:	descriptors to send (borrowed); may be NULL
 * @n_fds:	how many
 *
 * Return: 0 or -errno, as lab_rpc_call().
 */
int lab_rpc_reply(struct lab_rpc *rpc, uint64_t id, json_t *result, const int *fds,
		  unsigned int n_fds);

/**
 * lab_rpc_reply_err() - Refuse a request
 * @rpc:	connection
 * @id:		lab_rpc_req.id; 0 does nothing
 * @err:	what to tell (borrowed)
 *
 * Return: 0 or -errno, as lab_rpc_call().
 */
int lab_rpc_reply_err(struct lab_rpc *rpc, uint64_t id, const struct lab_err *err);

/**
 * lab_rpc_send_block() - Send bytes of a raw stream
 * @rpc:	connection
 * @stream:	number, agreed in an earlier message
 * @data:	bytes, copied if they cannot be written at once; cut into frames as needed
 * @len:	how many; 0 = end of stream
 *
 * Return: 0 or -errno, as lab_rpc_call().
 */
int lab_rpc_send_block(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len);

/**
 * lab_rpc_queued() - Bytes not yet written
 * @rpc:	connection
 *
 * Return: bytes in the output queue.
 */
size_t lab_rpc_queued(const struct lab_rpc *rpc);

/**
 * lab_rpc_pause() - Stop or go on reading from the peer
 * @rpc:	connection
 * @paused:	true to stop
 *
 * For flow control: a relay pauses the reader while the writer's queue is long.
 */
void lab_rpc_pause(struct lab_rpc *rpc, bool paused);

/**
 * lab_rpc_call_wait() - Send a request and run the loop until it is answered
 * @rpc:	connection
 * @method:	name
 * @params:	object, stolen; NULL = {}
 * @timeout_ms:	longest wait, > 0
 * @ret:	the result, on success; new reference, caller json_decref()s; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Other callbacks of the loop run meanwhile. Not to be called from inside a callback of @rpc.
 * Return: 0 or -errno. Errors: the peer's, -ETIMEDOUT, -ECONNRESET.
 */
int lab_rpc_call_wait(struct lab_rpc *rpc, const char *method, json_t *params, int timeout_ms,
		      json_t **ret, struct lab_err *err);

#endif
