/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.c - a report as JSON, one object a line; docs/json.md describes every event and member */
#include <string.h>

#include "controller/report/report_internal.h"
#include "netlab/base/util.h"

/* Bytes of any kind as a JSON string. */
static json_t *text_of(const char *data, size_t len)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_text_utf8(data, len, false, &sb);
	return sb.error ? NULL : json_stringn(lab_strbuf_str(&sb), sb.len);
}

static void put(json_t *e, const char *name, json_t *value)
{
	/* Out of memory: the event lacks a member. */
	(void)json_object_set_new(e, name, value);
}

static void put_number(json_t *e, const char *name, uint64_t value)
{
	put(e, name, json_integer((json_int_t)value));
}

static void put_string(json_t *e, const char *name, const char *text)
{
	if (text)
		put(e, name, text_of(text, strlen(text)));
}

static json_t *event(const struct ctl_report *rep, const char *name)
{
	json_t *e = json_object();

	put_string(e, "event", name);
	put_number(e, "time_us", ctl_report_now(rep));
	put_string(e, "recipe", rep->path);
	return e;
}

static void emit(struct ctl_report *rep, json_t *e)
{
	cleanup_free char *line = json_dumps(e, JSON_COMPACT);
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	json_decref(e);
	if (!line)
		return;
	lab_strbuf_puts(&sb, line);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

static void put_src(json_t *e, const struct lab_src *src)
{
	put_string(e, "file", src->file);
	if (src->line)
		put_number(e, "line", src->line);
	if (src->line && src->col)
		put_number(e, "col", src->col);
}

static void say_begin(struct ctl_report *rep)
{
	emit(rep, event(rep, "recipe"));
}

static void say_diag(struct ctl_report *rep, const struct ctl_diag *diag)
{
	size_t i;

	for (i = 0; i < diag->n_items; i++) {
		json_t *e = event(rep, ctl_diag_kind_name(diag->items[i].kind));

		put_src(e, &diag->items[i].src);
		put_string(e, "message", diag->items[i].msg);
		emit(rep, e);
	}
}

static void say_error_event(struct ctl_report *rep, const struct lab_err *err)
{
	json_t *e = event(rep, "error");

	put_src(e, &err->src);
	put_string(e, "message", err->msg);
	put_string(e, "errno", lab_err_name(err->code));
	emit(rep, e);
}

static void say_note(struct ctl_report *rep, const char *text)
{
	json_t *e = event(rep, "note");

	put_string(e, "message", text);
	emit(rep, e);
}

static void say_phase(struct ctl_report *rep, enum ctl_report_phase phase)
{
	json_t *e = event(rep, "phase");

	put_string(e, "phase", ctl_phase_name(phase));
	emit(rep, e);
}

static void say_up(struct ctl_report *rep, const struct ctl_report_lab_up *up)
{
	json_t *e = event(rep, "up"), *parts;
	size_t i;

	put_string(e, "lab", rep->lab);
	put_number(e, "hosts", up->n_hosts);
	put_number(e, "networks", up->n_networks);
	put(e, "attached", json_boolean(up->attached));
	if (!up->attached) {
		put_number(e, "duration_us", up->duration_us);
		parts = json_object();
		for (i = 0; i < up->n_parts; i++)
			put_number(parts, up->parts[i].name, up->parts[i].duration_us);
		put(e, "phases_us", parts);
	}
	emit(rep, e);
}

static void say_synced(struct ctl_report *rep, const char *host, size_t n_files, size_t n_sent,
		       uint64_t duration_us)
{
	json_t *e = event(rep, "synced");

	put_string(e, "host", host);
	put_number(e, "files", n_files);
	put_number(e, "sent", n_sent);
	put_number(e, "duration_us", duration_us);
	emit(rep, e);
}

static void say_task_start(struct ctl_report *rep, const struct ctl_task_result *t)
{
	json_t *e = event(rep, "task_start");

	put_number(e, "task", t->index + 1);
	put_string(e, "label", t->task->label);
	put_number(e, "commands", t->n_commands);
	emit(rep, e);
}

static json_t *command_event(const struct ctl_report *rep, const char *name,
			     const struct ctl_command_result *c)
{
	json_t *e = event(rep, name);

	put_number(e, "task", c->task + 1);
	put_number(e, "command", c->index + 1);
	put_string(e, "host", c->host);
	return e;
}

static void put_command(json_t *e, const struct ctl_command_result *c)
{
	const struct ctl_command *command = c->command;

	put_string(e, "type", ctl_command_name(command->kind));
	put_string(e, "module", command->module);
	put_string(e, "text", c->text);
	put_string(e, "desc", c->desc);
	put_string(e, "bg_id", command->bg_id);
	if (command->kind == CTL_COMMAND_RUN)
		put_string(e, "expect", command->expect == CTL_EXPECT_FAIL ? "fail" : "pass");
	if (command->kind == CTL_COMMAND_CTL_WAIT)
		put_number(e, "wait_us", command->wait_us);
	put_src(e, &command->src);
}

static void say_command_start(struct ctl_report *rep, const struct ctl_command_result *c)
{
	json_t *e = command_event(rep, "command_start", c);

	put_command(e, c);
	emit(rep, e);
}

static void say_output(struct ctl_report *rep, const struct ctl_command_result *c, int fd,
		       const char *line, size_t len)
{
	json_t *e = command_event(rep, "output", c);

	put_string(e, "stream", fd == 2 ? "stderr" : "stdout");
	put(e, "line", text_of(line, len));
	emit(rep, e);
}

static void put_output(json_t *e, const char *name, const struct ctl_output *out)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_output_text(out, &sb);
	put(e, name, text_of(lab_strbuf_str(&sb), sb.len));
}

static void put_job(json_t *e, const struct ctl_job *job)
{
	const char *name;

	put(e, "timed_out", json_boolean(job->timed_out));
	put_output(e, "stdout", &job->out);
	put_output(e, "stderr", &job->err);
	if (job->data)
		put(e, "data", json_incref(job->data));
	if (!job->ended || job->end.error)
		return;
	if (job->end.exited) {
		put_number(e, "exit", (uint64_t)job->end.status);
	} else {
		name = sigabbrev_np(job->end.signal);
		put_number(e, "signal", (uint64_t)job->end.signal);
		put_string(e, "signal_name", name);
	}
	put_number(e, "host_us", job->end.duration_us);
	put_number(e, "utime_us", job->end.utime_us);
	put_number(e, "stime_us", job->end.stime_us);
}

static void say_command_end(struct ctl_report *rep, const struct ctl_command_result *c)
{
	json_t *e = command_event(rep, "command_end", c);

	put_command(e, c);
	put_string(e, "verdict", ctl_verdict_name(c->verdict));
	put_string(e, "message", c->message);
	put(e, "background", json_boolean(c->background));
	put_number(e, "duration_us", c->duration_us);
	if (c->job)
		put_job(e, c->job);
	emit(rep, e);
}

static void say_task_end(struct ctl_report *rep, const struct ctl_task_result *t)
{
	json_t *e = event(rep, "task_end");

	put_number(e, "task", t->index + 1);
	put_string(e, "label", t->task->label);
	put_string(e, "verdict", ctl_verdict_name(t->verdict));
	put_number(e, "passed", t->n_passed);
	put_number(e, "failed", t->n_failed);
	put_number(e, "duration_us", t->duration_us);
	emit(rep, e);
}

static void say_kept(struct ctl_report *rep, const char *host LAB_UNUSED)
{
	json_t *e = event(rep, "kept");

	put_string(e, "lab", rep->lab);
	emit(rep, e);
}

static void say_down(struct ctl_report *rep, uint64_t duration_us)
{
	json_t *e = event(rep, "down");

	put_string(e, "lab", rep->lab);
	put_number(e, "duration_us", duration_us);
	emit(rep, e);
}

static void say_verdict(struct ctl_report *rep, const struct ctl_report_verdict *v)
{
	json_t *e = event(rep, "verdict"), *phases = json_object();
	uint64_t busy, total = ctl_report_totals(rep, v, &busy);
	int i;

	put_string(e, "verdict",
		   ctl_verdict_name(v->result ? v->result->verdict : CTL_VERDICT_NONE));
	put_number(e, "exit_code", (uint64_t)v->exit_code);
	if (v->signo)
		put_number(e, "signal", (uint64_t)v->signo);
	if (v->result) {
		put_number(e, "tasks", v->result->n_tasks);
		put_number(e, "tasks_run", v->result->n_tasks_run);
		put_number(e, "passed", v->result->n_passed);
		put_number(e, "failed", v->result->n_failed);
	}
	put_number(e, "duration_us", total);
	put_number(e, "tests_us", busy);
	put_number(e, "netlab_us", total - busy);
	for (i = 0; i < CTL_PHASE_DOWN; i++)
		put_number(phases, ctl_phase_name((enum ctl_report_phase)i), v->phase_us[i]);
	put(e, "phases_us", phases);
	emit(rep, e);
}

static void say_end(struct ctl_report *rep, int exit_code)
{
	json_t *e;
	size_t i, passed = 0;

	for (i = 0; i < rep->n_marks; i++)
		passed += rep->marks[i].exit_code == 0;
	rep->path = NULL;
	e = event(rep, "end");
	put_number(e, "recipes", rep->n_marks);
	put_number(e, "passed", passed);
	put_number(e, "exit_code", (uint64_t)exit_code);
	emit(rep, e);
}

const struct ctl_report_style ctl_report_json = {
	.begin = say_begin,
	.diag = say_diag,
	.error = say_error_event,
	.note = say_note,
	.phase = say_phase,
	.up = say_up,
	.synced = say_synced,
	.task_start = say_task_start,
	.command_start = say_command_start,
	.output = say_output,
	.command_end = say_command_end,
	.task_end = say_task_end,
	.kept = say_kept,
	.down = say_down,
	.verdict = say_verdict,
	.end = say_end,
};
