/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path.c - names in what is imported: nothing may lead out of the tree */
#include "slave-image/image/path.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "netlab/base/util.h"

/* The next part of a path, without "." and empty ones; false at the end. */
static bool next_part(const char **path, const char **part, size_t *len)
{
	do {
		*path += strspn(*path, "/");
		*part = *path;
		*len = strcspn(*path, "/");
		*path += *len;
	} while (*len == 1 && **part == '.');
	return *len > 0;
}

static bool is_up(const char *part, size_t len)
{
	return len == 2 && part[0] == '.' && part[1] == '.';
}

int img_path_check(const char *path, struct lab_err *err)
{
	const char *rest = path, *part;
	unsigned int depth = 0;
	size_t len;

	if (!*path)
		return lab_err_set(err, EINVAL, "an empty name");
	if (*path == '/')
		return lab_err_set(err, EINVAL, "an absolute name");
	if (strlen(path) >= PATH_MAX)
		return lab_err_set(err, EINVAL, "the name is longer than %d bytes", PATH_MAX - 1);
	while (next_part(&rest, &part, &len)) {
		if (is_up(part, len))
			return lab_err_set(err, EINVAL, "a name with \"..\"");
		if (len > NAME_MAX)
			return lab_err_set(err, EINVAL,
					   "a part of the name is longer than %d bytes", NAME_MAX);
		if (++depth > IMG_DEPTH_MAX)
			return lab_err_set(err, EINVAL, "more than %u directories in one another",
					   IMG_DEPTH_MAX);
	}
	return 0;
}

int img_link_check(const char *path, const char *target, struct lab_err *err)
{
	const char *part;
	long depth = -1;
	size_t len;

	if (!*target)
		return lab_err_set(err, EINVAL, "a symbolic link to nothing");
	if (strlen(target) >= PATH_MAX)
		return lab_err_set(err, EINVAL, "a symbolic link longer than %d bytes",
				   PATH_MAX - 1);
	while (next_part(&path, &part, &len))
		depth++;
	if (*target == '/')
		depth = 0;
	while (next_part(&target, &part, &len)) {
		depth += is_up(part, len) ? -1 : 1;
		if (depth < 0)
			return lab_err_set(err, EINVAL, "a symbolic link that leaves the tree");
	}
	return 0;
}

int img_count_add(struct img_count *count, uint64_t entries, uint64_t bytes, struct lab_err *err)
{
	count->entries += entries;
	if (count->entries > IMG_ENTRIES_MAX)
		return lab_err_set(err, EFBIG, "an image has at most %u files", IMG_ENTRIES_MAX);
	if (bytes > IMG_BYTES_MAX - count->bytes)
		return lab_err_set(err, EFBIG, "an image has at most %llu GiB of files",
				   IMG_BYTES_MAX >> 30);
	count->bytes += bytes;
	return 0;
}
