/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.c - start a program in its own session, cheaply */
#include "slave-image/agent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Between clone and exec the child runs in our memory. Red zones that a sanitizer wrote for the child's frames would
 * stay behind on the stack area, because those frames never return.
 */
#define IN_CHILD __attribute__((no_sanitize("address"), no_sanitize("undefined")))

enum { STACK_SIZE = 64 * 1024 };

enum stage {
	STAGE_SESSION,
	STAGE_TERMINAL,
	STAGE_DESCRIPTORS,
	STAGE_CWD,
	STAGE_EXEC,
};

struct agt_spawn_area {
	const struct agt_spawn *sp;
	int error;
	enum stage stage;
	char path[PATH_MAX];
	char stack[STACK_SIZE] __attribute__((aligned(16)));
};

struct agt_spawn_area *agt_spawn_area_new(void)
{
	void *p = mmap(NULL, sizeof(struct agt_spawn_area), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void agt_spawn_area_free(struct agt_spawn_area *area)
{
	if (area)
		(void)munmap(area, sizeof(*area));
}

IN_CHILD static void exec_path(const struct agt_spawn *sp, const char *path)
{
	(void)execve(path, sp->argv, sp->envp);
	if (errno != ENOEXEC)
		return;
	/* A script without "#!": what execvp(3) does with it. */
	sp->argv[-1] = (char *)"/bin/sh";
	sp->argv[0] = (char *)path;
	(void)execve("/bin/sh", sp->argv - 1, sp->envp);
}

/* Sets errno to the most telling of the failures. */
IN_CHILD static void exec_search(const struct agt_spawn *sp, char *buf)
{
	size_t name_len = strlen(sp->program), len;
	const char *dir = sp->path;
	int error = ENOENT;

	while (dir) {
		const char *end = strchr(dir, ':');

		len = end ? (size_t)(end - dir) : strlen(dir);
		if (len + 1 + name_len < PATH_MAX) {
			memcpy(buf, dir, len);
			if (len)
				buf[len++] = '/';
			memcpy(buf + len, sp->program, name_len + 1);
			exec_path(sp, buf);
			if (errno == EACCES)
				error = EACCES;
			else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
				return;
		}
		dir = end ? end + 1 : NULL;
	}
	errno = error;
}

IN_CHILD static int place_fds(const int src[3])
{
	int fds[3], i;

	for (i = 0; i < 3; i++) {
		fds[i] = src[i];
		/* Out of the way of the dup2() calls below. */
		if (fds[i] < 3)
			fds[i] = fcntl(src[i], F_DUPFD_CLOEXEC, 3);
		if (fds[i] < 0)
			return -1;
	}
	for (i = 0; i < 3; i++) {
		if (dup2(fds[i], i) < 0)
			return -1;
	}
	/* Close-on-exec rather than close: program_fd is still needed. */
	return (int)syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
}

IN_CHILD static enum stage child_setup(const struct agt_spawn *sp)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	if (setsid() < 0)
		return STAGE_SESSION;
	if (sp->tty && ioctl(sp->fds[0], TIOCSCTTY, 0) < 0)
		return STAGE_TERMINAL;
	if (place_fds(sp->fds) < 0)
		return STAGE_DESCRIPTORS;
	if (chdir(sp->cwd) < 0)
		return STAGE_CWD;
	(void)sigaction(SIGPIPE, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	return STAGE_EXEC;
}

IN_CHILD static int child_main(void *arg)
{
	struct agt_spawn_area *area = arg;
	const struct agt_spawn *sp = area->sp;

	area->stage = child_setup(sp);
	if (area->stage == STAGE_EXEC) {
		if (sp->program_fd >= 0)
			(void)execveat(sp->program_fd, "", sp->argv, sp->envp, AT_EMPTY_PATH);
		else if (strchr(sp->program, '/'))
			exec_path(sp, sp->program);
		else
			exec_search(sp, area->path);
	}
	area->error = errno;
	_exit(127);
}

static int explain(const struct agt_spawn *sp, enum stage stage, int code, struct lab_err *err)
{
	const char *what = sp->program_fd >= 0 ? sp->argv[0] : sp->program;

	switch (stage) {
	case STAGE_SESSION:
		return lab_err_errno(err, code, "%s: cannot make a session", what);
	case STAGE_TERMINAL:
		return lab_err_errno(err, code, "%s: cannot get its terminal", what);
	case STAGE_DESCRIPTORS:
		return lab_err_errno(err, code, "%s: cannot get its descriptors", what);
	case STAGE_CWD:
		return lab_err_errno(err, code, "working directory %s", sp->cwd);
	case STAGE_EXEC:
		break;
	}
	if (code != ENOENT)
		return lab_err_errno(err, code, "cannot run %s", what);
	if (sp->program_fd < 0 && strchr(what, '/') && access(what, F_OK) == 0)
		return lab_err_set(err, code, "%s: its interpreter is missing [ENOENT]", what);
	return lab_err_set(err, code, "%s: no such program [ENOENT]", what);
}

int agt_spawn(struct agt_spawn_area *area, const struct agt_spawn *sp, pid_t *ret_pid,
	      struct lab_err *err)
{
	pid_t pid;

	area->sp = sp;
	area->error = 0;
	pid = clone(child_main, area->stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, area);
	if (pid < 0)
		return lab_err_errno(err, errno, "cannot start a process");
	if (area->error) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return explain(sp, area->stage, area->error, err);
	}
	*ret_pid = pid;
	return 0;
}
