/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawner.c - clones hosts on the keeper's behalf; each clone becomes the agent of its host */
#include "slave-image/agent/spawner.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/fdpass.h"
#include "netlab/base/util.h"
#include "netlab/ns/caps.h"
#include "netlab/ns/cgroup.h"
#include "netlab/ns/clone.h"
#include "netlab/ns/seccomp.h"
#include "netlab/ns/spawn.h"
#include "netlab/rpc/frame.h"
#include "netlab/rpc/json.h"
#include "slave-image/agent/agent.h"
#include "slave-image/agent/netns.h"
#include "slave-image/agent/root.h"

#define HOST_NAMESPACES \
	(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)

enum { FAULT_FD = 4 /* the keeper puts the fault counter there, in builds that have one */ };

/*
 * First of all, so that whatever the host uses is its own. The cgroup namespace comes only then: its root is the group in which
 * the process is, and from inside it could not be moved.
 */
static int enter_cgroups(const struct lab_spawn_setup *setup, const struct lab_spawn_req *req,
			 struct lab_err *err)
{
	int r = 0;

	for (uint32_t i = 0; i < setup->n_cgroups; i++) {
		int fd = LAB_SPAWN_CGROUP_FD + (int)i;

		if (r == 0 && (req->cgroups & (1u << i)))
			r = lab_cgroups_enter(fd, req->name, err);
		(void)close(fd);
	}
	if (r == 0 && req->cgroups && unshare(CLONE_NEWCGROUP) < 0)
		r = lab_err_errno(err, errno, "unshare the cgroup namespace");
	return r;
}

static int send_reply(int fd, struct lab_spawn_reply *reply, int channel)
{
	return lab_fdpass_send(fd, reply, sizeof(*reply), channel, 0);
}

/*
 * The addresses that we give out need no duplicate address detection, but each link gets a link-local one by itself, and until
 * that is usable, two seconds later, a router cannot ask for its neighbours. So no link may come before this is done. It is done
 * here and not by the keeper, because here is another core, and a /proc that does not know the settings of all other hosts.
 */
static int settle_netns(int keeper, const struct lab_spawn_req *req, int proc, struct lab_err *err)
{
	struct lab_spawn_reply ready = { .index = req->index };
	cleanup_close int own = -1;
	int r = agt_netns_no_dad(proc, err);

	/* The keeper could not tell by our process id: we are in others while we make them. */
	if (req->n_netns) {
		own = openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
		if (r == 0 && own < 0)
			r = lab_err_errno(err, errno, "open its network namespace");
	}
	if (r == 0 && send_reply(keeper, &ready, own) < 0)
		r = lab_err_errno(err, errno, "tell the keeper");
	(void)close(keeper);
	return r;
}

/* @old: the network namespaces of a host that was there before; NULL for others. */
static int become_host(const struct lab_spawn_setup *setup, const struct lab_spawn_req *req,
		       const int *old, int keeper, int channel, struct lab_err *err)
{
	int r = enter_cgroups(setup, req, err);
	cleanup_close int proc = -1;

	if (r < 0)
		return r;
	if (old && setns(old[0], CLONE_NEWNET) < 0)
		return lab_err_errno(err, errno, "enter its network namespace");
	proc = agt_root_proc(err);
	if (proc < 0)
		return proc;
	r = settle_netns(keeper, req, proc, err);
	if (r < 0)
		return r;
	if (sethostname(req->name, strlen(req->name)) < 0)
		return lab_err_errno(err, errno, "sethostname");
	r = agt_root_enter(setup, req, proc, err);
	if (r == 0 && req->forwarding)
		r = agt_netns_forward(err);
	if (r == 0 && req->n_netns)
		r = agt_netns_make(req, old ? old + 1 : NULL, channel, err);
	return r < 0 ? r : agt_netns_settle(err);
}

void agt_report_failure(int fd, const struct lab_err *err)
{
	cleanup_json json_t *msg = NULL;
	cleanup_free char *text = NULL;
	uint8_t header[LAB_FRAME_HEADER];
	size_t len;

	msg = json_pack("{s:s, s:s, s:{s:i, s:s}}", "jsonrpc", "2.0", "method", "host.failed",
			"params", "code", err->code, "message", err->msg);
	text = msg ? json_dumps(msg, JSON_COMPACT) : NULL;
	if (!text)
		return;
	len = strlen(text);
	lab_frame_encode_header(LAB_FRAME_JSON, len, header);
	(void)!send(fd, header, sizeof(header), MSG_NOSIGNAL | MSG_MORE);
	(void)!send(fd, text, len, MSG_NOSIGNAL);
}

static void run_host(const struct lab_spawn_setup *setup, const struct lab_spawn_req *req,
		     const int *old, int keeper, int channel)
{
	struct lab_err err = { 0 };

	if (become_host(setup, req, old, keeper, channel, &err) < 0) {
		agt_report_failure(channel, &err);
		_exit(1);
	}
	_exit(agt_main(channel, channel, NULL) < 0 ? 1 : 0);
}

static void set_failure(struct lab_spawn_reply *reply, const struct lab_err *err)
{
	reply->code = err->code;
	(void)snprintf(reply->msg, sizeof(reply->msg), "%.*s", (int)sizeof(reply->msg) - 1,
		       err->msg);
}

static int spawn(int fd, const struct lab_spawn_setup *setup, const struct lab_spawn_req *req,
		 const int *old)
{
	struct lab_spawn_reply reply = { .index = req->index };
	struct lab_err err = { 0 };
	uint64_t flags;
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		reply.code = errno;
		(void)snprintf(reply.msg, sizeof(reply.msg), "socketpair: %s", strerror(errno));
		return send_reply(fd, &reply, -1);
	}
	flags = HOST_NAMESPACES | CLONE_PARENT;
	if (req->cgroups)
		flags &= ~(uint64_t)CLONE_NEWCGROUP;
	if (old)
		flags &= ~(uint64_t)CLONE_NEWNET;
	pid = lab_ns_clone(flags, &err);
	if (pid == 0) {
		(void)close(pair[0]);
		run_host(setup, req, old, fd, pair[1]);
	}
	(void)close(pair[1]);
	reply.pid = pid < 0 ? 0 : pid;
	if (pid < 0)
		set_failure(&reply, &err);
	r = send_reply(fd, &reply, pid < 0 ? -1 : pair[0]);
	(void)close(pair[0]);
	return r;
}

/* One datagram of exactly @len bytes; false at the end of the keeper or anything else than asked for. */
static bool receive(int fd, void *buf, size_t len, int *ret_fd)
{
	return lab_fdpass_recv(fd, buf, len, ret_fd, 0) == (ssize_t)len;
}

/* The network namespaces that a host had. */
static bool receive_old(int fd, size_t n, int *ret)
{
	char byte;
	size_t i;

	for (i = 0; i < n; i++)
		if (!receive(fd, &byte, 1, &ret[i]) || ret[i] < 0)
			break;
	if (i == n)
		return true;
	while (i > 0)
		(void)close(ret[--i]);
	return false;
}

static int serve(int fd, const struct lab_spawn_setup *setup)
{
	struct lab_spawn_req req = { 0 };
	int none = -1;

	while (receive(fd, &req, sizeof(req), &none)) {
		int old[1 + LAB_SPAWN_NETNS_MAX], r;
		size_t n_old = req.again ? 1 + (size_t)req.n_netns : 0;

		req.name[sizeof(req.name) - 1] = '\0';
		for (size_t i = 0; i < LAB_SPAWN_NETNS_MAX; i++)
			req.netns[i][LAB_SPAWN_NETNS_LEN - 1] = '\0';
		if (req.image > LAB_SPAWN_IMAGES_MAX || n_old > LAB_ARRAY_SIZE(old) ||
		    !receive_old(fd, n_old, old))
			return 1;
		r = spawn(fd, setup, &req, n_old ? old : NULL);
		while (n_old > 0)
			(void)close(old[--n_old]);
		if (r < 0)
			return 1;
	}
	return 0;
}

static bool images_fit(const struct lab_spawn_setup *setup)
{
	for (size_t i = 0; i < LAB_SPAWN_IMAGES_MAX; i++)
		if (setup->images[i].n_layers > LAB_IMAGE_LAYERS_MAX)
			return false;
	return true;
}

int agt_spawner_main(int fd)
{
	struct lab_spawn_reply ready = { .index = UINT32_MAX };
	struct lab_spawn_setup setup = { 0 };
	struct lab_err err;
	int twin = -1;
	pid_t pid;

	if (getenv("NETLAB_FAULT"))
		(void)lab_fault_adopt(FAULT_FD);
	(void)umask(0);
	if (lab_caps_bound(lab_caps_host(), NULL) < 0)
		return 1;
	if (lab_seccomp_host(&err) < 0)
		set_failure(&ready, &err);
	/* Once for all hosts, instead of once in each from /dev/urandom. */
	json_object_seed(0);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || send_reply(fd, &ready, -1) < 0 ||
	    !receive(fd, &setup, sizeof(setup), &twin) ||
	    setup.n_submounts > LAB_SPAWN_SUBMOUNTS_MAX || setup.n_cgroups > LAB_CGROUPS_MAX ||
	    !images_fit(&setup))
		return 1;
	if (twin < 0)
		return serve(fd, &setup);
	/* A fork is much cheaper than another exec. Each twin has one socket, so that each ends with its own. */
	pid = lab_ns_clone(CLONE_PARENT, &err);
	if (pid < 0) {
		set_failure(&ready, &err);
		(void)send_reply(fd, &ready, -1);
		/* The keeper ends us; if we closed a socket with requests in it, it would hear of that first. */
		while (receive(fd, &setup, sizeof(struct lab_spawn_req), &twin))
			;
		return 1;
	}
	(void)close(pid ? twin : fd);
	return serve(pid ? fd : twin, &setup);
}
