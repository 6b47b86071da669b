/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sync.c - give each host the modules that its commands use */
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

/* One byte for each module of each host: is it used there. */
static unsigned char *find_uses(const struct ctl_run_params *p)
{
	unsigned char *used = calloc(p->recipe->n_hosts + 1, p->modules->n_items);
	size_t t, c, i;

	for (t = 0; used && t < p->recipe->n_tasks; t++) {
		for (c = 0; c < p->recipe->tasks[t].n_commands; c++) {
			const struct ctl_command *command = &p->recipe->tasks[t].commands[c];
			const struct ctl_module *m;

			if (!command->module)
				continue;
			m = ctl_modules_get(p->modules, &p->recipe->tasks[t], command->module);
			for (i = 0; i < p->modules->n_items; i++) {
				if (p->modules->items[i] == m)
					used[command->host * p->modules->n_items + i] = 1;
			}
		}
	}
	return used;
}

static int sync_host(struct ctl_run *run, size_t host, const unsigned char *used,
		     struct lab_file *files)
{
	const struct ctl_run_params *p = run->params;
	const char *id = p->recipe->hosts[host].id;
	uint64_t start = lab_loop_now_us();
	size_t i, n = 0, sent = 0;
	int r;

	for (i = 0; i < p->modules->n_items; i++) {
		if (used[i])
			files[n++] = p->modules->items[i]->file;
	}
	if (!n)
		return 0;
	r = lab_client_sync(p->client, id, files, n, &sent, run->err);
	if (r < 0)
		return lab_err_prefix(run->err, r, "host %s: modules: ", id);
	if (p->ops && p->ops->synced)
		p->ops->synced(id, n, sent, lab_loop_now_us() - start, p->user);
	return ctl_run_stopped(run);
}

int ctl_run_sync_one(struct ctl_run *run, const char *host, struct ctl_module *m)
{
	const struct ctl_run_params *p = run->params;
	uint64_t start = lab_loop_now_us();
	int r = -EAGAIN, attempt;
	size_t sent = 0;

	for (attempt = 0; r == -EAGAIN && attempt < SYNC_ATTEMPTS; attempt++) {
		r = attempt ? lab_file_digest(&m->file, run->err) : 0;
		if (r >= 0)
			r = lab_client_sync(p->client, host, &m->file, 1, &sent, run->err);
	}
	if (r < 0)
		return lab_err_prefix(run->err, r, "host %s: module %s: ", host, m->name);
	if (p->ops && p->ops->synced)
		p->ops->synced(host, 1, sent, lab_loop_now_us() - start, p->user);
	return ctl_run_stopped(run);
}

int ctl_run_sync(struct ctl_run *run)
{
	const struct ctl_run_params *p = run->params;
	cleanup_free unsigned char *used = NULL;
	cleanup_free struct lab_file *files = NULL;
	int r, attempt;
	size_t i, n;

	if (!p->modules || !p->modules->n_items)
		return 0;
	n = p->modules->n_items;
	used = find_uses(p);
	files = calloc(n, sizeof(*files));
	if (!used || !files)
		return lab_err_set(run->err, ENOMEM, "out of memory");
	for (attempt = 1;; attempt++) {
		for (i = 0, r = 0; i < p->recipe->n_hosts && r >= 0; i++)
			r = sync_host(run, i, used + i * n, files);
		if (r != -EAGAIN || attempt == SYNC_ATTEMPTS)
			return r;
		/* A file changed: it gets a new name, and everything starts again. */
		for (i = 0; i < n; i++) {
			r = lab_file_digest(&p->modules->items[i]->file, run->err);
			if (r < 0)
				return lab_err_at(run->err, r, &p->modules->items[i]->src);
		}
	}
}
