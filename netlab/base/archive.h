/* SPDX-License-Identifier: GPL-2.0-or-later */
/* archive.h - a file, or a directory with all that is in it, as a stream of bytes */
#ifndef NETLAB_BASE_ARCHIVE_H
#define NETLAB_BASE_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/base/err.h"

/**
 * DOC: the stream
 *
 * One entry after the other, directories before what is in them, and an entry that says that this was all; a stream that ends without it is
 * not whole. An entry has a head of LAB_ARCHIVE_HEAD bytes, numbers in little-endian: 'N', its type ('f' file, 'd' directory, 'l' symbolic
 * link, 'e' end), mode (4 bytes), user and group (4 each), seconds of its last change (8), size (8), length of its name (2); then the name, relative to
 * what is sent and empty for that itself; then as many bytes as its size says: the content, or where the link leads. Devices, sockets and pipes
 * are left out.
 */
#define LAB_ARCHIVE_HEAD     32u
#define LAB_ARCHIVE_PATH_MAX 4095u

/**
 * struct lab_archive_opts - how what comes is written
 * @mode_mask:	bits of modes that are taken over
 * @mode:	mode of files instead of theirs; -1 = theirs
 * @uid:	owner; -1 = whoever writes it
 * @gid:	group; -1 = of whoever writes it
 * @parents:	make the directories that it is to be in
 */
struct lab_archive_opts {
	mode_t mode_mask;
	int64_t mode, uid, gid;
	bool parents;
};

/**
 * lab_archive_send() - Send a file or a directory
 * @path:	its path; symbolic links in it are followed, those below are sent as they are
 * @out:	where to; blocking
 * @err:	filled on failure; may be NULL
 *
 * Context: blocks; SIGPIPE is ignored or ends the process.
 * Return: 0 or -errno. Errors: -ENOENT, -EINVAL neither file nor directory, -EAGAIN a file became shorter meanwhile.
 */
int lab_archive_send(const char *path, int out, struct lab_err *err);

/**
 * lab_archive_receive() - Write what comes
 * @in:		where from; blocking
 * @path:	what it becomes; if this is a directory, or ends with '/', it goes into it as @name. Symbolic links in it are followed
 * @name:	last name of what is sent
 * @opts:	how
 * @err:	filled on failure; may be NULL
 *
 * Nothing is written outside of @path, whatever names and links come: no link below it is followed. A file takes its place when all of it has
 * come; what is there besides stays.
 * Context: blocks.
 * Return: 0 or -errno. Errors: -EBADMSG the stream is damaged or ended early, -ENOENT the directory that it is to be in is not there, -EISDIR and
 * -ENOTDIR something of the other kind is there, -ENOSPC.
 */
int lab_archive_receive(int in, const char *path, const char *name,
			const struct lab_archive_opts *opts, struct lab_err *err);

#endif
