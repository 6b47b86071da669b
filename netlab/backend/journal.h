/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal.h - what a lab has made through engines and the kernel does not take back with it */
#ifndef NETLAB_BACKEND_JOURNAL_H
#define NETLAB_BACKEND_JOURNAL_H

#include "netlab/backend/engine.h"

/**
 * DOC: the journal of engines
 *
 * What neither the end of the lab's PID namespace nor the removal of the run directory takes back is written down before it is made,
 * a line for each: a container of a service that is not ours, a cgroup, a file elsewhere. The journal is in lab_engine.dir. At the lab's end the
 * engine process undoes it and removes it; if the lab was killed, whoever sweeps its run directory runs `netlab-engine --sweep LINE...`. While the
 * journal is there, the run directory is, too.
 *
 * The first line is "lab PID TICKS": the keeper, and when it started. When that has ended, so have all processes of the lab; before, they may still
 * make things. Others are "cgroups NAME" (see netlab/ns/cgroup_tree.h), or the name of a backend and what its lab_backend.sweep understands: words without
 * newlines that name exactly what the lab made. To undo a line twice, or what was never made, is no error.
 */

/**
 * lab_journal_started() - When a process started
 * @pid:	of it
 *
 * Return: clock ticks after boot; 0 = there is none. Source: /proc/PID/stat in proc(5).
 */
uint64_t lab_journal_started(pid_t pid);

/**
 * lab_journal_add() - Write a line
 * @engine:	lab
 * @err:	filled on failure; may be NULL
 * @fmt:	printf format of the line, without a newline
 *
 * Context: any child of the engine process, also two at once.
 * Return: 0 or -errno.
 */
int lab_journal_add(const struct lab_engine *engine, struct lab_err *err, const char *fmt, ...)
	LAB_PRINTF(3, 4);

/**
 * lab_journal_sweep() - Undo the journal of a lab that was killed, the last line first
 * @lines:	without their newlines
 * @n:		how many
 * @err:	filled on failure: the first line that could not be undone; the others are. May be NULL
 *
 * Waits for the end of the lab's processes before.
 * Return: 0 or -errno. Errors: -EINVAL a line is none of a journal.
 */
int lab_journal_sweep(char *const *lines, size_t n, struct lab_err *err);

/**
 * lab_journal_undo() - Undo the journal of a lab, the last line first, and remove it
 * @engine:	lab; its hosts have ended
 * @err:	filled on failure: the first line that could not be undone; the journal stays. May be NULL
 *
 * Return: 0 or -errno.
 */
int lab_journal_undo(const struct lab_engine *engine, struct lab_err *err);

#endif
