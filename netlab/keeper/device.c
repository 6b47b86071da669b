/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c - interfaces of a host that the kernel makes, and what they lie on */
#include "netlab/keeper/device.h"

#include <sched.h>
#include <string.h>

#include "netlab/nl/genl.h"
#include "netlab/nl/link.h"
#include "netlab/nl/link_get.h"
#include "netlab/nl/qdisc.h"
#include "netlab/nl/tun.h"

int lab_device_ifindex_of(void *data, const char *id)
{
	const struct lab_device_lookup *l = data;
	const struct lab_host *host = &l->k->topo->hosts[l->host];
	const struct lab_iface *iface = lab_topo_find_iface(host, id);

	if (!iface || iface->netns != l->netns)
		return 0;
	return l->k->hosts[l->host].links[iface - host->ifaces].ifindex;
}

int lab_device_place(struct lab_keeper *k, uint32_t host, unsigned int netns, struct lab_err *err)
{
	return lab_nl_enter(&k->conf, lab_khost_space(&k->hosts[host], netns)->netns, k->home, err);
}

/* Options with or without those that have to wait for the ports; @ret_n of them, the caller frees the array. */
static struct lab_option *pick_options(const struct lab_iface *iface, bool late, size_t *ret_n)
{
	struct lab_option *picked = calloc(iface->n_options + 1, sizeof(*picked));

	*ret_n = 0;
	for (size_t i = 0; picked && i < iface->n_options; i++) {
		const struct lab_option_def *def = lab_kind_option(iface->link, LAB_USE_NEW,
								   iface->options[i].name);
		bool is_late = def && (def->flags & LAB_OPTION_LATE);

		if (is_late == late)
			picked[(*ret_n)++] = iface->options[i];
	}
	return picked;
}

int lab_device_attach(struct lab_keeper *k, uint32_t host, uint32_t master,
		      const struct lab_slave *slave, struct lab_err *err)
{
	const struct lab_host *h = &k->topo->hosts[host];
	const struct lab_iface *upper = &h->ifaces[master];
	struct lab_device_lookup lookup = { k, host, upper->netns };
	const struct lab_link_change change = {
		.ifindex = k->hosts[host].links[slave->iface].ifindex,
		.netns = -1,
		.set_master = true,
		.master = k->hosts[host].links[master].ifindex,
	};
	const struct lab_link_options options = { slave->options, slave->n_options,
						  lab_device_ifindex_of, &lookup };
	int r;

	lab_link_set(&k->conf, &change);
	if (slave->n_options)
		lab_link_set_port(&k->conf, change.ifindex, upper->link, &options);
	r = lab_nl_flush(&k->conf, NULL, err);
	if (r < 0) {
		(void)lab_err_at(err, r, &slave->src);
		return lab_err_prefix(err, r, "slave %s: ", h->ifaces[slave->iface].id);
	}
	return 0;
}

static int set_late(struct lab_keeper *k, const struct lab_iface *iface, int ifindex,
		    struct lab_device_lookup *lookup, struct lab_err *err)
{
	struct lab_link_change change = { .ifindex = ifindex, .netns = -1, .kind = iface->link };
	cleanup_free struct lab_option *options = pick_options(iface, true, &change.options.n);

	if (!options)
		return lab_err_errno(err, ENOMEM, "options");
	if (!change.options.n)
		return 0;
	change.options.v = options;
	change.options.ifindex_of = lab_device_ifindex_of;
	change.options.data = lookup;
	lab_link_set(&k->conf, &change);
	return lab_nl_flush(&k->conf, NULL, err);
}

/* ---- what is made by other means than rtnetlink ---- */

/* Do something in a namespace of a host, where the caller is for that time. */
static int inside(struct lab_keeper *k, uint32_t host, unsigned int netns,
		  int (*fn)(void *data, struct lab_err *err), void *data, struct lab_err *err)
{
	int r;

	if (setns(lab_khost_space(&k->hosts[host], netns)->netns, CLONE_NEWNET) < 0)
		return lab_err_errno(err, errno, "enter network namespace");
	r = fn(data, err);
	if (setns(k->home, CLONE_NEWNET) < 0)
		return lab_err_set(err, ENOTRECOVERABLE, "cannot leave network namespace");
	return r;
}

static int add_tun(void *data, struct lab_err *err)
{
	return lab_tun_add(data, err);
}

static int open_generic(void *data, struct lab_err *err)
{
	return lab_nl_open_generic(data, err);
}

/* The device is opened in the namespace; what opening it cannot say comes afterwards. */
static int make_tun(struct lab_keeper *k, uint32_t host, const struct lab_iface *iface,
		    struct lab_link_new *spec, struct lab_err *err)
{
	const struct lab_link_change change = { .ifindex = spec->ifindex,
						.mac = spec->mac,
						.mtu_bytes = spec->mtu_bytes,
						.netns = -1 };
	int r = inside(k, host, iface->netns, add_tun, spec, err);

	if (r < 0 || (!change.mac && !change.mtu_bytes))
		return r;
	lab_link_set(&k->conf, &change);
	return lab_nl_flush(&k->conf, NULL, err);
}

static int finish_link(struct lab_keeper *k, uint32_t host, const struct lab_iface *iface,
		       int ifindex, const struct lab_link_options *options, struct lab_err *err)
{
	struct lab_nl generic = { .fd = -1 };
	int r = inside(k, host, iface->netns, open_generic, &generic, err);

	if (r == 0)
		r = lab_link_finish(&generic, iface->link, ifindex, options, err);
	lab_nl_close(&generic);
	return r;
}

/* ---- a link ---- */

static int make_ports(struct lab_keeper *k, uint32_t host, uint32_t index,
		      struct lab_device_lookup *lookup, struct lab_err *err)
{
	const struct lab_iface *iface = &k->topo->hosts[host].ifaces[index];
	int r = 0;

	for (size_t i = 0; i < iface->n_slaves && r == 0; i++)
		r = lab_device_attach(k, host, index, &iface->slaves[i], err);
	return r < 0 ? r : set_late(k, iface, k->hosts[host].links[index].ifindex, lookup, err);
}

/* The kernel's word for a kind that it does not know is not what helps. */
static int explain_missing(const struct lab_iface *iface, int r, struct lab_err *err)
{
	const struct lab_kind_def *def = lab_kind_get(iface->link);

	if (r != -EOPNOTSUPP || !err)
		return r;
	if (!strstr(err->msg, "Unknown device type"))
		return lab_err_prefix(err, r, "this kernel may lack one of the options: ");
	return lab_err_prefix(err, r,
			      "this kernel lacks links of the kind %s (CONFIG_%s): ", def->name,
			      def->config);
}

static int make_bare(struct lab_keeper *k, uint32_t host, const struct lab_iface *iface,
		     struct lab_link_new *spec, struct lab_err *err)
{
	int r;

	if (iface->link == LAB_LINK_TUN || iface->link == LAB_LINK_TAP)
		return make_tun(k, host, iface, spec, err);
	lab_link_add(&k->conf, spec);
	r = lab_nl_flush(&k->conf, NULL, err);
	if (r < 0)
		return explain_missing(iface, r, err);
	if (!lab_link_needs_finish(iface->link))
		return 0;
	return finish_link(k, host, iface, spec->ifindex, &spec->options, err);
}

static int make_link(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err)
{
	const struct lab_host *h = &k->topo->hosts[host];
	const struct lab_iface *iface = &h->ifaces[index];
	bool ports = lab_kind_get(iface->link)->ports;
	const struct lab_slave *lower = ports || !iface->n_slaves ? NULL : iface->slaves;
	unsigned int from = lower ? h->ifaces[lower->iface].netns : iface->netns;
	struct lab_device_lookup lookup = { k, host, iface->netns };
	cleanup_free struct lab_option *options = NULL;
	struct lab_link_new spec = {
		.kind = iface->link,
		.ifindex = lab_keeper_ifindex(index, true),
		.name = iface->name,
		.mac = iface->mac_given ? iface->mac : NULL,
		.mtu_bytes = iface->mtu_bytes,
		.netns = from == iface->netns
				 ? -1
				 : lab_khost_space(&k->hosts[host], iface->netns)->netns,
		.lower = lower ? k->hosts[host].links[lower->iface].ifindex : 0,
	};
	int r = lab_device_place(k, host, from, err);

	if (r < 0)
		return r;
	options = pick_options(iface, false, &spec.options.n);
	if (!options)
		return lab_err_errno(err, ENOMEM, "options");
	spec.options.v = options;
	spec.options.ifindex_of = lab_device_ifindex_of;
	spec.options.data = &lookup;
	r = make_bare(k, host, iface, &spec, err);
	if (r < 0)
		return r;
	k->hosts[host].links[index].ifindex = spec.ifindex;
	return ports ? make_ports(k, host, index, &lookup, err) : 0;
}

int lab_device_make(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err)
{
	const struct lab_iface *iface = &k->topo->hosts[host].ifaces[index];

	switch (iface->kind) {
	case LAB_IFACE_LINK:
		if (iface->link == LAB_LINK_TEAM)
			return lab_device_make_team(k, host, index, err);
		return make_link(k, host, index, err);
	case LAB_IFACE_OVS_BRIDGE:
		return lab_device_make_ovs(k, host, index, err);
	case LAB_IFACE_ETH:
	case LAB_IFACE_PAIR:
	case LAB_IFACE_OVS_BOND:
	case LAB_IFACE_OVS_TUNNEL:
	case LAB_IFACE_OVS_INTERNAL:
	case LAB_IFACE_KIND_MAX_:
		break;
	}
	return 0;
}

int lab_device_find(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err)
{
	const struct lab_iface *iface = &k->topo->hosts[host].ifaces[index];
	struct lab_link_info info;
	int r = lab_device_place(k, host, iface->netns, err);

	if (r == 0)
		r = lab_link_get(&k->conf, 0, iface->name, &info, err);
	if (r == 0)
		k->hosts[host].links[index].ifindex = info.ifindex;
	return r;
}

/* ---- network emulation ---- */

/* The tables come with iproute2, and the keeper sees no files of the machine: the host reads its own. */
static int read_table(struct lab_keeper *k, uint32_t host, enum lab_netem_dist dist,
		      struct lab_dist_table *ret, struct lab_err *err)
{
	static const char *const names[] = { [LAB_DIST_NORMAL] = "normal",
					     [LAB_DIST_PARETO] = "pareto",
					     [LAB_DIST_PARETONORMAL] = "paretonormal" };
	static const char script[] =
		"for d in /usr/lib/tc /usr/lib/*-linux-gnu/tc /usr/share/tc; do"
		" [ ! -f \"$d/$1.dist\" ] || exec cat \"$d/$1.dist\"; done;"
		" echo \"there is no table $1.dist; install the Debian package iproute2\"; exit 1";
	const char *const argv[] = { "sh", "-c", script, "sh", names[dist], NULL };
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;
	int r = lab_keeper_need_agents(k, host, err);

	if (r == 0)
		r = lab_relay_run(&k->hosts[host], argv, &text, err);
	if (r < 0)
		return lab_err_prefix(err, r, "distribution %s: ", names[dist]);
	r = lab_dist_parse(lab_strbuf_str(&text), ret);
	return r < 0 ? lab_err_errno(err, -r, "distribution %s", names[dist]) : 0;
}

int lab_device_netem(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err)
{
	const struct lab_iface *iface = &k->topo->hosts[host].ifaces[index];
	cleanup_free struct lab_dist_table *table = NULL;
	struct lab_netem netem;
	int r = lab_topo_netem(iface, &netem, err);

	if (r == 0 && netem.dist != LAB_DIST_NONE) {
		table = calloc(1, sizeof(*table));
		r = table ? read_table(k, host, netem.dist, table, err)
			  : lab_err_errno(err, ENOMEM, "distribution");
	}
	if (r == 0)
		r = lab_device_place(k, host, iface->netns, err);
	if (r < 0 || !lab_netem_any(&netem))
		return r;
	lab_qdisc_netem(&k->conf, k->hosts[host].links[index].ifindex, &netem, table);
	r = lab_nl_flush(&k->conf, NULL, err);
	if (r != -ENOENT)
		return r;
	if (err)
		err->code = ENOSYS;
	return lab_err_prefix(err, -ENOSYS, "this kernel lacks the qdisc (CONFIG_NET_SCH_NETEM): ");
}
