/* SPDX-License-Identifier: GPL-2.0-or-later */
/* igmp.c - the tool multicast: be a querier once */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/igmp.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/util.h"
#include "slave-image/tools/multicast/multicast.h"

/* Router alert, without which routers need not look at it; source: RFC 2113. */
static const unsigned char router_alert[] = { 148, 4, 0, 0 };

/* One query; @len says whether it is one of version 3, which has the second part. */
struct query {
	struct igmphdr head;
	unsigned char qrv, qqic;
	__be16 n_sources;
	__be32 source;
};

static uint16_t checksum(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static int open_socket(const struct mcast *m)
{
	cleanup_close int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IGMP);
	struct ip_mreqn mreq = { .imr_ifindex = (int)m->interface };
	int ttl = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_OPTIONS, router_alert, sizeof(router_alert)) < 0)
		return -1;
	return take_fd(&fd);
}

static bool check(const struct mcast *m)
{
	bool group = m->group.sa.sa_family == AF_INET, source = m->source.sa.sa_family == AF_INET;

	if (m->query_type >= 2 && !group)
		(void)fprintf(stderr, "--multicast_address must be an IPv4 group\n");
	else if (m->query_type == 3 && !source)
		(void)fprintf(stderr, "--source_address must be an IPv4 address\n");
	else
		return true;
	return false;
}

int mcast_send_igmp_query(const struct mcast *m)
{
	struct query q = { .head = { .type = IGMP_HOST_MEMBERSHIP_QUERY } };
	struct sockaddr_in to = { .sin_family = AF_INET };
	size_t len = sizeof(q.head);
	cleanup_close int fd = -1;

	if (!check(m))
		return 2;
	/* All hosts of the link, of any version. */
	to.sin_addr.s_addr = htonl(INADDR_ALLHOSTS_GROUP);
	if (m->query_type >= 2) {
		q.head.code = (unsigned char)m->max_resp_s10;
		q.head.group = m->group.in.sin_addr.s_addr;
		to.sin_addr = m->dest.in.sin_addr;
	}
	if (m->query_type == 3) {
		q.n_sources = htons(1);
		q.source = m->source.in.sin_addr.s_addr;
		len = sizeof(q);
	}
	q.head.csum = checksum(&q, len);
	fd = open_socket(m);
	if (fd < 0)
		return mcast_fail("socket");
	if (sendto(fd, &q, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return mcast_fail("sendto");
	return 0;
}
