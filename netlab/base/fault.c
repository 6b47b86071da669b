/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault.c - let the n-th netlink request, mount or clone fail; debug and sanitizer builds only */
#include "netlab/base/fault.h"

#ifdef LAB_FAULTS

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "netlab/base/parse.h"
#include "netlab/base/util.h"

/* Shared by all processes of the lab; kind and n are written before anyone else sees the file. */
struct shared {
	_Atomic uint64_t count;
	uint64_t n;
	uint32_t kind;
};

static const struct {
	const char *name;
	int code;
} kinds[LAB_FAULT_KIND_MAX_] = {
	[LAB_FAULT_NETLINK] = { "netlink", EIO },
	[LAB_FAULT_MOUNT] = { "mount", EIO },
	[LAB_FAULT_CLONE] = { "clone", EAGAIN },
};

/* Out of the way of the low numbers that exec'ed children get their descriptors on. */
enum { FD_MIN = 16 };

static int shared_fd = -1;
static struct shared *shared;

static void drop(void)
{
	if (shared)
		(void)munmap(shared, sizeof(*shared));
	shared = NULL;
	close_fd(&shared_fd);
}

int lab_fault_adopt(int fd)
{
	cleanup_close int own = fd;
	struct shared *map;
	struct stat st;

	if (fstat(own, &st) < 0)
		return -errno;
	if (st.st_size != (off_t)sizeof(*map))
		return -EINVAL;
	map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
	if (map == MAP_FAILED)
		return -errno;
	if (map->kind >= LAB_FAULT_KIND_MAX_) {
		(void)munmap(map, sizeof(*map));
		return -EINVAL;
	}
	drop();
	shared = map;
	shared_fd = take_fd(&own);
	return 0;
}

static int parse_spec(const char *spec, struct shared *ret)
{
	size_t i, len;

	for (i = 0; i < LAB_ARRAY_SIZE(kinds); i++) {
		len = strlen(kinds[i].name);
		if (strncmp(spec, kinds[i].name, len) == 0 && spec[len] == ':') {
			ret->kind = (uint32_t)i;
			return lab_parse_u64(spec + len + 1, 1, UINT64_MAX, &ret->n);
		}
	}
	return -EINVAL;
}

int lab_fault_init(struct lab_err *err)
{
	const char *spec = getenv("NETLAB_FAULT");
	cleanup_close int fd = -1, high = -1;
	struct shared s = { 0 };
	int r;

	drop();
	if (!spec || !*spec)
		return 0;
	if (parse_spec(spec, &s) < 0)
		return lab_err_set(err, EINVAL,
				   "NETLAB_FAULT=%s: expected netlink:N, mount:N or clone:N", spec);
	fd = memfd_create("netlab-fault", MFD_CLOEXEC);
	if (fd < 0)
		return lab_err_errno(err, errno, "memfd_create");
	if (write(fd, &s, sizeof(s)) != (ssize_t)sizeof(s))
		return lab_err_errno(err, EIO, "write to a memory file");
	high = fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN);
	if (high < 0)
		return lab_err_errno(err, errno, "duplicate a descriptor");
	r = lab_fault_adopt(take_fd(&high));
	if (r < 0)
		return lab_err_errno(err, -r, "map a memory file");
	return 0;
}

int lab_fault_fd(void)
{
	return shared_fd;
}

int lab_fault(enum lab_fault_kind kind)
{
	if (!shared || shared->kind != (uint32_t)kind)
		return 0;
	return atomic_fetch_add(&shared->count, 1) + 1 == shared->n ? kinds[kind].code : 0;
}

#endif
