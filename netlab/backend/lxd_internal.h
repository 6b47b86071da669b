/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxd_internal.h - what the files of the backend lxd share */
#ifndef NETLAB_BACKEND_LXD_INTERNAL_H
#define NETLAB_BACKEND_LXD_INTERNAL_H

#include <stdbool.h>

#include "netlab/backend/engine.h"
#include "netlab/backend/http.h"
#include "netlab/ns/cgroup.h"

/**
 * DOC: lxd
 *
 * lxd_server.c	which server, requests to it, and its operations
 * lxd_image.c	what an instance's root is made from
 * lxd.c	instances: create, start, stop and so on
 * lxd_snap.c	their snapshots, images of them, and their way to another server
 *
 * LXD is outside of the lab: its containers are processes of the machine, of which the lab sees nothing, and they survive the keeper. So the server, the lab's
 * name and the lab's key are journalled, and all that is made has the last two as labels ("user.netlab.lab", "user.netlab.key"). Paths are the machine's,
 * as those of the run directory are. The agent and its socket are devices of an instance, in its /dev, which is no part of its files.
 */
#define LAB_LXD_DIR    "/dev/.netlab"
#define LAB_LXD_AGENT  LAB_LXD_DIR "/agent"
#define LAB_LXD_SOCKET LAB_LXD_DIR "/agent.sock"

#define LAB_LXD_LABEL_LAB  "user.netlab.lab"
#define LAB_LXD_LABEL_KEY  "user.netlab.key"
#define LAB_LXD_LABEL_HOST "user.netlab.host"

/* For processes in a container that is not begun by a shell. */
#define LAB_LXD_PATHS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	LAB_LXD_MS =
		100000, /* less than the deadline of an operation, so that the message is ours */
	LAB_LXD_NAME_LEN = 64,
};

/**
 * struct lab_lxd_server - a server
 * @socket:	path of its unix socket; NULL = @url
 * @url:	"https://host:port"
 * @protocol:	of a server of images: "lxd" or "simplestreams"; NULL = it is not known
 * @cert:	file of the client's certificate; NULL = none
 * @key:	file of its key; NULL = none
 * @ca:		file of the server's certificate; NULL = the system's authorities
 */
struct lab_lxd_server {
	char *socket, *url, *protocol, *cert, *key, *ca;
};

/**
 * struct lab_lxd - a connection, for one operation
 * @engine:	lab
 * @host:	host
 * @server:	whom it is to
 * @http:	connection
 */
struct lab_lxd {
	const struct lab_engine *engine;
	const struct lab_engine_host *host;
	struct lab_lxd_server server;
	struct lab_http *http;
};

/**
 * lab_lxd_server_find() - From what a user says to a server
 * @settings:	{"lxd_socket"?, "lxd_url"?, "lxd_cert"?, "lxd_key"?, "lxd_ca"?, "lxd_server"?}
 * @ret:	on success; release with lab_lxd_server_fini()
 * @err:	filled on failure; may be NULL
 *
 * Without any of them: the machine's own. "lxd_server" is a name that the client lxc knows ("lxc remote list").
 * Return: 0 or -errno. Errors: -EINVAL, -ENOENT there is no server of that name, -ENOSYS the machine has none.
 */
int lab_lxd_server_find(const json_t *settings, struct lab_lxd_server *ret, struct lab_err *err);

/**
 * lab_lxd_server_named() - A server by the name that the client lxc has for it, or by its URL
 * @name:	name or URL
 * @ret:	on success; release with lab_lxd_server_fini()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT.
 */
int lab_lxd_server_named(const char *name, struct lab_lxd_server *ret, struct lab_err *err);

/**
 * lab_lxd_server_format() - A server in words without spaces, for the journal
 * @server:	server
 *
 * Return: new text that lab_lxd_server_parse() understands; caller frees. NULL when out of memory.
 */
char *lab_lxd_server_format(const struct lab_lxd_server *server);

/**
 * lab_lxd_server_parse() - Read such words
 * @text:	words
 * @ret:	on success; release with lab_lxd_server_fini()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL.
 */
int lab_lxd_server_parse(const char *text, struct lab_lxd_server *ret, struct lab_err *err);

/**
 * lab_lxd_server_fini() - Release what a server's description holds
 * @server:	may be zeroed
 */
void lab_lxd_server_fini(struct lab_lxd_server *server);

#define cleanup_lxd_server LAB_CLEANUP(lab_lxd_server_fini)

/**
 * lab_lxd_open() - Connect to the server of a host
 * @engine:	lab
 * @host:	host
 * @ret:	on success; lab_lxd_close()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lxd_open(const struct lab_engine *engine, const struct lab_engine_host *host,
		 struct lab_lxd *ret, struct lab_err *err);

/**
 * lab_lxd_connect() - Connect to a server
 * @server:	moved
 * @ret:	on success; lab_lxd_close()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lxd_connect(struct lab_lxd_server *server, struct lab_lxd *ret, struct lab_err *err);

/**
 * lab_lxd_close() - Hang up
 * @lxd:	may be zeroed
 */
void lab_lxd_close(struct lab_lxd *lxd);

#define cleanup_lxd LAB_CLEANUP(lab_lxd_close)

/**
 * lab_lxd_call() - Ask the server
 * @lxd:	connected
 * @req:	method, body, also and the like; @path and @timeout_ms are put in here
 * @ret:	"metadata" of the answer, a new reference; may be NULL
 * @err:	filled on failure; may be NULL
 * @fmt:	printf format of the path
 *
 * Return: status or -errno, as lab_http_request(). Errors: -ENOSYS nobody serves there.
 */
int lab_lxd_call(struct lab_lxd *lxd, struct lab_http_req req, json_t **ret, struct lab_err *err,
		 const char *fmt, ...) LAB_PRINTF(5, 6);

/**
 * lab_lxd_do() - Ask the server for what takes time, and wait until it is done
 * @lxd:	connected
 * @req:	as for lab_lxd_call()
 * @ret:	"metadata" of the operation, a new reference; may be NULL
 * @err:	filled on failure, with the server's words; may be NULL
 * @fmt:	printf format of the path
 *
 * Return: 0 or -errno.
 */
int lab_lxd_do(struct lab_lxd *lxd, struct lab_http_req req, json_t **ret, struct lab_err *err,
	       const char *fmt, ...) LAB_PRINTF(5, 6);

/**
 * lab_lxd_begin() - Ask for it, and do not wait
 * @lxd:	connected
 * @req:	as for lab_lxd_call()
 * @ret:	the operation, a new reference: {"id", "metadata", ...}
 * @err:	filled on failure; may be NULL
 * @fmt:	printf format of the path
 *
 * Return: 0 or -errno.
 */
int lab_lxd_begin(struct lab_lxd *lxd, struct lab_http_req req, json_t **ret, struct lab_err *err,
		  const char *fmt, ...) LAB_PRINTF(5, 6);

/**
 * lab_lxd_await() - Wait for an operation
 * @lxd:	connected
 * @operation:	its path
 * @ret:	"metadata" of the operation, a new reference; may be NULL
 * @err:	filled on failure, with the server's words; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lxd_await(struct lab_lxd *lxd, const char *operation, json_t **ret, struct lab_err *err);

/**
 * lab_lxd_name() - The name of a host's instance
 * @lxd:	connected
 * @id:		the host's name
 * @ret:	written: "netlab-LAB-HOST", or what of that can be a name, with the lab's key
 *
 * Source: instance names in LXD's documentation: at most 63 letters, digits and '-', a letter first, no '-' last.
 */
void lab_lxd_name(const struct lab_lxd *lxd, const char *id, char ret[LAB_LXD_NAME_LEN]);

/**
 * lab_lxd_instance() - The name of a host's instance as it is now
 * @host:	host
 *
 * Return: name (borrowed), or "?".
 */
const char *lab_lxd_instance(const struct lab_engine_host *host);

/**
 * lab_lxd_keep() - Remember something for later operations
 * @ret:	result of an operation
 * @name:	of what is kept
 * @value:	stolen
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lxd_keep(json_t *ret, const char *name, json_t *value, struct lab_err *err);

/**
 * lab_lxd_image() - Find out what a host's root is made from
 * @lxd:	connected
 * @info:	answer to "GET /1.0"
 * @ret_source:	on success: "source" of the request that creates the instance, a new reference
 * @ret_lower:	on success: NULL, or its root is lent: from lab_lend_lower(), caller frees
 * @err:	filled on failure; may be NULL
 *
 * An image of the server, or of a server of images; else a directory, an image of netlab's store, or the machine's own files. Then the image of
 * the server is an empty one that is made for the lab.
 * Return: 0 or -errno. Errors: -ENOENT there is no such image.
 */
int lab_lxd_image(struct lab_lxd *lxd, const json_t *info, json_t **ret_source, char **ret_lower,
		  struct lab_err *err);

/**
 * lab_lxd_lent() - Is the root of a host lent, and not of an image of LXD's
 * @host:	host that has been created
 *
 * Return: true if so.
 */
bool lab_lxd_lent(const struct lab_engine_host *host);

/**
 * lab_lxd_setting() - What a host says to this backend
 * @host:	host
 * @name:	param
 *
 * Return: value (borrowed), or NULL.
 */
const char *lab_lxd_setting(const struct lab_engine_host *host, const char *name);

/**
 * lab_lxd_says_yes() - Has a host this param, and is it "yes"
 * @host:	host
 * @name:	param
 *
 * Return: true if so.
 */
bool lab_lxd_says_yes(const struct lab_engine_host *host, const char *name);

/**
 * lab_lxd_limits() - The limits of a host as they are now
 * @host:	host
 *
 * Return: them.
 */
struct lab_limits lab_lxd_limits(const struct lab_engine_host *host);

/**
 * lab_lxd_set_limits() - Put limits into the configuration of an instance
 * @config:	changed; "" takes one away
 * @limits:	limits
 */
void lab_lxd_set_limits(json_t *config, const struct lab_limits *limits);

/**
 * lab_lxd_raw() - Configuration of LXC itself: what LXD has no words for, first of all the network namespace
 * @host:	host
 * @ret:	on success; caller frees
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lxd_raw(const struct lab_engine_host *host, char **ret, struct lab_err *err);

/**
 * lab_lxd_make() - Make an instance
 * @lxd:	connected
 * @name:	of the instance
 * @source:	from lab_lxd_image()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lxd_make(struct lab_lxd *lxd, const char *name, const json_t *source, struct lab_err *err);

/**
 * lab_lxd_set_state() - Start, stop, freeze or unfreeze an instance
 * @lxd:	connected
 * @action:	"start", "stop", "freeze", "unfreeze"
 * @timeout_s:	how long it may take to shut down; 0 = it is killed
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lxd_set_state(struct lab_lxd *lxd, const char *action, int timeout_s, struct lab_err *err);

/**
 * lab_lxd_status() - What an instance is doing
 * @lxd:	connected
 * @ret:	answer to "GET state", a new reference; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Return: 1 it runs, 2 it is frozen, 0 it is stopped, or -errno. Errors: -ENOENT it is not there.
 */
int lab_lxd_status(struct lab_lxd *lxd, json_t **ret, struct lab_err *err);

/**
 * lab_lxd_journal() - Write down that something is going to be made on a server
 * @lxd:	connected
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lxd_journal(const struct lab_lxd *lxd, struct lab_err *err);

/**
 * lab_lxd_create() - Make the instance of a host
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_CREATE
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_lxd_create(const struct lab_engine *engine, const struct lab_engine_host *host,
		   const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_lxd_snapshot_create() - Keep the files of a host as they are
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_SNAPSHOT_CREATE
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_lxd_snapshot_create(const struct lab_engine *engine, const struct lab_engine_host *host,
			    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_lxd_snapshot_list() - Tell what is kept
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
int lab_lxd_snapshot_list(const struct lab_engine *engine, const struct lab_engine_host *host,
			  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_lxd_snapshot_rename() - Give a snapshot another name
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
int lab_lxd_snapshot_rename(const struct lab_engine *engine, const struct lab_engine_host *host,
			    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_lxd_snapshot_restore() - Go back to a snapshot, with a host that is stopped
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
int lab_lxd_snapshot_restore(const struct lab_engine *engine, const struct lab_engine_host *host,
			     const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_lxd_snapshot_delete() - Forget a snapshot
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
int lab_lxd_snapshot_delete(const struct lab_engine *engine, const struct lab_engine_host *host,
			    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_lxd_publish() - Make an image of a host, in its server
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_PUBLISH
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_lxd_publish(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

/**
 * lab_lxd_migrate() - Move a host that is stopped to another server, or another member of the cluster
 * @engine:	lab
 * @host:	host
 * @args:	see LAB_HOST_MIGRATE
 * @ret:	result
 * @ret_fd:	left alone
 * @err:	filled on failure; may be NULL
 *
 * For lab_backend.ops.
 * Return: 0 or -errno.
 */
int lab_lxd_migrate(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err);

#endif
