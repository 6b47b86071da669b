/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.c - requests that make and configure links, addresses and routes */
#include "netlab/nl/link.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/nl/nl_internal.h"

static void put_end(struct lab_nl *nl, const struct lab_link_end *end)
{
	lab_nl_put_str(nl, IFLA_IFNAME, end->name);
	lab_nl_put(nl, IFLA_ADDRESS, end->mac, LAB_MAC_LEN);
	if (end->mtu_bytes)
		lab_nl_put_u32(nl, IFLA_MTU, end->mtu_bytes);
	if (end->netns >= 0)
		lab_nl_put_u32(nl, IFLA_NET_NS_FD, (uint32_t)end->netns);
	/* The default is one queue for each possible CPU, which costs a quarter more and serves nobody here. */
	lab_nl_put_u32(nl, IFLA_NUM_TX_QUEUES, 1);
	lab_nl_put_u32(nl, IFLA_NUM_RX_QUEUES, 1);
}

void lab_link_add_veth(struct lab_nl *nl, const struct lab_link_end *near,
		       const struct lab_link_end *far)
{
	struct ifinfomsg *ifi;
	size_t info, data, peer;

	ifi = lab_nl_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi));
	if (!ifi)
		return;
	ifi->ifi_index = near->ifindex;
	if (near->up)
		ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	put_end(nl, near);
	if (near->master)
		lab_nl_put_u32(nl, IFLA_MASTER, (uint32_t)near->master);
	info = lab_nl_nest(nl, IFLA_LINKINFO);
	lab_nl_put(nl, IFLA_INFO_KIND, "veth", 4);
	data = lab_nl_nest(nl, IFLA_INFO_DATA);
	peer = lab_nl_nest(nl, VETH_INFO_PEER);
	ifi = lab_nl_append(nl, sizeof(*ifi));
	if (!ifi)
		return;
	ifi->ifi_index = far->ifindex;
	put_end(nl, far);
	lab_nl_nest_end(nl, peer);
	lab_nl_nest_end(nl, data);
	lab_nl_nest_end(nl, info);
}

void lab_link_add_bridge(struct lab_nl *nl, int ifindex, const char *name, const uint8_t *mac)
{
	struct ifinfomsg *ifi;
	size_t info, data;

	ifi = lab_nl_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi));
	if (!ifi)
		return;
	ifi->ifi_index = ifindex;
	lab_nl_put_str(nl, IFLA_IFNAME, name);
	lab_nl_put(nl, IFLA_ADDRESS, mac, LAB_MAC_LEN);
	info = lab_nl_nest(nl, IFLA_LINKINFO);
	lab_nl_put(nl, IFLA_INFO_KIND, "bridge", 6);
	data = lab_nl_nest(nl, IFLA_INFO_DATA);
	lab_nl_put_u32(nl, IFLA_BR_STP_STATE, 0);
	lab_nl_put_u32(nl, IFLA_BR_FORWARD_DELAY, 0);
	lab_nl_put_u8(nl, IFLA_BR_MCAST_SNOOPING, 0);
	lab_nl_nest_end(nl, data);
	lab_nl_nest_end(nl, info);
}

void lab_link_up(struct lab_nl *nl, int ifindex)
{
	struct ifinfomsg *ifi = lab_nl_begin(nl, RTM_NEWLINK, 0, sizeof(*ifi));

	if (!ifi)
		return;
	ifi->ifi_index = ifindex;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
}

void lab_link_enslave(struct lab_nl *nl, int ifindex, int master)
{
	struct ifinfomsg *ifi = lab_nl_begin(nl, RTM_NEWLINK, 0, sizeof(*ifi));

	if (!ifi)
		return;
	ifi->ifi_index = ifindex;
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	lab_nl_put_u32(nl, IFLA_MASTER, (uint32_t)master);
}

void lab_link_del(struct lab_nl *nl, int ifindex)
{
	struct ifinfomsg *ifi = lab_nl_begin(nl, RTM_DELLINK, 0, sizeof(*ifi));

	if (ifi)
		ifi->ifi_index = ifindex;
}

void lab_link_del_addr(struct lab_nl *nl, int ifindex, const struct lab_addr *addr)
{
	struct ifaddrmsg *ifa = lab_nl_begin(nl, RTM_DELADDR, 0, sizeof(*ifa));

	if (!ifa)
		return;
	ifa->ifa_family = addr->family;
	ifa->ifa_prefixlen = addr->prefix_len;
	ifa->ifa_index = (uint32_t)ifindex;
	lab_nl_put(nl, IFA_LOCAL, addr->bytes, lab_addr_len(addr));
}

void lab_link_add_addr(struct lab_nl *nl, int ifindex, const struct lab_addr *addr)
{
	struct ifaddrmsg *ifa = lab_nl_begin(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
					     sizeof(*ifa));

	if (!ifa)
		return;
	ifa->ifa_family = addr->family;
	ifa->ifa_prefixlen = addr->prefix_len;
	ifa->ifa_index = (uint32_t)ifindex;
	lab_nl_put(nl, IFA_LOCAL, addr->bytes, lab_addr_len(addr));
	if (addr->family == AF_INET6) {
		lab_nl_put_u32(nl, IFA_FLAGS, IFA_F_NODAD);
		return;
	}
	lab_nl_put(nl, IFA_ADDRESS, addr->bytes, 4);
	if (addr->prefix_len <= 30) {
		uint32_t ip, mask;

		memcpy(&ip, addr->bytes, sizeof(ip));
		mask = addr->prefix_len ? htonl(~0u << (32 - addr->prefix_len)) : 0;
		lab_nl_put_u32(nl, IFA_BROADCAST, ip | ~mask);
	}
}

void lab_link_add_route(struct lab_nl *nl, const struct lab_addr *dst, const struct lab_addr *via)
{
	struct rtmsg *rt = lab_nl_begin(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*rt));
	unsigned int len = lab_addr_len(via);

	if (!rt)
		return;
	rt->rtm_family = via->family;
	rt->rtm_dst_len = dst->prefix_len;
	rt->rtm_table = RT_TABLE_MAIN;
	rt->rtm_protocol = RTPROT_STATIC;
	rt->rtm_scope = RT_SCOPE_UNIVERSE;
	rt->rtm_type = RTN_UNICAST;
	if (dst->prefix_len)
		lab_nl_put(nl, RTA_DST, dst->bytes, len);
	lab_nl_put(nl, RTA_GATEWAY, via->bytes, len);
}
