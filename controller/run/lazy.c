/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lazy.c - functions whose answers follow what commands do to the interfaces of their hosts */
#include "controller/run/lazy.h"

#include <ctype.h>
#include <string.h>

#include "netlab/base/addr.h"
#include "netlab/base/util.h"
#include "netlab/rpc/json.h"

/*
 * Ask how an interface is now: 1 and the answer; 0 when nothing can have changed, or the lab
 * cannot tell.
 */
static int ask(struct ctl_lazy *lazy, size_t host, size_t iface, enum ctl_change change,
	       json_t **ret, struct lab_err *err)
{
	const struct ctl_host *h = &lazy->recipe->hosts[host];
	int r;

	if (!(lazy->changed[host] & change))
		return 0;
	r = lab_client_link_get(lazy->client, h->id, h->ifaces[iface].id, ret, err);
	if (r == -ENOSYS)
		return 0;
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: interface %s: ", h->id,
				      h->ifaces[iface].id);
	return 1;
}

static int get_text(const json_t *answer, const char *member, const char **ret, struct lab_err *err)
{
	*ret = json_string_value(json_object_get(answer, member));
	return *ret ? 0 : lab_err_set(err, EPROTO, "link.get: the answer has no %s", member);
}

static int lazy_devname(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
			struct lab_err *err)
{
	struct ctl_lazy *lazy = user;
	cleanup_json json_t *answer = NULL;
	const char *name;
	int r = ask(lazy, host, iface, CTL_CHANGE_LINK, &answer, err);

	if (r == 0)
		return lazy->base->devname(lazy->base->user, host, iface, sb, err);
	if (r > 0)
		r = get_text(answer, "name", &name, err);
	if (r == 0)
		lab_strbuf_puts(sb, name);
	return r;
}

static int lazy_hwaddr(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
		       struct lab_err *err)
{
	struct ctl_lazy *lazy = user;
	cleanup_json json_t *answer = NULL;
	const char *mac;
	int r = ask(lazy, host, iface, CTL_CHANGE_LINK, &answer, err);

	if (r == 0)
		return lazy->base->hwaddr(lazy->base->user, host, iface, sb, err);
	if (r > 0)
		r = get_text(answer, "mac", &mac, err);
	for (; r == 0 && *mac; mac++)
		lab_strbuf_putc(sb, (char)toupper((unsigned char)*mac));
	return r;
}

/* 1 and an address as it is now, or as ask(). */
static int ask_addr(struct ctl_lazy *lazy, size_t host, size_t iface, unsigned int index,
		    struct lab_addr *ret, struct lab_err *err)
{
	cleanup_json json_t *answer = NULL;
	const char *text;
	int r = ask(lazy, host, iface, CTL_CHANGE_ADDRS, &answer, err);

	if (r <= 0)
		return r;
	text = json_string_value(json_array_get(json_object_get(answer, "addresses"), index));
	if (!text || lab_addr_parse(text, ret) < 0)
		return lab_err_set(err, ENOENT, "host %s: interface %s has no address %u now",
				   lazy->recipe->hosts[host].id,
				   lazy->recipe->hosts[host].ifaces[iface].id, index);
	return 1;
}

static int lazy_ip(void *user, size_t host, size_t iface, unsigned int index, struct lab_strbuf *sb,
		   struct lab_err *err)
{
	struct ctl_lazy *lazy = user;
	char text[LAB_ADDR_STRLEN];
	struct lab_addr addr;
	int r = ask_addr(lazy, host, iface, index, &addr, err);

	if (r == 0)
		return lazy->base->ip(lazy->base->user, host, iface, index, sb, err);
	if (r > 0)
		lab_strbuf_puts(sb, lab_addr_format(&addr, false, text));
	return r < 0 ? r : 0;
}

static int lazy_prefix(void *user, size_t host, size_t iface, unsigned int index,
		       struct lab_strbuf *sb, struct lab_err *err)
{
	struct ctl_lazy *lazy = user;
	struct lab_addr addr;
	int r = ask_addr(lazy, host, iface, index, &addr, err);

	if (r == 0)
		return lazy->base->prefix(lazy->base->user, host, iface, index, sb, err);
	if (r > 0)
		lab_strbuf_printf(sb, "%u", addr.prefix_len);
	return r < 0 ? r : 0;
}

int ctl_lazy_init(struct ctl_lazy *lazy, const struct ctl_scope *base,
		  const struct ctl_recipe *recipe, struct lab_client *client)
{
	*lazy = (struct ctl_lazy){
		.scope = {
			.ip = lazy_ip,
			.prefix = lazy_prefix,
			.devname = lazy_devname,
			.hwaddr = lazy_hwaddr,
			.user = lazy,
		},
		.base = base,
		.recipe = recipe,
		.client = client,
		.changed = calloc(recipe->n_hosts + 1, 1),
	};
	return lazy->changed ? 0 : -ENOMEM;
}

void ctl_lazy_fini(struct ctl_lazy *lazy)
{
	free(lazy->changed);
	lazy->changed = NULL;
}

void ctl_lazy_change(struct ctl_lazy *lazy, size_t host, enum ctl_change change)
{
	if (host < lazy->recipe->n_hosts)
		lazy->changed[host] |= (unsigned char)change;
}
