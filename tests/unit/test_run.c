/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_run.c - unit tests of controller/run against a fake keeper */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/run/lazy.h"
#include "controller/run/live.h"
#include "netlab/base/util.h"
#include "tests/unit/run_lab.h"

enum { SECOND = 1000000 };

static void took(const struct lab *lab, size_t i, uint64_t least_ms, uint64_t most_ms)
{
	uint64_t us = command_of(lab, i)->duration_us;

	if (us < least_ms * 1000 || us > most_ms * 1000)
		print_message("command %zu took %llu us\n", i, (unsigned long long)us);
	assert_true(us >= least_ms * 1000 && us <= most_ms * 1000);
}

/* --- in the foreground --- */

static void exit_status_is_the_verdict(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='true'") RUN("command='exit 3'")
						      RUN("command='kill -9 $$'"))),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "exit status 3");
	verdict_is(lab, 2, CTL_VERDICT_FAIL, "killed by SIGKILL");
	assert_int_equal(lab->result.verdict, CTL_VERDICT_FAIL);
	assert_int_equal(lab->result.n_passed, 1);
	assert_int_equal(lab->result.n_failed, 2);
	assert_true(lab->result.busy_us <= lab->result.duration_us);
}

static void expect_fail_turns_the_verdict_round(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='false' expect='fail'")
						      RUN("command='true' expect='fail'"))),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "failed as expected: exit status 1");
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "passed, but was expected to fail");
}

static void output_is_kept_by_stream(void **state)
{
	struct lab *lab = *state;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='echo out; echo err >&amp;2'"))), 0);
	stdout_is(lab, 0, "out\n");
	ctl_output_text(&command_of(lab, 0)->job->err, &sb);
	assert_string_equal(lab_strbuf_str(&sb), "err\n");
}

static void shell_is_bash(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='[ \"a\" == \"a\" ]'"))), 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
}

static void timeout_kills_the_whole_group_and_fails(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 60 &amp; sleep 60' timeout='1'")
						      RUN("command='true'"))),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_FAIL, "RPC connection to machine h1 timed out");
	assert_true(command_of(lab, 0)->job->timed_out);
	took(lab, 0, 1000, 3000);
	verdict_is(lab, 1, CTL_VERDICT_PASS, "");
	/* Its output ends only when both are gone. */
	assert_int_equal(fake_keeper_jobs(&lab->keeper), 0);
}

static void timeout_fails_also_when_failure_is_expected(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 60' timeout='1' expect='fail'"))),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_FAIL, "RPC connection to machine h1 timed out");
}

static void functions_are_answered(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='echo {ip(h2,eth1)}/{prefix(h2,eth1)} "
						  "{devname(h2,eth1)} {hwaddr(h2,eth1)}'"))),
			 0);
	stdout_is(lab, 0, "192.168.7.2/24 eth1 52:54:01:00:00:02\n");
	assert_string_equal(command_of(lab, 0)->text, "echo 192.168.7.2/24 eth1 52:54:01:00:00:02");
}

/* --- in the background --- */

static void background_passes_at_once_and_wait_reports(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 0.3; echo done' bg_id='a'")
						      CONTROL("wait", "a"))),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "Running in background.");
	assert_true(command_of(lab, 0)->background);
	assert_null(command_of(lab, 0)->job);
	took(lab, 0, 0, 200);
	verdict_is(lab, 1, CTL_VERDICT_PASS, "");
	took(lab, 1, 100, 2000);
	stdout_is(lab, 1, "done\n");
}

static void wait_reports_a_failure(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab,
				    TASK(RUN("command='exit 4' bg_id='a'") CONTROL("wait", "a")
						 RUN("command='exit 4' bg_id='b' expect='fail'")
							 CONTROL("wait", "b"))),
			 0);
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "exit status 4");
	verdict_is(lab, 3, CTL_VERDICT_PASS, "failed as expected: exit status 4");
}

static void wait_lasts_as_long_as_the_command_may(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 60' bg_id='a' timeout='1'")
						      CONTROL("wait", "a"))),
			 0);
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "RPC connection to machine h1 timed out");
	took(lab, 1, 800, 1900);
	assert_int_equal(fake_keeper_jobs(&lab->keeper), 0);
}

static void wait_after_that_lasts_two_seconds(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 60' bg_id='a' timeout='1'")
						      PAUSE("1.1") CONTROL("wait", "a"))),
			 0);
	verdict_is(lab, 2, CTL_VERDICT_FAIL, "RPC connection to machine h1 timed out");
	took(lab, 2, 2000, 3500);
}

static void its_own_time_does_not_end_a_background_command(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 60' bg_id='a' timeout='1'")
						      PAUSE("1.1") CONTROL("intr", "a"))),
			 0);
	verdict_is(lab, 2, CTL_VERDICT_PASS,
		   "interrupted: Command execution failed (exited with -2)");
}

static void interrupted_shell_command_passes(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab,
				    TASK(RUN("command='trap \"echo bye; exit 7\" INT; echo go; "
					     "while :; do sleep 0.05; done' bg_id='a'") PAUSE("0.3")
						 CONTROL("intr", "a"))),
			 0);
	verdict_is(lab, 2, CTL_VERDICT_PASS,
		   "interrupted: Command execution failed (exited with 7)");
	assert_int_equal(command_of(lab, 2)->job->end.status, 7);
	stdout_is(lab, 2, "go\nbye\n");
}

static void interrupted_shell_command_that_should_fail_fails(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 60' bg_id='a' expect='fail'")
						      CONTROL("intr", "a"))),
			 0);
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "passed, but was expected to fail");
}

static void intr_of_a_finished_command_reports_it(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='true' bg_id='a'") RUN(
						 "command='exit 3' bg_id='b'") PAUSE("0.4")
						      CONTROL("intr", "a") CONTROL("intr", "b"))),
			 0);
	verdict_is(lab, 3, CTL_VERDICT_PASS, "");
	verdict_is(lab, 4, CTL_VERDICT_FAIL, "exit status 3");
}

static void kill_passes_whatever_was_expected(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab,
				    TASK(RUN("command='sleep 60' bg_id='a'") CONTROL("kill", "a")
						 RUN("command='sleep 60' bg_id='b' expect='fail'")
							 CONTROL("kill", "b"))),
			 0);
	verdict_is(lab, 1, CTL_VERDICT_PASS, "Command killed.");
	verdict_is(lab, 3, CTL_VERDICT_PASS, "Command killed.");
	assert_int_equal(lab->result.verdict, CTL_VERDICT_PASS);
}

static void kill_of_a_finished_command_reports_it(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='exit 5' bg_id='a'") PAUSE("0.4")
						      CONTROL("kill", "a"))),
			 0);
	verdict_is(lab, 2, CTL_VERDICT_FAIL, "exit status 5");
}

static void bg_ids_belong_to_hosts(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab,
				    TASK("<run host='h1' command='echo one' bg_id='a'/>"
					 "<run host='h2' command='echo two' bg_id='a'/>"
					 "<wait host='h2' bg_id='a'/><wait host='h1' bg_id='a'/>")),
			 0);
	stdout_is(lab, 2, "two\n");
	stdout_is(lab, 3, "one\n");
}

static void ctl_wait_takes_fractions(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(PAUSE("0.25"))), 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	took(lab, 0, 250, 450);
	assert_int_equal(lab->result.busy_us, 250000);
}

/* --- tasks --- */

static void failed_command_does_not_end_the_task(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, HOSTS "<task>" RUN("command='false'")
						 RUN("command='true'") "</task><task>" RUN(
							 "command='true'") "</task></lnstrecipe>"),
			 0);
	assert_string_equal(lab_strbuf_str(&lab->events),
			    "task 0;start 0;fail 0;start 1;pass 1;task fail;"
			    "task 1;start 0;pass 0;task pass;");
	assert_int_equal(lab->result.verdict, CTL_VERDICT_FAIL);
}

static void quit_on_fail_ends_the_recipe(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(
		run_recipe(
			lab,
			HOSTS "<task quit_on_fail='yes'>" RUN(
				"command='true'") "</task><task quit_on_fail='yes'>" RUN("command='false'")
				RUN("command='true'") "</task><task>" RUN(
					"command='true'") "</task></lnstrecipe>"),
		0);
	assert_string_equal(lab_strbuf_str(&lab->events),
			    "task 0;start 0;pass 0;task pass;"
			    "task 1;start 0;fail 0;start 1;pass 1;task fail;");
	assert_int_equal(lab->result.n_tasks_run, 2);
	assert_int_equal(lab->result.tasks[2].verdict, CTL_VERDICT_NONE);
}

static void recipe_without_tasks_passes(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, HOSTS "</lnstrecipe>"), 0);
	assert_int_equal(lab->result.verdict, CTL_VERDICT_PASS);
	assert_int_equal(lab->result.n_tasks, 0);
}

/* --- modules --- */

static void module_gets_its_options_and_gives_data(void **state)
{
	struct lab *lab = *state;
	json_t *data;

	add_module(lab, "Echo",
		   "#!/bin/sh\nread -r line\necho not json\necho '{\"rate\": 1}'\n"
		   "echo \"{\\\"result\\\": {\\\"rate\\\": 100, \\\"options\\\": $line}}\"\n");
	assert_int_equal(
		run_recipe(lab, TASK("<run host='h1' module='Echo'><options>"
				     "<option name='addr' value='{ip(h2,eth1)}'/>"
				     "<option name='re' value='one'/><option name='n' value='3'/>"
				     "<option name='re' value='two'/></options></run>")),
		0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	assert_string_equal(command_of(lab, 0)->text, "Echo addr=192.168.7.2 re=one re=two n=3");
	data = command_of(lab, 0)->job->data;
	assert_int_equal(json_integer_value(json_object_get(data, "rate")), 100);
	data = json_object_get(data, "options");
	assert_string_equal(json_string_value(json_object_get(data, "addr")), "192.168.7.2");
	assert_string_equal(json_string_value(json_object_get(data, "n")), "3");
	assert_string_equal(json_string_value(json_array_get(json_object_get(data, "re"), 1)),
			    "two");
}

static void module_says_why_it_failed(void **state)
{
	struct lab *lab = *state;

	add_module(lab, "Bad.sh",
		   "#!/bin/sh\nprintf '{\"result\": {}, \"message\": \"no answer\"}'\nexit 1\n");
	add_module(lab, "Good", "#!/bin/sh\necho '{\"result\": {}, \"message\": \"3 of 3\"}'\n");
	assert_int_equal(run_recipe(lab, TASK("<run host='h1' module='Bad'/>"
					      "<run host='h1' module='Bad' expect='fail'/>"
					      "<run host='h1' module='Good'/>")),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_FAIL, "no answer");
	verdict_is(lab, 1, CTL_VERDICT_PASS, "failed as expected: no answer");
	verdict_is(lab, 2, CTL_VERDICT_PASS, "3 of 3");
}

static void module_that_could_not_work_fails_in_any_case(void **state)
{
	struct lab *lab = *state;

	add_module(lab, "Bad", "#!/bin/sh\nexit 2\n");
	add_module(lab, "Crash", "#!/bin/sh\nkill -SEGV $$\n");
	assert_int_equal(run_recipe(lab, TASK("<run host='h1' module='Bad' expect='fail'/>"
					      "<run host='h1' module='Crash' expect='fail'/>")),
			 0);
	verdict_is(lab, 0, CTL_VERDICT_FAIL, "exit status 2");
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "killed by SIGSEGV");
}

static void interrupted_module_has_its_own_verdict(void **state)
{
	struct lab *lab = *state;

	add_module(
		lab, "PacketAssert",
		"#!/bin/bash\n# netlab-module: ready\ntrap 'exit 1' INT\necho '{\"ready\": true}'\n"
		"while :; do sleep 0.05; done\n");
	assert_int_equal(run_recipe(lab,
				    TASK("<run host='h1' module='PacketAssert' bg_id='a'/>" CONTROL(
					    "intr", "a"))),
			 0);
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "exit status 1");
}

static void announcing_module_is_waited_for(void **state)
{
	struct lab *lab = *state;

	add_module(
		lab, "PacketAssert",
		"#!/bin/bash\n# netlab-module: ready\nsleep 0.3\necho '{\"ready\": true}'\nread -r x\n");
	assert_int_equal(run_recipe(lab,
				    TASK("<run host='h1' module='PacketAssert' bg_id='a'/>" CONTROL(
					    "wait", "a"))),
			 0);
	took(lab, 0, 300, 2000);
	assert_true(command_of(lab, 0)->own->announced);
	assert_true(command_of(lab, 0)->busy_us >= 250000);
	assert_null(command_of(lab, 0)->own->data);
}

static void module_that_will_not_be_ready_is_not_waited_for(void **state)
{
	struct lab *lab = *state;

	add_module(lab, "Iperf",
		   "#!/bin/bash\n# netlab-module: ready\nread -r x\n"
		   "[[ $x == *server* ]] || { echo '{\"ready\": false}'; exec sleep 30; }\n"
		   "sleep 0.3\necho '{\"ready\": true}'\n");
	assert_int_equal(
		run_recipe(lab, TASK("<run host='h1' module='Iperf' bg_id='a'><options>"
				     "<option name='role' value='client'/></options></run>"
				     "<run host='h1' module='Iperf' bg_id='b'><options>"
				     "<option name='role' value='server'/></options></run>" CONTROL(
					     "kill", "a") CONTROL("wait", "b"))),
		0);
	took(lab, 0, 0, 4500);
	took(lab, 1, 250, 4500);
}

static void announcing_module_that_ends_is_not_waited_for(void **state)
{
	struct lab *lab = *state;

	add_module(lab, "PacketAssert", "#!/bin/sh\n# netlab-module: ready\nexit 2\n");
	assert_int_equal(run_recipe(lab,
				    TASK("<run host='h1' module='PacketAssert' bg_id='a'/>" CONTROL(
					    "wait", "a"))),
			 0);
	took(lab, 0, 0, 2000);
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "exit status 2");
}

static void only_what_a_host_lacks_is_sent(void **state)
{
	static const char text[] = TASK("<run host='h1' module='A'/><run host='h1' module='B'/>"
					"<run host='h1' module='A'/>");
	struct lab *lab = *state;

	add_module(lab, "A", "#!/bin/sh\necho '{\"result\": {\"v\": 1}}'\n");
	add_module(lab, "B", "#!/bin/sh\nexit 0\n");
	assert_int_equal(run_recipe(lab, text), 0);
	assert_int_equal(lab->keeper.n_put, 2);
	assert_true(!strncmp(lab_strbuf_str(&lab->events), "synced h1 2/2;", 14));
	assert_int_equal(run_recipe(lab, text), 0);
	assert_int_equal(lab->keeper.n_put, 2);
	add_module(lab, "A", "#!/bin/sh\necho '{\"result\": {\"v\": 2}}'\n");
	assert_int_equal(run_recipe(lab, text), 0);
	assert_int_equal(lab->keeper.n_put, 3);
	assert_true(!strncmp(lab_strbuf_str(&lab->events), "synced h1 1/2;", 14));
	assert_int_equal(json_integer_value(json_object_get(command_of(lab, 2)->job->data, "v")),
			 2);
}

static void module_edited_while_it_is_sent_is_sent_again(void **state)
{
	struct lab *lab = *state;
	char path[128];

	add_module(lab, "A", "#!/bin/sh\nexit 0\n");
	(void)snprintf(path, sizeof(path), "%s/A", lab->dir);
	lab->keeper.touched = path;
	assert_int_equal(run_recipe(lab, TASK("<run host='h1' module='A'/>")), 0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	assert_int_equal(lab->keeper.n_asked, 2);
}

/* Look for the modules of some commands; the lab's folder is the user's, and the only one. */
static int find(struct lab *lab, const char *text)
{
	const char *dirs[] = { lab->dir };
	const struct ctl_places places = { .module_dirs = dirs, .n_module_dirs = 1 };

	load_recipe(lab, text);
	return ctl_modules_find(lab->recipe, &places, &lab->modules, &lab->diag);
}

static void wrong_modules_are_named(void **state)
{
	struct lab *lab = *state;
	char path[128];

	add_module(lab, "IcmpPing.py", "");
	add_module(lab, "Locked", "");
	(void)snprintf(path, sizeof(path), "%s/Locked", lab->dir);
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(find(lab, TASK("<run host='h1' module='IcmpPign'/>"
				   "<run host='h1' module='Zzzzzzzz'/>"
				   "<run host='h1' module='a/b'/>")) < 0);
	assert_int_equal(lab->diag.n_errors, 3);
	assert_string_equal(lab->diag.items[0].msg,
			    "there is no module 'IcmpPign'; did you mean 'IcmpPing'?");
	assert_non_null(strstr(lab->diag.items[1].msg, "there is no module 'Zzzzzzzz' in /tmp/"));
	assert_string_equal(lab->diag.items[2].msg, "'a/b' cannot be the name of a module");
	assert_true(lab->diag.items[0].src.line > 0);
	if (geteuid() == 0 || access(path, X_OK) < 0) {
		assert_true(find(lab, TASK("<run host='h1' module='Locked'/>")) < 0);
		assert_non_null(strstr(lab->diag.items[0].msg, "cannot be executed; try chmod +x"));
	}
}

static void what_cannot_be_executed_is_no_module(void **state)
{
	struct lab *lab = *state;

	add_module(lab, "Empty", "");
	add_module(lab, "Text", "import sys\n");
	add_module(lab, "Nobody", "#!  \n");
	add_module(lab, "Other", "#!/opt/nowhere/python3 -u\n");
	add_module(lab, "Env", "#!/usr/bin/env -S X=1 no-such-program-at-all\n");
	add_module(lab, "Good", "#!/usr/bin/env -S bash -e\n");
	assert_int_equal(find(lab, TASK("<run host='h1' module='Empty'/>"
					"<run host='h1' module='Text'/>"
					"<run host='h1' module='Nobody'/>"
					"<run host='h1' module='Good'/>")),
			 -EINVAL);
	assert_int_equal(lab->diag.n_errors, 3);
	assert_non_null(strstr(lab->diag.items[0].msg, "/Empty is neither a program nor a script "
						       "that begins with #!"));
	assert_non_null(strstr(lab->diag.items[1].msg, "module 'Text': /tmp/"));
	assert_non_null(strstr(lab->diag.items[2].msg, "/Nobody names no interpreter behind #!"));
	assert_int_equal(find(lab, TASK("<run host='h1' module='Other'/>"
					"<run host='h1' module='Env'/>")),
			 -ENOSYS);
	assert_string_equal(
		lab->diag.items[0].msg,
		"module 'Other': its interpreter /opt/nowhere/python3 is not on this machine");
	assert_string_equal(
		lab->diag.items[1].msg,
		"module 'Env': its interpreter no-such-program-at-all is not on this machine");
}

static void missing_program_is_named_with_its_package(void **state)
{
	struct lab *lab = *state;
	char path[160];

	add_module(lab, "Ping",
		   "#!/bin/sh\n# netlab-module: needs ping iputils-ping\n"
		   "# netlab-module: needs pong\n");
	assert_int_equal(find(lab, TASK("<run host='h1' module='Ping'/>")), 0);
	(void)snprintf(path, sizeof(path), "/nowhere::%s", lab->dir);
	assert_int_equal(ctl_modules_check(&lab->modules, path, &lab->diag), -ENOSYS);
	assert_string_equal(
		lab->diag.items[0].msg,
		"module Ping needs the program ping, which this machine lacks: install the package iputils-ping");
	assert_string_equal(lab->diag.items[1].msg,
			    "module Ping needs the program pong, which this machine lacks");
	add_module(lab, "ping", "");
	add_module(lab, "pong", "");
	assert_int_equal(ctl_modules_check(&lab->modules, path, &lab->diag), 0);
}

static void options_that_make_no_sense_are_noted(void **state)
{
	struct lab *lab = *state;

	add_module(lab, "M",
		   "#!/bin/sh\n# netlab-module: option address needed\n"
		   "# netlab-module: option server needed role=client\n"
		   "# netlab-module: option role\n# netlab-module: option many multi\n");
	add_module(lab, "Any", "#!/bin/sh\n# netlab-module: option *\n");
	add_module(lab, "Silent", "#!/bin/sh\n");
	assert_int_equal(
		find(lab,
		     TASK("<run host='h1' module='M'><options>"
			  "<option name='adress' value='1'/><option name='role' value='client'/>"
			  "<option name='role' value='x'/><option name='many' value='1'/>"
			  "<option name='many' value='2'/></options></run>"
			  "<run host='h1' module='M' expect='fail'/>"
			  "<run host='h1' module='Any'><options><option name='x' value='1'/>"
			  "<option name='x' value='2'/></options></run>"
			  "<run host='h1' module='Silent'><options><option name='x' value='1'/>"
			  "</options></run>")),
		0);
	assert_int_equal(lab->diag.n_errors, 0);
	assert_int_equal(lab->diag.n_notes, 4);
	assert_string_equal(
		lab->diag.items[0].msg,
		"module M does not know the option adress, and ignores it; did you mean address?");
	assert_string_equal(lab->diag.items[1].msg,
			    "module M takes the option role once; the first value counts");
	assert_string_equal(lab->diag.items[2].msg,
			    "module M needs the option address; without it the command fails");
	assert_string_equal(lab->diag.items[3].msg,
			    "module M needs the option server; without it the command fails");
}

static void module_of_a_task_comes_first(void **state)
{
	static const struct lab_src src = { .file = "x" };
	struct lab *lab = *state;
	struct ctl_module *found = NULL, *again = NULL;
	struct ctl_task other = { .module_dir = "." };

	add_module(lab, "A", "#!/bin/sh\nexit 0\n");
	assert_int_equal(find(lab, TASK("<run host='h1' module='A'/>")), 0);
	other.module_dir = lab->dir;
	assert_null(ctl_modules_get(&lab->modules, &other, "A"));
	assert_int_equal(ctl_modules_add(&lab->modules, &other, "A", &src, &found, &lab->diag), 0);
	assert_int_equal(lab->modules.n_items, 2);
	assert_true(found && found != lab->modules.items[0]);
	assert_string_equal(found->dir, lab->dir);
	assert_int_equal(ctl_modules_add(&lab->modules, &other, "A", &src, &again, &lab->diag), 0);
	assert_true(again == found);
	assert_true(ctl_modules_get(&lab->modules, &other, "A") == found);
	assert_int_equal(ctl_modules_add(&lab->modules, &other, "B", &src, &again, &lab->diag),
			 -ENOENT);
	assert_int_equal(ctl_modules_add(&lab->modules, &other, "B", &src, &again, &lab->diag),
			 -ENOENT);
	assert_int_equal(lab->diag.n_errors, 1);
}

/* --- when something goes wrong --- */

static void dead_host_ends_the_recipe(void **state)
{
	struct lab *lab = *state;

	lab->keeper.dead = "h2";
	assert_int_equal(
		run_recipe(lab, HOSTS
			   "<task><run host='h1' command='true'/><run host='h2' command='true'"
			   " expect='fail'/><run host='h1' command='true'/></task><task>"
			   "<run host='h1' command='true'/></task></lnstrecipe>"),
		0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "");
	verdict_is(lab, 1, CTL_VERDICT_FAIL, "CommandException: Slave h2: host is down");
	verdict_is(lab, 2, CTL_VERDICT_NONE, "");
	assert_int_equal(lab->result.verdict, CTL_VERDICT_FAIL);
	assert_int_equal(lab->result.n_tasks_run, 1);
	assert_true(lab->result.exception);
	assert_string_equal(lab_strbuf_str(&lab->events),
			    "task 0;start 0;pass 0;start 1;fail 1;task fail;"
			    "note Command exception raised.;");
}

static void dead_host_is_noticed_in_the_background_too(void **state)
{
	struct lab *lab = *state;

	lab->keeper.dead = "h2";
	assert_int_equal(
		run_recipe(
			lab,
			TASK("<run host='h2' command='true' bg_id='a'/>" RUN(
				"command='true'") "<wait host='h2' bg_id='a'/>" RUN("command='true'"))),
		0);
	verdict_is(lab, 0, CTL_VERDICT_PASS, "Running in background.");
	verdict_is(lab, 2, CTL_VERDICT_FAIL, "CommandException: Slave h2: host is down");
	verdict_is(lab, 3, CTL_VERDICT_NONE, "");
}

static void hang_up(struct lab_source *src, void *user)
{
	struct lab *lab = user;

	(void)src;
	fake_keeper_hang_up(&lab->keeper);
}

static void lab_that_goes_away_ends_the_run(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(lab_loop_add_timer(lab->loop, SECOND / 10, hang_up, lab, NULL), 0);
	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 60' bg_id='a'") RUN(
						 "command='sleep 60'") CONTROL("kill", "a"))),
			 -ECONNRESET);
	assert_string_equal(lab->err.msg, "the lab went away");
	assert_int_equal(command_of(lab, 2)->verdict, CTL_VERDICT_NONE);
	/* Again, with a lab that is known to be gone. */
	ctl_run_result_fini(&lab->result);
	assert_int_equal(run_recipe(lab, TASK(RUN("command='true'") RUN("command='true'"))),
			 -ECONNRESET);
}

static void cancel(struct lab_source *src, void *user)
{
	struct lab *lab = user;

	(void)src;
	lab->cancel = true;
}

static void cancelled_run_kills_what_runs(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(lab_loop_add_timer(lab->loop, SECOND / 10, cancel, lab, NULL), 0);
	assert_int_equal(run_recipe(lab, TASK(RUN("command='sleep 60' bg_id='a'") RUN(
						 "command='sleep 60'") CONTROL("wait", "a"))),
			 -ECANCELED);
	assert_int_equal(fake_keeper_jobs(&lab->keeper), 0);
	assert_int_equal(lab->result.verdict, CTL_VERDICT_NONE);
	assert_string_equal(lab_strbuf_str(&lab->events),
			    "task 0;start 0;pass 0;start 1;none 1;task none;");
}

/* --- output --- */

static void long_output_keeps_its_first_and_last_part(void **state)
{
	struct lab *lab = *state;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_output *out;

	assert_int_equal(run_recipe(lab,
				    TASK(RUN("command='echo first; head -c 5000000 /dev/zero | tr "
					     "\"\\0\" x; echo; echo last'"))),
			 0);
	out = &command_of(lab, 0)->own->out;
	assert_int_equal(out->total, 5000000 + 12);
	assert_true(out->head.len + out->tail.len <= CTL_OUTPUT_KEEP);
	ctl_output_text(out, &sb);
	assert_true(sb.len > 6);
	assert_string_equal(lab_strbuf_str(&sb) + sb.len - 6, "\nlast\n");
}

static void output_is_bounded(void **state)
{
	struct ctl_output out = { 0 };
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char chunk[4096];
	int i;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	chunk[0] = 'a';
	for (i = 0; i < 1000; i++) {
		chunk[sizeof(chunk) - 1] = i == 999 ? 'z' : '\n';
		assert_int_equal(ctl_output_add(&out, chunk, sizeof(chunk)), 0);
		assert_true(out.head.len + out.tail.len <= 2 * CTL_OUTPUT_MAX);
	}
	ctl_output_text(&out, &sb);
	assert_true(sb.len <= CTL_OUTPUT_MAX + 64);
	assert_int_equal(sb.data[0], 'a');
	assert_int_equal(sb.data[sb.len - 1], 'z');
	assert_non_null(strstr(sb.data, "\n[... 3047424 bytes left out ...]\n"));
	ctl_output_shrink(&out);
	lab_strbuf_reset(&sb);
	ctl_output_text(&out, &sb);
	assert_true(!strncmp(sb.data, "[... 4079616 bytes left out ...]\n", 33));
	ctl_output_fini(&out);
}

static void one_big_piece_of_output_is_bounded(void **state)
{
	struct ctl_output out = { 0 };
	cleanup_free char *big = malloc(5u << 20);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 5u << 20);
	assert_int_equal(ctl_output_add(&out, "abc", 3), 0);
	assert_int_equal(ctl_output_add(&out, big, 5u << 20), 0);
	assert_int_equal(out.head.len, CTL_OUTPUT_MAX / 2);
	assert_int_equal(out.tail.len, CTL_OUTPUT_MAX / 2);
	assert_int_equal(out.total, (5u << 20) + 3);
	ctl_output_fini(&out);
}

static void shrunk_output_keeps_its_end(void **state)
{
	struct ctl_output out = { 0 };
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		char line[16];

		(void)snprintf(line, sizeof(line), "%d\n", i);
		assert_int_equal(ctl_output_add(&out, line, strlen(line)), 0);
	}
	ctl_output_shrink(&out);
	assert_int_equal(out.head.len + out.tail.len, CTL_OUTPUT_KEEP);
	ctl_output_text(&out, &sb);
	assert_true(sb.len > 16);
	assert_string_equal(lab_strbuf_str(&sb) + sb.len - 16, "\n9997\n9998\n9999\n");
	ctl_output_fini(&out);
}

static void text_becomes_utf8(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		bool escape;
		const char *out;
	} cases[] = {
		{ "a\xc3\xa4", 3, false, "a\xc3\xa4" },
		{ "a\xff"
		  "b",
		  3, false,
		  "a\xef\xbf\xbd"
		  "b" },
		{ "\xc3", 1, false, "\xef\xbf\xbd" },
		{ "\xed\xa0\x80", 3, false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf0\x9f\x90\xa7", 4, true, "\xf0\x9f\x90\xa7" },
		{ "\xf4\x90\x80\x80", 4, false,
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "a\0b", 3, false,
		  "a\xef\xbf\xbd"
		  "b" },
		{ "\033[1m\t\n", 6, true, "^[[1m\t\n" },
		{ "\033[1m", 4, false, "\033[1m" },
		{ "\x7f\r", 2, true, "^?^M" },
		{ "\xc2\x9b", 2, true, "\xef\xbf\xbd\xef\xbf\xbd" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

		ctl_text_utf8(cases[i].in, cases[i].len, cases[i].escape, &sb);
		assert_string_equal(lab_strbuf_str(&sb), cases[i].out);
	}
}

/* --- functions that follow changes --- */

static void functions_follow_what_commands_change(void **state)
{
	struct lab *lab = *state;

	lab->keeper.links = json_loads("{\"h1:eth1\": {\"name\": \"new0\", "
				       "\"mac\": \"02:00:00:00:00:ab\", "
				       "\"addresses\": [\"10.9.9.9/8\"]}}",
				       0, NULL);
	assert_int_equal(
		run_recipe(lab,
			   TASK(RUN("command='echo {devname(h1,eth1)}'") RUN(
				   "command='echo {devname(h1,eth1)} {hwaddr(h1,eth1)}'")
					RUN("command='echo {devname(h2,eth1)}'") RUN(
						"command='echo {ip(h1,eth1)}/{prefix(h1,eth1)}'"))),
		0);
	/* Nothing had run yet, so there was nothing to ask. */
	stdout_is(lab, 0, "eth1\n");
	stdout_is(lab, 1, "new0 02:00:00:00:00:AB\n");
	/* Nothing has run in h2. */
	stdout_is(lab, 2, "eth1\n");
	stdout_is(lab, 3, "192.168.7.1/24\n");
	assert_int_equal(lab->keeper.n_links, 2);
}

static void interface_that_has_gone_fails_what_needs_it(void **state)
{
	struct lab *lab = *state;

	lab->keeper.links = json_object();
	assert_int_equal(run_recipe(lab, TASK(RUN("command='true'")
						      RUN("command='echo {devname(h1,eth1)}'")
							      RUN("command='true'"))),
			 0);
	verdict_is(lab, 1, CTL_VERDICT_FAIL,
		   "function devname(): host h1: interface eth1: it has gone");
	verdict_is(lab, 2, CTL_VERDICT_PASS, "");
}

static void lab_that_cannot_tell_has_what_the_recipe_says(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(run_recipe(lab, TASK(RUN("command='true'")
						      RUN("command='echo {devname(h1,eth1)}'"))),
			 0);
	stdout_is(lab, 1, "eth1\n");
}

static void addresses_follow_what_a_task_changes(void **state)
{
	struct lab *lab = *state;
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_scope base;
	struct ctl_lazy lazy;
	struct lab_err err;

	lab->keeper.links = json_loads("{\"h1:eth1\": {\"addresses\": [\"10.9.9.9/8\"]}}", 0, NULL);
	load_recipe(lab, TASK(RUN("command='true'")));
	ctl_match_scope(lab->topo, &base);
	assert_int_equal(ctl_lazy_init(&lazy, &base, lab->recipe, lab->client), 0);
	ctl_lazy_change(&lazy, 0, CTL_CHANGE_LINK);
	assert_int_equal(lazy.scope.ip(&lazy, 0, 0, 0, &sb, &err), 0);
	ctl_lazy_change(&lazy, 0, CTL_CHANGE_ADDRS);
	lab_strbuf_putc(&sb, ' ');
	assert_int_equal(lazy.scope.ip(&lazy, 0, 0, 0, &sb, &err), 0);
	lab_strbuf_putc(&sb, '/');
	assert_int_equal(lazy.scope.prefix(&lazy, 0, 0, 0, &sb, &err), 0);
	assert_string_equal(lab_strbuf_str(&sb), "192.168.7.1 10.9.9.9/8");
	assert_int_equal(lazy.scope.ip(&lazy, 0, 0, 1, &sb, &err), -ENOENT);
	assert_string_equal(err.msg, "host h1: interface eth1 has no address 1 now");
	lab_strbuf_fini(&sb);
	ctl_lazy_fini(&lazy);
}

/* --- a lab that is up already --- */

static void live_lab_answers_functions(void **state)
{
	struct lab *lab = *state;
	cleanup_json json_t *topology = NULL;
	struct ctl_live *live = NULL;
	struct ctl_scope scope;

	topology = json_loads("{\"hosts\": [{\"id\": \"h2\", \"interfaces\": [{\"id\": \"eth1\", "
			      "\"name\": \"net0\", \"mac\": \"52:54:01:00:00:aa\", "
			      "\"addresses\": [\"10.9.8.7/16\"]}]}, {\"id\": \"h1\"}]}",
			      0, NULL);
	load_recipe(lab,
		    TASK(RUN("command='echo {ip(h2,eth1)} {prefix(h2,eth1)} {devname(h2,eth1)} "
			     "{hwaddr(h2,eth1)}'") RUN("command='echo {ip(h1,eth1)}'")));
	assert_int_equal(ctl_live_new(lab->recipe, "x", topology, &live, &lab->diag), 0);
	ctl_live_scope(live, &scope);
	assert_int_equal(run_with(lab, &scope), 0);
	stdout_is(lab, 0, "10.9.8.7 16 net0 52:54:01:00:00:AA\n");
	verdict_is(lab, 1, CTL_VERDICT_FAIL,
		   "function ip(): lab x: host h1 has no interface 'eth1'");
	ctl_live_free(live);
}

static void live_lab_without_a_host_is_an_error(void **state)
{
	struct lab *lab = *state;
	cleanup_json json_t *topology = NULL;
	struct ctl_live *live = NULL;

	topology = json_loads("{\"hosts\": [{\"id\": \"h1\"}, {\"id\": \"hh2\"}]}", 0, NULL);
	load_recipe(lab, TASK(RUN("command='true'")));
	assert_int_equal(ctl_live_new(lab->recipe, "x", topology, &live, &lab->diag), -ENOENT);
	assert_string_equal(lab->diag.items[0].msg, "lab x has no host 'h2'; there is 'h1'");
	assert_true(lab->diag.items[0].src.line > 0);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, run_lab_setup, run_lab_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LAB_TEST(exit_status_is_the_verdict),
		LAB_TEST(expect_fail_turns_the_verdict_round),
		LAB_TEST(output_is_kept_by_stream),
		LAB_TEST(shell_is_bash),
		LAB_TEST(timeout_kills_the_whole_group_and_fails),
		LAB_TEST(timeout_fails_also_when_failure_is_expected),
		LAB_TEST(functions_are_answered),
		LAB_TEST(background_passes_at_once_and_wait_reports),
		LAB_TEST(wait_reports_a_failure),
		LAB_TEST(wait_lasts_as_long_as_the_command_may),
		LAB_TEST(wait_after_that_lasts_two_seconds),
		LAB_TEST(its_own_time_does_not_end_a_background_command),
		LAB_TEST(interrupted_shell_command_passes),
		LAB_TEST(interrupted_shell_command_that_should_fail_fails),
		LAB_TEST(intr_of_a_finished_command_reports_it),
		LAB_TEST(kill_passes_whatever_was_expected),
		LAB_TEST(kill_of_a_finished_command_reports_it),
		LAB_TEST(bg_ids_belong_to_hosts),
		LAB_TEST(ctl_wait_takes_fractions),
		LAB_TEST(failed_command_does_not_end_the_task),
		LAB_TEST(quit_on_fail_ends_the_recipe),
		LAB_TEST(recipe_without_tasks_passes),
		LAB_TEST(module_gets_its_options_and_gives_data),
		LAB_TEST(module_says_why_it_failed),
		LAB_TEST(module_that_could_not_work_fails_in_any_case),
		LAB_TEST(interrupted_module_has_its_own_verdict),
		LAB_TEST(announcing_module_is_waited_for),
		LAB_TEST(module_that_will_not_be_ready_is_not_waited_for),
		LAB_TEST(announcing_module_that_ends_is_not_waited_for),
		LAB_TEST(only_what_a_host_lacks_is_sent),
		LAB_TEST(module_edited_while_it_is_sent_is_sent_again),
		LAB_TEST(wrong_modules_are_named),
		LAB_TEST(missing_program_is_named_with_its_package),
		LAB_TEST(what_cannot_be_executed_is_no_module),
		LAB_TEST(options_that_make_no_sense_are_noted),
		LAB_TEST(module_of_a_task_comes_first),
		LAB_TEST(dead_host_ends_the_recipe),
		LAB_TEST(dead_host_is_noticed_in_the_background_too),
		LAB_TEST(lab_that_goes_away_ends_the_run),
		LAB_TEST(cancelled_run_kills_what_runs),
		LAB_TEST(long_output_keeps_its_first_and_last_part),
		cmocka_unit_test(output_is_bounded),
		cmocka_unit_test(one_big_piece_of_output_is_bounded),
		cmocka_unit_test(shrunk_output_keeps_its_end),
		cmocka_unit_test(text_becomes_utf8),
		LAB_TEST(functions_follow_what_commands_change),
		LAB_TEST(interface_that_has_gone_fails_what_needs_it),
		LAB_TEST(lab_that_cannot_tell_has_what_the_recipe_says),
		LAB_TEST(addresses_follow_what_a_task_changes),
		LAB_TEST(live_lab_answers_functions),
		LAB_TEST(live_lab_without_a_host_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
