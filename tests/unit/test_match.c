/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_match.c - unit tests of controller/match/match.h: from a recipe to a topology */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "controller/match/match.h"
#include "netlab/base/util.h"
#include "tests/unit/recipe_files.h"

struct matched {
	struct ctl_recipe *recipe;
	struct lab_topo *topo;
	struct ctl_scope scope;
};

static void match(struct matched *m, const char *text, const char *lab_name)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	int r;

	*m = (struct matched){ .recipe = NULL };
	r = ctl_recipe_load_mem("t.xml", text, strlen(text), NULL, &m->recipe, &diag);
	if (r == 0)
		r = ctl_match_topo(m->recipe, lab_name, NULL, NULL, &m->topo, &diag);
	ctl_diag_format(&diag, &sb);
	if (r < 0)
		fail_msg("%s", lab_strbuf_str(&sb));
	ctl_match_scope(m->topo, &m->scope);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
}

static void match_file(struct matched *m, const char *dir, const char *name)
{
	char *data = recipe_files_read(dir, name, NULL, NULL);

	assert_non_null(data);
	match(m, data, NULL);
	free(data);
}

static void release(struct matched *m)
{
	lab_topo_free(m->topo);
	ctl_recipe_free(m->recipe);
}

static void check_addr(const struct lab_addr *addr, bool with_prefix, const char *expected)
{
	char buf[LAB_ADDR_STRLEN];

	assert_string_equal(lab_addr_format(addr, with_prefix, buf), expected);
}

static void a_topology_has_what_the_recipe_says(LAB_UNUSED void **state)
{
	struct matched m;
	const struct lab_host *h1;
	char mac[LAB_MAC_STRLEN];

	match_file(&m, "tests/unit/data/recipes/good", "every-attribute.xml");
	h1 = &m.topo->hosts[0];
	assert_string_equal(m.topo->name, "every-attribute.1");
	check_addr(&m.topo->pool4, true, "172.16.0.0/12");
	check_addr(&m.topo->pool6, true, "fd12:3456::/32");
	assert_int_equal(m.topo->n_hosts, 2);
	assert_int_equal(m.topo->n_networks, 2);
	assert_string_equal(m.topo->networks[1].label, "dmz");
	assert_string_equal(h1->id, "h1");
	assert_true(h1->forwarding);
	assert_int_equal(h1->src.line, 9);
	assert_int_equal(h1->n_ifaces, 3);
	assert_int_equal(h1->ifaces[0].mtu_bytes, 9000);
	assert_string_equal(lab_mac_format(h1->ifaces[0].mac, mac), "52:54:00:00:00:01");
	assert_int_equal(h1->ifaces[0].n_addrs, 2);
	check_addr(&h1->ifaces[0].addrs[1], true, "2001:db8::1/64");
	assert_int_equal(h1->ifaces[1].n_addrs, 2);
	check_addr(&h1->ifaces[1].addrs[0], true, "172.16.0.1/24");
	assert_int_equal(h1->ifaces[2].n_addrs, 0);
	assert_int_equal(h1->n_routes, 3);
	check_addr(&h1->routes[0].dst, true, "198.51.100.0/24");
	check_addr(&h1->routes[0].via, false, "192.0.2.2");
	check_addr(&h1->routes[1].dst, true, "::/0");
	check_addr(&h1->routes[2].dst, true, "192.0.2.2/32");
	release(&m);
}

static void routes_may_go_by_functions_of_automatic_addresses(LAB_UNUSED void **state)
{
	struct matched m;
	const struct lab_host *left, *right;

	match_file(&m, "recipes", "router.xml");
	left = &m.topo->hosts[0];
	right = &m.topo->hosts[2];
	assert_true(m.topo->hosts[1].forwarding);
	assert_int_equal(left->n_routes, 2);
	check_addr(&left->routes[0].dst, true, "0.0.0.0/0");
	assert_true(lab_addr_equal(&left->routes[0].via, &m.topo->hosts[1].ifaces[0].addrs[0]));
	check_addr(&left->routes[1].dst, true, "::/0");
	assert_true(lab_addr_equal(&left->routes[1].via, &m.topo->hosts[1].ifaces[0].addrs[1]));
	/* "{ip(left,eth0)}/{prefix(left,eth0)}" is left's network. */
	assert_int_equal(right->routes[0].dst.prefix_len, 24);
	assert_true(lab_addr_in_subnet(&left->ifaces[0].addrs[0], &right->routes[0].dst));
	assert_false(lab_addr_equal(&left->ifaces[0].addrs[0], &right->routes[0].dst));
	release(&m);
}

static void the_lab_may_have_another_name(LAB_UNUSED void **state)
{
	struct matched m;

	match(&m,
	      "<recipe name='a'><network><host id='h'><interfaces><eth id='e' label='l'/></interfaces></host>"
	      "</network></recipe>",
	      "other");
	assert_string_equal(m.topo->name, "other");
	release(&m);
}

static void expand(struct matched *m, size_t option, const char *expected)
{
	const struct ctl_command *c = &m->recipe->tasks[0].commands[0];
	struct lab_err err;
	char *text;

	assert_int_equal(ctl_value_expand(&c->options[option].value, &m->scope, &text, &err), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void functions_ask_the_topology(LAB_UNUSED void **state)
{
	struct matched m;

	match_file(&m, "tests/unit/data/recipes/good", "every-attribute.xml");
	expand(&m, 0, "192.0.2.2");
	expand(&m, 3, "some text");
	expand(&m, 4, "");
	expand(&m, 5, "52:54:00:00:00:01 64");
	/* They follow what changes later. */
	m.topo->hosts[0].ifaces[0].mac[5] = 0xab;
	expand(&m, 5, "52:54:00:00:00:AB 64");
	release(&m);
}

static void hwaddr_is_upper_case_and_devname_the_name_in_the_host(LAB_UNUSED void **state)
{
	struct matched m;

	match(&m,
	      "<recipe><network><host id='h'><interfaces><eth id='e/0' label='l'><params>"
	      "<param name='hwaddr' value='aa:bb:cc:dd:ee:ff'/></params></eth></interfaces></host></network><task>"
	      "<run host='h' module='Custom'><options><option name='a'>{hwaddr(h,e/0)}</option>"
	      "<option name='b'>{devname(h,e/0)}</option></options></run></task></recipe>",
	      NULL);
	expand(&m, 0, "AA:BB:CC:DD:EE:FF");
	expand(&m, 1, m.topo->hosts[0].ifaces[0].name);
	release(&m);
}

static void an_address_that_is_not_given_is_an_error_when_it_is_used(LAB_UNUSED void **state)
{
	struct lab_err err = { 0 };
	struct matched m;
	char *text = NULL;

	/* With so small an MTU there is no IPv6. */
	match(&m,
	      "<recipe><network><host id='h'><interfaces><eth id='e' label='l'><params>"
	      "<param name='mtu' value='1000'/></params></eth></interfaces></host></network><task>"
	      "<run host='h' command='echo {ip(h,e,1)}'/></task></recipe>",
	      NULL);
	assert_int_equal(ctl_value_expand(&m.recipe->tasks[0].commands[0].command, &m.scope, &text,
					  &err),
			 -ENOENT);
	assert_null(text);
	assert_string_equal(
		err.msg,
		"function ip(): There is no address with index 1 on machine h, interface e; it"
		" has 1");
	assert_int_equal(err.src.line, 1);
	assert_true(err.src.col > 100);
	release(&m);
}

static void check_said(const char *text, const char *expected)
{
	char *said;
	int r;

	said = recipe_say("t.xml", text, strlen(text), NULL, &r);
	assert_string_equal(said, expected);
	free(said);
}

static void all_requirements_that_cannot_be_met_are_told_at_once(LAB_UNUSED void **state)
{
	check_said(
		"<recipe><network><host id='h'>\n"
		"<params><param name='memory' value='1G'/><param name='arch'/><param name='cpu' value='2'/></params>\n"
		"<interfaces><eth id='e' label='l'><params>\n"
		"<param name='driver' value='igb'/>\n"
		"<param name='mtu' value='0'/>\n"
		"<param name='speed' value=''/>\n"
		"<param name='speed'>1G</param>\n"
		"</params><addresses><address>127.0.0.1/8</address></addresses></eth></interfaces></host>\n"
		"<host id='g'><params><param name='arch' value='arm'/></params><interfaces><eth id='e' label='l'/>\n"
		"</interfaces></host>\n"
		"</network></recipe>",
		"t.xml:2:62: error: host h: no machine has the param cpu; did you mean cpus?\n"
		"t.xml:4:29: error: host h: interface e: driver: no machine has an interface with the driver \"igb\";"
		" that of a container is veth\n"
		"t.xml:5:26: error: host h: interface e: mtu: \"0\" is not a whole number of bytes from 68 to 65535\n"
		"t.xml:7:1: error: host h: interface e: no machine has the param speed = \"1G\"; a container can be"
		" built to: mtu, hwaddr, driver (veth)\n"
		"t.xml:8:30: error: host h: interface e: address 127.0.0.1/8 is a loopback address; give one that a"
		" host can have\n"
		"t.xml:9:22: error: host g: no machine has the param arch = \"arm\"; a container can be built to:"
		" memory, cpus, pids, backend, image\n");
}

static void values_of_host_params_are_checked(LAB_UNUSED void **state)
{
	check_said(
		"<recipe><network><host id='h'><params>\n"
		"<param name='memory' value='1x'/>\n<param name='memory' value='7M'/>\n"
		"<param name='cpus' value='0'/>\n<param name='cpus' value='two'/>\n"
		"<param name='backend' value='pod'/>\n<param name='image' value='debian:12'/>\n"
		"</params><interfaces><eth id='e' label='l'/><eth id='f' label='l'/></interfaces></host></network></recipe>",
		"t.xml:1:18: error: host h: image: there is no image \"debian:12\"; there are none yet:"
		" netlab image import brings one\n"
		"t.xml:2:29: error: host h: memory: \"1x\" is not a size of at least 8MiB; write 256M, 512MiB or 1GiB\n"
		"t.xml:3:29: error: host h: memory: \"7M\" is not a size of at least 8MiB; write 256M, 512MiB or 1GiB\n"
		"t.xml:4:27: error: host h: cpus: \"0\" is not a number of processors from 0.01 to 1000; write 2 or 0.5\n"
		"t.xml:5:27: error: host h: cpus: \"two\" is not a number of processors from 0.01 to 1000; write 2 or"
		" 0.5\n"
		"t.xml:6:30: error: host h: backend: there is no backend \"pod\"; there are: native, nspawn, lxc, lxd, podman\n");
}

static void host_params_are_limits_of_the_host(LAB_UNUSED void **state)
{
	struct matched m;
	json_t *json, *hosts;

	match(&m,
	      "<recipe><network><host id='h'><params><param name='memory' value='256M'/>"
	      "<param name='cpus'>0.5</param><param name='backend' value='native'/></params><interfaces>"
	      "<eth id='e' label='l'/></interfaces></host><host id='g'><interfaces><eth id='e' label='l'/>"
	      "</interfaces></host></network></recipe>",
	      NULL);
	assert_int_equal(m.topo->hosts[0].limits.memory_bytes, 256u << 20);
	assert_int_equal(m.topo->hosts[0].limits.cpus_milli, 500);
	json = lab_topo_to_json(m.topo);
	hosts = json_object_get(json, "hosts");
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(json_array_get(hosts, 0), "limits"), "memory")),
			 256u << 20);
	assert_null(json_object_get(json_array_get(hosts, 1), "limits"));
	json_decref(json);
	release(&m);
}

static void all_wrong_routes_are_told_at_once(LAB_UNUSED void **state)
{
	check_said(
		"<recipe><network><host id='h'><interfaces><eth id='e' label='l'><addresses>"
		"<address>10.0.0.1/24</address></addresses></eth><eth id='f' label='l'/></interfaces><routes>\n"
		"<route to='nowhere' via='10.0.0.2'/>\n"
		"<route to='default' via='192.0.2.9'/>\n"
		"<route to='default' via='10.0.0.2'/>\n"
		"<route to='0.0.0.0/0' via='10.0.0.3'/>\n"
		"</routes></host></network></recipe>",
		"t.xml:2:12: error: host h: route to \"nowhere\": not a network; write default, 10.0.0.0/8 or"
		" fd00::/64\n"
		"t.xml:3:26: error: host h: route via 192.0.2.9: the host is on no subnet of this gateway; its"
		" subnets: 10.0.0.0/24, 10.0.1.0/24\n"
		"t.xml:5:12: error: host h: second route to 0.0.0.0/0\n");
}

static void a_label_with_one_interface_is_a_note(LAB_UNUSED void **state)
{
	check_said(
		"<recipe><network><host id='h'><interfaces>\n<eth id='e' label='lonely'/></interfaces></host>"
		"</network></recipe>",
		"t.xml:2:1: note: network \"lonely\" has one interface only\n");
}

static void the_shipped_recipes_have_the_shape_they_claim(LAB_UNUSED void **state)
{
	struct matched m;

	match_file(&m, "recipes", "ring-20.xml");
	assert_int_equal(m.topo->n_hosts, 20);
	assert_int_equal(m.topo->n_networks, 20);
	assert_int_equal(m.topo->networks[19].n_ports, 2);
	release(&m);
	match_file(&m, "recipes", "iperf-bridge.xml");
	assert_int_equal(m.topo->n_networks, 1);
	assert_int_equal(m.topo->networks[0].n_ports, 3);
	release(&m);
	match_file(&m, "recipes", "iperf-veth.xml");
	assert_int_equal(m.topo->networks[0].n_ports, 2);
	release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topology_has_what_the_recipe_says),
		cmocka_unit_test(routes_may_go_by_functions_of_automatic_addresses),
		cmocka_unit_test(the_lab_may_have_another_name),
		cmocka_unit_test(functions_ask_the_topology),
		cmocka_unit_test(hwaddr_is_upper_case_and_devname_the_name_in_the_host),
		cmocka_unit_test(an_address_that_is_not_given_is_an_error_when_it_is_used),
		cmocka_unit_test(all_requirements_that_cannot_be_met_are_told_at_once),
		cmocka_unit_test(values_of_host_params_are_checked),
		cmocka_unit_test(host_params_are_limits_of_the_host),
		cmocka_unit_test(all_wrong_routes_are_told_at_once),
		cmocka_unit_test(a_label_with_one_interface_is_a_note),
		cmocka_unit_test(the_shipped_recipes_have_the_shape_they_claim),
	};

	/* Images of this machine shall make no difference. */
	(void)setenv("NETLAB_IMAGES", "/nonexistent", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
