/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fdpass.h - datagrams with one descriptor, between processes that trust each other */
#ifndef NETLAB_BASE_FDPASS_H
#define NETLAB_BASE_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/**
 * lab_fdpass_send() - Send one datagram, with a descriptor if there is one
 * @sock:	unix SOCK_SEQPACKET socket
 * @data:	bytes
 * @len:	how many
 * @fd:		descriptor to send a copy of (borrowed); -1 = none
 * @flags:	MSG_DONTWAIT or 0
 *
 * Return: 0 or -errno of sendmsg(2). Source: SCM_RIGHTS in unix(7).
 */
int lab_fdpass_send(int sock, void *data, size_t len, int fd, int flags);

/**
 * lab_fdpass_recv() - Receive one datagram and the descriptor that may come with it
 * @sock:	unix SOCK_SEQPACKET socket
 * @buf:	written
 * @len:	bytes in @buf
 * @ret_fd:	the descriptor, close-on-exec, caller closes; -1 = none came
 * @flags:	MSG_DONTWAIT or 0
 *
 * Return: bytes received, 0 at the end of the peer, or -errno of recvmsg(2). Errors: -EAGAIN.
 */
ssize_t lab_fdpass_recv(int sock, void *buf, size_t len, int *ret_fd, int flags);

#endif
