/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_fault.c - unit tests of netlab/base/fault.h; in a release build nothing ever fails */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "netlab/base/fault.h"
#include "netlab/base/util.h"

static int arm(const char *spec, struct lab_err *err)
{
	assert_int_equal(spec ? setenv("NETLAB_FAULT", spec, 1) : unsetenv("NETLAB_FAULT"), 0);
	return lab_fault_init(err);
}

static void unarmed_nothing_fails(LAB_UNUSED void **state)
{
	assert_int_equal(arm(NULL, NULL), 0);
	assert_int_equal(lab_fault_fd(), -1);
	assert_int_equal(lab_fault(LAB_FAULT_NETLINK), 0);
	assert_int_equal(arm("", NULL), 0);
	assert_int_equal(lab_fault(LAB_FAULT_CLONE), 0);
}

#ifdef LAB_FAULTS
static void exactly_the_nth_of_its_kind_fails(LAB_UNUSED void **state)
{
	assert_int_equal(arm("mount:3", NULL), 0);
	assert_int_equal(lab_fault(LAB_FAULT_MOUNT), 0);
	assert_int_equal(lab_fault(LAB_FAULT_NETLINK), 0);
	assert_int_equal(lab_fault(LAB_FAULT_CLONE), 0);
	assert_int_equal(lab_fault(LAB_FAULT_MOUNT), 0);
	assert_int_equal(lab_fault(LAB_FAULT_MOUNT), EIO);
	assert_int_equal(lab_fault(LAB_FAULT_MOUNT), 0);
	assert_int_equal(arm("clone:1", NULL), 0);
	assert_int_equal(lab_fault(LAB_FAULT_CLONE), EAGAIN);
	assert_int_equal(arm("netlink:1", NULL), 0);
	assert_int_equal(lab_fault(LAB_FAULT_NETLINK), EIO);
}

static void processes_count_together(LAB_UNUSED void **state)
{
	int fd, status;
	pid_t pid;

	assert_int_equal(arm("netlink:3", NULL), 0);
	assert_int_equal(lab_fault(LAB_FAULT_NETLINK), 0);
	fd = fcntl(lab_fault_fd(), F_DUPFD_CLOEXEC, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* as another program that was given the descriptor */
		if (arm(NULL, NULL) < 0 || lab_fault_adopt(fd) < 0)
			_exit(100);
		_exit(lab_fault(LAB_FAULT_NETLINK));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(lab_fault(LAB_FAULT_NETLINK), EIO);
	assert_int_equal(close(fd), 0);
}

static void malformed_variable_is_named(LAB_UNUSED void **state)
{
	static const char *const bad[] = { "netlink",   "netlink:", "netlink:0", "netlink:-1",
					   "netlink:x", "socket:1", ":1",        "netlink:1:2" };
	struct lab_err err;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++) {
		assert_int_equal(arm(bad[i], &err), -EINVAL);
		assert_int_equal(lab_fault_fd(), -1);
	}
	assert_string_equal(err.msg,
			    "NETLAB_FAULT=netlink:1:2: expected netlink:N, mount:N or clone:N");
}

static void foreign_descriptor_is_not_adopted(LAB_UNUSED void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(arm(NULL, NULL), 0);
	assert_int_equal(lab_fault_adopt(fd), -EINVAL);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(lab_fault_adopt(-1), -EBADF);
	assert_int_equal(lab_fault_fd(), -1);
}
#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(unarmed_nothing_fails),
#ifdef LAB_FAULTS
		cmocka_unit_test(exactly_the_nth_of_its_kind_fails),
		cmocka_unit_test(processes_count_together),
		cmocka_unit_test(malformed_variable_is_named),
		cmocka_unit_test(foreign_descriptor_is_not_adopted),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
