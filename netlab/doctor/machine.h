/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine.h - what every lab needs: privileges, namespaces, an overlay */
#ifndef NETLAB_DOCTOR_MACHINE_H
#define NETLAB_DOCTOR_MACHINE_H

#include "netlab/doctor/finding.h"

/**
 * lab_doctor_machine() - Find out whether any lab can be built here
 * @list:	a finding for privileges and namespaces, and one for overlayfs
 *
 * The namespaces of a lab are really made, in a child that ends at once.
 * Context: forks once; single-threaded caller.
 */
void lab_doctor_machine(struct lab_findings *list);

#endif
