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
#include "netlab/backend/grouped.h"
#include "netlab/backend/layers.h"
#include "netlab/backend/lend.h"
#include "netlab/backend/liblxc.h"
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
	return lab_grouped_open(engine, "lxc", err);
}

/* --- roots ------------------------------------------------------------------------------------- */

static int create(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	static const char *const own_images[] = { LAB_BUSYBOX_IMAGE, NULL };
	bool busybox = lab_busybox_is(host);
	cleanup_free char *lower = NULL;
	int r = lab_grouped_check(host, err);

	(void)args;
	(void)ret_fd;
	if (r < 0)
		return r;
	r = busybox ? lab_busybox_make(engine, &lower, err)
		    : lab_lend_raw(engine, host->image, &lower, err);
	if (r == -ENOENT && host->image && lab_str_nearest(host->image, own_images))
		r = lab_err_set(err, ENOENT, "there is no image \"%.100s\"; did you mean %s?",
				host->image, own_images[0]);
	if (r == 0)
		r = lab_layers_root(engine, host, lower, ret, err);
	return r == 0 && busybox ? lab_busybox_host(host, err) : r;
}

/* --- the library ------------------------------------------------------------------------------- */

static int open_container(const struct lab_engine *engine, const struct lab_engine_host *host,
			  struct lxc_container **ret, struct lab_err *err)
{
	int r = lab_lend_hide_run(engine, err);

	return r < 0 ? r : lab_liblxc_new(host->id, host->dir, ret, err);
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
	if (lab_grouped_init(host)) {
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

static void set_halt_signal(struct config *cf, const struct lab_engine_host *host)
{
	if (lab_grouped_busybox(host))
		set(cf, "lxc.signal.halt", "SIGUSR2");
}

static int configure(struct lxc_container *c, const struct lab_engine *engine,
		     const struct lab_engine_host *host, const char *group, const char *socket_path,
		     const char *log, struct lab_err *err)
{
	struct config cf = { .c = c, .err = err };

	set(&cf, "lxc.log.file", "%s", log);
	set(&cf, "lxc.log.level", "ERROR");
	set(&cf, "lxc.uts.name", "%s", lab_grouped_name(host));
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
	if (lab_grouped_init(host))
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
	if (!c->start(c, 0, lab_grouped_init(host) ? init_argv : agent_argv))
		return explain(log, "the container does not start", err);
	return 0;
}

static int agent_of(struct lxc_container *c, const struct lab_engine *engine,
		    const struct lab_engine_host *host, int sock, pid_t pid, const char *log,
		    struct lab_err *err)
{
	int fd = -1, r;

	if (lab_grouped_init(host)) {
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
	unsigned int run = lab_grouped_run(host) + 1;
	cleanup_lxc struct lxc_container *c = NULL;
	cleanup_free char *path = NULL, *log = NULL, *mnt = NULL;
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
	lab_groups_host(engine, host, run, group);
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
	r = lab_grouped_limit(engine, host, group, err);
	if (r == 0)
		r = fd = agent_of(c, engine, host, sock, pid, log, err);
	if (r < 0) {
		(void)c->stop(c);
		return r;
	}
	*ret_fd = fd;
	(void)json_object_set_new(ret, "pid", json_integer(pid));
	return json_object_set_new(ret, "keep",
				   json_pack("{s:i, s:i}", "run", (int)run, "pid", (int)pid)) < 0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

/* --- stop, destroy ----------------------------------------------------------------------------- */

static int stop(const struct lab_engine *engine, const struct lab_engine_host *host,
		const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	json_int_t timeout_ms = json_integer_value(json_object_get(args, "timeout_ms"));
	pid_t pid = lab_grouped_pid(host);
	cleanup_lxc struct lxc_container *c = NULL;
	int r = open_container(engine, host, &c, err);

	(void)ret;
	(void)ret_fd;
	if (r < 0 || !c->is_running(c))
		return r;
	lab_grouped_thawed(engine, host);
	timeout_ms = LAB_MIN(timeout_ms, SHUTDOWN_MAX_MS);
	if (timeout_ms > 0 && lab_grouped_init(host)) {
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
	cleanup_json json_t *none = json_object();
	/* Where stop() has been, the root is a mount that nobody can get at any more. A host that is deleted was stopped before. */
	bool runs = json_is_true(json_object_get(args, "closing")) ||
		    lab_grouped_running(engine, host);
	int r = runs ? stop(engine, host, none, ret, ret_fd, err) : 0;

	return r < 0 ? r : lab_grouped_clear(host, args, err);
}

const struct lab_backend lab_backend_lxc = {
	.name = "lxc",
	.probe = probe,
	.open = backend_open,
	.ops = { [LAB_HOST_CREATE] = create,
		 [LAB_HOST_START] = start,
		 [LAB_HOST_STOP] = stop,
		 [LAB_HOST_FREEZE] = lab_grouped_freeze,
		 [LAB_HOST_THAW] = lab_grouped_thaw,
		 [LAB_HOST_STATE] = lab_grouped_state,
		 [LAB_HOST_CONFIG] = lab_grouped_config,
		 [LAB_HOST_RENAME] = lab_grouped_rename,
		 [LAB_HOST_DESTROY] = destroy,
		 [LAB_HOST_SNAPSHOT_CREATE] = lab_grouped_snapshot,
		 [LAB_HOST_SNAPSHOT_LIST] = lab_layers_list,
		 [LAB_HOST_SNAPSHOT_RENAME] = lab_layers_rename,
		 [LAB_HOST_SNAPSHOT_RESTORE] = lab_layers_restore,
		 [LAB_HOST_PUBLISH] = lab_grouped_publish,
		 [LAB_HOST_SNAPSHOT_DELETE] = lab_layers_delete },
};
