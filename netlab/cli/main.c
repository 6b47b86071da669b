/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the netlab command: finds the subcommand and runs it */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/log.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/base/version.h"
#include "netlab/cli/cli.h"

enum { NAME_MAX_ = 64 };

/* Names as they are typed; a subcommand may have several. */
static const struct {
	const char *name;
	const struct lab_cli_command *command;
	bool shown; /* in the list of commands */
} commands[] = {
	{ "run", &lab_cmd_run, true },
	{ "deconfigure", &lab_cmd_deconfigure, true },
	{ "topo up", &lab_cmd_topo_up, true },
	{ "topo down", &lab_cmd_topo_down, true },
	{ "topo ls", &lab_cmd_topo_ls, true },
	{ "topo inspect", &lab_cmd_topo_inspect, true },
	{ "topo plan", &lab_cmd_topo_plan, true },
	{ "topo status", &lab_cmd_topo_status, true },
	{ "topo pids", &lab_cmd_topo_pids, true },
	{ "match", &lab_cmd_match, true },
	{ "list-pools", &lab_cmd_list_pools, true },
	{ "topo exec", &lab_cmd_exec, false },
	{ "topo shell", &lab_cmd_shell, false },
	{ "exec", &lab_cmd_exec, true },
	{ "shell", &lab_cmd_shell, true },
	{ "host list", &lab_cmd_host_list, true },
	{ "host exists", &lab_cmd_host_exists, true },
	{ "host show", &lab_cmd_host_show, true },
	{ "host state", &lab_cmd_host_state, true },
	{ "host start", &lab_cmd_host_start, true },
	{ "host stop", &lab_cmd_host_stop, true },
	{ "host restart", &lab_cmd_host_restart, true },
	{ "host freeze", &lab_cmd_host_freeze, true },
	{ "host unfreeze", &lab_cmd_host_unfreeze, true },
	{ "host put", &lab_cmd_host_put, true },
	{ "host get", &lab_cmd_host_get, true },
	{ "host ls", &lab_cmd_host_ls, true },
	{ "host mkdir", &lab_cmd_host_mkdir, true },
	{ "host rm", &lab_cmd_host_rm, true },
	{ "host create", &lab_cmd_host_create, true },
	{ "host delete", &lab_cmd_host_delete, true },
	{ "host rename", &lab_cmd_host_rename, true },
	{ "host migrate", &lab_cmd_host_migrate, true },
	{ "host config", &lab_cmd_host_config, true },
	{ "host mount", &lab_cmd_host_mount, true },
	{ "host umount", &lab_cmd_host_umount, true },
	{ "host snapshot", &lab_cmd_host_snapshot, true },
	{ "host publish", &lab_cmd_image_publish, false },
	{ "host exec", &lab_cmd_exec, false },
	{ "host shell", &lab_cmd_shell, false },
	{ "backends", &lab_cmd_backends, true },
	{ "doctor", &lab_cmd_doctor, true },
	{ "sweep", &lab_cmd_sweep, true },
	{ "image import", &lab_cmd_image_import, true },
	{ "image export", &lab_cmd_image_export, true },
	{ "image ls", &lab_cmd_image_ls, true },
	{ "image show", &lab_cmd_image_show, true },
	{ "image rm", &lab_cmd_image_rm, true },
	{ "image publish", &lab_cmd_image_publish, true },
	{ "kernel fetch", &lab_cmd_kernel_fetch, true },
	{ "kernel ls", &lab_cmd_kernel_ls, true },
	{ "kernel rm", &lab_cmd_kernel_rm, true },
	{ "kernel run", &lab_cmd_kernel_run, true },
	{ "ls", &lab_cmd_topo_ls, false },
	{ "inspect", &lab_cmd_topo_inspect, false },
};

static const struct lab_cli_option main_options[] = {
	{ "version", 'V', NULL, "show the version" },
	{ "debug", 0, NULL, "write debug lines to standard error" },
	{ NULL, 0, NULL, NULL },
};

/*
 * struct main_args - options before the subcommand
 */
struct main_args {
	bool version, debug;
};

static int on_option(struct lab_cli *cli LAB_UNUSED, const char *name, const char *arg LAB_UNUSED,
		     void *user)
{
	struct main_args *args = user;

	if (!strcmp(name, "version"))
		args->version = true;
	else
		args->debug = true;
	return 0;
}

static void print_commands(void)
{
	size_t i;

	(void)printf("Commands:\n");
	for (i = 0; i < LAB_ARRAY_SIZE(commands); i++) {
		if (commands[i].shown)
			(void)printf("  %-14s %s\n", commands[i].name, commands[i].command->help);
	}
	(void)printf("  %-14s %s\n", "help", "show the help text of a command");
	(void)printf("  %-14s %s\n\n", "version", "show the version");
	(void)printf("'netlab COMMAND --help' shows the options of a command.\n\n");
}

static const struct lab_cli_command main_command = {
	.name = "",
	.operands = "COMMAND [ARGUMENT...]",
	.help = "Build network test labs from recipes, and run the recipes' tests in them",
	.more = print_commands,
	.options = main_options,
	.in_order = true,
	.option = on_option,
};

static int print_version(const struct lab_cli *cli)
{
	if (cli->json)
		lab_cli_json(
			json_pack("{s:s, s:s}", "version", lab_version(), "agent", lab_build_id()));
	else
		(void)printf("netlab %s (agent %s)\n", lab_version(), lab_build_id());
	return LAB_EXIT_PASS;
}

/*
 * The subcommand that words name, and how many words that took.
 */
static const struct lab_cli_command *find_command(int argc, char **argv, int *ret_words)
{
	char two[NAME_MAX_] = "";
	size_t i;

	if (argc > 1)
		(void)snprintf(two, sizeof(two), "%s %s", argv[0], argv[1]);
	for (i = 0; i < LAB_ARRAY_SIZE(commands); i++) {
		*ret_words = strchr(commands[i].name, ' ') ? 2 : 1;
		if (strcmp(commands[i].name, *ret_words == 2 ? two : argv[0]) == 0)
			return commands[i].command;
	}
	return NULL;
}

static int unknown_command(const struct lab_cli *cli, int argc, char **argv)
{
	const char *names[LAB_ARRAY_SIZE(commands) + 3];
	const char *nearest;
	char word[NAME_MAX_];
	size_t i;

	if (!strcmp(argv[0], "topo") && argc < 2)
		return lab_cli_usage_error(
			cli,
			"topo: which of up, down, ls, inspect, plan, status, pids, exec, shell?");
	if (!strcmp(argv[0], "kernel") && argc < 2)
		return lab_cli_usage_error(cli, "kernel: which of fetch, ls, rm, run?");
	if (!strcmp(argv[0], "image") && argc < 2)
		return lab_cli_usage_error(
			cli, "image: which of import, export, ls, show, rm, publish?");
	if (!strcmp(argv[0], "host") && argc < 2)
		return lab_cli_usage_error(
			cli,
			"host: which of list, exists, show, state, start, stop, restart, freeze, unfreeze, put, get, ls, mkdir, rm, mount, umount, snapshot, exec, shell?");
	if (!strcmp(argv[0], "topo") || !strcmp(argv[0], "kernel") || !strcmp(argv[0], "host") ||
	    !strcmp(argv[0], "image"))
		(void)snprintf(word, sizeof(word), "%s %s", argv[0], argv[1]);
	else
		(void)snprintf(word, sizeof(word), "%s", argv[0]);
	for (i = 0; i < LAB_ARRAY_SIZE(commands); i++)
		names[i] = commands[i].name;
	names[i++] = "help";
	names[i++] = "version";
	names[i] = NULL;
	nearest = lab_str_nearest(word, names);
	if (nearest)
		return lab_cli_usage_error(cli, "there is no command '%s'; did you mean '%s'?",
					   word, nearest);
	return lab_cli_usage_error(cli, "there is no command '%s'", word);
}

static int help_command(const struct lab_cli *cli, int argc, char **argv)
{
	const struct lab_cli_command *command;
	int words;

	if (argc == 0) {
		lab_cli_help(&main_command);
		return LAB_EXIT_PASS;
	}
	command = find_command(argc, argv, &words);
	if (!command)
		return unknown_command(cli, argc, argv);
	lab_cli_help(command);
	return LAB_EXIT_PASS;
}

static int dispatch(struct lab_cli *cli, int argc, char **argv)
{
	const struct lab_cli_command *command;
	int words;

	if (!strcmp(argv[0], "help"))
		return help_command(cli, argc - 1, argv + 1);
	if (!strcmp(argv[0], "version"))
		return print_version(cli);
	command = find_command(argc, argv, &words);
	if (!command)
		return unknown_command(cli, argc, argv);
	cli->command = command;
	return command->run(cli, argc - (words - 1), argv + (words - 1));
}

/* `netlab ... | head` has what it wanted: nothing to complain about. */
static bool reader_has_gone(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

int main(int argc, char **argv)
{
	struct lab_cli cli = {
		.command = &main_command,
		.start_us = lab_loop_now_us(),
		.words = argv,
	};
	struct main_args args = { 0 };
	struct lab_err err;
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	int first, r;

	/* A reader that goes away is an error of write(2), not the end of us. */
	(void)signal(SIGPIPE, SIG_IGN);
	cli.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && term &&
		     strcmp(term, "dumb") != 0;
	if (lab_fault_init(&err) < 0) {
		lab_cli_error(&cli, &err);
		return LAB_EXIT_USAGE;
	}
	if (lab_cli_parse(&cli, argc, argv, &args, &first) != 0)
		return first;
	lab_log_set(args.debug);
	if (args.version)
		return print_version(&cli);
	if (first == argc) {
		(void)lab_cli_usage_error(&cli, "No action specified: which command?");
		return LAB_EXIT_USAGE;
	}
	r = dispatch(&cli, argc - first, argv + first);
	if ((fflush(stdout) != 0 || ferror(stdout)) && r == LAB_EXIT_PASS && !reader_has_gone()) {
		(void)fprintf(stderr, "error: standard output could not be written\n");
		r = LAB_EXIT_OURS;
	}
	return r;
}
