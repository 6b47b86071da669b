/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IcmpPing.c - module: ping over IPv4 and judge the share of answers */
#include "slave-image/modules/ping.h"

static const char about[] = MOD_PING_ABOUT;

static enum mod_verdict run(struct mod *m)
{
	return mod_ping(m, NULL);
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
