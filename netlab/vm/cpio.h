/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpio.h - writes the archive that a kernel unpacks as its first root */
#ifndef NETLAB_VM_CPIO_H
#define NETLAB_VM_CPIO_H

#include <stddef.h>

/**
 * lab_cpio_dir() - Add a folder
 * @fd:		where the archive goes
 * @name:	its path without a leading '/'; its parent was added before
 *
 * Return: 0 or -errno.
 * Source: the kernel's early-userspace/buffer-format, "newc".
 */
int lab_cpio_dir(int fd, const char *name);

/**
 * lab_cpio_data() - Add an executable file from memory
 * @fd:		where the archive goes
 * @name:	its path without a leading '/'
 * @data:	its content
 * @len:	bytes in @data
 *
 * Return: 0 or -errno.
 */
int lab_cpio_data(int fd, const char *name, const void *data, size_t len);

/**
 * lab_cpio_file() - Add an executable file with the content of another
 * @fd:		where the archive goes
 * @name:	its path without a leading '/'
 * @path:	regular file, at most 64 MiB
 *
 * Return: 0 or -errno.
 */
int lab_cpio_file(int fd, const char *name, const char *path);

/**
 * lab_cpio_end() - Close the archive
 * @fd:		where the archive goes
 *
 * Return: 0 or -errno.
 */
int lab_cpio_end(int fd);

#endif
