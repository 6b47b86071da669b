/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path.h - names in what is imported: nothing may lead out of the tree */
#ifndef SLAVE_IMAGE_IMAGE_PATH_H
#define SLAVE_IMAGE_IMAGE_PATH_H

#include <stdint.h>

#include "netlab/base/err.h"

#define IMG_DEPTH_MAX   200u     /* directories in one another: as many as can be removed again */
#define IMG_ENTRIES_MAX 2000000u /* of one image */
#define IMG_BYTES_MAX   (1ULL << 36) /* of all files of one image */

/**
 * img_path_check() - Is this the name of a file in a tree
 * @path:	relative; "./" in front and "/" at the end are nothing to complain about
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL: empty, absolute, with "..", too long or too deep.
 */
int img_path_check(const char *path, struct lab_err *err);

/**
 * img_link_check() - Does a symbolic link stay in its tree
 * @path:	name of the link, good for img_path_check()
 * @target:	what it says; absolute means from the root of the tree
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL: it is empty, or climbs higher than the tree.
 */
int img_link_check(const char *path, const char *target, struct lab_err *err);

/**
 * struct img_count - what an import has brought so far
 * @entries:	files, directories and so on
 * @bytes:	in regular files
 */
struct img_count {
	uint64_t entries, bytes;
};

/**
 * img_count_add() - Count one more, and look whether it is too much
 * @count:	changed
 * @entries:	more of them
 * @bytes:	more of them
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EFBIG.
 */
int img_count_add(struct img_count *count, uint64_t entries, uint64_t bytes, struct lab_err *err);

#endif
