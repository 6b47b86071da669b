/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layers.h - the snapshots of hosts whose root is lent, as operations, whatever engine runs in it */
#ifndef NETLAB_BACKEND_LAYERS_H
#define NETLAB_BACKEND_LAYERS_H

#include "netlab/backend/engine.h"

/**
 * DOC: layers
 *
 * For backends whose hosts have a root from lend.h. "lower" and "root" are kept for that (lab_engine_host.kept), and "snaps", see snaps.h.
 */

/**
 * lab_layers_root() - Mount the root of a host, as it is when it is made
 * @engine:	lab
 * @host:	host
 * @lower:	from lab_lend_lower()
 * @ret:	"keep" of the result gets what the others need
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_layers_root(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const char *lower, json_t *ret, struct lab_err *err);

/**
 * lab_layers_upper() - Make what the root of a host needs, for an engine that mounts it itself
 * @engine:	lab
 * @host:	host
 * @lower:	from lab_lend_lower()
 * @ret:	as for lab_layers_root()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_layers_upper(const struct lab_engine *engine, const struct lab_engine_host *host,
		     const char *lower, json_t *ret, struct lab_err *err);

/**
 * lab_layers_lower() - What lies below the root of a host now
 * @host:	host
 * @ret:	directories, the topmost first, separated by colons; caller frees
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL its root is not lent.
 */
int lab_layers_lower(const struct lab_engine_host *host, char **ret, struct lab_err *err);

/**
 * lab_layers_path() - Where the root of a host is mounted
 * @host:	host
 *
 * Return: path (borrowed), or NULL: it is not.
 */
const char *lab_layers_path(const struct lab_engine_host *host);

/**
 * lab_layers_check() - May a snapshot be made
 * @host:	host
 * @args:	"name"
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL no name of a snapshot; -EEXIST there is one; -ENOSPC there are LAB_SNAPS_MAX.
 */
int lab_layers_check(const struct lab_engine_host *host, const json_t *args, struct lab_err *err);

/**
 * lab_layers_create() - Keep the files of a host as they are now
 * @host:	host; it is stopped or stands still
 * @args:	"name"
 * @ret:	result
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: as lab_layers_check().
 */
int lab_layers_create(const struct lab_engine_host *host, const json_t *args, json_t *ret,
		      struct lab_err *err);

/**
 * lab_layers_list() - Tell what is kept
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_SNAPSHOT_LIST
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_layers_list(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_layers_rename() - Give a snapshot another name
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_SNAPSHOT_RENAME
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_layers_rename(const struct lab_engine *engine, const struct lab_engine_host *host,
		      const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_layers_restore() - Go back to a snapshot, with a host that is stopped
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_SNAPSHOT_RESTORE
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_layers_restore(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_layers_delete() - Forget a snapshot
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_SNAPSHOT_DELETE
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_layers_delete(const struct lab_engine *engine, const struct lab_engine_host *host,
		      const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_layers_publish() - Write the files of a host where an image is made of them
 * @host:	host; it is stopped or stands still
 * @args:	see LAB_HOST_PUBLISH
 * @ret:	result
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT it has no such snapshot.
 */
int lab_layers_publish(const struct lab_engine_host *host, const json_t *args, json_t *ret,
		       struct lab_err *err);

#endif
