/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search.c - find the machines of a pool that a recipe's hosts can be */
#include <inttypes.h>
#include <string.h>

#include "controller/match/search_internal.h"
#include "netlab/base/parse.h"
#include "netlab/base/util.h"

enum {
	EXPLAINED_HOSTS_MAX = 1000, /* of a pool with fewer machines than that */
	EXPLAIN_STEPS = 100000,
};

/* --- requirements ----------------------------------------------------------------------------- */

static bool same_value(const char *name, const char *a, const char *b)
{
	uint8_t mac_a[LAB_MAC_LEN], mac_b[LAB_MAC_LEN];
	uint64_t size_a, size_b;

	if (!strcmp(a, b))
		return true;
	if (!strcmp(name, "hwaddr"))
		return lab_mac_parse(a, mac_a) == 0 && lab_mac_parse(b, mac_b) == 0 &&
		       !memcmp(mac_a, mac_b, sizeof(mac_a));
	if (!strcmp(name, "memory"))
		return lab_parse_size(a, &size_a) == 0 && lab_parse_size(b, &size_b) == 0 &&
		       size_a == size_b;
	return false;
}

const struct ctl_param *ctl_search_param_fails(const struct ctl_param *wanted, size_t n_wanted,
					       const struct ctl_param *have, size_t n_have,
					       uint64_t *steps)
{
	const struct ctl_param *p;
	size_t i;

	for (i = 0; i < n_wanted; i++) {
		*steps += 1 + n_have;
		if (!*wanted[i].value)
			continue;
		p = ctl_param_find(have, n_have, wanted[i].name);
		if (!p || !same_value(p->name, p->value, wanted[i].value))
			return &wanted[i];
	}
	return NULL;
}

bool ctl_search_nic_fits(const struct ctl_iface *iface, const struct ctl_iface *nic,
			 uint64_t *steps)
{
	*steps += 1;
	return !ctl_search_param_fails(iface->params, iface->n_params, nic->params, nic->n_params,
				       steps);
}

bool ctl_search_is_nic(const struct ctl_iface *iface)
{
	return iface->kind == CTL_IFACE_ETH;
}

/* --- the cheap tests -------------------------------------------------------------------------- */

/* Could this host be this machine, if it were the only one, and its interfaces as well? */
static bool fits_alone(struct ctl_search *s, const struct ctl_host *host,
		       const struct ctl_machine *machine)
{
	size_t i, k, n = 0;

	if (ctl_search_param_fails(host->params, host->n_params, machine->params, machine->n_params,
				   &s->steps))
		return false;
	for (i = 0; i < host->n_ifaces; i++) {
		if (!ctl_search_is_nic(&host->ifaces[i]))
			continue;
		for (k = 0; k < machine->n_nics; k++) {
			if (ctl_search_nic_fits(&host->ifaces[i], &machine->nics[k], &s->steps))
				break;
		}
		if (k == machine->n_nics || ++n > machine->n_nics || s->steps > s->steps_max)
			return false;
	}
	return true;
}

static bool *fit(const struct ctl_search *s, size_t host, size_t machine)
{
	return &s->fits[host * s->pool->n_machines + machine];
}

/* Give a machine to a host that has none, moving others as need be: one augmenting path. */
static bool give_machine(struct ctl_search *s, size_t host, size_t *owner, bool *seen)
{
	size_t m;

	for (m = 0; m < s->pool->n_machines; m++) {
		s->steps++;
		if (seen[m] || !*fit(s, host, m))
			continue;
		seen[m] = true;
		if (owner[m] == CTL_NONE || give_machine(s, owner[m], owner, seen)) {
			owner[m] = host;
			return true;
		}
	}
	return false;
}

/* Can all hosts have machines at once, if networks are left out? Source: Kuhn's algorithm for bipartite matching. */
static int all_can_have_one(struct ctl_search *s)
{
	size_t n = s->pool->n_machines, h, m;
	cleanup_free size_t *owner = calloc(n + 1, sizeof(*owner));
	cleanup_free bool *seen = calloc(n + 1, sizeof(*seen));

	if (!owner || !seen)
		return -ENOMEM;
	for (m = 0; m < n; m++)
		owner[m] = CTL_NONE;
	for (h = 0; h < s->recipe->n_hosts && s->steps <= s->steps_max; h++) {
		memset(seen, 0, n * sizeof(*seen));
		if (!give_machine(s, h, owner, seen))
			return 0;
	}
	return 1;
}

/* Which hosts could be which machines; the first hosts of the best match are those that could. */
static int prepare(struct ctl_search *s)
{
	size_t h, m;

	s->prepared = true;
	if (s->recipe->n_hosts > s->pool->n_machines && s->recipe->n_hosts > EXPLAINED_HOSTS_MAX)
		return 0;
	s->fits = ctl_arena_alloc(s->arena, s->recipe->n_hosts * s->pool->n_machines,
				  sizeof(*s->fits));
	if (!s->fits)
		return -ENOMEM;
	for (h = 0; h < s->recipe->n_hosts; h++) {
		for (m = 0; m < s->pool->n_machines && s->steps <= s->steps_max; m++)
			*fit(s, h, m) = fits_alone(s, &s->recipe->hosts[h], &s->pool->machines[m]);
	}
	return s->n_labels > s->n_pool_labels ? 0 : all_can_have_one(s);
}

/* --- choices ---------------------------------------------------------------------------------- */

static bool take_machine(struct ctl_search *s, const struct ctl_search_var *v, size_t m)
{
	if (s->machine_used[m] || !*fit(s, v->host, m))
		return false;
	s->machine_used[m] = true;
	s->match.hosts[v->host].machine = m;
	return true;
}

static bool take_nic(struct ctl_search *s, struct ctl_search_var *v, size_t nic)
{
	size_t m = s->match.hosts[v->host].machine;
	size_t label = s->labels[v->host][v->iface], pool_label = s->pool_labels[m][nic];

	if (s->nic_used[m][nic])
		return false;
	if (s->to_pool[label] != CTL_NONE ? s->to_pool[label] != pool_label
					  : s->to_recipe[pool_label] != CTL_NONE)
		return false;
	if (!ctl_search_nic_fits(&s->recipe->hosts[v->host].ifaces[v->iface],
				 &s->pool->machines[m].nics[nic], &s->steps))
		return false;
	v->bound = s->to_pool[label] == CTL_NONE;
	s->to_pool[label] = pool_label;
	s->to_recipe[pool_label] = label;
	s->nic_used[m][nic] = true;
	s->match.hosts[v->host].nics[v->iface] = nic;
	return true;
}

static void give_back(struct ctl_search *s, struct ctl_search_var *v)
{
	struct ctl_match_host *h = &s->match.hosts[v->host];
	size_t label;

	if (v->iface == CTL_NONE) {
		s->machine_used[v->chosen] = false;
		h->machine = CTL_NONE;
		return;
	}
	label = s->labels[v->host][v->iface];
	s->nic_used[h->machine][v->chosen] = false;
	h->nics[v->iface] = CTL_NONE;
	if (!v->bound)
		return;
	s->to_recipe[s->to_pool[label]] = CTL_NONE;
	s->to_pool[label] = CTL_NONE;
}

static bool choose(struct ctl_search *s, struct ctl_search_var *v)
{
	bool is_machine = v->iface == CTL_NONE;
	size_t n = is_machine ? s->pool->n_machines
			      : s->pool->machines[s->match.hosts[v->host].machine].n_nics;

	while (v->at < n && s->steps <= s->steps_max) {
		v->chosen = v->at++;
		s->steps++;
		if (is_machine ? take_machine(s, v, v->chosen) : take_nic(s, v, v->chosen))
			return true;
	}
	return false;
}

static void remember_best(struct ctl_search *s)
{
	size_t h;

	if (s->pos <= s->best_pos)
		return;
	s->best_pos = s->pos;
	for (h = 0; h < s->recipe->n_hosts; h++) {
		s->best.hosts[h].machine = s->match.hosts[h].machine;
		memcpy(s->best.hosts[h].nics, s->match.hosts[h].nics,
		       s->recipe->hosts[h].n_ifaces * sizeof(size_t));
	}
}

static int given_up(struct ctl_search *s, struct lab_err *err)
{
	s->done = true;
	return lab_err_set(err, E2BIG,
			   "pool %.60s: the search for a match was given up after %" PRIu64
			   " steps; narrower params of the hosts make it shorter",
			   s->pool->name, s->steps_max);
}

static int search(struct ctl_search *s, struct lab_err *err)
{
	while (s->pos < s->n_vars) {
		struct ctl_search_var *v = &s->vars[s->pos];

		if (choose(s, v)) {
			s->pos++;
			remember_best(s);
			if (s->pos < s->n_vars)
				s->vars[s->pos].at = 0;
			continue;
		}
		if (s->steps > s->steps_max)
			return given_up(s, err);
		if (s->pos == 0)
			return 0;
		s->pos--;
		give_back(s, &s->vars[s->pos]);
	}
	return 1;
}

int ctl_search_next(struct ctl_search *s, const struct ctl_match **ret, struct lab_err *err)
{
	int r = 1;

	if (s->done)
		return 0;
	s->steps = 0;
	if (!s->prepared)
		r = prepare(s);
	else if (s->pos == s->n_vars)
		give_back(s, &s->vars[--s->pos]);
	if (r == -ENOMEM)
		return lab_err_set(err, ENOMEM, "out of memory");
	if (s->steps > s->steps_max)
		return given_up(s, err);
	if (r == 1) {
		r = search(s, err);
	} else if (s->fits) {
		/* There is none. How far one gets is told all the same, if that is found soon. */
		s->steps = 0;
		s->steps_max = LAB_MIN(s->steps_max, (uint64_t)EXPLAIN_STEPS);
		(void)search(s, NULL);
		r = 0;
	}
	if (r <= 0) {
		s->done = true;
		return r;
	}
	s->match.number++;
	*ret = &s->match;
	return 1;
}

void ctl_search_networks(const struct ctl_search *s, size_t *ret_recipe, size_t *ret_pool)
{
	*ret_recipe = s->n_labels;
	*ret_pool = s->n_pool_labels;
}

const struct ctl_match *ctl_search_best(const struct ctl_search *s)
{
	return &s->best;
}

/* --- making it -------------------------------------------------------------------------------- */

static int number_label(struct ctl_map *map, const char *label, size_t *n, size_t *ret)
{
	struct ctl_map_entry *e;
	int is_new;

	e = ctl_map_get(map, 0, label, strlen(label), &is_new);
	if (!e)
		return -ENOMEM;
	if (is_new)
		e->value = (*n)++;
	*ret = e->value;
	return 0;
}

static int number_labels(struct ctl_search *s, struct ctl_map *map, const struct ctl_iface *ifaces,
			 size_t n_ifaces, size_t *n, size_t **ret)
{
	size_t i;
	int r = 0;

	*ret = ctl_arena_alloc(s->arena, n_ifaces, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (i = 0; i < n_ifaces && r == 0; i++) {
		(*ret)[i] = CTL_NONE;
		if (ctl_search_is_nic(&ifaces[i]))
			r = number_label(map, ifaces[i].label, n, &(*ret)[i]);
	}
	return r;
}

static size_t *make_none(struct ctl_search *s, size_t n)
{
	size_t *a = ctl_arena_alloc(s->arena, n, sizeof(*a)), i;

	for (i = 0; a && i < n; i++)
		a[i] = CTL_NONE;
	return a;
}

static int make_match(struct ctl_search *s, struct ctl_match *m)
{
	size_t n = s->recipe->n_hosts, h;

	*m = (struct ctl_match){ .recipe = s->recipe, .pool = s->pool };
	m->hosts = ctl_arena_alloc(s->arena, n, sizeof(*m->hosts));
	for (h = 0; m->hosts && h < n; h++) {
		m->hosts[h].machine = CTL_NONE;
		m->hosts[h].nics = make_none(s, s->recipe->hosts[h].n_ifaces);
		if (!m->hosts[h].nics)
			return -ENOMEM;
	}
	return m->hosts ? 0 : -ENOMEM;
}

static int make_vars(struct ctl_search *s)
{
	size_t h, i, n = 0;

	for (h = 0; h < s->recipe->n_hosts; h++)
		n += 1 + s->recipe->hosts[h].n_ifaces;
	s->vars = ctl_arena_alloc(s->arena, n, sizeof(*s->vars));
	if (!s->vars)
		return -ENOMEM;
	for (h = 0; h < s->recipe->n_hosts; h++) {
		s->vars[s->n_vars++] = (struct ctl_search_var){ .host = h, .iface = CTL_NONE };
		for (i = 0; i < s->recipe->hosts[h].n_ifaces; i++) {
			if (ctl_search_is_nic(&s->recipe->hosts[h].ifaces[i]))
				s->vars[s->n_vars++] = (struct ctl_search_var){ .host = h,
										.iface = i };
		}
	}
	return 0;
}

static int make_labels(struct ctl_search *s)
{
	struct ctl_map mine = { .arena = s->arena }, theirs = { .arena = s->arena };
	size_t i;
	int r = 0;

	s->labels = ctl_arena_alloc(s->arena, s->recipe->n_hosts, sizeof(*s->labels));
	s->pool_labels = ctl_arena_alloc(s->arena, s->pool->n_machines, sizeof(*s->pool_labels));
	if (!s->labels || !s->pool_labels)
		return -ENOMEM;
	for (i = 0; i < s->recipe->n_hosts && r == 0; i++)
		r = number_labels(s, &mine, s->recipe->hosts[i].ifaces,
				  s->recipe->hosts[i].n_ifaces, &s->n_labels, &s->labels[i]);
	for (i = 0; i < s->pool->n_machines && r == 0; i++)
		r = number_labels(s, &theirs, s->pool->machines[i].nics,
				  s->pool->machines[i].n_nics, &s->n_pool_labels,
				  &s->pool_labels[i]);
	s->to_pool = make_none(s, s->n_labels);
	s->to_recipe = make_none(s, s->n_pool_labels);
	return r < 0 || !s->to_pool || !s->to_recipe ? -ENOMEM : 0;
}

static int make_used(struct ctl_search *s)
{
	size_t m;

	s->machine_used = ctl_arena_alloc(s->arena, s->pool->n_machines, sizeof(bool));
	s->nic_used = ctl_arena_alloc(s->arena, s->pool->n_machines, sizeof(*s->nic_used));
	for (m = 0; s->nic_used && m < s->pool->n_machines; m++) {
		s->nic_used[m] = ctl_arena_alloc(s->arena, s->pool->machines[m].n_nics,
						 sizeof(bool));
		if (!s->nic_used[m])
			return -ENOMEM;
	}
	return s->machine_used && s->nic_used ? 0 : -ENOMEM;
}

int ctl_search_new(const struct ctl_recipe *recipe, const struct ctl_pool *pool, uint64_t steps_max,
		   struct ctl_search **ret)
{
	struct ctl_arena *arena = ctl_arena_new();
	struct ctl_search *s = arena ? ctl_arena_alloc(arena, 1, sizeof(*s)) : NULL;

	if (s) {
		*s = (struct ctl_search){
			.recipe = recipe,
			.pool = pool,
			.arena = arena,
			.steps_max = steps_max ? steps_max : CTL_SEARCH_STEPS_MAX,
		};
	}
	if (!s || make_match(s, &s->match) < 0 || make_match(s, &s->best) < 0 ||
	    make_labels(s) < 0 || make_used(s) < 0 || make_vars(s) < 0) {
		ctl_arena_free(arena);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void ctl_search_free(struct ctl_search *s)
{
	if (s)
		ctl_arena_free(s->arena);
}
