/* SPDX-License-Identifier: GPL-2.0-or-later */
/* expr.h - conditions on results, such as "packets_received > 0" */
#ifndef NETLAB_MODULES_EXPR_H
#define NETLAB_MODULES_EXPR_H

#include <stdbool.h>
#include <stddef.h>

/**
 * DOC: conditions
 *
 * Recipes for LNST give conditions to the module Multicast that Python evaluated, with everything that a program can do.
 * Here they are only what conditions need:
 *
 *   or, and, not    == != < <= > >= (also chained: 0 < x < 9)    + - * / // %    ( )
 *   numbers, "strings", 'strings', True, False, names of results
 *
 * with Python's precedence and meaning. A value is a number or a text; a number is never equal to a text, and what Python
 * would refuse, such as a comparison of the two, is an error.
 */
#define MOD_EXPR_MAX 1024u /* bytes of one condition */

/**
 * mod_expr_name() - The name that a condition begins with
 * @expr:	condition
 * @ret_len:	its length, on success
 *
 * Return: where it begins; NULL if the condition begins with something else.
 */
const char *mod_expr_name(const char *expr, size_t *ret_len);

/**
 * mod_expr_eval() - Is a condition true
 * @expr:	condition
 * @lookup:	answers names: the text of a result, a number if it reads as one; NULL = there is none
 * @user:	for @lookup
 * @ret:	the answer, on success
 * @error:	what is wrong, on failure
 * @size:	bytes in @error
 *
 * Return: true if the condition could be evaluated.
 */
bool mod_expr_eval(const char *expr, const char *(*lookup)(const char *name, void *user),
		   void *user, bool *ret, char *error, size_t size);

#endif
