/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress.c - the one line of a terminal that says what goes on, drawn again in place */
#include <inttypes.h>
#include <string.h>

#include "controller/report/report_internal.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	DRAW_US = 100000,     /* the time in the line goes on by itself */
	NOT_AGAIN_US = 40000, /* faster changes are not drawn */
};

#define CLEAR "\r\033[K"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_command(const struct ctl_report *rep, const struct ctl_model_task *t,
			const struct ctl_model_command *c, struct lab_strbuf *sb)
{
	uint64_t now = ctl_report_now(rep);
	uint64_t us = now > c->start_us ? now - c->start_us : 0;

	lab_strbuf_printf(sb, ", command %zu", c->number);
	/* A task that makes its commands as it goes does not know how many there will be. */
	if (t->expected >= c->number)
		lab_strbuf_printf(sb, " of %zu", t->expected);
	lab_strbuf_printf(sb, ", %" PRIu64 ".%u s: ", us / 1000000u,
			  (unsigned int)(us / 100000u % 10u));
	if (c->host)
		lab_strbuf_printf(sb, "%s: ", c->host);
	ctl_what_command(c, 0, sb);
}

static void add_task(const struct ctl_report *rep, const struct ctl_model_recipe *r,
		     struct lab_strbuf *sb)
{
	const struct ctl_model_task *t = r->n_tasks ? r->tasks[r->n_tasks - 1] : NULL;
	const struct ctl_model_command *c;

	if (!t || t->ended) {
		lab_strbuf_puts(sb, "running");
		return;
	}
	lab_strbuf_printf(sb, "task %zu", t->number);
	c = t->n_commands ? t->commands[t->n_commands - 1] : NULL;
	if (c && !c->ended)
		add_command(rep, t, c, sb);
}

static void add_recipe(const struct ctl_report *rep, const struct ctl_model_recipe *r,
		       struct lab_strbuf *sb)
{
	static const char *const words[] = {
		[CTL_PHASE_READ] = "reading",
		[CTL_PHASE_UP] = "starting the lab",
		[CTL_PHASE_RUN] = "",
		[CTL_PHASE_DOWN] = "taking the lab down",
	};
	int i;

	lab_strbuf_printf(sb, "%s: ", base_name(r->path));
	for (i = 0; i < CTL_PHASE_MAX_; i++) {
		if (r->phase && strcmp(r->phase, ctl_phase_name((enum ctl_report_phase)i)) == 0)
			break;
	}
	if (i == CTL_PHASE_RUN)
		add_task(rep, r, sb);
	else if (i == CTL_PHASE_UP && rep->hosts_total)
		lab_strbuf_printf(sb, "%zu of %zu hosts up", rep->hosts_up, rep->hosts_total);
	else
		lab_strbuf_puts(sb, words[i == CTL_PHASE_MAX_ ? CTL_PHASE_READ : i]);
}

static void compose(const struct ctl_report *rep, struct lab_strbuf *sb)
{
	if (rep->status)
		lab_strbuf_puts(sb, rep->status);
	else
		add_recipe(rep, rep->model.recipes[rep->model.n_recipes - 1], sb);
}

/* Cut to a number of characters, which is that of columns for most texts. */
static void cut(struct lab_strbuf *sb, size_t columns)
{
	size_t i, n = 0;

	for (i = 0; i < sb->len; i++) {
		if (((unsigned char)sb->data[i] & 0xc0) == 0x80)
			continue;
		if (++n > columns)
			break;
	}
	sb->len = i;
}

static void draw(struct ctl_report *rep)
{
	cleanup_strbuf struct lab_strbuf line = LAB_STRBUF_INIT;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	compose(rep, &line);
	if (line.error)
		return;
	/* The last column stays free, or the terminal would begin a new line. */
	cut(&line, rep->params.columns > 1 ? rep->params.columns - 1 : 79);
	lab_strbuf_puts(&sb, CLEAR);
	lab_strbuf_add(&sb, line.data, line.len);
	if (sb.error)
		return;
	rep->params.write(1, sb.data, sb.len, rep->params.user);
	rep->shown = true;
	rep->drawn_us = ctl_report_now(rep);
}

static void on_timer(struct lab_source *src, void *user)
{
	struct ctl_report *rep = user;

	draw(rep);
	(void)lab_source_set_timer(src, DRAW_US);
}

void ctl_progress_update(struct ctl_report *rep, bool now)
{
	if (!rep->params.live || (!rep->model.n_recipes && !rep->status))
		return;
	if (now || ctl_report_now(rep) - rep->drawn_us >= NOT_AGAIN_US)
		draw(rep);
	if (rep->timer)
		(void)lab_source_set_timer(rep->timer, DRAW_US);
	else
		(void)lab_loop_add_timer(rep->params.loop, DRAW_US, on_timer, rep, &rep->timer);
}

void ctl_progress_clear(struct ctl_report *rep)
{
	if (!rep->shown)
		return;
	rep->params.write(1, CLEAR, strlen(CLEAR), rep->params.user);
	rep->shown = false;
}
