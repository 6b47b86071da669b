/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_topo.c - netlab topo down and topo ls */
#include "netlab/cli/cmd_topo.h"

#include <string.h>
#include <time.h>

#include "netlab/base/util.h"
#include "netlab/cli/table.h"

struct topo_args {
	bool all, quiet;
};

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct topo_args *args = user;

	(void)cli;
	(void)arg;
	if (!strcmp(name, "all"))
		args->all = true;
	if (!strcmp(name, "quiet"))
		args->quiet = true;
	return 0;
}

int lab_topo_visit(const char *name, bool topology, struct lab_hosts *ret, struct lab_err *err)
{
	struct lab_client *client = NULL;
	struct lab_loop *loop = NULL;
	int r = lab_loop_new(&loop);

	if (r < 0)
		return lab_err_errno(err, -r, "event loop");
	r = lab_client_connect(loop, name, &client, err);
	if (r == 0)
		r = lab_hosts_get(client, topology, ret, err);
	lab_client_free(client);
	lab_loop_free(loop);
	return r;
}

size_t lab_topo_running(json_t *state)
{
	json_t *host;
	size_t i, n = 0;

	json_array_foreach(json_object_get(state, "hosts"), i, host) {
		const char *s = json_string_value(json_object_get(host, "state"));

		n += s && !strcmp(s, "running");
	}
	return n;
}

const char *lab_topo_age(json_t *state, char *buf, size_t size)
{
	static const struct {
		const char *unit;
		long long seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	long long age = (long long)time(NULL) -
			json_integer_value(json_object_get(state, "created"));
	size_t i = 0;

	age = LAB_MAX(age, 0);
	while (i < LAB_ARRAY_SIZE(units) - 1 && age < units[i].seconds)
		i++;
	(void)snprintf(buf, size, "%lld %s", age / units[i].seconds, units[i].unit);
	return buf;
}

/* --- down ------------------------------------------------------------------------------------- */

int lab_topo_take_down(struct lab_cli *cli, struct lab_loop *loop, const char *name, bool must_be)
{
	uint64_t start = lab_loop_now_us(), took;
	struct lab_client *client = NULL;
	struct lab_err err;
	int r;

	r = lab_client_connect(loop, name, &client, &err);
	if (r == -ENOENT && !must_be)
		return LAB_EXIT_PASS;
	if (r == 0)
		r = lab_client_down(client, &err);
	lab_client_free(client);
	took = lab_loop_now_us() - start;
	if (r < 0) {
		lab_cli_error(cli, &err);
		return lab_cli_exit_of(r);
	}
	if (cli->json)
		lab_cli_json(json_pack("{s:s, s:s, s:I}", "event", "down", "lab", name,
				       "duration_us", (json_int_t)took));
	else
		printf("lab %s is down, in %.3f s\n", name, (double)took / 1e6);
	return LAB_EXIT_PASS;
}

static int down_all(struct lab_cli *cli, struct lab_loop *loop)
{
	cleanup_free struct lab_entry *labs = NULL;
	int code = LAB_EXIT_PASS, one, r;
	struct lab_err err;
	size_t i, n = 0;

	r = lab_list(&labs, &n, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		return lab_cli_exit_of(r);
	}
	for (i = 0; i < n; i++) {
		one = lab_topo_take_down(cli, loop, labs[i].name, false);
		code = LAB_MAX(code, one);
	}
	return code;
}

static int topo_down(struct lab_cli *cli, int argc, char **argv)
{
	struct topo_args args = { 0 };
	struct lab_loop *loop = NULL;
	int first, code = LAB_EXIT_PASS, one, r;
	struct lab_err err;

	r = lab_cli_parse(cli, argc, argv, &args, &first);
	if (r != 0)
		return first;
	if (args.all && first < argc)
		return lab_cli_usage_error(cli, "either names of labs or --all, not both");
	if (!args.all && first == argc)
		return lab_cli_usage_error(cli, "no lab named; --all takes all labs down");
	r = lab_loop_new(&loop);
	if (r < 0) {
		(void)lab_err_errno(&err, -r, "event loop");
		lab_cli_error(cli, &err);
		return LAB_EXIT_OURS;
	}
	if (args.all)
		code = down_all(cli, loop);
	for (; first < argc; first++) {
		one = lab_topo_take_down(cli, loop, argv[first], true);
		code = LAB_MAX(code, one);
	}
	lab_loop_free(loop);
	return code;
}

/* --- ls --------------------------------------------------------------------------------------- */

static void add_lab(const struct lab_cli *cli, struct lab_table *table, const struct lab_entry *lab,
		    json_t *state)
{
	const char *recipe = json_string_value(json_object_get(state, "recipe"));
	size_t n = json_array_size(json_object_get(state, "hosts"));
	char age[32];

	if (cli->json) {
		lab_cli_json(json_pack("{s:s, s:i, s:I, s:I, s:I, s:s?}", "lab", lab->name, "pid",
				       (int)lab->pid, "created",
				       json_integer_value(json_object_get(state, "created")),
				       "hosts", (json_int_t)n, "running",
				       (json_int_t)lab_topo_running(state), "recipe", recipe));
		return;
	}
	lab_table_add(table, "%s", lab->name);
	lab_table_add(table, "%zu", n);
	lab_table_add(table, "%zu", lab_topo_running(state));
	lab_table_add(table, "%s", lab_topo_age(state, age, sizeof(age)));
	lab_table_add(table, "%d", (int)lab->pid);
	lab_table_add(table, "%s", recipe ? recipe : "-");
}

/* A lab that cannot answer is still listed, so that it can be taken down. */
static void add_silent_lab(const struct lab_cli *cli, struct lab_table *table,
			   const struct lab_entry *lab)
{
	int i;

	if (cli->json) {
		lab_cli_json(json_pack("{s:s, s:i}", "lab", lab->name, "pid", (int)lab->pid));
		return;
	}
	lab_table_add(table, "%s", lab->name);
	for (i = 0; i < 3; i++)
		lab_table_add(table, "?");
	lab_table_add(table, "%d", (int)lab->pid);
	lab_table_add(table, "-");
}

static int fill_list(struct lab_cli *cli, struct lab_table *table, const struct lab_entry *labs,
		     size_t n)
{
	int code = LAB_EXIT_PASS;
	size_t i;

	for (i = 0; i < n; i++) {
		cleanup_hosts struct lab_hosts hosts = { 0 };
		struct lab_err err;
		int r = lab_topo_visit(labs[i].name, false, &hosts, &err);

		if (r == 0)
			add_lab(cli, table, &labs[i], hosts.state);
		else if (r != -ENOENT) /* else it has gone since it was found */
			add_silent_lab(cli, table, &labs[i]);
		if (r == 0 || r == -ENOENT || r == -EAGAIN) /* EAGAIN: it is just coming or going */
			continue;
		(void)lab_err_prefix(&err, r, "lab %s: ", labs[i].name);
		lab_cli_error(cli, &err);
		code = lab_cli_exit_of(r);
	}
	return code;
}

int lab_topo_print_list(struct lab_cli *cli, const struct lab_entry *labs, size_t n, bool quiet)
{
	static const struct lab_column columns[] = {
		{ "LAB", false }, { "HOSTS", true }, { "RUNNING", true },
		{ "AGE", true },  { "PID", true },   { "RECIPE", false },
	};
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	int code;
	size_t i;

	if (quiet && !cli->json) {
		for (i = 0; i < n; i++)
			puts(labs[i].name);
		return LAB_EXIT_PASS;
	}
	if (n == 0) {
		if (!cli->json)
			puts("no lab is running");
		return LAB_EXIT_PASS;
	}
	if (lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table) < 0)
		return LAB_EXIT_OURS;
	code = fill_list(cli, table, labs, n);
	if (!cli->json)
		(void)lab_table_print(table, cli->colour);
	return code;
}

static int topo_ls(struct lab_cli *cli, int argc, char **argv)
{
	cleanup_free struct lab_entry *labs = NULL;
	struct topo_args args = { 0 };
	struct lab_err err;
	size_t n = 0;
	int first, r;

	r = lab_cli_parse(cli, argc, argv, &args, &first);
	if (r != 0)
		return first;
	if (first < argc)
		return lab_cli_usage_error(cli, "unexpected argument '%s'", argv[first]);
	r = lab_list(&labs, &n, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		return lab_cli_exit_of(r);
	}
	return lab_topo_print_list(cli, labs, n, args.quiet);
}

static const struct lab_cli_option down_options[] = {
	{ "all", 0, NULL, "all labs of this user" },
	{ NULL, 0, NULL, NULL },
};

static const struct lab_cli_option ls_options[] = {
	{ "quiet", 'q', NULL, "names only" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_topo_down = {
	.name = "topo down",
	.operands = "LAB...|--all",
	.help = "Take labs down",
	.options = down_options,
	.option = on_option,
	.run = topo_down,
};

const struct lab_cli_command lab_cmd_topo_ls = {
	.name = "topo ls",
	.operands = "",
	.help = "List the labs that run",
	.options = ls_options,
	.option = on_option,
	.run = topo_ls,
};
