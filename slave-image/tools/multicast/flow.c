/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow.c - the tool multicast: send packets to a group, receive them as its member */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "netlab/base/util.h"
#include "slave-image/tools/multicast/multicast.h"

enum { GROUPS_MAX = 1 << 20 };

static double now_s(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/*
 * Wait for something to read, or if @fd is -1 only for the time to pass; signals come here alone. @left_s: seconds; below 0
 * = for ever.
 */
static bool await(int fd, double left_s)
{
	struct timespec ts = { .tv_sec = (time_t)left_s };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	sigset_t none;

	ts.tv_nsec = (long)((left_s - (double)ts.tv_sec) * 1e9);
	(void)sigemptyset(&none);
	return ppoll(&pfd, 1, left_s < 0 ? NULL : &ts, &none) > 0;
}

static bool has_group(const struct mcast *m)
{
	if (m->group.sa.sa_family)
		return true;
	(void)fprintf(stderr, "--multicast_address is missing\n");
	return false;
}

static bool has_source(const struct mcast *m)
{
	if (m->source.sa.sa_family == m->group.sa.sa_family)
		return true;
	(void)fprintf(stderr, "--source_address is missing, or not of the group's kind\n");
	return false;
}

/* --- sending --- */

static int report_sent(unsigned long long n, int error)
{
	(void)printf("packets_sent=%llu\n", n);
	if (n || !error)
		return 0;
	errno = error;
	return mcast_fail("sendto");
}

int mcast_send_simple(const struct mcast *m)
{
	cleanup_close int fd = -1;
	double start = now_s(), left;
	unsigned long long n = 0;
	int error = 0;

	if (!has_group(m))
		return 2;
	fd = mcast_open_sender(m);
	if (fd < 0)
		return mcast_fail("socket");
	for (;;) {
		left = m->duration_s > 0 ? start + m->duration_s - now_s() : 1e9;
		if (left <= 0 || mcast_stopped())
			return report_sent(n, error);
		if (sendto(fd, MCAST_MESSAGE, strlen(MCAST_MESSAGE), 0, &m->group.sa,
			   mcast_addr_len(&m->group)) < 0)
			error = errno;
		else
			n++;
		(void)await(-1, LAB_MIN(m->delay_s, left));
	}
}

/* --- receiving --- */

/* Count what comes for some time; 0 = until a signal comes. */
static unsigned long long receive(const struct mcast *m, int fd, double duration_s)
{
	char buf[2048];
	double end = now_s() + duration_s, left;
	unsigned long long n = 0;
	ssize_t len;

	while (!mcast_stopped()) {
		left = duration_s > 0 ? end - now_s() : -1;
		if (duration_s > 0 && left <= 0)
			break;
		if (!await(fd, left))
			continue;
		len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (len != (ssize_t)strlen(MCAST_MESSAGE) ||
		    memcmp(buf, MCAST_MESSAGE, strlen(MCAST_MESSAGE)) != 0)
			continue;
		n++;
		if (m->verbose)
			(void)fprintf(stderr, "packet %llu\n", n);
	}
	return n;
}

/* What is there already belongs to the time before. */
static void drain(int fd)
{
	char buf[2048];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		;
}

/* From here on nothing that is sent is missed: module Multicast waits for this line. */
static void say_receiving(void)
{
	(void)fputs("receiving\n", stderr);
}

static void report(const char *name, unsigned long long n)
{
	(void)printf("%s=%llu\n", name, n);
	(void)fflush(stdout);
}

int mcast_recv_simple(const struct mcast *m)
{
	cleanup_close int fd = -1;

	if (!has_group(m))
		return 2;
	fd = mcast_open_receiver(m);
	if (fd < 0)
		return mcast_fail("socket");
	if (mcast_group(m, fd, MCAST_JOIN_GROUP) < 0)
		return mcast_fail("MCAST_JOIN_GROUP");
	say_receiving();
	report("packets_received", receive(m, fd, m->duration_s));
	return 0;
}

int mcast_recv_membership(const struct mcast *m)
{
	cleanup_close int fd = -1;

	if (!has_group(m))
		return 2;
	fd = mcast_open_receiver(m);
	if (fd < 0)
		return mcast_fail("socket");
	if (mcast_group(m, fd, MCAST_JOIN_GROUP) < 0)
		return mcast_fail("MCAST_JOIN_GROUP");
	say_receiving();
	report("packets_received", receive(m, fd, m->duration_s / 2));
	if (mcast_group(m, fd, MCAST_LEAVE_GROUP) < 0)
		return mcast_fail("MCAST_LEAVE_GROUP");
	drain(fd);
	report("packets_received_after_drop", receive(m, fd, m->duration_s / 2));
	return 0;
}

int mcast_recv_source_membership(const struct mcast *m)
{
	cleanup_close int fd = -1;

	if (!has_group(m) || !has_source(m))
		return 2;
	fd = mcast_open_receiver(m);
	if (fd < 0)
		return mcast_fail("socket");
	if (mcast_source(m, fd, MCAST_JOIN_SOURCE_GROUP) < 0)
		return mcast_fail("MCAST_JOIN_SOURCE_GROUP");
	say_receiving();
	report("packets_received", receive(m, fd, m->duration_s / 2));
	if (mcast_source(m, fd, MCAST_LEAVE_SOURCE_GROUP) < 0)
		return mcast_fail("MCAST_LEAVE_SOURCE_GROUP");
	drain(fd);
	report("packets_received_after_drop", receive(m, fd, m->duration_s / 2));
	return 0;
}

int mcast_recv_block_source(const struct mcast *m)
{
	double third = m->duration_s / 3;
	cleanup_close int fd = -1;

	if (!has_group(m) || !has_source(m))
		return 2;
	fd = mcast_open_receiver(m);
	if (fd < 0)
		return mcast_fail("socket");
	if (mcast_group(m, fd, MCAST_JOIN_GROUP) < 0)
		return mcast_fail("MCAST_JOIN_GROUP");
	say_receiving();
	report("packets_received", receive(m, fd, third));
	if (mcast_source(m, fd, MCAST_BLOCK_SOURCE) < 0)
		return mcast_fail("MCAST_BLOCK_SOURCE");
	drain(fd);
	report("packets_received_while_blocking", receive(m, fd, third));
	if (mcast_source(m, fd, MCAST_UNBLOCK_SOURCE) < 0)
		return mcast_fail("MCAST_UNBLOCK_SOURCE");
	report("packets_received", receive(m, fd, third));
	return 0;
}

/* Join one group after another until the kernel has enough of it (net.ipv4.igmp_max_memberships). */
int mcast_max_groups(const struct mcast *m)
{
	struct mcast each = *m;
	cleanup_close int fd = -1;
	uint32_t i;

	each.group = (union mcast_addr){ .in = { .sin_family = AF_INET } };
	fd = mcast_open_sender(&each);
	if (fd < 0)
		return mcast_fail("socket");
	for (i = 0; i < GROUPS_MAX; i++) {
		each.group.in.sin_addr.s_addr = htonl(0xe1000001u + i);
		if (mcast_group(&each, fd, MCAST_JOIN_GROUP) == 0)
			continue;
		if (errno != ENOBUFS)
			return mcast_fail("MCAST_JOIN_GROUP");
		break;
	}
	(void)printf("max_groups=%u\n", i);
	return 0;
}
