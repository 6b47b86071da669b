/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rundir_engine.c - what container engines made for a lab that was killed: the program that drives them undoes it */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/backend/engine.h"
#include "netlab/base/loop.h"
#include "netlab/base/program.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/keeper/rundir.h"

#define JOURNAL LAB_RUNDIR_ENGINE "/" LAB_ENGINE_JOURNAL

enum {
	TEXT_MAX = 256 << 10,
	LINES_MAX = 1024,
	SWEEP_MS = 60000,
};

bool lab_rundir_engine_journal(int dir)
{
	return faccessat(dir, JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int read_journal(int dir, struct lab_strbuf *ret)
{
	cleanup_close int fd = openat(dir, JOURNAL, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0 && ret->len < TEXT_MAX)
		lab_strbuf_add(ret, buf, (size_t)n);
	return n < 0 ? -errno : ret->error;
}

static void exec_sweeper(const char *program, char **argv, int say) __attribute__((noreturn));
static void exec_sweeper(const char *program, char **argv, int say)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(say, 2) < 0)
		_exit(126);
	(void)execv(program, argv);
	_exit(127);
}

/* The first line that it says, until it ends. */
static bool listen_to(int fd, char *text, size_t size)
{
	uint64_t now = lab_loop_now_us(), deadline = now + SWEEP_MS * 1000ULL;
	size_t len = 0;

	for (; now < deadline; now = lab_loop_now_us()) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char rest[512];
		ssize_t n;

		if (poll(&p, 1, (int)((deadline - now) / 1000) + 1) <= 0)
			continue;
		n = read(fd, rest, sizeof(rest));
		if (n <= 0) {
			text[len] = '\0';
			text[strcspn(text, "\n")] = '\0';
			return true;
		}
		n = (ssize_t)LAB_MIN((size_t)n, size - 1 - len);
		memcpy(text + len, rest, (size_t)n);
		len += (size_t)n;
	}
	return false;
}

static int run_sweeper(char **argv, struct lab_err *err)
{
	static const char prefix[] = "netlab-engine: error: ";
	cleanup_close int hear = -1, say = -1;
	char program[PATH_MAX], text[512] = "";
	int pair[2], status = -1, r;
	pid_t pid;
	bool late;

	r = lab_program_own("netlab-engine", program, sizeof(program), err);
	if (r < 0)
		return r;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "pipe");
	hear = pair[0];
	say = pair[1];
	pid = fork();
	if (pid == 0)
		exec_sweeper(program, argv, say);
	if (pid < 0)
		return lab_err_errno(err, errno, "fork");
	close_fd(&say);
	late = !listen_to(hear, text, sizeof(text));
	if (late)
		(void)kill(pid, SIGKILL);
	do
		r = (int)waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (late)
		return lab_err_set(err, ETIMEDOUT, "the engine does not answer within %d s",
				   SWEEP_MS / 1000);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return lab_err_set(err, EIO, "%s",
			   strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix)
								      : text);
}

void lab_rundir_engine_tell(int dir, void (*fn)(const char *kind, const char *what, void *user),
			    void *user)
{
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;
	char *save = NULL, *line, *space;

	if (read_journal(dir, &text) < 0 || !text.data)
		return;
	for (line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		space = strchr(line, ' ');
		if (!space)
			continue;
		*space = '\0';
		if (strcmp(line, "lab") != 0)
			fn(line, space + 1, user);
	}
}

int lab_rundir_engine_undo(int dir, struct lab_err *err)
{
	static char name[] = "netlab-engine", option[] = "--sweep";
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;
	cleanup_free char **argv = calloc(LINES_MAX + 3, sizeof(*argv));
	char *save = NULL, *line;
	size_t n = 2;
	int r = argv ? read_journal(dir, &text) : -ENOMEM;

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return lab_err_errno(err, -r, "read the journal of its engines");
	argv[0] = name;
	argv[1] = option;
	/* A line that was cut off when its writer was killed was the last thing it did. */
	for (line = text.data ? strtok_r(text.data, "\n", &save) : NULL; line && n < LINES_MAX + 2;
	     line = strtok_r(NULL, "\n", &save))
		argv[n++] = line;
	r = n > 2 ? run_sweeper(argv, err) : 0;
	if (r == 0)
		(void)unlinkat(dir, JOURNAL, 0);
	return r;
}
