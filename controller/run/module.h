/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module.h - test modules: where they are, what they need, how they are given their options */
#ifndef CONTROLLER_RUN_MODULE_H
#define CONTROLLER_RUN_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/recipe/recipe.h"
#include "controller/run/about.h"
#include "controller/run/tool.h"
#include "netlab/keeper/client.h"
#include "netlab/rpc/json.h"

/**
 * struct ctl_places - where modules and tools are looked for; all borrowed as long as it is used
 * @module_dirs: folders, searched in this order for an executable file NAME, NAME.py or NAME.sh
 * @n_module_dirs: how many
 * @own_modules: netlab's own folder, searched last; may be NULL
 * @tool_dirs:	folders, searched in this order for a folder NAME
 * @n_tool_dirs: how many
 * @own_tools:	netlab's own folder of tools, searched last; may be NULL
 *
 * The module_dir and the tools_dir of a task come before all of them.
 */
struct ctl_places {
	const char *const *module_dirs;
	size_t n_module_dirs;
	const char *own_modules;
	const char *const *tool_dirs;
	size_t n_tool_dirs;
	const char *own_tools;
};

/**
 * struct ctl_module - a module that a recipe uses
 * @name:	its name in the recipe
 * @dir:	the module_dir of the task that it was looked for; NULL = none; owned
 * @path:	the executable; owned
 * @about:	what it declares about itself
 * @python:	it is a script that imports netlab_module.py
 * @on_host:	for each host of the recipe: it has the file; owned
 * @file:	its content, for lab_client_sync(); path and name are those above
 * @src:	where the recipe names it first
 */
struct ctl_module {
	char *name, *dir, *path;
	struct ctl_about about;
	bool python, *on_host;
	struct lab_file file;
	struct lab_src src;
};

/**
 * struct ctl_modules - all modules and tools of a recipe, each once, in the order in which they are named
 * @places:	where they are looked for
 * @items:	modules; each stays where it is in memory
 * @n_items:	how many
 * @tools:	tools, likewise
 * @n_tools:	how many
 * @n_hosts:	hosts of the recipe
 */
struct ctl_modules {
	struct ctl_places places;
	struct ctl_module **items;
	size_t n_items;
	struct ctl_tool **tools;
	size_t n_tools;
	size_t n_hosts;
};

/**
 * ctl_modules_find() - Find the modules and tools of a recipe, name their content, read what they declare
 * @recipe:	recipe (places are borrowed from it)
 * @places:	where to look
 * @ret:	written; release with ctl_modules_fini(), also after a failure
 * @diag:	an error is added for each module or tool that is not there (with the nearest name), cannot
 *		be executed or read; a note for options that a module needs and does not get, or
 *		does not know
 *
 * Context: reads the files; needs no lab.
 * Return: 0 or -errno. Errors: -ENOENT, -EINVAL, or -ENOSYS for an interpreter that this machine
 * lacks, with at least one error in @diag; -ENOMEM.
 */
int ctl_modules_find(const struct ctl_recipe *recipe, const struct ctl_places *places,
		     struct ctl_modules *ret, struct ctl_diag *diag);

/**
 * ctl_modules_add() - Find one module more, while a recipe runs, and the tools that it runs
 * @mods:	modules of the recipe; the new one is added, unless it is there
 * @task:	the task that uses it
 * @name:	its name
 * @src:	who names it, for messages (copied; its file name is borrowed)
 * @ret:	the module (borrowed), on success
 * @diag:	as for ctl_modules_find()
 *
 * Return: as ctl_modules_find().
 */
int ctl_modules_add(struct ctl_modules *mods, const struct ctl_task *task, const char *name,
		    const struct lab_src *src, struct ctl_module **ret, struct ctl_diag *diag);

/**
 * ctl_modules_fini() - Release modules and tools
 * @mods:	may be zeroed; left zeroed
 */
void ctl_modules_fini(struct ctl_modules *mods);

/**
 * ctl_modules_get() - Look a module up
 * @mods:	modules
 * @task:	the task that uses it
 * @name:	its name
 *
 * Return: the module (borrowed) or NULL.
 */
struct ctl_module *ctl_modules_get(const struct ctl_modules *mods, const struct ctl_task *task,
				   const char *name);

/**
 * ctl_module_check() - Are the programs, and modules of the kernel, there that a module needs
 * @m:		module
 * @path:	as for ctl_modules_check()
 * @diag:	as for ctl_modules_check()
 *
 * Loads the kernel's, which only root may.
 * Return: 0, or -ENOSYS when one is missing.
 */
int ctl_module_check(const struct ctl_module *m, const char *path, struct ctl_diag *diag);

/**
 * ctl_modules_check() - Are the programs there that the modules need
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
