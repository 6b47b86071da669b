/* SPDX-License-Identifier: GPL-2.0-or-later */
/* internal.h - what the files of this folder share and nobody else may include */
#ifndef NETLAB_TOPO_INTERNAL_H
#define NETLAB_TOPO_INTERNAL_H

#include "netlab/topo/topo.h"

#define LAB_TOPO_QUOTE_LEN   64    /* bytes of a name in a message, with its NUL */
#define LAB_TOPO_MTU_IP6     1280u /* RFC 8200 section 5; with less the kernel takes IPv6 away */
#define LAB_TOPO_MTU_DEFAULT 1500u /* of a veth */

/**
 * lab_topo_grow() - Make room for one more element in an array without a capacity
 * @array:	address of the pointer to the array
 * @n:		elements in it; it is full at 0, 2, 4, 8, ...
 * @elem_size:	bytes of one
 *
 * Return: 0 or -ENOMEM.
 */
int lab_topo_grow(void *array, size_t n, size_t elem_size);

/**
 * lab_topo_free_iface() - Release what an interface points to
 * @iface:	interface
 */
void lab_topo_free_iface(struct lab_iface *iface);

/**
 * lab_topo_finish_devices() - Check and complete what interfaces lie on: masters, names, addresses of their kinds
 * @topo:	topology
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL a wrong option, namespace or number of slaves, -EEXIST two masters or names.
 */
int lab_topo_finish_devices(struct lab_topo *topo, struct lab_err *err);

/**
 * lab_iface_has_ports() - Do the slaves of an interface become its ports
 * @iface:	interface
 *
 * Return: true for bonds, bridges and the like; false for what only lies on others.
 */
bool lab_iface_has_ports(const struct lab_iface *iface);

/**
 * lab_topo_name_eth() - Give an eth its id as its name
 * @iface:	interface
 *
 * Return: false if the id is no possible name; then nothing is changed.
 */
bool lab_topo_name_eth(struct lab_iface *iface);

/**
 * lab_topo_name_device() - Give an interface that is no ETH its name
 * @host:	its host; those with lower indices have theirs
 * @index:	which
 */
void lab_topo_name_device(struct lab_host *host, size_t index);

/**
 * lab_topo_name_taken() - Is a name that of an interface of a host, in whichever namespace
 * @host:	host
 * @name:	name
 *
 * Return: true if so.
 */
bool lab_topo_name_taken(const struct lab_host *host, const char *name);

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
