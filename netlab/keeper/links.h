/* SPDX-License-Identifier: GPL-2.0-or-later */
/* links.h - interfaces and routes of a running lab, as clients ask for them */
#ifndef NETLAB_KEEPER_LINKS_H
#define NETLAB_KEEPER_LINKS_H

#include "netlab/keeper/keeper_internal.h"

/**
 * lab_links_request() - Answer a request about interfaces or routes
 * @k:		keeper of a lab that is up
 * @method:	name of the method
 * @params:	its parameters (borrowed)
 * @ret:	the result, on success; new reference
 * @err:	filled on failure
 *
 * The methods are `link.add`, `link.set`, `link.del`, `link.get`, `route.add` and `route.del` of docs/rpc.md.
 * Context: may run the loop, for what programs make; the client may be gone afterwards.
 * Return: 1 done, 0 no such method, or -errno.
 */
int lab_links_request(struct lab_keeper *k, const char *method, json_t *params, json_t **ret,
		      struct lab_err *err);

/**
 * lab_links_get() - Describe an interface as the kernel has it now
 * @k:		keeper
 * @host:	index of the host
 * @index:	index of the interface
 * @ret:	new reference, on success
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENODEV it has gone.
 */
int lab_links_get(struct lab_keeper *k, uint32_t host, uint32_t index, json_t **ret,
		  struct lab_err *err);

/**
 * lab_links_find() - The interface that a request names
 * @k:		keeper
 * @params:	with "host" and "id"
 * @ret_host:	index of the host, on success
 * @ret_iface:	index of the interface, on success; NULL: only the host is looked up
 * @err:	filled on failure with the nearest name; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL one is missing, -ENOENT there is none.
 */
int lab_links_find(struct lab_keeper *k, const json_t *params, uint32_t *ret_host,
		   uint32_t *ret_iface, struct lab_err *err);

/**
 * lab_links_options() - Read an array of [name, value]
 * @array:	array or NULL
 * @list:	options are added; owned, as lab_iface.options
 * @n:		how many are in it
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_links_options(const json_t *array, struct lab_option **list, size_t *n,
		      struct lab_err *err);

/**
 * lab_links_netem() - Read a "netem" object
 * @object:	{"delay": {"time": "10ms"}}; NULL or null = nothing
 * @list:	options are added; owned, as lab_iface.netem
 * @n:		how many are in it
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_links_netem(const json_t *object, struct lab_option **list, size_t *n, struct lab_err *err);

/**
 * lab_links_add() - link.add
 * @k:		keeper
 * @params:	of the request
 * @ret:	the interface, new reference, on success
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno; on failure nothing is left of it.
 */
int lab_links_add(struct lab_keeper *k, json_t *params, json_t **ret, struct lab_err *err);

/**
 * lab_links_set() - link.set
 * @k:		keeper
 * @params:	of the request
 * @ret:	the interface, new reference, on success
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno; changes before the one that failed stay.
 */
int lab_links_set(struct lab_keeper *k, json_t *params, json_t **ret, struct lab_err *err);

#endif
