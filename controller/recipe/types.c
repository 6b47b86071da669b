/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types.c - the types of attribute values: is a text one, and which value is it */
#include "controller/recipe/types.h"

#include <string.h>
#include <sys/socket.h>

#include "controller/recipe/text.h"
#include "netlab/base/parse.h"
#include "netlab/base/util.h"

enum {
	LAB_NAME_MAX = 63,
	POOL4_MIN = 8,
	POOL4_MAX = 24,
	POOL6_MIN = 16,
	POOL6_MAX = 64,
	VLAN_MAX = 4095
};

static bool parse_yesno(const char *s, bool *ret)
{
	*ret = !strcmp(s, "yes") || !strcmp(s, "true");
	return *ret || !strcmp(s, "no") || !strcmp(s, "false");
}

static bool parse_flag(const char *s, bool *ret)
{
	*ret = !strcmp(s, "1");
	return *ret || !strcmp(s, "0") || parse_yesno(s, ret);
}

static int find_word(const char *const *words, const char *s)
{
	int i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], s))
			return i;
	}
	return -ENOENT;
}

static bool parse_seconds(const char *s, unsigned int *ret)
{
	return s[strspn(s, "0123456789")] == '\0' &&
	       lab_parse_uint(s, 1, CTL_TIMEOUT_MAX_S, ret) == 0;
}

static bool parse_vlan(const char *s, unsigned int *ret)
{
	return s[strspn(s, "0123456789")] == '\0' && lab_parse_uint(s, 0, VLAN_MAX, ret) == 0;
}

static bool parse_wait(const char *s, uint64_t *ret_us)
{
	return lab_parse_duration(s, ret_us) == 0 &&
	       *ret_us <= CTL_TIMEOUT_MAX_S * (uint64_t)1000000;
}

static bool is_lab_name(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++) {
		if (!ctl_is_word(s[i]) && (i == 0 || !strchr("-.", s[i])))
			return false;
	}
	return i > 0 && i <= LAB_NAME_MAX && s[0] != '_';
}

/* --- addresses -------------------------------------------------------------------------------- */

static int check_addr(const struct ctl_xml_text *text, struct ctl_diag *diag)
{
	struct lab_addr addr;
	int r;

	if (strstr(text->s, ")}"))
		return ctl_diag_error(
			diag, &text->src,
			"address \"%.80s\": functions cannot be used here, addresses are what they ask for",
			text->s);
	r = lab_addr_parse(text->s, &addr);
	if (r == -ERANGE)
		return ctl_diag_error(
			diag, &text->src,
			"address \"%.80s\": the prefix length is too large; IPv4 has 32 bits, IPv6 128",
			text->s);
	if (r < 0)
		return ctl_diag_error(
			diag, &text->src,
			"\"%.80s\" is not an address; write it as 10.0.0.1/24 or fd00::1/64",
			text->s);
	if (!strchr(text->s, '/'))
		ctl_diag_note(diag, &text->src, "address %s has no prefix length: taken as %s/%u",
			      text->s, text->s, addr.prefix_len);
	return 0;
}

static bool parse_pool(const char *s, bool v6, struct lab_addr *ret)
{
	unsigned int i, bits, min = v6 ? POOL6_MIN : POOL4_MIN, max = v6 ? POOL6_MAX : POOL4_MAX;

	if (lab_addr_parse(s, ret) < 0 || ret->family != (v6 ? AF_INET6 : AF_INET))
		return false;
	if (ret->prefix_len < min || ret->prefix_len > max)
		return false;
	for (i = 0; i < sizeof(ret->bytes); i++) {
		bits = ret->prefix_len > i * 8 ? LAB_MIN(ret->prefix_len - i * 8, 8u) : 0;
		ret->bytes[i] &= (uint8_t)(0xff00u >> bits);
	}
	return true;
}

static bool can_be_pool(const char *s, bool v6)
{
	struct lab_addr pool, first;

	return parse_pool(s, v6, &pool) &&
	       lab_addr_nth(&pool, v6 ? POOL6_MAX : POOL4_MAX, 0, 1, &first) == 0 &&
	       lab_addr_is_host(&first);
}

static int check_pool(const struct ctl_attr_def *def, const struct ctl_xml_text *text, bool v6,
		      struct ctl_diag *diag)
{
	if (can_be_pool(text->s, v6))
		return 0;
	return ctl_diag_error(diag, &text->src,
			      "%s: \"%.80s\" is not an %s network from /%d to /%d, like %s",
			      def->name, text->s, v6 ? "IPv6" : "IPv4", v6 ? POOL6_MIN : POOL4_MIN,
			      v6 ? POOL6_MAX : POOL4_MAX, v6 ? "fd00:1::/48" : "10.0.0.0/8");
}

/* --- all of them ------------------------------------------------------------------------------ */

static int check_not_empty(const struct ctl_attr_def *def, const struct ctl_xml_text *text,
			   struct ctl_diag *diag)
{
	if (text->len)
		return 0;
	return ctl_diag_error(diag, &text->src, "%s is empty", def->name);
}

static int check_word(const struct ctl_attr_def *def, const struct ctl_xml_text *text,
		      const char *const *words, struct ctl_diag *diag)
{
	struct ctl_hint hint = { .word = text->s };
	char buf[CTL_HINT_MAX];

	if (find_word(words, text->s) >= 0)
		return 0;
	for (; *words; words++)
		ctl_hint_add(&hint, *words);
	return ctl_diag_error(diag, &text->src, "%s: \"%.60s\" is not allowed%s", def->name,
			      text->s, ctl_hint_text(&hint, "", "", "; write one of ", buf));
}

int ctl_type_check(const struct ctl_attr_def *def, const struct ctl_xml_text *text,
		   struct ctl_diag *diag)
{
	static const char *const yesno[] = { "yes", "no", "true", "false", NULL }, *const flag[] = {
		"yes", "no", "true", "false", "1", "0", NULL
	};
	unsigned int seconds;
	uint64_t us;

	switch (def->type) {
	case CTL_TYPE_TEXT:
	case CTL_TYPE_WORD:
	case CTL_TYPE_LATER:
		return 0;
	case CTL_TYPE_COMMAND:
	case CTL_TYPE_NAME:
	case CTL_TYPE_PATH:
	case CTL_TYPE_HOST:
		return check_not_empty(def, text, diag);
	case CTL_TYPE_LAB:
		if (is_lab_name(text->s))
			return 0;
		return ctl_diag_error(
			diag, &text->src,
			"name \"%.80s\": write at most %d letters, digits, '-', '_' and '.', a letter"
			" or digit first",
			text->s, LAB_NAME_MAX);
	case CTL_TYPE_YESNO:
		return check_word(def, text, yesno, diag);
	case CTL_TYPE_FLAG:
		return check_word(def, text, flag, diag);
	case CTL_TYPE_ENUM:
		return check_word(def, text, def->words, diag);
	case CTL_TYPE_SECONDS:
		if (parse_seconds(text->s, &seconds))
			return 0;
		return ctl_diag_error(diag, &text->src,
				      "%s: \"%.60s\" is not a whole number of seconds from 1 to %u",
				      def->name, text->s, CTL_TIMEOUT_MAX_S);
	case CTL_TYPE_VLAN:
		if (parse_vlan(text->s, &seconds))
			return 0;
		return ctl_diag_error(diag, &text->src,
				      "%s: \"%.60s\" is not the number of a VLAN, 0 to %d",
				      def->name, text->s, VLAN_MAX);
	case CTL_TYPE_DURATION:
		if (parse_wait(text->s, &us))
			return 0;
		return ctl_diag_error(
			diag, &text->src,
			"%s: \"%.60s\" is not a duration up to a year; write 5, 0.5, 500ms or 2min",
			def->name, text->s);
	case CTL_TYPE_ADDR:
		return check_addr(text, diag);
	case CTL_TYPE_POOL4:
	case CTL_TYPE_POOL6:
		return check_pool(def, text, def->type == CTL_TYPE_POOL6, diag);
	}
	return 0;
}

bool ctl_type_store(const struct ctl_attr_def *def, const struct ctl_xml_text *text, void *object)
{
	void *to = (char *)object + def->to;

	switch (def->type) {
	case CTL_TYPE_YESNO:
		(void)parse_yesno(text->s, to);
		return true;
	case CTL_TYPE_FLAG:
		(void)parse_flag(text->s, to);
		return true;
	case CTL_TYPE_ENUM:
		*(int *)to = find_word(def->words, text->s);
		return true;
	case CTL_TYPE_SECONDS:
		(void)parse_seconds(text->s, to);
		return true;
	case CTL_TYPE_VLAN:
		(void)parse_vlan(text->s, to);
		return true;
	case CTL_TYPE_DURATION:
		(void)parse_wait(text->s, to);
		return true;
	case CTL_TYPE_ADDR:
		(void)lab_addr_parse(text->s, to);
		return true;
	case CTL_TYPE_POOL4:
	case CTL_TYPE_POOL6:
		(void)parse_pool(text->s, def->type == CTL_TYPE_POOL6, to);
		return true;
	case CTL_TYPE_TEXT:
	case CTL_TYPE_COMMAND:
	case CTL_TYPE_WORD:
	case CTL_TYPE_NAME:
	case CTL_TYPE_LAB:
	case CTL_TYPE_PATH:
	case CTL_TYPE_HOST:
	case CTL_TYPE_LATER:
		return false;
	}
	return false;
}
