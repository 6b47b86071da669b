/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp.c - system calls that no host may make */
#include "netlab/ns/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlab/base/util.h"

/**
 * struct arch - the numbers of the system calls on one architecture
 * @audit:	AUDIT_ARCH_...
 * @clone:	flags are its first argument
 * @unshare:	flags are its first argument
 * @refused:	not there for hosts: clone3, add_key, request_key, keyctl
 */
struct arch {
	uint32_t audit, clone, unshare, refused[4];
};

/* What this program is, then what else the kernel may run beside it. */
static const struct arch archs[] = {
#if defined(__x86_64__)
	{ AUDIT_ARCH_X86_64, 56, 272, { 435, 248, 249, 250 } },
	{ AUDIT_ARCH_I386, 120, 310, { 435, 286, 287, 288 } },
#elif defined(__aarch64__)
	{ AUDIT_ARCH_AARCH64, 220, 97, { 435, 217, 218, 219 } },
	{ AUDIT_ARCH_ARM, 120, 337, { 435, 309, 310, 311 } },
#elif defined(__riscv) && __riscv_xlen == 64
	{ AUDIT_ARCH_RISCV64, 220, 97, { 435, 217, 218, 219 } },
#else
/* cppcheck-suppress preprocessorErrorDirective */
#error "the numbers of this architecture's system calls are missing here"
#endif
};

enum {
	X32_BIT = 0x40000000, /* the third set of numbers of x86-64, which no distribution uses */
	PER_ARCH = 20,        /* instructions of add_arch() */
	FLAGS_LOW = offsetof(struct seccomp_data, args) +
		    (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0),
};

/**
 * struct program - a filter that is being written
 * @code:	its instructions
 * @len:	how many
 */
struct program {
	struct sock_filter code[LAB_ARRAY_SIZE(archs) * PER_ARCH + 1];
	unsigned short len;
};

static void load(struct program *p, uint32_t offset)
{
	p->code[p->len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}

static void jump(struct program *p, uint16_t test, uint32_t value, uint8_t yes, uint8_t no)
{
	p->code[p->len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, yes, no);
}

static void answer(struct program *p, uint32_t action)
{
	p->code[p->len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

static void add_arch(struct program *p, const struct arch *a)
{
	load(p, offsetof(struct seccomp_data, arch));
	jump(p, BPF_JEQ, a->audit, 0, PER_ARCH - 2);
	load(p, offsetof(struct seccomp_data, nr));
	jump(p, BPF_JGE, X32_BIT, 0, 1);
	answer(p, SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(a->refused); i++) {
		jump(p, BPF_JEQ, a->refused[i], 0, 1);
		answer(p, SECCOMP_RET_ERRNO | ENOSYS);
	}
	jump(p, BPF_JEQ, a->clone, 2, 0);
	jump(p, BPF_JEQ, a->unshare, 1, 0);
	answer(p, SECCOMP_RET_ALLOW);
	load(p, FLAGS_LOW);
	jump(p, BPF_JSET, CLONE_NEWUSER, 0, 1);
	answer(p, SECCOMP_RET_ERRNO | EPERM);
	answer(p, SECCOMP_RET_ALLOW);
}

int lab_seccomp_host(struct lab_err *err)
{
	struct program p = { .len = 0 };
	struct sock_fprog prog;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(archs); i++)
		add_arch(&p, &archs[i]);
	answer(&p, SECCOMP_RET_ERRNO | ENOSYS); /* of an architecture that is not known here */
	prog = (struct sock_fprog){ .len = p.len, .filter = p.code };
	/* Without the flag, old kernels would slow the hosts down for the sake of secrets that they do not have. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog) <
	    0)
		return lab_err_set(
			err, errno == EINVAL ? ENOSYS : errno,
			"the kernel refuses a filter of system calls (CONFIG_SECCOMP_FILTER) [%s]",
			lab_err_name(errno));
	return 0;
}
