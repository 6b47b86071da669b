/* SPDX-License-Identifier: GPL-2.0-or-later */
/* podman_service.c - the service that makes containers: one of the lab's own, or the user's */
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "netlab/backend/groups.h"
#include "netlab/backend/journal.h"
#include "netlab/backend/lend.h"
#include "netlab/backend/podman_internal.h"
#include "netlab/base/files.h"
#include "netlab/base/program.h"
#include "netlab/base/util.h"
#include "netlab/ns/caps.h"
#include "netlab/ns/mount.h"

#define PROGRAM "podman"
#define DIR_    "podman" /* in lab_engine.dir */

/* Where the images of the machine's own podman are, unless its configuration says something else. */
#define MACHINE_DIR   "/var/lib/containers"
#define MACHINE_STORE MACHINE_DIR "/storage"
#define MACHINE_CACHE MACHINE_DIR "/cache"

enum {
	LISTEN_FD =
		3, /* where services that are started with a socket expect it: sd_listen_fds(3) */
	BACKLOG = 128,
	PULL_MS = 110000,
};

/* --- clients ----------------------------------------------------------------------------------- */

int lab_podman_connect(const char *uri, struct lab_http **ret, struct lab_err *err)
{
	struct lab_http_server server = { .name = NULL };
	cleanup_free char *url = NULL;

	if (strncmp(uri, "unix://", 7) == 0 && uri[7] == '/') {
		server.socket = uri + 7;
	} else if (strncmp(uri, "tcp://", 6) == 0) {
		if (asprintf(&url, "http://%s", uri + 6) < 0) {
			url = NULL;
			return lab_err_set(err, ENOMEM, "out of memory");
		}
		server.url = url;
	} else if (strncmp(uri, "http://", 7) == 0 || strncmp(uri, "https://", 8) == 0) {
		server.url = uri;
	} else {
		return lab_err_set(
			err, EINVAL,
			"podman_uri \"%.100s\" must be unix:///path, tcp://host:port or https://host:port",
			uri);
	}
	return lab_http_open(&server, ret, err);
}

static int connect_own(const struct lab_engine *engine, struct lab_http **ret, struct lab_err *err)
{
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/" DIR_ "/api.sock", engine->dir) < 0) {
		path = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	return lab_http_open(&(struct lab_http_server){ .socket = path }, ret, err);
}

int lab_podman_open(const struct lab_engine *engine, const struct lab_engine_host *host,
		    struct lab_podman *ret, struct lab_err *err)
{
	int r;

	*ret = (struct lab_podman){
		.engine = engine,
		.host = host,
		.uri = json_string_value(json_object_get(host->settings, "podman_uri")),
	};
	if (!ret->uri)
		return connect_own(engine, &ret->http, err);
	r = lab_podman_connect(ret->uri, &ret->http, err);
	return r == -ECONNREFUSED ? -ENOSYS : r;
}

void lab_podman_close(struct lab_podman *pd)
{
	lab_http_close(pd->http);
	pd->http = NULL;
}

static char *own_path(const struct lab_engine *engine, const char *name)
{
	char *path;

	return asprintf(&path, "%s/" DIR_ "/%s", engine->dir, name) < 0 ? NULL : path;
}

/* What the lab's own service said before it died. */
static void explain(const struct lab_engine *engine, struct lab_err *err)
{
	cleanup_free char *path = own_path(engine, "log");
	cleanup_close int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[4096], *line;
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, 0);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0)
		return;
	text[n] = '\0';
	line = strrchr(text, '\n');
	(void)lab_err_set(err, EIO, "its service has ended: %.300s", line ? line + 1 : text);
}

int lab_podman_call(struct lab_podman *pd, struct lab_http_req req, json_t **ret,
		    struct lab_err *err, const char *fmt, ...)
{
	cleanup_free char *tail = NULL, *path = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&tail, fmt, ap);
	va_end(ap);
	if (r < 0) {
		tail = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	if (asprintf(&path, LAB_PODMAN_API "%s", tail) < 0) {
		path = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	req.path = path;
	req.timeout_ms = LAB_PODMAN_MS;
	r = lab_http_request(pd->http, &req, ret, err);
	if ((r == -ECONNREFUSED || r == -ECONNRESET) && !pd->uri)
		explain(pd->engine, err);
	/* The user named a service that is not there: the machine lacks it. */
	return r == -ECONNREFUSED && pd->uri ? -ENOSYS : r;
}

/* --- the lab's own service --------------------------------------------------------------------- */

static int write_file(const struct lab_engine *engine, const char *name, const char *text,
		      struct lab_err *err)
{
	cleanup_free char *path = own_path(engine, name);
	cleanup_close int fd = -1;
	size_t len = strlen(text);

	if (!path)
		return lab_err_set(err, ENOMEM, "out of memory");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return lab_err_errno(err, errno, "write %s", path);
	return 0;
}

/* Raising a limit takes a right that a service in a container may not have: then no container gets more than it. */
static void add_ulimits(struct lab_strbuf *sb)
{
	struct rlimit nofile, nproc;

	if ((lab_caps_effective() & 1ULL << CAP_SYS_RESOURCE) ||
	    getrlimit(RLIMIT_NOFILE, &nofile) < 0 || getrlimit(RLIMIT_NPROC, &nproc) < 0)
		return;
	lab_strbuf_printf(sb, "default_ulimits=[\"nofile=%llu:%llu\",\"nproc=%lld:%lld\"]\n",
			  (unsigned long long)nofile.rlim_cur, (unsigned long long)nofile.rlim_max,
			  (long long)nproc.rlim_cur, (long long)nproc.rlim_max);
}

/* An image of another storage is used where it is: nothing is written there. */
static bool has_images(const char *store)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/overlay-images/images.lock", store);
	return access(path, R_OK) == 0;
}

static int configure(const struct lab_engine *engine, struct lab_err *err)
{
	static const char *const stores[] = { LAB_PODMAN_STORE, MACHINE_STORE };
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	const char *comma = "";
	int r;

	lab_strbuf_puts(&sb, "[containers]\n");
	add_ulimits(&sb);
	lab_strbuf_printf(&sb,
			  "netns=\"none\"\ndefault_sysctls=[]\nlog_driver=\"k8s-file\"\n"
			  "[network]\nnetwork_config_dir=\"%s/" DIR_ "/net\"\n"
			  "[engine]\nruntime=\"runc\"\ncgroup_manager=\"cgroupfs\"\n"
			  "events_logger=\"none\"\nlock_type=\"file\"\ntmp_dir=\"%s/" DIR_
			  "/tmp\"\n[engine.runtimes]\nrunc=[\"%s/" DIR_ "/netlab-runc\"]\n",
			  engine->dir, engine->dir, engine->dir);
	r = sb.error ? sb.error : write_file(engine, "containers.conf", lab_strbuf_str(&sb), err);
	if (r < 0)
		return r;
	lab_strbuf_reset(&sb);
	lab_strbuf_printf(&sb,
			  "[storage]\ndriver=\"overlay\"\ngraphroot=\"%s/" DIR_
			  "/root\"\nrunroot=\"%s/" DIR_
			  "/runroot\"\n[storage.options]\nadditionalimagestores=[",
			  engine->dir, engine->dir);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(stores); i++)
		if (has_images(stores[i])) {
			lab_strbuf_printf(&sb, "%s\"%s\"", comma, stores[i]);
			comma = ",";
		}
	lab_strbuf_puts(&sb, "]\n");
	return sb.error ? sb.error : write_file(engine, "storage.conf", lab_strbuf_str(&sb), err);
}

/* See runc.c. */
static int link_runtime(const struct lab_engine *engine, struct lab_err *err)
{
	cleanup_free char *path = own_path(engine, "netlab-runc");
	char program[PATH_MAX];
	int r = lab_program_own("netlab-runc", program, sizeof(program), err);

	if (r < 0)
		return r;
	return path && symlink(program, path) == 0
		       ? 0
		       : lab_err_errno(err, errno, "make a link to netlab-runc");
}

/*
 * Podman remembers the layers that it has seen in a folder that no setting moves. For the processes of this lab it is one that they have
 * alone; what has to be made for that is removed again.
 */
static int hide_cache(const struct lab_engine *engine, struct lab_err *err)
{
	static const char *const dirs[] = { MACHINE_DIR, MACHINE_CACHE };
	int r;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(dirs); i++) {
		if (access(dirs[i], F_OK) == 0)
			continue;
		r = lab_journal_add(engine, err, PROGRAM " empty %s", dirs[i]);
		if (r < 0)
			return r;
		if (mkdir(dirs[i], 0700) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "mkdir %s", dirs[i]);
	}
	return lab_mount("netlab", MACHINE_CACHE, "tmpfs", 0, "mode=700", err);
}

int lab_podman_sweep_empty(const char *path, struct lab_err *err)
{
	if (strcmp(path, MACHINE_DIR) != 0 && strcmp(path, MACHINE_CACHE) != 0)
		return lab_err_set(err, EINVAL, "\"%.60s\" is no line of a journal", path);
	/* If somebody has put something there, it is theirs. */
	(void)rmdir(path);
	return 0;
}

static int listen_own(const struct lab_engine *engine, struct lab_err *err)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), dir = -1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	cleanup_free char *path = own_path(engine, "");

	dir = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0 || dir < 0)
		return lab_err_errno(err, errno, "open a socket for podman");
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/api.sock", dir);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, BACKLOG) < 0)
		return lab_err_errno(err, errno, "bind %sapi.sock", path);
	return take_fd(&fd);
}

static void set_path(const struct lab_engine *engine, const char *variable, const char *name)
{
	cleanup_free char *path = own_path(engine, name);

	if (!path || setenv(variable, path, 1) < 0)
		_exit(126);
}

static void exec_service(const struct lab_engine *engine, int fd, int log)
	__attribute__((noreturn));
static void exec_service(const struct lab_engine *engine, int fd, int log)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char pid[16];

	/* Above those that they are going to be. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, LISTEN_FD + 1);
	if (null < 0 || fd < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 ||
	    dup2(fd, LISTEN_FD) < 0)
		_exit(126);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("LISTEN_FDS", "1", 1);
	(void)setenv("LISTEN_PID", pid, 1);
	set_path(engine, "CONTAINERS_CONF", "containers.conf");
	set_path(engine, "CONTAINERS_STORAGE_CONF", "storage.conf");
	set_path(engine, "TMPDIR", "");
	set_path(engine, "HOME", "");
	(void)unsetenv("XDG_RUNTIME_DIR");
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setsid();
	/* All of its settings are in files: the option --root would make it forget where the images are. */
	(void)execlp(PROGRAM, PROGRAM, "system", "service", "--time", "0", (char *)NULL);
	_exit(127);
}

static int start_service(const struct lab_engine *engine, struct lab_err *err)
{
	cleanup_free char *path = own_path(engine, "log");
	cleanup_close int fd = listen_own(engine, err), log = -1;
	char text[16];
	pid_t pid;

	if (fd < 0)
		return fd;
	log = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	if (log < 0)
		return lab_err_errno(err, errno, "open the log of podman");
	pid = fork();
	if (pid == 0)
		exec_service(engine, fd, log);
	if (pid < 0)
		return lab_err_errno(err, errno, "fork");
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return write_file(engine, "pid", text, err);
}

static bool is_own(const struct lab_engine_host *host)
{
	return strcmp(host->backend, PROGRAM) == 0 &&
	       !json_object_get(host->settings, "podman_uri");
}

int lab_podman_serve(const struct lab_engine *engine, struct lab_err *err)
{
	cleanup_free char *dir = own_path(engine, "");
	bool needed = false, brings = false;
	char cgroup[LAB_GROUPS_NAME_LEN];
	int r = 0;

	for (size_t i = 0; i < engine->n_hosts; i++) {
		needed |= is_own(&engine->hosts[i]);
		brings |= is_own(&engine->hosts[i]) && lab_podman_brings(engine->hosts[i].image);
	}
	if (!needed)
		return 0;
	if (!lab_program_in_path(PROGRAM, getenv("PATH")))
		return lab_err_set(err, ENOSYS,
				   "there is no program " PROGRAM
				   ": apt-get install podman runc [ENOSYS]");
	if (!dir || mkdir(dir, 0700) < 0)
		return lab_err_errno(err, errno, "make a folder for podman");
	/* A service that runs sees no storage that was not there when it started. */
	if (brings)
		r = lab_podman_make_store(err);
	lab_groups_name(engine, cgroup);
	if (r == 0)
		r = lab_journal_add(engine, err, "cgroups %s", cgroup);
	if (r == 0)
		r = hide_cache(engine, err);
	if (r == 0)
		r = link_runtime(engine, err);
	if (r == 0)
		r = configure(engine, err);
	return r < 0 ? r : start_service(engine, err);
}

static pid_t service_pid(const struct lab_engine *engine)
{
	cleanup_free char *path = own_path(engine, "pid");
	cleanup_file FILE *f = path ? fopen(path, "re") : NULL;
	int pid = 0;

	/* NOLINTNEXTLINE(cert-err34-c): written by us */
	return f && fscanf(f, "%d", &pid) == 1 ? pid : 0;
}

void lab_podman_end(const struct lab_engine *engine)
{
	static const char *const members[] = { "conmon", "pid" };
	pid_t pid = service_pid(engine);

	if (pid > 0 && kill(pid, SIGKILL) == 0)
		(void)waitpid(pid, NULL, 0);
	if (pid > 0)
		(void)umount2(MACHINE_CACHE, MNT_DETACH);
	for (size_t i = 0; i < engine->n_hosts; i++)
		for (size_t m = 0; is_own(&engine->hosts[i]) && m < LAB_ARRAY_SIZE(members); m++) {
			pid = (pid_t)json_integer_value(
				json_object_get(engine->hosts[i].kept, members[m]));
			if (pid > 1)
				(void)kill(pid, SIGKILL);
		}
}

/* --- the storage that all labs share ----------------------------------------------------------- */

/* What podman finds there must be the same each time. */
static const char store_run[] = LAB_PODMAN_STORE "/runroot",
		  store_tmp[] = LAB_PODMAN_STORE "/tmpdir";
#define STORE_SCRATCH LAB_PODMAN_STORE "/scratch"

int lab_podman_make_store(struct lab_err *err)
{
	static const char *const dirs[] = { "/var/lib/netlab", LAB_PODMAN_STORE,
					    LAB_PODMAN_STORE "/overlay-images",
					    LAB_PODMAN_STORE "/overlay-layers" };
	static const char *const locks[] = { LAB_PODMAN_STORE "/overlay-images/images.lock",
					     LAB_PODMAN_STORE "/overlay-layers/layers.lock" };

	for (size_t i = 0; i < LAB_ARRAY_SIZE(dirs); i++)
		if (mkdir(dirs[i], i ? 0700 : 0755) < 0 && errno != EEXIST)
			return lab_err_errno(err, errno, "mkdir %s", dirs[i]);
	for (size_t i = 0; i < LAB_ARRAY_SIZE(locks); i++) {
		cleanup_close int fd = open(locks[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		if (fd < 0)
			return lab_err_errno(err, errno, "make %s", locks[i]);
	}
	return 0;
}

/* What those who were killed have left. */
static int empty_scratch(struct lab_err *err)
{
	int r = lab_files_remove(AT_FDCWD, STORE_SCRATCH);

	if (r < 0)
		return lab_err_errno(err, -r, "empty " STORE_SCRATCH);
	return mkdir(STORE_SCRATCH, 0700) < 0 ? lab_err_errno(err, errno, "mkdir " STORE_SCRATCH)
					      : 0;
}

int lab_podman_own_program(const struct lab_podman *pd, const char *const *args,
			   struct lab_err *err)
{
	const char *argv[32] = {
		PROGRAM,    "--root",  LAB_PODMAN_STORE,   "--runroot", store_run,
		"--tmpdir", store_tmp, "--storage-driver", "overlay",   "--events-backend",
		"none"
	};
	cleanup_close int lock = open(LAB_PODMAN_STORE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *conf = own_path(pd->engine, "containers.conf");
	size_t n = 11;
	int r;

	if (lock < 0)
		return lab_err_errno(err, errno, "open " LAB_PODMAN_STORE);
	while (*args && n + 1 < LAB_ARRAY_SIZE(argv))
		argv[n++] = *args++;
	/* The same image for eight hosts at once; who waits ends at the latest at the deadline of the operation. */
	if (flock(lock, LOCK_EX) < 0)
		return lab_err_errno(err, errno, "lock " LAB_PODMAN_STORE);
	r = empty_scratch(err);
	if (r < 0)
		return r;
	/* What is unpacked goes next to where it will be: /tmp may be small. */
	if (!conf || setenv("CONTAINERS_CONF", conf, 1) < 0 ||
	    setenv("TMPDIR", STORE_SCRATCH, 1) < 0 || setenv("HOME", pd->host->dir, 1) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	return lab_lend_run(argv, NULL, PULL_MS, err);
}
