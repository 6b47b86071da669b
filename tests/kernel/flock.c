/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flock.c - a lock on a directory goes with the last copy of its descriptor, also by SIGKILL, before the death is heard of */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "tests/kernel/kernel.h"

/*
 * Who depends on it: run directories (netlab/keeper/rundir.c). The command claims a lab's name and the keeper, its child, holds it with the
 * copy that it inherited; whoever waits for the keeper's end may take the name at once.
 */
int main(void)
{
	int fd, other, pidfd, fds[2];
	char byte;
	pid_t pid;

	leave_for(CLONE_NEWNS);
	must(mount("netlab-test", "/tmp", "tmpfs", 0, NULL) == 0, "mount tmpfs");
	must(mkdir("/tmp/lab", 0700) == 0 && pipe2(fds, O_CLOEXEC) == 0, "mkdir");
	fd = open("/tmp/lab", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	other = open("/tmp/lab", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0 && other >= 0, "open");
	check(flock(fd, LOCK_EX | LOCK_NB) == 0, "a directory can be locked");
	check(flock(other, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK,
	      "by one opening of it only");
	pid = clone_with(CLONE_NEWPID, SIGCHLD);
	must(pid >= 0, "clone3");
	if (pid == 0) {
		(void)close(other);
		(void)!write(fds[1], "x", 1);
		for (;;)
			(void)pause();
	}
	must(read(fds[0], &byte, 1) == 1, "hear of the child");
	pidfd = open_pidfd(pid);
	(void)close(fd);
	check(flock(other, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK,
	      "a child's copy holds the lock");
	check(rmdir("/tmp/lab") == 0, "a locked directory can be removed");
	must(kill(pid, SIGKILL) == 0 && readable_in(pidfd, DEADLINE_MS), "kill");
	check(flock(other, LOCK_EX | LOCK_NB) == 0,
	      "when the pidfd of the killed child reads, the lock is free");
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
	return done_checking();
}
