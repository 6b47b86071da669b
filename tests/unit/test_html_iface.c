/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_html_iface.c - unit tests of controller/report/html_iface.c: the order of interfaces, and what is said of them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "controller/report/html_topo.h"
#include "netlab/base/util.h"

/* A host with interfaces of all sorts, as lab_topo_to_json() writes it. */
static const char *const host_text =
	"{\"id\":\"h\",\"interfaces\":["
	"{\"id\":\"1\",\"name\":\"eth1\",\"kind\":\"eth\",\"network\":\"a\",\"master\":\"bond\"},"
	"{\"id\":\"2\",\"name\":\"eth2\",\"kind\":\"eth\",\"master\":\"bond\"},"
	"{\"id\":\"bond\",\"name\":\"t_bond0\",\"kind\":\"bond\",\"slaves\":[{\"id\":\"1\"},{\"id\":\"2\"}],"
	"\"options\":[{\"name\":\"miimon\",\"value\":\"50\"},{\"name\":\"mode\",\"value\":\"active-backup\"}]},"
	"{\"id\":\"v\",\"name\":\"t_bond0.10\",\"kind\":\"vlan\",\"slaves\":[{\"id\":\"bond\"}],\"master\":\"br\","
	"\"options\":[{\"name\":\"vlan_tci\",\"value\":\"10\"}]},"
	"{\"id\":\"br\",\"name\":\"t_br0\",\"kind\":\"ovs_bridge\",\"slaves\":[{\"id\":\"v\",\"options\":[{\"name\":\"tag\","
	"\"value\":\"7\"},{\"name\":\"teamd_port_config\",\"value\":\"{}\"}]},{\"id\":\"t\"}]},"
	"{\"id\":\"t\",\"name\":\"tun\",\"kind\":\"ovs_tunnel\",\"master\":\"br\",\"options\":[{\"name\":\"type\",\"value\":\"vxlan\"},"
	"{\"name\":\"option:remote_ip\",\"value\":\"10.0.0.2\"},{\"name\":\"key\",\"value\":\"7\"}]},"
	"{\"id\":\"mv\",\"name\":\"mv0\",\"kind\":\"macvlan\",\"netns\":\"red\",\"slaves\":[{\"id\":\"1\"}],\"addresses\":[\"10.0.0.1/8\"]},"
	"{\"id\":\"team\",\"name\":\"team0\",\"kind\":\"team\",\"slaves\":[{\"id\":\"p\"}],"
	"\"options\":[{\"name\":\"teamd_config\",\"value\":\"{\\\"runner\\\":{\\\"name\\\":\\\"lacp\\\"}}\"}]},"
	"{\"id\":\"p\",\"name\":\"veth0\",\"kind\":\"veth\",\"peer\":\"q\",\"master\":\"team\"},"
	"{\"id\":\"q\",\"name\":\"veth1\",\"kind\":\"veth\",\"peer\":\"p\",\"netns\":\"red\"},"
	"{\"id\":\"wg\",\"name\":\"wg0\",\"kind\":\"wireguard\",\"options\":[{\"name\":\"private_key\",\"value\":\"secret\"},"
	"{\"name\":\"listen_port\",\"value\":\"51820\"}]},"
	"{\"id\":\"n\",\"name\":\"n\",\"kind\":\"new\",\"addresses\":[\"1\",\"2\",\"3\",\"4\",\"5\"],\"netem\":{\"loss\":{\"percent\":\"30%\","
	"\"correlation\":\"5%\"},\"delay\":{\"time\":\"50ms\",\"jitter\":\"5ms\",\"distribution\":\"normal\"},"
	"\"reordering\":{\"percent\":\"1%\",\"gap_distance\":\"3\"}}}]}";

static void the_tree_has_ports_below_bridges_and_devices_below_what_they_lie_on(void **state)
{
	static const struct {
		const char *name;
		unsigned int depth;
	} want[] = {
		{ "t_bond0", 0 },    { "eth1", 1 }, { "eth2", 1 },  { "t_br0", 0 },
		{ "t_bond0.10", 1 }, { "tun", 1 },  { "team0", 0 }, { "veth0", 1 },
		{ "wg0", 0 },        { "n", 0 },    { "mv0", 0 },   { "veth1", 0 },
	};
	cleanup_json json_t *host = json_loads(host_text, 0, NULL);
	struct ctl_draw_iface list[CTL_DRAW_IFACES_MAX];
	size_t i;

	(void)state;
	assert_non_null(host);
	assert_int_equal(ctl_draw_tree(host, list), LAB_ARRAY_SIZE(want));
	for (i = 0; i < LAB_ARRAY_SIZE(want); i++) {
		assert_string_equal(ctl_draw_iface_name(list[i].json), want[i].name);
		assert_int_equal(list[i].depth, want[i].depth);
		assert_true(want[i].depth ? list[i].above < i : list[i].above == CTL_DRAW_NONE);
	}
}

static void a_circle_is_cut(void **state)
{
	cleanup_json json_t *host = json_loads(
		"{\"interfaces\":[{\"id\":\"a\",\"master\":\"b\"},{\"id\":\"b\",\"master\":\"a\"},{\"id\":\"c\",\"master\":\"c\"},"
		"{\"id\":\"d\",\"slaves\":[{\"id\":\"nobody\"}]},7,{\"id\":\"e\",\"master\":\"a\"}]}",
		0, NULL);
	struct ctl_draw_iface list[CTL_DRAW_IFACES_MAX];
	size_t i;

	(void)state;
	assert_non_null(host);
	assert_int_equal(ctl_draw_tree(host, list), 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(list[i].depth, 0);
	assert_int_equal(ctl_draw_tree(json_object_get(host, "interfaces"), list), 0);
}

/* The n-th line of an interface; NULL = there is none. */
static void line_is(const char *id, size_t n, const char *class_, const char *text)
{
	cleanup_json json_t *host = json_loads(host_text, 0, NULL);
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	const json_t *ifaces = json_object_get(host, "interfaces");
	const char *got = NULL;
	size_t i;

	for (i = 0; i < json_array_size(ifaces); i++) {
		const json_t *iface = json_array_get(ifaces, i);

		if (strcmp(json_string_value(json_object_get(iface, "id")), id) == 0)
			got = ctl_draw_iface_line(host, iface, n, &sb);
	}
	if (!class_) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, class_);
	assert_string_equal(lab_strbuf_str(&sb), text);
}

static void lines_say_what_it_is(void **state)
{
	(void)state;
	line_is("1", 0, NULL, NULL);
	line_is("bond", 0, "kind", "bond active-backup");
	line_is("v", 0, "kind", "vlan 10 on t_bond0, tag 7");
	line_is("v", 1, NULL, NULL);
	line_is("br", 0, "kind", "OVS bridge");
	line_is("t", 0, "kind", "OVS tunnel vxlan to 10.0.0.2 key 7");
	line_is("mv", 0, "kind", "macvlan on eth1");
	line_is("mv", 1, "addr", "10.0.0.1/8");
	line_is("mv", 2, NULL, NULL);
	line_is("team", 0, "kind", "team lacp");
	line_is("p", 0, "kind", "veth to veth1");
}

static void a_key_is_never_said(void **state)
{
	(void)state;
	line_is("wg", 0, "kind", "wireguard port 51820");
	line_is("wg", 1, NULL, NULL);
}

static void netem_and_addresses_follow(void **state)
{
	(void)state;
	line_is("n", 0, "kind", "new");
	line_is("n", 1, "netem",
		"delay 50ms \xc2\xb1"
		"5ms normal, loss 30% correlation 5%, reordering 1% gap 3");
	line_is("n", 2, "addr", "1");
	line_is("n", 4, "addr", "3");
	line_is("n", 5, "addr", "and 2 more");
	line_is("n", 6, NULL, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_tree_has_ports_below_bridges_and_devices_below_what_they_lie_on),
		cmocka_unit_test(a_circle_is_cut),
		cmocka_unit_test(lines_say_what_it_is),
		cmocka_unit_test(a_key_is_never_said),
		cmocka_unit_test(netem_and_addresses_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
