/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tool.c - tools: folders of programs that commands and modules run in a host */
#include "controller/run/tool.h"

#include <string.h>

#include "controller/run/find.h"
#include "controller/run/module.h"
#include "netlab/base/util.h"

enum { DIRS_MAX = 64 };

static char *task_dir(const struct ctl_task *task)
{
	return task->tools_dir ? ctl_search_relative(task->tools_dir, &task->tools_dir_src) : NULL;
}

static struct ctl_tool *get(const struct ctl_modules *mods, const char *dir, const char *name)
{
	size_t i;

	for (i = 0; i < mods->n_tools; i++) {
		struct ctl_tool *t = mods->tools[i];

		if (strcmp(t->name, name) == 0 &&
		    (t->dir && dir ? strcmp(t->dir, dir) == 0 : !t->dir && !dir))
			return t;
	}
	return NULL;
}

struct ctl_tool *ctl_tools_get(const struct ctl_modules *mods, const struct ctl_task *task,
			       const char *name)
{
	cleanup_free char *dir = task_dir(task);

	return task->tools_dir && !dir ? NULL : get(mods, dir, name);
}

static int locate(const struct ctl_places *places, struct ctl_tool *t, struct ctl_diag *diag)
{
	const char *dirs[DIRS_MAX + 2];
	struct ctl_search s = { .what = "tool", .dirs = dirs };
	size_t i;

	dirs[s.n_dirs++] = t->dir;
	for (i = 0; i < places->n_tool_dirs && i < DIRS_MAX; i++)
		dirs[s.n_dirs++] = places->tool_dirs[i];
	dirs[s.n_dirs++] = places->own_tools;
	return ctl_search_find(&s, t->name, &t->src, &t->path, diag);
}

static int read_tree(struct ctl_tool *t, struct lab_tree *tree, struct lab_err *err)
{
	size_t i;
	int r;

	r = lab_tree_read(t->path, tree, err);
	if (r < 0)
		return lab_err_prefix(err, r, "tool '%s': %s: ", t->name, t->path);
	if (!tree->n_files)
		return lab_err_set(err, EINVAL, "tool '%s': %s: an empty folder", t->name, t->path);
	t->setup = false;
	for (i = 0; i < tree->n_files; i++)
		t->setup |= strcmp(tree->files[i].path, CTL_TOOL_SETUP) == 0;
	return 0;
}

static int new_item(struct ctl_modules *mods, struct ctl_tool **ret)
{
	struct ctl_tool **items, *t;

	items = reallocarray(mods->tools, mods->n_tools + 1, sizeof(struct ctl_tool *));
	if (!items)
		return -ENOMEM;
	mods->tools = items;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	items[mods->n_tools++] = t;
	*ret = t;
	return 0;
}

static int find(struct ctl_modules *mods, struct ctl_tool *t, struct ctl_diag *diag)
{
	struct lab_err err = { 0 };
	int r;

	t->host_paths = calloc(mods->n_hosts + 1, sizeof(char *));
	if (!t->host_paths)
		return -ENOMEM;
	r = locate(&mods->places, t, diag);
	if (r < 0)
		return r;
	r = read_tree(t, &t->tree, &err);
	if (r == 0)
		return 0;
	free(t->path);
	t->path = NULL;
	return r == -ENOMEM ? r : ctl_diag_err(diag, &err, &t->src);
}

int ctl_tools_add(struct ctl_modules *mods, const struct ctl_task *task, const char *name,
		  const struct lab_src *src, struct ctl_tool **ret, struct ctl_diag *diag)
{
	cleanup_free char *dir = task_dir(task), *copy = strdup(name);
	struct ctl_tool *t;
	int r;

	if (!copy || (task->tools_dir && !dir))
		return -ENOMEM;
	t = get(mods, dir, name);
	if (!t) {
		r = new_item(mods, &t);
		if (r < 0)
			return r;
		t->name = take_ptr(&copy);
		t->dir = take_ptr(&dir);
		t->src = *src;
		r = find(mods, t, diag);
		if (r < 0)
			return r;
	}
	/* Reported before. */
	if (!t->path)
		return -ENOENT;
	if (ret)
		*ret = t;
	return 0;
}

static void forget_hosts(struct ctl_tool *t, size_t n_hosts)
{
	size_t i;

	for (i = 0; t->host_paths && i < n_hosts; i++) {
		free(t->host_paths[i]);
		t->host_paths[i] = NULL;
	}
}

int ctl_tool_reread(struct ctl_tool *tool, size_t n_hosts, struct lab_err *err)
{
	struct lab_tree tree = { .files = NULL };
	int r = read_tree(tool, &tree, err);

	if (r < 0) {
		lab_tree_fini(&tree);
		return r;
	}
	if (strcmp(tree.digest, tool->tree.digest) != 0)
		forget_hosts(tool, n_hosts);
	lab_tree_fini(&tool->tree);
	tool->tree = tree;
	return 0;
}

void ctl_tools_fini(struct ctl_modules *mods)
{
	size_t i;

	for (i = 0; i < mods->n_tools; i++) {
		struct ctl_tool *t = mods->tools[i];

		forget_hosts(t, mods->n_hosts);
		free(t->host_paths);
		lab_tree_fini(&t->tree);
		free(t->name);
		free(t->dir);
		free(t->path);
		free(t);
	}
	free(mods->tools);
	mods->tools = NULL;
	mods->n_tools = 0;
}
