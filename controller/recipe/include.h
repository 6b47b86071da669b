/* SPDX-License-Identifier: GPL-2.0-or-later */
/* include.h - puts included files in the place of <xi:include href="..."/> */
#ifndef CONTROLLER_RECIPE_INCLUDE_H
#define CONTROLLER_RECIPE_INCLUDE_H

#include "controller/recipe/recipe.h"
#include "controller/recipe/xml.h"

/**
 * DOC: what is included
 *
 * An element "include" in one of the XInclude namespaces (http://www.w3.org/ and a year) stands for
 * the root element of the file that its href names, wherever it stands, also instead of the root.
 * The path is relative to the file that the element is in. It is resolved before aliases are
 * expanded. Only files, and all of them: no network, no xpointer, no fallback.
 */
#define CTL_INCLUDES_MAX      1000u /* in one recipe */
#define CTL_INCLUDE_DEPTH_MAX 16u   /* files in one another */

/**
 * ctl_include_expand() - Replace all include elements of a tree
 * @xml:	tree, changed; an element that cannot be replaced is taken out, and what is around it
 *		marked as a hole
 * @params:	how files are read; may be NULL
 * @names:	takes the names of files: as long as places are used
 * @diag:	what is wrong, and where files were included
 *
 * Return: 0, also after errors in @diag; -EINVAL when nothing is left of the tree; -EFBIG when
 * all files together are too large; -ENOMEM.
 * Source: XML Inclusions (XInclude) 1.0, the part of it that LNST has.
 */
int ctl_include_expand(struct ctl_xml *xml, const struct ctl_recipe_params *params,
		       struct ctl_arena *names, struct ctl_diag *diag);

#endif
