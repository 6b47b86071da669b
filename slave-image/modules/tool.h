/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tool.h - programs that modules run */
#ifndef NETLAB_MODULES_TOOL_H
#define NETLAB_MODULES_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "slave-image/modules/module.h"

#define MOD_LINE_MAX 65536u /* bytes; longer lines are cut into several */

/**
 * struct mod_tool - a program to run; everything is borrowed for the call
 * @argv:	program (looked up in PATH) and arguments, NULL-terminated
 * @package:	Debian package that has it, for the message if it is missing
 * @duration_s:	interrupted after that; 0 = never
 * @settle:	it does not get SIGINT itself; after one it may first finish what it has in hand, then it gets SIGTERM
 * @finish:	it runs to its end, whether SIGINT has come or comes
 * @quiet:	what it prints is not passed on to our standard error
 * @feed:	text that is written to its standard input again and again; NULL = that is /dev/null
 * @line:	called for each line that it prints, without the newline; @is_err for those of its standard error
 * @tick:	called again and again, at least every 100 ms, with the number of bytes of @feed that the program
 *		has read; false = end it; may be NULL
 * @user:	for @line and @tick
 */
struct mod_tool {
	char *const *argv;
	const char *package;
	double duration_s;
	bool settle, finish, quiet;
	const char *feed;
	void (*line)(const char *line, bool is_err, void *user);
	bool (*tick)(uint64_t fed_bytes, void *user);
	void *user;
};

/**
 * mod_tool_run() - Run a program until it ends
 * @m:		module, for the message
 * @tool:	what to run
 * @ret_status:	wait status, on success
 *
 * It is in our process group, so a SIGINT that is meant for the module ends the program as well, unless @tool->settle.
 * Return: true, or false with the message set if it could not be run; the caller returns MOD_ERROR.
 */
bool mod_tool_run(struct mod *m, const struct mod_tool *tool, int *ret_status);

/**
 * mod_tool_enter() - Go into the folder of a synchronised tool
 * @m:		module, for the message; it declares MOD_TOOL(@name)
 * @name:	tool
 *
 * Its programs are run as "./PROGRAM" then.
 * Return: true, or false with the message set; the caller returns MOD_ERROR.
 */
bool mod_tool_enter(struct mod *m, const char *name);

#endif
