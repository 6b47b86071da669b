/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clone.c - new processes in new namespaces */
#include "netlab/ns/clone.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/util.h"
#include "netlab/ns/caps.h"

static int explain(int code, uint64_t flags, struct lab_err *err)
{
	switch (code) {
	case EPERM:
		if (flags & CLONE_NEWUSER)
			return lab_err_set(
				err, code,
				"not root, and this machine does not allow user namespaces: run as root, or "
				"allow them (sysctl kernel.unprivileged_userns_clone=1, "
				"kernel.apparmor_restrict_unprivileged_userns=0, "
				"user.max_user_namespaces=10000) [EPERM]");
		return lab_err_set(err, code,
				   "making namespaces needs root (CAP_SYS_ADMIN) [EPERM]");
	case ENOSPC:
		if (flags & CLONE_NEWUSER)
			return lab_err_set(
				err, EPERM,
				"not root, and user namespaces are used up or forbidden: run as root, or raise "
				"sysctl user.max_user_namespaces [ENOSPC]");
		return lab_err_set(
			err, code,
			"out of namespaces: raise sysctl user.max_net_namespaces and the other "
			"user.max_*_namespaces [ENOSPC]");
	case EAGAIN:
		return lab_err_set(
			err, code,
			"out of processes: raise the limit (ulimit -u) or sysctl kernel.pid_max [EAGAIN]");
	case EINVAL:
		return lab_err_set(
			err, ENOSYS,
			"the kernel lacks a kind of namespace (CONFIG_NET_NS, PID_NS, UTS_NS, IPC_NS, "
			"USER_NS, CGROUPS) [EINVAL]");
	case ENOSYS:
		return lab_err_set(
			err, code,
			"the kernel has no clone3 (Linux 5.3 or newer is needed) [ENOSYS]");
	default:
		return lab_err_errno(err, code, "clone3");
	}
}

pid_t lab_ns_clone(uint64_t flags, struct lab_err *err)
{
	struct clone_args args = {
		.flags = flags,
		/* The kernel refuses an exit signal beside CLONE_PARENT and takes the caller's. */
		.exit_signal = (flags & CLONE_PARENT) ? 0 : SIGCHLD,
	};
	int fault = lab_fault(LAB_FAULT_CLONE);
	long pid;

	if (fault)
		return lab_err_set(err, fault, "clone3: %s (injected fault) [%s]", strerror(fault),
				   lab_err_name(fault));
	pid = syscall(SYS_clone3, &args, sizeof(args));
	/* Under lab_seccomp_host(). No flag of ours needs the new call; s390 alone has these two the other way round. */
	if (pid < 0 && errno == ENOSYS)
		pid = syscall(SYS_clone, (unsigned long)(flags | args.exit_signal), 0UL, 0UL, 0UL,
			      0UL);
	if (pid < 0)
		return explain(errno, flags, err);
	return (pid_t)pid;
}

static int write_proc(pid_t pid, const char *file, const char *text, struct lab_err *err)
{
	cleanup_close int fd = -1;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return lab_err_errno(err, errno, "open %s", path);
	if (write(fd, text, strlen(text)) < 0)
		return lab_err_errno(err, errno, "write %s", path);
	return 0;
}

int lab_ns_map_user(pid_t pid, uid_t uid, gid_t gid, struct lab_err *err)
{
	char map[64];
	int r;

	r = write_proc(pid, "setgroups", "deny", err);
	if (r < 0)
		return r;
	(void)snprintf(map, sizeof(map), "0 %u 1", uid);
	r = write_proc(pid, "uid_map", map, err);
	if (r < 0)
		return r;
	(void)snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_proc(pid, "gid_map", map, err);
}

bool lab_ns_privileged(void)
{
	return lab_caps_effective() & (1ULL << CAP_SYS_ADMIN);
}
