/* SPDX-License-Identifier: GPL-2.0-or-later */
/* init.c - PID 1 of netlab's virtual machine: the machine's root copy-on-write, one command, its exit status */
#include <fcntl.h>
#include <limits.h>
#include <linux/reboot.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/vm/job.h"

#define P9_OPTIONS "trans=virtio,version=9p2000.L,msize=512000,cache="

enum { JOB_MAX = 4 << 20, WORDS_MAX = 65536 };

/*
 * struct job - what is to be done
 * @text:	/job; the strings below point into it
 * @argv:	the command, NULL-terminated
 * @envp:	its environment, NULL-terminated
 * @out, @err, @state: virtio ports
 */
struct job {
	char *text;
	size_t len;
	const char *kernel, *cwd;
	char **argv, **envp;
	size_t n_args, n_env;
	int out, err, state;
};

static struct job job = { .out = -1, .err = -1, .state = -1 };

/* --- the end --- */

static void write_all(int fd, const char *data, size_t len)
{
	while (fd >= 0 && len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static void power_off(void) __attribute__((noreturn));
static void power_off(void)
{
	sync();
	(void)reboot(LINUX_REBOOT_CMD_POWER_OFF);
	/* PID 1's end is a panic, and a panic ends the machine. */
	_exit(1);
}

static void die(const char *what, const char *name) __attribute__((noreturn));
static void die(const char *what, const char *name)
{
	char text[512];
	int n = snprintf(text, sizeof(text), LAB_VM_ERROR "%s%s: %s\n", what, name,
			 strerror(errno));

	n = LAB_MIN(n, (int)sizeof(text) - 1);
	write_all(job.state, text, (size_t)n);
	write_all(STDERR_FILENO, text, (size_t)n);
	power_off();
}

/* --- files and mounts --- */

static void make_dirs(const char *path)
{
	char part[PATH_MAX];
	char *p;

	(void)snprintf(part, sizeof(part), "%s", path);
	for (p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(part, 0755);
		*p = '/';
	}
	(void)mkdir(part, 0755);
}

static void must_mount(const char *source, const char *target, const char *type,
		       unsigned long flags, const char *data)
{
	if (mount(source, target, type, flags, data) < 0)
		die("mounting ", target);
}

static void must_overlay(const char *lower, const char *layers, const char *target)
{
	cleanup_free char *upper = NULL, *work = NULL, *data = NULL;

	if (asprintf(&upper, "%s/upper", layers) < 0 || asprintf(&work, "%s/work", layers) < 0 ||
	    asprintf(&data, "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work) < 0)
		die("mounting ", target);
	make_dirs(upper);
	make_dirs(work);
	must_mount("overlay", target, "overlay", 0, data);
}

static void write_file(const char *path, const char *text)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	write_all(fd, text, strlen(text));
}

static size_t read_file(const char *path, char *buf, size_t size)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	while (fd >= 0 && len < size - 1) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return len;
}

/* --- before there is a root --- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_modules(void)
{
	struct dirent **names;
	int i, n = scandir("/modules", &names, NULL, by_name);

	for (i = 0; i < n; i++) {
		char path[PATH_MAX];
		cleanup_close int fd = -1;

		if (*names[i]->d_name == '.')
			continue;
		(void)snprintf(path, sizeof(path), "/modules/%s", names[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
			die("loading ", path);
	}
}

static void set_port(const char *name, int fd)
{
	if (!strcmp(name, LAB_VM_PORT_OUT))
		job.out = fd;
	else if (!strcmp(name, LAB_VM_PORT_ERR))
		job.err = fd;
	else if (!strcmp(name, LAB_VM_PORT_STATE))
		job.state = fd;
	else
		(void)close(fd);
}

/* A port can be opened once only: they are opened here, and the command writes to pipes. */
static void open_ports(void)
{
	static const char ports[] = "/sys/class/virtio-ports";
	cleanup_dir DIR *d = opendir(ports);
	char path[PATH_MAX], name[64];
	struct dirent *e;
	int fd;

	while (d && (e = readdir(d))) {
		if (*e->d_name == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s/name", ports, e->d_name);
		(void)read_file(path, name, sizeof(name));
		name[strcspn(name, "\n")] = '\0';
		(void)snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			set_port(name, fd);
	}
	if (job.out < 0 || job.err < 0 || job.state < 0)
		die("opening the virtio ports", "");
}

static void next_pair(const char *key, char *value)
{
	if (!strcmp(key, LAB_VM_KEY_KERNEL))
		job.kernel = value;
	else if (!strcmp(key, LAB_VM_KEY_CWD))
		job.cwd = value;
	else if (!strcmp(key, LAB_VM_KEY_ENV) && job.n_env < WORDS_MAX)
		job.envp[job.n_env++] = value;
	else if (!strcmp(key, LAB_VM_KEY_ARG) && job.n_args < WORDS_MAX)
		job.argv[job.n_args++] = value;
}

/* Call @fn for each pair of the job. */
static void each_pair(void (*fn)(const char *key, char *value))
{
	char *p = job.text, *end = job.text + job.len;

	while (p < end) {
		char *key = p, *value = p + strlen(p) + 1;

		if (value >= end)
			break;
		fn(key, value);
		p = value + strlen(value) + 1;
	}
}

static void read_job(void)
{
	job.text = malloc(JOB_MAX);
	job.argv = calloc(WORDS_MAX + 1, sizeof(*job.argv));
	job.envp = calloc(WORDS_MAX + 1, sizeof(*job.envp));
	if (!job.text || !job.argv || !job.envp)
		die("reading the job", "");
	job.len = read_file("/job", job.text, JOB_MAX);
	each_pair(next_pair);
	errno = EINVAL;
	if (!job.kernel || !job.cwd || !job.argv[0])
		die("the job is not whole", "");
}

/* --- the root --- */

static void keep_or_share(const char *key, char *path)
{
	static int kept, shared;
	char target[PATH_MAX], lower[PATH_MAX], layers[64], tag[32];

	(void)snprintf(target, sizeof(target), "/n%s", path);
	if (!strcmp(key, LAB_VM_KEY_KEEP)) {
		(void)snprintf(lower, sizeof(lower), "/l%s", path);
		(void)snprintf(layers, sizeof(layers), "/t/keep%d", kept++);
		make_dirs(target);
		must_overlay(lower, layers, target);
	} else if (!strcmp(key, LAB_VM_KEY_SHARE)) {
		(void)snprintf(tag, sizeof(tag), LAB_VM_TAG_SHARE "%d", shared++);
		make_dirs(target);
		must_mount(tag, target, "9p", 0, P9_OPTIONS "mmap");
	}
}

/* The kernel's own modules, under the name that modprobe looks for. */
static void bind_modules(void)
{
	char from[PATH_MAX], to[PATH_MAX];
	struct utsname u;
	struct stat st;
	bool merged;

	(void)uname(&u);
	(void)snprintf(from, sizeof(from), "/l%s/lib/modules/%s", job.kernel, u.release);
	/* Where /lib is a symbolic link, it leads nowhere before this is the root. */
	merged = lstat("/n/lib", &st) < 0 || S_ISLNK(st.st_mode);
	(void)snprintf(to, sizeof(to), "/n%s/lib/modules/%s", merged ? "/usr" : "", u.release);
	make_dirs(to);
	must_mount(from, to, NULL, MS_BIND, NULL);
}

static void make_root(void)
{
	static const char *const moved[] = { "proc", "sys", "dev" };
	static const char *const volatiles[] = LAB_VM_VOLATILE;
	char from[32], to[32];
	size_t i;

	make_dirs("/l");
	make_dirs("/t");
	make_dirs("/n");
	must_mount(LAB_VM_TAG_ROOT, "/l", "9p", MS_RDONLY, P9_OPTIONS "loose");
	must_mount("changes", "/t", "tmpfs", 0, "mode=755,size=90%");
	must_overlay("/l", "/t/root", "/n");
	for (i = 0; i < LAB_ARRAY_SIZE(moved); i++) {
		(void)snprintf(from, sizeof(from), "/%s", moved[i]);
		(void)snprintf(to, sizeof(to), "/n/%s", moved[i]);
		must_mount(from, to, NULL, MS_MOVE, NULL);
	}
	for (i = 0; i < LAB_ARRAY_SIZE(volatiles); i++) {
		(void)snprintf(to, sizeof(to), "/n%s", volatiles[i]);
		make_dirs(to);
		must_mount("volatile", to, "tmpfs", 0,
			   strcmp(volatiles[i], "/run") ? "mode=1777,size=90%" : "mode=755");
	}
	make_dirs("/n/run/lock");
	each_pair(keep_or_share);
	bind_modules();
	/* PID 1 itself changes its root: the kernel's threads, which call /sbin/modprobe, share it. */
	if (chdir("/n") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		die("changing the root", "");
}

/* --- what a machine has behind its root --- */

/* /dev/net/tun, /dev/fuse, ...: a module is loaded when its node is opened. */
static void make_nodes(void)
{
	char path[PATH_MAX], line[512], name[256], type;
	unsigned int major_nr, minor_nr;
	cleanup_file FILE *f = NULL;
	struct utsname u;
	char *slash;
	int n;

	(void)uname(&u);
	(void)snprintf(path, sizeof(path), "/lib/modules/%s/modules.devname", u.release);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		/* Written by depmod: "tun net/tun c10:200". */
		/* NOLINTNEXTLINE(cert-err34-c) */
		n = sscanf(line, "%*s %255s %c%u:%u", name, &type, &major_nr, &minor_nr);
		if (*line == '#' || n != 4)
			continue;
		(void)snprintf(path, sizeof(path), "/dev/%s", name);
		slash = strrchr(path, '/');
		*slash = '\0';
		make_dirs(path);
		*slash = '/';
		(void)mknod(path, (type == 'b' ? S_IFBLK : S_IFCHR) | 0600u,
			    makedev(major_nr, minor_nr));
		/* As udev has them: for labs without root, too. */
		if (!strcmp(name, "net/tun") || !strcmp(name, "fuse"))
			(void)chmod(path, 0666);
	}
}

static void all_controllers(void)
{
	char names[512], word[64];
	char *p, *name;

	(void)read_file("/sys/fs/cgroup/cgroup.controllers", names, sizeof(names));
	for (p = names; (name = strsep(&p, " \n"));) {
		(void)snprintf(word, sizeof(word), "+%s", name);
		if (*name)
			write_file("/sys/fs/cgroup/cgroup.subtree_control", word);
	}
}

static void loopback_up(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		die("bringing up ", "lo");
}

static void furnish(void)
{
	static const char host[] = "netlab-kernel";
	static const struct {
		const char *source, *target, *type;
	} optional[] = {
		{ "bpf", "/sys/fs/bpf", "bpf" },
		{ "tracefs", "/sys/kernel/tracing", "tracefs" },
		{ "securityfs", "/sys/kernel/security", "securityfs" },
	};
	static const struct {
		const char *to, *name;
	} links[] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};
	size_t i;

	(void)mkdir("/dev/pts", 0755);
	(void)mkdir("/dev/shm", 0755);
	must_mount("devpts", "/dev/pts", "devpts", 0, "mode=620,ptmxmode=666,gid=5");
	must_mount("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	for (i = 0; i < LAB_ARRAY_SIZE(links); i++) {
		if (symlink(links[i].to, links[i].name) < 0)
			die("making ", links[i].name);
	}
	make_nodes();
	must_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, "nsdelegate,memory_recursiveprot");
	all_controllers();
	/* A kernel may be built without these. */
	for (i = 0; i < LAB_ARRAY_SIZE(optional); i++)
		(void)mount(optional[i].source, optional[i].target, optional[i].type, 0, NULL);
	if (sethostname(host, sizeof(host) - 1) < 0)
		die("naming the machine ", host);
	loopback_up();
}

/*
 * A machine that is a few seconds old misleads programs. Open vSwitch 3.1 counts processors for the first time when the
 * monotonic clock says ten seconds; before, it takes no packet from the kernel, nor does it ever after. So everything but PID 1 lives in a time
 * namespace in which that clock is a minute ahead. A kernel may be built without them.
 */
static void grow_older(void)
{
	if (unshare(CLONE_NEWTIME) == 0)
		write_file("/proc/self/timens_offsets", "monotonic 60 0\n");
}

/* --- the command --- */

static void run_command(int out, int err) __attribute__((noreturn));
static void run_command(int out, int err)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	static char not_found[] = "netlab: the command could not be started: ";

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(err, STDERR_FILENO);
	(void)clearenv();
	while (*job.envp)
		(void)putenv(*job.envp++);
	if (chdir(job.cwd) == 0)
		(void)execvp(job.argv[0], job.argv);
	write_all(STDERR_FILENO, not_found, sizeof(not_found) - 1);
	write_all(STDERR_FILENO, strerror(errno), strlen(strerror(errno)));
	write_all(STDERR_FILENO, "\n", 1);
	_exit(127);
}

static int exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* Reap everybody; returns the exit code once the command is among them, else -1. */
static int reap(pid_t command)
{
	int status, code = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == command)
			code = exit_code(status);
	}
	return code;
}

/* Copy what a pipe holds to a port; closes the pipe at its end. */
static void relay(struct pollfd *pipe_end, int port)
{
	static char buf[65536];
	ssize_t n;

	if (!pipe_end->revents)
		return;
	n = read(pipe_end->fd, buf, sizeof(buf));
	if (n > 0) {
		write_all(port, buf, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		(void)close(pipe_end->fd);
		pipe_end->fd = -1;
	}
}

/* Until the command has ended and all that it and its children wrote has gone out. */
static int serve(pid_t command, int out, int err, int signals)
{
	struct pollfd fds[] = { { .fd = out, .events = POLLIN },
				{ .fd = err, .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo info;
	int code = -1, got;

	while (code < 0 || fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, LAB_ARRAY_SIZE(fds), -1) < 0)
			continue;
		relay(&fds[0], job.out);
		relay(&fds[1], job.err);
		if (!fds[2].revents)
			continue;
		(void)!read(signals, &info, sizeof(info));
		got = reap(command);
		if (got >= 0) {
			code = got;
			/* Whoever still holds a pipe ends here; that gives the pipes their end. */
			(void)kill(-1, SIGKILL);
		}
	}
	return code;
}

static int run(void)
{
	int out[2], err[2], signals;
	sigset_t mask;
	pid_t pid;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	if (signals < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		die("making pipes", "");
	grow_older();
	write_all(job.state, LAB_VM_READY "\n", sizeof(LAB_VM_READY "\n") - 1);
	pid = fork();
	if (pid < 0)
		die("starting ", job.argv[0]);
	if (pid == 0)
		run_command(out[1], err[1]);
	(void)close(out[1]);
	(void)close(err[1]);
	return serve(pid, out[0], err[0], signals);
}

int main(void)
{
	char text[32];
	int n;

	(void)umask(022);
	make_dirs("/proc");
	make_dirs("/sys");
	make_dirs("/dev");
	must_mount("proc", "/proc", "proc", 0, NULL);
	must_mount("sys", "/sys", "sysfs", 0, NULL);
	must_mount("dev", "/dev", "devtmpfs", 0, NULL);
	load_modules();
	open_ports();
	read_job();
	make_root();
	furnish();
	n = snprintf(text, sizeof(text), LAB_VM_EXIT "%d\n", run());
	write_all(job.state, text, (size_t)n);
	power_off();
}
