/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c - interfaces that stand in others take their places in the host, and slaves are looked up */
#include <string.h>

#include "controller/recipe/build.h"
#include "controller/recipe/text.h"

const char *ctl_iface_kind_name(enum ctl_iface_kind kind)
{
	static const char *const names[CTL_IFACE_KIND_MAX_] = {
		[CTL_IFACE_ETH] = "eth",
		[CTL_IFACE_VETH] = "veth",
		[CTL_IFACE_BOND] = "bond",
		[CTL_IFACE_BRIDGE] = "bridge",
		[CTL_IFACE_TEAM] = "team",
		[CTL_IFACE_VLAN] = "vlan",
		[CTL_IFACE_MACVLAN] = "macvlan",
		[CTL_IFACE_IPVLAN] = "ipvlan",
		[CTL_IFACE_VXLAN] = "vxlan",
		[CTL_IFACE_GENEVE] = "geneve",
		[CTL_IFACE_GRE] = "gre",
		[CTL_IFACE_IP6GRE] = "ip6gre",
		[CTL_IFACE_IPIP] = "ipip",
		[CTL_IFACE_SIT] = "sit",
		[CTL_IFACE_VTI] = "vti",
		[CTL_IFACE_VTI6] = "vti6",
		[CTL_IFACE_DUMMY] = "dummy",
		[CTL_IFACE_LO] = "lo",
		[CTL_IFACE_MACSEC] = "macsec",
		[CTL_IFACE_VRF] = "vrf",
		[CTL_IFACE_WIREGUARD] = "wireguard",
		[CTL_IFACE_TUN] = "tun",
		[CTL_IFACE_TAP] = "tap",
		[CTL_IFACE_OVS_BRIDGE] = "ovs_bridge",
		[CTL_IFACE_OVS_BOND] = "ovs_bond",
		[CTL_IFACE_OVS_TUNNEL] = "ovs_tunnel",
		[CTL_IFACE_OVS_INTERNAL] = "ovs_internal",
		[CTL_IFACE_PAIR] = "veth_pair",
	};

	return names[kind];
}

bool ctl_host_find_netns(const struct ctl_host *host, const char *netns)
{
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		if (host->ifaces[i].netns && !strcmp(host->ifaces[i].netns, netns))
			return true;
	}
	return false;
}

/* --- interfaces that stand in others ---------------------------------------------------------- */

static size_t count_flat(const struct ctl_host *host)
{
	size_t i, n = 0;

	for (i = 0; i < host->n_ifaces; i++)
		n += host->ifaces[i].n_parts + (host->ifaces[i].kind != CTL_IFACE_PAIR);
	return n;
}

/*
 * The ends of a pair take its place. The ports of an Open vSwitch bridge come before it, as slaves come before their masters.
 */
static void flatten_one(const struct ctl_iface *from, struct ctl_iface *to, size_t *n)
{
	size_t first = *n, i;

	for (i = 0; i < from->n_parts; i++) {
		to[*n] = from->parts[i];
		if (from->kind == CTL_IFACE_PAIR) {
			to[*n].peer = first + (i == 0);
		} else {
			to[*n].owner = first + from->n_parts;
			to[*n].netns = from->netns;
			to[*n].netns_src = from->netns_src;
		}
		(*n)++;
	}
	if (from->kind == CTL_IFACE_PAIR)
		return;
	to[*n] = *from;
	to[*n].parts = NULL;
	to[*n].n_parts = 0;
	(*n)++;
}

static int flatten(struct ctl_build *b, struct ctl_host *host)
{
	size_t i, n = count_flat(host);
	struct ctl_iface *flat;

	if (n == host->n_ifaces) {
		/* There may be a pair without ends, which is an error; otherwise nothing stands in anything. */
		for (i = 0; i < host->n_ifaces && !host->ifaces[i].n_parts; i++)
			;
		if (i == host->n_ifaces)
			return 0;
	}
	flat = ctl_arena_alloc(b->recipe->arena, n ? n : 1, sizeof(*flat));
	if (!flat)
		return -ENOMEM;
	n = 0;
	for (i = 0; i < host->n_ifaces; i++)
		flatten_one(&host->ifaces[i], flat, &n);
	host->ifaces = flat;
	host->n_ifaces = n;
	return 0;
}

/* --- slaves ----------------------------------------------------------------------------------- */

static size_t find_id(const struct ctl_host *host, const char *id)
{
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		if (host->ifaces[i].id && !strcmp(host->ifaces[i].id, id))
			break;
	}
	return i;
}

static void unknown_slave(struct ctl_build *b, const struct ctl_host *host, size_t index,
			  const struct ctl_slave *slave)
{
	struct ctl_hint hint = { .word = slave->id };
	char buf[CTL_HINT_MAX];
	size_t i;

	for (i = 0; i < index && !hint.more; i++) {
		if (host->ifaces[i].id)
			ctl_hint_add(&hint, host->ifaces[i].id);
	}
	(void)ctl_diag_error(b->diag, &slave->id_src, "unknown interface %.60s of host %.60s%s",
			     slave->id, host->id ? host->id : "?",
			     ctl_hint_text(&hint, "", "", "; interfaces before this one: ", buf));
}

static void find_slave(struct ctl_build *b, struct ctl_host *host, size_t index,
		       struct ctl_slave *slave, bool quiet)
{
	if (!slave->id)
		return;
	slave->iface = find_id(host, slave->id);
	if (quiet)
		return;
	if (slave->iface == host->n_ifaces) {
		unknown_slave(b, host, index, slave);
	} else if (slave->iface >= index) {
		(void)ctl_diag_error(
			b->diag, &slave->id_src,
			"slave %.60s is defined after its master; slaves come before their masters",
			slave->id);
		ctl_diag_beside(b->diag, &host->ifaces[slave->iface].src,
				"the interface %.60s is here", slave->id);
	}
}

/* Do its slaves become its ports, which have no addresses of their own unless the recipe gives some? */
static bool takes_ports(enum ctl_iface_kind kind)
{
	return kind == CTL_IFACE_BOND || kind == CTL_IFACE_BRIDGE || kind == CTL_IFACE_TEAM ||
	       kind == CTL_IFACE_VRF || kind == CTL_IFACE_OVS_BRIDGE || kind == CTL_IFACE_OVS_BOND;
}

static void find_slaves(struct ctl_build *b, struct ctl_host *host, size_t index,
			struct ctl_slave *slaves, size_t n, bool quiet)
{
	bool ports = takes_ports(host->ifaces[index].kind);
	size_t i;

	for (i = 0; i < n; i++) {
		slaves[i].iface = CTL_HOST_NONE;
		find_slave(b, host, index, &slaves[i], quiet);
		if (ports && slaves[i].iface < index)
			host->ifaces[slaves[i].iface].is_port = true;
	}
}

int ctl_devices_settle(struct ctl_build *b, bool quiet)
{
	size_t h, i, v;
	int r;

	for (h = 0; h < b->recipe->n_hosts; h++) {
		struct ctl_host *host = &b->recipe->hosts[h];

		r = flatten(b, host);
		if (r < 0)
			return r;
		for (i = 0; i < host->n_ifaces; i++) {
			struct ctl_iface *iface = &host->ifaces[i];

			find_slaves(b, host, i, iface->slaves, iface->n_slaves, quiet);
			for (v = 0; v < iface->n_vlans; v++)
				find_slaves(b, host, i, iface->vlans[v].slaves,
					    iface->vlans[v].n_slaves, quiet);
		}
	}
	return 0;
}
