/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_table.c - unit tests of netlab/cli/table.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "netlab/cli/table.h"

static const struct lab_column columns[] = { { "NAME", false }, { "N", true }, { "END", false } };

static struct lab_table *new_table(void)
{
	struct lab_table *table = NULL;

	assert_int_equal(lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table), 0);
	return table;
}

static void assert_table(struct lab_table *table, const char *want)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	assert_int_equal(lab_table_format(table, NULL, NULL, &sb), 0);
	assert_string_equal(lab_strbuf_str(&sb), want);
	lab_table_free(table);
}

static void empty_table_is_its_headings(LAB_UNUSED void **state)
{
	assert_table(new_table(), "NAME  N  END\n");
}

static void columns_are_as_wide_as_their_widest_cell(LAB_UNUSED void **state)
{
	struct lab_table *table = new_table();

	lab_table_add(table, "a");
	lab_table_add(table, "%d", 1000);
	lab_table_add(table, "x");
	lab_table_add(table, "longer");
	lab_table_add(table, "7");
	lab_table_add(table, "%s", "");
	assert_table(table, "NAME       N  END\n"
			    "a       1000  x\n"
			    "longer     7\n");
}

static void unfinished_row_is_filled_up(LAB_UNUSED void **state)
{
	struct lab_table *table = new_table();

	lab_table_add(table, "a");
	assert_table(table, "NAME  N  END\na\n");
}

static void characters_count_not_bytes(LAB_UNUSED void **state)
{
	struct lab_table *table = new_table();

	lab_table_add(table, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac");
	lab_table_add(table, "1");
	lab_table_add(table, "x");
	assert_table(table, "NAME   N  END\n"
			    "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac  1  x\n");
}

static void control_characters_are_not_printed(LAB_UNUSED void **state)
{
	struct lab_table *table = new_table();

	lab_table_add(table, "%s", "a\033[2J\n\x7f");
	assert_table(table, "NAME     N  END\na?[2J??\n");
}

static void headings_can_be_marked(LAB_UNUSED void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct lab_table *table = new_table();

	assert_int_equal(lab_table_format(table, "<", ">", &sb), 0);
	assert_string_equal(lab_strbuf_str(&sb), "<NAME  N  END>\n");
	lab_table_free(table);
}

static void null_table_can_be_freed(LAB_UNUSED void **state)
{
	lab_table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_table_is_its_headings),
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(unfinished_row_is_filled_up),
		cmocka_unit_test(characters_count_not_bytes),
		cmocka_unit_test(control_characters_are_not_printed),
		cmocka_unit_test(headings_can_be_marked),
		cmocka_unit_test(null_table_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
