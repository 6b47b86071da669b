/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawner.h - the small process that clones hosts on the keeper's behalf */
#ifndef SLAVE_IMAGE_AGENT_SPAWNER_H
#define SLAVE_IMAGE_AGENT_SPAWNER_H

#include "netlab/base/err.h"

/**
 * agt_spawner_main() - Clone hosts as asked until the keeper hangs up
 * @fd:		SOCK_SEQPACKET socket to the keeper (netlab/ns/spawn.h); moved
 *
 * Hosts are made with CLONE_PARENT, so they are the keeper's children; each host process goes on as the agent of its host.
 * This process is a small static program that was executed once for the lab: a fork of it costs a third of a fork of the keeper, and a
 * host's init holds nothing of the keeper's memory.
 * Context: child of the keeper, in its namespaces, root in the template (netlab/ns/spawn.h).
 * Return: exit status for the process. Does not return in a host.
 */
int agt_spawner_main(int fd);

/**
 * agt_report_failure() - Say on an agent's channel why it never ran, in the form of its RPC
 * @fd:		the channel
 * @err:	why
 */
void agt_report_failure(int fd, const struct lab_err *err);

#endif
