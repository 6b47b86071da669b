/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_mount.c - directories and files of the machine, mounted into a host that runs, and taken out again */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/base/strbuf.h"
#include "netlab/keeper/host.h"
#include "netlab/ns/mount.h"

/*
 * A host with further network namespaces has a mount namespace for each of their agents, copied from its own when it started. So a child
 * process visits them one after the other, and takes a copy of the mount along.
 */
enum { PLACES_MAX = 1 + LAB_TOPO_NETNS_MAX };

/* Open the mount namespaces of a host's agents. Returns how many, or -errno. */
static int open_places(struct lab_hostop *op, int ret[PLACES_MAX], struct lab_err *err)
{
	struct lab_kproc *procs = NULL;
	char path[64];
	size_t n = 0;
	int found = 0, r = lab_host_procs(op->host, &procs, &n, err);

	for (size_t i = 0; i < n && r == 0 && found < PLACES_MAX; i++) {
		if (!procs[i].agent)
			continue;
		(void)snprintf(path, sizeof(path), "%d/ns/mnt", (int)procs[i].pid);
		ret[found] = openat(op->keeper->proc, path, O_RDONLY | O_CLOEXEC);
		if (ret[found] >= 0)
			found++;
		else if (errno != ENOENT)
			r = lab_err_errno(err, errno, "open its mount namespace");
	}
	free(procs);
	return r < 0 ? r : found;
}

static const char *path_of(const struct lab_hostop *op)
{
	return json_string_value(json_object_get(op->params, "path"));
}

static int make_dirs(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* What it is mounted on must be of the same kind. */
static int make_point(const char *path, bool is_dir, struct lab_err *err)
{
	cleanup_free char *copy = strdup(path);
	struct stat st;
	int r;

	if (!copy)
		return lab_err_errno(err, ENOMEM, "%s", path);
	r = make_dirs(copy);
	if (r < 0)
		return lab_err_errno(err, -r, "%s", copy);
	if (is_dir && mkdir(path, 0755) < 0 && errno != EEXIST)
		return lab_err_errno(err, errno, "%s", path);
	if (!is_dir) {
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "%s", path);
		close_fd(&fd);
	}
	if (stat(path, &st) < 0)
		return lab_err_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode) != is_dir)
		return lab_err_set(err, is_dir ? ENOTDIR : EISDIR, "%s: %s [%s]", path,
				   is_dir ? "Not a directory" : "Is a directory",
				   is_dir ? "ENOTDIR" : "EISDIR");
	return 0;
}

static int set_attributes(int tree, bool read_only, struct lab_err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID |
					       (read_only ? MOUNT_ATTR_RDONLY : 0u),
				   .propagation = MS_PRIVATE };

	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return lab_err_errno(err, errno, "mount_setattr");
	return 0;
}

static int mount_child(struct lab_hostop *op, struct lab_err *err)
{
	bool read_only = json_is_true(json_object_get(op->params, "read_only"));
	int places[PLACES_MAX], n = open_places(op, places, err), tree = op->fds[0], r;
	const char *path = path_of(op);
	struct stat st;

	if (n < 0)
		return n;
	if (n == 0)
		return lab_err_set(err, EOPNOTSUPP,
				   "its processes belong to an engine that is outside of the lab");
	if (fstat(tree, &st) < 0)
		return lab_err_errno(err, errno, "stat");
	(void)umask(022);
	r = set_attributes(tree, read_only, err);
	for (int i = 0; i < n && r == 0; i++) {
		if (setns(places[i], CLONE_NEWNS) < 0)
			return lab_err_errno(err, errno, "enter its mount namespace");
		r = make_point(path, S_ISDIR(st.st_mode), err);
		if (r == 0)
			r = lab_mount_attach(tree, path, err);
		if (r == 0 && i + 1 < n) {
			tree = lab_mount_tree_whole(path, err);
			r = tree < 0 ? tree : 0;
		}
	}
	return r;
}

static long find_mount(const struct lab_klife *life, const char *path)
{
	for (size_t i = 0; i < life->n_mounts; i++)
		if (strcmp(life->mounts[i].path, path) == 0)
			return (long)i;
	return -1;
}

static void mount_done(struct lab_hostop *op, int r, struct lab_err *err)
{
	const char *source = json_string_value(json_object_get(op->params, "source"));
	struct lab_klife *life = op->host->life;
	struct lab_kmount *m;

	if (r < 0) {
		lab_hostop_fail(op, err);
		return;
	}
	m = &life->mounts[life->n_mounts];
	*m = (struct lab_kmount){ .source = strdup(source ? source : "?"),
				  .path = strdup(path_of(op)),
				  .read_only =
					  json_is_true(json_object_get(op->params, "read_only")) };
	if (m->source && m->path) {
		life->n_mounts++;
	} else {
		free(m->source);
		free(m->path);
	}
	lab_hostop_done(op, NULL);
}

/* A host may make a link of any directory: with "." or ".." behind it, that could be its root. */
static bool is_plain(const char *path)
{
	while (*path == '/') {
		size_t len = strcspn(path + 1, "/");

		if (len == 0 || strncmp(path + 1, ".", len) == 0 ||
		    strncmp(path + 1, "..", len) == 0)
			return false;
		path += len + 1;
	}
	return *path == '\0';
}

static int check_path(const struct lab_hostop *op, struct lab_err *err)
{
	const char *path = path_of(op);

	if (!path || path[0] != '/' || strlen(path) >= PATH_MAX || !is_plain(path))
		return lab_err_set(
			err, EINVAL,
			"path must be an absolute one without \".\" and \"..\", and not the root");
	return 0;
}

void lab_host_mount(struct lab_hostop *op)
{
	struct lab_klife *life = op->host->life;
	struct lab_err err;
	int r = check_path(op, &err);

	if (r == 0 && op->n_fds != 1)
		r = lab_err_set(&err, EINVAL, "one descriptor of a mount must come with it");
	if (r == 0 && find_mount(life, path_of(op)) >= 0)
		r = lab_err_set(&err, EEXIST, "%s is mounted already", path_of(op));
	if (r == 0 && !life->mounts) {
		life->mounts = calloc(LAB_MOUNTS_MAX, sizeof(*life->mounts));
		r = life->mounts ? 0 : lab_err_errno(&err, ENOMEM, "mount");
	}
	if (r == 0 && life->n_mounts == LAB_MOUNTS_MAX)
		r = lab_err_set(&err, ENOSPC, "it has %u mounts already", LAB_MOUNTS_MAX);
	if (r == 0)
		r = lab_hostop_child(op, mount_child, mount_done, &err);
	if (r < 0)
		lab_hostop_fail(op, &err);
}

/* ---- and out again ---- */

static int umount_child(struct lab_hostop *op, struct lab_err *err)
{
	int places[PLACES_MAX], n = open_places(op, places, err);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		if (setns(places[i], CLONE_NEWNS) < 0)
			return lab_err_errno(err, errno, "enter its mount namespace");
		/* EINVAL: it is gone already. */
		if (umount2(path_of(op), MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL)
			return lab_err_errno(err, errno, "%s", path_of(op));
	}
	return 0;
}

static void drop(struct lab_klife *life, size_t i)
{
	free(life->mounts[i].source);
	free(life->mounts[i].path);
	memmove(&life->mounts[i], &life->mounts[i + 1],
		(life->n_mounts - i - 1) * sizeof(*life->mounts));
	life->n_mounts--;
}

static void umount_done(struct lab_hostop *op, int r, struct lab_err *err)
{
	long i = find_mount(op->host->life, path_of(op));

	if (r < 0) {
		lab_hostop_fail(op, err);
		return;
	}
	if (i >= 0)
		drop(op->host->life, (size_t)i);
	lab_hostop_done(op, NULL);
}

void lab_host_umount(struct lab_hostop *op)
{
	const struct lab_klife *life = op->host->life;
	const char *names[LAB_MOUNTS_MAX + 1] = { NULL }, *near;
	struct lab_err err;
	int r = check_path(op, &err);

	if (r == 0 && find_mount(life, path_of(op)) < 0) {
		for (size_t i = 0; i < life->n_mounts; i++)
			names[i] = life->mounts[i].path;
		near = lab_str_nearest(path_of(op), names);
		r = lab_err_set(&err, ENOENT, "nothing is mounted at \"%.200s\"%s%s%s", path_of(op),
				near ? "; did you mean \"" : "", near ? near : "",
				near ? "\"?" : "");
	}
	if (r == 0)
		r = lab_hostop_child(op, umount_child, umount_done, &err);
	if (r < 0)
		lab_hostop_fail(op, &err);
}

void lab_host_forget_mounts(struct lab_klife *life)
{
	while (life->n_mounts)
		drop(life, life->n_mounts - 1);
}
