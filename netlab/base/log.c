/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log.c - debug lines for developers */
#include "netlab/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool log_on;

void lab_log_set(bool on)
{
	log_on = on;
}

void lab_log_debug(const char *func, const char *fmt, ...)
{
	int saved = errno;
	char line[1024];
	size_t used;
	ssize_t n;
	va_list ap;

	if (!log_on)
		return;
	(void)snprintf(line, sizeof(line) - 1, "debug: %s: ", func);
	used = strlen(line);
	va_start(ap, fmt);
	(void)vsnprintf(line + used, sizeof(line) - 1 - used, fmt, ap);
	va_end(ap);
	used = strlen(line);
	line[used++] = '\n';
	/* One write, so that the lines of several processes do not mix. */
	n = write(STDERR_FILENO, line, used);
	(void)n;
	errno = saved;
}
