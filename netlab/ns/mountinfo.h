/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountinfo.h - reads the lines of /proc/self/mountinfo */
#ifndef NETLAB_NS_MOUNTINFO_H
#define NETLAB_NS_MOUNTINFO_H

#include <stdbool.h>

/**
 * struct lab_mountinfo - a mount; all strings are in the line that was parsed
 * @root:	which directory of the file system it shows
 * @path:	where it is mounted
 * @type:	of the file system
 * @options:	of the file system, separated by commas: of a cgroup hierarchy its controllers
 */
struct lab_mountinfo {
	char *root, *path, *type, *options;
};

/**
 * lab_mountinfo_parse() - Take a line apart
 * @line:	without its newline; changed, and borrowed by @ret
 * @ret:	written on success, its octal escapes undone
 *
 * Return: true, or false for what is not such a line.
 * Source: /proc/pid/mountinfo in proc(5).
 */
bool lab_mountinfo_parse(char *line, struct lab_mountinfo *ret);

#endif
