/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc_ends.h - for tests of rpc.h: a connection that writes down its callbacks, and its peer */
#ifndef TESTS_UNIT_RPC_ENDS_H
#define TESTS_UNIT_RPC_ENDS_H

#include "netlab/base/loop.h"
#include "netlab/base/strbuf.h"
#include "netlab/rpc/rpc.h"

/**
 * struct ends - a connection and the other end of its stream
 * @loop:	the loop
 * @rpc:	the connection under test; NULL once freed
 * @peer:	raw descriptor of the other end; -1 if @client speaks there
 * @client:	a connection at the other end, or NULL
 * @trace:	one line for each callback: "request ID METHOD PARAMS FDS", "block STREAM TEXT",
 *		"closed CODE TEXT", "drained", "result VALUE FDS", "error CODE TEXT"
 * @later_id:	id of the last request "later"
 * @kept_fd:	descriptor that the last request "keep" or the last answer brought, else -1
 */
struct ends {
	struct lab_loop *loop;
	struct lab_rpc *rpc;
	int peer;
	struct lab_rpc *client;
	struct lab_strbuf trace;
	uint64_t later_id;
	int kept_fd;
};

/*
 * The methods of an end: echo (its params), fail (an error with a place), later (no answer yet),
 * keep (the first descriptor), free (the connection), pause, release (the stream, to @kept_fd); any
 * other is not answered.
 */
extern const struct lab_rpc_ops ends_ops;
/* The same without requests and blocks. */
extern const struct lab_rpc_ops ends_deaf_ops;

/**
 * ends_open() - Make a connection with a raw peer over a socketpair
 * @e:		written
 * @ops:	for the connection
 */
void ends_open(struct ends *e, const struct lab_rpc_ops *ops);

/**
 * ends_connect() - Let a connection speak at the other end
 * @e:		ends with a raw peer; the client's callbacks are those of ends_ops
 */
void ends_connect(struct ends *e);

/**
 * ends_close() - Release everything
 * @e:		ends
 */
void ends_close(struct ends *e);

/**
 * ends_run() - Step the loop until nothing happens any more
 * @e:		ends
 */
void ends_run(struct ends *e);

/**
 * ends_say() - Write one frame as the raw peer, and run
 * @e:		ends
 * @type:	frame type
 * @text:	body
 */
void ends_say(struct ends *e, char type, const char *text);

/**
 * ends_say_fds() - Write a JSON frame with descriptors as the raw peer, and run
 * @e:		ends
 * @text:	body
 * @fds:	descriptors
 * @n_fds:	how many, at most 16
 */
void ends_say_fds(struct ends *e, const char *text, const int *fds, unsigned int n_fds);

/**
 * ends_expect_frame() - Read one frame as the raw peer, and compare
 * @e:		ends
 * @type:	frame type
 * @text:	body
 */
void ends_expect_frame(struct ends *e, char type, const char *text);

/**
 * ends_expect_silence() - Fail if the raw peer has something to read
 * @e:		ends
 */
void ends_expect_silence(struct ends *e);

/**
 * ends_expect() - Compare what the callbacks saw, and forget it
 * @e:		ends
 * @trace:	expected lines
 */
void ends_expect(struct ends *e, const char *trace);

/**
 * ends_note_answer() - A lab_rpc_reply_fn that writes down the answer
 * @rpc:	connection
 * @result:	result or NULL
 * @err:	error or NULL
 * @fds:	descriptors; the first is kept
 * @n_fds:	how many
 * @user:	the ends
 */
void ends_note_answer(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		      unsigned int n_fds, void *user);

#endif
