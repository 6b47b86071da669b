/* SPDX-License-Identifier: GPL-2.0-or-later */
/* raw.c - images that are files with a file system in them, through loop devices */
#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/backend/lend.h"
#include "netlab/base/util.h"
#include "netlab/ns/mount.h"
#include "netlab/rpc/digest.h"

enum { TRIES = 64, LINE_LEN = 128 };

/* A device that is free may be somebody else's a moment later. */
static int attach(int file, const char *image, char path[32], struct lab_err *err)
{
	cleanup_close int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (uint32_t)file,
		.info = { .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR },
	};

	if (control < 0)
		return lab_err_errno(err, errno, "/dev/loop-control");
	(void)snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%.60s",
		       image);
	for (int i = 0; i < TRIES; i++) {
		int n = ioctl(control, LOOP_CTL_GET_FREE), fd;

		if (n < 0)
			return lab_err_errno(err, errno, "find a free loop device");
		(void)snprintf(path, 32, "/dev/loop%d", n);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return lab_err_errno(err, errno, "open %s", path);
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0)
			return fd;
		(void)close(fd);
		if (errno != EBUSY)
			return lab_err_errno(err, errno, "image %s: %s", image, path);
	}
	return lab_err_set(err, EBUSY, "image %s: no loop device stays free", image);
}

/* The kernel does not tell what is on a device, so each kind that needs one is tried. */
static int mount_any(const char *device, const char *image, const char *target, struct lab_err *err)
{
	cleanup_file FILE *f = fopen("/proc/filesystems", "re");
	char line[LINE_LEN];

	while (f && fgets(line, sizeof(line), f)) {
		char *type = strchr(line, '\t');

		/* "nodev\tproc", "\text4" */
		if (!type || type != line)
			continue;
		type++;
		type[strcspn(type, "\n")] = '\0';
		if (mount(device, target, type, MS_RDONLY | MS_NODEV, NULL) == 0)
			return 0;
	}
	return lab_err_set(
		err, EINVAL,
		"image %s is a file without a file system that this kernel can mount (a disk with partitions is none; a tar archive is for netlab image import)",
		image);
}

static int mount_raw(const struct lab_engine *engine, const char *image, const char *target,
		     struct lab_err *err)
{
	cleanup_close int lock = open(engine->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int file = -1, device = -1;
	char path[32];

	/* Hosts are made at once, and the first mounts it. */
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return lab_err_errno(err, errno, "lock %s", engine->dir);
	if (mkdir(target, 0755) < 0)
		return errno == EEXIST ? 0 : lab_err_errno(err, errno, "mkdir %s", target);
	file = open(image, O_RDONLY | O_CLOEXEC);
	device = file < 0 ? lab_err_errno(err, errno, "image %s", image)
			  : attach(file, image, path, err);
	if (device < 0 || mount_any(path, image, target, err) < 0) {
		int r = device < 0 ? device : -EINVAL;

		(void)rmdir(target);
		return r;
	}
	return 0;
}

int lab_lend_raw(const struct lab_engine *engine, const char *image, char **ret,
		 struct lab_err *err)
{
	cleanup_free char *target = NULL;
	char digest[LAB_DIGEST_STRLEN];
	struct stat st;
	int r;

	if (!image || *image != '/' || stat(image, &st) < 0 || !S_ISREG(st.st_mode))
		return lab_lend_lower(image, ret, err);
	lab_digest_mem(image, strlen(image), digest);
	if (asprintf(&target, "%s/raw.%.16s", engine->dir, digest) < 0) {
		target = NULL;
		return lab_err_set(err, ENOMEM, "out of memory");
	}
	r = mount_raw(engine, image, target, err);
	if (r == 0)
		*ret = take_ptr(&target);
	return r;
}
