/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend.c - what can make a host's container: names and abilities */
#include "netlab/backend/backend.h"

#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

static const struct lab_backend_setting none[] = { { NULL, NULL } };

static const struct lab_backend_setting lxc[] = {
	{ "init", "yes: the image's own /sbin/init runs in it" },
	{ NULL, NULL },
};

static const struct lab_backend_setting podman[] = {
	{ "podman_uri", "a service that runs already: unix:///path or tcp://host:port" },
	{ "privileged", "yes: the host may do all that the machine's root may" },
	{ NULL, NULL },
};

const struct lab_backend_info lab_backends[] = {
	{ "native", "netlab's own containers", LAB_BACKEND_LIMITS | LAB_BACKEND_ROOTLESS, none },
	{ "nspawn", "systemd-nspawn", 0, none },
	{ "lxc", "LXC",
	  LAB_BACKEND_FREEZE | LAB_BACKEND_SNAPSHOT | LAB_BACKEND_LIMITS | LAB_BACKEND_IMAGE, lxc },
	{ "podman", "Podman",
	  LAB_BACKEND_FREEZE | LAB_BACKEND_SNAPSHOT | LAB_BACKEND_LIMITS | LAB_BACKEND_IMAGE,
	  podman },
	{ NULL, NULL, 0, NULL },
};

const struct lab_backend_info *lab_backend_find(const char *name, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf known = LAB_STRBUF_INIT;
	const char *names[LAB_ARRAY_SIZE(lab_backends)] = { NULL }, *near;
	size_t i;

	for (i = 0; lab_backends[i].name; i++) {
		if (strcmp(lab_backends[i].name, name) == 0)
			return &lab_backends[i];
		names[i] = lab_backends[i].name;
		lab_strbuf_printf(&known, "%s%s", i ? ", " : "", names[i]);
	}
	near = lab_str_nearest(name, names);
	if (near)
		(void)lab_err_set(err, ENOENT, "there is no backend \"%.60s\"; did you mean %s?",
				  name, near);
	else
		(void)lab_err_set(err, ENOENT, "there is no backend \"%.60s\"; there are: %s", name,
				  lab_strbuf_str(&known));
	return NULL;
}

const struct lab_backend_setting *lab_backend_setting(const struct lab_backend_info *backend,
						      const char *name)
{
	const struct lab_backend_info *b = backend ? backend : lab_backends;

	for (; b->name; b++) {
		for (const struct lab_backend_setting *s = b->settings; s->name; s++)
			if (strcmp(s->name, name) == 0)
				return s;
		if (backend)
			return NULL;
	}
	return NULL;
}
