/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tar.c - images as tar archives, by libarchive */
#include "slave-image/image/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

#define CAPABILITY "security.capability"

enum { BLOCK_BYTES = 1 << 13 };

static void free_reader(struct archive **a)
{
	(void)archive_read_free(*a);
}

static void free_writer(struct archive **a)
{
	(void)archive_write_free(*a);
}

static int archive_failed(struct archive *a, struct lab_err *err)
{
	const char *text = archive_error_string(a);
	int code = archive_errno(a);

	/* What libarchive calls by numbers of its own is a matter of the format. */
	return lab_err_set(err, code == ENOSPC || code == ENOMEM ? code : EINVAL, "%s",
			   text ? text : "not a tar archive");
}

/* --- unpacking -------------------------------------------------------------------------------- */

/**
 * struct unpack - an archive on its way to a tree
 * @a:		it
 * @entry:	current entry
 * @path:	its name, checked
 * @to:		the tree
 * @count:	what was unpacked
 * @err:	takes the error
 */
struct unpack {
	struct archive *a;
	struct archive_entry *entry;
	const char *path;
	int to;
	struct img_count *count;
	struct lab_err *err;
};

/* Links in it are followed as the image's own root would have them. */
static int open_in(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* The directory that a name is in, made if need be, and the last part of the name. */
static int open_parent(struct unpack *u, const char *path, bool make, char ret_last[NAME_MAX + 1])
{
	char dir[PATH_MAX];
	size_t len = strlen(path);
	char *slash;
	int fd;

	while (len > 0 && path[len - 1] == '/')
		len--;
	(void)snprintf(dir, sizeof(dir), "./%.*s", (int)LAB_MIN(len, sizeof(dir) - 3), path);
	slash = strrchr(dir, '/');
	(void)snprintf(ret_last, NAME_MAX + 1, "%s", slash + 1);
	*slash = '\0';
	fd = open_in(u->to, dir);
	if (fd != -ENOENT || !make)
		return fd;
	/* Each part in its turn; what is made is found through its parent, as links may stand in between. */
	for (slash = dir + 1; slash;) {
		char last[NAME_MAX + 1];
		cleanup_close int parent = -1;

		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		parent = open_parent(u, dir + 2, false, last);
		if (parent < 0)
			return parent;
		if (mkdirat(parent, last, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (slash)
			*slash = '/';
	}
	return open_in(u->to, dir);
}

static int failed(const struct unpack *u, int code, const char *what)
{
	return lab_err_errno(u->err, code, "%s", what);
}

static int write_data(struct unpack *u, int fd)
{
	uint64_t end = 0;
	const void *data;
	la_int64_t at;
	size_t len;
	int r;

	while ((r = archive_read_data_block(u->a, &data, &len, &at)) == ARCHIVE_OK) {
		if (at < 0 || (uint64_t)at + len < end)
			return lab_err_set(u->err, EINVAL, "its blocks are not in order");
		/* A hole counts: what reads the file must get through it. */
		r = img_count_add(u->count, 0, (uint64_t)at + len - end, u->err);
		if (r < 0)
			return r;
		end = (uint64_t)at + len;
		while (len > 0) {
			ssize_t n = pwrite(fd, data, len, at);

			if (n < 0)
				return failed(u, errno, "write");
			data = (const char *)data + n;
			at += n;
			len -= (size_t)n;
		}
	}
	if (r != ARCHIVE_EOF)
		return archive_failed(u->a, u->err);
	return ftruncate(fd, (off_t)end) < 0 ? failed(u, errno, "write") : 0;
}

static int set_capability(struct unpack *u, int fd)
{
	const char *name;
	const void *value;
	size_t len;

	(void)archive_entry_xattr_reset(u->entry);
	while (archive_entry_xattr_next(u->entry, &name, &value, &len) == ARCHIVE_OK)
		if (strcmp(name, CAPABILITY) == 0 && geteuid() == 0 &&
		    fsetxattr(fd, CAPABILITY, value, len, 0) < 0)
			return failed(u, errno, "capabilities");
	return 0;
}

static int settle(struct unpack *u, int fd)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = archive_entry_mtime(u->entry), .tv_nsec = 0 },
	};
	int r = 0;

	if (geteuid() == 0 &&
	    fchown(fd, (uid_t)archive_entry_uid(u->entry), (gid_t)archive_entry_gid(u->entry)) < 0)
		return failed(u, errno, "owner");
	if (fchmod(fd, archive_entry_perm(u->entry) & 07777) < 0)
		return failed(u, errno, "mode");
	if (archive_entry_filetype(u->entry) == AE_IFREG)
		r = set_capability(u, fd);
	if (r == 0)
		(void)futimens(fd, times);
	return r;
}

static int make_file(struct unpack *u, int parent, const char *last)
{
	cleanup_close int fd = openat(parent, last,
				      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return failed(u, errno, "create");
	r = write_data(u, fd);
	return r < 0 ? r : settle(u, fd);
}

static int make_dir(struct unpack *u, int parent, const char *last)
{
	cleanup_close int fd = -1;

	if (mkdirat(parent, last, 0700) < 0 && errno != EEXIST)
		return failed(u, errno, "mkdir");
	fd = openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? failed(u, errno, "mkdir") : settle(u, fd);
}

static int make_symlink(struct unpack *u, int parent, const char *last)
{
	const char *target = archive_entry_symlink(u->entry);
	int r = img_link_check(u->path, target ? target : "", u->err);

	if (r < 0)
		return r;
	if (symlinkat(target, parent, last) < 0)
		return failed(u, errno, "make the link");
	if (geteuid() == 0 && fchownat(parent, last, (uid_t)archive_entry_uid(u->entry),
				       (gid_t)archive_entry_gid(u->entry), AT_SYMLINK_NOFOLLOW) < 0)
		return failed(u, errno, "owner");
	return 0;
}

static int make_hard_link(struct unpack *u, int parent, const char *last, const char *target)
{
	cleanup_close int from = -1;
	char name[NAME_MAX + 1];
	struct stat st;
	int r = img_path_check(target, u->err);

	if (r < 0)
		return lab_err_prefix(u->err, r, "a link to \"%.100s\": ", target);
	from = open_parent(u, target, false, name);
	if (from < 0 || fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return lab_err_set(u->err, EINVAL, "a link to \"%.100s\", which is not there",
				   target);
	if (S_ISDIR(st.st_mode))
		return lab_err_set(u->err, EINVAL, "a link to \"%.100s\", a directory", target);
	return linkat(from, name, parent, last, 0) < 0 ? failed(u, errno, "make the link") : 0;
}

/* What comes later with the same name takes the place of what came before; only directories stay. */
static int make_room(struct unpack *u, int parent, const char *last)
{
	struct stat st;
	int r;

	if (fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(st.st_mode) && archive_entry_filetype(u->entry) == AE_IFDIR)
		return 0;
	r = lab_files_remove(parent, last);
	return r < 0 ? failed(u, -r, "replace") : 0;
}

static int make_entry(struct unpack *u)
{
	const char *hard = archive_entry_hardlink(u->entry);
	cleanup_close int parent = -1;
	char last[NAME_MAX + 1];
	int r;

	parent = open_parent(u, u->path, true, last);
	if (parent < 0)
		return failed(u, -parent, "its directory");
	/* The tree itself: an entry "./". */
	if (!*last || strcmp(last, ".") == 0)
		return archive_entry_filetype(u->entry) == AE_IFDIR
			       ? 0
			       : lab_err_set(u->err, EINVAL, "the root is no directory");
	r = make_room(u, parent, last);
	if (r < 0)
		return r;
	if (hard)
		return make_hard_link(u, parent, last, hard);
	switch (archive_entry_filetype(u->entry)) {
	case AE_IFREG:
		return make_file(u, parent, last);
	case AE_IFDIR:
		return make_dir(u, parent, last);
	case AE_IFLNK:
		return make_symlink(u, parent, last);
	case AE_IFIFO:
		return mkfifoat(parent, last, archive_entry_perm(u->entry) & 0777) < 0
			       ? failed(u, errno, "make the pipe")
			       : 0;
	default:
		return lab_err_set(u->err, EINVAL,
				   "a device node; images have none: leave it out, as with"
				   " tar --exclude='./dev/*'");
	}
}

static int unpack_all(struct unpack *u, const char *name)
{
	int r;

	while ((r = archive_read_next_header(u->a, &u->entry)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		u->path = archive_entry_pathname(u->entry);
		if (!u->path)
			return lab_err_set(u->err, EINVAL, "%s: an entry without a name", name);
		r = img_path_check(u->path, u->err);
		if (r == 0)
			r = img_count_add(u->count, 1, 0, u->err);
		if (r == 0)
			r = make_entry(u);
		if (r < 0)
			return lab_err_prefix(u->err, r, "%s: \"%.200s\": ", name, u->path);
	}
	return r == ARCHIVE_EOF
		       ? 0
		       : lab_err_prefix(u->err, archive_failed(u->a, u->err), "%s: ", name);
}

int img_tar_import(int fd, const char *name, int to, struct img_count *count, struct lab_err *err)
{
	LAB_CLEANUP(free_reader) struct archive *a = archive_read_new();
	struct unpack u = { .a = a, .to = to, .count = count, .err = err };

	if (!a)
		return lab_err_errno(err, ENOMEM, "%s", name);
	(void)archive_read_support_format_tar(a);
	(void)archive_read_support_filter_gzip(a);
	(void)archive_read_support_filter_bzip2(a);
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_filter_zstd(a);
	if (archive_read_open_fd(a, fd, BLOCK_BYTES) != ARCHIVE_OK)
		return lab_err_prefix(err, archive_failed(a, err), "%s: ", name);
	return unpack_all(&u, name);
}

/* --- packing ---------------------------------------------------------------------------------- */

/**
 * struct pack - a tree on its way to an archive
 * @to:		archive
 * @disk:	reads the tree
 * @prefix:	what is in front of the names that it gives
 * @err:	takes the error
 */
struct pack {
	struct archive *to, *disk;
	size_t prefix;
	struct lab_err *err;
};

static int pack_data(struct pack *p, struct archive_entry *entry)
{
	cleanup_close int fd = open(archive_entry_sourcepath(entry),
				    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char buf[BLOCK_BYTES];
	ssize_t n;

	if (fd < 0)
		return lab_err_errno(p->err, errno, "open");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (archive_write_data(p->to, buf, (size_t)n) != n)
			return archive_failed(p->to, p->err);
	return n < 0 ? lab_err_errno(p->err, errno, "read") : 0;
}

static int pack_entry(struct pack *p, struct archive_entry *entry)
{
	const char *path = archive_entry_sourcepath(entry);
	cleanup_free char *name = NULL;

	if (asprintf(&name, ".%s", path + LAB_MIN(p->prefix, strlen(path))) < 0)
		return lab_err_errno(p->err, ENOMEM, "pack");
	archive_entry_set_pathname(entry, name);
	/* Numbers count; what they are called on this machine says nothing. */
	archive_entry_set_uname(entry, NULL);
	archive_entry_set_gname(entry, NULL);
	if (archive_write_header(p->to, entry) < ARCHIVE_WARN)
		return archive_failed(p->to, p->err);
	return archive_entry_filetype(entry) == AE_IFREG && archive_entry_size(entry) > 0
		       ? pack_data(p, entry)
		       : 0;
}

static int pack_all(struct pack *p)
{
	for (;;) {
		struct archive_entry *entry = archive_entry_new();
		int r, got;

		if (!entry)
			return lab_err_errno(p->err, ENOMEM, "pack");
		got = archive_read_next_header2(p->disk, entry);
		r = got == ARCHIVE_EOF    ? 1
		    : got >= ARCHIVE_WARN ? pack_entry(p, entry)
					  : archive_failed(p->disk, p->err);
		if (r < 0)
			(void)lab_err_prefix(p->err, r, "\"%.200s\": ",
					     archive_entry_pathname(entry)
						     ? archive_entry_pathname(entry)
						     : "?");
		archive_entry_free(entry);
		if (r != 0)
			return LAB_MIN(r, 0);
		(void)archive_read_disk_descend(p->disk);
	}
}

static bool ends_with(const char *name, const char *end)
{
	return strlen(name) >= strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0;
}

int img_tar_export(const char *root, int fd, const char *name, struct lab_err *err)
{
	LAB_CLEANUP(free_writer) struct archive *a = archive_write_new();
	LAB_CLEANUP(free_reader) struct archive *disk = archive_read_disk_new();
	struct pack p = { .to = a, .disk = disk, .err = err };
	int r;

	if (!a || !disk)
		return lab_err_errno(err, ENOMEM, "%s", name);
	p.prefix = strlen(root);
	(void)archive_write_set_format_pax_restricted(a);
	if (ends_with(name, ".gz") || ends_with(name, ".tgz"))
		(void)archive_write_add_filter_gzip(a);
	else if (ends_with(name, ".zst"))
		(void)archive_write_add_filter_zstd(a);
	(void)archive_read_disk_set_symlink_physical(disk);
	if (archive_read_disk_open(disk, root) != ARCHIVE_OK)
		return lab_err_prefix(err, archive_failed(disk, err), "%s: ", name);
	if (archive_write_open_fd(a, fd) != ARCHIVE_OK)
		return lab_err_prefix(err, archive_failed(a, err), "%s: ", name);
	r = pack_all(&p);
	if (r == 0 && archive_write_close(a) != ARCHIVE_OK)
		r = archive_failed(a, err);
	return r < 0 ? lab_err_prefix(err, r, "%s: ", name) : 0;
}
