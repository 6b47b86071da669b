/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tun.h - tun and tap links, which are made by opening a device */
#ifndef NETLAB_NL_TUN_H
#define NETLAB_NL_TUN_H

#include "netlab/nl/link.h"

/**
 * lab_tun_add() - Make a tun or tap link that stays
 * @spec:	kind LAB_LINK_TUN or LAB_LINK_TAP, @ifindex, @name and options that lab_kind_check() has passed; the rest is for lab_link_set()
 * @err:	filled on failure; may be NULL
 *
 * An option hwaddr is for lab_link_set(), too.
 * Context: the link is made in the caller's current network namespace; CAP_NET_ADMIN there; /dev/net/tun.
 * Return: 0 or -errno. Errors: -ENOENT or -ENODEV no /dev/net/tun (CONFIG_TUN), -EBUSY the name is taken, -EINVAL an option.
 * Source: TUNSETIFF, TUNSETIFINDEX, TUNSETPERSIST in linux/if_tun.h; Documentation/networking/tuntap.rst.
 */
int lab_tun_add(const struct lab_link_new *spec, struct lab_err *err);

#endif
