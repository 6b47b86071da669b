/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_text.c - a plan as text for people, and as JSON */
#include "netlab/base/util.h"
#include "netlab/topo/internal.h"
#include "netlab/topo/plan.h"

enum { UNDO_LEN = 192 };

enum field {
	FIELD_HOST = 1 << 0,
	FIELD_IFACE = 1 << 1,
	FIELD_PEER = 1 << 2,
	FIELD_NETWORK = 1 << 3,
	FIELD_BRIDGE = 1 << 4,
	FIELD_NEXT_BRIDGE = 1 << 5,
	FIELD_NETNS = 1 << 6,
	FIELD_KIND = 1 << 7,
};

/* What the inverse of an operation is about. */
enum object { OBJECT_NONE, OBJECT_HOST, OBJECT_NETNS, OBJECT_IFACE, OBJECT_BRIDGE };

static const struct op_kind {
	const char *name;
	unsigned int fields; /* which are used */
	const char *undo;    /* with the object behind it */
	enum object object;
} kinds[LAB_OP_KIND_MAX_] = {
	[LAB_OP_SWITCH] = { "switch", 0, "drop the switch namespace", OBJECT_NONE },
	[LAB_OP_BRIDGE] = { "bridge", FIELD_NETWORK | FIELD_BRIDGE, "delete bridge ",
			    OBJECT_BRIDGE },
	[LAB_OP_TRUNK] = { "trunk", FIELD_NETWORK | FIELD_BRIDGE | FIELD_NEXT_BRIDGE,
			   "delete the trunk from ", OBJECT_BRIDGE },
	[LAB_OP_HOST] = { "host", FIELD_HOST, "kill ", OBJECT_HOST },
	[LAB_OP_NETNS] = { "netns", FIELD_HOST | FIELD_NETNS, "drop network namespace ",
			   OBJECT_NETNS },
	[LAB_OP_VETH] = { "veth", FIELD_HOST | FIELD_IFACE | FIELD_PEER | FIELD_NETWORK,
			  "delete link ", OBJECT_IFACE },
	[LAB_OP_PORT] = { "port", FIELD_HOST | FIELD_IFACE | FIELD_NETWORK | FIELD_BRIDGE,
			  "delete link ", OBJECT_IFACE },
	[LAB_OP_DEVICE] = { "device", FIELD_HOST | FIELD_IFACE | FIELD_KIND, "delete ",
			    OBJECT_IFACE },
	[LAB_OP_NETEM] = { "netem", FIELD_HOST | FIELD_IFACE, "delete the root qdisc of ",
			   OBJECT_IFACE },
	[LAB_OP_CONFIG] = { "config", FIELD_HOST | FIELD_NETNS,
			    "take links down and flush addresses of ", OBJECT_NETNS },
	[LAB_OP_BRIDGE_UP] = { "bridge-up", FIELD_NETWORK | FIELD_BRIDGE, "take down ",
			       OBJECT_BRIDGE },
	[LAB_OP_AGENT] = { "agent", FIELD_HOST, "stop the agent of ", OBJECT_HOST },
};

const char *lab_op_name(enum lab_op_kind kind)
{
	return kinds[kind].name;
}

static const struct lab_host *host_of(const struct lab_plan *plan, uint32_t host)
{
	return &plan->topo->hosts[host];
}

static const struct lab_iface *iface_of(const struct lab_plan *plan, uint32_t host, uint32_t iface)
{
	return &plan->topo->hosts[host].ifaces[iface];
}

/* An operation on an interface need not name the network: the interface does. NULL: it is in none. */
static const struct lab_network *network_of(const struct lab_plan *plan, const struct lab_op *op)
{
	size_t network = op->network;

	if (kinds[op->kind].fields & FIELD_IFACE)
		network = iface_of(plan, op->host, op->iface)->network;
	return network == LAB_NETWORK_NONE ? NULL : &plan->topo->networks[network];
}

/* "h1", or "h1 netns blue". */
static void name_netns(const struct lab_plan *plan, const struct lab_op *op, char *buf, size_t size)
{
	const struct lab_host *host = host_of(plan, op->host);

	if (op->netns)
		(void)snprintf(buf, size, "%s netns %s", host->id, host->netns[op->netns - 1]);
	else
		(void)snprintf(buf, size, "%s", host->id);
}

static void undo_text(const struct lab_plan *plan, const struct lab_op *op, char buf[UNDO_LEN])
{
	const struct op_kind *kind = &kinds[op->kind];
	char bridge[LAB_IFNAME_LEN], netns[LAB_TOPO_ID_MAX + LAB_NETNS_LEN + 8];

	switch (kind->object) {
	case OBJECT_NONE:
		(void)snprintf(buf, UNDO_LEN, "%s", kind->undo);
		break;
	case OBJECT_HOST:
		(void)snprintf(buf, UNDO_LEN, "%s%s", kind->undo, host_of(plan, op->host)->id);
		break;
	case OBJECT_NETNS:
		name_netns(plan, op, netns, sizeof(netns));
		(void)snprintf(buf, UNDO_LEN, "%s%s", kind->undo, netns);
		break;
	case OBJECT_IFACE:
		(void)snprintf(buf, UNDO_LEN, "%s%s:%s", kind->undo, host_of(plan, op->host)->id,
			       iface_of(plan, op->host, op->iface)->name);
		break;
	case OBJECT_BRIDGE:
		lab_plan_bridge_name(op->network, op->bridge, bridge);
		(void)snprintf(buf, UNDO_LEN, "%s%s", kind->undo, bridge);
		break;
	}
}

/* --- text --- */

static void put_network(struct lab_strbuf *sb, const struct lab_network *net)
{
	char q[LAB_TOPO_QUOTE_LEN];

	lab_strbuf_printf(sb, "  network \"%s\"", lab_topo_quote(net->label, q));
}

static void put_end(struct lab_strbuf *sb, const struct lab_host *host,
		    const struct lab_iface *iface)
{
	lab_strbuf_printf(sb, "%s:%s", host->id, iface->name);
}

static void put_mac(struct lab_strbuf *sb, const struct lab_iface *iface)
{
	char mac[LAB_MAC_STRLEN];

	lab_strbuf_printf(sb, " %s", lab_mac_format(iface->mac, mac));
}

static unsigned int mtu_of(const struct lab_iface *iface)
{
	return iface->mtu_bytes ? iface->mtu_bytes : LAB_TOPO_MTU_DEFAULT;
}

static void put_host(struct lab_strbuf *sb, const struct lab_host *host)
{
	char limits[LAB_LIMITS_FORMAT_LEN];

	lab_strbuf_puts(sb, host->id);
	if (host->backend)
		lab_strbuf_printf(sb, "  backend %s", host->backend);
	if (host->image)
		lab_strbuf_printf(sb, "  image %s", host->image);
	if (*lab_limits_format(&host->limits, limits))
		lab_strbuf_printf(sb, "  %s", limits);
}

static void put_veth(struct lab_strbuf *sb, const struct lab_plan *plan, const struct lab_op *op)
{
	const struct lab_iface *near = iface_of(plan, op->host, op->iface);
	const struct lab_iface *far = iface_of(plan, op->peer_host, op->peer_iface);

	put_end(sb, host_of(plan, op->host), near);
	lab_strbuf_puts(sb, " <-> ");
	put_end(sb, host_of(plan, op->peer_host), far);
	lab_strbuf_puts(sb, "  mac");
	put_mac(sb, near);
	put_mac(sb, far);
	lab_strbuf_printf(sb, "  mtu %u", mtu_of(near));
	if (mtu_of(near) != mtu_of(far))
		lab_strbuf_printf(sb, " %u", mtu_of(far));
}

static void put_port(struct lab_strbuf *sb, const struct lab_plan *plan, const struct lab_op *op)
{
	const struct lab_iface *iface = iface_of(plan, op->host, op->iface);
	char bridge[LAB_IFNAME_LEN];

	lab_plan_bridge_name(op->network, op->bridge, bridge);
	put_end(sb, host_of(plan, op->host), iface);
	lab_strbuf_printf(sb, " <-> %s  mac", bridge);
	put_mac(sb, iface);
	lab_strbuf_printf(sb, "  mtu %u", mtu_of(iface));
}

static void put_options(struct lab_strbuf *sb, const struct lab_option *options, size_t n)
{
	char q[LAB_TOPO_QUOTE_LEN];
	size_t i;

	for (i = 0; i < n; i++)
		lab_strbuf_printf(sb, " %s=\"%s\"", options[i].name,
				  lab_topo_quote(options[i].value, q));
}

static void put_device(struct lab_strbuf *sb, const struct lab_host *host,
		       const struct lab_iface *iface)
{
	size_t i;

	put_end(sb, host, iface);
	lab_strbuf_printf(sb, "  %s", lab_iface_kind_name(iface));
	put_options(sb, iface->options, iface->n_options);
	for (i = 0; i < iface->n_slaves; i++) {
		lab_strbuf_printf(sb, "%s%s", i ? " " : "  on ",
				  host->ifaces[iface->slaves[i].iface].name);
		put_options(sb, iface->slaves[i].options, iface->slaves[i].n_options);
	}
	if (iface->mac_given) {
		lab_strbuf_puts(sb, "  mac");
		put_mac(sb, iface);
	}
	if (iface->mtu_bytes)
		lab_strbuf_printf(sb, "  mtu %u", iface->mtu_bytes);
	if (iface->netns)
		lab_strbuf_printf(sb, "  netns %s", host->netns[iface->netns - 1]);
}

static void put_netem(struct lab_strbuf *sb, const struct lab_host *host,
		      const struct lab_iface *iface)
{
	put_end(sb, host, iface);
	lab_strbuf_putc(sb, ' ');
	put_options(sb, iface->netem, iface->n_netem);
}

static void put_config(struct lab_strbuf *sb, const struct lab_plan *plan, const struct lab_op *op)
{
	const struct lab_host *host = host_of(plan, op->host);
	char text[LAB_ADDR_STRLEN], via[LAB_ADDR_STRLEN],
		netns[LAB_TOPO_ID_MAX + LAB_NETNS_LEN + 8];
	size_t i, a;

	name_netns(plan, op, netns, sizeof(netns));
	lab_strbuf_printf(sb, "%s  lo", netns);
	for (i = 0; i < host->n_ifaces; i++) {
		if (host->ifaces[i].netns != op->netns || !lab_iface_is_real(&host->ifaces[i]))
			continue;
		lab_strbuf_printf(sb, "  %s", host->ifaces[i].name);
		for (a = 0; a < host->ifaces[i].n_addrs; a++)
			lab_strbuf_printf(sb, " %s",
					  lab_addr_format(&host->ifaces[i].addrs[a], true, text));
	}
	for (i = 0; i < host->n_routes; i++) {
		if (lab_topo_route_netns(host, &host->routes[i]) == op->netns)
			lab_strbuf_printf(sb, "  route %s via %s",
					  lab_addr_format(&host->routes[i].dst, true, text),
					  lab_addr_format(&host->routes[i].via, false, via));
	}
	if (host->forwarding)
		lab_strbuf_puts(sb, "  forwarding");
}

static void put_bridge(struct lab_strbuf *sb, const struct lab_plan *plan, const struct lab_op *op)
{
	char name[LAB_IFNAME_LEN];

	lab_plan_bridge_name(op->network, op->bridge, name);
	lab_strbuf_puts(sb, name);
	if (kinds[op->kind].fields & FIELD_NEXT_BRIDGE) {
		lab_plan_bridge_name(op->network, op->bridge + 1, name);
		lab_strbuf_printf(sb, " <-> %s", name);
	}
	put_network(sb, network_of(plan, op));
}

void lab_plan_describe(const struct lab_plan *plan, size_t i, struct lab_strbuf *sb)
{
	const struct lab_op *op = &plan->ops[i];
	char undo[UNDO_LEN];

	lab_strbuf_printf(sb, "%-10s", lab_op_name(op->kind));
	switch (op->kind) {
	case LAB_OP_SWITCH:
		lab_strbuf_puts(sb, "a namespace for all bridges");
		break;
	case LAB_OP_BRIDGE:
	case LAB_OP_TRUNK:
	case LAB_OP_BRIDGE_UP:
		put_bridge(sb, plan, op);
		break;
	case LAB_OP_HOST:
		put_host(sb, host_of(plan, op->host));
		break;
	case LAB_OP_AGENT:
		lab_strbuf_puts(sb, host_of(plan, op->host)->id);
		break;
	case LAB_OP_VETH:
		put_veth(sb, plan, op);
		break;
	case LAB_OP_PORT:
		put_port(sb, plan, op);
		break;
	case LAB_OP_NETNS:
		lab_strbuf_printf(sb, "%s:%s", host_of(plan, op->host)->id,
				  host_of(plan, op->host)->netns[op->netns - 1]);
		break;
	case LAB_OP_DEVICE:
		put_device(sb, host_of(plan, op->host), iface_of(plan, op->host, op->iface));
		break;
	case LAB_OP_NETEM:
		put_netem(sb, host_of(plan, op->host), iface_of(plan, op->host, op->iface));
		break;
	case LAB_OP_CONFIG:
		put_config(sb, plan, op);
		break;
	case LAB_OP_KIND_MAX_:
		break;
	}
	undo_text(plan, op, undo);
	lab_strbuf_printf(sb, "  [undo: %s]", undo);
}

/* --- JSON --- */

static int set_string(json_t *obj, const char *key, const char *value)
{
	return json_object_set_new(obj, key, json_string(value));
}

static int set_bridge(json_t *obj, const char *key, uint32_t network, uint32_t bridge)
{
	char name[LAB_IFNAME_LEN];

	lab_plan_bridge_name(network, bridge, name);
	return set_string(obj, key, name);
}

static json_t *op_to_json(const struct lab_plan *plan, const struct lab_op *op)
{
	const unsigned int fields = kinds[op->kind].fields;
	json_t *obj = json_object();
	char undo[UNDO_LEN];
	int r;

	r = set_string(obj, "op", lab_op_name(op->kind));
	if (fields & FIELD_HOST)
		r |= set_string(obj, "host", host_of(plan, op->host)->id);
	if (fields & FIELD_IFACE)
		r |= set_string(obj, "iface", iface_of(plan, op->host, op->iface)->name);
	if (fields & FIELD_PEER) {
		r |= set_string(obj, "peer_host", host_of(plan, op->peer_host)->id);
		r |= set_string(obj, "peer_iface",
				iface_of(plan, op->peer_host, op->peer_iface)->name);
	}
	if ((fields & FIELD_NETNS) && op->netns)
		r |= set_string(obj, "netns", host_of(plan, op->host)->netns[op->netns - 1]);
	if (fields & FIELD_KIND)
		r |= set_string(obj, "kind",
				lab_iface_kind_name(iface_of(plan, op->host, op->iface)));
	if ((fields & FIELD_NETWORK) && network_of(plan, op))
		r |= set_string(obj, "network", network_of(plan, op)->label);
	if (fields & FIELD_BRIDGE)
		r |= set_bridge(obj, "bridge", op->network, op->bridge);
	if (fields & FIELD_NEXT_BRIDGE)
		r |= set_bridge(obj, "next_bridge", op->network, op->bridge + 1);
	undo_text(plan, op, undo);
	r |= set_string(obj, "undo", undo);
	if (r < 0) {
		json_decref(obj);
		return NULL;
	}
	return obj;
}

json_t *lab_plan_to_json(const struct lab_plan *plan)
{
	cleanup_json json_t *ops = json_array();
	size_t i;

	for (i = 0; i < plan->n_ops; i++) {
		if (json_array_append_new(ops, op_to_json(plan, &plan->ops[i])) < 0)
			return NULL;
	}
	return take_ptr(&ops);
}
