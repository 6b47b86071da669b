/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.h - errors as negative errno plus one line of text and a place in a source file */
#ifndef NETLAB_BASE_ERR_H
#define NETLAB_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define LAB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/**
 * struct lab_src - a place in a source file, for messages
 * @file:	file name as the user gave it; borrowed, must outlive every error that names it
 * @line:	1-based line; 0 means "no place known"
 * @col:	1-based column in bytes; 0 means "whole line"
 */
struct lab_src {
	const char *file;
	unsigned int line, col;
};

/**
 * struct lab_err - one error, in the caller's frame; nothing to free
 * @code:	positive errno of the failure
 * @src:	where the user's input caused it, if known
 * @msg:	one line, lower case, no full stop, no trailing newline
 */
struct lab_err {
	int code;
	struct lab_src src;
	char msg[512];
};

/**
 * lab_err_set() - Say what went wrong
 * @err:	written; may be NULL
 * @code:	positive errno
 * @fmt:	printf format of the message, cut to the size of lab_err.msg; control characters in it become '?'
 *
 * Clears @err->src. Keeps errno.
 * Context: async-signal-unsafe (printf), no allocation.
 * Return: -@code, so that callers can write `return lab_err_set(...)`.
 */
int lab_err_set(struct lab_err *err, int code, const char *fmt, ...) LAB_PRINTF(3, 4);

/**
 * lab_err_errno() - Say what went wrong, with the text of errno behind it
 * @err:	written; may be NULL
 * @code:	positive errno; its strerror() text and name are appended: ": No such file or directory [ENOENT]"
 * @fmt:	printf format of the message
 *
 * Context: async-signal-unsafe, no allocation.
 * Return: -@code.
 */
int lab_err_errno(struct lab_err *err, int code, const char *fmt, ...) LAB_PRINTF(3, 4);

/**
 * lab_err_prefix() - Put a name in front of an error on its way up
 * @err:	changed; may be NULL
 * @r:		negative errno to pass on
 * @fmt:	printf format of the prefix, with its own ": "
 *
 * Context: async-signal-unsafe, no allocation.
 * Return: @r.
 */
int lab_err_prefix(struct lab_err *err, int r, const char *fmt, ...) LAB_PRINTF(3, 4);

/**
 * lab_err_at() - Attach the place in the user's input
 * @err:	changed; may be NULL; a place already there is kept
 * @r:		negative errno to pass on
 * @src:	the place; copied, its file name borrowed
 *
 * Return: @r.
 */
int lab_err_at(struct lab_err *err, int r, const struct lab_src *src);

/**
 * lab_err_format() - Write an error in the form compilers use
 * @err:	the error (borrowed)
 * @buf:	written, always NUL-terminated: "file:line:col: error: msg" or "error: msg"
 * @size:	bytes in @buf, > 0
 *
 * Return: @buf.
 */
char *lab_err_format(const struct lab_err *err, char *buf, size_t size);

/**
 * lab_err_name() - Name of an errno
 * @code:	positive errno
 *
 * Return: "ENOENT" and the like, or "E?" for an unknown number; static storage.
 * Source: strerrorname_np(3).
 */
const char *lab_err_name(int code);

#endif
