/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.h - the bytes of recipe files, and paths that are relative to the file they stand in */
#ifndef CONTROLLER_RECIPE_FILE_H
#define CONTROLLER_RECIPE_FILE_H

#include <stdbool.h>

#include "controller/recipe/arena.h"
#include "controller/recipe/recipe.h"

/**
 * ctl_file_read() - Read a file
 * @path:	file
 * @regular:	nothing but a regular file will do
 * @ret:	on success; caller frees its members with free(3)
 *
 * Context: blocks for the file.
 * Return: 0 or -errno; a file of more than CTL_RECIPE_BYTES_MAX is read up to one byte more.
 * Errors: -EINVAL not a regular file.
 */
int ctl_file_read(const char *path, bool regular, struct ctl_bytes *ret);

/**
 * ctl_file_error() - Report that a file cannot be read
 * @path:	file, or folder
 * @code:	positive errno
 * @diag:	takes the error
 *
 * Return: -@code.
 */
int ctl_file_error(const char *path, int code, struct ctl_diag *diag);

/**
 * ctl_file_beside() - Where a path leads that was written in a file
 * @arena:	takes the result
 * @file:	name of that file, as in the place of the text
 * @path:	absolute, or relative to the folder that @file is in
 *
 * For everything that a recipe names by its path: an included part of it may be in another folder.
 * Return: the path; NULL when out of memory.
 */
char *ctl_file_beside(struct ctl_arena *arena, const char *file, const char *path);

#endif
