/* SPDX-License-Identifier: GPL-2.0-or-later */
/* busybox.c - a small root that is made on the spot: busybox, and the machine's /usr and libraries */
#include "netlab/backend/busybox.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/backend/lend.h"
#include "netlab/base/files.h"
#include "netlab/base/program.h"
#include "netlab/base/util.h"
#include "netlab/ns/image.h"

enum { LIST_MS = 10000 };

static const struct {
	const char *name;
	mode_t mode;
} dirs[] = {
	{ "bin", 0755 },       { "sbin", 0755 },      { "etc", 0755 },      { "etc/init.d", 0755 },
	{ "dev", 0755 },       { "proc", 0555 },      { "sys", 0555 },      { "run", 0755 },
	{ "tmp", 01777 },      { "root", 0700 },      { "home", 0755 },     { "mnt", 0755 },
	{ "media", 0755 },     { "opt", 0755 },       { "srv", 0755 },      { "usr", 0755 },
	{ "var", 0755 },       { "var/cache", 0755 }, { "var/lib", 0755 },  { "var/log", 0755 },
	{ "var/spool", 0755 }, { "var/tmp", 01777 },  { "gateways", 0755 },
};

static const struct {
	const char *name, *text;
	mode_t mode;
} files[] = {
	{ "etc/passwd",
	  "root:x:0:0:root:/root:/bin/sh\n"
	  "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
	  0644 },
	{ "etc/group", "root:x:0:\nnogroup:x:65534:\n", 0644 },
	{ "etc/shadow", "root:*:1::::::\nnobody:*:1::::::\n", 0600 },
	{ "etc/shells", "/bin/sh\n", 0644 },
	{ "etc/fstab", "", 0644 },
	{ "etc/profile",
	  "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n", 0644 },
	/* For hosts that run an init: what their init.d has, and nothing on consoles, since there are none. */
	{ "etc/inittab", "null::sysinit:/etc/init.d/rcS\n", 0644 },
	{ "etc/init.d/rcS",
	  "#!/bin/sh\nfor f in /etc/init.d/S??*; do [ ! -x \"$f\" ] || \"$f\" start; done\n",
	  0755 },
};

/* Where programs expect the machine's libraries; on a machine with a merged /usr they are links. */
static const char *const libraries[] = { "/lib", "/lib64", "/lib32", "/libx32" };

bool lab_busybox_is(const struct lab_engine_host *host)
{
	char id[LAB_IMAGE_ID_SIZE];

	return host->image && strcmp(host->image, LAB_BUSYBOX_IMAGE) == 0 &&
	       lab_image_find(host->image, id, NULL) < 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *lab_busybox_shares(unsigned int i)
{
	if (i == 0)
		return "/usr";
	for (size_t k = 0; k < LAB_ARRAY_SIZE(libraries); k++)
		if (is_folder(libraries[k]) && --i == 0)
			return libraries[k];
	return NULL;
}

/* --- the template ------------------------------------------------------------------------------ */

static int write_file(int dir, const char *name, const char *text, mode_t mode)
{
	cleanup_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return fd < 0 ? -errno : -EIO;
	return 0;
}

static int make_tree(int dir)
{
	char target[PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(dirs) && r == 0; i++)
		r = mkdirat(dir, dirs[i].name, dirs[i].mode) < 0 ? -errno : 0;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(files) && r == 0; i++)
		r = write_file(dir, files[i].name, files[i].text, files[i].mode);
	if (r == 0 && symlinkat("../run", dir, "var/run") < 0)
		r = -errno;
	for (size_t i = 0; i < LAB_ARRAY_SIZE(libraries) && r == 0; i++) {
		const char *name = libraries[i] + 1;
		ssize_t n = readlink(libraries[i], target, sizeof(target) - 1);

		if (n >= 0) {
			target[n] = '\0';
			r = symlinkat(target, dir, name) < 0 ? -errno : 0;
		} else if (is_folder(libraries[i])) {
			r = mkdirat(dir, name, 0755) < 0 ? -errno : 0;
		}
	}
	return r;
}

static int copy_program(int dir, const char *path)
{
	cleanup_close int in = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_close int out = openat(dir, "bin/busybox", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				       0755);
	ssize_t n;

	do
		n = in < 0 || out < 0 ? -1 : sendfile(out, in, NULL, 1 << 30);
	while (n > 0);
	return n < 0 ? -errno : 0;
}

/* A line of its list: "usr/bin/awk", "sbin/ip". /usr is the machine's, so all is in /bin and /sbin. */
static int link_applet(int dir, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	bool system = slash && slash - path >= 4 && strncmp(slash - 4, "sbin", 4) == 0;
	char at[NAME_MAX + 8];

	if (!*name || strcmp(name, "busybox") == 0)
		return 0;
	(void)snprintf(at, sizeof(at), "%s/%.200s", system ? "sbin" : "bin", name);
	if (symlinkat(system ? "../bin/busybox" : "busybox", dir, at) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

static int link_applets(int dir, const char *program, struct lab_err *err)
{
	const char *const argv[] = { program, "--list-full", NULL };
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char *save = NULL, *line;
	int r = lab_lend_run(argv, &sb, LIST_MS, err);

	if (r < 0)
		return r;
	for (line = sb.data ? strtok_r(sb.data, "\n", &save) : NULL; line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		r = link_applet(dir, line);
	return r < 0 ? lab_err_errno(err, -r, "link what busybox can do") : 0;
}

static int fill(int dir, struct lab_err *err)
{
	char program[PATH_MAX];
	int r;

	if (!lab_program_find("busybox", getenv("PATH"), program, sizeof(program)))
		return lab_err_set(
			err, ENOSYS,
			"there is no program busybox: apt-get install busybox-static [ENOSYS]");
	r = make_tree(dir);
	if (r == 0)
		r = copy_program(dir, program);
	if (r < 0)
		return lab_err_errno(err, -r, "make the files of the image busybox");
	return link_applets(dir, program, err);
}

int lab_busybox_make(const struct lab_engine *engine, char **ret, struct lab_err *err)
{
	cleanup_free char *path = NULL, *scratch = NULL;
	cleanup_close int dir = -1;
	int r;

	if (asprintf(&path, "%s/busybox.root", engine->dir) < 0 ||
	    asprintf(&scratch, "%s/busybox.%d", engine->dir, (int)getpid()) < 0)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (access(path, F_OK) == 0) {
		*ret = take_ptr(&path);
		return 0;
	}
	(void)umask(0);
	if (mkdir(scratch, 0755) < 0)
		return lab_err_errno(err, errno, "mkdir %s", scratch);
	dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? lab_err_errno(err, errno, "open %s", scratch) : fill(dir, err);
	/* Another host's may have been there first. */
	if (r == 0 && rename(scratch, path) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		r = lab_err_errno(err, errno, "rename %s", scratch);
	(void)lab_files_remove(AT_FDCWD, scratch);
	if (r == 0)
		*ret = take_ptr(&path);
	return r;
}

/* --- a host ------------------------------------------------------------------------------------ */

int lab_busybox_host(const struct lab_engine_host *host, struct lab_err *err)
{
	cleanup_close int dir = open(host->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned char bytes[16];
	char text[34];
	int r;

	if (dir < 0 || getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return lab_err_errno(err, errno, "%s", host->dir);
	/* Version 4 and variant 1 of RFC 4122, so that it is an UUID as well. */
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	(void)snprintf(text + 32, 2, "\n");
	r = write_file(dir, "upper/etc/machine-id", text, 0444);
	if (r == 0 && mkdirat(dir, "gateways", 0755) < 0)
		r = -errno;
	return r < 0 ? lab_err_errno(err, -r, "%s", host->dir) : 0;
}
