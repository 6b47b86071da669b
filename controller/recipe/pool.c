/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool.c - reads pools: the files of a folder, and what is unique in all of them */
#include "controller/recipe/pool.h"

#include <dirent.h>
#include <string.h>

#include "controller/recipe/alias.h"
#include "controller/recipe/arena.h"
#include "controller/recipe/build.h"
#include "controller/recipe/file.h"
#include "controller/recipe/grammar.h"
#include "controller/recipe/include.h"
#include "controller/recipe/xml.h"
#include "netlab/base/util.h"

#define SUFFIX ".xml"

/* Scopes of names that must be unique. */
enum { SCOPE_HOSTNAME, SCOPE_HWADDR, SCOPE_NIC };

/**
 * struct loader - a pool on its way
 * @pool:	filled
 * @diag:	what is wrong
 * @names:	from SCOPE_... and a name to the machine or NIC that has it
 */
struct loader {
	struct ctl_pool *pool;
	struct ctl_diag *diag;
	const struct ctl_recipe_params
		*params; /* how included files are read; NULL = from the file system */
	struct ctl_map names;
};

const struct ctl_param *ctl_param_find(const struct ctl_param *params, size_t n, const char *name)
{
	while (n-- > 0) {
		if (!strcmp(params[n].name, name))
			return &params[n];
	}
	return NULL;
}

bool ctl_machine_is_native(const struct ctl_machine *machine)
{
	const struct ctl_param *p = ctl_param_find(machine->params, machine->n_params, "backend");

	return p && !strcmp(p->value, "native");
}

/* --- one machine ------------------------------------------------------------------------------ */

static void note_double_params(struct loader *l, const struct ctl_param *params, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (ctl_param_find(params, n, params[i].name) != &params[i])
			ctl_diag_note(l->diag, &params[i].src,
				      "param %.60s is given again below; the last one counts",
				      params[i].name);
	}
}

/* Is this name of this kind somebody's already? Returns who, or NULL, then it is @who's; -ENOMEM by @ret_r. */
static void *taken(struct loader *l, uint64_t scope, const char *name, void *who, int *ret_r)
{
	struct ctl_map_entry *e;
	int is_new;

	e = ctl_map_get(&l->names, scope, name, strlen(name), &is_new);
	*ret_r = e ? 0 : -ENOMEM;
	if (!e || !is_new)
		return e ? e->ptr : NULL;
	e->ptr = who;
	return NULL;
}

static void listed_twice(struct loader *l, const struct ctl_machine *first,
			 const struct ctl_machine *m, const char *what, const struct ctl_param *p)
{
	(void)ctl_diag_error(
		l->diag, &p->value_src,
		"You have the same machine listed twice in your pool ('%.60s' and '%.60s'): both have the %s %.60s",
		first->id, m->id, what, p->value);
	ctl_diag_beside(l->diag, &first->src, "the other one is here");
}

static int check_hostname(struct loader *l, struct ctl_machine *m)
{
	const struct ctl_param *p = ctl_param_find(m->params, m->n_params, "hostname");
	const struct ctl_machine *first;
	int r;

	if (!p || !*p->value) {
		if (!ctl_machine_is_native(m))
			(void)ctl_diag_error(
				l->diag, p ? &p->src : &m->src,
				"machine %.60s: it needs the param hostname, or backend = native to be a container",
				m->id);
		return 0;
	}
	first = taken(l, SCOPE_HOSTNAME, p->value, m, &r);
	if (first)
		listed_twice(l, first, m, "hostname", p);
	return r;
}

static int check_hwaddr(struct loader *l, struct ctl_machine *m, const struct ctl_iface *nic)
{
	const struct ctl_param *p = ctl_param_find(nic->params, nic->n_params, "hwaddr");
	const struct ctl_machine *first;
	char text[LAB_MAC_STRLEN], *key;
	uint8_t mac[LAB_MAC_LEN];
	int r;

	if (!p || !*p->value) {
		(void)ctl_diag_error(l->diag, p ? &p->src : &nic->src,
				     "machine %.60s: interface %.60s: it needs the param hwaddr",
				     m->id, nic->id);
		return 0;
	}
	if (lab_mac_parse(p->value, mac) < 0 || (mac[0] & 1)) {
		(void)ctl_diag_error(
			l->diag, &p->value_src,
			"machine %.60s: interface %.60s: hwaddr: \"%.60s\" is not the Ethernet address of an interface;"
			" write it as 52:54:00:00:00:01",
			m->id, nic->id, p->value);
		return 0;
	}
	(void)lab_mac_format(mac, text);
	key = ctl_arena_strndup(l->pool->arena, text, strlen(text));
	first = key ? taken(l, SCOPE_HWADDR, key, m, &r) : NULL;
	if (!key)
		return -ENOMEM;
	if (first == m)
		(void)ctl_diag_error(
			l->diag, &p->value_src,
			"machine %.60s: interface %.60s: hwaddr %s is that of another of its interfaces",
			m->id, nic->id, text);
	else if (first)
		listed_twice(l, first, m, "hwaddr", p);
	return r;
}

static int check_nics(struct loader *l, struct ctl_machine *m)
{
	uint64_t scope = SCOPE_NIC + l->pool->n_machines;
	const struct ctl_iface *first;
	size_t i;
	int r = 0;

	if (m->n_nics > CTL_POOL_NICS_MAX)
		return ctl_diag_error(l->diag, &m->nics[CTL_POOL_NICS_MAX].src,
				      "machine %.60s: more than %u interfaces", m->id,
				      CTL_POOL_NICS_MAX);
	for (i = 0; i < m->n_nics && r == 0; i++) {
		struct ctl_iface *nic = &m->nics[i];

		if (!nic->id) /* an error that was told already */
			continue;
		first = taken(l, scope, nic->id, nic, &r);
		if (first) {
			(void)ctl_diag_error(l->diag, &nic->id_src,
					     "machine %.60s: second interface with the id %.60s",
					     m->id, nic->id);
			ctl_diag_beside(l->diag, &first->id_src, "the first one is here");
		}
		note_double_params(l, nic->params, nic->n_params);
		if (r == 0)
			r = check_hwaddr(l, m, nic);
	}
	return r;
}

static char *id_from_file(struct ctl_arena *arena, const char *file)
{
	const char *base = strrchr(file, '/');
	size_t len;

	base = base ? base + 1 : file;
	len = strlen(base);
	if (len > strlen(SUFFIX) && !strcmp(base + len - strlen(SUFFIX), SUFFIX))
		len -= strlen(SUFFIX);
	return ctl_arena_strndup(arena, base, len);
}

static int make_machine(struct loader *l, const char *file, struct ctl_xml *xml,
			struct ctl_machine *m)
{
	struct ctl_build b = { .xml = xml, .arena = l->pool->arena, .diag = l->diag };
	unsigned int before = l->diag->n_errors;
	int r;

	m->id = id_from_file(l->pool->arena, file);
	if (!m->id)
		return -ENOMEM;
	r = ctl_include_expand(xml, l->params, l->pool->arena, l->diag);
	if (r == 0)
		r = ctl_alias_expand(xml, NULL, NULL, l->diag);
	if (r == 0)
		r = ctl_schema_check_root(xml, &ctl_grammar_machine, l->diag);
	if (r == 0)
		r = ctl_build_tree(&b, ctl_grammar_machine.def, m);
	if (r < 0)
		return r;
	/* What is missing in what could not be read is not worth a word. */
	if (l->diag->n_errors > before)
		return 0;
	note_double_params(l, m->params, m->n_params);
	r = check_hostname(l, m);
	return r < 0 ? r : check_nics(l, m);
}

/*
 * Errors of one file do not keep us from looking at the next. The key is what tells the file from others that include it.
 */
static int add_file(struct loader *l, const char *file, const void *data, size_t len,
		    const char *key)
{
	struct ctl_machine *m = &l->pool->machines[l->pool->n_machines];
	struct ctl_xml *xml;
	char *name;
	int r;

	name = ctl_arena_strndup(l->pool->arena, file, strlen(file));
	if (!name)
		return -ENOMEM;
	r = ctl_xml_parse(name, data, len, &xml, l->diag);
	if (r == 0) {
		xml->files[0]->key = key;
		r = make_machine(l, name, xml, m);
		ctl_xml_free(xml);
		l->pool->n_machines++;
	}
	return r == -ENOMEM ? r : 0;
}

/* --- the pool --------------------------------------------------------------------------------- */

static int begin(struct loader *l, const char *name, const char *dir, size_t n_machines)
{
	struct ctl_arena *arena = ctl_arena_new();
	struct ctl_pool *pool = arena ? ctl_arena_alloc(arena, 1, sizeof(*pool)) : NULL;

	if (!pool) {
		ctl_arena_free(arena);
		return -ENOMEM;
	}
	pool->arena = l->names.arena = arena;
	l->pool = pool;
	pool->name = ctl_arena_strndup(arena, name, strlen(name));
	pool->dir = ctl_arena_strndup(arena, dir, strlen(dir));
	pool->machines = ctl_arena_alloc(arena, n_machines, sizeof(*pool->machines));
	return pool->name && pool->dir && pool->machines ? 0 : -ENOMEM;
}

static int end(struct loader *l, int r, unsigned int before, struct ctl_pool **ret)
{
	ctl_diag_sort(l->diag);
	if (r == 0 && l->diag->n_errors > before)
		r = -EINVAL;
	if (r < 0)
		ctl_pool_free(l->pool);
	else
		*ret = l->pool;
	return r;
}

struct memory {
	const struct ctl_pool_file *files;
	size_t n;
};

/* What a file in memory includes is in memory, too. */
static int read_memory(void *user, const char *path, struct ctl_bytes *ret)
{
	const struct memory *mem = user;
	size_t i;

	for (i = 0; i < mem->n; i++) {
		if (strcmp(mem->files[i].name, path) != 0)
			continue;
		ret->data = malloc(mem->files[i].len + 1);
		ret->key = strdup(path);
		if (!ret->data || !ret->key) {
			free(ret->data);
			free(ret->key);
			return -ENOMEM;
		}
		memcpy(ret->data, mem->files[i].data, mem->files[i].len);
		ret->len = mem->files[i].len;
		return 0;
	}
	return -ENOENT;
}

int ctl_pool_load_mem(const char *name, const struct ctl_pool_file *files, size_t n_files,
		      struct ctl_pool **ret, struct ctl_diag *diag)
{
	struct memory mem = { .files = files, .n = n_files };
	const struct ctl_recipe_params params = { .read = read_memory, .user = &mem };
	struct loader l = { .diag = diag, .params = &params };
	unsigned int before = diag->n_errors;
	size_t i;
	int r;

	if (n_files > CTL_POOL_MACHINES_MAX)
		return ctl_diag_error(diag, NULL, "pool %.60s: more than %u machines", name,
				      CTL_POOL_MACHINES_MAX);
	r = begin(&l, name, name, n_files);
	for (i = 0; i < n_files && r == 0; i++)
		r = add_file(&l, files[i].name, files[i].data, files[i].len, files[i].name);
	return end(&l, r, before, ret);
}

static int is_machine(const struct dirent *de)
{
	size_t len = strlen(de->d_name);

	return de->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       !strcmp(de->d_name + len - strlen(SUFFIX), SUFFIX);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_file(struct loader *l, const char *dir, const char *name)
{
	cleanup_free char *path = NULL;
	struct ctl_bytes bytes;
	int r;

	if (asprintf(&path, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name) < 0)
		return -ENOMEM;
	r = ctl_file_read(path, true, &bytes);
	if (r < 0) {
		if (r != -ENOMEM)
			(void)ctl_file_error(path, -r, l->diag);
		return r == -ENOMEM ? r : 0;
	}
	r = add_file(l, path, bytes.data, bytes.len, bytes.key);
	free(bytes.data);
	free(bytes.key);
	return r;
}

static int load_dir(const char *name, const char *dir, struct dirent **entries, size_t n,
		    struct ctl_pool **ret, struct ctl_diag *diag)
{
	unsigned int before = diag->n_errors;
	struct loader l = { .diag = diag };
	struct lab_src src = { .file = dir };
	size_t i;
	int r;

	if (n > CTL_POOL_MACHINES_MAX)
		return ctl_diag_error(diag, &src, "pool %.60s: more than %u machines", name,
				      CTL_POOL_MACHINES_MAX);
	if (n == 0)
		ctl_diag_note(diag, &src, "there is no machine in this pool, no file *.xml");
	r = begin(&l, name, dir, n);
	for (i = 0; i < n && r == 0; i++)
		r = read_file(&l, dir, entries[i]->d_name);
	return end(&l, r, before, ret);
}

int ctl_pool_load(const char *name, const char *dir, struct ctl_pool **ret, struct ctl_diag *diag)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_machine, by_name), i, r;

	if (n < 0)
		return errno == ENOMEM ? -ENOMEM : ctl_file_error(dir, errno, diag);
	r = load_dir(name, dir, entries, (size_t)n, ret, diag);
	for (i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return r;
}

void ctl_pool_free(struct ctl_pool *pool)
{
	if (pool)
		ctl_arena_free(pool->arena);
}
