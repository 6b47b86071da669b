/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.c - folders with all that is in them */
#include "netlab/base/tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"

enum { DEPTH_MAX = 200 };

static int remove_at(int at, const char *name, dev_t dev, int depth);

static int empty(int fd, dev_t dev, int depth)
{
	cleanup_dir DIR *dir = fdopendir(fd);
	const struct dirent *de;
	int first = 0;

	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	while ((de = readdir(dir)) != NULL) {
		int r;

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		r = remove_at(dirfd(dir), de->d_name, dev, depth);
		first = first ? first : r;
	}
	return first;
}

static int remove_at(int at, const char *name, dev_t dev, int depth)
{
	struct stat st;
	int fd, r;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || (dev && st.st_dev != dev) || depth >= DEPTH_MAX) {
		(void)close(fd);
		return depth >= DEPTH_MAX ? -ELOOP : -EXDEV;
	}
	r = empty(fd, st.st_dev, depth + 1);
	if (unlinkat(at, name, AT_REMOVEDIR) < 0)
		return r < 0 ? r : -errno;
	return r;
}

int lab_tree_remove(int at, const char *name)
{
	return remove_at(at, name, 0, 0);
}
