/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse.c - what ping, iperf3, nft, pktgen and users write, as numbers */
#include "slave-image/modules/parse.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

bool mod_parse_number(const char *s, const char **ret_end, double *ret)
{
	char *end;
	double v;

	/* strtod() would also take white space, signs, "inf", "nan" and hexadecimal. */
	if (!isdigit((unsigned char)s[0]) || s[1] == 'x' || s[1] == 'X')
		return false;
	v = strtod(s, &end);
	if (end == s || !isfinite(v))
		return false;
	*ret = v;
	*ret_end = end;
	return true;
}

/* Read a number and the text that must follow; moves @p behind both. */
static bool number_then(const char **p, const char *text, double *ret)
{
	const char *end;

	if (!mod_parse_number(*p, &end, ret) || strncmp(end, text, strlen(text)) != 0)
		return false;
	*p = end + strlen(text);
	return true;
}

static bool parse_summary(const char *line, struct mod_ping *ping)
{
	double transmitted, received;
	const char *p = line;

	if (!number_then(&p, " packets transmitted, ", &transmitted) ||
	    !number_then(&p, " received", &received))
		return false;
	ping->transmitted = (unsigned long long)transmitted;
	ping->received = (unsigned long long)received;
	ping->has_summary = true;
	return true;
}

static bool parse_rtt(const char *line, struct mod_ping *ping)
{
	static const char prefix[] = "rtt min/avg/max/mdev = ";
	const char *p = line + strlen(prefix);

	if (strncmp(line, prefix, strlen(prefix)) != 0)
		return false;
	ping->has_rtt = number_then(&p, "/", &ping->rtt_min) &&
			number_then(&p, "/", &ping->rtt_avg) &&
			number_then(&p, "/", &ping->rtt_max) &&
			number_then(&p, " ms", &ping->rtt_mdev);
	return true;
}

bool mod_parse_ping(const char *line, struct mod_ping *ping, double *ret_rtt)
{
	const char *p;

	if (parse_summary(line, ping) || parse_rtt(line, ping))
		return false;
	/* "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.045 ms"; of a duplicate, "(DUP!)" follows. */
	p = strstr(line, " bytes from ") ? strstr(line, " time=") : NULL;
	if (!p || strstr(p, "(DUP!)"))
		return false;
	p += strlen(" time=");
	return number_then(&p, " ms", ret_rtt);
}

unsigned int mod_ping_rate(const struct mod_ping *ping)
{
	unsigned long long rate, rest;

	if (!ping->transmitted)
		return 0;
	rate = ping->received * 100 / ping->transmitted;
	rest = ping->received * 100 % ping->transmitted * 2;
	if (rest > ping->transmitted || (rest == ping->transmitted && rate % 2))
		rate++;
	return (unsigned int)rate;
}

/* --- rates --- */

static const char prefixes[] = "KMGT";

bool mod_parse_rate(const char *s, double *ret_bps)
{
	const char *p, *prefix;
	double v;

	if (!mod_parse_number(s, &p, &v))
		return false;
	p += strspn(p, " ");
	prefix = *p ? strchr(prefixes, toupper((unsigned char)*p)) : NULL;
	if (prefix) {
		p++;
		for (; prefix >= prefixes; prefix--)
			v *= 1000;
	}
	if (strcmp(p, "bits/sec") != 0)
		return false;
	*ret_bps = v;
	return true;
}

char *mod_format_rate(double bps, char *buf, size_t size)
{
	size_t i;

	for (i = 0; bps >= 1000 && i < strlen(prefixes); i++)
		bps /= 1000;
	if (i)
		(void)snprintf(buf, size, "%.2f %cbits/sec", bps, prefixes[i - 1]);
	else
		(void)snprintf(buf, size, "%.2f bits/sec", bps);
	return buf;
}

/* --- iperf3 --- */

static json_t *iperf_sum(json_t *end)
{
	/* What arrived; servers that report nothing back, and old versions with UDP, leave only the others. */
	static const char *const names[] = { "sum_received", "sum", "sum_sent" };
	size_t i;
	json_t *v;

	for (i = 0; i < LAB_ARRAY_SIZE(names); i++) {
		v = json_object_get(json_object_get(end, names[i]), "bits_per_second");
		if (json_is_number(v))
			return v;
	}
	return NULL;
}

bool mod_parse_iperf(json_t *o, double *ret_bps, json_t **ret_intervals, const char **ret_error)
{
	json_t *sum = iperf_sum(json_object_get(o, "end")), *intervals, *v, *in;
	double start, end, bps;
	size_t i;

	*ret_error = json_string_value(json_object_get(o, "error"));
	if (*ret_error || !sum)
		return false;
	intervals = json_array();
	json_array_foreach(json_object_get(o, "intervals"), i, v) {
		in = json_object_get(v, "sum");
		if (json_unpack(in, "{s:F,s:F,s:F}", "start", &start, "end", &end,
				"bits_per_second", &bps) == 0)
			(void)json_array_append_new(intervals,
						    json_pack("{s:f,s:f,s:f}", "start", start,
							      "end", end, "bits_per_second", bps));
	}
	*ret_bps = json_number_value(sum);
	*ret_intervals = intervals;
	return true;
}

/* --- nft --- */

/* The whole number behind a word; @p is moved behind it. */
static bool number_after(const char **p, const char *word, unsigned long long *ret)
{
	const char *s = strstr(*p, word);
	unsigned long long v = 0;

	if (!s)
		return false;
	s += strlen(word);
	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++)
		v = v * 10 + (unsigned long long)(*s - '0');
	*ret = v;
	*p = s;
	return true;
}

bool mod_parse_counter(const char *line, unsigned long long *ret_packets,
		       unsigned long long *ret_bytes)
{
	unsigned long long packets, bytes;

	line += strspn(line, " \t");
	if (strncmp(line, "packets ", strlen("packets ")) != 0 ||
	    !number_after(&line, "packets ", &packets) || !number_after(&line, " bytes ", &bytes))
		return false;
	*ret_packets = packets;
	*ret_bytes = bytes;
	return true;
}

/* --- our tools --- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ' ';
}

/* Copy a text without the blanks around it. */
static void copy_word_of(const char *s, size_t len, char *ret, size_t size)
{
	while (len && *s == ' ') {
		s++;
		len--;
	}
	while (len && s[len - 1] == ' ')
		len--;
	(void)snprintf(ret, size, "%.*s", (int)len, s);
}

bool mod_parse_result(const char *line, char *name, size_t name_size, char *value,
		      size_t value_size)
{
	const char *equals, *start, *p;

	/* The first '=' with a name before it; in the name of a test there may be an address. */
	for (equals = strchr(line, '='); equals; equals = strchr(equals + 1, '=')) {
		for (start = equals;
		     start > line && (is_word(start[-1]) || strchr(".:-", start[-1])); start--)
			;
		if (start < equals)
			break;
	}
	if (!equals)
		return false;
	p = equals + 1;
	if (*p == '"')
		p++;
	copy_word_of(start, (size_t)(equals - start), name, name_size);
	for (start = p; is_word(*p); p++)
		;
	copy_word_of(start, (size_t)(p - start), value, value_size);
	return *name;
}

bool mod_parse_connections(const char *line, const char *word, unsigned long long *ret)
{
	const char *p = strstr(line, word);
	unsigned long long n;

	if (!p)
		return false;
	p += strlen(word);
	if (!number_after(&p, " ", &n) || strncmp(p, " connections", strlen(" connections")) != 0)
		return false;
	*ret = n;
	return true;
}

/* --- pktgen --- */

void mod_parse_pktgen(const char *line, struct mod_pktgen *pktgen)
{
	unsigned long long v;
	const char *p = line;

	/* "Result: OK: 5013(c4871+d141) usec, 1000 (60byte,0frags)" */
	if (strncmp(line, "Result: OK: ", strlen("Result: OK: ")) == 0) {
		pktgen->ok = number_after(&p, "Result: OK: ", &pktgen->usec) &&
			     number_after(&p, "usec, ", &pktgen->packets);
		return;
	}
	/* "  199481pps 95Mb/sec (95750880bps) errors: 0" */
	p += strspn(p, " ");
	line = p;
	if (!isdigit((unsigned char)*p))
		return;
	p += strspn(p, "0123456789");
	if (strncmp(p, "pps ", strlen("pps ")) != 0)
		return;
	p = line;
	(void)number_after(&p, "", &pktgen->pps);
	if (number_after(&p, "(", &v))
		pktgen->bps = v;
	if (number_after(&p, "errors: ", &v))
		pktgen->errors = v;
}

/* --- regular expressions --- */

static const char *translate_escape(char c, bool in_brackets)
{
	if (c == 'd')
		return in_brackets ? "0-9" : "[0-9]";
	if (c == 'D' && !in_brackets)
		return "[^0-9]";
	return NULL;
}

char *mod_regex_translate(const char *s)
{
	/* The longest replacement makes 6 of 2. */
	char *ret = malloc(3 * strlen(s) + 1), *p = ret;
	bool in_brackets = false;
	const char *with;

	if (!ret)
		return NULL;
	while (*s) {
		with = *s == '\\' ? translate_escape(s[1], in_brackets) : NULL;
		if (with) {
			p = stpcpy(p, with);
			s += 2;
			continue;
		}
		if (*s == '\\' && s[1] && !in_brackets)
			*p++ = *s++;
		else if (!in_brackets && strncmp(s, "(?:", 3) == 0) {
			*p++ = '(';
			s += 3;
			continue;
		} else if (*s == '[' && !in_brackets) {
			in_brackets = true;
			/* "]" right behind "[" or "[^" stands for itself. */
			if (s[1] == '^' && s[2] == ']')
				*p++ = *s++;
			if (s[1] == ']')
				*p++ = *s++;
		} else if (*s == ']') {
			in_brackets = false;
		}
		*p++ = *s++;
	}
	*p = '\0';
	return ret;
}

/* --- words --- */

/* Copy one word and return what is behind it; NULL if a quote stays open. */
static const char *copy_word(const char *s, char *out)
{
	char quote = 0;

	for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
		if (quote ? *s == quote : *s == '"' || *s == '\'') {
			quote = quote ? 0 : *s;
			continue;
		}
		if (*s == '\\' && quote != '\'' && s[1])
			s++;
		*out++ = *s;
	}
	*out = '\0';
	return quote ? NULL : s;
}

bool mod_split(const char *s, char **argv, size_t size, size_t *used)
{
	char *word;

	for (;;) {
		s += strspn(s, " \t\r\n\v\f");
		if (!*s)
			return true;
		if (*used >= size)
			return false;
		word = malloc(strlen(s) + 1);
		if (!word)
			return false;
		argv[(*used)++] = word;
		s = copy_word(s, word);
		if (!s)
			return false;
	}
}
