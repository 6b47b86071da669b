/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_topo.c - building and finishing a topology: names, MAC addresses, checks, its texts */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "netlab/topo/hash.h"
#include "netlab/topo/plan.h"
#include "netlab/topo/topo.h"

/* --- the n-th allocation fails --- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);

static unsigned int allocations, fail_at; /* 0 = none */

static bool fails(void)
{
	return ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

/* --- building --- */

static struct lab_addr addr(const char *text)
{
	struct lab_addr a;

	assert_int_equal(lab_addr_parse(text, &a), 0);
	return a;
}

static struct lab_topo *new_topo(void)
{
	struct lab_topo *topo;

	assert_int_equal(lab_topo_new("test", &topo), 0);
	return topo;
}

static size_t add_host(struct lab_topo *topo, const char *id)
{
	size_t host;

	assert_int_equal(lab_topo_add_host(topo, id, NULL, &host, NULL), 0);
	return host;
}

static struct lab_iface *add_iface(struct lab_topo *topo, size_t host, const char *id,
				   const char *label)
{
	struct lab_src src = { "r.xml", 10 + (unsigned int)topo->hosts[host].n_ifaces, 7 };
	struct lab_iface *iface;

	src.line += 10 * (unsigned int)host;
	assert_int_equal(lab_topo_add_iface(topo, host, id, label, &src, &iface, NULL), 0);
	return iface;
}

static void add_addr(struct lab_iface *iface, const char *text)
{
	struct lab_addr a = addr(text);

	assert_int_equal(lab_topo_add_addr(iface, &a, NULL), 0);
}

static int add_route(struct lab_topo *topo, size_t host, const char *to, const char *via,
		     struct lab_err *err)
{
	struct lab_src src = { "r.xml", 99, 5 };
	struct lab_addr dst = addr(to), gateway = addr(via);

	return lab_topo_add_route(topo, host, &dst, &gateway, &src, err);
}

static void assert_error(const struct lab_err *err, int code, const char *text)
{
	char buf[1024];

	assert_string_equal(lab_err_format(err, buf, sizeof(buf)), text);
	assert_int_equal(err->code, code);
}

static void assert_finish_fails(struct lab_topo *topo, int code, const char *text)
{
	struct lab_err err;

	assert_int_equal(lab_topo_finish(topo, NULL, NULL, &err), -code);
	assert_error(&err, code, text);
	lab_topo_free(topo);
}

/* h1 and h2 on one network, interfaces "1", no addresses. */
static struct lab_topo *pair(struct lab_iface **ret_1, struct lab_iface **ret_2)
{
	struct lab_topo *topo = new_topo();
	size_t h1 = add_host(topo, "h1"), h2 = add_host(topo, "h2");

	*ret_1 = add_iface(topo, h1, "1", "lan");
	*ret_2 = add_iface(topo, h2, "1", "lan");
	return topo;
}

/* --- ids --- */

static void host_ids_are_host_names(void **state)
{
	static const char *const good[] = {
		"h1", "1", "A.b-c_d", "0.0",
		"a23456789012345678901234567890123456789012345678901234567890123"
	};
	static const struct {
		const char *id, *text;
	} bad[] = {
		{ "", "error: a host's id is empty" },
		{ "-a", "error: host id \"-a\" must begin with a letter or a digit" },
		{ ".", "error: host id \".\" must begin with a letter or a digit" },
		{ "a b",
		  "error: host id \"a b\": only letters, digits, '-', '_' and '.' are allowed" },
		{ "a/b",
		  "error: host id \"a/b\": only letters, digits, '-', '_' and '.' are allowed" },
		{ "a\nb",
		  "error: host id \"a?b\": only letters, digits, '-', '_' and '.' are allowed" },
		{ "h\xc3\xb6st",
		  "error: host id \"h\xc3\xb6st\": only letters, digits, '-', '_' and '.' are allowed" },
		{ "a234567890123456789012345678901234567890123456789012345678901234",
		  "error: host id \"a23456789012345678901234567890123456789012345678901234567890...\""
		  " has 64 characters; at most 63 are allowed" },
	};
	struct lab_topo *topo = new_topo();
	struct lab_err err;
	size_t i, host;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(good); i++)
		assert_int_equal(add_host(topo, good[i]), i);
	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++) {
		host = 77;
		assert_int_equal(lab_topo_add_host(topo, bad[i].id, NULL, &host, &err), -EINVAL);
		assert_error(&err, EINVAL, bad[i].text);
		assert_int_equal(host, 77);
	}
	assert_int_equal(lab_topo_add_host(topo, "", NULL, &host, NULL), -EINVAL);
	assert_int_equal(topo->n_hosts, LAB_ARRAY_SIZE(good));
	lab_topo_free(topo);
}

static void a_long_name_is_cut_between_characters(void **state)
{
	char id[128] = "", want[256];
	struct lab_topo *topo = new_topo();
	struct lab_err err;
	size_t host, i;

	(void)state;
	/* 59 bytes, then characters of two: the cut at 60 would fall into the first. */
	memset(id, 'x', 59);
	for (i = 59; i < 99; i += 2)
		memcpy(id + i, "\xc3\xb6", 3);
	(void)snprintf(
		want, sizeof(want),
		"error: host id \"%.59s...\": only letters, digits, '-', '_' and '.' are allowed",
		id);
	assert_int_equal(lab_topo_add_host(topo, id, NULL, &host, &err), -EINVAL);
	assert_error(&err, EINVAL, want);
	lab_topo_free(topo);
}

static void an_id_used_twice_names_both_places(void **state)
{
	struct lab_src first = { "r.xml", 3, 5 }, second = { "r.xml", 8, 5 };
	struct lab_topo *topo = new_topo();
	struct lab_iface *iface = NULL;
	struct lab_err err;
	size_t host = 77;

	(void)state;
	assert_int_equal(lab_topo_add_host(topo, "h1", &first, &host, &err), 0);
	assert_int_equal(lab_topo_add_host(topo, "h1", &second, &host, &err), -EEXIST);
	assert_error(&err, EEXIST, "r.xml:8:5: error: host id \"h1\" is used already, in line 3");
	assert_int_equal(lab_topo_add_iface(topo, host, "1", "a", &first, &iface, &err), 0);
	iface = NULL;
	assert_int_equal(lab_topo_add_iface(topo, host, "1", "b", &second, &iface, &err), -EEXIST);
	assert_error(&err, EEXIST,
		     "r.xml:8:5: error: host h1: interface id \"1\" is used already, in line 3");
	assert_null(iface);
	/* A refused interface leaves no network. */
	assert_int_equal(topo->n_networks, 1);
	lab_topo_free(topo);
}

static void an_interface_needs_id_and_label(void **state)
{
	struct lab_src src = { "r.xml", 8, 5 };
	struct lab_topo *topo = new_topo();
	struct lab_iface *iface = NULL;
	struct lab_err err;
	size_t host = add_host(topo, "h1");

	(void)state;
	assert_int_equal(lab_topo_add_iface(topo, host, "", "a", &src, &iface, &err), -EINVAL);
	assert_error(&err, EINVAL, "r.xml:8:5: error: host h1: the id of an interface is empty");
	assert_int_equal(lab_topo_add_iface(topo, host, "1", "", &src, &iface, &err), -EINVAL);
	assert_error(
		&err, EINVAL,
		"r.xml:8:5: error: host h1: interface 1: the label is empty; it names the network to join");
	lab_topo_free(topo);
}

static void everything_is_bounded(void **state)
{
	struct lab_topo *topo = new_topo();
	struct lab_iface *iface = NULL;
	char id[64];
	struct lab_err err;
	struct lab_addr a;
	size_t host = 0;
	unsigned int i;

	(void)state;
	for (i = 0; i < LAB_TOPO_HOSTS_MAX; i++) {
		(void)snprintf(id, sizeof(id), "h%u", i);
		assert_int_equal(add_host(topo, id), i);
	}
	assert_int_equal(lab_topo_add_host(topo, "more", NULL, &host, &err), -E2BIG);
	assert_error(&err, E2BIG, "error: host more is one too many: at most 10000 are possible");
	for (i = 0; i < LAB_TOPO_IFACES_MAX; i++) {
		(void)snprintf(id, sizeof(id), "%u", i);
		iface = add_iface(topo, 0, id, "lan");
	}
	assert_int_equal(lab_topo_add_iface(topo, 0, "more", "lan", NULL, &iface, &err), -E2BIG);
	assert_error(&err, E2BIG,
		     "error: host h0: interface more is one too many: a host has at most 250");
	for (i = 0; i < LAB_TOPO_ADDRS_MAX; i++) {
		(void)snprintf(id, sizeof(id), "10.0.0.%u/24", i + 1);
		add_addr(iface, id);
	}
	a = addr("10.0.0.99/24");
	assert_int_equal(lab_topo_add_addr(iface, &a, &err), -E2BIG);
	assert_error(
		&err, E2BIG,
		"error: interface 249: address 10.0.0.99 is one too many: an interface has at most 64");
	for (i = 0; i < LAB_TOPO_ROUTES_MAX; i++) {
		(void)snprintf(id, sizeof(id), "11.%u.%u.0/24", i / 256, i % 256);
		assert_int_equal(add_route(topo, 0, id, "10.0.0.200", NULL), 0);
	}
	assert_int_equal(add_route(topo, 0, "12.0.0.0/8", "10.0.0.200", &err), -E2BIG);
	assert_error(
		&err, E2BIG,
		"r.xml:99:5: error: host h0: route to 12.0.0.0/8 is one too many: a host has at most 1000");
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, &err), 0);
	lab_topo_free(topo);
}

static void things_are_found_by_name(void **state)
{
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);

	(void)state;
	assert_int_equal(lab_topo_find_host(topo, "h1"), 0);
	assert_int_equal(lab_topo_find_host(topo, "h2"), 1);
	assert_int_equal(lab_topo_find_host(topo, "h"), -ENOENT);
	assert_int_equal(lab_topo_find_host(topo, ""), -ENOENT);
	assert_ptr_equal(lab_topo_find_iface(&topo->hosts[1], "1"), i2);
	assert_null(lab_topo_find_iface(&topo->hosts[1], "2"));
	assert_int_equal(topo->n_networks, 1);
	assert_string_equal(topo->networks[0].label, "lan");
	assert_int_equal(topo->networks[0].src.line, 10);
	lab_topo_free(topo);
}

static bool same_key(const void *key, uint32_t value, const void *user)
{
	const uint32_t *keys = user;

	return keys[value] == *(const uint32_t *)key;
}

static void the_hash_finds_what_collides(void **state)
{
	struct lab_hash h = { 0 };
	uint32_t keys[1000], i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		keys[i] = i * 7;
		/* Five hash values for all of them: long runs, which wrap round the end of the table. */
		assert_int_equal(lab_hash_find(&h, UINT32_MAX - i % 5, same_key, &keys[i], keys),
				 -ENOENT);
		assert_int_equal(lab_hash_add(&h, UINT32_MAX - i % 5, i), 0);
	}
	for (i = 0; i < 1000; i++)
		assert_int_equal(lab_hash_find(&h, UINT32_MAX - i % 5, same_key, &keys[i], keys),
				 i);
	assert_int_equal(lab_hash_reserve(&h, SIZE_MAX / 2), -ENOMEM);
	lab_hash_fini(&h);
	assert_int_equal(lab_hash_find(&h, 0, same_key, &keys[0], keys), -ENOENT);
}

/* --- addresses and routes --- */

static void only_host_addresses_are_taken(void **state)
{
	static const struct {
		const char *addr, *text;
	} bad[] = {
		{ "0.0.0.0", "0.0.0.0/32 is the unspecified address" },
		{ "::/64", "::/64 is the unspecified address" },
		{ "127.0.0.2/8", "127.0.0.2/8 is a loopback address" },
		{ "::1", "::1/128 is a loopback address" },
		{ "224.0.0.5/24", "224.0.0.5/24 is a multicast address" },
		{ "ff02::1/64", "ff02::1/64 is a multicast address" },
		{ "255.255.255.255", "255.255.255.255/32 is the broadcast address" },
		{ "10.0.0.0/24", "10.0.0.0/24 is the address of its subnet itself" },
		{ "10.0.0.255/24", "10.0.0.255/24 is the broadcast address of its subnet" },
	};
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);
	struct lab_addr a, none = { 0 };
	char want[256];
	struct lab_err err;
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++) {
		a = addr(bad[i].addr);
		(void)snprintf(want, sizeof(want),
			       "error: interface 1: address %s; give one that a host can have",
			       bad[i].text);
		assert_int_equal(lab_topo_add_addr(i1, &a, &err), -EINVAL);
		assert_error(&err, EINVAL, want);
	}
	assert_int_equal(lab_topo_add_addr(i1, &none, &err), -EINVAL);
	assert_int_equal(i1->n_addrs, 0);
	add_addr(i1, "10.0.0.1/24");
	a = addr("10.0.0.1/8");
	assert_int_equal(lab_topo_add_addr(i1, &a, &err), -EEXIST);
	assert_error(&err, EEXIST, "error: interface 1: address 10.0.0.1 is there already");
	lab_topo_free(topo);
}

static void two_hosts_may_have_one_address(void **state)
{
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);

	(void)state;
	add_addr(i1, "fe80::1/64");
	add_addr(i1, "10.0.0.1/24");
	add_addr(i2, "fe80::1/64");
	add_addr(i2, "10.0.0.1/16");
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	lab_topo_free(topo);
}

static void mtu_has_limits(void **state)
{
	static const unsigned int bad[] = { 1, 67, 65536 };
	struct lab_iface *i1, *i2;
	struct lab_topo *topo;
	char want[128];
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++) {
		topo = pair(&i1, &i2);
		i2->mtu_bytes = bad[i];
		(void)snprintf(
			want, sizeof(want),
			"r.xml:20:7: error: host h2: interface 1: mtu %u: it must be from 68 to 65535",
			bad[i]);
		assert_finish_fails(topo, EINVAL, want);
	}
	topo = pair(&i1, &i2);
	i1->mtu_bytes = LAB_MTU_MIN;
	i2->mtu_bytes = LAB_MTU_MAX;
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	lab_topo_free(topo);

	topo = pair(&i1, &i2);
	i1->mtu_bytes = 1280;
	add_addr(i1, "fd00::1/64");
	i2->mtu_bytes = 1279;
	add_addr(i2, "10.0.0.1/24");
	add_addr(i2, "fd00::2/64");
	assert_finish_fails(
		topo, EINVAL,
		"r.xml:20:7: error: host h2: interface 1: mtu 1279 is too small for fd00::2: "
		"IPv6 needs 1280");
}

static void impossible_routes_are_refused_at_once(void **state)
{
	static const struct {
		const char *to, *via, *text;
	} bad[] = {
		{ "10.1.0.0/16", "fd00::1",
		  "route to 10.1.0.0/16 via fd00::1: destination and gateway must both be IPv4 or both IPv6" },
		{ "10.1.0.7/16", "10.0.0.1",
		  "route to 10.1.0.7/16: not a subnet; did you mean 10.1.0.0/16" },
		{ "fd00:1::1/64", "fd00::1",
		  "route to fd00:1::1/64: not a subnet; did you mean fd00:1::/64" },
		{ "10.0.0.1/0", "10.0.0.1",
		  "route to 10.0.0.1/0: not a subnet; did you mean 0.0.0.0/0" },
		{ "10.1.0.0/16", "224.0.0.1",
		  "route to 10.1.0.0/16: gateway 224.0.0.1 is a multicast address; give the address of a host" },
		{ "::/0", "::",
		  "route to ::/0: gateway :: is the unspecified address; give the address of a host" },
	};
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);
	struct lab_addr none = { 0 }, a = addr("10.0.0.1");
	char want[256];
	struct lab_err err;
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++) {
		(void)snprintf(want, sizeof(want), "r.xml:99:5: error: host h1: %s", bad[i].text);
		assert_int_equal(add_route(topo, 0, bad[i].to, bad[i].via, &err), -EINVAL);
		assert_error(&err, EINVAL, want);
	}
	assert_int_equal(lab_topo_add_route(topo, 0, &none, &a, NULL, &err), -EINVAL);
	assert_int_equal(lab_topo_add_route(topo, 0, &a, &none, NULL, &err), -EINVAL);
	assert_int_equal(topo->hosts[0].n_routes, 0);
	/* The prefix length of a gateway says nothing. */
	assert_int_equal(add_route(topo, 0, "10.1.0.0/16", "10.0.0.0/8", &err), 0);
	assert_int_equal(topo->hosts[0].routes[0].via.prefix_len, 32);
	lab_topo_free(topo);
}

static void a_gateway_is_on_a_subnet_of_its_host(void **state)
{
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);

	(void)state;
	add_addr(i1, "10.0.0.1/24");
	add_addr(i1, "fd00::1/64");
	assert_int_equal(add_route(topo, 0, "0.0.0.0/0", "10.0.0.254", NULL), 0);
	assert_int_equal(add_route(topo, 0, "::/0", "fd00::ffff", NULL), 0);
	assert_int_equal(add_route(topo, 0, "10.1.0.0/16", "10.0.0.2", NULL), 0);
	assert_int_equal(add_route(topo, 0, "10.1.0.0/24", "10.0.0.2", NULL), 0);
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	lab_topo_free(topo);

	topo = pair(&i1, &i2);
	add_addr(i1, "10.0.0.1/24");
	add_addr(i1, "10.2.0.1/24");
	add_addr(i1, "fd00::1/64");
	assert_int_equal(add_route(topo, 0, "10.9.0.0/16", "10.1.0.2", NULL), 0);
	assert_finish_fails(
		topo, ENETUNREACH,
		"r.xml:99:5: error: host h1: route to 10.9.0.0/16: gateway 10.1.0.2 is on no subnet "
		"of this host (its subnets: 10.0.0.0/24, 10.2.0.0/24)");

	topo = pair(&i1, &i2);
	add_addr(i1, "10.0.0.1/24");
	assert_int_equal(add_route(topo, 0, "::/0", "fd00::1", NULL), 0);
	assert_finish_fails(
		topo, ENETUNREACH,
		"r.xml:99:5: error: host h1: route to ::/0: gateway fd00::1 is on no subnet of this "
		"host");

	topo = pair(&i1, &i2);
	add_addr(i1, "10.0.1.1/24");
	add_addr(i1, "10.0.2.1/24");
	add_addr(i1, "10.0.3.1/24");
	add_addr(i1, "10.0.4.1/24");
	add_addr(i1, "10.0.5.1/24");
	add_addr(i1, "10.0.6.1/24");
	assert_int_equal(add_route(topo, 0, "10.9.0.0/16", "10.0.0.2", NULL), 0);
	assert_finish_fails(
		topo, ENETUNREACH,
		"r.xml:99:5: error: host h1: route to 10.9.0.0/16: gateway 10.0.0.2 is on no subnet "
		"of this host (its subnets: 10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24, 10.0.4.0/24, ...)");
}

static void a_host_routes_neither_to_itself_nor_twice(void **state)
{
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);

	(void)state;
	add_addr(i1, "10.0.0.1/24");
	assert_int_equal(add_route(topo, 0, "10.1.0.0/16", "10.0.0.1", NULL), 0);
	assert_finish_fails(
		topo, EINVAL,
		"r.xml:99:5: error: host h1: route to 10.1.0.0/16: gateway 10.0.0.1 is an address "
		"of this host itself");

	topo = pair(&i1, &i2);
	add_addr(i1, "10.0.0.1/24");
	assert_int_equal(add_route(topo, 0, "10.1.0.0/16", "10.0.0.2", NULL), 0);
	assert_int_equal(add_route(topo, 0, "10.1.0.0/16", "10.0.0.3", NULL), 0);
	assert_finish_fails(
		topo, EEXIST,
		"r.xml:99:5: error: host h1: route to 10.1.0.0/16: there is one already");
}

static void an_automatic_address_reaches_its_gateway(void **state)
{
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);

	(void)state;
	i1->auto_addrs = true;
	i2->auto_addrs = true;
	assert_int_equal(add_route(topo, 0, "10.1.0.0/16", "10.0.0.2", NULL), 0);
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	lab_topo_free(topo);
}

/* --- names and MAC addresses --- */

static void assert_names(const char *const *ids, const char *const *names, size_t n)
{
	struct lab_topo *topo = new_topo();
	size_t host = add_host(topo, "h1"), i;

	for (i = 0; i < n; i++)
		(void)add_iface(topo, host, ids[i], "lan");
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	for (i = 0; i < n; i++)
		assert_string_equal(topo->hosts[0].ifaces[i].name, names[i]);
	lab_topo_free(topo);
}

#define ASSERT_NAMES(ids, names)                                              \
	do {                                                                  \
		assert_int_equal(LAB_ARRAY_SIZE(ids), LAB_ARRAY_SIZE(names)); \
		assert_names(ids, names, LAB_ARRAY_SIZE(ids));                \
	} while (0)

static void interfaces_are_named_by_their_id(void **state)
{
	static const char *const ids[] = {
		"1", "wan", "eth7", "br0.12", "fifteen-letters", "12345678901", "123456789012"
	};
	static const char *const names[] = {
		"eth1",           "wan", "eth7", "br0.12", "fifteen-letters", "eth12345678901",
		"eth123456789012"
	};

	(void)state;
	ASSERT_NAMES(ids, names);
}

static void an_id_that_is_no_name_gives_eth_and_the_position(void **state)
{
	static const char *const ids[] = { "a/b",           "sixteen-letters-", "a b", "eth%d",
					   "1234567890123", "h\xc3\xb6",        "a:1", "@" };
	static const char *const names[] = { "eth0", "eth1", "eth2", "eth3",
					     "eth4", "eth5", "eth6", "eth7" };

	(void)state;
	ASSERT_NAMES(ids, names);
}

static void names_with_another_meaning_are_not_given(void **state)
{
	static const char *const ids[] = {
		"lo", "all", "default", "sit0", "bonding_masters", "loop"
	};
	static const char *const names[] = { "ethlo",   "ethall", "ethdefault",
					     "ethsit0", "eth4",   "loop" };

	(void)state;
	ASSERT_NAMES(ids, names);
}

static void names_are_unique(void **state)
{
	/* "1" would be eth1, but that is somebody's id; "." is "eth.", "/" and its like come last. */
	static const char *const ids[] = { "1", "eth1", "/", "eth2", "2", "?", "." };
	static const char *const names[] = {
		"eth0", "eth1", "eth3", "eth2", "eth4", "eth5", "eth."
	};

	(void)state;
	ASSERT_NAMES(ids, names);
}

static void assert_mac(const struct lab_iface *iface, const char *mac)
{
	char text[LAB_MAC_STRLEN];

	assert_string_equal(lab_mac_format(iface->mac, text), mac);
}

static void set_mac(struct lab_iface *iface, const char *mac)
{
	assert_int_equal(lab_mac_parse(mac, iface->mac), 0);
}

static void macs_count_up_and_skip_what_is_given(void **state)
{
	struct lab_topo *topo = new_topo();
	size_t h1 = add_host(topo, "h1"), h2 = add_host(topo, "h2");
	struct lab_iface *ifaces;

	(void)state;
	(void)add_iface(topo, h1, "1", "a");
	(void)add_iface(topo, h1, "2", "b");
	(void)add_iface(topo, h1, "3", "c");
	set_mac(add_iface(topo, h2, "1", "a"), "52:54:01:00:00:02");
	set_mac(add_iface(topo, h2, "2", "b"), "52:54:01:00:00:03");
	(void)add_iface(topo, h2, "3", "b");
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	ifaces = topo->hosts[h1].ifaces;
	assert_mac(&ifaces[0], "52:54:01:00:00:01");
	assert_mac(&ifaces[1], "52:54:01:00:00:04");
	assert_mac(&ifaces[2], "52:54:01:00:00:05");
	ifaces = topo->hosts[h2].ifaces;
	assert_mac(&ifaces[0], "52:54:01:00:00:02");
	assert_mac(&ifaces[1], "52:54:01:00:00:03");
	assert_mac(&ifaces[2], "52:54:01:00:00:06");
	lab_topo_free(topo);
}

static void a_mac_is_unique_in_its_network(void **state)
{
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);

	(void)state;
	set_mac(i1, "00:00:5E:00:53:01");
	set_mac(i2, "00:00:5e:00:53:01");
	assert_finish_fails(
		topo, EEXIST,
		"r.xml:20:7: error: host h2: interface 1: MAC address 00:00:5e:00:53:01 is used by "
		"host h1 interface 1 already, on the same network");

	topo = pair(&i1, &i2);
	set_mac(i1, "00:00:5e:00:53:01");
	set_mac(add_iface(topo, 1, "2", "other"), "00:00:5e:00:53:01");
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	lab_topo_free(topo);

	topo = pair(&i1, &i2);
	set_mac(i2, "01:00:5e:00:00:01");
	assert_finish_fails(
		topo, EINVAL,
		"r.xml:20:7: error: host h2: interface 1: MAC address 01:00:5e:00:00:01 is a group "
		"address; the first byte must be even");
}

/* --- notes --- */

struct notes {
	unsigned int n;
	struct lab_err last;
};

static void hear(const struct lab_err *note, void *user)
{
	struct notes *notes = user;

	notes->n++;
	notes->last = *note;
}

static void a_label_with_one_interface_is_noted(void **state)
{
	struct notes notes = { 0 };
	struct lab_iface *i1, *i2;
	struct lab_topo *topo = pair(&i1, &i2);
	size_t h3 = add_host(topo, "h3");

	(void)state;
	(void)add_iface(topo, h3, "1", "lan");
	(void)add_iface(topo, h3, "2", "lam");
	assert_int_equal(lab_topo_finish(topo, hear, &notes, NULL), 0);
	assert_int_equal(notes.n, 1);
	assert_string_equal(notes.last.msg, "network \"lam\" has one interface only");
	assert_int_equal(notes.last.code, 0);
	assert_string_equal(notes.last.src.file, "r.xml");
	assert_int_equal(notes.last.src.line, 31);
	assert_int_equal(notes.last.src.col, 7);
	assert_int_equal(topo->networks[0].n_ports, 3);
	assert_int_equal(topo->hosts[2].ifaces[0].port, 2);
	assert_int_equal(topo->networks[1].n_ports, 1);
	lab_topo_free(topo);
}

/* --- a whole topology --- */

/* A client, a router and a server; two networks; everything that a topology can hold. */
static int build_router(struct lab_topo **ret)
{
	static const char *const ids[] = { "client", "router", "server" };
	struct lab_addr any = { .family = AF_INET, .prefix_len = 0 };
	struct lab_addr net1 = addr("192.168.1.0/24"), via1 = addr("192.168.1.254");
	struct lab_addr net5 = addr("192.168.5.0/24"), via5 = addr("192.168.5.254");
	struct lab_addr a;
	struct lab_topo *topo;
	struct lab_iface *iface;
	size_t i, host;
	int r;

	*ret = NULL;
	r = lab_topo_new("router \"lab\"", &topo);
	if (r < 0)
		return r;
	for (i = 0; !r && i < LAB_ARRAY_SIZE(ids); i++)
		r = lab_topo_add_host(topo, ids[i], NULL, &host, NULL);
	if (!r)
		r = lab_topo_add_iface(topo, 0, "1", "left", NULL, &iface, NULL);
	if (!r) {
		a = addr("192.168.1.1/24");
		r = lab_topo_add_addr(iface, &a, NULL);
	}
	if (!r)
		r = lab_topo_add_iface(topo, 1, "left", "left", NULL, &iface, NULL);
	if (!r) {
		a = via1;
		a.prefix_len = 24;
		r = lab_topo_add_addr(iface, &a, NULL);
	}
	if (!r)
		r = lab_topo_add_iface(topo, 1, "right", "right", NULL, &iface, NULL);
	if (!r) {
		topo->hosts[1].forwarding = true;
		iface->mtu_bytes = 9000;
		(void)lab_mac_parse("02:00:00:00:00:01", iface->mac);
		a = via5;
		a.prefix_len = 24;
		r = lab_topo_add_addr(iface, &a, NULL);
	}
	if (!r) {
		a = addr("fe80::7/64");
		r = lab_topo_add_addr(iface, &a, NULL);
	}
	if (!r)
		r = lab_topo_add_iface(topo, 2, "1", "right", NULL, &iface, NULL);
	if (!r) {
		a = addr("192.168.5.1/24");
		r = lab_topo_add_addr(iface, &a, NULL);
	}
	if (!r)
		r = lab_topo_add_iface(topo, 2, "m/1", "mgmt", NULL, &iface, NULL);
	if (!r) {
		iface->auto_addrs = true;
		r = lab_topo_add_route(topo, 0, &any, &via1, NULL, NULL);
	}
	if (!r)
		r = lab_topo_add_route(topo, 2, &net1, &via5, NULL, NULL);
	if (!r)
		r = lab_topo_add_route(topo, 0, &net5, &via1, NULL, NULL);
	if (!r)
		r = lab_topo_finish(topo, NULL, NULL, NULL);
	*ret = topo;
	return r;
}

static void the_json_says_everything(void **state)
{
	static const char want[] =
		"{\"name\":\"router \\\"lab\\\"\",\"networks\":["
		"{\"label\":\"left\",\"ports\":[{\"host\":\"client\",\"iface\":\"1\"},"
		"{\"host\":\"router\",\"iface\":\"left\"}]},"
		"{\"label\":\"right\",\"ports\":[{\"host\":\"router\",\"iface\":\"right\"},"
		"{\"host\":\"server\",\"iface\":\"1\"}]},"
		"{\"label\":\"mgmt\",\"ports\":[{\"host\":\"server\",\"iface\":\"m/1\"}]}],"
		"\"hosts\":[{\"id\":\"client\",\"forwarding\":false,\"interfaces\":["
		"{\"id\":\"1\",\"name\":\"eth1\",\"kind\":\"eth\",\"network\":\"left\",\"mac\":\"52:54:01:00:00:01\","
		"\"mtu\":1500,\"addresses\":[\"192.168.1.1/24\"],"
		"\"peers\":[{\"host\":\"router\",\"iface\":\"left\"}]}],"
		"\"routes\":[{\"to\":\"0.0.0.0/0\",\"via\":\"192.168.1.254\"},"
		"{\"to\":\"192.168.5.0/24\",\"via\":\"192.168.1.254\"}]},"
		"{\"id\":\"router\",\"forwarding\":true,\"interfaces\":["
		"{\"id\":\"left\",\"name\":\"left\",\"kind\":\"eth\",\"network\":\"left\",\"mac\":\"52:54:01:00:00:02\","
		"\"mtu\":1500,\"addresses\":[\"192.168.1.254/24\"],"
		"\"peers\":[{\"host\":\"client\",\"iface\":\"1\"}]},"
		"{\"id\":\"right\",\"name\":\"right\",\"kind\":\"eth\",\"network\":\"right\",\"mac\":\"02:00:00:00:00:01\","
		"\"mtu\":9000,\"addresses\":[\"192.168.5.254/24\",\"fe80::7/64\"],"
		"\"peers\":[{\"host\":\"server\",\"iface\":\"1\"}]}],\"routes\":[]},"
		"{\"id\":\"server\",\"forwarding\":false,\"interfaces\":["
		"{\"id\":\"1\",\"name\":\"eth1\",\"kind\":\"eth\",\"network\":\"right\",\"mac\":\"52:54:01:00:00:03\","
		"\"mtu\":1500,\"addresses\":[\"192.168.5.1/24\"],"
		"\"peers\":[{\"host\":\"router\",\"iface\":\"right\"}]},"
		"{\"id\":\"m/1\",\"name\":\"eth2\",\"kind\":\"eth\",\"network\":\"mgmt\",\"mac\":\"52:54:01:00:00:04\","
		"\"mtu\":1500,\"addresses\":[\"10.0.0.1/24\",\"fd00:6e65:746c::1/64\"],\"peers\":[]}],"
		"\"routes\":[{\"to\":\"192.168.1.0/24\",\"via\":\"192.168.5.254\"}]}]}";
	struct lab_topo *topo;
	json_t *json;
	char *text;

	(void)state;
	assert_int_equal(build_router(&topo), 0);
	json = lab_topo_to_json(topo);
	assert_non_null(json);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, want);
	free(text);
	json_decref(json);
	lab_topo_free(topo);
}

static void peers_are_named_up_to_sixteen_ports(void **state)
{
	struct lab_topo *topo = new_topo();
	json_t *json, *iface, *peers;
	char id[32];
	size_t i, n;

	(void)state;
	for (n = 16; n <= 17; n++) {
		while (topo->n_hosts < n) {
			(void)snprintf(id, sizeof(id), "h%zu", topo->n_hosts);
			(void)add_iface(topo, add_host(topo, id), "1", "lan");
		}
		assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
		json = lab_topo_to_json(topo);
		for (i = 0; i < n; i++) {
			iface = json_array_get(
				json_object_get(json_array_get(json_object_get(json, "hosts"), i),
						"interfaces"),
				0);
			peers = json_object_get(iface, "peers");
			if (n == 16)
				assert_int_equal(json_array_size(peers), 15);
			else
				assert_null(peers);
		}
		json_decref(json);
	}
	lab_topo_free(topo);
}

static void the_hosts_file_names_every_address(void **state)
{
	static const char want[] = "127.0.0.1\tlocalhost\n"
				   "::1\tlocalhost ip6-localhost ip6-loopback\n"
				   "192.168.1.1\tclient client-1\n"
				   "192.168.1.254\trouter router-left\n"
				   "192.168.5.254\trouter-right\n"
				   "192.168.5.1\tserver server-1\n"
				   "10.0.0.1\tserver-m-1\n"
				   "fd00:6e65:746c::1\tserver server-m-1\n";
	struct lab_topo *topo;
	char *text;

	(void)state;
	assert_int_equal(build_router(&topo), 0);
	assert_int_equal(lab_topo_hosts_file(topo, &text), 0);
	assert_string_equal(text, want);
	free(text);
	lab_topo_free(topo);
}

static void a_host_id_wins_over_the_name_of_an_interface(void **state)
{
	static const char want[] = "127.0.0.1\tlocalhost\n"
				   "::1\tlocalhost ip6-localhost ip6-loopback\n"
				   "10.0.0.1\ta\n"
				   "10.0.1.1\ta-2\n"
				   "10.0.0.2\ta-1 a-1-1\n";
	struct lab_topo *topo = new_topo();
	size_t a = add_host(topo, "a"), b = add_host(topo, "a-1");
	struct lab_iface *iface;
	char *text;

	(void)state;
	iface = add_iface(topo, a, "1", "x");
	add_addr(iface, "10.0.0.1/24");
	add_addr(iface, "10.0.0.11/24");
	add_addr(add_iface(topo, a, "2", "y"), "10.0.1.1/24");
	add_addr(add_iface(topo, b, "1", "x"), "10.0.0.2/24");
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	assert_int_equal(lab_topo_hosts_file(topo, &text), 0);
	assert_string_equal(text, want);
	free(text);
	lab_topo_free(topo);
}

static void two_builds_are_identical(void **state)
{
	struct lab_topo *a, *b;
	json_t *ja, *jb;
	char *ta, *tb;

	(void)state;
	assert_int_equal(build_router(&a), 0);
	assert_int_equal(build_router(&b), 0);
	ja = lab_topo_to_json(a);
	jb = lab_topo_to_json(b);
	assert_true(json_equal(ja, jb));
	assert_int_equal(lab_topo_hosts_file(a, &ta), 0);
	assert_int_equal(lab_topo_hosts_file(b, &tb), 0);
	assert_string_equal(ta, tb);
	free(ta);
	free(tb);
	json_decref(ja);
	json_decref(jb);
	lab_topo_free(a);
	lab_topo_free(b);
}

/* --- out of memory --- */

/* Everything that this folder does, as far as it gets. */
static int do_everything(void)
{
	struct lab_topo *topo = NULL;
	struct lab_plan *plan = NULL;
	json_t *json = NULL, *ops = NULL;
	char *text = NULL;
	int r;

	r = build_router(&topo);
	if (!r)
		r = lab_plan_new(topo, &plan);
	if (!r)
		r = lab_topo_hosts_file(topo, &text);
	if (!r) {
		json = lab_topo_to_json(topo);
		ops = json ? lab_plan_to_json(plan) : NULL;
		r = ops ? 0 : -ENOMEM;
	}
	json_decref(ops);
	json_decref(json);
	free(text);
	lab_plan_free(plan);
	lab_topo_free(topo);
	return r;
}

static void any_allocation_may_fail(void **state)
{
	unsigned int n;
	int r;

	(void)state;
	json_set_alloc_funcs(__wrap_malloc, free);
	for (n = 1;; n++) {
		allocations = 0;
		fail_at = n;
		r = do_everything();
		fail_at = 0;
		if (!r)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_in_range(n, 1, 5000);
	}
	/* The last round met no failure: it made fewer allocations than n. */
	assert_int_equal(allocations, n - 1);
	assert_in_range(n, 100, 5000);
	json_set_alloc_funcs(malloc, free);
}

static void out_of_memory_is_said(void **state)
{
	struct lab_topo *topo = new_topo();
	struct lab_iface *iface;
	struct lab_err err;
	struct lab_addr a = addr("10.0.0.1/24");
	size_t host = add_host(topo, "h1");

	(void)state;
	fail_at = allocations + 1;
	assert_int_equal(lab_topo_add_iface(topo, host, "1", "lan", NULL, &iface, &err), -ENOMEM);
	assert_error(&err, ENOMEM, "error: host h1: out of memory");
	iface = add_iface(topo, host, "1", "lan");
	fail_at = allocations + 1;
	assert_int_equal(lab_topo_add_addr(iface, &a, &err), -ENOMEM);
	assert_error(&err, ENOMEM, "error: interface 1: out of memory");
	fail_at = allocations + 1;
	assert_int_equal(lab_topo_add_host(topo, "h2", NULL, &host, &err), -ENOMEM);
	assert_error(&err, ENOMEM, "error: out of memory");
	fail_at = 0;
	lab_topo_free(topo);
	lab_topo_free(NULL);
	lab_plan_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_ids_are_host_names),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
		cmocka_unit_test(an_id_used_twice_names_both_places),
		cmocka_unit_test(an_interface_needs_id_and_label),
		cmocka_unit_test(everything_is_bounded),
		cmocka_unit_test(things_are_found_by_name),
		cmocka_unit_test(the_hash_finds_what_collides),
		cmocka_unit_test(only_host_addresses_are_taken),
		cmocka_unit_test(two_hosts_may_have_one_address),
		cmocka_unit_test(mtu_has_limits),
		cmocka_unit_test(impossible_routes_are_refused_at_once),
		cmocka_unit_test(a_gateway_is_on_a_subnet_of_its_host),
		cmocka_unit_test(a_host_routes_neither_to_itself_nor_twice),
		cmocka_unit_test(an_automatic_address_reaches_its_gateway),
		cmocka_unit_test(interfaces_are_named_by_their_id),
		cmocka_unit_test(an_id_that_is_no_name_gives_eth_and_the_position),
		cmocka_unit_test(names_with_another_meaning_are_not_given),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(macs_count_up_and_skip_what_is_given),
		cmocka_unit_test(a_mac_is_unique_in_its_network),
		cmocka_unit_test(a_label_with_one_interface_is_noted),
		cmocka_unit_test(the_json_says_everything),
		cmocka_unit_test(peers_are_named_up_to_sixteen_ports),
		cmocka_unit_test(the_hosts_file_names_every_address),
		cmocka_unit_test(a_host_id_wins_over_the_name_of_an_interface),
		cmocka_unit_test(two_builds_are_identical),
		cmocka_unit_test(any_allocation_may_fail),
		cmocka_unit_test(out_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
