/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map.c - a hash table from numbers to pointers */
#include "netlab/base/map.h"

#include <errno.h>
#include <stdlib.h>

#include "netlab/base/util.h"

void lab_map_fini(struct lab_map *map)
{
	free(map->slots);
	*map = (struct lab_map){ 0 };
}

/* Fibonacci hashing: consecutive numbers, our usual keys, spread evenly. */
static size_t home(const struct lab_map *map, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & (map->cap - 1);
}

static struct lab_map_slot *find(const struct lab_map *map, uint64_t key)
{
	size_t i = home(map, key);

	while (map->slots[i].value && map->slots[i].key != key)
		i = (i + 1) & (map->cap - 1);
	return &map->slots[i];
}

static int grow(struct lab_map *map)
{
	struct lab_map bigger = { .cap = map->cap ? map->cap * 2 : 16, .n = map->n };

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].value)
			*find(&bigger, map->slots[i].key) = map->slots[i];
	free(map->slots);
	*map = bigger;
	return 0;
}

int lab_map_set(struct lab_map *map, uint64_t key, void *value)
{
	struct lab_map_slot *slot;

	if ((map->n + 1) * 4 > map->cap * 3) {
		int r = grow(map);

		if (r < 0)
			return r;
	}
	slot = find(map, key);
	if (!slot->value)
		map->n++;
	*slot = (struct lab_map_slot){ key, value };
	return 0;
}

void *lab_map_get(const struct lab_map *map, uint64_t key)
{
	return map->cap ? find(map, key)->value : NULL;
}

void *lab_map_remove(struct lab_map *map, uint64_t key)
{
	struct lab_map_slot *slot;
	void *value;
	size_t i, hole;

	if (!map->cap)
		return NULL;
	slot = find(map, key);
	value = slot->value;
	if (!value)
		return NULL;
	map->n--;
	slot->value = NULL;
	/* Move up whatever was pushed past the hole, so that look-ups need no tombstones. */
	hole = (size_t)(slot - map->slots);
	for (i = (hole + 1) & (map->cap - 1); map->slots[i].value; i = (i + 1) & (map->cap - 1)) {
		size_t want = home(map, map->slots[i].key);

		if (((i - want) & (map->cap - 1)) < ((i - hole) & (map->cap - 1)))
			continue;
		map->slots[hole] = map->slots[i];
		map->slots[i].value = NULL;
		hole = i;
	}
	return value;
}

void *lab_map_next(const struct lab_map *map, size_t *pos)
{
	while (*pos < map->cap) {
		void *value = map->slots[(*pos)++].value;

		if (value)
			return value;
	}
	return NULL;
}
