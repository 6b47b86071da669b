/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.c - the tool multicast: sockets, memberships, signals */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/util.h"
#include "slave-image/tools/multicast/multicast.h"

static volatile sig_atomic_t stopped;

static void on_signal(int signo LAB_UNUSED)
{
	stopped = 1;
}

bool mcast_stopped(void)
{
	return stopped;
}

void mcast_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t block;

	/* They come while we wait, and only then. */
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGINT);
	(void)sigaddset(&block, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &block, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
}

int mcast_fail(const char *what)
{
	(void)fprintf(stderr, "%s: %s [%s]\n", what, strerror(errno), strerrorname_np(errno));
	return 1;
}

socklen_t mcast_addr_len(const union mcast_addr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->in);
}

static int level(const struct mcast *m)
{
	return m->group.sa.sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

int mcast_open_receiver(const struct mcast *m)
{
	cleanup_close int fd = socket(m->group.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union mcast_addr addr = m->group;
	int on = 1;

	if (fd < 0)
		return -1;
	/* A link-local group is one of a link. */
	if (addr.sa.sa_family == AF_INET6)
		addr.in6.sin6_scope_id = m->interface;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, &addr.sa, mcast_addr_len(&addr)) < 0)
		return -1;
	return take_fd(&fd);
}

static int set_sender6(const struct mcast *m, int fd)
{
	int ttl = (int)m->ttl, loop = m->loop, interface = (int)m->interface;

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &loop, sizeof(loop)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &ttl, sizeof(ttl)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof(interface));
}

static int set_sender4(const struct mcast *m, int fd)
{
	struct ip_mreqn mreq = { .imr_ifindex = (int)m->interface };
	int ttl = (int)m->ttl, loop = m->loop;

	if (m->local.sa.sa_family == AF_INET)
		mreq.imr_address = m->local.in.sin_addr;
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof(loop)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq));
}

int mcast_open_sender(const struct mcast *m)
{
	cleanup_close int fd = socket(m->group.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -1;
	r = m->group.sa.sa_family == AF_INET6 ? set_sender6(m, fd) : set_sender4(m, fd);
	return r < 0 ? -1 : take_fd(&fd);
}

int mcast_group(const struct mcast *m, int fd, int optname)
{
	struct group_req req = { .gr_interface = m->interface };

	memcpy(&req.gr_group, &m->group, mcast_addr_len(&m->group));
	return setsockopt(fd, level(m), optname, &req, sizeof(req));
}

int mcast_source(const struct mcast *m, int fd, int optname)
{
	struct group_source_req req = { .gsr_interface = m->interface };

	memcpy(&req.gsr_group, &m->group, mcast_addr_len(&m->group));
	memcpy(&req.gsr_source, &m->source, mcast_addr_len(&m->source));
	return setsockopt(fd, level(m), optname, &req, sizeof(req));
}
