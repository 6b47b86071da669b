/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.h - where programs are */
#ifndef NETLAB_BASE_PROGRAM_H
#define NETLAB_BASE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/base/err.h"

/**
 * lab_program_find() - Find a program as execvp() would
 * @program:	its name, without a '/'
 * @path:	folders separated by ':', as PATH; NULL or "" = "/bin:/usr/bin"
 * @ret:	path, if it is there; else changed
 * @size:	of @ret, bytes
 *
 * An empty part, which means the current folder, is passed over: hosts do not share that.
 * Return: true if a folder has an executable file of that name.
 * Source: exec(3).
 */
bool lab_program_find(const char *program, const char *path, char *ret, size_t size);

/**
 * lab_program_in_path() - Is a program there
 * @program:	its name, without a '/'
 * @path:	as for lab_program_find()
 *
 * Return: true if so.
 */
bool lab_program_in_path(const char *program, const char *path);

/**
 * lab_program_own() - Find a program that belongs to this one
 * @name:	its name
 * @ret:	path, on success
 * @size:	of @ret, bytes
 * @err:	filled on failure; may be NULL
 *
 * Beside this program, as in a build tree, or in libexec/netlab, where it is installed.
 * Return: 0 or -errno. Errors: -ENOENT.
 */
int lab_program_own(const char *name, char *ret, size_t size, struct lab_err *err);

#endif
