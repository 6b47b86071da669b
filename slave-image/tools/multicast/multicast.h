/* SPDX-License-Identifier: GPL-2.0-or-later */
/* multicast.h - the tool multicast: one program that is what its name says */
#ifndef NETLAB_TOOLS_MULTICAST_H
#define NETLAB_TOOLS_MULTICAST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/**
 * DOC: the tool multicast
 *
 * Small programs that send and receive multicast packets, or try the kernel's socket options, for the module Multicast and
 * for commands with from="multicast". Names, options and the lines NAME=VALUE that they print are those of LNST's tool of
 * that name; IPv6 groups work as well. All of them are one program under several names: main.c has the table, args.c the
 * options, net.c sockets and memberships, flow.c sending and receiving, igmp.c queries, sockopt.c what is tried offline.
 */

/* What is sent, and what counts when it is received. */
#define MCAST_MESSAGE "Hello world!"

/**
 * union mcast_addr - an IPv4 or IPv6 address with its port
 */
union mcast_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct mcast - options; an address of family 0 was not given
 * @group:	multicast group, with @port
 * @source:	sender
 * @dest:	where a query is sent to
 * @interface:	index of the interface; 0 = the kernel chooses
 * @local:	the interface's address, where it was given by one
 * @port:	UDP port
 * @duration_s:	seconds; 0 = until a signal comes
 * @delay_s:	seconds from one packet to the next
 * @max_resp_s10: tenths of a second that receivers may take to answer a query
 * @ttl:	time to live, hop limit
 * @query_type:	1 general, 2 of a group, 3 of a group and a source
 * @loop:	packets come back to this host
 * @verbose:	tell on standard error what is done
 */
struct mcast {
	union mcast_addr group, source, dest, local;
	unsigned int interface, port;
	double duration_s, delay_s;
	unsigned int max_resp_s10, ttl, query_type;
	bool loop, verbose;
};

/**
 * mcast_args() - Read the options
 * @argc:	of main()
 * @argv:	of main()
 * @known:	letters of the options that this program has
 * @ret:	options, with their defaults where they were not given
 *
 * Return: -1 to go on, else the exit status: help was printed, or what is wrong.
 */
int mcast_args(int argc, char **argv, const char *known, struct mcast *ret);

/**
 * mcast_signals() - Let SIGINT and SIGTERM end a wait instead of the program
 */
void mcast_signals(void);

/**
 * mcast_stopped() - Has a signal come
 *
 * Return: true if so.
 */
bool mcast_stopped(void);

/**
 * mcast_fail() - Say that a system call has failed
 * @what:	the call, with errno set
 *
 * Return: 1, the exit status.
 */
int mcast_fail(const char *what);

/**
 * mcast_addr_len() - Bytes of an address
 * @addr:	address
 *
 * Return: size for bind() and sendto().
 */
socklen_t mcast_addr_len(const union mcast_addr *addr);

/**
 * mcast_open_receiver() - Open a socket that is bound to the group
 * @m:		options
 *
 * Return: descriptor, or -1 with errno.
 */
int mcast_open_receiver(const struct mcast *m);

/**
 * mcast_open_sender() - Open a socket with the options' loop, ttl and interface
 * @m:		options
 *
 * Return: descriptor, or -1 with errno.
 */
int mcast_open_sender(const struct mcast *m);

/**
 * mcast_group() - Join, leave, block or unblock
 * @m:		options: group and interface
 * @fd:		receiver
 * @optname:	MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP
 *
 * Return: 0, or -1 with errno.
 * Source: RFC 3678.
 */
int mcast_group(const struct mcast *m, int fd, int optname);

/**
 * mcast_source() - Likewise for one source of the group
 * @m:		options: group, source and interface
 * @fd:		receiver
 * @optname:	MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE
 *
 * Return: 0, or -1 with errno.
 */
int mcast_source(const struct mcast *m, int fd, int optname);

/**
 * mcast_send_simple() - Send packets to the group
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_send_simple(const struct mcast *m);

/**
 * mcast_send_igmp_query() - Send one query of IGMP
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_send_igmp_query(const struct mcast *m);

/**
 * mcast_recv_simple() - Join the group and count packets
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_recv_simple(const struct mcast *m);

/**
 * mcast_recv_membership() - Join the group, leave it after half of the time
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_recv_membership(const struct mcast *m);

/**
 * mcast_recv_source_membership() - Likewise for one source of the group
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_recv_source_membership(const struct mcast *m);

/**
 * mcast_recv_block_source() - Join the group, block a source in the second third of the time
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_recv_block_source(const struct mcast *m);

/**
 * mcast_max_groups() - Join groups until the kernel has enough
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_max_groups(const struct mcast *m);

/**
 * mcast_sockopt_ttl() - Try IP_MULTICAST_TTL
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_sockopt_ttl(const struct mcast *m);

/**
 * mcast_sockopt_loop() - Try IP_MULTICAST_LOOP
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_sockopt_loop(const struct mcast *m);

/**
 * mcast_sockopt_if() - Try IP_MULTICAST_IF
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_sockopt_if(const struct mcast *m);

/**
 * mcast_sockopt_membership() - Try IP_ADD_MEMBERSHIP and IP_DROP_MEMBERSHIP
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_sockopt_membership(const struct mcast *m);

/**
 * mcast_sockopt_source_membership() - Try IP_ADD_SOURCE_MEMBERSHIP and IP_DROP_SOURCE_MEMBERSHIP
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_sockopt_source_membership(const struct mcast *m);

/**
 * mcast_sockopt_block_source() - Try IP_BLOCK_SOURCE and IP_UNBLOCK_SOURCE
 * @m:		options
 *
 * Return: exit status.
 */
int mcast_sockopt_block_source(const struct mcast *m);

#endif
