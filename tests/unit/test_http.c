/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_http.c - unit tests of netlab/backend/http.h against a server that says what it is told to */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "netlab/backend/http.h"
#include "netlab/base/strbuf.h"
#include "tests/unit/scratch.h"

enum { WAIT_MS = 20000 };

/* A socket, a child that answers on it, and what it has heard, in a file. */
struct fixture {
	char dir[SCRATCH_STRLEN], sock[SCRATCH_STRLEN + 300], heard[SCRATCH_STRLEN + 16];
	pid_t server;
	struct lab_http *http;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	*state = f;
	scratch_make(f->dir);
	(void)snprintf(f->sock, sizeof(f->sock), "%s/sock", f->dir);
	(void)snprintf(f->heard, sizeof(f->heard), "%s/heard", f->dir);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lab_http_close(f->http);
	if (f->server > 0) {
		(void)kill(f->server, SIGKILL);
		(void)waitpid(f->server, NULL, 0);
	}
	scratch_remove(f->dir);
	free(f);
	return 0;
}

/* Has the whole request come: its headers and, by their word, its body? */
static bool complete(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "Content-Length: ");
	size_t n;

	if (!end)
		return false;
	if (strcasestr(text, "Transfer-Encoding: chunked"))
		return strstr(end, "\r\n0\r\n\r\n") != NULL;
	/* NOLINTNEXTLINE(cert-err34-c) */
	return !length || sscanf(length + 16, "%zu", &n) != 1 || strlen(end + 4) >= n;
}

static void serve(const struct fixture *f, int fd, const char *answer) __attribute__((noreturn));
static void serve(const struct fixture *f, int fd, const char *answer)
{
	int log = open(f->heard, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	for (;;) {
		/* cppcheck-suppress nullPointer ; both may be NULL */
		int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		(void)!write(log, "[connected]", 11);
		for (;;) {
			char text[8192];
			size_t n = 0;
			ssize_t got = 1;

			text[0] = '\0';
			while (!complete(text) && got > 0) {
				got = read(c, text + n, sizeof(text) - 1 - n);
				n += got > 0 ? (size_t)got : 0;
				text[n] = '\0';
			}
			if (got <= 0)
				break;
			(void)!write(log, text, n);
			if (strcmp(answer, "silence") == 0)
				continue;
			if (strcmp(answer, "hang up") == 0)
				break;
			(void)!write(c, answer, strlen(answer));
		}
		(void)close(c);
	}
}

static void start(struct fixture *f, const char *answer)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	cleanup_close int dir = -1;
	cleanup_free char *folder = strndup(f->sock, (size_t)(strrchr(f->sock, '/') - f->sock));
	const struct lab_http_server server = { .name = "podman", .socket = f->sock };
	struct lab_err err;

	dir = open(folder, O_PATH | O_CLOEXEC);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/sock", dir);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 4), 0);
	f->server = fork();
	assert_true(f->server >= 0);
	if (f->server == 0)
		serve(f, fd, answer);
	assert_int_equal(lab_http_open(&server, &f->http, &err), 0);
}

static char *heard(const struct fixture *f)
{
	static char text[65536];
	cleanup_close int fd = open(f->heard, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

/* An answer with its length. */
static const char *answer(const char *status, const char *type, const char *body)
{
	static char text[8192];

	(void)snprintf(text, sizeof(text),
		       "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", status,
		       type, strlen(body), body);
	return text;
}

static const struct lab_http_req get = { .method = "GET", .path = "/info", .timeout_ms = WAIT_MS };

static void fails(struct fixture *f, const struct lab_http_req *req, int code, const char *message)
{
	struct lab_err err = { 0 };
	json_t *body = NULL;

	assert_int_equal(lab_http_request(f->http, req, &body, &err), -code);
	assert_string_equal(err.msg, message);
	assert_null(body);
}

static void json_is_sent_and_parsed(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *body = NULL, *ask = json_pack("{s:s}", "name", "h1");
	struct lab_http_req req = {
		.method = "POST", .path = "/create?x=1", .body = ask, .timeout_ms = WAIT_MS
	};
	struct lab_err err;

	start(f, answer("201 Created", "application/json", "{\"Id\":\"abc\"}"));
	assert_int_equal(lab_http_request(f->http, &req, &body, &err), 201);
	assert_string_equal(json_string_value(json_object_get(body, "Id")), "abc");
	assert_non_null(strstr(heard(f), "POST /create?x=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(heard(f), "Content-Type: application/json\r\n"));
	assert_non_null(strstr(heard(f), "\r\n\r\n{\"name\":\"h1\"}"));
	assert_null(strstr(heard(f), "Expect:"));
}

static void a_connection_serves_all_requests(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;

	start(f, answer("200 OK", "text/plain", "OK"));
	for (int i = 0; i < 3; i++)
		assert_int_equal(lab_http_request(f->http, &get, NULL, &err), 200);
	assert_null(strstr(heard(f) + 1, "[connected]"));
}

static void a_file_is_sent_in_chunks(void **state)
{
	struct fixture *f = *state;
	cleanup_close int fd = memfd_create("body", MFD_CLOEXEC);
	const char *const headers[] = { "X-LXD-type: file", NULL };
	struct lab_http_req req = { .method = "POST",
				    .path = "/import",
				    .body_fd = fd,
				    .body_type = "application/x-tar",
				    .headers = headers,
				    .timeout_ms = WAIT_MS };
	struct lab_err err;

	assert_int_equal(write(fd, "tar file", 8), 8);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	start(f, answer("200 OK", "application/json", "{}"));
	assert_int_equal(lab_http_request(f->http, &req, NULL, &err), 200);
	assert_non_null(strstr(heard(f), "POST /import"));
	assert_non_null(strstr(heard(f), "X-LXD-type: file\r\n"));
	assert_non_null(strstr(heard(f), "Content-Type: application/x-tar\r\n"));
	assert_non_null(strstr(heard(f), "\r\n8\r\ntar file\r\n0\r\n\r\n"));
}

static int keep(const void *data, size_t len, void *user)
{
	lab_strbuf_add(user, data, len);
	return 0;
}

static int full(const void *data, size_t len, void *user)
{
	(void)data;
	(void)len;
	(void)user;
	return -ENOSPC;
}

static void a_sink_takes_the_body(void **state)
{
	struct fixture *f = *state;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct lab_http_req req = get;
	json_t *body = NULL;
	struct lab_err err;

	start(f, answer("200 OK", "application/json", "not JSON at all"));
	req.sink = keep;
	req.user = &sb;
	assert_int_equal(lab_http_request(f->http, &req, &body, &err), 200);
	assert_string_equal(lab_strbuf_str(&sb), "not JSON at all");
	assert_null(body);
	req.sink = full;
	fails(f, &req, ENOSPC, "podman: take what it sends: No space left on device [ENOSPC]");
}

static void an_engine_says_why(void **state)
{
	struct fixture *f = *state;

	start(f, answer("404 Not Found", "application/json",
			"{\"cause\":\"no such container\",\"message\":\"no container h1\"}"));
	fails(f, &get, ENOENT, "podman: no container h1");
}

static void lxd_says_why(void **state)
{
	struct fixture *f = *state;

	start(f, answer("409 Conflict", "application/json",
			"{\"type\":\"error\",\"error\":\"it exists\",\"error_code\":409}"));
	fails(f, &get, EEXIST, "podman: it exists");
}

static void a_full_disk_is_enospc(void **state)
{
	struct fixture *f = *state;

	start(f, answer("500 Internal Server Error", "application/json",
			"{\"message\":\"write /x: no space left on device\"}"));
	fails(f, &get, ENOSPC, "podman: write /x: no space left on device");
}

static void a_status_without_words(void **state)
{
	struct fixture *f = *state;

	start(f, answer("418 Teapot", "text/plain", "short and stout"));
	fails(f, &get, EIO, "podman: GET /info: status 418");
}

static void one_more_status_may_be_good(void **state)
{
	struct fixture *f = *state;
	struct lab_http_req req = get;
	struct lab_err err;

	start(f, answer("304 Not Modified", "text/plain", ""));
	req.also = 304;
	assert_int_equal(lab_http_request(f->http, &req, NULL, &err), 304);
}

static void broken_json_is_eproto(void **state)
{
	struct fixture *f = *state;

	start(f, answer("200 OK", "application/json", "{\"a\":"));
	fails(f, &get, EPROTO, "podman: GET /info: its answer is no JSON");
}

static void no_http_is_eproto(void **state)
{
	struct fixture *f = *state;
	struct lab_err err;

	start(f, "220 smtp ready\r\n");
	assert_int_equal(lab_http_request(f->http, &get, NULL, &err), -EPROTO);
}

static void a_server_that_hangs_up(void **state)
{
	struct fixture *f = *state;
	char message[1024];

	start(f, "hang up");
	(void)snprintf(message, sizeof(message), "podman: %s has hung up without an answer",
		       f->sock);
	fails(f, &get, ECONNRESET, message);
}

static void a_server_that_is_silent(void **state)
{
	struct fixture *f = *state;
	struct lab_http_req req = get;
	char message[1024];

	start(f, "silence");
	req.timeout_ms = 50;
	(void)snprintf(message, sizeof(message), "podman: no answer from %s within 1 s", f->sock);
	fails(f, &req, ETIMEDOUT, message);
}

static void nobody_serves_the_socket(void **state)
{
	struct fixture *f = *state;
	char message[1024];

	start(f, "silence");
	(void)kill(f->server, SIGKILL);
	(void)waitpid(f->server, NULL, 0);
	f->server = 0;
	(void)snprintf(message, sizeof(message),
		       "podman: cannot connect to %s: Connection refused [ECONNREFUSED]", f->sock);
	fails(f, &get, ECONNREFUSED, message);
	assert_int_equal(unlink(f->sock), 0);
	(void)snprintf(message, sizeof(message),
		       "podman: cannot connect to %s: No such file or directory [ENOENT]", f->sock);
	fails(f, &get, ECONNREFUSED, message);
}

static void a_path_may_be_longer_than_an_address(void **state)
{
	struct fixture *f = *state;
	char name[200];
	struct lab_err err;

	memset(name, 'd', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(f->sock, sizeof(f->sock), "%s/%s", f->dir, name);
	assert_int_equal(mkdir(f->sock, 0700), 0);
	(void)snprintf(f->sock, sizeof(f->sock), "%s/%s/sock", f->dir, name);
	start(f, answer("200 OK", "text/plain", "OK"));
	assert_int_equal(lab_http_request(f->http, &get, NULL, &err), 200);
}

static void a_folder_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	const struct lab_http_server server = { .name = "lxd", .socket = "/nowhere/sock" };
	struct lab_err err;

	assert_int_equal(lab_http_open(&server, &f->http, &err), -ECONNREFUSED);
	assert_string_equal(
		err.msg,
		"lxd: cannot connect to /nowhere/sock: No such file or directory [ENOENT]");
}

static void all_but_plain_letters_are_escaped(void **state)
{
	cleanup_free char *text = lab_http_escape("localhost/bb:1 \xc3\xa9?~");

	(void)state;
	assert_string_equal(text, "localhost%2Fbb%3A1%20%C3%A9%3F~");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(json_is_sent_and_parsed),
		TEST(a_connection_serves_all_requests),
		TEST(a_file_is_sent_in_chunks),
		TEST(a_sink_takes_the_body),
		TEST(an_engine_says_why),
		TEST(lxd_says_why),
		TEST(a_full_disk_is_enospc),
		TEST(a_status_without_words),
		TEST(one_more_status_may_be_good),
		TEST(broken_json_is_eproto),
		TEST(no_http_is_eproto),
		TEST(a_server_that_hangs_up),
		TEST(a_server_that_is_silent),
		TEST(nobody_serves_the_socket),
		TEST(a_path_may_be_longer_than_an_address),
		TEST(a_folder_that_is_not_there),
		cmocka_unit_test(all_but_plain_letters_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
