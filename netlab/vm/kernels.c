/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernels.c - the kernels that were fetched, ready to boot */
#include "netlab/vm/kernels.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

#define SYSTEM_DIR "/var/cache/netlab/kernels"

enum { KERNELS_MAX = 1000 };

static int join(char **ret, const char *dir, const char *name)
{
	*ret = NULL;
	if (asprintf(ret, "%s/%s", dir, name) < 0) {
		*ret = NULL;
		return -ENOMEM;
	}
	return 0;
}

int lab_kernels_dir(char **ret)
{
	const char *own = getenv("NETLAB_KERNELS");
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (own && *own)
		*ret = strdup(own);
	else if (geteuid() == 0)
		*ret = strdup(SYSTEM_DIR);
	else if (cache && *cache == '/')
		return join(ret, cache, "netlab/kernels");
	else if (home && *home)
		return join(ret, home, ".cache/netlab/kernels");
	else
		return -ENOENT;
	return *ret ? 0 : -ENOMEM;
}

static bool has_vmlinux(const char *folder, struct stat *st)
{
	char file[PATH_MAX];
	int n = snprintf(file, sizeof(file), "%s/vmlinux", folder);

	return n > 0 && (size_t)n < sizeof(file) && stat(file, st) == 0 && S_ISREG(st->st_mode);
}

struct list {
	struct lab_kernel *items;
	size_t n;
};

static bool listed(const struct list *l, const char *version)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (strcmp(l->items[i].version, version) == 0)
			return true;
	}
	return false;
}

static int add(struct list *l, const char *dir, const char *version)
{
	cleanup_free char *path = NULL, *name = NULL;
	struct lab_kernel *grown;
	struct stat st;
	int r = join(&path, dir, version);

	if (r < 0)
		return r;
	if (!has_vmlinux(path, &st))
		return 0;
	name = strdup(version);
	grown = reallocarray(l->items, l->n + 1, sizeof(*grown));
	if (!name || !grown) {
		l->items = grown ? grown : l->items;
		return -ENOMEM;
	}
	l->items = grown;
	grown[l->n++] = (struct lab_kernel){
		.version = take_ptr(&name),
		.path = take_ptr(&path),
		.fetched_s = st.st_mtime,
	};
	return 0;
}

static int add_all(struct list *l, const char *dir)
{
	cleanup_dir DIR *d = opendir(dir);
	struct dirent *e;
	int r = 0;

	while (d && r == 0 && l->n < KERNELS_MAX && (e = readdir(d))) {
		/* What begins with a dot is being made or removed. */
		if (*e->d_name != '.' && !listed(l, e->d_name))
			r = add(l, dir, e->d_name);
	}
	return r;
}

static int newest_first(const void *a, const void *b)
{
	return strverscmp(((const struct lab_kernel *)b)->version,
			  ((const struct lab_kernel *)a)->version);
}

int lab_kernels_list(struct lab_kernel **ret, size_t *ret_n)
{
	cleanup_free char *own = NULL;
	struct list l = { 0 };
	int r = lab_kernels_dir(&own);

	if (r == 0)
		r = add_all(&l, own);
	if (r != -ENOMEM && !(getenv("NETLAB_KERNELS") && own) &&
	    (!own || strcmp(own, SYSTEM_DIR) != 0))
		r = add_all(&l, SYSTEM_DIR);
	if (r == -ENOMEM) {
		lab_kernels_free(l.items, l.n);
		return r;
	}
	if (l.n)
		qsort(l.items, l.n, sizeof(*l.items), newest_first);
	*ret = l.items;
	*ret_n = l.n;
	return 0;
}

void lab_kernels_free(struct lab_kernel *kernels, size_t n)
{
	while (n--) {
		free(kernels[n].version);
		free(kernels[n].path);
	}
	free(kernels);
}

static int find_folder(const char *name, char **ret, struct lab_err *err)
{
	cleanup_free char *path = realpath(name, NULL);
	struct stat st;

	if (!path)
		return lab_err_errno(err, errno == ENOENT ? ENOSYS : errno, "kernel '%s'", name);
	if (!has_vmlinux(path, &st))
		return lab_err_set(
			err, ENOSYS,
			"kernel '%s': the folder has no vmlinux: make one with netlab kernel fetch",
			name);
	*ret = take_ptr(&path);
	return 0;
}

static bool matches(const char *version, const char *name)
{
	size_t len = strlen(name);

	return strncmp(version, name, len) == 0 && strchr(".-+", version[len]);
}

static int not_here(const char *name, const struct lab_kernel *list, size_t n, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		lab_strbuf_printf(&sb, "%s%s", i ? ", " : "; there is ", list[i].version);
	return lab_err_set(err, ENOSYS, "kernel %s is not here%s: netlab kernel fetch %s", name,
			   lab_strbuf_str(&sb), name);
}

int lab_kernel_find(const char *name, char **ret, struct lab_err *err)
{
	struct lab_kernel *list = NULL;
	const char *found = NULL;
	size_t n = 0, i;
	int r;

	if (strchr(name, '/'))
		return find_folder(name, ret, err);
	r = lab_kernels_list(&list, &n);
	if (r < 0)
		return lab_err_errno(err, -r, "kernel %s", name);
	/* An exact name wins over a newer one that begins with it. */
	for (i = 0; i < n && !found; i++) {
		if (strcmp(list[i].version, name) == 0)
			found = list[i].path;
	}
	for (i = 0; i < n && !found; i++) {
		if (matches(list[i].version, name))
			found = list[i].path;
	}
	if (!found) {
		r = not_here(name, list, n, err);
	} else {
		*ret = realpath(found, NULL);
		if (!*ret)
			r = lab_err_errno(err, errno, "kernel %s", name);
	}
	lab_kernels_free(list, n);
	return r;
}
