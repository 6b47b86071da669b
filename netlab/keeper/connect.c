/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connect.c - a client's way to a running lab, and the end of one */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/parse.h"
#include "netlab/keeper/client_internal.h"
#include "netlab/keeper/rundir.h"

enum {
	ASK_MS = 5000,
	DEPTH_MAX =
		4, /* keeper, engine process, its service, what looks after a container, its init */
	GONE_MS = 30000, /* for 10000 hosts the kernel needs about two seconds */
};

int lab_client_connect(struct lab_loop *loop, const char *lab, struct lab_client **ret,
		       struct lab_err *err)
{
	cleanup_close int pidfd = -1;
	pid_t pid = 0;
	int fd, r;

	fd = lab_rundir_connect(lab, &pid, err);
	if (fd < 0)
		return fd;
	/* The keeper held our connection when we asked for its process id; if it has died since, so has the connection. */
	pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	r = lab_client_new(loop, fd, ret, err);
	if (r < 0)
		return r;
	(*ret)->keeper_pidfd = take_fd(&pidfd);
	(void)snprintf((*ret)->lab, sizeof((*ret)->lab), "%s", lab);
	return 0;
}

int lab_client_release(struct lab_client *c, struct lab_err *err)
{
	return lab_rpc_call_wait(c->rpc, "release", NULL, ASK_MS, NULL, err);
}

/* The first number of a line "NAME:\t..." of a file of /proc, and the one behind it; 0 where there is none. */
static bool read_pids(const char *path, const char *name, pid_t ret[2])
{
	cleanup_file FILE *f = fopen(path, "re");
	size_t len = strlen(name);
	char line[256];

	ret[0] = ret[1] = 0;
	while (f && fgets(line, sizeof(line), f)) {
		char *save = NULL, *word;
		uint64_t pid;

		if (strncmp(line, name, len) != 0)
			continue;
		word = strtok_r(line + len, " \t\n", &save);
		for (size_t i = 0; i < 2 && word; i++) {
			if (lab_parse_u64(word, 0, INT32_MAX, &pid) == 0)
				ret[i] = (pid_t)pid;
			word = strtok_r(NULL, " \t\n", &save);
		}
		return ret[0] > 0;
	}
	return false;
}

pid_t lab_client_keeper(const struct lab_client *c)
{
	char path[64];
	pid_t pid[2];

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c->keeper_pidfd);
	return c->keeper_pidfd >= 0 && read_pids(path, "Pid:", pid) ? pid[0] : 0;
}

/* Exchange one host's process id, as the keeper sees it, for ours. Returns whether it is one of a host. */
static bool set_pid(json_t *hosts, pid_t theirs, pid_t ours)
{
	bool found = false;
	json_t *host;
	size_t i;

	json_array_foreach(hosts, i, host) {
		if (json_integer_value(json_object_get(host, "pid")) != theirs)
			continue;
		(void)json_object_set_new(host, "host_pid", json_integer(ours));
		found = true;
	}
	return found;
}

/* The inits of hosts are the keeper's children; those of other engines have a process or two of the engine in between. */
static void set_pids(json_t *hosts, pid_t parent, unsigned int depth)
{
	cleanup_file FILE *f = NULL;
	char path[96], word[32];
	pid_t child[2];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	f = fopen(path, "re");
	while (f && fscanf(f, "%31s", word) == 1) {
		(void)snprintf(path, sizeof(path), "/proc/%s/status", word);
		if (read_pids(path, "NSpid:", child) && !set_pid(hosts, child[1], child[0]) &&
		    depth > 1)
			set_pids(hosts, child[0], depth - 1);
	}
}

/*
 * The keeper lives in a PID namespace of its own. The numbers of what descends from it here are found through /proc; where that cannot
 * be (a kernel without CONFIG_PROC_CHILDREN), the answer has no process ids rather than wrong ones.
 */
void lab_client_translate(const struct lab_client *c, json_t *state)
{
	json_t *hosts = json_object_get(state, "hosts"), *host;
	pid_t keeper = lab_client_keeper(c);
	size_t i;

	if (keeper > 0) {
		set_pids(hosts, keeper, DEPTH_MAX);
		(void)json_object_set_new(state, "pid", json_integer(keeper));
	}
	json_array_foreach(hosts, i, host) {
		json_t *pid = json_object_get(host, "host_pid");

		if (pid)
			(void)json_object_set(host, "pid", pid);
		else
			(void)json_object_del(host, "pid");
		(void)json_object_del(host, "host_pid");
	}
}

int lab_client_inspect(struct lab_client *c, json_t **ret, struct lab_err *err)
{
	int r = lab_rpc_call_wait(c->rpc, "inspect", NULL, LAB_CLIENT_INSPECT_MS, ret, err);

	if (r == 0)
		lab_client_translate(c, *ret);
	return r;
}

int lab_client_hosts(struct lab_client *c, json_t **ret, struct lab_err *err)
{
	return lab_rpc_call_wait(c->rpc, "inspect", json_pack("{s:b}", "topology", 0),
				 LAB_CLIENT_INSPECT_MS, ret, err);
}

/* A pidfd reads as soon as the process and, as it is PID 1 of its namespace, every process of the lab is gone. */
static int wait_gone(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

int lab_client_down(struct lab_client *c, struct lab_err *err)
{
	int asked, r;

	asked = c->closed ? -ECONNRESET
			  : lab_rpc_call_wait(c->rpc, "down", NULL, ASK_MS, NULL, err);
	if (c->keeper_pidfd < 0)
		return asked == -ECONNRESET ? 0 : asked;
	if (asked < 0 && asked != -ECONNRESET)
		(void)syscall(SYS_pidfd_send_signal, c->keeper_pidfd, SIGKILL, NULL, 0);
	r = wait_gone(c->keeper_pidfd, GONE_MS);
	if (r < 0)
		return lab_err_errno(err, -r, "wait for the end of the lab");
	/* It was our child if we brought the lab up. */
	(void)waitid(P_PIDFD, (id_t)c->keeper_pidfd, NULL, WEXITED | WNOHANG);
	c->down = true;
	if (asked < 0)
		lab_rundir_sweep();
	return 0;
}
