/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_ping.c - the method `check`: packets between neighbours, sent in the hosts' namespaces without a program there */
#include <assert.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/keeper/check.h"

enum {
	AT_ONCE = 256,     /* packets that are waited for at a time */
	AGAIN_US = 300000, /* a lost packet is no verdict */
	PACKET_LEN = 1500,
};

/**
 * struct place - an address that has neighbours
 * @host:	index of the host
 * @iface:	index of the interface
 * @addr:	the address
 * @network:	the first network that the interface lies on
 * @order:	in the topology
 */
struct place {
	uint32_t host, iface;
	const struct lab_addr *addr;
	size_t network, order;
};

/**
 * struct probe - a question from one place to another
 * @from:	who asks
 * @to:		who should answer
 * @fd:		socket in the namespace of @from; -1 = it is over
 * @number:	that the answer must have
 */
struct probe {
	const struct place *from, *to;
	int fd;
	uint16_t number;
};

/* ---- who has which neighbours ---- */

/* The first network below an interface; LAB_NETWORK_NONE if there is none. */
static size_t network_below(const struct lab_host *h, const struct lab_iface *f)
{
	size_t network = f->network;

	for (size_t i = 0; i < f->n_slaves; i++) {
		size_t below = network_below(h, &h->ifaces[f->slaves[i].iface]);

		network = LAB_MIN(network, below);
	}
	return network;
}

static int by_group(const struct place *a, const struct place *b)
{
	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	if (a->addr->family != b->addr->family)
		return a->addr->family < b->addr->family ? -1 : 1;
	if (a->addr->prefix_len != b->addr->prefix_len)
		return a->addr->prefix_len < b->addr->prefix_len ? -1 : 1;
	if (lab_addr_in_subnet(a->addr, b->addr))
		return 0;
	return memcmp(a->addr->bytes, b->addr->bytes, sizeof(a->addr->bytes)) < 0 ? -1 : 1;
}

static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int r = by_group(x, y);

	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static size_t count_addresses(const struct lab_topo *topo)
{
	size_t n = 0;

	for (size_t h = 0; h < topo->n_hosts; h++)
		for (size_t i = 0; i < topo->hosts[h].n_ifaces; i++)
			n += topo->hosts[h].ifaces[i].n_addrs;
	return n;
}

static struct place *find_places(const struct lab_topo *topo, size_t *ret_n)
{
	struct place *places = calloc(count_addresses(topo) + 1, sizeof(*places));
	size_t n = 0;

	for (uint32_t h = 0; places && h < topo->n_hosts; h++)
		for (uint32_t i = 0; i < topo->hosts[h].n_ifaces; i++) {
			const struct lab_iface *f = &topo->hosts[h].ifaces[i];
			size_t network = *f->id ? network_below(&topo->hosts[h], f)
						: LAB_NETWORK_NONE;

			for (size_t a = 0; network != LAB_NETWORK_NONE && a < f->n_addrs; a++) {
				places[n] = (struct place){ .host = h,
							    .iface = i,
							    .addr = &f->addrs[a],
							    .network = network,
							    .order = n };
				n++;
			}
		}
	if (n)
		qsort(places, n, sizeof(*places), compare);
	*ret_n = n;
	return places;
}

/* ---- one question ---- */

static bool to_sockaddr(const struct lab_addr *addr, struct sockaddr_storage *ret, socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (addr->family == AF_INET) {
		v4->sin_family = AF_INET;
		memcpy(&v4->sin_addr, addr->bytes, sizeof(v4->sin_addr));
		*len = sizeof(*v4);
		return true;
	}
	v6->sin6_family = AF_INET6;
	memcpy(&v6->sin6_addr, addr->bytes, sizeof(v6->sin6_addr));
	*len = sizeof(*v6);
	return addr->family == AF_INET6;
}

static int ask(const struct probe *p)
{
	struct icmphdr v4 = { .type = ICMP_ECHO, .un = { .echo = { .sequence = p->number } } };
	struct icmp6_hdr v6 = { .icmp6_type = ICMP6_ECHO_REQUEST };
	struct sockaddr_storage to;
	socklen_t len;
	const void *data = p->to->addr->family == AF_INET ? (void *)&v4 : (void *)&v6;
	uint32_t sum;

	static_assert(sizeof(v4) == sizeof(v6), "both are 8 bytes");
	v6.icmp6_seq = p->number;
	/* RFC 792; the kernel itself does it for IPv6. */
	sum = (uint32_t)htons(ICMP_ECHO << 8) + p->number;
	sum = (sum & 0xffff) + (sum >> 16);
	v4.checksum = (uint16_t)~sum;
	(void)to_sockaddr(p->to->addr, &to, &len);
	return sendto(p->fd, data, sizeof(v4), MSG_DONTWAIT, (struct sockaddr *)&to, len) < 0
		       ? -errno
		       : 0;
}

static bool is_answer(const struct probe *p, const uint8_t *packet, size_t len)
{
	struct icmp6_hdr v6;
	struct icmphdr v4;
	struct iphdr ip;
	size_t head;

	if (p->to->addr->family == AF_INET6) {
		if (len < sizeof(v6))
			return false;
		memcpy(&v6, packet, sizeof(v6));
		return v6.icmp6_type == ICMP6_ECHO_REPLY && v6.icmp6_seq == p->number;
	}
	if (len < sizeof(ip))
		return false;
	memcpy(&ip, packet, sizeof(ip));
	head = (size_t)ip.ihl * 4;
	if (len < head + sizeof(v4))
		return false;
	memcpy(&v4, packet + head, sizeof(v4));
	return v4.type == ICMP_ECHOREPLY && v4.un.echo.sequence == p->number;
}

static bool answered(const struct probe *p)
{
	uint8_t packet[PACKET_LEN];
	struct sockaddr_storage from, to;
	socklen_t len = sizeof(from), to_len;
	ssize_t n;

	(void)to_sockaddr(p->to->addr, &to, &to_len);
	while ((n = recvfrom(p->fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from,
			     &len)) >= 0) {
		const struct sockaddr_in *a4 = (const void *)&from, *b4 = (const void *)&to;
		const struct sockaddr_in6 *a6 = (const void *)&from, *b6 = (const void *)&to;
		bool same = to.ss_family == AF_INET
				    ? a4->sin_addr.s_addr == b4->sin_addr.s_addr
				    : memcmp(&a6->sin6_addr, &b6->sin6_addr, 16) == 0;

		if (same && is_answer(p, packet, (size_t)n))
			return true;
		len = sizeof(from);
	}
	return false;
}

/* ---- many ---- */

static void verdict(struct lab_checks *c, const struct probe *p, bool ok, const char *why)
{
	const struct lab_iface *f = &c->k->topo->hosts[p->from->host].ifaces[p->from->iface];
	const char *peer = c->k->topo->hosts[p->to->host].id;
	char text[LAB_ADDR_STRLEN];

	(void)lab_addr_format(p->to->addr, false, text);
	if (ok)
		lab_check_say(c, "ping", p->from->host, f->name, true, "%s answers at %s", peer,
			      text);
	else
		lab_check_say(c, "ping", p->from->host, f->name, false,
			      "no answer from %s at %s: %s", peer, text, why);
}

static void give_up(struct lab_checks *c, struct probe *p, int code)
{
	verdict(c, p, false, strerror(code));
	close_fd(&p->fd);
}

/* A socket in the host's namespace, tied to the address and the interface. */
static void open_probe(struct lab_checks *c, struct probe *p)
{
	const struct lab_iface *f = &c->k->topo->hosts[p->from->host].ifaces[p->from->iface];
	const struct lab_khost *space = lab_khost_space(&c->k->hosts[p->from->host], f->netns);
	bool is4 = p->to->addr->family == AF_INET;
	struct sockaddr_storage own;
	socklen_t len;
	int r;

	/* There is no way back to be found: this is a process of its own. */
	if (setns(space->netns, CLONE_NEWNET) < 0) {
		give_up(c, p, errno);
		return;
	}
	p->fd = socket(is4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC,
		       is4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	(void)to_sockaddr(p->from->addr, &own, &len);
	if (p->fd < 0 ||
	    setsockopt(p->fd, SOL_SOCKET, SO_BINDTODEVICE, f->name,
		       (socklen_t)strlen(f->name) + 1) < 0 ||
	    bind(p->fd, (struct sockaddr *)&own, len) < 0) {
		give_up(c, p, errno);
		return;
	}
	r = ask(p);
	if (r < 0 && r != -EAGAIN && r != -ENOBUFS)
		give_up(c, p, -r);
}

static size_t hear_some(struct lab_checks *c, struct probe *probes, size_t n, int timeout_ms)
{
	struct pollfd polls[AT_ONCE];
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		polls[i] = (struct pollfd){ .fd = probes[i].fd, .events = POLLIN };
	(void)poll(polls, n, timeout_ms);
	for (size_t i = 0; i < n; i++) {
		if (probes[i].fd >= 0 && polls[i].revents && answered(&probes[i])) {
			verdict(c, &probes[i], true, NULL);
			close_fd(&probes[i].fd);
		}
		left += probes[i].fd >= 0;
	}
	return left;
}

static void ask_all(struct lab_checks *c, struct probe *probes, size_t n)
{
	uint64_t start = lab_loop_now_us(), now, again;
	uint64_t deadline = start + c->timeout_ms * 1000;
	size_t left = 0;
	char why[64];

	for (size_t i = 0; i < n; i++) {
		open_probe(c, &probes[i]);
		left += probes[i].fd >= 0;
	}
	again = lab_loop_now_us() + AGAIN_US;
	while (left && (now = lab_loop_now_us()) < deadline) {
		uint64_t until = LAB_MIN(again, deadline);

		left = hear_some(c, probes, n, until > now ? (int)((until - now) / 1000) + 1 : 0);
		if (lab_loop_now_us() < again)
			continue;
		for (size_t i = 0; i < n; i++)
			if (probes[i].fd >= 0)
				(void)ask(&probes[i]);
		again = lab_loop_now_us() + AGAIN_US;
	}
	(void)snprintf(why, sizeof(why), "waited %.1f s", (double)c->timeout_ms / 1000);
	for (size_t i = 0; i < n; i++)
		if (probes[i].fd >= 0) {
			verdict(c, &probes[i], false, why);
			close_fd(&probes[i].fd);
		}
}

/* The next place of the group that is in another host; NULL if there is none. */
static const struct place *next_of(const struct place *group, size_t n, size_t i)
{
	for (size_t step = 1; step < n; step++) {
		const struct place *p = &group[(i + step) % n];

		if (p->host != group[i].host)
			return p;
	}
	return NULL;
}

void lab_check_pings(struct lab_checks *c)
{
	struct probe probes[AT_ONCE];
	size_t n = 0, n_places = 0, end;
	cleanup_free struct place *places = find_places(c->k->topo, &n_places);

	for (size_t start = 0; start < n_places; start = end) {
		for (end = start + 1; end < n_places && by_group(&places[start], &places[end]) == 0;
		     end++)
			;
		for (size_t i = start; i < end; i++) {
			const struct place *to = next_of(&places[start], end - start, i - start);

			if (!to)
				continue;
			probes[n] = (struct probe){
				.from = &places[i],
				.to = to,
				.fd = -1,
				.number = (uint16_t)(i + 1),
			};
			if (++n == AT_ONCE) {
				ask_all(c, probes, n);
				n = 0;
			}
		}
	}
	ask_all(c, probes, n);
}
