/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.h - what the kernel can make, found out by making it in a network namespace that is thrown away */
#ifndef NETLAB_NS_PROBE_H
#define NETLAB_NS_PROBE_H

#include <stdint.h>

#include "netlab/nl/kind.h"

/* What can be asked for: each link kind by its own number, and then: */
enum lab_probe_item {
	LAB_PROBE_NETEM = LAB_LINK_KIND_MAX_, /* network emulation */
	LAB_PROBE_VLAN_FILTERING,             /* VLANs of bridges */
	LAB_PROBE_OPENVSWITCH,                /* datapath of Open vSwitch */
	LAB_PROBE_MAX_,
};

#define LAB_PROBE_BIT(item) (UINT64_C(1) << (item)) /* of a link kind or an enum lab_probe_item */
#define LAB_PROBE_ALL       (LAB_PROBE_BIT(LAB_PROBE_MAX_) - 1)

/**
 * struct lab_probe - what is known about the kernel; zeroed at first, kept by who asks more than once
 * @known:	bits of what has been found out
 * @missing:	those of them that the kernel cannot make
 */
struct lab_probe {
	uint64_t known, missing;
};

/**
 * lab_probe() - Find out what the kernel can make
 * @probe:	updated; what is known already is not asked again
 * @want:	LAB_PROBE_BIT()s
 * @err:	filled on failure; may be NULL
 *
 * Each thing is really made, in a child with a network namespace of its own (and a user namespace if the caller may not make the other
 * alone), so that a kernel module that can be loaded counts as there. Modules that are loaded stay loaded; some of them put
 * a first link of theirs (bond0, dummy0, ifb0) into the machine's own namespace, as they do for everybody.
 * Context: forks once, 1 ms and more; blocks until the child has ended, 60 s at most. Single-threaded caller.
 * Return: 0 or -errno: it could not be found out. Errors: -EPERM no namespaces, -ETIMEDOUT.
 */
int lab_probe(struct lab_probe *probe, uint64_t want, struct lab_err *err);

/**
 * lab_probe_name() - What an item is called
 * @item:	link kind or enum lab_probe_item
 *
 * Return: "link kind bond", "network emulation (netem)" and so on; static.
 */
const char *lab_probe_name(unsigned int item);

/**
 * lab_probe_config() - Kernel option that brings an item
 * @item:	link kind or enum lab_probe_item
 *
 * Return: name without CONFIG_; static.
 */
const char *lab_probe_config(unsigned int item);

/**
 * lab_probe_module() - Find out whether the kernel has a module, and have it loaded
 * @name:	as modprobe(8) knows it
 *
 * As with link kinds, whoever needs it causes it to be loaded: the kernel does it for root, for nobody else.
 * Return: true if it is there.
 * Source: netdevice(7), request_module() in the kernel's dev_load().
 */
bool lab_probe_module(const char *name);

#endif
