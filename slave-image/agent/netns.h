/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netns.h - the further network namespaces of a host, each with an agent of its own */
#ifndef SLAVE_IMAGE_AGENT_NETNS_H
#define SLAVE_IMAGE_AGENT_NETNS_H

#include "netlab/base/err.h"
#include "netlab/ns/spawn.h"

/**
 * DOC: further network namespaces
 *
 * A process needs CAP_SYS_ADMIN to enter a network namespace, and a host gives that up before it runs anything. So there is a process for
 * each further namespace that enters it in time: another agent, which shares all of the host but its network, and has its own mount namespace
 * only to have a /sys of that network. The namespaces are also to be seen under /run/netns, where ip(8) looks for them.
 */

/**
 * agt_netns_make() - Make the further namespaces of a host and start their agents
 * @req:	what the keeper asked for
 * @old:	namespaces that it had before, to be used again, in the order of @req (borrowed); NULL = make new ones
 * @channel:	the host's own channel to the keeper; each namespace is announced there (netlab/ns/spawn.h)
 * @err:	filled on failure; may be NULL
 *
 * Context: PID 1 of the host in its final root, CAP_SYS_ADMIN. Does not return in the agents of the namespaces.
 * Return: 0 or -errno; on failure the process should end.
 * Source: network_namespaces(7), ip-netns(8).
 */
int agt_netns_make(const struct lab_spawn_req *req, const int *old, int channel,
		   struct lab_err *err);

/**
 * agt_netns_no_dad() - Switch duplicate address detection off for the links to come in the current network namespace
 * @proc:	root directory of a /proc (borrowed)
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, also on a kernel without IPv6, or -errno.
 * Source: accept_dad in Documentation/networking/ip-sysctl.rst; RFC 4862 section 5.4.
 */
int agt_netns_no_dad(int proc, struct lab_err *err);

/**
 * agt_netns_forward() - Let the current network namespace route IPv4 and IPv6
 * @err:	filled on failure; may be NULL
 *
 * Context: /proc is the host's own.
 * Return: 0 or -errno. Source: Documentation/networking/ip-sysctl.rst.
 */
int agt_netns_forward(struct lab_err *err);

/**
 * agt_netns_settle() - Give up what the agent of a namespace does not need, as PID 1 of a host does
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int agt_netns_settle(struct lab_err *err);

#endif
