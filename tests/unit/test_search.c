/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_search.c - unit tests of controller/match/search.h: matches, all of them, and why there is none */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "controller/match/search.h"
#include "netlab/base/util.h"

#define ETH(id, label) "<eth id='" id "' label='" label "'/>"
#define ETHP(id, label, params) \
	"<eth id='" id "' label='" label "'><params>" params "</params></eth>"
#define P(name, value) "<param name='" name "' value='" value "'/>"
#define HOST(id, params, eths) \
	"<host id='" id "'><params>" params "</params><interfaces>" eths "</interfaces></host>"
#define RECIPE(hosts) "<recipe><network>" hosts "</network></recipe>"
#define NIC(id, label, mac, params)                                                                \
	"<eth id='" id "' label='" label "'><params><param name='hwaddr' value='" mac "'/>" params \
	"</params></eth>"
#define MACHINE(params, nics) \
	"<slavemachine><params>" params "</params><interfaces>" nics "</interfaces></slavemachine>"

static struct {
	struct ctl_recipe *recipe;
	struct ctl_pool *pool;
	struct ctl_search *search;
} t;

static void say_and_fail(const struct ctl_diag *diag)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_diag_format(diag, &sb);
	fail_msg("%s", lab_strbuf_str(&sb));
}

/* Machines are called m1, m2, ... */
static void begin(const char *recipe, const char *const *machines, uint64_t steps)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_pool_file files[16];
	char names[16][16];
	size_t n;

	for (n = 0; machines[n]; n++) {
		(void)snprintf(names[n], sizeof(names[n]), "p/m%zu.xml", n + 1);
		files[n] = (struct ctl_pool_file){ names[n], machines[n], strlen(machines[n]) };
	}
	if (ctl_recipe_load_mem("t.xml", recipe, strlen(recipe), NULL, &t.recipe, &diag) < 0 ||
	    ctl_pool_load_mem("p", files, n, &t.pool, &diag) < 0)
		say_and_fail(&diag);
	ctl_diag_fini(&diag);
	assert_int_equal(ctl_search_new(t.recipe, t.pool, steps, &t.search), 0);
}

static int tear_down(LAB_UNUSED void **state)
{
	ctl_search_free(t.search);
	ctl_pool_free(t.pool);
	ctl_recipe_free(t.recipe);
	memset(&t, 0, sizeof(t));
	return 0;
}

/* "h1=m1(e:n1,f:n2) h2=-" */
static char *describe(const struct ctl_match *m)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	char *text;
	size_t h, i;

	for (h = 0; h < t.recipe->n_hosts; h++) {
		const struct ctl_host *host = &t.recipe->hosts[h];

		lab_strbuf_printf(&sb, "%s%s=", h ? " " : "", host->id);
		if (m->hosts[h].machine == CTL_NONE) {
			lab_strbuf_puts(&sb, "-");
			continue;
		}
		lab_strbuf_printf(&sb, "%s(", t.pool->machines[m->hosts[h].machine].id);
		for (i = 0; i < host->n_ifaces; i++) {
			size_t nic = m->hosts[h].nics[i];

			lab_strbuf_printf(
				&sb, "%s%s:%s", i ? "," : "", host->ifaces[i].id,
				nic == CTL_NONE
					? "-"
					: t.pool->machines[m->hosts[h].machine].nics[nic].id);
		}
		lab_strbuf_puts(&sb, ")");
	}
	assert_int_equal(lab_strbuf_take(&sb, &text), 0);
	return text;
}

static void check_next(const char *expected)
{
	const struct ctl_match *m = NULL;
	struct lab_err err;
	char *text;

	assert_int_equal(ctl_search_next(t.search, &m, &err), expected ? 1 : 0);
	if (!expected)
		return;
	text = describe(m);
	assert_string_equal(text, expected);
	free(text);
}

static void check_best(const char *expected)
{
	char *text = describe(ctl_search_best(t.search));

	assert_string_equal(text, expected);
	free(text);
}

static void check_why(size_t host, size_t machine, const char *expected)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	assert_int_equal(ctl_search_why(t.search, host, machine, &sb), *expected != '\0');
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
}

/* --- matches ---------------------------------------------------------------------------------- */

static const char *const two[] = {
	MACHINE(P("hostname", "a") P("arch", "x86"),
		NIC("1", "A", "02:00:00:00:00:01", P("driver", "igb"))
			NIC("2", "B", "02:00:00:00:00:02", P("driver", "ixgbe"))),
	MACHINE(P("hostname", "b") P("arch", "arm"),
		NIC("1", "A", "02:00:00:00:00:03", P("driver", "igb"))
			NIC("2", "B", "02:00:00:00:00:04", P("driver", "igb"))),
	NULL,
};

static void all_matches_come_in_order(LAB_UNUSED void **state)
{
	begin(RECIPE(HOST("h1", "", ETH("e", "net")) HOST("h2", "", ETH("e", "net"))), two, 0);
	check_next("h1=m1(e:1) h2=m2(e:1)");
	check_next("h1=m1(e:2) h2=m2(e:2)");
	check_next("h1=m2(e:1) h2=m1(e:1)");
	check_next("h1=m2(e:2) h2=m1(e:2)");
	check_next(NULL);
	check_next(NULL);
}

static void params_of_hosts_choose_machines(LAB_UNUSED void **state)
{
	begin(RECIPE(HOST("h1", P("arch", "arm") P("any", ""), ETH("e", "net"))
			     HOST("h2", "", ETH("e", "net"))),
	      two, 0);
	check_next("h1=m2(e:1) h2=m1(e:1)");
	check_next("h1=m2(e:2) h2=m1(e:2)");
	check_next(NULL);
}

static void params_of_interfaces_choose_nics(LAB_UNUSED void **state)
{
	begin(RECIPE(HOST("h1", "", ETHP("e", "net", P("driver", "ixgbe")))
			     HOST("h2", "", ETH("e", "net"))),
	      two, 0);
	check_next("h1=m1(e:2) h2=m2(e:2)");
	check_next(NULL);
}

static void labels_are_matched_both_ways(LAB_UNUSED void **state)
{
	/* Two networks of the recipe cannot be one of the pool, and one not two. */
	begin(RECIPE(HOST("h1", "", ETH("e", "x") ETH("f", "y"))
			     HOST("h2", "", ETH("e", "y") ETH("f", "x"))),
	      two, 0);
	check_next("h1=m1(e:1,f:2) h2=m2(e:2,f:1)");
	check_next("h1=m1(e:2,f:1) h2=m2(e:1,f:2)");
	check_next("h1=m2(e:1,f:2) h2=m1(e:2,f:1)");
	check_next("h1=m2(e:2,f:1) h2=m1(e:1,f:2)");
	check_next(NULL);
	tear_down(NULL);
	begin(RECIPE(HOST("h1", "", ETH("e", "x") ETH("f", "x"))), two, 0);
	check_next(NULL);
}

static void hwaddr_and_memory_are_compared_as_values(LAB_UNUSED void **state)
{
	static const char *const machines[] = {
		MACHINE(P("backend", "native") P("memory", "1024MiB"),
			NIC("1", "A", "02:00:00:00:00:AB", "")),
		NULL,
	};

	begin(RECIPE(HOST("h1", P("memory", "1G"),
			  ETHP("e", "net", P("hwaddr", "02:00:00:00:00:ab")))),
	      machines, 0);
	check_next("h1=m1(e:1)");
	check_next(NULL);
}

static void the_last_param_of_a_name_counts(LAB_UNUSED void **state)
{
	static const char *const machines[] = {
		MACHINE(P("hostname", "x") P("arch", "arm") P("arch", "x86"),
			NIC("1", "A", "02:00:00:00:00:01", "")),
		NULL,
	};

	begin(RECIPE(HOST("h1", P("arch", "x86"), ETH("e", "net"))), machines, 0);
	check_next("h1=m1(e:1)");
	tear_down(NULL);
	begin(RECIPE(HOST("h1", P("arch", "arm"), ETH("e", "net"))), machines, 0);
	check_next(NULL);
}

/* --- why not ---------------------------------------------------------------------------------- */

static void the_first_requirement_that_fails_is_told(LAB_UNUSED void **state)
{
	begin(RECIPE(HOST("h1", P("arch", "mips"), ETH("e", "net")) HOST("h2", P("fpga", "yes"),
									 ETH("e", "net"))
			     HOST("h3", "", ETH("e", "a") ETH("f", "b") ETH("g", "c"))
				     HOST("h4", "", ETHP("e", "net", P("driver", "e1000")))
					     HOST("h5", "",
						  ETHP("e", "net",
						       P("driver", "igb")
							       P("hwaddr", "02:00:00:00:00:02")))),
	      two, 0);
	check_next(NULL);
	check_why(0, 0, "its param arch is \"x86\", not \"mips\"");
	check_why(1, 1, "it has no param fpga, which must be \"yes\"");
	check_why(2, 0, "it has 2 interfaces and needs 3");
	check_why(
		3, 0,
		"interface e: none of its interfaces has driver = \"e1000\"; they have: igb, ixgbe");
	check_why(4, 0, "interface e: none of its interfaces has all that is required");
	check_best("h1=- h2=- h3=- h4=- h5=-");
	assert_true(ctl_search_stuck(t.search, 0) && ctl_search_stuck(t.search, 3));
	assert_true(ctl_search_stuck(t.search, 4));
}

static void the_best_partial_match_is_told(LAB_UNUSED void **state)
{
	begin(RECIPE(HOST("h1", "", ETH("e", "net")) HOST("h2", "", ETH("e", "net"))
			     HOST("h3", "", ETH("e", "net"))),
	      two, 0);
	check_next(NULL);
	check_best("h1=m1(e:1) h2=m2(e:1) h3=-");
	check_why(2, 0, "it is host h1 already");
	assert_true(ctl_search_stuck(t.search, 2));
	assert_false(ctl_search_stuck(t.search, 0) || ctl_search_stuck(t.search, 1));
	check_why(0, 0, "");
}

static void networks_that_do_not_fit_are_told(LAB_UNUSED void **state)
{
	static const char *const machines[] = {
		MACHINE(P("hostname", "a") P("n", "1"), NIC("1", "A", "02:00:00:00:00:01", "")),
		MACHINE(P("hostname", "b") P("n", "2"), NIC("1", "B", "02:00:00:00:00:02", "")),
		NULL,
	};

	begin(RECIPE(HOST("h1", P("n", "1"), ETH("e", "net"))
			     HOST("h2", P("n", "2"), ETH("e", "net"))),
	      machines, 0);
	check_next(NULL);
	check_best("h1=m1(e:1) h2=m2(e:-)");
	check_why(
		1, 1,
		"interface e: no interface of it that would do is on \"A\", which is network \"net\"");
}

static void more_networks_than_the_pool_has_are_told(LAB_UNUSED void **state)
{
	size_t mine, theirs;

	begin(RECIPE(HOST("h1", "", ETH("e", "x") ETH("f", "y")) HOST("h2", "", ETH("e", "z"))),
	      two, 0);
	check_next(NULL);
	ctl_search_networks(t.search, &mine, &theirs);
	assert_int_equal(mine, 3);
	assert_int_equal(theirs, 2);
	check_best("h1=m1(e:1,f:2) h2=m2(e:-)");
}

static void a_long_search_is_given_up(LAB_UNUSED void **state)
{
	const struct ctl_match *m;
	struct lab_err err;

	begin(RECIPE(HOST("h1", "", ETH("e", "net")) HOST("h2", "", ETH("e", "net"))), two, 5);
	assert_int_equal(ctl_search_next(t.search, &m, &err), -E2BIG);
	assert_string_equal(err.msg,
			    "pool p: the search for a match was given up after 5 steps; narrower"
			    " params of the hosts make it shorter");
	assert_int_equal(ctl_search_next(t.search, &m, &err), 0);
}

/* --- against brute force ---------------------------------------------------------------------- */

enum { HOSTS = 3, MACHINES = 4, ETHS = 2, NICS = 3, LABELS = 3 };

static uint32_t seed;

static uint32_t pick(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % n;
}

static char *random_recipe(void)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	uint32_t h, i, hosts = 1 + pick(HOSTS), eths;
	char *text;

	lab_strbuf_puts(&sb, "<recipe><network>");
	for (h = 0; h < hosts; h++) {
		lab_strbuf_printf(
			&sb,
			"<host id='h%u'><params><param name='k' value='%s'/></params><interfaces>",
			h,
			pick(2)   ? ""
			: pick(2) ? "0"
				  : "1");
		eths = 1 + pick(ETHS);
		for (i = 0; i < eths; i++)
			lab_strbuf_printf(
				&sb,
				"<eth id='e%u' label='l%u'><params><param name='d' value='%s'/></params></eth>",
				i, pick(LABELS),
				pick(2)   ? ""
				: pick(2) ? "0"
					  : "1");
		lab_strbuf_puts(&sb, "</interfaces></host>");
	}
	lab_strbuf_puts(&sb, "</network></recipe>");
	assert_int_equal(lab_strbuf_take(&sb, &text), 0);
	return text;
}

static char *random_machine(uint32_t m)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	uint32_t i, nics = 1 + pick(NICS);
	char *text;

	lab_strbuf_printf(
		&sb,
		"<slavemachine><params><param name='hostname' value='m%u'/><param name='k' value='%u'/>"
		"</params><interfaces>",
		m, pick(2));
	for (i = 0; i < nics; i++)
		lab_strbuf_printf(
			&sb,
			"<eth id='n%u' label='L%u'><params><param name='hwaddr' value='02:00:00:00:%02u:%02u'/>"
			"<param name='d' value='%u'/></params></eth>",
			i, pick(LABELS), m, i, pick(2));
	lab_strbuf_puts(&sb, "</interfaces></slavemachine>");
	assert_int_equal(lab_strbuf_take(&sb, &text), 0);
	return text;
}

static bool meets(const struct ctl_param *want, size_t n, const struct ctl_param *have,
		  size_t n_have)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct ctl_param *p = ctl_param_find(have, n_have, want[i].name);

		if (*want[i].value && (!p || strcmp(p->value, want[i].value) != 0))
			return false;
	}
	return true;
}

/* Is what describe() would write of this assignment a match? Straight from the definition. */
static bool is_match(const struct ctl_match *m)
{
	const char *mine[HOSTS * ETHS], *theirs[HOSTS * ETHS];
	size_t h, i, k, n = 0;

	for (h = 0; h < t.recipe->n_hosts; h++) {
		const struct ctl_host *host = &t.recipe->hosts[h];
		const struct ctl_machine *machine = &t.pool->machines[m->hosts[h].machine];

		for (k = 0; k < h; k++) {
			if (m->hosts[k].machine == m->hosts[h].machine)
				return false;
		}
		if (!meets(host->params, host->n_params, machine->params, machine->n_params))
			return false;
		for (i = 0; i < host->n_ifaces; i++, n++) {
			const struct ctl_iface *nic;

			if (m->hosts[h].nics[i] >= machine->n_nics)
				return false;
			nic = &machine->nics[m->hosts[h].nics[i]];
			for (k = 0; k < i; k++) {
				if (m->hosts[h].nics[k] == m->hosts[h].nics[i])
					return false;
			}
			if (!meets(host->ifaces[i].params, host->ifaces[i].n_params, nic->params,
				   nic->n_params))
				return false;
			mine[n] = host->ifaces[i].label;
			theirs[n] = nic->label;
		}
	}
	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++) {
			if (!strcmp(mine[i], mine[k]) != !strcmp(theirs[i], theirs[k]))
				return false;
		}
	}
	return true;
}

/* Every assignment there is, in the order of the search: the search must find exactly those that are matches. */
static unsigned int compare_all(void)
{
	struct ctl_match_host hosts[HOSTS];
	size_t nics[HOSTS][ETHS] = { { 0 } }, *digits[HOSTS * (ETHS + 1)],
	       limits[HOSTS * (ETHS + 1)] = { 0 };
	struct ctl_match all = { .recipe = t.recipe, .pool = t.pool, .hosts = hosts };
	size_t n = 0, h, i;
	unsigned int found = 0;

	for (h = 0; h < t.recipe->n_hosts; h++) {
		hosts[h] = (struct ctl_match_host){ .machine = 0, .nics = nics[h] };
		digits[n] = &hosts[h].machine;
		limits[n++] = t.pool->n_machines;
		for (i = 0; i < t.recipe->hosts[h].n_ifaces; i++) {
			digits[n] = &nics[h][i];
			limits[n++] = NICS;
		}
	}
	for (;;) {
		if (is_match(&all)) {
			char *text = describe(&all);

			check_next(text);
			free(text);
			found++;
		}
		for (i = n; i-- > 0 && ++*digits[i] == limits[i];)
			*digits[i] = 0;
		if (i == (size_t)-1)
			break;
	}
	check_next(NULL);
	return found;
}

static void it_finds_what_brute_force_finds(LAB_UNUSED void **state)
{
	unsigned int round, i, with = 0, without = 0;

	for (round = 0; round < 150; round++) {
		char *recipe, *machines[MACHINES + 1] = { NULL };
		uint32_t n;

		seed = round + 1;
		recipe = random_recipe();
		n = 1 + pick(MACHINES);
		for (i = 0; i < n; i++)
			machines[i] = random_machine(i);
		begin(recipe, (const char *const *)machines, 0);
		if (compare_all())
			with++;
		else
			without++;
		tear_down(NULL);
		for (i = 0; i < n; i++)
			free(machines[i]);
		free(recipe);
	}
	assert_true(with > 20 && without > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(all_matches_come_in_order, tear_down),
		cmocka_unit_test_teardown(params_of_hosts_choose_machines, tear_down),
		cmocka_unit_test_teardown(params_of_interfaces_choose_nics, tear_down),
		cmocka_unit_test_teardown(labels_are_matched_both_ways, tear_down),
		cmocka_unit_test_teardown(hwaddr_and_memory_are_compared_as_values, tear_down),
		cmocka_unit_test_teardown(the_last_param_of_a_name_counts, tear_down),
		cmocka_unit_test_teardown(the_first_requirement_that_fails_is_told, tear_down),
		cmocka_unit_test_teardown(the_best_partial_match_is_told, tear_down),
		cmocka_unit_test_teardown(networks_that_do_not_fit_are_told, tear_down),
		cmocka_unit_test_teardown(more_networks_than_the_pool_has_are_told, tear_down),
		cmocka_unit_test_teardown(a_long_search_is_given_up, tear_down),
		cmocka_unit_test_teardown(it_finds_what_brute_force_finds, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
