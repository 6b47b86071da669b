/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netperf.h - what netperf prints, and rates as recipes of LNST write them for it */
#ifndef NETLAB_MODULES_NETPERF_H
#define NETLAB_MODULES_NETPERF_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct mod_netperf - the result of one netperf
 * @rate:	bits or transactions per second; 0 if the text has none
 * @local_cpu:	percent; below 0 = not measured
 * @remote_cpu:	percent; below 0 = not measured
 * @has_confidence: the two below are known
 * @level:	percent: how sure it is that the true rate is within the interval
 * @half_width:	percent of the rate: half of the interval
 */
struct mod_netperf {
	double rate, local_cpu, remote_cpu;
	bool has_confidence;
	double level, half_width;
};

/**
 * mod_netperf_omni() - Does a test print what it is asked for by name?
 * @test:	name of the test
 *
 * Return: true for those whose output has lines NAME=VALUE, chosen with "-k".
 * Source: netperf 2.7, doc/netperf.texi, "Omni Output Selection".
 */
bool mod_netperf_omni(const char *test);

/**
 * mod_netperf_counts() - Does a test count transactions?
 * @test:	name of the test
 *
 * Return: true for request/response tests; false: it measures bits per second.
 */
bool mod_netperf_counts(const char *test);

/**
 * mod_parse_netperf() - Take the result from what netperf printed
 * @text:	its output, in units of "-f k" (10^3 bits/s), or "-f x" for tests that count
 * @test:	name of the test
 * @ret:	written
 *
 * Source: netperf 2.7, doc/netperf.texi; the output of its tests.
 */
void mod_parse_netperf(const char *text, const char *test, struct mod_netperf *ret);

/**
 * mod_netperf_rate() - Read a rate of an option
 * @s:		text that has "10 gbits/sec", "1 Mbytes/sec" (small prefixes are powers of 1000, capital ones of 1024), or
 *		"500 Trans/sec" for tests that count
 * @test:	name of the test
 * @ret:	bits or transactions per second, on success
 *
 * Return: true if it is one for this test.
 */
bool mod_netperf_rate(const char *s, const char *test, double *ret);

/**
 * mod_netperf_unit() - Unit in which a rate is best read
 * @rate:	bits or transactions per second
 * @test:	name of the test
 * @ret_size:	how many of bits or transactions per second one of it is
 *
 * Return: its name.
 */
const char *mod_netperf_unit(double rate, const char *test, double *ret_size);

/**
 * mod_deviation() - Standard deviation
 * @v:		values
 * @n:		how many, > 0
 *
 * Return: that of these values themselves, not of more that they stand for.
 */
double mod_deviation(const double *v, size_t n);

#endif
