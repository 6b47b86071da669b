/* SPDX-License-Identifier: GPL-2.0-or-later */
/* podman_internal.h - what the files of the backend podman share */
#ifndef NETLAB_BACKEND_PODMAN_INTERNAL_H
#define NETLAB_BACKEND_PODMAN_INTERNAL_H

#include "netlab/backend/engine.h"
#include "netlab/backend/http.h"

/**
 * DOC: podman
 *
 * podman_service.c	the service: one of the lab's own, started by the engine process, or the user's, by a URI
 * podman_image.c	what a container's root is made from
 * podman.c		containers: made, started, removed
 * podman_life.c	what happens to them then
 * podman_snap.c	snapshots
 *
 * The lab's own service has its storage below lab_engine.dir and makes its containers in one cgroup, which is journalled; all its processes are in the
 * lab's PID namespace. It writes nowhere else, and reads images of the machine's storages. A container of the user's service survives the lab's
 * keeper, so the lab's name and key, which are labels of all its containers, are journalled.
 */
#define LAB_PODMAN_API "/v4.0.0/libpod"
#define LAB_PODMAN_STORE \
	"/var/lib/netlab/podman" /* images that were imported or pulled, for all labs */

enum {
	LAB_PODMAN_MS =
		100000, /* less than the deadline of an operation, so that the message is ours */
};

/**
 * struct lab_podman - a service, for one operation
 * @engine:	lab
 * @host:	host
 * @uri:	of the user's service; NULL = the lab's own
 * @http:	connection
 */
struct lab_podman {
	const struct lab_engine *engine;
	const struct lab_engine_host *host;
	const char *uri;
	struct lab_http *http;
};

/**
 * lab_podman_open() - Connect to the service of a host
 * @engine:	lab
 * @host:	host
 * @ret:	on success; lab_podman_close()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_podman_open(const struct lab_engine *engine, const struct lab_engine_host *host,
		    struct lab_podman *ret, struct lab_err *err);

/**
 * lab_podman_connect() - Connect to a service by its URI
 * @uri:	"unix:///path", "tcp://host:port", "http://host:port", "https://host:port"
 * @ret:	on success; caller closes
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_podman_connect(const char *uri, struct lab_http **ret, struct lab_err *err);

/**
 * lab_podman_close() - Hang up
 * @pd:		may be zeroed
 */
void lab_podman_close(struct lab_podman *pd);

#define cleanup_podman LAB_CLEANUP(lab_podman_close)

/**
 * lab_podman_call() - Ask the service
 * @pd:		connected
 * @req:	method, body, also and the like; @path and @timeout_ms are put in here
 * @ret:	the answer, a new reference; may be NULL
 * @err:	filled on failure: if the lab's own service has died, with what it said last; may be NULL
 * @fmt:	printf format of the path behind LAB_PODMAN_API
 *
 * Return: status or -errno, as lab_http_request().
 */
int lab_podman_call(struct lab_podman *pd, struct lab_http_req req, json_t **ret,
		    struct lab_err *err, const char *fmt, ...) LAB_PRINTF(5, 6);

/**
 * lab_podman_serve() - Start the lab's own service, if a host needs it
 * @engine:	lab
 * @err:	filled on failure; may be NULL
 *
 * It need not be waited for: the socket that it takes its requests from is there already.
 * Return: 0 or -errno.
 */
int lab_podman_serve(const struct lab_engine *engine, struct lab_err *err);

/**
 * lab_podman_end() - End it
 * @engine:	lab
 *
 * Its containers, and what looks after them, are killed, too.
 */
void lab_podman_end(const struct lab_engine *engine);

/**
 * lab_podman_sweep_empty() - Remove a folder that was made for the lab's own service, if it is empty
 * @path:	from the journal
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL: that is none of those.
 */
int lab_podman_sweep_empty(const char *path, struct lab_err *err);

/**
 * lab_podman_own_program() - Run podman with a storage of netlab's
 * @pd:		for the folder of what it needs meanwhile
 * @args:	arguments behind the global options, NULL-terminated
 * @err:	filled on failure, with the last line that it wrote; may be NULL
 *
 * The storage is LAB_PODMAN_STORE; one such program runs at a time.
 * Return: 0 or -errno.
 */
int lab_podman_own_program(const struct lab_podman *pd, const char *const *args,
			   struct lab_err *err);

/**
 * lab_podman_make_store() - Make LAB_PODMAN_STORE, empty, if it is not there
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_podman_make_store(struct lab_err *err);

/**
 * lab_podman_brings() - May an image have to be put into LAB_PODMAN_STORE first
 * @image:	as the recipe has it; may be NULL
 *
 * Return: true for a file, and for a name that says which registry has it.
 */
bool lab_podman_brings(const char *image);

/**
 * lab_podman_make() - Make the container of a host
 * @pd:		connected
 * @image:	what its root is made from, by its name in the service; NULL = what the recipe says
 * @keep:	"id" is put in, and what lab_podman_root() keeps
 * @err:	filled on failure; may be NULL
 *
 * Journalled before, if the service is the user's.
 * Return: 0 or -errno.
 */
int lab_podman_make(struct lab_podman *pd, const char *image, json_t *keep, struct lab_err *err);

/**
 * lab_podman_id() - The container of a host
 * @pd:		its service
 *
 * Return: id; borrowed.
 */
const char *lab_podman_id(const struct lab_podman *pd);

/**
 * lab_podman_inspect() - What the service says of the container
 * @pd:		connected
 * @err:	filled on failure; may be NULL
 *
 * Return: new reference, or NULL.
 */
json_t *lab_podman_inspect(struct lab_podman *pd, struct lab_err *err);

/**
 * lab_podman_remove() - Remove a container, and end it before
 * @http:	the service
 * @id:		container; one that is not there is no failure
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_podman_remove(struct lab_http *http, const char *id, struct lab_err *err);

/**
 * lab_podman_resources() - Limits as the service takes them
 * @memory_bytes: 0 = not said
 * @cpus_milli:	thousandths of a processor; 0 = not said
 * @pids:	processes; 0 = not said
 *
 * Return: new reference.
 */
json_t *lab_podman_resources(uint64_t memory_bytes, uint32_t cpus_milli, uint32_t pids);

/**
 * lab_podman_freezing() - Stop all processes of a host, or let them go on
 * @engine:	lab
 * @host:	host
 * @freeze:	true to stop them
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 when that is so, or -errno.
 */
int lab_podman_freezing(const struct lab_engine *engine, const struct lab_engine_host *host,
			bool freeze, struct lab_err *err);

/**
 * lab_podman_is_running() - Does the container of a host run
 * @pd:		connected
 * @err:	filled on failure; may be NULL
 *
 * Return: 1 yes, also if it is frozen; 0 no; or -errno.
 */
int lab_podman_is_running(struct lab_podman *pd, struct lab_err *err);

/**
 * lab_podman_apply_limits() - Give a container that runs the limits that were said when the lab was up
 * @pd:		connected
 * @limits:	{"memory", "cpus_milli", "pids"}: 0 = none; NULL: nothing was said
 * @err:	filled on failure; may be NULL
 *
 * The service forgets them when the container stops.
 * Return: 0 or -errno.
 */
int lab_podman_apply_limits(struct lab_podman *pd, const json_t *limits, struct lab_err *err);

/* Operations, all of the type lab_host_op_fn; in podman_life.c and podman_snap.c. */
#define LAB_PODMAN_OP(name)                                                                        \
	int lab_podman_##name(const struct lab_engine *engine, const struct lab_engine_host *host, \
			      const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
#define LAB_PODMAN_OPS               \
	LAB_PODMAN_OP(stop);         \
	LAB_PODMAN_OP(freeze);       \
	LAB_PODMAN_OP(thaw);         \
	LAB_PODMAN_OP(state);        \
	LAB_PODMAN_OP(config);       \
	LAB_PODMAN_OP(rename);       \
	LAB_PODMAN_OP(snap_create);  \
	LAB_PODMAN_OP(snap_list);    \
	LAB_PODMAN_OP(snap_rename);  \
	LAB_PODMAN_OP(snap_restore); \
	LAB_PODMAN_OP(snap_delete);  \
	LAB_PODMAN_OP(publish)
LAB_PODMAN_OPS;

/**
 * lab_podman_root() - Say in the description of a container what its root is made from
 * @pd:		connected
 * @spec:	body of the request; "image" or "rootfs" is put in
 * @keep:	"image", or "lower" for a root of lab_lend_root(), is put in
 * @err:	filled on failure; may be NULL
 *
 * Imports, or pulls, what is not there yet. The root of a directory, or of the machine, is a copy-on-write view.
 * Return: 0 or -errno. Errors: -ENOENT there is no such image.
 */
int lab_podman_root(struct lab_podman *pd, json_t *spec, json_t *keep, struct lab_err *err);

#endif
