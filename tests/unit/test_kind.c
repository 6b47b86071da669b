/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_kind.c - unit tests of netlab/nl/kind.h: the table is sound, and what is wrong with an option is said exactly */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "netlab/nl/kind.h"
#include "netlab/nl/kind_internal.h"

#define KEY128 "00112233445566778899aabbccddeeff"
#define KEY256 KEY128 KEY128
#define WG_KEY "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="

/* --- the table ------------------------------------------------------------------------------------------ */

static void check_row(const struct lab_option_def *rows, const struct lab_option_def *def)
{
	struct lab_option_value value;

	assert_non_null(def->what);
	assert_ptr_equal(lab_option_find(rows, def->name), def);
	if (def->other)
		assert_ptr_equal(lab_option_find(rows, def->other), def);
	assert_true(def->type != LAB_OPTION_WORD || def->words);
	assert_true(def->type != LAB_OPTION_GROUP || def->group);
	assert_true(def->min <= def->max);
	if (def->type == LAB_OPTION_NUMBER)
		assert_true(def->max > 0);
	if (def->wire != LAB_WIRE_NONE && def->wire != LAB_WIRE_LINK_MAC)
		assert_true(def->attr > 0);
	if (def->wire == LAB_WIRE_U8 && def->type == LAB_OPTION_NUMBER)
		assert_true(def->max <= UINT8_MAX);
	if (def->wire == LAB_WIRE_U16 || def->wire == LAB_WIRE_BE16)
		assert_true(def->max <= UINT16_MAX);
	if (def->wire == LAB_WIRE_U32 || def->wire == LAB_WIRE_BE32)
		assert_true(def->max <= UINT32_MAX);
	if (def->initial)
		assert_int_equal(lab_option_read(def, def->initial, &value, NULL), 0);
	if (def->type == LAB_OPTION_GROUP)
		for (const struct lab_option_def *row = def->group; row->name; row++)
			check_row(def->group, row);
}

static void each_row_is_whole(LAB_UNUSED void **state)
{
	for (int i = 0; i < LAB_LINK_KIND_MAX_; i++) {
		const struct lab_kind_def *kind = lab_kind_get((enum lab_link_kind)i);
		const struct lab_option_def *def;

		assert_non_null(kind->name);
		assert_non_null(kind->what);
		assert_non_null(kind->config);
		assert_non_null(kind->options);
		assert_true(kind->lower_min <= kind->lower_max);
		assert_int_equal(kind->ports, kind->lower_max == LAB_LOWER_MANY);
		assert_int_equal(lab_kind_find(kind->name), i);
		if (kind->kernel)
			assert_int_equal(lab_kind_of_kernel(kind->kernel), i);
		for (def = kind->options; def->name; def++)
			check_row(kind->options, def);
		for (def = kind->port_options; def && def->name; def++)
			check_row(kind->port_options, def);
		assert_int_equal(lab_kind_option((enum lab_link_kind)i, LAB_USE_NEW, "hwaddr") !=
					 NULL,
				 kind->ether);
	}
}

static void kinds_have_names(LAB_UNUSED void **state)
{
	assert_int_equal(lab_kind_find("bond"), LAB_LINK_BOND);
	assert_int_equal(lab_kind_find("Bond"), -ENOENT);
	assert_int_equal(lab_kind_of_kernel("ip6gre"), LAB_LINK_IP6GRE);
	assert_int_equal(lab_kind_of_kernel("tun"), -ENOENT);
	assert_string_equal(lab_kind_near("bons"), "bond");
	assert_string_equal(lab_kind_near("mcvlan"), "macvlan");
	assert_null(lab_kind_near("unrelated"));
	assert_string_equal(lab_kind_option(LAB_LINK_BOND, LAB_USE_NEW, "ad_lacp_rate")->name,
			    "lacp_rate");
	assert_null(lab_kind_option(LAB_LINK_BOND, LAB_USE_PORT, "lacp_rate"));
	assert_null(lab_kind_option(LAB_LINK_VLAN, LAB_USE_PORT, "vlan_tci"));
}

/* --- what is right --------------------------------------------------------------------------------------- */

struct good {
	enum lab_link_kind kind;
	struct lab_option options[12];
};

static size_t count(const struct lab_option *options, size_t max)
{
	size_t n = 0;

	while (n < max && options[n].name)
		n++;
	return n;
}

static void good_options_pass(LAB_UNUSED void **state)
{
	static const struct good cases[] = {
		{ LAB_LINK_VETH, { { .name = NULL } } },
		{ LAB_LINK_BOND,
		  { { .name = "mode", .value = "active-backup" },
		    { .name = "miimon", .value = "100" },
		    { .name = "primary", .value = "eth1" },
		    { .name = "lacp_rate", .value = "1" },
		    { .name = "arp_ip_target", .value = "+10.0.0.1,10.0.0.2" },
		    { .name = "arp_ip_target", .value = "10.0.0.3" },
		    { .name = "ad_actor_system", .value = "52:54:00:00:00:01" } } },
		{ LAB_LINK_BRIDGE,
		  { { .name = "stp_state", .value = "0" },
		    { .name = "mcast_snooping", .value = "off" },
		    { .name = "vlan_protocol", .value = "0x88a8" } } },
		{ LAB_LINK_VLAN,
		  { { .name = "vlan_tci", .value = "10" },
		    { .name = "egress_qos_map", .value = " 0:1  2:3" } } },
		{ LAB_LINK_VXLAN,
		  { { .name = "id", .value = "100" },
		    { .name = "group_ip", .value = "239.1.1.1" },
		    { .name = "extra",
		      .value = "ttl 64  nolearning udpcsum\tsrcport 1000-2000" } } },
		{ LAB_LINK_GRE,
		  { { .name = "key", .value = "0.0.0.1" },
		    { .name = "ttl", .value = "inherit" },
		    { .name = "oseq", .value = "true" } } },
		{ LAB_LINK_VTI, { { .name = "key", .value = "4294967295" } } },
		{ LAB_LINK_MACSEC,
		  { { .name = "cipher", .value = "gcm-aes-256" },
		    { .name = "tx_sa", .value = "sa=0 key=" KEY256 " id=01 pn=7" },
		    { .name = "rx_sa",
		      .value = "address=52:54:00:00:00:01 sa=0 key=" KEY256 " active=no" },
		    { .name = "rx_sa",
		      .value = "address=52:54:00:00:00:01 sa=1 key=" KEY256 " port=2" } } },
		{ LAB_LINK_WIREGUARD,
		  { { .name = "private_key", .value = WG_KEY },
		    { .name = "peer",
		      .value = "public_key=" WG_KEY
			       " endpoint=[fd00::1]:51820 allowed_ips=10.0.0.0/8,fd00::/64" },
		    { .name = "peer",
		      .value = "public_key=" WG_KEY " endpoint=10.0.0.1:1 keepalive=25" } } },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		const struct good *c = &cases[i];
		struct lab_err err;

		if (lab_kind_check(c->kind, LAB_USE_NEW, c->options,
				   count(c->options, LAB_ARRAY_SIZE(c->options)), NULL, &err) < 0)
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* --- what is wrong --------------------------------------------------------------------------------------- */

static void assert_said(enum lab_link_kind kind, enum lab_option_use use,
			const struct lab_option *options, size_t n, size_t at, const char *said)
{
	size_t failed = SIZE_MAX;
	struct lab_err err = { .code = 0 };

	assert_int_equal(lab_kind_check(kind, use, options, n, &failed, &err), -EINVAL);
	assert_string_equal(err.msg, said);
	assert_int_equal(failed, at);
	assert_int_equal(err.src.line, at < n ? options[at].src.line : 0);
}

struct bad {
	enum lab_link_kind kind;
	enum lab_option_use use;
	const char *name, *value, *said;
};

/* One option that is wrong by itself. */
static void each_mistake_is_named(LAB_UNUSED void **state)
{
	static const struct bad cases[] = {
		{ LAB_LINK_BOND, LAB_USE_NEW, "milmon", "100",
		  "no option milmon for bond; did you mean miimon?" },
		{ LAB_LINK_VRF, LAB_USE_NEW, "qqqqq", "1",
		  "no option qqqqq for vrf; it has hwaddr, table" },
		{ LAB_LINK_LO, LAB_USE_NEW, "mtu", "1", "no option mtu for lo; it has none" },
		{ LAB_LINK_VLAN, LAB_USE_PORT, "cost", "1",
		  "no option cost for a port of vlan; it has none" },
		{ LAB_LINK_BRIDGE, LAB_USE_PORT, "lerning", "on",
		  "no option lerning for a port of bridge; did you mean learning?" },
		{ LAB_LINK_BOND, LAB_USE_NEW, "miimon", "abc",
		  "option miimon: \"abc\" is not a number of 0 to 2147483647" },
		{ LAB_LINK_BOND, LAB_USE_NEW, "miimon", "",
		  "option miimon: \"\" is not a number of 0 to 2147483647" },
		{ LAB_LINK_BOND, LAB_USE_NEW, "mode", "active-backups",
		  "option mode: \"active-backups\" is none of balance-rr, active-backup, balance-xor, broadcast, "
		  "802.3ad, balance-tlb, balance-alb; did you mean active-backup?" },
		{ LAB_LINK_BOND, LAB_USE_NEW, "lacp_rate", "2",
		  "option lacp_rate: \"2\" is none of slow, fast" },
		{ LAB_LINK_BOND, LAB_USE_NEW, "use_carrier", "maybe",
		  "option use_carrier: \"maybe\" is neither yes nor no" },
		{ LAB_LINK_BOND, LAB_USE_NEW, "arp_ip_target", "10.0.0.1,fd00::1",
		  "option arp_ip_target: \"fd00::1\" is not an IPv4 address" },
		{ LAB_LINK_BOND, LAB_USE_NEW, "ad_actor_system", "52:54",
		  "option ad_actor_system: \"52:54\" is not an Ethernet address such as 52:54:00:00:00:01" },
		{ LAB_LINK_BOND, LAB_USE_NEW, "primary", "",
		  "option primary: \"\" is not an interface" },
		{ LAB_LINK_GRE, LAB_USE_NEW, "ttl", "256",
		  "option ttl: \"256\" is not a number of 0 to 255, or inherit" },
		{ LAB_LINK_GRE, LAB_USE_NEW, "key", "one",
		  "option key: \"one\" is not a number of 0 to 4294967295 or of the form 0.0.0.1" },
		{ LAB_LINK_GRE, LAB_USE_NEW, "remote_ip", "fd00::1",
		  "option remote_ip: \"fd00::1\" is not an IPv4 address" },
		{ LAB_LINK_GRE, LAB_USE_NEW, "local_ip", "10.0.0.1/24",
		  "option local_ip: \"10.0.0.1/24\": an address without its prefix length is wanted" },
		{ LAB_LINK_IP6GRE, LAB_USE_NEW, "local_ip", "10.0.0.1",
		  "option local_ip: \"10.0.0.1\" is not an IPv6 address" },
		{ LAB_LINK_VXLAN, LAB_USE_NEW, "local_ip", "there",
		  "option local_ip: \"there\" is not an IP address" },
		{ LAB_LINK_VXLAN, LAB_USE_NEW, "srcport", "20-10",
		  "option srcport: \"20-10\" is not of the form FIRST-LAST with numbers of 1 to 65535" },
		{ LAB_LINK_VXLAN, LAB_USE_NEW, "extra", "ttl", "option extra: ttl has no value" },
		{ LAB_LINK_VXLAN, LAB_USE_NEW, "extra", "nothing",
		  "option extra: no argument nothing" },
		{ LAB_LINK_VXLAN, LAB_USE_NEW, "extra", "ttl 300",
		  "option ttl: \"300\" is not a number of 0 to 255, or auto" },
		{ LAB_LINK_VLAN, LAB_USE_NEW, "egress_qos_map", "0:1 2",
		  "option egress_qos_map: \"2\" is not of the form FROM:TO with numbers of 0 to 4294967295" },
		{ LAB_LINK_VLAN, LAB_USE_CHANGE, "id", "5",
		  "option vlan_tci: it can only be given when the vlan is made" },
		{ LAB_LINK_TEAM, LAB_USE_NEW, "teamd_config", "", "option teamd_config: empty" },
		{ LAB_LINK_MACSEC, LAB_USE_NEW, "sci", "00",
		  "option sci: \"00\" is not 16 hexadecimal digits" },
		{ LAB_LINK_MACSEC, LAB_USE_NEW, "tx_sa", "sa=0",
		  "option tx_sa: tx_sa needs the option key" },
		{ LAB_LINK_MACSEC, LAB_USE_NEW, "tx_sa", "0",
		  "option tx_sa: \"0\" is not of the form NAME=VALUE" },
		{ LAB_LINK_MACSEC, LAB_USE_NEW, "tx_sa", "sa=0 key=abc",
		  "option tx_sa: option key: this is not an even number, 32 to 64, of hexadecimal digits" },
		{ LAB_LINK_MACSEC, LAB_USE_NEW, "tx_sa", "sa=0 key=" KEY256,
		  "option tx_sa: the key of gcm-aes-128 has 32 hexadecimal digits, not 64" },
		{ LAB_LINK_MACSEC, LAB_USE_NEW, "replay", "on",
		  "option replay: it needs the option window, too" },
		{ LAB_LINK_WIREGUARD, LAB_USE_NEW, "private_key", "abc",
		  "option private_key: this is not a key as `wg genkey` writes it (44 characters)" },
		{ LAB_LINK_WIREGUARD, LAB_USE_NEW, "peer", "publik_key=" WG_KEY,
		  "option peer: no option publik_key for peer; did you mean public_key?" },
		{ LAB_LINK_WIREGUARD, LAB_USE_NEW, "peer",
		  "public_key=" WG_KEY " endpoint=10.0.0.1",
		  "option peer: option endpoint: write it as 10.0.0.1:51820 or [fd00::1]:51820, not \"10.0.0.1\"" },
		{ LAB_LINK_WIREGUARD, LAB_USE_NEW, "peer",
		  "public_key=" WG_KEY " allowed_ips=10.0.0.0/33",
		  "option peer: option allowed_ips: \"10.0.0.0/33\" is not a subnet such as 10.0.0.0/24" },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		const struct lab_option option = { .name = cases[i].name,
						   .value = cases[i].value,
						   .src = { .file = "a.xml", .line = 7 } };

		assert_said(cases[i].kind, cases[i].use, &option, 1, 0, cases[i].said);
	}
}

static void what_is_missing_is_named(LAB_UNUSED void **state)
{
	const struct lab_option both[] = {
		{ .name = "id", .value = "1", .src = { .line = 1 } },
		{ .name = "group_ip", .value = "239.1.1.1", .src = { .line = 2 } },
		{ .name = "remote_ip", .value = "10.0.0.1", .src = { .line = 3 } },
	};
	const struct lab_option twice[] = {
		{ .name = "miimon", .value = "1", .src = { .line = 1 } },
		{ .name = "mode", .value = "0", .src = { .line = 2 } },
		{ .name = "miimon", .value = "2", .src = { .line = 3 } },
	};

	assert_said(LAB_LINK_VLAN, LAB_USE_NEW, NULL, 0, 0, "vlan needs the option vlan_tci");
	assert_int_equal(lab_kind_check(LAB_LINK_VLAN, LAB_USE_CHANGE, NULL, 0, NULL, NULL), 0);
	assert_said(LAB_LINK_VXLAN, LAB_USE_NEW, both, 1, 1,
		    "vxlan needs one of the options group_ip and remote_ip");
	assert_said(LAB_LINK_VXLAN, LAB_USE_NEW, both, 3, 3,
		    "vxlan needs one of the options group_ip and remote_ip, not both");
	assert_said(LAB_LINK_BOND, LAB_USE_NEW, twice, 3, 2, "option miimon stands twice");
	assert_said(LAB_LINK_DUMMY, LAB_USE_NEW, twice, LAB_OPTIONS_MAX + 1, LAB_OPTIONS_MAX + 1,
		    "more than 256 options");
}

static void a_value_is_read(LAB_UNUSED void **state)
{
	const struct lab_option_def *def;
	struct lab_option_value v;

	def = lab_kind_option(LAB_LINK_GRE, LAB_USE_NEW, "key");
	assert_int_equal(lab_option_read(def, "0.0.1.2", &v, NULL), 0);
	assert_int_equal(v.number, 0x102);
	def = lab_kind_option(LAB_LINK_WIREGUARD, LAB_USE_NEW, "private_key");
	assert_int_equal(lab_option_read(def, WG_KEY, &v, NULL), 0);
	assert_int_equal(v.len, 32);
	assert_int_equal(v.bytes[0], 0xc8);
	assert_int_equal(v.bytes[30], 0x06);
	assert_int_equal(v.bytes[31], 0x69);
	def = lab_option_find(lab_kind_option(LAB_LINK_WIREGUARD, LAB_USE_NEW, "peer")->group,
			      "endpoint");
	assert_int_equal(lab_option_read(def, "[fd00::1]:51820", &v, NULL), 0);
	assert_int_equal(v.addr.family, AF_INET6);
	assert_int_equal(v.port, 51820);
	def = lab_kind_option(LAB_LINK_MACSEC, LAB_USE_NEW, "sci");
	assert_int_equal(lab_option_read(def, "0102030405Aa00ff", &v, NULL), 0);
	assert_int_equal(v.len, 8);
	assert_int_equal(v.bytes[5], 0xaa);
	assert_int_equal(v.bytes[7], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_whole),        cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(good_options_pass),        cmocka_unit_test(each_mistake_is_named),
		cmocka_unit_test(what_is_missing_is_named), cmocka_unit_test(a_value_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
