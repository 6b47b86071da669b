/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_pool.c - unit tests of controller/recipe/pool.h: machines, what is wrong with them, and recipes/pool.rng */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/match/match.h"
#include "controller/recipe/pool.h"
#include "netlab/base/util.h"
#include "tests/unit/recipe_files.h"
#include "tests/unit/scratch.h"

#define DATA   "tests/unit/data/pool"
#define MAC(n) "<params><param name='hwaddr' value='02:00:00:00:00:" n "'/></params>"
#define NAMED(name, nics)                                           \
	"<slavemachine><params><param name='hostname' value='" name \
	"'/></params><interfaces>" nics "</interfaces></slavemachine>"

/* What is said of files p/m1.xml, p/m2.xml, ...; the pool on success. */
static char *say(const char *const *texts, size_t n, struct ctl_pool **ret)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_pool_file files[8];
	char names[8][32], *said;
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "p/m%zu.xml", i + 1);
		files[i] = (struct ctl_pool_file){ names[i], texts[i], strlen(texts[i]) };
	}
	*ret = NULL;
	r = ctl_pool_load_mem("p", files, n, ret, &diag);
	assert_int_equal(r<0, diag.n_errors> 0);
	ctl_diag_format(&diag, &sb);
	assert_int_equal(lab_strbuf_take(&sb, &said), 0);
	ctl_diag_fini(&diag);
	return said;
}

static void check_said(const char *const *texts, size_t n, const char *expected)
{
	struct ctl_pool *pool;
	char *said = say(texts, n, &pool);

	assert_string_equal(said, expected);
	free(said);
	ctl_pool_free(pool);
}

static void check_one(const char *text, const char *expected)
{
	check_said(&text, 1, expected);
}

/* --- machines --------------------------------------------------------------------------------- */

static void a_machine_has_what_its_file_says(LAB_UNUSED void **state)
{
	char *text = recipe_files_read(DATA "/good", "every.xml", NULL, NULL), *said;
	const struct ctl_machine *m;
	struct ctl_pool *pool;

	said = say((const char *const *)&text, 1, &pool);
	assert_string_equal(said, "");
	assert_int_equal(pool->n_machines, 1);
	m = &pool->machines[0];
	assert_string_equal(m->id, "m1");
	assert_int_equal(m->n_params, 3);
	assert_string_equal(ctl_param_find(m->params, m->n_params, "rpc_port")->value, "9999");
	assert_null(ctl_param_find(m->params, m->n_params, "arch"));
	assert_false(ctl_machine_is_native(m));
	assert_int_equal(m->n_nics, 2);
	assert_string_equal(m->nics[0].id, "1");
	assert_string_equal(m->nics[0].label, "A");
	assert_string_equal(ctl_param_find(m->nics[1].params, m->nics[1].n_params, "hwaddr")->value,
			    "02:00:00:00:00:02");
	assert_int_equal(m->auth, CTL_AUTH_PASSWORD);
	assert_string_equal(m->auth_password, "secret");
	assert_string_equal(m->pubkey_path, "/etc/keys/a");
	free(said);
	free(text);
	ctl_pool_free(pool);
}

static void the_newer_root_is_the_same(LAB_UNUSED void **state)
{
	char *text = recipe_files_read(DATA "/good", "agent.xml", NULL, NULL), *said;
	struct ctl_pool *pool;

	said = say((const char *const *)&text, 1, &pool);
	assert_string_equal(said, "");
	assert_true(ctl_machine_is_native(&pool->machines[0]));
	assert_int_equal(pool->machines[0].auth, CTL_AUTH_PUBKEY);
	free(said);
	free(text);
	ctl_pool_free(pool);
}

static void what_is_wrong_is_told_with_its_place(LAB_UNUSED void **state)
{
	check_one(
		"<recipe/>",
		"p/m1.xml:1:1: error: the root element is <recipe>; a machine of a pool is in <slavemachine> or"
		" <agentmachine>\n");
	check_one(
		"<slavemachine>\n<params>\n<param name='hostname' value='a'/></params>\n<interfaces>\n"
		"<eth id='1' lable='A'>" MAC(
			"01") "</eth>\n<ethernet/></interfaces></slavemachine>",
		"p/m1.xml:5:13: error: unknown attribute lable of <eth>; did you mean label?\n"
		"p/m1.xml:6:1: error: unknown element <ethernet> in <interfaces>; allowed: <eth>\n");
	check_one(
		"<slavemachine>\n<params/></slavemachine>",
		"p/m1.xml:1:1: error: machine m1: it needs the param hostname, or backend = native to be a"
		" container\n");
	check_one(
		NAMED("a",
		      "<eth id='1' label='A'><params/></eth>\n"
		      "<eth id='1' label='A'><params><param name='hwaddr' value='x'/></params></eth>\n"
		      "<eth id='3' label='A'>" MAC("01") "</eth>\n<eth id='4' label='A'>" MAC(
			      "01") "</eth>"),
		"p/m1.xml:1:78: error: machine m1: interface 1: it needs the param hwaddr\n"
		"p/m1.xml:2:10: error: machine m1: second interface with the id 1\n"
		"p/m1.xml:1:87: note: the first one is here\n"
		"p/m1.xml:2:59: error: machine m1: interface 1: hwaddr: \"x\" is not the Ethernet address of an"
		" interface; write it as 52:54:00:00:00:01\n"
		"p/m1.xml:4:59: error: machine m1: interface 4: hwaddr 02:00:00:00:00:01 is that of another of its"
		" interfaces\n");
	check_one(
		"<slavemachine><params><param name='hostname' value='a'/>\n<param name='hostname' value='b'/>"
		"</params></slavemachine>",
		"p/m1.xml:1:23: note: param hostname is given again below; the last one counts\n");
}

static void a_machine_that_is_listed_twice_is_told(LAB_UNUSED void **state)
{
	static const char *const by_name[] = { NAMED("a", ""), NAMED("b", ""), NAMED("a", "") };
	static const char *const by_mac[] = {
		NAMED("a", "<eth id='1' label='A'>" MAC("AB") "</eth>"),
		NAMED("b", "<eth id='1' label='A'>" MAC("ab") "</eth>"),
	};

	check_said(
		by_name, 3,
		"p/m3.xml:1:53: error: You have the same machine listed twice in your pool ('m1' and 'm3'): both"
		" have the hostname a\n"
		"p/m1.xml:1:1: note: the other one is here\n");
	check_said(
		by_mac, 2,
		"p/m2.xml:1:136: error: You have the same machine listed twice in your pool ('m1' and 'm2'): both"
		" have the hwaddr 02:00:00:00:00:ab\n"
		"p/m1.xml:1:1: note: the other one is here\n");
}

static void errors_of_all_files_come_in_one_go(LAB_UNUSED void **state)
{
	static const char *const texts[] = { "<slavemachine>", "<x/>", NAMED("a", "") };

	check_said(
		texts, 3,
		"p/m1.xml:1:15: error: not well-formed XML: the file ends before </slavemachine>\n"
		"p/m1.xml:1:1: note: <slavemachine> begins here\n"
		"p/m2.xml:1:1: error: the root element is <x>; a machine of a pool is in <slavemachine> or"
		" <agentmachine>\n");
}

/* --- folders ---------------------------------------------------------------------------------- */

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[SCRATCH_STRLEN + 64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void a_pool_is_a_folder(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_pool *pool = NULL;
	char dir[SCRATCH_STRLEN], expected[3 * SCRATCH_STRLEN];

	scratch_make(dir);
	assert_int_equal(ctl_pool_load("empty", dir, &pool, &diag), 0);
	assert_int_equal(pool->n_machines, 0);
	ctl_pool_free(pool);
	put_file(dir, "m9.xml", NAMED("nine", ""));
	put_file(dir, "m10.xml", NAMED("ten", ""));
	put_file(dir, "README", "not a machine");
	put_file(dir, ".hidden.xml", "neither");
	assert_int_equal(ctl_pool_load("lab", dir, &pool, &diag), 0);
	assert_int_equal(pool->n_machines, 2);
	assert_string_equal(pool->name, "lab");
	assert_string_equal(pool->dir, dir);
	assert_string_equal(pool->machines[0].id, "m10");
	assert_string_equal(pool->machines[1].id, "m9");
	ctl_pool_free(pool);
	scratch_remove(dir);
	assert_int_equal(ctl_pool_load("lab", dir, &pool, &diag), -ENOENT);
	ctl_diag_format(&diag, &sb);
	(void)snprintf(expected, sizeof(expected),
		       "%s: note: there is no machine in this pool, no file *.xml\n"
		       "%s: error: cannot be read: No such file or directory [ENOENT]\n",
		       dir, dir);
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
}

#define INCLUDE(href) "<i:include xmlns:i='http://www.w3.org/2003/XInclude' href='" href "'/>"

static void files_are_included(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	char dir[SCRATCH_STRLEN], expected[6 * SCRATCH_STRLEN];
	struct ctl_pool *pool = NULL;

	scratch_make(dir);
	put_file(dir, "m1.xml", NAMED("one", INCLUDE("nic.inc")));
	put_file(dir, "nic.inc", "<eth id='1' label='A'>" MAC("01") "</eth>");
	assert_int_equal(ctl_pool_load("lab", dir, &pool, &diag), 0);
	assert_int_equal(pool->n_machines, 1);
	assert_int_equal(pool->machines[0].n_nics, 1);
	assert_string_equal(pool->machines[0].nics[0].label, "A");
	ctl_pool_free(pool);
	put_file(dir, "nic.inc", "<eth id='1' label='A'>\n<x/></eth>");
	put_file(dir, "m2.xml", NAMED("two", INCLUDE("m2.xml")));
	put_file(dir, "m3.xml", NAMED("three", INCLUDE("nowhere.inc")));
	assert_int_equal(ctl_pool_load("lab", dir, &pool, &diag), -EINVAL);
	ctl_diag_format(&diag, &sb);
	(void)snprintf(expected, sizeof(expected), "%s/nic.inc:2:1: error: ", dir);
	assert_non_null(strstr(lab_strbuf_str(&sb), expected));
	(void)snprintf(expected, sizeof(expected), "%s/m1.xml:1:", dir);
	assert_non_null(strstr(lab_strbuf_str(&sb), expected));
	assert_non_null(strstr(lab_strbuf_str(&sb), "/m2.xml includes itself"));
	assert_non_null(strstr(lab_strbuf_str(&sb), "nowhere.inc"));
	assert_int_equal(diag.n_errors, 3);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	scratch_remove(dir);
}

/* A file in memory does not lead to the file system. */
static void what_memory_includes_is_in_memory(LAB_UNUSED void **state)
{
	static const char *const texts[] = { NAMED("one", INCLUDE("/etc/passwd")) };
	struct ctl_pool *pool;
	char *said = say(texts, 1, &pool);

	assert_non_null(strstr(said, "/etc/passwd"));
	assert_non_null(strstr(said, "ENOENT"));
	free(said);
}

/* --- containers as a pool describes them ------------------------------------------------------ */

static void a_container_is_made_as_it_is_described(LAB_UNUSED void **state)
{
	static const char recipe_text[] =
		"<recipe><network><host id='h'><params><param name='role' value='x'/></params><interfaces>"
		"<eth id='e' label='l'><params><param name='driver' value='igb'/></params></eth>"
		"<eth id='f' label='l'/></interfaces></host></network></recipe>";
	static const char *const machine =
		"<slavemachine><params><param name='backend' value='native'/><param name='role' value='x'/>"
		"<param name='memory' value='1G'/><param name='memory' value='64M'/></params><interfaces>"
		"<eth id='1' label='A'><params><param name='hwaddr' value='02:00:00:00:00:07'/>"
		"<param name='driver' value='igb'/><param name='mtu' value='1400'/></params></eth>"
		"<eth id='2' label='A'>" MAC("08") "</eth></interfaces></slavemachine>";
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *recipe = NULL;
	const struct ctl_match *match;
	struct lab_topo *topo = NULL;
	struct ctl_search *search;
	char mac[LAB_MAC_STRLEN];
	struct ctl_pool *pool;

	free(say(&machine, 1, &pool));
	assert_int_equal(ctl_recipe_load_mem("t.xml", recipe_text, strlen(recipe_text), NULL,
					     &recipe, &diag),
			 0);
	assert_int_equal(ctl_search_new(recipe, pool, 0, &search), 0);
	assert_int_equal(ctl_search_next(search, &match, NULL), 1);
	assert_int_equal(ctl_match_topo(recipe, NULL, NULL, match, &topo, &diag), 0);
	assert_int_equal(topo->hosts[0].limits.memory_bytes, 64u << 20);
	assert_int_equal(topo->hosts[0].ifaces[0].mtu_bytes, 1400);
	assert_string_equal(lab_mac_format(topo->hosts[0].ifaces[0].mac, mac), "02:00:00:00:00:07");
	assert_string_equal(lab_mac_format(topo->hosts[0].ifaces[1].mac, mac), "02:00:00:00:00:08");
	assert_int_equal(topo->hosts[0].ifaces[1].mtu_bytes, 0);
	lab_topo_free(topo);
	ctl_search_free(search);
	ctl_recipe_free(recipe);
	ctl_pool_free(pool);
	ctl_diag_fini(&diag);
}

static void a_value_that_cannot_be_built_is_told_at_its_place(LAB_UNUSED void **state)
{
	static const char recipe_text[] =
		"<recipe><network><host id='h'><interfaces><eth id='e' label='l'/><eth id='f' label='l'/>"
		"</interfaces></host></network></recipe>";
	static const char *const machine =
		"<slavemachine><params><param name='backend' value='native'/>\n<param name='cpus' value='many'/></params>"
		"<interfaces><eth id='1' label='A'>" MAC(
			"07") "</eth><eth id='2' label='A'><params>\n"
			      "<param name='hwaddr' value='02:00:00:00:00:08'/><param name='mtu' value='9'/></params></eth></interfaces>"
			      "</slavemachine>";
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *recipe = NULL;
	const struct ctl_match *match;
	struct lab_topo *topo = NULL;
	struct ctl_search *search;
	struct ctl_pool *pool;

	free(say(&machine, 1, &pool));
	assert_int_equal(ctl_recipe_load_mem("t.xml", recipe_text, strlen(recipe_text), NULL,
					     &recipe, &diag),
			 0);
	assert_int_equal(ctl_search_new(recipe, pool, 0, &search), 0);
	assert_int_equal(ctl_search_next(search, &match, NULL), 1);
	assert_int_equal(ctl_match_topo(recipe, NULL, NULL, match, &topo, &diag), -EINVAL);
	ctl_diag_format(&diag, &sb);
	assert_string_equal(
		lab_strbuf_str(&sb),
		"p/m1.xml:2:27: error: machine m1: cpus: \"many\" is not a number of processors from 0.01 to 1000; write"
		" 2 or 0.5\n"
		"p/m1.xml:3:74: error: machine m1: interface 2: mtu: \"9\" is not a whole number of bytes from 68 to"
		" 65535\n");
	lab_strbuf_fini(&sb);
	ctl_search_free(search);
	ctl_recipe_free(recipe);
	ctl_pool_free(pool);
	ctl_diag_fini(&diag);
}

/* --- the schema ------------------------------------------------------------------------------- */

struct expected {
	xmlRelaxNG *schema;
	bool by_schema, by_parser;
};

static void quiet(LAB_UNUSED void *user, LAB_UNUSED xmlError *error)
{
}

static void check_file(const char *dir, const char *name, const char *data, size_t len, void *user)
{
	const struct expected *e = user;
	xmlDoc *doc = xmlReadMemory(data, (int)len, name, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR);
	xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(e->schema);
	struct ctl_pool *pool;
	char *said;

	assert_non_null(doc);
	xmlRelaxNGSetValidStructuredErrors(ctxt, (xmlStructuredErrorFunc)quiet, NULL);
	if ((xmlRelaxNGValidateDoc(ctxt, doc) == 0) != e->by_schema)
		fail_msg("%s/%s: the schema %s it", dir, name,
			 e->by_schema ? "refuses" : "accepts");
	said = say(&data, 1, &pool);
	if ((pool != NULL) != e->by_parser)
		fail_msg("%s/%s: the parser %s it: %s", dir, name,
			 e->by_parser ? "refuses" : "accepts", said);
	free(said);
	ctl_pool_free(pool);
	xmlRelaxNGFreeValidCtxt(ctxt);
	xmlFreeDoc(doc);
}

static void schema_and_parser_agree(LAB_UNUSED void **state)
{
	xmlRelaxNGParserCtxt *ctxt = xmlRelaxNGNewParserCtxt("recipes/pool.rng");
	struct expected e = { .schema = xmlRelaxNGParse(ctxt) };

	xmlRelaxNGFreeParserCtxt(ctxt);
	assert_non_null(e.schema);
	e.by_schema = e.by_parser = true;
	assert_true(recipe_files_each(DATA "/good", check_file, &e) > 1);
	assert_true(recipe_files_each("recipes/pool", check_file, &e) > 1);
	e.by_parser = false;
	assert_true(recipe_files_each(DATA "/semantic", check_file, &e) > 1);
	e.by_schema = false;
	assert_true(recipe_files_each(DATA "/bad", check_file, &e) > 8);
	xmlRelaxNGFree(e.schema);
	xmlRelaxNGCleanupTypes();
	xmlCleanupParser();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_has_what_its_file_says),
		cmocka_unit_test(the_newer_root_is_the_same),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(a_machine_that_is_listed_twice_is_told),
		cmocka_unit_test(errors_of_all_files_come_in_one_go),
		cmocka_unit_test(a_pool_is_a_folder),
		cmocka_unit_test(files_are_included),
		cmocka_unit_test(what_memory_includes_is_in_memory),
		cmocka_unit_test(a_container_is_made_as_it_is_described),
		cmocka_unit_test(a_value_that_cannot_be_built_is_told_at_its_place),
		cmocka_unit_test(schema_and_parser_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
