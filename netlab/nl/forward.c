/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forward.c - requests about VLANs and entries of bridges, neighbours, routes over several next hops */
#include "netlab/nl/forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/nl/nl_internal.h"

static void put_u16(struct lab_nl *nl, uint16_t type, uint16_t value)
{
	lab_nl_put(nl, type, &value, sizeof(value));
}

/* --- bridges ----------------------------------------------------------------------------------------- */

static void put_vlan(struct lab_nl *nl, uint16_t vid, uint16_t flags)
{
	const struct bridge_vlan_info info = { .flags = flags, .vid = vid };

	lab_nl_put(nl, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
}

static void bridge_vlan(struct lab_nl *nl, uint16_t type, const struct lab_bridge_vlan *vlan)
{
	struct ifinfomsg *ifi = lab_nl_begin(nl, type, 0, sizeof(*ifi));
	uint16_t flags = 0;
	size_t mark;

	if (!ifi)
		return;
	ifi->ifi_family = AF_BRIDGE;
	ifi->ifi_index = vlan->ifindex;
	if (vlan->untagged)
		flags |= BRIDGE_VLAN_INFO_UNTAGGED;
	if (vlan->pvid)
		flags |= BRIDGE_VLAN_INFO_PVID;
	mark = lab_nl_nest(nl, IFLA_AF_SPEC);
	if (vlan->self)
		put_u16(nl, IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
	if (vlan->vid_end > vlan->vid) {
		put_vlan(nl, vlan->vid, flags | BRIDGE_VLAN_INFO_RANGE_BEGIN);
		put_vlan(nl, vlan->vid_end, flags | BRIDGE_VLAN_INFO_RANGE_END);
	} else {
		put_vlan(nl, vlan->vid, flags);
	}
	lab_nl_nest_end(nl, mark);
}

void lab_bridge_vlan_add(struct lab_nl *nl, const struct lab_bridge_vlan *vlan)
{
	bridge_vlan(nl, RTM_SETLINK, vlan);
}

void lab_bridge_vlan_del(struct lab_nl *nl, const struct lab_bridge_vlan *vlan)
{
	bridge_vlan(nl, RTM_DELLINK, vlan);
}

static uint16_t fdb_state(enum lab_fdb_state state)
{
	switch (state) {
	case LAB_FDB_STATIC:
		return NUD_NOARP;
	case LAB_FDB_DYNAMIC:
		return NUD_REACHABLE;
	case LAB_FDB_PERMANENT:
		return NUD_PERMANENT;
	}
	return NUD_NOARP;
}

static void fdb_entry(struct lab_nl *nl, uint16_t type, uint16_t flags, const struct lab_fdb *fdb)
{
	struct ndmsg *nd = lab_nl_begin(nl, type, flags, sizeof(*nd));

	if (!nd)
		return;
	nd->ndm_family = AF_BRIDGE;
	nd->ndm_ifindex = fdb->ifindex;
	nd->ndm_state = fdb_state(fdb->state);
	nd->ndm_flags = (uint8_t)((fdb->self ? NTF_SELF : 0) | (fdb->master ? NTF_MASTER : 0));
	lab_nl_put(nl, NDA_LLADDR, fdb->mac, LAB_MAC_LEN);
	if (fdb->vid)
		put_u16(nl, NDA_VLAN, fdb->vid);
	if (fdb->dst.family)
		lab_nl_put(nl, NDA_DST, fdb->dst.bytes, lab_addr_len(&fdb->dst));
}

void lab_fdb_add(struct lab_nl *nl, const struct lab_fdb *fdb)
{
	fdb_entry(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, fdb);
}

void lab_fdb_del(struct lab_nl *nl, const struct lab_fdb *fdb)
{
	fdb_entry(nl, RTM_DELNEIGH, 0, fdb);
}

static void mdb_entry(struct lab_nl *nl, uint16_t type, uint16_t flags, const struct lab_mdb *mdb)
{
	struct br_mdb_entry entry = { .ifindex = (uint32_t)mdb->port,
				      .state = mdb->temporary ? MDB_TEMPORARY : MDB_PERMANENT,
				      .vid = mdb->vid };
	struct br_port_msg *port = lab_nl_begin(nl, type, flags, sizeof(*port));

	if (!port)
		return;
	port->family = AF_BRIDGE;
	port->ifindex = (uint32_t)mdb->bridge;
	entry.addr.proto = htons(mdb->group.family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP);
	memcpy(&entry.addr.u, mdb->group.bytes, lab_addr_len(&mdb->group));
	lab_nl_put(nl, MDBA_SET_ENTRY, &entry, sizeof(entry));
}

void lab_mdb_add(struct lab_nl *nl, const struct lab_mdb *mdb)
{
	mdb_entry(nl, RTM_NEWMDB, NLM_F_CREATE | NLM_F_EXCL, mdb);
}

void lab_mdb_del(struct lab_nl *nl, const struct lab_mdb *mdb)
{
	mdb_entry(nl, RTM_DELMDB, 0, mdb);
}

/* --- neighbours -------------------------------------------------------------------------------------- */

static bool begin_neigh(struct lab_nl *nl, uint16_t type, uint16_t flags, int ifindex,
			const struct lab_addr *addr)
{
	struct ndmsg *nd = lab_nl_begin(nl, type, flags, sizeof(*nd));

	if (!nd)
		return false;
	nd->ndm_family = addr->family;
	nd->ndm_ifindex = ifindex;
	nd->ndm_state = NUD_PERMANENT;
	lab_nl_put(nl, NDA_DST, addr->bytes, lab_addr_len(addr));
	return true;
}

void lab_neigh_add(struct lab_nl *nl, int ifindex, const struct lab_addr *addr, const uint8_t *mac)
{
	if (begin_neigh(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex, addr))
		lab_nl_put(nl, NDA_LLADDR, mac, LAB_MAC_LEN);
}

void lab_neigh_del(struct lab_nl *nl, int ifindex, const struct lab_addr *addr)
{
	(void)begin_neigh(nl, RTM_DELNEIGH, 0, ifindex, addr);
}

/* --- routes ------------------------------------------------------------------------------------------ */

static struct rtmsg *begin_route(struct lab_nl *nl, uint16_t type, uint16_t flags,
				 const struct lab_nl_route *route)
{
	struct rtmsg *rt = lab_nl_begin(nl, type, flags, sizeof(*rt));
	size_t at = nl->len;

	if (!rt)
		return NULL;
	rt->rtm_family = route->dst.family;
	rt->rtm_dst_len = route->dst.prefix_len;
	rt->rtm_table = route->table && route->table <= UINT8_MAX ? (uint8_t)route->table
			: route->table                            ? RT_TABLE_UNSPEC
								  : RT_TABLE_MAIN;
	rt->rtm_type = RTN_UNICAST;
	if (route->dst.prefix_len)
		lab_nl_put(nl, RTA_DST, route->dst.bytes, lab_addr_len(&route->dst));
	if (route->table > UINT8_MAX)
		lab_nl_put_u32(nl, RTA_TABLE, route->table);
	if (route->metric)
		lab_nl_put_u32(nl, RTA_PRIORITY, route->metric);
	/* The buffer may have moved. */
	return nl->error ? NULL : (struct rtmsg *)(void *)(nl->buf + at - sizeof(*rt));
}

static void put_gateway(struct lab_nl *nl, const struct lab_nexthop *hop)
{
	if (hop->via.family)
		lab_nl_put(nl, RTA_GATEWAY, hop->via.bytes, lab_addr_len(&hop->via));
}

static void put_hops(struct lab_nl *nl, const struct lab_nl_route *route)
{
	size_t mark;

	if (route->n == 1) {
		put_gateway(nl, route->hops);
		if (route->hops->ifindex)
			lab_nl_put_u32(nl, RTA_OIF, (uint32_t)route->hops->ifindex);
		return;
	}
	mark = lab_nl_nest(nl, RTA_MULTIPATH);
	for (size_t i = 0; i < route->n; i++) {
		const struct lab_nexthop *hop = &route->hops[i];
		size_t at = nl->len;
		struct rtnexthop *nh = lab_nl_append(nl, sizeof(*nh));

		if (!nh)
			return;
		nh->rtnh_ifindex = hop->ifindex;
		nh->rtnh_hops = (uint8_t)(hop->weight ? hop->weight - 1 : 0);
		put_gateway(nl, hop);
		if (nl->error)
			return;
		nh = (struct rtnexthop *)(void *)(nl->buf + at);
		nh->rtnh_len = (uint16_t)(nl->len - at);
	}
	lab_nl_nest_end(nl, mark);
}

void lab_route_add(struct lab_nl *nl, const struct lab_nl_route *route)
{
	const uint16_t flags = NLM_F_CREATE | (route->replace ? NLM_F_REPLACE : NLM_F_EXCL);
	struct rtmsg *rt = begin_route(nl, RTM_NEWROUTE, flags, route);

	if (!rt)
		return;
	if (!route->n || route->n > LAB_NEXTHOPS_MAX) {
		nl->error = -EINVAL;
		return;
	}
	rt->rtm_protocol = RTPROT_STATIC;
	/* Of IPv4: a destination on the link itself has the scope of the link. */
	rt->rtm_scope = route->dst.family == AF_INET && !route->hops[0].via.family
				? RT_SCOPE_LINK
				: RT_SCOPE_UNIVERSE;
	put_hops(nl, route);
}

void lab_route_del(struct lab_nl *nl, const struct lab_nl_route *route)
{
	struct rtmsg *rt = begin_route(nl, RTM_DELROUTE, 0, route);

	if (!rt)
		return;
	rt->rtm_scope = RT_SCOPE_NOWHERE;
	if (route->n > LAB_NEXTHOPS_MAX)
		nl->error = -EINVAL;
	else if (route->n)
		put_hops(nl, route);
}
