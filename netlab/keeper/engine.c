/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine.c - the keeper's side of foreign hosts: their network namespaces, and the process that drives their engines */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlab/base/program.h"
#include "netlab/keeper/keeper_internal.h"
#include "netlab/ns/clone.h"

enum {
	ENGINE_FD = 3,
	ENGINE_NETNS_FD = 4,
	CLOSE_US = 90 * 1000 * 1000, /* an engine may need a minute to stop a container */
};

/* A call about a host. */
struct call {
	struct lab_keeper *k;
	uint32_t host;
	lab_engine_reply_fn fn;
	void *user;
};

static void on_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct lab_keeper *k = user;

	(void)rpc;
	(void)err;
	lab_rpc_free(k->engine);
	k->engine = NULL;
	if (!k->up)
		lab_keeper_fail(k, EPIPE, "the process that drives container engines has ended");
}

static const struct lab_rpc_ops ops = { .closed = on_closed };

bool lab_keeper_foreign(const struct lab_topo *topo)
{
	for (size_t i = 0; i < topo->n_hosts; i++)
		if (topo->hosts[i].backend)
			return true;
	return false;
}

static void exec_engine(const char *program, int fd, int netns) __attribute__((noreturn));
static void exec_engine(const char *program, int fd, int netns)
{
	char number[16];
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	fd = fcntl(fd, F_DUPFD, ENGINE_NETNS_FD + 1);
	netns = netns < 0 ? -1 : fcntl(netns, F_DUPFD, ENGINE_NETNS_FD + 1);
	if (fd < 0 || dup2(fd, ENGINE_FD) < 0 || (netns >= 0 && dup2(netns, ENGINE_NETNS_FD) < 0) ||
	    close(fd) < 0 || (netns >= 0 && close(netns) < 0))
		_exit(126);
	(void)snprintf(number, sizeof(number), "%d", netns < 0 ? ENGINE_FD : ENGINE_NETNS_FD);
	(void)execl(program, "netlab-engine", "--serve", "3", number, (char *)NULL);
	_exit(127);
}

static int set_dir(struct lab_keeper *k, struct lab_err *err)
{
	char buf[PATH_MAX], path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", k->rundir.fd);
	n = readlink(path, buf, sizeof(buf) - 1);
	if (n < 0)
		return lab_err_errno(err, errno, "find the run directory");
	buf[n] = '\0';
	if (asprintf(&k->engine_dir, "%s/" LAB_RUNDIR_ENGINE, buf) < 0) {
		k->engine_dir = NULL;
		return lab_err_errno(err, ENOMEM, "engine process");
	}
	return 0;
}

int lab_keeper_engine_start(struct lab_keeper *k, int machine_netns, struct lab_err *err)
{
	cleanup_close int ours = -1, theirs = -1;
	char program[PATH_MAX];
	int pair[2], r;
	pid_t pid;

	r = set_dir(k, err);
	if (r == 0)
		r = lab_program_own("netlab-engine", program, sizeof(program), err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lab_err_errno(err, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	pid = lab_ns_clone(CLONE_NEWNS, err);
	if (pid == 0)
		exec_engine(program, theirs, machine_netns);
	if (pid < 0)
		return pid;
	r = lab_rpc_new(k->loop, take_fd(&ours), &ops, k, &k->engine);
	return r < 0 ? lab_err_errno(err, -r, "connection to the engine process") : 0;
}

/* --- what the hosts are ------------------------------------------------------------------------ */

static int write_setting(const struct lab_keeper *k, const char *name, const char *value)
{
	cleanup_close int fd = openat(k->proc, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* a kernel without IPv6 */
	return write(fd, value, 1) < 0 ? -errno : 0;
}

/* As native hosts have it: no duplicate address detection before the first link comes, and forwarding of routers. */
static int settle(const struct lab_keeper *k, const struct lab_host *host)
{
	int r = write_setting(k, "sys/net/ipv6/conf/default/accept_dad", "0");

	if (r == 0 && host->forwarding)
		r = write_setting(k, "sys/net/ipv4/ip_forward", "1");
	if (r == 0 && host->forwarding)
		r = write_setting(k, "sys/net/ipv6/conf/all/forwarding", "1");
	return r;
}

static int make_netns(struct lab_keeper *k, uint32_t index, struct lab_err *err)
{
	const struct lab_host *host = &k->topo->hosts[index];
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		return lab_err_errno(err, errno, "host %s: network namespace", host->id);
	k->hosts[index].netns = openat(k->proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	r = k->hosts[index].netns < 0 ? -errno : settle(k, host);
	if (setns(k->home, CLONE_NEWNET) < 0)
		r = -errno;
	return r < 0 ? lab_err_errno(err, -r, "host %s: network namespace", host->id) : 0;
}

static json_t *settings_json(const struct lab_host *host)
{
	json_t *obj = json_object();

	for (size_t i = 0; i < host->n_settings; i++)
		(void)json_object_set_new(obj, host->settings[i].name,
					  json_string(host->settings[i].value));
	return obj;
}

static json_t *host_json(const struct lab_keeper *k, uint32_t index)
{
	const struct lab_host *host = &k->topo->hosts[index];

	return json_pack("{s:s, s:s, s:s*, s:i, s:I, s:i, s:i, s:o}", "id", host->id, "backend",
			 host->backend, "image", host->image, "netns", k->hosts[index].netns,
			 "memory", (json_int_t)host->limits.memory_bytes, "cpus_milli",
			 (int)host->limits.cpus_milli, "pids", (int)host->limits.pids, "settings",
			 settings_json(host));
}

static void on_setup(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		     unsigned int n_fds, void *user)
{
	(void)rpc;
	(void)result;
	(void)fds;
	(void)n_fds;
	if (err)
		lab_keeper_fail(user, err->code, err->msg);
}

static void on_created(struct lab_keeper *k, uint32_t index, const json_t *result,
		       const struct lab_err *err, int *fds, unsigned int n_fds, void *user)
{
	(void)result;
	(void)fds;
	(void)n_fds;
	(void)user;
	if (err)
		lab_keeper_fail_host(k, index, err->code, err->msg);
}

int lab_keeper_engine_setup(struct lab_keeper *k, struct lab_err *err)
{
	cleanup_json json_t *hosts = json_array();
	cleanup_free char *file = NULL;
	uint32_t n = 0;
	int r = lab_topo_hosts_file(k->topo, &file);

	if (r < 0)
		return lab_err_errno(err, -r, "hosts file");
	for (uint32_t i = 0; i < k->topo->n_hosts && r == 0; i++) {
		if (!k->topo->hosts[i].backend)
			continue;
		k->hosts[i].engine = ++n;
		r = make_netns(k, i, err);
		if (r == 0 && json_array_append_new(hosts, host_json(k, i)) < 0)
			r = lab_err_set(err, ENOMEM, "out of memory");
	}
	if (r < 0)
		return r;
	r = lab_rpc_call(k->engine, "setup",
			 json_pack("{s:s, s:s, s:s, s:s, s:O}", "lab", k->rundir.name, "dir",
				   k->engine_dir, "agent", k->agent, "hosts_file", file, "hosts",
				   hosts),
			 NULL, 0, on_setup, k);
	if (r < 0)
		return lab_err_errno(err, -r, "tell the engine process about the hosts");
	for (uint32_t i = 0; i < k->topo->n_hosts && r == 0; i++)
		if (k->hosts[i].engine)
			r = lab_keeper_engine_call(k, i, "create", NULL, on_created, NULL, err);
	return r;
}

/* --- operations -------------------------------------------------------------------------------- */

static void on_reply(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		     unsigned int n_fds, void *user)
{
	struct call *call = user;

	(void)rpc;
	call->fn(call->k, call->host, result, err, fds, n_fds, call->user);
	free(call);
}

int lab_keeper_engine_call(struct lab_keeper *k, uint32_t host, const char *op, json_t *args,
			   lab_engine_reply_fn fn, void *user, struct lab_err *err)
{
	struct call *call;
	int r;

	if (!k->engine) {
		json_decref(args);
		return lab_err_set(err, EPIPE,
				   "host %s: the process that drives its engine has ended",
				   k->topo->hosts[host].id);
	}
	call = malloc(sizeof(*call));
	if (!call) {
		json_decref(args);
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	*call = (struct call){ .k = k, .host = host, .fn = fn, .user = user };
	r = lab_rpc_call(k->engine, "host",
			 json_pack("{s:i, s:s, s:o}", "host", (int)k->hosts[host].engine - 1, "op",
				   op, "args", args ? args : json_object()),
			 NULL, 0, on_reply, call);
	if (r < 0) {
		free(call);
		return lab_err_errno(err, -r, "ask the engine process");
	}
	return 0;
}

static void on_started(struct lab_keeper *k, uint32_t index, const json_t *result,
		       const struct lab_err *err, int *fds, unsigned int n_fds, void *user)
{
	struct lab_khost *host = &k->hosts[index];
	int r;

	(void)user;
	if (err) {
		host->state = LAB_HOST_DEAD;
		lab_keeper_fail_host(k, index, err->code, err->msg);
		return;
	}
	if (n_fds != 1) {
		lab_keeper_fail_host(k, index, EPROTO, "the engine gave no channel to the agent");
		return;
	}
	host->pid = (pid_t)json_integer_value(json_object_get(result, "pid"));
	host->state = LAB_HOST_STARTING;
	r = lab_relay_attach(host, take_fd(&fds[0]));
	if (r < 0)
		lab_keeper_fail_host(k, index, -r, strerror(-r));
}

int lab_keeper_engine_begin(struct lab_keeper *k, uint32_t index, struct lab_err *err)
{
	struct lab_khost *host = &k->hosts[index];

	if (!host->engine || host->state != LAB_HOST_PLANNED)
		return 0;
	host->state = LAB_HOST_ASKED;
	return lab_keeper_engine_call(k, index, "start", NULL, on_started, NULL, err);
}

static void on_all_closed(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
			  unsigned int n_fds, void *user)
{
	(void)rpc;
	(void)result;
	(void)err;
	(void)fds;
	(void)n_fds;
	*(bool *)user = true;
}

void lab_keeper_engine_close(struct lab_keeper *k)
{
	uint64_t now = lab_loop_now_us(), deadline = now + CLOSE_US;
	static bool done; /* the answer may come after we have given up */

	if (!k->engine || k->engine_closing)
		return;
	k->engine_closing = true;
	if (lab_rpc_call(k->engine, "close", NULL, NULL, 0, on_all_closed, &done) < 0)
		return;
	while (k->engine && !done && now < deadline) {
		if (lab_loop_step(k->loop, (int)((deadline - now) / 1000) + 1) < 0)
			return;
		now = lab_loop_now_us();
	}
}
