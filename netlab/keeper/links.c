/* SPDX-License-Identifier: GPL-2.0-or-later */
/* links.c - interfaces and routes of a running lab: looked up, described, taken away; routes */
#include "netlab/keeper/links.h"

#include <net/if.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/keeper/device.h"
#include "netlab/nl/forward.h"
#include "netlab/nl/link.h"
#include "netlab/nl/link_get.h"

enum { NEAR_MAX = 256 };

/* ---- looked up ---- */

static int no_iface(const struct lab_host *h, const char *id, struct lab_err *err)
{
	const char *names[NEAR_MAX + 1] = { NULL }, *near;

	for (size_t i = 0; i < h->n_ifaces && i < NEAR_MAX; i++)
		names[i] = h->ifaces[i].id;
	near = lab_str_nearest(id, names);
	return lab_err_set(err, ENOENT, "host %s has no interface \"%s\"%s%s%s", h->id, id,
			   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

int lab_links_find(struct lab_keeper *k, const json_t *params, uint32_t *ret_host,
		   uint32_t *ret_iface, struct lab_err *err)
{
	const char *host = json_string_value(json_object_get(params, "host"));
	const char *id = json_string_value(json_object_get(params, "id"));
	const struct lab_iface *iface;
	const struct lab_host *h;
	long index;

	if (!host || (ret_iface && !id))
		return lab_err_set(err, EINVAL, "host%s must be there, as text",
				   ret_iface ? " and id" : "");
	index = lab_topo_find_host(k->topo, host);
	if (index < 0)
		return lab_err_set(err, ENOENT, "no host \"%s\" in lab %s", host, k->rundir.name);
	h = &k->topo->hosts[index];
	*ret_host = (uint32_t)index;
	if (!ret_iface)
		return 0;
	iface = *id ? lab_topo_find_iface(h, id) : NULL;
	if (!iface)
		return no_iface(h, id, err);
	*ret_iface = (uint32_t)(iface - h->ifaces);
	return 0;
}

/* ---- described ---- */

/* The addresses that it was given, in their order, then what else the kernel has. */
static json_t *addrs_to_json(const struct lab_iface *iface, const struct lab_link_list *list)
{
	json_t *array = json_array();
	char text[LAB_ADDR_STRLEN];

	for (size_t a = 0; a < iface->n_addrs; a++)
		for (size_t i = 0; i < list->n_addrs; i++)
			if (lab_addr_equal(&list->addrs[i].addr, &iface->addrs[a]))
				(void)json_array_append_new(
					array, json_string(lab_addr_format(&list->addrs[i].addr,
									   true, text)));
	for (size_t i = 0; i < list->n_addrs; i++) {
		bool known = false;

		for (size_t a = 0; a < iface->n_addrs; a++)
			known |= lab_addr_equal(&list->addrs[i].addr, &iface->addrs[a]);
		if (!known)
			(void)json_array_append_new(
				array,
				json_string(lab_addr_format(&list->addrs[i].addr, true, text)));
	}
	return array;
}

static json_t *stats_to_json(const struct lab_link_stats *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rx_packets",
			 (json_int_t)s->rx_packets, "tx_packets", (json_int_t)s->tx_packets,
			 "rx_bytes", (json_int_t)s->rx_bytes, "tx_bytes", (json_int_t)s->tx_bytes,
			 "rx_errors", (json_int_t)s->rx_errors, "tx_errors",
			 (json_int_t)s->tx_errors, "rx_dropped", (json_int_t)s->rx_dropped,
			 "tx_dropped", (json_int_t)s->tx_dropped, "multicast",
			 (json_int_t)s->multicast, "collisions", (json_int_t)s->collisions);
}

/* Whose port it is, by its id; the kernel may know a master that is none of ours. */
static json_t *master_to_json(const struct lab_keeper *k, uint32_t host,
			      const struct lab_iface *iface, int master)
{
	const struct lab_host *h = &k->topo->hosts[host];

	for (size_t i = 0; master && i < h->n_ifaces; i++)
		if (h->ifaces[i].netns == iface->netns && k->hosts[host].links[i].ifindex == master)
			return json_string(h->ifaces[i].id);
	/* Ports of Open vSwitch have a master of the kernel's own. */
	return iface->master != LAB_IFACE_NONE && master ? json_string(h->ifaces[iface->master].id)
							 : json_null();
}

int lab_links_get(struct lab_keeper *k, uint32_t host, uint32_t index, json_t **ret,
		  struct lab_err *err)
{
	const struct lab_host *h = &k->topo->hosts[host];
	const struct lab_iface *iface = &h->ifaces[index];
	struct lab_link_list list = { 0 };
	struct lab_link_info info;
	char mac[LAB_MAC_STRLEN];
	int r;

	if (!lab_iface_is_real(iface))
		return lab_err_set(err, ENODEV, "%s %s is only a port of Open vSwitch",
				   lab_iface_kind_name(iface), iface->id);
	r = lab_device_place(k, host, iface->netns, err);
	if (r == 0)
		r = lab_link_get(&k->conf, k->hosts[host].links[index].ifindex, NULL, &info, err);
	if (r == 0)
		r = lab_link_list_addrs(&k->conf, info.ifindex, &list, err);
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: interface %s: ", h->id, iface->id);
	*ret = json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:b, s:b, s:s, s:o, s:o, s:s?, s:o}", "id",
			 iface->id, "kind", lab_iface_kind_name(iface), "name", info.name,
			 "ifindex", info.ifindex, "mac",
			 info.has_mac ? lab_mac_format(info.mac, mac) : "", "mtu",
			 (int)info.mtu_bytes, "up", (info.flags & IFF_UP) != 0, "carrier",
			 (info.flags & IFF_RUNNING) != 0, "operstate",
			 lab_link_operstate(info.operstate), "addresses",
			 addrs_to_json(iface, &list), "master",
			 master_to_json(k, host, iface, info.master), "netns",
			 iface->netns ? h->netns[iface->netns - 1] : NULL, "stats",
			 stats_to_json(&info.stats));
	lab_link_list_fini(&list);
	return *ret ? 0 : lab_err_errno(err, ENOMEM, "link.get");
}

/* ---- taken away ---- */

static int del(struct lab_keeper *k, const json_t *params, struct lab_err *err)
{
	const struct lab_iface *iface;
	uint32_t host, index;
	int r = lab_links_find(k, params, &host, &index, err);

	if (r < 0)
		return r;
	iface = &k->topo->hosts[host].ifaces[index];
	if (iface->kind != LAB_IFACE_LINK && iface->kind != LAB_IFACE_ETH)
		r = lab_err_set(err, EINVAL, "%s cannot be taken away while the lab runs",
				lab_iface_kind_name(iface));
	else if (lab_iface_is_loopback(iface))
		r = lab_err_set(err, EINVAL, "the loopback cannot be taken away");
	else
		r = lab_device_place(k, host, iface->netns, err);
	if (r == 0) {
		lab_link_del(&k->conf, k->hosts[host].links[index].ifindex);
		r = lab_nl_flush(&k->conf, NULL, err);
	}
	if (r < 0 && r != -ENODEV)
		return lab_err_prefix(err, r, "host %s: interface %s: ", k->topo->hosts[host].id,
				      iface->id);
	lab_topo_drop_iface(&k->topo->hosts[host], index);
	k->hosts[host].links[index] = (struct lab_klink){ 0 };
	return 0;
}

/* ---- routes ---- */

static int parse_route(struct lab_keeper *k, const json_t *params, struct lab_nl_route *route,
		       struct lab_nexthop *hop, uint32_t *ret_host, struct lab_err *err)
{
	const char *to = json_string_value(json_object_get(params, "to"));
	const char *via = json_string_value(json_object_get(params, "via"));
	const char *dev = json_string_value(json_object_get(params, "dev"));
	const char *netns = json_string_value(json_object_get(params, "netns"));
	const struct lab_host *h;
	const struct lab_iface *iface = NULL;
	int space, r = lab_links_find(k, params, ret_host, NULL, err);

	if (r < 0)
		return r;
	h = &k->topo->hosts[*ret_host];
	if (!to || (!via && !dev))
		return lab_err_set(err, EINVAL, "to, and via or dev, must be there, as text");
	if (via && lab_addr_parse(via, &hop->via) < 0)
		return lab_err_set(err, EINVAL, "via: \"%s\" is not an address", via);
	if (strcmp(to, "default") == 0)
		route->dst = (struct lab_addr){ .family = via ? hop->via.family : AF_INET };
	else if (lab_addr_parse(to, &route->dst) < 0)
		return lab_err_set(err, EINVAL, "to: \"%s\" is not a network", to);
	if (via && hop->via.family != route->dst.family)
		return lab_err_set(err, EINVAL, "to and via must both be IPv4 or both IPv6");
	space = lab_topo_find_netns(h, netns);
	if (space < 0)
		return lab_err_set(err, EINVAL, "no network namespace \"%s\"", netns);
	if (dev) {
		iface = lab_topo_find_iface(h, dev);
		if (!iface)
			return no_iface(h, dev, err);
		space = (int)iface->netns;
		hop->ifindex = k->hosts[*ret_host].links[iface - h->ifaces].ifindex;
	}
	return lab_device_place(k, *ret_host, (unsigned int)space, err);
}

static int change_route(struct lab_keeper *k, const json_t *params, bool add, struct lab_err *err)
{
	struct lab_nexthop hop = { .via = { .family = 0 } };
	struct lab_nl_route route = { .hops = &hop, .n = 1 };
	uint32_t host;
	int r = parse_route(k, params, &route, &hop, &host, err);

	if (r < 0)
		return r;
	if (add)
		lab_route_add(&k->conf, &route);
	else
		lab_route_del(&k->conf, &route);
	r = lab_nl_flush(&k->conf, NULL, err);
	return r < 0 ? lab_err_prefix(err, r, "host %s: route: ", k->topo->hosts[host].id) : 0;
}

/* ---- the methods ---- */

static int check_members(json_t *params, const char *method, const char *const *allowed,
			 struct lab_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(params, key, value) {
		size_t i;

		for (i = 0; allowed[i] && strcmp(allowed[i], key) != 0; i++)
			;
		if (!allowed[i])
			return lab_err_set(err, EINVAL, "%s: no member \"%.60s\"", method, key);
	}
	return 0;
}

static int answer_empty(int r, json_t **ret)
{
	if (r < 0)
		return r;
	*ret = json_object();
	return 1;
}

int lab_links_request(struct lab_keeper *k, const char *method, json_t *params, json_t **ret,
		      struct lab_err *err)
{
	static const char *const one[] = { "host", "id", NULL };
	static const char *const route[] = { "host", "to", "via", "dev", "netns", NULL };
	uint32_t host, index;
	int r;

	if (strcmp(method, "link.add") == 0) {
		r = lab_links_add(k, params, ret, err);
		return r < 0 ? r : 1;
	}
	if (strcmp(method, "link.set") == 0) {
		r = lab_links_set(k, params, ret, err);
		return r < 0 ? r : 1;
	}
	if (strcmp(method, "link.get") == 0) {
		r = check_members(params, method, one, err);
		if (r == 0)
			r = lab_links_find(k, params, &host, &index, err);
		if (r == 0)
			r = lab_links_get(k, host, index, ret, err);
		return r < 0 ? r : 1;
	}
	if (strcmp(method, "link.del") == 0) {
		r = check_members(params, method, one, err);
		return answer_empty(r < 0 ? r : del(k, params, err), ret);
	}
	if (strcmp(method, "route.add") == 0 || strcmp(method, "route.del") == 0) {
		r = check_members(params, method, route, err);
		return answer_empty(r < 0 ? r : change_route(k, params, method[6] == 'a', err),
				    ret);
	}
	return 0;
}
