/* SPDX-License-Identifier: GPL-2.0-or-later */
/* limit.h - limits of the machine against the size of a lab */
#ifndef NETLAB_DOCTOR_LIMIT_H
#define NETLAB_DOCTOR_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/doctor/finding.h"

/**
 * struct lab_size - how big a lab is
 * @hosts:	hosts
 * @ports:	interfaces that are joined to networks
 * @largest:	ports of the largest network
 * @largest_label: its label; NULL without networks
 */
struct lab_size {
	size_t hosts, ports, largest;
	const char *largest_label;
};

/**
 * struct lab_limit_params - where to look
 * @proc:	"/proc", or a folder that looks like it
 * @root:	judge as for root, whom some limits do not bind
 * @nofile:	hard limit of descriptors of this process (getrlimit(2))
 * @nproc:	soft limit of processes of this user
 */
struct lab_limit_params {
	const char *proc;
	bool root;
	unsigned long long nofile, nproc;
};

/**
 * lab_doctor_limits() - Compare the limits with what a lab takes
 * @size:	the lab
 * @params:	where to look; NULL = this process on this machine
 * @list:	a finding for each limit; what is too little for the lab to be built lacks, what is too little
 *		for its hosts to do what hosts may do warns
 *
 * A limit that the kernel does not have is left out.
 * Source: proc(5), namespaces(7), arp(7); the kernel's Documentation/networking/ip-sysctl.rst.
 */
void lab_doctor_limits(const struct lab_size *size, const struct lab_limit_params *params,
		       struct lab_findings *list);

#endif
