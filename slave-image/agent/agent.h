/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agent.h - the agent: runs commands and keeps files in one host, for whoever holds its connection */
#ifndef NETLAB_AGENT_AGENT_H
#define NETLAB_AGENT_AGENT_H

/**
 * DOC: the agent
 *
 * agent.c owns the connection and the table of methods (docs/rpc.md); job.c the running commands, with their pipes in
 * stream.c and the clone and exec in spawn.c; store.c the files synchronised by digest; upgrade.c the change to a newer
 * program on the same connection. All state hangs on one struct agt (agent_internal.h) and all waiting is in one loop.
 */

/**
 * struct agt_options - how an agent runs; everything is borrowed as long as the agent runs
 * @store_dir:	folder of synchronised files, made when first needed; NULL = /run/netlab/store, or a private folder
 *		under $TMPDIR where that cannot be made
 */
struct agt_options {
	const char *store_dir;
};

/**
 * agt_main() - Be the agent of a host until the connection ends
 * @in_fd:	descriptor to read from; moved
 * @out_fd:	descriptor to write to; moved; equals @in_fd for a socket, and then descriptors can be passed
 * @opts:	options; NULL = defaults
 *
 * Sends `hello` first. At the end kills every process of the host if this is PID 1, else every process that it started.
 * Context: no signal but those of the loop may be blocked; descriptors 0, 1 and 2 must be open; SIGPIPE is ignored from here on. Reaps
 * all children of the process.
 * Return: 0 when the peer has gone, or -errno of what ended it otherwise.
 */
int agt_main(int in_fd, int out_fd, const struct agt_options *opts);

/**
 * agt_resume() - Go on as the agent that an older program was
 * @state_fd:	what the older program left (see upgrade.h); moved
 * @opts:	options; NULL = defaults
 *
 * Context: as agt_main(), in the same process as the older program.
 * Return: as agt_main(); -EPROTO if the state is not understood.
 */
int agt_resume(int state_fd, const struct agt_options *opts);

#endif
