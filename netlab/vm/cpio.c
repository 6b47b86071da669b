/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpio.c - writes the archive that a kernel unpacks as its first root */
#include "netlab/vm/cpio.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/util.h"

#define FILE_MAX_BYTES ((off_t)64 << 20)

enum { HEADER_LEN = 110 };

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Headers, names and contents begin at multiples of four. */
static int pad(int fd, size_t len)
{
	return write_all(fd, "\0\0\0", (4 - len % 4) % 4);
}

static int header(int fd, const char *name, unsigned int mode, size_t len)
{
	size_t name_len = strlen(name) + 1;
	char head[HEADER_LEN + 64];
	int r;

	/* magic, inode, mode, uid, gid, links, mtime, size, device, special device, name, check */
	(void)snprintf(head, sizeof(head),
		       "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 0u, mode, 0u,
		       0u, 1u, 0u, len, 0u, 0u, 0u, 0u, name_len, 0u);
	r = write_all(fd, head, (size_t)HEADER_LEN);
	if (r == 0)
		r = write_all(fd, name, name_len);
	return r < 0 ? r : pad(fd, (size_t)HEADER_LEN + name_len);
}

int lab_cpio_dir(int fd, const char *name)
{
	return header(fd, name, S_IFDIR | 0755u, 0);
}

int lab_cpio_data(int fd, const char *name, const void *data, size_t len)
{
	int r = header(fd, name, S_IFREG | 0755u, len);

	if (r == 0)
		r = write_all(fd, data, len);
	return r < 0 ? r : pad(fd, len);
}

int lab_cpio_file(int fd, const char *name, const char *path)
{
	cleanup_free char *data = NULL;
	cleanup_close int in = -1;
	size_t got = 0;
	struct stat st;

	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0 || fstat(in, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > FILE_MAX_BYTES)
		return -EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	while (got < (size_t)st.st_size) {
		ssize_t n = read(in, data + got, (size_t)st.st_size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return lab_cpio_data(fd, name, data, got);
}

int lab_cpio_end(int fd)
{
	return header(fd, "TRAILER!!!", 0, 0);
}
