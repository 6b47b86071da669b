/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nspawn.c - hosts in containers of systemd-nspawn */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "netlab/backend/lend.h"
#include "netlab/base/program.h"
#include "netlab/base/util.h"

#define PROGRAM "systemd-nspawn"

enum {
	PROBE_MS = 10000,
	START_MS = 60000,
	STOP_MS = 10000,
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

static int create(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_free char *lower = NULL, *root = NULL;
	int r = lab_lend_lower(host->image, &lower, err);

	if (r == 0)
		r = lab_lend_root(engine, host, lower, &root, err);
	(void)args;
	(void)ret_fd;
	if (r == 0 && json_object_set_new(ret, "keep", json_pack("{s:s}", "root", root)) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	return r;
}

/*
 * Registration with machined, units and the lock are for machines that the whole system knows. "network" gives the container the /sys of the
 * namespace that it joins, and a writable /proc/sys/net; without it nspawn mounts /sys before it joins.
 */
static void exec_nspawn(const struct lab_engine *engine, const struct lab_engine_host *host,
			const char *socket_path, int log) __attribute__((noreturn));
static void exec_nspawn(const struct lab_engine *engine, const struct lab_engine_host *host,
			const char *socket_path, int log)
{
	const char *root = json_string_value(json_object_get(host->kept, "root"));
	cleanup_free char *net = NULL, *machine = NULL, *dir = NULL, *agent = NULL, *sock = NULL;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (!root || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 ||
	    asprintf(&net, "--network-namespace-path=%s", host->netns) < 0 ||
	    asprintf(&machine, "--machine=%s", host->id) < 0 ||
	    asprintf(&dir, "--directory=%s", root) < 0 ||
	    asprintf(&agent, "--bind-ro=%s:" LAB_LEND_AGENT, engine->agent) < 0 ||
	    asprintf(&sock, "--bind=%s:" LAB_LEND_SOCKET, socket_path) < 0)
		_exit(126);
	(void)setenv("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network", 1);
	(void)setenv("SYSTEMD_NSPAWN_LOCK", "0", 1);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setsid();
	(void)execlp(PROGRAM, PROGRAM, "--quiet", "--register=no", "--keep-unit", "--console=pipe",
		     "--capability=all", "--link-journal=no", "--resolv-conf=off", "--timezone=off",
		     "--as-pid2", net, machine, dir, agent, sock, LAB_LEND_AGENT, "--confine",
		     "--connect", LAB_LEND_SOCKET, (char *)NULL);
	_exit(127);
}

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

static int start(const struct lab_engine *engine, const struct lab_engine_host *host,
		 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_free char *path = NULL;
	cleanup_close int sock = lab_lend_listen(host, &path, err);
	cleanup_close int log = sock < 0 ? -1 : open_log(host, err);
	pid_t pid;
	int fd;

	(void)args;
	if (sock < 0 || log < 0)
		return sock < 0 ? sock : log;
	pid = fork();
	if (pid == 0)
		exec_nspawn(engine, host, path, log);
	if (pid < 0)
		return lab_err_errno(err, errno, "fork");
	fd = lab_lend_accept(sock, pid, START_MS, err);
	if (fd < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return explain(log, err);
	}
	*ret_fd = fd;
	return json_object_set_new(ret, "keep", json_pack("{s:i}", "pid", (int)pid)) < 0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

const struct lab_backend lab_backend_nspawn = {
	.name = "nspawn",
	.probe = probe,
	.ops = { [LAB_HOST_CREATE] = create, [LAB_HOST_START] = start },
};
