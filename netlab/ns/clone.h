/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clone.h - new processes in new namespaces */
#ifndef NETLAB_NS_CLONE_H
#define NETLAB_NS_CLONE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/base/err.h"

/**
 * lab_ns_clone() - Fork into new namespaces
 * @flags:	CLONE_NEW..., CLONE_PARENT; never CLONE_VM
 * @err:	filled on failure, naming the limit or the missing kernel option; may be NULL
 *
 * Like fork(2): returns twice. The child must end by _exit(2). With CLONE_PARENT the child's exit signal is the caller's own.
 * Context: single-threaded caller; CAP_SYS_ADMIN, or CLONE_NEWUSER among @flags.
 * Return: the child's pid in the parent, 0 in the child, or -errno. Errors: -EPERM, -ENOSPC a user.max_*_namespaces limit,
 * -EAGAIN process limit, -EINVAL the kernel lacks a namespace type.
 * Source: clone3(2), namespaces(7).
 */
pid_t lab_ns_clone(uint64_t flags, struct lab_err *err);

/**
 * lab_ns_map_user() - Map one user and group of a new user namespace to root
 * @pid:	process in the new namespace, waiting
 * @uid:	outside user that becomes 0 inside
 * @gid:	outside group that becomes 0 inside
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Source: user_namespaces(7).
 */
int lab_ns_map_user(pid_t pid, uid_t uid, gid_t gid, struct lab_err *err);

/**
 * lab_ns_privileged() - May this process make namespaces without a user namespace
 *
 * Return: true with CAP_SYS_ADMIN in effect.
 */
bool lab_ns_privileged(void);

#endif
