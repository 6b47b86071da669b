/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pid_namespace.c - the death of PID 1 ends its whole namespace, nested ones too, before anybody hears of it */
#include <fcntl.h>

#include "tests/kernel/kernel.h"

/*
 * Who depends on it: everything about taking a lab down. The keeper is PID 1 of the lab; lab_client_down() and lab_up() wait for its pidfd
 * and then say that nothing is left, however the keeper ended.
 */
enum { HOSTS = 40 };

/* Held by every process of the lab: its end is the end of the last of them. */
static int witness[2];

static void wait_for_ever(void)
{
	for (;;)
		(void)pause();
}

/* A host: PID 1 of a namespace of its own, with a child that ignores all that can be ignored. */
static void be_a_host(void)
{
	pid_t pid = clone_with(0, SIGCHLD);

	if (pid == 0) {
		(void)signal(SIGTERM, SIG_IGN);
		(void)signal(SIGHUP, SIG_IGN);
		(void)setsid();
	}
	if (write(witness[1], "x", 1) != 1)
		_exit(1);
	wait_for_ever();
}

static void be_the_keeper(void)
{
	for (int i = 0; i < HOSTS; i++)
		if (clone_with(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS, SIGCHLD) == 0)
			be_a_host();
	wait_for_ever();
}

static void start_lab(pid_t *pid, int *pidfd)
{
	char byte;

	must(pipe2(witness, O_CLOEXEC) == 0, "pipe");
	*pid = clone_with(CLONE_NEWPID, SIGCHLD);
	must(*pid >= 0, "clone3");
	if (*pid == 0) {
		(void)close(witness[0]);
		be_the_keeper();
	}
	*pidfd = open_pidfd(*pid);
	(void)close(witness[1]);
	for (int i = 0; i < 2 * HOSTS; i++)
		must(read(witness[0], &byte, 1) == 1, "hear of a process of the lab");
	must(fcntl(witness[0], F_SETFL, O_NONBLOCK) == 0, "fcntl");
}

static void killed_from_outside(void)
{
	char byte;
	int pidfd;
	pid_t pid;

	start_lab(&pid, &pidfd);
	check(!readable_in(pidfd, 0), "the pidfd of PID 1 is silent while it lives");
	must(kill(pid, SIGKILL) == 0, "kill");
	check(readable_in(pidfd, DEADLINE_MS), "after SIGKILL of PID 1 its pidfd reads");
	check(read(witness[0], &byte, 1) == 0,
	      "and at that moment no process of the lab holds a descriptor any more");
	check(waitpid(pid, NULL, WNOHANG) == pid, "PID 1 can be reaped without waiting");
	(void)close(pidfd);
	(void)close(witness[0]);
}

/* As lab_keeper_end() does. */
static void ends_by_itself(void)
{
	int status, pidfd, fds[2];
	char byte;
	pid_t pid;

	must(pipe2(fds, O_CLOEXEC) == 0 && pipe2(witness, O_CLOEXEC) == 0, "pipe");
	pid = clone_with(CLONE_NEWPID, SIGCHLD);
	must(pid >= 0, "clone3");
	if (pid == 0) {
		for (int i = 0; i < HOSTS; i++)
			if (clone_with(CLONE_NEWPID, SIGCHLD) == 0)
				be_a_host();
		(void)!read(fds[0], &byte, 1);
		if (kill(-1, SIGKILL) < 0)
			_exit(1);
		_exit(7);
	}
	pidfd = open_pidfd(pid);
	(void)close(witness[1]);
	for (int i = 0; i < 2 * HOSTS; i++)
		must(read(witness[0], &byte, 1) == 1, "hear of a process of the lab");
	must(fcntl(witness[0], F_SETFL, O_NONBLOCK) == 0, "fcntl");
	must(write(fds[1], "x", 1) == 1, "write");
	check(readable_in(pidfd, DEADLINE_MS), "PID 1 that exits ends its namespace as well");
	check(read(witness[0], &byte, 1) == 0, "before its pidfd reads");
	check(waitpid(pid, &status, WNOHANG) == pid && WIFEXITED(status) &&
		      WEXITSTATUS(status) == 7,
	      "its exit status is its own, also after kill(-1)");
}

int main(void)
{
	/* Only to be told early what the machine lacks. */
	leave_for(CLONE_NEWNET | CLONE_NEWNS);
	killed_from_outside();
	ends_by_itself();
	return done_checking();
}
