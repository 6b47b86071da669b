/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_link_get.c - unit tests of netlab/nl/link_get.h and genl.h: questions as bytes, and answers of a kernel that is a socket pair */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/nl/genl.h"
#include "netlab/nl/link_get.h"
#include "tests/unit/nl_bytes.h"

#define MESSAGE(len, type, fl, seq) U32(len), U16(type), U16(fl), U32(seq), U32(0)
#define DONE(fl, seq)               MESSAGE(20, NLMSG_DONE, (fl) | NLM_F_MULTI, seq), U32(0)
#define ACK(code, seq) \
	MESSAGE(36, NLMSG_ERROR, NLM_F_CAPPED, seq), U32(code), MESSAGE(16, 0, 0, seq)
#define MULTI NLM_F_MULTI
#define LINK(len, index, fl, seq) \
	MESSAGE(len, RTM_NEWLINK, fl, seq), 0, 0, U16(0), U32(index), U32(IFF_UP), U32(0)
#define U64(x) U32((uint64_t)(x)), U32((uint64_t)(x) >> 32)

/* The far end of the socket that @nl takes for the kernel. */
static int kernel;

static void connect_kernel(struct lab_nl *nl)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	*nl = (struct lab_nl){ .fd = ends[0] };
	kernel = ends[1];
}

static void hang_up(struct lab_nl *nl)
{
	lab_nl_close(nl);
	(void)close(kernel);
}

static void answer(const void *bytes, size_t len)
{
	assert_int_equal(send(kernel, bytes, len, 0), len);
}

static void assert_asked(const uint8_t *want, size_t len)
{
	uint8_t got[4096];
	ssize_t n = recv(kernel, got, sizeof(got), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n && (size_t)i < len; i++)
		if (got[i] != want[i])
			fail_msg("byte %zd is 0x%02x, not 0x%02x", i, got[i], want[i]);
	assert_int_equal(n, len);
}

/* --- links ---------------------------------------------------------------------------------------------- */

static void a_link_is_read(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t told[] = {
		LINK(196, 16, 0, 2),
		ATTR(4, IFLA_IFNAME), 'e', 't', 'h', 0,
		ATTR(6, IFLA_ADDRESS), 0x52, 0x54, 1, 0, 0, 1, PAD2,
		ATTR_U32(IFLA_MTU, 1400),
		ATTR_U32(IFLA_MASTER, 20),
		ATTR_U32(IFLA_LINK, 17),
		ATTR_U8(IFLA_OPERSTATE, 6),
		NEST(24, IFLA_LINKINFO),
		ATTR(5, IFLA_INFO_KIND), 'v', 'e', 't', 'h', 0, PAD3,
		ATTR(7, IFLA_INFO_SLAVE_KIND), 'b', 'r', 'i', 'd', 'g', 'e', 0, PAD1,
		ATTR(80, IFLA_STATS64), U64(1), U64(2), U64(3), U64(4), U64(5), U64(6), U64(7), U64(8), U64(9), U64(10),
	};
	static const uint8_t asked[] = {
		HEADER(40, RTM_GETLINK, NLM_F_REQUEST),
		IFINFO(0, 0),
		ATTR(4, IFLA_IFNAME), 'e', 't', 'h', 0,
	};
	/* clang-format on */
	uint8_t want[sizeof(asked)];
	struct lab_link_info info;
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(told, sizeof(told));
	assert_int_equal(lab_link_get(&nl, 0, "eth", &info, NULL), 0);
	memcpy(want, asked, sizeof(want));
	want[8] = 2; /* each asking has a number of its own */
	assert_asked(want, sizeof(want));
	assert_int_equal(info.ifindex, 16);
	assert_string_equal(info.name, "eth");
	assert_true(info.has_mac);
	assert_int_equal(info.mac[5], 1);
	assert_int_equal(info.mtu_bytes, 1400);
	assert_int_equal(info.master, 20);
	assert_int_equal(info.lower, 17);
	assert_string_equal(lab_link_operstate(info.operstate), "up");
	assert_string_equal(info.kind, "veth");
	assert_string_equal(info.port_kind, "bridge");
	assert_int_equal(info.flags, IFF_UP);
	assert_int_equal(info.stats.rx_packets, 1);
	assert_int_equal(info.stats.tx_dropped, 8);
	assert_int_equal(info.stats.collisions, 10);
	assert_string_equal(lab_link_operstate(99), "unknown");
	hang_up(&nl);
}

static void a_refusal_is_told(LAB_UNUSED void **state)
{
	static const uint8_t told[] = { ACK(-ENODEV, 2) };
	struct lab_link_info info = { .ifindex = 77 };
	struct lab_err err;
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(told, sizeof(told));
	assert_int_equal(lab_link_get(&nl, 16, NULL, &info, &err), -ENODEV);
	assert_string_equal(err.msg, "No such device [ENODEV]");
	assert_int_equal(info.ifindex, 77);
	hang_up(&nl);
}

static void a_list_has_parts(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t stale[] = { LINK(32, 9, MULTI, 1), DONE(0, 1) };
	static const uint8_t first[] = { LINK(32, 1, MULTI, 2), LINK(32, 2, MULTI, 2) };
	static const uint8_t second[] = { LINK(32, 3, MULTI, 2), MESSAGE(16, RTM_NEWADDR, MULTI, 2) };
	static const uint8_t last[] = { DONE(0, 2) };
	/* clang-format on */
	struct lab_link_list list = { .n_links = 0 };
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(stale, sizeof(stale));
	answer(first, sizeof(first));
	answer(second, sizeof(second));
	answer(last, sizeof(last));
	assert_int_equal(lab_link_list(&nl, &list, NULL), 0);
	assert_int_equal(list.n_links, 3);
	assert_int_equal(list.links[2].ifindex, 3);
	lab_link_list_fini(&list);
	hang_up(&nl);
}

static void a_list_that_changed_is_asked_for_again(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t changed[] = { LINK(32, 1, MULTI | NLM_F_DUMP_INTR, 2), LINK(32, 2, MULTI, 2), DONE(0, 2) };
	static const uint8_t again[] = { LINK(32, 3, MULTI, 3), DONE(0, 3) };
	/* clang-format on */
	struct lab_link_list list = { .n_links = 0 };
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(changed, sizeof(changed));
	answer(again, sizeof(again));
	assert_int_equal(lab_link_list(&nl, &list, NULL), 0);
	assert_int_equal(list.n_links, 1);
	assert_int_equal(list.links[0].ifindex, 3);
	lab_link_list_fini(&list);
	hang_up(&nl);
}

/* Twenty numbers are tried; each answer here is the end of a list for all of them. */
static void a_list_that_never_stands_still_is_given_up(LAB_UNUSED void **state)
{
	enum { TRIES = 20, LEN = 20 };
	struct lab_link_list list = { .n_links = 0 };
	uint8_t all[TRIES * LEN];
	const int size = 1 << 20;
	struct lab_err err;
	struct lab_nl nl;

	connect_kernel(&nl);
	for (uint32_t i = 0; i < TRIES; i++) {
		const uint8_t one[] = { DONE(NLM_F_DUMP_INTR, i + 2) };

		assert_int_equal(sizeof(one), LEN);
		memcpy(all + (size_t)i * LEN, one, LEN);
	}
	assert_int_equal(setsockopt(kernel, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	for (uint32_t i = 0; i < TRIES; i++)
		answer(all, sizeof(all));
	assert_int_equal(lab_link_list(&nl, &list, &err), -EAGAIN);
	assert_string_equal(err.msg, "a list of the kernel did not stand still");
	lab_link_list_fini(&list);
	hang_up(&nl);
}

static void what_is_cut_short_is_refused(LAB_UNUSED void **state)
{
	static const uint8_t told[] = { MESSAGE(20, RTM_NEWLINK, MULTI, 2), U32(0), DONE(0, 2) };
	struct lab_link_list list = { .n_links = 0 };
	struct lab_err err;
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(told, sizeof(told));
	assert_int_equal(lab_link_list(&nl, &list, &err), -EBADMSG);
	assert_string_equal(err.msg, "a netlink answer is cut short");
	lab_link_list_fini(&list);
	hang_up(&nl);
}

static void addresses_are_those_of_the_link(LAB_UNUSED void **state)
{
	/* clang-format off */
	static const uint8_t told[] = {
		MESSAGE(40, RTM_NEWADDR, MULTI, 2), AF_INET, 24, 0x80, 0, U32(16),
		ATTR_IP4(IFA_ADDRESS, 10, 0, 0, 2),
		ATTR_IP4(IFA_LOCAL, 10, 0, 0, 1),
		MESSAGE(32, RTM_NEWADDR, MULTI, 2), AF_INET, 24, 0, 0, U32(17),
		ATTR_IP4(IFA_LOCAL, 10, 0, 0, 3),
		MESSAGE(52, RTM_NEWADDR, MULTI, 2), AF_INET6, 64, 0, RT_SCOPE_LINK, U32(16),
		ATTR(16, IFA_ADDRESS), 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		ATTR_U32(IFA_FLAGS, IFA_F_NODAD),
		MESSAGE(24, RTM_NEWADDR, MULTI, 2), AF_INET6, 64, 0, 0, U32(16),
		DONE(0, 2),
	};
	/* clang-format on */
	struct lab_link_list list = { .n_links = 0 };
	char text[LAB_ADDR_STRLEN];
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(told, sizeof(told));
	assert_int_equal(lab_link_list_addrs(&nl, 16, &list, NULL), 0);
	assert_int_equal(list.n_addrs, 2);
	assert_string_equal(lab_addr_format(&list.addrs[0].addr, true, text), "10.0.0.1/24");
	assert_int_equal(list.addrs[0].flags, 0x80);
	assert_string_equal(lab_addr_format(&list.addrs[1].addr, true, text), "fe80::1/64");
	assert_int_equal(list.addrs[1].flags, IFA_F_NODAD);
	assert_int_equal(list.addrs[1].scope, RT_SCOPE_LINK);
	lab_link_list_fini(&list);
	hang_up(&nl);
}

/* --- generic netlink ----------------------------------------------------------------------------------- */

#define FAMILY 33
#define ANSWER_FAMILY                                                                             \
	MESSAGE(28, GENL_ID_CTRL, 0, 2), 1, 2, U16(0), ATTR(2, CTRL_ATTR_FAMILY_ID), U16(FAMILY), \
		PAD2

static void a_peer_is_told(LAB_UNUSED void **state)
{
	static const uint8_t family[] = { ANSWER_FAMILY };
	static const uint8_t acks[] = { ACK(0, 3) };
	/* clang-format off */
	static const uint8_t asked[] = {
		MESSAGE(36, GENL_ID_CTRL, NLM_F_REQUEST, 2), CTRL_CMD_GETFAMILY, 1, U16(0),
		ATTR(10, CTRL_ATTR_FAMILY_NAME), 'w', 'i', 'r', 'e', 'g', 'u', 'a', 'r', 'd', 0, PAD2,
	};
	static const uint8_t want[] = {
		MESSAGE(140, FAMILY, NLM_F_REQUEST | NLM_F_ACK, 3), WG_CMD_SET_DEVICE, WG_GENL_VERSION, U16(0),
		ATTR_U32(WGDEVICE_A_IFINDEX, 16),
		NEST(108, WGDEVICE_A_PEERS),
		NEST(104, 0),
		ATTR(32, WGPEER_A_PUBLIC_KEY), 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		ATTR(16, WGPEER_A_ENDPOINT), U16(AF_INET), 0x01, 0x00, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
		ATTR(2, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL), U16(25), PAD2,
		ATTR_U32(WGPEER_A_FLAGS, WGPEER_F_REPLACE_ALLOWEDIPS),
		NEST(28, WGPEER_A_ALLOWEDIPS),
		NEST(24, 0),
		ATTR(2, WGALLOWEDIP_A_FAMILY), U16(AF_INET), PAD2,
		ATTR(4, WGALLOWEDIP_A_IPADDR), 10, 0, 0, 0,
		ATTR_U8(WGALLOWEDIP_A_CIDR_MASK, 8),
	};
	/* clang-format on */
	const struct lab_option options[] = {
		{ .name = "peer",
		  .value =
			  "public_key=BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= endpoint=10.0.0.1:256 keepalive=25 "
			  "allowed_ips=10.0.0.0/8" },
	};
	const struct lab_link_options from = { .v = options, .n = 1 };
	struct lab_err err = { .code = 0 };
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(family, sizeof(family));
	answer(acks, sizeof(acks));
	if (lab_link_finish(&nl, LAB_LINK_WIREGUARD, 16, &from, &err) < 0)
		fail_msg("%s", err.msg);
	assert_asked(asked, sizeof(asked));
	assert_asked(want, sizeof(want));
	hang_up(&nl);
}

static void a_macsec_channel_comes_before_its_association(LAB_UNUSED void **state)
{
	static const uint8_t family[] = { ANSWER_FAMILY };
	static const uint8_t there[] = { ACK(-EEXIST, 3) };
	static const uint8_t done[] = { ACK(0, 4) };
	/* clang-format off */
	static const uint8_t channel[] = {
		MESSAGE(52, FAMILY, NLM_F_REQUEST | NLM_F_ACK, 3), MACSEC_CMD_ADD_RXSC, MACSEC_GENL_VERSION, U16(0),
		ATTR_U32(MACSEC_ATTR_IFINDEX, 16),
		NEST(20, MACSEC_ATTR_RXSC_CONFIG),
		ATTR(8, MACSEC_RXSC_ATTR_SCI), 0x52, 0x54, 0, 0, 0, 1, 0, 2,
		ATTR_U8(MACSEC_RXSC_ATTR_ACTIVE, 1),
	};
	static const uint8_t association[] = {
		MESSAGE(112, FAMILY, NLM_F_REQUEST | NLM_F_ACK, 4), MACSEC_CMD_ADD_RXSA, MACSEC_GENL_VERSION, U16(0),
		ATTR_U32(MACSEC_ATTR_IFINDEX, 16),
		NEST(12, MACSEC_ATTR_RXSC_CONFIG),
		ATTR(8, MACSEC_RXSC_ATTR_SCI), 0x52, 0x54, 0, 0, 0, 1, 0, 2,
		NEST(64, MACSEC_ATTR_SA_CONFIG),
		ATTR_U8(MACSEC_SA_ATTR_AN, 3),
		ATTR_U32(MACSEC_SA_ATTR_PN, 1),
		ATTR(16, MACSEC_SA_ATTR_KEYID), 0xab, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		ATTR(16, MACSEC_SA_ATTR_KEY), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		ATTR_U8(MACSEC_SA_ATTR_ACTIVE, 1),
	};
	/* clang-format on */
	const struct lab_option options[] = {
		{ .name = "encrypt", .value = "on" },
		{ .name = "rx_sa",
		  .value =
			  "address=52:54:00:00:00:01 port=2 sa=3 id=ab key=000102030405060708090a0b0c0d0e0f" },
	};
	const struct lab_link_options from = { .v = options, .n = 2 };
	struct lab_err err = { .code = 0 };
	uint8_t asked[256];
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(family, sizeof(family));
	answer(there, sizeof(there));
	answer(done, sizeof(done));
	if (lab_link_finish(&nl, LAB_LINK_MACSEC, 16, &from, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(recv(kernel, asked, sizeof(asked), MSG_DONTWAIT) > 0);
	assert_asked(channel, sizeof(channel));
	assert_asked(association, sizeof(association));
	hang_up(&nl);
}

static void a_family_that_is_not_there_is_named(LAB_UNUSED void **state)
{
	static const uint8_t told[] = { ACK(-ENOENT, 2) };
	const struct lab_option option = { .name = "listen_port", .value = "1" };
	const struct lab_link_options from = { .v = &option, .n = 1 };
	struct lab_err err;
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(told, sizeof(told));
	assert_int_equal(lab_link_finish(&nl, LAB_LINK_WIREGUARD, 16, &from, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "generic netlink family wireguard: No such file or directory [ENOENT]");
	assert_int_equal(lab_link_finish(&nl, LAB_LINK_BOND, 16, &from, &err), 0);
	hang_up(&nl);
}

/* What was begun is not sent with the next request. */
static void a_wrong_option_sends_nothing(LAB_UNUSED void **state)
{
	static const uint8_t family[] = { ANSWER_FAMILY };
	const struct lab_option option = { .name = "listen_port", .value = "x" };
	const struct lab_link_options from = { .v = &option, .n = 1 };
	uint8_t asked[256];
	struct lab_err err;
	struct lab_nl nl;

	connect_kernel(&nl);
	answer(family, sizeof(family));
	assert_int_equal(lab_link_finish(&nl, LAB_LINK_WIREGUARD, 16, &from, &err), -EINVAL);
	assert_string_equal(err.msg, "option listen_port: \"x\" is not a number of 0 to 65535");
	assert_int_equal(nl.len, 0);
	assert_int_equal(nl.error, 0);
	assert_true(recv(kernel, asked, sizeof(asked), MSG_DONTWAIT) > 0);
	assert_true(recv(kernel, asked, sizeof(asked), MSG_DONTWAIT) < 0);
	hang_up(&nl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_read),
		cmocka_unit_test(a_refusal_is_told),
		cmocka_unit_test(a_list_has_parts),
		cmocka_unit_test(a_list_that_changed_is_asked_for_again),
		cmocka_unit_test(a_list_that_never_stands_still_is_given_up),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(addresses_are_those_of_the_link),
		cmocka_unit_test(a_peer_is_told),
		cmocka_unit_test(a_macsec_channel_comes_before_its_association),
		cmocka_unit_test(a_family_that_is_not_there_is_named),
		cmocka_unit_test(a_wrong_option_sends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
