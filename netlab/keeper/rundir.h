/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rundir.h - the run directory of a lab: who owns a name, where its socket is */
#ifndef NETLAB_KEEPER_RUNDIR_H
#define NETLAB_KEEPER_RUNDIR_H

#include <stdbool.h>

#include "netlab/base/err.h"
#include "netlab/keeper/lab.h"

/**
 * DOC: run directories
 *
 * BASE/LAB holds the socket "control", and "cgroups" when hosts of the lab have limits: what is to be removed with it; "engine" holds the files and the journal of container engines. BASE is /run/netlab for root, $XDG_RUNTIME_DIR/netlab or /tmp/netlab-UID for others; both are
 * mode 0700. A lab's name is owned by whoever holds flock(2) on BASE/LAB: the keeper, for as long as it lives, however it dies. A directory that nobody
 * holds is stale and is swept by the next command. Claiming and sweeping happen under a lock on BASE.
 */

/* The folder of the files that container engines need, removed as a whole with the run directory. */
#define LAB_RUNDIR_ENGINE "engine"

/**
 * struct lab_rundir - a claimed name
 * @base:	BASE, opened
 * @fd:		BASE/LAB, opened and locked; the lock goes with the last copy of this descriptor
 * @name:	the lab
 */
struct lab_rundir {
	int base, fd;
	char name[64];
};

#define LAB_RUNDIR_INIT              \
	{                            \
		.base = -1, .fd = -1 \
	}

/**
 * lab_rundir_claim() - Own a lab's name
 * @name:	valid name
 * @ret:	on success; close with lab_rundir_close()
 * @err:	filled on failure; may be NULL
 *
 * Sweeps what dead labs left. Waits for at most 5 s while a lab of this name is neither up nor gone.
 * Return: 0 or -errno. Errors: -EEXIST a lab of this name runs.
 */
int lab_rundir_claim(const char *name, struct lab_rundir *ret, struct lab_err *err);

/**
 * lab_rundir_close() - Forget a claimed name without removing anything
 * @rd:		may be LAB_RUNDIR_INIT
 */
void lab_rundir_close(struct lab_rundir *rd);

/**
 * lab_rundir_remove() - Remove the run directory of a claimed name
 * @rd:		claimed
 *
 * Works without seeing BASE by path (the keeper has another root). Keeps the lock. What has another's name by now stays. If there is still a journal of
 * engines, that stays with the directory, for whoever sweeps it.
 */
void lab_rundir_remove(const struct lab_rundir *rd);

/**
 * lab_rundir_journal() - Write down what the kernel will not take back when the lab is killed
 * @rd:		claimed
 * @cgroups:	from lab_cgroups_journal()
 * @err:	filled on failure; may be NULL
 *
 * Before it is made. Whoever sweeps the directory removes it first, and leaves the directory when that cannot be done yet.
 * Return: 0 or -errno.
 */
int lab_rundir_journal(const struct lab_rundir *rd, const char *cgroups, struct lab_err *err);

/**
 * lab_rundir_engine_journal() - Is there a journal of what container engines made (netlab/backend/journal.h)
 * @dir:	a run directory, opened
 *
 * Return: true if so.
 */
bool lab_rundir_engine_journal(int dir);

/**
 * lab_rundir_engine_undo() - Undo what container engines made for a lab that was killed
 * @dir:	its run directory, opened and locked
 * @err:	filled on failure; may be NULL
 *
 * The program that drives engines does it; then the journal is removed.
 * Return: 0, also when there is none, or -errno.
 */
int lab_rundir_engine_undo(int dir, struct lab_err *err);

/**
 * lab_rundir_bind() - Make the control socket's name
 * @rd:		claimed
 * @err:	filled on failure; may be NULL
 *
 * Return: a bound unix stream socket (caller closes) on which the keeper must listen(2) itself, so that SO_PEERCRED
 * names the keeper; or -errno.
 */
int lab_rundir_bind(const struct lab_rundir *rd, struct lab_err *err);

/**
 * lab_rundir_connect() - Connect to a lab's control socket
 * @name:	the lab
 * @ret_pid:	the keeper's process id, on success; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Waits for at most 5 s while the lab is neither up nor gone.
 * Return: the connected socket (caller closes), or -errno. Errors: -ENOENT no such lab (swept if it was stale), -EAGAIN it is
 * still neither up nor gone.
 */
int lab_rundir_connect(const char *name, pid_t *ret_pid, struct lab_err *err);

/**
 * lab_rundir_sweep() - Remove what dead labs left, and BASE if it is empty
 *
 * Errors are ignored: whatever cannot be removed now is found again by the next command.
 */
void lab_rundir_sweep(void);

/**
 * struct lab_leftover - something that a killed lab has left
 * @lab:	name of the lab
 * @kind:	"cgroup", "cgroups", "directory", or the name of a backend
 * @what:	which: a path, or what the backend wrote into the journal
 * @err:	NULL; else what of the lab cannot be removed, and @kind and @what are NULL
 */
struct lab_leftover {
	const char *lab, *kind, *what;
	const struct lab_err *err;
};

typedef void (*lab_leftover_fn)(const struct lab_leftover *left, void *user);

/**
 * lab_rundir_leftovers() - Tell what dead labs have left, and remove it
 * @remove:	false: only tell
 * @fn:		called for each thing before it is removed, and for each lab that could not be removed
 * @user:	for @fn
 * @err:	filled on failure; may be NULL
 *
 * It knows that from the journals in the run directories, whose owners have died; nothing else is touched.
 * Return: 0, also when something could not be removed, or -errno.
 */
int lab_rundir_leftovers(bool remove, lab_leftover_fn fn, void *user, struct lab_err *err);

/**
 * lab_rundir_engine_tell() - Tell what is in the journal of engines
 * @dir:	a run directory, opened
 * @fn:		called for each line but that about the keeper: its first word, and the rest
 * @user:	for @fn
 */
void lab_rundir_engine_tell(int dir, void (*fn)(const char *kind, const char *what, void *user),
			    void *user);

/**
 * lab_rundir_tidy() - Remove BASE if it is empty
 *
 * After the orderly end of a lab, which has removed its own directory.
 */
void lab_rundir_tidy(void);

#endif
