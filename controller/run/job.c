/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.c - one command or module in a host, as ctl_run() sees it: start, output, end */
#include "controller/run/job.h"

#include <string.h>

#include "netlab/base/util.h"

/*
 * A line of a module's standard output is a JSON object: {"ready": true or false}, or its result in the end;
 * what is none is left to the reader of its output. Source: docs/modules.md.
 */
static void module_line(struct ctl_job *job, const char *line, size_t len)
{
	cleanup_json json_t *value = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *result = json_object_get(value, "result");

	if (json_is_boolean(json_object_get(value, "ready")))
		job->announced = true;
	if (!json_is_object(result))
		return;
	json_decref(job->data);
	job->data = json_incref(result);
	(void)snprintf(job->words, sizeof(job->words), "%.*s", (int)sizeof(job->words) - 1,
		       json_string_value(json_object_get(value, "message"))
			       ? json_string_value(json_object_get(value, "message"))
			       : "");
}

static void module_output(struct ctl_job *job, const char *data, size_t len)
{
	const char *newline;
	size_t n;

	while (len) {
		newline = memchr(data, '\n', len);
		n = newline ? (size_t)(newline - data) : len;
		if (job->line.len + n > CTL_JOB_LINE_MAX)
			job->line_skipped = true;
		if (!job->line_skipped)
			lab_strbuf_add(&job->line, data, n);
		if (!newline)
			return;
		if (!job->line_skipped && !job->line.error)
			module_line(job, lab_strbuf_str(&job->line), job->line.len);
		lab_strbuf_reset(&job->line);
		job->line_skipped = false;
		data += n + 1;
		len -= n + 1;
	}
}

static void on_output(struct lab_job *lab_job LAB_UNUSED, int fd, const void *data, size_t len,
		      void *user)
{
	struct ctl_job *job = user;
	const struct ctl_run_params *p;

	/* The run of a job that was given up is over. */
	if (!len || job->lost)
		return;
	p = job->run->params;
	/* Out of memory: the rest of the output is missing, the verdict is not. */
	(void)ctl_output_add(fd == 2 ? &job->err : &job->out, data, len);
	if (job->is_module && fd == 1)
		module_output(job, data, len);
	if (p->ops && p->ops->output)
		p->ops->output(job->owner, fd, data, len, p->user);
}

static void on_done(struct lab_job *lab_job LAB_UNUSED, const struct lab_job_result *result,
		    void *user)
{
	struct ctl_job *job = user;

	if (job->is_module && job->line.len && !job->line_skipped && !job->line.error)
		module_line(job, lab_strbuf_str(&job->line), job->line.len);
	lab_strbuf_fini(&job->line);
	job->end = *result;
	job->end.err.src = (struct lab_src){ 0 };
	job->job = NULL;
	job->ended = true;
}

static const struct lab_job_ops job_ops = {
	.output = on_output,
	.done = on_done,
};

int ctl_job_evaluate(struct ctl_run *run, struct ctl_command_result *c, json_t **ret_options,
		     struct lab_err *err)
{
	const struct ctl_scope *scope = run->params->scope;
	const struct ctl_command *command = c->command;
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	cleanup_json json_t *options = NULL;
	int r;

	*ret_options = NULL;
	if (command->desc.text) {
		r = ctl_value_expand(&command->desc, scope, &c->desc, err);
		if (r < 0)
			return lab_err_prefix(err, r, "desc: ");
	}
	if (!command->module)
		return ctl_value_expand(&command->command, scope, &c->text, err);
	r = ctl_module_options(command, scope, &options, err);
	if (r < 0)
		return r;
	ctl_module_text(command, options, &sb);
	r = lab_strbuf_take(&sb, &c->text);
	if (r < 0)
		return lab_err_set(err, -r, "out of memory");
	*ret_options = take_ptr(&options);
	return 0;
}

/* A module reads its options as one JSON object from its standard input. */
static int give_options(struct ctl_job *job, json_t *options, struct lab_err *err)
{
	cleanup_free char *text = json_dumps(options, JSON_COMPACT);
	int r;

	if (!text)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = lab_job_write(job->job, text, strlen(text));
	if (r >= 0)
		r = lab_job_write(job->job, "\n", 1);
	if (r >= 0)
		r = lab_job_write(job->job, NULL, 0);
	if (r < 0)
		return lab_err_errno(err, -r, "sending the module's options");
	return 0;
}

/**
 * struct env - environment of a command: where its tools are
 * @vars:	NULL-terminated; the strings are owned
 * @n:		how many
 */
struct env {
	char *vars[CTL_ABOUT_MAX + 2];
	size_t n;
};

static void env_free(struct env **env)
{
	while (*env && (*env)->n)
		free((*env)->vars[--(*env)->n]);
	free(*env);
}
#define cleanup_env LAB_CLEANUP(env_free)

static int add_tool(struct env *env, const struct ctl_tool *tool, size_t host, const char *prefix,
		    const char *name)
{
	if (!tool || !tool->host_paths[host])
		return -ENOENT;
	if (asprintf(&env->vars[env->n], "%s%s=%s", prefix, name, tool->host_paths[host]) < 0) {
		env->vars[env->n] = NULL;
		return -ENOMEM;
	}
	env->n++;
	return 0;
}

static int module_env(const struct ctl_run *run, const struct ctl_task *task,
		      const struct ctl_module *m, size_t host, struct env *env)
{
	const struct ctl_modules *mods = run->params->modules;
	int r = 0;
	size_t i;

	for (i = 0; i < m->about.n_tools && r == 0; i++)
		r = add_tool(env, ctl_tools_get(mods, task, m->about.tools[i]), host, CTL_TOOL_ENV,
			     m->about.tools[i]);
	if (r == 0 && m->python)
		r = add_tool(env, ctl_tools_get(mods, task, CTL_TOOL_PYTHON), host, "PYTHONPATH",
			     "");
	return r;
}

/* What is run: a synchronised file, or text for the shell, perhaps in the folder of a tool. */
static int fill_exec(struct ctl_run *run, const struct ctl_command_result *c, struct env *env,
		     struct lab_exec *exec, struct lab_err *err)
{
	const struct ctl_task *task = run->result->tasks[c->task].task;
	const struct ctl_command *command = c->command;
	const struct ctl_module *m;
	const struct ctl_tool *t;
	int r;

	if (!command->module) {
		exec->shell = c->text;
		t = command->from ? ctl_tools_get(run->params->modules, task, command->from) : NULL;
		if (command->from && (!t || !t->host_paths[command->host]))
			return lab_err_set(err, ENOENT, "there is no tool '%s'", command->from);
		exec->cwd = t ? t->host_paths[command->host] : NULL;
		return 0;
	}
	m = ctl_modules_get(run->params->modules, task, command->module);
	if (!m)
		return lab_err_set(err, ENOENT, "there is no module '%s'", command->module);
	r = module_env(run, task, m, command->host, env);
	if (r < 0)
		return lab_err_set(err, -r, "module %s: its tools are not there", m->name);
	c->own->announces = m->about.says_ready;
	exec->file = m->file.digest;
	exec->env = env->n ? (const char *const *)env->vars : NULL;
	exec->with_stdin = true;
	return 0;
}

int ctl_job_start(struct ctl_run *run, struct ctl_command_result *c, struct lab_err *err)
{
	const char *argv[] = { c->command->module, NULL };
	struct lab_exec exec = {
		.host = c->host,
		.netns = c->command->netns,
		.stdio = LAB_STDIO_STREAMS,
		.argv = c->command->module ? argv : NULL,
	};
	cleanup_env struct env *env = calloc(1, sizeof(*env));
	cleanup_json json_t *options = NULL;
	struct ctl_job *job;
	int r;

	job = calloc(1, sizeof(*job));
	if (!job || !env) {
		free(job);
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	c->own = job;
	job->host = c->host;
	job->owner = c;
	job->run = run;
	job->is_module = c->command->module != NULL;
	r = ctl_job_evaluate(run, c, &options, err);
	if (r < 0)
		return r;
	r = ctl_run_prepare(run, run->result->tasks[c->task].task, c->command, err);
	if (r == 0)
		r = fill_exec(run, c, env, &exec, err);
	if (r < 0)
		return r;
	job->start_us = lab_loop_now_us();
	r = lab_client_exec(run->params->client, &exec, &job_ops, job, &job->job, err);
	if (r < 0)
		return r;
	job->started = true;
	ctl_lazy_change(&run->lazy, c->command->host, CTL_CHANGE_LINK);
	return job->is_module ? give_options(job, options, err) : 0;
}

void ctl_job_signal(struct ctl_job *job, int signo)
{
	/* When sending fails the connection is gone, and its end ends the job. */
	if (job->job)
		(void)lab_job_signal(job->job, signo);
}

void ctl_job_free(struct ctl_job *job)
{
	if (!job)
		return;
	ctl_output_fini(&job->out);
	ctl_output_fini(&job->err);
	lab_strbuf_fini(&job->line);
	json_decref(job->data);
	free(job);
}

bool ctl_job_has_verdict(const struct ctl_job *job)
{
	if (job->end.error)
		return false;
	/* A module that crashed, or says that it could not do its work, has found out nothing. */
	return !job->is_module || (job->end.exited && job->end.status <= 1);
}

bool ctl_job_passed(const struct ctl_job *job)
{
	return !job->end.error && job->end.exited && job->end.status == 0;
}

void ctl_job_reason(const struct ctl_job *job, char *buf, size_t size)
{
	const struct lab_job_result *end = &job->end;
	const char *name;

	if (end->error) {
		(void)snprintf(buf, size, "%s", end->err.msg);
	} else if (!end->exited) {
		name = sigabbrev_np(end->signal);
		(void)snprintf(buf, size, "killed by %s%s", name ? "SIG" : "signal ",
			       name ? name : "");
		if (!name)
			(void)snprintf(buf, size, "killed by signal %d", end->signal);
	} else if (job->words[0]) {
		(void)snprintf(buf, size, "%s", job->words);
	} else {
		(void)snprintf(buf, size, "exit status %d", end->status);
	}
}
