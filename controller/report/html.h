/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html.h - the parts of the HTML page */
#ifndef CONTROLLER_REPORT_HTML_H
#define CONTROLLER_REPORT_HTML_H

#include "controller/report/markup.h"
#include "controller/report/model.h"

/**
 * DOC: the page
 *
 * html.c writes the frame, the summary, recipes, tasks and commands; html_topo.c draws the topology,
 * html_time.c the timeline, html_plot.c what data can be plotted; html_table.c holds style sheet and
 * script. The page needs nothing but itself: no other file, no network, and no script to be
 * read: that only unfolds what a link leads to, and all at once.
 */

/* The smaller of two numbers; a function, since LAB_MIN() of a call would call twice. */
static inline size_t ctl_at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

/* Lines of the style sheet and of the script, NULL at the end. */
extern const char *const ctl_html_css[];
extern const char *const ctl_html_js[];

/**
 * ctl_html_topology() - Draw hosts, interfaces, addresses and networks
 * @m:		page
 * @r:		recipe; without a topology nothing is drawn
 *
 * Hosts stand in rows; below each row run the networks, one line each, which the interfaces of the
 * row above join. Lines of one network in several rows are connected at the left.
 */
void ctl_html_topology(struct ctl_markup *m, const struct ctl_model_recipe *r);

/**
 * ctl_html_timeline() - Draw when which host did what
 * @m:		page
 * @r:		recipe; without commands nothing is drawn
 */
void ctl_html_timeline(struct ctl_markup *m, const struct ctl_model_recipe *r);

/**
 * ctl_html_plots() - Plot what a module has measured
 * @m:		page
 * @c:		command; without data that can be plotted nothing is drawn
 */
void ctl_html_plots(struct ctl_markup *m, const struct ctl_model_command *c);

/**
 * ctl_html_id() - Name of a command in the page, for links
 * @r:		recipe
 * @c:		command
 * @buf:	written: "r1t2c3"
 *
 * Return: @buf.
 */
const char *ctl_html_id(const struct ctl_model_recipe *r, const struct ctl_model_command *c,
			char buf[64]);

/**
 * ctl_html_round_up() - The next number of the form 1, 2 or 5 times a power of ten
 * @v:		a number > 0
 *
 * Return: the smallest of these that is not less than @v.
 */
double ctl_html_round_up(double v);

/**
 * ctl_html_word() - Class of a verdict
 * @v:		verdict
 *
 * Return: "pass", "fail" or "none"; static storage.
 */
const char *ctl_html_word(enum ctl_verdict v);

#endif
