/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawner.c - the keeper's side of the spawners: start them, keep them busy, take the hosts that they clone */
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/fdpass.h"
#include "netlab/base/strbuf.h"
#include "netlab/keeper/host.h"
#include "netlab/keeper/keeper_internal.h"

enum {
	SPAWNER_FD = 3,
	FAULT_FD = 4,     /* as slave-image/agent/spawner.c has it */
	IN_HAND_MAX = 16, /* requests that a spawner has not answered; more gains nothing */
	READY_US = 20 * 1000 * 1000,
	REPLIES_AT_ONCE = 64,
};

/* Take one reply and the descriptor that may come with it. Returns 1, 0 when there is none now, or -errno. */
static int receive(int fd, struct lab_spawn_reply *reply, int *ret_channel)
{
	ssize_t n = lab_fdpass_recv(fd, reply, sizeof(*reply), ret_channel, MSG_DONTWAIT);

	if (n < 0)
		return n == -EAGAIN ? 0 : (int)n;
	if (n == 0)
		return -ECONNRESET;
	return n == (ssize_t)sizeof(*reply) ? 1 : -EBADMSG;
}

/* Links may be made in the host's network namespace once it is known where that is, and the host has said that it is ready. */
static void open_netns(struct lab_keeper *k, struct lab_khost *host)
{
	char path[64];

	if (!host->netns_ready || host->pid <= 0 || host->state == LAB_HOST_DEAD ||
	    host->netns >= 0)
		return;
	(void)snprintf(path, sizeof(path), "%d/ns/net", (int)host->pid);
	host->netns = openat(k->proc, path, O_RDONLY | O_CLOEXEC);
	/* A host that failed at once may be gone already; then its channel says why. */
	if (host->netns < 0 && errno != ENOENT)
		lab_keeper_fail_host(k, host->index, errno, strerror(errno));
}

/* @netns comes from hosts that have further ones, whose init is not always in its own. */
static void take_ready(struct lab_keeper *k, uint32_t index, int *netns)
{
	if (index >= k->topo->n_hosts || k->hosts[index].netns_ready ||
	    k->hosts[index].state == LAB_HOST_PLANNED) {
		lab_keeper_fail(k, EPROTO, "a host is ready that was not asked for");
		return;
	}
	k->hosts[index].netns_ready = true;
	if (k->hosts[index].netns < 0)
		k->hosts[index].netns = take_fd(netns);
	open_netns(k, &k->hosts[index]);
}

static void take_host(struct lab_keeper *k, const struct lab_spawn_reply *reply, int channel)
{
	cleanup_close int fd = channel;
	struct lab_khost *host;
	int r;

	if (reply->index >= k->topo->n_hosts || k->hosts[reply->index].state != LAB_HOST_ASKED) {
		lab_keeper_fail(k, EPROTO,
				"the spawner answered for a host that it was not asked for");
		return;
	}
	host = &k->hosts[reply->index];
	if (reply->pid <= 0 || fd < 0) {
		host->state = LAB_HOST_DEAD;
		lab_keeper_fail_host(k, reply->index, reply->code ? reply->code : EPROTO,
				     reply->msg);
		return;
	}
	host->pid = reply->pid;
	host->state = LAB_HOST_STARTING;
	r = lab_relay_attach(host, take_fd(&fd));
	if (r < 0) {
		lab_keeper_fail_host(k, reply->index, -r, strerror(-r));
		return;
	}
	open_netns(k, host);
	lab_hosts_changed(host);
}

static void spawner_close(struct lab_kspawner *s)
{
	lab_source_free(s->src);
	s->src = NULL;
	close_fd(&s->fd);
}

static void on_spawner(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct lab_kspawner *s = user;
	struct lab_keeper *k = s->keeper;

	(void)src;
	(void)events;
	for (int i = 0; i < REPLIES_AT_ONCE; i++) {
		struct lab_spawn_reply reply = { 0 };
		int channel, r = receive(fd, &reply, &channel);

		if (r == 0)
			break;
		if (r < 0) {
			spawner_close(s);
			lab_keeper_fail(k, -r, "the spawner has ended");
			return;
		}
		reply.msg[sizeof(reply.msg) - 1] = '\0';
		if (reply.index == UINT32_MAX) {
			/* It is ready, or will never be. */
			s->ready = true;
			if (reply.code)
				lab_keeper_fail(k, reply.code, reply.msg);
			continue;
		}
		if (!reply.pid && !reply.code) {
			take_ready(k, reply.index, &channel);
			close_fd(&channel);
			continue;
		}
		s->in_hand--;
		take_host(k, &reply, channel);
	}
	if (k->spawning && !k->failed) {
		struct lab_err err;
		int r = lab_keeper_spawner_pump(k, &err);

		if (r < 0)
			lab_keeper_fail(k, err.code, err.msg);
	}
}

/* A socket to a spawner. Returns the spawner's end (caller closes), or -errno. */
static int add_spawner(struct lab_keeper *k, struct lab_err *err)
{
	struct lab_kspawner *s = &k->spawners[k->n_spawners++];
	cleanup_close int theirs = -1;
	int pair[2], r;

	*s = (struct lab_kspawner){ .keeper = k, .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lab_err_errno(err, errno, "socketpair");
	s->fd = pair[0];
	theirs = pair[1];
	r = lab_loop_add_fd(k->loop, s->fd, EPOLLIN, on_spawner, s, &s->src);
	return r < 0 ? lab_err_errno(err, -r, "watch the spawner") : take_fd(&theirs);
}

int lab_keeper_spawner_start(struct lab_keeper *k, struct lab_err *err)
{
	char program[] = "netlab-agent", option[] = "--spawner", number[] = "3",
	     lang[] = "LANG=C.UTF-8";
	char *argv[] = { program, option, number, NULL };
	char fault[64] = "", *env[] = { lang, NULL, NULL };
	cleanup_close int theirs = add_spawner(k, err);
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r;

	if (theirs < 0)
		return theirs;
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return lab_err_errno(err, r, "start the spawner");
	r = posix_spawn_file_actions_adddup2(&actions, theirs, SPAWNER_FD);
	if (!r && lab_fault_fd() >= 0) {
		r = posix_spawn_file_actions_adddup2(&actions, lab_fault_fd(), FAULT_FD);
		(void)snprintf(fault, sizeof(fault), "NETLAB_FAULT=%.40s", getenv("NETLAB_FAULT"));
		env[1] = fault;
	}
	for (uint32_t i = 0; i < k->cgroups.n && !r; i++)
		r = posix_spawn_file_actions_adddup2(&actions, k->cgroups.list[i].fd,
						     LAB_SPAWN_CGROUP_FD + (int)i);
	if (!r)
		r = posix_spawn(&pid, k->agent, &actions, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r ? lab_err_errno(err, r, "start the agent program %s", k->agent) : 0;
}

void lab_keeper_spawner_rest(struct lab_keeper *k)
{
	k->spawning = false;
	for (size_t i = 1; i < k->n_spawners; i++)
		spawner_close(&k->spawners[i]);
}

int lab_keeper_spawner_wait(struct lab_keeper *k, struct lab_err *err)
{
	uint64_t deadline = lab_loop_now_us() + READY_US;
	int r = 0;

	while (!k->spawners[0].ready && r == 0)
		r = lab_keeper_wait(k, deadline, "the spawner to start", err);
	return r;
}

int lab_keeper_spawner_setup(struct lab_keeper *k, struct lab_err *err)
{
	cleanup_close int twin = -1;
	int r;

	k->setup.n_cgroups = k->cgroups.n;
	if (k->topo->n_hosts > 1 && sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		twin = add_spawner(k, err);
		if (twin < 0)
			return twin;
		k->spawners[1].ready = true;
	}
	r = lab_fdpass_send(k->spawners[0].fd, &k->setup, sizeof(k->setup), twin, MSG_DONTWAIT);
	return r < 0 ? lab_err_errno(err, -r, "tell the spawner about the template") : 0;
}

static int ask(struct lab_keeper *k, struct lab_kspawner *s, uint32_t index, struct lab_err *err)
{
	const struct lab_host *host = &k->topo->hosts[index];
	struct lab_spawn_req req = { .index = index,
				     .forwarding = host->forwarding,
				     .n_netns = (uint32_t)host->n_netns,
				     .image = lab_keeper_image(k->topo, index),
				     .again = k->hosts[index].netns >= 0 };
	unsigned int limits = lab_limits_controllers(&host->limits);

	/* Groups that were made since are none of the spawner's, nor are those with another name: lab_host_join_limits(). */
	for (uint32_t i = 0; i < k->setup.n_cgroups && strcmp(k->hosts[index].group, host->id) == 0;
	     i++)
		if (k->cgroups.list[i].controllers & limits)
			req.cgroups |= 1u << i;
	(void)snprintf(req.name, sizeof(req.name), "%s", host->id);
	for (size_t i = 0; i < host->n_netns; i++)
		(void)snprintf(req.netns[i], sizeof(req.netns[i]), "%s", host->netns[i]);
	if (send(s->fd, &req, sizeof(req), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return lab_err_errno(err, errno, "ask the spawner for host %s", host->id);
	k->hosts[index].state = LAB_HOST_ASKED;
	s->in_hand++;
	return 0;
}

/* The network namespaces that the host had, in their order. */
static int send_namespaces(struct lab_keeper *k, int fd, uint32_t index)
{
	char byte = 0;
	int r = 0;

	for (unsigned int n = 0; n <= k->topo->hosts[index].n_netns && r == 0; n++)
		r = lab_fdpass_send(fd, &byte, 1, lab_khost_space(&k->hosts[index], n)->netns,
				    MSG_DONTWAIT);
	return r;
}

int lab_keeper_spawner_again(struct lab_keeper *k, uint32_t index, struct lab_err *err)
{
	struct lab_kspawner *s = &k->spawners[0];
	struct lab_khost *host = &k->hosts[index];
	int r;

	if (s->fd < 0)
		return lab_err_set(
			err, ECHILD,
			"the lab's spawner has been killed: no host can start before the lab has been taken down and up");
	host->netns_ready = false;
	for (uint32_t i = 0; i < k->topo->hosts[index].n_netns; i++)
		host->spaces[i].state = LAB_HOST_PLANNED;
	r = ask(k, s, index, err);
	if (r == 0 && host->netns >= 0)
		r = send_namespaces(k, s->fd, index);
	return r < 0 ? lab_err_errno(err, -r, "ask the spawner for host %s",
				     k->topo->hosts[index].id)
		     : 0;
}

static struct lab_kspawner *idlest(struct lab_keeper *k)
{
	struct lab_kspawner *best = NULL;

	for (size_t i = 0; i < k->n_spawners; i++) {
		struct lab_kspawner *s = &k->spawners[i];

		if (s->fd >= 0 && s->in_hand < IN_HAND_MAX && (!best || s->in_hand < best->in_hand))
			best = s;
	}
	return best;
}

int lab_keeper_spawner_pump(struct lab_keeper *k, struct lab_err *err)
{
	struct lab_kspawner *s = idlest(k);

	while (s && k->next_spawn < k->plan->n_ops) {
		const struct lab_op *op = &k->plan->ops[k->next_spawn++];
		int r;

		if (op->kind != LAB_OP_HOST || k->topo->hosts[op->host].backend)
			continue;
		r = ask(k, s, op->host, err);
		if (r < 0)
			return r;
		s = idlest(k);
	}
	return 0;
}
