/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_netperf.c - unit tests of slave-image/modules/netperf.h: what netperf 2.7 printed, and rates */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "netlab/base/util.h"
#include "slave-image/modules/netperf.c" /* NOLINT(bugprone-suspicious-include) */
#include "slave-image/modules/parse.c"   /* NOLINT(bugprone-suspicious-include) */

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-6 * fabs(b) + 1e-9;
}

/* netperf -t TCP_STREAM -f k -P 0 -- -k ... */
static const char plain[] = "THROUGHPUT=10945285.26\n"
			    "THROUGHPUT_UNITS=10^3bits/s\n"
			    "LOCAL_CPU_UTIL=-1.00\n"
			    "REMOTE_CPU_UTIL=-1.00\n"
			    "CONFIDENCE_LEVEL=0\n"
			    "THROUGHPUT_CONFID=-1.000\n"
			    "LOCAL_SEND_SIZE=16384\n"
			    "REMOTE_RECV_SIZE=131072\n"
			    "LOCAL_SEND_THROUGHPUT=10945181.24\n"
			    "REMOTE_RECV_THROUGHPUT=10945285.26\n"
			    "LOCAL_CPU_PEAK_UTIL=-1.00\n"
			    "REMOTE_CPU_PEAK_UTIL=0.00\n";

/* ... -t UDP_RR -f x -I 99 -c -C */
static const char counted[] = "THROUGHPUT=86959.79\n"
			      "THROUGHPUT_UNITS=Trans/s\n"
			      "LOCAL_CPU_UTIL=100.00\n"
			      "REMOTE_CPU_UTIL=99.50\n"
			      "CONFIDENCE_LEVEL=99\n"
			      "THROUGHPUT_CONFID=7.184\n"
			      "LOCAL_SEND_SIZE=0\n"
			      "REMOTE_RECV_SIZE=1\n";

/* netperf -t TCP_SENDFILE -f k */
static const char table[] =
	"TCP SENDFILE TEST from 0.0.0.0 (0.0.0.0) port 0 AF_INET to 127.0.0.1 () port 0 AF_INET : demo\n"
	"Recv   Send    Send                          \n"
	"Socket Socket  Message  Elapsed              \n"
	"Size   Size    Size     Time     Throughput  \n"
	"bytes  bytes   bytes    secs.    10^3bits/sec  \n"
	"\n"
	"131072  16384  16384    1.00     9806817.04   \n";

/* netperf -t TCP_MAERTS -f k -c -C -I 99 -i 3,3 */
static const char unsure[] =
	"MIGRATED TCP MAERTS TEST from 0.0.0.0 (0.0.0.0) port 0 AF_INET to 127.0.0.1 () port 0 AF_INET : +/-49.500% @ 99% conf.  : demo\n"
	"!!! WARNING\n"
	"!!! Desired confidence was not achieved within the specified iterations.\n"
	"!!! This implies that there was variability in the test environment that\n"
	"!!! must be investigated before going further.\n"
	"!!! Confidence intervals: Throughput      : 306.410%\n"
	"!!!                       Local CPU util  : 0.000%\n"
	"!!!                       Remote CPU util : 0.000%\n"
	"\n"
	"Recv   Send    Send                          Utilization       Service Demand\n"
	"Socket Socket  Message  Elapsed              Recv     Send     Recv    Send\n"
	"Size   Size    Size     Time     Throughput  local    remote   local   remote\n"
	"bytes  bytes   bytes    secs.    10^3bits/s  % S      % S      us/KB   us/KB\n"
	"\n"
	"131072  16384  16384    1.00       4254969.98   100.00   99.00   4.068   4.068  \n";

static void named_values_are_read(void **state)
{
	struct mod_netperf r;

	(void)state;
	mod_parse_netperf(plain, "TCP_STREAM", &r);
	assert_true(near(r.rate, 10945285260.0));
	assert_true(r.local_cpu < 0 && r.remote_cpu < 0 && !r.has_confidence);
	mod_parse_netperf(counted, "UDP_RR", &r);
	assert_true(near(r.rate, 86959.79));
	assert_true(near(r.local_cpu, 100) && near(r.remote_cpu, 99.5));
	assert_true(r.has_confidence && near(r.level, 99) && near(r.half_width, 3.592));
}

static void a_table_is_read(void **state)
{
	struct mod_netperf r;

	(void)state;
	mod_parse_netperf(table, "TCP_SENDFILE", &r);
	assert_true(near(r.rate, 9806817040.0));
	assert_true(r.local_cpu < 0 && r.remote_cpu < 0 && !r.has_confidence);
	mod_parse_netperf(unsure, "TCP_MAERTS", &r);
	assert_true(near(r.rate, 4254969980.0));
	assert_true(near(r.local_cpu, 100) && near(r.remote_cpu, 99));
	assert_true(r.has_confidence && near(r.level, 99) && near(r.half_width, 153.205));
}

static void reached_confidence_is_that_of_the_headline(void **state)
{
	struct mod_netperf r;

	(void)state;
	mod_parse_netperf("SCTP TEST : +/-2.500% @ 95% conf.\n\n212992 212992 4096 10.00 1234.5\n",
			  "SCTP_STREAM", &r);
	assert_true(near(r.rate, 1234500.0));
	assert_true(r.has_confidence && near(r.level, 95) && near(r.half_width, 2.5));
	/* Request and response have a size, too. */
	mod_parse_netperf("16384  131072 1        1       10.00    5432.10\n16384  131072\n",
			  "SCTP_RR", &r);
	assert_true(near(r.rate, 5432.1));
}

static void other_text_has_no_rate(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"netperf: send_omni: send_data failed: Message too long\n",
		"XTHROUGHPUT=5.0\nTHROUGHPUT_UNITS=7\nTHROUGHPUT=x\n",
		"1 2 3 4 5\n",
		"1 2 3.0 4.0\n",
		"1 2 3 4.0",
	};
	struct mod_netperf r;
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(texts); i++) {
		mod_parse_netperf(texts[i], "TCP_STREAM", &r);
		assert_true(r.rate == 0 && !r.has_confidence);
		mod_parse_netperf(texts[i], "TCP_MAERTS", &r);
		assert_true(r.rate == 0 && !r.has_confidence);
	}
}

static void rates_have_units_of_the_test(void **state)
{
	static const struct {
		const char *text, *test;
		double rate; /* below 0: it is none */
	} cases[] = {
		{ "10 mbits/sec", "TCP_STREAM", 1e7 },
		{ "10Mbits/sec", "UDP_STREAM", 10.0 * 1024 * 1024 },
		{ "2.5 gbytes/sec", "SCTP_STREAM_MANY", 2e10 },
		{ "1 Kbytes/sec", "TCP_STREAM", 8192 },
		{ "1 tbits/sec", "TCP_STREAM", 1e12 },
		{ "100 bits/sec", "TCP_STREAM", 100 },
		{ "at least 7 kbits/sec, please", "TCP_STREAM", 7000 },
		{ "500.5 Trans/sec", "TCP_RR", 500.5 },
		{ "5 Trans/sec", "TCP_CRR", 5 },
		{ "5 Trans/sec", "TCP_STREAM", -1 },
		{ "10 mbits/sec", "TCP_RR", -1 },
		{ "10 mbits/sec", "TCP_MAERTS", -1 },
		{ "10 xbits/sec", "TCP_STREAM", -1 },
		{ "10", "TCP_STREAM", -1 },
		{ "fast", "TCP_STREAM", -1 },
		{ "", "TCP_STREAM", -1 },
	};
	double rate;
	size_t i;

	(void)state;
	for (i = 0; i < LAB_ARRAY_SIZE(cases); i++) {
		rate = -1;
		assert_int_equal(mod_netperf_rate(cases[i].text, cases[i].test, &rate),
				 cases[i].rate >= 0);
		assert_true(near(rate, cases[i].rate));
	}
}

static void units_make_rates_short(void **state)
{
	double size = 0;

	(void)state;
	assert_string_equal(mod_netperf_unit(999, "TCP_STREAM", &size), "bits/sec");
	assert_true(size == 1);
	assert_string_equal(mod_netperf_unit(1000, "TCP_STREAM", &size), "kbits/sec");
	assert_true(size == 1e3);
	assert_string_equal(mod_netperf_unit(1e15, "TCP_STREAM", &size), "tbits/sec");
	assert_true(size == 1e12);
	assert_string_equal(mod_netperf_unit(1e15, "TCP_RR", &size), "Trans/sec");
	assert_true(size == 1);
}

static void deviation_is_of_all_values(void **state)
{
	static const double same[] = { 5, 5, 5 }, other[] = { 2, 4, 4, 4, 5, 5, 7, 9 };

	(void)state;
	assert_true(mod_deviation(same, LAB_ARRAY_SIZE(same)) < 1e-9);
	assert_true(near(mod_deviation(other, LAB_ARRAY_SIZE(other)), 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_values_are_read),
		cmocka_unit_test(a_table_is_read),
		cmocka_unit_test(reached_confidence_is_that_of_the_headline),
		cmocka_unit_test(other_text_has_no_rate),
		cmocka_unit_test(rates_have_units_of_the_test),
		cmocka_unit_test(units_make_rates_short),
		cmocka_unit_test(deviation_is_of_all_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
