/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_cgroup.c - cgroups of hosts in a lab that is up: made when they are needed, to freeze a host or to limit it */
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/keeper/host.h"

#define OUR_PREFIX "netlab."

enum {
	FREEZE_US = 10 * 1000 * 1000,
	LOOK_US = 1000, /* version 1 does not tell when a group is frozen */
	ROUNDS_MAX =
		100, /* processes that fork all the time are caught in the end: those that have moved fork there */
};

/* ---- groups of the lab ---- */

/* What the client found where the lab's keeper cannot look: a place for a group in one hierarchy. */
static int read_offer(const struct lab_hostop *op, size_t i, struct lab_cgroup *ret,
		      struct lab_err *err)
{
	const char *parent, *name;
	json_int_t controllers;
	json_error_t je;
	int v2;

	if (json_unpack_ex(json_array_get(json_object_get(op->params, "cgroups"), i), &je, 0,
			   "{s:I, s:b, s:s, s:s !}", "controllers", &controllers, "v2", &v2,
			   "parent", &parent, "name", &name) < 0)
		return lab_err_set(err, EINVAL, "cgroups: %s", je.text);
	if (i >= op->n_fds || *parent != '/' || strlen(parent) >= sizeof(ret->parent) ||
	    strchr(parent, '\n') || strncmp(name, OUR_PREFIX, strlen(OUR_PREFIX)) != 0 ||
	    strlen(name) >= sizeof(ret->name) || strpbrk(name, "/\n") || controllers <= 0 ||
	    controllers > LAB_CGROUP_ALL_)
		return lab_err_set(err, EINVAL, "cgroups: not a group of a lab");
	*ret = (struct lab_cgroup){ .controllers = (unsigned int)controllers,
				    .v2 = v2,
				    .parent_fd = op->fds[i],
				    .fd = -1 };
	(void)snprintf(ret->parent, sizeof(ret->parent), "%s", parent);
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	return 0;
}

static unsigned int missing(const struct lab_keeper *k, unsigned int controllers)
{
	unsigned int left = 0;

	for (unsigned int bit = 1; bit < LAB_CGROUP_ALL_; bit <<= 1)
		if ((controllers & bit) && !lab_cgroups_which(&k->cgroups, bit))
			left |= bit;
	return left;
}

/* First on paper: whoever sweeps after us must know of it, however we end. */
static int adopt(struct lab_keeper *k, struct lab_cgroup *cg, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct lab_cgroups one = { .list = { *cg }, .n = 1 };
	int r;

	lab_cgroups_journal(&k->cgroups, &sb);
	lab_cgroups_journal(&one, &sb);
	r = sb.error ? lab_err_errno(err, -sb.error, "cgroups")
		     : lab_rundir_journal(&k->rundir, lab_strbuf_str(&sb), err);
	return r < 0 ? r : lab_cgroups_adopt(&k->cgroups, cg, err);
}

int lab_host_need_groups(struct lab_hostop *op, unsigned int controllers, struct lab_err *err)
{
	size_t n = json_array_size(json_object_get(op->params, "cgroups"));
	struct lab_cgroup cg;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = read_offer(op, i, &cg, err);
		if (r < 0 || !(missing(op->keeper, controllers) & cg.controllers))
			continue;
		op->fds[i] = -1;
		r = adopt(op->keeper, &cg, err);
		close_fd(&cg.parent_fd);
	}
	if (r == 0 && missing(op->keeper, controllers))
		return lab_err_set(err, ENOSYS, "no cgroup was found for this [ENOSYS]");
	return r;
}

/* ---- a host's processes ---- */

/* Returns how many there are that the rounds before have not seen, or -errno. */
static int join_round(const struct lab_khost *host, int dir, pid_t *last, struct lab_err *err)
{
	struct lab_kproc *procs;
	pid_t newest = *last;
	int n_new = 0, r;
	size_t n;

	r = lab_host_procs(host, &procs, &n, err);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = lab_cgroups_move(dir, procs[i].pid);
		if (r == -ESRCH)
			r = 0;
		if (r < 0)
			(void)lab_err_errno(err, -r, "move it into its cgroup");
		/* A fork of one that had not moved. */
		n_new += procs[i].pid > *last;
		newest = procs[i].pid > newest ? procs[i].pid : newest;
	}
	*last = newest;
	free(procs);
	return r < 0 ? r : n_new;
}

int lab_host_join(const struct lab_khost *host, int dir, struct lab_err *err)
{
	pid_t last = 0;
	int r = 1;

	for (int round = 0; round < ROUNDS_MAX && r > 0; round++)
		r = join_round(host, dir, &last, err);
	return r < 0 ? r : 0;
}

/* ---- freeze and thaw ---- */

static bool is_v2(const struct lab_khost *host)
{
	return lab_cgroups_which(&host->keeper->cgroups, LAB_CGROUP_FREEZER)->v2;
}

int lab_host_thaw(struct lab_khost *host)
{
	const struct lab_cgroup *cg = lab_cgroups_which(&host->keeper->cgroups, LAB_CGROUP_FREEZER);
	cleanup_close int dir = cg ? lab_cgroups_open_host(cg, host->group, NULL) : -ENOENT;
	int r = dir < 0 ? dir : lab_cgroups_freeze(dir, cg->v2, false);

	if (r == 0)
		host->life->frozen = false;
	return r;
}

static void give_up(struct lab_hostop *op, struct lab_err *err)
{
	(void)lab_cgroups_freeze(op->fd, is_v2(op->host), false);
	lab_hostop_fail(op, err);
}

static void look(struct lab_hostop *op)
{
	bool v2 = is_v2(op->host);
	int r = lab_cgroups_frozen(op->fd, v2);
	struct lab_err err;

	if (r > 0) {
		/* For a moment only, if something else comes then: nobody needs to know. */
		op->host->life->frozen = !op->then;
		lab_source_free(op->watch);
		op->watch = NULL;
		lab_hostop_next(op);
		return;
	}
	if (r == 0 && lab_loop_now_us() >= op->deadline_us)
		r = -ETIMEDOUT;
	/* Version 1 only tries again when it is asked again. */
	if (r == 0 && !v2)
		r = lab_cgroups_freeze(op->fd, v2, true);
	if (r == 0)
		r = lab_hostop_timer(op, v2 ? op->deadline_us - lab_loop_now_us() : LOOK_US, look);
	if (r == 0)
		return;
	(void)lab_err_errno(&err, -r, "its processes do not stop");
	give_up(op, &err);
}

static void on_event(struct lab_source *src, int fd, uint32_t events, void *user)
{
	char text[256];

	(void)src;
	(void)events;
	/* Read to be told again. */
	(void)!pread(fd, text, sizeof(text), 0);
	look(user);
}

/* Version 2 tells when something has changed. The source keeps the descriptor. */
static int watch(struct lab_hostop *op, int dir)
{
	int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = lab_loop_add_fd(op->keeper->loop, fd, EPOLLPRI, on_event, op, &op->watch);
	if (r < 0)
		(void)close(fd);
	else
		op->fds[op->n_fds++] = fd;
	return r;
}

static void gone_meanwhile(struct lab_hostop *op)
{
	struct lab_err err;

	if (op->host->state != LAB_HOST_DEAD)
		return;
	(void)lab_err_set(&err, EHOSTDOWN, "it has died");
	give_up(op, &err);
}

void lab_host_freeze(struct lab_hostop *op)
{
	const struct lab_cgroup *cg;
	struct lab_err err;
	int r = lab_host_need_groups(op, LAB_CGROUP_FREEZER, &err);

	if (r < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	cg = lab_cgroups_which(&op->keeper->cgroups, LAB_CGROUP_FREEZER);
	op->fd = lab_cgroups_open_host(cg, op->host->group, &err);
	r = op->fd < 0 ? op->fd : lab_host_join(op->host, op->fd, &err);
	if (r < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	op->poke = gone_meanwhile;
	op->deadline_us = lab_loop_now_us() + FREEZE_US;
	if (op->n_fds < LAB_RPC_FDS_MAX && cg->v2)
		r = watch(op, op->fd);
	if (r == 0)
		r = lab_cgroups_freeze(op->fd, cg->v2, true);
	if (r < 0) {
		(void)lab_err_errno(&err, -r, "freeze its cgroup");
		give_up(op, &err);
		return;
	}
	look(op);
}
