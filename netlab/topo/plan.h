/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.h - the ordered operations that make a topology real, as data */
#ifndef NETLAB_TOPO_PLAN_H
#define NETLAB_TOPO_PLAN_H

#include "netlab/base/strbuf.h"
#include "netlab/topo/topo.h"

/**
 * DOC: the plan
 *
 * A plan is what the keeper will do, in its order; every operation names its inverse, and the undo list is the plan
 * read backwards. It holds indices into its topology, so a plan compares byte by byte.
 *
 * The order is chosen for speed, and for correctness alone where it says so:
 *  1. SWITCH, if any network has not exactly two ports: one namespace for all bridges.
 *  2. BRIDGE for each such network (a chain of bridges when it has more than LAB_BRIDGE_PORTS ports, joined by TRUNK links);
 *     down until all ports are there, because a bridge that is up floods every listener report to all hosts.
 *  3. for each host in document order: HOST (start its container; does not wait), then each link whose last end is
 *     on this host: VETH (both ends born in their hosts) or PORT (one end in the host, the other born as a port of the bridge).
 *     The wait for the host's namespace happens when the first operation needs it.
 *     NETNS for each further network namespace of the host: it is made with the host; this waits for it.
 *  4. as soon as the host's last link is made, DEVICE for each other interface in document order, so slaves before masters (VETH for
 *     the pairs within the host), then NETEM for each interface that has it, then CONFIG for each of its namespaces:
 *     loopback up, links up, addresses, routes; one batch.
 *  5. BRIDGE_UP for each bridge.
 *  6. AGENT for each host: wait for its hello.
 */
#define LAB_BRIDGE_PORTS 1000u /* host ports of one bridge; the kernel's limit is 1024 */

enum lab_op_kind {
	LAB_OP_SWITCH,    /* no operands */
	LAB_OP_BRIDGE,    /* network, index of the bridge in the network's chain */
	LAB_OP_TRUNK,     /* network, bridge index: joins bridge i to bridge i + 1 */
	LAB_OP_HOST,      /* host */
	LAB_OP_NETNS,     /* host, netns */
	LAB_OP_VETH,      /* host, iface, peer host, peer iface */
	LAB_OP_PORT,      /* host, iface; network and bridge index */
	LAB_OP_DEVICE,    /* host, iface */
	LAB_OP_NETEM,     /* host, iface */
	LAB_OP_CONFIG,    /* host, netns */
	LAB_OP_BRIDGE_UP, /* network, bridge index */
	LAB_OP_AGENT,     /* host */
	LAB_OP_KIND_MAX_,
};

/**
 * struct lab_op - one operation
 * @kind:	what
 * @host:	host index, where it has one
 * @iface:	interface index in that host
 * @peer_host:	VETH: the other end's host
 * @peer_iface:	VETH: the other end's interface
 * @network:	network index, where it has one
 * @bridge:	which bridge of the network's chain
 * @netns:	which namespace of the host, as lab_iface.netns
 */
struct lab_op {
	enum lab_op_kind kind;
	uint32_t host, iface, peer_host, peer_iface, network, bridge, netns;
};

/**
 * struct lab_plan - operations in order
 * @topo:	what they refer to (borrowed, must outlive the plan)
 * @ops:	the operations
 * @n_ops:	how many
 */
struct lab_plan {
	const struct lab_topo *topo;
	struct lab_op *ops;
	size_t n_ops;
};

/**
 * lab_plan_new() - Plan a topology from nothing
 * @topo:	finished topology (borrowed)
 * @ret:	on success; free with lab_plan_free()
 *
 * Unused fields of each operation are zero.
 * Return: 0 or -ENOMEM.
 */
int lab_plan_new(const struct lab_topo *topo, struct lab_plan **ret);

/**
 * lab_plan_free() - Release a plan
 * @plan:	may be NULL
 */
void lab_plan_free(struct lab_plan *plan);

/**
 * lab_plan_bridges() - How many bridges a network needs
 * @net:	network of a finished topology
 *
 * Return: 0 for a two-port network (a veth), else 1 or more.
 */
unsigned int lab_plan_bridges(const struct lab_network *net);

/**
 * lab_plan_bridge_name() - Interface name of a bridge in the switch namespace
 * @network:	network index
 * @bridge:	index in the chain
 * @ret:	written: "br<network>" or "br<network>.<bridge>"
 */
void lab_plan_bridge_name(uint32_t network, uint32_t bridge, char ret[LAB_IFNAME_LEN]);

/**
 * lab_plan_describe() - Write one operation and its inverse as a line of text
 * @plan:	plan
 * @i:		which operation
 * @sb:		appended: "veth    h1:eth0 <-> h2:eth0  mac ... mtu 1500" without a newline
 */
void lab_plan_describe(const struct lab_plan *plan, size_t i, struct lab_strbuf *sb);

/**
 * lab_plan_to_json() - Write a plan as JSON
 * @plan:	plan
 *
 * Return: new reference to an array of {"op", "host", ..., "undo"}, or NULL when out of memory.
 */
json_t *lab_plan_to_json(const struct lab_plan *plan);

/**
 * lab_op_name() - Name of an operation
 * @kind:	what
 *
 * Return: "switch", "bridge", ...; static storage.
 */
const char *lab_op_name(enum lab_op_kind kind);

#endif
