/* SPDX-License-Identifier: GPL-2.0-or-later */
/* genl.c - generic netlink: families, keys and peers of wireguard, associations of macsec */
#include "netlab/nl/genl.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_macsec.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "netlab/nl/kind_internal.h"
#include "netlab/nl/nl_internal.h"

/* The values of one group, by row; @has says which stand there. */
struct group {
	const struct lab_option_def *rows;
	struct lab_option_value v[8];
	const char *text[8];
	bool has[8];
	struct lab_option_group words;
};

static bool begin(struct lab_nl *nl, uint16_t family, uint8_t command, uint8_t version)
{
	struct genlmsghdr *g = lab_nl_begin(nl, family, 0, sizeof(*g));

	if (!g)
		return false;
	g->cmd = command;
	g->version = version;
	return true;
}

struct family {
	uint16_t id;
};

static int hear_family(void *data, const struct nlmsghdr *nlh, LAB_UNUSED struct lab_err *err)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			((struct family *)data)->id = mnl_attr_get_u16(attr);
	return 0;
}

int lab_genl_family(struct lab_nl *nl, const char *name, uint16_t *ret_id, struct lab_err *err)
{
	struct family family = { .id = 0 };
	const struct lab_nl_ear ear = { .hear = hear_family,
					.data = &family,
					.type = GENL_ID_CTRL,
					.min_len = sizeof(struct genlmsghdr) };
	int r;

	if (begin(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1))
		lab_nl_put_str(nl, CTRL_ATTR_FAMILY_NAME, name);
	r = lab_nl_ask(nl, &ear, err);
	if (r < 0)
		return lab_err_prefix(err, r, "generic netlink family %s: ", name);
	if (!family.id)
		return lab_err_set(err, ENOENT, "generic netlink family %s has no number", name);
	*ret_id = family.id;
	return 0;
}

/* --- values ------------------------------------------------------------------------------------------ */

static int read_group(const struct lab_option_def *def, const struct lab_option *o, struct group *g,
		      struct lab_err *err)
{
	int r;

	memset(g->has, 0, sizeof(g->has));
	g->rows = def->group;
	r = lab_option_split(def, def->group, o, &g->words, err);
	for (size_t i = 0; r == 0 && i < g->words.n; i++) {
		const struct lab_option *word = &g->words.options[i];
		const struct lab_option_def *row = lab_option_find(def->group, word->name);
		size_t at = row ? (size_t)(row - def->group) : 0;

		if (!row || at >= LAB_ARRAY_SIZE(g->v))
			return lab_err_set(err, EINVAL, "option %s: no option %.60s", def->name,
					   word->name);
		if (!lab_option_is_list(row))
			r = lab_option_read(row, word->value, &g->v[at], err);
		g->text[at] = word->value;
		g->has[at] = true;
	}
	return r;
}

/* The value of a row of the group; NULL if it does not stand there. */
static const struct lab_option_value *value(const struct group *g, const char *name)
{
	size_t at = (size_t)(lab_option_find(g->rows, name) - g->rows);

	return g->has[at] ? &g->v[at] : NULL;
}

static uint64_t number(const struct group *g, const char *name, uint64_t otherwise)
{
	const struct lab_option_value *v = value(g, name);

	return v ? v->number : otherwise;
}

static int flush(struct lab_nl *nl, const char *what, struct lab_err *err)
{
	int r = lab_nl_flush(nl, NULL, err);

	return r < 0 ? lab_err_prefix(err, r, "%s: ", what) : 0;
}

/* --- wireguard --------------------------------------------------------------------------------------- */

static void put_endpoint(struct lab_nl *nl, const struct lab_option_value *v)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(v->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(v->port) };

	memcpy(&in.sin_addr, v->addr.bytes, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, v->addr.bytes, sizeof(in6.sin6_addr));
	if (v->addr.family == AF_INET)
		lab_nl_put(nl, WGPEER_A_ENDPOINT, &in, sizeof(in));
	else
		lab_nl_put(nl, WGPEER_A_ENDPOINT, &in6, sizeof(in6));
}

static int put_allowed(struct lab_nl *nl, const struct group *g, struct lab_err *err)
{
	const struct lab_option_def *row = lab_option_find(g->rows, "allowed_ips");
	const char *text = g->text[row - g->rows];
	struct lab_option_value v;
	char piece[LAB_PIECE_MAX];
	size_t list, one;
	int r = 0;

	list = lab_nl_nest(nl, WGPEER_A_ALLOWEDIPS);
	while (r == 0 && lab_option_next(row, &text, piece)) {
		uint16_t family;

		r = lab_option_read(row, piece, &v, err);
		if (r < 0)
			return r;
		family = v.addr.family;
		one = lab_nl_nest(nl, 0);
		lab_nl_put(nl, WGALLOWEDIP_A_FAMILY, &family, sizeof(family));
		lab_nl_put(nl, WGALLOWEDIP_A_IPADDR, v.addr.bytes, lab_addr_len(&v.addr));
		lab_nl_put_u8(nl, WGALLOWEDIP_A_CIDR_MASK, v.addr.prefix_len);
		lab_nl_nest_end(nl, one);
	}
	lab_nl_nest_end(nl, list);
	return r;
}

static int put_peer(struct lab_nl *nl, const struct group *g, struct lab_err *err)
{
	const struct lab_option_value *key = value(g, "public_key");
	const struct lab_option_value *psk = value(g, "preshared_key");
	const struct lab_option_value *endpoint = value(g, "endpoint");
	const struct lab_option_value *keepalive = value(g, "keepalive");
	size_t mark = lab_nl_nest(nl, 0);
	int r = 0;

	if (!key)
		return lab_err_set(err, EINVAL, "option peer: peer needs the option public_key");
	lab_nl_put(nl, WGPEER_A_PUBLIC_KEY, key->bytes, WG_KEY_LEN);
	if (psk)
		lab_nl_put(nl, WGPEER_A_PRESHARED_KEY, psk->bytes, WG_KEY_LEN);
	if (endpoint)
		put_endpoint(nl, endpoint);
	if (keepalive) {
		const uint16_t seconds = (uint16_t)keepalive->number;

		lab_nl_put(nl, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, &seconds, sizeof(seconds));
	}
	if (value(g, "allowed_ips")) {
		lab_nl_put_u32(nl, WGPEER_A_FLAGS, WGPEER_F_REPLACE_ALLOWEDIPS);
		r = put_allowed(nl, g, err);
	}
	lab_nl_nest_end(nl, mark);
	return r;
}

/* One request for the link itself, and one for each peer: a message has room for 64 KiB only. */
static int wireguard_option(struct lab_nl *nl, const struct lab_option_def *def,
			    const struct lab_option *o, struct lab_err *err)
{
	struct lab_option_value v = { .number = 0 };
	uint16_t port;
	struct group g;
	size_t mark;
	int r;

	if (def->type == LAB_OPTION_GROUP) {
		r = read_group(def, o, &g, err);
		if (r < 0)
			return r;
		mark = lab_nl_nest(nl, WGDEVICE_A_PEERS);
		r = put_peer(nl, &g, err);
		lab_nl_nest_end(nl, mark);
		return r;
	}
	r = lab_option_read(def, o->value, &v, err);
	port = (uint16_t)v.number;
	if (r == 0 && def->type == LAB_OPTION_BASE64)
		lab_nl_put(nl, WGDEVICE_A_PRIVATE_KEY, v.bytes, WG_KEY_LEN);
	else if (r == 0 && strcmp(def->name, "listen_port") == 0)
		lab_nl_put(nl, WGDEVICE_A_LISTEN_PORT, &port, sizeof(port));
	else if (r == 0)
		lab_nl_put_u32(nl, WGDEVICE_A_FWMARK, (uint32_t)v.number);
	return r;
}

static int finish_wireguard(struct lab_nl *nl, uint16_t family, int ifindex,
			    const struct lab_option *o, struct lab_err *err)
{
	const struct lab_option_def *def = lab_kind_option(LAB_LINK_WIREGUARD, LAB_USE_NEW,
							   o->name);
	struct lab_err unused;
	int r;

	if (!begin(nl, family, WG_CMD_SET_DEVICE, WG_GENL_VERSION))
		return flush(nl, "wireguard", err);
	lab_nl_put_u32(nl, WGDEVICE_A_IFINDEX, (uint32_t)ifindex);
	r = wireguard_option(nl, def, o, err);
	if (r < 0) {
		/* What was built of it is not to be sent. */
		nl->error = -ECANCELED;
		(void)lab_nl_flush(nl, NULL, &unused);
		return r;
	}
	return flush(nl, "wireguard", err);
}

/* --- macsec ------------------------------------------------------------------------------------------ */

/* IEEE 802.1AE section 9.9: the address and the port, in network byte order. */
static uint64_t channel(const struct group *g)
{
	const struct lab_option_value *mac = value(g, "address");
	uint64_t port = number(g, "port", 1), sci = 0;

	for (size_t i = 0; i < LAB_MAC_LEN; i++)
		sci = sci << 8 | mac->bytes[i];
	return htobe64(sci << 16 | port);
}

static void put_channel(struct lab_nl *nl, uint64_t sci)
{
	size_t mark = lab_nl_nest(nl, MACSEC_ATTR_RXSC_CONFIG);

	lab_nl_put(nl, MACSEC_RXSC_ATTR_SCI, &sci, sizeof(sci));
	lab_nl_nest_end(nl, mark);
}

static void put_association(struct lab_nl *nl, const struct group *g)
{
	static const struct lab_option_value none = { .len = 0 };
	const struct lab_option_value *key = value(g, "key"), *id = value(g, "id");
	uint8_t key_id[MACSEC_KEYID_LEN] = { 0 };
	size_t mark = lab_nl_nest(nl, MACSEC_ATTR_SA_CONFIG);

	key = key ? key : &none;
	id = id ? id : &none;
	memcpy(key_id, id->bytes, LAB_MIN(id->len, sizeof(key_id)));
	lab_nl_put_u8(nl, MACSEC_SA_ATTR_AN, (uint8_t)number(g, "sa", 0));
	lab_nl_put_u32(nl, MACSEC_SA_ATTR_PN, (uint32_t)number(g, "pn", 1));
	lab_nl_put(nl, MACSEC_SA_ATTR_KEYID, key_id, sizeof(key_id));
	lab_nl_put(nl, MACSEC_SA_ATTR_KEY, key->bytes, key->len);
	lab_nl_put_u8(nl, MACSEC_SA_ATTR_ACTIVE, (uint8_t)number(g, "active", 1));
	lab_nl_nest_end(nl, mark);
}

static int add_channel(struct lab_nl *nl, uint16_t family, int ifindex, uint64_t sci,
		       struct lab_err *err)
{
	struct lab_err why;
	size_t mark;
	int r;

	if (begin(nl, family, MACSEC_CMD_ADD_RXSC, MACSEC_GENL_VERSION)) {
		lab_nl_put_u32(nl, MACSEC_ATTR_IFINDEX, (uint32_t)ifindex);
		mark = lab_nl_nest(nl, MACSEC_ATTR_RXSC_CONFIG);
		lab_nl_put(nl, MACSEC_RXSC_ATTR_SCI, &sci, sizeof(sci));
		lab_nl_put_u8(nl, MACSEC_RXSC_ATTR_ACTIVE, 1);
		lab_nl_nest_end(nl, mark);
	}
	r = flush(nl, "receive channel", &why);
	if (r < 0 && r != -EEXIST) {
		if (err)
			*err = why;
		return r;
	}
	return 0;
}

static int finish_macsec(struct lab_nl *nl, uint16_t family, int ifindex,
			 const struct lab_option *o, struct lab_err *err)
{
	const struct lab_option_def *def = lab_kind_option(LAB_LINK_MACSEC, LAB_USE_NEW, o->name);
	bool rx = strcmp(def->name, "rx_sa") == 0;
	struct group g;
	int r;

	r = read_group(def, o, &g, err);
	if (r < 0)
		return r;
	if (rx && !value(&g, "address"))
		return lab_err_set(err, EINVAL, "option rx_sa: rx_sa needs the option address");
	if (rx)
		r = add_channel(nl, family, ifindex, channel(&g), err);
	if (r < 0)
		return r;
	if (begin(nl, family, rx ? MACSEC_CMD_ADD_RXSA : MACSEC_CMD_ADD_TXSA,
		  MACSEC_GENL_VERSION)) {
		lab_nl_put_u32(nl, MACSEC_ATTR_IFINDEX, (uint32_t)ifindex);
		if (rx)
			put_channel(nl, channel(&g));
		put_association(nl, &g);
	}
	return flush(nl, def->name, err);
}

/* --- both -------------------------------------------------------------------------------------------- */

bool lab_link_needs_finish(enum lab_link_kind kind)
{
	return kind == LAB_LINK_WIREGUARD || kind == LAB_LINK_MACSEC;
}

int lab_link_finish(struct lab_nl *nl, enum lab_link_kind kind, int ifindex,
		    const struct lab_link_options *options, struct lab_err *err)
{
	uint16_t family = 0;
	int r = 0;

	if (!lab_link_needs_finish(kind))
		return 0;
	for (size_t i = 0; r == 0 && i < options->n; i++) {
		const struct lab_option *o = &options->v[i];
		const struct lab_option_def *def = lab_kind_option(kind, LAB_USE_NEW, o->name);

		if (!def || def->wire != LAB_WIRE_NONE)
			continue;
		if (!family)
			r = lab_genl_family(nl, lab_kind_get(kind)->kernel, &family, err);
		if (r < 0)
			break;
		r = kind == LAB_LINK_MACSEC ? finish_macsec(nl, family, ifindex, o, err)
					    : finish_wireguard(nl, family, ifindex, o, err);
	}
	return r;
}
