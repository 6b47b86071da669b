/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caps.c - what a host's root may do */
#include "netlab/ns/caps.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/base/util.h"

enum { CAP_MAX_ = 63 };

uint64_t lab_caps_effective(void)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &hdr, data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

uint64_t lab_caps_host(void)
{
	static const uint8_t caps[] = {
		CAP_CHOWN,         CAP_DAC_OVERRIDE, CAP_FOWNER,
		CAP_FSETID,        CAP_KILL,         CAP_SETGID,
		CAP_SETUID,        CAP_SETPCAP,      CAP_NET_BIND_SERVICE,
		CAP_NET_BROADCAST, CAP_NET_ADMIN,    CAP_NET_RAW,
		CAP_IPC_LOCK,      CAP_IPC_OWNER,    CAP_SYS_CHROOT,
		CAP_SYS_NICE,      CAP_LEASE,        CAP_AUDIT_WRITE,
		CAP_SETFCAP,
	};
	uint64_t mask = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(caps); i++)
		mask |= 1ULL << caps[i];
	return mask;
}

int lab_caps_bound(uint64_t keep, struct lab_err *err)
{
	for (unsigned long cap = 0; cap <= CAP_MAX_; cap++) {
		if (keep & 1ULL << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			if (errno == EINVAL) /* one past the last that this kernel knows */
				break;
			return lab_err_errno(err, errno,
					     "drop capability %lu from the bounding set", cap);
		}
	}
	return 0;
}

int lab_caps_limit(uint64_t keep, struct lab_err *err)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t have = lab_caps_effective() & keep;

	data[0].effective = data[0].permitted = (uint32_t)have;
	data[1].effective = data[1].permitted = (uint32_t)(have >> 32);
	if (syscall(SYS_capset, &hdr, data) < 0)
		return lab_err_errno(err, errno, "capset");
	return 0;
}
