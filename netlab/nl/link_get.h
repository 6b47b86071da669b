/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_get.h - how the kernel has links and their addresses now */
#ifndef NETLAB_NL_LINK_GET_H
#define NETLAB_NL_LINK_GET_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "netlab/nl/nl.h"

enum { LAB_KIND_NAME_MAX = 32 };

/**
 * struct lab_link_stats - counters of a link
 * @rx_packets:	packets received
 * @tx_packets:	packets sent
 * @rx_bytes:	bytes received
 * @tx_bytes:	bytes sent
 * @rx_errors:	bad packets received
 * @tx_errors:	packets that could not be sent
 * @rx_dropped:	good packets received and dropped
 * @tx_dropped:	packets dropped instead of sent
 * @multicast:	multicast packets received
 * @collisions:	collisions while sending
 */
struct lab_link_stats {
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
	uint64_t rx_errors, tx_errors, rx_dropped, tx_dropped;
	uint64_t multicast, collisions;
};

/**
 * struct lab_link_info - a link as the kernel has it
 * @ifindex:	interface index
 * @name:	name
 * @mac:	Ethernet address
 * @has_mac:	it has one
 * @mtu_bytes:	L3 MTU in bytes
 * @flags:	IFF_UP, IFF_LOWER_UP (carrier) and so on
 * @operstate:	RFC 2863 state, see lab_link_operstate()
 * @master:	index of the link it is a port of; 0 = none
 * @lower:	index of the link it lies on, or of a veth's other end; 0 = none
 * @kind:	kernel's name of its kind ("bond"); "" = none (loopback, hardware)
 * @port_kind:	kernel's name of its master's kind; "" = none
 * @stats:	counters
 */
struct lab_link_info {
	int ifindex;
	char name[IF_NAMESIZE];
	uint8_t mac[LAB_MAC_LEN];
	bool has_mac;
	unsigned int mtu_bytes, flags;
	uint8_t operstate;
	int master, lower;
	char kind[LAB_KIND_NAME_MAX], port_kind[LAB_KIND_NAME_MAX];
	struct lab_link_stats stats;
};

/**
 * struct lab_addr_info - an address as the kernel has it
 * @ifindex:	link that has it
 * @addr:	address with its prefix length
 * @flags:	IFA_F_PERMANENT, IFA_F_TENTATIVE and so on
 * @scope:	RT_SCOPE_UNIVERSE, RT_SCOPE_LINK and so on
 */
struct lab_addr_info {
	int ifindex;
	struct lab_addr addr;
	uint32_t flags;
	uint8_t scope;
};

/**
 * struct lab_link_list - links, or their addresses
 * @links:	links in the kernel's order, or NULL
 * @n_links:	how many
 * @addrs:	addresses in the kernel's order, or NULL
 * @n_addrs:	how many
 */
struct lab_link_list {
	struct lab_link_info *links;
	size_t n_links;
	struct lab_addr_info *addrs;
	size_t n_addrs;
};

/**
 * lab_link_get() - Read one link
 * @nl:		socket in its namespace, with an empty batch
 * @ifindex:	which; 0 = the one called @name
 * @name:	name; NULL with @ifindex
 * @ret:	the link, on success
 * @err:	filled on failure; may be NULL
 *
 * Context: blocks for one answer.
 * Return: 0 or -errno. Errors: -ENODEV there is none. Source: RTM_GETLINK in rtnetlink(7).
 */
int lab_link_get(struct lab_nl *nl, int ifindex, const char *name, struct lab_link_info *ret,
		 struct lab_err *err);

/**
 * lab_link_list() - Read all links of a namespace
 * @nl:		socket in the namespace, with an empty batch
 * @list:	zeroed or with addresses; its links are replaced. Release it with lab_link_list_fini()
 * @err:	filled on failure; may be NULL
 *
 * Context: blocks until the list is complete and consistent.
 * Return: 0 or -errno.
 */
int lab_link_list(struct lab_nl *nl, struct lab_link_list *list, struct lab_err *err);

/**
 * lab_link_list_addrs() - Read the addresses of a link, or of all
 * @nl:		socket in the namespace, with an empty batch
 * @ifindex:	which link; 0 = all
 * @list:	zeroed or with links; its addresses are replaced. Release it with lab_link_list_fini()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Source: RTM_GETADDR in rtnetlink(7).
 */
int lab_link_list_addrs(struct lab_nl *nl, int ifindex, struct lab_link_list *list,
			struct lab_err *err);

/**
 * lab_link_list_fini() - Release a list
 * @list:	may be zeroed
 */
void lab_link_list_fini(struct lab_link_list *list);

/**
 * lab_link_flush_addrs() - Take all addresses off a link but the link-local ones of IPv6
 * @nl:		socket in the namespace, with an empty batch
 * @ifindex:	which link
 * @err:	filled on failure; may be NULL
 *
 * One that goes by itself meanwhile (a secondary one with its primary) is no error.
 * Return: 0 or -errno.
 */
int lab_link_flush_addrs(struct lab_nl *nl, int ifindex, struct lab_err *err);

/**
 * lab_link_operstate() - Name of an operational state
 * @operstate:	of struct lab_link_info
 *
 * Return: "up", "down", "lowerlayerdown", "dormant", "testing", "notpresent" or "unknown"; static.
 * Source: RFC 2863 section 3.1.14; IF_OPER_... in linux/if.h.
 */
const char *lab_link_operstate(uint8_t operstate);

#endif
