/* SPDX-License-Identifier: GPL-2.0-or-later */
/* podman_snap.c - snapshots: images that the service commits, or layers of a root that is ours */
#include <string.h>

#include "netlab/backend/layers.h"
#include "netlab/backend/podman_internal.h"
#include "netlab/backend/snaps.h"
#include "netlab/base/util.h"

/*
 * A container that was made from an image is committed to one: a layer more, which the service makes without a copy of those below. Where the root is
 * one of lab_lend_root() the layer is ours. The user's service has an overlay of its own over directories, which nobody else can get at.
 */
static bool is_image(const struct lab_engine_host *host)
{
	return json_object_get(host->kept, "image") != NULL;
}

static int check_kind(const struct lab_engine_host *host, struct lab_err *err)
{
	if (is_image(host) || json_object_get(host->kept, "lower"))
		return 0;
	return lab_err_set(err, EOPNOTSUPP,
			   "the service at %.200s keeps snapshots of hosts that have an image only",
			   json_string_value(json_object_get(host->settings, "podman_uri")));
}

/* Names of images are in small letters; those of labs and hosts need not be. */
static void repository(const struct lab_engine *engine, const struct lab_engine_host *host,
		       char ret[96])
{
	(void)snprintf(ret, 96, "localhost/netlab-%s/h%zu", engine->key,
		       (size_t)(host - engine->hosts));
}

/* --- create ------------------------------------------------------------------------------------ */

static int commit(struct lab_podman *pd, json_int_t id, struct lab_err *err)
{
	char repo[96];
	int r;

	repository(pd->engine, pd->host, repo);
	r = lab_podman_call(pd, (struct lab_http_req){ .method = "POST" }, NULL, err,
			    "/commit?container=%s&repo=%s&tag=s%lld&pause=false", lab_podman_id(pd),
			    repo, (long long)id);
	return r < 0 ? r : 0;
}

static int keep_files(struct lab_podman *pd, json_int_t id, struct lab_err *err)
{
	return is_image(pd->host) ? commit(pd, id, err) : lab_snaps_copy_layer(pd->host, id, err);
}

LAB_PODMAN_OP(snap_create)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	cleanup_json json_t *snaps = lab_snaps_get(host);
	bool frozen = json_is_true(json_object_get(host->kept, "frozen")), held;
	json_int_t id = 0;
	int r = check_kind(host, err);

	(void)ret_fd;
	if (r == 0)
		r = lab_snaps_add(snaps, json_string_value(json_object_get(args, "name")), &id,
				  err);
	if (r == 0)
		r = lab_podman_open(engine, host, &pd, err);
	if (r == 0)
		r = lab_podman_is_running(&pd, err);
	if (r < 0)
		return r;
	held = r > 0 && !frozen;
	r = held ? lab_podman_freezing(engine, host, true, err) : 0;
	if (r == 0)
		r = keep_files(&pd, id, err);
	if (held)
		(void)lab_podman_freezing(engine, host, false, NULL);
	return r < 0 ? r : lab_snaps_keep(snaps, ret, err);
}

/* --- list and rename: the service knows them by their numbers ----------------------------------- */

LAB_PODMAN_OP(snap_list)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);

	(void)engine;
	(void)args;
	(void)ret_fd;
	(void)err;
	lab_snaps_list(snaps, ret);
	return 0;
}

LAB_PODMAN_OP(snap_rename)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);
	int r = lab_snaps_rename(snaps, json_string_value(json_object_get(args, "name")),
				 json_string_value(json_object_get(args, "to")), err);

	(void)engine;
	(void)ret_fd;
	return r < 0 ? r : lab_snaps_keep(snaps, ret, err);
}

/* --- restore and delete ------------------------------------------------------------------------ */

static int drop_image(json_int_t id, void *user, struct lab_err *err)
{
	struct lab_podman *pd = user;
	cleanup_free char *name = NULL, *image = NULL;
	char repo[96];
	int r;

	repository(pd->engine, pd->host, repo);
	if (asprintf(&image, "%s:s%lld", repo, (long long)id) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	name = lab_http_escape(image);
	if (!name)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = lab_podman_call(pd, (struct lab_http_req){ .method = "DELETE", .also = 404 }, NULL, err,
			    "/images/%s", name);
	return r < 0 ? r : 0;
}

static int drop(struct lab_podman *pd, json_t *snaps, struct lab_err *err)
{
	return is_image(pd->host) ? lab_snaps_drop(snaps, false, drop_image, pd, err)
				  : lab_snaps_drop_layers(pd->host, snaps, err);
}

/* Another container, of the same name. */
static int make_from(struct lab_podman *pd, json_int_t id, json_t *keep, struct lab_err *err)
{
	char repo[96], image[128];
	int r = lab_podman_remove(pd->http, lab_podman_id(pd), err);

	repository(pd->engine, pd->host, repo);
	(void)snprintf(image, sizeof(image), "%s:s%lld", repo, (long long)id);
	return r < 0 ? r : lab_podman_make(pd, image, keep, err);
}

LAB_PODMAN_OP(snap_restore)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	cleanup_json json_t *snaps = lab_snaps_get(host);
	const char *lower = json_string_value(json_object_get(host->kept, "lower"));
	json_t *snap = NULL, *keep = json_object();
	int r = check_kind(host, err);

	(void)ret_fd;
	if (json_object_set_new(ret, "keep", keep) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (r == 0)
		r = lab_snaps_find(snaps, json_string_value(json_object_get(args, "name")), &snap,
				   err);
	if (r == 0)
		r = lab_podman_open(engine, host, &pd, err);
	if (r < 0)
		return r;
	lab_snaps_set_base(snaps, snap);
	r = is_image(host) ? make_from(&pd, lab_snaps_id(snap), keep, err)
			   : lab_snaps_mount(host, snaps, lower, err);
	if (r < 0)
		return r;
	/* What lay below what was there before may not be needed any more. */
	(void)drop(&pd, snaps, NULL);
	return lab_snaps_keep(snaps, ret, err);
}

LAB_PODMAN_OP(snap_delete)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	cleanup_json json_t *snaps = lab_snaps_get(host);
	json_t *snap = NULL;
	int r = lab_snaps_find(snaps, json_string_value(json_object_get(args, "name")), &snap, err);

	(void)ret_fd;
	if (r == 0)
		r = lab_podman_open(engine, host, &pd, err);
	if (r < 0)
		return r;
	(void)json_object_set_new(snap, "name", json_string(""));
	r = drop(&pd, snaps, err);
	return r < 0 ? r : lab_snaps_keep(snaps, ret, err);
}

/* --- publish ----------------------------------------------------------------------------------- */

LAB_PODMAN_OP(publish)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	bool held = !json_is_true(json_object_get(host->kept, "frozen"));
	int r;

	(void)ret_fd;
	if (!json_object_get(host->kept, "lower"))
		return lab_err_set(
			err, EOPNOTSUPP,
			"its root is Podman's own; what is made from a directory or the machine's files can be published");
	r = lab_podman_open(engine, host, &pd, err);
	if (r == 0)
		r = lab_podman_is_running(&pd, err);
	if (r < 0)
		return r;
	held = held && r > 0;
	r = held ? lab_podman_freezing(engine, host, true, err) : 0;
	if (r == 0)
		r = lab_layers_publish(host, args, ret, err);
	if (held)
		(void)lab_podman_freezing(engine, host, false, NULL);
	return r;
}
