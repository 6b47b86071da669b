/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_shell.c - netlab shell: a terminal in a host, relayed to the user's own */
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "netlab/base/util.h"
#include "netlab/cli/cmd_exec.h"

#define CHUNK         4096
#define LAST_WORDS_US 500000 /* for output that is still on its way when the command has ended */

/*
 * struct bytes - bytes on their way in one direction
 */
struct bytes {
	char data[CHUNK];
	size_t off, len;
};

/*
 * struct shell - the two terminals
 * @tty:	the user's terminal, our standard input
 * @out:	where the output goes: the same terminal opened anew (so that it can be non-blocking
 *		without changing it for others), or standard output
 * @pty:	master of the terminal in the host; -1 before it is here and after it has ended
 * @to_host:	read from @tty, not yet written to @pty
 * @to_user:	read from @pty, not yet written to @out
 * @raw:	@tty is in raw mode
 * @done:	the command has ended, with @result
 * @signo:	the signal that ended us, or 0
 */
struct shell {
	struct lab_cli *cli;
	struct lab_loop *loop;
	const struct lab_exec_args *args;
	struct lab_job_result result;
	struct termios saved;
	int tty, out, pty;
	struct lab_source *tty_src, *out_src, *pty_src;
	struct bytes to_host, to_user;
	bool raw, done;
	int signo;
};

/* --- the user's terminal ---------------------------------------------------------------------- */

static void set_raw(struct shell *sh)
{
	struct termios raw = sh->saved;

	cfmakeraw(&raw);
	sh->raw = tcsetattr(sh->tty, TCSADRAIN, &raw) == 0;
}

static void set_cooked(struct shell *sh)
{
	if (sh->raw)
		(void)tcsetattr(sh->tty, TCSADRAIN, &sh->saved);
	sh->raw = false;
}

static void copy_window_size(const struct shell *sh)
{
	struct winsize ws;

	if (sh->pty >= 0 && ioctl(sh->tty, TIOCGWINSZ, &ws) == 0)
		(void)ioctl(sh->pty, TIOCSWINSZ, &ws);
}

static int open_out(void)
{
	int fd = -1;

	if (isatty(STDOUT_FILENO))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* --- the relay -------------------------------------------------------------------------------- */

/* Returns false when the reader is gone for good. */
static bool write_some(struct bytes *b, int fd)
{
	ssize_t n;

	while (b->off < b->len) {
		n = write(fd, b->data + b->off, b->len - b->off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		b->off += (size_t)n;
	}
	b->off = b->len = 0;
	return true;
}

/* Returns false at the end. */
static bool read_some(struct bytes *b, int fd)
{
	ssize_t n;

	do
		n = read(fd, b->data, sizeof(b->data));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN;
	b->len = (size_t)n;
	return n > 0;
}

/* They arm one another by way of rearm(). */
static void on_pty(struct lab_source *src, int fd, uint32_t events, void *user);
static void on_out(struct lab_source *src, int fd, uint32_t events, void *user);
static void on_tty(struct lab_source *src, int fd, uint32_t events, void *user);

static void watch(struct shell *sh, struct lab_source **src, int fd, uint32_t events, lab_fd_fn fn)
{
	if (events == 0 || fd < 0) {
		/* Not only masked: an end that has hung up would go on reporting that. */
		lab_source_free(*src);
		*src = NULL;
	} else if (*src) {
		(void)lab_source_set_events(*src, events);
	} else if (lab_loop_add_fd(sh->loop, fd, events, fn, sh, src) < 0) {
		lab_loop_quit(sh->loop, 0);
	}
}

/* What to wait for: a side is read only when all that it gave before has been passed on. */
static void rearm(struct shell *sh)
{
	uint32_t pty = 0;

	if (sh->to_user.len == 0)
		pty |= EPOLLIN;
	if (sh->to_host.len > 0)
		pty |= EPOLLOUT;
	watch(sh, &sh->pty_src, sh->pty, pty, on_pty);
	watch(sh, &sh->tty_src, sh->to_host.len == 0 && sh->pty >= 0 ? sh->tty : -1, EPOLLIN,
	      on_tty);
	watch(sh, &sh->out_src, sh->to_user.len > 0 ? sh->out : -1, EPOLLOUT, on_out);
	if (sh->done && sh->pty < 0 && sh->to_user.len == 0)
		lab_loop_quit(sh->loop, 0);
}

static void pty_ended(struct shell *sh)
{
	lab_source_free(sh->pty_src);
	sh->pty_src = NULL;
	close_fd(&sh->pty);
	sh->to_host.len = sh->to_host.off = 0;
}

static void on_pty(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct shell *sh = user;

	(void)src;
	if (events & EPOLLOUT && !write_some(&sh->to_host, fd))
		sh->to_host.len = sh->to_host.off = 0;
	if (sh->to_user.len == 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		if (!read_some(&sh->to_user, fd))
			pty_ended(sh);
		else if (!write_some(&sh->to_user, sh->out))
			lab_loop_quit(sh->loop, 0);
	}
	rearm(sh);
}

static void on_out(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct shell *sh = user;

	(void)src;
	(void)events;
	if (!write_some(&sh->to_user, fd))
		lab_loop_quit(sh->loop, 0);
	rearm(sh);
}

static void on_tty(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct shell *sh = user;

	(void)src;
	(void)events;
	if (!read_some(&sh->to_host, fd)) { /* the terminal is gone */
		lab_loop_quit(sh->loop, 0);
		return;
	}
	if (!write_some(&sh->to_host, sh->pty))
		sh->to_host.len = sh->to_host.off = 0;
	rearm(sh);
}

/* --- the job ---------------------------------------------------------------------------------- */

static void on_started(struct lab_job *job, int pty, void *user)
{
	struct shell *sh = user;

	(void)job;
	(void)fcntl(pty, F_SETFL, O_RDWR | O_NONBLOCK);
	sh->pty = pty;
	copy_window_size(sh); /* it may have changed since we asked for the command */
	rearm(sh);
}

static void on_late(struct lab_source *src, void *user)
{
	struct shell *sh = user;

	(void)src;
	lab_loop_quit(sh->loop, 0);
}

static void on_done(struct lab_job *job, const struct lab_job_result *result, void *user)
{
	struct shell *sh = user;

	(void)job;
	sh->result = *result;
	sh->done = true;
	rearm(sh);
	if (sh->pty >= 0 && lab_loop_add_timer(sh->loop, LAST_WORDS_US, on_late, sh, NULL) < 0)
		lab_loop_quit(sh->loop, 0);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void on_end_signal(struct lab_source *src, const siginfo_t *info, void *user)
{
	struct shell *sh = user;

	(void)src;
	sh->signo = info->si_signo;
	lab_loop_quit(sh->loop, 0);
}

static void on_window(struct lab_source *src, const siginfo_t *info, void *user)
{
	(void)src;
	(void)info;
	copy_window_size(user);
}

/* Stopped from outside: the terminal is the user's until we go on. */
static void on_stop(struct lab_source *src, const siginfo_t *info, void *user)
{
	struct shell *sh = user;

	(void)src;
	(void)info;
	set_cooked(sh);
	(void)kill(getpid(), SIGSTOP);
	set_raw(sh);
	copy_window_size(sh);
}

static int add_signals(struct shell *sh, struct lab_err *err)
{
	int r = lab_exec_forward(sh->loop, on_end_signal, sh, err);

	if (r < 0)
		return r;
	r = lab_loop_add_signal(sh->loop, SIGWINCH, on_window, sh, NULL);
	if (r == 0)
		r = lab_loop_add_signal(sh->loop, SIGTSTP, on_stop, sh, NULL);
	return r < 0 ? lab_err_errno(err, -r, "signals") : 0;
}

/* --- what is run ------------------------------------------------------------------------------ */

static bool executable(const char *path)
{
	return path && path[0] == '/' && access(path, X_OK) == 0;
}

/*
 * The hosts have this machine's files, so that root's shell here is root's shell there. Bash sets
 * the prompt itself in its start-up files; PROMPT_COMMAND runs behind them, adds the lab's name
 * once, and goes.
 */
static int choose_shell(struct lab_exec_env *env, const char *argv[3], const char **ret_cwd)
{
	static const char *const with_login[] = {
		"bash", "sh", "dash", "zsh", "ksh", "mksh", "fish"
	};
	/* cppcheck-suppress getpwuidCalled ; there are no threads */
	const struct passwd *pw = getpwuid(0);
	const char *shell = pw ? pw->pw_shell : NULL, *base;
	size_t i;
	int r = 0;

	if (!executable(shell) || strstr(shell, "nologin") || strstr(shell, "false"))
		shell = executable("/bin/bash") ? "/bin/bash" : "/bin/sh";
	base = strrchr(shell, '/') + 1;
	argv[0] = shell;
	for (i = 0; i < LAB_ARRAY_SIZE(with_login); i++)
		if (!strcmp(base, with_login[i]))
			argv[1] = "-l";
	if (pw && pw->pw_dir && access(pw->pw_dir, X_OK) == 0) {
		*ret_cwd = pw->pw_dir;
		r = lab_exec_env_add(env, "HOME=%s", pw->pw_dir);
	}
	if (r == 0)
		r = lab_exec_env_add(env, "SHELL=%s", shell);
	if (r == 0 && !strcmp(base, "bash"))
		r = lab_exec_env_add(
			env, "PROMPT_COMMAND=PS1=\"($NETLAB_LAB) $PS1\"; unset PROMPT_COMMAND");
	else if (r == 0)
		r = lab_exec_env_add(env, "PS1=(%s) %s# ", env->vars[0] + strlen("NETLAB_LAB="),
				     env->vars[1] + strlen("NETLAB_HOST="));
	return r;
}

static int start(struct shell *sh, struct lab_client *client, struct lab_err *err)
{
	static const struct lab_job_ops ops = { .started = on_started, .done = on_done };
	LAB_CLEANUP(lab_exec_env_fini) struct lab_exec_env env = { 0 };
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	const char *argv[3] = { NULL };
	struct lab_exec exec = {
		.host = sh->args->hosts[0],
		.netns = sh->args->netns,
		.argv = (const char *const *)sh->args->argv,
		.env = (const char *const *)env.vars,
		.stdio = LAB_STDIO_PTY,
	};
	int r;

	(void)ioctl(sh->tty, TIOCGWINSZ, &ws);
	exec.rows = ws.ws_row ? ws.ws_row : 24;
	exec.cols = ws.ws_col ? ws.ws_col : 80;
	r = lab_exec_env_init(&env, sh->args->lab, exec.host);
	if (r == 0 && !exec.argv) {
		r = choose_shell(&env, argv, &exec.cwd);
		exec.argv = argv;
	}
	if (r < 0)
		return lab_err_errno(err, -r, "environment");
	return lab_client_exec(client, &exec, &ops, sh, NULL, err);
}

static int report(struct shell *sh, struct lab_client *client)
{
	const char *host = sh->args->hosts[0];
	cleanup_hosts struct lab_hosts hosts = { 0 };
	struct lab_err err;

	if (sh->signo)
		return LAB_EXIT_SIGNAL + sh->signo;
	if (!sh->done) /* our terminal has gone */
		return LAB_EXIT_SIGNAL + SIGHUP;
	if (sh->result.error == 0)
		return lab_exec_exit(&sh->result);
	if (sh->result.error == -ENOENT && lab_hosts_get(client, false, &hosts, &err) == 0 &&
	    lab_hosts_check(&hosts, sh->args->lab, host, &err) < 0) {
		lab_cli_error(sh->cli, &err);
		return LAB_EXIT_USAGE;
	}
	lab_exec_why(&sh->result, host, sh->args->argv ? sh->args->argv[0] : "shell", &err);
	lab_cli_error(sh->cli, &err);
	return lab_exec_exit(&sh->result);
}

static int run_shell(struct shell *sh, struct lab_client *client)
{
	struct lab_err err;
	int r;

	sh->out = open_out();
	if (sh->out < 0 || tcgetattr(sh->tty, &sh->saved) < 0)
		r = lab_err_errno(&err, errno, "terminal");
	else
		r = add_signals(sh, &err);
	if (r == 0)
		r = start(sh, client, &err);
	if (r == 0) {
		set_raw(sh);
		r = lab_loop_run(sh->loop);
		set_cooked(sh);
		if (r < 0)
			(void)lab_err_errno(&err, -r, "event loop");
	}
	close_fd(&sh->pty);
	close_fd(&sh->out);
	if (r == 0)
		return report(sh, client);
	lab_cli_error(sh->cli, &err);
	return lab_cli_exit_of(r);
}

/* --- the command line ------------------------------------------------------------------------- */

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct lab_exec_args *args = user;

	(void)cli;
	if (!strcmp(name, "netns"))
		args->netns = arg;
	return 0;
}

static int parse(struct lab_cli *cli, int argc, char **argv, struct lab_exec_args *args)
{
	int dashes, first;

	for (dashes = 1; dashes < argc && strcmp(argv[dashes], "--") != 0; dashes++)
		;
	if (lab_cli_parse(cli, dashes, argv, args, &first) != 0)
		return first;
	if (dashes - first < 2)
		return lab_cli_usage_error(cli, "no %s named", first == dashes ? "lab" : "host");
	if (dashes - first > 2)
		return lab_cli_usage_error(cli, "more than one host%s",
					   dashes == argc ? "; '--' goes before a command" : "");
	if (dashes == argc - 1)
		return lab_cli_usage_error(cli, "no command behind '--'");
	args->lab = argv[first];
	args->hosts = argv + first + 1;
	args->n_hosts = 1;
	args->argv = dashes < argc ? argv + dashes + 1 : NULL;
	return -1;
}

static int cmd_shell(struct lab_cli *cli, int argc, char **argv)
{
	struct lab_exec_args args = { 0 };
	struct shell sh = { .cli = cli, .args = &args, .tty = STDIN_FILENO, .out = -1, .pty = -1 };
	struct lab_client *client = NULL;
	struct lab_err err;
	int code, r;

	code = parse(cli, argc, argv, &args);
	if (code >= 0)
		return code;
	if (!isatty(STDIN_FILENO))
		return lab_cli_usage_error(cli,
					   "standard input is no terminal; netlab exec needs none");
	r = lab_loop_new(&sh.loop);
	if (r < 0)
		(void)lab_err_errno(&err, -r, "event loop");
	else
		r = lab_client_connect(sh.loop, args.lab, &client, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		code = lab_cli_exit_of(r);
	} else {
		code = run_shell(&sh, client);
	}
	lab_client_free(client);
	lab_loop_free(sh.loop);
	return code;
}

static const struct lab_cli_option options[] = {
	{ "netns", 0, "NAME", "in this further network namespace of the host" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_shell = {
	.name = "shell",
	.operands = "LAB HOST [-- COMMAND [ARGUMENT...]]",
	.help = "Open a terminal in a host",
	.options = options,
	.option = on_option,
	.run = cmd_shell,
};
