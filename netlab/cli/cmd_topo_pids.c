/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_topo_pids.c - netlab topo pids: the processes of a lab, by their numbers on this machine */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/cli/cmd_topo.h"
#include "netlab/cli/table.h"

enum { LINE_LEN = 4096, COMMAND_MAX = 1024, PID_LIMIT = 4194304, NO_HOST = -1 };

/**
 * struct proc - a process of this machine
 * @pid:	its number here
 * @parent:	its parent's
 * @inner:	its number in the lab's PID namespace; 0 = it is not in one
 * @in_lab:	it descends from the keeper
 * @known:	@in_lab and @host are settled
 * @host:	index of the host that it belongs to; NO_HOST
 * @init:	it is the init of @host
 * @comm:	its name
 */
struct proc {
	pid_t pid, parent, inner;
	bool in_lab, known, init;
	long host;
	char comm[32];
};

struct procs {
	struct proc *items;
	size_t n, cap;
};

/**
 * struct pids - what is asked for
 * @cli:	command line
 * @lab:	name of the lab
 * @host:	only of this host; NULL = all
 * @quiet:	numbers only
 */
struct pids {
	struct lab_cli *cli;
	const char *lab, *host;
	bool quiet;
};

static int on_option(struct lab_cli *cli, const char *name, const char *arg, void *user)
{
	bool *quiet = user;

	(void)cli;
	(void)name;
	(void)arg;
	*quiet = true;
	return 0;
}

/* ---- the machine's processes ---- */

/* "PPid:\t12": the n-th number of the line, counted from 0; 0 if there is none. */
static pid_t number(const char *line, unsigned int n)
{
	const char *at = line + strcspn(line, ":");
	char word[16];
	uint64_t v;

	for (unsigned int i = 0; i <= n; i++) {
		at += strcspn(at, "\t ");
		at += strspn(at, "\t ");
	}
	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, "\t \n"), at);
	return lab_parse_u64(word, 0, PID_LIMIT, &v) < 0 ? 0 : (pid_t)v;
}

static bool read_proc(const char *name, struct proc *ret)
{
	cleanup_file FILE *f = NULL;
	char path[64], line[LINE_LEN];
	uint64_t pid;

	if (!isdigit((unsigned char)name[0]) || lab_parse_u64(name, 1, PID_LIMIT, &pid) < 0)
		return false;
	*ret = (struct proc){ .pid = (pid_t)pid, .host = NO_HOST };
	(void)snprintf(path, sizeof(path), "/proc/%" PRIu64 "/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "Name:\t", 6) == 0)
			(void)snprintf(ret->comm, sizeof(ret->comm), "%.31s", line + 6);
		else if (strncmp(line, "PPid:", 5) == 0)
			ret->parent = number(line, 0);
		else if (strncmp(line, "NSpid:", 6) == 0)
			ret->inner = number(line, 1);
	}
	return f != NULL;
}

static int compare(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int read_all(struct procs *ret, struct lab_err *err)
{
	cleanup_dir DIR *dir = opendir("/proc");
	const struct dirent *de;
	struct proc p, *more;

	if (!dir)
		return lab_err_errno(err, errno, "/proc");
	while ((de = readdir(dir)) != NULL) {
		/* One that has ended meanwhile is none. */
		if (!read_proc(de->d_name, &p))
			continue;
		if (ret->n == ret->cap) {
			ret->cap = ret->cap ? 2 * ret->cap : 256;
			more = reallocarray(ret->items, ret->cap, sizeof(*more));
			if (!more)
				return lab_err_errno(err, ENOMEM, "/proc");
			ret->items = more;
		}
		ret->items[ret->n++] = p;
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare);
	return 0;
}

static struct proc *find(const struct procs *all, pid_t pid)
{
	struct proc key = { .pid = pid };

	return all->n ? bsearch(&key, all->items, all->n, sizeof(key), compare) : NULL;
}

/* ---- which of them are the lab's ---- */

/* The host whose init has this number in the lab's PID namespace. */
static long host_of_init(const json_t *hosts, pid_t inner)
{
	for (size_t i = 0; inner && i < json_array_size(hosts); i++)
		if (json_integer_value(json_object_get(json_array_get(hosts, i), "pid")) == inner)
			return (long)i;
	return NO_HOST;
}

/* What a process does not say itself it has from its parent. */
static void settle(const struct procs *all, struct proc *p, pid_t keeper, const json_t *hosts,
		   unsigned int depth)
{
	struct proc *parent = p->parent ? find(all, p->parent) : NULL;

	if (p->known || depth > 1000)
		return;
	p->known = true;
	if (p->pid == keeper) {
		p->in_lab = true;
		return;
	}
	if (!parent)
		return;
	settle(all, parent, keeper, hosts, depth + 1);
	p->in_lab = parent->in_lab;
	p->host = parent->host;
	if (p->in_lab && p->host == NO_HOST) {
		p->host = host_of_init(hosts, p->inner);
		p->init = p->host != NO_HOST;
	}
}

static const char *role(const struct proc *p, pid_t keeper)
{
	if (p->pid == keeper)
		return "keeper";
	if (p->host != NO_HOST)
		return p->init ? "init" : "process";
	return p->parent == keeper && !strcmp(p->comm, "agent") ? "spawner" : "engine";
}

/* The command line of a process with blanks between its words, or its name in brackets. */
static void command_line(const struct proc *p, char ret[COMMAND_MAX])
{
	cleanup_file FILE *f = NULL;
	char path[64];
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)p->pid);
	f = fopen(path, "re");
	n = f ? fread(ret, 1, COMMAND_MAX - 1, f) : 0;
	while (n && !ret[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		if (!ret[i])
			ret[i] = ' ';
	ret[n] = '\0';
	if (!n)
		(void)snprintf(ret, COMMAND_MAX, "[%s]", p->comm);
}

/* ---- printed ---- */

static const struct lab_column columns[] = {
	{ "HOST", false }, { "PID", true },      { "PARENT", true },
	{ "ROLE", false }, { "COMMAND", false },
};

static void print_one(const struct pids *pids, struct lab_table *table, const struct proc *p,
		      const char *host, pid_t keeper)
{
	char command[COMMAND_MAX];

	if (pids->quiet && !pids->cli->json) {
		(void)printf("%d\n", (int)p->pid);
		return;
	}
	/* Whoever changes its title may leave anything in there. */
	command_line(p, command);
	for (char *c = command; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	if (pids->cli->json) {
		lab_cli_json(json_pack("{s:s, s:s*, s:i, s:i, s:s, s:s}", "lab", pids->lab, "host",
				       host, "pid", (int)p->pid, "parent", (int)p->parent, "role",
				       role(p, keeper), "command", command));
		return;
	}
	lab_table_add(table, "%s", host ? host : "-");
	lab_table_add(table, "%d", (int)p->pid);
	lab_table_add(table, "%d", (int)p->parent);
	lab_table_add(table, "%s", role(p, keeper));
	lab_table_add(table, "%s", command);
}

/* First what belongs to no host, then host by host, init first. */
static void print_host(const struct pids *pids, struct lab_table *table, const struct procs *all,
		       long host, const char *name, pid_t keeper)
{
	for (int inits = 1; inits >= 0; inits--)
		for (size_t i = 0; i < all->n; i++) {
			const struct proc *p = &all->items[i];

			if (p->in_lab && p->host == host &&
			    (p->init || p->pid == keeper) == (inits == 1))
				print_one(pids, table, p, name, keeper);
		}
}

static int print_all(const struct pids *pids, const struct procs *all,
		     const struct lab_hosts *hosts, pid_t keeper)
{
	LAB_CLEANUP(lab_table_freep) struct lab_table *table = NULL;

	if (lab_table_new(columns, LAB_ARRAY_SIZE(columns), &table) < 0)
		return LAB_EXIT_OURS;
	if (!pids->host)
		print_host(pids, table, all, NO_HOST, NULL, keeper);
	for (size_t i = 0; i < hosts->n; i++)
		if (!pids->host || !strcmp(pids->host, hosts->names[i]))
			print_host(pids, table, all, (long)i, hosts->names[i], keeper);
	if (pids->quiet || pids->cli->json)
		return LAB_EXIT_PASS;
	return lab_table_print(table, pids->cli->colour) < 0 ? LAB_EXIT_OURS : LAB_EXIT_PASS;
}

static int look(const struct pids *pids, struct lab_client *client)
{
	struct procs all = { .items = NULL };
	cleanup_hosts struct lab_hosts hosts = { 0 };
	struct lab_err err;
	pid_t keeper = lab_client_keeper(client);
	int code = LAB_EXIT_OURS, r;

	/* Process ids in this answer are those of the lab's own namespace. */
	r = lab_hosts_get(client, false, &hosts, &err);
	if (r == 0 && pids->host)
		r = lab_hosts_check(&hosts, pids->lab, pids->host, &err);
	if (r == 0 && keeper <= 0)
		r = lab_err_set(&err, ENOSYS,
				"the keeper of lab %s cannot be seen in this PID namespace",
				pids->lab);
	if (r == 0)
		r = read_all(&all, &err);
	for (size_t i = 0; i < all.n && r == 0; i++)
		settle(&all, &all.items[i], keeper, json_object_get(hosts.state, "hosts"), 0);
	if (r == 0) {
		code = print_all(pids, &all, &hosts, keeper);
	} else {
		lab_cli_error(pids->cli, &err);
		code = lab_cli_exit_of(r);
	}
	free(all.items);
	return code;
}

static int visit(const struct pids *pids)
{
	struct lab_client *client = NULL;
	struct lab_loop *loop = NULL;
	struct lab_err err;
	int r = lab_loop_new(&loop), code;

	if (r < 0)
		(void)lab_err_errno(&err, -r, "event loop");
	else
		r = lab_client_connect(loop, pids->lab, &client, &err);
	if (r == 0) {
		code = look(pids, client);
	} else {
		lab_cli_error(pids->cli, &err);
		code = lab_cli_exit_of(r);
	}
	lab_client_free(client);
	lab_loop_free(loop);
	return code;
}

static int topo_pids(struct lab_cli *cli, int argc, char **argv)
{
	cleanup_free struct lab_entry *labs = NULL;
	struct pids pids = { .cli = cli };
	struct lab_err err;
	size_t n = 0;
	int first, r;

	r = lab_cli_parse(cli, argc, argv, &pids.quiet, &first);
	if (r != 0)
		return first;
	if (argc - first > 2)
		return lab_cli_usage_error(cli, "one word too many: '%s'", argv[first + 2]);
	if (first < argc) {
		pids.lab = argv[first];
		pids.host = argv[first + 1];
		return visit(&pids);
	}
	r = lab_list(&labs, &n, &err);
	if (r < 0) {
		lab_cli_error(cli, &err);
		return lab_cli_exit_of(r);
	}
	if (n != 1)
		return lab_topo_print_list(cli, labs, n, false);
	pids.lab = labs[0].name;
	return visit(&pids);
}

static const struct lab_cli_option options[] = {
	{ "quiet", 'q', NULL, "process ids only" },
	{ NULL, 0, NULL, NULL },
};

const struct lab_cli_command lab_cmd_topo_pids = {
	.name = "topo pids",
	.operands = "[LAB [HOST]]",
	.help = "List the processes of a lab by their ids on this machine",
	.options = options,
	.option = on_option,
	.run = topo_pids,
};
