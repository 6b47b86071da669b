/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_frame.c - unit tests of netlab/rpc/frame.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/rpc/frame.h"

static void header_is_length_and_type(LAB_UNUSED void **state)
{
	static const uint8_t expected[] = { 0x00, 0x01, 0x02, 0x04, 'J' };
	uint8_t header[LAB_FRAME_HEADER];

	lab_frame_encode_header(LAB_FRAME_JSON, 0x010203, header);
	assert_memory_equal(header, expected, sizeof(expected));
}

static void whole_frame_is_found(LAB_UNUSED void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 3, 'B', 'x', 'y', 0, 0 };
	struct lab_frame f;

	assert_int_equal(lab_frame_decode(bytes, sizeof(bytes), 100, &f), 1);
	assert_int_equal(f.type, LAB_FRAME_BLOCK);
	assert_ptr_equal(f.body, bytes + 5);
	assert_int_equal(f.len, 2);
	assert_int_equal(f.size, 7);
}

static void empty_body_is_a_frame(LAB_UNUSED void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 1, 'J' };
	struct lab_frame f;

	assert_int_equal(lab_frame_decode(bytes, sizeof(bytes), 100, &f), 1);
	assert_int_equal(f.len, 0);
	assert_int_equal(f.size, 5);
}

static void every_part_of_a_frame_asks_for_more(LAB_UNUSED void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 4, 'J', '{', '}', ' ' };
	struct lab_frame f;
	size_t len;

	for (len = 0; len < sizeof(bytes); len++)
		assert_int_equal(lab_frame_decode(bytes, len, 100, &f), 0);
}

static void length_is_refused_before_the_body_comes(LAB_UNUSED void **state)
{
	static const uint8_t long_by_one[] = { 0, 0, 0, 101 }, no_type[] = { 0, 0, 0, 0 };
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 'J' }, most[] = { 0, 0, 0, 100 };
	struct lab_frame f;

	assert_int_equal(lab_frame_decode(long_by_one, 4, 100, &f), -EMSGSIZE);
	assert_int_equal(lab_frame_decode(no_type, 4, 100, &f), -EMSGSIZE);
	assert_int_equal(lab_frame_decode(huge, 5, 100, &f), -EMSGSIZE);
	assert_int_equal(lab_frame_decode(most, 4, 100, &f), 0);
}

static void unknown_type_is_refused_before_the_body_comes(LAB_UNUSED void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 9, 'j' };
	struct lab_frame f;

	assert_int_equal(lab_frame_decode(bytes, sizeof(bytes), 100, &f), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_is_length_and_type),
		cmocka_unit_test(whole_frame_is_found),
		cmocka_unit_test(empty_body_is_a_frame),
		cmocka_unit_test(every_part_of_a_frame_asks_for_more),
		cmocka_unit_test(length_is_refused_before_the_body_comes),
		cmocka_unit_test(unknown_type_is_refused_before_the_body_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
