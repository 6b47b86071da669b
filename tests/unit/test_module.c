/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_module.c - unit tests of slave-image/modules: what the tools print, and the convention */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "slave-image/modules/module.c" /* NOLINT(bugprone-suspicious-include) */
#include "slave-image/modules/parse.c"  /* NOLINT(bugprone-suspicious-include) */

/* --- ping --- */

static const char *const ping_output[] = {
	"PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.",
	"64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.045 ms",
	"64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.047 ms (DUP!)",
	"64 bytes from fd00::2: icmp_seq=3 ttl=64 time=12 ms",
	"From 10.0.0.1 icmp_seq=4 Destination Host Unreachable",
	"",
	"--- 10.0.0.2 ping statistics ---",
	"5 packets transmitted, 3 received, +1 duplicates, +1 errors, 40% packet loss, time 2031ms",
	"rtt min/avg/max/mdev = 0.045/4.030/12.000/1.002 ms",
};

static void ping_output_is_read(void **state)
{
	double rtt = 0, rtts[4] = { 0 };
	struct mod_ping p = { 0 };
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(ping_output); i++) {
		if (mod_parse_ping(ping_output[i], &p, &rtt))
			rtts[n++] = rtt;
	}
	assert_int_equal(n, 2);
	assert_true(rtts[0] == 0.045 && rtts[1] == 12);
	assert_true(p.has_summary && p.has_rtt);
	assert_int_equal(p.transmitted, 5);
	assert_int_equal(p.received, 3);
	assert_true(p.rtt_min == 0.045 && p.rtt_avg == 4.03 && p.rtt_max == 12 &&
		    p.rtt_mdev == 1.002);
}

static void other_lines_are_no_ping_output(void **state)
{
	static const char *const lines[] = {
		"ping: connect: Network is unreachable",
		"x packets transmitted, 3 received",
		"5 packets transmitted, none received",
		"rtt min/avg/max/mdev = 0.045/x/12.000/1.002 ms",
		"rtt min/avg/max/mdev = ",
		"64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=",
		"64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=-1 ms",
		"64 bytes from 10.0.0.2: icmp_seq=1 ttl=64",
	};
	struct mod_ping p = { 0 };
	double rtt = 0;
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(lines); i++)
		assert_false(mod_parse_ping(lines[i], &p, &rtt));
	assert_false(p.has_summary || p.has_rtt);
}

static void rate_is_rounded_as_in_python(void **state)
{
	static const struct {
		unsigned int received, transmitted, rate;
	} t[] = { { 0, 0, 0 },       { 3, 3, 100 },     { 2, 3, 67 },      { 1, 3, 33 },
		  { 1, 200, 0 },     { 3, 200, 2 },     { 199, 200, 100 }, { 1, 8, 12 },
		  { 799, 1000, 80 }, { 795, 1000, 80 }, { 794, 1000, 79 }, { 6, 5, 120 } };
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(t); i++) {
		struct mod_ping p = { .received = t[i].received, .transmitted = t[i].transmitted };

		assert_int_equal(mod_ping_rate(&p), t[i].rate);
	}
}

/* --- rates --- */

static void rates_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		double bps;
	} t[] = {
		{ "1 Mbits/sec", 1e6 },  { "155 Tbits/sec", 155e12 }, { "2.5 Gbits/sec", 2.5e9 },
		{ "800 bits/sec", 800 }, { "10Kbits/sec", 1e4 },      { "10 kbits/sec", 1e4 },
	};
	static const char *const wrong[] = { "",
					     "fast",
					     "10",
					     "10 M",
					     "10 Mbytes/sec",
					     "-1 Mbits/sec",
					     "nan bits/sec",
					     "10 Mbits/secs",
					     "0x10 bits/sec",
					     "inf bits/sec" };
	char buf[64];
	double bps = 0;
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(t); i++) {
		assert_true(mod_parse_rate(t[i].text, &bps));
		assert_true(bps == t[i].bps);
	}
	for (i = 0; i < LAB_ARRAY_SIZE(wrong); i++)
		assert_false(mod_parse_rate(wrong[i], &bps));
	assert_string_equal(mod_format_rate(999, buf, sizeof(buf)), "999.00 bits/sec");
	assert_string_equal(mod_format_rate(30260647988.58, buf, sizeof(buf)), "30.26 Gbits/sec");
	assert_string_equal(mod_format_rate(2e15, buf, sizeof(buf)), "2000.00 Tbits/sec");
}

/* --- iperf3 --- */

static const char iperf_tcp[] =
	"{\"start\": {}, \"intervals\": ["
	"{\"streams\": [], \"sum\": {\"start\": 0, \"end\": 1.000388, \"bytes\": 3784048640,"
	" \"bits_per_second\": 30260647988.58, \"omitted\": false}},"
	"{\"streams\": [], \"sum\": {\"start\": 1.000388, \"end\": 2, \"bits_per_second\": 100}}],"
	"\"end\": {\"sum_sent\": {\"bits_per_second\": 5}, \"sum_received\": {\"bits_per_second\": 42.5}}}";

static void iperf_result_is_what_arrived(void **state)
{
	cleanup_json json_t *o = json_loads(iperf_tcp, 0, NULL), *intervals = NULL;
	const char *error;
	double bps = 0;

	(void)state;
	assert_non_null(o);
	assert_true(mod_parse_iperf(o, &bps, &intervals, &error));
	assert_true(bps == 42.5);
	assert_int_equal(json_array_size(intervals), 2);
	assert_true(json_real_value(json_object_get(json_array_get(intervals, 1), "end")) == 2);
}

static void iperf_error_is_told(void **state)
{
	static const char refused[] =
		"{\"end\": {}, \"error\": \"unable to connect to server: Connection refused\"}";
	cleanup_json json_t *o = json_loads(refused, 0, NULL), *empty = json_object();
	json_t *intervals = NULL;
	const char *error;
	double bps = 0;

	(void)state;
	assert_false(mod_parse_iperf(o, &bps, &intervals, &error));
	assert_string_equal(error, "unable to connect to server: Connection refused");
	assert_false(mod_parse_iperf(empty, &bps, &intervals, &error));
	assert_null(error);
	assert_false(mod_parse_iperf(NULL, &bps, &intervals, &error));
	assert_null(intervals);
}

/* --- nft and pktgen --- */

static void nft_counter_is_read(void **state)
{
	static const char *const lines[] = { "table ip netlab_21 {", "\tcounter incoming {",
					     "\t\tpackets 6 bytes 504", "\t}", "}" };
	static const char *const wrong[] = {
		"packets",          "packets x bytes 1",  "packets 1 bytes",
		"packets 1 bytes ", "xpackets 1 bytes 2", ""
	};
	unsigned long long packets = 0, bytes = 0;
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(lines); i++)
		n += mod_parse_counter(lines[i], &packets, &bytes);
	assert_int_equal(n, 1);
	assert_int_equal(packets, 6);
	assert_int_equal(bytes, 504);
	for (i = 0; i < LAB_ARRAY_SIZE(wrong); i++)
		assert_false(mod_parse_counter(wrong[i], &packets, &bytes));
}

static void tool_results_are_read(void **state)
{
	static const char *const t[][3] = {
		{ "packets_sent=39", "packets_sent", "39" },
		{ "packets_received =\"5\" ", "packets_received", "5" },
		{ "status=pass", "status", "pass" },
		{ "IP_MULTICAST_IF set to 127.0.0.1=fail: no error instead of EINVAL",
		  "IP_MULTICAST_IF set to 127.0.0.1", "fail" },
		{ "(x) a=b=c", "a", "b" },
		{ "empty=", "empty", "" },
		{ "==a=1", "a", "1" },
	};
	static const char *const wrong[] = { "", "=", "receiving", "  =5", "a", "\"=1" };
	unsigned long long n = 0;
	char name[64], value[64];
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(t); i++) {
		assert_true(mod_parse_result(t[i][0], name, sizeof(name), value, sizeof(value)));
		assert_string_equal(name, t[i][1]);
		assert_string_equal(value, t[i][2]);
	}
	for (i = 0; i < LAB_ARRAY_SIZE(wrong); i++)
		assert_false(mod_parse_result(wrong[i], name, sizeof(name), value, sizeof(value)));
	assert_true(mod_parse_result("abcdef=12345", name, 4, value, 3));
	assert_string_equal(name, "abc");
	assert_string_equal(value, "12");

	assert_true(mod_parse_connections("made 40 connections", "made", &n));
	assert_int_equal(n, 40);
	assert_true(mod_parse_connections("x: handled 0 connections.", "handled", &n));
	assert_int_equal(n, 0);
	assert_false(mod_parse_connections("made 40 connections", "handled", &n));
	assert_false(mod_parse_connections("made some connections", "made", &n));
	assert_false(mod_parse_connections("made 40", "made", &n));
}

static void pktgen_result_is_read(void **state)
{
	static const char *const lines[] = {
		"Params: count 1000  min_pkt_size: 60  max_pkt_size: 60",
		"     frags: 0  delay: 0  clone_skb: 0  ifname: eth0",
		"Current:",
		"     pkts-sofar: 1000  errors: 3",
		"     started: 1289914738us  stopped: 1289919751us idle: 141us",
		"Result: OK: 5013(c4871+d141) usec, 1000 (60byte,0frags)",
		"  199481pps 95Mb/sec (95750880bps) errors: 2",
	};
	static const char *const wrong[] = { "Result: Idle",
					     "Result: OK: ",
					     "Result: OK: x",
					     "1pp",
					     "",
					     "Result: OK: 1(c1+d0) usec" };
	struct mod_pktgen p = { 0 }, none = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(lines); i++)
		mod_parse_pktgen(lines[i], &p);
	assert_true(p.ok);
	assert_int_equal(p.usec, 5013);
	assert_int_equal(p.packets, 1000);
	assert_int_equal(p.pps, 199481);
	assert_int_equal(p.bps, 95750880);
	assert_int_equal(p.errors, 2);
	for (i = 0; i < LAB_ARRAY_SIZE(wrong); i++)
		mod_parse_pktgen(wrong[i], &none);
	assert_false(none.ok);
	assert_int_equal(none.packets, 0);
}

/* --- regular expressions and words --- */

static void python_expressions_become_posix(void **state)
{
	static const char *const t[][2] = {
		{ "echo re(quest|ply)", "echo re(quest|ply)" },
		{ "seq \\d+, \\D", "seq [0-9]+, [^0-9]" },
		{ "[\\da-f]{2}", "[0-9a-f]{2}" },
		{ "(?:a|b)", "(a|b)" },
		{ "\\[x\\]\\d", "\\[x\\][0-9]" },
		{ "[]\\d]\\d", "[]0-9][0-9]" },
		{ "[^]\\d]", "[^]0-9]" },
		{ "10\\.0\\.0\\.2", "10\\.0\\.0\\.2" },
		{ "\\\\d", "\\\\d" },
		{ "end\\", "end\\" },
		{ "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(t); i++) {
		cleanup_free char *s = mod_regex_translate(t[i][0]);

		assert_string_equal(s, t[i][1]);
	}
}

static void options_are_split_into_words(void **state)
{
	char *argv[8] = { NULL };
	size_t n = 1, i;

	(void)state;
	assert_true(mod_split("  -u -b\t10M --title \"a b\"'c d' \\ x ''", argv, 8, &n));
	assert_int_equal(n, 8);
	assert_string_equal(argv[1], "-u");
	assert_string_equal(argv[3], "10M");
	assert_string_equal(argv[5], "a bc d");
	assert_string_equal(argv[6], " x");
	assert_string_equal(argv[7], "");
	for (i = 1; i < n; i++)
		free(argv[i]);
	for (n = 0; n < 8; n++)
		argv[n] = NULL;
	n = 0;
	assert_false(mod_split("a b 'c", argv, 8, &n));
	assert_int_equal(n, 3);
	assert_false(mod_split("d e", argv, 4, &n));
	assert_int_equal(n, 4);
	for (i = 0; i < 4; i++)
		free(argv[i]);
}

/* --- the convention --- */

static enum mod_verdict fake_module(struct mod *m)
{
	double n = 7;
	const char *s;

	if (!mod_need(m, "must", &s) || !mod_number(m, "n", &n))
		return MOD_FAIL;
	assert_null(mod_option(m, "absent"));
	assert_string_equal(mod_option(m, "list"), "x");
	assert_string_equal(mod_option_nth(m, "list", 1), "y");
	assert_null(mod_option_nth(m, "list", 2));
	assert_null(mod_option_nth(m, "must", 1));
	mod_ready(true);
	mod_string_data(m, "text", "a\xff");
	(void)json_object_set_new(m->data, "n", json_real(n));
	return mod_verdict(m, MOD_PASS, "%s", s);
}

/* Run a module with these bytes as options; the output comes back in @buf. */
static int run_with(const char *options, char *buf, size_t size)
{
	char in[] = "/tmp/netlab-test-module.XXXXXX", out[] = "/tmp/netlab-test-module.XXXXXX";
	int fd = mkstemp(in), saved, status;
	FILE *f;
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, options, strlen(options)), strlen(options));
	(void)close(fd);
	fd = mkstemp(out);
	assert_true(fd >= 0);
	assert_non_null(freopen(in, "r", stdin));
	(void)fflush(stdout);
	saved = fcntl(1, F_DUPFD_CLOEXEC, 3);
	assert_true(dup2(fd, 1) >= 0);
	status = mod_main(1, "", fake_module);
	(void)fflush(stdout);
	assert_true(dup2(saved, 1) >= 0);
	(void)close(saved);
	(void)close(fd);
	f = fopen(out, "re");
	assert_non_null(f);
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	(void)fclose(f);
	(void)unlink(in);
	(void)unlink(out);
	return status;
}

static void assert_run(const char *options, int status, const char *expected)
{
	char buf[1024];

	assert_int_equal(run_with(options, buf, sizeof(buf)), status);
	assert_string_equal(buf, expected);
}

static void options_become_a_result(void **state)
{
	(void)state;
	assert_run(
		"{\"must\": \"1\", \"n\": \"0.1\", \"list\": [\"x\", \"y\"], \"unknown\": \"z\"}",
		0,
		"{\"ready\":true}\n{\"result\":{\"text\":\"a?\",\"n\":0.1},\"message\":\"1\"}\n");
	assert_run("{\"n\": \"1\"}", 1,
		   "{\"result\":{\"Exception\":\"mandatory option must is missing\"},"
		   "\"message\":\"mandatory option must is missing\"}\n");
	assert_run("{\"must\": \"1\", \"n\": \"-1\"}", 1,
		   "{\"result\":{\"Exception\":\"option n: \\\"-1\\\" is not a number\"},"
		   "\"message\":\"option n: \\\"-1\\\" is not a number\"}\n");
	assert_run(" \n", 1,
		   "{\"result\":{\"Exception\":\"mandatory option must is missing\"},"
		   "\"message\":\"mandatory option must is missing\"}\n");
}

static void flags_are_words_or_numbers(void **state)
{
	static const struct {
		const char *value;
		bool on;
	} t[] = { { "yes", true },   { "True", true }, { "ON", true },     { "up", true },
		  { "1", true },     { "no", false },  { "false", false }, { "0", false },
		  { "down", false }, { "", false },    { "1x", false } };
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(t); i++) {
		cleanup_json json_t *o = json_pack("{s:s}", "f", t[i].value);
		const struct mod m = { .options = o };

		assert_int_equal(mod_flag(&m, "f"), t[i].on);
		assert_false(mod_flag(&m, "g"));
	}
}

static void any_argument_asks_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(mod_main(2, "# netlab-module: ready\n", fake_module), 0);
}

static void wrong_options_are_errors(void **state)
{
	(void)state;
	assert_run("[]", 2, "{\"result\":{},\"message\":\"options: must be one JSON object\"}\n");
	assert_run(
		"{\"a\": 1}", 2,
		"{\"result\":{},\"message\":\"option a: must be a string or an array of strings\"}\n");
	assert_run(
		"{\"a\": []}", 2,
		"{\"result\":{},\"message\":\"option a: must be a string or an array of strings\"}\n");
	assert_run(
		"{\n\"a\" 1}", 2,
		"{\"result\":{},\"message\":\"options: line 2 column 5: ':' expected near '1'\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ping_output_is_read),
		cmocka_unit_test(other_lines_are_no_ping_output),
		cmocka_unit_test(rate_is_rounded_as_in_python),
		cmocka_unit_test(rates_are_read_and_written),
		cmocka_unit_test(iperf_result_is_what_arrived),
		cmocka_unit_test(iperf_error_is_told),
		cmocka_unit_test(nft_counter_is_read),
		cmocka_unit_test(pktgen_result_is_read),
		cmocka_unit_test(tool_results_are_read),
		cmocka_unit_test(python_expressions_become_posix),
		cmocka_unit_test(options_are_split_into_words),
		cmocka_unit_test(options_become_a_result),
		cmocka_unit_test(wrong_options_are_errors),
		cmocka_unit_test(flags_are_words_or_numbers),
		cmocka_unit_test(any_argument_asks_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
