/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LinkNeg.c - module: wait until a link is up or down, and say what was negotiated */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "slave-image/modules/module.h"

#define TIMEOUT_S   10.0
#define TIMEOUT_MAX 86400.0

enum { ANSWER_MAX = 32768, LINK_MODE_WORDS_MAX = 127 };

static const char about[] = MOD_OPTION("iface needed") MOD_OPTION("state needed")
	MOD_OPTION("timeout") MOD_OPTION("speed") MOD_OPTION("duplex") MOD_OPTION("autoneg");

/* IF_OPER_* of linux/if.h. */
static const char *const oper_states[] = {
	"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP",
};

struct link {
	const char *name;
	int fd; /* hears of changes of links, and asks for their state */
	unsigned int index;
	unsigned char oper;
};

static double now_s(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void take_message(struct link *link, const struct nlmsghdr *h)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	const struct rtattr *a;
	int left;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    (unsigned int)info->ifi_index != link->index)
		return;
	left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*info)));
	for (a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_OPERSTATE && RTA_PAYLOAD(a) >= 1)
			link->oper = *(const unsigned char *)RTA_DATA(a);
	}
}

/* Read what has come. When messages were lost (ENOBUFS), the next question tells. */
static void take_messages(struct link *link)
{
	cleanup_free struct nlmsghdr *buf = malloc(ANSWER_MAX);
	const struct nlmsghdr *h;
	unsigned int left;
	ssize_t n;

	while (buf && (n = recv(link->fd, buf, ANSWER_MAX, MSG_DONTWAIT)) > 0) {
		left = (unsigned int)n;
		for (h = buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			take_message(link, h);
	}
}

static bool ask(const struct link *link)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} req = { .h = { .nlmsg_len = sizeof(req),
			 .nlmsg_type = RTM_GETLINK,
			 .nlmsg_flags = NLM_F_REQUEST },
		  .info = { .ifi_index = (int)link->index } };

	return send(link->fd, &req, sizeof(req), 0) == (ssize_t)sizeof(req);
}

static unsigned int index_of(const char *name)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_ifindex = 0 };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFINDEX, &ifr) < 0)
		return 0;
	return (unsigned int)ifr.ifr_ifindex;
}

static bool open_link(struct mod *m, struct link *link)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };

	link->index = index_of(link->name);
	if (!link->index) {
		(void)mod_verdict(m, MOD_FAIL, "there is no interface %.64s", link->name);
		return false;
	}
	link->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (link->fd >= 0 && bind(link->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    ask(link))
		return true;
	(void)mod_verdict(m, MOD_ERROR, "rtnetlink: %s", strerror(errno));
	return false;
}

static bool is_wanted(const struct link *link, bool up)
{
	/* A veth whose other end is down says that its lower layer is. */
	return up ? link->oper == IF_OPER_UP
		  : link->oper == IF_OPER_DOWN || link->oper == IF_OPER_LOWERLAYERDOWN;
}

static void await_state(struct link *link, bool up, double timeout_s)
{
	struct pollfd pfd = { .fd = link->fd, .events = POLLIN };
	double end = now_s() + timeout_s, left;

	for (;;) {
		take_messages(link);
		left = end - now_s();
		if (is_wanted(link, up) || left <= 0 || mod_interrupted())
			return;
		(void)poll(&pfd, 1, (int)(left * 1000) + 1);
	}
}

/* --- what was negotiated --- */

struct settings {
	bool known;
	unsigned int speed_mbit; /* 0 = unknown */
	const char *duplex, *autoneg;
};

/* The kernel tells first how many words its masks have; source: ETHTOOL_GLINKSETTINGS in linux/ethtool.h. */
static void read_settings(const char *name, struct settings *ret)
{
	union {
		struct ethtool_link_settings s;
		char bytes[sizeof(struct ethtool_link_settings) +
			   3 * LINK_MODE_WORDS_MAX * sizeof(__u32)];
	} q = { .s = { .cmd = ETHTOOL_GLINKSETTINGS } };
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_data = (void *)&q };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &ifr) < 0 || q.s.link_mode_masks_nwords >= 0)
		return;
	q.s.link_mode_masks_nwords = (__s8)-q.s.link_mode_masks_nwords;
	q.s.cmd = ETHTOOL_GLINKSETTINGS;
	if (ioctl(fd, SIOCETHTOOL, &ifr) < 0)
		return;
	ret->known = true;
	ret->speed_mbit = q.s.speed == (__u32)SPEED_UNKNOWN ? 0 : q.s.speed;
	ret->duplex = q.s.duplex == DUPLEX_FULL   ? "full"
		      : q.s.duplex == DUPLEX_HALF ? "half"
						  : "unknown";
	ret->autoneg = q.s.autoneg == AUTONEG_ENABLE ? "on" : "off";
}

/* An option that gives a value for what was negotiated. */
static bool check_setting(struct mod *m, const char *name, const char *have)
{
	const char *want = mod_option(m, name);

	if (!want || (have && strcasecmp(want, have) == 0))
		return true;
	(void)mod_verdict(m, MOD_FAIL, "%s is %s, expected %.32s", name, have ? have : "unknown",
			  want);
	return false;
}

static enum mod_verdict judge_settings(struct mod *m, const struct link *link)
{
	struct settings s = { 0 };
	char speed[16] = "unknown";

	read_settings(link->name, &s);
	if (s.known) {
		if (s.speed_mbit) {
			(void)snprintf(speed, sizeof(speed), "%u", s.speed_mbit);
			mod_int_data(m, "speed", s.speed_mbit);
		}
		mod_string_data(m, "duplex", s.duplex);
		mod_string_data(m, "autoneg", s.autoneg);
	}
	if (!check_setting(m, "speed", speed) || !check_setting(m, "duplex", s.duplex) ||
	    !check_setting(m, "autoneg", s.autoneg))
		return MOD_FAIL;
	return mod_verdict(m, MOD_PASS, "link %s is %s", link->name, oper_states[link->oper]);
}

static enum mod_verdict run(struct mod *m)
{
	struct link link = { .fd = -1 };
	double timeout = TIMEOUT_S;
	enum mod_verdict v;
	const char *state;
	bool up;

	if (!mod_need(m, "iface", &link.name) || !mod_need(m, "state", &state) ||
	    !mod_number(m, "timeout", &timeout))
		return MOD_FAIL;
	up = mod_flag(m, "state");
	mod_string_data(m, "admin_state", up ? "UP" : "DOWN");
	if (!open_link(m, &link)) {
		v = link.fd < 0 && !link.index ? MOD_FAIL : MOD_ERROR;
		close_fd(&link.fd);
		return v;
	}
	await_state(&link, up, LAB_MIN(timeout, TIMEOUT_MAX));
	close_fd(&link.fd);
	if (link.oper >= LAB_ARRAY_SIZE(oper_states))
		link.oper = IF_OPER_UNKNOWN;
	mod_string_data(m, "oper_state", oper_states[link.oper]);
	if (!is_wanted(&link, up))
		return mod_verdict(m, MOD_FAIL, "link %.32s is %s, expected %s", link.name,
				   oper_states[link.oper], up ? "UP" : "DOWN");
	return judge_settings(m, &link);
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
