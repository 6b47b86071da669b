/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snaps.c - snapshots of hosts by backends that have no better ones */
#include "netlab/backend/snaps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "netlab/backend/lend.h"
#include "netlab/base/files.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/ns/overlay.h"

enum { NAME_MAX_ = 64 };

/* --- which there are --------------------------------------------------------------------------- */

json_t *lab_snaps_get(const struct lab_engine_host *host)
{
	const json_t *kept = json_object_get(host->kept, "snaps");

	return kept ? json_deep_copy(kept)
		    : json_pack("{s:[], s:i, s:i}", "list", "base", 0, "last", 0);
}

int lab_snaps_keep(json_t *snaps, json_t *ret, struct lab_err *err)
{
	json_t *keep = json_object_get(ret, "keep");

	if (!keep) {
		keep = json_object();
		if (json_object_set_new(ret, "keep", keep) < 0)
			return lab_err_set(err, ENOMEM, "out of memory");
	}
	return json_object_set(keep, "snaps", snaps) < 0 ? lab_err_set(err, ENOMEM, "out of memory")
							 : 0;
}

static json_t *list_of(const json_t *snaps)
{
	return json_object_get(snaps, "list");
}

static const char *name_of(const json_t *snap)
{
	const char *name = json_string_value(json_object_get(snap, "name"));

	return name ? name : "";
}

json_int_t lab_snaps_id(const json_t *snap)
{
	return json_integer_value(json_object_get(snap, "id"));
}

static json_t *by_name(const json_t *snaps, const char *name)
{
	for (size_t i = 0; i < json_array_size(list_of(snaps)); i++) {
		json_t *snap = json_array_get(list_of(snaps), i);

		if (*name && strcmp(name_of(snap), name) == 0)
			return snap;
	}
	return NULL;
}

static const json_t *by_id(const json_t *snaps, json_int_t id)
{
	for (size_t i = 0; i < json_array_size(list_of(snaps)); i++)
		if (lab_snaps_id(json_array_get(list_of(snaps), i)) == id)
			return json_array_get(list_of(snaps), i);
	return NULL;
}

static const json_t *parent_of(const json_t *snaps, const json_t *snap)
{
	return by_id(snaps, json_integer_value(json_object_get(snap, "parent")));
}

static const json_t *base_of(const json_t *snaps)
{
	return by_id(snaps, json_integer_value(json_object_get(snaps, "base")));
}

int lab_snaps_find(const json_t *snaps, const char *name, json_t **ret, struct lab_err *err)
{
	const char *names[LAB_SNAPS_MAX + 1] = { NULL }, *near;
	size_t n = 0;

	if (!name)
		return lab_err_set(err, EINVAL, "name must be there, as text");
	*ret = by_name(snaps, name);
	if (*ret)
		return 0;
	for (size_t i = 0; i < json_array_size(list_of(snaps)) && n < LAB_SNAPS_MAX; i++) {
		names[n] = name_of(json_array_get(list_of(snaps), i));
		n += *names[n] != '\0';
	}
	names[n] = NULL;
	near = lab_str_nearest(name, names);
	return lab_err_set(err, ENOENT, "it has no snapshot \"%.64s\"%s%s%s", name,
			   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int check_new(const json_t *snaps, const char *name, struct lab_err *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (!name)
		return lab_err_set(err, EINVAL, "name must be there, as text");
	if (!*name || strlen(name) > NAME_MAX_ || name[strspn(name, allowed)] ||
	    strchr("-_.", name[0]))
		return lab_err_set(
			err, EINVAL,
			"\"%.70s\" is no name of a snapshot: letters, digits, '-', '_' and '.', at most %d, the first a letter or digit",
			name, NAME_MAX_);
	return by_name(snaps, name)
		       ? lab_err_set(err, EEXIST, "it has a snapshot \"%s\" already", name)
		       : 0;
}

int lab_snaps_add(json_t *snaps, const char *name, json_int_t *ret_id, struct lab_err *err)
{
	json_int_t id = json_integer_value(json_object_get(snaps, "last")) + 1;
	int r = check_new(snaps, name, err);

	if (r < 0)
		return r;
	if (json_array_size(list_of(snaps)) >= LAB_SNAPS_MAX)
		return lab_err_set(err, ENOSPC, "it has %u snapshots already", LAB_SNAPS_MAX);
	if (json_array_append_new(list_of(snaps),
				  json_pack("{s:s, s:I, s:O, s:I}", "name", name, "id", id,
					    "parent", json_object_get(snaps, "base"), "created",
					    (json_int_t)time(NULL))) < 0 ||
	    json_object_set_new(snaps, "last", json_integer(id)) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	*ret_id = id;
	return 0;
}

int lab_snaps_rename(json_t *snaps, const char *name, const char *to, struct lab_err *err)
{
	json_t *snap;
	int r = lab_snaps_find(snaps, name, &snap, err);

	if (r == 0)
		r = check_new(snaps, to, err);
	if (r == 0 && json_object_set_new(snap, "name", json_string(to)) < 0)
		r = lab_err_set(err, ENOMEM, "out of memory");
	return r;
}

void lab_snaps_list(const json_t *snaps, json_t *ret)
{
	json_t *array = json_array();

	for (size_t i = 0; i < json_array_size(list_of(snaps)); i++) {
		const json_t *snap = json_array_get(list_of(snaps), i);

		if (*name_of(snap))
			(void)json_array_append_new(
				array,
				json_pack("{s:O, s:O, s:b}", "name", json_object_get(snap, "name"),
					  "created", json_object_get(snap, "created"), "current",
					  snap == base_of(snaps)));
	}
	(void)json_object_set_new(ret, "snapshots", array);
}

void lab_snaps_set_base(json_t *snaps, const json_t *snap)
{
	(void)json_object_set_new(snaps, "base", json_integer(lab_snaps_id(snap)));
}

/* --- which are needed -------------------------------------------------------------------------- */

static bool lies_on(const json_t *snaps, const json_t *from, const json_t *snap)
{
	for (; from; from = parent_of(snaps, from))
		if (from == snap)
			return true;
	return false;
}

static bool is_used(const json_t *snaps, const json_t *snap, bool layers)
{
	bool used = *name_of(snap) || base_of(snaps) == snap;

	if (layers)
		used |= lies_on(snaps, base_of(snaps), snap);
	for (size_t i = 0; layers && !used && i < json_array_size(list_of(snaps)); i++) {
		const json_t *one = json_array_get(list_of(snaps), i);

		used = *name_of(one) && lies_on(snaps, one, snap);
	}
	return used;
}

int lab_snaps_drop(json_t *snaps, bool layers,
		   int (*fn)(json_int_t id, void *user, struct lab_err *err), void *user,
		   struct lab_err *err)
{
	int r, first = 0;

	/* The youngest first: it may lie on others. */
	for (size_t i = json_array_size(list_of(snaps)); i-- > 0;) {
		const json_t *snap = json_array_get(list_of(snaps), i);

		if (is_used(snaps, snap, layers))
			continue;
		r = fn(lab_snaps_id(snap), user, first ? NULL : err);
		first = first ? first : r;
		if (r == 0)
			(void)json_array_remove(list_of(snaps), i);
	}
	return first;
}

/* --- layers ------------------------------------------------------------------------------------ */

static int open_dir(const struct lab_engine_host *host, struct lab_err *err)
{
	int fd = open(host->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? lab_err_errno(err, errno, "open %s", host->dir) : fd;
}

static void layer_name(json_int_t id, char ret[32])
{
	(void)snprintf(ret, 32, "s%lld", (long long)id);
}

int lab_snaps_copy_layer(const struct lab_engine_host *host, json_int_t id, struct lab_err *err)
{
	cleanup_close int dir = open_dir(host, err), to = -1;
	char name[32];
	int r;

	if (dir < 0)
		return dir;
	(void)umask(0);
	layer_name(id, name);
	if (mkdirat(dir, name, 0700) < 0)
		return lab_err_errno(err, errno, "make %s/%s", host->dir, name);
	to = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = to < 0 ? -errno : lab_files_copy(dir, "upper", to);
	if (r < 0) {
		(void)lab_files_remove(dir, name);
		return lab_err_errno(err, -r, "keep its files");
	}
	return 0;
}

/* An empty upper directory; the old one is removed when nothing is mounted on it any more. */
static int put_aside(const struct lab_engine_host *host, int dir, struct lab_err *err)
{
	static const char *const names[] = { "upper", "work" };
	cleanup_close int old = -1;
	int r = lab_files_remove(dir, "old");

	if (r == 0 && mkdirat(dir, "old", 0700) < 0)
		r = -errno;
	if (r == 0) {
		old = openat(dir, "old", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = old < 0 ? -errno : 0;
	}
	(void)umask(0);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(names) && r == 0; i++)
		if (renameat(dir, names[i], old, names[i]) < 0 || mkdirat(dir, names[i], 0755) < 0)
			r = -errno;
	return r < 0 ? lab_err_errno(err, -r, "put the files in %s aside", host->dir) : 0;
}

int lab_snaps_lower(const struct lab_engine_host *host, const json_t *snaps, const char *lower,
		    char **ret, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	unsigned int n = 0;
	char name[32];

	for (const json_t *s = base_of(snaps); s; s = parent_of(snaps, s)) {
		layer_name(lab_snaps_id(s), name);
		lab_strbuf_printf(&sb, "%s/%s/upper:", host->dir, name);
		n++;
	}
	if (n > LAB_SNAPS_LAYERS_MAX)
		return lab_err_set(err, ENOSPC,
				   "its snapshots lie %u deep on one another; at most %u may", n,
				   LAB_SNAPS_LAYERS_MAX);
	lab_strbuf_puts(&sb, lower);
	return lab_strbuf_take(&sb, ret) < 0 ? lab_err_set(err, ENOMEM, "out of memory") : 0;
}

static int put_layer(int dir, const char *name, int to, unsigned int how, struct lab_err *err)
{
	static const char *const skip[] = { "dev", "proc",      "run",          "sys",
					    "tmp", "etc/hosts", "etc/hostname", NULL };
	cleanup_close int layer = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return layer < 0 ? lab_err_errno(err, errno, "open its layer %s", name)
			 : lab_overlay_put(layer, to, how, skip, err);
}

int lab_snaps_put(const struct lab_engine_host *host, const char *name, int to, unsigned int how,
		  struct lab_err *err)
{
	cleanup_json json_t *snaps = lab_snaps_get(host);
	const json_t *chain[LAB_SNAPS_MAX];
	cleanup_close int dir = open_dir(host, err);
	json_t *snap = NULL;
	char layer[48];
	size_t n = 0;
	int r = dir < 0 ? dir : name ? lab_snaps_find(snaps, name, &snap, err) : 0;

	if (r < 0)
		return r;
	for (const json_t *s = snap ? snap : base_of(snaps); s && n < LAB_ARRAY_SIZE(chain);
	     s = parent_of(snaps, s))
		chain[n++] = s;
	while (n > 0 && r == 0) {
		(void)snprintf(layer, sizeof(layer), "s%lld/upper",
			       (long long)lab_snaps_id(chain[--n]));
		r = put_layer(dir, layer, to, how, err);
	}
	return r < 0 || snap ? r : put_layer(dir, "upper", to, how, err);
}

int lab_snaps_empty(const struct lab_engine_host *host, struct lab_err *err)
{
	cleanup_close int dir = open_dir(host, err);
	int r = dir < 0 ? dir : put_aside(host, dir, err);

	if (dir >= 0)
		(void)lab_files_remove(dir, "old");
	return r;
}

int lab_snaps_mount(const struct lab_engine_host *host, const json_t *snaps, const char *lower,
		    struct lab_err *err)
{
	cleanup_free char *root = NULL, *all = NULL, *again = NULL;
	int r = lab_snaps_lower(host, snaps, lower, &all, err);

	if (r < 0)
		return r;
	if (asprintf(&root, "%s/root", host->dir) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (umount2(root, MNT_DETACH) < 0 && errno != EINVAL)
		return lab_err_errno(err, errno, "unmount %s", root);
	r = lab_snaps_empty(host, err);
	return r < 0 ? r : lab_lend_mount(host, all, &again, err);
}

static int drop_layer(json_int_t id, void *user, struct lab_err *err)
{
	const struct lab_engine_host *host = user;
	cleanup_close int dir = open_dir(host, err);
	char name[32];
	int r;

	if (dir < 0)
		return dir;
	layer_name(id, name);
	r = lab_files_remove(dir, name);
	return r < 0 ? lab_err_errno(err, -r, "remove %s/%s", host->dir, name) : 0;
}

int lab_snaps_drop_layers(const struct lab_engine_host *host, json_t *snaps, struct lab_err *err)
{
	struct lab_engine_host copy = *host; /* what @user is may not be const */

	return lab_snaps_drop(snaps, true, drop_layer, &copy, err);
}
