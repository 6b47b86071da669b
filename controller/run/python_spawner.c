/* SPDX-License-Identifier: GPL-2.0-or-later */
/* python_spawner.c - the process that starts the interpreter, and forks one for each who asks */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "controller/run/python_wire.h"
#include "netlab/base/fdpass.h"
#include "netlab/base/util.h"

/**
 * struct interp - an interpreter
 * @next:	the next one
 * @prev:	what points to this one
 * @pid:	its process, and its process group
 * @pidfd:	pidfd of it
 * @leash:	its end closes when nobody wants the interpreter any more
 * @on_end:	source of @pidfd
 * @on_leash:	source of @leash, until it is let go
 */
struct interp {
	struct interp *next, **prev;
	pid_t pid;
	int pidfd, leash;
	struct lab_source *on_end, *on_leash;
};

/**
 * struct spawner - the spawner
 * @path:	where the plugin is
 * @plugin:	the plugin, once it has been loaded
 * @loop:	loop
 * @started:	result of its start: 0 or -errno; 1 = not started yet
 * @why:	the error, then
 * @interps:	the interpreters
 */
struct spawner {
	const char *path;
	const struct ctl_python_plugin *plugin;
	struct lab_loop *loop;
	int started;
	struct lab_err why;
	struct interp *interps;
};

/*
 * Everything of the parent's but its standard error is let go of: the sockets of labs above all. What
 * a task's own child processes print goes there as well, not among the lines of the report.
 */
static int let_go(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -errno;
	if (fd != CTL_PYTHON_SOCKET && dup3(fd, CTL_PYTHON_SOCKET, O_CLOEXEC) < 0)
		return -errno;
	(void)close_range(CTL_PYTHON_SOCKET + 1, ~0u, 0);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	/* As Python does itself when it is a program. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_NAME, "netlab-python");
	return 0;
}

static const struct ctl_python_plugin *load(const char *path, struct lab_err *err)
{
	const struct ctl_python_plugin *plugin;
	/* Global: the extension modules of Python's library are not linked with libpython. */
	void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);

	if (!library) {
		(void)lab_err_set(
			err, ENOSYS,
			"Python tasks need libpython3, which cannot be loaded (install the package libpython3.11): %s",
			dlerror());
		return NULL;
	}
	plugin = dlsym(library, CTL_PYTHON_SYMBOL);
	if (plugin && plugin->abi == CTL_PYTHON_ABI)
		return plugin;
	(void)lab_err_set(err, ENOSYS, "%s is of another build than this program", path);
	return NULL;
}

/* ---- interpreters ---- */

static void interp_free(struct interp *p)
{
	if (p->prev)
		*p->prev = p->next;
	if (p->next)
		p->next->prev = p->prev;
	lab_source_free(p->on_end);
	lab_source_free(p->on_leash);
	close_fd(&p->pidfd);
	close_fd(&p->leash);
	free(p);
}

/* It has ended: what its tasks started and left is in its process group, which has its number until it is reaped. */
static void on_end(struct lab_source *src LAB_UNUSED, int fd LAB_UNUSED, uint32_t events LAB_UNUSED,
		   void *user)
{
	struct interp *p = user;
	int status = 0;

	(void)kill(-p->pid, SIGKILL);
	(void)waitpid(p->pid, &status, 0);
	(void)send(p->leash, &status, sizeof(status), MSG_DONTWAIT | MSG_NOSIGNAL);
	interp_free(p);
}

static void on_leash(struct lab_source *src LAB_UNUSED, int fd LAB_UNUSED,
		     uint32_t events LAB_UNUSED, void *user)
{
	struct interp *p = user;

	(void)kill(-p->pid, SIGKILL);
	lab_source_free(p->on_leash);
	p->on_leash = NULL;
}

/* Returns the process's number, 0 in the new process, or -errno. */
static pid_t fork_one(const struct spawner *s)
{
	pid_t self = getpid(), pid;

	pid = s->started == 0 ? s->plugin->fork() : fork();
	if (pid == 0) {
		(void)setpgid(0, 0);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(1);
	}
	return pid < 0 ? -errno : pid;
}

static int interp_watch(struct spawner *s, struct interp *p)
{
	int r;

	(void)setpgid(p->pid, p->pid);
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	r = p->pidfd < 0 ? -errno
			 : lab_loop_add_fd(s->loop, p->pidfd, EPOLLIN, on_end, p, &p->on_end);
	if (r == 0)
		r = lab_loop_add_fd(s->loop, p->leash, EPOLLIN, on_leash, p, &p->on_leash);
	if (r < 0) {
		(void)kill(-p->pid, SIGKILL);
		(void)waitpid(p->pid, NULL, 0);
	}
	return r;
}

/* An interpreter that talks on @fd; what fails, ends @fd, and that says it. */
static void interp_new(struct spawner *s, int *leash, int fd)
{
	struct interp *p = calloc(1, sizeof(*p));

	if (!p)
		return;
	*p = (struct interp){ .pidfd = -1, .leash = take_fd(leash) };
	p->pid = fork_one(s);
	if (p->pid == 0)
		ctl_python_serve(fd, s->plugin, s->started, &s->why);
	if (p->pid < 0 || interp_watch(s, p) < 0) {
		interp_free(p);
		return;
	}
	p->next = s->interps;
	p->prev = &s->interps;
	if (p->next)
		p->next->prev = &p->next;
	s->interps = p;
}

static void on_request(struct lab_source *src LAB_UNUSED, int fd, uint32_t events LAB_UNUSED,
		       void *user)
{
	cleanup_close int leash = -1, socket = -1;
	struct spawner *s = user;
	struct lab_err err = { 0 };
	char byte;
	ssize_t n;

	n = lab_fdpass_recv(fd, &byte, sizeof(byte), &leash, MSG_DONTWAIT);
	if (n == 0)
		lab_loop_quit(s->loop, 0);
	if (n <= 0 || leash < 0)
		return;
	(void)lab_fdpass_recv(leash, &byte, sizeof(byte), &socket, MSG_DONTWAIT);
	if (socket < 0)
		return;
	if (!s->plugin)
		s->plugin = load(s->path, &err);
	if (!s->plugin) {
		(void)ctl_python_send(socket,
				      json_pack("{s:i, s:s}", "failed", err.code, "text", err.msg));
		return;
	}
	if (ctl_python_send(socket, json_pack("{s:b}", "loaded", 1)) < 0)
		return;
	if (s->started > 0)
		s->started = s->plugin->start(&s->why);
	interp_new(s, &leash, socket);
}

void ctl_python_spawner(int fd, const char *path)
{
	struct spawner s = { .path = path, .started = 1 };

	if (let_go(fd) < 0 || lab_loop_new(&s.loop) < 0 ||
	    lab_loop_add_fd(s.loop, CTL_PYTHON_SOCKET, EPOLLIN, on_request, &s, NULL) < 0)
		_exit(1);
	(void)lab_loop_run(s.loop);
	for (struct interp *p = s.interps; p; p = p->next)
		(void)kill(-p->pid, SIGKILL);
	_exit(0);
}
