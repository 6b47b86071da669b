/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linktool.c - the requests of netlab/nl by hand, in the current network namespace; for test scripts */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/nl/forward.h"
#include "netlab/nl/genl.h"
#include "netlab/nl/link.h"
#include "netlab/nl/link_get.h"
#include "netlab/nl/qdisc.h"
#include "netlab/nl/tun.h"
#include "netlab/ns/probe.h"

/*
 * linktool add KIND NAME [LOWER|-] [OPTION=VALUE]...      set KIND DEV [OPTION=VALUE]...     port KIND DEV [OPTION=VALUE]...
 * linktool netem DEV [CHILD/OPTION=VALUE]...              get DEV     addrs     flush DEV     probe
 * linktool vlan|novlan DEV VID[-VID] [self] [pvid] [untagged]
 * linktool fdb|nofdb DEV MAC [self] [master] [dst=ADDR]   mdb|nomdb BRIDGE PORT GROUP
 * linktool neigh|noneigh DEV ADDR [MAC]                   route|noroute DST [ADDR@DEV]...
 */
enum { ARGS_MAX = 64, FAILED = 1 };

static int say(const struct lab_err *err)
{
	(void)fprintf(stderr, "linktool: %s\n", err->msg);
	return FAILED;
}

static int index_of(LAB_UNUSED void *data, const char *id)
{
	return (int)if_nametoindex(id);
}

/* NAME=VALUE arguments; the '=' is overwritten. */
static struct lab_link_options take_options(char **args, struct lab_option store[ARGS_MAX])
{
	struct lab_link_options ret = { .v = store, .ifindex_of = index_of };

	for (; *args && ret.n < ARGS_MAX; args++) {
		char *equals = strchr(*args, '=');

		if (!equals)
			continue;
		*equals = '\0';
		store[ret.n++] = (struct lab_option){ .name = *args, .value = equals + 1 };
	}
	return ret;
}

static bool has_word(char **args, const char *word)
{
	for (; *args; args++)
		if (strcmp(*args, word) == 0)
			return true;
	return false;
}

static int finish(enum lab_link_kind kind, const char *name, const struct lab_link_options *options,
		  struct lab_err *err)
{
	struct lab_nl nl;
	int r;

	r = lab_nl_open_generic(&nl, err);
	if (r < 0)
		return r;
	r = lab_link_finish(&nl, kind, index_of(NULL, name), options, err);
	lab_nl_close(&nl);
	return r;
}

static int add(struct lab_nl *nl, char **args, struct lab_err *err)
{
	struct lab_option store[ARGS_MAX];
	struct lab_link_new spec = { .name = args[1], .netns = -1 };
	int r, kind = lab_kind_find(args[0]);

	if (kind < 0)
		return lab_err_set(err, ENOENT, "no kind %s", args[0]);
	spec.kind = (enum lab_link_kind)kind;
	spec.lower = args[2] ? index_of(NULL, args[2]) : 0;
	spec.options = take_options(args, store);
	r = lab_kind_check(spec.kind, LAB_USE_NEW, store, spec.options.n, NULL, err);
	if (r < 0)
		return r;
	if (!lab_kind_get(spec.kind)->kernel)
		return lab_tun_add(&spec, err);
	lab_link_add(nl, &spec);
	r = lab_nl_flush(nl, NULL, err);
	return r < 0 ? r : finish(spec.kind, spec.name, &spec.options, err);
}

static int set(struct lab_nl *nl, char **args, enum lab_option_use use, struct lab_err *err)
{
	struct lab_option store[ARGS_MAX];
	struct lab_link_change change = { .netns = -1, .ifindex = index_of(NULL, args[1]) };
	int r, kind = lab_kind_find(args[0]);

	if (kind < 0)
		return lab_err_set(err, ENOENT, "no kind %s", args[0]);
	change.kind = (enum lab_link_kind)kind;
	change.options = take_options(args, store);
	r = lab_kind_check(change.kind, use, store, change.options.n, NULL, err);
	if (r < 0)
		return r;
	if (use == LAB_USE_PORT)
		lab_link_set_port(nl, change.ifindex, change.kind, &change.options);
	else
		lab_link_set(nl, &change);
	return lab_nl_flush(nl, NULL, err);
}

static int netem(struct lab_nl *nl, char **args, struct lab_err *err)
{
	static struct lab_dist_table table;
	struct lab_option store[ARGS_MAX];
	struct lab_link_options options = take_options(args, store);
	struct lab_netem n = { .gap = 0 };
	int r = 0;

	/* CHILD/OPTION: those of one child stand together. */
	for (size_t i = 0, j; r == 0 && i < options.n; i = j) {
		char child[32];
		size_t len = strcspn(store[i].name, "/");

		(void)snprintf(child, sizeof(child), "%.*s", (int)len, store[i].name);
		for (j = i; j < options.n && strncmp(store[j].name, child, len) == 0 &&
			    store[j].name[len] == '/';
		     j++)
			store[j].name += len + 1;
		r = lab_netem_set(&n, child, &store[i], j - i, NULL, err);
		j += j == i;
	}
	if (r == 0)
		r = lab_netem_check(&n, err);
	if (r == 0 && n.dist != LAB_DIST_NONE)
		r = lab_dist_load(n.dist, &table, err);
	if (r < 0)
		return r;
	if (!lab_netem_any(&n))
		lab_qdisc_del(nl, index_of(NULL, args[0]));
	else
		lab_qdisc_netem(nl, index_of(NULL, args[0]), &n,
				n.dist == LAB_DIST_NONE ? NULL : &table);
	return lab_nl_flush(nl, NULL, err);
}

static int get(struct lab_nl *nl, const char *name, struct lab_err *err)
{
	struct lab_link_info info;
	char mac[LAB_MAC_STRLEN];
	int r;

	r = lab_link_get(nl, 0, name, &info, err);
	if (r < 0)
		return r;
	printf("name=%s index=%d kind=%s port=%s mtu=%u mac=%s %s%s operstate=%s master=%d rx=%llu tx=%llu\n",
	       info.name, info.ifindex, info.kind, info.port_kind, info.mtu_bytes,
	       info.has_mac ? lab_mac_format(info.mac, mac) : "none",
	       info.flags & IFF_UP ? "up" : "down", info.flags & IFF_RUNNING ? ",carrier" : "",
	       lab_link_operstate(info.operstate), info.master,
	       (unsigned long long)info.stats.rx_packets,
	       (unsigned long long)info.stats.tx_packets);
	return 0;
}

static int addrs(struct lab_nl *nl, struct lab_err *err)
{
	struct lab_link_list list LAB_CLEANUP(lab_link_list_fini) = { .n_links = 0 };
	char text[LAB_ADDR_STRLEN];
	int r;

	r = lab_link_list(nl, &list, err);
	if (r == 0)
		r = lab_link_list_addrs(nl, 0, &list, err);
	for (size_t i = 0; r == 0 && i < list.n_links; i++) {
		printf("%s:", list.links[i].name);
		for (size_t j = 0; j < list.n_addrs; j++)
			if (list.addrs[j].ifindex == list.links[i].ifindex)
				printf(" %s", lab_addr_format(&list.addrs[j].addr, true, text));
		printf("\n");
	}
	return r;
}

static int probe(struct lab_err *err)
{
	struct lab_probe p = { .known = 0 };
	int r = lab_probe(&p, LAB_PROBE_ALL, err);

	for (unsigned int i = 0; r == 0 && i < LAB_PROBE_MAX_; i++)
		printf("%s: %s (CONFIG_%s)\n", lab_probe_name(i),
		       p.missing & LAB_PROBE_BIT(i) ? "no" : "yes", lab_probe_config(i));
	return r;
}

static void vlan(struct lab_nl *nl, char **args, bool add_it)
{
	struct lab_bridge_vlan v = { .ifindex = index_of(NULL, args[0]),
				     .self = has_word(args, "self"),
				     .pvid = has_word(args, "pvid"),
				     .untagged = has_word(args, "untagged") };
	char *dash = strchr(args[1], '-');
	unsigned int vid = 0, end = 0;

	if (dash) {
		*dash = '\0';
		(void)lab_parse_uint(dash + 1, 1, LAB_VLAN_MAX, &end);
	}
	(void)lab_parse_uint(args[1], 1, LAB_VLAN_MAX, &vid);
	v.vid = (uint16_t)vid;
	v.vid_end = (uint16_t)end;
	(add_it ? lab_bridge_vlan_add : lab_bridge_vlan_del)(nl, &v);
}

static struct lab_addr addr_of(const char *text)
{
	struct lab_addr a = { .family = 0 };

	(void)lab_addr_parse(text, &a);
	return a;
}

static void fdb(struct lab_nl *nl, char **args, bool add_it)
{
	uint8_t mac[LAB_MAC_LEN] = { 0 };
	struct lab_fdb f = { .ifindex = index_of(NULL, args[0]),
			     .mac = mac,
			     .self = has_word(args, "self"),
			     .master = has_word(args, "master") };

	(void)lab_mac_parse(args[1], mac);
	for (char **a = args; *a; a++)
		if (strncmp(*a, "dst=", 4) == 0)
			f.dst = addr_of(*a + 4);
	(add_it ? lab_fdb_add : lab_fdb_del)(nl, &f);
}

static void mdb(struct lab_nl *nl, char **args, bool add_it)
{
	const struct lab_mdb m = { .bridge = index_of(NULL, args[0]),
				   .port = index_of(NULL, args[1]),
				   .group = addr_of(args[2]) };

	(add_it ? lab_mdb_add : lab_mdb_del)(nl, &m);
}

static void neigh(struct lab_nl *nl, char **args, bool add_it)
{
	const struct lab_addr a = addr_of(args[1]);
	uint8_t mac[LAB_MAC_LEN] = { 0 };

	if (!add_it) {
		lab_neigh_del(nl, index_of(NULL, args[0]), &a);
		return;
	}
	(void)lab_mac_parse(args[2] ? args[2] : "", mac);
	lab_neigh_add(nl, index_of(NULL, args[0]), &a, mac);
}

static void route(struct lab_nl *nl, char **args, bool add_it)
{
	struct lab_nexthop hops[ARGS_MAX];
	struct lab_nl_route r = { .dst = addr_of(args[0]), .hops = hops };

	for (char **a = args + 1; *a && r.n < ARGS_MAX; a++) {
		char *at = strchr(*a, '@');

		if (!at)
			continue;
		*at = '\0';
		hops[r.n++] = (struct lab_nexthop){ .via = addr_of(*a),
						    .ifindex = index_of(NULL, at + 1) };
	}
	(add_it ? lab_route_add : lab_route_del)(nl, &r);
}

/* The commands that are one request. */
static int request(struct lab_nl *nl, const char *command, char **args, struct lab_err *err)
{
	static const struct {
		const char *name;
		int n;
		void (*run)(struct lab_nl *nl, char **args, bool add_it);
	} commands[] = { { "vlan", 2, vlan },
			 { "fdb", 2, fdb },
			 { "mdb", 3, mdb },
			 { "neigh", 2, neigh },
			 { "route", 1, route } };
	bool add_it = strncmp(command, "no", 2) != 0;

	if (!add_it)
		command += 2;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, command) != 0)
			continue;
		for (int j = 0; j < commands[i].n; j++)
			if (!args[j])
				return lab_err_set(err, EINVAL, "%s needs more", command);
		commands[i].run(nl, args, add_it);
		return lab_nl_flush(nl, NULL, err);
	}
	return lab_err_set(err, EINVAL, "no command %s", command);
}

static int run(struct lab_nl *nl, int argc, char **argv, struct lab_err *err)
{
	const char *command = argc > 1 ? argv[1] : "";
	char **args = argv + 2;

	if (argc > 3 && strcmp(command, "add") == 0)
		return add(nl, args, err);
	if (argc > 3 && strcmp(command, "set") == 0)
		return set(nl, args, LAB_USE_CHANGE, err);
	if (argc > 3 && strcmp(command, "port") == 0)
		return set(nl, args, LAB_USE_PORT, err);
	if (argc > 2 && strcmp(command, "netem") == 0)
		return netem(nl, args, err);
	if (argc > 2 && strcmp(command, "get") == 0)
		return get(nl, args[0], err);
	if (argc > 2 && strcmp(command, "flush") == 0)
		return lab_link_flush_addrs(nl, index_of(NULL, args[0]), err);
	if (strcmp(command, "addrs") == 0)
		return addrs(nl, err);
	if (strcmp(command, "probe") == 0)
		return probe(err);
	return request(nl, command, args, err);
}

int main(int argc, char **argv)
{
	struct lab_err err = { .code = 0 };
	struct lab_nl nl;
	int r;

	r = lab_nl_open(&nl, &err);
	if (r < 0)
		return say(&err);
	r = run(&nl, argc, argv, &err);
	lab_nl_close(&nl);
	return r < 0 ? say(&err) : 0;
}
