/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - a report as text for people, as it goes */
#include "controller/report/text.h"

#include <inttypes.h>
#include <string.h>

#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	VERDICT_COLUMNS = 19, /* "  PASS    1.234 s  " */
};

const char *ctl_term_bold(const struct ctl_report *rep)
{
	return rep->params.colour ? "\033[1m" : "";
}

const char *ctl_term_dim(const struct ctl_report *rep)
{
	return rep->params.colour ? "\033[2m" : "";
}

const char *ctl_term_off(const struct ctl_report *rep)
{
	return rep->params.colour ? "\033[0m" : "";
}

const char *ctl_term_colour(const struct ctl_report *rep, enum ctl_verdict v)
{
	if (!rep->params.colour || v == CTL_VERDICT_NONE)
		return "";
	return v == CTL_VERDICT_PASS ? "\033[1;32m" : "\033[1;31m";
}

void ctl_term_verdict(const struct ctl_report *rep, enum ctl_verdict v, uint64_t us,
		      struct lab_strbuf *sb)
{
	lab_strbuf_printf(sb, "%s%s%s %4" PRIu64 ".%03u s  ", ctl_term_colour(rep, v),
			  ctl_what_verdict(v), ctl_term_off(rep), us / 1000000u,
			  (unsigned int)(us / 1000u % 1000u));
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

	lab_strbuf_puts(&sb, ctl_term_bold(rep));
	ctl_what_recipe(e->recipe, &sb);
	lab_strbuf_printf(&sb, "%s: pool %s:", ctl_term_off(rep),
			  ctl_model_string(e->json, "pool"));
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

	lab_strbuf_printf(&sb, "%s%s%s: lab %s%s: %zu host%s, %zu network%s", ctl_term_bold(rep),
			  e->recipe->path, ctl_term_off(rep), e->recipe->lab,
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
	lab_strbuf_printf(&sb, "%shost %s: %zu of %zu file%s sent in ", ctl_term_dim(rep),
			  ctl_model_string(e->json, "host"),
			  (size_t)ctl_model_number(e->json, "sent"), files, plural(files));
	ctl_what_seconds(ctl_model_number(e->json, "duration_us"), &sb);
	lab_strbuf_printf(&sb, "%s\n", ctl_term_off(rep));
	ctl_report_puts(rep, 1, &sb);
}

static void text_kept(struct ctl_report *rep, const struct ctl_event *e)
{
	const char *lab = ctl_model_string(e->json, "lab");
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "lab %s%s%s stays up\n", ctl_term_bold(rep), lab, ctl_term_off(rep));
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

	lab_strbuf_printf(&sb, "%stask %zu%s", ctl_term_bold(rep), e->task->number,
			  e->task->label ? ": " : "");
	if (e->task->label)
		ctl_what_flat(e->task->label, &sb);
	lab_strbuf_printf(&sb, "%s\n", ctl_term_off(rep));
	ctl_report_puts(rep, 1, &sb);
}

static size_t text_width(const struct ctl_report *rep, const struct ctl_model_task *t)
{
	size_t used = VERDICT_COLUMNS + (size_t)host_width(t) + 2;

	if (!rep->params.columns)
		return CTL_TERM_LINE_MAX;
	return rep->params.columns > used + 20 ? rep->params.columns - used : 20;
}

static void text_command_start(struct ctl_report *rep, const struct ctl_event *e)
{
	const struct ctl_model_command *c = e->command;
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.verbose)
		return;
	lab_strbuf_printf(&sb, "  %s%-15s  %-*s  ", ctl_term_dim(rep), "started",
			  host_width(e->task), c->host ? c->host : "-");
	ctl_what_command(c, CTL_TERM_LINE_MAX, &sb);
	lab_strbuf_printf(&sb, "%s\n", ctl_term_off(rep));
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
	lab_strbuf_printf(&sb, "    %s%s%c%s ", ctl_term_dim(rep),
			  e->command->host ? e->command->host : "-",
			  stream && strcmp(stream, "stderr") == 0 ? '!' : '|', ctl_term_off(rep));
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
	lab_strbuf_printf(&sb, "  %s%c%s ", ctl_term_dim(rep),
			  stream && strcmp(stream, "stderr") == 0 ? '!' : '|', ctl_term_off(rep));
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
	ctl_text_utf8(values, LAB_MIN(strlen(values), (size_t)CTL_TERM_LINE_MAX * 4), true, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

/* The message behind the command, or below it where a terminal has no room for both. */
static void add_message(const struct ctl_report *rep, const struct ctl_event *e, size_t used,
			struct lab_strbuf *sb)
{
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;
	const char *message = e->command->message;
	size_t indent = VERDICT_COLUMNS + (size_t)host_width(e->task) + 2;

	if (!message[0])
		return;
	ctl_text_utf8(message, strlen(message), true, &text);
	if (rep->params.columns &&
	    indent + used + 2 + ctl_what_columns(lab_strbuf_str(&text)) > rep->params.columns)
		lab_strbuf_printf(sb, "\n%*s", (int)indent, "");
	else
		lab_strbuf_puts(sb, "  ");
	lab_strbuf_printf(sb, "%s%s%s", ctl_term_dim(rep), lab_strbuf_str(&text),
			  ctl_term_off(rep));
}

static void text_command_end(struct ctl_report *rep, const struct ctl_event *e)
{
	cleanup_strbuf struct lab_strbuf what = LAB_STRBUF_INIT;
	const struct ctl_model_command *c = e->command;
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_puts(&sb, "  ");
	ctl_term_verdict(rep, c->verdict, c->duration_us, &sb);
	ctl_what_command(c, text_width(rep, e->task), &what);
	lab_strbuf_printf(&sb, "%-*s  %s", host_width(e->task), c->host ? c->host : "-",
			  lab_strbuf_str(&what));
	add_message(rep, e, ctl_what_columns(lab_strbuf_str(&what)), &sb);
	lab_strbuf_putc(&sb, '\n');
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
		[CTL_EVENT_VERDICT] = ctl_term_end_recipe,
		[CTL_EVENT_KEPT] = text_kept,
		[CTL_EVENT_DOWN] = text_down,
		[CTL_EVENT_END] = ctl_term_end,
		[CTL_EVENT_OTHER] = NULL,
	};

	if (on[e->kind])
		on[e->kind](rep, e);
}

const struct ctl_report_style ctl_report_text = { .event = text_event };
