/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.h - the files of an image: copied, named by their content */
#ifndef SLAVE_IMAGE_IMAGE_TREE_H
#define SLAVE_IMAGE_IMAGE_TREE_H

#include <stdint.h>

#include "netlab/base/err.h"
#include "netlab/ns/image.h"
#include "slave-image/image/path.h"

/**
 * img_tree_copy() - Copy what is in a directory
 * @from:	directory
 * @name:	its name, for messages
 * @to:		empty directory
 * @count:	what was copied is added
 * @err:	filled on failure; may be NULL
 *
 * Files, directories, symbolic links and pipes with their modes, times and capabilities, and with their owners where the caller is root;
 * sockets are left out, and what is mounted below. Hard links become files of their own. Device nodes are refused, and links that leave the tree.
 * Return: 0 or -errno.
 */
int img_tree_copy(int from, const char *name, int to, struct img_count *count, struct lab_err *err);

/**
 * img_tree_digest() - Name a tree by what is in it
 * @root:	directory
 * @below:	id of what it lies on, or ""
 * @ret_id:	digest of names, kinds, modes, owners, capabilities and contents, of what hides others in a layer, and of @below; times make no difference
 * @ret_count:	how much is in it
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int img_tree_digest(int root, const char *below, char ret_id[LAB_IMAGE_ID_SIZE],
		    struct img_count *ret_count, struct lab_err *err);

#endif
