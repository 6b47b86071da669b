/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_deconfigure.c - netlab deconfigure: take down what netlab run --config-only has left up */
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/cli/cmd_topo.h"

struct args {
	struct lab_cli_aliases defines, overrides;
	const char *name;
};

static const struct lab_cli_option options[] = {
	{ "define-alias", 'a', "NAME=VALUE", "define an alias; the recipe may define it anew" },
	{ "override-alias", 'A', "NAME=VALUE", "define an alias whatever the recipe says" },
	{ "name", 'n', "LAB", "name of the lab; default: the recipe's" },
	{ NULL, 0, NULL, NULL },
};

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct args *args = user;

	if (!strcmp(name, "define-alias"))
		return lab_cli_alias_add(cli, name, arg, &args->defines);
	if (!strcmp(name, "override-alias"))
		return lab_cli_alias_add(cli, name, arg, &args->overrides);
	args->name = arg;
	return 0;
}

/* The recipe says the lab's name; it must still be right, as it was when the lab was made. */
static int deconfigure(struct lab_cli *cli, struct lab_loop *loop, const struct args *args,
		       const char *path)
{
	const struct ctl_recipe_params params = {
		.defines = args->defines.items,
		.n_defines = args->defines.n,
		.overrides = args->overrides.items,
		.n_overrides = args->overrides.n,
	};
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_recipe *recipe = NULL;
	char name[64];
	int r;

	if (args->name)
		return lab_topo_take_down(cli, loop, args->name, true);
	r = ctl_recipe_load(path, &params, &recipe, &diag);
	lab_cli_diag(cli, &diag);
	if (r < 0)
		return r == -ENOMEM ? LAB_EXIT_LACKS : LAB_EXIT_USAGE;
	lab_cli_lab_name(recipe->name, false, name);
	ctl_recipe_free(recipe);
	return lab_topo_take_down(cli, loop, name, true);
}

static int deconfigure_all(struct lab_cli *cli, const struct args *args, char **paths)
{
	int code = LAB_EXIT_PASS, one, r;
	struct lab_loop *loop = NULL;
	struct lab_err err;

	r = lab_loop_new(&loop);
	if (r < 0) {
		(void)lab_err_errno(&err, -r, "event loop");
		lab_cli_error(cli, &err);
		return LAB_EXIT_OURS;
	}
	for (; *paths; paths++) {
		one = deconfigure(cli, loop, args, *paths);
		code = LAB_MAX(code, one);
	}
	lab_loop_free(loop);
	return code;
}

static int cmd_deconfigure(struct lab_cli *cli, int argc, char **argv)
{
	struct args args = { 0 };
	int first, r = lab_cli_parse(cli, argc, argv, &args, &first);

	if (r != 0)
		r = first;
	else if (first == argc)
		r = lab_cli_usage_error(cli, "which recipe?");
	else if (args.name && argc - first > 1)
		r = lab_cli_usage_error(cli, "--name is the name of one lab; there are %d recipes",
					argc - first);
	else
		r = deconfigure_all(cli, &args, argv + first);
	lab_cli_aliases_fini(&args.defines);
	lab_cli_aliases_fini(&args.overrides);
	return r;
}

const struct lab_cli_command lab_cmd_deconfigure = {
	.name = "deconfigure",
	.operands = "RECIPE...",
	.help = "Take down what run --config-only has left up",
	.options = options,
	.option = on_option,
	.run = cmd_deconfigure,
};
