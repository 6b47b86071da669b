/* SPDX-License-Identifier: GPL-2.0-or-later */
/* digest.h - SHA-256 of content, the name under which files travel */
#ifndef NETLAB_RPC_DIGEST_H
#define NETLAB_RPC_DIGEST_H

#include <stddef.h>

#include "netlab/base/err.h"

#define LAB_DIGEST_STRLEN 65 /* 64 hexadecimal digits and the NUL */

/**
 * lab_digest_mem() - Digest of bytes
 * @data:	bytes
 * @len:	how many
 * @ret:	64 lower-case hexadecimal digits
 *
 * Source: FIPS 180-4, through nettle.
 */
void lab_digest_mem(const void *data, size_t len, char ret[LAB_DIGEST_STRLEN]);

/**
 * lab_digest_fd() - Digest of a file from its current offset to its end
 * @fd:		readable descriptor (borrowed)
 * @ret:	64 lower-case hexadecimal digits, on success
 *
 * Return: 0 or -errno of read(2).
 */
int lab_digest_fd(int fd, char ret[LAB_DIGEST_STRLEN]);

/**
 * lab_digest_valid() - Is this the text of a digest
 * @s:		text
 *
 * Return: 1 if it is exactly 64 lower-case hexadecimal digits, else 0.
 */
int lab_digest_valid(const char *s);

#endif
