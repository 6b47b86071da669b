/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend.h - what can make a host's container: the names, what each can do, and what can be said to it */
#ifndef NETLAB_BACKEND_BACKEND_H
#define NETLAB_BACKEND_BACKEND_H

#include <stdbool.h>

#include "netlab/base/err.h"

/**
 * DOC: backends
 *
 * A host is made by netlab itself (native), or by another engine, the foreign backends. This file is what everybody may know about
 * them without their libraries: it is linked into the command, which checks recipes with it. The engines are driven by a program of its
 * own, netlab-engine (engine.h), of which each lab with foreign hosts has one process.
 */

/* What a backend can do beside starting and stopping a host. */
enum lab_backend_can {
	LAB_BACKEND_FREEZE = 1 << 0,
	LAB_BACKEND_SNAPSHOT = 1 << 1,
	LAB_BACKEND_LIMITS = 1 << 2,
	LAB_BACKEND_IMAGE = 1 << 3,   /* a root of its own, beside the machine's */
	LAB_BACKEND_PUBLISH = 1 << 4, /* a host becomes an image */
	LAB_BACKEND_MIGRATE = 1 << 5,
	LAB_BACKEND_ROOTLESS = 1 << 6,
};

/**
 * struct lab_backend_setting - something that can be said to a backend, as a param of a host
 * @name:	the param
 * @what:	what it is, for messages and docs
 * @elsewhere:	with it, the machine itself need not have the engine
 */
struct lab_backend_setting {
	const char *name, *what;
	bool elsewhere;
};

/**
 * struct lab_backend_info - what is known of a backend everywhere
 * @name:	as in recipes
 * @title:	for people
 * @can:	bits of enum lab_backend_can
 * @settings:	params that only this backend has, ended by one without a name
 */
struct lab_backend_info {
	const char *name, *title;
	unsigned int can;
	const struct lab_backend_setting *settings;
};

/* Ended by one without a name; native is the first. */
extern const struct lab_backend_info lab_backends[];

/**
 * lab_backend_find() - Look a backend up
 * @name:	as in recipes
 * @err:	filled on failure, with the nearest name or all of them; may be NULL
 *
 * Return: static storage, or NULL: there is none of this name.
 */
const struct lab_backend_info *lab_backend_find(const char *name, struct lab_err *err);

/**
 * lab_backend_setting() - Does a backend know a setting
 * @backend:	NULL = any of them
 * @name:	param
 *
 * Return: it, or NULL.
 */
const struct lab_backend_setting *lab_backend_setting(const struct lab_backend_info *backend,
						      const char *name);

#endif
