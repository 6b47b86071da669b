/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.c - type Session: a task's way to netlab */
#include "controller/python/py.h"

#include <unistd.h>

struct session {
	PyObject_HEAD PyObject *module;
	unsigned long thread;
	pid_t pid;
};

static struct session *of(PyObject *self)
{
	return (struct session *)(void *)self;
}

static PyObject *session_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static const char *const names[] = { "module", NULL };
	PyObject *module, *self;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O", (char **)names, &module))
		return NULL;
	self = PyType_GenericAlloc(type, 0);
	if (!self)
		return NULL;
	of(self)->module = Py_NewRef(module);
	of(self)->thread = PyThread_get_thread_ident();
	of(self)->pid = getpid();
	return self;
}

static int session_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(self));
	Py_VISIT(of(self)->module);
	return 0;
}

static int session_clear(PyObject *self)
{
	Py_CLEAR(of(self)->module);
	return 0;
}

static void session_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	PyObject_GC_UnTrack(self);
	(void)session_clear(self);
	PyObject_GC_Del(self);
	Py_DECREF(type);
}

/* One question at a time on one socket, which belongs to this process. */
static struct ctl_py_state *enter(PyObject *self)
{
	struct ctl_py_state *state = ctl_py_state(of(self)->module);

	if (!state)
		return NULL;
	if (of(self)->pid != getpid()) {
		PyErr_SetString(
			PyExc_RuntimeError,
			"the lab can be asked only by the task itself, not by its child processes");
		return NULL;
	}
	if (of(self)->thread != PyThread_get_thread_ident()) {
		PyErr_SetString(PyExc_RuntimeError,
				"the lab can be asked only in the task's main thread");
		return NULL;
	}
	if (!state->peer) {
		PyErr_SetString(PyExc_RuntimeError, "no task is running");
		return NULL;
	}
	return state;
}

static PyObject *session_call(PyObject *self, PyObject *args)
{
	struct ctl_py_state *state = enter(self);
	cleanup_json json_t *params = NULL, *answer = NULL;
	struct lab_err err = { 0 };
	const char *method;
	PyObject *dict;
	int r;

	if (!state || !PyArg_ParseTuple(args, "sO", &method, &dict))
		return NULL;
	if (ctl_py_to_json(dict, &params) < 0)
		return NULL;
	r = state->peer->call(state->peer->user, method, params, &answer, &err);
	if (r >= 0)
		return ctl_py_from_json(answer);
	PyErr_SetString(state->task_error, err.msg);
	return NULL;
}

static PyObject *session_write(PyObject *self, PyObject *args)
{
	struct ctl_py_state *state = enter(self);
	const char *text;
	Py_ssize_t len;
	int fd;

	if (!state || !PyArg_ParseTuple(args, "is#", &fd, &text, &len))
		return NULL;
	state->peer->output(state->peer->user, fd, text, (size_t)len);
	return Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
	{ "call", session_call, METH_VARARGS,
	  "call(method, params): ask netlab for something, and wait for the answer" },
	{ "write", session_write, METH_VARARGS, "write(fd, text): say something in the report" },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_doc, (void *)"Session(module): a task's way to netlab" },
	{ Py_tp_new, CTL_PY_FN(session_new) },
	{ Py_tp_traverse, CTL_PY_FN(session_traverse) },
	{ Py_tp_clear, CTL_PY_FN(session_clear) },
	{ Py_tp_dealloc, CTL_PY_FN(session_dealloc) },
	{ Py_tp_methods, methods },
	{ 0, NULL },
};

PyType_Spec ctl_py_session_spec = {
	.name = "_netlab.Session",
	.basicsize = sizeof(struct session),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
	.slots = slots,
};
