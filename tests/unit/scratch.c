/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scratch.c - a folder for one test */
#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

void scratch_make(char ret[SCRATCH_STRLEN])
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(ret, SCRATCH_STRLEN, "%s/netlab-test.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	assert_true(n > 0 && n < SCRATCH_STRLEN);
	assert_non_null(mkdtemp(ret));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void scratch_remove(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}
