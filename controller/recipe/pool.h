/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool.h - pools: folders of files that describe one machine each */
#ifndef CONTROLLER_RECIPE_POOL_H
#define CONTROLLER_RECIPE_POOL_H

#include "controller/recipe/recipe.h"

/**
 * DOC: pools
 *
 * A pool is a folder. Each NAME.xml in it is one machine, in LNST's format: params of the machine, its Ethernet interfaces (NICs)
 * with the labels of the networks that they are plugged into, and params of those. The grammar is a table as that of recipes
 * (pool_table.c, recipes/pool.rng), read by the same layer, with the same places in its errors. A machine with the param
 * backend = native is a container that is to be made; every other one needs the param hostname.
 */
#define CTL_POOL_MACHINES_MAX 1000u
#define CTL_POOL_NICS_MAX     250u /* of one machine */

enum ctl_auth {
	CTL_AUTH_NONE,
	CTL_AUTH_SSH,
	CTL_AUTH_PUBKEY,
	CTL_AUTH_PASSWORD,
};

/**
 * struct ctl_machine - a machine of a pool
 * @id:		its file's name without .xml
 * @params:	what it is
 * @n_params:	how many
 * @nics:	its interfaces, in document order; of their members only id, label, params and places are used
 * @n_nics:	how many
 * @auth:	how one logs in
 * @auth_password: for CTL_AUTH_PASSWORD; or NULL
 * @pubkey_path: for CTL_AUTH_PUBKEY; or NULL
 * @src:	the root element
 */
struct ctl_machine {
	const char *id;
	struct ctl_param *params;
	size_t n_params;
	struct ctl_iface *nics;
	size_t n_nics;
	int auth;
	const char *auth_password, *pubkey_path;
	struct lab_src src;
};

/**
 * struct ctl_pool - a pool
 * @name:	its name, or its folder
 * @dir:	its folder
 * @machines:	sorted by the names of their files
 * @n_machines:	how many
 *
 * It owns all that its structs point to, file names of places included, and is read-only.
 */
struct ctl_pool {
	const char *name, *dir;
	struct ctl_machine *machines;
	size_t n_machines;
	/* private */
	struct ctl_arena *arena;
};

/**
 * struct ctl_pool_file - a file of a pool in memory
 * @name:	its name, as a path for places
 * @data:	its bytes
 * @len:	how many
 */
struct ctl_pool_file {
	const char *name;
	const void *data;
	size_t len;
};

/**
 * ctl_pool_load() - Read a pool
 * @name:	its name; copied
 * @dir:	its folder; copied
 * @ret:	on success; free with ctl_pool_free()
 * @diag:	errors and notes are added, sorted; must not be NULL
 *
 * Files whose names do not end in .xml, or begin with a dot, are left alone.
 * Context: reads files; blocks for them.
 * Return: 0 or -errno; on failure @diag has at least one error (but when out of memory perhaps none). Errors: -EINVAL a machine is
 * wrong, or listed twice; -ENOENT and the like: the folder cannot be read.
 * Source: docs/pools.md; recipes/pool.rng.
 */
int ctl_pool_load(const char *name, const char *dir, struct ctl_pool **ret, struct ctl_diag *diag);

/**
 * ctl_pool_load_mem() - Make a pool of files in memory
 * @name:	its name; copied
 * @files:	its files, one machine each (borrowed for the call)
 * @n_files:	how many
 * @ret:	on success; free with ctl_pool_free()
 * @diag:	errors and notes are added, sorted; must not be NULL
 *
 * Return: as ctl_pool_load().
 */
int ctl_pool_load_mem(const char *name, const struct ctl_pool_file *files, size_t n_files,
		      struct ctl_pool **ret, struct ctl_diag *diag);

/**
 * ctl_pool_free() - Release a pool
 * @pool:	may be NULL
 */
void ctl_pool_free(struct ctl_pool *pool);

/**
 * ctl_param_find() - Look a param up
 * @params:	params
 * @n:		how many
 * @name:	its name
 *
 * Return: the last one of that name, which counts; or NULL.
 */
const struct ctl_param *ctl_param_find(const struct ctl_param *params, size_t n, const char *name);

/**
 * ctl_machine_is_native() - Is it a container that is to be made?
 * @machine:	machine
 *
 * Return: true if its param backend is "native".
 */
bool ctl_machine_is_native(const struct ctl_machine *machine);

#endif
