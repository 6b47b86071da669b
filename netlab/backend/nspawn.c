/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nspawn.c - hosts in containers of systemd-nspawn */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/backend/grouped.h"
#include "netlab/backend/layers.h"
#include "netlab/backend/lend.h"
#include "netlab/base/loop.h"
#include "netlab/base/parse.h"
#include "netlab/base/program.h"
#include "netlab/base/util.h"

#define PROGRAM "systemd-nspawn"

enum {
	PROBE_MS = 10000,
	START_MS = 60000,
	STOP_MS = 10000,
	SHUTDOWN_MAX_MS = 60000,
};

static void probe(struct lab_backend_probe *ret)
{
	const char *const argv[] = { PROGRAM, "--version", NULL };
	cleanup_strbuf struct lab_strbuf out = LAB_STRBUF_INIT;
	struct lab_err err;

	if (!lab_program_in_path(PROGRAM, getenv("PATH"))) {
		(void)snprintf(ret->missing, sizeof(ret->missing), "the program " PROGRAM);
		(void)snprintf(ret->fix, sizeof(ret->fix), "apt-get install systemd-container");
	} else if (lab_lend_run(argv, &out, PROBE_MS, &err) < 0) {
		(void)snprintf(ret->missing, sizeof(ret->missing), "%.150s", err.msg);
	} else {
		(void)sscanf(lab_strbuf_str(&out), "systemd %63s", ret->version);
	}
}

static int backend_open(struct lab_engine *engine, struct lab_err *err)
{
	return lab_grouped_open(engine, "nspawn", err);
}

static int create(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_free char *lower = NULL;
	int r = lab_grouped_check(host, err);

	(void)args;
	(void)ret_fd;
	if (r == 0)
		r = lab_lend_raw(engine, host->image, &lower, err);
	return r < 0 ? r : lab_layers_root(engine, host, lower, ret, err);
}

/* --- its command line -------------------------------------------------------------------------- */

enum { ARGS_MAX = 32 };

/**
 * struct command - a command line being written
 * @argv:	NULL-terminated
 * @n:		how many
 * @failed:	out of memory
 */
struct command {
	char *argv[ARGS_MAX + 1];
	size_t n;
	bool failed;
};

static void arg(struct command *c, const char *fmt, ...) LAB_PRINTF(2, 3);
static void arg(struct command *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (c->n == ARGS_MAX || vasprintf(&c->argv[c->n], fmt, ap) < 0) {
		c->argv[c->n] = NULL;
		c->failed = true;
	} else {
		c->n++;
	}
	va_end(ap);
}

/*
 * machined and units are for machines that the whole system knows; to them the numbers of the lab's processes would be those of others. Without an init
 * of its own, what a host may is the agent's business; an init gets what nspawn gives to all, and its network.
 */
static void describe(struct command *c, const struct lab_engine *engine,
		     const struct lab_engine_host *host, const char *socket_path)
{
	arg(c, "%s", PROGRAM);
	arg(c, "--quiet");
	arg(c, "--register=no");
	arg(c, "--keep-unit");
	arg(c, "--console=pipe");
	arg(c, "--link-journal=no");
	arg(c, "--resolv-conf=off");
	arg(c, "--timezone=off");
	arg(c, "--network-namespace-path=%s", host->netns);
	arg(c, "--machine=%s", host->id);
	arg(c, "--hostname=%s", lab_grouped_name(host));
	arg(c, "--directory=%s", lab_layers_path(host));
	if (lab_grouped_init(host)) {
		arg(c, "--boot");
		arg(c, "--capability=CAP_NET_ADMIN");
		if (lab_grouped_busybox(host))
			arg(c, "--kill-signal=SIGUSR2");
		return;
	}
	arg(c, "--capability=all");
	arg(c, "--bind-ro=%s:" LAB_LEND_AGENT, engine->agent);
	arg(c, "--bind=%s:" LAB_LEND_SOCKET, socket_path);
	arg(c, "--as-pid2");
	arg(c, LAB_LEND_AGENT);
	arg(c, "--confine");
	arg(c, "--connect");
	arg(c, LAB_LEND_SOCKET);
}

/**
 * struct launch - a container about to be started
 * @engine:	lab
 * @host:	host
 * @group:	its group
 * @socket_path: where the agent connects to
 * @notify:	address for what nspawn tells about itself
 * @log:	for what it says
 */
struct launch {
	const struct lab_engine *engine;
	const struct lab_engine_host *host;
	const char *group, *socket_path, *notify;
	int log;
};

/*
 * "network" gives the container the /sys of the namespace that it joins, and a writable /proc/sys/net; without it nspawn mounts /sys before it joins. The
 * lock is for roots that two might use.
 */
static void exec_nspawn(const struct launch *l) __attribute__((noreturn));
static void exec_nspawn(const struct launch *l)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct command c = { .n = 0 };
	struct lab_err err;

	if (null < 0 || dup2(null, 0) < 0 || dup2(l->log, 1) < 0 || dup2(l->log, 2) < 0)
		_exit(126);
	if (lab_groups_enter(l->engine, l->group, &err) < 0 ||
	    lab_grouped_limit(l->engine, l->host, l->group, &err) < 0 ||
	    lab_lend_hide_run(l->engine, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		_exit(1);
	}
	describe(&c, l->engine, l->host, l->socket_path);
	(void)setenv("NOTIFY_SOCKET", l->notify, 1);
	(void)setenv("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network", 1);
	(void)setenv("SYSTEMD_NSPAWN_LOCK", "0", 1);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setsid();
	if (!c.failed)
		(void)execvp(PROGRAM, c.argv);
	_exit(127);
}

/* --- start ------------------------------------------------------------------------------------- */

static int open_log(const struct lab_engine_host *host, struct lab_err *err)
{
	cleanup_free char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/log", host->dir) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd < 0 ? lab_err_errno(err, errno, "open %s", path) : fd;
}

/* The last thing that nspawn said. */
static int explain(int log, struct lab_err *err)
{
	char text[4096];
	ssize_t n = pread(log, text, sizeof(text) - 1, 0);
	char *line;

	if (n <= 0)
		return lab_err_prefix(err, -EIO, PROGRAM ": ");
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	line = strrchr(text, '\n');
	return lab_err_set(err, EIO, PROGRAM ": %.300s", line ? line + 1 : text);
}

/* Where nspawn tells that the container runs, and which process its init is. By a descriptor of ours, as the path may be longer than an address. */
static int listen_notify(const struct lab_engine_host *host, int *ret_dir, char address[64],
			 struct lab_err *err)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cleanup_close int dir = open(host->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (fd < 0 || dir < 0)
		return lab_err_errno(err, errno, "open a socket in %s", host->dir);
	(void)snprintf(address, 64, "/proc/%d/fd/%d/notify", (int)getpid(), dir);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", address);
	(void)unlink(address);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return lab_err_errno(err, errno, "bind %s/notify", host->dir);
	*ret_dir = take_fd(&dir);
	return take_fd(&fd);
}

/* Source: sd_notify(3); X_NSPAWN_LEADER_PID= in systemd-nspawn(1). Returns 0 if this one does not say it. */
static pid_t leader_in(char *text)
{
	static const char key[] = "X_NSPAWN_LEADER_PID=";
	char *save = NULL;
	unsigned int pid;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, key, strlen(key)) == 0 &&
		    lab_parse_uint(line + strlen(key), 2, INT_MAX, &pid) == 0)
			return (pid_t)pid;
	return 0;
}

static int await_leader(int notify, pid_t nspawn, pid_t *ret, struct lab_err *err)
{
	uint64_t deadline = lab_loop_now_us() + START_MS * 1000ULL, now;
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, nspawn, 0);
	struct pollfd p[2] = { { .fd = notify, .events = POLLIN },
			       { .fd = pidfd, .events = POLLIN } };

	while ((now = lab_loop_now_us()) < deadline) {
		char text[4096];
		ssize_t n;

		if (poll(p, 2, (int)((deadline - now) / 1000) + 1) < 0 && errno != EINTR)
			return lab_err_errno(err, errno, "poll");
		n = recv(notify, text, sizeof(text) - 1, MSG_DONTWAIT);
		if (n < 0 && p[1].revents)
			return lab_err_set(err, ECHILD, "it ended before its container began");
		text[n < 0 ? 0 : n] = '\0';
		*ret = leader_in(text);
		if (*ret)
			return 0;
	}
	return lab_err_set(err, ETIMEDOUT, "its container did not begin within %d s",
			   START_MS / 1000);
}

static int start(const struct lab_engine *engine, const struct lab_engine_host *host,
		 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	unsigned int run = lab_grouped_run(host) + 1;
	cleanup_free char *path = NULL;
	cleanup_close int sock = lab_lend_listen(host, &path, err);
	cleanup_close int log = sock < 0 ? -1 : open_log(host, err);
	char group[LAB_GROUPS_NAME_LEN], address[64];
	cleanup_close int dir = -1;
	cleanup_close int notify = log < 0 ? -1 : listen_notify(host, &dir, address, err);
	pid_t pid, leader = 0;
	int r, fd = -1;

	(void)args;
	if (sock < 0 || log < 0 || notify < 0)
		return sock < 0 ? sock : log < 0 ? log : notify;
	lab_groups_host(engine, host, run, group);
	pid = fork();
	if (pid == 0)
		exec_nspawn(&(struct launch){ .engine = engine,
					      .host = host,
					      .group = group,
					      .socket_path = path,
					      .notify = address,
					      .log = log });
	if (pid < 0)
		return lab_err_errno(err, errno, "fork");
	r = await_leader(notify, pid, &leader, err);
	if (r == 0 && lab_grouped_init(host))
		r = lab_lend_inject(engine, leader, NULL, &fd, err);
	else if (r == 0)
		r = fd = lab_lend_accept(sock, pid, START_MS, err);
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return explain(log, err);
	}
	*ret_fd = fd;
	(void)json_object_set_new(ret, "pid", json_integer(leader));
	return json_object_set_new(ret, "keep",
				   json_pack("{s:i, s:i, s:i}", "run", (int)run, "pid", (int)leader,
					     "nspawn", (int)pid)) < 0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

/* --- stop -------------------------------------------------------------------------------------- */

/* Returns true when the process has ended; -1 = it has. */
static bool await_end(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r = 1;

	while (pidfd >= 0 && (r = poll(&p, 1, timeout_ms)) < 0 && errno == EINTR)
		;
	return r != 0;
}

/* The first process goes, and nspawn after it. Without its nspawn, which somebody has killed, a container goes on. */
static int kill_all(int leader, int nspawn, struct lab_err *err)
{
	(void)syscall(SYS_pidfd_send_signal, leader, SIGKILL, NULL, 0);
	if (await_end(leader, STOP_MS) && !await_end(nspawn, STOP_MS))
		(void)syscall(SYS_pidfd_send_signal, nspawn, SIGKILL, NULL, 0);
	return await_end(leader, STOP_MS) && await_end(nspawn, STOP_MS)
		       ? 0
		       : lab_err_set(err, ETIMEDOUT, "it does not end within %d s", STOP_MS / 1000);
}

/* nspawn tells an init to shut down, by the signal that this one wants for that. */
static int stop(const struct lab_engine *engine, const struct lab_engine_host *host,
		const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	json_int_t timeout_ms = json_integer_value(json_object_get(args, "timeout_ms"));
	json_int_t number = json_integer_value(json_object_get(host->kept, "nspawn"));
	cleanup_close int leader = -1, nspawn = -1;

	(void)ret;
	(void)ret_fd;
	if (!lab_grouped_running(engine, host))
		return 0;
	leader = (int)syscall(SYS_pidfd_open, lab_grouped_pid(host), 0);
	nspawn = (int)syscall(SYS_pidfd_open, (pid_t)number, 0);
	if (leader < 0 && errno != ESRCH)
		return lab_err_errno(err, errno, "its init");
	lab_grouped_thawed(engine, host);
	timeout_ms = LAB_MIN(timeout_ms, SHUTDOWN_MAX_MS);
	if (timeout_ms > 0 && lab_grouped_init(host)) {
		(void)syscall(SYS_pidfd_send_signal, nspawn, SIGTERM, NULL, 0);
		(void)await_end(nspawn, (int)timeout_ms);
	} else if (timeout_ms > 0) {
		lab_lend_ask(lab_grouped_pid(host), (int)timeout_ms);
	}
	return kill_all(leader, nspawn, err);
}

static int destroy(const struct lab_engine *engine, const struct lab_engine_host *host,
		   const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_json json_t *none = json_object();
	int r = stop(engine, host, none, ret, ret_fd, err);

	return r < 0 ? r : lab_grouped_clear(host, args, err);
}

const struct lab_backend lab_backend_nspawn = {
	.name = "nspawn",
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
