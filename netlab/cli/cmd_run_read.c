/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_run_read.c - netlab run before anything is built: recipe, modules, programs, plan */
#include <limits.h>
#include <string.h>

#include "controller/run/script.h"
#include "netlab/base/parse.h"
#include "netlab/base/program.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_doctor.h"
#include "netlab/cli/cmd_run.h"

/* The folder of this program, with a last slash; "" when the kernel does not say. */
static void self_dir(char ret[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - 1);
	char *slash;

	ret[len > 0 ? len : 0] = '\0';
	slash = strrchr(ret, '/');
	ret[slash ? slash + 1 - ret : 0] = '\0';
}

struct ctl_python *lab_run_find_python(void)
{
	char self[PATH_MAX], installed[PATH_MAX + 32];
	const char *const dirs[] = { self, installed, NULL };
	struct ctl_python *python = NULL;

	self_dir(self);
	(void)snprintf(installed, sizeof(installed), "%s../libexec/netlab", self);
	(void)ctl_python_new(dirs, &python);
	return python;
}

static int out_of_memory(struct lab_run *run, const struct ctl_diag *diag)
{
	struct lab_err err;

	if (diag->n_errors == 0) {
		(void)lab_err_errno(&err, ENOMEM, "%s", run->path);
		ctl_report_error(run->rep, &err);
	}
	return LAB_EXIT_LACKS;
}

/* Modules that cannot be had and programs that are not there: named before anything is built. */
static int find_modules(struct lab_run *run, struct ctl_diag *diag)
{
	const struct lab_run_args *args = run->args;
	const struct ctl_places places = {
		.module_dirs = args->module_dirs,
		.n_module_dirs = args->n_module_dirs,
		.own_modules = args->own_dir,
		.tool_dirs = args->tool_dirs,
		.n_tool_dirs = args->n_tool_dirs,
		.own_tools = args->own_tools,
	};
	int r;

	r = ctl_modules_find(run->file.recipe, &places, &run->modules, diag);
	if (r < 0)
		return r;
	return ctl_modules_check(&run->modules, getenv("PATH"), diag);
}

static int report_no_task(const struct lab_run *run, const char *word, struct ctl_diag *diag)
{
	const struct ctl_recipe *recipe = run->file.recipe;
	cleanup_free const char **labels = calloc(recipe->n_tasks + 1, sizeof(*labels));
	const struct lab_src whole = { .file = run->path };
	const char *nearest;
	size_t i, n = 0;

	if (!labels)
		return -ENOMEM;
	for (i = 0; i < recipe->n_tasks; i++) {
		if (recipe->tasks[i].label)
			labels[n++] = recipe->tasks[i].label;
	}
	nearest = lab_str_nearest(word, labels);
	if (nearest)
		return ctl_diag_error(diag, &whole,
				      "--only: there is no task '%s'; did you mean '%s'?", word,
				      nearest);
	return ctl_diag_error(diag, &whole,
			      "--only: there is no task '%s'; the recipe has %zu, from 1 on", word,
			      recipe->n_tasks);
}

/* A task's label, or else its number. Several tasks may have one label. */
static bool select_task(struct lab_run *run, const char *word)
{
	const struct ctl_recipe *recipe = run->file.recipe;
	bool found = false;
	unsigned int number;
	size_t i;

	for (i = 0; i < recipe->n_tasks; i++) {
		if (recipe->tasks[i].label && strcmp(recipe->tasks[i].label, word) == 0)
			run->only[i] = found = true;
	}
	if (!found && recipe->n_tasks &&
	    lab_parse_uint(word, 1, (unsigned int)recipe->n_tasks, &number) == 0)
		run->only[number - 1] = found = true;
	return found;
}

static int select_tasks(struct lab_run *run, struct ctl_diag *diag)
{
	size_t i;
	int r = 0;

	if (!run->args->n_only)
		return 0;
	run->only = calloc(run->file.recipe->n_tasks + 1, sizeof(*run->only));
	if (!run->only)
		return -ENOMEM;
	for (i = 0; i < run->args->n_only && r != -ENOMEM; i++) {
		if (!select_task(run, run->args->only[i]))
			r = report_no_task(run, run->args->only[i], diag);
	}
	return r;
}

/*
 * Files of Python tasks that cannot be read, and an interpreter that cannot be loaded. It starts while
 * the lab is brought up.
 */
static int check_python(struct lab_run *run, struct ctl_diag *diag)
{
	const struct ctl_recipe *recipe = run->file.recipe;
	int r = ctl_script_check(recipe, run->only, diag);
	struct lab_err err = { 0 };
	size_t i = 0;

	if (r <= 0)
		return r;
	r = ctl_python_start(run->args->python, &err);
	if (r >= 0)
		return 0;
	while (!recipe->tasks[i].python)
		i++;
	(void)ctl_diag_err(diag, &err, &recipe->tasks[i].python_src);
	return -ENOSYS;
}

static int read_all(struct lab_run *run, struct ctl_diag *diag)
{
	const struct lab_run_args *args = run->args;
	const struct ctl_recipe_params params = {
		.defines = args->defines.items,
		.n_defines = args->defines.n,
		.overrides = args->overrides.items,
		.n_overrides = args->overrides.n,
		.for_run = true,
	};
	struct lab_cli_labfile *file = &run->file;
	int r, modules, only, python;

	r = ctl_recipe_load(run->path, &params, &file->recipe, diag);
	if (r < 0)
		return r;
	if (args->lab)
		(void)snprintf(run->lab, sizeof(run->lab), "%s", args->lab);
	else if (args->name)
		(void)snprintf(run->lab, sizeof(run->lab), "%s", args->name);
	else
		lab_cli_lab_name(file->recipe->name, !args->config_only, run->lab);
	/* All errors in one go: go on to the topology also when a module is missing. */
	only = select_tasks(run, diag);
	if (only == -ENOMEM)
		return only;
	modules = find_modules(run, diag);
	modules = only < 0 ? only : modules;
	python = args->config_only ? 0 : check_python(run, diag);
	if (modules >= 0)
		modules = python;
	if (args->lab || modules == -ENOMEM)
		return modules;
	r = lab_pools_topo(run->args->pools, file->recipe, run->lab, run->match, &file->topo,
			   &run->found, diag);
	if (r >= 0)
		r = lab_doctor_before(file->topo, diag);
	if (r >= 0 && modules >= 0)
		r = lab_plan_new(file->topo, &file->plan);
	return r < 0 ? r : modules;
}

/* Where the packets go, and what takes them: known before anything is built. */
static int check_capture(struct lab_run *run, struct ctl_diag *diag)
{
	struct lab_err err = { 0 };

	if (!run->args->capture_dir)
		return 0;
	if (!lab_program_in_path("tcpdump", getenv("PATH"))) {
		(void)ctl_diag_error(diag, NULL,
				     "--packet-capture needs the program tcpdump, which this "
				     "machine lacks: install the package tcpdump");
		return -ENOSYS;
	}
	if (ctl_capture_dir(run->args->capture_dir, &err) < 0)
		return ctl_diag_err(diag, &err, NULL);
	return 0;
}

/* Which machines it runs on. */
static void tell_match(const struct lab_run *run)
{
	const struct ctl_match *match = &run->found.match;
	struct ctl_report_match report = { .number = match->number };

	if (!match->pool)
		return;
	report.pool = match->pool->name;
	report.hosts = lab_pools_hosts_json(match);
	ctl_report_match(run->rep, &report);
}

int lab_run_read(struct lab_run *run)
{
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	int r;

	r = read_all(run, &diag);
	if (r >= 0)
		r = check_capture(run, &diag);
	ctl_diag_sort(&diag);
	ctl_report_diag(run->rep, &diag);
	if (r == -ENOMEM)
		return out_of_memory(run, &diag);
	if (r == -ENOSYS)
		return LAB_EXIT_LACKS;
	/* Scripts look for the first two words, which are LNST's. */
	if (r < 0 && !run->file.recipe)
		ctl_report_note(run->rep, "Parser error: %s has %u error%s, and is not run",
				run->path, diag.n_errors, diag.n_errors == 1 ? "" : "s");
	if (r < 0)
		return LAB_EXIT_USAGE;
	ctl_report_lab(run->rep, run->lab);
	tell_match(run);
	if (run->file.topo) {
		run->n_hosts = run->file.topo->n_hosts;
		run->n_networks = run->file.topo->n_networks;
		if (ctl_report_wants_topology(run->rep))
			ctl_report_topology(run->rep, lab_topo_to_json(run->file.topo));
	}
	return 0;
}

static int attach(struct lab_run *run, struct ctl_diag *diag, struct lab_err *err)
{
	cleanup_json json_t *state = NULL;
	json_t *topology;
	int r;

	r = lab_client_connect(run->loop, run->lab, &run->client, err);
	if (r < 0)
		return r;
	r = lab_client_inspect(run->client, &state, err);
	if (r < 0)
		return lab_err_prefix(err, r, "lab %s: ", run->lab);
	topology = json_object_get(state, "topology");
	run->n_hosts = json_array_size(json_object_get(topology, "hosts"));
	run->n_networks = json_array_size(json_object_get(topology, "networks"));
	run->topology = json_incref(topology);
	if (json_is_object(topology) && ctl_report_wants_topology(run->rep))
		ctl_report_topology(run->rep, json_incref(topology));
	return ctl_live_new(run->file.recipe, run->lab, topology, &run->live, diag);
}

int lab_run_attach(struct lab_run *run)
{
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_err err = { 0 };
	int r;

	r = attach(run, &diag, &err);
	ctl_report_diag(run->rep, &diag);
	if (r < 0 && !diag.n_errors) {
		if (!err.code)
			(void)lab_err_errno(&err, -r, "lab %s", run->lab);
		ctl_report_error(run->rep, &err);
	}
	return r < 0 ? lab_cli_exit_of(r) : 0;
}
