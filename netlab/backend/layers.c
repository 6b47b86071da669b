/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layers.c - the snapshots of hosts whose root is lent, as operations */
#include "netlab/backend/layers.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "netlab/backend/lend.h"
#include "netlab/backend/snaps.h"
#include "netlab/base/util.h"
#include "netlab/ns/image.h"
#include "netlab/ns/overlay.h"

static const char *text_of(const json_t *obj, const char *name)
{
	return json_string_value(json_object_get(obj, name));
}

static int keep(json_t *ret, const char *name, const char *value, struct lab_err *err)
{
	if (!json_object_get(ret, "keep"))
		(void)json_object_set_new(ret, "keep", json_object());
	if (json_object_set_new(json_object_get(ret, "keep"), name, json_string(value)) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	return 0;
}

/* --- roots ------------------------------------------------------------------------------------- */

int lab_layers_root(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const char *lower, json_t *ret, struct lab_err *err)
{
	cleanup_free char *root = NULL;
	int r = lab_lend_root(engine, host, lower, &root, err);

	if (r == 0)
		r = keep(ret, "root", root, err);
	return r < 0 ? r : keep(ret, "lower", lower, err);
}

int lab_layers_upper(const struct lab_engine *engine, const struct lab_engine_host *host,
		     const char *lower, json_t *ret, struct lab_err *err)
{
	int r = lab_lend_upper(engine, host, err);

	return r < 0 ? r : keep(ret, "lower", lower, err);
}

int lab_layers_lower(const struct lab_engine_host *host, char **ret, struct lab_err *err)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);
	const char *lower = text_of(host->kept, "lower");

	return lower ? lab_snaps_lower(host, snaps, lower, ret, err)
		     : lab_err_set(err, EINVAL, "its root is not one of layers");
}

const char *lab_layers_path(const struct lab_engine_host *host)
{
	return text_of(host->kept, "root");
}

/* --- operations -------------------------------------------------------------------------------- */

int lab_layers_check(const struct lab_engine_host *host, const json_t *args, struct lab_err *err)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);
	json_int_t id;

	return lab_snaps_add(snaps, text_of(args, "name"), &id, err);
}

int lab_layers_create(const struct lab_engine_host *host, const json_t *args, json_t *ret,
		      struct lab_err *err)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);
	json_int_t id = 0;
	int r = lab_snaps_add(snaps, text_of(args, "name"), &id, err);

	if (r == 0)
		r = lab_snaps_copy_layer(host, id, err);
	return r < 0 ? r : lab_snaps_keep(snaps, ret, err);
}

int lab_layers_list(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);

	(void)engine;
	(void)args;
	(void)ret_fd;
	(void)err;
	lab_snaps_list(snaps, ret);
	return 0;
}

int lab_layers_rename(const struct lab_engine *engine, const struct lab_engine_host *host,
		      const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);
	int r = lab_snaps_rename(snaps, text_of(args, "name"), text_of(args, "to"), err);

	(void)engine;
	(void)ret_fd;
	return r < 0 ? r : lab_snaps_keep(snaps, ret, err);
}

int lab_layers_restore(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);
	const char *lower = text_of(host->kept, "lower");
	json_t *snap;
	int r = lab_snaps_find(snaps, text_of(args, "name"), &snap, err);

	(void)engine;
	(void)ret_fd;
	if (r < 0)
		return r;
	lab_snaps_set_base(snaps, snap);
	r = lab_layers_path(host) ? lab_snaps_mount(host, snaps, lower, err)
				  : lab_snaps_empty(host, err);
	if (r == 0)
		r = lab_snaps_drop_layers(host, snaps, err);
	return r < 0 ? r : lab_snaps_keep(snaps, ret, err);
}

int lab_layers_delete(const struct lab_engine *engine, const struct lab_engine_host *host,
		      const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);
	json_t *snap;
	int r = lab_snaps_find(snaps, text_of(args, "name"), &snap, err);

	(void)engine;
	(void)ret_fd;
	if (r == 0 && json_object_set_new(snap, "name", json_string("")) < 0)
		r = lab_err_set(err, ENOMEM, "out of memory");
	if (r == 0)
		r = lab_snaps_drop_layers(host, snaps, err);
	return r < 0 ? r : lab_snaps_keep(snaps, ret, err);
}

/* What a host of netlab's image, or of the machine, has changed lies on that; of another root all files are needed. */
static int find_below(const struct lab_engine_host *host, char ret[LAB_IMAGE_ID_SIZE],
		      struct lab_err *err)
{
	(void)snprintf(ret, LAB_IMAGE_ID_SIZE, "%s", host->image ? "" : LAB_IMAGE_MACHINE);
	if (!host->image || *host->image == '/')
		return 0;
	return lab_image_find(host->image, ret, err);
}

static int put_lower(const struct lab_engine_host *host, int to, struct lab_err *err)
{
	cleanup_close int lower = open(host->image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return lower < 0 ? lab_err_errno(err, errno, "open %s", host->image)
			 : lab_overlay_put(lower, to, 0, NULL, err);
}

int lab_layers_publish(const struct lab_engine_host *host, const json_t *args, json_t *ret,
		       struct lab_err *err)
{
	const char *path = text_of(args, "path"), *snapshot = text_of(args, "snapshot");
	cleanup_close int to = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	char below[LAB_IMAGE_ID_SIZE];
	int r;

	if (to < 0)
		return lab_err_set(err, EINVAL, "path must be there, as that of a directory");
	if (!text_of(host->kept, "lower"))
		return lab_err_set(err, EINVAL, "its root is not one of layers");
	(void)umask(0);
	r = find_below(host, below, err);
	if (r == 0 && !below[0])
		r = put_lower(host, to, err);
	if (r == 0)
		r = lab_snaps_put(host, snapshot, to, below[0] ? LAB_OVERLAY_LAYER : 0, err);
	if (r == 0 && json_object_set_new(ret, "below", json_string(below)) < 0)
		r = lab_err_set(err, ENOMEM, "out of memory");
	return r;
}
