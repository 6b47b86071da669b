/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client_check.c - the client's end of a lab: is all of it as it should be */
#include <stdlib.h>

#include "netlab/base/util.h"
#include "netlab/keeper/client_internal.h"

enum { CHECK_MS = 150000 };

/**
 * struct batch - questions that are under way
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
 * @ping:	where the answer goes
 */
struct one {
	struct batch *batch;
	struct lab_ping *ping;
};

static void on_answer(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		      unsigned int n_fds, void *user)
{
	struct one *one = user;
	struct batch *batch = one->batch;

	(void)rpc;
	(void)result;
	(void)fds;
	(void)n_fds;
	if (!batch->dropped) {
		one->ping->r = err ? -err->code : 0;
		if (err)
			one->ping->err = *err;
	}
	free(one);
	if (--batch->left == 0 && batch->dropped)
		free(batch);
}

static int send_one(struct lab_client *c, struct batch *batch, struct lab_ping *ping)
{
	struct one *one = calloc(1, sizeof(*one));
	json_t *params = json_pack("{s:s, s:s*}", "host", ping->host, "netns", ping->netns);
	int r;

	if (!one || !params) {
		free(one);
		json_decref(params);
		return lab_err_errno(&ping->err, ENOMEM, "ask the agent");
	}
	*one = (struct one){ .batch = batch, .ping = ping };
	r = lab_rpc_call(c->rpc, "ping", params, NULL, 0, on_answer, one);
	if (r < 0) {
		free(one);
		return lab_err_errno(&ping->err, -r, "ask the agent");
	}
	batch->left++;
	return -EINPROGRESS;
}

static int wait_batch(struct lab_client *c, const struct batch *batch, uint64_t timeout_ms)
{
	uint64_t deadline = lab_loop_now_us() + timeout_ms * 1000, now;
	int r = 0;

	while (batch->left && !c->closed && r >= 0) {
		now = lab_loop_now_us();
		if (now >= deadline)
			return -ETIMEDOUT;
		r = lab_loop_step(c->loop, (int)((deadline - now) / 1000) + 1);
	}
	return r < 0 ? r : batch->left ? -ECONNRESET : 0;
}

int lab_client_ping(struct lab_client *c, struct lab_ping *pings, size_t n, uint64_t timeout_ms)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int first = 0, r;

	if (!batch)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		pings[i].r = send_one(c, batch, &pings[i]);
	r = wait_batch(c, batch, timeout_ms);
	for (size_t i = 0; i < n; i++) {
		if (pings[i].r == -EINPROGRESS)
			pings[i].r = r == -ETIMEDOUT
					     ? lab_err_set(&pings[i].err, ETIMEDOUT,
							   "no answer in %.1f s",
							   (double)timeout_ms / 1000)
					     : lab_err_errno(&pings[i].err, -r, "no answer");
		first = first ? first : pings[i].r;
	}
	batch->dropped = true;
	if (batch->left == 0)
		free(batch);
	return first;
}

int lab_client_check(struct lab_client *c, uint64_t timeout_ms, json_t **ret, struct lab_err *err)
{
	json_t *params = json_pack("{s:I}", "timeout_ms", (json_int_t)timeout_ms);

	return lab_rpc_call_wait(c->rpc, "check", params, CHECK_MS, ret, err);
}
