/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_unit.c - numbers, sizes, durations, percentages, rates, yes and no: any text, within bounds or not at all */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNTOUCHED UINT64_C(0xa5a5a5a5a5a5a5a5)

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* A refusal leaves the result alone; what is accepted can be written and read again. */
static void check_result(int r, uint64_t value, uint64_t max)
{
	uint64_t again = UNTOUCHED;
	char text[32];

	check(r == 0 || r == -EINVAL || r == -ERANGE);
	if (r < 0) {
		check(value == UNTOUCHED);
		return;
	}
	check(value <= max);
	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	check(lab_parse_u64(text, value, value, &again) == 0 && again == value);
}

static void check_bounds(const char *s)
{
	unsigned int v = 0;
	uint64_t w = UNTOUCHED;
	int r, all;

	all = lab_parse_u64(s, 0, UINT64_MAX, &w);
	r = lab_parse_uint(s, 1280, 65535, &v);
	check(r == 0 ? v >= 1280 && v <= 65535 && w == v : v == 0);
	if (all == 0 && w >= 1280 && w <= 65535)
		check(r == 0);
	if (all == -EINVAL)
		check(r == -EINVAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *s = malloc(size + 1);
	bool flag = false;
	uint64_t v;
	int r;

	if (!s)
		return 0;
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';

	v = UNTOUCHED;
	r = lab_parse_u64(s, 0, UINT64_MAX, &v);
	check_result(r, v, UINT64_MAX);
	check_bounds(s);
	v = UNTOUCHED;
	r = lab_parse_size(s, &v);
	check_result(r, v, INT64_MAX);
	v = UNTOUCHED;
	r = lab_parse_duration(s, &v);
	check_result(r, v, UINT64_C(3660) * 86400 * 1000000);
	v = UNTOUCHED;
	r = lab_parse_percent(s, &v);
	check_result(r, v, 100000000);
	v = UNTOUCHED;
	r = lab_parse_rate(s, &v);
	check_result(r, v, INT64_MAX);
	r = lab_parse_bool(s, &flag);
	check(r == 0 || (r == -EINVAL && !flag));
	return 0;
}
