/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_find.c - where control groups for a lab can be made */
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "netlab/base/util.h"
#include "netlab/ns/cgroup.h"
#include "netlab/ns/mountinfo.h"

enum { TEXT_MAX = 4 << 20 };

static const struct {
	enum lab_cgroup_controller bit;
	const char *name;
} controller_names[] = {
	{ LAB_CGROUP_MEMORY, "memory" },
	{ LAB_CGROUP_CPU, "cpu" },
	{ LAB_CGROUP_PIDS, "pids" },
	{ LAB_CGROUP_FREEZER, "freezer" },
};

/* --- text ------------------------------------------------------------------------------------- */

static int read_at(int dir, const char *path, struct lab_strbuf *ret)
{
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0 && ret->len < TEXT_MAX)
		lab_strbuf_add(ret, buf, (size_t)n);
	return n < 0 ? -errno : ret->error;
}

/* Is a word in a list whose words are separated by one of some characters? */
static bool has_word(const char *list, const char *word, const char *separators)
{
	size_t len = strlen(word);

	for (; *list; list += strcspn(list, separators), list += strspn(list, separators)) {
		if (!strncmp(list, word, len) && (!list[len] || strchr(separators, list[len])))
			return true;
	}
	return false;
}

static unsigned int controllers_in(const char *list, const char *separators)
{
	unsigned int found = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(controller_names); i++)
		if (has_word(list, controller_names[i].name, separators))
			found |= controller_names[i].bit;
	return found;
}

static const char *first_name(unsigned int controllers)
{
	for (size_t i = 0; i < LAB_ARRAY_SIZE(controller_names); i++)
		if (controllers & controller_names[i].bit)
			return controller_names[i].name;
	return "?";
}

/* --- the hierarchies -------------------------------------------------------------------------- */

/*
 * Our own group in the hierarchy that is mounted at @m. The mount may show only a part of the hierarchy (its root), and a cgroup
 * namespace may have our group outside of what it shows.
 */
static void set_parent(struct lab_cgroup *cg, const struct lab_mountinfo *m, const char *own)
{
	size_t len = strcmp(m->root, "/") == 0 ? 0 : strlen(m->root);

	if (strncmp(own, m->root, len) != 0 || (own[len] && own[len] != '/') || strstr(own, "/.."))
		own = "";
	else
		own += len;
	if (strcmp(own, "/") == 0)
		own = "";
	(void)snprintf(cg->parent, sizeof(cg->parent), "%s%s", m->path, own);
}

/* The path of our own group: "4:memory:/path", or "0::/path" for version 2. */
static void own_group(const char *cgroup, unsigned int controllers, bool v2,
		      char ret[LAB_CGROUP_PATH_LEN])
{
	const char *line, *end;

	(void)snprintf(ret, LAB_CGROUP_PATH_LEN, "/");

	for (line = cgroup; *line; line = *end ? end + 1 : end) {
		const char *first = strchr(line, ':'),
			   *second = first ? strchr(first + 1, ':') : NULL;
		char list[256];

		end = line + strcspn(line, "\n");
		if (!second || second > end)
			continue;
		(void)snprintf(list, sizeof(list), "%.*s", (int)(second - first - 1), first + 1);
		if (v2 ? *list != '\0' : !(controllers_in(list, ",") & controllers))
			continue;
		(void)snprintf(ret, LAB_CGROUP_PATH_LEN, "%.*s", (int)(end - second - 1),
			       second + 1);
		return;
	}
}

static void take_mount(struct lab_cgroups *cgs, const struct lab_mountinfo *m, const char *cgroup,
		       unsigned int controllers, bool v2)
{
	struct lab_cgroup *cg = &cgs->list[cgs->n++];
	char own[LAB_CGROUP_PATH_LEN];

	*cg = (struct lab_cgroup){ .controllers = controllers, .v2 = v2, .parent_fd = -1, .fd = -1 };
	own_group(cgroup, controllers, v2, own);
	set_parent(cg, m, own);
}

static int not_mounted(unsigned int missing, struct lab_err *err)
{
	const char *name = first_name(missing);

	if (missing == LAB_CGROUP_FREEZER)
		return lab_err_set(
			err, ENOSYS,
			"to freeze a host takes cgroups, and no hierarchy that can freeze is mounted: mount -t cgroup2 none"
			" /sys/fs/cgroup [ENOSYS]");
	return lab_err_set(
		err, ENOSYS,
		"a limit of %s needs the cgroup controller %s, and no hierarchy that has it is mounted: mount -t cgroup2"
		" none /sys/fs/cgroup [ENOSYS]",
		strcmp(name, "cpu") == 0 ? "cpus" : name, name);
}

/* A hierarchy of version 1 has what it names; the one of version 2 takes what is left. */
int lab_cgroups_locate(char *mountinfo, const char *cgroup, unsigned int controllers,
		       struct lab_cgroups *ret, struct lab_err *err)
{
	struct lab_mountinfo m, unified = { .type = NULL }, freezer = { .type = NULL };
	struct lab_cgroups found = { .n = 0 };
	unsigned int left = controllers, here;
	char *save = NULL, *line;

	for (line = strtok_r(mountinfo, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!lab_mountinfo_parse(line, &m))
			continue;
		if (strcmp(m.type, "cgroup2") == 0 && !unified.type)
			unified = m;
		here = strcmp(m.type, "cgroup") == 0 ? controllers_in(m.options, ",") & left : 0;
		if (here & LAB_CGROUP_FREEZER)
			freezer = m;
		here &= ~(unsigned int)LAB_CGROUP_FREEZER;
		if (here)
			take_mount(&found, &m, cgroup, here, false);
		left &= ~here;
	}
	/* A frozen process of version 2 can be killed, and traced. */
	if ((left & LAB_CGROUP_FREEZER) && !unified.type && freezer.type) {
		take_mount(&found, &freezer, cgroup, LAB_CGROUP_FREEZER, false);
		left &= ~(unsigned int)LAB_CGROUP_FREEZER;
	}
	if (left && !unified.type)
		return not_mounted(left, err);
	if (left)
		take_mount(&found, &unified, cgroup, left, true);
	*ret = found;
	return 0;
}

/* --- the place -------------------------------------------------------------------------------- */

static int no_right(const struct lab_cgroup *cg, const char *path, int code, struct lab_err *err)
{
	if (cg->controllers == LAB_CGROUP_FREEZER)
		return lab_err_set(
			err, code == ENOENT ? ENOSYS : EPERM,
			"to freeze a host takes a cgroup, and none can be made in %s: run as root, or where cgroups are delegated"
			" (systemd-run --user --scope -p Delegate=yes netlab ...) [%s]",
			path, lab_err_name(code));
	return lab_err_set(
		err, code == ENOENT ? ENOSYS : EPERM,
		"limits need a group of the cgroup controller %s, and none can be made in %s: run as root, or where the"
		" controllers are delegated (systemd-run --user --scope -p Delegate=yes netlab ...) [%s]",
		first_name(cg->controllers), path, lab_err_name(code));
}

static int can_make(int dir)
{
	/* Of the effective user: the answer for the real one is no help under sudo. */
	if (faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) < 0 ||
	    faccessat(dir, "cgroup.procs", W_OK, AT_EACCESS) < 0)
		return -errno;
	return 0;
}

static unsigned int listed(int dir, const char *file)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

	return read_at(dir, file, &sb) < 0 ? 0 : controllers_in(lab_strbuf_str(&sb), " \n");
}

/* Switch controllers on for the children of a group. */
static int switch_on(int dir, unsigned int controllers)
{
	cleanup_close int fd = openat(dir, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	char text[64] = "";
	size_t len = 0;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(controller_names); i++)
		if (controllers & controller_names[i].bit)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "+%s ",
						controller_names[i].name);
	return write(fd, text, len) < 0 ? -errno : 0;
}

/* Can groups with these controllers be made here? */
static int try_v2(int dir, unsigned int controllers)
{
	unsigned int needs = controllers & ~(unsigned int)LAB_CGROUP_FREEZER;
	unsigned int off = needs & ~listed(dir, "cgroup.subtree_control");
	int r = can_make(dir);

	if (r == 0 && (needs & ~listed(dir, "cgroup.controllers")))
		return -ENODEV;
	return r == 0 && off ? switch_on(dir, off) : r;
}

static int explain_v2(const struct lab_cgroup *cg, const char *path, int code, struct lab_err *err)
{
	const char *name = first_name(cg->controllers);

	if (code == ENODEV)
		return lab_err_set(
			err, ENOSYS,
			"limits need the cgroup controller %s, and %s does not have it: boot with cgroup_enable=%s, or"
			" have whoever made this container delegate it [ENOSYS]",
			name, path, name);
	if (code == EBUSY)
		return lab_err_set(
			err, EPERM,
			"limits need the cgroup controller %s for groups below %s, and processes in that group are in"
			" the way: run in a group of its own below it (systemd-run --scope -p Delegate=yes netlab ...)"
			" [EBUSY]",
			name, path);
	return no_right(cg, path, code, err);
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* From our own group upwards; the topmost one tells what is wrong with them all. */
static int place_v2(struct lab_cgroup *cg, struct lab_err *err)
{
	char last[LAB_CGROUP_PATH_LEN] = "";
	int code = ENOENT;

	for (;;) {
		cleanup_close int fd = open_dir(cg->parent);
		int r = fd < 0 ? fd : try_v2(fd, cg->controllers);
		char *slash;

		if (r == 0) {
			cg->parent_fd = take_fd(&fd);
			return 0;
		}
		/* Above the mount there is no group: what was said there counts. */
		if (fd >= 0 && faccessat(fd, "cgroup.procs", F_OK, 0) < 0)
			break;
		if (fd >= 0 || !*last) {
			code = -r;
			(void)snprintf(last, sizeof(last), "%s", cg->parent);
		}
		slash = strrchr(cg->parent, '/');
		if (!slash || slash == cg->parent)
			break;
		*slash = '\0';
	}
	return explain_v2(cg, last, code, err);
}

/* Our own group, so that its limits hold for the lab, too; where it cannot be seen, the root of the hierarchy. */
static int place_v1(struct lab_cgroup *cg, struct lab_err *err)
{
	cleanup_close int fd = open_dir(cg->parent);
	int r = fd < 0 ? fd : can_make(fd);

	if (r < 0)
		return no_right(cg, cg->parent, -r, err);
	cg->parent_fd = take_fd(&fd);
	return 0;
}

static int locate_self(unsigned int controllers, struct lab_cgroups *ret, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf mounts = LAB_STRBUF_INIT, own = LAB_STRBUF_INIT;
	int r = read_at(AT_FDCWD, "/proc/self/mountinfo", &mounts);

	if (r == 0)
		r = read_at(AT_FDCWD, "/proc/self/cgroup", &own);
	if (r == -ENOENT)
		return lab_err_set(
			err, ENOSYS,
			"limits need cgroups, and the kernel has none (CONFIG_CGROUPS) [ENOSYS]");
	if (r == 0) {
		lab_strbuf_puts(&mounts, "\n"); /* it has text then, and may be changed */
		r = mounts.error;
	}
	if (r < 0)
		return lab_err_errno(err, -r, "read which cgroups there are");
	return lab_cgroups_locate(mounts.data, lab_strbuf_str(&own), controllers, ret, err);
}

int lab_cgroups_find(unsigned int controllers, const char *lab, struct lab_cgroups *ret,
		     struct lab_err *err)
{
	struct lab_cgroups found = { .n = 0 };
	uint32_t random = 0;
	int r = locate_self(controllers, &found, err);

	/* Names of labs are unique for one user and one /run only. */
	if (r == 0 && getrandom(&random, sizeof(random), 0) != sizeof(random))
		r = lab_err_errno(err, errno, "getrandom");
	for (uint32_t i = 0; i < found.n && r == 0; i++) {
		struct lab_cgroup *cg = &found.list[i];

		(void)snprintf(cg->name, sizeof(cg->name), "netlab.%.63s.%08x", lab, random);
		r = cg->v2 ? place_v2(cg, err) : place_v1(cg, err);
	}
	if (r < 0) {
		lab_cgroups_close(&found);
		return r;
	}
	*ret = found;
	return 0;
}
