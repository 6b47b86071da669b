/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the program `agent` */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "netlab/base/loop.h"
#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/base/version.h"
#include "netlab/ns/caps.h"
#include "netlab/ns/seccomp.h"
#include "netlab/rpc/json.h"
#include "slave-image/agent/agent.h"
#include "slave-image/agent/root.h"
#include "slave-image/agent/spawner.h"

enum { EXIT_USAGE = 2, EXIT_INTERNAL = 4, END_LOOK_MS = 5 };

/* What the command line asks for. */
struct request {
	int (*mode)(const struct request *rq);
	int fd;
	const char *path;
	bool confine, bound;
	struct agt_options agent;
};

static int agent_status(int r)
{
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "agent: error: the connection failed: %s\n", strerror(-r));
	return EXIT_INTERNAL;
}

static int mode_fd(const struct request *rq)
{
	(void)prctl(PR_SET_NAME, "netlab-agent");
	if (fcntl(rq->fd, F_SETFD, FD_CLOEXEC) < 0)
		return agent_status(-errno);
	return agent_status(agt_main(rq->fd, rq->fd, &rq->agent));
}

/*
 * In a container that an engine made: what a host of netlab has no right to do, this one has not, either. Where an init of its own runs, /proc and /sys are
 * its business.
 */
static int confine(bool whole)
{
	struct lab_err err;

	if ((!whole || agt_root_confine(&err) == 0) && lab_caps_bound(lab_caps_host(), &err) == 0 &&
	    lab_seccomp_host(&err) == 0 && lab_caps_limit(lab_caps_host(), &err) == 0)
		return 0;
	(void)fprintf(stderr, "agent: error: %s\n", err.msg);
	return EXIT_INTERNAL;
}

static int mode_connect(const struct request *rq)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return agent_status(-errno);
	if (strlen(rq->path) >= sizeof(addr.sun_path))
		return agent_status(-ENAMETOOLONG);
	memcpy(addr.sun_path, rq->path, strlen(rq->path) + 1);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return agent_status(-errno);
	(void)prctl(PR_SET_NAME, "netlab-agent");
	r = rq->confine || rq->bound ? confine(rq->confine) : 0;
	return r ? r : agent_status(agt_main(fd, fd, &rq->agent));
}

static int mode_resume(const struct request *rq)
{
	(void)prctl(PR_SET_NAME, "netlab-agent");
#ifndef __SANITIZE_ADDRESS__
	/* An exec makes a process readable again; a host's root must not read its PID 1. */
	if (getpid() == 1)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	if (fcntl(rq->fd, F_SETFD, FD_CLOEXEC) < 0)
		return agent_status(-errno);
	return agent_status(agt_resume(rq->fd, &rq->agent));
}

/* One socket as both (as some ssh servers have it): descriptors can be passed on it. */
static bool same_socket(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && S_ISSOCK(sa.st_mode) &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static int mode_stdio(const struct request *rq)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int in = fcntl(0, F_DUPFD_CLOEXEC, 3);
	int out = same_socket(0, 1) ? in : fcntl(1, F_DUPFD_CLOEXEC, 3);

	if (null < 0 || in < 0 || out < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return agent_status(-errno);
	close_fd(&null);
	return agent_status(agt_main(in, out, &rq->agent));
}

/* In a container whose processes its engine shows to nobody else: the same that is done to those of other hosts before they are stopped. */
static int mode_end(const struct request *rq)
{
	uint64_t deadline = lab_loop_now_us() + (uint64_t)rq->fd * 1000;

	if (kill(-1, SIGTERM) < 0)
		return errno == ESRCH ? 0 : EXIT_INTERNAL;
	while (kill(-1, 0) == 0 && lab_loop_now_us() < deadline)
		(void)poll(NULL, 0, END_LOOK_MS);
	return 0;
}

static int mode_spawner(const struct request *rq)
{
	/* Once here, or every host would read /dev/urandom for its hash tables on its way to the hello. */
	json_object_seed(0);
	return agt_spawner_main(rq->fd);
}

static int mode_version(const struct request *rq)
{
	(void)rq;
	return printf("agent %s\n", lab_version()) < 0 ? EXIT_INTERNAL : 0;
}

static int mode_build_id(const struct request *rq)
{
	(void)rq;
	return printf("%s\n", lab_build_id()) < 0 ? EXIT_INTERNAL : 0;
}

static int mode_help(const struct request *rq);

static const struct option {
	const char *name, *value, *help;
	int (*mode)(
		const struct request *
			rq); /* NULL: the value is the store's folder, or it has none: --confine, --bound */
} options[] = {
	{ "--fd", "N", "speak on the inherited descriptor N", mode_fd },
	{ "--stdio", NULL, "speak on standard input and output", mode_stdio },
	{ "--connect", "PATH", "speak on a connection to the unix socket PATH", mode_connect },
	{ "--confine", NULL, "with --connect: give up what hosts may not do", NULL },
	{ "--bound", NULL, "as --confine, but for /proc and /sys", NULL },
	{ "--end", "MS", "ask all processes but the init to end, and wait", mode_end },
	{ "--spawner", "N", "clone hosts for the keeper at descriptor N", mode_spawner },
	{ "--resume", "N", "continue an older agent whose state is in descriptor N", mode_resume },
	{ "--store", "DIR", "keep synchronised files in DIR", NULL },
	{ "--version", NULL, "print the version", mode_version },
	{ "--build-id", NULL, "print the build id", mode_build_id },
	{ "--help", NULL, "print this", mode_help },
};

static int mode_help(const struct request *rq)
{
	size_t i;

	(void)rq;
	(void)printf("usage: agent OPTION...\nruns commands in a host for netlab\n\n");
	for (i = 0; i < LAB_ARRAY_SIZE(options); i++)
		(void)printf("  %-11s%-4s %s\n", options[i].name,
			     options[i].value ? options[i].value : "", options[i].help);
	return fflush(stdout) == 0 ? 0 : EXIT_INTERNAL;
}

static int usage(const char *what, const char *arg)
{
	(void)fprintf(stderr, "agent: error: %s%s; see agent --help\n", what, arg);
	return EXIT_USAGE;
}

static int parse(char **argv, struct request *rq)
{
	unsigned int fd;
	size_t i;

	for (; *argv; argv++) {
		for (i = 0; i < LAB_ARRAY_SIZE(options); i++) {
			if (strcmp(*argv, options[i].name) == 0)
				break;
		}
		if (i == LAB_ARRAY_SIZE(options))
			return usage("unknown option ", *argv);
		if (options[i].value && !*++argv)
			return usage("a value is missing after ", options[i].name);
		if (!options[i].mode && options[i].value)
			rq->agent.store_dir = *argv;
		else if (!options[i].mode)
			*(strcmp(*argv, "--bound") == 0 ? &rq->bound : &rq->confine) = true;
		if (!options[i].mode)
			continue;
		if (rq->mode)
			return usage("one of them is enough: ", options[i].name);
		if (options[i].mode == mode_connect) {
			rq->path = *argv;
		} else if (options[i].value) {
			if (lab_parse_uint(*argv, 0, 1u << 20, &fd) < 0)
				return usage("not a number: ", *argv);
			rq->fd = (int)fd;
		}
		rq->mode = options[i].mode;
	}
	return rq->mode ? 0 : usage("nothing to do", "");
}

/* Jobs inherit what is ignored or blocked here; and 0, 1 and 2 must not become anything else. */
static void clean_start(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		(void)sigaction(i, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)umask(022);
	do
		i = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (i >= 0 && i < 3);
	if (i >= 0)
		(void)close(i);
}

int main(int argc, char **argv)
{
	struct request rq = { .fd = -1 };
	int r;

	clean_start();
	r = parse(argc > 0 ? argv + 1 : argv, &rq);
	return r ? r : rq.mode(&rq);
}
