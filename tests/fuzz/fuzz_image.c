/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_image.c - archives that are imported as images: nothing leaves the tree, whatever they say */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlab/base/files.h"
#include "netlab/base/util.h"
#include "slave-image/image/tar.h"

enum { DATA_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Beside the tree there is nothing, and nothing may come. */
static void check_beside(const char *dir)
{
	cleanup_dir DIR *d = opendir(dir);
	unsigned int n = 0;

	while (d && readdir(d))
		n++;
	if (n != 3)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/netlab-fuzz-image.XXXXXX";
	cleanup_close int fd = memfd_create("archive", MFD_CLOEXEC), top = -1, root = -1;
	struct img_count count = { 0 };
	struct lab_err err = { 0 };

	if (size > DATA_MAX || fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) != 0 || !mkdtemp(dir))
		return 0;
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top >= 0 && mkdirat(top, "root", 0755) == 0)
		root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0) {
		if (img_tar_import(fd, "x", root, &count, &err) < 0 && !err.msg[0])
			abort();
		check_beside(dir);
	}
	(void)lab_files_remove(AT_FDCWD, dir);
	return 0;
}
