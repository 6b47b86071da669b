/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conv.c - values from Python to JSON and back */
#include "controller/python/py.h"

#include <string.h>

enum { DEPTH_MAX = 32 };

static int to_json(PyObject *object, unsigned int depth, json_t **ret);

static int set_or_raise(json_t *value, json_t **ret)
{
	if (!value) {
		PyErr_SetString(PyExc_ValueError, "a number or a text that JSON cannot hold");
		return -1;
	}
	*ret = value;
	return 0;
}

static int text_to_json(PyObject *object, json_t **ret)
{
	Py_ssize_t len;
	const char *text = PyUnicode_AsUTF8AndSize(object, &len);

	return text ? set_or_raise(json_stringn(text, (size_t)len), ret) : -1;
}

static int number_to_json(PyObject *object, json_t **ret)
{
	long long number = PyLong_AsLongLong(object);

	if (number == -1 && PyErr_Occurred())
		return -1;
	return set_or_raise(json_integer(number), ret);
}

static int list_to_json(PyObject *object, unsigned int depth, json_t **ret)
{
	cleanup_json json_t *array = json_array();
	Py_ssize_t i, n = PySequence_Size(object);

	if (!array) {
		(void)PyErr_NoMemory();
		return -1;
	}
	for (i = 0; i < n; i++) {
		PyObject *item = PySequence_GetItem(object, i);
		json_t *value;
		int r = item ? to_json(item, depth + 1, &value) : -1;

		Py_XDECREF(item);
		if (r < 0)
			return -1;
		if (json_array_append_new(array, value) < 0) {
			(void)PyErr_NoMemory();
			return -1;
		}
	}
	*ret = take_ptr(&array);
	return n < 0 ? -1 : 0;
}

static int dict_to_json(PyObject *object, unsigned int depth, json_t **ret)
{
	cleanup_json json_t *result = json_object();
	PyObject *key, *item;
	Py_ssize_t at = 0;
	const char *name;
	json_t *value;

	if (!result) {
		(void)PyErr_NoMemory();
		return -1;
	}
	while (PyDict_Next(object, &at, &key, &item)) {
		name = PyUnicode_Check(key) ? PyUnicode_AsUTF8AndSize(key, NULL) : NULL;
		if (!name) {
			if (!PyErr_Occurred())
				PyErr_SetString(PyExc_TypeError, "a name in a dict is no str");
			return -1;
		}
		if (to_json(item, depth + 1, &value) < 0)
			return -1;
		if (json_object_set_new(result, name, value) < 0) {
			PyErr_SetString(PyExc_ValueError, "a name in a dict that JSON cannot hold");
			return -1;
		}
	}
	*ret = take_ptr(&result);
	return 0;
}

static int to_json(PyObject *object, unsigned int depth, json_t **ret)
{
	PyObject *type;

	if (depth > DEPTH_MAX) {
		PyErr_SetString(PyExc_ValueError, "lists and dicts nested too deep");
		return -1;
	}
	if (object == Py_None)
		return set_or_raise(json_null(), ret);
	if (PyBool_Check(object))
		return set_or_raise(json_boolean(object == Py_True), ret);
	if (PyLong_Check(object))
		return number_to_json(object, ret);
	if (PyFloat_Check(object))
		return set_or_raise(json_real(PyFloat_AsDouble(object)), ret);
	if (PyUnicode_Check(object))
		return text_to_json(object, ret);
	if (PyList_Check(object) || PyTuple_Check(object))
		return list_to_json(object, depth, ret);
	if (PyDict_Check(object))
		return dict_to_json(object, depth, ret);
	type = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__name__");
	if (type)
		(void)PyErr_Format(PyExc_TypeError, "%U is nothing that a host can be told", type);
	Py_XDECREF(type);
	return -1;
}

int ctl_py_to_json(PyObject *object, json_t **ret)
{
	return to_json(object, 0, ret);
}

static PyObject *list_from_json(const json_t *value)
{
	size_t i, n = json_array_size(value);
	PyObject *list = PyList_New((Py_ssize_t)n);

	for (i = 0; list && i < n; i++) {
		PyObject *item = ctl_py_from_json(json_array_get(value, i));

		if (!item || PyList_SetItem(list, (Py_ssize_t)i, item) < 0)
			Py_CLEAR(list);
	}
	return list;
}

static PyObject *dict_from_json(json_t *value)
{
	PyObject *dict = PyDict_New();
	const char *name;
	json_t *member;

	json_object_foreach(value, name, member) {
		PyObject *item = dict ? ctl_py_from_json(member) : NULL;

		if (!item || PyDict_SetItemString(dict, name, item) < 0)
			Py_CLEAR(dict);
		Py_XDECREF(item);
	}
	return dict;
}

PyObject *ctl_py_from_json(const json_t *value)
{
	if (!value)
		return Py_NewRef(Py_None);
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return dict_from_json((json_t *)value);
	case JSON_ARRAY:
		return list_from_json(value);
	case JSON_STRING:
		return PyUnicode_DecodeUTF8(json_string_value(value),
					    (Py_ssize_t)json_string_length(value), "replace");
	case JSON_INTEGER:
		return PyLong_FromLongLong(json_integer_value(value));
	case JSON_REAL:
		return PyFloat_FromDouble(json_real_value(value));
	case JSON_TRUE:
		return Py_NewRef(Py_True);
	case JSON_FALSE:
		return Py_NewRef(Py_False);
	case JSON_NULL:
		break;
	}
	return Py_NewRef(Py_None);
}

char *ctl_py_text(PyObject *object)
{
	const char *text = PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, NULL) : NULL;

	if (!text)
		PyErr_Clear();
	return text ? strdup(text) : NULL;
}
