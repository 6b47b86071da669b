/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arena.c - memory that is released all at once, and a hash table that lives in it */
#include "controller/recipe/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_FIRST = 16 << 10, CHUNK_MAX = 1 << 20, SLOTS_FIRST = 64 };

struct chunk {
	struct chunk *next;
	size_t size, used;
	alignas(max_align_t) unsigned char bytes[];
};

struct ctl_arena {
	struct chunk *chunks; /* the one in use first */
};

struct ctl_arena *ctl_arena_new(void)
{
	return calloc(1, sizeof(struct ctl_arena));
}

void ctl_arena_free(struct ctl_arena *arena)
{
	struct chunk *chunk, *next;
	int saved = errno;

	if (!arena)
		return;
	for (chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
	errno = saved;
}

/* Bytes that are taken from a fresh chunk are zero; each is handed out once. */
static struct chunk *add_chunk(struct ctl_arena *arena, size_t need)
{
	struct chunk *old = arena->chunks, *chunk;
	size_t size = CHUNK_FIRST;

	if (old)
		size = old->size < CHUNK_MAX / 2 ? old->size * 2 : CHUNK_MAX;
	if (size < need)
		size = need;
	chunk = calloc(1, sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->size = size;
	/* A large block goes behind the current chunk, which may have room left. */
	if (old && need > CHUNK_MAX / 2) {
		chunk->next = old->next;
		old->next = chunk;
	} else {
		chunk->next = old;
		arena->chunks = chunk;
	}
	return chunk;
}

static void *take(struct ctl_arena *arena, size_t bytes, size_t align)
{
	struct chunk *chunk = arena->chunks;
	size_t start;

	if (bytes > SIZE_MAX / 4)
		return NULL;
	start = chunk ? (chunk->used + align - 1) & ~(align - 1) : 0;
	if (!chunk || start > chunk->size || bytes > chunk->size - start) {
		chunk = add_chunk(arena, bytes);
		if (!chunk)
			return NULL;
		start = 0;
	}
	chunk->used = start + bytes;
	return chunk->bytes + start;
}

void *ctl_arena_alloc(struct ctl_arena *arena, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return take(arena, bytes ? bytes : 1, alignof(max_align_t));
}

char *ctl_arena_strndup(struct ctl_arena *arena, const char *s, size_t len)
{
	char *copy = take(arena, len + 1, 1);

	if (copy && len)
		memcpy(copy, s, len);
	return copy;
}

/* FNV-1a */
static uint64_t hash(uint64_t scope, const unsigned char *key, size_t len)
{
	uint64_t h = (0xcbf29ce484222325u ^ scope) * 0x100000001b3u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ key[i]) * 0x100000001b3u;
	return h ^ (h >> 32);
}

/* The slot of the key, or the free one where it belongs. There is always a free one. */
static struct ctl_map_entry **find_slot(const struct ctl_map *map, uint64_t scope, const void *key,
					size_t len)
{
	size_t mask = map->n_slots - 1, i = hash(scope, key, len) & mask;
	struct ctl_map_entry *e;

	for (; (e = map->slots[i]); i = (i + 1) & mask) {
		if (e->scope == scope && e->len == len && (!len || !memcmp(e->key, key, len)))
			break;
	}
	return &map->slots[i];
}

struct ctl_map_entry *ctl_map_find(const struct ctl_map *map, uint64_t scope, const void *key,
				   size_t len)
{
	return map->n_slots ? *find_slot(map, scope, key, len) : NULL;
}

static int grow(struct ctl_map *map)
{
	struct ctl_map bigger = *map;
	size_t i;

	bigger.n_slots = map->n_slots ? map->n_slots * 2 : SLOTS_FIRST;
	bigger.slots = ctl_arena_alloc(map->arena, bigger.n_slots, sizeof(struct ctl_map_entry *));
	if (!bigger.slots)
		return -ENOMEM;
	for (i = 0; i < map->n_slots; i++) {
		struct ctl_map_entry *e = map->slots[i];

		if (e)
			*find_slot(&bigger, e->scope, e->key, e->len) = e;
	}
	*map = bigger;
	return 0;
}

struct ctl_map_entry *ctl_map_get(struct ctl_map *map, uint64_t scope, const void *key, size_t len,
				  int *ret_new)
{
	struct ctl_map_entry **slot, *e;

	if (map->n_used * 2 >= map->n_slots && grow(map) < 0)
		return NULL;
	slot = find_slot(map, scope, key, len);
	*ret_new = !*slot;
	if (!*slot) {
		e = ctl_arena_alloc(map->arena, 1, sizeof(*e));
		if (!e)
			return NULL;
		*e = (struct ctl_map_entry){ .scope = scope, .key = key, .len = len };
		*slot = e;
		map->n_used++;
	}
	return *slot;
}
