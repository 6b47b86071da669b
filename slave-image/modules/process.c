/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.c - what modules must know of and do for the programs that they run */
#include "slave-image/modules/process.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool mod_asleep(pid_t pid)
{
	char path[64], line[256];
	const char *state;
	bool asleep;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return true;
	/* The name of the program, in parentheses, may hold anything. */
	state = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	asleep = !state || strncmp(state, ") S", 3) == 0 || strncmp(state, ") Z", 3) == 0;
	(void)fclose(f);
	return asleep;
}

void mod_allow_setgroups(void)
{
	const unsigned int nr = offsetof(struct seccomp_data, nr),
			   arch = offsetof(struct seccomp_data, arch);
#if defined(__x86_64__)
	const unsigned int native = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
	const unsigned int native = AUDIT_ARCH_AARCH64;
#else
	const unsigned int native = 0; /* the filter then changes nothing */
#endif
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };
	int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
	char word[8] = "";

	if (fd < 0)
		return;
	if (read(fd, word, sizeof(word) - 1) <= 0)
		word[0] = '\0';
	(void)close(fd);
	if (strncmp(word, "deny", 4) != 0)
		return;
	/* Without the filter tcpdump says itself what it could not do. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}
