/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_proc.c - the processes of a host, as the lab's /proc has them */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "netlab/base/parse.h"
#include "netlab/keeper/host.h"

#define AGENT_COMM "netlab-agent"

enum { STAT_LEN = 1024, PROCS_MAX = 4194304, COMM_LEN = 64 };

/**
 * struct entry - a process of the lab
 * @proc:	what is told of it
 * @mine:	it belongs to the host
 * @comm:	its name
 */
struct entry {
	struct lab_kproc proc;
	bool mine;
	char comm[COMM_LEN];
};

/**
 * struct list - all processes of the lab
 * @items:	sorted by process id
 * @n:		how many
 * @cap:	room
 */
struct list {
	struct entry *items;
	size_t n, cap;
};

/* "12 (a name) S 1 ...": the name may hold anything, so the last parenthesis counts. */
static bool parse_stat(char *text, struct entry *ret)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned long long utime, stime, cutime, cstime;
	long long rss;
	int parent, tty;

	if (!open || !close || close < open)
		return false;
	(void)snprintf(ret->comm, sizeof(ret->comm), "%.*s", (int)(close - open - 1), open + 1);
	/* Fields 4, 7, 14 to 17 and 24. */
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
	if (sscanf(close + 1,
		   " %*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %*d %*d %*u %*u %lld",
		   &parent, &tty, &utime, &stime, &cutime, &cstime, &rss) != 7)
		return false;
	ret->proc.parent = parent;
	ret->proc.tty = tty != 0;
	ret->proc.cpu_ticks = utime + stime + cutime + cstime;
	ret->proc.rss_pages = rss > 0 ? (uint64_t)rss : 0;
	return true;
}

static bool read_entry(int proc, const char *name, struct entry *ret)
{
	char path[32], text[STAT_LEN];
	cleanup_close int fd = -1;
	uint64_t pid;
	ssize_t n;

	if (lab_parse_u64(name, 1, PROCS_MAX, &pid) < 0)
		return false;
	(void)snprintf(path, sizeof(path), "%" PRIu64 "/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	*ret = (struct entry){ .proc = { .pid = (pid_t)pid } };
	return parse_stat(text, ret);
}

static int add(struct list *list, const struct entry *e)
{
	struct entry *items;

	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		items = reallocarray(list->items, list->cap, sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
	}
	list->items[list->n++] = *e;
	return 0;
}

static int read_all(int proc, struct list *list)
{
	cleanup_dir DIR *dir = NULL;
	const struct dirent *de;
	struct entry e;
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (de = readdir(dir)) != NULL)
		/* One that has ended meanwhile is none. */
		if (isdigit((unsigned char)de->d_name[0]) && read_entry(proc, de->d_name, &e))
			r = add(list, &e);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->proc.pid > y->proc.pid) - (x->proc.pid < y->proc.pid);
}

/* Children often have higher numbers than their parents, so one or two rounds are enough. */
static void mark(struct list *list, pid_t init)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < list->n; i++) {
			struct entry *e = &list->items[i], key = { 0 }, *parent;

			if (e->mine)
				continue;
			key.proc.pid = e->proc.parent;
			parent = bsearch(&key, list->items, list->n, sizeof(key), compare);
			e->mine = e->proc.pid == init || (parent && parent->mine);
			e->proc.agent = e->mine && strcmp(e->comm, AGENT_COMM) == 0 &&
					(e->proc.pid == init || e->proc.parent == init);
			more |= e->mine;
		}
	}
}

int lab_host_procs(const struct lab_khost *host, struct lab_kproc **ret, size_t *ret_n,
		   struct lab_err *err)
{
	struct list list = { .items = NULL };
	struct lab_kproc *procs;
	size_t n = 0;
	int r = read_all(host->keeper->proc, &list);

	procs = r == 0 ? calloc(list.n + 1, sizeof(*procs)) : NULL;
	if (!procs) {
		free(list.items);
		return lab_err_errno(err, r < 0 ? -r : ENOMEM, "read the processes of the lab");
	}
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), compare);
	if (host->pid > 0)
		mark(&list, host->pid);
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].mine)
			procs[n++] = list.items[i].proc;
	free(list.items);
	*ret = procs;
	*ret_n = n;
	return 0;
}

void lab_host_kill(struct lab_khost *host)
{
	if (host->pid > 0)
		(void)kill(host->pid, SIGKILL);
}
