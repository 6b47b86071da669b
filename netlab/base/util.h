/* SPDX-License-Identifier: GPL-2.0-or-later */
/* util.h - cleanup attributes, array size, min and max: the macros that every room uses */
#ifndef NETLAB_BASE_UTIL_H
#define NETLAB_BASE_UTIL_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LAB_ARRAY_SIZE(a)                 (sizeof(a) / sizeof((a)[0]))
#define LAB_MIN(a, b)                     ((a) < (b) ? (a) : (b))
#define LAB_MAX(a, b)                     ((a) > (b) ? (a) : (b))
#define LAB_UNUSED                        __attribute__((unused))
#define LAB_WARN_UNUSED                   __attribute__((warn_unused_result))
#define LAB_CONTAINER_OF(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* Run fn(&variable) when the variable leaves its scope. */
#define LAB_CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void lab_cleanup_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

static inline void lab_cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

static inline void lab_cleanup_file(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline void lab_cleanup_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

#define cleanup_free  LAB_CLEANUP(lab_cleanup_free)
#define cleanup_close LAB_CLEANUP(lab_cleanup_close)
#define cleanup_file  LAB_CLEANUP(lab_cleanup_file)
#define cleanup_dir   LAB_CLEANUP(lab_cleanup_dir)

/* Move a descriptor out of a cleanup_close variable: the success path of a function that returns it. */
static inline int take_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

/* Move a pointer out of a cleanup_free variable. */
static inline void *lab_take_ptr(void *pp)
{
	void **p = pp;
	void *r = *p;

	*p = NULL;
	return r;
}
#define take_ptr(pp) ((__typeof__(*(pp)))lab_take_ptr(pp))

/* Close a descriptor now and forget it. */
static inline void close_fd(int *fd)
{
	lab_cleanup_close(fd);
	*fd = -1;
}

#endif
