/* SPDX-License-Identifier: GPL-2.0-or-later */
/* script_device.c - what a Python task can ask of hosts beside its commands: interfaces, routes, tools */
#include <signal.h>
#include <string.h>

#include "controller/run/script.h"
#include "netlab/base/util.h"

#define TOOL_US    60000000u
#define KILLED_US  5000000u
#define TOOL_BYTES ((size_t)16 << 20) /* of one stream of a tool */
#define INPUT_PART ((size_t)64 << 10)

static int no_memory(struct lab_err *err)
{
	return lab_err_set(err, ENOMEM, "out of memory");
}

/* The lab went away meanwhile: then the task must end, whatever the answer says. */
static int answered(struct ctl_script *s, int r, struct lab_err *err)
{
	int stopped = ctl_run_stopped(s->run);

	if (stopped < 0) {
		s->failed = stopped;
		return lab_err_set(err, -stopped, "the task has been ended");
	}
	return r;
}

static int get_id(const json_t *params, const char **ret, struct lab_err *err)
{
	*ret = json_string_value(json_object_get(params, "id"));
	return *ret ? 0 : lab_err_set(err, EINVAL, "the id of the interface is no text");
}

static int get_host(struct ctl_script *s, const json_t *params, size_t *ret, struct lab_err *err)
{
	const char *id = json_string_value(json_object_get(params, "host"));

	return ctl_script_host(s, id ? id : "", ret, err);
}

static const char *id_of(const struct ctl_script *s, size_t host)
{
	return s->run->params->recipe->hosts[host].id;
}

static void changed(struct ctl_script *s, size_t host)
{
	ctl_lazy_change(&s->run->lazy, host, CTL_CHANGE_LINK);
	ctl_lazy_change(&s->run->lazy, host, CTL_CHANGE_ADDRS);
}

/* --- interfaces and routes -------------------------------------------------------------------- */

/* link_add: {host, spec} -> the interface; spec as docs/rpc.md has it for link.add. */
static int do_link_add(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	size_t host;
	int r = get_host(s, params, &host, err);

	if (r < 0)
		return r;
	changed(s, host);
	r = lab_client_link_add(s->run->params->client, id_of(s, host),
				json_object_get(params, "spec"), ret, err);
	return answered(s, r, err);
}

/* link_set: {host, id, changes} -> the interface */
static int do_link_set(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	const char *id;
	size_t host;
	int r = get_host(s, params, &host, err);

	if (r >= 0)
		r = get_id(params, &id, err);
	if (r < 0)
		return r;
	changed(s, host);
	r = lab_client_link_set(s->run->params->client, id_of(s, host), id,
				json_object_get(params, "changes"), ret, err);
	return answered(s, r, err);
}

/* link_del: {host, id} -> null */
static int do_link_del(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	const char *id;
	size_t host;
	int r = get_host(s, params, &host, err);

	if (r >= 0)
		r = get_id(params, &id, err);
	if (r < 0)
		return r;
	changed(s, host);
	r = lab_client_link_del(s->run->params->client, id_of(s, host), id, err);
	if (r >= 0)
		*ret = json_null();
	return answered(s, r, err);
}

/* link_get: {host, id} -> the interface, as the kernel has it */
static int do_link_get(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	const char *id;
	size_t host;
	int r = get_host(s, params, &host, err);

	if (r >= 0)
		r = get_id(params, &id, err);
	if (r >= 0)
		r = lab_client_link_get(s->run->params->client, id_of(s, host), id, ret, err);
	return answered(s, r, err);
}

/* route_add, route_del: {host, route} -> null; route as docs/rpc.md has it for route.add. */
static int change_route(struct ctl_script *s, json_t *params, bool add, json_t **ret,
			struct lab_err *err)
{
	struct lab_client *client = s->run->params->client;
	json_t *route = json_object_get(params, "route");
	size_t host;
	int r = get_host(s, params, &host, err);

	if (r >= 0)
		r = add ? lab_client_route_add(client, id_of(s, host), route, err)
			: lab_client_route_del(client, id_of(s, host), route, err);
	if (r >= 0)
		*ret = json_null();
	return answered(s, r, err);
}

static int do_route_add(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return change_route(s, params, true, ret, err);
}

static int do_route_del(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	return change_route(s, params, false, ret, err);
}

/* --- tools ------------------------------------------------------------------------------------ */

/*
 * struct tool - a program that is run for an answer, and is no command of the task
 * @lost:	nobody waits for it any more: it is released at its end
 */
struct tool {
	struct lab_strbuf out, err;
	struct lab_job_result end;
	bool ended, lost;
};

static void tool_free(struct tool *t)
{
	lab_strbuf_fini(&t->out);
	lab_strbuf_fini(&t->err);
	free(t);
}

static void on_output(struct lab_job *job LAB_UNUSED, int fd, const void *data, size_t len,
		      void *user)
{
	struct tool *t = user;
	struct lab_strbuf *sb = fd == 2 ? &t->err : &t->out;

	lab_strbuf_add(sb, data, LAB_MIN(len, TOOL_BYTES - LAB_MIN(TOOL_BYTES, sb->len)));
}

static void on_done(struct lab_job *job LAB_UNUSED, const struct lab_job_result *result, void *user)
{
	struct tool *t = user;

	t->end = *result;
	t->ended = true;
	if (t->lost)
		tool_free(t);
}

static const struct lab_job_ops tool_ops = { .output = on_output, .done = on_done };

/* Give it its input as fast as it takes it. */
static int feed(struct ctl_script *s, struct tool *t, struct lab_job *job, const char *text,
		size_t len)
{
	int r = 0;

	while (len && r >= 0 && !t->ended) {
		size_t n = LAB_MIN(len, INPUT_PART);

		r = lab_job_write(job, text, n);
		if (r == -ENOBUFS) {
			r = lab_loop_step(s->run->params->loop, -1);
			if (r >= 0)
				r = ctl_run_stopped(s->run);
			continue;
		}
		text += n;
		len -= n;
	}
	return r < 0 || t->ended ? r : lab_job_write(job, NULL, 0);
}

/* Wait for its end; one that does not come to it is killed. */
static int await(struct ctl_script *s, struct tool *t, struct lab_job *job, struct lab_err *err)
{
	int r = ctl_run_wait(s->run, &t->ended, NULL, TOOL_US);

	if (r == 0) {
		(void)lab_job_signal(job, SIGKILL);
		r = ctl_run_wait(s->run, &t->ended, NULL, KILLED_US);
		return r < 0 ? r : lab_err_set(err, ETIMEDOUT, "it takes longer than a minute");
	}
	return r < 0 ? r : 0;
}

static json_t *text_of(const struct lab_strbuf *raw)
{
	cleanup_strbuf struct lab_strbuf text = LAB_STRBUF_INIT;

	ctl_text_utf8(lab_strbuf_str(raw), raw->len, false, &text);
	return raw->error || text.error ? NULL : json_stringn(lab_strbuf_str(&text), text.len);
}

static int tell(const struct tool *t, json_t **ret, struct lab_err *err)
{
	if (t->end.error)
		return lab_err_set(err, -t->end.error, "%s", t->end.err.msg);
	*ret = json_pack("{s:i, s:o, s:o}", "status",
			 t->end.exited ? t->end.status : 128 + t->end.signal, "stdout",
			 text_of(&t->out), "stderr", text_of(&t->err));
	return *ret ? 0 : no_memory(err);
}

static int run_tool(struct ctl_script *s, const struct lab_exec *exec, const json_t *input,
		    json_t **ret, struct lab_err *err)
{
	struct tool *t = calloc(1, sizeof(*t));
	struct lab_job *job;
	int r;

	if (!t)
		return no_memory(err);
	r = lab_client_exec(s->run->params->client, exec, &tool_ops, t, &job, err);
	if (r < 0) {
		tool_free(t);
		return r;
	}
	if (input)
		r = feed(s, t, job, json_string_value(input), json_string_length(input));
	if (r >= 0)
		r = await(s, t, job, err);
	if (r >= 0)
		r = tell(t, ret, err);
	if (t->ended)
		tool_free(t);
	else
		t->lost = true;
	return r;
}

/* tool: {host, shell, netns, input} -> {status, stdout, stderr}: a shell text, no command of the task */
static int do_tool(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err)
{
	const char *host_id, *netns = NULL;
	struct lab_exec exec = { .stdio = LAB_STDIO_STREAMS };
	json_t *input = NULL;
	json_error_t error;
	size_t host;
	int r;

	if (json_unpack_ex(params, &error, 0, "{s:s, s:s, s?s, s?o !}", "host", &host_id, "shell",
			   &exec.shell, "netns", &netns, "input", &input) < 0)
		return lab_err_set(err, EINVAL, "tool: %s", error.text);
	r = ctl_script_host(s, host_id, &host, err);
	if (r < 0)
		return r;
	exec.host = id_of(s, host);
	exec.netns = netns;
	exec.with_stdin = input != NULL;
	changed(s, host);
	r = run_tool(s, &exec, input, ret, err);
	return answered(s, r, err);
}

static const struct {
	const char *name;
	int (*fn)(struct ctl_script *s, json_t *params, json_t **ret, struct lab_err *err);
} methods[] = {
	{ "link_add", do_link_add }, { "link_set", do_link_set },   { "link_del", do_link_del },
	{ "link_get", do_link_get }, { "route_add", do_route_add }, { "route_del", do_route_del },
	{ "tool", do_tool },
};

int ctl_script_device(struct ctl_script *s, const char *method, json_t *params, json_t **ret,
		      struct lab_err *err)
{
	size_t i;
	int r;

	for (i = 0; i < LAB_ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, method) != 0)
			continue;
		r = methods[i].fn(s, params, ret, err);
		return r < 0 ? r : 1;
	}
	return 0;
}
