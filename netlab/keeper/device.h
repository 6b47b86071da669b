/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.h - interfaces of a host that are joined to no network: made, changed and taken away by the keeper */
#ifndef NETLAB_KEEPER_DEVICE_H
#define NETLAB_KEEPER_DEVICE_H

#include "netlab/keeper/keeper_internal.h"

/**
 * DOC: devices
 *
 * An interface is made by the keeper's own netlink socket in the namespace of what it lies on, and born in its final one. Ports are
 * attached while they are down; they come up with everything else of their namespace. Two kinds are made by programs that the keeper
 * runs in the host: teams by teamd(8), bridges of Open vSwitch by its daemons. Their links are looked up by name afterwards.
 */

/**
 * lab_device_make() - Make an interface that is neither an eth nor one end of a pair
 * @k:		keeper; its host and what the interface lies on are there
 * @host:	index of the host
 * @index:	index of the interface
 * @err:	filled on failure, with the place if it is an option or a slave; may be NULL
 *
 * It is down afterwards. Bonds, tunnels and internal ports of Open vSwitch are made with their bridge.
 * Context: runs the loop for what a program makes.
 * Return: 0 or -errno.
 */
int lab_device_make(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err);

/**
 * lab_device_netem() - Let an interface emulate a network
 * @k:		keeper
 * @host:	index of the host
 * @index:	index of the interface, which is there
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_device_netem(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err);

/**
 * lab_device_make_team() - Make a team with its ports, by teamd(8) in the host
 * @k:		keeper; what the team lies on is there, and down
 * @host:	index of the host
 * @index:	index of the interface
 * @err:	filled on failure; may be NULL
 *
 * Context: waits for the host's agent, and runs the loop.
 * Return: 0 or -errno. Source: teamd.conf(5).
 */
int lab_device_make_team(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err);

/**
 * lab_device_make_ovs() - Make a bridge of Open vSwitch with its ports
 * @k:		keeper; what the bridge has as ports is there
 * @host:	index of the host
 * @index:	index of the interface
 * @err:	filled on failure; may be NULL
 *
 * The daemons are started with the first bridge of a namespace; their database and sockets are the host's own.
 * Context: waits for the host's agent, and runs the loop.
 * Return: 0 or -errno. Source: ovs-vsctl(8), ovs-vswitchd.conf.db(5).
 */
int lab_device_make_ovs(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err);

/**
 * lab_device_find() - Note the index of an interface that a program has made
 * @k:		keeper; its socket for hosts is in the namespace afterwards
 * @host:	index of the host
 * @index:	index of the interface
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENODEV there is none of its name.
 */
int lab_device_find(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err);

/**
 * lab_device_place() - Point the keeper's socket for hosts at the namespace of an interface
 * @k:		keeper
 * @host:	index of the host
 * @netns:	as lab_iface.netns
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_device_place(struct lab_keeper *k, uint32_t host, unsigned int netns, struct lab_err *err);

/**
 * lab_device_attach() - Make an interface a port of another one, with its options as a port
 * @k:		keeper whose socket is in their namespace
 * @host:	index of the host
 * @master:	index of the master
 * @slave:	what becomes a port
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_device_attach(struct lab_keeper *k, uint32_t host, uint32_t master,
		      const struct lab_slave *slave, struct lab_err *err);

/**
 * struct lab_device_lookup - whose interfaces options may name
 * @k:		keeper
 * @host:	index of the host
 * @netns:	as lab_iface.netns
 */
struct lab_device_lookup {
	struct lab_keeper *k;
	uint32_t host;
	unsigned int netns;
};

/**
 * lab_device_ifindex_of() - The index of an interface by its id, for struct lab_link_options
 * @data:	struct lab_device_lookup
 * @id:		id in the recipe
 *
 * Return: index, or 0 if there is none in the namespace.
 */
int lab_device_ifindex_of(void *data, const char *id);

#endif
