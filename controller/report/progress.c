/* SPDX-License-Identifier: GPL-2.0-or-later */
/* progress.c - the one line of a terminal that says what goes on, drawn again in place */
#include <inttypes.h>
#include <string.h>

#include "controller/report/report_internal.h"
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

static void add_command(const struct ctl_report *rep, struct lab_strbuf *sb)
{
	const struct ctl_command_result *c = rep->command;
	uint64_t now = ctl_report_now(rep) + rep->params.start_us;
	uint64_t us = now > c->start_us ? now - c->start_us : 0;

	lab_strbuf_printf(sb, ", command %zu of %zu, %" PRIu64 ".%u s: ", c->index + 1,
			  rep->task->n_commands, us / 1000000u, (unsigned int)(us / 100000u % 10u));
	if (c->host)
		lab_strbuf_printf(sb, "%s: ", c->host);
	ctl_report_what(c, 0, sb);
}

static void compose(const struct ctl_report *rep, struct lab_strbuf *sb)
{
	lab_strbuf_printf(sb, "%s: ", base_name(rep->path));
	switch (rep->phase) {
	case CTL_PHASE_READ:
		lab_strbuf_puts(sb, "reading");
		break;
	case CTL_PHASE_UP:
		if (rep->hosts_total)
			lab_strbuf_printf(sb, "%zu of %zu hosts up", rep->hosts_up,
					  rep->hosts_total);
		else
			lab_strbuf_puts(sb, "starting the lab");
		break;
	case CTL_PHASE_RUN:
		if (rep->task)
			lab_strbuf_printf(sb, "task %zu", rep->task->index + 1);
		else
			lab_strbuf_puts(sb, "running");
		if (rep->task && rep->command)
			add_command(rep, sb);
		break;
	case CTL_PHASE_DOWN:
		lab_strbuf_puts(sb, "taking the lab down");
		break;
	case CTL_PHASE_MAX_:
		break;
	}
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
	if (!rep->params.live || !rep->path)
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
