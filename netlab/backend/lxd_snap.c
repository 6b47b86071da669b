/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxd_snap.c - snapshots of instances, images of them, and their way to another server */
#include <string.h>
#include <time.h>

#include "netlab/backend/layers.h"
#include "netlab/backend/lxd_internal.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

#define PUBLISH_SNAPSHOT "netlab-publish"

enum { NAMES_MAX = 1024 };

static const char *text_of(const json_t *obj, const char *name)
{
	return json_string_value(json_object_get(obj, name));
}

static int no_memory(struct lab_err *err)
{
	return lab_err_set(err, ENOMEM, "out of memory");
}

/* --- snapshots --------------------------------------------------------------------------------- */

static int snapshots(struct lab_lxd *lxd, json_t **ret, struct lab_err *err)
{
	int r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, ret, err,
			     "/1.0/instances/%s/snapshots?recursion=1",
			     lab_lxd_instance(lxd->host));

	return r < 0 ? r : 0;
}

/* The member @member of @args as a part of a path: a snapshot that is there. */
static int need(struct lab_lxd *lxd, const json_t *args, const char *member, char **ret,
		struct lab_err *err)
{
	const char *name = text_of(args, member), *names[NAMES_MAX + 1] = { NULL }, *near;
	cleanup_json json_t *list = NULL;
	size_t i, n = 0;
	json_t *one;
	int r;

	if (!name)
		return lab_err_set(err, EINVAL, "%s must be there, as text", member);
	r = snapshots(lxd, &list, err);
	if (r < 0)
		return r;
	json_array_foreach(list, i, one) {
		const char *there = text_of(one, "name");

		if (there && strcmp(there, name) == 0) {
			*ret = lab_http_escape(name);
			return *ret ? 0 : no_memory(err);
		}
		if (there && n < NAMES_MAX)
			names[n++] = there;
	}
	near = lab_str_nearest(name, names);
	return lab_err_set(err, ENOENT, "it has no snapshot \"%.64s\"%s%s%s", name,
			   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* A name that is not there yet; LXD has words of its own for those that are none. */
static int check_new(struct lab_lxd *lxd, const char *name, struct lab_err *err)
{
	cleanup_json json_t *list = NULL;
	json_t *one;
	size_t i;
	int r;

	if (!name)
		return lab_err_set(err, EINVAL, "the name must be there, as text");
	r = snapshots(lxd, &list, err);
	json_array_foreach(list, i, one)
		if (r == 0 && text_of(one, "name") && strcmp(text_of(one, "name"), name) == 0)
			r = lab_err_set(err, EEXIST, "it has a snapshot \"%.64s\" already", name);
	return r;
}

static int make_snapshot(struct lab_lxd *lxd, const char *name, struct lab_err *err)
{
	cleanup_json json_t *body = json_pack("{s:s, s:b}", "name", name, "stateful", 0);

	if (!body)
		return lab_err_set(err, EINVAL, "the name is not UTF-8");
	return lab_lxd_do(lxd, (struct lab_http_req){ .method = "POST", .body = body }, NULL, err,
			  "/1.0/instances/%s/snapshots", lab_lxd_instance(lxd->host));
}

static int drop_snapshot(struct lab_lxd *lxd, const char *escaped, struct lab_err *err)
{
	return lab_lxd_do(lxd, (struct lab_http_req){ .method = "DELETE" }, NULL, err,
			  "/1.0/instances/%s/snapshots/%s", lab_lxd_instance(lxd->host), escaped);
}

/* The files of a root that is lent are not LXD's: while they are copied, it stands still. */
static int keep_layer(struct lab_lxd *lxd, const json_t *args, json_t *ret, struct lab_err *err)
{
	int status = lab_lxd_status(lxd, NULL, NULL), r = lab_layers_check(lxd->host, args, err);

	if (r == 0 && status == 1)
		r = lab_lxd_set_state(lxd, "freeze", LAB_LXD_MS / 1000, err);
	if (r < 0)
		return r;
	r = lab_layers_create(lxd->host, args, ret, err);
	if (status == 1)
		(void)lab_lxd_set_state(lxd, "unfreeze", LAB_LXD_MS / 1000, NULL);
	return r;
}

int lab_lxd_snapshot_create(const struct lab_engine *engine, const struct lab_engine_host *host,
			    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	int r = lab_lxd_open(engine, host, &lxd, err);

	(void)ret_fd;
	if (r < 0)
		return r;
	if (lab_lxd_lent(host))
		return keep_layer(&lxd, args, ret, err);
	r = check_new(&lxd, text_of(args, "name"), err);
	return r < 0 ? r : make_snapshot(&lxd, text_of(args, "name"), err);
}

/* "2026-11-26T02:50:13.123456Z" */
static json_int_t seconds_of(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };

	return text && strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? (json_int_t)timegm(&tm) : 0;
}

int lab_lxd_snapshot_list(const struct lab_engine *engine, const struct lab_engine_host *host,
			  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_json json_t *list = NULL;
	json_t *array, *one;
	size_t i;
	int r;

	if (lab_lxd_lent(host))
		return lab_layers_list(engine, host, args, ret, ret_fd, err);
	r = lab_lxd_open(engine, host, &lxd, err);
	if (r == 0)
		r = snapshots(&lxd, &list, err);
	if (r < 0)
		return r;
	array = json_array();
	json_array_foreach(list, i, one)
		(void)json_array_append_new(
			array, json_pack("{s:O, s:I}", "name", json_object_get(one, "name"),
					 "created", seconds_of(text_of(one, "created_at"))));
	return json_object_set_new(ret, "snapshots", array) < 0 ? no_memory(err) : 0;
}

int lab_lxd_snapshot_rename(const struct lab_engine *engine, const struct lab_engine_host *host,
			    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_json json_t *body = json_pack("{s:O?}", "name", json_object_get(args, "to"));
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_free char *name = NULL;
	int r;

	if (lab_lxd_lent(host))
		return lab_layers_rename(engine, host, args, ret, ret_fd, err);
	r = lab_lxd_open(engine, host, &lxd, err);
	if (r == 0)
		r = need(&lxd, args, "name", &name, err);
	if (r == 0)
		r = check_new(&lxd, text_of(args, "to"), err);
	if (r < 0)
		return r;
	return lab_lxd_do(&lxd, (struct lab_http_req){ .method = "POST", .body = body }, NULL, err,
			  "/1.0/instances/%s/snapshots/%s", lab_lxd_instance(host), name);
}

int lab_lxd_snapshot_restore(const struct lab_engine *engine, const struct lab_engine_host *host,
			     const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_json json_t *body = json_pack("{s:O?}", "restore", json_object_get(args, "name"));
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_free char *name = NULL;
	int r;

	if (lab_lxd_lent(host))
		return lab_layers_restore(engine, host, args, ret, ret_fd, err);
	r = lab_lxd_open(engine, host, &lxd, err);
	if (r == 0)
		r = need(&lxd, args, "name", &name, err);
	if (r < 0)
		return r;
	return lab_lxd_do(&lxd, (struct lab_http_req){ .method = "PUT", .body = body }, NULL, err,
			  "/1.0/instances/%s", lab_lxd_instance(host));
}

int lab_lxd_snapshot_delete(const struct lab_engine *engine, const struct lab_engine_host *host,
			    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_free char *name = NULL;
	int r;

	if (lab_lxd_lent(host))
		return lab_layers_delete(engine, host, args, ret, ret_fd, err);
	r = lab_lxd_open(engine, host, &lxd, err);
	if (r == 0)
		r = need(&lxd, args, "name", &name, err);
	return r < 0 ? r : drop_snapshot(&lxd, name, err);
}

/* --- images ------------------------------------------------------------------------------------ */

static int check_alias(struct lab_lxd *lxd, const char *image, struct lab_err *err)
{
	cleanup_free char *escaped = lab_http_escape(image);
	int r;

	if (!escaped)
		return no_memory(err);
	r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET", .also = 404 }, NULL, err,
			 "/1.0/images/aliases/%s", escaped);
	if (r == 200)
		return lab_err_set(err, EEXIST, "the server has an image \"%.64s\" already", image);
	return r < 0 ? r : 0;
}

/* @snapshot: NULL = the instance itself, which is stopped */
static int publish(struct lab_lxd *lxd, const char *image, const char *snapshot, json_t *ret,
		   struct lab_err *err)
{
	cleanup_json json_t *body = NULL, *made = NULL;
	int r;

	body = json_pack("{s:{s:s, s:o}, s:b, s:[{s:s}], s:{s:s}}", "source", "type",
			 snapshot ? "snapshot" : "instance", "name",
			 json_sprintf(snapshot ? "%s/%s" : "%s", lab_lxd_instance(lxd->host),
				      snapshot),
			 "public", 0, "aliases", "name", image, "properties", "description", image);
	if (!body)
		return lab_err_set(err, EINVAL, "the name of the image is not UTF-8");
	r = lab_lxd_do(lxd, (struct lab_http_req){ .method = "POST", .body = body }, &made, err,
		       "/1.0/images");
	if (r == 0 && json_object_get(made, "fingerprint"))
		(void)json_object_set(ret, "fingerprint", json_object_get(made, "fingerprint"));
	return r;
}

int lab_lxd_publish(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	const char *image = text_of(args, "image"), *snapshot = text_of(args, "snapshot");
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_free char *name = NULL;
	int r = lab_lxd_open(engine, host, &lxd, err), status;

	(void)ret_fd;
	if (r == 0 && !image)
		r = lab_err_set(err, EINVAL, "image must be there, as text");
	if (r == 0 && lab_lxd_lent(host))
		r = lab_err_set(err, EOPNOTSUPP,
				"its root is not one of LXD's, so LXD cannot make an image of it");
	if (r == 0 && snapshot)
		r = need(&lxd, args, "snapshot", &name, err);
	if (r == 0)
		r = check_alias(&lxd, image, err);
	if (r < 0)
		return r;
	status = snapshot ? 0 : lab_lxd_status(&lxd, NULL, err);
	if (status <= 0)
		return status < 0 ? status : publish(&lxd, image, snapshot, ret, err);
	/* LXD makes images of what stands still only, and a snapshot does. */
	(void)drop_snapshot(&lxd, PUBLISH_SNAPSHOT, NULL);
	r = make_snapshot(&lxd, PUBLISH_SNAPSHOT, err);
	if (r < 0)
		return r;
	r = publish(&lxd, image, PUBLISH_SNAPSHOT, ret, err);
	(void)drop_snapshot(&lxd, PUBLISH_SNAPSHOT, NULL);
	return r;
}

/* --- to another server ------------------------------------------------------------------------- */

/* Returns 1 if the server is one of a cluster that has this member. */
static int is_member(struct lab_lxd *lxd, const json_t *info, const char *to, struct lab_err *err)
{
	cleanup_free char *escaped = NULL;
	int r;

	if (!json_is_true(
		    json_object_get(json_object_get(info, "environment"), "server_clustered")))
		return 0;
	escaped = lab_http_escape(to);
	if (!escaped)
		return no_memory(err);
	r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET", .also = 404 }, NULL, err,
			 "/1.0/cluster/members/%s", escaped);
	return r < 0 ? r : r == 200;
}

static int to_member(struct lab_lxd *lxd, const char *to, struct lab_err *err)
{
	cleanup_free char *escaped = lab_http_escape(to);
	cleanup_json json_t *body = json_pack("{s:s, s:b}", "name", lab_lxd_instance(lxd->host),
					      "migration", 1);

	if (!escaped || !body)
		return no_memory(err);
	return lab_lxd_do(lxd, (struct lab_http_req){ .method = "POST", .body = body }, NULL, err,
			  "/1.0/instances/%s?target=%s", lab_lxd_instance(lxd->host), escaped);
}

/* What the instance is to be on the other server, but for its source. */
static json_t *same_again(json_t *instance)
{
	json_t *config = json_object_get(instance, "config"), *value;
	const char *name;
	void *next;

	json_object_foreach_safe(config, next, name, value)
		if (strncmp(name, "volatile.", 9) == 0)
			(void)json_object_del(config, name);
	return json_pack("{s:O, s:s, s:O, s:O, s:O, s:O, s:O}", "name",
			 json_object_get(instance, "name"), "type", "container", "architecture",
			 json_object_get(instance, "architecture"), "config", config, "devices",
			 json_object_get(instance, "devices"), "profiles",
			 json_object_get(instance, "profiles"), "ephemeral",
			 json_object_get(instance, "ephemeral"));
}

/* The source offers it on a connection of its own, which the target comes to. */
static int offer(struct lab_lxd *from, const json_t *info, json_t **ret, struct lab_err *err)
{
	const json_t *environment = json_object_get(info, "environment");
	const char *address =
		json_string_value(json_array_get(json_object_get(environment, "addresses"), 0));
	cleanup_json json_t *op = NULL, *body = NULL;
	int r;

	if (!address)
		return lab_err_set(
			err, ENOSYS,
			"the server that it is on cannot be reached by others: lxc config set core.https_address :8443 [ENOSYS]");
	body = json_pack("{s:s, s:b, s:b}", "name", lab_lxd_instance(from->host), "migration", 1,
			 "live", 0);
	r = lab_lxd_begin(from, (struct lab_http_req){ .method = "POST", .body = body }, &op, err,
			  "/1.0/instances/%s", lab_lxd_instance(from->host));
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:o, s:O, s:O}", "type", "migration", "mode", "pull",
			 "operation",
			 json_sprintf("https://%s/1.0/operations/%s", address,
				      text_of(op, "id") ? text_of(op, "id") : ""),
			 "certificate", json_object_get(environment, "certificate"), "secrets",
			 json_object_get(op, "metadata"));
	return *ret ? 0 : lab_err_set(err, EPROTO, "the server's offer lacks something");
}

static int to_server(struct lab_lxd *from, struct lab_lxd *to, const json_t *info,
		     struct lab_err *err)
{
	cleanup_json json_t *instance = NULL, *spec = NULL, *source = NULL;
	int r = lab_lxd_call(from, (struct lab_http_req){ .method = "GET" }, &instance, err,
			     "/1.0/instances/%s", lab_lxd_instance(from->host));

	if (r < 0)
		return r;
	spec = same_again(instance);
	if (!spec)
		return lab_err_set(err, EPROTO, "the server tells too little about the instance");
	r = lab_lxd_journal(to, err);
	if (r == 0)
		r = offer(from, info, &source, err);
	if (r == 0 && json_object_set(spec, "source", source) < 0)
		r = no_memory(err);
	if (r == 0)
		r = lab_lxd_do(to, (struct lab_http_req){ .method = "POST", .body = spec }, NULL,
			       err, "/1.0/instances");
	if (r == 0)
		r = lab_lxd_do(from, (struct lab_http_req){ .method = "DELETE" }, NULL, err,
			       "/1.0/instances/%s", lab_lxd_instance(from->host));
	return r;
}

int lab_lxd_migrate(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_lxd struct lab_lxd from = { .http = NULL },
				   to = { .engine = engine, .host = host, .http = NULL };
	cleanup_lxd_server struct lab_lxd_server server = { .socket = NULL };
	const char *name = text_of(args, "to");
	cleanup_json json_t *info = NULL;
	cleanup_free char *words = NULL;
	int r = lab_lxd_open(engine, host, &from, err);

	(void)ret_fd;
	if (r == 0 && !name)
		r = lab_err_set(err, EINVAL, "to must be there, as text");
	if (r == 0)
		r = lab_lxd_status(&from, NULL, err);
	if (r > 0)
		return lab_err_set(err, EBUSY, "it is running; stop it first");
	if (r == 0)
		r = lab_lxd_call(&from, (struct lab_http_req){ .method = "GET" }, &info, err,
				 "/1.0");
	if (r >= 0)
		r = is_member(&from, info, name, err);
	if (r != 0)
		return r < 0 ? r : to_member(&from, name, err);
	r = lab_lxd_server_named(name, &server, err);
	if (r == 0)
		r = lab_lxd_connect(&server, &to, err);
	if (r == 0)
		r = to_server(&from, &to, info, err);
	if (r < 0)
		return r;
	words = lab_lxd_server_format(&to.server);
	return words ? lab_lxd_keep(ret, "server", json_string(words), err) : no_memory(err);
}
