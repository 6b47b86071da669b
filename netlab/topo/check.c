/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - the checks that need the whole topology: an MTU that IPv6 cannot have, gateways out of reach */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "netlab/topo/hash.h"
#include "netlab/topo/internal.h"

enum { SUBNETS_NAMED = 4 }; /* of a host, in the message about a gateway */

/* --- addresses --- */

static int check_mtu_ip6(const struct lab_host *host, const struct lab_iface *iface,
			 struct lab_err *err)
{
	char text[LAB_ADDR_STRLEN], q[LAB_TOPO_QUOTE_LEN];
	size_t a;
	int r;

	for (a = 0; a < iface->n_addrs; a++) {
		if (iface->addrs[a].family != AF_INET6 || !iface->mtu_bytes ||
		    iface->mtu_bytes >= LAB_TOPO_MTU_IP6)
			continue;
		r = lab_err_set(err, EINVAL,
				"host %s: interface %s: mtu %u is too small for %s: IPv6 needs %u",
				host->id, lab_topo_quote(iface->id, q), iface->mtu_bytes,
				lab_addr_format(&iface->addrs[a], false, text), LAB_TOPO_MTU_IP6);
		return lab_err_at(err, r, &iface->src);
	}
	return 0;
}

/* Two interfaces may have one address on purpose; that one has it once is known since it was added. */
int lab_topo_check_addrs(const struct lab_topo *topo, struct lab_err *err)
{
	size_t h, i;
	int r = 0;

	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; !r && i < topo->hosts[h].n_ifaces; i++)
			r = check_mtu_ip6(&topo->hosts[h], &topo->hosts[h].ifaces[i], err);
	}
	return r;
}

/* --- routes --- */

/* The subnets of one family that a host is on, for a message: " (its subnets: 10.0.0.0/24, ...)" */
static void name_subnets(const struct lab_host *host, unsigned int family, char *buf, size_t size)
{
	char text[LAB_ADDR_STRLEN];
	unsigned int named = 0;
	size_t i, a, used = 0;

	buf[0] = '\0';
	for (i = 0; i < host->n_ifaces; i++) {
		for (a = 0; a < host->ifaces[i].n_addrs; a++) {
			struct lab_addr subnet = lab_topo_mask(&host->ifaces[i].addrs[a]);

			if (subnet.family != family || named > SUBNETS_NAMED)
				continue;
			(void)snprintf(buf + used, size - used, "%s%s",
				       named ? ", " : " (its subnets: ",
				       named < SUBNETS_NAMED ? lab_addr_format(&subnet, true, text)
							     : "...");
			used += strlen(buf + used);
			named++;
		}
	}
	(void)snprintf(buf + used, size - used, "%s", named ? ")" : "");
}

static int gateway_error(const struct lab_host *host, const struct lab_route *route, bool own,
			 struct lab_err *err)
{
	char dst[LAB_ADDR_STRLEN], via[LAB_ADDR_STRLEN];
	char subnets[(SUBNETS_NAMED + 2) * LAB_ADDR_STRLEN];

	(void)lab_addr_format(&route->dst, true, dst);
	(void)lab_addr_format(&route->via, false, via);
	if (own)
		return lab_err_set(err, EINVAL,
				   "route to %s: gateway %s is an address of this host itself", dst,
				   via);
	name_subnets(host, route->via.family, subnets, sizeof(subnets));
	return lab_err_set(err, ENETUNREACH,
			   "route to %s: gateway %s is on no subnet of this host%s", dst, via,
			   subnets);
}

static int check_gateway(const struct lab_host *host, const struct lab_route *route,
			 struct lab_err *err)
{
	bool near = false, own = false;
	size_t i, a;

	for (i = 0; i < host->n_ifaces; i++) {
		for (a = 0; a < host->ifaces[i].n_addrs; a++) {
			const struct lab_addr *addr = &host->ifaces[i].addrs[a];

			if (lab_addr_equal(&route->via, addr)) {
				own = true;
				continue;
			}
			near = near || lab_addr_in_subnet(&route->via, addr);
		}
	}
	/* One namespace of a host may be the gateway of another. */
	if (near && (!own || host->n_netns))
		return 0;
	return gateway_error(host, route, own, err);
}

static bool dst_eq(const void *key, uint32_t value, const void *user)
{
	const struct lab_route *routes = user;
	const struct lab_addr *dst = key;

	return routes[value].dst.prefix_len == dst->prefix_len &&
	       lab_addr_equal(&routes[value].dst, dst);
}

static int check_route(const struct lab_host *host, size_t i, struct lab_hash *seen,
		       struct lab_err *err)
{
	const struct lab_addr *dst = &host->routes[i].dst;
	uint32_t hash = lab_hash_bytes(dst->bytes, lab_addr_len(dst));
	char text[LAB_ADDR_STRLEN];

	if (lab_hash_find(seen, hash, dst_eq, dst, host->routes) >= 0)
		return lab_err_set(err, EEXIST, "route to %s: there is one already",
				   lab_addr_format(dst, true, text));
	if (lab_hash_add(seen, hash, (uint32_t)i) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	return check_gateway(host, &host->routes[i], err);
}

static int check_host(const struct lab_host *host, struct lab_err *err)
{
	struct lab_hash seen = { 0 };
	int r = 0;
	size_t i;

	for (i = 0; !r && i < host->n_routes; i++) {
		r = check_route(host, i, &seen, err);
		if (r < 0)
			r = lab_err_at(err, lab_err_prefix(err, r, "host %s: ", host->id),
				       &host->routes[i].src);
	}
	lab_hash_fini(&seen);
	return r;
}

int lab_topo_check_routes(const struct lab_topo *topo, struct lab_err *err)
{
	size_t h;
	int r;

	for (h = 0; h < topo->n_hosts; h++) {
		r = check_host(&topo->hosts[h], err);
		if (r < 0)
			return r;
	}
	return 0;
}
