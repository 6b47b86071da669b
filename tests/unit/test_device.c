/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_device.c - unit tests of a topology's interfaces that lie on others: names, addresses, masters, checks */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "netlab/topo/topo.h"

static struct lab_topo *topo;

static int set_up(LAB_UNUSED void **state)
{
	size_t host;

	assert_int_equal(lab_topo_new("test", &topo), 0);
	assert_int_equal(lab_topo_add_host(topo, "h1", NULL, &host, NULL), 0);
	return 0;
}

static int tear_down(LAB_UNUSED void **state)
{
	lab_topo_free(topo);
	return 0;
}

static struct lab_iface *eth(const char *id)
{
	const struct lab_src src = { "r.xml", 5, 3 };
	struct lab_iface *iface;

	assert_int_equal(lab_topo_add_iface(topo, 0, id, "net", &src, &iface, NULL), 0);
	iface->auto_addrs = true;
	return iface;
}

static struct lab_iface *link_of(const char *id, enum lab_link_kind kind)
{
	const struct lab_src src = { "r.xml", 7, 4 };
	struct lab_iface *iface;

	assert_int_equal(lab_topo_add_device(topo, 0, id, LAB_IFACE_LINK, kind, &src, &iface, NULL),
			 0);
	return iface;
}

static void slave(const char *id)
{
	const struct lab_src src = { "r.xml", 9, 2 };
	struct lab_host *h = &topo->hosts[0];

	assert_int_equal(lab_topo_add_slave(h, h->n_ifaces - 1, id, &src, NULL, NULL), 0);
}

static void option(struct lab_iface *iface, const char *name, const char *value)
{
	const struct lab_src src = { "r.xml", 11, 6 };

	assert_int_equal(lab_topo_add_option(&iface->options, &iface->n_options, name, value, &src,
					     NULL),
			 0);
}

static const struct lab_iface *at(size_t i)
{
	return &topo->hosts[0].ifaces[i];
}

static void finish(void)
{
	struct lab_err err;

	if (lab_topo_finish(topo, NULL, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

static void refused(const char *msg, unsigned int line)
{
	struct lab_err err = { 0 };

	assert_true(lab_topo_finish(topo, NULL, NULL, &err) < 0);
	assert_string_equal(err.msg, msg);
	assert_int_equal(err.src.line, line);
}

/* --- names --- */

static void names_are_those_that_scripts_know(LAB_UNUSED void **state)
{
	static const struct {
		enum lab_link_kind kind;
		const char *first, *second;
	} kinds[] = {
		{ LAB_LINK_BOND, "t_bond0", "t_bond1" },     { LAB_LINK_BRIDGE, "t_br0", "t_br1" },
		{ LAB_LINK_TEAM, "t_team0", "t_team1" },     { LAB_LINK_VXLAN, "vxlan0", "vxlan1" },
		{ LAB_LINK_GRE, "gre_0", "gre_1" },          { LAB_LINK_IPIP, "ipip_0", "ipip_1" },
		{ LAB_LINK_DUMMY, "dummy_0", "dummy_1" },    { LAB_LINK_VTI, "vti0", "vti1" },
		{ LAB_LINK_VTI6, "t_ip6vti0", "t_ip6vti1" }, { LAB_LINK_WIREGUARD, "wg_0", "wg_1" },
		{ LAB_LINK_VRF, "vrf_0", "vrf_1" },          { LAB_LINK_TUN, "tun_0", "tun_1" },
		{ LAB_LINK_TAP, "tap_0", "tap_1" },
	};
	char id[16];

	for (size_t i = 0; i < LAB_ARRAY_SIZE(kinds); i++) {
		(void)snprintf(id, sizeof(id), "a%zu", i);
		(void)link_of(id, kinds[i].kind);
		(void)snprintf(id, sizeof(id), "b%zu", i);
		(void)link_of(id, kinds[i].kind);
	}
	(void)link_of("lo", LAB_LINK_LO);
	finish();
	for (size_t i = 0; i < LAB_ARRAY_SIZE(kinds); i++) {
		assert_string_equal(at(2 * i)->name, kinds[i].first);
		assert_string_equal(at(2 * i + 1)->name, kinds[i].second);
	}
	assert_string_equal(at(2 * LAB_ARRAY_SIZE(kinds))->name, "lo");
}

static void names_of_vlans_are_cut_in_front(LAB_UNUSED void **state)
{
	(void)eth("eth0");
	(void)eth("averylongname00");
	option(link_of("v1", LAB_LINK_VLAN), "vlan_tci", "10");
	slave("eth0");
	option(link_of("v2", LAB_LINK_VLAN), "vlan_tci", "10");
	slave("eth0");
	option(link_of("v3", LAB_LINK_VLAN), "vlan_tci", "4094");
	slave("averylongname00");
	option(link_of("v4", LAB_LINK_VLAN), "id", "7");
	slave("v1");
	finish();
	assert_string_equal(at(2)->name, "eth0.10_0");
	assert_string_equal(at(3)->name, "eth0.10_1");
	assert_string_equal(at(4)->name, "averylon.4094_0");
	assert_string_equal(at(5)->name, "eth0.10_0.7_0");
}

/* A name of an eth is not taken away from it, and given names stay. */
static void names_that_are_there_are_passed_over(LAB_UNUSED void **state)
{
	(void)link_of("a", LAB_LINK_BOND);
	(void)eth("t_bond0");
	(void)snprintf(link_of("b", LAB_LINK_DUMMY)->name, LAB_IFNAME_LEN, "mine");
	finish();
	assert_string_equal(at(0)->name, "t_bond1");
	assert_string_equal(at(1)->name, "t_bond0");
	assert_string_equal(at(2)->name, "mine");
}

/* --- addresses --- */

static void addresses_follow_what_the_kernel_does(LAB_UNUSED void **state)
{
	static const uint8_t none[LAB_MAC_LEN];

	(void)eth("a");
	(void)eth("b");
	(void)link_of("bond", LAB_LINK_BOND);
	slave("a");
	(void)link_of("vlan", LAB_LINK_VLAN);
	slave("bond");
	(void)link_of("macvlan", LAB_LINK_MACVLAN);
	slave("b");
	(void)link_of("gre", LAB_LINK_GRE);
	finish();
	assert_memory_equal(at(2)->mac, at(0)->mac, LAB_MAC_LEN);
	assert_false(at(2)->mac_given);
	assert_memory_equal(at(3)->mac, at(0)->mac, LAB_MAC_LEN);
	assert_false(at(3)->mac_given);
	assert_memory_not_equal(at(4)->mac, at(1)->mac, LAB_MAC_LEN);
	assert_true(at(4)->mac_given);
	assert_memory_equal(at(5)->mac, none, LAB_MAC_LEN);
	/* What is a port has no address of its own. */
	assert_int_equal(at(0)->n_addrs, 0);
	assert_int_equal(at(1)->n_addrs, 2);
	assert_int_equal(at(0)->master, 2);
	assert_int_equal(at(1)->master, LAB_IFACE_NONE);
	assert_int_equal(at(2)->master, LAB_IFACE_NONE);
}

/* --- checks --- */

static void a_slave_comes_before_its_master(LAB_UNUSED void **state)
{
	struct lab_err err;

	(void)link_of("bond", LAB_LINK_BOND);
	(void)eth("a");
	assert_int_equal(lab_topo_add_slave(&topo->hosts[0], 0, "a", NULL, NULL, &err), -ENOENT);
	assert_string_equal(err.msg, "slave a is no interface before this one");
	assert_int_equal(lab_topo_add_slave(&topo->hosts[0], 0, "bond", NULL, NULL, &err), -ENOENT);
	assert_int_equal(lab_topo_add_slave(&topo->hosts[0], 0, "x", NULL, NULL, &err), -ENOENT);
	(void)link_of("br", LAB_LINK_BRIDGE);
	slave("a");
	assert_int_equal(lab_topo_add_slave(&topo->hosts[0], 2, "a", NULL, NULL, &err), -EEXIST);
	assert_string_equal(err.msg, "slave a is there already");
}

static void two_masters_are_refused(LAB_UNUSED void **state)
{
	(void)eth("a");
	(void)link_of("br", LAB_LINK_BRIDGE);
	slave("a");
	(void)link_of("bond", LAB_LINK_BOND);
	slave("a");
	refused("host h1: interface bond: slave a is a port of bridge br already", 9);
}

/* Only ports have a master: several VLANs can lie on one interface. */
static void several_may_lie_on_one(LAB_UNUSED void **state)
{
	(void)eth("a");
	(void)link_of("v1", LAB_LINK_VLAN);
	slave("a");
	(void)link_of("v2", LAB_LINK_VLAN);
	slave("a");
	(void)link_of("br", LAB_LINK_BRIDGE);
	slave("a");
	finish();
	assert_int_equal(at(0)->master, 3);
}

static void numbers_of_slaves_are_checked(LAB_UNUSED void **state)
{
	(void)link_of("v", LAB_LINK_VLAN);
	refused("host h1: interface v: vlan needs exactly one slave, 0 given", 7);
}

static void a_port_is_in_the_namespace_of_its_master(LAB_UNUSED void **state)
{
	assert_int_equal(lab_topo_add_netns(topo, 0, "blue", &eth("a")->netns, NULL), 0);
	(void)link_of("br", LAB_LINK_BRIDGE);
	slave("a");
	refused("host h1: interface br: slave a is in another network namespace (blue); a port must "
		"be in that of its master (the host's own)",
		9);
}

static void what_only_lies_on_another_may_be_elsewhere(LAB_UNUSED void **state)
{
	(void)eth("a");
	assert_int_equal(lab_topo_add_netns(topo, 0, "blue", &link_of("m", LAB_LINK_MACVLAN)->netns,
					    NULL),
			 0);
	slave("a");
	finish();
}

static void options_are_checked_with_their_places(LAB_UNUSED void **state)
{
	struct lab_iface *bond;
	struct lab_err err = { 0 };

	(void)eth("a");
	bond = link_of("bond", LAB_LINK_BOND);
	slave("a");
	option(bond, "primary", "b");
	finish();
	assert_int_equal(lab_topo_check_options(&topo->hosts[0], 1, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "host h1: interface bond: option primary: \"b\" is no interface "
			    "before this one");
	assert_int_equal(err.src.line, 11);
	assert_int_equal(lab_topo_check_options(&topo->hosts[0], 0, &err), 0);
	assert_string_equal(lab_iface_option(at(1), "primary"), "b");
	assert_null(lab_iface_option(at(1), "mode"));
}

static void netem_is_read_part_by_part(LAB_UNUSED void **state)
{
	struct lab_iface *a = eth("a");
	struct lab_netem netem;
	struct lab_err err;

	assert_int_equal(lab_topo_netem(a, &netem, &err), 0);
	assert_false(lab_netem_any(&netem));
	assert_int_equal(
		lab_topo_add_option(&a->netem, &a->n_netem, "delay.time", "10ms", NULL, &err), 0);
	assert_int_equal(
		lab_topo_add_option(&a->netem, &a->n_netem, "delay.jitter", "1ms", NULL, &err), 0);
	assert_int_equal(
		lab_topo_add_option(&a->netem, &a->n_netem, "loss.percent", "5", NULL, &err), 0);
	assert_int_equal(lab_topo_netem(a, &netem, &err), 0);
	assert_int_equal(netem.delay_us, 10000);
	assert_int_equal(netem.jitter_us, 1000);
	assert_int_equal(netem.loss.percent, 5 * (LAB_PERCENT_100 / 100));
	assert_int_equal(lab_topo_add_option(&a->netem, &a->n_netem, "delay", "x", NULL, &err), 0);
	assert_int_equal(lab_topo_netem(a, &netem, &err), -EINVAL);
	assert_string_equal(err.msg, "netem: no part \"delay\"");
}

/* --- namespaces --- */

static void namespaces_have_names_that_are_files(LAB_UNUSED void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "-a", "a/b", "a b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};
	unsigned int n = 0, m = 0;
	struct lab_err err;
	char name[LAB_NETNS_LEN];

	for (size_t i = 0; i < LAB_ARRAY_SIZE(bad); i++)
		assert_int_equal(lab_topo_add_netns(topo, 0, bad[i], &n, &err), -EINVAL);
	assert_int_equal(lab_topo_add_netns(topo, 0, "blue", &n, &err), 0);
	assert_int_equal(lab_topo_add_netns(topo, 0, "blue", &m, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(m, 1);
	assert_int_equal(lab_topo_find_netns(&topo->hosts[0], NULL), 0);
	assert_int_equal(lab_topo_find_netns(&topo->hosts[0], "blue"), 1);
	assert_int_equal(lab_topo_find_netns(&topo->hosts[0], "red"), -ENOENT);
	for (unsigned int i = 1; i < LAB_TOPO_NETNS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(lab_topo_add_netns(topo, 0, name, &n, &err), 0);
	}
	assert_int_equal(lab_topo_add_netns(topo, 0, "more", &n, &err), -E2BIG);
	assert_string_equal(err.msg,
			    "netns more is one too many: a host has at most 16 beside its own");
}

static void the_json_tells_what_devices_have(LAB_UNUSED void **state)
{
	struct lab_iface *a = eth("a"), *bond;
	json_t *json, *ifaces;
	char *text;

	assert_int_equal(
		lab_topo_add_option(&a->netem, &a->n_netem, "delay.time", "10ms", NULL, NULL), 0);
	assert_int_equal(
		lab_topo_add_option(&a->netem, &a->n_netem, "loss.percent", "5", NULL, NULL), 0);
	bond = link_of("bond", LAB_LINK_BOND);
	slave("a");
	option(bond, "mode", "1");
	assert_int_equal(
		lab_topo_add_netns(topo, 0, "blue", &link_of("d", LAB_LINK_DUMMY)->netns, NULL), 0);
	finish();
	json = lab_topo_to_json(topo);
	ifaces = json_object_get(json_array_get(json_object_get(json, "hosts"), 0), "interfaces");
	text = json_dumps(ifaces, JSON_COMPACT);
	assert_string_equal(
		text,
		"[{\"id\":\"a\",\"name\":\"a\",\"kind\":\"eth\",\"network\":\"net\",\"mac\":\"52:54:01:00:00:01\","
		"\"mtu\":1500,\"addresses\":[],\"peers\":[],\"master\":\"bond\","
		"\"netem\":{\"delay\":{\"time\":\"10ms\"},\"loss\":{\"percent\":\"5\"}}},"
		"{\"id\":\"bond\",\"name\":\"t_bond0\",\"kind\":\"bond\",\"network\":null,"
		"\"mac\":\"52:54:01:00:00:01\",\"mtu\":1500,\"addresses\":[],"
		"\"options\":[{\"name\":\"mode\",\"value\":\"1\"}],\"slaves\":[{\"id\":\"a\"}]},"
		"{\"id\":\"d\",\"name\":\"dummy_0\",\"kind\":\"dummy\",\"network\":null,"
		"\"mac\":\"52:54:01:00:00:02\",\"mtu\":1500,\"addresses\":[],\"netns\":\"blue\"}]");
	free(text);
	json_decref(json);
}

#define topo_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		topo_test(names_are_those_that_scripts_know),
		topo_test(names_of_vlans_are_cut_in_front),
		topo_test(names_that_are_there_are_passed_over),
		topo_test(addresses_follow_what_the_kernel_does),
		topo_test(a_slave_comes_before_its_master),
		topo_test(two_masters_are_refused),
		topo_test(several_may_lie_on_one),
		topo_test(numbers_of_slaves_are_checked),
		topo_test(a_port_is_in_the_namespace_of_its_master),
		topo_test(what_only_lies_on_another_may_be_elsewhere),
		topo_test(options_are_checked_with_their_places),
		topo_test(netem_is_read_part_by_part),
		topo_test(namespaces_have_names_that_are_files),
		topo_test(the_json_tells_what_devices_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
