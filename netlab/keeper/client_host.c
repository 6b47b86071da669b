/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client_host.c - the client's end of a lab: the life of its hosts */
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/keeper/client_internal.h"
#include "netlab/ns/cgroup.h"
#include "netlab/ns/mount.h"

int lab_client_host_list(struct lab_client *c, json_t **ret, struct lab_err *err)
{
	int r = lab_rpc_call_wait(c->rpc, "host.list", NULL, LAB_CLIENT_INSPECT_MS, ret, err);

	if (r == 0)
		lab_client_translate(c, *ret);
	return r;
}

void lab_client_host_translate(const struct lab_client *c, json_t *result)
{
	json_t *hosts = json_object_get(result, "hosts"),
	       *state = hosts ? json_incref(result) : json_pack("{s:[O*]}", "hosts", result);

	if (result && state) {
		lab_client_translate(c, state);
		/* Of the lab itself. */
		(void)json_object_del(state, "pid");
	}
	json_decref(state);
}

/* ---- a place for cgroups ---- */

/*
 * The keeper does not see the machine's cgroups: it is shown where its groups would be, and makes them if it needs them.
 */
struct offer {
	struct lab_cgroups found;
	json_t *json;
	int fds[LAB_RPC_FDS_MAX];
	struct lab_err err; /* why nothing was found */
};

/* Which controllers a request may need. */
static unsigned int controllers_for(const char *verb, const struct lab_host_call *call)
{
	const json_t *limits = json_object_get(call->params, "limits");
	unsigned int needs = 0;

	if (strcmp(verb, "freeze") == 0 || strcmp(verb, "snapshot.create") == 0 ||
	    strcmp(verb, "publish") == 0)
		return LAB_CGROUP_FREEZER;
	if (json_is_integer(json_object_get(limits, "memory")))
		needs |= LAB_CGROUP_MEMORY;
	if (json_is_number(json_object_get(limits, "cpus")))
		needs |= LAB_CGROUP_CPU;
	if (json_is_integer(json_object_get(limits, "pids")))
		needs |= LAB_CGROUP_PIDS;
	return needs;
}

static void find_offer(const struct lab_client *c, unsigned int controllers, struct offer *ret)
{
	*ret = (struct offer){ .json = NULL };
	if (!controllers ||
	    lab_cgroups_find(controllers, *c->lab ? c->lab : "lab", &ret->found, &ret->err) < 0)
		return;
	ret->json = json_array();
	for (uint32_t i = 0; i < ret->found.n; i++) {
		const struct lab_cgroup *cg = &ret->found.list[i];

		ret->fds[i] = cg->parent_fd;
		(void)json_array_append_new(ret->json,
					    json_pack("{s:i, s:b, s:s, s:s}", "controllers",
						      (int)cg->controllers, "v2", cg->v2, "parent",
						      cg->parent, "name", cg->name));
	}
}

static void offer_fini(struct offer *o)
{
	json_decref(o->json);
	lab_cgroups_close(&o->found);
}

/* ---- calls ---- */

/**
 * struct batch - requests that are under way
 * @left:	how many have not been answered
 * @dropped:	nobody waits any more
 */
struct batch {
	size_t left;
	bool dropped;
};

/**
 * struct one - one of them
 * @batch:	all of them
 * @call:	where the answer goes
 * @why:	why no place for a cgroup was found; code 0 = one was found, or none was looked for
 */
struct one {
	struct batch *batch;
	struct lab_host_call *call;
	struct lab_err why;
};

static void on_answer(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		      unsigned int n_fds, void *user)
{
	struct one *one = user;
	struct batch *batch = one->batch;

	(void)rpc;
	(void)fds;
	(void)n_fds;
	if (!batch->dropped) {
		one->call->result = json_incref(result);
		one->call->r = err ? -err->code : 0;
		/* Why there is no cgroup is known here, not there. */
		if (err && !(err->code == ENOSYS && one->why.code))
			one->call->err = *err;
		else if (err)
			(void)lab_err_set(&one->call->err, one->why.code, "host %s: %s",
					  one->call->host, one->why.msg);
	}
	free(one);
	if (--batch->left == 0 && batch->dropped)
		free(batch);
}

static int send_one(struct lab_client *c, const char *verb, struct batch *batch,
		    struct lab_host_call *call)
{
	struct one *one = calloc(1, sizeof(*one));
	json_t *params = call->params ? json_copy(call->params) : json_object();
	struct offer offer;
	char method[64];
	int r;

	(void)snprintf(method, sizeof(method), "host.%s", verb);
	find_offer(c, controllers_for(verb, call), &offer);
	if (!one || !params || json_object_set_new(params, "host", json_string(call->host)) < 0 ||
	    (offer.json && json_object_set(params, "cgroups", offer.json) < 0)) {
		free(one);
		json_decref(params);
		offer_fini(&offer);
		return lab_err_set(&call->err, EINVAL, "host name or parameters are not UTF-8");
	}
	*one = (struct one){ .batch = batch, .call = call, .why = offer.err };
	/* Those of the call come last. */
	for (unsigned int i = 0; i < call->n_fds && offer.found.n + i < LAB_RPC_FDS_MAX; i++)
		offer.fds[offer.found.n + i] = call->fds[i];
	r = lab_rpc_call(c->rpc, method, params, offer.fds, offer.found.n + call->n_fds, on_answer,
			 one);
	offer_fini(&offer);
	if (r < 0) {
		free(one);
		return lab_err_errno(&call->err, -r, "ask the lab");
	}
	batch->left++;
	return 0;
}

static int wait_batch(struct lab_client *c, const struct batch *batch, uint64_t timeout_ms)
{
	uint64_t deadline = lab_loop_now_us() + (timeout_ms + LAB_CLIENT_HOST_MS) * 1000;

	while (batch->left && !c->closed) {
		uint64_t now = lab_loop_now_us();
		int r;

		if (now >= deadline)
			return -ETIMEDOUT;
		r = lab_loop_step(c->loop, (int)((deadline - now) / 1000) + 1);
		if (r < 0)
			return r;
	}
	return batch->left ? -ECONNRESET : 0;
}

int lab_client_host_call(struct lab_client *c, const char *verb, struct lab_host_call *calls,
			 size_t n, uint64_t timeout_ms)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int first = 0, r;

	for (size_t i = 0; i < n; i++) {
		calls[i].result = NULL;
		calls[i].r = batch ? send_one(c, verb, batch, &calls[i])
				   : lab_err_errno(&calls[i].err, ENOMEM, "ask the lab");
		/* Not answered yet. */
		if (calls[i].r == 0)
			calls[i].r = -EINPROGRESS;
	}
	if (!batch)
		return -ENOMEM;
	r = wait_batch(c, batch, timeout_ms);
	for (size_t i = 0; i < n; i++) {
		if (calls[i].r == -EINPROGRESS)
			calls[i].r = lab_err_errno(&calls[i].err, -r, "host %s: no answer",
						   calls[i].host);
		first = first ? first : calls[i].r;
	}
	batch->dropped = true;
	if (batch->left == 0)
		free(batch);
	return first;
}

/* ---- mounts ---- */

int lab_client_host_mount(struct lab_client *c, const char *host, const char *source,
			  const char *path, bool read_only, struct lab_err *err)
{
	cleanup_free char *real = realpath(source, NULL);
	cleanup_close int tree = -1;
	cleanup_json json_t *params = NULL;
	struct lab_host_call call = { .host = host, .fds = &tree, .n_fds = 1 };
	int r;

	if (!real)
		return lab_err_errno(err, errno, "%s", source);
	tree = lab_mount_tree_whole(real, err);
	if (tree == -EPERM)
		return lab_err_set(
			err, EPERM,
			"%s: only root may mount what this machine has into a host [EPERM]",
			source);
	if (tree < 0)
		return tree;
	params = json_pack("{s:s, s:s, s:b}", "path", path, "source", real, "read_only", read_only);
	if (!params)
		return lab_err_set(err, EILSEQ, "%s: the name is not UTF-8", source);
	call.params = params;
	r = lab_client_host_call(c, "mount", &call, 1, 0);
	json_decref(call.result);
	if (r < 0 && err)
		*err = call.err;
	return r;
}
