/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module.c - test modules: where they are, what they need, how they are given their options */
#include "controller/run/module.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "controller/run/find.h"
#include "netlab/base/program.h"
#include "netlab/base/util.h"
#include "netlab/ns/probe.h"

enum { DIRS_MAX = 64, HEAD_MAX = 256 };

static const char *const suffixes[] = { "", ".py", ".sh", NULL };

/* --- what a module's file says --- */

/* The program that runs a script: the first word behind "#!", or env's argument. */
static bool find_interpreter(const char *head, char *program, size_t size, bool *ret_in_path)
{
	char line[HEAD_MAX], *p = line, *word;

	(void)snprintf(line, sizeof(line), "%s", head + 2);
	line[strcspn(line, "\r\n")] = '\0';
	*ret_in_path = false;
	while ((word = strsep(&p, " \t"))) {
		if (!*word)
			continue;
		if (*ret_in_path ? *word == '-' || strchr(word, '=') : false)
			continue;
		if (!*ret_in_path && strcmp(word, "/usr/bin/env") == 0) {
			*ret_in_path = true;
			continue;
		}
		(void)snprintf(program, size, "%s", word);
		return true;
	}
	return false;
}

/* Can the kernel execute it? Else the host could only say that something is not there. */
static int check_head(const struct ctl_module *m, const char *head, struct ctl_diag *diag)
{
	char program[HEAD_MAX] = "";
	bool in_path;

	if (strncmp(head, "\177ELF", 4) == 0)
		return 0;
	if (strncmp(head, "#!", 2) != 0)
		return ctl_diag_error(
			diag, &m->src,
			"module '%s': %s is neither a program nor a script that begins with #!",
			m->name, m->path);
	if (!find_interpreter(head, program, sizeof(program), &in_path))
		return ctl_diag_error(diag, &m->src,
				      "module '%s': %s names no interpreter behind #!", m->name,
				      m->path);
	if (in_path ? lab_program_in_path(program, getenv("PATH")) : access(program, X_OK) == 0)
		return 0;
	(void)ctl_diag_error(diag, &m->src,
			     "module '%s': its interpreter %s is not on this machine", m->name,
			     program);
	return -ENOSYS;
}

static int read_about(struct ctl_module *m, struct ctl_diag *diag)
{
	cleanup_close int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char head[HEAD_MAX] = "";
	struct stat st;
	void *data;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || pread(fd, head, sizeof(head) - 1, 0) < 0)
		return ctl_diag_error(diag, &m->src, "module '%s': %s: %s [%s]", m->name, m->path,
				      strerror(errno), strerrorname_np(errno));
	r = check_head(m, head, diag);
	if (r < 0 || st.st_size <= 0 || st.st_size > LAB_FILE_MAX)
		return r;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -ENOMEM;
	r = ctl_about_read(data, (size_t)st.st_size, &m->about);
	m->python = strncmp(head, "#!", 2) == 0 &&
		    memmem(data, (size_t)st.st_size, CTL_TOOL_PYTHON, strlen(CTL_TOOL_PYTHON));
	(void)munmap(data, (size_t)st.st_size);
	return r;
}

/* --- finding modules --- */

static void module_free(struct ctl_module *m)
{
	ctl_about_fini(&m->about);
	free(m->name);
	free(m->dir);
	free(m->path);
	free(m->on_host);
	free(m);
}

static bool same_dir(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static char *task_dir(const struct ctl_task *task)
{
	return task->module_dir ? ctl_search_relative(task->module_dir, &task->module_dir_src)
				: NULL;
}

static struct ctl_module *get(const struct ctl_modules *mods, const char *dir, const char *name)
{
	size_t i;

	for (i = 0; i < mods->n_items; i++) {
		if (strcmp(mods->items[i]->name, name) == 0 && same_dir(mods->items[i]->dir, dir))
			return mods->items[i];
	}
	return NULL;
}

struct ctl_module *ctl_modules_get(const struct ctl_modules *mods, const struct ctl_task *task,
				   const char *name)
{
	cleanup_free char *dir = task_dir(task);

	return task->module_dir && !dir ? NULL : get(mods, dir, name);
}

static int locate(const struct ctl_places *places, struct ctl_module *m, struct ctl_diag *diag)
{
	const char *dirs[DIRS_MAX + 2];
	struct ctl_search s = { .what = "module", .suffixes = suffixes, .dirs = dirs };
	size_t i;

	dirs[s.n_dirs++] = m->dir;
	for (i = 0; i < places->n_module_dirs && i < DIRS_MAX; i++)
		dirs[s.n_dirs++] = places->module_dirs[i];
	dirs[s.n_dirs++] = places->own_modules;
	return ctl_search_find(&s, m->name, &m->src, &m->path, diag);
}

static int find_file(const struct ctl_places *places, struct ctl_module *m, struct ctl_diag *diag)
{
	struct lab_err err;
	int r;

	r = locate(places, m, diag);
	if (r < 0)
		return r;
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
	return read_about(m, diag);
}

/* One place more in the list; a module that was not found keeps it, so that it is reported once. */
static int new_item(struct ctl_modules *mods, const char *name, struct ctl_module **ret)
{
	struct ctl_module **items, *m;

	items = reallocarray(mods->items, mods->n_items + 1, sizeof(struct ctl_module *));
	if (!items)
		return -ENOMEM;
	mods->items = items;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	items[mods->n_items++] = m;
	*ret = m;
	m->on_host = calloc(mods->n_hosts + 1, sizeof(*m->on_host));
	m->name = strdup(name);
	return m->on_host && m->name ? 0 : -ENOMEM;
}

/* The tools that a module runs are those of the task that uses it. */
static int add_tools(struct ctl_modules *mods, const struct ctl_task *task,
		     const struct ctl_module *m, struct ctl_diag *diag)
{
	int r = 0;
	size_t i;

	for (i = 0; i < m->about.n_tools && r == 0; i++)
		r = ctl_tools_add(mods, task, m->about.tools[i], &m->src, NULL, diag);
	if (r == 0 && m->python)
		r = ctl_tools_add(mods, task, CTL_TOOL_PYTHON, &m->src, NULL, diag);
	return r;
}

int ctl_modules_add(struct ctl_modules *mods, const struct ctl_task *task, const char *name,
		    const struct lab_src *src, struct ctl_module **ret, struct ctl_diag *diag)
{
	cleanup_free char *dir = task_dir(task);
	struct ctl_module *m;
	int r;

	if (task->module_dir && !dir)
		return -ENOMEM;
	m = get(mods, dir, name);
	if (!m) {
		r = new_item(mods, name, &m);
		if (r < 0)
			return r;
		m->dir = take_ptr(&dir);
		m->src = *src;
		r = find_file(&mods->places, m, diag);
		if (r < 0)
			return r;
	}
	/* Reported before. */
	if (!m->path)
		return -ENOENT;
	*ret = m;
	return add_tools(mods, task, m, diag);
}

/* --- options, before anything is run --- */

static const struct ctl_option *get_option(const struct ctl_command *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n_options; i++) {
		if (strcmp(c->options[i].name, name) == 0)
			return &c->options[i];
	}
	return NULL;
}

static bool applies(const struct ctl_known_option *known, const struct ctl_command *c)
{
	const struct ctl_option *o;

	if (!known->when)
		return true;
	o = get_option(c, known->when);
	return o && strcmp(o->value.text, known->equals) == 0;
}

static void note_unknown(const struct ctl_module *m, const struct ctl_option *o,
			 struct ctl_diag *diag)
{
	const char *names[CTL_ABOUT_MAX + 1], *nearest;
	size_t i;

	for (i = 0; i < m->about.n_options; i++)
		names[i] = m->about.options[i].name;
	names[i] = NULL;
	nearest = lab_str_nearest(o->name, names);
	ctl_diag_note(diag, &o->src, "module %s does not know the option %s, and ignores it%s%s%s",
		      m->name, o->name, nearest ? "; did you mean " : "", nearest ? nearest : "",
		      nearest ? "?" : "");
}

/* Recipes may mean it so, and LNST finds out when it runs them: notes, never errors. */
static void note_options(const struct ctl_module *m, const struct ctl_command *c,
			 struct ctl_diag *diag)
{
	const struct ctl_known_option *known;
	size_t i;

	for (i = 0; i < c->n_options && m->about.n_options; i++) {
		known = ctl_about_option(&m->about, c->options[i].name);
		if (!known)
			note_unknown(m, &c->options[i], diag);
		else if (!known->multi && *known->name != '*' &&
			 get_option(c, c->options[i].name) != &c->options[i])
			ctl_diag_note(diag, &c->options[i].src,
				      "module %s takes the option %s once; the first value counts",
				      m->name, c->options[i].name);
	}
	for (i = 0; i < m->about.n_options && c->expect == CTL_EXPECT_PASS; i++) {
		known = &m->about.options[i];
		if (known->needed && !get_option(c, known->name) && applies(known, c))
			ctl_diag_note(diag, &c->src,
				      "module %s needs the option %s; without it the command fails",
				      m->name, known->name);
	}
}

/* What one command needs. */
static int find_for(struct ctl_modules *mods, const struct ctl_task *task,
		    const struct ctl_command *c, struct ctl_diag *diag)
{
	struct ctl_module *m;
	int r = 0;

	if (c->module) {
		r = ctl_modules_add(mods, task, c->module, &c->module_src, &m, diag);
		if (r == 0)
			note_options(m, c, diag);
	} else if (c->from) {
		r = ctl_tools_add(mods, task, c->from, &c->from_src, NULL, diag);
	}
	return r;
}

int ctl_modules_find(const struct ctl_recipe *recipe, const struct ctl_places *places,
		     struct ctl_modules *ret, struct ctl_diag *diag)
{
	size_t t, c;
	int r, result = 0;

	*ret = (struct ctl_modules){ .places = *places, .n_hosts = recipe->n_hosts };
	for (t = 0; t < recipe->n_tasks; t++) {
		const struct ctl_task *task = &recipe->tasks[t];

		for (c = 0; c < task->n_commands; c++) {
			r = find_for(ret, task, &task->commands[c], diag);
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

	for (i = 0; i < mods->n_items; i++)
		module_free(mods->items[i]);
	free(mods->items);
	ctl_tools_fini(mods);
	*mods = (struct ctl_modules){ .items = NULL };
}

static int check_kernel(const struct ctl_module *m, struct ctl_diag *diag)
{
	int r = 0;

	for (size_t k = 0; k < m->about.n_kernel; k++) {
		const struct ctl_kernel_need *need = &m->about.kernel[k];

		if (lab_probe_module(need->name))
			continue;
		(void)ctl_diag_error(
			diag, &m->src,
			"module %s needs the kernel's module %s%s%s%s, which is not there: modprobe %s as root, or netlab run --kernel",
			m->name, need->name, *need->config ? " (CONFIG_" : "", need->config,
			*need->config ? ")" : "", need->name);
		r = -ENOSYS;
	}
	return r;
}

int ctl_module_check(const struct ctl_module *m, const char *path, struct ctl_diag *diag)
{
	int r = check_kernel(m, diag);
	size_t k;

	for (k = 0; k < m->about.n_needs; k++) {
		const struct ctl_need *need = &m->about.needs[k];

		if (lab_program_in_path(need->program, path))
			continue;
		(void)ctl_diag_error(diag, &m->src,
				     "module %s needs the program %s, which this machine lacks%s%s",
				     m->name, need->program,
				     *need->package ? ": install the package " : "", need->package);
		r = -ENOSYS;
	}
	return r;
}

int ctl_modules_check(const struct ctl_modules *mods, const char *path, struct ctl_diag *diag)
{
	int r = 0;
	size_t i;

	for (i = 0; i < mods->n_items; i++) {
		if (ctl_module_check(mods->items[i], path, diag) < 0)
			r = -ENOSYS;
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
