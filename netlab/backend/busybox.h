/* SPDX-License-Identifier: GPL-2.0-or-later */
/* busybox.h - a small root that is made on the spot: busybox, and the machine's /usr and libraries */
#ifndef NETLAB_BACKEND_BUSYBOX_H
#define NETLAB_BACKEND_BUSYBOX_H

#include <stdbool.h>

#include "netlab/backend/engine.h"

#define LAB_BUSYBOX_IMAGE    "busybox" /* as the name of an image, unless netlab's store has one */
#define LAB_BUSYBOX_GATEWAYS "/gateways" /* a folder that host and machine share */

/**
 * lab_busybox_is() - Is a host to be made from the template
 * @host:	host
 *
 * Return: true if so.
 */
bool lab_busybox_is(const struct lab_engine_host *host);

/**
 * lab_busybox_make() - Make the template, once for a lab
 * @engine:	lab
 * @ret:	its directory, to lie below the root of each host; caller frees
 * @err:	filled on failure; may be NULL
 *
 * A tree as the Filesystem Hierarchy Standard has it, with links to busybox for all it can do in /bin and /sbin, and empty folders for what
 * lab_busybox_shares() names.
 * Return: 0 or -errno. Errors: -ENOSYS there is no program busybox.
 */
int lab_busybox_make(const struct lab_engine *engine, char **ret, struct lab_err *err);

/**
 * lab_busybox_host() - Put into a host's root what is only its own: /etc/machine-id, and its folder of gateways
 * @host:	host; its "upper" is there
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Source: machine-id(5).
 */
int lab_busybox_host(const struct lab_engine_host *host, struct lab_err *err);

/**
 * lab_busybox_shares() - Folders of the machine that such a host sees, read-only
 * @i:		from 0
 *
 * Return: absolute path, the same on both sides, or NULL: that is all.
 */
const char *lab_busybox_shares(unsigned int i);

#endif
