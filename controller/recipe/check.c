/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - what a grammar cannot say: unique ids, things named that exist, addresses given once */
#include <string.h>
#include <sys/socket.h>

#include "controller/recipe/build.h"
#include "controller/recipe/text.h"

enum { SCOPE_HOST = 0, SCOPE_LABEL = 1, SCOPE_ADDR4 = 2, SCOPE_ADDR6 = 3, SCOPE_REST = 4 };

/* All names of a recipe in one map: the scope keeps them apart. */
struct checker {
	struct ctl_build *b;
	struct ctl_recipe *recipe;
	struct ctl_diag *diag;
	struct ctl_map map;
	size_t n_labels;
};

static uint64_t iface_scope(size_t host)
{
	return SCOPE_REST + 2 * (uint64_t)host;
}

static uint64_t link_local_scope(size_t label)
{
	return SCOPE_REST + 2 * (uint64_t)label + 1;
}

/* --- ids -------------------------------------------------------------------------------------- */

static int index_ifaces(struct checker *c, size_t h)
{
	const struct ctl_host *host = &c->recipe->hosts[h];
	struct ctl_map_entry *e;
	int is_new;
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		const struct ctl_iface *iface = &host->ifaces[i];

		if (!iface->id)
			continue;
		e = ctl_map_get(&c->map, iface_scope(h), iface->id, strlen(iface->id), &is_new);
		if (!e)
			return -ENOMEM;
		if (is_new) {
			e->value = i;
			continue;
		}
		(void)ctl_diag_error(c->diag, &iface->id_src,
				     "duplicate interface id %.60s of host %.60s", iface->id,
				     host->id ? host->id : "?");
		ctl_diag_beside(c->diag, &host->ifaces[e->value].id_src,
				"the first interface %.60s is here", iface->id);
	}
	return 0;
}

static int index_hosts(struct checker *c)
{
	struct ctl_map_entry *e;
	int is_new, r = 0;
	size_t h;

	for (h = 0; h < c->recipe->n_hosts && r == 0; h++) {
		const struct ctl_host *host = &c->recipe->hosts[h];

		r = index_ifaces(c, h);
		if (r < 0 || !host->id)
			continue;
		e = ctl_map_get(&c->map, SCOPE_HOST, host->id, strlen(host->id), &is_new);
		if (!e)
			return -ENOMEM;
		if (is_new) {
			e->value = h;
			continue;
		}
		(void)ctl_diag_error(c->diag, &host->id_src, "duplicate host id %.60s", host->id);
		ctl_diag_beside(c->diag, &c->recipe->hosts[e->value].id_src,
				"the first host %.60s is here", host->id);
	}
	return r;
}

static const char *hint_hosts(struct checker *c, const char *word, char buf[CTL_HINT_MAX])
{
	struct ctl_hint hint = { .word = word };
	size_t h;

	for (h = 0; h < c->recipe->n_hosts && !hint.more; h++) {
		if (c->recipe->hosts[h].id)
			ctl_hint_add(&hint, c->recipe->hosts[h].id);
	}
	return ctl_hint_text(&hint, "", "", "; hosts: ", buf);
}

static const char *hint_ifaces(const struct ctl_host *host, const char *word,
			       char buf[CTL_HINT_MAX])
{
	struct ctl_hint hint = { .word = word };
	size_t i;

	for (i = 0; i < host->n_ifaces && !hint.more; i++) {
		if (host->ifaces[i].id)
			ctl_hint_add(&hint, host->ifaces[i].id);
	}
	return ctl_hint_text(&hint, "", "", "; its interfaces: ", buf);
}

/* --- references ------------------------------------------------------------------------------- */

static void resolve_refs(struct checker *c)
{
	const struct ctl_host_ref *ref;
	const struct ctl_map_entry *e;
	char buf[CTL_HINT_MAX];

	for (ref = c->b->refs; ref; ref = ref->next) {
		e = ctl_map_find(&c->map, SCOPE_HOST, ref->id, strlen(ref->id));
		if (e)
			*ref->to = e->value;
		else
			(void)ctl_diag_error(c->diag, &ref->src, "unknown host %.60s%s", ref->id,
					     ctl_diag_full(c->diag) ? ""
								    : hint_hosts(c, ref->id, buf));
	}
}

static void check_index(struct checker *c, const struct ctl_call *call)
{
	const struct ctl_host *host = &c->recipe->hosts[call->host];
	const struct ctl_iface *iface = &host->ifaces[call->iface];
	size_t n = iface->auto_addrs && !iface->is_port ? 2 : iface->n_addrs;

	if ((call->func != CTL_FUNC_IP && call->func != CTL_FUNC_PREFIX) || call->index < n)
		return;
	if (n)
		(void)ctl_diag_error(
			c->diag, &call->src,
			"function %s(): There is no address with index %u on machine %.60s, interface"
			" %.60s; it has %zu, counted from 0",
			ctl_func_name(call->func), call->index, host->id, iface->id, n);
	else
		(void)ctl_diag_error(
			c->diag, &call->src,
			"function %s(): There is no address with index %u on machine %.60s, interface"
			" %.60s; it has none",
			ctl_func_name(call->func), call->index, host->id, iface->id);
}

/* The texts up to the full stop are LNST's, which people look for. */
static void resolve_call(struct checker *c, struct ctl_call *call)
{
	const struct ctl_map_entry *e;
	char buf[CTL_HINT_MAX];

	e = ctl_map_find(&c->map, SCOPE_HOST, call->host_id, strlen(call->host_id));
	if (!e) {
		(void)ctl_diag_error(
			c->diag, &call->src,
			"First parameter of function %s() is invalid: Machine %.60s does not exist%s",
			ctl_func_name(call->func), call->host_id,
			ctl_diag_full(c->diag) ? "" : hint_hosts(c, call->host_id, buf));
		return;
	}
	call->host = e->value;
	e = ctl_map_find(&c->map, iface_scope(call->host), call->iface_id, strlen(call->iface_id));
	if (!e) {
		(void)ctl_diag_error(
			c->diag, &call->src,
			"Second parameter of function %s() is invalid: Interface %.60s of machine"
			" %.60s does not exist%s",
			ctl_func_name(call->func), call->iface_id, call->host_id,
			ctl_diag_full(c->diag)
				? ""
				: hint_ifaces(&c->recipe->hosts[call->host], call->iface_id, buf));
		return;
	}
	call->iface = e->value;
	check_index(c, call);
}

/* --- addresses -------------------------------------------------------------------------------- */

/* One address and whose it is. */
struct owner {
	const struct ctl_host *host;
	const struct ctl_iface *iface;
	const struct ctl_addr *addr;
};

static bool is_link_local(const struct lab_addr *a)
{
	if (a->family == AF_INET)
		return a->bytes[0] == 169 && a->bytes[1] == 254;
	return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

/* A link-local address means something on its own network only. */
static int addr_scope(struct checker *c, const struct owner *o, uint64_t *ret)
{
	const struct lab_addr *addr = &o->addr->addr;
	struct ctl_map_entry *e;
	int is_new;

	*ret = addr->family == AF_INET ? SCOPE_ADDR4 : SCOPE_ADDR6;
	if (!o->iface->label || !is_link_local(addr))
		return 0;
	e = ctl_map_get(&c->map, SCOPE_LABEL, o->iface->label, strlen(o->iface->label), &is_new);
	if (!e)
		return -ENOMEM;
	if (is_new)
		e->value = c->n_labels++;
	*ret = link_local_scope(e->value);
	return 0;
}

static int check_addr(struct checker *c, const struct owner *o)
{
	const struct lab_addr *addr = &o->addr->addr;
	const struct owner *first;
	struct ctl_map_entry *e;
	char text[LAB_ADDR_STRLEN];
	struct owner *copy;
	uint64_t scope;
	int is_new, r;

	r = addr_scope(c, o, &scope);
	if (r < 0)
		return r;
	e = ctl_map_get(&c->map, scope, addr->bytes, lab_addr_len(addr), &is_new);
	if (!e)
		return -ENOMEM;
	if (is_new) {
		copy = ctl_arena_alloc(c->map.arena, 1, sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		*copy = *o;
		e->ptr = copy;
		return 0;
	}
	first = e->ptr;
	if (first->iface == o->iface)
		(void)ctl_diag_error(c->diag, &o->addr->src,
				     "address %s is used twice on this interface",
				     lab_addr_format(addr, false, text));
	else
		/* Odd, but there are reasons: anycast, separate networks, redundancy. */
		ctl_diag_note(c->diag, &o->addr->src,
			      "address %s is used twice: host %.60s has it on interface %.60s",
			      lab_addr_format(addr, false, text),
			      first->host->id ? first->host->id : "?",
			      first->iface->id ? first->iface->id : "?");
	ctl_diag_beside(c->diag, &first->addr->src, "the first %s is here", text);
	return 0;
}

static int check_addrs(struct checker *c)
{
	struct owner o;
	size_t h, i, a;
	int r = 0;

	for (h = 0; h < c->recipe->n_hosts; h++) {
		o.host = &c->recipe->hosts[h];
		for (i = 0; i < o.host->n_ifaces; i++) {
			o.iface = &o.host->ifaces[i];
			for (a = 0; a < o.iface->n_addrs && r == 0; a++) {
				o.addr = &o.iface->addrs[a];
				/* Ends of tunnels, and namespaces, may share one on purpose. */
				if (o.addr->addr.family && o.iface->kind == CTL_IFACE_ETH &&
				    !o.iface->netns)
					r = check_addr(c, &o);
			}
		}
	}
	return r;
}

/* --- network namespaces ----------------------------------------------------------------------- */

static const char *hint_netns(const struct ctl_host *host, const char *word, char buf[CTL_HINT_MAX])
{
	struct ctl_hint hint = { .word = word };
	size_t i;

	for (i = 0; i < host->n_ifaces && !hint.more; i++) {
		const char *netns = host->ifaces[i].netns;
		size_t k;

		for (k = 0; netns && k < hint.n && strcmp(hint.names[k], netns) != 0; k++)
			;
		if (netns && k == hint.n)
			ctl_hint_add(&hint, netns);
	}
	return ctl_hint_text(&hint, "", "", "; it has ", buf);
}

/* A host has the namespaces that its interfaces are in. */
static void check_netns(struct checker *c)
{
	char buf[CTL_HINT_MAX];
	size_t t, i;

	for (t = 0; t < c->recipe->n_tasks; t++) {
		for (i = 0; i < c->recipe->tasks[t].n_commands; i++) {
			const struct ctl_command *command = &c->recipe->tasks[t].commands[i];
			const struct ctl_host *host;

			if (!command->netns || command->host == CTL_HOST_NONE)
				continue;
			host = &c->recipe->hosts[command->host];
			if (!ctl_host_find_netns(host, command->netns))
				(void)ctl_diag_error(c->diag, &command->netns_src,
						     "host %.60s has no network namespace %.60s%s",
						     host->id, command->netns,
						     hint_netns(host, command->netns, buf));
		}
	}
}

static const struct ctl_xml_elem *find_network(const struct ctl_xml *xml)
{
	const struct ctl_xml_elem *e;

	for (e = xml->root->first; e; e = e->next) {
		if (!e->ns && !strcmp(e->name, "network"))
			return e;
	}
	return NULL;
}

int ctl_check_recipe(struct ctl_build *b)
{
	struct checker c = { .b = b, .recipe = b->recipe, .diag = b->diag };
	const struct ctl_xml_elem *network = find_network(b->xml);
	bool whole = network && !network->hole;
	struct ctl_call_link *link;
	int r;

	c.map.arena = b->xml->arena;
	r = ctl_devices_settle(b, !whole);
	if (r == 0)
		r = index_hosts(&c);
	if (r == 0)
		r = check_addrs(&c);
	if (r < 0)
		return r;
	if (whole) {
		resolve_refs(&c);
		check_netns(&c);
		for (link = b->calls; link; link = link->next)
			resolve_call(&c, &link->call);
		r = ctl_check_tasks(b);
	}
	return r;
}
