/* SPDX-License-Identifier: GPL-2.0-or-later */
/* address.c - automatic addresses: a subnet of each pool for each network */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "netlab/topo/internal.h"

enum {
	UNIT4 = 24, /* prefix length of the subnets that most networks get */
	UNIT6 = 64,
	SPARE4 = 6,     /* addresses that stay free in a subnet: 250 ports fit a /24 */
	LONGEST4 = 30,  /* never a /31: it has no room to grow, and old stacks do not know it */
	COUNT_BITS = 62 /* more subnets than that are never counted */
};

/*
 * A pool is cut into units, subnets of one size numbered from 0; a network takes one unit, or with
 * many ports a power of two of them. Units that the recipe's own addresses lie in are passed over.
 * Unit numbers are computed from the leftmost 64 bits of an address, which hold all of IPv4 and the
 * part of IPv6 that is cut up here.
 */
struct span {
	uint64_t first, last; /* units that the recipe's own addresses lie in */
};

struct pool {
	const char *name;
	struct lab_addr base;
	unsigned int unit_len; /* prefix length of a unit */
	uint64_t n_units;
	struct span *used; /* sorted by their first unit */
	size_t n_used, next_used;
	uint64_t next; /* units before it are given out */
};

/* What a network got. */
struct share {
	bool wanted;
	struct lab_addr subnet4, subnet6;
};

static uint64_t left64(const struct lab_addr *a)
{
	uint64_t n;

	/* IPv4: the bytes behind the first four are zero. */
	memcpy(&n, a->bytes, sizeof(n));
	return be64toh(n);
}

static uint64_t unit_of(const struct pool *pool, const struct lab_addr *a)
{
	if (pool->unit_len > 64 || pool->n_units == 1)
		return 0;
	return (left64(a) - left64(&pool->base)) >> (64 - pool->unit_len);
}

static int init_pool(struct pool *pool, const struct lab_addr *base, unsigned int family,
		     unsigned int unit_len, struct lab_err *err)
{
	char text[LAB_ADDR_STRLEN];
	unsigned int bits;

	if (base->family != family)
		return lab_err_set(err, EINVAL, "%s: \"%s\" is not an %s subnet", pool->name,
				   lab_addr_len(base) ? lab_addr_format(base, true, text) : "",
				   family == AF_INET ? "IPv4" : "IPv6");
	pool->base = lab_topo_mask(base);
	pool->unit_len = LAB_MAX(unit_len, (unsigned int)base->prefix_len);
	bits = pool->unit_len - base->prefix_len;
	pool->n_units = (uint64_t)1 << LAB_MIN(bits, (unsigned int)COUNT_BITS);
	return 0;
}

/* --- the recipe's own subnets --- */

static void add_used(struct pool *pool, const struct lab_addr *a)
{
	struct span *s = &pool->used[pool->n_used];
	struct lab_addr subnet = lab_topo_mask(a);

	if (lab_addr_in_subnet(&pool->base, a) && a->prefix_len <= pool->base.prefix_len) {
		*s = (struct span){ .first = 0, .last = pool->n_units - 1 };
	} else if (lab_addr_in_subnet(a, &pool->base)) {
		s->first = unit_of(pool, &subnet);
		s->last = s->first;
		if (a->prefix_len < pool->unit_len)
			s->last |= ((uint64_t)1 << (pool->unit_len - a->prefix_len)) - 1;
	} else {
		return;
	}
	pool->n_used++;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->last > y->last) - (x->last < y->last);
}

/* Fills pool->used, to be freed by the caller. */
static int find_used(struct pool *pool, const struct lab_topo *topo)
{
	size_t h, i, a, n = 0;

	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++)
			n += topo->hosts[h].ifaces[i].n_addrs;
	}
	if (!n)
		return 0;
	pool->used = calloc(n, sizeof(*pool->used));
	if (!pool->used)
		return -ENOMEM;
	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++) {
			const struct lab_iface *iface = &topo->hosts[h].ifaces[i];

			for (a = 0; a < iface->n_addrs; a++)
				add_used(pool, &iface->addrs[a]);
		}
	}
	if (pool->n_used)
		qsort(pool->used, pool->n_used, sizeof(*pool->used), compare_spans);
	return 0;
}

/* --- a subnet for each network --- */

/* The next free run of 2^@log2 units at a multiple of its size; its number in runs of that size. */
static int take_units(struct pool *pool, unsigned int log2, uint64_t *ret)
{
	uint64_t size = (uint64_t)1 << log2;
	uint64_t first = (pool->next + size - 1) & ~(size - 1);

	for (;;) {
		const struct span *s;

		if (first >= pool->n_units || size > pool->n_units - first)
			return -ERANGE;
		while (pool->next_used < pool->n_used && pool->used[pool->next_used].last < first)
			pool->next_used++;
		if (pool->next_used == pool->n_used)
			break;
		s = &pool->used[pool->next_used];
		if (s->first >= first + size)
			break;
		first = (s->last + size) & ~(size - 1);
	}
	pool->next = first + size;
	*ret = first >> log2;
	return 0;
}

static int take_subnet(struct pool *pool, unsigned int len, struct lab_addr *ret)
{
	uint64_t number;
	int r;

	r = take_units(pool, pool->unit_len - len, &number);
	return r < 0 ? r : lab_addr_nth(&pool->base, len, number, 0, ret);
}

/* Prefix length of the subnet for that many ports, or 0 if the whole pool is too small. */
static unsigned int length4(const struct pool *pool, unsigned int n_ports)
{
	unsigned int len = pool->unit_len;

	while (len > pool->base.prefix_len &&
	       (uint64_t)1 << (32 - len) < (uint64_t)n_ports + SPARE4)
		len--;
	/* The subnet itself and its broadcast address are no host's. */
	if (len > LONGEST4 || (uint64_t)1 << (32 - len) < (uint64_t)n_ports + 2)
		return 0;
	return len;
}

static unsigned int length6(const struct pool *pool, unsigned int n_ports)
{
	unsigned int bits = 128 - pool->unit_len;

	return bits < 32 && (uint64_t)1 << bits <= n_ports ? 0 : pool->unit_len;
}

static int exhausted(const struct lab_network *net, const struct pool *pool, unsigned int len,
		     struct lab_err *err)
{
	char text[LAB_ADDR_STRLEN], q[LAB_TOPO_QUOTE_LEN];
	int r;

	(void)lab_addr_format(&pool->base, true, text);
	if (!len)
		r = lab_err_set(
			err, ERANGE,
			"network \"%s\": %s %s is too small for its %u ports; use a larger pool",
			lab_topo_quote(net->label, q), pool->name, text, net->n_ports);
	else
		r = lab_err_set(
			err, ERANGE,
			"network \"%s\": %s %s has no free /%u subnet left; use a larger pool or give addresses",
			lab_topo_quote(net->label, q), pool->name, text, len);
	return lab_err_at(err, r, &net->src);
}

static int share_out(const struct lab_network *net, struct pool *pool4, struct pool *pool6,
		     struct share *share, struct lab_err *err)
{
	unsigned int len;

	len = length4(pool4, net->n_ports);
	if (!len || take_subnet(pool4, len, &share->subnet4) < 0)
		return exhausted(net, pool4, len, err);
	len = length6(pool6, net->n_ports);
	if (!len || take_subnet(pool6, len, &share->subnet6) < 0)
		return exhausted(net, pool6, len, err);
	return 0;
}

/* --- an address for each interface --- */

/* A port of a bond or a bridge has none of its own. */
static bool wants_auto(const struct lab_iface *iface)
{
	return iface->auto_addrs && iface->network != LAB_NETWORK_NONE &&
	       iface->master == LAB_IFACE_NONE;
}

/* Port p is host p + 1 of the subnet, which is known to be large enough. */
static int add_auto(const struct pool *pool, struct lab_iface *iface, const struct lab_addr *subnet,
		    struct lab_err *err)
{
	struct lab_addr addr = *subnet;
	uint8_t *end = addr.bytes + lab_addr_len(&addr) - sizeof(uint32_t);
	uint32_t n;
	int r;

	memcpy(&n, end, sizeof(n));
	n = htobe32(be32toh(n) + iface->port + 1);
	memcpy(end, &n, sizeof(n));
	r = lab_topo_add_addr(iface, &addr, err);
	return r < 0 ? lab_err_prefix(err, r, "%s: ", pool->name) : 0;
}

static int add_autos(struct lab_topo *topo, const struct share *shares, const struct pool *pool4,
		     const struct pool *pool6, struct lab_err *err)
{
	size_t h, i;
	int r;

	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++) {
			struct lab_iface *iface = &topo->hosts[h].ifaces[i];
			const struct share *s;

			if (!wants_auto(iface))
				continue;
			s = &shares[iface->network];
			r = add_auto(pool4, iface, &s->subnet4, err);
			if (!r && (!iface->mtu_bytes || iface->mtu_bytes >= LAB_TOPO_MTU_IP6))
				r = add_auto(pool6, iface, &s->subnet6, err);
			if (r < 0) {
				(void)lab_err_prefix(err, r, "host %s: ", topo->hosts[h].id);
				return lab_err_at(err, r, &iface->src);
			}
		}
	}
	return 0;
}

static int give(struct lab_topo *topo, struct share *shares, struct pool *pool4, struct pool *pool6,
		struct lab_err *err)
{
	size_t n;
	int r;

	r = init_pool(pool4, &topo->pool4, AF_INET, UNIT4, err);
	if (!r)
		r = init_pool(pool6, &topo->pool6, AF_INET6, UNIT6, err);
	if (r < 0)
		return r;
	if (find_used(pool4, topo) < 0 || find_used(pool6, topo) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	for (n = 0; n < topo->n_networks; n++) {
		if (!shares[n].wanted)
			continue;
		r = share_out(&topo->networks[n], pool4, pool6, &shares[n], err);
		if (r < 0)
			return r;
	}
	return add_autos(topo, shares, pool4, pool6, err);
}

int lab_topo_give_addrs(struct lab_topo *topo, struct lab_err *err)
{
	struct pool pool4 = { .name = "pool4" }, pool6 = { .name = "pool6" };
	struct share *shares;
	bool wanted = false;
	size_t h, i;
	int r = 0;

	if (!topo->n_networks)
		return 0;
	shares = calloc(topo->n_networks, sizeof(*shares));
	if (!shares)
		return lab_err_set(err, ENOMEM, "out of memory");
	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++) {
			const struct lab_iface *iface = &topo->hosts[h].ifaces[i];

			if (!wants_auto(iface))
				continue;
			shares[iface->network].wanted = true;
			wanted = true;
		}
	}
	if (wanted)
		r = give(topo, shares, &pool4, &pool6, err);
	free(pool4.used);
	free(pool6.used);
	free(shares);
	return r;
}
