/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nl_bytes.h - netlink requests, written as bytes and compared with those of a batch */
#ifndef TESTS_UNIT_NL_BYTES_H
#define TESTS_UNIT_NL_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/nl/nl.h"

/* Numbers of netlink are in the byte order of the machine. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define U16(x) (uint8_t)(x), (uint8_t)((x) >> 8)
#define U32(x) U16((uint32_t)(x)), U16((uint32_t)(x) >> 16)
#else
#define U16(x) (uint8_t)((x) >> 8), (uint8_t)(x)
#define U32(x) U16((uint32_t)(x) >> 16), U16((uint32_t)(x))
#endif

#define NEW                        (NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL)
#define HEADER(len, type, fl)      U32(len), U16(type), U16(fl), U32(1), U32(0)
#define IFINFO(index, fl)          0, 0, U16(0), U32(index), U32(fl), U32(fl)
#define ATTR(len, type)            U16((len) + 4), U16(type)
#define NEST(len, type)            U16((len) + 4), U16((type) | NLA_F_NESTED)
#define ATTR_U32(type, value)      ATTR(4, type), U32(value)
#define ATTR_U8(type, value)       ATTR(1, type), (value), 0, 0, 0
#define ATTR_IP4(type, a, b, c, d) ATTR(4, type), (a), (b), (c), (d)
#define PAD1                       0
#define PAD2                       0, 0
#define PAD3                       0, 0, 0

enum { NL_BYTES_BUFFER = 16384 };

/* A batch on memory that is not zero: padding has to be written as well. */
static inline void start(struct lab_nl *nl)
{
	*nl = (struct lab_nl){ .fd = -1, .cap = NL_BYTES_BUFFER };
	nl->buf = malloc(NL_BYTES_BUFFER);
	assert_non_null(nl->buf);
	memset(nl->buf, 0xee, NL_BYTES_BUFFER);
}

static inline void assert_request(struct lab_nl *nl, const uint8_t *want, size_t len)
{
	assert_int_equal(nl->error, 0);
	for (size_t i = 0; i < LAB_MIN(len, nl->len); i++)
		if (nl->buf[i] != want[i])
			fail_msg("byte %zu is 0x%02x, not 0x%02x", i, nl->buf[i], want[i]);
	assert_int_equal(nl->len, len);
	lab_nl_close(nl);
}

#endif
