/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lend.h - what backends have in common: the agent's channel, roots, programs that are run */
#ifndef NETLAB_BACKEND_LEND_H
#define NETLAB_BACKEND_LEND_H

#include "netlab/backend/engine.h"
#include "netlab/base/strbuf.h"

#define LAB_LEND_AGENT  "/run/netlab/agent"      /* where a container has the agent */
#define LAB_LEND_SOCKET "/run/netlab/agent.sock" /* and the socket that it is to connect to */

/**
 * lab_lend_listen() - Make the socket that the agent in a container connects to
 * @host:	host
 * @ret_path:	its path, for a bind mount to LAB_LEND_SOCKET; caller frees
 * @err:	filled on failure; may be NULL
 *
 * Return: listening descriptor (caller closes), or -errno.
 */
int lab_lend_listen(const struct lab_engine_host *host, char **ret_path, struct lab_err *err);

/**
 * lab_lend_accept() - Wait for the agent
 * @fd:		from lab_lend_listen() (borrowed)
 * @child:	pid of the program whose end means that it will not come; 0 = none
 * @timeout_ms:	longest wait
 * @err:	filled on failure; may be NULL
 *
 * Return: the channel (caller closes), or -errno. Errors: -ETIMEDOUT; -ECHILD @child has ended (it is not reaped).
 */
int lab_lend_accept(int fd, pid_t child, int timeout_ms, struct lab_err *err);

/**
 * lab_lend_inject() - Start the agent in a container that runs already
 * @engine:	lab
 * @pid:	any process of the container, in the lab's or the machine's PID namespace, whichever /proc shows
 * @netns:	path of the network namespace; NULL = the container's
 * @ret:	the channel, on success (caller closes)
 * @err:	filled on failure; may be NULL
 *
 * It enters the container's namespaces and cgroups, gives up what a host of netlab has not either, and runs the agent from a
 * descriptor: no file appears in the container.
 * Return: 0 or -errno. Source: setns(2) with a pidfd, Linux 5.8; execveat(2).
 */
int lab_lend_inject(const struct lab_engine *engine, pid_t pid, const char *netns, int *ret,
		    struct lab_err *err);

/**
 * lab_lend_ask() - Ask the processes of a container to end, and give them time
 * @init:	the init of its PID namespace, as /proc shows it
 * @timeout_ms:	longest wait; 0 = none is asked
 *
 * SIGTERM for all but the init and netlab's agents. What has not ended by then is left to whoever stops the container.
 */
void lab_lend_ask(pid_t init, int timeout_ms);

/**
 * lab_lend_lower() - What lies below the root of a host: a directory, or an image of netlab's store
 * @image:	absolute path, or name as for lab_image_find(); NULL = the machine's own files
 * @ret:	for lab_lend_root(): directories, the topmost first, separated by colons; caller frees
 * @err:	filled on failure; may be NULL
 *
 * The image cannot be removed from then on until this process has ended.
 * Return: 0 or -errno. Errors: -ENOENT there is no such image or directory; -ENOTDIR it is something else.
 */
int lab_lend_lower(const char *image, char **ret, struct lab_err *err);

/**
 * lab_lend_raw() - As lab_lend_lower(), but an image may be a file as well: a file system, as a whole disk has it
 * @engine:	lab; in its folder the file is mounted, once for all hosts
 * @image:	as there, or the absolute path of a file
 * @ret:	as there
 * @err:	filled on failure; may be NULL
 *
 * It is mounted read-only through a loop device, in the engine's mount namespace; the device goes when that does.
 * Return: 0 or -errno. Errors: as there; -ENOSYS the machine has no loop device left; -EINVAL no file system that the kernel knows.
 * Source: LOOP_CTL_GET_FREE and LOOP_CONFIGURE in loop(4) and linux/loop.h, Linux 5.8.
 */
int lab_lend_raw(const struct lab_engine *engine, const char *image, char **ret,
		 struct lab_err *err);

/**
 * lab_lend_root() - Mount a root for a container: a copy-on-write view of a directory
 * @engine:	lab
 * @host:	host; its folder gets upper, work and root
 * @lower:	from lab_lend_lower()
 * @ret:	path of the mount, caller frees
 * @err:	filled on failure; may be NULL
 *
 * With the lab's /etc/hosts and the host's /etc/hostname. In the engine's mount namespace, so nobody else sees the mount.
 * Return: 0 or -errno.
 */
int lab_lend_root(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const char *lower, char **ret, struct lab_err *err);

/**
 * lab_lend_upper() - Make what such a root needs, without mounting it
 * @engine:	lab
 * @host:	host; its folder gets upper, work and root
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lend_upper(const struct lab_engine *engine, const struct lab_engine_host *host,
		   struct lab_err *err);

/**
 * lab_lend_mount() - Mount such a root again
 * @host:	host, whose folder has upper, work and root
 * @lower:	as for lab_lend_root()
 * @ret:	path of the mount, caller frees
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_lend_mount(const struct lab_engine_host *host, const char *lower, char **ret,
		   struct lab_err *err);

/**
 * lab_lend_hide_run() - Go on with a /run that has nothing but the files of the lab's engines
 * @engine:	lab
 * @err:	filled on failure; may be NULL
 *
 * What an engine keeps there by itself, locks of containers and folders, goes with the mount namespace that this process has from now on.
 * Return: 0 or -errno.
 */
int lab_lend_hide_run(const struct lab_engine *engine, struct lab_err *err);

/**
 * lab_lend_run() - Run a program and wait for its end
 * @argv:	program and arguments, NULL-terminated; found by PATH
 * @out:	appended: what it wrote, at most 1 MiB; NULL = dropped
 * @timeout_ms:	then it is killed
 * @err:	filled on failure, with the last line that it wrote; may be NULL
 *
 * Return: 0 if it ended with 0, or -errno. Errors: -ENOENT there is no such program, -EINVAL it failed, -ETIMEDOUT.
 */
int lab_lend_run(const char *const *argv, struct lab_strbuf *out, int timeout_ms,
		 struct lab_err *err);

#endif
