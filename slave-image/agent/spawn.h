/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.h - start a program in its own session, cheaply */
#ifndef NETLAB_AGENT_SPAWN_H
#define NETLAB_AGENT_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "netlab/base/err.h"

struct agt_spawn_area;

/**
 * struct agt_spawn - a program to start; everything is borrowed for the call
 * @program:	path, or a name without '/' that is looked up in @path; not used with @program_fd
 * @program_fd:	descriptor of the program; -1 = use @program
 * @path:	folders separated by ':'
 * @argv:	NULL-terminated, at least one; the place before @argv[0] must exist and be free (for the shell of a script without
 *		"#!")
 * @envp:	NULL-terminated
 * @cwd:	working directory
 * @fds:	descriptors that become 0, 1 and 2; all others are closed
 * @tty:	@fds[0] becomes the controlling terminal
 */
struct agt_spawn {
	const char *program;
	int program_fd;
	const char *path;
	char **argv;
	char *const *envp;
	const char *cwd;
	int fds[3];
	bool tty;
};

/**
 * agt_spawn_area_new() - Make what starting a program needs: a stack, and a place for the child's error
 *
 * Return: the area, caller frees with agt_spawn_area_free(); NULL when out of memory.
 */
struct agt_spawn_area *agt_spawn_area_new(void);

/**
 * agt_spawn_area_free() - Release an area
 * @area:	may be NULL
 */
void agt_spawn_area_free(struct agt_spawn_area *area);

/**
 * agt_spawn() - Start a program in a session and process group of its own
 * @area:	area (borrowed)
 * @sp:		what to start
 * @ret_pid:	child process, on success; to be reaped by the caller
 * @err:	filled on failure; may be NULL
 *
 * The child has default dispositions of the signals that the agent changed, and none blocked.
 * Context: blocks until the child has exec'ed or failed; the child shares memory until then.
 * Return: 0 or -errno. Errors: -ENOENT no such program or working directory, -EACCES.
 * Source: clone(2) with CLONE_VM and CLONE_VFORK, execve(2), execvp(3), tty_ioctl(4).
 */
int agt_spawn(struct agt_spawn_area *area, const struct agt_spawn *sp, pid_t *ret_pid,
	      struct lab_err *err);

#endif
