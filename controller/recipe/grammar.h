/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grammar.h - the recipe language as tables: what may stand where, and what it makes */
#ifndef CONTROLLER_RECIPE_GRAMMAR_H
#define CONTROLLER_RECIPE_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/recipe/recipe.h"
#include "controller/recipe/xml.h"

/**
 * DOC: how the language grows
 *
 * A new element is a row in grammar_table.c: its attributes, its children, and the struct that it
 * fills. A new attribute is a row in its element's list: type, required or not, and the offset of
 * the member that takes its value. Types are few, and each has its check (schema.c) and its
 * conversion (build.c). What LNST knows and this version does not is a row too (CTL_TYPE_LATER,
 * CTL_LATER), so that a user learns why it is refused. recipes/recipe.rng says the same to editors;
 * a test compares the two.
 */
enum ctl_type {
	CTL_TYPE_TEXT,    /* any text, may hold functions: struct ctl_value */
	CTL_TYPE_COMMAND, /* the same, not empty */
	CTL_TYPE_WORD,    /* any text: const char * */
	CTL_TYPE_NAME,    /* the same, not empty */
	CTL_TYPE_LAB,     /* name of a lab: const char * */
	CTL_TYPE_PATH,  /* of a file, from the folder of the one in which it stands: const char * */
	CTL_TYPE_HOST,  /* id of a host: its index, size_t */
	CTL_TYPE_YESNO, /* yes, no, true or false: bool */
	CTL_TYPE_FLAG,  /* the same, or 1 or 0: bool */
	CTL_TYPE_ENUM,  /* one of ctl_attr_def.words: its position, int */
	CTL_TYPE_SECONDS,  /* whole number of seconds: unsigned int */
	CTL_TYPE_DURATION, /* microseconds: uint64_t */
	CTL_TYPE_ADDR,     /* address with prefix length: struct lab_addr */
	CTL_TYPE_POOL4,    /* IPv4 network: struct lab_addr */
	CTL_TYPE_POOL6,    /* IPv6 network: struct lab_addr */
	CTL_TYPE_VLAN,     /* number of a VLAN: unsigned int */
	CTL_TYPE_LATER,    /* known to LNST, not to this version */
};

#define CTL_NOWHERE SIZE_MAX /* an offset: there is no such member */

/**
 * struct ctl_attr_def - an attribute
 * @name:	its name
 * @type:	what it holds
 * @required:	the element needs it
 * @words:	CTL_TYPE_ENUM: allowed words, NULL-terminated
 * @to:		offset of the member that takes the value
 * @src_to:	offset of the struct lab_src that takes the place of the value, or CTL_NOWHERE
 */
struct ctl_attr_def {
	const char *name;
	enum ctl_type type;
	bool required;
	const char *const *words;
	size_t to, src_to;
};

enum ctl_occurs {
	CTL_ANY,      /* any number */
	CTL_OPTIONAL, /* at most one */
	CTL_ONE,      /* exactly one */
	CTL_SOME,     /* at least one, counted together with all others that say so */
	CTL_LATER,    /* known to LNST, not to this version */
};

struct ctl_elem_def;

/**
 * struct ctl_child_def - a child of an element
 * @name:	its name
 * @occurs:	how often
 * @def:	what it is; NULL for CTL_LATER
 */
struct ctl_child_def {
	const char *name;
	enum ctl_occurs occurs;
	const struct ctl_elem_def *def;
};

/**
 * struct ctl_elem_def - an element
 * @attrs:	its attributes, ended by a NULL name; NULL = none
 * @children:	its children, ended by a NULL name; NULL = none
 * @content:	its value: an attribute of this name, or else its text; NULL = text is not allowed
 * @one_of:	exactly one of these attributes must be there, NULL-terminated; NULL = no such rule
 * @instead:	an attribute in the place of all children: with it there must be none; NULL = no
 *		such rule
 * @pair:	two attributes of which neither comes without the other, NULL-terminated; NULL = no
 *		such rule
 * @size:	bytes of the struct that it makes; 0: it makes none and fills what its parent made
 * @list:	with @size: offset in what the parent made, of the pointer to the array that takes
 *		it; the number of elements is the size_t behind that pointer
 * @shift:	without @size: the same object for its children, but so many bytes further on
 * @src_to:	offset of the struct lab_src that takes its place, or CTL_NOWHERE
 * @begin:	called first, sets what is not zero by default; may be NULL
 * @end:	called when attributes and children have been taken; may be NULL
 */
struct ctl_elem_def {
	const struct ctl_attr_def *attrs;
	const struct ctl_child_def *children;
	const struct ctl_attr_def *content;
	const char *const *one_of;
	const char *instead;
	const char *const *pair;
	size_t size, list, shift, src_to;
	void (*begin)(void *object);
	void (*end)(void *object, struct ctl_diag *diag);
};

/**
 * struct ctl_root_def - the root element of a kind of file
 * @what:	what such a file is, for messages
 * @names:	the two names that the element may have, NULL-terminated
 * @def:	what it is
 */
struct ctl_root_def {
	const char *what;
	const char *const *names;
	const struct ctl_elem_def *def;
};

/* A recipe, a machine of a pool, and <define>, which may stand anywhere in both. */
extern const struct ctl_root_def ctl_grammar_recipe, ctl_grammar_machine;
extern const struct ctl_elem_def ctl_grammar_define;

/**
 * ctl_schema_check() - Check an element and all in it against the grammar
 * @xml:	tree
 * @elem:	element
 * @def:	what it is to be
 * @diag:	what is wrong; the tree is marked where it is
 *
 * Names, occurrence, text, and the form of values are checked; not what they refer to.
 */
void ctl_schema_check(struct ctl_xml *xml, struct ctl_xml_elem *elem,
		      const struct ctl_elem_def *def, struct ctl_diag *diag);

/**
 * ctl_schema_check_root() - Check a whole tree against the grammar
 * @xml:	tree without <define>
 * @root:	what kind of file it is to be
 * @diag:	what is wrong
 *
 * Return: 0, also after errors in @diag; -EINVAL if the root element is another one: then there is
 * nothing to build.
 */
int ctl_schema_check_root(struct ctl_xml *xml, const struct ctl_root_def *root,
			  struct ctl_diag *diag);

/**
 * ctl_grammar_child() - Look a child up
 * @def:	element
 * @name:	name of the child
 *
 * Return: its row, or NULL.
 */
const struct ctl_child_def *ctl_grammar_child(const struct ctl_elem_def *def, const char *name);

/**
 * ctl_grammar_attr() - Look an attribute up
 * @def:	element
 * @name:	name of the attribute
 *
 * Return: its row, also that of the content's attribute; or NULL.
 */
const struct ctl_attr_def *ctl_grammar_attr(const struct ctl_elem_def *def, const char *name);

#endif
