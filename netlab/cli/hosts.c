/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts.c - the hosts of a running lab, by name */
#include "netlab/cli/hosts.h"

#include <string.h>

#include "netlab/base/strbuf.h"

int lab_hosts_get(struct lab_client *client, bool topology, struct lab_hosts *ret,
		  struct lab_err *err)
{
	cleanup_hosts struct lab_hosts hosts = { 0 };
	json_t *list, *host;
	size_t i;
	int r;

	r = topology ? lab_client_inspect(client, &hosts.state, err)
		     : lab_client_hosts(client, &hosts.state, err);
	if (r < 0)
		return r;
	list = json_object_get(hosts.state, "hosts");
	hosts.n = json_array_size(list);
	hosts.names = calloc(hosts.n + 1, sizeof(*hosts.names));
	if (!hosts.names)
		return lab_err_errno(err, ENOMEM, "hosts of the lab");
	json_array_foreach(list, i, host) {
		hosts.names[i] = json_string_value(json_object_get(host, "id"));
		if (!hosts.names[i])
			return lab_err_set(err, EBADMSG, "the lab names a host without an id");
	}
	*ret = hosts;
	hosts = (struct lab_hosts){ 0 };
	return 0;
}

void lab_hosts_fini(struct lab_hosts *hosts)
{
	json_decref(hosts->state);
	free(hosts->names);
	*hosts = (struct lab_hosts){ 0 };
}

int lab_hosts_check(const struct lab_hosts *hosts, const char *lab, const char *host,
		    struct lab_err *err)
{
	const char *nearest;
	size_t i;

	for (i = 0; i < hosts->n; i++)
		if (!strcmp(hosts->names[i], host))
			return 0;
	nearest = lab_str_nearest(host, hosts->names);
	if (nearest)
		return lab_err_set(err, ENOENT, "lab %s has no host \"%s\"; did you mean \"%s\"?",
				   lab, host, nearest);
	return lab_err_set(err, ENOENT, "lab %s has no host \"%s\"", lab, host);
}
