/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_journal.c - unit tests of netlab/backend/journal.h: lines, their order, what is refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "netlab/backend/journal.h"
#include "netlab/base/util.h"
#include "netlab/ns/cgroup_tree.h"
#include "tests/unit/scratch.h"

static char scratch[SCRATCH_STRLEN];
static struct lab_engine engine = { .lab = (char[]){ "lab" }, .dir = scratch };

static int setup(void **state)
{
	(void)state;
	scratch_make(scratch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(scratch);
	return 0;
}

static char *text(void)
{
	static char buf[8192];
	char path[SCRATCH_STRLEN + 16];
	cleanup_close int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/journal", scratch);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, buf, sizeof(buf) - 1);
	buf[n] = '\0';
	return buf;
}

static void lines_are_appended(void **state)
{
	struct lab_err err;

	(void)state;
	assert_int_equal(lab_journal_add(&engine, &err, "lab %d 7", 12), 0);
	assert_int_equal(lab_journal_add(&engine, &err, "cgroups netlab.x"), 0);
	assert_string_equal(text(), "lab 12 7\ncgroups netlab.x\n");
}

static void a_line_is_one_line(void **state)
{
	struct lab_err err;
	char longer[5000];

	(void)state;
	assert_int_equal(lab_journal_add(&engine, &err, "podman a\nb"), -EINVAL);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(lab_journal_add(&engine, &err, "podman %s", longer), -EINVAL);
	assert_string_equal(text(), "");
}

static void what_is_undone_is_removed(void **state)
{
	struct lab_err err;

	(void)state;
	assert_int_equal(lab_journal_undo(&engine, &err), 0); /* there is none */
	assert_int_equal(lab_journal_add(&engine, &err, "lab 1 7"), 0);
	assert_int_equal(lab_journal_add(&engine, &err, "cgroups netlab.no-such-group"), 0);
	assert_int_equal(lab_journal_undo(&engine, &err), 0);
	assert_string_equal(text(), "");
}

static void what_cannot_be_undone_stays(void **state)
{
	struct lab_err err;

	(void)state;
	assert_int_equal(lab_journal_add(&engine, &err, "podman unix:///nowhere/s lab 12345678 h1"),
			 0);
	assert_int_equal(lab_journal_add(&engine, &err, "cgroups netlab.no-such-group"), 0);
	assert_int_equal(lab_journal_undo(&engine, &err), -ECONNREFUSED);
	assert_string_equal(
		err.msg,
		"podman: cannot connect to /nowhere/s: No such file or directory [ENOENT]");
	assert_string_equal(
		text(), "podman unix:///nowhere/s lab 12345678 h1\ncgroups netlab.no-such-group\n");
}

static char removed[64];

int __wrap_rmdir(const char *path)
{
	(void)snprintf(removed, sizeof(removed), "%s", path);
	return 0;
}

static void a_backend_undoes_its_line(void **state)
{
	char line[] = "podman empty /var/lib/containers/cache", other[] = "podman empty /tmp";
	char *lines[] = { line };
	struct lab_err err;

	(void)state;
	memset(&err, 'x', sizeof(err)); /* nobody looks into it */
	assert_int_equal(lab_journal_sweep(lines, 1, &err), 0);
	assert_string_equal(removed, "/var/lib/containers/cache");
	lines[0] = other;
	assert_int_equal(lab_journal_sweep(lines, 1, &err), -EINVAL);
	assert_string_equal(err.msg, "podman: \"/tmp\" is no line of a journal");
}

static void refused(const char *line, const char *message)
{
	char copy[256];
	char *lines[] = { copy };
	struct lab_err err;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	assert_int_equal(lab_journal_sweep(lines, 1, &err), -EINVAL);
	assert_string_equal(err.msg, message);
}

static void what_is_no_line_is_refused(void **state)
{
	(void)state;
	refused("", "\"\" is no line of a journal");
	refused("cgroups", "\"cgroups\" is no line of a journal");
	refused("cgroups system.slice", "\"system.slice\" is no cgroup of a lab");
	refused("cgroups netlab.a/../b", "\"netlab.a/../b\" is no cgroup of a lab");
	refused("nspawn x", "\"nspawn x\" is no line of a journal");
	refused("dokcer x", "\"dokcer x\" is no line of a journal");
	refused("podman unix:///s lab", "podman: \"unix:///s lab\" is no line of a journal");
	refused("podman ftp://s lab 12345678 h1",
		"podman: podman_uri \"ftp://s\" must be unix:///path, tcp://host:port or https://host:port");
	refused("lab x", "\"lab x\" is no line of a journal");
}

static void a_process_that_has_ended_is_not_waited_for(void **state)
{
	char line[64];
	char *lines[] = { line };
	struct lab_err err;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	/* Another one has its number by now. */
	(void)snprintf(line, sizeof(line), "lab %d 1", (int)pid);
	assert_int_equal(lab_journal_sweep(lines, 1, &err), 0);
	/* Itself, a moment after it was killed. */
	(void)snprintf(line, sizeof(line), "lab %d %llu", (int)pid,
		       (unsigned long long)lab_journal_started(pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(lab_journal_sweep(lines, 1, &err), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lab_journal_sweep(lines, 1, &err), 0);
}

static void the_start_of_a_process_is_known(void **state)
{
	(void)state;
	assert_true(lab_journal_started(getpid()) > 0);
	assert_int_equal(lab_journal_started(getpid()), lab_journal_started(getpid()));
	assert_int_equal(lab_journal_started(INT32_MAX), 0);
}

static void groups_have_our_names(void **state)
{
	(void)state;
	assert_true(lab_cgroup_tree_name("netlab.lab.12345678"));
	assert_false(lab_cgroup_tree_name("netlab"));
	assert_false(lab_cgroup_tree_name("netlab."));
	assert_false(lab_cgroup_tree_name("netlab..."));
	assert_false(lab_cgroup_tree_name("netlab.a/b"));
	assert_false(lab_cgroup_tree_name("system.slice"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_appended),
		TEST(a_line_is_one_line),
		TEST(what_is_undone_is_removed),
		TEST(what_cannot_be_undone_stays),
		cmocka_unit_test(a_backend_undoes_its_line),
		cmocka_unit_test(what_is_no_line_is_refused),
		cmocka_unit_test(a_process_that_has_ended_is_not_waited_for),
		cmocka_unit_test(the_start_of_a_process_is_known),
		cmocka_unit_test(groups_have_our_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
