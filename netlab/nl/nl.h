/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nl.h - rtnetlink: batches of requests in one namespace, answered with the kernel's own words */
#ifndef NETLAB_NL_NL_H
#define NETLAB_NL_NL_H

#include <stddef.h>
#include <stdint.h>

#include "netlab/base/addr.h"
#include "netlab/base/err.h"

/**
 * DOC: batches
 *
 * Requests are appended to a socket's batch and sent together by lab_nl_flush(). The kernel handles them in order, one after
 * the other, before send returns; only the last asks for an acknowledgement, failures of earlier ones are reported by the kernel anyway.
 * A builder error (out of memory, too long) is latched until the flush. Each request carries a note for the error message.
 */
#define LAB_NL_BATCH_MAX (256u << 10) /* bytes in one batch; lab_nl_room() says when to flush */

/**
 * struct lab_nl - a netlink socket with its batch
 * @fd:		socket; it stays in the namespace in which it was opened
 * @protocol:	NETLINK_ROUTE (0) or NETLINK_GENERIC
 * @seq:	sequence number of the last request built
 * @first:	sequence number of the first request of the batch
 * @buf:	the batch, NULL until first used
 * @len:	bytes in the batch
 * @cap:	bytes allocated
 * @msg:	offset of the request being built
 * @error:	latched -errno of the builder
 */
struct lab_nl {
	int fd, protocol;
	uint32_t seq, first;
	uint8_t *buf;
	size_t len, cap, msg;
	int error;
};

/**
 * lab_nl_open() - Open a socket in the current network namespace
 * @nl:		written
 * @err:	filled on failure; may be NULL
 *
 * Extended ACK texts and capped ACKs are on.
 * Return: 0 or -errno. Source: netlink(7), rtnetlink(7).
 */
int lab_nl_open(struct lab_nl *nl, struct lab_err *err);

/**
 * lab_nl_open_generic() - Open a generic netlink socket in the current network namespace
 * @nl:		written
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Source: netlink(7).
 */
int lab_nl_open_generic(struct lab_nl *nl, struct lab_err *err);

/**
 * lab_nl_enter() - Point a socket's batch at another network namespace
 * @nl:		open or closed (fd -1) socket with an empty batch; its memory is kept
 * @netns:	descriptor of the namespace to work in
 * @home:	descriptor of the caller's own namespace, in which it is again when this returns
 * @err:	filled on failure; may be NULL
 *
 * Closes the socket and opens a new one in @netns: 4 system calls, about 4 us.
 * Context: single-threaded process with CAP_SYS_ADMIN over both namespaces. It must not be the controller.
 * Return: 0 or -errno. If the way back home fails, the process is of no more use: -ENOTRECOVERABLE.
 * Source: setns(2).
 */
int lab_nl_enter(struct lab_nl *nl, int netns, int home, struct lab_err *err);

/**
 * lab_nl_close() - Close the socket and release the batch
 * @nl:		may be zeroed with fd -1
 */
void lab_nl_close(struct lab_nl *nl);

/**
 * lab_nl_room() - Bytes left in the batch
 * @nl:		socket
 *
 * Return: bytes; flush when it is below what the next request may need (1 KiB is enough for one of ours).
 */
size_t lab_nl_room(const struct lab_nl *nl);

/**
 * lab_nl_flush() - Send the batch and wait for its end
 * @nl:		socket; its batch is empty afterwards
 * @ret_failed:	on failure, which request failed first, counted from 0 in this batch; may be NULL
 * @err:	filled on failure with the kernel's text: "... (kernel: mtu less than device minimum) [EINVAL]"; may be NULL
 *
 * Later requests of a batch are carried out even if an earlier one fails; the first failure is reported.
 * Return: 0 or -errno of the first request that failed. An empty batch is 0.
 */
int lab_nl_flush(struct lab_nl *nl, size_t *ret_failed, struct lab_err *err);

#endif
