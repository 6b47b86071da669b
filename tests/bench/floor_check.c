/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor_check.c - is the floor's result true? Looks at a sample of hosts from inside, and pings
 * their neighbours */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/magic.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/floor.h"

#define SAMPLES 8U

static void expect(bool truth, unsigned int host, const char *what)
{
	if (truth)
		return;
	(void)fprintf(stderr, "floor: host %u: not true: %s (%s)\n", host, what, strerror(errno));
	_exit(1);
}

/* Return: true if the interface is up and running with this address and prefix length. */
static bool has_addr(const char *dev, int family, const void *addr, unsigned int plen)
{
	struct ifaddrs *list;
	struct ifaddrs *ifa;
	bool found = false;

	if (getifaddrs(&list) < 0)
		return false;
	for (ifa = list; ifa != NULL; ifa = ifa->ifa_next) {
		const struct sockaddr_in6 *mask6 = (const void *)ifa->ifa_netmask;
		const struct sockaddr_in6 *sa6 = (const void *)ifa->ifa_addr;
		const struct sockaddr_in *mask4 = (const void *)ifa->ifa_netmask;
		const struct sockaddr_in *sa4 = (const void *)ifa->ifa_addr;
		unsigned int bits = 0;
		unsigned int k;

		if (ifa->ifa_addr == NULL || ifa->ifa_addr->sa_family != family ||
		    strcmp(ifa->ifa_name, dev) != 0 ||
		    (ifa->ifa_flags & (IFF_UP | IFF_RUNNING)) != (IFF_UP | IFF_RUNNING))
			continue;
		if (memcmp(family == AF_INET ? (const void *)&sa4->sin_addr
					     : (const void *)&sa6->sin6_addr,
			   addr, family == AF_INET ? 4 : 16) != 0)
			continue;
		if (family == AF_INET)
			bits = (unsigned int)__builtin_popcount(mask4->sin_addr.s_addr);
		else
			for (k = 0; k < 16; k++)
				bits += (unsigned int)__builtin_popcount(
					mask6->sin6_addr.s6_addr[k]);
		found = found || bits == plen;
	}
	freeifaddrs(list);
	return found;
}

/* One echo request, one second: no retry, since "up" promises that the first packet passes. */
static bool ping(int family, const void *addr)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct icmphdr echo = { .type = family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
				.un.echo.id = 7 };
	struct timeval second = { .tv_sec = 1 };
	uint8_t reply[256];
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC,
			family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	const void *to = family == AF_INET ? (void *)&to4 : (void *)&to6;
	socklen_t size = family == AF_INET ? sizeof(to4) : sizeof(to6);
	ssize_t n;

	memcpy(family == AF_INET ? (void *)&to4.sin_addr : (void *)&to6.sin6_addr, addr,
	       family == AF_INET ? 4 : 16);
	echo.checksum = (uint16_t) ~(echo.type + echo.un.echo.id);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)) < 0 ||
	    sendto(fd, &echo, sizeof(echo), 0, to, size) < 0)
		return false;
	for (;;) {
		n = recv(fd, reply, sizeof(reply), 0);
		if (n < 0)
			return false;
		if (family == AF_INET && n >= 28 && reply[20] == ICMP_ECHOREPLY)
			return true;
		if (family == AF_INET6 && n >= 8 && reply[0] == ICMP6_ECHO_REPLY)
			return true;
	}
}

static void check_end(const struct floor_opts *opts, unsigned int host, unsigned int link,
		      unsigned int end)
{
	bool star = opts->shape == FLOOR_STAR;
	const char *dev = !star && end == 0 ? "eth1" : "eth0";
	unsigned int peer = !star ? link : link + 1 < opts->hosts ? link + 1 : link - 1;
	uint32_t a4 = htonl(floor_net_addr4(opts->shape, link, end));
	uint8_t a6[16];

	floor_net_addr6(opts->shape, link, end, a6);
	expect(has_addr(dev, AF_INET, &a4, star ? 16 : 30), host, "IPv4 address and link state");
	expect(has_addr(dev, AF_INET6, a6, 64), host, "IPv6 address and link state");
	if (star && opts->hosts == 1)
		return;
	a4 = htonl(floor_net_addr4(opts->shape, peer, 1 - end));
	floor_net_addr6(opts->shape, peer, 1 - end, a6);
	expect(ping(AF_INET, &a4), host, "IPv4 ping of the neighbour");
	expect(ping(AF_INET6, a6), host, "IPv6 ping of the neighbour");
}

static bool is_fs(const char *path, long magic)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == (unsigned long)magic;
}

static void check_host(const struct floor_opts *opts, unsigned int host, pid_t pid)
{
	uint32_t loopback = htonl(INADDR_LOOPBACK);
	unsigned int n = opts->hosts;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	expect(fd >= 0 && setns(fd, CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
					    CLONE_NEWCGROUP) == 0,
	       host, "namespaces");
	expect(has_addr("lo", AF_INET, &loopback, 8), host, "lo");
	if (opts->shape == FLOOR_STAR)
		check_end(opts, host, host, 0);
	if (opts->shape == FLOOR_PAIR && (host % 2 == 1 || host + 1 < n))
		check_end(opts, host, host - host % 2, host % 2);
	if (opts->shape == FLOOR_RING && n > 1) {
		check_end(opts, host, host, 0);
		check_end(opts, host, (host + n - 1) % n, 1);
	}
	if (!opts->root)
		return;
	expect(is_fs("/", OVERLAYFS_SUPER_MAGIC), host, "overlay root");
	expect(is_fs("/proc", PROC_SUPER_MAGIC), host, "/proc");
	expect(is_fs("/sys", SYSFS_MAGIC), host, "/sys");
	expect(access("/sys/class/net/lo", F_OK) == 0 && access("/sys/class/net/br0", F_OK) < 0,
	       host, "the host's own interfaces in /sys");
	expect(access("/bin/sh", X_OK) == 0 && access("/l", F_OK) < 0, host,
	       "the machine's files in the root");
	expect(mknod("/floor", S_IFREG | 0600, 0) == 0, host, "a root of its own");
}

int floor_check(struct floor_lab *lab)
{
	const struct floor_opts *opts = lab->opts;
	unsigned int step = opts->hosts > SAMPLES ? opts->hosts / SAMPLES : 1;
	unsigned int i;
	int bad = 0;
	int status;
	char c = 'p';

	for (i = 0; i < opts->hosts; i++) {
		pid_t pid;

		if (opts->hello && (write(lab->host[i].fd, &c, 1) != 1 ||
				    read(lab->host[i].fd, &c, 1) != 1 || c != 'p'))
			bad++;
		if (i % step != 0 && i + 1 != opts->hosts)
			continue;
		pid = fork();
		if (pid == 0) {
			check_host(opts, i, lab->host[i].pid);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
			bad++;
	}
	return bad;
}
