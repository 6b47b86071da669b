/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html.c - the results as a page for people: netlab run --html */
#include "controller/report/html.h"

#include <inttypes.h>
#include <string.h>

#include "controller/report/file.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	WHAT_MAX = 2000,      /* bytes of a command in the list of commands */
	RECIPES_OPEN_MAX = 3, /* so many are unfolded from the beginning */
	DATA_MAX = 16 << 10,  /* bytes of one member of a module's data */
};

const char *ctl_html_id(const struct ctl_model_recipe *r, const struct ctl_model_command *c,
			char buf[64])
{
	(void)snprintf(buf, 64, "r%zut%zuc%zu", r->run, c->task, c->number);
	return buf;
}

const char *ctl_html_word(enum ctl_verdict v)
{
	return ctl_verdict_name(v);
}

double ctl_html_round_up(double v)
{
	double unit = 1;

	while (unit * 10 <= v)
		unit *= 10;
	while (unit > v)
		unit /= 10;
	return v <= unit ? unit : v <= 2 * unit ? 2 * unit : v <= 5 * unit ? 5 * unit : 10 * unit;
}

/* --- small pieces --- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void put_pill(struct ctl_markup *m, enum ctl_verdict v, const char *word)
{
	ctl_mk_open(m, "span");
	ctl_mk_attrf(m, "class", "pill %s", ctl_html_word(v));
	ctl_mk_puts(m, word ? word : ctl_what_verdict(v));
	ctl_mk_close(m);
}

/* A time as people say it: the unit follows its size. */
static void add_time(uint64_t us, struct lab_strbuf *sb)
{
	if (us < 1000)
		lab_strbuf_printf(sb, "%" PRIu64 " \xc2\xb5s", us);
	else if (us < 10000)
		lab_strbuf_printf(sb, "%.1f ms", (double)us / 1e3);
	else if (us < 1000000)
		lab_strbuf_printf(sb, "%.0f ms", (double)us / 1e3);
	else if (us < 100000000)
		lab_strbuf_printf(sb, "%.2f s", (double)us / 1e6);
	else
		lab_strbuf_printf(sb, "%" PRIu64 " min %" PRIu64 " s", us / 60000000u,
				  us / 1000000u % 60u);
}

static void put_time(struct ctl_markup *m, const char *element, uint64_t us)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	add_time(us, &sb);
	ctl_mk_leaf(m, element, "time", lab_strbuf_str(&sb));
}

static const char *word_of(const struct ctl_model_recipe *r)
{
	return r->signo ? "STOP" : ctl_what_verdict(ctl_what_outcome(r));
}

/* --- a command --- */

static void put_fact(struct ctl_markup *m, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	ctl_mk_leaf(m, "dt", NULL, name);
	ctl_mk_leaf(m, "dd", NULL, value);
}

static void put_facts(struct ctl_markup *m, const struct ctl_model_recipe *r,
		      const struct ctl_model_task *t, const struct ctl_model_command *c)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	const struct ctl_model_command *target = ctl_model_target(t, c);

	ctl_mk_open(m, "dl");
	put_fact(m, "description", c->desc);
	put_fact(m, "namespace", c->netns);
	if (target) {
		ctl_mk_leaf(m, "dt", NULL, "ends");
		ctl_mk_open(m, "dd");
		ctl_mk_open(m, "a");
		ctl_mk_attrf(m, "href", "#r%zut%zuc%zu", r->run, target->task, target->number);
		ctl_what_command(target, WHAT_MAX, &sb);
		ctl_mk_puts(m, lab_strbuf_str(&sb));
		ctl_mk_close(m);
		ctl_mk_close(m);
	}
	lab_strbuf_reset(&sb);
	if (c->exit_status >= 0)
		lab_strbuf_printf(&sb, "exit status %d", c->exit_status);
	else if (c->signal)
		lab_strbuf_printf(&sb, "killed by SIG%s", c->signal);
	if (c->timed_out)
		lab_strbuf_printf(&sb, "%safter its time of %" PRIu64 " s", sb.len ? " " : "",
				  ctl_model_number(c->json, "timeout_s"));
	put_fact(m, "ended with", lab_strbuf_str(&sb));
	put_fact(m, "expected", c->expect_fail ? "to fail" : NULL);
	lab_strbuf_reset(&sb);
	if (c->has_job) {
		add_time(ctl_model_number(c->json, "utime_us"), &sb);
		lab_strbuf_puts(&sb, " user, ");
		add_time(ctl_model_number(c->json, "stime_us"), &sb);
		lab_strbuf_puts(&sb, " system");
		put_fact(m, "CPU time", lab_strbuf_str(&sb));
	}
	lab_strbuf_reset(&sb);
	if (c->file) {
		lab_strbuf_printf(&sb, "%s:%u:%u", c->file, c->line, c->col);
		put_fact(m, "place", lab_strbuf_str(&sb));
	}
	ctl_mk_close(m);
}

static void put_stream(struct ctl_markup *m, const char *name, const struct ctl_model_stream *s)
{
	cleanup_strbuf struct lab_strbuf clean = LAB_STRBUF_INIT;
	size_t len = s->len;

	while (len && (s->text[len - 1] == '\n' || s->text[len - 1] == '\r'))
		len--;
	if (!len)
		return;
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "cap");
	ctl_mk_puts(m, name);
	if (s->total > s->len)
		ctl_mk_printf(m, ", the last %zu of %" PRIu64 " bytes", s->len, s->total);
	ctl_mk_close(m);
	/* As on a terminal: control characters are visible. */
	ctl_text_utf8(s->text, len, true, &clean);
	ctl_mk_leaf(m, "pre", NULL, lab_strbuf_str(&clean));
}

/* The members of a module's result: text as it is, all else as JSON. */
static void put_data(struct ctl_markup *m, const json_t *data)
{
	const char *key;
	json_t *value;

	if (!json_object_size(data))
		return;
	ctl_mk_leaf(m, "div", "cap", "result");
	ctl_mk_open(m, "dl");
	ctl_mk_attr(m, "class", "data");
	json_object_foreach((json_t *)data, key, value) {
		cleanup_free char *text = json_dumps(value,
						     JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
		size_t len = text ? strlen(text) : 0;

		ctl_mk_leaf(m, "dt", NULL, key);
		ctl_mk_open(m, "dd");
		if (json_is_string(value))
			ctl_mk_text(m, json_string_value(value), json_string_length(value));
		else
			ctl_mk_text(m, text ? text : "", LAB_MIN(len, (size_t)DATA_MAX));
		ctl_mk_close(m);
	}
	ctl_mk_close(m);
}

static void put_summary(struct ctl_markup *m, const struct ctl_model_command *c)
{
	cleanup_strbuf struct lab_strbuf what = LAB_STRBUF_INIT;

	ctl_what_command(c, WHAT_MAX, &what);
	ctl_mk_open(m, "summary");
	put_pill(m, c->verdict, NULL);
	ctl_mk_open(m, "span");
	ctl_mk_attr(m, "class", "num");
	ctl_mk_printf(m, "%zu", c->number);
	ctl_mk_close(m);
	ctl_mk_leaf(m, "span", "host", c->host ? c->host : "\xe2\x80\x93");
	ctl_mk_leaf(m, "span", "what", lab_strbuf_str(&what));
	put_time(m, "span", c->duration_us);
	if (c->message[0] || c->desc) {
		ctl_mk_open(m, "span");
		ctl_mk_attr(m, "class", "msg");
		ctl_mk_puts(m, c->message[0] ? c->message : c->desc);
		ctl_mk_close(m);
	}
	ctl_mk_close(m);
}

static void put_command(struct ctl_markup *m, const struct ctl_model_recipe *r,
			const struct ctl_model_task *t, const struct ctl_model_command *c)
{
	char id[64];

	ctl_mk_open(m, "details");
	ctl_mk_attr(m, "id", ctl_html_id(r, c, id));
	ctl_mk_attrf(m, "class", "cmd %s", ctl_html_word(c->verdict));
	if (c->verdict == CTL_VERDICT_FAIL)
		ctl_mk_attr(m, "open", "");
	put_summary(m, c);
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "in");
	put_facts(m, r, t, c);
	ctl_html_plots(m, c);
	if (c->data)
		put_data(m, c->data);
	else
		put_stream(m, "standard output", &c->out);
	put_stream(m, "standard error", &c->err);
	ctl_mk_close(m);
	ctl_mk_close(m);
}

/* --- a recipe --- */

static void put_task(struct ctl_markup *m, const struct ctl_model_recipe *r,
		     const struct ctl_model_task *t)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i, hosts = 2;

	for (i = 0; i < t->n_commands; i++) {
		if (t->commands[i]->host)
			hosts = LAB_MAX(hosts, strlen(t->commands[i]->host));
	}
	ctl_mk_open(m, "div");
	ctl_mk_attrf(m, "class", "task %s", ctl_html_word(t->verdict));
	/* One column for all commands, as wide as the longest host. */
	ctl_mk_attrf(m, "style", "--hosts:%zu.5ch", LAB_MIN(hosts, (size_t)16));
	ctl_mk_open(m, "h4");
	ctl_mk_open(m, "span");
	ctl_mk_printf(m, "Task %zu%s", t->number, t->label ? ": " : "");
	ctl_mk_puts(m, t->label);
	ctl_mk_close(m);
	ctl_what_task(t, &sb);
	lab_strbuf_puts(&sb, ", ");
	add_time(t->duration_us, &sb);
	ctl_mk_leaf(m, "span", NULL, lab_strbuf_str(&sb));
	ctl_mk_close(m);
	for (i = 0; i < t->n_commands; i++)
		put_command(m, r, t, t->commands[i]);
	ctl_mk_close(m);
}

/* A task that was not begun, and why. */
static void put_task_not_run(struct ctl_markup *m, const json_t *t)
{
	const char *label = ctl_model_string(t, "label"), *why = ctl_what_not_run(t);

	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "task none");
	ctl_mk_open(m, "h4");
	ctl_mk_open(m, "span");
	ctl_mk_printf(m, "Task %zu%s", (size_t)ctl_model_number(t, "task"), label ? ": " : "");
	ctl_mk_puts(m, label);
	ctl_mk_close(m);
	ctl_mk_open(m, "span");
	ctl_mk_puts(m, why ? "not run: " : "left out");
	ctl_mk_puts(m, why);
	ctl_mk_close(m);
	ctl_mk_close(m);
	ctl_mk_close(m);
}

/* All tasks, in their order. */
static void put_tasks(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	size_t i = 0, k = 0, n = json_array_size(r->not_run);

	if (r->n_tasks + n)
		ctl_mk_leaf(m, "h3", NULL, "Tasks");
	while (i < r->n_tasks || k < n) {
		const json_t *t = json_array_get(r->not_run, k);

		if (i < r->n_tasks && (!t || r->tasks[i]->number < ctl_model_number(t, "task"))) {
			put_task(m, r, r->tasks[i++]);
		} else {
			put_task_not_run(m, t);
			k++;
		}
	}
}

static void put_diags(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	size_t i;

	if (!r->n_diags)
		return;
	ctl_mk_open(m, "ul");
	ctl_mk_attr(m, "class", "diags");
	for (i = 0; i < r->n_diags; i++) {
		cleanup_strbuf struct lab_strbuf line = LAB_STRBUF_INIT;

		ctl_what_diag(&r->diags[i], &line);
		ctl_mk_leaf(m, "li", r->diags[i].is_error ? "error" : "note",
			    lab_strbuf_str(&line));
	}
	ctl_mk_close(m);
}

static void add_size(const struct ctl_model_recipe *r, struct lab_strbuf *sb)
{
	size_t hosts = json_array_size(json_object_get(r->topology, "hosts"));
	size_t nets = json_array_size(json_object_get(r->topology, "networks"));

	if (r->topology)
		lab_strbuf_printf(sb, "%zu host%s, %zu network%s", hosts, plural(hosts), nets,
				  plural(nets));
}

static void put_head(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	cleanup_strbuf struct lab_strbuf meta = LAB_STRBUF_INIT, name = LAB_STRBUF_INIT;

	ctl_what_recipe(r, &name);
	if (r->signo)
		ctl_what_reason(r, &meta);
	if (r->has_result) {
		lab_strbuf_puts(&meta, meta.len ? ", " : "");
		ctl_what_counts(r, &meta);
	}
	if (r->end) {
		lab_strbuf_puts(&meta, meta.len ? " in " : "");
		add_time(r->duration_us, &meta);
		lab_strbuf_puts(&meta, " (tests ");
		add_time(r->tests_us, &meta);
		lab_strbuf_puts(&meta, ", netlab ");
		add_time(r->netlab_us, &meta);
		lab_strbuf_puts(&meta, ")");
	}
	lab_strbuf_puts(&meta, meta.len && r->topology ? " \xc2\xb7 " : "");
	add_size(r, &meta);
	ctl_mk_open(m, "summary");
	put_pill(m, ctl_what_outcome(r), word_of(r));
	ctl_mk_open(m, "span");
	ctl_mk_leaf(m, "h2", NULL, lab_strbuf_str(&name));
	ctl_mk_leaf(m, "span", "meta", lab_strbuf_str(&meta));
	ctl_mk_close(m);
	ctl_mk_close(m);
}

static void put_recipe(struct ctl_markup *m, const struct ctl_model *model,
		       const struct ctl_model_recipe *r)
{
	enum ctl_verdict v = ctl_what_outcome(r);

	ctl_mk_open(m, "section");
	ctl_mk_attrf(m, "class", "recipe %s", ctl_html_word(v));
	ctl_mk_attrf(m, "id", "r%zu", r->run);
	ctl_mk_open(m, "details");
	if (v != CTL_VERDICT_PASS || model->n_recipes <= RECIPES_OPEN_MAX)
		ctl_mk_attr(m, "open", "");
	put_head(m, r);
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "body");
	put_diags(m, r);
	ctl_html_topology(m, r);
	ctl_html_timeline(m, r);
	put_tasks(m, r);
	ctl_mk_close(m);
	ctl_mk_close(m);
	ctl_mk_close(m);
}

/* --- the page --- */

static uint64_t longest(const struct ctl_model *model)
{
	uint64_t us = 1;
	size_t i;

	for (i = 0; i < model->n_recipes; i++)
		us = LAB_MAX(us, model->recipes[i]->duration_us);
	return us;
}

/* How long it took, compared with the longest: the tests, and netlab itself. */
static void put_share(struct ctl_markup *m, const struct ctl_model_recipe *r, uint64_t all)
{
	ctl_mk_open(m, "span");
	ctl_mk_attr(m, "class", "share");
	ctl_mk_open(m, "i");
	ctl_mk_attrf(m, "style", "width:%.2f%%", 100.0 * (double)r->tests_us / (double)all);
	ctl_mk_close(m);
	ctl_mk_open(m, "i");
	ctl_mk_attrf(m, "style", "width:%.2f%%", 100.0 * (double)r->netlab_us / (double)all);
	ctl_mk_close(m);
	ctl_mk_close(m);
}

static void put_line(struct ctl_markup *m, const struct ctl_model_recipe *r, uint64_t all)
{
	cleanup_strbuf struct lab_strbuf why = LAB_STRBUF_INIT, name = LAB_STRBUF_INIT;
	enum ctl_verdict v = ctl_what_outcome(r);

	ctl_what_recipe(r, &name);
	ctl_mk_open(m, "a");
	ctl_mk_attr(m, "class", ctl_html_word(v));
	ctl_mk_attrf(m, "href", "#r%zu", r->run);
	put_pill(m, v, word_of(r));
	ctl_mk_leaf(m, "span", "name", lab_strbuf_str(&name));
	ctl_mk_open(m, "span");
	ctl_mk_attr(m, "class", "count");
	if (r->has_result)
		ctl_mk_printf(m, "%zu of %zu passed", r->passed, r->commands_run);
	ctl_mk_close(m);
	put_share(m, r, all);
	put_time(m, "span", r->duration_us);
	if (v != CTL_VERDICT_PASS) {
		ctl_what_reason(r, &why);
		ctl_mk_leaf(m, "span", "why", lab_strbuf_str(&why));
	}
	ctl_mk_close(m);
}

static void put_list(struct ctl_markup *m, const struct ctl_model *model)
{
	uint64_t all = longest(model);
	size_t i;

	if (model->n_recipes < 2)
		return;
	ctl_mk_open(m, "nav");
	ctl_mk_attr(m, "class", "sum");
	for (i = 0; i < model->n_recipes; i++)
		put_line(m, model->recipes[i], all);
	ctl_mk_close(m);
}

static void put_env(struct ctl_markup *m, const struct ctl_model *model)
{
	const char *version = ctl_model_string(model->start, "version");
	const char *kernel = ctl_model_string(model->start, "kernel");
	const char *machine = ctl_model_string(model->start, "machine");
	const char *date = ctl_model_string(model->start, "date");

	ctl_mk_open(m, "p");
	ctl_mk_attr(m, "class", "env dim");
	if (date)
		ctl_mk_printf(m, "%.10s %.8s UTC", date, strlen(date) > 11 ? date + 11 : "");
	if (machine)
		ctl_mk_printf(m, " \xc2\xb7 on %s", machine);
	if (kernel)
		ctl_mk_printf(m, " \xc2\xb7 Linux %s", kernel);
	if (version)
		ctl_mk_printf(m, " \xc2\xb7 netlab %s", version);
	ctl_mk_close(m);
}

static enum ctl_verdict overall(const struct ctl_model *model)
{
	enum ctl_verdict v = CTL_VERDICT_PASS;
	size_t i;

	for (i = 0; i < model->n_recipes; i++) {
		if (ctl_what_outcome(model->recipes[i]) != CTL_VERDICT_PASS)
			v = CTL_VERDICT_FAIL;
	}
	return model->n_recipes ? v : CTL_VERDICT_NONE;
}

/* What a glance should tell: "3 of 5 recipes passed, 2 of 17 commands failed". */
static void put_headline(struct ctl_markup *m, const struct ctl_model *model)
{
	size_t i, failed = 0, commands = 0, n = model->n_recipes, passed = ctl_model_passed(model);
	cleanup_strbuf struct lab_strbuf title = LAB_STRBUF_INIT;

	for (i = 0; i < n; i++) {
		failed += model->recipes[i]->failed;
		commands += model->recipes[i]->passed + model->recipes[i]->failed;
	}
	if (n == 1)
		lab_strbuf_printf(&title, "1 recipe %s", passed ? "passed" : "failed");
	else
		lab_strbuf_printf(&title, "%zu of %zu recipes passed", passed, n);
	ctl_mk_leaf(m, "h1", NULL, lab_strbuf_str(&title));
	ctl_mk_open(m, "span");
	ctl_mk_attr(m, "class", "dim");
	if (failed)
		ctl_mk_printf(m, "%zu of %zu command%s failed", failed, commands, plural(commands));
	else if (commands)
		ctl_mk_printf(m, "%zu command%s passed", commands, plural(commands));
	ctl_mk_close(m);
}

static void put_header(struct ctl_markup *m, const struct ctl_model *model)
{
	enum ctl_verdict v = overall(model);

	if (v == CTL_VERDICT_FAIL) {
		ctl_mk_open(m, "input");
		ctl_mk_attr(m, "type", "checkbox");
		ctl_mk_attr(m, "id", "only");
		ctl_mk_close(m);
	}
	ctl_mk_open(m, "header");
	put_pill(m, v, NULL);
	put_headline(m, model);
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "tools");
	if (v == CTL_VERDICT_FAIL) {
		ctl_mk_open(m, "label");
		ctl_mk_attr(m, "for", "only");
		ctl_mk_puts(m, "failed only");
		ctl_mk_close(m);
	}
	ctl_mk_close(m);
	ctl_mk_close(m);
	put_env(m, model);
}

/* Lines of our own: style sheet or script. */
static void put_lines(struct ctl_markup *m, const char *element, const char *const *lines)
{
	ctl_mk_open(m, element);
	for (; *lines; lines++)
		ctl_mk_raw(m, *lines);
	ctl_mk_close(m);
}

static void put_document_head(struct ctl_markup *m, const struct ctl_model *model)
{
	ctl_mk_open(m, "head");
	ctl_mk_open(m, "meta");
	ctl_mk_attr(m, "charset", "utf-8");
	ctl_mk_close(m);
	ctl_mk_open(m, "meta");
	ctl_mk_attr(m, "name", "viewport");
	ctl_mk_attr(m, "content", "width=device-width, initial-scale=1");
	ctl_mk_close(m);
	ctl_mk_open(m, "title");
	ctl_mk_puts(m, ctl_what_verdict(overall(model)));
	ctl_mk_puts(m, model->n_recipes == 1 ? " " : "");
	ctl_mk_puts(m, model->n_recipes == 1 ? model->recipes[0]->path : " netlab");
	ctl_mk_close(m);
	put_lines(m, "style", ctl_html_css);
	ctl_mk_close(m);
}

void ctl_report_html(const struct ctl_model *model, struct lab_strbuf *sb)
{
	struct ctl_markup m = { .sb = sb, .html = true };
	size_t i;

	lab_strbuf_puts(sb, "<!DOCTYPE html>\n");
	ctl_mk_open(&m, "html");
	ctl_mk_attr(&m, "lang", "en");
	put_document_head(&m, model);
	ctl_mk_open(&m, "body");
	ctl_mk_open(&m, "main");
	put_header(&m, model);
	put_list(&m, model);
	for (i = 0; i < model->n_recipes; i++)
		put_recipe(&m, model, model->recipes[i]);
	ctl_mk_close(&m);
	put_lines(&m, "script", ctl_html_js);
	ctl_mk_close(&m);
	ctl_mk_close(&m);
	lab_strbuf_putc(sb, '\n');
}
