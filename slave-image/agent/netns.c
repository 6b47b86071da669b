/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netns.c - the further network namespaces of a host, each with an agent of its own */
#include "slave-image/agent/netns.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/loop.h"
#include "netlab/base/util.h"
#include "netlab/ns/caps.h"
#include "netlab/ns/clone.h"
#include "netlab/ns/mount.h"
#include "netlab/rpc/rpc.h"
#include "slave-image/agent/agent.h"
#include "slave-image/agent/root.h"
#include "slave-image/agent/spawner.h"

#define NETNS_DIR "/run/netns"
#define SELF_NET  "/proc/self/ns/net"

enum { PATH_LEN = sizeof(NETNS_DIR) + LAB_SPAWN_NETNS_LEN + 1 };

static int write_sysctl(const char *path, struct lab_err *err)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return lab_err_errno(err, errno, "open %s", path);
	return write(fd, "1", 1) < 0 ? lab_err_errno(err, errno, "write %s", path) : 0;
}

int agt_netns_forward(struct lab_err *err)
{
	int r = write_sysctl("/proc/sys/net/ipv4/ip_forward", err);

	if (r < 0)
		return r;
	r = write_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", err);
	return r == -ENOENT ? 0 : r; /* a kernel without IPv6 */
}

int agt_netns_settle(struct lab_err *err)
{
	int r = lab_caps_limit(lab_caps_host(), err);

	if (r < 0)
		return r;
#ifndef __SANITIZE_ADDRESS__
	/* The host's root has the same user id: without this it could read and trace its init. (The leak checker traces, too.) */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return lab_err_errno(err, errno, "prctl");
#endif
	(void)prctl(PR_SET_NAME, "netlab-agent", 0, 0, 0);
	(void)umask(022);
	return 0;
}

int agt_netns_no_dad(int proc, struct lab_err *err)
{
	cleanup_close int fd = openat(proc, "sys/net/ipv6/conf/default/accept_dad",
				      O_WRONLY | O_CLOEXEC);

	if (fd >= 0 ? write(fd, "0", 1) < 0 : errno != ENOENT)
		return lab_err_errno(err, errno, "switch duplicate address detection off");
	return 0;
}

/* --- the namespaces --- */

/* A namespace, new unless there is an @old one, kept by its name under /run/netns; this process is in it afterwards. */
static int make_one(const struct lab_spawn_req *req, int old, int proc, const char *path,
		    struct lab_err *err)
{
	cleanup_close int fd = -1;
	int r;

	if (old >= 0 ? setns(old, CLONE_NEWNET) < 0 : unshare(CLONE_NEWNET) < 0)
		return lab_err_errno(err, errno, "enter");
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return lab_err_errno(err, errno, "create %s", path);
	r = lab_mount(SELF_NET, path, NULL, MS_BIND, NULL, err);
	if (r < 0)
		return r;
	r = agt_netns_no_dad(proc, err);
	if (r < 0)
		return r;
	return req->forwarding ? agt_netns_forward(err) : 0;
}

static int make_all(const struct lab_spawn_req *req, const int *old, struct lab_err *err)
{
	cleanup_close int own = open(SELF_NET, O_RDONLY | O_CLOEXEC);
	cleanup_close int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_LEN];
	int r = 0;

	if (own < 0 || proc < 0)
		return lab_err_errno(err, errno, "open %s", SELF_NET);
	if (mkdir(NETNS_DIR, 0755) < 0)
		return lab_err_errno(err, errno, "mkdir %s", NETNS_DIR);
	for (uint32_t i = 0; i < req->n_netns && r == 0; i++) {
		(void)snprintf(path, sizeof(path), NETNS_DIR "/%s", req->netns[i]);
		r = make_one(req, old ? old[i] : -1, proc, path, err);
		if (r < 0)
			(void)lab_err_prefix(err, r, "netns %s: ", req->netns[i]);
	}
	if (setns(own, CLONE_NEWNET) < 0 && r == 0)
		r = lab_err_errno(err, errno, "setns");
	return r;
}

/* --- their agents --- */

/* Only the channel is left of what the host's init has open. */
static void keep_only(int fd)
{
	if (fd > 3)
		(void)close_range(3, (unsigned int)fd - 1, 0);
	(void)close_range((unsigned int)fd + 1, ~0u, 0);
}

static int become_agent(int netns, struct lab_err *err)
{
	int r;

	if (setns(netns, CLONE_NEWNET) < 0)
		return lab_err_errno(err, errno, "setns");
	r = agt_root_sys("/sys", err);
	return r < 0 ? r : agt_netns_settle(err);
}

static void run_agent(int netns, int channel)
{
	struct lab_err err = { 0 };

	if (become_agent(netns, &err) < 0) {
		agt_report_failure(channel, &err);
		_exit(1);
	}
	keep_only(channel);
	_exit(agt_main(channel, channel, NULL) < 0 ? 1 : 0);
}

static int announce(struct lab_rpc *rpc, const char *name, int channel, int netns,
		    struct lab_err *err)
{
	const int fds[] = { channel, netns };
	int r = lab_rpc_notify(rpc, "netns", json_pack("{s:s}", "name", name), fds, 2);

	if (r == 0 && lab_rpc_queued(rpc))
		r = -ENOBUFS;
	return r < 0 ? lab_err_errno(err, -r, "tell the keeper") : 0;
}

static int start_one(struct lab_rpc *rpc, const char *name, struct lab_err *err)
{
	cleanup_close int netns = -1, ours = -1, theirs = -1;
	char path[PATH_LEN];
	int pair[2];
	pid_t pid;

	(void)snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return lab_err_errno(err, errno, "open %s", path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lab_err_errno(err, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	pid = lab_ns_clone(CLONE_NEWNS, err);
	if (pid < 0)
		return (int)pid;
	if (pid == 0)
		run_agent(netns, theirs);
	return announce(rpc, name, ours, netns, err);
}

static int start_all(const struct lab_spawn_req *req, struct lab_rpc *rpc, struct lab_err *err)
{
	int r = 0;

	for (uint32_t i = 0; i < req->n_netns && r == 0; i++) {
		r = start_one(rpc, req->netns[i], err);
		if (r < 0)
			(void)lab_err_prefix(err, r, "netns %s: ", req->netns[i]);
	}
	return r;
}

/* A connection for these few messages; the agent makes its own afterwards. */
static int connect_and_start(const struct lab_spawn_req *req, int channel, struct lab_err *err)
{
	static const struct lab_rpc_ops none;
	int fd = fcntl(channel, F_DUPFD_CLOEXEC, 3), r;
	struct lab_loop *loop = NULL;
	struct lab_rpc *rpc = NULL;

	if (fd < 0)
		return lab_err_errno(err, errno, "duplicate the channel");
	r = lab_loop_new(&loop);
	if (r < 0)
		(void)close(fd);
	else
		r = lab_rpc_new(loop, fd, &none, NULL, &rpc);
	r = r < 0 ? lab_err_errno(err, -r, "channel") : start_all(req, rpc, err);
	lab_rpc_free(rpc);
	lab_loop_free(loop);
	return r;
}

int agt_netns_make(const struct lab_spawn_req *req, const int *old, int channel,
		   struct lab_err *err)
{
	int r;

	if (req->n_netns > LAB_SPAWN_NETNS_MAX)
		return lab_err_set(err, EPROTO, "too many network namespaces");
	r = make_all(req, old, err);
	return r < 0 ? r : connect_and_start(req, channel, err);
}
