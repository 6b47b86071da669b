/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe.c - reads a recipe: the file, and the steps from its bytes to a struct ctl_recipe */
#include "controller/recipe/recipe.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/recipe/alias.h"
#include "controller/recipe/arena.h"
#include "controller/recipe/build.h"
#include "controller/recipe/grammar.h"
#include "controller/recipe/text.h"
#include "controller/recipe/xml.h"
#include "netlab/base/util.h"

enum { READ_FIRST = 64 << 10, LAB_NAME_MAX = 63 };

static int file_error(const char *path, int code, struct ctl_diag *diag)
{
	struct lab_src src = { .file = path };
	struct lab_err err;

	(void)lab_err_errno(&err, code, "cannot be read");
	(void)ctl_diag_error(diag, &src, "%s", err.msg);
	return -code;
}

/* Read all, at most one byte over the limit; the size that a file claims is only a first guess. */
static int read_all(int fd, char **ret, size_t *ret_len)
{
	cleanup_free char *data = NULL;
	size_t len = 0, cap = READ_FIRST;
	struct stat st;
	char *bigger;
	ssize_t n;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size < (off_t)CTL_RECIPE_BYTES_MAX)
		cap = (size_t)st.st_size + 1;
	for (;;) {
		bigger = realloc(data, cap);
		if (!bigger)
			return -ENOMEM;
		data = bigger;
		n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (n == 0 || len > CTL_RECIPE_BYTES_MAX)
			break;
		if (len == cap)
			cap = LAB_MIN(cap * 2, (size_t)CTL_RECIPE_BYTES_MAX + 1);
	}
	*ret = take_ptr(&data);
	*ret_len = len;
	return 0;
}

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
	struct ctl_build b = { .xml = xml, .recipe = recipe, .diag = diag };
	int r;

	r = ctl_alias_expand(xml, params, diag);
	if (r == 0)
		r = ctl_schema_check_root(xml, diag);
	if (r == 0)
		r = ctl_build_recipe(&b);
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

static int load(const char *data, size_t len, const struct ctl_recipe_params *params,
		struct ctl_recipe *recipe, struct ctl_diag *diag)
{
	unsigned int before = diag->n_errors;
	struct ctl_xml *xml;
	int r;

	r = ctl_xml_parse(recipe->file, data, len, &xml, diag);
	if (r == 0) {
		r = make(xml, params, recipe, diag);
		ctl_xml_free(xml);
	}
	if (r == 0 && diag->n_errors > before)
		r = -EINVAL;
	return r;
}

int ctl_recipe_load_mem(const char *name, const void *data, size_t len,
			const struct ctl_recipe_params *params, struct ctl_recipe **ret,
			struct ctl_diag *diag)
{
	struct ctl_recipe *recipe = new_recipe(name);
	int r;

	if (!recipe)
		return -ENOMEM;
	r = load(data, len, params, recipe, diag);
	ctl_diag_sort(diag);
	if (r < 0) {
		ctl_recipe_free(recipe);
		return r;
	}
	*ret = recipe;
	return 0;
}

int ctl_recipe_load(const char *path, const struct ctl_recipe_params *params,
		    struct ctl_recipe **ret, struct ctl_diag *diag)
{
	cleanup_free char *data = NULL;
	cleanup_close int fd = -1;
	size_t len;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return file_error(path, errno, diag);
	r = read_all(fd, &data, &len);
	if (r < 0)
		return file_error(path, -r, diag);
	return ctl_recipe_load_mem(path, data, len, params, ret, diag);
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
		[CTL_COMMAND_CTL_WAIT] = "ctl_wait",
	};

	return names[kind];
}
