/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_link.c - unit tests of netlab/nl/link.h: each request, compared as bytes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/nl/link.h"
#include "tests/unit/nl_bytes.h"

#define ONE_QUEUE ATTR_U32(IFLA_NUM_TX_QUEUES, 1), ATTR_U32(IFLA_NUM_RX_QUEUES, 1)

static const uint8_t mac1[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 1 };
static const uint8_t mac2[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 2 };

static struct lab_addr addr(const char *text)
{
	struct lab_addr a;

	assert_int_equal(lab_addr_parse(text, &a), 0);
	return a;
}

static void a_veth_names_both_ends(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(192, RTM_NEWLINK, NEW),
		IFINFO(16, IFF_UP),
		ATTR(5, IFLA_IFNAME), 'e', 't', 'h', '0', 0, PAD3,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 1, 0, 0, 1, PAD2,
		ATTR_U32(IFLA_MTU, 9000),
		ATTR_U32(IFLA_NET_NS_FD, 10),
		ONE_QUEUE,
		ATTR_U32(IFLA_MASTER, 99),
		NEST(92, IFLA_LINKINFO),
		ATTR(4, IFLA_INFO_KIND), 'v', 'e', 't', 'h',
		NEST(80, IFLA_INFO_DATA),
		NEST(76, VETH_INFO_PEER),
		IFINFO(17, 0),
		ATTR(9, IFLA_IFNAME), 'e', 't', 'h', '-', 'p', 'e', 'e', 'r', 0, PAD3,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 1, 0, 0, 2, PAD2,
		ATTR_U32(IFLA_MTU, 1280),
		ATTR_U32(IFLA_NET_NS_FD, 11),
		ONE_QUEUE,
	};
	/* clang-format on */
	const struct lab_link_end near = {
		.netns = 10,
		.ifindex = 16,
		.name = "eth0",
		.mac = mac1,
		.mtu_bytes = 9000,
		.master = 99,
		.up = true,
	};
	const struct lab_link_end far = {
		.netns = 11,
		.ifindex = 17,
		.name = "eth-peer",
		.mac = mac2,
		.mtu_bytes = 1280,
		.master = 98,
		.up = true,
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_add_veth(&nl, &near, &far);
	assert_request(&nl, want, sizeof(want));
}

static void what_an_end_leaves_out_is_not_sent(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(160, RTM_NEWLINK, NEW),
		IFINFO(2, 0),
		ATTR(2, IFLA_IFNAME), 'a', 0, PAD2,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 1, 0, 0, 1, PAD2,
		ONE_QUEUE,
		NEST(88, IFLA_LINKINFO),
		ATTR(4, IFLA_INFO_KIND), 'v', 'e', 't', 'h',
		NEST(76, IFLA_INFO_DATA),
		NEST(72, VETH_INFO_PEER),
		IFINFO(3, 0),
		ATTR(16, IFLA_IFNAME), '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1', '2', '3', '4', '5', 0,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 1, 0, 0, 2, PAD2,
		ATTR_U32(IFLA_NET_NS_FD, 0),
		ONE_QUEUE,
	};
	/* clang-format on */
	const struct lab_link_end near = { .netns = -1, .ifindex = 2, .name = "a", .mac = mac1 };
	const struct lab_link_end far = {
		.netns = 0, .ifindex = 3, .name = "123456789012345", .mac = mac2
	};
	struct lab_nl nl;

	start(&nl);
	lab_link_add_veth(&nl, &near, &far);
	assert_request(&nl, want, sizeof(want));
}

static void a_bridge_is_quiet_and_down(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(96, RTM_NEWLINK, NEW),
		IFINFO(16, 0),
		ATTR(4, IFLA_IFNAME), 'b', 'r', '0', 0,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 1, 0, 0, 1, PAD2,
		NEST(40, IFLA_LINKINFO),
		ATTR(6, IFLA_INFO_KIND), 'b', 'r', 'i', 'd', 'g', 'e', PAD2,
		NEST(24, IFLA_INFO_DATA),
		ATTR_U32(IFLA_BR_STP_STATE, 0),
		ATTR_U32(IFLA_BR_FORWARD_DELAY, 0),
		ATTR_U8(IFLA_BR_MCAST_SNOOPING, 0),
	};
	/* clang-format on */
	struct lab_nl nl;

	start(&nl);
	lab_link_add_bridge(&nl, 16, "br0", mac1);
	assert_request(&nl, want, sizeof(want));
}

static void up_changes_one_flag(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(32, RTM_NEWLINK, NLM_F_REQUEST),
		IFINFO(70000, IFF_UP),
	};
	/* clang-format on */
	struct lab_nl nl;

	start(&nl);
	lab_link_up(&nl, 70000);
	assert_request(&nl, want, sizeof(want));
}

static void enslave_names_the_bridge(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(40, RTM_NEWLINK, NLM_F_REQUEST),
		IFINFO(17, IFF_UP),
		ATTR_U32(IFLA_MASTER, 16),
	};
	/* clang-format on */
	struct lab_nl nl;

	start(&nl);
	lab_link_enslave(&nl, 17, 16);
	assert_request(&nl, want, sizeof(want));
}

static void an_ipv4_address_has_its_broadcast(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(48, RTM_NEWADDR, NEW),
		AF_INET, 24, 0, 0, U32(16),
		ATTR_IP4(IFA_LOCAL, 10, 1, 2, 3),
		ATTR_IP4(IFA_ADDRESS, 10, 1, 2, 3),
		ATTR_IP4(IFA_BROADCAST, 10, 1, 2, 255),
	};
	/* clang-format on */
	const struct lab_addr a = addr("10.1.2.3/24");
	struct lab_nl nl;

	start(&nl);
	lab_link_add_addr(&nl, 16, &a);
	assert_request(&nl, want, sizeof(want));
}

static void broadcasts_of_odd_prefixes_are_right(LAB_UNUSED void **state)
{
	static const struct {
		const char *addr;
		uint8_t broadcast[4];
	} cases[] = {
		{ "10.1.2.3/0", { 255, 255, 255, 255 } }, { "10.1.2.3/1", { 127, 255, 255, 255 } },
		{ "10.1.2.3/8", { 10, 255, 255, 255 } },  { "10.1.130.3/17", { 10, 1, 255, 255 } },
		{ "10.1.2.130/25", { 10, 1, 2, 255 } },   { "10.1.2.5/30", { 10, 1, 2, 7 } },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		const struct lab_addr a = addr(cases[i].addr);
		struct lab_nl nl;

		start(&nl);
		lab_link_add_addr(&nl, 16, &a);
		assert_int_equal(nl.len, 48);
		assert_memory_equal(nl.buf + 44, cases[i].broadcast, 4);
		lab_nl_close(&nl);
	}
}

/* RFC 3021: on a 31-bit prefix both addresses are hosts. */
static void a_point_to_point_ipv4_address_has_no_broadcast(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(40, RTM_NEWADDR, NEW),
		AF_INET, 31, 0, 0, U32(16),
		ATTR_IP4(IFA_LOCAL, 10, 1, 2, 3),
		ATTR_IP4(IFA_ADDRESS, 10, 1, 2, 3),
	};
	/* clang-format on */
	const struct lab_addr a31 = addr("10.1.2.3/31"), a32 = addr("10.1.2.3/32");
	struct lab_nl nl;

	start(&nl);
	lab_link_add_addr(&nl, 16, &a31);
	assert_request(&nl, want, sizeof(want));
	start(&nl);
	lab_link_add_addr(&nl, 16, &a32);
	assert_int_equal(nl.len, sizeof(want));
	lab_nl_close(&nl);
}

static void an_ipv6_address_skips_duplicate_detection(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(52, RTM_NEWADDR, NEW),
		AF_INET6, 64, 0, 0, U32(16),
		ATTR(16, IFA_LOCAL), 0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		ATTR_U32(IFA_FLAGS, IFA_F_NODAD),
	};
	/* clang-format on */
	const struct lab_addr a = addr("fd00:1::2/64");
	struct lab_nl nl;

	start(&nl);
	lab_link_add_addr(&nl, 16, &a);
	assert_request(&nl, want, sizeof(want));
}

#define STATIC_ROUTE RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST, U32(0)

static void a_route_has_destination_and_gateway(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(44, RTM_NEWROUTE, NEW),
		AF_INET, 16, 0, 0, STATIC_ROUTE,
		ATTR_IP4(RTA_DST, 10, 9, 0, 0),
		ATTR_IP4(RTA_GATEWAY, 10, 1, 2, 254),
	};
	/* clang-format on */
	/* clang-format off */
	static const uint8_t want6[] = {
		HEADER(68, RTM_NEWROUTE, NEW),
		AF_INET6, 48, 0, 0, STATIC_ROUTE,
		ATTR(16, RTA_DST), 0xfd, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		ATTR(16, RTA_GATEWAY), 0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	};
	/* clang-format on */
	const struct lab_addr dst = addr("10.9.0.0/16"), via = addr("10.1.2.254");
	const struct lab_addr dst6 = addr("fd00:9::/48"), via6 = addr("fd00:1::1");
	struct lab_nl nl;

	start(&nl);
	lab_link_add_route(&nl, &dst, &via);
	assert_request(&nl, want, sizeof(want));
	start(&nl);
	lab_link_add_route(&nl, &dst6, &via6);
	assert_request(&nl, want6, sizeof(want6));
}

static void a_default_route_has_no_destination(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(36, RTM_NEWROUTE, NEW),        AF_INET, 0, 0, 0, STATIC_ROUTE,
		ATTR_IP4(RTA_GATEWAY, 10, 1, 2, 254),
	};
	/* clang-format on */
	const struct lab_addr dst = addr("0.0.0.0/0"), via = addr("10.1.2.254");
	struct lab_nl nl;

	start(&nl);
	lab_link_add_route(&nl, &dst, &via);
	assert_request(&nl, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_veth_names_both_ends),
		cmocka_unit_test(what_an_end_leaves_out_is_not_sent),
		cmocka_unit_test(a_bridge_is_quiet_and_down),
		cmocka_unit_test(up_changes_one_flag),
		cmocka_unit_test(enslave_names_the_bridge),
		cmocka_unit_test(an_ipv4_address_has_its_broadcast),
		cmocka_unit_test(broadcasts_of_odd_prefixes_are_right),
		cmocka_unit_test(a_point_to_point_ipv4_address_has_no_broadcast),
		cmocka_unit_test(an_ipv6_address_skips_duplicate_detection),
		cmocka_unit_test(a_route_has_destination_and_gateway),
		cmocka_unit_test(a_default_route_has_no_destination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
