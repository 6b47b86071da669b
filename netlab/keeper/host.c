/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.c - the methods `host.*` and `check`: which host, may it be done now, who does it */
#include "netlab/keeper/host.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/keeper/check.h"

enum {
	NEAR_MAX = 512,
	CHILD_US = 120 * 1000 * 1000,
	STOP_MS = 10000, /* for processes to end by themselves, unless something else was said */
	STOP_MS_MAX = 3600000, /* an hour */
};

/* States in which an operation is possible. */
enum state {
	STARTING = 1 << 0,
	RUNNING = 1 << 1,
	FROZEN = 1 << 2,
	STOPPED = 1 << 3,
	ANY = (1 << 4) - 1,
};

static enum state state_of(const struct lab_khost *host)
{
	switch (host->state) {
	case LAB_HOST_PLANNED:
	case LAB_HOST_ASKED:
	case LAB_HOST_STARTING:
		break;
	case LAB_HOST_RUNNING:
		return lab_hosts_frozen(host) ? FROZEN : RUNNING;
	case LAB_HOST_DEAD:
		return STOPPED;
	}
	return STARTING;
}

const char *lab_hosts_state(const struct lab_khost *host)
{
	switch (state_of(host)) {
	case STARTING:
		return "starting";
	case RUNNING:
		return "running";
	case FROZEN:
		return "frozen";
	case STOPPED:
	case ANY:
		break;
	}
	return "stopped";
}

bool lab_hosts_frozen(const struct lab_khost *host)
{
	return host->life && host->life->frozen;
}

bool lab_hosts_asked(const struct lab_khost *host)
{
	return host->life && host->life->asked;
}

bool lab_hosts_gone(const struct lab_khost *host)
{
	const struct lab_host *h = &host->keeper->topo->hosts[host->index];

	for (unsigned int n = 0; n <= h->n_netns; n++)
		if (lab_khost_space((struct lab_khost *)host, n)->rpc)
			return false;
	return host->state == LAB_HOST_DEAD && host->pid == 0;
}

static const struct lab_host_ops *ops_of(const struct lab_khost *host)
{
	return host->engine ? &lab_host_foreign : &lab_host_native;
}

static const char *backend_of(const struct lab_khost *host)
{
	const char *name = host->keeper->topo->hosts[host->index].backend;

	return name ? name : "native";
}

void lab_host_life_free(struct lab_klife *life)
{
	if (!life)
		return;
	lab_host_forget_mounts(life);
	free(life->mounts);
	free(life->snaps);
	json_decref(life->environment);
	free(life);
}

static struct lab_klife *life_of(struct lab_khost *host)
{
	if (!host->life)
		host->life = calloc(1, sizeof(*host->life));
	return host->life;
}

/* ---- operations that are under way ---- */

static void sweep_fini(struct lab_hostop_sweep *s)
{
	for (size_t i = 0; i < s->n; i++) {
		lab_source_free(s->watch[i]);
		close_fd(&s->fds[i]);
	}
	free(s->watch);
	free(s->fds);
	free(s->pids);
}

static struct lab_hostop *op_alloc(struct lab_keeper *k, const char *method, struct lab_khost *host)
{
	struct lab_hostop *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	*op = (struct lab_hostop){
		.keeper = k, .method = method, .host = host, .fd = -1, .child = { .fd = -1 }
	};
	op->next = k->ops;
	k->ops = op;
	return op;
}

/* An ephemeral host goes when it has stopped. */
static void vanish(struct lab_khost *host)
{
	struct lab_keeper *k = host->keeper;
	struct lab_hostop *op;

	if (!host->life || !host->life->ephemeral || host->life->op || k->engine_closing ||
	    !lab_hosts_gone(host))
		return;
	/* Once: if that fails, somebody must ask for it. */
	host->life->ephemeral = false;
	op = op_alloc(k, "host.delete", host);
	if (!op)
		return;
	host->life->op = op;
	/* Whoever calls this may have business with the host. */
	if (lab_hostop_timer(op, 0, lab_host_delete) < 0)
		lab_host_delete(op);
}

static void op_free(struct lab_hostop *op)
{
	struct lab_khost *host = op->host;
	struct lab_hostop **at = &op->keeper->ops;

	while (*at && *at != op)
		at = &(*at)->next;
	if (*at)
		*at = op->next;
	if (op->host && op->host->life && op->host->life->op == op)
		op->host->life->op = NULL;
	lab_source_free(op->timer);
	lab_source_free(op->watch);
	lab_source_free(op->child.src);
	close_fd(&op->child.fd);
	close_fd(&op->fd);
	for (unsigned int i = 0; i < op->n_fds; i++)
		close_fd(&op->fds[i]);
	sweep_fini(&op->sweep);
	json_decref(op->params);
	json_decref(op->said);
	json_decref(op->kept);
	if (op->client)
		lab_relay_released(op->client);
	free(op);
	if (host)
		vanish(host);
}

/* A message without "host h1: " in front. */
static const char *without_name(const char *text, const char *id)
{
	size_t len = strlen(id);

	if (strncmp(text, "host ", 5) == 0 && strncmp(text + 5, id, len) == 0 &&
	    strncmp(text + 5 + len, ": ", 2) == 0)
		return text + len + 7;
	return text;
}

void lab_hostop_done(struct lab_hostop *op, json_t *result)
{
	if (op->client && op->client->rpc)
		(void)lab_rpc_reply(op->client->rpc, op->id, result, NULL, 0);
	else
		json_decref(result);
	op_free(op);
}

void lab_hostop_fail(struct lab_hostop *op, struct lab_err *err)
{
	const char *id = op->host ? op->keeper->topo->hosts[op->host->index].id : NULL;
	struct lab_err copy = *err;

	/* An engine's process has said it already, perhaps with the name that the host came up with. */
	if (id && without_name(err->msg, id) == err->msg)
		(void)lab_err_set(err, copy.code, "host %s: %s", id,
				  without_name(copy.msg, op->host->group));
	if (op->client && op->client->rpc)
		(void)lab_rpc_reply_err(op->client->rpc, op->id, err);
	op_free(op);
}

void lab_hostop_next(struct lab_hostop *op)
{
	lab_hostop_fn then = op->then;

	op->then = NULL;
	op->poke = NULL;
	lab_source_free(op->timer);
	op->timer = NULL;
	if (then)
		then(op);
	else
		lab_hostop_done(op, NULL);
}

static void on_timer(struct lab_source *src, void *user)
{
	struct lab_hostop *op = user;
	lab_hostop_fn fn = op->on_timer;

	(void)src;
	op->on_timer = NULL;
	if (fn)
		fn(op);
}

int lab_hostop_timer(struct lab_hostop *op, uint64_t delay_us, lab_hostop_fn fn)
{
	op->on_timer = fn;
	if (op->timer)
		return lab_source_set_timer(op->timer, delay_us);
	return lab_loop_add_timer(op->keeper->loop, delay_us, on_timer, op, &op->timer);
}

/* ---- children ---- */

/* What a child says at its end. */
struct word {
	int r;
	struct lab_err err;
};

static void on_word(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct lab_hostop *op = user;
	struct word word;

	(void)src;
	(void)events;
	if (read(fd, &word, sizeof(word)) != (ssize_t)sizeof(word))
		word.r = lab_err_set(&word.err, ECHILD, "the process that did it was killed");
	lab_source_free(op->child.src);
	op->child.src = NULL;
	close_fd(&op->child.fd);
	lab_source_free(op->timer);
	op->timer = NULL;
	op->child.done(op, word.r, &word.err);
}

static void child_late(struct lab_hostop *op)
{
	/* Its end of the pipe closes with it. */
	(void)kill(op->child.pid, SIGKILL);
}

int lab_hostop_child(struct lab_hostop *op, int (*fn)(struct lab_hostop *op, struct lab_err *err),
		     void (*done)(struct lab_hostop *op, int r, struct lab_err *err),
		     struct lab_err *err)
{
	struct word word = { .r = 0 };
	int p[2], r;

	if (pipe2(p, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "pipe");
	op->child.pid = fork();
	if (op->child.pid == 0) {
		word.r = fn(op, &word.err);
		_exit(write(p[1], &word, sizeof(word)) == (ssize_t)sizeof(word) ? 0 : 1);
	}
	(void)close(p[1]);
	op->child.fd = p[0];
	op->child.done = done;
	if (op->child.pid < 0)
		return lab_err_errno(err, errno, "fork");
	r = lab_loop_add_fd(op->keeper->loop, op->child.fd, EPOLLIN, on_word, op, &op->child.src);
	if (r == 0)
		r = lab_hostop_timer(op, CHILD_US, child_late);
	if (r < 0)
		(void)kill(op->child.pid, SIGKILL);
	return r < 0 ? lab_err_errno(err, -r, "watch a process") : 0;
}

/* ---- what happens to hosts ---- */

void lab_hosts_changed(struct lab_khost *host)
{
	struct lab_hostop *op = host->life ? host->life->op : NULL;

	if (op && op->poke)
		op->poke(op);
	else
		vanish(host);
}

void lab_hosts_failed(struct lab_khost *host, const char *text)
{
	struct lab_klife *life = life_of(host);

	if (life && text && !life->why[0] && !life->asked)
		(void)snprintf(life->why, sizeof(life->why), "%s",
			       without_name(text, host->keeper->topo->hosts[host->index].id));
	/* The init of a foreign host is not our child. */
	if (host->engine && host->state == LAB_HOST_DEAD)
		host->pid = 0;
	lab_hosts_changed(host);
}

static void tell_why(struct lab_klife *life, int status)
{
	if (life->why[0] || life->asked)
		return;
	if (WIFSIGNALED(status))
		(void)snprintf(life->why, sizeof(life->why),
			       "its init was killed by signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == 0)
		(void)snprintf(life->why, sizeof(life->why), "it was powered off");
	else
		(void)snprintf(life->why, sizeof(life->why), "its init ended with status %d",
			       WEXITSTATUS(status));
}

static void host_ended(struct lab_khost *host, int status)
{
	struct lab_klife *life = life_of(host);

	host->pid = 0;
	host->state = LAB_HOST_DEAD;
	if (life) {
		tell_why(life, status);
		lab_host_forget_mounts(life);
		/* Whoever starts in the group next must not be frozen there. */
		if (life->frozen)
			(void)lab_host_thaw(host);
	}
	lab_hosts_changed(host);
}

void lab_hosts_reaped(struct lab_keeper *k, pid_t pid, int status)
{
	for (size_t i = 0; i < k->topo->n_hosts; i++)
		if (k->hosts[i].pid == pid) {
			host_ended(&k->hosts[i], status);
			return;
		}
}

/* ---- list and show ---- */

static json_t *addresses(const struct lab_host *h)
{
	json_t *array = json_array();
	char text[LAB_ADDR_STRLEN];

	for (size_t i = 0; i < h->n_ifaces; i++)
		for (size_t a = 0; a < h->ifaces[i].n_addrs; a++)
			(void)json_array_append_new(
				array,
				json_string(lab_addr_format(&h->ifaces[i].addrs[a], true, text)));
	return array;
}

static json_t *limits(const struct lab_limits *l)
{
	json_t *o = json_object();

	if (l->memory_bytes)
		(void)json_object_set_new(o, "memory", json_integer((json_int_t)l->memory_bytes));
	if (l->cpus_milli)
		(void)json_object_set_new(o, "cpus", json_real((double)l->cpus_milli / 1000));
	if (l->pids)
		(void)json_object_set_new(o, "pids", json_integer(l->pids));
	return o;
}

static json_t *describe(const struct lab_khost *host)
{
	const struct lab_host *h = &host->keeper->topo->hosts[host->index];
	json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", h->id, "state",
			      lab_hosts_state(host), "backend", backend_of(host), "addresses",
			      addresses(h), "limits", limits(&h->limits));

	if (o && host->pid)
		(void)json_object_set_new(o, "pid", json_integer(host->pid));
	if (o && host->life && host->life->ephemeral)
		(void)json_object_set_new(o, "ephemeral", json_true());
	if (o && host->life && host->life->why[0] && host->state == LAB_HOST_DEAD)
		(void)json_object_set_new(o, "why", json_string(host->life->why));
	return o;
}

static void list(struct lab_hostop *op)
{
	struct lab_keeper *k = op->keeper;
	json_t *hosts = json_array();

	for (size_t i = 0; i < k->topo->n_hosts; i++)
		if (*k->topo->hosts[i].id)
			(void)json_array_append_new(hosts, describe(&k->hosts[i]));
	lab_hostop_done(op, json_pack("{s:s, s:o}", "lab", k->rundir.name, "hosts", hosts));
}

static json_t *interfaces(const struct lab_keeper *k, const struct lab_host *h)
{
	json_t *array = json_array();

	for (size_t i = 0; i < h->n_ifaces; i++) {
		const struct lab_iface *f = &h->ifaces[i];

		if (*f->id)
			(void)json_array_append_new(
				array, json_pack("{s:s, s:s, s:s, s:s?}", "id", f->id, "name",
						 f->name, "kind", lab_iface_kind_name(f), "network",
						 f->network == LAB_NETWORK_NONE
							 ? NULL
							 : k->topo->networks[f->network].label));
	}
	return array;
}

static json_t *mounts(const struct lab_klife *life)
{
	json_t *array = json_array();

	for (size_t i = 0; i < life->n_mounts; i++)
		(void)json_array_append_new(array, json_pack("{s:s, s:s, s:b}", "path",
							     life->mounts[i].path, "source",
							     life->mounts[i].source, "read_only",
							     life->mounts[i].read_only));
	return array;
}

static void show(struct lab_hostop *op)
{
	json_t *o = describe(op->host);

	(void)json_object_set_new(o, "mounts", mounts(op->host->life));
	if (op->host->life->environment)
		(void)json_object_set(o, "environment", op->host->life->environment);
	(void)json_object_set_new(
		o, "interfaces", interfaces(op->keeper, &op->keeper->topo->hosts[op->host->index]));
	lab_hostop_done(op, json_pack("{s:s, s:[o]}", "lab", op->keeper->rundir.name, "hosts", o));
}

static void stop(struct lab_hostop *op)
{
	const json_t *param = json_object_get(op->params, "timeout_ms");
	json_int_t timeout_ms = param ? json_integer_value(param) : STOP_MS;
	struct lab_err err;

	if ((param && !json_is_integer(param)) || timeout_ms < 0 || timeout_ms > STOP_MS_MAX) {
		(void)lab_err_set(&err, EINVAL, "timeout_ms must be 0 to %d", STOP_MS_MAX);
		lab_hostop_fail(op, &err);
		return;
	}
	ops_of(op->host)->stop(op, timeout_ms);
}

void lab_host_stop(struct lab_hostop *op, json_int_t timeout_ms)
{
	ops_of(op->host)->stop(op, timeout_ms);
}

static void restart(struct lab_hostop *op)
{
	op->then = ops_of(op->host)->start;
	stop(op);
}

/* ---- the methods ---- */

#define OP(name) offsetof(struct lab_host_ops, name)
#define NO_OP    SIZE_MAX

/*
 * @fn:		generic; or NULL, then the function at @op of the backend's table
 * @states:	in which it is possible
 * @quick:	it changes nothing, so it does not matter what else is under way
 * @all:	it is about no particular host
 */
static const struct method {
	const char *name;
	lab_hostop_fn fn;
	size_t op;
	unsigned int states;
	bool quick, all;
	const char *members[8];
} methods[] = {
	{ "check", lab_check_request, NO_OP, ANY, true, true, { "timeout_ms" } },
	{ "host.list", list, NO_OP, ANY, true, true, { NULL } },
	{ "host.show", show, NO_OP, ANY, true, false, { NULL } },
	{ "host.state", NULL, OP(state), ANY, true, false, { NULL } },
	{ "host.start", NULL, OP(start), STOPPED, false, false, { NULL } },
	{ "host.stop", stop, NO_OP, RUNNING | FROZEN, false, false, { "timeout_ms" } },
	{ "host.restart", restart, OP(start), RUNNING | FROZEN, false, false, { "timeout_ms" } },
	{ "host.freeze", NULL, OP(freeze), RUNNING, false, false, { "cgroups" } },
	{ "host.thaw", NULL, OP(thaw), FROZEN, false, false, { NULL } },
	{ "host.config",
	  lab_host_config,
	  NO_OP,
	  RUNNING | FROZEN | STOPPED,
	  false,
	  false,
	  { "limits", "environment", "ephemeral", "cgroups" } },
	{ "host.create",
	  lab_host_create,
	  NO_OP,
	  ANY,
	  false,
	  true,
	  { "host", "backend", "image", "forwarding", "limits", "ephemeral", "interfaces",
	    "cgroups" } },
	{ "host.delete",
	  lab_host_delete,
	  NO_OP,
	  RUNNING | FROZEN | STOPPED,
	  false,
	  false,
	  { "force" } },
	{ "host.migrate", NULL, OP(migrate), RUNNING | STOPPED, false, false, { "to" } },
	{ "host.rename", lab_host_rename, NO_OP, RUNNING | STOPPED, false, false, { "to" } },
	{ "host.mount", NULL, OP(mount), RUNNING, false, false, { "path", "source", "read_only" } },
	{ "host.umount", NULL, OP(umount), RUNNING, false, false, { "path" } },
	{ "host.snapshot.create",
	  NULL,
	  OP(snapshot_create),
	  RUNNING | FROZEN | STOPPED,
	  false,
	  false,
	  { "name", "cgroups" } },
	{ "host.snapshot.list", NULL, OP(snapshot_list), ANY, true, false, { NULL } },
	{ "host.snapshot.rename",
	  NULL,
	  OP(snapshot_rename),
	  RUNNING | FROZEN | STOPPED,
	  false,
	  false,
	  { "name", "to" } },
	{ "host.snapshot.restore",
	  NULL,
	  OP(snapshot_restore),
	  RUNNING | FROZEN | STOPPED,
	  false,
	  false,
	  { "name" } },
	{ "host.snapshot.delete",
	  NULL,
	  OP(snapshot_delete),
	  RUNNING | FROZEN | STOPPED,
	  false,
	  false,
	  { "name" } },
	{ "host.publish",
	  NULL,
	  OP(publish),
	  RUNNING | FROZEN | STOPPED,
	  false,
	  false,
	  { "snapshot", "path", "cgroups" } },
};

static lab_hostop_fn function(const struct lab_khost *host, size_t offset)
{
	lab_hostop_fn fn;

	memcpy(&fn, (const char *)ops_of(host) + offset, sizeof(fn));
	return fn;
}

static int check_members(json_t *params, const struct method *m, struct lab_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(params, key, value) {
		bool known = !m->all && strcmp(key, "host") == 0;

		for (size_t i = 0; i < LAB_ARRAY_SIZE(m->members) && m->members[i]; i++)
			known |= strcmp(key, m->members[i]) == 0;
		if (!known)
			return lab_err_set(err, EINVAL, "%s: no member \"%.60s\"", m->name, key);
	}
	return 0;
}

static int find_host(struct lab_keeper *k, const json_t *params, struct lab_khost **ret,
		     struct lab_err *err)
{
	const char *id = json_string_value(json_object_get(params, "host"));
	const char *names[NEAR_MAX + 1] = { NULL }, *near;
	long index;

	if (!id)
		return lab_err_set(err, EINVAL, "host must be there, as text");
	index = lab_topo_find_host(k->topo, id);
	if (index >= 0) {
		*ret = &k->hosts[index];
		return 0;
	}
	for (size_t i = 0, n = 0; i < k->topo->n_hosts && n < NEAR_MAX; i++)
		if (*k->topo->hosts[i].id)
			names[n++] = k->topo->hosts[i].id;
	near = lab_str_nearest(id, names);
	return lab_err_set(err, ENOENT, "lab %s has no host \"%.64s\"%s%s%s", k->rundir.name, id,
			   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Why an operation is not possible in the state that the host is in, and what would help. */
static int refuse_state(const struct lab_khost *host, const struct method *m, struct lab_err *err)
{
	const char *id = host->keeper->topo->hosts[host->index].id, *verb = m->name + 5;

	switch (state_of(host)) {
	case STARTING:
		return lab_err_set(err, EBUSY, "host %s is starting", id);
	case RUNNING:
		return m->states == STOPPED && strcmp(verb, "start") != 0
			       ? lab_err_set(err, EBUSY, "host %s is running; stop it first", id)
		       : m->states == FROZEN
			       ? lab_err_set(err, EBUSY, "host %s is not frozen", id)
			       : lab_err_set(err, EBUSY, "host %s is running already", id);
	case FROZEN:
		return strcmp(verb, "freeze") == 0
			       ? lab_err_set(err, EBUSY, "host %s is frozen already", id)
			       : lab_err_set(err, EBUSY, "host %s is frozen; unfreeze it first",
					     id);
	case STOPPED:
	case ANY:
		break;
	}
	return strcmp(verb, "stop") == 0
		       ? lab_err_set(err, EBUSY, "host %s is stopped already", id)
		       : lab_err_set(err, EBUSY, "host %s is stopped; start it first", id);
}

static int check_host(struct lab_khost *host, const struct method *m, struct lab_err *err)
{
	const char *id = host->keeper->topo->hosts[host->index].id;

	if (m->op != NO_OP && !function(host, m->op))
		return lab_err_set(err, EOPNOTSUPP, "host %s: %s hosts have no %s", id,
				   backend_of(host), m->name + 5);
	if (!life_of(host))
		return lab_err_errno(err, ENOMEM, "host %s", id);
	if (!m->quick && host->life->op)
		return lab_err_set(err, EBUSY, "host %s is busy: %s is under way", id,
				   host->life->op->method + 5);
	return (m->states & (unsigned int)state_of(host)) ? 0 : refuse_state(host, m, err);
}

static struct lab_hostop *op_new(struct lab_kclient *c, struct lab_rpc_req *req,
				 const struct method *m, struct lab_khost *host)
{
	struct lab_hostop *op = op_alloc(c->keeper, m->name, host);

	if (!op)
		return NULL;
	op->client = c;
	op->id = req->id;
	op->params = json_incref(req->params);
	op->n_fds = req->n_fds;
	for (unsigned int i = 0; i < req->n_fds; i++)
		op->fds[i] = take_fd(&req->fds[i]);
	c->n_pending++;
	if (host && !m->quick)
		host->life->op = op;
	return op;
}

static const struct method *find_method(const char *name, struct lab_err *err)
{
	for (size_t i = 0; i < LAB_ARRAY_SIZE(methods); i++)
		if (strcmp(name, methods[i].name) == 0)
			return &methods[i];
	(void)lab_err_set(err, ENOSYS, "no such method");
	return NULL;
}

void lab_hosts_request(struct lab_kclient *c, struct lab_rpc_req *req)
{
	struct lab_khost *host = NULL;
	struct lab_hostop *op = NULL;
	struct lab_err err = { 0 };
	const struct method *m = find_method(req->method, &err);
	int r = m ? check_members(req->params, m, &err) : -ENOSYS;

	if (r == 0 && !m->all)
		r = find_host(c->keeper, req->params, &host, &err);
	if (r == 0 && host)
		r = check_host(host, m, &err);
	if (r == 0) {
		op = op_new(c, req, m, host);
		r = op ? 0 : lab_err_errno(&err, ENOMEM, "%s", m->name);
	}
	if (r < 0)
		(void)lab_rpc_reply_err(req->rpc, req->id, &err);
	else if (m->fn)
		m->fn(op);
	else
		function(host, m->op)(op);
}
