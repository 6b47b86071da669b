/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forward.h - where packets go: VLANs and entries of bridges, neighbours, routes over several next hops */
#ifndef NETLAB_NL_FORWARD_H
#define NETLAB_NL_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "netlab/nl/nl.h"

enum { LAB_VLAN_MAX = 4094, LAB_NEXTHOPS_MAX = 64 };

/**
 * struct lab_bridge_vlan - VLANs of a bridge's port
 * @ifindex:	the port, or the bridge itself
 * @self:	it is the bridge itself
 * @vid:	VLAN, 1 to LAB_VLAN_MAX
 * @vid_end:	last VLAN of a range; 0 = only @vid
 * @pvid:	what comes in untagged belongs to it; not for a range
 * @untagged:	it goes out untagged
 */
struct lab_bridge_vlan {
	int ifindex;
	bool self;
	uint16_t vid, vid_end;
	bool pvid, untagged;
};

/**
 * lab_bridge_vlan_add() - Put a bridge's port into VLANs
 * @nl:		socket in its namespace; one request is appended to its batch
 * @vlan:	port and VLANs; flags of a VLAN that it is in already are changed
 *
 * Errors (at the flush): -EOPNOTSUPP it is no port, or the kernel lacks CONFIG_BRIDGE_VLAN_FILTERING.
 * Source: IFLA_BRIDGE_VLAN_INFO in linux/if_bridge.h; bridge(8).
 */
void lab_bridge_vlan_add(struct lab_nl *nl, const struct lab_bridge_vlan *vlan);

/**
 * lab_bridge_vlan_del() - Take a bridge's port out of VLANs
 * @nl:		socket in its namespace; one request is appended to its batch
 * @vlan:	port and VLANs; @pvid and @untagged do not count
 */
void lab_bridge_vlan_del(struct lab_nl *nl, const struct lab_bridge_vlan *vlan);

enum lab_fdb_state {
	LAB_FDB_STATIC,    /* does not age */
	LAB_FDB_DYNAMIC,   /* ages, as if it had been learned */
	LAB_FDB_PERMANENT, /* the address is the port's own */
};

/**
 * struct lab_fdb - an entry of a forwarding table
 * @ifindex:	port of a bridge, or a vxlan
 * @mac:	Ethernet address behind it
 * @vid:	VLAN; 0 = none
 * @self:	in the table of the link itself (vxlan, hardware)
 * @master:	in the table of the bridge that the link is a port of
 * @dst:	of a vxlan: the other end; family 0 = none
 * @state:	how long it stays
 */
struct lab_fdb {
	int ifindex;
	const uint8_t *mac;
	uint16_t vid;
	bool self, master;
	struct lab_addr dst;
	enum lab_fdb_state state;
};

/**
 * lab_fdb_add() - Add an entry to a forwarding table, or change it
 * @nl:		socket in the namespace; one request is appended to its batch
 * @fdb:	the entry; one of @self and @master at least
 *
 * Errors (at the flush): -EOPNOTSUPP the link has no such table. Source: bridge(8), net/core/rtnetlink.c rtnl_fdb_add().
 */
void lab_fdb_add(struct lab_nl *nl, const struct lab_fdb *fdb);

/**
 * lab_fdb_del() - Remove an entry of a forwarding table
 * @nl:		socket in the namespace; one request is appended to its batch
 * @fdb:	the entry; @state does not count
 *
 * Errors (at the flush): -ENOENT there is none.
 */
void lab_fdb_del(struct lab_nl *nl, const struct lab_fdb *fdb);

/**
 * lab_neigh_add() - Set the Ethernet address of a neighbour for good
 * @nl:		socket in the namespace; one request is appended to its batch
 * @ifindex:	link that it is on
 * @addr:	its address; the prefix length does not count
 * @mac:	its Ethernet address
 */
void lab_neigh_add(struct lab_nl *nl, int ifindex, const struct lab_addr *addr, const uint8_t *mac);

/**
 * lab_neigh_del() - Forget a neighbour
 * @nl:		socket in the namespace; one request is appended to its batch
 * @ifindex:	link that it is on
 * @addr:	its address
 *
 * Errors (at the flush): -ENOENT there is none.
 */
void lab_neigh_del(struct lab_nl *nl, int ifindex, const struct lab_addr *addr);

/**
 * struct lab_mdb - a multicast entry of a bridge
 * @bridge:	the bridge
 * @port:	its port that is to have the group
 * @group:	IP multicast group
 * @vid:	VLAN; 0 = none
 * @temporary:	ages as if a membership report had been seen
 */
struct lab_mdb {
	int bridge, port;
	struct lab_addr group;
	uint16_t vid;
	bool temporary;
};

/**
 * lab_mdb_add() - Add a multicast entry
 * @nl:		socket in the namespace; one request is appended to its batch
 * @mdb:	the entry
 *
 * Errors (at the flush): -EEXIST, -EINVAL the bridge is down or snooping is off. Source: RTM_NEWMDB in linux/if_bridge.h.
 */
void lab_mdb_add(struct lab_nl *nl, const struct lab_mdb *mdb);

/**
 * lab_mdb_del() - Remove a multicast entry
 * @nl:		socket in the namespace; one request is appended to its batch
 * @mdb:	the entry
 */
void lab_mdb_del(struct lab_nl *nl, const struct lab_mdb *mdb);

/**
 * struct lab_nexthop - one way to a destination
 * @via:	gateway; family 0 = the destination is on the link
 * @ifindex:	link; 0 = found by @via
 * @weight:	share among several, 1 to 256; 0 = 1
 */
struct lab_nexthop {
	struct lab_addr via;
	int ifindex;
	unsigned int weight;
};

/**
 * struct lab_nl_route - a route
 * @dst:	destination; prefix length 0 = default route
 * @hops:	ways to it (borrowed for the call)
 * @n:		how many, 1 to LAB_NEXTHOPS_MAX
 * @table:	routing table; 0 = main
 * @metric:	the lowest wins; 0 = the kernel's default
 * @replace:	take the place of a route to the same destination
 */
struct lab_nl_route {
	struct lab_addr dst;
	const struct lab_nexthop *hops;
	size_t n;
	uint32_t table, metric;
	bool replace;
};

/**
 * lab_route_add() - Add a route
 * @nl:		socket in the namespace; one request is appended to its batch
 * @route:	the route; one without hops, or with too many, makes the batch fail with -EINVAL
 *
 * Errors (at the flush): -EEXIST, -ENETUNREACH a gateway is on no subnet of a link that is up. Source: rtnetlink(7).
 */
void lab_route_add(struct lab_nl *nl, const struct lab_nl_route *route);

/**
 * lab_route_del() - Remove a route
 * @nl:		socket in the namespace; one request is appended to its batch
 * @route:	the route; without hops: any to the destination
 *
 * Errors (at the flush): -ESRCH there is none.
 */
void lab_route_del(struct lab_nl *nl, const struct lab_nl_route *route);

#endif
