/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module.h - what every test module does: options in, progress and a result out, a verdict as exit status */
#ifndef NETLAB_MODULES_MODULE_H
#define NETLAB_MODULES_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/rpc/json.h"

/**
 * DOC: a test module
 *
 * docs/modules.md has the convention. A module is one file with a capital first letter, whose main() hands a function to
 * mod_main(), and beside it what the module declares about itself: a text that netlab run finds in the program. The
 * files with small letters are shared: module.c the convention, tool.c programs that modules run, parse.c what those
 * programs print, ping.c and iperf.c modules that have two names.
 */
#define MOD_DECLARE(text)           "netlab-module: " text "\n"
#define MOD_NEEDS(program, package) MOD_DECLARE("needs " program " " package)
#define MOD_KERNEL(module, config)  MOD_DECLARE("kernel " module " " config)
#define MOD_TOOL(name)              MOD_DECLARE("tool " name)
#define MOD_OPTION(text)            MOD_DECLARE("option " text)
#define MOD_SAYS_READY              MOD_DECLARE("ready")

enum mod_verdict {
	MOD_PASS = 0,
	MOD_FAIL = 1,
	MOD_ERROR = 2, /* the module could not do its work */
};

/**
 * struct mod - one run of a module
 * @options:	object: a string, or an array of strings, by name
 * @data:	object, to be filled: the result
 * @message:	one line about the verdict; "" = none
 */
struct mod {
	json_t *options, *data;
	char message[512];
};

/**
 * mod_main() - Read the options, run a module, print its result
 * @argc:	of main(): with any argument (--help), @about is printed, and nothing else is done
 * @about:	what the module declares: MOD_OPTION() and so on, one after another
 * @run:	fills m->data, and says its verdict by mod_verdict()
 *
 * SIGINT is caught from here on, see mod_interrupted().
 * Return: exit status.
 */
int mod_main(int argc, const char *about, enum mod_verdict (*run)(struct mod *m));

/**
 * mod_verdict() - Say the verdict and why
 * @m:		module; its message is replaced
 * @v:		verdict
 * @fmt:	printf format of the message
 *
 * Return: @v.
 */
enum mod_verdict mod_verdict(struct mod *m, enum mod_verdict v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * mod_option() - Value of an option
 * @m:		module
 * @name:	option
 *
 * Return: its value, the first one if there are more, borrowed; NULL if it was not given.
 */
const char *mod_option(const struct mod *m, const char *name);

/**
 * mod_option_nth() - One of the values of a repeated option
 * @m:		module
 * @name:	option
 * @n:		which, from 0
 *
 * Return: its value, borrowed; NULL if there are not so many.
 */
const char *mod_option_nth(const struct mod *m, const char *name, size_t n);

/**
 * mod_need() - Value of an option that must be there
 * @m:		module
 * @name:	option
 * @ret:	the value, borrowed, on success
 *
 * Return: true, or false with message and data set; the caller returns MOD_FAIL.
 */
bool mod_need(struct mod *m, const char *name, const char **ret);

/**
 * mod_number() - Value of an option that is a number
 * @m:		module
 * @name:	option
 * @ret:	the value; left alone if the option was not given
 *
 * Return: true, or false with message and data set: not a number, or below 0; the caller returns MOD_FAIL.
 */
bool mod_number(struct mod *m, const char *name, double *ret);

/**
 * mod_bad_option() - Say that an option has a value that makes no sense
 * @m:		module; message and data are set
 * @fmt:	printf format of the message
 *
 * Return: MOD_FAIL.
 */
enum mod_verdict mod_bad_option(struct mod *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * mod_by_role() - Run as the server or the client, as the option role says
 * @m:		module
 * @server:	the one that waits; says itself when it is ready
 * @client:	the one that does not
 *
 * Return: verdict of the one that ran; MOD_FAIL: the option is missing, or names neither.
 */
enum mod_verdict mod_by_role(struct mod *m, enum mod_verdict (*server)(struct mod *m),
			     enum mod_verdict (*client)(struct mod *m));

/**
 * mod_flag() - Is an option switched on
 * @m:		module
 * @name:	option
 *
 * Return: true for words that begin with true, yes, on or up in any case, and for numbers other than 0.
 */
bool mod_flag(const struct mod *m, const char *name);

/**
 * mod_ready() - Say whether this run is one that waits
 * @ready:	true: it has begun to wait; false: it never will, so nobody needs to wait for it
 *
 * For modules that declare MOD_SAYS_READY.
 */
void mod_ready(bool ready);

/**
 * mod_progress() - Print a line of progress
 * @o:		object, stolen
 */
void mod_progress(json_t *o);

/**
 * mod_interrupted() - Has SIGINT come
 *
 * Return: true if so.
 */
bool mod_interrupted(void);

/**
 * mod_int_data() - Put a whole number into the result
 * @m:		module
 * @name:	member
 * @v:		number
 */
void mod_int_data(struct mod *m, const char *name, long long v);

/**
 * mod_real_data() - Put a number into the result
 * @m:		module
 * @name:	member
 * @v:		number, finite
 */
void mod_real_data(struct mod *m, const char *name, double v);

/**
 * mod_wait_interrupt() - Wait for SIGINT
 *
 * Returns at once if it has come already.
 */
void mod_wait_interrupt(void);

/**
 * mod_string_data() - Put text into the result, whatever its bytes are
 * @m:		module
 * @name:	member
 * @s:		text; bytes that are not UTF-8 are replaced
 */
void mod_string_data(struct mod *m, const char *name, const char *s);

#endif
