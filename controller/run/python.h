/* SPDX-License-Identifier: GPL-2.0-or-later */
/* python.h - the Python interpreter as ctl_run() sees it: a child process with a plugin */
#ifndef CONTROLLER_RUN_PYTHON_H
#define CONTROLLER_RUN_PYTHON_H

#include <stddef.h>
#include <sys/types.h>

#include "netlab/base/err.h"
#include "netlab/base/loop.h"
#include "netlab/rpc/json.h"

/**
 * DOC: where Python runs
 *
 * libpython weighs more than all of netlab. A recipe without a Python task must not pay for it, and
 * neither the keeper of a later recipe nor an agent shall be a copy of a process that has it. So
 * Python lives in processes of its own:
 *
 *   controller (or one of the workers of --jobs)
 *     spawner		a child of the controller; when the first recipe with a Python task has been
 *			read, before anything is built, it loads a shared object (controller/python)
 *			with dlopen(3) and starts the interpreter, while the lab is brought up
 *       interpreter	a fork of the spawner: runs the tasks of one controller or worker
 *
 * So the interpreter starts once for a run, however many recipes run at once and however many tasks
 * crash. Whoever wants an interpreter sends one end of a socket pair, the leash, to the spawner, and
 * with it one end of the socket pair for the frames below. When the leash is let go, or when the
 * interpreter ends, the spawner kills what is left of it and writes the wait status into the leash.
 *
 * A task asks for something by a frame with JSON on a socket pair, and waits for the answer; the
 * controller does it in its own loop. So ^C, --timeout and the end of the lab work while Python sleeps
 * or computes: the controller goes on and kills the child. The current folder, signals, environment
 * and threads of a task are its own, and one that crashes is only a failed task.
 *
 *   to the child	{"run": path}; {"answer": value}; {"error": errno, "text": why}
 *   from it		{"loaded": true}; {"failed": errno, "text": why}; {"call": method, "params":
 *			{...}}; {"output": 1 or 2, "text": ...}; {"done": null or {"file", "line",
 *			"text", "traceback"}}
 *
 * controller/python knows of all that only struct ctl_python_plugin and struct ctl_python_peer.
 */
#define CTL_PYTHON_FILE   "netlab-python.so"
#define CTL_PYTHON_SYMBOL "ctl_python_plugin"
#define CTL_PYTHON_ABI    2u

/**
 * struct ctl_python_fault - why a task ended before its end
 * @file:	the file in which it happened: the task's own, or a module beside it; NULL = unknown
 * @line:	the line; 0 = unknown
 * @text:	"NameError: name 'x' is not defined"; NULL = it did come to its end
 * @traceback:	as Python prints it; may be NULL
 *
 * The strings are from malloc(3).
 */
struct ctl_python_fault {
	char *file;
	unsigned int line;
	char *text, *traceback;
};

/**
 * struct ctl_python_peer - what a task can ask for, in the process of the interpreter
 * @call:	do @method with @params (an object, borrowed); on success @ret is a new reference,
 *		else -errno with @err filled
 * @output:	the task itself wrote text; @fd 1 or 2
 * @user:	for both
 */
struct ctl_python_peer {
	int (*call)(void *user, const char *method, json_t *params, json_t **ret,
		    struct lab_err *err);
	void (*output)(void *user, int fd, const char *text, size_t len);
	void *user;
};

/**
 * struct ctl_python_plugin - what the plugin can do; its symbol is CTL_PYTHON_SYMBOL
 * @abi:	CTL_PYTHON_ABI of its build
 * @start:	start the interpreter; called once, before all others
 * @fork:	fork(2) a process with an interpreter
 * @run:	run a task; 0 also when it failed (@ret->text), else -errno
 * @stop:	end the interpreter
 */
struct ctl_python_plugin {
	unsigned int abi;
	int (*start)(struct lab_err *err);
	pid_t (*fork)(void);
	int (*run)(const char *path, const struct ctl_python_peer *peer,
		   struct ctl_python_fault *ret, struct lab_err *err);
	void (*stop)(void);
};

/**
 * struct ctl_python_host - who does what a task asks for, in the controller; all functions are there
 * @call:	as in struct ctl_python_peer
 * @output:	as in struct ctl_python_peer
 * @stopped:	must the task end now: 0 to go on, else -errno
 * @user:	for all of them
 */
struct ctl_python_host {
	int (*call)(void *user, const char *method, json_t *params, json_t **ret,
		    struct lab_err *err);
	void (*output)(void *user, int fd, const char *text, size_t len);
	int (*stopped)(void *user);
	void *user;
};

struct ctl_python;

/**
 * ctl_python_new() - Say where the interpreter is; nothing is started yet
 * @dirs:	folders in which CTL_PYTHON_FILE is looked for, in this order; NULL-terminated
 * @ret:	on success; free with ctl_python_free()
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_python_new(const char *const *dirs, struct ctl_python **ret);

/**
 * ctl_python_free() - End the interpreter, and the spawner of this process, if they were started
 * @py:		may be NULL
 */
void ctl_python_free(struct ctl_python *py);

/**
 * ctl_python_share() - Start the spawner, for this process and those that it forks from now on
 * @py:		interpreter
 * @err:	filled on failure; may be NULL
 *
 * It does nothing until somebody calls ctl_python_start().
 * Context: forks.
 * Return: 0, also if the plugin is in none of the folders, or -errno.
 */
int ctl_python_share(struct ctl_python *py, struct lab_err *err);

/**
 * ctl_python_fd() - The way to the spawner
 * @py:		interpreter
 *
 * Return: the descriptor that a process must keep open to share it; -1 = there is no spawner.
 */
int ctl_python_fd(const struct ctl_python *py);

/**
 * ctl_python_start() - Start the process of the interpreter, unless it runs
 * @py:		interpreter
 * @err:	filled on failure: names the Debian package that is missing; may be NULL
 *
 * Returns as soon as the library is loaded; the interpreter starts meanwhile.
 * Context: forks the spawner if there is none; blocks for some milliseconds.
 * Return: 0 or -errno. Errors: -ENOSYS the library or the plugin is missing.
 */
int ctl_python_start(struct ctl_python *py, struct lab_err *err);

/**
 * ctl_python_run() - Run a task
 * @py:		interpreter; started if that has not been done
 * @loop:	turned until the task is over
 * @path:	the task's file
 * @host:	what it can ask for
 * @ret:	written on success; release with ctl_python_fault_fini()
 * @err:	filled on failure, except for what @host->stopped() returned; may be NULL
 *
 * A process that ends before the task does, and all that the task started, is killed.
 * Return: 0 or -errno. Errors: -ENOSYS the interpreter cannot be started; those of @host->stopped().
 */
int ctl_python_run(struct ctl_python *py, struct lab_loop *loop, const char *path,
		   const struct ctl_python_host *host, struct ctl_python_fault *ret,
		   struct lab_err *err);

/**
 * ctl_python_fault_fini() - Release the strings
 * @fault:	may be zeroed; left zeroed
 */
void ctl_python_fault_fini(struct ctl_python_fault *fault);

#endif
