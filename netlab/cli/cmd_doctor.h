/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_doctor.h - the doctor's check before a lab is built */
#ifndef NETLAB_CLI_CMD_DOCTOR_H
#define NETLAB_CLI_CMD_DOCTOR_H

#include "controller/recipe/diag.h"
#include "netlab/topo/topo.h"

/**
 * lab_doctor_before() - Say what a topology needs and the machine lacks, before anything is built
 * @topo:	finished topology
 * @diag:	an error is added for each, at its place in the recipe
 *
 * Costs nothing for a lab of veths and bridges that is not big.
 * Return: 0, -ENOSYS with at least one error, or another -errno.
 */
int lab_doctor_before(const struct lab_topo *topo, struct ctl_diag *diag);

#endif
