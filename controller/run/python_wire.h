/* SPDX-License-Identifier: GPL-2.0-or-later */
/* python_wire.h - what the processes around the interpreter share */
#ifndef CONTROLLER_RUN_PYTHON_WIRE_H
#define CONTROLLER_RUN_PYTHON_WIRE_H

#include "controller/run/python.h"
#include "netlab/base/strbuf.h"

#define CTL_PYTHON_FRAME_MAX (64u << 20) /* bytes of one message */

/**
 * ctl_python_send() - Send a message
 * @fd:		socket; blocks, for as long as its send timeout says
 * @message:	object; a reference is taken over; NULL = out of memory
 *
 * Return: 0 or -errno.
 */
int ctl_python_send(int fd, json_t *message);

/**
 * ctl_python_receive() - Read what is there
 * @fd:		socket
 * @flags:	of recv(2): MSG_DONTWAIT, or 0 to wait
 * @in:		bytes received so far, appended
 *
 * Return: bytes read, 0 at the end, or -errno (-EAGAIN: nothing is there).
 */
int ctl_python_receive(int fd, int flags, struct lab_strbuf *in);

/**
 * ctl_python_next() - Take the first message out of what was received
 * @in:		bytes received so far
 * @ret:	the message, new reference, when there is a whole one
 *
 * Return: 1 a message, 0 more bytes are needed, -EBADMSG or -EMSGSIZE.
 */
int ctl_python_next(struct lab_strbuf *in, json_t **ret);

/**
 * ctl_python_spawner() - Be the spawner
 * @fd:		socket on which leashes come, SOCK_SEQPACKET; moved
 * @path:	the plugin
 *
 * Never returns: ends when the other side of the socket is closed, and then kills all interpreters.
 */
void ctl_python_spawner(int fd, const char *path) __attribute__((noreturn));

/**
 * ctl_python_serve() - Be an interpreter: run tasks as they come
 * @fd:		socket
 * @plugin:	plugin
 * @start:	0, or -errno if the interpreter could not be started
 * @why:	its error
 *
 * Never returns: ends when the other side of the socket is closed.
 */
void ctl_python_serve(int fd, const struct ctl_python_plugin *plugin, int start,
		      const struct lab_err *why) __attribute__((noreturn));

/* Where the socket of the spawner, and in a fork of it that of the interpreter, is. */
#define CTL_PYTHON_SOCKET 3

#endif
