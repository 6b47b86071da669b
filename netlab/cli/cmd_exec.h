/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_exec.h - what netlab exec and netlab shell share: a command's environment and its end */
#ifndef NETLAB_CLI_CMD_EXEC_H
#define NETLAB_CLI_CMD_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/cli/cli.h"
#include "netlab/cli/hosts.h"
#include "netlab/keeper/client.h"

enum lab_exec_exit {
	LAB_EXEC_TIMED_OUT = 124, /* as timeout(1) */
	LAB_EXEC_CANNOT = 126,    /* as sh(1) */
	LAB_EXEC_NOT_FOUND = 127,
	LAB_EXEC_LOST = 255, /* the host or the lab has gone */
};

/**
 * struct lab_exec_args - what to run, and where; all borrowed from the command line
 * @lab:	name of the lab
 * @hosts:	host ids
 * @n_hosts:	how many
 * @argv:	program and arguments, NULL-terminated
 * @all:	all hosts of the lab; then @hosts is empty
 * @timeout_ms:	0 = none
 */
struct lab_exec_args {
	const char *lab;
	char **hosts;
	size_t n_hosts;
	char **argv;
	bool all;
	const char *netns;
	uint64_t timeout_ms;
};

#define LAB_EXEC_ENV_MAX 24u

/**
 * struct lab_exec_env - the environment that a command gets beside the agent's
 * @vars:	"NAME=value" strings, NULL-terminated
 * @n:		how many
 */
struct lab_exec_env {
	char *vars[LAB_EXEC_ENV_MAX + 1];
	size_t n;
};

/**
 * lab_exec_env_init() - Language, time zone and terminal of the user, and the names of lab and host
 * @env:	written; release with lab_exec_env_fini(), also after a failure
 * @lab:	name of the lab
 * @host:	host id
 *
 * Return: 0 or -ENOMEM.
 */
int lab_exec_env_init(struct lab_exec_env *env, const char *lab, const char *host);

/**
 * lab_exec_env_add() - Add a variable
 * @env:	environment with room for it
 * @fmt:	printf format of "NAME=value"
 *
 * Return: 0 or -ENOMEM.
 */
int lab_exec_env_add(struct lab_exec_env *env, const char *fmt, ...) LAB_PRINTF(2, 3);

/**
 * lab_exec_env_fini() - Release an environment
 * @env:	may be zeroed
 */
void lab_exec_env_fini(struct lab_exec_env *env);

/**
 * lab_exec_exit() - The exit status for the end of a command
 * @result:	how it ended
 *
 * Return: its own, 128 and the signal, or one of enum lab_exec_exit or enum lab_exit.
 */
int lab_exec_exit(const struct lab_job_result *result);

/**
 * lab_exec_why() - Say in words why a command could not be run
 * @result:	how it ended; @result->error is not 0
 * @host:	host id
 * @program:	its name
 * @err:	written
 */
void lab_exec_why(const struct lab_job_result *result, const char *host, const char *program,
		  struct lab_err *err);

/**
 * lab_exec_forward() - Send on SIGINT, SIGTERM, SIGHUP and SIGQUIT of this process
 * @loop:	loop
 * @fn:		called for each of them
 * @user:	for @fn
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. They stay redirected until the loop is freed.
 */
int lab_exec_forward(struct lab_loop *loop, lab_signal_fn fn, void *user, struct lab_err *err);

/**
 * lab_exec_many() - Run a command on several hosts at once
 * @cli:	command line
 * @loop:	loop of @client
 * @client:	connected client
 * @args:	what and where
 *
 * Return: exit code: the greatest of the hosts'.
 */
int lab_exec_many(struct lab_cli *cli, struct lab_loop *loop, struct lab_client *client,
		  const struct lab_exec_args *args);

#endif
