/* SPDX-License-Identifier: GPL-2.0-or-later */
/* limit.c - limits of the machine against the size of a lab */
#include "netlab/doctor/limit.h"

#include <limits.h>
#include <string.h>
#include <sys/resource.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/ns/clone.h"
#include "netlab/topo/plan.h"

enum {
	HOST_KIB = 360,      /* memory of an idle host with its link */
	LAB_KIB = 20 * 1024, /* of what there is once for each lab */
	HOST_FDS = 2,        /* descriptors that the keeper holds for a host, and for itself */
	LAB_FDS = 128,
	HOST_PROCESSES = 1, /* the agent; commands come and go */
	LAB_PROCESSES = 200,
};

typedef unsigned long long number;

struct check {
	const struct lab_size *size;
	const struct lab_limit_params *params;
	struct lab_findings *list;
};

/* A number below /proc; false if the file is not there or holds none. */
static bool read_number(const struct check *c, const char *file, const char *key, number *ret)
{
	char path[PATH_MAX], line[256];
	cleanup_file FILE *f = NULL;
	size_t len = strlen(key);
	uint64_t value;
	char *p;

	(void)snprintf(path, sizeof(path), "%s/%s", c->params->proc, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) != 0)
			continue;
		p = line + len + strspn(line + len, " \t");
		p[strspn(p, "0123456789")] = '\0';
		if (lab_parse_u64(p, 0, UINT64_MAX, &value) < 0)
			return false;
		*ret = value;
		return true;
	}
	return false;
}

/*
 * struct sysctl_limit - a number below /proc/sys that a lab's hosts use up
 * @name:	as sysctl(8) names it
 * @what:	few words
 * @each:	how many a host takes
 * @more:	and the lab and the machine besides
 * @verdict:	what it is when it is too little
 * @why:	what happens then
 */
struct sysctl_limit {
	const char *name, *what;
	unsigned int each, more;
	enum lab_verdict verdict;
	const char *why;
};

static const struct sysctl_limit sysctls[] = {
	{ "kernel.pid_max", "processes", HOST_PROCESSES, LAB_PROCESSES, LAB_FINDING_LACKS,
	  "numbers of processes run out" },
	{ "kernel.threads-max", "threads", HOST_PROCESSES, LAB_PROCESSES, LAB_FINDING_LACKS,
	  "the kernel starts no more processes" },
	{ "kernel.pty.max", "terminals", 1, 16, LAB_FINDING_WARNS,
	  "not every host can have a shell at once" },
	{ "user.max_net_namespaces", "network namespaces", 1, 2, LAB_FINDING_LACKS,
	  "hosts cannot be made" },
	{ "user.max_pid_namespaces", "process id namespaces", 1, 2, LAB_FINDING_LACKS,
	  "hosts cannot be made" },
	{ "user.max_mnt_namespaces", "mount namespaces", 1, 4, LAB_FINDING_LACKS,
	  "hosts cannot be made" },
	{ "user.max_uts_namespaces", "host name namespaces", 1, 2, LAB_FINDING_LACKS,
	  "hosts cannot be made" },
	{ "user.max_ipc_namespaces", "IPC namespaces", 1, 2, LAB_FINDING_LACKS,
	  "hosts cannot be made" },
	{ "user.max_cgroup_namespaces", "cgroup namespaces", 1, 2, LAB_FINDING_LACKS,
	  "hosts cannot be made" },
	{ "fs.inotify.max_user_instances", "inotify", 1, 16, LAB_FINDING_WARNS,
	  "programs that watch files cannot run in every host at once" },
};

static void path_of(const char *name, char ret[PATH_MAX])
{
	char *p;

	(void)snprintf(ret, PATH_MAX, "sys/%s", name);
	for (p = ret + 4; *p; p++)
		*p = (char)(*p == '.' ? '/' : *p);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void check_sysctl(const struct check *c, const struct sysctl_limit *l)
{
	size_t hosts = c->size->hosts;
	number need = (number)hosts * l->each + l->more, has;
	char path[PATH_MAX];

	path_of(l->name, path);
	if (!read_number(c, path, "", &has))
		return;
	if (has >= need) {
		lab_finding_add(c->list, LAB_FINDING_OK, l->what, "%s is %llu", l->name, has);
		return;
	}
	lab_finding_add(c->list, l->verdict, l->what, "%s is %llu, %zu host%s can take %llu: %s",
			l->name, has, hosts, plural(hosts), need, l->why);
	lab_finding_fix(c->list, "sysctl -w %s=%llu", l->name, need);
}

/*
 * All namespaces share one table a family, with the limits of the first one. Where all speak with one, each pair has an entry
 * at both ends; of IPv6 each interface has two multicast groups besides.
 */
static void check_neighbours(const struct check *c, const char *family, unsigned int each)
{
	char path[PATH_MAX], name[64], what[64];
	number need = (number)c->size->ports * each, has;

	(void)snprintf(name, sizeof(name), "net.%s.neigh.default.gc_thresh3", family);
	(void)snprintf(what, sizeof(what), "neighbours, %s",
		       strcmp(family, "ipv4") ? "IPv6" : "IPv4");
	path_of(name, path);
	if (!read_number(c, path, "", &has))
		return;
	if (has > need) {
		lab_finding_add(c->list, LAB_FINDING_OK, what, "%s is %llu", name, has);
		return;
	}
	lab_finding_add(
		c->list, LAB_FINDING_WARNS, what,
		"%s is %llu, one table for all hosts: when %zu interfaces all speak with one, they take %llu, "
		"and packets are dropped",
		name, has, c->size->ports, need);
	lab_finding_fix(c->list, "sysctl -w %s=%llu", name, need * 2);
}

/* A network of more ports than a bridge takes is a chain of bridges; nothing is lacking, but who looks into it shall know. */
static void check_bridges(const struct check *c)
{
	const struct lab_size *s = c->size;

	if (s->largest > LAB_BRIDGE_PORTS)
		lab_finding_add(
			c->list, LAB_FINDING_OK, "bridges",
			"network \"%s\" has %zu ports: a chain of %zu bridges, since one takes %u",
			s->largest_label, s->largest,
			(s->largest + LAB_BRIDGE_PORTS - 1) / LAB_BRIDGE_PORTS, LAB_BRIDGE_PORTS);
}

static void check_memory(const struct check *c)
{
	number need = (number)c->size->hosts * HOST_KIB + LAB_KIB, has;

	if (!read_number(c, "meminfo", "MemAvailable:", &has))
		return;
	lab_finding_add(c->list, has > need ? LAB_FINDING_OK : LAB_FINDING_LACKS, "memory",
			"%zu idle host%s take %llu MiB, %llu MiB are free", c->size->hosts,
			plural(c->size->hosts), need >> 10, has >> 10);
	if (has <= need)
		lab_finding_fix(c->list, "a smaller lab, or a machine with more memory");
}

static void check_descriptors(const struct check *c)
{
	number need = (number)c->size->hosts * HOST_FDS + LAB_FDS, has = c->params->nofile;

	if (has >= need) {
		lab_finding_add(c->list, LAB_FINDING_OK, "descriptors", "the hard limit is %llu",
				has);
		return;
	}
	lab_finding_add(c->list, LAB_FINDING_LACKS, "descriptors",
			"%zu hosts need %llu, the hard limit is %llu", c->size->hosts, need, has);
	lab_finding_fix(c->list, "ulimit -Hn %llu, as root", need);
}

static void check_processes(const struct check *c)
{
	number need = (number)c->size->hosts * HOST_PROCESSES + LAB_PROCESSES,
	       has = c->params->nproc;

	if (c->params->root || has >= need)
		return;
	lab_finding_add(c->list, LAB_FINDING_LACKS, "processes of this user",
			"%zu host%s take %llu, the limit is %llu", c->size->hosts,
			plural(c->size->hosts), need, has);
	lab_finding_fix(c->list, "ulimit -u %llu", need);
}

void lab_doctor_limits(const struct lab_size *size, const struct lab_limit_params *params,
		       struct lab_findings *list)
{
	struct lab_limit_params own = { .proc = "/proc", .root = lab_ns_privileged() };
	const struct check c = { .size = size, .params = params ? params : &own, .list = list };
	struct rlimit lim;
	size_t i;

	if (!params) {
		own.nofile = getrlimit(RLIMIT_NOFILE, &lim) < 0 ? 0 : lim.rlim_max;
		own.nproc = getrlimit(RLIMIT_NPROC, &lim) < 0 ? 0 : lim.rlim_cur;
	}
	check_memory(&c);
	check_descriptors(&c);
	check_processes(&c);
	for (i = 0; i < LAB_ARRAY_SIZE(sysctls); i++)
		check_sysctl(&c, &sysctls[i]);
	check_bridges(&c);
	check_neighbours(&c, "ipv4", 2);
	check_neighbours(&c, "ipv6", 4);
}
