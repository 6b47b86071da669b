/* SPDX-License-Identifier: GPL-2.0-or-later */
/* python_child.c - the process of the interpreter: loads the plugin, runs tasks as it is told */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "controller/run/python_wire.h"
#include "netlab/base/util.h"

enum { SOCKET = 3 };

#ifdef __SANITIZE_ADDRESS__
/* This process ends without running what its parent registered for the end. */
extern void __lsan_do_leak_check(void);
#endif

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
	if (fd != SOCKET && dup3(fd, SOCKET, O_CLOEXEC) < 0)
		return -errno;
	(void)close_range(SOCKET + 1, ~0u, 0);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	/* As Python does itself when it is a program. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_NAME, "netlab-python");
	return 0;
}

/* Wait for a message; NULL when there will be none. */
static json_t *receive(struct lab_strbuf *in)
{
	json_t *message = NULL;
	int r;

	while ((r = ctl_python_next(in, &message)) == 0) {
		if (ctl_python_receive(SOCKET, 0, in) <= 0)
			return NULL;
	}
	return r > 0 ? message : NULL;
}

static void failed(const struct lab_err *err)
{
	(void)ctl_python_send(SOCKET,
			      json_pack("{s:i, s:s}", "failed", err->code, "text", err->msg));
}

/* --- what a task asks for --------------------------------------------------------------------- */

static int on_call(void *user, const char *method, json_t *params, json_t **ret,
		   struct lab_err *err)
{
	cleanup_json json_t *answer = NULL;
	json_t *value;
	int r;

	r = ctl_python_send(SOCKET, json_pack("{s:s, s:O}", "call", method, "params", params));
	if (r < 0)
		return lab_err_errno(err, -r, "asking netlab");
	answer = receive(user);
	/* The controller has gone, or wants this to end. */
	if (!answer)
		_exit(0);
	value = json_object_get(answer, "answer");
	if (value) {
		*ret = json_incref(value);
		return 0;
	}
	r = (int)json_integer_value(json_object_get(answer, "error"));
	return lab_err_set(err, r > 0 ? r : EPROTO, "%s",
			   json_string_value(json_object_get(answer, "text")));
}

static void on_output(void *user LAB_UNUSED, int fd, const char *text, size_t len)
{
	(void)ctl_python_send(SOCKET, json_pack("{s:i, s:s%}", "output", fd, "text", text, len));
}

/* --- tasks ------------------------------------------------------------------------------------ */

static int run_one(const struct ctl_python_plugin *plugin, struct lab_strbuf *in,
		   const json_t *message, struct lab_err *err)
{
	const struct ctl_python_peer peer = {
		.call = on_call,
		.output = on_output,
		.user = in,
	};
	const char *path = json_string_value(json_object_get(message, "run"));
	struct ctl_python_fault fault = { 0 };
	json_t *done;
	int r;

	r = path ? plugin->run(path, &peer, &fault, err) : lab_err_set(err, EPROTO, "no task");
	if (r < 0)
		return r;
	done = fault.text ? json_pack("{s:s*, s:I, s:s, s:s*}", "file", fault.file, "line",
				      (json_int_t)fault.line, "text", fault.text, "traceback",
				      fault.traceback)
			  : json_null();
	ctl_python_fault_fini(&fault);
	return ctl_python_send(SOCKET, json_pack("{s:o}", "done", done));
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

static void serve(const struct ctl_python_plugin *plugin, struct lab_strbuf *in)
{
	struct lab_err err = { 0 };
	json_t *message;
	int r;

	r = plugin->start(&err);
	while ((message = receive(in))) {
		if (r >= 0)
			r = run_one(plugin, in, message, &err);
		json_decref(message);
		if (r < 0)
			failed(&err);
	}
	plugin->stop();
}

void ctl_python_child(int fd, const char *path)
{
	struct lab_strbuf in = LAB_STRBUF_INIT;
	const struct ctl_python_plugin *plugin;
	struct lab_err err = { 0 };
	int r = let_go(fd);

	if (r < 0)
		_exit(1);
	plugin = load(path, &err);
	if (!plugin) {
		failed(&err);
		_exit(1);
	}
	if (ctl_python_send(SOCKET, json_pack("{s:b}", "loaded", 1)) == 0)
		serve(plugin, &in);
	lab_strbuf_fini(&in);
#ifdef __SANITIZE_ADDRESS__
	__lsan_do_leak_check();
#endif
	_exit(0);
}
