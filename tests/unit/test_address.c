/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_address.c - automatic addresses: which subnet a network gets, and when there is none */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlab/topo/topo.h"

static struct lab_addr addr(const char *text)
{
	struct lab_addr a;

	assert_int_equal(lab_addr_parse(text, &a), 0);
	return a;
}

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

/* Interface "<label>" of a host; address NULL = none, "" = automatic. */
static struct lab_iface *join(struct lab_topo *topo, size_t host, const char *label,
			      const char *address)
{
	struct lab_src src = { "r.xml", 10 + (unsigned int)host, 7 };
	struct lab_iface *iface;
	struct lab_addr a;

	assert_int_equal(lab_topo_add_iface(topo, host, label, label, &src, &iface, NULL), 0);
	if (address && *address) {
		a = addr(address);
		assert_int_equal(lab_topo_add_addr(iface, &a, NULL), 0);
	}
	iface->auto_addrs = address && !*address;
	return iface;
}

/* Hosts 0 to @n_ports - 1 on one network, all automatic. */
static void join_all(struct lab_topo *topo, const char *label, size_t n_ports)
{
	size_t i;

	for (i = 0; i < n_ports; i++)
		(void)join(topo, i, label, "");
}

static void finish(struct lab_topo *topo)
{
	char text[1024];
	struct lab_err err;

	if (lab_topo_finish(topo, NULL, NULL, &err) < 0)
		fail_msg("%s", lab_err_format(&err, text, sizeof(text)));
}

static void assert_finish_fails(struct lab_topo *topo, int code, const char *text)
{
	char buf[1024];
	struct lab_err err;

	assert_int_equal(lab_topo_finish(topo, NULL, NULL, &err), -code);
	assert_string_equal(lab_err_format(&err, buf, sizeof(buf)), text);
	lab_topo_free(topo);
}

/* All addresses of one interface, with a space between them. */
static void assert_addrs(const struct lab_topo *topo, size_t host, const char *id, const char *want)
{
	const struct lab_iface *iface = lab_topo_find_iface(&topo->hosts[host], id);
	char one[LAB_ADDR_STRLEN], all[256] = "";
	size_t i, used = 0;

	assert_non_null(iface);
	for (i = 0; i < iface->n_addrs; i++) {
		(void)snprintf(all + used, sizeof(all) - used, "%s%s", i ? " " : "",
			       lab_addr_format(&iface->addrs[i], true, one));
		used = strlen(all);
	}
	assert_string_equal(all, want);
}

static void each_network_gets_the_next_subnet(void **state)
{
	struct lab_topo *topo = new_topo(3);

	(void)state;
	join_all(topo, "a", 2);
	join_all(topo, "b", 3);
	(void)join(topo, 2, "c", "");
	finish(topo);
	assert_addrs(topo, 0, "a", "10.0.0.1/24 fd00:6e65:746c::1/64");
	assert_addrs(topo, 1, "a", "10.0.0.2/24 fd00:6e65:746c::2/64");
	assert_addrs(topo, 0, "b", "10.0.1.1/24 fd00:6e65:746c:1::1/64");
	assert_addrs(topo, 1, "b", "10.0.1.2/24 fd00:6e65:746c:1::2/64");
	assert_addrs(topo, 2, "b", "10.0.1.3/24 fd00:6e65:746c:1::3/64");
	assert_addrs(topo, 2, "c", "10.0.2.1/24 fd00:6e65:746c:2::1/64");
	lab_topo_free(topo);
}

static void the_port_is_the_host_number(void **state)
{
	struct lab_topo *topo = new_topo(4);

	(void)state;
	(void)join(topo, 0, "a", NULL);
	(void)join(topo, 1, "a", "");
	(void)join(topo, 2, "a", "192.168.0.1/24");
	(void)join(topo, 3, "a", "");
	finish(topo);
	assert_addrs(topo, 0, "a", "");
	assert_addrs(topo, 1, "a", "10.0.0.2/24 fd00:6e65:746c::2/64");
	assert_addrs(topo, 2, "a", "192.168.0.1/24");
	assert_addrs(topo, 3, "a", "10.0.0.4/24 fd00:6e65:746c::4/64");
	lab_topo_free(topo);
}

static void networks_without_automatic_addresses_take_no_subnet(void **state)
{
	struct lab_topo *topo = new_topo(2);

	(void)state;
	topo->pool4 = addr("192.168.7.0/24");
	(void)join(topo, 0, "a", "172.16.0.1/24");
	(void)join(topo, 1, "a", NULL);
	join_all(topo, "b", 2);
	finish(topo);
	assert_addrs(topo, 0, "b", "192.168.7.1/24 fd00:6e65:746c::1/64");
	lab_topo_free(topo);
}

static void subnets_of_the_recipe_are_skipped(void **state)
{
	struct lab_topo *topo = new_topo(8);

	(void)state;
	(void)join(topo, 0, "x", "10.0.1.77/24");
	(void)join(topo, 1, "x", "10.0.3.1/32");
	(void)join(topo, 2, "x", "10.0.8.1/21"); /* 10.0.8.0 to 10.0.15.255 */
	(void)join(topo, 3, "x", "10.0.9.1/24"); /* inside it */
	(void)join(topo, 4, "x", "fd00:6e65:746c:0:7::1/80");
	(void)join(topo, 5, "x", "fd00:6e65:746c:2::1/63"); /* 2 and 3 */
	(void)join(topo, 6, "x", "11.0.0.1/8");
	(void)join(topo, 7, "x", "fe80::1/64");
	join_all(topo, "a", 2);
	join_all(topo, "b", 2);
	join_all(topo, "c", 2);
	join_all(topo, "d", 2);
	join_all(topo, "e", 2);
	join_all(topo, "f", 2);
	join_all(topo, "g", 2);
	finish(topo);
	assert_addrs(topo, 0, "a", "10.0.0.1/24 fd00:6e65:746c:1::1/64");
	assert_addrs(topo, 0, "b", "10.0.2.1/24 fd00:6e65:746c:4::1/64");
	assert_addrs(topo, 0, "c", "10.0.4.1/24 fd00:6e65:746c:5::1/64");
	assert_addrs(topo, 0, "d", "10.0.5.1/24 fd00:6e65:746c:6::1/64");
	assert_addrs(topo, 0, "e", "10.0.6.1/24 fd00:6e65:746c:7::1/64");
	assert_addrs(topo, 0, "f", "10.0.7.1/24 fd00:6e65:746c:8::1/64");
	assert_addrs(topo, 0, "g", "10.0.16.1/24 fd00:6e65:746c:9::1/64");
	lab_topo_free(topo);
}

static void many_ports_get_a_bigger_subnet(void **state)
{
	struct lab_topo *topo = new_topo(1100);

	(void)state;
	join_all(topo, "a", 250);
	join_all(topo, "b", 300);
	join_all(topo, "c", 2);
	join_all(topo, "d", 1100);
	join_all(topo, "e", 251);
	finish(topo);
	assert_addrs(topo, 249, "a", "10.0.0.250/24 fd00:6e65:746c::fa/64");
	/* A /23 begins at an even number. */
	assert_addrs(topo, 0, "b", "10.0.2.1/23 fd00:6e65:746c:1::1/64");
	assert_addrs(topo, 255, "b", "10.0.3.0/23 fd00:6e65:746c:1::100/64");
	assert_addrs(topo, 299, "b", "10.0.3.44/23 fd00:6e65:746c:1::12c/64");
	assert_addrs(topo, 0, "c", "10.0.4.1/24 fd00:6e65:746c:2::1/64");
	assert_addrs(topo, 1099, "d", "10.0.12.76/21 fd00:6e65:746c:3::44c/64");
	assert_addrs(topo, 250, "e", "10.0.16.251/23 fd00:6e65:746c:4::fb/64");
	lab_topo_free(topo);
}

static void a_bigger_subnet_lies_beside_those_of_the_recipe(void **state)
{
	struct lab_topo *topo = new_topo(300);

	(void)state;
	(void)join(topo, 0, "x", "10.0.1.1/24");
	(void)join(topo, 1, "x", "10.0.4.1/24");
	join_all(topo, "a", 300);
	join_all(topo, "b", 300);
	join_all(topo, "c", 2);
	finish(topo);
	assert_addrs(topo, 0, "a", "10.0.2.1/23 fd00:6e65:746c::1/64");
	assert_addrs(topo, 0, "b", "10.0.6.1/23 fd00:6e65:746c:1::1/64");
	assert_addrs(topo, 0, "c", "10.0.8.1/24 fd00:6e65:746c:2::1/64");
	lab_topo_free(topo);
}

static void a_small_pool_is_one_subnet(void **state)
{
	struct lab_topo *topo = new_topo(7);

	(void)state;
	topo->pool4 = addr("192.168.7.77/29"); /* its host bits do not matter */
	topo->pool6 = addr("fd00::77/125");
	join_all(topo, "a", 6);
	finish(topo);
	assert_addrs(topo, 0, "a", "192.168.7.73/29 fd00::71/125");
	assert_addrs(topo, 5, "a", "192.168.7.78/29 fd00::76/125");
	lab_topo_free(topo);

	topo = new_topo(7);
	topo->pool4 = addr("192.168.7.72/29");
	join_all(topo, "a", 7);
	assert_finish_fails(
		topo, ERANGE,
		"r.xml:10:7: error: network \"a\": pool4 192.168.7.72/29 is too small for its 7 ports; "
		"use a larger pool");

	topo = new_topo(2);
	topo->pool4 = addr("192.168.7.72/31");
	join_all(topo, "a", 2);
	assert_finish_fails(
		topo, ERANGE,
		"r.xml:10:7: error: network \"a\": pool4 192.168.7.72/31 is too small for its 2 ports; "
		"use a larger pool");

	topo = new_topo(2);
	topo->pool6 = addr("fd00::8/127");
	join_all(topo, "a", 2);
	assert_finish_fails(
		topo, ERANGE,
		"r.xml:10:7: error: network \"a\": pool6 fd00::8/127 is too small for its 2 ports; "
		"use a larger pool");
}

static void a_pool_is_used_up_to_its_end(void **state)
{
	struct lab_topo *topo = new_topo(2);

	(void)state;
	topo->pool4 = addr("192.168.6.0/23");
	topo->pool6 = addr("fd00:1::/63");
	join_all(topo, "a", 2);
	join_all(topo, "b", 2);
	finish(topo);
	assert_addrs(topo, 1, "b", "192.168.7.2/24 fd00:1:0:1::2/64");
	lab_topo_free(topo);

	topo = new_topo(2);
	topo->pool4 = addr("192.168.6.0/23");
	join_all(topo, "a", 2);
	join_all(topo, "b", 2);
	(void)join(topo, 1, "c", "");
	assert_finish_fails(
		topo, ERANGE,
		"r.xml:11:7: error: network \"c\": pool4 192.168.6.0/23 has no free /24 subnet left; "
		"use a larger pool or give addresses");

	topo = new_topo(2);
	topo->pool6 = addr("fd00:1::/63");
	join_all(topo, "a", 2);
	join_all(topo, "b", 2);
	(void)join(topo, 1, "c", "");
	assert_finish_fails(
		topo, ERANGE,
		"r.xml:11:7: error: network \"c\": pool6 fd00:1::/63 has no free /64 subnet left; use "
		"a larger pool or give addresses");
}

static void the_recipe_may_take_all_of_a_pool(void **state)
{
	struct lab_topo *topo = new_topo(2);

	(void)state;
	(void)join(topo, 0, "x", "10.0.0.1/8");
	join_all(topo, "a", 2);
	assert_finish_fails(
		topo, ERANGE,
		"r.xml:10:7: error: network \"a\": pool4 10.0.0.0/8 has no free /24 subnet left; use a "
		"larger pool or give addresses");

	topo = new_topo(2);
	topo->pool6 = addr("fd00:0:0:7::/64");
	(void)join(topo, 0, "x", "fd00:0:0:7::1/64");
	join_all(topo, "a", 2);
	assert_finish_fails(
		topo, ERANGE,
		"r.xml:10:7: error: network \"a\": pool6 fd00:0:0:7::/64 has no free /64 subnet left; "
		"use a larger pool or give addresses");

	/* Even when it is cut into no units at all. */
	topo = new_topo(2);
	topo->pool6 = addr("fd00::/96");
	(void)join(topo, 0, "x", "fd00::1/120");
	join_all(topo, "a", 2);
	assert_finish_fails(
		topo, ERANGE,
		"r.xml:10:7: error: network \"a\": pool6 fd00::/96 has no free /96 subnet left; use a "
		"larger pool or give addresses");
}

static void a_pool_must_be_one(void **state)
{
	struct lab_topo *topo = new_topo(2);

	(void)state;
	topo->pool4 = addr("fd00::/48");
	join_all(topo, "a", 2);
	assert_finish_fails(topo, EINVAL, "error: pool4: \"fd00::/48\" is not an IPv4 subnet");

	topo = new_topo(2);
	topo->pool6 = addr("10.0.0.0/8");
	join_all(topo, "a", 2);
	assert_finish_fails(topo, EINVAL, "error: pool6: \"10.0.0.0/8\" is not an IPv6 subnet");

	topo = new_topo(2);
	topo->pool4 = addr("224.0.0.0/8");
	join_all(topo, "a", 2);
	assert_finish_fails(
		topo, EINVAL,
		"r.xml:10:7: error: host h0: pool4: interface a: address 224.0.0.1/24 is a multicast "
		"address; give one that a host can have");

	/* It does not matter where nothing is taken from it. */
	topo = new_topo(2);
	topo->pool4 = (struct lab_addr){ 0 };
	(void)join(topo, 0, "a", "10.0.0.1/24");
	(void)join(topo, 1, "a", NULL);
	finish(topo);
	lab_topo_free(topo);
}

static void the_widest_pools_work(void **state)
{
	struct lab_topo *topo = new_topo(2);

	(void)state;
	topo->pool4 = addr("0.0.0.0/0");
	topo->pool6 = addr("::/0");
	(void)join(topo, 0, "x", "8000::1/1");
	(void)join(topo, 1, "y", "0.0.1.1/22");
	(void)join(topo, 1, "z", "::2:0:0:0:1/62");
	join_all(topo, "a", 2);
	finish(topo);
	assert_addrs(topo, 1, "a", "0.0.4.2/24 ::4:0:0:0:2/64");
	lab_topo_free(topo);
}

static void a_small_mtu_has_no_ipv6(void **state)
{
	struct lab_topo *topo = new_topo(3);

	(void)state;
	join(topo, 0, "a", "")->mtu_bytes = 1279;
	join(topo, 1, "a", "")->mtu_bytes = 1280;
	(void)join(topo, 2, "a", "");
	finish(topo);
	assert_addrs(topo, 0, "a", "10.0.0.1/24");
	assert_addrs(topo, 1, "a", "10.0.0.2/24 fd00:6e65:746c::2/64");
	assert_addrs(topo, 2, "a", "10.0.0.3/24 fd00:6e65:746c::3/64");
	lab_topo_free(topo);
}

static void ten_thousand_hosts_in_a_ring_have_addresses(void **state)
{
	struct lab_topo *topo = new_topo(LAB_TOPO_HOSTS_MAX);
	char label[32];
	size_t i;

	(void)state;
	for (i = 0; i < topo->n_hosts; i++) {
		(void)snprintf(label, sizeof(label), "%zu", i);
		(void)join(topo, i, label, "");
		(void)join(topo, (i + 1) % topo->n_hosts, label, "");
	}
	finish(topo);
	assert_int_equal(topo->n_networks, LAB_TOPO_HOSTS_MAX);
	/* The last network ends where the ring began; the first host has its first port. */
	assert_addrs(topo, 9999, "9999", "10.39.15.2/24 fd00:6e65:746c:270f::2/64");
	assert_addrs(topo, 0, "9999", "10.39.15.1/24 fd00:6e65:746c:270f::1/64");
	lab_topo_free(topo);
}

/* --- whatever the recipe, no two subnets touch --- */

static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static void add_random(struct lab_topo *topo, size_t host, const char *label)
{
	static const unsigned int lengths4[] = { 22, 24, 27, 32 }, lengths6[] = { 62, 64, 100 };
	struct lab_iface *iface = join(topo, host, label, random_below(3) ? "" : NULL);
	unsigned int net = random_below(40), number = 1 + random_below(30);
	char text[LAB_ADDR_STRLEN];
	struct lab_addr a;

	if (iface->auto_addrs)
		return;
	if (random_below(2))
		(void)snprintf(text, sizeof(text), "10.0.%u.%u/%u", net, number,
			       lengths4[random_below(LAB_ARRAY_SIZE(lengths4))]);
	else
		(void)snprintf(text, sizeof(text), "fd00:6e65:746c:%x::%x/%u", net, number,
			       lengths6[random_below(LAB_ARRAY_SIZE(lengths6))]);
	a = addr(text);
	assert_int_equal(lab_topo_add_addr(iface, &a, NULL), 0);
}

struct owned {
	struct lab_addr addr;
	size_t network;
	bool given;
};

static void assert_apart(const struct owned *a, const struct owned *b)
{
	char ta[LAB_ADDR_STRLEN], tb[LAB_ADDR_STRLEN];

	/* Whoever gives addresses may give one twice. */
	if (a->given && b->given)
		return;
	assert_false(lab_addr_equal(&a->addr, &b->addr));
	if (!a->given && !b->given && a->network == b->network)
		return;
	if (lab_addr_in_subnet(&a->addr, &b->addr) || lab_addr_in_subnet(&b->addr, &a->addr))
		fail_msg("%s and %s", lab_addr_format(&a->addr, true, ta),
			 lab_addr_format(&b->addr, true, tb));
}

static void assert_all_apart(const struct lab_topo *topo)
{
	static struct owned all[2048];
	size_t h, i, j, n = 0;

	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++) {
			const struct lab_iface *iface = &topo->hosts[h].ifaces[i];

			assert_int_equal(iface->n_addrs == 2, iface->auto_addrs);
			for (j = 0; j < iface->n_addrs; j++)
				all[n++] = (struct owned){ iface->addrs[j], iface->network,
							   !iface->auto_addrs };
		}
	}
	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++)
			assert_apart(&all[i], &all[j]);
	}
}

static void automatic_subnets_never_overlap(void **state)
{
	struct lab_topo *topo;
	unsigned int round, done = 0;
	char label[32];
	size_t h, n;

	(void)state;
	for (round = 0; round < 200; round++) {
		seed = round;
		topo = new_topo(4 + (round % 20 ? 0 : 296));
		for (n = 0; n < 3 + random_below(10); n++) {
			(void)snprintf(label, sizeof(label), "n%zu", n);
			for (h = 0; h < 4; h++)
				add_random(topo, h, label);
		}
		if (topo->n_hosts > 4)
			join_all(topo, "big", topo->n_hosts);
		/* A given address that was drawn twice is refused; that is not what is tested here. */
		if (lab_topo_finish(topo, NULL, NULL, NULL) == 0) {
			assert_all_apart(topo);
			done++;
		}
		lab_topo_free(topo);
	}
	assert_in_range(done, 100, 200);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_network_gets_the_next_subnet),
		cmocka_unit_test(the_port_is_the_host_number),
		cmocka_unit_test(networks_without_automatic_addresses_take_no_subnet),
		cmocka_unit_test(subnets_of_the_recipe_are_skipped),
		cmocka_unit_test(many_ports_get_a_bigger_subnet),
		cmocka_unit_test(a_bigger_subnet_lies_beside_those_of_the_recipe),
		cmocka_unit_test(a_small_pool_is_one_subnet),
		cmocka_unit_test(a_pool_is_used_up_to_its_end),
		cmocka_unit_test(the_recipe_may_take_all_of_a_pool),
		cmocka_unit_test(a_pool_must_be_one),
		cmocka_unit_test(the_widest_pools_work),
		cmocka_unit_test(a_small_mtu_has_no_ipv6),
		cmocka_unit_test(ten_thousand_hosts_in_a_ring_have_addresses),
		cmocka_unit_test(automatic_subnets_never_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
