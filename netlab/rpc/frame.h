/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.h - length-prefixed frames: the codec under rpc.h, without I/O */
#ifndef NETLAB_RPC_FRAME_H
#define NETLAB_RPC_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* Bytes before the body: 4 of length (which counts the type byte and the body), 1 of type. */
#define LAB_FRAME_HEADER 5u

enum lab_frame_type {
	LAB_FRAME_JSON = 'J',
	LAB_FRAME_BLOCK = 'B',
};

/**
 * struct lab_frame - one frame inside a buffer
 * @type:	what it is
 * @body:	borrowed from the buffer
 * @len:	bytes of body
 * @size:	bytes of the whole frame with its header
 */
struct lab_frame {
	enum lab_frame_type type;
	const uint8_t *body;
	size_t len, size;
};

/**
 * lab_frame_decode() - Find the first frame of a buffer
 * @buf:	bytes received so far
 * @len:	how many
 * @max:	largest length to accept, of the type byte and the body together
 * @ret:	the frame, when there is a whole one
 *
 * Return: 1 a whole frame, 0 more bytes are needed, -EBADMSG unknown type, -EMSGSIZE longer than
 * @max or shorter than a type byte.
 */
int lab_frame_decode(const uint8_t *buf, size_t len, size_t max, struct lab_frame *ret);

/**
 * lab_frame_encode_header() - Write a frame's header
 * @type:	what it is
 * @body_len:	bytes of body that follow
 * @ret:	written
 */
void lab_frame_encode_header(enum lab_frame_type type, size_t body_len,
			     uint8_t ret[LAB_FRAME_HEADER]);

#endif
