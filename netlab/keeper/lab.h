/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab.h - bring a lab up from a plan, and find the labs that run */
#ifndef NETLAB_KEEPER_LAB_H
#define NETLAB_KEEPER_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/base/err.h"
#include "netlab/base/loop.h"
#include "netlab/keeper/client.h"
#include "netlab/topo/plan.h"

enum lab_phase {
	LAB_PHASE_KEEPER, /* the keeper's own namespaces and the template of the hosts' roots */
	LAB_PHASE_HOSTS,  /* starting host containers (they start beside the links) */
	LAB_PHASE_LINKS,  /* bridges, links, addresses */
	LAB_PHASE_AGENTS, /* the wait for the last agent's hello */
	LAB_PHASE_MAX_,
};

/**
 * struct lab_up_params - how to bring a lab up; everything is borrowed for the call
 * @name:	name of the lab: letters, digits, '-', '_', '.', at most 63 bytes
 * @recipe:	path of the recipe, for inspection; may be NULL
 * @agent:	path of the agent program; NULL = the one beside this program
 * @leash:	the lab dies with this process; else it stays until it is taken down
 * @progress:	called as hosts come up; may be NULL
 * @user:	for @progress
 */
struct lab_up_params {
	const char *name;
	const char *recipe;
	const char *agent;
	bool leash;
	void (*progress)(size_t hosts_up, size_t hosts_total, void *user);
	void *user;
};

/**
 * struct lab_up_timing - where the time of an up went, in microseconds
 * @total_us:	from the call of lab_up() to its return
 * @phase_us:	by phase; they follow one another and add up to about @total_us
 */
struct lab_up_timing {
	uint64_t total_us;
	uint64_t phase_us[LAB_PHASE_MAX_];
};

/**
 * lab_up() - Bring a lab up
 * @loop:	loop for the client
 * @plan:	what to build
 * @params:	how
 * @ret:	a client of the running lab, on success
 * @ret_timing:	on success; may be NULL
 * @err:	filled on failure (with the place in the recipe where one is to blame); may be NULL
 *
 * On failure nothing is left. SIGINT and SIGTERM should be sources of the loop: this runs the loop while it waits; to give up,
 * call lab_loop_quit() from such a source: then it takes everything down and returns -ECANCELED.
 * Context: CAP_SYS_ADMIN, or unprivileged with user namespaces. The caller's own namespaces do not change.
 * Return: 0 or -errno. Errors: -EEXIST a lab of this name runs, -EPERM not root and no user namespaces, -ENOSYS the kernel lacks
 * something (the message says what and what to do), -ECANCELED.
 */
int lab_up(struct lab_loop *loop, const struct lab_plan *plan, const struct lab_up_params *params,
	   struct lab_client **ret, struct lab_up_timing *ret_timing, struct lab_err *err);

/**
 * lab_phase_name() - Name of a phase
 * @phase:	phase
 *
 * Return: "keeper", "hosts", "links", "agents"; static storage.
 */
const char *lab_phase_name(enum lab_phase phase);

/**
 * struct lab_entry - one lab that was found
 * @name:	its name
 * @pid:	the keeper's process id as seen here; 0 when it cannot be told
 */
struct lab_entry {
	char name[64];
	pid_t pid;
};

/**
 * lab_list() - Find the labs of this user that run; sweep what dead ones left
 * @ret:	array sorted by name, on success; caller frees with free(3); NULL when there is none
 * @ret_n:	how many
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_list(struct lab_entry **ret, size_t *ret_n, struct lab_err *err);

/**
 * lab_name_check() - Is this a possible name of a lab
 * @name:	text
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int lab_name_check(const char *name, struct lab_err *err);

#endif
