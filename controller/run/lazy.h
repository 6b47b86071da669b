/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lazy.h - functions whose answers follow what commands do to the interfaces of their hosts */
#ifndef CONTROLLER_RUN_LAZY_H
#define CONTROLLER_RUN_LAZY_H

#include "controller/recipe/recipe.h"
#include "netlab/keeper/client.h"

/**
 * DOC: when the lab is asked
 *
 * What the recipe says of an interface is true until something runs in its host. From then on names
 * and MAC addresses are asked for whenever a function needs them: a command may have changed them.
 * Addresses are those of the recipe, whatever commands do, until netlab itself changes them for a
 * task. So a recipe without functions never asks, and one that only uses addresses neither.
 */

/**
 * struct ctl_lazy - a scope before another one
 * @scope:	answers functions
 * @base:	answers as long as nothing has changed (borrowed)
 * @recipe:	names of hosts and interfaces (borrowed)
 * @client:	the lab (borrowed)
 */
struct ctl_lazy {
	struct ctl_scope scope;
	const struct ctl_scope *base;
	const struct ctl_recipe *recipe;
	struct lab_client *client;
	/* private: what may have changed, one byte a host */
	unsigned char *changed;
};

enum ctl_change {
	CTL_CHANGE_LINK = 1,  /* a command ran: names, MAC addresses */
	CTL_CHANGE_ADDRS = 2, /* a task changed addresses */
};

/**
 * ctl_lazy_init() - Put a scope before another one
 * @lazy:	written; stays where it is as long as its scope is used
 * @base:	answers what has not changed
 * @recipe:	recipe
 * @client:	lab
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_lazy_init(struct ctl_lazy *lazy, const struct ctl_scope *base,
		  const struct ctl_recipe *recipe, struct lab_client *client);

/**
 * ctl_lazy_fini() - Release it
 * @lazy:	may be zeroed
 */
void ctl_lazy_fini(struct ctl_lazy *lazy);

/**
 * ctl_lazy_change() - Something ran in a host
 * @lazy:	scope
 * @host:	index of the host
 * @change:	what it may have changed
 */
void ctl_lazy_change(struct ctl_lazy *lazy, size_t host, enum ctl_change change);

#endif
