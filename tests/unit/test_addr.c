/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_addr.c - unit tests of netlab/base/addr.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "netlab/base/addr.h"
#include "netlab/base/util.h"

static struct lab_addr addr(const char *s)
{
	struct lab_addr a = { 0 };

	if (lab_addr_parse(s, &a) < 0)
		fail_msg("\"%s\" does not parse", s);
	return a;
}

static void good_addresses_come_back_in_short_form(LAB_UNUSED void **state)
{
	static const struct {
		const char *text, *formatted;
	} cases[] = {
		{ "10.0.0.1/24", "10.0.0.1/24" },
		{ "10.0.0.1", "10.0.0.1/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "255.255.255.255/32", "255.255.255.255/32" },
		{ "fd00::1/64", "fd00::1/64" },
		{ "FD00:0:0:0:0:0:0:1", "fd00::1/128" },
		{ "::/0", "::/0" },
		{ "::ffff:192.0.2.1/96", "::ffff:192.0.2.1/96" },
		{ "2001:db8:1:2:3:4:5:6/128", "2001:db8:1:2:3:4:5:6/128" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128" },
	};
	char buf[LAB_ADDR_STRLEN];
	struct lab_addr a;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		a = addr(cases[i].text);
		assert_string_equal(lab_addr_format(&a, true, buf), cases[i].formatted);
	}
	a = addr("10.0.0.1/24");
	assert_string_equal(lab_addr_format(&a, false, buf), "10.0.0.1");
}

static void bad_addresses_are_refused_and_leave_no_trace(LAB_UNUSED void **state)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{ "", -EINVAL },
		{ "/24", -EINVAL },
		{ "10.0.0.1/", -EINVAL },
		{ "10.0.0.1/ 24", -EINVAL },
		{ "10.0.0.1/24 ", -EINVAL },
		{ "10.0.0.1/24/24", -EINVAL },
		{ "10.0.0.1/024", -EINVAL },
		{ "10.0.0.1/0x18", -EINVAL },
		{ "10.0.0.1/-1", -EINVAL },
		{ "10.0.0.1/255.255.255.0", -EINVAL },
		{ "10.0.0.1/33", -ERANGE },
		{ "10.0.0.1/99999999999999999999999", -ERANGE },
		{ "fd00::1/129", -ERANGE },
		{ " 10.0.0.1", -EINVAL },
		{ "10.0.0", -EINVAL },
		{ "10.0.0.1.2", -EINVAL },
		{ "10.0.0.256", -EINVAL },
		{ "010.0.0.1", -EINVAL },
		{ "0x0a.0.0.1", -EINVAL },
		{ "167772161", -EINVAL },
		{ "fe80::1%eth0", -EINVAL },
		{ "fd00:::1", -EINVAL },
		{ "fd00::1::2", -EINVAL },
		{ "fd00:12345::", -EINVAL },
		{ "1:2:3:4:5:6:7", -EINVAL },
		{ "1:2:3:4:5:6:7:8:9", -EINVAL },
		{ "host", -EINVAL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", -EINVAL },
	};
	struct lab_addr a;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		memset(&a, 0x55, sizeof(a));
		if (lab_addr_parse(cases[i].text, &a) != cases[i].r)
			fail_msg("\"%s\"", cases[i].text);
		assert_int_equal(a.family, 0x55);
	}
}

static void length_follows_the_family(LAB_UNUSED void **state)
{
	struct lab_addr v4 = addr("10.0.0.1"), v6 = addr("fd00::1"), none = { 0 };
	char buf[LAB_ADDR_STRLEN];

	assert_int_equal(lab_addr_len(&v4), 4);
	assert_int_equal(lab_addr_len(&v6), 16);
	assert_int_equal(lab_addr_len(&none), 0);
	assert_string_equal(lab_addr_format(&none, true, buf), "none");
}

static void equality_ignores_the_prefix(LAB_UNUSED void **state)
{
	struct lab_addr a = addr("10.0.0.1/24"), b = addr("10.0.0.1"), c = addr("10.0.0.2/24");
	struct lab_addr v6 = addr("a00:1::");

	assert_true(lab_addr_equal(&a, &b));
	assert_false(lab_addr_equal(&a, &c));
	assert_false(lab_addr_equal(&a, &v6));
}

static void subnets(LAB_UNUSED void **state)
{
	static const struct {
		const char *a, *net;
		bool in;
	} cases[] = {
		{ "10.0.0.1", "10.0.0.200/24", true },   { "10.0.1.1", "10.0.0.200/24", false },
		{ "10.0.0.129", "10.0.0.128/25", true }, { "10.0.0.127", "10.0.0.128/25", false },
		{ "10.0.0.1", "10.0.0.1/32", true },     { "10.0.0.2", "10.0.0.1/32", false },
		{ "1.2.3.4", "9.9.9.9/0", true },        { "fd00::1", "fd00::/64", true },
		{ "fd00:0:0:1::1", "fd00::/64", false }, { "fd00:0:0:1::1", "fd00::/63", true },
		{ "fd00::1", "10.0.0.0/0", false },      { "10.0.0.1", "::/0", false },
	};
	struct lab_addr a, net;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		a = addr(cases[i].a);
		net = addr(cases[i].net);
		if (lab_addr_in_subnet(&a, &net) != cases[i].in)
			fail_msg("%s in %s", cases[i].a, cases[i].net);
	}
}

static void what_an_interface_can_have(LAB_UNUSED void **state)
{
	static const char *const good[] = {
		"10.0.0.1/24", "10.0.0.254/24", "10.0.0.0/31",    "10.0.0.1/31",    "10.0.0.0/32",
		"10.0.1.0/23", "1.2.3.4/0",     "192.0.2.130/30", "169.254.1.1/16", "fd00::1/64",
		"fd00::/64",   "fe80::1/64",    "::2/128",
	};
	static const char *const bad[] = {
		"0.0.0.0/24",   "10.0.0.0/24",  "10.0.0.255/24",  "10.0.1.255/23",
		"10.0.0.3/30",  "127.0.0.1/8",  "127.1.2.3/8",    "255.255.255.255/32",
		"224.0.0.1/24", "239.1.2.3/32", "192.0.2.128/30", "::/64",
		"::1/128",      "::1/64",       "ff02::1/64",
	};
	struct lab_addr a, none = { 0 };
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(good); i++) {
		a = addr(good[i]);
		if (!lab_addr_is_host(&a))
			fail_msg("%s is refused", good[i]);
	}
	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++) {
		a = addr(bad[i]);
		if (lab_addr_is_host(&a))
			fail_msg("%s is accepted", bad[i]);
	}
	assert_false(lab_addr_is_host(&none));
}

static void addresses_from_a_pool(LAB_UNUSED void **state)
{
	static const struct {
		const char *pool;
		unsigned int prefix_len;
		uint64_t subnet, host;
		const char *expected; /* NULL: -ERANGE */
	} cases[] = {
		{ "10.0.0.0/8", 24, 0, 0, "10.0.0.0/24" },
		{ "10.0.0.0/8", 24, 0, 1, "10.0.0.1/24" },
		{ "10.0.0.0/8", 24, 258, 7, "10.1.2.7/24" },
		{ "10.9.9.9/8", 24, 65535, 255, "10.255.255.255/24" },
		{ "10.0.0.0/8", 24, 65536, 0, NULL },
		{ "10.0.0.0/8", 24, 0, 256, NULL },
		{ "10.0.0.0/24", 24, 0, 5, "10.0.0.5/24" },
		{ "10.0.0.0/24", 24, 1, 0, NULL },
		{ "10.0.0.0/24", 23, 0, 0, NULL },
		{ "10.0.0.0/24", 33, 0, 0, NULL },
		{ "10.0.0.0/24", 32, 255, 0, "10.0.0.255/32" },
		{ "10.0.0.0/24", 32, 255, 1, NULL },
		{ "0.0.0.0/0", 32, UINT32_MAX, 0, "255.255.255.255/32" },
		{ "fd00::/48", 64, 65535, 0x1234, "fd00:0:0:ffff::1234/64" },
		{ "fd00::/48", 64, 65536, 0, NULL },
		{ "fd00::/48", 64, 0, UINT64_MAX, "fd00::ffff:ffff:ffff:ffff/64" },
		{ "::/0", 128, UINT64_MAX, 0, "::ffff:ffff:ffff:ffff/128" },
		{ "fd00::/60", 63, 7, 1, "fd00:0:0:e::1/63" },
	};
	char buf[LAB_ADDR_STRLEN];
	struct lab_addr pool, a;
	size_t i;
	int r;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		pool = addr(cases[i].pool);
		r = lab_addr_nth(&pool, cases[i].prefix_len, cases[i].subnet, cases[i].host, &a);
		if (!cases[i].expected) {
			assert_int_equal(r, -ERANGE);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(lab_addr_format(&a, true, buf), cases[i].expected);
	}
	pool = (struct lab_addr){ 0 };
	assert_int_equal(lab_addr_nth(&pool, 24, 0, 0, &a), -ERANGE);
}

static void ethernet_addresses(LAB_UNUSED void **state)
{
	static const char *const bad[] = {
		"",
		"52:54:01:00:00",
		"52:54:01:00:00:0",
		"52:54:01:00:00:001",
		"52:54:01:00:00:0g",
		"525401000001",
		"52:54:01:00:00:01:",
		"5:254:01:00:00:01",
		"52.54.01.00.00.01",
		"52:54:01:00:0x:01",
		"+2:54:01:00:00:01",
		" 2:54:01:00:00:01",
		"52:54:01:00:00:01 ",
	};
	static const uint8_t expected[] = { 0x52, 0x54, 0x01, 0x00, 0xaB, 0xff };
	uint8_t mac[LAB_MAC_LEN] = { 0 };
	char buf[LAB_MAC_STRLEN];
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++)
		if (lab_mac_parse(bad[i], mac) != -EINVAL)
			fail_msg("\"%s\" is accepted", bad[i]);
	assert_int_equal(mac[0], 0);
	assert_int_equal(lab_mac_parse("52:54:01:00:aB:ff", mac), 0);
	assert_memory_equal(mac, expected, sizeof(mac));
	assert_string_equal(lab_mac_format(mac, buf), "52:54:01:00:ab:ff");
	assert_int_equal(lab_mac_parse("00-11-22-33-44-55", mac), 0);
	assert_string_equal(lab_mac_format(mac, buf), "00:11:22:33:44:55");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_addresses_come_back_in_short_form),
		cmocka_unit_test(bad_addresses_are_refused_and_leave_no_trace),
		cmocka_unit_test(length_follows_the_family),
		cmocka_unit_test(equality_ignores_the_prefix),
		cmocka_unit_test(subnets),
		cmocka_unit_test(what_an_interface_can_have),
		cmocka_unit_test(addresses_from_a_pool),
		cmocka_unit_test(ethernet_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
