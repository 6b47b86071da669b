/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_sweep.c - netlab sweep: remove what killed labs have left */
#include <string.h>

#include "netlab/cli/cli.h"
#include "netlab/keeper/rundir.h"

/**
 * struct sweep_args - options, and what came of it
 * @cli:	command line
 * @dry_run:	remove nothing
 * @found:	something was left
 * @failed:	something is still
 */
struct sweep_args {
	struct lab_cli *cli;
	bool dry_run, found, failed;
};

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct sweep_args *args = user;

	(void)cli;
	(void)name;
	(void)arg;
	args->dry_run = true;
	return 0;
}

static void on_leftover(const struct lab_leftover *left, void *user)
{
	struct sweep_args *args = user;
	struct lab_err err;

	args->found = true;
	if (left->err) {
		args->failed = true;
		err = *left->err;
		(void)lab_err_prefix(&err, 0, "lab %s: ", left->lab);
		lab_cli_error(args->cli, &err);
	} else if (args->cli->json) {
		lab_cli_json(json_pack("{s:s, s:s, s:s}", "lab", left->lab, "kind", left->kind,
				       "what", left->what));
	} else {
		(void)printf("lab %s: %s %s\n", left->lab, left->kind, left->what);
	}
}

static int sweep(struct lab_cli *cli, int argc, char **argv)
{
	struct sweep_args args = { .cli = cli };
	struct lab_err err;
	int first, r;

	if (lab_cli_parse(cli, argc, argv, &args, &first) != 0)
		return first;
	if (first < argc)
		return lab_cli_usage_error(cli, "one word too many: '%s'", argv[first]);
	r = lab_rundir_leftovers(!args.dry_run, on_leftover, &args, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		return lab_cli_exit_of(r);
	}
	if (!args.found && !cli->json)
		(void)puts("nothing is left of labs that were killed");
	return args.failed ? LAB_EXIT_OURS : LAB_EXIT_PASS;
}

static const struct lab_cli_option options[] = {
	{ "dry-run", 'n', NULL, "tell what is left, and remove nothing" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_sweep = {
	.name = "sweep",
	.operands = "",
	.help = "Remove what killed labs have left, and nothing else",
	.options = options,
	.option = on_option,
	.run = sweep,
};
