/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.h - the one door to jansson */
#ifndef NETLAB_RPC_JSON_H
#define NETLAB_RPC_JSON_H

#include <jansson.h>

#include "netlab/base/util.h"

/* Release a json_t * when it leaves its scope. */
static inline void lab_cleanup_json(json_t **j)
{
	json_decref(*j);
}
#define cleanup_json LAB_CLEANUP(lab_cleanup_json)

#endif
