/* SPDX-License-Identifier: GPL-2.0-or-later */
/* summary.c - what the text for people says of a recipe that is over, and of all of them */
#include <inttypes.h>
#include <string.h>

#include "controller/report/text.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	LAST_LINES = 10,   /* of a failed command's output */
	FAILURES_MAX = 20, /* failures that are shown in full */
};

/* --- what failed --- */

static void add_lines(const struct ctl_model_stream *s, const char *mark, struct lab_strbuf *sb)
{
	const char *p, *newline;
	size_t left, n;

	p = ctl_what_last_lines(s, LAST_LINES, &left);
	if (left && (p > s->text || s->total > s->len))
		lab_strbuf_printf(sb, "    %s ...\n", mark);
	for (; left; p += n, left -= n) {
		newline = memchr(p, '\n', left);
		n = newline ? (size_t)(newline - p) + 1 : left;
		lab_strbuf_printf(sb, "    %s ", mark);
		ctl_text_utf8(p, LAB_MIN(newline ? n - 1 : n, (size_t)CTL_TERM_LINE_MAX * 4), true,
			      sb);
		lab_strbuf_putc(sb, '\n');
	}
}

static void add_what_of_failure(const struct ctl_report *rep, const struct ctl_model_recipe *r,
				const struct ctl_model_task *t, const struct ctl_model_command *c,
				struct lab_strbuf *sb)
{
	const struct ctl_model_command *target = ctl_model_target(t, c);

	lab_strbuf_printf(sb, "  %s:%u", c->file ? c->file : r->path, c->line);
	if (c->col)
		lab_strbuf_printf(sb, ":%u", c->col);
	lab_strbuf_printf(sb, ": task %zu, command %zu", t->number, c->number);
	if (c->host)
		lab_strbuf_printf(sb, ", host %s", c->host);
	lab_strbuf_puts(sb, ": ");
	ctl_what_command(c, CTL_TERM_LINE_MAX, sb);
	if (target) {
		lab_strbuf_puts(sb, ", which is ");
		ctl_what_command(target, CTL_TERM_LINE_MAX, sb);
	}
	lab_strbuf_printf(sb, "\n    %s", ctl_term_colour(rep, CTL_VERDICT_FAIL));
	ctl_text_utf8(c->message, strlen(c->message), true, sb);
	lab_strbuf_printf(sb, "%s\n", ctl_term_off(rep));
}

static void add_failure(const struct ctl_report *rep, const struct ctl_model_recipe *r,
			const struct ctl_model_task *t, const struct ctl_model_command *c,
			struct lab_strbuf *sb)
{
	add_what_of_failure(rep, r, t, c, sb);
	if (!c->has_job)
		return;
	/* A module's standard output is its data; its own words were in the message. */
	if (c->data) {
		cleanup_free char *data = json_dumps(c->data, JSON_COMPACT);

		if (data)
			lab_strbuf_printf(sb, "    data: %.*s\n", CTL_TERM_LINE_MAX * 4, data);
	} else {
		add_lines(&c->out, "|", sb);
	}
	add_lines(&c->err, "!", sb);
}

static void add_failures(const struct ctl_report *rep, const struct ctl_model_recipe *r,
			 struct lab_strbuf *sb)
{
	size_t i, k, n = 0;

	lab_strbuf_printf(sb, "%sfailed:%s\n", ctl_term_bold(rep), ctl_term_off(rep));
	for (i = 0; i < r->n_tasks; i++) {
		const struct ctl_model_task *t = r->tasks[i];

		for (k = 0; k < t->n_commands; k++) {
			if (t->commands[k]->verdict == CTL_VERDICT_FAIL && n++ < FAILURES_MAX)
				add_failure(rep, r, t, t->commands[k], sb);
		}
	}
	if (n > FAILURES_MAX)
		lab_strbuf_printf(sb, "  and %zu more\n", n - FAILURES_MAX);
}

/* --- tasks --- */

/* Columns of the counts of all tasks. */
static size_t counts_width(const struct ctl_model_recipe *r)
{
	size_t i, width = strlen("left out");

	for (i = 0; i < r->n_tasks; i++) {
		cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

		ctl_what_task(r->tasks[i], &sb);
		width = LAB_MAX(width, sb.len);
	}
	return width;
}

static void add_label(size_t number, const char *label, struct lab_strbuf *sb)
{
	lab_strbuf_printf(sb, "%zu%s", number, label ? ": " : "");
	if (label)
		ctl_what_flat(label, sb);
}

static void add_task(const struct ctl_report *rep, const struct ctl_model_task *t, size_t width,
		     struct lab_strbuf *sb)
{
	cleanup_strbuf struct lab_strbuf counts = LAB_STRBUF_INIT;

	ctl_what_task(t, &counts);
	lab_strbuf_puts(sb, "  ");
	ctl_term_verdict(rep, t->verdict, t->duration_us, sb);
	lab_strbuf_printf(sb, "%-*s  ", (int)width, lab_strbuf_str(&counts));
	add_label(t->number, t->label, sb);
	lab_strbuf_putc(sb, '\n');
}

static void add_task_not_run(const struct ctl_report *rep, const json_t *t, size_t width,
			     struct lab_strbuf *sb)
{
	const char *why = ctl_what_not_run(t);

	lab_strbuf_printf(sb, "  %-15s  %-*s  ", ctl_what_verdict(CTL_VERDICT_NONE), (int)width,
			  why ? "not run" : "left out");
	add_label((size_t)ctl_model_number(t, "task"), ctl_model_string(t, "label"), sb);
	if (why)
		lab_strbuf_printf(sb, "  %s%s%s", ctl_term_dim(rep), why, ctl_term_off(rep));
	lab_strbuf_putc(sb, '\n');
}

/* All tasks in their order; one alone has been seen. */
static void add_tasks(const struct ctl_report *rep, const struct ctl_model_recipe *r,
		      struct lab_strbuf *sb)
{
	size_t i = 0, k = 0, n = json_array_size(r->not_run), width = counts_width(r);

	if (r->n_tasks + n < 2)
		return;
	lab_strbuf_printf(sb, "%stasks:%s\n", ctl_term_bold(rep), ctl_term_off(rep));
	while (i < r->n_tasks || k < n) {
		const json_t *t = json_array_get(r->not_run, k);

		if (i < r->n_tasks && (!t || r->tasks[i]->number < ctl_model_number(t, "task"))) {
			add_task(rep, r->tasks[i++], width, sb);
		} else {
			add_task_not_run(rep, t, width, sb);
			k++;
		}
	}
}

/* --- the recipe, and all of them --- */

static void add_timing(const struct ctl_report *rep, const struct ctl_model_recipe *r,
		       struct lab_strbuf *sb)
{
	const json_t *phases = json_object_get(r->end, "phases_us");
	int i;

	if (!rep->params.timing)
		return;
	for (i = 0; i < CTL_PHASE_DOWN; i++) {
		const char *name = ctl_phase_name((enum ctl_report_phase)i);

		lab_strbuf_printf(sb, "  %-8s", name);
		ctl_what_seconds(ctl_model_number(phases, name), sb);
		if (i == CTL_PHASE_RUN) {
			lab_strbuf_puts(sb, ", tests ");
			ctl_what_seconds(r->tests_us, sb);
		}
		lab_strbuf_putc(sb, '\n');
	}
}

void ctl_term_end_recipe(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_recipe *r = e->recipe;
	enum ctl_verdict verdict = ctl_what_outcome(r);
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	/* What went wrong before the tasks has been said. */
	if (!r->has_result && !r->signo)
		return;
	if (r->failed)
		add_failures(rep, r, &sb);
	add_tasks(rep, r, &sb);
	add_timing(rep, r, &sb);
	lab_strbuf_printf(&sb, "%s%s%s  %s", ctl_term_colour(rep, verdict),
			  r->signo ? "STOP" : ctl_what_verdict(verdict), ctl_term_off(rep),
			  ctl_term_bold(rep));
	ctl_what_recipe(r, &sb);
	lab_strbuf_printf(&sb, "%s: ", ctl_term_off(rep));
	if (r->signo) {
		ctl_what_reason(r, &sb);
		if (r->has_result)
			lab_strbuf_puts(&sb, ", ");
	}
	if (r->has_result)
		ctl_what_counts(r, &sb);
	lab_strbuf_puts(&sb, " in ");
	ctl_what_seconds(r->duration_us, &sb);
	lab_strbuf_puts(&sb, " (tests ");
	ctl_what_seconds(r->tests_us, &sb);
	lab_strbuf_puts(&sb, ", netlab ");
	ctl_what_seconds(r->netlab_us, &sb);
	lab_strbuf_puts(&sb, ")\n");
	ctl_report_puts(rep, 1, &sb);
}

void ctl_term_end(struct ctl_report *rep, const struct ctl_event *e LAB_UNUSED)
{
	const struct ctl_model *m = &rep->model;
	size_t i, passed = ctl_model_passed(m);
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (m->n_recipes < 2)
		return;
	lab_strbuf_printf(&sb, "%s%zu recipes: %zu passed, %zu failed%s, in ", ctl_term_bold(rep),
			  m->n_recipes, passed, m->n_recipes - passed, ctl_term_off(rep));
	ctl_what_seconds(ctl_report_now(rep), &sb);
	lab_strbuf_putc(&sb, '\n');
	for (i = 0; i < m->n_recipes; i++) {
		const struct ctl_model_recipe *r = m->recipes[i];
		cleanup_strbuf struct lab_strbuf why = LAB_STRBUF_INIT;

		lab_strbuf_puts(&sb, "  ");
		ctl_term_verdict(rep, ctl_what_outcome(r), r->duration_us, &sb);
		ctl_what_recipe(r, &sb);
		if (ctl_what_outcome(r) != CTL_VERDICT_PASS)
			ctl_what_reason(r, &why);
		if (why.len)
			lab_strbuf_printf(&sb, ": %s", lab_strbuf_str(&why));
		lab_strbuf_putc(&sb, '\n');
	}
	ctl_report_puts(rep, 1, &sb);
}
