/* SPDX-License-Identifier: GPL-2.0-or-later */
/* archive.c - a file, or a directory with all that is in it, as a stream of bytes */
#include "netlab/base/archive.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "netlab/base/files.h"
#include "netlab/base/util.h"

#define TEMP_PREFIX ".netlab-"

enum { BUFFER = 128 * 1024, NAME_LEN = 256 };

/**
 * struct head - an entry, as it stands in the stream
 */
struct head {
	char magic, type;
	uint32_t mode, uid, gid;
	uint64_t mtime, size;
	uint16_t name_len;
} __attribute__((packed));

_Static_assert(sizeof(struct head) == LAB_ARCHIVE_HEAD, "the head of an entry is 32 bytes");

/* ---- sending ---- */

static int write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_head(int out, char type, const struct stat *st, uint64_t size, const char *name,
		     struct lab_err *err)
{
	struct head h = { .magic = 'N', .type = type };
	size_t len = strlen(name);
	int r;

	if (len > LAB_ARCHIVE_PATH_MAX)
		return lab_err_set(err, ENAMETOOLONG, "%.60s...: its name is too long", name);
	if (st) {
		h.mode = htole32(st->st_mode & 07777);
		h.uid = htole32(st->st_uid);
		h.gid = htole32(st->st_gid);
		h.mtime = htole64((uint64_t)st->st_mtim.tv_sec);
	}
	h.size = htole64(size);
	h.name_len = htole16((uint16_t)len);
	r = write_all(out, &h, sizeof(h));
	if (r == 0)
		r = write_all(out, name, len);
	return r < 0 ? lab_err_errno(err, -r, "send %s", name) : 0;
}

static int send_content(int fd, int out, uint64_t size, const char *name, struct lab_err *err)
{
	cleanup_free char *buf = malloc(BUFFER);
	int r = 0;

	if (!buf)
		return lab_err_errno(err, ENOMEM, "send %s", name);
	while (size && r == 0) {
		ssize_t n = read(fd, buf, size < BUFFER ? (size_t)size : BUFFER);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lab_err_errno(err, errno, "read %s", name);
		if (n == 0)
			return lab_err_set(err, EAGAIN, "%s became shorter while it was read",
					   name);
		r = write_all(out, buf, (size_t)n);
		size -= (uint64_t)n;
	}
	return r < 0 ? lab_err_errno(err, -r, "send %s", name) : 0;
}

static int send_link(int dir, const char *last, const struct stat *st, const char *name, int out,
		     struct lab_err *err)
{
	char target[LAB_ARCHIVE_PATH_MAX + 1];
	ssize_t n = readlinkat(dir, last, target, sizeof(target));
	int r;

	if (n < 0 || (size_t)n == sizeof(target))
		return lab_err_errno(err, n < 0 ? errno : ENAMETOOLONG, "read the link %s", name);
	r = send_head(out, 'l', st, (uint64_t)n, name, err);
	if (r < 0)
		return r;
	r = write_all(out, target, (size_t)n);
	return r < 0 ? lab_err_errno(err, -r, "send %s", name) : 0;
}

static int send_tree(int fd, const struct stat *st, char *name, unsigned int depth, int out,
		     struct lab_err *err);

/* What is in a directory under a name; @name has room for LAB_ARCHIVE_PATH_MAX bytes, and is as it was afterwards. */
static int send_entry(int dir, const char *last, char *name, unsigned int depth, int out,
		      struct lab_err *err)
{
	size_t len = strlen(name);
	cleanup_close int fd = -1;
	struct stat st;
	int r = 0;

	if (len + strlen(last) + 2 > LAB_ARCHIVE_PATH_MAX)
		return lab_err_set(err, ENAMETOOLONG, "%.60s...: its name is too long", name);
	(void)snprintf(name + len, LAB_ARCHIVE_PATH_MAX + 1 - len, "%s%s", len ? "/" : "", last);
	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = errno == ENOENT ? 0 : lab_err_errno(err, errno, "%s", name);
	else if (S_ISLNK(st.st_mode))
		r = send_link(dir, last, &st, name, out, err);
	else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		fd = openat(dir, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			r = lab_err_errno(err, errno, "%s", name);
		else
			r = send_tree(fd, &st, name, depth + 1, out, err);
	}
	name[len] = '\0';
	return r;
}

static int send_tree(int fd, const struct stat *st, char *name, unsigned int depth, int out,
		     struct lab_err *err)
{
	cleanup_dir DIR *dir = NULL;
	const char *inside;
	int r;

	if (S_ISREG(st->st_mode)) {
		r = send_head(out, 'f', st, (uint64_t)st->st_size, name, err);
		return r < 0 ? r : send_content(fd, out, (uint64_t)st->st_size, name, err);
	}
	if (!S_ISDIR(st->st_mode))
		return lab_err_set(err, EINVAL, "neither a file nor a directory");
	if (depth == LAB_FILES_DEPTH_MAX)
		return lab_err_errno(err, ELOOP, "%.60s...", name);
	r = send_head(out, 'd', st, 0, name, err);
	if (r < 0)
		return r;
	dir = lab_files_list(fd);
	if (!dir)
		return lab_err_errno(err, errno, "%s", name);
	while (r == 0 && (inside = lab_files_next(dir)) != NULL)
		r = send_entry(fd, inside, name, depth, out, err);
	return r;
}

int lab_archive_send(const char *path, int out, struct lab_err *err)
{
	char name[LAB_ARCHIVE_PATH_MAX + 1] = "";
	cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lab_err_errno(err, errno, "%s", path);
	r = send_tree(fd, &st, name, 0, out, err);
	if (r < 0)
		return lab_err_prefix(err, r, "%s: ", path);
	return send_head(out, 'e', NULL, 0, "", err);
}

/* ---- receiving ---- */

/**
 * struct target - where it goes
 * @dir:	directory that it is made in
 * @name:	what it is called there
 * @tree:	it itself, once it is there and a directory; -1 before
 * @opts:	how
 */
struct target {
	int dir;
	char name[NAME_LEN];
	int tree;
	const struct lab_archive_opts *opts;
};

static int read_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* No part may be empty, "." or "..": then a name cannot lead anywhere else. */
static bool good_name(const char *name)
{
	for (;;) {
		size_t len = strcspn(name, "/");

		if (len == 0 || len > 255 || (len == 1 && name[0] == '.') ||
		    (len == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		if (!name[len])
			return true;
		name += len + 1;
	}
}

static int open_below(int dir, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int take_owner(const struct target *t, int fd)
{
	if (t->opts->uid < 0 && t->opts->gid < 0)
		return 0;
	return fchown(fd, (uid_t)t->opts->uid, (gid_t)t->opts->gid) < 0 ? -errno : 0;
}

static int take_mode(const struct target *t, const struct head *h, int fd, bool file)
{
	mode_t mode = file && t->opts->mode >= 0 ? (mode_t)t->opts->mode
						 : le32toh(h->mode) & t->opts->mode_mask;

	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int copy_content(int in, int fd, uint64_t size)
{
	cleanup_free char *buf = malloc(BUFFER);
	int r = buf ? 0 : -ENOMEM;

	while (size && r == 0) {
		size_t n = size < BUFFER ? (size_t)size : BUFFER;

		r = read_all(in, buf, n);
		if (r == 0)
			r = write_all(fd, buf, n);
		size -= n;
	}
	return r;
}

static int receive_file(const struct target *t, const struct head *h, int dir, const char *last,
			int in)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_NOW },
					  { .tv_sec = (time_t)le64toh(h->mtime) } };
	char temp[64];
	cleanup_close int fd = -1;
	struct stat st;
	int r;

	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	(void)snprintf(temp, sizeof(temp), TEMP_PREFIX "%d", (int)getpid());
	/* Of a process that was killed, and had the number that we have now. */
	(void)unlinkat(dir, temp, 0);
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = copy_content(in, fd, le64toh(h->size));
	if (r == 0)
		r = take_owner(t, fd);
	if (r == 0)
		r = take_mode(t, h, fd, true);
	if (r == 0)
		(void)futimens(fd, times);
	if (r == 0 && renameat(dir, temp, dir, last) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, temp, 0);
	return r;
}

static int receive_dir(const struct target *t, const struct head *h, int dir, const char *last,
		       int *ret)
{
	cleanup_close int fd = -1;
	bool made = mkdirat(dir, last, 0700) == 0;
	int r = 0;

	if (!made && errno != EEXIST)
		return -errno;
	fd = open_below(dir, last);
	if (fd < 0)
		return fd == -ELOOP ? -ENOTDIR : fd;
	/* One that was there keeps what it is. */
	if (made)
		r = take_owner(t, fd);
	if (made && r == 0)
		r = take_mode(t, h, fd, false);
	if (r == 0 && ret)
		*ret = take_fd(&fd);
	return r;
}

static int receive_link(const struct target *t, const struct head *h, int dir, const char *last,
			int in)
{
	char text[LAB_ARCHIVE_PATH_MAX + 1];
	uint64_t size = le64toh(h->size);
	struct stat st;
	int r;

	if (size == 0 || size > LAB_ARCHIVE_PATH_MAX)
		return -EBADMSG;
	r = read_all(in, text, (size_t)size);
	if (r < 0)
		return r;
	text[size] = '\0';
	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		(void)unlinkat(dir, last, 0);
	}
	if (symlinkat(text, dir, last) < 0)
		return -errno;
	if (t->opts->uid < 0 && t->opts->gid < 0)
		return 0;
	return fchownat(dir, last, (uid_t)t->opts->uid, (gid_t)t->opts->gid, AT_SYMLINK_NOFOLLOW) <
			       0
		       ? -errno
		       : 0;
}

static int receive_one(struct target *t, const struct head *h, char *name, int in)
{
	cleanup_close int parent = -1;
	bool base = !*name;
	int dir = base ? t->dir : t->tree, *ret = base ? &t->tree : NULL;
	char *last = base ? t->name : name, *slash = strrchr(name, '/');

	if ((base && t->tree >= 0) || (!base && (t->tree < 0 || !good_name(name))))
		return -EBADMSG;
	if (slash) {
		*slash = '\0';
		parent = open_below(t->tree, name);
		*slash = '/';
		if (parent < 0)
			return parent;
		dir = parent;
		last = slash + 1;
	}
	switch (h->type) {
	case 'f':
		return receive_file(t, h, dir, last, in);
	case 'd':
		return receive_dir(t, h, dir, last, ret);
	case 'l':
		return receive_link(t, h, dir, last, in);
	default:
		return -EBADMSG;
	}
}

static int make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int r;

		*slash = '\0';
		r = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
		*slash = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_target(struct target *t, const char *path, const char *name, struct lab_err *err)
{
	char copy[LAB_ARCHIVE_PATH_MAX + 1];
	size_t len = strlen(path);
	struct stat st;
	char *slash;
	int r;

	if (!len || len > LAB_ARCHIVE_PATH_MAX - NAME_LEN)
		return lab_err_set(err, len ? ENAMETOOLONG : EINVAL, "\"%.60s\" is no path", path);
	if (path[len - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
		(void)snprintf(copy, sizeof(copy), "%s/%s", path, name);
	else
		(void)snprintf(copy, sizeof(copy), "%s", path);
	r = t->opts->parents ? make_parents(copy) : 0;
	if (r < 0)
		return lab_err_errno(err, -r, "%s", path);
	slash = strrchr(copy, '/');
	if (!good_name(slash ? slash + 1 : copy))
		return lab_err_set(err, EINVAL, "\"%.60s\" is no path for a file", path);
	(void)snprintf(t->name, sizeof(t->name), "%.255s", slash ? slash + 1 : copy);
	if (slash)
		slash[slash == copy] = '\0';
	t->dir = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t->dir < 0 ? lab_err_errno(err, errno, "%s", slash ? copy : ".") : 0;
}

static int receive_all(struct target *t, int in, const char *path, struct lab_err *err)
{
	char name[LAB_ARCHIVE_PATH_MAX + 1];
	struct head h;
	bool any = false;
	int r;

	for (;;) {
		size_t len;

		*name = '\0';
		r = read_all(in, &h, sizeof(h));
		len = le16toh(h.name_len);
		if (r == 0 && (h.magic != 'N' || len > LAB_ARCHIVE_PATH_MAX))
			r = -EBADMSG;
		if (r == 0)
			r = read_all(in, name, len);
		if (r < 0)
			break;
		name[len] = '\0';
		if (h.type == 'e' && any)
			return 0;
		r = receive_one(t, &h, name, in);
		if (r < 0)
			break;
		any = true;
	}
	if (r == -EBADMSG)
		return lab_err_set(err, EBADMSG, "%s: what came is not whole [EBADMSG]", path);
	return lab_err_errno(err, -r, "%s%s%s", path, *name ? "/" : "", name);
}

int lab_archive_receive(int in, const char *path, const char *name,
			const struct lab_archive_opts *opts, struct lab_err *err)
{
	struct target t = { .dir = -1, .tree = -1, .opts = opts };
	int r = open_target(&t, path, name, err);

	if (r == 0)
		r = receive_all(&t, in, path, err);
	close_fd(&t.dir);
	close_fd(&t.tree);
	return r;
}
