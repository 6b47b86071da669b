/* SPDX-License-Identifier: GPL-2.0-or-later */
/* version.c - what this build is, as the build says by -DLAB_VERSION and -DLAB_BUILD_ID */
#include "netlab/base/version.h"

#ifndef LAB_VERSION
#define LAB_VERSION "0.0.0-unknown"
#endif
#ifndef LAB_BUILD_ID
#define LAB_BUILD_ID "unknown"
#endif

const char *lab_version(void)
{
	return LAB_VERSION;
}

const char *lab_build_id(void)
{
	return LAB_BUILD_ID;
}
