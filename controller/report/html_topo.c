/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_topo.c - the topology of the HTML page, drawn: hosts in rows, networks as lines below them */
#include <string.h>

#include "controller/report/html.h"
#include "controller/report/html_topo.h"
#include "netlab/base/util.h"

#define LABEL_STEP 12.0 /* between places where a label may be */
#define ANY_WIDTH  1e9

/* --- rows, boxes, ports --- */

static void place_row(struct ctl_draw *d, size_t row)
{
	double x = d->margin;
	size_t i;

	for (i = 0; i < d->n_hosts; i++) {
		struct ctl_draw_host *h = &d->hosts[i];

		if (h->row != row)
			continue;
		h->x = x;
		x += h->w + CTL_DRAW_GAP;
		d->rows[row].h = LAB_MAX(d->rows[row].h, h->h);
		d->width = LAB_MAX(d->width, x);
	}
}

static double total_width(const struct ctl_draw *d)
{
	double total = 0;
	size_t i;

	for (i = 0; i < d->n_hosts; i++)
		total += d->hosts[i].w + CTL_DRAW_GAP;
	return total;
}

/* Hosts of about one width get the same one, so that they stand in columns as well; not where they stand in one row without. */
static void align_widths(struct ctl_draw *d)
{
	double most = 0, fits = total_width(d) <= d->limit ? d->limit : ANY_WIDTH;
	size_t i;

	for (i = 0; i < d->n_hosts; i++)
		most = LAB_MAX(most, d->hosts[i].w);
	for (i = 0; i < d->n_hosts; i++) {
		if (d->hosts[i].w > 0.6 * most && total_width(d) + most - d->hosts[i].w <= fits)
			d->hosts[i].w = most;
	}
}

/* As few rows as the width allows, each with about as many hosts as the others. */
static void choose_rows(struct ctl_draw *d, double width)
{
	double total = total_width(d), x = 0, limit;
	size_t i, n;

	n = (size_t)(total / width) + 1;
	limit = LAB_MIN(width, total / (double)n + d->hosts[0].w / 2);
	d->n_rows = 1;
	for (i = 0; i < d->n_hosts; i++) {
		if (x > 0 && x + d->hosts[i].w > limit) {
			d->n_rows++;
			x = 0;
		}
		d->hosts[i].row = d->n_rows - 1;
		x += d->hosts[i].w + CTL_DRAW_GAP;
	}
}

static void place_ports(struct ctl_draw *d)
{
	size_t i, k;

	for (i = 0; i < d->n_hosts; i++) {
		const struct ctl_draw_host *h = &d->hosts[i];
		double x = h->x + CTL_DRAW_PAD;

		for (k = h->first_port; k < h->first_port + h->n_ports; k++) {
			d->ports[k].x = x + d->ports[k].w / 2;
			x += d->ports[k].w + CTL_DRAW_TAB_GAP;
		}
	}
}

/* --- the lines of a network --- */

/* Where a network has ports in a row, and how far the line goes for them. */
static bool span_of(const struct ctl_draw *d, size_t net, size_t row, double *ret_from,
		    double *ret_to)
{
	bool found = false;
	size_t i;

	for (i = 0; i < d->n_ports; i++) {
		const struct ctl_draw_port *p = &d->ports[i];

		if (p->net != net || d->hosts[p->host].row != row)
			continue;
		*ret_from = found ? LAB_MIN(*ret_from, p->x) : p->x;
		*ret_to = found ? LAB_MAX(*ret_to, p->x) : p->x;
		found = true;
	}
	return found;
}

static void add_line(struct ctl_draw *d, size_t net, size_t row)
{
	struct ctl_draw_line *l = &d->lines[d->n_lines];
	double half = d->nets[net].label_w / 2, mid;

	if (!span_of(d, net, row, &l->from, &l->to))
		return;
	l->net = net;
	l->row = row;
	mid = (l->from + l->to) / 2;
	/* A short line has its label beside it: it must fit as well. */
	l->label_x = LAB_MAX(mid, half + CTL_DRAW_PAD + d->margin);
	if (d->nets[net].trunk_x > 0)
		l->from = d->nets[net].trunk_x;
	l->left = LAB_MIN(l->from, l->label_x - half);
	l->right = LAB_MAX(l->to, l->label_x + half);
	d->width = LAB_MAX(d->width, l->right + CTL_DRAW_PAD);
	d->n_lines++;
}

/* The first track of the row in which nothing is where the line goes. */
static void choose_track(struct ctl_draw *d, size_t index)
{
	struct ctl_draw_line *l = &d->lines[index];
	bool taken = true;
	size_t i;

	for (l->track = 0; taken; l->track += taken) {
		taken = false;
		for (i = 0; i < index && !taken; i++) {
			const struct ctl_draw_line *o = &d->lines[i];

			taken = o->row == l->row && o->track == l->track &&
				o->left < l->right + CTL_DRAW_TAB_GAP &&
				l->left < o->right + CTL_DRAW_TAB_GAP;
		}
	}
	d->rows[l->row].n_tracks = LAB_MAX(d->rows[l->row].n_tracks, l->track + 1);
}

/* Do lines that go down from ports of other networks pass through a label at x? */
static unsigned int crossings(const struct ctl_draw *d, const struct ctl_draw_line *l, double x)
{
	double half = d->nets[l->net].label_w / 2 + 2;
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < d->n_ports; i++) {
		const struct ctl_draw_port *p = &d->ports[i];

		n += d->hosts[p->host].row == l->row && p->x > x - half && p->x < x + half;
	}
	return n;
}

/* Move the label along its line to where it covers the fewest lines of others. */
static void place_label(struct ctl_draw *d, struct ctl_draw_line *l)
{
	double half = d->nets[l->net].label_w / 2, from = LAB_MAX(l->from, d->margin) + half + 8;
	double best = l->label_x, x;
	unsigned int i, n, least = crossings(d, l, best);

	for (i = 0; least && from + LABEL_STEP * i < l->to - half - 8; i++) {
		x = from + LABEL_STEP * i;
		n = crossings(d, l, x);
		if (n < least) {
			least = n;
			best = x;
		}
	}
	l->label_x = best;
}

/* Networks with ports in several rows are connected at the left, each at its own distance. */
static void choose_trunks(struct ctl_draw *d)
{
	double from, to, x = CTL_DRAW_PAD;
	size_t net, row, n;

	for (net = 0; net < d->n_nets; net++) {
		for (row = 0, n = 0; row < d->n_rows; row++)
			n += span_of(d, net, row, &from, &to);
		d->nets[net].trunk_x = 0;
		if (n > 1) {
			d->nets[net].trunk_x = x;
			x += CTL_DRAW_TRUNK;
		}
	}
	d->margin = x > CTL_DRAW_PAD ? x + CTL_DRAW_PAD : CTL_DRAW_PAD / 2.0;
}

static void place(struct ctl_draw *d)
{
	double y = CTL_DRAW_PAD / 2.0;
	size_t i, net;

	align_widths(d);
	choose_rows(d, d->limit);
	choose_trunks(d);
	/* The lines at the left take some of the width, so there may be more rows than that. */
	choose_rows(d, LAB_MAX(d->limit - d->margin, d->limit / 2));
	choose_trunks(d);
	for (i = 0; i < d->n_rows; i++)
		place_row(d, i);
	place_ports(d);
	for (i = 0; i < d->n_rows; i++) {
		for (net = 0; net < d->n_nets; net++)
			add_line(d, net, i);
	}
	for (i = 0; i < d->n_lines; i++)
		choose_track(d, i);
	for (i = 0; i < d->n_lines; i++)
		place_label(d, &d->lines[i]);
	for (i = 0; i < d->n_rows; i++) {
		d->rows[i].y = y;
		y += d->rows[i].h + CTL_DRAW_GUTTER + CTL_DRAW_TRACK * (double)d->rows[i].n_tracks;
	}
	d->height = y;
}

/* --- drawing --- */

static double y_of(const struct ctl_draw *d, const struct ctl_draw_line *l)
{
	return d->rows[l->row].y + d->rows[l->row].h + CTL_DRAW_GUTTER / 2.0 +
	       CTL_DRAW_TRACK * ((double)l->track + 0.5);
}

static void put_path(struct ctl_markup *m, double x1, double y1, double x2, double y2)
{
	ctl_mk_open(m, "path");
	ctl_mk_attrf(m, "d", "M%.1f %.1fL%.1f %.1f", x1, y1, x2, y2);
	ctl_mk_close(m);
}

/* What an interface does to packets that leave it: a mark on its line. */
static void put_netem(struct ctl_markup *m, const struct ctl_draw_port *p, double y)
{
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;

	ctl_draw_iface_netem(p->json, &text);
	if (!text.len)
		return;
	ctl_mk_open(m, "path");
	ctl_mk_attr(m, "class", "mark");
	ctl_mk_attrf(m, "d", "M%.1f %.1fl5 5l-5 5l-5 -5z", p->x, y + 3);
	ctl_mk_leaf(m, "title", NULL, lab_strbuf_str(&text));
	ctl_mk_close(m);
}

static void put_drop(struct ctl_markup *m, const struct ctl_draw *d, const struct ctl_draw_port *p,
		     double y)
{
	const struct ctl_draw_host *h = &d->hosts[p->host];
	double bottom = d->rows[h->row].y + h->h;

	put_path(m, p->x, bottom, p->x, y);
	ctl_mk_open(m, "circle");
	ctl_mk_attrf(m, "cx", "%.1f", p->x);
	ctl_mk_attrf(m, "cy", "%.1f", y);
	ctl_mk_attr(m, "r", "3.5");
	ctl_mk_close(m);
	put_netem(m, p, bottom);
}

static void put_line(struct ctl_markup *m, const struct ctl_draw *d, const struct ctl_draw_line *l)
{
	double y = y_of(d, l);
	size_t i;

	ctl_mk_open(m, "g");
	ctl_mk_attrf(m, "class", "net n%zu%s", l->net % CTL_DRAW_COLOURS,
		     d->nets[l->net].n_ports == 2 ? "" : " bridge");
	if (l->to > l->from)
		put_path(m, l->from, y, l->to, y);
	for (i = 0; i < d->n_ports; i++) {
		if (d->ports[i].net == l->net && d->hosts[d->ports[i].host].row == l->row)
			put_drop(m, d, &d->ports[i], y);
	}
	ctl_mk_close(m);
}

static void put_trunk(struct ctl_markup *m, const struct ctl_draw *d, size_t net)
{
	double top = 0, bottom = 0;
	size_t i;

	for (i = 0; i < d->n_lines; i++) {
		if (d->lines[i].net != net)
			continue;
		bottom = y_of(d, &d->lines[i]);
		top = top > 0 ? top : bottom;
	}
	ctl_mk_open(m, "g");
	ctl_mk_attrf(m, "class", "net n%zu%s", net % CTL_DRAW_COLOURS,
		     d->nets[net].n_ports == 2 ? "" : " bridge");
	put_path(m, d->nets[net].trunk_x, top, d->nets[net].trunk_x, bottom);
	ctl_mk_close(m);
}

void ctl_draw_rect(struct ctl_markup *m, const char *class_, double x, double y, double w, double h)
{
	ctl_mk_open(m, "rect");
	ctl_mk_attr(m, "class", class_);
	ctl_mk_attrf(m, "x", "%.1f", x);
	ctl_mk_attrf(m, "y", "%.1f", y);
	ctl_mk_attrf(m, "width", "%.1f", w);
	ctl_mk_attrf(m, "height", "%.1f", h);
	ctl_mk_attr(m, "rx", "5");
	ctl_mk_close(m);
}

static void put_label(struct ctl_markup *m, const struct ctl_draw *d, const struct ctl_draw_line *l)
{
	const struct ctl_draw_net *net = &d->nets[l->net];
	double y = y_of(d, l);

	ctl_mk_open(m, "g");
	ctl_mk_attrf(m, "class", "label n%zu", l->net % CTL_DRAW_COLOURS);
	ctl_draw_rect(m, NULL, l->label_x - net->label_w / 2, y - 9, net->label_w, 18);
	ctl_draw_text(m, "mid", l->label_x, y + 4, net->label);
	ctl_mk_close(m);
}

static void put_drawing(struct ctl_markup *m, const struct ctl_draw *d)
{
	size_t i;

	ctl_mk_open(m, "svg");
	ctl_mk_attr(m, "class", "topo");
	ctl_mk_attrf(m, "width", "%.0f", d->width);
	ctl_mk_attrf(m, "height", "%.0f", d->height);
	ctl_mk_attrf(m, "viewBox", "0 0 %.0f %.0f", d->width, d->height);
	ctl_mk_attr(m, "role", "img");
	ctl_mk_attrf(m, "aria-label", "topology: %zu hosts, %zu networks", d->n_hosts, d->n_nets);
	for (i = 0; i < d->n_nets; i++) {
		if (d->nets[i].trunk_x > 0)
			put_trunk(m, d, i);
	}
	for (i = 0; i < d->n_lines; i++)
		put_line(m, d, &d->lines[i]);
	for (i = 0; i < d->n_lines; i++)
		put_label(m, d, &d->lines[i]);
	for (i = 0; i < d->n_hosts; i++)
		ctl_draw_host(m, d, &d->hosts[i]);
	ctl_mk_close(m);
}

/* Place hosts in rows of a width, and draw. */
static void put_figure(struct ctl_markup *m, struct ctl_draw *d, const char *class_)
{
	place(d);
	ctl_mk_open(m, "div");
	ctl_mk_attrf(m, "class", "scroll%s", class_);
	ctl_mk_attr(m, "tabindex", "0");
	put_drawing(m, d);
	ctl_mk_close(m);
}

/* Two drawings, of which one is seen: where rows are too wide for a telephone, that has narrower ones. */
static void put_figures(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	struct ctl_draw wide = { .limit = CTL_DRAW_WIDTH }, narrow = { .limit = CTL_DRAW_NARROW };
	bool both;

	if (ctl_draw_measure(&wide, r->topology, r->matched) < 0 ||
	    ctl_draw_measure(&narrow, r->topology, r->matched) < 0) {
		m->sb->error = -ENOMEM;
	} else {
		both = wide.n_hosts > 1 && wide.n_hosts <= CTL_DRAW_NARROW_MAX &&
		       total_width(&wide) > CTL_DRAW_NARROW;
		put_figure(m, &wide, both ? " wide" : "");
		if (both)
			put_figure(m, &narrow, " narrow");
	}
	ctl_draw_fini(&wide);
	ctl_draw_fini(&narrow);
}

void ctl_html_topology(struct ctl_markup *m, const struct ctl_model_recipe *r)
{
	size_t n_hosts = json_array_size(json_object_get(r->topology, "hosts"));

	if (!n_hosts)
		return;
	ctl_mk_leaf(m, "h3", NULL, "Topology");
	if (n_hosts <= CTL_DRAW_HOSTS_MAX)
		put_figures(m, r);
	if (r->matched)
		ctl_draw_match(m, r->matched);
	ctl_draw_table(m, r->topology);
}
