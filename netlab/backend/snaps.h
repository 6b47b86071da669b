/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snaps.h - snapshots of hosts by backends that have no better ones: which there are, and layers of roots from lab_lend_root() */
#ifndef NETLAB_BACKEND_SNAPS_H
#define NETLAB_BACKEND_SNAPS_H

#include "netlab/backend/engine.h"

/**
 * DOC: snapshots
 *
 * Which snapshots a host has is an object that an operation takes from what was kept, changes, and keeps again as the member "snaps":
 *
 *   {"list": [{"name", "id", "parent", "created"}...], "base": id of the one that the host goes on from, "last": the last id given out}
 *
 * A snapshot without a name was deleted, but others lie on its layer. A layer is what the host had written: lab_engine_host.dir/sID/upper. It never
 * changes, so to go back to one is no copy: the root is mounted anew, with an empty upper directory above it.
 */
#define LAB_SNAPS_MAX        64u
#define LAB_SNAPS_LAYERS_MAX 16u

/**
 * lab_snaps_get() - The snapshots of a host
 * @host:	host
 *
 * Return: new reference, a copy; NULL when out of memory.
 */
json_t *lab_snaps_get(const struct lab_engine_host *host);

/**
 * lab_snaps_keep() - Put them into what an operation returns
 * @snaps:	from lab_snaps_get(), changed
 * @ret:	result of the operation
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -ENOMEM.
 */
int lab_snaps_keep(json_t *snaps, json_t *ret, struct lab_err *err);

/**
 * lab_snaps_add() - Have one more
 * @snaps:	changed
 * @name:	of the new one; may be NULL, which is refused
 * @ret_id:	on success, > 0
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL that is no name, -EEXIST, -ENOSPC.
 */
int lab_snaps_add(json_t *snaps, const char *name, json_int_t *ret_id, struct lab_err *err);

/**
 * lab_snaps_find() - Look one up
 * @snaps:	snapshots
 * @name:	its name; may be NULL, which is refused
 * @ret:	on success (borrowed): the entry of the list
 * @err:	filled on failure, with the nearest name; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT, -EINVAL.
 */
int lab_snaps_find(const json_t *snaps, const char *name, json_t **ret, struct lab_err *err);

/**
 * lab_snaps_rename() - Give one another name
 * @snaps:	changed
 * @name:	of the one
 * @to:		new name
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno, as lab_snaps_find() and lab_snaps_add().
 */
int lab_snaps_rename(json_t *snaps, const char *name, const char *to, struct lab_err *err);

/**
 * lab_snaps_list() - The answer to LAB_HOST_SNAPSHOT_LIST
 * @snaps:	snapshots
 * @ret:	result of the operation
 */
void lab_snaps_list(const json_t *snaps, json_t *ret);

/**
 * lab_snaps_id() - The id of one
 * @snap:	entry of the list
 *
 * Return: > 0.
 */
json_int_t lab_snaps_id(const json_t *snap);

/**
 * lab_snaps_set_base() - Say which one the host goes on from
 * @snaps:	changed
 * @snap:	entry of the list
 */
void lab_snaps_set_base(json_t *snaps, const json_t *snap);

/**
 * lab_snaps_drop() - Forget all entries without a name that nothing lies on
 * @snaps:	changed
 * @layers:	they are layers: one stays while something lies on it
 * @fn:		called for each before it goes; -errno: it stays
 * @user:	for @fn
 * @err:	filled by @fn on failure; may be NULL
 *
 * Return: 0 or the first error of @fn.
 */
int lab_snaps_drop(json_t *snaps, bool layers,
		   int (*fn)(json_int_t id, void *user, struct lab_err *err), void *user,
		   struct lab_err *err);

/**
 * lab_snaps_copy_layer() - Keep what a host has written
 * @host:	host with a root from lab_lend_root(); none of its processes runs meanwhile
 * @id:		of the new snapshot
 * @err:	filled on failure, and nothing is left; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_snaps_copy_layer(const struct lab_engine_host *host, json_int_t id, struct lab_err *err);

/**
 * lab_snaps_put() - Put the layers of a host on a tree: what it has changed
 * @host:	host
 * @name:	as it was then; NULL = as it is now
 * @to:		directory
 * @how:	enum lab_overlay_how
 * @err:	filled on failure; may be NULL
 *
 * But for what is the host's own whatever its image has: /dev, /run, /etc/hosts and the like.
 * Return: 0 or -errno. Errors: -ENOENT it has no such snapshot.
 */
int lab_snaps_put(const struct lab_engine_host *host, const char *name, int to, unsigned int how,
		  struct lab_err *err);

/**
 * lab_snaps_lower() - What lies below what a host writes
 * @host:	host
 * @snaps:	with its base
 * @lower:	that the root was made with
 * @ret:	as @lower, with the layers above it; caller frees
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSPC more layers than LAB_SNAPS_LAYERS_MAX.
 */
int lab_snaps_lower(const struct lab_engine_host *host, const json_t *snaps, const char *lower,
		    char **ret, struct lab_err *err);

/**
 * lab_snaps_empty() - Take away what a host has written
 * @host:	host; its root is not mounted
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_snaps_empty(const struct lab_engine_host *host, struct lab_err *err);

/**
 * lab_snaps_mount() - Mount the root of a stopped host anew, empty above its base
 * @host:	host
 * @snaps:	with the new base
 * @lower:	that the root was made with
 * @err:	filled on failure; may be NULL
 *
 * What it had written since is gone.
 * Return: 0 or -errno. Errors: -ENOSPC more layers than LAB_SNAPS_LAYERS_MAX.
 */
int lab_snaps_mount(const struct lab_engine_host *host, const json_t *snaps, const char *lower,
		    struct lab_err *err);

/**
 * lab_snaps_drop_layers() - lab_snaps_drop() for layers, with their files
 * @host:	host
 * @snaps:	changed
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_snaps_drop_layers(const struct lab_engine_host *host, json_t *snaps, struct lab_err *err);

#endif
