/* SPDX-License-Identifier: GPL-2.0-or-later */
/* need.h - what one topology needs of the kernel and of the machine's programs, and whether it is there */
#ifndef NETLAB_DOCTOR_NEED_H
#define NETLAB_DOCTOR_NEED_H

#include <stdbool.h>
#include <stdint.h>

#include "netlab/doctor/finding.h"
#include "netlab/doctor/limit.h"
#include "netlab/topo/topo.h"

/**
 * lab_need_size() - How big a topology is
 * @topo:	finished topology
 * @ret:	written; borrows from @topo
 */
void lab_need_size(const struct lab_topo *topo, struct lab_size *ret);

/**
 * lab_need_check() - Find out what a topology needs and whether it is there
 * @topo:	finished topology
 * @all:	also what is there, and the links that every lab is made of; else only what lacks
 * @list:	findings, each at the place of the interface or host that needs it first
 * @err:	filled on failure; may be NULL
 *
 * Link kinds, netem, VLAN filtering, the datapath of Open vSwitch; the programs of teams and of Open vSwitch; controllers of
 * cgroups for limits. Looks
 * only at what the topology uses: without @all a lab of veths and bridges costs nothing.
 * Context: may fork once (lab_probe()).
 * Return: 0 or -errno: it could not be found out.
 */
int lab_need_check(const struct lab_topo *topo, bool all, struct lab_findings *list,
		   struct lab_err *err);

/**
 * lab_need_later() - Find out whether what may be made while a lab runs can be made
 * @items:	for each LAB_PROBE item the place that asks for it; a place without a line asks for nothing
 * @list:	a finding for each that is asked for: what is not there warns, since nobody knows whether it comes to that
 * @err:	filled on failure; may be NULL
 *
 * Context: may fork once (lab_probe()).
 * Return: 0 or -errno: it could not be found out.
 */
int lab_need_later(const struct lab_src items[], struct lab_findings *list, struct lab_err *err);

/**
 * lab_need_kinds() - Find out which of all link kinds the kernel can make
 * @list:	a finding for each kind, netem, VLAN filtering and the datapath of Open vSwitch: what is not there warns
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_need_kinds(struct lab_findings *list, struct lab_err *err);

/**
 * lab_need_programs() - Find out which programs are there that some recipes need
 * @list:	a finding for each: what is not there warns
 */
void lab_need_programs(struct lab_findings *list);

#endif
