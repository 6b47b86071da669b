/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipv6_nodad.c - an IPv6 address that is added without duplicate address detection can be used at once */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "netlab/nl/link.h"
#include "netlab/nl/nl_internal.h"
#include "tests/kernel/kernel.h"

/*
 * Who depends on it: lab_link_add_addr() in netlab/nl/link.c and config_iface() in netlab/keeper/apply.c; `topo up` returns when the last address is added, and a ping must
 * work then. With detection an address cannot be used for one to two seconds (RFC 4862, section 5.4).
 */
enum { NEAR = 20, FAR = 21 };

static const uint8_t near_mac[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 1 };
static const uint8_t far_mac[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 2 };
static const uint8_t near_mac2[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 3 };
static const uint8_t far_mac2[LAB_MAC_LEN] = { 0x52, 0x54, 1, 0, 0, 4 };

static bool can_bind(const char *text)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	must(fd >= 0 && inet_pton(AF_INET6, text, &sin6.sin6_addr) == 1, "socket");
	r = bind(fd, (const struct sockaddr *)&sin6, sizeof(sin6));
	(void)close(fd);
	return r == 0;
}

/* A line is: address, index, prefix length, scope, flags, name; all but the name hexadecimal and of fixed width. */
enum { ADDR_LEN = 32, FLAGS_AT = 42, NAME_AT = 44 };

static unsigned int digit(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)(c - 'a' + 10);
}

/* The flags of an address as the kernel prints them, or 0. */
static unsigned int flags_of(const char *hex)
{
	unsigned int flags = 0;
	char line[256];
	FILE *f = fopen("/proc/self/net/if_inet6", "re");

	must(f != NULL, "open /proc/self/net/if_inet6");
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, hex, ADDR_LEN) == 0)
			flags = digit(line[FLAGS_AT]) << 4 | digit(line[FLAGS_AT + 1]);
	(void)fclose(f);
	return flags;
}

static void add_with_detection(struct lab_nl *nl, const char *text)
{
	struct ifaddrmsg *ifa = lab_nl_begin(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
					     sizeof(*ifa));
	struct lab_addr a;

	must(lab_addr_parse(text, &a) == 0, "parse an address");
	ifa->ifa_family = AF_INET6;
	ifa->ifa_prefixlen = a.prefix_len;
	ifa->ifa_index = NEAR;
	lab_nl_put(nl, IFA_LOCAL, a.bytes, 16);
}

static void add(struct lab_nl *nl, int ifindex, const char *text)
{
	struct lab_addr a;

	must(lab_addr_parse(text, &a) == 0, "parse an address");
	lab_link_add_addr(nl, ifindex, &a);
}

static void flush(struct lab_nl *nl)
{
	struct lab_err err;

	must(lab_nl_flush(nl, NULL, &err) == 0, "netlink");
}

/* All addresses of one interface, as many as there are lines. */
static unsigned int count_addrs(const char *dev)
{
	unsigned int n = 0;
	char line[256];
	FILE *f = fopen("/proc/self/net/if_inet6", "re");

	must(f != NULL, "open /proc/self/net/if_inet6");
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		n += strcmp(line + NAME_AT + strspn(line + NAME_AT, " "), dev) == 0;
	}
	(void)fclose(f);
	return n;
}

static void at_once(struct lab_nl *nl)
{
	bool usable;

	add(nl, NEAR, "fd00::1/64");
	flush(nl);
	usable = can_bind("fd00::1");
	check(usable, "an address with IFA_F_NODAD can be used in the next system call");
	check(!(flags_of("fd000000000000000000000000000001") & IFA_F_TENTATIVE),
	      "it is not tentative");
	add_with_detection(nl, "fd00::2/64");
	flush(nl);
	usable = can_bind("fd00::2");
	check(!usable && flags_of("fd000000000000000000000000000002") & IFA_F_TENTATIVE,
	      "one without it is tentative, and cannot");
}

/*
 * Both ends are down when they get their addresses, among them the link-local one that the kernel would make. Without it a router
 * cannot ask for a neighbour (RFC 4861, section 7.2.2) until the kernel's own is no longer tentative.
 */
static void before_the_link_is_up(struct lab_nl *nl)
{
	const struct lab_link_end near = {
		.netns = -1, .ifindex = 30, .name = "c", .mac = near_mac2
	};
	const struct lab_link_end far = { .netns = -1, .ifindex = 31, .name = "d", .mac = far_mac2 };

	lab_link_add_veth(nl, &near, &far);
	add(nl, 30, "fd01::1/64");
	add(nl, 30, "fe80::5054:1ff:fe00:3/64");
	lab_link_up(nl, 30);
	add(nl, 31, "fe80::5054:1ff:fe00:4/64");
	lab_link_up(nl, 31);
	flush(nl);
	check(can_bind("fd01::1"),
	      "an address that was added while its link was down can be used when it is up");
	check(flags_of("fe80000000000000505401fffe000003") & IFA_F_PERMANENT &&
		      !(flags_of("fe80000000000000505401fffe000003") & IFA_F_TENTATIVE),
	      "a link-local address as well");
	check(count_addrs("c") == 2 && count_addrs("d") == 1,
	      "and the kernel adds none of its own");
}

int main(void)
{
	const struct lab_link_end near = {
		.netns = -1, .ifindex = NEAR, .name = "a", .mac = near_mac, .up = true
	};
	const struct lab_link_end far = { .netns = -1, .ifindex = FAR, .name = "b", .mac = far_mac };
	struct lab_err err;
	struct lab_nl nl;

	leave_for(CLONE_NEWNET);
	if (access("/proc/self/net/if_inet6", R_OK) < 0)
		lacks("the kernel has no IPv6");
	must(lab_nl_open(&nl, &err) == 0, "netlink socket");
	lab_link_add_veth(&nl, &near, &far);
	lab_link_up(&nl, FAR);
	flush(&nl);
	at_once(&nl);
	before_the_link_is_up(&nl);
	lab_nl_close(&nl);
	return done_checking();
}
