/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search_why.c - says why a machine of a pool cannot be a host of a recipe */
#include <string.h>

#include "controller/match/search_internal.h"
#include "netlab/base/util.h"

enum { VALUES_SHOWN = 4 };

static size_t count_nics(const struct ctl_host *host)
{
	size_t i, n = 0;

	for (i = 0; i < host->n_ifaces; i++)
		n += ctl_search_is_nic(&host->ifaces[i]);
	return n;
}

static bool why_params(const struct ctl_host *host, const struct ctl_machine *machine,
		       struct lab_strbuf *sb)
{
	uint64_t steps = 0;
	const struct ctl_param *p = ctl_search_param_fails(host->params, host->n_params,
							   machine->params, machine->n_params,
							   &steps),
			       *have;

	if (!p)
		return false;
	have = ctl_param_find(machine->params, machine->n_params, p->name);
	if (have)
		lab_strbuf_printf(sb, "its param %.60s is \"%.60s\", not \"%.60s\"", p->name,
				  have->value, p->value);
	else
		lab_strbuf_printf(sb, "it has no param %.60s, which must be \"%.60s\"", p->name,
				  p->value);
	return true;
}

/* What the NICs of a machine have for a param: ", but: igb, e1000" */
static void put_values(const struct ctl_machine *machine, const char *name, struct lab_strbuf *sb)
{
	const struct ctl_param *p;
	size_t i, n = 0;

	for (i = 0; i < machine->n_nics && n <= VALUES_SHOWN; i++) {
		p = ctl_param_find(machine->nics[i].params, machine->nics[i].n_params, name);
		if (!p || !*p->value)
			continue;
		if (n == VALUES_SHOWN)
			lab_strbuf_puts(sb, ", ...");
		else
			lab_strbuf_printf(sb, "%s%.40s", n ? ", " : "; they have: ", p->value);
		n++;
	}
}

static bool some_nic_has(const struct ctl_machine *machine, const struct ctl_param *param)
{
	uint64_t steps = 0;
	size_t i;

	for (i = 0; i < machine->n_nics; i++) {
		if (!ctl_search_param_fails(param, 1, machine->nics[i].params,
					    machine->nics[i].n_params, &steps))
			return true;
	}
	return false;
}

static bool some_nic_fits(const struct ctl_machine *machine, const struct ctl_iface *iface)
{
	uint64_t steps = 0;
	size_t i;

	for (i = 0; i < machine->n_nics; i++) {
		if (ctl_search_nic_fits(iface, &machine->nics[i], &steps))
			return true;
	}
	return false;
}

static bool why_iface(const struct ctl_machine *machine, const struct ctl_iface *iface,
		      struct lab_strbuf *sb)
{
	size_t i;

	if (some_nic_fits(machine, iface))
		return false;
	for (i = 0; i < iface->n_params; i++) {
		const struct ctl_param *p = &iface->params[i];

		if (some_nic_has(machine, p))
			continue;
		lab_strbuf_printf(sb,
				  "interface %.60s: none of its interfaces has %.60s = \"%.60s\"",
				  iface->id, p->name, p->value);
		put_values(machine, p->name, sb);
		return true;
	}
	lab_strbuf_printf(sb, "interface %.60s: none of its interfaces has all that is required",
			  iface->id);
	return true;
}

static bool why_alone(const struct ctl_host *host, const struct ctl_machine *machine,
		      struct lab_strbuf *sb)
{
	size_t i, needed = count_nics(host);

	if (why_params(host, machine, sb))
		return true;
	if (needed > machine->n_nics) {
		lab_strbuf_printf(sb, "it has %zu interface%s and needs %zu", machine->n_nics,
				  machine->n_nics == 1 ? "" : "s", needed);
		return true;
	}
	for (i = 0; i < host->n_ifaces; i++) {
		if (ctl_search_is_nic(&host->ifaces[i]) && why_iface(machine, &host->ifaces[i], sb))
			return true;
	}
	return false;
}

/* --- together with the others ----------------------------------------------------------------- */

static const char *label_of_pool(const struct ctl_search *s, size_t label)
{
	size_t m, n;

	for (m = 0; m < s->pool->n_machines; m++) {
		for (n = 0; n < s->pool->machines[m].n_nics; n++) {
			if (s->pool_labels[m][n] == label)
				return s->pool->machines[m].nics[n].label;
		}
	}
	return "?";
}

/* The other side of a label, as the best partial match has bound it; the host itself left out. */
static size_t bound_to(const struct ctl_search *s, size_t except, size_t label, bool of_pool)
{
	size_t h, i;

	for (h = 0; h < s->recipe->n_hosts; h++) {
		const struct ctl_match_host *mh = &s->best.hosts[h];

		for (i = 0; h != except && i < s->recipe->hosts[h].n_ifaces; i++) {
			size_t mine = s->labels[h][i], theirs;

			if (mh->machine == CTL_NONE || mh->nics[i] == CTL_NONE)
				continue;
			theirs = s->pool_labels[mh->machine][mh->nics[i]];
			if (of_pool && theirs == label)
				return mine;
			if (!of_pool && mine == label)
				return theirs;
		}
	}
	return CTL_NONE;
}

static bool why_label(const struct ctl_search *s, size_t h, size_t i, size_t m,
		      struct lab_strbuf *sb)
{
	const struct ctl_iface *iface = &s->recipe->hosts[h].ifaces[i];
	const struct ctl_machine *machine = &s->pool->machines[m];
	size_t bound = bound_to(s, h, s->labels[h][i], false), n;
	uint64_t steps = 0;

	for (n = 0; n < machine->n_nics; n++) {
		size_t label = s->pool_labels[m][n];
		bool free_label = bound == CTL_NONE ? bound_to(s, h, label, true) == CTL_NONE
						    : bound == label;

		if (free_label && ctl_search_nic_fits(iface, &machine->nics[n], &steps))
			return false;
	}
	if (bound != CTL_NONE)
		lab_strbuf_printf(
			sb,
			"interface %.60s: no interface of it that would do is on \"%.60s\", which is network \"%.60s\"",
			iface->id, label_of_pool(s, bound), iface->label);
	else
		lab_strbuf_printf(
			sb,
			"interface %.60s: the interfaces that would do are on networks that are others already",
			iface->id);
	return true;
}

bool ctl_search_why(const struct ctl_search *s, size_t host, size_t machine, struct lab_strbuf *sb)
{
	const struct ctl_host *h = &s->recipe->hosts[host];
	size_t i;

	if (why_alone(h, &s->pool->machines[machine], sb))
		return true;
	for (i = 0; i < s->recipe->n_hosts; i++) {
		if (i != host && s->best.hosts[i].machine == machine) {
			lab_strbuf_printf(sb, "it is host %s already", s->recipe->hosts[i].id);
			return true;
		}
	}
	for (i = 0; i < h->n_ifaces; i++) {
		if (ctl_search_is_nic(&h->ifaces[i]) && why_label(s, host, i, machine, sb))
			return true;
	}
	if (s->best.hosts[host].machine == machine)
		return false;
	lab_strbuf_puts(sb, "it would do alone, but not together with the others");
	return true;
}

/* Could it be no machine even if it were alone? */
static bool hopeless(const struct ctl_search *s, size_t h)
{
	size_t m;

	for (m = 0; m < s->pool->n_machines; m++) {
		if (s->fits[h * s->pool->n_machines + m])
			return false;
	}
	return true;
}

static bool placed(const struct ctl_search *s, size_t h)
{
	const struct ctl_host *host = &s->recipe->hosts[h];
	size_t i;

	for (i = 0; i < host->n_ifaces; i++) {
		if (ctl_search_is_nic(&host->ifaces[i]) && s->best.hosts[h].nics[i] == CTL_NONE)
			return false;
	}
	return s->best.hosts[h].machine != CTL_NONE;
}

bool ctl_search_stuck(const struct ctl_search *s, size_t host)
{
	size_t h;

	for (h = 0; s->fits && h < s->recipe->n_hosts; h++) {
		if (hopeless(s, h))
			return hopeless(s, host);
	}
	for (h = 0; h < s->recipe->n_hosts && placed(s, h); h++)
		;
	return h == host;
}
