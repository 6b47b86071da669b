/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_mountinfo.c - unit tests of netlab/ns/mountinfo.h: the fields of a line */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/ns/mountinfo.h"

static void assert_line(const char *line, const char *path, const char *type)
{
	struct lab_mountinfo m;
	char copy[512];

	(void)snprintf(copy, sizeof(copy), "%s", line);
	assert_true(lab_mountinfo_parse(copy, &m));
	assert_string_equal(m.path, path);
	assert_string_equal(m.type, type);
}

/* proc(5): optional fields end at a single hyphen. */
static void a_line_names_place_and_type(LAB_UNUSED void **state)
{
	assert_line("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
		    "/mnt2", "ext3");
	assert_line("36 35 98:0 / / rw - ext4 /dev/vda rw", "/", "ext4");
	assert_line(
		"1 0 0:1 /a /b rw shared:1 master:2 propagate_from:3 unbindable - nfs4 srv:/x rw",
		"/b", "nfs4");
	assert_line("1 0 0:1 / /b rw - tmpfs  rw", "/b", "tmpfs");
	/* A hyphen before the optional fields is a name. */
	assert_line("1 0 0:1 - - rw - xfs none rw", "-", "xfs");
}

static void places_are_unescaped(LAB_UNUSED void **state)
{
	assert_line("1 0 0:1 / /a\\040b\\011c\\012d\\134e\\043 rw - ext4 x rw", "/a b\tc\nd\\e#",
		    "ext4");
	assert_line("1 0 0:1 / /caf\\303\\251 rw - ext4 x rw", "/caf\xc3\xa9", "ext4");
}

static void what_is_no_escape_stays(LAB_UNUSED void **state)
{
	char cases[][2][16] = {
		{ "\\", "\\" },       { "\\0", "\\0" },       { "\\04", "\\04" },
		{ "\\049", "\\049" }, { "\\400", "\\400" },   { "a\\x41", "a\\x41" },
		{ "\\\\040", "\\ " }, { "\\101\\102", "AB" }, { "\\0400", " 0" },
		{ "\\377", "\xff" },
	};
	char line[512];

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		(void)snprintf(line, sizeof(line), "1 0 0:1 / %s rw - ext4 x rw", cases[i][0]);
		assert_line(line, cases[i][1], "ext4");
	}
}

static void lines_that_are_cut_are_left_out(LAB_UNUSED void **state)
{
	const char line[] = "36 35 98:0 /mnt1 /mnt2 rw master:1 - ext3";
	struct lab_mountinfo m;
	char copy[sizeof(line)];

	for (size_t len = 0; len < sizeof(line) - strlen("ext3") - 1; len++) {
		(void)snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
		assert_false(lab_mountinfo_parse(copy, &m));
	}
	(void)snprintf(copy, sizeof(copy), "%s", "- - - - - - - ");
	assert_false(lab_mountinfo_parse(copy, &m));
}

static void root_and_options_are_there(LAB_UNUSED void **state)
{
	char line[] = "33 30 0:29 /do\\040cker /cg rw shared:9 - cgroup cgroup rw,cpu,cpuacct";
	char bare[] = "33 30 0:29 / /cg rw - cgroup2 x";
	struct lab_mountinfo m;

	assert_true(lab_mountinfo_parse(line, &m));
	assert_string_equal(m.root, "/do cker");
	assert_string_equal(m.options, "rw,cpu,cpuacct");
	assert_true(lab_mountinfo_parse(bare, &m));
	assert_string_equal(m.options, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_names_place_and_type),
		cmocka_unit_test(places_are_unescaped),
		cmocka_unit_test(what_is_no_escape_stays),
		cmocka_unit_test(lines_that_are_cut_are_left_out),
		cmocka_unit_test(root_and_options_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
