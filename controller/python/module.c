/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module.c - the built-in module _netlab */
#include "controller/python/py.h"

#include <string.h>

struct ctl_py_state *ctl_py_state(PyObject *module)
{
	return PyModule_GetState(module);
}

/* source(name): (text, is_package) of a module in memory, or None. */
static PyObject *get_source(PyObject *Py_UNUSED(module), PyObject *args)
{
	const struct ctl_py_source *s;
	const char *name;

	if (!PyArg_ParseTuple(args, "s", &name))
		return NULL;
	for (s = ctl_py_sources; s->name; s++) {
		if (strcmp(s->name, name) == 0)
			return Py_BuildValue("(s#O)", s->text, (Py_ssize_t)(s->end - s->text),
					     s->package ? Py_True : Py_False);
	}
	return Py_NewRef(Py_None);
}

static int module_exec(PyObject *module)
{
	struct ctl_py_state *state = ctl_py_state(module);

	state->session = PyType_FromModuleAndSpec(module, &ctl_py_session_spec, NULL);
	if (!state->session || PyModule_AddObjectRef(module, "Session", state->session) < 0)
		return -1;
	state->task_error = PyErr_NewException("netlab.TaskError", PyExc_Exception, NULL);
	return state->task_error ? PyModule_AddObjectRef(module, "TaskError", state->task_error)
				 : -1;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
	struct ctl_py_state *state = ctl_py_state(module);

	Py_VISIT(state->session);
	Py_VISIT(state->task_error);
	return 0;
}

static int module_clear(PyObject *module)
{
	struct ctl_py_state *state = ctl_py_state(module);

	Py_CLEAR(state->session);
	Py_CLEAR(state->task_error);
	return 0;
}

static PyMethodDef methods[] = {
	{ "source", get_source, METH_VARARGS, "source(name): (text, is_package), or None" },
	{ NULL, NULL, 0, NULL },
};

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, CTL_PY_FN(module_exec) },
	{ 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_netlab",
	.m_doc = "What netlab's Python modules are made of",
	.m_size = sizeof(struct ctl_py_state),
	.m_methods = methods,
	.m_slots = slots,
	.m_traverse = module_traverse,
	.m_clear = module_clear,
};

PyMODINIT_FUNC ctl_py_init(void)
{
	return PyModuleDef_Init(&definition);
}
