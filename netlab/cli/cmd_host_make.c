/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_make.c - netlab host create, rename and migrate */
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/cli/cmd_host.h"

/* --- create ----------------------------------------------------------------------------------- */

/**
 * struct create_args - options
 * @params:	of host.create
 * @limits:	of those
 * @interfaces:	of link.add, one for each network
 */
struct create_args {
	json_t *params, *limits, *interfaces;
};

/* "LABEL" or "LABEL=ADDRESS,ADDRESS". */
static int take_network(struct lab_cli *cli, struct create_args *args, const char *text)
{
	size_t n = json_array_size(args->interfaces);
	json_t *addresses = json_array(), *spec;
	cleanup_free char *copy = strdup(text);
	char *list = copy ? strchr(copy, '=') : NULL, *save = NULL, id[24];

	if (list)
		*list++ = '\0';
	for (char *one = list ? strtok_r(list, ",", &save) : NULL; one;
	     one = strtok_r(NULL, ",", &save))
		(void)json_array_append_new(addresses, json_string(one));
	(void)snprintf(id, sizeof(id), "eth%zu", n);
	spec = json_pack("{s:s, s:s, s:s, s:o}", "id", id, "kind", "eth", "network",
			 copy ? copy : "", "addresses", addresses);
	if (!spec || !copy || !*copy)
		json_decref(spec);
	else if (json_array_append_new(args->interfaces, spec) == 0)
		return 0;
	return lab_cli_usage_error(cli, "--network: '%s' is not LABEL or LABEL=ADDRESS,...", text);
}

static int on_create_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct create_args *args = user;

	if (!strcmp(name, "ephemeral") || !strcmp(name, "router"))
		return json_object_set_new(args->params,
					   name[0] == 'r' ? "forwarding" : "ephemeral",
					   json_true());
	if (!strcmp(name, "image"))
		return json_object_set_new(args->params, name, json_string(arg)) < 0
			       ? lab_cli_usage_error(cli, "--image: the name is not UTF-8")
			       : 0;
	if (!strcmp(name, "network"))
		return take_network(cli, args, arg);
	return lab_hostcmd_limit(cli, args->limits, name, arg);
}

static int create(const struct lab_hostcmd *cmd, const char *host, const struct create_args *args)
{
	int code;

	(void)json_object_set(args->params, "limits", args->limits);
	(void)json_object_set(args->params, "interfaces", args->interfaces);
	code = lab_hostcmd_call(cmd, "create", host, json_incref(args->params), 0, NULL);
	if (code == 0 && cmd->cli->json)
		lab_cli_json(json_pack("{s:s, s:s, s:s}", "lab", cmd->lab, "host", host, "state",
				       "running"));
	return code;
}

static int host_create(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", NULL };
	cleanup_json json_t *params = json_object(), *limits = json_object(),
			    *interfaces = json_array();
	struct create_args args = { .params = params, .limits = limits, .interfaces = interfaces };
	struct lab_hostcmd cmd;
	const char *host;
	int code = lab_hostcmd_operands(cli, argc, argv, &args, what, &host, &cmd);

	if (code < 0)
		code = create(&cmd, host, &args);
	lab_hostcmd_close(&cmd);
	return code;
}

/* --- migrate ---------------------------------------------------------------------------------- */

static int host_migrate(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", "server", NULL };
	struct lab_hostcmd cmd;
	const char *op[2];
	int code = lab_hostcmd_operands(cli, argc, argv, NULL, what, op, &cmd);

	if (code < 0)
		code = lab_hostcmd_call(&cmd, "migrate", op[0], json_pack("{s:s}", "to", op[1]), 0,
					NULL);
	if (code == 0 && cli->json)
		lab_cli_json(json_pack("{s:s, s:s, s:s}", "lab", cmd.lab, "host", op[0], "server",
				       op[1]));
	lab_hostcmd_close(&cmd);
	return code;
}

/* --- rename ----------------------------------------------------------------------------------- */

static int host_rename(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", "new name", NULL };
	struct lab_hostcmd cmd;
	const char *op[2];
	int code = lab_hostcmd_operands(cli, argc, argv, NULL, what, op, &cmd);

	if (code < 0)
		code = lab_hostcmd_call(&cmd, "rename", op[0], json_pack("{s:s}", "to", op[1]), 0,
					NULL);
	if (code == 0 && cli->json)
		lab_cli_json(
			json_pack("{s:s, s:s, s:s}", "lab", cmd.lab, "host", op[1], "was", op[0]));
	lab_hostcmd_close(&cmd);
	return code;
}

/* --- the commands ----------------------------------------------------------------------------- */

static const struct lab_cli_option create_options[] = {
	{ "network", 0, "LABEL[=ADDRESS,...]", "join a network of the lab that has a bridge" },
	{ "image", 0, "IMAGE", "one of those that hosts of the lab are made from" },
	{ "memory", 0, "SIZE", "memory and swap that it may use: 256MiB" },
	{ "cpus", 0, "N", "processors that it may use: 2, 0.5" },
	{ "pids", 0, "N", "processes that it may have" },
	{ "router", 0, NULL, "it forwards packets" },
	{ "ephemeral", 0, NULL, "it is deleted when it stops" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_host_create = {
	.name = "host create",
	.operands = "LAB HOST",
	.help = "Make one more host in a lab, and start it",
	.options = create_options,
	.option = on_create_option,
	.run = host_create,
};

const struct lab_cli_command lab_cmd_host_rename = {
	.name = "host rename",
	.operands = "LAB HOST NAME",
	.help = "Give a host another name",
	.run = host_rename,
};

const struct lab_cli_command lab_cmd_host_migrate = {
	.name = "host migrate",
	.operands = "LAB HOST SERVER",
	.help = "Move a host to another server, or cluster member, of LXD",
	.run = host_migrate,
};
