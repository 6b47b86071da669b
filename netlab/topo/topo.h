/* SPDX-License-Identifier: GPL-2.0-or-later */
/* topo.h - the topology: hosts, interfaces, networks, addresses; plain data, no privileges needed */
#ifndef NETLAB_TOPO_TOPO_H
#define NETLAB_TOPO_TOPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/addr.h"
#include "netlab/base/err.h"
#include "netlab/nl/kind.h"
#include "netlab/nl/netem.h"
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
#define LAB_TOPO_NETNS_MAX  16u   /* further network namespaces of one host */
#define LAB_TOPO_SLAVES_MAX 250u  /* of one interface */
#define LAB_NETNS_LEN       32u   /* of a namespace's name, with its NUL */
#define LAB_IFNAME_LEN      16u   /* IFNAMSIZ */
#define LAB_NETWORK_NONE    SIZE_MAX
#define LAB_IFACE_NONE      SIZE_MAX
#define LAB_MTU_MIN         68u
#define LAB_MTU_MAX         65535u

enum lab_iface_kind {
	LAB_IFACE_ETH,  /* joined to a network: one end of a veth */
	LAB_IFACE_PAIR, /* one end of a veth whose other end is in the same host */
	LAB_IFACE_LINK, /* made by the kernel, of the kind that lab_iface.link names */
	LAB_IFACE_OVS_BRIDGE,
	LAB_IFACE_OVS_BOND, /* several interfaces as one port of an Open vSwitch bridge; no interface itself */
	LAB_IFACE_OVS_TUNNEL,   /* port of an Open vSwitch bridge; no interface itself */
	LAB_IFACE_OVS_INTERNAL, /* port of an Open vSwitch bridge, and an interface of the host */
	LAB_IFACE_KIND_MAX_,
};

/**
 * struct lab_slave - an interface that another one lies on or that is a port of it
 * @iface:	its index in the same host; smaller than that of its master
 * @options:	what it is to be as a port; owned, their texts too
 * @n_options:	how many
 * @src:	the element
 */
struct lab_slave {
	size_t iface;
	struct lab_option *options;
	size_t n_options;
	struct lab_src src;
};

/**
 * struct lab_iface - one interface of a host
 * @id:		name in the recipe, unique in its host
 * @name:	name in the host ("eth1"); given, or set by lab_topo_finish()
 * @kind:	what it is
 * @link:	LINK: its kind
 * @network:	ETH: index into lab_topo.networks; else LAB_NETWORK_NONE
 * @port:	ETH: position among the ports of that network, from 0, in document order; set by lab_topo_finish()
 * @peer:	PAIR: index of the other end; else LAB_IFACE_NONE
 * @netns:	0 = the host's own namespace, else 1 + index into lab_host.netns
 * @master:	whose port it is: index of another interface, or LAB_IFACE_NONE; set by lab_topo_finish()
 * @mac:	Ethernet address; all zero = to be given by lab_topo_finish(), where the kind has one that can be chosen
 * @mac_given:	it has to be told to the kernel; else @mac is what the kernel makes it; set by lab_topo_finish()
 * @mtu_bytes:	L3 MTU in bytes; 0 = the kernel's default
 * @auto_addrs:	ETH: give it one IPv4 and one IPv6 address of the topology's pools, unless it is a port of another one
 * @addrs:	addresses with prefix length, in document order; automatic ones are added by lab_topo_finish()
 * @n_addrs:	how many
 * @options:	of its kind, in document order; owned, their texts too
 * @n_options:	how many
 * @slaves:	what it lies on, or its ports
 * @n_slaves:	how many
 * @netem:	network emulation on what it sends: "delay.time" and so on; owned, their texts too
 * @n_netem:	how many
 * @src:	the element
 */
struct lab_iface {
	char *id;
	char name[LAB_IFNAME_LEN];
	enum lab_iface_kind kind;
	enum lab_link_kind link;
	size_t network;
	unsigned int port;
	size_t peer;
	unsigned int netns;
	size_t master;
	uint8_t mac[LAB_MAC_LEN];
	bool mac_given;
	unsigned int mtu_bytes;
	bool auto_addrs;
	struct lab_addr *addrs;
	size_t n_addrs;
	struct lab_option *options;
	size_t n_options;
	struct lab_slave *slaves;
	size_t n_slaves;
	struct lab_option *netem;
	size_t n_netem;
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
 * @forwarding:	it routes IPv4 and IPv6, in all its network namespaces
 * @limits:	what it may use
 * @backend:	what makes its container, as in backend.h; NULL = netlab itself (native)
 * @image:	what its root is made from; NULL = the machine's own files
 * @settings:	what is said to the backend beside that
 * @n_settings:	how many
 * @netns:	names of its further network namespaces
 * @n_netns:	how many
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
	char *backend, *image;
	struct lab_option *settings;
	size_t n_settings;
	char (*netns)[LAB_NETNS_LEN];
	size_t n_netns;
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
 * lab_topo_check_host() - Could a host have this name
 * @topo:	topology
 * @id:		name
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL bad id, -EEXIST id taken.
 */
int lab_topo_check_host(const struct lab_topo *topo, const char *id, struct lab_err *err);

/**
 * lab_topo_rename_host() - Give a host another name
 * @topo:	topology
 * @index:	which
 * @id:		new name; copied
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno, as lab_topo_check_host().
 */
int lab_topo_rename_host(struct lab_topo *topo, size_t index, const char *id, struct lab_err *err);

/**
 * lab_topo_drop_host() - Forget a host
 * @topo:	finished topology
 * @index:	which
 *
 * Others keep their indices: it becomes an empty place with the id "", which still tells its backend and image.
 */
void lab_topo_drop_host(struct lab_topo *topo, size_t index);

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
 * lab_topo_add_device() - Add an interface that is joined to no network
 * @topo:	topology
 * @host:	index of the host
 * @id:		name in the recipe, unique in the host; copied
 * @kind:	any but ETH
 * @link:	LINK: its kind; else ignored
 * @src:	the element; may be NULL
 * @ret:	the interface, on success; valid until the next one is added to this host
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EEXIST id taken, -E2BIG too many, -EINVAL empty id.
 */
int lab_topo_add_device(struct lab_topo *topo, size_t host, const char *id,
			enum lab_iface_kind kind, enum lab_link_kind link,
			const struct lab_src *src, struct lab_iface **ret, struct lab_err *err);

/**
 * lab_topo_add_netns() - A further network namespace of a host, made when it is new
 * @topo:	topology
 * @host:	index of the host
 * @name:	letters, digits, '-', '_', '.'; begins with a letter or digit; less than LAB_NETNS_LEN bytes; copied
 * @ret:	for lab_iface.netns
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL bad name, -E2BIG too many.
 */
int lab_topo_add_netns(struct lab_topo *topo, size_t host, const char *name, unsigned int *ret,
		       struct lab_err *err);

/**
 * lab_topo_find_netns() - Look a network namespace of a host up
 * @host:	host
 * @name:	its name; NULL = the host's own
 *
 * Return: as for lab_iface.netns, or -ENOENT.
 */
int lab_topo_find_netns(const struct lab_host *host, const char *name);

/**
 * lab_topo_add_option() - Add an option to one of the lists of an interface
 * @list:	lab_iface.options, .netem, or lab_slave.options; grown
 * @n:		how many are in it; increased on success
 * @name:	name; copied
 * @value:	text; copied
 * @src:	where it stands; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -E2BIG too many, -ENOMEM.
 */
int lab_topo_add_option(struct lab_option **list, size_t *n, const char *name, const char *value,
			const struct lab_src *src, struct lab_err *err);

/**
 * lab_topo_add_slave() - Let an interface lie on another one of its host, or have it as a port
 * @host:	host
 * @iface:	index of the upper one
 * @id:		id of the lower one, which was added before
 * @src:	the element; may be NULL
 * @ret:	on success; valid until the next one is added; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOENT no such interface before this one, -EEXIST there already, -E2BIG too many.
 */
int lab_topo_add_slave(struct lab_host *host, size_t iface, const char *id,
		       const struct lab_src *src, struct lab_slave **ret, struct lab_err *err);

/**
 * lab_topo_free_options() - Release a list of options
 * @options:	from lab_topo_add_option(); may be NULL
 * @n:		how many
 */
void lab_topo_free_options(struct lab_option *options, size_t n);

/**
 * lab_topo_settle_iface() - Give an interface that is added to a finished topology what lab_topo_finish() would give it
 * @topo:	finished topology
 * @host:	index of the host
 * @index:	the last interface of the host
 *
 * Its name, its port of a network, its slaves' master; an Ethernet address only if it is an eth: what the kernel makes has the
 * kernel's.
 */
void lab_topo_settle_iface(struct lab_topo *topo, size_t host, size_t index);

/**
 * lab_topo_drop_iface() - Forget an interface
 * @host:	host of a finished topology
 * @index:	which
 *
 * Others keep their indices: one that is not the last becomes an empty place, with the id "".
 */
void lab_topo_drop_iface(struct lab_host *host, size_t index);

/**
 * lab_iface_kind_name() - What an interface is
 * @iface:	interface
 *
 * Return: as in recipes: "eth", "veth", "bond", ..., "ovs_bridge", "ovs_bond", "ovs_tunnel", "ovs_internal"; static storage.
 */
const char *lab_iface_kind_name(const struct lab_iface *iface);

/**
 * lab_iface_is_real() - Is it an interface that the kernel knows
 * @iface:	interface
 *
 * Return: false for bonds and tunnels of Open vSwitch, which are nothing but its ports.
 */
bool lab_iface_is_real(const struct lab_iface *iface);

/**
 * lab_iface_is_loopback() - Is it the loopback of its namespace, which is there without being made
 * @iface:	interface
 *
 * Return: true if so.
 */
bool lab_iface_is_loopback(const struct lab_iface *iface);

/**
 * lab_topo_route_netns() - In which namespace of its host a route belongs
 * @host:	host
 * @route:	one of its routes
 *
 * Return: that of the first interface on whose subnet the gateway is, as lab_iface.netns; 0 if there is none.
 */
unsigned int lab_topo_route_netns(const struct lab_host *host, const struct lab_route *route);

/**
 * lab_iface_option() - Look an option of an interface up
 * @iface:	interface
 * @name:	name
 *
 * Return: text of the last one of that name (borrowed), or NULL.
 */
const char *lab_iface_option(const struct lab_iface *iface, const char *name);

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
 * lab_topo_netem() - What an interface does to what it sends
 * @iface:	interface
 * @ret:	written
 * @err:	filled on failure, with the place of the option; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int lab_topo_netem(const struct lab_iface *iface, struct lab_netem *ret, struct lab_err *err);

/**
 * lab_topo_check_options() - Check the options of an interface, of its slaves, and its netem
 * @host:	host
 * @index:	which interface
 * @err:	filled on failure, with the place; may be NULL
 *
 * Not part of lab_topo_finish(): options may depend on what that gives out.
 * Return: 0 or -EINVAL.
 */
int lab_topo_check_options(const struct lab_host *host, size_t index, struct lab_err *err);

/**
 * lab_topo_check_device() - Check what an interface lies on
 * @host:	host
 * @index:	which interface
 * @err:	filled on failure, with the place; may be NULL
 *
 * lab_topo_finish() does so for all of them and ends at the first error; this is for who wants to know all errors.
 * Return: 0 or -errno. Errors: -EINVAL, -EEXIST a slave has a master already.
 */
int lab_topo_check_device(const struct lab_host *host, size_t index, struct lab_err *err);

/**
 * lab_topo_finish() - Name interfaces, give out addresses, check the whole
 * @topo:	topology
 * @note:	hears oddities; may be NULL
 * @user:	for @note
 * @err:	filled on failure; may be NULL
 *
 * Interface names of ETH: the id itself if it is a possible name that begins with a letter (not "lo", "all", "default"), else "eth" and the
 * id if that is one, else "eth" and the position; made unique. Of the others: as LNST names them, with the first number
 * that is free in the host: t_bond0, t_br0, t_team0, t_macvlan0, <real>.<tci>_0 (vlan; cut to fit), veth0, vti0, t_ip6vti0, vxlan0, gre_0, ipip_0,
 * dummy_0, lo; and macsec_0, vrf_0, wg_0, geneve_0, ip6gre_0, sit_0, ipvlan_0, tun_0, tap_0, ifb_0. MACs: 52:54:01:00:00:01 onwards in document order (as
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
 * {"name", "networks": [{"label", "ports": [{"host", "iface"}]}], "hosts": [{"id", "forwarding", "limits": {"memory", "cpus"}, "backend", "image", "settings": [{"name", "value"}], "interfaces":
 * [{"id", "name", "network", "mac", "mtu", "addresses": ["10.0.0.1/24"], "peers": [{"host", "iface"}]}], "routes": [{"to", "via"}]}]}.
 * "peers" is only there for networks of at most 16 ports, "limits" only with those that the host has: bytes, and a number with a
 * fraction. Each interface has its "kind"; one that is not joined to a network has "network": null. Only where they are not empty: of a host "backend", "image", "settings", "netns": ["blue"]; of an
 * interface "netns", "options": [{"name", "value"}], "slaves": [{"id", "options"}], "master", "netem": {"delay": {"time": "10ms"}}.
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
