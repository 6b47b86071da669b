/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_config.c - unit tests of netlab/cli/config.h: pools by name, netlab's files and LNST's */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"
#include "netlab/cli/config.h"
#include "tests/unit/scratch.h"

static struct lab_config cfg;

static int tear_down(LAB_UNUSED void **state)
{
	lab_config_fini(&cfg);
	return 0;
}

static void check_said(const char *file, const char *text, bool foreign, const char *expected)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	char *copy = strdup(text);
	int r;

	assert_non_null(copy);
	r = lab_config_parse(&cfg, file, copy, foreign, &diag);
	assert_int_equal(r, *expected ? -EINVAL : 0);
	ctl_diag_format(&diag, &sb);
	assert_string_equal(lab_strbuf_str(&sb), expected);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
	free(copy);
}

static void check_pool(size_t i, const char *name, const char *dir)
{
	assert_true(i < cfg.n_pools);
	assert_string_equal(cfg.pools[i].name, name);
	assert_string_equal(cfg.pools[i].dir, dir);
}

static void pools_have_folders(LAB_UNUSED void **state)
{
	assert_int_equal(setenv("HOME", "/home/u", 1), 0);
	check_said(
		"/etc/netlab/config",
		"# comment\n\n; another\n[pools]\n  lab = /srv/pool \r\nnear=pool\nmine = ~/p\n[ pools ]\nlast = a b=c",
		false, "");
	assert_int_equal(cfg.n_pools, 4);
	check_pool(0, "lab", "/srv/pool");
	check_pool(1, "near", "/etc/netlab/pool");
	check_pool(2, "mine", "/home/u/p");
	check_pool(3, "last", "/etc/netlab/a b=c");
}

static void a_later_file_wins(LAB_UNUSED void **state)
{
	check_said("a", "[pools]\nx = /1\ny = /2\n", false, "");
	check_said("b", "[pools]\nx = 3\n", false, "");
	assert_int_equal(cfg.n_pools, 2);
	check_pool(0, "x", "3");
	check_pool(1, "y", "/2");
}

static void errors_have_their_place(LAB_UNUSED void **state)
{
	check_said(
		"c",
		"x = y\n[pool]\n[security]\n[pools]\n  word\na =\n = b\n[pools\na/b = c\nd = /e\nd = /f\n",
		false,
		"c:1:1: error: \"x = y\" is in no section; write [pools] first\n"
		"c:2:1: error: unknown section [pool]; did you mean [pools]?\n"
		"c:3:1: error: unknown section [security]; there is [pools]\n"
		"c:5:3: error: \"word\" is not: name = folder\n"
		"c:6:1: error: a folder is missing: name = folder\n"
		"c:7:2: error: \"= b\" is not: name = folder\n"
		"c:8:1: error: \"[pools\" is no section; write [pools]\n"
		"c:9:1: error: \"a/b\": the name of a pool has no slash, as --pool takes a folder that has one\n"
		"c:11:1: error: pool d is in this file already\n");
}

static void lnsts_file_has_more(LAB_UNUSED void **state)
{
	check_said(
		"/l/lnst-ctl.conf",
		"[environment]\nmac_pool_range = 52:54:01:00:00:01 52:54:01:FF:FF:FF\nrpcport = 9999\n[pools]\n"
		"default = pool\nmore += /m\ndefault = /other\n[security]\nidentity = x\n",
		true, "");
	assert_int_equal(cfg.n_pools, 2);
	check_pool(0, "default", "/other");
	check_pool(1, "more", "/m");
}

static void files_are_read_in_turn(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	char dir[SCRATCH_STRLEN], path[SCRATCH_STRLEN + 32];
	FILE *f;

	scratch_make(dir);
	assert_int_equal(setenv("XDG_CONFIG_HOME", dir, 1), 0);
	assert_int_equal(lab_config_read(&cfg, NULL, &diag), 0);
	(void)snprintf(path, sizeof(path), "%s/netlab", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/netlab/config", dir);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs("[pools]\nmine-in-test = pool\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(lab_config_read(&cfg, NULL, &diag), 0);
	assert_true(cfg.n_pools > 0);
	(void)snprintf(path, sizeof(path), "%s/netlab/pool", dir);
	check_pool(cfg.n_pools - 1, "mine-in-test", path);
	(void)snprintf(path, sizeof(path), "%s/gone", dir);
	assert_int_equal(lab_config_read(&cfg, path, &diag), -EINVAL);
	ctl_diag_format(&diag, &sb);
	assert_non_null(
		strstr(lab_strbuf_str(&sb),
		       "/gone: error: cannot be read: No such file or directory [ENOENT]\n"));
	scratch_remove(dir);
	lab_strbuf_fini(&sb);
	ctl_diag_fini(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(pools_have_folders, tear_down),
		cmocka_unit_test_teardown(a_later_file_wins, tear_down),
		cmocka_unit_test_teardown(errors_have_their_place, tear_down),
		cmocka_unit_test_teardown(lnsts_file_has_more, tear_down),
		cmocka_unit_test_teardown(files_are_read_in_turn, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
