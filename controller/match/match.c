/* SPDX-License-Identifier: GPL-2.0-or-later */
/* match.c - from a recipe to a topology: a container for each host, made to fit */
#include "controller/match/match.h"

#include <string.h>
#include <sys/socket.h>

#include "controller/match/device.h"
#include "controller/match/params.h"
#include "netlab/base/util.h"

struct matcher {
	const struct ctl_recipe *recipe;
	const struct ctl_match *match; /* NULL: containers that are made to fit */
	struct ctl_made_of command;
	struct lab_topo *topo;
	struct ctl_diag *diag;
};

/* Out of memory ends the work; every other error is reported, and the next thing is looked at. */
static int report(struct matcher *m, int r, const struct lab_err *err, const struct lab_src *src)
{
	if (r == 0 || r == -ENOMEM)
		return r;
	(void)ctl_diag_err(m->diag, err, src);
	return 0;
}

static int add_addrs(struct matcher *m, const struct ctl_host *host, const struct ctl_iface *from,
		     struct lab_iface *to)
{
	struct lab_err err;
	size_t i;
	int r = 0;

	to->auto_addrs = from->auto_addrs;
	for (i = 0; i < from->n_addrs && r == 0; i++) {
		r = lab_topo_add_addr(to, &from->addrs[i].addr, &err);
		if (r < 0)
			r = report(m, lab_err_prefix(&err, r, "host %s: ", host->id), &err,
				   &from->addrs[i].src);
	}
	return r;
}

/* To the requirements, or as the machine of the pool is described that meets them. */
static void build_host(struct matcher *m, size_t h, struct lab_host *to)
{
	const struct ctl_match *match = m->match;

	if (match)
		ctl_params_apply_machine(&match->pool->machines[match->hosts[h].machine], to,
					 m->diag);
	else
		ctl_params_apply_host(m->recipe, &m->recipe->hosts[h], &m->command, to, m->diag);
}

static void build_iface(struct matcher *m, size_t h, const struct ctl_iface *from,
			struct lab_iface *to)
{
	const struct ctl_host *host = &m->recipe->hosts[h];
	const struct ctl_match *match = m->match;
	const struct ctl_machine *machine;
	size_t nic = CTL_NONE;

	if (match) {
		machine = &match->pool->machines[match->hosts[h].machine];
		nic = match->hosts[h].nics[from - host->ifaces];
	}
	if (nic != CTL_NONE)
		ctl_params_apply_nic(machine, &machine->nics[nic], to, m->diag);
	else
		ctl_params_apply_iface(host, from, to, m->diag);
}

static int add_iface(struct matcher *m, size_t h, size_t i)
{
	const struct ctl_host *host = &m->recipe->hosts[h];
	const struct ctl_iface *from = &host->ifaces[i];
	struct lab_iface *iface = NULL;
	struct lab_err err;
	int r;

	r = ctl_device_add(m->topo, host, h, i, &iface, &err);
	if (r < 0)
		r = report(m, r, &err, &from->id_src);
	/* Without it the indices differ. */
	if (!iface)
		return r < 0 ? r : -EINVAL;
	if (r < 0)
		return r;
	build_iface(m, h, from, iface);
	return add_addrs(m, host, from, iface);
}

static int add_hosts(struct matcher *m)
{
	struct lab_err err;
	size_t h, i, index;
	int r = 0;

	for (h = 0; h < m->recipe->n_hosts && r == 0; h++) {
		const struct ctl_host *host = &m->recipe->hosts[h];

		r = lab_topo_add_host(m->topo, host->id, &host->id_src, &index, &err);
		if (r == 0) {
			m->topo->hosts[index].forwarding = host->forwarding;
			m->topo->hosts[index].src = host->src;
			build_host(m, h, &m->topo->hosts[index]);
		} else {
			/* Without it the indices differ: nothing that follows would make sense. */
			(void)report(m, r, &err, &host->id_src);
			return r;
		}
		for (i = 0; i < host->n_ifaces && r == 0; i++)
			r = add_iface(m, h, i);
	}
	return r;
}

/* --- what interfaces lie on ------------------------------------------------------------------- */

static int check_devices(struct matcher *m)
{
	struct lab_err err;
	size_t h, i;
	int r = 0;

	for (h = 0; h < m->topo->n_hosts; h++) {
		for (i = 0; i < m->topo->hosts[h].n_ifaces && r == 0; i++)
			r = report(m, lab_topo_check_device(&m->topo->hosts[h], i, &err), &err,
				   &m->recipe->src);
	}
	return r;
}

static int set_options(struct matcher *m)
{
	struct ctl_scope scope;
	struct lab_err err;
	size_t h, i;
	int r = 0;

	ctl_match_scope(m->topo, &scope);
	for (h = 0; h < m->recipe->n_hosts; h++) {
		const struct ctl_host *host = &m->recipe->hosts[h];

		for (i = 0; i < host->n_ifaces && r == 0; i++)
			r = report(m, ctl_device_set_options(m->topo, host, h, i, &scope, &err),
				   &err, &host->ifaces[i].src);
	}
	return r;
}

/* --- routes ----------------------------------------------------------------------------------- */

static void clear_host_bits(struct lab_addr *a)
{
	unsigned int i, bits;

	for (i = 0; i < sizeof(a->bytes); i++) {
		bits = a->prefix_len > i * 8 ? LAB_MIN(a->prefix_len - i * 8, 8u) : 0;
		a->bytes[i] &= (uint8_t)(0xff00u >> bits);
	}
}

static int parse_to(const char *to, const struct lab_addr *via, struct lab_addr *ret,
		    struct lab_err *err)
{
	if (!strcmp(to, "default")) {
		*ret = (struct lab_addr){ .family = via->family };
		return 0;
	}
	if (lab_addr_parse(to, ret) < 0)
		return lab_err_set(
			err, EINVAL,
			"route to \"%.80s\": not a network; write default, 10.0.0.0/8 or fd00::/64",
			to);
	/* A route is to a network, by whichever of its addresses it is named. */
	clear_host_bits(ret);
	return 0;
}

static int parse_via(const char *via, struct lab_addr *ret, struct lab_err *err)
{
	if (strchr(via, '/'))
		return lab_err_set(err, EINVAL,
				   "route via \"%.80s\": a gateway has no prefix length", via);
	if (lab_addr_parse(via, ret) < 0)
		return lab_err_set(
			err, EINVAL,
			"route via \"%.80s\": not an address; write 10.0.0.1, fd00::1 or {ip(host,if)}",
			via);
	return 0;
}

/* Subnets of a host's interfaces, for a message. */
static const char *list_subnets(const struct lab_host *host, unsigned int family,
				struct lab_strbuf *sb)
{
	char text[LAB_ADDR_STRLEN];
	struct lab_addr subnet;
	size_t i, a;

	for (i = 0; i < host->n_ifaces; i++) {
		for (a = 0; a < host->ifaces[i].n_addrs && sb->len < 160; a++) {
			subnet = host->ifaces[i].addrs[a];
			clear_host_bits(&subnet);
			if (subnet.family == family)
				lab_strbuf_printf(sb, "%s%s", sb->len ? ", " : "; its subnets: ",
						  lab_addr_format(&subnet, true, text));
		}
	}
	return lab_strbuf_str(sb);
}

static int check_gateway(const struct lab_host *host, const struct lab_addr *via,
			 struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	char text[LAB_ADDR_STRLEN];
	bool near = false, own = false;
	size_t i, a;

	for (i = 0; i < host->n_ifaces; i++) {
		for (a = 0; a < host->ifaces[i].n_addrs; a++) {
			const struct lab_addr *addr = &host->ifaces[i].addrs[a];

			if (lab_addr_equal(via, addr)) {
				own = true;
				continue;
			}
			near = near || lab_addr_in_subnet(via, addr);
		}
	}
	/* One namespace of a host may be the gateway of another. */
	if (near && (!own || host->n_netns))
		return 0;
	if (own)
		return lab_err_set(err, EINVAL, "route via %s: that is the host's own address",
				   lab_addr_format(via, false, text));
	return lab_err_set(err, EINVAL, "route via %s: the host is on no subnet of this gateway%s",
			   lab_addr_format(via, false, text), list_subnets(host, via->family, &sb));
}

static bool is_double(const struct lab_host *host)
{
	const struct lab_route *last = &host->routes[host->n_routes - 1];
	size_t i;

	for (i = 0; i + 1 < host->n_routes; i++) {
		if (host->routes[i].dst.prefix_len == last->dst.prefix_len &&
		    lab_addr_equal(&host->routes[i].dst, &last->dst))
			return true;
	}
	return false;
}

static int find_ends(const struct lab_host *host, const struct ctl_route *route,
		     const char *to_text, const char *via_text, struct lab_route *ret,
		     struct lab_err *err)
{
	int r;

	r = parse_via(via_text, &ret->via, err);
	if (r == 0)
		r = check_gateway(host, &ret->via, err);
	if (r < 0)
		return lab_err_at(err, r, &route->via.src);
	r = parse_to(to_text, &ret->via, &ret->dst, err);
	return r < 0 ? lab_err_at(err, r, &route->to.src) : 0;
}

static int add_route(struct matcher *m, size_t h, const struct ctl_route *route,
		     struct lab_err *err)
{
	cleanup_free char *to = NULL, *via = NULL;
	struct lab_host *host = &m->topo->hosts[h];
	struct lab_route found;
	struct ctl_scope scope;
	int r;

	ctl_match_scope(m->topo, &scope);
	r = ctl_value_expand(&route->to, &scope, &to, err);
	if (r == 0)
		r = ctl_value_expand(&route->via, &scope, &via, err);
	if (r == 0)
		r = find_ends(host, route, to, via, &found, err);
	if (r < 0)
		return lab_err_prefix(err, r, "host %s: ", host->id);
	r = lab_topo_add_route(m->topo, h, &found.dst, &found.via, &route->src, err);
	if (r < 0 || !is_double(host))
		return r;
	r = lab_err_set(err, EEXIST, "host %s: second route to %s", host->id, to);
	return lab_err_at(err, r, &route->to.src);
}

/* Gateways may be named by functions, so routes come when all addresses are known. */
static int add_routes(struct matcher *m)
{
	struct lab_err err;
	size_t h, i;
	int r = 0;

	for (h = 0; h < m->recipe->n_hosts; h++) {
		for (i = 0; i < m->recipe->hosts[h].n_routes && r == 0; i++) {
			const struct ctl_route *route = &m->recipe->hosts[h].routes[i];

			r = report(m, add_route(m, h, route, &err), &err, &route->src);
		}
	}
	return r;
}

/* --- functions of the recipe ------------------------------------------------------------------ */

static const struct lab_addr *find_addr(const struct lab_topo *topo, size_t host, size_t iface,
					unsigned int index, struct lab_err *err)
{
	const struct lab_iface *i = &topo->hosts[host].ifaces[iface];

	if (index < i->n_addrs)
		return &i->addrs[index];
	(void)lab_err_set(
		err, ENOENT,
		"There is no address with index %u on machine %s, interface %s; it has %zu", index,
		topo->hosts[host].id, i->id, i->n_addrs);
	return NULL;
}

static int scope_ip(void *user, size_t host, size_t iface, unsigned int index,
		    struct lab_strbuf *sb, struct lab_err *err)
{
	const struct lab_addr *addr = find_addr(user, host, iface, index, err);
	char text[LAB_ADDR_STRLEN];

	if (!addr)
		return -ENOENT;
	lab_strbuf_puts(sb, lab_addr_format(addr, false, text));
	return 0;
}

static int scope_prefix(void *user, size_t host, size_t iface, unsigned int index,
			struct lab_strbuf *sb, struct lab_err *err)
{
	const struct lab_addr *addr = find_addr(user, host, iface, index, err);

	if (!addr)
		return -ENOENT;
	lab_strbuf_printf(sb, "%u", addr->prefix_len);
	return 0;
}

static int scope_devname(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
			 struct lab_err *err)
{
	const struct lab_topo *topo = user;

	(void)err;
	lab_strbuf_puts(sb, topo->hosts[host].ifaces[iface].name);
	return 0;
}

static int scope_hwaddr(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
			struct lab_err *err)
{
	const struct lab_topo *topo = user;
	const uint8_t *mac = topo->hosts[host].ifaces[iface].mac;

	(void)err;
	lab_strbuf_printf(sb, "%02X:%02X:%02X:%02X:%02X:%02X", mac[0], mac[1], mac[2], mac[3],
			  mac[4], mac[5]);
	return 0;
}

void ctl_match_scope(const struct lab_topo *topo, struct ctl_scope *ret)
{
	*ret = (struct ctl_scope){
		.ip = scope_ip,
		.prefix = scope_prefix,
		.devname = scope_devname,
		.hwaddr = scope_hwaddr,
	};
	/* The functions above only read it. */
	memcpy(&ret->user, &topo, sizeof(topo));
}

/* --- all of it -------------------------------------------------------------------------------- */

static void on_note(const struct lab_err *note, void *user)
{
	struct matcher *m = user;

	ctl_diag_note(m->diag, &note->src, "%s", note->msg);
}

static int make(struct matcher *m)
{
	unsigned int before = m->diag->n_errors;
	struct lab_err err;
	int r;

	if (m->recipe->pool4.family)
		m->topo->pool4 = m->recipe->pool4;
	if (m->recipe->pool6.family)
		m->topo->pool6 = m->recipe->pool6;
	r = add_hosts(m);
	if (r < 0)
		return r;
	/* What is not whole yet would be blamed for what is missing. */
	if (m->diag->n_errors == before)
		r = check_devices(m);
	if (r < 0)
		return r;
	if (m->diag->n_errors > before)
		return -EINVAL;
	r = lab_topo_finish(m->topo, on_note, m, &err);
	if (r < 0) {
		(void)report(m, r, &err, &m->recipe->src);
		return r;
	}
	r = set_options(m);
	if (r == 0)
		r = add_routes(m);
	return r == 0 && m->diag->n_errors > before ? -EINVAL : r;
}

int ctl_match_topo(const struct ctl_recipe *recipe, const char *lab_name,
		   const struct ctl_made_of *command, const struct ctl_match *match,
		   struct lab_topo **ret, struct ctl_diag *diag)
{
	struct matcher m = { .recipe = recipe, .match = match, .diag = diag };
	int r;

	if (command)
		m.command = *command;

	r = lab_topo_new(lab_name ? lab_name : recipe->name, &m.topo);
	if (r < 0)
		return r;
	r = make(&m);
	ctl_diag_sort(diag);
	if (r < 0) {
		lab_topo_free(m.topo);
		return r == -ENOMEM ? r : -EINVAL;
	}
	*ret = m.topo;
	return 0;
}
