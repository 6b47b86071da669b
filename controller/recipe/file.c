/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.c - the bytes of recipe files, and paths that are relative to the file they stand in */
#include "controller/recipe/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"

enum { READ_FIRST = 64 << 10 };

/* Read all, at most one byte over the limit; the size that a file claims is only a first guess. */
static int read_all(int fd, size_t cap, struct ctl_bytes *ret)
{
	cleanup_free char *data = NULL;
	size_t len = 0;
	char *bigger;
	ssize_t n;

	for (;;) {
		bigger = realloc(data, cap);
		if (!bigger)
			return -ENOMEM;
		data = bigger;
		n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (n == 0 || len > CTL_RECIPE_BYTES_MAX)
			break;
		if (len == cap)
			cap = LAB_MIN(cap * 2, (size_t)CTL_RECIPE_BYTES_MAX + 1);
	}
	ret->data = take_ptr(&data);
	ret->len = len;
	return 0;
}

int ctl_file_read(const char *path, bool regular, struct ctl_bytes *ret)
{
	/* Opening a FIFO would wait for a writer. */
	int r, flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0);
	struct ctl_bytes bytes = { .data = NULL };
	cleanup_free char *key = NULL;
	cleanup_close int fd = -1;
	size_t cap = READ_FIRST;
	struct stat st;

	fd = open(path, flags);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (regular && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (regular && !S_ISREG(st.st_mode))
		return -EINVAL;
	if (S_ISREG(st.st_mode) && st.st_size < (off_t)CTL_RECIPE_BYTES_MAX)
		cap = (size_t)st.st_size + 1;
	if (asprintf(&key, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino) < 0)
		return -ENOMEM;
	r = read_all(fd, cap, &bytes);
	if (r < 0)
		return r;
	bytes.key = take_ptr(&key);
	*ret = bytes;
	return 0;
}

int ctl_file_error(const char *path, int code, struct ctl_diag *diag)
{
	struct lab_src src = { .file = path };
	struct lab_err err;

	(void)lab_err_errno(&err, code, "cannot be read");
	(void)ctl_diag_error(diag, &src, "%s", err.msg);
	return -code;
}

char *ctl_file_beside(struct ctl_arena *arena, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	size_t dir_len = *path != '/' && slash ? (size_t)(slash + 1 - file) : 0;
	size_t len = strlen(path);
	char *joined;

	joined = ctl_arena_alloc(arena, dir_len + len + 1, 1);
	if (!joined)
		return NULL;
	if (dir_len)
		memcpy(joined, file, dir_len);
	memcpy(joined + dir_len, path, len + 1);
	return joined;
}
