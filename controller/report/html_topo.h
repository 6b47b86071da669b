/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_topo.h - the drawing of a topology: what its two files share */
#ifndef CONTROLLER_REPORT_HTML_TOPO_H
#define CONTROLLER_REPORT_HTML_TOPO_H

#include "controller/report/html.h"
#include "controller/report/markup.h"
#include "netlab/rpc/json.h"

/**
 * DOC: the drawing
 *
 * html_iface.c says what there is to say about an interface, html_host.c measures and draws what is inside a
 * host, html_topo.c places hosts and draws the networks between them. All lengths are in the unit of the drawing, which is a pixel on a screen.
 */
#define CTL_DRAW_HOSTS_MAX  200u  /* more are only listed */
#define CTL_DRAW_PORTS_MAX  1000u /* of all hosts; further ones are only listed */
#define CTL_DRAW_COLOURS    10u
#define CTL_DRAW_WIDTH      1106.0       /* of a row of hosts */
#define CTL_DRAW_GAP        28.0         /* between hosts */
#define CTL_DRAW_PAD        12.0         /* inside boxes and around */
#define CTL_DRAW_TAB_GAP    6.0          /* between the interfaces at the bottom of a host */
#define CTL_DRAW_TAB        22.0         /* height of an interface there */
#define CTL_DRAW_LINE       17.0         /* of text */
#define CTL_DRAW_HEAD       28.0         /* of a host */
#define CTL_DRAW_TRACK      26.0         /* between lines of networks */
#define CTL_DRAW_GUTTER     30.0         /* between rows, beside the lines */
#define CTL_DRAW_TRUNK      12.0         /* between lines at the left */
#define CTL_DRAW_CHAR       7.25         /* width of a character of the monospaced text */
#define CTL_DRAW_NARROW     340.0        /* width of a row on a telephone */
#define CTL_DRAW_NARROW_MAX ((size_t)40) /* hosts that are drawn for one as well */
#define CTL_DRAW_ADDRS_MAX  ((size_t)4)  /* of one interface */
#define CTL_DRAW_IFACES_MAX ((size_t)60) /* of one host */
#define CTL_DRAW_DEPTH_MAX  16u          /* interfaces above one another */
#define CTL_DRAW_NONE       SIZE_MAX

/**
 * struct ctl_draw_iface - an interface in its host
 * @json:	it (borrowed)
 * @above:	index of the one that it is drawn below: its bridge or bond, or what it lies on; CTL_DRAW_NONE
 * @index:	of it in the host
 * @depth:	how many are above it
 * @y:		middle of its first line
 */
struct ctl_draw_iface {
	const json_t *json;
	size_t above, index;
	unsigned int depth;
	double y;
};

/**
 * struct ctl_draw_port - where an interface joins a network
 * @name:	name of the interface (borrowed)
 * @json:	the interface (borrowed)
 * @host:	index of the host
 * @net:	index of the network
 * @x:		middle
 * @w:		width
 */
struct ctl_draw_port {
	const char *name;
	const json_t *json;
	size_t host, net;
	double x, w;
};

/**
 * struct ctl_draw_host - a host
 * @json:	it (borrowed)
 * @machine:	name of the machine of a pool that it is, or NULL (borrowed)
 * @ifaces:	its interfaces, as they are drawn
 * @n_ifaces:	how many
 * @head:	height of its head
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
	const char *machine;
	struct ctl_draw_iface *ifaces;
	size_t n_ifaces;
	double head;
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
 * @limit:	width that rows should have at most
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
	double limit, margin, width, height;
};

/**
 * ctl_draw_measure() - List hosts, networks and ports with their sizes
 * @d:		zeroed but for its limit; filled
 * @topology:	as lab_topo_to_json() writes it; what does not fit that is left out
 * @matched:	event match, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_draw_measure(struct ctl_draw *d, const json_t *topology, const json_t *matched);

/**
 * ctl_draw_fini() - Release what ctl_draw_measure() has made
 * @d:		may be zeroed
 */
void ctl_draw_fini(struct ctl_draw *d);

/**
 * ctl_draw_tree() - Put the interfaces of a host in the order in which they are drawn
 * @host:	host of a topology
 * @list:	written
 *
 * Those of the host come first, then those of each namespace; in it each is followed by those below it.
 * Return: how many.
 */
size_t ctl_draw_tree(const json_t *host, struct ctl_draw_iface list[CTL_DRAW_IFACES_MAX]);

/**
 * ctl_draw_iface_name() - Name of an interface in its host
 * @iface:	interface of a topology
 *
 * Return: its name, else its id; borrowed.
 */
const char *ctl_draw_iface_name(const json_t *iface);

/**
 * ctl_draw_iface_what() - Write what an interface is
 * @host:	its host
 * @iface:	interface
 * @sb:		overwritten: "bond active-backup", "vlan 10 on eth0", "tag 10"; "" for a plain eth
 */
void ctl_draw_iface_what(const json_t *host, const json_t *iface, struct lab_strbuf *sb);

/**
 * ctl_draw_iface_netem() - Write what an interface does to packets that leave it
 * @iface:	interface
 * @sb:		overwritten: "delay 50ms, loss 30%"; "" for nothing
 */
void ctl_draw_iface_netem(const json_t *iface, struct lab_strbuf *sb);

/**
 * ctl_draw_iface_line() - Write a line of what is said about an interface
 * @host:	its host
 * @iface:	interface
 * @n:		which line, from 0
 * @sb:		overwritten
 *
 * Return: class of the text, or NULL: there are not so many lines.
 */
const char *ctl_draw_iface_line(const json_t *host, const json_t *iface, size_t n,
				struct lab_strbuf *sb);

/**
 * ctl_draw_host() - Draw a host
 * @m:		page
 * @d:		drawing, with all placed
 * @h:		host of it; where its interfaces are is written
 */
void ctl_draw_host(struct ctl_markup *m, const struct ctl_draw *d, struct ctl_draw_host *h);

/**
 * ctl_draw_table() - Write hosts, interfaces and addresses as a table to unfold
 * @m:		page
 * @topology:	topology
 */
void ctl_draw_table(struct ctl_markup *m, const json_t *topology);

/**
 * ctl_draw_match() - Write which machines of a pool the hosts are, and why, as a table
 * @m:		page
 * @matched:	event match
 */
void ctl_draw_match(struct ctl_markup *m, const json_t *matched);

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
