/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_run_config.c - unit tests of controller/run/config.h: settings, and how they are taken back */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/run_lab.h"

#define CONFIG(attrs)    "<config host='h1' " attrs "/>"
#define OPTIONS(options) "<config host='h1'><options>" options "</options></config>"
#define OPTION(n, v)     "<option name='" n "' value='" v "'/>"

static void writes_are(const struct lab *lab, const char *expected)
{
	assert_string_equal(lab_strbuf_str(&lab->keeper.writes), expected);
}

static void data_are(const struct lab *lab, size_t i, const char *expected)
{
	const struct ctl_job *job = command_of(lab, i)->job;
	char *text;

	assert_non_null(job);
	text = json_dumps(job->data, JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
}

static void setting_is_taken_back_at_the_end_of_its_task(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, HOSTS "<task>" CONFIG("option='/proc/a' value='1'")
						 RUN("command='true'") "</task><task>" RUN(
							 "command='true'") "</task></lnstrecipe>"),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	writes_are(lab, "h1:/proc/a=1;h1:/proc/a=0;");
	assert_string_equal(command_of(lab, 0)->text, "/proc/a = 1");
	data_are(lab, 0,
		 "{\"options\":[{\"name\":\"/proc/a\",\"previous_val\":\"0\",\"current_val\":\"1\"}],"
		 "\"persistent\":false}");
	assert_string_equal(lab_strbuf_str(&lab->events),
			    "task 0;start 0;pass 0;start 1;pass 1;task pass;"
			    "task 1;start 0;pass 0;task pass;");
}

static void what_was_there_first_comes_back(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(CONFIG("option='/proc/a' value='1'")
						      CONFIG("option='/proc/b' value='x'") CONFIG(
							      "option='/proc/a' value='2'"))),
			 0);
	writes_are(lab, "h1:/proc/a=1;h1:/proc/b=x;h1:/proc/a=2;h1:/proc/b=0;h1:/proc/a=0;");
	data_are(lab, 2,
		 "{\"options\":[{\"name\":\"/proc/a\",\"previous_val\":\"1\",\"current_val\":\"2\"}],"
		 "\"persistent\":false}");
}

static void persistent_setting_stays(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(
		run_recipe(lab, TASK(CONFIG("option='/proc/a' value='1' persistent='yes'") CONFIG(
					"option='/proc/b' value='1' persistent='0'")
					     CONFIG("option='/proc/c' value='1' persistent='1'"))),
		0);
	writes_are(lab, "h1:/proc/a=1;h1:/proc/b=1;h1:/proc/c=1;h1:/proc/b=0;");
}

static void persistent_setting_stays_also_where_one_was_to_be_taken_back(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(CONFIG("option='/proc/a' value='1'") CONFIG(
						 "option='/proc/a' value='2' persistent='true'"))),
			 0);
	writes_are(lab, "h1:/proc/a=1;h1:/proc/a=2;");
}

static void hosts_and_namespaces_are_kept_apart(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(
		run_recipe(
			lab,
			TASK(CONFIG("option='/proc/a' value='1'") "<config host='h2' option='/proc/a' value='2'/>" CONFIG(
				"option='/proc/a' value='3' netns='ns'"))),
		0);
	writes_are(lab, "h1:/proc/a=1;h2:/proc/a=2;h1/ns:/proc/a=3;"
			"h1/ns:/proc/a=0;h2:/proc/a=0;h1:/proc/a=0;");
}

static void options_are_written_in_order_with_their_functions(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(
		run_recipe(lab,
			   TASK(OPTIONS(OPTION(
				   "/proc/{devname(h1,eth1)}/x",
				   "{prefix(h2,eth1)}") "<option name='/sys/y'> a b </option>"))),
		0);
	writes_are(lab, "h1:/proc/eth1/x=24;h1:/sys/y=a b;h1:/sys/y=0;h1:/proc/eth1/x=0;");
	assert_string_equal(command_of(lab, 0)->text, "/proc/eth1/x = 24, /sys/y = a b");
}

static void setting_that_cannot_be_written_fails_and_those_before_it_come_back(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab,
				    TASK(OPTIONS(OPTION("/proc/a", "1") OPTION("/proc/refused", "2")
							 OPTION("/proc/b", "3"))
						 RUN("command='true'"))),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_FAIL, "it is the machine's");
	verdict_is(lab, 1, CTL_VERDICT_PASS, "");
	writes_are(lab, "h1:/proc/a=1;h1:/proc/refused=2;h1:/proc/a=0;");
	assert_string_equal(command_of(lab, 0)->text,
			    "/proc/a = 1, /proc/refused = 2, /proc/b = 3");
	assert_int_equal(command_of(lab, 0)->job->end.status, 1);
	assert_int_equal(lab->result.verdict, CTL_VERDICT_FAIL);
}

static void what_cannot_be_read_is_not_taken_back(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(CONFIG("option='/proc/unreadable' value='1'"))), 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	writes_are(lab, "h1:/proc/unreadable=1;");
	data_are(lab, 0,
		 "{\"options\":[{\"name\":\"/proc/unreadable\",\"current_val\":\"1\"}],"
		 "\"persistent\":false}");
}

static void failed_task_is_taken_back_as_well(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, HOSTS
				    "<task quit_on_fail='yes'>" CONFIG("option='/proc/a' value='1'")
					    RUN("command='false'") "</task></lnstrecipe>"),
			 0);
	writes_are(lab, "h1:/proc/a=1;h1:/proc/a=0;");
}

static void cancelled_run_is_taken_back_as_well(void **state)
{
	struct lab *lab = *state;

	/* It is looked at before each command; nothing has been set then. */
	lab->cancel = true;
	assert_int_equal(run_recipe(lab, TASK(CONFIG("option='/proc/a' value='1'"))), -ECANCELED);
	writes_are(lab, "");
}

static void setting_that_cannot_be_taken_back_is_noted(void **state)
{
	struct lab *lab = *state;

	/* It can be written once only. */
	assert_int_equal(run_recipe(lab, TASK(CONFIG("option='/proc/once' value='1'"))), 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	assert_string_equal(lab_strbuf_str(&lab->events),
			    "task 0;start 0;pass 0;note host h1: /proc/once cannot be set back to"
			    " \"0\": it is the machine's;task pass;");
}

static void dead_host_is_an_exception(void **state)
{
	struct lab *lab = *state;

	lab->keeper.dead = "h1";
	assert_int_equal(
		run_recipe(lab,
			   TASK(CONFIG(
				   "option='/proc/a' value='1'") "<run host='h2' command='true'/>")),
		0);
	verdict_is(lab, 0, CTL_VERDICT_FAIL, "CommandException: Slave h1: host is down");
	verdict_is(lab, 1, CTL_VERDICT_NONE, "");
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, run_lab_setup, run_lab_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LAB_TEST(setting_is_taken_back_at_the_end_of_its_task),
		LAB_TEST(what_was_there_first_comes_back),
		LAB_TEST(persistent_setting_stays),
		LAB_TEST(persistent_setting_stays_also_where_one_was_to_be_taken_back),
		LAB_TEST(hosts_and_namespaces_are_kept_apart),
		LAB_TEST(options_are_written_in_order_with_their_functions),
		LAB_TEST(setting_that_cannot_be_written_fails_and_those_before_it_come_back),
		LAB_TEST(what_cannot_be_read_is_not_taken_back),
		LAB_TEST(failed_task_is_taken_back_as_well),
		LAB_TEST(cancelled_run_is_taken_back_as_well),
		LAB_TEST(setting_that_cannot_be_taken_back_is_noted),
		LAB_TEST(dead_host_is_an_exception),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
