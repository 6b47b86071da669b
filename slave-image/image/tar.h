/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tar.h - images as tar archives */
#ifndef SLAVE_IMAGE_IMAGE_TAR_H
#define SLAVE_IMAGE_IMAGE_TAR_H

#include "netlab/base/err.h"
#include "slave-image/image/path.h"

/**
 * img_tar_import() - Unpack an archive, and trust nothing in it
 * @fd:		archive: tar (also pax and GNU), as it is or packed with gzip, bzip2, xz or zstd
 * @name:	its name, for messages
 * @to:		empty directory
 * @count:	what was unpacked is added
 * @err:	filled on failure, naming the entry; may be NULL
 *
 * Refused: absolute names, "..", links that leave the tree, device nodes, more than IMG_ENTRIES_MAX and IMG_BYTES_MAX, what is no archive. Nothing
 * is written outside of @to whatever links the archive makes. Owners are set where the caller is root; of extended attributes only capabilities.
 * Return: 0 or -errno.
 * Source: libarchive(3); RESOLVE_IN_ROOT in openat2(2).
 */
int img_tar_import(int fd, const char *name, int to, struct img_count *count, struct lab_err *err);

/**
 * img_tar_export() - Pack a tree
* @root:	path of the directory
 * @fd:		takes the archive: pax, with numeric owners
 * @name:	name of the archive: packed as its end says, .gz, .tgz or .zst
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int img_tar_export(const char *root, int fd, const char *name, struct lab_err *err);

#endif
