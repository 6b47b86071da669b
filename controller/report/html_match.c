/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_match.c - the tables below the drawing of a topology: machines of a pool, interfaces and addresses */
#include <string.h>

#include "controller/report/html_topo.h"
#include "controller/report/model.h"
#include "netlab/base/util.h"

enum { OPEN_MAX = 10 }; /* hosts whose machines are shown from the beginning */

static const char *string_in(const json_t *o, const char *key)
{
	const char *text = ctl_model_string(o, key);

	return text ? text : "";
}

/* --- a table --- */

static void open_table(struct ctl_markup *m, const char *class_, const char *title,
		       const char *const *heads, bool unfolded)
{
	ctl_mk_open(m, "details");
	ctl_mk_attrf(m, "class", "addresses %s", class_);
	if (unfolded)
		ctl_mk_attr(m, "open", "");
	ctl_mk_leaf(m, "summary", NULL, title);
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "scroll");
	ctl_mk_attr(m, "tabindex", "0");
	ctl_mk_open(m, "table");
	ctl_mk_open(m, "tr");
	for (; *heads; heads++)
		ctl_mk_leaf(m, "th", NULL, *heads);
	ctl_mk_close(m);
}

static void close_table(struct ctl_markup *m)
{
	ctl_mk_close(m);
	ctl_mk_close(m);
	ctl_mk_close(m);
}

/* --- machines of a pool --- */

/* What the recipe asked for, and the machine has; one on each line. */
static void put_params(struct ctl_markup *m, const json_t *params)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	ctl_mk_open(m, "td");
	if (!json_object_size(params))
		ctl_mk_leaf(m, "span", "dim", "any will do");
	json_object_foreach((json_t *)params, name, value) {
		if (n++)
			ctl_mk_leaf(m, "br", NULL, NULL);
		ctl_mk_printf(m, "%s = ", name);
		ctl_mk_puts(m, json_string_value(value));
	}
	ctl_mk_close(m);
}

static void put_nic(struct ctl_markup *m, const json_t *host, const json_t *nic)
{
	ctl_mk_open(m, "tr");
	ctl_mk_leaf(m, "td", NULL, string_in(host, "host"));
	ctl_mk_leaf(m, "td", NULL, string_in(nic, "interface"));
	ctl_mk_open(m, "td");
	ctl_mk_printf(m, "NIC %s", string_in(nic, "nic"));
	ctl_mk_close(m);
	put_params(m, json_object_get(nic, "params"));
	ctl_mk_open(m, "td");
	ctl_mk_printf(m, "%s = ", string_in(nic, "label"));
	ctl_mk_puts(m, string_in(nic, "network"));
	ctl_mk_close(m);
	ctl_mk_leaf(m, "td", "mono", string_in(nic, "hwaddr"));
	ctl_mk_close(m);
}

void ctl_draw_match(struct ctl_markup *m, const json_t *matched)
{
	static const char *const heads[] = { "Host",    "Interface", "Is", "Because",
					     "Network", "MAC",       NULL };
	const json_t *hosts = json_object_get(matched, "hosts"), *nics;
	cleanup_strbuf struct lab_strbuf title = LAB_STRBUF_INIT;
	size_t i, k;

	lab_strbuf_printf(&title, "Machines of pool %s", string_in(matched, "pool"));
	open_table(m, "match", lab_strbuf_str(&title), heads, json_array_size(hosts) <= OPEN_MAX);
	for (i = 0; i < json_array_size(hosts); i++) {
		const json_t *host = json_array_get(hosts, i);

		ctl_mk_open(m, "tr");
		ctl_mk_attr(m, "class", "first");
		ctl_mk_leaf(m, "td", NULL, string_in(host, "host"));
		ctl_mk_leaf(m, "td", NULL, NULL);
		ctl_mk_leaf(m, "td", NULL, string_in(host, "machine"));
		put_params(m, json_object_get(host, "params"));
		ctl_mk_leaf(m, "td", NULL, NULL);
		ctl_mk_leaf(m, "td", NULL, NULL);
		ctl_mk_close(m);
		nics = json_object_get(host, "interfaces");
		for (k = 0; k < json_array_size(nics); k++)
			put_nic(m, host, json_array_get(nics, k));
	}
	close_table(m);
}

/* --- interfaces and addresses --- */

static void put_addresses(struct ctl_markup *m, const json_t *addrs)
{
	size_t i;

	ctl_mk_open(m, "td");
	ctl_mk_attr(m, "class", "mono");
	for (i = 0; i < json_array_size(addrs); i++) {
		if (i)
			ctl_mk_leaf(m, "br", NULL, NULL);
		ctl_mk_puts(m, json_string_value(json_array_get(addrs, i)));
	}
	ctl_mk_close(m);
}

static void put_iface(struct ctl_markup *m, const json_t *host, const json_t *iface)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	ctl_mk_open(m, "tr");
	ctl_mk_leaf(m, "td", NULL, string_in(host, "id"));
	ctl_mk_open(m, "td");
	ctl_mk_puts(m, ctl_draw_iface_name(iface));
	if (*string_in(iface, "netns"))
		ctl_mk_printf(m, " in %s", string_in(iface, "netns"));
	ctl_mk_close(m);
	ctl_draw_iface_what(host, iface, &sb);
	ctl_mk_open(m, "td");
	ctl_mk_puts(m, string_in(iface, "network"));
	if (*string_in(iface, "network") && sb.len)
		ctl_mk_puts(m, ", ");
	ctl_mk_puts(m, lab_strbuf_str(&sb));
	ctl_mk_close(m);
	ctl_draw_iface_netem(iface, &sb);
	ctl_mk_leaf(m, "td", NULL, lab_strbuf_str(&sb));
	ctl_mk_leaf(m, "td", "mono", string_in(iface, "mac"));
	put_addresses(m, json_object_get(iface, "addresses"));
	ctl_mk_close(m);
}

void ctl_draw_table(struct ctl_markup *m, const json_t *topology)
{
	static const char *const heads[] = { "Host",  "Interface", "Network, kind",
					     "Netem", "MAC",       "Addresses",
					     NULL };
	const json_t *hosts = json_object_get(topology, "hosts"), *ifaces;
	size_t i, k;

	open_table(m, "ifaces", "Interfaces and addresses", heads, false);
	for (i = 0; i < json_array_size(hosts); i++) {
		ifaces = json_object_get(json_array_get(hosts, i), "interfaces");
		for (k = 0; k < json_array_size(ifaces); k++)
			put_iface(m, json_array_get(hosts, i), json_array_get(ifaces, k));
	}
	close_table(m);
}
