/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_time.c - the timeline of the HTML page: a lane for each host, a bar for each command */
#include <string.h>

#include "controller/report/html.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	LANES_MAX = 8, /* of one host; what runs besides shares the last one */
	WHAT_MAX = 200,
	TICKS = 5,
};

#define BARS_MAX ((size_t)3000)

/*
 * struct bar - a command on the timeline
 */
struct bar {
	const struct ctl_model_command *c;
	const struct ctl_model_task *task;
	const struct bar *target; /* wait, intr, kill: whose bar they end */
	uint64_t start_us, end_us;
	enum ctl_verdict verdict; /* of a run in the background: that of its end */
	unsigned int lane;
	bool background;
};

/*
 * struct chart - the timeline of a recipe
 */
struct chart {
	const struct ctl_model_recipe *recipe;
	struct bar *bars;
	size_t n;
	uint64_t from_us, to_us;
};

static const char *host_of(const struct bar *b)
{
	return b->c->host ? b->c->host : "";
}

/* --- which bars --- */

static struct bar *bar_of(const struct chart *ch, const struct ctl_model_command *c)
{
	size_t i;

	for (i = ch->n; c && i > 0; i--) {
		if (ch->bars[i - 1].c == c)
			return &ch->bars[i - 1];
	}
	return NULL;
}

static uint64_t end_of_task(const struct ctl_model_task *t)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < t->n_commands; i++)
		end = LAB_MAX(end, t->commands[i]->start_us + t->commands[i]->duration_us);
	return end;
}

static void add_bar(struct chart *ch, const struct ctl_model_task *t,
		    const struct ctl_model_command *c)
{
	struct bar *target = bar_of(ch, ctl_model_target(t, c));
	struct bar *b = &ch->bars[ch->n++];

	*b = (struct bar){
		.c = c,
		.task = t,
		.target = target,
		.start_us = c->start_us,
		.end_us = c->start_us + c->duration_us,
		.verdict = c->verdict,
		.background = c->background,
	};
	if (c->background)
		b->end_us = LAB_MAX(b->end_us, end_of_task(t));
	if (target) {
		target->end_us = b->end_us;
		target->verdict = c->verdict;
	}
}

static int collect(struct chart *ch)
{
	const struct ctl_model_recipe *r = ch->recipe;
	size_t i, k, n = 0;

	for (i = 0; i < r->n_tasks; i++)
		n += r->tasks[i]->n_commands;
	n = ctl_at_most(n, BARS_MAX);
	ch->bars = calloc(n + 1, sizeof(*ch->bars));
	if (!ch->bars)
		return -ENOMEM;
	for (i = 0; i < r->n_tasks; i++) {
		for (k = 0; k < r->tasks[i]->n_commands && ch->n < n; k++)
			add_bar(ch, r->tasks[i], r->tasks[i]->commands[k]);
	}
	ch->from_us = ch->n ? UINT64_MAX : 0;
	for (i = 0; i < ch->n; i++) {
		ch->from_us = LAB_MIN(ch->from_us, ch->bars[i].start_us);
		ch->to_us = LAB_MAX(ch->to_us, ch->bars[i].end_us);
	}
	ch->to_us = LAB_MAX(ch->to_us, ch->from_us + 1);
	return 0;
}

/* Give the bars of a host lanes in which they do not cover each other; how many that makes. */
static unsigned int put_in_lanes(struct chart *ch, const char *host)
{
	uint64_t busy_until[LANES_MAX] = { 0 };
	unsigned int lane, n = 1;
	size_t i;

	for (i = 0; i < ch->n; i++) {
		struct bar *b = &ch->bars[i];

		if (strcmp(host_of(b), host) != 0)
			continue;
		if (b->target) {
			b->lane = b->target->lane;
			continue;
		}
		for (lane = 0; lane + 1 < LANES_MAX && busy_until[lane] > b->start_us; lane++)
			;
		b->lane = lane;
		busy_until[lane] = b->end_us;
		n = LAB_MAX(n, lane + 1);
	}
	return n;
}

/* --- drawing --- */

static double percent(const struct chart *ch, uint64_t us)
{
	uint64_t at = LAB_MAX(us, ch->from_us) - ch->from_us;

	return LAB_MIN(100.0, 100.0 * (double)at / (double)(ch->to_us - ch->from_us));
}

static void put_bar(struct ctl_markup *m, const struct chart *ch, const struct bar *b)
{
	cleanup_strbuf struct lab_strbuf title = LAB_STRBUF_INIT, what = LAB_STRBUF_INIT;
	double left = percent(ch, b->start_us);
	char id[64];

	lab_strbuf_printf(&what, "%zu ", b->c->number);
	ctl_what_command(b->c, WHAT_MAX, &what);
	lab_strbuf_printf(&title, "task %zu, command %s\n%s, ", b->c->task, lab_strbuf_str(&what),
			  ctl_what_verdict(b->verdict));
	ctl_what_seconds(b->end_us - b->start_us, &title);
	if (b->c->message[0])
		lab_strbuf_printf(&title, "\n%s", b->c->message);
	ctl_mk_open(m, "a");
	ctl_mk_attrf(m, "class", "bar %s%s%s", ctl_html_word(b->verdict),
		     b->background ? " bg" : "", b->target ? " end" : "");
	ctl_mk_attrf(m, "href", "#%s", ctl_html_id(ch->recipe, b->c, id));
	ctl_mk_attrf(m, "style", "left:min(%.3f%%,100%% - 4px);width:%.3f%%;--lane:%u", left,
		     percent(ch, b->end_us) - left, b->lane);
	ctl_mk_attr(m, "title", lab_strbuf_str(&title));
	/* Beside its bar, unless that is wide enough. */
	if (b->target && percent(ch, b->end_us) - left > 8)
		ctl_mk_puts(m, b->c->type);
	else if (b->target)
		ctl_mk_leaf(m, "b", NULL, b->c->type);
	else
		ctl_mk_puts(m, lab_strbuf_str(&what));
	ctl_mk_close(m);
}

/* Where each task begins. */
static void put_tasks(struct ctl_markup *m, const struct chart *ch)
{
	const struct ctl_model_task *before = NULL;
	size_t i;

	for (i = 0; i < ch->n; i++) {
		if (ch->bars[i].task == before)
			continue;
		before = ch->bars[i].task;
		ctl_mk_open(m, "i");
		ctl_mk_attr(m, "class", "begin");
		ctl_mk_attrf(m, "style", "left:%.3f%%", percent(ch, ch->bars[i].start_us));
		ctl_mk_close(m);
	}
}

static void put_host(struct ctl_markup *m, struct chart *ch, const char *host)
{
	unsigned int lanes = put_in_lanes(ch, host);
	size_t i;

	ctl_mk_leaf(m, "div", "lane-host", *host ? host : "netlab");
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "lane");
	ctl_mk_attrf(m, "style", "--lanes:%u", lanes);
	put_tasks(m, ch);
	for (i = 0; i < ch->n; i++) {
		if (strcmp(host_of(&ch->bars[i]), host) == 0)
			put_bar(m, ch, &ch->bars[i]);
	}
	ctl_mk_close(m);
}

static bool is_first_of_host(const struct chart *ch, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++) {
		if (strcmp(host_of(&ch->bars[k]), host_of(&ch->bars[i])) == 0)
			return false;
	}
	return true;
}

/* Digits behind the point that a step needs. */
static int digits_of(double step)
{
	int digits = 0;

	while (step < 0.99) {
		step *= 10;
		digits++;
	}
	return digits;
}

static void put_axis(struct ctl_markup *m, const struct chart *ch)
{
	double span = (double)(ch->to_us - ch->from_us) / 1e6;
	double step = ctl_html_round_up(span / TICKS), unit = span < 1 ? 1000 : 1;
	unsigned int i;

	ctl_mk_leaf(m, "div", "lane-host axis", NULL);
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "axis");
	for (i = 0; step * i <= span * 0.98; i++) {
		ctl_mk_open(m, "span");
		ctl_mk_attrf(m, "style", "left:%.3f%%", 100 * step * i / span);
		ctl_mk_printf(m, "%.*f %s", digits_of(step * unit), step * i * unit,
			      span < 1 ? "ms" : "s");
		ctl_mk_close(m);
	}
	ctl_mk_close(m);
}

static void put_chart(struct ctl_markup *m, struct chart *ch)
{
	size_t i;

	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "timeline");
	for (i = 0; i < ch->n; i++) {
		if (is_first_of_host(ch, i))
			put_host(m, ch, host_of(&ch->bars[i]));
	}
	put_axis(m, ch);
	ctl_mk_close(m);
	if (ch->n == BARS_MAX) {
		ctl_mk_open(m, "p");
		ctl_mk_attr(m, "class", "dim");
		ctl_mk_printf(m, "Only the first %zu commands are drawn.", BARS_MAX);
		ctl_mk_close(m);
	}
}

void ctl_html_timeline(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	struct chart ch = { .recipe = r };

	if (collect(&ch) < 0)
		m->sb->error = -ENOMEM;
	if (ch.n) {
		ctl_mk_leaf(m, "h3", NULL, "Timeline");
		put_chart(m, &ch);
	}
	free(ch.bars);
}
