/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sync.c - give each host the modules and tools that its commands use */
#include <string.h>

#include "controller/run/job.h"
#include "netlab/base/util.h"

enum { SYNC_ATTEMPTS = 3 }; /* when files change while they are sent */

int ctl_run_stopped(struct ctl_run *run)
{
	if (run->params->cancel && *run->params->cancel)
		return lab_err_set(run->err, ECANCELED, "interrupted");
	if (run->closed)
		return lab_err_set(run->err, ECONNRESET, "the lab went away");
	return 0;
}

/**
 * struct needs - what one host lacks, or is not known to have
 * @host:	index of the host
 * @modules:	modules
 * @n_modules:	how many
 * @tools:	tools
 * @n_tools:	how many
 */
struct needs {
	size_t host;
	struct ctl_module **modules;
	size_t n_modules;
	struct ctl_tool **tools;
	size_t n_tools;
};

static int needs_init(struct needs *n, const struct ctl_modules *mods, size_t host)
{
	*n = (struct needs){ .host = host };
	n->modules = calloc(mods->n_items + 1, sizeof(struct ctl_module *));
	n->tools = calloc(mods->n_tools + 1, sizeof(struct ctl_tool *));
	return n->modules && n->tools ? 0 : -ENOMEM;
}

static void needs_fini(struct needs *n)
{
	free(n->modules);
	free(n->tools);
}
#define cleanup_needs LAB_CLEANUP(needs_fini)

static void need_tool(struct needs *n, struct ctl_tool *t)
{
	size_t i;

	if (!t || t->host_paths[n->host])
		return;
	for (i = 0; i < n->n_tools; i++) {
		if (n->tools[i] == t)
			return;
	}
	n->tools[n->n_tools++] = t;
}

static void need_module(struct needs *n, struct ctl_module *m)
{
	size_t i;

	if (m->on_host[n->host])
		return;
	for (i = 0; i < n->n_modules; i++) {
		if (n->modules[i] == m)
			return;
	}
	n->modules[n->n_modules++] = m;
}

static void add_needs(struct needs *n, const struct ctl_modules *mods, const struct ctl_task *task,
		      const struct ctl_command *c)
{
	struct ctl_module *m;
	size_t i;

	if (c->kind != CTL_COMMAND_RUN || c->host != n->host)
		return;
	if (!c->module && c->from)
		need_tool(n, ctl_tools_get(mods, task, c->from));
	m = c->module ? ctl_modules_get(mods, task, c->module) : NULL;
	if (!m)
		return;
	need_module(n, m);
	for (i = 0; i < m->about.n_tools; i++)
		need_tool(n, ctl_tools_get(mods, task, m->about.tools[i]));
	if (m->python)
		need_tool(n, ctl_tools_get(mods, task, CTL_TOOL_PYTHON));
}

/* --- one host --- */

static int send_modules(struct ctl_run *run, const struct needs *n, size_t *n_sent,
			struct lab_err *err)
{
	const char *id = run->params->recipe->hosts[n->host].id;
	cleanup_free struct lab_file *files = calloc(n->n_modules + 1, sizeof(*files));
	size_t i, sent = 0;
	int r;

	if (!files)
		return lab_err_set(err, ENOMEM, "out of memory");
	for (i = 0; i < n->n_modules; i++)
		files[i] = n->modules[i]->file;
	if (!n->n_modules)
		return 0;
	r = lab_client_sync(run->params->client, id, files, n->n_modules, &sent, err);
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: modules: ", id);
	*n_sent += sent;
	return 0;
}

static int send_tools(struct ctl_run *run, const struct needs *n, size_t *n_files, size_t *n_sent,
		      struct lab_err *err)
{
	const char *id = run->params->recipe->hosts[n->host].id;
	size_t i, sent = 0;
	int r;

	for (i = 0; i < n->n_tools; i++) {
		struct ctl_tool *t = n->tools[i];
		cleanup_free char *path = NULL;

		if (t->host_paths[n->host])
			continue;
		r = lab_client_tree(run->params->client, id, &t->tree, &sent, &path, err);
		if (r == 0 && t->setup)
			r = ctl_run_setup(run, id, path, err);
		if (r < 0)
			return lab_err_prefix(err, r, "host %s: tool %s: ", id, t->name);
		t->host_paths[n->host] = take_ptr(&path);
		*n_files += t->tree.n_files;
		*n_sent += sent;
	}
	return 0;
}

/* A file has changed: it gets a new name, and no host has it any more. */
static int reread(struct ctl_run *run, const struct needs *n, struct lab_err *err)
{
	size_t n_hosts = run->params->recipe->n_hosts, i;
	char digest[LAB_DIGEST_STRLEN];
	int r;

	for (i = 0; i < n->n_modules; i++) {
		struct ctl_module *m = n->modules[i];

		memcpy(digest, m->file.digest, sizeof(digest));
		r = lab_file_digest(&m->file, err);
		if (r < 0)
			return lab_err_at(err, r, &m->src);
		if (strcmp(digest, m->file.digest) != 0)
			memset(m->on_host, 0, n_hosts * sizeof(*m->on_host));
	}
	for (i = 0; i < n->n_tools; i++) {
		r = ctl_tool_reread(n->tools[i], n_hosts, err);
		if (r < 0)
			return lab_err_at(err, r, &n->tools[i]->src);
	}
	return 0;
}

static int send_needs(struct ctl_run *run, const struct needs *n, struct lab_err *err)
{
	const struct ctl_run_params *p = run->params;
	size_t n_files = n->n_modules, n_sent = 0, i;
	uint64_t start = lab_loop_now_us();
	int r, attempt;

	if (!n->n_modules && !n->n_tools)
		return 0;
	for (attempt = 1;; attempt++) {
		r = send_modules(run, n, &n_sent, err);
		if (r == 0)
			r = send_tools(run, n, &n_files, &n_sent, err);
		if (r != -EAGAIN || attempt == SYNC_ATTEMPTS)
			break;
		r = reread(run, n, err);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	for (i = 0; i < n->n_modules; i++)
		n->modules[i]->on_host[n->host] = true;
	if (p->ops && p->ops->synced)
		p->ops->synced(p->recipe->hosts[n->host].id, n_files, n_sent,
			       lab_loop_now_us() - start, p->user);
	return ctl_run_stopped(run);
}

/* --- the whole --- */

int ctl_run_prepare(struct ctl_run *run, const struct ctl_task *task, const struct ctl_command *c,
		    struct lab_err *err)
{
	const struct ctl_modules *mods = run->params->modules;
	cleanup_needs struct needs n = { .host = c->host };

	if (!mods || (!c->module && !c->from))
		return 0;
	if (needs_init(&n, mods, c->host) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	add_needs(&n, mods, task, c);
	return send_needs(run, &n, err);
}

static int sync_host(struct ctl_run *run, size_t host)
{
	const struct ctl_run_params *p = run->params;
	cleanup_needs struct needs n = { .host = host };
	size_t t, c;

	if (needs_init(&n, p->modules, host) < 0)
		return lab_err_set(run->err, ENOMEM, "out of memory");
	for (t = 0; t < p->recipe->n_tasks; t++) {
		const struct ctl_task *task = &p->recipe->tasks[t];

		for (c = 0; c < task->n_commands; c++)
			add_needs(&n, p->modules, task, &task->commands[c]);
	}
	return send_needs(run, &n, run->err);
}

int ctl_run_sync(struct ctl_run *run)
{
	const struct ctl_run_params *p = run->params;
	int r = 0;
	size_t i;

	if (!p->modules || (!p->modules->n_items && !p->modules->n_tools))
		return 0;
	for (i = 0; i < p->recipe->n_hosts && r == 0; i++)
		r = sync_host(run, i);
	return r;
}
