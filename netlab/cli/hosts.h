/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts.h - the hosts of a running lab, by name */
#ifndef NETLAB_CLI_HOSTS_H
#define NETLAB_CLI_HOSTS_H

#include <stddef.h>

#include "netlab/base/err.h"
#include "netlab/keeper/client.h"
#include "netlab/rpc/json.h"

/**
 * struct lab_hosts - the names of a lab's hosts
 * @state:	the lab's answer to `inspect` (docs/rpc.md)
 * @names:	host ids in document order, NULL-terminated; borrowed from @state
 * @n:		how many
 *
 * A zeroed struct is empty.
 */
struct lab_hosts {
	json_t *state;
	const char **names;
	size_t n;
};

#define cleanup_hosts LAB_CLEANUP(lab_hosts_fini)

/**
 * lab_hosts_get() - Ask a lab for its hosts
 * @client:	connected client; its loop runs until the answer is there
 * @topology:	with interfaces and addresses, too
 * @ret:	written on success; release with lab_hosts_fini()
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -errno. Errors: -EBADMSG an answer that is none, and those of lab_client_inspect().
 */
int lab_hosts_get(struct lab_client *client, bool topology, struct lab_hosts *ret,
		  struct lab_err *err);

/**
 * lab_hosts_fini() - Release the names
 * @hosts:	may be zeroed; left zeroed
 */
void lab_hosts_fini(struct lab_hosts *hosts);

/**
 * lab_hosts_check() - Is there a host of this name
 * @hosts:	hosts of the lab
 * @lab:	name of the lab, for the message
 * @host:	name to look for
 * @err:	filled on failure, with the nearest name; may be NULL
 *
 * Return: 0 or -ENOENT.
 */
int lab_hosts_check(const struct lab_hosts *hosts, const char *lab, const char *host,
		    struct lab_err *err);

#endif
