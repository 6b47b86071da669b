/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Custom.c - module: give the options back as result; fails with fail=yes */
#include "slave-image/modules/module.h"

static const char about[] = MOD_OPTION("*");

static enum mod_verdict run(struct mod *m)
{
	if (json_object_update(m->data, m->options) < 0)
		return mod_verdict(m, MOD_ERROR, "out of memory");
	if (mod_flag(m, "fail"))
		return mod_verdict(m, MOD_FAIL, "asked to fail");
	return MOD_PASS;
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
