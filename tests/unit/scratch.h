/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scratch.h - a folder for one test */
#ifndef NETLAB_TESTS_UNIT_SCRATCH_H
#define NETLAB_TESTS_UNIT_SCRATCH_H

#define SCRATCH_STRLEN 256 /* enough for the path of a folder */

/**
 * scratch_make() - Make an empty folder
 * @ret:	its path, in $TMPDIR or /tmp
 *
 * Context: fails the test if it cannot.
 */
void scratch_make(char ret[SCRATCH_STRLEN]);

/**
 * scratch_remove() - Remove it with everything in it
 * @path:	of scratch_make()
 *
 * Context: fails the test if it cannot.
 */
void scratch_remove(const char *path);

#endif
