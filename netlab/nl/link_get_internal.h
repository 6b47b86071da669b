/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_get_internal.h - how messages about links and addresses are read; for this room and its tests */
#ifndef NETLAB_NL_LINK_GET_INTERNAL_H
#define NETLAB_NL_LINK_GET_INTERNAL_H

#include <linux/netlink.h>

#include "netlab/nl/link_get.h"

/**
 * lab_link_read() - Read a message about a link
 * @nlh:	RTM_NEWLINK, at least a struct ifinfomsg long
 * @ret:	written; what the message lacks, or has cut short, is 0
 */
void lab_link_read(const struct nlmsghdr *nlh, struct lab_link_info *ret);

/**
 * lab_addr_read() - Read a message about an address
 * @nlh:	RTM_NEWADDR, at least a struct ifaddrmsg long
 * @ret:	written
 *
 * Return: false if it has no address that could be used.
 */
bool lab_addr_read(const struct nlmsghdr *nlh, struct lab_addr_info *ret);

#endif
