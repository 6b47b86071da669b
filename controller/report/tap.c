/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tap.c - a report in the Test Anything Protocol: a test point for each command */
#include <inttypes.h>
#include <string.h>

#include "controller/report/report_internal.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum { WHAT_MAX = 300 };

/* A description: one line in which no '#' begins a directive. prove(1) and TAP 14 agree on it. */
static void add_description(const char *text, struct lab_strbuf *sb)
{
	for (; *text; text++) {
		if (*text == '#' || *text == '\\')
			lab_strbuf_putc(sb, '\\');
		lab_strbuf_putc(sb, *text);
	}
}

/* A line of a YAML block: JSON strings are YAML strings. */
static void add_yaml(const char *key, const char *text, size_t len, struct lab_strbuf *sb)
{
	cleanup_json json_t *value = json_stringn(text, len);
	cleanup_free char *dump = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	if (dump)
		lab_strbuf_printf(sb, "  %s: %s\n", key, dump);
}

static void begin_point(struct ctl_report *rep, bool ok, struct lab_strbuf *sb)
{
	lab_strbuf_printf(sb, "%s %zu - ", ok ? "ok" : "not ok", ++rep->n_points);
}

static void tap_start(struct ctl_report *rep, const struct ctl_event *e LAB_UNUSED)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_puts(&sb, "TAP version 13\n");
	ctl_report_puts(rep, 1, &sb);
}

static void tap_diag(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_diag d = {
		.is_error = e->kind == CTL_EVENT_ERROR,
		.message = ctl_model_string(e->json, "message"),
		.file = ctl_model_string(e->json, "file"),
		.line = (unsigned int)ctl_model_number(e->json, "line"),
		.col = (unsigned int)ctl_model_number(e->json, "col"),
	};
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_puts(&sb, "# ");
	ctl_what_diag(&d, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

/* A line of output is a comment. */
static void tap_output(struct ctl_report *rep, const struct ctl_event *e)
{
	const json_t *line = json_object_get(e->json, "line");
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.verbose || !json_is_string(line))
		return;
	lab_strbuf_printf(&sb, "# %s| ", e->command->host ? e->command->host : "-");
	ctl_text_utf8(json_string_value(line), json_string_length(line), true, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

/* So is a line that a Python task itself printed. */
static void tap_task_output(struct ctl_report *rep, const struct ctl_event *e)
{
	const json_t *line = json_object_get(e->json, "line");
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!json_is_string(line))
		return;
	lab_strbuf_puts(&sb, "# ");
	ctl_text_utf8(json_string_value(line), json_string_length(line), true, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

static void add_diagnosis(const struct ctl_model_recipe *r, const struct ctl_model_command *c,
			  struct lab_strbuf *sb)
{
	const char *file = c->file ? c->file : r->path, *last;
	size_t len;

	lab_strbuf_puts(sb, "  ---\n");
	add_yaml("message", c->message, strlen(c->message), sb);
	lab_strbuf_puts(sb, "  severity: fail\n");
	add_yaml("file", file, strlen(file), sb);
	lab_strbuf_printf(sb, "  line: %u\n", c->line);
	if (c->col)
		lab_strbuf_printf(sb, "  column: %u\n", c->col);
	if (c->data) {
		cleanup_free char *data = json_dumps(c->data, JSON_COMPACT);

		if (data)
			lab_strbuf_printf(sb, "  data: %s\n", data);
	} else if (c->has_job) {
		last = ctl_what_last_lines(&c->out, 10, &len);
		add_yaml("stdout", last, len, sb);
	}
	last = ctl_what_last_lines(&c->err, 10, &len);
	if (c->has_job)
		add_yaml("stderr", last, len, sb);
	lab_strbuf_puts(sb, "  ...\n");
}

static void tap_command_end(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_command *c = e->command;
	cleanup_strbuf struct lab_strbuf what = LAB_STRBUF_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_what_recipe(e->recipe, &what);
	lab_strbuf_printf(&what, ": task %zu, command %zu: ", c->task, c->number);
	if (c->host)
		lab_strbuf_printf(&what, "%s: ", c->host);
	ctl_what_command(c, WHAT_MAX, &what);
	begin_point(rep, c->verdict == CTL_VERDICT_PASS, &sb);
	add_description(lab_strbuf_str(&what), &sb);
	lab_strbuf_putc(&sb, '\n');
	if (c->verdict == CTL_VERDICT_FAIL)
		add_diagnosis(e->recipe, c, &sb);
	ctl_report_puts(rep, 1, &sb);
}

/* What a recipe has to tell beside its commands is a test point, too: errors, and that there was nothing to do. */
static void tap_verdict(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_recipe *r = e->recipe;
	bool pass = ctl_what_outcome(r) == CTL_VERDICT_PASS;
	cleanup_strbuf struct lab_strbuf what = LAB_STRBUF_INIT;
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (pass ? r->commands_total > 0 : r->failed && !r->signo && !r->n_errors)
		return;
	ctl_what_recipe(r, &what);
	if (pass) {
		lab_strbuf_puts(&what, ": no tasks");
	} else {
		lab_strbuf_puts(&what, ": ");
		ctl_what_reason(r, &what);
	}
	begin_point(rep, pass, &sb);
	add_description(lab_strbuf_str(&what), &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

static void tap_end(struct ctl_report *rep, const struct ctl_event *e LAB_UNUSED)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "1..%zu\n", rep->n_points);
	ctl_report_puts(rep, 1, &sb);
}

static void tap_event(struct ctl_report *rep, const struct ctl_event *e)
{
	static void (*const on[])(struct ctl_report *, const struct ctl_event *) = {
		[CTL_EVENT_START] = tap_start,
		[CTL_EVENT_ERROR] = tap_diag,
		[CTL_EVENT_NOTE] = tap_diag,
		[CTL_EVENT_OUTPUT] = tap_output,
		[CTL_EVENT_TASK_OUTPUT] = tap_task_output,
		[CTL_EVENT_COMMAND_END] = tap_command_end,
		[CTL_EVENT_VERDICT] = tap_verdict,
		[CTL_EVENT_END] = tap_end,
		[CTL_EVENT_OTHER] = NULL,
	};

	if (on[e->kind])
		on[e->kind](rep, e);
}

const struct ctl_report_style ctl_report_tap = { .event = tap_event };
