/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upgrade.h - the agent becomes a newer program and keeps its connection and its jobs */
#ifndef NETLAB_AGENT_UPGRADE_H
#define NETLAB_AGENT_UPGRADE_H

/**
 * DOC: the change of programs
 *
 * The new program arrives in a memfd. It is run once with --build-id: so a program that cannot run here, or is not what it was
 * announced to be, is refused while the old agent can still say so. Then the request is answered, everything queued is
 * written, and the old program executes the new one in its place: same process, so same children and, without
 * close-on-exec, same connection and pipes. What they mean goes along in a second memfd: a JSON object
 *
 *	{"format": 1, "in": FD, "out": FD, "jobs": [{...}]}
 *
 * and behind it the bytes of input that jobs have not taken yet, in the order of the jobs. A new program ignores members
 * that it does not know, so older agents can be replaced by any later one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/rpc/rpc.h"

struct agt;

#define AGT_PROGRAM_MAX (64u << 20) /* bytes of a program */
#define AGT_BUILD_MAX   64u         /* bytes of a build id */

/**
 * struct agt_upgrade - a newer program on its way
 * @active:	a program is being received or waits to be executed
 * @ready:	it is complete and answered for
 * @id:		request to answer; 0 when that has been done
 * @stream:	number
 * @size:	bytes announced
 * @got:	bytes received
 * @fd:		memfd with the program; -1 = none, or failed and the rest is dropped
 * @build:	what it is announced to be
 * @attempt:	deferred call that will try to execute it
 */
struct agt_upgrade {
	bool active, ready;
	uint64_t id;
	uint32_t stream;
	uint64_t size, got;
	int fd;
	char build[AGT_BUILD_MAX + 1];
	struct lab_source *attempt;
};

/**
 * agt_upgrade_start() - Method `upgrade`
 * @a:		agent
 * @req:	request
 */
void agt_upgrade_start(struct agt *a, struct lab_rpc_req *req);

/**
 * agt_upgrade_block() - A block of the program has come
 * @a:		agent
 * @stream:	number
 * @data:	bytes
 * @len:	how many; 0 = end
 *
 * A stream longer than announced ends the agent.
 * Return: true if the stream was the program's.
 */
bool agt_upgrade_block(struct agt *a, uint32_t stream, const void *data, size_t len);

/**
 * agt_upgrade_poke() - Something has happened that a waiting program may have waited for
 * @a:		agent
 */
void agt_upgrade_poke(struct agt *a);

/**
 * agt_upgrade_active() - Is a program on its way
 * @a:		agent
 *
 * Return: true if so.
 */
bool agt_upgrade_active(const struct agt *a);

/**
 * agt_upgrade_restore() - Read what the older program left and take it over
 * @a:		new agent with a loop, without a connection
 * @state_fd:	memfd, borrowed
 *
 * Return: 0 (then it is connected and has said hello) or -errno. Errors: -EPROTO.
 */
int agt_upgrade_restore(struct agt *a, int state_fd);

/**
 * agt_upgrade_fini() - Drop a program that did not get to run
 * @a:		agent
 */
void agt_upgrade_fini(struct agt *a);

#endif
