/* SPDX-License-Identifier: GPL-2.0-or-later */
/* initramfs.c - what the virtual machine starts from: init, drivers, and the job */
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/vm/cpio.h"
#include "netlab/vm/job.h"
#include "netlab/vm/vm_internal.h"

enum { KEEPS_MAX = 64 };

static void pair(struct lab_strbuf *sb, const char *key, const char *value)
{
	lab_strbuf_add(sb, key, strlen(key) + 1);
	lab_strbuf_add(sb, value, strlen(value) + 1);
}

/* --- folders that the guest's empty /tmp and /run would hide --- */

/*
 * struct keeps - absolute paths, none within another
 */
struct keeps {
	char *paths[KEEPS_MAX];
	size_t n;
};

static bool within(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && (!path[len] || path[len] == '/');
}

static bool is_volatile(const char *path)
{
	static const char *const volatiles[] = LAB_VM_VOLATILE;
	size_t i;

	for (i = 0; i < LAB_ARRAY_SIZE(volatiles); i++) {
		if (within(path, volatiles[i]))
			return true;
	}
	return false;
}

/* The folder of a file or folder; an error is a word that names none. */
static char *folder_of(const char *path)
{
	char *full = realpath(path, NULL);
	struct stat st;
	char *slash;

	if (full && stat(full, &st) == 0 && !S_ISDIR(st.st_mode)) {
		slash = strrchr(full, '/');
		*(slash == full ? slash + 1 : slash) = '\0';
	}
	return full;
}

static void keep(struct keeps *k, const char *path)
{
	cleanup_free char *folder = *path ? folder_of(path) : NULL;
	size_t i, n = 0;

	if (!folder || !is_volatile(folder))
		return;
	for (i = 0; i < k->n; i++) {
		if (within(folder, k->paths[i]))
			return;
	}
	for (i = 0; i < k->n; i++) {
		if (within(k->paths[i], folder))
			free(k->paths[i]);
		else
			k->paths[n++] = k->paths[i];
	}
	k->n = n;
	if (k->n < KEEPS_MAX)
		k->paths[k->n++] = take_ptr(&folder);
}

static void find_keeps(const struct lab_vm_params *params, struct keeps *k)
{
	char *const *word;
	const char *value;
	size_t i;

	keep(k, params->cwd);
	for (i = 0; i < params->n_keeps; i++)
		keep(k, params->keeps[i]);
	for (word = params->argv; *word; word++) {
		/* --option=FILE, too. */
		value = **word == '-' ? strchr(*word, '=') : NULL;
		keep(k, value ? value + 1 : *word);
	}
}

int lab_vm_job(const struct lab_vm_params *params, struct lab_strbuf *ret)
{
	struct keeps k = { 0 };
	char *const *word;
	size_t i;

	pair(ret, LAB_VM_KEY_KERNEL, params->kernel);
	pair(ret, LAB_VM_KEY_CWD, params->cwd);
	find_keeps(params, &k);
	/* Shares come behind the copies, since one may lie in a copy. */
	while (k.n) {
		pair(ret, LAB_VM_KEY_KEEP, k.paths[--k.n]);
		free(k.paths[k.n]);
	}
	for (i = 0; i < params->n_shares; i++)
		pair(ret, LAB_VM_KEY_SHARE, params->shares[i]);
	for (word = params->envp; *word; word++)
		pair(ret, LAB_VM_KEY_ENV, *word);
	for (word = params->argv; *word; word++)
		pair(ret, LAB_VM_KEY_ARG, *word);
	return ret->error ? -ENOMEM : 0;
}

/* --- the archive --- */

static int add_module(int fd, const char *kernel, const char *file, unsigned int i,
		      struct lab_err *err)
{
	cleanup_free char *path = NULL;
	char name[32];
	int r;

	if (asprintf(&path, "%s/%s", kernel, file) < 0) {
		path = NULL;
		return lab_err_errno(err, ENOMEM, "initramfs");
	}
	(void)snprintf(name, sizeof(name), "modules/%03u", i);
	r = lab_cpio_file(fd, name, path);
	return r < 0 ? lab_err_errno(err, -r, "%s", path) : 0;
}

static int add_modules(int fd, const char *kernel, struct lab_err *err)
{
	cleanup_file FILE *f = NULL;
	char line[PATH_MAX];
	unsigned int i = 0;
	int r;

	(void)snprintf(line, sizeof(line), "%s/boot.modules", kernel);
	f = fopen(line, "re");
	if (!f)
		return lab_err_errno(err, errno, "%s", line);
	r = lab_cpio_dir(fd, "modules");
	if (r < 0)
		return lab_err_errno(err, -r, "initramfs");
	while (r == 0 && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		r = add_module(fd, kernel, line, i++, err);
	}
	return r;
}

int lab_vm_initramfs(const struct lab_vm_params *params, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf job = LAB_STRBUF_INIT;
	cleanup_close int fd = -1;
	int r;

	fd = memfd_create("initramfs", MFD_CLOEXEC);
	if (fd < 0)
		return lab_err_errno(err, errno, "initramfs");
	r = lab_vm_job(params, &job);
	if (r == 0)
		r = lab_cpio_data(fd, "job", job.data, job.len);
	if (r < 0)
		return lab_err_errno(err, -r, "initramfs");
	r = lab_cpio_file(fd, "init", params->init);
	if (r < 0)
		return lab_err_errno(err, -r, "%s", params->init);
	r = add_modules(fd, params->kernel, err);
	if (r < 0)
		return r;
	r = lab_cpio_end(fd);
	return r < 0 ? lab_err_errno(err, -r, "initramfs") : take_fd(&fd);
}
