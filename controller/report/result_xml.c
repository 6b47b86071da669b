/* SPDX-License-Identifier: GPL-2.0-or-later */
/* result_xml.c - the results as LNST wrote them: netlab run --result */
#include <string.h>

#include "controller/report/file.h"
#include "controller/report/markup.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	DATA_DEPTH_MAX = 32, /* deeper data is written as JSON text */
	NAME_MAX_ = 128,
};

static const char *word_of(bool pass)
{
	return pass ? "PASS" : "FAIL";
}

/* --- data of a module --- */

static void put_value(struct ctl_markup *m, const json_t *value, const char *name, int depth);

static void put_element(struct ctl_markup *m, const char *name, const json_t *value,
			const char *item_name, int depth)
{
	char safe[NAME_MAX_];

	ctl_mk_open(m, ctl_mk_name(name, safe, sizeof(safe)));
	if (json_is_object(value))
		ctl_mk_attr(m, "type", "dict");
	else if (json_is_array(value))
		ctl_mk_attr(m, "type", "list");
	put_value(m, value, item_name, depth + 1);
	ctl_mk_close(m);
}

static void put_list(struct ctl_markup *m, const json_t *list, const char *name, int depth)
{
	char item[NAME_MAX_];
	size_t i;

	(void)snprintf(item, sizeof(item), "%.100s_item", name);
	/* LNST forgets the name of a list inside a list. */
	for (i = 0; i < json_array_size(list); i++)
		put_element(m, item, json_array_get(list, i), "unnamed", depth);
}

static void put_value(struct ctl_markup *m, const json_t *value, const char *name, int depth)
{
	const char *key;
	json_t *member;

	if (json_is_string(value)) {
		ctl_mk_text(m, json_string_value(value), json_string_length(value));
	} else if (json_is_true(value) || json_is_false(value)) {
		ctl_mk_puts(m, json_is_true(value) ? "True" : "False");
	} else if (json_is_null(value)) {
		ctl_mk_puts(m, "None");
	} else if (json_is_object(value) && depth < DATA_DEPTH_MAX) {
		json_object_foreach((json_t *)value, key, member) {
			put_element(m, key, member, key, depth);
		}
	} else if (json_is_array(value) && depth < DATA_DEPTH_MAX) {
		put_list(m, value, name, depth);
	} else {
		cleanup_free char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY |
								    JSON_REAL_PRECISION(15));

		ctl_mk_puts(m, text);
	}
}

/* --- commands --- */

static void put_attrs(struct ctl_markup *m, const struct ctl_model_command *c)
{
	bool is_run = strcmp(c->type, "run") == 0;
	uint64_t timeout_s = ctl_model_number(c->json, "timeout_s");

	ctl_mk_attr(m, "type", !is_run ? c->type : c->module ? "test" : "exec");
	ctl_mk_attr(m, "host", c->host);
	if (c->host)
		ctl_mk_attr(m, "netns", c->netns ? c->netns : "None");
	if (is_run && c->module)
		ctl_mk_attr(m, "module", c->module);
	else if (is_run)
		ctl_mk_attr(m, "command", c->text);
	ctl_mk_attr(m, "from", ctl_model_string(c->json, "from"));
	ctl_mk_attr(m, is_run ? "bg_id" : "proc_id", c->bg_id);
	if (is_run)
		ctl_mk_attr(m, "expect", c->expect_fail ? "False" : "True");
	if (timeout_s)
		ctl_mk_attrf(m, "timeout", "%llu", (unsigned long long)timeout_s);
	if (strcmp(c->type, "ctl_wait") == 0)
		ctl_mk_attrf(m, "seconds", "%.15g", (double)c->wait_us / 1e6);
	if (json_object_get(c->json, "persistent"))
		ctl_mk_attr(m, "persistent",
			    json_is_true(json_object_get(c->json, "persistent")) ? "True"
										 : "False");
	ctl_mk_attr(m, "desc", c->desc);
}

static void put_stream(struct ctl_markup *m, const char *name, const struct ctl_model_stream *s)
{
	ctl_mk_open(m, name);
	if (s->total > s->len)
		ctl_mk_attrf(m, "bytes", "%llu", (unsigned long long)s->total);
	ctl_mk_text(m, s->text, s->len);
	ctl_mk_close(m);
}

static void put_command(struct ctl_markup *m, const struct ctl_model_command *c)
{
	ctl_mk_open(m, "command");
	put_attrs(m, c);
	ctl_mk_open(m, "result");
	ctl_mk_attr(m, "result", word_of(c->verdict == CTL_VERDICT_PASS));
	if (c->message[0])
		ctl_mk_leaf(m, "message", NULL, c->message);
	ctl_mk_close(m);
	if (c->has_job) {
		ctl_mk_open(m, "result_data");
		if (json_is_object(c->data)) {
			put_value(m, c->data, "unnamed", 0);
		} else {
			put_stream(m, "stdout", &c->out);
			put_stream(m, "stderr", &c->err);
		}
		ctl_mk_close(m);
	}
	ctl_mk_close(m);
}

/* --- recipes --- */

static void put_if_match(struct ctl_markup *m, const char *iface, const char *of_pool)
{
	ctl_mk_open(m, "if_match");
	ctl_mk_attr(m, "if_id", iface);
	ctl_mk_attr(m, "pool_if_id", of_pool);
	ctl_mk_close(m);
}

/*
 * Each host with its machine of the pool; containers that are made to fit are matched to themselves.
 * @host_key and the others: how the members of @hosts and of their interfaces are called.
 */
static void put_hosts(struct ctl_markup *m, const json_t *hosts, const char *host_key,
		      const char *iface_key, const char *nic_key)
{
	const json_t *host, *ifaces, *iface;
	const char *machine;
	size_t i, k;

	for (i = 0; i < json_array_size(hosts); i++) {
		host = json_array_get(hosts, i);
		ifaces = json_object_get(host, "interfaces");
		machine = ctl_model_string(host, "machine");
		ctl_mk_open(m, "m_match");
		ctl_mk_attr(m, "host_id", ctl_model_string(host, host_key));
		ctl_mk_attr(m, "pool_id", machine ? machine : "container");
		for (k = 0; k < json_array_size(ifaces); k++) {
			iface = json_array_get(ifaces, k);
			put_if_match(m, ctl_model_string(iface, iface_key),
				     ctl_model_string(iface, nic_key));
		}
		ctl_mk_close(m);
	}
}

static void put_match(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	if (!r->matched && !r->topology)
		return;
	ctl_mk_open(m, "pool_match");
	ctl_mk_attr(m, "virtual", r->matched ? "False" : "True");
	if (r->matched)
		put_hosts(m, json_object_get(r->matched, "hosts"), "host", "interface", "nic");
	else
		put_hosts(m, json_object_get(r->topology, "hosts"), "id", "id", "name");
	ctl_mk_close(m);
}

/* What a Python task gave to PerfRepo. */
static void put_values(struct ctl_markup *m, const json_t *event)
{
	static const char *const parts[] = { "values", "parameters", "tags", "comment" };
	size_t i;

	ctl_mk_open(m, "perfrepo_result");
	ctl_mk_attr(m, "name", ctl_model_string(event, "name"));
	ctl_mk_attr(m, "key", ctl_model_string(event, "key"));
	for (i = 0; i < LAB_ARRAY_SIZE(parts); i++) {
		const json_t *part = json_object_get(event, parts[i]);

		if (part)
			put_element(m, parts[i], part, parts[i], 0);
	}
	ctl_mk_close(m);
}

static void put_recipe(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	bool pass = ctl_what_outcome(r) == CTL_VERDICT_PASS;
	cleanup_strbuf struct lab_strbuf why = LAB_STRBUF_INIT;
	size_t i, k;

	ctl_mk_open(m, "recipe");
	ctl_mk_attr(m, "name", r->path);
	ctl_mk_attr(m, "result", word_of(pass));
	ctl_mk_attrf(m, "match_num", "%u", r->match);
	put_match(m, r);
	/* Failed commands speak for themselves below. */
	if (!pass && (r->signo || r->n_errors || !r->failed)) {
		ctl_what_reason(r, &why);
		ctl_mk_leaf(m, "error_message", NULL, lab_strbuf_str(&why));
	}
	for (i = 0; i < r->n_tasks; i++) {
		ctl_mk_open(m, "task");
		for (k = 0; k < r->tasks[i]->n_commands; k++)
			put_command(m, r->tasks[i]->commands[k]);
		for (k = 0; k < json_array_size(r->tasks[i]->values); k++)
			put_values(m, json_array_get(r->tasks[i]->values, k));
		ctl_mk_close(m);
	}
	ctl_mk_close(m);
}

void ctl_report_result(const struct ctl_model *model, struct lab_strbuf *sb)
{
	struct ctl_markup m = { .sb = sb, .indent = true };
	size_t i;

	lab_strbuf_puts(sb, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	ctl_mk_open(&m, "results");
	for (i = 0; i < model->n_recipes; i++)
		put_recipe(&m, model->recipes[i]);
	ctl_mk_close(&m);
	lab_strbuf_putc(sb, '\n');
}
