/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client_files.c - files of hosts: put, got, listed, deleted; the bytes go past the keeper */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "netlab/base/archive.h"
#include "netlab/base/strbuf.h"
#include "netlab/keeper/client_internal.h"

enum { TEXT_MAX = 64 << 20, MESSAGE_MAX = 400 };

/**
 * struct transfer - an operation on files that is under way
 * @done:	it has ended
 * @result:	how
 */
struct transfer {
	bool done;
	struct lab_job_result result;
};

static void on_done(struct lab_job *job, const struct lab_job_result *result, void *user)
{
	struct transfer *t = user;

	(void)job;
	t->done = true;
	t->result = *result;
}

static char *read_text(int fd, size_t max)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	char buf[4096], *text = NULL;
	ssize_t n = 0;
	off_t at = 0;

	while (sb.len < max && (n = pread(fd, buf, sizeof(buf), at)) > 0) {
		lab_strbuf_add(&sb, buf, (size_t)n);
		at += n;
	}
	return lab_strbuf_take(&sb, &text) < 0 ? NULL : text;
}

/* What a process said that ended with an errno as its status. */
static int explain(const char *host, int code, int fd, struct lab_err *err)
{
	cleanup_free char *text = read_text(fd, MESSAGE_MAX);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return lab_err_set(err, code, "%s%s%s%s", host ? "host " : "", host ? host : "",
			   host ? ": " : "", text && *text ? text : strerror(code));
}

static int verdict(const char *host, const struct lab_job_result *res, int message,
		   struct lab_err *err)
{
	if (res->error) {
		if (err)
			*err = res->err;
		return res->error;
	}
	if (!res->exited)
		return lab_err_set(err, EINTR, "host %s: killed by signal %d", host, res->signal);
	return res->status ? explain(host, res->status, message, err) : 0;
}

/* Do it in the host with these descriptors as its input and output. */
static int run(struct lab_client *c, const char *host, json_t *files, int in, int out,
	       struct transfer *t, struct lab_err *err)
{
	static const struct lab_job_ops ops = { .done = on_done };
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	cleanup_close int message = memfd_create("netlab-message", MFD_CLOEXEC);
	struct lab_exec exec = { .host = host,
				 .files = files,
				 .stdio = LAB_STDIO_FDS,
				 .fds = { in < 0 ? null : in, out < 0 ? null : out, message } };
	int r;

	if (null < 0 || message < 0)
		return lab_err_errno(err, errno, "/dev/null or a memfd");
	r = lab_client_exec(c, &exec, &ops, t, NULL, err);
	/* The other end of a pipe must hear when the host has closed it. */
	if (in >= 0)
		(void)close(in);
	if (out >= 0)
		(void)close(out);
	while (r == 0 && !t->done) {
		r = lab_loop_step(c->loop, -1);
		r = r > 0 ? 0 : r;
	}
	if (r < 0)
		return t->done ? r : lab_err_errno(err, -r, "host %s: files", host);
	return verdict(host, &t->result, message, err);
}

int lab_client_host_files(struct lab_client *c, const char *host, json_t *files, char **ret,
			  struct lab_err *err)
{
	cleanup_close int out = memfd_create("netlab-list", MFD_CLOEXEC);
	struct transfer t = { .done = false };
	int copy = out < 0 ? -1 : fcntl(out, F_DUPFD_CLOEXEC, 3), r;

	if (copy < 0)
		return lab_err_errno(err, errno, "memfd");
	r = run(c, host, files, -1, copy, &t, err);
	if (r == 0 && ret) {
		*ret = read_text(out, TEXT_MAX);
		if (!*ret)
			return lab_err_errno(err, ENOMEM, "host %s: files", host);
	}
	return r;
}

/* ---- put and get: a child of ours is the other end ---- */

static const char *last_name(const char *path, char buf[256])
{
	size_t len = strlen(path);
	const char *start;

	while (len > 1 && path[len - 1] == '/')
		len--;
	start = memrchr(path, '/', len);
	start = start && start + 1 < path + len ? start + 1 : path;
	(void)snprintf(buf, 256, "%.*s", (int)LAB_MIN((size_t)(path + len - start), (size_t)255),
		       start);
	return buf;
}

/* ".", ".." and "/" have another name to go by. */
static void source_name(const char *path, char ret[256])
{
	cleanup_free char *real = NULL;

	(void)last_name(path, ret);
	if (strcmp(ret, ".") == 0 || strcmp(ret, "..") == 0) {
		real = realpath(path, NULL);
		(void)last_name(real ? real : path, ret);
	}
}

struct work {
	const char *path, *name;
	bool send;
	int fd, message;
};

static void child(const struct work *w) __attribute__((noreturn));
static void child(const struct work *w)
{
	static const struct lab_archive_opts opts = {
		.mode_mask = 0777, .mode = -1, .uid = -1, .gid = -1
	};
	struct lab_err err = { 0 };
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	r = w->send ? lab_archive_send(w->path, w->fd, &err)
		    : lab_archive_receive(w->fd, w->path, w->name, &opts, &err);
	if (r < 0)
		(void)dprintf(w->message, "%s\n", err.msg);
	_exit(r == 0 ? 0 : err.code < 126 ? err.code : 125);
}

static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/*
 * One end of a pipe is the host's, the other our child's. When both fail, the one that only lost its peer is not the one to blame.
 */
static int transfer(struct lab_client *c, const char *host, json_t *files, struct work *w,
		    struct lab_err *err)
{
	cleanup_close int message = memfd_create("netlab-message", MFD_CLOEXEC);
	struct transfer t = { .done = false };
	struct lab_err theirs = { 0 };
	int p[2], r, ours;
	pid_t pid;

	if (message < 0 || pipe2(p, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "pipe");
	w->fd = p[w->send ? 1 : 0];
	w->message = message;
	pid = fork();
	if (pid == 0) {
		(void)close(p[w->send ? 0 : 1]);
		child(w);
	}
	(void)close(w->fd);
	if (pid < 0) {
		(void)close(p[w->send ? 0 : 1]);
		return lab_err_errno(err, errno, "fork");
	}
	r = run(c, host, files, w->send ? p[0] : -1, w->send ? -1 : p[1], &t, &theirs);
	ours = reap(pid);
	if (ours && ours != EPIPE && !(r < 0 && ours == EBADMSG))
		return explain(NULL, ours, message, err);
	if (r < 0 && err)
		*err = theirs;
	return r < 0 ? r : ours ? explain(NULL, ours, message, err) : 0;
}

static json_t *files_of(json_t *options, const char *op, const char *path, const char *name)
{
	json_t *files = options ? json_copy(options) : json_object();

	if (json_object_set_new(files, "op", json_string(op)) < 0 ||
	    json_object_set_new(files, "path", json_string(path)) < 0 ||
	    (name && json_object_set_new(files, "name", json_string(name)) < 0)) {
		json_decref(files);
		return NULL;
	}
	return files;
}

int lab_client_host_put(struct lab_client *c, const char *host, const char *source,
			const char *path, json_t *options, struct lab_err *err)
{
	struct work w = { .path = source, .send = true };
	cleanup_json json_t *files = NULL;
	char name[256];

	/* Said before the host is bothered. */
	if (access(source, R_OK) < 0)
		return lab_err_errno(err, errno, "%s", source);
	source_name(source, name);
	files = files_of(options, "put", path, name);
	if (!files)
		return lab_err_set(err, EILSEQ, "%s: the name is not UTF-8", path);
	return transfer(c, host, files, &w, err);
}

int lab_client_host_get(struct lab_client *c, const char *host, const char *path,
			const char *target, struct lab_err *err)
{
	char name[256];
	struct work w = { .path = target, .name = last_name(path, name) };
	cleanup_json json_t *files = files_of(NULL, "get", path, NULL);

	if (!files)
		return lab_err_set(err, EILSEQ, "%s: the name is not UTF-8", path);
	return transfer(c, host, files, &w, err);
}
