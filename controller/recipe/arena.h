/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arena.h - memory that is released all at once, and a hash table that lives in it */
#ifndef CONTROLLER_RECIPE_ARENA_H
#define CONTROLLER_RECIPE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct ctl_arena;

/**
 * ctl_arena_new() - Make an arena
 *
 * Return: the arena, free with ctl_arena_free(); NULL when out of memory.
 */
struct ctl_arena *ctl_arena_new(void);

/**
 * ctl_arena_free() - Release an arena and all memory taken from it
 * @arena:	may be NULL
 */
void ctl_arena_free(struct ctl_arena *arena);

/**
 * ctl_arena_alloc() - Take zeroed memory
 * @arena:	arena
 * @n:		number of elements; 0 gives a valid pointer to nothing
 * @size:	bytes of one
 *
 * Return: memory aligned for any type, released with the arena; NULL when out of memory or @n *
 * @size overflows.
 */
void *ctl_arena_alloc(struct ctl_arena *arena, size_t n, size_t size);

/**
 * ctl_arena_strndup() - Copy a text
 * @arena:	arena
 * @s:		text
 * @len:	bytes to copy; no NUL among them
 *
 * Return: NUL-terminated copy, released with the arena; NULL when out of memory.
 */
char *ctl_arena_strndup(struct ctl_arena *arena, const char *s, size_t len);

/**
 * struct ctl_map_entry - one entry of a map
 * @scope:	first part of the key
 * @key:	second part: bytes (borrowed)
 * @len:	how many
 * @value:	the user's
 * @ptr:	the user's
 */
struct ctl_map_entry {
	uint64_t scope;
	const void *key;
	size_t len;
	size_t value;
	void *ptr;
};

/**
 * struct ctl_map - hash table from (number, bytes) to an entry
 *
 * Zeroed but for @arena it is an empty map.
 */
struct ctl_map {
	struct ctl_arena *arena;
	/* private */
	struct ctl_map_entry **slots;
	size_t n_slots, n_used;
};

/**
 * ctl_map_find() - Look an entry up
 * @map:	map
 * @scope:	first part of the key
 * @key:	second part
 * @len:	bytes in @key
 *
 * Return: the entry, valid as long as the arena; NULL if there is none.
 */
struct ctl_map_entry *ctl_map_find(const struct ctl_map *map, uint64_t scope, const void *key,
				   size_t len);

/**
 * ctl_map_get() - Look an entry up, and make it if there is none
 * @map:	map
 * @scope:	first part of the key
 * @key:	second part; borrowed as long as the map is used
 * @len:	bytes in @key
 * @ret_new:	1 if it was made (@value and @ptr are zero then), else 0
 *
 * Return: the entry, valid as long as the arena; NULL when out of memory.
 */
struct ctl_map_entry *ctl_map_get(struct ctl_map *map, uint64_t scope, const void *key, size_t len,
				  int *ret_new);

#endif
