/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_frame.c - frames: whatever comes, no read past the end; what is found can be made again */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/rpc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* A part of a frame must ask for more, or be refused for the same reason as the whole. */
static void check_parts(const uint8_t *data, size_t size, size_t max, int whole)
{
	size_t len = LAB_MIN(size, (size_t)32);
	struct lab_frame f;
	int r;

	while (len-- > 0) {
		r = lab_frame_decode(data, len, max, &f);
		check(r == 0 || r == whole);
		check(r != 1 || f.size <= len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[LAB_FRAME_HEADER];
	struct lab_frame f;
	size_t max;
	int r;

	if (size < 1)
		return 0;
	max = data[0] & 1 ? 16u << 20 : data[0];
	for (data++, size--;; data += f.size, size -= f.size) {
		r = lab_frame_decode(data, size, max, &f);
		check_parts(data, size, max, r);
		if (r != 1)
			return 0;
		check(f.size <= size && f.size == f.len + LAB_FRAME_HEADER && f.len + 1 <= max);
		check(f.body == data + LAB_FRAME_HEADER);
		lab_frame_encode_header(f.type, f.len, header);
		check(memcmp(header, data, sizeof(header)) == 0);
	}
}
