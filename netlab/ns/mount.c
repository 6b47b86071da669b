/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount.c - mounts with errors that say which */
#include "netlab/ns/mount.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/util.h"

static int injected(const char *what, const char *target, struct lab_err *err)
{
	int fault = lab_fault(LAB_FAULT_MOUNT);

	if (!fault)
		return 0;
	return lab_err_set(err, fault, "%s %s: %s (injected fault) [%s]", what, target,
			   strerror(fault), lab_err_name(fault));
}

int lab_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *options, struct lab_err *err)
{
	int r = injected("mount", target, err);

	if (r < 0)
		return r;
	if (mount(source, target, type, flags, options) == 0)
		return 0;
	r = errno;
	if (type && r == ENODEV)
		return lab_err_set(err, ENOSYS,
				   "the kernel has no file system \"%s\" (modprobe %s) [ENODEV]",
				   type, type);
	if (!type && !source)
		return lab_err_errno(err, r, "change the mount on %s", target);
	return lab_err_errno(err, r, "mount %s on %s", type ? type : source, target);
}

static int copy_tree(const char *path, unsigned int flags, struct lab_err *err)
{
	int r = injected("open_tree", path, err);
	int fd;

	if (r < 0)
		return r;
	fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
	return fd < 0 ? lab_err_errno(err, errno, "open_tree %s", path) : fd;
}

int lab_mount_tree(const char *path, struct lab_err *err)
{
	return copy_tree(path, 0, err);
}

int lab_mount_tree_whole(const char *path, struct lab_err *err)
{
	return copy_tree(path, AT_RECURSIVE, err);
}

int lab_mount_attach(int tree, const char *target, struct lab_err *err)
{
	int r = injected("move_mount", target, err);

	if (r < 0)
		return r;
	if (move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return lab_err_errno(err, errno, "move_mount to %s", target);
	return 0;
}

int lab_mount_new(const char *type, unsigned int attrs, struct lab_err *err)
{
	int r = injected("fsmount", type, err);
	cleanup_close int fs = -1;
	int fd;

	if (r < 0)
		return r;
	fs = fsopen(type, FSOPEN_CLOEXEC);
	if (fs < 0)
		return lab_err_errno(err, errno, "fsopen %s", type);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return lab_err_errno(err, errno, "create %s", type);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, attrs);
	return fd < 0 ? lab_err_errno(err, errno, "fsmount %s", type) : fd;
}

int lab_mount_read_only(const char *path, struct lab_err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int r = injected("mount_setattr", path, err);

	if (r < 0)
		return r;
	if (mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return lab_err_errno(err, errno, "make %s read-only", path);
	return 0;
}

int lab_mount_switch(const char *root, struct lab_err *err)
{
	int r = injected("move mount to", "/", err);

	if (r < 0)
		return r;
	if (chdir(root) < 0)
		return lab_err_errno(err, errno, "chdir %s", root);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return lab_err_errno(err, errno, "move %s to /", root);
	if (chroot(".") < 0)
		return lab_err_errno(err, errno, "chroot");
	if (chdir("/") < 0)
		return lab_err_errno(err, errno, "chdir /");
	return 0;
}

int lab_mount_pivot(const char *root, struct lab_err *err)
{
	int r = injected("pivot_root", root, err);

	if (r < 0)
		return r;
	if (chdir(root) < 0)
		return lab_err_errno(err, errno, "chdir %s", root);
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return lab_err_errno(err, errno, "pivot_root %s", root);
	if (umount2(".", MNT_DETACH) < 0)
		return lab_err_errno(err, errno, "unmount the old root");
	if (chdir("/") < 0)
		return lab_err_errno(err, errno, "chdir /");
	return 0;
}
