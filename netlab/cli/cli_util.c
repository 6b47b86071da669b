/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_util.c - what subcommands share: errors, exit codes, signals, recipes as labs */
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/cli/cli.h"
#include "netlab/cli/pools.h"

/* --- printing --- */

void lab_cli_json(json_t *value)
{
	cleanup_free char *line = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	if (line)
		(void)printf("%s\n", line);
	(void)fflush(stdout);
}

static json_t *event(const char *name, const struct lab_src *src, const char *message)
{
	json_t *e = json_pack("{s:s, s:s}", "event", name, "message", message);

	if (e && src->file)
		(void)json_object_set_new(e, "file", json_string(src->file));
	if (e && src->line)
		(void)json_object_set_new(e, "line", json_integer(src->line));
	if (e && src->line && src->col)
		(void)json_object_set_new(e, "col", json_integer(src->col));
	return e;
}

void lab_cli_error(const struct lab_cli *cli, const struct lab_err *err)
{
	char buf[1024];
	json_t *e;

	(void)fflush(stdout);
	if (!cli->json) {
		(void)fprintf(stderr, "%s\n", lab_err_format(err, buf, sizeof(buf)));
		return;
	}
	e = event("error", &err->src, err->msg);
	if (e)
		(void)json_object_set_new(e, "errno", json_string(lab_err_name(err->code)));
	lab_cli_json(e);
}

void lab_cli_diag(const struct lab_cli *cli, const struct ctl_diag *diag)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;

	(void)fflush(stdout);
	if (!cli->json) {
		ctl_diag_format(diag, &sb);
		(void)fputs(lab_strbuf_str(&sb), stderr);
		return;
	}
	for (i = 0; i < diag->n_items; i++)
		lab_cli_json(event(ctl_diag_kind_name(diag->items[i].kind), &diag->items[i].src,
				   diag->items[i].msg));
}

void lab_cli_timing_print(const struct lab_cli *cli, const struct lab_up_timing *timing)
{
	int i;

	if (cli->json)
		return;
	for (i = 0; i < LAB_PHASE_MAX_; i++)
		(void)printf("  %-8s %8.3f ms\n", lab_phase_name((enum lab_phase)i),
			     (double)timing->phase_us[i] / 1000.0);
	(void)printf("  %-8s %8.3f ms\n", "total", (double)timing->total_us / 1000.0);
}

int lab_cli_exit_of(int r)
{
	static const struct {
		int code;
		enum lab_exit exit;
	} codes[] = {
		{ EPERM, LAB_EXIT_LACKS },      { ENOSYS, LAB_EXIT_LACKS },
		{ EOPNOTSUPP, LAB_EXIT_LACKS }, { EMFILE, LAB_EXIT_LACKS },
		{ ENFILE, LAB_EXIT_LACKS },     { ENOSPC, LAB_EXIT_LACKS },
		{ EUSERS, LAB_EXIT_LACKS },     { EAGAIN, LAB_EXIT_LACKS },
		{ ENOMEM, LAB_EXIT_LACKS },     { EROFS, LAB_EXIT_LACKS },
		{ ENOENT, LAB_EXIT_USAGE },     { EEXIST, LAB_EXIT_USAGE },
		{ EACCES, LAB_EXIT_USAGE },     { EINVAL, LAB_EXIT_USAGE },
		{ EFBIG, LAB_EXIT_USAGE },      { EISDIR, LAB_EXIT_USAGE },
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(codes); i++) {
		if (codes[i].code == -r)
			return (int)codes[i].exit;
	}
	return LAB_EXIT_OURS;
}

/* --- signals --- */

static void on_signal(struct lab_source *src LAB_UNUSED, const siginfo_t *info, void *user)
{
	struct lab_cli *cli = user;

	if (cli->interrupted) {
		/* The second time: at once. The leash ends the lab. */
		lab_cli_signals_off(cli);
		(void)signal(info->si_signo, SIG_DFL);
		(void)raise(info->si_signo);
		return;
	}
	cli->signo = info->si_signo;
	cli->interrupted = true;
	if (!cli->no_quit)
		lab_loop_quit(cli->loop, LAB_EXIT_SIGNAL + info->si_signo);
	if (cli->signalled)
		cli->signalled(cli->signalled_user);
}

int lab_cli_signals_on(struct lab_cli *cli, struct lab_loop *loop, void (*fn)(void *user),
		       void *user, struct lab_err *err)
{
	static const int signals[] = { SIGINT, SIGTERM };
	size_t i;
	int r;

	cli->loop = loop;
	cli->no_quit = false;
	cli->signalled = fn;
	cli->signalled_user = user;
	for (i = 0; i < LAB_ARRAY_SIZE(signals); i++) {
		r = lab_loop_add_signal(loop, signals[i], on_signal, cli, &cli->sources[i]);
		if (r < 0) {
			lab_cli_signals_off(cli);
			return lab_err_errno(err, -r, "waiting for signals");
		}
	}
	return 0;
}

void lab_cli_signals_off(struct lab_cli *cli)
{
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cli->sources); i++) {
		lab_source_free(cli->sources[i]);
		cli->sources[i] = NULL;
	}
	cli->signalled = NULL;
}

/* --- what is installed with netlab --- */

char *lab_cli_own(const char *name)
{
	static const char *const places[] = { "", "../libexec/netlab/" };
	char self[PATH_MAX];
	ssize_t len;
	size_t i;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len <= 0)
		return NULL;
	self[len] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	for (i = 0; i < LAB_ARRAY_SIZE(places); i++) {
		char *path = NULL;

		if (asprintf(&path, "%s%s%s", self, places[i], name) < 0)
			return NULL;
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* --- recipes as labs --- */

void lab_cli_lab_name(const char *stem, bool with_pid, char ret[64])
{
	char pid[16] = "";
	size_t room, i;

	if (with_pid)
		(void)snprintf(pid, sizeof(pid), "-%d", (int)getpid());
	room = 63 - strlen(pid);
	for (i = 0; i < room && stem[i]; i++) {
		bool ok = isalnum((unsigned char)stem[i]) || (i && strchr("-_.", stem[i]));

		ret[i] = '-';
		if (ok && (unsigned char)stem[i] < 0x80)
			ret[i] = stem[i];
		else if (!i)
			ret[i] = 'x';
	}
	ret[i] = '\0';
	(void)snprintf(ret + i, 64 - i, "%s%s", i ? "" : "lab", pid);
}

int lab_cli_labfile_open(const char *path, const char *lab, const struct ctl_recipe_params *params,
			 const struct lab_pools *pools, struct lab_cli_labfile *ret,
			 struct ctl_diag *diag)
{
	struct lab_pools_found found = { 0 };
	int r;

	*ret = (struct lab_cli_labfile){ 0 };
	r = ctl_recipe_load(path, params, &ret->recipe, diag);
	if (r >= 0)
		r = lab_pools_topo(pools, ret->recipe, lab, 1, &ret->topo, &found, diag);
	lab_pools_found_fini(&found);
	if (r >= 0)
		r = lab_plan_new(ret->topo, &ret->plan);
	if (r < 0)
		lab_cli_labfile_close(ret);
	return r;
}

void lab_cli_labfile_close(struct lab_cli_labfile *file)
{
	lab_plan_free(file->plan);
	lab_topo_free(file->topo);
	ctl_recipe_free(file->recipe);
	*file = (struct lab_cli_labfile){ 0 };
}
