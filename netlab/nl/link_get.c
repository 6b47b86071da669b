/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_get.c - how the kernel has links and their addresses now */
#include "netlab/nl/link_get.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/util.h"
#include "netlab/nl/link.h"
#include "netlab/nl/link_get_internal.h"
#include "netlab/nl/nl_internal.h"

enum { LIST_MAX = 1 << 20, LIST_STEP = 16 };

/* --- attributes: what is too short is passed over --------------------------------------------------- */

static uint32_t attr_u32(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) < 0 ? 0 : mnl_attr_get_u32(attr);
}

static void attr_text(const struct nlattr *attr, char *ret, size_t size)
{
	size_t len = mnl_attr_get_payload_len(attr);

	len = strnlen(mnl_attr_get_payload(attr), len);
	len = LAB_MIN(len, size - 1);
	memcpy(ret, mnl_attr_get_payload(attr), len);
	ret[len] = '\0';
}

static void read_stats(const struct nlattr *attr, struct lab_link_stats *ret)
{
	struct rtnl_link_stats64 s = { 0 };

	/* The kernel's may be shorter or longer than ours. */
	memcpy(&s, mnl_attr_get_payload(attr),
	       LAB_MIN((size_t)mnl_attr_get_payload_len(attr), sizeof(s)));
	*ret = (struct lab_link_stats){
		.rx_packets = s.rx_packets,
		.tx_packets = s.tx_packets,
		.rx_bytes = s.rx_bytes,
		.tx_bytes = s.tx_bytes,
		.rx_errors = s.rx_errors,
		.tx_errors = s.tx_errors,
		.rx_dropped = s.rx_dropped,
		.tx_dropped = s.tx_dropped,
		.multicast = s.multicast,
		.collisions = s.collisions,
	};
}

static void read_kind(const struct nlattr *info, struct lab_link_info *ret)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			attr_text(attr, ret->kind, sizeof(ret->kind));
		else if (mnl_attr_get_type(attr) == IFLA_INFO_SLAVE_KIND)
			attr_text(attr, ret->port_kind, sizeof(ret->port_kind));
	}
}

static void read_attr(const struct nlattr *attr, struct lab_link_info *ret)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		attr_text(attr, ret->name, sizeof(ret->name));
		break;
	case IFLA_ADDRESS:
		ret->has_mac = mnl_attr_get_payload_len(attr) == LAB_MAC_LEN;
		if (ret->has_mac)
			memcpy(ret->mac, mnl_attr_get_payload(attr), LAB_MAC_LEN);
		break;
	case IFLA_MTU:
		ret->mtu_bytes = attr_u32(attr);
		break;
	case IFLA_MASTER:
		ret->master = (int)attr_u32(attr);
		break;
	case IFLA_LINK:
		ret->lower = (int)attr_u32(attr);
		break;
	case IFLA_OPERSTATE:
		if (mnl_attr_get_payload_len(attr) >= sizeof(ret->operstate))
			ret->operstate = mnl_attr_get_u8(attr);
		break;
	case IFLA_STATS64:
		read_stats(attr, &ret->stats);
		break;
	case IFLA_LINKINFO:
		read_kind(attr, ret);
		break;
	default:
		break;
	}
}

void lab_link_read(const struct nlmsghdr *nlh, struct lab_link_info *ret)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	*ret = (struct lab_link_info){ .ifindex = ifi->ifi_index, .flags = ifi->ifi_flags };
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		read_attr(attr, ret);
	}
}

bool lab_addr_read(const struct nlmsghdr *nlh, struct lab_addr_info *ret)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *local = NULL, *address = NULL;
	unsigned int len;

	*ret = (struct lab_addr_info){ .ifindex = (int)ifa->ifa_index,
				       .addr = { .family = ifa->ifa_family,
						 .prefix_len = ifa->ifa_prefixlen },
				       .flags = ifa->ifa_flags,
				       .scope = ifa->ifa_scope };
	mnl_attr_for_each(attr, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			local = attr;
		else if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			address = attr;
		else if (mnl_attr_get_type(attr) == IFA_FLAGS)
			ret->flags = attr_u32(attr);
	}
	/* With a peer IFA_ADDRESS is the other end's; IPv6 has no IFA_LOCAL without one. */
	address = local ? local : address;
	len = lab_addr_len(&ret->addr);
	if (!address || !len || mnl_attr_get_payload_len(address) != len)
		return false;
	memcpy(ret->addr.bytes, mnl_attr_get_payload(address), len);
	return true;
}

/* --- lists ------------------------------------------------------------------------------------------- */

/* One more element of @size bytes in a list that has @n; NULL with @err filled. */
static void *grow(void **list, size_t n, size_t size, struct lab_err *err)
{
	void *more;

	if (n >= LIST_MAX) {
		(void)lab_err_set(err, EMSGSIZE, "more than %d links or addresses", LIST_MAX);
		return NULL;
	}
	if (n % LIST_STEP == 0) {
		more = reallocarray(*list, n + LIST_STEP, size);
		if (!more) {
			(void)lab_err_errno(err, ENOMEM, "list links");
			return NULL;
		}
		*list = more;
	}
	return (char *)*list + n * size;
}

static void forget_links(void *data)
{
	struct lab_link_list *list = data;

	free(list->links);
	list->links = NULL;
	list->n_links = 0;
}

static int hear_link(void *data, const struct nlmsghdr *nlh, struct lab_err *err)
{
	struct lab_link_list *list = data;
	struct lab_link_info *info;

	info = grow((void **)&list->links, list->n_links, sizeof(*info), err);
	if (!info)
		return -ENOMEM;
	lab_link_read(nlh, info);
	list->n_links++;
	return 0;
}

int lab_link_list(struct lab_nl *nl, struct lab_link_list *list, struct lab_err *err)
{
	const struct lab_nl_ear ear = { .restart = forget_links,
					.hear = hear_link,
					.data = list,
					.type = RTM_NEWLINK,
					.min_len = sizeof(struct ifinfomsg) };

	(void)lab_nl_begin(nl, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	return lab_nl_ask(nl, &ear, err);
}

static int hear_one(void *data, const struct nlmsghdr *nlh, LAB_UNUSED struct lab_err *err)
{
	lab_link_read(nlh, data);
	return 0;
}

int lab_link_get(struct lab_nl *nl, int ifindex, const char *name, struct lab_link_info *ret,
		 struct lab_err *err)
{
	struct lab_link_info info = { .ifindex = 0 };
	const struct lab_nl_ear ear = { .hear = hear_one,
					.data = &info,
					.type = RTM_NEWLINK,
					.min_len = sizeof(struct ifinfomsg) };
	struct ifinfomsg *ifi = lab_nl_begin(nl, RTM_GETLINK, 0, sizeof(*ifi));
	int r;

	if (ifi)
		ifi->ifi_index = ifindex;
	if (name && !ifindex)
		lab_nl_put_str(nl, IFLA_IFNAME, name);
	r = lab_nl_ask(nl, &ear, err);
	if (r < 0)
		return r;
	if (!info.ifindex)
		return lab_err_set(err, ENODEV, "the kernel did not say how the link is");
	*ret = info;
	return 0;
}

/* Addresses of one link, or of all. */
struct addr_ear {
	struct lab_link_list *list;
	int ifindex;
};

static void forget_addrs(void *data)
{
	struct lab_link_list *list = ((struct addr_ear *)data)->list;

	free(list->addrs);
	list->addrs = NULL;
	list->n_addrs = 0;
}

static int hear_addr(void *data, const struct nlmsghdr *nlh, struct lab_err *err)
{
	struct addr_ear *e = data;
	struct lab_addr_info info, *slot;

	if (!lab_addr_read(nlh, &info) || (e->ifindex && info.ifindex != e->ifindex))
		return 0;
	slot = grow((void **)&e->list->addrs, e->list->n_addrs, sizeof(*slot), err);
	if (!slot)
		return -ENOMEM;
	*slot = info;
	e->list->n_addrs++;
	return 0;
}

int lab_link_list_addrs(struct lab_nl *nl, int ifindex, struct lab_link_list *list,
			struct lab_err *err)
{
	struct addr_ear data = { .list = list, .ifindex = ifindex };
	const struct lab_nl_ear ear = { .restart = forget_addrs,
					.hear = hear_addr,
					.data = &data,
					.type = RTM_NEWADDR,
					.min_len = sizeof(struct ifaddrmsg) };

	(void)lab_nl_begin(nl, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	return lab_nl_ask(nl, &ear, err);
}

void lab_link_list_fini(struct lab_link_list *list)
{
	free(list->links);
	free(list->addrs);
	*list = (struct lab_link_list){ .n_links = 0 };
}

static bool is_link_local6(const struct lab_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

int lab_link_flush_addrs(struct lab_nl *nl, int ifindex, struct lab_err *err)
{
	struct lab_link_list list LAB_CLEANUP(lab_link_list_fini) = { .n_links = 0 };
	int r;

	r = lab_link_list_addrs(nl, ifindex, &list, err);
	/* From the end: an address is told before those that go with it. */
	for (size_t i = list.n_addrs; r == 0 && i-- > 0;) {
		struct lab_err why;

		if (is_link_local6(&list.addrs[i].addr))
			continue;
		lab_link_del_addr(nl, ifindex, &list.addrs[i].addr);
		r = lab_nl_flush(nl, NULL, &why);
		if (r == -EADDRNOTAVAIL)
			r = 0;
		else if (r < 0 && err)
			*err = why;
	}
	return r;
}

const char *lab_link_operstate(uint8_t operstate)
{
	static const char *const names[] = { "unknown", "notpresent", "down", "lowerlayerdown",
					     "testing", "dormant",    "up" };

	return operstate < LAB_ARRAY_SIZE(names) ? names[operstate] : names[0];
}
