/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_doctor.c - netlab doctor: what the machine can do, what recipes need of it, and what to do about it */
#include "netlab/cli/cmd_doctor.h"

#include <string.h>

#include "controller/run/module.h"
#include "controller/run/script.h"
#include "controller/run/script_links.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/cli/cli.h"
#include "netlab/cli/cmd_run.h"
#include "netlab/cli/pools.h"
#include "netlab/doctor/limit.h"
#include "netlab/doctor/machine.h"
#include "netlab/doctor/need.h"

enum {
	HOSTS_USUAL = 100,    /* what a machine in general is measured by */
	HOSTS_BIG = 100,      /* from here on limits are looked at before a lab is built */
	TASK_BYTES = 4 << 20, /* of a Python task are read */
};

/*
 * struct doctor - options and how it goes
 * @pool_args:	--pool, --no-pool, -c; @pools: what they name
 * @worst:	of all findings so far
 */
struct doctor {
	struct lab_cli_aliases defines, overrides;
	const char **module_dirs;
	size_t n_module_dirs;
	struct lab_pools_args pool_args;
	struct lab_pools pools;
	enum lab_verdict worst;
};

static const struct lab_cli_option options[] = {
	{ "define-alias", 'a', "NAME=VALUE", "define an alias; the recipe may define it anew" },
	{ "override-alias", 'A', "NAME=VALUE", "define an alias whatever the recipe says" },
	{ "module-dir", 0, "DIR", "look for modules here first; may be given again" },
	LAB_POOLS_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct doctor *d = user;
	const char **dirs;
	int r;

	if (lab_pools_option(cli, name, arg, &d->pool_args, &r))
		return r;
	if (!strcmp(name, "define-alias"))
		return lab_cli_alias_add(cli, name, arg, &d->defines);
	if (!strcmp(name, "override-alias"))
		return lab_cli_alias_add(cli, name, arg, &d->overrides);
	dirs = reallocarray(d->module_dirs, d->n_module_dirs + 1, sizeof(*dirs));
	if (!dirs)
		return LAB_EXIT_OURS;
	d->module_dirs = dirs;
	dirs[d->n_module_dirs++] = arg;
	return 0;
}

static void doctor_fini(struct doctor *d)
{
	lab_cli_aliases_fini(&d->defines);
	lab_cli_aliases_fini(&d->overrides);
	lab_pools_args_fini(&d->pool_args);
	lab_pools_fini(&d->pools);
	free(d->module_dirs);
}

/* --- printing ----------------------------------------------------------------------------------------- */

static void print_json(const char *recipe, const struct lab_finding *f)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "event", "finding", "verdict",
			      lab_verdict_name(f->verdict), "what", f->what, "text", f->text);

	if (o && f->fix)
		(void)json_object_set_new(o, "fix", json_string(f->fix));
	if (o && recipe)
		(void)json_object_set_new(o, "recipe", json_string(recipe));
	if (o && f->src.line) {
		(void)json_object_set_new(o, "file", json_string(f->src.file));
		(void)json_object_set_new(o, "line", json_integer(f->src.line));
		(void)json_object_set_new(o, "col", json_integer(f->src.col));
	}
	lab_cli_json(o);
}

static void print_text(const struct lab_cli *cli, const struct lab_finding *f)
{
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };

	printf("%s%-5s%s  ", cli->colour ? colours[f->verdict] : "", lab_verdict_name(f->verdict),
	       cli->colour ? "\033[0m" : "");
	if (f->src.line)
		printf("%s:%u:%u: ", f->src.file, f->src.line, f->src.col);
	printf("%s: %s\n", f->what, f->text);
	if (f->fix)
		printf("       fix: %s\n", f->fix);
}

static void print_findings(const struct lab_cli *cli, const char *recipe, struct doctor *d,
			   struct lab_findings *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (cli->json)
			print_json(recipe, &list->v[i]);
		else
			print_text(cli, &list->v[i]);
	}
	d->worst = LAB_MAX(d->worst, lab_findings_worst(list));
}

static int said(const struct lab_cli *cli, int r, struct lab_err *err, const char *what)
{
	if (r >= 0)
		return 0;
	if (r == -ENOMEM)
		(void)lab_err_errno(err, ENOMEM, "%s", what);
	lab_cli_error(cli, err);
	return lab_cli_exit_of(r);
}

/* --- the machine -------------------------------------------------------------------------------------- */

static int machine(const struct lab_cli *cli, struct doctor *d)
{
	const struct lab_size size = { .hosts = HOSTS_USUAL, .ports = HOSTS_USUAL };
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	struct lab_err err = { 0 };
	int r = 0;

	lab_doctor_machine(&list);
	if (lab_findings_worst(&list) != LAB_FINDING_LACKS)
		r = lab_need_kinds(&list, &err);
	lab_need_programs(&list);
	if (!cli->json)
		printf("this machine, and a lab of %d hosts on one network:\n", HOSTS_USUAL);
	lab_doctor_limits(&size, NULL, &list);
	if (r == 0)
		r = list.error;
	print_findings(cli, NULL, d, &list);
	return said(cli, r, &err, "doctor");
}

/* --- a recipe ----------------------------------------------------------------------------------------- */

static void add_lacks(struct lab_findings *list, const struct ctl_diag *lacks)
{
	size_t i;

	for (i = 0; i < lacks->n_items; i++) {
		if (lacks->items[i].kind != CTL_DIAG_ERROR)
			continue;
		lab_finding_add(list, LAB_FINDING_LACKS, "modules", "%s", lacks->items[i].msg);
		lab_finding_at(list, &lacks->items[i].src);
	}
}

/* What modules need: their errors become findings, unless they are the recipe's. */
static int check_modules(const struct doctor *d, const struct ctl_recipe *recipe,
			 struct lab_findings *list, struct ctl_diag *diag)
{
	cleanup_free char *own = lab_cli_own("modules");
	cleanup_diag struct ctl_diag lacks = CTL_DIAG_INIT;
	const struct ctl_places places = {
		.module_dirs = d->module_dirs,
		.n_module_dirs = d->n_module_dirs,
		.own_modules = own,
	};
	struct ctl_modules mods = { 0 };
	int r;

	r = ctl_modules_find(recipe, &places, &mods, &lacks);
	if (r == 0)
		r = ctl_modules_check(&mods, getenv("PATH"), &lacks);
	if (r == 0 && mods.n_items)
		lab_finding_add(list, LAB_FINDING_OK, "modules", "what they run is there");
	if (r == -ENOSYS) {
		add_lacks(list, &lacks);
		r = 0;
	} else if (r < 0) {
		ctl_modules_fini(&mods);
		r = ctl_modules_find(recipe, &places, &mods, diag);
	}
	ctl_modules_fini(&mods);
	return r;
}

/* A task's text as far as it is read, which is further than any task goes. */
static int read_task(const char *path, struct lab_strbuf *text)
{
	cleanup_file FILE *f = fopen(path, "re");
	char part[4096];
	size_t n = 1;

	while (f && n && text->len < TASK_BYTES) {
		n = fread(part, 1, sizeof(part), f);
		lab_strbuf_add(text, part, n);
	}
	return text->error;
}

/* The interpreter, and the links that Python tasks make while the lab runs. */
static int check_tasks(const struct ctl_recipe *recipe, struct lab_findings *list,
		       struct ctl_diag *diag, struct lab_err *err)
{
	struct lab_src items[LAB_PROBE_MAX_] = { { .line = 0 } };
	const struct ctl_task *first = NULL;
	struct ctl_python *python;
	struct lab_err why = { 0 };
	size_t i;
	int r = ctl_script_check(recipe, NULL, diag);

	if (r <= 0)
		return r;
	for (i = 0; i < recipe->n_tasks; i++) {
		const struct ctl_task *task = &recipe->tasks[i];
		cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;

		if (!task->python)
			continue;
		first = first ? first : task;
		r = read_task(task->python, &text);
		if (r < 0)
			return r;
		ctl_script_links(lab_strbuf_str(&text), text.len, task->python, items);
	}
	python = lab_run_find_python();
	if (!python)
		return -ENOMEM;
	r = ctl_python_start(python, &why);
	ctl_python_free(python);
	lab_finding_add(list, r < 0 ? LAB_FINDING_LACKS : LAB_FINDING_OK, "Python tasks", "%s",
			r < 0 ? why.msg : "the interpreter is there");
	lab_finding_at(list, &first->python_src);
	return lab_need_later(items, list, err);
}

static int check_recipe(struct doctor *d, const char *path, struct lab_findings *list,
			struct ctl_diag *diag, struct lab_err *err)
{
	const struct ctl_recipe_params params = {
		.defines = d->defines.items,
		.n_defines = d->defines.n,
		.overrides = d->overrides.items,
		.n_overrides = d->overrides.n,
		.for_run = true,
	};
	struct lab_cli_labfile file;
	struct lab_size size;
	int r;

	r = lab_cli_labfile_open(path, NULL, &params, &d->pools, &file, diag);
	if (r < 0)
		return r;
	lab_doctor_machine(list);
	lab_need_size(file.topo, &size);
	if (lab_findings_worst(list) != LAB_FINDING_LACKS)
		r = lab_need_check(file.topo, true, list, err);
	if (r == 0)
		r = check_modules(d, file.recipe, list, diag);
	if (r == 0)
		r = check_tasks(file.recipe, list, diag, err);
	lab_doctor_limits(&size, NULL, list);
	lab_cli_labfile_close(&file);
	return r < 0 ? r : list->error;
}

static int one_recipe(const struct lab_cli *cli, struct doctor *d, const char *path)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_err err = { 0 };
	int r;

	r = check_recipe(d, path, &list, &diag, &err);
	ctl_diag_sort(&diag);
	lab_cli_diag(cli, &diag);
	if (r < 0 && diag.n_errors)
		return r == -ENOSYS ? LAB_EXIT_LACKS : LAB_EXIT_USAGE;
	if (!cli->json && r == 0)
		printf("%s:\n", path);
	print_findings(cli, path, d, &list);
	return said(cli, r, &err, path);
}

static int cmd_doctor(struct lab_cli *cli, int argc, char **argv)
{
	LAB_CLEANUP(doctor_fini) struct doctor d = { .worst = LAB_FINDING_OK };
	int first, code = 0, r;

	r = lab_cli_parse(cli, argc, argv, &d, &first);
	if (r != 0)
		return first;
	if (first == argc)
		code = machine(cli, &d);
	else
		code = lab_pools_open(cli, &d.pool_args, &d.pools);
	if (code != 0)
		return code;
	for (; first < argc; first++) {
		r = one_recipe(cli, &d, argv[first]);
		code = LAB_MAX(code, r);
	}
	return code == 0 && d.worst == LAB_FINDING_LACKS ? (int)LAB_EXIT_LACKS : code;
}

/* --- before a lab is built ---------------------------------------------------------------------------- */

int lab_doctor_before(const struct lab_topo *topo, struct ctl_diag *diag)
{
	LAB_CLEANUP(lab_findings_fini) struct lab_findings list = { 0 };
	struct lab_err err = { 0 };
	struct lab_size size;
	char line[512];
	size_t i;
	int r;

	r = lab_need_check(topo, false, &list, &err);
	lab_need_size(topo, &size);
	if (r == 0 && topo->n_hosts >= HOSTS_BIG) {
		lab_doctor_limits(&size, NULL, &list);
		r = list.error;
	}
	if (r < 0)
		return r == -ENOMEM ? r : ctl_diag_err(diag, &err, &topo->hosts[0].src);
	for (i = 0; i < list.n; i++) {
		const struct lab_finding *f = &list.v[i];

		if (f->verdict != LAB_FINDING_LACKS)
			continue;
		(void)ctl_diag_error(diag, f->src.line ? &f->src : &topo->hosts[0].src, "%s",
				     lab_finding_line(f, line, sizeof(line)));
		r = -ENOSYS;
	}
	return r;
}

const struct lab_cli_command lab_cmd_doctor = {
	.name = "doctor",
	.operands = "[RECIPE...]",
	.help = "Tell what this machine lacks, in general or for recipes, and what to do about it",
	.options = options,
	.option = on_option,
	.run = cmd_doctor,
};
