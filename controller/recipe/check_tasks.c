/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_tasks.c - each background command is ended exactly once in its task */
#include <string.h>

#include "controller/recipe/build.h"
#include "controller/recipe/text.h"

/**
 * struct background - a background command while its task is walked through
 * @run:	the command that started it last
 * @end:	the command that ended it; NULL while it is alive
 */
struct background {
	const struct ctl_command *run, *end;
};

struct checker {
	struct ctl_build *b;
	struct ctl_task *task;
	struct ctl_map map;
};

static const char *host_id(const struct checker *c, const struct ctl_command *command)
{
	return c->b->recipe->hosts[command->host].id;
}

static const char *hint_running(const struct checker *c, const struct ctl_command *command,
				char buf[CTL_HINT_MAX])
{
	struct ctl_hint hint = { .word = command->bg_id };
	const struct ctl_command *other;

	for (other = c->task->commands; other < command && !hint.more; other++) {
		if (other->kind == CTL_COMMAND_RUN && other->bg_id && other->host == command->host)
			ctl_hint_add(&hint, other->bg_id);
	}
	return ctl_hint_text(&hint, "", "", "; there are: ", buf);
}

/* The texts up to the colon are LNST's. */
static int start(struct checker *c, struct ctl_command *command)
{
	struct ctl_diag *diag = c->b->diag;
	struct background *bg;
	struct ctl_map_entry *e;
	int is_new;

	e = ctl_map_get(&c->map, command->host, command->bg_id, strlen(command->bg_id), &is_new);
	if (!e)
		return -ENOMEM;
	if (is_new)
		e->ptr = ctl_arena_alloc(c->map.arena, 1, sizeof(*bg));
	bg = e->ptr;
	if (!bg)
		return -ENOMEM;
	if (!is_new && !bg->end) {
		(void)ctl_diag_error(
			diag, &command->bg_src,
			"Incorrect command sequence: bg_id %.60s of host %.60s is still in use",
			command->bg_id, host_id(c, command));
		ctl_diag_beside(diag, &bg->run->src, "it is started here");
	}
	bg->run = command;
	bg->end = NULL;
	return 0;
}

static void end(struct checker *c, struct ctl_command *command)
{
	struct ctl_diag *diag = c->b->diag;
	const struct ctl_map_entry *e;
	char buf[CTL_HINT_MAX];
	struct background *bg;

	e = ctl_map_find(&c->map, command->host, command->bg_id, strlen(command->bg_id));
	if (!e) {
		(void)ctl_diag_error(
			diag, &command->bg_src,
			"Incorrect command sequence: host %.60s runs no command with bg_id %.60s in"
			" this task%s",
			host_id(c, command), command->bg_id,
			ctl_diag_full(diag) ? "" : hint_running(c, command, buf));
		return;
	}
	bg = e->ptr;
	if (bg->end) {
		(void)ctl_diag_error(
			diag, &command->bg_src,
			"Incorrect command sequence: bg_id %.60s of host %.60s has been ended already",
			command->bg_id, host_id(c, command));
		ctl_diag_beside(diag, &bg->end->src, "it is ended here");
		return;
	}
	bg->end = command;
	command->target = (size_t)(bg->run - c->task->commands);
}

static void check_ended(struct checker *c)
{
	const struct ctl_map_entry *e;
	const struct background *bg;
	size_t i;

	for (i = 0; i < c->task->n_commands; i++) {
		const struct ctl_command *command = &c->task->commands[i];

		if (command->kind != CTL_COMMAND_RUN || !command->bg_id)
			continue;
		e = ctl_map_find(&c->map, command->host, command->bg_id, strlen(command->bg_id));
		bg = e ? e->ptr : NULL;
		if (bg && bg->run == command && !bg->end)
			(void)ctl_diag_error(
				c->b->diag, &command->bg_src,
				"Incorrect command sequence: bg_id %.60s of host %.60s is not ended in"
				" this task; add a wait, intr or kill",
				command->bg_id, host_id(c, command));
	}
}

static int check_task(struct checker *c)
{
	size_t i;
	int r = 0;

	/* An unknown host has been reported; what follows from it is not worth a second message. */
	for (i = 0; i < c->task->n_commands; i++) {
		const struct ctl_command *command = &c->task->commands[i];

		if (command->kind != CTL_COMMAND_CTL_WAIT && command->host == CTL_HOST_NONE)
			return 0;
	}
	for (i = 0; i < c->task->n_commands && r == 0; i++) {
		struct ctl_command *command = &c->task->commands[i];

		if (!command->bg_id)
			continue;
		if (command->kind == CTL_COMMAND_RUN)
			r = start(c, command);
		else
			end(c, command);
	}
	if (r == 0)
		check_ended(c);
	return r;
}

int ctl_check_tasks(struct ctl_build *b)
{
	const struct ctl_xml_elem *e;
	size_t t = 0;
	int r = 0;

	/* Tasks and their elements come in one order. */
	for (e = b->xml->root->first; e && r == 0; e = e->next) {
		struct checker c = { .b = b };

		if (e->ns || strcmp(e->name, "task") != 0 || t == b->recipe->n_tasks)
			continue;
		c.task = &b->recipe->tasks[t++];
		c.map.arena = b->xml->arena;
		if (!e->hole)
			r = check_task(&c);
	}
	return r;
}
