/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_cgroup.c - unit tests of netlab/ns/cgroup.h: which hierarchies, which place, and what is removed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/ns/cgroup.h"
#include "tests/unit/scratch.h"

#define BOTH (LAB_CGROUP_MEMORY | LAB_CGROUP_CPU)

static int locate(const char *mounts, const char *own, unsigned int controllers,
		  struct lab_cgroups *ret, struct lab_err *err)
{
	char *text = strdup(mounts);
	int r;

	assert_non_null(text);
	r = lab_cgroups_locate(text, own, controllers, ret, err);
	free(text);
	return r;
}

static void version_2_has_one_group_for_all(LAB_UNUSED void **state)
{
	struct lab_cgroups cgs;

	assert_int_equal(
		locate("24 1 0:22 / /proc rw - proc proc rw\n"
		       "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
		       "0::/user.slice/user-0.slice/session-1.scope\n", BOTH, &cgs, NULL),
		0);
	assert_int_equal(cgs.n, 1);
	assert_true(cgs.list[0].v2);
	assert_int_equal(cgs.list[0].controllers, BOTH);
	assert_string_equal(cgs.list[0].parent,
			    "/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope");
	assert_int_equal(cgs.list[0].fd, -1);
}

static void version_1_has_one_for_each_hierarchy(LAB_UNUSED void **state)
{
	struct lab_cgroups cgs;

	assert_int_equal(
		locate("31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
		       "32 30 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
		       "33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		       "34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
		       "5:cpuset:/\n4:memory:/a/b\n3:cpu,cpuacct:/c\n1:name=systemd:/d\n0::/e\n",
		       BOTH, &cgs, NULL),
		0);
	assert_int_equal(cgs.n, 2);
	assert_int_equal(cgs.list[0].controllers, LAB_CGROUP_CPU);
	assert_string_equal(cgs.list[0].parent, "/sys/fs/cgroup/cpu,cpuacct/c");
	assert_int_equal(cgs.list[1].controllers, LAB_CGROUP_MEMORY);
	assert_string_equal(cgs.list[1].parent, "/sys/fs/cgroup/memory/a/b");
	assert_false(cgs.list[0].v2 || cgs.list[1].v2);
}

static void what_version_1_has_not_version_2_takes(LAB_UNUSED void **state)
{
	struct lab_cgroups cgs;

	assert_int_equal(locate("33 30 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n"
				"34 30 0:30 / /cg/unified rw - cgroup2 cgroup2 rw\n",
				"4:memory:/\n0::/\n", BOTH, &cgs, NULL),
			 0);
	assert_int_equal(cgs.n, 2);
	assert_string_equal(cgs.list[0].parent, "/cg/memory");
	assert_true(cgs.list[1].v2);
	assert_int_equal(cgs.list[1].controllers, LAB_CGROUP_CPU);
	assert_string_equal(cgs.list[1].parent, "/cg/unified");
}

static void only_what_is_needed_is_looked_for(LAB_UNUSED void **state)
{
	struct lab_cgroups cgs;

	assert_int_equal(locate("33 30 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n",
				"4:memory:/\n", LAB_CGROUP_MEMORY, &cgs, NULL),
			 0);
	assert_int_equal(cgs.n, 1);
}

static void to_freeze_takes_version_2(LAB_UNUSED void **state)
{
	struct lab_cgroups cgs;
	struct lab_err err;

	assert_int_equal(locate("33 30 0:29 / /cg/freezer rw - cgroup cgroup rw,freezer\n"
				"34 30 0:30 / /cg/unified rw - cgroup2 cgroup2 rw\n",
				"4:freezer:/a\n0::/b\n", LAB_CGROUP_FREEZER, &cgs, NULL),
			 0);
	assert_int_equal(cgs.n, 1);
	assert_true(cgs.list[0].v2);
	assert_string_equal(cgs.list[0].parent, "/cg/unified/b");
	/* Version 1 where there is no other. */
	assert_int_equal(locate("33 30 0:29 / /cg/freezer rw - cgroup cgroup rw,freezer\n"
				"35 30 0:31 / /cg/pids rw - cgroup cgroup rw,pids\n",
				"4:freezer:/a\n", LAB_CGROUP_FREEZER | LAB_CGROUP_PIDS, &cgs, NULL),
			 0);
	assert_int_equal(cgs.n, 2);
	assert_int_equal(cgs.list[0].controllers, LAB_CGROUP_PIDS);
	assert_int_equal(cgs.list[1].controllers, LAB_CGROUP_FREEZER);
	assert_false(cgs.list[1].v2);
	assert_string_equal(cgs.list[1].parent, "/cg/freezer/a");
	assert_int_equal(locate("24 1 0:22 / /proc rw - proc proc rw\n", "", LAB_CGROUP_FREEZER,
				&cgs, &err),
			 -ENOSYS);
	assert_string_equal(
		err.msg,
		"to freeze a host takes cgroups, and no hierarchy that can freeze is mounted: mount -t cgroup2 none"
		" /sys/fs/cgroup [ENOSYS]");
}

static void one_of_version_2_does_all(LAB_UNUSED void **state)
{
	struct lab_cgroups cgs = { .n = 2 };

	cgs.list[0] = (struct lab_cgroup){ .controllers = LAB_CGROUP_MEMORY };
	cgs.list[1] = (struct lab_cgroup){ .controllers = LAB_CGROUP_CPU, .v2 = true };
	assert_ptr_equal(lab_cgroups_which(&cgs, LAB_CGROUP_MEMORY), &cgs.list[0]);
	assert_ptr_equal(lab_cgroups_which(&cgs, LAB_CGROUP_FREEZER), &cgs.list[1]);
	assert_null(lab_cgroups_which(&cgs, LAB_CGROUP_PIDS));
}

/* A container without a cgroup namespace sees its part of the hierarchy at the mount, and the whole path in /proc. */
static void a_mount_may_show_a_part(LAB_UNUSED void **state)
{
	struct lab_cgroups cgs;

	assert_int_equal(locate("33 30 0:29 /docker/12 /cg\\040x rw - cgroup cgroup rw,memory\n",
				"4:memory:/docker/12/in\n", LAB_CGROUP_MEMORY, &cgs, NULL),
			 0);
	assert_string_equal(cgs.list[0].parent, "/cg x/in");
	assert_int_equal(locate("33 30 0:29 /docker/12 /cg rw - cgroup cgroup rw,memory\n",
				"4:memory:/docker/123\n", LAB_CGROUP_MEMORY, &cgs, NULL),
			 0);
	assert_string_equal(cgs.list[0].parent, "/cg");
	assert_int_equal(locate("33 30 0:29 / /cg rw - cgroup cgroup rw,memory\n",
				"4:memory:/../outside\n", LAB_CGROUP_MEMORY, &cgs, NULL),
			 0);
	assert_string_equal(cgs.list[0].parent, "/cg");
}

static void a_missing_controller_is_named(LAB_UNUSED void **state)
{
	struct lab_cgroups cgs;
	struct lab_err err;

	assert_int_equal(locate("33 30 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n\nnonsense\n",
				"4:memory:/\n", BOTH, &cgs, &err),
			 -ENOSYS);
	assert_string_equal(
		err.msg,
		"a limit of cpus needs the cgroup controller cpu, and no hierarchy that has it is mounted: mount -t"
		" cgroup2 none /sys/fs/cgroup [ENOSYS]");
}

/* --- limits ----------------------------------------------------------------------------------- */

static void check_text(uint64_t bytes, uint32_t milli, const char *expected)
{
	struct lab_limits limits = { .memory_bytes = bytes, .cpus_milli = milli };
	char buf[LAB_LIMITS_FORMAT_LEN];

	assert_string_equal(lab_limits_format(&limits, buf), expected);
}

static void check_pids(void)
{
	const struct lab_limits limits = { INT64_MAX, UINT32_MAX, UINT32_MAX };
	char buf[LAB_LIMITS_FORMAT_LEN];

	assert_string_equal(lab_limits_format(&(struct lab_limits){ .pids = 64 }, buf), "pids 64");
	assert_string_equal(lab_limits_format(&limits, buf),
			    "memory 9223372036854775807 pids 4294967295 cpus 4294967.295");
}

static void limits_as_text(LAB_UNUSED void **state)
{
	check_text(0, 0, "");
	check_text(UINT64_C(256) << 20, 0, "memory 256MiB");
	check_text(UINT64_C(3) << 30, 500, "memory 3GiB cpus 0.5");
	check_text(UINT64_C(2) << 40, 0, "memory 2048GiB");
	check_text(1000000, 0, "memory 1000000");
	check_text(0, 2000, "cpus 2");
	check_text(0, 1010, "cpus 1.01");
	check_text(0, LAB_LIMIT_CPUS_MAX, "cpus 1000");
	check_pids();
	check_text(INT64_MAX, UINT32_MAX, "memory 9223372036854775807 cpus 4294967.295");
}

static void limits_need_controllers(LAB_UNUSED void **state)
{
	assert_int_equal(lab_limits_controllers(&(struct lab_limits){ 0 }), 0);
	assert_int_equal(lab_limits_controllers(&(struct lab_limits){ .memory_bytes = 1 }),
			 LAB_CGROUP_MEMORY);
	assert_int_equal(lab_limits_controllers(&(struct lab_limits){ 1, 1, 0 }), BOTH);
	assert_int_equal(lab_limits_controllers(&(struct lab_limits){ .pids = 9 }),
			 LAB_CGROUP_PIDS);
}

/* --- groups: here plain directories, without the files of the kernel ----------------------------- */

static char folder[SCRATCH_STRLEN];

static int set_up(void **state)
{
	scratch_make(folder);
	*state = folder;
	return 0;
}

static int tear_down(LAB_UNUSED void **state)
{
	scratch_remove(folder);
	return 0;
}

static struct lab_cgroups in_folder(const char *dir)
{
	struct lab_cgroups cgs = { .n = 1 };
	struct lab_cgroup *cg = &cgs.list[0];

	*cg = (struct lab_cgroup){ .controllers = BOTH, .fd = -1 };
	(void)snprintf(cg->parent, sizeof(cg->parent), "%s", dir);
	(void)snprintf(cg->name, sizeof(cg->name), "netlab.x.00000001");
	cg->parent_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(cg->parent_fd >= 0);
	return cgs;
}

static bool is_there(const char *dir, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void groups_are_made_and_removed(void **state)
{
	const struct lab_limits none = { 0 }, memory = { .memory_bytes = 1u << 30 };
	struct lab_cgroups cgs = in_folder(*state);
	struct lab_err err;

	assert_int_equal(lab_cgroups_make(&cgs, &err), 0);
	assert_int_equal(lab_cgroups_add_host(&cgs, "h0", &none, &err), 0);
	assert_false(is_there(*state, "netlab.x.00000001/host.h0"));
	/* The kernel would have put its files there. */
	assert_int_equal(lab_cgroups_add_host(&cgs, "h1", &memory, &err), -ENOSYS);
	assert_string_equal(
		err.msg,
		"memory 1GiB: this kernel's cgroups have no such limit (CONFIG_MEMCG) [ENOSYS]");
	assert_true(is_there(*state, "netlab.x.00000001/host.h1"));
	assert_int_equal(lab_cgroups_add_host(&cgs, "h1", &memory, &err), -EEXIST);
	assert_int_equal(lab_cgroups_remove(&cgs), 0);
	assert_false(is_there(*state, "netlab.x.00000001"));
	assert_int_equal(lab_cgroups_remove(&cgs), 0);
	lab_cgroups_close(&cgs);
}

static void a_group_that_is_there_is_not_taken(void **state)
{
	struct lab_cgroups cgs = in_folder(*state);
	struct lab_err err;

	assert_int_equal(mkdirat(cgs.list[0].parent_fd, cgs.list[0].name, 0755), 0);
	assert_int_equal(lab_cgroups_make(&cgs, &err), -EEXIST);
	assert_int_equal(lab_cgroups_remove(&cgs), 0);
	lab_cgroups_close(&cgs);
}

static void a_journal_removes_ours_and_nothing_else(void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct lab_cgroups cgs = in_folder(*state);
	int fd = cgs.list[0].parent_fd;

	assert_int_equal(lab_cgroups_make(&cgs, NULL), 0);
	assert_int_equal(mkdirat(cgs.list[0].fd, "host.h1", 0755), 0);
	assert_int_equal(mkdirat(fd, "theirs", 0755), 0);
	lab_cgroups_journal(&cgs, &sb);
	lab_strbuf_printf(&sb, "%s/theirs\nrelative/netlab.x\n\n", (char *)*state);
	assert_int_equal(lab_cgroups_sweep(sb.data), 0);
	assert_false(is_there(*state, "netlab.x.00000001"));
	assert_true(is_there(*state, "theirs"));
	lab_strbuf_fini(&sb);
	lab_cgroups_close(&cgs);
}

static void a_hierarchy_that_is_hidden_is_not_taken_for_empty(void **state)
{
	char journal[2 * SCRATCH_STRLEN];

	/* It is no cgroup file system, so nobody knows. */
	(void)snprintf(journal, sizeof(journal), "%s/gone/netlab.x.1\n", (char *)*state);
	assert_int_equal(lab_cgroups_sweep(journal), -ENOENT);
}

static void what_is_in_use_stays(void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct lab_cgroups cgs = in_folder(*state);

	assert_int_equal(lab_cgroups_make(&cgs, NULL), 0);
	assert_int_equal(mkdirat(cgs.list[0].fd, "not-ours", 0755), 0);
	lab_cgroups_journal(&cgs, &sb);
	assert_true(lab_cgroups_remove(&cgs) < 0);
	assert_true(lab_cgroups_sweep(sb.data) < 0);
	assert_true(is_there(*state, "netlab.x.00000001/not-ours"));
	lab_strbuf_fini(&sb);
	lab_cgroups_close(&cgs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2_has_one_group_for_all),
		cmocka_unit_test(version_1_has_one_for_each_hierarchy),
		cmocka_unit_test(what_version_1_has_not_version_2_takes),
		cmocka_unit_test(only_what_is_needed_is_looked_for),
		cmocka_unit_test(to_freeze_takes_version_2),
		cmocka_unit_test(one_of_version_2_does_all),
		cmocka_unit_test(a_mount_may_show_a_part),
		cmocka_unit_test(a_missing_controller_is_named),
		cmocka_unit_test(limits_as_text),
		cmocka_unit_test(limits_need_controllers),
		cmocka_unit_test_setup_teardown(groups_are_made_and_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_group_that_is_there_is_not_taken, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_journal_removes_ours_and_nothing_else, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_hierarchy_that_is_hidden_is_not_taken_for_empty,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_in_use_stays, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
