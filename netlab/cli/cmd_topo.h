/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_topo.h - what the files of netlab topo share: visits to running labs, the list of labs */
#ifndef NETLAB_CLI_CMD_TOPO_H
#define NETLAB_CLI_CMD_TOPO_H

#include <stdint.h>

#include "netlab/base/strbuf.h"
#include "netlab/cli/cli.h"
#include "netlab/cli/hosts.h"

/**
 * lab_topo_visit() - Ask a running lab for its state
 * @name:	name of the lab
 * @topology:	with interfaces and addresses, too
 * @ret:	written on success; release with lab_hosts_fini()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno, as lab_client_connect() and lab_client_inspect().
 */
int lab_topo_visit(const char *name, bool topology, struct lab_hosts *ret, struct lab_err *err);

/**
 * lab_topo_take_down() - Take a lab down, and say so
 * @cli:	command line
 * @loop:	loop
 * @name:	name of the lab
 * @must_be:	it is an error if there is none
 *
 * Return: an exit code; an error has been printed.
 */
int lab_topo_take_down(struct lab_cli *cli, struct lab_loop *loop, const char *name, bool must_be);

/**
 * lab_topo_running() - Count the hosts of a lab that run
 * @state:	the lab's answer to `inspect`
 *
 * Return: how many.
 */
size_t lab_topo_running(json_t *state);

/**
 * lab_topo_age() - How long a lab has been up, for people
 * @state:	the lab's answer to `inspect`
 * @buf:	written: "12 s", "3 min", "5 h", "2 d"
 * @size:	bytes in @buf, > 0
 *
 * Return: @buf.
 */
const char *lab_topo_age(json_t *state, char *buf, size_t size);

/**
 * lab_topo_print_list() - Print labs, as netlab topo ls does
 * @cli:	command line
 * @labs:	labs (borrowed)
 * @n:		how many
 * @quiet:	names only
 *
 * Return: an exit code.
 */
int lab_topo_print_list(struct lab_cli *cli, const struct lab_entry *labs, size_t n, bool quiet);

#endif
