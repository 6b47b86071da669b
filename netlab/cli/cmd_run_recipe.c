/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_run_recipe.c - netlab run: one recipe from its file to its verdict, and the lab down again */
#include <string.h>

#include "controller/match/match.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_run.h"

static void on_signalled(void *user)
{
	struct lab_run *run = user;

	run->cancel = true;
}

static void on_timeout(struct lab_source *src LAB_UNUSED, void *user)
{
	struct lab_run *run = user;

	run->timed_out = true;
	run->cancel = true;
	if (!run->cli->no_quit)
		lab_loop_quit(run->loop, LAB_EXIT_FAIL);
}

static void begin_phase(struct lab_run *run, enum ctl_report_phase phase)
{
	run->phase_us[phase] = lab_loop_now_us();
	ctl_report_phase(run->rep, phase);
}

static void end_phase(struct lab_run *run, enum ctl_report_phase phase)
{
	run->phase_us[phase] = lab_loop_now_us() - run->phase_us[phase];
}

/* The exit code for an error of a phase; it is reported unless it is our own wish to stop. */
static int failed(struct lab_run *run, int r, const struct lab_err *err)
{
	if (run->cli->interrupted)
		return LAB_EXIT_SIGNAL + run->cli->signo;
	if (run->timed_out) {
		ctl_report_note(run->rep, "%s: it takes longer than --timeout allows", run->path);
		return LAB_EXIT_FAIL;
	}
	ctl_report_error(run->rep, err);
	return lab_cli_exit_of(r);
}

static void report_up(struct lab_run *run, const struct lab_up_timing *timing)
{
	struct ctl_report_part parts[LAB_PHASE_MAX_];
	struct ctl_report_lab_up up = {
		.n_hosts = run->n_hosts,
		.n_networks = run->n_networks,
		.attached = !timing,
		.parts = parts,
	};

	while (timing && up.n_parts < LAB_PHASE_MAX_) {
		parts[up.n_parts].name = lab_phase_name((enum lab_phase)up.n_parts);
		parts[up.n_parts].duration_us = timing->phase_us[up.n_parts];
		up.n_parts++;
	}
	up.duration_us = timing ? timing->total_us : 0;
	ctl_report_up(run->rep, &up);
}

static int bring_up(struct lab_run *run)
{
	const struct lab_up_params params = {
		.name = run->lab,
		.recipe = run->path,
		.leash = !run->args->keep,
		.progress = ctl_report_progress,
		.user = run->rep,
	};
	struct lab_up_timing timing = { 0 };
	struct lab_err err = { 0 };
	int r;

	if (run->args->lab) {
		r = lab_run_attach(run);
		if (r == 0)
			report_up(run, NULL);
		return r;
	}
	run->cli->no_quit = false;
	r = lab_up(run->loop, run->file.plan, &params, &run->client, &timing, &err);
	run->cli->no_quit = true;
	if (r < 0)
		return failed(run, r, &err);
	report_up(run, &timing);
	return 0;
}

static int run_tasks(struct lab_run *run)
{
	struct ctl_scope scope;
	struct ctl_run_params params = {
		.loop = run->loop,
		.client = run->client,
		.recipe = run->file.recipe,
		.scope = &scope,
		.modules = &run->modules,
		.python = run->args->python,
		.ops = ctl_report_run_ops(),
		.user = run->rep,
		.only = run->only,
		.cancel = &run->cancel,
	};
	struct lab_err err = { 0 };
	int r;

	if (run->live)
		ctl_live_scope(run->live, &scope);
	else
		ctl_match_scope(run->file.topo, &scope);
	run->have_result = true;
	r = ctl_run(&params, &run->result, &err);
	if (r == -ECONNRESET)
		(void)lab_err_set(&err, ECONNRESET, "lab %s went away", run->lab);
	if (r < 0)
		return failed(run, r, &err);
	return run->result.verdict == CTL_VERDICT_PASS ? LAB_EXIT_PASS : LAB_EXIT_FAIL;
}

static void on_capture_note(const char *text, void *user)
{
	struct lab_run *run = user;

	ctl_report_note(run->rep, "%s: %s", run->path, text);
}

static int start_capture(struct lab_run *run)
{
	cleanup_free char *program = NULL;
	struct ctl_capture_params params = {
		.loop = run->loop,
		.client = run->client,
		.lab = run->lab,
		.dir = run->args->capture_dir,
		.note = on_capture_note,
		.user = run,
		.cancel = &run->cancel,
	};
	struct lab_err err = { 0 };
	int r;

	if (!run->topology)
		run->topology = lab_topo_to_json(run->file.topo);
	params.topology = run->topology;
	if (!run->topology ||
	    asprintf(&program, "%s/Capture", run->args->own_dir ? run->args->own_dir : ".") < 0) {
		program = NULL;
		r = lab_err_errno(&err, ENOMEM, "captures");
		return failed(run, r, &err);
	}
	params.program = program;
	r = ctl_capture_start(&params, &run->capture, &err);
	return r < 0 ? failed(run, r, &err) : 0;
}

static void stop_capture(struct lab_run *run)
{
	struct ctl_capture_totals totals;

	if (!run->capture)
		return;
	ctl_capture_stop(run->capture, &totals);
	ctl_report_note(run->rep, "%s: %llu packets of %zu interfaces are in %s/%s", run->path,
			(unsigned long long)totals.n_packets, totals.n_files,
			run->args->capture_dir, run->lab);
}

static void report_verdict(struct lab_run *run, int code)
{
	struct ctl_report_verdict v = {
		.result = run->have_result ? &run->result : NULL,
		.exit_code = code,
		.signo = run->cli->signo,
		.start_us = run->start_us,
	};

	memcpy(v.phase_us, run->phase_us, sizeof(v.phase_us));
	ctl_report_verdict(run->rep, &v);
}

static int take_down(struct lab_run *run, int code)
{
	struct lab_err err = { 0 };
	int r;

	if (!run->client || run->args->lab)
		return code;
	if (run->args->keep) {
		ctl_report_kept(run->rep, run->file.topo->hosts[0].id);
		return code;
	}
	begin_phase(run, CTL_PHASE_DOWN);
	r = lab_client_down(run->client, &err);
	end_phase(run, CTL_PHASE_DOWN);
	if (r < 0) {
		(void)lab_err_prefix(&err, r, "lab %s: taking it down: ", run->lab);
		ctl_report_error(run->rep, &err);
		return LAB_MAX(code, (int)LAB_EXIT_OURS);
	}
	ctl_report_down(run->rep, run->phase_us[CTL_PHASE_DOWN]);
	return code;
}

static int phases(struct lab_run *run)
{
	int code;

	begin_phase(run, CTL_PHASE_READ);
	code = lab_run_read(run);
	end_phase(run, CTL_PHASE_READ);
	if (code != 0)
		return code;
	begin_phase(run, CTL_PHASE_UP);
	code = bring_up(run);
	end_phase(run, CTL_PHASE_UP);
	if (code != 0 || run->args->config_only)
		return code;
	begin_phase(run, CTL_PHASE_RUN);
	code = run->args->capture_dir ? start_capture(run) : 0;
	if (code == 0)
		code = run_tasks(run);
	stop_capture(run);
	end_phase(run, CTL_PHASE_RUN);
	return code;
}

/* @begin: the recipe and which match of it; @ret_more: there is a further one. */
static int run_match(const struct lab_run *begin, bool *ret_more)
{
	struct lab_loop *loop = begin->loop;
	struct lab_cli *cli = begin->cli;
	struct lab_run run = *begin;
	struct lab_source *timer = NULL;
	struct lab_err err = { 0 };
	int code, r;

	r = lab_cli_signals_on(cli, loop, on_signalled, &run, &err);
	if (r >= 0 && run.args->timeout_us)
		r = lab_loop_add_timer(loop, run.args->timeout_us, on_timeout, &run, &timer);
	cli->no_quit = true;
	ctl_report_begin(run.rep, run.path);
	code = r < 0 ? failed(&run, r, &err) : phases(&run);
	lab_source_free(timer);
	report_verdict(&run, code);
	code = take_down(&run, code);
	/* In this order: jobs that could not be ended belong to the client. */
	lab_client_free(run.client);
	ctl_run_result_fini(&run.result);
	ctl_live_free(run.live);
	ctl_capture_free(run.capture);
	json_decref(run.topology);
	free(run.only);
	ctl_modules_fini(&run.modules);
	*ret_more = run.found.more;
	lab_pools_found_fini(&run.found);
	lab_cli_labfile_close(&run.file);
	lab_cli_signals_off(cli);
	return code;
}

int lab_run_recipe(struct lab_cli *cli, const struct lab_run_args *args, struct lab_loop *loop,
		   struct ctl_report *rep, const char *path, uint64_t start_us)
{
	struct lab_run run = {
		.cli = cli,
		.args = args,
		.loop = loop,
		.rep = rep,
		.path = path,
		.start_us = start_us,
	};
	int worst = 0, code;
	bool more;

	do {
		run.match++;
		code = run_match(&run, &more);
		worst = LAB_MAX(worst, code);
		run.start_us = lab_loop_now_us();
	} while (args->multi_match && more && !cli->interrupted);
	return worst;
}
