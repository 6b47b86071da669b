/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model.c - what is known of the recipes that were run, collected from events */
#include "controller/report/model.h"

#include <string.h>

#include "netlab/base/util.h"

const char *ctl_model_string(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

uint64_t ctl_model_number(const json_t *json, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(json, key));

	return value > 0 ? (uint64_t)value : 0;
}

static unsigned int small_number(const json_t *json, const char *key)
{
	return (unsigned int)LAB_MIN(ctl_model_number(json, key), (uint64_t)UINT32_MAX);
}

static bool is_true(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}

static enum ctl_verdict verdict_in(const json_t *json)
{
	const char *word = ctl_model_string(json, "verdict");

	if (word && strcmp(word, "pass") == 0)
		return CTL_VERDICT_PASS;
	if (word && strcmp(word, "fail") == 0)
		return CTL_VERDICT_FAIL;
	return CTL_VERDICT_NONE;
}

static enum ctl_event_kind kind_of(const char *name)
{
	static const char *const names[] = {
		[CTL_EVENT_START] = "start",
		[CTL_EVENT_RECIPE] = "recipe",
		[CTL_EVENT_ERROR] = "error",
		[CTL_EVENT_NOTE] = "note",
		[CTL_EVENT_PHASE] = "phase",
		[CTL_EVENT_MATCH] = "match",
		[CTL_EVENT_TOPOLOGY] = "topology",
		[CTL_EVENT_UP] = "up",
		[CTL_EVENT_SYNCED] = "synced",
		[CTL_EVENT_TASK_START] = "task_start",
		[CTL_EVENT_COMMAND_START] = "command_start",
		[CTL_EVENT_OUTPUT] = "output",
		[CTL_EVENT_COMMAND_END] = "command_end",
		[CTL_EVENT_TASK_OUTPUT] = "task_output",
		[CTL_EVENT_VALUES] = "values",
		[CTL_EVENT_TASK_END] = "task_end",
		[CTL_EVENT_VERDICT] = "verdict",
		[CTL_EVENT_KEPT] = "kept",
		[CTL_EVENT_DOWN] = "down",
		[CTL_EVENT_END] = "end",
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum ctl_event_kind)i;
	}
	return CTL_EVENT_OTHER;
}

/* --- release --- */

static void free_task(struct ctl_model_task *t)
{
	size_t i;

	for (i = 0; i < t->n_commands; i++) {
		json_decref(t->commands[i]->json);
		free(t->commands[i]);
	}
	free(t->commands);
	json_decref(t->hosts);
	json_decref(t->values);
	json_decref(t->json);
	free(t);
}

static void drop_tasks(struct ctl_model_recipe *r)
{
	size_t i;

	for (i = 0; i < r->n_tasks; i++)
		free_task(r->tasks[i]);
	free(r->tasks);
	r->tasks = NULL;
	r->n_tasks = 0;
}

static void free_recipe(struct ctl_model_recipe *r)
{
	size_t i;

	drop_tasks(r);
	for (i = 0; i < r->n_diags; i++)
		json_decref(r->diags[i].json);
	free(r->diags);
	json_decref(r->matched);
	json_decref(r->topology);
	json_decref(r->up);
	json_decref(r->end);
	json_decref(r->phase_json);
	json_decref(r->json);
	free(r);
}

void ctl_model_fini(struct ctl_model *model)
{
	size_t i;

	for (i = 0; i < model->n_recipes; i++)
		free_recipe(model->recipes[i]);
	free(model->recipes);
	json_decref(model->start);
	*model = (struct ctl_model){ 0 };
}

/* --- growth --- */

/* Room for one more pointer in an array that doubles when it is full. */
static int make_room(void *array, size_t n)
{
	void **p = array;
	void *grown;

	if (n & (n - 1))
		return 0;
	grown = reallocarray(*p, n ? 2 * n : 1, sizeof(void *));
	if (!grown)
		return -ENOMEM;
	*p = grown;
	return 0;
}

static void keep(json_t **where, json_t *json)
{
	json_decref(*where);
	*where = json_incref(json);
}

static int add_recipe(struct ctl_model *model, json_t *e, struct ctl_event *ret)
{
	const char *path = ctl_model_string(e, "recipe");
	struct ctl_model_recipe *r;

	if (!path)
		return -EPROTO;
	if (make_room(&model->recipes, model->n_recipes) < 0)
		return -ENOMEM;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->json = json_incref(e);
	r->run = (size_t)ctl_model_number(e, "run");
	r->path = path;
	r->match = 1;
	r->start_us = ctl_model_number(e, "time_us");
	model->recipes[model->n_recipes++] = r;
	ret->recipe = r;
	return 0;
}

static struct ctl_model_recipe *find_recipe(const struct ctl_model *model, const json_t *e)
{
	uint64_t run = ctl_model_number(e, "run");
	size_t i;

	/* Most events are about the one that began last. */
	for (i = model->n_recipes; i > 0; i--) {
		if (model->recipes[i - 1]->run == run)
			return model->recipes[i - 1];
	}
	return NULL;
}

static struct ctl_model_task *find_task(const struct ctl_model_recipe *r, const json_t *e)
{
	uint64_t number = ctl_model_number(e, "task");
	size_t i;

	for (i = r->n_tasks; i > 0; i--) {
		if (r->tasks[i - 1]->number == number)
			return r->tasks[i - 1];
	}
	return NULL;
}

static struct ctl_model_command *find_command(const struct ctl_model_task *t, uint64_t number)
{
	size_t i;

	for (i = t->n_commands; i > 0; i--) {
		if (t->commands[i - 1]->number == number)
			return t->commands[i - 1];
	}
	return NULL;
}

static int add_diag(struct ctl_model_recipe *r, json_t *e, bool is_error)
{
	struct ctl_model_diag *diags;
	const char *message = ctl_model_string(e, "message");

	if (!message)
		return -EPROTO;
	diags = reallocarray(r->diags, r->n_diags + 1, sizeof(*diags));
	if (!diags)
		return -ENOMEM;
	r->diags = diags;
	diags[r->n_diags++] = (struct ctl_model_diag){
		.json = json_incref(e),
		.is_error = is_error,
		.message = message,
		.file = ctl_model_string(e, "file"),
		.line = small_number(e, "line"),
		.col = small_number(e, "col"),
	};
	r->n_errors += is_error;
	return 0;
}

/* --- tasks and commands --- */

static void fill_task(struct ctl_model_task *t, json_t *e)
{
	keep(&t->json, e);
	t->label = ctl_model_string(e, "label");
	t->verdict = verdict_in(e);
	t->duration_us = ctl_model_number(e, "duration_us");
	t->passed = (size_t)ctl_model_number(e, "passed");
	t->failed = (size_t)ctl_model_number(e, "failed");
}

static int start_task(struct ctl_model_recipe *r, json_t *e, struct ctl_event *ret)
{
	struct ctl_model_task *t;

	if (make_room(&r->tasks, r->n_tasks) < 0)
		return -ENOMEM;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->number = (size_t)ctl_model_number(e, "task");
	t->expected = (size_t)ctl_model_number(e, "commands");
	t->hosts = json_incref(json_object_get(e, "hosts"));
	fill_task(t, e);
	r->tasks[r->n_tasks++] = t;
	ret->task = t;
	return 0;
}

static void set_stream(struct ctl_model_stream *s, const json_t *e, const char *key,
		       const char *total)
{
	const json_t *text = json_object_get(e, key);

	s->text = json_is_string(text) ? json_string_value(text) : "";
	s->len = json_string_length(text);
	s->total = LAB_MAX(ctl_model_number(e, total), (uint64_t)s->len);
}

/* Keep only the end of a stream, from the beginning of a character on; the event is a copy of ours. */
static void cut_stream(struct ctl_model_stream *s, json_t *e, const char *key, size_t max)
{
	size_t skip = s->len > max ? s->len - max : 0;
	json_t *rest;

	if (!skip)
		return;
	while (skip < s->len && ((unsigned char)s->text[skip] & 0xc0) == 0x80)
		skip++;
	rest = json_stringn_nocheck(s->text + skip, s->len - skip);
	/* Out of memory: then it stays whole. */
	if (!rest || json_object_set_new(e, key, rest) < 0)
		return;
	s->text = json_string_value(rest);
	s->len = json_string_length(rest);
}

static void fill_job(struct ctl_model_command *c)
{
	const json_t *status = json_object_get(c->json, "exit");

	c->has_job = json_object_get(c->json, "stdout") != NULL;
	c->timed_out = is_true(c->json, "timed_out");
	c->exit_status = json_is_integer(status) ? (int)json_integer_value(status) : -1;
	c->signal = ctl_model_string(c->json, "signal_name");
	c->data = json_object_get(c->json, "data");
	set_stream(&c->out, c->json, "stdout", "stdout_bytes");
	set_stream(&c->err, c->json, "stderr", "stderr_bytes");
}

static void fill_command(struct ctl_model_command *c, json_t *e)
{
	const char *expect = ctl_model_string(e, "expect");
	const char *message = ctl_model_string(e, "message");

	keep(&c->json, e);
	c->host = ctl_model_string(e, "host");
	c->netns = ctl_model_string(e, "netns");
	c->type = ctl_model_string(e, "type");
	if (!c->type)
		c->type = "run";
	c->module = ctl_model_string(e, "module");
	c->text = ctl_model_string(e, "text");
	c->desc = ctl_model_string(e, "desc");
	c->bg_id = ctl_model_string(e, "bg_id");
	c->message = message ? message : "";
	c->file = ctl_model_string(e, "file");
	c->line = small_number(e, "line");
	c->col = small_number(e, "col");
	c->background = is_true(e, "background");
	c->expect_fail = expect && strcmp(expect, "fail") == 0;
	c->verdict = verdict_in(e);
	c->start_us = ctl_model_number(e, "start_us");
	c->duration_us = ctl_model_number(e, "duration_us");
	c->wait_us = ctl_model_number(e, "wait_us");
	c->target = (size_t)ctl_model_number(e, "target");
	fill_job(c);
}

static int start_command(struct ctl_model_task *t, json_t *e, struct ctl_event *ret)
{
	struct ctl_model_command *c;

	if (make_room(&t->commands, t->n_commands) < 0)
		return -ENOMEM;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->number = (size_t)ctl_model_number(e, "command");
	c->task = t->number;
	fill_command(c, e);
	t->commands[t->n_commands++] = c;
	ret->command = c;
	return 0;
}

static int end_command(const struct ctl_model *model, struct ctl_model_command *c, json_t *e)
{
	/* The event itself goes on to others, whole. */
	json_t *copy = json_copy(e);
	bool drop;

	if (!copy)
		return -ENOMEM;
	fill_command(c, copy);
	json_decref(copy);
	c->ended = true;
	drop = model->lean && c->verdict == CTL_VERDICT_PASS;
	cut_stream(&c->out, copy, "stdout", drop ? 0 : CTL_OUTPUT_KEEP);
	cut_stream(&c->err, copy, "stderr", drop ? 0 : CTL_OUTPUT_KEEP);
	return 0;
}

/* --- the recipe's own events --- */

/* Commands that were not begun, of tasks that were. */
static size_t skipped_of(const struct ctl_model_recipe *r)
{
	size_t i, n = r->commands_run;

	for (i = 0; i < json_array_size(r->not_run); i++) {
		const json_t *t = json_array_get(r->not_run, i);
		const char *reason = ctl_model_string(t, "reason");

		if (!reason || strcmp(reason, "left_out") != 0)
			n += (size_t)ctl_model_number(t, "commands");
	}
	return r->commands_total > n ? r->commands_total - n : 0;
}

static void end_recipe(struct ctl_model_recipe *r, json_t *e)
{
	keep(&r->end, e);
	r->verdict = verdict_in(e);
	r->exit_code = (int)small_number(e, "exit_code");
	r->signo = (int)small_number(e, "signal");
	r->has_result = json_object_get(e, "tasks") != NULL;
	r->tasks_total = (size_t)ctl_model_number(e, "tasks");
	r->tasks_run = (size_t)ctl_model_number(e, "tasks_run");
	r->tasks_broken_off = (size_t)ctl_model_number(e, "tasks_broken_off");
	r->tasks_left_out = (size_t)ctl_model_number(e, "tasks_left_out");
	r->commands_total = (size_t)ctl_model_number(e, "commands");
	r->passed = (size_t)ctl_model_number(e, "passed");
	r->failed = (size_t)ctl_model_number(e, "failed");
	r->commands_run = (size_t)ctl_model_number(e, "commands_run");
	r->not_run = json_object_get(e, "tasks_not_run");
	r->commands_skipped = skipped_of(r);
	r->duration_us = ctl_model_number(e, "duration_us");
	r->tests_us = ctl_model_number(e, "tests_us");
	r->netlab_us = ctl_model_number(e, "netlab_us");
}

static int set_topology(const struct ctl_model *model, struct ctl_model_recipe *r, const json_t *e)
{
	json_t *topology = json_object_get(e, "topology");

	if (!json_is_object(topology))
		return -EPROTO;
	if (!model->lean)
		keep(&r->topology, topology);
	return 0;
}

static int add_values(struct ctl_model_task *t, json_t *e)
{
	if (!t->values)
		t->values = json_array();
	return json_array_append(t->values, e) < 0 ? -ENOMEM : 0;
}

static int take_of_task(struct ctl_model *model, json_t *e, struct ctl_event *ret)
{
	ret->task = find_task(ret->recipe, e);
	if (!ret->task)
		return -EPROTO;
	if (ret->kind == CTL_EVENT_TASK_END) {
		fill_task(ret->task, e);
		ret->task->ended = true;
		return 0;
	}
	if (ret->kind == CTL_EVENT_VALUES)
		return model->lean ? 0 : add_values(ret->task, e);
	if (ret->kind == CTL_EVENT_TASK_OUTPUT)
		return 0;
	if (ret->kind == CTL_EVENT_COMMAND_START)
		return start_command(ret->task, e, ret);
	ret->command = find_command(ret->task, ctl_model_number(e, "command"));
	if (!ret->command)
		return -EPROTO;
	return ret->kind == CTL_EVENT_COMMAND_END ? end_command(model, ret->command, e) : 0;
}

static int take_of_recipe(struct ctl_model *model, json_t *e, struct ctl_event *ret)
{
	struct ctl_model_recipe *r = find_recipe(model, e);

	ret->recipe = r;
	/* Only what goes wrong may belong to no recipe. */
	if (!r)
		return ret->kind == CTL_EVENT_ERROR || ret->kind == CTL_EVENT_NOTE ? 0 : -EPROTO;
	switch (ret->kind) {
	case CTL_EVENT_ERROR:
	case CTL_EVENT_NOTE:
		return add_diag(r, e, ret->kind == CTL_EVENT_ERROR);
	case CTL_EVENT_PHASE:
		keep(&r->phase_json, e);
		r->phase = ctl_model_string(e, "phase");
		return 0;
	case CTL_EVENT_MATCH:
		keep(&r->matched, e);
		r->match = LAB_MAX(small_number(e, "match"), 1u);
		return 0;
	case CTL_EVENT_TOPOLOGY:
		return set_topology(model, r, e);
	case CTL_EVENT_UP:
		keep(&r->up, e);
		r->lab = ctl_model_string(e, "lab");
		return 0;
	case CTL_EVENT_TASK_START:
		return start_task(r, e, ret);
	case CTL_EVENT_COMMAND_START:
	case CTL_EVENT_OUTPUT:
	case CTL_EVENT_COMMAND_END:
	case CTL_EVENT_TASK_OUTPUT:
	case CTL_EVENT_VALUES:
	case CTL_EVENT_TASK_END:
		return take_of_task(model, e, ret);
	case CTL_EVENT_VERDICT:
		end_recipe(r, e);
		return 0;
	case CTL_EVENT_SYNCED:
	case CTL_EVENT_KEPT:
	case CTL_EVENT_DOWN:
	case CTL_EVENT_START:
	case CTL_EVENT_RECIPE:
	case CTL_EVENT_END:
	case CTL_EVENT_OTHER:
		break;
	}
	return 0;
}

/* A lean model forgets the tasks of recipes that are over when the next one begins. */
static void forget(struct ctl_model *model)
{
	size_t i;

	for (i = 0; model->lean && i < model->n_recipes; i++) {
		if (model->recipes[i]->end)
			drop_tasks(model->recipes[i]);
	}
}

int ctl_model_take(struct ctl_model *model, json_t *event, struct ctl_event *ret)
{
	const char *name = ctl_model_string(event, "event");

	*ret = (struct ctl_event){ .kind = CTL_EVENT_OTHER, .json = event };
	if (!name)
		return -EPROTO;
	ret->kind = kind_of(name);
	switch (ret->kind) {
	case CTL_EVENT_START:
		keep(&model->start, event);
		return 0;
	case CTL_EVENT_RECIPE:
		forget(model);
		return add_recipe(model, event, ret);
	case CTL_EVENT_END:
		return 0;
	case CTL_EVENT_OTHER:
		ret->recipe = find_recipe(model, event);
		return 0;
	case CTL_EVENT_ERROR:
	case CTL_EVENT_NOTE:
	case CTL_EVENT_PHASE:
	case CTL_EVENT_MATCH:
	case CTL_EVENT_TOPOLOGY:
	case CTL_EVENT_UP:
	case CTL_EVENT_SYNCED:
	case CTL_EVENT_TASK_START:
	case CTL_EVENT_COMMAND_START:
	case CTL_EVENT_OUTPUT:
	case CTL_EVENT_COMMAND_END:
	case CTL_EVENT_TASK_OUTPUT:
	case CTL_EVENT_VALUES:
	case CTL_EVENT_TASK_END:
	case CTL_EVENT_VERDICT:
	case CTL_EVENT_KEPT:
	case CTL_EVENT_DOWN:
		break;
	}
	return take_of_recipe(model, event, ret);
}

size_t ctl_model_passed(const struct ctl_model *model)
{
	size_t i, n = 0;

	for (i = 0; i < model->n_recipes; i++)
		n += model->recipes[i]->end && model->recipes[i]->exit_code == 0;
	return n;
}

const struct ctl_model_command *ctl_model_target(const struct ctl_model_task *task,
						 const struct ctl_model_command *c)
{
	return c->target ? find_command(task, c->target) : NULL;
}
