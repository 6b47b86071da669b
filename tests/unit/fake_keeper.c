/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake_keeper.c - a keeper without privileges: it runs the commands of all hosts right here */
#include "tests/unit/fake_keeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "netlab/base/util.h"
#include "netlab/rpc/rpc.h"
#include "tests/unit/scratch.h"

/*
 * struct fake_job - a command; answered when it has ended and its output is through
 */
struct fake_job {
	struct fake_job *next;
	struct fake_keeper *k;
	uint64_t request;
	json_int_t number;
	pid_t pid;
	bool ended;
	int status;
	uint64_t start_us;
	uint32_t in;
	int in_fd;
	struct fake_stream {
		struct fake_job *job;
		uint32_t number;
		int fd;
		struct lab_source *src;
	} out[2];
	struct lab_source *child;
};

static void refuse(struct fake_keeper *k, uint64_t id, int code, const char *text)
{
	struct lab_err err;

	(void)lab_err_set(&err, code, "%s", text);
	(void)lab_rpc_reply_err(k->rpc, id, &err);
}

static void unlink_job(struct fake_job *job)
{
	struct fake_job **p = &job->k->jobs;

	while (*p != job)
		p = &(*p)->next;
	*p = job->next;
	close_fd(&job->in_fd);
	free(job);
}

static void answer(struct fake_job *job)
{
	json_t *result;

	if (!job->ended || job->out[0].fd >= 0 || job->out[1].fd >= 0)
		return;
	result = json_pack("{s:I,s:i,s:i}", "duration_us",
			   (json_int_t)(lab_loop_now_us() - job->start_us), "utime_us", 1,
			   "stime_us", 2);
	if (WIFEXITED(job->status))
		(void)json_object_set_new(result, "exit", json_integer(WEXITSTATUS(job->status)));
	else
		(void)json_object_set_new(result, "signal", json_integer(WTERMSIG(job->status)));
	(void)lab_rpc_reply(job->k->rpc, job->request, result, NULL, 0);
	unlink_job(job);
}

static void on_bytes(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct fake_stream *s = user;
	char buf[8192];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)events;
	if (n > 0) {
		(void)lab_rpc_send_block(s->job->k->rpc, s->number, buf, (size_t)n);
		return;
	}
	lab_source_free(src);
	close_fd(&s->fd);
	answer(s->job);
}

static void on_ended(struct lab_source *src, pid_t pid, int status, void *user)
{
	struct fake_job *job = user;

	(void)src;
	(void)pid;
	job->ended = true;
	job->status = status;
	job->child = NULL;
	answer(job);
}

static void child(struct fake_keeper *k, json_t *params, int in, int out, int err)
{
	const char *shell = json_string_value(json_object_get(params, "shell"));
	const char *file = json_string_value(json_object_get(params, "file"));
	const char *cwd = json_string_value(json_object_get(params, "cwd")), *name;
	char path[256];
	sigset_t none;
	json_t *value;

	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)dup2(in, 0);
	(void)dup2(out, 1);
	(void)dup2(err, 2);
	if (cwd && chdir(cwd) < 0)
		_exit(126);
	json_object_foreach(json_object_get(params, "env"), name, value)
		(void)setenv(name, json_string_value(value), 1);
	if (shell)
		(void)execl("/bin/bash", "bash", "-c", shell, (char *)NULL);
	(void)snprintf(path, sizeof(path), "%s/%s", k->dir, file ? file : "");
	(void)execl(path, "module", (char *)NULL);
	_exit(127);
}

static void start(struct fake_keeper *k, const struct lab_rpc_req *req)
{
	json_t *streams = json_object_get(req->params, "streams");
	struct fake_job *job = calloc(1, sizeof(*job));
	int in[2], out[2], err[2], i;

	assert_non_null(job);
	assert_int_equal(json_array_size(streams), 3);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	job->k = k;
	job->next = k->jobs;
	k->jobs = job;
	job->request = req->id;
	job->number = json_integer_value(json_object_get(req->params, "job"));
	job->in = (uint32_t)json_integer_value(json_array_get(streams, 0));
	job->in_fd = in[1];
	job->out[0].fd = out[0];
	job->out[1].fd = err[0];
	job->start_us = lab_loop_now_us();
	job->pid = fork();
	if (job->pid == 0)
		child(k, req->params, in[0], out[1], err[1]);
	assert_true(job->pid > 0);
	close_fd(&in[0]);
	close_fd(&out[1]);
	close_fd(&err[1]);
	if (!job->in)
		close_fd(&job->in_fd);
	for (i = 0; i < 2; i++) {
		job->out[i].job = job;
		job->out[i].number =
			(uint32_t)json_integer_value(json_array_get(streams, (size_t)i + 1));
		assert_int_equal(lab_loop_add_fd(k->loop, job->out[i].fd, EPOLLIN, on_bytes,
						 &job->out[i], &job->out[i].src),
				 0);
	}
	assert_int_equal(lab_loop_add_child(k->loop, job->pid, -1, on_ended, job, &job->child), 0);
}

static void do_signal(struct fake_keeper *k, const struct lab_rpc_req *req)
{
	json_int_t number = json_integer_value(json_object_get(req->params, "job"));
	int signo = (int)json_integer_value(json_object_get(req->params, "signal"));
	struct fake_job *job;

	for (job = k->jobs; job && job->number != number; job = job->next)
		;
	if (!job) {
		refuse(k, req->id, ESRCH, "no such job");
		return;
	}
	(void)kill(-job->pid, signo);
	/* Before the child's setsid(): it has no group of its own yet. */
	if (!job->ended)
		(void)kill(job->pid, signo);
	(void)lab_rpc_reply(k->rpc, req->id, NULL, NULL, 0);
}

static void file_missing(struct fake_keeper *k, const struct lab_rpc_req *req)
{
	json_t *missing = json_array(), *file;
	char path[256];
	size_t i;

	k->n_asked++;
	if (k->touched) {
		FILE *f = fopen(k->touched, "ae");

		assert_non_null(f);
		(void)fputs("# changed\n", f);
		(void)fclose(f);
		k->touched = NULL;
	}
	json_array_foreach(json_object_get(req->params, "files"), i, file) {
		(void)snprintf(path, sizeof(path), "%s/%s", k->dir, json_string_value(file));
		if (access(path, F_OK) < 0)
			(void)json_array_append(missing, file);
	}
	(void)lab_rpc_reply(k->rpc, req->id, json_pack("{s:o}", "missing", missing), NULL, 0);
}

static void file_put(struct fake_keeper *k, const struct lab_rpc_req *req)
{
	assert_int_equal(k->put_fd, -1);
	(void)snprintf(k->put_name, sizeof(k->put_name), "%s",
		       json_string_value(json_object_get(req->params, "file")));
	k->put_stream = (uint32_t)json_integer_value(json_object_get(req->params, "stream"));
	k->put_id = req->id;
	k->put_fd = open(k->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
	assert_true(k->put_fd >= 0);
}

static void put_end(struct fake_keeper *k)
{
	char digest[LAB_DIGEST_STRLEN], from[64], to[256];

	(void)lseek(k->put_fd, 0, SEEK_SET);
	assert_int_equal(lab_digest_fd(k->put_fd, digest), 0);
	if (strcmp(digest, k->put_name) != 0) {
		refuse(k, k->put_id, EBADMSG, "not what was announced");
	} else {
		(void)snprintf(from, sizeof(from), "/proc/self/fd/%d", k->put_fd);
		(void)snprintf(to, sizeof(to), "%s/%s", k->dir, digest);
		assert_int_equal(linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW), 0);
		k->n_put++;
		(void)lab_rpc_reply(k->rpc, k->put_id, NULL, NULL, 0);
	}
	close_fd(&k->put_fd);
}

static void config_write(struct fake_keeper *k, const struct lab_rpc_req *req)
{
	cleanup_strbuf struct lab_strbuf key = LAB_STRBUF_INIT;
	const char *host = NULL, *netns = NULL, *path = NULL, *value = NULL, *before;
	json_t *result;

	assert_int_equal(json_unpack(req->params, "{s:s, s?s, s:s, s:s !}", "host", &host, "netns",
				     &netns, "path", &path, "value", &value),
			 0);
	lab_strbuf_printf(&key, "%s%s%s:%s", host, netns ? "/" : "", netns ? netns : "", path);
	lab_strbuf_printf(&k->writes, "%s=%s;", lab_strbuf_str(&key), value);
	before = json_string_value(json_object_get(k->settings, lab_strbuf_str(&key)));
	if (strstr(path, "refused") || (before && strstr(path, "once"))) {
		refuse(k, req->id, EROFS, "it is the machine's");
		return;
	}
	result = strstr(path, "unreadable") ? json_object()
					    : json_pack("{s:s}", "previous", before ? before : "0");
	(void)lab_rpc_reply(k->rpc, req->id, result, NULL, 0);
	(void)json_object_set_new(k->settings, lab_strbuf_str(&key), json_string(value));
}

static void link_get(struct fake_keeper *k, const struct lab_rpc_req *req)
{
	const char *host = NULL, *id = NULL;
	json_t *link;
	char key[64];

	k->n_links++;
	assert_int_equal(json_unpack(req->params, "{s:s, s:s !}", "host", &host, "id", &id), 0);
	(void)snprintf(key, sizeof(key), "%s:%s", host, id);
	link = json_object_get(k->links, key);
	if (link)
		(void)lab_rpc_reply(k->rpc, req->id, json_incref(link), NULL, 0);
	else
		refuse(k, req->id, ENODEV, "it has gone");
}

/* Files of one level only. */
static void tree_put(struct fake_keeper *k, const struct lab_rpc_req *req)
{
	json_t *files = json_object_get(req->params, "files"), *file;
	char dir[256], from[256], to[512];
	bool made;
	size_t i;

	(void)snprintf(dir, sizeof(dir), "%s/tree-%s", k->dir,
		       json_string_value(json_object_get(req->params, "tree")));
	made = mkdir(dir, 0755) == 0;
	json_array_foreach(files, i, file) {
		(void)snprintf(from, sizeof(from), "%s/%s", k->dir,
			       json_string_value(json_object_get(file, "file")));
		(void)snprintf(to, sizeof(to), "%s/%s", dir,
			       json_string_value(json_object_get(file, "path")));
		if (made)
			assert_int_equal(link(from, to), 0);
	}
	k->n_trees += made;
	(void)lab_rpc_reply(k->rpc, req->id, json_pack("{s:s,s:b}", "path", dir, "made", made),
			    NULL, 0);
}

static void on_request(struct lab_rpc_req *req, void *user)
{
	const char *host = json_string_value(json_object_get(req->params, "host"));
	struct fake_keeper *k = user;

	if (k->dead && host && strcmp(host, k->dead) == 0)
		refuse(k, req->id, EHOSTDOWN, "host is down");
	else if (!strcmp(req->method, "exec"))
		start(k, req);
	else if (!strcmp(req->method, "signal"))
		do_signal(k, req);
	else if (!strcmp(req->method, "file.missing"))
		file_missing(k, req);
	else if (!strcmp(req->method, "file.put"))
		file_put(k, req);
	else if (!strcmp(req->method, "config.write"))
		config_write(k, req);
	else if (!strcmp(req->method, "link.get") && k->links)
		link_get(k, req);
	else if (!strcmp(req->method, "tree.put"))
		tree_put(k, req);
	else
		refuse(k, req->id, ENOSYS, "no such method");
}

static void on_block(struct lab_rpc *rpc, uint32_t stream, const void *data, size_t len, void *user)
{
	struct fake_keeper *k = user;
	struct fake_job *job;

	(void)rpc;
	if (k->put_fd >= 0 && stream == k->put_stream) {
		if (len)
			assert_int_equal(write(k->put_fd, data, len), len);
		else
			put_end(k);
		return;
	}
	for (job = k->jobs; job; job = job->next) {
		if (!stream || job->in != stream || job->in_fd < 0)
			continue;
		/* A command may end without having read its input. */
		if (len && write(job->in_fd, data, len) != (ssize_t)len)
			assert_int_equal(errno, EPIPE);
		if (!len)
			close_fd(&job->in_fd);
	}
}

static void on_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	(void)rpc;
	(void)err;
	(void)user;
}

static const struct lab_rpc_ops ops = {
	.request = on_request,
	.block = on_block,
	.closed = on_closed,
};

void fake_keeper_start(struct fake_keeper *k, struct lab_loop *loop, struct lab_client **ret)
{
	struct lab_err err;
	int fds[2];

	*k = (struct fake_keeper){ .loop = loop, .put_fd = -1, .settings = json_object() };
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(k->dir, sizeof(k->dir), "/tmp/fake-keeper.XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(lab_rpc_new(loop, fds[0], &ops, k, &k->rpc), 0);
	assert_int_equal(lab_client_new(loop, fds[1], ret, &err), 0);
}

void fake_keeper_hang_up(struct fake_keeper *k)
{
	lab_rpc_free(k->rpc);
	k->rpc = NULL;
}

size_t fake_keeper_jobs(const struct fake_keeper *k)
{
	const struct fake_job *job;
	size_t n = 0;

	for (job = k->jobs; job; job = job->next)
		n++;
	return n;
}

void fake_keeper_stop(struct fake_keeper *k)
{
	int i;

	while (k->jobs) {
		struct fake_job *job = k->jobs;

		lab_source_free(job->child);
		for (i = 0; i < 2; i++) {
			if (job->out[i].fd >= 0)
				lab_source_free(job->out[i].src);
			close_fd(&job->out[i].fd);
		}
		(void)kill(-job->pid, SIGKILL);
		if (!job->ended) {
			(void)kill(job->pid, SIGKILL);
			(void)waitpid(job->pid, NULL, 0);
		}
		unlink_job(job);
	}
	lab_rpc_free(k->rpc);
	json_decref(k->settings);
	json_decref(k->links);
	lab_strbuf_fini(&k->writes);
	close_fd(&k->put_fd);
	scratch_remove(k->dir);
}
