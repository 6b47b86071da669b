/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.h - ask the program that drives engines which of them are there */
#ifndef NETLAB_BACKEND_PROBE_H
#define NETLAB_BACKEND_PROBE_H

#include <stdbool.h>

#include "netlab/backend/backend.h"

/**
 * struct lab_backend_state - how a backend is on this machine
 * @asked:	it was probed; else the rest is empty
 * @version:	of the engine; "" = not known
 * @missing:	"" = it can be used; else what is missing
 * @fix:	what brings it
 */
struct lab_backend_state {
	bool asked;
	char version[64], missing[200], fix[200];
};

/**
 * lab_backend_probe() - Find out how foreign backends are on this machine
 * @names:	which, NULL-terminated; without any: all of them
 * @ret:	written, in the order of lab_backends[]; native is never asked
 * @n:		places in @ret
 * @err:	filled on failure; may be NULL
 *
 * Runs netlab-engine, 30 s at most; changes nothing.
 * Return: 0 or -errno.
 */
int lab_backend_probe(const char *const *names, struct lab_backend_state *ret, size_t n,
		      struct lab_err *err);

#endif
