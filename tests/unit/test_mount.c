/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_mount.c - unit tests of netlab/ns/mount.h: the calls, their order, and the words of their failures */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/util.h"
#include "netlab/ns/mount.h"

enum { TREE = 4711, NEW_FS = 4712 };

static struct {
	unsigned int n_calls, fails_at;
	int error;
	char trace[512];
} fake;

static void note(const char *fmt, ...) LAB_PRINTF(1, 2);
static void note(const char *fmt, ...)
{
	size_t n = strlen(fake.trace);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(fake.trace + n, sizeof(fake.trace) - n, fmt, ap);
	va_end(ap);
}

static int result(int value)
{
	if (++fake.n_calls != fake.fails_at)
		return value;
	errno = fake.error;
	return -1;
}

int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
		 const void *data);
int __wrap_umount2(const char *target, int flags);
int __wrap_chdir(const char *path);
int __wrap_chroot(const char *path);
long __wrap_syscall(long number, ...);
int __wrap_open_tree(int dir, const char *path, unsigned int flags);
int __wrap_move_mount(int from, const char *from_path, int to, const char *to_path,
		      unsigned int flags);
int __wrap_fsopen(const char *type, unsigned int flags);
int __wrap_fsconfig(int fs, unsigned int command, const char *key, const void *value, int aux);
int __wrap_fsmount(int fs, unsigned int flags, unsigned int attrs);
int __wrap_mount_setattr(int dir, const char *path, unsigned int flags, struct mount_attr *attr,
			 size_t size);
int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
		 const void *data)
{
	note("mount %s %s %s %#lx %s\n", source ? source : "-", target, type ? type : "-", flags,
	     data ? (const char *)data : "-");
	return result(0);
}

int __wrap_umount2(const char *target, int flags)
{
	note("umount2 %s %s\n", target, flags == MNT_DETACH ? "detach" : "?");
	return result(0);
}

int __wrap_chdir(const char *path)
{
	note("chdir %s\n", path);
	return result(0);
}

int __wrap_chroot(const char *path)
{
	note("chroot %s\n", path);
	return result(0);
}

long __wrap_syscall(long number, ...)
{
	const char *from, *to;
	va_list ap;

	assert_int_equal(number, SYS_pivot_root);
	va_start(ap, number);
	from = va_arg(ap, const char *);
	to = va_arg(ap, const char *);
	va_end(ap);
	note("pivot_root %s %s\n", from, to);
	return result(0);
}

int __wrap_open_tree(int dir, const char *path, unsigned int flags)
{
	assert_int_equal(dir, AT_FDCWD);
	assert_int_equal(flags, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	note("open_tree %s\n", path);
	return result(TREE);
}

int __wrap_move_mount(int from, const char *from_path, int to, const char *to_path,
		      unsigned int flags)
{
	assert_string_equal(from_path, "");
	assert_int_equal(to, AT_FDCWD);
	assert_int_equal(flags, MOVE_MOUNT_F_EMPTY_PATH);
	note("move_mount %d %s\n", from, to_path);
	return result(0);
}

int __wrap_fsopen(const char *type, unsigned int flags)
{
	assert_int_equal(flags, FSOPEN_CLOEXEC);
	note("fsopen %s\n", type);
	return result(NEW_FS);
}

int __wrap_fsconfig(int fs, unsigned int command, const char *key, const void *value, int aux)
{
	assert_int_equal(command, FSCONFIG_CMD_CREATE);
	assert_true(!key && !value && aux == 0);
	note("create %d\n", fs);
	return result(0);
}

int __wrap_fsmount(int fs, unsigned int flags, unsigned int attrs)
{
	assert_int_equal(flags, FSMOUNT_CLOEXEC);
	note("fsmount %d %#x\n", fs, attrs);
	return result(TREE);
}

int __wrap_mount_setattr(int dir, const char *path, unsigned int flags, struct mount_attr *attr,
			 size_t size)
{
	assert_int_equal(dir, AT_FDCWD);
	assert_int_equal(flags, AT_RECURSIVE);
	assert_int_equal(size, sizeof(*attr));
	assert_int_equal(attr->attr_clr | attr->propagation | attr->userns_fd, 0);
	note("mount_setattr %s %#llx\n", path, (unsigned long long)attr->attr_set);
	return result(0);
}

int __wrap_close(int fd)
{
	if (fd != NEW_FS)
		return __real_close(fd);
	note("close %d\n", fd);
	return 0;
}

static int set_up(LAB_UNUSED void **state)
{
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static void fail_call(unsigned int which, int error)
{
	(void)set_up(NULL);
	fake.fails_at = which;
	fake.error = error;
}

static void mount_passes_everything_on(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_mount("overlay", "/m", "overlay", MS_NODEV, "lowerdir=/a:/b", &err),
			 0);
	assert_int_equal(lab_mount("/a", "/b", NULL, MS_BIND, NULL, &err), 0);
	assert_string_equal(fake.trace, "mount overlay /m overlay 0x4 lowerdir=/a:/b\n"
					"mount /a /b - 0x1000 -\n");
}

static void a_failing_mount_says_what_and_where(LAB_UNUSED void **state)
{
	struct lab_err err;

	fail_call(1, EINVAL);
	assert_int_equal(lab_mount("overlay", "/m", "overlay", 0, "", &err), -EINVAL);
	assert_string_equal(err.msg, "mount overlay on /m: Invalid argument [EINVAL]");
	fail_call(1, ENOENT);
	assert_int_equal(lab_mount("/a", "/b", NULL, MS_BIND, NULL, &err), -ENOENT);
	assert_string_equal(err.msg, "mount /a on /b: No such file or directory [ENOENT]");
}

static void a_change_that_fails_names_the_mount(LAB_UNUSED void **state)
{
	struct lab_err err;

	fail_call(1, EPERM);
	assert_int_equal(lab_mount(NULL, "/m/proc", NULL, MS_REMOUNT | MS_BIND, NULL, &err),
			 -EPERM);
	assert_string_equal(err.msg,
			    "change the mount on /m/proc: Operation not permitted [EPERM]");
}

static void a_missing_file_system_names_its_module(LAB_UNUSED void **state)
{
	struct lab_err err;

	fail_call(1, ENODEV);
	assert_int_equal(lab_mount("overlay", "/m", "overlay", 0, NULL, &err), -ENOSYS);
	assert_string_equal(
		err.msg, "the kernel has no file system \"overlay\" (modprobe overlay) [ENODEV]");
	/* Of a bind mount it means something else. */
	fail_call(1, ENODEV);
	assert_int_equal(lab_mount("/a", "/b", NULL, MS_BIND, NULL, &err), -ENODEV);
}

static void a_tree_is_taken_and_attached(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_mount_tree("/usr", &err), TREE);
	assert_int_equal(lab_mount_attach(TREE, "lower1", &err), 0);
	assert_string_equal(fake.trace, "open_tree /usr\nmove_mount 4711 lower1\n");
	fail_call(1, EACCES);
	assert_int_equal(lab_mount_tree("/usr", &err), -EACCES);
	assert_string_equal(err.msg, "open_tree /usr: Permission denied [EACCES]");
	fail_call(1, ELOOP);
	assert_int_equal(lab_mount_attach(TREE, "lower1", &err), -ELOOP);
	assert_string_equal(err.msg,
			    "move_mount to lower1: Too many levels of symbolic links [ELOOP]");
}

/* pivot_root(2): with "." twice, the old root ends up on top of the new one, and is detached from there. */
static void pivot_needs_no_place_for_the_old_root(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_mount_pivot("/m", &err), 0);
	assert_string_equal(fake.trace, "chdir /m\npivot_root . .\numount2 . detach\nchdir /\n");
}

static void a_new_mount_needs_no_place(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_mount_new("proc", MOUNT_ATTR_NOSUID, &err), TREE);
	assert_string_equal(fake.trace, "fsopen proc\ncreate 4712\nfsmount 4712 0x2\nclose 4712\n");
}

static void a_new_mount_that_fails_says_which_step(LAB_UNUSED void **state)
{
	static const char *const messages[] = {
		"fsopen proc: Operation not permitted [EPERM]",
		"create proc: Operation not permitted [EPERM]",
		"fsmount proc: Operation not permitted [EPERM]",
	};

	for (unsigned int i = 0; i < LAB_ARRAY_SIZE(messages); i++) {
		struct lab_err err;

		fail_call(i + 1, EPERM);
		assert_int_equal(lab_mount_new("proc", 0, &err), -EPERM);
		assert_string_equal(err.msg, messages[i]);
		assert_int_equal(strstr(fake.trace, "close 4712\n") != NULL, i > 0);
	}
}

static void read_only_is_set_on_one_mount(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_mount_read_only("lower", &err), 0);
	assert_string_equal(fake.trace, "mount_setattr lower 0x1\n");
	fail_call(1, EINVAL);
	assert_int_equal(lab_mount_read_only("lower", &err), -EINVAL);
	assert_string_equal(err.msg, "make lower read-only: Invalid argument [EINVAL]");
}

/* As switch_root(8) does. */
static void switch_moves_the_mount_over_the_root(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_mount_switch("/m", &err), 0);
	assert_string_equal(fake.trace, "chdir /m\nmount . / - 0x2000 -\nchroot .\nchdir /\n");
}

static void a_failing_switch_says_which_step(LAB_UNUSED void **state)
{
	static const char *const messages[] = {
		"chdir /m: Invalid argument [EINVAL]",
		"move /m to /: Invalid argument [EINVAL]",
		"chroot: Invalid argument [EINVAL]",
		"chdir /: Invalid argument [EINVAL]",
	};

	for (unsigned int i = 0; i < LAB_ARRAY_SIZE(messages); i++) {
		struct lab_err err;

		fail_call(i + 1, EINVAL);
		assert_int_equal(lab_mount_switch("/m", &err), -EINVAL);
		assert_string_equal(err.msg, messages[i]);
		assert_int_equal(fake.n_calls, i + 1);
	}
}

static void a_failing_pivot_says_which_step(LAB_UNUSED void **state)
{
	static const char *const messages[] = {
		"chdir /m: Invalid argument [EINVAL]",
		"pivot_root /m: Invalid argument [EINVAL]",
		"unmount the old root: Invalid argument [EINVAL]",
		"chdir /: Invalid argument [EINVAL]",
	};

	for (unsigned int i = 0; i < LAB_ARRAY_SIZE(messages); i++) {
		struct lab_err err;

		fail_call(i + 1, EINVAL);
		assert_int_equal(lab_mount_pivot("/m", &err), -EINVAL);
		assert_string_equal(err.msg, messages[i]);
		assert_int_equal(fake.n_calls, i + 1);
	}
}

static void every_call_counts_for_injected_faults(LAB_UNUSED void **state)
{
#ifdef LAB_FAULTS
	static const char *const messages[] = {
		"mount /m: Input/output error (injected fault) [EIO]",
		"open_tree /usr: Input/output error (injected fault) [EIO]",
		"move_mount lower: Input/output error (injected fault) [EIO]",
		"fsmount proc: Input/output error (injected fault) [EIO]",
		"mount_setattr lower: Input/output error (injected fault) [EIO]",
		"move mount to /: Input/output error (injected fault) [EIO]",
		"pivot_root /m: Input/output error (injected fault) [EIO]",
	};

	for (unsigned int i = 0; i < LAB_ARRAY_SIZE(messages); i++) {
		struct lab_err err = { 0 };
		char spec[32];

		(void)snprintf(spec, sizeof(spec), "mount:%u", i + 1);
		assert_int_equal(setenv("NETLAB_FAULT", spec, 1), 0);
		assert_int_equal(lab_fault_init(&err), 0);
		(void)lab_mount("a", "/m", "tmpfs", 0, NULL, &err);
		(void)lab_mount_tree("/usr", &err);
		(void)lab_mount_attach(TREE, "lower", &err);
		(void)lab_mount_new("proc", 0, &err);
		(void)lab_mount_read_only("lower", &err);
		(void)lab_mount_switch("/m", &err);
		(void)lab_mount_pivot("/m", &err);
		assert_string_equal(err.msg, messages[i]);
	}
	assert_int_equal(unsetenv("NETLAB_FAULT"), 0);
	assert_int_equal(lab_fault_init(NULL), 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(mount_passes_everything_on, set_up),
		cmocka_unit_test_setup(a_failing_mount_says_what_and_where, set_up),
		cmocka_unit_test_setup(a_change_that_fails_names_the_mount, set_up),
		cmocka_unit_test_setup(a_missing_file_system_names_its_module, set_up),
		cmocka_unit_test_setup(a_tree_is_taken_and_attached, set_up),
		cmocka_unit_test_setup(a_new_mount_needs_no_place, set_up),
		cmocka_unit_test_setup(a_new_mount_that_fails_says_which_step, set_up),
		cmocka_unit_test_setup(read_only_is_set_on_one_mount, set_up),
		cmocka_unit_test_setup(switch_moves_the_mount_over_the_root, set_up),
		cmocka_unit_test_setup(a_failing_switch_says_which_step, set_up),
		cmocka_unit_test_setup(pivot_needs_no_place_for_the_old_root, set_up),
		cmocka_unit_test_setup(a_failing_pivot_says_which_step, set_up),
		cmocka_unit_test_setup(every_call_counts_for_injected_faults, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
