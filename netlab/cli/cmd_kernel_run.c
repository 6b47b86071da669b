/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_kernel_run.c - netlab kernel run: one command under another kernel, as if it ran here */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_kernel.h"
#include "netlab/vm/kernels.h"

enum { EXIT_TIMEOUT = 124 }; /* as timeout(1) says it */

static const struct lab_cli_option options[] = {
	{ "share", 's', "DIR", "what is written below DIR stays; may be given again" },
	{ "memory", 'm', "SIZE",
	  "memory of the machine: 2G; default: half of what is free, at most 4G" },
	{ "cpus", 'c', "N", "processors of the machine; default: all of this one" },
	{ "timeout", 't', "TIME", "end it after a time: 90, 1.5m, 2h; default: 1h" },
	{ NULL, 0, NULL, NULL },
};

/* The folder that a file is in, or will be in. */
static char *parent_of(const char *path)
{
	cleanup_free char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (slash)
		slash[slash == folder] = '\0';
	return folder ? realpath(slash ? folder : ".", NULL) : NULL;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int lab_kernel_share(const struct lab_cli *cli, const char *option, const char *path, bool file,
		     struct lab_kernel_args *args)
{
	cleanup_free char *full = NULL;
	size_t i;

	full = file && !is_folder(path) ? parent_of(path) : realpath(path, NULL);
	if (!full || !is_folder(full))
		return lab_cli_usage_error(cli, "--%s: there is no folder %s'%s'", option,
					   file ? "for " : "", path);
	for (i = 0; i < args->n_shares; i++) {
		if (strcmp(args->shares[i], full) == 0)
			return 0;
	}
	if (!strcmp(full, "/"))
		return lab_cli_usage_error(cli, "--%s: the root itself cannot be shared", option);
	if (args->n_shares == LAB_VM_SHARES_MAX)
		return lab_cli_usage_error(cli, "--%s: at most %u folders", option,
					   LAB_VM_SHARES_MAX);
	args->shares[args->n_shares++] = take_ptr(&full);
	return 0;
}

void lab_kernel_args_fini(struct lab_kernel_args *args)
{
	while (args->n_shares)
		free(args->shares[--args->n_shares]);
}

static void write_out(int fd, const char *data, size_t len, void *user LAB_UNUSED)
{
	FILE *f = fd == 2 ? stderr : stdout;

	/* A failure is latched in the stream; main() looks at it in the end. */
	(void)fwrite(data, 1, len, f);
	(void)fflush(f);
}

static int run_vm(struct lab_cli *cli, const struct lab_vm_params *params, struct lab_err *err)
{
	struct lab_loop *loop = NULL;
	int r, status = 0;

	r = lab_loop_new(&loop);
	if (r < 0)
		return lab_err_errno(err, -r, "event loop");
	r = lab_cli_signals_on(cli, loop, NULL, NULL, err);
	if (r == 0)
		r = lab_vm_run(loop, params, &status, err);
	lab_cli_signals_off(cli);
	lab_loop_free(loop);
	return r < 0 ? r : status;
}

int lab_kernel_exec(struct lab_cli *cli, const struct lab_kernel_args *args)
{
	cleanup_free char *init = lab_cli_own("kernel/init"), *kernel = NULL;
	char cwd[PATH_MAX];
	struct lab_vm_params params = {
		.init = init,
		.argv = args->argv,
		.envp = environ,
		.cwd = cwd,
		.shares = (const char *const *)args->shares,
		.n_shares = args->n_shares,
		.memory_bytes = args->memory_bytes,
		.cpus = args->cpus,
		.limit_us = args->limit_us,
		.console = cli->verbose,
		.output = write_out,
	};
	struct lab_err err = { 0 };
	int r;

	if (!getcwd(cwd, sizeof(cwd)))
		r = lab_err_errno(&err, errno, "working directory");
	else if (!init)
		r = lab_err_set(&err, ENOSYS, "netlab's file kernel/init is not there");
	else
		r = lab_vm_check(&err);
	/* What is missing is named before anything is started. */
	if (r == 0)
		r = lab_kernel_find(args->kernel, &kernel, &err);
	params.kernel = kernel;
	if (r == 0)
		r = run_vm(cli, &params, &err);
	if (r >= 0)
		return r;
	if (cli->interrupted)
		return LAB_EXIT_SIGNAL + cli->signo;
	lab_cli_error(cli, &err);
	return r == -ETIMEDOUT ? EXIT_TIMEOUT : lab_cli_exit_of(r);
}

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct lab_kernel_args *args = user;

	if (!strcmp(name, "share"))
		return lab_kernel_share(cli, name, arg, false, args);
	if (!strcmp(name, "memory")) {
		if (lab_parse_size(arg, &args->memory_bytes) < 0 ||
		    args->memory_bytes < LAB_VM_MEMORY_MIN)
			return lab_cli_usage_error(cli,
						   "--memory: '%s' is not a size of at least 512M",
						   arg);
	} else if (!strcmp(name, "cpus")) {
		if (lab_parse_uint(arg, 1, LAB_VM_CPUS_MAX, &args->cpus) < 0)
			return lab_cli_usage_error(cli, "--cpus: '%s' is not a number from 1 to %u",
						   arg, LAB_VM_CPUS_MAX);
	} else if (lab_parse_duration(arg, &args->limit_us) < 0 || !args->limit_us) {
		return lab_cli_usage_error(cli, "--timeout: '%s' is not a time", arg);
	}
	return 0;
}

static int kernel_run(struct lab_cli *cli, int argc, char **argv)
{
	struct lab_kernel_args args = { .limit_us = (uint64_t)3600 * 1000000 };
	int first, r;

	r = lab_cli_parse(cli, argc, argv, &args, &first);
	if (r != 0) {
		r = first;
	} else if (first == argc) {
		r = lab_cli_usage_error(cli, "which kernel?");
	} else {
		args.kernel = argv[first++];
		if (first < argc && !strcmp(argv[first], "--"))
			first++;
		args.argv = argv + first;
		r = first == argc ? lab_cli_usage_error(cli, "which command?")
				  : lab_kernel_exec(cli, &args);
	}
	lab_kernel_args_fini(&args);
	return r;
}

const struct lab_cli_command lab_cmd_kernel_run = {
	.name = "kernel run",
	.operands = "KERNEL [--] COMMAND [ARGUMENT...]",
	.help = "Run a command as root under another kernel, over this machine's files",
	.options = options,
	.in_order = true,
	.option = on_option,
	.run = kernel_run,
};
