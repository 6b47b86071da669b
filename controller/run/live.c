/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live.c - answer a recipe's functions from a lab that runs already */
#include "controller/run/live.h"

#include <ctype.h>
#include <string.h>

#include "netlab/base/addr.h"
#include "netlab/base/util.h"

/*
 * hosts[i] is the topology's object of the recipe's host i, borrowed from @topology.
 */
struct ctl_live {
	const struct ctl_recipe *recipe;
	const char *lab;
	json_t *topology;
	json_t **hosts;
};

static const char *id_of(const json_t *object)
{
	const char *id = json_string_value(json_object_get(object, "id"));

	return id ? id : "";
}

static json_t *find(json_t *array, const char *id)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		if (strcmp(id_of(item), id) == 0)
			return item;
	}
	return NULL;
}

/* The hosts of a lab are mostly in the recipe's order, so the same place is looked at first. */
static json_t *find_host(json_t *hosts, const struct ctl_recipe *recipe, size_t i)
{
	json_t *host = json_array_get(hosts, i);

	if (host && strcmp(id_of(host), recipe->hosts[i].id) == 0)
		return host;
	return find(hosts, recipe->hosts[i].id);
}

static int report_missing(const struct ctl_live *live, json_t *hosts, size_t i,
			  struct ctl_diag *diag)
{
	const struct ctl_host *host = &live->recipe->hosts[i];
	cleanup_free const char **names = NULL;
	const char *nearest;
	json_t *item;
	size_t k;

	names = calloc(json_array_size(hosts) + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	json_array_foreach(hosts, k, item)
		names[k] = id_of(item);
	nearest = lab_str_nearest(host->id, names);
	(void)ctl_diag_error(diag, &host->id_src, "lab %s has no host '%s'%s%s%s", live->lab,
			     host->id, nearest ? "; there is '" : "", nearest ? nearest : "",
			     nearest ? "'" : "");
	return -ENOENT;
}

int ctl_live_new(const struct ctl_recipe *recipe, const char *lab, json_t *topology,
		 struct ctl_live **ret, struct ctl_diag *diag)
{
	json_t *hosts = json_object_get(topology, "hosts");
	struct ctl_live *live;
	int r = 0;
	size_t i;

	if (!json_is_array(hosts)) {
		(void)ctl_diag_error(diag, NULL, "lab %s: it does not say what its hosts are", lab);
		return -EBADMSG;
	}
	live = calloc(1, sizeof(*live));
	if (!live)
		return -ENOMEM;
	live->recipe = recipe;
	live->lab = lab;
	live->topology = json_incref(topology);
	live->hosts = calloc(recipe->n_hosts + 1, sizeof(json_t *));
	if (!live->hosts)
		r = -ENOMEM;
	for (i = 0; live->hosts && i < recipe->n_hosts; i++) {
		live->hosts[i] = find_host(hosts, recipe, i);
		if (!live->hosts[i])
			r = report_missing(live, hosts, i, diag);
	}
	if (r < 0) {
		ctl_live_free(live);
		return r;
	}
	*ret = live;
	return 0;
}

void ctl_live_free(struct ctl_live *live)
{
	if (!live)
		return;
	json_decref(live->topology);
	free(live->hosts);
	free(live);
}

static json_t *get_iface(struct ctl_live *live, size_t host, size_t iface, struct lab_err *err)
{
	const struct ctl_host *h = &live->recipe->hosts[host];
	const char *id = h->ifaces[iface].id;
	json_t *found = find(json_object_get(live->hosts[host], "interfaces"), id);

	if (!found)
		(void)lab_err_set(err, ENOENT, "lab %s: host %s has no interface '%s'", live->lab,
				  h->id, id);
	return found;
}

static int get_member(struct ctl_live *live, size_t host, size_t iface, const char *member,
		      const char **ret, struct lab_err *err)
{
	json_t *found = get_iface(live, host, iface, err);

	if (!found)
		return -ENOENT;
	*ret = json_string_value(json_object_get(found, member));
	if (!*ret)
		return lab_err_set(err, EBADMSG, "lab %s: host %s: interface without %s", live->lab,
				   live->recipe->hosts[host].id, member);
	return 0;
}

static int get_addr(struct ctl_live *live, size_t host, size_t iface, unsigned int index,
		    struct lab_addr *ret, struct lab_err *err)
{
	const struct ctl_host *h = &live->recipe->hosts[host];
	json_t *found = get_iface(live, host, iface, err);
	const char *text;

	if (!found)
		return -ENOENT;
	text = json_string_value(json_array_get(json_object_get(found, "addresses"), index));
	if (!text)
		return lab_err_set(err, ENOENT, "lab %s: host %s: interface %s has no address %u",
				   live->lab, h->id, h->ifaces[iface].id, index);
	if (lab_addr_parse(text, ret) < 0)
		return lab_err_set(err, EBADMSG, "lab %s: host %s: '%s' is no address", live->lab,
				   h->id, text);
	return 0;
}

static int live_ip(void *user, size_t host, size_t iface, unsigned int index, struct lab_strbuf *sb,
		   struct lab_err *err)
{
	char text[LAB_ADDR_STRLEN];
	struct lab_addr addr;
	int r;

	r = get_addr(user, host, iface, index, &addr, err);
	if (r >= 0)
		lab_strbuf_puts(sb, lab_addr_format(&addr, false, text));
	return r;
}

static int live_prefix(void *user, size_t host, size_t iface, unsigned int index,
		       struct lab_strbuf *sb, struct lab_err *err)
{
	struct lab_addr addr;
	int r;

	r = get_addr(user, host, iface, index, &addr, err);
	if (r >= 0)
		lab_strbuf_printf(sb, "%u", addr.prefix_len);
	return r;
}

static int live_devname(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
			struct lab_err *err)
{
	const char *name = NULL;
	int r;

	r = get_member(user, host, iface, "name", &name, err);
	if (r >= 0)
		lab_strbuf_puts(sb, name);
	return r;
}

static int live_hwaddr(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
		       struct lab_err *err)
{
	const char *mac = NULL;
	int r;

	r = get_member(user, host, iface, "mac", &mac, err);
	for (; r >= 0 && *mac; mac++)
		lab_strbuf_putc(sb, (char)toupper((unsigned char)*mac));
	return r;
}

void ctl_live_scope(struct ctl_live *live, struct ctl_scope *ret)
{
	*ret = (struct ctl_scope){
		.ip = live_ip,
		.prefix = live_prefix,
		.devname = live_devname,
		.hwaddr = live_hwaddr,
		.user = live,
	};
}
