/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client_internal.h - what client.c, client_sync.c and connect.c share of a client */
#ifndef NETLAB_KEEPER_CLIENT_INTERNAL_H
#define NETLAB_KEEPER_CLIENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/keeper/client.h"
#include "netlab/rpc/rpc.h"

#define LAB_CLIENT_INSPECT_MS 10000
#define LAB_CLIENT_SYNC_MS    60000
#define LAB_CLIENT_LINK_MS    150000 /* a program may make the link */
#define LAB_CLIENT_CONFIG_MS  60000
#define LAB_CLIENT_HOST_MS \
	180000 /* an operation on a host, but for the time that it is given itself */
#define LAB_CLIENT_QUEUE_HIGH (1u << 20) /* bytes queued before a sync waits for the peer to read */
#define LAB_JOB_INPUT_MAX     (1u << 20) /* bytes of input that a command has not taken; docs/rpc.md */

/**
 * struct lab_client - one connection to a keeper
 * @loop:	borrowed
 * @lab:	name of the lab; "" where it is not known
 * @rpc:	the connection, owned; stays until lab_client_free(), also when it is closed
 * @closed:	the lab has gone away
 * @down:	lab_client_down() took it down
 * @keeper_pidfd: the keeper's pidfd where lab_client_connect() took one, else -1; owned
 * @jobs:	running jobs by slot; NULL = free slot. A job's number is its slot + 1, its streams are 4 * slot + 1, 2, 3
 * @n_slots:	slots in @jobs
 * @first_free:	no slot before it is free
 * @puts:	files on their way, owned
 * @next_put:	for the stream number of the next file
 * @closed_fn:	of lab_client_on_closed()
 * @closed_user: for @closed_fn
 */
struct lab_client {
	struct lab_loop *loop;
	char lab[64];
	struct lab_rpc *rpc;
	bool closed, down;
	int keeper_pidfd;
	struct lab_job **jobs;
	size_t n_slots, first_free;
	struct lab_put *puts;
	uint32_t next_put;
	void (*closed_fn)(struct lab_client *c, void *user);
	void *closed_user;
};

/**
 * lab_client_free_puts() - Release what is left of synchronisations, when no answer can come any more
 * @c:		client whose connection is freed
 */
void lab_client_free_puts(struct lab_client *c);

/**
 * lab_client_translate() - Exchange the process ids in an answer for those of this process's PID namespace
 * @c:		client
 * @state:	with "hosts", each perhaps with a "pid" of the keeper's namespace; one that cannot be translated is removed
 */
void lab_client_translate(const struct lab_client *c, json_t *state);

#endif
