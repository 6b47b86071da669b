/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_topo_status.c - netlab topo status: is everything of a lab as it should be */
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_topo.h"
#include "netlab/cli/table.h"

enum { TIMEOUT_MS = 5000 };

struct status_args {
	bool quiet;
	uint64_t timeout_ms;
};

/**
 * struct status - what is found out about a lab
 * @cli:	command line
 * @args:	options
 * @lab:	its name
 * @client:	connection to it
 * @state:	answer to `inspect`
 * @checks:	verdicts so far, in the order in which they are printed
 */
struct status {
	struct lab_cli *cli;
	const struct status_args *args;
	const char *lab;
	struct lab_client *client;
	json_t *state, *checks;
};

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	struct status_args *args = user;
	uint64_t us;

	if (!strcmp(name, "quiet"))
		args->quiet = true;
	if (!strcmp(name, "timeout")) {
		if (lab_parse_duration(arg, &us) < 0 || us < 1000 || us > 60000000)
			return lab_cli_usage_error(
				cli,
				"--timeout: '%s' is no time of 1ms to 1m; for example: 5, 500ms",
				arg);
		args->timeout_ms = us / 1000;
	}
	return 0;
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static void say(struct status *st, const char *check, const char *host, const char *name, bool ok,
		const char *why)
{
	(void)json_array_append_new(st->checks,
				    json_pack("{s:s, s:s*, s:s*, s:b, s:s}", "check", check, "host",
					      host, "name", name, "ok", ok, "text", why));
}

/* ---- what is asked ---- */

/* Agents of hosts, and of their further namespaces. */
static struct lab_ping *list_agents(const json_t *topology, size_t *ret_n)
{
	const json_t *hosts = json_object_get(topology, "hosts");
	struct lab_ping *pings;
	size_t n = json_array_size(hosts), used = 0;

	for (size_t i = 0; i < json_array_size(hosts); i++)
		n += json_array_size(json_object_get(json_array_get(hosts, i), "netns"));
	pings = calloc(n + 1, sizeof(*pings));
	for (size_t i = 0; pings && i < json_array_size(hosts); i++) {
		const json_t *host = json_array_get(hosts, i);
		const json_t *spaces = json_object_get(host, "netns");

		pings[used++].host = text(host, "id");
		for (size_t s = 0; s < json_array_size(spaces); s++)
			pings[used++] = (struct lab_ping){
				.host = text(host, "id"),
				.netns = json_string_value(json_array_get(spaces, s)),
			};
	}
	*ret_n = used;
	return pings;
}

/* The checks of each host, so that what is known of one can be put together. */
static json_t *by_host(const json_t *found)
{
	json_t *map = json_object(), *list, *check;
	size_t i;

	json_array_foreach(found, i, check) {
		const char *host = text(check, "host");

		list = json_object_get(map, host);
		if (!list) {
			list = json_array();
			(void)json_object_set_new(map, host, list);
		}
		(void)json_array_append(list, check);
	}
	return map;
}

static void merge(struct status *st, const json_t *found, const struct lab_ping *pings, size_t n)
{
	const json_t *hosts = json_object_get(json_object_get(st->state, "topology"), "hosts");
	cleanup_json json_t *map = by_host(found);
	size_t next = 0;

	/* First what belongs to no host. */
	(void)json_array_extend(st->checks, json_object_get(map, ""));
	for (size_t i = 0; i < json_array_size(hosts); i++) {
		const char *id = text(json_array_get(hosts, i), "id");

		for (; next < n && !strcmp(pings[next].host, id); next++)
			say(st, "agent", id, pings[next].netns, pings[next].r == 0,
			    pings[next].r == 0 ? "answers" : pings[next].err.msg);
		(void)json_array_extend(st->checks, json_object_get(map, id));
	}
}

static int ask(struct status *st, struct lab_err *err)
{
	cleanup_free struct lab_ping *pings = NULL;
	cleanup_json json_t *answer = NULL;
	size_t n = 0;
	char process[64];
	int r;

	r = lab_client_inspect(st->client, &st->state, err);
	if (r == -ETIMEDOUT) {
		say(st, "keeper", NULL, NULL, false, "it does not answer");
		return 0;
	}
	if (r < 0)
		return r;
	(void)snprintf(process, sizeof(process), "process %lld answers",
		       (long long)json_integer_value(json_object_get(st->state, "pid")));
	say(st, "keeper", NULL, NULL, true, process);
	pings = list_agents(json_object_get(st->state, "topology"), &n);
	if (!pings)
		return lab_err_errno(err, ENOMEM, "status");
	(void)lab_client_ping(st->client, pings, n, st->args->timeout_ms);
	r = lab_client_check(st->client, st->args->timeout_ms, &answer, err);
	if (r < 0)
		return r;
	merge(st, json_object_get(answer, "checks"), pings, n);
	return 0;
}

/* ---- what is printed ---- */

static void add_row(struct lab_table *table, const json_t *check)
{
	const char *host = text(check, "host"), *network = text(check, "network"),
		   *name = text(check, "name");
	const char *of = *host ? host : *network ? network : "-";

	lab_table_add(table, "%s", json_is_true(json_object_get(check, "ok")) ? "ok" : "FAIL");
	lab_table_add(table, "%s", text(check, "check"));
	lab_table_add(table, *name ? "%s:%s" : "%s", of, name);
	lab_table_add(table, "%s", text(check, "text"));
}

static size_t count_bad(const json_t *checks)
{
	const json_t *check;
	size_t i, n = 0;

	json_array_foreach(checks, i, check) {
		n += !json_is_true(json_object_get(check, "ok"));
	}
	return n;
}

static void print_json(const struct status *st)
{
	json_t *check, *line;
	size_t i;

	json_array_foreach(st->checks, i, check) {
		if (st->args->quiet && json_is_true(json_object_get(check, "ok")))
			continue;
		line = json_pack("{s:s}", "lab", st->lab);
		if (line)
			(void)json_object_update(line, check);
		lab_cli_json(line);
	}
}

static int print_text(const struct status *st, size_t n_bad)
{
	static const struct lab_column columns[] = {
		{ "VERDICT", false },
		{ "CHECK", false },
		{ "OF", false },
		{ "STATE", false },
	};
	const char *on = st->cli->colour ? "\033[1m" : "", *off = st->cli->colour ? "\033[0m" : "";
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;
	size_t n = json_array_size(st->checks), i;
	json_t *check;

	if (st->args->quiet && n_bad == 0)
		return LAB_EXIT_PASS;
	if (lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table) < 0)
		return LAB_EXIT_OURS;
	if (n_bad)
		printf("lab %s%s%s: %zu of %zu checks failed\n\n", on, st->lab, off, n_bad, n);
	else
		printf("lab %s%s%s: all %zu checks are good\n\n", on, st->lab, off, n);
	json_array_foreach(st->checks, i, check) {
		if (!st->args->quiet || !json_is_true(json_object_get(check, "ok")))
			add_row(table, check);
	}
	return lab_table_print(table, st->cli->colour) < 0 ? LAB_EXIT_OURS : LAB_EXIT_PASS;
}

static int print(const struct status *st)
{
	size_t n_bad = count_bad(st->checks);
	int code = LAB_EXIT_PASS;

	if (st->cli->json)
		print_json(st);
	else
		code = print_text(st, n_bad);
	return code == LAB_EXIT_PASS && n_bad ? LAB_EXIT_FAIL : code;
}

static int status_of(struct lab_cli *cli, const char *lab, const struct status_args *args)
{
	struct status st = { .cli = cli, .args = args, .lab = lab, .checks = json_array() };
	struct lab_loop *loop = NULL;
	struct lab_err err;
	int r = lab_loop_new(&loop), code;

	if (r < 0)
		(void)lab_err_errno(&err, -r, "event loop");
	else
		r = lab_client_connect(loop, lab, &st.client, &err);
	if (r == 0)
		r = ask(&st, &err);
	if (r == 0) {
		code = print(&st);
	} else {
		lab_cli_error(cli, &err);
		code = lab_cli_exit_of(r);
	}
	lab_client_free(st.client);
	lab_loop_free(loop);
	json_decref(st.state);
	json_decref(st.checks);
	return code;
}

static int topo_status(struct lab_cli *cli, int argc, char **argv)
{
	struct status_args args = { .timeout_ms = TIMEOUT_MS };
	cleanup_free struct lab_entry *labs = NULL;
	int first, code = LAB_EXIT_PASS, one, r;
	struct lab_err err;
	size_t n = 0;

	r = lab_cli_parse(cli, argc, argv, &args, &first);
	if (r != 0)
		return first;
	if (argc - first > 1)
		return lab_cli_usage_error(cli, "more than one lab");
	if (first < argc)
		return status_of(cli, argv[first], &args);
	r = lab_list(&labs, &n, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		return lab_cli_exit_of(r);
	}
	if (n == 0 && !cli->json && !args.quiet)
		puts("no lab is running");
	for (size_t i = 0; i < n; i++) {
		if (i && !cli->json)
			puts("");
		one = status_of(cli, labs[i].name, &args);
		code = LAB_MAX(code, one);
	}
	return code;
}

static const struct lab_cli_option options[] = {
	{ "quiet", 'q', NULL, "only what is not as it should be" },
	{ "timeout", 't', "TIME", "how long agents and neighbours have to answer (5 s)" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_topo_status = {
	.name = "topo status",
	.operands = "[LAB]",
	.help = "Check everything of a lab against the kernel; exit 1 if something is wrong",
	.options = options,
	.option = on_option,
	.run = topo_status,
};
