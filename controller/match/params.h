/* SPDX-License-Identifier: GPL-2.0-or-later */
/* params.h - requirements on hosts and interfaces, and which of them a container can be built to */
#ifndef CONTROLLER_MATCH_PARAMS_H
#define CONTROLLER_MATCH_PARAMS_H

#include "controller/match/match.h"
#include "controller/recipe/pool.h"
#include "controller/recipe/recipe.h"
#include "netlab/topo/topo.h"

/**
 * ctl_params_apply_host() - Build a host to its requirements
 * @recipe:	its recipe
 * @from:	host of the recipe
 * @command:	what the command line says of hosts that do not say themselves
 * @to:		changed: its limits, backend, image and settings
 * @diag:	those that no container can be built to, or with a value that makes no sense
 */
void ctl_params_apply_host(const struct ctl_recipe *recipe, const struct ctl_host *from,
			   const struct ctl_made_of *command, struct lab_host *to,
			   struct ctl_diag *diag);

/**
 * ctl_params_apply_iface() - Build an interface to its requirements
 * @host:	its host, for messages
 * @from:	interface of the recipe
 * @to:		changed: MTU and Ethernet address
 * @diag:	those that no container can be built to, or with a value that makes no sense
 */
void ctl_params_apply_iface(const struct ctl_host *host, const struct ctl_iface *from,
			    struct lab_iface *to, struct ctl_diag *diag);

/**
 * ctl_params_apply_machine() - Build a host as a machine of a pool is described
 * @from:	machine
 * @to:		changed: its limits
 * @diag:	values that make no sense; params that say nothing to a container are left alone
 */
void ctl_params_apply_machine(const struct ctl_machine *from, struct lab_host *to,
			      struct ctl_diag *diag);

/**
 * ctl_params_apply_nic() - Build an interface as a NIC of a pool is described
 * @machine:	its machine, for messages
 * @from:	NIC
 * @to:		changed: MTU and Ethernet address
 * @diag:	values that make no sense; params that say nothing to a container are left alone
 */
void ctl_params_apply_nic(const struct ctl_machine *machine, const struct ctl_iface *from,
			  struct lab_iface *to, struct ctl_diag *diag);

#endif
