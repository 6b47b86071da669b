/* SPDX-License-Identifier: GPL-2.0-or-later */
/* junit.c - the results as CI servers read them: netlab run --junit */
#include <inttypes.h>
#include <string.h>

#include "controller/report/file.h"
#include "controller/report/markup.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

/*
 * struct counts - what the heads of suites say
 */
struct counts {
	size_t tests, failures, errors, skipped;
	uint64_t us;
};

/* Why a recipe counts as an error of its own: it has failed, and no command did. */
static bool is_error(const struct ctl_model_recipe *r)
{
	return ctl_what_outcome(r) != CTL_VERDICT_PASS && (!r->failed || r->signo || r->n_errors);
}

static struct counts count(const struct ctl_model_recipe *r)
{
	struct counts n = { .us = r->duration_us };
	size_t i, k;

	for (i = 0; i < r->n_tasks; i++) {
		const struct ctl_model_task *t = r->tasks[i];

		n.tests += LAB_MAX(t->n_commands, t->expected);
		for (k = 0; k < t->n_commands; k++) {
			n.failures += t->commands[k]->verdict == CTL_VERDICT_FAIL;
			n.skipped += t->commands[k]->verdict == CTL_VERDICT_NONE;
		}
		n.skipped += t->expected - LAB_MIN(t->expected, t->n_commands);
	}
	if (is_error(r)) {
		n.tests++;
		n.errors++;
	}
	return n;
}

static void put_counts(struct ctl_markup *m, const struct counts *n)
{
	ctl_mk_attrf(m, "tests", "%zu", n->tests);
	ctl_mk_attrf(m, "failures", "%zu", n->failures);
	ctl_mk_attrf(m, "errors", "%zu", n->errors);
	ctl_mk_attrf(m, "skipped", "%zu", n->skipped);
	ctl_mk_attrf(m, "time", "%" PRIu64 ".%06u", n->us / 1000000u,
		     (unsigned int)(n->us % 1000000u));
}

/* "recipes/ping.xml" is the package "recipes.ping": servers make a tree of the dots. */
static void add_package(const struct ctl_model_recipe *r, struct lab_strbuf *sb)
{
	const char *p = r->path;
	size_t len;

	while (strncmp(p, "./", 2) == 0 || strncmp(p, "../", 3) == 0 || *p == '/')
		p += *p == '/' ? 1 : strcspn(p, "/") + 1;
	len = strlen(p);
	if (len > 4 && strcmp(p + len - 4, ".xml") == 0)
		len -= 4;
	for (; len; p++, len--)
		lab_strbuf_putc(sb, *p == '/' ? '.' : *p == '.' ? '_' : *p);
}

static void put_class(struct ctl_markup *m, const struct ctl_model_recipe *r,
		      const struct ctl_model_task *t)
{
	cleanup_strbuf struct lab_strbuf name = LAB_STRBUF_INIT;
	const char *p;

	add_package(r, &name);
	lab_strbuf_printf(&name, ".task %zu", t->number);
	if (t->label)
		lab_strbuf_puts(&name, " ");
	for (p = t->label ? t->label : ""; *p; p++)
		lab_strbuf_putc(&name, *p == '.' ? '_' : *p);
	ctl_mk_attr(m, "classname", lab_strbuf_str(&name));
}

static void put_name(struct ctl_markup *m, const struct ctl_model_command *c)
{
	cleanup_strbuf struct lab_strbuf name = LAB_STRBUF_INIT;

	lab_strbuf_printf(&name, "%zu. ", c->number);
	if (c->host)
		lab_strbuf_printf(&name, "%s: ", c->host);
	ctl_what_command(c, 300, &name);
	ctl_mk_attr(m, "name", lab_strbuf_str(&name));
}

static void put_stream(struct ctl_markup *m, const char *name, const struct ctl_model_stream *s)
{
	if (!s->len)
		return;
	ctl_mk_open(m, name);
	if (s->total > s->len)
		ctl_mk_printf(m, "[the last %zu of %" PRIu64 " bytes]\n", s->len, s->total);
	ctl_mk_text(m, s->text, s->len);
	ctl_mk_close(m);
}

/* What helps to understand a failure: place, command, reason. */
static void put_failure(struct ctl_markup *m, const struct ctl_model_recipe *r,
			const struct ctl_model_task *t, const struct ctl_model_command *c)
{
	const struct ctl_model_command *target = ctl_model_target(t, c);
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;

	lab_strbuf_printf(&text, "%s:%u", c->file ? c->file : r->path, c->line);
	if (c->col)
		lab_strbuf_printf(&text, ":%u", c->col);
	lab_strbuf_puts(&text, ": ");
	if (c->host)
		lab_strbuf_printf(&text, "host %s: ", c->host);
	ctl_what_command(c, 0, &text);
	if (target) {
		lab_strbuf_puts(&text, ", which is ");
		ctl_what_command(target, 0, &text);
	}
	lab_strbuf_printf(&text, "\n%s\n", c->message);
	ctl_mk_open(m, "failure");
	ctl_mk_attr(m, "message", c->message);
	ctl_mk_attr(m, "type", c->timed_out ? "timeout" : "verdict");
	ctl_mk_puts(m, lab_strbuf_str(&text));
	ctl_mk_close(m);
}

static void put_command(struct ctl_markup *m, const struct ctl_model_recipe *r,
			const struct ctl_model_task *t, const struct ctl_model_command *c)
{
	ctl_mk_open(m, "testcase");
	put_class(m, r, t);
	put_name(m, c);
	ctl_mk_attrf(m, "time", "%" PRIu64 ".%06u", c->duration_us / 1000000u,
		     (unsigned int)(c->duration_us % 1000000u));
	ctl_mk_attr(m, "file", c->file);
	if (c->line)
		ctl_mk_attrf(m, "line", "%u", c->line);
	if (c->verdict == CTL_VERDICT_NONE) {
		ctl_mk_open(m, "skipped");
		ctl_mk_attr(m, "message", "not run to its end");
		ctl_mk_close(m);
	} else if (c->verdict == CTL_VERDICT_FAIL) {
		put_failure(m, r, t, c);
	}
	put_stream(m, "system-out", &c->out);
	put_stream(m, "system-err", &c->err);
	ctl_mk_close(m);
}

/* Commands of a task that was cut short. */
static void put_missing(struct ctl_markup *m, const struct ctl_model_recipe *r,
			const struct ctl_model_task *t)
{
	size_t i;

	for (i = t->n_commands; i < t->expected; i++) {
		ctl_mk_open(m, "testcase");
		put_class(m, r, t);
		ctl_mk_attrf(m, "name", "%zu. not run", i + 1);
		ctl_mk_open(m, "skipped");
		ctl_mk_attr(m, "message", "not run");
		ctl_mk_close(m);
		ctl_mk_close(m);
	}
}

static void put_error(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	cleanup_strbuf struct lab_strbuf why = LAB_STRBUF_INIT;
	cleanup_strbuf struct lab_strbuf all = LAB_STRBUF_INIT;
	cleanup_strbuf struct lab_strbuf package = LAB_STRBUF_INIT;
	size_t i;

	add_package(r, &package);
	ctl_what_reason(r, &why);
	for (i = 0; i < r->n_diags; i++) {
		ctl_what_diag(&r->diags[i], &all);
		lab_strbuf_putc(&all, '\n');
	}
	ctl_mk_open(m, "testcase");
	ctl_mk_attr(m, "classname", lab_strbuf_str(&package));
	ctl_mk_attr(m, "name", "recipe");
	ctl_mk_attr(m, "time", "0.000000");
	ctl_mk_attr(m, "file", r->path);
	ctl_mk_open(m, "error");
	ctl_mk_attr(m, "message", lab_strbuf_str(&why));
	ctl_mk_attrf(m, "type", "exit code %d", r->exit_code);
	ctl_mk_puts(m, lab_strbuf_str(&all));
	ctl_mk_close(m);
	ctl_mk_close(m);
}

static void put_recipe(struct ctl_markup *m, const struct ctl_model *model,
		       const struct ctl_model_recipe *r)
{
	cleanup_strbuf struct lab_strbuf name = LAB_STRBUF_INIT;
	struct counts n = count(r);
	size_t i, k;

	ctl_what_recipe(r, &name);
	ctl_mk_open(m, "testsuite");
	ctl_mk_attr(m, "name", lab_strbuf_str(&name));
	ctl_mk_attrf(m, "id", "%zu", r->run);
	put_counts(m, &n);
	ctl_mk_attr(m, "timestamp", ctl_model_string(model->start, "date"));
	ctl_mk_attr(m, "hostname", ctl_model_string(model->start, "machine"));
	for (i = 0; i < r->n_tasks; i++) {
		for (k = 0; k < r->tasks[i]->n_commands; k++)
			put_command(m, r, r->tasks[i], r->tasks[i]->commands[k]);
		put_missing(m, r, r->tasks[i]);
	}
	if (is_error(r))
		put_error(m, r);
	ctl_mk_close(m);
}

void ctl_report_junit(const struct ctl_model *model, struct lab_strbuf *sb)
{
	struct ctl_markup m = { .sb = sb, .indent = true };
	struct counts all = { 0 }, n;
	size_t i;

	for (i = 0; i < model->n_recipes; i++) {
		n = count(model->recipes[i]);
		all.tests += n.tests;
		all.failures += n.failures;
		all.errors += n.errors;
		all.skipped += n.skipped;
		all.us += n.us;
	}
	lab_strbuf_puts(sb, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	ctl_mk_open(&m, "testsuites");
	ctl_mk_attr(&m, "name", "netlab");
	put_counts(&m, &all);
	for (i = 0; i < model->n_recipes; i++)
		put_recipe(&m, model, model->recipes[i]);
	ctl_mk_close(&m);
	lab_strbuf_putc(sb, '\n');
}
