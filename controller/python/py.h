/* SPDX-License-Identifier: GPL-2.0-or-later */
/* py.h - Python.h with the stable interface only, and what the files of the module share */
#ifndef CONTROLLER_PYTHON_PY_H
#define CONTROLLER_PYTHON_PY_H

/**
 * DOC: the plugin
 *
 * embed.c starts an isolated interpreter and runs tasks in it; it is the only file that needs more
 * than the stable interface. module.c is the built-in module _netlab: one type a file (session.c),
 * values from and to JSON in conv.c, and the sources of the pure Python modules (sources.c), which
 * netlab/runner.py and bootstrap.py import from memory. The types do nothing themselves: they hand
 * a method's name and parameters to netlab (controller/run/script_call.c).
 *
 * Python tasks see lnst.Controller.Task and its neighbours; these only give other names to what is
 * in netlab/task.py, host.py, interface.py and perfrepo.py.
 */
#ifndef CTL_PY_WHOLE
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "controller/run/python.h"

/* A function in a slot, which is a void pointer. */
#define CTL_PY_FN(fn) __extension__(void *)(fn)

/**
 * struct ctl_py_state - what the module _netlab has
 * @session:	type Session
 * @task_error:	exception TaskError: a call that cannot be done
 * @peer:	what the task that runs can ask for; NULL while none runs
 */
struct ctl_py_state {
	PyObject *session, *task_error;
	const struct ctl_python_peer *peer;
};

/**
 * struct ctl_py_source - a pure Python module in memory
 * @name:	full name
 * @package:	it is a package
 * @text:	its source
 * @end:	behind its last byte
 */
struct ctl_py_source {
	const char *name;
	int package;
	const char *text, *end;
};

extern const struct ctl_py_source ctl_py_sources[]; /* ended by a NULL name */

/* The types, one a file. */
extern PyType_Spec ctl_py_session_spec;

/**
 * ctl_py_init() - Make the module _netlab, for PyImport_AppendInittab()
 *
 * Return: its definition; the import machinery does the rest.
 */
PyMODINIT_FUNC ctl_py_init(void);

/**
 * ctl_py_state() - What the module has
 * @module:	the module _netlab
 *
 * Return: the state (borrowed), or NULL with an exception set.
 */
struct ctl_py_state *ctl_py_state(PyObject *module);

/**
 * ctl_py_to_json() - Convert a Python object
 * @object:	None, bool, int, float, str, list, tuple or dict of such with names that are str
 * @ret:	on success, new reference
 *
 * Return: 0, or -1 with an exception set.
 */
int ctl_py_to_json(PyObject *object, json_t **ret);

/**
 * ctl_py_from_json() - Convert a JSON value
 * @value:	value; NULL = none
 *
 * Return: new reference, or NULL with an exception set.
 */
PyObject *ctl_py_from_json(const json_t *value);

/**
 * ctl_py_text() - Copy a str
 * @object:	str, or anything else for NULL
 *
 * Return: UTF-8 from malloc(3), or NULL.
 */
char *ctl_py_text(PyObject *object);

#endif
