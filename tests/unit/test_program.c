/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_program.c - programs are found as execvp() finds them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "netlab/base/program.h"

static char top[] = "/tmp/netlab-test-program.XXXXXX";

static void make(const char *name, mode_t mode)
{
	char path[sizeof(top) + 32];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(top));
	make("program", 0755);
	make("data", 0644);
	return chdir(top);
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink("program");
	(void)unlink("data");
	return rmdir(top);
}

static void it_is_found_in_any_folder_of_the_path(void **state)
{
	char path[64];

	(void)state;
	assert_true(lab_program_in_path("program", top));
	(void)snprintf(path, sizeof(path), "/nowhere:%s:/bin", top);
	assert_true(lab_program_in_path("program", path));
	assert_false(lab_program_in_path("program", "/nowhere:/proc"));
}

static void no_path_means_the_usual_folders(void **state)
{
	(void)state;
	assert_true(lab_program_in_path("sh", NULL));
	assert_true(lab_program_in_path("sh", ""));
	assert_false(lab_program_in_path("program", NULL));
}

static void what_cannot_be_executed_is_no_program(void **state)
{
	(void)state;
	assert_false(lab_program_in_path("data", top));
	assert_false(lab_program_in_path("netlab-test-program", "/"));
	assert_false(lab_program_in_path("tmp", "/"));
}

static void the_current_folder_is_not_searched(void **state)
{
	(void)state;
	assert_false(lab_program_in_path("program", ":/nowhere"));
	assert_false(lab_program_in_path("program", "/nowhere:"));
}

static void a_path_longer_than_any_file_name_is_passed_over(void **state)
{
	char path[9000];
	size_t i;

	(void)state;
	for (i = 0; i < 8000; i++)
		path[i] = 'x';
	(void)snprintf(path + i, sizeof(path) - i, ":%s", top);
	assert_true(lab_program_in_path("program", path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_found_in_any_folder_of_the_path),
		cmocka_unit_test(no_path_means_the_usual_folders),
		cmocka_unit_test(what_cannot_be_executed_is_no_program),
		cmocka_unit_test(the_current_folder_is_not_searched),
		cmocka_unit_test(a_path_longer_than_any_file_name_is_passed_over),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
