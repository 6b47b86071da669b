/* SPDX-License-Identifier: GPL-2.0-or-later */
/* script.c - a task that is a program: from its start to its end, and the commands that it makes */
#include "controller/run/script.h"

#include <string.h>
#include <sys/stat.h>

#include "controller/recipe/arena.h"
#include "controller/run/python.h"
#include "netlab/base/util.h"

int ctl_script_check(const struct ctl_recipe *recipe, const bool *only, struct ctl_diag *diag)
{
	int n = 0, r = 0;
	struct stat st;
	size_t i;

	for (i = 0; i < recipe->n_tasks; i++) {
		const struct ctl_task *task = &recipe->tasks[i];
		int code = 0;

		if (!task->python || (only && !only[i]))
			continue;
		n++;
		if (stat(task->python, &st) < 0 || access(task->python, R_OK) < 0)
			code = errno;
		else if (!S_ISREG(st.st_mode))
			code = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		if (code)
			r = ctl_diag_error(diag, &task->python_src,
					   "Python task %s cannot be read: %s", task->python,
					   strerror(code));
	}
	return r < 0 ? r : n;
}

static int on_call(void *user, const char *method, json_t *params, json_t **ret,
		   struct lab_err *err)
{
	return ctl_script_call(user, method, params, ret, err);
}

static void on_output(void *user, int fd, const char *text, size_t len)
{
	struct ctl_script *s = user;
	const struct ctl_run_params *p = s->run->params;

	if (!len)
		return;
	/* Out of memory: the rest of the text is missing, the verdict is not. */
	(void)ctl_output_add(fd == 2 ? &s->task->err : &s->task->out, text, len);
	if (p->ops && p->ops->task_output)
		p->ops->task_output(s->task, fd, text, len, p->user);
}

static int on_stopped(void *user)
{
	struct ctl_script *s = user;

	if (!s->failed)
		s->failed = ctl_run_stopped(s->run);
	if (!s->failed && s->run->result->exception)
		s->failed = -ECANCELED;
	return s->failed;
}

/* What went wrong belongs to the result, which the recipe and the plugin do not outlive. */
static int take_fault(struct ctl_script *s, const struct ctl_python_fault *fault)
{
	struct ctl_task_result *t = s->task;
	struct lab_src *src = &t->fault_src;

	if (!fault->text)
		return 0;
	*src = (struct lab_src){
		.file = fault->file ? ctl_script_strdup(s, fault->file) : t->task->python,
		.line = fault->line,
	};
	t->fault = ctl_script_strdup(s, fault->text);
	t->traceback = ctl_script_strdup(s, fault->traceback);
	t->verdict = CTL_VERDICT_FAIL;
	s->run->result->verdict = CTL_VERDICT_FAIL;
	return src->file && t->fault ? 0 : -ENOMEM;
}

int ctl_script_run(struct ctl_run *run, struct ctl_task_result *t)
{
	struct ctl_script s = { .run = run, .task = t };
	const struct ctl_python_host host = {
		.call = on_call,
		.output = on_output,
		.stopped = on_stopped,
		.user = &s,
	};
	struct ctl_python_fault fault = { 0 };
	struct lab_err err = { 0 };
	int r;

	t->arena = ctl_arena_new();
	if (!t->arena) {
		r = lab_err_set(run->err, ENOMEM, "out of memory");
	} else {
		r = ctl_python_run(run->params->python, run->params->loop, t->task->python, &host,
				   &fault, &err);
		/* A host that cannot run commands is the end of the recipe, but not an error of ours. */
		if (s.failed)
			r = run->result->exception ? 0 : s.failed;
		else if (r < 0 && run->err)
			*run->err = err;
	}
	if (t->n_commands)
		ctl_run_shrink(t->commands[t->n_commands - 1]);
	if (r >= 0 && take_fault(&s, &fault) < 0)
		r = lab_err_set(run->err, ENOMEM, "out of memory");
	ctl_python_fault_fini(&fault);
	return r;
}

char *ctl_script_strdup(struct ctl_script *s, const char *text)
{
	return text ? ctl_arena_strndup(s->task->arena, text, strlen(text)) : NULL;
}

int ctl_script_command(struct ctl_script *s, const struct ctl_command *command,
		       struct ctl_command_result **ret)
{
	const struct ctl_recipe *recipe = s->run->result->recipe;
	const char *host = command->host == CTL_HOST_NONE ? NULL : recipe->hosts[command->host].id;
	struct ctl_command *own = ctl_arena_alloc(s->task->arena, 1, sizeof(*own));
	struct ctl_command_result *c;
	int r = own ? 0 : -ENOMEM;

	/* What the one before wrote has been given to the task. */
	if (s->task->n_commands)
		ctl_run_shrink(s->task->commands[s->task->n_commands - 1]);
	if (r == 0) {
		*own = *command;
		r = ctl_task_result_add(s->task, own, host, &c);
	}
	if (r < 0)
		(void)lab_err_set(s->run->err, -r, "out of memory");
	else
		r = ctl_run_stopped(s->run);
	if (r >= 0)
		r = ctl_run_command(s->run, s->task, c);
	if (r >= 0)
		*ret = c;
	else
		s->failed = r;
	return r;
}

static int put_output(json_t *data, const char *name, const struct ctl_output *out)
{
	cleanup_strbuf struct lab_strbuf raw = LAB_STRBUF_INIT, text = LAB_STRBUF_INIT;

	ctl_output_text(out, &raw);
	ctl_text_utf8(lab_strbuf_str(&raw), raw.len, false, &text);
	if (raw.error || text.error)
		return -ENOMEM;
	return json_object_set_new(data, name, json_stringn(lab_strbuf_str(&text), text.len));
}

/* The words that LNST's own results have. */
json_t *ctl_script_result(const struct ctl_command_result *c)
{
	const struct ctl_job *job = c->job;
	cleanup_json json_t *data = json_object(), *result;
	int r = data ? 0 : -ENOMEM;

	result = json_pack("{s:b, s:s, s:I}", "passed", c->verdict == CTL_VERDICT_PASS, "msg",
			   c->message, "index", (json_int_t)c->index);
	if (job && (job->is_module || job->data)) {
		if (job->data)
			r = json_object_update(data, job->data);
	} else if (job && r == 0) {
		r = put_output(data, "stdout", &job->out);
		if (r == 0)
			r = put_output(data, "stderr", &job->err);
	}
	if (r == 0 && job && job->killed)
		r = json_object_set_new(result, "killed", json_true());
	if (r == 0)
		r = json_object_set(result, "res_data", job ? data : json_null());
	return r == 0 ? json_incref(result) : NULL;
}
