/* SPDX-License-Identifier: GPL-2.0-or-later */
/* podman_life.c - what happens to containers that there are: freeze, stop, look, change */
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "netlab/backend/groups.h"
#include "netlab/backend/lend.h"
#include "netlab/backend/podman_internal.h"
#include "netlab/base/loop.h"
#include "netlab/base/util.h"
#include "netlab/ns/cgroup.h"
#include "netlab/ns/mountinfo.h"

enum {
	FREEZE_MS = 10000,
	LINE_LEN = 16384,
};

/* What is one POST and no more. */
static int post(const struct lab_engine *engine, const struct lab_engine_host *host,
		const char *what, int also, struct lab_err *err)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	int r = lab_podman_open(engine, host, &pd, err);

	if (r == 0)
		r = lab_podman_call(&pd, (struct lab_http_req){ .method = "POST", .also = also },
				    NULL, err, "/containers/%s/%s", lab_podman_id(&pd), what);
	return r < 0 ? r : 0;
}

/*
 * In version 1 of the cgroups what is frozen cannot even be killed, so nothing would end the lab if its keeper were killed meanwhile. Where there
 * is a hierarchy of version 2, each container of the lab's own service has a group there, too.
 */
static int unified_group(const struct lab_podman *pd)
{
	cleanup_free char *line = malloc(LINE_LEN);
	cleanup_file FILE *f = fopen("/proc/self/mountinfo", "re");
	char cgroup[LAB_GROUPS_NAME_LEN], path[1024];
	struct lab_mountinfo m;

	while (line && f && fgets(line, LINE_LEN, f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!lab_mountinfo_parse(line, &m) || strcmp(m.type, "cgroup2") != 0)
			continue;
		lab_groups_name(pd->engine, cgroup);
		(void)snprintf(path, sizeof(path), "%.512s/%s/libpod-%.100s", m.path, cgroup,
			       lab_podman_id(pd));
		return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return -1;
}

static int await_frozen(int dir, struct lab_err *err)
{
	uint64_t deadline = lab_loop_now_us() + FREEZE_MS * 1000ULL;
	cleanup_close int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	int r;

	while ((r = lab_cgroups_frozen(dir, true)) == 0 && lab_loop_now_us() < deadline) {
		char text[256];

		/* What is read here is what the next change is compared to. */
		if (pread(fd, text, sizeof(text), 0) > 0 && lab_cgroups_frozen(dir, true) == 0)
			(void)poll(&p, 1, FREEZE_MS / 10);
	}
	if (r > 0)
		return 0;
	(void)lab_cgroups_freeze(dir, true, false);
	return lab_err_set(err, ETIMEDOUT, "its processes do not stand still within %d s",
			   FREEZE_MS / 1000);
}

int lab_podman_freezing(const struct lab_engine *engine, const struct lab_engine_host *host,
			bool freeze, struct lab_err *err)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	cleanup_close int dir = -1;
	int r = lab_podman_open(engine, host, &pd, err);

	if (r < 0)
		return r;
	dir = pd.uri ? -1 : unified_group(&pd);
	if (dir < 0)
		return post(engine, host, freeze ? "pause" : "unpause", 0, err);
	r = lab_cgroups_freeze(dir, true, freeze);
	if (r < 0)
		return lab_err_errno(err, -r, "freeze its cgroup");
	return freeze ? await_frozen(dir, err) : 0;
}

int lab_podman_is_running(struct lab_podman *pd, struct lab_err *err)
{
	cleanup_json json_t *info = lab_podman_inspect(pd, err);
	const char *status =
		json_string_value(json_object_get(json_object_get(info, "State"), "Status"));

	if (!info)
		return -EIO;
	return status && (strcmp(status, "running") == 0 || strcmp(status, "paused") == 0);
}

/* For who wants to know later whether it stands still already. */
static int keep_frozen(bool frozen, json_t *ret, struct lab_err *err)
{
	return json_object_set_new(ret, "keep", json_pack("{s:b}", "frozen", frozen)) < 0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

LAB_PODMAN_OP(stop)
{
	json_int_t timeout_ms = json_integer_value(json_object_get(args, "timeout_ms"));
	pid_t pid = (pid_t)json_integer_value(json_object_get(host->kept, "pid"));
	int r;

	(void)ret_fd;
	/* Podman does not stop what is paused. */
	if (json_is_true(json_object_get(host->kept, "frozen")))
		(void)lab_podman_freezing(engine, host, false, NULL);
	if (pid > 1 && timeout_ms > 0)
		lab_lend_ask(pid, (int)LAB_MIN(timeout_ms, LAB_PODMAN_MS / 2));
	r = post(engine, host, "stop?timeout=0", 304, err);
	return r < 0 ? r : keep_frozen(false, ret, err);
}

LAB_PODMAN_OP(freeze)
{
	int r = lab_podman_freezing(engine, host, true, err);

	(void)args;
	(void)ret_fd;
	return r < 0 ? r : keep_frozen(true, ret, err);
}

LAB_PODMAN_OP(thaw)
{
	int r = lab_podman_freezing(engine, host, false, err);

	(void)args;
	(void)ret_fd;
	return r < 0 ? r : keep_frozen(false, ret, err);
}

LAB_PODMAN_OP(state)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	cleanup_json json_t *answer = NULL, *info = NULL;
	json_int_t cpu_ns = 0, memory = 0, processes = 0;
	const char *status;
	int r = lab_podman_open(engine, host, &pd, err);

	(void)args;
	(void)ret_fd;
	info = r < 0 ? NULL : lab_podman_inspect(&pd, err);
	if (!info)
		return r < 0 ? r : -EIO;
	status = json_string_value(json_object_get(json_object_get(info, "State"), "Status"));
	(void)json_object_set_new(ret, "status", json_string(status ? status : "?"));
	/* Containers that do not run have none. */
	r = lab_podman_call(&pd, (struct lab_http_req){ .method = "GET" }, &answer, NULL,
			    "/containers/stats?stream=false&containers=%s", lab_podman_id(&pd));
	if (r < 0 || json_unpack(answer, "{s:[{s:I, s:I, s:I}]}", "Stats", "CPUNano", &cpu_ns,
				 "MemUsage", &memory, "PIDs", &processes) < 0)
		return 0;
	(void)json_object_set_new(ret, "processes", json_integer(processes));
	(void)json_object_set_new(ret, "memory", json_integer(memory));
	(void)json_object_set_new(ret, "cpu_us", json_integer(cpu_ns / 1000));
	return 0;
}

/* What is not said to it stays as it was, so what is taken away is said, too. */
int lab_podman_apply_limits(struct lab_podman *pd, const json_t *limits, struct lab_err *err)
{
	json_int_t memory = json_integer_value(json_object_get(limits, "memory")),
		   cpus_milli = json_integer_value(json_object_get(limits, "cpus_milli")),
		   pids = json_integer_value(json_object_get(limits, "pids"));
	cleanup_json json_t *body = NULL;
	int r;

	if (!limits)
		return 0;
	body = lab_podman_resources((uint64_t)memory, (uint32_t)cpus_milli, (uint32_t)pids);
	if (!memory)
		(void)json_object_set_new(body, "memory",
					  json_pack("{s:i, s:i}", "limit", -1, "swap", -1));
	if (!cpus_milli)
		(void)json_object_set_new(body, "cpu", json_pack("{s:i}", "quota", -1));
	if (!pids)
		(void)json_object_set_new(body, "pids", json_pack("{s:i}", "limit", -1));
	r = lab_podman_call(pd, (struct lab_http_req){ .method = "POST", .body = body }, NULL, err,
			    "/containers/%s/update", lab_podman_id(pd));
	return r < 0 ? r : 0;
}

LAB_PODMAN_OP(config)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	int r = lab_podman_open(engine, host, &pd, err);

	(void)ret_fd;
	if (r == 0)
		r = lab_podman_is_running(&pd, err);
	if (r > 0)
		r = lab_podman_apply_limits(&pd, args, err);
	if (r < 0)
		return r;
	return json_object_set_new(ret, "keep", json_pack("{s:O}", "limits", args)) < 0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

LAB_PODMAN_OP(rename)
{
	const char *to = json_string_value(json_object_get(args, "name"));
	cleanup_free char *name = NULL, *what = NULL;
	int r;

	(void)ret;
	(void)ret_fd;
	if (!to)
		return lab_err_set(err, EINVAL, "rename: no name");
	r = asprintf(&what, "netlab-%s-%s-%s", engine->lab, engine->key, to);
	name = r < 0 ? NULL : lab_http_escape(what);
	free(what);
	what = NULL;
	if (!name || asprintf(&what, "rename?name=%s", name) < 0) {
		what = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	return post(engine, host, what, 0, err);
}
