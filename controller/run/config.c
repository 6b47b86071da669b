/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.c - settings of the kernel: written by config commands, taken back at the end of the task */
#include "controller/run/config.h"

#include <string.h>

#include "netlab/base/util.h"

/**
 * struct ctl_config - a setting that is to be taken back
 * @host:	id of its host
 * @netns:	further namespace in it, or NULL; both borrowed from the command
 * @path:	path
 * @before:	what was there before the first change
 * @next:	the one that was changed before it
 */
struct ctl_config {
	const char *host, *netns;
	char *path, *before;
	struct ctl_config *next;
};

static void config_free(struct ctl_config *s)
{
	free(s->path);
	free(s->before);
	free(s);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct ctl_config **find(struct ctl_run *run, const struct ctl_command_result *c,
				const char *path)
{
	struct ctl_config **at = &run->config;

	while (*at && (strcmp((*at)->host, c->host) != 0 ||
		       !same((*at)->netns, c->command->netns) || strcmp((*at)->path, path) != 0))
		at = &(*at)->next;
	return at;
}

/* What was there before the first change comes back; after a persistent one nothing does. */
static int remember(struct ctl_run *run, const struct ctl_command_result *c, const char *path,
		    const char *before)
{
	struct ctl_config **at = find(run, c, path), *s = *at;

	if (s && c->command->persistent) {
		*at = s->next;
		config_free(s);
	}
	if (s || c->command->persistent || !before)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->host = c->host;
	s->netns = c->command->netns;
	s->path = strdup(path);
	s->before = strdup(before);
	if (!s->path || !s->before) {
		config_free(s);
		return -ENOMEM;
	}
	s->next = run->config;
	run->config = s;
	return 0;
}

static int add_data(json_t *data, const char *path, const char *value, const char *before)
{
	json_t *option = json_pack("{s:s, s:s*, s:s}", "name", path, "previous_val", before,
				   "current_val", value);

	return json_array_append_new(json_object_get(data, "options"), option);
}

/* A setting with its functions evaluated. */
struct pair {
	char *path, *value;
};

static void pairs_free(struct pair *pairs, size_t n)
{
	while (n) {
		free(pairs[--n].path);
		free(pairs[n].value);
	}
	free(pairs);
}

/* Find out what will be written. What was evaluated before a failure is in *ret as well. */
static int evaluate(const struct ctl_run *run, struct ctl_command_result *c, struct pair *ret,
		    struct lab_err *err)
{
	const struct ctl_command *command = c->command;
	struct lab_strbuf text = LAB_STRBUF_INIT;
	size_t i, n = 0;
	int r = 0;

	if (command->desc.text)
		r = ctl_value_expand(&command->desc, run->params->scope, &c->desc, err);
	for (i = 0; i <= command->n_settings && r >= 0; i++) {
		const struct ctl_setting *s = i ? &command->settings[i - 1] : &command->setting;

		if (!s->path.text)
			continue;
		r = ctl_value_expand(&s->path, run->params->scope, &ret[n].path, err);
		if (r >= 0)
			r = ctl_value_expand(&s->value, run->params->scope, &ret[n].value, err);
		if (r >= 0)
			lab_strbuf_printf(&text, "%s%s = %s", n ? ", " : "", ret[n].path,
					  ret[n].value);
		n++;
	}
	/* Without it there is less to read, and nothing else. */
	(void)lab_strbuf_take(&text, &c->text);
	return r;
}

static int write_all(struct ctl_run *run, struct ctl_command_result *c, const struct pair *pairs,
		     size_t n, struct lab_err *err)
{
	size_t i;
	int r;

	for (i = 0; i < n && pairs[i].path; i++) {
		cleanup_free char *before = NULL;

		r = lab_client_config_write(run->params->client, c->host, c->command->netns,
					    pairs[i].path, pairs[i].value, &before, err);
		if (r < 0)
			return r;
		if (remember(run, c, pairs[i].path, before) < 0 ||
		    add_data(c->own->data, pairs[i].path, pairs[i].value, before) < 0)
			return lab_err_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int make_job(struct ctl_run *run, struct ctl_command_result *c)
{
	struct ctl_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->host = c->host;
	job->owner = c;
	job->run = run;
	job->start_us = lab_loop_now_us();
	c->own = job;
	job->data = json_pack("{s:[], s:b}", "options", "persistent", c->command->persistent);
	return job->data ? 0 : -ENOMEM;
}

static void judge(struct ctl_run *run, struct ctl_command_result *c, int r, struct lab_err *err)
{
	struct ctl_job *job = c->own;

	job->started = true;
	job->ended = true;
	job->end.exited = true;
	job->end.status = r < 0;
	job->end.duration_us = lab_loop_now_us() - job->start_us;
	c->job = job;
	if (r == -EHOSTDOWN)
		ctl_run_exception(run, c->host, err);
	c->verdict = r < 0 ? CTL_VERDICT_FAIL : CTL_VERDICT_PASS;
	(void)snprintf(c->message, sizeof(c->message), "%.*s", (int)sizeof(c->message) - 1,
		       err->msg);
}

int ctl_config_run(struct ctl_run *run, struct ctl_command_result *c)
{
	const struct ctl_run_params *p = run->params;
	size_t n = c->command->n_settings + 1;
	struct lab_err err = { 0 };
	struct pair *pairs;
	int r;

	pairs = calloc(n, sizeof(*pairs));
	r = pairs ? make_job(run, c) : -ENOMEM;
	if (r >= 0)
		r = evaluate(run, c, pairs, &err);
	if (p->ops && p->ops->command_start)
		p->ops->command_start(c, p->user);
	if (r >= 0)
		r = write_all(run, c, pairs, n, &err);
	if (pairs)
		pairs_free(pairs, n);
	if (r == -ENOMEM)
		return lab_err_set(run->err, ENOMEM, "out of memory");
	judge(run, c, r, &err);
	return 0;
}

static void warn(struct ctl_run *run, const struct ctl_config *s, const struct lab_err *err)
{
	const struct ctl_run_params *p = run->params;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!p->ops || !p->ops->note)
		return;
	lab_strbuf_printf(&sb, "host %s: %s cannot be set back to \"%s\": %s", s->host, s->path,
			  s->before, err->msg);
	p->ops->note(lab_strbuf_str(&sb), p->user);
}

void ctl_config_restore(struct ctl_run *run)
{
	struct ctl_config *s;
	struct lab_err err;

	while ((s = run->config)) {
		cleanup_free char *before = NULL;

		run->config = s->next;
		if (!run->closed &&
		    lab_client_config_write(run->params->client, s->host, s->netns, s->path,
					    s->before, &before, &err) < 0 &&
		    !run->closed)
			warn(run, s, &err);
		config_free(s);
	}
}
