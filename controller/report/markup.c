/* SPDX-License-Identifier: GPL-2.0-or-later */
/* markup.c - write XML and HTML: the one place where tags are made and text is escaped */
#include "controller/report/markup.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "controller/recipe/text.h"
#include "netlab/base/util.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Characters that XML 1.0 does not have although UTF-8 has them: U+FFFE and U+FFFF. */
static bool is_noncharacter(const char *s, size_t n)
{
	return n == 3 && memcmp(s, "\xef\xbf", 2) == 0 && (unsigned char)s[2] >= 0xbe;
}

/* U+0080 to U+009F: allowed, but nothing that anybody wants to see. */
static bool is_c1(const char *s, size_t n)
{
	return n == 2 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;
}

/* What stands for an ASCII character; NULL = itself. */
static const char *reference(char c, bool in_attr)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\r':
		return "&#13;";
	case '\n':
		return in_attr ? "&#10;" : NULL;
	case '\t':
		return in_attr ? "&#9;" : NULL;
	default:
		return (unsigned char)c < 0x20 || c == 0x7f ? REPLACEMENT : NULL;
	}
}

static void escape(struct lab_strbuf *sb, const char *s, size_t len, bool in_attr)
{
	size_t i = 0, plain = 0, n;
	const char *ref;

	while (i < len) {
		if ((unsigned char)s[i] < 0x80) {
			ref = reference(s[i], in_attr);
			n = 1;
		} else {
			n = ctl_utf8_len(s + i, len - i);
			ref = !n || is_noncharacter(s + i, n) || is_c1(s + i, n) ? REPLACEMENT
										 : NULL;
			n = LAB_MAX(n, (size_t)1);
		}
		if (ref) {
			lab_strbuf_add(sb, s + plain, i - plain);
			lab_strbuf_puts(sb, ref);
			plain = i + n;
		}
		i += n;
	}
	lab_strbuf_add(sb, s + plain, len - plain);
}

static void end_tag(struct ctl_markup *m)
{
	if (m->in_tag)
		lab_strbuf_putc(m->sb, '>');
	m->in_tag = false;
}

static void new_line(struct ctl_markup *m)
{
	if (m->indent && m->sb->len)
		lab_strbuf_printf(m->sb, "\n%*s", (int)(2 * m->depth), "");
}

void ctl_mk_open(struct ctl_markup *m, const char *name)
{
	assert(m->depth < CTL_MARKUP_DEPTH_MAX);
	end_tag(m);
	new_line(m);
	lab_strbuf_printf(m->sb, "<%s", name);
	m->open[m->depth++] = name;
	m->in_tag = true;
	m->had_child = false;
}

void ctl_mk_attr(struct ctl_markup *m, const char *name, const char *value)
{
	assert(m->in_tag);
	if (!value)
		return;
	lab_strbuf_printf(m->sb, " %s=\"", name);
	escape(m->sb, value, strlen(value), true);
	lab_strbuf_putc(m->sb, '"');
}

void ctl_mk_attrf(struct ctl_markup *m, const char *name, const char *fmt, ...)
{
	cleanup_free char *value = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (r < 0) {
		value = NULL;
		m->sb->error = -ENOMEM;
		return;
	}
	ctl_mk_attr(m, name, value);
}

void ctl_mk_text(struct ctl_markup *m, const char *text, size_t len)
{
	end_tag(m);
	escape(m->sb, text, len, false);
}

void ctl_mk_puts(struct ctl_markup *m, const char *text)
{
	if (text)
		ctl_mk_text(m, text, strlen(text));
}

void ctl_mk_printf(struct ctl_markup *m, const char *fmt, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r < 0) {
		text = NULL;
		m->sb->error = -ENOMEM;
		return;
	}
	ctl_mk_puts(m, text);
}

/* HTML elements that have neither content nor an end tag. */
static bool is_void(const char *name)
{
	static const char *const names[] = { "br", "hr", "img", "input", "link", "meta" };
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

void ctl_mk_close(struct ctl_markup *m)
{
	const char *name;

	assert(m->depth);
	name = m->open[--m->depth];
	if (m->in_tag && !m->html) {
		lab_strbuf_puts(m->sb, "/>");
	} else if (m->in_tag && is_void(name)) {
		lab_strbuf_putc(m->sb, '>');
	} else {
		end_tag(m);
		if (m->had_child)
			new_line(m);
		lab_strbuf_printf(m->sb, "</%s>", name);
	}
	m->in_tag = false;
	m->had_child = true;
}

void ctl_mk_leaf(struct ctl_markup *m, const char *name, const char *class_, const char *text)
{
	ctl_mk_open(m, name);
	ctl_mk_attr(m, "class", class_);
	ctl_mk_puts(m, text);
	ctl_mk_close(m);
}

void ctl_mk_raw(struct ctl_markup *m, const char *markup)
{
	end_tag(m);
	lab_strbuf_puts(m->sb, markup);
}

static bool is_name_char(char c)
{
	return ctl_is_word(c) || c == '-' || c == '.';
}

const char *ctl_mk_name(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	if (!ctl_is_word(*text) || (*text >= '0' && *text <= '9'))
		buf[n++] = '_';
	for (; *text && n + 1 < size; text++)
		buf[n++] = is_name_char(*text) ? *text : '_';
	buf[n] = '\0';
	return buf;
}
