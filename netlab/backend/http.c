/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http.c - requests to container engines that have a REST interface (libcurl) */
#include "netlab/backend/http.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <string.h>

#include "netlab/base/strbuf.h"

enum { CONNECT_MS = 10000 };

/**
 * struct lab_http - a client
 * @curl:	connection
 * @prefix:	what messages begin with
 * @where:	for messages: the socket or the URL
 * @base:	what stands before the path
 * @dir:	folder of the socket, opened: its path may be longer than an address of a socket; -1 = none
 * @address:	the socket by that descriptor
 * @cert:	see struct lab_http_server
 * @key:	see there
 * @ca:		see there
 * @words:	what curl says of a failure
 */
struct lab_http {
	CURL *curl;
	char *prefix, *where, *base;
	int dir;
	char address[100];
	char *cert, *key, *ca;
	char words[CURL_ERROR_SIZE];
};

/* One exchange. */
struct exchange {
	struct lab_http *http;
	const struct lab_http_req *req;
	struct lab_strbuf body;
	struct lab_strbuf sent; /* @req->body as text */
	int sink_error;
	bool too_long;
};

/* --- the connection ---------------------------------------------------------------------------- */

static char *copy(const char *text, bool *failed)
{
	char *r = text ? strdup(text) : NULL;

	*failed |= text && !r;
	return r;
}

static int open_socket(struct lab_http *h, const char *path, struct lab_err *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	if (!folder)
		return lab_err_set(err, ENOMEM, "out of memory");
	h->dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (h->dir < 0)
		return lab_err_prefix(err,
				      lab_err_errno(err, errno, "cannot connect to %s", path) ==
						      -EACCES
					      ? -EACCES
					      : -ECONNREFUSED,
				      "%s", h->prefix);
	if ((size_t)snprintf(h->address, sizeof(h->address), "/proc/self/fd/%d/%s", h->dir,
			     slash ? slash + 1 : path) >= sizeof(h->address))
		return lab_err_set(err, ENAMETOOLONG, "%sthe name of socket %s is too long",
				   h->prefix, path);
	return 0;
}

int lab_http_open(const struct lab_http_server *server, struct lab_http **ret, struct lab_err *err)
{
	const char *url = server->url ? server->url : "http://localhost";
	bool tls = strncmp(url, "https:", 6) == 0, failed = false;
	cleanup_http struct lab_http *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return lab_err_set(err, ENOMEM, "out of memory");
	h->dir = -1;
	if (asprintf(&h->prefix, "%s%s", server->name ? server->name : "",
		     server->name ? ": " : "") < 0) {
		h->prefix = NULL;
		failed = true;
	}
	h->where = copy(server->socket ? server->socket : url, &failed);
	h->base = copy(url, &failed);
	h->cert = copy(server->cert, &failed);
	h->key = copy(server->key, &failed);
	h->ca = copy(server->ca, &failed);
	/* To make a TLS library ready takes milliseconds, which a unix socket need not pay. */
	if (curl_global_init(tls ? CURL_GLOBAL_SSL : CURL_GLOBAL_NOTHING) != CURLE_OK)
		failed = true;
	h->curl = curl_easy_init();
	if (!h->curl || failed)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (server->socket) {
		r = open_socket(h, server->socket, err);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(&h);
	return 0;
}

void lab_http_close(struct lab_http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	close_fd(&h->dir);
	free(h->prefix);
	free(h->where);
	free(h->base);
	free(h->cert);
	free(h->key);
	free(h->ca);
	free(h);
}

/* --- bodies ------------------------------------------------------------------------------------ */

static long status_of(const struct lab_http *h)
{
	long status = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool is_good(long status)
{
	return status >= 200 && status < 300;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
	struct exchange *x = user;

	n *= size;
	if (x->req->sink && is_good(status_of(x->http))) {
		x->sink_error = x->req->sink(data, n, x->req->user);
		return x->sink_error < 0 ? CURL_WRITEFUNC_ERROR : n;
	}
	x->too_long = x->body.len + n > LAB_HTTP_JSON_MAX;
	if (x->too_long)
		return CURL_WRITEFUNC_ERROR;
	lab_strbuf_add(&x->body, data, n);
	return x->body.error < 0 ? CURL_WRITEFUNC_ERROR : n;
}

static size_t on_read(char *data, size_t size, size_t n, void *user)
{
	const struct exchange *x = user;
	ssize_t got;

	do
		got = read(x->req->body_fd, data, size * n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static int dump_body(const char *data, size_t len, void *user)
{
	lab_strbuf_add(user, data, len);
	return 0;
}

/* --- a request --------------------------------------------------------------------------------- */

static void set_tls(const struct lab_http *h)
{
	if (h->cert)
		(void)curl_easy_setopt(h->curl, CURLOPT_SSLCERT, h->cert);
	if (h->key)
		(void)curl_easy_setopt(h->curl, CURLOPT_SSLKEY, h->key);
	if (h->ca) {
		(void)curl_easy_setopt(h->curl, CURLOPT_CAINFO, h->ca);
		(void)curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static int set_headers(struct exchange *x, struct curl_slist **list)
{
	const struct lab_http_req *req = x->req;
	struct curl_slist *more;
	char type[200];

	/* Without it curl waits a second for the permission to send a larger body. */
	*list = curl_slist_append(NULL, "Expect:");
	if (*list && (req->body || req->body_fd > 0)) {
		(void)snprintf(type, sizeof(type), "Content-Type: %s",
			       req->body ? "application/json" : req->body_type);
		more = curl_slist_append(*list, type);
		if (!more)
			return -ENOMEM;
		*list = more;
	}
	for (const char *const *h = req->headers; *list && h && *h; h++) {
		more = curl_slist_append(*list, *h);
		if (!more)
			return -ENOMEM;
		*list = more;
	}
	return *list ? 0 : -ENOMEM;
}

static int set_body(struct exchange *x)
{
	const struct lab_http_req *req = x->req;
	CURL *c = x->http->curl;

	if (req->body) {
		if (json_dump_callback(req->body, dump_body, &x->sent, JSON_COMPACT) < 0 ||
		    x->sent.error < 0)
			return -ENOMEM;
		(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->sent.len);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, lab_strbuf_str(&x->sent));
	} else if (req->body_fd > 0) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD,
				       1L); /* chunked: its length is not asked */
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, x);
	} else if (strcmp(req->method, "POST") == 0 || strcmp(req->method, "PUT") == 0) {
		(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, 0L);
	} else if (strcmp(req->method, "HEAD") == 0) {
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	}
	(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, req->method);
	return 0;
}

static CURLcode exchange(struct exchange *x)
{
	struct lab_http *h = x->http;
	CURL *c = h->curl;
	cleanup_free char *url = NULL;
	struct curl_slist *headers = NULL;
	CURLcode code;

	if (asprintf(&url, "%s%s", h->base, x->req->path) < 0) {
		url = NULL;
		return CURLE_OUT_OF_MEMORY;
	}
	curl_easy_reset(c); /* keeps the connection */
	if (h->dir >= 0)
		(void)curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, h->address);
	h->words[0] = '\0';
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->words);
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)x->req->timeout_ms);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	set_tls(h);
	code = set_headers(x, &headers) < 0 || set_body(x) < 0 ? CURLE_OUT_OF_MEMORY : CURLE_OK;
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (code == CURLE_OK)
		code = curl_easy_perform(c);
	curl_slist_free_all(headers);
	return code;
}

/* --- what went wrong --------------------------------------------------------------------------- */

static int explain_connect(const struct lab_http *h, struct lab_err *err)
{
	long os = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &os);
	if (os <= 0 || os == EINPROGRESS)
		return lab_err_set(err, ECONNREFUSED, "%scannot connect to %s: %s", h->prefix,
				   h->where, h->words);
	(void)lab_err_errno(err, (int)os, "%scannot connect to %s", h->prefix, h->where);
	return os == EACCES ? -EACCES : -ECONNREFUSED;
}

static int explain_curl(const struct exchange *x, CURLcode code, struct lab_err *err)
{
	const struct lab_http *h = x->http;

	if (x->sink_error < 0)
		return lab_err_errno(err, -x->sink_error, "%stake what it sends", h->prefix);
	if (x->too_long)
		return lab_err_set(err, EMSGSIZE, "%s%s: its answer is longer than %u MiB",
				   h->prefix, x->req->path, LAB_HTTP_JSON_MAX >> 20);
	switch ((int)code) {
	case CURLE_OUT_OF_MEMORY:
		return lab_err_set(err, ENOMEM, "out of memory");
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return explain_connect(h, err);
	case CURLE_OPERATION_TIMEDOUT:
		return lab_err_set(err, ETIMEDOUT, "%sno answer from %s within %d s", h->prefix,
				   h->where, (x->req->timeout_ms + 999) / 1000);
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return lab_err_set(err, ECONNRESET, "%s%s has hung up without an answer", h->prefix,
				   h->where);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return lab_err_set(err, EACCES, "%s%s: %s", h->prefix, h->where, h->words);
	}
	return lab_err_set(err, EPROTO, "%s%s: %s", h->prefix, h->where,
			   h->words[0] ? h->words : curl_easy_strerror(code));
}

/* Podman says {"message", "cause"}, LXD {"error"}. */
static const char *words_of(const json_t *body)
{
	static const char *const members[] = { "message", "error", "cause" };

	for (size_t i = 0; i < LAB_ARRAY_SIZE(members); i++) {
		const char *text = json_string_value(json_object_get(body, members[i]));

		if (text && *text)
			return text;
	}
	return NULL;
}

static int status_error(long status)
{
	switch (status) {
	case 400:
		return EINVAL;
	case 401:
	case 403:
		return EACCES;
	case 404:
		return ENOENT;
	case 409:
		return EEXIST;
	case 507:
		return ENOSPC;
	}
	return EIO;
}

static int explain_status(const struct exchange *x, long status, const json_t *body,
			  struct lab_err *err)
{
	const char *words = words_of(body);
	int code = status_error(status);

	/* Engines have no status of their own for it. */
	if (words && strcasestr(words, "no space left on device"))
		code = ENOSPC;
	if (!words)
		return lab_err_set(err, code, "%s%s %s: status %ld", x->http->prefix,
				   x->req->method, x->req->path, status);
	return lab_err_set(err, code, "%s%s", x->http->prefix, words);
}

int lab_http_request(struct lab_http *http, const struct lab_http_req *req, json_t **ret,
		     struct lab_err *err)
{
	struct exchange x = { .http = http, .req = req, .body = LAB_STRBUF_INIT };
	cleanup_json json_t *body = NULL;
	const char *type = NULL;
	CURLcode code = exchange(&x);
	long status = status_of(http);
	int r;

	(void)curl_easy_getinfo(http->curl, CURLINFO_CONTENT_TYPE, &type);
	if (x.body.len)
		body = json_loadb(x.body.data, x.body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (code != CURLE_OK)
		r = explain_curl(&x, code, err);
	else if (!is_good(status) && status != req->also)
		r = explain_status(&x, status, body, err);
	else if (!body && x.body.len && type && strncmp(type, "application/json", 16) == 0)
		r = lab_err_set(err, EPROTO, "%s%s %s: its answer is no JSON", http->prefix,
				req->method, req->path);
	else
		r = (int)status;
	lab_strbuf_fini(&x.body);
	lab_strbuf_fini(&x.sent);
	if (r > 0 && ret)
		*ret = take_ptr(&body);
	return r;
}

char *lab_http_escape(const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char *r;

	for (; *text; text++) {
		if (strchr(plain, *text))
			lab_strbuf_putc(&sb, *text);
		else
			lab_strbuf_printf(&sb, "%%%02X", (unsigned int)(unsigned char)*text);
	}
	return lab_strbuf_take(&sb, &r) < 0 ? NULL : r;
}
