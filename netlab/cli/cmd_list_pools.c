/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_list_pools.c - netlab list-pools: the pools there are, and their machines */
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/cli/cli.h"
#include "netlab/cli/pools.h"
#include "netlab/cli/table.h"

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	int r;

	(void)lab_pools_option(cli, name, arg, user, &r);
	return r;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *params_json(const struct ctl_param *params, size_t n)
{
	json_t *obj = json_object();
	size_t i;

	/* Of two of one name the later one counts, here as there. */
	for (i = 0; i < n; i++)
		(void)json_object_set_new(obj, params[i].name, json_string(params[i].value));
	return obj;
}

static json_t *machine_json(const struct ctl_machine *m)
{
	json_t *nics = json_array();
	size_t i;

	for (i = 0; i < m->n_nics; i++)
		(void)json_array_append_new(nics, json_pack("{s:s, s:s, s:o}", "id", m->nics[i].id,
							    "network", m->nics[i].label, "params",
							    params_json(m->nics[i].params,
									m->nics[i].n_params)));
	return json_pack("{s:s, s:o, s:o}", "machine", m->id, "params",
			 params_json(m->params, m->n_params), "interfaces", nics);
}

static void print_json(const struct ctl_pool *pool)
{
	json_t *machines = json_array();
	size_t i;

	for (i = 0; i < pool->n_machines; i++)
		(void)json_array_append_new(machines, machine_json(&pool->machines[i]));
	lab_cli_json(json_pack("{s:s, s:s, s:s, s:o}", "event", "pool", "pool", pool->name,
			       "folder", pool->dir, "machines", machines));
}

/* --- text ------------------------------------------------------------------------------------- */

static void put_params(struct lab_strbuf *sb, const struct ctl_param *params, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (ctl_param_find(params, n, params[i].name) == &params[i])
			lab_strbuf_printf(sb, "%s%s=%s", i ? " " : "", params[i].name,
					  params[i].value);
	}
}

static void add_machine(struct lab_table *table, const struct ctl_machine *m)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;

	put_params(&sb, m->params, m->n_params);
	lab_table_add(table, "%s", m->id);
	lab_table_add(table, "%s", "");
	lab_table_add(table, "%s", "");
	lab_table_add(table, "%s", lab_strbuf_str(&sb));
	for (i = 0; i < m->n_nics; i++) {
		lab_strbuf_reset(&sb);
		put_params(&sb, m->nics[i].params, m->nics[i].n_params);
		lab_table_add(table, "%s", "");
		lab_table_add(table, "%s", m->nics[i].id);
		lab_table_add(table, "%s", m->nics[i].label);
		lab_table_add(table, "%s", lab_strbuf_str(&sb));
	}
}

static int print_machines(const struct lab_cli *cli, const struct ctl_pool *pool)
{
	static const struct lab_column columns[] = {
		{ "MACHINE", false },
		{ "INTERFACE", false },
		{ "NETWORK", false },
		{ "PARAMS", false },
	};
	const char *on = cli->colour ? "\033[1m" : "", *off = cli->colour ? "\033[0m" : "";
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	size_t i;

	if (lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table) < 0)
		return LAB_EXIT_OURS;
	printf("pool %s%s%s: %zu machine%s in %s\n", on, pool->name, off, pool->n_machines,
	       pool->n_machines == 1 ? "" : "s", pool->dir);
	for (i = 0; i < pool->n_machines; i++)
		add_machine(table, &pool->machines[i]);
	return pool->n_machines && lab_table_print(table, cli->colour) < 0 ? LAB_EXIT_OURS : 0;
}

static int print_pools(const struct lab_cli *cli, const struct lab_pools *pools)
{
	static const struct lab_column columns[] = {
		{ "POOL", false },
		{ "MACHINES", true },
		{ "FOLDER", false },
	};
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	size_t i;

	if (lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table) < 0)
		return LAB_EXIT_OURS;
	for (i = 0; i < pools->n; i++) {
		lab_table_add(table, "%s", pools->items[i]->name);
		lab_table_add(table, "%zu", pools->items[i]->n_machines);
		lab_table_add(table, "%s", pools->items[i]->dir);
	}
	return lab_table_print(table, cli->colour) < 0 ? LAB_EXIT_OURS : 0;
}

static int print(const struct lab_cli *cli, const struct lab_pools *pools)
{
	size_t i;
	int r = 0;

	if (cli->json) {
		for (i = 0; i < pools->n; i++)
			print_json(pools->items[i]);
		return 0;
	}
	if (!pools->n) {
		puts("there is no pool; a configuration file names pools, or --pool a folder");
		return 0;
	}
	if (!cli->verbose)
		return print_pools(cli, pools);
	for (i = 0; i < pools->n && r == 0; i++) {
		(void)fputs(i ? "\n" : "", stdout);
		r = print_machines(cli, pools->items[i]);
	}
	return r;
}

static int list_pools(struct lab_cli *cli, int argc, char **argv)
{
	LAB_CLEANUP(lab_pools_args_fini) struct lab_pools_args args = { 0 };
	struct lab_pools pools;
	int first, r;

	r = lab_cli_parse(cli, argc, argv, &args, &first);
	if (r != 0)
		return first;
	if (first < argc)
		return lab_cli_usage_error(cli, "unexpected argument '%s'", argv[first]);
	r = lab_pools_open(cli, &args, &pools);
	if (r == 0)
		r = print(cli, &pools);
	lab_pools_fini(&pools);
	return r;
}

static const struct lab_cli_option options[] = {
	LAB_POOLS_FROM,
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_list_pools = {
	.name = "list-pools",
	.operands = "",
	.help = "List the pools of machines; with -v their machines",
	.options = options,
	.option = on_option,
	.run = list_pools,
};
