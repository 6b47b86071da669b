/* SPDX-License-Identifier: GPL-2.0-or-later */
/* params.c - requirements on hosts and interfaces, and which of them a container can be built to */
#include "controller/match/params.h"

#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"

/* A requirement on an interface: what it asks for, and how to build to it. */
struct param_def {
	const char *name, *what;
	int (*apply)(const char *value, struct lab_iface *iface, struct lab_err *err);
};

static int apply_mtu(const char *value, struct lab_iface *iface, struct lab_err *err)
{
	if (lab_parse_uint(value, LAB_MTU_MIN, LAB_MTU_MAX, &iface->mtu_bytes) < 0)
		return lab_err_set(err, EINVAL,
				   "mtu: \"%.60s\" is not a whole number of bytes from %u to %u",
				   value, LAB_MTU_MIN, LAB_MTU_MAX);
	return 0;
}

static int apply_hwaddr(const char *value, struct lab_iface *iface, struct lab_err *err)
{
	static const uint8_t none[LAB_MAC_LEN];
	uint8_t mac[LAB_MAC_LEN];

	if (lab_mac_parse(value, mac) < 0)
		return lab_err_set(
			err, EINVAL,
			"hwaddr: \"%.60s\" is not an Ethernet address; write it as 52:54:00:00:00:01",
			value);
	if (mac[0] & 1 || !memcmp(mac, none, sizeof(mac)))
		return lab_err_set(err, EINVAL,
				   "hwaddr: %s is no address that one interface can have", value);
	memcpy(iface->mac, mac, sizeof(mac));
	return 0;
}

static int apply_driver(const char *value, struct lab_iface *iface, struct lab_err *err)
{
	(void)iface;
	if (strcmp(value, "veth") != 0)
		return lab_err_set(
			err, EINVAL,
			"driver: no machine has an interface with the driver \"%.60s\"; that of a"
			" container is veth",
			value);
	return 0;
}

static const struct param_def iface_params[] = {
	{ "mtu", "mtu", apply_mtu },
	{ "hwaddr", "hwaddr", apply_hwaddr },
	{ "driver", "driver (veth)", apply_driver },
};

static const struct param_def *find(const char *name)
{
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(iface_params); i++) {
		if (!strcmp(iface_params[i].name, name))
			return &iface_params[i];
	}
	return NULL;
}

/* Names ordered as in the tables, for the message. */
static const char *nearest(const char *name)
{
	const char *names[LAB_ARRAY_SIZE(iface_params) + 1] = { NULL };
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(iface_params); i++)
		names[i] = iface_params[i].name;
	return lab_str_nearest(name, names);
}

void ctl_params_check_host(const struct ctl_host *host, struct ctl_diag *diag)
{
	size_t i;

	for (i = 0; i < host->n_params; i++) {
		const struct ctl_param *p = &host->params[i];

		if (!*p->value || (!strcmp(p->name, "backend") && !strcmp(p->value, "native")))
			continue;
		(void)ctl_diag_error(
			diag, &p->value_src,
			"host %s: no machine has the param %.60s = \"%.60s\"; a container can be built"
			" to: backend (native)",
			host->id, p->name, p->value);
	}
}

static void unknown_param(const struct ctl_host *host, const struct ctl_iface *from,
			  const struct ctl_param *p, struct ctl_diag *diag)
{
	const char *near = nearest(p->name);

	if (near)
		(void)ctl_diag_error(
			diag, &p->src,
			"host %s: interface %.60s: no machine has the param %.60s; did you mean %s?",
			host->id, from->id, p->name, near);
	else
		(void)ctl_diag_error(
			diag, &p->src,
			"host %s: interface %.60s: no machine has the param %.60s = \"%.60s\"; a"
			" container can be built to: %s, %s, %s",
			host->id, from->id, p->name, p->value, iface_params[0].what,
			iface_params[1].what, iface_params[2].what);
}

void ctl_params_apply_iface(const struct ctl_host *host, const struct ctl_iface *from,
			    struct lab_iface *to, struct ctl_diag *diag)
{
	const struct param_def *def;
	struct lab_err err;
	size_t i;
	int r;

	for (i = 0; i < from->n_params; i++) {
		const struct ctl_param *p = &from->params[i];

		if (!*p->value)
			continue;
		def = find(p->name);
		if (!def) {
			unknown_param(host, from, p, diag);
			continue;
		}
		r = def->apply(p->value, to, &err);
		if (r < 0) {
			(void)lab_err_prefix(&err, r, "host %s: interface %.60s: ", host->id,
					     from->id);
			(void)ctl_diag_err(diag, &err, &p->value_src);
		}
	}
}
