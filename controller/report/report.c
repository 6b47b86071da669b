/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c - what all styles of a report share: dispatch, lines of output, words for a command */
#include "controller/report/report.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "controller/report/report_internal.h"
#include "netlab/base/util.h"

#define PARTIAL_MAX ((size_t)64 << 10) /* a longer line is cut in two */

int ctl_report_new(const struct ctl_report_params *params, struct ctl_report **ret)
{
	struct ctl_report *rep;

	rep = calloc(1, sizeof(*rep));
	if (!rep)
		return -ENOMEM;
	rep->params = *params;
	rep->style = params->json ? &ctl_report_json : &ctl_report_text;
	rep->params.live = params->live && params->loop && !params->json;
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
	for (i = 0; i < rep->n_marks; i++)
		free(rep->marks[i].path);
	free(rep->marks);
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

/* One line: white space of any kind becomes one space, control characters become visible. */
static void add_flat(const char *text, struct lab_strbuf *sb)
{
	cleanup_strbuf struct lab_strbuf clean = LAB_STRBUF_INIT;
	bool space = false;
	size_t i;

	ctl_text_utf8(text, strlen(text), true, &clean);
	for (i = 0; i < clean.len; i++) {
		if (isspace((unsigned char)clean.data[i])) {
			space = true;
			continue;
		}
		if (space && sb->len)
			lab_strbuf_putc(sb, ' ');
		space = false;
		lab_strbuf_putc(sb, clean.data[i]);
	}
}

static void describe(const struct ctl_command_result *c, struct lab_strbuf *sb)
{
	const struct ctl_command *command = c->command;

	switch (command->kind) {
	case CTL_COMMAND_RUN:
		if (command->bg_id)
			lab_strbuf_printf(sb, "[%s] ", command->bg_id);
		add_flat(c->text           ? c->text
			 : command->module ? command->module
					   : command->command.text,
			 sb);
		break;
	case CTL_COMMAND_WAIT:
	case CTL_COMMAND_INTR:
	case CTL_COMMAND_KILL:
		lab_strbuf_printf(sb, "%s [%s]", ctl_command_name(command->kind), command->bg_id);
		break;
	case CTL_COMMAND_CTL_WAIT:
		lab_strbuf_printf(sb, "ctl_wait %" PRIu64, command->wait_us / 1000000u);
		if (command->wait_us % 1000000u)
			lab_strbuf_printf(sb, ".%06u", (unsigned int)(command->wait_us % 1000000u));
		while (sb->len && command->wait_us % 1000000u && sb->data[sb->len - 1] == '0')
			sb->data[--sb->len] = '\0';
		lab_strbuf_puts(sb, " s");
		break;
	case CTL_COMMAND_CONFIG:
		lab_strbuf_puts(sb, "config ");
		add_flat(c->text ? c->text : "", sb);
		break;
	case CTL_COMMAND_KIND_MAX_:
		break;
	}
}

void ctl_report_what(const struct ctl_command_result *c, size_t max, struct lab_strbuf *sb)
{
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;
	size_t len;

	describe(c, &text);
	if (!max || text.len <= max) {
		lab_strbuf_puts(sb, lab_strbuf_str(&text));
		return;
	}
	/* Not in the middle of a character. */
	len = max > 3 ? max - 3 : 0;
	while (len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len--;
	lab_strbuf_add(sb, text.data, len);
	lab_strbuf_puts(sb, "...");
}

uint64_t ctl_report_totals(const struct ctl_report *rep, const struct ctl_report_verdict *v,
			   uint64_t *ret_busy_us)
{
	uint64_t total = ctl_report_now(rep) + rep->params.start_us - v->start_us;
	uint64_t busy = v->result ? v->result->busy_us : 0;

	*ret_busy_us = LAB_MIN(busy, total);
	return total;
}

/* --- lines of output --- */

static struct ctl_partial *get_partial(struct ctl_report *rep, const struct ctl_command_result *c,
				       int fd)
{
	struct ctl_partial *p;

	for (p = rep->partial; p; p = p->next) {
		if (p->owner == c && p->fd == fd)
			return p;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->owner = c;
	p->fd = fd;
	p->next = rep->partial;
	rep->partial = p;
	return p;
}

static void flush_partial(struct ctl_report *rep, struct ctl_partial *p)
{
	if (p->line.len)
		rep->style->output(rep, p->owner, p->fd, p->line.data, p->line.len);
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

static void on_output(const struct ctl_command_result *c, int fd, const void *data, size_t len,
		      void *user)
{
	struct ctl_report *rep = user;
	const char *bytes = data;

	while (len && rep->params.verbose) {
		struct ctl_partial *p = get_partial(rep, c, fd);
		const char *newline = memchr(bytes, '\n', len);
		size_t n = newline ? (size_t)(newline - bytes) : len;

		if (!p)
			return;
		n = LAB_MIN(n, PARTIAL_MAX - LAB_MIN(PARTIAL_MAX, p->line.len));
		lab_strbuf_add(&p->line, bytes, n);
		if (newline && bytes + n == newline) {
			/* An empty line is a line as well. */
			rep->style->output(rep, c, fd, lab_strbuf_str(&p->line), p->line.len);
			lab_strbuf_reset(&p->line);
			n++;
		} else if (p->line.len >= PARTIAL_MAX) {
			flush_partial(rep, p);
		}
		bytes += n;
		len -= n;
	}
}

/* --- events --- */

static void on_synced(const char *host, size_t n_files, size_t n_sent, uint64_t duration_us,
		      void *user)
{
	struct ctl_report *rep = user;

	rep->style->synced(rep, host, n_files, n_sent, duration_us);
}

static void on_task_start(const struct ctl_task_result *t, void *user)
{
	struct ctl_report *rep = user;
	size_t i;

	rep->task = t;
	rep->host_width = 1;
	for (i = 0; i < t->n_commands; i++) {
		if (t->commands[i]->host)
			rep->host_width = LAB_MAX(rep->host_width, strlen(t->commands[i]->host));
	}
	rep->host_width = LAB_MIN(rep->host_width, (size_t)16);
	rep->style->task_start(rep, t);
	ctl_progress_update(rep, false);
}

static void on_command_start(const struct ctl_command_result *c, void *user)
{
	struct ctl_report *rep = user;

	rep->command = c;
	rep->style->command_start(rep, c);
	ctl_progress_update(rep, false);
}

static void on_command_end(const struct ctl_command_result *c, void *user)
{
	struct ctl_report *rep = user;

	if (c->job && c->job->owner)
		flush_partials(rep, c->job->owner);
	rep->command = NULL;
	rep->style->command_end(rep, c);
	ctl_progress_update(rep, false);
}

static void on_note(const char *text, void *user)
{
	ctl_report_note(user, "%s", text);
}

static void on_task_end(const struct ctl_task_result *t, void *user)
{
	struct ctl_report *rep = user;

	flush_partials(rep, NULL);
	rep->task = NULL;
	rep->style->task_end(rep, t);
}

const struct ctl_run_ops *ctl_report_run_ops(void)
{
	static const struct ctl_run_ops ops = {
		.synced = on_synced,
		.task_start = on_task_start,
		.command_start = on_command_start,
		.output = on_output,
		.command_end = on_command_end,
		.note = on_note,
		.task_end = on_task_end,
	};

	return &ops;
}

void ctl_report_lab(struct ctl_report *rep, const char *lab)
{
	rep->lab = lab;
}

void ctl_report_begin(struct ctl_report *rep, const char *path)
{
	rep->path = path;
	rep->lab = NULL;
	rep->hosts_up = 0;
	rep->hosts_total = 0;
	rep->style->begin(rep);
}

void ctl_report_diag(struct ctl_report *rep, const struct ctl_diag *diag)
{
	if (diag->n_items)
		rep->style->diag(rep, diag);
}

void ctl_report_error(struct ctl_report *rep, const struct lab_err *err)
{
	rep->style->error(rep, err);
}

void ctl_report_note(struct ctl_report *rep, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rep->style->note(rep, text);
}

void ctl_report_phase(struct ctl_report *rep, enum ctl_report_phase phase)
{
	rep->phase = phase;
	rep->style->phase(rep, phase);
	ctl_progress_update(rep, false);
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
	rep->style->up(rep, up);
}

void ctl_report_kept(struct ctl_report *rep, const char *host)
{
	rep->style->kept(rep, host);
}

void ctl_report_down(struct ctl_report *rep, uint64_t duration_us)
{
	rep->style->down(rep, duration_us);
}

void ctl_report_verdict(struct ctl_report *rep, const struct ctl_report_verdict *verdict)
{
	struct ctl_recipe_mark *marks;

	rep->style->verdict(rep, verdict);
	marks = reallocarray(rep->marks, rep->n_marks + 1, sizeof(*marks));
	if (!marks)
		return;
	rep->marks = marks;
	marks[rep->n_marks].path = strdup(rep->path);
	marks[rep->n_marks].exit_code = verdict->exit_code;
	if (marks[rep->n_marks].path)
		rep->n_marks++;
}

void ctl_report_end(struct ctl_report *rep, int exit_code)
{
	ctl_progress_clear(rep);
	lab_source_free(rep->timer);
	rep->timer = NULL;
	rep->style->end(rep, exit_code);
}

const char *ctl_phase_name(enum ctl_report_phase phase)
{
	static const char *const names[] = { "read", "up", "run", "down" };

	return (unsigned int)phase < LAB_ARRAY_SIZE(names) ? names[phase] : "?";
}
