/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_tools.c - unit tests of controller/run: tools, the folders that commands and modules run in a host */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "tests/unit/run_lab.h"

/* Look for what some commands need; the lab's folder is the user's, and the only one. */
static int find(struct lab *lab, const char *text)
{
	const char *dirs[] = { lab->dir };
	const struct ctl_places places = {
		.module_dirs = dirs, .n_module_dirs = 1, .tool_dirs = dirs, .n_tool_dirs = 1
	};

	load_recipe(lab, text);
	return ctl_modules_find(lab->recipe, &places, &lab->modules, &lab->diag);
}

/* A folder with one file beside the modules. */
static void tool(const struct lab *lab, const char *name, const char *file, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	(void)snprintf(path, sizeof(path), "%s/%s", name, file);
	add_module(lab, path, text);
}

static void command_runs_in_the_folder_of_its_tool(void **state)
{
	static const char text[] = TASK("<run host='h1' from='t' command='./go 3'/>"
					"<run host='h1' from='t' command='./go 0'/>"
					"<run host='h1' command='! test -e go'/>");
	struct lab *lab = *state;

	tool(lab, "t", "go", "#!/bin/sh\ncat data\nexit $1\n");
	tool(lab, "t", "data", "12345\n");
	assert_int_equal(run_recipe(lab, text), 0);
	verdict_is(lab, 0, CTL_VERDICT_FAIL, "exit status 3");
	verdict_is(lab, 1, CTL_VERDICT_PASS, "");
	verdict_is(lab, 2, CTL_VERDICT_PASS, "");
	assert_int_equal(lab->keeper.n_put, 2);
	assert_int_equal(lab->keeper.n_trees, 1);
	assert_true(!strncmp(lab_strbuf_str(&lab->events), "synced h1 2/2;", 14));
	assert_int_equal(run_recipe(lab, text), 0);
	assert_int_equal(lab->keeper.n_put, 2);
	tool(lab, "t", "data", "changed\n");
	assert_int_equal(run_recipe(lab, text), 0);
	assert_int_equal(lab->keeper.n_put, 3);
	assert_int_equal(lab->keeper.n_trees, 2);
	assert_true(!strncmp(lab_strbuf_str(&lab->events), "synced h1 1/2;", 14));
}

static void tool_is_set_up_once(void **state)
{
	static const char text[] =
		TASK("<run host='h1' from='t' command='test $(cat log) = once'/>");
	struct lab *lab = *state;

	tool(lab, "t", "lnst-setup.sh", "#!/bin/sh\necho once >>log\n");
	assert_int_equal(run_recipe(lab, text), 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	assert_int_equal(run_recipe(lab, text), 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	tool(lab, "t", "lnst-setup.sh",
	     "#!/bin/sh\necho compiling\necho it is broken >&2\nexit 3\n");
	assert_int_equal(run_recipe(lab, text), -EINVAL);
	assert_string_equal(lab->err.msg,
			    "host h1: tool t: lnst-setup.sh has failed: it is broken");
	tool(lab, "t", "lnst-setup.sh", "#!/bin/sh\nno-such-compiler\n");
	assert_int_equal(run_recipe(lab, text), -ENOSYS);
	assert_non_null(strstr(lab->err.msg, "no-such-compiler: not found"));
}

static void module_finds_its_tool(void **state)
{
	struct lab *lab = *state;

	tool(lab, "t", "go", "#!/bin/sh\nexit 0\n");
	add_module(lab, "M", "#!/bin/sh\n# netlab-module: tool t\nexec \"$NETLAB_TOOL_t/go\"\n");
	assert_int_equal(run_recipe(lab, TASK("<run host='h1' module='M'/>")), 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	assert_true(!strncmp(lab_strbuf_str(&lab->events), "synced h1 2/2;", 14));
}

static void missing_tools_are_named(void **state)
{
	struct lab *lab = *state;
	char path[128];

	tool(lab, "multi", "go", "#!/bin/sh\nexit 0\n");
	(void)snprintf(path, sizeof(path), "%s/empty", lab->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	add_module(lab, "M", "#!/bin/sh\n# netlab-module: tool other\n");
	assert_int_equal(find(lab, TASK("<run host='h1' from='mutli' command='x'/>"
					"<run host='h1' from='mutli' command='x'/>"
					"<run host='h1' from='../x' command='x'/>"
					"<run host='h1' from='empty' command='x'/>"
					"<run host='h1' module='M'/>")),
			 -ENOENT);
	assert_int_equal(lab->diag.n_errors, 4);
	assert_string_equal(lab->diag.items[0].msg,
			    "there is no tool 'mutli'; did you mean 'multi'?");
	assert_string_equal(lab->diag.items[1].msg, "'../x' cannot be the name of a tool");
	assert_non_null(strstr(lab->diag.items[2].msg, "/empty: an empty folder"));
	assert_non_null(strstr(lab->diag.items[3].msg, "there is no tool 'other' in /tmp/"));
	tool(lab, "link", "go", "#!/bin/sh\nexit 0\n");
	(void)snprintf(path, sizeof(path), "%s/link/out", lab->dir);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(find(lab, TASK("<run host='h1' from='link' command='x'/>")), -EINVAL);
	assert_non_null(strstr(lab->diag.items[0].msg, "out: a symbolic link out of the folder"));
}

#define LAB_TEST(f) cmocka_unit_test_setup_teardown(f, run_lab_setup, run_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(command_runs_in_the_folder_of_its_tool),
		LAB_TEST(tool_is_set_up_once),
		LAB_TEST(module_finds_its_tool),
		LAB_TEST(missing_tools_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
