/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_foreign.c - the life of hosts that other engines make: the same operations, asked of the engine process */
#include <string.h>

#include "netlab/keeper/host.h"

/* What the engine says is the answer to the client. */
static void on_answer(struct lab_keeper *k, uint32_t index, const json_t *result,
		      const struct lab_err *err, int *fds, unsigned int n_fds, void *user)
{
	struct lab_hostop *op = user;
	struct lab_err copy;

	(void)k;
	(void)index;
	(void)fds;
	(void)n_fds;
	if (err) {
		copy = *err;
		lab_hostop_fail(op, &copy);
		return;
	}
	if (strcmp(op->method, "host.freeze") == 0)
		op->host->life->frozen = true;
	if (strcmp(op->method, "host.thaw") == 0)
		op->host->life->frozen = false;
	lab_hostop_done(op, json_deep_copy(result));
}

static void ask(struct lab_hostop *op, const char *name, json_t *args, lab_engine_reply_fn fn)
{
	struct lab_err err;

	if (lab_keeper_engine_call(op->keeper, op->host->index, name, args, fn, op, &err) < 0)
		lab_hostop_fail(op, &err);
}

static void freeze(struct lab_hostop *op)
{
	ask(op, "freeze", NULL, on_answer);
}

static void thaw(struct lab_hostop *op)
{
	ask(op, "thaw", NULL, on_answer);
}

static void stopped(struct lab_hostop *op)
{
	if (lab_hosts_gone(op->host))
		lab_hostop_next(op);
}

/* Its agent goes with it, and that it has gone comes on a channel of its own. */
static void on_stopped(struct lab_keeper *k, uint32_t index, const json_t *result,
		       const struct lab_err *err, int *fds, unsigned int n_fds, void *user)
{
	struct lab_hostop *op = user;
	struct lab_err copy;

	(void)k;
	(void)index;
	(void)result;
	(void)fds;
	(void)n_fds;
	if (err) {
		op->host->life->asked = false;
		copy = *err;
		lab_hostop_fail(op, &copy);
		return;
	}
	op->host->life->frozen = false;
	op->poke = stopped;
	stopped(op);
}

static void stop(struct lab_hostop *op)
{
	json_int_t timeout_ms;
	struct lab_err err;

	if (lab_hostop_timeout(op, &timeout_ms, &err) < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	op->host->life->asked = true;
	ask(op, "stop", json_pack("{s:I}", "timeout_ms", timeout_ms), on_stopped);
}

static void on_state(struct lab_keeper *k, uint32_t index, const json_t *result,
		     const struct lab_err *err, int *fds, unsigned int n_fds, void *user)
{
	static const char *const names[][2] = { { "processes", "processes" },
						{ "memory", "memory_bytes" },
						{ "cpu_us", "cpu_us" } };
	struct lab_hostop *op = user;
	struct lab_err copy;
	json_t *o;

	(void)k;
	(void)index;
	(void)fds;
	(void)n_fds;
	if (err) {
		copy = *err;
		lab_hostop_fail(op, &copy);
		return;
	}
	o = lab_host_state(op->host);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(result, names[i][0]);

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
		ask(op, "state", NULL, on_state);
}

/* Methods and operations have the same names. */
static void pass(struct lab_hostop *op)
{
	json_t *args = json_copy(op->params);

	(void)json_object_del(args, "host");
	(void)json_object_del(args, "cgroups");
	ask(op, op->method + strlen("host."), args, on_answer);
}

/* What runs is stopped for it, and runs again then. */
static void on_restored(struct lab_keeper *k, uint32_t index, const json_t *result,
			const struct lab_err *err, int *fds, unsigned int n_fds, void *user)
{
	struct lab_hostop *op = user;

	if (err || !op->again)
		on_answer(k, index, result, err, fds, n_fds, user);
	else
		lab_host_start(op);
}

static void restore_now(struct lab_hostop *op)
{
	op->poke = NULL;
	ask(op, "snapshot.restore", json_pack("{s:O}", "name", json_object_get(op->params, "name")),
	    on_restored);
}

static bool is_listed(const json_t *result, const json_t *name)
{
	const json_t *list = json_object_get(result, "snapshots");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_equal(json_object_get(json_array_get(list, i), "name"), name))
			return true;
	return false;
}

/* A host is not stopped for a snapshot that it has not: the engine says so. */
static void on_listed(struct lab_keeper *k, uint32_t index, const json_t *result,
		      const struct lab_err *err, int *fds, unsigned int n_fds, void *user)
{
	struct lab_hostop *op = user;

	if (err) {
		on_answer(k, index, result, err, fds, n_fds, user);
		return;
	}
	op->again = op->host->state == LAB_HOST_RUNNING &&
		    is_listed(result, json_object_get(op->params, "name"));
	if (!op->again) {
		restore_now(op);
		return;
	}
	op->then = restore_now;
	op->host->life->asked = true;
	ask(op, "stop", json_pack("{s:i}", "timeout_ms", 0), on_stopped);
}

static void restore(struct lab_hostop *op)
{
	ask(op, "snapshot.list", NULL, on_listed);
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
};
