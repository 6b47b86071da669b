/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.c - trees of files: removed and copied as they are, never through a symbolic link */
#include "netlab/base/files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"

DIR *lab_files_list(int dir)
{
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (list)
		rewinddir(list);
	else
		close_fd(&fd);
	return list;
}

const char *lab_files_next(DIR *list)
{
	const struct dirent *de;

	while ((de = readdir(list)) != NULL)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			return de->d_name;
	return NULL;
}

static int first_of(int r, int one)
{
	return r ? r : one;
}

static int remove_tree(int dir, const char *name, const dev_t *dev, unsigned int depth);

static int remove_inside(int dir, const char *name, const dev_t *dev, unsigned int depth)
{
	cleanup_dir DIR *d = NULL;
	const char *inside;
	struct stat st;
	int fd, r = 0;

	if (depth == LAB_FILES_DEPTH_MAX)
		return -ELOOP;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	d = fdopendir(fd);
	if (!d) {
		(void)close(fd);
		return -ENOMEM;
	}
	if (fstat(fd, &st) < 0)
		return -errno;
	if (dev && *dev != st.st_dev)
		return -EXDEV;
	while ((inside = lab_files_next(d)) != NULL)
		r = first_of(r, remove_tree(fd, inside, &st.st_dev, depth + 1));
	return r;
}

static int remove_tree(int dir, const char *name, const dev_t *dev, unsigned int depth)
{
	int r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	r = remove_inside(dir, name, dev, depth);
	if (r < 0)
		return r == -ENOTDIR ? -EPERM : r;
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

int lab_files_remove(int dir, const char *name)
{
	return remove_tree(dir, name, NULL, 0);
}
