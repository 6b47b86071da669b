/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_match.c - netlab match: which machines of pools a recipe's hosts can be, and why not */
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/cli/cli.h"
#include "netlab/cli/pools.h"

enum { REASONS_SHOWN = 20 /* machines for each host, in text; with -v all */ };

/**
 * struct match_args - options of netlab match
 * @defines:	-a
 * @overrides:	-A
 * @pools:	--pool, --no-pool, -c
 * @all:	--multi-match
 */
struct match_args {
	struct lab_cli_aliases defines, overrides;
	struct lab_pools_args pools;
	bool all;
};

static void match_args_fini(struct match_args *args)
{
	lab_cli_aliases_fini(&args->defines);
	lab_cli_aliases_fini(&args->overrides);
	lab_pools_args_fini(&args->pools);
}

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct match_args *args = user;
	int r;

	if (lab_pools_option(cli, name, arg, &args->pools, &r))
		return r;
	if (!strcmp(name, "define-alias"))
		return lab_cli_alias_add(cli, name, arg, &args->defines);
	if (!strcmp(name, "override-alias"))
		return lab_cli_alias_add(cli, name, arg, &args->overrides);
	args->all = true;
	return 0;
}

/* --- matches ---------------------------------------------------------------------------------- */

static void print_match(const struct lab_cli *cli, const struct ctl_match *match)
{
	size_t h, i;

	if (cli->json) {
		lab_cli_json(json_pack("{s:s, s:s, s:s, s:I, s:o}", "event", "match", "recipe",
				       match->recipe->file, "pool", match->pool->name, "match",
				       (json_int_t)match->number, "hosts",
				       lab_pools_hosts_json(match)));
		return;
	}
	printf("%s: match %u, pool %s\n", match->recipe->file, match->number, match->pool->name);
	for (h = 0; h < match->recipe->n_hosts; h++) {
		const struct ctl_host *host = &match->recipe->hosts[h];
		const struct ctl_machine *m = &match->pool->machines[match->hosts[h].machine];

		printf("  %s = %s%s\n", host->id, m->id,
		       ctl_machine_is_native(m) ? ", a container" : "");
		for (i = 0; i < host->n_ifaces; i++) {
			const struct ctl_iface *nic;

			if (match->hosts[h].nics[i] == CTL_NONE)
				continue;
			nic = &m->nics[match->hosts[h].nics[i]];
			printf("    %s = %s  %s  network %s = %s\n", host->ifaces[i].id, nic->id,
			       ctl_param_find(nic->params, nic->n_params, "hwaddr")->value,
			       host->ifaces[i].label, nic->label);
		}
	}
}

/* --- why not ---------------------------------------------------------------------------------- */

static json_t *reasons_json(const struct ctl_search *s, const struct ctl_match *best, size_t h)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	json_t *list = json_array();
	size_t m;

	for (m = 0; m < best->pool->n_machines; m++) {
		lab_strbuf_reset(&sb);
		if (ctl_search_why(s, h, m, &sb))
			(void)json_array_append_new(list, json_pack("{s:s, s:s}", "machine",
								    best->pool->machines[m].id,
								    "reason", lab_strbuf_str(&sb)));
	}
	return list;
}

static void print_why_json(const struct ctl_search *s)
{
	const struct ctl_match *best = ctl_search_best(s);
	json_t *hosts = json_array();
	size_t h, networks, of_pool;

	ctl_search_networks(s, &networks, &of_pool);
	for (h = 0; h < best->recipe->n_hosts; h++) {
		if (ctl_search_stuck(s, h))
			(void)json_array_append_new(
				hosts, json_pack("{s:s, s:o}", "host", best->recipe->hosts[h].id,
						 "reasons", reasons_json(s, best, h)));
	}
	lab_cli_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o}", "event", "no_match", "recipe",
			       best->recipe->file, "pool", best->pool->name, "networks",
			       (json_int_t)networks, "pool_networks", (json_int_t)of_pool, "best",
			       lab_pools_hosts_json(best), "hosts", hosts));
}

static void print_reasons(const struct lab_cli *cli, const struct ctl_search *s,
			  const struct ctl_match *best, size_t h)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t m, shown = 0;

	printf("  %s cannot be:\n", best->recipe->hosts[h].id);
	for (m = 0; m < best->pool->n_machines; m++) {
		lab_strbuf_reset(&sb);
		if (!ctl_search_why(s, h, m, &sb))
			continue;
		if (!cli->verbose && shown++ == REASONS_SHOWN) {
			printf("    ... and so on; -v shows all\n");
			break;
		}
		printf("    %s: %s\n", best->pool->machines[m].id, lab_strbuf_str(&sb));
	}
}

static void print_why(const struct lab_cli *cli, const struct ctl_search *s)
{
	const struct ctl_match *best = ctl_search_best(s);
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t h, networks, of_pool;

	if (cli->json) {
		print_why_json(s);
		return;
	}
	printf("%s: no match in pool %s\n", best->recipe->file, best->pool->name);
	if (best->recipe->n_hosts > best->pool->n_machines)
		printf("  the recipe has %zu host%s, and the pool %zu machine%s\n",
		       best->recipe->n_hosts, best->recipe->n_hosts == 1 ? "" : "s",
		       best->pool->n_machines, best->pool->n_machines == 1 ? "" : "s");
	ctl_search_networks(s, &networks, &of_pool);
	if (networks > of_pool)
		printf("  the recipe has %zu network%s, and the pool %zu\n", networks,
		       networks == 1 ? "" : "s", of_pool);
	for (h = 0; h < best->recipe->n_hosts; h++) {
		if (ctl_search_stuck(s, h))
			print_reasons(cli, s, best, h);
	}
	if (best->hosts[0].machine == CTL_NONE)
		return;
	lab_pools_describe(best, &sb);
	printf("  as far as it goes: %s\n", lab_strbuf_str(&sb));
}

/* --- one recipe ------------------------------------------------------------------------------- */

/* Returns how many matches were printed, or -errno. */
static int try_pool(const struct lab_cli *cli, const struct ctl_recipe *recipe,
		    const struct ctl_pool *pool, unsigned int before, bool all, struct lab_err *err)
{
	const struct ctl_match *match;
	struct ctl_search *s;
	unsigned int n = before;
	int r = ctl_search_new(recipe, pool, 0, &s);

	if (r < 0)
		return lab_err_errno(err, -r, "match");
	while ((r = ctl_search_next(s, &match, err)) > 0 && n < LAB_POOLS_MATCHES_MAX) {
		struct ctl_match numbered = *match;

		numbered.number = ++n;
		print_match(cli, &numbered);
		if (!all)
			break;
	}
	if (r >= 0 && n == before)
		print_why(cli, s);
	ctl_search_free(s);
	return r < 0 ? r : (int)(n - before);
}

/* Where no machine matches, containers do, or the errors tell why not. */
static int try_containers(const struct lab_cli *cli, const struct ctl_recipe *recipe)
{
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	const struct lab_pools none = { 0 };
	struct lab_pools_found found;
	struct lab_topo *topo = NULL;
	int r;

	r = lab_pools_topo(&none, recipe, NULL, 1, &topo, &found, &diag);
	lab_topo_free(topo);
	lab_cli_diag(cli, &diag);
	if (r < 0)
		return LAB_EXIT_USAGE;
	if (cli->json)
		lab_cli_json(json_pack("{s:s, s:s, s:I}", "event", "containers", "recipe",
				       recipe->file, "hosts", (json_int_t)recipe->n_hosts));
	else
		printf("%s: containers are made to fit: %zu host%s\n", recipe->file,
		       recipe->n_hosts, recipe->n_hosts == 1 ? "" : "s");
	return 0;
}

static int match_recipe(const struct lab_cli *cli, const struct ctl_recipe *recipe,
			const struct lab_pools *pools, bool all)
{
	struct lab_err err;
	int r = 0, n = 0;
	size_t i;

	for (i = 0; i < pools->n && r >= 0 && (all || !n); i++) {
		r = try_pool(cli, recipe, pools->items[i], (unsigned int)n, all, &err);
		n += LAB_MAX(r, 0);
	}
	if (r < 0) {
		(void)lab_err_at(&err, r, &recipe->src);
		lab_cli_error(cli, &err);
		return LAB_EXIT_USAGE;
	}
	return n ? 0 : try_containers(cli, recipe);
}

static int match_file(const struct lab_cli *cli, const struct match_args *args, const char *path,
		      const struct lab_pools *pools)
{
	const struct ctl_recipe_params params = {
		.defines = args->defines.items,
		.n_defines = args->defines.n,
		.overrides = args->overrides.items,
		.n_overrides = args->overrides.n,
	};
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *recipe = NULL;
	int r;

	r = ctl_recipe_load(path, &params, &recipe, &diag);
	lab_cli_diag(cli, &diag);
	if (r < 0)
		return r == -ENOMEM ? LAB_EXIT_LACKS : LAB_EXIT_USAGE;
	r = match_recipe(cli, recipe, pools, args->all);
	ctl_recipe_free(recipe);
	return r;
}

static int match(struct lab_cli *cli, int argc, char **argv)
{
	LAB_CLEANUP(match_args_fini) struct match_args args = { 0 };
	struct lab_pools pools;
	int first, r, opened, worst = 0;

	r = lab_cli_parse(cli, argc, argv, &args, &first);
	if (r != 0)
		return first;
	if (first == argc)
		return lab_cli_usage_error(cli, "which recipe?");
	opened = lab_pools_open(cli, &args.pools, &pools);
	for (; first < argc && opened == 0; first++) {
		r = match_file(cli, &args, argv[first], &pools);
		worst = LAB_MAX(worst, r);
	}
	lab_pools_fini(&pools);
	return LAB_MAX(opened, worst);
}

static const struct lab_cli_option options[] = {
	{ "define-alias", 'a', "NAME=VALUE", "define an alias; the recipe may define it anew" },
	{ "override-alias", 'A', "NAME=VALUE", "define an alias whatever the recipe says" },
	{ "multi-match", 'u', NULL, "show all matches, not only the first" },
	LAB_POOLS_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_match = {
	.name = "match",
	.operands = "RECIPE...",
	.help = "Show which machines of pools would be a recipe's hosts, or why none match",
	.options = options,
	.option = on_option,
	.run = match,
};
