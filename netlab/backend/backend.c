/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend.c - what can make a host's container: names and abilities */
#include "netlab/backend/backend.h"

#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

static const struct lab_backend_setting none[] = { { NULL, NULL, false } };

/* Of lxc as well. */
static const struct lab_backend_setting nspawn[] = {
	{ "init", "yes: the image's own /sbin/init runs in it", false },
	{ NULL, NULL, false },
};

static const struct lab_backend_setting lxd[] = {
	{ "lxd_socket", "path of the server's unix socket, if it is not the machine's own", true },
	{ "lxd_url", "the server: https://host:port", true },
	{ "lxd_server", "the server by its name in lxc remote list", true },
	{ "lxd_cert", "file of the certificate to show to the server", false },
	{ "lxd_key", "file of its key", false },
	{ "lxd_ca", "file of the server's certificate", false },
	{ "lxd_profile", "profiles of LXD, separated by commas; default", false },
	{ "lxd_remote", "where the image is: a server's name or URL", false },
	{ "lxd_target", "member of the cluster that runs it", false },
	{ "init", "yes: the image's own /sbin/init runs in it", false },
	{ "ephemeral", "yes: the instance goes when it stops", false },
	{ NULL, NULL, false },
};

static const struct lab_backend_setting podman[] = {
	{ "podman_uri", "a service that runs already: unix:///path or tcp://host:port", true },
	{ "privileged", "yes: the host may do all that the machine's root may", false },
	{ NULL, NULL, false },
};

const struct lab_backend_info lab_backends[] = {
	{ "native", "netlab's own containers",
	  LAB_BACKEND_FREEZE | LAB_BACKEND_SNAPSHOT | LAB_BACKEND_LIMITS | LAB_BACKEND_IMAGE |
		  LAB_BACKEND_PUBLISH | LAB_BACKEND_ROOTLESS,
	  none },
	{ "nspawn", "systemd-nspawn",
	  LAB_BACKEND_FREEZE | LAB_BACKEND_SNAPSHOT | LAB_BACKEND_LIMITS | LAB_BACKEND_IMAGE |
		  LAB_BACKEND_PUBLISH,
	  nspawn },
	{ "lxc", "LXC",
	  LAB_BACKEND_FREEZE | LAB_BACKEND_SNAPSHOT | LAB_BACKEND_LIMITS | LAB_BACKEND_IMAGE |
		  LAB_BACKEND_PUBLISH,
	  nspawn },
	{ "lxd", "LXD",
	  LAB_BACKEND_FREEZE | LAB_BACKEND_SNAPSHOT | LAB_BACKEND_LIMITS | LAB_BACKEND_IMAGE |
		  LAB_BACKEND_PUBLISH | LAB_BACKEND_MIGRATE,
	  lxd },
	{ "podman", "Podman",
	  LAB_BACKEND_FREEZE | LAB_BACKEND_SNAPSHOT | LAB_BACKEND_LIMITS | LAB_BACKEND_IMAGE |
		  LAB_BACKEND_PUBLISH,
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
