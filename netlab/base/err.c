/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.c - errors as negative errno plus one line of text */
#include "netlab/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is quoted from outside (a name, a path) must neither end the line nor speak to the terminal. */
static void keep_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			*text = '?';
}

int lab_err_set(struct lab_err *err, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (err) {
		err->code = code;
		err->src = (struct lab_src){ 0 };
		va_start(ap, fmt);
		(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
		keep_one_line(err->msg);
		errno = saved;
	}
	return -code;
}

int lab_err_errno(struct lab_err *err, int code, const char *fmt, ...)
{
	int saved = errno;
	size_t used;
	va_list ap;

	if (err) {
		err->code = code;
		err->src = (struct lab_src){ 0 };
		va_start(ap, fmt);
		(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
		keep_one_line(err->msg);
		used = strlen(err->msg);
		(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s [%s]",
			       strerrordesc_np(code) ? strerrordesc_np(code) : "unknown error",
			       lab_err_name(code));
		errno = saved;
	}
	return -code;
}

int lab_err_prefix(struct lab_err *err, int r, const char *fmt, ...)
{
	char prefix[sizeof(err->msg)];
	size_t len, old;
	va_list ap;

	if (!err)
		return r;
	va_start(ap, fmt);
	(void)vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);

	keep_one_line(prefix);
	len = strlen(prefix);
	old = strlen(err->msg);
	if (len + old >= sizeof(err->msg))
		old = sizeof(err->msg) - 1 - len;
	memmove(err->msg + len, err->msg, old);
	memcpy(err->msg, prefix, len);
	err->msg[len + old] = '\0';
	return r;
}

int lab_err_at(struct lab_err *err, int r, const struct lab_src *src)
{
	if (err && !err->src.line)
		err->src = *src;
	return r;
}

char *lab_err_format(const struct lab_err *err, char *buf, size_t size)
{
	const struct lab_src *s = &err->src;

	if (s->file && s->line && s->col)
		(void)snprintf(buf, size, "%s:%u:%u: error: %s", s->file, s->line, s->col,
			       err->msg);
	else if (s->file && s->line)
		(void)snprintf(buf, size, "%s:%u: error: %s", s->file, s->line, err->msg);
	else if (s->file)
		(void)snprintf(buf, size, "%s: error: %s", s->file, err->msg);
	else
		(void)snprintf(buf, size, "error: %s", err->msg);
	return buf;
}

const char *lab_err_name(int code)
{
	const char *name = strerrorname_np(code);

	return name ? name : "E?";
}
