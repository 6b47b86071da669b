/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grammar_iface_table.c - the recipe language: all that stands in <interfaces>, as in recipe.rng */
#include "controller/recipe/grammar_rows.h"

/* --- what interfaces of several kinds have ---------------------------------------------------- */

static const struct ctl_elem_def iface_params = {
	.children = ctl_grammar_params_children,
	.shift = LIST(ctl_iface, params),
	NO_SRC,
};
static const struct ctl_elem_def iface_options = {
	.children = ctl_grammar_options_children,
	.shift = LIST(ctl_iface, options),
	NO_SRC,
};

/* The element makes no object of its own: this is the interface around it. */
static void begin_addresses(void *object)
{
	struct ctl_iface *iface = object;

	iface->auto_addrs = false;
}

static const struct ctl_attr_def address_content = {
	"value", CTL_TYPE_ADDR, false, NULL, AT(ctl_addr, addr), SRC(ctl_addr, src),
};
static const struct ctl_elem_def address = {
	.content = &address_content,
	.size = sizeof(struct ctl_addr),
	.list = LIST(ctl_iface, addrs),
	NO_SRC,
};
static const struct ctl_child_def addresses_children[] = { { "address", CTL_ANY, &address }, END };
static const struct ctl_elem_def addresses = {
	.children = addresses_children,
	NO_SRC,
	.begin = begin_addresses,
};

static const struct ctl_attr_def slave_attrs[] = {
	{ "id", CTL_TYPE_NAME, true, NULL, AT(ctl_slave, id), SRC(ctl_slave, id_src) },
	END,
};
static const struct ctl_elem_def slave_options = {
	.children = ctl_grammar_options_children,
	.shift = LIST(ctl_slave, options),
	NO_SRC,
};
static const struct ctl_child_def slave_children[] = {
	{ "options", CTL_OPTIONAL, &slave_options },
	END,
};
static const struct ctl_elem_def slave = {
	.attrs = slave_attrs,
	.children = slave_children,
	.size = sizeof(struct ctl_slave),
	.list = 0,
	SRC(ctl_slave, src),
};
static const struct ctl_child_def slaves_children[] = { { "slave", CTL_ANY, &slave }, END };
static const struct ctl_elem_def iface_slaves = {
	.children = slaves_children,
	.shift = LIST(ctl_iface, slaves),
	NO_SRC,
};

/* --- netem ------------------------------------------------------------------------------------ */

static const struct ctl_elem_def netem_options = {
	.children = ctl_grammar_options_children,
	.shift = LIST(ctl_netem, options),
	NO_SRC,
};
static const struct ctl_child_def netem_part_children[] = {
	{ "options", CTL_OPTIONAL, &netem_options },
	END,
};

#define NETEM_PART(part)                                    \
	static void begin_##part(void *object)              \
	{                                                   \
		((struct ctl_netem *)object)->name = #part; \
	}                                                   \
	static const struct ctl_elem_def netem_##part = {   \
		.children = netem_part_children,            \
		.size = sizeof(struct ctl_netem),           \
		.list = LIST(ctl_iface, netem),             \
		SRC(ctl_netem, src),                        \
		.begin = begin_##part,                      \
	}
NETEM_PART(delay);
NETEM_PART(loss);
NETEM_PART(duplication);
NETEM_PART(corrupt);
NETEM_PART(reordering);
NETEM_PART(rate);
NETEM_PART(limit);

static const struct ctl_child_def netem_children[] = {
	{ "delay", CTL_OPTIONAL, &netem_delay },
	{ "loss", CTL_OPTIONAL, &netem_loss },
	{ "duplication", CTL_OPTIONAL, &netem_duplication },
	{ "corrupt", CTL_OPTIONAL, &netem_corrupt },
	{ "reordering", CTL_OPTIONAL, &netem_reordering },
	{ "rate", CTL_OPTIONAL, &netem_rate },
	{ "limit", CTL_OPTIONAL, &netem_limit },
	END,
};
static const struct ctl_elem_def netem = { .children = netem_children, NO_SRC };

/* --- interfaces of the kernel ----------------------------------------------------------------- */

static void begin_eth(void *object)
{
	struct ctl_iface *iface = object;

	iface->kind = CTL_IFACE_ETH;
	iface->auto_addrs = true;
}

static const struct ctl_attr_def eth_attrs[] = {
	{ "id", CTL_TYPE_NAME, true, NULL, AT(ctl_iface, id), SRC(ctl_iface, id_src) },
	{ "label", CTL_TYPE_NAME, true, NULL, AT(ctl_iface, label), SRC(ctl_iface, label_src) },
	{ "netns", CTL_TYPE_NAME, false, NULL, AT(ctl_iface, netns), SRC(ctl_iface, netns_src) },
	END,
};
static const struct ctl_child_def eth_children[] = {
	{ "params", CTL_OPTIONAL, &iface_params },
	{ "options", CTL_OPTIONAL, &iface_options },
	{ "addresses", CTL_OPTIONAL, &addresses },
	{ "netem", CTL_OPTIONAL, &netem },
	END,
};
static const struct ctl_elem_def eth = {
	.attrs = eth_attrs,
	.children = eth_children,
	.size = sizeof(struct ctl_iface),
	.list = LIST(ctl_host, ifaces),
	SRC(ctl_iface, src),
	.begin = begin_eth,
};

static const struct ctl_attr_def device_attrs[] = {
	{ "id", CTL_TYPE_NAME, true, NULL, AT(ctl_iface, id), SRC(ctl_iface, id_src) },
	{ "netns", CTL_TYPE_NAME, false, NULL, AT(ctl_iface, netns), SRC(ctl_iface, netns_src) },
	END,
};
static const struct ctl_child_def device_children[] = {
	{ "options", CTL_OPTIONAL, &iface_options },
	{ "slaves", CTL_OPTIONAL, &iface_slaves },
	{ "addresses", CTL_OPTIONAL, &addresses },
	{ "netem", CTL_OPTIONAL, &netem },
	END,
};

/* How many slaves a kind can have, and which options, is in the tables of netlab/nl/kind.h. */
#define DEVICE_IN(element, kind_, list_)                      \
	static void begin_##element(void *object)             \
	{                                                     \
		((struct ctl_iface *)object)->kind = (kind_); \
	}                                                     \
	static const struct ctl_elem_def element = {          \
		.attrs = device_attrs,                        \
		.children = device_children,                  \
		.size = sizeof(struct ctl_iface),             \
		.list = (list_),                              \
		SRC(ctl_iface, src),                          \
		.begin = begin_##element,                     \
	}
#define DEVICE(element, kind_) DEVICE_IN(element, kind_, LIST(ctl_host, ifaces))

DEVICE(bond, CTL_IFACE_BOND);
DEVICE(bridge, CTL_IFACE_BRIDGE);
DEVICE(team, CTL_IFACE_TEAM);
DEVICE(vlan, CTL_IFACE_VLAN);
DEVICE(macvlan, CTL_IFACE_MACVLAN);
DEVICE(ipvlan, CTL_IFACE_IPVLAN);
DEVICE(vxlan, CTL_IFACE_VXLAN);
DEVICE(geneve, CTL_IFACE_GENEVE);
DEVICE(gre, CTL_IFACE_GRE);
DEVICE(ip6gre, CTL_IFACE_IP6GRE);
DEVICE(ipip, CTL_IFACE_IPIP);
DEVICE(sit, CTL_IFACE_SIT);
DEVICE(vti, CTL_IFACE_VTI);
DEVICE(vti6, CTL_IFACE_VTI6);
DEVICE(dummy, CTL_IFACE_DUMMY);
DEVICE(lo, CTL_IFACE_LO);
DEVICE(macsec, CTL_IFACE_MACSEC);
DEVICE(vrf, CTL_IFACE_VRF);
DEVICE(wireguard, CTL_IFACE_WIREGUARD);
DEVICE(tun, CTL_IFACE_TUN);
DEVICE(tap, CTL_IFACE_TAP);

/* --- pairs ------------------------------------------------------------------------------------ */

static void begin_pair(void *object)
{
	((struct ctl_iface *)object)->kind = CTL_IFACE_PAIR;
}

static void end_pair(void *object, struct ctl_diag *diag)
{
	const struct ctl_iface *pair = object;

	if (pair->n_parts != 2)
		(void)ctl_diag_error(diag, &pair->src,
				     "<veth_pair> needs exactly two <veth>, %zu given",
				     pair->n_parts);
}

DEVICE_IN(veth, CTL_IFACE_VETH, LIST(ctl_iface, parts));
static const struct ctl_child_def pair_children[] = { { "veth", CTL_SOME, &veth }, END };
static const struct ctl_elem_def veth_pair = {
	.children = pair_children,
	.size = sizeof(struct ctl_iface),
	.list = LIST(ctl_host, ifaces),
	SRC(ctl_iface, src),
	.begin = begin_pair,
	.end = end_pair,
};

/* --- Open vSwitch ----------------------------------------------------------------------------- */

static void begin_ovs_bridge(void *object)
{
	((struct ctl_iface *)object)->kind = CTL_IFACE_OVS_BRIDGE;
}

static void begin_ovs_bond(void *object)
{
	((struct ctl_iface *)object)->kind = CTL_IFACE_OVS_BOND;
}

static void begin_ovs_tunnel(void *object)
{
	((struct ctl_iface *)object)->kind = CTL_IFACE_OVS_TUNNEL;
}

static void begin_ovs_internal(void *object)
{
	((struct ctl_iface *)object)->kind = CTL_IFACE_OVS_INTERNAL;
}

static const struct ctl_attr_def part_attrs[] = {
	{ "id", CTL_TYPE_NAME, true, NULL, AT(ctl_iface, id), SRC(ctl_iface, id_src) },
	END,
};
static const struct ctl_child_def ovs_bond_children[] = {
	{ "options", CTL_OPTIONAL, &iface_options },
	{ "slaves", CTL_OPTIONAL, &iface_slaves },
	END,
};
static const struct ctl_elem_def ovs_bond = {
	.attrs = part_attrs,
	.children = ovs_bond_children,
	.size = sizeof(struct ctl_iface),
	.list = LIST(ctl_iface, parts),
	SRC(ctl_iface, src),
	.begin = begin_ovs_bond,
};

static const char *const tunnel_types[] = { "vxlan", "gre", "geneve", NULL };
static const struct ctl_attr_def ovs_tunnel_attrs[] = {
	{ "id", CTL_TYPE_NAME, true, NULL, AT(ctl_iface, id), SRC(ctl_iface, id_src) },
	{ "type", CTL_TYPE_ENUM, true, tunnel_types, AT(ctl_iface, type), NO_SRC },
	END,
};
static const struct ctl_child_def ovs_port_children[] = {
	{ "options", CTL_OPTIONAL, &iface_options },
	{ "addresses", CTL_OPTIONAL, &addresses },
	END,
};
static const struct ctl_elem_def ovs_tunnel = {
	.attrs = ovs_tunnel_attrs,
	.children = ovs_port_children,
	.size = sizeof(struct ctl_iface),
	.list = LIST(ctl_iface, parts),
	SRC(ctl_iface, src),
	.begin = begin_ovs_tunnel,
};
static const struct ctl_elem_def ovs_internal = {
	.attrs = part_attrs,
	.children = ovs_port_children,
	.size = sizeof(struct ctl_iface),
	.list = LIST(ctl_iface, parts),
	SRC(ctl_iface, src),
	.begin = begin_ovs_internal,
};

static const struct ctl_attr_def ovs_vlan_attrs[] = {
	{ "tag", CTL_TYPE_VLAN, true, NULL, AT(ctl_ovs_vlan, tag), NO_SRC },
	END,
};
static const struct ctl_elem_def vlan_slaves = {
	.children = slaves_children,
	.shift = LIST(ctl_ovs_vlan, slaves),
	NO_SRC,
};
static const struct ctl_child_def ovs_vlan_children[] = {
	{ "slaves", CTL_OPTIONAL, &vlan_slaves },
	END,
};
static const struct ctl_elem_def ovs_vlan = {
	.attrs = ovs_vlan_attrs,
	.children = ovs_vlan_children,
	.size = sizeof(struct ctl_ovs_vlan),
	.list = LIST(ctl_iface, vlans),
	SRC(ctl_ovs_vlan, src),
};

static const struct ctl_attr_def entry_content = {
	"value", CTL_TYPE_COMMAND, false, NULL, AT(ctl_option, value), NO_SRC,
};
static const struct ctl_elem_def flow_entry = {
	.content = &entry_content,
	.size = sizeof(struct ctl_option),
	.list = LIST(ctl_iface, flows),
	SRC(ctl_option, src),
};
static const struct ctl_child_def flow_children[] = { { "entry", CTL_ANY, &flow_entry }, END };
static const struct ctl_elem_def flow_entries = { .children = flow_children, NO_SRC };

static const struct ctl_child_def ovs_bridge_children[] = {
	{ "options", CTL_OPTIONAL, &iface_options },
	{ "slaves", CTL_OPTIONAL, &iface_slaves },
	{ "addresses", CTL_OPTIONAL, &addresses },
	{ "vlan", CTL_ANY, &ovs_vlan },
	{ "bond", CTL_ANY, &ovs_bond },
	{ "tunnel", CTL_ANY, &ovs_tunnel },
	{ "internal", CTL_ANY, &ovs_internal },
	{ "flow_entries", CTL_OPTIONAL, &flow_entries },
	END,
};
static const struct ctl_elem_def ovs_bridge = {
	.attrs = device_attrs,
	.children = ovs_bridge_children,
	.size = sizeof(struct ctl_iface),
	.list = LIST(ctl_host, ifaces),
	SRC(ctl_iface, src),
	.begin = begin_ovs_bridge,
};

/* --- all of them ------------------------------------------------------------------------------ */

static const struct ctl_child_def interfaces_children[] = {
	{ "eth", CTL_SOME, &eth },
	{ "bond", CTL_SOME, &bond },
	{ "bridge", CTL_SOME, &bridge },
	{ "team", CTL_SOME, &team },
	{ "vlan", CTL_SOME, &vlan },
	{ "macvlan", CTL_SOME, &macvlan },
	{ "ipvlan", CTL_SOME, &ipvlan },
	{ "vxlan", CTL_SOME, &vxlan },
	{ "geneve", CTL_SOME, &geneve },
	{ "gre", CTL_SOME, &gre },
	{ "ip6gre", CTL_SOME, &ip6gre },
	{ "ipip", CTL_SOME, &ipip },
	{ "sit", CTL_SOME, &sit },
	{ "vti", CTL_SOME, &vti },
	{ "vti6", CTL_SOME, &vti6 },
	{ "dummy", CTL_SOME, &dummy },
	{ "lo", CTL_SOME, &lo },
	{ "macsec", CTL_SOME, &macsec },
	{ "vrf", CTL_SOME, &vrf },
	{ "wireguard", CTL_SOME, &wireguard },
	{ "tun", CTL_SOME, &tun },
	{ "tap", CTL_SOME, &tap },
	{ "veth_pair", CTL_SOME, &veth_pair },
	{ "ovs_bridge", CTL_SOME, &ovs_bridge },
	END,
};
const struct ctl_elem_def ctl_grammar_interfaces = { .children = interfaces_children, NO_SRC };
