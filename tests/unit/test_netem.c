/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_netem.c - unit tests of netlab/nl/netem.h: what is accepted, and the exact words for what is not */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/nl/netem.h"

static int set(struct lab_netem *netem, const char *child, const struct lab_option *options,
	       size_t n)
{
	return lab_netem_set(netem, child, options, n, NULL, NULL);
}

static void every_child_is_taken(LAB_UNUSED void **state)
{
	const struct lab_option delay[] = { { .name = "time", .value = "10ms" },
					    { .name = "jitter", .value = "500" },
					    { .name = "correlation", .value = "25%" },
					    { .name = "distribution", .value = "pareto" } };
	const struct lab_option chance[] = { { .name = "percent", .value = "0.5" },
					     { .name = "correlation", .value = "10" },
					     { .name = "gap_distance", .value = "5" } };
	const struct lab_option rate = { .name = "rate", .value = "10mbit" };
	const struct lab_option limit = { .name = "packets", .value = "50" };
	static const struct lab_netem want = {
		.delay_us = 10000,
		.jitter_us = 500,
		.delay_correlation = 25000000,
		.dist = LAB_DIST_PARETO,
		.loss = { 500000, 10000000 },
		.duplication = { 500000, 10000000 },
		.corrupt = { 500000, 0 },
		.reordering = { 500000, 10000000 },
		.gap = 5,
		.rate_bps = 10000000,
		.limit = 50,
	};
	struct lab_netem netem;

	memset(&netem, 0, sizeof(netem));
	assert_false(lab_netem_any(&netem));
	assert_int_equal(set(&netem, "delay", delay, 4), 0);
	assert_int_equal(set(&netem, "loss", chance, 2), 0);
	assert_int_equal(set(&netem, "duplication", chance, 2), 0);
	assert_int_equal(set(&netem, "corrupt", chance, 1), 0);
	assert_int_equal(set(&netem, "reordering", chance, 3), 0);
	assert_int_equal(set(&netem, "rate", &rate, 1), 0);
	assert_int_equal(set(&netem, "limit", &limit, 1), 0);
	assert_int_equal(lab_netem_check(&netem, NULL), 0);
	assert_true(lab_netem_any(&netem));
	assert_int_equal(netem.dist, want.dist);
	assert_int_equal(netem.delay_us, want.delay_us);
	assert_int_equal(netem.jitter_us, want.jitter_us);
	assert_int_equal(netem.delay_correlation, want.delay_correlation);
	assert_memory_equal(&netem.loss, &want.loss, sizeof(want.loss));
	assert_memory_equal(&netem.duplication, &want.duplication, sizeof(want.duplication));
	assert_memory_equal(&netem.corrupt, &want.corrupt, sizeof(want.corrupt));
	assert_memory_equal(&netem.reordering, &want.reordering, sizeof(want.reordering));
	assert_int_equal(netem.gap, want.gap);
	assert_int_equal(netem.rate_bps, want.rate_bps);
	assert_int_equal(netem.limit, want.limit);
}

static void without_jitter_the_rest_is_left_out(LAB_UNUSED void **state)
{
	const struct lab_option delay[] = { { .name = "correlation", .value = "25%" },
					    { .name = "distribution", .value = "normal" },
					    { .name = "time", .value = "1s" } };
	struct lab_netem netem = { .gap = 0 };

	assert_int_equal(set(&netem, "delay", delay, 3), 0);
	assert_int_equal(netem.delay_us, 1000000);
	assert_int_equal(netem.delay_correlation, 0);
	assert_int_equal(netem.dist, LAB_DIST_NONE);
}

static void a_child_without_options_is_nothing(LAB_UNUSED void **state)
{
	struct lab_netem netem = { .gap = 0 };

	assert_int_equal(set(&netem, "loss", NULL, 0), 0);
	assert_false(lab_netem_any(&netem));
}

static void each_mistake_is_named(LAB_UNUSED void **state)
{
	static const struct {
		const char *child, *name, *value, *said;
		size_t at;
	} cases[] = {
		{ "delay", "jitter", "10ms", "delay needs the option time", 1 },
		{ "delay", "tiem", "10ms", "no option tiem for delay; did you mean time?", 0 },
		{ "delay", "time", "10 ms",
		  "option time: \"10 ms\" is not a time such as 10ms, 500us or 1.5s", 0 },
		{ "delay", "time", "10.5",
		  "option time: \"10.5\" is not a time such as 10ms, 500us or 1.5s", 0 },
		{ "delay", "time", "1h", "option time: \"1h\" is more than 2000 s", 0 },
		{ "delay", "distribution", "gauss",
		  "option distribution: \"gauss\" is none of uniform, normal, pareto, paretonormal",
		  0 },
		{ "loss", "percent", "101%",
		  "option percent: \"101%\" is not a percentage of 0 to 100", 0 },
		{ "loss", "percent", "", "option percent: \"\" is not a percentage of 0 to 100",
		  0 },
		{ "loss", "correlation", "1", "loss needs the option percent", 1 },
		{ "corrupt", "gap_distance", "1",
		  "no option gap_distance for corrupt; it has percent, correlation", 0 },
		{ "reordering", "gap_distance", "-1",
		  "option gap_distance: \"-1\" is not a number of 0 to 4294967295", 0 },
		{ "rate", "rate", "fast", "option rate: \"fast\" is not a rate such as 10mbit", 0 },
		{ "rate", "rate", "0", "option rate: \"0\" is not a rate such as 10mbit", 0 },
		{ "limit", "packets", "0",
		  "option packets: \"0\" is not a number of 1 to 4294967295", 0 },
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		const struct lab_option option = { .name = cases[i].name,
						   .value = cases[i].value,
						   .src = { .file = "a.xml", .line = 3 } };
		struct lab_netem netem = { .gap = 7 };
		struct lab_err err = { .code = 0 };
		size_t failed = 99;

		assert_int_equal(lab_netem_set(&netem, cases[i].child, &option, 1, &failed, &err),
				 -EINVAL);
		assert_string_equal(err.msg, cases[i].said);
		assert_int_equal(failed, cases[i].at);
		assert_int_equal(err.src.line, failed ? 0 : 3);
		assert_int_equal(netem.gap, 7);
		assert_int_equal(netem.delay_us, 0);
	}
}

static void unknown_children_are_named(LAB_UNUSED void **state)
{
	struct lab_netem netem = { .gap = 0 };
	struct lab_err err;

	assert_int_equal(lab_netem_set(&netem, "delai", NULL, 0, NULL, &err), -ENOENT);
	assert_string_equal(err.msg, "netem has no delai; did you mean delay?");
	assert_null(lab_netem_child("delai"));
	assert_string_equal(lab_netem_child("loss")->name, "percent");
}

static void parts_have_to_fit(LAB_UNUSED void **state)
{
	struct lab_netem netem = { .reordering = { 1, 0 } };
	struct lab_err err;

	assert_int_equal(lab_netem_check(&netem, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "reordering needs a delay: packets are sent ahead of those that are "
			    "delayed");
	netem.delay_us = 1;
	assert_int_equal(lab_netem_check(&netem, &err), 0);
	netem.reordering.percent = 0;
	netem.gap = 5;
	assert_int_equal(lab_netem_check(&netem, &err), -EINVAL);
	assert_string_equal(err.msg, "reordering: gap_distance needs a percent above 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_child_is_taken),
		cmocka_unit_test(without_jitter_the_rest_is_left_out),
		cmocka_unit_test(a_child_without_options_is_nothing),
		cmocka_unit_test(each_mistake_is_named),
		cmocka_unit_test(unknown_children_are_named),
		cmocka_unit_test(parts_have_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
