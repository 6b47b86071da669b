/* SPDX-License-Identifier: GPL-2.0-or-later */
/* what.c - words for commands, verdicts and times, the same in every style */
#include "controller/report/what.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "controller/recipe/text.h"
#include "netlab/base/util.h"

void ctl_what_flat(const char *text, struct lab_strbuf *sb)
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

size_t ctl_what_columns(const char *text)
{
	size_t n = 0, len;

	for (; *text; text += len) {
		len = ctl_utf8_len(text, strnlen(text, 4));
		len = LAB_MAX(len, (size_t)1);
		/* East Asian wide characters, emoji. */
		n += len == 4 || (len == 3 && (unsigned char)text[0] >= 0xe3) ? 2 : 1;
	}
	return n;
}

void ctl_what_recipe(const struct ctl_model_recipe *r, struct lab_strbuf *sb)
{
	ctl_what_flat(r->path, sb);
	if (r->matched)
		lab_strbuf_printf(sb, ", match %u", r->match);
}

static bool is_type(const struct ctl_model_command *c, const char *type)
{
	return strcmp(c->type, type) == 0;
}

/* Seconds without zeros at the end. */
static void add_short_seconds(uint64_t us, struct lab_strbuf *sb)
{
	unsigned int rest = (unsigned int)(us % 1000000u), width = 6;

	lab_strbuf_printf(sb, "%" PRIu64, us / 1000000u);
	if (!rest)
		return;
	for (; rest % 10 == 0; width--)
		rest /= 10;
	lab_strbuf_printf(sb, ".%0*u", (int)width, rest);
}

static void describe(const struct ctl_model_command *c, struct lab_strbuf *sb)
{
	const char *text = c->text ? c->text : c->module ? c->module : "";

	if (is_type(c, "run")) {
		if (c->bg_id)
			lab_strbuf_printf(sb, "[%s] ", c->bg_id);
		ctl_what_flat(text, sb);
	} else if (is_type(c, "ctl_wait")) {
		lab_strbuf_puts(sb, "ctl_wait ");
		add_short_seconds(c->wait_us, sb);
		lab_strbuf_puts(sb, " s");
	} else if (c->bg_id) {
		lab_strbuf_printf(sb, "%s [%s]", c->type, c->bg_id);
	} else {
		lab_strbuf_puts(sb, c->type);
		if (*text)
			lab_strbuf_putc(sb, ' ');
		ctl_what_flat(text, sb);
	}
}

void ctl_what_command(const struct ctl_model_command *c, size_t max, struct lab_strbuf *sb)
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

void ctl_what_seconds(uint64_t us, struct lab_strbuf *sb)
{
	lab_strbuf_printf(sb, "%" PRIu64 ".%03u s", us / 1000000u,
			  (unsigned int)(us / 1000u % 1000u));
}

const char *ctl_what_verdict(enum ctl_verdict v)
{
	return v == CTL_VERDICT_PASS ? "PASS" : v == CTL_VERDICT_FAIL ? "FAIL" : "----";
}

enum ctl_verdict ctl_what_outcome(const struct ctl_model_recipe *r)
{
	if (!r->end || r->signo)
		return CTL_VERDICT_NONE;
	return r->exit_code == 0 ? CTL_VERDICT_PASS : CTL_VERDICT_FAIL;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void ctl_what_counts(const struct ctl_model_recipe *r, struct lab_strbuf *sb)
{
	size_t left = json_array_size(r->not_run) -
		      LAB_MIN(json_array_size(r->not_run), r->tasks_left_out);

	if (!r->tasks_total || r->tasks_left_out == r->tasks_total)
		lab_strbuf_puts(sb, "no tasks");
	else
		lab_strbuf_printf(sb, "%zu of %zu command%s %s", r->failed ? r->failed : r->passed,
				  r->commands_run, plural(r->commands_run),
				  r->failed ? "failed" : "passed");
	if (r->commands_skipped)
		lab_strbuf_printf(sb, ", %zu command%s not run", r->commands_skipped,
				  plural(r->commands_skipped));
	if (r->tasks_broken_off)
		lab_strbuf_printf(sb, ", %zu task%s broken off", r->tasks_broken_off,
				  plural(r->tasks_broken_off));
	if (left)
		lab_strbuf_printf(sb, ", %zu task%s not run", left, plural(left));
	if (r->tasks_left_out)
		lab_strbuf_printf(sb, ", %zu task%s left out", r->tasks_left_out,
				  plural(r->tasks_left_out));
}

void ctl_what_task(const struct ctl_model_task *t, struct lab_strbuf *sb)
{
	size_t run = t->n_commands, more = t->expected > run ? t->expected - run : 0;

	lab_strbuf_printf(sb, "%zu of %zu %s", t->failed ? t->failed : t->passed, run,
			  t->failed ? "failed" : "passed");
	if (more)
		lab_strbuf_printf(sb, ", %zu not run", more);
	if (ctl_model_string(t->json, "error"))
		lab_strbuf_puts(sb, ", broken off");
}

const char *ctl_what_not_run(const json_t *task)
{
	static const char *const words[][2] = {
		{ "left_out", NULL },
		{ "quit_on_fail", "a task before it failed, with quit_on_fail" },
		{ "exception", "a host could not run a command" },
	};
	const char *reason = ctl_model_string(task, "reason");
	size_t i;

	for (i = 0; reason && i < LAB_ARRAY_SIZE(words); i++) {
		if (strcmp(words[i][0], reason) == 0)
			return words[i][1];
	}
	return "the run was stopped";
}

void ctl_what_diag(const struct ctl_model_diag *d, struct lab_strbuf *sb)
{
	if (d->file)
		lab_strbuf_puts(sb, d->file);
	if (d->file && d->line)
		lab_strbuf_printf(sb, ":%u", d->line);
	if (d->file && d->line && d->col)
		lab_strbuf_printf(sb, ":%u", d->col);
	lab_strbuf_printf(sb, "%s%s: %s", d->file ? ": " : "", d->is_error ? "error" : "note",
			  d->message);
}

void ctl_what_reason(const struct ctl_model_recipe *r, struct lab_strbuf *sb)
{
	size_t i;

	if (r->signo) {
		lab_strbuf_printf(sb, "interrupted by SIG%s", sigabbrev_np(r->signo));
		return;
	}
	for (i = 0; i < r->n_diags; i++) {
		if (r->diags[i].is_error || (r->exit_code && !r->failed && i + 1 == r->n_diags)) {
			ctl_what_diag(&r->diags[i], sb);
			return;
		}
	}
	if (r->failed)
		ctl_what_counts(r, sb);
}

const char *ctl_what_last_lines(const struct ctl_model_stream *s, unsigned int lines,
				size_t *ret_len)
{
	size_t end = s->len, start;

	while (end && (s->text[end - 1] == '\n' || s->text[end - 1] == '\r'))
		end--;
	for (start = end; start; start--) {
		if (s->text[start - 1] == '\n' && --lines == 0)
			break;
	}
	*ret_len = end - start;
	return s->text + start;
}
