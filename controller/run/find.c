/* SPDX-License-Identifier: GPL-2.0-or-later */
/* find.c - look for a file or folder by its name, in several folders */
#include "controller/run/find.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

enum { NAMES_MAX = 1000 }; /* entries of folders that are looked at for the nearest name */

static const char *const folder_suffixes[] = { "", NULL };

static const char *const *suffixes(const struct ctl_search *s)
{
	return s->suffixes ? s->suffixes : folder_suffixes;
}

static bool name_ok(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

/* Returns 0 with *ret NULL when there is none. */
static int look_in(const struct ctl_search *s, const char *dir, const char *name, char **ret)
{
	const char *const *suffix;
	struct stat st;

	*ret = NULL;
	for (suffix = suffixes(s); *suffix; suffix++) {
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s/%s%s", dir, name, *suffix) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		if (stat(path, &st) < 0 ||
		    (s->suffixes ? !S_ISREG(st.st_mode) : !S_ISDIR(st.st_mode)))
			continue;
		*ret = take_ptr(&path);
		return 0;
	}
	return 0;
}

/* A folder's entry as a name to look for; NULL when it is none. */
static char *entry_name(const struct ctl_search *s, const char *entry)
{
	const char *const *suffix;
	size_t len = strlen(entry), n;

	if (*entry == '.')
		return NULL;
	for (suffix = suffixes(s); *suffix; suffix++) {
		n = strlen(*suffix);
		if (n && len > n && strcmp(entry + len - n, *suffix) == 0)
			return strndup(entry, len - n);
	}
	return strdup(entry);
}

static void collect_names(const struct ctl_search *s, const char *dir, char **names, size_t *n)
{
	cleanup_dir DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while (*n < NAMES_MAX && (e = readdir(d))) {
		names[*n] = entry_name(s, e->d_name);
		if (names[*n])
			(*n)++;
	}
}

static void list_dirs(const struct ctl_search *s, struct lab_strbuf *sb)
{
	size_t i;

	for (i = 0; i < s->n_dirs; i++) {
		if (s->dirs[i])
			lab_strbuf_printf(sb, "%s%s", sb->len ? " and " : "", s->dirs[i]);
	}
}

static int report_missing(const struct ctl_search *s, const char *name, const struct lab_src *src,
			  struct ctl_diag *diag)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char *names[NAMES_MAX + 1];
	const char *nearest;
	size_t n = 0, i;

	for (i = 0; i < s->n_dirs; i++) {
		if (s->dirs[i])
			collect_names(s, s->dirs[i], names, &n);
	}
	names[n] = NULL;
	nearest = lab_str_nearest(name, (const char *const *)names);
	list_dirs(s, &sb);
	if (nearest)
		(void)ctl_diag_error(diag, src, "there is no %s '%s'; did you mean '%s'?", s->what,
				     name, nearest);
	else
		(void)ctl_diag_error(diag, src, "there is no %s '%s' in %s", s->what, name,
				     sb.len ? lab_strbuf_str(&sb) : "any folder");
	while (n)
		free(names[--n]);
	return -ENOENT;
}

int ctl_search_find(const struct ctl_search *s, const char *name, const struct lab_src *src,
		    char **ret, struct ctl_diag *diag)
{
	size_t i;
	int r;

	if (!name_ok(name))
		return ctl_diag_error(diag, src, "'%s' cannot be the name of a %s", name, s->what);
	for (i = 0; i < s->n_dirs; i++) {
		if (!s->dirs[i])
			continue;
		r = look_in(s, s->dirs[i], name, ret);
		if (r < 0 || *ret)
			return r;
	}
	return report_missing(s, name, src, diag);
}

char *ctl_search_relative(const char *dir, const struct lab_src *src)
{
	const char *slash = src->file ? strrchr(src->file, '/') : NULL;
	char *path;

	if (*dir == '/' || !slash)
		return strdup(dir);
	if (asprintf(&path, "%.*s/%s", (int)(slash - src->file), src->file, dir) < 0)
		return NULL;
	return path;
}
