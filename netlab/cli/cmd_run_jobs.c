/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_run_jobs.c - netlab run --jobs: several recipes at once, each in a process of its own */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_run.h"

/*
 * A worker is a fork of this process that runs one recipe after the other, as told. Over a socket it gets the
 * number of a recipe in the list (a size_t), and sends the recipe's events, one JSON object a line, and at its end a line
 * with its exit code only. The events of a recipe are kept until it is over and then reported all together, so that
 * recipes do not mix.
 */
enum { LINE_MAX_BYTES = 256 << 20 }; /* of one event; outputs in it are bounded by CTL_OUTPUT_MAX */

#define JOB_DONE "job_done" /* member of the last line: the exit code */

/**
 * struct worker - one of them
 * @jobs:	back pointer
 * @pid:	its process; 0 = none
 * @fd:		socket to it, or -1
 * @src:	source of @fd
 * @busy:	it has a recipe
 * @item:	which
 * @line:	the beginning of a line
 * @events:	the recipe's events so far, an array
 */
struct worker {
	struct jobs *jobs;
	pid_t pid;
	int fd;
	struct lab_source *src;
	bool busy;
	size_t item;
	struct lab_strbuf line;
	json_t *events;
};

/**
 * struct jobs - all recipes
 * @cli:	command line
 * @args:	options
 * @list:	recipes
 * @loop:	loop
 * @rep:	report
 * @workers:	workers
 * @n_workers:	how many
 * @next:	the next recipe to be given out
 * @n_open:	recipes that workers have
 * @n_over:	recipes that are over
 * @n_failed:	those of them whose exit code is not 0
 * @worst:	worst exit code
 */
struct jobs {
	struct lab_cli *cli;
	const struct lab_run_args *args;
	const struct lab_run_list *list;
	struct lab_loop *loop;
	struct ctl_report *rep;
	struct worker *workers;
	size_t n_workers;
	size_t next, n_open, n_over, n_failed;
	int worst;
};

/* ---- in the worker ---- */

static void write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		/* Nobody is there to hear: the lab is on its leash. */
		if (n <= 0)
			_exit(LAB_EXIT_OURS);
		p += n;
		len -= (size_t)n;
	}
}

static void write_event(int fd LAB_UNUSED, const char *data, size_t len, void *user)
{
	write_all(*(const int *)user, data, len);
}

static int work_one(struct lab_cli *cli, const struct lab_run_args *args, int *fd, const char *path)
{
	const struct ctl_report_params params = {
		.write = write_event,
		.user = fd,
		.style = CTL_REPORT_JSON,
		.verbose = cli->verbose,
		.timing = args->timing,
		.start_us = cli->start_us,
	};
	struct ctl_report *rep = NULL;
	struct lab_loop *loop = NULL;
	int code, r;

	r = lab_loop_new(&loop);
	if (r >= 0)
		r = ctl_report_new(&params, &rep, NULL);
	code = r < 0 ? lab_cli_exit_of(r)
		     : lab_run_recipe(cli, args, loop, rep, path, lab_loop_now_us());
	ctl_report_free(rep);
	lab_loop_free(loop);
	return code;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * Only its socket and the way to Python are a worker's: the loop of the parent is shared with it by the kernel, so
 * nothing may be taken out of that, and a socket that another worker has as well would not end with its owner.
 */
static void shed(int fd, int python)
{
	int keep[] = { 2, fd, python, lab_fault_fd() };
	sigset_t none;
	size_t i;

	qsort(keep, LAB_ARRAY_SIZE(keep), sizeof(*keep), by_number);
	for (i = 0; i < LAB_ARRAY_SIZE(keep); i++) {
		int next = i + 1 < LAB_ARRAY_SIZE(keep) ? keep[i + 1] : INT_MAX;

		if (keep[i] >= 2 && next > keep[i] + 1)
			(void)close_range((unsigned int)keep[i] + 1, (unsigned int)next - 1, 0);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void be_worker(const struct jobs *jobs, int fd, pid_t parent)
{
	struct lab_cli cli = {
		.command = jobs->cli->command,
		.json = true,
		.verbose = jobs->cli->verbose,
		.start_us = jobs->cli->start_us,
	};
	char line[64];
	size_t item;
	int code, n;

	/* Signals of the terminal go to the parent, which hands them on once; and nobody outlives it. */
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(LAB_EXIT_OURS);
	while (!cli.interrupted && recv(fd, &item, sizeof(item), MSG_WAITALL) == sizeof(item) &&
	       item < jobs->list->n) {
		code = work_one(&cli, jobs->args, &fd, jobs->list->paths[item]);
		n = snprintf(line, sizeof(line), "{\"" JOB_DONE "\":%d}\n", code);
		write_all(fd, line, (size_t)n);
	}
	ctl_python_free(jobs->args->python);
	_exit(0);
}

/* ---- in the parent ---- */

/* A worker that has nothing to do ends with its socket. Returns its wait status. */
static int worker_close(struct worker *w)
{
	int status = 0;

	lab_source_free(w->src);
	w->src = NULL;
	close_fd(&w->fd);
	lab_strbuf_reset(&w->line);
	if (w->pid > 0)
		(void)waitpid(w->pid, &status, 0);
	w->pid = 0;
	return status;
}

static void give(struct jobs *jobs, struct worker *w);

static void say_status(struct jobs *jobs)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;

	lab_strbuf_printf(&sb, "%zu of %zu recipes over", jobs->n_over, jobs->list->n);
	if (jobs->n_failed)
		lab_strbuf_printf(&sb, ", %zu failed", jobs->n_failed);
	for (i = 0; i < jobs->n_workers; i++) {
		const char *path;

		if (!jobs->workers[i].busy)
			continue;
		path = jobs->list->paths[jobs->workers[i].item];
		lab_strbuf_printf(&sb, "%s %s", sb.len && strchr(sb.data, ':') ? "," : ": running",
				  strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	}
	ctl_report_status(jobs->rep, lab_strbuf_str(&sb));
}

/* All that a recipe has said, and then its end. */
static void report(struct jobs *jobs, struct worker *w)
{
	json_t *event;
	size_t i;

	json_array_foreach(w->events, i, event)
		(void)ctl_report_event(jobs->rep, event);
	json_decref(w->events);
	w->events = NULL;
}

static void item_over(struct jobs *jobs, struct worker *w, int code)
{
	report(jobs, w);
	jobs->n_over++;
	jobs->n_open--;
	jobs->n_failed += code != 0;
	jobs->worst = LAB_MAX(jobs->worst, code);
	w->busy = false;
	if (w->fd >= 0)
		give(jobs, w);
	say_status(jobs);
	if (!jobs->n_open)
		lab_loop_quit(jobs->loop, 0);
}

/* A worker went away with a recipe in hand: killed by somebody, or by a fault of ours. */
static void worker_lost(struct worker *w)
{
	struct jobs *jobs = w->jobs;
	struct ctl_report_verdict v = { .exit_code = LAB_EXIT_OURS, .start_us = lab_loop_now_us() };
	struct lab_err err;
	int status = worker_close(w);

	if (!w->busy)
		return;
	/* It may not have come to the event that begins a recipe. */
	if (!json_array_size(w->events))
		ctl_report_begin(jobs->rep, jobs->list->paths[w->item]);
	else
		report(jobs, w);
	if (WIFSIGNALED(status))
		(void)lab_err_set(&err, ECHILD, "%s: the process that ran it was ended by SIG%s",
				  jobs->list->paths[w->item], sigabbrev_np(WTERMSIG(status)));
	else
		(void)lab_err_set(&err, ECHILD, "%s: the process that ran it has ended",
				  jobs->list->paths[w->item]);
	ctl_report_error(jobs->rep, &err);
	ctl_report_verdict(jobs->rep, &v);
	item_over(jobs, w, LAB_EXIT_OURS);
}

static int take_line(struct worker *w)
{
	cleanup_json json_t *event = json_loadb(w->line.data, w->line.len, 0, NULL);
	json_t *done = json_object_get(event, JOB_DONE);

	if (!event || !w->busy)
		return -EPROTO;
	if (done) {
		item_over(w->jobs, w, (int)json_integer_value(done));
		return 0;
	}
	if (!w->events)
		w->events = json_array();
	return json_array_append(w->events, event) < 0 ? -ENOMEM : 0;
}

static int take_bytes(struct worker *w, const char *data, size_t len)
{
	int r = 0;

	while (len && r >= 0) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline ? (size_t)(newline - data) : len;

		if (w->line.len + n > LINE_MAX_BYTES)
			return -EMSGSIZE;
		lab_strbuf_add(&w->line, data, n);
		if (w->line.error)
			return w->line.error;
		if (!newline)
			return 0;
		r = take_line(w);
		lab_strbuf_reset(&w->line);
		data += n + 1;
		len -= n + 1;
	}
	return r;
}

static void on_worker(struct lab_source *src LAB_UNUSED, int fd, uint32_t events LAB_UNUSED,
		      void *user)
{
	struct worker *w = user;
	char buf[8192];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && take_bytes(w, buf, (size_t)n) >= 0)
		return;
	if (n > 0 && w->pid > 0)
		(void)kill(w->pid, SIGKILL); /* it talks nonsense */
	worker_lost(w);
}

static int worker_start(struct jobs *jobs, struct worker *w, struct lab_err *err)
{
	pid_t self = getpid();
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lab_err_errno(err, errno, "--jobs: socketpair");
	(void)fflush(NULL);
	w->pid = fork();
	if (w->pid == 0) {
		shed(pair[1], ctl_python_fd(jobs->args->python));
		be_worker(jobs, pair[1], self);
	}
	(void)close(pair[1]);
	if (w->pid < 0) {
		r = lab_err_errno(err, errno, "--jobs: fork");
		(void)close(pair[0]);
		w->pid = 0;
		return r;
	}
	(void)setpgid(w->pid, w->pid);
	w->fd = pair[0];
	r = lab_loop_add_fd(jobs->loop, w->fd, EPOLLIN, on_worker, w, &w->src);
	return r < 0 ? lab_err_errno(err, -r, "--jobs: event loop") : 0;
}

/* Give a worker the next recipe, or let it end. */
static void give(struct jobs *jobs, struct worker *w)
{
	size_t item = jobs->next;

	if (jobs->next == jobs->list->n || jobs->cli->interrupted) {
		(void)worker_close(w);
		return;
	}
	jobs->next++;
	w->item = item;
	w->busy = true;
	jobs->n_open++;
	/* If it is gone, its socket says so. */
	(void)send(w->fd, &item, sizeof(item), MSG_NOSIGNAL);
}

static void on_signalled(void *user)
{
	struct jobs *jobs = user;
	size_t i;

	for (i = 0; i < jobs->n_workers; i++) {
		if (jobs->workers[i].pid > 0)
			(void)kill(jobs->workers[i].pid, jobs->cli->signo);
	}
}

static int run_jobs(struct jobs *jobs, struct lab_err *err)
{
	size_t i;
	int r;

	r = lab_cli_signals_on(jobs->cli, jobs->loop, on_signalled, jobs, err);
	jobs->cli->no_quit = true;
	if (r >= 0)
		r = ctl_python_share(jobs->args->python, err);
	for (i = 0; i < jobs->n_workers && r >= 0; i++) {
		r = worker_start(jobs, &jobs->workers[i], err);
		if (r >= 0)
			give(jobs, &jobs->workers[i]);
	}
	say_status(jobs);
	while (jobs->n_open && lab_loop_run(jobs->loop) >= 0)
		;
	ctl_report_status(jobs->rep, NULL);
	return r;
}

static void jobs_fini(struct jobs *jobs)
{
	size_t i;

	for (i = 0; i < jobs->n_workers; i++) {
		struct worker *w = &jobs->workers[i];

		(void)worker_close(w);
		json_decref(w->events);
		lab_strbuf_fini(&w->line);
	}
	free(jobs->workers);
}

int lab_run_jobs(struct lab_cli *cli, const struct lab_run_args *args, struct lab_loop *loop,
		 struct ctl_report *rep, const struct lab_run_list *list)
{
	struct jobs jobs = {
		.cli = cli,
		.args = args,
		.list = list,
		.loop = loop,
		.rep = rep,
		.n_workers = LAB_MIN((size_t)args->jobs, list->n),
	};
	struct lab_err err = { 0 };
	size_t i;
	int r;

	jobs.workers = calloc(jobs.n_workers, sizeof(*jobs.workers));
	for (i = 0; jobs.workers && i < jobs.n_workers; i++)
		jobs.workers[i] = (struct worker){ .jobs = &jobs, .fd = -1 };
	r = jobs.workers ? run_jobs(&jobs, &err) : lab_err_errno(&err, ENOMEM, "--jobs");
	if (r < 0) {
		ctl_report_error(rep, &err);
		jobs.worst = LAB_MAX(jobs.worst, lab_cli_exit_of(r));
	}
	if (jobs.workers)
		jobs_fini(&jobs);
	lab_cli_signals_off(cli);
	if (cli->interrupted)
		jobs.worst = LAB_MAX(jobs.worst, (int)LAB_EXIT_SIGNAL + cli->signo);
	return jobs.worst;
}
