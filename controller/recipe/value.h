/* SPDX-License-Identifier: GPL-2.0-or-later */
/* value.h - a text of a recipe that may hold functions, which are evaluated each time it is used */
#ifndef CONTROLLER_RECIPE_VALUE_H
#define CONTROLLER_RECIPE_VALUE_H

#include <stddef.h>

#include "netlab/base/err.h"
#include "netlab/base/strbuf.h"

/* {ip(host,if[,n])} {prefix(host,if[,n])} {devname(host,if)} {hwaddr(host,if)} */
enum ctl_func {
	CTL_FUNC_IP,
	CTL_FUNC_PREFIX,
	CTL_FUNC_DEVNAME,
	CTL_FUNC_HWADDR,
	CTL_FUNC_MAX_,
};

/**
 * struct ctl_call - one function call
 * @func:	which function
 * @host:	index into ctl_recipe.hosts
 * @iface:	index into that host's interfaces
 * @index:	which address, from 0 (ip and prefix)
 * @host_id:	first argument as written
 * @iface_id:	second argument as written
 * @src:	the opening brace; or the alias reference that brought the call in
 */
struct ctl_call {
	enum ctl_func func;
	size_t host, iface;
	unsigned int index;
	const char *host_id, *iface_id;
	struct lab_src src;
};

/**
 * struct ctl_part - a piece of a value: text, or a call when @call is not NULL
 * @text:	text
 * @call:	call
 */
struct ctl_part {
	const char *text;
	const struct ctl_call *call;
};

/**
 * struct ctl_value - text of a recipe after alias expansion
 * @text:	as written, calls and all, white space stripped; NULL = not there
 * @parts:	the pieces in order, when there is at least one call; else NULL and @text is all
 * @n_parts:	how many
 * @src:	where the text begins
 */
struct ctl_value {
	const char *text;
	const struct ctl_part *parts;
	size_t n_parts;
	struct lab_src src;
};

/**
 * struct ctl_scope - how functions are answered; each appends its answer to @sb
 * @ip:		address without its prefix length
 * @prefix:	prefix length
 * @devname:	interface name in the host
 * @hwaddr:	Ethernet address, upper case
 * @user:	for all of them
 *
 * @host and @iface are indices as in struct ctl_call, the same as in a topology made by
 *		ctl_match_topo().
 * Each returns 0 or -errno with @err filled.
 */
struct ctl_scope {
	int (*ip)(void *user, size_t host, size_t iface, unsigned int index, struct lab_strbuf *sb,
		  struct lab_err *err);
	int (*prefix)(void *user, size_t host, size_t iface, unsigned int index,
		      struct lab_strbuf *sb, struct lab_err *err);
	int (*devname)(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
		       struct lab_err *err);
	int (*hwaddr)(void *user, size_t host, size_t iface, struct lab_strbuf *sb,
		      struct lab_err *err);
	void *user;
};

/**
 * ctl_value_expand() - Evaluate a value now
 * @value:	value; its text must not be NULL
 * @scope:	answers the functions; may be NULL when the value has no call
 * @ret:	on success; caller frees with free(3)
 * @err:	filled on failure, with the place of the call; may be NULL
 *
 * Return: 0 or -errno. Errors: -ENOMEM, and what the scope returns.
 */
int ctl_value_expand(const struct ctl_value *value, const struct ctl_scope *scope, char **ret,
		     struct lab_err *err);

/**
 * ctl_func_name() - Name of a function
 * @func:	function
 *
 * Return: "ip", "prefix", "devname" or "hwaddr"; static storage.
 */
const char *ctl_func_name(enum ctl_func func);

#endif
