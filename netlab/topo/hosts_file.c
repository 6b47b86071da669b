/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hosts_file.c - the /etc/hosts that every host of a lab gets */
#include <string.h>
#include <sys/socket.h>

#include "netlab/base/strbuf.h"
#include "netlab/topo/internal.h"

enum { ALIAS_LEN = LAB_TOPO_ID_MAX + LAB_TOPO_QUOTE_LEN + 1 };

/*
 * "<host>-<interface>". An interface id may hold anything; what cannot stand in a name becomes '-'.
 * Empty if that is the name of a host, which then must not mean this address too.
 */
static void make_alias(const struct lab_topo *topo, const struct lab_host *host,
		       const struct lab_iface *iface, char alias[ALIAS_LEN])
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	char *c;

	(void)snprintf(alias, ALIAS_LEN, "%s-%.*s", host->id, LAB_TOPO_QUOTE_LEN - 1, iface->id);
	for (c = alias; *c; c++) {
		if (!strchr(allowed, *c))
			*c = '-';
	}
	if (lab_topo_find_host(topo, alias) >= 0)
		alias[0] = '\0';
}

static void put_line(struct lab_strbuf *sb, const char *addr, const char *id, const char *alias)
{
	lab_strbuf_puts(sb, addr);
	lab_strbuf_putc(sb, '\t');
	lab_strbuf_puts(sb, id);
	if (*id && *alias)
		lab_strbuf_putc(sb, ' ');
	lab_strbuf_puts(sb, alias);
	lab_strbuf_putc(sb, '\n');
}

static void put_host(struct lab_strbuf *sb, const struct lab_topo *topo,
		     const struct lab_host *host)
{
	char alias[ALIAS_LEN], text[LAB_ADDR_STRLEN];
	bool named4 = false, named6 = false;
	size_t i, a;

	for (i = 0; i < host->n_ifaces; i++) {
		const struct lab_iface *iface = &host->ifaces[i];

		make_alias(topo, host, iface, alias);
		for (a = 0; a < iface->n_addrs; a++) {
			const struct lab_addr *addr = &iface->addrs[a];
			bool *named = addr->family == AF_INET6 ? &named6 : &named4;

			/* No use without the name of an interface, which each host has its own. */
			if (addr->family == AF_INET6 && lab_topo_is_link_local(addr))
				continue;
			if (!*named || *alias)
				put_line(sb, lab_addr_format(addr, false, text),
					 *named ? "" : host->id, alias);
			*named = true;
		}
	}
}

int lab_topo_hosts_file(const struct lab_topo *topo, char **ret)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t h;

	lab_strbuf_puts(&sb, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	for (h = 0; h < topo->n_hosts; h++)
		put_host(&sb, topo, &topo->hosts[h]);
	return lab_strbuf_take(&sb, ret);
}
