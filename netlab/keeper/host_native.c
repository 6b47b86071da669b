/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_native.c - the life of hosts that netlab makes itself: processes below the keeper, cloned by the spawner */
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/keeper/host.h"
#include "netlab/keeper/links.h"

enum {
	START_US = 60 * 1000 * 1000,
	KILL_US = 30 * 1000 * 1000,
	WATCH_MAX = 4096, /* processes that are waited for at once */
};

static void fail_text(struct lab_hostop *op, int code, const char *text)
{
	struct lab_err err;

	(void)lab_err_set(&err, code, "%s", text);
	lab_hostop_fail(op, &err);
}

/* ---- start ---- */

static bool all_running(const struct lab_khost *host)
{
	const struct lab_host *h = &host->keeper->topo->hosts[host->index];

	for (unsigned int n = 0; n <= h->n_netns; n++)
		if (lab_khost_space((struct lab_khost *)host, n)->state != LAB_HOST_RUNNING)
			return false;
	return true;
}

/* Groups that were made when the lab was up are none of the spawner's. */
static void start_limited(struct lab_hostop *op)
{
	struct lab_klife *life = op->host->life;
	struct lab_err err;

	if (op->host->engine || lab_host_join_limits(op->host, &err) == 0) {
		lab_hostop_next(op);
		return;
	}
	(void)snprintf(life->why, sizeof(life->why), "%.*s", (int)sizeof(life->why) - 1, err.msg);
	lab_host_kill(op->host);
	lab_hostop_fail(op, &err);
}

static void start_poked(struct lab_hostop *op)
{
	if (op->host->state == LAB_HOST_DEAD) {
		/* What it said itself is known by the time that all of it has gone. */
		if (lab_hosts_gone(op->host))
			fail_text(op, ECHILD,
				  op->host->life->why[0] ? op->host->life->why : "it cannot start");
		return;
	}
	if (all_running(op->host))
		start_limited(op);
}

static void start_late(struct lab_hostop *op)
{
	(void)snprintf(op->host->life->why, sizeof(op->host->life->why),
		       "it did not start in time");
	lab_host_kill(op->host);
	fail_text(op, ETIMEDOUT, "it did not start in time");
}

static void start_now(struct lab_hostop *op)
{
	struct lab_klife *life = op->host->life;
	struct lab_err err;
	int r;

	if (!lab_hosts_gone(op->host))
		return;
	life->asked = false;
	life->why[0] = '\0';
	if (op->host->engine) {
		op->host->state = LAB_HOST_PLANNED;
		r = lab_keeper_engine_begin(op->keeper, op->host->index, &err);
	} else {
		r = lab_keeper_spawner_again(op->keeper, op->host->index, &err);
	}
	if (r == 0)
		r = lab_hostop_timer(op, START_US, start_late);
	if (r < 0) {
		op->host->state = LAB_HOST_DEAD;
		(void)snprintf(life->why, sizeof(life->why), "%.*s", (int)sizeof(life->why) - 1,
			       err.msg);
		lab_hostop_fail(op, &err);
		return;
	}
	op->poke = start_poked;
}

void lab_host_start(struct lab_hostop *op)
{
	/* One that has died a moment ago may still be on its way out. */
	op->poke = start_now;
	start_now(op);
}

/* ---- stop ---- */

static void killed(struct lab_hostop *op)
{
	if (lab_hosts_gone(op->host))
		lab_hostop_next(op);
}

static void kill_late(struct lab_hostop *op)
{
	fail_text(op, ETIMEDOUT, "it was killed, but the kernel does not let go of its processes");
}

static void kill_all(struct lab_hostop *op)
{
	op->poke = killed;
	(void)lab_hostop_timer(op, KILL_US, kill_late);
	lab_host_kill(op->host);
	killed(op);
}

static void sweep(struct lab_hostop *op);

static void on_end(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct lab_hostop *op = user;
	struct lab_hostop_sweep *s = &op->sweep;

	(void)events;
	for (size_t i = 0; i < s->n; i++)
		if (s->watch[i] == src) {
			s->watch[i] = NULL;
			s->fds[i] = -1;
		}
	lab_source_free(src);
	(void)close(fd);
	if (--s->n_left == 0)
		sweep(op);
}

static bool was_asked(const struct lab_hostop_sweep *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->pids[i] == pid)
			return true;
	return false;
}

static int make_room(struct lab_hostop_sweep *s)
{
	if (s->pids)
		return 0;
	s->pids = calloc(WATCH_MAX, sizeof(*s->pids));
	s->watch = calloc(WATCH_MAX, sizeof(struct lab_source *));
	s->fds = calloc(WATCH_MAX, sizeof(*s->fds));
	return s->pids && s->watch && s->fds ? 0 : -ENOMEM;
}

/* Ask a process to end, and watch it. */
static void ask_one(struct lab_hostop *op, const struct lab_kproc *p)
{
	struct lab_hostop_sweep *s = &op->sweep;
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);

	if (fd < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0);
	/* An interactive shell ends with its terminal only, and what is stopped does not hear. */
	if (p->tty)
		(void)syscall(SYS_pidfd_send_signal, fd, SIGHUP, NULL, 0);
	(void)syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0);
	if (lab_loop_add_fd(op->keeper->loop, fd, EPOLLIN, on_end, op, &s->watch[s->n]) < 0) {
		(void)close(fd);
		return;
	}
	s->pids[s->n] = p->pid;
	s->fds[s->n++] = fd;
	s->n_left++;
}

/* Ask all processes that have not been asked yet; when none is left but agents, that is the end. */
static void sweep(struct lab_hostop *op)
{
	struct lab_kproc *procs = NULL;
	size_t n = 0;

	if (make_room(&op->sweep) == 0 && lab_host_procs(op->host, &procs, &n, NULL) == 0)
		for (size_t i = 0; i < n && op->sweep.n < WATCH_MAX; i++)
			if (!procs[i].agent && !was_asked(&op->sweep, procs[i].pid))
				ask_one(op, &procs[i]);
	free(procs);
	if (op->sweep.n_left == 0)
		kill_all(op);
}

static void stop_poked(struct lab_hostop *op)
{
	/* Its init was killed meanwhile. */
	if (op->host->state == LAB_HOST_DEAD)
		killed(op);
}

void lab_host_stop_now(struct lab_hostop *op)
{
	op->host->life->asked = true;
	if (op->host->life->frozen)
		(void)lab_host_thaw(op->host);
	kill_all(op);
}

static void stop(struct lab_hostop *op, json_int_t timeout_ms)
{
	op->host->life->asked = true;
	/* The freezer of version 1 keeps processes from dying. */
	if (op->host->life->frozen)
		(void)lab_host_thaw(op->host);
	op->poke = stop_poked;
	if (timeout_ms == 0 || lab_hostop_timer(op, (uint64_t)timeout_ms * 1000, kill_all) < 0)
		kill_all(op);
	else
		sweep(op);
}

/* ---- state ---- */

static json_t *counters(struct lab_khost *host)
{
	const struct lab_host *h = &host->keeper->topo->hosts[host->index];
	json_t *array = json_array();

	for (uint32_t i = 0; i < h->n_ifaces; i++) {
		json_t *one = NULL;

		/* One that was deleted in the host has none. */
		if (*h->ifaces[i].id && lab_iface_is_real(&h->ifaces[i]) &&
		    lab_links_get(host->keeper, host->index, i, &one, NULL) == 0)
			(void)json_array_append_new(array, one);
	}
	return array;
}

json_t *lab_host_state(struct lab_khost *host)
{
	json_t *o = json_pack("{s:s, s:s, s:o}", "id", host->keeper->topo->hosts[host->index].id,
			      "state", lab_hosts_state(host), "interfaces", counters(host));

	if (o && host->pid)
		(void)json_object_set_new(o, "pid", json_integer(host->pid));
	if (o && host->state == LAB_HOST_DEAD && host->life && host->life->why[0])
		(void)json_object_set_new(o, "why", json_string(host->life->why));
	return o;
}

static void state(struct lab_hostop *op)
{
	uint64_t ticks = 0, pages = 0, hz = (uint64_t)sysconf(_SC_CLK_TCK),
		 page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct lab_kproc *procs = NULL;
	struct lab_err err;
	json_t *result;
	size_t n = 0;

	if (lab_host_procs(op->host, &procs, &n, &err) < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		ticks += procs[i].cpu_ticks;
		pages += procs[i].rss_pages;
	}
	free(procs);
	result = lab_host_state(op->host);
	if (result)
		(void)json_object_update_new(
			result, json_pack("{s:I, s:I, s:I}", "processes", (json_int_t)n,
					  "memory_bytes", (json_int_t)pages * (json_int_t)page,
					  "cpu_us", (json_int_t)(ticks * 1000000 / hz)));
	lab_hostop_done(op, result);
}

static void thaw(struct lab_hostop *op)
{
	int r = lab_host_thaw(op->host);

	if (r < 0)
		fail_text(op, -r, strerror(-r));
	else
		lab_hostop_done(op, NULL);
}

const struct lab_host_ops lab_host_native = {
	.start = lab_host_start,
	.stop = stop,
	.freeze = lab_host_freeze,
	.thaw = thaw,
	.state = state,
	.mount = lab_host_mount,
	.umount = lab_host_umount,
	.snapshot_create = lab_snap_create,
	.snapshot_list = lab_snap_list,
	.snapshot_rename = lab_snap_rename,
	.snapshot_restore = lab_snap_restore,
	.snapshot_delete = lab_snap_delete,
	.publish = lab_host_publish,
};
