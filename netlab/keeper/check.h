/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - what the kernel has of a lab, against what it should have */
#ifndef NETLAB_KEEPER_CHECK_H
#define NETLAB_KEEPER_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "netlab/keeper/host.h"

/**
 * DOC: checks
 *
 * The method `check` (docs/rpc.md) is carried out by a child of the keeper, so that the lab goes on meanwhile. It believes nothing that the
 * keeper remembers, and asks the kernel: netlink sockets in the switch and in each namespace (check_link.c), the lab's /proc for
 * processes and mounts (check.c), packets to neighbours (check_ping.c). Each check becomes one object of an array, in this order: the
 * networks, then each host, then the packets.
 */

/**
 * struct lab_checks - checks under way
 * @k:		keeper, as it was when the child was made
 * @list:	verdicts so far
 * @nl:		the child's own socket, wherever it was pointed to last
 * @timeout_ms:	how long a neighbour is waited for
 */
struct lab_checks {
	struct lab_keeper *k;
	json_t *list;
	struct lab_nl nl;
	uint64_t timeout_ms;
};

/**
 * lab_check_say() - Note the verdict of a check of a host
 * @c:		checks
 * @check:	what was checked, as docs/rpc.md names it
 * @host:	index of the host
 * @name:	which part of it, an interface for example; NULL = the host itself
 * @ok:		it is as it should be
 * @fmt:	printf format of how it is
 */
void lab_check_say(struct lab_checks *c, const char *check, uint32_t host, const char *name,
		   bool ok, const char *fmt, ...) LAB_PRINTF(6, 7);

/**
 * lab_check_bridges() - Check the bridges of all networks, with their ports
 * @c:		checks
 */
void lab_check_bridges(struct lab_checks *c);

/**
 * lab_check_links() - Check the interfaces of a host, their addresses, and forwarding, in all its namespaces
 * @c:		checks
 * @host:	index of the host
 */
void lab_check_links(struct lab_checks *c, uint32_t host);

/**
 * lab_check_pings() - Send packets from each address to a neighbour that shares its network and its subnet
 * @c:		checks
 *
 * All that share one answer in a ring, so that each sends and each is sent to.
 */
void lab_check_pings(struct lab_checks *c);

/**
 * lab_check_request() - The method `check`
 * @op:		operation; answered when all is known
 */
void lab_check_request(struct lab_hostop *op);

#endif
