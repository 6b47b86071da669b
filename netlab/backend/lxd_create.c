/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxd_create.c - what an instance is to be, and its making */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "netlab/backend/journal.h"
#include "netlab/backend/layers.h"
#include "netlab/backend/lend.h"
#include "netlab/backend/lxd_internal.h"
#include "netlab/base/util.h"
#include "netlab/rpc/digest.h"

const char *lab_lxd_setting(const struct lab_engine_host *host, const char *name)
{
	return json_string_value(json_object_get(host->settings, name));
}

bool lab_lxd_says_yes(const struct lab_engine_host *host, const char *name)
{
	const char *value = lab_lxd_setting(host, name);

	return value && strcmp(value, "yes") == 0;
}

/* --- the description of an instance ------------------------------------------------------------ */

/* Configuration of LXC itself: the network namespace is the lab's, and what LXD has no words for. */
int lab_lxd_raw(const struct lab_engine_host *host, char **ret, struct lab_err *err)
{
	const char *name = json_string_value(json_object_get(host->kept, "name"));
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	cleanup_free char *lower = NULL;
	int r;

	lab_strbuf_printf(&sb, "lxc.namespace.share.net=%s\nlxc.uts.name=%s\n", host->netns_outside,
			  name ? name : host->id);
	if (!lab_lxd_says_yes(host, "init"))
		lab_strbuf_puts(
			&sb,
			"lxc.init.cmd=" LAB_LXD_AGENT " --confine --connect " LAB_LXD_SOCKET "\n"
			"lxc.environment=PATH=" LAB_LXD_PATHS "\nlxc.environment=LANG=C.UTF-8\n"
			"lxc.mount.entry=tmpfs run tmpfs rw,nosuid,nodev,mode=755,create=dir 0 0\n"
			"lxc.mount.entry=tmpfs tmp tmpfs rw,nosuid,nodev,mode=1777,create=dir 0 0\n");
	if (lab_lxd_lent(host)) {
		r = lab_layers_lower(host, &lower, err);
		if (r < 0)
			return r;
		lab_strbuf_printf(&sb, "lxc.rootfs.path=overlay:%s:%s/upper\n", lower, host->dir);
	}
	return lab_strbuf_take(&sb, ret) < 0 ? lab_err_set(err, ENOMEM, "out of memory") : 0;
}

static void set_text(json_t *config, const char *name, const char *fmt, ...) LAB_PRINTF(3, 4);
static void set_text(json_t *config, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)json_object_set_new(config, name, json_vsprintf(fmt, ap));
	va_end(ap);
}

/* "" takes a limit away. */
void lab_lxd_set_limits(json_t *config, const struct lab_limits *limits)
{
	if (limits->memory_bytes)
		set_text(config, "limits.memory", "%" PRIu64, limits->memory_bytes);
	else
		set_text(config, "limits.memory", "%s", "");
	set_text(config, "limits.memory.swap", "%s", limits->memory_bytes ? "false" : "");
	/* In whole milliseconds; the kernel knows no longer period. */
	if (limits->cpus_milli)
		set_text(config, "limits.cpu.allowance", "%" PRIu32 "ms/%dms",
			 limits->cpus_milli % 10 ? limits->cpus_milli : limits->cpus_milli / 10,
			 limits->cpus_milli % 10 ? 1000 : 100);
	else
		set_text(config, "limits.cpu.allowance", "%s", "");
	if (limits->pids)
		set_text(config, "limits.processes", "%" PRIu32, limits->pids);
	else
		set_text(config, "limits.processes", "%s", "");
}

static void drop_empty(json_t *config)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(config, next, name, value)
		if (!*json_string_value(value))
			(void)json_object_del(config, name);
}

static json_t *disk(const char *source, const char *path, bool read_only)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "type", "disk", "source", source, "path", path,
			 "readonly", read_only ? "true" : "false");
}

struct lab_limits lab_lxd_limits(const struct lab_engine_host *host)
{
	const json_t *kept = json_object_get(host->kept, "limits");

	if (!kept)
		return (struct lab_limits){ .memory_bytes = host->memory_bytes,
					    .cpus_milli = host->cpus_milli,
					    .pids = host->pids };
	return (struct lab_limits){
		.memory_bytes = (uint64_t)json_integer_value(json_object_get(kept, "memory")),
		.cpus_milli = (uint32_t)json_integer_value(json_object_get(kept, "cpus_milli")),
		.pids = (uint32_t)json_integer_value(json_object_get(kept, "pids")),
	};
}

static json_t *config_of(const struct lab_lxd *lxd, const char *raw)
{
	const struct lab_engine_host *host = lxd->host;
	const struct lab_limits limits = lab_lxd_limits(host);
	json_t *config = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "security.privileged", "true",
				   "boot.autostart", "false", "raw.lxc", raw, LAB_LXD_LABEL_LAB,
				   lxd->engine->lab, LAB_LXD_LABEL_KEY, lxd->engine->key,
				   LAB_LXD_LABEL_HOST, host->id);

	lab_lxd_set_limits(config, &limits);
	drop_empty(config);
	return config;
}

/* Devices of a profile as they must be here: no card, since the network is the lab's. Tells whether it has a root disk. */
static int use_profile(struct lab_lxd *lxd, const char *name, json_t *devices, bool *has_root,
		       struct lab_err *err)
{
	cleanup_json json_t *profile = NULL;
	cleanup_free char *escaped = lab_http_escape(name);
	const char *device;
	json_t *one;
	int r;

	if (!escaped)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, &profile, err,
			 "/1.0/profiles/%s", escaped);
	if (r == -ENOENT)
		return lab_err_set(err, ENOENT,
				   "the server has no profile \"%.60s\" (lxc profile list)", name);
	if (r < 0)
		return r;
	json_object_foreach(json_object_get(profile, "devices"), device, one) {
		const char *type = json_string_value(json_object_get(one, "type")),
			   *path = json_string_value(json_object_get(one, "path"));

		if (type && strcmp(type, "nic") == 0)
			(void)json_object_set_new(devices, device,
						  json_pack("{s:s}", "type", "none"));
		if (type && path && strcmp(type, "disk") == 0 && strcmp(path, "/") == 0)
			*has_root = true;
	}
	return 0;
}

/* A server whose profiles say nothing of where roots are kept has a pool at least. */
static int add_root(struct lab_lxd *lxd, json_t *devices, struct lab_err *err)
{
	cleanup_json json_t *pools = NULL;
	const char *path, *slash;
	int r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, &pools, err,
			     "/1.0/storage-pools");

	if (r < 0)
		return r;
	path = json_string_value(json_array_get(pools, 0));
	slash = path ? strrchr(path, '/') : NULL;
	if (!slash)
		return lab_err_set(err, ENOSYS,
				   "the server has no storage pool: lxd init [ENOSYS]");
	(void)json_object_set_new(devices, "root",
				  json_pack("{s:s, s:s, s:s}", "type", "disk", "path", "/", "pool",
					    slash + 1));
	return 0;
}

static int add_profiles(struct lab_lxd *lxd, json_t *spec, json_t *devices, struct lab_err *err)
{
	const char *names = lab_lxd_setting(lxd->host, "lxd_profile");
	cleanup_free char *list = strdup(names ? names : "default");
	json_t *profiles = json_array();
	char *save = NULL, *name;
	bool has_root = false;
	int r = 0;

	(void)json_object_set_new(spec, "profiles", profiles);
	for (name = list ? strtok_r(list, ", ", &save) : NULL; name && r == 0;
	     name = strtok_r(NULL, ", ", &save)) {
		(void)json_array_append_new(profiles, json_string(name));
		r = use_profile(lxd, name, devices, &has_root, err);
	}
	return r < 0 || has_root ? r : add_root(lxd, devices, err);
}

static int describe(struct lab_lxd *lxd, const char *name, const json_t *source, json_t **ret,
		    struct lab_err *err)
{
	const struct lab_engine_host *host = lxd->host;
	cleanup_free char *raw = NULL, *sock = NULL;
	cleanup_json json_t *spec = NULL;
	json_t *devices;
	int r = lab_lxd_raw(host, &raw, err);

	if (r < 0)
		return r;
	if (asprintf(&sock, "%s/agent.sock", host->dir) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	spec = json_pack("{s:s, s:s, s:O, s:b, s:o, s:{s:o, s:o}}", "name", name, "type",
			 "container", "source", source, "ephemeral",
			 lab_lxd_says_yes(host, "ephemeral"), "config", config_of(lxd, raw),
			 "devices", "netlab-agent", disk(lxd->engine->agent, LAB_LXD_AGENT, true),
			 "netlab-socket", disk(sock, LAB_LXD_SOCKET, false));
	if (!spec)
		return lab_err_set(err, ENOMEM, "out of memory");
	devices = json_object_get(spec, "devices");
	r = add_profiles(lxd, spec, devices, err);
	if (r == 0)
		*ret = take_ptr(&spec);
	return r;
}

/* --- create ------------------------------------------------------------------------------------ */

/* Once for a lab and server: a mark beside the journal says that it is in there. */
static int journal_image(const struct lab_lxd *lxd, const char *server, struct lab_err *err)
{
	cleanup_free char *mark = NULL;
	char digest[LAB_DIGEST_STRLEN];
	cleanup_close int fd = -1;
	int r;

	lab_digest_mem(server, strlen(server), digest);
	if (asprintf(&mark, "%s/lxd.%.16s", lxd->engine->dir, digest) < 0) {
		mark = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	if (access(mark, F_OK) == 0)
		return 0;
	r = lab_journal_add(lxd->engine, err, "lxd %s %s %s", server, lxd->engine->lab,
			    lxd->engine->key);
	if (r == 0)
		fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return r;
}

int lab_lxd_journal(const struct lab_lxd *lxd, struct lab_err *err)
{
	cleanup_free char *server = lab_lxd_server_format(&lxd->server);
	int r;

	if (!server)
		return lab_err_set(err, ENOMEM, "out of memory");
	/* The first line is undone last: an image stays as long as it is used. */
	r = journal_image(lxd, server, err);
	return r < 0 ? r
		     : lab_journal_add(lxd->engine, err, "lxd %s %s %s %s", server,
				       lxd->engine->lab, lxd->engine->key, lxd->host->id);
}

static int check_settings(const struct lab_engine_host *host, struct lab_err *err)
{
	static const char *const flags[] = { "init", "ephemeral" };

	for (size_t i = 0; i < LAB_ARRAY_SIZE(flags); i++) {
		const char *value = lab_lxd_setting(host, flags[i]);

		if (value && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return lab_err_set(err, EINVAL, "%s must be yes or no, and is \"%.60s\"",
					   flags[i], value);
	}
	return 0;
}

/* Its containers are processes of this machine, or they could not join the lab's network namespaces. */
static int check_server(struct lab_lxd *lxd, json_t **ret_info, struct lab_err *err)
{
	const char *name, *auth;
	char here[256] = "";
	int r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, ret_info, err, "/1.0");

	if (r < 0)
		return r;
	auth = json_string_value(json_object_get(*ret_info, "auth"));
	if (!auth || strcmp(auth, "trusted") != 0)
		return lab_err_set(
			err, EACCES,
			"the server at %.100s does not trust this client: lxc remote add NAME %.100s",
			lxd->server.socket ? lxd->server.socket : lxd->server.url,
			lxd->server.socket ? lxd->server.socket : lxd->server.url);
	name = json_string_value(
		json_object_get(json_object_get(*ret_info, "environment"), "server_name"));
	(void)gethostname(here, sizeof(here) - 1);
	if (lxd->server.url && name && strcmp(name, here) != 0)
		return lab_err_set(
			err, EOPNOTSUPP,
			"the server at %.100s is %.60s, another machine: its containers cannot join the network of a lab on %.60s",
			lxd->server.url, name, here);
	return 0;
}

/* Not part of an image, but of the host: names of the others. */
static int put_hosts_file(struct lab_lxd *lxd, const char *name, struct lab_err *err)
{
	static const char *const headers[] = { "X-LXD-type: file", "X-LXD-mode: 0644",
					       "X-LXD-uid: 0", "X-LXD-gid: 0", NULL };
	cleanup_close int fd = open(lxd->engine->hosts_file, O_RDONLY | O_CLOEXEC);
	struct lab_http_req req = { .method = "POST",
				    .body_type = "application/octet-stream",
				    .headers = headers };
	int r;

	if (fd < 0)
		return lab_err_errno(err, errno, "open %s", lxd->engine->hosts_file);
	req.body_fd = fd;
	r = lab_lxd_call(lxd, req, NULL, err, "/1.0/instances/%s/files?path=/etc/hosts", name);
	return r < 0 ? lab_err_prefix(err, r, "/etc/hosts: ") : 0;
}

int lab_lxd_make(struct lab_lxd *lxd, const char *name, const json_t *source, struct lab_err *err)
{
	const char *target = lab_lxd_setting(lxd->host, "lxd_target");
	cleanup_free char *member = target ? lab_http_escape(target) : NULL;
	cleanup_json json_t *spec = NULL;
	int r = describe(lxd, name, source, &spec, err);

	if (r == 0)
		r = lab_lxd_do(lxd, (struct lab_http_req){ .method = "POST", .body = spec }, NULL,
			       err, "/1.0/instances%s%s", member ? "?target=" : "",
			       member ? member : "");
	if (r == 0 && !lab_lxd_lent(lxd->host))
		r = put_hosts_file(lxd, name, err);
	return r;
}

int lab_lxd_create(const struct lab_engine *engine, const struct lab_engine_host *host,
		   const json_t *args, json_t *ret, int *ret_fd, struct lab_err *err)
{
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_json json_t *info = NULL, *source = NULL;
	cleanup_free char *lower = NULL, *path = NULL;
	struct lab_engine_host made = *host;
	char name[LAB_LXD_NAME_LEN];
	cleanup_close int sock = -1;
	int r = check_settings(host, err);

	(void)args;
	(void)ret_fd;
	if (r == 0)
		r = lab_lxd_open(engine, host, &lxd, err);
	if (r == 0)
		r = check_server(&lxd, &info, err);
	if (r == 0)
		r = lab_lxd_journal(&lxd, err);
	/* What is going to be mounted must be there. */
	if (r == 0)
		sock = r = lab_lend_listen(host, &path, err);
	if (r >= 0)
		r = lab_lxd_image(&lxd, info, &source, &lower, err);
	if (r < 0)
		return r;
	lab_lxd_name(&lxd, host->id, name);
	r = lab_lxd_keep(ret, "instance", json_string(name), err);
	if (r == 0)
		r = lab_lxd_keep(ret, "source", json_incref(source), err);
	if (r == 0 && lower)
		r = lab_layers_upper(engine, host, lower, ret, err);
	if (r < 0)
		return r;
	/* As the next operations will see it. */
	made.kept = json_object_get(ret, "keep");
	lxd.host = &made;
	return lab_lxd_make(&lxd, name, source, err);
}
