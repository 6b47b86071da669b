/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.c - from a topology to the operations that make it real */
#include "netlab/topo/plan.h"

#include <stdlib.h>

#include "netlab/base/util.h"

/*
 * Ports are numbered in document order, so the second port of a two-port network is the end whose
 * host is started last: its link is made right there. The first port is remembered until then.
 */
struct end {
	uint32_t host, iface;
};

struct planner {
	struct lab_plan *plan;
	struct end *first; /* by network: its port 0 */
	uint32_t *to_make; /* by host: interfaces that have no link yet */
};

unsigned int lab_plan_bridges(const struct lab_network *net)
{
	if (net->n_ports == 2)
		return 0;
	return net->n_ports ? (net->n_ports + LAB_BRIDGE_PORTS - 1) / LAB_BRIDGE_PORTS : 1;
}

void lab_plan_bridge_name(uint32_t network, uint32_t bridge, char ret[LAB_IFNAME_LEN])
{
	if (bridge)
		(void)snprintf(ret, LAB_IFNAME_LEN, "br%u.%u", network, bridge);
	else
		(void)snprintf(ret, LAB_IFNAME_LEN, "br%u", network);
}

static size_t count_ops(const struct lab_topo *topo)
{
	size_t n, count = 3 * topo->n_hosts; /* HOST, CONFIG, AGENT */
	bool any = false;

	for (n = 0; n < topo->n_hosts; n++) /* NETNS and CONFIG for each, DEVICE, NETEM */
		count += 2 * (topo->hosts[n].n_netns + topo->hosts[n].n_ifaces);

	for (n = 0; n < topo->n_networks; n++) {
		unsigned int bridges = lab_plan_bridges(&topo->networks[n]);

		if (!bridges) {
			count++;
			continue;
		}
		/* BRIDGE and BRIDGE_UP for each, TRUNKs between them, PORTs. */
		count += 3 * (size_t)bridges - 1 + topo->networks[n].n_ports;
		any = true;
	}
	return LAB_MAX(count + any, (size_t)1);
}

static struct lab_op *add_op(struct planner *p, enum lab_op_kind kind)
{
	struct lab_op *op = &p->plan->ops[p->plan->n_ops++];

	op->kind = kind;
	return op;
}

static void add_host_op(struct planner *p, enum lab_op_kind kind, size_t host)
{
	add_op(p, kind)->host = (uint32_t)host;
}

static void add_bridge_op(struct planner *p, enum lab_op_kind kind, size_t network,
			  unsigned int bridge)
{
	struct lab_op *op = add_op(p, kind);

	op->network = (uint32_t)network;
	op->bridge = bridge;
}

static void plan_bridges(struct planner *p)
{
	const struct lab_topo *topo = p->plan->topo;
	unsigned int b, bridges;
	bool any = false;
	size_t n;

	for (n = 0; n < topo->n_networks; n++) {
		bridges = lab_plan_bridges(&topo->networks[n]);
		if (bridges && !any)
			(void)add_op(p, LAB_OP_SWITCH);
		any = any || bridges;
		for (b = 0; b < bridges; b++)
			add_bridge_op(p, LAB_OP_BRIDGE, n, b);
		for (b = 0; b + 1 < bridges; b++)
			add_bridge_op(p, LAB_OP_TRUNK, n, b);
	}
}

static void add_iface_op(struct planner *p, enum lab_op_kind kind, uint32_t host, uint32_t iface)
{
	struct lab_op *op = add_op(p, kind);

	op->host = host;
	op->iface = iface;
}

/* What is made of the links to the outside: document order, in which slaves come before their masters. */
static void plan_device(struct planner *p, uint32_t host, uint32_t i)
{
	const struct lab_iface *iface = &p->plan->topo->hosts[host].ifaces[i];
	struct lab_op *op;

	switch (iface->kind) {
	case LAB_IFACE_LINK:
		/* A loopback is there with its namespace. */
		if (iface->link != LAB_LINK_LO)
			add_iface_op(p, LAB_OP_DEVICE, host, i);
		break;
	case LAB_IFACE_OVS_BRIDGE:
		add_iface_op(p, LAB_OP_DEVICE, host, i);
		break;
	case LAB_IFACE_PAIR:
		if (iface->peer <= i)
			break;
		op = add_op(p, LAB_OP_VETH);
		op->host = op->peer_host = host;
		op->iface = i;
		op->peer_iface = (uint32_t)iface->peer;
		break;
	case LAB_IFACE_ETH:
	case LAB_IFACE_OVS_BOND:
	case LAB_IFACE_OVS_TUNNEL:
	case LAB_IFACE_OVS_INTERNAL:
	case LAB_IFACE_KIND_MAX_:
		break;
	}
}

static void plan_config(struct planner *p, uint32_t h)
{
	const struct lab_host *host = &p->plan->topo->hosts[h];
	uint32_t i;

	for (i = 0; i < host->n_ifaces; i++)
		plan_device(p, h, i);
	for (i = 0; i < host->n_ifaces; i++) {
		if (host->ifaces[i].n_netem)
			add_iface_op(p, LAB_OP_NETEM, h, i);
	}
	for (i = 0; i <= host->n_netns; i++) {
		struct lab_op *op = add_op(p, LAB_OP_CONFIG);

		op->host = h;
		op->netns = i;
	}
}

static void link_made(struct planner *p, uint32_t host)
{
	if (--p->to_make[host] == 0)
		plan_config(p, host);
}

static void plan_iface(struct planner *p, uint32_t host, uint32_t i)
{
	const struct lab_iface *iface = &p->plan->topo->hosts[host].ifaces[i];
	struct lab_op *op;
	struct end *first;

	if (iface->kind != LAB_IFACE_ETH)
		return;
	first = &p->first[iface->network];
	if (lab_plan_bridges(&p->plan->topo->networks[iface->network])) {
		op = add_op(p, LAB_OP_PORT);
		op->host = host;
		op->iface = i;
		op->network = (uint32_t)iface->network;
		op->bridge = iface->port / LAB_BRIDGE_PORTS;
		link_made(p, host);
	} else if (iface->port == 0) {
		*first = (struct end){ .host = host, .iface = i };
	} else {
		op = add_op(p, LAB_OP_VETH);
		op->host = first->host;
		op->iface = first->iface;
		op->peer_host = host;
		op->peer_iface = i;
		link_made(p, first->host);
		link_made(p, host);
	}
}

static void plan_host(struct planner *p, uint32_t h)
{
	const struct lab_host *host = &p->plan->topo->hosts[h];
	uint32_t i;

	p->to_make[h] = 0;
	for (i = 0; i < host->n_ifaces; i++)
		p->to_make[h] += host->ifaces[i].kind == LAB_IFACE_ETH;
	add_host_op(p, LAB_OP_HOST, h);
	for (i = 1; i <= host->n_netns; i++) {
		struct lab_op *op = add_op(p, LAB_OP_NETNS);

		op->host = h;
		op->netns = i;
	}
	if (!p->to_make[h])
		plan_config(p, h);
	for (i = 0; i < host->n_ifaces; i++)
		plan_iface(p, h, i);
}

static void plan_hosts(struct planner *p)
{
	uint32_t h;

	for (h = 0; h < p->plan->topo->n_hosts; h++)
		plan_host(p, h);
}

static void plan_rest(struct planner *p)
{
	const struct lab_topo *topo = p->plan->topo;
	unsigned int b, bridges;
	size_t i;

	for (i = 0; i < topo->n_networks; i++) {
		bridges = lab_plan_bridges(&topo->networks[i]);
		for (b = 0; b < bridges; b++)
			add_bridge_op(p, LAB_OP_BRIDGE_UP, i, b);
	}
	for (i = 0; i < topo->n_hosts; i++)
		add_host_op(p, LAB_OP_AGENT, i);
}

int lab_plan_new(const struct lab_topo *topo, struct lab_plan **ret)
{
	cleanup_free struct end *first = calloc(topo->n_networks + 1, sizeof(*first));
	cleanup_free uint32_t *to_make = calloc(topo->n_hosts + 1, sizeof(*to_make));
	struct lab_plan *plan = calloc(1, sizeof(*plan));
	struct planner p = { .plan = plan, .first = first, .to_make = to_make };

	if (plan) {
		plan->topo = topo;
		plan->ops = calloc(count_ops(topo), sizeof(*plan->ops));
	}
	if (!first || !to_make || !plan || !plan->ops) {
		lab_plan_free(plan);
		return -ENOMEM;
	}
	plan_bridges(&p);
	plan_hosts(&p);
	plan_rest(&p);
	*ret = plan;
	return 0;
}

void lab_plan_free(struct lab_plan *plan)
{
	int saved = errno;

	if (!plan)
		return;
	free(plan->ops);
	free(plan);
	errno = saved;
}
