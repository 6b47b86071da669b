/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.h - what the machine tells its virtual machine, and what comes back */
#ifndef NETLAB_VM_JOB_H
#define NETLAB_VM_JOB_H

/**
 * DOC: the job
 *
 * netlab/vm (outside) gives slave-image/kernel/init.c (PID 1 inside) an initramfs with these files:
 *
 *   /init            the program
 *   /modules/NNN     kernel modules; they are loaded in the order of their names
 *   /job             pairs of key and value, each with a NUL byte behind it
 *
 * The machine's root is the 9p tag LAB_VM_TAG_ROOT, the i-th share LAB_VM_TAG_SHARE with i behind it. Three virtio
 * ports lead out: the command's output, its errors, and the state: lines LAB_VM_READY, then
 * LAB_VM_EXIT and a number; or LAB_VM_ERROR and a text, when there is no command to come.
 */

/* Keys of the job. */
#define LAB_VM_KEY_KERNEL "kernel" /* the kernel's folder, with lib/modules; once */
#define LAB_VM_KEY_CWD    "cwd"    /* where the command starts; once */
#define LAB_VM_KEY_KEEP   "keep"   /* a folder below a volatile one that is there copy-on-write */
#define LAB_VM_KEY_SHARE  "share"  /* a folder that is the machine's own, not a copy */
#define LAB_VM_KEY_ENV    "env"    /* NAME=VALUE */
#define LAB_VM_KEY_ARG    "arg"    /* the command's words */

#define LAB_VM_TAG_ROOT  "root"
#define LAB_VM_TAG_SHARE "share"

#define LAB_VM_PORT_OUT   "out"
#define LAB_VM_PORT_ERR   "err"
#define LAB_VM_PORT_STATE "state"

#define LAB_VM_READY "ready"
#define LAB_VM_EXIT  "exit "
#define LAB_VM_ERROR "error "

/* The folders that are empty inside, on a tmpfs, unless a job keeps or shares them: no overlay can
 * have its upper layer on the root, which is one itself. */
#define LAB_VM_VOLATILE        \
	{                      \
		"/tmp", "/run" \
	}

#endif
