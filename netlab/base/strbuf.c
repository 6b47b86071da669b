/* SPDX-License-Identifier: GPL-2.0-or-later */
/* strbuf.c - a growing byte string with a latched error */
#include "netlab/base/strbuf.h"

#include <string.h>

enum { WORD_MAX_ = 64 };

void lab_strbuf_fini(struct lab_strbuf *sb)
{
	int saved = errno;

	free(sb->data);
	*sb = (struct lab_strbuf){ 0 };
	errno = saved;
}

void lab_strbuf_reset(struct lab_strbuf *sb)
{
	sb->len = 0;
	sb->error = 0;
	if (sb->data)
		sb->data[0] = '\0';
}

static int reserve(struct lab_strbuf *sb, size_t extra)
{
	size_t need, cap;
	char *data;

	if (sb->error)
		return sb->error;
	if (__builtin_add_overflow(sb->len, extra, &need) || need > SIZE_MAX / 4) {
		sb->error = -ENOMEM;
		return sb->error;
	}
	if (need + 1 <= sb->cap)
		return 0;
	cap = LAB_MAX(need + 1, sb->cap * 2);
	cap = LAB_MAX(cap, (size_t)64);
	data = realloc(sb->data, cap);
	if (!data) {
		sb->error = -ENOMEM;
		return sb->error;
	}
	sb->data = data;
	sb->cap = cap;
	return 0;
}

void lab_strbuf_add(struct lab_strbuf *sb, const void *data, size_t len)
{
	if (reserve(sb, len) < 0)
		return;
	if (len)
		memcpy(sb->data + sb->len, data, len);
	sb->len += len;
	sb->data[sb->len] = '\0';
}

void lab_strbuf_puts(struct lab_strbuf *sb, const char *s)
{
	lab_strbuf_add(sb, s, strlen(s));
}

void lab_strbuf_putc(struct lab_strbuf *sb, char c)
{
	lab_strbuf_add(sb, &c, 1);
}

void lab_strbuf_printf(struct lab_strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (reserve(sb, 80) < 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(sb->data + sb->len, sb->cap - sb->len, fmt, ap);
	va_end(ap);
	if (n < 0) {
		sb->error = -EINVAL;
		sb->data[sb->len] = '\0';
		return;
	}
	if ((size_t)n >= sb->cap - sb->len) {
		if (reserve(sb, (size_t)n) < 0) {
			sb->data[sb->len] = '\0';
			return;
		}
		va_start(ap, fmt);
		(void)vsnprintf(sb->data + sb->len, sb->cap - sb->len, fmt, ap);
		va_end(ap);
	}
	sb->len += (size_t)n;
}

void lab_strbuf_consume(struct lab_strbuf *sb, size_t len)
{
	if (!len)
		return;
	memmove(sb->data, sb->data + len, sb->len - len + 1);
	sb->len -= len;
}

int lab_strbuf_take(struct lab_strbuf *sb, char **ret)
{
	int r;

	(void)reserve(sb, 0);
	r = sb->error;
	if (r < 0) {
		lab_strbuf_fini(sb);
		return r;
	}
	sb->data[sb->len] = '\0';
	*ret = take_ptr(&sb->data);
	*sb = (struct lab_strbuf){ 0 };
	return 0;
}

const char *lab_strbuf_str(const struct lab_strbuf *sb)
{
	return sb->data ? sb->data : "";
}

static unsigned int distance(const char *a, size_t la, const char *b, size_t lb)
{
	unsigned int d[3][WORD_MAX_ + 1];
	size_t i, j;

	for (j = 0; j <= lb; j++)
		d[0][j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		unsigned int *row = d[i % 3], *up = d[(i - 1) % 3], *up2 = d[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			unsigned int cost = a[i - 1] != b[j - 1];
			unsigned int best = LAB_MIN(up[j] + 1, row[j - 1] + 1);

			best = LAB_MIN(best, up[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = LAB_MIN(best, up2[j - 2] + 1);
			row[j] = best;
		}
	}
	return d[la % 3][lb];
}

const char *lab_str_nearest(const char *word, const char *const *names)
{
	size_t la = strlen(word);
	const char *best = NULL;
	unsigned int best_d = 0;

	if (la == 0 || la > WORD_MAX_)
		return NULL;
	for (; *names; names++) {
		size_t lb = strlen(*names);
		unsigned int d, limit;

		if (lb > WORD_MAX_)
			continue;
		d = distance(word, la, *names, lb);
		limit = (unsigned int)LAB_MAX(LAB_MAX(la, lb) / 3, (size_t)1);
		if (d <= limit && (!best || d < best_d)) {
			best = *names;
			best_d = d;
		}
	}
	return best;
}
