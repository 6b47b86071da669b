/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_exec_many.c - netlab exec on several hosts: all at once, output host by host or as JSON */
#include <signal.h>
#include <string.h>

#include "controller/run/output.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_exec.h"

#define OUTPUT_MAX (1u << 20) /* bytes kept of each stream of each host */

struct many;

/*
 * struct place - a host and the command there
 */
struct place {
	struct many *many;
	const char *host;
	struct lab_job *job;
	struct lab_strbuf out[2];
	struct lab_job_result result;
	bool truncated, done;
};

/*
 * struct many - all of them
 * @next:	the first one that has not been printed
 */
struct many {
	struct lab_cli *cli;
	struct lab_loop *loop;
	const struct lab_exec_args *args;
	struct place *places;
	size_t n, n_done, next;
	int code;
};

/* --- text ------------------------------------------------------------------------------------- */

static void print_lines(const struct place *p, int fd, FILE *f)
{
	const struct lab_strbuf *sb = &p->out[fd - 1];
	const char *line = lab_strbuf_str(sb), *end = line + sb->len, *eol;
	bool colour = p->many->cli->colour && isatty(fd);
	const char *on = colour ? "\033[36m" : "", *off = colour ? "\033[0m" : "";

	for (; line < end; line = eol + 1) {
		eol = memchr(line, '\n', (size_t)(end - line));
		if (!eol)
			eol = end;
		(void)fprintf(f, "%s%s:%s ", on, p->host, off);
		(void)fwrite(line, 1, (size_t)(eol - line), f);
		(void)fputc('\n', f);
	}
}

static void print_text(const struct place *p)
{
	const struct lab_job_result *r = &p->result;
	const char *program = p->many->args->argv[0];
	struct lab_err err;

	print_lines(p, 1, stdout);
	/* Both may be the same terminal. */
	if (p->out[1].len > 0 || lab_exec_exit(r) != 0)
		(void)fflush(stdout);
	print_lines(p, 2, stderr);
	if (p->truncated)
		(void)fprintf(stderr, "%s: note: more than 1 MiB of output, the rest is left out\n",
			      p->host);
	if (r->error) {
		lab_exec_why(r, p->host, program, &err);
		lab_cli_error(p->many->cli, &err);
	} else if (r->timed_out) {
		(void)fprintf(stderr, "%s: killed after %.1f s\n", p->host,
			      (double)r->duration_us / 1e6);
	} else if (!r->exited) {
		(void)fprintf(stderr, "%s: killed by signal %d (%s)\n", p->host, r->signal,
			      strsignal(r->signal));
	} else if (r->status) {
		(void)fprintf(stderr, "%s: exit status %d\n", p->host, r->status);
	}
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *text_to_json(const struct lab_strbuf *text)
{
	cleanup_strbuf struct lab_strbuf clean = LAB_STRBUF_INIT;

	ctl_text_utf8(lab_strbuf_str(text), text->len, false, &clean);
	return clean.error ? NULL : json_stringn(lab_strbuf_str(&clean), clean.len);
}

static void print_json(const struct place *p)
{
	const struct lab_job_result *r = &p->result;
	bool exited = r->error == 0 && r->exited, killed = r->error == 0 && !r->exited;
	json_t *j = json_pack("{s:s, s:o, s:o, s:o, s:o, s:f}", "host", p->host, "exit",
			      exited ? json_integer(r->status) : json_null(), "signal",
			      killed ? json_integer(r->signal) : json_null(), "stdout",
			      text_to_json(&p->out[0]), "stderr", text_to_json(&p->out[1]),
			      "duration_ms", (double)r->duration_us / 1000);
	const char *name = killed ? sigabbrev_np(r->signal) : NULL;
	struct lab_err err;

	if (j && name)
		(void)json_object_set_new(j, "signal_name", json_string(name));
	if (j && r->timed_out)
		(void)json_object_set_new(j, "timed_out", json_true());
	if (j && p->truncated)
		(void)json_object_set_new(j, "truncated", json_true());
	if (j && r->error) {
		lab_exec_why(r, p->host, p->many->args->argv[0], &err);
		(void)json_object_set_new(j, "error", json_string(err.msg));
	}
	lab_cli_json(j);
}

/* --- the jobs --------------------------------------------------------------------------------- */

static void place_release(struct place *p)
{
	lab_strbuf_fini(&p->out[0]);
	lab_strbuf_fini(&p->out[1]);
}

static void place_finished(struct place *p)
{
	struct many *many = p->many;
	int code = lab_exec_exit(&p->result);

	p->job = NULL;
	p->done = true;
	many->n_done++;
	many->code = LAB_MAX(many->code, code);
	if (many->cli->json) {
		print_json(p);
		place_release(p);
	}
	for (; !many->cli->json && many->next < many->n && many->places[many->next].done;
	     many->next++) {
		print_text(&many->places[many->next]);
		place_release(&many->places[many->next]);
	}
	if (many->n_done == many->n)
		lab_loop_quit(many->loop, 0);
}

static void on_output(struct lab_job *job, int fd, const void *data, size_t len, void *user)
{
	struct place *p = user;
	struct lab_strbuf *sb = &p->out[fd == 2];
	size_t room = OUTPUT_MAX - sb->len;

	(void)job;
	if (len > room)
		p->truncated = true;
	lab_strbuf_add(sb, data, LAB_MIN(len, room));
}

static void on_done(struct lab_job *job, const struct lab_job_result *result, void *user)
{
	struct place *p = user;

	(void)job;
	p->result = *result;
	place_finished(p);
}

static void on_signal(struct lab_source *src, const siginfo_t *info, void *user)
{
	struct many *many = user;
	size_t i;

	(void)src;
	for (i = 0; i < many->n; i++)
		if (many->places[i].job)
			(void)lab_job_signal(many->places[i].job, info->si_signo);
}

static int start(struct lab_client *client, struct place *p, struct lab_err *err)
{
	static const struct lab_job_ops ops = { .output = on_output, .done = on_done };
	const struct lab_exec_args *args = p->many->args;
	LAB_CLEANUP(lab_exec_env_fini) struct lab_exec_env env = { 0 };
	const struct lab_exec exec = {
		.host = p->host,
		.netns = p->many->args->netns,
		.argv = (const char *const *)args->argv,
		.env = (const char *const *)env.vars,
		.timeout_ms = args->timeout_ms,
		.stdio = LAB_STDIO_STREAMS,
	};
	int r = lab_exec_env_init(&env, args->lab, p->host);

	if (r < 0)
		return lab_err_errno(err, -r, "environment");
	return lab_client_exec(client, &exec, &ops, p, &p->job, err);
}

static int start_all(struct many *many, struct lab_client *client, const struct lab_hosts *hosts,
		     struct lab_err *err)
{
	const struct lab_exec_args *args = many->args;
	size_t i;
	int r;

	for (i = 0; i < many->n; i++) {
		struct place *p = &many->places[i];

		p->many = many;
		p->host = args->all ? hosts->names[i] : args->hosts[i];
		r = args->all ? 0 : lab_hosts_check(hosts, args->lab, p->host, err);
		if (r < 0)
			return r;
	}
	r = lab_exec_forward(many->loop, on_signal, many, err);
	for (i = 0; i < many->n && r == 0; i++)
		r = start(client, &many->places[i], err);
	return r;
}

int lab_exec_many(struct lab_cli *cli, struct lab_loop *loop, struct lab_client *client,
		  const struct lab_exec_args *args)
{
	struct many many = { .cli = cli, .loop = loop, .args = args };
	cleanup_hosts struct lab_hosts hosts = { 0 };
	struct lab_err err;
	size_t i;
	int r;

	r = lab_hosts_get(client, false, &hosts, &err);
	many.n = args->all ? hosts.n : args->n_hosts;
	if (r == 0) {
		many.places = calloc(many.n + 1, sizeof(*many.places));
		r = many.places ? 0 : lab_err_errno(&err, ENOMEM, "%zu hosts", many.n);
	}
	if (r == 0)
		r = start_all(&many, client, &hosts, &err);
	if (r == 0 && many.n > 0) {
		r = lab_loop_run(loop);
		if (r < 0)
			(void)lab_err_errno(&err, -r, "event loop");
	}
	if (r < 0) {
		lab_cli_error(cli, &err);
		many.code = lab_cli_exit_of(r);
	}
	for (i = 0; many.places && i < many.n; i++)
		place_release(&many.places[i]);
	free(many.places);
	return many.code;
}
