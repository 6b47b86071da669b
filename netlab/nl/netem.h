/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netem.h - what a link does to its packets: delay, loss, duplication and so on, as data */
#ifndef NETLAB_NL_NETEM_H
#define NETLAB_NL_NETEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/err.h"
#include "netlab/nl/kind.h"

#define LAB_PERCENT_100 UINT32_C(100000000) /* 100 % in millionths of a percent */

/* Of delays around their mean. */
enum lab_netem_dist {
	LAB_DIST_NONE, /* uniform, the kernel's own */
	LAB_DIST_NORMAL,
	LAB_DIST_PARETO,
	LAB_DIST_PARETONORMAL,
};

/**
 * struct lab_netem_chance - how often something happens
 * @percent:	in millionths of a percent
 * @correlation: with the packet before, in millionths of a percent
 */
struct lab_netem_chance {
	uint32_t percent, correlation;
};

/**
 * struct lab_netem - network emulation of one link; a zeroed struct is none
 * @delay_us:	delay of each packet
 * @jitter_us:	how much it varies
 * @delay_correlation: with the delay before, in millionths of a percent; 0 without jitter
 * @dist:	distribution of the delay; LAB_DIST_NONE without jitter
 * @loss:	packets that are lost
 * @duplication: packets that arrive twice
 * @corrupt:	packets with one bit that is wrong
 * @reordering:	packets that are sent at once, ahead of delayed ones
 * @gap:	one in so many packets is reordered; 0 = any
 * @rate_bps:	data rate in bits per second; 0 = as fast as it goes
 * @limit:	packets that may wait; 0 = 1000
 */
struct lab_netem {
	uint32_t delay_us, jitter_us, delay_correlation;
	enum lab_netem_dist dist;
	struct lab_netem_chance loss, duplication, corrupt, reordering;
	uint32_t gap;
	uint64_t rate_bps;
	uint32_t limit;
};

/**
 * lab_netem_set() - Take the options of one child of <netem>
 * @netem:	changed on success
 * @child:	"delay" (time, jitter, correlation, distribution), "loss", "duplication", "corrupt" (percent, correlation), "reordering"
 *		(percent, correlation, gap_distance), "rate" (rate), "limit" (packets)
 * @options:	its options; none at all is nothing to do
 * @n:		how many
 * @ret_failed:	on failure, which option is wrong; @n = one is missing, or the child is unknown; may be NULL
 * @err:	filled on failure with one line and the place of the option; may be NULL
 *
 * Correlation and distribution of a delay without jitter are checked and left out.
 * Return: 0 or -errno. Errors: -EINVAL an option, -ENOENT no such child.
 * Source: tc-netem(8).
 */
int lab_netem_set(struct lab_netem *netem, const char *child, const struct lab_option *options,
		  size_t n, size_t *ret_failed, struct lab_err *err);

/**
 * lab_netem_check() - Do all parts fit together
 * @netem:	after the last lab_netem_set()
 * @err:	filled on failure; may be NULL
 *
 * Reordering needs a delay that it can be ahead of; a gap distance needs reordering.
 * Return: 0 or -EINVAL.
 */
int lab_netem_check(const struct lab_netem *netem, struct lab_err *err);

/**
 * lab_netem_any() - Is there anything to emulate
 * @netem:	what was asked for
 *
 * Return: false if no packet would be treated.
 */
bool lab_netem_any(const struct lab_netem *netem);

/**
 * lab_netem_child() - The rows of one child of <netem>
 * @child:	its name
 *
 * Return: its options, ended by one without a name; NULL if there is no such child; static.
 */
const struct lab_option_def *lab_netem_child(const char *child);

#endif
