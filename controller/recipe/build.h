/* SPDX-License-Identifier: GPL-2.0-or-later */
/* build.h - from a checked tree to a recipe, and the checks of what refers to what */
#ifndef CONTROLLER_RECIPE_BUILD_H
#define CONTROLLER_RECIPE_BUILD_H

#include "controller/recipe/arena.h"
#include "controller/recipe/func.h"
#include "controller/recipe/recipe.h"
#include "controller/recipe/xml.h"

struct ctl_elem_def;

/**
 * struct ctl_host_ref - a host named in an attribute, to be looked up once all hosts are known
 * @id:		its id
 * @to:		takes its index
 * @src:	the attribute's value
 * @next:	the one found after it
 */
struct ctl_host_ref {
	const char *id;
	size_t *to;
	struct lab_src src;
	struct ctl_host_ref *next;
};

/**
 * struct ctl_build - a recipe, or something else of that grammar, under construction
 * @xml:	tree, checked by ctl_schema_check_root(); what is marked bad is passed over
 * @arena:	takes what is made
 * @recipe:	filled; NULL if it is no recipe
 * @diag:	what is wrong
 * @calls:	function calls in document order
 * @refs:	hosts named in attributes, in document order
 */
struct ctl_build {
	struct ctl_xml *xml;
	struct ctl_arena *arena;
	struct ctl_recipe *recipe;
	struct ctl_diag *diag;
	struct ctl_call_link *calls, **last_call;
	struct ctl_host_ref *refs, **last_ref;
};

/**
 * ctl_build_tree() - Fill structs from a tree
 * @b:		@xml, @arena and @diag are given; the lists are made
 * @def:	what the root element is
 * @object:	the struct that it fills
 *
 * Return: 0, also after errors in @b->diag; -ENOMEM.
 */
int ctl_build_tree(struct ctl_build *b, const struct ctl_elem_def *def, void *object);

/**
 * ctl_devices_settle() - Give each interface its place in its host, and look slaves up
 * @b:		built recipe
 * @quiet:	an error hides names: say nothing of slaves that are not found
 *
 * What stands in a <veth_pair> or an <ovs_bridge> becomes an interface of the host.
 * Return: 0, also after errors in @b->diag; -ENOMEM.
 */
int ctl_devices_settle(struct ctl_build *b, bool quiet);

/**
 * ctl_check_recipe() - Check ids, references, functions, shared addresses and background commands
 * @b:		built recipe; references are resolved
 *
 * Where an error hides names (struct ctl_xml_elem.hole), what may only be a consequence of it is
 * not reported.
 * Return: 0, also after errors in @b->diag; -ENOMEM.
 */
int ctl_check_recipe(struct ctl_build *b);

/**
 * ctl_check_tasks() - Check the sequence of background commands in each task
 * @b:		recipe with its hosts resolved; the targets of wait, intr and kill are set
 *
 * Return: 0, also after errors in @b->diag; -ENOMEM.
 */
int ctl_check_tasks(struct ctl_build *b);

#endif
