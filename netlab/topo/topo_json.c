/* SPDX-License-Identifier: GPL-2.0-or-later */
/* topo_json.c - a topology as JSON */
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/topo/internal.h"

enum { PEERS_MAX = 16 }; /* ports of a network whose interfaces name their peers */

/* The ports of all networks, in the order of their numbers, one network after the other. */
struct port {
	const struct lab_host *host;
	const struct lab_iface *iface;
};

struct ports {
	struct port *all;
	size_t *first; /* by network: its first port in @all */
};

static void free_ports(struct ports *ports)
{
	free(ports->all);
	free(ports->first);
}

static int list_ports(const struct lab_topo *topo, struct ports *ports)
{
	size_t n, h, i, total = 0;

	ports->first = calloc(topo->n_networks + 1, sizeof(*ports->first));
	if (!ports->first)
		return -ENOMEM;
	for (n = 0; n < topo->n_networks; n++) {
		ports->first[n] = total;
		total += topo->networks[n].n_ports;
	}
	ports->all = calloc(total + 1, sizeof(*ports->all));
	if (!ports->all)
		return -ENOMEM;
	for (h = 0; h < topo->n_hosts; h++) {
		for (i = 0; i < topo->hosts[h].n_ifaces; i++) {
			const struct lab_iface *iface = &topo->hosts[h].ifaces[i];

			if (iface->network != LAB_NETWORK_NONE)
				ports->all[ports->first[iface->network] + iface->port] =
					(struct port){ .host = &topo->hosts[h], .iface = iface };
		}
	}
	return 0;
}

static int set_string(json_t *obj, const char *key, const char *value)
{
	return json_object_set_new(obj, key, json_string(value));
}

/* @r as the calls before left it; hands @obj on only when none failed. */
static json_t *done(json_t *obj, int r)
{
	if (r < 0) {
		json_decref(obj);
		return NULL;
	}
	return obj;
}

/* [{"host", "iface"}] of a network, @except aside. */
static json_t *ports_to_json(const struct lab_network *net, const struct port *ports,
			     const struct lab_iface *except)
{
	json_t *list = json_array();
	unsigned int i;
	int r = 0;

	for (i = 0; i < net->n_ports; i++) {
		json_t *port;

		/* One that was taken away is no port any more. */
		if (!ports[i].iface || ports[i].iface == except)
			continue;
		port = json_object();
		r |= set_string(port, "host", ports[i].host->id);
		r |= set_string(port, "iface", ports[i].iface->id);
		r |= json_array_append_new(list, port);
	}
	return done(list, r);
}

static json_t *networks_to_json(const struct lab_topo *topo, const struct ports *ports)
{
	json_t *list = json_array();
	size_t n;
	int r = 0;

	for (n = 0; n < topo->n_networks; n++) {
		const struct lab_network *net = &topo->networks[n];
		json_t *obj = json_object();

		r |= set_string(obj, "label", net->label);
		r |= json_object_set_new(obj, "ports",
					 ports_to_json(net, &ports->all[ports->first[n]], NULL));
		r |= json_array_append_new(list, obj);
	}
	return done(list, r);
}

static json_t *addrs_to_json(const struct lab_iface *iface)
{
	json_t *list = json_array();
	char text[LAB_ADDR_STRLEN];
	int r = 0;
	size_t i;

	for (i = 0; i < iface->n_addrs; i++)
		r |= json_array_append_new(list, json_string(lab_addr_format(&iface->addrs[i], true,
									     text)));
	return done(list, r);
}

static json_t *options_to_json(const struct lab_option *options, size_t n)
{
	json_t *list = json_array();
	size_t i;
	int r = 0;

	for (i = 0; i < n; i++) {
		json_t *obj = json_object();

		r |= set_string(obj, "name", options[i].name);
		r |= set_string(obj, "value", options[i].value);
		r |= json_array_append_new(list, obj);
	}
	return done(list, r);
}

static json_t *slaves_to_json(const struct lab_host *host, const struct lab_iface *iface)
{
	json_t *list = json_array();
	size_t i;
	int r = 0;

	for (i = 0; i < iface->n_slaves; i++) {
		const struct lab_slave *slave = &iface->slaves[i];
		json_t *obj = json_object();

		r |= set_string(obj, "id", host->ifaces[slave->iface].id);
		if (slave->n_options)
			r |= json_object_set_new(obj, "options",
						 options_to_json(slave->options, slave->n_options));
		r |= json_array_append_new(list, obj);
	}
	return done(list, r);
}

/* "delay.time" becomes {"delay": {"time"}}. */
static json_t *netem_to_json(const struct lab_iface *iface)
{
	json_t *obj = json_object();
	size_t i;
	int r = 0;

	for (i = 0; i < iface->n_netem && r == 0; i++) {
		const char *name = iface->netem[i].name, *dot = strchr(name, '.');
		char section[LAB_TOPO_QUOTE_LEN];
		json_t *in;

		(void)snprintf(section, sizeof(section), "%.*s", (int)(dot ? dot - name : 0), name);
		in = json_object_get(obj, section);
		if (!in) {
			in = json_object();
			r = json_object_set_new(obj, section, in);
		}
		if (r == 0)
			r = set_string(in, dot ? dot + 1 : name, iface->netem[i].value);
	}
	return done(obj, r);
}

/* What only few interfaces have. */
static int set_device(json_t *obj, const struct lab_host *host, const struct lab_iface *iface)
{
	int r = 0;

	if (iface->netns)
		r |= set_string(obj, "netns", host->netns[iface->netns - 1]);
	if (iface->n_options)
		r |= json_object_set_new(obj, "options",
					 options_to_json(iface->options, iface->n_options));
	if (iface->n_slaves)
		r |= json_object_set_new(obj, "slaves", slaves_to_json(host, iface));
	if (iface->master != LAB_IFACE_NONE)
		r |= set_string(obj, "master", host->ifaces[iface->master].id);
	if (iface->peer != LAB_IFACE_NONE)
		r |= set_string(obj, "peer", host->ifaces[iface->peer].id);
	if (iface->n_netem)
		r |= json_object_set_new(obj, "netem", netem_to_json(iface));
	return r;
}

/* The other ends, where they are not too many. */
static int set_peers(json_t *obj, const struct lab_topo *topo, const struct ports *ports,
		     const struct lab_iface *iface)
{
	const struct lab_network *net;

	if (iface->network == LAB_NETWORK_NONE)
		return 0;
	net = &topo->networks[iface->network];
	if (net->n_ports > PEERS_MAX)
		return 0;
	return json_object_set_new(
		obj, "peers", ports_to_json(net, &ports->all[ports->first[iface->network]], iface));
}

static json_t *iface_to_json(const struct lab_topo *topo, const struct ports *ports,
			     const struct lab_host *host, const struct lab_iface *iface)
{
	unsigned int mtu = iface->mtu_bytes ? iface->mtu_bytes : LAB_TOPO_MTU_DEFAULT;
	json_t *obj = json_object();
	char mac[LAB_MAC_STRLEN];
	int r;

	r = set_string(obj, "id", iface->id);
	r |= set_string(obj, "name", iface->name);
	r |= set_string(obj, "kind", lab_iface_kind_name(iface));
	if (iface->network == LAB_NETWORK_NONE)
		r |= json_object_set_new(obj, "network", json_null());
	else
		r |= set_string(obj, "network", topo->networks[iface->network].label);
	r |= set_string(obj, "mac", lab_mac_format(iface->mac, mac));
	r |= json_object_set_new(obj, "mtu", json_integer(mtu));
	r |= json_object_set_new(obj, "addresses", addrs_to_json(iface));
	r |= set_peers(obj, topo, ports, iface);
	r |= set_device(obj, host, iface);
	return done(obj, r);
}

static json_t *ifaces_to_json(const struct lab_topo *topo, const struct ports *ports,
			      const struct lab_host *host)
{
	json_t *list = json_array();
	int r = 0;
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		if (*host->ifaces[i].id) /* one that was taken away has none */
			r |= json_array_append_new(list, iface_to_json(topo, ports, host,
								       &host->ifaces[i]));
	}
	return done(list, r);
}

static json_t *routes_to_json(const struct lab_host *host)
{
	json_t *list = json_array();
	char text[LAB_ADDR_STRLEN];
	int r = 0;
	size_t i;

	for (i = 0; i < host->n_routes; i++) {
		json_t *obj = json_object();

		r |= set_string(obj, "to", lab_addr_format(&host->routes[i].dst, true, text));
		r |= set_string(obj, "via", lab_addr_format(&host->routes[i].via, false, text));
		r |= json_array_append_new(list, obj);
	}
	return done(list, r);
}

static json_t *limits_to_json(const struct lab_limits *limits)
{
	json_t *obj = json_object();
	int r = 0;

	if (limits->memory_bytes)
		r |= json_object_set_new(obj, "memory",
					 json_integer((json_int_t)limits->memory_bytes));
	if (limits->cpus_milli)
		r |= json_object_set_new(obj, "cpus", json_real(limits->cpus_milli / 1000.0));
	return done(obj, r);
}

static json_t *netns_to_json(const struct lab_host *host)
{
	json_t *list = json_array();
	size_t i;
	int r = 0;

	for (i = 0; i < host->n_netns; i++)
		r |= json_array_append_new(list, json_string(host->netns[i]));
	return done(list, r);
}

static json_t *hosts_to_json(const struct lab_topo *topo, const struct ports *ports)
{
	json_t *list = json_array();
	size_t h;
	int r = 0;

	for (h = 0; h < topo->n_hosts; h++) {
		const struct lab_host *host = &topo->hosts[h];
		json_t *obj;

		/* One that was deleted. */
		if (!*host->id)
			continue;
		obj = json_object();
		r |= set_string(obj, "id", host->id);
		r |= json_object_set_new(obj, "forwarding", json_boolean(host->forwarding));
		if (lab_limits_controllers(&host->limits))
			r |= json_object_set_new(obj, "limits", limits_to_json(&host->limits));
		if (host->backend)
			r |= set_string(obj, "backend", host->backend);
		if (host->image)
			r |= set_string(obj, "image", host->image);
		if (host->n_settings)
			r |= json_object_set_new(obj, "settings",
						 options_to_json(host->settings, host->n_settings));
		if (host->n_netns)
			r |= json_object_set_new(obj, "netns", netns_to_json(host));
		r |= json_object_set_new(obj, "interfaces", ifaces_to_json(topo, ports, host));
		r |= json_object_set_new(obj, "routes", routes_to_json(host));
		r |= json_array_append_new(list, obj);
	}
	return done(list, r);
}

json_t *lab_topo_to_json(const struct lab_topo *topo)
{
	struct ports ports = { 0 };
	json_t *obj = NULL;
	int r;

	r = list_ports(topo, &ports);
	if (!r) {
		obj = json_object();
		r = set_string(obj, "name", topo->name);
		r |= json_object_set_new(obj, "networks", networks_to_json(topo, &ports));
		r |= json_object_set_new(obj, "hosts", hosts_to_json(topo, &ports));
	}
	free_ports(&ports);
	return done(obj, r);
}
