/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.h - trees of files: removed and copied as they are, never through a symbolic link */
#ifndef NETLAB_BASE_FILES_H
#define NETLAB_BASE_FILES_H

#include <dirent.h>

#define LAB_FILES_DEPTH_MAX 256u /* directories in one another; a deeper tree is refused */

/**
 * lab_files_remove() - Remove a file, or a directory with all that is in it
 * @dir:	directory that @name is in, or AT_FDCWD
 * @name:	path; symbolic links are followed in the part before its last name only
 *
 * Stays in one file system. What is not there is no error.
 * Context: blocks.
 * Return: 0 or -errno of the first that could not be removed; the others are gone. Errors: -ELOOP deeper than LAB_FILES_DEPTH_MAX,
 * -EXDEV another file system is mounted there.
 * Source: unlinkat(2).
 */
int lab_files_remove(int dir, const char *name);

/**
 * lab_files_copy() - Copy a file, or a directory with all that is in it, exactly
 * @from:	directory that @name is in
 * @name:	its name
 * @to:		directory that the copy is made in, of the same name; must not be there
 *
 * With owners, modes, times, extended attributes of files and directories, hard links among what is copied, holes, device nodes and sockets.
 * Context: blocks; as root, nobody else changes it meanwhile.
 * Return: 0 or -errno; then a part of the copy may be there. Errors: -EEXIST, -ENOSPC, -ELOOP deeper than LAB_FILES_DEPTH_MAX.
 * Source: SEEK_DATA in lseek(2), xattr(7).
 */
int lab_files_copy(int from, const char *name, int to);

/**
 * lab_files_list() - Read a directory that is open, from its beginning
 * @dir:	directory; stays as it is, but where it is read from moves along
 *
 * Return: for lab_files_next(), caller closes it with closedir(3); NULL, with errno: it is none, or there is no memory.
 */
DIR *lab_files_list(int dir);

/**
 * lab_files_next() - The next name in a directory, but for "." and ".."
 * @list:	directory
 *
 * Return: name, until the next call; NULL at the end.
 */
const char *lab_files_next(DIR *list);

/**
 * lab_files_settle() - Give a copy what belongs to the original but for its content
 * @from:	file or directory, open
 * @to:		its copy, open
 *
 * Owner, mode, times and extended attributes.
 * Return: 0 or -errno.
 */
int lab_files_settle(int from, int to);

#endif
