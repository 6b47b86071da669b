/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_netlink.c - answers of the kernel from any bytes: nothing outside of them is read, and lists end */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/nl/link_get_internal.h"
#include "netlab/nl/nl_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEQ = 1 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

static int hear(void *data, const struct nlmsghdr *nlh, struct lab_err *err)
{
	struct lab_link_info link;
	struct lab_addr_info addr;

	++*(size_t *)data;
	lab_link_read(nlh, &link);
	check(strnlen(link.name, sizeof(link.name)) < sizeof(link.name));
	check(strnlen(link.kind, sizeof(link.kind)) < sizeof(link.kind));
	check(strnlen(link.port_kind, sizeof(link.port_kind)) < sizeof(link.port_kind));
	check(lab_link_operstate(link.operstate) != NULL);
	if (lab_addr_read(nlh, &addr))
		check(lab_addr_len(&addr.addr) == 4 || lab_addr_len(&addr.addr) == 16);
	return link.ifindex == 13 ? lab_err_set(err, EIO, "heard enough") : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t heard = 0;
	const struct lab_nl_ear ear = { .hear = hear,
					.data = &heard,
					.min_len = sizeof(struct ifinfomsg) };
	struct lab_nl_hearing h = { .ear = &ear };
	struct lab_err err = { .code = 0 };
	/* A buffer of its own size, so that a byte read behind it is noticed; malloc() aligns it. */
	cleanup_free uint8_t *buf = malloc(size ? size : 1);

	if (!buf)
		return 0;
	if (size)
		memcpy(buf, data, size);
	(void)lab_nl_hear_buffer(&h, buf, size, SEQ, &err);
	check(heard <= size / sizeof(struct nlmsghdr));
	check(h.result <= 0 && (h.result == 0 || err.msg[0]));
	return 0;
}
