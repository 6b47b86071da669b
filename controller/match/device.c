/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c - interfaces of a recipe that are no eth, and what all of them lie on, as parts of a topology */
#include "controller/match/device.h"

#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

enum { NAME_LEN = 64 };

/* --- what is known before names and addresses are given out ----------------------------------- */

static enum lab_iface_kind topo_kind(enum ctl_iface_kind kind)
{
	switch ((int)kind) {
	case CTL_IFACE_ETH:
		return LAB_IFACE_ETH;
	case CTL_IFACE_VETH:
		return LAB_IFACE_PAIR;
	case CTL_IFACE_OVS_BRIDGE:
		return LAB_IFACE_OVS_BRIDGE;
	case CTL_IFACE_OVS_BOND:
		return LAB_IFACE_OVS_BOND;
	case CTL_IFACE_OVS_TUNNEL:
		return LAB_IFACE_OVS_TUNNEL;
	case CTL_IFACE_OVS_INTERNAL:
		return LAB_IFACE_OVS_INTERNAL;
	default:
		return LAB_IFACE_LINK;
	}
}

static int add_bare(struct lab_topo *topo, const struct ctl_iface *from, size_t h,
		    struct lab_iface **ret, struct lab_err *err)
{
	enum lab_iface_kind kind = topo_kind(from->kind);
	int link = LAB_LINK_VETH;

	if (kind == LAB_IFACE_ETH)
		return lab_topo_add_iface(topo, h, from->id, from->label, &from->src, ret, err);
	if (kind == LAB_IFACE_LINK)
		link = lab_kind_find(ctl_iface_kind_name(from->kind));
	if (link < 0)
		return lab_err_set(err, ENOSYS, "no kind %s", ctl_iface_kind_name(from->kind));
	return lab_topo_add_device(topo, h, from->id, kind, (enum lab_link_kind)link, &from->src,
				   ret, err);
}

/* The options that every interface has, and that settle what finishing a topology gives out otherwise. */
static bool is_mtu(const struct lab_iface *iface, const char *name)
{
	return (iface->kind == LAB_IFACE_LINK || iface->kind == LAB_IFACE_PAIR ||
		iface->kind == LAB_IFACE_ETH) &&
	       !strcmp(name, "mtu");
}

static bool is_hwaddr(const struct lab_iface *iface, const char *name)
{
	const struct lab_option_def *def = NULL;

	if (iface->kind == LAB_IFACE_LINK || iface->kind == LAB_IFACE_PAIR ||
	    iface->kind == LAB_IFACE_ETH)
		def = lab_kind_option(iface->link, LAB_USE_NEW, name);
	return def && def->wire == LAB_WIRE_LINK_MAC;
}

static int set_early(struct lab_iface *iface, const struct ctl_option *option, struct lab_err *err)
{
	const char *value = option->value.text;

	if (option->value.n_parts)
		return lab_err_set(err, EINVAL, "option %s: functions cannot be used here",
				   option->name);
	if (!is_mtu(iface, option->name)) {
		if (lab_mac_parse(value, iface->mac) < 0)
			return lab_err_set(
				err, EINVAL,
				"option %s: \"%.60s\" is not an Ethernet address; write it as 52:54:00:00:00:01",
				option->name, value);
		return 0;
	}
	if (lab_parse_uint(value, LAB_MTU_MIN, LAB_MTU_MAX, &iface->mtu_bytes) < 0)
		return lab_err_set(
			err, EINVAL,
			"option mtu: \"%.60s\" is not a whole number of bytes from %u to %u", value,
			LAB_MTU_MIN, LAB_MTU_MAX);
	return 0;
}

static int set_early_options(struct lab_iface *iface, const struct ctl_iface *from,
			     struct lab_err *err)
{
	size_t i;
	int r;

	for (i = 0; i < from->n_options; i++) {
		const struct ctl_option *option = &from->options[i];

		if (!is_mtu(iface, option->name) && !is_hwaddr(iface, option->name))
			continue;
		r = set_early(iface, option, err);
		if (r < 0)
			return lab_err_at(err, r, &option->value.src);
	}
	return 0;
}

/* The name is part of other names, so it is needed early, too. */
static int set_name(struct lab_iface *iface, const struct ctl_iface *from, struct lab_err *err)
{
	size_t i;

	for (i = 0; i < from->n_options; i++) {
		const struct ctl_option *o = &from->options[i];

		if (o->value.n_parts || !o->value.text)
			continue;
		if ((iface->kind == LAB_IFACE_OVS_INTERNAL && !strcmp(o->name, "name")) ||
		    (iface->kind == LAB_IFACE_LINK && iface->link == LAB_LINK_VLAN &&
		     (!strcmp(o->name, "vlan_tci") || !strcmp(o->name, "id"))))
			return lab_topo_add_option(&iface->options, &iface->n_options, o->name,
						   o->value.text, &o->value.src, err);
	}
	return 0;
}

static bool stands_in(const struct ctl_iface *iface, size_t bridge)
{
	return (iface->kind == CTL_IFACE_OVS_BOND || iface->kind == CTL_IFACE_OVS_TUNNEL ||
		iface->kind == CTL_IFACE_OVS_INTERNAL) &&
	       iface->owner == bridge;
}

/* Links of a bond are often named as slaves of its bridge, too: they are ports of the bond. */
static bool is_bonded(const struct ctl_host *from, size_t bridge, const char *id)
{
	size_t p, s;

	for (p = 0; p < bridge; p++) {
		const struct ctl_iface *bond = &from->ifaces[p];

		for (s = 0; bond->kind == CTL_IFACE_OVS_BOND && stands_in(bond, bridge) &&
			    s < bond->n_slaves;
		     s++) {
			if (!strcmp(bond->slaves[s].id, id))
				return true;
		}
	}
	return false;
}

static int add_slaves(struct lab_host *host, size_t i, const struct ctl_host *from,
		      struct lab_err *err)
{
	const struct ctl_iface *upper = &from->ifaces[i];
	size_t s;
	int r = 0;

	for (s = 0; s < upper->n_slaves && r == 0; s++) {
		const struct ctl_slave *slave = &upper->slaves[s];

		if (upper->kind == CTL_IFACE_OVS_BRIDGE && is_bonded(from, i, slave->id))
			continue;
		r = lab_topo_add_slave(host, i, slave->id, &slave->id_src, NULL, err);
	}
	return r < 0 ? lab_err_at(err, r, &upper->slaves[s - 1].id_src) : 0;
}

/* Whatever stands in an Open vSwitch bridge is a port of it, also where only a <vlan> names it. */
static int add_ovs_ports(struct lab_host *host, size_t i, const struct ctl_host *from,
			 struct lab_err *err)
{
	const struct ctl_iface *bridge = &from->ifaces[i];
	size_t p, v, s;
	int r = 0;

	for (p = 0; p < i && r == 0; p++) {
		if (stands_in(&from->ifaces[p], i))
			r = lab_topo_add_slave(host, i, from->ifaces[p].id, &from->ifaces[p].src,
					       NULL, err);
	}
	for (v = 0; v < bridge->n_vlans && r == 0; v++) {
		for (s = 0; s < bridge->vlans[v].n_slaves && r == 0; s++) {
			const struct ctl_slave *slave = &bridge->vlans[v].slaves[s];

			r = lab_topo_add_slave(host, i, slave->id, &slave->id_src, NULL, err);
			r = r == -EEXIST ? 0 : r;
		}
	}
	return r;
}

static int fill(struct lab_topo *topo, const struct ctl_host *host, size_t h, size_t i,
		struct lab_iface *iface, struct lab_err *err)
{
	const struct ctl_iface *from = &host->ifaces[i];
	int r = 0;

	if (from->netns) {
		r = lab_topo_add_netns(topo, h, from->netns, &iface->netns, err);
		if (r < 0)
			return lab_err_at(err, r, &from->netns_src);
	}
	if (from->kind == CTL_IFACE_VETH)
		iface->peer = from->peer;
	r = set_early_options(iface, from, err);
	if (r == 0)
		r = set_name(iface, from, err);
	if (r == 0)
		r = add_slaves(&topo->hosts[h], i, host, err);
	if (r == 0 && from->kind == CTL_IFACE_OVS_BRIDGE)
		r = add_ovs_ports(&topo->hosts[h], i, host, err);
	return r;
}

int ctl_device_add(struct lab_topo *topo, const struct ctl_host *host, size_t h, size_t i,
		   struct lab_iface **ret, struct lab_err *err)
{
	const struct ctl_iface *from = &host->ifaces[i];
	int r = add_bare(topo, from, h, ret, err);

	if (r < 0)
		return r;
	r = fill(topo, host, h, i, *ret, err);
	if (r < 0)
		(void)lab_err_prefix(err, r, "host %s: interface %.60s: ", host->id, from->id);
	return r;
}

/* --- what may ask for names and addresses ----------------------------------------------------- */

static int add_one(struct lab_option **list, size_t *n, const char *name,
		   const struct ctl_option *option, const struct ctl_scope *scope,
		   struct lab_err *err)
{
	cleanup_free char *value = NULL;
	int r = ctl_value_expand(&option->value, scope, &value, err);

	if (r == 0)
		r = lab_topo_add_option(list, n, name, value, &option->value.src, err);
	return r;
}

static int add_options(struct lab_iface *iface, const struct ctl_iface *from,
		       const struct ctl_scope *scope, struct lab_err *err)
{
	size_t i, early = iface->n_options;
	int r = 0;

	for (i = 0; i < from->n_options && r == 0; i++) {
		const struct ctl_option *o = &from->options[i];

		if (is_mtu(iface, o->name) || is_hwaddr(iface, o->name) ||
		    (early && !strcmp(iface->options[0].name, o->name) && early--))
			continue;
		r = add_one(&iface->options, &iface->n_options, o->name, o, scope, err);
	}
	for (i = 0; i < from->n_flows && r == 0; i++)
		r = add_one(&iface->options, &iface->n_options, "flow", &from->flows[i], scope,
			    err);
	return r;
}

static struct lab_slave *slave_of(struct lab_iface *iface, size_t index)
{
	size_t i;

	for (i = 0; i < iface->n_slaves; i++) {
		if (iface->slaves[i].iface == index)
			return &iface->slaves[i];
	}
	return NULL;
}

static int add_slave_options(struct lab_iface *iface, const struct ctl_iface *from,
			     const struct ctl_scope *scope, struct lab_err *err)
{
	size_t s, i;
	int r = 0;

	for (s = 0; s < from->n_slaves; s++) {
		struct lab_slave *to = slave_of(iface, from->slaves[s].iface);

		for (i = 0; to && i < from->slaves[s].n_options && r == 0; i++)
			r = add_one(&to->options, &to->n_options, from->slaves[s].options[i].name,
				    &from->slaves[s].options[i], scope, err);
	}
	return r;
}

/* One <vlan> that names a port is its tag, several are what it carries with tags. */
static int add_tags(const struct ctl_iface *from, struct lab_slave *port, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf tags = LAB_STRBUF_INIT;
	size_t v, s, n = 0;

	for (v = 0; v < from->n_vlans; v++) {
		for (s = 0; s < from->vlans[v].n_slaves; s++) {
			if (from->vlans[v].slaves[s].iface == port->iface)
				lab_strbuf_printf(&tags, "%s%u", n++ ? "," : "",
						  from->vlans[v].tag);
		}
	}
	if (!n)
		return 0;
	return lab_topo_add_option(&port->options, &port->n_options, n == 1 ? "tag" : "trunks",
				   lab_strbuf_str(&tags), &port->src, err);
}

static int add_netem(struct lab_iface *iface, const struct ctl_iface *from,
		     const struct ctl_scope *scope, struct lab_err *err)
{
	char name[NAME_LEN];
	size_t p, i;
	int r = 0;

	for (p = 0; p < from->n_netem; p++) {
		const struct ctl_netem *part = &from->netem[p];

		for (i = 0; i < part->n_options && r == 0; i++) {
			(void)snprintf(name, sizeof(name), "%s.%.40s", part->name,
				       part->options[i].name);
			r = add_one(&iface->netem, &iface->n_netem, name, &part->options[i], scope,
				    err);
		}
	}
	return r;
}

int ctl_device_set_options(struct lab_topo *topo, const struct ctl_host *host, size_t h, size_t i,
			   const struct ctl_scope *scope, struct lab_err *err)
{
	struct lab_iface *iface = &topo->hosts[h].ifaces[i];
	const struct ctl_iface *from = &host->ifaces[i];
	static const char *const types[] = { "vxlan", "gre", "geneve" };
	size_t s;
	int r = 0;

	if (iface->kind == LAB_IFACE_OVS_TUNNEL)
		r = lab_topo_add_option(&iface->options, &iface->n_options, "type",
					types[from->type], &from->src, err);
	if (r == 0)
		r = add_options(iface, from, scope, err);
	if (r == 0)
		r = add_slave_options(iface, from, scope, err);
	for (s = 0; r == 0 && from->n_vlans && s < iface->n_slaves; s++)
		r = add_tags(from, &iface->slaves[s], err);
	if (r == 0)
		r = add_netem(iface, from, scope, err);
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: interface %.60s: ", host->id, from->id);
	return lab_topo_check_options(&topo->hosts[h], i, err);
}
