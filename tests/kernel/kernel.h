/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.h - for the programs in tests/kernel: TAP lines, namespaces, children, time limits */
#ifndef TESTS_KERNEL_KERNEL_H
#define TESTS_KERNEL_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/util.h"

/**
 * DOC: what we expect of the kernel
 *
 * Each program asserts one thing that the engine relies on, and says who does. Everything happens in namespaces
 * that the program makes for itself; they end with it.
 */
enum {
	LACKS = 77,          /* exit status: the machine lacks something, named in the last line */
	DEADLINE_MS = 10000, /* for what happens by itself; it takes microseconds */
};

static unsigned int n_checks, n_failed;

/* One assertion. */
static inline void check(bool good, const char *text)
{
	n_checks++;
	n_failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", n_checks, text);
	(void)fflush(stdout);
}

static inline int done_checking(void)
{
	printf("1..%u\n", n_checks);
	return n_failed != 0;
}

/* What is not asserted but must work for the rest to make sense. */
static inline void must(bool good, const char *what)
{
	if (good)
		return;
	printf("not ok %u - %s: %s\n", n_checks + 1, what, strerror(errno));
	exit(1);
}

static inline void lacks(const char *what)
{
	printf("%s\n", what);
	exit(LACKS);
}

/* Go on in new namespaces. */
static inline void leave_for(int flags)
{
	if (unshare(flags) < 0) {
		if (errno == EPERM)
			lacks("root is needed (CAP_SYS_ADMIN)");
		if (errno == EINVAL)
			lacks("the kernel lacks namespaces (CONFIG_NET_NS, PID_NS, UTS_NS, IPC_NS)");
		must(false, "unshare");
	}
	if (flags & CLONE_NEWNS)
		must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0,
		     "make all mounts private");
}

/* fork(2) with flags of clone3(2). */
static inline pid_t clone_with(uint64_t flags, uint64_t exit_signal)
{
	struct clone_args args = { .flags = flags, .exit_signal = exit_signal };

	(void)fflush(stdout);
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static inline pid_t fork_child(void)
{
	pid_t pid = clone_with(0, SIGCHLD);

	must(pid >= 0, "fork");
	return pid;
}

static inline int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	must(fd >= 0, "pidfd_open");
	return fd;
}

/* 0 if a file can be opened, else the errno. */
static inline int open_error(const char *path, int flags)
{
	cleanup_close int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

/* Is there something to read, or the end of it, within the deadline? */
static inline bool readable_in(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r == 1;
}

/* Wait for a child; true if it exited with 0. */
static inline bool succeeded(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
