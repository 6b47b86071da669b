/* SPDX-License-Identifier: GPL-2.0-or-later */
/* overlay.c - puts layers of overlayfs on one another without mounting them */
#include "netlab/ns/overlay.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

#define OPAQUE "opaque"

enum { NAMES_MAX = 4096, DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* Of mounts by root, and of those with "userxattr". */
static const char *const prefixes[] = { "trusted.overlay.", "user.overlay." };

/**
 * struct put - a layer on its way
 * @path:	where it is, relative to the layer
 * @how:	enum lab_overlay_how
 * @skip:	what is left out
 * @err:	takes the error
 */
struct put {
	struct lab_strbuf path;
	unsigned int how;
	const char *const *skip;
	struct lab_err *err;
};

static int failed(struct put *p, int code, const char *what)
{
	return lab_err_errno(p->err, code, "%s: %s", lab_strbuf_str(&p->path), what);
}

/* --- attributes ------------------------------------------------------------------------------- */

/* Returns which prefix an attribute of a layer has, counted from 0, or -1. */
static int find_attr(int fd, const char *name)
{
	char full[64];

	for (size_t i = 0; i < LAB_ARRAY_SIZE(prefixes); i++) {
		(void)snprintf(full, sizeof(full), "%s%s", prefixes[i], name);
		if (fgetxattr(fd, full, NULL, 0) >= 0)
			return (int)i;
	}
	return -1;
}

static bool is_opaque(int fd, const char *prefix)
{
	char full[64], value = '\0';

	(void)snprintf(full, sizeof(full), "%s" OPAQUE, prefix);
	return fgetxattr(fd, full, &value, 1) == 1 && value == 'y';
}

bool lab_overlay_is_opaque(int dir)
{
	for (size_t i = 0; i < LAB_ARRAY_SIZE(prefixes); i++)
		if (is_opaque(dir, prefixes[i]))
			return true;
	return false;
}

static int make_opaque(struct put *p, int fd)
{
	/* As the mounts of this process are. */
	const char *prefix = geteuid() == 0 ? prefixes[0] : prefixes[1];
	char full[64];

	for (int i = 0; i < 2; i++, prefix = prefixes[1]) {
		(void)snprintf(full, sizeof(full), "%s" OPAQUE, prefix);
		if (fsetxattr(fd, full, "y", 1, 0) == 0)
			return 0;
		/* Root of a user namespace has no trusted attributes. */
		if (errno != EPERM)
			break;
	}
	return failed(p, errno, "hide what lies below it");
}

/* What overlayfs notes for itself holds for the mount that it was made by. */
static void forget_attrs(int fd, bool keep_opaque)
{
	char names[NAMES_MAX];
	ssize_t n = flistxattr(fd, names, sizeof(names));

	for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1)
		for (size_t i = 0; i < LAB_ARRAY_SIZE(prefixes); i++) {
			size_t len = strlen(prefixes[i]);

			if (strncmp(name, prefixes[i], len) == 0 &&
			    !(keep_opaque && strcmp(name + len, OPAQUE) == 0))
				(void)fremovexattr(fd, name);
		}
}

/* --- one name ----------------------------------------------------------------------------------- */

static int drop(struct put *p, int to, const char *name)
{
	int r = lab_files_remove(to, name);

	return r < 0 ? failed(p, -r, "remove what lies below it") : 0;
}

static int put_whiteout(struct put *p, int to, const char *name)
{
	int r = drop(p, to, name);

	if (r == 0 && (p->how & LAB_OVERLAY_LAYER) && mknodat(to, name, S_IFCHR, makedev(0, 0)) < 0)
		r = failed(p, errno, "make a whiteout");
	return r;
}

static int put_file(struct put *p, int layer, int to, const char *name, const struct stat *st)
{
	cleanup_close int fd = -1;
	int r;

	if (S_ISSOCK(st->st_mode))
		return 0;
	if (S_ISREG(st->st_mode)) {
		fd = openat(layer, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return failed(p, errno, "open");
		if (find_attr(fd, "metacopy") >= 0)
			return lab_err_set(
				p->err, EOPNOTSUPP,
				"%s: overlayfs has put its attributes into the layer and not its content (metacopy)",
				lab_strbuf_str(&p->path));
		close_fd(&fd);
	}
	r = drop(p, to, name);
	if (r < 0)
		return r;
	if ((p->how & LAB_OVERLAY_LINK) && linkat(layer, name, to, name, 0) == 0)
		return 0;
	r = lab_files_copy(layer, name, to);
	if (r < 0)
		return failed(p, -r, "copy");
	if (S_ISREG(st->st_mode)) {
		fd = openat(to, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		forget_attrs(fd, false);
	}
	return 0;
}

/* --- directories ---------------------------------------------------------------------------------- */

static int put_dir(struct put *p, int layer, int to, unsigned int depth);

/* The directory that another is put on; it may have to be made. */
static int open_target(struct put *p, int to, const char *name, bool opaque, int *ret)
{
	cleanup_close int fd = -1;
	bool was_there;
	struct stat st;
	int r = 0;

	was_there = fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (was_there && (opaque || !S_ISDIR(st.st_mode))) {
		r = drop(p, to, name);
		/* What was in its place hid what lies below: so does this. */
		opaque = true;
		was_there = false;
	}
	if (r < 0)
		return r;
	if (!was_there && mkdirat(to, name, 0700) < 0)
		return failed(p, errno, "mkdir");
	fd = openat(to, name, DIR_FLAGS);
	if (fd < 0)
		return failed(p, errno, "open");
	if (!was_there && opaque && (p->how & LAB_OVERLAY_LAYER))
		r = make_opaque(p, fd);
	if (r == 0)
		*ret = take_fd(&fd);
	return r;
}

static int put_subdir(struct put *p, int layer, int to, const char *name, unsigned int depth)
{
	cleanup_close int from = openat(layer, name, DIR_FLAGS), target = -1;
	int r;

	if (from < 0)
		return failed(p, errno, "open");
	if (find_attr(from, "redirect") >= 0)
		return lab_err_set(
			p->err, EOPNOTSUPP,
			"%s: overlayfs has put down that it was renamed, and not what is in it (redirect_dir)",
			lab_strbuf_str(&p->path));
	r = open_target(p, to, name, lab_overlay_is_opaque(from), &target);
	if (r == 0)
		r = put_dir(p, from, target, depth + 1);
	if (r < 0)
		return r;
	r = lab_files_settle(from, target);
	if (r < 0)
		return failed(p, -r, "owner, mode and attributes");
	forget_attrs(target, p->how & LAB_OVERLAY_LAYER);
	return 0;
}

static bool is_skipped(const struct put *p)
{
	for (size_t i = 0; p->skip && p->skip[i]; i++)
		if (strcmp(p->skip[i], lab_strbuf_str(&p->path)) == 0)
			return true;
	return false;
}

static int put_one(struct put *p, int layer, int to, const char *name, unsigned int depth)
{
	struct stat st;

	if (is_skipped(p))
		return 0;
	if (fstatat(layer, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(p, errno, "stat");
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
		return put_whiteout(p, to, name);
	if (S_ISDIR(st.st_mode))
		return put_subdir(p, layer, to, name, depth);
	return put_file(p, layer, to, name, &st);
}

static int put_dir(struct put *p, int layer, int to, unsigned int depth)
{
	cleanup_dir DIR *d = NULL;
	const char *name;
	int r = 0;

	if (depth == LAB_FILES_DEPTH_MAX)
		return failed(p, ELOOP, "too deep");
	d = lab_files_list(layer);
	if (!d)
		return failed(p, errno, "read the directory");
	while (r == 0 && (name = lab_files_next(d)) != NULL) {
		size_t len = p->path.len;

		lab_strbuf_printf(&p->path, "%s%s", len ? "/" : "", name);
		r = p->path.error ? failed(p, ENOMEM, name) : put_one(p, layer, to, name, depth);
		if (r == 0) {
			p->path.len = len;
			p->path.data[len] = '\0';
		}
	}
	return r;
}

int lab_overlay_put(int layer, int to, unsigned int how, const char *const *skip,
		    struct lab_err *err)
{
	struct put p = { .path = LAB_STRBUF_INIT, .how = how, .skip = skip, .err = err };
	int r = put_dir(&p, layer, to, 0);

	lab_strbuf_fini(&p.path);
	return r;
}
