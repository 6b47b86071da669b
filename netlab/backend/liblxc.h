/* SPDX-License-Identifier: GPL-2.0-or-later */
/* liblxc.h - the library of LXC, loaded when it is needed */
#ifndef NETLAB_BACKEND_LIBLXC_H
#define NETLAB_BACKEND_LIBLXC_H

#include "netlab/base/err.h"

struct lxc_container;

/**
 * lab_liblxc_version() - Version of the library on this machine
 * @err:	filled on failure; may be NULL
 *
 * Return: static storage, or NULL: it is not there, or it is none.
 */
const char *lab_liblxc_version(struct lab_err *err);

/**
 * lab_liblxc_new() - An object for a container
 * @name:	of it
 * @path:	folder for it; the container's monitor is found by both
 * @ret:	on success; release with lab_liblxc_put(); its functions are those of lxc/lxccontainer.h
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSYS the library is not there.
 */
int lab_liblxc_new(const char *name, const char *path, struct lxc_container **ret,
		   struct lab_err *err);

/**
 * lab_liblxc_put() - Release an object; the container stays as it is
 * @c:		may point to NULL
 */
void lab_liblxc_put(struct lxc_container **c);

#define cleanup_lxc LAB_CLEANUP(lab_liblxc_put)

#endif
