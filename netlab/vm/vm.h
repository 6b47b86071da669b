/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm.h - one command under another kernel, in an emulated machine over this machine's root */
#ifndef NETLAB_VM_VM_H
#define NETLAB_VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlab/base/err.h"
#include "netlab/base/loop.h"

/**
 * DOC: the virtual machine
 *
 * QEMU boots a kernel (netlab/vm/kernels.h) with an initramfs that is made in memory: our init
 * (slave-image/kernel/init.c), the drivers that it needs, and the job (netlab/vm/job.h). The machine's root
 * comes through 9p, read-only, and gets a layer in the guest's memory; named folders come writable.
 * Output and state come through virtio ports that are pipes outside. There is no file, no network
 * and no process but QEMU, which dies with us: so nothing can be left, whatever ends us.
 *
 * It works without KVM, for any user; what the command may read is what the user may read.
 */

#define LAB_VM_MEMORY_MIN ((uint64_t)512 << 20)
#define LAB_VM_CPUS_MAX   64u
#define LAB_VM_SHARES_MAX 64u

typedef void (*lab_vm_output_fn)(int fd, const char *data, size_t len, void *user);

/**
 * struct lab_vm_params - what to run, and where
 * @kernel:	the kernel's folder (lab_kernel_find())
 * @init:	the program kernel/init
 * @argv:	command, NULL-terminated; its first word is looked up in PATH
 * @envp:	environment of the command, NULL-terminated
 * @cwd:	absolute path where it starts
 * @shares:	folders that are the machine's own inside, not a copy: absolute paths without
 *		symbolic links
 * @n_shares:	how many, at most LAB_VM_SHARES_MAX
 * @keeps:	folders below /tmp or /run that shall be there, copy-on-write; those of
 *		@cwd and of words of @argv that name files are found by themselves
 * @n_keeps:	how many
 * @memory_bytes: memory of the guest; 0 = half of what is free here, at most 4 GiB
 * @cpus:	processors of the guest; 0 = those of this process
 * @limit_us:	the command is ended after that time; 0 = never
 * @console:	show the kernel's words as output of descriptor 2
 * @output:	called with what the command writes to 1 and 2, as it writes it
 * @user:	for @output
 */
struct lab_vm_params {
	const char *kernel, *init;
	char *const *argv;
	char *const *envp;
	const char *cwd;
	const char *const *shares;
	size_t n_shares;
	const char *const *keeps;
	size_t n_keeps;
	uint64_t memory_bytes;
	unsigned int cpus;
	uint64_t limit_us;
	bool console;
	lab_vm_output_fn output;
	void *user;
};

/**
 * lab_vm_run() - Boot a kernel, run a command, power off
 * @loop:	loop; it is run until the machine has gone. lab_loop_quit() from a callback of the
 *		caller's ends the machine at once
 * @params:	what to run
 * @ret:	exit status of the command, 128 and its number where a signal ended it; on success
 * @err:	filled on failure; may be NULL
 *
 * $NETLAB_KERNEL_ACCEL replaces QEMU's accelerator "tcg": kvm, where that works.
 * Return: 0 or -errno. Errors: -ENOSYS this machine lacks QEMU or is of another kind, -ENOMEM,
 * -ETIMEDOUT @limit_us is over, -ECANCELED lab_loop_quit(), -EIO the machine ended without a
 * status; @output has then been given the last lines of its console, as descriptor 2.
 */
int lab_vm_run(struct lab_loop *loop, const struct lab_vm_params *params, int *ret,
	       struct lab_err *err);

/**
 * lab_vm_check() - Is here what lab_vm_run() needs of this machine
 * @err:	filled on failure, with the package that has it; may be NULL
 *
 * Return: 0, or -ENOSYS.
 */
int lab_vm_check(struct lab_err *err);

#endif
