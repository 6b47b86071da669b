/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Iperf.c - module: throughput between two hosts, measured by iperf3 */
#include "slave-image/modules/iperf.h"

static const char about[] = MOD_IPERF_ABOUT;

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, mod_iperf);
}
