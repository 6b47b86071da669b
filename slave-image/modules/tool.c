/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tool.c - programs that modules run */
#include "slave-image/modules/tool.h"

#include "slave-image/modules/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_S       0.2   /* between signals to a program that does not end */
#define SETTLE_STEP_S 0.001 /* between looks at a program that is still busy */
#define SETTLE_MAX_S  2.0   /* for it to finish */
#define TICK_S        0.1   /* between calls of its owner */

enum { FEED_BYTES = 4096 };

/* One of the two outputs, and the line that is being read from it. */
struct output {
	int fd;
	bool is_err;
	size_t len;
	char line[MOD_LINE_MAX];
};

static double now_s(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void end_line(const struct mod_tool *tool, struct output *o)
{
	o->line[o->len] = '\0';
	o->len = 0;
	if (!tool->quiet)
		(void)fprintf(stderr, "%s\n", o->line);
	tool->line(o->line, o->is_err, tool->user);
}

static void take(const struct mod_tool *tool, struct output *o, const char *data, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (data[i] != '\n' && data[i] != '\0')
			o->line[o->len++] = data[i];
		if (data[i] == '\n' || o->len == sizeof(o->line) - 1)
			end_line(tool, o);
	}
}

static void read_output(const struct mod_tool *tool, struct output *o)
{
	char buf[4096];
	ssize_t n = read(o->fd, buf, sizeof(buf));

	if (n > 0) {
		take(tool, o, buf, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		if (o->len)
			end_line(tool, o);
		close_fd(&o->fd);
	}
}

/* --- the end of a program --- */

/*
 * Asleep and without output on its way: it waits for something new. (Had it been put to sleep by a full pipe, there
 * would be output.)
 */
static bool is_idle(pid_t pid, const struct output o[2])
{
	struct pollfd pfd[2] = { { .fd = o[0].fd, .events = POLLIN },
				 { .fd = o[1].fd, .events = POLLIN } };

	return mod_asleep(pid) && poll(pfd, 2, 0) == 0;
}

/* How a program is brought to its end. */
struct ending {
	double due_s;    /* monotonic time of the next signal; 0 = none */
	double settle_s; /* until when it may finish what it has in hand; 0 before it is interrupted */
};

/* The other end of a program's standard input. */
struct input {
	int fd;
	uint64_t written, taken;
	char *text;
	size_t len;
};

static void end_it(const struct mod_tool *tool, pid_t pid, const struct output o[2],
		   struct ending *e)
{
	double now = now_s();

	if (e->due_s > 0 && now >= e->due_s && !tool->settle) {
		(void)kill(pid, SIGINT);
		e->due_s = now + AGAIN_S;
	}
	if (!mod_interrupted() || tool->finish)
		return;
	if (!tool->settle) {
		/* It has got the same signal, unless that came before it was there. */
		if (e->due_s <= 0 || e->due_s > now + AGAIN_S)
			e->due_s = now + AGAIN_S;
		return;
	}
	if (e->settle_s <= 0)
		e->settle_s = now + SETTLE_MAX_S;
	if (now >= e->settle_s || is_idle(pid, o)) {
		(void)kill(pid, SIGTERM);
		e->due_s = now + AGAIN_S;
	} else {
		e->due_s = now + SETTLE_STEP_S;
	}
}

static void wait_output(struct pollfd pfd[3], const struct ending *e, bool ticks,
			const sigset_t *mask)
{
	double left = e->due_s > 0 ? e->due_s - now_s() : TICK_S;
	struct timespec ts = { 0 };

	if (ticks && left > TICK_S)
		left = TICK_S;
	if (left > 0) {
		ts.tv_sec = (time_t)left;
		ts.tv_nsec = (long)((left - (double)ts.tv_sec) * 1e9);
	}
	/* SIGINT comes only here, so none is missed between looking for it and waiting. */
	if (ppoll(pfd, 3, ticks || e->due_s > 0 ? &ts : NULL, mask) <= 0)
		pfd[0].revents = pfd[1].revents = pfd[2].revents = 0;
}

/* The program's own end is seen by its outputs. */
static void write_input(struct input *in)
{
	ssize_t n = write(in->fd, in->text, in->len);

	if (n > 0)
		in->written += (uint64_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		close_fd(&in->fd);
}

static bool tick(const struct mod_tool *tool, struct input *in)
{
	int unread;

	/* What is still in the pipe when its reader has gone was never read. */
	if (in->fd >= 0 && ioctl(in->fd, FIONREAD, &unread) == 0)
		in->taken = in->written - LAB_MIN(in->written, (uint64_t)unread);
	return tool->tick(in->taken, tool->user);
}

/* Until both outputs have ended. */
static void follow(const struct mod_tool *tool, pid_t pid, struct output o[2], struct input *in,
		   const sigset_t *mask)
{
	struct ending e = { .due_s = tool->duration_s > 0 ? now_s() + tool->duration_s : 0 };
	struct pollfd pfd[3];
	int i;

	while (o[0].fd >= 0 || o[1].fd >= 0) {
		for (i = 0; i < 2; i++)
			pfd[i] = (struct pollfd){ .fd = o[i].fd, .events = POLLIN };
		pfd[2] = (struct pollfd){ .fd = in->fd, .events = POLLOUT };
		wait_output(pfd, &e, tool->tick, mask);
		for (i = 0; i < 2; i++) {
			if (pfd[i].revents)
				read_output(tool, &o[i]);
		}
		if (pfd[2].revents)
			write_input(in);
		if (tool->tick && e.due_s <= 0 && !tick(tool, in))
			e.due_s = now_s();
		end_it(tool, pid, o, &e);
	}
}

/* --- its start --- */

/* @fds: its descriptors 0, 1, 2; the first may be -1; @mask: signals that are blocked for it */
static int spawn(const struct mod_tool *tool, const int fds[3], const sigset_t *mask,
		 pid_t *ret_pid)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t pipe;
	int r;

	r = posix_spawn_file_actions_init(&fa);
	if (r)
		return r;
	r = posix_spawnattr_init(&attr);
	if (r) {
		(void)posix_spawn_file_actions_destroy(&fa);
		return r;
	}
	/* Only we ignore SIGPIPE. */
	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &pipe);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, mask);
	if (r == 0 && fds[0] < 0)
		r = posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	else if (r == 0)
		r = posix_spawn_file_actions_adddup2(&fa, fds[0], 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&fa, fds[1], 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&fa, fds[2], 2);
	if (r == 0)
		r = posix_spawnp(ret_pid, tool->argv[0], &fa, &attr, tool->argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&fa);
	return r;
}

static int start(const struct mod_tool *tool, struct output o[2], struct input *in,
		 const sigset_t *mask, pid_t *ret_pid)
{
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int theirs[3], i, r = 0;

	for (i = tool->feed ? 0 : 1; i < 3 && r == 0; i++)
		r = pipe2(pipes[i], O_CLOEXEC) < 0 ? errno : 0;
	if (r == 0 && tool->feed && fcntl(pipes[0][1], F_SETFL, O_NONBLOCK) < 0)
		r = errno;
	for (i = 0; i < 3; i++)
		theirs[i] = pipes[i][i == 0 ? 0 : 1];
	if (r == 0)
		r = spawn(tool, theirs, mask, ret_pid);
	for (i = 0; i < 3; i++)
		close_fd(&theirs[i]);
	in->fd = pipes[0][1];
	o[0].fd = pipes[1][0];
	o[1].fd = pipes[2][0];
	o[1].is_err = true;
	if (r) {
		close_fd(&in->fd);
		close_fd(&o[0].fd);
		close_fd(&o[1].fd);
	}
	return r;
}

/* So much of the text at once that a reader gets full pages. */
static bool fill_feed(const struct mod_tool *tool, struct input *in)
{
	size_t len = tool->feed ? strlen(tool->feed) : 0;

	if (!len)
		return true;
	in->text = malloc(FEED_BYTES);
	if (!in->text)
		return false;
	for (in->len = 0; in->len + len <= FEED_BYTES; in->len += len)
		memcpy(in->text + in->len, tool->feed, len);
	return true;
}

static void explain(struct mod *m, const struct mod_tool *tool, int code)
{
	if (code == ENOENT)
		(void)mod_verdict(m, MOD_ERROR,
				  "%s is missing in this host: install the Debian package %s",
				  tool->argv[0], tool->package);
	else
		(void)mod_verdict(m, MOD_ERROR, "cannot run %s: %s [%s]", tool->argv[0],
				  strerror(code), strerrorname_np(code));
}

bool mod_tool_run(struct mod *m, const struct mod_tool *tool, int *ret_status)
{
	cleanup_free struct output *o = calloc(2, sizeof(*o));
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old_pipe;
	struct input in = { .fd = -1 };
	sigset_t block, old, old_and_int;
	pid_t pid = -1;
	int r;

	if (!o || !fill_feed(tool, &in)) {
		explain(m, tool, ENOMEM);
		return false;
	}
	(void)sigaction(SIGPIPE, &ignore, &old_pipe);
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &block, &old);
	old_and_int = old;
	(void)sigaddset(&old_and_int, SIGINT);
	r = start(tool, o, &in, tool->settle || tool->finish ? &old_and_int : &old, &pid);
	if (r == 0) {
		follow(tool, pid, o, &in, &old);
		do
			r = waitpid(pid, ret_status, 0) < 0 ? errno : 0;
		while (r == EINTR);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)sigaction(SIGPIPE, &old_pipe, NULL);
	close_fd(&in.fd);
	free(in.text);
	if (r)
		explain(m, tool, r);
	return r == 0;
}

bool mod_tool_enter(struct mod *m, const char *name)
{
	cleanup_free char *variable = NULL;
	const char *folder;

	if (asprintf(&variable, "NETLAB_TOOL_%s", name) < 0) {
		variable = NULL;
		(void)mod_verdict(m, MOD_ERROR, "out of memory");
		return false;
	}
	folder = getenv(variable);
	if (!folder)
		(void)mod_verdict(m, MOD_ERROR, "%s is not set: it names the folder of the tool %s",
				  variable, name);
	else if (chdir(folder) < 0)
		(void)mod_verdict(m, MOD_ERROR, "tool %s: %s: %s [%s]", name, folder,
				  strerror(errno), strerrorname_np(errno));
	else
		return true;
	return false;
}
