/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse.h - numbers, sizes, durations and yes/no from text; the only place that reads numbers */
#ifndef NETLAB_BASE_PARSE_H
#define NETLAB_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * lab_parse_u64() - Read a decimal (or 0x hexadecimal) whole number
 * @s:		text; the whole of it must be the number, no white space, no sign
 * @min:	smallest value allowed
 * @max:	largest value allowed
 * @ret:	the value, on success
 *
 * Return: 0 or -errno. Errors: -EINVAL not a number, -ERANGE outside @min..@max.
 */
int lab_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);

/**
 * lab_parse_uint() - The same for unsigned int
 * @s:		text
 * @min:	smallest value allowed
 * @max:	largest value allowed
 * @ret:	the value, on success
 *
 * Return: 0 or -errno. Errors: as lab_parse_u64().
 */
int lab_parse_uint(const char *s, unsigned int min, unsigned int max, unsigned int *ret);

/**
 * lab_parse_size() - Read a size in bytes: digits and an optional suffix
 * @s:		"4096", "64k", "64K", "64KiB", "16M", "16MiB", "2G", "2GiB" (powers of 1024),
 *		"64kB", "16MB" (of 1000)
 * @ret:	bytes, on success
 *
 * Return: 0 or -errno. Errors: -EINVAL, -ERANGE above 2^63-1.
 */
int lab_parse_size(const char *s, uint64_t *ret);

/**
 * lab_parse_duration() - Read a duration
 * @s:		digits, an optional fraction, and a unit: "us", "ms", "s", "m"/"min", "h" (also "usec", "msec", "sec" and
 *		their plurals, as tc(8) has them); a bare number means seconds
 * @ret_us:	microseconds, on success, rounded down, at most ten years
 *
 * Return: 0 or -errno. Errors: -EINVAL, -ERANGE.
 */
int lab_parse_duration(const char *s, uint64_t *ret_us);

/**
 * lab_parse_milli() - Read a number with a fraction in thousandths: "2", "0.5", "1.25"
 * @s:		digits and an optional fraction; the whole of it, no white space, no sign
 * @ret:	thousandths, on success; what is smaller is cut off
 *
 * Return: 0 or -errno. Errors: -EINVAL not a number, -ERANGE too large.
 */
int lab_parse_milli(const char *s, uint32_t *ret);

/**
 * lab_parse_percent() - Read a percentage
 * @s:		digits, an optional fraction, an optional "%"; 0 to 100
 * @ret_micro:	millionths of a percent, on success, rounded down: 0 to 100000000
 *
 * Return: 0 or -errno. Errors: -EINVAL, -ERANGE above 100.
 */
int lab_parse_percent(const char *s, uint64_t *ret_micro);

/**
 * lab_parse_rate() - Read a data rate
 * @s:		digits, an optional fraction, and a unit as tc(8) has it, any case: "bit", "kbit", "mbit", "gbit", "tbit" (powers of
 *		1000), "kibit", "mibit", "gibit" (of 1024), "bps", "kbps", "mbps", "gbps" (bytes); a bare number means bits
 * @ret_bps:	bits per second, on success, rounded down
 *
 * Return: 0 or -errno. Errors: -EINVAL, -ERANGE above 2^63-1.
 */
int lab_parse_rate(const char *s, uint64_t *ret_bps);

/**
 * lab_parse_bool() - Read yes/no/true/false/on/off/1/0, any case
 * @s:		text
 * @ret:	the value, on success
 *
 * Return: 0 or -EINVAL.
 */
int lab_parse_bool(const char *s, bool *ret);

#endif
