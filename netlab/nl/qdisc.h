/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qdisc.h - what stands between a link and its sender: network emulation as root qdisc */
#ifndef NETLAB_NL_QDISC_H
#define NETLAB_NL_QDISC_H

#include "netlab/nl/netem.h"
#include "netlab/nl/nl.h"

enum { LAB_DIST_MAX = 16384 }; /* numbers in a table of delays; the kernel takes no more */

/**
 * struct lab_dist_table - a distribution of delays, as tc(8) has it
 * @v:		deviations from the mean in 1/8192 of the jitter
 * @n:		how many
 */
struct lab_dist_table {
	int16_t v[LAB_DIST_MAX];
	size_t n;
};

/**
 * lab_dist_load() - Read the table of a distribution from iproute2's files
 * @dist:	which; not LAB_DIST_NONE
 * @ret:	the table, on success
 * @err:	filled on failure; may be NULL
 *
 * Looked for in $TC_LIB_DIR, /usr/lib/tc, /usr/lib/ARCHITECTURE-linux-gnu/tc and /usr/share/tc.
 * Return: 0 or -errno. Errors: -ENOENT iproute2 is not installed, -EBADMSG or -EFBIG it is no table.
 * Source: tc-netem(8).
 */
int lab_dist_load(enum lab_netem_dist dist, struct lab_dist_table *ret, struct lab_err *err);

/**
 * lab_dist_parse() - Read a table from text
 * @text:	numbers of -32768 to 32767 separated by white space; lines that begin with '#' are comments
 * @ret:	the table, on success
 *
 * Return: 0 or -errno. Errors: -EBADMSG no number, or none at all, -EFBIG more than LAB_DIST_MAX.
 */
int lab_dist_parse(const char *text, struct lab_dist_table *ret);

/**
 * lab_qdisc_netem() - Make network emulation a link's root qdisc, or change it
 * @nl:		socket in the link's namespace; one request of at most 34 KiB is appended to its batch
 * @ifindex:	which link
 * @netem:	what it is to do
 * @table:	distribution of the delays, from lab_dist_load(); NULL for LAB_DIST_NONE
 *
 * Errors (at the flush): -ENOENT the kernel lacks it (CONFIG_NET_SCH_NETEM), -ENODEV no such link, -EINVAL.
 * Source: linux/pkt_sched.h, net/sched/sch_netem.c.
 */
void lab_qdisc_netem(struct lab_nl *nl, int ifindex, const struct lab_netem *netem,
		     const struct lab_dist_table *table);

/**
 * lab_qdisc_del() - Take a link's root qdisc away; the kernel puts its own default there
 * @nl:		socket in the link's namespace; one request is appended to its batch
 * @ifindex:	which link
 *
 * Errors (at the flush): -ENOENT it has none but the default.
 */
void lab_qdisc_del(struct lab_nl *nl, int ifindex);

#endif
