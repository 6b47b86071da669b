/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_forward.c - unit tests of netlab/nl/forward.h and qdisc.h: each request, compared as bytes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/nl/forward.h"
#include "netlab/nl/qdisc.h"
#include "tests/unit/nl_bytes.h"
#include "tests/unit/scratch.h"

#define ATTR_U16(type, value) ATTR(2, type), U16(value), PAD2
#define U64(x)                U32((uint64_t)(x)), U32((uint64_t)(x) >> 32)
#define CHANGE                (NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE)
#define MAC                   0x52, 0x54, 1, 0, 0, 1

static const uint8_t mac[LAB_MAC_LEN] = { MAC };

static struct lab_addr addr(const char *text)
{
	struct lab_addr a;

	assert_int_equal(lab_addr_parse(text, &a), 0);
	return a;
}

static void a_port_is_in_vlans(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t one[] = {
		HEADER(52, RTM_SETLINK, NLM_F_REQUEST),
		AF_BRIDGE, 0, U16(0), U32(17), U32(0), U32(0),
		NEST(16, IFLA_AF_SPEC),
		ATTR_U16(IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF),
		ATTR(4, IFLA_BRIDGE_VLAN_INFO), U16(BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED), U16(5),
	};
	static const uint8_t range[] = {
		HEADER(52, RTM_DELLINK, NLM_F_REQUEST),
		AF_BRIDGE, 0, U16(0), U32(17), U32(0), U32(0),
		NEST(16, IFLA_AF_SPEC),
		ATTR(4, IFLA_BRIDGE_VLAN_INFO), U16(BRIDGE_VLAN_INFO_RANGE_BEGIN), U16(10),
		ATTR(4, IFLA_BRIDGE_VLAN_INFO), U16(BRIDGE_VLAN_INFO_RANGE_END), U16(12),
	};
	/* clang-format on */
	const struct lab_bridge_vlan pvid = {
		.ifindex = 17, .self = true, .vid = 5, .pvid = true, .untagged = true
	};
	const struct lab_bridge_vlan many = { .ifindex = 17, .vid = 10, .vid_end = 12 };
	struct lab_nl nl;

	start(&nl);
	lab_bridge_vlan_add(&nl, &pvid);
	assert_request(&nl, one, sizeof(one));
	start(&nl);
	lab_bridge_vlan_del(&nl, &many);
	assert_request(&nl, range, sizeof(range));
}

static void a_forwarding_entry_has_its_place(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(56, RTM_NEWNEIGH, CHANGE),
		AF_BRIDGE, 0, U16(0), U32(17), U16(NUD_NOARP), NTF_MASTER, 0,
		ATTR(6, NDA_LLADDR), MAC, PAD2,
		ATTR_U16(NDA_VLAN, 10),
		ATTR_IP4(NDA_DST, 10, 0, 0, 2),
	};
	static const uint8_t gone[] = {
		HEADER(40, RTM_DELNEIGH, NLM_F_REQUEST),
		AF_BRIDGE, 0, U16(0), U32(17), U16(NUD_PERMANENT), NTF_SELF, 0,
		ATTR(6, NDA_LLADDR), MAC, PAD2,
	};
	/* clang-format on */
	const struct lab_fdb fdb = {
		.ifindex = 17, .mac = mac, .vid = 10, .master = true, .dst = addr("10.0.0.2")
	};
	const struct lab_fdb self = {
		.ifindex = 17, .mac = mac, .self = true, .state = LAB_FDB_PERMANENT
	};
	struct lab_nl nl;

	start(&nl);
	lab_fdb_add(&nl, &fdb);
	assert_request(&nl, want, sizeof(want));
	start(&nl);
	lab_fdb_del(&nl, &self);
	assert_request(&nl, gone, sizeof(gone));
}

static void a_multicast_entry_names_bridge_and_port(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(56, RTM_NEWMDB, NEW),
		AF_BRIDGE, 0, 0, 0, U32(16),
		ATTR(28, MDBA_SET_ENTRY), U32(17), MDB_PERMANENT, 0, U16(3),
		239, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00, PAD2,
	};
	/* clang-format on */
	const struct lab_mdb mdb = {
		.bridge = 16, .port = 17, .group = addr("239.1.2.3"), .vid = 3
	};
	struct lab_nl nl;

	start(&nl);
	lab_mdb_add(&nl, &mdb);
	assert_request(&nl, want, sizeof(want));
	start(&nl);
	lab_mdb_del(&nl, &mdb);
	assert_int_equal(nl.len, sizeof(want));
	lab_nl_close(&nl);
}

static void a_neighbour_stays(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(48, RTM_NEWNEIGH, CHANGE),
		AF_INET, 0, U16(0), U32(16), U16(NUD_PERMANENT), 0, 0,
		ATTR_IP4(NDA_DST, 10, 0, 0, 2),
		ATTR(6, NDA_LLADDR), MAC, PAD2,
	};
	/* clang-format on */
	const struct lab_addr a = addr("10.0.0.2/24");
	struct lab_nl nl;

	start(&nl);
	lab_neigh_add(&nl, 16, &a, mac);
	assert_request(&nl, want, sizeof(want));
	start(&nl);
	lab_neigh_del(&nl, 16, &a);
	assert_int_equal(nl.len, 36);
	lab_nl_close(&nl);
}

static void a_route_has_its_hops(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(80, RTM_NEWROUTE, CHANGE),
		AF_INET, 16, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST, U32(0),
		ATTR_IP4(RTA_DST, 10, 9, 0, 0),
		ATTR_U32(RTA_PRIORITY, 7),
		NEST(32, RTA_MULTIPATH),
		U16(16), 0, 0, U32(16), ATTR_IP4(RTA_GATEWAY, 10, 0, 0, 2),
		U16(16), 0, 4, U32(17), ATTR_IP4(RTA_GATEWAY, 10, 0, 1, 2),
	};
	static const uint8_t one[] = {
		HEADER(52, RTM_NEWROUTE, NEW),
		AF_INET, 16, 0, 0, RT_TABLE_UNSPEC, RTPROT_STATIC, RT_SCOPE_LINK, RTN_UNICAST, U32(0),
		ATTR_IP4(RTA_DST, 10, 9, 0, 0),
		ATTR_U32(RTA_TABLE, 1000),
		ATTR_U32(RTA_OIF, 16),
	};
	static const uint8_t gone[] = {
		HEADER(36, RTM_DELROUTE, NLM_F_REQUEST),
		AF_INET, 16, 0, 0, 100, 0, RT_SCOPE_NOWHERE, RTN_UNICAST, U32(0),
		ATTR_IP4(RTA_DST, 10, 9, 0, 0),
	};
	/* clang-format on */
	const struct lab_nexthop hops[] = {
		{ .via = addr("10.0.0.2"), .ifindex = 16 },
		{ .via = addr("10.0.1.2"), .ifindex = 17, .weight = 5 },
	};
	const struct lab_nexthop link = { .ifindex = 16 };
	const struct lab_nl_route both = {
		.dst = addr("10.9.0.0/16"), .hops = hops, .n = 2, .metric = 7, .replace = true
	};
	const struct lab_nl_route direct = {
		.dst = addr("10.9.0.0/16"), .hops = &link, .n = 1, .table = 1000
	};
	struct lab_nl_route any = { .dst = addr("10.9.0.0/16"), .table = 100 };
	struct lab_nl nl;

	start(&nl);
	lab_route_add(&nl, &both);
	assert_request(&nl, want, sizeof(want));
	start(&nl);
	lab_route_add(&nl, &direct);
	assert_request(&nl, one, sizeof(one));
	start(&nl);
	lab_route_del(&nl, &any);
	assert_request(&nl, gone, sizeof(gone));
	start(&nl);
	lab_route_add(&nl, &any);
	assert_int_equal(nl.error, -EINVAL);
	lab_nl_close(&nl);
	any.n = LAB_NEXTHOPS_MAX + 1;
	start(&nl);
	lab_route_del(&nl, &any);
	assert_int_equal(nl.error, -EINVAL);
	lab_nl_close(&nl);
}

/* --- network emulation ------------------------------------------------------------------------------------ */

static void netem_is_written_as_tc_does(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		HEADER(168, RTM_NEWQDISC, CHANGE),
		AF_UNSPEC, 0, U16(0), U32(16), U32(0), U32(TC_H_ROOT), U32(0),
		ATTR(6, TCA_KIND), 'n', 'e', 't', 'e', 'm', 0, PAD2,
		NEST(116, TCA_OPTIONS),
		U32(156250), U32(50), U32(42949673), U32(1), U32(21474836), U32(15625),
		ATTR(8, TCA_NETEM_LATENCY64), U64(10000000),
		ATTR(8, TCA_NETEM_JITTER64), U64(1000000),
		ATTR(12, TCA_NETEM_CORR), U32(1073741824), U32(0), U32(UINT32_MAX),
		ATTR(8, TCA_NETEM_REORDER), U32(2147483648), U32(0),
		ATTR(8, TCA_NETEM_CORRUPT), U32(0), U32(0),
		ATTR(16, TCA_NETEM_RATE), U32(1250000), U32(0), U32(0), U32(0),
		ATTR(4, TCA_NETEM_DELAY_DIST), U16(1), U16((uint16_t)-2),
	};
	/* clang-format on */
	static const struct lab_dist_table table = { .v = { 1, -2 }, .n = 2 };
	const struct lab_netem netem = {
		.delay_us = 10000,
		.jitter_us = 1000,
		.delay_correlation = 25000000,
		.loss = { 1000000, 0 },
		.duplication = { 500000, LAB_PERCENT_100 },
		.reordering = { 50000000, 0 },
		.rate_bps = 10000000,
		.limit = 50,
	};
	struct lab_nl nl;

	start(&nl);
	lab_qdisc_netem(&nl, 16, &netem, &table);
	assert_request(&nl, want, sizeof(want));
}

static void qdiscs_come_and_go(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t gone[] = {
		HEADER(36, RTM_DELQDISC, NLM_F_REQUEST),
		AF_UNSPEC, 0, U16(0), U32(16), U32(0), U32(TC_H_ROOT), U32(0),
	};
	/* clang-format on */
	struct lab_nl nl;

	start(&nl);
	lab_qdisc_del(&nl, 16);
	assert_request(&nl, gone, sizeof(gone));
}

static void tables_are_numbers(LAB_UNUSED void **state)
{
	static struct lab_dist_table t;
	static char many[LAB_DIST_MAX * 2 + 3];

	assert_int_equal(lab_dist_parse("# made by hand\n 1 -2\t32767\n-32768 # 7\n3", &t), 0);
	assert_int_equal(t.n, 5);
	assert_int_equal(t.v[1], -2);
	assert_int_equal(t.v[2], INT16_MAX);
	assert_int_equal(t.v[3], INT16_MIN);
	assert_int_equal(t.v[4], 3);
	assert_int_equal(lab_dist_parse("", &t), -EBADMSG);
	assert_int_equal(lab_dist_parse("# 1\n", &t), -EBADMSG);
	assert_int_equal(lab_dist_parse("1 x", &t), -EBADMSG);
	assert_int_equal(lab_dist_parse("32768", &t), -EBADMSG);
	assert_int_equal(lab_dist_parse("-32769", &t), -EBADMSG);
	assert_int_equal(lab_dist_parse("-", &t), -EBADMSG);
	assert_int_equal(lab_dist_parse("1234567890123456", &t), -EBADMSG);
	for (size_t i = 0; i < LAB_DIST_MAX + 1; i++)
		memcpy(many + 2 * i, "1 ", 2);
	assert_int_equal(lab_dist_parse(many, &t), -EFBIG);
	many[2 * (size_t)LAB_DIST_MAX] = '\0';
	assert_int_equal(lab_dist_parse(many, &t), 0);
	assert_int_equal(t.n, LAB_DIST_MAX);
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void tables_are_files_of_tc(LAB_UNUSED void **state)
{
	static struct lab_dist_table t;
	char dir[SCRATCH_STRLEN];
	struct lab_err err;

	scratch_make(dir);
	put_file(dir, "normal.dist", "1 2 3\n");
	put_file(dir, "pareto.dist", "one\n");
	assert_int_equal(setenv("TC_LIB_DIR", dir, 1), 0);
	assert_int_equal(lab_dist_load(LAB_DIST_NORMAL, &t, &err), 0);
	assert_int_equal(t.n, 3);
	assert_int_equal(lab_dist_load(LAB_DIST_PARETO, &t, &err), -EBADMSG);
	assert_string_equal(err.msg, "distribution pareto: its file of tc: Bad message [EBADMSG]");
	assert_int_equal(unsetenv("TC_LIB_DIR"), 0);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_is_in_vlans),
		cmocka_unit_test(a_forwarding_entry_has_its_place),
		cmocka_unit_test(a_multicast_entry_names_bridge_and_port),
		cmocka_unit_test(a_neighbour_stays),
		cmocka_unit_test(a_route_has_its_hops),
		cmocka_unit_test(netem_is_written_as_tc_does),
		cmocka_unit_test(qdiscs_come_and_go),
		cmocka_unit_test(tables_are_numbers),
		cmocka_unit_test(tables_are_files_of_tc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
