/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alias.h - replaces {$name} by what <define><alias/></define> or the command line says */
#ifndef CONTROLLER_RECIPE_ALIAS_H
#define CONTROLLER_RECIPE_ALIAS_H

#include "controller/recipe/recipe.h"
#include "controller/recipe/xml.h"

/**
 * DOC: scopes
 *
 * Definitions count in document order: for what follows them inside of the same element, and for
 * what is in there. A later definition of a name hides an earlier one until its element ends. A
 * value may use other aliases; they are looked up when the alias is used, not when it is defined.
 * Definitions of the command line stand outside of everything (-a), or win over everything (-A).
 */
#define CTL_ALIAS_DEPTH_MAX 100u
#define CTL_ALIAS_USES_MAX  1000000u
#define CTL_ALIAS_TEXT_MAX  (1u << 20) /* bytes of one expanded text */

/**
 * ctl_alias_expand() - Expand all aliases of a tree and take its <define> elements out
 * @xml:	tree, changed; texts with an alias that is wrong stay as they are, marked bad
 * @params:	aliases of the command line; may be NULL
 * @recipe:	aliases and n_aliases are filled, in its arena; may be NULL
 * @diag:	what is wrong, at the place of the reference
 *
 * Return: 0, also after errors in @diag; -ENOMEM; -EFBIG when aliases make the recipe larger than
 * CTL_RECIPE_BYTES_MAX.
 */
int ctl_alias_expand(struct ctl_xml *xml, const struct ctl_recipe_params *params,
		     struct ctl_recipe *recipe, struct ctl_diag *diag);

#endif
