/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_topo_up.c - netlab topo up and topo plan: from a recipe to a lab, or to its plan */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/cli/cli.h"
#include "netlab/cli/cmd_doctor.h"
#include "netlab/cli/pools.h"

#define PROGRESS_US 40000 /* between two updates of the progress line */

struct up_args {
	struct lab_cli_aliases defines, overrides;
	struct lab_pools_args pools;
	const char *name;
	bool timing, build, hold;
};

struct holding {
	struct lab_loop *loop;
	bool gone;
};

struct progress {
	uint64_t shown_us;
	bool shown;
};

static void up_args_fini(struct up_args *args)
{
	lab_cli_aliases_fini(&args->defines);
	lab_cli_aliases_fini(&args->overrides);
	lab_pools_args_fini(&args->pools);
}

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct up_args *args = user;
	int r;

	if (lab_pools_option(cli, name, arg, &args->pools, &r))
		return r;
	if (!strcmp(name, "define-alias"))
		return lab_cli_alias_add(cli, name, arg, &args->defines);
	if (!strcmp(name, "override-alias"))
		return lab_cli_alias_add(cli, name, arg, &args->overrides);
	if (!strcmp(name, "name"))
		args->name = arg;
	if (!strcmp(name, "timing"))
		args->timing = true;
	if (!strcmp(name, "hold"))
		args->hold = true;
	return 0;
}

static int open_recipe(struct lab_cli *cli, const char *path, const struct up_args *args,
		       struct lab_cli_labfile *ret)
{
	const struct ctl_recipe_params params = {
		.defines = args->defines.items,
		.n_defines = args->defines.n,
		.overrides = args->overrides.items,
		.n_overrides = args->overrides.n,
	};
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_pools pools;
	struct lab_err err;
	int r;

	r = lab_pools_open(cli, &args->pools, &pools);
	if (r != 0)
		return r;
	r = lab_cli_labfile_open(path, args->name, &params, &pools, ret, &diag);
	lab_pools_fini(&pools);
	if (r >= 0 && args->build)
		r = lab_doctor_before(ret->topo, &diag);
	ctl_diag_sort(&diag);
	lab_cli_diag(cli, &diag);
	if (r == -ENOMEM && diag.n_errors == 0) {
		(void)lab_err_errno(&err, ENOMEM, "%s", path);
		lab_cli_error(cli, &err);
		return LAB_EXIT_OURS;
	}
	return r == -ENOSYS ? LAB_EXIT_LACKS : r < 0 ? LAB_EXIT_USAGE : 0;
}

static int one_recipe(struct lab_cli *cli, int argc, char **argv, struct up_args *args,
		      const char **ret_path, int *ret_code)
{
	int first, r = lab_cli_parse(cli, argc, argv, args, &first);

	if (r != 0) {
		*ret_code = first;
		return r;
	}
	if (argc - first != 1) {
		*ret_code = lab_cli_usage_error(cli, first == argc ? "no recipe given"
								   : "more than one recipe");
		return 1;
	}
	*ret_path = argv[first];
	return 0;
}

static void on_progress(size_t hosts_up, size_t hosts_total, void *user)
{
	struct progress *p = user;
	uint64_t now = lab_loop_now_us();

	if (hosts_up < hosts_total && now - p->shown_us < PROGRESS_US)
		return;
	(void)fprintf(stderr, "\r%zu of %zu hosts up\033[K", hosts_up, hosts_total);
	(void)fflush(stderr);
	p->shown = true;
	p->shown_us = now;
}

static size_t count_ifaces(const struct lab_topo *topo)
{
	size_t i, n = 0;

	for (i = 0; i < topo->n_hosts; i++)
		n += topo->hosts[i].n_ifaces;
	return n;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_up_json(const char *lab, const struct lab_topo *topo,
			  const struct lab_up_timing *timing)
{
	json_t *phases = json_object();
	int i;

	for (i = 0; i < LAB_PHASE_MAX_; i++)
		(void)json_object_set_new(phases, lab_phase_name((enum lab_phase)i),
					  json_integer((json_int_t)timing->phase_us[i]));
	lab_cli_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "event", "up", "lab", lab,
			       "hosts", (json_int_t)topo->n_hosts, "networks",
			       (json_int_t)topo->n_networks, "interfaces",
			       (json_int_t)count_ifaces(topo), "duration_us",
			       (json_int_t)timing->total_us, "phases_us", phases));
}

static void print_up(const struct lab_cli *cli, const char *lab, const struct lab_topo *topo,
		     const struct lab_up_timing *timing, bool with_timing)
{
	const char *bold = cli->colour ? "\033[1m" : "", *off = cli->colour ? "\033[0m" : "";
	const char *host = topo->hosts[0].id;

	printf("lab %s%s%s is up: %zu host%s, %zu network%s, in %.3f s\n", bold, lab, off,
	       topo->n_hosts, plural(topo->n_hosts), topo->n_networks, plural(topo->n_networks),
	       (double)timing->total_us / 1e6);
	if (with_timing)
		lab_cli_timing_print(cli, timing);
	printf("  netlab topo inspect %s\n", lab);
	printf("  netlab exec %s %s -- ip -br address\n", lab, host);
	printf("  netlab shell %s %s\n", lab, host);
	printf("  netlab topo down %s\n", lab);
}

static void on_input(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct holding *holding = user;
	char ignored[512];
	ssize_t n = read(fd, ignored, sizeof(ignored));

	(void)src;
	(void)events;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		lab_loop_quit(holding->loop, 0);
}

static void on_gone(struct lab_client *client, void *user)
{
	struct holding *holding = user;

	(void)client;
	holding->gone = true;
	lab_loop_quit(holding->loop, 0);
}

/* Until standard input ends, a signal comes, or somebody else takes the lab down. */
static int hold_lab(struct lab_loop *loop, struct lab_client *client, struct lab_err *err)
{
	struct holding holding = { .loop = loop };
	struct lab_source *input = NULL;
	int r;

	(void)fflush(stdout);
	lab_client_on_closed(client, on_gone, &holding);
	r = lab_loop_add_fd(loop, STDIN_FILENO, EPOLLIN, on_input, &holding, &input);
	if (r == -EPERM) /* a file, or /dev/null: it has ended already */
		r = 0;
	else if (r < 0)
		return lab_err_errno(err, -r, "--hold: standard input");
	else
		r = lab_loop_run(loop);
	lab_source_free(input);
	lab_client_on_closed(client, NULL, NULL);
	if (r < 0)
		return lab_err_errno(err, -r, "event loop");
	return holding.gone ? 0 : lab_client_down(client, err);
}

static int bring_up(struct lab_cli *cli, const struct lab_cli_labfile *file,
		    const struct up_args *args)
{
	struct progress progress = { .shown_us = lab_loop_now_us() };
	char lab[64];
	const struct lab_up_params params = {
		.name = args->name ? args->name : lab,
		.recipe = file->recipe->file,
		.leash = args->hold,
		.progress = isatty(STDERR_FILENO) ? on_progress : NULL,
		.user = &progress,
	};
	struct lab_client *client = NULL;
	struct lab_loop *loop = NULL;
	struct lab_up_timing timing;
	struct lab_err err;
	int r;

	lab_cli_lab_name(file->recipe->name, false, lab);
	r = lab_loop_new(&loop);
	if (r < 0)
		(void)lab_err_errno(&err, -r, "event loop");
	else
		r = lab_cli_signals_on(cli, loop, NULL, NULL, &err);
	if (r == 0)
		r = lab_up(loop, file->plan, &params, &client, &timing, &err);
	if (progress.shown)
		(void)fputs("\r\033[K", stderr);
	if (r == 0 && cli->json)
		print_up_json(params.name, file->topo, &timing);
	else if (r == 0)
		print_up(cli, params.name, file->topo, &timing, args->timing);
	if (r == 0 && args->hold)
		r = hold_lab(loop, client, &err);
	if (r < 0)
		lab_cli_error(cli, &err);
	lab_client_free(client);
	lab_cli_signals_off(cli);
	lab_loop_free(loop);
	if (cli->interrupted && (args->hold || r == -ECANCELED))
		return LAB_EXIT_SIGNAL + cli->signo;
	return r < 0 ? lab_cli_exit_of(r) : LAB_EXIT_PASS;
}

static int topo_up(struct lab_cli *cli, int argc, char **argv)
{
	LAB_CLEANUP(up_args_fini) struct up_args args = { .build = true };
	struct lab_cli_labfile file = { 0 };
	const char *path;
	struct lab_err err;
	int code;

	if (one_recipe(cli, argc, argv, &args, &path, &code) != 0)
		return code;
	if (args.name && lab_name_check(args.name, &err) < 0)
		return lab_cli_usage_error(cli, "--name: %s", err.msg);
	code = open_recipe(cli, path, &args, &file);
	if (code == 0)
		code = bring_up(cli, &file, &args);
	lab_cli_labfile_close(&file);
	return code;
}

static int print_plan(struct lab_cli *cli, const struct lab_plan *plan)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	cleanup_json json_t *ops = NULL;
	struct lab_err err;
	json_t *op;
	size_t i;

	if (cli->json) {
		ops = lab_plan_to_json(plan);
		json_array_foreach(ops, i, op) {
			lab_cli_json(json_incref(op));
		}
	} else {
		for (i = 0; i < plan->n_ops; i++) {
			lab_plan_describe(plan, i, &sb);
			lab_strbuf_putc(&sb, '\n');
		}
		if (!sb.error)
			(void)fputs(lab_strbuf_str(&sb), stdout);
	}
	if (sb.error || (cli->json && !ops)) {
		(void)lab_err_errno(&err, ENOMEM, "plan");
		lab_cli_error(cli, &err);
		return LAB_EXIT_OURS;
	}
	return LAB_EXIT_PASS;
}

static int topo_plan(struct lab_cli *cli, int argc, char **argv)
{
	LAB_CLEANUP(up_args_fini) struct up_args args = { 0 };
	struct lab_cli_labfile file = { 0 };
	const char *path;
	int code;

	if (one_recipe(cli, argc, argv, &args, &path, &code) != 0)
		return code;
	code = open_recipe(cli, path, &args, &file);
	if (code == 0)
		code = print_plan(cli, file.plan);
	lab_cli_labfile_close(&file);
	return code;
}

static const struct lab_cli_option up_options[] = {
	{ "name", 'n', "NAME", "name of the lab (default: the recipe's)" },
	{ "define-alias", 'a', "NAME=VALUE", "define an alias; the recipe's definitions win" },
	{ "override-alias", 'A', "NAME=VALUE", "override every definition of an alias" },
	LAB_POOLS_OPTIONS,
	{ "timing", 0, NULL, "print the time of each phase" },
	{ "hold", 0, NULL, "take the lab down when standard input ends" },
	{ NULL, 0, NULL, NULL },
};

static const struct lab_cli_option plan_options[] = {
	{ "define-alias", 'a', "NAME=VALUE", "define an alias; the recipe's definitions win" },
	{ "override-alias", 'A', "NAME=VALUE", "override every definition of an alias" },
	LAB_POOLS_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_topo_up = {
	.name = "topo up",
	.operands = "RECIPE",
	.help = "Bring a lab up and leave it up",
	.options = up_options,
	.option = on_option,
	.run = topo_up,
};

const struct lab_cli_command lab_cmd_topo_plan = {
	.name = "topo plan",
	.operands = "RECIPE",
	.help = "Print what topo up would do",
	.options = plan_options,
	.option = on_option,
	.run = topo_plan,
};
