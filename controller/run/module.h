/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module.h - test modules: where they are, what they need, how they are given their options */
#ifndef CONTROLLER_RUN_MODULE_H
#define CONTROLLER_RUN_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/recipe/recipe.h"
#include "netlab/keeper/client.h"
#include "netlab/rpc/json.h"

/**
 * struct ctl_module - a module that a recipe uses
 * @name:	its name in the recipe
 * @path:	the executable; owned
 * @own:	it is netlab's own, not one of the user's folders
 * @file:	its content, for lab_client_sync(); path and name are those above
 * @src:	where the recipe names it first
 */
struct ctl_module {
	char *name, *path;
	bool own;
	struct lab_file file;
	struct lab_src src;
};

/**
 * struct ctl_modules - all modules of a recipe, each once, in the order in which they are named
 * @items:	modules
 * @n_items:	how many
 */
struct ctl_modules {
	struct ctl_module *items;
	size_t n_items;
};

/**
 * ctl_modules_find() - Find the modules of a recipe and name their content
 * @recipe:	recipe (places are borrowed from it)
 * @dirs:	folders, searched in this order for an executable file NAME, NAME.py or NAME.sh
 * @n_dirs:	how many
 * @own_dir:	netlab's own folder, searched last; may be NULL
 * @ret:	written; release with ctl_modules_fini(), also after a failure
 * @diag:	an error is added for each module that is not there (with the nearest name), cannot
 *		be executed or read
 *
 * Context: reads the files; needs no lab.
 * Return: 0 or -errno. Errors: -ENOENT or -EINVAL with at least one error in @diag; -ENOMEM.
 */
int ctl_modules_find(const struct ctl_recipe *recipe, const char *const *dirs, size_t n_dirs,
		     const char *own_dir, struct ctl_modules *ret, struct ctl_diag *diag);

/**
 * ctl_modules_fini() - Release modules
 * @mods:	may be zeroed; left zeroed
 */
void ctl_modules_fini(struct ctl_modules *mods);

/**
 * ctl_modules_get() - Look a module up
 * @mods:	modules
 * @name:	its name
 *
 * Return: the module (borrowed) or NULL.
 */
struct ctl_module *ctl_modules_get(const struct ctl_modules *mods, const char *name);

/**
 * ctl_modules_check() - Are the programs there that netlab's own modules need
 * @mods:	modules of a recipe
 * @path:	folders separated by ':', as PATH; NULL or "" = the default of execvp(3)
 * @diag:	an error is added for each missing program; it names the package
 *
 * For hosts that see the machine's own files.
 * Return: 0, or -ENOSYS when one is missing.
 */
int ctl_modules_check(const struct ctl_modules *mods, const char *path, struct ctl_diag *diag);

/**
 * ctl_module_options() - Evaluate a module's options now
 * @command:	RUN command with a module
 * @scope:	answers functions
 * @ret:	object of strings, arrays of strings where an option was repeated; new reference, on
 *		success
 * @err:	filled on failure, with the place; may be NULL
 *
 * Return: 0 or -errno.
 * Source: docs/modules.md.
 */
int ctl_module_options(const struct ctl_command *command, const struct ctl_scope *scope,
		       json_t **ret, struct lab_err *err);

/**
 * ctl_module_text() - Write a module and its options as one line of text
 * @command:	RUN command with a module
 * @options:	object made by ctl_module_options()
 * @sb:		appended: "IcmpPing addr=10.0.0.2 count=3"
 */
void ctl_module_text(const struct ctl_command *command, json_t *options, struct lab_strbuf *sb);

#endif
