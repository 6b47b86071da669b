/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_overlay.c - unit tests of netlab/ns/overlay.c: layers put on trees and on other layers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/util.h"
#include "netlab/ns/overlay.h"

static char dir[] = "/var/tmp/netlab-test-overlay.XXXXXX";

static int make_dir(const char *name)
{
	int fd;

	assert_int_equal(mkdir(name, 0755), 0);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void write_file(int at, const char *name, const char *text)
{
	cleanup_close int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void has_file(int at, const char *name, const char *text)
{
	cleanup_close int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	char buf[64] = "";

	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, sizeof(buf) - 1), strlen(text));
	assert_string_equal(buf, text);
}

static bool has_whiteout(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(0, 0);
}

static void make_opaque(int at, const char *name)
{
	cleanup_close int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
		assert_int_equal(fsetxattr(fd, "user.overlay.opaque", "y", 1, 0), 0);
}

static bool is_opaque(int at, const char *name)
{
	cleanup_close int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && lab_overlay_is_opaque(fd);
}

/* What each test has: @tree with files below, and @layer that changes them. */
struct two {
	int tree, layer;
};

static int make_two(void **state)
{
	struct two *two = calloc(1, sizeof(*two));

	assert_non_null(two);
	two->tree = make_dir("tree");
	two->layer = make_dir("layer");
	write_file(two->tree, "kept", "1");
	write_file(two->tree, "changed", "1");
	write_file(two->tree, "gone", "1");
	assert_int_equal(mkdirat(two->tree, "dir", 0700), 0);
	write_file(two->tree, "dir/kept", "1");
	assert_int_equal(mkdirat(two->tree, "new", 0755), 0);
	write_file(two->tree, "new/hidden", "1");
	write_file(two->layer, "changed", "22");
	assert_int_equal(mknodat(two->layer, "gone", S_IFCHR, makedev(0, 0)), 0);
	assert_int_equal(mkdirat(two->layer, "dir", 0755), 0);
	write_file(two->layer, "dir/added", "2");
	assert_int_equal(mkdirat(two->layer, "new", 0755), 0);
	make_opaque(two->layer, "new");
	write_file(two->layer, "new/file", "2");
	*state = two;
	return 0;
}

static int drop_two(void **state)
{
	struct two *two = *state;

	close_fd(&two->tree);
	close_fd(&two->layer);
	free(two);
	(void)lab_files_remove(AT_FDCWD, "tree");
	(void)lab_files_remove(AT_FDCWD, "layer");
	return 0;
}

static void a_layer_changes_a_tree(void **state)
{
	struct two *two = *state;
	struct lab_err err;
	struct stat st;

	assert_int_equal(lab_overlay_put(two->layer, two->tree, 0, NULL, &err), 0);
	has_file(two->tree, "kept", "1");
	has_file(two->tree, "changed", "22");
	has_file(two->tree, "dir/kept", "1");
	has_file(two->tree, "dir/added", "2");
	has_file(two->tree, "new/file", "2");
	assert_int_equal(faccessat(two->tree, "gone", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(faccessat(two->tree, "new/hidden", F_OK, 0), -1);
	assert_false(is_opaque(two->tree, "new"));
	assert_int_equal(fstatat(two->tree, "dir", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(fstatat(two->tree, "changed", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void a_layer_on_a_layer_hides_as_much(void **state)
{
	struct two *two = *state;
	struct lab_err err;

	assert_int_equal(mknodat(two->tree, "dir2", S_IFCHR, makedev(0, 0)), 0);
	assert_int_equal(mkdirat(two->layer, "dir2", 0755), 0);
	assert_int_equal(lab_overlay_put(two->layer, two->tree, LAB_OVERLAY_LAYER, NULL, &err), 0);
	assert_true(has_whiteout(two->tree, "gone"));
	assert_true(is_opaque(two->tree, "new"));
	assert_false(is_opaque(two->tree, "dir"));
	/* A directory where the lower layer had hidden something: still hidden. */
	assert_true(is_opaque(two->tree, "dir2"));
}

static void files_can_be_shared(void **state)
{
	struct two *two = *state;
	struct stat a, b;
	struct lab_err err;

	assert_int_equal(lab_overlay_put(two->layer, two->tree, LAB_OVERLAY_LINK, NULL, &err), 0);
	assert_int_equal(fstatat(two->tree, "changed", &a, 0), 0);
	assert_int_equal(fstatat(two->layer, "changed", &b, 0), 0);
	assert_int_equal(a.st_ino, b.st_ino);
}

static void names_can_be_left_out(void **state)
{
	static const char *const skip[] = { "changed", "dir/added", "gone", NULL };
	struct two *two = *state;
	struct lab_err err;

	assert_int_equal(lab_overlay_put(two->layer, two->tree, 0, skip, &err), 0);
	has_file(two->tree, "changed", "1");
	has_file(two->tree, "gone", "1");
	assert_int_equal(faccessat(two->tree, "dir/added", F_OK, 0), -1);
}

static void what_cannot_be_told_is_refused(void **state)
{
	struct two *two = *state;
	cleanup_close int fd = openat(two->layer, "dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct lab_err err;

	if (fsetxattr(fd, "trusted.overlay.redirect", "/x", 2, 0) < 0)
		assert_int_equal(fsetxattr(fd, "user.overlay.redirect", "/x", 2, 0), 0);
	assert_int_equal(lab_overlay_put(two->layer, two->tree, 0, NULL, &err), -EOPNOTSUPP);
	assert_string_equal(
		err.msg,
		"dir: overlayfs has put down that it was renamed, and not what is in it (redirect_dir)");
}

static int enter_dir(LAB_UNUSED void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave_dir(LAB_UNUSED void **state)
{
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_layer_changes_a_tree, make_two, drop_two),
		cmocka_unit_test_setup_teardown(a_layer_on_a_layer_hides_as_much, make_two,
						drop_two),
		cmocka_unit_test_setup_teardown(files_can_be_shared, make_two, drop_two),
		cmocka_unit_test_setup_teardown(names_can_be_left_out, make_two, drop_two),
		cmocka_unit_test_setup_teardown(what_cannot_be_told_is_refused, make_two, drop_two),
	};

	return cmocka_run_group_tests(tests, enter_dir, leave_dir);
}
