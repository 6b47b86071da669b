/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxc.c - hosts in containers of LXC, by its library */
#include <errno.h>

#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/backend/busybox.h"
#include "netlab/backend/groups.h"
#include "netlab/backend/journal.h"
#include "netlab/backend/layers.h"
#include "netlab/backend/lend.h"
#include "netlab/backend/liblxc.h"
#include "netlab/base/files.h"
#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/ns/mount.h"

#define PATHS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	START_MS = 60000,
	SHUTDOWN_MAX_MS = 60000,
	STOPPED_S = 10,
};

static void probe(struct lab_backend_probe *ret)
{
	struct lab_err err;
	const char *version = lab_liblxc_version(&err);

	if (version) {
		(void)snprintf(ret->version, sizeof(ret->version), "%.63s", version);
		return;
	}
	(void)snprintf(ret->missing, sizeof(ret->missing), "the library liblxc.so.1");
	(void)snprintf(ret->fix, sizeof(ret->fix), "apt-get install liblxc1");
}

static int backend_open(struct lab_engine *engine, struct lab_err *err)
{
	char name[LAB_GROUPS_NAME_LEN];

	/* As long as this process lives, nobody removes the images that hosts are made from. */
	for (size_t i = 0; i < engine->n_hosts; i++) {
		const struct lab_engine_host *host = &engine->hosts[i];
		cleanup_free char *lower = NULL;

		if (host->image && strcmp(host->backend, "lxc") == 0)
			(void)lab_lend_lower(host->image, &lower, NULL);
	}
	lab_groups_name(engine, name);
	return lab_journal_add(engine, err, "cgroups %s", name);
}

static bool runs_init(const struct lab_engine_host *host)
{
	const char *value = json_string_value(json_object_get(host->settings, "init"));

	return value && strcmp(value, "yes") == 0;
}

static json_int_t kept_number(const struct lab_engine_host *host, const char *name)
{
	return json_integer_value(json_object_get(host->kept, name));
}

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

/* --- roots ------------------------------------------------------------------------------------- */

static int create(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	static const char *const own_images[] = { LAB_BUSYBOX_IMAGE, NULL };
	bool busybox = lab_busybox_is(host);
	cleanup_free char *lower = NULL;
	const char *init = json_string_value(json_object_get(host->settings, "init"));
	int r;

	(void)args;
	(void)ret_fd;
	if (init && strcmp(init, "yes") != 0 && strcmp(init, "no") != 0)
		return lab_err_set(err, EINVAL, "init must be yes or no, and is \"%.60s\"", init);
	r = busybox ? lab_busybox_make(engine, &lower, err)
		    : lab_lend_lower(host->image, &lower, err);
	if (r == -ENOENT && host->image && lab_str_nearest(host->image, own_images))
		r = lab_err_set(err, ENOENT, "there is no image \"%.100s\"; did you mean %s?",
				host->image, own_images[0]);
	if (r == 0)
		r = lab_layers_root(engine, host, lower, ret, err);
	return r == 0 && busybox ? lab_busybox_host(host, err) : r;
}

/* --- the library ------------------------------------------------------------------------------- */

static int make_dirs(const char *path)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(copy, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/*
 * The library locks containers by files below /run/lxc, whose folders would stay. So it gets a /run of its own, with nothing in it but the files of the
 * lab's engines.
 */
static int hide_run(const struct lab_engine *engine, struct lab_err *err)
{
	cleanup_close int tree = -1;
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return lab_err_errno(err, errno, "unshare the mount namespace");
	tree = lab_mount_tree_whole(engine->dir, err);
	if (tree < 0)
		return tree;
	r = lab_mount("netlab", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755", err);
	if (r < 0)
		return r;
	r = make_dirs(engine->dir);
	return r < 0 ? lab_err_errno(err, -r, "mkdir %s", engine->dir)
		     : lab_mount_attach(tree, engine->dir, err);
}

static int open_container(const struct lab_engine *engine, const struct lab_engine_host *host,
			  struct lxc_container **ret, struct lab_err *err)
{
	int r = hide_run(engine, err);

	return r < 0 ? r : lab_liblxc_new(host->id, host->dir, ret, err);
}

static void group_of(const struct lab_engine *engine, const struct lab_engine_host *host,
		     char ret[LAB_GROUPS_NAME_LEN])
{
	lab_groups_host(engine, host, (unsigned int)kept_number(host, "run"), ret);
}

/* "lxc h1 20261126022759.632 ERROR    start - ../src/lxc/start.c:function:123 - What is the matter": the first of them is the cause. */
static int explain(const char *log, const char *what, struct lab_err *err)
{
	cleanup_close int fd = open(log, O_RDONLY | O_CLOEXEC);
	char text[8192], *at, *end;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n > 0) {
		text[n] = '\0';
		at = strstr(text, " ERROR ");
		end = at ? strchr(at, '\n') : NULL;
		if (end)
			*end = '\0';
		for (int i = 0; at && i < 2; i++) {
			at = strstr(at, " - ");
			at = at ? at + 3 : NULL;
		}
		if (at)
			return lab_err_set(err, EIO, "%s: %.300s", what, at);
	}
	return lab_err_set(err, EIO, "%s, and liblxc does not say why", what);
}

/* --- its configuration ------------------------------------------------------------------------- */

/**
 * struct config - a configuration being written
 * @c:		container
 * @err:	filled when something was refused
 * @r:		0 or -errno of the first
 */
struct config {
	struct lxc_container *c;
	struct lab_err *err;
	int r;
};

static void set(struct config *cf, const char *key, const char *fmt, ...) LAB_PRINTF(3, 4);
static void set(struct config *cf, const char *key, const char *fmt, ...)
{
	char *value;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (n < 0) {
		cf->r = lab_err_set(cf->err, ENOMEM, "out of memory");
		return;
	}
	if (cf->r == 0 && !cf->c->set_config_item(cf->c, key, value))
		cf->r = lab_err_set(cf->err, EINVAL, "liblxc refuses %s = %.200s", key, value);
	free(value);
}

/* As in fstab(5), but for the root that is left out of the target. */
static void bind(struct config *cf, const char *source, const char *target, const char *options)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	for (const char *c = source; *c; c++)
		if (strchr(" \t\n\\", *c))
			lab_strbuf_printf(&sb, "\\%03o", (unsigned int)(unsigned char)*c);
		else
			lab_strbuf_putc(&sb, *c);
	set(cf, "lxc.mount.entry", "%s %s none %s 0 0", lab_strbuf_str(&sb), &target[1], options);
}

static void set_groups(struct config *cf, const struct lab_engine *engine, const char *group)
{
	char name[LAB_GROUPS_NAME_LEN];

	lab_groups_name(engine, name);
	/* Relative to where this process is, which is the root. */
	set(cf, "lxc.cgroup.relative", "1");
	set(cf, "lxc.cgroup.dir.container", "%s/host.%s", name, group);
	set(cf, "lxc.cgroup.dir.monitor", "%s/monitor.%s", name, group);
	set(cf, "lxc.cgroup.dir.monitor.pivot", "%s/pivot", name);
}

static void set_mounts(struct config *cf, const struct lab_engine *engine,
		       const struct lab_engine_host *host, const char *socket_path)
{
	const char *share;
	char *gateways;

	/* An init mounts what it wants there itself. What of /proc and /sys may be written is otherwise the agent's business. */
	if (runs_init(host)) {
		set(cf, "lxc.mount.auto", "proc:mixed sys:mixed cgroup:mixed");
	} else {
		set(cf, "lxc.mount.auto", "proc:rw sys:rw");
		set(cf, "lxc.mount.entry",
		    "tmpfs run tmpfs rw,nosuid,nodev,mode=755,create=dir 0 0");
		set(cf, "lxc.mount.entry",
		    "tmpfs tmp tmpfs rw,nosuid,nodev,mode=1777,create=dir 0 0");
		bind(cf, engine->agent, LAB_LEND_AGENT, "bind,ro,create=file");
		bind(cf, socket_path, LAB_LEND_SOCKET, "bind,create=file");
	}
	bind(cf, "/dev/net/tun", "/dev/net/tun", "bind,create=file,optional");
	if (!lab_busybox_is(host))
		return;
	for (unsigned int i = 0; (share = lab_busybox_shares(i)) != NULL; i++)
		bind(cf, share, share, "rbind,ro");
	if (asprintf(&gateways, "%s/gateways", host->dir) < 0)
		cf->r = lab_err_set(cf->err, ENOMEM, "out of memory");
	else
		bind(cf, gateways, LAB_BUSYBOX_GATEWAYS, "bind,rw");
	free(gateways);
}

/* busybox has signals of its own for this. */
static void set_halt_signal(struct config *cf, const struct lab_engine_host *host)
{
	char target[256], path[4096];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%.4000s/sbin/init", lab_layers_path(host));
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	if (lab_busybox_is(host) || strstr(target, "busybox"))
		set(cf, "lxc.signal.halt", "SIGUSR2");
}

static int configure(struct lxc_container *c, const struct lab_engine *engine,
		     const struct lab_engine_host *host, const char *group, const char *socket_path,
		     const char *log, struct lab_err *err)
{
	const char *name = json_string_value(json_object_get(host->kept, "name"));
	struct config cf = { .c = c, .err = err };

	set(&cf, "lxc.log.file", "%s", log);
	set(&cf, "lxc.log.level", "ERROR");
	set(&cf, "lxc.uts.name", "%s", name ? name : host->id);
	set(&cf, "lxc.rootfs.managed", "0");
	set(&cf, "lxc.rootfs.path", "dir:%s", lab_layers_path(host));
	set(&cf, "lxc.rootfs.mount", "%s/mnt", host->dir);
	set(&cf, "lxc.namespace.share.net", "%s", host->netns);
	set(&cf, "lxc.autodev", "1");
	set(&cf, "lxc.pty.max", "1024");
	set(&cf, "lxc.tty.max", "0");
	set(&cf, "lxc.console.path", "none");
	set(&cf, "lxc.environment", "PATH=" PATHS);
	set(&cf, "lxc.environment", "LANG=C.UTF-8");
	set_groups(&cf, engine, group);
	set_mounts(&cf, engine, host, socket_path);
	if (runs_init(host))
		set_halt_signal(&cf, host);
	/* A library that was built without AppArmor does not know the key, and needs none. */
	(void)c->set_config_item(c, "lxc.apparmor.profile", "unconfined");
	return cf.r;
}

/* --- start ------------------------------------------------------------------------------------- */

static int run_container(struct lxc_container *c, const struct lab_engine_host *host,
			 const char *log, struct lab_err *err)
{
	char agent[] = LAB_LEND_AGENT, confine[] = "--confine", connect[] = "--connect",
	     sock[] = LAB_LEND_SOCKET, init[] = "/sbin/init";
	char *agent_argv[] = { agent, confine, connect, sock, NULL }, *init_argv[] = { init, NULL };

	(void)c->want_daemonize(c, true);
	(void)c->want_close_all_fds(c, true);
	if (!c->start(c, 0, runs_init(host) ? init_argv : agent_argv))
		return explain(log, "the container does not start", err);
	return 0;
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

static int agent_of(struct lxc_container *c, const struct lab_engine *engine,
		    const struct lab_engine_host *host, int sock, pid_t pid, const char *log,
		    struct lab_err *err)
{
	int fd = -1, r;

	if (runs_init(host)) {
		r = lab_lend_inject(engine, pid, NULL, &fd, err);
		return r < 0 ? r : fd;
	}
	fd = lab_lend_accept(sock, pid, START_MS, err);
	(void)c;
	return fd == -ECHILD ? explain(log, err->msg, err) : fd;
}

static int start(const struct lab_engine *engine, const struct lab_engine_host *host,
		 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	json_int_t run = kept_number(host, "run") + 1;
	cleanup_lxc struct lxc_container *c = NULL;
	cleanup_free char *path = NULL, *log = NULL, *mnt = NULL;
	const struct lab_limits limits = limits_of(host);
	char group[LAB_GROUPS_NAME_LEN];
	cleanup_close int sock = -1;
	int r, fd = -1;
	pid_t pid;

	(void)args;
	if (asprintf(&log, "%s/log", host->dir) < 0 || asprintf(&mnt, "%s/mnt", host->dir) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (mkdir(mnt, 0755) < 0 && errno != EEXIST)
		return lab_err_errno(err, errno, "mkdir %s", mnt);
	(void)unlink(log);
	sock = lab_lend_listen(host, &path, err);
	if (sock < 0)
		return sock;
	lab_groups_leave();
	lab_groups_host(engine, host, (unsigned int)run, group);
	r = open_container(engine, host, &c, err);
	/* The monitor of one that has just died may still be about its end. */
	if (r == 0 && c->is_running(c) && !c->wait(c, "STOPPED", STOPPED_S))
		r = lab_err_set(err, EBUSY, "it runs already");
	if (r == 0)
		r = configure(c, engine, host, group, path, log, err);
	if (r == 0)
		r = run_container(c, host, log, err);
	if (r < 0)
		return r;
	pid = c->init_pid(c);
	if (lab_limits_controllers(&limits))
		r = limit(engine, group, &limits, err);
	if (r == 0)
		r = fd = agent_of(c, engine, host, sock, pid, log, err);
	if (r < 0) {
		(void)c->stop(c);
		return r;
	}
	*ret_fd = fd;
	(void)json_object_set_new(ret, "pid", json_integer(pid));
	return json_object_set_new(ret, "keep",
				   json_pack("{s:I, s:i}", "run", run, "pid", (int)pid)) < 0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

/* --- freeze, stop, destroy --------------------------------------------------------------------- */

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

static int freeze(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	(void)args;
	(void)ret;
	(void)ret_fd;
	return freezing(engine, host, true, err);
}

static int thaw(const struct lab_engine *engine, const struct lab_engine_host *host,
		const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	(void)args;
	(void)ret;
	(void)ret_fd;
	return freezing(engine, host, false, err);
}

static int stop(const struct lab_engine *engine, const struct lab_engine_host *host,
		const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	json_int_t timeout_ms = json_integer_value(json_object_get(args, "timeout_ms"));
	pid_t pid = (pid_t)kept_number(host, "pid");
	cleanup_lxc struct lxc_container *c = NULL;
	int r = open_container(engine, host, &c, err);

	(void)ret;
	(void)ret_fd;
	if (r < 0 || !c->is_running(c))
		return r;
	(void)freezing(engine, host, false, NULL);
	timeout_ms = LAB_MIN(timeout_ms, SHUTDOWN_MAX_MS);
	if (timeout_ms > 0 && runs_init(host)) {
		struct config cf = { .c = c };

		set_halt_signal(&cf, host);
		(void)c->shutdown(c, (int)((timeout_ms + 999) / 1000));
	} else if (timeout_ms > 0 && pid > 1) {
		lab_lend_ask(pid, (int)timeout_ms);
	}
	if (c->is_running(c) && !c->stop(c) && c->is_running(c))
		return lab_err_set(err, EIO, "liblxc does not stop it");
	return c->wait(c, "STOPPED", STOPPED_S)
		       ? 0
		       : lab_err_set(err, ETIMEDOUT, "it does not end within %d s", STOPPED_S);
}

static int destroy(const struct lab_engine *engine, const struct lab_engine_host *host,
		   const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	const char *root = lab_layers_path(host);
	cleanup_json json_t *none = json_object();
	int r = stop(engine, host, none, ret, ret_fd, err);

	/* Its files go with the run directory. */
	if (r < 0 || json_is_true(json_object_get(args, "closing")))
		return r;
	if (root && umount2(root, MNT_DETACH) < 0 && errno != EINVAL)
		return lab_err_errno(err, errno, "umount %s", root);
	r = lab_files_remove(AT_FDCWD, host->dir);
	if (r == 0 && mkdir(host->dir, 0700) < 0)
		r = -errno;
	return r < 0 ? lab_err_errno(err, -r, "remove %s", host->dir) : 0;
}

/* --- state, config, rename --------------------------------------------------------------------- */

/* The first of these that is there; -1 = none. */
static json_int_t usage(struct lxc_container *c, const char *const *items)
{
	char text[4096], *at;
	unsigned long long value;

	for (; *items; items++) {
		int n = c->get_cgroup_item(c, *items, text, sizeof(text) - 1);

		if (n <= 0)
			continue;
		text[LAB_MIN(n, (int)sizeof(text) - 1)] = '\0';
		at = strncmp(text, "usage_usec ", 11) == 0 ? text + 11 : text;
		/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
		if (sscanf(at, "%llu", &value) == 1)
			return (json_int_t)(at == text ? value : value * 1000);
	}
	return -1;
}

static int state(const struct lab_engine *engine, const struct lab_engine_host *host,
		 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	static const char *const processes[] = { "pids.current", NULL },
				 *const memory[] = { "memory.usage_in_bytes", "memory.current",
						     NULL },
				 *const cpu[] = { "cpuacct.usage", "cpu.stat", NULL };
	cleanup_lxc struct lxc_container *c = NULL;
	int r = open_container(engine, host, &c, err);
	json_int_t value;

	(void)args;
	(void)ret_fd;
	if (r < 0)
		return r;
	(void)json_object_set_new(ret, "status",
				  json_string(!c->is_running(c)         ? "stopped"
					      : is_frozen(engine, host) ? "frozen"
									: "running"));
	value = usage(c, processes);
	if (value >= 0)
		(void)json_object_set_new(ret, "processes", json_integer(value));
	value = usage(c, memory);
	if (value >= 0)
		(void)json_object_set_new(ret, "memory", json_integer(value));
	value = usage(c, cpu);
	if (value >= 0)
		(void)json_object_set_new(ret, "cpu_us", json_integer(value / 1000));
	return 0;
}

static int config(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	const json_t *memory = json_object_get(args, "memory"),
		     *cpus = json_object_get(args, "cpus_milli"),
		     *pids = json_object_get(args, "pids");
	struct lab_limits limits = limits_of(host);
	cleanup_lxc struct lxc_container *c = NULL;
	char group[LAB_GROUPS_NAME_LEN];
	int r = open_container(engine, host, &c, err);

	(void)ret_fd;
	if (memory)
		limits.memory_bytes = (uint64_t)json_integer_value(memory);
	if (cpus)
		limits.cpus_milli = (uint32_t)json_integer_value(cpus);
	if (pids)
		limits.pids = (uint32_t)json_integer_value(pids);
	group_of(engine, host, group);
	if (r == 0 && c->is_running(c))
		r = limit(engine, group, &limits, err);
	if (r < 0)
		return r;
	return json_object_set_new(ret, "keep",
				   json_pack("{s:{s:I, s:i, s:i}}", "limits", "memory",
					     (json_int_t)limits.memory_bytes, "cpus_milli",
					     (int)limits.cpus_milli, "pids", (int)limits.pids)) < 0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

/* What it calls itself, now and from its next start on. The library knows it by its first name, which nobody sees. */
static int rename_host(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	const char *name = json_string_value(json_object_get(args, "name"));
	char path[64];
	cleanup_close int uts = -1;

	(void)engine;
	(void)ret_fd;
	if (!name)
		return lab_err_set(err, EINVAL, "name must be there, as text");
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/uts", (int)kept_number(host, "pid"));
	uts = open(path, O_RDONLY | O_CLOEXEC);
	if (uts >= 0 && (setns(uts, CLONE_NEWUTS) < 0 || sethostname(name, strlen(name)) < 0))
		return lab_err_errno(err, errno, "change its host name");
	return json_object_set_new(ret, "keep", json_pack("{s:s}", "name", name)) < 0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

/* --- snapshots --------------------------------------------------------------------------------- */

/* Is its init, or one that has the same number by now, in its group? */
static bool is_running(const struct lab_engine *engine, const struct lab_engine_host *host)
{
	char name[LAB_GROUPS_NAME_LEN], group[LAB_GROUPS_NAME_LEN], path[64], text[8192],
		part[2 * LAB_GROUPS_NAME_LEN + 16];
	cleanup_close int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)kept_number(host, "pid"));
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

static int snapshot(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	bool running = is_running(engine, host), frozen;
	int r = lab_layers_check(host, args, err);

	(void)ret_fd;
	if (r < 0)
		return r;
	frozen = running && is_frozen(engine, host);
	if (running && !frozen)
		r = freezing(engine, host, true, err);
	if (r == 0)
		r = lab_layers_create(host, args, ret, err);
	if (running && !frozen)
		(void)freezing(engine, host, false, NULL);
	return r;
}

const struct lab_backend lab_backend_lxc = {
	.name = "lxc",
	.probe = probe,
	.open = backend_open,
	.ops = { [LAB_HOST_CREATE] = create,
		 [LAB_HOST_START] = start,
		 [LAB_HOST_STOP] = stop,
		 [LAB_HOST_FREEZE] = freeze,
		 [LAB_HOST_THAW] = thaw,
		 [LAB_HOST_STATE] = state,
		 [LAB_HOST_CONFIG] = config,
		 [LAB_HOST_RENAME] = rename_host,
		 [LAB_HOST_DESTROY] = destroy,
		 [LAB_HOST_SNAPSHOT_CREATE] = snapshot,
		 [LAB_HOST_SNAPSHOT_LIST] = lab_layers_list,
		 [LAB_HOST_SNAPSHOT_RENAME] = lab_layers_rename,
		 [LAB_HOST_SNAPSHOT_RESTORE] = lab_layers_restore,
		 [LAB_HOST_SNAPSHOT_DELETE] = lab_layers_delete },
};
