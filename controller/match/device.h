/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.h - interfaces of a recipe that are no eth, and what all of them lie on, as parts of a topology */
#ifndef CONTROLLER_MATCH_DEVICE_H
#define CONTROLLER_MATCH_DEVICE_H

#include "controller/recipe/recipe.h"
#include "netlab/topo/topo.h"

/**
 * ctl_device_add() - Add an interface to the topology, with its namespace, its slaves, and the address and MTU that its options give
 * @topo:	topology with the interfaces before this one
 * @host:	host of the recipe
 * @h:		its index, and that of the topology's host
 * @i:		index of the interface in both
 * @ret:	the interface, on success; its other options are missing still
 * @err:	filled on failure, with the place; may be NULL
 *
 * Return: 0 or -errno.
 */
int ctl_device_add(struct lab_topo *topo, const struct ctl_host *host, size_t h, size_t i,
		   struct lab_iface **ret, struct lab_err *err);

/**
 * ctl_device_set_options() - Evaluate the options of an interface, its slaves and its netem, and check them
 * @topo:	finished topology: functions in the options ask for its names and addresses
 * @host:	host of the recipe
 * @h:		its index, and that of the topology's host
 * @i:		index of the interface in both
 * @scope:	answers functions
 * @err:	filled on failure, with the place; may be NULL
 *
 * Return: 0 or -errno.
 */
int ctl_device_set_options(struct lab_topo *topo, const struct ctl_host *host, size_t h, size_t i,
			   const struct ctl_scope *scope, struct lab_err *err);

#endif
