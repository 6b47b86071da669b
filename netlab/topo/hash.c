/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hash.c - find numbers by key: a small open-addressing table */
#include "netlab/topo/hash.h"

#include <errno.h>
#include <stdlib.h>

enum { CAP_MIN = 16 };

void lab_hash_fini(struct lab_hash *h)
{
	free(h->slots);
	*h = (struct lab_hash){ 0 };
}

uint32_t lab_hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	/* FNV's low bits alone, which pick the slot, are poor on short keys that count up. */
	h = (h ^ (h >> 16)) * 0x85ebca6bu;
	h = (h ^ (h >> 13)) * 0xc2b2ae35u;
	return h ^ (h >> 16);
}

long lab_hash_find(const struct lab_hash *h, uint32_t hash, lab_hash_eq_fn eq, const void *key,
		   const void *user)
{
	size_t i;

	if (!h->cap)
		return -ENOENT;
	for (i = hash & (h->cap - 1); h->slots[i].value; i = (i + 1) & (h->cap - 1)) {
		if (h->slots[i].hash == hash && eq(key, h->slots[i].value - 1, user))
			return (long)h->slots[i].value - 1;
	}
	return -ENOENT;
}

static void put(struct lab_hash *h, uint32_t hash, uint32_t value)
{
	size_t i = hash & (h->cap - 1);

	while (h->slots[i].value)
		i = (i + 1) & (h->cap - 1);
	h->slots[i] = (struct lab_hash_slot){ .hash = hash, .value = value };
	h->n++;
}

int lab_hash_reserve(struct lab_hash *h, size_t n_more)
{
	struct lab_hash bigger = { .cap = h->cap ? h->cap : CAP_MIN };
	size_t i;

	if (n_more > SIZE_MAX / 4 / sizeof(*h->slots) - h->n)
		return -ENOMEM;
	while (bigger.cap < 2 * (h->n + n_more))
		bigger.cap *= 2;
	if (bigger.cap == h->cap)
		return 0;
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (i = 0; i < h->cap; i++) {
		if (h->slots[i].value)
			put(&bigger, h->slots[i].hash, h->slots[i].value);
	}
	free(h->slots);
	*h = bigger;
	return 0;
}

int lab_hash_add(struct lab_hash *h, uint32_t hash, uint32_t value)
{
	int r = lab_hash_reserve(h, 1);

	if (r < 0)
		return r;
	put(h, hash, value + 1);
	return 0;
}
