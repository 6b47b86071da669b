/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grouped.h - operations on hosts whose processes netlab's engines see, in groups from groups.h and with roots from layers.h */
#ifndef NETLAB_BACKEND_GROUPED_H
#define NETLAB_BACKEND_GROUPED_H

#include "netlab/backend/groups.h"

/**
 * DOC: grouped hosts
 *
 * For backends whose containers run in the lab's PID namespace, each in a group lab_groups_host(). Kept for that are (lab_engine_host.kept) "run", how
 * often it has been started, "pid", its init, and "name", if it was renamed; and "limits", if they were changed. The param "init" says whether
 * the image's own /sbin/init is the first process.
 */

/**
 * lab_grouped_open() - Before the first host of a backend: journal the group of the lab, and use the images of its hosts
 * @engine:	lab
 * @backend:	its name
 * @err:	filled on failure; may be NULL
 *
 * As long as this process lives, nobody removes these images.
 * Return: 0 or -errno.
 */
int lab_grouped_open(struct lab_engine *engine, const char *backend, struct lab_err *err);

/**
 * lab_grouped_check() - Is the param "init" one
 * @host:	host
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int lab_grouped_check(const struct lab_engine_host *host, struct lab_err *err);

/**
 * lab_grouped_init() - Has a host an init of its own
 * @host:	host
 *
 * Return: true if so.
 */
bool lab_grouped_init(const struct lab_engine_host *host);

/**
 * lab_grouped_busybox() - Is the init of a host busybox, which has signals of its own
 * @host:	host, its root is mounted
 *
 * Return: true if so.
 */
bool lab_grouped_busybox(const struct lab_engine_host *host);

/**
 * lab_grouped_name() - What a host calls itself
 * @host:	host
 *
 * Return: name (borrowed).
 */
const char *lab_grouped_name(const struct lab_engine_host *host);

/**
 * lab_grouped_run() - How often a host has been started
 * @host:	host
 *
 * Return: 0 = never.
 */
unsigned int lab_grouped_run(const struct lab_engine_host *host);

/**
 * lab_grouped_pid() - The init of a host that was running when this was kept
 * @host:	host
 *
 * Return: process id, or 0.
 */
pid_t lab_grouped_pid(const struct lab_engine_host *host);

/**
 * lab_grouped_running() - Does a host run
 * @engine:	lab
 * @host:	host
 *
 * Return: true: its init, or one that has the same number by now, is in its group.
 */
bool lab_grouped_running(const struct lab_engine *engine, const struct lab_engine_host *host);

/**
 * lab_grouped_limit() - Set the limits of a host that starts
 * @engine:	lab
 * @host:	host
 * @group:	from lab_groups_host(), made
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSYS this machine cannot limit that.
 */
int lab_grouped_limit(const struct lab_engine *engine, const struct lab_engine_host *host,
		      const char *group, struct lab_err *err);

/**
 * lab_grouped_thawed() - Let the processes of a host go on, if they stand still
 * @engine:	lab
 * @host:	host
 */
void lab_grouped_thawed(const struct lab_engine *engine, const struct lab_engine_host *host);

/**
 * lab_grouped_freeze() - Let the processes of a host stand still
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_FREEZE
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_grouped_freeze(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_grouped_thaw() - Let them go on
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_THAW
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_grouped_thaw(const struct lab_engine *engine, const struct lab_engine_host *host,
		     const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_grouped_state() - Tell what a host does and uses
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_STATE
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_grouped_state(const struct lab_engine *engine, const struct lab_engine_host *host,
		      const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_grouped_config() - Change the limits of a host
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_CONFIG
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_grouped_config(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_grouped_rename() - Change what a host calls itself, now and from its next start on
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_RENAME
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_grouped_rename(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_grouped_snapshot() - Keep the files of a host as they are
 * @engine:	lab
 * @host:	host; one that runs stands still meanwhile
 * @args:	see LAB_HOST_SNAPSHOT_CREATE
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_grouped_snapshot(const struct lab_engine *engine, const struct lab_engine_host *host,
			 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_grouped_publish() - Write the files of a host where an image is made of them
 * @engine:	lab
 * @host:	host; one that runs stands still meanwhile
 * @args:	see LAB_HOST_PUBLISH
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_grouped_publish(const struct lab_engine *engine, const struct lab_engine_host *host,
			const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_grouped_clear() - Take away the root of a host that is stopped, unless the lab ends and takes it
 * @host:	host
 * @args:	see LAB_HOST_DESTROY
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_grouped_clear(const struct lab_engine_host *host, const json_t *args, struct lab_err *err);

#endif
