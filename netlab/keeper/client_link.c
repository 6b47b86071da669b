/* SPDX-License-Identifier: GPL-2.0-or-later */
/* client_link.c - the client's end of a lab: its interfaces and routes, made and changed while it runs */
#include "netlab/base/util.h"
#include "netlab/keeper/client_internal.h"

/* @object, or a new one for NULL, with what each of these requests has beside it; a new reference. */
static json_t *params_of(json_t *object, const char *host, const char *id)
{
	json_t *params = object ? json_copy(object) : json_object();
	int r = json_object_set_new(params, "host", json_string(host));

	if (r == 0 && id)
		r = json_object_set_new(params, "id", json_string(id));
	if (r < 0) {
		json_decref(params);
		return NULL;
	}
	return params;
}

static int call(struct lab_client *c, const char *method, json_t *params, json_t **ret,
		struct lab_err *err)
{
	if (!params)
		return lab_err_set(err, EINVAL, "%s: not an object of UTF-8 text", method);
	return lab_rpc_call_wait(c->rpc, method, params, LAB_CLIENT_LINK_MS, ret, err);
}

int lab_client_link_add(struct lab_client *c, const char *host, json_t *spec, json_t **ret,
			struct lab_err *err)
{
	return call(c, "link.add", params_of(spec, host, NULL), ret, err);
}

int lab_client_link_set(struct lab_client *c, const char *host, const char *id, json_t *changes,
			json_t **ret, struct lab_err *err)
{
	return call(c, "link.set", params_of(changes, host, id), ret, err);
}

int lab_client_link_del(struct lab_client *c, const char *host, const char *id, struct lab_err *err)
{
	return call(c, "link.del", params_of(NULL, host, id), NULL, err);
}

int lab_client_link_get(struct lab_client *c, const char *host, const char *id, json_t **ret,
			struct lab_err *err)
{
	return call(c, "link.get", params_of(NULL, host, id), ret, err);
}

int lab_client_route_add(struct lab_client *c, const char *host, json_t *route, struct lab_err *err)
{
	return call(c, "route.add", params_of(route, host, NULL), NULL, err);
}

int lab_client_route_del(struct lab_client *c, const char *host, json_t *route, struct lab_err *err)
{
	return call(c, "route.del", params_of(route, host, NULL), NULL, err);
}
