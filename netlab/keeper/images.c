/* SPDX-License-Identifier: GPL-2.0-or-later */
/* images.c - the images that a lab's hosts are made from */
#include <stdlib.h>
#include <string.h>

#include "netlab/keeper/keeper_internal.h"

static bool made_from_image(const struct lab_host *host)
{
	return host->image && !host->backend;
}

uint32_t lab_keeper_image(const struct lab_topo *topo, uint32_t index)
{
	uint32_t n = 0;

	if (!made_from_image(&topo->hosts[index]))
		return 0;
	for (uint32_t i = 0; i <= index; i++) {
		const struct lab_host *host = &topo->hosts[i];
		uint32_t first = 0;

		if (!made_from_image(host))
			continue;
		while (!made_from_image(&topo->hosts[first]) ||
		       strcmp(topo->hosts[first].image, host->image) != 0)
			first++;
		n += first == i;
		if (strcmp(host->image, topo->hosts[index].image) == 0)
			return n;
	}
	return 0;
}

int lab_images_open(const struct lab_topo *topo, struct lab_images *ret, struct lab_err *err)
{
	*ret = (struct lab_images){ .list = NULL };
	for (size_t i = 0; i < topo->n_hosts; i++) {
		const struct lab_host *host = &topo->hosts[i];
		int r = 0;

		if (lab_keeper_image(topo, (uint32_t)i) <= ret->n)
			continue;
		if (!ret->list)
			ret->list = calloc(LAB_SPAWN_IMAGES_MAX, sizeof(*ret->list));
		if (!ret->list)
			r = lab_err_errno(err, ENOMEM, "images");
		else if (ret->n == LAB_SPAWN_IMAGES_MAX)
			r = lab_err_set(err, EINVAL, "a lab has at most %u different images",
					LAB_SPAWN_IMAGES_MAX);
		else
			r = lab_image_open(host->image, &ret->list[ret->n], err);
		if (r < 0)
			return lab_err_prefix(err, lab_err_at(err, r, &host->src),
					      "host %s: ", host->id);
		ret->n++;
	}
	return 0;
}

void lab_images_close(struct lab_images *images)
{
	while (images->n > 0)
		lab_image_close(&images->list[--images->n]);
	free(images->list);
	images->list = NULL;
}
