/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_options.c - links of any kind: the options of its rows as attributes of one message */
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "netlab/nl/kind_internal.h"
#include "netlab/nl/link.h"
#include "netlab/nl/nl_internal.h"

enum { SHARED_MAX = 8, GRE_KEY_BIT = 0x2000 };

/* An attribute that several options have bits of: it is written when all are known. */
struct shared {
	uint16_t attr;
	enum lab_option_wire wire;
	uint32_t value, mask;
};

/* A message whose options are being written. */
struct put {
	struct lab_nl *nl;
	const struct lab_option_def *rows;
	const struct lab_link_options *from;
	/* All options, those inside of extra arguments among them. */
	const struct lab_option *all[LAB_OPTIONS_MAX + LAB_GROUP_WORDS];
	size_t n;
	struct lab_option_group extra;
	struct shared shared[SHARED_MAX];
};

static void latch(struct lab_nl *nl, int error)
{
	if (!nl->error)
		nl->error = error;
}

static void set_bits(struct put *p, enum lab_option_wire wire, uint16_t attr, uint32_t value,
		     uint32_t mask)
{
	struct shared *s = p->shared;

	while (s->attr && s->attr != attr)
		s++;
	*s = (struct shared){ attr, wire, (s->value & ~mask) | value, s->mask | mask };
}

/* What can stand in one attribute by itself. */
static void put_number(struct lab_nl *nl, const struct lab_option_def *def, uint16_t attr,
		       uint64_t v)
{
	uint16_t v16 = (uint16_t)v, be16 = htons(v16);
	uint32_t v32 = (uint32_t)v, be32 = htonl(v32);
	uint8_t v8 = (uint8_t)v;

	switch (def->wire) {
	case LAB_WIRE_U8:
		lab_nl_put(nl, attr, &v8, sizeof(v8));
		break;
	case LAB_WIRE_U16:
		lab_nl_put(nl, attr, &v16, sizeof(v16));
		break;
	case LAB_WIRE_U32:
		lab_nl_put(nl, attr, &v32, sizeof(v32));
		break;
	case LAB_WIRE_U64:
		lab_nl_put(nl, attr, &v, sizeof(v));
		break;
	case LAB_WIRE_BE16:
		lab_nl_put(nl, attr, &be16, sizeof(be16));
		break;
	case LAB_WIRE_BE32:
		lab_nl_put(nl, attr, &be32, sizeof(be32));
		break;
	case LAB_WIRE_FLAG:
		if (v)
			lab_nl_put(nl, attr, NULL, 0);
		break;
	case LAB_WIRE_NONE:
	case LAB_WIRE_BYTES:
	case LAB_WIRE_IFINDEX:
	case LAB_WIRE_LINK_MAC:
	case LAB_WIRE_LIST:
	case LAB_WIRE_BITS32:
	case LAB_WIRE_BITS16:
	case LAB_WIRE_BITS_BE16:
	case LAB_WIRE_KEY:
	case LAB_WIRE_RANGE:
	case LAB_WIRE_MAP:
	case LAB_WIRE_FLOW:
		latch(nl, -EINVAL);
		break;
	}
}

static void put_bytes(struct lab_nl *nl, const struct lab_option_def *def,
		      const struct lab_option_value *v)
{
	uint16_t attr = v->addr.family == AF_INET6 && def->attr6 ? def->attr6 : def->attr;

	if (def->type == LAB_OPTION_MAC || def->type == LAB_OPTION_HEX)
		lab_nl_put(nl, def->attr, v->bytes, v->len);
	else
		lab_nl_put(nl, attr, v->addr.bytes, lab_addr_len(&v->addr));
}

static void put_key(struct put *p, uint16_t attr, uint64_t key)
{
	uint32_t be = htonl((uint32_t)key);

	lab_nl_put(p->nl, attr, &be, sizeof(be));
	set_bits(p, LAB_WIRE_BITS_BE16, attr == IFLA_GRE_IKEY ? IFLA_GRE_IFLAGS : IFLA_GRE_OFLAGS,
		 GRE_KEY_BIT, GRE_KEY_BIT);
}

static void put_ifindex(struct put *p, const struct lab_option_def *def, const char *id)
{
	int ifindex = p->from->ifindex_of ? p->from->ifindex_of(p->from->data, id) : 0;

	if (ifindex <= 0)
		latch(p->nl, -ENODEV);
	lab_nl_put_u32(p->nl, def->attr, (uint32_t)ifindex);
}

static void put_range(struct lab_nl *nl, const struct lab_option_def *def,
		      const struct lab_option_value *v)
{
	const struct ifla_vxlan_port_range range = { .low = htons((uint16_t)v->number),
						     .high = htons((uint16_t)v->last) };

	lab_nl_put(nl, def->attr, &range, sizeof(range));
}

/* The text of one option that is no list. */
static void put_value(struct put *p, const struct lab_option_def *def, const char *text)
{
	struct lab_option_value v = { .len = 0 };

	if (def->wire == LAB_WIRE_NONE)
		return;
	if (lab_option_read(def, text, &v, NULL) < 0) {
		latch(p->nl, -EINVAL);
		return;
	}
	switch (def->wire) {
	case LAB_WIRE_NONE:
	case LAB_WIRE_LINK_MAC:
	case LAB_WIRE_LIST:
	case LAB_WIRE_MAP:
		return;
	case LAB_WIRE_IFINDEX:
		put_ifindex(p, def, text);
		return;
	case LAB_WIRE_BYTES:
		put_bytes(p->nl, def, &v);
		return;
	case LAB_WIRE_RANGE:
		put_range(p->nl, def, &v);
		return;
	case LAB_WIRE_KEY:
		put_key(p, def->attr, v.number);
		if (def->attr6)
			put_key(p, def->attr6, v.number);
		return;
	case LAB_WIRE_FLOW:
		set_bits(p, def->wire, def->attr, (uint32_t)v.number << def->bits, 0);
		return;
	case LAB_WIRE_BITS32:
	case LAB_WIRE_BITS16:
	case LAB_WIRE_BITS_BE16:
		set_bits(p, def->wire, def->attr, v.number ? def->bits : 0, def->bits);
		if (def->attr6)
			set_bits(p, def->wire, def->attr6, v.number ? def->bits : 0, def->bits);
		return;
	case LAB_WIRE_U8:
	case LAB_WIRE_U16:
	case LAB_WIRE_U32:
	case LAB_WIRE_U64:
	case LAB_WIRE_BE16:
	case LAB_WIRE_BE32:
	case LAB_WIRE_FLAG:
		put_number(p->nl, def, def->attr, v.number);
		if (def->attr6)
			put_number(p->nl, def, def->attr6, v.number);
		return;
	}
}

/* The values of one text; @nth counts them over all texts of a list. */
static void put_pieces(struct lab_nl *nl, const struct lab_option_def *def, const char *text,
		       uint16_t *nth)
{
	char piece[LAB_PIECE_MAX];

	while (lab_option_next(def, &text, piece)) {
		struct lab_option_value v = { .len = 0 };

		if (lab_option_read(def, piece, &v, NULL) < 0) {
			latch(nl, -EINVAL);
			return;
		}
		if (def->wire == LAB_WIRE_MAP) {
			const struct ifla_vlan_qos_mapping map = { .from = (uint32_t)v.number,
								   .to = (uint32_t)v.last };

			lab_nl_put(nl, IFLA_VLAN_QOS_MAPPING, &map, sizeof(map));
		} else {
			lab_nl_put(nl, *nth, v.addr.bytes, lab_addr_len(&v.addr));
		}
		++*nth;
	}
}

static bool is_row(const struct lab_option_def *def, const char *name)
{
	return strcmp(def->name, name) == 0 || (def->other && strcmp(def->other, name) == 0);
}

/* All options of one row. */
static void put_row(struct put *p, const struct lab_option_def *def)
{
	bool list = lab_option_is_list(def), open = false;
	size_t mark = 0;
	uint16_t nth = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (!is_row(def, p->all[i]->name))
			continue;
		if (list && !open)
			mark = lab_nl_nest(p->nl, def->attr);
		open = true;
		if (list)
			put_pieces(p->nl, def, p->all[i]->value, &nth);
		else
			put_value(p, def, p->all[i]->value);
	}
	if (list && open)
		lab_nl_nest_end(p->nl, mark);
}

static bool is_there(const struct put *p, const struct lab_option_def *def)
{
	for (size_t i = 0; i < p->n; i++)
		if (is_row(def, p->all[i]->name))
			return true;
	return false;
}

/* Extra arguments are options like the others. */
static void collect(struct put *p)
{
	for (size_t i = 0; i < p->from->n && i < LAB_OPTIONS_MAX; i++) {
		const struct lab_option *o = &p->from->v[i];
		const struct lab_option_def *def = lab_option_find(p->rows, o->name);

		if (!def)
			latch(p->nl, -EINVAL);
		p->all[p->n++] = o;
		if (!def || def->type != LAB_OPTION_EXTRA)
			continue;
		/* It cannot stand twice. */
		if (p->extra.n || lab_option_split(def, p->rows, o, &p->extra, NULL) < 0)
			latch(p->nl, -EINVAL);
		for (size_t j = 0; j < p->extra.n && p->n < LAB_ARRAY_SIZE(p->all); j++)
			p->all[p->n++] = &p->extra.options[j];
	}
}

static void put_shared(struct put *p)
{
	for (const struct shared *s = p->shared; s->attr; s++) {
		const uint32_t pair[2] = { s->value, s->mask };
		uint16_t v16 = (uint16_t)s->value, be16 = htons(v16);
		uint32_t be32 = htonl(s->value);

		if (s->wire == LAB_WIRE_BITS32)
			lab_nl_put(p->nl, s->attr, pair, sizeof(pair));
		else if (s->wire == LAB_WIRE_BITS16)
			lab_nl_put(p->nl, s->attr, &v16, sizeof(v16));
		else if (s->wire == LAB_WIRE_BITS_BE16)
			lab_nl_put(p->nl, s->attr, &be16, sizeof(be16));
		else
			lab_nl_put(p->nl, s->attr, &be32, sizeof(be32));
	}
}

/* All options, and for a new link what goes without saying. */
static void put_options(struct lab_nl *nl, const struct lab_option_def *rows,
			const struct lab_link_options *from, bool birth)
{
	struct put p = { .nl = nl, .rows = rows, .from = from };
	const struct lab_option_def *def;

	if (from->n > LAB_OPTIONS_MAX)
		latch(nl, -EINVAL);
	collect(&p);
	for (def = rows; def && def->name; def++) {
		put_row(&p, def);
		if (birth && def->initial && !is_there(&p, def))
			put_value(&p, def, def->initial);
	}
	put_shared(&p);
}

/* The address of the link itself, if an option says it. */
static const char *mac_option(const struct lab_option_def *rows,
			      const struct lab_link_options *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct lab_option_def *def = lab_option_find(rows, from->v[i].name);

		if (def && def->wire == LAB_WIRE_LINK_MAC)
			return from->v[i].value;
	}
	return NULL;
}

static void put_mac(struct lab_nl *nl, const uint8_t *mac, const struct lab_option_def *rows,
		    const struct lab_link_options *from)
{
	const char *text = mac_option(rows, from);
	uint8_t bytes[LAB_MAC_LEN];

	if (text && lab_mac_parse(text, bytes) < 0)
		latch(nl, -EINVAL);
	else if (text)
		mac = bytes;
	if (mac)
		lab_nl_put(nl, IFLA_ADDRESS, mac, LAB_MAC_LEN);
}

static void put_kind(struct lab_nl *nl, uint16_t attr, const struct lab_kind_def *def)
{
	if (def->kernel)
		lab_nl_put(nl, attr, def->kernel, strlen(def->kernel));
	else
		latch(nl, -EOPNOTSUPP);
}

void lab_link_add(struct lab_nl *nl, const struct lab_link_new *spec)
{
	const struct lab_kind_def *def = lab_kind_get(spec->kind);
	struct ifinfomsg *ifi;
	size_t info, data;

	ifi = lab_nl_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*ifi));
	if (!ifi)
		return;
	ifi->ifi_index = spec->ifindex;
	if (spec->up)
		ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	lab_nl_put_str(nl, IFLA_IFNAME, spec->name);
	put_mac(nl, spec->mac, def->options, &spec->options);
	if (spec->mtu_bytes)
		lab_nl_put_u32(nl, IFLA_MTU, spec->mtu_bytes);
	if (spec->netns >= 0)
		lab_nl_put_u32(nl, IFLA_NET_NS_FD, (uint32_t)spec->netns);
	if (spec->lower && !def->lower_attr)
		lab_nl_put_u32(nl, IFLA_LINK, (uint32_t)spec->lower);
	if (spec->master)
		lab_nl_put_u32(nl, IFLA_MASTER, (uint32_t)spec->master);
	info = lab_nl_nest(nl, IFLA_LINKINFO);
	put_kind(nl, IFLA_INFO_KIND, def);
	data = lab_nl_nest(nl, IFLA_INFO_DATA);
	if (spec->lower && def->lower_attr)
		lab_nl_put_u32(nl, def->lower_attr, (uint32_t)spec->lower);
	put_options(nl, def->options, &spec->options, true);
	lab_nl_nest_end(nl, data);
	lab_nl_nest_end(nl, info);
}

/* Is there an option that goes into the data of the kind? */
static bool any_data(const struct lab_option_def *rows, const struct lab_link_options *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct lab_option_def *def = lab_option_find(rows, from->v[i].name);

		if (!def || (def->wire != LAB_WIRE_LINK_MAC && def->wire != LAB_WIRE_NONE) ||
		    def->type == LAB_OPTION_EXTRA)
			return true;
	}
	return false;
}

void lab_link_set(struct lab_nl *nl, const struct lab_link_change *change)
{
	const struct lab_kind_def *def = lab_kind_get(change->kind);
	struct ifinfomsg *ifi = lab_nl_begin(nl, RTM_NEWLINK, 0, sizeof(*ifi));
	size_t info, data;

	if (!ifi)
		return;
	ifi->ifi_index = change->ifindex;
	ifi->ifi_flags = change->flags & change->flags_mask;
	ifi->ifi_change = change->flags_mask;
	if (change->name)
		lab_nl_put_str(nl, IFLA_IFNAME, change->name);
	put_mac(nl, change->mac, def->options, &change->options);
	if (change->mtu_bytes)
		lab_nl_put_u32(nl, IFLA_MTU, change->mtu_bytes);
	if (change->netns >= 0)
		lab_nl_put_u32(nl, IFLA_NET_NS_FD, (uint32_t)change->netns);
	if (change->set_master)
		lab_nl_put_u32(nl, IFLA_MASTER, (uint32_t)change->master);
	if (!any_data(def->options, &change->options))
		return;
	info = lab_nl_nest(nl, IFLA_LINKINFO);
	put_kind(nl, IFLA_INFO_KIND, def);
	data = lab_nl_nest(nl, IFLA_INFO_DATA);
	put_options(nl, def->options, &change->options, false);
	lab_nl_nest_end(nl, data);
	lab_nl_nest_end(nl, info);
}

void lab_link_set_port(struct lab_nl *nl, int ifindex, enum lab_link_kind master,
		       const struct lab_link_options *options)
{
	const struct lab_kind_def *def = lab_kind_get(master);
	struct ifinfomsg *ifi = lab_nl_begin(nl, RTM_NEWLINK, 0, sizeof(*ifi));
	size_t info, data;

	if (!ifi)
		return;
	ifi->ifi_index = ifindex;
	info = lab_nl_nest(nl, IFLA_LINKINFO);
	put_kind(nl, IFLA_INFO_SLAVE_KIND, def);
	data = lab_nl_nest(nl, IFLA_INFO_SLAVE_DATA);
	put_options(nl, def->port_options, options, false);
	lab_nl_nest_end(nl, data);
	lab_nl_nest_end(nl, info);
}
