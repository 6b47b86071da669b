/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host.c - netlab host: list, exists, show, state; start, stop, restart, freeze, unfreeze */
#include "netlab/cli/cmd_host.h"

#include <inttypes.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/cli/table.h"

enum { STOP_MS = 10000 };

/**
 * struct host_args - options
 * @all:	all hosts of the lab
 * @quiet:	names only
 * @force:	also what runs
 * @timeout_ms:	for processes to end by themselves
 */
struct host_args {
	bool all, quiet, force;
	uint64_t timeout_ms;
};

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct host_args *args = user;
	uint64_t us;

	if (!strcmp(name, "all"))
		args->all = true;
	if (!strcmp(name, "quiet"))
		args->quiet = true;
	if (!strcmp(name, "force"))
		args->force = true;
	if (!strcmp(name, "timeout")) {
		if (lab_parse_duration(arg, &us) < 0 || us > 3600000000)
			return lab_cli_usage_error(
				cli,
				"--timeout: '%s' is no time up to 1h; for example: 0, 500ms, 30",
				arg);
		args->timeout_ms = us / 1000;
	}
	return 0;
}

/* --- shared ----------------------------------------------------------------------------------- */

int lab_hostcmd_open(struct lab_cli *cli, const char *lab, struct lab_hostcmd *ret)
{
	struct lab_err err;
	int r;

	*ret = (struct lab_hostcmd){ .cli = cli, .lab = lab };
	r = lab_loop_new(&ret->loop);
	if (r < 0)
		(void)lab_err_errno(&err, -r, "event loop");
	else
		r = lab_client_connect(ret->loop, lab, &ret->client, &err);
	if (r == 0)
		return 0;
	lab_cli_error(cli, &err);
	return lab_cli_exit_of(r);
}

void lab_hostcmd_close(struct lab_hostcmd *cmd)
{
	lab_client_free(cmd->client);
	lab_loop_free(cmd->loop);
	*cmd = (struct lab_hostcmd){ .cli = NULL };
}

int lab_hostcmd_fail(const struct lab_hostcmd *cmd, int r, const struct lab_err *err)
{
	lab_cli_error(cmd->cli, err);
	switch (-r) {
	case EBUSY:
	case EHOSTDOWN:
	case ENOTDIR:
	case ENOTEMPTY:
	case ELOOP:
	case ENAMETOOLONG:
		return LAB_EXIT_USAGE;
	case EDQUOT:
		return LAB_EXIT_LACKS;
	default:
		return lab_cli_exit_of(r);
	}
}

int lab_hostcmd_call(const struct lab_hostcmd *cmd, const char *verb, const char *host,
		     json_t *params, uint64_t timeout_ms, json_t **ret)
{
	struct lab_host_call call = { .host = host, .params = params };
	int r = lab_client_host_call(cmd->client, verb, &call, 1, timeout_ms);

	json_decref(params);
	if (r < 0)
		return lab_hostcmd_fail(cmd, r, &call.err);
	if (ret)
		*ret = call.result;
	else
		json_decref(call.result);
	return 0;
}

int lab_hostcmd_operands(struct lab_cli *cli, int argc, char **argv, void *user,
			 const char *const *what, const char **ret, struct lab_hostcmd *cmd)
{
	int first, code;

	*cmd = (struct lab_hostcmd){ .cli = cli };
	if (lab_cli_parse(cli, argc, argv, user, &first) != 0)
		return first;
	if (first == argc)
		return lab_cli_usage_error(cli, "no lab named");
	for (int i = 0; what[i]; i++) {
		ret[i] = first + 1 + i < argc ? argv[first + 1 + i] : NULL;
		if (!ret[i] && what[i][0] != '[')
			return lab_cli_usage_error(cli, "no %s named", what[i]);
		if (!what[i + 1] && first + 2 + i < argc)
			return lab_cli_usage_error(cli, "one word too many: '%s'",
						   argv[first + 2 + i]);
	}
	code = lab_hostcmd_open(cli, argv[first], cmd);
	return code ? code : -1;
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "-";
}

/* --- list and exists -------------------------------------------------------------------------- */

static const struct lab_column list_columns[] = {
	{ "HOST", false }, { "STATE", false },   { "BACKEND", false },
	{ "PID", true },   { "ADDRESS", false },
};

static void add_row(struct lab_table *table, json_t *host)
{
	json_int_t pid = json_integer_value(json_object_get(host, "pid"));
	const char *why = json_string_value(json_object_get(host, "why"));
	const char *address =
		json_string_value(json_array_get(json_object_get(host, "addresses"), 0));

	lab_table_add(table, "%s", text_of(host, "id"));
	lab_table_add(table, why ? "%s: %s" : "%s", text_of(host, "state"), why);
	lab_table_add(table, "%s", text_of(host, "backend"));
	if (pid)
		lab_table_add(table, "%lld", (long long)pid);
	else
		lab_table_add(table, "-");
	lab_table_add(table, "%s", address ? address : "-");
}

static int print_list(const struct lab_hostcmd *cmd, const struct host_args *args, json_t *hosts)
{
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	json_t *host;
	size_t i;

	if (lab_table_new(list_columns, LAB_ARRAY_SIZE(list_columns), &table) < 0)
		return LAB_EXIT_OURS;
	json_array_foreach(hosts, i, host) {
		if (cmd->cli->json)
			lab_cli_json(json_incref(host));
		else if (args->quiet)
			(void)printf("%s\n", text_of(host, "id"));
		else
			add_row(table, host);
	}
	if (cmd->cli->json || args->quiet)
		return LAB_EXIT_PASS;
	return lab_table_print(table, cmd->cli->colour) < 0 ? LAB_EXIT_OURS : LAB_EXIT_PASS;
}

static int host_list(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "[HOST", NULL };
	struct host_args args = { 0 };
	struct lab_hostcmd cmd;
	json_t *result = NULL;
	const char *extra;
	struct lab_err err;
	int code = lab_hostcmd_operands(cli, argc, argv, &args, what, &extra, &cmd), r;

	if (code < 0 && extra) {
		code = lab_cli_usage_error(cli, "one word too many: '%s'", extra);
	} else if (code < 0) {
		r = lab_client_host_list(cmd.client, &result, &err);
		code = r < 0 ? lab_hostcmd_fail(&cmd, r, &err)
			     : print_list(&cmd, &args, json_object_get(result, "hosts"));
	}
	json_decref(result);
	lab_hostcmd_close(&cmd);
	return code;
}

/* Says nothing: the exit status is the answer. */
static int host_exists(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", NULL };
	cleanup_hosts struct lab_hosts hosts = { 0 };
	struct lab_hostcmd cmd;
	const char *host;
	struct lab_err err;
	int code = lab_hostcmd_operands(cli, argc, argv, NULL, what, &host, &cmd), r;

	if (code < 0) {
		r = lab_hosts_get(cmd.client, false, &hosts, &err);
		if (r < 0)
			code = lab_hostcmd_fail(&cmd, r, &err);
		else
			code = lab_hosts_check(&hosts, "", host, NULL) == 0 ? LAB_EXIT_PASS
									    : LAB_EXIT_FAIL;
		if (r == 0 && cli->json)
			lab_cli_json(json_pack("{s:s, s:b}", "host", host, "exists",
					       code == LAB_EXIT_PASS));
	}
	lab_hostcmd_close(&cmd);
	return code;
}

/* --- show and state --------------------------------------------------------------------------- */

/* "memory 64MiB", a number, or what it is in JSON. */
static void print_value(const char *name, const json_t *value)
{
	cleanup_free char *text = NULL;

	if (json_is_string(value)) {
		(void)printf("%-12s %s\n", name, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	(void)printf("%-12s %s\n", name, text ? text : "?");
}

static void print_list_of(const char *name, const json_t *array)
{
	(void)printf("%-12s", name);
	for (size_t i = 0; i < json_array_size(array); i++)
		(void)printf(" %s", json_string_value(json_array_get(array, i)));
	(void)printf("\n");
}

static void print_interface(const json_t *f)
{
	const json_t *stats = json_object_get(f, "stats");
	const char *network = json_string_value(json_object_get(f, "network"));

	(void)printf("%-12s %s %s", text_of(f, "name"), text_of(f, "kind"), text_of(f, "id"));
	if (network)
		(void)printf(" network %s", network);
	if (stats)
		(void)printf(" %s: received %lld bytes in %lld packets, sent %lld in %lld",
			     text_of(f, "operstate"),
			     (long long)json_integer_value(json_object_get(stats, "rx_bytes")),
			     (long long)json_integer_value(json_object_get(stats, "rx_packets")),
			     (long long)json_integer_value(json_object_get(stats, "tx_bytes")),
			     (long long)json_integer_value(json_object_get(stats, "tx_packets")));
	(void)printf("\n");
}

static void print_members(json_t *o)
{
	const json_t *interfaces = json_object_get(o, "interfaces");
	const char *name;
	json_t *value;
	size_t i;

	json_object_foreach(o, name, value) {
		if (!strcmp(name, "interfaces"))
			continue;
		if (json_is_array(value) && json_is_string(json_array_get(value, 0)))
			print_list_of(name, value);
		else if (json_is_object(value) ? json_object_size(value) > 0
					       : !json_is_array(value))
			print_value(name, value);
	}
	for (i = 0; i < json_array_size(interfaces); i++)
		print_interface(json_array_get(interfaces, i));
}

static void print_one(const struct lab_hostcmd *cmd, json_t *o)
{
	if (cmd->cli->json)
		lab_cli_json(json_incref(o));
	else
		print_members(o);
}

static int look_at(struct lab_cli *cli, int argc, char **argv, const char *verb)
{
	static const char *const what[] = { "host", NULL };
	struct lab_hostcmd cmd;
	json_t *result = NULL, *hosts;
	const char *host;
	int code = lab_hostcmd_operands(cli, argc, argv, NULL, what, &host, &cmd);

	if (code < 0) {
		code = lab_hostcmd_call(&cmd, verb, host, NULL, 0, &result);
		hosts = json_object_get(result, "hosts");
		lab_client_host_translate(cmd.client, result);
		if (code == 0)
			print_one(&cmd, hosts ? json_array_get(hosts, 0) : result);
	}
	json_decref(result);
	lab_hostcmd_close(&cmd);
	return code;
}

static int host_show(struct lab_cli *cli, int argc, char **argv)
{
	return look_at(cli, argc, argv, "show");
}

static int host_state(struct lab_cli *cli, int argc, char **argv)
{
	return look_at(cli, argc, argv, "state");
}

/* --- start, stop and so on -------------------------------------------------------------------- */

/* What is done, and what a host is then. */
static const struct change {
	const char *command, *verb, *state;
	bool timeout;
} changes[] = {
	{ "host start", "start", "running", false },
	{ "host stop", "stop", "stopped", true },
	{ "host restart", "restart", "running", true },
	{ "host freeze", "freeze", "frozen", false },
	{ "host unfreeze", "thaw", "running", false },
	{ "host delete", "delete", "deleted", false },
};

static const struct change *find_change(const char *command)
{
	size_t i = 0;

	while (strcmp(changes[i].command, command) != 0)
		i++;
	return &changes[i];
}

static int report(const struct lab_hostcmd *cmd, const struct change *ch,
		  const struct lab_host_call *calls, size_t n)
{
	int code = LAB_EXIT_PASS;

	for (size_t i = 0; i < n; i++) {
		json_decref(calls[i].result);
		if (calls[i].r < 0) {
			int one = lab_hostcmd_fail(cmd, calls[i].r, &calls[i].err);

			code = LAB_MAX(code, one);
		} else if (cmd->cli->json) {
			lab_cli_json(json_pack("{s:s, s:s, s:s}", "lab", cmd->lab, "host",
					       calls[i].host, "state", ch->state));
		}
	}
	return code;
}

static int change_all(const struct lab_hostcmd *cmd, const struct change *ch,
		      const struct host_args *args, const char *const *names, size_t n)
{
	struct lab_host_call *calls = calloc(n + 1, sizeof(*calls));
	json_t *params = ch->timeout
				 ? json_pack("{s:I}", "timeout_ms", (json_int_t)args->timeout_ms)
			 : args->force ? json_pack("{s:b}", "force", 1)
				       : NULL;
	int code;

	if (!calls) {
		json_decref(params);
		return LAB_EXIT_OURS;
	}
	for (size_t i = 0; i < n; i++)
		calls[i] = (struct lab_host_call){ .host = names[i], .params = params };
	(void)lab_client_host_call(cmd->client, ch->verb, calls, n, args->timeout_ms);
	code = report(cmd, ch, calls, n);
	json_decref(params);
	free(calls);
	return code;
}

static int host_change(struct lab_cli *cli, int argc, char **argv)
{
	const struct change *ch = find_change(cli->command->name);
	struct host_args args = { .timeout_ms = STOP_MS };
	cleanup_hosts struct lab_hosts hosts = { 0 };
	struct lab_hostcmd cmd;
	struct lab_err err;
	int first, code, r = 0;

	if (lab_cli_parse(cli, argc, argv, &args, &first) != 0)
		return first;
	if (first == argc)
		return lab_cli_usage_error(cli, "no lab named");
	if (args.all && argc - first > 1)
		return lab_cli_usage_error(cli, "either names of hosts or --all, not both");
	if (!args.all && argc - first == 1)
		return lab_cli_usage_error(cli, "no host named; --all takes all hosts");
	code = lab_hostcmd_open(cli, argv[first], &cmd);
	if (code == 0 && args.all)
		r = lab_hosts_get(cmd.client, false, &hosts, &err);
	if (r < 0)
		code = lab_hostcmd_fail(&cmd, r, &err);
	if (code == 0)
		code = change_all(&cmd, ch, &args,
				  args.all ? hosts.names : (const char *const *)argv + first + 1,
				  args.all ? hosts.n : (size_t)(argc - first - 1));
	lab_hostcmd_close(&cmd);
	return code;
}

/* --- the commands ----------------------------------------------------------------------------- */

static const struct lab_cli_option list_options[] = {
	{ "quiet", 'q', NULL, "only the names" },
	{ NULL, 0, NULL, NULL },
};

static const struct lab_cli_option all_options[] = {
	{ "all", 0, NULL, "all hosts of the lab" },
	{ NULL, 0, NULL, NULL },
};

static const struct lab_cli_option stop_options[] = {
	{ "all", 0, NULL, "all hosts of the lab" },
	{ "timeout", 't', "TIME", "for processes to end by themselves: 0, 500ms, 30 (10 s)" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_host_list = {
	.name = "host list",
	.operands = "LAB",
	.help = "List the hosts of a lab and how they are",
	.options = list_options,
	.option = on_option,
	.run = host_list,
};

const struct lab_cli_command lab_cmd_host_exists = {
	.name = "host exists",
	.operands = "LAB HOST",
	.help = "Tell by the exit status whether a lab has a host",
	.run = host_exists,
};

const struct lab_cli_command lab_cmd_host_show = {
	.name = "host show",
	.operands = "LAB HOST",
	.help = "Show what a host is",
	.run = host_show,
};

const struct lab_cli_command lab_cmd_host_state = {
	.name = "host state",
	.operands = "LAB HOST",
	.help = "Show what a host does: processes, memory, processor time, traffic",
	.run = host_state,
};

const struct lab_cli_command lab_cmd_host_start = {
	.name = "host start",
	.operands = "LAB HOST...|--all",
	.help = "Start hosts that are stopped",
	.options = all_options,
	.option = on_option,
	.run = host_change,
};

const struct lab_cli_command lab_cmd_host_stop = {
	.name = "host stop",
	.operands = "LAB HOST...|--all",
	.help = "Stop hosts; their links stay",
	.options = stop_options,
	.option = on_option,
	.run = host_change,
};

const struct lab_cli_command lab_cmd_host_restart = {
	.name = "host restart",
	.operands = "LAB HOST...|--all",
	.help = "Stop hosts and start them again",
	.options = stop_options,
	.option = on_option,
	.run = host_change,
};

const struct lab_cli_command lab_cmd_host_freeze = {
	.name = "host freeze",
	.operands = "LAB HOST...|--all",
	.help = "Freeze all processes of hosts",
	.options = all_options,
	.option = on_option,
	.run = host_change,
};

const struct lab_cli_command lab_cmd_host_unfreeze = {
	.name = "host unfreeze",
	.operands = "LAB HOST...|--all",
	.help = "Let frozen hosts go on",
	.options = all_options,
	.option = on_option,
	.run = host_change,
};

static const struct lab_cli_option delete_options[] = {
	{ "all", 0, NULL, "all hosts of the lab" },
	{ "force", 'f', NULL, "also those that run" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_host_delete = {
	.name = "host delete",
	.operands = "LAB HOST...|--all",
	.help = "Delete hosts, with their links and files",
	.options = delete_options,
	.option = on_option,
	.run = host_change,
};
