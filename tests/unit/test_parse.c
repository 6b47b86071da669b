/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_parse.c - unit tests of netlab/base/parse.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"

#define UNTOUCHED 0xabcdefu
#define YEAR_S    UINT64_C(31536000)

struct number_case {
	const char *text;
	int r;
	uint64_t value; /* when r is 0 */
};

static void check(const struct number_case *c, int r, uint64_t value)
{
	if (r != c->r || value != (r == 0 ? c->value : UNTOUCHED))
		fail_msg("\"%s\": %d, %ju", c->text, r, (uintmax_t)value);
}

static void whole_numbers(LAB_UNUSED void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "7", 0, 7 },
		{ "007", 0, 7 },
		{ "0x1F", 0, 31 },
		{ "0Xff", 0, 255 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "00000000000000000000000000000001", 0, 1 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "0x10000000000000000", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1\n", -EINVAL, 0 },
		{ "12a", -EINVAL, 0 },
		{ "0x1g", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "99999999999999999999999999x", -EINVAL, 0 },
		{ "\xd9\xa1", -EINVAL, 0 },
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		uint64_t v = UNTOUCHED;
		int r = lab_parse_u64(cases[i].text, 0, UINT64_MAX, &v);

		check(&cases[i], r, v);
	}
}

static void bounds_belong_to_the_range(LAB_UNUSED void **state)
{
	unsigned int v = UNTOUCHED;
	uint64_t w = UNTOUCHED;

	assert_int_equal(lab_parse_uint("68", 68, 9000, &v), 0);
	assert_int_equal(v, 68);
	assert_int_equal(lab_parse_uint("9000", 68, 9000, &v), 0);
	assert_int_equal(v, 9000);
	assert_int_equal(lab_parse_uint("67", 68, 9000, &v), -ERANGE);
	assert_int_equal(lab_parse_uint("9001", 68, 9000, &v), -ERANGE);
	assert_int_equal(lab_parse_uint("4294967296", 0, UINT32_MAX, &v), -ERANGE);
	assert_int_equal(lab_parse_uint("nine", 68, 9000, &v), -EINVAL);
	assert_int_equal(v, 9000);
	assert_int_equal(lab_parse_u64("4", 5, 10, &w), -ERANGE);
	assert_int_equal(lab_parse_u64("11", 5, 10, &w), -ERANGE);
	assert_int_equal(w, UNTOUCHED);
}

static void sizes(LAB_UNUSED void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "64k", 0, 65536 },
		{ "64K", 0, 65536 },
		{ "64KiB", 0, 65536 },
		{ "64kB", 0, 64000 },
		{ "16M", 0, 16777216 },
		{ "16MiB", 0, 16777216 },
		{ "16MB", 0, 16000000 },
		{ "2G", 0, 2147483648 },
		{ "2GiB", 0, 2147483648 },
		{ "2GB", 0, 2000000000 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "8589934591G", 0, INT64_MAX - (INT64_C(1) << 30) + 1 },
		{ "8589934592G", -ERANGE, 0 },
		{ "18446744073709551616G", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ "64 k", -EINVAL, 0 },
		{ "64KB", -EINVAL, 0 },
		{ "64kib", -EINVAL, 0 },
		{ "64B", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1.5M", -EINVAL, 0 },
		{ "-1k", -EINVAL, 0 },
		{ "1T", -EINVAL, 0 },
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		uint64_t v = UNTOUCHED;
		int r = lab_parse_size(cases[i].text, &v);

		check(&cases[i], r, v);
	}
}

static void durations(LAB_UNUSED void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "5", 0, 5000000 },
		{ "1.5", 0, 1500000 },
		{ "10us", 0, 10 },
		{ "10ms", 0, 10000 },
		{ "0.25ms", 0, 250 },
		{ "3s", 0, 3000000 },
		{ "2m", 0, 120000000 },
		{ "2min", 0, 120000000 },
		{ "1h", 0, UINT64_C(3600000000) },
		{ "1.5h", 0, UINT64_C(5400000000) },
		{ "0.000001s", 0, 1 },
		{ "0.0000019s", 0, 1 },
		{ "0.9us", 0, 0 },
		{ "1.000000000000000000000000000001", 0, 1000000 },
		{ "87600h", 0, UINT64_C(87600) * 3600 * 1000000 },
		{ "315360000000000us", 0, YEAR_S * 10 * 1000000 },
		{ "11000000h", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709551615h", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ ".5s", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ "1,5s", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "1d", -EINVAL, 0 },
		{ "10usecs", 0, 10 },
		{ "10msec", 0, 10000 },
		{ "2secs", 0, 2000000 },
		{ "9223372036854775807h", -ERANGE, 0 },
		{ "1.2.3", -EINVAL, 0 },
		{ "99999999999999999999d", -EINVAL, 0 },
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		uint64_t v = UNTOUCHED;
		int r = lab_parse_duration(cases[i].text, &v);

		check(&cases[i], r, v);
	}
}

static void thousandths(LAB_UNUSED void **state)
{
	static const char *const bad[] = { "",   ".5", "1.",  "-1",   "+1",
					   "1 ", " 1", "1,5", "1.5x", "0x1" };
	uint32_t v = 7;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++)
		assert_int_equal(lab_parse_milli(bad[i], &v), -EINVAL);
	assert_int_equal(lab_parse_milli("4294967", &v), -ERANGE);
	assert_int_equal(lab_parse_milli("99999999999999999999999", &v), -ERANGE);
	assert_int_equal(v, 7);
	assert_int_equal(lab_parse_milli("2", &v), 0);
	assert_int_equal(v, 2000);
	assert_int_equal(lab_parse_milli("0.5", &v), 0);
	assert_int_equal(v, 500);
	assert_int_equal(lab_parse_milli("1.0019", &v), 0);
	assert_int_equal(v, 1001);
}

static void percentages(LAB_UNUSED void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "5", 0, 5000000 },
		{ "5%", 0, 5000000 },
		{ "0.1%", 0, 100000 },
		{ "0.0000019", 0, 1 },
		{ "99.999999", 0, 99999999 },
		{ "100%", 0, 100000000 },
		{ "100.000001", -ERANGE, 0 },
		{ "18446744073709551616%", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "%", -EINVAL, 0 },
		{ "5 %", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "5.", -EINVAL, 0 },
		{ "ten", -EINVAL, 0 },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		uint64_t v = UNTOUCHED;
		int r = lab_parse_percent(cases[i].text, &v);

		check(&cases[i], r, v);
	}
}

static void rates(LAB_UNUSED void **state)
{
	static const struct number_case cases[] = {
		{ "9600", 0, 9600 },
		{ "10kbit", 0, 10000 },
		{ "1.5Mbit", 0, 1500000 },
		{ "10GBIT", 0, UINT64_C(10000000000) },
		{ "1.5tbit", 0, UINT64_C(1500000000000) },
		{ "1.000000001gbit", 0, 1000000001 },
		{ "1kibit", 0, 1024 },
		{ "1mibit", 0, 1048576 },
		{ "1gibit", 0, 1073741824 },
		{ "1bps", 0, 8 },
		{ "2kbps", 0, 16000 },
		{ "1mbps", 0, 8000000 },
		{ "1gbps", 0, UINT64_C(8000000000) },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "99999999999tbit", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "mbit", -EINVAL, 0 },
		{ "10 mbit", -EINVAL, 0 },
		{ "10mb", -EINVAL, 0 },
		{ "10000000000000000000000000000000000000000000000000000000000000000", -EINVAL, 0 },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		uint64_t v = UNTOUCHED;
		int r = lab_parse_rate(cases[i].text, &v);

		check(&cases[i], r, v);
	}
}

static void yes_and_no(LAB_UNUSED void **state)
{
	static const char *const yes[] = { "yes", "YES", "true", "True", "on", "oN", "1" };
	static const char *const no[] = { "no", "No", "false", "FALSE", "off", "0" };
	static const char *const bad[] = { "", "y", "n", "2", "01", "yes ", " no", "offf", "ye" };
	bool v;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(yes); i++) {
		v = false;
		assert_int_equal(lab_parse_bool(yes[i], &v), 0);
		assert_true(v);
	}
	for (i = 0; i < LAB_ARRAY_SIZE(no); i++) {
		v = true;
		assert_int_equal(lab_parse_bool(no[i], &v), 0);
		assert_false(v);
	}
	for (i = 0; i < LAB_ARRAY_SIZE(bad); i++)
		assert_int_equal(lab_parse_bool(bad[i], &v), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers), cmocka_unit_test(bounds_belong_to_the_range),
		cmocka_unit_test(sizes),         cmocka_unit_test(durations),
		cmocka_unit_test(percentages),   cmocka_unit_test(rates),
		cmocka_unit_test(yes_and_no),    cmocka_unit_test(thousandths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
