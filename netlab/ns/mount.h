/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mount.h - mounts with errors that say which */
#ifndef NETLAB_NS_MOUNT_H
#define NETLAB_NS_MOUNT_H

#include "netlab/base/err.h"

/**
 * lab_mount() - mount(2) with words
 * @source:	as for mount(2)
 * @target:	as for mount(2)
 * @type:	file system type; NULL for binds, moves and remounts
 * @flags:	MS_...
 * @options:	as for mount(2); may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Context: CAP_SYS_ADMIN over the mount namespace.
 * Return: 0 or -errno. Errors: those of mount(2). Source: mount(2).
 */
int lab_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *options, struct lab_err *err);

/**
 * lab_mount_tree() - Take a detached copy of one mount, or of a directory of it
 * @path:	where it is mounted, or the directory
 * @err:	filled on failure; may be NULL
 *
 * Return: descriptor of the copy (caller closes; closing it unattached dissolves it), or -errno. Errors: -EINVAL in a user
 * namespace, where something is mounted below that came with the mount namespace: what that hides stays hidden.
 * Source: open_tree(2) with OPEN_TREE_CLONE, Linux 5.2.
 */
int lab_mount_tree(const char *path, struct lab_err *err);

/**
 * lab_mount_tree_whole() - Take a detached copy of a mount, or of a directory of it, with all that is mounted below
 * @path:	where it is mounted, or the directory
 * @err:	filled on failure; may be NULL
 *
 * Return: descriptor of the copy (caller closes; closing it unattached dissolves it), or -errno.
 * Source: open_tree(2) with OPEN_TREE_CLONE and AT_RECURSIVE, Linux 5.2.
 */
int lab_mount_tree_whole(const char *path, struct lab_err *err);

/**
 * lab_mount_attach() - Attach a detached mount
 * @tree:	descriptor from lab_mount_tree() (borrowed)
 * @target:	an existing directory or file
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Source: move_mount(2).
 */
int lab_mount_attach(int tree, const char *target, struct lab_err *err);

/**
 * lab_mount_new() - Make a detached mount of a new file system
 * @type:	file system type
 * @attrs:	MOUNT_ATTR_... of mount_setattr(2)
 * @err:	filled on failure; may be NULL
 *
 * Return: descriptor of its root directory, usable with the *at() calls without being attached anywhere (caller closes; closing it
 * unattached dissolves it), or -errno. Source: fsopen(2), fsmount(2), Linux 5.2.
 */
int lab_mount_new(const char *type, unsigned int attrs, struct lab_err *err);

/**
 * lab_mount_read_only() - Make a mount and those below it read-only, whatever their file systems allow
 * @path:	where it is mounted
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Source: mount_setattr(2), Linux 5.12.
 */
int lab_mount_read_only(const char *path, struct lab_err *err);

/**
 * lab_mount_switch() - Make a mount the root by moving it over the old one
 * @root:	a mount point
 * @err:	filled on failure; may be NULL
 *
 * The old root stays below, out of reach of every path; only who may unmount (CAP_SYS_ADMIN over this mount namespace) could
 * bring it back. Much cheaper than lab_mount_pivot(): pivot_root(2) walks over all processes of the machine, and
 * unmounting waits for an RCU grace period. The working directory is "/" afterwards.
 * Return: 0 or -errno. Source: MS_MOVE in mount(2), chroot(2); switch_root(8) does the same.
 */
int lab_mount_switch(const char *root, struct lab_err *err);

/**
 * lab_mount_pivot() - Make a directory the root and drop the old one with all that is mounted under it
 * @root:	a mount point
 * @err:	filled on failure; may be NULL
 *
 * Every process of this mount namespace whose root or working directory is the old root follows. The working directory is "/" afterwards.
 * Return: 0 or -errno. Source: pivot_root(2), "pivot_root(".", ".")".
 */
int lab_mount_pivot(const char *root, struct lab_err *err);

#endif
