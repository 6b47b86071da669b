/* SPDX-License-Identifier: GPL-2.0-or-later */
/* match.h - from a recipe to a topology: a container for each host, made to fit */
#ifndef CONTROLLER_MATCH_MATCH_H
#define CONTROLLER_MATCH_MATCH_H

#include "controller/match/search.h"
#include "controller/recipe/recipe.h"
#include "netlab/topo/topo.h"

/**
 * DOC: matching
 *
 * A recipe says what it needs, a topology says what will be built. Hosts and interfaces keep their
 * order, so that an index into ctl_recipe.hosts is an index into lab_topo.hosts, and the same for
 * interfaces.
 *
 * Requirements (params) that a container can be built to: for a host memory, cpus, pids, backend, image, and
 * what its backend knows beside (netlab/backend/backend.h); for an interface mtu, hwaddr and driver ("veth"). A requirement with an empty value is met by every machine. Any other one no container
 * meets, and that is an error that names it.
 *
 * With machines of a pool (search.h) the requirements are met already. A machine that is described as a container (backend =
 * native) is made as it is described: memory and cpus of it, mtu and hwaddr of its interfaces.
 */

/**
 * struct ctl_made_of - what hosts that do not say themselves are made by and of; zeroed = as the recipe says
 * @backend:	as in backend.h
 * @image:	name of an image
 */
struct ctl_made_of {
	const char *backend, *image;
};

/**
 * ctl_match_topo() - Make the topology of a recipe, one container for each host
 * @recipe:	recipe (borrowed; the topology's places borrow its file names, so it must outlive
 *		the topology)
 * @lab_name:	name of the lab; NULL = the recipe's
 * @command:	what the command line says of hosts; NULL = nothing
 * @match:	machines of a pool, all of them containers (borrowed for the call); NULL = none
 * @ret:	finished topology, on success; free with lab_topo_free()
 * @diag:	errors and notes are added, sorted; must not be NULL
 *
 * Return: 0 or -errno; on failure @diag has at least one error (but when out of memory perhaps
 * none). Errors: -EINVAL no machine for a requirement, an address or route that cannot be; -ENOMEM.
 */
int ctl_match_topo(const struct ctl_recipe *recipe, const char *lab_name,
		   const struct ctl_made_of *command, const struct ctl_match *match,
		   struct lab_topo **ret, struct ctl_diag *diag);

/**
 * ctl_match_scope() - Answer a recipe's functions from a topology
 * @topo:	finished topology of the recipe (borrowed as long as @ret is used)
 * @ret:	written; for ctl_value_expand()
 */
void ctl_match_scope(const struct lab_topo *topo, struct ctl_scope *ret);

#endif
