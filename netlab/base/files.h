/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.h - trees of files: removed and copied as they are, never through a symbolic link */
#ifndef NETLAB_BASE_FILES_H
#define NETLAB_BASE_FILES_H

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

#endif
