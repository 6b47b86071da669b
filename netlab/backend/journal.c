/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal.c - what a lab has made through engines and the kernel does not take back with it */
#include "netlab/backend/journal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

#include "netlab/base/loop.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/ns/cgroup_tree.h"

enum {
	LINE_MAX_ = 4096,
	JOURNAL_MAX = 1 << 20,
	CGROUP_MS = 5000,
	DYING_MS = 10000,
	APPEAR_US = 2000000,
};

static char *path_of(const struct lab_engine *engine)
{
	char *path;

	return asprintf(&path, "%s/" LAB_ENGINE_JOURNAL, engine->dir) < 0 ? NULL : path;
}

int lab_journal_add(const struct lab_engine *engine, struct lab_err *err, const char *fmt, ...)
{
	cleanup_free char *path = path_of(engine);
	cleanup_close int fd = -1;
	char line[LINE_MAX_];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (!path)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (n < 0 || (size_t)n >= sizeof(line) - 1 || strchr(line, '\n'))
		return lab_err_set(err, EINVAL, "\"%.60s...\" does not fit into the journal", line);
	line[n++] = '\n';
	/* One write: lines of two children do not mix. */
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		return lab_err_errno(err, fd < 0 ? errno : EIO, "write the journal %s", path);
	return 0;
}

uint64_t lab_journal_started(pid_t pid)
{
	cleanup_file FILE *f = NULL;
	char path[64], text[1024];
	const char *end;
	uint64_t ticks;
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	end = strrchr(text, ')'); /* a name may hold anything */
	/* Field 22 of the file, behind three that are not numbers. */
	for (unsigned int field = 3; end && field <= 22; field++)
		end = strchr(end + 1, ' ');
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
	if (!end || sscanf(end, " %" SCNu64, &ticks) != 1)
		return 0;
	return ticks;
}

/* "PID TICKS" */
static int await_end(const char *line, struct lab_err *err)
{
	cleanup_close int pidfd = -1;
	uint64_t ticks;
	int pid, r;

	/* NOLINTNEXTLINE(cert-err34-c): written by us; what does not fit is no process */
	if (sscanf(line, "%d %" SCNu64, &pid, &ticks) != 2 || pid <= 0)
		return lab_err_set(err, EINVAL, "\"lab %.60s\" is no line of a journal", line);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 || lab_journal_started(pid) != ticks)
		return 0;
	do
		r = poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, DYING_MS);
	while (r < 0 && errno == EINTR);
	return r > 0 ? 0
		     : lab_err_set(err, EBUSY,
				   "processes of the lab do not end (%d and its children)", pid);
}

static int undo(const char *line, uint64_t until_us, struct lab_err *err)
{
	const char *rest = strchr(line, ' ');
	const struct lab_backend *backend;
	char name[32];
	int r;

	(void)snprintf(name, sizeof(name), "%.*s", rest ? (int)LAB_MIN(rest - line, 31) : 0, line);
	if (rest && strcmp(name, "lab") == 0)
		return 0;
	if (rest && strcmp(name, "cgroups") == 0)
		return lab_cgroup_tree_remove(rest + 1, CGROUP_MS, err);
	backend = lab_engine_backend(name);
	if (!rest || !backend || !backend->sweep)
		return lab_err_set(err, EINVAL, "\"%.60s\" is no line of a journal", line);
	r = backend->sweep(rest + 1, until_us, err);
	return r < 0 ? lab_err_prefix(err, r, "%s: ", name) : 0;
}

static void first_error(int r, const struct lab_err *one, int *ret, struct lab_err *err)
{
	if (r < 0 && *ret == 0) {
		*ret = r;
		(void)lab_err_set(err, -r, "%s", one->msg);
	}
}

int lab_journal_sweep(char *const *lines, size_t n, struct lab_err *err)
{
	struct lab_err one;
	uint64_t until_us;
	int first = 0;

	/* What the freezer of version 1 holds does not end, and this lets it go. */
	for (size_t i = 0; i < n; i++)
		if (strncmp(lines[i], "cgroups ", 8) == 0)
			(void)lab_cgroup_tree_remove(lines[i] + 8, 0, NULL);
	for (size_t i = 0; i < n && first == 0; i++)
		if (strncmp(lines[i], "lab ", 4) == 0)
			first = await_end(lines[i] + 4, err);
	if (first < 0)
		return first;
	until_us = lab_loop_now_us() + APPEAR_US;
	while (n-- > 0)
		first_error(undo(lines[n], until_us, &one), &one, &first, err);
	return first;
}

static int read_text(const char *path, struct lab_strbuf *ret)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0 && ret->len < JOURNAL_MAX)
		lab_strbuf_add(ret, buf, (size_t)n);
	return n < 0 ? -errno : ret->error;
}

int lab_journal_undo(const struct lab_engine *engine, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;
	cleanup_free char *path = path_of(engine);
	int r = path ? read_text(path, &text) : -ENOMEM, first = 0;
	struct lab_err one;

	if (r < 0)
		return lab_err_errno(err, -r, "read the journal of lab %s", engine->lab);
	while (text.len) {
		char *line;

		text.data[--text.len] = '\0';
		line = strrchr(text.data, '\n');
		line = line ? line + 1 : text.data;
		text.len = (size_t)(line - text.data);
		if (*line)
			first_error(undo(line, 0, &one), &one, &first, err);
	}
	if (first == 0 && unlink(path) < 0 && errno != ENOENT)
		return lab_err_errno(err, errno, "remove %s", path);
	return first;
}
