/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log.h - debug lines for developers; never the way an error reaches the user */
#ifndef NETLAB_BASE_LOG_H
#define NETLAB_BASE_LOG_H

#include <stdbool.h>

#include "netlab/base/err.h"

/**
 * lab_log_set() - Switch debug lines on or off
 * @on:		true to write them to standard error
 */
void lab_log_set(bool on);

/**
 * lab_log_debug() - Write one debug line, if switched on
 * @func:	name of the calling function
 * @fmt:	printf format; no secrets
 */
void lab_log_debug(const char *func, const char *fmt, ...) LAB_PRINTF(2, 3);

#define LAB_DEBUG(...) lab_log_debug(__func__, __VA_ARGS__)

#endif
