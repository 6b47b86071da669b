/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor_net.c - raw rtnetlink of the floor: links born in place, one visit and one send per host */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bench/floor.h"

#define BRIDGE_IFINDEX 2   /* first bridge; the others follow */
#define PORT_IFINDEX   100 /* first port in the switch namespace */

/**
 * struct batch - netlink messages that go out in one send
 * @len:	bytes used in @buf
 * @msg:	offset of the message being built
 * @seq:	last sequence number
 * @buf:	the messages
 */
struct batch {
	size_t len;
	size_t msg;
	uint32_t seq;
	_Alignas(8) uint8_t buf[4096];
};

static void *batch_room(struct batch *b, size_t size)
{
	void *p = b->buf + b->len;
	size_t padded = NLMSG_ALIGN(size);

	if (padded > sizeof(b->buf) - b->len)
		floor_die("netlink batch too long");
	memset(p, 0, padded);
	b->len += padded;
	return p;
}

static void *batch_msg(struct batch *b, uint16_t type, uint16_t flags, size_t size)
{
	struct nlmsghdr *nlh;

	b->msg = b->len;
	nlh = batch_room(b, sizeof(*nlh));
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++b->seq;
	return batch_room(b, size);
}

static void batch_end(struct batch *b)
{
	struct nlmsghdr *nlh = (void *)(b->buf + b->msg);

	nlh->nlmsg_len = (uint32_t)(b->len - b->msg);
}

static void batch_attr(struct batch *b, uint16_t type, const void *data, size_t size)
{
	struct rtattr *rta = batch_room(b, RTA_LENGTH(size));

	rta->rta_type = type;
	rta->rta_len = (uint16_t)RTA_LENGTH(size);
	if (size > 0)
		memcpy(RTA_DATA(rta), data, size);
}

static void batch_u32(struct batch *b, uint16_t type, uint32_t value)
{
	batch_attr(b, type, &value, sizeof(value));
}

static void batch_u8(struct batch *b, uint16_t type, uint8_t value)
{
	batch_attr(b, type, &value, sizeof(value));
}

static void batch_str(struct batch *b, uint16_t type, const char *s)
{
	batch_attr(b, type, s, strlen(s) + 1);
}

static size_t batch_nest(struct batch *b, uint16_t type)
{
	size_t at = b->len;

	batch_attr(b, type, NULL, 0);
	return at;
}

static void batch_nest_end(struct batch *b, size_t at)
{
	struct rtattr *rta = (void *)(b->buf + at);

	rta->rta_len = (uint16_t)(b->len - at);
}

/* Work is done inside send(); errors come back even to requests that asked for no ACK. */
static void batch_send(struct batch *b, int fd, const char *what)
{
	_Alignas(8) uint8_t reply[4096];
	struct nlmsghdr *nlh = (void *)(b->buf + b->msg);
	ssize_t n;

	nlh->nlmsg_flags |= NLM_F_ACK;
	if (send(fd, b->buf, b->len, 0) < 0)
		floor_die(what);
	n = recv(fd, reply, sizeof(reply), 0);
	nlh = (void *)reply;
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || nlh->nlmsg_type != NLMSG_ERROR)
		floor_die(what);
	errno = -((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
	if (errno != 0)
		floor_die(what);
	if (nlh->nlmsg_seq != b->seq) {
		errno = EPROTO;
		floor_die(what);
	}
	b->len = 0;
}

uint32_t floor_net_addr4(enum floor_shape shape, unsigned int link, unsigned int end)
{
	if (shape == FLOOR_STAR)
		return (10U << 24) + link + 1;
	return (10U << 24) + link * 4 + end + 1;
}

void floor_net_addr6(enum floor_shape shape, unsigned int link, unsigned int end, uint8_t *ret_addr)
{
	uint32_t subnet = shape == FLOOR_STAR ? 0 : link;
	uint32_t id = shape == FLOOR_STAR ? link + 1 : end + 1;

	memset(ret_addr, 0, 16);
	ret_addr[0] = 0xfd;
	ret_addr[6] = (uint8_t)(subnet >> 8);
	ret_addr[7] = (uint8_t)subnet;
	ret_addr[14] = (uint8_t)(id >> 8);
	ret_addr[15] = (uint8_t)id;
}

static void put_mac(struct batch *b, unsigned int link, unsigned int end)
{
	uint8_t mac[6] = {
		0x02, 0xf1, (uint8_t)end, (uint8_t)(link >> 16), (uint8_t)(link >> 8), (uint8_t)link
	};

	batch_attr(b, IFLA_ADDRESS, mac, sizeof(mac));
}

static void put_up_under(struct batch *b, int ifindex, uint32_t master)
{
	struct ifinfomsg *ifi = batch_msg(b, RTM_NEWLINK, 0, sizeof(*ifi));

	ifi->ifi_index = ifindex;
	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	if (master != 0)
		batch_u32(b, IFLA_MASTER, master);
	batch_end(b);
}

static void put_up(struct batch *b, int ifindex)
{
	put_up_under(b, ifindex, 0);
}

static void put_addr(struct batch *b, int ifindex, int family, unsigned int plen, const void *addr,
		     size_t size)
{
	struct ifaddrmsg *ifa = batch_msg(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifa));

	ifa->ifa_family = (uint8_t)family;
	ifa->ifa_prefixlen = (uint8_t)plen;
	ifa->ifa_index = (uint32_t)ifindex;
	batch_attr(b, IFA_LOCAL, addr, size);
	if (family == AF_INET6)
		batch_u32(b, IFA_FLAGS, IFA_F_NODAD);
	batch_end(b);
}

static void put_addrs(struct batch *b, enum floor_shape shape, int ifindex, unsigned int link,
		      unsigned int end)
{
	uint32_t a4 = htonl(floor_net_addr4(shape, link, end));
	uint8_t a6[16];

	floor_net_addr6(shape, link, end, a6);
	put_addr(b, ifindex, AF_INET, shape == FLOOR_STAR ? 16 : 30, &a4, sizeof(a4));
	put_addr(b, ifindex, AF_INET6, 64, a6, sizeof(a6));
}

/**
 * struct end - one end of a veth to be made
 * @ifindex:	index in its namespace
 * @name:	name in its namespace
 * @pid:	process whose network namespace it is born in, 0: the socket's own
 * @master:	bridge, or 0; only for the near end
 */
struct end {
	int ifindex;
	const char *name;
	pid_t pid;
	uint32_t master;
};

static void put_end(struct batch *b, const struct end *e, unsigned int link, unsigned int which)
{
	batch_str(b, IFLA_IFNAME, e->name);
	put_mac(b, link, which);
	batch_u32(b, IFLA_NUM_TX_QUEUES, 1);
	batch_u32(b, IFLA_NUM_RX_QUEUES, 1);
	if (e->pid != 0)
		batch_u32(b, IFLA_NET_NS_PID, (uint32_t)e->pid);
	if (e->master != 0)
		batch_u32(b, IFLA_MASTER, e->master);
}

static void put_veth(struct batch *b, unsigned int link, const struct end *near,
		     const struct end *far)
{
	struct ifinfomsg *ifi = batch_msg(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi));
	size_t info;
	size_t data;
	size_t peer;

	ifi->ifi_index = near->ifindex;
	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	put_end(b, near, link, 0);
	info = batch_nest(b, IFLA_LINKINFO);
	batch_str(b, IFLA_INFO_KIND, "veth");
	data = batch_nest(b, IFLA_INFO_DATA);
	peer = batch_nest(b, VETH_INFO_PEER);
	ifi = batch_room(b, sizeof(*ifi));
	ifi->ifi_index = far->ifindex;
	put_end(b, far, link, 1);
	batch_nest_end(b, peer);
	batch_nest_end(b, data);
	batch_nest_end(b, info);
	batch_end(b);
}

static int nl_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		floor_die("netlink socket");
	return fd;
}

/* Return: a socket in the host's network namespace, where the caller is afterwards. */
static int visit(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		floor_die("enter a host's network namespace");
	(void)close(fd);
	return nl_open();
}

/*
 * The end that came up first passes traffic only when the kernel's linkwatch worker has seen its
 * carrier. It sees devices in order, so it is enough to wait for the last; normally one question is
 * asked.
 */
static void await_running(struct batch *b, int fd, int ifindex)
{
	_Alignas(8) uint8_t reply[8192];
	struct nlmsghdr *nlh = (void *)reply;
	unsigned int flags = 0;
	unsigned int tries;

	for (tries = 0; tries < 1000000 && !(flags & IFF_RUNNING); tries++) {
		struct ifinfomsg *ifi = batch_msg(b, RTM_GETLINK, 0, sizeof(*ifi));

		ifi->ifi_index = ifindex;
		batch_end(b);
		if (tries > 0)
			(void)sched_yield();
		if (send(fd, b->buf, b->len, 0) < 0 ||
		    recv(fd, reply, sizeof(reply), 0) < (ssize_t)NLMSG_LENGTH(0) ||
		    nlh->nlmsg_type != RTM_NEWLINK)
			floor_die("state of a link");
		flags = ((struct ifinfomsg *)NLMSG_DATA(nlh))->ifi_flags;
		b->len = 0;
	}
	if (!(flags & IFF_RUNNING))
		floor_die("carrier of the last link");
}

/* All that host @i needs, in one send. Return: true if it has a near end. */
static bool build_host(struct floor_lab *lab, struct batch *b, unsigned int i, int fd)
{
	bool ring = lab->opts->shape == FLOOR_RING;
	unsigned int n = lab->opts->hosts;
	bool has_far = ring ? i > 0 : i % 2 == 1;
	bool has_near = ring ? n > 1 : i % 2 == 0 && i + 1 < n;
	struct end near = { .ifindex = FLOOR_NEAR, .name = "eth1" };
	struct end far = { .ifindex = FLOOR_FAR, .name = "eth0" };

	put_up(b, 1);
	if (has_far) {
		put_up(b, FLOOR_FAR);
		put_addrs(b, lab->opts->shape, FLOOR_FAR, i - 1, 1);
	}
	if (has_near) {
		far.pid = floor_lab_host(lab, (i + 1) % n);
		put_veth(b, i, &near, &far);
		put_addrs(b, lab->opts->shape, FLOOR_NEAR, i, 0);
	}
	batch_send(b, fd, "links of a host");
	return has_near;
}

/* Host i is visited once, when host i + 1 exists; only host 0 of a ring is touched again, at the
 * end. */
static void build_chain(struct floor_lab *lab, struct batch *b)
{
	unsigned int n = lab->opts->hosts;
	int first = -1;
	int last = -1;
	unsigned int i;

	for (i = 0; i < n; i++) {
		int fd = visit(floor_lab_host(lab, i));
		bool has_near = build_host(lab, b, i, fd);

		if (has_near && last >= 0 && last != first)
			(void)close(last);
		if (has_near)
			last = fd;
		if (i == 0)
			first = fd;
		else if (!has_near)
			(void)close(fd);
	}
	if (lab->opts->shape == FLOOR_RING && n > 1) {
		put_up(b, FLOOR_FAR);
		put_addrs(b, FLOOR_RING, FLOOR_FAR, n - 1, 1);
		batch_send(b, first, "last link of the ring");
	}
	if (last >= 0)
		await_running(b, last, FLOOR_NEAR);
	if (last != first)
		(void)close(last);
	(void)close(first);
}

static void put_bridge(struct batch *b, unsigned int k)
{
	struct ifinfomsg *ifi = batch_msg(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi));
	char name[IFNAMSIZ];
	size_t info;
	size_t data;

	ifi->ifi_index = BRIDGE_IFINDEX + (int)k;
	(void)snprintf(name, sizeof(name), "br%u", k);
	batch_str(b, IFLA_IFNAME, name);
	put_mac(b, k, 2);
	info = batch_nest(b, IFLA_LINKINFO);
	batch_str(b, IFLA_INFO_KIND, "bridge");
	data = batch_nest(b, IFLA_INFO_DATA);
	batch_u32(b, IFLA_BR_FORWARD_DELAY, 0);
	batch_u32(b, IFLA_BR_STP_STATE, 0);
	batch_u8(b, IFLA_BR_MCAST_SNOOPING, 0);
	batch_nest_end(b, data);
	batch_nest_end(b, info);
	batch_end(b);
}

/* Bridge k is joined to bridge k - 1 by a veth of its own; a bridge has FLOOR_PORTS_MAX host ports
 * at most. */
static void put_bridges(struct floor_lab *lab, struct batch *b, unsigned int bridges)
{
	unsigned int k;

	for (k = 0; k < bridges; k++) {
		struct end up = { .ifindex = PORT_IFINDEX - 2 - 2 * (int)k, .name = "x" };
		struct end down = { .ifindex = PORT_IFINDEX - 1 - 2 * (int)k, .name = "y" };
		char names[2][IFNAMSIZ];

		put_bridge(b, k);
		if (k > 0) {
			(void)snprintf(names[0], IFNAMSIZ, "up%u", k);
			(void)snprintf(names[1], IFNAMSIZ, "down%u", k);
			up.name = names[0];
			down.name = names[1];
			up.master = BRIDGE_IFINDEX + k;
			put_veth(b, 0xffff00 + k, &up, &down);
			/* The kernel takes no master for the far end of a veth that is being made. */
			put_up_under(b, down.ifindex, BRIDGE_IFINDEX + k - 1);
		}
		batch_send(b, lab->nl, "bridge");
	}
}

static void build_star(struct floor_lab *lab, struct batch *b)
{
	unsigned int bridges = (lab->opts->hosts + FLOOR_PORTS_MAX - 1) / FLOOR_PORTS_MAX;
	unsigned int i;

	put_bridges(lab, b, bridges);
	for (i = 0; i < lab->opts->hosts; i++) {
		struct end far = { .ifindex = FLOOR_FAR, .name = "eth0" };
		struct end near = { .ifindex = PORT_IFINDEX + (int)i };
		char name[IFNAMSIZ];
		int fd;

		(void)snprintf(name, sizeof(name), "p%u", i);
		near.name = name;
		near.master = BRIDGE_IFINDEX + i / FLOOR_PORTS_MAX;
		far.pid = floor_lab_host(lab, i);
		put_veth(b, i, &near, &far);
		batch_send(b, lab->nl, "port");
		fd = visit(far.pid);
		put_up(b, 1);
		put_up(b, FLOOR_FAR);
		put_addrs(b, FLOOR_STAR, FLOOR_FAR, i, 0);
		batch_send(b, fd, "addresses of a host");
		(void)close(fd);
	}
	/* Last: a bridge that is up floods what each joining host says to all hosts before it. */
	for (i = 0; i < bridges; i++)
		put_up(b, BRIDGE_IFINDEX + (int)i);
	batch_send(b, lab->nl, "bridges up");
	await_running(b, lab->nl, PORT_IFINDEX + (int)lab->opts->hosts - 1);
}

void floor_net_build(struct floor_lab *lab)
{
	struct batch b = { .len = 0 };

	lab->nl = nl_open();
	if (lab->opts->shape == FLOOR_STAR)
		build_star(lab, &b);
	else
		build_chain(lab, &b);
}
