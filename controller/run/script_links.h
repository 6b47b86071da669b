/* SPDX-License-Identifier: GPL-2.0-or-later */
/* script_links.h - which links a Python task may make, as its text says before it runs */
#ifndef CONTROLLER_RUN_SCRIPT_LINKS_H
#define CONTROLLER_RUN_SCRIPT_LINKS_H

#include <stddef.h>

#include "netlab/base/err.h"
#include "netlab/ns/probe.h"

/**
 * ctl_script_links() - Find the calls in a Python task that make links
 * @text:	its text
 * @len:	bytes
 * @file:	its name, for @ret; borrowed
 * @ret:	for each LAB_PROBE item the first call that makes one; a place that has a line already stays, one without a
 *		line means that there is none
 *
 * What is looked for is `.create_KIND(`, `.set_netem(` and `.add_br_vlan(` outside of comments and strings. Whether it comes to the call,
 * and what imported modules do, is not known.
 */
void ctl_script_links(const char *text, size_t len, const char *file,
		      struct lab_src ret[LAB_PROBE_MAX_]);

#endif
