/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxd.c - hosts in containers of LXD, by its REST interface */
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "netlab/backend/layers.h"
#include "netlab/backend/lend.h"
#include "netlab/backend/lxd_internal.h"
#include "netlab/base/loop.h"
#include "netlab/base/program.h"
#include "netlab/base/util.h"
#include "netlab/ns/cgroup.h"

enum {
	START_MS = 60000,
	LOOK_MS =
		500, /* how often the server is asked whether an instance that says nothing still runs */
	SHUTDOWN_MAX_MS = 60000,
	LOG_MAX = 65536,
	LOOK_AGAIN_MS = 50,
	BUSY_US = 35000000, /* the server gives up what hangs after 30 s */
};

static void probe(struct lab_backend_probe *ret)
{
	cleanup_lxd_server struct lab_lxd_server server = { .socket = NULL };
	cleanup_json json_t *none = json_object(), *info = NULL;
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	const char *version;
	struct lab_err err;

	if (lab_lxd_server_find(none, &server, &err) < 0) {
		bool here = lab_program_in_path("lxd", getenv("PATH"));

		(void)snprintf(ret->missing, sizeof(ret->missing), "%s",
			       here ? "the server of LXD: it does not run" : "the server of LXD");
		(void)snprintf(ret->fix, sizeof(ret->fix), "%s",
			       here ? "systemctl start lxd" : "apt-get install lxd");
		return;
	}
	if (lab_lxd_connect(&server, &lxd, &err) < 0 ||
	    lab_lxd_call(&lxd, (struct lab_http_req){ .method = "GET" }, &info, &err, "/1.0") < 0) {
		(void)snprintf(ret->missing, sizeof(ret->missing), "%.190s", err.msg);
		(void)snprintf(ret->fix, sizeof(ret->fix), "systemctl start lxd");
		return;
	}
	version = json_string_value(
		json_object_get(json_object_get(info, "environment"), "server_version"));
	(void)snprintf(ret->version, sizeof(ret->version), "%.60s", version ? version : "");
}

/* --- states ------------------------------------------------------------------------------------ */

int lab_lxd_status(struct lab_lxd *lxd, json_t **ret, struct lab_err *err)
{
	cleanup_json json_t *state = NULL;
	const char *status;
	int r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, &state, err,
			     "/1.0/instances/%s/state", lab_lxd_instance(lxd->host));

	if (r == -ENOENT)
		return lab_err_set(err, ENOENT, "somebody else has removed its instance %s",
				   lab_lxd_instance(lxd->host));
	if (r < 0)
		return r;
	status = json_string_value(json_object_get(state, "status"));
	if (ret)
		*ret = json_incref(state);
	return !status                          ? 0
	       : strcmp(status, "Running") == 0 ? 1
	       : strcmp(status, "Frozen") == 0  ? 2
						: 0;
}

int lab_lxd_set_state(struct lab_lxd *lxd, const char *action, int timeout_s, struct lab_err *err)
{
	cleanup_json json_t *body = json_pack("{s:s, s:i, s:b}", "action", action, "timeout",
					      timeout_s ? timeout_s : -1, "force", timeout_s == 0);

	return lab_lxd_do(lxd, (struct lab_http_req){ .method = "PUT", .body = body }, NULL, err,
			  "/1.0/instances/%s/state", lab_lxd_instance(lxd->host));
}

static int keep_text(const void *data, size_t len, void *user)
{
	struct lab_strbuf *sb = user;

	if (sb->len < LOG_MAX)
		lab_strbuf_add(sb, data, len);
	return sb->error;
}

/* What LXC said: "lxc NAME TIME ERROR    start - ../src/file.c:function:123 - What is the matter"; the first of them is the cause. */
static int explain(struct lab_lxd *lxd, int r, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	const struct lab_http_req req = { .method = "GET", .sink = keep_text, .user = &sb };
	const char *at;

	(void)lab_lxd_call(lxd, req, NULL, NULL, "/1.0/instances/%s/logs/lxc.log",
			   lab_lxd_instance(lxd->host));
	at = strstr(lab_strbuf_str(&sb), " ERROR ");
	for (int i = 0; at && i < 2; i++) {
		at = strstr(at, " - ");
		at = at ? at + 3 : NULL;
	}
	if (at)
		return lab_err_set(err, -r, "the container does not start: %.*s",
				   (int)LAB_MIN(strcspn(at, "\n"), 300u), at);
	return r;
}

/* Processes of LXD's containers are not seen from here, so it is asked. */
static int await_agent(struct lab_lxd *lxd, int sock, struct lab_err *err)
{
	int fd = -ETIMEDOUT;

	for (int ms = 0; fd == -ETIMEDOUT && ms < START_MS; ms += LOOK_MS) {
		fd = lab_lend_accept(sock, 0, LOOK_MS, err);
		if (fd == -ETIMEDOUT && lab_lxd_status(lxd, NULL, NULL) != 1)
			return explain(lxd,
				       lab_err_set(err, EIO,
						   "the container ended before its agent came"),
				       err);
	}
	return fd;
}

/* In an instance that runs an init of its own; not waited for, as it does not end. */
static int run_agent(struct lab_lxd *lxd, struct lab_err *err)
{
	cleanup_json json_t *op = NULL,
			    *body = json_pack("{s:[s, s, s, s], s:{s:s, s:s}, s:b, s:b, s:b}",
					      "command", LAB_LXD_AGENT, "--bound", "--connect",
					      LAB_LXD_SOCKET, "environment", "PATH", LAB_LXD_PATHS,
					      "LANG", "C.UTF-8", "wait-for-websocket", 0,
					      "interactive", 0, "record-output", 0);

	return lab_lxd_begin(lxd, (struct lab_http_req){ .method = "POST", .body = body }, &op, err,
			     "/1.0/instances/%s/exec", lab_lxd_instance(lxd->host));
}

/* What has changed since it was made: layers below its root, its name. */
static int refresh(struct lab_lxd *lxd, struct lab_err *err)
{
	cleanup_json json_t *body = NULL, *now = NULL;
	cleanup_free char *raw = NULL;
	const char *was;
	int r = lab_lxd_raw(lxd->host, &raw, err);

	if (r == 0)
		r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET", .also = 404 }, &now,
				 err, "/1.0/instances/%s", lab_lxd_instance(lxd->host));
	/* An ephemeral one has gone when it stopped. */
	if (r == 404 && lab_lxd_says_yes(lxd->host, "ephemeral"))
		return lab_lxd_make(lxd, lab_lxd_instance(lxd->host),
				    json_object_get(lxd->host->kept, "source"), err);
	if (r == 404)
		return lab_err_set(err, ENOENT, "somebody else has removed its instance %s",
				   lab_lxd_instance(lxd->host));
	if (r < 0)
		return r;
	was = json_string_value(json_object_get(json_object_get(now, "config"), "raw.lxc"));
	if (was && strcmp(was, raw) == 0)
		return 0;
	body = json_pack("{s:{s:s}}", "config", "raw.lxc", raw);
	return lab_lxd_do(lxd, (struct lab_http_req){ .method = "PATCH", .body = body }, NULL, err,
			  "/1.0/instances/%s", lab_lxd_instance(lxd->host));
}

static int start(const struct lab_engine *engine, const struct lab_engine_host *host,
		 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_free char *path = NULL;
	cleanup_close int sock = -1;
	int r = lab_lxd_open(engine, host, &lxd, err);

	(void)args;
	if (r == 0)
		sock = r = lab_lend_listen(host, &path, err);
	if (r >= 0 && json_object_get(host->kept, "started"))
		r = refresh(&lxd, err);
	if (r < 0)
		return r;
	/* The end of one that has died a moment ago may still be under way. */
	if (lab_lxd_status(&lxd, NULL, NULL) > 0)
		(void)lab_lxd_set_state(&lxd, "stop", 0, NULL);
	r = lab_lxd_set_state(&lxd, "start", LAB_LXD_MS / 1000, err);
	if (r < 0)
		return explain(&lxd, r, err);
	if (lab_lxd_says_yes(host, "init"))
		r = run_agent(&lxd, err);
	if (r == 0)
		r = await_agent(&lxd, sock, err);
	if (r < 0) {
		(void)lab_lxd_set_state(&lxd, "stop", 0, NULL);
		return r;
	}
	*ret_fd = r;
	return lab_lxd_keep(ret, "started", json_true(), err);
}

/* All processes but the init and netlab's agent are asked to end, by the agent's program. */
static void ask(struct lab_lxd *lxd, json_int_t timeout_ms)
{
	cleanup_json json_t *body =
		json_pack("{s:[s, s, o], s:b, s:b, s:b}", "command", LAB_LXD_AGENT, "--end",
			  json_sprintf("%lld", (long long)timeout_ms), "wait-for-websocket", 0,
			  "interactive", 0, "record-output", 0);

	(void)lab_lxd_do(lxd, (struct lab_http_req){ .method = "POST", .body = body }, NULL, NULL,
			 "/1.0/instances/%s/exec", lab_lxd_instance(lxd->host));
}

static int stop(const struct lab_engine *engine, const struct lab_engine_host *host,
		const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	json_int_t timeout_ms = json_integer_value(json_object_get(args, "timeout_ms"));
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	int r = lab_lxd_open(engine, host, &lxd, err), status;

	(void)ret;
	(void)ret_fd;
	if (r < 0)
		return r;
	status = lab_lxd_status(&lxd, NULL, NULL);
	if (status == 2 && timeout_ms > 0)
		(void)lab_lxd_set_state(&lxd, "unfreeze", LAB_LXD_MS / 1000, NULL);
	if (status <= 0)
		return status == -ENOENT ? 0 : status;
	timeout_ms = LAB_MIN(timeout_ms, SHUTDOWN_MAX_MS);
	if (timeout_ms > 0 && lab_lxd_says_yes(host, "init")) {
		if (lab_lxd_set_state(&lxd, "stop", (int)((timeout_ms + 999) / 1000), NULL) == 0)
			return 0;
	} else if (timeout_ms > 0) {
		ask(&lxd, timeout_ms);
	}
	r = lab_lxd_set_state(&lxd, "stop", 0, err);
	/* It may have ended by itself in between. */
	return r < 0 && lab_lxd_status(&lxd, NULL, NULL) <= 0 ? 0 : r;
}

static int freezing(const struct lab_engine *engine, const struct lab_engine_host *host,
		    const char *action, struct lab_err *err)
{
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	int r = lab_lxd_open(engine, host, &lxd, err);

	return r < 0 ? r : lab_lxd_set_state(&lxd, action, LAB_LXD_MS / 1000, err);
}

static int freeze(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	(void)args;
	(void)ret;
	(void)ret_fd;
	return freezing(engine, host, "freeze", err);
}

static int thaw(const struct lab_engine *engine, const struct lab_engine_host *host,
		const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	(void)args;
	(void)ret;
	(void)ret_fd;
	return freezing(engine, host, "unfreeze", err);
}

static int state(const struct lab_engine *engine, const struct lab_engine_host *host,
		 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	static const char *const words[] = { "stopped", "running", "frozen" };
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_json json_t *answer = NULL;
	json_int_t cpu_ns = 0, memory = 0, processes = 0;
	int r = lab_lxd_open(engine, host, &lxd, err);

	(void)args;
	(void)ret_fd;
	if (r == 0)
		r = lab_lxd_status(&lxd, &answer, err);
	if (r < 0)
		return r;
	(void)json_object_set_new(ret, "status", json_string(words[r]));
	if (r == 0 || json_unpack(answer, "{s:I, s:{s:I}, s:{s:I}}", "processes", &processes,
				  "memory", "usage", &memory, "cpu", "usage", &cpu_ns) < 0)
		return 0;
	(void)json_object_set_new(ret, "processes", json_integer(processes));
	(void)json_object_set_new(ret, "memory", json_integer(memory));
	(void)json_object_set_new(ret, "cpu_us", json_integer(cpu_ns / 1000));
	return 0;
}

static int config(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	const json_t *memory = json_object_get(args, "memory"),
		     *cpus = json_object_get(args, "cpus_milli"),
		     *pids = json_object_get(args, "pids");
	struct lab_limits limits = lab_lxd_limits(host);
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_json json_t *body = NULL;
	int r = lab_lxd_open(engine, host, &lxd, err);

	(void)ret_fd;
	if (r < 0)
		return r;
	if (memory)
		limits.memory_bytes = (uint64_t)json_integer_value(memory);
	if (cpus)
		limits.cpus_milli = (uint32_t)json_integer_value(cpus);
	if (pids)
		limits.pids = (uint32_t)json_integer_value(pids);
	body = json_pack("{s:{}}", "config");
	lab_lxd_set_limits(json_object_get(body, "config"), &limits);
	r = lab_lxd_do(&lxd, (struct lab_http_req){ .method = "PATCH", .body = body }, NULL, err,
		       "/1.0/instances/%s", lab_lxd_instance(host));
	if (r < 0)
		return r;
	return lab_lxd_keep(ret, "limits",
			    json_pack("{s:I, s:i, s:i}", "memory", (json_int_t)limits.memory_bytes,
				      "cpus_milli", (int)limits.cpus_milli, "pids",
				      (int)limits.pids),
			    err);
}

static int rename_host(const struct lab_engine *engine, const struct lab_engine_host *host,
		       const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	const char *to = json_string_value(json_object_get(args, "name"));
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_json json_t *body = NULL;
	char name[LAB_LXD_NAME_LEN];
	int r = lab_lxd_open(engine, host, &lxd, err);

	(void)ret_fd;
	if (r == 0 && !to)
		r = lab_err_set(err, EINVAL, "name must be there, as text");
	if (r == 0)
		r = lab_lxd_status(&lxd, NULL, err);
	if (r > 0)
		return lab_err_set(err, EBUSY, "LXD renames what is stopped; stop it first");
	if (r < 0)
		return r;
	lab_lxd_name(&lxd, to, name);
	body = json_pack("{s:s}", "name", name);
	r = lab_lxd_do(&lxd, (struct lab_http_req){ .method = "POST", .body = body }, NULL, err,
		       "/1.0/instances/%s", lab_lxd_instance(host));
	if (r == 0)
		r = lab_lxd_keep(ret, "instance", json_string(name), err);
	return r < 0 ? r : lab_lxd_keep(ret, "name", json_string(to), err);
}

/* --- the end ----------------------------------------------------------------------------------- */

static int destroy_instance(struct lab_lxd *lxd, const char *name, bool stopped,
			    struct lab_err *err)
{
	cleanup_json json_t *body = json_pack("{s:s, s:i, s:b}", "action", "stop", "timeout", -1,
					      "force", 1);
	int r;

	if (!stopped)
		(void)lab_lxd_do(lxd, (struct lab_http_req){ .method = "PUT", .body = body }, NULL,
				 NULL, "/1.0/instances/%s/state", name);
	r = lab_lxd_do(lxd, (struct lab_http_req){ .method = "DELETE" }, NULL, err,
		       "/1.0/instances/%s", name);
	/* Ephemeral ones go by themselves. */
	if (r < 0 && lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET", .also = 404 }, NULL,
				  NULL, "/1.0/instances/%s", name) == 404)
		return 0;
	return r;
}

static int destroy(const struct lab_engine *engine, const struct lab_engine_host *host,
		   const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	int r = 0;

	(void)args;
	(void)ret;
	(void)ret_fd;
	/* Of one that could not be made the journal knows. */
	if (!json_object_get(host->kept, "instance"))
		return 0;
	r = lab_lxd_open(engine, host, &lxd, err);
	return r < 0 ? r : destroy_instance(&lxd, lab_lxd_instance(host), false, err);
}

/**
 * struct labels - what is to go
 * @lab:	name of the lab
 * @key:	its key
 * @host:	name of the host; "" = the lab's image
 */
struct labels {
	char lab[128], key[16], host[128];
};

static bool has(const json_t *labels, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(labels, name));

	return text && strcmp(text, value) == 0;
}

static bool is_labelled(const json_t *labels, const struct labels *l)
{
	return has(labels, LAB_LXD_LABEL_LAB, l->lab) && has(labels, LAB_LXD_LABEL_KEY, l->key) &&
	       (!*l->host || has(labels, LAB_LXD_LABEL_HOST, l->host));
}

/* Returns how many there were. */
static int sweep_instances(struct lab_lxd *lxd, const struct labels *labels, struct lab_err *err)
{
	cleanup_json json_t *list = NULL;
	json_t *one;
	size_t i;
	int n = 0;
	int r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, &list, err,
			     "/1.0/instances?recursion=1");

	json_array_foreach(list, i, one) {
		const char *name = json_string_value(json_object_get(one, "name")),
			   *status = json_string_value(json_object_get(one, "status"));

		if (r < 0 || !name || !is_labelled(json_object_get(one, "config"), labels))
			continue;
		r = destroy_instance(lxd, name, status && strcmp(status, "Stopped") == 0, err);
		n++;
	}
	return r < 0 ? r : n;
}

static int sweep_images(struct lab_lxd *lxd, const struct labels *labels, struct lab_err *err)
{
	cleanup_json json_t *list = NULL;
	json_t *one;
	size_t i;
	int n = 0;
	int r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, &list, err,
			     "/1.0/images?recursion=1");

	json_array_foreach(list, i, one) {
		const char *fp = json_string_value(json_object_get(one, "fingerprint"));

		if (r < 0 || !fp || !is_labelled(json_object_get(one, "properties"), labels))
			continue;
		r = lab_lxd_do(lxd, (struct lab_http_req){ .method = "DELETE" }, NULL, err,
			       "/1.0/images/%s", fp);
		n++;
	}
	return r < 0 && r != -ENOENT ? r : n;
}

static int sweep_once(struct lab_lxd *lxd, const struct labels *labels, struct lab_err *err)
{
	return *labels->host ? sweep_instances(lxd, labels, err) : sweep_images(lxd, labels, err);
}

/* "SERVER LAB KEY HOST": the instance with these labels; without HOST: the image. */
static int sweep(const char *line, uint64_t until_us, struct lab_err *err)
{
	cleanup_lxd_server struct lab_lxd_server server = { .socket = NULL };
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	struct labels labels = { .host = "" };
	char words[2048];
	int r, n;

	n = sscanf(line, "%2047s %127s %15s %127s", words, labels.lab, labels.key, labels.host);
	if (n != 3 && n != 4)
		return lab_err_set(err, EINVAL, "\"%.60s\" is no line of a journal", line);
	r = lab_lxd_server_parse(words, &server, err);
	if (r == 0)
		r = lab_lxd_connect(&server, &lxd, err);
	if (r == 0)
		r = sweep_once(&lxd, &labels, err);
	/* It may still work on a request whose sender was killed. What it is just about cannot be removed yet. */
	while (until_us &&
	       lab_loop_now_us() < until_us + (r == -EIO || r == -ENOENT ? BUSY_US : 0) &&
	       (r == 0 || r == -EIO || r == -ENOENT)) {
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		r = sweep_once(&lxd, &labels, err);
	}
	return r < 0 ? r : 0;
}

const struct lab_backend lab_backend_lxd = {
	.name = "lxd",
	.probe = probe,
	.sweep = sweep,
	.ops = { [LAB_HOST_CREATE] = lab_lxd_create,
		 [LAB_HOST_START] = start,
		 [LAB_HOST_STOP] = stop,
		 [LAB_HOST_FREEZE] = freeze,
		 [LAB_HOST_THAW] = thaw,
		 [LAB_HOST_STATE] = state,
		 [LAB_HOST_CONFIG] = config,
		 [LAB_HOST_RENAME] = rename_host,
		 [LAB_HOST_DESTROY] = destroy,
		 [LAB_HOST_SNAPSHOT_CREATE] = lab_lxd_snapshot_create,
		 [LAB_HOST_SNAPSHOT_LIST] = lab_lxd_snapshot_list,
		 [LAB_HOST_SNAPSHOT_RENAME] = lab_lxd_snapshot_rename,
		 [LAB_HOST_SNAPSHOT_RESTORE] = lab_lxd_snapshot_restore,
		 [LAB_HOST_SNAPSHOT_DELETE] = lab_lxd_snapshot_delete,
		 [LAB_HOST_PUBLISH] = lab_lxd_publish,
		 [LAB_HOST_MIGRATE] = lab_lxd_migrate },
};
