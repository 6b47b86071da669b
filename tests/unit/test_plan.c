/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_plan.c - plans, compared byte by byte */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlab/topo/plan.h"

/* A topology with hosts h0, h1, ... */
static struct lab_topo *new_topo(size_t n_hosts)
{
	struct lab_topo *topo;
	char id[32];
	size_t i, host;

	assert_int_equal(lab_topo_new("test", &topo), 0);
	for (i = 0; i < n_hosts; i++) {
		(void)snprintf(id, sizeof(id), "h%zu", i);
		assert_int_equal(lab_topo_add_host(topo, id, NULL, &host, NULL), 0);
	}
	return topo;
}

static struct lab_iface *join(struct lab_topo *topo, size_t host, const char *label)
{
	struct lab_iface *iface;
	char id[32];

	(void)snprintf(id, sizeof(id), "eth%zu", topo->hosts[host].n_ifaces);
	assert_int_equal(lab_topo_add_iface(topo, host, id, label, NULL, &iface, NULL), 0);
	iface->auto_addrs = true;
	return iface;
}

static struct lab_plan *plan(struct lab_topo *topo)
{
	struct lab_plan *p;

	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	assert_int_equal(lab_plan_new(topo, &p), 0);
	assert_ptr_equal(p->topo, topo);
	return p;
}

static struct lab_topo *ring(size_t n)
{
	struct lab_topo *topo = new_topo(n);
	char label[32];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)snprintf(label, sizeof(label), "n%zu", i);
		(void)join(topo, i, label);
		(void)join(topo, (i + 1) % n, label);
	}
	return topo;
}

static struct lab_topo *star(size_t n)
{
	struct lab_topo *topo = new_topo(n);
	size_t i;

	for (i = 0; i < n; i++)
		(void)join(topo, i, "lan");
	return topo;
}

static void release(struct lab_topo *topo, struct lab_plan *p)
{
	lab_plan_free(p);
	lab_topo_free(topo);
}

/* Byte by byte: what an operation does not use is zero. */
static void assert_ops(const struct lab_plan *p, const struct lab_op *ops, size_t n)
{
	size_t i;

	for (i = 0; i < LAB_MIN(n, p->n_ops); i++) {
		if (memcmp(&p->ops[i], &ops[i], sizeof(*ops)) != 0)
			fail_msg("operation %zu is %s, not %s, or its operands differ", i,
				 lab_op_name(p->ops[i].kind), lab_op_name(ops[i].kind));
	}
	assert_int_equal(p->n_ops, n);
}

static void assert_text(const struct lab_plan *p, const char *want)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;

	for (i = 0; i < p->n_ops; i++) {
		lab_plan_describe(p, i, &sb);
		lab_strbuf_putc(&sb, '\n');
	}
	assert_int_equal(sb.error, 0);
	assert_string_equal(lab_strbuf_str(&sb), want);
	lab_strbuf_fini(&sb);
}

static void an_empty_topology_needs_nothing(void **state)
{
	struct lab_topo *topo = new_topo(0);
	struct lab_plan *p = plan(topo);

	(void)state;
	assert_int_equal(p->n_ops, 0);
	release(topo, p);
}

static void a_pair_is_one_veth(void **state)
{
	static const struct lab_op want[] = {
		{ .kind = LAB_OP_HOST, .host = 0 },
		{ .kind = LAB_OP_HOST, .host = 1 },
		{ .kind = LAB_OP_VETH, .host = 0, .iface = 0, .peer_host = 1, .peer_iface = 0 },
		{ .kind = LAB_OP_CONFIG, .host = 0 },
		{ .kind = LAB_OP_CONFIG, .host = 1 },
		{ .kind = LAB_OP_AGENT, .host = 0 },
		{ .kind = LAB_OP_AGENT, .host = 1 },
	};
	struct lab_topo *topo = star(2);
	struct lab_plan *p = plan(topo);

	(void)state;
	assert_ops(p, want, LAB_ARRAY_SIZE(want));
	assert_text(
		p,
		"host      h0  [undo: kill h0]\n"
		"host      h1  [undo: kill h1]\n"
		"veth      h0:eth0 <-> h1:eth0  mac 52:54:01:00:00:01 52:54:01:00:00:02  mtu 1500"
		"  [undo: delete link h0:eth0]\n"
		"config    h0  lo  eth0 10.0.0.1/24 fd00:6e65:746c::1/64"
		"  [undo: take links down and flush addresses of h0]\n"
		"config    h1  lo  eth0 10.0.0.2/24 fd00:6e65:746c::2/64"
		"  [undo: take links down and flush addresses of h1]\n"
		"agent     h0  [undo: stop the agent of h0]\n"
		"agent     h1  [undo: stop the agent of h1]\n");
	release(topo, p);
}

static void a_ring_configures_each_host_after_its_last_link(void **state)
{
	static const struct lab_op want[] = {
		{ .kind = LAB_OP_HOST, .host = 0 },   { .kind = LAB_OP_HOST, .host = 1 },
		{ LAB_OP_VETH, 0, 0, 1, 0, 0, 0, 0 }, { .kind = LAB_OP_HOST, .host = 2 },
		{ LAB_OP_VETH, 1, 1, 2, 0, 0, 0, 0 }, { .kind = LAB_OP_CONFIG, .host = 1 },
		{ .kind = LAB_OP_HOST, .host = 3 },   { LAB_OP_VETH, 2, 1, 3, 0, 0, 0, 0 },
		{ .kind = LAB_OP_CONFIG, .host = 2 }, { LAB_OP_VETH, 0, 1, 3, 1, 0, 0, 0 },
		{ .kind = LAB_OP_CONFIG, .host = 0 }, { .kind = LAB_OP_CONFIG, .host = 3 },
		{ .kind = LAB_OP_AGENT, .host = 0 },  { .kind = LAB_OP_AGENT, .host = 1 },
		{ .kind = LAB_OP_AGENT, .host = 2 },  { .kind = LAB_OP_AGENT, .host = 3 },
	};
	struct lab_topo *topo = ring(4);
	struct lab_plan *p = plan(topo);

	(void)state;
	assert_ops(p, want, LAB_ARRAY_SIZE(want));
	release(topo, p);
}

static void three_ports_are_a_bridge(void **state)
{
	static const struct lab_op want[] = {
		{ .kind = LAB_OP_SWITCH },
		{ .kind = LAB_OP_BRIDGE, .network = 0, .bridge = 0 },
		{ .kind = LAB_OP_HOST, .host = 0 },
		{ .kind = LAB_OP_PORT, .host = 0, .iface = 0, .network = 0, .bridge = 0 },
		{ .kind = LAB_OP_CONFIG, .host = 0 },
		{ .kind = LAB_OP_HOST, .host = 1 },
		{ .kind = LAB_OP_PORT, .host = 1, .iface = 0, .network = 0, .bridge = 0 },
		{ .kind = LAB_OP_CONFIG, .host = 1 },
		{ .kind = LAB_OP_HOST, .host = 2 },
		{ .kind = LAB_OP_PORT, .host = 2, .iface = 0, .network = 0, .bridge = 0 },
		{ .kind = LAB_OP_CONFIG, .host = 2 },
		{ .kind = LAB_OP_BRIDGE_UP, .network = 0, .bridge = 0 },
		{ .kind = LAB_OP_AGENT, .host = 0 },
		{ .kind = LAB_OP_AGENT, .host = 1 },
		{ .kind = LAB_OP_AGENT, .host = 2 },
	};
	struct lab_topo *topo = star(3);
	struct lab_plan *p;

	(void)state;
	topo->hosts[1].ifaces[0].mtu_bytes = 9000;
	p = plan(topo);
	assert_ops(p, want, LAB_ARRAY_SIZE(want));
	assert_text(p, "switch    a namespace for all bridges  [undo: drop the switch namespace]\n"
		       "bridge    br0  network \"lan\"  [undo: delete bridge br0]\n"
		       "host      h0  [undo: kill h0]\n"
		       "port      h0:eth0 <-> br0  mac 52:54:01:00:00:01  mtu 1500"
		       "  [undo: delete link h0:eth0]\n"
		       "config    h0  lo  eth0 10.0.0.1/24 fd00:6e65:746c::1/64"
		       "  [undo: take links down and flush addresses of h0]\n"
		       "host      h1  [undo: kill h1]\n"
		       "port      h1:eth0 <-> br0  mac 52:54:01:00:00:02  mtu 9000"
		       "  [undo: delete link h1:eth0]\n"
		       "config    h1  lo  eth0 10.0.0.2/24 fd00:6e65:746c::2/64"
		       "  [undo: take links down and flush addresses of h1]\n"
		       "host      h2  [undo: kill h2]\n"
		       "port      h2:eth0 <-> br0  mac 52:54:01:00:00:03  mtu 1500"
		       "  [undo: delete link h2:eth0]\n"
		       "config    h2  lo  eth0 10.0.0.3/24 fd00:6e65:746c::3/64"
		       "  [undo: take links down and flush addresses of h2]\n"
		       "bridge-up br0  network \"lan\"  [undo: take down br0]\n"
		       "agent     h0  [undo: stop the agent of h0]\n"
		       "agent     h1  [undo: stop the agent of h1]\n"
		       "agent     h2  [undo: stop the agent of h2]\n");
	release(topo, p);
}

static void one_port_is_a_bridge_too(void **state)
{
	static const struct lab_op want[] = {
		{ .kind = LAB_OP_SWITCH },
		{ .kind = LAB_OP_BRIDGE, .network = 0, .bridge = 0 },
		{ .kind = LAB_OP_HOST, .host = 0 },
		{ .kind = LAB_OP_PORT, .host = 0, .iface = 0, .network = 0, .bridge = 0 },
		{ .kind = LAB_OP_CONFIG, .host = 0 },
		{ .kind = LAB_OP_BRIDGE_UP, .network = 0, .bridge = 0 },
		{ .kind = LAB_OP_AGENT, .host = 0 },
	};
	struct lab_topo *topo = star(1);
	struct lab_plan *p = plan(topo);

	(void)state;
	assert_ops(p, want, LAB_ARRAY_SIZE(want));
	release(topo, p);
}

static void a_link_from_a_host_to_itself_is_a_veth(void **state)
{
	static const struct lab_op want[] = {
		{ .kind = LAB_OP_HOST, .host = 0 },
		{ .kind = LAB_OP_VETH, .host = 0, .iface = 0, .peer_host = 0, .peer_iface = 1 },
		{ .kind = LAB_OP_CONFIG, .host = 0 },
		{ .kind = LAB_OP_HOST, .host = 1 },
		{ .kind = LAB_OP_CONFIG, .host = 1 }, /* it has no interface: only lo */
		{ .kind = LAB_OP_AGENT, .host = 0 },
		{ .kind = LAB_OP_AGENT, .host = 1 },
	};
	struct lab_topo *topo = new_topo(2);
	struct lab_plan *p;

	(void)state;
	(void)join(topo, 0, "loop");
	join(topo, 0, "loop")->mtu_bytes = 9000;
	p = plan(topo);
	assert_ops(p, want, LAB_ARRAY_SIZE(want));
	assert_text(
		p,
		"host      h0  [undo: kill h0]\n"
		"veth      h0:eth0 <-> h0:eth1  mac 52:54:01:00:00:01 52:54:01:00:00:02  mtu 1500 9000"
		"  [undo: delete link h0:eth0]\n"
		"config    h0  lo  eth0 10.0.0.1/24 fd00:6e65:746c::1/64"
		"  eth1 10.0.0.2/24 fd00:6e65:746c::2/64"
		"  [undo: take links down and flush addresses of h0]\n"
		"host      h1  [undo: kill h1]\n"
		"config    h1  lo  [undo: take links down and flush addresses of h1]\n"
		"agent     h0  [undo: stop the agent of h0]\n"
		"agent     h1  [undo: stop the agent of h1]\n");
	release(topo, p);
}

static void many_ports_are_a_chain_of_bridges(void **state)
{
	struct lab_topo *topo = star(2500);
	struct lab_plan *p = plan(topo);
	size_t i, ports[3] = { 0 };

	(void)state;
	assert_int_equal(lab_plan_bridges(&topo->networks[0]), 3);
	assert_int_equal(p->n_ops, 1 + 3 + 2 + 4 * 2500 + 3);
	for (i = 0; i < 3; i++) {
		const struct lab_op bridge = { .kind = LAB_OP_BRIDGE, .bridge = (uint32_t)i };
		const struct lab_op trunk = { .kind = LAB_OP_TRUNK, .bridge = (uint32_t)i };
		const struct lab_op up = { .kind = LAB_OP_BRIDGE_UP, .bridge = (uint32_t)i };

		assert_memory_equal(&p->ops[1 + i], &bridge, sizeof(bridge));
		if (i < 2)
			assert_memory_equal(&p->ops[4 + i], &trunk, sizeof(trunk));
		assert_memory_equal(&p->ops[6 + 3 * 2500 + i], &up, sizeof(up));
	}
	for (i = 0; i < 2500; i++) {
		const struct lab_op *op = &p->ops[6 + 3 * i + 1];

		assert_int_equal(op->kind, LAB_OP_PORT);
		assert_int_equal(op->host, i);
		assert_int_equal(op->bridge, i / 1000);
		ports[op->bridge]++;
	}
	assert_int_equal(ports[0], 1000);
	assert_int_equal(ports[1], 1000);
	assert_int_equal(ports[2], 500);
	assert_string_equal(lab_op_name(p->ops[5].kind), "trunk");
	release(topo, p);
}

static void bridges_are_counted(void **state)
{
	static const struct {
		unsigned int ports, bridges;
	} cases[] = { { 0, 1 },    { 1, 1 },    { 2, 0 },    { 3, 1 },    { 999, 1 },
		      { 1000, 1 }, { 1001, 2 }, { 2000, 2 }, { 2001, 3 }, { 2500000, 2500 } };
	struct lab_network net = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		net.n_ports = cases[i].ports;
		assert_int_equal(lab_plan_bridges(&net), cases[i].bridges);
	}
}

static void bridges_have_names(void **state)
{
	char name[LAB_IFNAME_LEN];

	(void)state;
	lab_plan_bridge_name(0, 0, name);
	assert_string_equal(name, "br0");
	lab_plan_bridge_name(7, 2, name);
	assert_string_equal(name, "br7.2");
	/* The longest there can be: 2500000 networks, 2500 bridges. */
	lab_plan_bridge_name(2499999, 2499, name);
	assert_string_equal(name, "br2499999.2499");
}

static struct lab_topo *routed(void)
{
	struct lab_topo *topo = new_topo(3);
	struct lab_addr dst, via;

	(void)join(topo, 0, "left");
	(void)join(topo, 1, "left");
	(void)join(topo, 1, "right");
	(void)join(topo, 2, "right");
	topo->hosts[1].forwarding = true;
	assert_int_equal(lab_addr_parse("10.0.1.0/24", &dst), 0);
	assert_int_equal(lab_addr_parse("10.0.0.2", &via), 0);
	assert_int_equal(lab_topo_add_route(topo, 0, &dst, &via, NULL, NULL), 0);
	assert_int_equal(lab_addr_parse("::/0", &dst), 0);
	assert_int_equal(lab_addr_parse("fd00:6e65:746c::2", &via), 0);
	assert_int_equal(lab_topo_add_route(topo, 0, &dst, &via, NULL, NULL), 0);
	return topo;
}

static void routes_and_forwarding_are_described(void **state)
{
	struct lab_topo *topo = routed();
	struct lab_plan *p = plan(topo);

	(void)state;
	assert_text(
		p,
		"host      h0  [undo: kill h0]\n"
		"host      h1  [undo: kill h1]\n"
		"veth      h0:eth0 <-> h1:eth0  mac 52:54:01:00:00:01 52:54:01:00:00:02  mtu 1500"
		"  [undo: delete link h0:eth0]\n"
		"config    h0  lo  eth0 10.0.0.1/24 fd00:6e65:746c::1/64  route 10.0.1.0/24 via 10.0.0.2"
		"  route ::/0 via fd00:6e65:746c::2"
		"  [undo: take links down and flush addresses of h0]\n"
		"host      h2  [undo: kill h2]\n"
		"veth      h1:eth1 <-> h2:eth0  mac 52:54:01:00:00:03 52:54:01:00:00:04  mtu 1500"
		"  [undo: delete link h1:eth1]\n"
		"config    h1  lo  eth0 10.0.0.2/24 fd00:6e65:746c::2/64"
		"  eth1 10.0.1.1/24 fd00:6e65:746c:1::1/64  forwarding"
		"  [undo: take links down and flush addresses of h1]\n"
		"config    h2  lo  eth0 10.0.1.2/24 fd00:6e65:746c:1::2/64"
		"  [undo: take links down and flush addresses of h2]\n"
		"agent     h0  [undo: stop the agent of h0]\n"
		"agent     h1  [undo: stop the agent of h1]\n"
		"agent     h2  [undo: stop the agent of h2]\n");
	release(topo, p);
}

static void a_label_cannot_break_a_line(void **state)
{
	struct lab_topo *topo = new_topo(1);
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct lab_plan *p;

	(void)state;
	(void)join(topo, 0, "a\nb\x1b[2J");
	p = plan(topo);
	lab_plan_describe(p, 1, &sb);
	assert_string_equal(lab_strbuf_str(&sb),
			    "bridge    br0  network \"a?b?[2J\"  [undo: delete bridge br0]");
	lab_strbuf_fini(&sb);
	release(topo, p);
}

/* The first of each kind, as JSON. */
static void the_json_names_what_is_used(void **state)
{
	static const char *const want[] = {
		[LAB_OP_SWITCH] = "{\"op\":\"switch\",\"undo\":\"drop the switch namespace\"}",
		[LAB_OP_BRIDGE] = "{\"op\":\"bridge\",\"network\":\"lan\",\"bridge\":\"br0\","
				  "\"undo\":\"delete bridge br0\"}",
		[LAB_OP_TRUNK] =
			"{\"op\":\"trunk\",\"network\":\"lan\",\"bridge\":\"br0\","
			"\"next_bridge\":\"br0.1\",\"undo\":\"delete the trunk from br0\"}",
		[LAB_OP_HOST] = "{\"op\":\"host\",\"host\":\"h0\",\"undo\":\"kill h0\"}",
		[LAB_OP_VETH] =
			"{\"op\":\"veth\",\"host\":\"h0\",\"iface\":\"eth1\",\"peer_host\":\"h1\","
			"\"peer_iface\":\"eth1\",\"network\":\"wire\",\"undo\":\"delete link h0:eth1\"}",
		[LAB_OP_PORT] =
			"{\"op\":\"port\",\"host\":\"h0\",\"iface\":\"eth0\",\"network\":\"lan\","
			"\"bridge\":\"br0\",\"undo\":\"delete link h0:eth0\"}",
		[LAB_OP_CONFIG] = "{\"op\":\"config\",\"host\":\"h0\","
				  "\"undo\":\"take links down and flush addresses of h0\"}",
		[LAB_OP_BRIDGE_UP] = "{\"op\":\"bridge-up\",\"network\":\"lan\",\"bridge\":\"br0\","
				     "\"undo\":\"take down br0\"}",
		[LAB_OP_AGENT] =
			"{\"op\":\"agent\",\"host\":\"h0\",\"undo\":\"stop the agent of h0\"}",
	};
	bool seen[LAB_OP_KIND_MAX_] = { false };
	struct lab_topo *topo = star(1001);
	unsigned int n_seen = 0;
	struct lab_plan *p;
	json_t *json;
	char *text;
	size_t i;

	(void)state;
	(void)join(topo, 0, "wire");
	(void)join(topo, 1, "wire");
	p = plan(topo);
	json = lab_plan_to_json(p);
	assert_int_equal(json_array_size(json), p->n_ops);
	for (i = 0; i < p->n_ops; i++) {
		if (seen[p->ops[i].kind])
			continue;
		/* The first host configured is h1 or later only if the order went wrong. */
		text = json_dumps(json_array_get(json, i), JSON_COMPACT);
		if (p->ops[i].kind == LAB_OP_CONFIG && p->ops[i].host != 0) {
			free(text);
			continue;
		}
		assert_string_equal(text, want[p->ops[i].kind]);
		seen[p->ops[i].kind] = true;
		n_seen++;
		free(text);
	}
	assert_int_equal(n_seen, LAB_OP_KIND_MAX_ - 3); /* devices are below */
	json_decref(json);
	release(topo, p);
}

/* --- what is made of the links ---------------------------------------------------------------- */

static struct lab_iface *device(struct lab_topo *topo, size_t host, const char *id,
				enum lab_iface_kind kind, enum lab_link_kind link)
{
	struct lab_iface *iface;

	assert_int_equal(lab_topo_add_device(topo, host, id, kind, link, NULL, &iface, NULL), 0);
	return iface;
}

static void enslave(struct lab_topo *topo, size_t host, const char *id)
{
	struct lab_host *h = &topo->hosts[host];

	assert_int_equal(lab_topo_add_slave(h, h->n_ifaces - 1, id, NULL, NULL, NULL), 0);
}

static void option(struct lab_option **list, size_t *n, const char *name, const char *value)
{
	assert_int_equal(lab_topo_add_option(list, n, name, value, NULL, NULL), 0);
}

static void devices_come_behind_the_last_link_and_before_the_configuration(void **state)
{
	static const struct lab_op want[] = {
		{ .kind = LAB_OP_HOST },
		{ .kind = LAB_OP_NETNS, .netns = 1 },
		{ .kind = LAB_OP_HOST, .host = 1 },
		{ .kind = LAB_OP_VETH, .peer_host = 1 },
		{ .kind = LAB_OP_DEVICE, .iface = 1 },
		{ .kind = LAB_OP_DEVICE, .iface = 2 },
		{ .kind = LAB_OP_VETH, .iface = 3, .peer_iface = 4 },
		{ .kind = LAB_OP_NETEM, .iface = 0 },
		{ .kind = LAB_OP_CONFIG },
		{ .kind = LAB_OP_CONFIG, .netns = 1 },
		{ .kind = LAB_OP_CONFIG, .host = 1 },
		{ .kind = LAB_OP_AGENT },
		{ .kind = LAB_OP_AGENT, .host = 1 },
	};
	struct lab_topo *topo = new_topo(2);
	struct lab_addr via, dst, addr;
	struct lab_iface *iface;
	struct lab_plan *p;
	unsigned int blue;

	(void)state;
	iface = join(topo, 0, "wire");
	option(&iface->netem, &iface->n_netem, "delay.time", "10ms");
	option(&iface->netem, &iface->n_netem, "loss.percent", "5");
	assert_int_equal(lab_topo_add_netns(topo, 0, "blue", &blue, NULL), 0);
	iface = device(topo, 0, "bond", LAB_IFACE_LINK, LAB_LINK_BOND);
	option(&iface->options, &iface->n_options, "mode", "active-backup");
	enslave(topo, 0, "eth0");
	iface = device(topo, 0, "vlan", LAB_IFACE_LINK, LAB_LINK_VLAN);
	iface->mtu_bytes = 1400;
	option(&iface->options, &iface->n_options, "vlan_tci", "10");
	enslave(topo, 0, "bond");
	iface = device(topo, 0, "v0", LAB_IFACE_PAIR, LAB_LINK_VETH);
	iface->peer = 4;
	iface = device(topo, 0, "v1", LAB_IFACE_PAIR, LAB_LINK_VETH);
	iface->peer = 3;
	iface->netns = blue;
	assert_int_equal(lab_addr_parse("192.0.2.1/24", &addr), 0);
	assert_int_equal(lab_topo_add_addr(iface, &addr, NULL), 0);
	(void)device(topo, 0, "lo", LAB_IFACE_LINK, LAB_LINK_LO);
	assert_int_equal(lab_addr_parse("198.51.100.0/24", &dst), 0);
	assert_int_equal(lab_addr_parse("192.0.2.2", &via), 0);
	assert_int_equal(lab_topo_add_route(topo, 0, &dst, &via, NULL, NULL), 0);
	(void)join(topo, 1, "wire");
	p = plan(topo);
	assert_ops(p, want, LAB_ARRAY_SIZE(want));
	assert_text(
		p,
		"host      h0  [undo: kill h0]\n"
		"netns     h0:blue  [undo: drop network namespace h0 netns blue]\n"
		"host      h1  [undo: kill h1]\n"
		"veth      h0:eth0 <-> h1:eth0  mac 52:54:01:00:00:01 52:54:01:00:00:04  mtu 1500"
		"  [undo: delete link h0:eth0]\n"
		"device    h0:t_bond0  bond mode=\"active-backup\"  on eth0  [undo: delete h0:t_bond0]\n"
		"device    h0:t_bond0.10_0  vlan vlan_tci=\"10\"  on t_bond0  mtu 1400"
		"  [undo: delete h0:t_bond0.10_0]\n"
		"veth      h0:veth0 <-> h0:veth1  mac 52:54:01:00:00:02 52:54:01:00:00:03  mtu 1500"
		"  [undo: delete link h0:veth0]\n"
		"netem     h0:eth0  delay.time=\"10ms\" loss.percent=\"5\""
		"  [undo: delete the root qdisc of h0:eth0]\n"
		"config    h0  lo  eth0  t_bond0  t_bond0.10_0  veth0  lo"
		"  [undo: take links down and flush addresses of h0]\n"
		"config    h0 netns blue  lo  veth1 192.0.2.1/24  route 198.51.100.0/24 via 192.0.2.2"
		"  [undo: take links down and flush addresses of h0 netns blue]\n"
		"config    h1  lo  eth0 10.0.0.2/24 fd00:6e65:746c::2/64"
		"  [undo: take links down and flush addresses of h1]\n"
		"agent     h0  [undo: stop the agent of h0]\n"
		"agent     h1  [undo: stop the agent of h1]\n");
	release(topo, p);
}

static void the_json_of_a_device_names_its_kind_and_namespace(void **state)
{
	struct lab_topo *topo = new_topo(1);
	struct lab_iface *iface;
	struct lab_plan *p;
	json_t *json;
	char *text;

	(void)state;
	iface = device(topo, 0, "d", LAB_IFACE_LINK, LAB_LINK_DUMMY);
	assert_int_equal(lab_topo_add_netns(topo, 0, "blue", &iface->netns, NULL), 0);
	option(&iface->netem, &iface->n_netem, "loss.percent", "5");
	p = plan(topo);
	json = lab_plan_to_json(p);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(
		text,
		"[{\"op\":\"host\",\"host\":\"h0\",\"undo\":\"kill h0\"},"
		"{\"op\":\"netns\",\"host\":\"h0\",\"netns\":\"blue\",\"undo\":\"drop network namespace h0 netns blue\"},"
		"{\"op\":\"device\",\"host\":\"h0\",\"iface\":\"dummy_0\",\"kind\":\"dummy\",\"undo\":\"delete h0:dummy_0\"},"
		"{\"op\":\"netem\",\"host\":\"h0\",\"iface\":\"dummy_0\",\"undo\":\"delete the root qdisc of h0:dummy_0\"},"
		"{\"op\":\"config\",\"host\":\"h0\",\"undo\":\"take links down and flush addresses of h0\"},"
		"{\"op\":\"config\",\"host\":\"h0\",\"netns\":\"blue\",\"undo\":\"take links down and flush addresses of h0 netns blue\"},"
		"{\"op\":\"agent\",\"host\":\"h0\",\"undo\":\"stop the agent of h0\"}]");
	free(text);
	json_decref(json);
	release(topo, p);
}

/* --- whatever the topology --- */

static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static struct lab_topo *random_topo(uint32_t from)
{
	struct lab_topo *topo;
	char label[32];
	size_t h, i;

	seed = from;
	topo = new_topo(random_below(30));
	for (h = 0; h < topo->n_hosts; h++) {
		for (i = random_below(6); i > 0; i--) {
			(void)snprintf(label, sizeof(label), "n%u",
				       random_below((uint32_t)topo->n_hosts * 2));
			(void)join(topo, h, label);
		}
	}
	return topo;
}

static void the_same_topology_gives_the_same_plan(void **state)
{
	struct lab_topo *a, *b;
	struct lab_plan *pa, *pb;
	uint32_t i;

	(void)state;
	for (i = 0; i < 50; i++) {
		a = random_topo(i);
		b = random_topo(i);
		pa = plan(a);
		pb = plan(b);
		assert_int_equal(pa->n_ops, pb->n_ops);
		if (pa->n_ops)
			assert_memory_equal(pa->ops, pb->ops, pa->n_ops * sizeof(*pa->ops));
		release(a, pa);
		release(b, pb);
	}
}

/* What is there while a plan is carried out. */
struct world {
	bool has_switch, bridge[64], bridge_up[64];
	bool host[32], config[32], agent[32];
	bool iface[32][8];
};

static void make_iface(struct world *w, uint32_t host, uint32_t iface)
{
	assert_true(w->host[host]);
	assert_false(w->config[host]);
	assert_false(w->iface[host][iface]);
	w->iface[host][iface] = true;
}

static void carry_out(struct world *w, const struct lab_plan *p, const struct lab_op *op)
{
	const struct lab_host *host = p->topo->n_hosts ? &p->topo->hosts[op->host] : NULL;
	size_t i;

	switch (op->kind) {
	case LAB_OP_SWITCH:
		assert_false(w->has_switch);
		w->has_switch = true;
		break;
	case LAB_OP_BRIDGE:
		assert_true(w->has_switch);
		assert_false(w->bridge[op->network]);
		w->bridge[op->network] = true;
		break;
	case LAB_OP_HOST:
		assert_false(w->host[op->host]);
		w->host[op->host] = true;
		break;
	case LAB_OP_VETH:
		assert_int_equal(host->ifaces[op->iface].network,
				 p->topo->hosts[op->peer_host].ifaces[op->peer_iface].network);
		make_iface(w, op->host, op->iface);
		make_iface(w, op->peer_host, op->peer_iface);
		break;
	case LAB_OP_NETNS:
	case LAB_OP_DEVICE:
	case LAB_OP_NETEM:
		fail_msg("nothing like it was asked for");
		break;
	case LAB_OP_PORT:
		assert_int_equal(host->ifaces[op->iface].network, op->network);
		assert_true(w->bridge[op->network]);
		assert_false(w->bridge_up[op->network]);
		make_iface(w, op->host, op->iface);
		break;
	case LAB_OP_CONFIG:
		assert_true(w->host[op->host]);
		for (i = 0; i < host->n_ifaces; i++)
			assert_true(w->iface[op->host][i]);
		assert_false(w->config[op->host]);
		w->config[op->host] = true;
		break;
	case LAB_OP_BRIDGE_UP:
		assert_true(w->bridge[op->network]);
		assert_false(w->bridge_up[op->network]);
		w->bridge_up[op->network] = true;
		break;
	case LAB_OP_AGENT:
		assert_true(w->config[op->host]);
		assert_false(w->agent[op->host]);
		w->agent[op->host] = true;
		break;
	case LAB_OP_TRUNK:
	case LAB_OP_KIND_MAX_:
		fail();
	}
}

static void every_operation_finds_what_it_needs(void **state)
{
	struct lab_topo *topo;
	struct lab_plan *p;
	struct world w;
	uint32_t round;
	size_t i;

	(void)state;
	for (round = 0; round < 200; round++) {
		topo = random_topo(round);
		p = plan(topo);
		w = (struct world){ 0 };
		for (i = 0; i < p->n_ops; i++)
			carry_out(&w, p, &p->ops[i]);
		for (i = 0; i < topo->n_hosts; i++)
			assert_true(w.agent[i]);
		for (i = 0; i < topo->n_networks; i++)
			assert_int_equal(w.bridge_up[i], topo->networks[i].n_ports != 2);
		release(topo, p);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_topology_needs_nothing),
		cmocka_unit_test(a_pair_is_one_veth),
		cmocka_unit_test(devices_come_behind_the_last_link_and_before_the_configuration),
		cmocka_unit_test(the_json_of_a_device_names_its_kind_and_namespace),
		cmocka_unit_test(a_ring_configures_each_host_after_its_last_link),
		cmocka_unit_test(three_ports_are_a_bridge),
		cmocka_unit_test(one_port_is_a_bridge_too),
		cmocka_unit_test(a_link_from_a_host_to_itself_is_a_veth),
		cmocka_unit_test(many_ports_are_a_chain_of_bridges),
		cmocka_unit_test(bridges_are_counted),
		cmocka_unit_test(bridges_have_names),
		cmocka_unit_test(routes_and_forwarding_are_described),
		cmocka_unit_test(a_label_cannot_break_a_line),
		cmocka_unit_test(the_json_names_what_is_used),
		cmocka_unit_test(the_same_topology_gives_the_same_plan),
		cmocka_unit_test(every_operation_finds_what_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
