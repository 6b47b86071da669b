/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tool.h - tools: folders of programs that commands and modules run in a host */
#ifndef CONTROLLER_RUN_TOOL_H
#define CONTROLLER_RUN_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/recipe/recipe.h"
#include "netlab/keeper/client.h"

/**
 * DOC: tools
 *
 * A tool is a folder. It is copied to the hosts that use it, named by a digest over all of its files, so an edited file
 * makes another tool, of which only that file is sent. If the folder has a CTL_TOOL_SETUP, that is run in the host once
 * for each digest: it compiles what is there as source. A command with from="NAME" runs in the tool's folder; a module
 * that declares "tool NAME" finds the folder's path in the environment variable NETLAB_TOOL_NAME.
 */
#define CTL_TOOL_SETUP "lnst-setup.sh"
#define CTL_TOOL_ENV   "NETLAB_TOOL_"

/* The folder with netlab_module.py, which Python modules import. */
#define CTL_TOOL_PYTHON "netlab_module"

/**
 * struct ctl_tool - a tool that a recipe uses
 * @name:	its name
 * @dir:	the tools_dir of the task that it was looked for; NULL = none; owned
 * @path:	its folder; owned; NULL = it was not found
 * @tree:	what is in it
 * @setup:	it has a CTL_TOOL_SETUP
 * @host_paths:	for each host of the recipe: its folder there, ready for use; NULL = not there yet; owned
 * @src:	who names it first
 */
struct ctl_tool {
	char *name, *dir, *path;
	struct lab_tree tree;
	bool setup;
	char **host_paths;
	struct lab_src src;
};

struct ctl_modules;

/**
 * ctl_tools_add() - Find a tool
 * @mods:	what the recipe uses; the tool is added, unless it is there
 * @task:	the task that uses it
 * @name:	its name
 * @src:	who names it, for messages (copied; its file name is borrowed)
 * @ret:	the tool (borrowed), on success; may be NULL
 * @diag:	an error is added when it is not there (with the nearest name), or cannot be read
 *
 * Context: reads all of its files.
 * Return: 0 or -errno. Errors: -ENOENT or -EINVAL, reported; -ENOMEM.
 */
int ctl_tools_add(struct ctl_modules *mods, const struct ctl_task *task, const char *name,
		  const struct lab_src *src, struct ctl_tool **ret, struct ctl_diag *diag);

/**
 * ctl_tools_get() - Look a tool up
 * @mods:	what the recipe uses
 * @task:	the task that uses it
 * @name:	its name
 *
 * Return: the tool (borrowed) or NULL.
 */
struct ctl_tool *ctl_tools_get(const struct ctl_modules *mods, const struct ctl_task *task,
			       const char *name);

/**
 * ctl_tool_reread() - Read a tool's files again, because one of them has changed
 * @tool:	tool; if it is another one now, no host has it
 * @n_hosts:	hosts of the recipe
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int ctl_tool_reread(struct ctl_tool *tool, size_t n_hosts, struct lab_err *err);

/**
 * ctl_tools_fini() - Release all tools
 * @mods:	what the recipe uses
 */
void ctl_tools_fini(struct ctl_modules *mods);

#endif
