/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.h - what `exec` does with `files` instead of a program: put, get, delete, list and make files of the host */
#ifndef SLAVE_IMAGE_AGENT_FILES_H
#define SLAVE_IMAGE_AGENT_FILES_H

#include <sys/types.h>

#include "netlab/base/err.h"
#include "netlab/rpc/json.h"

/**
 * agt_files_check() - Are the parameters of an operation on files right
 * @files:	`files` of `exec`
 * @err:	filled on failure, with the stray or missing member; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int agt_files_check(json_t *files, struct lab_err *err);

/**
 * agt_files_start() - Do an operation in a process of its own, as agt_spawn() starts a program
 * @files:	checked by agt_files_check() (borrowed)
 * @fds:	descriptors that become 0, 1 and 2; all others are closed there
 * @ret_pid:	the process, on success; its exit status is 0, or the errno of a failure that it has written to standard error
 * @err:	filled on failure; may be NULL
 *
 * A fork without an exec: nothing of the host can get at the agent's program through it.
 * Return: 0 or -errno.
 */
int agt_files_start(json_t *files, const int fds[3], pid_t *ret_pid, struct lab_err *err);

#endif
