/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_publish.c - what a native host has written becomes one layer, for an image */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/keeper/host.h"
#include "netlab/ns/overlay.h"

/*
 * The store of images is the client's: it begins an image there, sends a descriptor of the directory for its files, and puts the image into
 * place. Here the layers of the host (netlab/ns/spawn.h) are put on one another in that directory, the oldest first: those of the snapshots that it goes
 * on from, then what it has written since. A host that runs stands still meanwhile.
 */

/* The host's own whatever its image has there; and what does not outlive a boot. */
static const char *const skip[] = { "dev", "proc",      "run",          "sys",
				    "tmp", "etc/hosts", "etc/hostname", NULL };

/* The directory for them came last, behind what a freeze may need. */
static size_t n_offered(const struct lab_hostop *op)
{
	return json_array_size(json_object_get(op->params, "cgroups"));
}

static int target(const struct lab_hostop *op)
{
	return op->fds[n_offered(op)];
}

/* What was written to a file system of the machine that is mounted somewhere belongs there. */
static int open_submount(int to, const char *path, struct lab_err *err)
{
	cleanup_close int dir = fcntl(to, F_DUPFD_CLOEXEC, 3);
	char part[LAB_SPAWN_PATH_MAX], *save = NULL, *name;

	(void)snprintf(part, sizeof(part), "%s", path);
	for (name = strtok_r(part, "/", &save); name && dir >= 0;
	     name = strtok_r(NULL, "/", &save)) {
		int next;

		if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "mkdir %s", path);
		next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close_fd(&dir);
		dir = next;
	}
	return dir < 0 ? lab_err_errno(err, errno, "open %s", path) : take_fd(&dir);
}

/* The layers in one directory: "u", and "u1" and so on for the file systems that are mounted. */
static int put_layers(const struct lab_hostop *op, const char *from, struct lab_err *err)
{
	const struct lab_spawn_setup *setup = &op->keeper->setup;
	int r = 0;

	for (uint32_t n = 0; n <= setup->n_submounts && r == 0; n++) {
		cleanup_close int layer = -1, to = -1;
		char path[LAB_HOST_DIR_LEN + LAB_SPAWN_LAYER_LEN + 16];

		(void)snprintf(path, sizeof(path), n ? "%s/u%u" : "%s/u", from, n);
		layer = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (layer < 0)
			continue; /* the host never ran above it */
		to = n ? open_submount(target(op), setup->submounts[n - 1], err)
		       : fcntl(target(op), F_DUPFD_CLOEXEC, 3);
		r = to < 0 ? lab_err_errno(err, errno, "publish")
			   : lab_overlay_put(layer, to, LAB_OVERLAY_LAYER, n ? NULL : skip, err);
	}
	return r;
}

static const struct lab_ksnap *by_id(const struct lab_klife *life, uint32_t id)
{
	for (size_t i = 0; i < life->n_snaps; i++)
		if (life->snaps[i].id == id)
			return &life->snaps[i];
	return NULL;
}

static int publish_child(struct lab_hostop *op, struct lab_err *err)
{
	const struct lab_klife *life = op->host->life;
	char path[LAB_HOST_DIR_LEN + LAB_SPAWN_LAYER_LEN + 8];
	const struct lab_ksnap *chain[LAB_SPAWN_LAYERS_MAX];
	size_t n = 0;
	int r = 0;

	(void)umask(0);
	for (const struct lab_ksnap *s = by_id(life, op->snap.id); s && n < LAB_ARRAY_SIZE(chain);
	     s = by_id(life, s->parent))
		chain[n++] = s;
	while (n > 0 && r == 0) {
		(void)snprintf(path, sizeof(path), "/up/%u/s%u", op->host->index, chain[--n]->id);
		r = put_layers(op, path, err);
	}
	/* A snapshot is all of itself; else the host's own layer is the last. */
	if (r == 0 && !op->snap.name[0]) {
		(void)snprintf(path, sizeof(path), "/up/%u", op->host->index);
		r = put_layers(op, path, err);
	}
	return r;
}

static const char *below(const struct lab_hostop *op)
{
	uint32_t n = lab_keeper_image(op->keeper->topo, op->host->index);

	return n ? op->keeper->images.list[n - 1].layers[0].id : LAB_IMAGE_MACHINE;
}

static void publish_done(struct lab_hostop *op, int r, struct lab_err *err)
{
	if (op->again)
		(void)lab_host_thaw(op->host);
	if (r < 0)
		lab_hostop_fail(op, err);
	else
		lab_hostop_done(op, json_pack("{s:s}", "below", below(op)));
}

static void publish_now(struct lab_hostop *op)
{
	struct lab_err err;

	op->poke = NULL;
	if (lab_hostop_child(op, publish_child, publish_done, &err) < 0)
		publish_done(op, -err.code, &err);
}

void lab_host_publish(struct lab_hostop *op)
{
	const json_t *name = json_object_get(op->params, "snapshot");
	struct lab_ksnap *snap = NULL;
	struct lab_err err;
	int r = 0;

	if (op->n_fds != n_offered(op) + 1)
		r = lab_err_set(&err, EINVAL, "a directory for the files must come with it");
	if (r == 0 && name)
		r = lab_snap_find(op, "snapshot", &snap, &err);
	if (r < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	if (snap)
		op->snap = *snap;
	else
		op->snap.id = op->host->life->base;
	/* A snapshot does not change; a frozen host stays so. */
	op->again = !snap && op->host->state == LAB_HOST_RUNNING && !op->host->life->frozen;
	if (op->again) {
		op->then = publish_now;
		lab_host_freeze(op);
	} else {
		publish_now(op);
	}
}
