/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nl_internal.h - the checked message builder that the request functions of this room share */
#ifndef NETLAB_NL_NL_INTERNAL_H
#define NETLAB_NL_NL_INTERNAL_H

#include <linux/netlink.h>
#include <stdbool.h>

#include "netlab/nl/nl.h"

/**
 * lab_nl_begin() - Start a request in the batch
 * @nl:		socket
 * @type:	RTM_...
 * @flags:	NLM_F_... beside NLM_F_REQUEST
 * @extra_len:	size of the fixed header behind struct nlmsghdr
 *
 * Return: the zeroed fixed header, or NULL with nl->error latched.
 */
void *lab_nl_begin(struct lab_nl *nl, uint16_t type, uint16_t flags, size_t extra_len);

/**
 * lab_nl_put() - Append an attribute to the request being built
 * @nl:		socket
 * @type:	attribute type
 * @data:	payload
 * @len:	bytes of payload
 */
void lab_nl_put(struct lab_nl *nl, uint16_t type, const void *data, size_t len);

/**
 * lab_nl_put_u32() - Append a 32-bit attribute
 * @nl:		socket
 * @type:	attribute type
 * @value:	host byte order
 */
void lab_nl_put_u32(struct lab_nl *nl, uint16_t type, uint32_t value);

/**
 * lab_nl_put_u8() - Append an 8-bit attribute
 * @nl:		socket
 * @type:	attribute type
 * @value:	value
 */
void lab_nl_put_u8(struct lab_nl *nl, uint16_t type, uint8_t value);

/**
 * lab_nl_put_str() - Append a string attribute with its NUL
 * @nl:		socket
 * @type:	attribute type
 * @s:		text
 */
void lab_nl_put_str(struct lab_nl *nl, uint16_t type, const char *s);

/**
 * lab_nl_nest() - Start a nested attribute
 * @nl:		socket
 * @type:	attribute type
 *
 * Return: a mark for lab_nl_nest_end().
 */
size_t lab_nl_nest(struct lab_nl *nl, uint16_t type);

/**
 * lab_nl_nest_end() - End a nested attribute
 * @nl:		socket
 * @mark:	from lab_nl_nest()
 */
void lab_nl_nest_end(struct lab_nl *nl, size_t mark);

/**
 * lab_nl_append() - Append raw, zeroed, aligned bytes to the request (a fixed header inside a nested attribute)
 * @nl:		socket
 * @len:	bytes
 *
 * Return: the bytes, or NULL with nl->error latched.
 */
void *lab_nl_append(struct lab_nl *nl, size_t len);

/**
 * lab_nl_whole() - Is a message within its buffer
 * @nlh:	the message
 * @left:	bytes from it to the end of the buffer
 *
 * libmnl 1.0.4 alone takes a length above 2^31 for a negative one, which fits everywhere.
 * Return: true if all of it can be read.
 */
bool lab_nl_whole(const struct nlmsghdr *nlh, int left);

/**
 * lab_nl_note_error() - What a refusal says
 * @nlh:	an NLMSG_ERROR message that is as long as struct nlmsgerr
 * @err:	filled, with the kernel's own words where it has some; may be NULL
 *
 * Return: -errno of the message.
 */
int lab_nl_note_error(const struct nlmsghdr *nlh, struct lab_err *err);

/**
 * lab_nl_wait() - Wait until the kernel has answered
 * @fd:		netlink socket
 * @err:	filled on failure; may be NULL
 *
 * Return: 0, or -errno. Errors: -ETIMEDOUT after 10 s.
 */
int lab_nl_wait(int fd, struct lab_err *err);

/**
 * struct lab_nl_ear - who takes the answers to a request
 * @restart:	forget everything: the kernel's list changed while it was told, and is told again; NULL = nothing to forget
 * @hear:	one answer, whole and at least @min_len bytes behind its header; a negative errno ends the request with it
 * @data:	for both
 * @type:	message type of the answers; others are passed over; 0 = any
 * @min_len:	bytes that an answer has at least
 */
struct lab_nl_ear {
	void (*restart)(void *data);
	int (*hear)(void *data, const struct nlmsghdr *nlh, struct lab_err *err);
	void *data;
	uint16_t type;
	size_t min_len;
};

/**
 * lab_nl_ask() - Send the one request of the batch and hear its answers
 * @nl:		socket whose batch is one request (with NLM_F_DUMP for a list); empty afterwards
 * @ear:	who takes the answers
 * @err:	filled on failure; may be NULL
 *
 * A list that changed while it was told is asked for again, a few times; answers are bounded (a million, or 256 MiB).
 * Context: blocks until the last answer, 10 s at most for each.
 * Return: 0 or -errno: what the kernel refused it with, what @ear said, -EAGAIN the list never stood still.
 * Source: netlink(7); NLM_F_DUMP_INTR in linux/netlink.h.
 */
int lab_nl_ask(struct lab_nl *nl, const struct lab_nl_ear *ear, struct lab_err *err);

/**
 * struct lab_nl_hearing - how far the answers to a request have come
 * @ear:	who takes them
 * @changed:	the kernel's list changed while it was told
 * @result:	0, or -errno of the first failure; then the rest is heard without being handed over
 */
struct lab_nl_hearing {
	const struct lab_nl_ear *ear;
	bool changed;
	int result;
};

/**
 * lab_nl_hear_buffer() - Hand the answers in a buffer over
 * @h:		its @ear is given; the rest is updated
 * @buf:	messages, as recv(2) gave them, aligned for struct nlmsghdr
 * @len:	bytes
 * @seq:	sequence number of the request
 * @err:	filled when @h->result becomes a failure; may be NULL
 *
 * The part of lab_nl_ask() that believes nothing of what it reads.
 * Return: true after the last answer.
 */
bool lab_nl_hear_buffer(struct lab_nl_hearing *h, const void *buf, size_t len, uint32_t seq,
			struct lab_err *err);

#endif
