/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_clone.c - unit tests of netlab/ns/clone.h: what is asked of the kernel, and what its refusals mean */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/util.h"
#include "netlab/ns/clone.h"

static struct {
	struct clone_args args;
	long result;             /* of clone3, or -errno */
	unsigned long old_flags; /* of clone(2), which is asked where there is no clone3 */
	uint64_t caps;
	bool files;            /* open() and write() are ours */
	unsigned int fails_at; /* which open or write, from 1 */
	int error, writes_to;
	unsigned int n_calls;
	char trace[512];
} fake;

static void note(const char *what, const char *text, size_t len)
{
	size_t n = strlen(fake.trace);

	(void)snprintf(fake.trace + n, sizeof(fake.trace) - n, "%s %.*s\n", what, (int)len, text);
}

static bool fails(void)
{
	if (++fake.n_calls != fake.fails_at)
		return false;
	errno = fake.error;
	return true;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *buf, size_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len);

long __wrap_syscall(long number, ...)
{
	struct __user_cap_data_struct *caps;
	const struct clone_args *args;
	va_list ap;

	va_start(ap, number);
	if (number == SYS_clone3) {
		args = va_arg(ap, const struct clone_args *);
		assert_int_equal(va_arg(ap, size_t), sizeof(*args));
		fake.args = *args;
		errno = fake.result < 0 ? (int)-fake.result : 0;
	} else if (number == SYS_clone) {
		fake.old_flags = va_arg(ap, unsigned long);
		errno = fake.result < 0 ? (int)-fake.result : 0;
	} else {
		assert_int_equal(number, SYS_capget);
		(void)va_arg(ap, void *);
		caps = va_arg(ap, struct __user_cap_data_struct *);
		caps[0].effective = (uint32_t)fake.caps;
		caps[1].effective = (uint32_t)(fake.caps >> 32);
	}
	va_end(ap);
	return number != SYS_capget && fake.result < 0 ? -1
	       : number != SYS_capget                  ? fake.result
						       : 0;
}

static int open_any(const char *path)
{
	if (fails())
		return -1;
	note("open", path, strlen(path));
	fake.writes_to = __real_open("/dev/null", O_WRONLY | O_CLOEXEC);
	return fake.writes_to;
}

int __wrap_open(const char *path, int flags, ...)
{
	assert_int_equal(flags & (O_CREAT | O_TMPFILE), 0);
	return fake.files ? open_any(path) : __real_open(path, flags);
}

int __wrap_open64(const char *path, int flags, ...)
{
	assert_int_equal(flags & (O_CREAT | O_TMPFILE), 0);
	return fake.files ? open_any(path) : __real_open64(path, flags);
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	if (!fake.files || fd != fake.writes_to)
		return __real_write(fd, buf, len);
	if (fails())
		return -1;
	note("write", buf, len);
	return (ssize_t)len;
}

static int set_up(LAB_UNUSED void **state)
{
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static void parent_and_child_are_told_apart(LAB_UNUSED void **state)
{
	struct lab_err err;

	fake.result = 4711;
	assert_int_equal(lab_ns_clone(CLONE_NEWNET | CLONE_NEWPID, &err), 4711);
	fake.result = 0;
	assert_int_equal(lab_ns_clone(CLONE_NEWNET, &err), 0);
}

static void a_child_signals_its_end(LAB_UNUSED void **state)
{
	struct clone_args want = { .flags = CLONE_NEWNET | CLONE_NEWUSER, .exit_signal = SIGCHLD };

	(void)lab_ns_clone(CLONE_NEWNET | CLONE_NEWUSER, NULL);
	assert_memory_equal(&fake.args, &want, sizeof(want));
}

/* tests/kernel/clone_parent.c says why. */
static void a_sibling_has_the_signal_of_its_cloner(LAB_UNUSED void **state)
{
	struct clone_args want = { .flags = CLONE_NEWNET | CLONE_PARENT };

	(void)lab_ns_clone(CLONE_NEWNET | CLONE_PARENT, NULL);
	assert_memory_equal(&fake.args, &want, sizeof(want));
}

static void every_refusal_says_what_to_do(LAB_UNUSED void **state)
{
	static const struct {
		int error;
		uint64_t flags;
		int code;
		const char *msg;
	} cases[] = {
		{ EPERM, CLONE_NEWNET, EPERM,
		  "making namespaces needs root (CAP_SYS_ADMIN) [EPERM]" },
		{ EPERM, CLONE_NEWNET | CLONE_NEWUSER, EPERM,
		  "not root, and this machine does not allow user namespaces: run as root, or allow them (sysctl "
		  "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, "
		  "user.max_user_namespaces=10000) [EPERM]" },
		{ ENOSPC, CLONE_NEWNET, ENOSPC,
		  "out of namespaces: raise sysctl user.max_net_namespaces and the other user.max_*_namespaces "
		  "[ENOSPC]" },
		{ ENOSPC, CLONE_NEWUSER, EPERM,
		  "not root, and user namespaces are used up or forbidden: run as root, or raise sysctl "
		  "user.max_user_namespaces [ENOSPC]" },
		{ EAGAIN, CLONE_NEWNET, EAGAIN,
		  "out of processes: raise the limit (ulimit -u) or sysctl kernel.pid_max [EAGAIN]" },
		{ EINVAL, CLONE_NEWNET, ENOSYS,
		  "the kernel lacks a kind of namespace (CONFIG_NET_NS, PID_NS, UTS_NS, IPC_NS, USER_NS, CGROUPS) "
		  "[EINVAL]" },
		{ ENOSYS, CLONE_NEWNET, ENOSYS,
		  "the kernel has no clone3 (Linux 5.3 or newer is needed) [ENOSYS]" },
		{ ENOMEM, CLONE_NEWNET, ENOMEM, "clone3: Cannot allocate memory [ENOMEM]" },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		struct lab_err err = { 0 };

		fake.result = -cases[i].error;
		assert_int_equal(lab_ns_clone(cases[i].flags, &err), -cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(err.msg, cases[i].msg);
		assert_int_equal(lab_ns_clone(cases[i].flags, NULL), -cases[i].code);
	}
}

static void an_injected_fault_clones_nothing(LAB_UNUSED void **state)
{
#ifdef LAB_FAULTS
	struct lab_err err;

	assert_int_equal(setenv("NETLAB_FAULT", "clone:2", 1), 0);
	assert_int_equal(lab_fault_init(&err), 0);
	fake.result = 17;
	assert_int_equal(lab_ns_clone(CLONE_NEWNET, &err), 17);
	fake.args.flags = 0;
	assert_int_equal(lab_ns_clone(CLONE_NEWNET, &err), -EAGAIN);
	assert_string_equal(err.msg,
			    "clone3: Resource temporarily unavailable (injected fault) [EAGAIN]");
	assert_int_equal(fake.args.flags, 0);
	assert_int_equal(unsetenv("NETLAB_FAULT"), 0);
	assert_int_equal(lab_fault_init(&err), 0);
#endif
}

/* user_namespaces(7): without privilege, setgroups must be denied before the group is mapped. */
static void one_user_and_group_are_mapped_to_root(LAB_UNUSED void **state)
{
	struct lab_err err;

	fake.files = true;
	assert_int_equal(lab_ns_map_user(123, 1000, 4294967294u, &err), 0);
	fake.files = false;
	assert_string_equal(fake.trace, "open /proc/123/setgroups\nwrite deny\n"
					"open /proc/123/uid_map\nwrite 0 1000 1\n"
					"open /proc/123/gid_map\nwrite 0 4294967294 1\n");
}

static void a_mapping_that_fails_says_where(LAB_UNUSED void **state)
{
	static const char *const messages[] = {
		"open /proc/123/setgroups: Operation not permitted [EPERM]",
		"write /proc/123/setgroups: Operation not permitted [EPERM]",
		"open /proc/123/uid_map: Operation not permitted [EPERM]",
		"write /proc/123/uid_map: Operation not permitted [EPERM]",
		"open /proc/123/gid_map: Operation not permitted [EPERM]",
		"write /proc/123/gid_map: Operation not permitted [EPERM]",
	};

	for (unsigned int i = 0; i < LAB_ARRAY_SIZE(messages); i++) {
		struct lab_err err;
		int r;

		(void)set_up(NULL);
		fake.files = true;
		fake.fails_at = i + 1;
		fake.error = EPERM;
		r = lab_ns_map_user(123, 1000, 1000, &err);
		fake.files = false;
		assert_int_equal(r, -EPERM);
		assert_string_equal(err.msg, messages[i]);
	}
}

static void privileged_is_who_has_the_capability(LAB_UNUSED void **state)
{
	assert_false(lab_ns_privileged());
	fake.caps = ~(1ULL << CAP_SYS_ADMIN);
	assert_false(lab_ns_privileged());
	fake.caps = 1ULL << CAP_SYS_ADMIN;
	assert_true(lab_ns_privileged());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(parent_and_child_are_told_apart, set_up),
		cmocka_unit_test_setup(a_child_signals_its_end, set_up),
		cmocka_unit_test_setup(a_sibling_has_the_signal_of_its_cloner, set_up),
		cmocka_unit_test_setup(every_refusal_says_what_to_do, set_up),
		cmocka_unit_test_setup(an_injected_fault_clones_nothing, set_up),
		cmocka_unit_test_setup(one_user_and_group_are_mapped_to_root, set_up),
		cmocka_unit_test_setup(a_mapping_that_fails_says_where, set_up),
		cmocka_unit_test_setup(privileged_is_who_has_the_capability, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
