/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_config.c - what is said of a host while its lab is up: its limits, and the environment of its commands */
#include <ctype.h>
#include <string.h>

#include "netlab/keeper/host.h"

enum { ENVIRONMENT_MAX = 32768 /* bytes; a command has more room than that */ };

/* ---- what is asked for ---- */

/* 0 takes a limit away. */
static int take_limit(const json_t *limits, const char *name, uint64_t least, uint64_t most,
		      uint64_t *ret, struct lab_err *err)
{
	const json_t *value = json_object_get(limits, name);
	double number = json_number_value(value);

	if (!value)
		return 0;
	/* Processors have fractions. */
	if (strcmp(name, "cpus") == 0)
		number = number * 1000 + 0.5;
	else if (!json_is_integer(value))
		number = -1;
	if (!json_is_number(value) || !((number >= 0 && number < 1) ||
					(number >= (double)least && number < (double)most + 1)))
		return lab_err_set(err, EINVAL, "limits: %s has no value that makes sense", name);
	*ret = (uint64_t)number;
	return 0;
}

static int take_limits(const struct lab_hostop *op, struct lab_limits *ret, struct lab_err *err)
{
	const json_t *limits = json_object_get(op->params, "limits");
	uint64_t memory = ret->memory_bytes, cpus = ret->cpus_milli, pids = ret->pids;
	json_error_t je;
	json_t *unused[3];
	int r;

	if (limits && json_unpack_ex((json_t *)limits, &je, 0, "{s?o, s?o, s?o !}", "memory",
				     &unused[0], "cpus", &unused[1], "pids", &unused[2]) < 0)
		return lab_err_set(err, EINVAL, "limits: %s", je.text);
	r = take_limit(limits, "memory", LAB_LIMIT_MEMORY_MIN, INT64_MAX / 2, &memory, err);
	if (r == 0)
		r = take_limit(limits, "cpus", LAB_LIMIT_CPUS_MIN, LAB_LIMIT_CPUS_MAX, &cpus, err);
	if (r == 0)
		r = take_limit(limits, "pids", LAB_LIMIT_PIDS_MIN, LAB_LIMIT_PIDS_MAX, &pids, err);
	if (r == 0)
		*ret = (struct lab_limits){ .memory_bytes = memory,
					    .cpus_milli = (uint32_t)cpus,
					    .pids = (uint32_t)pids };
	return r;
}

static bool is_variable(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return *name == '\0';
}

/* @env changed: null takes a variable away. */
static int take_environment(const struct lab_hostop *op, json_t *env, struct lab_err *err)
{
	json_t *changes = json_object_get(op->params, "environment"), *value;
	const char *name;
	size_t size = 0;

	if (changes && !json_is_object(changes))
		return lab_err_set(err, EINVAL, "environment must be an object");
	json_object_foreach(changes, name, value) {
		const char *text = json_string_value(value);

		if (!is_variable(name))
			return lab_err_set(
				err, EINVAL,
				"environment: \"%.60s\" is no name of a variable: letters, digits and '_', the first no digit",
				name);
		if (json_is_null(value))
			(void)json_object_del(env, name);
		else if (!text || strlen(text) != json_string_length(value) ||
			 json_object_set(env, name, value) < 0)
			return lab_err_set(err, EINVAL, "environment: %.60s must be text, or null",
					   name);
	}
	json_object_foreach(env, name, value)
		size += strlen(name) + json_string_length(value) + 2;
	if (size > ENVIRONMENT_MAX)
		return lab_err_set(err, E2BIG, "environment: more than %d bytes", ENVIRONMENT_MAX);
	return 0;
}

/* ---- limits of native hosts ---- */

static bool is_up(const struct lab_khost *host)
{
	return host->state == LAB_HOST_RUNNING || host->state == LAB_HOST_STARTING;
}

int lab_host_join_limits(const struct lab_khost *host, struct lab_err *err)
{
	const struct lab_host *h = &host->keeper->topo->hosts[host->index];
	const struct lab_cgroups *cgs = &host->keeper->cgroups;
	unsigned int needs = lab_limits_controllers(&h->limits);
	int r = 0;

	for (uint32_t i = 0; i < cgs->n && r == 0; i++) {
		cleanup_close int dir = -1;

		if (!(cgs->list[i].controllers & needs))
			continue;
		dir = lab_cgroups_open_host(&cgs->list[i], host->group, err);
		r = dir < 0 ? dir : lab_host_join(host, dir, err);
	}
	return r;
}

static int limit(struct lab_hostop *op, const struct lab_limits *limits, struct lab_err *err)
{
	struct lab_host *h = &op->keeper->topo->hosts[op->host->index];
	unsigned int needs = lab_limits_controllers(limits);
	struct lab_limits before = h->limits;
	int r = needs ? lab_host_need_groups(op, needs, err) : 0;

	if (r == 0)
		r = lab_cgroups_limit_host(&op->keeper->cgroups, op->host->group, limits, err);
	h->limits = *limits;
	if (r == 0 && is_up(op->host))
		r = lab_host_join_limits(op->host, err);
	if (r == 0)
		return 0;
	h->limits = before;
	(void)lab_cgroups_limit_host(&op->keeper->cgroups, op->host->group, &before, NULL);
	return r;
}

int lab_host_set_limits(struct lab_hostop *op, struct lab_err *err)
{
	struct lab_limits limits = { .memory_bytes = 0 };
	int r = take_limits(op, &limits, err);

	return r == 0 && lab_limits_controllers(&limits) ? limit(op, &limits, err) : r;
}

/* ---- the operation ---- */

static void settle(struct lab_hostop *op)
{
	const json_t *ephemeral = json_object_get(op->params, "ephemeral");
	struct lab_klife *life = op->host->life;

	json_decref(life->environment);
	life->environment = json_object_size(op->kept) ? json_incref(op->kept) : NULL;
	if (json_is_boolean(ephemeral))
		life->ephemeral = json_is_true(ephemeral);
	lab_hostop_done(op, NULL);
}

void lab_host_config(struct lab_hostop *op)
{
	struct lab_limits limits = op->keeper->topo->hosts[op->host->index].limits;
	const json_t *ephemeral = json_object_get(op->params, "ephemeral");
	const struct lab_klife *life = op->host->life;
	struct lab_err err;
	bool limited;
	int r;

	op->kept = life->environment ? json_copy(life->environment) : json_object();
	if (ephemeral && !json_is_boolean(ephemeral))
		r = lab_err_set(&err, EINVAL, "ephemeral must be true or false");
	else
		r = op->kept ? take_environment(op, op->kept, &err)
			     : lab_err_set(&err, ENOMEM, "out of memory");
	if (r == 0)
		r = take_limits(op, &limits, &err);
	if (r < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	limited = json_object_size(json_object_get(op->params, "limits")) > 0;
	if (limited && op->host->engine) {
		op->limits = limits;
		lab_host_limit_foreign(op, settle);
	} else if (limited && limit(op, &limits, &err) < 0) {
		lab_hostop_fail(op, &err);
	} else {
		settle(op);
	}
}

const json_t *lab_hosts_environment(const struct lab_khost *host)
{
	return host->life ? host->life->environment : NULL;
}
