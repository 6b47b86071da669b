/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_lxd_server.c - unit tests of netlab/backend/lxd_internal.h: which server a host names, and its name in the journal */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/backend/lxd_internal.h"
#include "netlab/base/util.h"
#include "tests/unit/scratch.h"

static char scratch[SCRATCH_STRLEN];

static int setup(void **state)
{
	(void)state;
	scratch_make(scratch);
	assert_int_equal(setenv("LXD_CONF", scratch, 1), 0);
	assert_int_equal(setenv("LXD_DIR", "/lxd", 1), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(scratch);
	return 0;
}

static void put(const char *name, const char *text)
{
	cleanup_free char *path = NULL;
	cleanup_file FILE *f = NULL;

	assert_true(asprintf(&path, "%s/%s", scratch, name) > 0);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static void put_config(void)
{
	put("config.yml", "default-remote: local\n"
			  "remotes:\n"
			  "  images:\n"
			  "    addr: https://images.example\n"
			  "    protocol: simplestreams\n"
			  "    public: true\n"
			  "  local:\n"
			  "    addr: unix://\n"
			  "    public: false\n"
			  "  other:\n"
			  "    addr: unix:///run/other.socket\n"
			  "  second:\n"
			  "    addr: \"https://127.0.0.1:8443\"\n"
			  "    auth_type: tls\n"
			  "    protocol: lxd\n"
			  "aliases:\n"
			  "  third:\n"
			  "    addr: https://nobody\n");
}

/* What is said, as JSON, and what is found: "SOCKET,URL,...", or the message. */
static void finds(const char *settings, const char *want)
{
	cleanup_json json_t *obj = json_loads(settings, 0, NULL);
	struct lab_lxd_server server;
	struct lab_err err;
	int r;

	assert_non_null(obj);
	r = lab_lxd_server_find(obj, &server, &err);
	if (r < 0) {
		assert_string_equal(err.msg, want);
	} else {
		cleanup_free char *text = lab_lxd_server_format(&server);

		assert_non_null(text);
		assert_string_equal(text, want);
		lab_lxd_server_fini(&server);
	}
}

static void without_settings_it_is_the_machines_own(void **state)
{
	(void)state;
	finds("{}", "%2Flxd%2Funix.socket,,,,");
}

static void a_socket_or_an_url(void **state)
{
	(void)state;
	finds("{\"lxd_socket\": \"/a b,c\"}", "%2Fa%20b%2Cc,,,,");
	finds("{\"lxd_url\": \"https://host:8443/\"}", ",https%3A%2F%2Fhost%3A8443,,,");
	finds("{\"lxd_url\": \"https://h\", \"lxd_cert\": \"/c\", \"lxd_key\": \"/k\", \"lxd_ca\": \"/a\"}",
	      ",https%3A%2F%2Fh,%2Fc,%2Fk,%2Fa");
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	finds("{\"lxd_socket\": \"here\"}", "lxd_socket must be an absolute path, and is \"here\"");
	finds("{\"lxd_url\": \"http://host\"}",
	      "\"http://host\" is no URL of a server of LXD; for example: https://host:8443");
	finds("{\"lxd_url\": \"https://\"}",
	      "\"https://\" is no URL of a server of LXD; for example: https://host:8443");
	finds("{\"lxd_url\": \"https://h\", \"lxd_socket\": \"/s\"}",
	      "lxd_socket, lxd_url and lxd_server all say which server: one of them is enough");
}

static void the_names_of_the_client(void **state)
{
	cleanup_free char *dir = NULL, *want = NULL;

	(void)state;
	put_config();
	put("client.crt", "x");
	put("client.key", "x");
	assert_true(asprintf(&dir, "%s/servercerts", scratch) > 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	put("servercerts/second.crt", "x");
	finds("{\"lxd_server\": \"local\"}", "%2Flxd%2Funix.socket,,,,");
	finds("{\"lxd_server\": \"other\"}", "%2Frun%2Fother.socket,,,,");
	free(dir);
	dir = lab_http_escape(scratch);
	assert_non_null(dir);
	assert_true(
		asprintf(
			&want,
			",https%%3A%%2F%%2F127.0.0.1%%3A8443,%s%%2Fclient.crt,%s%%2Fclient.key,%s%%2Fservercerts%%2Fsecond.crt",
			dir, dir, dir) > 0);
	finds("{\"lxd_server\": \"second\"}", want);
}

static void a_name_that_is_none(void **state)
{
	cleanup_free char *want = NULL;

	(void)state;
	put_config();
	assert_true(
		asprintf(
			&want,
			"the client lxc knows no server \"secnd\"; did you mean second? (lxc remote list; %s/config.yml)",
			scratch) > 0);
	finds("{\"lxd_server\": \"secnd\"}", want);
	free(want);
	assert_true(
		asprintf(&want,
			 "the client lxc knows no server \"third\" (lxc remote list; %s/config.yml)",
			 scratch) > 0);
	finds("{\"lxd_server\": \"third\"}", want);
}

static void a_protocol_of_images(void **state)
{
	struct lab_lxd_server server;
	struct lab_err err;

	(void)state;
	put_config();
	assert_int_equal(lab_lxd_server_named("images", &server, &err), 0);
	assert_string_equal(server.protocol, "simplestreams");
	assert_string_equal(server.url, "https://images.example");
	lab_lxd_server_fini(&server);
	assert_int_equal(lab_lxd_server_named("https://x:1", &server, &err), 0);
	assert_null(server.protocol);
	lab_lxd_server_fini(&server);
}

static void the_journal_reads_what_it_wrote(void **state)
{
	static const char *const good[] = { "%2Fs,,,,", ",https%3A%2F%2Fh,%2Fc%20d,,%2Fa%25b" };
	static const char *const bad[] = { "", ",,,,", "%2Fs,,,,,more" };
	struct lab_lxd_server server;
	struct lab_err err;

	(void)state;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(good); i++) {
		cleanup_free char *text = NULL;

		assert_int_equal(lab_lxd_server_parse(good[i], &server, &err), 0);
		text = lab_lxd_server_format(&server);
		assert_non_null(text);
		assert_string_equal(text, good[i]);
		lab_lxd_server_fini(&server);
	}
	for (size_t i = 0; i < LAB_ARRAY_SIZE(bad); i++)
		assert_int_equal(lab_lxd_server_parse(bad[i], &server, &err), -EINVAL);
}

static void names_of_instances(void **state)
{
	static const struct {
		const char *lab, *host, *want;
	} cases[] = {
		{ "lab", "h1", "netlab-lab-h1" },
		{ "lab-2", "router", "netlab-lab-2-router" },
		{ "my_lab", "h.1", "netlab-my-lab-h-1-0123abcd0" },
		{ "lab", "h-", "netlab-lab-h--0123abcd0" },
		{ "a-very-long-name-of-a-lab-that-has-no-end", "and-a-host-that-is-no-shorter",
		  "netlab-a-very-long-name-o-and-a-host-that-is-n-0123abcd0" },
	};
	char name[LAB_LXD_NAME_LEN];

	(void)state;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		cleanup_free char *lab = strdup(cases[i].lab);
		struct lab_engine_host host = { .id = NULL };
		struct lab_engine engine = { .lab = lab, .key = "0123abcd", .hosts = &host };
		const struct lab_lxd lxd = { .engine = &engine, .host = &host };

		lab_lxd_name(&lxd, cases[i].host, name);
		assert_string_equal(name, cases[i].want);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_settings_it_is_the_machines_own),
		TEST(a_socket_or_an_url),
		TEST(what_makes_no_sense_is_refused),
		TEST(the_names_of_the_client),
		TEST(a_name_that_is_none),
		TEST(a_protocol_of_images),
		TEST(the_journal_reads_what_it_wrote),
		TEST(names_of_instances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
