/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_tree.h - a control group by its name, in all hierarchies, with what engines made in it */
#ifndef NETLAB_NS_CGROUP_TREE_H
#define NETLAB_NS_CGROUP_TREE_H

#include <stdbool.h>

#include "netlab/base/err.h"

/**
 * lab_cgroup_tree_name() - May a group of this name be ours
 * @name:	without a slash
 *
 * Return: true for "netlab.X...".
 */
bool lab_cgroup_tree_name(const char *name);

/**
 * lab_cgroup_tree_remove() - Remove a group with all groups in it from the root of each hierarchy that is mounted
 * @name:	see lab_cgroup_tree_name()
 * @timeout_ms:	how long processes in it that have been killed may need to end
 * @err:	filled on failure; may be NULL
 *
 * What is frozen there is let go, or it could not end. Where there is no such group, there is nothing to do.
 * Return: 0 or -errno. Errors: -EINVAL the name is none of ours; -EBUSY a process is left in one.
 * Source: cgroups(7); Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst.
 */
int lab_cgroup_tree_remove(const char *name, int timeout_ms, struct lab_err *err);

#endif
