/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Iperf3.c - module: the same as Iperf, under the name that some recipes use */
#include "slave-image/modules/iperf.h"

static const char about[] = MOD_IPERF_ABOUT;

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, mod_iperf);
}
