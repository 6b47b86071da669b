/* SPDX-License-Identifier: GPL-2.0-or-later */
/* overlay.c - many overlays over one lower: each host changes its own copy, on one tmpfs, and the lower stays as it is */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "netlab/ns/mount.h"
#include "tests/kernel/kernel.h"

/*
 * Who depends on it: the roots of the hosts (netlab/ns/spawn.h, netlab/keeper/template.c, slave-image/agent/root.c).
 */
static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	(void)close(fd);
}

static bool has(const char *path, const char *text)
{
	char buf[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	(void)!read(fd, buf, sizeof(buf) - 1);
	(void)close(fd);
	return strcmp(buf, text) == 0;
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void make_dirs(void)
{
	static const char *const dirs[] = { "lower",     "lower/etc", "lower/run", "lower/run/old",
					    "lower/bin", "layer",     "layer/etc", "layer/run",
					    "up",        "m1",        "m2",        "up/u1",
					    "up/w1",     "up/u2",     "up/w2" };

	for (size_t i = 0; i < LAB_ARRAY_SIZE(dirs); i++)
		must(mkdir(dirs[i], 0755) == 0, dirs[i]);
}

static void fill(void)
{
	struct lab_err err = { 0 };

	put("lower/etc/hosts", "the machine\n");
	put("lower/etc/hostname", "machine\n");
	put("lower/etc/passwd", "root\n");
	put("lower/bin/tool", "1\n");
	put("layer/etc/hosts", "the lab\n");
	must(mknod("layer/etc/hostname", S_IFCHR, makedev(0, 0)) == 0, "mknod");
	must(setxattr("layer/run", "trusted.overlay.opaque", "y", 1, 0) == 0, "setxattr");
	/* The lower is a mount of its own that is read-only, as the machine's root in the template. */
	must(mount("lower", "lower", NULL, MS_BIND, NULL) == 0, "bind");
	must(lab_mount_read_only("lower", &err) == 0, "make the lower read-only");
}

static void mount_two(void)
{
	int r = mount("overlay", "m1", "overlay", MS_NODEV,
		      "lowerdir=layer:lower,upperdir=up/u1,workdir=up/w1");

	if (r < 0 && errno == ENODEV)
		lacks("the kernel has no overlay file system (modprobe overlay)");
	check(r == 0, "an overlay whose upper is on the tmpfs that holds its lower");
	check(mount("overlay", "m2", "overlay", MS_NODEV,
		    "lowerdir=layer:lower,upperdir=up/u2,workdir=up/w2") == 0,
	      "a second one over the same lowers");
}

static void upper_layer_hides_lower(void)
{
	check(has("m1/etc/hosts", "the lab\n"), "a file of the shared layer hides the machine's");
	check(!is_there("m1/etc/hostname"), "a character device 0/0 in it hides a file");
	check(has("m1/etc/passwd", "root\n"), "what it does not name is the machine's");
	check(is_there("m1/run") && !is_there("m1/run/old"),
	      "a directory with trusted.overlay.opaque hides what the machine has there");
}

static void each_has_its_own_copy(void)
{
	put("m1/etc/passwd", "changed\n");
	put("m1/bin/new", "new\n");
	put("m1/etc/hosts", "mine\n");
	must(unlink("m1/bin/tool") == 0, "unlink");
	must(rename("m1/bin", "m1/bin2") == 0 || errno == EXDEV, "rename");
	check(has("m1/etc/passwd", "changed\n") && has("m1/etc/hosts", "mine\n"),
	      "a host sees what it wrote");
	check(has("m2/etc/passwd", "root\n") && has("m2/etc/hosts", "the lab\n") &&
		      !is_there("m2/bin/new"),
	      "another host does not");
	check(has("m2/bin/tool", "1\n") && has("lower/bin/tool", "1\n"),
	      "what one host removes is there for the others");
	check(has("lower/etc/passwd", "root\n") && !is_there("lower/bin/new"),
	      "the machine's files are as before");
	put("m2/etc/hostname", "h2\n");
	check(has("m2/etc/hostname", "h2\n") && !is_there("m1/etc/hostname"),
	      "a hidden name can be used again");
}

/* By the way of a mount that is read-only although its file system is not. */
static void the_lower_is_out_of_reach(void)
{
	check(open_error("lower/etc/passwd", O_WRONLY) == EROFS,
	      "the lower itself cannot be written");
	check(umount("m1") == 0 && has("up/u1/etc/passwd", "changed\n"),
	      "what a host wrote is in its upper");
}

int main(void)
{
	leave_for(CLONE_NEWNS);
	must(mount("netlab-test", "/tmp", "tmpfs", 0, NULL) == 0 && chdir("/tmp") == 0,
	     "mount tmpfs");
	make_dirs();
	fill();
	mount_two();
	upper_layer_hides_lower();
	each_has_its_own_copy();
	the_lower_is_out_of_reach();
	return done_checking();
}
