/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxd_server.c - which server of LXD, requests to it, and its operations */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/backend/lxd_internal.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

enum {
	WAIT_S = 95,
	NAMES_MAX = 64,
	LINE_LEN = 4096,
};

/* Where the sockets of LXD, of its snap, and of Incus are. */
static const char *const sockets[] = {
	"/var/lib/lxd/unix.socket",
	"/var/snap/lxd/common/lxd/unix.socket",
	"/var/lib/incus/unix.socket",
};

/* --- servers ----------------------------------------------------------------------------------- */

void lab_lxd_server_fini(struct lab_lxd_server *s)
{
	free(s->socket);
	free(s->url);
	free(s->protocol);
	free(s->cert);
	free(s->key);
	free(s->ca);
	*s = (struct lab_lxd_server){ .socket = NULL };
}

static int no_memory(struct lab_err *err)
{
	return lab_err_set(err, ENOMEM, "out of memory");
}

static bool is_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int own_socket(char **ret, struct lab_err *err)
{
	const char *dir = getenv("LXD_DIR");

	if (dir && asprintf(ret, "%s/unix.socket", dir) >= 0)
		return 0;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(sockets); i++)
		if (is_socket(sockets[i])) {
			*ret = strdup(sockets[i]);
			return *ret ? 0 : no_memory(err);
		}
	*ret = NULL;
	return lab_err_set(
		err, ENOSYS,
		"this machine has no server of LXD (a unix socket in LXD_DIR, or %s): apt-get install lxd, or the params lxd_socket or lxd_url [ENOSYS]",
		sockets[0]);
}

/* The folder of the client lxc: its certificate, those of servers, and their names. */
static char *client_file(const char *fmt, const char *name)
{
	const char *dir = getenv("LXD_CONF"), *home = getenv("HOME");
	cleanup_free char *file = NULL;
	char *path;
	int n;

	n = asprintf(&file, "%s%s%s", fmt, name ? "/" : "", name ? name : "");
	if (n < 0) {
		file = NULL;
		return NULL;
	}
	n = dir ? asprintf(&path, "%s/%s", dir, file)
		: asprintf(&path, "%s/.config/lxc/%s", home ? home : "/root", file);
	return n < 0 ? NULL : path;
}

static char *if_there(char *path)
{
	if (path && access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* @name: as the client has it, or NULL */
static int set_url(struct lab_lxd_server *s, const char *url, const char *name, struct lab_err *err)
{
	if (strncmp(url, "https://", 8) != 0 || !url[8])
		return lab_err_set(
			err, EINVAL,
			"\"%.100s\" is no URL of a server of LXD; for example: https://host:8443",
			url);
	s->url = strdup(url);
	if (!s->url)
		return no_memory(err);
	for (size_t len = strlen(s->url); len && s->url[len - 1] == '/'; len--)
		s->url[len - 1] = '\0';
	s->cert = if_there(client_file("client.crt", NULL));
	s->key = if_there(client_file("client.key", NULL));
	if (name && !strchr(name, '/')) {
		cleanup_free char *file = NULL;

		if (asprintf(&file, "%s.crt", name) < 0) {
			file = NULL;
			return no_memory(err);
		}
		s->ca = if_there(client_file("servercerts", file));
	}
	return 0;
}

/* --- the client's names ------------------------------------------------------------------------ */

/* "unix://", "unix:///path", "https://host:port". */
static int set_address(struct lab_lxd_server *s, const char *addr, const char *name,
		       struct lab_err *err)
{
	if (strncmp(addr, "unix:", 5) != 0)
		return set_url(s, addr, name, err);
	addr += 5;
	while (addr[0] == '/' && addr[1] == '/')
		addr++;
	if (strcmp(addr, "/") == 0 || !*addr)
		return own_socket(&s->socket, err);
	s->socket = strdup(addr);
	return s->socket ? 0 : no_memory(err);
}

/* The value of "key: value", without quotes; changes @line. NULL = it is something else. */
static char *value_of(char *line, const char *key)
{
	size_t len = strlen(key);
	char *value;

	if (strncmp(line, key, len) != 0 || line[len] != ':')
		return NULL;
	value = line + len + 1 + strspn(line + len + 1, " \"'");
	value[strcspn(value, "\"'\r\n")] = '\0';
	return value;
}

/*
 * The client's config.yml, as the client writes it: names below "remotes:" with two spaces before, and what is known of each with four. Returns 1 if @name
 * is there.
 */
static int read_client(FILE *f, const char *name, char addr[LINE_LEN], char protocol[32],
		       char **ret_names)
{
	bool remotes = false, here = false, found = false;
	char line[LINE_LEN], *value;
	size_t n = 0;

	while (fgets(line, sizeof(line), f)) {
		size_t indent = strspn(line, " ");
		char *word = line + indent;

		word[strcspn(word, "\r\n")] = '\0';
		if (!*word || *word == '#')
			continue;
		if (indent == 0)
			remotes = strcmp(word, "remotes:") == 0;
		if (!remotes || indent == 0)
			continue;
		if (indent == 2) {
			word[strcspn(word, ":")] = '\0';
			here = strcmp(word, name) == 0;
			found |= here;
			if (n < NAMES_MAX)
				ret_names[n++] = strdup(word);
		}
		value = indent == 4 && here ? value_of(word, "addr") : NULL;
		if (value)
			(void)snprintf(addr, LINE_LEN, "%s", value);
		value = indent == 4 && here ? value_of(word, "protocol") : NULL;
		if (value)
			(void)snprintf(protocol, 32, "%s", value);
	}
	return found;
}

static int no_such_server(const char *name, char **names, const char *path, struct lab_err *err)
{
	const char *near = lab_str_nearest(name, (const char *const *)names);

	return lab_err_set(err, ENOENT,
			   "the client lxc knows no server \"%.60s\"%s%s%s (lxc remote list; %s)",
			   name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "",
			   path);
}

int lab_lxd_server_named(const char *name, struct lab_lxd_server *ret, struct lab_err *err)
{
	cleanup_free char *path = client_file("config.yml", NULL);
	char addr[LINE_LEN] = "", protocol[32] = "", *names[NAMES_MAX + 1] = { NULL };
	cleanup_file FILE *f = NULL;
	int r;

	*ret = (struct lab_lxd_server){ .socket = NULL };
	if (strchr(name, '/'))
		return set_address(ret, name, NULL, err);
	f = path ? fopen(path, "re") : NULL;
	if (f && read_client(f, name, addr, protocol, names) > 0)
		r = set_address(ret, addr, name, err);
	else if (strcmp(name, "local") == 0)
		r = own_socket(&ret->socket, err);
	else
		r = no_such_server(name, names, path ? path : "", err);
	for (size_t i = 0; i < NAMES_MAX; i++)
		free(names[i]);
	if (r == 0 && *protocol) {
		ret->protocol = strdup(protocol);
		r = ret->protocol ? 0 : no_memory(err);
	}
	if (r < 0)
		lab_lxd_server_fini(ret);
	return r;
}

/* --- what a host says -------------------------------------------------------------------------- */

static const char *text_of(const json_t *obj, const char *name)
{
	return json_string_value(json_object_get(obj, name));
}

static int replace(char **at, const char *text, struct lab_err *err)
{
	if (!text)
		return 0;
	free(*at);
	*at = strdup(text);
	return *at ? 0 : no_memory(err);
}

int lab_lxd_server_find(const json_t *settings, struct lab_lxd_server *ret, struct lab_err *err)
{
	const char *path = text_of(settings, "lxd_socket"), *url = text_of(settings, "lxd_url"),
		   *name = text_of(settings, "lxd_server");
	int r;

	*ret = (struct lab_lxd_server){ .socket = NULL };
	if ((path != NULL) + (url != NULL) + (name != NULL) > 1)
		return lab_err_set(
			err, EINVAL,
			"lxd_socket, lxd_url and lxd_server all say which server: one of them is enough");
	if (path && *path != '/')
		return lab_err_set(err, EINVAL,
				   "lxd_socket must be an absolute path, and is \"%.60s\"", path);
	if (name)
		r = lab_lxd_server_named(name, ret, err);
	else if (url)
		r = set_url(ret, url, NULL, err);
	else if (path)
		r = replace(&ret->socket, path, err);
	else
		r = own_socket(&ret->socket, err);
	if (r == 0)
		r = replace(&ret->cert, text_of(settings, "lxd_cert"), err);
	if (r == 0)
		r = replace(&ret->key, text_of(settings, "lxd_key"), err);
	if (r == 0)
		r = replace(&ret->ca, text_of(settings, "lxd_ca"), err);
	if (r < 0)
		lab_lxd_server_fini(ret);
	return r;
}

/* --- in the journal ---------------------------------------------------------------------------- */

/* "SOCKET,URL,CERT,KEY,CA", each escaped. */
char *lab_lxd_server_format(const struct lab_lxd_server *server)
{
	const char *const parts[] = { server->socket, server->url, server->cert, server->key,
				      server->ca };
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char *text;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(parts); i++) {
		cleanup_free char *escaped = lab_http_escape(parts[i] ? parts[i] : "");

		if (!escaped)
			return NULL;
		lab_strbuf_printf(&sb, "%s%s", i ? "," : "", escaped);
	}
	return lab_strbuf_take(&sb, &text) < 0 ? NULL : text;
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : toupper((unsigned char)c) - 'A' + 10;
}

/* NULL for an empty one. */
static char *unescape(const char *text, size_t len)
{
	char *r = len ? malloc(len + 1) : NULL, *to = r;

	for (size_t i = 0; r && i < len; i++) {
		if (text[i] == '%' && i + 2 < len && isxdigit((unsigned char)text[i + 1]) &&
		    isxdigit((unsigned char)text[i + 2])) {
			*to++ = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
			i += 2;
		} else {
			*to++ = text[i];
		}
	}
	if (r)
		*to = '\0';
	return r;
}

int lab_lxd_server_parse(const char *text, struct lab_lxd_server *ret, struct lab_err *err)
{
	char **const parts[] = { &ret->socket, &ret->url, &ret->cert, &ret->key, &ret->ca };
	const char *at = text;

	*ret = (struct lab_lxd_server){ .socket = NULL };
	for (size_t i = 0; i < LAB_ARRAY_SIZE(parts); i++) {
		size_t len = strcspn(at, ",");

		*parts[i] = unescape(at, len);
		at += len + (at[len] == ',');
	}
	if (*at || (!ret->socket && !ret->url)) {
		lab_lxd_server_fini(ret);
		return lab_err_set(err, EINVAL, "\"%.60s\" is no server of LXD", text);
	}
	return 0;
}

/* --- requests ---------------------------------------------------------------------------------- */

int lab_lxd_connect(struct lab_lxd_server *server, struct lab_lxd *ret, struct lab_err *err)
{
	const struct lab_http_server to = { .socket = server->socket,
					    .url = server->socket ? NULL : server->url,
					    .cert = server->cert,
					    .key = server->key,
					    .ca = server->ca };
	int r = lab_http_open(&to, &ret->http, err);

	ret->server = *server;
	*server = (struct lab_lxd_server){ .socket = NULL };
	/* The user named a server that is not there, or the machine's own does not run. */
	return r == -ECONNREFUSED ? -ENOSYS : r;
}

int lab_lxd_open(const struct lab_engine *engine, const struct lab_engine_host *host,
		 struct lab_lxd *ret, struct lab_err *err)
{
	const char *moved = text_of(host->kept, "server");
	struct lab_lxd_server server;
	int r;

	*ret = (struct lab_lxd){ .engine = engine, .host = host };
	r = moved ? lab_lxd_server_parse(moved, &server, err)
		  : lab_lxd_server_find(host->settings, &server, err);
	return r < 0 ? r : lab_lxd_connect(&server, ret, err);
}

void lab_lxd_close(struct lab_lxd *lxd)
{
	lab_http_close(lxd->http);
	lxd->http = NULL;
	lab_lxd_server_fini(&lxd->server);
}

LAB_PRINTF(5, 0)
static int call(struct lab_lxd *lxd, struct lab_http_req *req, json_t **ret, struct lab_err *err,
		const char *fmt, va_list ap)
{
	cleanup_free char *path = NULL;
	int r;

	if (vasprintf(&path, fmt, ap) < 0) {
		path = NULL;
		return no_memory(err);
	}
	req->path = path;
	req->timeout_ms = LAB_LXD_MS;
	r = lab_http_request(lxd->http, req, ret, err);
	return r == -ECONNREFUSED ? -ENOSYS : r;
}

int lab_lxd_call(struct lab_lxd *lxd, struct lab_http_req req, json_t **ret, struct lab_err *err,
		 const char *fmt, ...)
{
	cleanup_json json_t *answer = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = call(lxd, &req, &answer, err, fmt, ap);
	va_end(ap);
	if (r >= 0 && ret)
		*ret = json_incref(json_object_get(answer, "metadata"));
	return r;
}

int lab_lxd_await(struct lab_lxd *lxd, const char *operation, json_t **ret, struct lab_err *err)
{
	/* One that another member of a cluster does has its project behind it. */
	const size_t len = strcspn(operation, "?");
	cleanup_json json_t *op = NULL;
	const char *text;
	int r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, &op, err,
			     "%.*s/wait?timeout=%d%s%s", (int)len, operation, WAIT_S,
			     operation[len] ? "&" : "", operation[len] ? operation + len + 1 : "");

	if (r < 0)
		return r;
	text = text_of(op, "err");
	r = (int)json_integer_value(json_object_get(op, "status_code"));
	if (r != 200)
		return lab_err_set(err,
				   r == 103                            ? ETIMEDOUT
				   : text && strstr(text, "not found") ? ENOENT
								       : EIO,
				   "%.400s",
				   text && *text ? text
				   : r == 103    ? "the server is not done with it in time"
						 : "the server does not say why it failed");
	if (ret)
		*ret = json_incref(json_object_get(op, "metadata"));
	return 0;
}

LAB_PRINTF(5, 0)
static int begin(struct lab_lxd *lxd, struct lab_http_req *req, json_t **ret, struct lab_err *err,
		 const char *fmt, va_list ap)
{
	int r = call(lxd, req, ret, err, fmt, ap);

	return r < 0 ? r : 0;
}

int lab_lxd_begin(struct lab_lxd *lxd, struct lab_http_req req, json_t **ret, struct lab_err *err,
		  const char *fmt, ...)
{
	cleanup_json json_t *answer = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = begin(lxd, &req, &answer, err, fmt, ap);
	va_end(ap);
	if (r == 0)
		*ret = json_incref(json_object_get(answer, "metadata"));
	return r;
}

int lab_lxd_do(struct lab_lxd *lxd, struct lab_http_req req, json_t **ret, struct lab_err *err,
	       const char *fmt, ...)
{
	cleanup_json json_t *answer = NULL;
	const char *operation;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = begin(lxd, &req, &answer, err, fmt, ap);
	va_end(ap);
	operation = text_of(answer, "operation");
	if (r < 0 || !operation || !*operation)
		return r;
	return lab_lxd_await(lxd, operation, ret, err);
}

/* --- small things ------------------------------------------------------------------------------ */

void lab_lxd_name(const struct lab_lxd *lxd, const char *id, char ret[LAB_LXD_NAME_LEN])
{
	const struct lab_engine *engine = lxd->engine;
	bool exact = strlen(engine->lab) + strlen(id) + 8 < LAB_LXD_NAME_LEN;

	(void)snprintf(ret, LAB_LXD_NAME_LEN, "netlab-%s-%s", engine->lab, id);
	for (const char *c = ret; *c; c++)
		exact &= isalnum((unsigned char)*c) || (*c == '-' && c[1]);
	if (exact)
		return;
	(void)snprintf(ret, LAB_LXD_NAME_LEN, "netlab-%.18s-%.20s-%s%zu", engine->lab, id,
		       engine->key, (size_t)(lxd->host - engine->hosts));
	for (char *c = ret; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '-';
}

const char *lab_lxd_instance(const struct lab_engine_host *host)
{
	const char *name = text_of(host->kept, "instance");

	return name ? name : "?";
}

int lab_lxd_keep(json_t *ret, const char *name, json_t *value, struct lab_err *err)
{
	if (!json_object_get(ret, "keep"))
		(void)json_object_set_new(ret, "keep", json_object());
	return json_object_set_new(json_object_get(ret, "keep"), name, value) < 0 ? no_memory(err)
										  : 0;
}
