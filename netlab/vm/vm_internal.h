/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_internal.h - between vm.c and initramfs.c */
#ifndef NETLAB_VM_VM_INTERNAL_H
#define NETLAB_VM_VM_INTERNAL_H

#include "netlab/base/strbuf.h"
#include "netlab/vm/vm.h"

/**
 * lab_vm_initramfs() - Make the initramfs of a run in memory
 * @params:	the run
 * @err:	filled on failure; may be NULL
 *
 * Return: descriptor of an anonymous file, close-on-exec, or -errno.
 */
int lab_vm_initramfs(const struct lab_vm_params *params, struct lab_err *err);

/**
 * lab_vm_job() - Write the job of a run
 * @params:	the run
 * @ret:	appended: pairs as netlab/vm/job.h has them
 *
 * Return: 0 or -ENOMEM.
 */
int lab_vm_job(const struct lab_vm_params *params, struct lab_strbuf *ret);

#endif
