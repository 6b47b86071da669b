/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nl_internal.h - the checked message builder that the request functions of this room share */
#ifndef NETLAB_NL_NL_INTERNAL_H
#define NETLAB_NL_NL_INTERNAL_H

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

#endif
