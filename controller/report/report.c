/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c - from what happens to events, and from events to the model and the style */
#include "controller/report/report.h"

#include <stdarg.h>
#include <string.h>

#include "controller/report/event.h"
#include "controller/report/report_internal.h"
#include "netlab/base/util.h"

#define PARTIAL_MAX ((size_t)64 << 10) /* a longer line is cut in two */

int ctl_report_new(const struct ctl_report_params *params, struct ctl_report **ret,
		   struct lab_err *err)
{
	static const struct ctl_report_style *const styles[] = {
		[CTL_REPORT_TEXT] = &ctl_report_text,
		[CTL_REPORT_JSON] = &ctl_report_json,
		[CTL_REPORT_TAP] = &ctl_report_tap,
	};
	struct ctl_report *rep;
	size_t i;
	int r;

	rep = calloc(1, sizeof(*rep));
	if (!rep)
		return lab_err_errno(err, ENOMEM, "starting");
	rep->params = *params;
	rep->style = styles[params->style];
	rep->params.live = params->live && params->loop && params->style == CTL_REPORT_TEXT;
	rep->model.lean = true;
	for (i = 0; i < CTL_REPORT_FORMAT_MAX_; i++) {
		if (!params->files[i])
			continue;
		rep->model.lean = false;
		r = ctl_report_file_open(&rep->files[i], params->files[i], err);
		if (r < 0) {
			ctl_report_free(rep);
			return r;
		}
	}
	*ret = rep;
	return 0;
}

static void drop_partials(struct ctl_report *rep)
{
	while (rep->partial) {
		struct ctl_partial *p = rep->partial;

		rep->partial = p->next;
		lab_strbuf_fini(&p->line);
		free(p);
	}
}

void ctl_report_free(struct ctl_report *rep)
{
	size_t i;

	if (!rep)
		return;
	ctl_progress_clear(rep);
	lab_source_free(rep->timer);
	drop_partials(rep);
	for (i = 0; i < CTL_REPORT_FORMAT_MAX_; i++)
		ctl_report_file_close(&rep->files[i]);
	ctl_model_fini(&rep->model);
	free(rep->status);
	free(rep);
}

uint64_t ctl_report_now(const struct ctl_report *rep)
{
	uint64_t now = rep->params.now_us ? rep->params.now_us() : lab_loop_now_us();

	return now - rep->params.start_us;
}

void ctl_report_puts(struct ctl_report *rep, int fd, struct lab_strbuf *sb)
{
	ctl_progress_clear(rep);
	if (sb->len && !sb->error)
		rep->params.write(fd, sb->data, sb->len, rep->params.user);
	lab_strbuf_fini(sb);
}

uint64_t ctl_report_totals(const struct ctl_report *rep, const struct ctl_report_verdict *v,
			   uint64_t *ret_busy_us)
{
	uint64_t total = ctl_report_now(rep) + rep->params.start_us - v->start_us;
	uint64_t busy = v->result ? v->result->busy_us : 0;

	*ret_busy_us = LAB_MIN(busy, total);
	return total;
}

static int take(struct ctl_report *rep, json_t *event)
{
	int r;

	r = ctl_model_take(&rep->model, event, &rep->now);
	if (r < 0)
		return r;
	rep->style->event(rep, &rep->now);
	ctl_progress_update(rep, false);
	return 0;
}

static void emit(struct ctl_report *rep, json_t *event)
{
	(void)take(rep, event);
	json_decref(event);
}

/* The event that begins a recipe, as if it began here. */
static int adopt(struct ctl_report *rep, json_t *event)
{
	const char *name = ctl_model_string(event, "event");

	if (name && strcmp(name, "recipe") == 0) {
		if (!rep->model.start)
			emit(rep, ctl_event_start(rep));
		rep->run++;
	}
	if (!json_object_get(event, "run"))
		return 0;
	return json_object_set_new(event, "run", json_integer((json_int_t)rep->run)) < 0 ? -ENOMEM
											 : 0;
}

int ctl_report_event(struct ctl_report *rep, json_t *event)
{
	const char *name = ctl_model_string(event, "event");
	int r;

	/* The program has started once. */
	if (rep->model.start && name && strcmp(name, "start") == 0)
		return 0;
	r = adopt(rep, event);
	if (r >= 0)
		r = take(rep, event);
	/* What else is said of this recipe comes from here. */
	if (r >= 0 && rep->now.recipe)
		rep->path = rep->now.recipe->path;
	return r;
}

void ctl_report_status(struct ctl_report *rep, const char *text)
{
	free(rep->status);
	rep->status = text ? strdup(text) : NULL;
	ctl_progress_update(rep, true);
}

/* An event of our own. Out of memory: it is lost, and the next one may not be. */
/* --- lines of output --- */

/* Of a command, or of a Python task itself. */
static struct ctl_partial *get_partial(struct ctl_report *rep, const struct ctl_command_result *c,
				       const struct ctl_task_result *t, int fd)
{
	struct ctl_partial *p;

	for (p = rep->partial; p; p = p->next) {
		if (p->owner == c && p->task == t && p->fd == fd)
			return p;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->owner = c;
	p->task = t;
	p->fd = fd;
	p->next = rep->partial;
	rep->partial = p;
	return p;
}

static void emit_line(struct ctl_report *rep, const struct ctl_partial *p)
{
	const char *line = lab_strbuf_str(&p->line);

	emit(rep, p->owner ? ctl_event_output(rep, p->owner, p->fd, line, p->line.len)
			   : ctl_event_task_output(rep, p->task, p->fd, line, p->line.len));
}

static void flush_partial(struct ctl_report *rep, struct ctl_partial *p)
{
	if (p->line.len)
		emit_line(rep, p);
	lab_strbuf_reset(&p->line);
}

/* What @owner has left unfinished; NULL = everybody. */
static void flush_partials(struct ctl_report *rep, const struct ctl_command_result *owner)
{
	struct ctl_partial *p;

	for (p = rep->partial; p; p = p->next) {
		if (!owner || p->owner == owner)
			flush_partial(rep, p);
	}
	if (!owner)
		drop_partials(rep);
}

static void add_lines(struct ctl_report *rep, struct ctl_partial *p, const char *bytes, size_t len)
{
	while (len) {
		const char *newline = memchr(bytes, '\n', len);
		size_t n = newline ? (size_t)(newline - bytes) : len;

		n = LAB_MIN(n, PARTIAL_MAX - LAB_MIN(PARTIAL_MAX, p->line.len));
		lab_strbuf_add(&p->line, bytes, n);
		if (newline && bytes + n == newline) {
			/* An empty line is a line as well. */
			emit_line(rep, p);
			lab_strbuf_reset(&p->line);
			n++;
		} else if (p->line.len >= PARTIAL_MAX) {
			flush_partial(rep, p);
		}
		bytes += n;
		len -= n;
	}
}

static void on_output(const struct ctl_command_result *c, int fd, const void *data, size_t len,
		      void *user)
{
	struct ctl_report *rep = user;
	struct ctl_partial *p = rep->params.verbose ? get_partial(rep, c, NULL, fd) : NULL;

	if (p)
		add_lines(rep, p, data, len);
}

/* What a task itself prints is said always: it was written to be read. */
static void on_task_output(const struct ctl_task_result *t, int fd, const void *data, size_t len,
			   void *user)
{
	struct ctl_report *rep = user;
	struct ctl_partial *p = get_partial(rep, NULL, t, fd);

	if (p)
		add_lines(rep, p, data, len);
}

static void on_task_values(const struct ctl_task_result *t, const json_t *values, void *user)
{
	struct ctl_report *rep = user;

	emit(rep, ctl_event_values(rep, t, values));
}

static void say_fault(struct ctl_report *rep, const struct ctl_task_result *t)
{
	struct lab_err err = { .src = t->fault_src };

	(void)snprintf(err.msg, sizeof(err.msg), "%.500s", t->fault);
	if (rep->params.verbose && t->traceback)
		on_task_output(t, 2, t->traceback, strlen(t->traceback), rep);
	drop_partials(rep);
	ctl_report_error(rep, &err);
}

/* --- events --- */

static void on_synced(const char *host, size_t n_files, size_t n_sent, uint64_t duration_us,
		      void *user)
{
	struct ctl_report *rep = user;

	emit(rep, ctl_event_synced(rep, host, n_files, n_sent, duration_us));
}

static void on_task_start(const struct ctl_task_result *t, void *user)
{
	struct ctl_report *rep = user;

	emit(rep, ctl_event_task_start(rep, t));
}

static void on_command_start(const struct ctl_command_result *c, void *user)
{
	struct ctl_report *rep = user;

	emit(rep, ctl_event_command_start(rep, c));
}

static void on_command_end(const struct ctl_command_result *c, void *user)
{
	struct ctl_report *rep = user;

	if (c->job && c->job->owner)
		flush_partials(rep, c->job->owner);
	emit(rep, ctl_event_command_end(rep, c));
}

static void on_note(const char *text, void *user)
{
	ctl_report_note(user, "%s", text);
}

static void on_task_end(const struct ctl_task_result *t, void *user)
{
	struct ctl_report *rep = user;

	flush_partials(rep, NULL);
	if (t->fault)
		say_fault(rep, t);
	emit(rep, ctl_event_task_end(rep, t));
}

const struct ctl_run_ops *ctl_report_run_ops(void)
{
	static const struct ctl_run_ops ops = {
		.synced = on_synced,
		.task_start = on_task_start,
		.command_start = on_command_start,
		.output = on_output,
		.command_end = on_command_end,
		.task_output = on_task_output,
		.task_values = on_task_values,
		.note = on_note,
		.task_end = on_task_end,
	};

	return &ops;
}

void ctl_report_lab(struct ctl_report *rep, const char *lab)
{
	rep->lab = lab;
}

void ctl_report_match(struct ctl_report *rep, const struct ctl_report_match *match)
{
	emit(rep, ctl_event_match(rep, match));
}

bool ctl_report_wants_topology(const struct ctl_report *rep)
{
	return rep->params.style == CTL_REPORT_JSON || !rep->model.lean;
}

void ctl_report_topology(struct ctl_report *rep, json_t *topology)
{
	emit(rep, ctl_event_topology(rep, topology));
}

void ctl_report_begin(struct ctl_report *rep, const char *path)
{
	if (!rep->model.start)
		emit(rep, ctl_event_start(rep));
	rep->run++;
	rep->path = path;
	rep->lab = NULL;
	rep->hosts_up = 0;
	rep->hosts_total = 0;
	emit(rep, ctl_event_new(rep, "recipe"));
}

void ctl_report_diag(struct ctl_report *rep, const struct ctl_diag *diag)
{
	unsigned int kept = 0;
	size_t i;

	for (i = 0; i < diag->n_items; i++) {
		kept += diag->items[i].kind == CTL_DIAG_ERROR;
		emit(rep, ctl_event_diag(rep, &diag->items[i]));
	}
	if (diag->n_errors > kept)
		ctl_report_note(rep, "%u more error%s", diag->n_errors - kept,
				diag->n_errors - kept == 1 ? "" : "s");
}

void ctl_report_error(struct ctl_report *rep, const struct lab_err *err)
{
	emit(rep, ctl_event_error(rep, err));
}

void ctl_report_note(struct ctl_report *rep, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emit(rep, ctl_event_note(rep, text));
}

void ctl_report_phase(struct ctl_report *rep, enum ctl_report_phase phase)
{
	emit(rep, ctl_event_phase(rep, phase));
}

void ctl_report_progress(size_t hosts_up, size_t hosts_total, void *user)
{
	struct ctl_report *rep = user;

	rep->hosts_up = hosts_up;
	rep->hosts_total = hosts_total;
	ctl_progress_update(rep, hosts_up == hosts_total);
}

void ctl_report_up(struct ctl_report *rep, const struct ctl_report_lab_up *up)
{
	emit(rep, ctl_event_up(rep, up));
}

void ctl_report_kept(struct ctl_report *rep, const char *host)
{
	emit(rep, ctl_event_kept(rep, host));
}

void ctl_report_down(struct ctl_report *rep, uint64_t duration_us)
{
	emit(rep, ctl_event_down(rep, duration_us));
}

void ctl_report_verdict(struct ctl_report *rep, const struct ctl_report_verdict *verdict)
{
	emit(rep, ctl_event_verdict(rep, verdict));
}

int ctl_report_write(struct ctl_report *rep)
{
	int result = 0, r;
	size_t i;

	rep->path = NULL;
	for (i = 0; i < CTL_REPORT_FORMAT_MAX_; i++) {
		struct lab_err err;

		r = ctl_report_file_write(&rep->files[i], (enum ctl_report_format)i, &rep->model,
					  &err);
		if (r < 0)
			emit(rep, ctl_event_error(rep, &err));
		result = r < 0 && !result ? r : result;
	}
	return result;
}

void ctl_report_end(struct ctl_report *rep, int exit_code)
{
	rep->path = NULL;
	ctl_progress_clear(rep);
	lab_source_free(rep->timer);
	rep->timer = NULL;
	rep->params.live = false;
	emit(rep, ctl_event_end(rep, exit_code));
}

const char *ctl_phase_name(enum ctl_report_phase phase)
{
	static const char *const names[] = { "read", "up", "run", "down" };

	return (unsigned int)phase < LAB_ARRAY_SIZE(names) ? names[phase] : "?";
}
