/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor.h - the bare program that netlab's speed is measured against: shared types */

#ifndef FLOOR_H
#define FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * DOC: What the floor is
 *
 * The fastest program we can write that builds the result netlab builds: N host processes, each in
 * its own net, mount, pid, uts, ipc and cgroup namespaces, inside one lab PID namespace; links with
 * addresses; optionally a copy-on-write root and an answering init for each host. It knows three
 * shapes and nothing else: no names, no state, no errors but "failed here". Files: floor.c
 * (options, timing, checks from outside), floor_lab.c (the lab's init, spawners, hosts),
 * floor_net.c (rtnetlink), floor_check.c (is the result true?).
 */

#define FLOOR_HOSTS_MAX    8192U
#define FLOOR_SPAWNERS_MAX 8U
#define FLOOR_PORTS_MAX    1000U /* per bridge; the kernel's own limit is 1023 */
/* The two indices of a veth differ: linkwatch takes a device whose index equals its peer's for not
 * urgent (1 s). */
#define FLOOR_FAR  2 /* ifindex of the end brought up second */
#define FLOOR_NEAR 3 /* ifindex of the end born up */

/** enum floor_shape - the topologies */
enum floor_shape {
	FLOOR_PAIR, /* hosts 0-1, 2-3, ... joined by one veth each */
	FLOOR_RING, /* host i joined to host i + 1, the last to the first */
	FLOOR_STAR, /* all hosts on one LAN: bridges in the switch namespace */
};

/**
 * struct floor_opts - what the command line asks for
 * @shape:	topology
 * @hosts:	number of hosts, 1 to FLOOR_HOSTS_MAX
 * @root:	each host gets an overlay root, its own /proc and /sys
 * @hello:	each host's init is a forked process that says hello and answers pings
 * @check:	verify the result after each up
 * @spawners:	processes that clone hosts; 0: the lab's init does it
 */
struct floor_opts {
	enum floor_shape shape;
	unsigned int hosts;
	bool root;
	bool hello;
	bool check;
	unsigned int spawners;
};

/**
 * struct floor_host - what the lab's init knows of one host
 * @pid:	PID in the lab's PID namespace, 0 until it exists
 * @fd:		our end of the socketpair to its init, or -1
 */
struct floor_host {
	pid_t pid;
	int fd;
};

/**
 * struct floor_lab - the lab's init
 * @opts:	what to build (borrowed)
 * @host:	@opts->hosts entries
 * @chan:	where spawners report hosts, or -1
 * @nl:		rtnetlink socket in the switch namespace
 * @spawner:	PIDs of the spawners
 * @spawned:	hosts that the lab's init itself has cloned (only without spawners)
 */
struct floor_lab {
	const struct floor_opts *opts;
	struct floor_host *host;
	int chan;
	int nl;
	pid_t spawner[FLOOR_SPAWNERS_MAX];
	unsigned int spawned;
};

/**
 * floor_lab_main() - Be the lab's init: build, report, obey
 * @opts:	what to build (borrowed)
 * @ctl:	socket to the outside: 'u' goes out when the lab is up, 'c' comes in for a check, 'k'
 * or 'x' is its result
 *
 * Context: first process of a new PID namespace, with its own net and mount namespaces; never
 * returns.
 */
void floor_lab_main(const struct floor_opts *opts, int ctl) __attribute__((noreturn));

/**
 * floor_lab_host() - Wait until a host's namespaces exist
 * @lab:	the lab
 * @i:		host number
 *
 * Context: the lab's init; clones the host itself when there is no spawner.
 * Return: the host's PID.
 */
pid_t floor_lab_host(struct floor_lab *lab, unsigned int i);

/**
 * floor_net_build() - Make all links and addresses of the lab
 * @lab:	the lab; hosts may still be on their way
 *
 * Context: the lab's init; changes the caller's network namespace and comes back.
 */
void floor_net_build(struct floor_lab *lab);

/**
 * floor_net_addr4() - IPv4 address of a host's interface
 * @shape:	topology
 * @link:	link number (star: host number)
 * @end:	0 near, 1 far
 *
 * Return: the address in host byte order.
 */
uint32_t floor_net_addr4(enum floor_shape shape, unsigned int link, unsigned int end);

/**
 * floor_net_addr6() - IPv6 address of a host's interface
 * @shape:	topology
 * @link:	link number (star: host number)
 * @end:	0 near, 1 far
 * @ret_addr:	16 bytes, network byte order
 */
void floor_net_addr6(enum floor_shape shape, unsigned int link, unsigned int end,
		     uint8_t *ret_addr);

/**
 * floor_check() - Verify the finished lab by looking at a sample of its hosts
 * @lab:	the lab
 *
 * Context: the lab's init; forks children that enter the hosts.
 * Return: 0, or the number of checks that failed (each is named on stderr).
 */
int floor_check(struct floor_lab *lab);

/**
 * floor_die() - Report a failed step and end the process
 * @what:	the step
 *
 * Context: any process of the floor; the end of the lab's init ends the lab.
 */
void floor_die(const char *what) __attribute__((noreturn));

#endif
