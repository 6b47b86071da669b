/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PktCounter.c - module: count the packets that come in, with nftables, until SIGINT */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slave-image/modules/module.h"
#include "slave-image/modules/parse.h"
#include "slave-image/modules/tool.h"

enum { TEXT_MAX = 1024 };

static const char about[] = MOD_NEEDS("nft", "nftables")
	MOD_SAYS_READY MOD_OPTION("input_netdev_name") MOD_OPTION("dport") MOD_OPTION("proto")
		MOD_OPTION("ipv6");

struct run {
	unsigned long long packets, bytes;
	bool counted;
	char error[256]; /* what nft says is wrong */
};

static void on_line(const char *line, bool is_err, void *user)
{
	struct run *run = user;

	if (!is_err)
		run->counted |= mod_parse_counter(line, &run->packets, &run->bytes);
	else if (strncmp(line, "Error: ", strlen("Error: ")) == 0)
		(void)snprintf(run->error, sizeof(run->error), "%s", line + strlen("Error: "));
}

/* Words of options go into a command of nft: letters, digits and a few signs only. */
static bool is_word(const char *s, const char *signs)
{
	size_t i;

	for (i = 0; s[i]; i++) {
		if (!isalnum((unsigned char)s[i]) && !strchr(signs, s[i]))
			return false;
	}
	return i > 0 && i < 32;
}

static bool check(struct mod *m, const char *name, const char *signs, const char **ret)
{
	*ret = mod_option(m, name);
	if (!*ret || is_word(*ret, signs))
		return true;
	(void)mod_bad_option(m, "option %s: \"%.64s\" makes no sense", name, *ret);
	return false;
}

/* What of a packet must match, as iptables -i, -p and --dport say it. */
static bool build_match(struct mod *m, char *text, size_t size)
{
	const char *dev, *proto, *dport;
	char ports[32], *colon;
	int n = 0;

	if (!check(m, "input_netdev_name", "_.@+-", &dev) || !check(m, "proto", "-", &proto) ||
	    !check(m, "dport", ":-", &dport))
		return false;
	text[0] = '\0';
	if (dev)
		n += snprintf(text + n, size - (size_t)n, "iifname \"%s\" ", dev);
	if (proto && strcasecmp(proto, "all") == 0)
		proto = NULL;
	if (dport && (!proto || !isalpha((unsigned char)*proto))) {
		(void)mod_bad_option(m, "option dport: only with a proto such as tcp or udp");
		return false;
	}
	if (proto)
		n += snprintf(text + n, size - (size_t)n, "meta l4proto %s ", proto);
	if (dport) {
		(void)snprintf(ports, sizeof(ports), "%s", dport);
		colon = strchr(ports, ':');
		if (colon)
			*colon = '-';
		(void)snprintf(text + n, size - (size_t)n, "%s dport %s ", proto, ports);
	}
	return true;
}

static bool nft(struct mod *m, struct run *run, const char *commands)
{
	const char *argv[] = { "nft", commands, NULL };
	struct mod_tool tool = { .argv = (char *const *)argv,
				 .package = "nftables",
				 .finish = true,
				 .line = on_line,
				 .user = run };
	int status;

	if (!mod_tool_run(m, &tool, &status))
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	(void)mod_verdict(m, MOD_ERROR, "nft: %s", run->error);
	return false;
}

static enum mod_verdict count(struct mod *m, const char *table, const char *match)
{
	struct run run = { .error = "failed" };
	char text[TEXT_MAX];
	bool ok;

	(void)snprintf(text, sizeof(text),
		       "add table %s\n"
		       "add chain %s input { type filter hook input priority 0 ; }\n"
		       "add counter %s incoming\n"
		       "add rule %s input %scounter name incoming\n",
		       table, table, table, table, match);
	if (!nft(m, &run, text))
		return MOD_ERROR;
	mod_ready(true);
	mod_wait_interrupt();
	(void)snprintf(text, sizeof(text), "list counter %s incoming", table);
	ok = nft(m, &run, text);
	(void)snprintf(text, sizeof(text), "delete table %s", table);
	if (!nft(m, &run, text) || !ok)
		return MOD_ERROR;
	if (!run.counted)
		return mod_verdict(m, MOD_ERROR, "nft has listed no counter");
	mod_int_data(m, "pkt_count", (long long)run.packets);
	mod_int_data(m, "byte_count", (long long)run.bytes);
	return mod_verdict(m, MOD_PASS, "%llu packets, %llu bytes", run.packets, run.bytes);
}

static enum mod_verdict run(struct mod *m)
{
	char match[256], table[64];

	if (!build_match(m, match, sizeof(match)))
		return MOD_FAIL;
	(void)snprintf(table, sizeof(table), "%s netlab_%d", mod_flag(m, "ipv6") ? "ip6" : "ip",
		       (int)getpid());
	return count(m, table, match);
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
