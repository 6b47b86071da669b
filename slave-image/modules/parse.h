/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse.h - what ping, iperf3, nft, pktgen and users write, as numbers */
#ifndef NETLAB_MODULES_PARSE_H
#define NETLAB_MODULES_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/rpc/json.h"

/**
 * struct mod_ping - what ping printed
 * @transmitted: packets sent
 * @received:	packets answered
 * @has_summary: the two above are known
 * @has_rtt:	the four below are known
 * @rtt_min:	milliseconds
 * @rtt_avg:	milliseconds
 * @rtt_max:	milliseconds
 * @rtt_mdev:	milliseconds
 */
struct mod_ping {
	unsigned long long transmitted, received;
	bool has_summary, has_rtt;
	double rtt_min, rtt_avg, rtt_max, rtt_mdev;
};

/**
 * mod_parse_number() - Read a decimal number
 * @s:		text: digits, perhaps with a fraction and an exponent
 * @ret_end:	first character behind it
 * @ret:	the value, on success
 *
 * Return: true if there was a finite number.
 */
bool mod_parse_number(const char *s, const char **ret_end, double *ret);

/**
 * mod_parse_ping() - Take what is in one line of ping
 * @line:	line
 * @ping:	updated by the summary and the line of round trip times
 * @ret_rtt:	milliseconds, if this is the line of one answer
 *
 * Return: true if @ret_rtt was written.
 * Source: ping(8) of iputils.
 */
bool mod_parse_ping(const char *line, struct mod_ping *ping, double *ret_rtt);

/**
 * mod_ping_rate() - Share of answered packets
 * @ping:	with a summary
 *
 * Return: percent, rounded to the nearest, halves to the even number (as Python's round(), for LNST's verdicts).
 */
unsigned int mod_ping_rate(const struct mod_ping *ping);

/**
 * mod_parse_rate() - Read a rate such as "10 Mbits/sec"
 * @s:		number and unit: bits/sec with an optional K, M, G or T (powers of 1000) before it
 * @ret_bps:	bits per second, on success
 *
 * Return: true if it is one.
 */
bool mod_parse_rate(const char *s, double *ret_bps);

/**
 * mod_format_rate() - Write a rate as mod_parse_rate() reads it
 * @bps:	bits per second
 * @buf:	written
 * @size:	bytes in @buf
 *
 * Return: @buf.
 */
char *mod_format_rate(double bps, char *buf, size_t size);

/**
 * mod_parse_iperf() - Take the result from iperf3's JSON
 * @o:		what `iperf3 -J` printed
 * @ret_bps:	bits per second that arrived, on success
 * @ret_intervals: array of {"start", "end", "bits_per_second"}, seconds, new reference, on success
 * @ret_error:	what iperf3 says is wrong, borrowed from @o, on failure; NULL if the text is just not understood
 *
 * Return: true if there was a result.
 * Source: iperf3 3.12, iperf_api.c.
 */
bool mod_parse_iperf(json_t *o, double *ret_bps, json_t **ret_intervals, const char **ret_error);

/**
 * mod_parse_counter() - Take what is in one line of `nft list counter`
 * @line:	line
 * @ret_packets: packets counted, on success
 * @ret_bytes:	bytes counted, on success
 *
 * Return: true if the line has both.
 * Source: nft(8), "stateful objects".
 */
bool mod_parse_counter(const char *line, unsigned long long *ret_packets,
		       unsigned long long *ret_bytes);

/**
 * mod_parse_result() - Take a result NAME=VALUE of a tool from a line
 * @line:	line; double quotes may be around the value
 * @name:	written: letters, digits, '_', '.', ':', '-' and blanks, without those around it
 * @name_size:	bytes in @name, > 0
 * @value:	written: letters, digits, '_' and blanks, up to the first other character
 * @value_size:	bytes in @value, > 0
 *
 * Return: true if there is one.
 */
bool mod_parse_result(const char *line, char *name, size_t name_size, char *value,
		      size_t value_size);

/**
 * mod_parse_connections() - Take "made N connections" of the tool tcp_conn from a line
 * @line:	line
 * @word:	"made" or "handled"
 * @ret:	N, on success
 *
 * Return: true if there is such a text.
 */
bool mod_parse_connections(const char *line, const char *word, unsigned long long *ret);

/**
 * struct mod_pktgen - what pktgen says about a device that it has sent on
 * @ok:		it has sent what it should
 * @packets:	packets sent
 * @usec:	microseconds that took
 * @pps:	packets per second
 * @bps:	bits per second
 * @errors:	packets that could not be sent
 */
struct mod_pktgen {
	bool ok;
	unsigned long long packets, usec, pps, bps, errors;
};

/**
 * mod_parse_pktgen() - Take what is in one line of /proc/net/pktgen/DEVICE
 * @line:	line
 * @pktgen:	updated by the lines of the result
 *
 * Source: Documentation/networking/pktgen.rst; show_results() in net/core/pktgen.c.
 */
void mod_parse_pktgen(const char *line, struct mod_pktgen *pktgen);

/**
 * mod_regex_translate() - Make POSIX extended syntax of what LNST's recipes use of Python's
 * @s:		regular expression
 *
 * "\d" and "\D" (also \d in brackets) become ranges, "(?:" becomes "("; the rest is the same in both, or is left as it is.
 * Return: new string, caller frees; NULL when out of memory.
 * Source: regex(7); Python's re.
 */
char *mod_regex_translate(const char *s);

/**
 * mod_split() - Split options for a program at white space
 * @s:		text; "..." and '...' keep white space, a backslash keeps the next character
 * @argv:	filled from @used on; the strings are new and the caller's
 * @size:	places in @argv
 * @used:	places already used; updated
 *
 * Return: true; false if a quote stays open, there are too many, or memory is out.
 */
bool mod_split(const char *s, char **argv, size_t size, size_t *used);

#endif
