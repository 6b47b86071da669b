/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_exec.c - netlab exec: the command line, and one command on one host as if it ran here */
#include "netlab/cli/cmd_exec.h"

#include <stdarg.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"

/*
 * struct one - the command that runs
 */
struct one {
	struct lab_cli *cli;
	struct lab_loop *loop;
	const struct lab_exec_args *args;
	struct lab_job *job;
	struct lab_job_result result;
};

/* --- shared with shell ------------------------------------------------------------------------ */

int lab_exec_env_add(struct lab_exec_env *env, const char *fmt, ...)
{
	char *var = NULL;
	va_list ap;
	int n;

	if (env->n == LAB_EXEC_ENV_MAX)
		return -ENOMEM;
	va_start(ap, fmt);
	n = vasprintf(&var, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	env->vars[env->n++] = var;
	return 0;
}

int lab_exec_env_init(struct lab_exec_env *env, const char *lab, const char *host)
{
	static const char *const ours[] = { "TERM",   "COLORTERM", "NO_COLOR", "LANG",
					    "LC_ALL", "LC_CTYPE",  "TZ" };
	size_t i;
	int r;

	*env = (struct lab_exec_env){ 0 };
	r = lab_exec_env_add(env, "NETLAB_LAB=%s", lab);
	if (r == 0)
		r = lab_exec_env_add(env, "NETLAB_HOST=%s", host);
	for (i = 0; i < LAB_ARRAY_SIZE(ours) && r == 0; i++) {
		const char *value = getenv(ours[i]);

		if (value)
			r = lab_exec_env_add(env, "%s=%s", ours[i], value);
	}
	return r;
}

void lab_exec_env_fini(struct lab_exec_env *env)
{
	size_t i;

	for (i = 0; i < env->n; i++)
		free(env->vars[i]);
	*env = (struct lab_exec_env){ 0 };
}

int lab_exec_exit(const struct lab_job_result *result)
{
	switch (-result->error) {
	case 0:
		break;
	case ENOENT:
		return LAB_EXEC_NOT_FOUND;
	case EACCES:
	case ENOEXEC:
	case EISDIR:
	case ENOTDIR:
	case ELOOP:
	case ETXTBSY:
	case E2BIG:
	case ENAMETOOLONG:
		return LAB_EXEC_CANNOT;
	case EHOSTDOWN:
	case EBUSY: /* it is frozen */
	case ECONNRESET:
	case EPIPE:
		return LAB_EXEC_LOST;
	default:
		return lab_cli_exit_of(result->error);
	}
	if (result->timed_out)
		return LAB_EXEC_TIMED_OUT;
	return result->exited ? result->status : LAB_EXIT_SIGNAL + result->signal;
}

void lab_exec_why(const struct lab_job_result *result, const char *host, const char *program,
		  struct lab_err *err)
{
	switch (lab_exec_exit(result)) {
	case LAB_EXEC_NOT_FOUND:
		(void)lab_err_set(err, ENOENT, "host %s: %s: command not found", host, program);
		break;
	case LAB_EXEC_CANNOT:
		(void)lab_err_set(err, -result->error, "host %s: %s: cannot be executed: %s", host,
				  program, strerror(-result->error));
		break;
	default:
		*err = result->err;
		/* A message about the host itself names it already. */
		if (result->error != -EHOSTDOWN && result->error != -EBUSY)
			(void)lab_err_prefix(err, result->error, "host %s: ", host);
	}
}

int lab_exec_forward(struct lab_loop *loop, lab_signal_fn fn, void *user, struct lab_err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	size_t i;
	int r;

	for (i = 0; i < LAB_ARRAY_SIZE(signals); i++) {
		r = lab_loop_add_signal(loop, signals[i], fn, user, NULL);
		if (r < 0)
			return lab_err_errno(err, -r, "signal %s", strsignal(signals[i]));
	}
	return 0;
}

/* --- one host --------------------------------------------------------------------------------- */

static void one_done(struct lab_job *job, const struct lab_job_result *result, void *user)
{
	struct one *one = user;

	(void)job;
	one->job = NULL;
	one->result = *result;
	lab_loop_quit(one->loop, 0);
}

static void one_signal(struct lab_source *src, const siginfo_t *info, void *user)
{
	struct one *one = user;

	(void)src;
	if (one->job)
		(void)lab_job_signal(one->job, info->si_signo);
}

static int report_one(struct one *one, struct lab_client *client)
{
	const char *host = one->args->hosts[0];
	cleanup_hosts struct lab_hosts hosts = { 0 };
	struct lab_err err;

	if (one->result.error == 0)
		return lab_exec_exit(&one->result);
	/* Either the host or the program is not there: the list of hosts is only asked for now. */
	if (one->result.error == -ENOENT && lab_hosts_get(client, false, &hosts, &err) == 0 &&
	    lab_hosts_check(&hosts, one->args->lab, host, &err) < 0) {
		lab_cli_error(one->cli, &err);
		return LAB_EXIT_USAGE;
	}
	lab_exec_why(&one->result, host, one->args->argv[0], &err);
	lab_cli_error(one->cli, &err);
	return lab_exec_exit(&one->result);
}

static int exec_one(struct lab_cli *cli, struct lab_loop *loop, struct lab_client *client,
		    const struct lab_exec_args *args)
{
	static const struct lab_job_ops ops = { .done = one_done };
	struct one one = { .cli = cli, .loop = loop, .args = args };
	LAB_CLEANUP(lab_exec_env_fini) struct lab_exec_env env = { 0 };
	const struct lab_exec exec = {
		.host = args->hosts[0],
		.netns = args->netns,
		.argv = (const char *const *)args->argv,
		.env = (const char *const *)env.vars,
		.timeout_ms = args->timeout_ms,
		.stdio = LAB_STDIO_FDS,
		.fds = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
	};
	struct lab_err err;
	int r;

	r = lab_exec_env_init(&env, args->lab, args->hosts[0]);
	if (r < 0)
		(void)lab_err_errno(&err, -r, "environment");
	else
		r = lab_exec_forward(loop, one_signal, &one, &err);
	if (r == 0)
		r = lab_client_exec(client, &exec, &ops, &one, &one.job, &err);
	if (r == 0) {
		r = lab_loop_run(loop);
		if (r == 0)
			return report_one(&one, client);
		(void)lab_err_errno(&err, -r, "event loop");
	}
	lab_cli_error(cli, &err);
	return lab_cli_exit_of(r);
}

/* --- the command line ------------------------------------------------------------------------- */

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct lab_exec_args *args = user;
	uint64_t us;

	if (!strcmp(name, "all"))
		args->all = true;
	if (!strcmp(name, "netns"))
		args->netns = arg;
	if (!strcmp(name, "timeout")) {
		if (lab_parse_duration(arg, &us) < 0 || us == 0)
			return lab_cli_usage_error(
				cli, "--timeout: '%s' is no time; for example: 5, 500ms, 2m", arg);
		args->timeout_ms = (us + 999) / 1000;
	}
	return 0;
}

/* The first "--" parts our command line from the other one; getopt would move it. */
static int find_dashes(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	return argc;
}

static int parse(struct lab_cli *cli, int argc, char **argv, struct lab_exec_args *args)
{
	int dashes = find_dashes(argc, argv), first;

	if (lab_cli_parse(cli, dashes, argv, args, &first) != 0)
		return first;
	if (first == dashes)
		return lab_cli_usage_error(cli, "no lab named");
	args->lab = argv[first];
	args->hosts = argv + first + 1;
	args->n_hosts = (size_t)(dashes - first - 1);
	if (args->all && args->n_hosts > 0)
		return lab_cli_usage_error(cli, "either names of hosts or --all, not both%s",
					   dashes == argc ? "; '--' goes before the command" : "");
	if (!args->all && args->n_hosts == 0)
		return lab_cli_usage_error(cli, "no host named; --all takes all hosts");
	if (argc - dashes < 2)
		return lab_cli_usage_error(cli, "no command given; it goes behind '--'");
	args->argv = argv + dashes + 1;
	return -1;
}

static int cmd_exec(struct lab_cli *cli, int argc, char **argv)
{
	struct lab_exec_args args = { 0 };
	struct lab_client *client = NULL;
	struct lab_loop *loop = NULL;
	struct lab_err err;
	int code, r;

	code = parse(cli, argc, argv, &args);
	if (code >= 0)
		return code;
	r = lab_loop_new(&loop);
	if (r < 0)
		(void)lab_err_errno(&err, -r, "event loop");
	else
		r = lab_client_connect(loop, args.lab, &client, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		code = lab_cli_exit_of(r);
	} else if (args.all || args.n_hosts > 1 || cli->json) {
		code = lab_exec_many(cli, loop, client, &args);
	} else {
		code = exec_one(cli, loop, client, &args);
	}
	lab_client_free(client);
	lab_loop_free(loop);
	return code;
}

static const struct lab_cli_option options[] = {
	{ "all", 0, NULL, "on all hosts of the lab" },
	{ "netns", 0, "NAME", "in this further network namespace of the host" },
	{ "timeout", 't', "TIME", "kill the command after that: 5, 500ms, 2m" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_exec = {
	.name = "exec",
	.operands = "LAB HOST...|--all -- COMMAND [ARGUMENT...]",
	.help = "Run a command in hosts of a lab",
	.options = options,
	.option = on_option,
	.run = cmd_exec,
};
