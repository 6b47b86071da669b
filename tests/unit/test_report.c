/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_report.c - unit tests of controller/report: text, JSON lines, the line of progress */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "controller/report/report.h"
#include "netlab/base/util.h"

#define START_US ((uint64_t)5000000)

static uint64_t clock_us;

static uint64_t fake_now(void)
{
	return clock_us;
}

/*
 * struct out - what was written
 */
struct out {
	struct lab_strbuf fd[3];
	struct ctl_report *rep;
};

static void take(int fd, const char *data, size_t len, void *user)
{
	struct out *out = user;

	assert_true(fd == 1 || fd == 2);
	lab_strbuf_add(&out->fd[fd], data, len);
}

static void begin(struct out *out, const struct ctl_report_params *how)
{
	struct ctl_report_params params = *how;

	*out = (struct out){ 0 };
	clock_us = START_US;
	params.write = take;
	params.user = out;
	params.start_us = START_US;
	params.now_us = fake_now;
	assert_int_equal(ctl_report_new(&params, &out->rep, NULL), 0);
}

static void end(struct out *out)
{
	ctl_report_free(out->rep);
	lab_strbuf_fini(&out->fd[1]);
	lab_strbuf_fini(&out->fd[2]);
}

static void wrote(struct out *out, int fd, const char *text)
{
	assert_string_equal(lab_strbuf_str(&out->fd[fd]), text);
	lab_strbuf_reset(&out->fd[fd]);
}

/*
 * A small run by hand: task 1 "one": h1 "ping -c 1 h2" passes; host2 module M in the background as
 * b; intr b fails; ctl_wait. Task 2 was not run.
 */
static struct ctl_command commands[] = {
	{ .kind = CTL_COMMAND_RUN,
	  .command = { .text = "ping\n\t-c 1  h2" },
	  .timeout_s = 60,
	  .src = { "r.xml", 10, 3 } },
	{ .kind = CTL_COMMAND_RUN,
	  .module = "M",
	  .bg_id = "b",
	  .timeout_s = 5,
	  .expect = CTL_EXPECT_FAIL,
	  .src = { "r.xml", 11, 3 } },
	{ .kind = CTL_COMMAND_INTR, .bg_id = "b", .src = { "r.xml", 12, 3 } },
	{ .kind = CTL_COMMAND_CTL_WAIT, .wait_us = 1250000, .src = { "r.xml", 13, 3 } },
};
static const struct ctl_task tasks[] = {
	{ .label = "one", .commands = commands, .n_commands = 4 },
	{ .commands = commands, .n_commands = 1 },
};

/*
 * struct small - that run's result
 */
struct small {
	struct ctl_run_result result;
	struct ctl_task_result tasks[2];
	struct ctl_command_result c[5], *list[5];
	struct ctl_job ping, module;
};

static void fill(struct small *s)
{
	size_t i;

	*s = (struct small){ 0 };
	s->result = (struct ctl_run_result){
		.verdict = CTL_VERDICT_FAIL,
		.tasks = s->tasks,
		.n_tasks = 2,
		.n_tasks_run = 1,
		.n_passed = 3,
		.n_failed = 1,
		.duration_us = 1500000,
		.busy_us = 1400000,
	};
	s->tasks[0] = (struct ctl_task_result){
		.task = &tasks[0],
		.commands = s->list,
		.n_commands = 4,
		.verdict = CTL_VERDICT_FAIL,
		.n_passed = 3,
		.n_failed = 1,
		.duration_us = 1450000,
	};
	s->tasks[1] = (struct ctl_task_result){
		.task = &tasks[1],
		.index = 1,
		.commands = s->list + 4,
		.n_commands = 1,
	};
	for (i = 0; i < 5; i++)
		s->list[i] = &s->c[i];
	s->c[0] = (struct ctl_command_result){
		.command = &commands[0],
		.host = "h1",
		.verdict = CTL_VERDICT_PASS,
		.text = (char *)"ping\n\t-c 1  h2",
		.duration_us = 12345,
		.busy_us = 12000,
		.start_us = START_US,
		.job = &s->ping,
		.own = &s->ping,
	};
	s->ping = (struct ctl_job){
		.host = "h1",
		.started = true,
		.ended = true,
		.end = { .exited = true, .duration_us = 12000, .utime_us = 100, .stime_us = 200 },
		.owner = &s->c[0],
	};
	s->c[1] = (struct ctl_command_result){
		.command = &commands[1],
		.index = 1,
		.start_us = START_US + 20000,
		.host = "host2",
		.verdict = CTL_VERDICT_PASS,
		.background = true,
		.text = (char *)"M a=1",
		.message = "Running in background.",
		.own = &s->module,
	};
	s->module = (struct ctl_job){
		.host = "host2",
		.started = true,
		.ended = true,
		.end = { .signal = SIGINT },
		.owner = &s->c[1],
	};
	s->c[2] = (struct ctl_command_result){
		.command = &commands[2],
		.index = 2,
		.start_us = START_US + 30000,
		.host = "host2",
		.verdict = CTL_VERDICT_FAIL,
		.message = "killed by SIGINT",
		.job = &s->module,
	};
	s->c[3] = (struct ctl_command_result){
		.command = &commands[3],
		.index = 3,
		.start_us = START_US + 40000,
		.verdict = CTL_VERDICT_PASS,
		.duration_us = 1250100,
	};
	s->c[4].command = &commands[0];
}

static void drop(struct small *s)
{
	ctl_output_fini(&s->ping.out);
	ctl_output_fini(&s->ping.err);
	ctl_output_fini(&s->module.out);
	ctl_output_fini(&s->module.err);
	json_decref(s->module.data);
}

static void play(struct out *out, struct small *s)
{
	const struct ctl_run_ops *ops = ctl_report_run_ops();
	size_t i;

	ops->task_start(&s->tasks[0], out->rep);
	for (i = 0; i < 4; i++) {
		ops->command_start(&s->c[i], out->rep);
		if (i == 0) {
			ops->output(&s->c[0], 1, "64 by", 5, out->rep);
			ops->output(&s->c[0], 2, "odd\033\n", 5, out->rep);
			ops->output(&s->c[0], 1, "tes\n\nlast", 9, out->rep);
		}
		ops->command_end(&s->c[i], out->rep);
	}
	ops->task_end(&s->tasks[0], out->rep);
}

static const struct ctl_report_part parts[] = {
	{ "keeper", 1000 },
	{ "hosts", 2000 },
	{ "links", 400 },
	{ "agents", 56 },
};
static const struct ctl_report_lab_up lab_up = {
	.n_hosts = 2,
	.n_networks = 1,
	.duration_us = 3456,
	.parts = parts,
	.n_parts = 4,
};

/* --- text --- */

static void text_of_a_run(void **state)
{
	const struct ctl_report_params how = { 0 };
	struct ctl_report_verdict v = { .exit_code = 1, .start_us = START_US };
	struct small s;
	struct out out;

	(void)state;
	fill(&s);
	(void)ctl_output_add(&s.module.err, "one\ntwo\x1b\n", 9);
	s.module.data = json_pack("{s:i}", "n", 3);
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	ctl_report_phase(out.rep, CTL_PHASE_READ);
	wrote(&out, 1, "");
	ctl_report_lab(out.rep, "r-1");
	ctl_report_up(out.rep, &lab_up);
	wrote(&out, 1, "r.xml: lab r-1: 2 hosts, 1 network, up in 0.003 s\n");
	play(&out, &s);
	wrote(&out, 1,
	      "task 1: one\n"
	      "  PASS    0.012 s  h1     ping -c 1 h2\n"
	      "  PASS    0.000 s  host2  [b] M a=1  Running in background.\n"
	      "  FAIL    0.000 s  host2  intr [b]  killed by SIGINT\n"
	      "  PASS    1.250 s  -      ctl_wait 1.25 s\n");
	v.result = &s.result;
	clock_us = START_US + 1500000;
	ctl_report_verdict(out.rep, &v);
	wrote(&out, 1,
	      "failed:\n"
	      "  r.xml:12:3: task 1, command 3, host host2: intr [b], which is [b] M a=1\n"
	      "    killed by SIGINT\n"
	      "    data: {\"n\":3}\n"
	      "    ! one\n"
	      "    ! two^[\n"
	      "tasks:\n"
	      "  FAIL    1.450 s  1 of 4 failed  1: one\n"
	      "  ----             not run        2  the run was stopped\n"
	      "FAIL  r.xml: 1 of 4 commands failed, 1 task not run in 1.500 s (tests 1.400 s, netlab 0.100 s)\n");
	ctl_report_down(out.rep, 1000);
	ctl_report_end(out.rep, 1);
	wrote(&out, 1, "");
	wrote(&out, 2, "");
	end(&out);
	drop(&s);
}

static void text_shows_output_when_verbose(void **state)
{
	const struct ctl_report_params how = { .verbose = true };
	struct small s;
	struct out out;

	(void)state;
	fill(&s);
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	ctl_report_run_ops()->synced("h1", 2, 1, 2000, out.rep);
	play(&out, &s);
	wrote(&out, 1,
	      "host h1: 1 of 2 files sent in 0.002 s\n"
	      "task 1: one\n"
	      "  started          h1     ping -c 1 h2\n"
	      "    h1! odd^[\n"
	      "    h1| 64 bytes\n"
	      "    h1| \n"
	      "    h1| last\n"
	      "  PASS    0.012 s  h1     ping -c 1 h2\n"
	      "  started          host2  [b] M a=1\n"
	      "  PASS    0.000 s  host2  [b] M a=1  Running in background.\n"
	      "  started          host2  intr [b]\n"
	      "  FAIL    0.000 s  host2  intr [b]  killed by SIGINT\n"
	      "  started          -      ctl_wait 1.25 s\n"
	      "  PASS    1.250 s  -      ctl_wait 1.25 s\n");
	end(&out);
	drop(&s);
}

static void text_is_coloured_when_wanted(void **state)
{
	const struct ctl_report_params how = { .colour = true };
	struct small s;
	struct out out;

	(void)state;
	fill(&s);
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	play(&out, &s);
	assert_non_null(strstr(lab_strbuf_str(&out.fd[1]), "\033[1mtask 1: one\033[0m\n"));
	assert_non_null(strstr(lab_strbuf_str(&out.fd[1]), "  \033[1;32mPASS\033[0m    0.012 s"));
	assert_non_null(strstr(lab_strbuf_str(&out.fd[1]), "  \033[1;31mFAIL\033[0m    0.000 s"));
	end(&out);
	drop(&s);
}

static void text_is_cut_to_the_terminal(void **state)
{
	const struct ctl_report_params how = { .columns = 50 };
	struct small s;
	struct out out;

	(void)state;
	fill(&s);
	s.c[0].text =
		(char *)"ping -c 1 \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 and so on";
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	ctl_report_run_ops()->task_start(&s.tasks[0], out.rep);
	ctl_report_run_ops()->command_start(&s.c[0], out.rep);
	ctl_report_run_ops()->command_end(&s.c[0], out.rep);
	wrote(&out, 1,
	      "task 1: one\n"
	      "  PASS    0.012 s  h1     ping -c 1 \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4...\n");
	end(&out);
	drop(&s);
}

static void text_of_timing(void **state)
{
	const struct ctl_report_params how = { .timing = true };
	struct ctl_report_verdict v = {
		.start_us = START_US,
		.phase_us = { 1000, 2000, 3000, 0 },
	};
	struct small s;
	struct out out;

	(void)state;
	fill(&s);
	s.result.n_failed = 0;
	s.result.n_passed = 5;
	s.c[4].start_us = START_US;
	s.result.n_tasks_run = 2;
	s.result.busy_us = 2000;
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	ctl_report_lab(out.rep, "x");
	ctl_report_up(out.rep, &lab_up);
	wrote(&out, 1,
	      "r.xml: lab x: 2 hosts, 1 network, up in 0.003 s\n"
	      "  keeper  0.001 s\n  hosts   0.002 s\n  links   0.000 s\n  agents  0.000 s\n");
	v.result = &s.result;
	clock_us = START_US + 10000;
	ctl_report_verdict(out.rep, &v);
	wrote(&out, 1,
	      "  read    0.001 s\n  up      0.002 s\n  run     0.003 s, tests 0.002 s\n"
	      "PASS  r.xml: 5 of 5 commands passed in 0.010 s (tests 0.002 s, netlab 0.008 s)\n");
	ctl_report_down(out.rep, 4000);
	wrote(&out, 1, "  down    0.004 s\n");
	end(&out);
	drop(&s);
}

static void text_of_errors_and_notes(void **state)
{
	const struct ctl_report_params how = { 0 };
	const struct lab_src src = { "r.xml", 3, 4 };
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	struct ctl_report_verdict v = { .exit_code = 2, .start_us = START_US };
	struct lab_err err;
	struct out out;

	(void)state;
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	(void)ctl_diag_error(&diag, &src, "wrong");
	ctl_report_diag(out.rep, &diag);
	(void)lab_err_set(&err, ENOSYS, "no namespaces");
	ctl_report_error(out.rep, &err);
	ctl_report_note(out.rep, "look %s", "here");
	ctl_report_verdict(out.rep, &v);
	wrote(&out, 1, "");
	wrote(&out, 2, "r.xml:3:4: error: wrong\nerror: no namespaces\nnote: look here\n");
	end(&out);
}

static void text_of_an_interrupted_run(void **state)
{
	const struct ctl_report_params how = { 0 };
	struct ctl_report_verdict v = { .exit_code = 130, .signo = SIGINT, .start_us = START_US };
	struct out out;

	(void)state;
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	clock_us = START_US + 7000;
	ctl_report_verdict(out.rep, &v);
	wrote(&out, 1,
	      "STOP  r.xml: interrupted by SIGINT in 0.007 s (tests 0.000 s, netlab 0.007 s)\n");
	end(&out);
}

static void text_of_several_recipes_ends_with_a_list(void **state)
{
	const struct ctl_report_params how = { 0 };
	struct ctl_report_verdict v = { .exit_code = 2, .start_us = START_US };
	struct lab_err err;
	struct out out;

	(void)state;
	begin(&out, &how);
	ctl_report_begin(out.rep, "a.xml");
	(void)lab_err_set(&err, EINVAL, "odd");
	ctl_report_error(out.rep, &err);
	ctl_report_verdict(out.rep, &v);
	ctl_report_begin(out.rep, "b.xml");
	v.exit_code = 0;
	ctl_report_verdict(out.rep, &v);
	clock_us = START_US + 2000000;
	ctl_report_end(out.rep, 2);
	wrote(&out, 1,
	      "2 recipes: 1 passed, 1 failed, in 2.000 s\n"
	      "  FAIL    0.000 s  a.xml: error: odd\n  PASS    0.000 s  b.xml\n");
	end(&out);
}

static void text_of_a_lab_that_stays(void **state)
{
	const struct ctl_report_params how = { 0 };
	struct out out;

	(void)state;
	begin(&out, &how);
	ctl_report_begin(out.rep, "a.xml");
	ctl_report_lab(out.rep, "a-7");
	ctl_report_kept(out.rep, "h1");
	wrote(&out, 1,
	      "lab a-7 stays up\n"
	      "  look into it:  netlab shell a-7 h1\n"
	      "  run again:     netlab run --lab a-7 a.xml\n"
	      "  end it:        netlab topo down a-7\n");
	end(&out);
}

/* --- JSON --- */

static json_t *next_event(struct out *out)
{
	struct lab_strbuf *sb = &out->fd[1];
	const char *newline = memchr(lab_strbuf_str(sb), '\n', sb->len);
	json_t *e;

	assert_non_null(newline);
	e = json_loadb(sb->data, (size_t)(newline - sb->data), 0, NULL);
	assert_true(json_is_object(e));
	lab_strbuf_consume(sb, (size_t)(newline - sb->data) + 1);
	return e;
}

static void event_is(struct out *out, const char *expected)
{
	cleanup_json json_t *want = json_loads(expected, 0, NULL);
	cleanup_json json_t *got = next_event(out);
	cleanup_free char *text = json_dumps(got, JSON_COMPACT);

	assert_non_null(want);
	if (json_object_get(want, "recipe"))
		assert_int_equal(json_object_set_new(want, "run", json_integer(1)), 0);
	if (!json_equal(want, got))
		print_message("%s\n", text);
	assert_true(json_equal(want, got));
}

static void lines_of_a_run(void **state)
{
	const struct ctl_report_params how = {
		.style = CTL_REPORT_JSON,
		.colour = true,
		.live = true,
		.env = { .version = "1.2", .kernel = "6.1", .date_s = 1795634421 },
	};
	struct ctl_report_verdict v = {
		.exit_code = 1,
		.start_us = START_US,
		.phase_us = { 1, 2, 3, 0 },
	};
	struct small s;
	struct out out;

	(void)state;
	fill(&s);
	(void)ctl_output_add(&s.ping.out, "a\xff\n", 3);
	s.module.data = json_pack("{s:i}", "n", 3);
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	event_is(&out, "{\"event\":\"start\",\"time_us\":0,\"version\":\"1.2\",\"kernel\":\"6.1\","
		       "\"date\":\"2026-11-25T19:20:21Z\"}");
	event_is(&out, "{\"event\":\"recipe\",\"time_us\":0,\"recipe\":\"r.xml\"}");
	ctl_report_phase(out.rep, CTL_PHASE_UP);
	event_is(&out, "{\"event\":\"phase\",\"time_us\":0,\"recipe\":\"r.xml\",\"phase\":\"up\"}");
	ctl_report_lab(out.rep, "r-1");
	clock_us = START_US + 7;
	ctl_report_up(out.rep, &lab_up);
	event_is(&out,
		 "{\"event\":\"up\",\"time_us\":7,\"recipe\":\"r.xml\",\"lab\":\"r-1\",\"hosts\":2,"
		 "\"networks\":1,\"attached\":false,\"duration_us\":3456,\"phases_us\":"
		 "{\"keeper\":1000,\"hosts\":2000,\"links\":400,\"agents\":56}}");
	ctl_report_run_ops()->synced("h1", 2, 1, 2000, out.rep);
	event_is(&out, "{\"event\":\"synced\",\"time_us\":7,\"recipe\":\"r.xml\",\"host\":\"h1\","
		       "\"files\":2,\"sent\":1,\"duration_us\":2000}");
	play(&out, &s);
	event_is(&out, "{\"event\":\"task_start\",\"time_us\":7,\"recipe\":\"r.xml\",\"task\":1,"
		       "\"label\":\"one\",\"commands\":4,\"hosts\":[\"h1\",\"host2\"]}");
	event_is(
		&out,
		"{\"event\":\"command_start\",\"time_us\":7,\"recipe\":\"r.xml\",\"task\":1,"
		"\"command\":1,\"host\":\"h1\",\"type\":\"run\",\"text\":\"ping\\n\\t-c 1  h2\","
		"\"expect\":\"pass\",\"timeout_s\":60,\"start_us\":0,\"file\":\"r.xml\",\"line\":10,\"col\":3}");
	event_is(&out,
		 "{\"event\":\"command_end\",\"time_us\":7,\"recipe\":\"r.xml\",\"task\":1,"
		 "\"command\":1,\"host\":\"h1\",\"type\":\"run\",\"text\":\"ping\\n\\t-c 1  h2\","
		 "\"expect\":\"pass\",\"timeout_s\":60,\"start_us\":0,\"file\":\"r.xml\",\"line\":10,\"col\":3,"
		 "\"verdict\":\"pass\",\"message\":\"\",\"background\":false,"
		 "\"duration_us\":12345,\"timed_out\":false,\"stdout\":\"a\xef\xbf\xbd\\n\","
		 "\"stderr\":\"\",\"exit\":0,\"host_us\":12000,\"utime_us\":100,\"stime_us\":200}");
	json_decref(next_event(&out));
	event_is(
		&out,
		"{\"event\":\"command_end\",\"time_us\":7,\"recipe\":\"r.xml\",\"task\":1,"
		"\"command\":2,\"host\":\"host2\",\"type\":\"run\",\"module\":\"M\",\"text\":\"M a=1\","
		"\"bg_id\":\"b\",\"expect\":\"fail\",\"timeout_s\":5,\"start_us\":20000,\"file\":\"r.xml\",\"line\":11,\"col\":3,"
		"\"verdict\":\"pass\",\"message\":\"Running in background.\",\"background\":true,"
		"\"duration_us\":0}");
	json_decref(next_event(&out));
	event_is(
		&out,
		"{\"event\":\"command_end\",\"time_us\":7,\"recipe\":\"r.xml\",\"task\":1,"
		"\"command\":3,\"host\":\"host2\",\"type\":\"intr\",\"bg_id\":\"b\","
		"\"start_us\":30000,\"target\":2,\"file\":\"r.xml\",\"line\":12,\"col\":3,\"verdict\":\"fail\","
		"\"message\":\"killed by SIGINT\",\"background\":false,\"duration_us\":0,"
		"\"timed_out\":false,\"stdout\":\"\",\"stderr\":\"\",\"data\":{\"n\":3},"
		"\"signal\":2,\"signal_name\":\"INT\",\"host_us\":0,\"utime_us\":0,\"stime_us\":0}");
	json_decref(next_event(&out));
	event_is(&out,
		 "{\"event\":\"command_end\",\"time_us\":7,\"recipe\":\"r.xml\",\"task\":1,"
		 "\"command\":4,\"type\":\"ctl_wait\",\"wait_us\":1250000,\"start_us\":40000,\"file\":\"r.xml\","
		 "\"line\":13,\"col\":3,\"verdict\":\"pass\",\"message\":\"\",\"background\":false,"
		 "\"duration_us\":1250100}");
	event_is(&out, "{\"event\":\"task_end\",\"time_us\":7,\"recipe\":\"r.xml\",\"task\":1,"
		       "\"label\":\"one\",\"verdict\":\"fail\",\"passed\":3,\"failed\":1,"
		       "\"duration_us\":1450000}");
	v.result = &s.result;
	clock_us = START_US + 1500000;
	ctl_report_verdict(out.rep, &v);
	event_is(
		&out,
		"{\"event\":\"verdict\",\"time_us\":1500000,\"recipe\":\"r.xml\","
		"\"verdict\":\"fail\",\"exit_code\":1,\"tasks\":2,\"tasks_run\":1,\"tasks_left_out\":0,"
		"\"tasks_not_run\":[{\"task\":2,\"commands\":1,\"reason\":\"stopped\"}],\"commands\":5,\"commands_run\":4,\"passed\":3,"
		"\"failed\":1,\"duration_us\":1500000,\"tests_us\":1400000,\"netlab_us\":100000,"
		"\"phases_us\":{\"read\":1,\"up\":2,\"run\":3}}");
	ctl_report_down(out.rep, 5);
	event_is(&out,
		 "{\"event\":\"down\",\"time_us\":1500000,\"recipe\":\"r.xml\",\"lab\":\"r-1\","
		 "\"duration_us\":5}");
	ctl_report_end(out.rep, 1);
	event_is(&out, "{\"event\":\"end\",\"time_us\":1500000,\"recipes\":1,\"passed\":0,"
		       "\"exit_code\":1}");
	wrote(&out, 1, "");
	wrote(&out, 2, "");
	end(&out);
	drop(&s);
}

static void lines_of_output_when_verbose(void **state)
{
	const struct ctl_report_params how = { .style = CTL_REPORT_JSON, .verbose = true };
	struct small s;
	struct out out;

	(void)state;
	fill(&s);
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	play(&out, &s);
	json_decref(next_event(&out));
	json_decref(next_event(&out));
	json_decref(next_event(&out));
	json_decref(next_event(&out));
	event_is(&out,
		 "{\"event\":\"output\",\"time_us\":0,\"recipe\":\"r.xml\",\"task\":1,\"command\":1,"
		 "\"host\":\"h1\",\"stream\":\"stderr\",\"line\":\"odd\\u001b\"}");
	event_is(&out,
		 "{\"event\":\"output\",\"time_us\":0,\"recipe\":\"r.xml\",\"task\":1,\"command\":1,"
		 "\"host\":\"h1\",\"stream\":\"stdout\",\"line\":\"64 bytes\"}");
	end(&out);
	drop(&s);
}

static void lines_of_errors(void **state)
{
	const struct ctl_report_params how = { .style = CTL_REPORT_JSON };
	const struct lab_src src = { "r.xml", 3, 4 };
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_err err;
	struct out out;

	(void)state;
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	json_decref(next_event(&out));
	json_decref(next_event(&out));
	(void)ctl_diag_error(&diag, &src, "wrong");
	ctl_diag_note(&diag, &src, "odd");
	ctl_report_diag(out.rep, &diag);
	event_is(&out, "{\"event\":\"error\",\"time_us\":0,\"recipe\":\"r.xml\",\"file\":\"r.xml\","
		       "\"line\":3,\"col\":4,\"message\":\"wrong\"}");
	event_is(&out, "{\"event\":\"note\",\"time_us\":0,\"recipe\":\"r.xml\",\"file\":\"r.xml\","
		       "\"line\":3,\"col\":4,\"message\":\"odd\"}");
	(void)lab_err_set(&err, ENOSYS, "no namespaces");
	ctl_report_error(out.rep, &err);
	event_is(&out, "{\"event\":\"error\",\"time_us\":0,\"recipe\":\"r.xml\","
		       "\"message\":\"no namespaces\",\"errno\":\"ENOSYS\"}");
	end(&out);
}

/* --- the line of progress --- */

static void progress_is_drawn_in_place_and_cleared(void **state)
{
	struct ctl_report_params how = { .live = true, .columns = 40 };
	struct lab_loop *loop = NULL;
	struct small s;
	struct out out;

	(void)state;
	assert_int_equal(lab_loop_new(&loop), 0);
	how.loop = loop;
	fill(&s);
	begin(&out, &how);
	ctl_report_begin(out.rep, "dir/r.xml");
	ctl_report_phase(out.rep, CTL_PHASE_UP);
	/* What is over at once is not drawn. */
	wrote(&out, 1, "");
	clock_us = START_US + 50000;
	ctl_report_progress(3, 20, out.rep);
	wrote(&out, 1, "\r\033[Kr.xml: 3 of 20 hosts up");
	ctl_report_progress(4, 20, out.rep);
	wrote(&out, 1, "");
	ctl_report_progress(20, 20, out.rep);
	wrote(&out, 1, "\r\033[Kr.xml: 20 of 20 hosts up");
	ctl_report_phase(out.rep, CTL_PHASE_RUN);
	ctl_report_run_ops()->task_start(&s.tasks[0], out.rep);
	wrote(&out, 1, "\r\033[Ktask 1: one\n");
	clock_us = START_US + 1200000;
	ctl_report_run_ops()->command_start(&s.c[0], out.rep);
	wrote(&out, 1, "\r\033[Kr.xml: task 1, command 1 of 4, 1.2 s: h");
	assert_true(lab_loop_step(loop, 2000) > 0);
	wrote(&out, 1, "\r\033[Kr.xml: task 1, command 1 of 4, 1.2 s: h");
	ctl_report_end(out.rep, 0);
	wrote(&out, 1, "\r\033[K");
	end(&out);
	lab_loop_free(loop);
	drop(&s);
}

static void free_removes_the_line_of_progress(void **state)
{
	struct ctl_report_params how = { .live = true };
	struct lab_loop *loop = NULL;
	struct out out;

	(void)state;
	assert_int_equal(lab_loop_new(&loop), 0);
	how.loop = loop;
	begin(&out, &how);
	ctl_report_begin(out.rep, "r.xml");
	ctl_report_progress(1, 1, out.rep);
	lab_strbuf_reset(&out.fd[1]);
	ctl_report_free(out.rep);
	out.rep = NULL;
	wrote(&out, 1, "\r\033[K");
	end(&out);
	lab_loop_free(loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_a_run),
		cmocka_unit_test(text_shows_output_when_verbose),
		cmocka_unit_test(text_is_coloured_when_wanted),
		cmocka_unit_test(text_is_cut_to_the_terminal),
		cmocka_unit_test(text_of_timing),
		cmocka_unit_test(text_of_errors_and_notes),
		cmocka_unit_test(text_of_an_interrupted_run),
		cmocka_unit_test(text_of_several_recipes_ends_with_a_list),
		cmocka_unit_test(text_of_a_lab_that_stays),
		cmocka_unit_test(lines_of_a_run),
		cmocka_unit_test(lines_of_output_when_verbose),
		cmocka_unit_test(lines_of_errors),
		cmocka_unit_test(progress_is_drawn_in_place_and_cleared),
		cmocka_unit_test(free_removes_the_line_of_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
