/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netperf.c - what netperf prints, and rates as recipes of LNST write them for it */
#include "slave-image/modules/netperf.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "slave-image/modules/parse.h"

bool mod_netperf_omni(const char *test)
{
	static const char *const names[] = { "TCP_STREAM", "UDP_STREAM", "TCP_RR", "UDP_RR",
					     "TCP_CRR" };
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], test) == 0)
			return true;
	}
	return false;
}

bool mod_netperf_counts(const char *test)
{
	return strstr(test, "RR");
}

/* --- output --- */

/* The value of a line NAME=VALUE; what was not measured is -1 there. */
static bool named(const char *text, const char *name, double *ret)
{
	size_t len = strlen(name);
	const char *p, *end;

	for (p = strstr(text, name); p; p = strstr(p + 1, name)) {
		if ((p == text || p[-1] == '\n') && p[len] == '=')
			return mod_parse_number(p + len + 1, &end, ret);
	}
	return false;
}

static void parse_omni(const char *text, struct mod_netperf *ret)
{
	double width;

	(void)named(text, "THROUGHPUT", &ret->rate);
	(void)named(text, "LOCAL_CPU_UTIL", &ret->local_cpu);
	(void)named(text, "REMOTE_CPU_UTIL", &ret->remote_cpu);
	ret->has_confidence = named(text, "CONFIDENCE_LEVEL", &ret->level) &&
			      named(text, "THROUGHPUT_CONFID", &width);
	if (ret->has_confidence)
		ret->half_width = width / 2;
}

/* Numbers at the beginning of a line; returns how many there are. */
static size_t numbers(const char *line, double *v, bool *whole, size_t size)
{
	const char *p = line, *end;
	size_t n;

	for (n = 0; n < size; n++) {
		p += strspn(p, " \t");
		if (!mod_parse_number(p, &end, &v[n]))
			break;
		whole[n] = strspn(p, "0123456789") == (size_t)(end - p);
		p = end;
	}
	return n;
}

/*
 * Tests of the old kind print a table: three or four sizes, the seconds, the rate, and the processors' use if that was
 * asked for.
 */
static bool parse_row(const char *line, struct mod_netperf *ret)
{
	enum { COLUMNS_MAX = 7 };
	bool whole[COLUMNS_MAX];
	double v[COLUMNS_MAX];
	size_t n, seconds;

	n = numbers(line, v, whole, COLUMNS_MAX);
	for (seconds = 0; seconds < n && whole[seconds]; seconds++)
		;
	if (seconds < 3 || seconds + 1 >= n)
		return false;
	ret->rate = v[seconds + 1];
	if (seconds + 3 < n) {
		ret->local_cpu = v[seconds + 2];
		ret->remote_cpu = v[seconds + 3];
	}
	return true;
}

/* The number before a text. */
static bool number_before(const char *text, const char *behind, double *ret)
{
	const char *p = strstr(text, behind), *end;

	if (!p)
		return false;
	while (p > text && (isdigit((unsigned char)p[-1]) || p[-1] == '.'))
		p--;
	return mod_parse_number(p, &end, ret);
}

static void parse_table(const char *text, struct mod_netperf *ret)
{
	static const char reached[] = "!!! Confidence intervals: Throughput";
	const char *p, *end;
	double width;

	for (p = text; p && !parse_row(p, ret);) {
		p = strchr(p, '\n');
		if (p)
			p++;
	}
	ret->has_confidence = number_before(text, "% @ ", &ret->half_width) &&
			      number_before(text, "% conf.", &ret->level);
	/* The headline has what was asked for; if it was not reached, a warning tells what was. */
	p = strstr(text, reached);
	if (!ret->has_confidence || !p)
		return;
	p += strlen(reached);
	p += strspn(p, " \t:");
	if (mod_parse_number(p, &end, &width))
		ret->half_width = width / 2;
}

void mod_parse_netperf(const char *text, const char *test, struct mod_netperf *ret)
{
	*ret = (struct mod_netperf){ .local_cpu = -1, .remote_cpu = -1 };
	if (mod_netperf_omni(test))
		parse_omni(text, ret);
	else
		parse_table(text, ret);
	if (!mod_netperf_counts(test))
		ret->rate *= 1000;
}

/* --- rates --- */

static bool unit_bits(const char *p, double *ret)
{
	static const char letters[] = "kmgt";
	const char *prefix = *p ? strchr(letters, tolower((unsigned char)*p)) : NULL;
	double base = isupper((unsigned char)*p) ? 1024 : 1000;

	*ret = 1;
	if (prefix) {
		p++;
		for (; prefix >= letters; prefix--)
			*ret *= base;
	}
	if (strncmp(p, "bytes/sec", strlen("bytes/sec")) == 0)
		*ret *= 8;
	else if (strncmp(p, "bits/sec", strlen("bits/sec")) != 0)
		return false;
	return true;
}

bool mod_netperf_rate(const char *s, const char *test, double *ret)
{
	double v, unit = 1;
	const char *p;

	s += strcspn(s, "0123456789");
	if (!mod_parse_number(s, &p, &v))
		return false;
	p += strspn(p, " \t");
	if (strstr(test, "STREAM")) {
		if (!unit_bits(p, &unit))
			return false;
	} else if (!mod_netperf_counts(test) || strncmp(p, "Trans/sec", strlen("Trans/sec")) != 0) {
		return false;
	}
	*ret = v * unit;
	return true;
}

const char *mod_netperf_unit(double rate, const char *test, double *ret_size)
{
	static const char *const units[] = { "bits/sec", "kbits/sec", "mbits/sec", "gbits/sec",
					     "tbits/sec" };
	size_t i;

	*ret_size = 1;
	if (mod_netperf_counts(test))
		return "Trans/sec";
	for (i = 0; i + 1 < LAB_ARRAY_SIZE(units) && rate >= *ret_size * 1000; i++)
		*ret_size *= 1000;
	return units[i];
}

double mod_deviation(const double *v, size_t n)
{
	double mean = 0, sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		mean += v[i] / (double)n;
	for (i = 0; i < n; i++)
		sum += (v[i] - mean) * (v[i] - mean);
	return sqrt(sum / (double)n);
}
