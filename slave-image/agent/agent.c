/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agent.c - the agent: its connection, its table of methods, its life */
#include "slave-image/agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlab/base/version.h"
#include "slave-image/agent/agent_internal.h"
#include "slave-image/agent/config.h"

static void method_ping(struct agt *a, struct lab_rpc_req *req)
{
	(void)lab_rpc_reply(a->rpc, req->id, NULL, NULL, 0);
}

static const struct {
	const char *name;
	void (*fn)(struct agt *a, struct lab_rpc_req *req);
} methods[] = {
	{ "exec", agt_jobs_exec },
	{ "signal", agt_jobs_signal },
	{ "config.write", agt_config_method },
	{ "file.missing", agt_store_missing },
	{ "file.put", agt_store_put },
	{ "tree.put", agt_tree_put },
	{ "upgrade", agt_upgrade_start },
	{ "ping", method_ping },
};

/* --- the connection --- */

static void on_request(struct lab_rpc_req *req, void *user)
{
	struct agt *a = user;
	struct lab_err err;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(methods); i++) {
		if (strcmp(req->method, methods[i].name) == 0)
			break;
	}
	if (i < LAB_ARRAY_SIZE(methods)) {
		methods[i].fn(a, req);
	} else {
		(void)lab_err_set(&err, ENOSYS, "the agent has no method \"%.64s\"", req->method);
		(void)lab_rpc_reply_err(a->rpc, req->id, &err);
	}
	agt_upgrade_poke(a);
}

/* Blocks of a stream that has no owner (any more) are dropped: the peer cannot know yet. */
static void on_block(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len, void *user)
{
	struct agt *a = user;

	(void)rpc;
	if (stream && !agt_jobs_block(a, stream, data, len) &&
	    !agt_store_block(a, stream, data, len))
		(void)agt_upgrade_block(a, stream, data, len);
	agt_upgrade_poke(a);
}

static void on_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct agt *a = user;

	(void)rpc;
	lab_loop_quit(a->loop, err->code);
}

static void on_drained(struct lab_rpc *rpc, void *user)
{
	struct agt *a = user;

	(void)rpc;
	agt_jobs_drained(a);
	agt_upgrade_poke(a);
}

static const struct lab_rpc_ops rpc_ops = {
	.request = on_request,
	.block = on_block,
	.closed = on_closed,
	.drained = on_drained,
};

bool agt_stream_busy(const struct agt *a, uint32_t stream)
{
	return agt_jobs_has_stream(a, stream) || agt_store_has_stream(a, stream) ||
	       (a->upgrade.active && a->upgrade.stream == stream);
}

void agt_fail(struct agt *a, int code)
{
	lab_loop_quit(a->loop, code);
}

static bool passes_fds(int in_fd, int out_fd)
{
	socklen_t len = sizeof(int);
	int domain;

	return in_fd == out_fd && getsockopt(in_fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       domain == AF_UNIX;
}

static int hello(struct agt *a)
{
	json_t *params;

	params = json_pack("{s:s,s:s,s:i,s:o}", "version", lab_version(), "build", lab_build_id(),
			   "pid", (int)getpid(), "features",
			   a->passes_fds ? json_pack("[s,s,s]", "fds", "pty", "upgrade")
					 : json_pack("[s]", "upgrade"));
	return params ? lab_rpc_notify(a->rpc, "hello", params, NULL, 0) : -ENOMEM;
}

int agt_connect(struct agt *a, int in_fd, int out_fd)
{
	int r;

	a->passes_fds = passes_fds(in_fd, out_fd);
	r = lab_rpc_new_pair(a->loop, in_fd, out_fd, &rpc_ops, a, &a->rpc);
	return r < 0 ? r : hello(a);
}

/* --- life --- */

static void on_child(struct lab_source *src, const siginfo_t *info, void *user)
{
	(void)src;
	(void)info;
	agt_jobs_reap(user);
}

static void on_quit(struct lab_source *src, const siginfo_t *info, void *user)
{
	struct agt *a = user;

	(void)src;
	(void)info;
	lab_loop_quit(a->loop, 0);
}

static int watch_signals(struct agt *a)
{
	static const int quit[] = { SIGHUP, SIGINT, SIGTERM };
	size_t i;
	int r;

	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	r = lab_loop_add_signal(a->loop, SIGCHLD, on_child, a, NULL);
	/* PID 1 of a host: the kernel keeps signals of the host from it, and whatever it left its own end takes along. */
	if (getpid() == 1)
		return r;
	if (r == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		r = -errno;
	for (i = 0; r == 0 && i < LAB_ARRAY_SIZE(quit); i++)
		r = lab_loop_add_signal(a->loop, quit[i], on_quit, a, NULL);
	return r;
}

static int init(struct agt *a, const struct agt_options *opts)
{
	*a = (struct agt){ .jobs = { .null_fd = -1 },
			   .store = { .dirfd = -1 },
			   .upgrade = { .fd = -1 } };
	if (opts)
		a->opts = *opts;
	return lab_loop_new(&a->loop);
}

static int run(struct agt *a)
{
	int r = lab_loop_run(a->loop);

	return r > 0 ? -r : r;
}

static void fini(struct agt *a)
{
	agt_jobs_kill(a);
	agt_jobs_fini(a);
	agt_store_fini(a);
	agt_upgrade_fini(a);
	lab_rpc_free(a->rpc);
	lab_loop_free(a->loop);
}

int agt_main(int in_fd, int out_fd, const struct agt_options *opts)
{
	struct agt a;
	int r;

	r = init(&a, opts);
	if (r < 0) {
		(void)close(in_fd);
		if (out_fd != in_fd)
			(void)close(out_fd);
		return r;
	}
	r = agt_connect(&a, in_fd, out_fd);
	if (r == 0)
		r = watch_signals(&a);
	if (r == 0)
		r = run(&a);
	fini(&a);
	return r;
}

int agt_resume(int state_fd, const struct agt_options *opts)
{
	struct agt a;
	int r;

	r = init(&a, opts);
	if (r == 0)
		r = watch_signals(&a);
	if (r == 0)
		r = agt_upgrade_restore(&a, state_fd);
	(void)close(state_fd);
	if (r == 0) {
		/* Whoever ended between the two programs sent its signal to the first. */
		agt_jobs_reap(&a);
		r = run(&a);
	}
	fini(&a);
	return r;
}
