/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounts.c - detached mounts, and two ways to change the root: for all processes of a namespace, and cheaply for one */
#include <fcntl.h>
#include <sys/stat.h>

#include "netlab/ns/mount.h"
#include "tests/kernel/kernel.h"

/*
 * Who depends on it: lab_keeper_template() (netlab/keeper/template.c), which takes a copy of the machine's root, hides it, and
 * pivots while the spawners run already; and agt_root_enter() (slave-image/agent/root.c).
 */
static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0, path);
	(void)close(fd);
}

static void a_detached_copy_outlives_its_mount(void)
{
	struct lab_err err = { 0 };
	int tree;

	must(mkdir("src", 0755) == 0 && mkdir("dst", 0755) == 0, "mkdir");
	must(mount("netlab-test", "src", "tmpfs", 0, NULL) == 0, "mount tmpfs");
	make_file("src/file");
	must(mkdir("src/sub", 0755) == 0 && mount("netlab-test", "src/sub", "tmpfs", 0, NULL) == 0,
	     "mount tmpfs");
	make_file("src/sub/hidden");
	tree = lab_mount_tree("src", &err);
	must(tree >= 0, err.msg);
	must(umount2("src", MNT_DETACH) == 0, "umount");
	check(faccessat(tree, "file", F_OK, 0) == 0,
	      "a detached copy of a mount is usable without a place");
	check(lab_mount_attach(tree, "dst", &err) == 0 && is_there("dst/file"),
	      "and can be attached when its origin is gone");
	check(!is_there("dst/sub/hidden"), "it holds that one mount, none of those below");
	(void)close(tree);
}

static void a_proc_needs_no_place(void)
{
	struct lab_err err = { 0 };
	int proc = lab_mount_new("proc", MOUNT_ATTR_NOSUID, &err), status;
	char target[32] = "";

	must(proc >= 0, err.msg);
	status = openat(proc, "self/status", O_RDONLY | O_CLOEXEC);
	check(status >= 0, "a proc file system is readable without being attached anywhere");
	check(readlinkat(proc, "self", target, sizeof(target) - 1) > 0 && target[0] >= '1' &&
		      target[0] <= '9',
	      "and knows its reader");
	(void)close(status);
	(void)close(proc);
}

/* The spawner was executed before the pivot, and clones hosts inside the new root. */
static void a_pivot_takes_everybody_along(void)
{
	struct lab_err err = { 0 };
	int fds[2], back[2];
	char byte = 0;
	pid_t pid;

	must(mkdir("/tmp/root", 0755) == 0, "mkdir");
	must(mount("netlab-test", "/tmp/root", "tmpfs", 0, NULL) == 0, "mount tmpfs");
	make_file("/tmp/root/new");
	must(chdir("/") == 0 && pipe2(fds, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0, "pipe");
	pid = fork_child();
	if (pid == 0) {
		(void)!read(fds[0], &byte, 1);
		(void)!write(back[1],
			     is_there("/new") && is_there("new") && !is_there("/proc/self") ? "y"
											    : "n",
			     1);
		_exit(0);
	}
	check(lab_mount_pivot("/tmp/root", &err) == 0 && is_there("/new"),
	      "pivot_root(\".\", \".\") changes the root");
	must(write(fds[1], "x", 1) == 1 && read(back[0], &byte, 1) == 1, "hear of the child");
	check(byte == 'y',
	      "and that of a process that runs already, whose root and working directory were the old one");
	must(succeeded(pid), "the child");
}

static void a_switch_is_for_one(void)
{
	struct lab_err err = { 0 };
	pid_t pid;

	must(mkdir("/m", 0755) == 0, "mkdir");
	pid = clone_with(CLONE_NEWNS, SIGCHLD);
	must(pid >= 0, "clone3");
	if (pid == 0) {
		must(mount("netlab-test", "/m", "tmpfs", 0, NULL) == 0, "mount tmpfs");
		make_file("/m/own");
		if (lab_mount_switch("/m", &err) < 0)
			_exit(1);
		/* Not by any path, nor by a chroot out of which one climbs. */
		if (!is_there("/own") || is_there("/new") || is_there("/../new") ||
		    is_there("../../new"))
			_exit(2);
		if (mkdir("/jail", 0755) < 0 || chroot("/jail") < 0 || is_there("../../../new"))
			_exit(3);
		_exit(0);
	}
	check(succeeded(pid), "a mount that is moved over the root hides all that was there");
	check(is_there("/new") && !is_there("/own"), "in its own mount namespace only");
}

int main(void)
{
	leave_for(CLONE_NEWNS);
	must(mount("netlab-test", "/tmp", "tmpfs", 0, NULL) == 0 && chdir("/tmp") == 0,
	     "mount tmpfs");
	a_detached_copy_outlives_its_mount();
	a_proc_needs_no_place();
	a_pivot_takes_everybody_along();
	a_switch_is_for_one();
	return done_checking();
}
