/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device_team.c - teams: teamd makes the link and looks after its ports */
#include <string.h>

#include "netlab/keeper/device.h"
#include "netlab/nl/link.h"
#include "netlab/rpc/json.h"

/* A text of the recipe that is to be a JSON object; "" = an empty one. New reference. */
static json_t *parse_config(const char *name, const char *text, struct lab_err *err)
{
	json_error_t je;
	json_t *config = text && *text ? json_loads(text, JSON_REJECT_DUPLICATES, &je)
				       : json_object();

	if (json_is_object(config))
		return config;
	(void)lab_err_set(err, EINVAL, "option %s: %s", name,
			  config ? "not a JSON object" : je.text);
	json_decref(config);
	return NULL;
}

static const char *option_of(const struct lab_option *options, size_t n, const char *name)
{
	while (n-- > 0)
		if (strcmp(options[n].name, name) == 0)
			return options[n].value;
	return NULL;
}

/* {"eth1": {...}, ...}; new reference. */
static json_t *make_ports(const struct lab_host *h, const struct lab_iface *iface,
			  struct lab_err *err)
{
	cleanup_json json_t *ports = json_object();

	for (size_t i = 0; i < iface->n_slaves; i++) {
		const struct lab_slave *slave = &iface->slaves[i];
		json_t *port = parse_config(
			"teamd_port_config",
			option_of(slave->options, slave->n_options, "teamd_port_config"), err);

		if (!port) {
			(void)lab_err_at(err, -EINVAL, &slave->src);
			return NULL;
		}
		if (json_object_set_new(ports, h->ifaces[slave->iface].name, port) < 0)
			return NULL;
	}
	return json_incref(ports);
}

/* What teamd is told: the recipe's own words, with the device and the ports. New text. */
static char *make_config(const struct lab_host *h, const struct lab_iface *iface,
			 struct lab_err *err)
{
	cleanup_json json_t *config = parse_config(
		"teamd_config", option_of(iface->options, iface->n_options, "teamd_config"), err);
	char mac[LAB_MAC_STRLEN];
	json_t *ports;

	if (!config)
		return NULL;
	ports = make_ports(h, iface, err);
	if (!ports)
		return NULL;
	(void)json_object_set_new(config, "device", json_string(iface->name));
	(void)json_object_set_new(config, "ports", ports);
	if (iface->mac_given)
		(void)json_object_set_new(config, "hwaddr",
					  json_string(lab_mac_format(iface->mac, mac)));
	return json_dumps(config, JSON_COMPACT);
}

static int set_mtu(struct lab_keeper *k, const struct lab_iface *iface, int ifindex,
		   struct lab_err *err)
{
	const struct lab_link_change change = { .ifindex = ifindex,
						.mtu_bytes = iface->mtu_bytes,
						.netns = -1 };

	if (!iface->mtu_bytes)
		return 0;
	lab_link_set(&k->conf, &change);
	return lab_nl_flush(&k->conf, NULL, err);
}

int lab_device_make_team(struct lab_keeper *k, uint32_t host, uint32_t index, struct lab_err *err)
{
	const struct lab_host *h = &k->topo->hosts[host];
	const struct lab_iface *iface = &h->ifaces[index];
	struct lab_khost *space = lab_khost_space(&k->hosts[host], iface->netns);
	cleanup_free char *config = make_config(h, iface, err);
	/* Its folder is not there in an empty /run. It goes to the background when the team is there. */
	const char *const argv[] = { "sh", "-c",   "mkdir -p /run/teamd && exec teamd -d -c \"$1\"",
				     "sh", config, NULL };
	int r;

	if (!config)
		return -EINVAL;
	r = lab_keeper_need_agents(k, host, err);
	if (r == 0)
		r = lab_relay_run(space, argv, NULL, err);
	if (r == -EINVAL && err && strstr(err->msg, "not supported")) {
		err->code = ENOSYS;
		return lab_err_prefix(err, -ENOSYS,
				      "this kernel may lack CONFIG_NET_TEAM: teamd: ");
	}
	if (r < 0)
		return lab_err_prefix(err, r, "teamd: ");
	r = lab_device_find(k, host, index, err);
	return r < 0 ? r : set_mtu(k, iface, k->hosts[host].links[index].ifindex, err);
}
