/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc_sys_net.c - of a read-only /proc and /sys, the parts of the network namespace can be left writable, and are its root's */
#include <fcntl.h>

#include "netlab/ns/caps.h"
#include "tests/kernel/kernel.h"

/*
 * Who depends on it: mount_kernel() in slave-image/agent/root.c. A host sets its own network sysctls, and cannot touch the
 * machine's others, though its root is the machine's user 0 (lab_caps_host() has CAP_NET_ADMIN and not CAP_SYS_ADMIN).
 */
enum { SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC };

/* 0, or the errno of writing back what is there. */
static int rewrite(const char *path)
{
	char value[256];
	ssize_t n;
	int fd, r = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	n = read(fd, value, sizeof(value));
	(void)close(fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (n <= 0 || write(fd, value, (size_t)n) != n)
		r = errno ? errno : EIO;
	(void)close(fd);
	return r;
}

static void mount_both(void)
{
	must(mount("proc", "/proc", "proc", SAFE, NULL) == 0, "mount proc");
	must(mount("/proc/sys/net", "/proc/sys/net", NULL, MS_BIND, NULL) == 0,
	     "bind /proc/sys/net");
	must(mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE, NULL) == 0,
	     "remount proc");
	must(mount("sysfs", "/sys", "sysfs", SAFE, NULL) == 0, "mount sysfs");
	must(mount("/sys/devices/virtual/net", "/sys/devices/virtual/net", NULL, MS_BIND, NULL) ==
		     0,
	     "bind /sys/devices/virtual/net");
	must(mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE, NULL) == 0,
	     "remount sysfs");
}

static void check_both(const char *who)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "%s writes /proc/sys/net", who);
	check(rewrite("/proc/sys/net/ipv4/ip_forward") == 0, text);
	(void)snprintf(text, sizeof(text), "%s cannot write the rest of /proc/sys: EROFS", who);
	check(rewrite("/proc/sys/kernel/panic") == EROFS &&
		      rewrite("/proc/sys/vm/swappiness") == EROFS,
	      text);
	(void)snprintf(text, sizeof(text), "%s cannot write /proc/sysrq-trigger", who);
	/* Some kernels have none. */
	check(open_error("/proc/sysrq-trigger", O_WRONLY) == EROFS ||
		      access("/proc/sysrq-trigger", F_OK) < 0,
	      text);
	(void)snprintf(text, sizeof(text), "%s writes the attributes of its interfaces in /sys",
		       who);
	check(rewrite("/sys/class/net/lo/tx_queue_len") == 0, text);
	(void)snprintf(text, sizeof(text), "%s cannot write the rest of /sys: EROFS", who);
	check(open_error("/sys/module/kernel/parameters/panic", O_WRONLY) == EROFS, text);
}

static int be_a_host(void)
{
	struct lab_err err = { 0 };

	mount_both();
	check_both("root");
	check(access("/sys/class/net/lo", F_OK) == 0 && access("/sys/class/net/eth0", F_OK) < 0,
	      "/sys shows the interfaces of this network namespace");
	must(lab_caps_limit(lab_caps_host(), &err) == 0, err.msg);
	check_both("a host's root");
	check(mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | SAFE, NULL) < 0 && errno == EPERM,
	      "and cannot undo it: EPERM");
	check(umount2("/proc/sys/net", MNT_DETACH) < 0 && errno == EPERM, "in no way");
	return done_checking();
}

int main(void)
{
	pid_t pid;

	leave_for(CLONE_NEWNS | CLONE_NEWNET);
	pid = clone_with(CLONE_NEWPID, SIGCHLD);
	must(pid >= 0, "clone3");
	if (pid == 0)
		exit(be_a_host());
	return succeeded(pid) ? 0 : 1;
}
