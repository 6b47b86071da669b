/* SPDX-License-Identifier: GPL-2.0-or-later */
/* topo.c - building a topology, and finding things in it by name */
#include "netlab/topo/topo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "netlab/topo/hash.h"
#include "netlab/topo/internal.h"

enum { GROW_MIN = 2 };

struct lab_topo_index {
	struct lab_hash hosts, networks;
};

static const struct lab_addr default_pool4 = { .family = AF_INET,
					       .prefix_len = 8,
					       .bytes = { 10 } };
static const struct lab_addr default_pool6 = { .family = AF_INET6,
					       .prefix_len = 48,
					       .bytes = { 0xfd, 0, 'n', 'e', 't', 'l' } };

/* --- what the other files use too --- */

char *lab_topo_quote(const char *s, char buf[LAB_TOPO_QUOTE_LEN])
{
	size_t len = strlen(s), i, keep = len;

	if (len >= LAB_TOPO_QUOTE_LEN) {
		keep = LAB_TOPO_QUOTE_LEN - sizeof("...");
		/* Not in the middle of a character: UTF-8 goes on with 10xxxxxx. */
		while (keep && ((unsigned char)s[keep] & 0xc0) == 0x80)
			keep--;
	}
	for (i = 0; i < keep; i++)
		buf[i] = (unsigned char)s[i] < ' ' || s[i] == 0x7f ? '?' : s[i];
	(void)memcpy(buf + keep, "...", keep < len ? sizeof("...") : 0);
	if (keep == len)
		buf[keep] = '\0';
	return buf;
}

struct lab_addr lab_topo_mask(const struct lab_addr *a)
{
	struct lab_addr m = *a;
	unsigned int i = a->prefix_len / 8;

	if (a->prefix_len % 8) {
		m.bytes[i] &= (uint8_t)(0xff << (8 - a->prefix_len % 8));
		i++;
	}
	for (; i < sizeof(m.bytes); i++)
		m.bytes[i] = 0;
	return m;
}

bool lab_topo_is_link_local(const struct lab_addr *a)
{
	if (a->family == AF_INET6)
		return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
	return a->bytes[0] == 169 && a->bytes[1] == 254;
}

/* --- making and releasing --- */

int lab_topo_new(const char *name, struct lab_topo **ret)
{
	struct lab_topo *topo = calloc(1, sizeof(*topo));

	if (!topo)
		return -ENOMEM;
	topo->name = strdup(name);
	topo->index = calloc(1, sizeof(*topo->index));
	if (!topo->name || !topo->index) {
		lab_topo_free(topo);
		return -ENOMEM;
	}
	topo->pool4 = default_pool4;
	topo->pool6 = default_pool6;
	*ret = topo;
	return 0;
}

static void free_host(struct lab_host *host)
{
	size_t i;

	for (i = 0; i < host->n_ifaces; i++)
		lab_topo_free_iface(&host->ifaces[i]);
	free(host->ifaces);
	free(host->backend);
	free(host->image);
	lab_topo_free_options(host->settings, host->n_settings);
	free(host->netns);
	free(host->routes);
	free(host->id);
}

void lab_topo_free(struct lab_topo *topo)
{
	int saved = errno;
	size_t i;

	if (!topo)
		return;
	for (i = 0; i < topo->n_hosts; i++)
		free_host(&topo->hosts[i]);
	for (i = 0; i < topo->n_networks; i++)
		free(topo->networks[i].label);
	if (topo->index) {
		lab_hash_fini(&topo->index->hosts);
		lab_hash_fini(&topo->index->networks);
	}
	free(topo->index);
	free(topo->hosts);
	free(topo->networks);
	free(topo->name);
	free(topo);
	errno = saved;
}

int lab_topo_grow(void *array, size_t n, size_t elem_size)
{
	void **p = array;
	void *bigger;

	if (n && (n < GROW_MIN || (n & (n - 1))))
		return 0;
	bigger = reallocarray(*p, n ? 2 * n : GROW_MIN, elem_size);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	return 0;
}

/* The same for one with a capacity; the hash table that finds its elements gets room too. */
static int grow_indexed(void *array, size_t n, size_t *cap, size_t elem_size, struct lab_hash *hash)
{
	void **p = array;
	void *bigger;
	size_t to;

	if (n == *cap) {
		to = *cap ? 2 * *cap : 16;
		bigger = reallocarray(*p, to, elem_size);
		if (!bigger)
			return -ENOMEM;
		*p = bigger;
		*cap = to;
	}
	return lab_hash_reserve(hash, 1);
}

/* --- hosts --- */

static bool host_eq(const void *key, uint32_t value, const void *user)
{
	const struct lab_topo *topo = user;

	return !strcmp(topo->hosts[value].id, key);
}

long lab_topo_find_host(const struct lab_topo *topo, const char *id)
{
	return lab_hash_find(&topo->index->hosts, lab_hash_bytes(id, strlen(id)), host_eq, id,
			     topo);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int check_host_id(const char *id, struct lab_err *err)
{
	char q[LAB_TOPO_QUOTE_LEN];
	const char *c;

	if (!*id)
		return lab_err_set(err, EINVAL, "a host's id is empty");
	for (c = id; *c; c++) {
		if (!is_alnum(*c) && !strchr("-_.", *c))
			return lab_err_set(
				err, EINVAL,
				"host id \"%s\": only letters, digits, '-', '_' and '.' are allowed",
				lab_topo_quote(id, q));
	}
	if (!is_alnum(*id))
		return lab_err_set(err, EINVAL,
				   "host id \"%s\" must begin with a letter or a digit",
				   lab_topo_quote(id, q));
	if ((size_t)(c - id) > LAB_TOPO_ID_MAX)
		return lab_err_set(err, EINVAL,
				   "host id \"%s\" has %zu characters; at most %u are allowed",
				   lab_topo_quote(id, q), (size_t)(c - id), LAB_TOPO_ID_MAX);
	return 0;
}

static int taken(struct lab_err *err, const char *what, const char *id, const struct lab_src *first)
{
	char q[LAB_TOPO_QUOTE_LEN];

	if (first->line)
		return lab_err_set(err, EEXIST, "%s id \"%s\" is used already, in line %u", what,
				   lab_topo_quote(id, q), first->line);
	return lab_err_set(err, EEXIST, "%s id \"%s\" is used already", what,
			   lab_topo_quote(id, q));
}

static int add_host(struct lab_topo *topo, const char *id, const struct lab_src *src,
		    struct lab_err *err)
{
	struct lab_host *host;
	long old;
	int r;

	r = check_host_id(id, err);
	if (r < 0)
		return r;
	old = lab_topo_find_host(topo, id);
	if (old >= 0)
		return taken(err, "host", id, &topo->hosts[old].src);
	if (topo->n_hosts >= LAB_TOPO_HOSTS_MAX)
		return lab_err_set(err, E2BIG, "host %s is one too many: at most %u are possible",
				   id, LAB_TOPO_HOSTS_MAX);
	r = grow_indexed(&topo->hosts, topo->n_hosts, &topo->cap_hosts, sizeof(*topo->hosts),
			 &topo->index->hosts);
	if (r < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	host = &topo->hosts[topo->n_hosts];
	*host = (struct lab_host){ .id = strdup(id), .src = src ? *src : (struct lab_src){ 0 } };
	if (!host->id)
		return lab_err_set(err, ENOMEM, "out of memory");
	topo->n_hosts++;
	/* It has room: it cannot fail. */
	return lab_hash_add(&topo->index->hosts, lab_hash_bytes(id, strlen(id)),
			    (uint32_t)topo->n_hosts - 1);
}

int lab_topo_add_host(struct lab_topo *topo, const char *id, const struct lab_src *src, size_t *ret,
		      struct lab_err *err)
{
	int r = add_host(topo, id, src, err);

	if (r < 0)
		return src ? lab_err_at(err, r, src) : r;
	*ret = topo->n_hosts - 1;
	return 0;
}

int lab_topo_check_host(const struct lab_topo *topo, const char *id, struct lab_err *err)
{
	int r = check_host_id(id, err);
	long old = r < 0 ? -1 : lab_topo_find_host(topo, id);

	return old >= 0 ? taken(err, "host", id, &topo->hosts[old].src) : r;
}

int lab_topo_rename_host(struct lab_topo *topo, size_t index, const char *id, struct lab_err *err)
{
	int r = lab_topo_check_host(topo, id, err);
	char *copy;

	if (r < 0)
		return r;
	copy = strdup(id);
	if (!copy || lab_hash_add(&topo->index->hosts, lab_hash_bytes(id, strlen(id)),
				  (uint32_t)index) < 0) {
		free(copy);
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	free(topo->hosts[index].id);
	topo->hosts[index].id = copy;
	return 0;
}

void lab_topo_drop_host(struct lab_topo *topo, size_t index)
{
	struct lab_host *host = &topo->hosts[index];
	struct lab_host left = { .id = host->id, .backend = host->backend, .image = host->image };

	host->id = NULL;
	host->backend = NULL;
	host->image = NULL;
	free_host(host);
	left.id[0] = '\0';
	*host = left;
}

/* --- networks and interfaces --- */

static bool network_eq(const void *key, uint32_t value, const void *user)
{
	const struct lab_topo *topo = user;

	return !strcmp(topo->networks[value].label, key);
}

/* The network with this label, made when it is new. */
static long get_network(struct lab_topo *topo, const char *label, const struct lab_src *src)
{
	uint32_t hash = lab_hash_bytes(label, strlen(label));
	struct lab_network *net;
	long found;
	int r;

	found = lab_hash_find(&topo->index->networks, hash, network_eq, label, topo);
	if (found >= 0)
		return found;
	r = grow_indexed(&topo->networks, topo->n_networks, &topo->cap_networks,
			 sizeof(*topo->networks), &topo->index->networks);
	if (r < 0)
		return r;
	net = &topo->networks[topo->n_networks];
	*net = (struct lab_network){ .label = strdup(label),
				     .src = src ? *src : (struct lab_src){ 0 } };
	if (!net->label)
		return -ENOMEM;
	r = lab_hash_add(&topo->index->networks, hash, (uint32_t)topo->n_networks);
	if (r < 0) {
		free(net->label);
		return r;
	}
	return (long)topo->n_networks++;
}

struct lab_iface *lab_topo_find_iface(const struct lab_host *host, const char *id)
{
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		if (!strcmp(host->ifaces[i].id, id))
			return &host->ifaces[i];
	}
	return NULL;
}

/* @label is NULL for what is joined to no network. */
static int check_iface(const struct lab_host *host, const char *id, const char *label,
		       struct lab_err *err)
{
	const struct lab_iface *old;
	char q[LAB_TOPO_QUOTE_LEN];

	if (!*id)
		return lab_err_set(err, EINVAL, "the id of an interface is empty");
	if (label && !*label)
		return lab_err_set(err, EINVAL,
				   "interface %s: the label is empty; it names the network to join",
				   lab_topo_quote(id, q));
	old = lab_topo_find_iface(host, id);
	if (old)
		return taken(err, "interface", id, &old->src);
	if (host->n_ifaces >= LAB_TOPO_IFACES_MAX)
		return lab_err_set(err, E2BIG,
				   "interface %s is one too many: a host has at most %u",
				   lab_topo_quote(id, q), LAB_TOPO_IFACES_MAX);
	return 0;
}

static int add_iface(struct lab_topo *topo, struct lab_host *host, const char *id,
		     const char *label, const struct lab_src *src)
{
	cleanup_free char *copy = NULL;
	long network = 0;
	int r;

	copy = strdup(id);
	if (!copy)
		return -ENOMEM;
	r = lab_topo_grow(&host->ifaces, host->n_ifaces, sizeof(*host->ifaces));
	if (r < 0)
		return r;
	/* Last, so that no network is ever left without an interface. */
	if (label)
		network = get_network(topo, label, src);
	if (network < 0)
		return (int)network;
	host->ifaces[host->n_ifaces++] =
		(struct lab_iface){ .id = take_ptr(&copy),
				    .kind = LAB_IFACE_ETH,
				    .link = LAB_LINK_VETH,
				    .network = label ? (size_t)network : LAB_NETWORK_NONE,
				    .peer = LAB_IFACE_NONE,
				    .master = LAB_IFACE_NONE,
				    .src = src ? *src : (struct lab_src){ 0 } };
	return 0;
}

static int add_checked_iface(struct lab_topo *topo, size_t host, const char *id, const char *label,
			     const struct lab_src *src, struct lab_iface **ret, struct lab_err *err)
{
	struct lab_host *h = &topo->hosts[host];
	int r = check_iface(h, id, label, err);

	if (!r) {
		r = add_iface(topo, h, id, label, src);
		if (r < 0)
			(void)lab_err_set(err, -r, "out of memory");
	}
	if (r < 0) {
		(void)lab_err_prefix(err, r, "host %s: ", h->id);
		return src ? lab_err_at(err, r, src) : r;
	}
	*ret = &h->ifaces[h->n_ifaces - 1];
	return 0;
}

int lab_topo_add_iface(struct lab_topo *topo, size_t host, const char *id, const char *label,
		       const struct lab_src *src, struct lab_iface **ret, struct lab_err *err)
{
	return add_checked_iface(topo, host, id, label, src, ret, err);
}

int lab_topo_add_device(struct lab_topo *topo, size_t host, const char *id,
			enum lab_iface_kind kind, enum lab_link_kind link,
			const struct lab_src *src, struct lab_iface **ret, struct lab_err *err)
{
	int r = add_checked_iface(topo, host, id, NULL, src, ret, err);

	if (r < 0)
		return r;
	(*ret)->kind = kind;
	(*ret)->link = kind == LAB_IFACE_LINK ? link : LAB_LINK_VETH;
	return 0;
}

/* --- addresses and routes --- */

static bool all_ones(const struct lab_addr *a)
{
	return a->bytes[0] == 0xff && a->bytes[1] == 0xff && a->bytes[2] == 0xff &&
	       a->bytes[3] == 0xff;
}

/* Why lab_addr_is_host() refuses an address. */
static const char *why_not(const struct lab_addr *a)
{
	static const struct lab_addr loopback6 = { .family = AF_INET6, .bytes = { [15] = 1 } };
	struct lab_addr nothing = { .family = a->family };
	struct lab_addr subnet = lab_topo_mask(a);

	if (!lab_addr_len(a))
		return "no address";
	if (lab_addr_equal(a, &nothing))
		return "the unspecified address";
	if (lab_addr_equal(a, &loopback6) || (a->family == AF_INET && a->bytes[0] == 127))
		return "a loopback address";
	if (a->family == AF_INET ? a->bytes[0] >= 224 && a->bytes[0] < 240 : a->bytes[0] == 0xff)
		return "a multicast address";
	if (a->family == AF_INET && all_ones(a))
		return "the broadcast address";
	return lab_addr_equal(a, &subnet) ? "the address of its subnet itself"
					  : "the broadcast address of its subnet";
}

static int check_addr(const struct lab_iface *iface, const struct lab_addr *addr,
		      struct lab_err *err)
{
	char text[LAB_ADDR_STRLEN];
	size_t i;

	if (!lab_addr_is_host(addr))
		return lab_err_set(err, EINVAL, "address %s is %s; give one that a host can have",
				   lab_addr_format(addr, true, text), why_not(addr));
	for (i = 0; i < iface->n_addrs; i++) {
		if (lab_addr_equal(&iface->addrs[i], addr))
			return lab_err_set(err, EEXIST, "address %s is there already",
					   lab_addr_format(addr, false, text));
	}
	if (iface->n_addrs >= LAB_TOPO_ADDRS_MAX)
		return lab_err_set(err, E2BIG,
				   "address %s is one too many: an interface has at most %u",
				   lab_addr_format(addr, false, text), LAB_TOPO_ADDRS_MAX);
	return 0;
}

int lab_topo_add_addr(struct lab_iface *iface, const struct lab_addr *addr, struct lab_err *err)
{
	char q[LAB_TOPO_QUOTE_LEN];
	int r = check_addr(iface, addr, err);

	if (!r) {
		r = lab_topo_grow(&iface->addrs, iface->n_addrs, sizeof(*iface->addrs));
		if (r < 0)
			(void)lab_err_set(err, ENOMEM, "out of memory");
	}
	if (r < 0)
		return lab_err_prefix(err, r, "interface %s: ", lab_topo_quote(iface->id, q));
	iface->addrs[iface->n_addrs++] = *addr;
	return 0;
}

static int check_route(const struct lab_host *host, const struct lab_addr *dst,
		       const struct lab_addr *via, struct lab_err *err)
{
	struct lab_addr subnet = lab_topo_mask(dst);
	char text[LAB_ADDR_STRLEN], other[LAB_ADDR_STRLEN];

	if (!lab_addr_len(dst) || !lab_addr_len(via))
		return lab_err_set(err, EINVAL, "a route needs a destination and a gateway");
	if (dst->family != via->family)
		return lab_err_set(
			err, EINVAL,
			"route to %s via %s: destination and gateway must both be IPv4 or both IPv6",
			lab_addr_format(dst, true, text), lab_addr_format(via, false, other));
	if (!lab_addr_equal(dst, &subnet))
		return lab_err_set(err, EINVAL, "route to %s: not a subnet; did you mean %s",
				   lab_addr_format(dst, true, text),
				   lab_addr_format(&subnet, true, other));
	if (!lab_addr_is_host(via))
		return lab_err_set(err, EINVAL,
				   "route to %s: gateway %s is %s; give the address of a host",
				   lab_addr_format(dst, true, text),
				   lab_addr_format(via, false, other), why_not(via));
	if (host->n_routes >= LAB_TOPO_ROUTES_MAX)
		return lab_err_set(err, E2BIG, "route to %s is one too many: a host has at most %u",
				   lab_addr_format(dst, true, text), LAB_TOPO_ROUTES_MAX);
	return 0;
}

int lab_topo_add_route(struct lab_topo *topo, size_t host, const struct lab_addr *dst,
		       const struct lab_addr *via, const struct lab_src *src, struct lab_err *err)
{
	struct lab_host *h = &topo->hosts[host];
	struct lab_addr gateway = *via;
	int r;

	/* A gateway is one address; a prefix length behind it says nothing. */
	gateway.prefix_len = (uint8_t)(8 * lab_addr_len(via));
	r = check_route(h, dst, &gateway, err);
	if (!r) {
		r = lab_topo_grow(&h->routes, h->n_routes, sizeof(*h->routes));
		if (r < 0)
			(void)lab_err_set(err, ENOMEM, "out of memory");
	}
	if (r < 0) {
		(void)lab_err_prefix(err, r, "host %s: ", h->id);
		return src ? lab_err_at(err, r, src) : r;
	}
	h->routes[h->n_routes++] = (struct lab_route){ .dst = *dst,
						       .via = gateway,
						       .src = src ? *src : (struct lab_src){ 0 } };
	return 0;
}
