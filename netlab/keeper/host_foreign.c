/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_foreign.c - the life of hosts that other engines make: the same operations, asked of the engine process */
#include <string.h>

#include "netlab/backend/backend.h"
#include "netlab/keeper/host.h"

enum { STOP_MS = 10000 /* for processes to end by themselves before their host moves */ };

/*
 * Ask for an operation, and go on with @next when it is done. What the engine refuses is the answer to the client: that is the end of it. What the
 * engine said lies in lab_hostop.said until the operation is over.
 */
static void on_reply(struct lab_keeper *k, uint32_t index, const json_t *result,
		     const struct lab_err *err, int *fds, unsigned int n_fds, void *user)
{
	struct lab_hostop *op = user;
	lab_hostop_fn next = op->engine_next;
	struct lab_err copy;

	(void)k;
	(void)index;
	(void)fds;
	(void)n_fds;
	op->engine_next = NULL;
	if (err) {
		copy = *err;
		op->host->life->asked &= op->host->state == LAB_HOST_DEAD;
		lab_hostop_fail(op, &copy);
		return;
	}
	json_decref(op->said);
	op->said = json_deep_copy(result);
	next(op);
}

static void ask(struct lab_hostop *op, const char *name, json_t *args, lab_hostop_fn next)
{
	struct lab_err err;

	op->engine_next = next;
	if (lab_keeper_engine_call(op->keeper, op->host->index, name, args, on_reply, op, &err) < 0)
		lab_hostop_fail(op, &err);
}

static void answer(struct lab_hostop *op)
{
	lab_hostop_done(op, json_incref(op->said));
}

static void frozen(struct lab_hostop *op)
{
	op->host->life->frozen = true;
	answer(op);
}

static void thawed(struct lab_hostop *op)
{
	op->host->life->frozen = false;
	answer(op);
}

static void freeze(struct lab_hostop *op)
{
	ask(op, "freeze", NULL, frozen);
}

static void thaw(struct lab_hostop *op)
{
	ask(op, "thaw", NULL, thawed);
}

static void gone(struct lab_hostop *op)
{
	if (lab_hosts_gone(op->host))
		lab_hostop_next(op);
}

/* Its agent goes with it, and that it has gone comes on a channel of its own. */
static void stopped(struct lab_hostop *op)
{
	op->host->life->frozen = false;
	op->poke = gone;
	gone(op);
}

static void stop(struct lab_hostop *op, json_int_t timeout_ms)
{
	op->host->life->asked = true;
	ask(op, "stop", json_pack("{s:I}", "timeout_ms", timeout_ms), stopped);
}

static void tell_state(struct lab_hostop *op)
{
	static const char *const names[][2] = { { "processes", "processes" },
						{ "memory", "memory_bytes" },
						{ "cpu_us", "cpu_us" } };
	json_t *o = lab_host_state(op->host);

	for (size_t i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(op->said, names[i][0]);

		if (o && value)
			(void)json_object_set(o, names[i][1], value);
	}
	lab_hostop_done(op, o);
}

static void state(struct lab_hostop *op)
{
	/* What is stopped has no figures, whatever the engine. */
	if (op->host->state == LAB_HOST_DEAD)
		lab_hostop_done(op, lab_host_state(op->host));
	else
		ask(op, "state", NULL, tell_state);
}

static void limited(struct lab_hostop *op)
{
	op->keeper->topo->hosts[op->host->index].limits = op->limits;
	lab_hostop_next(op);
}

void lab_host_limit_foreign(struct lab_hostop *op, lab_hostop_fn next)
{
	op->then = next;
	ask(op, "config",
	    json_pack("{s:I, s:I, s:I}", "memory", (json_int_t)op->limits.memory_bytes,
		      "cpus_milli", (json_int_t)op->limits.cpus_milli, "pids",
		      (json_int_t)op->limits.pids),
	    limited);
}

void lab_host_destroy_foreign(struct lab_hostop *op, lab_hostop_fn next)
{
	ask(op, "destroy", NULL, next);
}

void lab_host_rename_foreign(struct lab_hostop *op, const char *to, lab_hostop_fn next)
{
	ask(op, "rename", json_pack("{s:s}", "name", to), next);
}

/* Methods and operations have the same names. */
static void pass(struct lab_hostop *op)
{
	json_t *args = json_copy(op->params);

	(void)json_object_del(args, "host");
	(void)json_object_del(args, "cgroups");
	ask(op, op->method + strlen("host."), args, answer);
}

static void restored(struct lab_hostop *op)
{
	if (op->again)
		lab_host_start(op);
	else
		answer(op);
}

static void restore_now(struct lab_hostop *op)
{
	op->poke = NULL;
	ask(op, "snapshot.restore", json_pack("{s:O}", "name", json_object_get(op->params, "name")),
	    restored);
}

static bool is_listed(const json_t *result, const json_t *name)
{
	const json_t *list = json_object_get(result, "snapshots");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_equal(json_object_get(json_array_get(list, i), "name"), name))
			return true;
	return false;
}

/* A host is not stopped for a snapshot that it has not: the engine says so. What runs is stopped for it, and runs again then. */
static void listed(struct lab_hostop *op)
{
	op->again = op->host->state == LAB_HOST_RUNNING &&
		    is_listed(op->said, json_object_get(op->params, "name"));
	if (!op->again) {
		restore_now(op);
		return;
	}
	op->then = restore_now;
	stop(op, 0);
}

static void restore(struct lab_hostop *op)
{
	ask(op, "snapshot.list", NULL, listed);
}

/* --- another server ---------------------------------------------------------------------------- */

static void migrated(struct lab_hostop *op)
{
	if (op->again)
		lab_host_start(op);
	else
		answer(op);
}

static void migrate_now(struct lab_hostop *op)
{
	op->poke = NULL;
	ask(op, "migrate", json_pack("{s:O}", "to", json_object_get(op->params, "to")), migrated);
}

/* What cannot move is not stopped for it. */
static void migrate(struct lab_hostop *op)
{
	const char *name = op->keeper->topo->hosts[op->host->index].backend;
	const struct lab_backend_info *backend = lab_backend_find(name, NULL);
	struct lab_err err;

	if (!json_is_string(json_object_get(op->params, "to")))
		(void)lab_err_set(&err, EINVAL, "to must be there, as text");
	else if (!backend || !(backend->can & LAB_BACKEND_MIGRATE))
		(void)lab_err_set(&err, EOPNOTSUPP, "the backend %s cannot migrate", name);
	else
		err.code = 0;
	if (err.code) {
		lab_hostop_fail(op, &err);
		return;
	}
	op->again = op->host->state == LAB_HOST_RUNNING;
	if (op->again) {
		op->then = migrate_now;
		stop(op, STOP_MS);
	} else {
		migrate_now(op);
	}
}

const struct lab_host_ops lab_host_foreign = {
	.start = lab_host_start,
	.stop = stop,
	.freeze = freeze,
	.thaw = thaw,
	.state = state,
	.mount = lab_host_mount,
	.umount = lab_host_umount,
	.snapshot_create = pass,
	.snapshot_list = pass,
	.snapshot_rename = pass,
	.snapshot_restore = restore,
	.snapshot_delete = pass,
	.migrate = migrate,
	.publish = pass,
};
