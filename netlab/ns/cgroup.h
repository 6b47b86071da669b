/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup.h - control groups that limit what the hosts of a lab may use */
#ifndef NETLAB_NS_CGROUP_H
#define NETLAB_NS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlab/base/err.h"
#include "netlab/base/strbuf.h"

/**
 * DOC: limits
 *
 * A lab whose hosts have limits gets one group in each hierarchy that it needs (one of version 2, or one for memory and one for
 * cpu of version 1), and in it one group for each host with a limit. A host's init moves itself there before it does anything
 * else. In a lab that is up, a host is moved into groups when it is to be frozen, or when it gets limits it did not have. The kernel does not remove groups by itself, so their paths are journalled in the run directory before they are made:
 *
 *   lab_cgroups_find()      where groups can be made; changes nothing but the switch of a controller (version 2)
 *   lab_cgroups_journal()   what is going to be made
 *   lab_cgroups_make(), lab_cgroups_add_host()
 *   lab_cgroups_remove(), or lab_cgroups_sweep() with the journal when whoever made them was killed
 *
 * Version 2 wants groups with processes to be leaves, so the place is the nearest group above ours that has, or may have, the
 * controllers switched on for its children. A controller that had to be switched on stays so: it does nothing by itself, and others
 * may rely on it by then.
 */
#define LAB_CGROUPS_MAX       4u /* memory, cpu, pids and what freezes, each in a hierarchy of its own */
#define LAB_CGROUP_NAME_LEN   96u
#define LAB_CGROUP_PATH_LEN   640u       /* a longer one is none that anybody uses */
#define LAB_LIMIT_MEMORY_MIN  (8u << 20) /* bytes; a host's init alone needs some */
#define LAB_LIMIT_CPUS_MIN    10u        /* thousandths of a processor */
#define LAB_LIMIT_CPUS_MAX    1000000u
#define LAB_LIMIT_PIDS_MIN    8u       /* a host's agents need some */
#define LAB_LIMIT_PIDS_MAX    4194304u /* the kernel's PID_MAX_LIMIT */
#define LAB_LIMITS_FORMAT_LEN 64u

enum lab_cgroup_controller {
	LAB_CGROUP_MEMORY = 1 << 0,
	LAB_CGROUP_CPU = 1 << 1,
	LAB_CGROUP_PIDS = 1 << 2,
	LAB_CGROUP_FREEZER =
		1 << 3, /* version 2 has it in each group, and it is taken there if there is one */
	LAB_CGROUP_ALL_ = (1 << 4) - 1,
};

/**
 * struct lab_limits - what a host may use
 * @memory_bytes: memory and swap, bytes; 0 = no limit
 * @cpus_milli:	processor time, in thousandths of a processor; 0 = no limit
 * @pids:	processes and threads; 0 = no limit
 */
struct lab_limits {
	uint64_t memory_bytes;
	uint32_t cpus_milli;
	uint32_t pids;
};

/**
 * struct lab_cgroup - the group of a lab in one hierarchy
 * @controllers: which of its limits are set there
 * @v2:		version of the hierarchy
 * @parent:	path of the group that it is made in
 * @name:	its name there
 * @parent_fd:	@parent, opened; -1 = not yet
 * @fd:		the group, opened; -1 = not made
 */
struct lab_cgroup {
	unsigned int controllers;
	bool v2;
	char parent[LAB_CGROUP_PATH_LEN];
	char name[LAB_CGROUP_NAME_LEN];
	int parent_fd, fd;
};

/**
 * struct lab_cgroups - the groups of a lab; a zeroed struct has none
 * @list:	one for each hierarchy
 * @n:		how many
 */
struct lab_cgroups {
	struct lab_cgroup list[LAB_CGROUPS_MAX];
	uint32_t n;
};

/**
 * lab_limits_controllers() - Which controllers a host's limits need
 * @limits:	limits
 *
 * Return: bits of enum lab_cgroup_controller; 0 = no limit.
 */
unsigned int lab_limits_controllers(const struct lab_limits *limits);

/**
 * lab_limits_set() - Read a limit as users write it
 * @limits:	changed on success
 * @name:	"memory", "cpus" or "pids"
 * @value:	as "256MiB", "0.5", "100"
 * @err:	filled on failure, with what would be right; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int lab_limits_set(struct lab_limits *limits, const char *name, const char *value,
		   struct lab_err *err);

/**
 * lab_limits_format() - Write limits for people
 * @limits:	limits
 * @buf:	written: "memory 256MiB cpus 0.5", or "" without any
 *
 * Return: @buf.
 */
char *lab_limits_format(const struct lab_limits *limits, char buf[LAB_LIMITS_FORMAT_LEN]);

/**
 * lab_cgroups_locate() - Find this process's group in the hierarchies that have some controllers
 * @mountinfo:	text of /proc/self/mountinfo; changed
 * @cgroup:	text of /proc/self/cgroup
 * @controllers: bits of enum lab_cgroup_controller
 * @ret:	on success: parent, controllers and v2 of each
 * @err:	filled on failure, naming the controller; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSYS no hierarchy that is mounted has the controller. Of version 2 that is not known yet.
 * Source: cgroups(7), proc(5).
 */
int lab_cgroups_locate(char *mountinfo, const char *cgroup, unsigned int controllers,
		       struct lab_cgroups *ret, struct lab_err *err);

/**
 * lab_cgroups_find() - Find out where groups for a lab can be made
 * @controllers: bits of enum lab_cgroup_controller, at least one
 * @lab:	name of the lab
 * @ret:	on success; release with lab_cgroups_close()
 * @err:	filled on failure: which controller is missing and what to do; may be NULL
 *
 * Context: this process must be in the cgroup namespace that the groups are made from, and see its mounts.
 * Return: 0 or -errno. Errors: -ENOSYS the machine has no such controller, -EPERM no right to use it.
 * Source: cgroups(7); Documentation/admin-guide/cgroup-v2.rst, "Top-down Constraint", "No Internal Process Constraint" and
 * "Delegation Containment".
 */
int lab_cgroups_find(unsigned int controllers, const char *lab, struct lab_cgroups *ret,
		     struct lab_err *err);

/**
 * lab_cgroups_journal() - Write down which groups are going to be made
 * @cgs:	found
 * @sb:		appended: the path of each on a line
 */
void lab_cgroups_journal(const struct lab_cgroups *cgs, struct lab_strbuf *sb);

/**
 * lab_cgroups_make() - Make the groups of a lab
 * @cgs:	found; on failure some may be there: lab_cgroups_remove()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_cgroups_make(struct lab_cgroups *cgs, struct lab_err *err);

/**
 * lab_cgroups_add_host() - Make the groups of a host, with its limits
 * @cgs:	made
 * @host:	name of the host
 * @limits:	its limits; without any nothing is made
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSYS the kernel has the controller, but not this limit; -EINVAL it refuses the value.
 */
int lab_cgroups_add_host(const struct lab_cgroups *cgs, const char *host,
			 const struct lab_limits *limits, struct lab_err *err);

/**
 * lab_cgroups_enter() - Move this process into the group of a host
 * @fd:		a lab's group, made in a cgroup namespace that sees both the old and the new group
 * @host:	name of the host
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_cgroups_enter(int fd, const char *host, struct lab_err *err);

/**
 * lab_cgroups_which() - The group of a lab that has a controller
 * @cgs:	made
 * @controller:	one of enum lab_cgroup_controller
 *
 * Return: the group (borrowed), or NULL. Any group of version 2 can freeze.
 */
const struct lab_cgroup *lab_cgroups_which(const struct lab_cgroups *cgs, unsigned int controller);

/**
 * lab_cgroups_adopt() - Make one more group of a lab that is up
 * @cgs:	made; a group of version 2 that is there gets the controllers of the other one
 * @more:	found, and journalled with the others; its descriptor @parent_fd is moved
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSPC there are LAB_CGROUPS_MAX.
 */
int lab_cgroups_adopt(struct lab_cgroups *cgs, struct lab_cgroup *more, struct lab_err *err);

/**
 * lab_cgroups_open_host() - The group of a host in one of the lab's, made if it is not there
 * @cg:		made
 * @host:	name of the host
 * @err:	filled on failure; may be NULL
 *
 * Return: descriptor of its directory (caller closes), or -errno.
 */
int lab_cgroups_open_host(const struct lab_cgroup *cg, const char *host, struct lab_err *err);

/**
 * lab_cgroups_move() - Move a process into a group
 * @dir:	from lab_cgroups_open_host()
 * @pid:	process
 *
 * Return: 0 or -errno. Errors: -ESRCH it has ended.
 */
int lab_cgroups_move(int dir, pid_t pid);

/**
 * lab_cgroups_limit_host() - Change the limits of a host
 * @cgs:	made; has all controllers that the limits need
 * @host:	name of the host
 * @limits:	from now on; 0 takes a limit away
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EBUSY it uses more memory than that, -ENOSYS, -EINVAL as lab_cgroups_add_host().
 */
int lab_cgroups_limit_host(const struct lab_cgroups *cgs, const char *host,
			   const struct lab_limits *limits, struct lab_err *err);

/**
 * lab_cgroups_freeze() - Stop all processes of a group, or let them go on
 * @dir:	from lab_cgroups_open_host()
 * @v2:		version of its hierarchy
 * @frozen:	true to stop them; it takes effect later, see lab_cgroups_frozen()
 *
 * Return: 0 or -errno. Errors: -ENOENT this kernel cannot freeze groups (before 5.2).
 * Source: cgroup.freeze in Documentation/admin-guide/cgroup-v2.rst; freezer-subsystem.rst of version 1.
 */
int lab_cgroups_freeze(int dir, bool v2, bool frozen);

/**
 * lab_cgroups_frozen() - Have all processes of a group stopped
 * @dir:	from lab_cgroups_open_host()
 * @v2:		version of its hierarchy
 *
 * Return: 1 yes, 0 not yet, or -errno.
 */
int lab_cgroups_frozen(int dir, bool v2);

/**
 * lab_cgroups_drop_host() - Remove the groups of a host whose processes have ended
 * @cgs:	made
 * @host:	name of the host
 */
void lab_cgroups_drop_host(const struct lab_cgroups *cgs, const char *host);

/**
 * lab_cgroups_remove() - Remove the groups of a lab
 * @cgs:	found or made; the descriptors stay open
 *
 * Works where their paths are out of sight. What has gone already is no error.
 * Return: 0 or -errno. Errors: -EBUSY a process is left in one.
 */
int lab_cgroups_remove(const struct lab_cgroups *cgs);

/**
 * lab_cgroups_sweep() - Remove the groups that a journal names
 * @journal:	text from lab_cgroups_journal(); changed
 *
 * What is not named as our groups are is left alone.
 * Return: 0 or -errno of the first that could not be removed. Errors: -EBUSY a process is left in it; -ENOENT its hierarchy cannot be
 * seen from here.
 */
int lab_cgroups_sweep(char *journal);

/**
 * lab_cgroups_close() - Close the descriptors; the groups stay
 * @cgs:	may be zeroed; left zeroed
 */
void lab_cgroups_close(struct lab_cgroups *cgs);

#endif
