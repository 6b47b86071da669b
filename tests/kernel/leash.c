/* SPDX-License-Identifier: GPL-2.0-or-later */
/* leash.c - PID 1 of a namespace hears of its parent's death as a signal, if it asked for one and waits for it */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "tests/kernel/kernel.h"

/*
 * Who depends on it: the keeper of `netlab run` and of an `up` that has not finished (set_up() in netlab/keeper/keeper.c). PID 1 gets no
 * signal whose action is the default one, unless it is blocked.
 */
static void be_the_keeper(int out)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0 || write(out, "r", 1) != 1)
		_exit(1);
	if (readable_in(fd, DEADLINE_MS) && read(fd, &info, sizeof(info)) == sizeof(info) &&
	    info.ssi_signo == SIGTERM)
		(void)!write(out, "t", 1);
	_exit(0);
}

int main(void)
{
	char byte = 0;
	pid_t pid;
	int fds[2];

	leave_for(CLONE_NEWNS);
	must(pipe2(fds, O_CLOEXEC) == 0, "pipe");
	pid = fork_child();
	if (pid == 0) {
		/* The command: it clones the keeper and is killed later. */
		if (clone_with(CLONE_NEWPID, SIGCHLD) == 0)
			be_the_keeper(fds[1]);
		for (;;)
			(void)pause();
	}
	(void)close(fds[1]);
	must(read(fds[0], &byte, 1) == 1 && byte == 'r', "hear of the keeper");
	check(!readable_in(fds[0], 0), "while its parent lives, PID 1 has no signal");
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "kill the parent");
	check(readable_in(fds[0], DEADLINE_MS) && read(fds[0], &byte, 1) == 1 && byte == 't',
	      "after SIGKILL of its parent, PID 1 reads SIGTERM from its signalfd");
	return done_checking();
}
