/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live.h - answer a recipe's functions from a lab that runs already */
#ifndef CONTROLLER_RUN_LIVE_H
#define CONTROLLER_RUN_LIVE_H

#include "controller/recipe/recipe.h"
#include "netlab/rpc/json.h"

struct ctl_live;

/**
 * ctl_live_new() - Find a recipe's hosts and interfaces in a running lab
 * @recipe:	recipe (borrowed as long as the result)
 * @lab:	name of the lab, for messages (borrowed as long as the result)
 * @topology:	the lab's topology as lab_topo_to_json() writes it; a reference is taken
 * @ret:	on success; free with ctl_live_free()
 * @diag:	an error is added for each host of the recipe that the lab does not have
 *
 * Return: 0 or -errno. Errors: -ENOENT a host is missing, -EBADMSG not a topology, -ENOMEM.
 */
int ctl_live_new(const struct ctl_recipe *recipe, const char *lab, json_t *topology,
		 struct ctl_live **ret, struct ctl_diag *diag);

/**
 * ctl_live_free() - Release it
 * @live:	may be NULL
 */
void ctl_live_free(struct ctl_live *live);

/**
 * ctl_live_scope() - Answer functions from it
 * @live:	as long as @ret is used
 * @ret:	written; a function fails with -ENOENT when the lab's host has no such interface or
 *		address
 */
void ctl_live_scope(struct ctl_live *live, struct ctl_scope *ret);

#endif
