/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen.c - the tool tcp_conn: tcp_listen */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "slave-image/tools/tcp_conn/tcp_conn.h"

enum { PEERS_MAX = 4096 };

/**
 * struct server - listening sockets first, then the connections that they gave
 * @fds:	what is waited for; a descriptor of -1 is over
 * @ports:	port of each
 * @bytes:	what each connection has brought
 * @n:		how many
 * @n_open:	how many of them are not over
 * @handled:	connections so far
 */
struct server {
	struct pollfd *fds;
	unsigned int *ports;
	unsigned long long *bytes;
	size_t n, n_open;
	unsigned long long handled;
};

static bool server_init(struct server *s, size_t size)
{
	*s = (struct server){ .fds = calloc(size, sizeof(*s->fds)),
			      .ports = calloc(size, sizeof(*s->ports)),
			      .bytes = calloc(size, sizeof(*s->bytes)) };
	return s->fds && s->ports && s->bytes;
}

static void server_fini(struct server *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		close_fd(&s->fds[i].fd);
	free(s->fds);
	free(s->ports);
	free(s->bytes);
}

static void add(struct server *s, int fd, unsigned int port)
{
	s->fds[s->n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	s->ports[s->n] = port;
	s->bytes[s->n] = 0;
	s->n++;
	s->n_open++;
}

static void end(struct server *s, size_t i)
{
	close_fd(&s->fds[i].fd);
	s->n_open--;
}

static bool open_listeners(const struct tcp_conn *t, struct server *s)
{
	struct sockaddr_in6 addr;
	socklen_t len;
	unsigned int i;
	int on = 1;

	for (i = 0; i < t->n_ports; i++) {
		int fd = socket(t->addr.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				0);

		len = tcp_conn_addr(t, i, &addr);
		if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		    bind(fd, (struct sockaddr *)&addr, len) < 0 || listen(fd, SOMAXCONN) < 0) {
			tcp_conn_fail("listen", t->first + i);
			close_fd(&fd);
			return false;
		}
		add(s, fd, t->first + i);
	}
	return true;
}

/* The listener is the i-th. */
static void take(const struct tcp_conn *t, struct server *s, size_t i)
{
	/* cppcheck-suppress nullPointer ; both may be NULL */
	int fd = accept4(s->fds[i].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	size_t k;

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			tcp_conn_fail("accept", s->ports[i]);
			end(s, i);
		}
		return;
	}
	s->handled++;
	if (t->debug)
		(void)printf("Debug: accepted connection on port %u\n", s->ports[i]);
	for (k = t->n_ports; k < s->n && s->fds[k].fd >= 0; k++)
		;
	if (k == s->n && s->n < t->n_ports + (size_t)PEERS_MAX) {
		add(s, fd, s->ports[i]);
	} else if (k < s->n) {
		s->fds[k] = (struct pollfd){ .fd = fd, .events = POLLIN };
		s->ports[k] = s->ports[i];
		s->bytes[k] = 0;
		s->n_open++;
	} else {
		close_fd(&fd);
	}
	if (!t->again)
		end(s, i);
}

static void take_data(const struct tcp_conn *t, struct server *s, size_t i)
{
	char buf[8192];
	ssize_t n = recv(s->fds[i].fd, buf, sizeof(buf), 0);

	if (n > 0) {
		s->bytes[i] += (unsigned long long)n;
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (t->debug)
		(void)printf("Debug: connection closed, read %llu bytes (%u)\n", s->bytes[i],
			     s->ports[i]);
	end(s, i);
}

static void serve(const struct tcp_conn *t, struct server *s)
{
	sigset_t none;
	size_t i, n;

	(void)sigemptyset(&none);
	while (s->n_open && !tcp_conn_stopped()) {
		n = s->n;
		if (ppoll(s->fds, n, NULL, &none) <= 0)
			continue;
		for (i = 0; i < n; i++) {
			if (s->fds[i].fd < 0 || !s->fds[i].revents)
				continue;
			if (i < t->n_ports)
				take(t, s, i);
			else
				take_data(t, s, i);
		}
	}
}

int tcp_listen(const struct tcp_conn *t)
{
	struct server s;
	bool ok;

	ok = server_init(&s, t->n_ports + (size_t)PEERS_MAX) && open_listeners(t, &s);
	if (ok) {
		/* Module TCPConnection waits for this line. */
		(void)fputs("listening\n", stderr);
		serve(t, &s);
		(void)printf("handled %llu connections\n", s.handled);
	}
	server_fini(&s);
	return ok ? 0 : 1;
}
