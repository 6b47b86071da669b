/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_expr.c - unit tests of slave-image/modules/expr.c: conditions on results */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "slave-image/modules/expr.c"  /* NOLINT(bugprone-suspicious-include) */
#include "slave-image/modules/parse.c" /* NOLINT(bugprone-suspicious-include) */

static const char *lookup(const char *name, void *user)
{
	static const char *const results[][2] = { { "n", "5" },        { "zero", "0" },
						  { "minus", "-1.5" }, { "status", "pass" },
						  { "empty", "" },     { "mixed", "5 apples" } };
	size_t i;

	(void)user;
	for (i = 0; i < LAB_ARRAY_SIZE(results); i++) {
		if (strcmp(results[i][0], name) == 0)
			return results[i][1];
	}
	return NULL;
}

static void conditions_are_those_of_python(void **state)
{
	static const struct {
		const char *expr;
		bool value;
	} t[] = {
		{ "n > 0", true },
		{ "n>=5", true },
		{ " n == 5.0 ", true },
		{ "n != 5", false },
		{ "n < 5", false },
		{ "n <= 4", false },
		{ "0 < n < 9", true },
		{ "0 < n < 5", false },
		{ "5 == n == 5", true },
		{ "n", true },
		{ "zero", false },
		{ "not zero", true },
		{ "not not n", true },
		{ "not n == 5", false },
		{ "n > 0 and zero == 0", true },
		{ "n > 9 or zero == 0", true },
		{ "n > 9 or zero and n", false },
		{ "(n > 9 or True) and not False", true },
		{ "n + 2 * 3 == 11", true },
		{ "(n + 2) * 3 == 21", true },
		{ "-n == -5", true },
		{ "--n == 5", true },
		{ "- -n - -1 == 6", true },
		{ "n - 1 - 1 == 3", true },
		{ "n / 2 == 2.5", true },
		{ "n // 2 == 2", true },
		{ "-7 // 2 == -4", true },
		{ "-7 % 3 == 2", true },
		{ "7 % -3 == -2", true },
		{ "minus == -1.5", true },
		{ "status == \"pass\"", true },
		{ "status == 'fail'", false },
		{ "status != 'fail'", true },
		{ "status < 'q'", true },
		{ "status == 5", false },
		{ "status != 5", true },
		{ "empty == ''", true },
		{ "empty", false },
		{ "status", true },
		{ "mixed == '5 apples'", true },
		{ "1e3 == 1000", true },
		{ "0.5 * 2 == 1", true },
	};
	char error[128];
	bool value;
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(t); i++) {
		error[0] = '\0';
		value = !t[i].value;
		if (!mod_expr_eval(t[i].expr, lookup, NULL, &value, error, sizeof(error)) ||
		    value != t[i].value)
			fail_msg("%s is not %d: %s", t[i].expr, t[i].value, error);
	}
}

static void what_is_no_condition_is_an_error(void **state)
{
	static const char *const t[][2] = {
		{ "", "a value is missing at \"\"" },
		{ "n >", "a value is missing at \"\"" },
		{ "n > > 1", "a value is missing at \"> 1\"" },
		{ "n = 5", "\"= 5\" is not understood" },
		{ "n 5", "\"5\" is not understood" },
		{ "(n", "a ) is missing at \"\"" },
		{ "n)", "\")\" is not understood" },
		{ "packets > 0", "there is no result packets" },
		{ "__import__('os').system('true')", "there is no result __import__" },
		{ "n.__class__", "\".__class__\" is not understood" },
		{ "n[0]", "\"[0]\" is not understood" },
		{ "lambda: 1", "there is no result lambda" },
		{ "n if n else n", "\"if n else n\" is not understood" },
		{ "n in (5)", "\"in (5)\" is not understood" },
		{ "n ** 99999999", "a value is missing at \"* 99999999\"" },
		{ "n << 3", "a value is missing at \"< 3\"" },
		{ "status > 5", "a text cannot be compared with a number by >" },
		{ "status + 1", "\"pass\" is not a number" },
		{ "-status", "\"pass\" is not a number" },
		{ "status * 1000000000", "\"pass\" is not a number" },
		{ "n / zero", "division by zero" },
		{ "n % 0", "division by zero" },
		{ "n // 0", "division by zero" },
		{ "status == 'pass", "a string is not ended" },
		{ "status == 'p\\'", "a string with a backslash, or too long" },
		{ "5x > 1", "a value is missing at \"5x > 1\"" },
		{ "0x10", "a value is missing at \"0x10\"" },
		{ "notn", "there is no result notn" },
		{ "n andn", "\"andn\" is not understood" },
		{ "\xff", "a value is missing at \"\xff\"" },
	};
	char error[128];
	bool value;
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(t); i++) {
		error[0] = '\0';
		assert_false(mod_expr_eval(t[i][0], lookup, NULL, &value, error, sizeof(error)));
		assert_string_equal(error, t[i][1]);
	}
}

static void hostile_text_is_bounded(void **state)
{
	char text[8192], error[128];
	bool value = false;

	(void)state;
	memset(text, '(', 1000);
	text[1000] = '\0';
	assert_false(mod_expr_eval(text, lookup, NULL, &value, error, sizeof(error)));
	assert_string_equal(error, "too many parentheses");
	memset(text, '-', 1000);
	text[1000] = 'n';
	text[1001] = '\0';
	assert_true(mod_expr_eval(text, lookup, NULL, &value, error, sizeof(error)));
	assert_true(value);
	memset(text, 'x', 8000);
	text[8000] = '\0';
	assert_false(mod_expr_eval(text, lookup, NULL, &value, error, sizeof(error)));
	assert_string_equal(error, "longer than 1024 bytes");
	text[1000] = '\0';
	assert_false(mod_expr_eval(text, lookup, NULL, &value, error, sizeof(error)));
	assert_string_equal(error, "too long a name");
	text[0] = '"';
	text[999] = '"';
	assert_false(mod_expr_eval(text, lookup, NULL, &value, error, sizeof(error)));
	assert_string_equal(error, "a string with a backslash, or too long");
	memset(text, '9', 1000);
	assert_false(mod_expr_eval(text, lookup, NULL, &value, error, sizeof(error)));
	/* An error is cut to what there is room for. */
	assert_false(mod_expr_eval("packets", lookup, NULL, &value, error, 8));
	assert_string_equal(error, "there i");
}

/* Whatever the bytes are: an answer, and nothing read beyond the end. */
static void random_text_is_survived(void **state)
{
	static const char letters[] = "n0159.()+-*/%<>=!'\" \t_aotrndTF\\\x80";
	char error[64], *text;
	unsigned int seed = 1;
	bool value;
	size_t i, k, len;

	(void)state;
	for (i = 0; i < 20000; i++) {
		seed = seed * 1103515245u + 12345u;
		len = (seed >> 16) % 40;
		text = malloc(len + 1);
		assert_non_null(text);
		for (k = 0; k < len; k++) {
			seed = seed * 1103515245u + 12345u;
			text[k] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		text[len] = '\0';
		(void)mod_expr_eval(text, lookup, NULL, &value, error, sizeof(error));
		free(text);
	}
}

static void condition_is_about_its_first_name(void **state)
{
	const char *name;
	size_t n = 0;

	(void)state;
	name = mod_expr_name("  packets_received > 0", &n);
	assert_int_equal(n, strlen("packets_received"));
	assert_int_equal(strncmp(name, "packets_received", n), 0);
	assert_null(mod_expr_name("0 < n", &n));
	assert_null(mod_expr_name("(n)", &n));
	assert_null(mod_expr_name("", &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_are_those_of_python),
		cmocka_unit_test(what_is_no_condition_is_an_error),
		cmocka_unit_test(hostile_text_is_bounded),
		cmocka_unit_test(random_text_is_survived),
		cmocka_unit_test(condition_is_about_its_first_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
