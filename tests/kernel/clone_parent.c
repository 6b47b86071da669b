/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clone_parent.c - a child of PID 1 can clone on its behalf: with CLONE_PARENT the new process is PID 1's own child */
#include <fcntl.h>
#include <sys/signalfd.h>

#include "tests/kernel/kernel.h"

/*
 * Who depends on it: the spawner (slave-image/agent/spawner.c) clones hosts for the keeper. It is a small process, so that a
 * clone is cheap; the keeper reaps the hosts, and they stay when the spawner has done its work and ends.
 */
enum {
	HOST_FLAGS = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
		     CLONE_NEWCGROUP
};

static void be_the_spawner(int out)
{
	int report[3];

	report[0] = clone_with(HOST_FLAGS | CLONE_PARENT, SIGCHLD) < 0 ? errno : 0;
	report[1] = clone_with(HOST_FLAGS | CLONE_PARENT, 0);
	if (report[1] == 0) {
		for (;;)
			(void)pause();
	}
	report[2] = waitpid(report[1], NULL, WNOHANG) < 0 ? errno : 0;
	_exit(write(out, report, sizeof(report)) == sizeof(report) ? 0 : 1);
}

/* PID 1 of a namespace, as the keeper is. */
static int be_the_keeper(void)
{
	int report[3], fds[2], signals, status = 0;
	struct signalfd_siginfo info = { 0 };
	pid_t spawner;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	must(sigprocmask(SIG_BLOCK, &set, NULL) == 0, "sigprocmask");
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	must(signals >= 0 && pipe2(fds, O_CLOEXEC) == 0, "signalfd");
	spawner = fork_child();
	if (spawner == 0)
		be_the_spawner(fds[1]);
	must(read(fds[0], report, sizeof(report)) == sizeof(report), "hear of the spawner");
	check(report[0] == EINVAL, "clone3 refuses an exit signal beside CLONE_PARENT: EINVAL");
	check(report[1] > 1, "without one a child of PID 1 clones a process with all namespaces");
	check(report[2] == ECHILD, "which is not its own child");
	must(succeeded(spawner), "the spawner");
	(void)!read(signals, &info, sizeof(info));
	check(kill(report[1], 0) == 0, "it lives on when its cloner has ended");
	check(waitpid(report[1], NULL, WNOHANG) == 0, "it is a child of PID 1");
	must(kill(report[1], SIGKILL) == 0, "kill");
	check(readable_in(signals, DEADLINE_MS) &&
		      read(signals, &info, sizeof(info)) == sizeof(info) &&
		      info.ssi_signo == SIGCHLD && (pid_t)info.ssi_pid == report[1],
	      "PID 1 gets SIGCHLD for it: the exit signal is that of its cloner");
	check(waitpid(report[1], &status, WNOHANG) == report[1] && WIFSIGNALED(status) &&
		      WTERMSIG(status) == SIGKILL,
	      "and reaps it");
	return done_checking();
}

int main(void)
{
	pid_t pid;

	leave_for(CLONE_NEWNS);
	pid = clone_with(CLONE_NEWPID, SIGCHLD);
	must(pid >= 0, "clone3");
	if (pid == 0)
		exit(be_the_keeper());
	return succeeded(pid) ? 0 : 1;
}
