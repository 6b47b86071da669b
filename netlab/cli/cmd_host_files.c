/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host_files.c - netlab host put, get, ls, mkdir, rm */
#include <string.h>
#include <time.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_host.h"
#include "netlab/cli/table.h"

/**
 * struct files_args - options
 * @options:	for the request, owned
 */
struct files_args {
	json_t *options;
};

static int bad_mode(const struct lab_cli *cli, const char *arg)
{
	return lab_cli_usage_error(cli, "--mode: '%s' is no mode; for example: 644, 0755", arg);
}

static int read_mode(struct lab_cli *cli, const char *arg, json_t *options)
{
	int mode = 0;

	if (!*arg || strlen(arg) > 5)
		return bad_mode(cli, arg);
	for (const char *c = arg; *c; c++) {
		if (*c < '0' || *c > '7')
			return bad_mode(cli, arg);
		mode = mode * 8 + (*c - '0');
	}
	if (mode > 07777)
		return bad_mode(cli, arg);
	(void)json_object_set_new(options, "mode", json_integer(mode));
	return 0;
}

static int read_owner(struct lab_cli *cli, const char *arg, json_t *options)
{
	uint64_t uid, gid;
	char text[32];
	char *colon;

	(void)snprintf(text, sizeof(text), "%s", arg);
	colon = strchr(text, ':');
	if (colon)
		*colon++ = '\0';
	if (strlen(arg) >= sizeof(text) || lab_parse_u64(text, 0, UINT32_MAX - 1, &uid) < 0 ||
	    lab_parse_u64(colon ? colon : text, 0, UINT32_MAX - 1, &gid) < 0)
		return lab_cli_usage_error(cli, "--owner: '%s' is not UID or UID:GID, in numbers",
					   arg);
	(void)json_object_set_new(options, "uid", json_integer((json_int_t)uid));
	(void)json_object_set_new(options, "gid", json_integer((json_int_t)gid));
	return 0;
}

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct files_args *args = user;

	if (!strcmp(name, "mode"))
		return read_mode(cli, arg, args->options);
	if (!strcmp(name, "owner"))
		return read_owner(cli, arg, args->options);
	(void)json_object_set_new(args->options, name, json_true());
	return 0;
}

/* Read the operands; the last one may be missing if its name begins with '['. */
static int begin(struct lab_cli *cli, int argc, char **argv, struct files_args *args,
		 const char *const *what, const char **ret, struct lab_hostcmd *cmd)
{
	args->options = json_object();
	return lab_hostcmd_operands(cli, argc, argv, args, what, ret, cmd);
}

static void end(struct files_args *args, struct lab_hostcmd *cmd)
{
	json_decref(args->options);
	lab_hostcmd_close(cmd);
}

static int finish(const struct lab_hostcmd *cmd, int r, const struct lab_err *err, const char *host,
		  const char *path)
{
	if (r < 0)
		return lab_hostcmd_fail(cmd, r, err);
	if (cmd->cli->json)
		lab_cli_json(
			json_pack("{s:s, s:s, s:s}", "lab", cmd->lab, "host", host, "path", path));
	return LAB_EXIT_PASS;
}

static bool absolute(const struct lab_hostcmd *cmd, const char *path, int *ret_code)
{
	if (path[0] == '/')
		return true;
	*ret_code = lab_cli_usage_error(cmd->cli,
					"'%s' is a path in the host: it must begin with '/'", path);
	return false;
}

static int host_put(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", "file to put", "path in the host", NULL };
	struct files_args args;
	struct lab_hostcmd cmd;
	const char *op[3];
	struct lab_err err;
	int code = begin(cli, argc, argv, &args, what, op, &cmd), r;

	if (code < 0 && absolute(&cmd, op[2], &code)) {
		r = lab_client_host_put(cmd.client, op[0], op[1], op[2], args.options, &err);
		code = finish(&cmd, r, &err, op[0], op[2]);
	}
	end(&args, &cmd);
	return code;
}

static int host_get(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", "path in the host", "[path here", NULL };
	struct files_args args;
	struct lab_hostcmd cmd;
	const char *op[3], *target;
	struct lab_err err;
	int code = begin(cli, argc, argv, &args, what, op, &cmd), r;

	if (code < 0 && absolute(&cmd, op[1], &code)) {
		target = op[2] ? op[2] : ".";
		r = lab_client_host_get(cmd.client, op[0], op[1], target, &err);
		code = finish(&cmd, r, &err, op[0], target);
	}
	end(&args, &cmd);
	return code;
}

/* Those that only name a path in the host. */
static int simple(struct lab_cli *cli, int argc, char **argv, const char *name)
{
	static const char *const what[] = { "host", "path in the host", NULL };
	struct files_args args;
	struct lab_hostcmd cmd;
	const char *op[2];
	struct lab_err err;
	int code = begin(cli, argc, argv, &args, what, op, &cmd), r;

	if (code < 0 && absolute(&cmd, op[1], &code)) {
		(void)json_object_set_new(args.options, "op", json_string(name));
		(void)json_object_set_new(args.options, "path", json_string(op[1]));
		r = lab_client_host_files(cmd.client, op[0], args.options, NULL, &err);
		code = finish(&cmd, r, &err, op[0], op[1]);
	}
	end(&args, &cmd);
	return code;
}

static int host_delete(struct lab_cli *cli, int argc, char **argv)
{
	return simple(cli, argc, argv, "delete");
}

static int host_mkdir(struct lab_cli *cli, int argc, char **argv)
{
	return simple(cli, argc, argv, "mkdir");
}

/* --- ls --------------------------------------------------------------------------------------- */

static const struct lab_column columns[] = {
	{ "MODE", false },    { "OWNER", false }, { "SIZE", true },
	{ "CHANGED", false }, { "NAME", false },
};

static json_int_t number(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static void add_row(struct lab_table *table, const json_t *o)
{
	static const struct {
		const char *type;
		char letter;
	} types[] = { { "file", '-' }, { "directory", 'd' }, { "link", 'l' },
		      { "pipe", 'p' }, { "socket", 's' },    { "device", 'c' } };
	const char *type = json_string_value(json_object_get(o, "type"));
	const char *target = json_string_value(json_object_get(o, "target"));
	time_t changed = (time_t)number(o, "mtime");
	char letter = '?', when[32] = "?";
	struct tm tm;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(types); i++)
		if (type && !strcmp(type, types[i].type))
			letter = types[i].letter;
	if (localtime_r(&changed, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	lab_table_add(table, "%c%04o", letter, (unsigned int)number(o, "mode"));
	lab_table_add(table, "%lld:%lld", (long long)number(o, "uid"), (long long)number(o, "gid"));
	lab_table_add(table, "%lld", (long long)number(o, "size"));
	lab_table_add(table, "%s", when);
	lab_table_add(table, target ? "%s -> %s" : "%s",
		      json_string_value(json_object_get(o, "name")), target);
}

static int print_list(const struct lab_hostcmd *cmd, char *text)
{
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	char *save = NULL, *line;

	if (cmd->cli->json) {
		(void)fputs(text, stdout);
		return LAB_EXIT_PASS;
	}
	if (lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table) < 0)
		return LAB_EXIT_OURS;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		cleanup_json json_t *o = json_loads(line, 0, NULL);

		if (json_is_string(json_object_get(o, "name")))
			add_row(table, o);
	}
	return lab_table_print(table, cmd->cli->colour) < 0 ? LAB_EXIT_OURS : LAB_EXIT_PASS;
}

static int host_ls(struct lab_cli *cli, int argc, char **argv)
{
	static const char *const what[] = { "host", "[path in the host", NULL };
	cleanup_json json_t *files = NULL;
	cleanup_free char *text = NULL;
	struct files_args args;
	struct lab_hostcmd cmd;
	const char *op[2], *path;
	struct lab_err err;
	int code = begin(cli, argc, argv, &args, what, op, &cmd), r;

	path = code < 0 && op[1] ? op[1] : "/";
	if (code < 0 && absolute(&cmd, path, &code)) {
		files = json_pack("{s:s, s:s}", "op", "list", "path", path);
		r = files ? lab_client_host_files(cmd.client, op[0], files, &text, &err)
			  : lab_err_set(&err, EILSEQ, "%s: the name is not UTF-8", path);
		code = r < 0 ? lab_hostcmd_fail(&cmd, r, &err) : print_list(&cmd, text);
	}
	end(&args, &cmd);
	return code;
}

/* --- the commands ----------------------------------------------------------------------------- */

static const struct lab_cli_option put_options[] = {
	{ "mode", 'm', "MODE", "mode of files, in octal (as they are here)" },
	{ "owner", 'o', "UID[:GID]", "owner and group, in numbers (0:0)" },
	{ "parents", 'p', NULL, "make the directories that it is to be in" },
	{ NULL, 0, NULL, NULL },
};

static const struct lab_cli_option mkdir_options[] = {
	{ "mode", 'm', "MODE", "its mode, in octal (755)" },
	{ "owner", 'o', "UID[:GID]", "owner and group, in numbers (0:0)" },
	{ "parents", 'p', NULL, "make those above it; it may be there already" },
	{ NULL, 0, NULL, NULL },
};

static const struct lab_cli_option delete_options[] = {
	{ "recursive", 'r', NULL, "a directory with all that is in it" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_host_put = {
	.name = "host put",
	.operands = "LAB HOST SOURCE PATH",
	.help = "Copy a file or a directory to a host",
	.options = put_options,
	.option = on_option,
	.run = host_put,
};

const struct lab_cli_command lab_cmd_host_get = {
	.name = "host get",
	.operands = "LAB HOST PATH [TARGET]",
	.help = "Copy a file or a directory out of a host",
	.run = host_get,
};

const struct lab_cli_command lab_cmd_host_ls = {
	.name = "host ls",
	.operands = "LAB HOST [PATH]",
	.help = "List files of a host",
	.run = host_ls,
};

const struct lab_cli_command lab_cmd_host_mkdir = {
	.name = "host mkdir",
	.operands = "LAB HOST PATH",
	.help = "Make a directory in a host",
	.options = mkdir_options,
	.option = on_option,
	.run = host_mkdir,
};

const struct lab_cli_command lab_cmd_host_rm = {
	.name = "host rm",
	.operands = "LAB HOST PATH",
	.help = "Delete a file or a directory of a host",
	.options = delete_options,
	.option = on_option,
	.run = host_delete,
};
