/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake_keeper.h - a keeper without privileges: it runs the commands of all hosts right here */
#ifndef NETLAB_TESTS_UNIT_FAKE_KEEPER_H
#define NETLAB_TESTS_UNIT_FAKE_KEEPER_H

#include <stddef.h>

#include "netlab/base/loop.h"
#include "netlab/base/strbuf.h"
#include "netlab/keeper/client.h"

/**
 * struct fake_keeper - the lab's end of a socketpair, in the loop of the test
 * @loop:	the test's
 * @rpc:	connection to the client
 * @dir:	folder of synchronised files
 * @jobs:	commands that run
 * @n_put:	files that were sent
 * @n_trees:	folders that were made
 * @n_asked:	calls of file.missing
 * @dead:	id of a host that answers EHOSTDOWN; NULL = none
 * @touched:	path of a file to change when the first file.missing comes; NULL = none
 * @settings:	what config.write has written, by host, namespace and path as in
 *		"h1:/proc/x" and "h1/ns:/proc/x"; before that each setting is "0". What has "refused"
 *		in its path cannot be written, what has "once" only once, and "unreadable" not read
 * @links:	what link.get answers, by "h1:eth1"; what is not there has gone. NULL: it knows no
 *		link.get
 * @n_links:	calls of link.get
 * @writes:	all that config.write was asked for, as "h1:/proc/x=1;"
 */
struct fake_keeper {
	struct lab_loop *loop;
	struct lab_rpc *rpc;
	char dir[64];
	struct fake_job *jobs;
	unsigned int n_put, n_trees, n_asked;
	const char *dead, *touched;
	json_t *settings, *links;
	unsigned int n_links;
	struct lab_strbuf writes;
	/* private: the file that comes */
	int put_fd;
	uint32_t put_stream;
	uint64_t put_id;
	char put_name[80];
};

/**
 * fake_keeper_start() - Start one, with a client connected to it
 * @k:		written
 * @loop:	loop of both ends
 * @ret:	client; free it before fake_keeper_stop()
 *
 * Context: fails the test if it cannot.
 */
void fake_keeper_start(struct fake_keeper *k, struct lab_loop *loop, struct lab_client **ret);

/**
 * fake_keeper_hang_up() - Go away, as a lab that is killed
 * @k:		keeper
 */
void fake_keeper_hang_up(struct fake_keeper *k);

/**
 * fake_keeper_jobs() - Commands that have not ended yet
 * @k:		keeper
 *
 * Return: how many.
 */
size_t fake_keeper_jobs(const struct fake_keeper *k);

/**
 * fake_keeper_stop() - End its commands and release it
 * @k:		keeper
 */
void fake_keeper_stop(struct fake_keeper *k);

#endif
