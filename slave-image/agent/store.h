/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.h - files synchronised to this host, by the SHA-256 of their content: `file.missing`, `file.put`, `tree.put` */
#ifndef NETLAB_AGENT_STORE_H
#define NETLAB_AGENT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/err.h"
#include "netlab/rpc/rpc.h"

struct agt;
struct agt_put;

#define AGT_FILE_MAX (64u << 20) /* bytes of one file */

/**
 * struct agt_store - the folder and what is on its way to it
 * @dir:	path of the folder, NULL until it was needed; owned
 * @dirfd:	the folder; -1 until it was needed
 * @puts:	files on their way
 * @n_puts:	how many
 * @next_tmp:	for the names of temporary files
 */
struct agt_store {
	char *dir;
	int dirfd;
	struct agt_put *puts;
	unsigned int n_puts;
	uint64_t next_tmp;
};

/**
 * agt_store_open() - Open the folder of the store, unless that was done
 * @a:		agent; its store.dir and store.dirfd are set
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int agt_store_open(struct agt *a, struct lab_err *err);

/**
 * agt_tree_put() - Method `tree.put`
 * @a:		agent
 * @req:	request
 */
void agt_tree_put(struct agt *a, struct lab_rpc_req *req);

/**
 * agt_store_missing() - Method `file.missing`
 * @a:		agent
 * @req:	request
 */
void agt_store_missing(struct agt *a, struct lab_rpc_req *req);

/**
 * agt_store_put() - Method `file.put`
 * @a:		agent
 * @req:	request
 */
void agt_store_put(struct agt *a, struct lab_rpc_req *req);

/**
 * agt_store_block() - A block of a file has come
 * @a:		agent
 * @stream:	number
 * @data:	bytes
 * @len:	how many; 0 = end
 *
 * A stream longer than announced ends the agent.
 * Return: true if a file has this stream.
 */
bool agt_store_block(struct agt *a, uint32_t stream, const void *data, size_t len);

/**
 * agt_store_has_stream() - Does a file use this stream
 * @a:		agent
 * @stream:	number
 *
 * Return: true if so.
 */
bool agt_store_has_stream(const struct agt *a, uint32_t stream);

/**
 * agt_store_path() - Where a file is
 * @a:		agent
 * @digest:	its digest
 * @buf:	written
 * @size:	bytes in @buf
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EINVAL @digest is none, -ENOENT the file is not here.
 */
int agt_store_path(struct agt *a, const char *digest, char *buf, size_t size, struct lab_err *err);

/**
 * agt_store_fini() - Release everything; the files stay, those half here go
 * @a:		agent
 */
void agt_store_fini(struct agt *a);

#endif
