/* SPDX-License-Identifier: GPL-2.0-or-later */
/* liblxc.c - the library of LXC, loaded when it is needed */
#include "netlab/backend/liblxc.h"

#include <errno.h>

#include <dlfcn.h>
#include <lxc/lxccontainer.h>
#include <string.h>

#include "netlab/base/util.h"

#define LIBRARY "liblxc.so.1"

/* What is called in it; the rest is in the objects that it makes. */
static struct {
	const char *(*version)(void);
	struct lxc_container *(*new)(const char *name, const char *path);
	int (*put)(struct lxc_container *c);
} lib;

static int load(struct lab_err *err)
{
	static const char *const names[] = { "lxc_get_version", "lxc_container_new",
					     "lxc_container_put" };
	void *symbols[LAB_ARRAY_SIZE(names)];
	void *handle;

	if (lib.version)
		return 0;
	/* Never closed: it may have put down its name to be called at the end. */
	handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return lab_err_set(err, ENOSYS, "the library " LIBRARY " is not there [ENOSYS]");
	for (size_t i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		symbols[i] = dlsym(handle, names[i]);
		if (!symbols[i])
			return lab_err_set(err, ENOSYS, "the library " LIBRARY " has no %s",
					   names[i]);
	}
	memcpy(&lib.new, &symbols[1], sizeof(lib.new));
	memcpy(&lib.put, &symbols[2], sizeof(lib.put));
	memcpy(&lib.version, &symbols[0], sizeof(lib.version));
	return 0;
}

const char *lab_liblxc_version(struct lab_err *err)
{
	return load(err) < 0 ? NULL : lib.version();
}

int lab_liblxc_new(const char *name, const char *path, struct lxc_container **ret,
		   struct lab_err *err)
{
	struct lxc_container *c;
	int r = load(err);

	if (r < 0)
		return r;
	c = lib.new(name, path);
	if (!c)
		return lab_err_set(err, EIO, "liblxc makes no object for the container");
	*ret = c;
	return 0;
}

void lab_liblxc_put(struct lxc_container **c)
{
	if (*c)
		(void)lib.put(*c);
	*c = NULL;
}
