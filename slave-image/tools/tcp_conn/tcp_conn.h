/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcp_conn.h - the tool tcp_conn: many TCP connections at once, as server and as client */
#ifndef NETLAB_TOOLS_TCP_CONN_H
#define NETLAB_TOOLS_TCP_CONN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/**
 * DOC: the tool tcp_conn
 *
 * tcp_listen and tcp_connect, for the module TCPConnection and for commands with from="tcp_conn"; one program under two
 * names. Options and the last line of output are those of LNST's tool of that name:
 *
 *   -a ADDRESS  -p FIRST-END  [-c] [-d] [-6]
 *
 * The ports are FIRST up to but not END, one connection each; with -c one after another until a signal comes.
 */
#define TCP_CONN_PORTS_MAX 1024u

/**
 * struct tcp_conn - options
 * @addr:	address, without a port
 * @first:	first port
 * @n_ports:	how many
 * @again:	-c
 * @debug:	-d
 */
struct tcp_conn {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
	unsigned int first, n_ports;
	bool again, debug;
};

/**
 * tcp_conn_fail() - Say that a system call has failed, if that is of interest
 * @what:	the call, with errno set
 * @port:	port
 */
void tcp_conn_fail(const char *what, unsigned int port);

/**
 * tcp_conn_stopped() - Has a signal come
 *
 * Return: true if so.
 */
bool tcp_conn_stopped(void);

/**
 * tcp_conn_addr() - Address of one port
 * @t:		options
 * @i:		which port, from 0
 * @ret:	written
 *
 * Return: its size.
 */
socklen_t tcp_conn_addr(const struct tcp_conn *t, unsigned int i, struct sockaddr_in6 *ret);

/**
 * tcp_listen() - Take connections, read what they bring
 * @t:		options
 *
 * Return: exit status.
 */
int tcp_listen(const struct tcp_conn *t);

/**
 * tcp_connect() - Make connections, send something, close them
 * @t:		options
 *
 * Return: exit status.
 */
int tcp_connect(const struct tcp_conn *t);

#endif
