/* SPDX-License-Identifier: GPL-2.0-or-later */
/* markup.h - write XML and HTML: the one place where tags are made and text is escaped */
#ifndef CONTROLLER_REPORT_MARKUP_H
#define CONTROLLER_REPORT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/base/strbuf.h"

/**
 * DOC: markup
 *
 * Elements are opened and closed in pairs; attributes follow ctl_mk_open() at once. Whatever is
 * written as text or as an attribute's value may be bytes of any kind: it comes out as UTF-8 in
 * which nothing is markup, and nothing is there that XML forbids (control characters, surrogates,
 * U+FFFE, U+FFFF) or that HTML parsers change (NUL): each such byte or character becomes U+FFFD.
 * White space in attribute values and carriage returns in text are written as references, so that
 * parsers give back what was put in.
 */
#define CTL_MARKUP_DEPTH_MAX 64

/**
 * struct ctl_markup - a document that is being written
 * @sb:		where it goes (borrowed)
 * @html:	HTML: void elements have no end, all others have one; else XML
 * @indent:	begin a new line, indented, before each element; text then belongs into elements
 *		without children
 */
struct ctl_markup {
	struct lab_strbuf *sb;
	bool html, indent;
	/* private */
	const char *open[CTL_MARKUP_DEPTH_MAX];
	size_t depth;
	bool in_tag, had_child;
};

/**
 * ctl_mk_open() - Open an element
 * @m:		document
 * @name:	its name: static storage, right as it is
 */
void ctl_mk_open(struct ctl_markup *m, const char *name);

/**
 * ctl_mk_attr() - Give the element that was just opened an attribute
 * @m:		document
 * @name:	its name: right as it is
 * @value:	its value; NULL = no attribute at all
 */
void ctl_mk_attr(struct ctl_markup *m, const char *name, const char *value);

/**
 * ctl_mk_attrf() - Give the element that was just opened an attribute
 * @m:		document
 * @name:	its name: right as it is
 * @fmt:	printf format of its value
 */
void ctl_mk_attrf(struct ctl_markup *m, const char *name, const char *fmt, ...) LAB_PRINTF(3, 4);

/**
 * ctl_mk_text() - Write text
 * @m:		document
 * @text:	bytes
 * @len:	how many
 */
void ctl_mk_text(struct ctl_markup *m, const char *text, size_t len);

/**
 * ctl_mk_puts() - Write text
 * @m:		document
 * @text:	text; NULL = nothing
 */
void ctl_mk_puts(struct ctl_markup *m, const char *text);

/**
 * ctl_mk_printf() - Write text
 * @m:		document
 * @fmt:	printf format
 */
void ctl_mk_printf(struct ctl_markup *m, const char *fmt, ...) LAB_PRINTF(2, 3);

/**
 * ctl_mk_close() - Close the element that was opened last
 * @m:		document
 */
void ctl_mk_close(struct ctl_markup *m);

/**
 * ctl_mk_leaf() - Write an element that has one attribute and text
 * @m:		document
 * @name:	its name
 * @class_:	its class, or NULL
 * @text:	its text, or NULL
 */
void ctl_mk_leaf(struct ctl_markup *m, const char *name, const char *class_, const char *text);

/**
 * ctl_mk_raw() - Write markup of our own as it is: never anything from outside
 * @m:		document
 * @markup:	constant of the program
 */
void ctl_mk_raw(struct ctl_markup *m, const char *markup);

/**
 * ctl_mk_name() - Make a name for an element of XML from any text
 * @text:	any text
 * @buf:	written: letters, digits, '_', '-' and '.' as they are, all else '_'; begins with a
 *		letter or '_'; cut to the size
 * @size:	bytes in @buf, > 1
 *
 * Return: @buf.
 */
const char *ctl_mk_name(const char *text, char *buf, size_t size);

#endif
