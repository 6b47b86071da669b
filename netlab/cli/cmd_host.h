/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_host.h - what the files of netlab host share: a connection, and one operation on several hosts */
#ifndef NETLAB_CLI_CMD_HOST_H
#define NETLAB_CLI_CMD_HOST_H

#include <stdint.h>

#include "netlab/cli/cli.h"
#include "netlab/cli/hosts.h"
#include "netlab/keeper/client.h"

/**
 * struct lab_hostcmd - a netlab host command that runs
 * @cli:	command line
 * @loop:	its loop
 * @client:	connected to the lab
 * @lab:	name of the lab
 */
struct lab_hostcmd {
	struct lab_cli *cli;
	struct lab_loop *loop;
	struct lab_client *client;
	const char *lab;
};

/**
 * lab_hostcmd_open() - Connect to a lab
 * @cli:	command line
 * @lab:	name of the lab
 * @ret:	written; release with lab_hostcmd_close(), also after a failure
 *
 * Return: 0, or an exit code after having printed why.
 */
int lab_hostcmd_open(struct lab_cli *cli, const char *lab, struct lab_hostcmd *ret);

/**
 * lab_hostcmd_close() - Disconnect
 * @cmd:	may be zeroed
 */
void lab_hostcmd_close(struct lab_hostcmd *cmd);

/**
 * lab_hostcmd_fail() - Print an error of an operation on a host
 * @cmd:	command
 * @r:		negative errno
 * @err:	why
 *
 * Return: exit code: LAB_EXIT_USAGE where the host is in a state in which that cannot be done, or a file is not there; else as
 * lab_cli_exit_of().
 */
int lab_hostcmd_fail(const struct lab_hostcmd *cmd, int r, const struct lab_err *err);

/**
 * lab_hostcmd_call() - Do something with one host, and print why it failed
 * @cmd:	command
 * @verb:	as for lab_client_host_call()
 * @host:	host id
 * @params:	of the method (stolen); may be NULL
 * @timeout_ms:	as for lab_client_host_call()
 * @ret:	the answer, new reference; NULL = not wanted
 *
 * Return: 0, or an exit code after having printed why.
 */
int lab_hostcmd_call(const struct lab_hostcmd *cmd, const char *verb, const char *host,
		     json_t *params, uint64_t timeout_ms, json_t **ret);

/**
 * lab_hostcmd_operands() - Read the command line of a command on a lab, and connect to it
 * @cli:	command line
 * @argc:	as given to lab_cli_command.run
 * @argv:	as given to lab_cli_command.run
 * @user:	for lab_cli_command.option
 * @what:	names of the operands behind the lab, NULL-terminated; all are needed but those that begin with '['
 * @ret:	written on success: their values, NULL where one is not given, as many as @what has
 * @cmd:	written; release with lab_hostcmd_close(), also after a failure
 *
 * Return: -1 to go on, or an exit code.
 */
int lab_hostcmd_operands(struct lab_cli *cli, int argc, char **argv, void *user,
			 const char *const *what, const char **ret, struct lab_hostcmd *cmd);

/**
 * lab_hostcmd_limit() - Take one of the options --memory, --cpus and --pids
 * @cli:	command line
 * @to:		object that gets it, as docs/rpc.md has `limits`
 * @name:	name of the option
 * @value:	its argument; "none" = 0
 *
 * Return: 0, or an exit code after having printed what is wrong.
 */
int lab_hostcmd_limit(struct lab_cli *cli, json_t *to, const char *name, const char *value);

#endif
