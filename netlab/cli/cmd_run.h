/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_run.h - what the files of netlab run share: its options, a recipe on its way */
#ifndef NETLAB_CLI_CMD_RUN_H
#define NETLAB_CLI_CMD_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/report/report.h"
#include "controller/run/capture.h"
#include "controller/run/live.h"
#include "controller/run/module.h"
#include "netlab/cli/cli.h"
#include "netlab/cli/pools.h"

#define LAB_RUN_OUTPUTS_MAX 16u

/**
 * struct lab_run_args - the options of netlab run; strings are borrowed from the command line
 * @defines:	-a
 * @overrides:	-A
 * @module_dirs: --module-dir, in order
 * @n_module_dirs: how many
 * @own_dir:	netlab's own modules; NULL = not found
 * @tool_dirs:	--tool-dir, in order
 * @n_tool_dirs: how many
 * @own_tools:	netlab's own tools; NULL = not found
 * @python:	interpreter for Python tasks
 * @name:	-n, or NULL
 * @lab:	--lab, or NULL
 * @kernel:	--kernel, or NULL
 * @outputs:	what the reports are written to
 * @n_outputs:	how many
 * @capture_dir: --packet-capture, or NULL
 * @only:	--only: numbers or labels of tasks, in order
 * @n_only:	how many; 0 = all tasks are run
 * @pool_args:	--pool, --no-pool, -c
 * @pools:	those that they name (borrowed)
 * @timeout_us:	--timeout; 0 = none
 * @repeat:	--repeat: rounds, 1 without it
 * @jobs:	--jobs, 1 without it
 * @shuffle:	--shuffle
 * @seed:	for @shuffle
 * @keep:	--keep or --config-only
 * @config_only: --config-only: no task is run
 * @multi_match: --multi-match
 * @timing:	--timing
 * @tap:	--tap
 * @files:	--result and the like, by enum ctl_report_format; NULL = not wanted
 */
struct lab_run_args {
	struct lab_cli_aliases defines, overrides;
	const char **module_dirs;
	size_t n_module_dirs;
	char *own_dir;
	const char **tool_dirs;
	size_t n_tool_dirs;
	char *own_tools;
	struct ctl_python *python;
	const char *name, *lab, *kernel, *capture_dir;
	const char **only;
	size_t n_only;
	struct lab_pools_args pool_args;
	const struct lab_pools *pools;
	const char *outputs[LAB_RUN_OUTPUTS_MAX];
	size_t n_outputs;
	uint64_t timeout_us;
	unsigned int repeat, jobs;
	bool shuffle;
	uint64_t seed;
	bool keep, config_only, multi_match, timing, tap;
	const char *files[CTL_REPORT_FORMAT_MAX_];
};

#define LAB_RUN_LIST_MAX   ((size_t)100000)
#define LAB_RUN_REPEAT_MAX 100000u
#define LAB_RUN_JOBS_MAX   256u

/**
 * struct lab_run_list - recipes to run, in order
 * @paths:	their files; owned
 * @n:		how many
 */
struct lab_run_list {
	char **paths;
	size_t n;
};

/**
 * struct lab_run - one recipe
 * @cli:	command line
 * @args:	its options
 * @loop:	loop
 * @rep:	report
 * @path:	recipe file
 * @lab:	name of the lab
 * @start_us:	when it began, as lab_loop_now_us()
 * @match:	number of the match that is to be run, from 1
 * @found:	the match, when there is one
 * @file:	recipe, topology, plan; the last two only when the lab is ours
 * @modules:	its modules
 * @capture:	--packet-capture: it captures, or NULL
 * @only:	for each task: --only asks for it; NULL = all are run
 * @topology:	the lab's topology as JSON, for --packet-capture and --lab; NULL before
 * @live:	the lab of --lab, or NULL
 * @n_hosts:	of the lab
 * @n_networks:	of the lab
 * @client:	the lab, once it is up
 * @result:	what came out
 * @have_result: the tasks were begun
 * @phase_us:	time of each phase
 * @cancel:	the tasks shall end
 * @timed_out:	--timeout is over
 */
struct lab_run {
	struct lab_cli *cli;
	const struct lab_run_args *args;
	struct lab_loop *loop;
	struct ctl_report *rep;
	const char *path;
	char lab[64];
	uint64_t start_us;
	unsigned int match;
	struct lab_pools_found found;
	struct lab_cli_labfile file;
	struct ctl_modules modules;
	struct ctl_capture *capture;
	bool *only;
	json_t *topology;
	struct ctl_live *live;
	size_t n_hosts, n_networks;
	struct lab_client *client;
	struct ctl_run_result result;
	bool have_result;
	uint64_t phase_us[CTL_PHASE_MAX_];
	bool cancel, timed_out;
};

/**
 * lab_run_list_make() - Find out which recipes are to be run
 * @cli:	command line
 * @args:	repeat, shuffle and seed are used
 * @operands:	files and folders, NULL-terminated; a folder stands for the *.xml in it, in the
 *		order of their names, not those in its folders
 * @ret:	written, empty on failure; release with lab_run_list_fini()
 *
 * Return: 0 or an exit code, after having printed why.
 */
int lab_run_list_make(const struct lab_cli *cli, const struct lab_run_args *args, char **operands,
		      struct lab_run_list *ret);

/**
 * lab_run_list_fini() - Release a list
 * @list:	may be zeroed; left zeroed
 */
void lab_run_list_fini(struct lab_run_list *list);

/**
 * lab_run_jobs() - Run several recipes at once
 * @cli:	command line; interrupted by a signal, it hands that on
 * @args:	options; jobs says how many
 * @loop:	loop
 * @rep:	report; each recipe is reported as a whole when it is over
 * @list:	recipes
 *
 * Return: the worst exit code; everything but the end has been reported.
 */
int lab_run_jobs(struct lab_cli *cli, const struct lab_run_args *args, struct lab_loop *loop,
		 struct ctl_report *rep, const struct lab_run_list *list);

/**
 * lab_run_shuffle() - Put paths into an order that looks random and depends on the seed only
 * @paths:	paths
 * @n:		how many
 * @state:	the seed at first; changed
 *
 * All orders are equally likely. Source: Knuth, The Art of Computer Programming, 3.4.2, algorithm P.
 */
void lab_run_shuffle(char **paths, size_t n, uint64_t *state);

/**
 * lab_run_recipe() - Take one recipe through all phases, with --multi-match once for each match
 * @cli:	command line
 * @args:	options
 * @loop:	loop
 * @rep:	report
 * @path:	recipe file
 * @start_us:	when it began, as lab_loop_now_us()
 *
 * Return: exit code of this recipe; everything has been reported.
 */
int lab_run_recipe(struct lab_cli *cli, const struct lab_run_args *args, struct lab_loop *loop,
		   struct ctl_report *rep, const char *path, uint64_t start_us);

/**
 * lab_run_read() - Read and check the recipe, find its modules and what they need, plan the lab
 * @run:	recipe, modules, file and lab are filled
 *
 * Return: 0 or an exit code, after having reported why.
 */
int lab_run_read(struct lab_run *run);

/**
 * lab_run_attach() - Connect to the lab of --lab
 * @run:	client and live are filled
 *
 * Return: 0 or an exit code, after having reported why.
 */
int lab_run_attach(struct lab_run *run);

/**
 * lab_run_find_python() - Say where the interpreter for Python tasks is: beside the program, or where
 * it is installed
 *
 * Return: the interpreter, free with ctl_python_free(); NULL when out of memory.
 */
struct ctl_python *lab_run_find_python(void);

#endif
