/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pools.h - the pools of the command line and the configuration, and a recipe's matches in them */
#ifndef NETLAB_CLI_POOLS_H
#define NETLAB_CLI_POOLS_H

#include "controller/match/match.h"
#include "controller/match/search.h"
#include "controller/recipe/pool.h"
#include "netlab/cli/cli.h"

/* Rows of tables of options: where pools are, and whether to use any. */
#define LAB_POOLS_FROM                                                              \
	{ "config", 'c', "FILE", "read a configuration file, also lnst-ctl.conf" }, \
	{                                                                           \
		"pool", 0, "NAME|FOLDER", "a pool of machines; may be given again"  \
	}
#define LAB_POOLS_OPTIONS                                                                        \
	LAB_POOLS_FROM,                                                                          \
		{ "backend", 0, "NAME", "what makes the containers of hosts that do not say" },  \
		{ "image", 0, "NAME", "what the roots of hosts that do not say are made from" }, \
	{                                                                                        \
		"no-pool", 0, NULL, "make containers, whatever pools there are"                  \
	}

#define LAB_POOLS_MATCHES_MAX 10000u /* that are run or shown with --multi-match */

/**
 * struct lab_pools_args - what the options say; zeroed = nothing
 * @names:	--pool: names or folders, in order
 * @n:		how many
 * @config:	-c, or NULL
 * @none:	--no-pool
 * @made:	--backend, --image
 */
struct lab_pools_args {
	const char **names;
	size_t n;
	const char *config;
	bool none;
	struct ctl_made_of made;
};

/**
 * struct lab_pools - pools in the order in which they are tried; zeroed = none
 * @items:	they
 * @n:		how many
 * @made:	how containers are made whose hosts do not say
 */
struct lab_pools {
	struct ctl_pool **items;
	size_t n;
	struct ctl_made_of made;
};

/**
 * struct lab_pools_found - a match; zeroed = none
 * @search:	owns the match
 * @match:	it; its pool is NULL when there is none
 * @more:	there is a further one
 */
struct lab_pools_found {
	struct ctl_search *search;
	struct ctl_match match;
	bool more;
};

/**
 * lab_pools_option() - Take an option if it is one of LAB_POOLS_FROM or LAB_POOLS_OPTIONS
 * @cli:	command line
 * @name:	its name
 * @arg:	its argument
 * @args:	changed
 * @ret:	written when it is: 0, or an exit code after having printed why
 *
 * Return: true if it is.
 */
bool lab_pools_option(const struct lab_cli *cli, const char *name, const char *arg,
		      struct lab_pools_args *args, int *ret);

/**
 * lab_pools_args_fini() - Release what the options said
 * @args:	may be zeroed; left zeroed
 */
void lab_pools_args_fini(struct lab_pools_args *args);

/**
 * lab_pools_open() - Read the configuration and the pools
 * @cli:	command line, for errors
 * @args:	options
 * @ret:	written, empty on failure; release with lab_pools_fini()
 *
 * Without --pool these are all pools of the configuration.
 * Return: 0 or an exit code, after having printed why.
 */
int lab_pools_open(const struct lab_cli *cli, const struct lab_pools_args *args,
		   struct lab_pools *ret);

/**
 * lab_pools_fini() - Release pools
 * @pools:	may be zeroed; left zeroed
 */
void lab_pools_fini(struct lab_pools *pools);

/**
 * lab_pools_match() - Find a match of a recipe in pools, one pool after the other
 * @pools:	pools (borrowed as long as @ret)
 * @recipe:	recipe (borrowed as long as @ret)
 * @number:	which match, from 1
 * @ret:	written, zeroed where there is none; release with lab_pools_found_fini()
 * @err:	filled on failure; may be NULL
 *
 * Return: 1, 0 when there are not so many, or -errno. Errors: -E2BIG the search was given up.
 */
int lab_pools_match(const struct lab_pools *pools, const struct ctl_recipe *recipe,
		    unsigned int number, struct lab_pools_found *ret, struct lab_err *err);

/**
 * lab_pools_found_fini() - Release a match
 * @found:	may be zeroed; left zeroed
 */
void lab_pools_found_fini(struct lab_pools_found *found);

/**
 * lab_pools_describe() - Write a match as text
 * @match:	match
 * @sb:		appended: "h1 = m1 (eth0 = 1), h2 = m2"
 */
void lab_pools_describe(const struct ctl_match *match, struct lab_strbuf *sb);

/**
 * lab_pools_hosts_json() - Write the hosts of a match as JSON
 * @match:	match, may be partial
 *
 * Return: new reference to hosts of the event match, docs/json.md, machine null where there is none; NULL
 * when out of memory.
 */
json_t *lab_pools_hosts_json(const struct ctl_match *match);

/**
 * lab_pools_topo() - Make the topology of a recipe, of machines of a pool if there is a match, of containers otherwise
 * @pools:	pools (borrowed as long as @found); may be empty
 * @recipe:	recipe
 * @lab:	name of the lab; NULL = the recipe's
 * @number:	which match, from 1
 * @ret:	on success; free with lab_topo_free()
 * @found:	written in any case; release with lab_pools_found_fini()
 * @diag:	errors and notes are added
 *
 * Return: 0 or -errno. Errors: -ENOSYS a machine of the match is none that this version can use.
 */
int lab_pools_topo(const struct lab_pools *pools, const struct ctl_recipe *recipe, const char *lab,
		   unsigned int number, struct lab_topo **ret, struct lab_pools_found *found,
		   struct ctl_diag *diag);

#endif
