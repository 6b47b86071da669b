/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink_batch.c - many requests in one send: carried out in order, answered at once, each failure told */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "netlab/nl/link.h"
#include "netlab/nl/nl_internal.h"
#include "tests/kernel/kernel.h"

/*
 * Who depends on it: netlab/nl/nl.c, which asks only for an answer to the last request of a batch, takes the first refusal that
 * comes for the error of the batch, and reads all answers without waiting; and lab_nl_enter(), which leaves a
 * socket behind in a namespace.
 */
enum { LO = 1, REFUSALS = 2000 };

static void add_addr(struct lab_nl *nl, int ifindex, const char *text)
{
	struct lab_addr a;

	must(lab_addr_parse(text, &a) == 0, "parse an address");
	lab_link_add_addr(nl, ifindex, &a);
}

/* Can a socket be bound to this address: is it on an interface here? */
static bool is_ours(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	must(fd >= 0 && inet_pton(AF_INET, text, &sin.sin_addr) == 1, "socket");
	r = bind(fd, (const struct sockaddr *)&sin, sizeof(sin));
	(void)close(fd);
	return r == 0;
}

static void carried_out_in_order(struct lab_nl *nl)
{
	struct lab_err err = { 0 };
	size_t failed = SIZE_MAX;
	int r;

	lab_link_up(nl, LO);
	add_addr(nl, LO, "192.0.2.1/32");
	add_addr(nl, LO, "192.0.2.1/32"); /* there already */
	add_addr(nl, LO, "192.0.2.2/32");
	add_addr(nl, 4711, "192.0.2.3/32"); /* no such interface */
	add_addr(nl, LO, "192.0.2.4/32");
	r = lab_nl_flush(nl, &failed, &err);
	check(r == -EEXIST && failed == 2,
	      "a failure in the middle is told, though only the last request asked for an answer");
	check(is_ours("192.0.2.2") && is_ours("192.0.2.4"),
	      "what follows a failure is carried out");
	check(!is_ours("192.0.2.3"), "and what fails is not");
}

static void answered_before_send_returns(void)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifi;
	} request = { .nlh = { .nlmsg_len = sizeof(request),
			       .nlmsg_type = RTM_NEWLINK,
			       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			       .nlmsg_seq = 7 },
		      .ifi = { .ifi_index = LO, .ifi_flags = IFF_UP, .ifi_change = IFF_UP } };
	_Alignas(struct nlmsghdr) char answer[1024];
	const struct nlmsghdr *nlh = (const void *)answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool all = true;

	must(fd >= 0, "netlink socket");
	for (int i = 0; i < 1000 && all; i++)
		all = send(fd, &request, sizeof(request), 0) == sizeof(request) &&
		      recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0 &&
		      nlh->nlmsg_type == NLMSG_ERROR && nlh->nlmsg_seq == 7;
	check(all, "1000 times, the answer is there when send returns");
	(void)close(fd);
}

static void says_why(struct lab_nl *nl)
{
	struct lab_err err = { 0 };
	struct ifinfomsg *ifi = lab_nl_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
					     sizeof(*ifi));
	size_t info;

	lab_nl_put_str(nl, IFLA_IFNAME, "br0");
	lab_nl_put_u32(nl, IFLA_MTU, 10);
	info = lab_nl_nest(nl, IFLA_LINKINFO);
	lab_nl_put(nl, IFLA_INFO_KIND, "bridge", 6);
	lab_nl_nest_end(nl, info);
	check(lab_nl_flush(nl, NULL, &err) == -EINVAL &&
		      strstr(err.msg, "(kernel: mtu less than device minimum)"),
	      "a refusal comes with words: mtu less than device minimum");
	printf("# %s\n", err.msg);
}

/* Each refusal takes room in the socket's buffer; when it is full, answers are lost. */
static void an_overrun_is_told_first(struct lab_nl *nl)
{
	_Alignas(struct nlmsghdr) char answer[8192];
	const struct nlmsghdr *nlh = (const void *)answer;
	uint32_t first;

	for (int i = 0; i < REFUSALS; i++)
		lab_link_up(nl, 4711);
	first = nl->first;
	must(send(nl->fd, nl->buf, nl->len, 0) == (ssize_t)nl->len, "send");
	nl->len = 0;
	check(recv(nl->fd, answer, sizeof(answer), MSG_DONTWAIT) < 0 && errno == ENOBUFS,
	      "more refusals than the socket can hold: ENOBUFS comes first");
	check(recv(nl->fd, answer, sizeof(answer), MSG_DONTWAIT) > 0 && nlh->nlmsg_seq == first,
	      "and the answer to the first request after it");
	while (recv(nl->fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
	check(errno == EAGAIN, "then what else was kept, and no second ENOBUFS");
}

static void stays_where_it_was_opened(int home)
{
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err;
	int there;

	must(unshare(CLONE_NEWNET) == 0, "unshare");
	there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	must(there >= 0 && setns(home, CLONE_NEWNET) == 0, "setns");
	must(lab_nl_enter(&nl, there, home, &err) == 0, "enter a network namespace");
	lab_link_up(&nl, LO);
	add_addr(&nl, LO, "198.51.100.1/32");
	must(lab_nl_flush(&nl, NULL, &err) == 0, "add an address");
	check(!is_ours("198.51.100.1"), "a socket that was opened elsewhere does not act here");
	must(setns(there, CLONE_NEWNET) == 0, "setns");
	check(is_ours("198.51.100.1"), "but there");
	must(setns(home, CLONE_NEWNET) == 0, "setns");
	lab_nl_close(&nl);
	(void)close(there);
}

int main(void)
{
	struct lab_err err;
	struct lab_nl nl;
	int home;

	leave_for(CLONE_NEWNET);
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	must(home >= 0, "open a network namespace");
	must(lab_nl_open(&nl, &err) == 0, "netlink socket");
	carried_out_in_order(&nl);
	answered_before_send_returns();
	says_why(&nl);
	an_overrun_is_told_first(&nl);
	stays_where_it_was_opened(home);
	lab_nl_close(&nl);
	return done_checking();
}
