/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_lab.c - for tests of runs: a recipe, a fake keeper, and what came out */
#include "tests/unit/run_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"
#include "tests/unit/scratch.h"

int run_lab_setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	assert_int_equal(lab_loop_new(&lab->loop), 0);
	fake_keeper_start(&lab->keeper, lab->loop, &lab->client);
	(void)snprintf(lab->dir, sizeof(lab->dir), "/tmp/test-run.XXXXXX");
	assert_non_null(mkdtemp(lab->dir));
	*state = lab;
	return 0;
}

static void forget_recipe(struct lab *lab)
{
	ctl_run_result_fini(&lab->result);
	ctl_modules_fini(&lab->modules);
	lab_topo_free(lab->topo);
	ctl_recipe_free(lab->recipe);
	ctl_diag_fini(&lab->diag);
	lab_strbuf_fini(&lab->events);
	lab->topo = NULL;
	lab->recipe = NULL;
}

int run_lab_teardown(void **state)
{
	struct lab *lab = *state;

	lab_client_free(lab->client);
	fake_keeper_stop(&lab->keeper);
	forget_recipe(lab);
	lab_loop_free(lab->loop);
	scratch_remove(lab->dir);
	free(lab);
	return 0;
}

void add_module(const struct lab *lab, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static void print_diag(const struct ctl_diag *diag)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_diag_format(diag, &sb);
	if (sb.len)
		print_message("%s", lab_strbuf_str(&sb));
}

void load_recipe(struct lab *lab, const char *text)
{
	int r;

	forget_recipe(lab);
	r = ctl_recipe_load_mem("t.xml", text, strlen(text), NULL, &lab->recipe, &lab->diag);
	if (r < 0)
		print_diag(&lab->diag);
	assert_int_equal(r, 0);
	assert_int_equal(ctl_match_topo(lab->recipe, "t", NULL, NULL, &lab->topo, &lab->diag), 0);
}

static void on_synced(const char *host, size_t n_files, size_t n_sent, uint64_t us, void *user)
{
	struct lab *lab = user;

	(void)us;
	lab_strbuf_printf(&lab->events, "synced %s %zu/%zu;", host, n_sent, n_files);
}

static void on_task_start(const struct ctl_task_result *t, void *user)
{
	struct lab *lab = user;

	lab_strbuf_printf(&lab->events, "task %zu;", t->index);
}

static void on_command_start(const struct ctl_command_result *c, void *user)
{
	struct lab *lab = user;

	lab_strbuf_printf(&lab->events, "start %zu;", c->index);
}

static void on_command_end(const struct ctl_command_result *c, void *user)
{
	struct lab *lab = user;

	lab_strbuf_printf(&lab->events, "%s %zu;", ctl_verdict_name(c->verdict), c->index);
}

static void on_task_end(const struct ctl_task_result *t, void *user)
{
	struct lab *lab = user;

	lab_strbuf_printf(&lab->events, "task %s;", ctl_verdict_name(t->verdict));
}

static void on_note(const char *text, void *user)
{
	struct lab *lab = user;

	lab_strbuf_printf(&lab->events, "note %s;", text);
}

static const struct ctl_run_ops ops = {
	.synced = on_synced,
	.task_start = on_task_start,
	.command_start = on_command_start,
	.command_end = on_command_end,
	.note = on_note,
	.task_end = on_task_end,
};

int run_with(struct lab *lab, const struct ctl_scope *scope)
{
	const char *dirs[] = { lab->dir };
	const struct ctl_places places = {
		.module_dirs = dirs, .n_module_dirs = 1, .tool_dirs = dirs, .n_tool_dirs = 1
	};
	struct ctl_run_params params = {
		.loop = lab->loop,
		.client = lab->client,
		.recipe = lab->recipe,
		.scope = scope,
		.modules = &lab->modules,
		.ops = &ops,
		.user = lab,
		.cancel = &lab->cancel,
	};
	int r;

	r = ctl_modules_find(lab->recipe, &places, &lab->modules, &lab->diag);
	if (r < 0)
		print_diag(&lab->diag);
	assert_int_equal(r, 0);
	return ctl_run(&params, &lab->result, &lab->err);
}

int run_recipe(struct lab *lab, const char *text)
{
	struct ctl_scope scope;

	load_recipe(lab, text);
	ctl_match_scope(lab->topo, &scope);
	return run_with(lab, &scope);
}

const struct ctl_command_result *command_of(const struct lab *lab, size_t i)
{
	assert_true(i < lab->result.tasks[0].n_commands);
	return lab->result.tasks[0].commands[i];
}

void verdict_is(const struct lab *lab, size_t i, enum ctl_verdict verdict, const char *message)
{
	const struct ctl_command_result *c = command_of(lab, i);

	if (c->verdict != verdict)
		print_message("command %zu: %s\n", i, c->message);
	assert_int_equal(c->verdict, verdict);
	assert_string_equal(c->message, message);
}

void stdout_is(const struct lab *lab, size_t i, const char *text)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	assert_non_null(command_of(lab, i)->job);
	ctl_output_text(&command_of(lab, i)->job->out, &sb);
	assert_string_equal(lab_strbuf_str(&sb), text);
}
