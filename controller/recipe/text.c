/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - UTF-8, white space, and lists of names for messages */
#include "controller/recipe/text.h"

#include <stdio.h>
#include <string.h>

#include "netlab/base/strbuf.h"

enum { LIST_MAX = 20 };

size_t ctl_utf8_len(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned int c, min;
	size_t n, i;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		n = 2;
		min = 0x80;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		min = 0x800;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		n = 4;
		min = 0x10000;
	} else {
		return 0;
	}
	if (n > len)
		return 0;
	c = p[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

void ctl_hint_add(struct ctl_hint *hint, const char *name)
{
	if (hint->n < LAB_ARRAY_SIZE(hint->names) - 1)
		hint->names[hint->n++] = name;
	else
		hint->more = true;
}

const char *ctl_hint_text(const struct ctl_hint *hint, const char *open, const char *close,
			  const char *list, char buf[CTL_HINT_MAX])
{
	const char *nearest = lab_str_nearest(hint->word, hint->names);
	size_t i, used, len, n = LAB_MIN(hint->n, (size_t)LIST_MAX);

	buf[0] = '\0';
	/* In a word of two letters every other one is a near miss. */
	if (nearest && (strlen(hint->word) > 2 || !*list)) {
		(void)snprintf(buf, CTL_HINT_MAX, "; did you mean %s%.100s%s?", open, nearest,
			       close);
		return buf;
	}
	if (!hint->n)
		return buf;
	(void)snprintf(buf, CTL_HINT_MAX, "%s", list);
	used = strlen(buf);
	for (i = 0; i < n; i++) {
		len = strlen(open) + strlen(hint->names[i]) + strlen(close) + 2;
		if (used + len + sizeof(", ...") > CTL_HINT_MAX)
			break;
		(void)snprintf(buf + used, CTL_HINT_MAX - used, "%s%s%s%s", i ? ", " : "", open,
			       hint->names[i], close);
		used += strlen(buf + used);
	}
	if (i < hint->n || hint->more)
		(void)snprintf(buf + used, CTL_HINT_MAX - used, "%s...", i ? ", " : "");
	return buf;
}
