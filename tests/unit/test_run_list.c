/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_run_list.c - the order that a seed decides */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "netlab/cli/cmd_run.h"

enum { N = 5 };

static void order(uint64_t seed, char ret[N + 1])
{
	char names[N][2] = { "a", "b", "c", "d", "e" };
	char *paths[N];
	size_t i;

	for (i = 0; i < N; i++)
		paths[i] = names[i];
	lab_run_shuffle(paths, N, &seed);
	for (i = 0; i < N; i++)
		ret[i] = *paths[i];
	ret[N] = '\0';
}

static void a_seed_has_one_order_for_ever(void **state)
{
	char got[N + 1];

	(void)state;
	/* Written down when it was made: who has noted a seed finds the order again. */
	order(0, got);
	assert_string_equal(got, "cdbea");
	order(1, got);
	assert_string_equal(got, "cbeda");
	order(UINT64_MAX, got);
	assert_string_equal(got, "cadeb");
}

static void every_path_is_there_once(void **state)
{
	uint64_t seed;
	char got[N + 1];
	const char *c;

	(void)state;
	for (seed = 0; seed < 1000; seed++) {
		order(seed, got);
		for (c = "abcde"; *c; c++) {
			assert_non_null(strchr(got, *c));
			assert_ptr_equal(strchr(got, *c), strrchr(got, *c));
		}
	}
}

static void every_path_comes_to_every_place_about_as_often(void **state)
{
	unsigned int count[N][N] = { 0 };
	uint64_t seed;
	char got[N + 1];
	size_t i, k;

	(void)state;
	for (seed = 0; seed < 5000; seed++) {
		order(seed, got);
		for (i = 0; i < N; i++)
			count[i][got[i] - 'a']++;
	}
	/* 1000 expected, standard deviation 28. */
	for (i = 0; i < N; i++) {
		for (k = 0; k < N; k++)
			assert_in_range(count[i][k], 850, 1150);
	}
}

static void nothing_and_one_path_are_in_order(void **state)
{
	uint64_t seed = 5;
	char name[] = "a", *path = name;

	(void)state;
	lab_run_shuffle(NULL, 0, &seed);
	lab_run_shuffle(&path, 1, &seed);
	assert_ptr_equal(path, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_has_one_order_for_ever),
		cmocka_unit_test(every_path_is_there_once),
		cmocka_unit_test(every_path_comes_to_every_place_about_as_often),
		cmocka_unit_test(nothing_and_one_path_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
