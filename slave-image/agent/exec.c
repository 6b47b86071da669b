/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec.c - the method `exec`: from its parameters to a running process */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "slave-image/agent/agent_internal.h"
#include "slave-image/agent/files.h"

#define JOBS_MAX       1024u
#define ARGS_MAX       65536u
#define TIMEOUT_MS_MAX (10ll * 365 * 24 * 3600 * 1000)
#define DEFAULT_PATH   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The parameters; all borrowed from the request. */
struct params {
	json_int_t job, timeout_ms;
	json_t *argv, *env, *streams, *files;
	const char *shell, *file, *cwd, *stdio;
	int rows, cols;
};

/* What the child gets as 0, 1, 2, and what must be closed here afterwards. */
struct ends {
	int child[3];
	int owned[3];
	unsigned int n_owned;
	int pty;
};

/* Everything that struct agt_spawn points to. */
struct command {
	struct agt_spawn spawn;
	const char **args; /* one free place, the arguments, NULL */
	struct lab_strbuf env_text;
	char **envp;
	char program[PATH_MAX];
};

static int parse(json_t *o, struct params *p, struct lab_err *err)
{
	json_error_t je;

	*p = (struct params){ .cwd = "/", .stdio = "null" };
	if (json_unpack_ex(o, &je, 0, "{s:I,s?o,s?s,s?s,s?o,s?o,s?s,s?I,s?s,s?o,s?i,s?i !}", "job",
			   &p->job, "argv", &p->argv, "shell", &p->shell, "file", &p->file, "files",
			   &p->files, "env", &p->env, "cwd", &p->cwd, "timeout_ms", &p->timeout_ms,
			   "stdio", &p->stdio, "streams", &p->streams, "rows", &p->rows, "cols",
			   &p->cols) < 0)
		return lab_err_set(err, EINVAL, "exec: %s", je.text);
	if (p->job <= 0)
		return lab_err_set(err, EINVAL, "exec: job must be above 0");
	if (p->timeout_ms < 0 || p->timeout_ms > TIMEOUT_MS_MAX)
		return lab_err_set(err, EINVAL, "exec: timeout_ms out of range");
	if (p->files) {
		if (p->shell || p->argv || p->file || strcmp(p->stdio, "pty") == 0)
			return lab_err_set(err, EINVAL, "exec: files goes with no program");
		return agt_files_check(p->files, err);
	}
	if (p->shell ? p->argv || p->file : !p->argv)
		return lab_err_set(err, EINVAL,
				   "exec: one of argv, shell, or file with argv is needed");
	if (p->argv && (json_array_size(p->argv) == 0 || json_array_size(p->argv) > ARGS_MAX))
		return lab_err_set(err, EINVAL, "exec: argv must be an array of 1 to %u strings",
				   ARGS_MAX);
	if (p->env && !json_is_object(p->env))
		return lab_err_set(err, EINVAL, "exec: env must be an object");
	if (p->rows < 0 || p->rows > UINT16_MAX || p->cols < 0 || p->cols > UINT16_MAX)
		return lab_err_set(err, EINVAL, "exec: rows or cols out of range");
	return 0;
}

/* --- standard input, output and error --- */

static int null_fd(struct agt *a, struct lab_err *err)
{
	if (a->jobs.null_fd < 0)
		a->jobs.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (a->jobs.null_fd < 0)
		return lab_err_errno(err, errno, "exec: /dev/null");
	return a->jobs.null_fd;
}

static int own(struct ends *e, int fd)
{
	e->owned[e->n_owned++] = fd;
	return fd;
}

/* @ours is read from if @place is 1 or 2, written to if it is 0. */
static int make_pipe(struct ends *e, int place, int *ours, struct lab_err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return lab_err_errno(err, errno, "exec: cannot make a pipe");
	*ours = p[place == 0 ? 1 : 0];
	e->child[place] = own(e, p[place == 0 ? 0 : 1]);
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
		return lab_err_errno(err, errno, "exec: cannot set up a pipe");
	return 0;
}

static int check_streams(struct agt *a, const struct params *p, json_int_t n[3],
			 struct lab_err *err)
{
	json_error_t je;
	size_t i;

	if (!p->streams)
		return lab_err_set(err, EINVAL, "exec: streams is missing");
	if (json_unpack_ex(p->streams, &je, 0, "[I,I,I !]", &n[0], &n[1], &n[2]) < 0)
		return lab_err_set(err, EINVAL, "exec: streams: %s", je.text);
	for (i = 0; i < 3; i++) {
		if (n[i] < 0 || n[i] > UINT32_MAX)
			return lab_err_set(err, EINVAL, "exec: streams: %lld out of range",
					   (long long)n[i]);
		if (n[i] && (agt_stream_busy(a, (uint32_t)n[i]) || (i > 0 && n[i] == n[0])))
			return lab_err_set(err, EEXIST, "exec: stream %lld is in use",
					   (long long)n[i]);
	}
	return 0;
}

static int setup_streams(struct agt *a, struct agt_job *job, const struct params *p, struct ends *e,
			 struct lab_err *err)
{
	json_int_t n[3];
	int i, r;

	r = check_streams(a, p, n, err);
	if (r < 0)
		return r;
	for (i = 0; i < 3; i++) {
		if (!n[i])
			continue;
		if (i == 2 && n[2] == n[1]) {
			e->child[2] = e->child[1];
			continue;
		}
		r = make_pipe(e, i, i == 0 ? &job->in.fd : &job->out[i - 1].fd, err);
		if (r < 0)
			return r;
		if (i == 0)
			job->in.stream = (uint32_t)n[i];
		else
			job->out[i - 1].stream = (uint32_t)n[i];
	}
	return 0;
}

static int setup_pty(const struct agt *a, const struct params *p, struct ends *e,
		     struct lab_err *err)
{
	struct winsize ws = { .ws_row = (unsigned short)p->rows,
			      .ws_col = (unsigned short)p->cols };
	int slave, unlock = 0;

	if (!a->passes_fds)
		return lab_err_set(err, EOPNOTSUPP,
				   "exec: no terminal can be passed on this connection");
	e->pty = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (e->pty < 0)
		return lab_err_errno(err, errno, "exec: cannot open a terminal (/dev/ptmx)");
	if (ioctl(e->pty, TIOCSPTLCK, &unlock) < 0 || ioctl(e->pty, TIOCSWINSZ, &ws) < 0)
		return lab_err_errno(err, errno, "exec: cannot set up a terminal");
	slave = ioctl(e->pty, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return lab_err_errno(err, errno, "exec: cannot open a terminal");
	e->child[0] = e->child[1] = e->child[2] = own(e, slave);
	return 0;
}

static int setup_stdio(struct agt *a, struct agt_job *job, const struct params *p,
		       const struct lab_rpc_req *req, struct ends *e, struct lab_err *err)
{
	int null;

	if (strcmp(p->stdio, "fds") == 0) {
		if (req->n_fds != 3)
			return lab_err_set(err, EINVAL, "exec: %u descriptors came, 3 are needed",
					   req->n_fds);
		memcpy(e->child, req->fds, sizeof(e->child));
		return 0;
	}
	if (strcmp(p->stdio, "pty") == 0)
		return setup_pty(a, p, e, err);
	null = null_fd(a, err);
	if (null < 0)
		return null;
	e->child[0] = e->child[1] = e->child[2] = null;
	if (strcmp(p->stdio, "streams") == 0)
		return setup_streams(a, job, p, e, err);
	if (strcmp(p->stdio, "null") == 0)
		return 0;
	return lab_err_set(err, EINVAL, "exec: stdio \"%s\": null, fds, streams or pty is right",
			   p->stdio);
}

/* --- the command --- */

static int build_args(struct command *c, const struct params *p, struct lab_err *err)
{
	size_t i, n = p->shell ? 3 : json_array_size(p->argv);
	const char *s;

	c->args = calloc(n + 2, sizeof(*c->args));
	if (!c->args)
		return lab_err_errno(err, ENOMEM, "exec");
	for (i = 0; i < n && p->argv; i++) {
		s = json_string_value(json_array_get(p->argv, i));
		if (!s)
			return lab_err_set(err, EINVAL, "exec: argv must be an array of strings");
		c->args[i + 1] = s;
	}
	return 0;
}

static int build_program(struct agt *a, struct command *c, const struct params *p,
			 struct lab_err *err)
{
	c->spawn.program = c->args[1];
	if (p->shell) {
		/* Recipes are written for bash: `[ a == b ]` fails in dash. */
		c->spawn.program = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
		c->args[1] = strrchr(c->spawn.program, '/') + 1;
		c->args[2] = "-c";
		c->args[3] = p->shell;
	} else if (p->file) {
		c->spawn.program = c->program;
		return agt_store_path(a, p->file, c->program, sizeof(c->program), err);
	}
	return 0;
}

static const char *base_env(size_t i, const char **ret_name)
{
	static const char *const names[] = { "PATH", "HOME", "LANG" };
	const char *home;

	if (i >= LAB_ARRAY_SIZE(names))
		return NULL;
	*ret_name = names[i];
	switch (i) {
	case 0:
		return DEFAULT_PATH;
	case 1:
		/* The environment of a host's PID 1 is that of whoever brought the lab up. */
		home = getpid() == 1 ? NULL : getenv("HOME");
		return home ? home : "/root";
	default:
		return "C.UTF-8";
	}
}

static void add_env(struct command *c, const char *name, const char *value)
{
	lab_strbuf_puts(&c->env_text, name);
	lab_strbuf_putc(&c->env_text, '=');
	lab_strbuf_puts(&c->env_text, value);
	lab_strbuf_putc(&c->env_text, '\0');
}

static int build_env(struct command *c, const struct params *p, struct lab_err *err)
{
	const char *name, *value;
	size_t i, n = 0;
	json_t *v;
	char *s;

	for (i = 0; (value = base_env(i, &name)); i++) {
		if (!json_object_get(p->env, name)) {
			add_env(c, name, value);
			n++;
		}
	}
	json_object_foreach(p->env, name, v) {
		value = json_string_value(v);
		if (!value || !*name || strchr(name, '='))
			return lab_err_set(err, EINVAL, "exec: env: \"%s\" is wrong", name);
		add_env(c, name, value);
		n++;
	}
	c->envp = calloc(n + 1, sizeof(*c->envp));
	if (!c->envp || c->env_text.error)
		return lab_err_errno(err, ENOMEM, "exec");
	for (i = 0, s = c->env_text.data; i < n; i++, s += strlen(s) + 1) {
		c->envp[i] = s;
		if (strncmp(s, "PATH=", 5) == 0)
			c->spawn.path = s + 5;
	}
	return 0;
}

static void command_fini(struct command *c)
{
	free(c->args);
	free(c->envp);
	lab_strbuf_fini(&c->env_text);
}
#define cleanup_command LAB_CLEANUP(command_fini)

static void set_times(struct agt_job *job, const struct params *p)
{
	job->start_us = lab_loop_now_us();
	if (p->timeout_ms)
		job->deadline_us = job->start_us + (uint64_t)p->timeout_ms * 1000u;
}

static int start_files(struct agt_job *job, const struct params *p, const struct ends *e,
		       struct lab_err *err)
{
	set_times(job, p);
	return agt_files_start(p->files, e->child, &job->pid, err);
}

static int start(struct agt *a, struct agt_job *job, const struct params *p, const struct ends *e,
		 struct lab_err *err)
{
	cleanup_command struct command c = { .spawn = { .program_fd = -1, .cwd = p->cwd } };
	struct agt_spawn_area *area = agt_jobs_area(a);
	int r;

	if (p->files)
		return start_files(job, p, e, err);
	if (!area)
		return lab_err_errno(err, ENOMEM, "exec");
	r = build_args(&c, p, err);
	if (r == 0)
		r = build_program(a, &c, p, err);
	if (r == 0)
		r = build_env(&c, p, err);
	if (r < 0)
		return r;
	c.spawn.argv = (char **)c.args + 1;
	c.spawn.envp = c.envp;
	c.spawn.tty = e->pty >= 0;
	memcpy(c.spawn.fds, e->child, sizeof(c.spawn.fds));
	set_times(job, p);
	return agt_spawn(area, &c.spawn, &job->pid, err);
}

static int tell_started(struct agt *a, const struct agt_job *job, int pty)
{
	json_t *params = json_pack("{s:I,s:i}", "job", (json_int_t)job->number, "pid",
				   (int)job->pid);

	return params ? lab_rpc_notify(a->rpc, "job.started", params, &pty, 1) : -ENOMEM;
}

/* The request is answered when the job ends; until this returns 0 nothing of it is left on failure. */
static int run(struct agt *a, struct agt_job *job, const struct params *p,
	       const struct lab_rpc_req *req, struct lab_err *err)
{
	struct ends e = { .pty = -1 };
	int r;

	r = setup_stdio(a, job, p, req, &e, err);
	if (r == 0)
		r = start(a, job, p, &e, err);
	while (e.n_owned)
		close_fd(&e.owned[--e.n_owned]);
	if (r == 0) {
		r = e.pty >= 0 ? tell_started(a, job, e.pty) : 0;
		if (r == 0)
			r = agt_job_watch(job);
		if (r < 0) {
			(void)lab_err_errno(err, -r, "exec: cannot follow the command");
			(void)kill(-job->pid, SIGKILL);
		}
	}
	close_fd(&e.pty);
	return r;
}

static int exec(struct agt *a, const struct lab_rpc_req *req, struct lab_err *err)
{
	struct agt_job *job;
	struct params p;
	int r;

	r = parse(req->params, &p, err);
	if (r < 0)
		return r;
	for (job = a->jobs.head; job; job = job->next) {
		if (job->number == (uint64_t)p.job)
			return lab_err_set(err, EEXIST, "exec: job %lld runs already",
					   (long long)p.job);
	}
	if (a->jobs.n >= JOBS_MAX)
		return lab_err_set(err, EAGAIN, "exec: %u jobs run already", a->jobs.n);
	job = agt_job_new(a);
	if (!job)
		return lab_err_errno(err, ENOMEM, "exec");
	job->number = (uint64_t)p.job;
	job->id = req->id;
	r = run(a, job, &p, req, err);
	if (r < 0)
		agt_job_free(job);
	return r;
}

void agt_jobs_exec(struct agt *a, struct lab_rpc_req *req)
{
	struct lab_err err;

	if (exec(a, req, &err) < 0)
		(void)lab_rpc_reply_err(a->rpc, req->id, &err);
}
