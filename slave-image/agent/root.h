/* SPDX-License-Identifier: GPL-2.0-or-later */
/* root.h - a host's own view of the machine's files */
#ifndef SLAVE_IMAGE_AGENT_ROOT_H
#define SLAVE_IMAGE_AGENT_ROOT_H

#include <stdint.h>

#include "netlab/base/err.h"
#include "netlab/ns/spawn.h"

/**
 * agt_root_proc() - Make the /proc of a host, not attached anywhere yet
 * @err:	filled on failure; may be NULL
 *
 * Context: PID 1 of a new PID namespace, CAP_SYS_ADMIN.
 * Return: its descriptor, for agt_root_enter() (caller closes), or -errno.
 * Source: proc(5), fsmount(2).
 */
int agt_root_proc(struct lab_err *err);

/**
 * agt_root_enter() - Build the root of a host and make it this process's root
 * @setup:	what the template looks like
 * @req:	which host, and whether it was there before
 * @proc:	of agt_root_proc() (borrowed)
 * @err:	filled on failure; may be NULL
 *
 * The machine's files copy-on-write; private /run, /tmp and /dev/shm; a minimal read-only /dev with its own pty instance; fresh /proc and the
 * namespace's own /sys, both read-only but for /proc/sys/net and /sys/devices/virtual/net, which belong to the namespace. A host that was
 * there before finds what it wrote, above the layers that it was restored to.
 * Context: PID 1 of new mount, PID and network namespaces inside the template (netlab/ns/spawn.h), CAP_SYS_ADMIN.
 * Return: 0 or -errno; on failure the process should end.
 * Source: Documentation/filesystems/overlayfs.rst, devpts.rst, proc.rst.
 */
int agt_root_enter(const struct lab_spawn_setup *setup, const struct lab_spawn_req *req, int proc,
		   struct lab_err *err);

/**
 * agt_root_sys() - Mount the /sys of the current network namespace
 * @target:	where
 * @err:	filled on failure; may be NULL
 *
 * Read-only but for the devices of the namespace. An older one below it stays, out of sight.
 * Context: CAP_SYS_ADMIN in the mount namespace.
 * Return: 0 or -errno. Source: sysfs(5).
 */
int agt_root_sys(const char *target, struct lab_err *err);

/**
 * agt_root_confine() - Let a container that an engine made write those parts of /proc and /sys that hosts may, and no others
 * @err:	filled on failure; may be NULL
 *
 * Context: the container's mount namespace; CAP_SYS_ADMIN.
 * Return: 0 or -errno.
 */
int agt_root_confine(struct lab_err *err);

#endif
