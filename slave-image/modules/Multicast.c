/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multicast.c - module: run a program of the tool multicast, and judge what it prints by conditions */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slave-image/modules/expr.h"
#include "slave-image/modules/module.h"
#include "slave-image/modules/parse.h"
#include "slave-image/modules/tool.h"

enum { ARGS_MAX = 32, CONDITIONS_MAX = 64 };

static const char about[] = MOD_TOOL("multicast") MOD_SAYS_READY MOD_OPTION("setup needed")
	MOD_OPTION("address") MOD_OPTION("port") MOD_OPTION("interface") MOD_OPTION("duration")
		MOD_OPTION("delay") MOD_OPTION("ttl") MOD_OPTION("loop") MOD_OPTION("source")
			MOD_OPTION("query_type") MOD_OPTION("dest_address")
				MOD_OPTION("max_resp_time") MOD_OPTION("condition multi");

/* Options of the module and of the program; an address may bring its prefix length along. */
static const struct {
	const char *option, *arg;
	bool is_addr;
} options[] = {
	{ "address", "--multicast_address", true },
	{ "port", "--port", false },
	{ "interface", "--interface", true },
	{ "duration", "--duration", false },
	{ "loop", "--loop", false },
	{ "ttl", "--ttl", false },
	{ "delay", "--delay", false },
	{ "source", "--source_address", true },
	{ "query_type", "--query_type", false },
	{ "dest_address", "--dest_address", true },
	{ "max_resp_time", "--max_resp_time", false },
};

struct run {
	struct mod *m;
	bool seen[CONDITIONS_MAX]; /* the condition was evaluated */
	char failed[256];          /* the first condition that does not hold; "" = none */
	char last[256];            /* the last line of the program's errors */
};

static const char *lookup(const char *name, void *user)
{
	const struct run *run = user;

	return json_string_value(json_object_get(run->m->data, name));
}

static void evaluate(struct run *run, const char *condition, const char *name)
{
	char error[128];
	bool holds = false;

	if (*run->failed)
		return;
	if (!mod_expr_eval(condition, lookup, run, &holds, error, sizeof(error)))
		(void)snprintf(run->failed, sizeof(run->failed), "condition \"%.96s\": %s",
			       condition, error);
	else if (!holds)
		(void)snprintf(run->failed, sizeof(run->failed),
			       "Conditions not met! %.96s, but %.32s is %.64s", condition, name,
			       lookup(name, run));
}

/* A result may come several times, and must meet its conditions each time. */
static void on_result(struct run *run, const char *name)
{
	const char *condition, *subject;
	size_t i, n;

	for (i = 0; (condition = mod_option_nth(run->m, "condition", i)); i++) {
		subject = mod_expr_name(condition, &n);
		if (!subject || strlen(name) != n || strncmp(subject, name, n) != 0)
			continue;
		run->seen[i] = true;
		evaluate(run, condition, name);
	}
}

static void on_line(const char *line, bool is_err, void *user)
{
	char name[64], value[256];
	struct run *run = user;

	if (is_err) {
		if (strcmp(line, "receiving") == 0)
			mod_ready(true);
		else if (*line)
			(void)snprintf(run->last, sizeof(run->last), "%s", line);
		return;
	}
	if (!mod_parse_result(line, name, sizeof(name), value, sizeof(value)))
		return;
	mod_string_data(run->m, name, value);
	on_result(run, name);
}

static bool check_conditions(struct mod *m)
{
	const char *condition;
	size_t i, n;

	for (i = 0; (condition = mod_option_nth(m, "condition", i)); i++) {
		if (i < CONDITIONS_MAX && mod_expr_name(condition, &n))
			continue;
		(void)mod_bad_option(m, "option condition: \"%.64s\" must begin with a name%s",
				     condition, i < CONDITIONS_MAX ? "" : ", or is one too many");
		return false;
	}
	return true;
}

/* The arguments behind the program; the strings are the caller's. */
static bool build_args(struct mod *m, char **argv, size_t *n)
{
	const char *value;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(options); i++) {
		value = mod_option(m, options[i].option);
		if (!value)
			continue;
		argv[*n] = strdup(options[i].arg);
		argv[*n + 1] = strndup(value,
				       options[i].is_addr ? strcspn(value, "/") : strlen(value));
		*n += 2;
		if (!argv[*n - 2] || !argv[*n - 1]) {
			(void)mod_verdict(m, MOD_ERROR, "out of memory");
			return false;
		}
	}
	return true;
}

/* The results that are numbers. */
static void summarise(struct mod *m)
{
	const char *name, *value;
	json_t *v;
	size_t n = 0;

	json_object_foreach(m->data, name, v) {
		value = json_string_value(v);
		if (!value || *value < '0' || *value > '9' || n + 128 > sizeof(m->message))
			continue;
		n += (size_t)snprintf(m->message + n, sizeof(m->message) - n, "%s%.64s %.32s",
				      n ? ", " : "", name, value);
	}
}

static enum mod_verdict judge(struct mod *m, const struct run *run, int status)
{
	const char *condition;
	size_t i;

	if (*run->failed)
		return mod_verdict(m, MOD_FAIL, "%s", run->failed);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && json_object_size(m->data) == 0))
		return mod_verdict(m, MOD_FAIL, "%.64s failed: %s", mod_option(m, "setup"),
				   *run->last ? run->last : "no output");
	for (i = 0; (condition = mod_option_nth(m, "condition", i)); i++) {
		if (!run->seen[i])
			return mod_verdict(m, MOD_FAIL,
					   "condition \"%.96s\": there is no such result",
					   condition);
	}
	summarise(m);
	return MOD_PASS;
}

static enum mod_verdict run_program(struct mod *m, const char *setup)
{
	char *argv[ARGS_MAX] = { NULL };
	struct run run = { .m = m };
	struct mod_tool tool = { .argv = argv, .package = "", .line = on_line, .user = &run };
	enum mod_verdict v = MOD_ERROR;
	size_t n = 1;
	int status;

	if (asprintf(&argv[0], "./%s", setup) < 0)
		argv[0] = NULL;
	if (!argv[0])
		return mod_verdict(m, MOD_ERROR, "out of memory");
	/* Only what receives needs to be waited for. */
	if (strncmp(setup, "recv_", strlen("recv_")) != 0)
		mod_ready(false);
	if (build_args(m, argv, &n) && mod_tool_run(m, &tool, &status))
		v = judge(m, &run, status);
	while (n)
		free(argv[--n]);
	return v;
}

static enum mod_verdict run(struct mod *m)
{
	const char *setup;

	if (!mod_need(m, "setup", &setup) || !check_conditions(m))
		return MOD_FAIL;
	if (!mod_tool_enter(m, "multicast"))
		return MOD_ERROR;
	if (*setup == '.' || strchr(setup, '/') || access(setup, X_OK) < 0)
		return mod_bad_option(m, "option setup: the tool multicast has no program %.64s",
				      setup);
	return run_program(m, setup);
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
