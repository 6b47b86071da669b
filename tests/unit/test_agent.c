/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_agent.c - unit tests of slave-image/agent: commands, streams, terminals, files, over a socketpair */
/* wrap: no (valgrind makes a fork of the clone that shares memory, so the child cannot tell its error) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/parse.h"
#include "netlab/base/version.h"
#include "netlab/rpc/digest.h"
#include "netlab/rpc/tree.h"
#include "slave-image/agent/agent.h"
#include "tests/unit/peer.h"
#include "tests/unit/scratch.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

struct fixture {
	struct peer p;
	char dir[SCRATCH_STRLEN], store[SCRATCH_STRLEN + 16];
	bool ends_early; /* the test makes the agent fail */
};

/* The agent in a child process of its own: it reaps whatever it finds. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];
	pid_t pid;

	assert_non_null(f);
	*state = f;
	scratch_make(f->dir);
	(void)snprintf(f->store, sizeof(f->store), "%s/store", f->dir);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct agt_options opts = { .store_dir = f->store };
		int r;

		(void)close(pair[0]);
		r = agt_main(pair[1], pair[1], &opts);
		free(f);
		exit(r == 0 ? 0 : 1);
	}
	(void)close(pair[1]);
	peer_init(&f->p, pair[0], pair[0], pid);
	peer_until_hello(&f->p, 1);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int status;

	status = peer_fini(&f->p);
	scratch_remove(f->dir);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), f->ends_early ? 1 : 0);
	free(f);
	return 0;
}

static json_t *shell(int job, const char *text)
{
	return json_pack("{s:i,s:s}", "job", job, "shell", text);
}

static json_t *shell_streams(int job, const char *text, int in, int out, int err)
{
	return json_pack("{s:i,s:s,s:s,s:[i,i,i]}", "job", job, "shell", text, "stdio", "streams",
			 "streams", in, out, err);
}

static void assert_exit(struct peer_call *c, int status)
{
	assert_string_equal(c->err.msg, "");
	assert_int_equal(peer_int(c, "exit"), status);
	peer_call_fini(c);
}

static void assert_error(struct peer_call *c, int code, const char *part)
{
	assert_null(c->result);
	assert_int_equal(c->err.code, code);
	if (!strstr(c->err.msg, part))
		fail_msg("\"%s\" does not contain \"%s\"", c->err.msg, part);
}

static const char *stream_text(struct fixture *f, int stream)
{
	return lab_strbuf_str(&f->p.streams[stream].data);
}

/* Run a shell command and compare all its output. */
static void assert_output(struct fixture *f, const char *text, const char *expected)
{
	struct peer_call c;

	lab_strbuf_reset(&f->p.streams[1].data);
	peer_ask(&f->p, &c, "exec", shell_streams(1, text, 0, 1, 1));
	assert_exit(&c, 0);
	assert_string_equal(stream_text(f, 1), expected);
}

/* --- the connection --- */

static void hello_names_build_and_features(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(f->p.build, lab_build_id());
	assert_string_equal(f->p.features, "fds pty upgrade");
}

static void ping_is_answered(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_ask(&f->p, &c, "ping", json_object());
	assert_int_equal(c.err.code, 0);
	peer_call_fini(&c);
}

static void unknown_method_is_enosys(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_ask(&f->p, &c, "reboot", json_object());
	assert_error(&c, ENOSYS, "reboot");
}

static void wrong_parameters_are_einval(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:s,s:i}", "job", 1, "shell", "true", "extra", 1));
	assert_error(&c, EINVAL, "extra");
	peer_ask(&f->p, &c, "exec", json_pack("{s:s}", "shell", "true"));
	assert_error(&c, EINVAL, "job");
	peer_ask(&f->p, &c, "exec", json_pack("{s:i}", "job", 1));
	assert_error(&c, EINVAL, "argv");
	peer_ask(&f->p, &c, "exec", json_pack("{s:i,s:[s,i]}", "job", 1, "argv", "true", 5));
	assert_error(&c, EINVAL, "strings");
	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:s,s:s}", "job", 1, "shell", "true", "stdio", "x"));
	assert_error(&c, EINVAL, "\"x\"");
	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:s,s:s}", "job", 1, "shell", "true", "stdio", "fds"));
	assert_error(&c, EINVAL, "descriptors");
	peer_ask(&f->p, &c, "signal", json_pack("{s:i}", "job", 1));
	assert_error(&c, EINVAL, "signal");
}

/* --- commands --- */

static void status_of_a_command_is_answered(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_ask(&f->p, &c, "exec", json_pack("{s:i,s:[s]}", "job", 1, "argv", "true"));
	assert_true(peer_int(&c, "duration_us") > 0);
	assert_true(peer_int(&c, "maxrss_kib") > 0);
	assert_exit(&c, 0);
	peer_ask(&f->p, &c, "exec", shell(1, "exit 42"));
	assert_exit(&c, 42);
	peer_ask(&f->p, &c, "exec", shell(1, "kill -9 $$"));
	assert_int_equal(peer_int(&c, "signal"), SIGKILL);
	assert_int_equal(peer_int(&c, "exit"), -1);
	peer_call_fini(&c);
}

static void missing_program_is_enoent_with_its_name(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_ask(&f->p, &c, "exec", json_pack("{s:i,s:[s]}", "job", 1, "argv", "no-such-program"));
	assert_error(&c, ENOENT, "no-such-program: no such program [ENOENT]");
	peer_ask(&f->p, &c, "exec", json_pack("{s:i,s:[s]}", "job", 1, "argv", "/bin/none"));
	assert_error(&c, ENOENT, "/bin/none: no such program [ENOENT]");
	peer_ask(&f->p, &c, "exec", json_pack("{s:i,s:[s]}", "job", 1, "argv", "/etc/passwd"));
	assert_error(&c, EACCES, "cannot run /etc/passwd");
	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:[s],s:s}", "job", 1, "argv", "true", "cwd", "/none"));
	assert_error(&c, ENOENT, "working directory /none");
}

static void commands_have_a_sane_environment(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	assert_output(f, "echo $PATH",
		      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
	assert_output(f, "pwd; echo $LANG; [ a == a ] && ulimit -c >/dev/null && ls /proc/self/fd",
		      "/\nC.UTF-8\n0\n1\n2\n3\n");
	/* Default signals, an own session and process group. */
	/* Signals 32 and 33 are the C library's own; what started the tests may ignore them. */
	assert_output(f, "grep -E 'Sig(Blk|Ign)' /proc/self/status | sed s/180000000/000000000/",
		      "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	assert_output(f, "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && [ $6 = $$ ] && echo leader",
		      "leader\n");
	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:s,s:{s:s,s:s},s:s}", "job", 1, "shell",
			   "[ \"$A$LANG\" = bC ] && [ $PWD = /usr ]", "env", "A", "b", "LANG", "C",
			   "cwd", "/usr"));
	assert_exit(&c, 0);
	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:[s],s:{s:s}}", "job", 1, "argv", "true", "env", "PATH",
			   "/none"));
	assert_error(&c, ENOENT, "true: no such program");
}

static void script_without_interpreter_line_runs_in_sh(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;
	char path[SCRATCH_STRLEN + 16];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/script", f->dir);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("exit $1\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0700), 0);
	peer_ask(&f->p, &c, "exec", json_pack("{s:i,s:[s,s]}", "job", 1, "argv", path, "7"));
	assert_exit(&c, 7);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("#!/none/interpreter\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	peer_ask(&f->p, &c, "exec", json_pack("{s:i,s:[s]}", "job", 1, "argv", path));
	assert_error(&c, ENOENT, "its interpreter is missing");
}

static void timeout_kills_the_group(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	/* The second sleep keeps the output open, so its end shows that it has died, too. */
	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:s,s:i,s:s,s:[i,i,i]}", "job", 1, "shell",
			   "sleep 1000 & sleep 1000", "timeout_ms", 50, "stdio", "streams",
			   "streams", 0, 1, 1));
	assert_int_equal(peer_int(&c, "signal"), SIGKILL);
	assert_true(json_is_true(json_object_get(c.result, "timed_out")));
	assert_true(peer_int(&c, "duration_us") >= 50000);
	peer_call_fini(&c);
}

static void signal_reaches_the_group(void **state)
{
	struct fixture *f = *state;
	struct peer_call c, s;

	peer_send(&f->p, &c, "exec",
		  shell_streams(
			  1,
			  "trap 'echo got; exit 3' INT; echo ready; while :; do sleep 1000; done",
			  0, 1, 1),
		  NULL, 0);
	while (!f->p.streams[1].data.len)
		assert_true(lab_loop_step(f->p.loop, PEER_WAIT_MS) > 0);
	peer_ask(&f->p, &s, "signal", json_pack("{s:i,s:i}", "job", 1, "signal", SIGINT));
	assert_int_equal(s.err.code, 0);
	peer_call_fini(&s);
	peer_until(&f->p, &c.done);
	assert_exit(&c, 3);
	assert_string_equal(stream_text(f, 1), "ready\ngot\n");
	peer_ask(&f->p, &s, "signal", json_pack("{s:i,s:i}", "job", 1, "signal", SIGINT));
	assert_error(&s, ESRCH, "job 1");
}

static void job_number_must_be_free(void **state)
{
	struct fixture *f = *state;
	struct peer_call c, d, s;

	peer_send(&f->p, &c, "exec", shell(1, "exec sleep 1000"), NULL, 0);
	peer_ask(&f->p, &d, "exec", shell(1, "true"));
	assert_error(&d, EEXIST, "job 1");
	peer_ask(&f->p, &s, "signal", json_pack("{s:i,s:i}", "job", 1, "signal", SIGKILL));
	peer_call_fini(&s);
	peer_until(&f->p, &c.done);
	peer_call_fini(&c);
	peer_ask(&f->p, &d, "exec", shell(1, "true"));
	assert_exit(&d, 0);
}

static void many_commands_at_once(void **state)
{
	static struct peer_call c[50];
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 50; i++)
		peer_send(&f->p, &c[i], "exec", shell(i + 1, "exit 9"), NULL, 0);
	for (i = 0; i < 50; i++) {
		peer_until(&f->p, &c[i].done);
		assert_exit(&c[i], 9);
	}
}

/* --- streams --- */

static void output_and_errors_are_apart_or_together(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_ask(&f->p, &c, "exec", shell_streams(1, "echo one; echo two >&2", 0, 1, 2));
	assert_exit(&c, 0);
	assert_string_equal(stream_text(f, 1), "one\n");
	assert_string_equal(stream_text(f, 2), "two\n");
	peer_ask(&f->p, &c, "exec", shell_streams(1, "echo one; echo two >&2", 0, 3, 3));
	assert_exit(&c, 0);
	assert_string_equal(stream_text(f, 3), "one\ntwo\n");
	peer_ask(&f->p, &c, "exec", shell_streams(1, "echo one; echo two >&2", 0, 0, 4));
	assert_exit(&c, 0);
	assert_string_equal(stream_text(f, 4), "two\n");
}

static void input_goes_through(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_send(&f->p, &c, "exec", shell_streams(1, "cat", 1, 2, 2), NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, "hello ", 6), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, "world", 5), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &c.done);
	assert_exit(&c, 0);
	assert_string_equal(stream_text(f, 2), "hello world");
}

static void long_input_is_metered(void **state)
{
	static char block[256 << 10];
	struct fixture *f = *state;
	struct peer_call c;
	uint64_t sent = 0;

	peer_send(&f->p, &c, "exec", shell_streams(1, "wc -c", 1, 2, 2), NULL, 0);
	while (sent < 8 << 20) {
		assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, block, sizeof(block)), 0);
		sent += sizeof(block);
		while (sent - f->p.taken > (1 << 20) - sizeof(block))
			assert_true(lab_loop_step(f->p.loop, PEER_WAIT_MS) > 0);
	}
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &c.done);
	assert_exit(&c, 0);
	assert_string_equal(stream_text(f, 2), "8388608\n");
}

static void too_much_unread_input_kills(void **state)
{
	static char block[1 << 20];
	struct fixture *f = *state;
	struct peer_call c;

	peer_send(&f->p, &c, "exec", shell_streams(1, "exec sleep 1000", 1, 2, 2), NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, block, sizeof(block)), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, block, sizeof(block)), 0);
	peer_until(&f->p, &c.done);
	assert_error(&c, ENOBUFS, "input");
}

static void input_of_a_command_that_does_not_want_it_is_dropped(void **state)
{
	static char block[512 << 10];
	struct fixture *f = *state;
	struct peer_call c;
	int i;

	peer_send(&f->p, &c, "exec",
		  shell_streams(1, "exec <&-; echo closed; read x <&1; sleep 1000", 1, 2, 3), NULL,
		  0);
	while (!f->p.streams[2].data.len)
		assert_true(lab_loop_step(f->p.loop, PEER_WAIT_MS) > 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, block, sizeof(block)), 0);
	while (f->p.taken < 8 * sizeof(block))
		assert_true(lab_loop_step(f->p.loop, PEER_WAIT_MS) > 0);
	assert_false(c.done);
	assert_int_equal(lab_rpc_notify(f->p.rpc, "signal",
					json_pack("{s:i,s:i}", "job", 1, "signal", SIGKILL), NULL,
					0),
			 0);
	peer_until(&f->p, &c.done);
	peer_call_fini(&c);
}

static void output_waits_for_a_slow_peer(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;
	char path[64], line[256], *p;
	unsigned int rss_kib = 0;
	FILE *file;
	int i;

	peer_send(&f->p, &c, "exec",
		  shell_streams(1, "head -c 20000000 /dev/zero; echo done >&2", 0, 1, 2), NULL, 0);
	lab_rpc_pause(f->p.rpc, true);
	for (i = 0; i < 20; i++)
		assert_true(lab_loop_step(f->p.loop, 5) >= 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)f->p.pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "RssAnon:", 8) == 0) {
			p = line + 8 + strspn(line + 8, " \t");
			p[strspn(p, "0123456789")] = '\0';
			assert_int_equal(lab_parse_uint(p, 0, UINT_MAX, &rss_kib), 0);
		}
	assert_int_equal(fclose(file), 0);
	/* Of the 20 MB, 1 MiB is queued at most; a sanitizer has its own idea of memory. */
	if (!SANITIZED)
		assert_in_range(rss_kib, 1, 6000);
	lab_rpc_pause(f->p.rpc, false);
	peer_until(&f->p, &c.done);
	assert_exit(&c, 0);
	assert_int_equal(f->p.streams[1].data.len, 20000000);
	assert_string_equal(stream_text(f, 2), "done\n");
}

static void grandchild_with_the_output_does_not_hold_up(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_ask(&f->p, &c, "exec", shell_streams(1, "echo out; sleep 1000 & exit 0", 0, 1, 1));
	assert_true(peer_int(&c, "duration_us") < 900000000);
	assert_exit(&c, 0);
	assert_string_equal(stream_text(f, 1), "out\n");
}

static void stream_number_must_be_free(void **state)
{
	struct fixture *f = *state;
	struct peer_call c, d;

	peer_send(&f->p, &c, "exec", shell_streams(1, "cat", 1, 2, 3), NULL, 0);
	peer_ask(&f->p, &d, "exec", shell_streams(2, "true", 0, 2, 2));
	assert_error(&d, EEXIST, "stream 2");
	peer_ask(&f->p, &d, "exec", shell_streams(2, "true", 4, 4, 0));
	assert_error(&d, EEXIST, "stream 4");
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &c.done);
	assert_exit(&c, 0);
}

/* --- descriptors and terminals --- */

static void descriptors_become_the_commands(void **state)
{
	struct fixture *f = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), p[2], fds[3];
	struct peer_call c;
	char buf[16];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	fds[0] = fds[2] = null;
	fds[1] = p[1];
	peer_send(&f->p, &c, "exec",
		  json_pack("{s:i,s:s,s:s}", "job", 1, "shell", "echo direct", "stdio", "fds"), fds,
		  3);
	(void)close(p[1]);
	peer_until(&f->p, &c.done);
	assert_exit(&c, 0);
	assert_int_equal(read(p[0], buf, sizeof(buf)), 7);
	assert_memory_equal(buf, "direct\n", 7);
	/* Neither the agent nor the command has kept it. */
	assert_int_equal(read(p[0], buf, sizeof(buf)), 0);
	(void)close(p[0]);
	(void)close(null);
}

static void read_pty(int fd, char *buf, size_t size, const char *until)
{
	size_t len = 0;
	ssize_t n;

	buf[0] = '\0';
	while (!strstr(buf, until)) {
		n = read(fd, buf + len, size - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
		buf[len] = '\0';
	}
}

static void terminal_controls_the_command(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;
	char buf[512];

	peer_send(
		&f->p, &c, "exec",
		json_pack(
			"{s:i,s:s,s:s,s:i,s:i,s:{s:s}}", "job", 1, "shell",
			"stty size; ps -o tty= -p $$ >/dev/null; (: </dev/tty) && echo $TERM; exec cat",
			"stdio", "pty", "rows", 33, "cols", 77, "env", "TERM", "vt52"),
		NULL, 0);
	while (f->p.pty < 0)
		assert_true(lab_loop_step(f->p.loop, PEER_WAIT_MS) > 0);
	read_pty(f->p.pty, buf, sizeof(buf), "vt52");
	assert_non_null(strstr(buf, "33 77"));
	/* The terminal itself makes the signal, so cat must be its foreground group. */
	assert_int_equal(write(f->p.pty, "\003", 1), 1);
	peer_until(&f->p, &c.done);
	assert_int_equal(peer_int(&c, "signal"), SIGINT);
	peer_call_fini(&c);
}

static void closed_terminal_hangs_up(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_send(&f->p, &c, "exec",
		  json_pack("{s:i,s:s,s:s}", "job", 1, "shell", "exec sleep 1000", "stdio", "pty"),
		  NULL, 0);
	while (f->p.pty < 0)
		assert_true(lab_loop_step(f->p.loop, PEER_WAIT_MS) > 0);
	close_fd(&f->p.pty);
	peer_until(&f->p, &c.done);
	assert_int_equal(peer_int(&c, "signal"), SIGHUP);
	peer_call_fini(&c);
}

/* --- settings --- */

static json_t *setting(const char *path, const char *value)
{
	return json_pack("{s:s,s:s}", "path", path, "value", value);
}

/* The agent's own name, which it may write without any privilege. */
static void setting_is_written_and_gives_what_was_there(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_ask(&f->p, &c, "config.write", setting("/proc/self/comm", "first"));
	assert_string_equal(c.err.msg, "");
	assert_non_null(json_string_value(json_object_get(c.result, "previous")));
	peer_call_fini(&c);
	peer_ask(&f->p, &c, "config.write", setting("//proc/../proc/self/comm", "second"));
	assert_error(&c, EINVAL, "Only /proc or /sys paths are allowed.");
	peer_ask(&f->p, &c, "config.write", setting("/proc//sys/../self/comm", "second"));
	assert_string_equal(json_string_value(json_object_get(c.result, "previous")), "first");
	peer_call_fini(&c);
	assert_output(f, "head -n 1 /proc/$PPID/comm", "second\n");
}

static void setting_elsewhere_is_refused(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *said;
	} cases[] = {
		{ "/etc/passwd", EINVAL,
		  "Wrong config option /etc/passwd. Only /proc or /sys paths are allowed." },
		{ "proc/self/comm", EINVAL, "Only /proc or /sys paths are allowed." },
		{ "/process", EINVAL, "Only /proc or /sys paths are allowed." },
		{ "/proc", EINVAL, "Only /proc or /sys paths are allowed." },
		{ "/proc//", EINVAL, "Only /proc or /sys paths are allowed." },
		{ "", EINVAL, "Only /proc or /sys paths are allowed." },
		{ "/proc/../tmp/x", EINVAL, "/proc/../tmp/x leads out of /proc and /sys" },
		{ "/sys/../proc/self/comm", EINVAL, "leads out of /proc and /sys" },
		{ "/proc/self/root/tmp", EINVAL, "leads out of /proc and /sys" },
		{ "/proc/self/cwd/x", EINVAL, "leads out of /proc and /sys" },
		{ "/proc/self/fd/0", EINVAL, "leads out of /proc and /sys" },
		{ "/proc/mounts/x", ENOTDIR, "/proc/mounts/x cannot be written: " },
		{ "/proc/no/such", ENOENT,
		  "/proc/no/such cannot be written: No such file or directory [ENOENT]" },
		{ "/proc/self", EISDIR, "/proc/self cannot be written: Is a directory [EISDIR]" },
		{ "/proc/self/oom_score_adj", EINVAL,
		  "/proc/self/oom_score_adj: the kernel refuses \"much\": Invalid argument [EINVAL]" },
	};
	struct fixture *f = *state;
	struct peer_call c;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		peer_ask(&f->p, &c, "config.write", setting(cases[i].path, "much"));
		assert_error(&c, cases[i].code, cases[i].said);
	}
	peer_ask(&f->p, &c, "config.write", json_pack("{s:s}", "path", "/proc/self/comm"));
	assert_error(&c, EINVAL, "config.write: ");
}

static void setting_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;
	char value[4200];

	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	peer_ask(&f->p, &c, "config.write", setting("/proc/self/comm", value));
	assert_error(&c, EINVAL, "/proc/self/comm: a value of more than 4094 bytes");
}

/* --- files --- */

static json_t *put_params(const char *digest, int size, int stream)
{
	return json_pack("{s:s,s:i,s:i}", "file", digest, "size", size, "stream", stream);
}

static void file_is_stored_and_run(void **state)
{
	static const char script[] = "#!/bin/sh\nexit $1\n";
	struct fixture *f = *state;
	char digest[LAB_DIGEST_STRLEN], path[SCRATCH_STRLEN + 96];
	struct peer_call c;
	struct stat st;

	lab_digest_mem(script, strlen(script), digest);
	peer_ask(&f->p, &c, "file.missing", json_pack("{s:[s]}", "files", digest));
	assert_int_equal(json_array_size(json_object_get(c.result, "missing")), 1);
	peer_call_fini(&c);
	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:s,s:[s,s]}", "job", 1, "file", digest, "argv", "name", "5"));
	assert_error(&c, ENOENT, "not in this host's store");

	peer_send(&f->p, &c, "file.put", put_params(digest, (int)strlen(script), 1), NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, script, 5), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, script + 5, strlen(script) - 5), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &c.done);
	assert_int_equal(c.err.code, 0);
	peer_call_fini(&c);

	peer_ask(&f->p, &c, "file.missing", json_pack("{s:[s]}", "files", digest));
	assert_int_equal(json_array_size(json_object_get(c.result, "missing")), 0);
	peer_call_fini(&c);
	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:s,s:[s,s]}", "job", 1, "file", digest, "argv", "name", "5"));
	assert_exit(&c, 5);
	(void)snprintf(path, sizeof(path), "%s/%s", f->store, digest);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0500);
	assert_int_equal(stat(f->store, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void wrong_content_is_refused(void **state)
{
	struct fixture *f = *state;
	char digest[LAB_DIGEST_STRLEN];
	struct peer_call c;

	lab_digest_mem("right", 5, digest);
	peer_send(&f->p, &c, "file.put", put_params(digest, 5, 1), NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, "wrong", 5), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &c.done);
	assert_error(&c, EBADMSG, "digest");
	peer_send(&f->p, &c, "file.put", put_params(digest, 5, 1), NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, "righ", 4), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &c.done);
	assert_error(&c, EBADMSG, "4 bytes came");
	peer_ask(&f->p, &c, "file.missing", json_pack("{s:[s]}", "files", digest));
	assert_int_equal(json_array_size(json_object_get(c.result, "missing")), 1);
	peer_call_fini(&c);
	peer_ask(&f->p, &c, "file.put", put_params("../../etc/passwd", 5, 1));
	assert_error(&c, EINVAL, "digest");
	peer_ask(&f->p, &c, "file.put", put_params(digest, 1 << 30, 1));
	assert_error(&c, EFBIG, "limit");
}

static void store(struct fixture *f, const char *text, char digest[LAB_DIGEST_STRLEN])
{
	struct peer_call c;

	lab_digest_mem(text, strlen(text), digest);
	peer_send(&f->p, &c, "file.put", put_params(digest, (int)strlen(text), 1), NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, text, strlen(text)), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &c.done);
	assert_int_equal(c.err.code, 0);
	peer_call_fini(&c);
}

static json_t *tree_file(const char *path, const char *digest, bool exec)
{
	return json_pack("{s:s,s:s,s:b}", "path", path, "file", digest, "exec", exec);
}

static json_t *tree_params(const struct lab_tree_file *files, size_t n)
{
	char digest[LAB_DIGEST_STRLEN] = "";
	json_t *array = json_array();
	size_t i;

	(void)lab_tree_digest(files, n, digest);
	for (i = 0; i < n; i++)
		(void)json_array_append_new(array, tree_file(files[i].path, files[i].digest,
							     files[i].exec));
	return json_pack("{s:s,s:o}", "tree", digest, "files", array);
}

static void folder_is_made_of_stored_files(void **state)
{
	struct lab_tree_file files[] = { { .path = "bin/a", .exec = true },
					 { .path = "bin/b", .exec = true },
					 { .path = "data" } };
	char path[SCRATCH_STRLEN + 96], inner[SCRATCH_STRLEN + 128];
	struct fixture *f = *state;
	struct stat st, other;
	struct peer_call c;

	store(f, "#!/bin/sh\nexit 7\n", files[0].digest);
	memcpy(files[1].digest, files[0].digest, sizeof(files[1].digest));
	store(f, "text", files[2].digest);
	peer_ask(&f->p, &c, "tree.put", tree_params(files, 3));
	assert_int_equal(c.err.code, 0);
	assert_true(json_is_true(json_object_get(c.result, "made")));
	(void)snprintf(path, sizeof(path), "%s",
		       json_string_value(json_object_get(c.result, "path")));
	peer_call_fini(&c);
	assert_int_equal(strncmp(path, f->store, strlen(f->store)), 0);
	(void)snprintf(inner, sizeof(inner), "%s/bin/a", path);
	assert_int_equal(stat(inner, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	(void)snprintf(inner, sizeof(inner), "%s/bin/b", path);
	assert_int_equal(stat(inner, &other), 0);
	assert_true(st.st_ino == other.st_ino);
	/* The store's own file is another one. */
	(void)snprintf(inner, sizeof(inner), "%s/%s", f->store, files[0].digest);
	assert_int_equal(stat(inner, &other), 0);
	assert_true(st.st_ino != other.st_ino);
	(void)snprintf(inner, sizeof(inner), "%s/data", path);
	assert_int_equal(stat(inner, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_size, 4);

	peer_ask(&f->p, &c, "exec",
		 json_pack("{s:i,s:s,s:s}", "job", 1, "shell", "./bin/b", "cwd", path));
	assert_exit(&c, 7);
	peer_ask(&f->p, &c, "tree.put", tree_params(files, 3));
	assert_true(json_is_false(json_object_get(c.result, "made")));
	assert_string_equal(json_string_value(json_object_get(c.result, "path")), path);
	peer_call_fini(&c);
}

static void wrong_folders_are_refused(void **state)
{
	struct lab_tree_file files[] = { { .path = "a" }, { .path = "a/b" } };
	struct fixture *f = *state;
	struct peer_call c;
	json_t *params;

	lab_digest_mem("x", 1, files[0].digest);
	memcpy(files[1].digest, files[0].digest, sizeof(files[1].digest));
	peer_ask(&f->p, &c, "tree.put", tree_params(files, 1));
	assert_error(&c, ENOENT, "tree.put: a: No such file");
	store(f, "x", files[0].digest);
	peer_ask(&f->p, &c, "tree.put", tree_params(files, 2));
	assert_error(&c, ENOTDIR, "tree.put: a/b: ");
	params = tree_params(files, 1);
	(void)json_object_set_new(params, "files", json_array());
	peer_ask(&f->p, &c, "tree.put", params);
	assert_error(&c, EBADMSG, "not what the digest says");
	files[0].path = "../a";
	peer_ask(&f->p, &c, "tree.put", tree_params(files, 1));
	assert_error(&c, EINVAL, "\"../a\" is no name of a file");
	files[0].path = "a";
	memcpy(files[0].digest, "../../x", sizeof("../../x"));
	peer_ask(&f->p, &c, "tree.put", tree_params(files, 1));
	assert_error(&c, EINVAL, "a: not a digest");
	peer_ask(&f->p, &c, "tree.put", json_pack("{s:s,s:{}}", "tree", "x", "files"));
	assert_error(&c, EINVAL, "files must be an array");
	peer_ask(&f->p, &c, "tree.put", json_pack("{s:s}", "tree", "x"));
	assert_error(&c, EINVAL, "tree.put: ");
}

static void stream_longer_than_announced_ends_the_agent(void **state)
{
	struct fixture *f = *state;
	char digest[LAB_DIGEST_STRLEN];
	struct peer_call c;

	lab_digest_mem("right", 5, digest);
	f->ends_early = true;
	peer_send(&f->p, &c, "file.put", put_params(digest, 5, 1), NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, "righteous", 9), 0);
	peer_until(&f->p, &f->p.closed);
	assert_int_equal(c.err.code, ECONNRESET);
}

/* --- the end --- */

static void end_of_the_connection_kills_everything(void **state)
{
	struct fixture *f = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), p[2], fds[3], status;
	struct peer_call c;
	char buf[16];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	fds[0] = fds[2] = null;
	fds[1] = p[1];
	/* Also what has left its session and lost its parent; each holds the pipe open. */
	peer_send(
		&f->p, &c, "exec",
		json_pack(
			"{s:i,s:s,s:s}", "job", 1, "shell",
			"setsid sh -c 'sleep 1000 & sleep 1000' & sleep 1000 & echo up; sleep 1000",
			"stdio", "fds"),
		fds, 3);
	(void)close(p[1]);
	assert_int_equal(read(p[0], buf, sizeof(buf)), 3);
	status = peer_fini(&f->p);
	assert_int_equal(status, 0);
	assert_int_equal(read(p[0], buf, sizeof(buf)), 0);
	(void)close(p[0]);
	(void)close(null);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hello_names_build_and_features),
		TEST(ping_is_answered),
		TEST(unknown_method_is_enosys),
		TEST(wrong_parameters_are_einval),
		TEST(status_of_a_command_is_answered),
		TEST(missing_program_is_enoent_with_its_name),
		TEST(commands_have_a_sane_environment),
		TEST(script_without_interpreter_line_runs_in_sh),
		TEST(timeout_kills_the_group),
		TEST(signal_reaches_the_group),
		TEST(job_number_must_be_free),
		TEST(many_commands_at_once),
		TEST(output_and_errors_are_apart_or_together),
		TEST(input_goes_through),
		TEST(long_input_is_metered),
		TEST(too_much_unread_input_kills),
		TEST(input_of_a_command_that_does_not_want_it_is_dropped),
		TEST(output_waits_for_a_slow_peer),
		TEST(grandchild_with_the_output_does_not_hold_up),
		TEST(stream_number_must_be_free),
		TEST(descriptors_become_the_commands),
		TEST(terminal_controls_the_command),
		TEST(closed_terminal_hangs_up),
		TEST(setting_is_written_and_gives_what_was_there),
		TEST(setting_elsewhere_is_refused),
		TEST(setting_is_bounded),
		TEST(file_is_stored_and_run),
		TEST(wrong_content_is_refused),
		TEST(folder_is_made_of_stored_files),
		TEST(wrong_folders_are_refused),
		TEST(stream_longer_than_announced_ends_the_agent),
		TEST(end_of_the_connection_kills_everything),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
