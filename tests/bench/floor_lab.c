/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor_lab.c - the lab's init of the floor: template mount namespace, spawners, hosts and their
 * roots */

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/floor.h"

#define HOST_NS \
	(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)
#define STACK_SIZE \
	8192U /* of a host that shares the spawner's memory and only makes system calls */

/**
 * struct report - what a spawner says of a host it has cloned; our end of the host's socketpair
 * rides along
 * @host:	host number
 * @pid:	PID in the lab's PID namespace
 */
struct report {
	unsigned int host;
	pid_t pid;
};

/**
 * struct birth - what a host that shares memory gets
 * @opts:	what to build
 * @host:	its number
 */
struct birth {
	const struct floor_opts *opts;
	unsigned int host;
};

static long fork_with(unsigned long flags)
{
	struct clone_args args = { .flags = flags & ~0xffUL,
				   .exit_signal = (flags & CLONE_PARENT) ? 0 : SIGCHLD };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		floor_die(path);
	(void)close(fd);
}

/* Hosts copy this namespace: it must hold next to nothing. One tmpfs, and the machine's root as /l.
 */
static void make_template(const struct floor_opts *opts)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		floor_die("private mounts");
	if (mount("lab", "/tmp", "tmpfs", 0, "mode=755") < 0 || chdir("/tmp") < 0)
		floor_die("lab tmpfs");
	if (mkdir("l", 0755) < 0 || mkdir("m", 0755) < 0 || mkdir("u", 0755) < 0 ||
	    mkdir("w", 0755) < 0)
		floor_die("lab directories");
	if (opts->root && mount("/", "l", NULL, MS_BIND, NULL) < 0)
		floor_die("bind of the root");
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		floor_die("pivot_root");
}

/*
 * The root is moved over "/" and entered, as an initramfs does it. pivot_root() would walk all
 * tasks of the machine, and the umount of the old root after it waits for an RCU grace period: 5 us
 * against 90 us, and 400 under load.
 */
static void make_root(unsigned int host)
{
	char upper[32];
	char work[32];
	char data[128];

	(void)snprintf(upper, sizeof(upper), "/u/%u", host);
	(void)snprintf(work, sizeof(work), "/w/%u", host);
	(void)snprintf(data, sizeof(data), "lowerdir=/l,upperdir=%s,workdir=%s", upper, work);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
		floor_die("overlay directories");
	if (mount("root", "/m", "overlay", 0, data) < 0)
		floor_die("overlay");
	if (chdir("/m") < 0 || mount("proc", "proc", "proc", 0, NULL) < 0 ||
	    mount("sysfs", "sys", "sysfs", 0, NULL) < 0)
		floor_die("proc and sysfs of a host");
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		floor_die("root of a host");
}

static uint32_t roots_ready; /* roots of this spawner's hosts that share its memory */

static int shared_host(void *arg)
{
	const struct birth *birth = arg;

	if (birth->opts->root) {
		make_root(birth->host);
		(void)__atomic_add_fetch(&roots_ready, 1, __ATOMIC_RELEASE);
		(void)syscall(SYS_futex, &roots_ready, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	for (;;)
		(void)pause();
	return 0;
}

static void await_roots(uint32_t hosts)
{
	uint32_t ready = __atomic_load_n(&roots_ready, __ATOMIC_ACQUIRE);

	while (ready < hosts) {
		(void)syscall(SYS_futex, &roots_ready, FUTEX_WAIT, ready, NULL, NULL, 0);
		ready = __atomic_load_n(&roots_ready, __ATOMIC_ACQUIRE);
	}
}

static void answering_host(const struct floor_opts *opts, unsigned int host, int fd)
{
	char c = 'h';

	if (dup2(fd, 0) < 0 || syscall(SYS_close_range, 1, ~0U, 0) < 0)
		floor_die("descriptors of a host");
	if (opts->root)
		make_root(host);
	do {
		if (write(0, &c, 1) != 1)
			_exit(1);
	} while (read(0, &c, 1) == 1);
	_exit(0);
}

/* Return: our end of the host's socketpair, or -1 in a lab without hellos. */
static int spawn_host(const struct floor_opts *opts, unsigned int host, unsigned long flags,
		      pid_t *ret_pid)
{
	int sv[2];

	if (opts->hello) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
			floor_die("socketpair");
		*ret_pid = (pid_t)fork_with(HOST_NS | flags);
		if (*ret_pid == 0)
			answering_host(opts, host, sv[1]);
		(void)close(sv[1]);
	} else {
		static struct birth *births;
		static uint8_t *stacks;

		if (births == NULL) {
			births = calloc(opts->hosts, sizeof(*births));
			stacks = mmap(NULL, (size_t)opts->hosts * STACK_SIZE,
				      PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
			if (births == NULL || stacks == MAP_FAILED)
				floor_die("stacks");
		}
		births[host] = (struct birth){ .opts = opts, .host = host };
		*ret_pid = clone(shared_host, stacks + (host + 1) * (size_t)STACK_SIZE,
				 (int)(HOST_NS | flags | CLONE_VM | CLONE_FILES | SIGCHLD),
				 &births[host]);
		sv[0] = -1;
	}
	if (*ret_pid < 0)
		floor_die("clone of a host");
	return sv[0];
}

static void send_report(int chan, unsigned int host, pid_t pid, int fd)
{
	struct report report = { .host = host, .pid = pid };
	struct iovec iov = { .iov_base = &report, .iov_len = sizeof(report) };
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	if (sendmsg(chan, &msg, MSG_NOSIGNAL) < 0)
		floor_die("report of a spawner");
	if (fd >= 0)
		(void)close(fd);
}

static void recv_report(struct floor_lab *lab)
{
	struct report report = { 0 };
	struct iovec iov = { .iov_base = &report, .iov_len = sizeof(report) };
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))];
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;

	if (recvmsg(lab->chan, &msg, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(report) ||
	    report.host >= lab->opts->hosts)
		floor_die("spawners ended early");
	lab->host[report.host].pid = report.pid;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg != NULL)
		memcpy(&lab->host[report.host].fd, CMSG_DATA(cmsg), sizeof(int));
}

pid_t floor_lab_host(struct floor_lab *lab, unsigned int i)
{
	while (lab->host[i].pid == 0) {
		struct floor_host *next = &lab->host[lab->spawned];

		if (lab->chan < 0) {
			next->fd = spawn_host(lab->opts, lab->spawned, 0, &next->pid);
			lab->spawned++;
		} else {
			recv_report(lab);
		}
	}
	return lab->host[i].pid;
}

/* CLONE_PARENT: the hosts are the lab's init's children, so that it alone may wait for them. */
static void spawner(const struct floor_opts *opts, unsigned int first, int chan)
{
	uint32_t hosts = 0;
	unsigned int i;

	for (i = first; i < opts->hosts; i += opts->spawners) {
		pid_t pid;
		int fd = spawn_host(opts, i, CLONE_PARENT, &pid);

		send_report(chan, i, pid, fd);
		hosts++;
	}
	if (opts->root && !opts->hello)
		await_roots(hosts);
	_exit(0);
}

static void start_spawners(struct floor_lab *lab)
{
	const struct floor_opts *opts = lab->opts;
	unsigned int s;
	int sv[2];

	if (opts->spawners == 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		floor_die("spawners' socket");
	for (s = 0; s < opts->spawners; s++) {
		long pid = fork_with(0);

		if (pid < 0)
			floor_die("spawner");
		lab->spawner[s] = (pid_t)pid;
		if (pid > 0)
			continue;
		(void)close(sv[0]);
		spawner(opts, s, sv[1]);
	}
	(void)close(sv[1]);
	lab->chan = sv[0];
}

/* All hosts exist, and with hellos: each has answered. */
static void await_hosts(struct floor_lab *lab)
{
	unsigned int i;
	char c;

	for (i = 0; i < lab->opts->hosts; i++) {
		(void)floor_lab_host(lab, i);
		if (lab->opts->hello && read(lab->host[i].fd, &c, 1) != 1)
			floor_die("hello of a host");
	}
	for (i = 0; i < lab->opts->spawners; i++)
		(void)waitpid(lab->spawner[i], NULL, 0);
	if (lab->opts->spawners == 0 && lab->opts->root && !lab->opts->hello)
		await_roots(lab->opts->hosts);
}

void floor_lab_main(const struct floor_opts *opts, int ctl)
{
	struct floor_lab lab = { .opts = opts, .chan = -1, .nl = -1 };
	unsigned int i;
	char c;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (opts->shape == FLOOR_STAR)
		write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	make_template(opts);
	start_spawners(&lab);
	lab.host = calloc(opts->hosts, sizeof(*lab.host));
	if (lab.host == NULL)
		floor_die("memory");
	for (i = 0; i < opts->hosts; i++)
		lab.host[i].fd = -1;
	floor_net_build(&lab);
	await_hosts(&lab);
	/* A dead parent from before prctl() shows here. */
	if (write(ctl, "u", 1) != 1)
		_exit(1);
	while (read(ctl, &c, 1) == 1) {
		if (write(ctl, floor_check(&lab) == 0 ? "k" : "x", 1) != 1)
			break;
	}
	_exit(0);
}
