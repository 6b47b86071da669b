/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_err.c - unit tests of netlab/base/err.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "netlab/base/err.h"
#include "netlab/base/util.h"

static void set_returns_minus_code_and_keeps_errno(LAB_UNUSED void **state)
{
	struct lab_err err = { .src = { "old.xml", 3, 4 } };

	errno = EXDEV;
	assert_int_equal(lab_err_set(&err, ENOENT, "host %s", "h1"), -ENOENT);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.msg, "host h1");
	assert_null(err.src.file);
	assert_int_equal(err.src.line, 0);
}

static void no_error_object_is_fine(LAB_UNUSED void **state)
{
	struct lab_src src = { "a.xml", 1, 2 };

	assert_int_equal(lab_err_set(NULL, EPERM, "x"), -EPERM);
	assert_int_equal(lab_err_errno(NULL, EPERM, "x"), -EPERM);
	assert_int_equal(lab_err_prefix(NULL, -EPERM, "x: "), -EPERM);
	assert_int_equal(lab_err_at(NULL, -EPERM, &src), -EPERM);
}

static void errno_text_stands_behind(LAB_UNUSED void **state)
{
	struct lab_err err;

	assert_int_equal(lab_err_errno(&err, ENOENT, "open %s", "f"), -ENOENT);
	assert_string_equal(err.msg, "open f: No such file or directory [ENOENT]");
	(void)lab_err_errno(&err, 99999, "odd");
	assert_string_equal(err.msg, "odd: unknown error [E?]");
}

static void control_characters_stay_out(LAB_UNUSED void **state)
{
	struct lab_err err;
	int r;

	r = lab_err_set(&err, EINVAL, "lab name \"%s\"", "a\nb\033[2J\177");
	assert_string_equal(err.msg, "lab name \"a?b?[2J?\"");
	(void)lab_err_prefix(&err, r, "%s: ", "x\ty");
	assert_string_equal(err.msg, "x?y: lab name \"a?b?[2J?\"");
	(void)lab_err_errno(&err, ENOENT, "open %s", "\303\244\r");
	assert_string_equal(err.msg, "open \303\244?: No such file or directory [ENOENT]");
}

static void prefixes_pile_up_in_front(LAB_UNUSED void **state)
{
	struct lab_err err;
	int r;

	r = lab_err_set(&err, EINVAL, "mtu 10");
	r = lab_err_prefix(&err, r, "link %s: ", "eth2");
	r = lab_err_prefix(&err, r, "host %s: ", "h1");
	assert_int_equal(r, -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.msg, "host h1: link eth2: mtu 10");
}

static void long_text_is_cut_and_terminated(LAB_UNUSED void **state)
{
	char word[600];
	struct lab_err err;

	memset(word, 'x', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	(void)lab_err_set(&err, EIO, "%s", word);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	(void)lab_err_prefix(&err, -EIO, "host: ");
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_memory_equal(err.msg, "host: xxx", 9);
	(void)lab_err_prefix(&err, -EIO, "%s", word);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	(void)lab_err_errno(&err, EIO, "%s", word);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

static void first_place_is_kept(LAB_UNUSED void **state)
{
	struct lab_src inner = { "ping.xml", 12, 7 }, outer = { "ping.xml", 2, 1 };
	struct lab_err err;
	int r;

	r = lab_err_set(&err, EINVAL, "x");
	assert_int_equal(lab_err_at(&err, r, &inner), -EINVAL);
	assert_int_equal(lab_err_at(&err, r, &outer), -EINVAL);
	assert_int_equal(err.src.line, 12);
	assert_int_equal(err.src.col, 7);
}

static void format_is_that_of_compilers(LAB_UNUSED void **state)
{
	struct lab_err err;
	char buf[100], small[10];

	(void)lab_err_set(&err, EINVAL, "bad");
	assert_string_equal(lab_err_format(&err, buf, sizeof(buf)), "error: bad");
	err.src.file = "ping.xml";
	assert_string_equal(lab_err_format(&err, buf, sizeof(buf)), "ping.xml: error: bad");
	err.src.line = 12;
	assert_string_equal(lab_err_format(&err, buf, sizeof(buf)), "ping.xml:12: error: bad");
	err.src.col = 7;
	assert_string_equal(lab_err_format(&err, buf, sizeof(buf)), "ping.xml:12:7: error: bad");
	assert_string_equal(lab_err_format(&err, small, sizeof(small)), "ping.xml:");
}

static void names_of_errno(LAB_UNUSED void **state)
{
	assert_string_equal(lab_err_name(ECONNRESET), "ECONNRESET");
	assert_string_equal(lab_err_name(99999), "E?");
	assert_string_equal(lab_err_name(-1), "E?");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_returns_minus_code_and_keeps_errno),
		cmocka_unit_test(no_error_object_is_fine),
		cmocka_unit_test(errno_text_stands_behind),
		cmocka_unit_test(control_characters_stay_out),
		cmocka_unit_test(prefixes_pile_up_in_front),
		cmocka_unit_test(long_text_is_cut_and_terminated),
		cmocka_unit_test(first_place_is_kept),
		cmocka_unit_test(format_is_that_of_compilers),
		cmocka_unit_test(names_of_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
