/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agent_internal.h - the one agent of a process, as its parts see it */
#ifndef NETLAB_AGENT_AGENT_INTERNAL_H
#define NETLAB_AGENT_AGENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/err.h"
#include "netlab/base/loop.h"
#include "netlab/rpc/json.h"
#include "netlab/rpc/rpc.h"
#include "slave-image/agent/agent.h"
#include "slave-image/agent/job.h"
#include "slave-image/agent/store.h"
#include "slave-image/agent/upgrade.h"

/* Bytes waiting for the peer before the agent stops reading what commands write. */
#define AGT_QUEUE_HIGH (1u << 20)

/**
 * struct agt - the agent
 * @opts:	options (what they point to is borrowed)
 * @loop:	the only loop
 * @rpc:	the connection
 * @passes_fds:	descriptors travel on it
 * @jobs:	running commands
 * @store:	synchronised files
 * @upgrade:	a newer program on its way
 */
struct agt {
	struct agt_options opts;
	struct lab_loop *loop;
	struct lab_rpc *rpc;
	bool passes_fds;
	struct agt_jobs jobs;
	struct agt_store store;
	struct agt_upgrade upgrade;
};

/**
 * agt_connect() - Speak on two descriptors and say hello
 * @a:		agent without a connection
 * @in_fd:	moved
 * @out_fd:	moved; may equal @in_fd
 *
 * Return: 0 or -errno (then both are closed).
 */
int agt_connect(struct agt *a, int in_fd, int out_fd);

/**
 * agt_stream_busy() - Is a stream number taken
 * @a:		agent
 * @stream:	number
 *
 * Return: true if a file, a program or a job is using it.
 */
bool agt_stream_busy(const struct agt *a, uint32_t stream);

/**
 * agt_fail() - End the agent because its peer broke the protocol, or nothing works any more
 * @a:		agent
 * @code:	positive errno
 */
void agt_fail(struct agt *a, int code);

#endif
