/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the tool multicast: be the program that the name says */
#include <stdio.h>
#include <string.h>

#include "netlab/base/util.h"
#include "slave-image/tools/multicast/multicast.h"

#define RECEIVE "diapsv"

static const struct {
	const char *name, *options;
	int (*run)(const struct mcast *m);
} programs[] = {
	{ "send_simple", "diapftlv", mcast_send_simple },
	{ "send_igmp_query", "iaqsDrv", mcast_send_igmp_query },
	{ "recv_simple", RECEIVE, mcast_recv_simple },
	{ "recv_membership", RECEIVE, mcast_recv_membership },
	{ "recv_source_membership", RECEIVE, mcast_recv_source_membership },
	{ "recv_block_source", RECEIVE, mcast_recv_block_source },
	{ "max_groups", RECEIVE, mcast_max_groups },
	{ "sockopt_ttl", "", mcast_sockopt_ttl },
	{ "sockopt_loop", "", mcast_sockopt_loop },
	{ "sockopt_if", "", mcast_sockopt_if },
	{ "sockopt_membership", "", mcast_sockopt_membership },
	{ "sockopt_source_membership", "", mcast_sockopt_source_membership },
	{ "sockopt_block_source", "", mcast_sockopt_block_source },
};

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	struct mcast m;
	int status;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(programs); i++) {
		if (strcmp(programs[i].name, name) != 0)
			continue;
		status = mcast_args(argc, argv, programs[i].options, &m);
		if (status >= 0)
			return status;
		mcast_signals();
		return programs[i].run(&m);
	}
	(void)fprintf(stderr, "%s: call it by the name of one of its programs:", name);
	for (i = 0; i < LAB_ARRAY_SIZE(programs); i++)
		(void)fprintf(stderr, " %s", programs[i].name);
	(void)fputc('\n', stderr);
	return 2;
}
