/* SPDX-License-Identifier: GPL-2.0-or-later */
/* up.c - brings a lab up: clones the keeper and waits for its word */
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/backend/backend.h"
#include "netlab/base/fault.h"
#include "netlab/base/log.h"
#include "netlab/base/parse.h"
#include "netlab/base/program.h"
#include "netlab/base/strbuf.h"
#include "netlab/keeper/client_internal.h"
#include "netlab/keeper/keeper_internal.h"
#include "netlab/keeper/lab.h"
#include "netlab/ns/cgroup.h"
#include "netlab/ns/clone.h"

/* Not the one of cgroups: the keeper moves hosts into groups, and nobody may move what another such namespace does not see. */
#define KEEPER_NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)

enum {
	UP_MS = 300000,
	RELEASE_MS = 10000,
	GONE_MS = 30000,
};

/**
 * struct up - a lab on its way up, as the command sees it
 * @loop:	the command's loop
 * @params:	as given
 * @pid:	the keeper
 * @pidfd:	the keeper
 * @rpc:	connection to the keeper
 * @done:	it is up, or has failed
 * @err:	why it failed; code 0 if it has not
 * @phase_us:	from the keeper
 */
struct up {
	struct lab_loop *loop;
	const struct lab_up_params *params;
	pid_t pid;
	int pidfd;
	struct lab_rpc *rpc;
	bool done;
	struct lab_err err;
	uint64_t phase_us[LAB_PHASE_MAX_];
};

const char *lab_phase_name(enum lab_phase phase)
{
	static const char *const names[LAB_PHASE_MAX_] = { "keeper", "hosts", "links", "agents" };

	return (unsigned int)phase < LAB_PHASE_MAX_ ? names[phase] : "?";
}

static void on_progress(const struct up *up, const json_t *params)
{
	json_int_t n = json_integer_value(json_object_get(params, "up"));
	json_int_t total = json_integer_value(json_object_get(params, "total"));

	if (up->params->progress && n >= 0 && total >= n)
		up->params->progress((size_t)n, (size_t)total, up->params->user);
}

static void on_failed(struct up *up, const json_t *params)
{
	const char *text = json_string_value(json_object_get(params, "message"));
	json_int_t code = json_integer_value(json_object_get(params, "code"));
	json_int_t line = json_integer_value(json_object_get(params, "line"));

	(void)lab_err_set(&up->err, code > 0 && code < 4096 ? (int)code : EPROTO, "%s",
			  text ? text : "the keeper failed");
	if (line > 0 && up->params->recipe)
		up->err.src = (struct lab_src){
			.file = up->params->recipe,
			.line = (unsigned int)line,
			.col = (unsigned int)json_integer_value(json_object_get(params, "col")),
		};
	up->done = true;
}

static void on_request(struct lab_rpc_req *req, void *user)
{
	struct up *up = user;

	if (strcmp(req->method, "lab.progress") == 0) {
		on_progress(up, req->params);
	} else if (strcmp(req->method, "lab.failed") == 0) {
		on_failed(up, req->params);
	} else if (strcmp(req->method, "lab.up") == 0) {
		const json_t *us = json_object_get(req->params, "phase_us");

		for (size_t i = 0; i < LAB_PHASE_MAX_; i++)
			up->phase_us[i] = (uint64_t)json_integer_value(json_array_get(us, i));
		up->done = true;
	}
}

static void on_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct up *up = user;

	(void)rpc;
	(void)err;
	if (!up->done)
		(void)lab_err_set(&up->err, ECONNRESET,
				  "the keeper of the lab was killed while the lab came up");
	up->done = true;
}

static const struct lab_rpc_ops up_ops = { .request = on_request, .closed = on_closed };

/* The agent program; a benchmark may have another one. */
static int find_agent(char ret[PATH_MAX], struct lab_err *err)
{
	const char *env = getenv("NETLAB_AGENT");

	if (!env || env[0] != '/')
		return lab_program_own("agent", ret, PATH_MAX, err);
	(void)snprintf(ret, PATH_MAX, "%s", env);
	return 0;
}

/*
 * Before 6.15 the kernel refuses a link whose index is taken in the namespace of the socket that asks, whatever
 * namespace the link is born in: on a machine with many interfaces that would be ours.
 * Source: rtnl_newlink() in the kernel's net/core/rtnetlink.c.
 */
static bool indices_collide(void)
{
	unsigned int major, minor;
	struct utsname u;
	char *dot;

	if (uname(&u) < 0)
		return true;
	dot = strchr(u.release, '.');
	if (!dot)
		return true;
	*dot++ = '\0';
	dot[strspn(dot, "0123456789")] = '\0';
	if (lab_parse_uint(u.release, 0, 1000, &major) < 0 ||
	    lab_parse_uint(dot, 0, 1000, &minor) < 0)
		return true;
	return major < 6 || (major == 6 && minor < 15);
}

/*
 * The keeper gets a network namespace of its own, the switch, where bridges are; a lab without any does not need it, as links are
 * born in the namespaces of their hosts. Without privilege over the machine's namespace, requests must come from one of ours.
 */
static uint64_t keeper_namespaces(const struct lab_plan *plan, bool userns)
{
	uint64_t flags = KEEPER_NAMESPACES;
	bool foreign = lab_keeper_foreign(plan->topo);

	/* The namespaces of foreign hosts are made by the keeper, which needs one of its own to come back to. */
	if (foreign)
		flags |= CLONE_NEWNET;
	if (indices_collide())
		flags |= CLONE_NEWNET;
	if (userns)
		return flags | CLONE_NEWUSER | CLONE_NEWNET;
	for (size_t i = 0; i < plan->n_ops && plan->ops[i].kind != LAB_OP_HOST; i++)
		if (plan->ops[i].kind == LAB_OP_SWITCH)
			flags |= CLONE_NEWNET;
	return flags;
}

/* Clone the keeper. In the child this does not return. */
static int start(struct up *up, const struct lab_plan *plan, const struct lab_up_params *params,
		 const struct lab_rundir *rd, const struct lab_cgroups *cgroups,
		 const struct lab_images *images, struct lab_err *err)
{
	cleanup_close int listen_fd = lab_rundir_bind(rd, err), ours = -1, theirs = -1;
	cleanup_close int machine_netns = -1;
	bool userns = !lab_ns_privileged();
	int pair[2], r;

	if (listen_fd < 0)
		return listen_fd;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lab_err_errno(err, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	if (lab_keeper_foreign(plan->topo)) {
		machine_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (machine_netns < 0)
			return lab_err_errno(err, errno, "open /proc/self/ns/net");
	}
	up->pid = lab_ns_clone(keeper_namespaces(plan, userns), err);
	if (up->pid < 0)
		return up->pid;
	if (up->pid == 0) {
		const struct lab_keeper_args args = {
			.plan = plan,
			.params = params,
			.rundir = rd,
			.listen_fd = listen_fd,
			.starter = theirs,
			.cgroups = cgroups,
			.images = images,
			.machine_netns = machine_netns,
			.userns = userns,
		};

		lab_keeper_main(&args);
	}
	LAB_DEBUG("lab %s: keeper is process %d, agent program %s%s", rd->name, (int)up->pid,
		  params->agent, userns ? ", in a user namespace" : "");
	up->pidfd = (int)syscall(SYS_pidfd_open, up->pid, 0);
	if (up->pidfd < 0)
		return lab_err_errno(err, errno, "pidfd_open");
	if (userns) {
		r = lab_ns_map_user(up->pid, geteuid(), getegid(), err);
		if (r < 0)
			return r;
		if (write(ours, "", 1) != 1)
			return lab_err_errno(err, errno, "write to the keeper");
	}
	r = lab_rpc_new(up->loop, take_fd(&ours), &up_ops, up, &up->rpc);
	return r < 0 ? lab_err_errno(err, -r, "connection to the keeper") : 0;
}

static int await(struct up *up, struct lab_err *err)
{
	uint64_t deadline = lab_loop_now_us() + UP_MS * 1000ULL;

	while (!up->done) {
		uint64_t now = lab_loop_now_us();
		int r;

		if (now >= deadline)
			return lab_err_set(err, ETIMEDOUT, "the lab did not come up in %d s",
					   UP_MS / 1000);
		r = lab_loop_step(up->loop, (int)((deadline - now) / 1000) + 1);
		if (r < 0)
			return lab_err_errno(err, -r, "event loop");
		if (lab_loop_quitting(up->loop))
			return lab_err_set(err, ECANCELED, "interrupted while the lab came up");
	}
	if (up->err.code) {
		if (err)
			*err = up->err;
		return -up->err.code;
	}
	return 0;
}

/* Whatever became of it, it is our child, and nothing of it may be left. */
static void abandon(struct up *up)
{
	struct pollfd p = { .fd = up->pidfd, .events = POLLIN };

	if (up->pid <= 0)
		return;
	(void)kill(up->pid, SIGKILL);
	if (up->pidfd >= 0)
		(void)poll(&p, 1, GONE_MS);
	(void)waitpid(up->pid, NULL, up->pidfd >= 0 ? WNOHANG : 0);
}

/* The connection goes on as a client's. */
static int become_client(struct up *up, struct lab_client **ret, struct lab_err *err)
{
	struct lab_client *c;
	int in, out, r;

	r = lab_rpc_release(up->rpc, &in, &out);
	if (r < 0)
		return lab_err_errno(err, -r, "connection to the keeper");
	up->rpc = NULL;
	r = lab_client_new(up->loop, in, &c, err);
	if (r < 0)
		return r;
	c->keeper_pidfd = take_fd(&up->pidfd);
	(void)snprintf(c->lab, sizeof(c->lab), "%s", up->params->name);
	if (!up->params->leash) {
		r = lab_client_release(c, err);
		if (r < 0) {
			lab_client_free(c);
			return r;
		}
	}
	*ret = c;
	return 0;
}

static int blame_host(const struct lab_host *host, int r, struct lab_err *err)
{
	return lab_err_prefix(err, lab_err_at(err, r, &host->src), "host %s: ", host->id);
}

/* Before anything is built: are there cgroups for the limits of the hosts? Other engines make their own. */
static int find_cgroups(const struct lab_topo *topo, const char *lab, struct lab_cgroups *ret,
			struct lab_err *err)
{
	const struct lab_host *first = NULL;
	unsigned int needs = 0;
	int r;

	for (size_t i = 0; i < topo->n_hosts; i++) {
		unsigned int more = topo->hosts[i].backend
					    ? 0
					    : lab_limits_controllers(&topo->hosts[i].limits);

		if (more && !first)
			first = &topo->hosts[i];
		needs |= more;
	}
	if (!first)
		return 0;
	r = lab_cgroups_find(needs, lab, ret, err);
	return r < 0 ? blame_host(first, r, err) : 0;
}

static int make_cgroups(const struct lab_topo *topo, const struct lab_rundir *rd,
			struct lab_cgroups *cgroups, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf journal = LAB_STRBUF_INIT;
	int r;

	if (!cgroups->n)
		return 0;
	lab_cgroups_journal(cgroups, &journal);
	r = journal.error ? lab_err_errno(err, -journal.error, "cgroups")
			  : lab_rundir_journal(rd, lab_strbuf_str(&journal), err);
	if (r == 0)
		r = lab_cgroups_make(cgroups, err);
	for (size_t i = 0; i < topo->n_hosts && r == 0; i++) {
		const struct lab_host *host = &topo->hosts[i];

		if (!host->backend)
			r = lab_cgroups_add_host(cgroups, host->id, &host->limits, err);
		if (r < 0)
			r = blame_host(host, r, err);
	}
	return r;
}

static int check_foreign(const struct lab_topo *topo, struct lab_err *err)
{
	for (size_t i = 0; i < topo->n_hosts; i++) {
		const struct lab_host *host = &topo->hosts[i];
		int r = 0;

		if (!host->backend)
			continue;
		if (!lab_ns_privileged())
			r = lab_err_set(err, EPERM, "the backend %s needs root", host->backend);
		else if (lab_limits_controllers(&host->limits) &&
			 !(lab_backend_find(host->backend, NULL)->can & LAB_BACKEND_LIMITS))
			r = lab_err_set(err, EOPNOTSUPP, "the backend %s cannot limit a host",
					host->backend);
		else if (host->n_netns)
			r = lab_err_set(
				err, EINVAL,
				"network namespaces within a host are made in native hosts only, not by %s",
				host->backend);
		if (r < 0)
			return blame_host(host, r, err);
	}
	return 0;
}

int lab_up(struct lab_loop *loop, const struct lab_plan *plan, const struct lab_up_params *params,
	   struct lab_client **ret, struct lab_up_timing *ret_timing, struct lab_err *err)
{
	struct lab_up_params p = *params;
	struct up up = { .loop = loop, .params = &p, .pidfd = -1 };
	struct lab_rundir rd = LAB_RUNDIR_INIT;
	LAB_CLEANUP(lab_images_close) struct lab_images images = { .list = NULL };
	struct lab_cgroups cgroups = { .n = 0 };
	uint64_t start_us = lab_loop_now_us();
	char agent[PATH_MAX];
	int r;

	r = lab_name_check(params->name, err);
	if (r == 0)
		r = check_foreign(plan->topo, err);
	if (r == 0 && !p.agent) {
		r = find_agent(agent, err);
		p.agent = agent;
	}
	if (r == 0)
		r = lab_fault_init(err);
	if (r == 0)
		r = lab_images_open(plan->topo, &images, err);
	if (r == 0)
		r = find_cgroups(plan->topo, params->name, &cgroups, err);
	if (r == 0)
		r = lab_rundir_claim(params->name, &rd, err);
	if (r < 0) {
		lab_cgroups_close(&cgroups);
		return r;
	}
	r = make_cgroups(plan->topo, &rd, &cgroups, err);
	if (r == 0)
		r = start(&up, plan, &p, &rd, &cgroups, &images, err);
	if (r == 0)
		r = await(&up, err);
	if (r == 0)
		r = become_client(&up, ret, err);
	if (r < 0) {
		abandon(&up);
		if (lab_cgroups_remove(&cgroups) == 0)
			lab_rundir_remove(&rd);
	}
	lab_cgroups_close(&cgroups);
	lab_rpc_free(up.rpc);
	close_fd(&up.pidfd);
	lab_rundir_close(&rd);
	if (r < 0) {
		lab_rundir_sweep();
		return r;
	}
	if (ret_timing) {
		memcpy(ret_timing->phase_us, up.phase_us, sizeof(up.phase_us));
		ret_timing->total_us = lab_loop_now_us() - start_us;
	}
	return 0;
}
