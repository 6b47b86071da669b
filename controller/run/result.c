/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result.c - the results of a recipe's tasks: commands are added as they come, all is released at once */
#include "controller/run/result.h"

#include "controller/recipe/arena.h"
#include "controller/run/job.h"
#include "netlab/base/util.h"

int ctl_task_result_add(struct ctl_task_result *t, const struct ctl_command *command,
			const char *host, struct ctl_command_result **ret)
{
	struct ctl_command_result **grown, *c;
	size_t cap;

	if (t->n_commands == t->cap_commands) {
		cap = t->cap_commands ? 2 * t->cap_commands : 8;
		grown = reallocarray(t->commands, cap, sizeof(struct ctl_command_result *));
		if (!grown)
			return -ENOMEM;
		t->commands = grown;
		t->cap_commands = cap;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->command = command;
	c->task = t->index;
	c->index = t->n_commands;
	c->host = host;
	t->commands[t->n_commands++] = c;
	*ret = c;
	return 0;
}

static void task_fini(struct ctl_task_result *t)
{
	size_t i;

	for (i = 0; i < t->n_commands; i++) {
		free(t->commands[i]->text);
		free(t->commands[i]->desc);
		ctl_job_free(t->commands[i]->own);
		free(t->commands[i]);
	}
	free(t->commands);
	ctl_output_fini(&t->out);
	ctl_output_fini(&t->err);
	json_decref(t->values);
	ctl_arena_free(t->arena);
}

void ctl_run_result_fini(struct ctl_run_result *result)
{
	size_t i;

	for (i = 0; i < result->n_tasks; i++)
		task_fini(&result->tasks[i]);
	free(result->tasks);
	*result = (struct ctl_run_result){ 0 };
}

const char *ctl_verdict_name(enum ctl_verdict v)
{
	switch (v) {
	case CTL_VERDICT_PASS:
		return "pass";
	case CTL_VERDICT_FAIL:
		return "fail";
	case CTL_VERDICT_NONE:
		break;
	}
	return "none";
}
