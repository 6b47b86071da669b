/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.c - length-prefixed frames: the codec under rpc.h, without I/O */
#include "netlab/rpc/frame.h"

#include <errno.h>

int lab_frame_decode(const uint8_t *buf, size_t len, size_t max, struct lab_frame *ret)
{
	uint32_t n;

	if (len < 4)
		return 0;
	n = (uint32_t)buf[0] << 24 | (uint32_t)buf[1] << 16 | (uint32_t)buf[2] << 8 | buf[3];
	if (n < 1 || n > max)
		return -EMSGSIZE;
	if (len < LAB_FRAME_HEADER)
		return 0;
	if (buf[4] != LAB_FRAME_JSON && buf[4] != LAB_FRAME_BLOCK)
		return -EBADMSG;
	if (len - 4 < n)
		return 0;
	ret->type = (enum lab_frame_type)buf[4];
	ret->body = buf + LAB_FRAME_HEADER;
	ret->len = n - 1;
	ret->size = (size_t)n + 4;
	return 1;
}

void lab_frame_encode_header(enum lab_frame_type type, size_t body_len,
			     uint8_t ret[LAB_FRAME_HEADER])
{
	uint32_t n = (uint32_t)body_len + 1;

	ret[0] = (uint8_t)(n >> 24);
	ret[1] = (uint8_t)(n >> 16);
	ret[2] = (uint8_t)(n >> 8);
	ret[3] = (uint8_t)n;
	ret[4] = (uint8_t)type;
}
