/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lend.c - what backends have in common: the agent's channel, roots, programs that are run */
#include "netlab/backend/lend.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "netlab/base/loop.h"
#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/ns/caps.h"
#include "netlab/ns/image.h"
#include "netlab/ns/mount.h"
#include "netlab/ns/mountinfo.h"
#include "netlab/ns/seccomp.h"

enum {
	OUTPUT_MAX = 1 << 20,
	AGENT_FD = 3,
	ASKED_MAX = 4096,
	LINE_LEN = 16384,
};

/* --- the agent's channel ----------------------------------------------------------------------- */

int lab_lend_listen(const struct lab_engine_host *host, char **ret_path, struct lab_err *err)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_close int dir = open(host->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	cleanup_free char *path = NULL;

	if (fd < 0 || dir < 0)
		return lab_err_errno(err, errno, "open a socket in %s", host->dir);
	/* By a descriptor, as the path may be longer than an address. */
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/agent.sock", dir);
	if (asprintf(&path, "%s/agent.sock", host->dir) < 0) {
		path = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	(void)unlink(path);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1) < 0)
		return lab_err_errno(err, errno, "bind %s", path);
	*ret_path = take_ptr(&path);
	return take_fd(&fd);
}

int lab_lend_accept(int fd, pid_t child, int timeout_ms, struct lab_err *err)
{
	cleanup_close int pidfd = child > 0 ? (int)syscall(SYS_pidfd_open, child, 0) : -1;
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	int r, channel;

	if (child > 0 && pidfd < 0)
		return lab_err_errno(err, errno, "pidfd_open");
	do
		r = poll(p, pidfd < 0 ? 1 : 2, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return lab_err_errno(err, errno, "poll");
	if (p[0].revents) {
		/* cppcheck-suppress nullPointer ; both may be NULL */
		channel = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		return channel < 0 ? lab_err_errno(err, errno, "accept") : channel;
	}
	if (r == 0)
		return lab_err_set(err, ETIMEDOUT, "the agent did not come within %d s",
				   timeout_ms / 1000);
	return lab_err_set(err, ECHILD, "the container ended before its agent came");
}

/* --- the agent in a container that runs --------------------------------------------------------- */

/* Are the names of a hierarchy's controllers among its mount options? Both have them in one order, without others in between. */
static bool has_names(const char *options, const char *names)
{
	size_t len = strlen(names);

	for (const char *at = strstr(options, names); at; at = strstr(at + 1, names))
		if ((at == options || at[-1] == ',') && (at[len] == '\0' || at[len] == ','))
			return true;
	return false;
}

/* Where a process is in a hierarchy: "4:memory:/path", or "0::/path" for version 2. @ret: "" = it is in none. */
static void group_of(FILE *f, const struct lab_mountinfo *m, bool v2, char *ret, size_t size)
{
	char line[4096];

	rewind(f);
	*ret = '\0';
	while (fgets(line, sizeof(line), f)) {
		char *names = strchr(line, ':'), *group = names ? strchr(names + 1, ':') : NULL;

		if (!names || !group)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		if (v2 ? names[1] != '\0' : !names[1] || !has_names(m->options, names + 1))
			continue;
		(void)snprintf(ret, size, "%s", group);
		return;
	}
}

/* Move this process to where another one is in all hierarchies that can be seen. */
static void join_cgroups(pid_t pid)
{
	cleanup_free char *line = malloc(LINE_LEN), *path = malloc(LINE_LEN);
	cleanup_file FILE *groups = NULL, *mounts = fopen("/proc/self/mountinfo", "re");
	struct lab_mountinfo m;
	char group[4096], name[64];

	(void)snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	groups = fopen(name, "re");
	while (line && path && groups && mounts && fgets(line, LINE_LEN, mounts)) {
		bool v2;
		int fd;

		line[strcspn(line, "\n")] = '\0';
		if (!lab_mountinfo_parse(line, &m))
			continue;
		v2 = strcmp(m.type, "cgroup2") == 0;
		if (!v2 && strcmp(m.type, "cgroup") != 0)
			continue;
		group_of(groups, &m, v2, group, sizeof(group));
		(void)snprintf(path, LINE_LEN, "%s%s/cgroup.procs", m.path, group);
		fd = *group ? open(path, O_WRONLY | O_CLOEXEC) : -1;
		if (fd >= 0 && write(fd, "0", 1) < 0)
			(void)0; /* the limit of that hierarchy is then not shared */
		if (fd >= 0)
			(void)close(fd);
	}
}

static void exec_agent(int agent, int channel) __attribute__((noreturn));
static void exec_agent(int agent, int channel)
{
	char name[] = "netlab-agent", option[] = "--fd", number[] = "3", lang[] = "LANG=C.UTF-8",
	     empty[] = "",
	     path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *argv[] = { name, option, number, NULL }, *env[] = { lang, path, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(1);
	agent = fcntl(agent, F_DUPFD_CLOEXEC, AGENT_FD + 1);
	if (agent < 0 || dup2(channel, AGENT_FD) < 0)
		_exit(1);
	(void)close_range(AGENT_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	(void)execveat(agent, empty, argv, env, AT_EMPTY_PATH);
	_exit(1);
}

/* In a child: go where the container is. Says on @say what failed; says nothing when the agent runs. */
static void enter(pid_t pid, int pidfd, int netns, int agent, int channel, int say)
	__attribute__((noreturn));
static void enter(pid_t pid, int pidfd, int netns, int agent, int channel, int say)
{
	struct lab_err err = { 0 };
	int r = 0;

	(void)setsid();
	(void)signal(SIGPIPE, SIG_DFL);
	join_cgroups(pid);
	if (lab_caps_bound(lab_caps_host(), &err) < 0 || lab_seccomp_host(&err) < 0)
		r = -1;
	else if (setns(pidfd, CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID |
				      CLONE_NEWCGROUP | CLONE_NEWNS) < 0 ||
		 (netns >= 0 && setns(netns, CLONE_NEWNET) < 0))
		r = lab_err_errno(&err, errno, "enter the container");
	if (r == 0) {
		pid_t child = fork();

		if (child == 0) {
			/* Twice, so that the container's init becomes its parent: it is one of the container's processes. */
			if (fork() == 0 && lab_caps_limit(lab_caps_host(), NULL) == 0)
				exec_agent(agent, channel);
			_exit(1);
		}
		if (child < 0)
			r = lab_err_errno(&err, errno, "fork");
	}
	if (r < 0)
		(void)!write(say, err.msg, strlen(err.msg));
	_exit(r < 0 ? 1 : 0);
}

int lab_lend_inject(const struct lab_engine *engine, pid_t pid, const char *netns, int *ret,
		    struct lab_err *err)
{
	cleanup_close int agent = open(engine->agent, O_RDONLY | O_CLOEXEC);
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	cleanup_close int net = netns ? open(netns, O_RDONLY | O_CLOEXEC) : -1;
	cleanup_close int ours = -1, theirs = -1, hear = -1, say = -1;
	char text[sizeof(err->msg)];
	int pair[2];
	ssize_t n;
	pid_t child;

	if (agent < 0)
		return lab_err_errno(err, errno, "open %s", engine->agent);
	if (pidfd < 0)
		return lab_err_errno(err, errno, "process %d of the container", (int)pid);
	if (netns && net < 0)
		return lab_err_errno(err, errno, "open %s", netns);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lab_err_errno(err, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "pipe");
	hear = pair[0];
	say = pair[1];
	child = fork();
	if (child == 0)
		enter(pid, pidfd, net, agent, theirs, say);
	if (child < 0)
		return lab_err_errno(err, errno, "fork");
	close_fd(&say);
	n = read(hear, text, sizeof(text) - 1);
	(void)waitpid(child, NULL, 0);
	if (n > 0) {
		text[n] = '\0';
		return lab_err_set(err, EIO, "%s", text);
	}
	*ret = take_fd(&ours);
	return 0;
}

/* --- the processes of a container -------------------------------------------------------------- */

static ino_t pid_namespace(int proc, const char *pid)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%.20s/ns/pid", pid);
	return fstatat(proc, path, &st, 0) < 0 ? 0 : st.st_ino;
}

static bool is_agent(int proc, const char *pid)
{
	char path[64], name[32] = "";
	cleanup_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%.20s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, name, sizeof(name) - 1) < 0)
		return true; /* gone */
	return strcmp(name, "netlab-agent\n") == 0;
}

/* Ask each, and return pidfds of those that were asked. */
static size_t ask_all(pid_t init, struct pollfd *ret, size_t max)
{
	cleanup_dir DIR *dir = opendir("/proc");
	const struct dirent *de;
	char text[16];
	size_t n = 0;
	ino_t ns;

	(void)snprintf(text, sizeof(text), "%d", (int)init);
	ns = dir ? pid_namespace(dirfd(dir), text) : 0;
	while (ns && n < max && (de = readdir(dir)) != NULL) {
		unsigned int pid;

		if (lab_parse_uint(de->d_name, 2, INT_MAX, &pid) < 0 || pid == (unsigned int)init ||
		    pid_namespace(dirfd(dir), de->d_name) != ns || is_agent(dirfd(dir), de->d_name))
			continue;
		ret[n].fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		if (ret[n].fd < 0)
			continue;
		(void)syscall(SYS_pidfd_send_signal, ret[n].fd, SIGTERM, NULL, 0);
		ret[n++].events = POLLIN;
	}
	return n;
}

void lab_lend_ask(pid_t init, int timeout_ms)
{
	uint64_t now = lab_loop_now_us(), deadline = now + (uint64_t)timeout_ms * 1000;
	struct pollfd *asked = timeout_ms ? calloc(ASKED_MAX, sizeof(*asked)) : NULL;
	size_t n = asked ? ask_all(init, asked, ASKED_MAX) : 0, left = n;

	while (left && now < deadline) {
		if (poll(asked, n, (int)((deadline - now) / 1000) + 1) < 0 && errno != EINTR)
			break;
		left = 0;
		for (size_t i = 0; i < n; i++) {
			if (asked[i].revents)
				close_fd(&asked[i].fd); /* poll(2) passes over it from now on */
			left += asked[i].fd >= 0;
		}
		now = lab_loop_now_us();
	}
	for (size_t i = 0; i < n; i++)
		close_fd(&asked[i].fd);
	free(asked);
}

/* --- roots ------------------------------------------------------------------------------------- */

static int write_text(const char *path, const char *text, struct lab_err *err)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				    0644);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return lab_err_errno(err, errno, "write %s", path);
	return 0;
}

static int copy_text(const char *from, const char *to, struct lab_err *err)
{
	cleanup_close int in = open(from, O_RDONLY | O_CLOEXEC);
	cleanup_close int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				     0644);
	char buf[4096];
	ssize_t n = -1;

	while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			return lab_err_errno(err, errno, "write %s", to);
	return n < 0 ? lab_err_errno(err, errno, "copy %s to %s", from, to) : 0;
}

static int image_layers(const char *image, char **ret, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct lab_image used; /* never closed: its locks go with this process */
	char path[LAB_IMAGE_PATH_SIZE];
	int r = lab_image_open(image, &used, err);

	for (unsigned int i = 0; r == 0 && i < used.n_layers; i++) {
		r = lab_image_root(used.layers[i].id, path, err);
		lab_strbuf_printf(&sb, "%s%s", i ? ":" : "", path);
	}
	if (r == 0 && used.machine)
		lab_strbuf_puts(&sb, ":/");
	return r < 0                           ? r
	       : lab_strbuf_take(&sb, ret) < 0 ? lab_err_set(err, ENOMEM, "out of memory")
					       : 0;
}

int lab_lend_lower(const char *image, char **ret, struct lab_err *err)
{
	struct stat st;

	if (image && *image != '/')
		return image_layers(image, ret, err);
	if (!image)
		image = "/";
	if (stat(image, &st) < 0)
		return lab_err_errno(err, errno, "image %s", image);
	if (!S_ISDIR(st.st_mode))
		return lab_err_set(err, ENOTDIR, "image %s is no directory", image);
	if (strpbrk(image, ":,\\"))
		return lab_err_set(
			err, EINVAL,
			"image %s: a path with ':', ',' or '\\' cannot be the lower layer of a root",
			image);
	*ret = strdup(image);
	return *ret ? 0 : lab_err_set(err, ENOMEM, "out of memory");
}

/*
 * Overlayfs does not take a layer that lies in another one, and the store of images is usually one of the machine's directories. Seen through
 * an overlay of its own the machine is another file system. @lower: ends with ":/"
 */
static int machine_below(const struct lab_engine_host *host, const char *lower, char **ret,
			 struct lab_err *err)
{
	cleanup_free char *view = NULL, *options = NULL;
	int r;

	if (asprintf(&view, "%s/machine", host->dir) < 0 ||
	    asprintf(&options, "lowerdir=/:%s/empty", host->dir) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	for (int i = 0; i < 2; i++) {
		const char *dir = i ? view : strchr(options, ':') + 1;

		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "mkdir %s", dir);
	}
	/* A host that is mounted again has it. */
	if (umount2(view, MNT_DETACH) < 0 && errno != EINVAL)
		return lab_err_errno(err, errno, "unmount %s", view);
	r = lab_mount("netlab", view, "overlay", MS_RDONLY, options, err);
	if (r == 0 && asprintf(ret, "%.*s%s", (int)strlen(lower) - 1, lower, view) < 0)
		r = lab_err_set(err, ENOMEM, "out of memory");
	return r;
}

int lab_lend_mount(const struct lab_engine_host *host, const char *lower, char **ret,
		   struct lab_err *err)
{
	cleanup_free char *options = NULL, *root = NULL, *all = NULL;
	size_t len = strlen(lower);
	int r = 0;

	if (len > 2 && strcmp(lower + len - 2, ":/") == 0)
		r = machine_below(host, lower, &all, err);
	if (r < 0)
		return r;
	if (asprintf(&options, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", all ? all : lower,
		     host->dir, host->dir) < 0 ||
	    asprintf(&root, "%s/root", host->dir) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = lab_mount("netlab", root, "overlay", 0, options, err);
	if (r == 0)
		*ret = take_ptr(&root);
	return r;
}

int lab_lend_upper(const struct lab_engine *engine, const struct lab_engine_host *host,
		   struct lab_err *err)
{
	static const char *const dirs[] = { "upper", "upper/etc", "work", "root" };
	cleanup_free char *path = NULL;
	int r;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(dirs); i++) {
		cleanup_free char *dir = NULL;

		if (asprintf(&dir, "%s/%s", host->dir, dirs[i]) < 0)
			return lab_err_set(err, ENOMEM, "out of memory");
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "mkdir %s", dir);
	}
	if (asprintf(&path, "%s/upper/etc/hosts", host->dir) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = copy_text(engine->hosts_file, path, err);
	if (r < 0)
		return r;
	free(path);
	path = NULL;
	if (asprintf(&path, "%s/upper/etc/hostname", host->dir) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	return write_text(path, host->id, err);
}

int lab_lend_root(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const char *lower, char **ret, struct lab_err *err)
{
	int r = lab_lend_upper(engine, host, err);

	return r < 0 ? r : lab_lend_mount(host, lower, ret, err);
}

/* --- /run -------------------------------------------------------------------------------------- */

static int make_dirs(const char *path)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(copy, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int lab_lend_hide_run(const struct lab_engine *engine, struct lab_err *err)
{
	cleanup_close int tree = -1;
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return lab_err_errno(err, errno, "unshare the mount namespace");
	tree = lab_mount_tree_whole(engine->dir, err);
	if (tree < 0)
		return tree;
	r = lab_mount("netlab", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755", err);
	if (r < 0)
		return r;
	r = make_dirs(engine->dir);
	return r < 0 ? lab_err_errno(err, -r, "mkdir %s", engine->dir)
		     : lab_mount_attach(tree, engine->dir, err);
}

/* --- programs ---------------------------------------------------------------------------------- */

static void exec_program(const char *const *argv, int out) __attribute__((noreturn));
static void exec_program(const char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char *const *args;
	int saved;

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	(void)signal(SIGPIPE, SIG_DFL);
	/* It does not change them: execvp(3) has the type for the sake of old callers. */
	memcpy(&args, &argv, sizeof(args));
	(void)execvp(argv[0], args);
	saved = errno;
	_exit(saved == ENOENT ? 127 : 126);
}

static const char *last_line(struct lab_strbuf *sb)
{
	char *text = sb->data, *at;

	if (!text)
		return "";
	while (sb->len && text[sb->len - 1] == '\n')
		text[--sb->len] = '\0';
	at = strrchr(text, '\n');
	return at ? at + 1 : text;
}

int lab_lend_run(const char *const *argv, struct lab_strbuf *out, int timeout_ms,
		 struct lab_err *err)
{
	uint64_t deadline = lab_loop_now_us() + (uint64_t)timeout_ms * 1000;
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;
	cleanup_close int in = -1, theirs = -1;
	bool late = false;
	int status, pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "pipe");
	in = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid == 0)
		exec_program(argv, theirs);
	if (pid < 0)
		return lab_err_errno(err, errno, "fork");
	close_fd(&theirs);
	for (;;) {
		struct pollfd p = { .fd = in, .events = POLLIN };
		uint64_t now = lab_loop_now_us();
		char buf[4096];
		ssize_t n;

		late = now >= deadline;
		if (late || poll(&p, 1, (int)((deadline - now) / 1000) + 1) < 0) {
			if (!late && errno == EINTR)
				continue;
			break;
		}
		if (!p.revents)
			continue;
		n = read(in, buf, sizeof(buf));
		if (n <= 0)
			break;
		if (text.len < OUTPUT_MAX)
			lab_strbuf_add(&text, buf, (size_t)n);
	}
	if (late)
		(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) < 0)
		return lab_err_errno(err, errno, "wait for %s", argv[0]);
	if (out)
		lab_strbuf_add(out, lab_strbuf_str(&text), text.len);
	if (late)
		return lab_err_set(err, ETIMEDOUT, "%s did not end within %d s", argv[0],
				   timeout_ms / 1000);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && !text.len)
		return lab_err_set(err, ENOENT, "there is no program %s", argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return lab_err_set(err, EINVAL, "%s failed: %.300s", argv[0], last_line(&text));
	return 0;
}
