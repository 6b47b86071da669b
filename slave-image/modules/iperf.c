/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iperf.c - the modules Iperf and Iperf3: throughput between two hosts with iperf3, as server or as client */
#include "slave-image/modules/iperf.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "slave-image/modules/parse.h"
#include "slave-image/modules/tool.h"

enum {
	ARGS_MAX = 64,
	TEXT_MAX = 16 << 20, /* bytes of JSON */
	CONNECT_MAX_S = 10,  /* for the server to open its socket */
	CONNECT_STEP_MAX_MS = 100,
};

/* What iperf3 printed. */
struct output {
	char *text;
	size_t len;
	bool ready;
	char last[256]; /* the last line of its standard error, or of a server */
};

static void keep_last(struct output *o, const char *line)
{
	if (*line)
		(void)snprintf(o->last, sizeof(o->last), "%s", line);
}

static void free_args(char **argv, size_t first)
{
	size_t i;

	for (i = first; i < ARGS_MAX; i++)
		free(argv[i]);
}

/* The arguments that both roles have; those from *@ret_first on are freed by the caller. */
static bool add_common(struct mod *m, char **argv, size_t n, size_t *ret_first)
{
	const char *bind = mod_option(m, "bind"), *opts = mod_option(m, "iperf_opts");

	if (bind) {
		argv[n++] = (char *)"-B";
		argv[n++] = (char *)bind;
	}
	*ret_first = n;
	if (!opts || mod_split(opts, argv, ARGS_MAX - 1, &n))
		return true;
	free_args(argv, *ret_first);
	(void)mod_bad_option(m, "option iperf_opts: \"%.64s\" cannot be split into arguments",
			     opts);
	return false;
}

/* --- server --- */

static void server_line(const char *line, bool is_err, void *user)
{
	struct output *o = user;

	(void)is_err;
	keep_last(o, line);
	/* It says so again after each client. */
	if (!o->ready && strncmp(line, "Server listening on", strlen("Server listening on")) == 0) {
		o->ready = true;
		mod_ready(true);
	}
}

static enum mod_verdict run_server(struct mod *m)
{
	/* Without --forceflush the line that says that it listens would stay in its buffer. */
	char *argv[ARGS_MAX] = { (char *)"iperf3", (char *)"-s", (char *)"--forceflush" };
	struct output o = { .last = "no output" };
	struct mod_tool tool = {
		.argv = argv, .package = "iperf3", .line = server_line, .user = &o
	};
	size_t first;
	bool ok;
	int status;

	if (!mod_number(m, "duration", &tool.duration_s) || !add_common(m, argv, 3, &first))
		return MOD_FAIL;
	ok = mod_tool_run(m, &tool, &status);
	free_args(argv, first);
	if (!ok)
		return MOD_ERROR;
	/* Interrupted, by the user or after its duration, it exits with 1: the normal end of a server. */
	if (mod_interrupted() || strstr(o.last, "interrupt - the server has terminated") ||
	    tool.duration_s > 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return mod_verdict(m, MOD_PASS, "server has ended");
	return mod_verdict(m, MOD_FAIL, "server failed: %s", o.last);
}

/* --- client --- */

static void client_line(const char *line, bool is_err, void *user)
{
	struct output *o = user;
	size_t n = strlen(line);
	char *text;

	if (is_err) {
		keep_last(o, line);
		return;
	}
	if (n > TEXT_MAX - o->len)
		return;
	text = realloc(o->text, o->len + n + 1);
	if (!text)
		return;
	memcpy(text + o->len, line, n + 1);
	o->text = text;
	o->len += n;
}

static long long now_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A server that is not there yet, or has not finished with the client before. */
static bool is_too_early(const char *error)
{
	return error &&
	       (strstr(error, "Connection refused") || strstr(error, "the server is busy"));
}

/*
 * Run iperf3 until it got through to the server. Not a connect() of our own to find out: the server takes each
 * connection for a test. There is no event to wait for either, since nothing tells of a port that opens elsewhere.
 */
static bool run_until_connected(struct mod *m, const struct mod_tool *tool, json_t **ret)
{
	long long end_ms = now_ms() + (long long)CONNECT_MAX_S * 1000;
	struct output *o = tool->user;
	int step_ms = 5, status;
	json_error_t je;
	const char *error;

	for (;;) {
		o->len = 0;
		if (!mod_tool_run(m, tool, &status))
			return false;
		*ret = json_loadb(o->text ? o->text : "", o->len, 0, &je);
		error = json_string_value(json_object_get(*ret, "error"));
		if (!is_too_early(error) || mod_interrupted() || now_ms() >= end_ms)
			return true;
		json_decref(*ret);
		*ret = NULL;
		(void)poll(NULL, 0, step_ms);
		step_ms = LAB_MIN(2 * step_ms, CONNECT_STEP_MAX_MS);
	}
}

static enum mod_verdict judge(struct mod *m, json_t *report, const struct output *o,
			      const char *threshold)
{
	char rate[64], limit[64];
	json_t *intervals = NULL;
	const char *error;
	double bps, limit_bps = 0;

	if (threshold && !mod_parse_rate(threshold, &limit_bps))
		return mod_bad_option(
			m, "option threshold: \"%.64s\" is not a rate like \"10 Mbits/sec\"",
			threshold);
	if (!mod_parse_iperf(report, &bps, &intervals, &error))
		return mod_verdict(m, MOD_FAIL, "iperf3: %s", error ? error : o->last);
	(void)mod_format_rate(bps, rate, sizeof(rate));
	(void)json_object_set_new(m->data, "rate", json_string(rate));
	(void)json_object_set_new(m->data, "bits_per_second", json_real(bps));
	(void)json_object_set_new(m->data, "intervals", intervals);
	if (!threshold)
		return mod_verdict(m, MOD_PASS, "%s", rate);
	(void)mod_format_rate(limit_bps, limit, sizeof(limit));
	(void)json_object_set_new(m->data, "threshold", json_string(limit));
	if (bps < limit_bps)
		return mod_verdict(m, MOD_FAIL, "rate %s is lower than threshold %s", rate, limit);
	return mod_verdict(m, MOD_PASS, "%s, threshold %s", rate, limit);
}

static enum mod_verdict run_client(struct mod *m)
{
	char *argv[ARGS_MAX] = { (char *)"iperf3", (char *)"-J", (char *)"-t", (char *)"60",
				 (char *)"-c" };
	struct output o = { .last = "its output is not understood" };
	struct mod_tool tool = {
		.argv = argv, .package = "iperf3", .quiet = true, .line = client_line, .user = &o
	};
	cleanup_json json_t *report = NULL;
	cleanup_free char *addr = NULL;
	const char *server;
	enum mod_verdict v;
	double duration;
	size_t first;

	if (!mod_need(m, "iperf_server", &server) || !mod_number(m, "duration", &duration))
		return MOD_FAIL;
	addr = strndup(server, strcspn(server, "/"));
	if (!addr)
		return mod_verdict(m, MOD_ERROR, "out of memory");
	if (mod_option(m, "duration"))
		argv[3] = (char *)mod_option(m, "duration");
	argv[5] = addr;
	if (!add_common(m, argv, 6, &first))
		return MOD_FAIL;
	if (run_until_connected(m, &tool, &report))
		v = judge(m, report, &o, mod_option(m, "threshold"));
	else
		v = MOD_ERROR;
	free_args(argv, first);
	free(o.text);
	return v;
}

enum mod_verdict mod_iperf(struct mod *m)
{
	return mod_by_role(m, run_server, run_client);
}
