/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.h - folders with all that is in them */
#ifndef NETLAB_BASE_TREE_H
#define NETLAB_BASE_TREE_H

/**
 * lab_tree_remove() - Remove a folder with all that is in it
 * @at:		descriptor of the folder that it is in
 * @name:	its name there
 *
 * Never follows a link, and never leaves the file system: what is mounted below stays, and the folders above it.
 * Return: 0, also when it is not there, or -errno of the first thing that could not be removed. Errors: -EXDEV something is mounted
 * below; -ELOOP deeper than 200 folders.
 */
int lab_tree_remove(int at, const char *name);

#endif
