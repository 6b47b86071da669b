/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files_copy.c - exact copies of trees of files */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "netlab/base/files.h"
#include "netlab/base/util.h"

enum { XATTRS_MAX = 65536, CHUNK = 16 << 20, PAGE = 65536 /* or a part of it */ };

/**
 * struct link - a file with several names
 * @dev:	of the file
 * @ino:	of the file
 * @fd:		directory of its first copy
 * @name:	name of its first copy
 */
struct link {
	dev_t dev;
	ino_t ino;
	int fd;
	char *name;
};

/**
 * struct copy - a copy under way
 * @links:	files with several names that have been copied
 * @n_links:	how many
 */
struct copy {
	struct link *links;
	size_t n_links;
};

static int copy_xattrs(int from, int to)
{
	cleanup_free char *names = malloc(XATTRS_MAX), *value = malloc(XATTRS_MAX);
	ssize_t n = names && value ? flistxattr(from, names, XATTRS_MAX) : -1;

	if (!names || !value)
		return -ENOMEM;
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		ssize_t len = fgetxattr(from, name, value, XATTRS_MAX);

		if (len < 0 || fsetxattr(to, name, value, (size_t)len, 0) < 0)
			return -errno;
	}
	return 0;
}

static int settle(int fd, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	/* The owner first: a change of it takes set-user-ID away. */
	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 ||
	    futimens(fd, times) < 0)
		return -errno;
	return 0;
}

/*
 * The bytes of one part of a file that is no hole. On a tmpfs writing what is mapped is up to three times as fast as
 * copy_file_range(2), which goes through a pipe there, and has less to do than reading and writing.
 */
static int copy_range(int from, int to, off_t at, off_t end)
{
	off_t start = at & ~(off_t)(PAGE - 1);
	size_t len = (size_t)(end - start), done = (size_t)(at - start);
	char *map = mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_POPULATE, from, start);
	int r = 0;

	if (map == MAP_FAILED)
		return -errno;
	while (done < len && r == 0) {
		ssize_t n = pwrite(to, map + done, len - done, start + (off_t)done);

		if (n < 0 && errno != EINTR)
			r = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	(void)munmap(map, len);
	return r;
}

static int copy_content(int from, int to, off_t size)
{
	off_t at = 0, end;
	int r = 0;

	while (at < size && r == 0) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			break;
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return -errno;
		end = LAB_MIN(end, at + (off_t)CHUNK);
		r = copy_range(from, to, at, end);
		at = end;
	}
	if (r < 0)
		return r;
	if (at < 0 && errno != ENXIO)
		return -errno;
	return ftruncate(to, size) < 0 ? -errno : 0;
}

static int copy_file(int dir, const char *name, int to_dir, const struct stat *st)
{
	cleanup_close int from = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int to = -1;
	int r;

	if (from < 0)
		return -errno;
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	r = copy_content(from, to, st->st_size);
	if (r == 0)
		r = copy_xattrs(from, to);
	return r == 0 ? settle(to, st) : r;
}

static int copy_link(int dir, const char *name, int to_dir, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, to_dir, name) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_node(int to_dir, const char *name, const struct stat *st)
{
	if (mknodat(to_dir, name, st->st_mode, st->st_rdev) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return 0;
}

/* Returns 1 when it has been made as a further name of a copy. */
static int find_link(const struct copy *c, int to_dir, const char *name, const struct stat *st)
{
	for (size_t i = 0; i < c->n_links; i++)
		if (c->links[i].dev == st->st_dev && c->links[i].ino == st->st_ino)
			return linkat(c->links[i].fd, c->links[i].name, to_dir, name, 0) < 0
				       ? -errno
				       : 1;
	return 0;
}

static int note_link(struct copy *c, int to_dir, const char *name, const struct stat *st)
{
	struct link *links = reallocarray(c->links, c->n_links + 1, sizeof(*links));
	struct link l = { .dev = st->st_dev, .ino = st->st_ino, .fd = -1 };

	if (!links)
		return -ENOMEM;
	c->links = links;
	l.fd = fcntl(to_dir, F_DUPFD_CLOEXEC, 3);
	l.name = strdup(name);
	if (l.fd < 0 || !l.name) {
		free(l.name);
		close_fd(&l.fd);
		return -ENOMEM;
	}
	c->links[c->n_links++] = l;
	return 0;
}

static int copy_one(struct copy *c, int dir, const char *name, int to_dir, unsigned int depth);

static int copy_inside(struct copy *c, int from, int to, unsigned int depth)
{
	cleanup_dir DIR *d = lab_files_list(from);
	const char *name;
	int r = d ? 0 : -errno;

	while (r == 0 && (name = lab_files_next(d)) != NULL)
		r = copy_one(c, from, name, to, depth + 1);
	return r;
}

static int copy_dir(struct copy *c, int dir, const char *name, int to_dir, unsigned int depth)
{
	cleanup_close int from = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int to = -1;
	int r;

	if (from < 0 || mkdirat(to_dir, name, 0700) < 0)
		return -errno;
	to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return -errno;
	r = copy_inside(c, from, to, depth);
	return r == 0 ? lab_files_settle(from, to) : r;
}

static int copy_one(struct copy *c, int dir, const char *name, int to_dir, unsigned int depth)
{
	struct stat st;
	int r;

	if (depth == LAB_FILES_DEPTH_MAX)
		return -ELOOP;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_dir(c, dir, name, to_dir, depth);
	if (S_ISLNK(st.st_mode))
		return copy_link(dir, name, to_dir, &st);
	if (!S_ISREG(st.st_mode))
		return copy_node(to_dir, name, &st);
	if (st.st_nlink > 1) {
		r = find_link(c, to_dir, name, &st);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	r = copy_file(dir, name, to_dir, &st);
	return r == 0 && st.st_nlink > 1 ? note_link(c, to_dir, name, &st) : r;
}

int lab_files_settle(int from, int to)
{
	struct stat st;
	int r = fstat(from, &st) < 0 ? -errno : copy_xattrs(from, to);

	return r < 0 ? r : settle(to, &st);
}

int lab_files_copy(int from, const char *name, int to)
{
	struct copy c = { .links = NULL };
	int r = copy_one(&c, from, name, to, 0);

	for (size_t i = 0; i < c.n_links; i++) {
		free(c.links[i].name);
		(void)close(c.links[i].fd);
	}
	free(c.links);
	return r;
}
