/* SPDX-License-Identifier: GPL-2.0-or-later */
/* func.h - finds the function calls in a text of a recipe */
#ifndef CONTROLLER_RECIPE_FUNC_H
#define CONTROLLER_RECIPE_FUNC_H

#include <stdbool.h>

#include "controller/recipe/arena.h"
#include "controller/recipe/value.h"
#include "controller/recipe/xml.h"

#define CTL_FUNC_CALLS_MAX 1000u /* in one text */

/**
 * struct ctl_call_link - a call whose host and interface are to be looked up once all of them are
 * known
 * @call:	the call
 * @next:	the one found after it
 */
struct ctl_call_link {
	struct ctl_call call;
	struct ctl_call_link *next;
};

/**
 * ctl_func_parse() - Make a value of a text
 * @xml:	tree that the text is of
 * @text:	aliases expanded, white space stripped
 * @arena:	takes the value
 * @last:	end of the list of calls; moved on
 * @ret:	written on success; when a call is wrong its text only
 * @diag:	wrong calls: unknown function, wrong number of arguments, third argument no number
 *
 * What has not the form {name(...)} is text: braces are common in shell commands.
 * Return: 0, also after errors in @diag; -ENOMEM.
 */
int ctl_func_parse(struct ctl_xml *xml, const struct ctl_xml_text *text, struct ctl_arena *arena,
		   struct ctl_call_link ***last, struct ctl_value *ret, struct ctl_diag *diag);

/**
 * ctl_func_refuse() - Complain if a text that cannot have functions has one
 * @xml:	tree that the text is of
 * @text:	aliases expanded
 * @what:	name of the attribute, for the message
 * @diag:	the first call is an error
 *
 * Return: true if it has one.
 */
bool ctl_func_refuse(struct ctl_xml *xml, const struct ctl_xml_text *text, const char *what,
		     struct ctl_diag *diag);

#endif
