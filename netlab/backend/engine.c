/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine.c - the engine process: takes operations from the keeper and runs each in a child */
#include "netlab/backend/engine.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/backend/journal.h"
#include "netlab/base/fdpass.h"
#include "netlab/base/loop.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/ns/mount.h"
#include "netlab/rpc/rpc.h"

enum {
	RESULT_MAX = 16 << 20,
	DESTROY_MS = 60000,
};

static const struct lab_backend *const backends[] = { &lab_backend_nspawn, &lab_backend_lxc,
						      &lab_backend_lxd, &lab_backend_podman };

static const char *const op_names[LAB_HOST_OP_MAX_] = {
	[LAB_HOST_CREATE] = "create",
	[LAB_HOST_START] = "start",
	[LAB_HOST_STOP] = "stop",
	[LAB_HOST_FREEZE] = "freeze",
	[LAB_HOST_THAW] = "thaw",
	[LAB_HOST_STATE] = "state",
	[LAB_HOST_CONFIG] = "config",
	[LAB_HOST_RENAME] = "rename",
	[LAB_HOST_DESTROY] = "destroy",
	[LAB_HOST_SNAPSHOT_CREATE] = "snapshot.create",
	[LAB_HOST_SNAPSHOT_LIST] = "snapshot.list",
	[LAB_HOST_SNAPSHOT_RENAME] = "snapshot.rename",
	[LAB_HOST_SNAPSHOT_RESTORE] = "snapshot.restore",
	[LAB_HOST_SNAPSHOT_DELETE] = "snapshot.delete",
	[LAB_HOST_PUBLISH] = "publish",
	[LAB_HOST_MIGRATE] = "migrate",
};

/**
 * struct job - an operation
 * @s:		server
 * @host:	index of the host
 * @op:		what
 * @args:	of it
 * @id:		of the request; 0 = nobody asked
 * @fd:		from the child; -1 = not started
 * @pid:	the child
 * @src:	of @fd
 * @deadline:	timer
 * @late:	it was killed at its deadline
 * @channel:	descriptor that the child returned, or -1
 * @head:	what it has said of its answer; @n_head bytes of it
 * @n_head:	see @head
 * @text:	what it has said so far
 * @next:	in the queue
 */
struct job {
	struct server *s;
	size_t host;
	enum lab_host_op op;
	json_t *args;
	uint64_t id;
	int fd;
	pid_t pid;
	struct lab_source *src, *deadline;
	bool late;
	int channel;
	uint32_t head;
	size_t n_head;
	struct lab_strbuf text;
	struct job *next;
};

/**
 * struct server - the engine process
 * @loop:	loop
 * @rpc:	to the keeper
 * @engine:	what backends see
 * @opened:	bit i: backends[i].open has been called
 * @created:	by host: LAB_HOST_CREATE was begun
 * @busy:	by host: an operation runs
 * @jobs:	queue, those that run as well
 * @running:	how many run
 * @closing:	request id of "close"; 0 = it has not come
 */
struct server {
	struct lab_loop *loop;
	struct lab_rpc *rpc;
	struct lab_engine engine;
	unsigned int opened;
	bool *created, *busy;
	struct job *jobs;
	size_t running;
	uint64_t closing;
};

static void pump(struct server *s);

const struct lab_backend *lab_engine_backend(const char *name)
{
	for (size_t i = 0; i < LAB_ARRAY_SIZE(backends); i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	return NULL;
}

const char *lab_host_op_name(enum lab_host_op op)
{
	return op < LAB_HOST_OP_MAX_ ? op_names[op] : "?";
}

/* --- jobs -------------------------------------------------------------------------------------- */

static void job_free(struct job *job)
{
	struct job **at = &job->s->jobs;

	while (*at && *at != job)
		at = &(*at)->next;
	if (*at)
		*at = job->next;
	lab_source_free(job->src);
	lab_source_free(job->deadline);
	close_fd(&job->fd);
	close_fd(&job->channel);
	json_decref(job->args);
	lab_strbuf_fini(&job->text);
	free(job);
}

static void refuse(const struct job *job, const struct lab_err *err)
{
	if (job->id)
		(void)lab_rpc_reply_err(job->s->rpc, job->id, err);
}

/* What the child said: {"result": {...}} or {"code", "message"}. */
static void answer(struct job *job)
{
	struct lab_engine_host *host = &job->s->engine.hosts[job->host];
	cleanup_json json_t *said = NULL;
	json_t *result, *keep;
	struct lab_err err;

	if (job->text.error == 0)
		said = json_loadb(lab_strbuf_str(&job->text), job->text.len, 0, NULL);
	result = json_object_get(said, "result");
	if (job->late) {
		(void)lab_err_set(&err, ETIMEDOUT, "host %s: %s: %s took more than %d s", host->id,
				  host->backend, lab_host_op_name(job->op),
				  LAB_ENGINE_OP_MS / 1000);
		refuse(job, &err);
	} else if (!json_is_object(result)) {
		const char *message = json_string_value(json_object_get(said, "message"));

		(void)lab_err_set(&err,
				  said ? (int)json_integer_value(json_object_get(said, "code"))
				       : EPROTO,
				  "host %s: %s: %s", host->id, host->backend,
				  message ? message : "the engine gave no answer");
		refuse(job, &err);
	} else {
		keep = json_object_get(result, "keep");
		if (json_is_object(keep))
			(void)json_object_update(host->kept, keep);
		(void)json_object_del(result, "keep");
		if (job->op == LAB_HOST_DESTROY)
			job->s->created[job->host] = false;
		(void)lab_rpc_reply(job->s->rpc, job->id, json_incref(result), &job->channel,
				    job->channel >= 0);
	}
}

static void finish_closing(struct server *s)
{
	struct lab_err err;

	if (!s->closing || s->jobs)
		return;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(backends); i++)
		if ((s->opened & 1u << i) && backends[i]->close)
			backends[i]->close(&s->engine);
	s->opened = 0;
	if (s->engine.lab && lab_journal_undo(&s->engine, &err) < 0)
		(void)lab_rpc_reply_err(s->rpc, s->closing, &err);
	else
		(void)lab_rpc_reply(s->rpc, s->closing, NULL, NULL, 0);
	s->closing = 0;
}

/* More of the answer; a long-lived process that the child has left behind may hold the other end, so its length tells the end. */
static bool receive(struct job *job)
{
	char buf[4096];
	ssize_t n;

	if (job->n_head < sizeof(job->head)) {
		n = lab_fdpass_recv(job->fd, (char *)&job->head + job->n_head,
				    sizeof(job->head) - job->n_head,
				    job->channel < 0 ? &job->channel : &(int){ -1 }, MSG_DONTWAIT);
		job->n_head += n > 0 ? (size_t)n : 0;
	} else {
		n = recv(job->fd, buf, sizeof(buf), MSG_DONTWAIT);
		n = n < 0 ? -errno : n;
		if (n > 0)
			lab_strbuf_add(&job->text, buf, (size_t)n);
	}
	if (n < 0 && (n == -EAGAIN || n == -EINTR))
		return false;
	return n <= 0 || (job->n_head == sizeof(job->head) &&
			  (job->text.len >= job->head || job->head > RESULT_MAX));
}

static void on_answer(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct job *job = user;
	struct server *s = job->s;

	(void)src;
	(void)fd;
	(void)events;
	if (!receive(job))
		return;
	(void)waitpid(job->pid, NULL, 0);
	answer(job);
	s->busy[job->host] = false;
	s->running--;
	job_free(job);
	pump(s);
	finish_closing(s);
}

static void on_deadline(struct lab_source *src, void *user)
{
	struct job *job = user;

	(void)src;
	job->late = true;
	(void)kill(job->pid, SIGKILL);
}

/* In the child: do it, and say how it went. */
static void run(const struct job *job, int fd) __attribute__((noreturn));
static void run(const struct job *job, int fd)
{
	const struct lab_engine *engine = &job->s->engine;
	const struct lab_engine_host *host = &engine->hosts[job->host];
	struct lab_err err = { 0 };
	json_t *result = json_object(), *said;
	int channel = -1, r;
	uint32_t len;
	char *text;

	r = host->driver->ops[job->op](engine, host, job->args, result, &channel, &err);
	if (r < 0)
		said = json_pack("{s:i, s:s}", "code", -r, "message", err.msg);
	else
		said = json_pack("{s:o}", "result", result);
	text = said ? json_dumps(said, JSON_COMPACT) : NULL;
	len = text ? (uint32_t)strlen(text) : 0;
	if (lab_fdpass_send(fd, &len, sizeof(len), r < 0 ? -1 : channel, 0) < 0)
		_exit(1);
	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, text + at, len - at, MSG_NOSIGNAL);

		if (n < 0)
			_exit(1);
		at += (size_t)n;
	}
	_exit(0);
}

static int open_backend(struct server *s, const struct job *job, struct lab_err *err)
{
	const char *name = s->engine.hosts[job->host].backend;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(backends); i++) {
		if (strcmp(backends[i]->name, name) != 0 || (s->opened & 1u << i))
			continue;
		s->opened |= 1u << i;
		return backends[i]->open ? backends[i]->open(&s->engine, err) : 0;
	}
	return 0;
}

static int start(struct job *job, struct lab_err *err)
{
	struct server *s = job->s;
	int pair[2], r;

	if (job->op == LAB_HOST_CREATE) {
		r = open_backend(s, job, err);
		if (r < 0)
			return r;
		s->created[job->host] = true;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lab_err_errno(err, errno, "socketpair");
	job->fd = pair[0];
	job->pid = fork();
	if (job->pid == 0) {
		sigset_t none;

		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		run(job, pair[1]);
	}
	(void)close(pair[1]);
	if (job->pid < 0)
		return lab_err_errno(err, errno, "fork");
	r = lab_loop_add_fd(s->loop, job->fd, EPOLLIN, on_answer, job, &job->src);
	if (r == 0)
		r = lab_loop_add_timer(
			s->loop,
			(job->op == LAB_HOST_DESTROY ? DESTROY_MS : LAB_ENGINE_OP_MS) * 1000ULL,
			on_deadline, job, &job->deadline);
	if (r < 0) {
		(void)kill(job->pid, SIGKILL);
		return lab_err_errno(err, -r, "event loop");
	}
	s->busy[job->host] = true;
	s->running++;
	return 0;
}

/* Start what may run: those of one host in their order. */
static void pump(struct server *s)
{
	struct job *job, *next;

	for (job = s->jobs; job && s->running < LAB_ENGINE_AT_ONCE; job = next) {
		struct lab_err err;

		next = job->next;
		if (job->fd >= 0 || s->busy[job->host])
			continue;
		if (start(job, &err) < 0) {
			refuse(job, &err);
			job_free(job);
		}
	}
}

static int add_job(struct server *s, size_t host, enum lab_host_op op, json_t *args, uint64_t id)
{
	struct job **at = &s->jobs, *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	*job = (struct job){ .s = s,
			     .host = host,
			     .op = op,
			     .args = args ? json_incref(args) : json_object(),
			     .id = id,
			     .fd = -1,
			     .channel = -1,
			     .text = LAB_STRBUF_INIT };
	while (*at)
		at = &(*at)->next;
	*at = job;
	return 0;
}

/* --- requests ---------------------------------------------------------------------------------- */

static const char *text_of(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

static char *copy(const json_t *obj, const char *key)
{
	const char *text = text_of(obj, key);

	return text ? strdup(text) : NULL;
}

static int take_host(struct server *s, struct lab_engine_host *host, const json_t *from,
		     struct lab_err *err)
{
	json_int_t fd = json_integer_value(json_object_get(from, "netns"));

	*host = (struct lab_engine_host){
		.id = copy(from, "id"),
		.backend = copy(from, "backend"),
		.image = copy(from, "image"),
		.memory_bytes = (uint64_t)json_integer_value(json_object_get(from, "memory")),
		.cpus_milli = (uint32_t)json_integer_value(json_object_get(from, "cpus_milli")),
		.pids = (uint32_t)json_integer_value(json_object_get(from, "pids")),
		.settings = json_deep_copy(json_object_get(from, "settings")),
		.kept = json_object(),
	};
	host->driver = host->backend ? lab_engine_backend(host->backend) : NULL;
	if (!host->id || !host->driver || !host->kept || !host->settings)
		return lab_err_set(err, EPROTO, "a host without id, backend or settings");
	if (asprintf(&host->netns, "/proc/1/fd/%d", (int)fd) < 0 ||
	    asprintf(&host->netns_outside, "/proc/%d/fd/%d", (int)s->engine.keeper, (int)fd) < 0 ||
	    asprintf(&host->dir, "%s/%s", s->engine.dir, host->id) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (mkdir(host->dir, 0700) < 0)
		return lab_err_errno(err, errno, "mkdir %s", host->dir);
	return 0;
}

static int write_hosts_file(struct lab_engine *e, const char *text, struct lab_err *err)
{
	cleanup_close int fd = -1;
	size_t len = text ? strlen(text) : 0;

	if (!text || asprintf(&e->hosts_file, "%s/hosts", e->dir) < 0)
		return lab_err_set(err, EPROTO, "no hosts file");
	fd = open(e->hosts_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return lab_err_errno(err, errno, "write %s", e->hosts_file);
	return 0;
}

static int set_up(struct server *s, const json_t *params, struct lab_err *err)
{
	const json_t *hosts = json_object_get(params, "hosts");
	struct lab_engine *e = &s->engine;
	size_t n = json_array_size(hosts);
	uint32_t random;
	int r;

	if (e->lab)
		return lab_err_set(err, EPROTO, "set up twice");
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return lab_err_errno(err, errno, "getrandom");
	(void)snprintf(e->key, sizeof(e->key), "%08x", random);
	e->lab = copy(params, "lab");
	e->dir = copy(params, "dir");
	e->agent = copy(params, "agent");
	e->hosts = calloc(n + 1, sizeof(*e->hosts));
	s->created = calloc(n + 1, sizeof(*s->created));
	s->busy = calloc(n + 1, sizeof(*s->busy));
	if (!e->lab || !e->dir || !e->agent || !e->hosts || !s->created || !s->busy)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (mkdir(e->dir, 0700) < 0)
		return lab_err_errno(err, errno, "mkdir %s", e->dir);
	r = lab_journal_add(e, err, "lab %d %" PRIu64, (int)e->keeper, e->keeper_start);
	if (r == 0)
		r = write_hosts_file(e, text_of(params, "hosts_file"), err);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = take_host(s, &e->hosts[i], json_array_get(hosts, i), err);
		e->n_hosts++;
	}
	return r;
}

static int take_op(struct server *s, const struct lab_rpc_req *req, struct lab_err *err)
{
	json_t *index = json_object_get(req->params, "host");
	const char *name = text_of(req->params, "op");
	const struct lab_engine_host *host;
	unsigned int op = 0;
	size_t h;
	int r;

	h = json_is_integer(index) ? (size_t)json_integer_value(index) : SIZE_MAX;
	while (op < LAB_HOST_OP_MAX_ && (!name || strcmp(op_names[op], name) != 0))
		op++;
	if (h >= s->engine.n_hosts || op == LAB_HOST_OP_MAX_ || s->closing)
		return lab_err_set(err, EPROTO, "no such host or operation");
	host = &s->engine.hosts[h];
	if (!host->driver->ops[op])
		return lab_err_set(err, EOPNOTSUPP, "host %s: the backend %s cannot %s", host->id,
				   host->backend, name);
	r = add_job(s, h, op, json_object_get(req->params, "args"), req->id);
	if (r < 0)
		return lab_err_errno(err, -r, "%s", name);
	pump(s);
	return 0;
}

/* Nothing that the kernel does not take back with the lab may stay. */
static void close_all(struct server *s, uint64_t id)
{
	cleanup_json json_t *args = json_pack("{s:b}", "closing", 1);

	s->closing = id;
	for (size_t i = 0; i < s->engine.n_hosts; i++)
		if (s->created[i] && s->engine.hosts[i].driver->ops[LAB_HOST_DESTROY])
			(void)add_job(s, i, LAB_HOST_DESTROY, args, 0);
	pump(s);
	finish_closing(s);
}

static void on_request(struct lab_rpc_req *req, void *user)
{
	struct server *s = user;
	struct lab_err err = { 0 };
	int r;

	if (strcmp(req->method, "close") == 0) {
		close_all(s, req->id);
		return;
	}
	if (strcmp(req->method, "setup") == 0) {
		r = set_up(s, req->params, &err);
		if (r == 0)
			(void)lab_rpc_reply(s->rpc, req->id, NULL, NULL, 0);
	} else if (strcmp(req->method, "host") == 0) {
		r = take_op(s, req, &err);
	} else {
		r = lab_err_set(&err, ENOSYS, "no method %s", req->method);
	}
	if (r < 0)
		(void)lab_rpc_reply_err(s->rpc, req->id, &err);
}

static void on_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct server *s = user;

	(void)rpc;
	(void)err;
	lab_loop_quit(s->loop, 0);
}

static pid_t find_keeper(void)
{
	cleanup_file FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	int pid = 0;

	while (f && fgets(line, sizeof(line), f))
		/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
		if (sscanf(line, "PPid: %d", &pid) == 1)
			break;
	return pid;
}

int lab_engine_main(int fd, int netns)
{
	static const struct lab_rpc_ops ops = { .request = on_request, .closed = on_closed };
	struct server s = { .engine = { .keeper = find_keeper() } };
	struct lab_err err = { 0 };
	int r = 0;

	s.engine.keeper_start = lab_journal_started(s.engine.keeper);
	(void)prctl(PR_SET_NAME, "netlab-engine");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(022);
	if (netns >= 0 && setns(netns, CLONE_NEWNET) < 0)
		return 1;
	close_fd(&netns);
	/* What we mount is nobody else's business, and what the machine mounts may come to us. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return 1;
	r = lab_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, &err);
	if (r == 0)
		r = lab_loop_new(&s.loop);
	if (r == 0)
		r = lab_rpc_new(s.loop, fd, &ops, &s, &s.rpc);
	if (r < 0)
		return 1;
	r = lab_loop_run(s.loop);
	return r < 0;
}
