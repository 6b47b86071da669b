/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault.h - let the n-th netlink request, mount or clone fail; debug and sanitizer builds only */
#ifndef NETLAB_BASE_FAULT_H
#define NETLAB_BASE_FAULT_H

#include "netlab/base/err.h"

enum lab_fault_kind {
	LAB_FAULT_NETLINK,
	LAB_FAULT_MOUNT,
	LAB_FAULT_CLONE,
	LAB_FAULT_KIND_MAX_,
};

#ifdef LAB_FAULTS
/**
 * lab_fault_init() - Arm faults from the environment variable NETLAB_FAULT="kind:n"
 * @err:	filled on failure; may be NULL
 *
 * Kinds: netlink, mount, clone; n counts from 1, over all processes of the lab: the counter lives
 * in a shared memory file whose descriptor an exec'ed child inherits as given by lab_fault_fd().
 * Return: 0 (also when not armed), or -errno. Errors: -EINVAL for a malformed variable.
 */
int lab_fault_init(struct lab_err *err);

/**
 * lab_fault_fd() - Descriptor of the shared counter
 *
 * Return: the descriptor, or -1 when not armed.
 */
int lab_fault_fd(void);

/**
 * lab_fault_adopt() - Use the counter of another process
 * @fd:		descriptor from lab_fault_fd(), inherited; moved
 *
 * Return: 0 or -errno.
 */
int lab_fault_adopt(int fd);

/**
 * lab_fault() - Should this operation fail now
 * @kind:	what is about to be done
 *
 * Return: 0 to go on, or a positive errno that the operation must fail with.
 */
int lab_fault(enum lab_fault_kind kind);
#else
static inline int lab_fault_init(struct lab_err *err)
{
	(void)err;
	return 0;
}
static inline int lab_fault_fd(void)
{
	return -1;
}
static inline int lab_fault_adopt(int fd)
{
	(void)fd;
	return 0;
}
static inline int lab_fault(enum lab_fault_kind kind)
{
	(void)kind;
	return 0;
}
#endif

#endif
