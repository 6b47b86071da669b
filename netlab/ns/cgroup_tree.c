/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup_tree.c - a control group by its name, in all hierarchies, with what engines made in it */
#include "netlab/ns/cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/ns/mountinfo.h"

#define OUR_PREFIX "netlab."

enum {
	DEPTH_MAX = 16,
	LINE_LEN = 16384,
};

bool lab_cgroup_tree_name(const char *name)
{
	size_t len = strlen(OUR_PREFIX);

	return strncmp(name, OUR_PREFIX, len) == 0 && name[len] && name[len] != '.' &&
	       !strpbrk(name, "/\n");
}

/* In version 1 a frozen process does not even end when it is killed. */
static void thaw(int dir)
{
	cleanup_close int fd = openat(dir, "freezer.state", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "THAWED", 6) < 0)
		(void)0; /* it is not frozen by us, then */
}

static int remove_at(int parent, const char *name, int depth)
{
	cleanup_dir DIR *dir = NULL;
	const struct dirent *de;
	int fd, first = 0;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	thaw(fd);
	while ((de = readdir(dir)) != NULL) {
		int r;

		if (de->d_type != DT_DIR || de->d_name[0] == '.' || depth == DEPTH_MAX)
			continue;
		r = remove_at(fd, de->d_name, depth + 1);
		first = first ? first : r;
	}
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENODEV)
		return first ? first : -errno;
	return first;
}

/* Once, in each hierarchy. */
static int remove_all(const char *name)
{
	cleanup_file FILE *f = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = malloc(LINE_LEN);
	struct lab_mountinfo m;
	int first = 0;

	if (!f || !line)
		return f ? -ENOMEM : -errno;
	while (fgets(line, LINE_LEN, f)) {
		cleanup_close int fd = -1;
		int r;

		line[strcspn(line, "\n")] = '\0';
		if (!lab_mountinfo_parse(line, &m) ||
		    (strcmp(m.type, "cgroup") != 0 && strcmp(m.type, "cgroup2") != 0))
			continue;
		fd = open(m.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? 0 : remove_at(fd, name, 0);
		first = first ? first : r;
	}
	return first;
}

int lab_cgroup_tree_remove(const char *name, int timeout_ms, struct lab_err *err)
{
	int r;

	if (!lab_cgroup_tree_name(name))
		return lab_err_set(err, EINVAL, "\"%.60s\" is no cgroup of a lab", name);
	/* No hierarchy but that of version 2 tells when a group is empty. */
	for (int ms = 0; (r = remove_all(name)) == -EBUSY && ms < timeout_ms; ms++)
		(void)poll(NULL, 0, 1);
	return r < 0 ? lab_err_errno(err, -r, "remove the cgroup %s", name) : 0;
}
