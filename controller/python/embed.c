/* SPDX-License-Identifier: GPL-2.0-or-later */
/* embed.c - the plugin: starts an isolated interpreter, runs tasks in it, ends it */

/* How an interpreter is configured is not part of the stable interface. */
#define CTL_PY_WHOLE
#include "controller/python/py.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
/* Python's own allocator would hide from the sanitizer what is lost and what is overrun. */
#define ALLOCATOR PYMEM_ALLOCATOR_MALLOC
#else
#define ALLOCATOR PYMEM_ALLOCATOR_NOT_SET
#endif

#define BOOTSTRAP "netlab.bootstrap"

static int status_error(PyStatus status, struct lab_err *err)
{
	err->code = ENOSYS;
	err->src = (struct lab_src){ 0 };
	(void)snprintf(err->msg, sizeof(err->msg),
		       "Python cannot be started: %s; is the package libpython3.11-stdlib there?",
		       status.err_msg ? status.err_msg : "no reason given");
	return -ENOSYS;
}

/* What Python says about an exception that should not have happened. */
static int unexpected(const char *what, struct lab_err *err)
{
	PyObject *type = NULL, *value = NULL, *traceback = NULL, *text;
	const char *words;

	PyErr_Fetch(&type, &value, &traceback);
	text = value ? PyObject_Str(value) : NULL;
	words = text ? PyUnicode_AsUTF8(text) : NULL;
	err->code = EPROTO;
	err->src = (struct lab_src){ 0 };
	(void)snprintf(err->msg, sizeof(err->msg), "%s: %s: %.300s", what,
		       type ? ((PyTypeObject *)(void *)type)->tp_name : "no exception",
		       words ? words : "");
	PyErr_Clear();
	Py_XDECREF(text);
	Py_XDECREF(type);
	Py_XDECREF(value);
	Py_XDECREF(traceback);
	return -EPROTO;
}

static PyStatus configure(PyConfig *config)
{
	PyPreConfig pre;
	PyStatus status;

	PyPreConfig_InitIsolatedConfig(&pre);
	pre.utf8_mode = 1;
	pre.allocator = ALLOCATOR;
	status = Py_PreInitialize(&pre);
	if (PyStatus_Exception(status))
		return status;
	PyConfig_InitIsolatedConfig(config);
	config->site_import = 0;
	config->write_bytecode = 0;
	config->install_signal_handlers = 0;
	config->pathconfig_warnings = 0;
	status = PyConfig_SetBytesString(config, &config->home, CTL_PYTHON_HOME);
	if (!PyStatus_Exception(status))
		status = PyConfig_SetBytesString(config, &config->executable,
						 CTL_PYTHON_HOME "/bin/python3");
	return status;
}

/* From then on the modules in memory can be imported. */
static int bootstrap(struct lab_err *err)
{
	const struct ctl_py_source *s = ctl_py_sources;
	PyObject *globals = PyDict_New(), *code, *result = NULL;

	while (s->name && strcmp(s->name, BOOTSTRAP) != 0)
		s++;
	code = s->name ? Py_CompileString(s->text, "<netlab>/bootstrap.py", Py_file_input) : NULL;
	if (globals && code &&
	    PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0)
		result = PyEval_EvalCode(code, globals, globals);
	Py_XDECREF(code);
	Py_XDECREF(globals);
	Py_XDECREF(result);
	return result ? 0 : unexpected("starting Python", err);
}

static int start(struct lab_err *err)
{
	PyObject *runner;
	PyConfig config;
	PyStatus status;
	int r;

	if (PyImport_AppendInittab("_netlab", ctl_py_init) < 0)
		return -ENOMEM;
	status = configure(&config);
	if (!PyStatus_Exception(status))
		status = Py_InitializeFromConfig(&config);
	PyConfig_Clear(&config);
	if (PyStatus_Exception(status))
		return status_error(status, err);
	r = bootstrap(err);
	/* What every task needs is imported before the forks. */
	runner = r < 0 ? NULL : PyImport_ImportModule("netlab.runner");
	if (r >= 0 && !runner)
		r = unexpected("starting Python", err);
	Py_XDECREF(runner);
	return r;
}

/* Only the thread that forks is there afterwards, and it holds all locks. */
static pid_t fork_copy(void)
{
	pid_t pid;

	PyOS_BeforeFork();
	pid = fork();
	if (pid == 0)
		PyOS_AfterFork_Child();
	else
		PyOS_AfterFork_Parent();
	return pid;
}

/* (file, line, text, traceback) of runner.run(), or None. */
static int take_fault(PyObject *answer, struct ctl_python_fault *ret)
{
	PyObject *file, *text, *traceback;
	unsigned int line;

	if (answer == Py_None)
		return 0;
	if (!PyArg_ParseTuple(answer, "OIOO", &file, &line, &text, &traceback))
		return -EPROTO;
	ret->file = ctl_py_text(file);
	ret->line = line;
	ret->text = ctl_py_text(text);
	ret->traceback = ctl_py_text(traceback);
	if (!ret->text)
		ret->text = strdup("an exception without a text");
	return ret->text ? 0 : -ENOMEM;
}

static int run_task(struct ctl_py_state *state, PyObject *module, const char *path,
		    struct ctl_python_fault *ret, struct lab_err *err)
{
	PyObject *runner = PyImport_ImportModule("netlab.runner"), *session = NULL, *answer = NULL;
	int r;

	if (runner)
		session = PyObject_CallFunctionObjArgs(state->session, module, NULL);
	if (session)
		answer = PyObject_CallMethod(runner, "run", "sO", path, session);
	r = answer ? take_fault(answer, ret) : unexpected("running a Python task", err);
	if (PyErr_Occurred())
		r = unexpected("running a Python task", err);
	Py_XDECREF(runner);
	Py_XDECREF(session);
	Py_XDECREF(answer);
	return r;
}

/* A task finds itself in its own folder; the next one starts from where netlab was. */
static int run(const char *path, const struct ctl_python_peer *peer, struct ctl_python_fault *ret,
	       struct lab_err *err)
{
	cleanup_close int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	PyObject *module = PyImport_ImportModule("_netlab");
	struct ctl_py_state *state = module ? ctl_py_state(module) : NULL;
	int r;

	if (!state) {
		Py_XDECREF(module);
		return unexpected("importing _netlab", err);
	}
	state->peer = peer;
	r = run_task(state, module, path, ret, err);
	state->peer = NULL;
	Py_DECREF(module);
	if (home >= 0)
		(void)!fchdir(home);
	return r;
}

static void stop(void)
{
	(void)Py_FinalizeEx();
}

extern const struct ctl_python_plugin ctl_python_plugin __attribute__((visibility("default")));
const struct ctl_python_plugin ctl_python_plugin = {
	.abi = CTL_PYTHON_ABI,
	.start = start,
	.fork = fork_copy,
	.run = run,
	.stop = stop,
};
