/* SPDX-License-Identifier: GPL-2.0-or-later */
/* find.h - look for a file or folder by its name, in several folders */
#ifndef CONTROLLER_RUN_FIND_H
#define CONTROLLER_RUN_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/recipe/diag.h"

/**
 * struct ctl_search - what is looked for, and where; all borrowed
 * @what:	for messages: "module" or "tool"
 * @suffixes:	what a file's name may have behind the name looked for, NULL-terminated; NULL = a folder is looked for
 * @dirs:	folders, in this order; NULL ones are passed over
 * @n_dirs:	how many
 */
struct ctl_search {
	const char *what;
	const char *const *suffixes;
	const char *const *dirs;
	size_t n_dirs;
};

/**
 * ctl_search_find() - Look for one name
 * @s:		what and where
 * @name:	the name
 * @src:	who names it
 * @ret:	path of the file or folder, caller frees, on success
 * @diag:	an error with the nearest name is added when there is none
 *
 * Return: 0 or -errno. Errors: -EINVAL it cannot be a name, -ENOENT there is none, both reported; -ENOMEM.
 */
int ctl_search_find(const struct ctl_search *s, const char *name, const struct lab_src *src,
		    char **ret, struct ctl_diag *diag);

/**
 * ctl_search_relative() - The folder that an attribute of a recipe means
 * @dir:	its value
 * @src:	the attribute: a relative folder is one beside the file that it stands in
 *
 * Return: path, caller frees; NULL when out of memory.
 */
char *ctl_search_relative(const char *dir, const struct lab_src *src);

#endif
