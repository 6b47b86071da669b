/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_snap.c - snapshots of native hosts: layers below the one that a host writes */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/strbuf.h"
#include "netlab/keeper/host.h"

/*
 * A snapshot is a directory with what the host had written: u, u1, ... of /up/N (netlab/ns/spawn.h). It never changes again, so going back to it
 * is no copy: what the host wrote since goes away, and it starts with an empty layer above the snapshot's. From a host that is stopped it is
 * no copy, either: the layer itself becomes the snapshot. A host that runs stands still while its layer is copied, as an overlay cannot
 * be given other layers while it is mounted. All of it is on the lab's tmpfs, and goes with the lab.
 */

static void layer_name(uint32_t id, char ret[LAB_SPAWN_LAYER_LEN])
{
	(void)snprintf(ret, LAB_SPAWN_LAYER_LEN, "s%u", id);
}

/* ---- which there are ---- */

static const char *name_param(const struct lab_hostop *op, const char *member)
{
	return json_string_value(json_object_get(op->params, member));
}

static struct lab_ksnap *find(const struct lab_klife *life, const char *name)
{
	for (size_t i = 0; i < life->n_snaps; i++)
		if (*name && strcmp(life->snaps[i].name, name) == 0)
			return &life->snaps[i];
	return NULL;
}

static struct lab_ksnap *by_id(const struct lab_klife *life, uint32_t id)
{
	for (size_t i = 0; i < life->n_snaps; i++)
		if (life->snaps[i].id == id)
			return &life->snaps[i];
	return NULL;
}

int lab_snap_find(const struct lab_hostop *op, const char *member, struct lab_ksnap **ret,
		  struct lab_err *err)
{
	const struct lab_klife *life = op->host->life;
	const char *name = name_param(op, member), *near;
	const char **names;

	if (!name)
		return lab_err_set(err, EINVAL, "%s must be there, as text", member);
	*ret = find(life, name);
	if (*ret)
		return 0;
	names = calloc(life->n_snaps + 1, sizeof(*names));
	for (size_t i = 0, n = 0; names && i < life->n_snaps; i++)
		if (*life->snaps[i].name)
			names[n++] = life->snaps[i].name;
	near = names ? lab_str_nearest(name, names) : NULL;
	(void)lab_err_set(err, ENOENT, "it has no snapshot \"%.64s\"%s%s%s", name,
			  near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	free(names);
	return -ENOENT;
}

static int check_new(const struct lab_hostop *op, const char *member, const char **ret,
		     struct lab_err *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	const char *name = name_param(op, member);

	if (!name)
		return lab_err_set(err, EINVAL, "%s must be there, as text", member);
	if (!*name || strlen(name) > LAB_TOPO_ID_MAX || name[strspn(name, allowed)] ||
	    strchr("-_.", name[0]))
		return lab_err_set(
			err, EINVAL,
			"\"%.70s\" is no name of a snapshot: letters, digits, '-', '_' and '.', at most %u, the first a letter or digit",
			name, LAB_TOPO_ID_MAX);
	if (find(op->host->life, name))
		return lab_err_set(err, EEXIST, "it has a snapshot \"%s\" already", name);
	*ret = name;
	return 0;
}

/* The snapshot that an operation is about; one that is not there is its end. */
static struct lab_ksnap *snap_of(struct lab_hostop *op)
{
	struct lab_ksnap *snap = NULL;
	struct lab_err err;

	if (lab_snap_find(op, "name", &snap, &err) == 0)
		return snap;
	lab_hostop_fail(op, &err);
	return NULL;
}

/* How many layers lie on one another, with this one. */
static unsigned int depth(const struct lab_klife *life, uint32_t id)
{
	const struct lab_ksnap *s = by_id(life, id);
	unsigned int n = 0;

	for (; s; s = by_id(life, s->parent))
		n++;
	return n;
}

static bool lies_on(const struct lab_klife *life, uint32_t from, uint32_t id)
{
	for (const struct lab_ksnap *s = by_id(life, from); s; s = by_id(life, s->parent))
		if (s->id == id)
			return true;
	return false;
}

/* Is it only there because something lies on it? */
static bool is_used(const struct lab_klife *life, uint32_t id)
{
	bool used = lies_on(life, life->base, id);

	for (size_t i = 0; i < life->n_snaps && !used; i++)
		used = *life->snaps[i].name && lies_on(life, life->snaps[i].id, id);
	return used;
}

static void forget(struct lab_klife *life, size_t i)
{
	memmove(&life->snaps[i], &life->snaps[i + 1],
		(life->n_snaps - i - 1) * sizeof(*life->snaps));
	life->n_snaps--;
}

static int remember(struct lab_klife *life, const struct lab_ksnap *snap)
{
	struct lab_ksnap *snaps = reallocarray(life->snaps, life->n_snaps + 1,
					       sizeof(*life->snaps));

	if (!snaps)
		return -ENOMEM;
	life->snaps = snaps;
	life->snaps[life->n_snaps++] = *snap;
	return 0;
}

/* ---- layers; in a child ---- */

/* "u" and "u1" and so on, but not "w": what a host has written. */
static bool is_layer(const char *name)
{
	return name[0] == 'u' && name[strspn(name + 1, "0123456789") + 1] == '\0';
}

static bool is_work(const char *name)
{
	return name[0] == 'w' && name[strspn(name + 1, "0123456789") + 1] == '\0';
}

/* Open what is kept of a host. */
static int open_dir(const struct lab_hostop *op, struct lab_err *err)
{
	char path[LAB_HOST_DIR_LEN];
	int fd;

	(void)snprintf(path, sizeof(path), "/up/%u", op->host->index);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? lab_err_errno(err, errno, "%s", path) : fd;
}

/* Do something with each layer. */
static int each_layer(int dir, int to, int (*fn)(int dir, const char *name, int to))
{
	cleanup_dir DIR *d = lab_files_list(dir);
	const char *name;
	int r = d ? 0 : -errno;

	while (r == 0 && (name = lab_files_next(d)) != NULL)
		r = fn(dir, name, to);
	return r;
}

static int copy_layer(int dir, const char *name, int to)
{
	return is_layer(name) ? lab_files_copy(dir, name, to) : 0;
}

/* What the kernel noted in its working directories belongs to the layers that go. */
static int move_layer(int dir, const char *name, int to)
{
	if (!is_layer(name) && !is_work(name))
		return 0;
	return renameat(dir, name, to, name) < 0 ? -errno : 0;
}

static int drop_work(int dir, const char *name, int to)
{
	(void)to;
	return is_work(name) ? lab_files_remove(dir, name) : 0;
}

/* The layers that a host starts on, for slave-image/agent/root.c. */
static int write_layers(const struct lab_klife *life, uint32_t id, int dir)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	cleanup_close int fd = -1;
	char name[LAB_SPAWN_LAYER_LEN];

	for (const struct lab_ksnap *s = by_id(life, id); s; s = by_id(life, s->parent)) {
		layer_name(s->id, name);
		lab_strbuf_printf(&sb, "%s\n", name);
	}
	fd = openat(dir, "layers.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || sb.error)
		return sb.error ? sb.error : -errno;
	if (write(fd, lab_strbuf_str(&sb), sb.len) != (ssize_t)sb.len ||
	    renameat(dir, "layers.new", dir, "layers") < 0)
		return -errno;
	return 0;
}

/* The layer of a stopped host can be moved; but then one more lies below it, and there may be so many only. */
static bool must_copy(const struct lab_hostop *op)
{
	return op->host->state != LAB_HOST_DEAD ||
	       depth(op->host->life, op->snap.parent) + 1 >= LAB_SPAWN_LAYERS_MAX;
}

static int create_child(struct lab_hostop *op, struct lab_err *err)
{
	bool copies = op->copied;
	cleanup_close int dir = open_dir(op, err), to = -1;
	char name[LAB_SPAWN_LAYER_LEN];
	int r;

	if (dir < 0)
		return dir;
	(void)umask(0);
	layer_name(op->snap.id, name);
	if (mkdirat(dir, name, 0755) < 0)
		return lab_err_errno(err, errno, "/up/%u/%s", op->host->index, name);
	to = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = to < 0 ? -errno : each_layer(dir, to, copies ? copy_layer : move_layer);
	if (r == 0)
		r = each_layer(to, -1, drop_work);
	/* As after a boot, there is nothing in it. */
	if (r == 0)
		r = lab_files_remove(to, "u/run");
	if (r < 0) {
		/* A layer that was moved already is all that there is of it. */
		if (copies || each_layer(to, dir, move_layer) == 0)
			(void)lab_files_remove(dir, name);
		return lab_err_errno(err, -r, "keep its files");
	}
	return 0;
}

/* ---- create ---- */

/* The host goes on above what has become the snapshot. */
static int go_on(struct lab_hostop *op, struct lab_err *err)
{
	cleanup_close int dir = open_dir(op, err);
	int r;

	if (dir < 0)
		return dir;
	r = write_layers(op->host->life, op->snap.id, dir);
	if (r < 0)
		return lab_err_errno(err, -r, "keep its files");
	op->host->life->base = op->snap.id;
	return 0;
}

static void create_done(struct lab_hostop *op, int r, struct lab_err *err)
{
	/* One that has died meanwhile was copied before, or not at all. */
	bool moved = !op->copied;

	if (op->again)
		(void)lab_host_thaw(op->host);
	if (r == 0 && remember(op->host->life, &op->snap) < 0)
		r = lab_err_errno(err, ENOMEM, "snapshot");
	if (r == 0 && moved)
		r = go_on(op, err);
	if (r < 0)
		lab_hostop_fail(op, err);
	else
		lab_hostop_done(op, NULL);
}

static void create_now(struct lab_hostop *op)
{
	struct lab_err err;

	op->poke = NULL;
	op->copied = must_copy(op);
	if (lab_hostop_child(op, create_child, create_done, &err) < 0)
		create_done(op, -err.code, &err);
}

void lab_snap_create(struct lab_hostop *op)
{
	struct lab_klife *life = op->host->life;
	const char *name = NULL;
	struct lab_err err;
	int r = check_new(op, "name", &name, &err);

	if (r == 0 && life->n_snaps >= LAB_SNAPSHOTS_MAX)
		r = lab_err_set(&err, ENOSPC, "it has %u snapshots already", LAB_SNAPSHOTS_MAX);
	if (r < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	op->snap = (struct lab_ksnap){ .id = ++life->last_snap,
				       .parent = life->base,
				       .created = (int64_t)time(NULL) };
	(void)snprintf(op->snap.name, sizeof(op->snap.name), "%s", name);
	/* A frozen host stays so. */
	op->again = op->host->state == LAB_HOST_RUNNING && !life->frozen;
	if (op->again) {
		op->then = create_now;
		lab_host_freeze(op);
	} else {
		create_now(op);
	}
}

/* ---- list and rename ---- */

void lab_snap_list(struct lab_hostop *op)
{
	const struct lab_klife *life = op->host->life;
	json_t *array = json_array();

	for (size_t i = 0; i < life->n_snaps; i++)
		if (*life->snaps[i].name)
			(void)json_array_append_new(
				array, json_pack("{s:s, s:I, s:b}", "name", life->snaps[i].name,
						 "created", (json_int_t)life->snaps[i].created,
						 "current", life->snaps[i].id == life->base));
	lab_hostop_done(op, json_pack("{s:o}", "snapshots", array));
}

void lab_snap_rename(struct lab_hostop *op)
{
	struct lab_ksnap *snap = snap_of(op);
	const char *to = NULL;
	struct lab_err err;

	if (!snap)
		return;
	if (check_new(op, "to", &to, &err) < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	(void)snprintf(snap->name, sizeof(snap->name), "%s", to);
	lab_hostop_done(op, NULL);
}

/* ---- restore and delete ---- */

/* Layers that nothing lies on any more, and what a restore has put aside. */
static int clean_child(struct lab_hostop *op, struct lab_err *err)
{
	const struct lab_klife *life = op->host->life;
	cleanup_close int dir = open_dir(op, err);
	char name[LAB_SPAWN_LAYER_LEN];
	int r;

	if (dir < 0)
		return dir;
	r = lab_files_remove(dir, "old");
	for (size_t i = 0; i < life->n_snaps; i++) {
		int one;

		if (is_used(life, life->snaps[i].id))
			continue;
		layer_name(life->snaps[i].id, name);
		one = lab_files_remove(dir, name);
		r = r ? r : one;
	}
	return r < 0 ? lab_err_errno(err, -r, "remove old files") : 0;
}

static void clean_done(struct lab_hostop *op, int r, struct lab_err *err)
{
	struct lab_klife *life = op->host->life;

	if (r < 0) {
		lab_hostop_fail(op, err);
		return;
	}
	for (size_t i = life->n_snaps; i-- > 0;)
		if (!is_used(life, life->snaps[i].id))
			forget(life, i);
	lab_hostop_done(op, NULL);
}

static void clean(struct lab_hostop *op)
{
	struct lab_err err;

	op->poke = NULL;
	if (lab_hostop_child(op, clean_child, clean_done, &err) < 0)
		lab_hostop_fail(op, &err);
}

void lab_snap_delete(struct lab_hostop *op)
{
	struct lab_ksnap *snap = snap_of(op);

	if (!snap)
		return;
	snap->name[0] = '\0';
	clean(op);
}

/* Few renames on a tmpfs: no work for a child. */
static int go_back(struct lab_hostop *op, struct lab_err *err)
{
	cleanup_close int dir = open_dir(op, err), old = -1;
	int r;

	if (dir < 0)
		return dir;
	/* Of an earlier one that was killed. */
	r = lab_files_remove(dir, "old");
	if (r == 0 && mkdirat(dir, "old", 0700) < 0)
		r = -errno;
	if (r == 0) {
		old = openat(dir, "old", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = old < 0 ? -errno : write_layers(op->host->life, op->snap.id, dir);
	}
	if (r == 0)
		r = each_layer(dir, old, move_layer);
	return r < 0 ? lab_err_errno(err, -r, "put its files aside") : 0;
}

static void restore_now(struct lab_hostop *op)
{
	struct lab_err err;

	op->poke = NULL;
	if (go_back(op, &err) < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	op->host->life->base = op->snap.id;
	if (op->again) {
		op->then = clean;
		lab_host_start(op);
	} else {
		clean(op);
	}
}

void lab_snap_restore(struct lab_hostop *op)
{
	const struct lab_ksnap *snap = snap_of(op);

	if (!snap)
		return;
	op->snap = *snap;
	op->again = op->host->state == LAB_HOST_RUNNING;
	if (op->again) {
		op->then = restore_now;
		lab_host_stop_now(op);
	} else {
		restore_now(op);
	}
}
