/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map.h - a hash table from numbers to pointers */
#ifndef NETLAB_BASE_MAP_H
#define NETLAB_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct lab_map - numbers to pointers; a zeroed struct is empty
 * @slots:	open addressing, a power of two; NULL pointer = free
 * @cap:	slots
 * @n:		pairs
 */
struct lab_map {
	struct lab_map_slot {
		uint64_t key;
		void *value;
	} * slots;
	size_t cap, n;
};

/**
 * lab_map_fini() - Release the table, not what it points to
 * @map:	may be zeroed; left empty and usable
 */
void lab_map_fini(struct lab_map *map);

/**
 * lab_map_set() - Add or replace a pair
 * @map:	map
 * @key:	any number
 * @value:	not NULL
 *
 * Return: 0 or -ENOMEM.
 */
int lab_map_set(struct lab_map *map, uint64_t key, void *value);

/**
 * lab_map_get() - Look a number up
 * @map:	map
 * @key:	number
 *
 * Return: the pointer, or NULL.
 */
void *lab_map_get(const struct lab_map *map, uint64_t key);

/**
 * lab_map_remove() - Remove a pair
 * @map:	map
 * @key:	number
 *
 * Return: the pointer that was there, or NULL.
 */
void *lab_map_remove(struct lab_map *map, uint64_t key);

/**
 * lab_map_next() - Walk over the pairs; the map must not change meanwhile
 * @map:	map
 * @pos:	0 to begin with; advanced
 *
 * Return: the next pointer, or NULL at the end.
 */
void *lab_map_next(const struct lab_map *map, size_t *pos);

#endif
