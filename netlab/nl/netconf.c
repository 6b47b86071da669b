/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netconf.c - what the kernel does with packets that are for others */
#include "netlab/nl/netconf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "netlab/base/util.h"
#include "netlab/nl/nl_internal.h"

static int hear(void *data, const struct nlmsghdr *nlh, LAB_UNUSED struct lab_err *err)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, NLMSG_ALIGN(sizeof(struct netconfmsg))) {
		if (mnl_attr_get_type(attr) == NETCONFA_FORWARDING &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			*(int *)data = mnl_attr_get_u32(attr) != 0;
	}
	return 0;
}

int lab_netconf_forwarding(struct lab_nl *nl, int family, bool *ret, struct lab_err *err)
{
	int forwarding = -1, r;
	const struct lab_nl_ear ear = { .hear = hear,
					.data = &forwarding,
					.type = RTM_NEWNETCONF,
					.min_len = sizeof(struct netconfmsg) };
	struct netconfmsg *ncm = lab_nl_begin(nl, RTM_GETNETCONF, 0, sizeof(*ncm));

	if (ncm)
		ncm->ncm_family = (uint8_t)family;
	lab_nl_put_u32(nl, NETCONFA_IFINDEX, (uint32_t)NETCONFA_IFINDEX_ALL);
	r = lab_nl_ask(nl, &ear, err);
	if (r < 0)
		return r;
	/* cppcheck-suppress knownConditionTrueFalse ; hear() has set it if the kernel said so */
	if (forwarding < 0)
		return lab_err_set(err, EOPNOTSUPP, "the kernel did not say whether it forwards");
	*ret = forwarding;
	return 0;
}
