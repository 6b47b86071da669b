/* SPDX-License-Identifier: GPL-2.0-or-later */
/* python_child.c - the process of an interpreter: runs tasks as it is told */
#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>

#include "controller/run/python_wire.h"
#include "netlab/base/util.h"

enum { SOCKET = CTL_PYTHON_SOCKET };

#ifdef __SANITIZE_ADDRESS__
/* This process ends without running what its parent registered for the end. */
extern void __lsan_do_leak_check(void);
/* After a fork Python makes its locks anew, and leaves the old ones. Source: _PyThread_at_fork_reinit(). */
#define HOOK __attribute__((visibility("default"))) const char *
extern HOOK __lsan_default_suppressions(void);
HOOK __lsan_default_suppressions(void)
{
	return "leak:PyThread_allocate_lock\n";
}
extern HOOK __lsan_default_options(void);
HOOK __lsan_default_options(void)
{
	return "print_suppressions=0";
}
#endif

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

void ctl_python_serve(int fd, const struct ctl_python_plugin *plugin, int start,
		      const struct lab_err *why)
{
	struct lab_strbuf in = LAB_STRBUF_INIT;
	struct lab_err err = *why;
	json_t *message;
	int r = start;

	if (fd != SOCKET && dup3(fd, SOCKET, O_CLOEXEC) < 0)
		_exit(1);
	(void)close_range(SOCKET + 1, ~0u, 0);
	while ((message = receive(&in))) {
		if (r >= 0)
			r = run_one(plugin, &in, message, &err);
		json_decref(message);
		if (r < 0)
			failed(&err);
	}
	if (start >= 0)
		plugin->stop();
	lab_strbuf_fini(&in);
#ifdef __SANITIZE_ADDRESS__
	__lsan_do_leak_check();
#endif
	_exit(0);
}
