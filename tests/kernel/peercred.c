/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peercred.c - SO_PEERCRED of a connection names the process that called listen(2), in the reader's own terms */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/kernel/kernel.h"

/*
 * Who depends on it: lab_rundir_connect() (netlab/keeper/rundir.c). The command binds the control socket, but the keeper calls listen(2) on it,
 * from another PID namespace; a client finds the keeper's process by it, to wait for its end or to kill it.
 */
static char dir[] = "/tmp/netlab-peercred.XXXXXX";

static void address(struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/socket", dir);
}

static pid_t peer_of(int fd)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);

	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0, "SO_PEERCRED");
	return cred.pid;
}

static int connect_to(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0, "socket");
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void be_the_listener(int fd, int out)
{
	int client;

	if (getpid() != 1 || listen(fd, 4) < 0 || write(out, "x", 1) != 1)
		_exit(1);
	/* cppcheck-suppress nullPointer ; both may be NULL */
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	(void)!write(out, client >= 0 ? "x" : "-", 1);
	/* The other one is outside of this namespace. */
	(void)!write(out, peer_of(client) == 0 ? "x" : "-", 1);
	for (;;)
		(void)pause();
}

static void run(void)
{
	struct sockaddr_un addr;
	int fd, client, fds[2];
	char bytes[3] = "";
	pid_t pid;

	address(&addr);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fd >= 0 && bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0, "bind");
	check(connect_to(&addr) < 0 && errno == ECONNREFUSED,
	      "nobody listens on a socket that is only bound");
	must(pipe2(fds, O_CLOEXEC) == 0, "pipe");
	pid = clone_with(CLONE_NEWPID, SIGCHLD);
	must(pid >= 0, "clone3");
	if (pid == 0)
		be_the_listener(fd, fds[1]);
	(void)close(fd);
	must(read(fds[0], bytes, 1) == 1, "hear of the listener");
	client = connect_to(&addr);
	check(client >= 0 && peer_of(client) == pid,
	      "a client sees who called listen(2), not who called bind(2), by its number in the client's namespace");
	must(readable_in(fds[0], DEADLINE_MS) && read(fds[0], bytes + 1, 1) == 1,
	     "hear of the listener");
	must(readable_in(fds[0], DEADLINE_MS) && read(fds[0], bytes + 2, 1) == 1,
	     "hear of the listener");
	check(bytes[1] == 'x' && bytes[2] == 'x',
	      "the listener sees a client from outside of its namespace as 0");
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "kill");
	check(connect_to(&addr) < 0 && errno == ECONNREFUSED,
	      "after its death the name refuses connections");
}

int main(void)
{
	leave_for(CLONE_NEWNS);
	/* A /tmp of our own: nothing is left behind, however this ends. */
	must(mount("netlab-test", "/tmp", "tmpfs", 0, NULL) == 0, "mount tmpfs");
	must(mkdtemp(dir) != NULL, "mkdtemp");
	run();
	return done_checking();
}
