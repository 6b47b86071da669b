/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe_files.h - for tests of recipes: files of a folder, and what is said of a recipe */
#ifndef TESTS_UNIT_RECIPE_FILES_H
#define TESTS_UNIT_RECIPE_FILES_H

#include <stddef.h>

#include "controller/recipe/recipe.h"

/**
 * typedef recipe_file_fn - does something with one file
 * @dir:	folder
 * @name:	name of the file in it
 * @data:	its bytes, and a NUL behind them
 * @len:	how many
 * @user:	as given
 */
typedef void (*recipe_file_fn)(const char *dir, const char *name, const char *data, size_t len,
			       void *user);

/**
 * recipe_files_each() - Call a function for each recipe of a folder
 * @dir:	folder, from the root of the source tree
 * @fn:		called for each *.xml in the order of names
 * @user:	for @fn
 *
 * Context: fails the test if a file cannot be read.
 * Return: how many there are.
 */
unsigned int recipe_files_each(const char *dir, recipe_file_fn fn, void *user);

/**
 * recipe_files_read() - Read a whole file
 * @dir:	folder
 * @name:	name
 * @suffix:	replaces ".xml" at the end of @name; NULL = leave it
 * @ret_len:	bytes; may be NULL
 *
 * Return: the bytes and a NUL, to be freed; NULL if there is no such file.
 */
char *recipe_files_read(const char *dir, const char *name, const char *suffix, size_t *ret_len);

/**
 * recipe_files_include() - Give an included file: for ctl_recipe_params.read
 * @dir:	folder that its path is relative to
 * @path:	path
 * @ret:	written on success
 *
 * Return: 0 or -ENOENT.
 */
int recipe_files_include(void *dir, const char *path, struct ctl_bytes *ret);

/**
 * recipe_say() - Load and match a recipe, and write down what is said of it
 * @name:	file name for messages
 * @data:	bytes
 * @len:	how many
 * @params:	for ctl_recipe_load_mem()
 * @ret:	result of loading, or of matching if that was good
 *
 * Return: the lines, to be freed.
 */
char *recipe_say(const char *name, const char *data, size_t len,
		 const struct ctl_recipe_params *params, int *ret);

#endif
