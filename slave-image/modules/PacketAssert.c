/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PacketAssert.c - module: count the packets that match, until SIGINT, and judge their number */
#include <errno.h>
#include <regex.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slave-image/modules/module.h"
#include "slave-image/modules/parse.h"
#include "slave-image/modules/process.h"
#include "slave-image/modules/tool.h"

static const char about[] = MOD_NEEDS("tcpdump", "tcpdump")
	MOD_SAYS_READY MOD_OPTION("interface needed") MOD_OPTION("filter")
		MOD_OPTION("grep_for multi") MOD_OPTION("min") MOD_OPTION("max")
			MOD_OPTION("promiscuous");

enum { PATTERNS_MAX = 64, ARGS_MAX = 16 };

struct run {
	regex_t patterns[PATTERNS_MAX];
	size_t n_patterns;
	unsigned long long packets;
	bool listening;
	char last[256]; /* what tcpdump said last about itself */
};

static void on_line(const char *line, bool is_err, void *user)
{
	struct run *run = user;
	size_t i;

	if (is_err) {
		if (strncmp(line, "listening on ", strlen("listening on ")) == 0) {
			run->listening = true;
			mod_ready(true);
		}
		if (strncmp(line, "tcpdump: ", strlen("tcpdump: ")) == 0)
			(void)snprintf(run->last, sizeof(run->last), "%s", line);
		return;
	}
	/* At its end tcpdump prints an empty line. */
	if (!*line)
		return;
	for (i = 0; i < run->n_patterns; i++) {
		if (regexec(&run->patterns[i], line, 0, NULL, 0) != 0)
			return;
	}
	run->packets++;
}

static void free_patterns(struct run *run)
{
	while (run->n_patterns)
		regfree(&run->patterns[--run->n_patterns]);
}

static bool compile_patterns(struct mod *m, struct run *run)
{
	cleanup_free char *text = NULL;
	char why[128];
	const char *s;
	int r;

	while ((s = mod_option_nth(m, "grep_for", run->n_patterns))) {
		if (run->n_patterns == PATTERNS_MAX) {
			(void)mod_bad_option(m, "option grep_for: more than %d patterns",
					     PATTERNS_MAX);
			return false;
		}
		free(text);
		text = mod_regex_translate(s);
		r = text ? regcomp(&run->patterns[run->n_patterns], text, REG_EXTENDED | REG_NOSUB)
			 : REG_ESPACE;
		if (r) {
			(void)regerror(r, NULL, why, sizeof(why));
			(void)mod_bad_option(m, "option grep_for: \"%.64s\": %s", s, why);
			return false;
		}
		run->n_patterns++;
	}
	return true;
}

static void build_args(const struct mod *m, const char *interface, const char **argv)
{
	const char *filter = mod_option(m, "filter");
	size_t n = 0;

	argv[n++] = "tcpdump";
	argv[n++] = "-l";
	argv[n++] = "-nn";
	/* Each packet at once; else tcpdump would sleep while there are packets, see mod_tool.settle. */
	argv[n++] = "--immediate-mode";
	if (geteuid() == 0) {
		argv[n++] = "-Z";
		argv[n++] = "root";
	}
	if (!mod_flag(m, "promiscuous"))
		argv[n++] = "-p";
	argv[n++] = "-i";
	argv[n++] = interface;
	argv[n++] = "--";
	if (filter && *filter)
		argv[n++] = filter;
	argv[n] = NULL;
}

static enum mod_verdict judge(struct mod *m, const struct run *run, double min, double max)
{
	bool has_max = mod_option(m, "max");
	double n = (double)run->packets;

	if (!run->listening)
		return mod_verdict(m, MOD_FAIL, "%s", run->last);
	mod_int_data(m, "packets_received", (long long)run->packets);
	/* LNST's name for it. */
	mod_int_data(m, "received", (long long)run->packets);
	mod_int_data(m, "min", (long long)min);
	if (has_max)
		mod_int_data(m, "max", (long long)max);
	if (n < min)
		return mod_verdict(m, MOD_FAIL, "%llu packets matched, at least %.0f expected",
				   run->packets, min);
	if (has_max && n > max)
		return mod_verdict(m, MOD_FAIL, "%llu packets matched, at most %.0f expected",
				   run->packets, max);
	return mod_verdict(m, MOD_PASS, "%llu packets matched", run->packets);
}

static enum mod_verdict run_module(struct mod *m)
{
	struct run run = { .last = "tcpdump: no output" };
	struct mod_tool tool = {
		.package = "tcpdump", .settle = true, .line = on_line, .user = &run
	};
	const char *argv[ARGS_MAX], *interface;
	double min = 1, max = 0;
	enum mod_verdict v;
	int status;

	if (!mod_need(m, "interface", &interface) || !mod_number(m, "min", &min) ||
	    !mod_number(m, "max", &max))
		return MOD_FAIL;
	v = MOD_FAIL;
	if (compile_patterns(m, &run)) {
		mod_allow_setgroups();
		build_args(m, interface, argv);
		tool.argv = (char *const *)argv;
		v = mod_tool_run(m, &tool, &status) ? judge(m, &run, min, max) : MOD_ERROR;
	}
	free_patterns(&run);
	return v;
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run_module);
}
