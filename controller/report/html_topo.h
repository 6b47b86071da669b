/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_topo.h - the drawing of a topology: what its two files share */
#ifndef CONTROLLER_REPORT_HTML_TOPO_H
#define CONTROLLER_REPORT_HTML_TOPO_H

#include "controller/report/markup.h"
#include "netlab/rpc/json.h"

/**
 * DOC: the drawing
 *
 * html_host.c measures and draws what is inside a host, html_topo.c places hosts and draws the
 * networks between them. All lengths are in the unit of the drawing, which is a pixel on a screen.
 */
#define CTL_DRAW_HOSTS_MAX 200u  /* more are only listed */
#define CTL_DRAW_PORTS_MAX 1000u /* of all hosts; further ones are only listed */
#define CTL_DRAW_COLOURS   10u
#define CTL_DRAW_WIDTH     1106.0 /* of a row of hosts */
#define CTL_DRAW_GAP       28.0   /* between hosts */
#define CTL_DRAW_PAD       12.0   /* inside boxes and around */
#define CTL_DRAW_TAB_GAP   6.0    /* between the interfaces at the bottom of a host */
#define CTL_DRAW_TAB       22.0   /* height of an interface there */
#define CTL_DRAW_LINE      17.0   /* of text */
#define CTL_DRAW_HEAD      28.0   /* of a host */
#define CTL_DRAW_TRACK     26.0   /* between lines of networks */
#define CTL_DRAW_GUTTER    30.0   /* between rows, beside the lines */
#define CTL_DRAW_TRUNK     12.0   /* between lines at the left */
#define CTL_DRAW_CHAR      7.25   /* width of a character of the monospaced text */

/**
 * struct ctl_draw_port - where an interface joins a network
 * @name:	name of the interface (borrowed)
 * @host:	index of the host
 * @net:	index of the network
 * @x:		middle
 * @w:		width
 */
struct ctl_draw_port {
	const char *name;
	size_t host, net;
	double x, w;
};

/**
 * struct ctl_draw_host - a host
 * @json:	it (borrowed)
 * @row:	its row
 * @x:		left
 * @w:		width
 * @h:		height
 * @names_w:	width of the column of interface names
 * @first_port:	index of its first port
 * @n_ports:	how many
 */
struct ctl_draw_host {
	const json_t *json;
	size_t row;
	double x, w, h, names_w;
	size_t first_port, n_ports;
};

/**
 * struct ctl_draw_net - a network
 * @label:	its name (borrowed)
 * @label_w:	width of that
 * @n_ports:	interfaces that it joins
 * @trunk_x:	where its lines are connected; 0 = it has one only
 */
struct ctl_draw_net {
	const char *label;
	double label_w;
	size_t n_ports;
	double trunk_x;
};

/**
 * struct ctl_draw_line - a network below a row
 * @net:	index of the network
 * @row:	the row
 * @track:	how far below, from 0
 * @from:	left end
 * @to:		right end
 * @label_x:	middle of its name
 * @left:	left end with its name
 * @right:	right end with its name
 */
struct ctl_draw_line {
	size_t net, row, track;
	double from, to, label_x, left, right;
};

/**
 * struct ctl_draw_row - a row of hosts
 * @y:		top
 * @h:		height of its highest host
 * @n_tracks:	tracks that the networks below it need
 */
struct ctl_draw_row {
	double y, h;
	size_t n_tracks;
};

/**
 * struct ctl_draw - a drawing
 * @hosts:	hosts
 * @nets:	networks
 * @ports:	interfaces that join networks, host by host
 * @lines:	lines of networks; room for one for each port
 * @rows:	rows; room for one for each host
 * @n_hosts:	hosts
 * @n_nets:	networks
 * @n_ports:	ports
 * @n_lines:	lines
 * @n_rows:	rows
 * @margin:	left of the hosts
 * @width:	of all
 * @height:	of all
 */
struct ctl_draw {
	struct ctl_draw_host *hosts;
	struct ctl_draw_net *nets;
	struct ctl_draw_port *ports;
	struct ctl_draw_line *lines;
	struct ctl_draw_row *rows;
	size_t n_hosts, n_nets, n_ports, n_lines, n_rows;
	double margin, width, height;
};

/**
 * ctl_draw_measure() - List hosts, networks and ports with their sizes
 * @d:		zeroed; filled
 * @topology:	as lab_topo_to_json() writes it; what does not fit that is left out
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_draw_measure(struct ctl_draw *d, const json_t *topology);

/**
 * ctl_draw_fini() - Release what ctl_draw_measure() has made
 * @d:		may be zeroed
 */
void ctl_draw_fini(struct ctl_draw *d);

/**
 * ctl_draw_host() - Draw a host
 * @m:		page
 * @d:		drawing, with all placed
 * @h:		host
 */
void ctl_draw_host(struct ctl_markup *m, const struct ctl_draw *d, const struct ctl_draw_host *h);

/**
 * ctl_draw_table() - Write hosts, interfaces and addresses as a table to unfold
 * @m:		page
 * @topology:	topology
 */
void ctl_draw_table(struct ctl_markup *m, const json_t *topology);

/**
 * ctl_draw_text() - Write text into a drawing
 * @m:		page
 * @class_:	its class, or NULL
 * @x:		left end, or where its class says so the middle
 * @y:		base line
 * @text:	text; a long one is cut
 */
void ctl_draw_text(struct ctl_markup *m, const char *class_, double x, double y, const char *text);

/**
 * ctl_draw_rect() - Draw a rectangle with round corners
 * @m:		page
 * @class_:	its class, or NULL
 * @x:		left
 * @y:		top
 * @w:		width
 * @h:		height
 */
void ctl_draw_rect(struct ctl_markup *m, const char *class_, double x, double y, double w,
		   double h);

#endif
