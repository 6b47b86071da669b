/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml.h - XML files as a tree of our own, in which every name and text knows its place */
#ifndef CONTROLLER_RECIPE_XML_H
#define CONTROLLER_RECIPE_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/recipe/arena.h"
#include "controller/recipe/diag.h"
#include "netlab/base/err.h"

/**
 * DOC: places
 *
 * libxml2's own positions are of no use here (no column for an element, wrong lines above 65535).
 * But where the parser stands when it reports a start tag is exact: the tag ends there. From that
 * byte we walk back to the '<', which XML forbids inside of attribute values, and forward again
 * over the names of the attributes. So the bytes of the file are kept as long as the tree, and any
 * byte of a text, also one behind "&amp;" or from an alias, can be traced to the line and column
 * that it came from.
 */
#define CTL_XML_DEPTH_MAX    64u
#define CTL_XML_ELEMS_MAX    500000u
#define CTL_XML_ATTRS_MAX    1000000u
#define CTL_XML_ATTRS_OF_ONE 64u

/**
 * struct ctl_xml_span - where a piece of an expanded text came from
 * @out:	first byte of the piece in the expanded text
 * @from:	byte of the text as written
 * @literal:	copied as it was; else the piece is all from the alias reference at @from
 */
struct ctl_xml_span {
	size_t out, from;
	bool literal;
};

/**
 * struct ctl_xml_text - an attribute's value or the text of an element
 * @s:		the text, references decoded, white space at both ends stripped; never NULL
 * @len:	bytes in @s
 * @src:	where it begins; of text between child elements only the element
 * @skip:	bytes stripped in front of @s
 * @raw:	byte where it begins: behind the quote or behind the start tag; see ctl_xml_src()
 * @raw_len:	bytes of the file up to the quote; 0 for the text of an element, which ends at its
 *		end tag
 * @spans:	where its pieces came from, if aliases were expanded
 * @n_spans:	how many
 */
struct ctl_xml_text {
	char *s;
	size_t len;
	struct lab_src src;
	size_t skip, raw, raw_len;
	const struct ctl_xml_span *spans;
	size_t n_spans;
};

/**
 * struct ctl_xml_attr - an attribute
 * @name:	with its prefix
 * @value:	its value
 * @src:	its name
 * @bad:	an error was reported about the value
 */
struct ctl_xml_attr {
	const char *name;
	struct ctl_xml_text value;
	struct lab_src src;
	bool bad;
};

/**
 * struct ctl_xml_elem - an element
 * @name:	with its prefix
 * @ns:		its namespace, or NULL
 * @attrs:	attributes in document order, without namespace declarations
 * @n_attrs:	how many
 * @text:	all character data directly in it; empty if there is only white space
 * @parent:	NULL for the root
 * @first:	first child
 * @last:	last child
 * @next:	next sibling
 * @src:	its '<'
 * @bad:	an error was reported about its text
 * @hole:	an error was reported that may hide names: inside of it one must not complain that
 *		something is unknown
 */
struct ctl_xml_elem {
	const char *name, *ns;
	struct ctl_xml_attr *attrs;
	size_t n_attrs;
	struct ctl_xml_text text;
	struct ctl_xml_elem *parent, *first, *last, *next;
	struct lab_src src;
	bool bad, hole;
};

/**
 * struct ctl_xml_file - a file that the tree, or a part of it, was read from
 * @name:	its name, for places
 * @key:	what tells it from other files, whatever path led to it; NULL = not known
 * @parent:	the file that includes it; NULL for the recipe itself
 * @data:	its bytes
 * @len:	how many
 * @owned:	@data is released with the tree
 *
 * What a tree calls a byte is counted through all its files: @base is the first one of this file.
 */
struct ctl_xml_file {
	const char *name, *key;
	const struct ctl_xml_file *parent;
	const char *data;
	size_t len;
	bool owned;
	/* private: first bytes of the lines, and the line that was asked for last */
	size_t base;
	uint32_t *lines;
	size_t n_lines, last_line;
};

/**
 * struct ctl_xml - a tree
 * @arena:	all of the tree is in it (owned)
 * @root:	root element
 * @files:	what it was read from; the first is the recipe itself
 * @n_files:	how many
 */
struct ctl_xml {
	struct ctl_arena *arena;
	struct ctl_xml_elem *root;
	struct ctl_xml_file **files;
	size_t n_files;
	/* private: what is bounded in all files together, and the file that was asked for last */
	size_t cap_files, last_file;
	unsigned int n_elems, n_attrs;
};

/**
 * ctl_xml_parse() - Read XML into a tree
 * @file:	name for places (borrowed, must outlive the tree and all that takes a place from it)
 * @data:	bytes, at most CTL_RECIPE_BYTES_MAX of them (borrowed as long as the tree)
 * @len:	how many
 * @ret:	on success; free with ctl_xml_free()
 * @diag:	what is wrong
 *
 * Only UTF-8; no document type, no entity but the five of XML; nothing is fetched. Bounded by the
 * CTL_XML_*_MAX above.
 * Return: 0 or -errno. Errors: -EINVAL not well-formed or refused, -EFBIG too large, -ENOMEM.
 * Source: XML 1.0 fifth edition; Namespaces in XML 1.0.
 */
int ctl_xml_parse(const char *file, const char *data, size_t len, struct ctl_xml **ret,
		  struct ctl_diag *diag);

/**
 * ctl_xml_parse_file() - Read a further file of a tree
 * @xml:	tree
 * @what:	name, key, parent, data, len and owned are given, the rest is made; copied
 * @depth:	elements that will be around it
 * @ret_root:	its root element, without a parent, on success
 * @ret_file:	the file, on success
 * @diag:	what is wrong
 *
 * @what->data, when owned, belongs to the tree from here on, also after a failure.
 * Return: 0 or -errno, as ctl_xml_parse(); -EFBIG also when all files together are too large.
 */
int ctl_xml_parse_file(struct ctl_xml *xml, const struct ctl_xml_file *what, unsigned int depth,
		       struct ctl_xml_elem **ret_root, struct ctl_xml_file **ret_file,
		       struct ctl_diag *diag);

/**
 * ctl_xml_free() - Release a tree
 * @xml:	may be NULL
 */
void ctl_xml_free(struct ctl_xml *xml);

/**
 * ctl_xml_attr() - Look an attribute up
 * @elem:	element
 * @name:	name with its prefix
 *
 * Return: the attribute or NULL.
 */
struct ctl_xml_attr *ctl_xml_attr(const struct ctl_xml_elem *elem, const char *name);

/**
 * ctl_xml_hole() - Remember that names may be hidden by an error
 * @elem:	marked, with all around it
 */
void ctl_xml_hole(struct ctl_xml_elem *elem);

/**
 * ctl_xml_index() - Find the beginnings of a file's lines
 * @arena:	takes them
 * @file:	afterwards places can be asked for
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_xml_index(struct ctl_arena *arena, struct ctl_xml_file *file);

/**
 * ctl_xml_src() - Place of a byte
 * @xml:	tree
 * @offset:	byte, counted from 0 through all files of the tree
 *
 * Return: file, line and column.
 */
struct lab_src ctl_xml_src(struct ctl_xml *xml, size_t offset);

/**
 * ctl_xml_text_src() - Place where a byte of a text came from
 * @xml:	tree
 * @text:	value of an attribute, or text of an element
 * @at:		byte in text->s
 *
 * Return: file, line and column; for a byte from an alias the place of the reference to it.
 */
struct lab_src ctl_xml_text_src(struct ctl_xml *xml, const struct ctl_xml_text *text, size_t at);

/**
 * ctl_xml_strip() - Strip white space at both ends of a text
 * @text:	@s is moved and cut, @skip and @len follow
 */
void ctl_xml_strip(struct ctl_xml_text *text);

/**
 * ctl_xml_file_src() - Place of a byte of one file
 * @file:	indexed by ctl_xml_index()
 * @at:		byte of this file, from 0
 *
 * Return: file, line and column.
 */
struct lab_src ctl_xml_file_src(struct ctl_xml_file *file, size_t at);

/**
 * ctl_xml_check_bytes() - Look at the bytes before a parser does: is it UTF-8, and does it say so
 * @file:	indexed by ctl_xml_index()
 * @diag:	what is wrong, at the first wrong byte
 *
 * Return: 0 or -EINVAL.
 */
int ctl_xml_check_bytes(struct ctl_xml_file *file, struct ctl_diag *diag);

#endif
