/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups.c - the control groups that an engine makes for the hosts of a lab */
#include "netlab/backend/groups.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/loop.h"
#include "netlab/base/util.h"
#include "netlab/ns/mountinfo.h"

enum {
	LINE_LEN = 16384,
	FREEZE_MS = 10000,
};

void lab_groups_name(const struct lab_engine *engine, char ret[LAB_GROUPS_NAME_LEN])
{
	(void)snprintf(ret, LAB_GROUPS_NAME_LEN, "netlab.%.63s.%s", engine->lab, engine->key);
}

void lab_groups_host(const struct lab_engine *engine, const struct lab_engine_host *host,
		     unsigned int run, char ret[LAB_GROUPS_NAME_LEN])
{
	(void)snprintf(ret, LAB_GROUPS_NAME_LEN, "%zu.%u", (size_t)(host - engine->hosts), run);
}

/* --- the hierarchies --------------------------------------------------------------------------- */

typedef void (*mount_fn)(const struct lab_mountinfo *m, bool v2, void *user);

static int each_hierarchy(mount_fn fn, void *user)
{
	cleanup_file FILE *f = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = malloc(LINE_LEN);
	struct lab_mountinfo m;

	if (!f || !line)
		return f ? -ENOMEM : -errno;
	while (fgets(line, LINE_LEN, f)) {
		bool v2;

		line[strcspn(line, "\n")] = '\0';
		if (!lab_mountinfo_parse(line, &m))
			continue;
		v2 = strcmp(m.type, "cgroup2") == 0;
		if (v2 || strcmp(m.type, "cgroup") == 0)
			fn(&m, v2, user);
	}
	return 0;
}

static void leave(const struct lab_mountinfo *m, bool v2, void *user)
{
	char path[LAB_CGROUP_PATH_LEN];
	int fd;

	(void)v2;
	(void)user;
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", m->path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "0", 1) < 0)
		(void)0; /* then the groups are made below where it is, and found nowhere: limits fail */
	close_fd(&fd);
}

void lab_groups_leave(void)
{
	(void)each_hierarchy(leave, NULL);
}

/* Which of ours are in a list with some separators. */
static unsigned int controllers_in(char *list, const char *separators)
{
	static const struct {
		const char *name;
		enum lab_cgroup_controller bit;
	} names[] = { { "memory", LAB_CGROUP_MEMORY },
		      { "cpu", LAB_CGROUP_CPU },
		      { "pids", LAB_CGROUP_PIDS },
		      { "freezer", LAB_CGROUP_FREEZER } };
	unsigned int found = 0;
	char *save = NULL;

	for (char *w = strtok_r(list, separators, &save); w; w = strtok_r(NULL, separators, &save))
		for (size_t i = 0; i < LAB_ARRAY_SIZE(names); i++)
			if (strcmp(w, names[i].name) == 0)
				found |= names[i].bit;
	return found;
}

struct search {
	const char *name;
	struct lab_cgroups *ret;
};

/* What the groups in a group of version 2 have. */
static unsigned int controllers_below(int dir)
{
	cleanup_close int fd = openat(dir, "cgroup.subtree_control", O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return controllers_in(text, " \n");
}

/* What can freeze comes once; a hierarchy of version 2 that is mounted twice as well. */
static void take(const struct lab_mountinfo *m, bool v2, void *user)
{
	const struct search *s = user;
	struct lab_cgroup *cg = &s->ret->list[s->ret->n];
	unsigned int controllers = v2 ? 0 : controllers_in(m->options, ","), seen = 0;
	char path[LAB_CGROUP_PATH_LEN];
	bool seen_v2 = false;

	for (uint32_t i = 0; i < s->ret->n; i++) {
		seen |= s->ret->list[i].controllers;
		seen_v2 |= s->ret->list[i].v2;
	}
	controllers &= ~(seen | (seen_v2 ? (unsigned int)LAB_CGROUP_FREEZER : 0));
	if ((v2 ? seen_v2 : !controllers) || s->ret->n == LAB_CGROUPS_MAX)
		return;
	*cg = (struct lab_cgroup){ .v2 = v2, .parent_fd = -1, .controllers = controllers };
	(void)snprintf(cg->parent, sizeof(cg->parent), "%s", m->path);
	(void)snprintf(cg->name, sizeof(cg->name), "%s", s->name);
	(void)snprintf(path, sizeof(path), "%s/%s", m->path, s->name);
	cg->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cg->fd < 0)
		return;
	if (v2)
		cg->controllers = controllers_below(cg->fd);
	s->ret->n++;
}

static void take_v2(const struct lab_mountinfo *m, bool v2, void *user)
{
	if (v2)
		take(m, v2, user);
}

int lab_groups_open(const struct lab_engine *engine, struct lab_cgroups *ret, struct lab_err *err)
{
	char name[LAB_GROUPS_NAME_LEN];
	struct search s = { .name = name, .ret = ret };
	int r;

	*ret = (struct lab_cgroups){ .n = 0 };
	lab_groups_name(engine, name);
	r = each_hierarchy(take_v2, &s);
	if (r == 0)
		r = each_hierarchy(take, &s);
	if (r == 0 && ret->n == 0)
		return lab_err_set(
			err, ENOSYS,
			"no hierarchy of cgroups is mounted: mount -t cgroup2 none /sys/fs/cgroup [ENOSYS]");
	if (r < 0) {
		lab_cgroups_close(ret);
		return lab_err_errno(err, -r, "find cgroups");
	}
	return 0;
}

/* --- a host's own ------------------------------------------------------------------------------ */

/**
 * struct entry - a move into the groups of a host
 * @path:	of them in each hierarchy: "netlab.LAB.KEY/host.GROUP"
 * @err:	filled when something failed
 * @r:		0 or -errno of the first
 */
struct entry {
	char path[2 * LAB_GROUPS_NAME_LEN + 16];
	struct lab_err *err;
	int r;
};

static int write_file(const char *dir, const char *name, const char *text)
{
	cleanup_close int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Where the machine has not given it to us, it cannot limit; whoever needs that says so. */
static void switch_on(const char *dir)
{
	static const char *const controllers[] = { "+memory", "+cpu", "+pids" };

	for (size_t i = 0; i < LAB_ARRAY_SIZE(controllers); i++)
		(void)write_file(dir, "cgroup.subtree_control", controllers[i]);
}

static void enter(const struct lab_mountinfo *m, bool v2, void *user)
{
	struct entry *e = user;
	cleanup_free char *path = NULL;
	char *slash;
	bool systemd = strstr(m->options, "name=systemd") != NULL,
	     usage = strstr(m->options, "cpuacct") != NULL;

	if (e->r < 0 || (!v2 && !systemd && !usage && !controllers_in(m->options, ",")))
		return;
	if (asprintf(&path, "%s/%s", m->path, e->path) < 0) {
		path = NULL;
		e->r = lab_err_set(e->err, ENOMEM, "out of memory");
		return;
	}
	slash = strrchr(path, '/');
	if (v2)
		switch_on(m->path);
	*slash = '\0';
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		e->r = -errno;
	if (v2)
		switch_on(path);
	*slash = '/';
	if (e->r == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
		e->r = -errno;
	if (e->r == 0)
		e->r = write_file(path, "cgroup.procs", "0");
	if (e->r < 0)
		(void)lab_err_errno(e->err, -e->r, "make the cgroup %s", path);
}

int lab_groups_enter(const struct lab_engine *engine, const char *group, struct lab_err *err)
{
	char name[LAB_GROUPS_NAME_LEN];
	struct entry e = { .err = err };
	int r;

	lab_groups_name(engine, name);
	(void)snprintf(e.path, sizeof(e.path), "%s/host.%s", name, group);
	r = each_hierarchy(enter, &e);
	return r < 0 ? lab_err_errno(err, -r, "find cgroups") : e.r;
}

/* --- freezing ---------------------------------------------------------------------------------- */

/* Version 2 tells when something has changed; version 1 only tries again when it is asked again. */
static void await_change(int dir, int events, bool v2)
{
	struct pollfd p = { .fd = events, .events = POLLPRI };
	char text[256];

	if (!v2) {
		(void)lab_cgroups_freeze(dir, false, true);
		(void)poll(NULL, 0, 1);
	} else if (pread(events, text, sizeof(text), 0) > 0 && lab_cgroups_frozen(dir, true) == 0) {
		/* What was read here is what the next change is compared to. */
		(void)poll(&p, 1, FREEZE_MS / 10);
	}
}

int lab_groups_freeze(const struct lab_cgroups *groups, const char *group, bool frozen,
		      struct lab_err *err)
{
	const struct lab_cgroup *cg = lab_cgroups_which(groups, LAB_CGROUP_FREEZER);
	uint64_t deadline = lab_loop_now_us() + FREEZE_MS * 1000ULL;
	cleanup_close int dir = -1, events = -1;
	int r;

	if (!cg)
		return lab_err_set(err, ENOSYS,
				   "no hierarchy of cgroups that can freeze is mounted [ENOSYS]");
	dir = lab_cgroups_open_host(cg, group, err);
	if (dir < 0)
		return dir;
	r = lab_cgroups_freeze(dir, cg->v2, frozen);
	if (r < 0)
		return lab_err_errno(err, -r, "freeze its cgroup");
	if (!frozen)
		return 0;
	events = cg->v2 ? openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC) : -1;
	while ((r = lab_cgroups_frozen(dir, cg->v2)) == 0 && lab_loop_now_us() < deadline)
		await_change(dir, events, cg->v2);
	if (r > 0)
		return 0;
	(void)lab_cgroups_freeze(dir, cg->v2, false);
	return lab_err_set(err, ETIMEDOUT, "its processes do not stand still within %d s",
			   FREEZE_MS / 1000);
}
