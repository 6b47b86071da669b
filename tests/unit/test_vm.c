/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_vm.c - unit tests of netlab/vm: the archive, the job, the kernels that are here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/vm/cpio.h"
#include "netlab/vm/kernels.h"
#include "netlab/vm/vm_internal.h"
#include "tests/unit/scratch.h"

static char dir[SCRATCH_STRLEN];

static int set_up(void **state LAB_UNUSED)
{
	scratch_make(dir);
	return setenv("NETLAB_KERNELS", dir, 1);
}

static int tear_down(void **state LAB_UNUSED)
{
	scratch_remove(dir);
	return unsetenv("NETLAB_KERNELS");
}

static void touch(const char *file, const char *name)
{
	char path[2 * SCRATCH_STRLEN];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_return_code(mkdir(path, 0755), errno);
	(void)snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_return_code(fd, errno);
	(void)close(fd);
}

static void kernel(const char *version)
{
	touch("vmlinux", version);
}

/* --- the archive --- */

/* Thirteen fields of eight digits behind the magic. */
static void expect_header(const char *got, const char *mode, const char *size, const char *name_len)
{
	static const char zero[] = "00000000";
	const char *const fields[] = { zero, mode, zero, zero, "00000001", zero, size,
				       zero, zero, zero, zero, name_len,   zero };
	size_t i;

	assert_memory_equal(got, "070701", 6);
	for (i = 0; i < LAB_ARRAY_SIZE(fields); i++)
		assert_memory_equal(got + 6 + 8 * i, fields[i], 8);
}

static void an_archive_is_newc_byte_by_byte(LAB_UNUSED void **state)
{
	cleanup_close int fd = memfd_create("test", MFD_CLOEXEC);
	char got[1024];

	assert_int_equal(lab_cpio_dir(fd, "m"), 0);
	assert_int_equal(lab_cpio_data(fd, "job", "abc", 3), 0);
	assert_int_equal(lab_cpio_end(fd), 0);
	assert_int_equal(pread(fd, got, sizeof(got), 0), 112 + 116 + 4 + 124);
	expect_header(got, "000041ED", "00000000", "00000002");
	assert_memory_equal(got + 110, "m", 2);
	expect_header(got + 112, "000081ED", "00000003", "00000004");
	assert_memory_equal(got + 112 + 110, "job\0\0\0abc", 10);
	assert_memory_equal(got + 112 + 116 + 4 + 110, "TRAILER!!!\0\0\0", 14);
}

static void a_file_that_is_none_is_refused(LAB_UNUSED void **state)
{
	cleanup_close int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(lab_cpio_file(fd, "x", "/nonexistent"), -ENOENT);
	assert_int_equal(lab_cpio_file(fd, "x", "/dev/null"), -EINVAL);
}

/* --- the job --- */

/* The job with a '\n' for each NUL. */
static char *job_text(const struct lab_vm_params *params)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char *text;
	size_t i;

	assert_int_equal(lab_vm_job(params, &sb), 0);
	for (i = 0; i < sb.len; i++)
		sb.data[i] = (char)(sb.data[i] ? sb.data[i] : '\n');
	assert_int_equal(lab_strbuf_take(&sb, &text), 0);
	return text;
}

static void a_job_is_pairs_of_key_and_value(LAB_UNUSED void **state)
{
	char *const argv[] = { (char *)"true", (char *)"a b", NULL };
	char *const envp[] = { (char *)"A=1", NULL };
	const char *const shares[] = { "/srv", "/opt" };
	const struct lab_vm_params params = {
		.kernel = "/k",
		.cwd = "/",
		.argv = argv,
		.envp = envp,
		.shares = shares,
		.n_shares = 2,
	};
	cleanup_free char *text = job_text(&params);

	assert_string_equal(text, "kernel\n/k\ncwd\n/\nshare\n/srv\nshare\n/opt\nenv\nA=1\n"
				  "arg\ntrue\narg\na b\n");
}

static void files_in_volatile_folders_are_kept_once(LAB_UNUSED void **state)
{
	char file[2 * SCRATCH_STRLEN], option[3 * SCRATCH_STRLEN], want[8 * SCRATCH_STRLEN];
	char *const argv[] = { file, option, (char *)"/etc/passwd", (char *)"no such file", NULL };
	char *const envp[] = { NULL };
	const struct lab_vm_params params = {
		.kernel = "/k",
		.cwd = "/",
		.argv = argv,
		.envp = envp,
	};
	cleanup_free char *text = NULL, *real = NULL;

	if (strncmp(dir, "/tmp/", 5) != 0 && strncmp(dir, "/var/tmp/", 9) != 0)
		skip();
	kernel("sub");
	(void)snprintf(file, sizeof(file), "%s/sub/vmlinux", dir);
	(void)snprintf(option, sizeof(option), "--module-dir=%s", dir);
	text = job_text(&params);
	real = realpath(dir, NULL);
	/* The folder of the option holds the folder of the file. */
	(void)snprintf(want, sizeof(want),
		       "kernel\n/k\ncwd\n/\nkeep\n%s\narg\n%s\narg\n%s\narg\n/etc/passwd\n"
		       "arg\nno such file\n",
		       real, file, option);
	assert_string_equal(text, want);
}

/* --- the kernels that are here --- */

static void kernels_are_listed_newest_first(LAB_UNUSED void **state)
{
	struct lab_kernel *list = NULL;
	size_t n = 0;

	kernel("6.1.0-9-amd64");
	kernel("6.1.0-56-amd64");
	kernel("6.12.1+deb12-amd64");
	kernel(".new.x");
	touch("other", "6.5.0-broken");
	assert_int_equal(lab_kernels_list(&list, &n), 0);
	assert_true(n >= 3);
	assert_string_equal(list[0].version, "6.12.1+deb12-amd64");
	assert_string_equal(list[1].version, "6.1.0-56-amd64");
	assert_string_equal(list[2].version, "6.1.0-9-amd64");
	lab_kernels_free(list, n);
}

static void expect_found(const char *name, const char *version)
{
	cleanup_free char *path = NULL;
	struct lab_err err;

	assert_int_equal(lab_kernel_find(name, &path, &err), 0);
	assert_string_equal(strrchr(path, '/') + 1, version);
}

static void a_kernel_is_found_by_the_beginning_of_its_version(LAB_UNUSED void **state)
{
	char path[2 * SCRATCH_STRLEN];

	kernel("7.1.0-9-amd64");
	kernel("7.1.0-56-amd64");
	kernel("7.12.1-amd64");
	expect_found("7.1", "7.1.0-56-amd64");
	expect_found("7", "7.12.1-amd64");
	expect_found("7.1.0-9-amd64", "7.1.0-9-amd64");
	(void)snprintf(path, sizeof(path), "%s/7.1.0-9-amd64", dir);
	expect_found(path, "7.1.0-9-amd64");
}

static void a_kernel_that_is_not_here_is_named_with_what_to_do(LAB_UNUSED void **state)
{
	char path[2 * SCRATCH_STRLEN], want[4 * SCRATCH_STRLEN];
	cleanup_free char *found = NULL;
	struct lab_err err;

	assert_int_equal(lab_kernel_find("5.5", &found, &err), -ENOSYS);
	assert_non_null(strstr(err.msg, "kernel 5.5 is not here"));
	assert_non_null(strstr(err.msg, ": netlab kernel fetch 5.5"));
	touch("other", "folder");
	(void)snprintf(path, sizeof(path), "%s/folder", dir);
	(void)snprintf(want, sizeof(want),
		       "kernel '%s': the folder has no vmlinux: make one with netlab kernel fetch",
		       path);
	assert_int_equal(lab_kernel_find(path, &found, &err), -ENOSYS);
	assert_string_equal(err.msg, want);
	assert_int_equal(lab_kernel_find("/nonexistent/", &found, &err), -ENOSYS);
	assert_null(found);
}

static void the_folder_of_kernels_follows_the_environment(LAB_UNUSED void **state)
{
	cleanup_free char *path = NULL, *other = NULL;

	assert_int_equal(lab_kernels_dir(&path), 0);
	assert_string_equal(path, dir);
	assert_int_equal(unsetenv("NETLAB_KERNELS"), 0);
	assert_int_equal(lab_kernels_dir(&other), 0);
	if (geteuid() == 0)
		assert_string_equal(other, "/var/cache/netlab/kernels");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_archive_is_newc_byte_by_byte),
		cmocka_unit_test(a_file_that_is_none_is_refused),
		cmocka_unit_test(a_job_is_pairs_of_key_and_value),
		cmocka_unit_test_setup_teardown(files_in_volatile_folders_are_kept_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(kernels_are_listed_newest_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_kernel_is_found_by_the_beginning_of_its_version,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_kernel_that_is_not_here_is_named_with_what_to_do,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_folder_of_kernels_follows_the_environment,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
