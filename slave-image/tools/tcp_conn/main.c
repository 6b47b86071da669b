/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the tool tcp_conn: options, signals, and the program that the name says */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "slave-image/tools/tcp_conn/tcp_conn.h"

static volatile sig_atomic_t stopped;

static void on_signal(int signo LAB_UNUSED)
{
	stopped = 1;
}

bool tcp_conn_stopped(void)
{
	return stopped;
}

void tcp_conn_fail(const char *what, unsigned int port)
{
	(void)fprintf(stderr, "port %u: %s: %s [%s]\n", port, what, strerror(errno),
		      strerrorname_np(errno));
}

socklen_t tcp_conn_addr(const struct tcp_conn *t, unsigned int i, struct sockaddr_in6 *ret)
{
	in_port_t port = htons((uint16_t)(t->first + i));

	*ret = t->addr.in6;
	if (t->addr.sa.sa_family == AF_INET6) {
		ret->sin6_port = port;
		return sizeof(t->addr.in6);
	}
	/* The port is at the same place in both. */
	((struct sockaddr_in *)(void *)ret)->sin_port = port;
	return sizeof(t->addr.in);
}

static bool parse_addr(const char *s, struct tcp_conn *t)
{
	memset(&t->addr, 0, sizeof(t->addr));
	if (inet_pton(AF_INET, s, &t->addr.in.sin_addr) == 1)
		t->addr.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, s, &t->addr.in6.sin6_addr) == 1)
		t->addr.sa.sa_family = AF_INET6;
	else
		return false;
	return true;
}

static bool parse_ports(const char *s, struct tcp_conn *t)
{
	char first[8];
	const char *dash = strchr(s, '-');
	size_t len = dash ? (size_t)(dash - s) : strlen(s);
	unsigned int end;

	if (len >= sizeof(first))
		return false;
	(void)snprintf(first, sizeof(first), "%.*s", (int)len, s);
	if (lab_parse_uint(first, 1, 65535, &t->first) < 0)
		return false;
	end = t->first + 1;
	if (dash && lab_parse_uint(dash + 1, 1, 65536, &end) < 0)
		return false;
	t->n_ports = end > t->first ? end - t->first : 0;
	return t->n_ports > 0 && t->n_ports <= TCP_CONN_PORTS_MAX;
}

/* The reason comes last: the module TCPConnection tells the last line. */
static int usage(const char *program, const char *what)
{
	(void)fprintf(stderr,
		      "usage: %s -a ADDRESS -p FIRST-END [-c] [-d] [-6]\n"
		      "  ports from FIRST up to, but not, END: at most %u; -c: again and again\n"
		      "%s%s",
		      program, TCP_CONN_PORTS_MAX, what, *what ? "\n" : "");
	return 2;
}

static int parse_args(int argc, char **argv, struct tcp_conn *t)
{
	bool six = false;
	int c;

	while ((c = getopt(argc, argv, "a:p:cd6")) != -1) {
		if (c == 'a' && !parse_addr(optarg, t))
			return usage(argv[0], "-a: not an IP address");
		if (c == 'p' && !parse_ports(optarg, t))
			return usage(argv[0], "-p: not a range of ports");
		if (c == '?')
			return usage(argv[0], "");
		t->again |= c == 'c';
		t->debug |= c == 'd';
		six |= c == '6';
	}
	if (!t->addr.sa.sa_family || !t->n_ports)
		return usage(argv[0], "-a and -p are needed");
	if (six && t->addr.sa.sa_family != AF_INET6)
		return usage(argv[0], "-6: the address is not an IPv6 one");
	return 0;
}

/* Each port may have two descriptors; what cannot be had is told by the call that fails. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	struct sigaction sa = { .sa_handler = on_signal };
	struct tcp_conn t = { .first = 0 };
	sigset_t block;
	int r;

	r = parse_args(argc, argv, &t);
	if (r)
		return r;
	/* They come while we wait, and only then. */
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGINT);
	(void)sigaddset(&block, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &block, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	raise_limit();
	if (strcmp(name, "tcp_listen") == 0)
		return tcp_listen(&t);
	if (strcmp(name, "tcp_connect") == 0)
		return tcp_connect(&t);
	return usage(argv[0], "call it tcp_listen or tcp_connect");
}
