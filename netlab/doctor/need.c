/* SPDX-License-Identifier: GPL-2.0-or-later */
/* need.c - what one topology needs of the kernel and of the machine's programs, and whether it is there */
#include "netlab/doctor/need.h"

#include <stdlib.h>
#include <string.h>

#include "netlab/backend/probe.h"
#include "netlab/base/program.h"
#include "netlab/base/util.h"
#include "netlab/ns/cgroup.h"
#include "netlab/ns/probe.h"

/* Programs that hosts run: for kinds of interfaces, and those that most recipes use. */
enum program {
	TEAMD,
	OVSDB_TOOL,
	OVSDB_SERVER,
	OVS_VSWITCHD,
	OVS_VSCTL,
	OVS_OFCTL,
	N_KIND_PROGRAMS
};

static const struct {
	const char *program, *package, *what;
} programs[] = {
	[TEAMD] = { "teamd", "libteam-utils", "teams" },
	[OVSDB_TOOL] = { "ovsdb-tool", "openvswitch-switch", "bridges of Open vSwitch" },
	[OVSDB_SERVER] = { "ovsdb-server", "openvswitch-switch", "bridges of Open vSwitch" },
	[OVS_VSWITCHD] = { "ovs-vswitchd", "openvswitch-switch", "bridges of Open vSwitch" },
	[OVS_VSCTL] = { "ovs-vsctl", "openvswitch-switch", "bridges of Open vSwitch" },
	[OVS_OFCTL] = { "ovs-ofctl", "openvswitch-switch", "flow entries of Open vSwitch" },
	{ "ping", "iputils-ping", "the modules IcmpPing and Icmp6Ping" },
	{ "iperf3", "iperf3", "the module Iperf" },
	{ "tcpdump", "tcpdump", "the module PacketAssert, packet captures" },
	{ "ip", "iproute2", "commands of recipes" },
	{ "nft", "nftables", "the module PktCounter" },
	{ "python3", "python3", "Python tasks and modules" },
	{ "qemu-system-x86_64", "qemu-system-x86", "netlab run --kernel" },
};

enum { BACKENDS_MAX = 16 };

/*
 * struct needs - what is used, and where first
 */
struct needs {
	uint64_t kinds; /* LAB_PROBE_BIT()s */
	bool programs[N_KIND_PROGRAMS];
	unsigned int controllers;
	const char *backends[BACKENDS_MAX + 1]; /* NULL-terminated */
	struct lab_src backend_src[BACKENDS_MAX];
	struct lab_src kind_src[LAB_PROBE_MAX_], program_src[N_KIND_PROGRAMS], controllers_src;
};

static void need_kind(struct needs *n, unsigned int item, const struct lab_src *src)
{
	if (!(n->kinds & LAB_PROBE_BIT(item)))
		n->kind_src[item] = *src;
	n->kinds |= LAB_PROBE_BIT(item);
}

static void need_program(struct needs *n, enum program p, const struct lab_src *src)
{
	if (!n->programs[p])
		n->program_src[p] = *src;
	n->programs[p] = true;
}

static void need_backend(struct needs *n, const struct lab_host *host)
{
	const struct lab_backend_info *backend = lab_backend_find(host->backend, NULL);
	size_t i;

	for (i = 0; i < host->n_settings; i++) {
		const struct lab_backend_setting *s =
			backend ? lab_backend_setting(backend, host->settings[i].name) : NULL;

		if (s && s->elsewhere)
			return;
	}
	i = 0;
	while (n->backends[i] && strcmp(n->backends[i], host->backend) != 0)
		i++;
	if (n->backends[i] || i == BACKENDS_MAX)
		return;
	n->backends[i] = host->backend;
	n->backend_src[i] = host->src;
}

static const char *option_of(const struct lab_iface *iface, const char *name)
{
	size_t i;

	for (i = 0; i < iface->n_options; i++) {
		if (!strcmp(iface->options[i].name, name))
			return iface->options[i].value;
	}
	return "";
}

static bool filters_vlans(const struct lab_iface *iface)
{
	const char *value = option_of(iface, "vlan_filtering");

	return *value && strcmp(value, "0") != 0;
}

/* Its ports are links of the kernel, or of a datapath in user space, whose interfaces are taps. */
static bool in_user_space(const struct lab_iface *bridge)
{
	return !strcmp(option_of(bridge, "datapath_type"), "netdev");
}

static void ovs_bridge_needs(struct needs *n, const struct lab_host *host,
			     const struct lab_iface *bridge)
{
	bool user = in_user_space(bridge);
	size_t i;

	need_program(n, OVSDB_TOOL, &bridge->src);
	need_program(n, OVSDB_SERVER, &bridge->src);
	need_program(n, OVS_VSWITCHD, &bridge->src);
	need_program(n, OVS_VSCTL, &bridge->src);
	if (*option_of(bridge, "flow"))
		need_program(n, OVS_OFCTL, &bridge->src);
	need_kind(n, user ? LAB_LINK_TAP : LAB_PROBE_OPENVSWITCH, &bridge->src);
	for (i = 0; i < bridge->n_slaves && !user; i++) {
		const struct lab_iface *port = &host->ifaces[bridge->slaves[i].iface];
		int kind = port->kind == LAB_IFACE_OVS_TUNNEL
				   ? lab_kind_find(option_of(port, "type"))
				   : -ENOENT;

		if (kind == LAB_LINK_VXLAN || kind == LAB_LINK_GENEVE || kind == LAB_LINK_GRE)
			need_kind(n, (unsigned int)kind, &port->src);
	}
}

static void iface_needs(struct needs *n, const struct lab_host *host, const struct lab_iface *iface)
{
	switch (iface->kind) {
	case LAB_IFACE_ETH:
	case LAB_IFACE_PAIR:
		need_kind(n, LAB_LINK_VETH, &iface->src);
		break;
	case LAB_IFACE_LINK:
		need_kind(n, iface->link, &iface->src);
		if (iface->link == LAB_LINK_TEAM)
			need_program(n, TEAMD, &iface->src);
		if (iface->link == LAB_LINK_BRIDGE && filters_vlans(iface))
			need_kind(n, LAB_PROBE_VLAN_FILTERING, &iface->src);
		break;
	case LAB_IFACE_OVS_BRIDGE:
		ovs_bridge_needs(n, host, iface);
		break;
	case LAB_IFACE_OVS_BOND: /* parts of a bridge */
	case LAB_IFACE_OVS_TUNNEL:
	case LAB_IFACE_OVS_INTERNAL:
	case LAB_IFACE_KIND_MAX_:
		break;
	}
	if (iface->n_netem)
		need_kind(n, LAB_PROBE_NETEM, &iface->src);
}

static void topo_needs(struct needs *n, const struct lab_topo *topo)
{
	size_t h, i;

	for (h = 0; h < topo->n_hosts; h++) {
		const struct lab_host *host = &topo->hosts[h];
		unsigned int controllers = lab_limits_controllers(&host->limits);

		if (controllers && !n->controllers)
			n->controllers_src = host->src;
		n->controllers |= controllers;
		if (host->backend)
			need_backend(n, host);
		for (i = 0; i < host->n_ifaces; i++)
			iface_needs(n, host, &host->ifaces[i]);
	}
	for (i = 0; i < topo->n_networks; i++) {
		if (topo->networks[i].n_ports != 2)
			need_kind(n, LAB_LINK_BRIDGE, &topo->networks[i].src);
	}
}

void lab_need_size(const struct lab_topo *topo, struct lab_size *ret)
{
	size_t i;

	*ret = (struct lab_size){ .hosts = topo->n_hosts };
	for (i = 0; i < topo->n_networks; i++) {
		const struct lab_network *net = &topo->networks[i];

		ret->ports += net->n_ports;
		if (net->n_ports > ret->largest) {
			ret->largest = net->n_ports;
			ret->largest_label = net->label;
		}
	}
}

static void add_kind(struct lab_findings *list, unsigned int item, enum lab_verdict verdict,
		     const struct lab_src *src)
{
	if (verdict == LAB_FINDING_OK) {
		lab_finding_add(list, verdict, lab_probe_name(item), "the kernel has it");
	} else {
		lab_finding_add(list, verdict, lab_probe_name(item),
				"this kernel lacks it (CONFIG_%s)", lab_probe_config(item));
		lab_finding_fix(list, "netlab kernel fetch 6.1, then netlab run --kernel 6.1%s",
				item == LAB_PROBE_OPENVSWITCH
					? "; or the bridges with datapath_type = netdev"
					: "");
	}
	if (src)
		lab_finding_at(list, src);
}

static int check_kinds(const struct needs *n, bool all, struct lab_findings *list,
		       struct lab_err *err)
{
	/* Nobody gets as far as this with a kernel that lacks these two. */
	uint64_t plain = LAB_PROBE_BIT(LAB_LINK_VETH) | LAB_PROBE_BIT(LAB_LINK_BRIDGE) |
			 LAB_PROBE_BIT(LAB_LINK_LO);
	uint64_t want = all ? n->kinds : n->kinds & ~plain;
	struct lab_probe probe = { 0 };
	unsigned int i;
	int r = lab_probe(&probe, want, err);

	for (i = 0; i < LAB_PROBE_MAX_ && r == 0; i++) {
		if (probe.missing & LAB_PROBE_BIT(i))
			add_kind(list, i, LAB_FINDING_LACKS, &n->kind_src[i]);
		else if (all && (want & LAB_PROBE_BIT(i)))
			add_kind(list, i, LAB_FINDING_OK, &n->kind_src[i]);
	}
	return r;
}

/* The folders of root's PATH are searched whoever asks: hosts have them in theirs. */
static bool is_there(const char *program)
{
	return lab_program_in_path(program, getenv("PATH")) ||
	       lab_program_in_path(program, "/usr/sbin:/sbin");
}

static void add_program(struct lab_findings *list, size_t i, enum lab_verdict verdict,
			const struct lab_src *src)
{
	char what[64];

	(void)snprintf(what, sizeof(what), "program %s", programs[i].program);
	if (verdict == LAB_FINDING_OK) {
		lab_finding_add(list, verdict, what, "is there");
	} else {
		lab_finding_add(list, verdict, what, "this machine lacks it; needed for %s",
				programs[i].what);
		lab_finding_fix(list, "apt-get install %s", programs[i].package);
	}
	if (src)
		lab_finding_at(list, src);
}

static void check_controllers(const struct needs *n, bool all, struct lab_findings *list)
{
	struct lab_cgroups groups = { 0 };
	struct lab_err err = { 0 };

	if (!n->controllers)
		return;
	if (lab_cgroups_find(n->controllers, "doctor", &groups, &err) < 0) {
		lab_finding_add(list, LAB_FINDING_LACKS, "limits of hosts", "%s", err.msg);
		lab_finding_at(list, &n->controllers_src);
	} else if (all) {
		lab_finding_add(list, LAB_FINDING_OK, "limits of hosts",
				"cgroups have the controllers");
		lab_finding_at(list, &n->controllers_src);
	}
	lab_cgroups_close(&groups);
}

static int check_backends(const struct needs *n, bool all, struct lab_findings *list,
			  struct lab_err *err)
{
	struct lab_backend_state states[BACKENDS_MAX];
	int r = lab_backend_probe(n->backends, states, LAB_ARRAY_SIZE(states), err);

	for (size_t i = 0; r == 0 && n->backends[i]; i++) {
		const struct lab_backend_info *info = lab_backend_find(n->backends[i], NULL);
		const struct lab_backend_state *s = info ? &states[info - lab_backends] : NULL;
		char what[64];

		if (!s || (!s->missing[0] && !all))
			continue;
		(void)snprintf(what, sizeof(what), "backend %.50s", info->name);
		if (s->missing[0])
			lab_finding_add(list, LAB_FINDING_LACKS, what, "%s is missing", s->missing);
		else
			lab_finding_add(list, LAB_FINDING_OK, what, "%s",
					s->version[0] ? s->version : info->title);
		if (s->fix[0])
			lab_finding_fix(list, "%s", s->fix);
		lab_finding_at(list, &n->backend_src[i]);
	}
	return r;
}

int lab_need_check(const struct lab_topo *topo, bool all, struct lab_findings *list,
		   struct lab_err *err)
{
	struct needs n = { 0 };
	size_t i;
	int r;

	topo_needs(&n, topo);
	r = check_kinds(&n, all, list, err);
	if (r < 0)
		return r;
	for (i = 0; i < N_KIND_PROGRAMS; i++) {
		if (n.programs[i] && !is_there(programs[i].program))
			add_program(list, i, LAB_FINDING_LACKS, &n.program_src[i]);
		else if (n.programs[i] && all)
			add_program(list, i, LAB_FINDING_OK, &n.program_src[i]);
	}
	check_controllers(&n, all, list);
	if (n.backends[0])
		r = check_backends(&n, all, list, err);
	return r < 0 ? r : list->error;
}

int lab_need_later(const struct lab_src items[], struct lab_findings *list, struct lab_err *err)
{
	const struct lab_src *team = &items[LAB_LINK_TEAM];
	struct lab_probe probe = { 0 };
	uint64_t want = 0;
	unsigned int i;
	int r;

	for (i = 0; i < LAB_PROBE_MAX_; i++)
		want |= items[i].line ? LAB_PROBE_BIT(i) : 0;
	r = lab_probe(&probe, want, err);
	for (i = 0; i < LAB_PROBE_MAX_ && r == 0; i++) {
		if (want & LAB_PROBE_BIT(i))
			add_kind(list, i,
				 (probe.missing & LAB_PROBE_BIT(i)) ? LAB_FINDING_WARNS
								    : LAB_FINDING_OK,
				 &items[i]);
	}
	if (team->line && r == 0)
		add_program(list, TEAMD, is_there("teamd") ? LAB_FINDING_OK : LAB_FINDING_WARNS,
			    team);
	return r < 0 ? r : list->error;
}

int lab_need_kinds(struct lab_findings *list, struct lab_err *err)
{
	struct lab_probe probe = { 0 };
	unsigned int i;
	int r = lab_probe(&probe, LAB_PROBE_ALL, err);

	for (i = 0; i < LAB_PROBE_MAX_ && r == 0; i++) {
		if (i != LAB_LINK_LO)
			add_kind(list, i,
				 (probe.missing & LAB_PROBE_BIT(i)) ? LAB_FINDING_WARNS
								    : LAB_FINDING_OK,
				 NULL);
	}
	return r;
}

void lab_need_programs(struct lab_findings *list)
{
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(programs); i++)
		add_program(list, i,
			    is_there(programs[i].program) ? LAB_FINDING_OK : LAB_FINDING_WARNS,
			    NULL);
}
