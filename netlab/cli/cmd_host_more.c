/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_more.c - netlab host mount, umount and snapshot */
#include <string.h>
#include <time.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_host.h"
#include "netlab/cli/cmd_image.h"
#include "netlab/cli/table.h"

/* --- mount and umount ------------------------------------------------------------------------- */

static int on_read_only(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	(void)cli;
	(void)name;
	(void)arg;
	*(bool *)user = true;
	return 0;
}

static int finish(const struct lab_hostcmd *cmd, const char *host, const char *path)
{
	if (cmd->cli->json)
		lab_cli_json(
			json_pack("{s:s, s:s, s:s}", "lab", cmd->lab, "host", host, "path", path));
	return LAB_EXIT_PASS;
}

static int host_mount(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", "directory or file to mount",
					    "path in the host", NULL };
	bool read_only = false;
	struct lab_hostcmd cmd;
	const char *op[3];
	struct lab_err err;
	int code = lab_hostcmd_operands(cli, argc, argv, &read_only, what, op, &cmd), r;

	if (code < 0) {
		r = lab_client_host_mount(cmd.client, op[0], op[1], op[2], read_only, &err);
		code = r < 0 ? lab_hostcmd_fail(&cmd, r, &err) : finish(&cmd, op[0], op[2]);
	}
	lab_hostcmd_close(&cmd);
	return code;
}

static int host_umount(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", "path in the host", NULL };
	struct lab_hostcmd cmd;
	const char *op[2];
	int code = lab_hostcmd_operands(cli, argc, argv, NULL, what, op, &cmd);

	if (code < 0) {
		code = lab_hostcmd_call(&cmd, "umount", op[0], json_pack("{s:s}", "path", op[1]), 0,
					NULL);
		code = code ? code : finish(&cmd, op[0], op[1]);
	}
	lab_hostcmd_close(&cmd);
	return code;
}

/* --- snapshot --------------------------------------------------------------------------------- */

static const struct verb {
	const char *name, *first, *second;
} verbs[] = {
	{ "create", "name", NULL },  { "list", NULL, NULL },     { "rename", "name", "to" },
	{ "restore", "name", NULL }, { "delete", "name", NULL }, { "publish", "name", "image" },
};

static const struct verb *find_verb(const struct lab_cli *cli, const char *name)
{
	const char *names[LAB_ARRAY_SIZE(verbs) + 1] = { NULL }, *near;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(verbs); i++) {
		names[i] = verbs[i].name;
		if (!strcmp(name, verbs[i].name))
			return &verbs[i];
	}
	near = lab_str_nearest(name, names);
	(void)lab_cli_usage_error(cli, "snapshot: there is no '%s'; %s%s%s", name,
				  near ? "did you mean '"
				       : "create, list, rename, restore, delete, publish",
				  near ? near : "", near ? "'?" : "");
	return NULL;
}

static const struct lab_column columns[] = { { "SNAPSHOT", false },
					     { "MADE", false },
					     { "CURRENT", false } };

static int print_list(const struct lab_hostcmd *cmd, json_t *result)
{
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	json_t *one;
	size_t i;

	if (lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table) < 0)
		return LAB_EXIT_OURS;
	json_array_foreach(json_object_get(result, "snapshots"), i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));
		time_t made = (time_t)json_integer_value(json_object_get(one, "created"));
		char when[32] = "?";
		struct tm tm;

		if (cmd->cli->json) {
			lab_cli_json(json_incref(one));
			continue;
		}
		if (localtime_r(&made, &tm))
			(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
		lab_table_add(table, "%s", name ? name : "?");
		lab_table_add(table, "%s", when);
		lab_table_add(table, "%s",
			      json_is_true(json_object_get(one, "current")) ? "yes" : "");
	}
	if (!cmd->cli->json && lab_table_print(table, cmd->cli->colour) < 0)
		return LAB_EXIT_OURS;
	return LAB_EXIT_PASS;
}

static int call(const struct lab_hostcmd *cmd, const struct verb *v, const char *host,
		char *const *names)
{
	cleanup_json json_t *result = NULL;
	json_t *params = json_object();
	char method[32];
	int code;

	(void)snprintf(method, sizeof(method), "snapshot.%s", v->name);
	if (v->first)
		(void)json_object_set_new(params, v->first, json_string(names[0]));
	if (v->second)
		(void)json_object_set_new(params, v->second, json_string(names[1]));
	code = lab_hostcmd_call(cmd, method, host, params, 0, &result);
	if (code == 0 && !v->first)
		return print_list(cmd, result);
	if (code == 0 && cmd->cli->json)
		lab_cli_json(json_pack("{s:s, s:s, s:s}", "lab", cmd->lab, "host", host, "snapshot",
				       names[v->second ? 1 : 0]));
	return code;
}

/* The same as netlab image publish --snapshot. */
static int publish(struct lab_cli *cli, char *const *names)
{
	struct img_about about = { .name = "" };
	int code = lab_imagecmd_option(cli, "name", names[3], &about);

	return code ? code : lab_imagecmd_publish(cli, names[0], names[1], names[2], &about);
}

static int host_snapshot(struct lab_cli *cli, int argc, char **argv)
{
	const struct verb *v;
	struct lab_hostcmd cmd;
	int first, code, n_names, given;

	if (lab_cli_parse(cli, argc, argv, NULL, &first) != 0)
		return first;
	if (first == argc)
		return lab_cli_usage_error(
			cli, "snapshot: which of create, list, rename, restore, delete, publish?");
	v = find_verb(cli, argv[first]);
	if (!v)
		return LAB_EXIT_USAGE;
	n_names = (v->first != NULL) + (v->second != NULL);
	given = argc - first - 1;
	if (given < 2)
		return lab_cli_usage_error(cli, "no %s named", given ? "host" : "lab");
	if (given - 2 < n_names)
		return lab_cli_usage_error(cli, "no %s given",
					   given == 2                    ? "name of a snapshot"
					   : !strcmp(v->name, "publish") ? "name for the image"
									 : "new name");
	if (given - 2 > n_names)
		return lab_cli_usage_error(cli, "one word too many: '%s'", argv[argc - 1]);
	if (!strcmp(v->name, "publish"))
		return publish(cli, argv + first + 1);
	code = lab_hostcmd_open(cli, argv[first + 1], &cmd);
	if (code == 0)
		code = call(&cmd, v, argv[first + 2], argv + first + 3);
	lab_hostcmd_close(&cmd);
	return code;
}

/* --- the commands ----------------------------------------------------------------------------- */

static const struct lab_cli_option mount_options[] = {
	{ "read-only", 0, NULL, "the host cannot change it" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_host_mount = {
	.name = "host mount",
	.operands = "LAB HOST SOURCE PATH",
	.help = "Show a host a directory or file of this machine",
	.options = mount_options,
	.option = on_read_only,
	.run = host_mount,
};

const struct lab_cli_command lab_cmd_host_umount = {
	.name = "host umount",
	.operands = "LAB HOST PATH",
	.help = "Take that away again",
	.run = host_umount,
};

const struct lab_cli_command lab_cmd_host_snapshot = {
	.name = "host snapshot",
	.operands = "create|list|rename|restore|delete|publish LAB HOST [NAME [TO]]",
	.help = "Keep the files of a host as they are, and go back to them",
	.run = host_snapshot,
};
