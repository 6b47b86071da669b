/* SPDX-License-Identifier: GPL-2.0-or-later */
/* value.c - evaluates the functions in a text of a recipe */
#include "controller/recipe/value.h"

#include <errno.h>

static int evaluate(const struct ctl_call *call, const struct ctl_scope *scope,
		    struct lab_strbuf *sb, struct lab_err *err)
{
	switch (call->func) {
	case CTL_FUNC_IP:
		return scope->ip(scope->user, call->host, call->iface, call->index, sb, err);
	case CTL_FUNC_PREFIX:
		return scope->prefix(scope->user, call->host, call->iface, call->index, sb, err);
	case CTL_FUNC_DEVNAME:
		return scope->devname(scope->user, call->host, call->iface, sb, err);
	case CTL_FUNC_HWADDR:
		return scope->hwaddr(scope->user, call->host, call->iface, sb, err);
	case CTL_FUNC_MAX_:
		break;
	}
	return lab_err_set(err, EINVAL, "no such function");
}

static int expand_call(const struct ctl_call *call, const struct ctl_scope *scope,
		       struct lab_strbuf *sb, struct lab_err *err)
{
	int r;

	if (!scope)
		r = lab_err_set(err, EINVAL, "functions cannot be used here");
	else
		r = evaluate(call, scope, sb, err);
	if (r < 0) {
		(void)lab_err_prefix(err, r, "function %s(): ", ctl_func_name(call->func));
		return lab_err_at(err, r, &call->src);
	}
	return 0;
}

int ctl_value_expand(const struct ctl_value *value, const struct ctl_scope *scope, char **ret,
		     struct lab_err *err)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	size_t i;
	int r = 0;

	if (!value->n_parts)
		lab_strbuf_puts(&sb, value->text);
	for (i = 0; i < value->n_parts && r == 0; i++) {
		if (value->parts[i].call)
			r = expand_call(value->parts[i].call, scope, &sb, err);
		else
			lab_strbuf_puts(&sb, value->parts[i].text);
	}
	if (r == 0) {
		r = lab_strbuf_take(&sb, ret);
		if (r < 0)
			(void)lab_err_set(err, -r, "out of memory");
		return r;
	}
	lab_strbuf_fini(&sb);
	return r;
}
