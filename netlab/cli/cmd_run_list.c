/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_run_list.c - which recipes netlab run runs, how often and in which order */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"
#include "netlab/cli/cmd_run.h"

static int no_memory(const struct lab_cli *cli)
{
	struct lab_err err;

	(void)lab_err_errno(&err, ENOMEM, "recipes");
	lab_cli_error(cli, &err);
	return LAB_EXIT_LACKS;
}

/* @path is moved, also on failure. */
static int add(const struct lab_cli *cli, struct lab_run_list *list, char *path)
{
	char **paths = NULL;

	if (list->n == LAB_RUN_LIST_MAX) {
		free(path);
		return lab_cli_usage_error(cli, "more than %zu recipes at once", LAB_RUN_LIST_MAX);
	}
	if (path)
		paths = reallocarray(list->paths, list->n + 1, sizeof(*paths));
	if (!paths) {
		free(path);
		return no_memory(cli);
	}
	list->paths = paths;
	list->paths[list->n++] = path;
	return 0;
}

static int is_recipe(const struct dirent *de)
{
	const char *dot = strrchr(de->d_name, '.');

	return de->d_name[0] != '.' && dot && strcmp(dot, ".xml") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A folder stands for the recipes in it, not for those in its folders. */
static int add_folder(const struct lab_cli *cli, struct lab_run_list *list, const char *folder)
{
	size_t len = strlen(folder);
	struct dirent **found = NULL;
	struct lab_err err;
	int n, i, code = 0;

	n = scandir(folder, &found, is_recipe, by_bytes);
	if (n < 0) {
		(void)lab_err_errno(&err, errno, "%s: cannot be read", folder);
		lab_cli_error(cli, &err);
		return LAB_EXIT_USAGE;
	}
	while (len > 1 && folder[len - 1] == '/')
		len--;
	for (i = 0; i < n; i++) {
		char *path = NULL;

		if (code == 0 && asprintf(&path, "%.*s/%s", (int)len, folder, found[i]->d_name) < 0)
			path = NULL;
		if (code == 0)
			code = add(cli, list, path);
		free(found[i]);
	}
	free(found);
	if (n == 0) {
		(void)lab_err_set(&err, ENOENT, "%s: no recipe (*.xml) in this folder", folder);
		lab_cli_error(cli, &err);
		return LAB_EXIT_USAGE;
	}
	return code;
}

static int add_operands(const struct lab_cli *cli, char **operands, struct lab_run_list *list)
{
	struct stat st;
	int code = 0;

	for (; *operands && code == 0; operands++) {
		if (stat(*operands, &st) == 0 && S_ISDIR(st.st_mode))
			code = add_folder(cli, list, *operands);
		else
			code = add(cli, list, strdup(*operands));
	}
	return code;
}

/* SplitMix64: the same order from the same seed on every machine. Source: Steele, Lea, Flood, OOPSLA 2014, figure 17. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Below @n without the lean to small numbers that a remainder alone has. */
static uint64_t random_below(uint64_t *state, uint64_t n)
{
	uint64_t limit = UINT64_MAX - UINT64_MAX % n, r;

	do
		r = next_random(state);
	while (r >= limit);
	return r % n;
}

void lab_run_shuffle(char **paths, size_t n, uint64_t *state)
{
	while (n > 1) {
		size_t k = (size_t)random_below(state, n--);
		char *path = paths[k];

		paths[k] = paths[n];
		paths[n] = path;
	}
}

int lab_run_list_make(const struct lab_cli *cli, const struct lab_run_args *args, char **operands,
		      struct lab_run_list *ret)
{
	uint64_t state = args->seed;
	size_t once, i;
	unsigned int round;
	int code;

	*ret = (struct lab_run_list){ 0 };
	code = add_operands(cli, operands, ret);
	once = ret->n;
	for (round = 1; round < args->repeat && code == 0; round++) {
		for (i = 0; i < once && code == 0; i++)
			code = add(cli, ret, strdup(ret->paths[i]));
	}
	/* Each round has an order of its own, and has each recipe once. */
	for (i = 0; args->shuffle && code == 0 && i < ret->n; i += once)
		lab_run_shuffle(ret->paths + i, once, &state);
	if (code != 0)
		lab_run_list_fini(ret);
	return code;
}

void lab_run_list_fini(struct lab_run_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct lab_run_list){ 0 };
}
