/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper.c - the life of the process that owns a lab */
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netlab/base/fault.h"
#include "netlab/base/strbuf.h"
#include "netlab/keeper/host.h"
#include "netlab/keeper/keeper_internal.h"

enum {
	MAPPED_MS = 10000, /* the command maps our user namespace as soon as it has cloned us */
	FDS_EACH_HOST = 2, /* its namespace and its agent's channel */
	FDS_MORE = 128,
	LISTEN_BACKLOG = 128,
	LO_IFINDEX = 1,
	ACCEPT_AT_ONCE = 16,
	DYING_MS = 5000,
	CGROUP_FDS = 16, /* above those that a spawner gets */
};

/* Wait for the end of all hosts, which have been killed: what is left of them keeps their cgroups. */
static void reap_all(void)
{
	uint64_t now = lab_loop_now_us(), deadline = now + DYING_MS * 1000ULL;
	struct timespec left;
	sigset_t child;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid > 0)
			continue;
		now = lab_loop_now_us();
		if (pid < 0 || now >= deadline)
			return;
		left.tv_sec = (time_t)((deadline - now) / 1000000);
		left.tv_nsec = (long)((deadline - now) % 1000000) * 1000;
		(void)sigtimedwait(&child, NULL, &left);
	}
}

void lab_keeper_fail(struct lab_keeper *k, int code, const char *text)
{
	if (k->failed || k->up)
		return;
	k->failed = true;
	(void)lab_err_set(&k->err, code, "%s", text);
}

void lab_keeper_fail_host(struct lab_keeper *k, uint32_t index, int code, const char *text)
{
	const struct lab_host *host = &k->topo->hosts[index];

	if (k->up)
		lab_hosts_failed(&k->hosts[index], text);
	if (k->failed || k->up)
		return;
	k->failed = true;
	(void)lab_err_set(&k->err, code, "%s%s%s%s", strncmp(text, "host ", 5) ? "host " : "",
			  strncmp(text, "host ", 5) ? host->id : "",
			  strncmp(text, "host ", 5) ? ": " : "", text);
	(void)lab_err_at(&k->err, 0, &host->src);
}

void lab_keeper_end(struct lab_keeper *k)
{
	lab_keeper_engine_close(k);
	/* The freezer of version 1 keeps processes from dying. */
	for (size_t i = 0; k->up && i < k->topo->n_hosts; i++)
		if (lab_hosts_frozen(&k->hosts[i]) && !k->hosts[i].engine)
			(void)lab_host_thaw(&k->hosts[i]);
	/*
	 * All at once; otherwise each agent would first wake up to the end of its channel. They die while we tidy up; the name
	 * stays locked until we are gone, too.
	 */
	(void)kill(-1, SIGKILL);
	if (k->cgroups.n || k->engine_dir)
		reap_all();
	/* Otherwise the journal stays, for whoever sweeps it. */
	if (lab_cgroups_remove(&k->cgroups) == 0)
		lab_rundir_remove(&k->rundir);
	_exit(0);
}

static void on_signal(struct lab_source *src, const siginfo_t *info, void *user)
{
	(void)src;
	(void)info;
	lab_keeper_end(user);
}

/* PID 1 reaps whatever is orphaned in the lab. While it comes up, how a host ended is told by its channel. */
static void on_child(struct lab_source *src, const siginfo_t *info, void *user)
{
	struct lab_keeper *k = user;
	int status;
	pid_t pid;

	(void)src;
	(void)info;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (k->up)
			lab_hosts_reaped(k, pid, status);
}

static void on_connect(struct lab_source *src, int fd, uint32_t events, void *user)
{
	struct lab_keeper *k = user;

	(void)src;
	(void)events;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct ucred cred;
		socklen_t len = sizeof(cred);
		/* cppcheck-suppress nullPointer */
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client < 0)
			return;
		if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ||
		    cred.uid != geteuid()) {
			(void)close(client);
			continue;
		}
		(void)lab_relay_accept(k, client, NULL);
	}
}

/* Until the command has mapped our user namespace, we are nobody. */
static int wait_mapped(int fd, struct lab_err *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&p, 1, MAPPED_MS) != 1 || read(fd, &byte, 1) != 1)
		return lab_err_set(err, EPERM, "the user namespace was not mapped");
	return 0;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Have a descriptor with a number that is not needed for something else. */
static int keep_descriptor(int *fd, int min)
{
	if (*fd < min)
		*fd = fcntl(*fd, F_DUPFD_CLOEXEC, min);
	return *fd;
}

/* Give up everything that came along from the command's process but what we were meant to have. */
static int shed_descriptors(struct lab_keeper *k, int *starter, int *machine_netns,
			    struct lab_err *err)
{
	int *const mine[] = { starter, &k->listen_fd, &k->rundir.base, &k->rundir.fd,
			      machine_netns };
	int keep[LAB_ARRAY_SIZE(mine) + 2 * LAB_CGROUPS_MAX +
		 LAB_SPAWN_IMAGES_MAX * LAB_IMAGE_LAYERS_MAX + 1],
		null;
	unsigned int from = 3;
	size_t n = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(mine); i++) {
		if (mine[i] == machine_netns && *machine_netns < 0)
			continue;
		/* The command may have run without standard input or output. */
		if (keep_descriptor(mine[i], 3) < 0)
			return lab_err_errno(err, errno, "duplicate a descriptor");
		keep[n++] = *mine[i];
	}
	for (uint32_t i = 0; i < k->cgroups.n; i++) {
		struct lab_cgroup *cg = &k->cgroups.list[i];

		if (keep_descriptor(&cg->parent_fd, 3) < 0 ||
		    keep_descriptor(&cg->fd, CGROUP_FDS) < 0)
			return lab_err_errno(err, errno, "duplicate a descriptor");
		keep[n++] = cg->parent_fd;
		keep[n++] = cg->fd;
	}
	/* Nothing is read from them: they hold the locks of the images until this process ends, however it does. */
	for (uint32_t i = 0; i < k->images.n; i++)
		for (unsigned int l = 0; l < k->images.list[i].n_layers; l++) {
			int *lock = &k->images.list[i].layers[l].lock;

			if (keep_descriptor(lock, 3) < 0)
				return lab_err_errno(err, errno, "duplicate a descriptor");
			keep[n++] = *lock;
		}
	if (lab_fault_fd() >= 0)
		keep[n++] = lab_fault_fd();
	qsort(keep, n, sizeof(keep[0]), compare_fds);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned int)keep[i] > from)
			(void)close_range(from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	(void)close_range(from, ~0u, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return lab_err_errno(err, errno, "open /dev/null");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return lab_err_errno(err, errno, "dup2");
	if (null > 2)
		(void)close(null);
	return 0;
}

/* Descriptors are the one thing of which a big lab needs many. The spawner, and so every command, keeps the usual limit. */
static int raise_limits(const struct lab_keeper *k, struct lab_err *err)
{
	rlim_t need = (rlim_t)k->topo->n_hosts * FDS_EACH_HOST + FDS_MORE;
	struct rlimit lim;

	for (size_t i = 0; i < k->topo->n_hosts; i++)
		need += (rlim_t)k->topo->hosts[i].n_netns * FDS_EACH_HOST;
	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return lab_err_errno(err, errno, "getrlimit");
	if (lim.rlim_max < need)
		return lab_err_set(
			err, ENOSYS,
			"%zu hosts need %llu descriptors, and the hard limit is %llu (ulimit -Hn)",
			k->topo->n_hosts, (unsigned long long)need,
			(unsigned long long)lim.rlim_max);
	lim.rlim_cur = lim.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &lim) < 0 ? lab_err_errno(err, errno, "setrlimit") : 0;
}

static int add_signals(struct lab_keeper *k, struct lab_err *err)
{
	int r = lab_loop_add_signal(k->loop, SIGTERM, on_signal, k, NULL);

	if (r == 0)
		r = lab_loop_add_signal(k->loop, SIGCHLD, on_child, k, NULL);
	return r < 0 ? lab_err_errno(err, -r, "watch signals") : 0;
}

void lab_keeper_drop_host(struct lab_keeper *k, uint32_t index)
{
	struct lab_khost *host = &k->hosts[index];

	for (size_t i = 0; host->spaces && i < k->topo->hosts[index].n_netns; i++)
		close_fd(&host->spaces[i].netns);
	close_fd(&host->netns);
	free(host->spaces);
	free(host->links);
	*host = (struct lab_khost){
		.keeper = k, .index = index, .netns = -1, .state = LAB_HOST_DEAD
	};
}

int lab_keeper_add_host(struct lab_keeper *k, uint32_t index)
{
	const struct lab_host *from = &k->topo->hosts[index];
	struct lab_khost *host = &k->hosts[index];

	*host = (struct lab_khost){ .keeper = k, .index = index, .netns = -1 };
	/* No id has a '~': another host may have had this one. */
	if (k->up)
		(void)snprintf(host->group, sizeof(host->group), "%s~%u", from->id, index);
	else
		(void)snprintf(host->group, sizeof(host->group), "%s", from->id);
	host->links = calloc(from->n_ifaces + 1, sizeof(*host->links));
	if (!host->links)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_ifaces; i++)
		if (lab_iface_is_loopback(&from->ifaces[i]))
			host->links[i] = (struct lab_klink){ .ifindex = LO_IFINDEX, .up = true };
	if (!from->n_netns)
		return 0;
	host->spaces = calloc(from->n_netns, sizeof(*host->spaces));
	for (uint32_t i = 0; host->spaces && i < from->n_netns; i++)
		host->spaces[i] = (struct lab_khost){
			.keeper = k, .index = index, .space = i + 1, .netns = -1
		};
	return host->spaces ? 0 : -ENOMEM;
}

int lab_keeper_add_hosts(struct lab_keeper *k)
{
	int r = 0;

	k->cap_hosts = k->topo->n_hosts + LAB_HOSTS_MORE;
	k->hosts = calloc(k->cap_hosts, sizeof(*k->hosts));
	if (!k->hosts)
		return -ENOMEM;
	for (size_t i = 0; i < k->topo->n_hosts && r == 0; i++)
		r = lab_keeper_add_host(k, (uint32_t)i);
	return r;
}

static int set_up(struct lab_keeper *k, const struct lab_keeper_args *args, int *starter,
		  int *machine_netns, struct lab_err *err)
{
	int r;

	(void)setsid();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NAME, "netlab-keeper", 0, 0, 0);
	r = shed_descriptors(k, starter, machine_netns, err);
	if (r < 0)
		return r;
	if (args->userns) {
		r = wait_mapped(*starter, err);
		if (r < 0)
			return r;
	}
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0,
		    0); /* only now: files of /proc belong to nobody we know afterwards */
	/* The leash, until it is let go: we hear of the command's end as a signal, and by the end of its connection. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		return lab_err_errno(err, errno, "prctl");
	r = lab_loop_new(&k->loop);
	if (r < 0)
		return lab_err_errno(err, -r, "event loop");
	r = add_signals(k, err);
	if (r < 0)
		return r;
	r = lab_keeper_add_hosts(k);
	return r < 0 ? lab_err_errno(err, -r, "hosts") : 0;
}

static int serve(struct lab_keeper *k, struct lab_err *err)
{
	int r;

	if (listen(k->listen_fd, LISTEN_BACKLOG) < 0)
		return lab_err_errno(err, errno, "listen");
	r = lab_loop_add_fd(k->loop, k->listen_fd, EPOLLIN, on_connect, k, NULL);
	return r < 0 ? lab_err_errno(err, -r, "watch the control socket") : 0;
}

static int bring_up(struct lab_keeper *k, const struct lab_keeper_args *args, int machine_netns,
		    uint64_t phase_us[LAB_PHASE_MAX_], struct lab_err *err)
{
	uint64_t start = lab_loop_now_us();
	int r = raise_limits(k, err);

	/* Engines see the machine as it is, so their process comes before the template takes the root's place. */
	if (r == 0 && lab_keeper_foreign(k->topo))
		r = lab_keeper_engine_start(k, machine_netns, err);
	if (r == 0)
		r = lab_keeper_template(k, args->userns, err);
	phase_us[LAB_PHASE_KEEPER] = lab_loop_now_us() - start;
	if (r == 0)
		r = lab_keeper_apply(k, phase_us, err);
	if (r == 0)
		r = serve(k, err);
	if (r < 0)
		return r;
	/* Whatever was needed only to get here. */
	lab_keeper_spawner_rest(k);
	lab_nl_close(&k->conf);
	return 0;
}

static json_t *describe_error(const struct lab_err *err)
{
	json_t *params = json_pack("{s:i, s:s}", "code", err->code, "message", err->msg);

	if (params && err->src.line)
		(void)json_object_update_new(params,
					     json_pack("{s:i, s:i}", "line", (int)err->src.line,
						       "col", (int)err->src.col));
	return params;
}

void lab_keeper_main(const struct lab_keeper_args *args)
{
	struct lab_keeper *k = calloc(1, sizeof(*k));
	uint64_t phase_us[LAB_PHASE_MAX_] = { 0 };
	struct lab_err err = { 0 };
	int starter = args->starter, machine_netns = args->machine_netns, r;

	if (!k)
		_exit(1);
	*k = (struct lab_keeper){
		.plan = args->plan,
		.topo = (struct lab_topo *)args->plan->topo, /* a copy: this process was cloned */
		.recipe = args->params->recipe,
		.agent = args->params->agent,
		.leash = args->params->leash,
		.created = (int64_t)time(NULL),
		.rundir = *args->rundir,
		.listen_fd = args->listen_fd,
		.cgroups = *args->cgroups,
		.images = *args->images,
		.proc = -1,
		.home = -1,
		.nl = { .fd = -1 },
		.conf = { .fd = -1 },
	};

	r = set_up(k, args, &starter, &machine_netns, &err);
	if (r == 0) {
		r = lab_relay_accept(k, starter, &k->starter);
		if (r < 0)
			(void)lab_err_errno(&err, -r, "connection to the command");
	}
	if (!k->starter)
		_exit(1);
	r = bring_up(k, args, machine_netns, phase_us, &err);
	close_fd(&machine_netns);
	if (r < 0) {
		/* Whoever hears of it kills what is left, and what engines have made would have to be looked for. */
		lab_keeper_engine_close(k);
		(void)lab_rpc_notify(k->starter->rpc, "lab.failed", describe_error(&err), NULL, 0);
		lab_keeper_end(k);
	}
	k->up = true;
	(void)lab_rpc_notify(k->starter->rpc, "lab.up",
			     json_pack("{s:[I,I,I,I]}", "phase_us",
				       (json_int_t)phase_us[LAB_PHASE_KEEPER],
				       (json_int_t)phase_us[LAB_PHASE_HOSTS],
				       (json_int_t)phase_us[LAB_PHASE_LINKS],
				       (json_int_t)phase_us[LAB_PHASE_AGENTS]),
			     NULL, 0);
	(void)lab_loop_run(k->loop);
	lab_keeper_end(k);
}
