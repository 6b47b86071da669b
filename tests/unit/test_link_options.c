/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_link_options.c - unit tests of lab_link_add() and lab_link_set() in netlab/nl/link.h: options, compared as bytes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/nl/link.h"
#include "tests/unit/nl_bytes.h"

#define ATTR_BE16(type, hi, lo)     ATTR(2, type), (hi), (lo), PAD2
#define ATTR_U16(type, value)       ATTR(2, type), U16(value), PAD2
#define ATTR_BE32(type, a, b, c, d) ATTR(4, type), (a), (b), (c), (d)
#define U64(x)                      U32((uint64_t)(x)), U32((uint64_t)(x) >> 32)

static const uint8_t mac1[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 1 };

static char context[] = "data";

static int index_of(void *data, const char *id)
{
	assert_string_equal(data, "data");
	return strcmp(id, "eth1") == 0 ? 17 : 0;
}

static struct lab_link_options options(const struct lab_option *v, size_t n)
{
	return (struct lab_link_options){ .v = v, .n = n, .ifindex_of = index_of, .data = context };
}

static void a_bond_has_numbers_words_links_and_lists(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(148, RTM_NEWLINK, NEW),
		IFINFO(20, IFF_UP),
		ATTR(6, IFLA_IFNAME), 'b', 'o', 'n', 'd', '0', 0, PAD2,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 1, 0, 0, 1, PAD2,
		ATTR_U32(IFLA_MTU, 1400),
		ATTR_U32(IFLA_NET_NS_FD, 9),
		ATTR_U32(IFLA_MASTER, 30),
		NEST(64, IFLA_LINKINFO),
		ATTR(4, IFLA_INFO_KIND), 'b', 'o', 'n', 'd',
		NEST(52, IFLA_INFO_DATA),
		ATTR_U8(IFLA_BOND_MODE, 1),
		ATTR_U32(IFLA_BOND_MIIMON, 100),
		NEST(24, IFLA_BOND_ARP_IP_TARGET),
		ATTR_IP4(0, 10, 0, 0, 1),
		ATTR_IP4(1, 10, 0, 0, 2),
		ATTR_IP4(2, 10, 0, 0, 3),
		ATTR_U32(IFLA_BOND_PRIMARY, 17),
	};
	/* clang-format on */
	const struct lab_option opts[] = {
		{ .name = "primary", .value = "eth1" },
		{ .name = "arp_ip_target", .value = "+10.0.0.1,10.0.0.2" },
		{ .name = "mode", .value = "active-backup" },
		{ .name = "arp_ip_target", .value = "10.0.0.3" },
		{ .name = "miimon", .value = "100" },
	};
	const struct lab_link_new spec = {
		.kind = LAB_LINK_BOND,
		.ifindex = 20,
		.name = "bond0",
		.mac = mac1,
		.mtu_bytes = 1400,
		.netns = 9,
		.master = 30,
		.up = true,
		.options = options(opts, LAB_ARRAY_SIZE(opts)),
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_add(&nl, &spec);
	assert_request(&nl, want, sizeof(want));
}

static void a_vlan_lies_on_a_link_and_has_flags_and_maps(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(120, RTM_NEWLINK, NEW),
		IFINFO(0, 0),
		ATTR(3, IFLA_IFNAME), 'v', '1', 0, PAD1,
		ATTR_U32(IFLA_LINK, 16),
		NEST(68, IFLA_LINKINFO),
		ATTR(4, IFLA_INFO_KIND), 'v', 'l', 'a', 'n',
		NEST(56, IFLA_INFO_DATA),
		ATTR_U16(IFLA_VLAN_ID, 10),
		ATTR_BE16(IFLA_VLAN_PROTOCOL, 0x88, 0xa8),
		NEST(24, IFLA_VLAN_EGRESS_QOS),
		ATTR(8, IFLA_VLAN_QOS_MAPPING), U32(1), U32(2),
		ATTR(8, IFLA_VLAN_QOS_MAPPING), U32(3), U32(4),
		ATTR(8, IFLA_VLAN_FLAGS), U32(2), U32(3),
	};
	/* clang-format on */
	const struct lab_option opts[] = {
		{ .name = "id", .value = "10" },
		{ .name = "protocol", .value = "802.1ad" },
		{ .name = "gvrp", .value = "on" },
		{ .name = "reorder_hdr", .value = "off" },
		{ .name = "egress_qos_map", .value = "1:2  3:4 " },
	};
	const struct lab_link_new spec = {
		.kind = LAB_LINK_VLAN,
		.name = "v1",
		.netns = -1,
		.lower = 16,
		.options = options(opts, LAB_ARRAY_SIZE(opts)),
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_add(&nl, &spec);
	assert_request(&nl, want, sizeof(want));
}

static void a_tunnel_has_keys_and_flags(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(128, RTM_NEWLINK, NEW),
		IFINFO(0, 0),
		ATTR(3, IFLA_IFNAME), 'g', '1', 0, PAD1,
		NEST(84, IFLA_LINKINFO),
		ATTR(3, IFLA_INFO_KIND), 'g', 'r', 'e', PAD1,
		NEST(72, IFLA_INFO_DATA),
		ATTR_U32(IFLA_GRE_LINK, 16),
		ATTR_IP4(IFLA_GRE_LOCAL, 10, 0, 0, 1),
		ATTR_IP4(IFLA_GRE_REMOTE, 10, 0, 0, 2),
		ATTR_U8(IFLA_GRE_TTL, 64),
		ATTR_U8(IFLA_GRE_TOS, 1),
		ATTR_BE32(IFLA_GRE_IKEY, 0, 0, 1, 0),
		ATTR_BE32(IFLA_GRE_OKEY, 0, 0, 1, 0),
		ATTR_BE16(IFLA_GRE_IFLAGS, 0x20, 0x00),
		ATTR_BE16(IFLA_GRE_OFLAGS, 0xb0, 0x00),
	};
	/* clang-format on */
	const struct lab_option opts[] = {
		{ .name = "local_ip", .value = "10.0.0.1" },
		{ .name = "remote_ip", .value = "10.0.0.2" },
		{ .name = "ttl", .value = "64" },
		{ .name = "tos", .value = "inherit" },
		{ .name = "key", .value = "256" },
		{ .name = "oseq", .value = "yes" },
		{ .name = "ocsum", .value = "true" },
		{ .name = "icsum", .value = "no" },
	};
	const struct lab_link_new spec = {
		.kind = LAB_LINK_GRE,
		.name = "g1",
		.netns = -1,
		.lower = 16,
		.options = options(opts, LAB_ARRAY_SIZE(opts)),
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_add(&nl, &spec);
	assert_request(&nl, want, sizeof(want));
}

static void what_goes_without_saying_is_sent(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(120, RTM_NEWLINK, NEW),
		IFINFO(0, 0),
		ATTR(3, IFLA_IFNAME), 'g', '6', 0, PAD1,
		NEST(76, IFLA_LINKINFO),
		ATTR(6, IFLA_INFO_KIND), 'i', 'p', '6', 'g', 'r', 'e', PAD2,
		NEST(60, IFLA_INFO_DATA),
		ATTR(16, IFLA_GRE_REMOTE), 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		ATTR_U8(IFLA_GRE_TTL, 64),
		ATTR_U8(IFLA_GRE_ENCAP_LIMIT, 4),
		ATTR_BE32(IFLA_GRE_OKEY, 0, 0, 0, 7),
		ATTR_BE32(IFLA_GRE_FLOWINFO, 0x02, 0x00, 0x00, 0x05),
		ATTR_BE16(IFLA_GRE_OFLAGS, 0x20, 0x00),
	};
	/* clang-format on */
	const struct lab_option opts[] = {
		{ .name = "remote", .value = "fd00::2" },
		{ .name = "tclass", .value = "32" },
		{ .name = "flowlabel", .value = "5" },
		{ .name = "okey", .value = "0.0.0.7" },
	};
	const struct lab_link_new spec = {
		.kind = LAB_LINK_IP6GRE,
		.name = "g6",
		.netns = -1,
		.options = options(opts, LAB_ARRAY_SIZE(opts)),
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_add(&nl, &spec);
	assert_request(&nl, want, sizeof(want));
}

static void extra_arguments_are_options(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(152, RTM_NEWLINK, NEW),
		IFINFO(0, 0),
		ATTR(3, IFLA_IFNAME), 'x', '1', 0, PAD1,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 0, 0, 0, 9, PAD2,
		NEST(96, IFLA_LINKINFO),
		ATTR(5, IFLA_INFO_KIND), 'v', 'x', 'l', 'a', 'n', PAD3,
		NEST(80, IFLA_INFO_DATA),
		ATTR_U32(IFLA_VXLAN_LINK, 16),
		ATTR_U32(IFLA_VXLAN_ID, 100),
		ATTR(16, IFLA_VXLAN_GROUP6), 0xff, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		ATTR_BE16(IFLA_VXLAN_PORT, 0x00, 0x00),
		ATTR(4, IFLA_VXLAN_PORT_RANGE), 0x03, 0xe8, 0x07, 0xd0,
		ATTR_U8(IFLA_VXLAN_TTL, 5),
		ATTR_U8(IFLA_VXLAN_LEARNING, 0),
		ATTR(0, IFLA_VXLAN_GBP),
		ATTR_U32(IFLA_VXLAN_AGEING, 300),
	};
	/* clang-format on */
	const struct lab_option opts[] = {
		{ .name = "id", .value = "100" },
		{ .name = "group_ip", .value = "ff05::1" },
		{ .name = "extra", .value = "ttl 5 nolearning gbp srcport 1000-2000" },
		{ .name = "ageing", .value = "300" },
		{ .name = "hwaddr", .value = "52:54:00:00:00:09" },
	};
	const struct lab_link_new spec = {
		.kind = LAB_LINK_VXLAN,
		.name = "x1",
		.mac = mac1,
		.netns = -1,
		.lower = 16,
		.options = options(opts, LAB_ARRAY_SIZE(opts)),
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_add(&nl, &spec);
	assert_request(&nl, want, sizeof(want));
}

static void times_of_a_bridge_have_64_bits(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(84, RTM_NEWLINK, NLM_F_REQUEST),
		IFINFO(16, 0),
		NEST(48, IFLA_LINKINFO),
		ATTR(6, IFLA_INFO_KIND), 'b', 'r', 'i', 'd', 'g', 'e', PAD2,
		NEST(32, IFLA_INFO_DATA),
		ATTR_U8(IFLA_BR_VLAN_FILTERING, 1),
		ATTR(8, IFLA_BR_MCAST_QUERY_INTVL), U64(12500),
		ATTR(8, IFLA_BR_MULTI_BOOLOPT), U32(1), U32(1),
	};
	/* clang-format on */
	const struct lab_option opts[] = {
		{ .name = "no_linklocal_learn", .value = "1" },
		{ .name = "vlan_filtering", .value = "1" },
		{ .name = "mcast_query_interval", .value = "12500" },
	};
	const struct lab_link_change change = {
		.ifindex = 16,
		.netns = -1,
		.kind = LAB_LINK_BRIDGE,
		.options = options(opts, LAB_ARRAY_SIZE(opts)),
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_set(&nl, &change);
	assert_request(&nl, want, sizeof(want));
}

static void a_change_names_what_changes(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(76, RTM_NEWLINK, NLM_F_REQUEST),
		0, 0, U16(0), U32(16), U32(IFF_UP), U32(IFF_UP | IFF_MULTICAST),
		ATTR(3, IFLA_IFNAME), 'e', '9', 0, PAD1,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 1, 0, 0, 1, PAD2,
		ATTR_U32(IFLA_MTU, 9000),
		ATTR_U32(IFLA_NET_NS_FD, 3),
		ATTR_U32(IFLA_MASTER, 0),
	};
	/* clang-format on */
	const struct lab_link_change change = {
		.ifindex = 16,
		.name = "e9",
		.mac = mac1,
		.mtu_bytes = 9000,
		.netns = 3,
		.set_master = true,
		.flags = IFF_UP | IFF_NOARP,
		.flags_mask = IFF_UP | IFF_MULTICAST,
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_set(&nl, &change);
	assert_request(&nl, want, sizeof(want));
}

static void a_port_has_options_of_its_master(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(68, RTM_NEWLINK, NLM_F_REQUEST),
		IFINFO(16, 0),
		NEST(32, IFLA_LINKINFO),
		ATTR(6, IFLA_INFO_SLAVE_KIND), 'b', 'r', 'i', 'd', 'g', 'e', PAD2,
		NEST(16, IFLA_INFO_SLAVE_DATA),
		ATTR_U32(IFLA_BRPORT_COST, 10),
		ATTR_U8(IFLA_BRPORT_LEARNING, 0),
	};
	/* clang-format on */
	const struct lab_option opts[] = {
		{ .name = "learning", .value = "off" },
		{ .name = "cost", .value = "10" },
	};
	const struct lab_link_options from = options(opts, LAB_ARRAY_SIZE(opts));
	struct lab_nl nl;

	start(&nl);
	lab_link_set_port(&nl, 16, LAB_LINK_BRIDGE, &from);
	assert_request(&nl, want, sizeof(want));
}

/* What the checks would have refused does not get to the kernel. */
static void unchecked_options_are_latched(LAB_UNUSED void **state)
{
	static const struct {
		enum lab_link_kind kind;
		const char *name, *value;
		int error;
	} cases[] = {
		{ LAB_LINK_BOND, "milmon", "1", -EINVAL },
		{ LAB_LINK_BOND, "miimon", "x", -EINVAL },
		{ LAB_LINK_BOND, "arp_ip_target", "x", -EINVAL },
		{ LAB_LINK_BOND, "primary", "eth2", -ENODEV },
		{ LAB_LINK_BOND, "hwaddr", "x", -EINVAL },
		{ LAB_LINK_VXLAN, "extra", "x", -EINVAL },
		{ LAB_LINK_TAP, "pi", "yes", -EOPNOTSUPP },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		const struct lab_option o = { .name = cases[i].name, .value = cases[i].value };
		const struct lab_link_new spec = {
			.kind = cases[i].kind, .name = "x", .netns = -1, .options = options(&o, 1)
		};
		struct lab_nl nl;

		start(&nl);
		lab_link_add(&nl, &spec);
		assert_int_equal(nl.error, cases[i].error);
		lab_nl_close(&nl);
	}
}

static void a_link_goes_by_its_index(LAB_UNUSED void **state)
{
	static const uint8_t want[] = { HEADER(32, RTM_DELLINK, NLM_F_REQUEST), IFINFO(16, 0) };
	/* clang-format off */
	static const uint8_t want_addr[] = {
		HEADER(32, RTM_DELADDR, NLM_F_REQUEST),
		AF_INET, 24, 0, 0, U32(16),
		ATTR_IP4(IFA_LOCAL, 10, 0, 0, 1),
	};
	/* clang-format on */
	struct lab_addr addr;
	struct lab_nl nl;

	start(&nl);
	lab_link_del(&nl, 16);
	assert_request(&nl, want, sizeof(want));
	assert_int_equal(lab_addr_parse("10.0.0.1/24", &addr), 0);
	start(&nl);
	lab_link_del_addr(&nl, 16, &addr);
	assert_request(&nl, want_addr, sizeof(want_addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bond_has_numbers_words_links_and_lists),
		cmocka_unit_test(a_vlan_lies_on_a_link_and_has_flags_and_maps),
		cmocka_unit_test(a_tunnel_has_keys_and_flags),
		cmocka_unit_test(what_goes_without_saying_is_sent),
		cmocka_unit_test(extra_arguments_are_options),
		cmocka_unit_test(times_of_a_bridge_have_64_bits),
		cmocka_unit_test(a_change_names_what_changes),
		cmocka_unit_test(a_port_has_options_of_its_master),
		cmocka_unit_test(unchecked_options_are_latched),
		cmocka_unit_test(a_link_goes_by_its_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
