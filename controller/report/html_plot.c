/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_plot.c - plots of the HTML page: round-trip times, throughput */
#include <math.h>
#include <string.h>

#include "controller/report/html.h"
#include "netlab/base/util.h"

enum { WIDTH = 1000, HEIGHT = 100 };

#define POINTS_MAX ((size_t)2000)

/*
 * struct plot - points of one line, y from 0
 */
struct plot {
	const char *title, *unit, *x_label;
	double *x, *y;
	size_t n;
	double x_max, y_max, y_min, y_sum;
};

static void add_point(struct plot *p, double x, double y)
{
	if (!isfinite(x) || !isfinite(y) || x < 0 || y < 0)
		return;
	p->y_min = p->n ? LAB_MIN(p->y_min, y) : y;
	p->y_max = LAB_MAX(p->y_max, y);
	p->x_max = LAB_MAX(p->x_max, x);
	p->y_sum += y;
	p->x[p->n] = x;
	p->y[p->n++] = y;
}

static void put_line(struct ctl_markup *m, const struct plot *p, double top)
{
	cleanup_strbuf struct lab_strbuf path = LAB_STRBUF_INIT;
	double x = 0;
	size_t i;

	for (i = 0; i < p->n; i++) {
		x = p->x_max > 0 ? WIDTH * p->x[i] / p->x_max : 0;
		lab_strbuf_printf(&path, "%s%.1f %.2f", i ? "L" : "M", x,
				  HEIGHT - HEIGHT * p->y[i] / top);
	}
	ctl_mk_open(m, "path");
	ctl_mk_attr(m, "class", "curve");
	ctl_mk_attr(m, "d", lab_strbuf_str(&path));
	ctl_mk_close(m);
	lab_strbuf_printf(&path, "L%.1f %dL%.1f %dZ", x, HEIGHT,
			  p->x_max > 0 ? WIDTH * p->x[0] / p->x_max : 0.0, HEIGHT);
	ctl_mk_open(m, "path");
	ctl_mk_attr(m, "class", "area");
	ctl_mk_attr(m, "d", lab_strbuf_str(&path));
	ctl_mk_close(m);
}

static void put_plot(struct ctl_markup *m, const struct plot *p)
{
	double top = p->y_max > 0 ? ctl_html_round_up(p->y_max) : 1;
	int i;

	ctl_mk_open(m, "figure");
	ctl_mk_attr(m, "class", "plot");
	ctl_mk_open(m, "figcaption");
	ctl_mk_leaf(m, "b", NULL, p->title);
	ctl_mk_open(m, "span");
	ctl_mk_printf(m, "min %.4g, mean %.4g, max %.4g %s", p->y_min, p->y_sum / (double)p->n,
		      p->y_max, p->unit);
	ctl_mk_close(m);
	ctl_mk_close(m);
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "ys");
	for (i = 2; i >= 0; i--) {
		ctl_mk_open(m, "span");
		ctl_mk_printf(m, "%.4g", top * i / 2);
		ctl_mk_close(m);
	}
	ctl_mk_close(m);
	ctl_mk_open(m, "svg");
	ctl_mk_attrf(m, "viewBox", "0 0 %d %d", WIDTH, HEIGHT);
	ctl_mk_attr(m, "preserveAspectRatio", "none");
	ctl_mk_attr(m, "role", "img");
	ctl_mk_attr(m, "aria-label", p->title);
	for (i = 0; i <= 2; i++) {
		ctl_mk_open(m, "path");
		ctl_mk_attr(m, "class", "grid");
		ctl_mk_attrf(m, "d", "M0 %dH%d", HEIGHT * i / 2, WIDTH);
		ctl_mk_close(m);
	}
	put_line(m, p, top);
	ctl_mk_close(m);
	ctl_mk_open(m, "div");
	ctl_mk_attr(m, "class", "xs");
	ctl_mk_leaf(m, "span", NULL, "0");
	ctl_mk_leaf(m, "span", NULL, p->x_label);
	ctl_mk_open(m, "span");
	ctl_mk_printf(m, "%.4g", p->x_max);
	ctl_mk_close(m);
	ctl_mk_close(m);
	ctl_mk_close(m);
}

static bool make_room(struct ctl_markup *m, struct plot *p, size_t n)
{
	p->x = calloc(n + 1, sizeof(*p->x));
	p->y = calloc(n + 1, sizeof(*p->y));
	if (!p->x || !p->y)
		m->sb->error = -ENOMEM;
	return p->x && p->y;
}

static void finish(struct ctl_markup *m, struct plot *p)
{
	if (p->n > 2)
		put_plot(m, p);
	free(p->x);
	free(p->y);
}

static void plot_rtts(struct ctl_markup *m, const json_t *rtts)
{
	struct plot p = { .title = "Round-trip time", .unit = "ms", .x_label = "packet, ms" };
	size_t i, n = ctl_at_most(json_array_size(rtts), POINTS_MAX);

	if (make_room(m, &p, n)) {
		for (i = 0; i < n; i++)
			add_point(&p, (double)i, json_number_value(json_array_get(rtts, i)));
	}
	finish(m, &p);
}

static double number_in(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

/* The greatest unit that leaves the greatest value above 1. */
static double choose_rate(double max, struct plot *p)
{
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s" };
	static const char *const labels[] = { "seconds, bit/s", "seconds, kbit/s",
					      "seconds, Mbit/s", "seconds, Gbit/s",
					      "seconds, Tbit/s" };
	double factor = 1;
	size_t i = 0;

	while (i + 1 < LAB_ARRAY_SIZE(units) && max / factor >= 1000) {
		factor *= 1000;
		i++;
	}
	p->unit = units[i];
	p->x_label = labels[i];
	return factor;
}

static void plot_intervals(struct ctl_markup *m, const json_t *intervals)
{
	size_t i, n = ctl_at_most(json_array_size(intervals), POINTS_MAX);
	struct plot p = { .title = "Throughput" };
	double max = 0, factor;

	for (i = 0; i < n; i++)
		max = LAB_MAX(max, number_in(json_array_get(intervals, i), "bits_per_second"));
	factor = choose_rate(max, &p);
	/* A rate holds from the start of its interval to the end. */
	if (make_room(m, &p, 2 * n)) {
		for (i = 0; i < n; i++) {
			const json_t *o = json_array_get(intervals, i);
			double rate = number_in(o, "bits_per_second") / factor;

			add_point(&p, number_in(o, "start"), rate);
			add_point(&p, number_in(o, "end"), rate);
		}
	}
	finish(m, &p);
}

void ctl_html_plots(struct ctl_markup *m, const struct ctl_model_command *c)
{
	const json_t *rtts = json_object_get(c->data, "rtts");
	const json_t *intervals = json_object_get(c->data, "intervals");

	if (json_is_array(rtts))
		plot_rtts(m, rtts);
	if (json_is_array(intervals))
		plot_intervals(m, intervals);
}
