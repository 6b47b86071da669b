/* SPDX-License-Identifier: GPL-2.0-or-later */
/* upgrade.c - the agent becomes a newer program and keeps its connection and its jobs */
#include "slave-image/agent/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slave-image/agent/agent_internal.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define STATE_FORMAT   1
#define STATE_MAX      (128u << 20) /* bytes */
#define PROBE_LIMIT_US 5000000u     /* for a program to say what it is */

/* --- receiving --- */

/* Kernels before 6.3 do not know MFD_EXEC; later ones may want it (sysctl vm.memfd_noexec). */
static int executable_memfd(void)
{
	int fd = memfd_create("agent", MFD_CLOEXEC | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("agent", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int start(struct agt *a, const struct lab_rpc_req *req, struct lab_err *err)
{
	struct agt_upgrade *u = &a->upgrade;
	json_int_t size, stream;
	const char *build;
	json_error_t je;
	size_t len;

	if (json_unpack_ex(req->params, &je, 0, "{s:s%,s:I,s:I !}", "build", &build, &len, "size",
			   &size, "stream", &stream) < 0)
		return lab_err_set(err, EINVAL, "upgrade: %s", je.text);
	if (len == 0 || len > AGT_BUILD_MAX)
		return lab_err_set(err, EINVAL, "upgrade: build is not a build id");
	if (size <= 0 || size > AGT_PROGRAM_MAX)
		return lab_err_set(err, EFBIG, "upgrade: a program of %lld bytes, %u is the limit",
				   (long long)size, AGT_PROGRAM_MAX);
	if (stream <= 0 || stream > UINT32_MAX)
		return lab_err_set(err, EINVAL, "upgrade: stream out of range");
	if (agt_stream_busy(a, (uint32_t)stream))
		return lab_err_set(err, EEXIST, "upgrade: stream %lld is in use",
				   (long long)stream);
	if (u->active || a->store.n_puts)
		return lab_err_set(err, EBUSY,
				   "upgrade: a file or a program is on its way already");
	u->fd = executable_memfd();
	if (u->fd < 0)
		return lab_err_errno(err, -u->fd, "upgrade: no memory for the program");
	u->active = true;
	u->id = req->id;
	u->stream = (uint32_t)stream;
	u->size = (uint64_t)size;
	u->got = 0;
	memcpy(u->build, build, len + 1);
	return 0;
}

void agt_upgrade_start(struct agt *a, struct lab_rpc_req *req)
{
	struct lab_err err;

	if (start(a, req, &err) < 0) {
		if (!a->upgrade.active)
			a->upgrade.fd = -1;
		(void)lab_rpc_reply_err(a->rpc, req->id, &err);
	}
}

static void failed(struct agt *a, const struct lab_err *err)
{
	close_fd(&a->upgrade.fd);
	(void)lab_rpc_reply_err(a->rpc, a->upgrade.id, err);
	a->upgrade.id = 0;
}

/* Read what a program prints; @fd ends when the program does. */
static int read_answer(int fd, char *buf, size_t size)
{
	uint64_t now, end_us = lab_loop_now_us() + PROBE_LIMIT_US;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while (len < size - 1) {
		now = lab_loop_now_us();
		if (now >= end_us)
			return -ETIMEDOUT;
		if (poll(&pfd, 1, (int)((end_us - now) / 1000 + 1)) <= 0)
			continue;
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	buf[len] = '\0';
	return 0;
}

/* Run the program with --build-id. */
static int probe(struct agt *a, char *buf, size_t size, struct lab_err *err)
{
	char *argv[] = { NULL, (char *)"agent", (char *)"--build-id", NULL };
	char *envp[] = { NULL };
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	cleanup_close int in = -1, out = -1;
	struct agt_spawn_area *area = agt_jobs_area(a);
	struct agt_spawn spawn = {
		.program_fd = a->upgrade.fd, .argv = argv + 1, .envp = envp, .cwd = "/"
	};
	int r, p[2];
	pid_t pid;

	if (!area)
		return lab_err_errno(err, ENOMEM, "upgrade");
	if (null < 0 || pipe2(p, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "upgrade: cannot try the program");
	in = p[0];
	out = p[1];
	memcpy(spawn.fds, ((int[3]){ null, out, null }), sizeof(spawn.fds));
	r = agt_spawn(area, &spawn, &pid, err);
	if (r < 0)
		return lab_err_prefix(err, r, "upgrade: ");
	close_fd(&out);
	r = read_answer(in, buf, size);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? lab_err_errno(err, -r, "upgrade: the program does not say what it is") : 0;
}

static int check(struct agt *a, struct lab_err *err)
{
	struct agt_upgrade *u = &a->upgrade;
	char said[AGT_BUILD_MAX + 2];
	int r;

	if (u->got != u->size)
		return lab_err_set(err, EBADMSG, "upgrade: %llu bytes came, %llu were announced",
				   (unsigned long long)u->got, (unsigned long long)u->size);
	r = probe(a, said, sizeof(said), err);
	if (r < 0)
		return r;
	said[strcspn(said, "\n")] = '\0';
	if (strcmp(said, u->build) != 0)
		return lab_err_set(err, EBADMSG, "upgrade: the program is build \"%s\", not \"%s\"",
				   said, u->build);
	return 0;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			n = 0;
	}
	return 0;
}

bool agt_upgrade_block(struct agt *a, uint32_t stream, const void *data, size_t len)
{
	struct agt_upgrade *u = &a->upgrade;
	struct lab_err err;
	int r = 0;

	if (!u->active || u->ready || u->stream != stream)
		return false;
	if (len > u->size - u->got) {
		agt_fail(a, EMSGSIZE);
		return true;
	}
	u->got += len;
	if (len) {
		if (u->fd >= 0)
			r = write_all(u->fd, data, len);
		if (r < 0) {
			(void)lab_err_errno(&err, -r, "upgrade: no memory for the program");
			failed(a, &err);
		}
		return true;
	}
	if (u->fd >= 0 && check(a, &err) < 0)
		failed(a, &err);
	if (u->fd < 0) {
		u->active = false;
		return true;
	}
	u->ready = true;
	(void)lab_rpc_reply(a->rpc, u->id, NULL, NULL, 0);
	agt_upgrade_poke(a);
	return true;
}

/* --- handing over --- */

static json_t *save_job(const struct agt_job *j)
{
	return json_pack("{s:I,s:I,s:i,s:b,s:b,s:I,s:I,s:[[i,I],[i,I]],s:[i,I],s:b,s:I,s:I,s:I}",
			 "job", (json_int_t)j->number, "id", (json_int_t)j->id, "pid", (int)j->pid,
			 "timed_out", j->timed_out, "overflow", j->overflow, "start_us",
			 (json_int_t)j->start_us, "deadline_us", (json_int_t)j->deadline_us, "out",
			 j->out[0].fd, (json_int_t)j->out[0].stream, j->out[1].fd,
			 (json_int_t)j->out[1].stream, "in", j->in.fd, (json_int_t)j->in.stream,
			 "eof", j->in.eof, "taken", (json_int_t)j->in.taken, "told",
			 (json_int_t)j->in.told, "pending", (json_int_t)j->in.pending.len);
}

static json_t *save(const struct agt *a, int in, int out)
{
	cleanup_json json_t *jobs = json_array();
	const struct agt_job *j;

	for (j = a->jobs.head; j; j = j->next) {
		if (json_array_append_new(jobs, save_job(j)) < 0)
			return NULL;
	}
	return json_pack("{s:i,s:i,s:i,s:O}", "format", STATE_FORMAT, "in", in, "out", out, "jobs",
			 jobs);
}

static int write_state(const struct agt *a, int in, int out)
{
	cleanup_json json_t *state = save(a, in, out);
	cleanup_free char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
	cleanup_close int fd = memfd_create("agent-state", MFD_CLOEXEC);
	const struct agt_job *j;
	int r;

	if (!text)
		return -ENOMEM;
	if (fd < 0)
		return -errno;
	r = write_all(fd, text, strlen(text));
	for (j = a->jobs.head; r == 0 && j; j = j->next)
		r = write_all(fd, j->in.pending.data, j->in.pending.len);
	return r < 0 ? r : take_fd(&fd);
}

static void set_cloexec(int fd, bool on)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

static void set_cloexec_all(const struct agt *a, int in, int out, bool on)
{
	const struct agt_job *j;

	set_cloexec(in, on);
	set_cloexec(out, on);
	for (j = a->jobs.head; j; j = j->next) {
		set_cloexec(j->out[0].fd, on);
		set_cloexec(j->out[1].fd, on);
		set_cloexec(j->in.fd, on);
	}
}

/* Comes back only if it failed. */
static void execute(struct agt *a, int in, int out)
{
	char number[16], *argv[6] = { (char *)"agent", (char *)"--resume", number };
	cleanup_close int state = write_state(a, in, out);

	if (state < 0)
		return;
	(void)snprintf(number, sizeof(number), "%d", state);
	if (a->opts.store_dir) {
		argv[3] = (char *)"--store";
		argv[4] = (char *)a->opts.store_dir;
	}
	set_cloexec(state, false);
	set_cloexec_all(a, in, out, false);
	(void)execveat(a->upgrade.fd, "", argv, environ, AT_EMPTY_PATH);
	set_cloexec_all(a, in, out, true);
}

static bool job_ending(const struct agt *a)
{
	const struct agt_job *j;

	for (j = a->jobs.head; j; j = j->next) {
		if (j->ended)
			return true;
	}
	return false;
}

static void attempt(struct lab_source *src, void *user)
{
	struct agt *a = user;
	int in, out, r;

	(void)src;
	a->upgrade.attempt = NULL;
	if (lab_rpc_queued(a->rpc) || job_ending(a) || lab_rpc_release(a->rpc, &in, &out) < 0)
		return;
	a->rpc = NULL;
	execute(a, in, out);
	/* The answer is out, so the next hello tells: it has the old build id. */
	agt_upgrade_fini(a);
	r = agt_connect(a, in, out);
	if (r < 0)
		agt_fail(a, -r);
}

void agt_upgrade_poke(struct agt *a)
{
	if (!a->upgrade.ready || a->upgrade.attempt)
		return;
	if (lab_loop_defer(a->loop, attempt, a, &a->upgrade.attempt) < 0)
		agt_fail(a, ENOMEM);
}

bool agt_upgrade_active(const struct agt *a)
{
	return a->upgrade.active;
}

void agt_upgrade_fini(struct agt *a)
{
	lab_source_free(a->upgrade.attempt);
	close_fd(&a->upgrade.fd);
	a->upgrade = (struct agt_upgrade){ .fd = -1 };
}

/* --- taking over --- */

static int load_job(struct agt *a, json_t *o, const char **bytes, const char *end)
{
	struct agt_job *j = agt_job_new(a);
	json_int_t number, id, start, deadline, stream[3], taken, told, pending;
	int timed_out, overflow, eof, i;

	if (!j)
		return -ENOMEM;
	if (json_unpack(o, "{s:I,s:I,s:i,s:b,s:b,s:I,s:I,s:[[i,I],[i,I]],s:[i,I],s:b,s:I,s:I,s:I}",
			"job", &number, "id", &id, "pid", &j->pid, "timed_out", &timed_out,
			"overflow", &overflow, "start_us", &start, "deadline_us", &deadline, "out",
			&j->out[0].fd, &stream[0], &j->out[1].fd, &stream[1], "in", &j->in.fd,
			&stream[2], "eof", &eof, "taken", &taken, "told", &told, "pending",
			&pending) < 0)
		return -EPROTO;
	if (pending < 0 || pending > end - *bytes)
		return -EPROTO;
	j->number = (uint64_t)number;
	j->id = (uint64_t)id;
	j->timed_out = timed_out;
	j->overflow = overflow;
	j->start_us = (uint64_t)start;
	j->deadline_us = (uint64_t)deadline;
	for (i = 0; i < 2; i++)
		j->out[i].stream = (uint32_t)stream[i];
	j->in.stream = (uint32_t)stream[2];
	j->in.eof = eof;
	j->in.taken = (uint64_t)taken;
	j->in.told = (uint64_t)told;
	lab_strbuf_add(&j->in.pending, *bytes, (size_t)pending);
	*bytes += pending;
	return j->in.pending.error;
}

static int load(struct agt *a, const char *text, size_t len)
{
	const char *bytes, *end = text + len;
	cleanup_json json_t *state = NULL;
	int format, in, out, r = 0;
	struct agt_job *j;
	json_error_t je;
	json_t *jobs;
	size_t i;

	state = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, &je);
	if (!state || json_unpack(state, "{s:i,s:i,s:i,s:o}", "format", &format, "in", &in, "out",
				  &out, "jobs", &jobs) < 0)
		return -EPROTO;
	bytes = text + je.position;
	if (format != STATE_FORMAT || je.position < 0 || bytes > end)
		return -EPROTO;
	for (i = 0; r == 0 && i < json_array_size(jobs); i++)
		r = load_job(a, json_array_get(jobs, i), &bytes, end);
	if (r < 0)
		return r;
	set_cloexec_all(a, in, out, true);
	r = agt_connect(a, in, out);
	for (j = a->jobs.head; r == 0 && j; j = j->next)
		r = agt_job_watch(j);
	return r;
}

int agt_upgrade_restore(struct agt *a, int state_fd)
{
	struct stat st;
	char *text;
	int r;

	if (fstat(state_fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > STATE_MAX)
		return -EPROTO;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, state_fd, 0);
	if (text == MAP_FAILED)
		return -errno;
	r = load(a, text, (size_t)st.st_size);
	(void)munmap(text, (size_t)st.st_size);
	return r;
}
