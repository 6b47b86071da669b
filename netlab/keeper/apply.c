/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply.c - carries out a plan: one netlink writer, while the spawner clones hosts beside it */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlab/base/strbuf.h"
#include "netlab/keeper/device.h"
#include "netlab/nl/link.h"

enum {
	LO_IFINDEX = 1,
	FIRST_IFINDEX =
		16, /* above the fall-back tunnels (sit0, gre0 ...) that some kernels put into each namespace */
	FIRST_SWITCH_IFINDEX =
		4096, /* above those of any host: before 6.15 a near end's index must be free in our namespace, too */
	HOST_WAIT_US = 60 * 1000 * 1000,
	NETLINK_ROOM = 4096,
	PROGRESS_US = 20 * 1000,
};

/**
 * struct apply - one run through the plan
 * @k:		keeper
 * @wait_us:	time spent waiting for hosts
 */
struct apply {
	struct lab_keeper *k;
	uint64_t wait_us;
};

/*
 * Interface indices. The two ends of a link never have the same number (see lab_link_add_veth()): near ends are even, far
 * ends odd. In the switch namespace, where all ends are near ends but those of trunks, a counter gives even ones.
 */
int lab_keeper_ifindex(uint32_t iface, bool near)
{
	return FIRST_IFINDEX + (int)iface * 2 + (near ? 0 : 1);
}

static int switch_ifindex(struct lab_keeper *k)
{
	int r = k->next_ifindex;

	k->next_ifindex += 2;
	return r;
}

/* Addresses of what no user names: bridges and their ports. Locally administered, unlike those of hosts. */
static void switch_mac(int ifindex, uint8_t ret[LAB_MAC_LEN])
{
	const uint8_t mac[LAB_MAC_LEN] = { 0x02,
					   0x6e,
					   0x6c,
					   (uint8_t)(ifindex >> 16),
					   (uint8_t)(ifindex >> 8),
					   (uint8_t)ifindex };

	memcpy(ret, mac, sizeof(mac));
}

int lab_keeper_wait(struct lab_keeper *k, uint64_t deadline_us, const char *what,
		    struct lab_err *err)
{
	uint64_t now = lab_loop_now_us();
	int r;

	if (now >= deadline_us)
		return lab_err_set(err, ETIMEDOUT, "waited in vain for %s", what);
	r = lab_loop_step(k->loop, (int)((deadline_us - now) / 1000) + 1);
	if (r < 0)
		return lab_err_errno(err, -r, "event loop");
	if (k->failed) {
		if (err)
			*err = k->err;
		return -k->err.code;
	}
	if (!k->up && k->starter && k->n_running &&
	    lab_loop_now_us() - k->last_progress_us > PROGRESS_US) {
		k->last_progress_us = lab_loop_now_us();
		(void)lab_rpc_notify(k->starter->rpc, "lab.progress",
				     json_pack("{s:I, s:I}", "up", (json_int_t)k->n_running,
					       "total", (json_int_t)k->topo->n_hosts),
				     NULL, 0);
	}
	return 0;
}

/* Wait until a network namespace of a host is there. */
static int need_netns(struct apply *a, uint32_t index, unsigned int netns, struct lab_err *err)
{
	const struct lab_khost *host = lab_khost_space(&a->k->hosts[index], netns);
	uint64_t start, deadline;
	int r = 0;

	if (host->netns >= 0)
		return 0;
	start = lab_loop_now_us();
	deadline = start + HOST_WAIT_US;
	/* cppcheck-suppress knownConditionTrueFalse ; the loop that runs meanwhile sets it */
	while (host->netns < 0 && r == 0)
		r = lab_keeper_wait(a->k, deadline, "a host to start", err);
	a->wait_us += lab_loop_now_us() - start;
	return r;
}

/* The namespace that an interface is to be in. */
static int need_place(struct apply *a, uint32_t host, uint32_t iface, struct lab_err *err)
{
	return need_netns(a, host, a->k->topo->hosts[host].ifaces[iface].netns, err);
}

/* ---- the operations ---- */

static int op_switch(const struct lab_keeper *k, struct lab_err *err)
{
	/* Ports need no addresses of their own; each would send router solicitations and listener reports. */
	cleanup_close int fd = openat(k->proc, "sys/net/ipv6/conf/default/disable_ipv6",
				      O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : lab_err_errno(err, errno, "open disable_ipv6");
	return write(fd, "1", 1) < 0 ? lab_err_errno(err, errno, "write disable_ipv6") : 0;
}

static int *bridge_of(const struct lab_keeper *k, const struct lab_op *op)
{
	return &k->bridges[k->bridge_base[op->network] + op->bridge];
}

static int op_bridge(struct lab_keeper *k, const struct lab_op *op, struct lab_err *err)
{
	int ifindex = switch_ifindex(k);
	uint8_t mac[LAB_MAC_LEN];
	char name[LAB_IFNAME_LEN];

	lab_plan_bridge_name(op->network, op->bridge, name);
	switch_mac(ifindex, mac);
	lab_link_add_bridge(&k->nl, ifindex, name, mac);
	*bridge_of(k, op) = ifindex;
	return lab_nl_flush(&k->nl, NULL, err);
}

static int op_trunk(struct lab_keeper *k, const struct lab_op *op, struct lab_err *err)
{
	char near_name[LAB_IFNAME_LEN], far_name[LAB_IFNAME_LEN];
	uint8_t near_mac[LAB_MAC_LEN], far_mac[LAB_MAC_LEN];
	struct lab_link_end near = { .netns = -1, .name = near_name, .mac = near_mac, .up = true };
	struct lab_link_end far = { .netns = -1, .name = far_name, .mac = far_mac };
	const int *bridge = bridge_of(k, op);

	near.ifindex = switch_ifindex(k);
	near.master = bridge[0];
	/* Whatever a port may send; a bridge takes the smallest MTU of its ports for itself. */
	near.mtu_bytes = far.mtu_bytes = LAB_MTU_MAX;
	far.ifindex = near.ifindex + 1;
	(void)snprintf(near_name, sizeof(near_name), "t%u.%ua", op->network % 100000,
		       op->bridge % 1000);
	(void)snprintf(far_name, sizeof(far_name), "t%u.%ub", op->network % 100000,
		       op->bridge % 1000);
	switch_mac(near.ifindex, near_mac);
	switch_mac(far.ifindex, far_mac);
	lab_link_add_veth(&k->nl, &near, &far);
	lab_link_enslave(&k->nl, far.ifindex, bridge[1]);
	return lab_nl_flush(&k->nl, NULL, err);
}

/* One end of a veth that is in a host; its index is noted. */
static struct lab_link_end host_end(const struct lab_keeper *k, uint32_t host, uint32_t iface,
				    bool near)
{
	const struct lab_iface *i = &k->topo->hosts[host].ifaces[iface];
	struct lab_klink *link = &k->hosts[host].links[iface];

	link->ifindex = lab_keeper_ifindex(iface, near);
	/* Nothing that is up can become a port of a bond or a team. */
	link->up = near && i->master == LAB_IFACE_NONE;
	return (struct lab_link_end){
		.netns = lab_khost_space(&k->hosts[host], i->netns)->netns,
		.ifindex = link->ifindex,
		.name = i->name,
		.mac = i->mac,
		.mtu_bytes = i->mtu_bytes,
		.up = link->up,
	};
}

static int op_veth(struct apply *a, const struct lab_op *op, struct lab_err *err)
{
	struct lab_keeper *k = a->k;
	struct lab_link_end near, far;
	int r = need_place(a, op->peer_host, op->peer_iface, err);

	if (r < 0)
		return r;
	near = host_end(k, op->host, op->iface, true);
	far = host_end(k, op->peer_host, op->peer_iface, false);
	lab_link_add_veth(&k->nl, &near, &far);
	return lab_nl_flush(&k->nl, NULL, err);
}

static int op_port(struct lab_keeper *k, const struct lab_op *op, struct lab_err *err)
{
	struct lab_link_end far = host_end(k, op->host, op->iface, false),
			    port = { .netns = -1, .up = true };
	uint8_t mac[LAB_MAC_LEN];
	char name[LAB_IFNAME_LEN];

	port.ifindex = switch_ifindex(k);
	port.master = *bridge_of(k, op);
	port.mtu_bytes = far.mtu_bytes;
	(void)snprintf(name, sizeof(name), "p%u.%u", op->host % 1000000, op->iface % 1000);
	switch_mac(port.ifindex, mac);
	port.name = name;
	port.mac = mac;
	lab_link_add_veth(&k->nl, &port, &far);
	return lab_nl_flush(&k->nl, NULL, err);
}

int lab_keeper_make_port(struct lab_keeper *k, uint32_t host, uint32_t iface, struct lab_err *err)
{
	const struct lab_iface *i = &k->topo->hosts[host].ifaces[iface];
	const struct lab_op op = {
		.kind = LAB_OP_PORT,
		.host = host,
		.iface = iface,
		.network = (uint32_t)i->network,
		.bridge = i->port / LAB_BRIDGE_PORTS,
	};
	uint32_t end = i->network + 1 < k->topo->n_networks ? k->bridge_base[i->network + 1]
							    : k->n_bridges;

	if (k->bridge_base[i->network] + op.bridge >= end)
		return lab_err_set(err, ENOSPC, "network \"%s\" has no port left",
				   k->topo->networks[i->network].label);
	return op_port(k, &op, err);
}

/* Is it an interface of this namespace that op_config() has to look after? */
static bool config_wants(const struct lab_host *h, size_t i, uint32_t netns)
{
	return h->ifaces[i].netns == netns && lab_iface_is_real(&h->ifaces[i]);
}

/* Which of the requests of op_config() was refused, in the user's words. */
static int explain_config(const struct lab_host *h, const struct lab_khost *kh, uint32_t netns,
			  size_t failed, int r, struct lab_err *err)
{
	char addr[LAB_ADDR_STRLEN], via[LAB_ADDR_STRLEN];

	if (failed-- == 0)
		return lab_err_prefix(err, r, "host %s: set lo up: ", h->id);
	for (size_t i = 0; i < h->n_ifaces; i++) {
		const struct lab_iface *f = &h->ifaces[i];

		if (!config_wants(h, i, netns))
			continue;
		if (failed < f->n_addrs)
			return lab_err_prefix(err, lab_err_at(err, r, &f->src),
					      "host %s: address %s on %s: ", h->id,
					      lab_addr_format(&f->addrs[failed], true, addr),
					      f->name);
		failed -= f->n_addrs;
		if (!kh->links[i].up && failed-- == 0)
			return lab_err_prefix(err, lab_err_at(err, r, &f->src),
					      "host %s: set %s up: ", h->id, f->name);
	}
	for (size_t i = 0; i < h->n_routes; i++)
		if (lab_topo_route_netns(h, &h->routes[i]) == netns && failed-- == 0)
			return lab_err_prefix(err, lab_err_at(err, r, &h->routes[i].src),
					      "host %s: route to %s via %s: ", h->id,
					      lab_addr_format(&h->routes[i].dst, true, addr),
					      lab_addr_format(&h->routes[i].via, false, via));
	return lab_err_prefix(err, r, "host %s: ", h->id);
}

/* One interface: its addresses, then up, if it was not born so. Returns the number of requests. */
static size_t config_iface(struct lab_nl *nl, const struct lab_host *h, const struct lab_khost *kh,
			   size_t i)
{
	const struct lab_iface *f = &h->ifaces[i];

	for (size_t a = 0; a < f->n_addrs; a++)
		lab_link_add_addr(nl, kh->links[i].ifindex, &f->addrs[a]);
	if (kh->links[i].up)
		return f->n_addrs;
	lab_link_up(nl, kh->links[i].ifindex);
	return f->n_addrs + 1;
}

/* Each namespace is visited once: one socket there, one batch, one answer. */
static int op_config(struct lab_keeper *k, const struct lab_op *op, struct lab_err *err)
{
	const struct lab_host *h = &k->topo->hosts[op->host];
	struct lab_khost *kh = &k->hosts[op->host];
	size_t failed = SIZE_MAX, sent = 0, n = 1;
	int r = lab_nl_enter(&k->conf, lab_khost_space(kh, op->netns)->netns, k->home, err);

	if (r < 0)
		return lab_err_prefix(err, r, "host %s: ", h->id);
	lab_link_up(&k->conf, LO_IFINDEX);
	for (size_t i = 0; i < h->n_ifaces && r == 0; i++) {
		if (!config_wants(h, i, op->netns))
			continue;
		n += config_iface(&k->conf, h, kh, i);
		/* 64 addresses with their headers fit into the room that is kept. */
		if (lab_nl_room(&k->conf) < NETLINK_ROOM * 2) {
			r = lab_nl_flush(&k->conf, &failed, err);
			sent = r == 0 ? n : sent;
		}
	}
	for (size_t i = 0; i < h->n_routes && r == 0; i++) {
		if (lab_topo_route_netns(h, &h->routes[i]) != op->netns)
			continue;
		lab_link_add_route(&k->conf, &h->routes[i].dst, &h->routes[i].via);
		n++;
		if (lab_nl_room(&k->conf) < NETLINK_ROOM) {
			r = lab_nl_flush(&k->conf, &failed, err);
			sent = r == 0 ? n : sent;
		}
	}
	if (r == 0)
		r = lab_nl_flush(&k->conf, &failed, err);
	return r < 0 ? explain_config(h, kh, op->netns, failed == SIZE_MAX ? failed : sent + failed,
				      r, err)
		     : 0;
}

static int op_bridge_up(struct lab_keeper *k, const struct lab_op *op, struct lab_err *err)
{
	lab_link_up(&k->nl, *bridge_of(k, op));
	return lab_nl_flush(&k->nl, NULL, err);
}

int lab_keeper_need_agents(struct lab_keeper *k, uint32_t host, struct lab_err *err)
{
	uint64_t deadline = lab_loop_now_us() + HOST_WAIT_US;
	int r = lab_keeper_engine_begin(k, host, err);

	for (unsigned int n = 0; n <= k->topo->hosts[host].n_netns && r == 0; n++) {
		const struct lab_khost *space = lab_khost_space(&k->hosts[host], n);

		while (space->state != LAB_HOST_RUNNING && r == 0)
			r = lab_keeper_wait(k, deadline, "an agent to say hello", err);
	}
	return r;
}

/* Say which link or network of the recipe a refusal is about. */
static int explain_link(const struct lab_keeper *k, const struct lab_op *op, int r,
			struct lab_err *err)
{
	const struct lab_topo *t = k->topo;
	const struct lab_host *h = &t->hosts[op->host], *p = &t->hosts[op->peer_host];

	switch (op->kind) {
	case LAB_OP_VETH:
		(void)lab_err_at(err, r, &h->ifaces[op->iface].src);
		return lab_err_prefix(err, r, "link %s:%s - %s:%s: ", h->id,
				      h->ifaces[op->iface].name, p->id,
				      p->ifaces[op->peer_iface].name);
	case LAB_OP_PORT:
		(void)lab_err_at(err, r, &h->ifaces[op->iface].src);
		return lab_err_prefix(err, r, "link %s:%s to network \"%s\": ", h->id,
				      h->ifaces[op->iface].name, t->networks[op->network].label);
	case LAB_OP_BRIDGE:
	case LAB_OP_TRUNK:
	case LAB_OP_BRIDGE_UP:
		(void)lab_err_at(err, r, &t->networks[op->network].src);
		return lab_err_prefix(err, r,
				      "bridge of network \"%s\": ", t->networks[op->network].label);
	case LAB_OP_DEVICE:
	case LAB_OP_NETEM:
		(void)lab_err_at(err, r, &h->ifaces[op->iface].src);
		return lab_err_prefix(err, r, "host %s: %s %s: ", h->id,
				      op->kind == LAB_OP_NETEM
					      ? "netem on"
					      : lab_iface_kind_name(&h->ifaces[op->iface]),
				      h->ifaces[op->iface].id);
	case LAB_OP_SWITCH:
	case LAB_OP_HOST:
	case LAB_OP_NETNS:
	case LAB_OP_CONFIG:
	case LAB_OP_AGENT:
	case LAB_OP_KIND_MAX_:
		break;
	}
	return r;
}

static int apply_op(struct apply *a, const struct lab_op *op, struct lab_err *err)
{
	struct lab_keeper *k = a->k;
	int r = 0;

	switch (op->kind) {
	case LAB_OP_SWITCH:
		return op_switch(k, err);
	case LAB_OP_HOST:
		return 0; /* asked for ahead by the pump */
	case LAB_OP_BRIDGE:
		r = op_bridge(k, op, err);
		break;
	case LAB_OP_TRUNK:
		r = op_trunk(k, op, err);
		break;
	case LAB_OP_NETNS:
		return need_netns(a, op->host, op->netns, err);
	case LAB_OP_VETH:
		r = need_place(a, op->host, op->iface, err);
		if (r < 0)
			return r;
		r = op_veth(a, op, err);
		break;
	case LAB_OP_PORT:
		r = need_place(a, op->host, op->iface, err);
		if (r < 0)
			return r;
		r = op_port(k, op, err);
		break;
	case LAB_OP_CONFIG:
		r = need_netns(a, op->host, op->netns, err);
		if (r == 0)
			r = op_config(k, op, err);
		/* With all its links, before its first instruction. */
		return r < 0 ? r : lab_keeper_engine_begin(k, op->host, err);
	case LAB_OP_DEVICE:
		r = need_place(a, op->host, op->iface, err);
		if (r < 0)
			return r;
		r = lab_device_make(k, op->host, op->iface, err);
		break;
	case LAB_OP_NETEM:
		r = lab_device_netem(k, op->host, op->iface, err);
		break;
	case LAB_OP_BRIDGE_UP:
		r = op_bridge_up(k, op, err);
		break;
	case LAB_OP_AGENT:
		return lab_keeper_need_agents(k, op->host, err);
	case LAB_OP_KIND_MAX_:
		return -EINVAL;
	}
	return r < 0 && !k->failed ? explain_link(k, op, r, err) : r;
}

static int prepare(struct lab_keeper *k, struct lab_err *err)
{
	const struct lab_topo *t = k->topo;
	uint32_t n = 0;

	k->next_ifindex = FIRST_SWITCH_IFINDEX;
	k->bridge_base = calloc(t->n_networks + 1, sizeof(*k->bridge_base));
	for (size_t i = 0; k->bridge_base && i < t->n_networks; i++) {
		k->bridge_base[i] = n;
		n += lab_plan_bridges(&t->networks[i]);
	}
	k->n_bridges = n;
	k->bridges = calloc((size_t)n + 1, sizeof(*k->bridges));
	if (!k->bridges || !k->bridge_base)
		return lab_err_errno(err, ENOMEM, "bridges");
	k->home = openat(k->proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	if (k->home < 0)
		return lab_err_errno(err, errno, "open the switch namespace");
	return lab_nl_open(&k->nl, err);
}

/* Between operations the loop may not run for long, and a keeper whose command was killed must end at once. */
static bool told_to_end(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGTERM) == 1;
}

int lab_keeper_apply(struct lab_keeper *k, uint64_t ret_phase_us[LAB_PHASE_MAX_],
		     struct lab_err *err)
{
	struct apply a = { .k = k };
	uint64_t start = lab_loop_now_us(), agents = 0, end;
	int r = prepare(k, err);

	k->spawning = true;
	if (r == 0 && k->engine)
		r = lab_keeper_engine_setup(k, err);
	if (r == 0)
		r = lab_keeper_spawner_pump(k, err);
	for (size_t i = 0; i < k->plan->n_ops && r == 0; i++) {
		if (told_to_end())
			lab_keeper_end(k);
		if (k->plan->ops[i].kind == LAB_OP_AGENT && !agents)
			agents = lab_loop_now_us();
		r = apply_op(&a, &k->plan->ops[i], err);
	}
	end = lab_loop_now_us();
	agents = agents ? agents : end;
	ret_phase_us[LAB_PHASE_HOSTS] = a.wait_us;
	ret_phase_us[LAB_PHASE_LINKS] = agents - start - a.wait_us;
	ret_phase_us[LAB_PHASE_AGENTS] = end - agents;
	return r;
}
