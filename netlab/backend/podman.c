/* SPDX-License-Identifier: GPL-2.0-or-later */
/* podman.c - hosts in containers of Podman, by its REST interface */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <string.h>

#include "netlab/backend/groups.h"
#include "netlab/backend/journal.h"
#include "netlab/backend/lend.h"
#include "netlab/backend/podman_internal.h"
#include "netlab/base/loop.h"
#include "netlab/base/program.h"
#include "netlab/base/util.h"
#include "netlab/ns/caps.h"

enum {
	PROBE_MS = 10000,
	START_MS = 60000,
	LOOK_MS =
		500, /* how often the user's service is asked whether a container that says nothing still runs */
	PERIOD_US = 100000,
	LOOK_AGAIN_MS = 20,
	REMOVE_MS = 10000,
};

static void probe(struct lab_backend_probe *ret)
{
	const char *const argv[] = { "podman", "--version", NULL };
	cleanup_strbuf struct lab_strbuf out = LAB_STRBUF_INIT;
	const char *path = getenv("PATH");
	struct lab_err err;

	(void)snprintf(ret->fix, sizeof(ret->fix), "apt-get install podman runc");
	if (!lab_program_in_path("podman", path))
		(void)snprintf(ret->missing, sizeof(ret->missing), "the program podman");
	else if (!lab_program_in_path("runc", path))
		(void)snprintf(ret->missing, sizeof(ret->missing), "the program runc");
	else if (!lab_program_in_path("conmon", path))
		(void)snprintf(ret->missing, sizeof(ret->missing), "the program conmon");
	else if (lab_lend_run(argv, &out, PROBE_MS, &err) < 0)
		(void)snprintf(ret->missing, sizeof(ret->missing), "%.150s", err.msg);
	else
		(void)sscanf(lab_strbuf_str(&out), "podman version %63s", ret->version);
	if (!*ret->missing)
		*ret->fix = '\0';
}

static int backend_open(struct lab_engine *engine, struct lab_err *err)
{
	/* As long as this process lives, nobody removes the images of netlab's store that hosts are made from. */
	for (size_t i = 0; i < engine->n_hosts; i++) {
		const struct lab_engine_host *host = &engine->hosts[i];
		cleanup_free char *lower = NULL;

		if (host->image && strcmp(host->backend, "podman") == 0)
			(void)lab_lend_lower(host->image, &lower, NULL);
	}
	return lab_podman_serve(engine, err);
}

static void backend_close(struct lab_engine *engine)
{
	lab_podman_end(engine);
}

/* --- the description of a container ------------------------------------------------------------ */

static const char *privileged(const struct lab_engine_host *host)
{
	const char *value = json_string_value(json_object_get(host->settings, "privileged"));

	return value && *value ? value : "no";
}

static bool is_privileged(const struct lab_engine_host *host)
{
	return strcmp(privileged(host), "yes") == 0;
}

static int check_settings(const struct lab_engine_host *host, struct lab_err *err)
{
	if (is_privileged(host) || strcmp(privileged(host), "no") == 0)
		return 0;
	return lab_err_set(err, EINVAL, "privileged \"%.40s\" must be yes or no", privileged(host));
}

/* CAP_SYS_ADMIN is what the agent needs to give up the rest; it keeps none that a native host has not. */
static json_t *capabilities(void)
{
	static const struct {
		unsigned int cap;
		const char *name;
	} names[] = {
		{ CAP_CHOWN, "CHOWN" },
		{ CAP_DAC_OVERRIDE, "DAC_OVERRIDE" },
		{ CAP_FOWNER, "FOWNER" },
		{ CAP_FSETID, "FSETID" },
		{ CAP_KILL, "KILL" },
		{ CAP_SETGID, "SETGID" },
		{ CAP_SETUID, "SETUID" },
		{ CAP_SETPCAP, "SETPCAP" },
		{ CAP_NET_BIND_SERVICE, "NET_BIND_SERVICE" },
		{ CAP_NET_BROADCAST, "NET_BROADCAST" },
		{ CAP_NET_ADMIN, "NET_ADMIN" },
		{ CAP_NET_RAW, "NET_RAW" },
		{ CAP_IPC_LOCK, "IPC_LOCK" },
		{ CAP_IPC_OWNER, "IPC_OWNER" },
		{ CAP_SYS_CHROOT, "SYS_CHROOT" },
		{ CAP_SYS_NICE, "SYS_NICE" },
		{ CAP_LEASE, "LEASE" },
		{ CAP_AUDIT_WRITE, "AUDIT_WRITE" },
		{ CAP_SETFCAP, "SETFCAP" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < LAB_ARRAY_SIZE(names); i++)
		if (lab_caps_host() & 1ULL << names[i].cap)
			(void)json_array_append_new(list, json_string(names[i].name));
	(void)json_array_append_new(list, json_string("SYS_ADMIN"));
	return list;
}

static json_t *bind_mount(const char *source, const char *target, bool read_only)
{
	return json_pack("{s:s, s:s, s:s, s:[s, s]}", "type", "bind", "source", source,
			 "destination", target, "options", "bind", read_only ? "ro" : "rw");
}

static json_t *mounts(const struct lab_engine *engine, const struct lab_engine_host *host)
{
	cleanup_free char *sock = NULL, *hosts = NULL;
	json_t *list = json_array();

	if (asprintf(&sock, "%s/agent.sock", host->dir) < 0 ||
	    asprintf(&hosts, "%s/hosts", host->dir) < 0) {
		json_decref(list);
		return NULL;
	}
	/* As after a boot, and so that images that are made of it do not have the places of what is mounted there. */
	(void)json_array_append_new(list,
				    json_pack("{s:s, s:s, s:s, s:[s, s, s, s, s]}", "type", "tmpfs",
					      "source", "tmpfs", "destination", "/run", "options",
					      "rw", "nosuid", "nodev", "mode=755", "notmpcopyup"));
	(void)json_array_append_new(list,
				    json_pack("{s:s, s:s, s:s, s:[s, s, s, s, s]}", "type", "tmpfs",
					      "source", "tmpfs", "destination", "/tmp", "options",
					      "rw", "nosuid", "nodev", "mode=1777", "notmpcopyup"));
	/* Podman mounts it read-only; which part of it may be written is the agent's business. */
	(void)json_array_append_new(list,
				    json_pack("{s:s, s:s, s:s, s:[s, s, s, s]}", "type", "sysfs",
					      "source", "sysfs", "destination", "/sys", "options",
					      "rw", "nosuid", "nodev", "noexec"));
	(void)json_array_append_new(list, bind_mount(engine->agent, LAB_LEND_AGENT, true));
	(void)json_array_append_new(list, bind_mount(sock, LAB_LEND_SOCKET, false));
	(void)json_array_append_new(list, bind_mount(hosts, "/etc/hosts", false));
	return list;
}

json_t *lab_podman_resources(uint64_t memory_bytes, uint32_t cpus_milli, uint32_t pids)
{
	json_t *o = json_object();

	if (memory_bytes)
		(void)json_object_set_new(o, "memory",
					  json_pack("{s:I, s:I}", "limit", (json_int_t)memory_bytes,
						    "swap", (json_int_t)memory_bytes));
	if (cpus_milli)
		(void)json_object_set_new(o, "cpu",
					  json_pack("{s:I, s:i}", "quota",
						    (json_int_t)cpus_milli * PERIOD_US / 1000,
						    "period", PERIOD_US));
	if (pids)
		(void)json_object_set_new(o, "pids", json_pack("{s:i}", "limit", (int)pids));
	return o;
}

static json_t *command(bool confined)
{
	json_t *list = json_pack("[s, s, s]", LAB_LEND_AGENT, "--connect", LAB_LEND_SOCKET);

	if (confined)
		(void)json_array_append_new(list, json_string("--confine"));
	return list;
}

/* Names of containers have fewer characters than those of hosts may. */
static char *container_name(const struct lab_podman *pd)
{
	char *name;

	if (asprintf(&name, "netlab-%s-%s-%s", pd->engine->lab, pd->engine->key, pd->host->id) < 0)
		return NULL;
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			*c = '_';
	return name;
}

static void set_rights(const struct lab_engine_host *host, json_t *spec)
{
	if (is_privileged(host)) {
		(void)json_object_set_new(spec, "privileged", json_true());
		return;
	}
	(void)json_object_set_new(spec, "cap_drop", json_pack("[s]", "all"));
	(void)json_object_set_new(spec, "cap_add", capabilities());
	(void)json_object_set_new(spec, "unmask", json_pack("[s]", "/proc/sys"));
	(void)json_object_set_new(spec, "seccomp_profile_path", json_string("unconfined"));
	(void)json_object_set_new(spec, "apparmor_profile", json_string("unconfined"));
	(void)json_object_set_new(spec, "selinux_opts", json_pack("[s]", "disable"));
	if (access("/dev/net/tun", F_OK) == 0)
		(void)json_object_set_new(spec, "devices",
					  json_pack("[{s:s}]", "path", "/dev/net/tun"));
}

static json_t *describe(const struct lab_podman *pd)
{
	const struct lab_engine_host *host = pd->host;
	cleanup_free char *name = container_name(pd), *label = NULL;
	char cgroup[LAB_GROUPS_NAME_LEN];
	json_t *spec;

	if (!name || asprintf(&label, "%s/%s/%s", pd->engine->lab, pd->engine->key, host->id) < 0)
		return NULL;
	spec = json_pack("{s:s, s:s, s:o, s:{s:s, s:s}, s:{s:s}, s:s, s:{s:s, s:s, s:s}, s:o, s:o}",
			 "name", name, "hostname", host->id, "command",
			 command(!is_privileged(host)), "netns", "nsmode", "path", "value",
			 pd->uri ? host->netns_outside : host->netns, "cgroupns", "nsmode",
			 "private", "cgroups_mode", pd->uri ? "enabled" : "no-conmon", "labels",
			 "netlab.lab", pd->engine->lab, "netlab.id", label, "netlab.host", host->id,
			 "mounts", mounts(pd->engine, host), "resource_limits",
			 lab_podman_resources(host->memory_bytes, host->cpus_milli, host->pids));
	if (!spec)
		return NULL;
	set_rights(host, spec);
	/* It writes into no file of the container: /etc/hosts is ours, and there is no name server. */
	(void)json_object_set_new(spec, "use_image_hosts", json_true());
	(void)json_object_set_new(spec, "use_image_resolve_conf", json_true());
	(void)json_object_set_new(spec, "entrypoint", json_array());
	(void)json_object_set_new(spec, "user", json_string("0:0"));
	(void)json_object_set_new(spec, "work_dir", json_string("/"));
	(void)json_object_set_new(spec, "image_volume_mode", json_string("ignore"));
	(void)json_object_set_new(spec, "healthconfig", json_pack("{s:[s]}", "Test", "NONE"));
	(void)json_object_set_new(
		spec, "env",
		json_pack("{s:s, s:s}", "LANG", "C.UTF-8", "PATH",
			  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
	if (!pd->uri) {
		lab_groups_name(pd->engine, cgroup);
		(void)json_object_set_new(spec, "cgroup_parent", json_sprintf("/%s", cgroup));
	}
	return spec;
}

/* --- create, start, stop, destroy -------------------------------------------------------------- */

const char *lab_podman_id(const struct lab_podman *pd)
{
	const char *id = json_string_value(json_object_get(pd->host->kept, "id"));

	return id ? id : "?";
}

/* A copy of its own: the host may change it. */
static int copy_hosts_file(const struct lab_podman *pd, struct lab_err *err)
{
	cleanup_free char *path = NULL;
	cleanup_close int in = -1, out = -1;
	char buf[4096];
	ssize_t n = -1;

	if (asprintf(&path, "%s/hosts", pd->host->dir) < 0) {
		path = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	in = open(pd->engine->hosts_file, O_RDONLY | O_CLOEXEC);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			return lab_err_errno(err, errno, "write %s", path);
	return n < 0 ? lab_err_errno(err, errno, "copy %s", pd->engine->hosts_file) : 0;
}

int lab_podman_make(struct lab_podman *pd, const char *image, json_t *keep, struct lab_err *err)
{
	cleanup_json json_t *spec = describe(pd), *answer = NULL;
	int r = 0;

	if (!spec || (image && json_object_set_new(spec, "image", json_string(image)) < 0))
		return lab_err_set(err, ENOMEM, "out of memory");
	if (!image)
		r = lab_podman_root(pd, spec, keep, err);
	/* A service that is not there has nothing that would have to be undone. */
	if (r == 0 && pd->uri)
		r = lab_podman_call(pd, (struct lab_http_req){ .method = "GET", .also = 404 }, NULL,
				    err, "/containers/netlab/exists");
	if (r >= 0 && pd->uri && !json_object_get(pd->host->kept, "id"))
		r = lab_journal_add(pd->engine, err, "podman %s %s %s %s", pd->uri, pd->engine->lab,
				    pd->engine->key, pd->host->id);
	if (r >= 0)
		r = lab_podman_call(pd, (struct lab_http_req){ .method = "POST", .body = spec },
				    &answer, err, "/containers/create");
	if (r < 0)
		return r;
	return json_object_set(keep, "id", json_object_get(answer, "Id")) < 0
		       ? lab_err_set(err, EPROTO, "the answer to create names no container")
		       : 0;
}

static int create(const struct lab_engine *engine, const struct lab_engine_host *host,
		  const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	cleanup_free char *path = NULL;
	cleanup_close int sock = -1;
	json_t *keep = json_object();
	int r = check_settings(host, err);

	(void)args;
	(void)ret_fd;
	if (json_object_set_new(ret, "keep", keep) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (r == 0)
		r = lab_podman_open(engine, host, &pd, err);
	/* What is going to be mounted must be there. */
	if (r == 0)
		sock = r = lab_lend_listen(host, &path, err);
	if (r >= 0)
		r = copy_hosts_file(&pd, err);
	return r < 0 ? r : lab_podman_make(&pd, NULL, keep, err);
}

json_t *lab_podman_inspect(struct lab_podman *pd, struct lab_err *err)
{
	json_t *answer = NULL;
	int r = lab_podman_call(pd, (struct lab_http_req){ .method = "GET" }, &answer, err,
				"/containers/%s/json", lab_podman_id(pd));

	if (r == -ENOENT)
		(void)lab_err_set(err, ENOENT, "somebody else has removed its container");
	return answer;
}

/* The last thing that its agent said. */
static int keep_line(const void *data, size_t len, void *user)
{
	struct lab_strbuf *sb = user;

	if (sb->len < 65536)
		lab_strbuf_add(sb, data, len);
	return sb->error;
}

static int explain_end(struct lab_podman *pd, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	const struct lab_http_req req = { .method = "GET", .sink = keep_line, .user = &sb };
	cleanup_json json_t *info = lab_podman_inspect(pd, err), *state = NULL;
	char *line;

	if (!info)
		return -ENOENT;
	state = json_incref(json_object_get(info, "State"));
	if (json_is_true(json_object_get(state, "OOMKilled")))
		return lab_err_set(err, ENOMEM,
				   "its memory limit is too small: the kernel killed its agent");
	(void)lab_podman_call(pd, req, NULL, NULL, "/containers/%s/logs?stdout=true&stderr=true",
			      lab_podman_id(pd));
	while (sb.len && sb.data[sb.len - 1] == '\n')
		sb.data[--sb.len] = '\0';
	line = sb.len ? strrchr(sb.data, '\n') : NULL;
	line = line ? line + 1 : sb.data;
	if (sb.len > 8 && line == sb.data && (unsigned char)*line <= 2)
		line += 8; /* the head of a frame */
	if (line && *line)
		return lab_err_set(err, EIO, "the container ended: %.300s", line);
	return lab_err_set(err, EIO, "the container ended with status %d before its agent came",
			   (int)json_integer_value(json_object_get(state, "ExitCode")));
}

static bool is_running(struct lab_podman *pd)
{
	cleanup_json json_t *info = lab_podman_inspect(pd, NULL);

	return json_is_true(json_object_get(json_object_get(info, "State"), "Running"));
}

/* Processes of the user's service are not seen from here, so it is asked. */
static int await_agent(struct lab_podman *pd, int sock, pid_t pid, struct lab_err *err)
{
	int fd = -ETIMEDOUT;

	if (!pd->uri && pid > 0)
		fd = lab_lend_accept(sock, pid, START_MS, err);
	for (int ms = 0; pd->uri && fd == -ETIMEDOUT && ms < START_MS; ms += LOOK_MS) {
		fd = lab_lend_accept(sock, 0, LOOK_MS, err);
		if (fd == -ETIMEDOUT && !is_running(pd))
			fd = -ECHILD;
	}
	return fd == -ETIMEDOUT ? fd : fd < 0 ? explain_end(pd, err) : fd;
}

static int start(const struct lab_engine *engine, const struct lab_engine_host *host,
		 const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	cleanup_close int sock = -1;
	cleanup_json json_t *info = NULL;
	cleanup_free char *path = NULL;
	json_int_t pid = 0, conmon = 0;
	int r = lab_podman_open(engine, host, &pd, err);

	(void)args;
	if (r < 0)
		return r;
	sock = lab_lend_listen(host, &path, err);
	if (sock < 0)
		return sock;
	r = lab_podman_call(&pd, (struct lab_http_req){ .method = "POST", .also = 304 }, NULL, err,
			    "/containers/%s/start", lab_podman_id(&pd));
	info = r < 0 ? NULL : lab_podman_inspect(&pd, err);
	if (!info)
		return r < 0 ? r : -EIO;
	(void)json_unpack(info, "{s:{s:I, s:I}}", "State", "Pid", &pid, "ConmonPid", &conmon);
	r = lab_podman_apply_limits(&pd, json_object_get(host->kept, "limits"), err);
	if (r == 0)
		r = await_agent(&pd, sock, (pid_t)pid, err);
	if (r < 0) {
		(void)lab_podman_call(&pd, (struct lab_http_req){ .method = "POST", .also = 304 },
				      NULL, NULL, "/containers/%s/stop?timeout=0",
				      lab_podman_id(&pd));
		return r;
	}
	*ret_fd = r;
	if (!pd.uri && json_object_set_new(ret, "pid", json_integer(pid)) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	return json_object_set_new(ret, "keep",
				   pd.uri ? json_object()
					  : json_pack("{s:I, s:I}", "pid", pid, "conmon", conmon)) <
			       0
		       ? lab_err_set(err, ENOMEM, "out of memory")
		       : 0;
}

/* One that ends by itself at this moment, as its agent has lost its keeper, is neither running nor stopped for podman. */
int lab_podman_remove(struct lab_http *http, const char *id, struct lab_err *err)
{
	uint64_t deadline = lab_loop_now_us() + REMOVE_MS * 1000ULL;
	char path[256];
	int r;

	(void)snprintf(path, sizeof(path),
		       LAB_PODMAN_API "/containers/%.100s?force=true&timeout=0&v=true", id);
	for (;;) {
		r = lab_http_request(http,
				     &(struct lab_http_req){ .method = "DELETE",
							     .path = path,
							     .also = 404,
							     .timeout_ms = LAB_PODMAN_MS },
				     NULL, err);
		if ((r != -EIO && r != -EEXIST) || lab_loop_now_us() >= deadline)
			return r < 0 ? r : 0;
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

/* --- what has our labels ----------------------------------------------------------------------- */

/* One label that says all: Podman 4.3 finds no image when it is asked for several. */
static char *label_filter(const char *lab, const char *key, const char *host)
{
	cleanup_json json_t *filter = json_pack("{s:[o]}", "label",
						json_sprintf("netlab.id=%s/%s/%s", lab, key, host));
	cleanup_free char *text = filter ? json_dumps(filter, JSON_COMPACT) : NULL;

	return text ? lab_http_escape(text) : NULL;
}

static int remove_image(struct lab_http *http, const char *id, struct lab_err *err)
{
	char path[256];
	int r;

	(void)snprintf(path, sizeof(path), LAB_PODMAN_API "/images/%.100s?force=true", id);
	r = lab_http_request(http,
			     &(struct lab_http_req){ .method = "DELETE",
						     .path = path,
						     .also = 404,
						     .timeout_ms = LAB_PODMAN_MS },
			     NULL, err);
	return r < 0 ? r : 0;
}

/* Returns how many were removed. @what: "/containers/json?all=true&" and the like */
static int remove_all(struct lab_http *http, const char *what, const char *filter,
		      int (*fn)(struct lab_http *http, const char *id, struct lab_err *err),
		      struct lab_err *err)
{
	cleanup_json json_t *list = NULL;
	cleanup_free char *path = NULL;
	int r, n = 0;

	if (asprintf(&path, LAB_PODMAN_API "%sfilters=%s", what, filter) < 0) {
		path = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	r = lab_http_request(http,
			     &(struct lab_http_req){
				     .method = "GET", .path = path, .timeout_ms = LAB_PODMAN_MS },
			     &list, err);
	/* The newest first: images may lie on older ones. */
	for (size_t i = 0; i < json_array_size(list) && r >= 0; i++) {
		const char *id = json_string_value(json_object_get(json_array_get(list, i), "Id"));

		r = id ? fn(http, id, err) : 0;
		n += id != NULL;
	}
	return r < 0 ? r : n;
}

/* The container of a host, and the images that are its snapshots. Returns how many were removed. */
static int remove_labelled(struct lab_http *http, const char *filter, struct lab_err *err)
{
	int n = remove_all(http, "/containers/json?all=true&", filter, lab_podman_remove, err);
	int more = n < 0 ? n
			 : remove_all(http, "/images/json?all=true&", filter, remove_image, err);

	return more < 0 ? more : n + more;
}

/* "URI LAB KEY HOST", or "empty PATH" */
static int sweep(const char *line, uint64_t until_us, struct lab_err *err)
{
	char uri[1024], lab[128], key[16], host[256];
	cleanup_http struct lab_http *http = NULL;
	cleanup_free char *filter = NULL;
	int r;

	if (strncmp(line, "empty ", 6) == 0)
		return lab_podman_sweep_empty(line + 6, err);
	if (sscanf(line, "%1023s %127s %15s %255[^\n]", uri, lab, key, host) != 4)
		return lab_err_set(err, EINVAL, "\"%.60s\" is no line of a journal", line);
	filter = label_filter(lab, key, host);
	if (!filter)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = lab_podman_connect(uri, &http, err);
	if (r == 0)
		r = remove_labelled(http, filter, err);
	/* Nobody tells whether the service still works on a request whose sender was killed. */
	while (r == 0 && lab_loop_now_us() < until_us) {
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		r = remove_labelled(http, filter, err);
	}
	return r < 0 ? r : 0;
}

static int destroy(const struct lab_engine *engine, const struct lab_engine_host *host,
		   const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_podman struct lab_podman pd = { .http = NULL };
	cleanup_free char *filter = NULL;
	int r;

	(void)ret;
	(void)ret_fd;
	/* The lab's own service ends with the lab, and its files with the run directory. */
	if (json_is_true(json_object_get(args, "closing")) &&
	    !json_object_get(host->settings, "podman_uri"))
		return 0;
	r = lab_podman_open(engine, host, &pd, err);
	if (r == 0 && json_object_get(host->kept, "id"))
		r = lab_podman_remove(pd.http, lab_podman_id(&pd), err);
	if (r == 0 && json_object_get(host->kept, "snaps"))
		filter = label_filter(engine->lab, engine->key, host->id);
	if (filter)
		r = remove_labelled(pd.http, filter, err);
	return r < 0 ? r : 0;
}

const struct lab_backend lab_backend_podman = {
	.name = "podman",
	.probe = probe,
	.open = backend_open,
	.close = backend_close,
	.sweep = sweep,
	.ops = { [LAB_HOST_CREATE] = create,
		 [LAB_HOST_START] = start,
		 [LAB_HOST_STOP] = lab_podman_stop,
		 [LAB_HOST_FREEZE] = lab_podman_freeze,
		 [LAB_HOST_THAW] = lab_podman_thaw,
		 [LAB_HOST_STATE] = lab_podman_state,
		 [LAB_HOST_CONFIG] = lab_podman_config,
		 [LAB_HOST_RENAME] = lab_podman_rename,
		 [LAB_HOST_DESTROY] = destroy,
		 [LAB_HOST_SNAPSHOT_CREATE] = lab_podman_snap_create,
		 [LAB_HOST_SNAPSHOT_LIST] = lab_podman_snap_list,
		 [LAB_HOST_SNAPSHOT_RENAME] = lab_podman_snap_rename,
		 [LAB_HOST_SNAPSHOT_RESTORE] = lab_podman_snap_restore,
		 [LAB_HOST_PUBLISH] = lab_podman_publish,
		 [LAB_HOST_SNAPSHOT_DELETE] = lab_podman_snap_delete },
};
