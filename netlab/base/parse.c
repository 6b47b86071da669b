/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse.c - numbers, sizes, durations and yes/no from text; the only place that reads numbers */
#include "netlab/base/parse.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "netlab/base/util.h"

#define TEN_YEARS_US (UINT64_C(3652) * 86400 * 1000000)

enum {
	FRACTION_DIGITS =
		9, /* of a duration; what follows is below a microsecond of any unit but hours */
	RATE_TEXT = 64,
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Read digits up to the first other character. Return: 0, -EINVAL no digit, -ERANGE too large. */
static int read_digits(const char **s, unsigned int base, uint64_t *ret)
{
	const char *p = *s;
	bool over = false;
	uint64_t v = 0;

	for (; digit_value(*p) < (int)base; p++) {
		over |= __builtin_mul_overflow(v, (uint64_t)base, &v);
		over |= __builtin_add_overflow(v, (uint64_t)digit_value(*p), &v);
	}
	if (p == *s)
		return -EINVAL;
	*s = p;
	*ret = v;
	return over ? -ERANGE : 0;
}

int lab_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	unsigned int base = 10;
	uint64_t v = 0;
	int r;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	r = read_digits(&s, base, &v);
	if (r == -EINVAL || *s)
		return -EINVAL;
	if (r < 0 || v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int lab_parse_uint(const char *s, unsigned int min, unsigned int max, unsigned int *ret)
{
	uint64_t v;
	int r;

	r = lab_parse_u64(s, min, max, &v);
	if (r == 0)
		*ret = (unsigned int)v;
	return r;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit *find_unit(const struct unit *units, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

int lab_parse_size(const char *s, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "", 1 },         { "k", 1u << 10 },   { "K", 1u << 10 },    { "KiB", 1u << 10 },
		{ "kB", 1000 },    { "M", 1u << 20 },   { "MiB", 1u << 20 },  { "MB", 1000000 },
		{ "G", 1u << 30 }, { "GiB", 1u << 30 }, { "GB", 1000000000 },
	};
	const struct unit *unit;
	uint64_t v = 0;
	int r;

	r = read_digits(&s, 10, &v);
	unit = find_unit(units, LAB_ARRAY_SIZE(units), s);
	if (r == -EINVAL || !unit)
		return -EINVAL;
	if (r < 0 || __builtin_mul_overflow(v, unit->factor, &v) || v > INT64_MAX)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* The digits behind a point: *ret of 10^FRACTION_DIGITS. */
static int read_fraction(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;
	int n;

	for (n = 0; *p >= '0' && *p <= '9'; p++, n++)
		if (n < FRACTION_DIGITS)
			v = v * 10 + (uint64_t)(*p - '0');
	if (n == 0)
		return -EINVAL;
	for (; n < FRACTION_DIGITS; n++)
		v *= 10;
	*s = p;
	*ret = v;
	return 0;
}

/* Digits, an optional fraction and a unit. */
static int read_scaled(const char *s, const struct unit *units, size_t n, uint64_t *ret)
{
	uint64_t whole = 0, fraction = 0;
	const struct unit *unit;
	int r;

	r = read_digits(&s, 10, &whole);
	if (r == -EINVAL)
		return r;
	if (*s == '.') {
		s++;
		if (read_fraction(&s, &fraction) < 0)
			return -EINVAL;
	}
	unit = find_unit(units, n, s);
	if (!unit)
		return -EINVAL;
	if (r < 0 || __builtin_mul_overflow(whole, unit->factor, &whole))
		return -ERANGE;
	/* In two steps: the fraction has 30 bits, and a factor may have 40. */
	fraction = unit->factor / 1000000000u * fraction +
		   unit->factor % 1000000000u * fraction / 1000000000u;
	if (__builtin_add_overflow(whole, fraction, &whole) || whole > INT64_MAX)
		return -ERANGE;
	*ret = whole;
	return 0;
}

int lab_parse_duration(const char *s, uint64_t *ret_us)
{
	static const struct unit units[] = {
		{ "", 1000000 },
		{ "us", 1 },
		{ "ms", 1000 },
		{ "s", 1000000 },
		{ "m", 60000000 },
		{ "min", 60000000 },
		{ "h", UINT64_C(3600000000) },
		{ "usec", 1 },
		{ "usecs", 1 },
		{ "msec", 1000 },
		{ "msecs", 1000 },
		{ "sec", 1000000 },
		{ "secs", 1000000 },
	};
	uint64_t v;
	int r;

	r = read_scaled(s, units, LAB_ARRAY_SIZE(units), &v);
	if (r < 0)
		return r;
	if (v > TEN_YEARS_US)
		return -ERANGE;
	*ret_us = v;
	return 0;
}

int lab_parse_percent(const char *s, uint64_t *ret_micro)
{
	static const struct unit units[] = { { "", 1000000 }, { "%", 1000000 } };
	uint64_t v;
	int r;

	r = read_scaled(s, units, LAB_ARRAY_SIZE(units), &v);
	if (r < 0)
		return r;
	if (v > 100000000)
		return -ERANGE;
	*ret_micro = v;
	return 0;
}

int lab_parse_rate(const char *s, uint64_t *ret_bps)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "bit", 1 },
		{ "kbit", 1000 },
		{ "mbit", 1000000 },
		{ "gbit", 1000000000 },
		{ "tbit", UINT64_C(1000000000000) },
		{ "kibit", 1u << 10 },
		{ "mibit", 1u << 20 },
		{ "gibit", 1u << 30 },
		{ "bps", 8 },
		{ "kbps", 8000 },
		{ "mbps", 8000000 },
		{ "gbps", UINT64_C(8000000000) },
	};
	char lower[RATE_TEXT];
	size_t len = strlen(s);

	if (len >= sizeof(lower))
		return -EINVAL;
	for (size_t i = 0; i <= len; i++)
		lower[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 'a' : s[i]);
	return read_scaled(lower, units, LAB_ARRAY_SIZE(units), ret_bps);
}

int lab_parse_milli(const char *s, uint32_t *ret)
{
	static const struct unit units[] = { { "", 1000 } };
	uint64_t v;
	int r;

	r = read_scaled(s, units, LAB_ARRAY_SIZE(units), &v);
	if (r < 0)
		return r;
	if (v > UINT32_MAX - 1000)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

int lab_parse_bool(const char *s, bool *ret)
{
	static const char *const names[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		if (strcasecmp(s, names[i]) == 0) {
			*ret = i % 2;
			return 0;
		}
	}
	return -EINVAL;
}
