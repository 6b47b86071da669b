/* SPDX-License-Identifier: GPL-2.0-or-later */
/* program.c - where programs are */
#include "netlab/base/program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/util.h"

#ifndef LAB_LIBEXECDIR
#define LAB_LIBEXECDIR "/usr/local/libexec/netlab"
#endif

bool lab_program_find(const char *program, const char *path, char *ret, size_t size)
{
	const char *p = path && *path ? path : "/bin:/usr/bin", *end;
	struct stat st;
	int n;

	for (;; p = end + 1) {
		end = strchrnul(p, ':');
		n = snprintf(ret, size, "%.*s/%s", (int)(end - p), p, program);
		if (end != p && n > 0 && (size_t)n < size && stat(ret, &st) == 0 &&
		    S_ISREG(st.st_mode) && access(ret, X_OK) == 0)
			return true;
		if (!*end)
			return false;
	}
}

bool lab_program_in_path(const char *program, const char *path)
{
	char file[PATH_MAX];

	return lab_program_find(program, path, file, sizeof(file));
}

int lab_program_own(const char *name, char *ret, size_t size, struct lab_err *err)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return lab_err_errno(err, errno, "readlink /proc/self/exe");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if ((size_t)snprintf(ret, size, "%s/%s", self, name) < size && access(ret, X_OK) == 0)
		return 0;
	if ((size_t)snprintf(ret, size, "%s/../libexec/netlab/%s", self, name) < size &&
	    access(ret, X_OK) == 0)
		return 0;
	if ((size_t)snprintf(ret, size, LAB_LIBEXECDIR "/%s", name) < size &&
	    access(ret, X_OK) == 0)
		return 0;
	return lab_err_set(
		err, ENOENT,
		"the program %s is neither beside %s nor at %s: netlab is not installed as a whole",
		name, self, ret);
}
