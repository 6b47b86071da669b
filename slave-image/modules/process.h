/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.h - what modules must know of and do for the programs that they run */
#ifndef SLAVE_IMAGE_MODULES_PROCESS_H
#define SLAVE_IMAGE_MODULES_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * mod_asleep() - Does a program wait for something?
 * @pid:	its process
 *
 * A capture that sleeps has taken all packets that were there.
 * Return: true if it does, or is not there any more.
 * Source: proc(5), field 3 of /proc/pid/stat.
 */
bool mod_asleep(pid_t pid);

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
