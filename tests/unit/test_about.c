/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_about.c - unit tests of controller/run/about.c: what modules declare about themselves */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "controller/run/about.h"
#include "netlab/base/util.h"

static void read_text(const char *text, size_t len, struct ctl_about *about)
{
	assert_int_equal(ctl_about_read(text, len, about), 0);
}

static void comments_of_a_script_are_read(void **state)
{
	static const char text[] = "#!/bin/sh\n"
				   "# netlab-module: needs ping iputils-ping\n"
				   "#netlab-module: needs netperf netperf (in non-free)\r\n"
				   "# netlab-module: kernel pktgen NET_PKTGEN\n"
				   "# netlab-module: kernel dummy\n"
				   "# netlab-module: tool multicast\n"
				   "# netlab-module: option addr needed\n"
				   "# netlab-module: option server needed role=client\n"
				   "# netlab-module:  option \tmany multi other\n"
				   "# netlab-module: ready";
	struct ctl_about a;

	(void)state;
	read_text(text, strlen(text), &a);
	assert_int_equal(a.n_needs, 2);
	assert_string_equal(a.needs[0].program, "ping");
	assert_string_equal(a.needs[0].package, "iputils-ping");
	assert_string_equal(a.needs[1].package, "netperf (in non-free)");
	assert_int_equal(a.n_kernel, 2);
	assert_string_equal(a.kernel[0].name, "pktgen");
	assert_string_equal(a.kernel[0].config, "NET_PKTGEN");
	assert_string_equal(a.kernel[1].config, "");
	assert_int_equal(a.n_tools, 1);
	assert_string_equal(a.tools[0], "multicast");
	assert_int_equal(a.n_options, 3);
	assert_true(a.options[0].needed && !a.options[0].when);
	assert_string_equal(a.options[1].when, "role");
	assert_string_equal(a.options[1].equals, "client");
	assert_true(a.options[2].multi && !a.options[2].needed);
	assert_true(a.says_ready);
	assert_ptr_equal(ctl_about_option(&a, "many"), &a.options[2]);
	assert_null(ctl_about_option(&a, "none"));
	ctl_about_fini(&a);
	assert_null(a.arena);
}

static void strings_of_a_program_are_read(void **state)
{
	static const char text[] = "\177ELF\0\1netlab-module: option *\nnetlab-module: ready\0x\n";
	struct ctl_about a;

	(void)state;
	read_text(text, sizeof(text), &a);
	assert_int_equal(a.n_options, 1);
	assert_true(a.says_ready);
	assert_ptr_equal(ctl_about_option(&a, "anything"), &a.options[0]);
	ctl_about_fini(&a);
}

static void nonsense_is_passed_over(void **state)
{
	static const char text[] =
		"netlab-module: \nnetlab-module: later words\n"
		"netlab-module: needs\nnetlab-module: needs /bin/sh dash\n"
		"netlab-module: kernel\nnetlab-module: kernel ../x\nnetlab-module: kernel -r\n"
		"netlab-module: tool\nnetlab-module: option\nnetlab-module:ready\n"
		"netlab-module: needs x";
	char *many, *p;
	struct ctl_about a;
	size_t i;

	(void)state;
	read_text(text, strlen(text), &a);
	assert_int_equal(a.n_needs, 1);
	assert_string_equal(a.needs[0].package, "");
	assert_int_equal(a.n_tools + a.n_options + a.n_kernel, 0);
	assert_false(a.says_ready);
	ctl_about_fini(&a);
	read_text("", 0, &a);
	assert_null(a.arena);

	/* Too many, and too long a line: bounded. */
	many = malloc(CTL_ABOUT_MAX * 64);
	assert_non_null(many);
	for (i = 0, p = many; i < 2 * CTL_ABOUT_MAX; i++)
		p = stpcpy(p, "netlab-module: tool t\n");
	read_text(many, (size_t)(p - many), &a);
	assert_int_equal(a.n_tools, CTL_ABOUT_MAX);
	ctl_about_fini(&a);
	memset(many, 'x', CTL_ABOUT_MAX * 64);
	memcpy(many, "netlab-module: tool ", strlen("netlab-module: tool "));
	read_text(many, CTL_ABOUT_MAX * 64, &a);
	assert_int_equal(a.n_tools, 0);
	ctl_about_fini(&a);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_of_a_script_are_read),
		cmocka_unit_test(strings_of_a_program_are_read),
		cmocka_unit_test(nonsense_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
