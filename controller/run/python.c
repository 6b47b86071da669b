/* SPDX-License-Identifier: GPL-2.0-or-later */
/* python.c - the controller's side of the interpreter: its process, and what its tasks ask for */
#include "controller/run/python.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "controller/run/python_wire.h"
#include "netlab/base/fdpass.h"
#include "netlab/base/log.h"
#include "netlab/base/util.h"

enum {
	LOAD_MS =
		30000, /* until the library is loaded, and the interpreter for another one started */
	SEND_S = 30,   /* until an answer has been taken */
	STOP_MS = 5000, /* from the end of a socket to the end of the process */
};

/*
 * struct ctl_python - the interpreter
 * @path:	the plugin; NULL = in none of the folders, of which @dir is the first
 * @spawner:	process of the spawner; 0 = there is none
 * @owner:	the process that started it
 * @control:	socket to the spawner, or -1
 * @leash:	the interpreter's leash; -1 = there is no interpreter
 * @fd:		socket to it
 * @in:		bytes received
 * @at_end:	nothing more will come
 */
struct ctl_python {
	char *path, *dir;
	pid_t spawner, owner;
	int control, leash, fd;
	struct lab_strbuf in;
	bool at_end;
};

int ctl_python_new(const char *const *dirs, struct ctl_python **ret)
{
	struct ctl_python *py = calloc(1, sizeof(*py));

	if (!py)
		return -ENOMEM;
	py->control = py->leash = py->fd = -1;
	py->dir = strdup(*dirs ? *dirs : "");
	for (; *dirs && py->dir; dirs++) {
		if (asprintf(&py->path, "%s/%s", *dirs, CTL_PYTHON_FILE) < 0) {
			py->path = NULL;
			break;
		}
		if (access(py->path, R_OK) == 0)
			break;
		free(take_ptr(&py->path));
	}
	if (!py->dir || (*dirs && !py->path)) {
		ctl_python_free(py);
		return -ENOMEM;
	}
	*ret = py;
	return 0;
}

/* --- the processes ----------------------------------------------------------------------------- */

/* The spawner of this process; one that belongs to another only loses a user. */
static void end_spawner(struct ctl_python *py)
{
	struct pollfd end = { .fd = py->control, .events = POLLIN };

	if (!py->spawner)
		return;
	if (py->owner == getpid()) {
		(void)shutdown(py->control, SHUT_WR);
		(void)poll(&end, 1, STOP_MS);
		(void)kill(py->spawner, SIGKILL);
		while (waitpid(py->spawner, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_fd(&py->control);
	py->spawner = 0;
}

/*
 * The interpreter and what its tasks started. Returns its wait status; -1 = nobody knows, since the spawner has
 * ended, and it has with it.
 */
static int end_interpreter(struct ctl_python *py, bool kindly)
{
	struct pollfd end = { .fd = py->leash, .events = POLLIN };
	int status = -1;

	if (py->leash < 0)
		return -1;
	if (kindly) {
		(void)shutdown(py->fd, SHUT_WR);
		(void)poll(&end, 1, STOP_MS);
	}
	(void)shutdown(py->leash, SHUT_WR);
	if (poll(&end, 1, STOP_MS) <= 0 ||
	    recv(py->leash, &status, sizeof(status), MSG_DONTWAIT) != sizeof(status))
		status = -1;
	LAB_DEBUG("process of the interpreter: status %#x", (unsigned int)status);
	close_fd(&py->leash);
	close_fd(&py->fd);
	lab_strbuf_fini(&py->in);
	py->at_end = false;
	return status;
}

void ctl_python_free(struct ctl_python *py)
{
	if (!py)
		return;
	(void)end_interpreter(py, true);
	end_spawner(py);
	free(py->path);
	free(py->dir);
	free(py);
}

int ctl_python_fd(const struct ctl_python *py)
{
	return py->control;
}

int ctl_python_share(struct ctl_python *py, struct lab_err *err)
{
	cleanup_close int ours = -1, theirs = -1;
	int fds[2];

	if (py->spawner || !py->path)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return lab_err_errno(err, errno, "making a socket pair");
	ours = fds[0];
	theirs = fds[1];
	py->spawner = fork();
	if (py->spawner < 0) {
		py->spawner = 0;
		return lab_err_errno(err, errno, "starting a process");
	}
	if (py->spawner == 0) {
		/* A group of its own, so that ^C in the terminal is the controller's alone. */
		(void)setpgid(0, 0);
		ctl_python_spawner(theirs, py->path);
	}
	(void)setpgid(py->spawner, py->spawner);
	py->owner = getpid();
	py->control = take_fd(&ours);
	return 0;
}

/* Ask the spawner for an interpreter. */
static int spawn(struct ctl_python *py, struct lab_err *err)
{
	const struct timeval limit = { .tv_sec = SEND_S };
	cleanup_close int their_leash = -1, their_fd = -1;
	char byte = 0;
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return lab_err_errno(err, errno, "making a socket pair");
	py->leash = fds[0];
	their_leash = fds[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return lab_err_errno(err, errno, "making a socket pair");
	py->fd = fds[0];
	their_fd = fds[1];
	(void)setsockopt(py->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	r = lab_fdpass_send(py->leash, &byte, sizeof(byte), their_fd, MSG_DONTWAIT);
	if (r == 0)
		r = lab_fdpass_send(py->control, &byte, sizeof(byte), their_leash, 0);
	return r < 0 ? lab_err_errno(err, -r, "asking for a Python interpreter") : 0;
}

static int lost(struct ctl_python *py, const char *what, struct lab_err *err)
{
	int status = end_interpreter(py, false);
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (status < 0)
		return lab_err_set(err, EPROTO,
				   "%s: the process that starts interpreters has ended", what);
	if (name)
		return lab_err_set(err, EPROTO,
				   "%s: the process of the interpreter was killed by SIG%s", what,
				   name);
	return lab_err_set(err, EPROTO, "%s: the process of the interpreter ended with status %d",
			   what, WEXITSTATUS(status));
}

/* "failed", as the child says it. */
static int take_failure(const json_t *message, struct lab_err *err)
{
	int code = (int)json_integer_value(json_object_get(message, "failed"));
	const char *text = json_string_value(json_object_get(message, "text"));

	return lab_err_set(err, code > 0 ? code : EPROTO, "%s", text ? text : "");
}

static int await_load(struct ctl_python *py, struct lab_err *err)
{
	struct pollfd readable = { .fd = py->fd, .events = POLLIN };
	cleanup_json json_t *message = NULL;
	int r;

	while ((r = ctl_python_next(&py->in, &message)) == 0) {
		r = poll(&readable, 1, LOAD_MS);
		if (r < 0 && errno == EINTR)
			continue;
		if (r == 0)
			return lab_err_set(err, ETIMEDOUT, "loading Python takes too long");
		if (r < 0 || ctl_python_receive(py->fd, 0, &py->in) <= 0)
			return lost(py, "loading Python", err);
	}
	if (r < 0)
		return lab_err_errno(err, -r, "loading Python");
	return json_object_get(message, "loaded") ? 0 : take_failure(message, err);
}

int ctl_python_start(struct ctl_python *py, struct lab_err *err)
{
	int r;

	if (py->leash >= 0)
		return 0;
	if (!py->path)
		return lab_err_set(
			err, ENOSYS,
			"Python tasks need %s, which is not in %s: build netlab where the package libpython3-dev is installed",
			CTL_PYTHON_FILE, py->dir);
	r = ctl_python_share(py, err);
	if (r >= 0)
		r = spawn(py, err);
	if (r >= 0)
		r = await_load(py, err);
	if (r < 0)
		(void)end_interpreter(py, false);
	return r;
}

/* --- tasks ------------------------------------------------------------------------------------ */

static void on_readable(struct lab_source *src, int fd, uint32_t events LAB_UNUSED, void *user)
{
	struct ctl_python *py = user;
	int r = ctl_python_receive(fd, MSG_DONTWAIT, &py->in);

	if (r > 0 || r == -EAGAIN)
		return;
	py->at_end = true;
	(void)lab_source_set_events(src, 0);
}

static int answer_call(struct ctl_python *py, const struct ctl_python_host *host,
		       const json_t *message)
{
	const char *method = json_string_value(json_object_get(message, "call"));
	json_t *params = json_object_get(message, "params"), *value = NULL;
	struct lab_err err = { 0 };
	int r;

	r = host->call(host->user, method ? method : "", params, &value, &err);
	if (host->stopped(host->user) < 0) {
		json_decref(value);
		return 0;
	}
	if (r < 0)
		return ctl_python_send(py->fd,
				       json_pack("{s:i, s:s}", "error", -r, "text", err.msg));
	return ctl_python_send(py->fd, json_pack("{s:o}", "answer", value));
}

static char *take_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? strdup(text) : NULL;
}

enum { OVER = 1, DIED };

/* Returns OVER when the task is. */
static int handle(struct ctl_python *py, const struct ctl_python_host *host, const json_t *message,
		  struct ctl_python_fault *ret, struct lab_err *err)
{
	const json_t *done = json_object_get(message, "done");
	const json_t *text = json_object_get(message, "text");
	int r;

	if (json_object_get(message, "call")) {
		r = answer_call(py, host, message);
		return r < 0 ? lab_err_errno(err, -r, "answering a task") : 0;
	}
	if (json_object_get(message, "output")) {
		host->output(host->user,
			     (int)json_integer_value(json_object_get(message, "output")),
			     json_string_value(text), json_string_length(text));
		return 0;
	}
	if (!done)
		return take_failure(message, err);
	ret->file = take_text(done, "file");
	ret->line = (unsigned int)json_integer_value(json_object_get(done, "line"));
	ret->text = take_text(done, "text");
	ret->traceback = take_text(done, "traceback");
	return OVER;
}

/* A task that ended its own process, by a crash for example, has failed. */
static int died(struct ctl_python *py, struct ctl_python_fault *ret)
{
	struct lab_err err = { 0 };

	(void)lost(py, "the task broke off", &err);
	ret->text = strdup(err.msg);
	return ret->text ? 0 : -ENOMEM;
}

/* Returns OVER or DIED, or -errno. */
static int converse(struct ctl_python *py, struct lab_loop *loop,
		    const struct ctl_python_host *host, struct ctl_python_fault *ret,
		    struct lab_err *err)
{
	int r;

	for (;;) {
		json_t *message = NULL;

		r = host->stopped(host->user);
		if (r < 0)
			return r;
		r = ctl_python_next(&py->in, &message);
		if (r < 0)
			return lab_err_errno(err, -r, "reading what a task says");
		if (r > 0) {
			r = handle(py, host, message, ret, err);
			json_decref(message);
		} else if (py->at_end) {
			return DIED;
		} else {
			r = lab_loop_step(loop, -1);
			if (r < 0)
				return lab_err_errno(err, -r, "waiting for events");
			r = 0;
		}
		if (r)
			return r;
	}
}

int ctl_python_run(struct ctl_python *py, struct lab_loop *loop, const char *path,
		   const struct ctl_python_host *host, struct ctl_python_fault *ret,
		   struct lab_err *err)
{
	struct lab_source *src = NULL;
	int r;

	*ret = (struct ctl_python_fault){ 0 };
	r = ctl_python_start(py, err);
	if (r < 0)
		return r;
	r = lab_loop_add_fd(loop, py->fd, EPOLLIN, on_readable, py, &src);
	if (r >= 0)
		r = ctl_python_send(py->fd, json_pack("{s:s}", "run", path));
	r = r < 0 ? lab_err_errno(err, -r, "starting a Python task")
		  : converse(py, loop, host, ret, err);
	lab_source_free(src);
	if (r == DIED)
		r = died(py, ret);
	if (r < 0)
		(void)end_interpreter(py, false);
	return r < 0 ? r : 0;
}

void ctl_python_fault_fini(struct ctl_python_fault *fault)
{
	free(fault->file);
	free(fault->text);
	free(fault->traceback);
	*fault = (struct ctl_python_fault){ 0 };
}
