/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_ovs.c - bridges of Open vSwitch: its daemons in the host, and one transaction for each bridge */
#include <string.h>

#include "netlab/keeper/device.h"
#include "netlab/nl/link.h"

enum { ARGS_MAX = 4096 };

/*
 * A database in /run, which is the host's own; the schema is where Debian has it. A further namespace has its daemons apart,
 * under $OVS_RUNDIR: /run/openvswitch.NAME. All of them end with the host.
 */
static const char start_script[] =
	"set -e; export OVS_RUNDIR=\"$1\" OVS_DBDIR=\"$1\" OVS_LOGDIR=\"$1\"; mkdir -p \"$1\"; cd /;"
	" ovsdb-tool create \"$1/conf.db\" /usr/share/openvswitch/vswitch.ovsschema;"
	" ovsdb-server \"$1/conf.db\" --remote=\"punix:$1/db.sock\" --pidfile --detach --no-chdir"
	" --log-file -vconsole:off;"
	" ovs-vsctl --no-wait init;"
	" ovs-vswitchd --pidfile --detach --no-chdir --log-file -vconsole:off";

/* Arguments of one call of ovs-vsctl; those that are made up here are owned. */
struct args {
	const char *v[ARGS_MAX + 1];
	size_t n;
	char *owned[ARGS_MAX];
	size_t n_owned;
	int error;
};

static void add(struct args *a, const char *word)
{
	if (a->n < ARGS_MAX)
		a->v[a->n++] = word;
	else
		a->error = -E2BIG;
	a->v[a->n] = NULL;
}

static void add_made(struct args *a, char *word)
{
	if (!word || a->n_owned == ARGS_MAX) {
		free(word);
		a->error = -ENOMEM;
		return;
	}
	a->owned[a->n_owned++] = word;
	add(a, word);
}

__attribute__((format(printf, 2, 3))) static void addf(struct args *a, const char *fmt, ...)
{
	char *word = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) < 0)
		word = NULL;
	va_end(ap);
	add_made(a, word);
}

static void args_fini(struct args *a)
{
	while (a->n_owned)
		free(a->owned[--a->n_owned]);
}

static bool is_one_of(const char *name, const char *const *names)
{
	size_t len = strcspn(name, ":");

	for (; *names; names++)
		if (strlen(*names) == len && strncmp(name, *names, len) == 0)
			return true;
	return false;
}

/* Columns of the table Port; everything else is said of the interface. */
static bool is_port_column(const char *name)
{
	static const char *const columns[] = { "tag",
					       "trunks",
					       "vlan_mode",
					       "cvlans",
					       "lacp",
					       "bond_mode",
					       "bond_updelay",
					       "bond_downdelay",
					       "bond_fake_iface",
					       "protected",
					       "qos",
					       NULL };

	return is_one_of(name, columns);
}

/* A word that is no column of the table Interface is one of its options: remote_ip, key, dst_port ... */
static bool is_interface_column(const char *name)
{
	static const char *const columns[] = { "type",
					       "options",
					       "option",
					       "ofport_request",
					       "mtu_request",
					       "mac",
					       "external_ids",
					       "other_config",
					       "bfd",
					       "ingress_policing_rate",
					       "ingress_policing_burst",
					       "lldp",
					       "cfm_mpid",
					       NULL };

	return is_one_of(name, columns);
}

/* "-- set TABLE NAME option=value ..." for those options that belong to the table. */
static void set_options(struct args *a, const char *table, const char *name,
			const struct lab_option *options, size_t n, bool all)
{
	bool port = strcmp(table, "Port") == 0, begun = false;

	for (size_t i = 0; i < n; i++) {
		const char *option = options[i].name;

		if (strcmp(option, "name") == 0 || strcmp(option, "flow") == 0 ||
		    (!all && is_port_column(option) != port))
			continue;
		if (!begun) {
			add(a, "--");
			add(a, "set");
			add(a, table);
			add(a, name);
			begun = true;
		}
		addf(a, "%s%s=%s",
		     all || port || is_interface_column(option) ? "" : "options:", option,
		     options[i].value);
	}
}

static void add_bond(struct args *a, const struct lab_host *h, const char *bridge,
		     const struct lab_iface *bond)
{
	add(a, "--");
	add(a, "add-bond");
	add(a, bridge);
	add(a, bond->name);
	for (size_t i = 0; i < bond->n_slaves; i++)
		add(a, h->ifaces[bond->slaves[i].iface].name);
	set_options(a, "Port", bond->name, bond->options, bond->n_options, true);
}

static void add_port(struct args *a, const struct lab_host *h, const struct lab_iface *bridge,
		     const struct lab_slave *slave)
{
	const struct lab_iface *port = &h->ifaces[slave->iface];

	if (port->kind == LAB_IFACE_OVS_BOND) {
		add_bond(a, h, bridge->name, port);
	} else {
		add(a, "--");
		add(a, "add-port");
		add(a, bridge->name);
		add(a, port->name);
	}
	if (port->kind == LAB_IFACE_OVS_INTERNAL) {
		add(a, "--");
		add(a, "set");
		add(a, "Interface");
		add(a, port->name);
		add(a, "type=internal");
	}
	if (port->kind == LAB_IFACE_OVS_INTERNAL || port->kind == LAB_IFACE_OVS_TUNNEL) {
		set_options(a, "Port", port->name, port->options, port->n_options, false);
		set_options(a, "Interface", port->name, port->options, port->n_options, false);
	}
	set_options(a, "Port", port->name, slave->options, slave->n_options, false);
	if (port->kind != LAB_IFACE_OVS_BOND)
		set_options(a, "Interface", port->name, slave->options, slave->n_options, false);
}

/* $OVS_RUNDIR of a namespace. */
static void run_dir(const struct lab_host *h, const struct lab_khost *space, char *buf, size_t size)
{
	(void)snprintf(buf, size, "/run/openvswitch%s%s", space->space ? "." : "",
		       space->space ? h->netns[space->space - 1] : "");
}

static int start_daemons(struct lab_khost *space, const char *dir, struct lab_err *err)
{
	const char *const argv[] = { "sh", "-c", start_script, "sh", dir, NULL };
	int r;

	if (space->ovs)
		return 0;
	r = lab_relay_run(space, argv, NULL, err);
	if (r < 0)
		return lab_err_prefix(err, r, "start Open vSwitch: ");
	space->ovs = true;
	return 0;
}

static int make_bridge(struct lab_khost *space, const struct lab_host *h,
		       const struct lab_iface *bridge, const char *dir, struct lab_err *err)
{
	struct args *a = calloc(1, sizeof(*a));
	char mac[LAB_MAC_STRLEN];
	int r;

	if (!a)
		return lab_err_errno(err, ENOMEM, "ovs-vsctl");
	add(a, "ovs-vsctl");
	addf(a, "--db=unix:%s/db.sock", dir);
	add(a, "--timeout=90");
	add(a, "add-br");
	add(a, bridge->name);
	set_options(a, "Bridge", bridge->name, bridge->options, bridge->n_options, true);
	if (bridge->mac_given) {
		add(a, "--");
		add(a, "set");
		add(a, "Bridge");
		add(a, bridge->name);
		addf(a, "other-config:hwaddr=\"%s\"", lab_mac_format(bridge->mac, mac));
	}
	for (size_t i = 0; i < bridge->n_slaves; i++)
		add_port(a, h, bridge, &bridge->slaves[i]);
	r = a->error < 0 ? lab_err_errno(err, -a->error, "ovs-vsctl")
			 : lab_relay_run(space, a->v, NULL, err);
	args_fini(a);
	free(a);
	return r < 0 ? lab_err_prefix(err, r, "ovs-vsctl: ") : 0;
}

static int add_flows(struct lab_khost *space, const struct lab_iface *bridge, const char *dir,
		     struct lab_err *err)
{
	char target[LAB_IFNAME_LEN + LAB_NETNS_LEN + 64];
	int r = 0;

	(void)snprintf(target, sizeof(target), "unix:%.60s/%s.mgmt", dir, bridge->name);
	for (size_t i = 0; i < bridge->n_options && r == 0; i++) {
		const char *const argv[] = { "ovs-ofctl", "add-flow", target,
					     bridge->options[i].value, NULL };

		if (strcmp(bridge->options[i].name, "flow") != 0)
			continue;
		r = lab_relay_run(space, argv, NULL, err);
		if (r < 0)
			(void)lab_err_at(err, lab_err_prefix(err, r, "flow entry: "),
					 &bridge->options[i].src);
	}
	return r;
}

/* The interfaces that the daemon has made are there when ovs-vsctl ends, or have failed. */
static int find_all(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err)
{
	const struct lab_host *h = &k->topo->hosts[host];
	const struct lab_iface *bridge = &h->ifaces[index];
	int r = lab_device_find(k, host, index, err);

	for (size_t i = 0; i < bridge->n_slaves && r == 0; i++)
		if (h->ifaces[bridge->slaves[i].iface].kind == LAB_IFACE_OVS_INTERNAL)
			r = lab_device_find(k, host, (uint32_t)bridge->slaves[i].iface, err);
	if (r == -ENODEV)
		return lab_err_set(
			err, ENOSYS,
			"Open vSwitch has not made it; the kernel may lack its datapath (CONFIG_OPENVSWITCH), and option datapath_type = netdev does without [ENODEV]");
	return r;
}

int lab_device_make_ovs(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err)
{
	const struct lab_host *h = &k->topo->hosts[host];
	const struct lab_iface *bridge = &h->ifaces[index];
	struct lab_khost *space = lab_khost_space(&k->hosts[host], bridge->netns);
	char dir[LAB_NETNS_LEN + 32];
	int r = lab_keeper_need_agents(k, host, err);

	run_dir(h, space, dir, sizeof(dir));
	if (r == 0)
		r = start_daemons(space, dir, err);
	if (r == 0)
		r = make_bridge(space, h, bridge, dir, err);
	if (r == 0)
		r = find_all(k, host, index, err);
	return r < 0 ? r : add_flows(space, bridge, dir, err);
}
