/* SPDX-License-Identifier: GPL-2.0-or-later */
/* finish.c - completing a topology: ports, interface names, MAC addresses */
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/topo/hash.h"
#include "netlab/topo/internal.h"

#define MAC_POOL      0x525401000000ull /* LNST's pool begins behind it; locally administered */
#define MAC_POOL_LAST 0x525401ffffffull

/* --- ports --- */

static void number_ports(struct lab_topo *topo)
{
	size_t n, h, i;

	for (n = 0; n < topo->n_networks; n++)
		topo->networks[n].n_ports = 0;
	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++) {
			struct lab_iface *iface = &topo->hosts[h].ifaces[i];

			if (iface->network != LAB_NETWORK_NONE)
				iface->port = topo->networks[iface->network].n_ports++;
		}
	}
}

static void note_single_ports(const struct lab_topo *topo, lab_topo_note_fn note, void *user)
{
	size_t n;

	for (n = 0; n < topo->n_networks; n++) {
		const struct lab_network *net = &topo->networks[n];
		char q[LAB_TOPO_QUOTE_LEN];
		struct lab_err text;

		if (net->n_ports != 1)
			continue;
		(void)lab_err_set(&text, 0, "network \"%s\" has one interface only",
				  lab_topo_quote(net->label, q));
		(void)lab_err_at(&text, 0, &net->src);
		note(&text, user);
	}
}

/* --- interface names --- */

/*
 * Possible for the kernel, and no trouble in a shell, a sysctl path or ip(8).
 * Source: dev_valid_name() in net/core/dev.c.
 */
static bool is_ifname(const char *s)
{
	size_t len = strlen(s);

	return len && len < LAB_IFNAME_LEN &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       len;
}

/*
 * Names that stand for something else: in sysctl paths and in /sys/class/net, and those of the
 * devices that tunnel drivers, where they happen to be loaded, put into each new network namespace.
 * Source: fb_tunnels_only_for_init_net in Documentation/admin-guide/sysctl/net.rst.
 */
static bool is_reserved(const char *s)
{
	static const char *const names[] = {
		"lo",      "all",     "default",  "bonding_masters", "tunl0",
		"gre0",    "gretap0", "erspan0",  "ip_vti0",         "sit0",
		"ip6tnl0", "ip6gre0", "ip6_vti0",
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		if (!strcmp(s, names[i]))
			return true;
	}
	return false;
}

static bool begins_with_letter(const char *s)
{
	return (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
}

static void set_name(struct lab_iface *iface, const char *prefix, const char *rest)
{
	(void)snprintf(iface->name, sizeof(iface->name), "%s%s", prefix, rest);
}

static void number_name(const struct lab_host *host, struct lab_iface *iface, size_t position)
{
	char name[LAB_IFNAME_LEN];

	do
		(void)snprintf(name, sizeof(name), "eth%u", (unsigned int)position++);
	while (lab_topo_name_taken(host, name));
	set_name(iface, name, "");
}

bool lab_topo_name_eth(struct lab_iface *iface)
{
	if (!begins_with_letter(iface->id) || !is_ifname(iface->id) || is_reserved(iface->id))
		return false;
	set_name(iface, iface->id, "");
	return true;
}

/* Three passes, so that none loses the name it should have to one that can as well have another. */
static void name_eths(struct lab_host *host)
{
	struct lab_iface *iface;
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		iface = &host->ifaces[i];
		if (iface->kind != LAB_IFACE_ETH)
			continue;
		iface->name[0] = '\0';
		(void)lab_topo_name_eth(iface);
	}
	for (i = 0; i < host->n_ifaces; i++) {
		char name[LAB_IFNAME_LEN];
		int len;

		iface = &host->ifaces[i];
		if (iface->kind != LAB_IFACE_ETH || iface->name[0])
			continue;
		len = snprintf(name, sizeof(name), "eth%s", iface->id);
		if (len < (int)sizeof(name) && is_ifname(name) && !lab_topo_name_taken(host, name))
			set_name(iface, name, "");
	}
	for (i = 0; i < host->n_ifaces; i++) {
		iface = &host->ifaces[i];
		if (iface->kind == LAB_IFACE_ETH && !iface->name[0])
			number_name(host, iface, i);
	}
}

static void name_ifaces(struct lab_host *host)
{
	size_t i;

	name_eths(host);
	for (i = 0; i < host->n_ifaces; i++) {
		if (host->ifaces[i].kind != LAB_IFACE_ETH)
			lab_topo_name_device(host, i);
	}
}

/* --- MTU and MAC addresses --- */

static int check_mtus(const struct lab_topo *topo, struct lab_err *err)
{
	size_t h, i;

	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++) {
			const struct lab_iface *iface = &topo->hosts[h].ifaces[i];
			char q[LAB_TOPO_QUOTE_LEN];
			int r;

			if (!iface->mtu_bytes ||
			    (iface->mtu_bytes >= LAB_MTU_MIN && iface->mtu_bytes <= LAB_MTU_MAX))
				continue;
			r = lab_err_set(err, EINVAL,
					"host %s: interface %s: mtu %u: it must be from %u to %u",
					topo->hosts[h].id, lab_topo_quote(iface->id, q),
					iface->mtu_bytes, LAB_MTU_MIN, LAB_MTU_MAX);
			return lab_err_at(err, r, &iface->src);
		}
	}
	return 0;
}

/* A MAC address that the recipe gives. */
struct given {
	uint64_t mac;
	const struct lab_host *host;
	const struct lab_iface *iface;
};

struct macs {
	struct given *given;
	size_t n;
	struct lab_hash hash;
};

static uint64_t mac_to_number(const uint8_t mac[LAB_MAC_LEN])
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < LAB_MAC_LEN; i++)
		n = n << 8 | mac[i];
	return n;
}

static void mac_from_number(uint64_t n, uint8_t ret[LAB_MAC_LEN])
{
	size_t i;

	for (i = LAB_MAC_LEN; i-- > 0; n >>= 8)
		ret[i] = (uint8_t)n;
}

static bool mac_eq(const void *key, uint32_t value, const void *user)
{
	const struct given *given = user;

	return given[value].mac == *(const uint64_t *)key;
}

/* The same address in the same network; in two networks nothing is wrong with it. */
static bool mac_clashes(const void *key, uint32_t value, const void *user)
{
	const struct given *given = user, *g = key;

	return given[value].mac == g->mac && g->iface->network != LAB_NETWORK_NONE &&
	       given[value].iface->network == g->iface->network;
}

static int take_given(struct macs *macs, const struct lab_host *host, const struct lab_iface *iface,
		      struct lab_err *err)
{
	struct given *g = &macs->given[macs->n];
	char mac[LAB_MAC_STRLEN], q[LAB_TOPO_QUOTE_LEN], q2[LAB_TOPO_QUOTE_LEN];
	uint32_t hash;
	long old;
	int r;

	*g = (struct given){ .mac = mac_to_number(iface->mac), .host = host, .iface = iface };
	hash = lab_hash_bytes(&g->mac, sizeof(g->mac));
	if (iface->mac[0] & 1) {
		r = lab_err_set(
			err, EINVAL,
			"host %s: interface %s: MAC address %s is a group address; the first byte must be even",
			host->id, lab_topo_quote(iface->id, q), lab_mac_format(iface->mac, mac));
		return lab_err_at(err, r, &iface->src);
	}
	old = lab_hash_find(&macs->hash, hash, mac_clashes, g, macs->given);
	if (old >= 0) {
		r = lab_err_set(
			err, EEXIST,
			"host %s: interface %s: MAC address %s is used by host %s interface %s already, on the same network",
			host->id, lab_topo_quote(iface->id, q), lab_mac_format(iface->mac, mac),
			macs->given[old].host->id, lab_topo_quote(macs->given[old].iface->id, q2));
		return lab_err_at(err, r, &iface->src);
	}
	return lab_hash_add(&macs->hash, hash, (uint32_t)macs->n++);
}

static int collect_given(const struct lab_topo *topo, struct macs *macs, struct lab_err *err)
{
	static const uint8_t none[LAB_MAC_LEN];
	size_t h, i, n = 0;
	int r;

	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++)
			n += memcmp(topo->hosts[h].ifaces[i].mac, none, sizeof(none)) != 0;
	}
	if (!n)
		return 0;
	macs->given = calloc(n, sizeof(*macs->given));
	if (!macs->given || lab_hash_reserve(&macs->hash, n) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	for (h = 0; h < topo->n_hosts; h++) {
		const struct lab_host *host = &topo->hosts[h];

		for (i = 0; i < host->n_ifaces; i++) {
			if (!memcmp(host->ifaces[i].mac, none, sizeof(none)))
				continue;
			r = take_given(macs, host, &host->ifaces[i], err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Does it have an address that is neither another interface's nor made up by the kernel alone? */
static bool has_own_mac(const struct lab_iface *iface)
{
	switch (iface->kind) {
	case LAB_IFACE_ETH:
	case LAB_IFACE_PAIR:
		return true;
	case LAB_IFACE_LINK:
		break;
	case LAB_IFACE_OVS_BRIDGE:
	case LAB_IFACE_OVS_BOND:
	case LAB_IFACE_OVS_TUNNEL:
	case LAB_IFACE_OVS_INTERNAL:
	case LAB_IFACE_KIND_MAX_:
		return false;
	}
	switch ((int)iface->link) {
	case LAB_LINK_VLAN:
	case LAB_LINK_BOND:
	case LAB_LINK_TEAM:
		return !iface->n_slaves;
	default:
		return lab_kind_get(iface->link)->ether;
	}
}

/* The kernel gives these the address of the first interface that they lie on. */
static bool has_slaves_mac(const struct lab_iface *iface)
{
	return iface->kind == LAB_IFACE_LINK && iface->n_slaves &&
	       (iface->link == LAB_LINK_VLAN || iface->link == LAB_LINK_BOND ||
		iface->link == LAB_LINK_TEAM || iface->link == LAB_LINK_IPVLAN ||
		iface->link == LAB_LINK_MACSEC);
}

static int give_mac(struct lab_host *host, struct lab_iface *iface, const struct macs *macs,
		    uint64_t *next, struct lab_err *err)
{
	iface->mac_given = mac_to_number(iface->mac) || has_own_mac(iface);
	if (has_slaves_mac(iface) && !iface->mac_given)
		memcpy(iface->mac, host->ifaces[iface->slaves[0].iface].mac, sizeof(iface->mac));
	if (!iface->mac_given || mac_to_number(iface->mac))
		return 0;
	while (macs->n && lab_hash_find(&macs->hash, lab_hash_bytes(next, sizeof(*next)), mac_eq,
					next, macs->given) >= 0)
		(*next)++;
	if (*next > MAC_POOL_LAST)
		return lab_err_set(err, ERANGE, "no MAC address is left");
	mac_from_number((*next)++, iface->mac);
	return 0;
}

static int give_macs(struct lab_topo *topo, const struct macs *macs, struct lab_err *err)
{
	uint64_t next = MAC_POOL + 1;
	size_t h, i;
	int r = 0;

	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces && r == 0; i++)
			r = give_mac(&topo->hosts[h], &topo->hosts[h].ifaces[i], macs, &next, err);
	}
	return r;
}

static int finish_macs(struct lab_topo *topo, struct lab_err *err)
{
	struct macs macs = { 0 };
	int r = collect_given(topo, &macs, err);

	if (!r)
		r = give_macs(topo, &macs, err);
	lab_hash_fini(&macs.hash);
	free(macs.given);
	return r;
}

int lab_topo_finish(struct lab_topo *topo, lab_topo_note_fn note, void *user, struct lab_err *err)
{
	size_t h;
	int r;

	number_ports(topo);
	/* Before the checks: a label written wrong shows here, and explains the error after it. */
	if (note)
		note_single_ports(topo, note, user);
	for (h = 0; h < topo->n_hosts; h++)
		name_ifaces(&topo->hosts[h]);
	r = check_mtus(topo, err);
	if (!r)
		r = lab_topo_finish_devices(topo, err);
	if (!r)
		r = finish_macs(topo, err);
	if (!r)
		r = lab_topo_check_addrs(topo, err);
	if (!r)
		r = lab_topo_give_addrs(topo, err);
	if (!r)
		r = lab_topo_check_routes(topo, err);
	return r;
}
