/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http.h - requests to container engines that have a REST interface: HTTP with JSON over a unix socket or to an URL */
#ifndef NETLAB_BACKEND_HTTP_H
#define NETLAB_BACKEND_HTTP_H

#include "netlab/base/err.h"
#include "netlab/rpc/json.h"

/**
 * DOC: REST
 *
 * A client is one connection that is kept: open it in the process that uses it, that is in the child of an operation, since a connection must not be
 * shared by two. Requests block, each with its deadline. Answers in JSON are parsed; errors that the engine explains in JSON become its words.
 */
#define LAB_HTTP_JSON_MAX (16u << 20) /* bytes of an answer that is kept in memory */

struct lab_http;

/**
 * struct lab_http_server - whom to talk to
 * @name:	of the engine, put before messages: "podman"; NULL = nothing is
 * @socket:	path of a unix socket; NULL = @url says where
 * @url:	"http://host:port" or "https://host:port"; with @socket: NULL
 * @cert:	PEM file with the client's certificate; NULL = none
 * @key:	PEM file with its key; NULL = none
 * @ca:		PEM file with the server's own certificate, or with that of its authority; then the name in it does not count. NULL = the system's
 *		authorities
 */
struct lab_http_server {
	const char *name, *socket, *url, *cert, *key, *ca;
};

/**
 * typedef lab_http_sink_fn - takes the body of an answer piece by piece
 * @data:	bytes
 * @len:	how many
 * @user:	from the request
 *
 * Return: 0, or -errno to give up.
 */
typedef int (*lab_http_sink_fn)(const void *data, size_t len, void *user);

/**
 * struct lab_http_req - a request
 * @method:	"GET", "POST", ...
 * @path:	with a leading slash and the query: "/v4.0.0/libpod/info"; names in it must be escaped, see lab_http_escape()
 * @body:	JSON to send (borrowed); NULL = none
 * @body_fd:	else a file to send, up to its end (borrowed); 0 or less = none, so that a zeroed request has none
 * @body_type:	its Content-Type
 * @headers:	more of them, "Name: value", ended by NULL; may be NULL
 * @timeout_ms:	for the whole exchange, > 0
 * @also:	a status that is no failure beside 2xx, as 404 or 304; 0 = none
 * @sink:	takes the body of a good answer, which is then not parsed; may be NULL
 * @user:	for @sink
 */
struct lab_http_req {
	const char *method, *path;
	const json_t *body;
	int body_fd;
	const char *body_type;
	const char *const *headers;
	int timeout_ms;
	int also;
	lab_http_sink_fn sink;
	void *user;
};

/**
 * lab_http_open() - Make a client
 * @server:	copied
 * @ret:	on success; caller frees
 * @err:	filled on failure; may be NULL
 *
 * Connects at the first request. No proxy is used, whatever the environment says.
 * Return: 0 or -errno. Errors: -ECONNREFUSED the folder of the socket is not there.
 */
int lab_http_open(const struct lab_http_server *server, struct lab_http **ret, struct lab_err *err);

/**
 * lab_http_close() - Hang up
 * @http:	may be NULL
 */
void lab_http_close(struct lab_http *http);

static inline void lab_cleanup_http(struct lab_http **http)
{
	lab_http_close(*http);
}
#define cleanup_http LAB_CLEANUP(lab_cleanup_http)

/**
 * lab_http_request() - Ask and wait for the answer
 * @http:	client
 * @req:	request
 * @ret:	on success the body, a new reference: parsed if it is JSON, NULL if it is something else, empty or taken by a sink; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Return: the status, which is 2xx or @req->also, or -errno. Errors: -ECONNREFUSED no such socket, or nobody serves it; -ENOENT status 404;
 * -EACCES no right to it, or 401 or 403; -EEXIST 409; -EINVAL 400; -ENOSPC the engine says that the disk is full; -ETIMEDOUT; -EIO other
 * failures of the engine; -EPROTO this is no HTTP, or no JSON where JSON was announced.
 */
int lab_http_request(struct lab_http *http, const struct lab_http_req *req, json_t **ret,
		     struct lab_err *err);

/**
 * lab_http_escape() - Make a text fit for a part of a path or a value of a query
 * @text:	any text
 *
 * Return: new text with all but letters, digits and "-._~" as %XX; caller frees. NULL when out of memory.
 * Source: RFC 3986, 2.1 and 2.3.
 */
char *lab_http_escape(const char *text);

#endif
