/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture.c - what --packet-capture runs for each interface: tcpdump, its packets on standard output */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "slave-image/modules/process.h"

enum {
	STEP_NS = 2000000, /* between two looks whether it sleeps */
	STEPS_MAX = 1000,  /* then it ends in any case */
};

/* SIGINT is blocked in tcpdump: it would end with packets in hand. */
static _Noreturn void capture(char *name)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	mod_allow_setgroups();
	/* Each packet is taken and written at once. */
	(void)execlp("tcpdump", "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-s", "0", "-i",
		     name, "-w", "-", (char *)NULL);
	fprintf(stderr, "tcpdump: %s; it is in the package tcpdump\n", strerror(errno));
	_exit(2);
}

/* Wait for SIGINT, or for the end of tcpdump. */
static int wait_for_end(const sigset_t *set, pid_t pid)
{
	const struct timespec step = { .tv_nsec = STEP_NS };
	int status = 0, i;

	while (sigwaitinfo(set, NULL) == SIGCHLD) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
	}
	/* What has arrived is taken first. The set has SIGCHLD: the end of tcpdump is not slept through. */
	for (i = 0; i < STEPS_MAX && !mod_asleep(pid); i++)
		(void)sigtimedwait(set, NULL, &step);
	(void)kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int main(int argc, char **argv)
{
	sigset_t set;
	int status;
	pid_t pid;

	if (argc != 2) {
		fprintf(stderr, "usage: Capture INTERFACE >FILE\n");
		return 2;
	}
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return 2;
	pid = fork();
	if (pid == 0)
		capture(argv[1]);
	if (pid < 0) {
		fprintf(stderr, "fork: %s\n", strerror(errno));
		return 2;
	}
	status = wait_for_end(&set, pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
