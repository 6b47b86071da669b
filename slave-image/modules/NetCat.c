/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetCat.c - module: send a stream of text with nc for some time */
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "slave-image/modules/module.h"
#include "slave-image/modules/tool.h"

#define DETECT_S 5.0 /* for the stream to begin */

enum {
	DURATION_S = 30,
	/* So much that nc must have sent some, whatever it keeps in its buffers. */
	DETECT_BYTES = 65536,
	ARGS_MAX = 12,
};

static const char about[] = MOD_NEEDS("nc", "netcat-openbsd") MOD_OPTION("addr needed")
	MOD_OPTION("port needed") MOD_OPTION("stream") MOD_OPTION("ipv") MOD_OPTION("duration");

struct run {
	double start_s, seen_s, duration_s; /* seen_s: when the stream was there; 0 = not yet */
	unsigned long long bytes;
	char last[256]; /* the last line that nc printed */
};

static double now_s(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void on_line(const char *line, bool is_err, void *user)
{
	struct run *run = user;

	if (is_err && *line)
		(void)snprintf(run->last, sizeof(run->last), "%s", line);
}

static bool on_tick(uint64_t fed_bytes, void *user)
{
	struct run *run = user;
	double now = now_s();

	run->bytes = LAB_MAX(run->bytes, (unsigned long long)fed_bytes);
	if (run->seen_s <= 0 && run->bytes >= DETECT_BYTES)
		run->seen_s = now;
	if (run->seen_s <= 0)
		return now - run->start_s < DETECT_S;
	return now - run->seen_s < run->duration_s;
}

static enum mod_verdict judge(struct mod *m, const struct run *run, int status)
{
	double took = run->seen_s > 0 ? now_s() - run->seen_s : 0;

	mod_int_data(m, "bytes", (long long)run->bytes);
	mod_real_data(m, "seconds", took);
	if (run->seen_s <= 0)
		return mod_verdict(m, MOD_FAIL, "No stream detected!%s%s", *run->last ? " " : "",
				   run->last);
	/* It ends by our signal only; by itself when the other side has gone. */
	if (took < run->duration_s && !mod_interrupted() && WIFEXITED(status))
		return mod_verdict(m, MOD_FAIL, "the stream has ended after %.1f s: %s", took,
				   run->last);
	return mod_verdict(m, MOD_PASS, "%llu bytes in %.1f s", run->bytes, took);
}

static bool add_options(struct mod *m, const char **argv, size_t *n)
{
	const char *stream = mod_option(m, "stream"), *ipv = mod_option(m, "ipv");

	if (stream && strcmp(stream, "udp") == 0) {
		/* Without -v: with it nc would first try for 3 s whether anybody is there. */
		argv[(*n)++] = "-u";
	} else if (!stream || strcmp(stream, "tcp") == 0) {
		argv[(*n)++] = "-v";
	} else {
		(void)mod_bad_option(m, "option stream: \"%.64s\" must be tcp or udp", stream);
		return false;
	}
	if (ipv && strcmp(ipv, "4") != 0 && strcmp(ipv, "6") != 0) {
		(void)mod_bad_option(m, "option ipv: \"%.64s\" must be 4 or 6", ipv);
		return false;
	}
	if (ipv)
		argv[(*n)++] = *ipv == '4' ? "-4" : "-6";
	return true;
}

static enum mod_verdict run(struct mod *m)
{
	struct run run = { .duration_s = DURATION_S, .last = "" };
	const char *argv[ARGS_MAX] = { "nc", "-n" }, *addr_option, *port;
	struct mod_tool tool = { .argv = (char *const *)argv,
				 .package = "netcat-openbsd",
				 .feed = "y\n",
				 .line = on_line,
				 .tick = on_tick,
				 .user = &run };
	cleanup_free char *addr = NULL;
	size_t n = 2;
	int status;

	if (!mod_need(m, "addr", &addr_option) || !mod_need(m, "port", &port) ||
	    !mod_number(m, "duration", &run.duration_s) || !add_options(m, argv, &n))
		return MOD_FAIL;
	addr = strndup(addr_option, strcspn(addr_option, "/"));
	if (!addr)
		return mod_verdict(m, MOD_ERROR, "out of memory");
	argv[n++] = "--";
	argv[n++] = addr;
	argv[n] = port;
	run.start_s = now_s();
	if (!mod_tool_run(m, &tool, &status))
		return MOD_ERROR;
	return judge(m, &run, status);
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
