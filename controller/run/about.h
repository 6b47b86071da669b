/* SPDX-License-Identifier: GPL-2.0-or-later */
/* about.h - what a test module declares about itself, somewhere in its file */
#ifndef CONTROLLER_RUN_ABOUT_H
#define CONTROLLER_RUN_ABOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/recipe/arena.h"

/**
 * DOC: declarations
 *
 * A module is any executable, and it alone knows what it needs. So it says so itself: wherever "netlab-module: "
 * stands in its file, be that a comment of a script or a string of a C program, the rest of the line declares
 * something. docs/modules.md has the words. Whatever is not understood is passed over, for modules of later versions.
 */
#define CTL_ABOUT_PREFIX   "netlab-module: "
#define CTL_ABOUT_LINE_MAX 255u /* bytes behind the prefix; a longer line is passed over */
#define CTL_ABOUT_MAX      128u /* declarations that are read */

/**
 * struct ctl_need - a program that the module runs
 * @program:	its name
 * @package:	the Debian package that has it, as words for a message; "" = not told
 */
struct ctl_need {
	const char *program, *package;
};

/**
 * struct ctl_kernel_need - a module of the kernel that the module uses
 * @name:	as modprobe(8) knows it
 * @config:	the kernel's option for it, without CONFIG_; "" = not told
 */
struct ctl_kernel_need {
	const char *name, *config;
};

/**
 * struct ctl_known_option - an option that the module knows
 * @name:	its name; "*": it takes any
 * @needed:	without it the module fails
 * @multi:	it may be repeated
 * @when:	@needed counts only when this option ...
 * @equals:	... has this value; both NULL = always
 */
struct ctl_known_option {
	const char *name;
	bool needed, multi;
	const char *when, *equals;
};

/**
 * struct ctl_about - all that a module declares
 * @needs:	programs
 * @n_needs:	how many
 * @kernel:	modules of the kernel
 * @n_kernel:	how many
 * @tools:	names of tools that it runs
 * @n_tools:	how many
 * @options:	options
 * @n_options:	how many; 0 = it does not tell
 * @says_ready:	it prints {"ready": true} or {"ready": false}, so a background run of it is waited for
 * @arena:	owns all that
 */
struct ctl_about {
	struct ctl_need *needs;
	size_t n_needs;
	struct ctl_kernel_need *kernel;
	size_t n_kernel;
	const char **tools;
	size_t n_tools;
	struct ctl_known_option *options;
	size_t n_options;
	bool says_ready;
	struct ctl_arena *arena;
};

/**
 * ctl_about_read() - Read the declarations of a module
 * @data:	content of its file
 * @len:	bytes
 * @ret:	written; release with ctl_about_fini(), also after a failure
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_about_read(const void *data, size_t len, struct ctl_about *ret);

/**
 * ctl_about_fini() - Release declarations
 * @about:	may be zeroed; left zeroed
 */
void ctl_about_fini(struct ctl_about *about);

/**
 * ctl_about_option() - Look an option up
 * @about:	declarations
 * @name:	option
 *
 * Return: it, borrowed, or "*" if the module takes any; NULL if it is not known.
 */
const struct ctl_known_option *ctl_about_option(const struct ctl_about *about, const char *name);

#endif
