/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.h - is a program installed */
#ifndef NETLAB_BASE_PROGRAM_H
#define NETLAB_BASE_PROGRAM_H

#include <stdbool.h>

/**
 * lab_program_in_path() - Look for a program as execvp() would
 * @program:	its name, without a '/'
 * @path:	folders separated by ':', as PATH; NULL or "" = "/bin:/usr/bin"
 *
 * An empty part, which means the current folder, is passed over: hosts do not share that.
 * Return: true if a folder has an executable file of that name.
 * Source: exec(3).
 */
bool lab_program_in_path(const char *program, const char *path);

#endif
