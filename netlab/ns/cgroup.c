/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup.c - control groups that limit what the hosts of a lab may use */
#include "netlab/ns/cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "netlab/base/util.h"

#define OUR_PREFIX  "netlab."
#define HOST_PREFIX "host." /* the kernel's files have names of other kinds */

enum { PERIOD_US = 100000 /* the kernel's default */ };

unsigned int lab_limits_controllers(const struct lab_limits *limits)
{
	return (limits->memory_bytes ? LAB_CGROUP_MEMORY : 0u) |
	       (limits->cpus_milli ? LAB_CGROUP_CPU : 0u) | (limits->pids ? LAB_CGROUP_PIDS : 0u);
}

static void format_size(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "", "KiB", "MiB", "GiB" };
	size_t i = 0;

	for (; i + 1 < LAB_ARRAY_SIZE(units) && bytes % 1024 == 0; i++)
		bytes /= 1024;
	(void)snprintf(buf, size, "%" PRIu64 "%s", bytes, units[i]);
}

char *lab_limits_format(const struct lab_limits *limits, char buf[LAB_LIMITS_FORMAT_LEN])
{
	char memory[32], cpus[16];
	size_t len;

	*buf = '\0';
	if (limits->memory_bytes) {
		format_size(limits->memory_bytes, memory, sizeof(memory));
		(void)snprintf(buf, LAB_LIMITS_FORMAT_LEN, "memory %s", memory);
	}
	if (limits->pids) {
		len = strlen(buf);
		(void)snprintf(buf + len, LAB_LIMITS_FORMAT_LEN - len, "%spids %u", len ? " " : "",
			       limits->pids);
	}
	if (!limits->cpus_milli)
		return buf;
	(void)snprintf(cpus, sizeof(cpus), "%u.%03u", limits->cpus_milli / 1000,
		       limits->cpus_milli % 1000);
	/* 0.500 is 0.5, and 2.000 is 2. */
	for (len = strlen(cpus); cpus[len - 1] == '0'; len--)
		cpus[len - 1] = '\0';
	if (cpus[len - 1] == '.')
		cpus[len - 1] = '\0';
	len = strlen(buf);
	(void)snprintf(buf + len, LAB_LIMITS_FORMAT_LEN - len, "%scpus %s", len ? " " : "", cpus);
	return buf;
}

/* --- making them ------------------------------------------------------------------------------ */

static int write_at(int dir, const char *file, const char *text)
{
	cleanup_close int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int make_dir(int parent, const char *name)
{
	int fd;

	if (mkdirat(parent, name, 0755) < 0)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void lab_cgroups_journal(const struct lab_cgroups *cgs, struct lab_strbuf *sb)
{
	for (uint32_t i = 0; i < cgs->n; i++)
		lab_strbuf_printf(sb, "%s/%s\n", cgs->list[i].parent, cgs->list[i].name);
}

/* Controllers for the hosts' groups in a lab's group of version 2. */
static int switch_on(int dir, unsigned int controllers)
{
	static const struct {
		enum lab_cgroup_controller bit;
		const char *text;
	} switches[] = { { LAB_CGROUP_MEMORY, "+memory" },
			 { LAB_CGROUP_CPU, "+cpu" },
			 { LAB_CGROUP_PIDS, "+pids" } };
	int r = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(switches) && r == 0; i++)
		if (controllers & switches[i].bit)
			r = write_at(dir, "cgroup.subtree_control", switches[i].text);
	return r;
}

int lab_cgroups_make(struct lab_cgroups *cgs, struct lab_err *err)
{
	for (uint32_t i = 0; i < cgs->n; i++) {
		struct lab_cgroup *cg = &cgs->list[i];
		int r;

		cg->fd = make_dir(cg->parent_fd, cg->name);
		if (cg->fd < 0) {
			r = -cg->fd;
			cg->fd = -1;
			return lab_err_errno(err, r == EACCES || r == EROFS ? EPERM : r,
					     "make the cgroup %s/%s", cg->parent, cg->name);
		}
		r = cg->v2 ? switch_on(cg->fd, cg->controllers) : 0;
		if (r < 0)
			return lab_err_errno(err, -r, "switch controllers on in the cgroup %s/%s",
					     cg->parent, cg->name);
	}
	return 0;
}

static int refused(const char *what, const char *option, int code, struct lab_err *err)
{
	if (code == ENOENT)
		return lab_err_set(err, ENOSYS,
				   "%s: this kernel's cgroups have no such limit (%s) [ENOSYS]",
				   what, option);
	return lab_err_errno(err, code, "%s: refused by the cgroup", what);
}

static int limit_memory(int dir, bool v2, uint64_t bytes, struct lab_err *err)
{
	const char *file = v2 ? "memory.max" : "memory.limit_in_bytes";
	char text[32], what[LAB_LIMITS_FORMAT_LEN];
	int r;

	if (bytes)
		(void)snprintf(text, sizeof(text), "%" PRIu64, bytes);
	else
		(void)snprintf(text, sizeof(text), "%s", v2 ? "max" : "-1");
	/* The limit is one of memory and swap together, which is never below that of memory alone: to raise both, it goes first. */
	if (!v2)
		(void)write_at(dir, "memory.memsw.limit_in_bytes", text);
	r = write_at(dir, file, text);
	/* Without swap in the kernel there is no such file. */
	if (r == 0) {
		r = v2 ? write_at(dir, "memory.swap.max", bytes ? "0" : "max")
		       : write_at(dir, "memory.memsw.limit_in_bytes", text);
		if (r == -ENOENT)
			r = 0;
	}
	if (r == -EBUSY)
		return lab_err_set(err, EBUSY, "memory %s: it uses more than that [EBUSY]", text);
	return r < 0 ? refused(lab_limits_format(&(struct lab_limits){ .memory_bytes = bytes },
						 what),
			       "CONFIG_MEMCG", -r, err)
		     : 0;
}

static int limit_cpus(int dir, bool v2, uint32_t milli, struct lab_err *err)
{
	char text[64], what[LAB_LIMITS_FORMAT_LEN];
	uint64_t quota = (uint64_t)milli * PERIOD_US / 1000;
	int r = 0;

	if (v2) {
		(void)snprintf(text, sizeof(text), milli ? "%" PRIu64 " %d" : "max", quota,
			       PERIOD_US);
		r = write_at(dir, "cpu.max", text);
	} else {
		(void)snprintf(text, sizeof(text), "%d", PERIOD_US);
		r = write_at(dir, "cpu.cfs_period_us", text);
		(void)snprintf(text, sizeof(text), milli ? "%" PRIu64 : "-1", quota);
		if (r == 0)
			r = write_at(dir, "cpu.cfs_quota_us", text);
	}
	return r < 0 ? refused(lab_limits_format(&(struct lab_limits){ .cpus_milli = milli }, what),
			       "CONFIG_CFS_BANDWIDTH", -r, err)
		     : 0;
}

static int limit_pids(int dir, uint32_t pids, struct lab_err *err)
{
	char text[32], what[LAB_LIMITS_FORMAT_LEN];
	int r;

	(void)snprintf(text, sizeof(text), pids ? "%u" : "max", pids);
	r = write_at(dir, "pids.max", text);
	return r < 0 ? refused(lab_limits_format(&(struct lab_limits){ .pids = pids }, what),
			       "CONFIG_CGROUP_PIDS", -r, err)
		     : 0;
}

/* Those of the limits that belong to some controllers of one group. */
static int limit(int dir, bool v2, unsigned int controllers, const struct lab_limits *limits,
		 struct lab_err *err)
{
	int r = 0;

	if (controllers & LAB_CGROUP_MEMORY)
		r = limit_memory(dir, v2, limits->memory_bytes, err);
	if (r == 0 && (controllers & LAB_CGROUP_CPU))
		r = limit_cpus(dir, v2, limits->cpus_milli, err);
	if (r == 0 && (controllers & LAB_CGROUP_PIDS))
		r = limit_pids(dir, limits->pids, err);
	return r;
}

static void host_name(const char *host, char ret[LAB_CGROUP_NAME_LEN])
{
	(void)snprintf(ret, LAB_CGROUP_NAME_LEN, HOST_PREFIX "%.63s", host);
}

int lab_cgroups_add_host(const struct lab_cgroups *cgs, const char *host,
			 const struct lab_limits *limits, struct lab_err *err)
{
	unsigned int needs = lab_limits_controllers(limits), here;
	char name[LAB_CGROUP_NAME_LEN];
	int r = 0;

	host_name(host, name);
	for (uint32_t i = 0; i < cgs->n && r == 0; i++) {
		const struct lab_cgroup *cg = &cgs->list[i];
		cleanup_close int fd = -1;

		here = needs & cg->controllers;
		if (!here)
			continue;
		fd = make_dir(cg->fd, name);
		if (fd < 0)
			return lab_err_errno(err, -fd, "make the cgroup %s/%s/%s", cg->parent,
					     cg->name, name);
		r = limit(fd, cg->v2, here, limits, err);
	}
	return r;
}

int lab_cgroups_enter(int fd, const char *host, struct lab_err *err)
{
	char name[LAB_CGROUP_NAME_LEN], path[LAB_CGROUP_NAME_LEN + 16];
	int r;

	host_name(host, name);
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", name);
	/* Of a process that has only just begun nothing is charged yet that would have to be moved. */
	r = write_at(fd, path, "0");
	return r < 0 ? lab_err_errno(err, -r, "move into the cgroup %s", name) : 0;
}

/* --- in a lab that is up ---------------------------------------------------------------------- */

const struct lab_cgroup *lab_cgroups_which(const struct lab_cgroups *cgs, unsigned int controller)
{
	for (uint32_t i = 0; i < cgs->n; i++)
		if ((cgs->list[i].controllers & controller) ||
		    (controller == LAB_CGROUP_FREEZER && cgs->list[i].v2))
			return &cgs->list[i];
	return NULL;
}

int lab_cgroups_adopt(struct lab_cgroups *cgs, struct lab_cgroup *more, struct lab_err *err)
{
	struct lab_cgroups one = { .list = { *more }, .n = 1 };
	int r;

	/* A process is in one group of version 2 only, and so is the lab. */
	for (uint32_t i = 0; i < cgs->n && more->v2; i++) {
		if (!cgs->list[i].v2)
			continue;
		r = switch_on(cgs->list[i].fd, more->controllers & ~cgs->list[i].controllers);
		if (r < 0)
			return lab_err_errno(err, -r, "switch controllers on in the cgroup %s/%s",
					     cgs->list[i].parent, cgs->list[i].name);
		cgs->list[i].controllers |= more->controllers;
		return 0;
	}
	if (cgs->n == LAB_CGROUPS_MAX)
		return lab_err_set(err, ENOSPC, "the lab has %u cgroups already", cgs->n);
	r = lab_cgroups_make(&one, err);
	if (r < 0) {
		close_fd(&one.list[0].fd);
		(void)lab_cgroups_remove(&one);
		return r;
	}
	more->parent_fd = -1;
	cgs->list[cgs->n++] = one.list[0];
	return 0;
}

int lab_cgroups_open_host(const struct lab_cgroup *cg, const char *host, struct lab_err *err)
{
	char name[LAB_CGROUP_NAME_LEN];
	int fd;

	host_name(host, name);
	fd = openat(cg->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = make_dir(cg->fd, name);
	return fd < 0 ? lab_err_errno(err, errno, "make the cgroup %s/%s/%s", cg->parent, cg->name,
				      name)
		      : fd;
}

int lab_cgroups_move(int dir, pid_t pid)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return write_at(dir, "cgroup.procs", text);
}

int lab_cgroups_limit_host(const struct lab_cgroups *cgs, const char *host,
			   const struct lab_limits *limits, struct lab_err *err)
{
	const unsigned int all = LAB_CGROUP_MEMORY | LAB_CGROUP_CPU | LAB_CGROUP_PIDS;
	int r = 0;

	for (uint32_t i = 0; i < cgs->n && r == 0; i++) {
		const struct lab_cgroup *cg = &cgs->list[i];
		cleanup_close int dir = -1;

		if (!(cg->controllers & all))
			continue;
		dir = lab_cgroups_open_host(cg, host, err);
		r = dir < 0 ? dir : limit(dir, cg->v2, cg->controllers, limits, err);
	}
	return r;
}

int lab_cgroups_freeze(int dir, bool v2, bool frozen)
{
	return v2 ? write_at(dir, "cgroup.freeze", frozen ? "1" : "0")
		  : write_at(dir, "freezer.state", frozen ? "FROZEN" : "THAWED");
}

int lab_cgroups_frozen(int dir, bool v2)
{
	cleanup_close int fd = openat(dir, v2 ? "cgroup.events" : "freezer.state",
				      O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return v2 ? strstr(text, "frozen 1") != NULL : strncmp(text, "FROZEN", 6) == 0;
}

void lab_cgroups_drop_host(const struct lab_cgroups *cgs, const char *host)
{
	char name[LAB_CGROUP_NAME_LEN];

	host_name(host, name);
	for (uint32_t i = 0; i < cgs->n; i++)
		(void)unlinkat(cgs->list[i].fd, name, AT_REMOVEDIR);
}

/* --- removing them ---------------------------------------------------------------------------- */

static int remove_dir(int parent, const char *name)
{
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENODEV)
		return 0;
	return -errno;
}

/* A group with its hosts' groups; there are no deeper ones, as no host can make any. */
static int remove_group(int parent, const char *name)
{
	cleanup_dir DIR *dir = NULL;
	const struct dirent *de;
	int fd, r = 0, one;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	while ((de = readdir(dir)) != NULL) {
		char state[sizeof(de->d_name) + 16];

		if (strncmp(de->d_name, HOST_PREFIX, strlen(HOST_PREFIX)) != 0)
			continue;
		/* What the freezer of version 1 holds has been killed, and cannot die before that. */
		(void)snprintf(state, sizeof(state), "%s/freezer.state", de->d_name);
		(void)write_at(fd, state, "THAWED");
		one = remove_dir(fd, de->d_name);
		r = r ? r : one;
	}
	one = remove_dir(parent, name);
	return r ? r : one;
}

int lab_cgroups_remove(const struct lab_cgroups *cgs)
{
	int r = 0, one;

	for (uint32_t i = 0; i < cgs->n; i++) {
		one = remove_group(cgs->list[i].parent_fd, cgs->list[i].name);
		r = r ? r : one;
	}
	return r;
}

/*
 * The folder of a group is not there: because it has gone, with all in it, or because the hierarchy cannot be seen from here.
 * Changes @dir.
 */
static int gone_or_hidden(char *dir)
{
	struct statfs fs;
	char *slash;

	while (statfs(dir, &fs) < 0) {
		slash = strrchr(dir, '/');
		if (errno != ENOENT || !slash || slash == dir)
			return -ENOENT;
		*slash = '\0';
	}
	return fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC ? 0 : -ENOENT;
}

static int sweep_path(char *path)
{
	char *name = strrchr(path, '/');
	cleanup_close int parent = -1;
	const char *dir;

	if (*path != '/' || !name || strncmp(name + 1, OUR_PREFIX, strlen(OUR_PREFIX)) != 0)
		return 0;
	dir = name == path ? "/" : path;
	*name++ = '\0';
	parent = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return errno == ENOENT ? gone_or_hidden(path) : -errno;
	/* What a hierarchy is mounted on is a folder without it, too. */
	if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return gone_or_hidden(path);
	return remove_group(parent, name);
}

int lab_cgroups_sweep(char *journal)
{
	char *save = NULL, *line;
	int r = 0, one;

	for (line = strtok_r(journal, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		one = sweep_path(line);
		r = r ? r : one;
	}
	return r;
}

void lab_cgroups_close(struct lab_cgroups *cgs)
{
	for (uint32_t i = 0; i < cgs->n; i++) {
		close_fd(&cgs->list[i].parent_fd);
		close_fd(&cgs->list[i].fd);
	}
	*cgs = (struct lab_cgroups){ .n = 0 };
}
