/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.h - requests that make and configure links, addresses and routes; each is appended to a batch */
#ifndef NETLAB_NL_LINK_H
#define NETLAB_NL_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "netlab/nl/nl.h"

/**
 * struct lab_link_end - one end of a veth
 * @netns:	descriptor of the namespace it is born in (borrowed until the flush); -1 = the socket's own
 * @ifindex:	interface index to have there, > 0
 * @name:	interface name there, at most 15 bytes
 * @mac:	Ethernet address
 * @mtu_bytes:	L3 MTU in bytes; 0 = default
 * @master:	ifindex of the bridge it is a port of; 0 = none; near end only
 * @up:		be up at birth; near end only (a far end that is born up fails with ENOTCONN)
 */
struct lab_link_end {
	int netns;
	int ifindex;
	const char *name;
	const uint8_t *mac;
	unsigned int mtu_bytes;
	int master;
	bool up;
};

/**
 * lab_link_add_veth() - Make a veth with both ends born in their final namespaces
 * @nl:		socket; appended to its batch
 * @near:	the end that can have a master and be born up
 * @far:	the other end
 *
 * One queue in each direction. Give the ends different interface indices: equal ones make the kernel treat their carrier
 * events as not urgent, and then a link can take a second to pass traffic.
 * Errors (at the flush): -EEXIST name or index taken, -ERANGE or -EINVAL a bad MTU, -ENODEV no such master.
 * Source: VETH_INFO_PEER in linux/veth.h, IFLA_NET_NS_FD in linux/if_link.h, linkwatch_urgent_event() in net/core/link_watch.c.
 */
void lab_link_add_veth(struct lab_nl *nl, const struct lab_link_end *near,
		       const struct lab_link_end *far);

/**
 * lab_link_add_bridge() - Make a bridge that is down, with a fixed address, no STP, no delay, no snooping
 * @nl:		socket in the bridge's namespace; appended to its batch
 * @ifindex:	interface index to have
 * @name:	interface name
 * @mac:	Ethernet address
 *
 * Source: IFLA_BR_... in linux/if_link.h; 802.1D forward delay.
 */
void lab_link_add_bridge(struct lab_nl *nl, int ifindex, const char *name, const uint8_t *mac);

/**
 * lab_link_up() - Set a link up
 * @nl:		socket in its namespace; appended to its batch
 * @ifindex:	which
 */
void lab_link_up(struct lab_nl *nl, int ifindex);

/**
 * lab_link_enslave() - Make a link a port of a bridge, and set it up
 * @nl:		socket in their namespace; appended to its batch
 * @ifindex:	the port
 * @master:	the bridge
 *
 * For the far end of a veth, which cannot be born as a port.
 */
void lab_link_enslave(struct lab_nl *nl, int ifindex, int master);

/**
 * lab_link_add_addr() - Add an address, usable at once (no duplicate address detection)
 * @nl:		socket in the namespace; appended to its batch
 * @ifindex:	which link
 * @addr:	address with its prefix length
 *
 * IPv4 up to /30 gets the subnet's broadcast address.
 * Errors (at the flush): -EEXIST. Source: IFA_F_NODAD in linux/if_addr.h; RFC 4862 section 5.4 is what NODAD leaves out.
 */
void lab_link_add_addr(struct lab_nl *nl, int ifindex, const struct lab_addr *addr);

/**
 * lab_link_add_route() - Add a static route through a gateway
 * @nl:		socket in the namespace; appended to its batch
 * @dst:	destination; prefix length 0 = default route
 * @via:	gateway
 *
 * Errors (at the flush): -ENETUNREACH or -EHOSTUNREACH the gateway is on no subnet of a link that is up. Source: rtnetlink(7).
 */
void lab_link_add_route(struct lab_nl *nl, const struct lab_addr *dst, const struct lab_addr *via);

#endif
