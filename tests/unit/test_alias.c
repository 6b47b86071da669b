/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_alias.c - unit tests of controller/recipe/alias.h: what {$name} becomes, and where */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "controller/recipe/alias.h"
#include "netlab/base/util.h"

static struct ctl_xml *expand(const char *text, const struct ctl_recipe_params *params,
			      struct ctl_diag *diag, int expected_r)
{
	struct ctl_xml *xml = NULL;

	assert_int_equal(ctl_xml_parse("t.xml", text, strlen(text), &xml, diag), 0);
	assert_int_equal(ctl_alias_expand(xml, params, NULL, diag), expected_r);
	return xml;
}

/* All values of attributes and all texts, in document order, separated by '|'. */
static void collect(const struct ctl_xml_elem *e, struct lab_strbuf *sb)
{
	size_t i;

	for (; e; e = e->next) {
		for (i = 0; i < e->n_attrs; i++)
			lab_strbuf_printf(sb, "|%s", e->attrs[i].value.s);
		if (e->text.len)
			lab_strbuf_printf(sb, "|%s", e->text.s);
		assert_string_not_equal(e->name, "define");
		collect(e->first, sb);
	}
}

static void check_with(const char *text, const struct ctl_recipe_params *params,
		       const char *expected)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_xml *xml = expand(text, params, &diag, 0);

	ctl_diag_format(&diag, &sb);
	collect(xml->root, &sb);
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	ctl_xml_free(xml);
}

static void check(const char *text, const char *expected)
{
	check_with(text, NULL, expected);
}

static void check_error(const char *text, int expected_r, const char *expected)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_xml *xml = expand(text, NULL, &diag, expected_r);

	ctl_diag_format(&diag, &sb);
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	ctl_xml_free(xml);
}

#define DEFINE(aliases)    "<define>" aliases "</define>"
#define ALIAS(name, value) "<alias name='" name "' value='" value "'/>"

static void values_and_texts_are_expanded(LAB_UNUSED void **state)
{
	check("<r>" DEFINE(ALIAS("a", "1") ALIAS(
		      "b", "two")) "<x y='{$a}' z='-{$b}{$a}-'>{$b} {$b}</x></r>",
	      "|1|-two1-|two two");
	check("<r>" DEFINE(ALIAS("a", "")) "<x y='{$a}' z='b{$a}'> {$a} c</x></r>", "||b|c");
	check("<r>" DEFINE("<alias name='a'>\n text \n</alias>") "<x y='{$a}'/></r>", "|text");
	check("<r>" DEFINE(ALIAS("a", " x ")) "<x y=' {$a} {$a} '/></r>", "|x x");
}

static void a_definition_counts_for_what_follows_in_its_element(LAB_UNUSED void **state)
{
	check("<r>" DEFINE(ALIAS("a", "1")) "<x y='{$a}'>" DEFINE(ALIAS("a", "2")) "<z y='{$a}'/>" DEFINE(
		      ALIAS("a", "3")) "<z y='{$a}'><w y='{$a}'/></z></x><x y='{$a}'/></r>",
	      "|1|2|3|3|1");
}

static void a_later_definition_in_one_element_wins(LAB_UNUSED void **state)
{
	check("<r>" DEFINE(ALIAS("a", "1") ALIAS("a", "2")) "<x y='{$a}'/></r>", "|2");
}

static void the_element_itself_is_outside_of_its_definitions(LAB_UNUSED void **state)
{
	check("<r>" DEFINE(ALIAS("a", "out")) "<x y='{$a}'>" DEFINE(ALIAS("a", "in")) "</x></r>",
	      "|out");
}

static void aliases_in_a_value_are_looked_up_when_it_is_used(LAB_UNUSED void **state)
{
	check("<r>" DEFINE(ALIAS("net", "10.0.{$n}") ALIAS("n", "1")) "<x y='{$net}'/><x>" DEFINE(
		      ALIAS("n", "2")) "<y z='{$net}'/></x></r>",
	      "|10.0.1|10.0.2");
}

static void a_name_may_be_put_together_from_aliases(LAB_UNUSED void **state)
{
	check("<r>" DEFINE(ALIAS("a_1", "one") ALIAS("a_2", "two") ALIAS("n", "2")
				   ALIAS("m", "{$n}")) "<x y='{$a_{$n}} {$a_{$m}}'/></r>",
	      "|two two");
}

static void what_is_no_reference_stays_text(LAB_UNUSED void **state)
{
	check("<r>" DEFINE(ALIAS(
		      "b",
		      "B")) "<x y='{$} {$-} {$a-b} {$a {$ {a} ${a} {$ a} {$a{$-}} {$a{$b} {'/></r>",
	      "|{$} {$-} {$a-b} {$a {$ {a} ${a} {$ a} {$a{$-}} {$aB {");
}

static void the_command_line_defines_outside_or_overrides_all(LAB_UNUSED void **state)
{
	static const struct ctl_alias weak[] = { { "a", "weak" }, { "b", "b+{$a}" } };
	static const struct ctl_alias strong[] = { { "a", "first" }, { "a", "strong" } };
	static const char text[] =
		"<r x='{$a} {$b}'>" DEFINE(ALIAS("a", "recipe")) "<x y='{$a} {$b}'/></r>";
	struct ctl_recipe_params params = { .defines = weak, .n_defines = 2 };

	check_with(text, &params, "|weak b+weak|recipe b+recipe");
	params.overrides = strong;
	params.n_overrides = 2;
	check_with(text, &params, "|strong b+strong|strong b+strong");
}

static void a_bad_name_on_the_command_line_is_an_error(LAB_UNUSED void **state)
{
	static const struct ctl_alias bad[] = { { "my-net", "1" }, { "", "2" } };
	struct ctl_recipe_params params = { .overrides = bad, .n_overrides = 2 };

	check_with("<r/>", &params,
		   "error: alias name \"my-net\": only letters, digits and _ are allowed\n"
		   "error: alias name \"\": only letters, digits and _ are allowed\n");
}

static void places_in_expanded_texts_lead_to_what_was_written(LAB_UNUSED void **state)
{
	/*                                      1         2         3         4 */
	/*                             1234567890123456789012345678901234567890123456 */
	static const char text[] = "<r>" DEFINE(
		ALIAS("a", "[long value]") ALIAS("e", "")) "\n"
							   "<x y=' p&amp;q{$a}r{$e}s{$a}'/></r>";
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_xml *xml = expand(text, NULL, &diag, 0);
	const struct ctl_xml_text *t = &xml->root->first->attrs[0].value;
	static const struct {
		size_t at;
		unsigned int col;
	} cases[] = { { 0, 8 },   { 1, 9 },   { 2, 14 },  { 3, 15 },  { 4, 15 },
		      { 14, 15 }, { 15, 19 }, { 16, 24 }, { 17, 25 }, { 28, 25 } };
	struct lab_src src;
	size_t i;

	assert_string_equal(t->s, "p&q[long value]rs[long value]");
	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		src = ctl_xml_text_src(xml, t, cases[i].at);
		assert_int_equal(src.line, 2);
		assert_int_equal(src.col, cases[i].col);
	}
	ctl_xml_free(xml);
}

static void white_space_from_an_alias_does_not_move_places(LAB_UNUSED void **state)
{
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_xml *xml = expand(
		"<r>" DEFINE(
			"<alias name='s' value='{$t}'/><alias name='t'><![CDATA[]]></alias>") "\n<x y='{$s} abc'/></r>",
		NULL, &diag, 0);
	const struct ctl_xml_text *t = &xml->root->first->attrs[0].value;
	struct lab_src src = ctl_xml_text_src(xml, t, 1);

	assert_string_equal(t->s, "abc");
	assert_int_equal(src.line, 2);
	assert_int_equal(src.col, 13);
	ctl_xml_free(xml);
}

static void errors_are_at_the_reference(LAB_UNUSED void **state)
{
	check_error("<r>\n<x y='a {$b} c'>\n\t&lt; {$d}</x></r>", 0,
		    "t.xml:2:9: error: alias b is not defined here\n"
		    "t.xml:3:7: error: alias d is not defined here\n");
	check_error("<r>\n" DEFINE(ALIAS("a", "1{$b}")) "\n<x y='1{$a}'/></r>", 0,
		    "t.xml:3:8: error: alias b is not defined here; defined: a\n");
	check_error("<r>\n" DEFINE(ALIAS("a", "{$a}")) "\n<x y='{$a}'/></r>", 0,
		    "t.xml:3:7: error: alias a refers to itself\n"
		    "t.xml:2:9: note: alias a is defined here\n");
	check_error(
		"<r>" DEFINE("<alias name='a b' value='1'/>") "</r>", 0,
		"t.xml:1:25: error: alias name \"a b\": only letters, digits and _ are allowed\n");
}

static void an_alias_that_is_defined_wrong_does_not_hide_the_rest(LAB_UNUSED void **state)
{
	check_error(
		"<r><define><alias value='1'/><alias name='' value='2'/><alias name='a' value='3' x='4'/>"
		"<other/></define><x y='{$a}'/></r>",
		0,
		"t.xml:1:12: error: <alias> needs the attribute name\n"
		"t.xml:1:43: error: name is empty\n"
		"t.xml:1:82: error: unknown attribute x of <alias>; allowed: name, value\n"
		"t.xml:1:89: error: unknown element <other> in <define>; allowed: <alias>\n");
}

/* a0 uses a1 twice, a1 uses a2 twice ...: 2^n copies of the last value. */
static char *doubling(unsigned int n, const char *last)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	unsigned int i;
	char *text;

	lab_strbuf_puts(&sb, "<r><define>");
	for (i = 0; i < n; i++)
		lab_strbuf_printf(&sb, "<alias name='a%u' value='{$a%u}{$a%u}'/>", i, i + 1, i + 1);
	lab_strbuf_printf(&sb, "<alias name='a%u' value='%s'/></define>\n<x y='{$a0}'/></r>", n,
			  last);
	assert_int_equal(lab_strbuf_take(&sb, &text), 0);
	return text;
}

static void growth_is_bounded(LAB_UNUSED void **state)
{
	char *text = doubling(30, "0123456789");

	check_error(text, 0, "t.xml:2:7: error: aliases make a text of more than 1 MiB\n");
	free(text);
	text = doubling(30, "");
	check_error(text, -EFBIG,
		    "t.xml:2:7: error: aliases are referred to more than 1000000 times\n");
	free(text);
}

static void chains_are_bounded(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	unsigned int i;

	lab_strbuf_puts(&sb, "<r><define>\n");
	for (i = 0; i < 1000; i++)
		lab_strbuf_printf(&sb, "<alias name='a%u' value='{$a%u}'/>\n", i, i + 1);
	lab_strbuf_puts(&sb,
			"<alias name='a1000' value='x'/></define><x y='{$a900}' z='{$a901}'/></r>");
	check_error(sb.data, 0,
		    "t.xml:1002:47: error: alias a1000 refers to others more than 100 deep\n"
		    "t.xml:1002:1: note: alias a1000 is defined here\n");
	lab_strbuf_reset(&sb);
	/* The same for names inside of names. */
	lab_strbuf_puts(&sb, "<r><x y='");
	for (i = 0; i < 1000; i++)
		lab_strbuf_puts(&sb, "{$a");
	lab_strbuf_puts(&sb, "'/></r>");
	check_error(sb.data, 0, "");
	lab_strbuf_fini(&sb);
}

static void the_whole_recipe_stays_below_16_mib(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	unsigned int i;

	lab_strbuf_puts(&sb, "<r><define><alias name='a' value='");
	for (i = 0; i < 1000000; i++)
		lab_strbuf_putc(&sb, 'x');
	lab_strbuf_puts(&sb, "'/></define>\n");
	for (i = 0; i < 20; i++)
		lab_strbuf_puts(&sb, "<x y='{$a}'/>\n");
	lab_strbuf_puts(&sb, "</r>");
	check_error(sb.data, -EFBIG,
		    "t.xml:18:7: error: aliases make the recipe larger than 16 MiB\n");
	lab_strbuf_fini(&sb);
}

static void many_definitions_of_many_names_are_found_again(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT, expected = LAB_STRBUF_INIT;
	unsigned int i;

	lab_strbuf_puts(&sb, "<r><define>");
	for (i = 0; i < 20000; i++)
		lab_strbuf_printf(&sb, "<alias name='n%u' value='v%u'/>", i, i);
	lab_strbuf_puts(&sb, "</define>");
	for (i = 0; i < 20000; i++) {
		lab_strbuf_printf(&sb, "<x y='{$n%u}'/>", i);
		lab_strbuf_printf(&expected, "|v%u", i);
	}
	lab_strbuf_puts(&sb, "</r>");
	check(sb.data, expected.data);
	lab_strbuf_fini(&sb);
	lab_strbuf_fini(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_and_texts_are_expanded),
		cmocka_unit_test(a_definition_counts_for_what_follows_in_its_element),
		cmocka_unit_test(a_later_definition_in_one_element_wins),
		cmocka_unit_test(the_element_itself_is_outside_of_its_definitions),
		cmocka_unit_test(aliases_in_a_value_are_looked_up_when_it_is_used),
		cmocka_unit_test(a_name_may_be_put_together_from_aliases),
		cmocka_unit_test(what_is_no_reference_stays_text),
		cmocka_unit_test(the_command_line_defines_outside_or_overrides_all),
		cmocka_unit_test(a_bad_name_on_the_command_line_is_an_error),
		cmocka_unit_test(places_in_expanded_texts_lead_to_what_was_written),
		cmocka_unit_test(white_space_from_an_alias_does_not_move_places),
		cmocka_unit_test(errors_are_at_the_reference),
		cmocka_unit_test(an_alias_that_is_defined_wrong_does_not_hide_the_rest),
		cmocka_unit_test(growth_is_bounded),
		cmocka_unit_test(chains_are_bounded),
		cmocka_unit_test(the_whole_recipe_stays_below_16_mib),
		cmocka_unit_test(many_definitions_of_many_names_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
