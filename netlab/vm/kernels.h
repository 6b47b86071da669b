/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernels.h - the kernels that were fetched, ready to boot */
#ifndef NETLAB_VM_KERNELS_H
#define NETLAB_VM_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "netlab/base/err.h"

/**
 * struct lab_kernel - a kernel that is here
 * @version:	as `uname -r` says it, and name of its folder
 * @path:	its folder: vmlinux, lib/modules/VERSION, boot.modules (those that booting needs,
 *		one path a line, in the order of loading)
 * @fetched_s:	when it was made, seconds since 1970
 */
struct lab_kernel {
	char *version, *path;
	int64_t fetched_s;
};

/**
 * lab_kernels_dir() - Where this user's kernels are kept
 * @ret:	path, on success; caller frees with free(3)
 *
 * $NETLAB_KERNELS; else /var/cache/netlab/kernels for root, and netlab/kernels in $XDG_CACHE_HOME
 * or ~/.cache for others. The folder need not be there.
 * Return: 0 or -errno. Errors: -ENOENT neither HOME nor the others are set; -ENOMEM.
 */
int lab_kernels_dir(char **ret);

/**
 * lab_kernels_list() - List the kernels that are here: those of $NETLAB_KERNELS, or else this user's and root's
 * @ret:	array, on success, each version once, newest first; release with lab_kernels_free()
 * @ret_n:	how many
 *
 * Return: 0 or -ENOMEM. A folder that is not there holds no kernels.
 */
int lab_kernels_list(struct lab_kernel **ret, size_t *ret_n);

/**
 * lab_kernels_free() - Release a list
 * @kernels:	may be NULL
 * @n:		how many
 */
void lab_kernels_free(struct lab_kernel *kernels, size_t n);

/**
 * lab_kernel_find() - Find a kernel by what the user calls it
 * @name:	a version, or the beginning of one up to a '.' or '-' ("6.1" is the newest 6.1.x), or
 *		with a '/' in it the path of a kernel's folder
 * @ret:	absolute path of its folder, on success; caller frees with free(3)
 * @err:	filled on failure, with what to do; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOSYS it is not here.
 */
int lab_kernel_find(const char *name, char **ret, struct lab_err *err);

#endif
