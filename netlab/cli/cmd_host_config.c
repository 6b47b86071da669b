/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_config.c - netlab host config: the limits of a host, and the environment of its commands */
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_host.h"
#include "netlab/ns/cgroup.h"

/**
 * struct config_args - options
 * @ephemeral:	it shall be so, true or false; NULL = not said
 * @limits:	what they say of limits, as host.config has it
 * @environment: what they say of variables, as host.config has it
 */
struct config_args {
	json_t *ephemeral, *limits, *environment;
};

int lab_hostcmd_limit(struct lab_cli *cli, json_t *to, const char *name, const char *value)
{
	struct lab_limits limits = { .memory_bytes = 0 };
	struct lab_err err;

	/* "none" takes it away, as 0 does there. */
	if (strcmp(value, "none") != 0 && lab_limits_set(&limits, name, value, &err) < 0)
		return lab_cli_usage_error(cli, "--%s, or none", err.msg);
	return json_object_set_new(to, name,
				   !strcmp(name, "memory")
					   ? json_integer((json_int_t)limits.memory_bytes)
				   : !strcmp(name, "cpus")
					   ? json_real((double)limits.cpus_milli / 1000)
					   : json_integer(limits.pids)) < 0
		       ? LAB_EXIT_OURS
		       : 0;
}

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct config_args *args = user;
	cleanup_free char *variable = NULL;
	const char *value = arg ? strchr(arg, '=') : NULL;

	bool yes;

	if (!strcmp(name, "ephemeral")) {
		if (lab_parse_bool(arg, &yes) < 0)
			return lab_cli_usage_error(cli, "--ephemeral: '%s' is neither yes nor no",
						   arg);
		args->ephemeral = json_boolean(yes);
		return 0;
	}
	if (!strcmp(name, "unset"))
		return json_object_set_new(args->environment, arg, json_null()) < 0
			       ? lab_cli_usage_error(cli, "--unset: the name is not UTF-8")
			       : 0;
	if (strcmp(name, "env") != 0)
		return lab_hostcmd_limit(cli, args->limits, name, arg);
	variable = value ? strndup(arg, (size_t)(value - arg)) : NULL;
	if (!variable || !*variable)
		return lab_cli_usage_error(cli, "--env: '%s' is not NAME=VALUE", arg);
	return json_object_set_new(args->environment, variable, json_string(value + 1)) < 0
		       ? lab_cli_usage_error(cli, "--env: '%s' is not UTF-8", arg)
		       : 0;
}

static int host_config(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", NULL };
	cleanup_json json_t *limits = json_object(), *environment = json_object();
	struct config_args args = { .limits = limits, .environment = environment };
	struct lab_hostcmd cmd;
	const char *host;
	int code = lab_hostcmd_operands(cli, argc, argv, &args, what, &host, &cmd);

	if (code < 0 && !args.ephemeral && !json_object_size(limits) &&
	    !json_object_size(environment))
		code = lab_cli_usage_error(
			cli, "nothing to change; netlab host show tells what there is");
	if (code < 0)
		code = lab_hostcmd_call(&cmd, "config", host,
					json_pack("{s:O, s:O, s:O*}", "limits", limits,
						  "environment", environment, "ephemeral",
						  args.ephemeral),
					0, NULL);
	if (code == 0 && cli->json)
		lab_cli_json(json_pack("{s:s, s:s, s:O, s:O, s:O*}", "lab", cmd.lab, "host", host,
				       "limits", limits, "environment", environment, "ephemeral",
				       args.ephemeral));
	lab_hostcmd_close(&cmd);
	return code;
}

static const struct lab_cli_option config_options[] = {
	{ "memory", 0, "SIZE", "memory and swap that it may use: 256MiB; none" },
	{ "cpus", 0, "N", "processors that it may use: 2, 0.5; none" },
	{ "pids", 0, "N", "processes that it may have; none" },
	{ "env", 'e', "NAME=VALUE", "a variable of all its commands from now on" },
	{ "unset", 0, "NAME", "take a variable away" },
	{ "ephemeral", 0, "yes|no", "whether it is deleted when it stops" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_host_config = {
	.name = "host config",
	.operands = "LAB HOST",
	.help = "Change the limits of a host, or the environment of its commands",
	.options = config_options,
	.option = on_option,
	.run = host_config,
};
