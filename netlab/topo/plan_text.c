/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_text.c - a plan as text for people, and as JSON */
#include "netlab/base/util.h"
#include "netlab/topo/internal.h"
#include "netlab/topo/plan.h"

enum { UNDO_LEN = 128 };

enum field {
	FIELD_HOST = 1 << 0,
	FIELD_IFACE = 1 << 1,
	FIELD_PEER = 1 << 2,
	FIELD_NETWORK = 1 << 3,
	FIELD_BRIDGE = 1 << 4,
	FIELD_NEXT_BRIDGE = 1 << 5,
};

/* What the inverse of an operation is about. */
enum object { OBJECT_NONE, OBJECT_HOST, OBJECT_IFACE, OBJECT_BRIDGE };

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
	[LAB_OP_VETH] = { "veth", FIELD_HOST | FIELD_IFACE | FIELD_PEER | FIELD_NETWORK,
			  "delete link ", OBJECT_IFACE },
	[LAB_OP_PORT] = { "port", FIELD_HOST | FIELD_IFACE | FIELD_NETWORK | FIELD_BRIDGE,
			  "delete link ", OBJECT_IFACE },
	[LAB_OP_CONFIG] = { "config", FIELD_HOST, "take links down and flush addresses of ",
			    OBJECT_HOST },
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

/* An operation on an interface need not name the network: the interface does. */
static const struct lab_network *network_of(const struct lab_plan *plan, const struct lab_op *op)
{
	size_t network = op->network;

	if (kinds[op->kind].fields & FIELD_IFACE)
		network = iface_of(plan, op->host, op->iface)->network;
	return &plan->topo->networks[network];
}

static void undo_text(const struct lab_plan *plan, const struct lab_op *op, char buf[UNDO_LEN])
{
	const struct op_kind *kind = &kinds[op->kind];
	char bridge[LAB_IFNAME_LEN];

	switch (kind->object) {
	case OBJECT_NONE:
		(void)snprintf(buf, UNDO_LEN, "%s", kind->undo);
		break;
	case OBJECT_HOST:
		(void)snprintf(buf, UNDO_LEN, "%s%s", kind->undo, host_of(plan, op->host)->id);
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

static void put_config(struct lab_strbuf *sb, const struct lab_host *host)
{
	char text[LAB_ADDR_STRLEN], via[LAB_ADDR_STRLEN];
	size_t i, a;

	lab_strbuf_printf(sb, "%s  lo", host->id);
	for (i = 0; i < host->n_ifaces; i++) {
		lab_strbuf_printf(sb, "  %s", host->ifaces[i].name);
		for (a = 0; a < host->ifaces[i].n_addrs; a++)
			lab_strbuf_printf(sb, " %s",
					  lab_addr_format(&host->ifaces[i].addrs[a], true, text));
	}
	for (i = 0; i < host->n_routes; i++)
		lab_strbuf_printf(sb, "  route %s via %s",
				  lab_addr_format(&host->routes[i].dst, true, text),
				  lab_addr_format(&host->routes[i].via, false, via));
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
	case LAB_OP_CONFIG:
		put_config(sb, host_of(plan, op->host));
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
	if (fields & FIELD_NETWORK)
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
