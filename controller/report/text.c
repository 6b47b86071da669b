/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - a report as text for people */
#include <inttypes.h>
#include <string.h>

#include "controller/report/report_internal.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	LINE_MAX_ = 200,      /* bytes of a command's text where the terminal says nothing */
	LAST_LINES = 10,      /* of a failed command's output */
	FAILURES_MAX = 20,    /* failures that are shown in full */
	VERDICT_COLUMNS = 19, /* "  PASS    1.234 s  " */
};

static const char *bold(const struct ctl_report *rep)
{
	return rep->params.colour ? "\033[1m" : "";
}

static const char *dim(const struct ctl_report *rep)
{
	return rep->params.colour ? "\033[2m" : "";
}

static const char *off(const struct ctl_report *rep)
{
	return rep->params.colour ? "\033[0m" : "";
}

static const char *colour_of(const struct ctl_report *rep, enum ctl_verdict v)
{
	if (!rep->params.colour || v == CTL_VERDICT_NONE)
		return "";
	return v == CTL_VERDICT_PASS ? "\033[1;32m" : "\033[1;31m";
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Columns for the ids of the hosts of a task. */
static int host_width(const struct ctl_model_task *t)
{
	size_t i, width = 1;

	for (i = 0; i < json_array_size(t->hosts); i++)
		width = LAB_MAX(width, json_string_length(json_array_get(t->hosts, i)));
	for (i = 0; i < t->n_commands; i++) {
		if (t->commands[i]->host)
			width = LAB_MAX(width, strlen(t->commands[i]->host));
	}
	return (int)LAB_MIN(width, (size_t)16);
}

/* --- what is said before and behind the tasks --- */

static void text_diag(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_diag d = {
		.is_error = e->kind == CTL_EVENT_ERROR,
		.message = ctl_model_string(e->json, "message"),
		.file = ctl_model_string(e->json, "file"),
		.line = (unsigned int)ctl_model_number(e->json, "line"),
		.col = (unsigned int)ctl_model_number(e->json, "col"),
	};
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_what_diag(&d, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 2, &sb);
}

/* Which machines of a pool its hosts are. */
static void text_match(struct ctl_report *rep, const struct ctl_event *e)
{
	const json_t *hosts = json_object_get(e->json, "hosts"), *host, *nics;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i, k;

	lab_strbuf_puts(&sb, bold(rep));
	ctl_what_recipe(e->recipe, &sb);
	lab_strbuf_printf(&sb, "%s: pool %s:", off(rep), ctl_model_string(e->json, "pool"));
	for (i = 0; i < json_array_size(hosts); i++) {
		host = json_array_get(hosts, i);
		nics = json_object_get(host, "interfaces");
		lab_strbuf_printf(&sb, "%s %s = %s", i ? "," : "", ctl_model_string(host, "host"),
				  ctl_model_string(host, "machine"));
		for (k = 0; k < json_array_size(nics); k++)
			lab_strbuf_printf(&sb, "%s%s = %s", k ? ", " : " (",
					  ctl_model_string(json_array_get(nics, k), "interface"),
					  ctl_model_string(json_array_get(nics, k), "nic"));
		lab_strbuf_puts(&sb, k ? ")" : "");
	}
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

static void text_up(struct ctl_report *rep, const struct ctl_event *e)
{
	size_t hosts = (size_t)ctl_model_number(e->json, "hosts");
	size_t networks = (size_t)ctl_model_number(e->json, "networks");
	bool attached = json_is_true(json_object_get(e->json, "attached"));
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	const char *name;
	json_t *us;

	lab_strbuf_printf(&sb, "%s%s%s: lab %s%s: %zu host%s, %zu network%s", bold(rep),
			  e->recipe->path, off(rep), e->recipe->lab,
			  attached ? ", which is up already" : "", hosts, plural(hosts), networks,
			  plural(networks));
	if (!attached) {
		lab_strbuf_puts(&sb, ", up in ");
		ctl_what_seconds(ctl_model_number(e->json, "duration_us"), &sb);
	}
	lab_strbuf_putc(&sb, '\n');
	if (rep->params.timing) {
		json_object_foreach(json_object_get(e->json, "phases_us"), name, us) {
			lab_strbuf_printf(&sb, "  %-8s", name);
			ctl_what_seconds((uint64_t)json_integer_value(us), &sb);
			lab_strbuf_putc(&sb, '\n');
		}
	}
	ctl_report_puts(rep, 1, &sb);
}

static void text_synced(struct ctl_report *rep, const struct ctl_event *e)
{
	size_t files = (size_t)ctl_model_number(e->json, "files");
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.verbose)
		return;
	lab_strbuf_printf(&sb, "%shost %s: %zu of %zu file%s sent in ", dim(rep),
			  ctl_model_string(e->json, "host"),
			  (size_t)ctl_model_number(e->json, "sent"), files, plural(files));
	ctl_what_seconds(ctl_model_number(e->json, "duration_us"), &sb);
	lab_strbuf_printf(&sb, "%s\n", off(rep));
	ctl_report_puts(rep, 1, &sb);
}

static void text_kept(struct ctl_report *rep, const struct ctl_event *e)
{
	const char *lab = ctl_model_string(e->json, "lab");
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "lab %s%s%s stays up\n", bold(rep), lab, off(rep));
	lab_strbuf_printf(&sb, "  look into it:  netlab shell %s %s\n", lab,
			  ctl_model_string(e->json, "host"));
	lab_strbuf_printf(&sb, "  run again:     netlab run --lab %s %s\n", lab, e->recipe->path);
	lab_strbuf_printf(&sb, "  end it:        netlab topo down %s\n", lab);
	ctl_report_puts(rep, 1, &sb);
}

static void text_down(struct ctl_report *rep, const struct ctl_event *e)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.timing)
		return;
	lab_strbuf_puts(&sb, "  down    ");
	ctl_what_seconds(ctl_model_number(e->json, "duration_us"), &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

/* --- tasks and commands --- */

static void text_task_start(struct ctl_report *rep, const struct ctl_event *e)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "%stask %zu%s", bold(rep), e->task->number,
			  e->task->label ? ": " : "");
	if (e->task->label)
		ctl_what_flat(e->task->label, &sb);
	lab_strbuf_printf(&sb, "%s\n", off(rep));
	ctl_report_puts(rep, 1, &sb);
}

static size_t text_width(const struct ctl_report *rep, const struct ctl_model_task *t)
{
	size_t used = VERDICT_COLUMNS + (size_t)host_width(t) + 2;

	if (!rep->params.columns)
		return LINE_MAX_;
	return rep->params.columns > used + 20 ? rep->params.columns - used : 20;
}

static void text_command_start(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_command *c = e->command;
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.verbose)
		return;
	lab_strbuf_printf(&sb, "  %s%-15s  %-*s  ", dim(rep), "started", host_width(e->task),
			  c->host ? c->host : "-");
	ctl_what_command(c, LINE_MAX_, &sb);
	lab_strbuf_printf(&sb, "%s\n", off(rep));
	ctl_report_puts(rep, 1, &sb);
}

static void text_output(struct ctl_report *rep, const struct ctl_event *e)
{
	const char *stream = ctl_model_string(e->json, "stream");
	const json_t *line = json_object_get(e->json, "line");
	const char *text = json_string_value(line);
	size_t len = json_string_length(line);
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.verbose || !text)
		return;
	lab_strbuf_printf(&sb, "    %s%s%c%s ", dim(rep), e->command->host ? e->command->host : "-",
			  stream && strcmp(stream, "stderr") == 0 ? '!' : '|', off(rep));
	if (len && text[len - 1] == '\r')
		len--;
	ctl_text_utf8(text, len, true, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

/* A line that a Python task itself printed. */
static void text_task_output(struct ctl_report *rep, const struct ctl_event *e)
{
	const char *stream = ctl_model_string(e->json, "stream");
	const json_t *line = json_object_get(e->json, "line");
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!json_is_string(line))
		return;
	lab_strbuf_printf(&sb, "  %s%c%s ", dim(rep),
			  stream && strcmp(stream, "stderr") == 0 ? '!' : '|', off(rep));
	ctl_text_utf8(json_string_value(line), json_string_length(line), true, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

static void text_values(struct ctl_report *rep, const struct ctl_event *e)
{
	cleanup_free char *values = json_dumps(json_object_get(e->json, "values"), JSON_COMPACT);
	const char *name = ctl_model_string(e->json, "name");
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!values || !name)
		return;
	lab_strbuf_puts(&sb, "  values of ");
	ctl_what_flat(name, &sb);
	lab_strbuf_puts(&sb, ": ");
	ctl_text_utf8(values, LAB_MIN(strlen(values), (size_t)LINE_MAX_ * 4), true, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

static void text_command_end(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_command *c = e->command;
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "  %s%s%s %4" PRIu64 ".%03u s  %-*s  ", colour_of(rep, c->verdict),
			  ctl_what_verdict(c->verdict), off(rep), c->duration_us / 1000000u,
			  (unsigned int)(c->duration_us / 1000u % 1000u), host_width(e->task),
			  c->host ? c->host : "-");
	ctl_what_command(c, text_width(rep, e->task), &sb);
	if (c->message[0]) {
		lab_strbuf_printf(&sb, "  %s", dim(rep));
		ctl_text_utf8(c->message, strlen(c->message), true, &sb);
		lab_strbuf_puts(&sb, off(rep));
	}
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

/* --- the summary --- */

static void add_lines(const struct ctl_model_stream *s, const char *mark, struct lab_strbuf *sb)
{
	const char *p, *newline;
	size_t left, n;

	for (p = ctl_what_last_lines(s, LAST_LINES, &left); left; p += n, left -= n) {
		newline = memchr(p, '\n', left);
		n = newline ? (size_t)(newline - p) + 1 : left;
		lab_strbuf_printf(sb, "    %s ", mark);
		ctl_text_utf8(p, LAB_MIN(newline ? n - 1 : n, (size_t)LINE_MAX_ * 4), true, sb);
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
	ctl_what_command(c, LINE_MAX_, sb);
	if (target) {
		lab_strbuf_puts(sb, ", which is ");
		ctl_what_command(target, LINE_MAX_, sb);
	}
	lab_strbuf_printf(sb, "\n    %s", colour_of(rep, CTL_VERDICT_FAIL));
	ctl_text_utf8(c->message, strlen(c->message), true, sb);
	lab_strbuf_printf(sb, "%s\n", off(rep));
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
			lab_strbuf_printf(sb, "    data: %.*s\n", LINE_MAX_ * 4, data);
	} else {
		add_lines(&c->out, "|", sb);
	}
	add_lines(&c->err, "!", sb);
}

static void add_failures(const struct ctl_report *rep, const struct ctl_model_recipe *r,
			 struct lab_strbuf *sb)
{
	size_t i, k, n = 0;

	lab_strbuf_printf(sb, "%sfailed:%s\n", bold(rep), off(rep));
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

static void text_verdict(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_recipe *r = e->recipe;
	enum ctl_verdict verdict = ctl_what_outcome(r);
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	/* What went wrong before the tasks has been said. */
	if (!r->has_result && !r->signo)
		return;
	if (r->failed)
		add_failures(rep, r, &sb);
	add_timing(rep, r, &sb);
	lab_strbuf_printf(&sb, "%s%s%s  %s", colour_of(rep, verdict),
			  r->signo ? "STOP" : ctl_what_verdict(verdict), off(rep), bold(rep));
	ctl_what_recipe(r, &sb);
	lab_strbuf_printf(&sb, "%s: ", off(rep));
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

static void text_end(struct ctl_report *rep, const struct ctl_event *e LAB_UNUSED)
{
	const struct ctl_model *m = &rep->model;
	size_t i, passed = ctl_model_passed(m);
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (m->n_recipes < 2)
		return;
	lab_strbuf_printf(&sb, "%s%zu recipes: %zu passed, %zu failed%s, in ", bold(rep),
			  m->n_recipes, passed, m->n_recipes - passed, off(rep));
	ctl_what_seconds(ctl_report_now(rep), &sb);
	lab_strbuf_putc(&sb, '\n');
	for (i = 0; i < m->n_recipes; i++) {
		enum ctl_verdict v = ctl_what_outcome(m->recipes[i]);

		lab_strbuf_printf(&sb, "  %s%s%s  ", colour_of(rep, v), ctl_what_verdict(v),
				  off(rep));
		ctl_what_recipe(m->recipes[i], &sb);
		lab_strbuf_putc(&sb, '\n');
	}
	ctl_report_puts(rep, 1, &sb);
}

static void text_event(struct ctl_report *rep, const struct ctl_event *e)
{
	static void (*const on[])(struct ctl_report *, const struct ctl_event *) = {
		[CTL_EVENT_ERROR] = text_diag,
		[CTL_EVENT_NOTE] = text_diag,
		[CTL_EVENT_MATCH] = text_match,
		[CTL_EVENT_UP] = text_up,
		[CTL_EVENT_SYNCED] = text_synced,
		[CTL_EVENT_TASK_START] = text_task_start,
		[CTL_EVENT_COMMAND_START] = text_command_start,
		[CTL_EVENT_OUTPUT] = text_output,
		[CTL_EVENT_COMMAND_END] = text_command_end,
		[CTL_EVENT_TASK_OUTPUT] = text_task_output,
		[CTL_EVENT_VALUES] = text_values,
		[CTL_EVENT_VERDICT] = text_verdict,
		[CTL_EVENT_KEPT] = text_kept,
		[CTL_EVENT_DOWN] = text_down,
		[CTL_EVENT_END] = text_end,
		[CTL_EVENT_OTHER] = NULL,
	};

	if (on[e->kind])
		on[e->kind](rep, e);
}

const struct ctl_report_style ctl_report_text = { .event = text_event };
