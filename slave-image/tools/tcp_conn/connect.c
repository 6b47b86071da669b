/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connect.c - the tool tcp_conn: tcp_connect */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netlab/base/util.h"
#include "slave-image/tools/tcp_conn/tcp_conn.h"

enum {
	BURSTS = 10,        /* of one connection */
	BURST_BYTES = 1800, /* at least one packet */
	PAUSE_MS = 5,       /* between bursts */
};

/**
 * struct flow - the connections of one port, one after another
 * @connected:	the one that there is has come through
 * @over:	no more
 * @bursts:	that are still to be sent
 * @due_ms:	when the next one is
 */
struct flow {
	bool connected, over;
	unsigned int bursts;
	long long due_ms;
};

/**
 * struct client - all of them
 * @flows:	one for each port
 * @fds:	their descriptors
 * @n_open:	flows that are not over
 * @made:	connections so far
 */
struct client {
	struct flow *flows;
	struct pollfd *fds;
	size_t n_open;
	unsigned long long made;
};

static long long now_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void give_up(const struct tcp_conn *t, struct client *c, size_t i, const char *what)
{
	tcp_conn_fail(what, t->first + (unsigned int)i);
	close_fd(&c->fds[i].fd);
	c->flows[i].over = true;
	c->n_open--;
}

static void begin(const struct tcp_conn *t, struct client *c, size_t i)
{
	struct sockaddr_in6 addr;
	socklen_t len = tcp_conn_addr(t, (unsigned int)i, &addr);
	int fd = socket(t->addr.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	c->fds[i] = (struct pollfd){ .fd = fd, .events = POLLOUT };
	c->flows[i] = (struct flow){ .bursts = BURSTS };
	if (fd < 0)
		give_up(t, c, i, "socket");
	else if (connect(fd, (struct sockaddr *)&addr, len) < 0 && errno != EINPROGRESS)
		give_up(t, c, i, "connect");
}

static void finish(const struct tcp_conn *t, struct client *c, size_t i)
{
	if (t->debug)
		(void)printf("Debug: closing connection on port %u\n", t->first + (unsigned int)i);
	close_fd(&c->fds[i].fd);
	if (t->again) {
		begin(t, c, i);
	} else {
		c->flows[i].over = true;
		c->n_open--;
	}
}

static void advance(const struct tcp_conn *t, struct client *c, size_t i)
{
	static const char text[BURST_BYTES] = "abcdefghijklmnopqrstuvwxyz0123456789";
	struct flow *f = &c->flows[i];
	socklen_t len = sizeof(errno);
	int error = 0;

	if (!f->connected) {
		(void)getsockopt(c->fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error) {
			errno = error;
			give_up(t, c, i, "connect");
			return;
		}
		f->connected = true;
		c->made++;
	}
	if (send(c->fds[i].fd, text, sizeof(text), MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			give_up(t, c, i, "send");
		return;
	}
	f->bursts--;
	f->due_ms = now_ms() + PAUSE_MS;
	if (!f->bursts)
		finish(t, c, i);
}

/* Milliseconds until the first flow may go on; -1 = when its socket can. Those that pause are not asked for. */
static int arrange(const struct tcp_conn *t, struct client *c)
{
	long long now = now_ms(), left = -1;
	size_t i;

	for (i = 0; i < t->n_ports; i++) {
		bool pauses = c->flows[i].due_ms > now;

		c->fds[i].events = pauses ? 0 : POLLOUT;
		if (pauses && (left < 0 || c->flows[i].due_ms - now < left))
			left = c->flows[i].due_ms - now;
	}
	return (int)left;
}

static void talk(const struct tcp_conn *t, struct client *c)
{
	struct timespec ts;
	sigset_t none;
	size_t i;
	int ms;

	(void)sigemptyset(&none);
	while (c->n_open && !tcp_conn_stopped()) {
		ms = arrange(t, c);
		ts = (struct timespec){ .tv_nsec = ms * 1000000L };
		if (ppoll(c->fds, t->n_ports, ms < 0 ? NULL : &ts, &none) <= 0)
			continue;
		for (i = 0; i < t->n_ports; i++) {
			if (c->fds[i].fd >= 0 && c->fds[i].revents)
				advance(t, c, i);
		}
	}
}

int tcp_connect(const struct tcp_conn *t)
{
	struct client c = { .flows = calloc(t->n_ports, sizeof(*c.flows)),
			    .fds = calloc(t->n_ports, sizeof(*c.fds)),
			    .n_open = t->n_ports };
	bool ok = c.flows && c.fds;
	size_t i;

	for (i = 0; ok && i < t->n_ports; i++)
		begin(t, &c, i);
	if (ok) {
		talk(t, &c);
		(void)printf("made %llu connections\n", c.made);
		for (i = 0; i < t->n_ports; i++)
			close_fd(&c.fds[i].fd);
	}
	free(c.flows);
	free(c.fds);
	return ok ? 0 : 1;
}
