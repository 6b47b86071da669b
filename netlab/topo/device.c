/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c - building a topology: interfaces that are joined to no network, their options, slaves and namespaces */
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/topo/internal.h"

void lab_topo_free_options(struct lab_option *options, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free((void *)options[i].name);
		free((void *)options[i].value);
	}
	free(options);
}

/* All but its id. */
static void forget(struct lab_iface *iface)
{
	size_t i;

	for (i = 0; i < iface->n_slaves; i++)
		lab_topo_free_options(iface->slaves[i].options, iface->slaves[i].n_options);
	free(iface->slaves);
	lab_topo_free_options(iface->options, iface->n_options);
	lab_topo_free_options(iface->netem, iface->n_netem);
	free(iface->addrs);
	*iface = (struct lab_iface){ .id = iface->id,
				     .kind = LAB_IFACE_OVS_BOND, /* nothing that the kernel knows */
				     .network = LAB_NETWORK_NONE,
				     .peer = LAB_IFACE_NONE,
				     .master = LAB_IFACE_NONE };
}

void lab_topo_free_iface(struct lab_iface *iface)
{
	forget(iface);
	free(iface->id);
}

/* --- namespaces --- */

static bool is_netns_name(const char *name)
{
	size_t len = strlen(name);

	return len && len < LAB_NETNS_LEN && !strchr("-_.", *name) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       len;
}

int lab_topo_find_netns(const struct lab_host *host, const char *name)
{
	size_t i;

	if (!name)
		return 0;
	for (i = 0; i < host->n_netns; i++) {
		if (!strcmp(host->netns[i], name))
			return (int)i + 1;
	}
	return -ENOENT;
}

int lab_topo_add_netns(struct lab_topo *topo, size_t host, const char *name, unsigned int *ret,
		       struct lab_err *err)
{
	struct lab_host *h = &topo->hosts[host];
	int found = lab_topo_find_netns(h, name);
	char q[LAB_TOPO_QUOTE_LEN];

	if (found >= 0) {
		*ret = (unsigned int)found;
		return 0;
	}
	(void)lab_topo_quote(name, q);
	if (!is_netns_name(name))
		return lab_err_set(
			err, EINVAL,
			"netns \"%s\": write at most %u letters, digits, '-', '_' and '.', a letter or digit first",
			q, LAB_NETNS_LEN - 1);
	if (h->n_netns >= LAB_TOPO_NETNS_MAX)
		return lab_err_set(err, E2BIG,
				   "netns %s is one too many: a host has at most %u beside its own",
				   q, LAB_TOPO_NETNS_MAX);
	if (lab_topo_grow(&h->netns, h->n_netns, sizeof(*h->netns)) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	(void)snprintf(h->netns[h->n_netns++], LAB_NETNS_LEN, "%s", name);
	*ret = (unsigned int)h->n_netns;
	return 0;
}

/* --- options and slaves --- */

int lab_topo_add_option(struct lab_option **list, size_t *n, const char *name, const char *value,
			const struct lab_src *src, struct lab_err *err)
{
	cleanup_free char *n_copy = NULL, *v_copy = NULL;

	if (*n >= LAB_OPTIONS_MAX)
		return lab_err_set(err, E2BIG,
				   "option %.60s is one too many: at most %d are possible", name,
				   LAB_OPTIONS_MAX);
	n_copy = strdup(name);
	v_copy = strdup(value);
	if (!n_copy || !v_copy || lab_topo_grow(list, *n, sizeof(**list)) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	(*list)[(*n)++] = (struct lab_option){ .name = take_ptr(&n_copy),
					       .value = take_ptr(&v_copy),
					       .src = src ? *src : (struct lab_src){ 0 } };
	return 0;
}

int lab_topo_add_slave(struct lab_host *host, size_t iface, const char *id,
		       const struct lab_src *src, struct lab_slave **ret, struct lab_err *err)
{
	struct lab_iface *upper = &host->ifaces[iface];
	const struct lab_iface *lower = lab_topo_find_iface(host, id);
	size_t index = lower ? (size_t)(lower - host->ifaces) : iface, i;
	char q[LAB_TOPO_QUOTE_LEN];

	if (index >= iface)
		return lab_err_set(err, ENOENT, "slave %s is no interface before this one",
				   lab_topo_quote(id, q));
	for (i = 0; i < upper->n_slaves; i++) {
		if (upper->slaves[i].iface == index)
			return lab_err_set(err, EEXIST, "slave %s is there already",
					   lab_topo_quote(id, q));
	}
	if (upper->n_slaves >= LAB_TOPO_SLAVES_MAX)
		return lab_err_set(err, E2BIG, "slave %s is one too many: at most %u are possible",
				   lab_topo_quote(id, q), LAB_TOPO_SLAVES_MAX);
	if (lab_topo_grow(&upper->slaves, upper->n_slaves, sizeof(*upper->slaves)) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	upper->slaves[upper->n_slaves++] =
		(struct lab_slave){ .iface = index, .src = src ? *src : (struct lab_src){ 0 } };
	if (ret)
		*ret = &upper->slaves[upper->n_slaves - 1];
	return 0;
}

const char *lab_iface_kind_name(const struct lab_iface *iface)
{
	static const char *const names[LAB_IFACE_KIND_MAX_] = {
		[LAB_IFACE_ETH] = "eth",
		[LAB_IFACE_PAIR] = "veth",
		[LAB_IFACE_OVS_BRIDGE] = "ovs_bridge",
		[LAB_IFACE_OVS_BOND] = "ovs_bond",
		[LAB_IFACE_OVS_TUNNEL] = "ovs_tunnel",
		[LAB_IFACE_OVS_INTERNAL] = "ovs_internal",
	};

	return names[iface->kind] ? names[iface->kind] : lab_kind_get(iface->link)->name;
}

const char *lab_iface_option(const struct lab_iface *iface, const char *name)
{
	size_t i;

	for (i = iface->n_options; i-- > 0;) {
		if (!strcmp(iface->options[i].name, name))
			return iface->options[i].value;
	}
	return NULL;
}

bool lab_iface_is_real(const struct lab_iface *iface)
{
	return iface->kind != LAB_IFACE_OVS_BOND && iface->kind != LAB_IFACE_OVS_TUNNEL;
}

bool lab_iface_is_loopback(const struct lab_iface *iface)
{
	return iface->kind == LAB_IFACE_LINK && iface->link == LAB_LINK_LO;
}

unsigned int lab_topo_route_netns(const struct lab_host *host, const struct lab_route *route)
{
	size_t i, a;

	for (i = 0; host->n_netns && i < host->n_ifaces; i++) {
		for (a = 0; a < host->ifaces[i].n_addrs; a++) {
			/* An interface that is the gateway itself is in another namespace. */
			if (lab_addr_in_subnet(&route->via, &host->ifaces[i].addrs[a]) &&
			    !lab_addr_equal(&route->via, &host->ifaces[i].addrs[a]))
				return host->ifaces[i].netns;
		}
	}
	return 0;
}

/* The first address behind all of the pool that are in use. */
static void give_mac(const struct lab_topo *topo, struct lab_iface *iface)
{
	static const uint8_t pool[3] = { 0x52, 0x54, 0x01 };
	uint32_t last = 0, n;
	size_t h, i;

	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++) {
			const uint8_t *mac = topo->hosts[h].ifaces[i].mac;

			n = (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5];
			if (!memcmp(mac, pool, sizeof(pool)) && n > last)
				last = n;
		}
	}
	n = last + 1;
	memcpy(iface->mac, pool, sizeof(pool));
	iface->mac[3] = (uint8_t)(n >> 16);
	iface->mac[4] = (uint8_t)(n >> 8);
	iface->mac[5] = (uint8_t)n;
}

void lab_topo_settle_iface(struct lab_topo *topo, size_t host, size_t index)
{
	struct lab_host *h = &topo->hosts[host];
	struct lab_iface *iface = &h->ifaces[index];
	size_t i;

	if (iface->kind == LAB_IFACE_ETH) {
		if (!iface->mac_given)
			give_mac(topo, iface);
		iface->mac_given = true;
		iface->port = topo->networks[iface->network].n_ports++;
	}
	if (!iface->name[0] && (iface->kind != LAB_IFACE_ETH || !lab_topo_name_eth(iface)))
		lab_topo_name_device(h, index);
	for (i = 0; i < iface->n_slaves && lab_iface_has_ports(iface); i++)
		h->ifaces[iface->slaves[i].iface].master = index;
}

void lab_topo_drop_iface(struct lab_host *host, size_t index)
{
	struct lab_iface *iface = &host->ifaces[index];
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		if (host->ifaces[i].master == index)
			host->ifaces[i].master = LAB_IFACE_NONE;
	}
	iface->id[0] = '\0';
	forget(iface);
	while (host->n_ifaces && !*host->ifaces[host->n_ifaces - 1].id)
		free(host->ifaces[--host->n_ifaces].id);
}
