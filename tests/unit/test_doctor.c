/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_doctor.c - unit tests of netlab/doctor: findings, limits of a made-up machine, what a topology needs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"
#include "netlab/doctor/limit.h"
#include "netlab/doctor/need.h"
#include "netlab/ns/probe.h"
#include "tests/unit/scratch.h"

static char proc[SCRATCH_STRLEN];

/* A file of the made-up /proc, with its folders. */
static void put(const char *name, const char *text)
{
	char path[2 * SCRATCH_STRLEN];
	FILE *f;
	char *p;

	(void)snprintf(path, sizeof(path), "%s/%s", proc, name);
	for (p = path + strlen(proc) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state LAB_UNUSED)
{
	scratch_make(proc);
	put("meminfo", "MemTotal:       2048000 kB\nMemAvailable:    102400 kB\n");
	put("sys/kernel/pid_max", "1000\n");
	put("sys/kernel/pty/max", "40\n");
	put("sys/user/max_net_namespaces", "100\n");
	put("sys/net/ipv4/neigh/default/gc_thresh3", "1024\n");
	put("sys/net/ipv6/neigh/default/gc_thresh3", "1024\n");
	return 0;
}

static int tear_down(void **state LAB_UNUSED)
{
	scratch_remove(proc);
	return 0;
}

static void limits(size_t hosts, bool root, struct lab_findings *list)
{
	const struct lab_limit_params params = {
		.proc = proc, .root = root, .nofile = 500, .nproc = 300
	};
	const struct lab_size size = { .hosts = hosts, .ports = hosts };

	lab_doctor_limits(&size, &params, list);
	assert_int_equal(list->error, 0);
}

/* A finding as "verdict what: text: fix". */
static void expect(const struct lab_findings *list, const char *want)
{
	char line[512], got[600];
	size_t i;

	for (i = 0; i < list->n; i++) {
		(void)snprintf(got, sizeof(got), "%s %s", lab_verdict_name(list->v[i].verdict),
			       lab_finding_line(&list->v[i], line, sizeof(line)));
		if (strcmp(got, want) == 0)
			return;
	}
	for (i = 0; i < list->n; i++)
		print_error("%s %s\n", lab_verdict_name(list->v[i].verdict),
			    lab_finding_line(&list->v[i], line, sizeof(line)));
	fail_msg("no finding: %s", want);
}

static void a_small_lab_fits(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };

	limits(2, true, &list);
	assert_int_equal(lab_findings_worst(&list), LAB_FINDING_OK);
	expect(&list, "ok memory: 2 idle hosts take 20 MiB, 100 MiB are free");
	expect(&list, "ok descriptors: the hard limit is 500");
	expect(&list, "ok processes: kernel.pid_max is 1000");
	expect(&list, "ok neighbours, IPv4: net.ipv4.neigh.default.gc_thresh3 is 1024");
}

static void limits_that_the_kernel_has_not_are_left_out(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	size_t i;

	limits(2, true, &list);
	for (i = 0; i < list.n; i++)
		assert_string_not_equal(list.v[i].what, "inotify");
}

static void what_a_big_lab_lacks_has_a_fix(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };

	limits(1000, true, &list);
	expect(&list,
	       "lacks memory: 1000 idle hosts take 371 MiB, 100 MiB are free: a smaller lab, "
	       "or a machine with more memory");
	expect(&list, "lacks descriptors: 1000 hosts need 2128, the hard limit is 500: "
		      "ulimit -Hn 2128, as root");
	expect(&list,
	       "lacks processes: kernel.pid_max is 1000, 1000 hosts can take 1200: numbers of "
	       "processes run out: sysctl -w kernel.pid_max=1200");
	expect(&list,
	       "lacks network namespaces: user.max_net_namespaces is 100, 1000 hosts can take "
	       "1002: hosts cannot be made: sysctl -w user.max_net_namespaces=1002");
	expect(&list, "warns terminals: kernel.pty.max is 40, 1000 hosts can take 1016: not every "
		      "host can have a shell at once: sysctl -w kernel.pty.max=1016");
}

/* The case that catches people: 300 hosts on one network, all to one. */
static void neighbours_of_three_hundred_hosts_overflow_ipv6_only(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };

	limits(300, true, &list);
	expect(&list, "ok neighbours, IPv4: net.ipv4.neigh.default.gc_thresh3 is 1024");
	expect(&list,
	       "warns neighbours, IPv6: net.ipv6.neigh.default.gc_thresh3 is 1024, one table for all "
	       "hosts: when 300 interfaces all speak with one, they take 1200, and packets are "
	       "dropped: sysctl -w net.ipv6.neigh.default.gc_thresh3=2400");
}

static void the_limit_of_processes_binds_users_only(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };

	limits(200, false, &list);
	expect(&list, "lacks processes of this user: 200 hosts take 400, the limit is 300: "
		      "ulimit -u 400");
	lab_findings_fini(&list);
	limits(200, true, &list);
	assert_true(lab_findings_worst(&list) == LAB_FINDING_LACKS);
	for (size_t i = 0; i < list.n; i++)
		assert_string_not_equal(list.v[i].what, "processes of this user");
}

static void numbers_that_are_none_are_left_out(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	size_t i;

	put("sys/kernel/pid_max", "many\n");
	put("meminfo", "");
	limits(2, true, &list);
	for (i = 0; i < list.n; i++) {
		assert_string_not_equal(list.v[i].what, "processes");
		assert_string_not_equal(list.v[i].what, "memory");
	}
}

static void a_finding_keeps_the_name_of_its_file(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	char file[] = "a.xml";
	const struct lab_src src = { .file = file, .line = 3, .col = 4 };

	lab_finding_add(&list, LAB_FINDING_WARNS, "thing", "%d of %d", 1, 2);
	lab_finding_at(&list, &src);
	file[0] = 'b';
	assert_string_equal(list.v[0].src.file, "a.xml");
	assert_int_equal(list.v[0].src.line, 3);
	expect(&list, "warns thing: 1 of 2");
	assert_int_equal(lab_findings_worst(&list), LAB_FINDING_WARNS);
}

static void many_findings_keep_their_order(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	size_t i;

	for (i = 0; i < 100; i++)
		lab_finding_add(&list, LAB_FINDING_OK, "thing", "%zu", i);
	assert_int_equal(list.n, 100);
	assert_string_equal(list.v[0].text, "0");
	assert_string_equal(list.v[99].text, "99");
}

static struct lab_topo *star(size_t hosts)
{
	struct lab_topo *topo;
	struct lab_iface *iface;
	char id[24];
	size_t i, h;

	assert_int_equal(lab_topo_new("star", &topo), 0);
	for (i = 0; i < hosts; i++) {
		(void)snprintf(id, sizeof(id), "h%zu", i);
		assert_int_equal(lab_topo_add_host(topo, id, NULL, &h, NULL), 0);
		assert_int_equal(lab_topo_add_iface(topo, h, "eth0", "lan", NULL, &iface, NULL), 0);
	}
	assert_int_equal(lab_topo_finish(topo, NULL, NULL, NULL), 0);
	return topo;
}

static void the_size_of_a_topology_is_counted(LAB_UNUSED void **state)
{
	struct lab_topo *topo = star(5);
	struct lab_size size;

	lab_need_size(topo, &size);
	assert_int_equal(size.hosts, 5);
	assert_int_equal(size.ports, 5);
	assert_int_equal(size.largest, 5);
	assert_string_equal(size.largest_label, "lan");
	lab_topo_free(topo);
}

/* As `netlab run` asks for it: no fork, nothing to say. */
static void a_plain_topology_needs_nothing_more(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	struct lab_topo *topo = star(3);

	assert_int_equal(lab_need_check(topo, false, &list, NULL), 0);
	assert_int_equal(list.n, 0);
	lab_topo_free(topo);
}

static void a_network_of_many_ports_is_a_chain_of_bridges(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	const struct lab_limit_params params = { .proc = proc, .root = true };
	struct lab_size size = { .largest = 1000, .largest_label = "lan" };
	size_t i;

	lab_doctor_limits(&size, &params, &list);
	for (i = 0; i < list.n; i++)
		assert_string_not_equal(list.v[i].what, "bridges");
	size.largest = 2001;
	lab_doctor_limits(&size, &params, &list);
	expect(&list, "ok bridges: network \"lan\" has 2001 ports: a chain of 3 bridges, since one "
		      "takes 1000");
}

/* Nothing is asked for: no fork, nothing to say. */
static void tasks_that_make_nothing_need_nothing(LAB_UNUSED void **state)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	const struct lab_src items[LAB_PROBE_MAX_] = { { .line = 0 } };

	assert_int_equal(lab_need_later(items, &list, NULL), 0);
	assert_int_equal(list.n, 0);
}

int main(void)
{
#define WITH_PROC(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_PROC(a_small_lab_fits),
		WITH_PROC(limits_that_the_kernel_has_not_are_left_out),
		WITH_PROC(what_a_big_lab_lacks_has_a_fix),
		WITH_PROC(neighbours_of_three_hundred_hosts_overflow_ipv6_only),
		WITH_PROC(the_limit_of_processes_binds_users_only),
		WITH_PROC(numbers_that_are_none_are_left_out),
		WITH_PROC(a_network_of_many_ports_is_a_chain_of_bridges),
		cmocka_unit_test(tasks_that_make_nothing_need_nothing),
		cmocka_unit_test(a_finding_keeps_the_name_of_its_file),
		cmocka_unit_test(many_findings_keep_their_order),
		cmocka_unit_test(the_size_of_a_topology_is_counted),
		cmocka_unit_test(a_plain_topology_needs_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
