/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netconf.h - what the kernel does with packets that are for others */
#ifndef NETLAB_NL_NETCONF_H
#define NETLAB_NL_NETCONF_H

#include <stdbool.h>

#include "netlab/nl/nl.h"

/**
 * lab_netconf_forwarding() - Does a network namespace route
 * @nl:		socket in the namespace, with an empty batch
 * @family:	AF_INET or AF_INET6
 * @ret:	written on success
 * @err:	filled on failure; may be NULL
 *
 * Context: blocks for one answer.
 * Return: 0 or -errno. Errors: -EOPNOTSUPP the kernel lacks the family. Source: RTM_GETNETCONF in linux/netconf.h; `forwarding` of
 * conf/all in Documentation/networking/ip-sysctl.rst.
 */
int lab_netconf_forwarding(struct lab_nl *nl, int family, bool *ret, struct lab_err *err);

#endif
