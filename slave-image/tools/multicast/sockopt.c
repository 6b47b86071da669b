/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockopt.c - the tool multicast: does the kernel take socket options as ip(7) says */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/util.h"
#include "slave-image/tools/multicast/multicast.h"

/**
 * struct check - one thing that is tried
 * @name:	for the result
 * @option:	socket option
 * @value:	what is set, or what is expected to be there
 * @len:	its bytes
 * @error:	errno that setting must answer
 * @get:	it is only read
 * @back:	after setting it is read back
 */
struct check {
	const char *name;
	int option;
	const void *value;
	socklen_t len;
	int error;
	bool get, back;
};

#define GET(name, option, v)                                      \
	{                                                         \
		(name), (option), &(v), sizeof(v), 0, true, false \
	}
#define SET(name, option, v)                                       \
	{                                                          \
		(name), (option), &(v), sizeof(v), 0, false, false \
	}
#define BACK(name, option, v)                                     \
	{                                                         \
		(name), (option), &(v), sizeof(v), 0, false, true \
	}
#define REFUSED(name, option, v, len, e)                         \
	{                                                        \
		(name), (option), &(v), (len), (e), false, false \
	}

static void result(const char *name, const char *why, bool *ok)
{
	(void)printf("%s=%s%s\n", name, why ? "fail: " : "pass", why ? why : "");
	*ok &= !why;
}

static const char *read_back(int fd, const struct check *c)
{
	char value[64] = "";
	socklen_t len = c->len;

	if (getsockopt(fd, IPPROTO_IP, c->option, value, &len) < 0)
		return strerror(errno);
	if (len != c->len)
		return "size of the returned value differs";
	return memcmp(value, c->value, len) == 0 ? NULL : "returned value differs";
}

static void run_check(int fd, const struct check *c, bool *ok)
{
	char why[64];

	if (c->get) {
		result(c->name, read_back(fd, c), ok);
		return;
	}
	if (setsockopt(fd, IPPROTO_IP, c->option, c->value, c->len) == 0)
		errno = 0;
	if (errno != c->error) {
		(void)snprintf(why, sizeof(why), "%s instead of %s",
			       errno ? strerrorname_np(errno) : "no error",
			       c->error ? strerrorname_np(c->error) : "no error");
		result(c->name, why, ok);
		return;
	}
	result(c->name, c->back ? read_back(fd, c) : NULL, ok);
}

static int run_checks(const struct check *checks, size_t n)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = true;
	size_t i;

	if (fd < 0)
		return mcast_fail("socket");
	for (i = 0; i < n; i++)
		run_check(fd, &checks[i], &ok);
	(void)printf("status=%s\n", ok ? "pass" : "fail");
	return ok ? 0 : 1;
}

int mcast_sockopt_ttl(const struct mcast *m LAB_UNUSED)
{
	static const int zero = 0, one = 1, some = 64, most = 255, over = 500;
	static const struct check checks[] = {
		GET("IP_MULTICAST_TTL default value", IP_MULTICAST_TTL, one),
		BACK("IP_MULTICAST_TTL set to zero", IP_MULTICAST_TTL, zero),
		BACK("IP_MULTICAST_TTL set to 64", IP_MULTICAST_TTL, some),
		BACK("IP_MULTICAST_TTL set to 255", IP_MULTICAST_TTL, most),
		REFUSED("IP_MULTICAST_TTL set to 500", IP_MULTICAST_TTL, over, sizeof(over),
			EINVAL),
		REFUSED("IP_MULTICAST_TTL bad optlen", IP_MULTICAST_TTL, one, 0, EINVAL),
	};

	return run_checks(checks, LAB_ARRAY_SIZE(checks));
}

int mcast_sockopt_loop(const struct mcast *m LAB_UNUSED)
{
	static const int zero = 0, one = 1;
	static const struct check checks[] = {
		GET("IP_MULTICAST_LOOP default value", IP_MULTICAST_LOOP, one),
		BACK("IP_MULTICAST_LOOP set to zero", IP_MULTICAST_LOOP, zero),
		BACK("IP_MULTICAST_LOOP set to one", IP_MULTICAST_LOOP, one),
		REFUSED("IP_MULTICAST_LOOP bad optlen", IP_MULTICAST_LOOP, zero, 0, EINVAL),
	};

	return run_checks(checks, LAB_ARRAY_SIZE(checks));
}

int mcast_sockopt_if(const struct mcast *m LAB_UNUSED)
{
	const struct in_addr any = { htonl(INADDR_ANY) }, lo = { htonl(INADDR_LOOPBACK) },
			     nowhere = { inet_addr("238.0.10.0") };
	const struct ip_mreqn any_n = { .imr_ifindex = 0 }, lo_n = { .imr_address = lo };
	const struct check checks[] = {
		GET("IP_MULTICAST_IF default value", IP_MULTICAST_IF, any),
		BACK("IP_MULTICAST_IF set to 127.0.0.1", IP_MULTICAST_IF, lo),
		SET("IP_MULTICAST_IF set to INADDR_ANY by ip_mreqn", IP_MULTICAST_IF, any_n),
		GET("IP_MULTICAST_IF is INADDR_ANY again", IP_MULTICAST_IF, any),
		SET("IP_MULTICAST_IF set to 127.0.0.1 by ip_mreqn", IP_MULTICAST_IF, lo_n),
		REFUSED("IP_MULTICAST_IF bad optlen", IP_MULTICAST_IF, lo, 3, EINVAL),
		REFUSED("IP_MULTICAST_IF address 238.0.10.0", IP_MULTICAST_IF, nowhere,
			sizeof(nowhere), EADDRNOTAVAIL),
	};

	return run_checks(checks, LAB_ARRAY_SIZE(checks));
}

int mcast_sockopt_membership(const struct mcast *m LAB_UNUSED)
{
	const struct in_addr lo = { htonl(INADDR_LOOPBACK) }, group = { inet_addr("239.1.2.3") };
	const struct ip_mreq unicast = { .imr_multiaddr = lo, .imr_interface = lo },
			     good = { .imr_multiaddr = group, .imr_interface = lo };
	const struct ip_mreqn no_device = { .imr_multiaddr = group,
					    .imr_address = { htonl(INADDR_BROADCAST) },
					    .imr_ifindex = 0x7ffffff };
	const struct check checks[] = {
		REFUSED("IP_ADD_MEMBERSHIP Bad multicast address", IP_ADD_MEMBERSHIP, unicast,
			sizeof(unicast), EINVAL),
		REFUSED("IP_ADD_MEMBERSHIP Bad optlen", IP_ADD_MEMBERSHIP, good, 5, EINVAL),
		REFUSED("IP_ADD_MEMBERSHIP No device found", IP_ADD_MEMBERSHIP, no_device,
			sizeof(no_device), ENODEV),
		REFUSED("IP_DROP_MEMBERSHIP Bad optlen", IP_DROP_MEMBERSHIP, good, 5, EINVAL),
		REFUSED("IP_DROP_MEMBERSHIP Bad multicast address", IP_DROP_MEMBERSHIP, unicast,
			sizeof(unicast), EADDRNOTAVAIL),
		REFUSED("IP_DROP_MEMBERSHIP Not a member", IP_DROP_MEMBERSHIP, good, sizeof(good),
			EADDRNOTAVAIL),
		SET("IP_ADD_MEMBERSHIP Join", IP_ADD_MEMBERSHIP, good),
		REFUSED("IP_ADD_MEMBERSHIP Join again", IP_ADD_MEMBERSHIP, good, sizeof(good),
			EADDRINUSE),
		SET("IP_DROP_MEMBERSHIP Leave", IP_DROP_MEMBERSHIP, good),
	};

	return run_checks(checks, LAB_ARRAY_SIZE(checks));
}

int mcast_sockopt_source_membership(const struct mcast *m LAB_UNUSED)
{
	const struct in_addr lo = { htonl(INADDR_LOOPBACK) }, group = { inet_addr("239.1.2.3") },
			     source = { inet_addr("192.0.2.1") };
	const struct ip_mreq_source unicast = { .imr_multiaddr = lo,
						.imr_interface = lo,
						.imr_sourceaddr = source },
				    good = { .imr_multiaddr = group,
					     .imr_interface = lo,
					     .imr_sourceaddr = source };
	const struct check checks[] = {
		REFUSED("IP_ADD_SOURCE_MEMBERSHIP Bad multicast address", IP_ADD_SOURCE_MEMBERSHIP,
			unicast, sizeof(unicast), EINVAL),
		REFUSED("IP_ADD_SOURCE_MEMBERSHIP Bad optlen", IP_ADD_SOURCE_MEMBERSHIP, good, 5,
			EINVAL),
		REFUSED("IP_DROP_SOURCE_MEMBERSHIP Bad optlen", IP_DROP_SOURCE_MEMBERSHIP, good, 5,
			EINVAL),
		REFUSED("IP_DROP_SOURCE_MEMBERSHIP Not a member", IP_DROP_SOURCE_MEMBERSHIP, good,
			sizeof(good), EINVAL),
		SET("IP_ADD_SOURCE_MEMBERSHIP Join", IP_ADD_SOURCE_MEMBERSHIP, good),
		REFUSED("IP_ADD_SOURCE_MEMBERSHIP Join again", IP_ADD_SOURCE_MEMBERSHIP, good,
			sizeof(good), EADDRNOTAVAIL),
		SET("IP_DROP_SOURCE_MEMBERSHIP Leave", IP_DROP_SOURCE_MEMBERSHIP, good),
	};

	return run_checks(checks, LAB_ARRAY_SIZE(checks));
}

int mcast_sockopt_block_source(const struct mcast *m LAB_UNUSED)
{
	const struct in_addr lo = { htonl(INADDR_LOOPBACK) }, group = { inet_addr("239.1.2.3") },
			     source = { inet_addr("192.0.2.1") };
	const struct ip_mreq join = { .imr_multiaddr = group, .imr_interface = lo };
	const struct ip_mreq_source block = { .imr_multiaddr = group,
					      .imr_interface = lo,
					      .imr_sourceaddr = source };
	const struct check checks[] = {
		REFUSED("IP_BLOCK_SOURCE Bad optlen", IP_BLOCK_SOURCE, block, 5, EINVAL),
		REFUSED("IP_BLOCK_SOURCE Not a member", IP_BLOCK_SOURCE, block, sizeof(block),
			EINVAL),
		SET("IP_ADD_MEMBERSHIP Join", IP_ADD_MEMBERSHIP, join),
		REFUSED("IP_UNBLOCK_SOURCE Not blocked", IP_UNBLOCK_SOURCE, block, sizeof(block),
			EADDRNOTAVAIL),
		SET("IP_BLOCK_SOURCE Block", IP_BLOCK_SOURCE, block),
		REFUSED("IP_BLOCK_SOURCE Block again", IP_BLOCK_SOURCE, block, sizeof(block),
			EADDRNOTAVAIL),
		SET("IP_UNBLOCK_SOURCE Unblock", IP_UNBLOCK_SOURCE, block),
		REFUSED("IP_UNBLOCK_SOURCE Bad optlen", IP_UNBLOCK_SOURCE, block, 5, EINVAL),
	};

	return run_checks(checks, LAB_ARRAY_SIZE(checks));
}
