/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer.h - the other end of an agent, for tests: calls, and everything that came back */
#ifndef NETLAB_TESTS_UNIT_PEER_H
#define NETLAB_TESTS_UNIT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/base/loop.h"
#include "netlab/base/strbuf.h"
#include "netlab/rpc/json.h"
#include "netlab/rpc/rpc.h"

enum { PEER_STREAMS = 8, PEER_WAIT_MS = 20000 };

/**
 * struct peer - a connection to an agent
 * @loop:	owned
 * @rpc:	owned
 * @pid:	the agent's process; 0 = none
 * @status:	its wait status, once peer_fini() has waited for it
 * @hellos:	how many came
 * @build:	build id of the last one
 * @features:	of the last one, separated by blanks
 * @closed:	the agent has hung up
 * @pty:	the last terminal that came, owned; -1 before
 * @taken:	of the last `job.input`
 * @streams:	what came on streams 0 to PEER_STREAMS - 1
 */
struct peer {
	struct lab_loop *loop;
	struct lab_rpc *rpc;
	pid_t pid;
	int status;
	unsigned int hellos;
	char build[80], features[80];
	bool closed;
	int pty;
	uint64_t taken;
	struct {
		struct lab_strbuf data;
	} streams[PEER_STREAMS];
};

/**
 * struct peer_call - a call on its way
 * @done:	it has been answered
 * @result:	owned; NULL if it failed
 * @err:	why it failed, if @err.code is not 0
 */
struct peer_call {
	bool done;
	json_t *result;
	struct lab_err err;
};

/**
 * peer_init() - Speak on descriptors
 * @p:		written
 * @in:		moved
 * @out:	moved; may equal @in
 * @pid:	process at the other end, to be waited for by peer_fini(); 0 = none
 *
 * Context: fails the test if it cannot.
 */
void peer_init(struct peer *p, int in, int out, pid_t pid);

/**
 * peer_fini() - Hang up, and wait for the process
 * @p:		peer; a second time does nothing
 *
 * Return: its wait status, 0 without a process.
 */
int peer_fini(struct peer *p);

/**
 * peer_until() - Run the loop until something is so
 * @p:		peer
 * @flag:	set by a callback
 *
 * Context: fails the test after PEER_WAIT_MS.
 */
void peer_until(struct peer *p, const bool *flag);

/**
 * peer_until_hello() - Run the loop until a number of hellos has come
 * @p:		peer
 * @n:		how many in all
 *
 * Context: fails the test after PEER_WAIT_MS.
 */
void peer_until_hello(struct peer *p, unsigned int n);

/**
 * peer_send() - Send a request
 * @p:		peer
 * @c:		written when the answer comes
 * @method:	name
 * @params:	stolen
 * @fds:	to send, may be NULL
 * @n_fds:	how many
 */
void peer_send(struct peer *p, struct peer_call *c, const char *method, json_t *params,
	       const int *fds, unsigned int n_fds);

/**
 * peer_ask() - Send a request and wait for the answer
 * @p:		peer
 * @c:		written
 * @method:	name
 * @params:	stolen
 */
void peer_ask(struct peer *p, struct peer_call *c, const char *method, json_t *params);

/**
 * peer_int() - An integer of a call's result
 * @c:		answered call
 * @name:	member
 *
 * Return: its value; -1 if it is not there.
 */
long long peer_int(const struct peer_call *c, const char *name);

/**
 * peer_call_fini() - Release an answered call
 * @c:		call
 */
void peer_call_fini(struct peer_call *c);

#endif
