/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event.c - what happens as JSON objects; docs/json.md describes every event and member */
#include "controller/report/event.h"

#include <string.h>
#include <time.h>

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

json_t *ctl_event_new(const struct ctl_report *rep, const char *name)
{
	json_t *e = json_object();

	put_string(e, "event", name);
	put_number(e, "time_us", ctl_report_now(rep));
	if (rep->path) {
		put_string(e, "recipe", rep->path);
		put_number(e, "run", rep->run);
	}
	return e;
}

static void put_src(json_t *e, const struct lab_src *src)
{
	put_string(e, "file", src->file);
	if (src->line)
		put_number(e, "line", src->line);
	if (src->line && src->col)
		put_number(e, "col", src->col);
}

json_t *ctl_event_start(const struct ctl_report *rep)
{
	const struct ctl_report_env *env = &rep->params.env;
	json_t *e = ctl_event_new(rep, "start");
	struct tm tm;
	time_t date = (time_t)env->date_s;
	char text[32];

	put_string(e, "version", env->version);
	put_string(e, "kernel", env->kernel);
	put_string(e, "machine", env->machine);
	if (env->date_s && gmtime_r(&date, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		put_string(e, "date", text);
	return e;
}

json_t *ctl_event_diag(const struct ctl_report *rep, const struct ctl_diag_item *item)
{
	json_t *e = ctl_event_new(rep, ctl_diag_kind_name(item->kind));

	put_src(e, &item->src);
	put_string(e, "message", item->msg);
	return e;
}

json_t *ctl_event_error(const struct ctl_report *rep, const struct lab_err *err)
{
	json_t *e = ctl_event_new(rep, "error");

	put_src(e, &err->src);
	put_string(e, "message", err->msg);
	if (err->code)
		put_string(e, "errno", lab_err_name(err->code));
	return e;
}

json_t *ctl_event_note(const struct ctl_report *rep, const char *text)
{
	json_t *e = ctl_event_new(rep, "note");

	put_string(e, "message", text);
	return e;
}

json_t *ctl_event_phase(const struct ctl_report *rep, enum ctl_report_phase phase)
{
	json_t *e = ctl_event_new(rep, "phase");

	put_string(e, "phase", ctl_phase_name(phase));
	return e;
}

json_t *ctl_event_match(const struct ctl_report *rep, const struct ctl_report_match *match)
{
	json_t *e = ctl_event_new(rep, "match");

	put_number(e, "match", match->number);
	put_string(e, "pool", match->pool);
	put(e, "hosts", match->hosts);
	return e;
}

json_t *ctl_event_topology(const struct ctl_report *rep, json_t *topology)
{
	json_t *e = ctl_event_new(rep, "topology");

	put(e, "topology", topology);
	return e;
}

json_t *ctl_event_up(const struct ctl_report *rep, const struct ctl_report_lab_up *up)
{
	json_t *e = ctl_event_new(rep, "up"), *parts;
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
	return e;
}

json_t *ctl_event_synced(const struct ctl_report *rep, const char *host, size_t n_files,
			 size_t n_sent, uint64_t duration_us)
{
	json_t *e = ctl_event_new(rep, "synced");

	put_string(e, "host", host);
	put_number(e, "files", n_files);
	put_number(e, "sent", n_sent);
	put_number(e, "duration_us", duration_us);
	return e;
}

/* The hosts whose commands are known, each once. */
static json_t *hosts_of(const struct ctl_task_result *t)
{
	json_t *list = json_array();
	size_t i, k;

	for (i = 0; i < t->n_commands; i++) {
		const char *host = t->commands[i]->host;

		for (k = 0; host && k < i && t->commands[k]->host != host; k++)
			;
		if (host && k == i)
			(void)json_array_append_new(list, text_of(host, strlen(host)));
	}
	return list;
}

json_t *ctl_event_task_start(const struct ctl_report *rep, const struct ctl_task_result *t)
{
	json_t *e = ctl_event_new(rep, "task_start");

	put_number(e, "task", t->index + 1);
	put_string(e, "label", t->task->label);
	put_string(e, "python", t->task->python);
	put_number(e, "commands", t->n_commands);
	put(e, "hosts", hosts_of(t));
	return e;
}

static json_t *command_event(const struct ctl_report *rep, const char *name,
			     const struct ctl_command_result *c)
{
	json_t *e = ctl_event_new(rep, name);

	put_number(e, "task", c->task + 1);
	put_number(e, "command", c->index + 1);
	put_string(e, "host", c->host);
	return e;
}

static void put_command(const struct ctl_report *rep, json_t *e, const struct ctl_command_result *c)
{
	const struct ctl_command *command = c->command;

	put_string(e, "type", ctl_command_name(command->kind));
	put_string(e, "netns", command->netns);
	put_string(e, "module", command->module);
	put_string(e, "text", c->text);
	put_string(e, "desc", c->desc);
	put_string(e, "bg_id", command->bg_id);
	if (command->kind == CTL_COMMAND_RUN) {
		put_string(e, "expect", command->expect == CTL_EXPECT_FAIL ? "fail" : "pass");
		put_number(e, "timeout_s", command->timeout_s);
	}
	if (command->kind == CTL_COMMAND_CONFIG)
		put(e, "persistent", json_boolean(command->persistent));
	if (command->kind == CTL_COMMAND_CTL_WAIT)
		put_number(e, "wait_us", command->wait_us);
	put_number(e, "start_us", c->start_us - LAB_MIN(c->start_us, rep->params.start_us));
	put_src(e, &command->src);
}

json_t *ctl_event_command_start(const struct ctl_report *rep, const struct ctl_command_result *c)
{
	json_t *e = command_event(rep, "command_start", c);

	put_command(rep, e, c);
	return e;
}

json_t *ctl_event_output(const struct ctl_report *rep, const struct ctl_command_result *c, int fd,
			 const char *line, size_t len)
{
	json_t *e = command_event(rep, "output", c);

	put_string(e, "stream", fd == 2 ? "stderr" : "stdout");
	put(e, "line", text_of(line, len));
	return e;
}

static void put_output(json_t *e, const char *name, const char *total, const struct ctl_output *out)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_output_text(out, &sb);
	put(e, name, text_of(lab_strbuf_str(&sb), sb.len));
	if (out->total > CTL_OUTPUT_MAX)
		put_number(e, total, out->total);
}

static void put_job(json_t *e, const struct ctl_job *job)
{
	const char *name;

	put(e, "timed_out", json_boolean(job->timed_out));
	put_output(e, "stdout", "stdout_bytes", &job->out);
	put_output(e, "stderr", "stderr_bytes", &job->err);
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

json_t *ctl_event_command_end(const struct ctl_report *rep, const struct ctl_command_result *c)
{
	json_t *e = command_event(rep, "command_end", c);

	put_command(rep, e, c);
	put_string(e, "verdict", ctl_verdict_name(c->verdict));
	put_string(e, "message", c->message);
	put(e, "background", json_boolean(c->background));
	put_number(e, "duration_us", c->duration_us);
	if (c->job)
		put_job(e, c->job);
	if (c->job && c->job->owner && c->job->owner != c)
		put_number(e, "target", c->job->owner->index + 1);
	return e;
}

json_t *ctl_event_task_output(const struct ctl_report *rep, const struct ctl_task_result *t, int fd,
			      const char *line, size_t len)
{
	json_t *e = ctl_event_new(rep, "task_output");

	put_number(e, "task", t->index + 1);
	put_string(e, "stream", fd == 2 ? "stderr" : "stdout");
	put(e, "line", text_of(line, len));
	return e;
}

json_t *ctl_event_values(const struct ctl_report *rep, const struct ctl_task_result *t,
			 const json_t *values)
{
	json_t *e = ctl_event_new(rep, "values");

	put_number(e, "task", t->index + 1);
	if (e)
		(void)json_object_update_missing(e, (json_t *)values);
	return e;
}

json_t *ctl_event_task_end(const struct ctl_report *rep, const struct ctl_task_result *t)
{
	json_t *e = ctl_event_new(rep, "task_end");

	put_number(e, "task", t->index + 1);
	put_string(e, "label", t->task->label);
	put_string(e, "verdict", ctl_verdict_name(t->verdict));
	put_number(e, "passed", t->n_passed);
	put_number(e, "failed", t->n_failed);
	put_string(e, "error", t->fault);
	put_string(e, "traceback", t->traceback);
	if (t->fault)
		put_src(e, &t->fault_src);
	put_number(e, "duration_us", t->duration_us);
	return e;
}

json_t *ctl_event_kept(const struct ctl_report *rep, const char *host)
{
	json_t *e = ctl_event_new(rep, "kept");

	put_string(e, "lab", rep->lab);
	put_string(e, "host", host);
	return e;
}

json_t *ctl_event_down(const struct ctl_report *rep, uint64_t duration_us)
{
	json_t *e = ctl_event_new(rep, "down");

	put_string(e, "lab", rep->lab);
	put_number(e, "duration_us", duration_us);
	return e;
}

/*
 * struct counts - what a result has
 */
struct counts {
	size_t commands, commands_run; /* but for tasks that were left out */
	size_t left_out, broken_off;
};

static struct counts count(const struct ctl_run_result *result)
{
	struct counts n = { 0 };
	size_t i, k;

	for (i = 0; i < result->n_tasks; i++) {
		const struct ctl_task_result *t = &result->tasks[i];

		n.left_out += t->left_out;
		n.broken_off += t->fault != NULL;
		n.commands += t->left_out ? 0 : t->n_commands;
		for (k = 0; k < t->n_commands; k++)
			n.commands_run += t->commands[k]->start_us != 0;
	}
	return n;
}

/* Why tasks behind the last one that was begun were not. */
static const char *why_not_run(const struct ctl_run_result *result,
			       const struct ctl_task_result *last)
{
	if (result->exception)
		return "exception";
	if (last && last->verdict == CTL_VERDICT_FAIL && last->task->quit_on_fail)
		return "quit_on_fail";
	return "stopped";
}

static json_t *tasks_not_run(const struct ctl_run_result *result)
{
	const struct ctl_task_result *last = NULL;
	json_t *list = json_array();
	size_t i, begun = 0;

	for (i = 0; i < result->n_tasks; i++) {
		const struct ctl_task_result *t = &result->tasks[i];
		json_t *one;

		if (!t->left_out && begun < result->n_tasks_run) {
			begun++;
			last = t;
			continue;
		}
		one = json_object();
		put_number(one, "task", t->index + 1);
		put_string(one, "label", t->task->label);
		put_number(one, "commands", t->n_commands);
		put_string(one, "reason", t->left_out ? "left_out" : why_not_run(result, last));
		(void)json_array_append_new(list, one);
	}
	return list;
}

static void put_result(json_t *e, const struct ctl_run_result *result)
{
	const struct counts n = count(result);

	put_number(e, "tasks", result->n_tasks);
	put_number(e, "tasks_run", result->n_tasks_run);
	put_number(e, "tasks_left_out", n.left_out);
	if (n.broken_off)
		put_number(e, "tasks_broken_off", n.broken_off);
	put(e, "tasks_not_run", tasks_not_run(result));
	put_number(e, "commands", n.commands);
	put_number(e, "commands_run", n.commands_run);
	put_number(e, "passed", result->n_passed);
	put_number(e, "failed", result->n_failed);
}

json_t *ctl_event_verdict(const struct ctl_report *rep, const struct ctl_report_verdict *v)
{
	json_t *e = ctl_event_new(rep, "verdict"), *phases = json_object();
	uint64_t busy, total = ctl_report_totals(rep, v, &busy);
	int i;

	put_string(e, "verdict",
		   ctl_verdict_name(v->result ? v->result->verdict : CTL_VERDICT_NONE));
	put_number(e, "exit_code", (uint64_t)v->exit_code);
	if (v->signo)
		put_number(e, "signal", (uint64_t)v->signo);
	if (v->result)
		put_result(e, v->result);
	put_number(e, "duration_us", total);
	put_number(e, "tests_us", busy);
	put_number(e, "netlab_us", total - busy);
	for (i = 0; i < CTL_PHASE_DOWN; i++)
		put_number(phases, ctl_phase_name((enum ctl_report_phase)i), v->phase_us[i]);
	put(e, "phases_us", phases);
	return e;
}

json_t *ctl_event_end(const struct ctl_report *rep, int exit_code)
{
	json_t *e = ctl_event_new(rep, "end");

	put_number(e, "recipes", rep->model.n_recipes);
	put_number(e, "passed", ctl_model_passed(&rep->model));
	put_number(e, "exit_code", (uint64_t)exit_code);
	return e;
}
