/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.c - is a program installed */
#include "netlab/base/program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool lab_program_in_path(const char *program, const char *path)
{
	const char *p = path && *path ? path : "/bin:/usr/bin", *end;
	char file[PATH_MAX];
	struct stat st;
	int n;

	for (;; p = end + 1) {
		end = strchrnul(p, ':');
		n = snprintf(file, sizeof(file), "%.*s/%s", (int)(end - p), p, program);
		if (end != p && n > 0 && (size_t)n < sizeof(file) && stat(file, &st) == 0 &&
		    S_ISREG(st.st_mode) && access(file, X_OK) == 0)
			return true;
		if (!*end)
			return false;
	}
}
