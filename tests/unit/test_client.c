/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_client.c - unit tests of netlab/keeper/client.h against a scripted keeper in the same loop */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/strbuf.h"
#include "netlab/keeper/client.h"
#include "netlab/keeper/client_internal.h"
#include "netlab/rpc/rpc.h"
#include "tests/unit/scratch.h"

enum { WAIT_MS = 20000 };

/* The keeper keeps the last request and all blocks; tests answer by hand. */
struct fixture {
	struct lab_loop *loop;
	struct lab_client *c;
	struct lab_rpc *keeper;
	char dir[SCRATCH_STRLEN];

	unsigned int requests;
	char method[32];
	json_t *params;
	uint64_t id;
	int fds[3];
	unsigned int n_fds;
	bool answer_at_once; /* {} to signal, inspect and file.* */
	json_t *missing;     /* for file.missing */
	int put_error;       /* for file.put */
	unsigned int puts;
	struct lab_strbuf input;
	uint32_t input_stream;
	bool input_ended;

	/* What the callbacks of a job heard. */
	struct lab_strbuf output[3];
	bool heard[3], done, closed;
	bool free_in_done;
	struct lab_job_result result;
	int pty;
};

/* --- the keeper --- */

static void answer_put(struct fixture *f)
{
	struct lab_err err;

	if (f->put_error) {
		(void)lab_err_set(&err, f->put_error, "refused");
		assert_int_equal(lab_rpc_reply_err(f->keeper, f->id, &err), 0);
	} else {
		assert_int_equal(lab_rpc_reply(f->keeper, f->id, NULL, NULL, 0), 0);
	}
}

static void keeper_request(struct lab_rpc_req *req, void *user)
{
	struct fixture *f = user;
	unsigned int i;

	f->requests++;
	(void)snprintf(f->method, sizeof(f->method), "%s", req->method);
	json_decref(f->params);
	f->params = json_incref(req->params);
	f->id = req->id;
	for (i = 0; i < req->n_fds && i < 3; i++)
		f->fds[i] = take_fd(&req->fds[i]);
	f->n_fds = req->n_fds;
	if (!f->answer_at_once)
		return;
	if (strcmp(req->method, "file.missing") == 0)
		assert_int_equal(lab_rpc_reply(req->rpc, req->id,
					       json_pack("{s:O}", "missing", f->missing), NULL, 0),
				 0);
	else if (strcmp(req->method, "file.put") != 0)
		assert_int_equal(lab_rpc_reply(req->rpc, req->id, json_pack("{s:s}", "lab", "l"),
					       NULL, 0),
				 0);
}

static void keeper_block(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len,
			 void *user)
{
	struct fixture *f = user;

	(void)rpc;
	f->input_stream = stream;
	lab_strbuf_add(&f->input, data, len);
	f->input_ended = len == 0;
	if (len == 0 && f->answer_at_once && strcmp(f->method, "file.put") == 0) {
		f->puts++;
		answer_put(f);
	}
}

static void keeper_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	(void)rpc;
	(void)err;
	(void)user;
}

static const struct lab_rpc_ops keeper_ops = {
	.request = keeper_request,
	.block = keeper_block,
	.closed = keeper_closed,
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct lab_err err;
	int pair[2];

	assert_non_null(f);
	*state = f;
	f->pty = -1;
	scratch_make(f->dir);
	assert_int_equal(lab_loop_new(&f->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(lab_client_new(f->loop, pair[0], &f->c, &err), 0);
	assert_int_equal(lab_rpc_new(f->loop, pair[1], &keeper_ops, f, &f->keeper), 0);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int i;

	lab_client_free(f->c);
	lab_rpc_free(f->keeper);
	lab_loop_free(f->loop);
	json_decref(f->params);
	json_decref(f->missing);
	lab_strbuf_fini(&f->input);
	for (i = 0; i < 3; i++)
		lab_strbuf_fini(&f->output[i]);
	close_fd(&f->pty);
	scratch_remove(f->dir);
	free(f);
	return 0;
}

static void until(struct fixture *f, const bool *flag)
{
	while (!*flag)
		assert_true(lab_loop_step(f->loop, WAIT_MS) > 0);
}

static void until_requests(struct fixture *f, unsigned int n)
{
	while (f->requests < n)
		assert_true(lab_loop_step(f->loop, WAIT_MS) > 0);
}

static void assert_params(const struct fixture *f, const char *expected)
{
	cleanup_json json_t *want = json_loads(expected, 0, NULL);
	cleanup_free char *got = json_dumps(f->params, JSON_COMPACT | JSON_SORT_KEYS);

	assert_non_null(want);
	if (!json_equal(want, f->params))
		fail_msg("got %s, want %s", got, expected);
}

/* --- the job's callbacks --- */

static void on_started(struct lab_job *job, int pty, void *user)
{
	struct fixture *f = user;

	(void)job;
	f->pty = pty;
}

static void on_output(struct lab_job *job, int fd, const void *data, size_t len, void *user)
{
	struct fixture *f = user;

	(void)job;
	assert_true(len > 0);
	lab_strbuf_add(&f->output[fd], data, len);
	f->heard[fd] = true;
}

static void on_done(struct lab_job *job, const struct lab_job_result *result, void *user)
{
	struct fixture *f = user;

	(void)job;
	assert_false(f->done);
	f->done = true;
	f->result = *result;
	if (f->free_in_done) {
		lab_client_free(f->c);
		f->c = NULL;
	}
}

static const struct lab_job_ops job_ops = {
	.started = on_started,
	.output = on_output,
	.done = on_done,
};

static struct lab_job *exec(struct fixture *f, const struct lab_exec *e)
{
	struct lab_job *job = NULL;
	struct lab_err err;

	assert_int_equal(lab_client_exec(f->c, e, &job_ops, f, &job, &err), 0);
	assert_false(f->done);
	until_requests(f, f->requests + 1);
	assert_string_equal(f->method, "exec");
	return job;
}

static void reply(struct fixture *f, const char *result)
{
	assert_int_equal(lab_rpc_reply(f->keeper, f->id, json_loads(result, 0, NULL), NULL, 0), 0);
	until(f, &f->done);
}

#define TIMES "\"duration_us\": 100, \"utime_us\": 2, \"stime_us\": 3, \"maxrss_kib\": 4"

/* --- commands --- */

static void exec_sends_what_was_asked(void **state)
{
	static const char *const argv[] = { "ls", "-l", NULL }, *const env[] = { "A=b",
										 "C=", NULL };
	struct fixture *f = *state;

	exec(f,
	     &(struct lab_exec){
		     .host = "h1", .argv = argv, .env = env, .cwd = "/tmp", .timeout_ms = 5000 });
	assert_params(
		f,
		"{\"host\": \"h1\", \"job\": 1, \"argv\": [\"ls\", \"-l\"], \"env\": {\"A\": \"b\", "
		"\"C\": \"\"}, \"cwd\": \"/tmp\", \"timeout_ms\": 5000, \"stdio\": \"null\"}");
	reply(f, "{\"exit\": 3, " TIMES "}");
	assert_int_equal(f->result.error, 0);
	assert_true(f->result.exited);
	assert_false(f->result.timed_out);
	assert_int_equal(f->result.status, 3);
	assert_int_equal(f->result.duration_us, 100);
	assert_int_equal(f->result.utime_us, 2);
	assert_int_equal(f->result.stime_us, 3);
}

static void shell_and_file_are_sent(void **state)
{
	static const char *const argv[] = { "name", NULL };
	struct fixture *f = *state;

	exec(f, &(struct lab_exec){ .host = "h1", .shell = "true" });
	assert_params(f,
		      "{\"host\": \"h1\", \"job\": 1, \"shell\": \"true\", \"stdio\": \"null\"}");
	exec(f, &(struct lab_exec){ .host = "h2", .file = "abc", .argv = argv });
	assert_params(
		f,
		"{\"host\": \"h2\", \"job\": 2, \"file\": \"abc\", \"argv\": [\"name\"], \"stdio\": "
		"\"null\"}");
}

static void killed_job_tells_its_signal(void **state)
{
	struct fixture *f = *state;

	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x", .timeout_ms = 1 });
	reply(f, "{\"signal\": 9, \"timed_out\": true, " TIMES "}");
	assert_false(f->result.exited);
	assert_true(f->result.timed_out);
	assert_int_equal(f->result.signal, 9);
}

static void error_of_the_host_arrives(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;

	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	(void)lab_err_set(&err, EHOSTDOWN, "host h1 has died");
	assert_int_equal(lab_rpc_reply_err(f->keeper, f->id, &err), 0);
	until(f, &f->done);
	assert_int_equal(f->result.error, -EHOSTDOWN);
	assert_string_equal(f->result.err.msg, "host h1 has died");
}

static void nonsense_answers_are_eproto(void **state)
{
	struct fixture *f = *state;

	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	reply(f, "{\"exit\": \"0\"}");
	assert_int_equal(f->result.error, -EPROTO);
	f->done = false;
	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	reply(f, "{" TIMES "}");
	assert_int_equal(f->result.error, -EPROTO);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;

	assert_int_equal(lab_client_exec(f->c, &(struct lab_exec){ .host = "h1", .shell = "\xff" },
					 &job_ops, f, NULL, &err),
			 -EILSEQ);
	assert_non_null(strstr(err.msg, "h1"));
	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	assert_int_equal(json_integer_value(json_object_get(f->params, "job")), 1);
}

static void many_jobs_have_their_own_numbers(void **state)
{
	static const struct lab_job_ops no_ops;
	struct fixture *f = *state;
	struct lab_err err;
	int i;

	for (i = 1; i <= 100; i++) {
		assert_int_equal(lab_client_exec(f->c,
						 &(struct lab_exec){ .host = "h", .shell = "x" },
						 &no_ops, NULL, NULL, &err),
				 0);
		until_requests(f, (unsigned int)i);
		assert_int_equal(json_integer_value(json_object_get(f->params, "job")), i);
	}
}

/* --- input, output, terminals --- */

static void streams_are_those_of_the_job(void **state)
{
	struct fixture *f = *state;
	struct lab_job *job;

	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	job = exec(f, &(struct lab_exec){ .host = "h1",
					  .shell = "cat",
					  .stdio = LAB_STDIO_STREAMS,
					  .with_stdin = true });
	assert_params(f,
		      "{\"host\": \"h1\", \"job\": 2, \"shell\": \"cat\", \"stdio\": \"streams\", "
		      "\"streams\": [5, 6, 7]}");
	assert_int_equal(lab_rpc_send_block(f->keeper, 6, "out", 3), 0);
	assert_int_equal(lab_rpc_send_block(f->keeper, 7, "err", 3), 0);
	until(f, &f->heard[1]);
	until(f, &f->heard[2]);
	assert_string_equal(lab_strbuf_str(&f->output[1]), "out");
	assert_string_equal(lab_strbuf_str(&f->output[2]), "err");
	assert_int_equal(lab_job_write(job, "in", 2), 0);
	assert_int_equal(lab_job_write(job, NULL, 0), 0);
	until(f, &f->input_ended);
	assert_int_equal(f->input_stream, 5);
	assert_string_equal(lab_strbuf_str(&f->input), "in");
	assert_int_equal(lab_job_write(job, "x", 1), -EBADF);
	/* Blocks of streams that nobody has are dropped. */
	assert_int_equal(lab_rpc_send_block(f->keeper, 4242, "x", 1), 0);
	reply(f, "{\"exit\": 0, " TIMES "}");
}

static void without_input_there_is_no_stream(void **state)
{
	struct fixture *f = *state;
	struct lab_job *job;

	job = exec(f, &(struct lab_exec){ .host = "h1", .shell = "x", .stdio = LAB_STDIO_STREAMS });
	assert_params(f, "{\"host\": \"h1\", \"job\": 1, \"shell\": \"x\", \"stdio\": \"streams\", "
			 "\"streams\": [0, 2, 3]}");
	assert_int_equal(lab_job_write(job, "x", 1), -EBADF);
}

static void input_is_metered(void **state)
{
	static char block[LAB_JOB_INPUT_MAX];
	struct fixture *f = *state;
	struct lab_job *job;

	job = exec(f, &(struct lab_exec){ .host = "h1",
					  .shell = "cat",
					  .stdio = LAB_STDIO_STREAMS,
					  .with_stdin = true });
	assert_int_equal(lab_job_write(job, block, sizeof(block)), 0);
	assert_int_equal(lab_job_write(job, block, 1), -ENOBUFS);
	assert_int_equal(lab_rpc_notify(f->keeper, "job.input",
					json_pack("{s:i,s:i}", "job", 1, "taken", 100), NULL, 0),
			 0);
	while (lab_job_write(job, block, 100) == -ENOBUFS)
		assert_true(lab_loop_step(f->loop, WAIT_MS) > 0);
	assert_int_equal(lab_job_write(job, block, 1), -ENOBUFS);
}

static void descriptors_are_passed(void **state)
{
	struct fixture *f = *state;
	int p[2], i;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	exec(f, &(struct lab_exec){ .host = "h1",
				    .shell = "x",
				    .stdio = LAB_STDIO_FDS,
				    .fds = { p[0], p[1], p[1] } });
	assert_params(f, "{\"host\": \"h1\", \"job\": 1, \"shell\": \"x\", \"stdio\": \"fds\"}");
	assert_int_equal(f->n_fds, 3);
	for (i = 0; i < 3; i++)
		close_fd(&f->fds[i]);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void terminal_is_handed_on(void **state)
{
	struct fixture *f = *state;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	exec(f,
	     &(struct lab_exec){
		     .host = "h1", .shell = "x", .stdio = LAB_STDIO_PTY, .rows = 24, .cols = 80 });
	assert_params(
		f,
		"{\"host\": \"h1\", \"job\": 1, \"shell\": \"x\", \"stdio\": \"pty\", \"rows\": 24, "
		"\"cols\": 80}");
	assert_int_equal(lab_rpc_notify(f->keeper, "job.started",
					json_pack("{s:i,s:i}", "job", 7, "pid", 1), &fd, 1),
			 0);
	assert_int_equal(lab_rpc_notify(f->keeper, "job.started",
					json_pack("{s:i,s:i}", "job", 1, "pid", 1), &fd, 1),
			 0);
	(void)close(fd);
	while (f->pty < 0)
		assert_true(lab_loop_step(f->loop, WAIT_MS) > 0);
}

static void signal_names_the_job(void **state)
{
	struct fixture *f = *state;
	struct lab_job *job;
	struct lab_err err;

	job = exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	assert_int_equal(lab_job_signal(job, SIGINT), 0);
	until_requests(f, 2);
	assert_string_equal(f->method, "signal");
	assert_params(f, "{\"host\": \"h1\", \"job\": 1, \"signal\": 2}");
	/* That it was too late is no error. */
	(void)lab_err_set(&err, ESRCH, "no such job");
	assert_int_equal(lab_rpc_reply_err(f->keeper, f->id, &err), 0);
	assert_true(lab_loop_step(f->loop, WAIT_MS) > 0);
	assert_false(f->done);
}

/* --- the end --- */

static void on_closed(struct lab_client *c, void *user)
{
	struct fixture *f = user;

	(void)c;
	/* The jobs have heard before. */
	assert_true(f->done);
	f->closed = true;
}

static void jobs_fail_when_the_lab_goes_away(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;

	lab_client_on_closed(f->c, on_closed, f);
	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	lab_rpc_free(f->keeper);
	f->keeper = NULL;
	until(f, &f->closed);
	assert_int_equal(f->result.error, -ECONNRESET);
	assert_int_equal(lab_client_exec(f->c, &(struct lab_exec){ .host = "h", .shell = "x" },
					 &job_ops, f, NULL, &err),
			 -EPIPE);
}

static void client_may_be_freed_in_done(void **state)
{
	struct fixture *f = *state;

	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	f->free_in_done = true;
	reply(f, "{\"exit\": 0, " TIMES "}");
	assert_null(f->c);
}

static void client_may_be_freed_when_the_lab_goes_away(void **state)
{
	struct fixture *f = *state;

	exec(f, &(struct lab_exec){ .host = "h1", .shell = "x" });
	f->free_in_done = true;
	lab_rpc_free(f->keeper);
	f->keeper = NULL;
	until(f, &f->done);
	assert_null(f->c);
}

static void netns_of_a_command_is_sent(void **state)
{
	struct fixture *f = *state;

	exec(f, &(struct lab_exec){ .host = "h1", .netns = "blue", .shell = "true" });
	assert_params(f, "{\"host\": \"h1\", \"netns\": \"blue\", \"job\": 1, \"shell\": \"true\", "
			 "\"stdio\": \"null\"}");
	reply(f, "{\"exit\": 0, " TIMES "}");
}

static void links_and_routes_are_asked_for(void **state)
{
	cleanup_json json_t *spec = json_pack("{s:s, s:s}", "id", "v1", "kind", "dummy");
	cleanup_json json_t *up = json_pack("{s:b}", "up", 0),
			    *to = json_pack("{s:s}", "to", "default");
	cleanup_json json_t *got = NULL;
	struct fixture *f = *state;

	f->answer_at_once = true;
	assert_int_equal(lab_client_link_add(f->c, "h1", spec, &got, NULL), 0);
	assert_string_equal(f->method, "link.add");
	assert_params(f, "{\"host\": \"h1\", \"id\": \"v1\", \"kind\": \"dummy\"}");
	assert_string_equal(json_string_value(json_object_get(got, "lab")), "l");
	assert_int_equal(json_object_size(spec), 2);
	assert_int_equal(lab_client_link_set(f->c, "h1", "v1", up, NULL, NULL), 0);
	assert_string_equal(f->method, "link.set");
	assert_params(f, "{\"host\": \"h1\", \"id\": \"v1\", \"up\": false}");
	assert_int_equal(lab_client_link_del(f->c, "h1", "v1", NULL), 0);
	assert_string_equal(f->method, "link.del");
	assert_params(f, "{\"host\": \"h1\", \"id\": \"v1\"}");
	json_decref(got);
	got = NULL;
	assert_int_equal(lab_client_link_get(f->c, "h1", "v1", &got, NULL), 0);
	assert_string_equal(f->method, "link.get");
	assert_non_null(got);
	assert_int_equal(lab_client_route_add(f->c, "h1", to, NULL), 0);
	assert_string_equal(f->method, "route.add");
	assert_params(f, "{\"host\": \"h1\", \"to\": \"default\"}");
	assert_int_equal(lab_client_route_del(f->c, "h1", to, NULL), 0);
	assert_string_equal(f->method, "route.del");
}

static void link_that_is_no_text_is_einval(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;

	assert_int_equal(lab_client_link_del(f->c, "h1", "\xff", &err), -EINVAL);
	assert_string_equal(err.msg, "link.del: not an object of UTF-8 text");
}

static void a_setting_gives_what_was_there_before(void **state)
{
	struct fixture *f = *state;
	char *previous = (char *)"unset";
	struct lab_err err;

	f->answer_at_once = true;
	assert_int_equal(lab_client_config_write(f->c, "h1", NULL, "/proc/x", "1", &previous, NULL),
			 0);
	assert_string_equal(f->method, "config.write");
	assert_params(f, "{\"host\": \"h1\", \"path\": \"/proc/x\", \"value\": \"1\"}");
	assert_null(previous);
	assert_int_equal(lab_client_config_write(f->c, "h1", "ns", "/sys/y", "", &previous, NULL),
			 0);
	assert_params(
		f, "{\"host\": \"h1\", \"netns\": \"ns\", \"path\": \"/sys/y\", \"value\": \"\"}");
	assert_int_equal(lab_client_config_write(f->c, "h1", NULL, "/proc/x", "\xff", &previous,
						 &err),
			 -EINVAL);
	assert_string_equal(err.msg, "config.write: not UTF-8");
}

static void inspect_gives_the_answer(void **state)
{
	struct fixture *f = *state;
	json_t *ret = NULL;
	struct lab_err err;

	f->answer_at_once = true;
	assert_int_equal(lab_client_inspect(f->c, &ret, &err), 0);
	assert_string_equal(json_string_value(json_object_get(ret, "lab")), "l");
	json_decref(ret);
}

/* --- files --- */

static void make_file(struct fixture *f, struct lab_file *file, const char *name,
		      const char *content)
{
	char *path = NULL;
	struct lab_err err;
	FILE *stream;

	assert_true(asprintf(&path, "%s/%s", f->dir, name) > 0);
	stream = fopen(path, "we");
	assert_non_null(stream);
	assert_true(fputs(content, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	*file = (struct lab_file){ .path = path, .name = name };
	assert_int_equal(lab_file_digest(file, &err), 0);
}

static void file_digest_refuses_what_is_no_file(void **state)
{
	struct fixture *f = *state;
	struct lab_file file = { .path = f->dir, .name = "dir" };
	char path[SCRATCH_STRLEN + 16];
	struct lab_err err;
	int fd;

	assert_int_equal(lab_file_digest(&file, &err), -EINVAL);
	assert_string_equal(err.msg, "dir: not a regular file");
	file.path = "/none";
	assert_int_equal(lab_file_digest(&file, &err), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/fifo", f->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	file.path = path;
	assert_int_equal(lab_file_digest(&file, &err), -EINVAL);
	(void)snprintf(path, sizeof(path), "%s/big", f->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, (off_t)LAB_FILE_MAX + 1), 0);
	(void)close(fd);
	assert_int_equal(lab_file_digest(&file, &err), -EFBIG);
}

static void only_missing_files_are_sent(void **state)
{
	struct fixture *f = *state;
	struct lab_file files[3];
	struct lab_err err;
	size_t sent = 99, i;

	make_file(f, &files[0], "a", "one");
	make_file(f, &files[1], "b", "two");
	make_file(f, &files[2], "c", "two");
	f->answer_at_once = true;
	f->missing = json_pack("[s]", files[1].digest);
	assert_int_equal(lab_client_sync(f->c, "h1", files, 3, &sent, &err), 0);
	assert_int_equal(sent, 1);
	assert_int_equal(f->puts, 1);
	assert_string_equal(lab_strbuf_str(&f->input), "two");
	assert_true(f->input_stream & 0x80000000u);
	assert_string_equal(json_string_value(json_object_get(f->params, "file")), files[1].digest);
	assert_int_equal(json_integer_value(json_object_get(f->params, "size")), 3);
	assert_int_equal(lab_client_sync(f->c, "h1", NULL, 0, &sent, &err), 0);
	assert_int_equal(sent, 0);
	for (i = 0; i < 3; i++)
		free((void *)files[i].path);
}

static void large_file_goes_through(void **state)
{
	static char content[5 << 20];
	struct fixture *f = *state;
	struct lab_file file;
	struct lab_err err;
	size_t sent;

	memset(content, 'x', sizeof(content) - 1);
	make_file(f, &file, "a", content);
	f->answer_at_once = true;
	f->missing = json_pack("[s]", file.digest);
	assert_int_equal(lab_client_sync(f->c, "h1", &file, 1, &sent, &err), 0);
	assert_int_equal(f->input.len, sizeof(content) - 1);
	free((void *)file.path);
}

static void changed_file_is_eagain(void **state)
{
	struct fixture *f = *state;
	struct lab_file file, other;
	struct lab_err err;
	size_t sent;

	make_file(f, &file, "a", "one");
	f->answer_at_once = true;
	f->missing = json_pack("[s]", file.digest);
	f->put_error = EBADMSG;
	assert_int_equal(lab_client_sync(f->c, "h1", &file, 1, &sent, &err), -EAGAIN);
	assert_string_equal(err.msg, "host h1: a: changed while it was being sent");
	f->put_error = ENOSPC;
	assert_int_equal(lab_client_sync(f->c, "h1", &file, 1, &sent, &err), -ENOSPC);
	assert_string_equal(err.msg, "host h1: a: refused");
	make_file(f, &other, "a", "three");
	assert_int_equal(lab_client_sync(f->c, "h1", &file, 1, &sent, &err), -EAGAIN);
	free((void *)file.path);
	free((void *)other.path);
}

static void close_later(struct lab_source *src, void *user)
{
	struct fixture *f = user;

	(void)src;
	lab_rpc_free(f->keeper);
	f->keeper = NULL;
}

static void sync_ends_when_the_lab_goes_away(void **state)
{
	struct fixture *f = *state;
	struct lab_file file;
	struct lab_err err;
	size_t sent;

	make_file(f, &file, "a", "one");
	assert_int_equal(lab_loop_add_timer(f->loop, 20000, close_later, f, NULL), 0);
	assert_int_equal(lab_client_sync(f->c, "h1", &file, 1, &sent, &err), -ECONNRESET);
	free((void *)file.path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exec_sends_what_was_asked),
		TEST(shell_and_file_are_sent),
		TEST(killed_job_tells_its_signal),
		TEST(error_of_the_host_arrives),
		TEST(nonsense_answers_are_eproto),
		TEST(text_that_is_not_utf8_is_refused),
		TEST(many_jobs_have_their_own_numbers),
		TEST(streams_are_those_of_the_job),
		TEST(without_input_there_is_no_stream),
		TEST(input_is_metered),
		TEST(descriptors_are_passed),
		TEST(terminal_is_handed_on),
		TEST(signal_names_the_job),
		TEST(jobs_fail_when_the_lab_goes_away),
		TEST(client_may_be_freed_in_done),
		TEST(client_may_be_freed_when_the_lab_goes_away),
		TEST(netns_of_a_command_is_sent),
		TEST(links_and_routes_are_asked_for),
		TEST(link_that_is_no_text_is_einval),
		TEST(a_setting_gives_what_was_there_before),
		TEST(inspect_gives_the_answer),
		TEST(file_digest_refuses_what_is_no_file),
		TEST(only_missing_files_are_sent),
		TEST(large_file_goes_through),
		TEST(changed_file_is_eagain),
		TEST(sync_ends_when_the_lab_goes_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
