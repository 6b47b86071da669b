/* SPDX-License-Identifier: GPL-2.0-or-later */
/* links_change.c - interfaces of a running lab: made and changed */
#include <net/if.h>
#include <string.h>

#include "netlab/keeper/device.h"
#include "netlab/keeper/links.h"
#include "netlab/nl/forward.h"
#include "netlab/nl/link.h"
#include "netlab/nl/link_get.h"
#include "netlab/nl/qdisc.h"

/* ---- pieces of a request ---- */

int lab_links_options(const json_t *array, struct lab_option **list, size_t *n, struct lab_err *err)
{
	if (array && !json_is_array(array))
		return lab_err_set(err, EINVAL, "options must be an array of [name, value]");
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *pair = json_array_get(array, i);
		const char *name = json_string_value(json_array_get(pair, 0));
		const char *value = json_string_value(json_array_get(pair, 1));
		int r;

		if (!name || !value || json_array_size(pair) != 2)
			return lab_err_set(err, EINVAL,
					   "options must be an array of [name, value], both text");
		r = lab_topo_add_option(list, n, name, value, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int lab_links_netem(const json_t *object, struct lab_option **list, size_t *n, struct lab_err *err)
{
	const char *part, *name;
	json_t *options, *value;
	char full[64];

	if (object && !json_is_null(object) && !json_is_object(object))
		return lab_err_set(err, EINVAL, "netem must be an object of objects");
	json_object_foreach((json_t *)object, part, options) {
		json_object_foreach(options, name, value) {
			int r;

			if (!json_is_string(value))
				return lab_err_set(err, EINVAL, "netem: %.20s: %.20s must be text",
						   part, name);
			(void)snprintf(full, sizeof(full), "%.20s.%.40s", part, name);
			r = lab_topo_add_option(list, n, full, json_string_value(value), NULL, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int parse_addr(const json_t *value, struct lab_addr *ret, struct lab_err *err)
{
	const char *text = json_string_value(value);

	if (!text || lab_addr_parse(text, ret) < 0)
		return lab_err_set(err, EINVAL, "\"%.60s\" is not an address", text ? text : "");
	return 0;
}

static int parse_mac(const char *text, uint8_t ret[LAB_MAC_LEN], struct lab_err *err)
{
	if (lab_mac_parse(text, ret) < 0)
		return lab_err_set(err, EINVAL, "mac: \"%.60s\" is not an Ethernet address", text);
	return 0;
}

static int check_mtu(int mtu, struct lab_err *err)
{
	if (mtu < (int)LAB_MTU_MIN || mtu > (int)LAB_MTU_MAX)
		return lab_err_set(err, EINVAL, "mtu %d: it must be from %u to %u", mtu,
				   LAB_MTU_MIN, LAB_MTU_MAX);
	return 0;
}

/* ---- link.add ---- */

/* The members of a request; all borrowed from it. */
struct spec {
	const char *host, *id, *kind, *network, *netns, *name, *mac;
	json_t *addresses, *options, *slaves, *netem;
	int mtu, up;
};

static int parse_spec(json_t *params, struct spec *s, struct lab_err *err)
{
	json_error_t je;

	*s = (struct spec){ .up = 1 };
	if (json_unpack_ex(params, &je, 0,
			   "{s:s, s:s, s:s, s?s, s?s, s?s, s?s, s?i, s?b, s?o, s?o, s?o, s?o !}",
			   "host", &s->host, "id", &s->id, "kind", &s->kind, "network", &s->network,
			   "netns", &s->netns, "name", &s->name, "mac", &s->mac, "mtu", &s->mtu,
			   "up", &s->up, "addresses", &s->addresses, "options", &s->options,
			   "slaves", &s->slaves, "netem", &s->netem) < 0)
		return lab_err_set(err, EINVAL, "link.add: %s", je.text);
	if ((s->addresses && !json_is_array(s->addresses)) ||
	    (s->slaves && !json_is_array(s->slaves)))
		return lab_err_set(err, EINVAL, "link.add: addresses and slaves must be arrays");
	return 0;
}

static int add_bare(struct lab_keeper *k, uint32_t host, const struct spec *s,
		    struct lab_iface **ret, struct lab_err *err)
{
	struct lab_topo *topo = k->topo;
	const struct lab_network *net;
	int kind;
	size_t n;

	if (strcmp(s->kind, "eth") == 0) {
		if (!s->network)
			return lab_err_set(err, EINVAL, "an eth needs a network");
		for (n = 0; n < topo->n_networks; n++)
			if (strcmp(topo->networks[n].label, s->network) == 0)
				break;
		if (n == topo->n_networks)
			return lab_err_set(err, ENOENT, "no network \"%s\" in lab %s", s->network,
					   k->rundir.name);
		net = &topo->networks[n];
		if (!k->bridges[k->bridge_base[n]])
			return lab_err_set(
				err, EINVAL,
				"network \"%s\" is one link between two interfaces; a third one needs a network with a bridge",
				net->label);
		return lab_topo_add_iface(topo, host, s->id, s->network, NULL, ret, err);
	}
	kind = lab_kind_find(s->kind);
	if (kind < 0 || kind == LAB_LINK_LO || kind == LAB_LINK_VETH) {
		const char *near = lab_kind_near(s->kind);

		return lab_err_set(err, EINVAL, "no kind \"%.40s\" that can be made%s%s%s", s->kind,
				   near && kind < 0 ? "; did you mean " : "",
				   near && kind < 0 ? near : "", near && kind < 0 ? "?" : "");
	}
	return lab_topo_add_device(topo, host, s->id, LAB_IFACE_LINK, (enum lab_link_kind)kind,
				   NULL, ret, err);
}

static int add_slaves(struct lab_host *h, size_t index, const json_t *slaves, struct lab_err *err)
{
	struct lab_slave *slave;

	for (size_t i = 0; i < json_array_size(slaves); i++) {
		const json_t *o = json_array_get(slaves, i);
		const char *id = json_string_value(json_object_get(o, "id"));
		int r;

		if (!id)
			return lab_err_set(err, EINVAL, "a slave needs an id");
		r = lab_topo_add_slave(h, index, id, NULL, &slave, err);
		if (r == 0)
			r = lab_links_options(json_object_get(o, "options"), &slave->options,
					      &slave->n_options, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Options that every kind has are members of an interface here. */
static int take_common(struct lab_iface *iface, const struct spec *s, struct lab_err *err)
{
	int r = 0;

	if (s->name) {
		if (!*s->name || strlen(s->name) >= LAB_IFNAME_LEN)
			return lab_err_set(err, EINVAL, "name: \"%.40s\" must have 1 to %u bytes",
					   s->name, LAB_IFNAME_LEN - 1);
		(void)snprintf(iface->name, sizeof(iface->name), "%s", s->name);
	}
	if (s->mac)
		r = parse_mac(s->mac, iface->mac, err);
	iface->mac_given = s->mac != NULL;
	if (r == 0 && s->mtu)
		r = check_mtu(s->mtu, err);
	iface->mtu_bytes = (unsigned int)s->mtu;
	return r;
}

static int describe(struct lab_keeper *k, uint32_t host, size_t index, const struct spec *s,
		    struct lab_err *err)
{
	struct lab_host *h = &k->topo->hosts[host];
	struct lab_iface *iface = &h->ifaces[index];
	int netns = lab_topo_find_netns(h, s->netns), r;
	struct lab_addr addr;

	if (netns < 0)
		return lab_err_set(err, EINVAL, "no network namespace \"%s\"", s->netns);
	iface->netns = (unsigned int)netns;
	r = take_common(iface, s, err);
	if (r == 0)
		r = lab_links_options(s->options, &iface->options, &iface->n_options, err);
	if (r == 0)
		r = add_slaves(h, index, s->slaves, err);
	if (r == 0)
		r = lab_links_netem(s->netem, &iface->netem, &iface->n_netem, err);
	for (size_t i = 0; r == 0 && i < json_array_size(s->addresses); i++) {
		r = parse_addr(json_array_get(s->addresses, i), &addr, err);
		if (r == 0)
			r = lab_topo_add_addr(iface, &addr, err);
	}
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: interface %s: ", h->id, s->id);
	r = lab_topo_check_device(h, index, err);
	return r < 0 ? r : lab_topo_check_options(h, index, err);
}

/* Addresses and up, as for all others when the lab came up. */
static int configure(struct lab_keeper *k, uint32_t host, size_t index, bool up,
		     struct lab_err *err)
{
	const struct lab_iface *iface = &k->topo->hosts[host].ifaces[index];
	const struct lab_klink *link = &k->hosts[host].links[index];
	int r = lab_device_place(k, host, iface->netns, err);

	if (r < 0)
		return r;
	if (up && !link->up)
		lab_link_up(&k->conf, link->ifindex);
	for (size_t i = 0; i < iface->n_addrs; i++)
		lab_link_add_addr(&k->conf, link->ifindex, &iface->addrs[i]);
	return lab_nl_flush(&k->conf, NULL, err);
}

/* A bond and a team take only what is down, and set it up themselves; a lab that runs has its links up. */
static int ports_down(struct lab_keeper *k, uint32_t host, const struct lab_iface *iface,
		      struct lab_err *err)
{
	int r;

	if (iface->kind != LAB_IFACE_LINK ||
	    (iface->link != LAB_LINK_BOND && iface->link != LAB_LINK_TEAM))
		return 0;
	r = lab_device_place(k, host, iface->netns, err);
	for (size_t i = 0; i < iface->n_slaves && r == 0; i++) {
		const struct lab_link_change down = {
			.ifindex = k->hosts[host].links[iface->slaves[i].iface].ifindex,
			.netns = -1,
			.flags_mask = IFF_UP,
		};

		lab_link_set(&k->conf, &down);
	}
	return r < 0 ? r : lab_nl_flush(&k->conf, NULL, err);
}

static int make(struct lab_keeper *k, uint32_t host, size_t index, const struct spec *s,
		struct lab_err *err)
{
	struct lab_host *h = &k->topo->hosts[host];
	struct lab_iface *iface = &h->ifaces[index];
	int r;

	lab_topo_settle_iface(k->topo, host, index);
	r = ports_down(k, host, iface, err);
	if (r == 0)
		r = iface->kind == LAB_IFACE_ETH
			    ? lab_keeper_make_port(k, host, (uint32_t)index, err)
			    : lab_device_make(k, host, (uint32_t)index, err);
	if (r == 0 && iface->n_netem)
		r = lab_device_netem(k, host, (uint32_t)index, err);
	if (r == 0)
		r = configure(k, host, index, s->up, err);
	if (r == 0)
		return 0;
	(void)lab_err_prefix(err, r, "host %s: %s %s: ", h->id, lab_iface_kind_name(iface),
			     iface->id);
	if (k->hosts[host].links[index].ifindex &&
	    lab_device_place(k, host, iface->netns, NULL) == 0) {
		lab_link_del(&k->conf, k->hosts[host].links[index].ifindex);
		(void)lab_nl_flush(&k->conf, NULL, NULL);
	}
	return r;
}

int lab_links_add(struct lab_keeper *k, json_t *params, json_t **ret, struct lab_err *err)
{
	struct lab_klink *links;
	struct lab_iface *iface;
	struct lab_host *h;
	uint32_t host;
	size_t index;
	struct spec s;
	int r = parse_spec(params, &s, err);

	if (r == 0)
		r = lab_links_find(k, params, &host, NULL, err);
	if (r < 0)
		return r;
	h = &k->topo->hosts[host];
	links = reallocarray(k->hosts[host].links, h->n_ifaces + 1, sizeof(*links));
	if (!links)
		return lab_err_errno(err, ENOMEM, "link.add");
	links[h->n_ifaces] = (struct lab_klink){ 0 };
	k->hosts[host].links = links;
	r = add_bare(k, host, &s, &iface, err);
	if (r < 0)
		return r;
	index = h->n_ifaces - 1;
	r = describe(k, host, index, &s, err);
	if (r == 0)
		r = make(k, host, index, &s, err);
	if (r == 0)
		return lab_links_get(k, host, (uint32_t)index, ret, err);
	lab_topo_drop_iface(h, index);
	links[index] = (struct lab_klink){ 0 };
	return r;
}

/* ---- link.set ---- */

/* What changes; all borrowed from the request. */
struct change {
	const char *host, *id, *mac;
	json_t *master, *options, *port_options, *add, *del, *netem, *add_vlans, *del_vlans;
	int mtu, up, flush;
};

/* One interface that changes. */
struct target {
	struct lab_keeper *k;
	uint32_t host, index;
	struct lab_iface *iface;
	int ifindex;
	struct lab_device_lookup lookup;
};

static int parse_change(json_t *params, struct change *c, struct lab_err *err)
{
	json_error_t je;

	*c = (struct change){ .up = -1 };
	if (json_unpack_ex(
		    params, &je, 0,
		    "{s:s, s:s, s?s, s?i, s?b, s?b, s?o, s?o, s?o, s?o, s?o, s?o, s?o, s?o !}",
		    "host", &c->host, "id", &c->id, "mac", &c->mac, "mtu", &c->mtu, "up", &c->up,
		    "flush_addresses", &c->flush, "master", &c->master, "options", &c->options,
		    "port_options", &c->port_options, "add_addresses", &c->add, "del_addresses",
		    &c->del, "netem", &c->netem, "add_vlans", &c->add_vlans, "del_vlans",
		    &c->del_vlans) < 0)
		return lab_err_set(err, EINVAL, "link.set: %s", je.text);
	return 0;
}

static int flush(struct target *t, struct lab_err *err)
{
	return lab_nl_flush(&t->k->conf, NULL, err);
}

static int set_flags(struct target *t, bool up, struct lab_err *err)
{
	const struct lab_link_change change = {
		.ifindex = t->ifindex, .netns = -1, .flags = up ? IFF_UP : 0, .flags_mask = IFF_UP
	};

	lab_link_set(&t->k->conf, &change);
	return flush(t, err);
}

/* A bond and a team take only what is down, and set it up themselves. */
static int set_master(struct target *t, const json_t *value, struct lab_err *err)
{
	struct lab_host *h = &t->k->topo->hosts[t->host];
	const char *id = json_string_value(value);
	const struct lab_iface *master = id ? lab_topo_find_iface(h, id) : NULL;
	struct lab_link_change change = { .ifindex = t->ifindex, .netns = -1, .set_master = true };
	size_t index = master ? (size_t)(master - h->ifaces) : LAB_IFACE_NONE;
	int r = 0;

	if (!json_is_null(value) && !master)
		return lab_err_set(err, ENOENT, "master: host %s has no interface \"%s\"", h->id,
				   id ? id : "");
	if (master && (master->kind != LAB_IFACE_LINK || !lab_kind_get(master->link)->ports ||
		       master->link == LAB_LINK_TEAM))
		return lab_err_set(err, EINVAL, "master: %s %s takes no ports while the lab runs",
				   lab_iface_kind_name(master), id);
	if (master && master->netns != t->iface->netns)
		return lab_err_set(err, EINVAL, "master: %s is in another network namespace", id);
	if (master && master->link == LAB_LINK_BOND)
		r = set_flags(t, false, err);
	if (r < 0)
		return r;
	change.master = master ? t->k->hosts[t->host].links[index].ifindex : 0;
	lab_link_set(&t->k->conf, &change);
	r = flush(t, err);
	if (r == 0)
		t->iface->master = index;
	return r < 0 ? lab_err_prefix(err, r, "master: ") : 0;
}

/* The kernel forgets options of these that a change leaves out. */
static bool forgets(enum lab_link_kind kind)
{
	return kind == LAB_LINK_GRE || kind == LAB_LINK_IP6GRE || kind == LAB_LINK_IPIP ||
	       kind == LAB_LINK_SIT || kind == LAB_LINK_VTI || kind == LAB_LINK_VTI6;
}

static int keep_options(struct target *t, const struct lab_option *options, size_t n,
			struct lab_err *err)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = lab_topo_add_option(&t->iface->options, &t->iface->n_options, options[i].name,
					options[i].value, NULL, err);
	return r;
}

static int set_options(struct target *t, const json_t *array, struct lab_err *err)
{
	struct lab_link_change change = { .ifindex = t->ifindex,
					  .netns = -1,
					  .kind = t->iface->link };
	struct lab_option *options = NULL;
	size_t n = 0, own;
	int r = 0;

	for (size_t i = 0; forgets(t->iface->link) && i < t->iface->n_options && r == 0; i++)
		r = lab_topo_add_option(&options, &n, t->iface->options[i].name,
					t->iface->options[i].value, NULL, err);
	own = n;
	if (r == 0)
		r = lab_links_options(array, &options, &n, err);
	if (r == 0 && t->iface->kind != LAB_IFACE_LINK)
		r = lab_err_set(err, EINVAL, "%s has no options that can be changed",
				lab_iface_kind_name(t->iface));
	if (r == 0)
		r = lab_kind_check(t->iface->link, LAB_USE_CHANGE, options + own, n - own, NULL,
				   err);
	if (r == 0) {
		change.options = (struct lab_link_options){ options, n, lab_device_ifindex_of,
							    &t->lookup };
		lab_link_set(&t->k->conf, &change);
		r = flush(t, err);
	}
	if (r == 0)
		r = keep_options(t, options + own, n - own, err);
	lab_topo_free_options(options, n);
	return r;
}

static int set_port_options(struct target *t, const json_t *array, struct lab_err *err)
{
	const struct lab_iface *master =
		t->iface->master == LAB_IFACE_NONE
			? NULL
			: &t->k->topo->hosts[t->host].ifaces[t->iface->master];
	struct lab_option *options = NULL;
	struct lab_link_options list = { .ifindex_of = lab_device_ifindex_of, .data = &t->lookup };
	size_t n = 0;
	int r = 0;

	if (!master || master->kind != LAB_IFACE_LINK)
		r = lab_err_set(err, EINVAL, "port_options: it is no port");
	if (r == 0)
		r = lab_links_options(array, &options, &n, err);
	if (r == 0)
		r = lab_kind_check(master->link, LAB_USE_PORT, options, n, NULL, err);
	if (r == 0) {
		list.v = options;
		list.n = n;
		lab_link_set_port(&t->k->conf, t->ifindex, master->link, &list);
		r = flush(t, err);
	}
	lab_topo_free_options(options, n);
	return r;
}

static int set_hardware(struct target *t, const struct change *c, struct lab_err *err)
{
	struct lab_link_change change = { .ifindex = t->ifindex, .netns = -1 };
	uint8_t mac[LAB_MAC_LEN];
	int r = 0;

	if (c->mac) {
		r = parse_mac(c->mac, mac, err);
		change.mac = mac;
	}
	if (r == 0 && c->mtu)
		r = check_mtu(c->mtu, err);
	if (r < 0)
		return r;
	change.mtu_bytes = (unsigned int)c->mtu;
	lab_link_set(&t->k->conf, &change);
	r = flush(t, err);
	if (r < 0)
		return r;
	if (c->mac)
		memcpy(t->iface->mac, mac, sizeof(mac));
	if (c->mtu)
		t->iface->mtu_bytes = (unsigned int)c->mtu;
	return 0;
}

static void forget_addr(struct lab_iface *iface, const struct lab_addr *addr)
{
	size_t i, kept = 0;

	for (i = 0; i < iface->n_addrs; i++)
		if (!lab_addr_equal(&iface->addrs[i], addr))
			iface->addrs[kept++] = iface->addrs[i];
	iface->n_addrs = kept;
}

static int set_addrs(struct target *t, const struct change *c, struct lab_err *err)
{
	struct lab_addr addr;
	int r = 0;

	if (c->flush) {
		r = lab_link_flush_addrs(&t->k->conf, t->ifindex, err);
		t->iface->n_addrs = r == 0 ? 0 : t->iface->n_addrs;
	}
	for (size_t i = 0; i < json_array_size(c->del) && r == 0; i++) {
		r = parse_addr(json_array_get(c->del, i), &addr, err);
		if (r == 0) {
			lab_link_del_addr(&t->k->conf, t->ifindex, &addr);
			r = flush(t, err);
		}
		if (r == 0)
			forget_addr(t->iface, &addr);
	}
	for (size_t i = 0; i < json_array_size(c->add) && r == 0; i++) {
		r = parse_addr(json_array_get(c->add, i), &addr, err);
		if (r == 0) {
			lab_link_add_addr(&t->k->conf, t->ifindex, &addr);
			r = flush(t, err);
		}
		if (r == 0)
			r = lab_topo_add_addr(t->iface, &addr, err);
	}
	return r;
}

static int set_vlans(struct target *t, const json_t *array, bool add, struct lab_err *err)
{
	bool self = t->iface->kind == LAB_IFACE_LINK && t->iface->link == LAB_LINK_BRIDGE;

	for (size_t i = 0; i < json_array_size(array); i++) {
		int vid = 0, pvid = 0, untagged = 0, r;
		struct lab_bridge_vlan vlan = { .ifindex = t->ifindex, .self = self };
		json_error_t je;

		if (json_unpack_ex(json_array_get(array, i), &je, 0, "{s:i, s?b, s?b !}", "vid",
				   &vid, "pvid", &pvid, "untagged", &untagged) < 0)
			return lab_err_set(err, EINVAL, "vlans: %s", je.text);
		if (vid < 1 || vid > LAB_VLAN_MAX)
			return lab_err_set(err, EINVAL, "vlans: vid %d: it must be from 1 to %d",
					   vid, LAB_VLAN_MAX);
		vlan.vid = (uint16_t)vid;
		vlan.pvid = pvid;
		vlan.untagged = untagged;
		if (add)
			lab_bridge_vlan_add(&t->k->conf, &vlan);
		else
			lab_bridge_vlan_del(&t->k->conf, &vlan);
		r = flush(t, err);
		if (r < 0)
			return lab_err_prefix(err, r, "vlan %d: ", vid);
	}
	return 0;
}

static int set_netem(struct target *t, const json_t *object, struct lab_err *err)
{
	struct lab_option *before = t->iface->netem;
	size_t n_before = t->iface->n_netem;
	struct lab_netem netem;
	int r;

	t->iface->netem = NULL;
	t->iface->n_netem = 0;
	r = lab_links_netem(object, &t->iface->netem, &t->iface->n_netem, err);
	if (r == 0)
		r = lab_topo_netem(t->iface, &netem, err);
	if (r == 0 && lab_netem_any(&netem)) {
		r = lab_device_netem(t->k, t->host, t->index, err);
	} else if (r == 0 && n_before) {
		lab_qdisc_del(&t->k->conf, t->ifindex);
		r = flush(t, err);
	}
	if (r == 0) {
		lab_topo_free_options(before, n_before);
		return 0;
	}
	lab_topo_free_options(t->iface->netem, t->iface->n_netem);
	t->iface->netem = before;
	t->iface->n_netem = n_before;
	return r;
}

/* In the order of docs/rpc.md. */
static int apply(struct target *t, const struct change *c, struct lab_err *err)
{
	int r = 0;

	if (c->master)
		r = set_master(t, c->master, err);
	if (r == 0 && c->options)
		r = set_options(t, c->options, err);
	if (r == 0 && c->port_options)
		r = set_port_options(t, c->port_options, err);
	if (r == 0 && (c->mac || c->mtu))
		r = set_hardware(t, c, err);
	if (r == 0 && c->up >= 0)
		r = set_flags(t, c->up, err);
	if (r == 0)
		r = set_addrs(t, c, err);
	if (r == 0 && c->del_vlans)
		r = set_vlans(t, c->del_vlans, false, err);
	if (r == 0 && c->add_vlans)
		r = set_vlans(t, c->add_vlans, true, err);
	return r == 0 && c->netem ? set_netem(t, c->netem, err) : r;
}

int lab_links_set(struct lab_keeper *k, json_t *params, json_t **ret, struct lab_err *err)
{
	struct target t = { .k = k };
	const struct lab_host *h;
	struct change c;
	int r = parse_change(params, &c, err);

	if (r == 0)
		r = lab_links_find(k, params, &t.host, &t.index, err);
	if (r < 0)
		return r;
	h = &k->topo->hosts[t.host];
	t.iface = &k->topo->hosts[t.host].ifaces[t.index];
	t.ifindex = k->hosts[t.host].links[t.index].ifindex;
	t.lookup = (struct lab_device_lookup){ k, t.host, t.iface->netns };
	if (!lab_iface_is_real(t.iface))
		r = lab_err_set(err, EINVAL, "%s is only a port of Open vSwitch",
				lab_iface_kind_name(t.iface));
	if (r == 0)
		r = lab_device_place(k, t.host, t.iface->netns, err);
	if (r == 0)
		r = apply(&t, &c, err);
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: interface %s: ", h->id, c.id);
	return lab_links_get(k, t.host, t.index, ret, err);
}
