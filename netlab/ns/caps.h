/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caps.h - what a host's root may do */
#ifndef NETLAB_NS_CAPS_H
#define NETLAB_NS_CAPS_H

#include <stdint.h>

#include "netlab/base/err.h"

/**
 * lab_caps_effective() - Effective capabilities of this process
 *
 * Return: a bit for each capability; 0 when it cannot be told.
 * Source: capabilities(7), capget(2).
 */
uint64_t lab_caps_effective(void);

/**
 * lab_caps_host() - The capabilities that network tests need
 *
 * Not among them, on purpose: CAP_SYS_ADMIN (mounts, and so the machine's /proc/sys), CAP_MKNOD (the machine's disks), CAP_SYS_PTRACE
 * (the agent's memory), CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_SYSLOG, CAP_DAC_READ_SEARCH (file handles reach
 * outside the root), CAP_SYS_RESOURCE, CAP_LINUX_IMMUTABLE, CAP_MAC_*, CAP_BPF and CAP_PERFMON.
 * Return: a bit for each capability.
 */
uint64_t lab_caps_host(void);

/**
 * lab_caps_bound() - Never let an exec of this process or its children gain more than some capabilities
 * @keep:	a bit for each capability that may still be gained
 * @err:	filled on failure; may be NULL
 *
 * Drops the rest from the bounding set; what the process has in effect stays. Children inherit it, so one call serves many.
 * Context: CAP_SETPCAP.
 * Return: 0 or -errno. Source: PR_CAPBSET_DROP in prctl(2), capabilities(7).
 */
int lab_caps_bound(uint64_t keep, struct lab_err *err);

/**
 * lab_caps_limit() - Give up all capabilities but some
 * @keep:	a bit for each capability to keep
 * @err:	filled on failure; may be NULL
 *
 * Permitted, effective and inheritable sets (and with them the ambient one); together with lab_caps_bound() it is for good.
 * Return: 0 or -errno. Source: capset(2), capabilities(7).
 */
int lab_caps_limit(uint64_t keep, struct lab_err *err);

#endif
