/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.c - the files of an image: copied, named by their content */
#include "slave-image/image/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/ns/overlay.h"
#include "netlab/rpc/digest.h"

#define CAPABILITY "security.capability"

enum { COPY_BYTES = 1 << 13, CAPABILITY_MAX = 64 };

/**
 * struct walk - one way through a tree
 * @path:	where it is, relative to the tree
 * @name:	of the tree, for messages
 * @dev:	file system that the tree is in
 * @count:	what was found
 * @chain:	digest of all that was found
 * @err:	takes the error
 */
struct walk {
	struct lab_strbuf path;
	const char *name;
	dev_t dev;
	struct img_count *count;
	char chain[LAB_DIGEST_STRLEN];
	struct lab_err *err;
};

static int bad(struct walk *w, int r)
{
	return lab_err_prefix(w->err, r, "%s: \"%.200s\": ", w->name, lab_strbuf_str(&w->path));
}

static int failed(struct walk *w, const char *what)
{
	return bad(w, lab_err_errno(w->err, errno, "%s", what));
}

static ssize_t get_capability(int fd, char value[CAPABILITY_MAX])
{
	return fgetxattr(fd, CAPABILITY, value, CAPABILITY_MAX);
}

static int copy_data(struct walk *w, int from, int to)
{
	char buf[COPY_BYTES];
	ssize_t n;

	do
		n = copy_file_range(from, NULL, to, NULL, SSIZE_MAX & ~(ssize_t)4095, 0);
	while (n > 0);
	if (n == 0)
		return 0;
	/* Not between these file systems. */
	while ((n = read(from, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, m; done < n; done += m) {
			m = write(to, buf + done, (size_t)(n - done));
			if (m < 0)
				return failed(w, "write");
		}
	return n < 0 ? failed(w, "read") : 0;
}

static int settle(struct walk *w, int from, int to, const struct stat *st)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	char value[CAPABILITY_MAX];
	ssize_t n;

	if (geteuid() == 0 && fchown(to, st->st_uid, st->st_gid) < 0)
		return failed(w, "owner");
	if (fchmod(to, st->st_mode & 07777) < 0)
		return failed(w, "mode");
	n = get_capability(from, value);
	if (n > 0 && geteuid() == 0 && fsetxattr(to, CAPABILITY, value, (size_t)n, 0) < 0)
		return failed(w, "capabilities");
	return futimens(to, times) < 0 ? failed(w, "time") : 0;
}

static int copy_file(struct walk *w, int from_dir, int to_dir, const char *name)
{
	cleanup_close int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return failed(w, "open");
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return failed(w, "create");
	r = img_count_add(w->count, 0, (uint64_t)st.st_size, w->err);
	if (r < 0)
		return bad(w, r);
	r = copy_data(w, from, to);
	return r < 0 ? r : settle(w, from, to, &st);
}

static int copy_link(struct walk *w, int from_dir, int to_dir, const char *name,
		     const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);
	int r;

	if (n < 0)
		return failed(w, "read the link");
	target[n] = '\0';
	r = img_link_check(lab_strbuf_str(&w->path), target, w->err);
	if (r < 0)
		return bad(w, r);
	if (symlinkat(target, to_dir, name) < 0)
		return failed(w, "make the link");
	if (geteuid() == 0 &&
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(w, "owner");
	return 0;
}

static int copy_dir(struct walk *w, int from, int to);

static int copy_subdir(struct walk *w, int from_dir, int to_dir, const char *name,
		       const struct stat *st)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	cleanup_close int from = openat(from_dir, name, flags), to = -1;
	int r = 0;

	if (from < 0)
		return failed(w, "open");
	if (mkdirat(to_dir, name, 0700) < 0)
		return failed(w, "mkdir");
	to = openat(to_dir, name, flags);
	if (to < 0)
		return failed(w, "open the copy");
	if (st->st_dev == w->dev)
		r = copy_dir(w, from, to);
	return r < 0 ? r : settle(w, from, to, st);
}

static int copy_entry(struct walk *w, int from, int to, const char *name)
{
	struct stat st;
	int r = img_path_check(lab_strbuf_str(&w->path), w->err);

	if (r == 0)
		r = img_count_add(w->count, 1, 0, w->err);
	if (r < 0)
		return bad(w, r);
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(w, "stat");
	if (S_ISREG(st.st_mode))
		return copy_file(w, from, to, name);
	if (S_ISDIR(st.st_mode))
		return copy_subdir(w, from, to, name, &st);
	if (S_ISLNK(st.st_mode))
		return copy_link(w, from, to, name, &st);
	if (S_ISFIFO(st.st_mode))
		return mkfifoat(to, name, st.st_mode & 0777) < 0 ? failed(w, "make the pipe") : 0;
	if (S_ISSOCK(st.st_mode))
		return 0;
	return bad(w, lab_err_set(w->err, EINVAL, "a device node; images have none"));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

/* The names in a directory, sorted; caller frees with free_names(). */
static int read_names(struct walk *w, int fd, char ***ret, size_t *ret_n)
{
	cleanup_dir DIR *dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	const struct dirent *de;
	char **names = NULL;
	size_t n = 0, cap = 0;

	if (!dir)
		return failed(w, "read the directory");
	rewinddir(dir);
	while ((de = readdir(dir)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (n == cap) {
			char **more = reallocarray(names, cap ? 2 * cap : 32, sizeof(*names));

			if (!more)
				break;
			names = more;
			cap = cap ? 2 * cap : 32;
		}
		names[n] = strdup(de->d_name);
		if (!names[n])
			break;
		n++;
	}
	if (de) {
		free_names(names, n);
		return bad(w, lab_err_errno(w->err, ENOMEM, "read the directory"));
	}
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	*ret = names;
	*ret_n = n;
	return 0;
}

/* Go into one name of a directory, and come back. */
static size_t enter(struct walk *w, const char *name)
{
	size_t len = w->path.len;

	lab_strbuf_printf(&w->path, "%s%s", len ? "/" : "", name);
	return len;
}

static void leave(struct walk *w, size_t len)
{
	w->path.len = len;
	if (w->path.data)
		w->path.data[len] = '\0';
}

static int copy_dir(struct walk *w, int from, int to)
{
	char **names = NULL;
	size_t n = 0;
	int r = read_names(w, from, &names, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		size_t len = enter(w, names[i]);

		r = w->path.error ? bad(w, w->path.error) : copy_entry(w, from, to, names[i]);
		if (r == 0)
			leave(w, len);
	}
	free_names(names, n);
	return r;
}

int img_tree_copy(int from, const char *name, int to, struct img_count *count, struct lab_err *err)
{
	struct walk w = { .path = LAB_STRBUF_INIT, .name = name, .count = count, .err = err };
	struct stat st;
	int r;

	if (fstat(from, &st) < 0)
		return lab_err_errno(err, errno, "%s", name);
	w.dev = st.st_dev;
	r = copy_dir(&w, from, to);
	if (r == 0 && fchmod(to, 0755) < 0)
		r = failed(&w, "mode");
	lab_strbuf_fini(&w.path);
	return r;
}

/* --- names by content ------------------------------------------------------------------------- */

static int digest_content(struct walk *w, int dir, const char *name, const struct stat *st,
			  char ret[PATH_MAX], char ret_cap[2 * CAPABILITY_MAX + 1])
{
	cleanup_close int fd = -1;
	char value[CAPABILITY_MAX];
	ssize_t n;
	int r;

	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dir, name, ret, PATH_MAX - 1);
		if (n < 0)
			return failed(w, "read the link");
		ret[n] = '\0';
		return 0;
	}
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return 0;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(w, "open");
	if (S_ISDIR(st->st_mode)) {
		/* Of a layer: it hides what lies below. */
		if (lab_overlay_is_opaque(fd))
			(void)snprintf(ret, PATH_MAX, "opaque");
		return 0;
	}
	n = get_capability(fd, value);
	for (ssize_t i = 0; i < n; i++)
		(void)snprintf(ret_cap + 2 * i, 3, "%02x", (unsigned char)value[i]);
	r = lab_digest_fd(fd, ret);
	return r < 0 ? bad(w, lab_err_errno(w->err, -r, "read")) : 0;
}

static int digest_dir(struct walk *w, int fd);

static int digest_entry(struct walk *w, int dir, const char *name)
{
	cleanup_strbuf struct lab_strbuf line = LAB_STRBUF_INIT;
	char content[PATH_MAX] = "", capability[2 * CAPABILITY_MAX + 1] = "";
	cleanup_close int fd = -1;
	struct stat st;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(w, "stat");
	r = img_count_add(w->count, 1, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, w->err);
	if (r < 0)
		return bad(w, r);
	r = digest_content(w, dir, name, &st, content, capability);
	if (r < 0)
		return r;
	lab_strbuf_printf(&line, "%s %s%c%o %u %u %llx %s%c%s", w->chain, lab_strbuf_str(&w->path),
			  0, st.st_mode, st.st_uid, st.st_gid,
			  S_ISCHR(st.st_mode) ? (unsigned long long)st.st_rdev : 0, capability, 0,
			  content);
	if (line.error)
		return bad(w, lab_err_errno(w->err, -line.error, "digest"));
	lab_digest_mem(line.data, line.len, w->chain);
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? failed(w, "open") : digest_dir(w, fd);
}

static int digest_dir(struct walk *w, int fd)
{
	char **names = NULL;
	size_t n = 0;
	int r = read_names(w, fd, &names, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		size_t len = enter(w, names[i]);

		r = digest_entry(w, fd, names[i]);
		if (r == 0)
			leave(w, len);
	}
	free_names(names, n);
	return r;
}

int img_tree_digest(int root, const char *below, char ret_id[LAB_IMAGE_ID_SIZE],
		    struct img_count *ret_count, struct lab_err *err)
{
	struct walk w = { .path = LAB_STRBUF_INIT, .name = "image", .count = ret_count, .err = err };
	int r;

	*ret_count = (struct img_count){ 0 };
	lab_digest_mem(below, strlen(below), w.chain);
	r = digest_dir(&w, root);
	lab_strbuf_fini(&w.path);
	if (r == 0)
		memcpy(ret_id, w.chain, LAB_IMAGE_ID_SIZE);
	return r;
}
