/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_caps.c - unit tests of netlab/ns/caps.h: what is kept, what is dropped, in which sets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/ns/caps.h"

static struct {
	uint64_t effective, dropped, set_effective, set_permitted, set_inheritable;
	unsigned long last_cap, fails_at;
	int get_error, set_error, drop_error;
	unsigned int n_sets;
} fake;

long __wrap_syscall(long number, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

static uint64_t join(uint32_t low, uint32_t high)
{
	return low | (uint64_t)high << 32;
}

long __wrap_syscall(long number, ...)
{
	const struct __user_cap_header_struct *hdr;
	struct __user_cap_data_struct *data;
	va_list ap;

	va_start(ap, number);
	hdr = va_arg(ap, const struct __user_cap_header_struct *);
	data = va_arg(ap, struct __user_cap_data_struct *);
	va_end(ap);
	assert_int_equal(hdr->version, _LINUX_CAPABILITY_VERSION_3);
	assert_int_equal(hdr->pid, 0);
	assert_true(number == SYS_capget || number == SYS_capset);
	errno = number == SYS_capget ? fake.get_error : fake.set_error;
	if (errno)
		return -1;
	if (number == SYS_capget) {
		data[0].effective = (uint32_t)fake.effective;
		data[1].effective = (uint32_t)(fake.effective >> 32);
		return 0;
	}
	fake.n_sets++;
	fake.set_effective = join(data[0].effective, data[1].effective);
	fake.set_permitted = join(data[0].permitted, data[1].permitted);
	fake.set_inheritable = join(data[0].inheritable, data[1].inheritable);
	return 0;
}

int __wrap_prctl(int option, ...)
{
	unsigned long cap;
	va_list ap;

	va_start(ap, option);
	cap = va_arg(ap, unsigned long);
	va_end(ap);
	if (option != PR_CAPBSET_DROP)
		return __real_prctl(option, cap, 0, 0, 0);
	/* The bounding set must shrink while CAP_SETPCAP is still there. */
	assert_int_equal(fake.n_sets, 0);
	errno = cap > fake.last_cap ? EINVAL : cap == fake.fails_at ? fake.drop_error : 0;
	if (errno)
		return -1;
	fake.dropped |= 1ULL << cap;
	return 0;
}

static int set_up(LAB_UNUSED void **state)
{
	memset(&fake, 0, sizeof(fake));
	fake.last_cap = CAP_LAST_CAP;
	fake.effective = ~0ULL >> (63 - CAP_LAST_CAP);
	return 0;
}

static void hosts_have_what_network_tests_need(LAB_UNUSED void **state)
{
	static const int have[] = {
		CAP_CHOWN,    CAP_DAC_OVERRIDE, CAP_FOWNER,           CAP_FSETID,
		CAP_KILL,     CAP_SETGID,       CAP_SETUID,           CAP_SETPCAP,
		CAP_NET_RAW,  CAP_NET_ADMIN,    CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST,
		CAP_IPC_LOCK, CAP_IPC_OWNER,    CAP_SYS_CHROOT,       CAP_SYS_NICE,
		CAP_LEASE,    CAP_AUDIT_WRITE,  CAP_SETFCAP,
	};
	uint64_t mask = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(have); i++)
		mask |= 1ULL << have[i];
	assert_int_equal(lab_caps_host(), mask);
}

/* Each of these would let a host's root reach the machine. */
static void hosts_have_nothing_that_reaches_the_machine(LAB_UNUSED void **state)
{
	static const int not [] = {
		CAP_SYS_ADMIN,       CAP_MKNOD,
		CAP_SYS_PTRACE,      CAP_SYS_MODULE,
		CAP_SYS_RAWIO,       CAP_SYS_BOOT,
		CAP_SYS_TIME,        CAP_SYSLOG,
		CAP_DAC_READ_SEARCH, CAP_SYS_RESOURCE,
		CAP_MAC_ADMIN,       CAP_BPF,
		CAP_PERFMON,         CAP_MAC_OVERRIDE,
		CAP_LINUX_IMMUTABLE, CAP_SYS_PACCT,
		CAP_WAKE_ALARM,      CAP_BLOCK_SUSPEND,
		CAP_AUDIT_CONTROL,   CAP_AUDIT_READ,
		CAP_SYS_TTY_CONFIG,  CAP_CHECKPOINT_RESTORE,
	};

	for (size_t i = 0; i < LAB_ARRAY_SIZE(not ); i++)
		assert_int_equal(lab_caps_host() & 1ULL << not [i], 0);
}

static void effective_is_what_the_kernel_says(LAB_UNUSED void **state)
{
	fake.effective = 0x123456789aULL;
	assert_int_equal(lab_caps_effective(), 0x123456789aULL);
	fake.get_error = EPERM;
	assert_int_equal(lab_caps_effective(), 0);
}

static void limit_empties_all_sets_but_what_is_kept(LAB_UNUSED void **state)
{
	const uint64_t all = fake.effective, keep = 1ULL << CAP_NET_ADMIN | 1ULL << CAP_BPF;
	struct lab_err err;

	assert_int_equal(lab_caps_bound(keep, &err), 0);
	assert_int_equal(fake.dropped, all & ~keep);
	assert_int_equal(fake.n_sets, 0);
	assert_int_equal(lab_caps_limit(keep, &err), 0);
	assert_int_equal(fake.dropped, all & ~keep);
	assert_int_equal(fake.set_effective, keep);
	assert_int_equal(fake.set_permitted, keep);
	assert_int_equal(fake.set_inheritable, 0);
	assert_int_equal(fake.n_sets, 1);
}

static void limit_gives_nothing_that_was_not_there(LAB_UNUSED void **state)
{
	struct lab_err err;

	fake.effective = 1ULL << CAP_CHOWN | 1ULL << CAP_SYS_ADMIN;
	assert_int_equal(lab_caps_limit(lab_caps_host(), &err), 0);
	assert_int_equal(fake.set_effective, 1ULL << CAP_CHOWN);
	assert_int_equal(fake.set_permitted, 1ULL << CAP_CHOWN);
}

static void bound_drops_capabilities_of_newer_kernels(LAB_UNUSED void **state)
{
	struct lab_err err;

	fake.last_cap = 62;
	assert_int_equal(lab_caps_bound(0, &err), 0);
	assert_int_equal(fake.dropped, ~0ULL >> 1);
	(void)set_up(NULL);
	fake.last_cap = 63;
	assert_int_equal(lab_caps_bound(1ULL << 63, &err), 0);
	assert_int_equal(fake.dropped, ~0ULL >> 1);
}

static void limit_that_fails_says_where(LAB_UNUSED void **state)
{
	struct lab_err err;

	fake.fails_at = CAP_SYS_ADMIN;
	fake.drop_error = EPERM;
	assert_int_equal(lab_caps_bound(lab_caps_host(), &err), -EPERM);
	assert_string_equal(
		err.msg,
		"drop capability 21 from the bounding set: Operation not permitted [EPERM]");
	(void)set_up(NULL);
	fake.set_error = EPERM;
	assert_int_equal(lab_caps_limit(lab_caps_host(), &err), -EPERM);
	assert_string_equal(err.msg, "capset: Operation not permitted [EPERM]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hosts_have_what_network_tests_need, set_up),
		cmocka_unit_test_setup(hosts_have_nothing_that_reaches_the_machine, set_up),
		cmocka_unit_test_setup(effective_is_what_the_kernel_says, set_up),
		cmocka_unit_test_setup(limit_empties_all_sets_but_what_is_kept, set_up),
		cmocka_unit_test_setup(limit_gives_nothing_that_was_not_there, set_up),
		cmocka_unit_test_setup(bound_drops_capabilities_of_newer_kernels, set_up),
		cmocka_unit_test_setup(limit_that_fails_says_where, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
