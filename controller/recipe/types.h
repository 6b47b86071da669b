/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types.h - the types of attribute values: is a text one, and which value is it */
#ifndef CONTROLLER_RECIPE_TYPES_H
#define CONTROLLER_RECIPE_TYPES_H

#include "controller/recipe/grammar.h"

/**
 * ctl_type_check() - Check the form of a value
 * @def:	attribute, or what stands for the text of an element
 * @text:	value, aliases expanded
 * @diag:	what is wrong, at the value
 *
 * Return: 0 or -EINVAL.
 */
int ctl_type_check(const struct ctl_attr_def *def, const struct ctl_xml_text *text,
		   struct ctl_diag *diag);

/**
 * ctl_type_store() - Convert a value and put it where it belongs
 * @def:	attribute; of a type that needs neither memory nor functions
 * @text:	value that ctl_type_check() found good
 * @object:	the struct that def->to is an offset in
 *
 * Return: true if it was such a type.
 */
bool ctl_type_store(const struct ctl_attr_def *def, const struct ctl_xml_text *text, void *object);

#endif
