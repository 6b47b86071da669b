/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_strbuf.c - unit tests of netlab/base/strbuf.h; linked with --wrap=realloc */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "netlab/base/strbuf.h"

static unsigned int allocations, fail_at; /* fail_at 0: none fails */

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_realloc(void *p, size_t size)
{
	return ++allocations == fail_at ? NULL : __real_realloc(p, size);
}

static int reset(LAB_UNUSED void **state)
{
	allocations = 0;
	fail_at = 0;
	return 0;
}

static void unwritten_buffer_is_the_empty_string(LAB_UNUSED void **state)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	cleanup_free char *s = NULL;

	assert_string_equal(lab_strbuf_str(&sb), "");
	lab_strbuf_consume(&sb, 0);
	assert_int_equal(lab_strbuf_take(&sb, &s), 0);
	assert_string_equal(s, "");
	lab_strbuf_fini(&sb);
}

static void all_ways_to_append(LAB_UNUSED void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_puts(&sb, "a");
	lab_strbuf_putc(&sb, 'b');
	lab_strbuf_add(&sb, "c\0d", 3);
	lab_strbuf_add(&sb, NULL, 0);
	lab_strbuf_printf(&sb, "%d-%s", 42, "e");
	assert_int_equal(sb.len, 9);
	assert_memory_equal(sb.data, "abc\0d42-e", 10);
	assert_int_equal(sb.error, 0);
}

static void printf_longer_than_the_room(LAB_UNUSED void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char word[1000];
	size_t len;

	memset(word, 'w', sizeof(word));
	for (len = 0; len < sizeof(word); len += 7) {
		lab_strbuf_reset(&sb);
		lab_strbuf_printf(&sb, "<%.*s>", (int)len, word);
		assert_int_equal(sb.len, len + 2);
		assert_int_equal(sb.data[sb.len - 1], '>');
		assert_int_equal(strlen(sb.data), sb.len);
	}
}

static void consume_drops_from_the_front(LAB_UNUSED void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_puts(&sb, "hello world");
	lab_strbuf_consume(&sb, 6);
	assert_string_equal(lab_strbuf_str(&sb), "world");
	lab_strbuf_consume(&sb, 5);
	assert_string_equal(lab_strbuf_str(&sb), "");
	assert_int_equal(sb.len, 0);
}

static void take_moves_the_bytes(LAB_UNUSED void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	cleanup_free char *s = NULL;

	lab_strbuf_puts(&sb, "gone");
	assert_int_equal(lab_strbuf_take(&sb, &s), 0);
	assert_string_equal(s, "gone");
	assert_null(sb.data);
	lab_strbuf_puts(&sb, "new");
	assert_string_equal(lab_strbuf_str(&sb), "new");
}

static void out_of_memory_is_latched(LAB_UNUSED void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char many[300], *s = NULL;

	memset(many, 'm', sizeof(many));
	fail_at = 2;
	lab_strbuf_puts(&sb, "kept");
	lab_strbuf_add(&sb, many, sizeof(many));
	assert_int_equal(sb.error, -ENOMEM);
	lab_strbuf_puts(&sb, "not");
	lab_strbuf_printf(&sb, "not");
	assert_string_equal(lab_strbuf_str(&sb), "kept");
	assert_int_equal(lab_strbuf_take(&sb, &s), -ENOMEM);
	assert_null(s);
	assert_int_equal(sb.error, 0);
	assert_string_equal(lab_strbuf_str(&sb), "");
}

static void out_of_memory_at_each_allocation(LAB_UNUSED void **state)
{
	unsigned int n;
	int r = -ENOMEM;

	for (n = 1; r < 0; n++) {
		cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
		cleanup_free char *s = NULL;

		assert_true(n < 20);
		allocations = 0;
		fail_at = n;
		lab_strbuf_printf(&sb, "%100d", 1);
		lab_strbuf_printf(&sb, "%500d", 1);
		lab_strbuf_puts(&sb, "end");
		r = lab_strbuf_take(&sb, &s);
		assert_true(r == 0 || r == -ENOMEM);
		if (r == 0)
			assert_int_equal(strlen(s), 603);
	}
	assert_true(n > 2);
}

static void absurd_length_is_refused(LAB_UNUSED void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	lab_strbuf_puts(&sb, "x");
	lab_strbuf_add(&sb, "y", SIZE_MAX);
	assert_int_equal(sb.error, -ENOMEM);
	lab_strbuf_reset(&sb);
	assert_int_equal(sb.error, 0);
	lab_strbuf_add(&sb, "y", SIZE_MAX / 2);
	assert_int_equal(sb.error, -ENOMEM);
}

static void nearest_name(LAB_UNUSED void **state)
{
	static const char *const names[] = { "network", "host", "interfaces", "eth", "task", NULL };
	static const char *const one[] = { "a", NULL };
	char word[100];

	assert_string_equal(lab_str_nearest("netwrok", names), "network");
	assert_string_equal(lab_str_nearest("hosts", names), "host");
	assert_string_equal(lab_str_nearest("interface", names), "interfaces");
	assert_string_equal(lab_str_nearest("etn", names), "eth");
	assert_null(lab_str_nearest("qqq", names));
	assert_null(lab_str_nearest("", names));
	assert_string_equal(lab_str_nearest("b", one), "a");
	memset(word, 'x', sizeof(word));
	word[99] = '\0';
	assert_null(lab_str_nearest(word, names));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(unwritten_buffer_is_the_empty_string, reset),
		cmocka_unit_test_setup(all_ways_to_append, reset),
		cmocka_unit_test_setup(printf_longer_than_the_room, reset),
		cmocka_unit_test_setup(consume_drops_from_the_front, reset),
		cmocka_unit_test_setup(take_moves_the_bytes, reset),
		cmocka_unit_test_setup(out_of_memory_is_latched, reset),
		cmocka_unit_test_setup(out_of_memory_at_each_allocation, reset),
		cmocka_unit_test_setup(absurd_length_is_refused, reset),
		cmocka_unit_test_setup(nearest_name, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
