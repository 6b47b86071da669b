/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.h - requests that make and configure links, addresses and routes; each is appended to a batch */
#ifndef NETLAB_NL_LINK_H
#define NETLAB_NL_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "netlab/nl/kind.h"
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

/**
 * lab_link_del() - Take a link away, with everything that lies on it
 * @nl:		socket in its namespace; appended to its batch
 * @ifindex:	which
 *
 * Errors (at the flush): -ENODEV it has gone, -EOPNOTSUPP it cannot go (loopback).
 */
void lab_link_del(struct lab_nl *nl, int ifindex);

/**
 * lab_link_del_addr() - Take an address off a link
 * @nl:		socket in the namespace; appended to its batch
 * @ifindex:	which link
 * @addr:	address with its prefix length
 *
 * Errors (at the flush): -EADDRNOTAVAIL it has no such address.
 */
void lab_link_del_addr(struct lab_nl *nl, int ifindex, const struct lab_addr *addr);

/**
 * struct lab_link_options - the options of a link or of a port, and who knows the interfaces that they name
 * @v:		options that lab_kind_check() has passed; borrowed for the call
 * @n:		how many
 * @ifindex_of:	the index of the interface of this id in the namespace of the link, 0 if there is none; may be NULL if no option names one
 * @data:	for @ifindex_of
 *
 * Options with LAB_WIRE_NONE are passed over: see lab_link_finish(). One that was not checked makes the batch fail with -EINVAL, an interface
 * that is not there with -ENODEV.
 */
struct lab_link_options {
	const struct lab_option *v;
	size_t n;
	int (*ifindex_of)(void *data, const char *id);
	void *data;
};

/**
 * struct lab_link_new - a link that is to be made
 * @kind:	any that the kernel makes by rtnetlink (lab_kind_def.kernel); a whole veth with both ends needs lab_link_add_veth()
 * @ifindex:	index to have; 0 = the kernel chooses
 * @name:	name, at most 15 bytes
 * @mac:	Ethernet address; NULL = the kernel chooses, or an option says it
 * @mtu_bytes:	L3 MTU in bytes; 0 = default
 * @netns:	descriptor of the namespace it is born in (borrowed until the flush); -1 = the socket's own
 * @lower:	index, in the socket's namespace, of the link it lies on; 0 = none. Of kinds with ports: none
 * @master:	index of the link it is a port of; 0 = none
 * @up:		be up at birth
 * @options:	options of the kind
 */
struct lab_link_new {
	enum lab_link_kind kind;
	int ifindex;
	const char *name;
	const uint8_t *mac;
	unsigned int mtu_bytes;
	int netns;
	int lower, master;
	bool up;
	struct lab_link_options options;
};

/**
 * lab_link_add() - Make a link of any kind
 * @nl:		socket; one request is appended to its batch
 * @spec:	what to make
 *
 * Errors (at the flush): -EEXIST name or index taken, or a tunnel with the same ends, -EOPNOTSUPP the kernel lacks the kind, -ENETDOWN a VLAN
 * that is to be up on a link that is down, -EINVAL.
 * Source: rtnetlink(7), ip-link(8), linux/if_link.h.
 */
void lab_link_add(struct lab_nl *nl, const struct lab_link_new *spec);

/**
 * struct lab_link_change - what is to change in a link; a zeroed struct with @netns -1 changes nothing
 * @ifindex:	which link
 * @name:	new name; NULL = as it is. Older kernels than 6.2 refuse it while the link is up
 * @mac:	new Ethernet address; NULL = as it is
 * @mtu_bytes:	new MTU; 0 = as it is
 * @netns:	descriptor of the namespace to move to; -1 = stays
 * @set_master:	make it a port of @master (0 = of none)
 * @master:	index of the master
 * @flags:	IFF_UP, IFF_MULTICAST, IFF_ALLMULTI, IFF_NOARP, IFF_PROMISC: as they are to be
 * @flags_mask:	which of @flags are to change
 * @kind:	kind of the link, for @options
 * @options:	options that are to change; @options.n 0 = none. Tunnels (gre, ip6gre, ipip, sit, vti, vti6) forget
 *		what is left out: give all
 */
struct lab_link_change {
	int ifindex;
	const char *name;
	const uint8_t *mac;
	unsigned int mtu_bytes;
	int netns;
	bool set_master;
	int master;
	unsigned int flags, flags_mask;
	enum lab_link_kind kind;
	struct lab_link_options options;
};

/**
 * lab_link_set() - Change a link
 * @nl:		socket in its namespace; one request is appended to its batch
 * @change:	what is to change
 *
 * Within one request the kernel takes options first, then address, MTU, name, master, and up or down last.
 * Errors (at the flush): -ENODEV no such link, -EPERM a bond's port has to be down when it becomes one, -EBUSY, -EINVAL.
 */
void lab_link_set(struct lab_nl *nl, const struct lab_link_change *change);

/**
 * lab_link_set_port() - Set options of a port
 * @nl:		socket in its namespace; one request is appended to its batch
 * @ifindex:	the port, which has its master already
 * @master:	kind of the master
 * @options:	options of such ports
 *
 * Errors (at the flush): -EINVAL it is no port of such a master, -EOPNOTSUPP the kernel lacks an option.
 */
void lab_link_set_port(struct lab_nl *nl, int ifindex, enum lab_link_kind master,
		       const struct lab_link_options *options);

#endif
