/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kind_value.c - what the text of an option means */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/parse.h"
#include "netlab/base/strbuf.h"
#include "netlab/nl/kind_internal.h"

#define BLANKS " \t\r\n"

enum { WORDS_MAX = 16, BASE64_BYTES = 32, BASE64_TEXT = 44 };

const struct lab_option_def *lab_option_find(const struct lab_option_def *rows, const char *name)
{
	for (; rows && rows->name; rows++)
		if (strcmp(rows->name, name) == 0 ||
		    (rows->other && strcmp(rows->other, name) == 0))
			return rows;
	return NULL;
}

/* At most @len bytes of a text; what does not fit is left out, and what is left is wrong. */
static void copy_piece(char ret[LAB_PIECE_MAX], const char *text, size_t len)
{
	len = LAB_MIN(len, (size_t)LAB_PIECE_MAX - 1);
	memcpy(ret, text, len);
	ret[len] = '\0';
}

bool lab_option_is_list(const struct lab_option_def *def)
{
	return def->type == LAB_OPTION_PREFIXES || def->type == LAB_OPTION_MAP ||
	       def->wire == LAB_WIRE_LIST;
}

bool lab_option_next(const struct lab_option_def *def, const char **at, char ret[LAB_PIECE_MAX])
{
	bool map = def->type == LAB_OPTION_MAP;
	const char *p = *at;
	size_t len;

	if (map && p)
		p += strspn(p, BLANKS);
	if (!p || (map && !*p))
		return false;
	len = strcspn(p, map ? BLANKS : ",");
	copy_piece(ret, p, len);
	*at = p[len] ? p + len + 1 : NULL;
	return true;
}

/* --- one type each ----------------------------------------------------------------------------------- */

static int wrong(const struct lab_option_def *def, const char *text, const char *want,
		 struct lab_err *err)
{
	if (def->flags & LAB_OPTION_SECRET)
		return lab_err_set(err, EINVAL, "option %s: this is not %s", def->name, want);
	return lab_err_set(err, EINVAL, "option %s: \"%.60s\" is not %s", def->name, text, want);
}

static int read_number(const struct lab_option_def *def, const char *text, uint64_t *ret,
		       struct lab_err *err)
{
	const struct lab_option_word *w;
	char want[128];

	for (w = def->words; w && w->word; w++)
		if (strcmp(w->word, text) == 0) {
			*ret = w->value;
			return 0;
		}
	if (lab_parse_u64(text, def->min, def->max, ret) == 0)
		return 0;
	(void)snprintf(want, sizeof(want), "a number of %" PRIu64 " to %" PRIu64 "%s%s", def->min,
		       def->max, def->words ? ", or " : "", def->words ? def->words->word : "");
	return wrong(def, text, want, err);
}

/* In tc(8) a bare number is microseconds, in a recipe's own attributes seconds. */
static int read_time(const struct lab_option_def *def, const char *text, uint64_t *ret,
		     struct lab_err *err)
{
	uint64_t us;

	if (lab_parse_u64(text, 0, def->max, ret) == 0)
		return 0;
	if (text[strspn(text, "0123456789.")] == '\0' || lab_parse_duration(text, &us) < 0)
		return wrong(def, text, "a time such as 10ms, 500us or 1.5s", err);
	if (us > def->max)
		return lab_err_set(err, EINVAL, "option %s: \"%.60s\" is more than %" PRIu64 " s",
				   def->name, text, def->max / 1000000);
	*ret = us;
	return 0;
}

static int read_word(const struct lab_option_def *def, const char *text, uint64_t *ret,
		     struct lab_err *err)
{
	const char *names[WORDS_MAX + 1] = { NULL }, *near;
	uint64_t number = UINT64_MAX;
	char list[256] = "";
	size_t i, len = 0;

	(void)lab_parse_u64(text, 0, UINT64_MAX - 1, &number);
	for (i = 0; i < WORDS_MAX && def->words[i].word; i++) {
		const struct lab_option_word *w = &def->words[i];

		if (strcmp(w->word, text) == 0 || w->value == number) {
			*ret = w->value;
			return 0;
		}
		names[i] = w->word;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "",
					w->word);
	}
	near = lab_str_nearest(text, names);
	return lab_err_set(err, EINVAL, "option %s: \"%.60s\" is none of %s%s%s%s", def->name, text,
			   list, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static const char *wanted_ip(enum lab_option_type type)
{
	return type == LAB_OPTION_IPV4   ? "an IPv4 address"
	       : type == LAB_OPTION_IPV6 ? "an IPv6 address"
					 : "an IP address";
}

static int read_ip(const struct lab_option_def *def, const char *text, struct lab_addr *ret,
		   struct lab_err *err)
{
	const char *p = def->wire == LAB_WIRE_LIST && text[0] == '+' ? text + 1 : text;
	struct lab_addr addr;

	if (lab_addr_parse(p, &addr) < 0 ||
	    (def->type == LAB_OPTION_IPV4 && addr.family != AF_INET) ||
	    (def->type == LAB_OPTION_IPV6 && addr.family != AF_INET6))
		return wrong(def, text, wanted_ip(def->type), err);
	if (strchr(p, '/'))
		return lab_err_set(
			err, EINVAL,
			"option %s: \"%.60s\": an address without its prefix length is wanted",
			def->name, text);
	*ret = addr;
	return 0;
}

/* "10.0.0.1:51820" or "[fd00::1]:51820" */
static int read_endpoint(const struct lab_option_def *def, const char *text,
			 struct lab_option_value *ret, struct lab_err *err)
{
	const char *colon = strrchr(text, ':');
	char host[LAB_PIECE_MAX];
	struct lab_addr addr;
	unsigned int port;
	size_t len;

	len = colon ? (size_t)(colon - text) : 0;
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	copy_piece(host, text, len);
	if (!colon || lab_addr_parse(host, &addr) < 0 || strchr(host, '/') ||
	    (addr.family == AF_INET6) != (text[len] == ']') ||
	    lab_parse_uint(colon + 1, 1, UINT16_MAX, &port) < 0)
		return lab_err_set(
			err, EINVAL,
			"option %s: write it as 10.0.0.1:51820 or [fd00::1]:51820, not \"%.60s\"",
			def->name, text);
	ret->addr = addr;
	ret->port = (uint16_t)port;
	return 0;
}

/* Keys of tunnels are written like addresses, too. */
static int read_key(const struct lab_option_def *def, const char *text, uint64_t *ret,
		    struct lab_err *err)
{
	struct in_addr dotted;

	if (lab_parse_u64(text, 0, UINT32_MAX, ret) == 0)
		return 0;
	if (inet_pton(AF_INET, text, &dotted) != 1)
		return wrong(def, text, "a number of 0 to 4294967295 or of the form 0.0.0.1", err);
	*ret = ntohl(dotted.s_addr);
	return 0;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int read_hex(const struct lab_option_def *def, const char *text,
		    struct lab_option_value *ret, struct lab_err *err)
{
	size_t len = 0, digits = 0;
	char want[96];

	memset(ret->bytes, 0, sizeof(ret->bytes));
	for (; text[digits] && len <= def->max && len < LAB_VALUE_BYTES_MAX; digits++) {
		int v = hex_digit(text[digits]);

		if (v < 0)
			break;
		ret->bytes[len] = (uint8_t)(ret->bytes[len] << 4 | v);
		len += digits % 2;
	}
	if (!text[digits] && digits % 2 == 0 && len >= def->min && len <= def->max) {
		ret->len = len;
		return 0;
	}
	if (def->min == def->max)
		(void)snprintf(want, sizeof(want), "%" PRIu64 " hexadecimal digits", def->min * 2);
	else
		(void)snprintf(want, sizeof(want),
			       "an even number, %" PRIu64 " to %" PRIu64 ", of hexadecimal digits",
			       def->min * 2, def->max * 2);
	return wrong(def, text, want, err);
}

/* RFC 4648 section 4: 32 bytes are 43 characters and one '='; the last character has two bits too many, which are 0. */
static int read_base64(const struct lab_option_def *def, const char *text,
		       struct lab_option_value *ret, struct lab_err *err)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	size_t len = 0;

	if (strlen(text) != BASE64_TEXT || text[BASE64_TEXT - 1] != '=')
		return wrong(def, text, "a key as `wg genkey` writes it (44 characters)", err);
	for (size_t i = 0; i < BASE64_TEXT - 1; i++) {
		const char *at = strchr(digits, text[i]);

		if (!at)
			return wrong(def, text, "a key as `wg genkey` writes it (base64)", err);
		bits = bits << 6 | (uint32_t)(at - digits);
		if (i % 4 == 0)
			continue;
		ret->bytes[len++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	if (bits & 3)
		return wrong(def, text, "a key as `wg genkey` writes it (base64)", err);
	ret->len = BASE64_BYTES;
	return 0;
}

/* FIRST-LAST and FROM:TO */
static int read_pair(const struct lab_option_def *def, const char *text, char between,
		     struct lab_option_value *ret, struct lab_err *err)
{
	const char *at = strchr(text, between);
	char first[LAB_PIECE_MAX], want[96];
	uint64_t a, b;

	copy_piece(first, text, at ? (size_t)(at - text) : 0);
	if (at && lab_parse_u64(first, def->min, def->max, &a) == 0 &&
	    lab_parse_u64(at + 1, def->min, def->max, &b) == 0 && (between == ':' || a <= b)) {
		ret->number = a;
		ret->last = b;
		return 0;
	}
	(void)snprintf(want, sizeof(want), "of the form %s with numbers of %" PRIu64 " to %" PRIu64,
		       between == ':' ? "FROM:TO" : "FIRST-LAST", def->min, def->max);
	return wrong(def, text, want, err);
}

static int read_length(const struct lab_option_def *def, const char *text, struct lab_err *err)
{
	size_t len = strlen(text);

	if (len < def->min)
		return lab_err_set(err, EINVAL, "option %s: empty", def->name);
	if (len > def->max)
		return lab_err_set(err, EINVAL, "option %s: longer than %" PRIu64 " bytes",
				   def->name, def->max);
	return 0;
}

int lab_option_read(const struct lab_option_def *def, const char *text,
		    struct lab_option_value *ret, struct lab_err *err)
{
	bool yes;

	switch (def->type) {
	case LAB_OPTION_NUMBER:
		return read_number(def, text, &ret->number, err);
	case LAB_OPTION_BOOL:
		if (lab_parse_bool(text, &yes) < 0)
			return lab_err_set(err, EINVAL,
					   "option %s: \"%.60s\" is neither yes nor no", def->name,
					   text);
		ret->number = yes;
		return 0;
	case LAB_OPTION_TIME:
		return read_time(def, text, &ret->number, err);
	case LAB_OPTION_PERCENT:
		return lab_parse_percent(text, &ret->number) < 0
			       ? wrong(def, text, "a percentage of 0 to 100", err)
			       : 0;
	case LAB_OPTION_RATE:
		return lab_parse_rate(text, &ret->number) < 0 || !ret->number
			       ? wrong(def, text, "a rate such as 10mbit", err)
			       : 0;
	case LAB_OPTION_WORD:
		return read_word(def, text, &ret->number, err);
	case LAB_OPTION_IPV4:
	case LAB_OPTION_IPV6:
	case LAB_OPTION_IP:
		return read_ip(def, text, &ret->addr, err);
	case LAB_OPTION_PREFIXES:
		return lab_addr_parse(text, &ret->addr) < 0
			       ? wrong(def, text, "a subnet such as 10.0.0.0/24", err)
			       : 0;
	case LAB_OPTION_ENDPOINT:
		return read_endpoint(def, text, ret, err);
	case LAB_OPTION_MAC:
		ret->len = LAB_MAC_LEN;
		return lab_mac_parse(text, ret->bytes) < 0
			       ? wrong(def, text, "an Ethernet address such as 52:54:00:00:00:01",
				       err)
			       : 0;
	case LAB_OPTION_KEY:
		return read_key(def, text, &ret->number, err);
	case LAB_OPTION_HEX:
		return read_hex(def, text, ret, err);
	case LAB_OPTION_BASE64:
		return read_base64(def, text, ret, err);
	case LAB_OPTION_RANGE:
		return read_pair(def, text, '-', ret, err);
	case LAB_OPTION_MAP:
		return read_pair(def, text, ':', ret, err);
	case LAB_OPTION_LINK:
		return *text ? 0 : wrong(def, text, "an interface", err);
	case LAB_OPTION_TEXT:
	case LAB_OPTION_GROUP:
	case LAB_OPTION_EXTRA:
		return read_length(def, text, err);
	}
	return lab_err_set(err, EINVAL, "option %s: unknown type %d", def->name, (int)def->type);
}

/* --- several options in one text ------------------------------------------------------------------------ */

static int add_option(struct lab_option_group *g, const char *name, const char *value,
		      const struct lab_option *from, struct lab_err *err)
{
	if (g->n == LAB_GROUP_WORDS)
		return lab_err_set(err, EINVAL, "option %s: more than %d words", from->name,
				   LAB_GROUP_WORDS);
	g->options[g->n++] = (struct lab_option){ .name = name, .value = value, .src = from->src };
	return 0;
}

/* ip-link(8): "ttl 64 nolearning". */
static int extra_word(const struct lab_option_def *rows, char *word, char **more,
		      const struct lab_option *from, struct lab_option_group *g,
		      struct lab_err *err)
{
	const struct lab_option_def *def = lab_option_find(rows, word);
	const char *value;
	bool yes = def;

	if (!def && strncmp(word, "no", 2) == 0)
		def = lab_option_find(rows, word + 2);
	if (def && def->type == LAB_OPTION_BOOL)
		return add_option(g, def->name, yes ? "yes" : "no", from, err);
	if (!def || !yes || def->type == LAB_OPTION_EXTRA)
		return lab_err_set(err, EINVAL, "option %s: no argument %.60s", from->name, word);
	do
		value = strsep(more, BLANKS);
	while (value && !*value);
	if (!value)
		return lab_err_set(err, EINVAL, "option %s: %s has no value", from->name, word);
	return add_option(g, def->name, value, from, err);
}

int lab_option_split(const struct lab_option_def *def, const struct lab_option_def *rows,
		     const struct lab_option *option, struct lab_option_group *ret,
		     struct lab_err *err)
{
	char *more = ret->text, *word, *equals;
	size_t len = strlen(option->value);
	int r = 0;

	ret->n = 0;
	if (len >= sizeof(ret->text))
		return lab_err_set(err, EINVAL, "option %s: longer than %zu bytes", def->name,
				   sizeof(ret->text) - 1);
	memcpy(ret->text, option->value, len + 1);
	while (r == 0 && (word = strsep(&more, BLANKS))) {
		if (!*word)
			continue;
		if (def->type == LAB_OPTION_EXTRA) {
			r = extra_word(rows, word, &more, option, ret, err);
			continue;
		}
		equals = strchr(word, '=');
		if (!equals)
			return lab_err_set(err, EINVAL,
					   "option %s: \"%.60s\" is not of the form NAME=VALUE",
					   def->name, word);
		*equals = '\0';
		r = add_option(ret, word, equals + 1, option, err);
	}
	return r;
}
