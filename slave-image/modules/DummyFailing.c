/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DummyFailing.c - module: fails, always; for tests of what happens then */
#include "slave-image/modules/module.h"

static const char about[] = MOD_OPTION("*");

static enum mod_verdict run(struct mod *m)
{
	return mod_verdict(m, MOD_FAIL, "what else did you expect?");
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
