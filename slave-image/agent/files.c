/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.c - what `exec` does with `files` instead of a program: put, get, delete, list and make files of the host */
#include "slave-image/agent/files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/archive.h"
#include "netlab/base/files.h"
#include "netlab/base/util.h"

enum { LIST_MAX = 100000 };

/* The parameters; all borrowed. */
struct params {
	const char *op, *path, *name;
	json_int_t mode, uid, gid;
	int parents, recursive;
};

static int parse(json_t *o, struct params *p, struct lab_err *err)
{
	json_error_t je;

	*p = (struct params){ .mode = -1, .uid = 0, .gid = 0, .name = "" };
	if (json_unpack_ex(o, &je, 0, "{s:s, s:s, s?s, s?I, s?I, s?I, s?b, s?b !}", "op", &p->op,
			   "path", &p->path, "name", &p->name, "mode", &p->mode, "uid", &p->uid,
			   "gid", &p->gid, "parents", &p->parents, "recursive", &p->recursive) < 0)
		return lab_err_set(err, EINVAL, "exec: files: %s", je.text);
	if (p->path[0] != '/' || strlen(p->path) >= PATH_MAX)
		return lab_err_set(err, EINVAL, "exec: files: path must begin with '/'");
	if (p->mode < -1 || p->mode > 07777 || p->uid < 0 || p->uid >= UINT32_MAX || p->gid < 0 ||
	    p->gid >= UINT32_MAX)
		return lab_err_set(err, EINVAL, "exec: files: mode, uid or gid out of range");
	return 0;
}

/* --- the operations; standard input and output are the caller's --- */

static int put(const struct params *p, struct lab_err *err)
{
	const struct lab_archive_opts opts = { .mode_mask = 07777,
					       .mode = p->mode,
					       .uid = p->uid,
					       .gid = p->gid,
					       .parents = p->parents };

	return lab_archive_receive(0, p->path, p->name, &opts, err);
}

static int get(const struct params *p, struct lab_err *err)
{
	return lab_archive_send(p->path, 1, err);
}

static bool is_root(const char *path)
{
	return path[strspn(path, "/.")] == '\0';
}

static int delete (const struct params *p, struct lab_err *err)
{
	struct stat st;
	int r;

	if (is_root(p->path))
		return lab_err_set(err, EINVAL, "%s: the root stays", p->path);
	if (lstat(p->path, &st) < 0)
		return lab_err_errno(err, errno, "%s", p->path);
	if (p->recursive)
		r = lab_files_remove(AT_FDCWD, p->path);
	else if (S_ISDIR(st.st_mode))
		r = rmdir(p->path) < 0 ? -errno : 0;
	else
		r = unlink(p->path) < 0 ? -errno : 0;
	return r < 0 ? lab_err_errno(err, -r, "%s", p->path) : 0;
}

static int make_dir(const struct params *p, struct lab_err *err)
{
	char copy[PATH_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", p->path);
	for (char *slash = strchr(copy + 1, '/'); slash && p->parents;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "%s", copy);
		*slash = '/';
	}
	if (mkdir(p->path, p->mode < 0 ? 0755 : (mode_t)p->mode) < 0) {
		struct stat st;

		if (p->parents && errno == EEXIST && stat(p->path, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
		return lab_err_errno(err, errno, "%s", p->path);
	}
	/* The mask of the agent is not asked. */
	if (p->mode >= 0 && chmod(p->path, (mode_t)p->mode) < 0)
		return lab_err_errno(err, errno, "%s", p->path);
	if ((p->uid || p->gid) && chown(p->path, (uid_t)p->uid, (gid_t)p->gid) < 0)
		return lab_err_errno(err, errno, "%s", p->path);
	return 0;
}

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	default:
		return "device";
	}
}

static int print_entry(int dir, const char *last, const char *name, struct lab_err *err)
{
	cleanup_free char *text = NULL;
	cleanup_json json_t *o = NULL;
	char target[PATH_MAX] = "";
	struct stat st;
	ssize_t n;

	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : lab_err_errno(err, errno, "%s", name);
	o = json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I}", "name", name, "type",
		      type_name(st.st_mode), "mode", (int)(st.st_mode & 07777), "uid",
		      (json_int_t)st.st_uid, "gid", (json_int_t)st.st_gid, "size",
		      (json_int_t)st.st_size, "mtime", (json_int_t)st.st_mtim.tv_sec);
	if (o && S_ISLNK(st.st_mode)) {
		n = readlinkat(dir, last, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		(void)json_object_set_new(o, "target", json_string(target));
	}
	/* A name that is not UTF-8 cannot be told. */
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	if (text && (dprintf(1, "%s\n", text)) < 0)
		return lab_err_errno(err, errno, "write");
	return 0;
}

static int not_hidden(const struct dirent *de)
{
	return strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0;
}

static int list(const struct params *p, struct lab_err *err)
{
	struct dirent **names = NULL;
	cleanup_close int dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n, r = 0;

	if (dir < 0 && errno == ENOTDIR)
		return print_entry(AT_FDCWD, p->path, p->path, err);
	n = dir < 0 ? -1 : scandirat(dir, ".", &names, not_hidden, alphasort);
	if (n < 0)
		return lab_err_errno(err, errno, "%s", p->path);
	if (n > LIST_MAX)
		r = lab_err_set(err, EFBIG, "%s: %d names are more than %d", p->path, n, LIST_MAX);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = print_entry(dir, names[i]->d_name, names[i]->d_name, err);
		free(names[i]);
	}
	free(names);
	return r;
}

static const struct {
	const char *name;
	int (*fn)(const struct params *p, struct lab_err *err);
} ops[] = {
	{ "put", put },        { "get", get },   { "delete", delete },
	{ "mkdir", make_dir }, { "list", list },
};

/* --- the process --- */

int agt_files_check(json_t *files, struct lab_err *err)
{
	struct params p;
	int r = parse(files, &p, err);

	for (size_t i = 0; i < LAB_ARRAY_SIZE(ops) && r == 0; i++)
		if (strcmp(p.op, ops[i].name) == 0)
			return 0;
	return r < 0 ? r : lab_err_set(err, EINVAL, "exec: files: there is no op \"%.20s\"", p.op);
}

static int run(json_t *files)
{
	struct lab_err err = { 0 };
	struct params p;
	int r = parse(files, &p, &err);

	for (size_t i = 0; i < LAB_ARRAY_SIZE(ops) && r == 0; i++)
		if (strcmp(p.op, ops[i].name) == 0)
			r = ops[i].fn(&p, &err);
	if (r == 0)
		return 0;
	(void)dprintf(2, "%s\n", err.msg);
	return err.code > 0 && err.code < 126 ? err.code : 125;
}

static int take_descriptors(const int fds[3])
{
	int copy[3];

	for (int i = 0; i < 3; i++) {
		copy[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (copy[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(copy[i], i) < 0)
			return -1;
	return close_range(3, ~0u, 0);
}

int agt_files_start(json_t *files, const int fds[3], pid_t *ret_pid, struct lab_err *err)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid < 0)
		return lab_err_errno(err, errno, "cannot start a process");
	if (pid > 0) {
		*ret_pid = pid;
		return 0;
	}
	(void)setsid();
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (take_descriptors(fds) < 0 || chdir("/") < 0)
		_exit(125);
	_exit(run(files));
}
