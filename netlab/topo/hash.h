/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hash.h - find numbers by key: a small open-addressing table */
#ifndef NETLAB_TOPO_HASH_H
#define NETLAB_TOPO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct lab_hash_slot - one place of the table
 * @hash:	hash of the key
 * @value:	what the caller stored, plus one; 0 = free
 */
struct lab_hash_slot {
	uint32_t hash, value;
};

/**
 * struct lab_hash - from keys to numbers
 * @slots:	the table
 * @cap:	slots in it, 0 or a power of two
 * @n:		slots in use
 *
 * A zeroed struct is an empty table. The keys stand in the caller's own array, which the stored
 * numbers index; nothing is ever removed. Linear probing, at most half full.
 */
struct lab_hash {
	struct lab_hash_slot *slots;
	size_t cap, n;
};

/**
 * typedef lab_hash_eq_fn - is the thing with this number the one looked for
 * @key:	as given to lab_hash_find()
 * @value:	a stored number
 * @user:	as given to lab_hash_find()
 */
typedef bool (*lab_hash_eq_fn)(const void *key, uint32_t value, const void *user);

/**
 * lab_hash_fini() - Release the table
 * @h:		table, may be zeroed; left empty and usable
 */
void lab_hash_fini(struct lab_hash *h);

/**
 * lab_hash_bytes() - Hash a key
 * @data:	bytes
 * @len:	how many
 *
 * Not for keys by which a stranger could attack: it has no secret.
 * Return: the hash.
 * Source: FNV-1a, 32 bits, draft-eastlake-fnv, and the finaliser of MurmurHash3.
 */
uint32_t lab_hash_bytes(const void *data, size_t len);

/**
 * lab_hash_find() - Look a key up
 * @h:		table
 * @hash:	hash of the key
 * @eq:		compares the key with a candidate
 * @key:	for @eq
 * @user:	for @eq; usually the array that the numbers index
 *
 * Return: the number stored under the key, or -ENOENT.
 */
long lab_hash_find(const struct lab_hash *h, uint32_t hash, lab_hash_eq_fn eq, const void *key,
		   const void *user);

/**
 * lab_hash_reserve() - Make room, so that as many lab_hash_add() cannot fail
 * @h:		table
 * @n_more:	how many keys are to come
 *
 * Return: 0 or -ENOMEM.
 */
int lab_hash_reserve(struct lab_hash *h, size_t n_more);

/**
 * lab_hash_add() - Store a number under a key that is not there yet
 * @h:		table
 * @hash:	hash of the key
 * @value:	the number, below UINT32_MAX
 *
 * Return: 0 or -ENOMEM.
 */
int lab_hash_add(struct lab_hash *h, uint32_t hash, uint32_t value);

#endif
