/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_kernel.h - what netlab kernel and netlab run --kernel share: one command under another kernel */
#ifndef NETLAB_CLI_CMD_KERNEL_H
#define NETLAB_CLI_CMD_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "netlab/cli/cli.h"
#include "netlab/vm/vm.h"

/**
 * struct lab_kernel_args - what runs under which kernel
 * @kernel:	as the user calls it
 * @argv:	command, NULL-terminated (borrowed)
 * @shares:	folders that are the machine's own inside; owned
 * @n_shares:	how many
 * @memory_bytes: memory of the guest; 0 = default
 * @cpus:	processors of the guest; 0 = default
 * @limit_us:	the command may take that long; 0 = any time
 */
struct lab_kernel_args {
	const char *kernel;
	char *const *argv;
	char *shares[LAB_VM_SHARES_MAX];
	size_t n_shares;
	uint64_t memory_bytes;
	unsigned int cpus;
	uint64_t limit_us;
};

/**
 * lab_kernel_share() - Add a folder that is the machine's own inside
 * @cli:	command line
 * @option:	name of the option, for the message
 * @path:	folder
 * @file:	@path may also be a file or folder that need not be there yet; then its parent is shared
 * @args:	it is added here, unless it is there
 *
 * Return: 0, or an exit code after having printed why.
 */
int lab_kernel_share(const struct lab_cli *cli, const char *option, const char *path, bool file,
		     struct lab_kernel_args *args);

/**
 * lab_kernel_args_fini() - Release what was added
 * @args:	may be zeroed
 */
void lab_kernel_args_fini(struct lab_kernel_args *args);

/**
 * lab_kernel_exec() - Run a command under another kernel; its output is ours
 * @cli:	command line
 * @args:	what runs
 *
 * Return: exit code of the command; or one of ours, after having printed why.
 */
int lab_kernel_exec(struct lab_cli *cli, const struct lab_kernel_args *args);

#endif
