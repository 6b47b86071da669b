/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host_make.c - hosts that come and go while their lab is up: made, given another name, deleted */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "netlab/backend/backend.h"
#include "netlab/base/files.h"
#include "netlab/keeper/device.h"
#include "netlab/keeper/host.h"
#include "netlab/keeper/links.h"
#include "netlab/nl/link.h"

enum { LO_IFINDEX = 1 /* in each namespace */ };

/*
 * A host that is deleted leaves an empty place in the topology and in the keeper, with the id "": everything refers to hosts by their index. A new
 * one gets a place of its own, of which there are LAB_HOSTS_MORE. Its cgroups have a name that no other host of the lab ever had.
 */

/* ---- who is where ---- */

static int write_hosts_file(const char *path, const char *text)
{
	cleanup_close int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	size_t len = strlen(text);

	return fd < 0 || write(fd, text, len) == (ssize_t)len ? 0 : -EIO;
}

/* Native hosts see it at once, unless they have written their own. */
static void tell_hosts(const struct lab_keeper *k)
{
	cleanup_free char *text = NULL;

	if (lab_topo_hosts_file(k->topo, &text) < 0)
		return;
	(void)write_hosts_file("/layer/etc/hosts", text);
	(void)write_hosts_file("/ilayer/etc/hosts", text);
}

/* ---- make ---- */

static bool has_image(const struct lab_keeper *k, const char *image)
{
	for (size_t i = 0; i < k->topo->n_hosts; i++) {
		const struct lab_host *h = &k->topo->hosts[i];

		if (h->image && !h->backend && strcmp(h->image, image) == 0)
			return true;
	}
	return false;
}

static int check_made_of(const struct lab_keeper *k, const char *backend, const char *image,
			 struct lab_err *err)
{
	if (backend && !lab_backend_find(backend, err))
		return -EINVAL;
	if (backend && strcmp(backend, lab_backends[0].name) != 0)
		return lab_err_set(
			err, EOPNOTSUPP,
			"only native hosts can be made while the lab is up; those of %.30s come up with it",
			backend);
	if (image && !has_image(k, image))
		return lab_err_set(
			err, EOPNOTSUPP,
			"no host of the lab is made from the image %.100s; a lab that is up can use no further image",
			image);
	return 0;
}

static int add_place(struct lab_keeper *k, const struct lab_hostop *op, uint32_t *ret,
		     struct lab_err *err)
{
	const char *id = json_string_value(json_object_get(op->params, "host")),
		   *image = json_string_value(json_object_get(op->params, "image"));
	char *copy = NULL;
	size_t index;
	int r = 0;

	if (!id)
		return lab_err_set(err, EINVAL, "host must be there, as text");
	if (k->topo->n_hosts >= k->cap_hosts)
		return lab_err_set(err, ENOSPC, "%u hosts have been made in this lab already",
				   LAB_HOSTS_MORE);
	if (image) {
		copy = strdup(image);
		r = copy ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = lab_topo_add_host(k->topo, id, NULL, &index, err);
	else
		(void)lab_err_errno(err, ENOMEM, "host %s", id);
	if (r < 0) {
		free(copy);
		return r;
	}
	k->topo->hosts[index].image = copy;
	k->topo->hosts[index].forwarding = json_is_true(json_object_get(op->params, "forwarding"));
	r = lab_keeper_add_host(k, (uint32_t)index);
	if (r < 0) {
		lab_topo_drop_host(k->topo, index);
		return lab_err_errno(err, -r, "host %s", id);
	}
	*ret = (uint32_t)index;
	return 0;
}

static int add_link(struct lab_keeper *k, const char *id, const json_t *spec, struct lab_err *err)
{
	cleanup_json json_t *params = json_is_object(spec) ? json_deep_copy(spec) : NULL,
			    *result = NULL;
	const char *kind = json_string_value(json_object_get(params, "kind"));
	int r;

	if (!params || !kind || strcmp(kind, "eth") != 0 ||
	    json_object_set_new(params, "host", json_string(id)) < 0)
		return lab_err_set(
			err, EINVAL,
			"interfaces must be an array of what link.add takes, of the kind eth");
	r = lab_links_request(k, "link.add", params, &result, err);
	return r < 0 ? r : 0;
}

/* Its loopback, and its interfaces. */
static int add_links(const struct lab_hostop *op, struct lab_err *err)
{
	const json_t *list = json_object_get(op->params, "interfaces");
	const char *id = json_string_value(json_object_get(op->params, "host"));
	struct lab_keeper *k = op->keeper;
	int r = lab_device_place(k, op->host->index, 0, err);

	if (list && !json_is_array(list))
		return lab_err_set(err, EINVAL, "interfaces must be an array");
	if (r == 0) {
		lab_link_up(&k->conf, LO_IFINDEX);
		r = lab_nl_flush(&k->conf, NULL, err);
	}
	for (size_t i = 0; i < json_array_size(list) && r == 0; i++)
		r = add_link(k, id, json_array_get(list, i), err);
	return r;
}

static void made(struct lab_hostop *op)
{
	struct lab_err err;

	if (add_links(op, &err) < 0) {
		/* It is deleted when it has gone. */
		lab_host_kill(op->host);
		lab_hostop_fail(op, &err);
		return;
	}
	op->host->life->ephemeral = json_is_true(json_object_get(op->params, "ephemeral"));
	tell_hosts(op->keeper);
	lab_hostop_done(op, NULL);
}

void lab_host_create(struct lab_hostop *op)
{
	struct lab_keeper *k = op->keeper;
	uint32_t index = 0;
	struct lab_err err;
	int r;

	r = check_made_of(k, json_string_value(json_object_get(op->params, "backend")),
			  json_string_value(json_object_get(op->params, "image")), &err);
	if (r == 0)
		r = add_place(k, op, &index, &err);
	if (r < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	k->hosts[index].state = LAB_HOST_DEAD;
	op->host = &k->hosts[index];
	op->host->life = calloc(1, sizeof(*op->host->life));
	if (!op->host->life) {
		op->host = NULL;
		lab_topo_drop_host(k->topo, index);
		(void)lab_err_errno(&err, ENOMEM, "host");
		lab_hostop_fail(op, &err);
		return;
	}
	op->host->life->op = op;
	/* Until it runs: what fails leaves nothing. */
	op->host->life->ephemeral = true;
	r = lab_host_set_limits(op, &err);
	if (r < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	op->then = made;
	lab_host_start(op);
}

/* ---- delete ---- */

static void drop_link(struct lab_keeper *k, const struct lab_host *h, const char *iface)
{
	cleanup_json json_t *params = json_pack("{s:s, s:s}", "host", h->id, "id", iface),
			    *result = NULL;
	struct lab_err err;

	(void)lab_links_request(k, "link.del", params, &result, &err);
}

/* The other end of a link between two interfaces goes with the one. */
static void drop_peer(struct lab_keeper *k, uint32_t host, size_t network)
{
	if (k->bridges[k->bridge_base[network]])
		return;
	for (uint32_t h = 0; h < k->topo->n_hosts; h++) {
		struct lab_host *other = &k->topo->hosts[h];

		for (size_t i = other->n_ifaces; h != host && i-- > 0;) {
			if (i >= other->n_ifaces || !*other->ifaces[i].id ||
			    other->ifaces[i].network != network)
				continue;
			lab_topo_drop_iface(other, i);
			k->hosts[h].links[i] = (struct lab_klink){ 0 };
		}
	}
}

static void drop_links(struct lab_keeper *k, uint32_t host)
{
	struct lab_host *h = &k->topo->hosts[host];

	while (h->n_ifaces) {
		size_t i = h->n_ifaces - 1, n = h->n_ifaces,
		       network = h->ifaces[i].kind == LAB_IFACE_ETH ? h->ifaces[i].network
								    : LAB_NETWORK_NONE;

		drop_link(k, h, h->ifaces[i].id);
		/* Not all kinds can be taken away; their namespace takes them along. */
		if (h->n_ifaces == n)
			lab_topo_drop_iface(h, i);
		if (network != LAB_NETWORK_NONE)
			drop_peer(k, host, network);
	}
}

static int remove_files(struct lab_hostop *op, struct lab_err *err)
{
	char path[LAB_HOST_DIR_LEN];
	int r;

	(void)snprintf(path, sizeof(path), "/up/%u", op->host->index);
	r = lab_files_remove(AT_FDCWD, path);
	return r < 0 ? lab_err_errno(err, -r, "remove its files") : 0;
}

static void removed(struct lab_hostop *op, int r, struct lab_err *err)
{
	struct lab_khost *host = op->host;
	struct lab_keeper *k = op->keeper;

	if (r < 0) {
		/* It is there still, and asking again may help. */
		host->life->ephemeral = false;
		lab_hostop_fail(op, err);
		return;
	}
	op->host = NULL;
	lab_cgroups_drop_host(&k->cgroups, host->group);
	lab_host_life_free(host->life);
	lab_keeper_drop_host(k, host->index);
	lab_topo_drop_host(k->topo, host->index);
	tell_hosts(k);
	lab_hostop_done(op, NULL);
}

static void destroyed(struct lab_hostop *op)
{
	struct lab_err err;

	drop_links(op->keeper, op->host->index);
	if (lab_hostop_child(op, remove_files, removed, &err) < 0)
		removed(op, -err.code, &err);
}

static void delete_now(struct lab_hostop *op)
{
	op->poke = NULL;
	if (op->host->engine)
		lab_host_destroy_foreign(op, destroyed);
	else
		destroyed(op);
}

void lab_host_delete(struct lab_hostop *op)
{
	struct lab_err err;

	op->then = delete_now;
	if (op->host->state == LAB_HOST_DEAD) {
		lab_hostop_next(op);
		return;
	}
	if (json_is_true(json_object_get(op->params, "force"))) {
		lab_host_stop(op, 0);
		return;
	}
	(void)lab_err_set(&err, EBUSY, "it is %s; stop it first, or delete it with --force",
			  lab_hosts_state(op->host));
	lab_hostop_fail(op, &err);
}

/* ---- another name ---- */

static int name_child(struct lab_hostop *op, struct lab_err *err)
{
	const char *to = json_string_value(json_object_get(op->params, "to"));
	char path[64];
	cleanup_close int uts = -1;

	(void)snprintf(path, sizeof(path), "%d/ns/uts", (int)op->host->pid);
	uts = openat(op->keeper->proc, path, O_RDONLY | O_CLOEXEC);
	if (uts < 0 || setns(uts, CLONE_NEWUTS) < 0 || sethostname(to, strlen(to)) < 0)
		return lab_err_errno(err, errno, "change its host name");
	return 0;
}

static void renamed(struct lab_hostop *op)
{
	const char *to = json_string_value(json_object_get(op->params, "to"));
	struct lab_err err;
	int r = lab_topo_rename_host(op->keeper->topo, op->host->index, to, &err);

	if (r < 0) {
		lab_hostop_fail(op, &err);
		return;
	}
	tell_hosts(op->keeper);
	lab_hostop_done(op, NULL);
}

static void name_done(struct lab_hostop *op, int r, struct lab_err *err)
{
	if (r < 0)
		lab_hostop_fail(op, err);
	else
		renamed(op);
}

void lab_host_rename(struct lab_hostop *op)
{
	const char *to = json_string_value(json_object_get(op->params, "to"));
	struct lab_err err;
	int r = 0;

	if (!to)
		r = lab_err_set(&err, EINVAL, "to must be there, as text");
	if (r == 0)
		r = lab_topo_check_host(op->keeper->topo, to, &err);
	if (r == 0 && op->host->engine)
		lab_host_rename_foreign(op, to, renamed);
	else if (r == 0 && op->host->state == LAB_HOST_RUNNING)
		r = lab_hostop_child(op, name_child, name_done, &err);
	else if (r == 0)
		renamed(op);
	if (r < 0)
		lab_hostop_fail(op, &err);
}
