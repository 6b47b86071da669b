/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.c - configuration files: where pools are */
#include "netlab/cli/config.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

#define SYSTEM_FILE "/etc/netlab/config"

/**
 * struct reader - a file that is read
 * @cfg:	added to
 * @first:	pools of earlier files are before this one
 * @file:	its name
 * @line:	number of the line
 * @foreign:	it may be LNST's
 * @section:	in [pools]; @begun: in any section
 * @diag:	what is wrong
 */
struct reader {
	struct lab_config *cfg;
	size_t first;
	const char *file;
	unsigned int line;
	bool foreign, section, begun;
	struct ctl_diag *diag;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Without blanks at both ends. */
static char *strip(char *s)
{
	size_t len;

	while (is_blank(*s))
		s++;
	len = strlen(s);
	while (len && is_blank(s[len - 1]))
		s[--len] = '\0';
	return s;
}

static struct lab_src at(const struct reader *r, const char *line, const char *where)
{
	return (struct lab_src){ .file = r->file,
				 .line = r->line,
				 .col = (unsigned int)(where - line) + 1 };
}

/* --- one line --------------------------------------------------------------------------------- */

static void begin_section(struct reader *r, const char *line, char *s)
{
	static const char *const known[] = { "pools", NULL };
	struct lab_src src = at(r, line, s);
	size_t len = strlen(s);
	const char *near;

	if (s[len - 1] != ']') {
		(void)ctl_diag_error(r->diag, &src, "\"%.60s\" is no section; write [pools]", s);
		return;
	}
	s[len - 1] = '\0';
	s = strip(s + 1);
	r->begun = true;
	r->section = !strcmp(s, "pools");
	if (r->section || r->foreign)
		return;
	near = lab_str_nearest(s, known);
	(void)ctl_diag_error(r->diag, &src, "unknown section [%.60s]; %s [pools]%s", s,
			     near ? "did you mean" : "there is", near ? "?" : "");
}

/* Where a folder of the file is. */
static char *resolve(const char *file, const char *dir)
{
	const char *home = getenv("HOME"), *slash = strrchr(file, '/');
	char *path = NULL;
	int r;

	if (!strncmp(dir, "~/", 2) && home)
		r = asprintf(&path, "%s%s", home, dir + 1);
	else if (*dir == '/' || !slash)
		r = asprintf(&path, "%s", dir);
	else
		r = asprintf(&path, "%.*s/%s", (int)(slash - file), file, dir);
	return r < 0 ? NULL : path;
}

static struct lab_config_pool *find_pool(const struct lab_config *cfg, const char *name)
{
	size_t i;

	for (i = 0; i < cfg->n_pools; i++) {
		if (!strcmp(cfg->pools[i].name, name))
			return &cfg->pools[i];
	}
	return NULL;
}

static int add_pool(struct reader *r, const char *name, const struct lab_src *src, const char *dir)
{
	struct lab_config *cfg = r->cfg;
	struct lab_config_pool *old = find_pool(cfg, name), *more;
	cleanup_free char *path = resolve(r->file, dir), *copy = NULL;

	if (!path)
		return -ENOMEM;
	if (old && (size_t)(old - cfg->pools) >= r->first && !r->foreign)
		return ctl_diag_error(r->diag, src, "pool %.60s is in this file already", name);
	if (old) {
		free(old->dir);
		old->dir = take_ptr(&path);
		return 0;
	}
	if (cfg->n_pools == LAB_CONFIG_POOLS_MAX)
		return ctl_diag_error(r->diag, src, "more than %u pools", LAB_CONFIG_POOLS_MAX);
	copy = strdup(name);
	more = copy ? reallocarray(cfg->pools, cfg->n_pools + 1, sizeof(*more)) : NULL;
	if (!more)
		return -ENOMEM;
	cfg->pools = more;
	more[cfg->n_pools++] = (struct lab_config_pool){ take_ptr(&copy), take_ptr(&path) };
	return 0;
}

static int take_pool(struct reader *r, const char *line, char *s)
{
	struct lab_src src = at(r, line, s);
	char *equals = strchr(s, '='), *dir;

	if (!equals || equals == s)
		return ctl_diag_error(r->diag, &src, "\"%.60s\" is not: name = folder", s);
	*equals = '\0';
	if (r->foreign && equals[-1] == '+')
		equals[-1] = '\0';
	dir = strip(equals + 1);
	s = strip(s);
	if (!*s || !*dir)
		return ctl_diag_error(r->diag, &src, "a %s is missing: name = folder",
				      *s ? "folder" : "name");
	if (strchr(s, '/'))
		return ctl_diag_error(
			r->diag, &src,
			"\"%.60s\": the name of a pool has no slash, as --pool takes a folder that has one",
			s);
	return add_pool(r, s, &src, dir);
}

static int take_line(struct reader *r, char *line)
{
	char *s = strip(line);
	struct lab_src src = at(r, line, s);

	if (!*s || *s == '#' || *s == ';')
		return 0;
	if (*s == '[')
		return begin_section(r, line, s), 0;
	if (r->section)
		return take_pool(r, line, s);
	if (!r->begun)
		(void)ctl_diag_error(r->diag, &src,
				     "\"%.60s\" is in no section; write [pools] first", s);
	return 0;
}

int lab_config_parse(struct lab_config *cfg, const char *file, char *data, bool foreign,
		     struct ctl_diag *diag)
{
	unsigned int before = diag->n_errors;
	struct reader r = {
		.cfg = cfg, .first = cfg->n_pools, .file = file, .foreign = foreign, .diag = diag
	};
	char *end;
	int one = 0;

	for (; data && one != -ENOMEM; data = end) {
		end = strchr(data, '\n');
		if (end)
			*end++ = '\0';
		r.line++;
		one = take_line(&r, data);
	}
	if (one == -ENOMEM)
		return one;
	return diag->n_errors > before ? -EINVAL : 0;
}

/* --- files ------------------------------------------------------------------------------------ */

static int file_error(const char *file, int code, struct ctl_diag *diag)
{
	struct lab_src src = { .file = file };
	struct lab_err err;

	(void)lab_err_errno(&err, code, "cannot be read");
	return ctl_diag_error(diag, &src, "%s", err.msg);
}

static int read_file(struct lab_config *cfg, const char *file, bool must_be, struct ctl_diag *diag)
{
	cleanup_close int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	struct lab_src src = { .file = file };
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return !must_be && (errno == ENOENT || errno == ENOTDIR)
			       ? 0
			       : file_error(file, errno, diag);
	while ((n = read(fd, buf, sizeof(buf))) > 0 && sb.len <= LAB_CONFIG_BYTES_MAX)
		lab_strbuf_add(&sb, buf, (size_t)n);
	if (n < 0)
		return file_error(file, errno, diag);
	if (sb.error)
		return sb.error;
	if (sb.len > LAB_CONFIG_BYTES_MAX || (sb.len && strlen(sb.data) != sb.len))
		return ctl_diag_error(diag, &src, "this is no configuration file");
	return lab_config_parse(cfg, file, sb.data, must_be, diag);
}

static bool user_file(char ret[PATH_MAX])
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = -1;

	if (xdg && *xdg == '/')
		n = snprintf(ret, PATH_MAX, "%s/netlab/config", xdg);
	else if (home && *home == '/')
		n = snprintf(ret, PATH_MAX, "%s/.config/netlab/config", home);
	return n > 0 && n < PATH_MAX;
}

int lab_config_read(struct lab_config *cfg, const char *file, struct ctl_diag *diag)
{
	char own[PATH_MAX];
	int r, one;

	r = read_file(cfg, SYSTEM_FILE, false, diag);
	if (r != -ENOMEM && user_file(own)) {
		one = read_file(cfg, own, false, diag);
		r = one < 0 ? one : r;
	}
	if (r != -ENOMEM && file) {
		one = read_file(cfg, file, true, diag);
		r = one < 0 ? one : r;
	}
	return r;
}

void lab_config_fini(struct lab_config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->n_pools; i++) {
		free(cfg->pools[i].name);
		free(cfg->pools[i].dir);
	}
	free(cfg->pools);
	*cfg = (struct lab_config){ 0 };
}
