/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_upgrade.c - an older agent is replaced over its own connection: programs `agent-old` and `agent` of the build */
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

#include "netlab/rpc/digest.h"
#include "tests/unit/peer.h"
#include "tests/unit/scratch.h"

#define OLD_BUILD "0000000000000000"

enum { UPGRADE_STREAM = 7 };

struct fixture {
	struct peer p;
	char dir[SCRATCH_STRLEN], build[PATH_MAX], build_id[80];
};

/* The folder of the build: NETLAB_BUILD, or two above this program. */
static void find_build(char *buf, size_t size)
{
	const char *env = getenv("NETLAB_BUILD");
	ssize_t n;
	int i;

	if (env) {
		(void)snprintf(buf, size, "%s", env);
		return;
	}
	n = readlink("/proc/self/exe", buf, size - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	for (i = 0; i < 3; i++)
		*strrchr(buf, '/') = '\0';
}

/* What the program to be sent says it is. */
static void find_build_id(struct fixture *f)
{
	char path[PATH_MAX + 16];
	int p[2], status;
	pid_t pid;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/agent", f->build);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(p[1], 1) >= 0)
			(void)execl(path, "agent", "--build-id", (char *)NULL);
		_exit(127);
	}
	(void)close(p[1]);
	n = read(p[0], f->build_id, sizeof(f->build_id) - 1);
	(void)close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(n > 1);
	f->build_id[n - 1] = '\0';
	assert_string_not_equal(f->build_id, OLD_BUILD);
}

static struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	find_build(f->build, sizeof(f->build));
	find_build_id(f);
	scratch_make(f->dir);
	return f;
}

/* In the child: become the old agent. */
static void exec_old(const struct fixture *f, const char *how, const char *fd)
{
	char path[PATH_MAX + 16], store[SCRATCH_STRLEN + 16];

	(void)snprintf(path, sizeof(path), "%s/agent-old", f->build);
	(void)snprintf(store, sizeof(store), "%s/store", f->dir);
	(void)execl(path, "agent", "--store", store, how, fd, (char *)NULL);
	(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

static int setup_socket(void **state)
{
	struct fixture *f = fixture_new();
	char number[16];
	int pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)snprintf(number, sizeof(number), "%d", fcntl(pair[1], F_DUPFD, 3));
		exec_old(f, "--fd", number);
	}
	(void)close(pair[1]);
	peer_init(&f->p, pair[0], pair[0], pid);
	*state = f;
	return 0;
}

/* Two pipes, as ssh has them: no descriptors can be passed. */
static int setup_pipes(void **state)
{
	struct fixture *f = fixture_new();
	int in[2], out[2];
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
			_exit(126);
		exec_old(f, "--stdio", NULL);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	peer_init(&f->p, out[0], in[1], pid);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int status;

	status = peer_fini(&f->p);
	scratch_remove(f->dir);
	assert_int_equal(status, 0);
	free(f);
	return 0;
}

static void assert_exit(struct peer_call *c, int status)
{
	assert_string_equal(c->err.msg, "");
	assert_int_equal(peer_int(c, "exit"), status);
	peer_call_fini(c);
}

static void run(struct fixture *f, int job, const char *text)
{
	struct peer_call c;

	peer_ask(&f->p, &c, "exec", json_pack("{s:i,s:s}", "job", job, "shell", text));
	assert_exit(&c, 0);
}

static void send_program(struct fixture *f, struct peer_call *c, const char *name,
			 const char *build)
{
	char path[PATH_MAX + 16];
	struct stat st;
	char *bytes;
	int fd;

	(void)snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : f->build,
		       name[0] == '/' ? "" : "/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	bytes = malloc((size_t)st.st_size);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	(void)close(fd);
	peer_send(&f->p, c, "upgrade",
		  json_pack("{s:s,s:I,s:i}", "build", build, "size", (json_int_t)st.st_size,
			    "stream", UPGRADE_STREAM),
		  NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, UPGRADE_STREAM, bytes, (size_t)st.st_size),
			 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, UPGRADE_STREAM, NULL, 0), 0);
	free(bytes);
	peer_until(&f->p, &c->done);
}

static void upgrade(struct fixture *f)
{
	struct peer_call c;

	send_program(f, &c, "agent", f->build_id);
	assert_string_equal(c.err.msg, "");
	peer_call_fini(&c);
	peer_until_hello(&f->p, 2);
	assert_string_equal(f->p.build, f->build_id);
}

static void start(struct fixture *f, struct peer_call *c, int job, const char *text, int in,
		  int out)
{
	peer_send(&f->p, c, "exec",
		  json_pack("{s:i,s:s,s:s,s:[i,i,i]}", "job", job, "shell", text, "stdio",
			    "streams", "streams", in, out, out),
		  NULL, 0);
}

static void until_text(struct fixture *f, int stream, const char *text)
{
	while (strcmp(lab_strbuf_str(&f->p.streams[stream].data), text) != 0)
		assert_true(lab_loop_step(f->p.loop, PEER_WAIT_MS) > 0);
}

static void send_signal(struct fixture *f, int job, int signo)
{
	struct peer_call c;

	peer_ask(&f->p, &c, "signal", json_pack("{s:i,s:i}", "job", job, "signal", signo));
	assert_string_equal(c.err.msg, "");
	peer_call_fini(&c);
}

/* --- the tests --- */

/* The old build says hello and works; the new one goes on, with the jobs of the old. */
static void check_injection(struct fixture *f, const char *features)
{
	struct peer_call cat, sleeper, late;

	peer_until_hello(&f->p, 1);
	assert_string_equal(f->p.build, OLD_BUILD);
	assert_string_equal(f->p.features, features);
	run(f, 1, "true");
	start(f, &cat, 1, "cat", 1, 2);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, "before ", 7), 0);
	until_text(f, 2, "before ");
	peer_send(&f->p, &sleeper, "exec",
		  json_pack("{s:i,s:s}", "job", 2, "shell", "exec sleep 1000"), NULL, 0);
	peer_send(&f->p, &late, "exec",
		  json_pack("{s:i,s:s,s:i}", "job", 3, "shell", "exec sleep 1000", "timeout_ms",
			    600),
		  NULL, 0);

	upgrade(f);
	assert_string_equal(f->p.features, features);
	assert_false(cat.done || sleeper.done);
	run(f, 4, "true");
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, "after", 5), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &cat.done);
	assert_exit(&cat, 0);
	until_text(f, 2, "before after");
	send_signal(f, 2, SIGTERM);
	peer_until(&f->p, &sleeper.done);
	assert_int_equal(peer_int(&sleeper, "signal"), SIGTERM);
	peer_call_fini(&sleeper);
	peer_until(&f->p, &late.done);
	assert_true(json_is_true(json_object_get(late.result, "timed_out")));
	peer_call_fini(&late);
}

static void new_build_continues_on_a_socket(void **state)
{
	check_injection(*state, "fds pty upgrade");
}

static void new_build_continues_on_a_byte_stream(void **state)
{
	check_injection(*state, "upgrade");
}

static void descriptors_pass_after_the_change(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;
	char buf[8];
	int p[2];

	peer_until_hello(&f->p, 1);
	upgrade(f);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	peer_send(&f->p, &c, "exec",
		  json_pack("{s:i,s:s,s:s}", "job", 1, "shell", "echo hi; ls /proc/self/fd | wc -l",
			    "stdio", "fds"),
		  (int[3]){ p[1], p[1], p[1] }, 3);
	(void)close(p[1]);
	peer_until(&f->p, &c.done);
	assert_exit(&c, 0);
	/* 0, 1, 2 and the folder: what was open across the change is closed to commands again. */
	assert_int_equal(read(p[0], buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "hi\n4\n", 5);
	(void)close(p[0]);
}

static void pending_input_is_handed_over(void **state)
{
	static char block[500000];
	struct fixture *f = *state;
	struct peer_call c;

	peer_until_hello(&f->p, 1);
	start(f, &c, 1, "echo stopped; kill -STOP $$; wc -c", 1, 2);
	until_text(f, 2, "stopped\n");
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, block, sizeof(block)), 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	upgrade(f);
	send_signal(f, 1, SIGCONT);
	peer_until(&f->p, &c.done);
	assert_exit(&c, 0);
	until_text(f, 2, "stopped\n500000\n");
}

static void store_is_kept(void **state)
{
	struct fixture *f = *state;
	char digest[LAB_DIGEST_STRLEN];
	struct peer_call c;

	peer_until_hello(&f->p, 1);
	lab_digest_mem("", 0, digest);
	peer_send(&f->p, &c, "file.put",
		  json_pack("{s:s,s:i,s:i}", "file", digest, "size", 0, "stream", 1), NULL, 0);
	assert_int_equal(lab_rpc_send_block(f->p.rpc, 1, NULL, 0), 0);
	peer_until(&f->p, &c.done);
	peer_call_fini(&c);
	upgrade(f);
	peer_ask(&f->p, &c, "file.missing", json_pack("{s:[s]}", "files", digest));
	assert_int_equal(json_array_size(json_object_get(c.result, "missing")), 0);
	peer_call_fini(&c);
}

static void wrong_program_is_refused(void **state)
{
	struct fixture *f = *state;
	struct peer_call c;

	peer_until_hello(&f->p, 1);
	send_program(f, &c, "/etc/passwd", f->build_id);
	assert_int_equal(c.err.code, ENOEXEC);
	send_program(f, &c, "/bin/true", f->build_id);
	assert_int_equal(c.err.code, EBADMSG);
	send_program(f, &c, "agent", "1111111111111111");
	assert_int_equal(c.err.code, EBADMSG);
	peer_ask(&f->p, &c, "upgrade",
		 json_pack("{s:s,s:i,s:i}", "build", "x", "size", 0, "stream", 1));
	assert_int_equal(c.err.code, EFBIG);
	run(f, 1, "true");
	assert_int_equal(f->p.hellos, 1);
	upgrade(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(new_build_continues_on_a_socket, setup_socket,
						teardown),
		cmocka_unit_test_setup_teardown(new_build_continues_on_a_byte_stream, setup_pipes,
						teardown),
		cmocka_unit_test_setup_teardown(descriptors_pass_after_the_change, setup_socket,
						teardown),
		cmocka_unit_test_setup_teardown(pending_input_is_handed_over, setup_socket,
						teardown),
		cmocka_unit_test_setup_teardown(store_is_kept, setup_socket, teardown),
		cmocka_unit_test_setup_teardown(wrong_program_is_refused, setup_socket, teardown),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
