/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_digest.c - unit tests of netlab/rpc/digest.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "netlab/base/util.h"
#include "netlab/rpc/digest.h"

#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_LONG    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

/* FIPS 180-4's examples: "", "abc", and a million times "a". */
static void known_bytes_have_known_digests(LAB_UNUSED void **state)
{
	char text[LAB_DIGEST_STRLEN];

	lab_digest_mem(NULL, 0, text);
	assert_string_equal(text, OF_NOTHING);
	lab_digest_mem("abc", 3, text);
	assert_string_equal(text, OF_ABC);
}

static void file_is_read_from_its_offset_to_its_end(LAB_UNUSED void **state)
{
	cleanup_close int fd = memfd_create("test", MFD_CLOEXEC);
	char text[LAB_DIGEST_STRLEN], many[1000];
	int i;

	assert_true(fd >= 0);
	memset(many, 'a', sizeof(many));
	assert_int_equal(write(fd, "skipped", 7), 7);
	for (i = 0; i < 1000; i++)
		assert_int_equal(write(fd, many, sizeof(many)), sizeof(many));

	assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
	assert_int_equal(lab_digest_fd(fd, text), 0);
	assert_string_equal(text, OF_LONG);
	/* at its end now */
	assert_int_equal(lab_digest_fd(fd, text), 0);
	assert_string_equal(text, OF_NOTHING);
}

static void unreadable_descriptor_is_an_error(LAB_UNUSED void **state)
{
	char text[LAB_DIGEST_STRLEN] = "untouched";

	assert_int_equal(lab_digest_fd(-1, text), -EBADF);
	assert_string_equal(text, "untouched");
}

static void only_64_lower_case_digits_are_a_digest(LAB_UNUSED void **state)
{
	char text[] = OF_ABC;

	assert_int_equal(lab_digest_valid(text), 1);
	assert_int_equal(lab_digest_valid(""), 0);
	assert_int_equal(lab_digest_valid(OF_ABC "0"), 0);
	text[63] = '\0';
	assert_int_equal(lab_digest_valid(text), 0);
	text[63] = 'A';
	assert_int_equal(lab_digest_valid(text), 0);
	text[63] = '/';
	assert_int_equal(lab_digest_valid(text), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_bytes_have_known_digests),
		cmocka_unit_test(file_is_read_from_its_offset_to_its_end),
		cmocka_unit_test(unreadable_descriptor_is_an_error),
		cmocka_unit_test(only_64_lower_case_digits_are_a_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
