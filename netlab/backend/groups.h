/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups.h - the control groups that an engine makes for the hosts of a lab */
#ifndef NETLAB_BACKEND_GROUPS_H
#define NETLAB_BACKEND_GROUPS_H

#include "netlab/backend/engine.h"
#include "netlab/ns/cgroup.h"

/**
 * DOC: groups of engines
 *
 * An engine that is told so makes the groups of a lab's containers in one group, at the root of each hierarchy that is mounted, and that one is
 * journalled ("cgroups NAME"). If the groups in it are named as those of native hosts are, "host.X", the functions of netlab/ns/cgroup.h work on them.
 */
#define LAB_GROUPS_NAME_LEN 96u

/**
 * lab_groups_name() - Name of the group that containers of a lab are in
 * @engine:	lab
 * @ret:	written
 */
void lab_groups_name(const struct lab_engine *engine, char ret[LAB_GROUPS_NAME_LEN]);

/**
 * lab_groups_host() - Name of the group of a host in it, without the "host." before
 * @engine:	lab
 * @host:	one of its hosts
 * @run:	how often it has been started: each time it has another, as the old one may not have gone yet
 * @ret:	written
 */
void lab_groups_host(const struct lab_engine *engine, const struct lab_engine_host *host,
		     unsigned int run, char ret[LAB_GROUPS_NAME_LEN]);

/**
 * lab_groups_leave() - Move this process to the root of each hierarchy
 *
 * Where it may not, it stays where it is.
 */
void lab_groups_leave(void);

/**
 * lab_groups_enter() - Make the groups of a host, for an engine that makes none, and move this process there
 * @engine:	lab; its group is journalled
 * @group:	from lab_groups_host()
 * @err:	filled on failure; may be NULL
 *
 * In the hierarchies that limit or freeze, and in the one by which systemd knows its services: an init in there makes groups of its own below.
 * Return: 0 or -errno.
 */
int lab_groups_enter(const struct lab_engine *engine, const char *group, struct lab_err *err);

/**
 * lab_groups_open() - Open the groups that have been made
 * @engine:	lab
 * @ret:	on success: those that limit and those that freeze; release with lab_cgroups_close()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSYS no hierarchy is mounted.
 */
int lab_groups_open(const struct lab_engine *engine, struct lab_cgroups *ret, struct lab_err *err);

/**
 * lab_groups_freeze() - Stop all processes of a host, or let them go on
 * @groups:	opened
 * @group:	from lab_groups_host()
 * @frozen:	true to stop them, and to wait until they are; 10 s at most, then they go on
 * @err:	filled on failure; may be NULL
 *
 * Version 2 is preferred: what version 1 has frozen cannot even be killed, so nothing would end the lab if its keeper were killed meanwhile.
 * Return: 0 or -errno. Errors: -ETIMEDOUT; -ENOSYS nothing that is mounted can freeze.
 */
int lab_groups_freeze(const struct lab_cgroups *groups, const char *group, bool frozen,
		      struct lab_err *err);

#endif
