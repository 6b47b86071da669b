/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe.c - reads a recipe: the file, and the steps from its bytes to a struct ctl_recipe */
#include "controller/recipe/recipe.h"

#include <string.h>

#include "controller/recipe/alias.h"
#include "controller/recipe/arena.h"
#include "controller/recipe/build.h"
#include "controller/recipe/file.h"
#include "controller/recipe/grammar.h"
#include "controller/recipe/include.h"
#include "controller/recipe/text.h"
#include "controller/recipe/xml.h"
#include "netlab/base/util.h"

enum { LAB_NAME_MAX = 63 };

/* The name of the file without its folder and its extension, fit for a lab. */
static char *name_from_file(struct ctl_arena *arena, const char *file)
{
	const char *base = strrchr(file, '/'), *dot;
	char *name;
	size_t len, i;

	base = base ? base + 1 : file;
	while (*base && strchr("-._", *base))
		base++;
	dot = strrchr(base, '.');
	len = dot ? (size_t)(dot - base) : strlen(base);
	if (!len)
		return ctl_arena_strndup(arena, "recipe", strlen("recipe"));
	name = ctl_arena_strndup(arena, base, LAB_MIN(len, (size_t)LAB_NAME_MAX));
	for (i = 0; name && name[i]; i++) {
		if (!ctl_is_word(name[i]) && name[i] != '.' && name[i] != '-')
			name[i] = i ? '-' : 'x';
	}
	return name;
}

static struct ctl_recipe *new_recipe(const char *file)
{
	struct ctl_arena *arena = ctl_arena_new();
	struct ctl_recipe *recipe;

	recipe = arena ? ctl_arena_alloc(arena, 1, sizeof(*recipe)) : NULL;
	if (recipe) {
		recipe->arena = arena;
		recipe->file = ctl_arena_strndup(arena, file, strlen(file));
	}
	if (recipe && recipe->file)
		return recipe;
	ctl_arena_free(arena);
	return NULL;
}

static int make(struct ctl_xml *xml, const struct ctl_recipe_params *params,
		struct ctl_recipe *recipe, struct ctl_diag *diag)
{
	struct ctl_build b = { .xml = xml, .arena = recipe->arena, .recipe = recipe, .diag = diag };
	int r;

	r = ctl_include_expand(xml, params, recipe->arena, diag);
	if (r == 0)
		r = ctl_alias_expand(xml, params, recipe, diag);
	if (r == 0)
		r = ctl_schema_check_root(xml, &ctl_grammar_recipe, diag);
	if (r == 0)
		r = ctl_build_tree(&b, ctl_grammar_recipe.def, recipe);
	if (r == 0)
		r = ctl_check_recipe(&b);
	if (r < 0)
		return r;
	if (params && params->for_run && !recipe->n_tasks)
		ctl_diag_note(diag, &recipe->src,
			      "no <task> in this recipe: there is nothing to run");
	if (!recipe->name)
		recipe->name = name_from_file(recipe->arena, recipe->file);
	return recipe->name ? 0 : -ENOMEM;
}

static int load(const struct ctl_bytes *bytes, const struct ctl_recipe_params *params,
		struct ctl_recipe *recipe, struct ctl_diag *diag)
{
	unsigned int before = diag->n_errors;
	struct ctl_xml *xml;
	int r;

	r = ctl_xml_parse(recipe->file, bytes->data, bytes->len, &xml, diag);
	if (r == 0) {
		xml->files[0]->key = bytes->key;
		r = make(xml, params, recipe, diag);
		ctl_xml_free(xml);
	}
	if (r == 0 && diag->n_errors > before)
		r = -EINVAL;
	return r;
}

static int load_bytes(const char *name, const struct ctl_bytes *bytes,
		      const struct ctl_recipe_params *params, struct ctl_recipe **ret,
		      struct ctl_diag *diag)
{
	struct ctl_recipe *recipe = new_recipe(name);
	int r;

	if (!recipe)
		return -ENOMEM;
	r = load(bytes, params, recipe, diag);
	ctl_diag_sort(diag);
	if (r < 0) {
		ctl_recipe_free(recipe);
		return r;
	}
	*ret = recipe;
	return 0;
}

int ctl_recipe_load_mem(const char *name, const void *data, size_t len,
			const struct ctl_recipe_params *params, struct ctl_recipe **ret,
			struct ctl_diag *diag)
{
	/* Only read, and never freed. */
	const struct ctl_bytes bytes = { .data = (char *)data, .len = len, .key = (char *)name };

	return load_bytes(name, &bytes, params, ret, diag);
}

int ctl_recipe_load(const char *path, const struct ctl_recipe_params *params,
		    struct ctl_recipe **ret, struct ctl_diag *diag)
{
	struct ctl_bytes bytes;
	int r;

	r = ctl_file_read(path, false, &bytes);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return ctl_file_error(path, -r, diag);
	r = load_bytes(path, &bytes, params, ret, diag);
	free(bytes.data);
	free(bytes.key);
	return r;
}

void ctl_recipe_free(struct ctl_recipe *recipe)
{
	if (recipe)
		ctl_arena_free(recipe->arena);
}

long ctl_recipe_find_host(const struct ctl_recipe *recipe, const char *id)
{
	size_t h;

	for (h = 0; h < recipe->n_hosts; h++) {
		if (!strcmp(recipe->hosts[h].id, id))
			return (long)h;
	}
	return -ENOENT;
}

long ctl_recipe_find_iface(const struct ctl_host *host, const char *id)
{
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		if (!strcmp(host->ifaces[i].id, id))
			return (long)i;
	}
	return -ENOENT;
}

const char *ctl_command_name(enum ctl_command_kind kind)
{
	static const char *const names[CTL_COMMAND_KIND_MAX_] = {
		[CTL_COMMAND_RUN] = "run",           [CTL_COMMAND_WAIT] = "wait",
		[CTL_COMMAND_INTR] = "intr",         [CTL_COMMAND_KILL] = "kill",
		[CTL_COMMAND_CTL_WAIT] = "ctl_wait", [CTL_COMMAND_CONFIG] = "config",
	};

	return names[kind];
}
