/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pools.c - the pools of the command line and the configuration, and a recipe's matches in them */
#include "netlab/cli/pools.h"

#include <string.h>
#include <sys/stat.h>

#include "controller/match/match.h"
#include "controller/recipe/text.h"
#include "netlab/backend/backend.h"
#include "netlab/base/util.h"
#include "netlab/cli/config.h"

/* --- options ---------------------------------------------------------------------------------- */

static int add_name(struct lab_pools_args *args, const char *name)
{
	const char **more = reallocarray(args->names, args->n + 1, sizeof(*more));

	if (!more)
		return LAB_EXIT_LACKS;
	args->names = more;
	more[args->n++] = name;
	return 0;
}

bool lab_pools_option(const struct lab_cli *cli, const char *name, const char *arg,
		      struct lab_pools_args *args, int *ret)
{
	*ret = 0;
	if (!strcmp(name, "config")) {
		args->config = arg;
	} else if (!strcmp(name, "no-pool")) {
		args->none = true;
	} else if (!strcmp(name, "image")) {
		args->made.image = arg;
		*ret = *arg ? 0 : lab_cli_usage_error(cli, "--image: which?");
	} else if (!strcmp(name, "backend")) {
		struct lab_err err;

		args->made.backend = arg;
		*ret = lab_backend_find(arg, &err)
			       ? 0
			       : lab_cli_usage_error(cli, "--backend: %s", err.msg);
	} else if (!strcmp(name, "pool")) {
		*ret = *arg ? add_name(args, arg) : lab_cli_usage_error(cli, "--pool: which?");
	} else {
		return false;
	}
	if (*ret == 0 && args->none && (args->n || args->config))
		*ret = lab_cli_usage_error(cli, "--no-pool and --%s exclude each other",
					   args->n ? "pool" : "config");
	return true;
}

void lab_pools_args_fini(struct lab_pools_args *args)
{
	free(args->names);
	*args = (struct lab_pools_args){ 0 };
}

/* --- pools ------------------------------------------------------------------------------------ */

static int load(struct lab_pools *pools, const char *name, const char *dir, struct ctl_diag *diag)
{
	struct ctl_pool **more = reallocarray(pools->items, pools->n + 1, sizeof(*more));
	int r;

	if (!more)
		return -ENOMEM;
	pools->items = more;
	r = ctl_pool_load(name, dir, &more[pools->n], diag);
	pools->n += r == 0;
	return r;
}

static const char *dir_of(const struct lab_config *cfg, const char *name)
{
	size_t i;

	for (i = 0; i < cfg->n_pools; i++) {
		if (!strcmp(cfg->pools[i].name, name))
			return cfg->pools[i].dir;
	}
	return NULL;
}

/* A name of the configuration, or else a folder. */
static int load_named(struct lab_pools *pools, const struct lab_config *cfg, const char *name,
		      struct ctl_diag *diag)
{
	struct ctl_hint hint = { .word = name };
	const char *dir = dir_of(cfg, name);
	char buf[CTL_HINT_MAX];
	struct stat st;
	size_t i;

	if (dir || strchr(name, '/') || stat(name, &st) == 0)
		return load(pools, name, dir ? dir : name, diag);
	for (i = 0; i < cfg->n_pools; i++)
		ctl_hint_add(&hint, cfg->pools[i].name);
	return ctl_diag_error(
		diag, NULL, "--pool: '%.80s' is neither a pool of the configuration nor a folder%s",
		name, ctl_hint_text(&hint, "'", "'", "; pools: ", buf));
}

static int open_all(const struct lab_pools_args *args, struct lab_config *cfg,
		    struct lab_pools *pools, struct ctl_diag *diag)
{
	int r, one = 0;
	size_t i;

	r = lab_config_read(cfg, args->config, diag);
	if (r < 0)
		return r;
	for (i = 0; i < args->n && r != -ENOMEM; i++) {
		one = load_named(pools, cfg, args->names[i], diag);
		r = one < 0 ? one : r;
	}
	for (i = 0; !args->n && i < cfg->n_pools && r != -ENOMEM; i++) {
		one = load(pools, cfg->pools[i].name, cfg->pools[i].dir, diag);
		r = one < 0 ? one : r;
	}
	return r;
}

int lab_pools_open(const struct lab_cli *cli, const struct lab_pools_args *args,
		   struct lab_pools *ret)
{
	cleanup_diag struct ctl_diag diag = CTL_DIAG_INIT;
	struct lab_config cfg = { 0 };
	struct lab_err err;
	int r = 0;

	*ret = (struct lab_pools){ .made = args->made };
	if (!args->none)
		r = open_all(args, &cfg, ret, &diag);
	lab_config_fini(&cfg);
	lab_cli_diag(cli, &diag);
	if (r < 0)
		lab_pools_fini(ret);
	if (r != -ENOMEM || diag.n_errors)
		return r < 0 ? LAB_EXIT_USAGE : 0;
	(void)lab_err_errno(&err, ENOMEM, "pools");
	lab_cli_error(cli, &err);
	return LAB_EXIT_LACKS;
}

void lab_pools_fini(struct lab_pools *pools)
{
	size_t i;

	for (i = 0; i < pools->n; i++)
		ctl_pool_free(pools->items[i]);
	free(pools->items);
	*pools = (struct lab_pools){ 0 };
}

/* --- matches ---------------------------------------------------------------------------------- */

/* In one pool: the match that is @skip further on; @skip is what is left to skip when there are not so many. */
static int match_in(struct ctl_search *search, unsigned int *skip, const struct ctl_match **ret,
		    struct lab_err *err)
{
	int r;

	for (;;) {
		r = ctl_search_next(search, ret, err);
		if (r <= 0 || *skip == 0)
			return r;
		(*skip)--;
	}
}

int lab_pools_match(const struct lab_pools *pools, const struct ctl_recipe *recipe,
		    unsigned int number, struct lab_pools_found *ret, struct lab_err *err)
{
	const struct ctl_match *match = NULL;
	struct ctl_search *search = NULL;
	unsigned int skip = number - 1;
	int r = 0;
	size_t i;

	*ret = (struct lab_pools_found){ 0 };
	for (i = 0; i < pools->n && r == 0; i++) {
		r = ctl_search_new(recipe, pools->items[i], 0, &search);
		if (r < 0)
			return lab_err_errno(err, -r, "match");
		r = match_in(search, &skip, &match, err);
		if (r <= 0)
			ctl_search_free(search);
	}
	if (r <= 0)
		return r;
	ret->search = search;
	ret->match = *match;
	ret->match.number = number;
	return 1;
}

void lab_pools_found_fini(struct lab_pools_found *found)
{
	ctl_search_free(found->search);
	*found = (struct lab_pools_found){ 0 };
}

static const struct ctl_machine *machine_of(const struct ctl_match *match, size_t h)
{
	size_t m = match->hosts[h].machine;

	return m == CTL_NONE ? NULL : &match->pool->machines[m];
}

void lab_pools_describe(const struct ctl_match *match, struct lab_strbuf *sb)
{
	size_t h, i, n;

	for (h = 0; h < match->recipe->n_hosts; h++) {
		const struct ctl_host *host = &match->recipe->hosts[h];
		const struct ctl_machine *machine = machine_of(match, h);

		lab_strbuf_printf(sb, "%s%s = %s", h ? ", " : "", host->id,
				  machine ? machine->id : "nothing");
		for (i = 0, n = 0; machine && i < host->n_ifaces; i++) {
			size_t nic = match->hosts[h].nics[i];

			if (nic != CTL_NONE)
				lab_strbuf_printf(sb, "%s%s = %s", n++ ? ", " : " (",
						  host->ifaces[i].id, machine->nics[nic].id);
		}
		lab_strbuf_puts(sb, n ? ")" : "");
	}
}

/* What was asked for, and is there: {"name": value} in its own words. */
static json_t *params_json(const struct ctl_param *wanted, size_t n_wanted,
			   const struct ctl_param *have, size_t n_have)
{
	json_t *params = json_object();
	size_t i;

	for (i = 0; i < n_wanted; i++) {
		const struct ctl_param *p = ctl_param_find(have, n_have, wanted[i].name);

		if (*wanted[i].value && p)
			(void)json_object_set_new(params, p->name, json_string(p->value));
	}
	return params;
}

static json_t *nics_json(const struct ctl_match *match, size_t h)
{
	const struct ctl_host *host = &match->recipe->hosts[h];
	const struct ctl_machine *machine = machine_of(match, h);
	json_t *list = json_array();
	size_t i;

	for (i = 0; machine && i < host->n_ifaces; i++) {
		const struct ctl_iface *iface = &host->ifaces[i], *nic;

		if (match->hosts[h].nics[i] == CTL_NONE)
			continue;
		nic = &machine->nics[match->hosts[h].nics[i]];
		(void)json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "interface", iface->id, "label",
				  iface->label, "nic", nic->id, "network", nic->label, "hwaddr",
				  ctl_param_find(nic->params, nic->n_params, "hwaddr")->value,
				  "params",
				  params_json(iface->params, iface->n_params, nic->params,
					      nic->n_params)));
	}
	return list;
}

static json_t *host_json(const struct ctl_match *match, size_t h)
{
	const struct ctl_host *host = &match->recipe->hosts[h];
	const struct ctl_machine *machine = machine_of(match, h);

	return json_pack("{s:s, s:s?, s:o, s:o}", "host", host->id, "machine",
			 machine ? machine->id : NULL, "params",
			 params_json(host->params, host->n_params, machine ? machine->params : NULL,
				     machine ? machine->n_params : 0),
			 "interfaces", nics_json(match, h));
}

json_t *lab_pools_hosts_json(const struct ctl_match *match)
{
	json_t *list = json_array();
	size_t h;

	for (h = 0; h < match->recipe->n_hosts; h++) {
		if (json_array_append_new(list, host_json(match, h)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Machines that are no containers are reached by SSH, which is not there. */
static int check_usable(const struct ctl_match *match, struct ctl_diag *diag)
{
	int r = 0;
	size_t h;

	for (h = 0; h < match->recipe->n_hosts; h++) {
		const struct ctl_machine *machine = machine_of(match, h);

		if (ctl_machine_is_native(machine))
			continue;
		(void)ctl_diag_error(
			diag, &match->recipe->hosts[h].id_src,
			"host %s: it is the machine %.60s of pool %.60s, which is reached by SSH, and this version cannot"
			" do that; --no-pool makes containers",
			match->recipe->hosts[h].id, machine->id, match->pool->name);
		ctl_diag_beside(diag, &machine->src, "the machine");
		r = -ENOSYS;
	}
	return r;
}

static void note_no_match(const struct lab_pools *pools, const struct ctl_recipe *recipe,
			  struct ctl_diag *diag)
{
	cleanup_strbuf struct lab_strbuf names = LAB_STRBUF_INIT;
	size_t i;

	for (i = 0; i < pools->n && names.len < 200; i++)
		lab_strbuf_printf(&names, "%s%.60s", i ? ", " : "", pools->items[i]->name);
	ctl_diag_note(diag, &recipe->src,
		      "no machines of pool %s match, so containers are made; netlab match tells why",
		      lab_strbuf_str(&names));
}

int lab_pools_topo(const struct lab_pools *pools, const struct ctl_recipe *recipe, const char *lab,
		   unsigned int number, struct lab_topo **ret, struct lab_pools_found *found,
		   struct ctl_diag *diag)
{
	struct lab_pools_found next;
	struct lab_err err;
	int r;

	r = lab_pools_match(pools, recipe, number, found, &err);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return ctl_diag_error(diag, &recipe->src, "%s; --no-pool makes containers",
				      err.msg);
	if (r == 0) {
		if (pools->n)
			note_no_match(pools, recipe, diag);
		return ctl_match_topo(recipe, lab, &pools->made, NULL, ret, diag);
	}
	r = check_usable(&found->match, diag);
	if (r < 0)
		return r;
	found->more = number < LAB_POOLS_MATCHES_MAX &&
		      lab_pools_match(pools, recipe, number + 1, &next, NULL) > 0;
	if (found->more)
		lab_pools_found_fini(&next);
	return ctl_match_topo(recipe, lab, &pools->made, &found->match, ret, diag);
}
