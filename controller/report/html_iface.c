/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html_iface.c - the interfaces of a host in the drawing: which lies on which, and what is said about each */
#include <string.h>

#include "controller/report/html_topo.h"
#include "controller/report/model.h"
#include "controller/report/what.h"
#include "netlab/base/util.h"

enum {
	SAID_MAX = 3,         /* options of a kind that are shown */
	PORT_OPTIONS_MAX = 3, /* of a port of a bridge */
	PORT_VALUE_MAX = 20,  /* bytes of such an option */
};

static const char *string_in(const json_t *o, const char *key)
{
	const char *text = ctl_model_string(o, key);

	return text ? text : "";
}

const char *ctl_draw_iface_name(const json_t *iface)
{
	const char *name = ctl_model_string(iface, "name");

	return name && *name ? name : string_in(iface, "id");
}

static const json_t *iface_of(const json_t *host, const char *id)
{
	const json_t *ifaces = json_object_get(host, "interfaces");
	size_t i;

	for (i = 0; *id && i < json_array_size(ifaces); i++) {
		if (strcmp(string_in(json_array_get(ifaces, i), "id"), id) == 0)
			return json_array_get(ifaces, i);
	}
	return NULL;
}

static bool same_netns(const json_t *a, const json_t *b)
{
	return strcmp(string_in(a, "netns"), string_in(b, "netns")) == 0;
}

/* --- the tree --------------------------------------------------------------------------------- */

/*
 * Below which other interface one is drawn: a port below its bridge or bond, a vlan below what it lies on. NULL = it
 * stands by itself.
 */
static const json_t *above(const json_t *host, const json_t *iface)
{
	const json_t *slave = json_array_get(json_object_get(iface, "slaves"), 0), *other;

	other = iface_of(host, string_in(iface, "master"));
	if (!other && slave) {
		other = iface_of(host, string_in(slave, "id"));
		/* Its ports are below itself. */
		if (other && strcmp(string_in(other, "master"), string_in(iface, "id")) == 0)
			other = NULL;
	}
	return other && other != iface && same_netns(iface, other) ? other : NULL;
}

/*
 * struct tree - the interfaces of a host, in document order
 */
struct tree {
	size_t n, up[CTL_DRAW_IFACES_MAX];
	const json_t *ifaces[CTL_DRAW_IFACES_MAX];
	unsigned int depth[CTL_DRAW_IFACES_MAX];
	bool listed[CTL_DRAW_IFACES_MAX];
};

/* How far down: as many as are above it; a circle is cut. */
static unsigned int depth_of(const struct tree *t, size_t index)
{
	size_t up = t->up[index];
	unsigned int depth = 0;

	while (up != CTL_DRAW_NONE && depth < CTL_DRAW_DEPTH_MAX) {
		depth++;
		up = t->up[up];
	}
	return up == CTL_DRAW_NONE ? depth : 0;
}

static void fill_tree(struct tree *t, const json_t *host)
{
	const json_t *ifaces = json_object_get(host, "interfaces");
	size_t i, k;

	t->n = ctl_at_most(json_array_size(ifaces), CTL_DRAW_IFACES_MAX);
	for (i = 0; i < t->n; i++)
		t->ifaces[i] = json_array_get(ifaces, i);
	for (i = 0; i < t->n; i++) {
		const json_t *up = above(host, t->ifaces[i]);

		for (k = 0; k < t->n && t->ifaces[k] != up; k++)
			;
		t->up[i] = k < t->n ? k : CTL_DRAW_NONE;
	}
	for (i = 0; i < t->n; i++)
		t->depth[i] = depth_of(t, i);
}

/* Put an interface into the list, at @n. */
static void add(struct tree *t, size_t index, size_t at, struct ctl_draw_iface *list, size_t n)
{
	t->listed[index] = true;
	list[n] = (struct ctl_draw_iface){
		.json = t->ifaces[index],
		.above = at,
		.depth = t->depth[index],
		.index = index,
	};
}

/* An interface that stands by itself, then all that are below it. */
static size_t add_tree(struct tree *t, size_t root, struct ctl_draw_iface *list, size_t n)
{
	size_t at = n, i;

	add(t, root, CTL_DRAW_NONE, list, n++);
	for (;;) {
		for (i = 0; i < t->n; i++) {
			if (!t->listed[i] && t->depth[i] && t->up[i] == list[at].index)
				break;
		}
		if (i < t->n) {
			add(t, i, at, list, n);
			at = n++;
		} else if (list[at].above != CTL_DRAW_NONE) {
			at = list[at].above;
		} else {
			return n;
		}
	}
}

size_t ctl_draw_tree(const json_t *host, struct ctl_draw_iface list[CTL_DRAW_IFACES_MAX])
{
	struct tree t = { 0 };
	size_t i, k, n = 0;

	fill_tree(&t, host);
	/* Those of the host itself, then each namespace. */
	for (i = 0; i < t.n; i++) {
		if (!*string_in(t.ifaces[i], "netns") && !t.depth[i])
			n = add_tree(&t, i, list, n);
	}
	for (i = 0; i < t.n; i++) {
		for (k = i; k < t.n; k++) {
			if (!t.listed[k] && !t.depth[k] && same_netns(t.ifaces[i], t.ifaces[k]))
				n = add_tree(&t, k, list, n);
		}
	}
	return n;
}

/* --- what is said about one -------------------------------------------------------------------- */

/*
 * struct said - the options of a kind that are worth showing: never a key
 */
struct said {
	const char *kind, *word;
	struct {
		const char *option, *before;
	} parts[SAID_MAX];
};

static const struct said all_said[] = {
	{ "bond", "bond", { { "mode", " " } } },
	{ "team", "team", { { "teamd_config", " " } } },
	{ "bridge", "bridge", { { "vlan_filtering", ", vlan_filtering " } } },
	{ "vlan", "vlan", { { "vlan_tci", " " } } },
	{ "macvlan", "macvlan", { { "mode", " " } } },
	{ "ipvlan", "ipvlan", { { "mode", " " } } },
	{ "vxlan", "vxlan", { { "id", " " }, { "remote_ip", " to " }, { "group_ip", " group " } } },
	{ "geneve", "geneve", { { "id", " " }, { "remote_ip", " to " } } },
	{ "gre", "gre", { { "remote_ip", " to " }, { "key", " key " } } },
	{ "ip6gre", "ip6gre", { { "remote_ip", " to " }, { "key", " key " } } },
	{ "ipip", "ipip", { { "remote_ip", " to " } } },
	{ "sit", "sit", { { "remote_ip", " to " } } },
	{ "vti", "vti", { { "remote", " to " }, { "key", " key " } } },
	{ "vti6", "vti6", { { "remote", " to " }, { "key", " key " } } },
	{ "vrf", "vrf", { { "table", " table " } } },
	{ "wireguard", "wireguard", { { "listen_port", " port " } } },
	{ "ovs_bridge", "OVS bridge", { { NULL, NULL } } },
	{ "ovs_bond", "OVS bond", { { "bond_mode", " " } } },
	{ "ovs_internal", "OVS port", { { "tag", ", tag " } } },
	{ "ovs_tunnel",
	  "OVS tunnel",
	  { { "type", " " }, { "option:remote_ip", " to " }, { "key", " key " } } },
};

static const char *option_of(const json_t *iface, const char *name)
{
	const json_t *options = json_object_get(iface, "options");
	size_t i;

	for (i = 0; i < json_array_size(options); i++) {
		const json_t *o = json_array_get(options, i);

		if (strcmp(string_in(o, "name"), name) == 0)
			return string_in(o, "value");
	}
	return NULL;
}

/* Of teamd's configuration, which is JSON, the name of the runner. */
static void add_runner(const char *config, struct lab_strbuf *sb)
{
	cleanup_json json_t *team = json_loads(config, 0, NULL);
	const char *name = ctl_model_string(json_object_get(team, "runner"), "name");

	if (name)
		lab_strbuf_printf(sb, " %s", name);
}

static void add_kind(const json_t *iface, struct lab_strbuf *sb)
{
	const char *kind = string_in(iface, "kind"), *value;
	const struct said *s = NULL;
	size_t i;

	if (strcmp(kind, "eth") == 0)
		return;
	for (i = 0; i < LAB_ARRAY_SIZE(all_said) && !s; i++)
		s = strcmp(all_said[i].kind, kind) == 0 ? &all_said[i] : NULL;
	lab_strbuf_puts(sb, s ? s->word : kind);
	for (i = 0; s && i < SAID_MAX && s->parts[i].option; i++) {
		value = option_of(iface, s->parts[i].option);
		if (value && strcmp(s->parts[i].option, "teamd_config") == 0)
			add_runner(value, sb);
		else if (value)
			lab_strbuf_printf(sb, "%s%s", s->parts[i].before, value);
	}
}

/* What it lies on, or has as ports where the tree does not show them; the other end of a pair. */
static void add_others(const json_t *host, const json_t *iface, struct lab_strbuf *sb)
{
	const json_t *slaves = json_object_get(iface, "slaves"), *peer;
	size_t i, n = 0;

	for (i = 0; i < json_array_size(slaves); i++) {
		const json_t *other = iface_of(host, string_in(json_array_get(slaves, i), "id"));
		bool is_port = other &&
			       strcmp(string_in(other, "master"), string_in(iface, "id")) == 0;

		if (other && !(is_port && same_netns(iface, other)))
			lab_strbuf_printf(sb, "%s%s",
					  n++       ? ", "
					  : is_port ? " of "
						    : " on ",
					  ctl_draw_iface_name(other));
	}
	peer = iface_of(host, string_in(iface, "peer"));
	if (peer)
		lab_strbuf_printf(sb, " to %s", ctl_draw_iface_name(peer));
}

/* What its bridge knows of it as a port. */
static void add_port(const json_t *host, const json_t *iface, struct lab_strbuf *sb)
{
	const json_t *slaves = json_object_get(iface_of(host, string_in(iface, "master")),
					       "slaves");
	const json_t *options = NULL;
	size_t i;

	for (i = 0; i < json_array_size(slaves) && !options; i++) {
		const json_t *one = json_array_get(slaves, i);

		if (strcmp(string_in(one, "id"), string_in(iface, "id")) == 0)
			options = json_object_get(one, "options");
	}
	for (i = 0; i < ctl_at_most(json_array_size(options), PORT_OPTIONS_MAX); i++) {
		const json_t *o = json_array_get(options, i);
		const char *value = string_in(o, "value");

		/* teamd's are JSON. */
		if (*value != '{' && strlen(value) <= PORT_VALUE_MAX)
			lab_strbuf_printf(sb, "%s%s %s", sb->len ? ", " : "", string_in(o, "name"),
					  value);
	}
}

void ctl_draw_iface_what(const json_t *host, const json_t *iface, struct lab_strbuf *sb)
{
	lab_strbuf_reset(sb);
	add_kind(iface, sb);
	add_others(host, iface, sb);
	add_port(host, iface, sb);
}

/* "50ms ~5ms normal": the values of a part of netem in the order in which people say them. */
static void add_part(const json_t *part, struct lab_strbuf *sb)
{
	static const struct {
		const char *name, *before;
	} members[] = {
		{ "time", " " },
		{ "percent", " " },
		{ "jitter", " \xc2\xb1" },
		{ "distribution", " " },
		{ "gap_distance", " gap " },
		{ "correlation", " correlation " },
	};
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(members); i++) {
		const char *value = ctl_model_string(part, members[i].name);

		if (value)
			lab_strbuf_printf(sb, "%s%s", members[i].before, value);
	}
}

void ctl_draw_iface_netem(const json_t *iface, struct lab_strbuf *sb)
{
	static const char *const parts[] = { "delay", "loss", "corrupt", "duplication",
					     "reordering" };
	const json_t *netem = json_object_get(iface, "netem");
	size_t i;

	lab_strbuf_reset(sb);
	for (i = 0; i < LAB_ARRAY_SIZE(parts); i++) {
		const json_t *part = json_object_get(netem, parts[i]);

		if (!part)
			continue;
		lab_strbuf_printf(sb, "%s%s", sb->len ? ", " : "", parts[i]);
		add_part(part, sb);
	}
}

static size_t n_addrs(const json_t *iface)
{
	return json_array_size(json_object_get(iface, "addresses"));
}

const char *ctl_draw_iface_line(const json_t *host, const json_t *iface, size_t n,
				struct lab_strbuf *sb)
{
	const json_t *addrs = json_object_get(iface, "addresses");

	ctl_draw_iface_what(host, iface, sb);
	if (sb->len && n-- == 0)
		return "kind";
	ctl_draw_iface_netem(iface, sb);
	if (sb->len && n-- == 0)
		return "netem";
	lab_strbuf_reset(sb);
	if (n >= ctl_at_most(n_addrs(iface), CTL_DRAW_ADDRS_MAX))
		return NULL;
	if (n + 1 == CTL_DRAW_ADDRS_MAX && n_addrs(iface) > CTL_DRAW_ADDRS_MAX) {
		lab_strbuf_printf(sb, "and %zu more", n_addrs(iface) - n);
	} else {
		const char *addr = json_string_value(json_array_get(addrs, n));

		lab_strbuf_puts(sb, addr ? addr : "");
	}
	return "addr";
}
