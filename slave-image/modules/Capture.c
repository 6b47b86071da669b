/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture.c - what --packet-capture runs for each interface: tcpdump, its packets on standard output */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "slave-image/modules/setgroups.h"

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: Capture INTERFACE >FILE\n");
		return 2;
	}
	mod_allow_setgroups();
	/* Each packet is written at once, so that none is missing when the capture ends. */
	(void)execlp("tcpdump", "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-s", "0", "-i",
		     argv[1], "-w", "-", (char *)NULL);
	fprintf(stderr, "tcpdump: %s; it is in the package tcpdump\n", strerror(errno));
	return 2;
}
