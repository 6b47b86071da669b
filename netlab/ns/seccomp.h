/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp.h - system calls that no host may make */
#ifndef NETLAB_NS_SECCOMP_H
#define NETLAB_NS_SECCOMP_H

#include "netlab/base/err.h"

/**
 * lab_seccomp_host() - Refuse what would give a host's root more than its capabilities do
 * @err:	filled on failure; may be NULL
 *
 * New user namespaces (EPERM): in one of its own a process has every capability, and with it could mount the machine's cgroups, whose
 * files belong to the same user. Keyrings (ENOSYS), which no namespace divides. clone3(2) is ENOSYS, because a filter cannot see its
 * flags; C libraries fall back to clone(2), and so does lab_ns_clone(). For this process and all that descend from it, for good.
 * Context: CAP_SYS_ADMIN in its user namespace.
 * Return: 0 or -errno. Errors: -ENOSYS the kernel has no seccomp filters. Source: seccomp(2), user_namespaces(7), keyrings(7).
 */
int lab_seccomp_host(struct lab_err *err);

#endif
