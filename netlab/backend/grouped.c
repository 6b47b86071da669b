/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grouped.c - operations on hosts whose processes are in groups of ours, and whose roots are lent */
#include "netlab/backend/grouped.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/backend/busybox.h"
#include "netlab/backend/journal.h"
#include "netlab/backend/layers.h"
#include "netlab/backend/lend.h"
#include "netlab/base/files.h"
#include "netlab/base/util.h"

static int no_memory(struct lab_err *err)
{
	return lab_err_set(err, ENOMEM, "out of memory");
}

/* --- what is kept, and what the host says ------------------------------------------------------ */

int lab_grouped_open(struct lab_engine *engine, const char *backend, struct lab_err *err)
{
	char name[LAB_GROUPS_NAME_LEN];

	for (size_t i = 0; i < engine->n_hosts; i++) {
		const struct lab_engine_host *host = &engine->hosts[i];
		cleanup_free char *lower = NULL;

		if (host->image && strcmp(host->backend, backend) == 0)
			(void)lab_lend_lower(host->image, &lower, NULL);
	}
	lab_groups_name(engine, name);
	return lab_journal_add(engine, err, "cgroups %s", name);
}

static const char *init_of(const struct lab_engine_host *host)
{
	return json_string_value(json_object_get(host->settings, "init"));
}

int lab_grouped_check(const struct lab_engine_host *host, struct lab_err *err)
{
	const char *init = init_of(host);

	if (init && strcmp(init, "yes") != 0 && strcmp(init, "no") != 0)
		return lab_err_set(err, EINVAL, "init must be yes or no, and is \"%.60s\"", init);
	return 0;
}

bool lab_grouped_init(const struct lab_engine_host *host)
{
	const char *init = init_of(host);

	return init && strcmp(init, "yes") == 0;
}

bool lab_grouped_busybox(const struct lab_engine_host *host)
{
	const char *root = lab_layers_path(host);
	char target[256], path[4096];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%.4000s/sbin/init", root ? root : "");
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return lab_busybox_is(host) || strstr(target, "busybox");
}

static json_int_t kept_number(const struct lab_engine_host *host, const char *name)
{
	return json_integer_value(json_object_get(host->kept, name));
}

const char *lab_grouped_name(const struct lab_engine_host *host)
{
	const char *name = json_string_value(json_object_get(host->kept, "name"));

	return name ? name : host->id;
}

unsigned int lab_grouped_run(const struct lab_engine_host *host)
{
	return (unsigned int)kept_number(host, "run");
}

pid_t lab_grouped_pid(const struct lab_engine_host *host)
{
	return (pid_t)kept_number(host, "pid");
}

static void group_of(const struct lab_engine *engine, const struct lab_engine_host *host,
		     char ret[LAB_GROUPS_NAME_LEN])
{
	lab_groups_host(engine, host, lab_grouped_run(host), ret);
}

bool lab_grouped_running(const struct lab_engine *engine, const struct lab_engine_host *host)
{
	char name[LAB_GROUPS_NAME_LEN], group[LAB_GROUPS_NAME_LEN], path[64], text[8192],
		part[2 * LAB_GROUPS_NAME_LEN + 16];
	cleanup_close int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)lab_grouped_pid(host));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	lab_groups_name(engine, name);
	group_of(engine, host, group);
	(void)snprintf(part, sizeof(part), "/%s/host.%s", name, group);
	return strstr(text, part) != NULL;
}

/* --- limits ------------------------------------------------------------------------------------ */

static struct lab_limits limits_of(const struct lab_engine_host *host)
{
	const json_t *kept = json_object_get(host->kept, "limits");

	if (!kept)
		return (struct lab_limits){ .memory_bytes = host->memory_bytes,
					    .cpus_milli = host->cpus_milli,
					    .pids = host->pids };
	return (struct lab_limits){
		.memory_bytes = (uint64_t)json_integer_value(json_object_get(kept, "memory")),
		.cpus_milli = (uint32_t)json_integer_value(json_object_get(kept, "cpus_milli")),
		.pids = (uint32_t)json_integer_value(json_object_get(kept, "pids")),
	};
}

static int limit(const struct lab_engine *engine, const char *group,
		 const struct lab_limits *limits, struct lab_err *err)
{
	LAB_CLEANUP(lab_cgroups_close) struct lab_cgroups groups = { .n = 0 };
	unsigned int needs = lab_limits_controllers(limits);
	int r = lab_groups_open(engine, &groups, err);

	for (unsigned int bit = 1; r == 0 && bit < LAB_CGROUP_ALL_; bit <<= 1)
		if ((needs & bit) && !lab_cgroups_which(&groups, bit))
			return lab_err_set(
				err, ENOSYS,
				"no hierarchy of cgroups that is mounted has all that its limits need [ENOSYS]");
	return r < 0 ? r : lab_cgroups_limit_host(&groups, group, limits, err);
}

int lab_grouped_limit(const struct lab_engine *engine, const struct lab_engine_host *host,
		      const char *group, struct lab_err *err)
{
	const struct lab_limits limits = limits_of(host);

	return lab_limits_controllers(&limits) ? limit(engine, group, &limits, err) : 0;
}

int lab_grouped_config(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	const json_t *memory = json_object_get(args, "memory"),
		     *cpus = json_object_get(args, "cpus_milli"),
		     *pids = json_object_get(args, "pids");
	struct lab_limits limits = limits_of(host);
	char group[LAB_GROUPS_NAME_LEN];
	int r = 0;

	(void)ret_fd;
	if (memory)
		limits.memory_bytes = (uint64_t)json_integer_value(memory);
	if (cpus)
		limits.cpus_milli = (uint32_t)json_integer_value(cpus);
	if (pids)
		limits.pids = (uint32_t)json_integer_value(pids);
	group_of(engine, host, group);
	if (lab_grouped_running(engine, host))
		r = limit(engine, group, &limits, err);
	if (r < 0)
		return r;
	return json_object_set_new(ret, "keep",
				   json_pack("{s:{s:I, s:i, s:i}}", "limits", "memory",
					     (json_int_t)limits.memory_bytes, "cpus_milli",
					     (int)limits.cpus_milli, "pids", (int)limits.pids)) < 0
		       ? no_memory(err)
		       : 0;
}

/* --- freezing ---------------------------------------------------------------------------------- */

static int freezing(const struct lab_engine *engine, const struct lab_engine_host *host,
		    bool frozen, struct lab_err *err)
{
	LAB_CLEANUP(lab_cgroups_close) struct lab_cgroups groups = { .n = 0 };
	char group[LAB_GROUPS_NAME_LEN];
	int r = lab_groups_open(engine, &groups, err);

	group_of(engine, host, group);
	return r < 0 ? r : lab_groups_freeze(&groups, group, frozen, err);
}

static bool is_frozen(const struct lab_engine *engine, const struct lab_engine_host *host)
{
	LAB_CLEANUP(lab_cgroups_close) struct lab_cgroups groups = { .n = 0 };
	const struct lab_cgroup *cg;
	char group[LAB_GROUPS_NAME_LEN];
	cleanup_close int dir = -1;

	if (lab_groups_open(engine, &groups, NULL) < 0)
		return false;
	cg = lab_cgroups_which(&groups, LAB_CGROUP_FREEZER);
	group_of(engine, host, group);
	dir = cg ? lab_cgroups_open_host(cg, group, NULL) : -1;
	return dir >= 0 && lab_cgroups_frozen(dir, cg->v2) > 0;
}

void lab_grouped_thawed(const struct lab_engine *engine, const struct lab_engine_host *host)
{
	(void)freezing(engine, host, false, NULL);
}

int lab_grouped_freeze(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	(void)args;
	(void)ret;
	(void)ret_fd;
	return freezing(engine, host, true, err);
}

int lab_grouped_thaw(const struct lab_engine *engine, const struct lab_engine_host *host,
		     const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	(void)args;
	(void)ret;
	(void)ret_fd;
	return freezing(engine, host, false, err);
}

/* --- state ------------------------------------------------------------------------------------- */

/**
 * struct figure - something that a group tells
 * @name:	in the result
 * @file:	in the group
 * @key:	what stands before the number in there; "" = nothing
 */
struct figure {
	const char *name, *file, *key;
	unsigned int divisor;
};

/* The first that is there counts. */
static const struct figure figures[] = {
	{ "processes", "pids.current", "", 1 },       { "memory", "memory.current", "", 1 },
	{ "memory", "memory.usage_in_bytes", "", 1 }, { "cpu_us", "cpu.stat", "usage_usec ", 1 },
	{ "cpu_us", "cpuacct.usage", "", 1000 },
};

static void take_figure(int dir, const struct figure *f, json_t *ret)
{
	cleanup_close int fd = openat(dir, f->file, O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	uint64_t value;

	if (n <= 0 || json_object_get(ret, f->name))
		return;
	text[n] = '\0';
	if (strncmp(text, f->key, strlen(f->key)) != 0)
		return;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
	if (sscanf(text + strlen(f->key), "%" SCNu64, &value) == 1)
		(void)json_object_set_new(ret, f->name,
					  json_integer((json_int_t)(value / f->divisor)));
}

int lab_grouped_state(const struct lab_engine *engine, const struct lab_engine_host *host,
		      const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	LAB_CLEANUP(lab_cgroups_close) struct lab_cgroups groups = { .n = 0 };
	bool running = lab_grouped_running(engine, host);
	char group[LAB_GROUPS_NAME_LEN];
	int r = running ? lab_groups_open(engine, &groups, err) : 0;

	(void)args;
	(void)ret_fd;
	if (r < 0)
		return r;
	(void)json_object_set_new(ret, "status",
				  json_string(!running                  ? "stopped"
					      : is_frozen(engine, host) ? "frozen"
									: "running"));
	group_of(engine, host, group);
	for (uint32_t i = 0; i < groups.n; i++) {
		cleanup_close int dir = lab_cgroups_open_host(&groups.list[i], group, NULL);

		for (size_t f = 0; dir >= 0 && f < LAB_ARRAY_SIZE(figures); f++)
			take_figure(dir, &figures[f], ret);
	}
	return 0;
}

/* --- names, files ------------------------------------------------------------------------------ */

int lab_grouped_rename(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	const char *name = json_string_value(json_object_get(args, "name"));
	cleanup_close int uts = -1;
	char path[64];

	(void)ret_fd;
	if (!name)
		return lab_err_set(err, EINVAL, "name must be there, as text");
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/uts", (int)lab_grouped_pid(host));
	if (lab_grouped_running(engine, host))
		uts = open(path, O_RDONLY | O_CLOEXEC);
	if (uts >= 0 && (setns(uts, CLONE_NEWUTS) < 0 || sethostname(name, strlen(name)) < 0))
		return lab_err_errno(err, errno, "change its host name");
	return json_object_set_new(ret, "keep", json_pack("{s:s}", "name", name)) < 0
		       ? no_memory(err)
		       : 0;
}

/* Do something with its files while none of its processes runs. */
static int standing_still(const struct lab_engine *engine, const struct lab_engine_host *host,
			  const json_t *args, json_t *ret,
			  int (*fn)(const struct lab_engine_host *host, const json_t *args,
				    json_t *ret, struct lab_err *err),
			  struct lab_err *err)
{
	bool held = lab_grouped_running(engine, host) && !is_frozen(engine, host);
	int r = held ? freezing(engine, host, true, err) : 0;

	if (r == 0)
		r = fn(host, args, ret, err);
	if (held)
		(void)freezing(engine, host, false, NULL);
	return r;
}

int lab_grouped_snapshot(const struct lab_engine *engine, const struct lab_engine_host *host,
			 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	int r = lab_layers_check(host, args, err);

	(void)ret_fd;
	return r < 0 ? r : standing_still(engine, host, args, ret, lab_layers_create, err);
}

int lab_grouped_publish(const struct lab_engine *engine, const struct lab_engine_host *host,
			const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	(void)ret_fd;
	if (lab_grouped_busybox(host))
		return lab_err_set(
			err, EOPNOTSUPP,
			"its root is the template busybox with the machine's programs, which is no image by itself");
	return standing_still(engine, host, args, ret, lab_layers_publish, err);
}

int lab_grouped_clear(const struct lab_engine_host *host, const json_t *args, struct lab_err *err)
{
	const char *root = lab_layers_path(host);
	int r;

	/* Its files go with the run directory. */
	if (json_is_true(json_object_get(args, "closing")))
		return 0;
	if (root && umount2(root, MNT_DETACH) < 0 && errno != EINVAL)
		return lab_err_errno(err, errno, "umount %s", root);
	r = lab_files_remove(AT_FDCWD, host->dir);
	if (r == 0 && mkdir(host->dir, 0700) < 0)
		r = -errno;
	return r < 0 ? lab_err_errno(err, -r, "remove %s", host->dir) : 0;
}
