/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.h - settings of the kernel: written by config commands, taken back at the end of the task */
#ifndef CONTROLLER_RUN_CONFIG_H
#define CONTROLLER_RUN_CONFIG_H

#include "controller/run/job.h"

struct ctl_config;

/**
 * ctl_config_run() - Write the settings of a CONFIG command
 * @run:	the run; remembers what was there before, and tells its user that the command starts
 * @c:		its result: verdict, message, text and a job with data are filled. The data are what
 *		was changed: {"options": [{"name", "previous_val", "current_val"}], "persistent"}
 *
 * The first setting that cannot be written ends it; those before it count as set.
 * Return: 0 whatever the verdict, or -errno with @run->err filled.
 */
int ctl_config_run(struct ctl_run *run, struct ctl_command_result *c);

/**
 * ctl_config_restore() - Write back what was there before, last change first
 * @run:	the run; forgets all of it
 *
 * One that cannot be written back is told with a note, and the others are tried all the same.
 */
void ctl_config_restore(struct ctl_run *run);

#endif
