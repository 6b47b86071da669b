/* SPDX-License-Identifier: GPL-2.0-or-later */
/* args.c - the tool multicast: options, as LNST's tool has them */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <math.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "slave-image/tools/multicast/multicast.h"

#define SECONDS_MAX 1e9

static int fail(const char *option, const char *value, const char *what)
{
	(void)fprintf(stderr, "--%s: '%s' is not %s\n", option, value, what);
	return 2;
}

static bool parse_addr(const char *s, union mcast_addr *ret)
{
	union mcast_addr a;

	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, s, &a.in.sin_addr) == 1)
		a.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, s, &a.in6.sin6_addr) == 1)
		a.sa.sa_family = AF_INET6;
	else
		return false;
	*ret = a;
	return true;
}

static bool same_addr(const union mcast_addr *a, const struct sockaddr *sa)
{
	if (!sa || sa->sa_family != a->sa.sa_family)
		return false;
	if (sa->sa_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)(const void *)sa)->sin_addr,
			      &a->in.sin_addr, sizeof(a->in.sin_addr)) == 0;
	return memcmp(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
		      &a->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
}

/* An interface, by one of its addresses or its name. */
static bool parse_interface(const char *s, struct mcast *m)
{
	struct ifaddrs *all = NULL, *i;

	if (!parse_addr(s, &m->local)) {
		m->interface = if_nametoindex(s);
		return m->interface != 0;
	}
	if (m->local.sa.sa_family == AF_INET && m->local.in.sin_addr.s_addr == INADDR_ANY)
		return true;
	if (getifaddrs(&all) < 0)
		return false;
	for (i = all; i && !m->interface; i = i->ifa_next) {
		if (same_addr(&m->local, i->ifa_addr))
			m->interface = if_nametoindex(i->ifa_name);
	}
	freeifaddrs(all);
	return m->interface != 0;
}

static bool parse_seconds(const char *s, double *ret)
{
	uint64_t us;

	if (lab_parse_duration(s, &us) < 0)
		return false;
	*ret = (double)us / 1e6;
	return *ret <= SECONDS_MAX;
}

static bool take_interface(const char *s, struct mcast *m)
{
	return parse_interface(s, m);
}

static bool take_group(const char *s, struct mcast *m)
{
	return parse_addr(s, &m->group);
}

static bool take_source(const char *s, struct mcast *m)
{
	return parse_addr(s, &m->source);
}

static bool take_dest(const char *s, struct mcast *m)
{
	return parse_addr(s, &m->dest);
}

static bool take_duration(const char *s, struct mcast *m)
{
	return parse_seconds(s, &m->duration_s);
}

static bool take_delay(const char *s, struct mcast *m)
{
	return parse_seconds(s, &m->delay_s);
}

static bool take_port(const char *s, struct mcast *m)
{
	return lab_parse_uint(s, 0, 65535, &m->port) == 0;
}

static bool take_ttl(const char *s, struct mcast *m)
{
	return lab_parse_uint(s, 0, 255, &m->ttl) == 0;
}

static bool take_loop(const char *s, struct mcast *m)
{
	unsigned int v;

	if (lab_parse_uint(s, 0, 1, &v) < 0)
		return false;
	m->loop = v;
	return true;
}

static bool take_query_type(const char *s, struct mcast *m)
{
	return lab_parse_uint(s, 1, 3, &m->query_type) == 0;
}

static bool take_max_resp(const char *s, struct mcast *m)
{
	return lab_parse_uint(s, 0, 255, &m->max_resp_s10) == 0;
}

static bool take_verbose(const char *s LAB_UNUSED, struct mcast *m)
{
	m->verbose = true;
	return true;
}

/* @letter: what a program's list says; @key: on the command line, where two programs give one letter two meanings. */
static const struct option_def {
	char letter, key;
	const char *name, *what;
	bool (*take)(const char *s, struct mcast *m);
} options[] = {
	{ 'i', 'i', "interface", "an address or the name of an interface here", take_interface },
	{ 'a', 'a', "multicast_address", "an IP address", take_group },
	{ 's', 's', "source_address", "an IP address", take_source },
	{ 'D', 'd', "dest_address", "an IP address", take_dest },
	{ 'd', 'd', "duration", "a number of seconds", take_duration },
	{ 'f', 'f', "delay", "a number of seconds", take_delay },
	{ 'p', 'p', "port", "a port from 0 to 65535", take_port },
	{ 't', 't', "ttl", "a number from 0 to 255", take_ttl },
	{ 'l', 'l', "loop", "0 or 1", take_loop },
	{ 'q', 'q', "query_type", "1 (general), 2 (group) or 3 (group and source)",
	  take_query_type },
	{ 'r', 'r', "max_resp_time", "a number of tenths of a second from 0 to 255",
	  take_max_resp },
	{ 'v', 'v', "verbose", NULL, take_verbose },
};

static int usage(const char *program, const char *known, int status)
{
	FILE *f = status ? stderr : stdout;
	size_t i;

	(void)fprintf(f, "usage: %s [OPTIONS]\n  -h, --help\n", program);
	for (i = 0; i < LAB_ARRAY_SIZE(options); i++) {
		const struct option_def *o = &options[i];

		if (strchr(known, o->letter))
			(void)fprintf(f, "  -%c, --%s%s%s\n", o->key, o->name, o->what ? "  " : "",
				      o->what ? o->what : "");
	}
	return status;
}

/* The option that a word of the command line names; its value is in the same word, or NULL. */
static const struct option_def *find(const char *word, const char *known, const char **ret_value)
{
	size_t i, n;

	*ret_value = NULL;
	for (i = 0; i < LAB_ARRAY_SIZE(options); i++) {
		const struct option_def *o = &options[i];

		if (!strchr(known, o->letter))
			continue;
		if (strncmp(word, "--", 2) == 0) {
			n = strcspn(word, "=") - 2;
			if (n != strlen(o->name) || strncmp(word + 2, o->name, n) != 0)
				continue;
			*ret_value = word[n + 2] ? word + n + 3 : NULL;
			return o;
		}
		if (word[0] == '-' && word[1] == o->key) {
			*ret_value = word[2] ? word + 2 : NULL;
			return o;
		}
	}
	return NULL;
}

int mcast_args(int argc, char **argv, const char *known, struct mcast *ret)
{
	const struct option_def *o;
	const char *value;
	int i;

	*ret = (struct mcast){ .delay_s = 0.1, .ttl = 1, .loop = true, .query_type = 1 };
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return usage(argv[0], known, 0);
		o = find(argv[i], known, &value);
		if (!o) {
			(void)fprintf(stderr, "%s: invalid option %s\n", argv[0], argv[i]);
			return usage(argv[0], known, 2);
		}
		if (o->what && !value)
			value = i + 1 < argc ? argv[++i] : "";
		if (!o->take(value, ret))
			return fail(o->name, value, o->what);
	}
	ret->group.in.sin_port = htons((uint16_t)ret->port);
	if (ret->dest.sa.sa_family == 0)
		ret->dest = ret->group;
	return -1;
}
