/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountinfo.c - reads the lines of /proc/self/mountinfo */
#include "netlab/ns/mountinfo.h"

#include <stddef.h>
#include <string.h>

/* Undo the octal escapes, in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* "36 35 98:0 /root /mnt rw,noatime master:1 - ext4 /dev/sda rw"; any number of fields in front of the dash. */
bool lab_mountinfo_parse(char *line, struct lab_mountinfo *ret)
{
	struct lab_mountinfo m = { 0 };
	char *save = NULL, *field;
	unsigned int n = 0;

	for (field = strtok_r(line, " ", &save); field; field = strtok_r(NULL, " ", &save), n++) {
		if (n == 3)
			m.root = field;
		if (n == 4)
			m.path = field;
		if (n < 6 || strcmp(field, "-") != 0)
			continue;
		m.type = strtok_r(NULL, " ", &save);
		(void)strtok_r(NULL, " ", &save);
		m.options = strtok_r(NULL, " ", &save);
		if (!m.type)
			return false;
		if (!m.options)
			m.options = m.type + strlen(m.type);
		unescape(m.root);
		unescape(m.path);
		*ret = m;
		return true;
	}
	return false;
}
