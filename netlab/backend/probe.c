/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.c - ask the program that drives engines which of them are there */
#include "netlab/backend/probe.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "netlab/base/loop.h"
#include "netlab/base/program.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/rpc/json.h"

enum {
	PROBE_US = 30 * 1000 * 1000,
	OUTPUT_MAX = 1 << 16,
	NAMES_MAX = 32,
	NAME_LEN = 32,
};

static int start(const char *program, const char *const *names, int out, pid_t *ret,
		 struct lab_err *err)
{
	char own[] = "netlab-engine", option[] = "--probe";
	char *argv[NAMES_MAX + 3] = { own, option };
	char copies[NAMES_MAX][NAME_LEN];
	posix_spawn_file_actions_t actions;
	int r;

	for (size_t i = 0; i < NAMES_MAX && names[i]; i++) {
		(void)snprintf(copies[i], sizeof(copies[i]), "%s", names[i]);
		argv[i + 2] = copies[i];
	}
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return lab_err_errno(err, r, "start %s", program);
	r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (!r)
		r = posix_spawn(ret, program, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r ? lab_err_errno(err, r, "start %s", program) : 0;
}

/* All that it says, until its end or the deadline. */
static bool hear(int fd, struct lab_strbuf *sb)
{
	uint64_t deadline = lab_loop_now_us() + PROBE_US;

	while (sb->len < OUTPUT_MAX) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now = lab_loop_now_us();
		char buf[1024];
		ssize_t n;

		if (now >= deadline)
			return false;
		if (poll(&p, 1, (int)((deadline - now) / 1000) + 1) < 0 && errno != EINTR)
			return false;
		if (!p.revents)
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n == 0)
			return true;
		if (n < 0)
			return false;
		lab_strbuf_add(sb, buf, (size_t)n);
	}
	return false;
}

static void set_text(const json_t *obj, const char *key, char *ret, size_t size)
{
	const char *text = json_string_value(json_object_get(obj, key));

	(void)snprintf(ret, size, "%s", text ? text : "");
}

static void take_line(const char *line, struct lab_backend_state *ret, size_t n)
{
	cleanup_json json_t *obj = json_loads(line, 0, NULL);
	const char *name = json_string_value(json_object_get(obj, "name"));

	for (size_t i = 0; name && i < n && lab_backends[i].name; i++) {
		if (strcmp(lab_backends[i].name, name) != 0)
			continue;
		ret[i].asked = true;
		set_text(obj, "version", ret[i].version, sizeof(ret[i].version));
		set_text(obj, "missing", ret[i].missing, sizeof(ret[i].missing));
		set_text(obj, "fix", ret[i].fix, sizeof(ret[i].fix));
	}
}

int lab_backend_probe(const char *const *names, struct lab_backend_state *ret, size_t n,
		      struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	cleanup_close int in = -1, out = -1;
	char program[PATH_MAX], *save = NULL, *line;
	int pair[2], status, r;
	bool whole;
	pid_t pid;

	memset(ret, 0, n * sizeof(*ret));
	r = lab_program_own("netlab-engine", program, sizeof(program), err);
	if (r < 0)
		return r;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "pipe");
	in = pair[0];
	out = pair[1];
	r = start(program, names, out, &pid, err);
	if (r < 0)
		return r;
	close_fd(&out);
	whole = hear(in, &sb);
	if (!whole)
		(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) < 0 || !whole || !WIFEXITED(status) || WEXITSTATUS(status))
		return lab_err_set(err, EIO, "%s could not tell which engines are there", program);
	for (line = sb.data ? strtok_r(sb.data, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		take_line(line, ret, n);
	return 0;
}
