/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_report_files.c - unit tests of controller/report: the model, and what is written from it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/report/file.h"
#include "controller/report/markup.h"
#include "controller/report/model.h"
#include "controller/report/report.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

static int take(struct ctl_model *model, const char *line)
{
	cleanup_json json_t *e = json_loads(line, 0, NULL);
	struct ctl_event event;

	assert_non_null(e);
	return ctl_model_take(model, e, &event);
}

static void feed(struct ctl_model *model, const char *const *lines)
{
	for (; *lines; lines++)
		assert_int_equal(take(model, *lines), 0);
}

#define R(n) "\"recipe\":\"r" #n ".xml\",\"run\":" #n
#define C    "\"event\":\"command_start\",\"task\":1," R(1)
#define E    "\"event\":\"command_end\",\"task\":1," R(1)

/* One recipe with a bit of everything, one that could not be read. */
static const char *const story[] = {
	"{\"event\":\"start\",\"time_us\":1,\"version\":\"1.0\",\"machine\":\"m\",\"date\":\"2026-01-02T03:04:05Z\"}",
	"{\"event\":\"recipe\",\"time_us\":2," R(1) "}",
	"{\"event\":\"topology\"," R(
		1) ",\"topology\":{\"hosts\":[{\"id\":\"h1\",\"interfaces\":[{\"id\":\"1\",\"name\":\"eth1\"}]}]}}",
	"{\"event\":\"task_start\"," R(1) ",\"task\":1,\"label\":\"a.b\",\"commands\":5}",
	"{" C ",\"command\":1,\"host\":\"h1\",\"type\":\"run\",\"text\":\"echo <&\\\"\"}",
	"{" E
	",\"command\":1,\"host\":\"h1\",\"type\":\"run\",\"text\":\"echo <&\\\"\",\"expect\":\"fail\",\"timeout_s\":5,"
	"\"desc\":\"d\",\"verdict\":\"fail\",\"message\":\"why\",\"duration_us\":1500000,\"stdout\":\"]]>\\u0001\\u000b\\r\\ufffe\","
	"\"stderr\":\"\",\"exit\":3,\"file\":\"r1.xml\",\"line\":7,\"col\":2}",
	"{" C ",\"command\":2,\"host\":\"h1\",\"type\":\"run\",\"module\":\"M\",\"bg_id\":\"b\"}",
	"{" E
	",\"command\":2,\"host\":\"h1\",\"type\":\"run\",\"module\":\"M\",\"bg_id\":\"b\",\"text\":\"M a=1\",\"expect\":\"pass\","
	"\"verdict\":\"pass\",\"message\":\"Running in background.\",\"background\":true,\"duration_us\":0}",
	"{" C ",\"command\":3,\"host\":\"h1\",\"type\":\"intr\",\"bg_id\":\"b\"}",
	"{" E
	",\"command\":3,\"host\":\"h1\",\"type\":\"intr\",\"bg_id\":\"b\",\"target\":2,\"verdict\":\"pass\",\"message\":\"\","
	"\"duration_us\":2,\"stdout\":\"\",\"stderr\":\"\",\"data\":{\"a b\":1.5,\"l\":[1,[true,null]],\"d\":{\"x\":\"y\"}}}",
	"{" C ",\"command\":4,\"type\":\"ctl_wait\",\"wait_us\":1250000}",
	"{" E
	",\"command\":4,\"type\":\"ctl_wait\",\"wait_us\":1250000,\"verdict\":\"pass\",\"message\":\"\",\"duration_us\":1250000}",
	"{\"event\":\"task_end\"," R(
		1) ",\"task\":1,\"label\":\"a.b\",\"verdict\":\"fail\",\"passed\":3,\"failed\":1}",
	"{\"event\":\"verdict\"," R(
		1) ",\"verdict\":\"fail\",\"exit_code\":1,\"tasks\":1,\"tasks_run\":1,\"commands\":5,\"commands_run\":4,"
		   "\"passed\":3,\"failed\":1,\"duration_us\":3000000,\"tests_us\":2500000,\"netlab_us\":500000}",
	"{\"event\":\"recipe\"," R(2) "}",
	"{\"event\":\"note\"," R(2) ",\"message\":\"odd\"}",
	"{\"event\":\"error\"," R(
		2) ",\"message\":\"no <x>\",\"file\":\"r2.xml\",\"line\":3,\"col\":4}",
	"{\"event\":\"verdict\"," R(2) ",\"verdict\":\"none\",\"exit_code\":2,\"duration_us\":7}",
	NULL,
};

static void written(void (*write)(const struct ctl_model *, struct lab_strbuf *),
		    const struct ctl_model *model, const char *want)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	write(model, &sb);
	assert_int_equal(sb.error, 0);
	assert_string_equal(lab_strbuf_str(&sb), want);
}

/* --- the model --- */

static void events_become_a_model(void **state)
{
	struct ctl_model m = { 0 };
	const struct ctl_model_recipe *r;
	const struct ctl_model_task *t;

	(void)state;
	feed(&m, story);
	assert_int_equal(m.n_recipes, 2);
	assert_int_equal(ctl_model_passed(&m), 0);
	r = m.recipes[0];
	t = r->tasks[0];
	assert_int_equal(t->n_commands, 4);
	assert_ptr_equal(ctl_model_target(t, t->commands[2]), t->commands[1]);
	assert_null(ctl_model_target(t, t->commands[0]));
	assert_int_equal(t->commands[0]->exit_status, 3);
	assert_int_equal(t->commands[1]->exit_status, -1);
	assert_true(t->commands[0]->has_job);
	assert_false(t->commands[1]->has_job);
	assert_int_equal(m.recipes[1]->n_errors, 1);
	ctl_model_fini(&m);
	assert_int_equal(m.n_recipes, 0);
}

static void events_of_several_recipes_may_come_mixed(void **state)
{
	static const char *const lines[] = {
		"{\"event\":\"recipe\"," R(1) "}",
		"{\"event\":\"recipe\"," R(2) "}",
		"{\"event\":\"task_start\"," R(1) ",\"task\":1,\"label\":\"one\"}",
		"{\"event\":\"task_start\"," R(2) ",\"task\":1,\"label\":\"two\"}",
		"{\"event\":\"command_start\"," R(1) ",\"task\":1,\"command\":1,\"text\":\"x\"}",
		"{\"event\":\"something_new\"," R(1) "}",
		NULL,
	};
	struct ctl_model m = { 0 };

	(void)state;
	feed(&m, lines);
	assert_string_equal(m.recipes[0]->tasks[0]->label, "one");
	assert_string_equal(m.recipes[1]->tasks[0]->label, "two");
	assert_int_equal(m.recipes[0]->tasks[0]->n_commands, 1);
	assert_int_equal(m.recipes[1]->tasks[0]->n_commands, 0);
	ctl_model_fini(&m);
}

static void what_is_no_event_is_refused(void **state)
{
	struct ctl_model m = { 0 };

	(void)state;
	assert_int_equal(take(&m, "[]"), -EPROTO);
	assert_int_equal(take(&m, "{}"), -EPROTO);
	assert_int_equal(take(&m, "{\"event\":7}"), -EPROTO);
	assert_int_equal(take(&m, "{\"event\":\"recipe\"}"), -EPROTO);
	assert_int_equal(take(&m, "{\"event\":\"phase\",\"run\":1}"), -EPROTO);
	assert_int_equal(take(&m, "{\"event\":\"recipe\"," R(1) "}"), 0);
	assert_int_equal(take(&m, "{\"event\":\"task_end\"," R(1) ",\"task\":1}"), -EPROTO);
	assert_int_equal(take(&m, "{\"event\":\"topology\"," R(1) ",\"topology\":3}"), -EPROTO);
	assert_int_equal(take(&m, "{\"event\":\"error\"," R(1) "}"), -EPROTO);
	assert_int_equal(take(&m, "{\"event\":\"error\",\"message\":\"of nobody\"}"), 0);
	ctl_model_fini(&m);
}

/* A command that wrote @n times two bytes, as an event. */
static void end_big(struct ctl_model *m, size_t n, const char *verdict)
{
	static const char *const lines[] = {
		"{\"event\":\"recipe\"," R(1) "}",
		"{\"event\":\"task_start\"," R(1) ",\"task\":1}",
		"{" C ",\"command\":1}",
		NULL,
	};
	cleanup_json json_t *e = NULL;
	cleanup_free char *text = NULL;
	struct ctl_event event;
	size_t i;

	feed(m, lines);
	text = malloc(2 * n + 1);
	assert_non_null(text);
	for (i = 0; i < n; i++)
		memcpy(text + 2 * i, "\xc3\xa4", 2);
	text[2 * n] = '\0';
	e = json_pack("{s:s,s:i,s:i,s:i,s:s,s:s}", "event", "command_end", "run", 1, "task", 1,
		      "command", 1, "stdout", text, "verdict", verdict);
	assert_non_null(e);
	assert_int_equal(ctl_model_take(m, e, &event), 0);
	/* The event itself is whole, for others. */
	assert_int_equal(json_string_length(json_object_get(e, "stdout")), 2 * n);
}

static void long_output_is_cut_at_a_character(void **state)
{
	const struct ctl_model_command *c;
	struct ctl_model m = { 0 };

	(void)state;
	end_big(&m, CTL_OUTPUT_KEEP / 2 + 1, "pass");
	c = m.recipes[0]->tasks[0]->commands[0];
	assert_int_equal(c->out.len, CTL_OUTPUT_KEEP);
	assert_int_equal(c->out.total, CTL_OUTPUT_KEEP + 2);
	assert_memory_equal(c->out.text, "\xc3\xa4", 2);
	ctl_model_fini(&m);
}

static void a_lean_model_forgets_what_nobody_will_read(void **state)
{
	struct ctl_model m = { .lean = true };

	(void)state;
	end_big(&m, 8, "pass");
	assert_int_equal(m.recipes[0]->tasks[0]->commands[0]->out.len, 0);
	assert_int_equal(m.recipes[0]->tasks[0]->commands[0]->out.total, 16);
	assert_int_equal(take(&m, "{\"event\":\"topology\"," R(1) ",\"topology\":{}}"), 0);
	assert_null(m.recipes[0]->topology);
	assert_int_equal(take(&m, "{\"event\":\"verdict\"," R(1) "}"), 0);
	assert_int_equal(m.recipes[0]->n_tasks, 1);
	assert_int_equal(take(&m, "{\"event\":\"recipe\"," R(2) "}"), 0);
	assert_int_equal(m.recipes[0]->n_tasks, 0);
	ctl_model_fini(&m);
	end_big(&m, 8, "fail");
	assert_int_equal(m.recipes[0]->tasks[0]->commands[0]->out.len, 16);
	ctl_model_fini(&m);
}

static void reasons_name_what_went_wrong(void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_model m = { 0 };

	(void)state;
	feed(&m, story);
	ctl_what_reason(m.recipes[0], &sb);
	assert_string_equal(lab_strbuf_str(&sb), "1 of 4 commands failed, 1 command not run");
	lab_strbuf_reset(&sb);
	ctl_what_reason(m.recipes[1], &sb);
	assert_string_equal(lab_strbuf_str(&sb), "r2.xml:3:4: error: no <x>");
	lab_strbuf_reset(&sb);
	assert_int_equal(take(&m, "{\"event\":\"verdict\"," R(2) ",\"signal\":15}"), 0);
	ctl_what_reason(m.recipes[1], &sb);
	assert_string_equal(lab_strbuf_str(&sb), "interrupted by SIGTERM");
	ctl_model_fini(&m);
}

static void last_are(const char *text, unsigned int lines, const char *want)
{
	const struct ctl_model_stream s = { .text = text, .len = strlen(text) };
	size_t len;
	const char *last = ctl_what_last_lines(&s, lines, &len);

	assert_int_equal(len, strlen(want));
	assert_memory_equal(last, want, len);
}

static void last_lines_leave_empty_ones_out(void **state)
{
	(void)state;
	last_are("", 3, "");
	last_are("\n\n", 3, "");
	last_are("a", 3, "a");
	last_are("a\n\nb\nc\n\r\n", 2, "b\nc");
	last_are("a\n\nb\nc\n", 3, "\nb\nc");
}

/* --- markup --- */

static void markup_escapes_everything(void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_markup m = { .sb = &sb };

	(void)state;
	ctl_mk_open(&m, "a");
	ctl_mk_attr(&m, "x", "<>&\"'\n\t\r\x01");
	ctl_mk_attr(&m, "none", NULL);
	ctl_mk_text(&m, "</a>\0\x1b\x7f\xff\xc2\x85\xef\xbf\xbf\xed\xa0\x80\xc3\xa4\n", 19);
	ctl_mk_close(&m);
	assert_string_equal(
		lab_strbuf_str(&sb),
		"<a x=\"&lt;&gt;&amp;&quot;&#39;&#10;&#9;&#13;\xef\xbf\xbd\">&lt;/a&gt;"
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4\n</a>");
}

static void markup_knows_xml_from_html(void **state)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_markup xml = { .sb = &sb, .indent = true };
	struct ctl_markup html = { .sb = &sb, .html = true };

	(void)state;
	ctl_mk_open(&xml, "a");
	ctl_mk_leaf(&xml, "b", NULL, "t");
	ctl_mk_leaf(&xml, "c", "k", NULL);
	ctl_mk_close(&xml);
	assert_string_equal(lab_strbuf_str(&sb), "<a>\n  <b>t</b>\n  <c class=\"k\"/>\n</a>");
	lab_strbuf_reset(&sb);
	ctl_mk_open(&html, "p");
	ctl_mk_leaf(&html, "br", NULL, NULL);
	ctl_mk_leaf(&html, "td", NULL, NULL);
	ctl_mk_printf(&html, "%d<", 7);
	ctl_mk_close(&html);
	assert_string_equal(lab_strbuf_str(&sb), "<p><br><td></td>7&lt;</p>");
}

static void names_of_elements_are_made_valid(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(ctl_mk_name("rtt_min", buf, sizeof(buf)), "rtt_min");
	assert_string_equal(ctl_mk_name("1a", buf, sizeof(buf)), "_1a");
	assert_string_equal(ctl_mk_name("", buf, sizeof(buf)), "_");
	assert_string_equal(ctl_mk_name("a b<c", buf, sizeof(buf)), "a_b_c");
	assert_string_equal(ctl_mk_name("abcdefghij", buf, sizeof(buf)), "abcdefg");
}

/* --- files --- */

static void result_in_the_shape_of_lnst(void **state)
{
	struct ctl_model m = { 0 };

	(void)state;
	feed(&m, story);
	written(ctl_report_result, &m,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<results>\n"
		"  <recipe name=\"r1.xml\" result=\"FAIL\" match_num=\"1\">\n"
		"    <pool_match virtual=\"True\">\n"
		"      <m_match host_id=\"h1\" pool_id=\"container\">\n"
		"        <if_match if_id=\"1\" pool_if_id=\"eth1\"/>\n"
		"      </m_match>\n"
		"    </pool_match>\n"
		"    <task>\n"
		"      <command type=\"exec\" host=\"h1\" netns=\"None\" command=\"echo &lt;&amp;&quot;\" expect=\"False\" timeout=\"5\" desc=\"d\">\n"
		"        <result result=\"FAIL\">\n"
		"          <message>why</message>\n"
		"        </result>\n"
		"        <result_data>\n"
		"          <stdout>]]&gt;\xef\xbf\xbd\xef\xbf\xbd&#13;\xef\xbf\xbd</stdout>\n"
		"          <stderr></stderr>\n"
		"        </result_data>\n"
		"      </command>\n"
		"      <command type=\"test\" host=\"h1\" netns=\"None\" module=\"M\" bg_id=\"b\" expect=\"True\">\n"
		"        <result result=\"PASS\">\n"
		"          <message>Running in background.</message>\n"
		"        </result>\n"
		"      </command>\n"
		"      <command type=\"intr\" host=\"h1\" netns=\"None\" proc_id=\"b\">\n"
		"        <result result=\"PASS\"/>\n"
		"        <result_data>\n"
		"          <a_b>1.5</a_b>\n"
		"          <l type=\"list\">\n"
		"            <l_item>1</l_item>\n"
		"            <l_item type=\"list\">\n"
		"              <unnamed_item>True</unnamed_item>\n"
		"              <unnamed_item>None</unnamed_item>\n"
		"            </l_item>\n"
		"          </l>\n"
		"          <d type=\"dict\">\n"
		"            <x>y</x>\n"
		"          </d>\n"
		"        </result_data>\n"
		"      </command>\n"
		"      <command type=\"ctl_wait\" seconds=\"1.25\">\n"
		"        <result result=\"PASS\"/>\n"
		"      </command>\n"
		"    </task>\n"
		"  </recipe>\n"
		"  <recipe name=\"r2.xml\" result=\"FAIL\" match_num=\"1\">\n"
		"    <error_message>r2.xml:3:4: error: no &lt;x&gt;</error_message>\n"
		"  </recipe>\n"
		"</results>\n");
	ctl_model_fini(&m);
}

static void junit_as_servers_read_it(void **state)
{
	struct ctl_model m = { 0 };

	(void)state;
	feed(&m, story);
	written(ctl_report_junit, &m,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"netlab\" tests=\"6\" failures=\"1\" errors=\"1\" skipped=\"1\" time=\"3.000007\">\n"
		"  <testsuite name=\"r1.xml\" id=\"1\" tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"3.000000\" timestamp=\"2026-01-02T03:04:05Z\" hostname=\"m\">\n"
		"    <testcase classname=\"r1.task 1 a_b\" name=\"1. h1: echo &lt;&amp;&quot;\" time=\"1.500000\" file=\"r1.xml\" line=\"7\">\n"
		"      <failure message=\"why\" type=\"verdict\">r1.xml:7:2: host h1: echo &lt;&amp;&quot;\nwhy\n</failure>\n"
		"      <system-out>]]&gt;\xef\xbf\xbd\xef\xbf\xbd&#13;\xef\xbf\xbd</system-out>\n"
		"    </testcase>\n"
		"    <testcase classname=\"r1.task 1 a_b\" name=\"2. h1: [b] M a=1\" time=\"0.000000\"/>\n"
		"    <testcase classname=\"r1.task 1 a_b\" name=\"3. h1: intr [b]\" time=\"0.000002\"/>\n"
		"    <testcase classname=\"r1.task 1 a_b\" name=\"4. ctl_wait 1.25 s\" time=\"1.250000\"/>\n"
		"    <testcase classname=\"r1.task 1 a_b\" name=\"5. not run\">\n"
		"      <skipped message=\"not run\"/>\n"
		"    </testcase>\n"
		"  </testsuite>\n"
		"  <testsuite name=\"r2.xml\" id=\"2\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0.000007\" timestamp=\"2026-01-02T03:04:05Z\" hostname=\"m\">\n"
		"    <testcase classname=\"r2\" name=\"recipe\" time=\"0.000000\" file=\"r2.xml\">\n"
		"      <error message=\"r2.xml:3:4: error: no &lt;x&gt;\" type=\"exit code 2\">note: odd\nr2.xml:3:4: error: no &lt;x&gt;\n</error>\n"
		"    </testcase>\n"
		"  </testsuite>\n"
		"</testsuites>\n");
	ctl_model_fini(&m);
}

static void reports_of_nothing_are_whole_documents(void **state)
{
	const struct ctl_model m = { 0 };

	(void)state;
	written(ctl_report_result, &m, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<results/>\n");
	written(ctl_report_junit, &m,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"netlab\" tests=\"0\" "
		"failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.000000\"/>\n");
}

/* Data is from outside: it may be as deep as a parser lets it. */
static void deep_data_is_written_as_text(void **state)
{
	struct ctl_model m = { 0 };
	cleanup_strbuf struct lab_strbuf line = LAB_STRBUF_INIT;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	int i;

	(void)state;
	lab_strbuf_puts(&line, "{" E ",\"command\":1,\"stdout\":\"\",\"data\":{\"a\":");
	for (i = 0; i < 1000; i++)
		lab_strbuf_puts(&line, "[");
	for (i = 0; i < 1000; i++)
		lab_strbuf_puts(&line, "]");
	lab_strbuf_puts(&line, "}}");
	end_big(&m, 1, "pass");
	assert_int_equal(take(&m, lab_strbuf_str(&line)), 0);
	ctl_report_result(&m, &sb);
	assert_non_null(strstr(lab_strbuf_str(&sb), "[[[[[["));
	ctl_model_fini(&m);
}

/* --- TAP --- */

static void take_bytes(int fd, const char *data, size_t len, void *user)
{
	(void)fd;
	lab_strbuf_add(user, data, len);
}

static void tap_of_a_run(void **state)
{
	cleanup_strbuf struct lab_strbuf out = LAB_STRBUF_INIT;
	const struct ctl_report_params params = { .write = take_bytes,
						  .user = &out,
						  .style = CTL_REPORT_TAP };
	static const char *const after[] = {
		"{\"event\":\"recipe\",\"recipe\":\"empty#1.xml\",\"run\":3}",
		"{\"event\":\"verdict\",\"run\":3,\"verdict\":\"pass\",\"exit_code\":0,\"tasks\":0,\"commands\":0}",
		"{\"event\":\"recipe\",\"recipe\":\"stop.xml\",\"run\":4}",
		"{\"event\":\"verdict\",\"run\":4,\"exit_code\":130,\"signal\":2}",
		NULL,
	};
	struct ctl_report *rep = NULL;
	const char *const *line;
	json_t *e;

	(void)state;
	assert_int_equal(ctl_report_new(&params, &rep, NULL), 0);
	for (line = story; line; line = *line ? line + 1 : line == after + 4 ? NULL : after) {
		e = *line ? json_loads(*line, 0, NULL) : NULL;
		if (e)
			assert_int_equal(ctl_report_event(rep, e), 0);
		json_decref(e);
	}
	ctl_report_end(rep, 1);
	ctl_report_free(rep);
	assert_string_equal(lab_strbuf_str(&out),
			    "TAP version 13\n"
			    "not ok 1 - r1.xml: task 1, command 1: h1: echo <&\"\n"
			    "  ---\n"
			    "  message: \"why\"\n"
			    "  severity: fail\n"
			    "  file: \"r1.xml\"\n"
			    "  line: 7\n"
			    "  column: 2\n"
			    "  stdout: \"]]>\\u0001\\u000B\\r\xef\xbf\xbe\"\n"
			    "  stderr: \"\"\n"
			    "  ...\n"
			    "ok 2 - r1.xml: task 1, command 2: h1: [b] M a=1\n"
			    "ok 3 - r1.xml: task 1, command 3: h1: intr [b]\n"
			    "ok 4 - r1.xml: task 1, command 4: ctl_wait 1.25 s\n"
			    "# note: odd\n"
			    "# r2.xml:3:4: error: no <x>\n"
			    "not ok 5 - r2.xml: r2.xml:3:4: error: no <x>\n"
			    "ok 6 - empty\\#1.xml: no tasks\n"
			    "not ok 7 - stop.xml: interrupted by SIGINT\n"
			    "1..7\n");
}

/* --- the files themselves --- */

static char folder[] = "/tmp/test_report_files.XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void path_in(char *buf, size_t size, const char *name)
{
	(void)snprintf(buf, size, "%s/%s", folder, name);
}

static void a_file_is_replaced_as_a_whole(void **state)
{
	const struct ctl_model m = { 0 };
	struct ctl_report_file file;
	struct stat before, after;
	char path[128], link[128];

	(void)state;
	path_in(path, sizeof(path), "r.xml");
	path_in(link, sizeof(link), "link.xml");
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(symlink("r.xml", link), 0);
	assert_int_equal(ctl_report_file_open(&file, link, NULL), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(ctl_report_file_write(&file, CTL_REPORT_RESULT, &m, NULL), 0);
	assert_int_equal(lstat(link, &after), 0);
	assert_true(S_ISLNK(after.st_mode));
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_mode & 0777, 0600);
	assert_int_equal(after.st_size, 50);
	ctl_report_file_close(&file);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(unlink(path), 0);
}

static void cannot(const char *path, int code, const char *message)
{
	struct ctl_report_file file;
	struct lab_err err = { 0 };

	assert_int_equal(ctl_report_file_open(&file, path, &err), -code);
	assert_string_equal(err.msg, message);
	assert_null(file.path);
}

static void a_file_that_cannot_be_written_is_found_at_once(void **state)
{
	const struct ctl_model m = { 0 };
	struct ctl_report_file file;
	struct lab_err err = { 0 };

	(void)state;
	cannot("", ENOENT, ": cannot be written: No such file or directory [ENOENT]");
	cannot("/nosuch/r.xml", ENOENT,
	       "/nosuch/r.xml: cannot be written: No such file or directory [ENOENT]");
	cannot("/tmp", EISDIR, "/tmp: cannot be written: Is a directory [EISDIR]");
	/* Nothing can tell this one before it is written. */
	assert_int_equal(ctl_report_file_open(&file, "/dev/full", &err), 0);
	assert_int_equal(ctl_report_file_write(&file, CTL_REPORT_RESULT, &m, &err), -ENOSPC);
	assert_string_equal(err.msg,
			    "/dev/full: cannot be written: No space left on device [ENOSPC]");
	ctl_report_file_close(&file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_become_a_model),
		cmocka_unit_test(events_of_several_recipes_may_come_mixed),
		cmocka_unit_test(what_is_no_event_is_refused),
		cmocka_unit_test(long_output_is_cut_at_a_character),
		cmocka_unit_test(a_lean_model_forgets_what_nobody_will_read),
		cmocka_unit_test(reasons_name_what_went_wrong),
		cmocka_unit_test(last_lines_leave_empty_ones_out),
		cmocka_unit_test(markup_escapes_everything),
		cmocka_unit_test(markup_knows_xml_from_html),
		cmocka_unit_test(names_of_elements_are_made_valid),
		cmocka_unit_test(result_in_the_shape_of_lnst),
		cmocka_unit_test(junit_as_servers_read_it),
		cmocka_unit_test(reports_of_nothing_are_whole_documents),
		cmocka_unit_test(deep_data_is_written_as_text),
		cmocka_unit_test(tap_of_a_run),
		cmocka_unit_test(a_file_is_replaced_as_a_whole),
		cmocka_unit_test(a_file_that_cannot_be_written_is_found_at_once),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
