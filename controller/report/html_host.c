/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_host.c - what is inside a host in the drawing of a topology, and the table of all addresses */
#include <string.h>

#include "controller/recipe/text.h"
#include "controller/report/html.h"
#include "controller/report/html_topo.h"
#include "controller/report/model.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	NAMES_MAX = 24, /* columns of an interface's name */
	TEXT_MAX = 44,  /* columns of an address, of an id */
};

#define NETNS_INSET 8.0
#define ADDRS_MAX   ((size_t)4)  /* that are drawn of one interface */
#define IFACES_MAX  ((size_t)60) /* that are drawn of one host */

/* --- text --- */

/* The first columns of a text; the rest is said to be missing. */
static const char *cut(const char *text, size_t max, struct lab_strbuf *sb)
{
	size_t n = 0, len;

	lab_strbuf_reset(sb);
	if (ctl_what_columns(text) <= max) {
		lab_strbuf_puts(sb, text);
		return lab_strbuf_str(sb);
	}
	for (; *text && n + 1 < max; text += len) {
		len = LAB_MAX(ctl_utf8_len(text, strnlen(text, 4)), (size_t)1);
		n += len > 2 ? 2 : 1;
		lab_strbuf_add(sb, text, len);
	}
	lab_strbuf_puts(sb, "\xe2\x80\xa6");
	return lab_strbuf_str(sb);
}

void ctl_draw_text(struct ctl_markup *m, const char *class_, double x, double y, const char *text)
{
	cleanup_strbuf struct lab_strbuf part = LAB_STRBUF_INIT;

	ctl_mk_open(m, "text");
	ctl_mk_attr(m, "class", class_);
	ctl_mk_attrf(m, "x", "%.1f", x);
	ctl_mk_attrf(m, "y", "%.1f", y);
	ctl_mk_puts(m, cut(text, TEXT_MAX, &part));
	ctl_mk_close(m);
}

static double text_width(const char *text, size_t max)
{
	return CTL_DRAW_CHAR * (double)LAB_MIN(ctl_what_columns(text), max);
}

static const char *string_in(const json_t *o, const char *key)
{
	const char *text = ctl_model_string(o, key);

	return text ? text : "";
}

static const char *name_of(const json_t *iface)
{
	const char *name = ctl_model_string(iface, "name");

	return name && *name ? name : string_in(iface, "id");
}

/* --- what is said about an interface --- */

static size_t n_ifaces(const json_t *host)
{
	return ctl_at_most(json_array_size(json_object_get(host, "interfaces")), IFACES_MAX);
}

static const json_t *iface_at(const json_t *host, size_t i)
{
	return json_array_get(json_object_get(host, "interfaces"), i);
}

/* "bond of eth0, eth1", "vlan on eth0": "" for a plain Ethernet interface. */
static const char *kind_text(const json_t *iface, struct lab_strbuf *sb)
{
	const char *kind = string_in(iface, "kind"), *slave;
	const json_t *slaves = json_object_get(iface, "slaves");
	size_t i;

	lab_strbuf_reset(sb);
	if (!*kind || strcmp(kind, "eth") == 0)
		return "";
	lab_strbuf_puts(sb, kind);
	for (i = 0; i < json_array_size(slaves); i++) {
		const json_t *one = json_array_get(slaves, i);

		slave = string_in(one, "id");
		lab_strbuf_printf(sb, "%s%s", i ? ", " : " of ", slave);
	}
	return lab_strbuf_str(sb);
}

static size_t n_addrs(const json_t *iface)
{
	return json_array_size(json_object_get(iface, "addresses"));
}

static const char *addr_text(const json_t *iface, size_t i, struct lab_strbuf *sb)
{
	const char *addr =
		json_string_value(json_array_get(json_object_get(iface, "addresses"), i));

	lab_strbuf_reset(sb);
	if (i + 1 == ADDRS_MAX && n_addrs(iface) > ADDRS_MAX)
		lab_strbuf_printf(sb, "and %zu more", n_addrs(iface) - i);
	else
		lab_strbuf_puts(sb, addr ? addr : "");
	return lab_strbuf_str(sb);
}

static size_t n_lines(const json_t *iface)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t n = ctl_at_most(n_addrs(iface), ADDRS_MAX) + (*kind_text(iface, &sb) != '\0');

	return LAB_MAX(n, (size_t)1);
}

static bool is_in(const json_t *iface, const char *netns)
{
	return strcmp(string_in(iface, "netns"), netns) == 0;
}

/* Is it the first interface of a namespace of its own? */
static bool opens_netns(const json_t *host, size_t i)
{
	const char *netns = string_in(iface_at(host, i), "netns");
	size_t k;

	for (k = 0; k < i; k++) {
		if (is_in(iface_at(host, k), netns))
			return false;
	}
	return *netns != '\0';
}

/* --- sizes --- */

static double width_of_lines(const json_t *host, double *ret_names)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	double names = 0, texts = 0, inset = 0;
	size_t i, k;

	for (i = 0; i < n_ifaces(host); i++) {
		const json_t *iface = iface_at(host, i);

		names = LAB_MAX(names, text_width(name_of(iface), NAMES_MAX));
		texts = LAB_MAX(texts, text_width(kind_text(iface, &sb), TEXT_MAX));
		for (k = 0; k < ctl_at_most(n_addrs(iface), ADDRS_MAX); k++)
			texts = LAB_MAX(texts, text_width(addr_text(iface, k, &sb), TEXT_MAX));
		if (*string_in(iface, "netns"))
			inset = NETNS_INSET;
	}
	*ret_names = names;
	return 12 + names + 12 + texts + 2 * inset;
}

static double height_of(const json_t *host)
{
	double h = CTL_DRAW_HEAD + 6;
	size_t i;

	for (i = 0; i < n_ifaces(host); i++) {
		h += CTL_DRAW_LINE * (double)n_lines(iface_at(host, i)) + 3;
		/* Its title, and room around it. */
		if (opens_netns(host, i))
			h += CTL_DRAW_LINE + 16;
	}
	if (json_array_size(json_object_get(host, "interfaces")) > IFACES_MAX)
		h += CTL_DRAW_LINE;
	return h + 5;
}

static void measure_ports(struct ctl_draw *d, size_t index)
{
	struct ctl_draw_host *h = &d->hosts[index];
	double w = 0;
	size_t i, k;

	h->first_port = d->n_ports;
	for (i = 0; i < n_ifaces(h->json) && d->n_ports < CTL_DRAW_PORTS_MAX; i++) {
		const json_t *iface = iface_at(h->json, i);
		const char *label = string_in(iface, "network");

		for (k = 0; k < d->n_nets && strcmp(d->nets[k].label, label) != 0; k++)
			;
		if (k == d->n_nets)
			continue;
		d->ports[d->n_ports] = (struct ctl_draw_port){
			.name = name_of(iface),
			.host = index,
			.net = k,
			.w = text_width(name_of(iface), NAMES_MAX) + 14,
		};
		w += d->ports[d->n_ports++].w + CTL_DRAW_TAB_GAP;
	}
	h->n_ports = d->n_ports - h->first_port;
	if (h->n_ports)
		h->h += CTL_DRAW_TAB;
	h->w = LAB_MAX(h->w, w - CTL_DRAW_TAB_GAP + 2 * CTL_DRAW_PAD);
}

static void measure_host(struct ctl_draw *d, size_t index, const json_t *json)
{
	struct ctl_draw_host *h = &d->hosts[index];
	bool routes = json_is_true(json_object_get(json, "forwarding"));
	double head = 1.25 * text_width(string_in(json, "id"), TEXT_MAX) + (routes ? 60 : 0);

	h->json = json;
	h->w = LAB_MAX(LAB_MAX(width_of_lines(json, &h->names_w), head) + 2 * CTL_DRAW_PAD, 120.0);
	h->h = height_of(json);
	measure_ports(d, index);
}

int ctl_draw_measure(struct ctl_draw *d, const json_t *topology)
{
	const json_t *hosts = json_object_get(topology, "hosts");
	const json_t *nets = json_object_get(topology, "networks");
	size_t i, n_ports = 0;

	d->n_hosts = json_array_size(hosts);
	d->n_nets = json_array_size(nets);
	for (i = 0; i < d->n_hosts; i++)
		n_ports += n_ifaces(json_array_get(hosts, i));
	n_ports = LAB_MIN(n_ports, (size_t)CTL_DRAW_PORTS_MAX);
	d->hosts = calloc(d->n_hosts + 1, sizeof(*d->hosts));
	d->nets = calloc(d->n_nets + 1, sizeof(*d->nets));
	d->ports = calloc(n_ports + 1, sizeof(*d->ports));
	/* Each line has a port of its own. */
	d->lines = calloc(n_ports + 1, sizeof(*d->lines));
	d->rows = calloc(d->n_hosts + 1, sizeof(*d->rows));
	if (!d->hosts || !d->nets || !d->ports || !d->lines || !d->rows)
		return -ENOMEM;
	for (i = 0; i < d->n_nets; i++) {
		const json_t *net = json_array_get(nets, i);

		d->nets[i].label = string_in(net, "label");
		d->nets[i].label_w = text_width(d->nets[i].label, TEXT_MAX) + 14;
		d->nets[i].n_ports = json_array_size(json_object_get(net, "ports"));
	}
	for (i = 0; i < d->n_hosts; i++)
		measure_host(d, i, json_array_get(hosts, i));
	return 0;
}

void ctl_draw_fini(struct ctl_draw *d)
{
	free(d->hosts);
	free(d->nets);
	free(d->ports);
	free(d->lines);
	free(d->rows);
}

/* --- drawing --- */

/* The colour of the network that an interface joins. */
static void put_dot(struct ctl_markup *m, const struct ctl_draw *d, const json_t *iface, double x,
		    double y)
{
	const char *label = string_in(iface, "network");
	size_t k;

	for (k = 0; k < d->n_nets && strcmp(d->nets[k].label, label) != 0; k++)
		;
	ctl_mk_open(m, "circle");
	if (k < d->n_nets)
		ctl_mk_attrf(m, "class", "dot n%zu", k % CTL_DRAW_COLOURS);
	else
		ctl_mk_attr(m, "class", "dot");
	ctl_mk_attrf(m, "cx", "%.1f", x);
	ctl_mk_attrf(m, "cy", "%.1f", y);
	ctl_mk_attr(m, "r", "3.5");
	ctl_mk_close(m);
}

static double put_iface(struct ctl_markup *m, const struct ctl_draw *d,
			const struct ctl_draw_host *h, const json_t *iface, const double at[2])
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT, part = LAB_STRBUF_INIT;
	double x = at[0], y = at[1], text_x = x + 12 + h->names_w + 12;
	size_t i, n = ctl_at_most(n_addrs(iface), ADDRS_MAX);
	const char *kind = kind_text(iface, &sb);

	put_dot(m, d, iface, x + 4, y + 8);
	ctl_draw_text(m, "if", x + 12, y + 12, cut(name_of(iface), NAMES_MAX, &part));
	if (*kind) {
		ctl_draw_text(m, "kind", text_x, y + 12, kind);
		y += CTL_DRAW_LINE;
	}
	for (i = 0; i < n; i++) {
		ctl_draw_text(m, "addr", text_x, y + 12, addr_text(iface, i, &sb));
		y += CTL_DRAW_LINE;
	}
	if (!n && !*kind)
		y += CTL_DRAW_LINE;
	return y + 3;
}

/* A namespace of the host: a box around its interfaces. */
static double put_netns(struct ctl_markup *m, const struct ctl_draw *d,
			const struct ctl_draw_host *h, const char *netns, double y)
{
	cleanup_strbuf struct lab_strbuf title = LAB_STRBUF_INIT;
	double top = y + 4, x = h->x + CTL_DRAW_PAD + NETNS_INSET;
	size_t i;

	lab_strbuf_printf(&title, "netns %s", netns);
	y = top + CTL_DRAW_LINE + 4;
	for (i = 0; i < n_ifaces(h->json); i++) {
		if (is_in(iface_at(h->json, i), netns))
			y = put_iface(m, d, h, iface_at(h->json, i), (const double[]){ x, y });
	}
	ctl_draw_rect(m, "netns", h->x + CTL_DRAW_PAD - 2, top, h->w - 2 * CTL_DRAW_PAD + 4,
		      y - top + 4);
	ctl_draw_text(m, "kind", x, top + 14, lab_strbuf_str(&title));
	return y + 8;
}

static void put_head(struct ctl_markup *m, const struct ctl_draw_host *h, double y)
{
	ctl_draw_rect(m, "box", h->x, y, h->w, h->h);
	ctl_draw_text(m, "id", h->x + CTL_DRAW_PAD, y + 19, string_in(h->json, "id"));
	if (json_is_true(json_object_get(h->json, "forwarding")))
		ctl_draw_text(m, "kind right", h->x + h->w - CTL_DRAW_PAD, y + 18, "router");
	ctl_mk_open(m, "path");
	ctl_mk_attr(m, "class", "rule");
	ctl_mk_attrf(m, "d", "M%.1f %.1fh%.1f", h->x, y + CTL_DRAW_HEAD, h->w);
	ctl_mk_close(m);
}

static void put_tabs(struct ctl_markup *m, const struct ctl_draw *d, const struct ctl_draw_host *h,
		     double bottom)
{
	cleanup_strbuf struct lab_strbuf part = LAB_STRBUF_INIT;
	size_t i;

	for (i = h->first_port; i < h->first_port + h->n_ports; i++) {
		const struct ctl_draw_port *p = &d->ports[i];

		ctl_mk_open(m, "g");
		ctl_mk_attrf(m, "class", "label tab n%zu", p->net % CTL_DRAW_COLOURS);
		ctl_draw_rect(m, NULL, p->x - p->w / 2, bottom - CTL_DRAW_TAB + 4, p->w,
			      CTL_DRAW_TAB - 4);
		ctl_draw_text(m, "mid", p->x, bottom - 5, cut(p->name, NAMES_MAX, &part));
		ctl_mk_close(m);
	}
}

void ctl_draw_host(struct ctl_markup *m, const struct ctl_draw *d, const struct ctl_draw_host *h)
{
	size_t i, total = json_array_size(json_object_get(h->json, "interfaces"));
	double top = d->rows[h->row].y, y = top + CTL_DRAW_HEAD + 6;

	ctl_mk_open(m, "g");
	ctl_mk_attr(m, "class", "host");
	put_head(m, h, top);
	for (i = 0; i < n_ifaces(h->json); i++) {
		const json_t *iface = iface_at(h->json, i);

		if (is_in(iface, ""))
			y = put_iface(m, d, h, iface, (const double[]){ h->x + CTL_DRAW_PAD, y });
	}
	for (i = 0; i < n_ifaces(h->json); i++) {
		if (opens_netns(h->json, i))
			y = put_netns(m, d, h, string_in(iface_at(h->json, i), "netns"), y);
	}
	if (total > IFACES_MAX) {
		cleanup_strbuf struct lab_strbuf more = LAB_STRBUF_INIT;

		lab_strbuf_printf(&more, "and %zu more", total - IFACES_MAX);
		ctl_draw_text(m, "kind", h->x + CTL_DRAW_PAD + 12, y + 12, lab_strbuf_str(&more));
	}
	put_tabs(m, d, h, top + h->h);
	ctl_mk_close(m);
}

/* --- the table --- */

static void put_row(struct ctl_markup *m, const json_t *host, const json_t *iface)
{
	cleanup_strbuf struct lab_strbuf kind = LAB_STRBUF_INIT;
	const char *what = kind_text(iface, &kind);
	size_t i;

	ctl_mk_open(m, "tr");
	ctl_mk_leaf(m, "td", NULL, string_in(host, "id"));
	ctl_mk_open(m, "td");
	ctl_mk_puts(m, name_of(iface));
	if (*string_in(iface, "netns"))
		ctl_mk_printf(m, " in %s", string_in(iface, "netns"));
	ctl_mk_close(m);
	ctl_mk_leaf(m, "td", NULL, *what ? what : string_in(iface, "network"));
	ctl_mk_leaf(m, "td", "mono", string_in(iface, "mac"));
	ctl_mk_open(m, "td");
	ctl_mk_attr(m, "class", "mono");
	for (i = 0; i < n_addrs(iface); i++) {
		if (i)
			ctl_mk_leaf(m, "br", NULL, NULL);
		ctl_mk_puts(m, json_string_value(
				       json_array_get(json_object_get(iface, "addresses"), i)));
	}
	ctl_mk_close(m);
	ctl_mk_close(m);
}

void ctl_draw_table(struct ctl_markup *m, const json_t *topology)
{
	static const char *const heads[] = { "Host", "Interface", "Network", "MAC", "Addresses" };
	const json_t *hosts = json_object_get(topology, "hosts"), *ifaces;
	size_t i, k;

	ctl_mk_open(m, "details");
	ctl_mk_attr(m, "class", "addresses");
	ctl_mk_leaf(m, "summary", NULL, "Interfaces and addresses");
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "scroll");
	ctl_mk_open(m, "table");
	ctl_mk_open(m, "tr");
	for (i = 0; i < LAB_ARRAY_SIZE(heads); i++)
		ctl_mk_leaf(m, "th", NULL, heads[i]);
	ctl_mk_close(m);
	for (i = 0; i < json_array_size(hosts); i++) {
		ifaces = json_object_get(json_array_get(hosts, i), "interfaces");
		for (k = 0; k < json_array_size(ifaces); k++)
			put_row(m, json_array_get(hosts, i), json_array_get(ifaces, k));
	}
	ctl_mk_close(m);
	ctl_mk_close(m);
	ctl_mk_close(m);
}
