/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rundir.c - the run directory of a lab: who owns a name, where its socket is */
#include "netlab/keeper/rundir.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/ns/cgroup.h"

#define CONTROL "control"
#define CGROUPS "cgroups"

enum {
	CLAIM_TRIES =
		100, /* each failed try means that somebody else removed the directory in between */
	LOCK_TRIES_MS = 5000, /* the lock on BASE is held for some microseconds */
	JOURNAL_MAX = 4000,
	DYING_MS = 3000,  /* how long processes of a killed lab may need to end */
	SETTLE_MS = 5000, /* how long a lab may be neither up nor gone until we say so */
};

static void base_path(char ret[PATH_MAX])
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		(void)snprintf(ret, PATH_MAX, "/run/netlab");
	else if (xdg && xdg[0] == '/')
		(void)snprintf(ret, PATH_MAX, "%s/netlab", xdg);
	else
		(void)snprintf(ret, PATH_MAX, "/tmp/netlab-%u", (unsigned int)geteuid());
}

/* Is this descriptor still what the name says? Somebody may have removed the directory between open and flock. */
static bool same_as_path(int fd, int at, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(at, path, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Lock BASE for a moment. flock(2) has no time-out, so ask again each millisecond. */
static int lock_base(int fd, struct lab_err *err)
{
	for (int i = 0; i < LOCK_TRIES_MS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return lab_err_errno(err, errno, "lock the run directory");
		(void)poll(NULL, 0, 1);
	}
	return lab_err_set(err, ETIMEDOUT, "the run directory is locked by another process");
}

/* Open and lock BASE; make it first if @create. Returns the descriptor. */
static int open_base(bool create, struct lab_err *err)
{
	char path[PATH_MAX];
	struct stat st;

	base_path(path);
	for (int i = 0; i < CLAIM_TRIES; i++) {
		cleanup_close int fd = -1;
		int r;

		if (create && mkdir(path, 0700) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "make run directory %s", path);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && create)
			continue;
		if (fd < 0)
			return lab_err_errno(err, errno, "open run directory %s", path);
		if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 077))
			return lab_err_set(
				err, EACCES,
				"run directory %s must be ours and closed to others (mode 0700)",
				path);
		r = lock_base(fd, err);
		if (r < 0)
			return r;
		if (same_as_path(fd, AT_FDCWD, path))
			return take_fd(&fd);
	}
	return lab_err_set(err, EAGAIN, "run directory %s is being removed and made all the time",
			   path);
}

static void unlock(int base)
{
	(void)flock(base, LOCK_UN);
}

/* A path to the socket that fits into sun_path however long BASE is. */
static void socket_address(int dir, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/" CONTROL, dir);
}

static int connect_dir(int dir, pid_t *ret_pid)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (fd < 0)
		return -errno;
	socket_address(dir, &addr);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (ret_pid) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
			return -errno;
		*ret_pid = cred.pid;
	}
	return take_fd(&fd);
}

void lab_rundir_close(struct lab_rundir *rd)
{
	close_fd(&rd->fd);
	close_fd(&rd->base);
}

void lab_rundir_remove(const struct lab_rundir *rd)
{
	(void)unlinkat(rd->fd, CONTROL, 0);
	(void)unlinkat(rd->fd, CGROUPS, 0);
	if (lab_rundir_engine_journal(rd->fd))
		return;
	(void)lab_files_remove(rd->fd, LAB_RUNDIR_ENGINE);
	/* It may be gone already, and the name somebody else's, who has no socket in it yet. */
	if (same_as_path(rd->fd, rd->base, rd->name))
		(void)unlinkat(rd->base, rd->name, AT_REMOVEDIR);
}

int lab_rundir_journal(const struct lab_rundir *rd, const char *cgroups, struct lab_err *err)
{
	/* It only ever grows: what was written before stands at its beginning, also while this is under way. */
	cleanup_close int fd = openat(rd->fd, CGROUPS, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	size_t len = strlen(cgroups);

	if (fd < 0 || len > JOURNAL_MAX || write(fd, cgroups, len) != (ssize_t)len)
		return lab_err_errno(err, fd < 0 ? errno : EIO, "write the journal of lab %s",
				     rd->name);
	return 0;
}

int lab_rundir_bind(const struct lab_rundir *rd, struct lab_err *err)
{
	struct sockaddr_un addr;
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return lab_err_errno(err, errno, "socket");
	socket_address(rd->fd, &addr);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return lab_err_errno(err, errno, "bind the control socket of lab %s", rd->name);
	return take_fd(&fd);
}

/*
 * Remove the cgroups of a lab that is dead. The name is free as soon as its keeper is gone, and its hosts end a moment later. What
 * cannot be removed now stays in the journal, for the next command.
 */
static bool undo_journal(int dir)
{
	cleanup_close int fd = openat(dir, CGROUPS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char journal[JOURNAL_MAX + 1], copy[JOURNAL_MAX + 1];
	ssize_t n = fd < 0 ? 0 : read(fd, journal, JOURNAL_MAX);
	int r;

	if (fd < 0 || n < 0)
		return true;
	journal[n] = '\0';
	for (int i = 0; i < DYING_MS; i++) {
		memcpy(copy, journal, sizeof(copy));
		r = lab_cgroups_sweep(copy);
		if (r == 0)
			(void)unlinkat(dir, CGROUPS, 0);
		if (r != -EBUSY)
			return r == 0;
		(void)poll(NULL, 0, 1);
	}
	return false;
}

/**
 * struct sweeping - who wants to know what is swept
 * @fn:		told of each thing
 * @user:	for @fn
 * @keep:	nothing is removed
 * @lab:	the lab that is looked at
 */
struct sweeping {
	lab_leftover_fn fn;
	void *user;
	bool keep;
	const char *lab;
};

static void tell(const struct sweeping *s, const char *kind, const char *what)
{
	const struct lab_leftover left = { .lab = s->lab, .kind = kind, .what = what };

	s->fn(&left, s->user);
}

static void tell_engine(const char *kind, const char *what, void *user)
{
	tell(user, kind, what);
}

/* All that one lab has left. */
static void tell_all(struct sweeping *s, int dir)
{
	cleanup_close int fd = openat(dir, CGROUPS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char journal[JOURNAL_MAX + 1], base[PATH_MAX], path[PATH_MAX + 128], *save = NULL;
	ssize_t n = fd < 0 ? -1 : read(fd, journal, JOURNAL_MAX);

	journal[n < 0 ? 0 : n] = '\0';
	for (char *line = strtok_r(journal, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		tell(s, "cgroup", line);
	lab_rundir_engine_tell(dir, tell_engine, s);
	base_path(base);
	(void)snprintf(path, sizeof(path), "%s/%s", base, s->lab);
	tell(s, "directory", path);
}

static int undo_all(int base, int dir, const char *name, struct lab_err *err)
{
	int r;

	(void)unlinkat(dir, CONTROL, 0);
	if (!undo_journal(dir))
		return lab_err_set(
			err, EBUSY,
			"its cgroups cannot be removed: processes of it do not end, or they cannot be seen from here [EBUSY]");
	r = lab_rundir_engine_undo(dir, err);
	if (r < 0)
		return lab_err_prefix(err, r,
				      "what its container engines made cannot be removed: ");
	r = lab_files_remove(dir, LAB_RUNDIR_ENGINE);
	if (r == 0 && unlinkat(base, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? lab_err_errno(err, -r, "its directory cannot be removed") : 0;
}

/* Remove one lab's directory if nobody owns it. BASE is locked by the caller. Returns true if a lab is there. */
static bool sweep_one(int base, const char *name, struct sweeping *s)
{
	cleanup_close int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct lab_leftover left = { .lab = name };
	struct lab_err err;

	if (fd < 0)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	if (s) {
		s->lab = name;
		tell_all(s, fd);
	}
	if (s && s->keep)
		return false;
	if (undo_all(base, fd, name, &err) < 0 && s) {
		left.err = &err;
		s->fn(&left, s->user);
	}
	return false;
}

static int compare_entries(const void *a, const void *b)
{
	const struct lab_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Sweep, and collect the names of the labs that are there. */
static int scan(int base, struct sweeping *s, struct lab_entry **ret, size_t *ret_n)
{
	cleanup_free struct lab_entry *found = NULL;
	cleanup_dir DIR *dir = NULL;
	const struct dirent *de;
	size_t n = 0, cap = 0;
	int fd = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int r = -errno;

		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	while ((de = readdir(dir)) != NULL) {
		if (lab_name_check(de->d_name, NULL) < 0 || !sweep_one(base, de->d_name, s))
			continue;
		if (n == cap) {
			struct lab_entry *more = reallocarray(found, cap ? cap * 2 : 8,
							      sizeof(*found));

			if (!more)
				return -ENOMEM;
			found = more;
			cap = cap ? cap * 2 : 8;
		}
		found[n] = (struct lab_entry){ .pid = 0 };
		(void)snprintf(found[n].name, sizeof(found[n].name), "%.63s", de->d_name);
		n++;
	}
	if (n)
		qsort(found, n, sizeof(*found), compare_entries);
	*ret_n = n;
	*ret = take_ptr(&found);
	return 0;
}

static void sweep_stale(int base)
{
	cleanup_free struct lab_entry *labs = NULL;
	size_t n;

	(void)scan(base, NULL, &labs, &n);
}

/* Does a lab answer? One that is just coming up does not, and neither does one whose keeper was told to end. */
static bool answers(int dir)
{
	int fd = connect_dir(dir, NULL);

	if (fd < 0)
		return fd != -ENOENT && fd != -ECONNREFUSED;
	(void)close(fd);
	return true;
}

/* Claim a name if it is free now. @ret_settled: if not, asking again will not help. */
static int try_claim(const char *name, struct lab_rundir *ret, bool *ret_settled,
		     struct lab_err *err)
{
	cleanup_close int base = open_base(true, err), fd = -1;

	*ret_settled = true;
	if (base < 0)
		return base;
	sweep_stale(base);
	if (mkdirat(base, name, 0700) < 0 && errno != EEXIST) {
		*ret_settled = errno != ENOENT; /* BASE was removed in between */
		return lab_err_errno(err, errno, "make run directory of lab %s", name);
	}
	fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) { /* its keeper removed it in between */
		*ret_settled = false;
		return lab_err_set(err, EEXIST, "lab \"%s\" is going down at this moment", name);
	}
	if (fd < 0)
		return lab_err_errno(err, errno, "open run directory of lab %s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return lab_err_errno(err, errno, "lock run directory of lab %s", name);
		*ret_settled = answers(fd);
		return lab_err_set(
			err, EEXIST,
			"lab \"%s\" is up already (choose another name with -n, or: netlab "
			"topo down %s)",
			name, name);
	}
	if (!same_as_path(fd, base, name)) {
		*ret_settled = false;
		return lab_err_set(err, EEXIST, "lab \"%s\" is going down at this moment", name);
	}
	(void)unlinkat(fd, CONTROL, 0);
	if (!undo_journal(fd))
		return lab_err_set(
			err, EBUSY,
			"lab \"%s\" was killed, and its cgroups cannot be removed: processes of it do not end, or they cannot be seen from here [EBUSY]",
			name);
	if (lab_rundir_engine_undo(fd, err) < 0)
		return lab_err_prefix(
			err, -EBUSY,
			"lab \"%s\" was killed, and what its container engines made cannot be removed: ",
			name);
	(void)lab_files_remove(fd, LAB_RUNDIR_ENGINE);
	unlock(base);
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->fd = take_fd(&fd);
	ret->base = take_fd(&base);
	return 0;
}

int lab_rundir_claim(const char *name, struct lab_rundir *ret, struct lab_err *err)
{
	bool settled;
	int r;

	/* A keeper whose command was just killed needs a moment to end. */
	for (int i = 0; i < SETTLE_MS; i++) {
		r = try_claim(name, ret, &settled, err);
		if (r == 0 || settled)
			return r;
		(void)poll(NULL, 0, 1);
	}
	return r;
}

/* Sweep and list under the lock. Returns BASE (caller closes), or -ENOENT when there is none. */
static int sweep(struct sweeping *s, struct lab_entry **ret, size_t *ret_n, struct lab_err *err)
{
	cleanup_close int base = open_base(false, err);
	char path[PATH_MAX];
	int r;

	*ret = NULL;
	*ret_n = 0;
	if (base < 0)
		return base;
	r = scan(base, s, ret, ret_n);
	if (r < 0)
		return lab_err_errno(err, -r, "read the run directory");
	if (*ret_n == 0) {
		base_path(path);
		(void)rmdir(path);
	}
	unlock(base);
	return take_fd(&base);
}

int lab_list(struct lab_entry **ret, size_t *ret_n, struct lab_err *err)
{
	cleanup_close int base = sweep(NULL, ret, ret_n, err);

	if (base < 0)
		return base == -ENOENT ? 0 : base;
	for (size_t i = 0; i < *ret_n; i++) {
		struct lab_entry *e = &(*ret)[i];
		cleanup_close int dir = openat(base, e->name,
					       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		cleanup_close int fd = dir < 0 ? -1 : connect_dir(dir, &e->pid);

		(void)fd;
	}
	return 0;
}

void lab_rundir_sweep(void)
{
	cleanup_free struct lab_entry *labs = NULL;
	cleanup_close int base = -1;
	size_t n;

	base = sweep(NULL, &labs, &n, NULL);
}

int lab_rundir_leftovers(bool remove, lab_leftover_fn fn, void *user, struct lab_err *err)
{
	struct sweeping s = { .fn = fn, .user = user, .keep = !remove };
	cleanup_free struct lab_entry *labs = NULL;
	cleanup_close int base = -1;
	size_t n;

	base = sweep(&s, &labs, &n, err);
	return base < 0 && base != -ENOENT ? base : 0;
}

void lab_rundir_tidy(void)
{
	char path[PATH_MAX];

	base_path(path);
	(void)rmdir(path);
}

static int no_such_lab(const char *name, struct lab_err *err)
{
	cleanup_free struct lab_entry *labs = NULL;
	cleanup_free const char **names = NULL;
	const char *near = NULL;
	size_t n = 0;

	(void)lab_list(&labs, &n, NULL);
	names = calloc(n + 1, sizeof(*names));
	if (names) {
		for (size_t i = 0; i < n; i++)
			names[i] = labs[i].name;
		near = lab_str_nearest(name, names);
	}
	if (near)
		return lab_err_set(err, ENOENT, "no lab \"%s\" is up; did you mean \"%s\"?", name,
				   near);
	if (n == 0)
		return lab_err_set(err, ENOENT, "no lab \"%s\" is up (no lab is)", name);
	return lab_err_set(err, ENOENT, "no lab \"%s\" is up (netlab topo ls lists those that are)",
			   name);
}

/* As lab_rundir_connect(), but -EAGAIN at once when the lab is neither up nor gone. */
static int try_connect(const char *name, pid_t *ret_pid, struct lab_err *err)
{
	cleanup_close int base = open_base(false, err), dir = -1;
	int fd;

	if (base == -ENOENT)
		return no_such_lab(name, err);
	if (base < 0)
		return base;
	if (!sweep_one(base, name, NULL))
		return unlock(base), no_such_lab(name, err);
	dir = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	unlock(base);
	fd = dir < 0 ? -errno : connect_dir(dir, ret_pid);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return lab_err_set(err, EAGAIN, "lab \"%s\" is just coming up or going down", name);
	if (fd < 0)
		return lab_err_errno(err, -fd, "connect to lab %s", name);
	return fd;
}

int lab_rundir_connect(const char *name, pid_t *ret_pid, struct lab_err *err)
{
	int fd = lab_name_check(name, err);

	if (fd < 0)
		return fd;
	for (int i = 0; i < SETTLE_MS; i++) {
		fd = try_connect(name, ret_pid, err);
		if (fd != -EAGAIN)
			return fd;
		(void)poll(NULL, 0, 1);
	}
	return fd;
}

int lab_name_check(const char *name, struct lab_err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > 63)
		return lab_err_set(err, EINVAL, "lab name \"%.80s\" must have 1 to 63 bytes", name);
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (alnum || (i > 0 && (c == '-' || c == '_' || c == '.')))
			continue;
		return lab_err_set(
			err, EINVAL,
			"lab name \"%s\" may have letters, digits, '-', '_' and '.', and must begin "
			"with a letter or digit",
			name);
	}
	return 0;
}
