/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine.c - what every lab needs: privileges, namespaces, an overlay */
#include "netlab/doctor/machine.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/ns/clone.h"

#define NAMESPACES \
	(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)

enum { EXIT_NO_OVERLAY = 1 };

static bool has_overlay(void)
{
	cleanup_close int fd = (int)syscall(SYS_fsopen, "overlay", 1 /* FSOPEN_CLOEXEC */);

	return fd >= 0;
}

/* The child's exit status, or -1. */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void lab_doctor_machine(struct lab_findings *list)
{
	bool root = lab_ns_privileged();
	struct lab_err err = { 0 };
	pid_t pid;

	pid = lab_ns_clone(NAMESPACES | (root ? 0 : CLONE_NEWUSER), &err);
	if (pid == 0)
		_exit(has_overlay() ? 0 : EXIT_NO_OVERLAY);
	if (pid < 0) {
		/* The message of the failed clone has the fix in it. */
		lab_finding_add(list, LAB_FINDING_LACKS, "namespaces", "%s", err.msg);
		return;
	}
	lab_finding_add(list, LAB_FINDING_OK, "privileges",
			root ? "root may build labs"
			     : "not root, but user namespaces are allowed: labs without root");
	lab_finding_add(list, LAB_FINDING_OK, "namespaces",
			"network, mount, process id, host name, IPC and cgroup namespaces");
	if (wait_for(pid) == 0) {
		lab_finding_add(list, LAB_FINDING_OK, "overlayfs",
				"hosts change copies of the machine's files");
		return;
	}
	lab_finding_add(list, LAB_FINDING_LACKS, "overlayfs",
			"the kernel lacks it (CONFIG_OVERLAY_FS)%s",
			root ? "" : ", or does not allow it in user namespaces (before 5.11)");
	lab_finding_fix(list, "modprobe overlay");
}
