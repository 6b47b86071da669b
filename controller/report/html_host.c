/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_host.c - what is inside a host in the drawing of a topology */
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
#define INDENT      14.0 /* of an interface below another */

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

static bool is_in(const json_t *iface, const char *netns)
{
	return strcmp(string_in(iface, "netns"), netns) == 0;
}

/* Is it the first interface of a namespace of its own? */
static bool opens_netns(const struct ctl_draw_host *h, size_t i)
{
	const char *netns = string_in(h->ifaces[i].json, "netns");

	return *netns && (i == 0 || !is_in(h->ifaces[i - 1].json, netns));
}

static size_t n_lines(const json_t *host, const json_t *iface)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t n;

	for (n = 0; ctl_draw_iface_line(host, iface, n, &sb); n++)
		;
	return LAB_MAX(n, (size_t)1);
}

/* --- the head: what the host is --- */

static void add_limits(const json_t *limits, struct lab_strbuf *sb)
{
	const json_t *cpus = json_object_get(limits, "cpus");
	uint64_t bytes = ctl_model_number(limits, "memory");

	if (bytes)
		lab_strbuf_printf(sb, "%.6g MiB", (double)bytes / (1 << 20));
	if (json_is_number(cpus))
		lab_strbuf_printf(sb, "%s%.6g CPU%s", bytes ? ", " : "", json_number_value(cpus),
				  json_number_value(cpus) == 1 ? "" : "s");
}

/* The n-th line below its id; false: there are not so many. */
static bool head_line(const struct ctl_draw_host *h, size_t n, struct lab_strbuf *sb)
{
	const json_t *limits = json_object_get(h->json, "limits");
	const char *backend = string_in(h->json, "backend"), *image = string_in(h->json, "image");

	lab_strbuf_reset(sb);
	if (h->machine && n-- == 0) {
		lab_strbuf_printf(sb, "machine %s", h->machine);
		return true;
	}
	if ((*backend || *image) && n-- == 0) {
		lab_strbuf_printf(sb, "%s%s%s", backend, *backend && *image ? ", " : "", image);
		return true;
	}
	if (json_object_size(limits) && n == 0) {
		add_limits(limits, sb);
		return true;
	}
	return false;
}

static const char *machine_of(const json_t *matched, const char *host)
{
	const json_t *hosts = json_object_get(matched, "hosts");
	size_t i;

	for (i = 0; i < json_array_size(hosts); i++) {
		const json_t *one = json_array_get(hosts, i);

		if (strcmp(string_in(one, "host"), host) == 0)
			return ctl_model_string(one, "machine");
	}
	return NULL;
}

/* --- sizes --- */

static double indent_of(const struct ctl_draw_iface *f)
{
	return INDENT * (double)f->depth;
}

static double width_of_lines(const struct ctl_draw_host *h, double *ret_names)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	double names = 0, texts = 0, inset = 0;
	size_t i, k;

	for (i = 0; i < h->n_ifaces; i++) {
		const json_t *iface = h->ifaces[i].json;

		names = LAB_MAX(names, indent_of(&h->ifaces[i]) +
					       text_width(ctl_draw_iface_name(iface), NAMES_MAX));
		for (k = 0; ctl_draw_iface_line(h->json, iface, k, &sb); k++)
			texts = LAB_MAX(texts, text_width(lab_strbuf_str(&sb), TEXT_MAX));
		if (*string_in(iface, "netns"))
			inset = NETNS_INSET;
	}
	*ret_names = names;
	return 12 + names + 12 + texts + 2 * inset;
}

static double height_of(const struct ctl_draw_host *h)
{
	double height = h->head + 6;
	size_t i;

	for (i = 0; i < h->n_ifaces; i++) {
		height += CTL_DRAW_LINE * (double)n_lines(h->json, h->ifaces[i].json) + 3;
		/* Its title, and room around it. */
		if (opens_netns(h, i))
			height += CTL_DRAW_LINE + 16;
	}
	if (json_array_size(json_object_get(h->json, "interfaces")) > CTL_DRAW_IFACES_MAX)
		height += CTL_DRAW_LINE;
	return height + 5;
}

static void measure_ports(struct ctl_draw *d, size_t index)
{
	struct ctl_draw_host *h = &d->hosts[index];
	double w = 0;
	size_t i, k;

	h->first_port = d->n_ports;
	for (i = 0; i < h->n_ifaces && d->n_ports < CTL_DRAW_PORTS_MAX; i++) {
		const json_t *iface = h->ifaces[i].json;
		const char *label = string_in(iface, "network"), *name = ctl_draw_iface_name(iface);

		for (k = 0; k < d->n_nets && strcmp(d->nets[k].label, label) != 0; k++)
			;
		if (k == d->n_nets)
			continue;
		d->ports[d->n_ports] = (struct ctl_draw_port){
			.name = name,
			.json = iface,
			.host = index,
			.net = k,
			.w = text_width(name, NAMES_MAX) + 14,
		};
		w += d->ports[d->n_ports++].w + CTL_DRAW_TAB_GAP;
	}
	h->n_ports = d->n_ports - h->first_port;
	if (h->n_ports)
		h->h += CTL_DRAW_TAB;
	h->w = LAB_MAX(h->w, w - CTL_DRAW_TAB_GAP + 2 * CTL_DRAW_PAD);
}

static int measure_host(struct ctl_draw *d, size_t index, const json_t *json, const json_t *matched)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct ctl_draw_host *h = &d->hosts[index];
	bool routes = json_is_true(json_object_get(json, "forwarding"));
	double head = 1.25 * text_width(string_in(json, "id"), TEXT_MAX) + (routes ? 60 : 0);
	size_t i;

	h->json = json;
	h->machine = machine_of(matched, string_in(json, "id"));
	h->ifaces = calloc(CTL_DRAW_IFACES_MAX, sizeof(*h->ifaces));
	if (!h->ifaces)
		return -ENOMEM;
	h->n_ifaces = ctl_draw_tree(json, h->ifaces);
	h->head = CTL_DRAW_HEAD;
	for (i = 0; head_line(h, i, &sb); i++) {
		head = LAB_MAX(head, text_width(lab_strbuf_str(&sb), TEXT_MAX));
		h->head += CTL_DRAW_LINE;
	}
	h->w = LAB_MAX(LAB_MAX(width_of_lines(h, &h->names_w), head) + 2 * CTL_DRAW_PAD, 120.0);
	h->h = height_of(h);
	measure_ports(d, index);
	return 0;
}

int ctl_draw_measure(struct ctl_draw *d, const json_t *topology, const json_t *matched)
{
	const json_t *hosts = json_object_get(topology, "hosts");
	const json_t *nets = json_object_get(topology, "networks");
	size_t i, n_ports = 0;
	int r = 0;

	d->n_hosts = json_array_size(hosts);
	d->n_nets = json_array_size(nets);
	for (i = 0; i < d->n_hosts; i++)
		n_ports += json_array_size(json_object_get(json_array_get(hosts, i), "interfaces"));
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
	for (i = 0; i < d->n_hosts && r == 0; i++)
		r = measure_host(d, i, json_array_get(hosts, i), matched);
	return r;
}

void ctl_draw_fini(struct ctl_draw *d)
{
	size_t i;

	for (i = 0; d->hosts && i < d->n_hosts; i++)
		free(d->hosts[i].ifaces);
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

/* From the dot of the one above to its own. */
static void put_branch(struct ctl_markup *m, const struct ctl_draw_host *h,
		       const struct ctl_draw_iface *f, double x)
{
	double from = h->ifaces[f->above].y + 5;

	ctl_mk_open(m, "path");
	ctl_mk_attr(m, "class", "branch");
	ctl_mk_attrf(m, "d", "M%.1f %.1fV%.1fH%.1f", x - INDENT, from, f->y, x - 5);
	ctl_mk_close(m);
}

static double put_iface(struct ctl_markup *m, const struct ctl_draw *d, struct ctl_draw_host *h,
			size_t index, const double at[2])
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT, part = LAB_STRBUF_INIT;
	struct ctl_draw_iface *f = &h->ifaces[index];
	double x = at[0] + indent_of(f), y = at[1], text_x = at[0] + 12 + h->names_w + 12;
	const char *class_;
	size_t n;

	f->y = y + 8;
	if (f->above != CTL_DRAW_NONE)
		put_branch(m, h, f, x + 4);
	put_dot(m, d, f->json, x + 4, f->y);
	ctl_draw_text(m, "if", x + 12, y + 12, cut(ctl_draw_iface_name(f->json), NAMES_MAX, &part));
	for (n = 0; (class_ = ctl_draw_iface_line(h->json, f->json, n, &sb)) || n == 0; n++) {
		if (class_)
			ctl_draw_text(m, class_, text_x, y + 12, lab_strbuf_str(&sb));
		y += CTL_DRAW_LINE;
	}
	return y + 3;
}

/* The namespace of an interface that is the first of it: a box around those that follow. */
static double put_netns(struct ctl_markup *m, const struct ctl_draw *d, struct ctl_draw_host *h,
			size_t index, double y)
{
	cleanup_strbuf struct lab_strbuf title = LAB_STRBUF_INIT;
	double top = y + 4, x = h->x + CTL_DRAW_PAD + NETNS_INSET;
	const char *netns = string_in(h->ifaces[index].json, "netns");
	size_t i;

	lab_strbuf_printf(&title, "netns %s", netns);
	y = top + CTL_DRAW_LINE + 4;
	for (i = index; i < h->n_ifaces && is_in(h->ifaces[i].json, netns); i++)
		y = put_iface(m, d, h, i, (const double[]){ x, y });
	ctl_draw_rect(m, "netns", h->x + CTL_DRAW_PAD - 2, top, h->w - 2 * CTL_DRAW_PAD + 4,
		      y - top + 4);
	ctl_draw_text(m, "kind", x, top + 14, lab_strbuf_str(&title));
	return y + 8;
}

static void put_head(struct ctl_markup *m, const struct ctl_draw_host *h, double y)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;

	ctl_draw_rect(m, "box", h->x, y, h->w, h->h);
	ctl_draw_text(m, "id", h->x + CTL_DRAW_PAD, y + 19, string_in(h->json, "id"));
	if (json_is_true(json_object_get(h->json, "forwarding")))
		ctl_draw_text(m, "kind right", h->x + h->w - CTL_DRAW_PAD, y + 18, "router");
	for (i = 0; head_line(h, i, &sb); i++)
		ctl_draw_text(m, "kind", h->x + CTL_DRAW_PAD,
			      y + 20 + CTL_DRAW_LINE * (double)(i + 1), lab_strbuf_str(&sb));
	ctl_mk_open(m, "path");
	ctl_mk_attr(m, "class", "rule");
	ctl_mk_attrf(m, "d", "M%.1f %.1fh%.1f", h->x, y + h->head, h->w);
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

void ctl_draw_host(struct ctl_markup *m, const struct ctl_draw *d, struct ctl_draw_host *h)
{
	size_t i, total = json_array_size(json_object_get(h->json, "interfaces"));
	double top = d->rows[h->row].y, y = top + h->head + 6;

	ctl_mk_open(m, "g");
	ctl_mk_attr(m, "class", "host");
	put_head(m, h, top);
	for (i = 0; i < h->n_ifaces; i++) {
		if (is_in(h->ifaces[i].json, ""))
			y = put_iface(m, d, h, i, (const double[]){ h->x + CTL_DRAW_PAD, y });
		else if (opens_netns(h, i))
			y = put_netns(m, d, h, i, y);
	}
	if (total > CTL_DRAW_IFACES_MAX) {
		cleanup_strbuf struct lab_strbuf more = LAB_STRBUF_INIT;

		lab_strbuf_printf(&more, "and %zu more", total - CTL_DRAW_IFACES_MAX);
		ctl_draw_text(m, "kind", h->x + CTL_DRAW_PAD + 12, y + 12, lab_strbuf_str(&more));
	}
	put_tabs(m, d, h, top + h->h);
	ctl_mk_close(m);
}
