/* SPDX-License-Identifier: GPL-2.0-or-later */
/* params.c - requirements on hosts and interfaces, and which of them a container can be built to */
#include "controller/match/params.h"

#include <string.h>

#include "netlab/backend/backend.h"
#include "netlab/base/parse.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/ns/image.h"

/*
 * A requirement: what it asks for, and how to build to it. @object is the struct lab_iface or struct lab_host that is built. Of a machine
 * of a pool only what is @built counts: the rest is what somebody says about it, so that recipes can ask for it.
 */
struct param_def {
	const char *name, *what;
	int (*apply)(const char *value, void *object, struct lab_err *err);
	bool built;
};

static int apply_mtu(const char *value, void *object, struct lab_err *err)
{
	struct lab_iface *iface = object;

	if (lab_parse_uint(value, LAB_MTU_MIN, LAB_MTU_MAX, &iface->mtu_bytes) < 0)
		return lab_err_set(err, EINVAL,
				   "mtu: \"%.60s\" is not a whole number of bytes from %u to %u",
				   value, LAB_MTU_MIN, LAB_MTU_MAX);
	return 0;
}

static int apply_hwaddr(const char *value, void *object, struct lab_err *err)
{
	static const uint8_t none[LAB_MAC_LEN];
	struct lab_iface *iface = object;
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

static int apply_driver(const char *value, void *object, struct lab_err *err)
{
	(void)object;
	if (strcmp(value, "veth") != 0)
		return lab_err_set(
			err, EINVAL,
			"driver: no machine has an interface with the driver \"%.60s\"; that of a"
			" container is veth",
			value);
	return 0;
}

static int apply_memory(const char *value, void *object, struct lab_err *err)
{
	return lab_limits_set(&((struct lab_host *)object)->limits, "memory", value, err);
}

static int apply_cpus(const char *value, void *object, struct lab_err *err)
{
	return lab_limits_set(&((struct lab_host *)object)->limits, "cpus", value, err);
}

static int apply_pids(const char *value, void *object, struct lab_err *err)
{
	return lab_limits_set(&((struct lab_host *)object)->limits, "pids", value, err);
}

static int set_text(char **to, const char *value, struct lab_err *err)
{
	char *copy = strdup(value);

	if (!copy)
		return lab_err_set(err, ENOMEM, "out of memory");
	free(*to);
	*to = copy;
	return 0;
}

static int apply_backend(const char *value, void *object, struct lab_err *err)
{
	struct lab_host *host = object;
	const struct lab_backend_info *backend = lab_backend_find(value, err);

	if (!backend)
		return lab_err_prefix(err, -EINVAL, "backend: ");
	if (backend != &lab_backends[0])
		return set_text(&host->backend, value, err);
	free(host->backend);
	host->backend = NULL;
	return 0;
}

static int apply_image(const char *value, void *object, struct lab_err *err)
{
	struct lab_host *host = object;

	return set_text(&host->image, value, err);
}

static const struct param_def iface_params[] = {
	{ "mtu", "mtu", apply_mtu, true },
	{ "hwaddr", "hwaddr", apply_hwaddr, true },
	{ "driver", "driver (veth)", apply_driver, false },
	{ NULL, NULL, NULL, false },
};

static const struct param_def host_params[] = {
	{ "memory", "memory", apply_memory, true }, { "cpus", "cpus", apply_cpus, true },
	{ "pids", "pids", apply_pids, true },       { "backend", "backend", apply_backend, true },
	{ "image", "image", apply_image, true },    { NULL, NULL, NULL, false },
};

static const struct param_def *find(const struct param_def *defs, const char *name)
{
	for (; defs->name; defs++) {
		if (!strcmp(defs->name, name))
			return defs;
	}
	return NULL;
}

/* Names ordered as in the tables, for the message. */
static const char *nearest(const struct param_def *defs, const char *name)
{
	const char *names[8] = { NULL };
	size_t i;

	for (i = 0; defs[i].name && i + 1 < LAB_ARRAY_SIZE(names); i++)
		names[i] = defs[i].name;
	return lab_str_nearest(name, names);
}

static void unknown(const struct param_def *defs, const struct ctl_param *p, const char *where,
		    struct ctl_diag *diag)
{
	const char *near = nearest(defs, p->name);
	struct lab_strbuf known = LAB_STRBUF_INIT;

	if (near) {
		(void)ctl_diag_error(diag, &p->src,
				     "%s: no machine has the param %.60s; did you mean %s?", where,
				     p->name, near);
		return;
	}
	for (; defs->name; defs++)
		lab_strbuf_printf(&known, "%s%s", known.len ? ", " : "", defs->what);
	(void)ctl_diag_error(
		diag, &p->src,
		"%s: no machine has the param %.60s = \"%.60s\"; a container can be built to: %s",
		where, p->name, p->value, lab_strbuf_str(&known));
	lab_strbuf_fini(&known);
}

/* What only a backend knows; whether it is the host's own is seen when all params are read. */
static void add_setting(struct lab_host *host, const struct ctl_param *p, const char *where,
			struct ctl_diag *diag)
{
	struct lab_err err;
	int r = lab_topo_add_option(&host->settings, &host->n_settings, p->name, p->value, &p->src,
				    &err);

	if (r < 0) {
		(void)lab_err_prefix(&err, r, "%s: ", where);
		(void)ctl_diag_err(diag, &err, &p->src);
	}
}

static void check_settings(const struct lab_host *host, const char *where, struct ctl_diag *diag)
{
	const struct lab_backend_info *backend =
		lab_backend_find(host->backend ? host->backend : lab_backends[0].name, NULL);
	char id[LAB_IMAGE_ID_SIZE];
	struct lab_err err;
	size_t i;

	/* The images of other engines are known to them only. */
	if (host->image && !host->backend && lab_image_find(host->image, id, &err) < 0) {
		(void)lab_err_prefix(&err, -ENOENT, "%s: image: ", where);
		(void)ctl_diag_err(diag, &err, &host->src);
	}
	for (i = 0; backend && i < host->n_settings; i++) {
		if (!lab_backend_setting(backend, host->settings[i].name))
			(void)ctl_diag_error(diag, &host->settings[i].src,
					     "%s: the backend %s has no param %.60s", where,
					     backend->name, host->settings[i].name);
	}
}

/* An attribute of the recipe, or of the command, says it; a param of the host may say the same. */
static void apply_made_of(const char *name, const char *value, const struct lab_src *src,
			  const struct ctl_host *from, struct lab_host *to, const char *where,
			  struct ctl_diag *diag)
{
	const struct ctl_param *param = ctl_param_find(from->params, from->n_params, name);
	struct lab_err err;
	int r;

	if (!value)
		return;
	if (param && *param->value && strcmp(param->value, value) != 0) {
		(void)ctl_diag_error(diag, &param->value_src,
				     "%s: %s is both %.60s, as an attribute, and %.60s, as a param",
				     where, name, value, param->value);
		return;
	}
	r = !strcmp(name, "image") ? apply_image(value, to, &err) : apply_backend(value, to, &err);
	if (r < 0) {
		(void)lab_err_prefix(&err, r, "%s: ", where);
		(void)ctl_diag_err(diag, &err, src);
	}
}

/* @of_pool: the params are those of a machine, not requirements. */
static void apply(const struct param_def *defs, const struct ctl_param *params, size_t n,
		  void *object, const char *where, bool of_pool, struct ctl_diag *diag)
{
	const struct param_def *def;
	struct lab_err err;
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		const struct ctl_param *p = &params[i];

		if (!*p->value)
			continue;
		def = find(defs, p->name);
		if (!def && defs == host_params && lab_backend_setting(NULL, p->name)) {
			add_setting(object, p, where, diag);
			continue;
		}
		if (of_pool && (!def || !def->built || ctl_param_find(params, n, p->name) != p))
			continue;
		if (!def) {
			unknown(defs, p, where, diag);
			continue;
		}
		r = def->apply(p->value, object, &err);
		if (r < 0) {
			(void)lab_err_prefix(&err, r, "%s: ", where);
			(void)ctl_diag_err(diag, &err, &p->value_src);
		}
	}
}

/* Of the host, or else of the command, or else of the recipe. */
static const char *default_of(const char *host, const char *command, const char *recipe)
{
	return host ? NULL : command ? command : recipe;
}

void ctl_params_apply_host(const struct ctl_recipe *recipe, const struct ctl_host *from,
			   const struct ctl_made_of *command, struct lab_host *to,
			   struct ctl_diag *diag)
{
	const struct ctl_param *p = ctl_param_find(from->params, from->n_params, "backend");
	const struct lab_src whole = { .file = recipe->file };
	const char *backend, *image;
	char where[128];

	(void)snprintf(where, sizeof(where), "host %.80s", from->id);
	backend = p && *p->value ? NULL
				 : default_of(from->backend, command->backend, recipe->backend);
	p = ctl_param_find(from->params, from->n_params, "image");
	image = p && *p->value ? NULL : default_of(from->image, command->image, recipe->image);
	apply_made_of("backend", backend, command->backend ? &whole : &recipe->backend_src, from,
		      to, where, diag);
	apply_made_of("image", image, command->image ? &whole : &recipe->image_src, from, to, where,
		      diag);
	apply_made_of("backend", from->backend, &from->backend_src, from, to, where, diag);
	apply_made_of("image", from->image, &from->image_src, from, to, where, diag);
	apply(host_params, from->params, from->n_params, to, where, false, diag);
	check_settings(to, where, diag);
}

void ctl_params_apply_iface(const struct ctl_host *host, const struct ctl_iface *from,
			    struct lab_iface *to, struct ctl_diag *diag)
{
	char where[192];

	(void)snprintf(where, sizeof(where), "host %.80s: interface %.60s", host->id, from->id);
	apply(iface_params, from->params, from->n_params, to, where, false, diag);
}

void ctl_params_apply_machine(const struct ctl_machine *from, struct lab_host *to,
			      struct ctl_diag *diag)
{
	char where[128];

	(void)snprintf(where, sizeof(where), "machine %.80s", from->id);
	apply(host_params, from->params, from->n_params, to, where, true, diag);
	check_settings(to, where, diag);
}

void ctl_params_apply_nic(const struct ctl_machine *machine, const struct ctl_iface *from,
			  struct lab_iface *to, struct ctl_diag *diag)
{
	char where[192];

	(void)snprintf(where, sizeof(where), "machine %.80s: interface %.60s", machine->id,
		       from->id);
	apply(iface_params, from->params, from->n_params, to, where, true, diag);
}
