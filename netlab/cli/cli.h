/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli.h - what the subcommands of netlab share: tables of options, exit codes, printing, signals */
#ifndef NETLAB_CLI_CLI_H
#define NETLAB_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "controller/recipe/diag.h"
#include "controller/recipe/recipe.h"
#include "netlab/base/err.h"
#include "netlab/base/loop.h"
#include "netlab/keeper/lab.h"
#include "netlab/rpc/json.h"
#include "netlab/topo/plan.h"
#include "netlab/topo/topo.h"

/**
 * DOC: the command
 *
 * main.c holds the table of subcommands. Each subcommand is a struct lab_cli_command in its own
 * file, cmd_NAME.c: its options are a table from which both the parser and the help text are made.
 * Its function gets what is left of the command line, and returns the exit code. Only this folder
 * prints and exits; results go to standard output, messages to standard error; with --json
 * everything but usage errors goes to standard output, one object a line.
 */

enum lab_exit {
	LAB_EXIT_PASS = 0,     /* done; all tests passed */
	LAB_EXIT_FAIL = 1,     /* a test failed */
	LAB_EXIT_USAGE = 2,    /* the recipe or the command line is wrong */
	LAB_EXIT_LACKS = 3,    /* the machine lacks something */
	LAB_EXIT_OURS = 4,     /* our fault */
	LAB_EXIT_SIGNAL = 128, /* plus the number of the signal that ended us */
};

/**
 * struct lab_cli - what the command line says to every subcommand
 * @command:	the subcommand that runs
 * @json:	one JSON object a line instead of text
 * @verbose:	show more
 * @colour:	standard output may be coloured: it is a terminal, and neither NO_COLOR nor
 *		--no-colour say otherwise
 * @start_us:	when the program started, as lab_loop_now_us()
 * @words:	the command line as it was given, the program's name first, NULL-terminated
 * @signo:	SIGINT or SIGTERM once it has come while lab_cli_signals_on() was in effect, else 0
 * @interrupted: @signo is set
 * @no_quit:	a signal shall not call lab_loop_quit(): nobody waits in lab_up() or lab_loop_run()
 */
struct lab_cli {
	const struct lab_cli_command *command;
	bool json, verbose, colour;
	uint64_t start_us;
	char *const *words;
	int signo;
	bool interrupted, no_quit;
	/* private */
	struct lab_source *sources[2];
	struct lab_loop *loop;
	void (*signalled)(void *user);
	void *signalled_user;
};

/**
 * struct lab_cli_option - an option of a subcommand
 * @name:	long name without "--"
 * @letter:	short name, or 0
 * @arg:	name of its argument for the help text; NULL = it has none
 * @help:	one line
 *
 * An array of them ends with a NULL name. --json, -v/--verbose, --no-colour and -h/--help belong to
 * every subcommand.
 */
struct lab_cli_option {
	const char *name;
	char letter;
	const char *arg, *help;
};

/**
 * struct lab_cli_command - a subcommand
 * @name:	as it is typed: "run", "topo up"
 * @operands:	for the usage line: "RECIPE..."
 * @help:	one line
 * @more:	prints more of the help text, between the usage line and the options; may be NULL
 * @options:	table of its own options; NULL = none
 * @in_order:	options stop at the first operand ("--" behind it stays in argv): for commands that
 *		carry a command line
 * @option:	called for each option with its name and argument (NULL if it has none); returns 0,
 *		or an exit code after having printed why; may be NULL without own options. @user is
 *		the command's own struct, given to lab_cli_parse().
 * @run:	does it; @argv[0] is @name, the rest is not parsed yet: the first thing is
 *		lab_cli_parse()
 */
struct lab_cli_command {
	const char *name, *operands, *help;
	void (*more)(void);
	const struct lab_cli_option *options;
	bool in_order;
	int (*option)(struct lab_cli *cli, const char *name, const char *arg, void *user);
	int (*run)(struct lab_cli *cli, int argc, char **argv);
};

/* The subcommands, each in its file. */
extern const struct lab_cli_command lab_cmd_run;         /* cmd_run.c */
extern const struct lab_cli_command lab_cmd_deconfigure; /* cmd_deconfigure.c */
extern const struct lab_cli_command lab_cmd_topo_up;     /* cmd_topo*.c */
extern const struct lab_cli_command lab_cmd_topo_down;
extern const struct lab_cli_command lab_cmd_topo_status;
extern const struct lab_cli_command lab_cmd_topo_pids;
extern const struct lab_cli_command lab_cmd_topo_ls;
extern const struct lab_cli_command lab_cmd_topo_inspect;
extern const struct lab_cli_command lab_cmd_topo_plan;
extern const struct lab_cli_command lab_cmd_match;      /* cmd_match.c */
extern const struct lab_cli_command lab_cmd_list_pools; /* cmd_list_pools.c */
extern const struct lab_cli_command lab_cmd_backends;
extern const struct lab_cli_command lab_cmd_doctor;
extern const struct lab_cli_command lab_cmd_sweep;        /* cmd_doctor.c */
extern const struct lab_cli_command lab_cmd_image_import; /* cmd_image.c */
extern const struct lab_cli_command lab_cmd_image_export;
extern const struct lab_cli_command lab_cmd_image_ls;
extern const struct lab_cli_command lab_cmd_image_show;
extern const struct lab_cli_command lab_cmd_image_rm;
extern const struct lab_cli_command lab_cmd_image_publish; /* cmd_image_publish.c */
extern const struct lab_cli_command lab_cmd_kernel_fetch;  /* cmd_kernel.c */
extern const struct lab_cli_command lab_cmd_kernel_ls;
extern const struct lab_cli_command lab_cmd_kernel_rm;
extern const struct lab_cli_command lab_cmd_kernel_run; /* cmd_kernel_run.c */
extern const struct lab_cli_command lab_cmd_exec;       /* cmd_exec.c */
extern const struct lab_cli_command lab_cmd_shell;      /* cmd_shell.c */
extern const struct lab_cli_command lab_cmd_host_list;  /* cmd_host*.c */
extern const struct lab_cli_command lab_cmd_host_exists;
extern const struct lab_cli_command lab_cmd_host_show;
extern const struct lab_cli_command lab_cmd_host_state;
extern const struct lab_cli_command lab_cmd_host_start;
extern const struct lab_cli_command lab_cmd_host_stop;
extern const struct lab_cli_command lab_cmd_host_restart;
extern const struct lab_cli_command lab_cmd_host_freeze;
extern const struct lab_cli_command lab_cmd_host_unfreeze;
extern const struct lab_cli_command lab_cmd_host_put;
extern const struct lab_cli_command lab_cmd_host_get;
extern const struct lab_cli_command lab_cmd_host_ls;
extern const struct lab_cli_command lab_cmd_host_mkdir;
extern const struct lab_cli_command lab_cmd_host_rm;
extern const struct lab_cli_command lab_cmd_host_config;
extern const struct lab_cli_command lab_cmd_host_create;
extern const struct lab_cli_command lab_cmd_host_delete;
extern const struct lab_cli_command lab_cmd_host_migrate;
extern const struct lab_cli_command lab_cmd_host_rename;
extern const struct lab_cli_command lab_cmd_host_mount;
extern const struct lab_cli_command lab_cmd_host_umount;
extern const struct lab_cli_command lab_cmd_host_snapshot;

/**
 * lab_cli_help() - Print the help text of a subcommand on standard output
 * @command:	subcommand
 */
void lab_cli_help(const struct lab_cli_command *command);

/**
 * lab_cli_parse() - Read the options of a subcommand
 * @cli:	its json, verbose and colour are set by the options that every subcommand has
 * @argc:	as given to lab_cli_command.run
 * @argv:	as given to lab_cli_command.run; reordered unless in_order
 * @user:	for lab_cli_command.option
 * @ret_first:	index in @argv of the first operand, on success (@argc if there is none)
 *
 * Return: 0 to go on; else the command ends now with the exit code *@ret_first: after --help, or
 * after a usage error that has been printed with the nearest name.
 */
int lab_cli_parse(struct lab_cli *cli, int argc, char **argv, void *user, int *ret_first);

/**
 * lab_cli_usage_error() - Print a usage error and how to get help
 * @cli:	command line
 * @fmt:	printf format: one line, lower case, no full stop
 *
 * Return: LAB_EXIT_USAGE.
 */
int lab_cli_usage_error(const struct lab_cli *cli, const char *fmt, ...) LAB_PRINTF(2, 3);

/**
 * lab_cli_error() - Print an error
 * @cli:	command line; decides between text on standard error and JSON on standard output
 * @err:	the error
 */
void lab_cli_error(const struct lab_cli *cli, const struct lab_err *err);

/**
 * lab_cli_diag() - Print all errors and notes of a recipe
 * @cli:	command line
 * @diag:	what was found
 */
void lab_cli_diag(const struct lab_cli *cli, const struct ctl_diag *diag);

/**
 * lab_cli_json() - Print one JSON value as a line on standard output
 * @value:	stolen; NULL (out of memory) prints nothing
 */
void lab_cli_json(json_t *value);

/**
 * lab_cli_exit_of() - The exit code for an error
 * @r:		negative errno of lab_up(), lab_client_connect() and the like
 *
 * Return: LAB_EXIT_LACKS for -EPERM, -ENOSYS, -EOPNOTSUPP and exhausted limits; LAB_EXIT_USAGE for
 * a lab that is not there, there already, or not ours, and for -EINVAL; else LAB_EXIT_OURS.
 */
int lab_cli_exit_of(int r);

/**
 * lab_cli_signals_on() - Make SIGINT and SIGTERM events of a loop
 * @cli:	its signo and interrupted are set by the first signal; the second one kills this
 *		process at once
 * @loop:	loop; the first signal also calls lab_loop_quit(), for lab_up()
 * @fn:		called at the first signal; may be NULL
 * @user:	for @fn
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno.
 */
int lab_cli_signals_on(struct lab_cli *cli, struct lab_loop *loop, void (*fn)(void *user),
		       void *user, struct lab_err *err);

/**
 * lab_cli_signals_off() - Give the signals their default meaning again
 * @cli:	command line; call it before the loop is freed
 */
void lab_cli_signals_off(struct lab_cli *cli);

/**
 * lab_cli_own() - Find a file or folder that belongs to netlab: beside the program in a build folder,
 * or where it is installed
 * @name:	path below that: "modules", "kernel/init"
 *
 * Return: its path, caller frees with free(3); NULL when it is not there.
 */
char *lab_cli_own(const char *name);

/**
 * lab_cli_lab_name() - A name for a lab that was not named by the user: the recipe's name and our
 * process id
 * @stem:	name of the recipe; what a lab's name cannot have becomes '-'
 * @with_pid:	add "-PID"
 * @ret:	written
 */
void lab_cli_lab_name(const char *stem, bool with_pid, char ret[64]);

struct lab_pools;

/**
 * struct lab_cli_labfile - a recipe, read, matched and planned
 * @recipe:	the recipe
 * @topo:	its topology
 * @plan:	the plan
 */
struct lab_cli_labfile {
	struct ctl_recipe *recipe;
	struct lab_topo *topo;
	struct lab_plan *plan;
};

/**
 * struct lab_cli_aliases - aliases given by -a or -A
 * @items:	they, for struct ctl_recipe_params; owned
 * @n:		how many
 */
struct lab_cli_aliases {
	struct ctl_alias *items;
	size_t n;
};

/**
 * lab_cli_alias_add() - Take an argument of -a or -A
 * @cli:	command line
 * @option:	name of the option, for the message
 * @arg:	"NAME=VALUE"
 * @aliases:	it is added here
 *
 * Return: 0, or an exit code after having printed why.
 */
int lab_cli_alias_add(const struct lab_cli *cli, const char *option, const char *arg,
		      struct lab_cli_aliases *aliases);

/**
 * lab_cli_aliases_fini() - Release aliases
 * @aliases:	may be zeroed; left zeroed
 */
void lab_cli_aliases_fini(struct lab_cli_aliases *aliases);

/**
 * lab_cli_labfile_open() - Read, match and plan a recipe
 * @path:	recipe file
 * @lab:	name of the lab; NULL = the recipe's
 * @params:	aliases and so on; may be NULL
 * @pools:	where to look for machines
 * @ret:	written, zeroed on failure; release with lab_cli_labfile_close()
 * @diag:	errors and notes are added; print them with lab_cli_diag(), also after success
 *
 * Return: 0 or -errno. Errors: as lab_pools_topo().
 */
int lab_cli_labfile_open(const char *path, const char *lab, const struct ctl_recipe_params *params,
			 const struct lab_pools *pools, struct lab_cli_labfile *ret,
			 struct ctl_diag *diag);

/**
 * lab_cli_labfile_close() - Release what lab_cli_labfile_open() made
 * @file:	may be zeroed; left zeroed
 */
void lab_cli_labfile_close(struct lab_cli_labfile *file);

/**
 * lab_cli_timing_print() - Print where the time of an up went, for --timing
 * @cli:	command line
 * @timing:	what lab_up() measured
 */
void lab_cli_timing_print(const struct lab_cli *cli, const struct lab_up_timing *timing);

#endif
