/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iperf.h - the modules Iperf and Iperf3 */
#ifndef NETLAB_MODULES_IPERF_H
#define NETLAB_MODULES_IPERF_H

#include "slave-image/modules/module.h"

#define MOD_IPERF_ABOUT                               \
	MOD_NEEDS("iperf3", "iperf3")                 \
	MOD_SAYS_READY                                \
	MOD_OPTION("role needed")                     \
	MOD_OPTION("iperf_server needed role=client") \
	MOD_OPTION("bind") MOD_OPTION("duration") MOD_OPTION("iperf_opts") MOD_OPTION("threshold")

/**
 * mod_iperf() - Be server or client of iperf3
 * @m:		module; options as in MOD_IPERF_ABOUT
 *
 * Return: verdict.
 */
enum mod_verdict mod_iperf(struct mod *m);

#endif
