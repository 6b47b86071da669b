/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_recipe.c - any bytes as a recipe: loaded, matched, its values expanded, and all released */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/match/match.h"
#include "controller/recipe/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expand(const struct ctl_value *value, const struct ctl_scope *scope)
{
	struct lab_err err;
	char *text = NULL;

	if (value->text && ctl_value_expand(value, scope, &text, &err) == 0)
		free(text);
}

/* Everything that a run would read: whatever was loaded must be sound. */
static void use(const struct ctl_recipe *recipe, const struct lab_topo *topo)
{
	struct ctl_scope scope;
	size_t t, c, o;

	ctl_match_scope(topo, &scope);
	for (t = 0; t < recipe->n_tasks; t++) {
		const struct ctl_task *task = &recipe->tasks[t];

		for (c = 0; c < task->n_commands; c++) {
			const struct ctl_command *command = &task->commands[c];

			expand(&command->command, &scope);
			expand(&command->desc, &scope);
			for (o = 0; o < command->n_options; o++)
				expand(&command->options[o].value, &scope);
			expand(&command->setting.path, &scope);
			expand(&command->setting.value, &scope);
			for (o = 0; o < command->n_settings; o++) {
				expand(&command->settings[o].path, &scope);
				expand(&command->settings[o].value, &scope);
			}
			if (command->kind != CTL_COMMAND_CTL_WAIT &&
			    command->host >= recipe->n_hosts)
				abort();
			if (command->kind != CTL_COMMAND_CTL_WAIT &&
			    command->kind != CTL_COMMAND_RUN &&
			    command->kind != CTL_COMMAND_CONFIG &&
			    (command->target >= c ||
			     task->commands[command->target].kind != CTL_COMMAND_RUN))
				abort();
		}
	}
}

/* What can be included: the parts of the input, between bytes 0, named 0, 1, 2 and so on. */
struct parts {
	const uint8_t *data;
	size_t size;
};

static size_t part_len(const struct parts *p, size_t begin)
{
	const uint8_t *end = memchr(p->data + begin, 0, p->size - begin);

	return end ? (size_t)(end - p->data) - begin : p->size - begin;
}

static int read_part(void *user, const char *path, struct ctl_bytes *ret)
{
	const struct parts *p = user;
	size_t begin = 0, len = p->size ? part_len(p, 0) : 0;
	char n;

	if (strlen(path) != 1)
		return -ENOENT;
	for (n = '0'; n < *path && begin + len < p->size; n++) {
		begin += len + 1;
		len = begin < p->size ? part_len(p, begin) : 0;
	}
	if (n != *path)
		return -ENOENT;
	ret->data = malloc(len + 1);
	ret->key = strdup(path);
	if (!ret->data || !ret->key)
		abort();
	if (len)
		memcpy(ret->data, p->data + begin, len);
	ret->len = len;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { data, size };
	static const struct ctl_alias weak[] = { { "weak", "1" } },
				      strong[] = { { "strong", "{$weak}" } };
	const struct ctl_recipe_params params = { .defines = weak,
						  .n_defines = 1,
						  .overrides = strong,
						  .n_overrides = 1,
						  .for_run = true,
						  .read = read_part,
						  .user = &parts };
	struct lab_strbuf said = LAB_STRBUF_INIT;
	struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *recipe = NULL;
	struct lab_topo *topo = NULL;
	int r;

	r = ctl_recipe_load_mem("0", data, size ? part_len(&parts, 0) : 0, &params, &recipe, &diag);
	if (r == 0)
		r = ctl_match_topo(recipe, NULL, NULL, NULL, &topo, &diag);
	if (r == 0)
		use(recipe, topo);
	else if (!diag.n_errors)
		abort();
	ctl_diag_format(&diag, &said);
	lab_strbuf_fini(&said);
	lab_topo_free(topo);
	ctl_recipe_free(recipe);
	ctl_diag_fini(&diag);
	return 0;
}
