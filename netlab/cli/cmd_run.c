/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_run.c - netlab run: its options, the terminal, and the recipes one after another */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <time.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/base/version.h"
#include "netlab/cli/cmd_kernel.h"
#include "netlab/cli/cmd_run.h"

static const struct lab_cli_option options[] = {
	{ "define-alias", 'a', "NAME=VALUE", "define an alias; the recipe may define it anew" },
	{ "override-alias", 'A', "NAME=VALUE", "define an alias whatever the recipe says" },
	{ "name", 'n', "LAB", "name of the lab; default: the recipe's and a number" },
	{ "config-only", 0, NULL, "bring the lab up, run no task, and leave it up" },
	{ "jobs", 'j', "N", "run N recipes at once, each in a lab of its own" },
	{ "keep", 0, NULL, "leave the lab up for a look" },
	{ "lab", 0, "LAB", "run the tasks in a lab that is up already" },
	{ "module-dir", 0, "DIR", "look for modules here first; may be given again" },
	{ "kernel", 0, "KERNEL", "run under another kernel; see netlab kernel" },
	{ "multi-match", 'u', NULL, "run each recipe once for each way to match it to a pool" },
	{ "only", 0, "TASK", "run only this task: its number or label; may be given again" },
	{ "packet-capture", 'p', "DIR",
	  "capture the packets of all interfaces into DIR/LAB/*.pcap" },
	LAB_POOLS_OPTIONS,
	{ "repeat", 0, "N", "run all recipes N times" },
	{ "shuffle", 0, "SEED", "run the recipes in an order that SEED, a number, decides" },
	{ "timeout", 0, "TIME", "end a recipe that takes longer: 90, 1.5m, 2h" },
	{ "timing", 0, NULL, "show where the time went" },
	{ "result", 'x', "FILE", "write the results as LNST wrote them" },
	{ "junit", 0, "FILE", "write the results as CI servers read them" },
	{ "html", 0, "FILE", "write the results as a page to look at" },
	{ "tap", 0, NULL, "print the results in the Test Anything Protocol instead of text" },
	{ "tool-dir", 0, "DIR", "look for tools here first; may be given again" },
	{ NULL, 0, NULL, NULL },
};

static int add_word(const char ***words, size_t *n, const char *word)
{
	const char **more = reallocarray(*words, *n + 1, sizeof(*more));

	if (!more)
		return LAB_EXIT_LACKS;
	*words = more;
	more[(*n)++] = word;
	return 0;
}

static int set_timeout(struct lab_cli *cli, const char *arg, struct lab_run_args *args)
{
	if (lab_parse_duration(arg, &args->timeout_us) < 0 || !args->timeout_us)
		return lab_cli_usage_error(cli, "--timeout: '%s' is not a time", arg);
	return 0;
}

static int set_repeat(struct lab_cli *cli, const char *arg, struct lab_run_args *args)
{
	if (lab_parse_uint(arg, 1, LAB_RUN_REPEAT_MAX, &args->repeat) < 0)
		return lab_cli_usage_error(cli, "--repeat: '%s' is not a number from 1 to %u", arg,
					   LAB_RUN_REPEAT_MAX);
	return 0;
}

static int set_jobs(struct lab_cli *cli, const char *arg, struct lab_run_args *args)
{
	if (lab_parse_uint(arg, 1, LAB_RUN_JOBS_MAX, &args->jobs) < 0)
		return lab_cli_usage_error(cli, "--jobs: '%s' is not a number from 1 to %u", arg,
					   LAB_RUN_JOBS_MAX);
	return 0;
}

static int set_seed(struct lab_cli *cli, const char *arg, struct lab_run_args *args)
{
	if (lab_parse_u64(arg, 0, UINT64_MAX, &args->seed) < 0)
		return lab_cli_usage_error(cli, "--shuffle: '%s' is not a whole number", arg);
	args->shuffle = true;
	return 0;
}

static int set_name(struct lab_cli *cli, const char *option, const char *arg, const char **ret)
{
	struct lab_err err;

	if (lab_name_check(arg, &err) < 0)
		return lab_cli_usage_error(cli, "--%s: %s", option, err.msg);
	*ret = arg;
	return 0;
}

static int set_file(const char *option, const char *path, struct lab_run_args *args)
{
	static const char *const names[] = {
		[CTL_REPORT_RESULT] = "result",
		[CTL_REPORT_JUNIT] = "junit",
		[CTL_REPORT_HTML] = "html",
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], option))
			args->files[i] = path;
	}
	return 0;
}

/* Options that name a file or folder that is written. */
static const char *const outputs[] = { "result", "junit", "html", "packet-capture", NULL };

static void note_output(struct lab_run_args *args, const char *name, const char *arg)
{
	size_t i;

	for (i = 0; outputs[i]; i++) {
		if (!strcmp(name, outputs[i]) && args->n_outputs < LAB_RUN_OUTPUTS_MAX)
			args->outputs[args->n_outputs++] = arg;
	}
}

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct lab_run_args *args = user;
	int r;

	note_output(args, name, arg);
	if (!strcmp(name, "kernel"))
		args->kernel = arg;
	if (lab_pools_option(cli, name, arg, &args->pool_args, &r))
		return r;
	if (!strcmp(name, "define-alias"))
		return lab_cli_alias_add(cli, name, arg, &args->defines);
	if (!strcmp(name, "override-alias"))
		return lab_cli_alias_add(cli, name, arg, &args->overrides);
	if (!strcmp(name, "name"))
		return set_name(cli, name, arg, &args->name);
	if (!strcmp(name, "lab"))
		return set_name(cli, name, arg, &args->lab);
	if (!strcmp(name, "module-dir"))
		return add_word(&args->module_dirs, &args->n_module_dirs, arg);
	if (!strcmp(name, "tool-dir"))
		return add_word(&args->tool_dirs, &args->n_tool_dirs, arg);
	if (!strcmp(name, "only"))
		return add_word(&args->only, &args->n_only, arg);
	if (!strcmp(name, "jobs"))
		return set_jobs(cli, arg, args);
	if (!strcmp(name, "packet-capture"))
		return (args->capture_dir = arg, 0);
	if (!strcmp(name, "repeat"))
		return set_repeat(cli, arg, args);
	if (!strcmp(name, "shuffle"))
		return set_seed(cli, arg, args);
	if (!strcmp(name, "timeout"))
		return set_timeout(cli, arg, args);
	if (!strcmp(name, "config-only"))
		args->config_only = args->keep = true;
	else if (!strcmp(name, "keep"))
		args->keep = true;
	else if (!strcmp(name, "multi-match"))
		args->multi_match = true;
	else if (!strcmp(name, "tap"))
		args->tap = true;
	else if (!strcmp(name, "timing"))
		args->timing = true;
	else
		return set_file(name, arg, args);
	return 0;
}

static void write_out(int fd, const char *data, size_t len, void *user LAB_UNUSED)
{
	FILE *f = fd == 2 ? stderr : stdout;

	/* A failure is latched in the stream; main() looks at it in the end. */
	(void)fwrite(data, 1, len, f);
	(void)fflush(f);
}

/* Width of the terminal, 0 when standard output is none. */
static unsigned int columns(void)
{
	struct winsize ws = { 0 };

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_col < 20)
		return 80;
	return ws.ws_col;
}

static bool may_draw(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static int run_in_turn(struct lab_cli *cli, const struct lab_run_args *args, struct lab_loop *loop,
		       struct ctl_report *rep, const struct lab_run_list *list)
{
	uint64_t start = cli->start_us;
	int worst = 0, code;
	size_t i;

	for (i = 0; i < list->n && !cli->interrupted; i++) {
		code = lab_run_recipe(cli, args, loop, rep, list->paths[i], start);
		worst = LAB_MAX(worst, code);
		start = lab_loop_now_us();
	}
	return worst;
}

static int run_recipes(struct lab_cli *cli, const struct lab_run_args *args, struct lab_loop *loop,
		       struct ctl_report *rep, const struct lab_run_list *list)
{
	int worst;

	if (args->jobs > 1 && list->n > 1)
		worst = lab_run_jobs(cli, args, loop, rep, list);
	else
		worst = run_in_turn(cli, args, loop, rep, list);
	/* Also after an interruption: with what there is. */
	if (ctl_report_write(rep) < 0)
		worst = LAB_MAX(worst, (int)LAB_EXIT_LACKS);
	ctl_report_end(rep, worst);
	return worst;
}

/* The exit code when a report cannot be written where the user wants it. */
static int exit_of_file(int r)
{
	switch (-r) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case EACCES:
	case ELOOP:
	case ENAMETOOLONG:
		return LAB_EXIT_USAGE;
	default:
		return LAB_EXIT_LACKS;
	}
}

static int run_all(struct lab_cli *cli, const struct lab_run_args *args,
		   const struct lab_run_list *list)
{
	struct utsname uts = { 0 };
	struct ctl_report_params params = {
		.write = write_out,
		.style = cli->json   ? CTL_REPORT_JSON
			 : args->tap ? CTL_REPORT_TAP
				     : CTL_REPORT_TEXT,
		.env = { .version = lab_version(), .date_s = time(NULL) },
		.verbose = cli->verbose,
		.timing = args->timing,
		.colour = cli->colour,
		.live = may_draw(),
		.columns = columns(),
		.start_us = cli->start_us,
	};
	struct ctl_report *rep = NULL;
	struct lab_loop *loop = NULL;
	struct lab_err err;
	int r;

	if (uname(&uts) == 0) {
		params.env.kernel = uts.release;
		params.env.machine = uts.nodename;
	}
	memcpy(params.files, args->files, sizeof(params.files));
	r = lab_loop_new(&loop);
	params.loop = loop;
	if (r < 0)
		(void)lab_err_errno(&err, -r, "starting");
	else
		r = ctl_report_new(&params, &rep, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		r = exit_of_file(r);
	} else {
		r = run_recipes(cli, args, loop, rep, list);
	}
	ctl_report_free(rep);
	lab_loop_free(loop);
	return r;
}

/* The same command line again, under another kernel, where this variable is set. */
#define INSIDE "NETLAB_UNDER_KERNEL"

static int run_under_kernel(struct lab_cli *cli, const struct lab_run_args *args)
{
	struct lab_kernel_args kernel = { .kernel = args->kernel };
	cleanup_free char *self = realpath("/proc/self/exe", NULL);
	cleanup_free char **words = NULL;
	size_t i, n = 0;
	int r = 0;

	if (args->keep || args->lab)
		return lab_cli_usage_error(cli, "--kernel and --%s exclude each other: %s",
					   args->keep ? "keep" : "lab",
					   "a lab ends with its kernel");
	while (cli->words[n])
		n++;
	words = calloc(n + 1, sizeof(*words));
	if (!words || !self || setenv(INSIDE, args->kernel, 1) < 0)
		return LAB_EXIT_OURS;
	memcpy(words, cli->words, n * sizeof(*words));
	words[0] = self;
	kernel.argv = words;
	for (i = 0; i < args->n_outputs && r == 0; i++)
		r = lab_kernel_share(cli, "kernel", args->outputs[i], true, &kernel);
	if (r == 0)
		r = lab_kernel_exec(cli, &kernel);
	lab_kernel_args_fini(&kernel);
	return r;
}

static int cmd_run(struct lab_cli *cli, int argc, char **argv)
{
	struct lab_run_args args = { .repeat = 1, .jobs = 1 };
	struct lab_run_list list = { 0 };
	struct lab_pools pools = { 0 };
	int first, r;

	r = lab_cli_parse(cli, argc, argv, &args, &first);
	if (r != 0)
		r = first;
	else if (first == argc)
		r = lab_cli_usage_error(cli, "which recipe?");
	else if (args.tap && cli->json)
		r = lab_cli_usage_error(cli, "--tap and --json exclude each other");
	else if (args.name && args.lab)
		r = lab_cli_usage_error(cli, "--name and --lab exclude each other");
	else if (args.config_only && (args.lab || args.repeat > 1))
		r = lab_cli_usage_error(cli, "--config-only and --%s exclude each other",
					args.lab ? "lab" : "repeat");
	else if (args.jobs > 1 && (args.lab || args.name))
		r = lab_cli_usage_error(cli, "--jobs and --%s exclude each other",
					args.lab ? "lab" : "name");
	else if (args.multi_match && (args.lab || args.keep))
		r = lab_cli_usage_error(cli, "--multi-match and --%s exclude each other",
					args.lab           ? "lab"
					: args.config_only ? "config-only"
							   : "keep");
	else if (args.kernel && !getenv(INSIDE))
		r = run_under_kernel(cli, &args);
	else {
		args.own_dir = lab_cli_own("modules");
		args.own_tools = lab_cli_own("tools");
		args.python = lab_run_find_python();
		args.pools = &pools;
		r = args.python ? lab_run_list_make(cli, &args, argv + first, &list)
				: (int)LAB_EXIT_LACKS;
		if (r == 0 && !args.lab)
			r = lab_pools_open(cli, &args.pool_args, &pools);
		if (r == 0)
			r = run_all(cli, &args, &list);
	}
	lab_cli_aliases_fini(&args.defines);
	lab_cli_aliases_fini(&args.overrides);
	lab_run_list_fini(&list);
	lab_pools_args_fini(&args.pool_args);
	lab_pools_fini(&pools);
	free(args.only);
	free(args.module_dirs);
	free(args.own_dir);
	free(args.tool_dirs);
	free(args.own_tools);
	ctl_python_free(args.python);
	return r;
}

const struct lab_cli_command lab_cmd_run = {
	.name = "run",
	.operands = "RECIPE|FOLDER...",
	.help = "Run recipes: build the lab, run the tasks, say the verdict, take the lab down",
	.options = options,
	.option = on_option,
	.run = cmd_run,
};
