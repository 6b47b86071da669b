/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - a report as text for people */
#include <inttypes.h>
#include <string.h>

#include "controller/report/report_internal.h"
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

static const char *word_of(enum ctl_verdict v)
{
	return v == CTL_VERDICT_PASS ? "PASS" : v == CTL_VERDICT_FAIL ? "FAIL" : "----";
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void add_seconds(uint64_t us, struct lab_strbuf *sb)
{
	lab_strbuf_printf(sb, "%" PRIu64 ".%03u s", us / 1000000u,
			  (unsigned int)(us / 1000u % 1000u));
}

/* --- what is said before and behind the tasks --- */

static void text_begin(struct ctl_report *rep LAB_UNUSED)
{
}

static void text_diag(struct ctl_report *rep, const struct ctl_diag *diag)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_diag_format(diag, &sb);
	ctl_report_puts(rep, 2, &sb);
}

static void text_error(struct ctl_report *rep, const struct lab_err *err)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	char buf[1024];

	lab_strbuf_printf(&sb, "%s\n", lab_err_format(err, buf, sizeof(buf)));
	ctl_report_puts(rep, 2, &sb);
}

static void text_note(struct ctl_report *rep, const char *text)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "note: %s\n", text);
	ctl_report_puts(rep, 2, &sb);
}

static void text_phase(struct ctl_report *rep LAB_UNUSED, enum ctl_report_phase phase LAB_UNUSED)
{
}

static void text_up(struct ctl_report *rep, const struct ctl_report_lab_up *up)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;

	lab_strbuf_printf(&sb, "%s%s%s: lab %s%s: %zu host%s, %zu network%s", bold(rep), rep->path,
			  off(rep), rep->lab, up->attached ? ", which is up already" : "",
			  up->n_hosts, plural(up->n_hosts), up->n_networks, plural(up->n_networks));
	if (!up->attached) {
		lab_strbuf_puts(&sb, ", up in ");
		add_seconds(up->duration_us, &sb);
	}
	lab_strbuf_putc(&sb, '\n');
	for (i = 0; rep->params.timing && i < up->n_parts; i++) {
		lab_strbuf_printf(&sb, "  %-8s", up->parts[i].name);
		add_seconds(up->parts[i].duration_us, &sb);
		lab_strbuf_putc(&sb, '\n');
	}
	ctl_report_puts(rep, 1, &sb);
}

static void text_synced(struct ctl_report *rep, const char *host, size_t n_files, size_t n_sent,
			uint64_t duration_us)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.verbose)
		return;
	lab_strbuf_printf(&sb, "%shost %s: %zu of %zu module%s sent in ", dim(rep), host, n_sent,
			  n_files, plural(n_files));
	add_seconds(duration_us, &sb);
	lab_strbuf_printf(&sb, "%s\n", off(rep));
	ctl_report_puts(rep, 1, &sb);
}

static void text_kept(struct ctl_report *rep, const char *host)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "lab %s%s%s stays up\n", bold(rep), rep->lab, off(rep));
	lab_strbuf_printf(&sb, "  look into it:  netlab shell %s %s\n", rep->lab, host);
	lab_strbuf_printf(&sb, "  run again:     netlab run --lab %s %s\n", rep->lab, rep->path);
	lab_strbuf_printf(&sb, "  end it:        netlab topo down %s\n", rep->lab);
	ctl_report_puts(rep, 1, &sb);
}

static void text_down(struct ctl_report *rep, uint64_t duration_us)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.timing)
		return;
	lab_strbuf_puts(&sb, "  down    ");
	add_seconds(duration_us, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

/* --- tasks and commands --- */

static void text_task_start(struct ctl_report *rep, const struct ctl_task_result *t)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "%stask %zu%s%s%s\n", bold(rep), t->index + 1,
			  t->task->label ? ": " : "", t->task->label ? t->task->label : "",
			  off(rep));
	ctl_report_puts(rep, 1, &sb);
}

static size_t text_width(const struct ctl_report *rep)
{
	size_t used = VERDICT_COLUMNS + rep->host_width + 2;

	if (!rep->params.columns)
		return LINE_MAX_;
	return rep->params.columns > used + 20 ? rep->params.columns - used : 20;
}

static void text_command_start(struct ctl_report *rep, const struct ctl_command_result *c)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!rep->params.verbose)
		return;
	lab_strbuf_printf(&sb, "  %s%-15s  %-*s  ", dim(rep), "started", (int)rep->host_width,
			  c->host ? c->host : "-");
	ctl_report_what(c, LINE_MAX_, &sb);
	lab_strbuf_printf(&sb, "%s\n", off(rep));
	ctl_report_puts(rep, 1, &sb);
}

static void text_output(struct ctl_report *rep, const struct ctl_command_result *c, int fd,
			const char *line, size_t len)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "    %s%s%c%s ", dim(rep), c->host, fd == 2 ? '!' : '|', off(rep));
	if (len && line[len - 1] == '\r')
		len--;
	ctl_text_utf8(line, len, true, &sb);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

static void text_command_end(struct ctl_report *rep, const struct ctl_command_result *c)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_printf(&sb, "  %s%s%s %4" PRIu64 ".%03u s  %-*s  ", colour_of(rep, c->verdict),
			  word_of(c->verdict), off(rep), c->duration_us / 1000000u,
			  (unsigned int)(c->duration_us / 1000u % 1000u), (int)rep->host_width,
			  c->host ? c->host : "-");
	ctl_report_what(c, text_width(rep), &sb);
	if (c->message[0]) {
		lab_strbuf_printf(&sb, "  %s", dim(rep));
		ctl_text_utf8(c->message, strlen(c->message), true, &sb);
		lab_strbuf_puts(&sb, off(rep));
	}
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

static void text_task_end(struct ctl_report *rep LAB_UNUSED,
			  const struct ctl_task_result *t LAB_UNUSED)
{
}

/* --- the summary --- */

static void add_lines(const struct ctl_output *out, const char *mark, struct lab_strbuf *sb)
{
	cleanup_strbuf struct lab_strbuf last = LAB_STRBUF_INIT;
	const char *p, *newline;
	size_t left, n;

	ctl_output_last(out, LAST_LINES, &last);
	for (p = lab_strbuf_str(&last), left = last.len; left; p += n, left -= n) {
		newline = memchr(p, '\n', left);
		n = newline ? (size_t)(newline - p) + 1 : left;
		lab_strbuf_printf(sb, "    %s ", mark);
		ctl_text_utf8(p, LAB_MIN(newline ? n - 1 : n, (size_t)LINE_MAX_ * 4), true, sb);
		lab_strbuf_putc(sb, '\n');
	}
}

static void add_failure(const struct ctl_report *rep, const struct ctl_command_result *c,
			struct lab_strbuf *sb)
{
	const struct lab_src *src = &c->command->src;
	const struct ctl_job *job = c->job;

	lab_strbuf_printf(sb, "  %s:%u:%u: task %zu, command %zu",
			  src->file ? src->file : rep->path, src->line, src->col, c->task + 1,
			  c->index + 1);
	if (c->host)
		lab_strbuf_printf(sb, ", host %s", c->host);
	lab_strbuf_puts(sb, ": ");
	ctl_report_what(c, LINE_MAX_, sb);
	if (job && job->owner && job->owner != c) {
		lab_strbuf_puts(sb, ", which is ");
		ctl_report_what(job->owner, LINE_MAX_, sb);
	}
	lab_strbuf_printf(sb, "\n    %s", colour_of(rep, CTL_VERDICT_FAIL));
	ctl_text_utf8(c->message, strlen(c->message), true, sb);
	lab_strbuf_printf(sb, "%s\n", off(rep));
	if (!job)
		return;
	/* A module's standard output is its data; its own words were in the message. */
	if (job->data) {
		cleanup_free char *data = json_dumps(job->data, JSON_COMPACT);

		if (data)
			lab_strbuf_printf(sb, "    data: %.*s\n", LINE_MAX_ * 4, data);
	} else {
		add_lines(&job->out, "|", sb);
	}
	add_lines(&job->err, "!", sb);
}

static void add_failures(const struct ctl_report *rep, const struct ctl_run_result *result,
			 struct lab_strbuf *sb)
{
	size_t i, k, n = 0;

	lab_strbuf_printf(sb, "%sfailed:%s\n", bold(rep), off(rep));
	for (i = 0; i < result->n_tasks; i++) {
		for (k = 0; k < result->tasks[i].n_commands; k++) {
			const struct ctl_command_result *c = result->tasks[i].commands[k];

			if (c->verdict == CTL_VERDICT_FAIL && n++ < FAILURES_MAX)
				add_failure(rep, c, sb);
		}
	}
	if (n > FAILURES_MAX)
		lab_strbuf_printf(sb, "  and %zu more\n", n - FAILURES_MAX);
}

static enum ctl_verdict verdict_of(const struct ctl_report_verdict *v)
{
	if (v->signo)
		return CTL_VERDICT_NONE;
	return v->exit_code == 0 ? CTL_VERDICT_PASS : CTL_VERDICT_FAIL;
}

static void add_counts(const struct ctl_run_result *result, struct lab_strbuf *sb)
{
	size_t total = 0, i, tasks = 0, left_out = 0;

	for (i = 0; i < result->n_tasks; i++) {
		left_out += result->tasks[i].left_out;
		if (!result->tasks[i].left_out)
			total += result->tasks[i].n_commands;
	}
	tasks = result->n_tasks - result->n_tasks_run - left_out;
	if (!total)
		lab_strbuf_puts(sb, "no tasks");
	else if (result->n_failed)
		lab_strbuf_printf(sb, "%zu of %zu command%s failed", result->n_failed, total,
				  plural(total));
	else
		lab_strbuf_printf(sb, "%zu of %zu command%s passed", result->n_passed, total,
				  plural(total));
	if (tasks)
		lab_strbuf_printf(sb, ", %zu task%s not run", tasks, plural(tasks));
	if (left_out)
		lab_strbuf_printf(sb, ", %zu task%s left out", left_out, plural(left_out));
}

static void add_timing(const struct ctl_report *rep, const struct ctl_report_verdict *v,
		       uint64_t busy, struct lab_strbuf *sb)
{
	int i;

	if (!rep->params.timing)
		return;
	for (i = 0; i < CTL_PHASE_DOWN; i++) {
		lab_strbuf_printf(sb, "  %-8s", ctl_phase_name((enum ctl_report_phase)i));
		add_seconds(v->phase_us[i], sb);
		if (i == CTL_PHASE_RUN) {
			lab_strbuf_puts(sb, ", tests ");
			add_seconds(busy, sb);
		}
		lab_strbuf_putc(sb, '\n');
	}
}

static void text_verdict(struct ctl_report *rep, const struct ctl_report_verdict *v)
{
	enum ctl_verdict verdict = verdict_of(v);
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	uint64_t busy, total = ctl_report_totals(rep, v, &busy);

	/* What went wrong before the tasks has been said. */
	if (!v->result && !v->signo)
		return;
	if (v->result && v->result->n_failed)
		add_failures(rep, v->result, &sb);
	add_timing(rep, v, busy, &sb);
	lab_strbuf_printf(&sb, "%s%s%s  %s%s%s: ", colour_of(rep, verdict),
			  v->signo ? "STOP" : word_of(verdict), off(rep), bold(rep), rep->path,
			  off(rep));
	if (v->signo) {
		lab_strbuf_printf(&sb, "interrupted by SIG%s", sigabbrev_np(v->signo));
		if (v->result)
			lab_strbuf_puts(&sb, ", ");
	}
	if (v->result)
		add_counts(v->result, &sb);
	lab_strbuf_puts(&sb, " in ");
	add_seconds(total, &sb);
	lab_strbuf_puts(&sb, " (tests ");
	add_seconds(busy, &sb);
	lab_strbuf_puts(&sb, ", netlab ");
	add_seconds(total - busy, &sb);
	lab_strbuf_puts(&sb, ")\n");
	ctl_report_puts(rep, 1, &sb);
}

static void text_end(struct ctl_report *rep, int exit_code LAB_UNUSED)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i, passed = 0;

	if (rep->n_marks < 2)
		return;
	for (i = 0; i < rep->n_marks; i++)
		passed += rep->marks[i].exit_code == 0;
	lab_strbuf_printf(&sb, "%s%zu recipes: %zu passed, %zu failed%s, in ", bold(rep),
			  rep->n_marks, passed, rep->n_marks - passed, off(rep));
	add_seconds(ctl_report_now(rep), &sb);
	lab_strbuf_putc(&sb, '\n');
	for (i = 0; i < rep->n_marks; i++) {
		enum ctl_verdict v = rep->marks[i].exit_code ? CTL_VERDICT_FAIL : CTL_VERDICT_PASS;

		lab_strbuf_printf(&sb, "  %s%s%s  %s\n", colour_of(rep, v), word_of(v), off(rep),
				  rep->marks[i].path);
	}
	ctl_report_puts(rep, 1, &sb);
}

const struct ctl_report_style ctl_report_text = {
	.begin = text_begin,
	.diag = text_diag,
	.error = text_error,
	.note = text_note,
	.phase = text_phase,
	.up = text_up,
	.synced = text_synced,
	.task_start = text_task_start,
	.command_start = text_command_start,
	.output = text_output,
	.command_end = text_command_end,
	.task_end = text_task_end,
	.kept = text_kept,
	.down = text_down,
	.verdict = text_verdict,
	.end = text_end,
};
