/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ping.c - the modules IcmpPing and Icmp6Ping */
#include "slave-image/modules/ping.h"

#include <string.h>

#include "slave-image/modules/parse.h"
#include "slave-image/modules/tool.h"

enum { RTTS_MAX = 1000, ARGS_MAX = 20 };

struct run {
	struct mod_ping ping;
	json_t *rtts;
	char last[256]; /* the last line, where ping says why it gave up */
};

static void on_line(const char *line, bool is_err, void *user)
{
	struct run *run = user;
	double rtt;

	(void)is_err;
	if (*line)
		(void)snprintf(run->last, sizeof(run->last), "%s", line);
	if (mod_parse_ping(line, &run->ping, &rtt) && json_array_size(run->rtts) < RTTS_MAX)
		(void)json_array_append_new(run->rtts, json_real(rtt));
}

static enum mod_verdict judge(struct mod *m, const struct run *run, double limit)
{
	const struct mod_ping *p = &run->ping;
	unsigned int rate;

	if (!p->has_summary || !p->transmitted)
		return mod_verdict(m, MOD_FAIL, "expected pattern not found: %s", run->last);
	rate = mod_ping_rate(p);
	mod_int_data(m, "rate", rate);
	mod_int_data(m, "limit_rate", (long long)limit);
	mod_int_data(m, "transmitted", (long long)p->transmitted);
	mod_int_data(m, "received", (long long)p->received);
	if (p->has_rtt) {
		mod_real_data(m, "rtt_min", p->rtt_min);
		mod_real_data(m, "rtt_avg", p->rtt_avg);
		mod_real_data(m, "rtt_max", p->rtt_max);
		(void)json_object_set(m->data, "rtts", run->rtts);
	}
	if (rate < limit)
		return mod_verdict(m, MOD_FAIL, "rate %u%% is lower than limit %.0f%%", rate,
				   limit);
	if (p->has_rtt)
		return mod_verdict(m, MOD_PASS,
				   "%llu of %llu packets answered, rtt %.3f/%.3f/%.3f ms",
				   p->received, p->transmitted, p->rtt_min, p->rtt_avg, p->rtt_max);
	return mod_verdict(m, MOD_PASS, "%llu of %llu packets answered", p->received,
			   p->transmitted);
}

static void build_args(const struct mod *m, const char *version, const char *addr,
		       const char **argv)
{
	static const char *const options[][2] = {
		{ "count", "-c" }, { "interval", "-i" }, { "iface", "-I" },
		{ "size", "-s" },  { "ttl", "-t" },
	};
	const char *value;
	size_t i, n = 0;

	argv[n++] = "ping";
	if (version)
		argv[n++] = version;
	argv[n++] = "-n";
	for (i = 0; i < LAB_ARRAY_SIZE(options); i++) {
		value = mod_option(m, options[i][0]);
		if (value) {
			argv[n++] = options[i][1];
			argv[n++] = value;
		}
	}
	argv[n++] = "--";
	argv[n++] = addr;
	argv[n] = NULL;
}

enum mod_verdict mod_ping(struct mod *m, const char *version)
{
	struct run run = { .rtts = json_array(), .last = "no output" };
	cleanup_json json_t *rtts = run.rtts;
	cleanup_free char *addr = NULL;
	const char *argv[ARGS_MAX], *option;
	struct mod_tool tool = { .package = "iputils-ping", .line = on_line, .user = &run };
	double limit = 80;
	int status;

	if (!mod_need(m, "addr", &option) || !mod_number(m, "limit_rate", &limit))
		return MOD_FAIL;
	/* Recipes write {ip()} here, which may bring its prefix along. */
	addr = strndup(option, strcspn(option, "/"));
	if (!addr || !rtts)
		return mod_verdict(m, MOD_ERROR, "out of memory");
	build_args(m, version, addr, argv);
	tool.argv = (char *const *)argv;
	if (!mod_tool_run(m, &tool, &status))
		return MOD_ERROR;
	return judge(m, &run, limit);
}
