/* SPDX-License-Identifier: GPL-2.0-or-later */
/* root.c - a host's own view of the machine's files: overlays and the few mounts that must be its own */
#include "slave-image/agent/root.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/util.h"
#include "netlab/ns/mount.h"

#define NEW_ROOT "/m"

enum {
	SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC,
	IMAGE_LEN = LAB_IMAGE_LAYERS_MAX * (LAB_SPAWN_PATH_MAX + 16),
	LAYERS_LEN = LAB_SPAWN_LAYERS_MAX * (LAB_SPAWN_LAYER_LEN + 24),
};

/* A host that starts again has them already. */
static int make_dir(const char *path, mode_t mode, struct lab_err *err)
{
	return mkdir(path, mode) < 0 && errno != EEXIST
		       ? lab_err_errno(err, errno, "mkdir %s", path)
		       : 0;
}

/* The directories that this host writes, on the lab's tmpfs. The spawner runs with umask 0. */
static int make_upper(uint32_t index, struct lab_err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} dirs[] = { { "", 0755 }, { "/u", 0755 }, { "/w", 0700 } };
	char path[64];
	int r = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(dirs) && r == 0; i++) {
		(void)snprintf(path, sizeof(path), "/up/%u%s", index, dirs[i].name);
		r = make_dir(path, dirs[i].mode, err);
	}
	return r;
}

/* The layers that the host was restored to, for a "lowerdir=": "/up/7/s2/u:/up/7/s1/u:", or nothing. */
static void read_layers(uint32_t index, const char *part, char ret[LAYERS_LEN])
{
	char path[64], names[LAB_SPAWN_LAYERS_MAX * LAB_SPAWN_LAYER_LEN], *save = NULL, *name;
	cleanup_close int fd = -1;
	size_t len = 0;
	ssize_t n;

	*ret = '\0';
	(void)snprintf(path, sizeof(path), "/up/%u/layers", index);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, names, sizeof(names) - 1);
	if (n <= 0)
		return;
	names[n] = '\0';
	for (name = strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
		(void)snprintf(path, sizeof(path), "/up/%u/%.15s/%s", index, name, part);
		/* A host that wrote nothing there has no such layer. */
		if (access(path, F_OK) == 0 && len + strlen(path) + 2 < LAYERS_LEN)
			len += (size_t)snprintf(ret + len, LAYERS_LEN - len, "%s:", path);
	}
}

/* As after a boot, there is nothing in /run. */
static int empty_run(uint32_t index, struct lab_err *err)
{
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/up/%u/u/run", index);
	r = lab_files_remove(AT_FDCWD, path);
	if (r == 0) {
		(void)snprintf(path, sizeof(path), "/up/%u/run", index);
		r = lab_files_remove(AT_FDCWD, path);
	}
	return r < 0 ? lab_err_errno(err, -r, "empty %s", path) : 0;
}

/* The layers of the host's image, for a "lowerdir=", each with its ':'; @part is a place in them, absolute, or "". */
static void image_layers(const struct lab_spawn_setup *setup, uint32_t image, const char *part,
			 char *ret, size_t size)
{
	size_t len = 0;

	*ret = '\0';
	for (uint32_t l = 0; image && l < setup->images[image - 1].n_layers; l++) {
		char path[LAB_SPAWN_PATH_MAX + 16];
		struct stat st;

		(void)snprintf(path, sizeof(path), "/i%u.%u%s", image - 1, l, part);
		if (*part && (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
			continue;
		if (len + strlen(path) + 2 < size)
			len += (size_t)snprintf(ret + len, size - len, "%s:", path);
	}
}

static int mount_main_overlay(const struct lab_spawn_setup *setup, const struct lab_spawn_req *req,
			      const char *layers, struct lab_err *err)
{
	bool machine = !req->image || setup->images[req->image - 1].machine;
	char options[LAYERS_LEN + IMAGE_LEN + 128], image[IMAGE_LEN];
	uint32_t index = req->index;

	image_layers(setup, req->image, "", image, sizeof(image));
	/* Without the machine's files below, the last ':' would name one more layer, "". */
	if (!machine && *image)
		image[strlen(image) - 1] = '\0';
	(void)snprintf(options, sizeof(options),
		       "lowerdir=%s%s:%s%s,upperdir=/up/%u/u,workdir=/up/%u/w%s", layers,
		       machine ? "/layer" : "/ilayer", image,
		       !machine     ? ""
		       : req->image ? "/view0"
				    : "/lower",
		       index, index, setup->userxattr ? ",userxattr" : "");
	return lab_mount("overlay", NEW_ROOT, "overlay", MS_NODEV, options, err);
}

/* A /usr, /home or /var that is a file system of its own on the machine. */
static int mount_sub_overlay(const struct lab_spawn_setup *setup, const struct lab_spawn_req *req,
			     unsigned int n, struct lab_err *err)
{
	char options[LAYERS_LEN + IMAGE_LEN + LAB_SPAWN_PATH_MAX + 160],
		image[IMAGE_LEN] = "", layers[LAYERS_LEN] = "",
		target[LAB_SPAWN_PATH_MAX + sizeof(NEW_ROOT)], layer[LAB_SPAWN_PATH_MAX + 8],
		dir[64];
	uint32_t index = req->index;
	bool layered;
	int r;

	(void)snprintf(target, sizeof(target), NEW_ROOT "%s", setup->submounts[n]);
	if (setup->whole[n]) {
		(void)snprintf(dir, sizeof(dir), "/lower%u", n + 1);
		return lab_mount(dir, target, NULL, MS_BIND | MS_REC, NULL, err);
	}
	/* What the shared layer has for this place; characters that overlay options give a meaning are not worth the trouble. */
	(void)snprintf(layer, sizeof(layer), "/layer%s", setup->submounts[n]);
	layered = !strpbrk(layer, ":,\\") && access(layer, F_OK) == 0;

	(void)snprintf(dir, sizeof(dir), "/up/%u/u%u", index, n + 1);
	r = make_dir(dir, 0755, err);
	if (r < 0)
		return r;
	(void)snprintf(dir, sizeof(dir), "/up/%u/w%u", index, n + 1);
	r = make_dir(dir, 0700, err);
	if (r < 0)
		return r;
	(void)snprintf(dir, sizeof(dir), "u%u", n + 1);
	if (req->again)
		read_layers(index, dir, layers);
	if (!strpbrk(setup->submounts[n], ":,\\"))
		image_layers(setup, req->image, setup->submounts[n], image, sizeof(image));
	(void)snprintf(options, sizeof(options),
		       "lowerdir=%s%s%s%s/%s%u,upperdir=/up/%u/u%u,workdir=/up/%u/w%u%s", layers,
		       layered ? layer : "", layered ? ":" : "", image,
		       req->image ? "view" : "lower", n + 1, index, n + 1, index, n + 1,
		       setup->userxattr ? ",userxattr" : "");
	return lab_mount("overlay", target, "overlay", MS_NODEV, options, err);
}

/* Only where the shared layer cannot say that there is nothing in /run and /tmp (see lab_spawn_setup.bind_private). */
static int bind_private(uint32_t index, struct lab_err *err)
{
	static const struct {
		const char *name, *target;
		mode_t mode;
	} dirs[] = { { "run", NEW_ROOT "/run", 0755 },
		     { "run/shm", NULL, 01777 },
		     { "run/lock", NULL, 01777 },
		     { "tmp", NEW_ROOT "/tmp", 01777 } };
	char source[64];
	int r = 0;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(dirs) && r == 0; i++) {
		(void)snprintf(source, sizeof(source), "/up/%u/%s", index, dirs[i].name);
		r = make_dir(source, dirs[i].mode, err);
		if (r == 0 && dirs[i].target)
			r = lab_mount(source, dirs[i].target, NULL, MS_BIND, NULL, err);
	}
	return r;
}

/*
 * Make a kernel file system read-only, but for the one directory that belongs to the host's network namespace. Read-only is a
 * property of the mount: the bind of @writable is made before, and keeps its own; likewise that of @also, which may be NULL.
 */
static int protect(const char *target, const char *writable, const char *also, struct lab_err *err)
{
	int r = lab_mount(writable, writable, NULL, MS_BIND, NULL, err);

	if (r == 0 && also)
		r = lab_mount(also, also, NULL, MS_BIND, NULL, err);
	if (r < 0)
		return r;
	return lab_mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE, NULL, err);
}

/* Nothing stays mounted on pktgen's folder itself: the kernel looks it up anew each time, and drops what was there. */
static int protect_proc(const char *pktgen, const char *above, const char *target,
			const char *writable, struct lab_err *err)
{
	return protect(target, writable, access(pktgen, F_OK) == 0 ? above : NULL, err);
}

int agt_root_confine(struct lab_err *err)
{
	int r = protect_proc("/proc/1/net/pktgen", "/proc/1/net", "/proc", "/proc/sys/net", err);

	return r < 0 ? r : protect("/sys", "/sys/devices/virtual/net", NULL, err);
}

int agt_root_proc(struct lab_err *err)
{
	return lab_mount_new("proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
}

int agt_root_sys(const char *target, struct lab_err *err)
{
	char writable[64];
	int r;

	(void)snprintf(writable, sizeof(writable), "%s/devices/virtual/net", target);
	r = lab_mount("sysfs", target, "sysfs", SAFE, NULL, err);
	return r < 0 ? r : protect(target, writable, NULL, err);
}

static int mount_kernel(const struct lab_spawn_setup *setup, int proc, struct lab_err *err)
{
	int r;

	r = lab_mount("/dev", NEW_ROOT "/dev", NULL, MS_BIND | MS_REC, NULL, err);
	if (r < 0)
		return r;
	r = lab_mount("devpts", NEW_ROOT "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		      setup->userxattr ? "newinstance,ptmxmode=0666,mode=0620"
				       : "newinstance,ptmxmode=0666,mode=0620,gid=5",
		      err);
	if (r < 0)
		return r;
	r = lab_mount_attach(proc, NEW_ROOT "/proc", err);
	if (r < 0)
		return r;
	r = protect_proc(NEW_ROOT "/proc/1/net/pktgen", NEW_ROOT "/proc/1/net", NEW_ROOT "/proc",
			 NEW_ROOT "/proc/sys/net", err);
	if (r < 0)
		return r;
	return agt_root_sys(NEW_ROOT "/sys", err);
}

int agt_root_enter(const struct lab_spawn_setup *setup, const struct lab_spawn_req *req, int proc,
		   struct lab_err *err)
{
	char layers[LAYERS_LEN] = "";
	uint32_t index = req->index;
	int r;

	r = make_upper(index, err);
	if (r == 0 && req->again) {
		r = empty_run(index, err);
		read_layers(index, "u", layers);
	}
	if (r < 0)
		return r;
	r = mount_main_overlay(setup, req, layers, err);
	/* What is mounted on the machine is none of an image that holds all its files. */
	for (unsigned int n = 0; n < setup->n_submounts && r == 0; n++)
		if (!req->image || setup->images[req->image - 1].machine)
			r = mount_sub_overlay(setup, req, n, err);
	if (r < 0)
		return r;
	if (setup->bind_private) {
		r = bind_private(index, err);
		if (r < 0)
			return r;
	}
	r = mount_kernel(setup, proc, err);
	if (r < 0)
		return r;
	/* The template stays below this root; a host has no capability with which to unmount. */
	return lab_mount_switch(NEW_ROOT, err);
}
