/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_map.c - unit tests of netlab/base/map.h: against a model, and where its chains meet */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "netlab/base/map.h"
#include "netlab/base/util.h"

enum {
	KEYS = 512,
	STEPS = 20000,
	SEEDS = 12,
	MANY = 100000,
};

static bool no_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

/* A generator with a seed of its own: a failure can be repeated. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void a_zeroed_map_is_empty(LAB_UNUSED void **state)
{
	struct lab_map map = { 0 };
	size_t pos = 0;

	assert_null(lab_map_get(&map, 0));
	assert_null(lab_map_get(&map, UINT64_MAX));
	assert_null(lab_map_remove(&map, 1));
	assert_null(lab_map_next(&map, &pos));
	lab_map_fini(&map);
}

static void setting_again_replaces(LAB_UNUSED void **state)
{
	struct lab_map map = { 0 };
	int a, b;

	assert_int_equal(lab_map_set(&map, 7, &a), 0);
	assert_int_equal(lab_map_set(&map, 7, &b), 0);
	assert_int_equal(map.n, 1);
	assert_ptr_equal(lab_map_get(&map, 7), &b);
	assert_ptr_equal(lab_map_remove(&map, 7), &b);
	assert_null(lab_map_remove(&map, 7));
	assert_int_equal(map.n, 0);
	lab_map_fini(&map);
}

static void a_finished_map_can_be_used_again(LAB_UNUSED void **state)
{
	struct lab_map map = { 0 };
	int a;

	assert_int_equal(lab_map_set(&map, 1, &a), 0);
	lab_map_fini(&map);
	assert_null(lab_map_get(&map, 1));
	assert_int_equal(lab_map_set(&map, 2, &a), 0);
	assert_ptr_equal(lab_map_get(&map, 2), &a);
	lab_map_fini(&map);
	lab_map_fini(&map);
}

static void without_memory_the_map_stays_as_it_was(LAB_UNUSED void **state)
{
	struct lab_map map = { 0 };
	size_t n = 0;
	int a;

	no_memory = true;
	assert_int_equal(lab_map_set(&map, 1, &a), -ENOMEM);
	no_memory = false;
	assert_null(lab_map_get(&map, 1));
	while ((map.n + 1) * 4 <= map.cap * 3 || n == 0)
		assert_int_equal(lab_map_set(&map, n++, &a), 0);
	no_memory = true;
	assert_int_equal(lab_map_set(&map, n, &a), -ENOMEM);
	no_memory = false;
	assert_int_equal(map.n, n);
	assert_null(lab_map_get(&map, n));
	for (size_t key = 0; key < n; key++)
		assert_ptr_equal(lab_map_get(&map, key), &a);
	lab_map_fini(&map);
}

static void consecutive_numbers_do_not_crowd(LAB_UNUSED void **state)
{
	struct lab_map map = { 0 };
	size_t longest = 0, run = 0;
	int a;

	for (uint64_t key = 1; key <= MANY; key++)
		assert_int_equal(lab_map_set(&map, key, &a), 0);
	assert_int_equal(map.n, MANY);
	for (size_t i = 0; i < map.cap; i++) {
		run = map.slots[i].value ? run + 1 : 0;
		longest = LAB_MAX(longest, run);
	}
	assert_true(longest < 100);
	lab_map_fini(&map);
}

/* Does the walk meet each pair once? */
static void assert_walk(const struct lab_map *map, char *const model[KEYS], char *values)
{
	bool seen[KEYS] = { false };
	size_t pos = 0, n = 0;
	const char *value;

	while ((value = lab_map_next(map, &pos)) != NULL) {
		size_t key = (size_t)(value - values) % KEYS;

		assert_ptr_equal(model[key], value);
		assert_false(seen[key]);
		seen[key] = true;
		n++;
	}
	assert_int_equal(n, map->n);
	assert_null(lab_map_next(map, &pos));
}

static uint64_t spread(unsigned int kind, size_t key)
{
	switch (kind) {
	case 0:
		return key;
	case 1: /* few different bits where the hash takes them from */
		return (uint64_t)key << 48;
	case 2:
		return UINT64_MAX - key * 1024;
	default:
		return key * 0x100000001ULL;
	}
}

/* Few keys in a small table: chains grow together, wrap around its end, and are cut in their middle. */
static void compare_with_model(uint64_t seed, unsigned int kind, size_t n_keys)
{
	static char values[2 * KEYS];
	char *model[KEYS] = { NULL };
	struct lab_map map = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < STEPS; i++) {
		size_t key = next_random(&seed) % n_keys;
		uint64_t what = next_random(&seed) % 16;
		char *value = &values[key + (next_random(&seed) % 2 ? KEYS : 0)];

		if (what < 6) {
			assert_int_equal(lab_map_set(&map, spread(kind, key), value), 0);
			n += model[key] == NULL;
			model[key] = value;
		} else if (what < 12) {
			assert_ptr_equal(lab_map_remove(&map, spread(kind, key)), model[key]);
			n -= model[key] != NULL;
			model[key] = NULL;
		} else {
			assert_ptr_equal(lab_map_get(&map, spread(kind, key)), model[key]);
		}
		assert_int_equal(map.n, n);
		if (i % 4096 == 0)
			assert_walk(&map, model, values);
	}
	for (size_t key = 0; key < n_keys; key++)
		assert_ptr_equal(lab_map_get(&map, spread(kind, key)), model[key]);
	assert_walk(&map, model, values);
	lab_map_fini(&map);
}

static void random_operations_agree_with_a_model(LAB_UNUSED void **state)
{
	static const size_t n_keys[] = { 1, 12, 13, 100, KEYS };

	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		for (size_t i = 0; i < LAB_ARRAY_SIZE(n_keys); i++)
			compare_with_model(seed * 0x9e3779b97f4a7c15ULL, seed % 4, n_keys[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zeroed_map_is_empty),
		cmocka_unit_test(setting_again_replaces),
		cmocka_unit_test(a_finished_map_can_be_used_again),
		cmocka_unit_test(without_memory_the_map_stays_as_it_was),
		cmocka_unit_test(consecutive_numbers_do_not_crowd),
		cmocka_unit_test(random_operations_agree_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
