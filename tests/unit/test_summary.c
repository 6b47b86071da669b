/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_summary.c - unit tests of controller/report: what the text for people says at the end, from events */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "controller/report/report.h"
#include "netlab/base/util.h"

static void take(int fd, const char *data, size_t len, void *user)
{
	if (fd == 1)
		lab_strbuf_add(user, data, len);
}

static uint64_t still(void)
{
	return 1000000;
}

/* The text that comes of events; of a terminal that has so many columns, 0 = of a pipe. */
static void text_is(const char *const *events, unsigned int columns, const char *want)
{
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;
	const struct ctl_report_params params = {
		.write = take,
		.user = &text,
		.columns = columns,
		.start_us = 1000000,
		.now_us = still,
	};
	struct ctl_report *rep = NULL;

	assert_int_equal(ctl_report_new(&params, &rep, NULL), 0);
	for (; *events; events++) {
		cleanup_json json_t *e = json_loads(*events, 0, NULL);

		assert_non_null(e);
		assert_int_equal(ctl_report_event(rep, e), 0);
	}
	ctl_report_end(rep, 0);
	assert_string_equal(lab_strbuf_str(&text), want);
	ctl_report_free(rep);
}

#define RECIPE "{\"event\":\"recipe\",\"run\":1,\"recipe\":\"r.xml\"}"
#define TASK(n, label, k)                                                        \
	"{\"event\":\"task_start\",\"run\":1,\"task\":" #n ",\"label\":\"" label \
	"\",\"commands\":" #k "}"
#define START(t, n) "{\"event\":\"command_start\",\"run\":1,\"task\":" #t ",\"command\":" #n "}"
#define END(t, n, more)                                                                      \
	"{\"event\":\"command_end\",\"run\":1,\"host\":\"h1\",\"type\":\"run\",\"task\":" #t \
	",\"command\":" #n "," more "}"
#define PASS(t, n) \
	START(t, n), END(t, n, "\"text\":\"true\",\"verdict\":\"pass\",\"duration_us\":1000")
#define TASK_END(n, more) "{\"event\":\"task_end\",\"run\":1,\"task\":" #n "," more "}"
#define VERDICT(more)                                                                                      \
	"{\"event\":\"verdict\",\"run\":1,\"duration_us\":3000,\"tests_us\":2000,\"netlab_us\":1000," more \
	"}"
#define FAILED                                                                                        \
	"\"text\":\"false\",\"verdict\":\"fail\",\"message\":\"exit status 1\",\"duration_us\":2000," \
	"\"file\":\"r.xml\",\"line\":7,\"col\":3,\"exit\":1"

static void one_task_needs_no_list(void **state)
{
	static const char *const events[] = {
		RECIPE,
		TASK(1, "all", 1),
		PASS(1, 1),
		TASK_END(1, "\"verdict\":\"pass\",\"passed\":1,\"failed\":0"),
		VERDICT("\"exit_code\":0,\"tasks\":1,\"tasks_run\":1,\"commands\":1,\"commands_run\":1,\"passed\":1"),
		NULL,
	};

	(void)state;
	text_is(events, 0,
		"task 1: all\n"
		"  PASS    0.001 s  h1  true\n"
		"PASS  r.xml: 1 of 1 command passed in 0.003 s (tests 0.002 s, netlab 0.001 s)\n");
}

static void commands_of_tasks_that_were_not_run_do_not_count(void **state)
{
	static const char *const events[] = {
		RECIPE,
		TASK(2, "one", 2),
		PASS(2, 1),
		START(2, 2),
		END(2, 2, FAILED),
		TASK_END(
			2,
			"\"label\":\"one\",\"verdict\":\"fail\",\"passed\":1,\"failed\":1,\"duration_us\":5000"),
		VERDICT("\"verdict\":\"fail\",\"exit_code\":1,\"tasks\":4,\"tasks_run\":1,\"tasks_left_out\":1,"
			"\"tasks_not_run\":[{\"task\":1,\"label\":\"zero\",\"commands\":7,\"reason\":\"left_out\"},"
			"{\"task\":3,\"label\":\"three\",\"commands\":5,\"reason\":\"quit_on_fail\"},"
			"{\"task\":4,\"commands\":1,\"reason\":\"quit_on_fail\"}],"
			"\"commands\":8,\"commands_run\":2,\"passed\":1,\"failed\":1"),
		NULL,
	};

	(void)state;
	text_is(events, 0,
		"task 2: one\n"
		"  PASS    0.001 s  h1  true\n"
		"  FAIL    0.002 s  h1  false  exit status 1\n"
		"failed:\n"
		"  r.xml:7:3: task 2, command 2, host h1: false\n"
		"    exit status 1\n"
		"tasks:\n"
		"  ----             left out       1: zero\n"
		"  FAIL    0.005 s  1 of 2 failed  2: one\n"
		"  ----             not run        3: three  a task before it failed, with quit_on_fail\n"
		"  ----             not run        4  a task before it failed, with quit_on_fail\n"
		"FAIL  r.xml: 1 of 2 commands failed, 2 tasks not run, 1 task left out in 0.003 s"
		" (tests 0.002 s, netlab 0.001 s)\n");
}

static void a_host_that_cannot_run_commands_cuts_a_task_off(void **state)
{
	static const char *const events[] = {
		RECIPE,
		TASK(1, "one", 4),
		START(1, 1),
		END(1, 1, FAILED),
		TASK_END(1, "\"verdict\":\"fail\",\"passed\":0,\"failed\":1,\"duration_us\":5000"),
		VERDICT("\"verdict\":\"fail\",\"exit_code\":1,\"tasks\":2,\"tasks_run\":1,"
			"\"tasks_not_run\":[{\"task\":2,\"commands\":5,\"reason\":\"exception\"}],"
			"\"commands\":9,\"commands_run\":1,\"passed\":0,\"failed\":1"),
		NULL,
	};

	(void)state;
	text_is(events, 0,
		"task 1: one\n"
		"  FAIL    0.002 s  h1  false  exit status 1\n"
		"failed:\n"
		"  r.xml:7:3: task 1, command 1, host h1: false\n"
		"    exit status 1\n"
		"tasks:\n"
		"  FAIL    0.005 s  1 of 1 failed, 3 not run  1\n"
		"  ----             not run                   2  a host could not run a command\n"
		"FAIL  r.xml: 1 of 1 command failed, 3 commands not run, 1 task not run in 0.003 s"
		" (tests 0.002 s, netlab 0.001 s)\n");
}

static void an_interruption_says_what_was_not_run(void **state)
{
	static const char *const events[] = {
		RECIPE,
		TASK(1, "one", 3),
		PASS(1, 1),
		START(1, 2),
		END(1, 2, "\"text\":\"sleep 9\",\"verdict\":\"none\""),
		TASK_END(1, "\"verdict\":\"none\",\"passed\":1,\"failed\":0"),
		VERDICT("\"verdict\":\"none\",\"exit_code\":130,\"signal\":2,\"tasks\":1,\"tasks_run\":1,"
			"\"commands\":3,\"commands_run\":2,\"passed\":1,\"failed\":0"),
		NULL,
	};

	(void)state;
	text_is(events, 0,
		"task 1: one\n"
		"  PASS    0.001 s  h1  true\n"
		"  ----    0.000 s  h1  sleep 9\n"
		"STOP  r.xml: interrupted by SIGINT, 1 of 2 commands passed, 1 command not run in 0.003 s"
		" (tests 0.002 s, netlab 0.001 s)\n");
}

static void a_python_task_that_an_exception_ended_is_broken_off(void **state)
{
	static const char *const events[] = {
		RECIPE,
		TASK(1, "py", 0),
		PASS(1, 1),
		TASK_END(
			1,
			"\"label\":\"py\",\"verdict\":\"fail\",\"passed\":1,\"failed\":0,\"error\":\"NameError: x\""),
		TASK(2, "next", 1),
		PASS(2, 1),
		TASK_END(2, "\"label\":\"next\",\"verdict\":\"pass\",\"passed\":1,\"failed\":0"),
		VERDICT("\"exit_code\":1,\"tasks\":2,\"tasks_run\":2,\"tasks_broken_off\":1,\"commands\":2,\"commands_run\":2,"
			"\"passed\":2"),
		NULL,
	};

	(void)state;
	text_is(events, 0,
		"task 1: py\n"
		"  PASS    0.001 s  h1  true\n"
		"task 2: next\n"
		"  PASS    0.001 s  h1  true\n"
		"tasks:\n"
		"  FAIL    0.000 s  1 of 1 passed, broken off  1: py\n"
		"  PASS    0.000 s  1 of 1 passed              2: next\n"
		"FAIL  r.xml: 2 of 2 commands passed, 1 task broken off in 0.003 s (tests 0.002 s, netlab 0.001 s)\n");
}

static void long_output_shows_its_last_lines_and_that_there_is_more(void **state)
{
	static const char *const events[] = {
		RECIPE,
		TASK(1, "one", 1),
		START(1, 1),
		END(1, 1,
		    FAILED
		    ",\"stdout\":\"0\\n1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n10\\n\",\"stderr\":\"why\\n\\n\""),
		TASK_END(1, "\"verdict\":\"fail\",\"passed\":0,\"failed\":1"),
		VERDICT("\"verdict\":\"fail\",\"exit_code\":1,\"tasks\":1,\"tasks_run\":1,\"commands\":1,\"commands_run\":1,\"failed\":1"),
		NULL,
	};

	(void)state;
	text_is(events, 0,
		"task 1: one\n"
		"  FAIL    0.002 s  h1  false  exit status 1\n"
		"failed:\n"
		"  r.xml:7:3: task 1, command 1, host h1: false\n"
		"    exit status 1\n"
		"    | ...\n"
		"    | 1\n    | 2\n    | 3\n    | 4\n    | 5\n    | 6\n    | 7\n    | 8\n    | 9\n    | 10\n"
		"    ! why\n"
		"FAIL  r.xml: 1 of 1 command failed in 0.003 s (tests 0.002 s, netlab 0.001 s)\n");
}

static void a_narrow_terminal_has_the_message_below_the_command(void **state)
{
	static const char *const events[] = {
		RECIPE, TASK(1, "one", 1), START(1, 1), END(1, 1, FAILED), NULL,
	};

	(void)state;
	text_is(events, 44,
		"task 1: one\n"
		"  FAIL    0.002 s  h1  false  exit status 1\n");
	text_is(events, 42,
		"task 1: one\n"
		"  FAIL    0.002 s  h1  false\n"
		"                       exit status 1\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_task_needs_no_list),
		cmocka_unit_test(commands_of_tasks_that_were_not_run_do_not_count),
		cmocka_unit_test(a_host_that_cannot_run_commands_cuts_a_task_off),
		cmocka_unit_test(an_interruption_says_what_was_not_run),
		cmocka_unit_test(a_python_task_that_an_exception_ended_is_broken_off),
		cmocka_unit_test(long_output_shows_its_last_lines_and_that_there_is_more),
		cmocka_unit_test(a_narrow_terminal_has_the_message_below_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
