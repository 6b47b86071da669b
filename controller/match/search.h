/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search.h - find the machines of a pool that a recipe's hosts can be */
#ifndef CONTROLLER_MATCH_SEARCH_H
#define CONTROLLER_MATCH_SEARCH_H

#include "controller/recipe/pool.h"
#include "controller/recipe/recipe.h"
#include "netlab/base/strbuf.h"

/**
 * DOC: the search
 *
 * A match gives each host of a recipe a machine of its own, and each eth of it a NIC of that machine, so that
 *  - every param of the recipe that has a value is a param of the machine or NIC with the same value (hwaddr and memory are
 *    compared as what they mean, all others as text);
 *  - interfaces with one label in the recipe are on NICs with one label in the pool, and those with different labels on
 *    different ones: the labels are a bijection.
 *
 * Matches are found by backtracking, in a fixed order: hosts and interfaces as in the recipe, machines by name, NICs as in their
 * file. Work is counted in steps, a comparison of two params or labels each, and bounded: a search that takes more is
 * given up with an error. Cheap tests come first: can each host be one of the machines alone, can all of them be
 * different ones, and has the pool so many networks?
 */
#define CTL_SEARCH_STEPS_MAX 20000000u /* for one match; less than a second */
#define CTL_NONE             SIZE_MAX

/**
 * struct ctl_match_host - what a host of the recipe is in a match
 * @machine:	index into ctl_pool.machines; CTL_NONE in a partial match
 * @nics:	by interface of the host: index into ctl_machine.nics; CTL_NONE for what is no eth
 */
struct ctl_match_host {
	size_t machine;
	size_t *nics;
};

/**
 * struct ctl_match - a match
 * @recipe:	recipe (borrowed)
 * @pool:	pool (borrowed)
 * @number:	of the match, from 1
 * @hosts:	by host of the recipe
 */
struct ctl_match {
	const struct ctl_recipe *recipe;
	const struct ctl_pool *pool;
	unsigned int number;
	struct ctl_match_host *hosts;
};

struct ctl_search;

/**
 * ctl_search_new() - Prepare a search
 * @recipe:	recipe (borrowed as long as the search)
 * @pool:	pool (borrowed as long as the search)
 * @steps_max:	steps for one match; 0 = CTL_SEARCH_STEPS_MAX
 * @ret:	on success; free with ctl_search_free()
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_search_new(const struct ctl_recipe *recipe, const struct ctl_pool *pool, uint64_t steps_max,
		   struct ctl_search **ret);

/**
 * ctl_search_next() - Find the next match
 * @s:		search
 * @ret:	on success, borrowed until the next call
 * @err:	filled on failure; may be NULL
 *
 * Return: 1 a match, 0 there is no further one, or -errno. Errors: -E2BIG too many steps.
 */
int ctl_search_next(struct ctl_search *s, const struct ctl_match **ret, struct lab_err *err);

/**
 * ctl_search_best() - The partial match that got furthest
 * @s:		search that has found nothing
 *
 * Return: match whose last hosts may have no machine (borrowed as long as the search); its number is 0.
 */
const struct ctl_match *ctl_search_best(const struct ctl_search *s);

/**
 * ctl_search_networks() - Count the networks: a recipe that has more than a pool cannot match
 * @s:		search
 * @ret_recipe:	written: those of the recipe that need NICs
 * @ret_pool:	written: those of the pool
 */
void ctl_search_networks(const struct ctl_search *s, size_t *ret_recipe, size_t *ret_pool);

/**
 * ctl_search_stuck() - Is this one of the hosts that keep the recipe from matching?
 * @s:		search that has found nothing
 * @host:	index of the host
 *
 * Those are the hosts that no machine could be even if they were alone; where there is none, the first one for which nothing was left.
 * Return: true if so.
 */
bool ctl_search_stuck(const struct ctl_search *s, size_t host);

/**
 * ctl_search_why() - Say why a machine cannot be a host
 * @s:		search
 * @host:	index of the host
 * @machine:	index of the machine
 * @sb:		appended: the first requirement that fails; of a machine that could be the host alone, what is in the way in
 *		the best partial match
 *
 * Return: true if something failed; false if nothing is known that does.
 */
bool ctl_search_why(const struct ctl_search *s, size_t host, size_t machine, struct lab_strbuf *sb);

/**
 * ctl_search_free() - Release a search
 * @s:		may be NULL
 */
void ctl_search_free(struct ctl_search *s);

#endif
