/* SPDX-License-Identifier: GPL-2.0-or-later */
/* topo.h - the topology: hosts, interfaces, networks, addresses; plain data, no privileges needed */
#ifndef NETLAB_TOPO_TOPO_H
#define NETLAB_TOPO_TOPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/addr.h"
#include "netlab/base/err.h"
#include "netlab/ns/cgroup.h"
#include "netlab/rpc/json.h"

/**
 * DOC: the topology
 *
 * A topology is built by lab_topo_new(), lab_topo_add_*() and completed by lab_topo_finish(), which names interfaces, gives out
 * MAC and IP addresses and checks the whole. Everything refers to everything else by index, so that it can be compared and printed.
 * All strings are owned by the topology. Places (struct lab_src) point into the recipe and borrow its file name.
 */
#define LAB_TOPO_HOSTS_MAX  10000u
#define LAB_TOPO_IFACES_MAX 250u  /* of one host */
#define LAB_TOPO_ADDRS_MAX  64u   /* of one interface */
#define LAB_TOPO_ROUTES_MAX 1000u /* of one host */
#define LAB_TOPO_ID_MAX     63u   /* bytes of a host id: it is the host name */
#define LAB_IFNAME_LEN      16u   /* IFNAMSIZ */
#define LAB_MTU_MIN         68u
#define LAB_MTU_MAX         65535u

/**
 * struct lab_iface - one interface of a host
 * @id:		name in the recipe, unique in its host
 * @name:	name in the host ("eth1"), set by lab_topo_finish()
 * @network:	index into lab_topo.networks
 * @port:	position among the ports of that network, from 0, in document order; set by lab_topo_finish()
 * @mac:	Ethernet address; all zero = to be given by lab_topo_finish()
 * @mtu_bytes:	L3 MTU in bytes; 0 = the kernel's default (1500)
 * @auto_addrs:	give it one IPv4 and one IPv6 address of the topology's pools
 * @addrs:	addresses with prefix length, in document order; automatic ones are added by lab_topo_finish()
 * @n_addrs:	how many
 * @src:	the element
 */
struct lab_iface {
	char *id;
	char name[LAB_IFNAME_LEN];
	size_t network;
	unsigned int port;
	uint8_t mac[LAB_MAC_LEN];
	unsigned int mtu_bytes;
	bool auto_addrs;
	struct lab_addr *addrs;
	size_t n_addrs;
	struct lab_src src;
};

/**
 * struct lab_route - a static route of a host
 * @dst:	destination; prefix length 0 = default route
 * @via:	gateway
 * @src:	the element
 */
struct lab_route {
	struct lab_addr dst, via;
	struct lab_src src;
};

/**
 * struct lab_host - one host
 * @id:		name in the recipe and host name
 * @forwarding:	it routes IPv4 and IPv6
 * @limits:	what it may use
 * @ifaces:	interfaces in document order
 * @n_ifaces:	how many
 * @routes:	static routes in document order
 * @n_routes:	how many
 * @src:	the element
 */
struct lab_host {
	char *id;
	bool forwarding;
	struct lab_limits limits;
	struct lab_iface *ifaces;
	size_t n_ifaces;
	struct lab_route *routes;
	size_t n_routes;
	struct lab_src src;
};

/**
 * struct lab_network - one layer-2 segment
 * @label:	its name
 * @n_ports:	interfaces joined to it; set by lab_topo_finish()
 * @src:	where its label stands first
 */
struct lab_network {
	char *label;
	unsigned int n_ports;
	struct lab_src src;
};

/**
 * struct lab_topo - a topology
 * @name:	name of the lab or recipe
 * @hosts:	hosts in document order
 * @n_hosts:	how many
 * @networks:	networks in the order in which their labels appear
 * @n_networks:	how many
 * @pool4:	pool for automatic IPv4 addresses, default 10.0.0.0/8
 * @pool6:	pool for automatic IPv6 addresses, default fd00:6e65:746c::/48
 */
struct lab_topo {
	char *name;
	struct lab_host *hosts;
	size_t n_hosts;
	struct lab_network *networks;
	size_t n_networks;
	struct lab_addr pool4, pool6;
	/* private: growth and look-up by name */
	size_t cap_hosts, cap_networks;
	struct lab_topo_index *index;
};

/**
 * typedef lab_topo_note_fn - hears what is odd but allowed (a label with one interface only)
 * @note:	place and text (borrowed)
 * @user:	as given
 */
typedef void (*lab_topo_note_fn)(const struct lab_err *note, void *user);

/**
 * lab_topo_new() - Make an empty topology with the default pools
 * @name:	name of the lab; copied
 * @ret:	on success; free with lab_topo_free()
 *
 * Return: 0 or -ENOMEM.
 */
int lab_topo_new(const char *name, struct lab_topo **ret);

/**
 * lab_topo_free() - Release a topology
 * @topo:	may be NULL or half built
 */
void lab_topo_free(struct lab_topo *topo);

/**
 * lab_topo_add_host() - Add a host
 * @topo:	topology
 * @id:		letters, digits, '-', '_', '.'; begins with a letter or digit; at most LAB_TOPO_ID_MAX bytes; copied
 * @src:	the element; may be NULL
 * @ret:	index of the new host, on success
 * @err:	filled on failure; may be NULL
 *
 * Pointers into topo->hosts are valid until the next host is added.
 * Return: 0 or -errno. Errors: -EINVAL bad id, -EEXIST id taken, -E2BIG too many.
 */
int lab_topo_add_host(struct lab_topo *topo, const char *id, const struct lab_src *src, size_t *ret,
		      struct lab_err *err);

/**
 * lab_topo_add_iface() - Add an interface to a host and join it to a network
 * @topo:	topology
 * @host:	index of the host
 * @id:		name in the recipe, unique in the host; copied
 * @label:	the network, made when it is new; copied
 * @src:	the element; may be NULL
 * @ret:	the interface, on success; valid until the next one is added to this host
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EEXIST id taken, -E2BIG too many, -EINVAL empty id or label.
 */
int lab_topo_add_iface(struct lab_topo *topo, size_t host, const char *id, const char *label,
		       const struct lab_src *src, struct lab_iface **ret, struct lab_err *err);

/**
 * lab_topo_add_addr() - Add an address to an interface
 * @iface:	interface
 * @addr:	address with its prefix length; copied
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL not usable on an interface, -EEXIST there already, -E2BIG too many.
 */
int lab_topo_add_addr(struct lab_iface *iface, const struct lab_addr *addr, struct lab_err *err);

/**
 * lab_topo_add_route() - Add a static route to a host
 * @topo:	topology
 * @host:	index of the host
 * @dst:	destination
 * @via:	gateway
 * @src:	the element; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL families differ, -E2BIG.
 */
int lab_topo_add_route(struct lab_topo *topo, size_t host, const struct lab_addr *dst,
		       const struct lab_addr *via, const struct lab_src *src, struct lab_err *err);

/**
 * lab_topo_finish() - Name interfaces, give out addresses, check the whole
 * @topo:	topology
 * @note:	hears oddities; may be NULL
 * @user:	for @note
 * @err:	filled on failure; may be NULL
 *
 * Interface names: the id itself if it is a possible name that begins with a letter (not "lo", "all", "default"), else "eth" and the
 * id if that is one, else "eth" and the position; made unique. MACs: 52:54:01:00:00:01 onwards in document order (as
 * LNST's default pool), skipping those given. Automatic addresses: network i gets the i-th subnet of each pool (IPv4 /24, shorter when it
 * has more than 250 ports, 31-bit never; IPv6 /64), port p gets host number p + 1; subnets that a recipe uses
 * itself are skipped. Deterministic. A gateway that is on no subnet of its host is an error.
 * Return: 0 or -errno. Errors: -EEXIST one MAC at two interfaces of one network, -ERANGE pool exhausted,
 * -ENETUNREACH gateway not reachable, -EINVAL.
 */
int lab_topo_finish(struct lab_topo *topo, lab_topo_note_fn note, void *user, struct lab_err *err);

/**
 * lab_topo_find_host() - Look a host up
 * @topo:	topology
 * @id:		name
 *
 * Return: its index, or -ENOENT.
 */
long lab_topo_find_host(const struct lab_topo *topo, const char *id);

/**
 * lab_topo_find_iface() - Look an interface up
 * @host:	host
 * @id:		name in the recipe
 *
 * Return: the interface (borrowed) or NULL.
 */
struct lab_iface *lab_topo_find_iface(const struct lab_host *host, const char *id);

/**
 * lab_topo_to_json() - Write a topology as JSON
 * @topo:	finished topology
 *
 * {"name", "networks": [{"label", "ports": [{"host", "iface"}]}], "hosts": [{"id", "forwarding", "limits": {"memory", "cpus"}, "interfaces":
 * [{"id", "name", "network", "mac", "mtu", "addresses": ["10.0.0.1/24"], "peers": [{"host", "iface"}]}], "routes": [{"to", "via"}]}]}.
 * "peers" is only there for networks of at most 16 ports, "limits" only with those that the host has: bytes, and a number with a
 * fraction.
 * Return: new reference, or NULL when out of memory.
 */
json_t *lab_topo_to_json(const struct lab_topo *topo);

/**
 * lab_topo_hosts_file() - The /etc/hosts that every host of the lab gets
 * @topo:	finished topology
 * @ret:	text, on success; caller frees with free(3)
 *
 * localhost lines, then one line for each address: the first addresses of a host are named by its id, all of them also
 * "<id>-<interface id>".
 * Return: 0 or -ENOMEM. Source: hosts(5).
 */
int lab_topo_hosts_file(const struct lab_topo *topo, char **ret);

#endif
