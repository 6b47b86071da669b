/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc_msg.c - JSON-RPC 2.0 messages: checked on the way in, made on the way out */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/rpc/rpc_internal.h"

enum {
	ERROR_CODE = -32000,
	ERRNO_END = 134,     /* one past the largest errno of Linux */
	FILE_NAMES_MAX = 64, /* different names remembered */
	FILE_NAME_LEN_MAX = 4096,
};

/* --- in --- */

/* What a peer says may be printed: one line, and nothing that a terminal obeys. */
static void make_printable(char *s)
{
	unsigned char *p = (unsigned char *)s;

	for (; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		/* U+0080 to U+009F, the other control characters */
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
	}
}

/*
 * Bound what the parser will do before it runs: its recursion, and the values that it makes, each
 * of which takes far more memory than the two bytes it may have in the message. Whether the text is
 * JSON at all is not asked here.
 */
static bool within_bounds(const char *p, size_t len)
{
	size_t i, depth = 0, values = 0;
	bool in_string = false;

	for (i = 0; i < len; i++) {
		if (in_string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				in_string = false;
			continue;
		}
		switch (p[i]) {
		case '"':
			in_string = true;
			break;
		case '[':
		case '{':
			depth++;
			values++;
			break;
		case ']':
		case '}':
			depth -= depth > 0;
			break;
		case ',':
			values++;
			break;
		default:
			break;
		}
		if (depth > LAB_RPC_DEPTH_MAX || values > LAB_RPC_VALUES_MAX)
			return false;
	}
	return true;
}

static int check_members(struct lab_rpc_msg *m, const char *version, bool has_id, bool has_fds,
			 struct lab_err *err)
{
	if (strcmp(version, "2.0") != 0)
		return lab_err_set(err, EPROTO, "rpc: jsonrpc is not \"2.0\"");
	if (has_id && (m->id < 1 || m->id > LAB_RPC_ID_MAX))
		return lab_err_set(err, EPROTO, "rpc: id is out of range");
	if (m->n_fds > LAB_RPC_FDS_MAX)
		return lab_err_set(err, EPROTO, "rpc: fds is out of range");
	if (m->method) {
		if (m->result || m->error)
			return lab_err_set(err, EPROTO, "rpc: a request has a result or an error");
		if (m->params && !json_is_object(m->params))
			return lab_err_set(err, EPROTO, "rpc: params is not an object");
		return 0;
	}
	if (!has_id)
		return lab_err_set(err, EPROTO, "rpc: neither method nor id");
	if (m->params)
		return lab_err_set(err, EPROTO, "rpc: a response has params");
	if (!m->result == !m->error)
		return lab_err_set(err, EPROTO, "rpc: a response needs one of result and error");
	if (m->error && has_fds)
		return lab_err_set(err, EPROTO, "rpc: an error has fds");
	return 0;
}

static int decode(const void *data, size_t len, struct lab_rpc_msg *ret, struct lab_err *err)
{
	json_int_t id = 0, n_fds = 0;
	struct lab_rpc_msg m = { 0 };
	cleanup_json json_t *root = NULL;
	const char *version = "";
	json_error_t jerr;
	int r;

	if (!within_bounds(data, len))
		return lab_err_set(err, EPROTO, "rpc: message with too many or too deep values");
	root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &jerr);
	if (!root && json_error_code(&jerr) == json_error_out_of_memory)
		return lab_err_errno(err, ENOMEM, "rpc");
	if (!root)
		return lab_err_set(err, EPROTO, "rpc: not JSON: %s", jerr.text);
	if (json_unpack_ex(root, &jerr, JSON_STRICT, "{s:s, s?:I, s?:s, s?:o, s?:o, s?:o, s?:I}",
			   "jsonrpc", &version, "id", &id, "method", &m.method, "params", &m.params,
			   "result", &m.result, "error", &m.error, "fds", &n_fds) < 0)
		return lab_err_set(err, EPROTO, "rpc: %s", jerr.text);
	/* A negative number becomes one that is out of range. */
	m.id = (uint64_t)id;
	m.n_fds = n_fds < 0 || n_fds > INT_MAX ? UINT_MAX : (unsigned int)n_fds;
	r = check_members(&m, version, json_object_get(root, "id") != NULL,
			  json_object_get(root, "fds") != NULL, err);
	if (r < 0)
		return r;
	m.root = json_incref(root);
	*ret = m;
	return 0;
}

int lab_rpc_msg_decode(const void *data, size_t len, struct lab_rpc_msg *ret, struct lab_err *err)
{
	int r = decode(data, len, ret, err);

	/* The parser's text quotes the message. */
	if (r < 0 && err)
		make_printable(err->msg);
	return r;
}

static int errno_of(const char *name)
{
	int code;

	for (code = 1; code < ERRNO_END; code++)
		if (strcmp(lab_err_name(code), name) == 0)
			return code;
	return EREMOTEIO;
}

/*
 * An error may outlive its connection, and struct lab_err only borrows the name of the file: so the
 * names that peers have sent stay until the process ends. There are few of them, a lab has one
 * recipe; beyond the bound they are left out.
 */
static const char *file_name(const char *name)
{
	static char *names[FILE_NAMES_MAX];
	size_t i;

	if (strlen(name) > FILE_NAME_LEN_MAX)
		return NULL;
	for (i = 0; i < FILE_NAMES_MAX && names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return names[i];
	if (i < FILE_NAMES_MAX)
		names[i] = strdup(name);
	return i < FILE_NAMES_MAX ? names[i] : NULL;
}

int lab_rpc_msg_get_error(json_t *error, struct lab_err *ret, struct lab_err *err)
{
	const char *message = NULL, *name = NULL, *file = NULL;
	json_int_t code = 0, line = 0, col = 0;
	json_t *data = NULL;
	json_error_t jerr;

	if (json_unpack_ex(error, &jerr, JSON_STRICT, "{s:I, s:s, s?:o}", "code", &code, "message",
			   &message, "data", &data) < 0)
		return lab_err_set(err, EPROTO, "rpc: error: %s", jerr.text);
	if (data && json_unpack_ex(data, &jerr, JSON_STRICT, "{s?:s, s?:s, s?:I, s?:I}", "errno",
				   &name, "file", &file, "line", &line, "col", &col) < 0)
		return lab_err_set(err, EPROTO, "rpc: error data: %s", jerr.text);
	(void)lab_err_set(ret, name ? errno_of(name) : EREMOTEIO, "%s", message);
	make_printable(ret->msg);
	if (file && line >= 0 && line <= INT_MAX && col >= 0 && col <= INT_MAX) {
		ret->src.file = file_name(file);
		ret->src.line = (unsigned int)line;
		ret->src.col = (unsigned int)col;
	}
	return 0;
}

/* --- out --- */

static json_t *message(uint64_t id, const char *name, json_t *value, unsigned int n_fds)
{
	json_t *m = json_object();

	if (!m || json_object_set_new_nocheck(m, "jsonrpc", json_string_nocheck("2.0")) < 0 ||
	    (id && json_object_set_new_nocheck(m, "id", json_integer((json_int_t)id)) < 0) ||
	    (n_fds && json_object_set_new_nocheck(m, "fds", json_integer((json_int_t)n_fds)) < 0)) {
		json_decref(value);
		json_decref(m);
		return NULL;
	}
	if (name && json_object_set_new_nocheck(m, name, value) < 0) {
		json_decref(m);
		return NULL;
	}
	return m;
}

json_t *lab_rpc_msg_request(uint64_t id, const char *method, json_t *params, unsigned int n_fds)
{
	json_t *m = message(id, "method", json_string(method), n_fds);

	if (!m) {
		json_decref(params);
		return NULL;
	}
	if (params && json_object_set_new_nocheck(m, "params", params) < 0) {
		json_decref(m);
		return NULL;
	}
	return m;
}

json_t *lab_rpc_msg_result(uint64_t id, json_t *result, unsigned int n_fds)
{
	return message(id, "result", result ? result : json_object(), n_fds);
}

/* Text as JSON; if it is not UTF-8 (a file name may be anything), bytes above 127 are replaced. */
static json_t *text(const char *s)
{
	cleanup_free char *copy = NULL;
	json_t *t = json_string(s);
	char *p;

	if (t)
		return t;
	copy = strdup(s);
	if (!copy)
		return NULL;
	for (p = copy; *p; p++)
		if ((unsigned char)*p > 127)
			*p = '?';
	return json_string(copy);
}

json_t *lab_rpc_msg_error(uint64_t id, const struct lab_err *err)
{
	json_t *data, *error;

	data = json_pack("{s:s}", "errno", lab_err_name(err->code));
	if (data && err->src.file &&
	    (json_object_set_new(data, "file", text(err->src.file)) < 0 ||
	     json_object_set_new(data, "line", json_integer((json_int_t)err->src.line)) < 0 ||
	     json_object_set_new(data, "col", json_integer((json_int_t)err->src.col)) < 0)) {
		json_decref(data);
		return NULL;
	}
	error = json_pack("{s:i, s:o, s:o}", "code", ERROR_CODE, "message", text(err->msg), "data",
			  data);
	return error ? message(id, "error", error, 0) : NULL;
}
