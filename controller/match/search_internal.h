/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search_internal.h - what the search and its explanations share */
#ifndef CONTROLLER_MATCH_SEARCH_INTERNAL_H
#define CONTROLLER_MATCH_SEARCH_INTERNAL_H

#include "controller/match/search.h"
#include "controller/recipe/arena.h"

/**
 * struct ctl_search_var - a choice: the machine of a host, or the NIC of an interface
 * @host:	index of the host
 * @iface:	index of the interface; CTL_NONE: it is the machine
 * @at:		next candidate
 * @chosen:	candidate that is chosen
 * @bound:	NIC: this choice has bound its two labels to each other
 */
struct ctl_search_var {
	size_t host, iface, at, chosen;
	bool bound;
};

/**
 * struct ctl_search - a search
 * @recipe:	recipe
 * @pool:	pool
 * @arena:	all of it
 * @labels:	by host and interface: number of the label
 * @n_labels:	labels of the recipe
 * @pool_labels: by machine and NIC: number of the label
 * @n_pool_labels: labels of the pool
 * @to_pool:	by label of the recipe: that of the pool, or CTL_NONE
 * @to_recipe:	by label of the pool: that of the recipe, or CTL_NONE
 * @fits:	by host and machine: the host could be the machine, alone
 * @vars:	choices in order
 * @n_vars:	how many
 * @pos:	next choice to make
 * @machine_used: by machine
 * @nic_used:	by machine and NIC
 * @steps:	taken for this match
 * @steps_max:	allowed
 * @match:	what is chosen; complete when a match was found
 * @best:	the partial match that got furthest
 * @best_pos:	how many choices that is
 * @prepared:	the cheap tests are done
 * @done:	there is no further match
 */
struct ctl_search {
	const struct ctl_recipe *recipe;
	const struct ctl_pool *pool;
	struct ctl_arena *arena;
	size_t **labels, n_labels;
	size_t **pool_labels, n_pool_labels;
	size_t *to_pool, *to_recipe;
	bool *fits;
	struct ctl_search_var *vars;
	size_t n_vars, pos;
	bool *machine_used, **nic_used;
	uint64_t steps, steps_max;
	struct ctl_match match, best;
	size_t best_pos;
	bool prepared, done;
};

/**
 * ctl_search_param_fails() - Find the first requirement that is not met
 * @wanted:	params of the recipe
 * @n_wanted:	how many
 * @have:	params of the machine or NIC
 * @n_have:	how many
 * @steps:	counted up
 *
 * Return: the requirement, or NULL when all are met.
 */
const struct ctl_param *ctl_search_param_fails(const struct ctl_param *wanted, size_t n_wanted,
					       const struct ctl_param *have, size_t n_have,
					       uint64_t *steps);

/**
 * ctl_search_nic_fits() - Does a NIC meet the requirements of an interface?
 * @iface:	interface of the recipe
 * @nic:	NIC
 * @steps:	counted up
 *
 * Return: true if so; labels do not count.
 */
bool ctl_search_nic_fits(const struct ctl_iface *iface, const struct ctl_iface *nic,
			 uint64_t *steps);

/**
 * ctl_search_is_nic() - Must this interface of a recipe be a NIC?
 * @iface:	interface of the recipe
 *
 * Return: true for an eth; all others are made of software.
 */
bool ctl_search_is_nic(const struct ctl_iface *iface);

#endif
