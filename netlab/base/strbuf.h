/* SPDX-License-Identifier: GPL-2.0-or-later */
/* strbuf.h - a growing byte string with a latched error */
#ifndef NETLAB_BASE_STRBUF_H
#define NETLAB_BASE_STRBUF_H

#include <stddef.h>

#include "netlab/base/err.h"
#include "netlab/base/util.h"

/**
 * struct lab_strbuf - a growing byte string
 * @data:	bytes, always NUL-terminated behind @len; NULL while empty and never written
 * @len:	bytes used, without the NUL
 * @cap:	bytes allocated
 * @error:	0, or the first negative errno; once set every further write does nothing
 *
 * A zeroed struct is an empty buffer. Check @error (or use lab_strbuf_take()) once at the end.
 */
struct lab_strbuf {
	char *data;
	size_t len, cap;
	int error;
};

#define LAB_STRBUF_INIT                \
	{                              \
		.data = NULL, .len = 0 \
	}
#define cleanup_strbuf LAB_CLEANUP(lab_strbuf_fini)

/**
 * lab_strbuf_fini() - Release the bytes
 * @sb:		buffer, may be zeroed; left empty and usable
 */
void lab_strbuf_fini(struct lab_strbuf *sb);

/**
 * lab_strbuf_reset() - Empty the buffer, keep its memory
 * @sb:		buffer; a latched error is cleared
 */
void lab_strbuf_reset(struct lab_strbuf *sb);

/**
 * lab_strbuf_add() - Append bytes
 * @sb:		buffer
 * @data:	bytes to copy; may be NULL when @len is 0
 * @len:	how many
 */
void lab_strbuf_add(struct lab_strbuf *sb, const void *data, size_t len);

/**
 * lab_strbuf_puts() - Append a string
 * @sb:		buffer
 * @s:		NUL-terminated string
 */
void lab_strbuf_puts(struct lab_strbuf *sb, const char *s);

/**
 * lab_strbuf_putc() - Append one byte
 * @sb:		buffer
 * @c:		the byte
 */
void lab_strbuf_putc(struct lab_strbuf *sb, char c);

/**
 * lab_strbuf_printf() - Append formatted text
 * @sb:		buffer
 * @fmt:	printf format
 */
void lab_strbuf_printf(struct lab_strbuf *sb, const char *fmt, ...) LAB_PRINTF(2, 3);

/**
 * lab_strbuf_consume() - Drop bytes from the front
 * @sb:		buffer
 * @len:	how many, at most @sb->len
 */
void lab_strbuf_consume(struct lab_strbuf *sb, size_t len);

/**
 * lab_strbuf_take() - Hand the bytes over
 * @sb:		buffer, left empty
 * @ret:	on success the NUL-terminated string ("" if nothing was written); caller frees with free(3)
 *
 * Return: 0, or the latched error (then the bytes are released). Errors: -ENOMEM.
 */
int lab_strbuf_take(struct lab_strbuf *sb, char **ret);

/**
 * lab_strbuf_str() - Look at the text
 * @sb:		buffer
 *
 * Return: the NUL-terminated text, "" if nothing was written; borrowed until the next write.
 */
const char *lab_strbuf_str(const struct lab_strbuf *sb);

/**
 * lab_str_nearest() - Find the name a user probably meant
 * @word:	what was written
 * @names:	candidates, NULL-terminated array
 *
 * Return: the candidate with the smallest edit distance, if that is at most a third of the longer
 * length (at least 1); else NULL. Borrowed from @names.
 * Source: Damerau-Levenshtein distance (optimal string alignment).
 */
const char *lab_str_nearest(const char *word, const char *const *names);

#endif
