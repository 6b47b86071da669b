/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tun.c - tun and tap links, which are made by opening a device */
#include "netlab/nl/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "netlab/base/util.h"
#include "netlab/nl/kind_internal.h"

static const char device[] = "/dev/net/tun";

/* Number of an option, @otherwise without it; -EINVAL. */
static int64_t option(const struct lab_link_new *spec, const char *name, int64_t otherwise)
{
	struct lab_option_value v = { .number = 0 };

	for (size_t i = 0; i < spec->options.n; i++) {
		if (strcmp(spec->options.v[i].name, name) != 0)
			continue;
		if (lab_option_read(lab_kind_option(spec->kind, LAB_USE_NEW, name),
				    spec->options.v[i].value, &v, NULL) < 0)
			return -EINVAL;
		return (int64_t)v.number;
	}
	return otherwise;
}

static int set_number(int fd, unsigned long request, int64_t v, const char *what,
		      struct lab_err *err)
{
	if (v >= 0 && ioctl(fd, request, (unsigned long)v) < 0)
		return lab_err_errno(err, errno, "set the %s of a tun link", what);
	return 0;
}

int lab_tun_add(const struct lab_link_new *spec, struct lab_err *err)
{
	cleanup_close int fd = -1;
	unsigned int index = (unsigned int)spec->ifindex;
	struct ifreq ifr = { .ifr_flags = spec->kind == LAB_LINK_TAP ? IFF_TAP : IFF_TUN };
	int r;

	if (!option(spec, "pi", 0))
		ifr.ifr_flags |= IFF_NO_PI;
	if (option(spec, "vnet_hdr", 0) > 0)
		ifr.ifr_flags |= IFF_VNET_HDR;
	if (option(spec, "multi_queue", 0) > 0)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	/* TUNSETIFF would take it for the name that is there already. */
	if (if_nametoindex(spec->name))
		return lab_err_errno(err, EEXIST, "make %s", spec->name);
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", spec->name);
	fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return lab_err_errno(err, errno, "open %s", device);
	if (spec->ifindex && ioctl(fd, TUNSETIFINDEX, &index) < 0)
		return lab_err_errno(err, errno, "choose the index of %s", spec->name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return lab_err_errno(err, errno, "make %s", spec->name);
	r = set_number(fd, TUNSETOWNER, option(spec, "user", -1), "user", err);
	if (r == 0)
		r = set_number(fd, TUNSETGROUP, option(spec, "group", -1), "group", err);
	if (r == 0)
		r = set_number(fd, TUNSETPERSIST, 1, "persistence", err);
	return r;
}
