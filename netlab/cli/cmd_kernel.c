/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_kernel.c - netlab kernel fetch, ls and rm: the kernels that are here */
#include <string.h>
#include <time.h>

#include "netlab/base/util.h"
#include "netlab/cli/cmd_kernel.h"
#include "netlab/cli/table.h"
#include "netlab/vm/kernels.h"

enum { WORDS_MAX = 200 };

/*
 * Go on as the program that keeps kernels: it writes the same messages and gives the same exit
 * codes. Returns only when it cannot be started.
 */
static int exec_store(const struct lab_cli *cli, const char *verb, char **operands)
{
	cleanup_free char *store = lab_cli_own("kernel/store"), *dir = NULL;
	char *argv[WORDS_MAX + 4] = { store, (char *)verb };
	struct lab_err err;
	size_t n = 3;
	int r;

	r = lab_kernels_dir(&dir);
	if (r < 0)
		(void)lab_err_errno(&err, -r, "the folder of kernels: set NETLAB_KERNELS");
	else if (!store)
		r = lab_err_set(&err, ENOSYS, "netlab's file kernel/store is not there");
	argv[2] = dir;
	while (*operands && n < WORDS_MAX + 3)
		argv[n++] = *operands++;
	if (r == 0) {
		(void)fflush(stdout);
		(void)execv(store, argv);
		r = lab_err_errno(&err, errno, "%s", store);
	}
	lab_cli_error(cli, &err);
	return lab_cli_exit_of(r);
}

static int kernel_fetch(struct lab_cli *cli, int argc, char **argv)
{
	int first, r = lab_cli_parse(cli, argc, argv, NULL, &first);

	if (r != 0)
		return first;
	if (argc - first != 1)
		return lab_cli_usage_error(cli, first == argc ? "which kernel? 6.1, for example"
							      : "more than one kernel");
	return exec_store(cli, "fetch", argv + first);
}

static int kernel_rm(struct lab_cli *cli, int argc, char **argv)
{
	int first, r = lab_cli_parse(cli, argc, argv, NULL, &first);

	if (r != 0)
		return first;
	if (first == argc)
		return lab_cli_usage_error(cli, "which kernel?");
	return exec_store(cli, "rm", argv + first);
}

static void fetched(const struct lab_kernel *k, char *buf, size_t size)
{
	time_t t = (time_t)k->fetched_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*buf = '\0';
}

static void print_json(const struct lab_kernel *kernels, size_t n)
{
	char when[64];
	size_t i;

	for (i = 0; i < n; i++) {
		fetched(&kernels[i], when, sizeof(when));
		lab_cli_json(json_pack("{s:s, s:s, s:s}", "version", kernels[i].version, "path",
				       kernels[i].path, "fetched", when));
	}
}

static int print_table(const struct lab_cli *cli, const struct lab_kernel *kernels, size_t n)
{
	static const struct lab_column columns[] = {
		{ "KERNEL", false },
		{ "FETCHED", false },
		{ "PATH", false },
	};
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	char when[64];
	size_t i;
	int r;

	r = lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table);
	for (i = 0; i < n && r == 0; i++) {
		fetched(&kernels[i], when, sizeof(when));
		lab_table_add(table, "%s", kernels[i].version);
		lab_table_add(table, "%.10s", when);
		lab_table_add(table, "%s", kernels[i].path);
	}
	return r == 0 ? lab_table_print(table, cli->colour) : r;
}

static int kernel_ls(struct lab_cli *cli, int argc, char **argv)
{
	struct lab_kernel *kernels = NULL;
	struct lab_err err;
	size_t n = 0;
	int first, r;

	r = lab_cli_parse(cli, argc, argv, NULL, &first);
	if (r != 0)
		return first;
	if (first != argc)
		return lab_cli_usage_error(cli, "what is '%s'? it lists all kernels", argv[first]);
	r = lab_kernels_list(&kernels, &n);
	if (r == 0 && cli->json)
		print_json(kernels, n);
	else if (r == 0 && n)
		r = print_table(cli, kernels, n);
	else if (r == 0)
		(void)fprintf(stderr, "there are no kernels; netlab kernel fetch 6.1 gets one\n");
	lab_kernels_free(kernels, n);
	if (r == 0)
		return LAB_EXIT_PASS;
	(void)lab_err_errno(&err, -r, "kernels");
	lab_cli_error(cli, &err);
	return lab_cli_exit_of(r);
}

const struct lab_cli_command lab_cmd_kernel_fetch = {
	.name = "kernel fetch",
	.operands = "KERNEL",
	.help = "Get a kernel of Debian's, or make one from a package or folder ready to boot",
	.run = kernel_fetch,
};

const struct lab_cli_command lab_cmd_kernel_ls = {
	.name = "kernel ls",
	.help = "List the kernels that are here",
	.run = kernel_ls,
};

const struct lab_cli_command lab_cmd_kernel_rm = {
	.name = "kernel rm",
	.operands = "KERNEL...",
	.help = "Remove kernels",
	.run = kernel_rm,
};
