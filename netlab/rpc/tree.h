/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.h - folders on their way to a host: their files by name and digest */
#ifndef NETLAB_RPC_TREE_H
#define NETLAB_RPC_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/base/err.h"
#include "netlab/rpc/digest.h"

#define LAB_TREE_FILES_MAX 4096u        /* files of one folder */
#define LAB_TREE_PATH_MAX  1023u        /* bytes of a file's name in it */
#define LAB_TREE_NAME_MAX  255u         /* bytes of a part of such a name */
#define LAB_TREE_BYTES_MAX (256u << 20) /* bytes of all files together */

/**
 * struct lab_tree_file - a file of a folder
 * @path:	its name in the folder: parts separated by '/'; see lab_tree_path_valid()
 * @exec:	it can be executed
 * @digest:	its content
 */
struct lab_tree_file {
	const char *path;
	bool exec;
	char digest[LAB_DIGEST_STRLEN];
};

/**
 * lab_tree_path_valid() - Can this be the name of a file in a folder
 * @path:	name
 *
 * Relative, no part empty, "." or "..", no control characters, not too long: it stays in its folder.
 * Return: true if so.
 */
bool lab_tree_path_valid(const char *path);

/**
 * lab_tree_digest() - Name a folder by what is in it
 * @files:	all of its files, sorted by their names as strcmp(3) does, none twice
 * @n_files:	how many
 * @ret:	64 lower-case hexadecimal digits, on success
 *
 * Return: 0 or -errno. Errors: -EINVAL not sorted, or a name twice; -ENOMEM.
 * Source: docs/rpc.md, `tree.put`.
 */
int lab_tree_digest(const struct lab_tree_file *files, size_t n_files, char ret[LAB_DIGEST_STRLEN]);

#endif
