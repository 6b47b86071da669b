/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_topo_inspect.c - netlab topo inspect: hosts, interfaces, addresses and peers of a lab */
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/cli/cmd_topo.h"
#include "netlab/cli/table.h"

#define PEERS_SHOWN 4u /* in a cell of the table */

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	bool *quiet = user;

	(void)cli;
	(void)name;
	(void)arg;
	*quiet = true;
	return 0;
}

static const char *text(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* "h2:eth0", or the first few and how many more */
static void format_peers(json_t *iface, size_t n_ports, struct lab_strbuf *sb)
{
	json_t *peers = json_object_get(iface, "peers"), *peer;
	size_t i, n = peers ? json_array_size(peers) : n_ports - LAB_MIN(n_ports, (size_t)1);

	lab_strbuf_reset(sb);
	json_array_foreach(peers, i, peer) {
		if (i == PEERS_SHOWN)
			break;
		lab_strbuf_printf(sb, "%s%s:%s", i ? " " : "", text(peer, "host"),
				  text(peer, "iface"));
	}
	i = LAB_MIN(json_array_size(peers), (size_t)PEERS_SHOWN);
	if (n > i)
		lab_strbuf_printf(sb, "%s%zu %s", i ? " +" : "", n - i, i ? "more" : "others");
	if (n == 0)
		lab_strbuf_puts(sb, "-");
}

static size_t ports_of(json_t *topology, const char *label)
{
	json_t *net;
	size_t i;

	json_array_foreach(json_object_get(topology, "networks"), i, net) {
		if (!strcmp(text(net, "label"), label))
			return json_array_size(json_object_get(net, "ports"));
	}
	return 0;
}

/* The row of an interface; further addresses get rows of their own. */
static void add_iface(struct lab_table *table, const char *host, const char *state, json_t *iface,
		      json_t *topology)
{
	cleanup_strbuf struct lab_strbuf peers = LAB_STRBUF_INIT;
	json_t *addrs = json_object_get(iface, "addresses"), *addr;
	const char *label = text(iface, "network");
	size_t i;

	format_peers(iface, json_object_get(iface, "peers") ? 0 : ports_of(topology, label),
		     &peers);
	addr = json_array_get(addrs, 0);
	lab_table_add(table, "%s", host);
	lab_table_add(table, "%s", state);
	lab_table_add(table, "%s", text(iface, "name"));
	lab_table_add(table, "%s", label);
	lab_table_add(table, "%s", text(iface, "mac"));
	lab_table_add(table, "%s", addr ? json_string_value(addr) : "-");
	lab_table_add(table, "%s", lab_strbuf_str(&peers));
	for (i = 1; i < json_array_size(addrs); i++) {
		int skip;

		for (skip = 0; skip < 5; skip++)
			lab_table_add(table, "%s", "");
		lab_table_add(table, "%s", json_string_value(json_array_get(addrs, i)));
		lab_table_add(table, "%s", "");
	}
}

static void add_host(struct lab_table *table, json_t *host, const char *state, json_t *topology)
{
	json_t *ifaces = json_object_get(host, "interfaces"), *iface;
	int column;
	size_t i;

	json_array_foreach(ifaces, i, iface) {
		add_iface(table, i ? "" : text(host, "id"), i ? "" : state, iface, topology);
	}
	if (json_array_size(ifaces) > 0)
		return;
	lab_table_add(table, "%s", text(host, "id"));
	lab_table_add(table, "%s", state);
	for (column = 2; column < 7; column++)
		lab_table_add(table, "-");
}

/* Below the table, only for hosts that have some. */
static void put_limits(json_t *topology, struct lab_strbuf *sb)
{
	char buf[LAB_LIMITS_FORMAT_LEN];
	json_t *host, *limits;
	bool any = false;
	size_t i;

	json_array_foreach(json_object_get(topology, "hosts"), i, host) {
		struct lab_limits l = { 0 };

		limits = json_object_get(host, "limits");
		l.memory_bytes = (uint64_t)json_integer_value(json_object_get(limits, "memory"));
		l.cpus_milli =
			(uint32_t)(json_number_value(json_object_get(limits, "cpus")) * 1000 + 0.5);
		if (*lab_limits_format(&l, buf))
			lab_strbuf_printf(sb, "%slimits of %s: %s\n", any ? "" : "\n",
					  text(host, "id"), buf);
		any = any || *buf;
	}
}

static int print_table(struct lab_cli *cli, json_t *state)
{
	static const struct lab_column columns[] = {
		{ "HOST", false },    { "STATE", false }, { "INTERFACE", false },
		{ "NETWORK", false }, { "MAC", false },   { "ADDRESSES", false },
		{ "PEERS", false },
	};
	const char *on = cli->colour ? "\033[1m" : "", *off = cli->colour ? "\033[0m" : "";
	json_t *topology = json_object_get(state, "topology"), *host;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	size_t i, n = json_array_size(json_object_get(state, "hosts"));
	const char *recipe = text(state, "recipe");
	char age[32];

	if (lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table) < 0)
		return LAB_EXIT_OURS;
	printf("lab %s%s%s: %zu of %zu host%s running, up %s%s%s\n\n", on, text(state, "lab"), off,
	       lab_topo_running(state), n, n == 1 ? "" : "s", lab_topo_age(state, age, sizeof(age)),
	       *recipe ? ", from " : "", recipe);
	/* Both arrays are in the order of the recipe. */
	json_array_foreach(json_object_get(topology, "hosts"), i, host) {
		add_host(table, host,
			 text(json_array_get(json_object_get(state, "hosts"), i), "state"),
			 topology);
	}
	if (lab_table_print(table, cli->colour) < 0)
		return LAB_EXIT_OURS;
	put_limits(topology, &sb);
	(void)fputs(lab_strbuf_str(&sb), stdout);
	return LAB_EXIT_PASS;
}

static int inspect_lab(struct lab_cli *cli, const char *name, bool quiet)
{
	cleanup_hosts struct lab_hosts hosts = { 0 };
	struct lab_err err;
	size_t i;
	int r;

	r = lab_topo_visit(name, true, &hosts, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		return lab_cli_exit_of(r);
	}
	if (cli->json) {
		lab_cli_json(json_incref(hosts.state));
		return LAB_EXIT_PASS;
	}
	if (quiet) {
		for (i = 0; i < hosts.n; i++)
			puts(hosts.names[i]);
		return LAB_EXIT_PASS;
	}
	return print_table(cli, hosts.state);
}

static int topo_inspect(struct lab_cli *cli, int argc, char **argv)
{
	cleanup_free struct lab_entry *labs = NULL;
	bool quiet = false;
	struct lab_err err;
	size_t n = 0;
	int first, r;

	r = lab_cli_parse(cli, argc, argv, &quiet, &first);
	if (r != 0)
		return first;
	if (argc - first > 1)
		return lab_cli_usage_error(cli, "more than one lab");
	if (first < argc)
		return inspect_lab(cli, argv[first], quiet);
	r = lab_list(&labs, &n, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		return lab_cli_exit_of(r);
	}
	if (n == 1)
		return inspect_lab(cli, labs[0].name, quiet);
	return lab_topo_print_list(cli, labs, n, quiet);
}

static const struct lab_cli_option inspect_options[] = {
	{ "quiet", 'q', NULL, "host names only" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_topo_inspect = {
	.name = "topo inspect",
	.operands = "[LAB]",
	.help = "Show the hosts of a lab, their interfaces, addresses and peers",
	.options = inspect_options,
	.option = on_option,
	.run = topo_inspect,
};
