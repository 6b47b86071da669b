/* SPDX-License-Identifier: GPL-2.0-or-later */
/* internal.h - what the files of this folder share and nobody else may include */
#ifndef NETLAB_TOPO_INTERNAL_H
#define NETLAB_TOPO_INTERNAL_H

#include "netlab/topo/topo.h"

#define LAB_TOPO_QUOTE_LEN   64    /* bytes of a name in a message, with its NUL */
#define LAB_TOPO_MTU_IP6     1280u /* RFC 8200 section 5; with less the kernel takes IPv6 away */
#define LAB_TOPO_MTU_DEFAULT 1500u /* of a veth */

/**
 * lab_topo_quote() - Make a name from a recipe fit for one line of text
 * @s:		name
 * @buf:	written: @s with control characters replaced by '?', cut with "..." when too long
 *
 * Return: @buf.
 */
char *lab_topo_quote(const char *s, char buf[LAB_TOPO_QUOTE_LEN]);

/**
 * lab_topo_mask() - Clear the host bits of an address
 * @a:		address with its prefix length
 *
 * Return: the subnet, with the same prefix length.
 */
struct lab_addr lab_topo_mask(const struct lab_addr *a);

/**
 * lab_topo_is_link_local() - Does an address mean something on its own network only
 * @a:		address
 *
 * Return: true for fe80::/10 and 169.254.0.0/16.
 * Source: RFC 4291 section 2.5.6, RFC 3927.
 */
bool lab_topo_is_link_local(const struct lab_addr *a);

/**
 * lab_topo_give_addrs() - Give out the automatic addresses
 * @topo:	topology with its ports numbered, the recipe's own addresses checked
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ERANGE pool exhausted, -EINVAL not a pool, -ENOMEM.
 */
int lab_topo_give_addrs(struct lab_topo *topo, struct lab_err *err);

/**
 * lab_topo_check_addrs() - Check the addresses that are given
 * @topo:	topology before lab_topo_give_addrs()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL: IPv6 on too small an MTU.
 */
int lab_topo_check_addrs(const struct lab_topo *topo, struct lab_err *err);

/**
 * lab_topo_check_routes() - Check the static routes
 * @topo:	topology with all addresses
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENETUNREACH gateway on no subnet of the host, -EINVAL it is the
 * host itself, -EEXIST a second route to one destination, -ENOMEM.
 */
int lab_topo_check_routes(const struct lab_topo *topo, struct lab_err *err);

#endif
