/* SPDX-License-Identifier: GPL-2.0-or-later */
/* finish_device.c - what an interface lies on: its options and slaves checked, its name and address settled */
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/topo/internal.h"

#define NETNS_OWN "the host's own"

static const char *netns_name(const struct lab_host *host, unsigned int netns)
{
	return netns ? host->netns[netns - 1] : NETNS_OWN;
}

/* --- slaves --- */

/* Which numbers of slaves each kind can have, and whether they become its ports. */
struct lower_rule {
	unsigned int min, max;
	bool ports;
};

static struct lower_rule lower_rule(const struct lab_iface *iface)
{
	const struct lab_kind_def *def = lab_kind_get(iface->link);

	switch (iface->kind) {
	case LAB_IFACE_LINK:
		return (struct lower_rule){ def->lower_min,
					    def->lower_max == LAB_LOWER_MANY ? LAB_TOPO_SLAVES_MAX
									     : def->lower_max,
					    def->ports };
	case LAB_IFACE_OVS_BRIDGE:
		return (struct lower_rule){ 0, LAB_TOPO_SLAVES_MAX, true };
	case LAB_IFACE_OVS_BOND:
		return (struct lower_rule){ 2, LAB_TOPO_SLAVES_MAX, true };
	case LAB_IFACE_ETH:
	case LAB_IFACE_PAIR:
	case LAB_IFACE_OVS_TUNNEL:
	case LAB_IFACE_OVS_INTERNAL:
	case LAB_IFACE_KIND_MAX_:
		break;
	}
	return (struct lower_rule){ 0, 0, false };
}

bool lab_iface_has_ports(const struct lab_iface *iface)
{
	return lower_rule(iface).ports;
}

static int check_number(const struct lab_iface *iface, const struct lower_rule *rule,
			struct lab_err *err)
{
	const char *kind = lab_iface_kind_name(iface);
	int r;

	if (iface->n_slaves >= rule->min && iface->n_slaves <= rule->max)
		return 0;
	if (!rule->max)
		r = lab_err_set(err, EINVAL, "%s has no slaves", kind);
	else if (rule->min == rule->max)
		r = lab_err_set(err, EINVAL, "%s needs exactly one slave, %zu given", kind,
				iface->n_slaves);
	else if (iface->n_slaves < rule->min)
		r = lab_err_set(err, EINVAL, "%s needs at least %u slaves, %zu given", kind,
				rule->min, iface->n_slaves);
	else
		r = lab_err_set(err, EINVAL, "%s has at most %u slave, %zu given", kind, rule->max,
				iface->n_slaves);
	return iface->n_slaves > rule->max ? lab_err_at(err, r, &iface->slaves[rule->max].src) : r;
}

/* What cannot be a port of a bridge, a bond or a team because it is no interface or carries no frames. */
static int check_port(const struct lab_host *host, const struct lab_iface *upper,
		      const struct lab_iface *lower, struct lab_err *err)
{
	bool none = lower->kind == LAB_IFACE_OVS_BOND || lower->kind == LAB_IFACE_OVS_TUNNEL;

	if (lab_iface_is_loopback(lower))
		return lab_err_set(err, EINVAL, "slave %.60s is the loopback, which can be none",
				   lower->id);
	if (none && upper->kind != LAB_IFACE_OVS_BRIDGE)
		return lab_err_set(err, EINVAL,
				   "slave %.60s is %s of Open vSwitch and no interface of the host",
				   lower->id,
				   lower->kind == LAB_IFACE_OVS_BOND ? "a bond" : "a tunnel");
	if (lower->netns != upper->netns)
		return lab_err_set(
			err, EINVAL,
			"slave %.60s is in another network namespace (%s); a port must be in that of its master (%s)",
			lower->id, netns_name(host, lower->netns), netns_name(host, upper->netns));
	return 0;
}

/* Whose port is @lower already, before @upper? */
static const struct lab_iface *master_before(const struct lab_host *host, size_t lower,
					     size_t upper)
{
	size_t i, s;

	for (i = 0; i < upper; i++) {
		const struct lower_rule rule = lower_rule(&host->ifaces[i]);

		for (s = 0; rule.ports && s < host->ifaces[i].n_slaves; s++) {
			if (host->ifaces[i].slaves[s].iface == lower)
				return &host->ifaces[i];
		}
	}
	return NULL;
}

static int check_slave(const struct lab_host *host, size_t index, const struct lab_slave *slave,
		       bool port, struct lab_err *err)
{
	const struct lab_iface *upper = &host->ifaces[index], *lower = &host->ifaces[slave->iface];
	const struct lab_iface *first;
	int r = 0;

	if (lower->kind == LAB_IFACE_OVS_BOND || lower->kind == LAB_IFACE_OVS_TUNNEL || port)
		r = check_port(host, upper, lower, err);
	first = r == 0 && port ? master_before(host, slave->iface, index) : NULL;
	if (first)
		r = lab_err_set(err, EEXIST, "slave %.60s is a port of %s %.60s already", lower->id,
				lab_iface_kind_name(first), first->id);
	return r < 0 ? lab_err_at(err, r, &slave->src) : 0;
}

/* --- options --- */

static int check_slave_options(const struct lab_iface *iface, const struct lab_slave *slave,
			       struct lab_err *err)
{
	const struct lab_kind_def *def = lab_kind_get(iface->link);

	if (!slave->n_options || iface->kind == LAB_IFACE_OVS_BRIDGE ||
	    iface->kind == LAB_IFACE_OVS_BOND)
		return 0;
	if (def->port_options)
		return lab_kind_check(iface->link, LAB_USE_PORT, slave->options, slave->n_options,
				      NULL, err);
	return lab_err_at(err,
			  lab_err_set(err, EINVAL, "a slave of %s has no options",
				      lab_iface_kind_name(iface)),
			  &slave->options[0].src);
}

/* An option that names another interface of the host. */
static int check_named(const struct lab_host *host, const struct lab_iface *iface,
		       const struct lab_option *option, struct lab_err *err)
{
	const struct lab_option_def *def = lab_kind_option(iface->link, LAB_USE_NEW, option->name);
	const struct lab_iface *named;
	int r = 0;

	if (!def || def->type != LAB_OPTION_LINK)
		return 0;
	named = lab_topo_find_iface(host, option->value);
	if (!named || named >= iface)
		r = lab_err_set(err, EINVAL, "option %s: \"%.60s\" is no interface before this one",
				option->name, option->value);
	else if (named->netns != iface->netns)
		r = lab_err_set(err, EINVAL,
				"option %s: %.60s is in another network namespace (%s)",
				option->name, option->value, netns_name(host, named->netns));
	return r < 0 ? lab_err_at(err, r, &option->src) : 0;
}

static int check_options(const struct lab_host *host, const struct lab_iface *iface,
			 struct lab_err *err)
{
	size_t i;
	int r;

	if (iface->kind != LAB_IFACE_LINK && iface->kind != LAB_IFACE_ETH &&
	    iface->kind != LAB_IFACE_PAIR)
		return 0;
	r = lab_kind_check(iface->link, LAB_USE_NEW, iface->options, iface->n_options, NULL, err);
	for (i = 0; r == 0 && i < iface->n_options; i++)
		r = check_named(host, iface, &iface->options[i], err);
	return r;
}

/* The options of one part stand together, "delay.time" and "delay.jitter", as they come from one element. */
static size_t take_part(const struct lab_iface *iface, size_t from, char part[LAB_IFNAME_LEN],
			struct lab_option *ret)
{
	const char *dot = strchr(iface->netem[from].name, '.');
	size_t len = dot ? (size_t)(dot - iface->netem[from].name) : 0, n = 0;

	(void)snprintf(part, LAB_IFNAME_LEN, "%.*s", (int)LAB_MIN(len, (size_t)LAB_IFNAME_LEN - 1),
		       iface->netem[from].name);
	for (; from + n < iface->n_netem && n < LAB_OPTIONS_MAX; n++) {
		const char *name = iface->netem[from + n].name;

		if (strncmp(name, part, len) != 0 || name[len] != '.')
			break;
		ret[n] = iface->netem[from + n];
		ret[n].name = name + len + 1;
	}
	return n;
}

int lab_topo_netem(const struct lab_iface *iface, struct lab_netem *ret, struct lab_err *err)
{
	struct lab_option options[LAB_OPTIONS_MAX];
	char part[LAB_IFNAME_LEN];
	size_t i, n;
	int r = 0;

	*ret = (struct lab_netem){ 0 };
	for (i = 0; i < iface->n_netem && r == 0; i += n) {
		n = take_part(iface, i, part, options);
		if (!n)
			return lab_err_set(err, EINVAL, "netem: no part \"%.40s\"",
					   iface->netem[i].name);
		r = lab_netem_set(ret, part, options, n, NULL, err);
	}
	if (r == 0 && iface->n_netem)
		r = lab_netem_check(ret, err);
	return r < 0 ? lab_err_prefix(err, r, "netem: ") : 0;
}

static int check_loopback(const struct lab_host *host, size_t index, struct lab_err *err)
{
	size_t i;

	for (i = 0; i < index; i++) {
		const struct lab_iface *other = &host->ifaces[i];

		if (lab_iface_is_loopback(other) && other->netns == host->ifaces[index].netns)
			return lab_err_set(
				err, EEXIST,
				"a network namespace has one loopback; the first one here is %.60s",
				other->id);
	}
	return 0;
}

/* Put the interface in front of a message, and its place to it if it has none that is nearer. */
static int name_it(const struct lab_host *host, const struct lab_iface *iface, int r,
		   struct lab_err *err)
{
	char q[LAB_TOPO_QUOTE_LEN];

	(void)lab_err_prefix(err, r, "host %s: interface %s: ", host->id,
			     lab_topo_quote(iface->id, q));
	return lab_err_at(err, r, &iface->src);
}

int lab_topo_check_device(const struct lab_host *host, size_t index, struct lab_err *err)
{
	const struct lab_iface *iface = &host->ifaces[index];
	const struct lower_rule rule = lower_rule(iface);
	int r = check_number(iface, &rule, err);
	size_t i;

	for (i = 0; r == 0 && i < iface->n_slaves; i++)
		r = check_slave(host, index, &iface->slaves[i], rule.ports, err);
	if (r == 0 && lab_iface_is_loopback(iface))
		r = check_loopback(host, index, err);
	return r < 0 ? name_it(host, iface, r, err) : 0;
}

int lab_topo_check_options(const struct lab_host *host, size_t index, struct lab_err *err)
{
	const struct lab_iface *iface = &host->ifaces[index];
	struct lab_netem netem;
	int r = check_options(host, iface, err);

	if (r == 0)
		r = lab_topo_netem(iface, &netem, err);
	for (size_t i = 0; r == 0 && i < iface->n_slaves; i++) {
		r = check_slave_options(iface, &iface->slaves[i], err);
		if (r < 0)
			(void)lab_err_prefix(err, r, "slave %.60s: ",
					     host->ifaces[iface->slaves[i].iface].id);
	}
	return r < 0 ? name_it(host, iface, r, err) : 0;
}

int lab_topo_finish_devices(struct lab_topo *topo, struct lab_err *err)
{
	size_t h, i, s;
	int r;

	for (h = 0; h < topo->n_hosts; h++) {
		struct lab_host *host = &topo->hosts[h];

		for (i = 0; i < host->n_ifaces; i++)
			host->ifaces[i].master = LAB_IFACE_NONE;
		for (i = 0; i < host->n_ifaces; i++) {
			const struct lab_iface *iface = &host->ifaces[i];

			if (iface->kind == LAB_IFACE_ETH || iface->kind == LAB_IFACE_PAIR)
				continue;
			r = lab_topo_check_device(host, i, err);
			if (r < 0)
				return r;
			for (s = 0; lower_rule(iface).ports && s < iface->n_slaves; s++)
				host->ifaces[iface->slaves[s].iface].master = i;
		}
	}
	return 0;
}

/* --- names --- */

bool lab_topo_name_taken(const struct lab_host *host, const char *name)
{
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		if (!strcmp(host->ifaces[i].name, name))
			return true;
	}
	return false;
}

/* What the names of a kind begin with; a number follows. LNST's where it has the kind. */
static const char *prefix_of(const struct lab_iface *iface)
{
	static const char *const links[LAB_LINK_KIND_MAX_] = {
		[LAB_LINK_VETH] = "veth",      [LAB_LINK_DUMMY] = "dummy_",
		[LAB_LINK_BRIDGE] = "t_br",    [LAB_LINK_BOND] = "t_bond",
		[LAB_LINK_TEAM] = "t_team",    [LAB_LINK_MACVLAN] = "t_macvlan",
		[LAB_LINK_IPVLAN] = "ipvlan_", [LAB_LINK_VXLAN] = "vxlan",
		[LAB_LINK_GENEVE] = "geneve_", [LAB_LINK_GRE] = "gre_",
		[LAB_LINK_IP6GRE] = "ip6gre_", [LAB_LINK_IPIP] = "ipip_",
		[LAB_LINK_SIT] = "sit_",       [LAB_LINK_VTI] = "vti",
		[LAB_LINK_VTI6] = "t_ip6vti",  [LAB_LINK_MACSEC] = "macsec_",
		[LAB_LINK_VRF] = "vrf_",       [LAB_LINK_WIREGUARD] = "wg_",
		[LAB_LINK_TUN] = "tun_",       [LAB_LINK_TAP] = "tap_",
		[LAB_LINK_IFB] = "ifb_",
	};

	switch (iface->kind) {
	case LAB_IFACE_OVS_BRIDGE:
		return "t_br";
	case LAB_IFACE_OVS_BOND:
		return "t_ovsbond";
	case LAB_IFACE_OVS_TUNNEL:
		return "t_ovstun";
	case LAB_IFACE_OVS_INTERNAL:
		return "t_int";
	case LAB_IFACE_ETH:
	case LAB_IFACE_PAIR:
	case LAB_IFACE_LINK:
	case LAB_IFACE_KIND_MAX_:
		break;
	}
	return links[iface->link];
}

/* The number, and what stands before it, are kept whole; the prefix is cut when it is too long. */
static void number_name(const struct lab_host *host, struct lab_iface *iface, const char *prefix,
			const char *between)
{
	char name[LAB_IFNAME_LEN], end[LAB_IFNAME_LEN];
	unsigned int n = 0;
	size_t len, keep;

	do {
		(void)snprintf(end, sizeof(end), "%s%u", between, n++ % 1000000);
		len = strlen(end);
		keep = LAB_MIN(strlen(prefix), sizeof(name) - 1 - len);
		memcpy(name, prefix, keep);
		memcpy(name + keep, end, len + 1);
	} while (lab_topo_name_taken(host, name));
	memcpy(iface->name, name, sizeof(iface->name));
}

/* "<real>.<tci>_N", of which the real interface's name is cut when it is too long. */
static void name_vlan(const struct lab_host *host, struct lab_iface *iface)
{
	const char *tci = lab_iface_option(iface, "vlan_tci");
	char between[LAB_IFNAME_LEN];

	if (!tci)
		tci = lab_iface_option(iface, "id");
	(void)snprintf(between, sizeof(between), ".%.5s_", tci ? tci : "0");
	number_name(host, iface,
		    iface->n_slaves ? host->ifaces[iface->slaves[0].iface].name : "vlan", between);
}

void lab_topo_name_device(struct lab_host *host, size_t index)
{
	struct lab_iface *iface = &host->ifaces[index];
	const char *given = iface->kind == LAB_IFACE_OVS_INTERNAL ? lab_iface_option(iface, "name")
								  : NULL;

	if (iface->name[0])
		return;
	if (given && strlen(given) < LAB_IFNAME_LEN && !lab_topo_name_taken(host, given))
		(void)snprintf(iface->name, sizeof(iface->name), "%s", given);
	else if (lab_iface_is_loopback(iface))
		(void)snprintf(iface->name, sizeof(iface->name), "lo");
	else if (iface->kind == LAB_IFACE_LINK && iface->link == LAB_LINK_VLAN)
		name_vlan(host, iface);
	else
		number_name(host, iface, prefix_of(iface), "");
}
