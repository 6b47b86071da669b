/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_schema.c - recipes/recipe.rng and the tables of the grammar say the same */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/tree.h>
#include <string.h>

#include "controller/recipe/alias.h"
#include "controller/recipe/grammar.h"
#include "controller/recipe/include.h"
#include "netlab/base/util.h"
#include "tests/unit/recipe_files.h"

#define DATA "tests/unit/data/recipes"

static xmlRelaxNG *schema;

static void quiet(LAB_UNUSED void *user, LAB_UNUSED const char *fmt, ...)
{
}

static void quiet_error(LAB_UNUSED void *user, LAB_UNUSED xmlError *error)
{
}

static int load_schema(LAB_UNUSED void **state)
{
	xmlRelaxNGParserCtxt *ctxt = xmlRelaxNGNewParserCtxt("recipes/recipe.rng");

	schema = ctxt ? xmlRelaxNGParse(ctxt) : NULL;
	xmlRelaxNGFreeParserCtxt(ctxt);
	xmlSetGenericErrorFunc(NULL, quiet);
	return schema ? 0 : -1;
}

static int free_schema(LAB_UNUSED void **state)
{
	xmlRelaxNGFree(schema);
	xmlRelaxNGCleanupTypes();
	xmlCleanupParser();
	return 0;
}

static bool schema_accepts(xmlDoc *doc)
{
	xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(schema);
	int r;

	assert_non_null(ctxt);
	xmlRelaxNGSetValidStructuredErrors(ctxt, (xmlStructuredErrorFunc)quiet_error, NULL);
	r = xmlRelaxNGValidateDoc(ctxt, doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	assert_true(r >= 0);
	return r == 0;
}

static bool schema_accepts_text(const char *name, const char *data, size_t len)
{
	xmlDoc *doc = xmlReadMemory(data, (int)len, name, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR);
	bool good = doc && schema_accepts(doc);

	xmlFreeDoc(doc);
	return good;
}

/* The steps of loading that the schema stands for: without ids, references and addresses. */
static bool grammar_accepts(const char *data, size_t len, struct lab_strbuf *said)
{
	const struct ctl_recipe_params params = { .read = recipe_files_include,
						  .user = (void *)DATA "/good" };
	struct ctl_arena *names = ctl_arena_new();
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_xml *xml = NULL;
	bool good;

	good = ctl_xml_parse("t.xml", data, len, &xml, &diag) == 0 &&
	       ctl_include_expand(xml, &params, names, &diag) == 0 &&
	       ctl_alias_expand(xml, NULL, NULL, &diag) == 0 &&
	       ctl_schema_check_root(xml, &ctl_grammar_recipe, &diag) == 0 && diag.n_errors == 0;
	ctl_diag_format(&diag, said);
	ctl_diag_fini(&diag);
	ctl_xml_free(xml);
	ctl_arena_free(names);
	return good;
}

/* --- files ------------------------------------------------------------------------------------ */

static void check_file(const char *dir, const char *name, const char *data, size_t len, void *user)
{
	const bool *expected = user;

	if (schema_accepts_text(name, data, len) != *expected)
		fail_msg("%s/%s: the schema %s it", dir, name, *expected ? "refuses" : "accepts");
}

static void the_schema_accepts_what_is_good(LAB_UNUSED void **state)
{
	bool expected = true;

	assert_true(recipe_files_each(DATA "/good", check_file, &expected) > 0);
	assert_true(recipe_files_each("recipes", check_file, &expected) > 0);
}

static void the_schema_refuses_what_the_grammar_refuses(LAB_UNUSED void **state)
{
	bool expected = false;

	assert_true(recipe_files_each(DATA "/bad", check_file, &expected) > 0);
}

static void the_schema_accepts_what_is_wrong_in_its_meaning_only(LAB_UNUSED void **state)
{
	bool expected = true;

	assert_true(recipe_files_each(DATA "/bad/semantic", check_file, &expected) > 0);
}

/* --- mutations -------------------------------------------------------------------------------- */

struct mutant {
	const char *file, *what;
	const xmlChar *element;
	unsigned int n, accepted;
};

static void compare(struct mutant *m, xmlDoc *doc)
{
	struct lab_strbuf said = LAB_STRBUF_INIT;
	xmlChar *data;
	bool ours, theirs;
	int len;

	xmlDocDumpMemoryEnc(doc, &data, &len, "UTF-8");
	ours = grammar_accepts((const char *)data, (size_t)len, &said);
	/* Of the text, not of the tree: a serialised value may have lost white space. */
	theirs = schema_accepts_text("t.xml", (const char *)data, (size_t)len);
	m->n++;
	m->accepted += ours;
	if (ours != theirs)
		fail_msg("%s: %s at <%s>: the schema %s, the parser %s\n%s%s", m->file, m->what,
			 m->element, theirs ? "accepts" : "refuses", ours ? "accepts" : "refuses",
			 lab_strbuf_str(&said), data);
	lab_strbuf_fini(&said);
	xmlFree(data);
}

static const char *const element_names[] = {
	"recipe",   "network",  "host",         "interfaces", "eth",        "addresses",
	"address",  "params",   "param",        "routes",     "route",      "task",
	"run",      "options",  "option",       "wait",       "intr",       "kill",
	"ctl_wait", "config",   "alias",        "bond",       "other",      "slaves",
	"slave",    "netem",    "delay",        "veth_pair",  "veth",       "vlan",
	"tunnel",   "internal", "flow_entries", "entry",      "ovs_bridge", "dummy",
};

static const char *const attr_names[] = {
	"id",         "name",         "label",  "value", "host",    "command",    "module",
	"bg_id",      "timeout",      "expect", "desc",  "seconds", "to",         "via",
	"forwarding", "quit_on_fail", "pool4",  "pool6", "option",  "persistent", "netns",
	"python",     "from",         "tag",    "type",  "other",
};

static const char *const values[] = {
	"",           " ",      "x",          "a b",         "yes",         "no",
	"true",       "false",  "YES",        "1",           "0",           "00",
	"007",        "+1",     "-1",         "0x10",        "1.5",         "1.",
	".5",         "1s",     "1 s",        "10ms",        "5min",        "1d",
	"pass",       "fail",   " pass ",     "99999999999", "10.0.0.1/24", "10.0.0.1",
	"fd00::1/64", "fd00::", "10.0.0.0/8", "fd00::/48",   "a-b",         "-a",
	".a",         "_a",     "a.b_c-d",    "\xc3\xa4",
};

/* Values on which the schema is more generous, and means to be: it does not count days or bits. */
static bool is_for_the_parser(const char *value)
{
	static const char *const known[] = { "fd00::", "99999999999" };
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(known); i++) {
		if (!strcmp(known[i], value))
			return true;
	}
	return false;
}

static void mutate_attributes(struct mutant *m, xmlDoc *doc, xmlNode *e)
{
	xmlChar *old;
	xmlAttr *a;
	size_t i, k;

	for (i = 0; i < LAB_ARRAY_SIZE(attr_names); i++) {
		old = xmlGetProp(e, BAD_CAST attr_names[i]);
		if (old) {
			m->what = "attribute removed";
			xmlUnsetProp(e, BAD_CAST attr_names[i]);
			compare(m, doc);
			for (k = 0; k < LAB_ARRAY_SIZE(values); k++) {
				if (is_for_the_parser(values[k]))
					continue;
				m->what = values[k];
				xmlSetProp(e, BAD_CAST attr_names[i], BAD_CAST values[k]);
				compare(m, doc);
			}
			xmlSetProp(e, BAD_CAST attr_names[i], old);
			xmlFree(old);
		} else {
			m->what = attr_names[i];
			a = xmlNewProp(e, BAD_CAST attr_names[i], BAD_CAST "yes");
			compare(m, doc);
			xmlRemoveProp(a);
		}
	}
}

static void mutate_place(struct mutant *m, xmlDoc *doc, xmlNode *e)
{
	xmlNode *copy, *parent = e->parent, *next = e->next;

	if (parent->type != XML_ELEMENT_NODE)
		return;
	m->what = "element removed";
	xmlUnlinkNode(e);
	compare(m, doc);
	if (next)
		xmlAddPrevSibling(next, e);
	else
		xmlAddChild(parent, e);
	m->what = "element twice";
	copy = xmlCopyNode(e, 1);
	xmlAddNextSibling(e, copy);
	compare(m, doc);
	xmlUnlinkNode(copy);
	m->what = "element in the parent's parent";
	if (parent->parent->type == XML_ELEMENT_NODE) {
		xmlAddNextSibling(parent, copy);
		compare(m, doc);
		xmlUnlinkNode(copy);
	}
	m->what = "element in itself";
	xmlAddChild(e, copy);
	compare(m, doc);
	xmlUnlinkNode(copy);
	xmlFreeNode(copy);
}

static void mutate_content(struct mutant *m, xmlDoc *doc, xmlNode *e)
{
	xmlNode *added;
	size_t i;

	m->what = "text added";
	added = xmlNewText(BAD_CAST "some text");
	xmlAddChild(e, added);
	/* It may have been joined with the text before it; then no node is to be taken away. */
	compare(m, doc);
	if (e->last && e->last->type == XML_TEXT_NODE &&
	    !strcmp((char *)e->last->content, "some text")) {
		added = e->last;
		xmlUnlinkNode(added);
		xmlFreeNode(added);
	} else {
		char *end = strstr((char *)e->last->content, "some text");

		assert_non_null(end);
		*end = '\0';
	}
	m->what = "define added";
	added = xmlNewChild(e, NULL, BAD_CAST "define", NULL);
	xmlSetProp(xmlNewChild(added, NULL, BAD_CAST "alias", NULL), BAD_CAST "name", BAD_CAST "n");
	compare(m, doc);
	xmlUnlinkNode(added);
	xmlFreeNode(added);
	for (i = 0; i < LAB_ARRAY_SIZE(element_names); i++) {
		m->what = element_names[i];
		added = xmlNewChild(e, NULL, BAD_CAST element_names[i], NULL);
		compare(m, doc);
		xmlUnlinkNode(added);
		xmlFreeNode(added);
	}
}

static void mutate_name(struct mutant *m, xmlDoc *doc, xmlNode *e)
{
	xmlChar *old = xmlStrdup(e->name);
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(element_names); i++) {
		m->what = element_names[i];
		xmlNodeSetName(e, BAD_CAST element_names[i]);
		compare(m, doc);
	}
	xmlNodeSetName(e, old);
	xmlFree(old);
}

static void mutate(struct mutant *m, xmlDoc *doc, xmlNode *e)
{
	xmlNode *child, *next;

	m->element = e->name;
	mutate_attributes(m, doc, e);
	mutate_place(m, doc, e);
	mutate_content(m, doc, e);
	mutate_name(m, doc, e);
	for (child = e->children; child; child = next) {
		next = child->next;
		if (child->type == XML_ELEMENT_NODE)
			mutate(m, doc, child);
	}
}

static void schema_and_parser_agree_on_thousands_of_changes(LAB_UNUSED void **state)
{
	static const char *const files[] = { "every-kind.xml", "minimal.xml" };
	struct mutant m = { 0 };
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(files); i++) {
		size_t len;
		char *data = recipe_files_read(DATA "/good", files[i], NULL, &len);
		xmlDoc *doc;

		assert_non_null(data);
		doc = xmlReadMemory(data, (int)len, files[i], NULL, XML_PARSE_NOBLANKS);
		assert_non_null(doc);
		m.file = files[i];
		mutate(&m, doc, xmlDocGetRootElement(doc));
		xmlFreeDoc(doc);
		free(data);
	}
	assert_true(m.n > 2000);
	assert_true(m.accepted > 200);
}

/* --- tables ----------------------------------------------------------------------------------- */

static void check_def(const struct ctl_elem_def *def, unsigned int depth)
{
	const struct ctl_child_def *c;
	const struct ctl_attr_def *a;
	unsigned int n = 0;

	assert_true(depth < 12);
	for (a = def->attrs; a && a->name; a++) {
		assert_ptr_equal(ctl_grammar_attr(def, a->name), a);
		assert_int_equal(a->type == CTL_TYPE_ENUM, a->words != NULL);
	}
	for (c = def->children; c && c->name; c++, n++) {
		assert_ptr_equal(ctl_grammar_child(def, c->name), c);
		assert_int_equal(c->occurs == CTL_LATER, c->def == NULL);
		if (c->def)
			check_def(c->def, depth + 1);
	}
	/* As many as schema.c and build.c count. */
	assert_true(n <= 48);
}

static void the_tables_are_sound(LAB_UNUSED void **state)
{
	check_def(ctl_grammar_recipe.def, 0);
	check_def(ctl_grammar_machine.def, 0);
	check_def(&ctl_grammar_define, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_accepts_what_is_good),
		cmocka_unit_test(the_schema_refuses_what_the_grammar_refuses),
		cmocka_unit_test(the_schema_accepts_what_is_wrong_in_its_meaning_only),
		cmocka_unit_test(schema_and_parser_agree_on_thousands_of_changes),
		cmocka_unit_test(the_tables_are_sound),
	};

	return cmocka_run_group_tests(tests, load_schema, free_schema);
}
