/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_script_links.c - unit tests of controller/run/script_links.c: which links a task's text says it makes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "controller/run/script_links.h"
#include "netlab/base/util.h"

static struct lab_src found[LAB_PROBE_MAX_];

/* Read a text; returns how many items it asks for. */
static size_t links(const char *text)
{
	size_t i, n = 0;

	memset(found, 0, sizeof(found));
	ctl_script_links(text, strlen(text), "t.py", found);
	for (i = 0; i < LAB_PROBE_MAX_; i++)
		n += found[i].line > 0;
	return n;
}

static void expect(unsigned int item, unsigned int line, unsigned int col)
{
	assert_int_equal(found[item].line, line);
	assert_int_equal(found[item].col, col);
	assert_string_equal(found[item].file, "t.py");
}

static void calls_are_found_where_they_stand(LAB_UNUSED void **state)
{
	assert_int_equal(links("a = 1\nh.create_bond()\nx(h.create_vlan (nic, 5))\n"), 2);
	expect(LAB_LINK_BOND, 2, 3);
	expect(LAB_LINK_VLAN, 3, 5);
}

static void what_is_no_link_kind_counts_by_its_name(LAB_UNUSED void **state)
{
	assert_int_equal(links("nic.set_netem({})\nnic.add_br_vlan(10)"), 2);
	expect(LAB_PROBE_NETEM, 1, 5);
	expect(LAB_PROBE_VLAN_FILTERING, 2, 5);
}

static void the_first_call_counts(LAB_UNUSED void **state)
{
	assert_int_equal(links("h.create_team()\nh.create_team()"), 1);
	expect(LAB_LINK_TEAM, 1, 3);
	ctl_script_links("h.create_team()", 15, "other.py", found);
	expect(LAB_LINK_TEAM, 1, 3);
}

static void comments_and_strings_are_passed_over(LAB_UNUSED void **state)
{
	assert_int_equal(links("# h.create_bond()\n"
			       "'h.create_gre()' \"h.create_ipip()\" r'\\' h.create_vlan()'\n"
			       "\"\"\"h.create_team()\n\"h.create_bond()\\\"\"\" h.create_dummy()\n"
			       "\"\"\"\n"
			       "'an end of the line is one of the string\n"
			       "h.create_macvlan()"),
			 1);
	expect(LAB_LINK_MACVLAN, 7, 3);
}

static void what_is_no_call_of_a_kind_is_none(LAB_UNUSED void **state)
{
	assert_int_equal(links("h.create_bond\nh.create_nothing()\ncreate_bond()\n.create_()"), 0);
	assert_int_equal(links("h.create_bond_with_a_name_that_is_far_too_long()"), 0);
}

static void texts_end_anywhere(LAB_UNUSED void **state)
{
	static const char *const texts[] = { "",        ".",      "h.create_bond", "h.create_bond ",
					     "'",       "\"\"\"", "'\\",           "#",
					     "\"\"\"\\" };
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(texts); i++)
		assert_int_equal(links(texts[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_found_where_they_stand),
		cmocka_unit_test(what_is_no_link_kind_counts_by_its_name),
		cmocka_unit_test(the_first_call_counts),
		cmocka_unit_test(comments_and_strings_are_passed_over),
		cmocka_unit_test(what_is_no_call_of_a_kind_is_none),
		cmocka_unit_test(texts_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
