/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - the method `check`: processes and mounts of hosts, and the child that looks at all of it */
#include "netlab/keeper/check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/ns/mountinfo.h"

enum { TEXT_LEN = 512, LINE_LEN = 16384, TIMEOUT_MS_MAX = 60000, ANSWER_MAX = 15 << 20 };

/* ---- verdicts ---- */

void lab_check_say(struct lab_checks *c, const char *check, uint32_t host, const char *name,
		   bool ok, const char *fmt, ...)
{
	char text[TEXT_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)json_array_append_new(c->list, json_pack("{s:s, s:s, s:s*, s:b, s:s}", "check", check,
						       "host", c->k->topo->hosts[host].id, "name",
						       name, "ok", ok, "text", text));
}

/* ---- processes ---- */

/* The letter of a process's state in /proc/PID/stat; 0 = there is no such process. */
static char process_state(const struct lab_keeper *k, pid_t pid)
{
	char path[32], text[TEXT_LEN], *end;
	cleanup_close int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/stat", (int)pid);
	fd = openat(k->proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

static void check_process(struct lab_checks *c, uint32_t index)
{
	const struct lab_khost *host = &c->k->hosts[index];
	const char *state = lab_hosts_state(host);
	char letter;

	if (host->state != LAB_HOST_RUNNING) {
		bool why = host->life && host->life->why[0];

		lab_check_say(c, "host", index, NULL, false, "%s%s%s", state, why ? ": " : "",
			      why ? host->life->why : "");
		return;
	}
	if (!host->pid) {
		lab_check_say(c, "host", index, NULL, true, "%s", state);
		return;
	}
	letter = process_state(c->k, host->pid);
	if (!letter || letter == 'Z' || letter == 'X')
		lab_check_say(c, "host", index, NULL, false, "its init has ended");
	else if (letter == 'T' || letter == 't')
		lab_check_say(c, "host", index, NULL, false, "its init is stopped by a signal");
	else
		lab_check_say(c, "host", index, NULL, !lab_hosts_frozen(host), "%s", state);
}

/* ---- mounts ---- */

/* What is mounted at a place in a host. */
struct found {
	bool mounted, overlay;
	char type[32];
	char *options;
};

/* The last mount at a place hides those before it. */
static int find_mount(const struct lab_keeper *k, pid_t pid, const char *path, struct found *ret)
{
	char name[32], *line = NULL;
	cleanup_free char *buf = malloc(LINE_LEN);
	cleanup_file FILE *f = NULL;
	struct lab_mountinfo info;
	int fd;

	*ret = (struct found){ .options = NULL };
	(void)snprintf(name, sizeof(name), "%d/mountinfo", (int)pid);
	fd = openat(k->proc, name, O_RDONLY | O_CLOEXEC);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f || !buf)
		return -errno;
	while ((line = fgets(buf, LINE_LEN, f)) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (!lab_mountinfo_parse(line, &info) || strcmp(info.path, path) != 0)
			continue;
		ret->mounted = true;
		ret->overlay = strcmp(info.type, "overlay") == 0;
		(void)snprintf(ret->type, sizeof(ret->type), "%s", info.type);
		free(ret->options);
		ret->options = strdup(info.options);
	}
	return 0;
}

/* Are all layers of an image among the lower directories of an overlay? */
static bool has_layers(const struct lab_keeper *k, uint32_t image, const char *options)
{
	for (uint32_t l = 0; l < k->setup.images[image - 1].n_layers; l++) {
		char path[32];
		const char *at;
		size_t len;

		len = (size_t)snprintf(path, sizeof(path), "/i%u.%u", image - 1, l);
		at = strstr(options, path);
		if (!at || at == options || (at[-1] != '=' && at[-1] != ':') ||
		    (at[len] != ':' && at[len] != ','))
			return false;
	}
	return true;
}

static void check_image(struct lab_checks *c, uint32_t index, uint32_t image,
			const struct found *root)
{
	const char *name = c->k->topo->hosts[index].image;
	bool ok = root->overlay && root->options && has_layers(c->k, image, root->options);

	lab_check_say(c, "image", index, NULL, ok, ok ? "%s" : "the layers of %s are not mounted",
		      name);
}

/* Each further file system of the machine has an overlay of its own. */
static void check_submounts(struct lab_checks *c, uint32_t index)
{
	const struct lab_spawn_setup *setup = &c->k->setup;

	for (uint32_t i = 0; i < setup->n_submounts; i++) {
		struct found found;
		bool ok;

		if (find_mount(c->k, c->k->hosts[index].pid, setup->submounts[i], &found) < 0)
			return;
		ok = found.mounted && (found.overlay || setup->whole[i]);
		if (!ok)
			lab_check_say(c, "overlay", index, setup->submounts[i], false, "%s",
				      found.mounted ? "something else is mounted there"
						    : "it is not mounted");
		else
			lab_check_say(c, "overlay", index, setup->submounts[i], true, "%s",
				      setup->whole[i] ? "the machine's, read-only" : "mounted");
		free(found.options);
	}
}

/* What the root of a host lies on: an overlay of ours, or whatever its engine makes of it. */
static void check_root(struct lab_checks *c, uint32_t index)
{
	const struct lab_khost *host = &c->k->hosts[index];
	uint32_t image = lab_keeper_image(c->k->topo, index);
	bool native = !host->engine;
	struct found root;

	if (!host->pid || host->state != LAB_HOST_RUNNING)
		return;
	if (find_mount(c->k, host->pid, "/", &root) < 0) {
		lab_check_say(c, "overlay", index, "/", false, "its mounts cannot be read");
		return;
	}
	if (image)
		check_image(c, index, image, &root);
	if (!root.mounted)
		lab_check_say(c, "overlay", index, "/", false, "it is not mounted");
	else if (native && !root.overlay)
		lab_check_say(c, "overlay", index, "/", false, "it is %s instead of an overlay",
			      root.type);
	else
		lab_check_say(c, "overlay", index, "/", true, "mounted%s%s",
			      root.overlay ? "" : ", ", root.overlay ? "" : root.type);
	free(root.options);
	if (native && (!image || c->k->setup.images[image - 1].machine))
		check_submounts(c, index);
}

/* ---- the child ---- */

static int write_all(int fd, const char *text, size_t len, struct lab_err *err)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return lab_err_errno(err, errno, "check: write");
		text += n < 0 ? 0 : n;
		len -= n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

static int look(struct lab_hostop *op, struct lab_err *err)
{
	const json_t *timeout = json_object_get(op->params, "timeout_ms");
	struct lab_checks c = {
		.k = op->keeper,
		.list = json_array(),
		.nl = { .fd = -1 },
		.timeout_ms = (uint64_t)json_integer_value(timeout),
	};
	char *text;

	lab_check_bridges(&c);
	for (uint32_t i = 0; i < c.k->topo->n_hosts; i++) {
		/* One that was deleted. */
		if (!*c.k->topo->hosts[i].id)
			continue;
		check_process(&c, i);
		check_root(&c, i);
		lab_check_links(&c, i);
	}
	lab_check_pings(&c);
	text = json_dumps(c.list, JSON_COMPACT);
	if (!text)
		return lab_err_errno(err, ENOMEM, "check");
	return write_all(op->fd, text, strlen(text), err);
}

static int read_answer(int fd, json_t **ret, struct lab_err *err)
{
	struct stat st;
	json_t *list;
	char *text;

	if (fstat(fd, &st) < 0)
		return lab_err_errno(err, errno, "check");
	if (st.st_size <= 0 || st.st_size > ANSWER_MAX)
		return lab_err_set(err, EMSGSIZE, "check: the answer has %lld bytes",
				   (long long)st.st_size);
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return lab_err_errno(err, errno, "check");
	list = json_loadb(text, (size_t)st.st_size, 0, NULL);
	(void)munmap(text, (size_t)st.st_size);
	if (!list)
		return lab_err_errno(err, ENOMEM, "check");
	*ret = list;
	return 0;
}

static void looked(struct lab_hostop *op, int r, struct lab_err *err)
{
	json_t *list;

	if (r == 0)
		r = read_answer(op->fd, &list, err);
	if (r < 0)
		lab_hostop_fail(op, err);
	else
		lab_hostop_done(op, json_pack("{s:s, s:o}", "lab", op->keeper->rundir.name,
					      "checks", list));
}

void lab_check_request(struct lab_hostop *op)
{
	const json_t *timeout = json_object_get(op->params, "timeout_ms");
	struct lab_err err;
	int r = 0;

	if (!json_is_integer(timeout) || json_integer_value(timeout) < 1 ||
	    json_integer_value(timeout) > TIMEOUT_MS_MAX)
		r = lab_err_set(&err, EINVAL, "timeout_ms must be 1 to %d", TIMEOUT_MS_MAX);
	if (r == 0) {
		op->fd = memfd_create("netlab-check", MFD_CLOEXEC);
		r = op->fd < 0 ? lab_err_errno(&err, errno, "memfd_create") : 0;
	}
	if (r == 0)
		r = lab_hostop_child(op, look, looked, &err);
	if (r < 0)
		lab_hostop_fail(op, &err);
}
