/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setgroups.h - let tcpdump start where a user namespace forbids to set groups */
#ifndef SLAVE_IMAGE_MODULES_SETGROUPS_H
#define SLAVE_IMAGE_MODULES_SETGROUPS_H

/**
 * mod_allow_setgroups() - Make setgroups() succeed without doing anything, where the kernel forbids it
 *
 * Started by root, tcpdump always calls setgroups(), also to stay root (-Z root), and gives up if it fails. In a
 * user namespace without a range of group ids the kernel forbids that call; there a filter says it was done. Elsewhere
 * nothing is changed.
 * Context: for this process and those that it starts, for good; no privileges needed.
 * Source: user_namespaces(7), seccomp(2).
 */
void mod_allow_setgroups(void);

#endif
