/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCPConnection.c - module: take or make many TCP connections, with the tool tcp_conn */
#include <string.h>

#include "slave-image/modules/module.h"
#include "slave-image/modules/parse.h"
#include "slave-image/modules/tool.h"

enum { ARGS_MAX = 12 };

static const char about[] = MOD_TOOL("tcp_conn") MOD_SAYS_READY MOD_OPTION("mode needed")
	MOD_OPTION("address needed") MOD_OPTION("portrange needed") MOD_OPTION("continuous")
		MOD_OPTION("debug") MOD_OPTION("ipv6");

struct run {
	bool is_server, said;
	unsigned long long connections;
	char last[256]; /* the last line of the program's errors */
};

static void on_line(const char *line, bool is_err, void *user)
{
	struct run *run = user;

	if (!is_err)
		run->said |= mod_parse_connections(line, run->is_server ? "handled" : "made",
						   &run->connections);
	else if (strcmp(line, "listening") == 0)
		mod_ready(true);
	else if (*line)
		(void)snprintf(run->last, sizeof(run->last), "%s", line);
}

static enum mod_verdict judge(struct mod *m, const struct run *run)
{
	if (!run->said)
		return mod_verdict(m, MOD_FAIL, "Unexpected error%s%s", *run->last ? ": " : "",
				   run->last);
	mod_int_data(m, "connections", (long long)run->connections);
	return mod_verdict(m, MOD_PASS, "%s %llu connections", run->is_server ? "handled" : "made",
			   run->connections);
}

static enum mod_verdict run(struct mod *m)
{
	const char *argv[ARGS_MAX] = { NULL }, *mode, *address, *ports;
	struct run run = { .last = "" };
	struct mod_tool tool = {
		.argv = (char *const *)argv, .package = "", .line = on_line, .user = &run
	};
	cleanup_free char *addr = NULL;
	size_t n = 0;
	int status;

	if (!mod_need(m, "mode", &mode) || !mod_need(m, "address", &address) ||
	    !mod_need(m, "portrange", &ports))
		return MOD_FAIL;
	run.is_server = strcmp(mode, "server") == 0;
	if (!run.is_server && strcmp(mode, "client") != 0)
		return mod_bad_option(m, "option mode: \"%.64s\" must be server or client", mode);
	addr = strndup(address, strcspn(address, "/"));
	if (!addr)
		return mod_verdict(m, MOD_ERROR, "out of memory");
	if (!run.is_server)
		mod_ready(false);
	if (!mod_tool_enter(m, "tcp_conn"))
		return MOD_ERROR;
	argv[n++] = run.is_server ? "./tcp_listen" : "./tcp_connect";
	argv[n++] = "-a";
	argv[n++] = addr;
	argv[n++] = "-p";
	argv[n++] = ports;
	if (mod_flag(m, "continuous"))
		argv[n++] = "-c";
	if (mod_flag(m, "debug"))
		argv[n++] = "-d";
	if (mod_flag(m, "ipv6"))
		argv[n++] = "-6";
	argv[n] = NULL;
	return mod_tool_run(m, &tool, &status) ? judge(m, &run) : MOD_ERROR;
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
