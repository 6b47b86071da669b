/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_link.c - the method `check`: bridges, interfaces, addresses and forwarding, as the kernel has them */
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/strbuf.h"
#include "netlab/keeper/check.h"
#include "netlab/nl/link_get.h"
#include "netlab/nl/netconf.h"

/* From linux/if.h, which cannot be included beside net/if.h. */
#define CARRIER 0x10000u

static const struct lab_link_info *by_index(const struct lab_link_list *list, int ifindex)
{
	for (size_t i = 0; i < list->n_links; i++)
		if (list->links[i].ifindex == ifindex)
			return &list->links[i];
	return NULL;
}

static const struct lab_link_info *by_name(const struct lab_link_list *list, const char *name)
{
	for (size_t i = 0; i < list->n_links; i++)
		if (strcmp(list->links[i].name, name) == 0)
			return &list->links[i];
	return NULL;
}

/* ---- bridges ---- */

static void say_network(struct lab_checks *c, size_t network, const char *name, bool ok,
			const char *text)
{
	(void)json_array_append_new(c->list,
				    json_pack("{s:s, s:s, s:s, s:b, s:s}", "check", "bridge",
					      "network", c->k->topo->networks[network].label,
					      "name", name, "ok", ok, "text", text));
}

/* One of the ports that a bridge should have. Returns true if all is well with it; else @sb says what is not. */
static bool check_port(const struct lab_link_list *list, int bridge, uint32_t host, uint32_t iface,
		       const struct lab_topo *topo, struct lab_strbuf *sb)
{
	const struct lab_host *h = &topo->hosts[host];
	const struct lab_link_info *port;
	char name[LAB_IFNAME_LEN];

	(void)snprintf(name, sizeof(name), "p%u.%u", host % 1000000, iface % 1000);
	port = by_name(list, name);
	if (port && port->master == bridge && (port->flags & IFF_UP))
		return true;
	lab_strbuf_printf(sb, "%sthe port of %s:%s is %s", sb->len ? ", " : "", h->id,
			  h->ifaces[iface].name,
			  !port                    ? "not there"
			  : port->master != bridge ? "not in the bridge"
						   : "down");
	return false;
}

static void check_bridge(struct lab_checks *c, const struct lab_link_list *list, size_t network,
			 uint32_t n)
{
	const struct lab_topo *topo = c->k->topo;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	int ifindex = c->k->bridges[c->k->bridge_base[network] + n];
	const struct lab_link_info *bridge = by_index(list, ifindex);
	char name[LAB_IFNAME_LEN];
	bool ok = bridge && (bridge->flags & IFF_UP);
	size_t ports = 0;

	lab_plan_bridge_name((uint32_t)network, n, name);
	if (!ok)
		lab_strbuf_puts(&sb, bridge ? "it is down" : "it is not there");
	for (uint32_t h = 0; bridge && h < topo->n_hosts; h++)
		for (uint32_t i = 0; i < topo->hosts[h].n_ifaces; i++) {
			const struct lab_iface *f = &topo->hosts[h].ifaces[i];

			if (*f->id && f->kind == LAB_IFACE_ETH && f->network == network &&
			    f->port / LAB_BRIDGE_PORTS == n) {
				ok &= check_port(list, ifindex, h, i, topo, &sb);
				ports++;
			}
		}
	if (ok)
		lab_strbuf_printf(&sb, "up with %zu port%s", ports, ports == 1 ? "" : "s");
	say_network(c, network, name, ok, lab_strbuf_str(&sb));
}

void lab_check_bridges(struct lab_checks *c)
{
	struct lab_link_list list LAB_CLEANUP(lab_link_list_fini) = { .n_links = 0 };
	const struct lab_topo *topo = c->k->topo;
	struct lab_err err;
	int r = 0;

	if (c->k->n_bridges) {
		r = lab_nl_enter(&c->nl, c->k->home, c->k->home, &err);
		if (r == 0)
			r = lab_link_list(&c->nl, &list, &err);
	}
	for (size_t i = 0; i < topo->n_networks; i++) {
		uint32_t end = i + 1 < topo->n_networks ? c->k->bridge_base[i + 1]
							: c->k->n_bridges;

		for (uint32_t b = 0; c->k->bridge_base[i] + b < end; b++)
			if (r < 0)
				say_network(c, i, "-", false, err.msg);
			else
				check_bridge(c, &list, i, b);
	}
}

/* ---- interfaces ---- */

/* Ports of Open vSwitch have a master of the kernel's own. */
static bool master_is_wrong(const struct lab_host *h, const struct lab_iface *f,
			    const struct lab_link_list *list, const struct lab_link_info *link)
{
	const struct lab_iface *master;
	const struct lab_link_info *want;

	if (f->master == LAB_IFACE_NONE)
		return false;
	master = &h->ifaces[f->master];
	if (master->kind == LAB_IFACE_OVS_BRIDGE || master->kind == LAB_IFACE_OVS_BOND)
		return link->master == 0;
	want = by_name(list, master->name);
	return !want || link->master != want->ifindex;
}

static void check_link(struct lab_checks *c, uint32_t host, uint32_t index,
		       const struct lab_link_list *list)
{
	const struct lab_host *h = &c->k->topo->hosts[host];
	const struct lab_iface *f = &h->ifaces[index];
	const struct lab_link_info *link = by_name(list, f->name);
	bool pair = f->kind == LAB_IFACE_ETH || f->kind == LAB_IFACE_PAIR;

	if (!link)
		lab_check_say(c, "link", host, f->name, false, "it is not there");
	else if (!(link->flags & IFF_UP))
		lab_check_say(c, "link", host, f->name, false, "it is down");
	else if (pair && !(link->flags & CARRIER))
		lab_check_say(c, "link", host, f->name, false,
			      "it is up without a carrier: its other end is down or gone");
	else if (master_is_wrong(h, f, list, link))
		lab_check_say(c, "link", host, f->name, false, "it is no port of %s",
			      h->ifaces[f->master].name);
	else if (f->mtu_bytes && f->master == LAB_IFACE_NONE && link->mtu_bytes != f->mtu_bytes)
		lab_check_say(c, "link", host, f->name, false, "its mtu is %u instead of %u",
			      link->mtu_bytes, f->mtu_bytes);
	else
		lab_check_say(c, "link", host, f->name, true, "up, mtu %u", link->mtu_bytes);
}

/* What the kernel says of an address that an interface should have; NULL = it has it. */
static const char *address_fault(const struct lab_link_list *list, int ifindex,
				 const struct lab_addr *want)
{
	for (size_t i = 0; i < list->n_addrs; i++) {
		const struct lab_addr_info *a = &list->addrs[i];

		if (a->ifindex != ifindex || !lab_addr_equal(&a->addr, want))
			continue;
		if (a->addr.prefix_len != want->prefix_len)
			return "has another prefix length";
		if (a->flags & IFA_F_DADFAILED)
			return "is used by another interface of the network";
		return (a->flags & IFA_F_TENTATIVE) ? "is tentative" : NULL;
	}
	return "is missing";
}

static void check_addresses(struct lab_checks *c, uint32_t host, const struct lab_iface *f,
			    const struct lab_link_list *list)
{
	const struct lab_link_info *link = by_name(list, f->name);
	cleanup_strbuf struct lab_strbuf good = LAB_STRBUF_INIT, bad = LAB_STRBUF_INIT;
	char text[LAB_ADDR_STRLEN];

	if (!f->n_addrs)
		return;
	for (size_t i = 0; link && i < f->n_addrs; i++) {
		const char *fault = address_fault(list, link->ifindex, &f->addrs[i]);

		(void)lab_addr_format(&f->addrs[i], true, text);
		if (fault)
			lab_strbuf_printf(&bad, "%s%s %s", bad.len ? ", " : "", text, fault);
		else
			lab_strbuf_printf(&good, "%s%s", good.len ? ", " : "", text);
	}
	if (!link)
		lab_strbuf_puts(&bad, "the interface is not there");
	lab_check_say(c, "address", host, f->name, bad.len == 0, "%s",
		      lab_strbuf_str(bad.len ? &bad : &good));
}

static void check_forwarding(struct lab_checks *c, uint32_t host, const char *netns)
{
	bool v4 = false, v6 = false;
	struct lab_err err;
	int r = lab_netconf_forwarding(&c->nl, AF_INET, &v4, &err);

	if (r == 0) {
		r = lab_netconf_forwarding(&c->nl, AF_INET6, &v6, &err);
		/* What the kernel lacks need not be on. */
		v6 = v6 || r == -EOPNOTSUPP;
		r = r == -EOPNOTSUPP ? 0 : r;
	}
	if (r < 0)
		lab_check_say(c, "forwarding", host, netns, false, "%s", err.msg);
	else if (!v4 || !v6)
		lab_check_say(c, "forwarding", host, netns, false, "it is off for %s",
			      v4   ? "IPv6"
			      : v6 ? "IPv4"
				   : "IPv4 and IPv6");
	else
		lab_check_say(c, "forwarding", host, netns, true, "on");
}

static void check_space(struct lab_checks *c, uint32_t host, unsigned int netns)
{
	struct lab_link_list list LAB_CLEANUP(lab_link_list_fini) = { .n_links = 0 };
	const struct lab_khost *space = lab_khost_space(&c->k->hosts[host], netns);
	const struct lab_host *h = &c->k->topo->hosts[host];
	const char *name = netns ? h->netns[netns - 1] : NULL;
	struct lab_err err;
	int r = -ENOENT;

	if (space->netns < 0)
		(void)lab_err_set(&err, ENOENT, "it has no network namespace");
	else
		r = lab_nl_enter(&c->nl, space->netns, c->k->home, &err);
	if (r == 0)
		r = lab_link_list(&c->nl, &list, &err);
	if (r == 0)
		r = lab_link_list_addrs(&c->nl, 0, &list, &err);
	if (r < 0) {
		lab_check_say(c, "link", host, name, false, "%s", err.msg);
		return;
	}
	for (uint32_t i = 0; i < h->n_ifaces; i++) {
		const struct lab_iface *f = &h->ifaces[i];

		if (!*f->id || f->netns != netns || !lab_iface_is_real(f))
			continue;
		check_link(c, host, i, &list);
		check_addresses(c, host, f, &list);
	}
	if (h->forwarding)
		check_forwarding(c, host, name);
}

void lab_check_links(struct lab_checks *c, uint32_t host)
{
	for (unsigned int n = 0; n <= c->k->topo->hosts[host].n_netns; n++)
		check_space(c, host, n);
}
