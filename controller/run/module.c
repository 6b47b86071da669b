/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module.c - test modules: where they are, what they need, how they are given their options */
#include "controller/run/module.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "netlab/base/program.h"
#include "netlab/base/util.h"

enum { MODULE_NAMES_MAX = 1000 }; /* files of a folder that are looked at for the nearest name */

/* What netlab's own modules run in a host, and the Debian package that has it. */
static const struct {
	const char *module, *program, *package;
} programs[] = {
	{ "IcmpPing", "ping", "iputils-ping" },
	{ "Icmp6Ping", "ping", "iputils-ping" },
	{ "Iperf", "iperf3", "iperf3" },
	{ "PacketAssert", "tcpdump", "tcpdump" },
};

static const char *const suffixes[] = { "", ".py", ".sh" };

static bool name_ok(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

static char *join(const char *dir, size_t dir_len, const char *name, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%.*s/%s%s", (int)dir_len, dir, name, suffix) < 0)
		return NULL;
	return path;
}

/* The file of a module in a folder. Returns 0 with *ret NULL when there is none. */
static int look_in(const char *dir, const char *name, char **ret)
{
	struct stat st;
	size_t i;

	*ret = NULL;
	for (i = 0; i < LAB_ARRAY_SIZE(suffixes); i++) {
		cleanup_free char *path = join(dir, strlen(dir), name, suffixes[i]);

		if (!path)
			return -ENOMEM;
		if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		*ret = take_ptr(&path);
		return 0;
	}
	return 0;
}

/* A folder's entry as a module's name; NULL when it is none. */
static char *entry_name(const char *entry)
{
	size_t len = strlen(entry);
	size_t i;

	if (*entry == '.')
		return NULL;
	for (i = 1; i < LAB_ARRAY_SIZE(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (len > n && strcmp(entry + len - n, suffixes[i]) == 0)
			return strndup(entry, len - n);
	}
	return strdup(entry);
}

static void collect_names(const char *dir, char **names, size_t *n)
{
	cleanup_dir DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while (*n < MODULE_NAMES_MAX && (e = readdir(d))) {
		names[*n] = entry_name(e->d_name);
		if (names[*n])
			(*n)++;
	}
}

struct folders {
	const char *const *dirs;
	size_t n_dirs;
	const char *own_dir;
};

static int report_missing(const struct folders *f, const struct ctl_command *c,
			  struct ctl_diag *diag)
{
	char *names[MODULE_NAMES_MAX + 1];
	const char *nearest;
	size_t n = 0, i;

	for (i = 0; i < f->n_dirs; i++)
		collect_names(f->dirs[i], names, &n);
	if (f->own_dir)
		collect_names(f->own_dir, names, &n);
	names[n] = NULL;
	nearest = lab_str_nearest(c->module, (const char *const *)names);
	if (nearest)
		(void)ctl_diag_error(diag, &c->module_src,
				     "there is no module '%s'; did you mean '%s'?", c->module,
				     nearest);
	else
		(void)ctl_diag_error(diag, &c->module_src, "there is no module '%s' in %s%s%s",
				     c->module, f->n_dirs ? f->dirs[0] : "",
				     f->n_dirs ? " and " : "",
				     f->own_dir ? f->own_dir : "the module folder");
	while (n)
		free(names[--n]);
	return -ENOENT;
}

static int locate(const struct folders *f, struct ctl_module *m)
{
	size_t i;
	int r;

	for (i = 0; i < f->n_dirs; i++) {
		r = look_in(f->dirs[i], m->name, &m->path);
		if (r < 0 || m->path)
			return r;
	}
	if (!f->own_dir)
		return 0;
	m->own = true;
	return look_in(f->own_dir, m->name, &m->path);
}

static int find_one(const struct folders *f, const struct ctl_command *c, struct ctl_module *m,
		    struct ctl_diag *diag)
{
	struct lab_err err;
	int r;

	m->src = c->module_src;
	m->name = strdup(c->module);
	if (!m->name)
		return -ENOMEM;
	if (!name_ok(m->name))
		return ctl_diag_error(diag, &m->src, "'%s' cannot be the name of a module",
				      m->name);
	r = locate(f, m);
	if (r < 0)
		return r;
	if (!m->path)
		return report_missing(f, c, diag);
	if (access(m->path, X_OK) < 0)
		return ctl_diag_error(diag, &m->src,
				      "module '%s': %s cannot be executed; try chmod +x", m->name,
				      m->path);
	m->file.path = m->path;
	m->file.name = m->name;
	r = lab_file_digest(&m->file, &err);
	if (r < 0) {
		(void)lab_err_prefix(&err, r, "module '%s': ", m->name);
		return ctl_diag_err(diag, &err, &m->src);
	}
	return 0;
}

static size_t count_runs(const struct ctl_recipe *recipe)
{
	size_t n = 0, t, c;

	for (t = 0; t < recipe->n_tasks; t++) {
		for (c = 0; c < recipe->tasks[t].n_commands; c++)
			n += recipe->tasks[t].commands[c].module != NULL;
	}
	return n;
}

int ctl_modules_find(const struct ctl_recipe *recipe, const char *const *dirs, size_t n_dirs,
		     const char *own_dir, struct ctl_modules *ret, struct ctl_diag *diag)
{
	const struct folders f = { .dirs = dirs, .n_dirs = n_dirs, .own_dir = own_dir };
	size_t t, c, n = count_runs(recipe);
	int r, result = 0;

	*ret = (struct ctl_modules){ 0 };
	if (!n)
		return 0;
	ret->items = calloc(n, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (t = 0; t < recipe->n_tasks; t++) {
		for (c = 0; c < recipe->tasks[t].n_commands; c++) {
			const struct ctl_command *command = &recipe->tasks[t].commands[c];

			if (!command->module || ctl_modules_get(ret, command->module))
				continue;
			r = find_one(&f, command, &ret->items[ret->n_items++], diag);
			if (r == -ENOMEM)
				return r;
			if (r < 0 && !result)
				result = r;
		}
	}
	return result;
}

void ctl_modules_fini(struct ctl_modules *mods)
{
	size_t i;

	for (i = 0; i < mods->n_items; i++) {
		free(mods->items[i].name);
		free(mods->items[i].path);
	}
	free(mods->items);
	*mods = (struct ctl_modules){ 0 };
}

struct ctl_module *ctl_modules_get(const struct ctl_modules *mods, const char *name)
{
	size_t i;

	for (i = 0; i < mods->n_items; i++) {
		if (mods->items[i].name && strcmp(mods->items[i].name, name) == 0)
			return &mods->items[i];
	}
	return NULL;
}

int ctl_modules_check(const struct ctl_modules *mods, const char *path, struct ctl_diag *diag)
{
	int r = 0;
	size_t i, k;

	for (i = 0; i < mods->n_items; i++) {
		const struct ctl_module *m = &mods->items[i];

		for (k = 0; k < LAB_ARRAY_SIZE(programs); k++) {
			if (!m->own || strcmp(programs[k].module, m->name) != 0 ||
			    lab_program_in_path(programs[k].program, path))
				continue;
			(void)ctl_diag_error(
				diag, &m->src,
				"module %s needs the program %s, which this machine lacks: install the package %s",
				m->name, programs[k].program, programs[k].package);
			r = -ENOSYS;
		}
	}
	return r;
}

/* One more value of an option: a string, and from the second on an array. */
static int add_option(json_t *options, const char *name, const char *value)
{
	json_t *old = json_object_get(options, name);
	cleanup_json json_t *array = NULL;

	if (!old)
		return json_object_set_new(options, name, json_string(value)) < 0 ? -ENOMEM : 0;
	if (json_is_array(old))
		return json_array_append_new(old, json_string(value)) < 0 ? -ENOMEM : 0;
	array = json_pack("[O,s]", old, value);
	if (!array || json_object_set(options, name, array) < 0)
		return -ENOMEM;
	return 0;
}

int ctl_module_options(const struct ctl_command *command, const struct ctl_scope *scope,
		       json_t **ret, struct lab_err *err)
{
	cleanup_json json_t *options = json_object();
	size_t i;
	int r;

	if (!options)
		return lab_err_set(err, ENOMEM, "out of memory");
	for (i = 0; i < command->n_options; i++) {
		const struct ctl_option *o = &command->options[i];
		cleanup_free char *value = NULL;

		r = ctl_value_expand(&o->value, scope, &value, err);
		if (r < 0)
			return lab_err_prefix(err, r, "option %s: ", o->name);
		r = add_option(options, o->name, value);
		if (r < 0)
			return lab_err_set(err, -r, "out of memory");
	}
	*ret = take_ptr(&options);
	return 0;
}

void ctl_module_text(const struct ctl_command *command, json_t *options, struct lab_strbuf *sb)
{
	const char *name;
	json_t *value;
	size_t i;

	lab_strbuf_puts(sb, command->module);
	json_object_foreach(options, name, value) {
		if (json_is_string(value))
			lab_strbuf_printf(sb, " %s=%s", name, json_string_value(value));
		for (i = 0; i < json_array_size(value); i++)
			lab_strbuf_printf(sb, " %s=%s", name,
					  json_string_value(json_array_get(value, i)));
	}
}
