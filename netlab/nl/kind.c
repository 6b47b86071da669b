/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kind.c - kinds by name, and the check of their options */
#include "netlab/nl/kind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netlab/base/strbuf.h"
#include "netlab/nl/kind_internal.h"

enum { ROWS_MAX = 64, NAMES_LEN = 160, KEY_128 = 16, KEY_256 = 32 };

const struct lab_kind_def *lab_kind_get(enum lab_link_kind kind)
{
	return &lab_kind_table[kind];
}

int lab_kind_find(const char *name)
{
	for (int i = 0; i < LAB_LINK_KIND_MAX_; i++)
		if (strcmp(lab_kind_table[i].name, name) == 0)
			return i;
	return -ENOENT;
}

int lab_kind_of_kernel(const char *kernel)
{
	for (int i = 0; i < LAB_LINK_KIND_MAX_; i++)
		if (lab_kind_table[i].kernel && strcmp(lab_kind_table[i].kernel, kernel) == 0)
			return i;
	return -ENOENT;
}

const char *lab_kind_near(const char *name)
{
	const char *names[LAB_LINK_KIND_MAX_ + 1];

	for (int i = 0; i < LAB_LINK_KIND_MAX_; i++)
		names[i] = lab_kind_table[i].name;
	names[LAB_LINK_KIND_MAX_] = NULL;
	return lab_str_nearest(name, names);
}

static const struct lab_option_def *rows_of(enum lab_link_kind kind, enum lab_option_use use)
{
	const struct lab_kind_def *def = lab_kind_get(kind);

	return use == LAB_USE_PORT ? def->port_options : def->options;
}

const struct lab_option_def *lab_kind_option(enum lab_link_kind kind, enum lab_option_use use,
					     const char *name)
{
	return lab_option_find(rows_of(kind, use), name);
}

/* --- the check ----------------------------------------------------------------------------------------- */

/* What options are checked against; @seen by row. */
struct check {
	const char *what;
	const struct lab_option_def *rows;
	enum lab_option_use use;
	bool seen[ROWS_MAX];
};

static int unknown_option(const struct check *c, const char *name, struct lab_err *err)
{
	const char *names[2 * ROWS_MAX + 1], *near;
	char list[NAMES_LEN] = "";
	size_t n = 0, len = 0;

	for (const struct lab_option_def *row = c->rows; row && row->name; row++) {
		size_t more = strlen(row->name) + 2;

		names[n++] = row->name;
		if (row->other)
			names[n++] = row->other;
		if (len + more + sizeof("...") < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
						len ? ", " : "", row->name);
		else if (len && list[len - 1] != '.')
			len += (size_t)snprintf(list + len, sizeof(list) - len, ", ...");
	}
	names[n] = NULL;
	near = lab_str_nearest(name, names);
	if (near)
		return lab_err_set(err, EINVAL, "no option %.60s for %s; did you mean %s?", name,
				   c->what, near);
	if (!n)
		return lab_err_set(err, EINVAL, "no option %.60s for %s; it has none", name,
				   c->what);
	return lab_err_set(err, EINVAL, "no option %.60s for %s; it has %s", name, c->what, list);
}

static int check_values(const struct lab_option_def *def, const char *text, struct lab_err *err)
{
	struct lab_option_value value;
	char piece[LAB_PIECE_MAX];
	const char *at = text;
	int r = 0;

	if (!lab_option_is_list(def))
		return lab_option_read(def, text, &value, err);
	while (r == 0 && lab_option_next(def, &at, piece))
		r = lab_option_read(def, piece, &value, err);
	return r;
}

/* The row of one option, if it may stand here. */
static int check_place(struct check *c, const struct lab_option *o,
		       const struct lab_option_def **ret, struct lab_err *err)
{
	const struct lab_option_def *def = lab_option_find(c->rows, o->name);

	if (!def)
		return unknown_option(c, o->name, err);
	if (c->use == LAB_USE_CHANGE && (def->flags & LAB_OPTION_BIRTH))
		return lab_err_set(err, EINVAL,
				   "option %s: it can only be given when the %s is made", def->name,
				   c->what);
	if (c->seen[def - c->rows] && !(def->flags & LAB_OPTION_REPEATS))
		return lab_err_set(err, EINVAL, "option %s stands twice", def->name);
	c->seen[def - c->rows] = true;
	*ret = def;
	return 0;
}

/* Options that are not there, but have to be. */
static int check_missing(const struct check *c, struct lab_err *err)
{
	const struct lab_option_def *first = NULL, *second = NULL;
	unsigned int one_of = 0;
	size_t i;

	for (i = 0; c->rows && c->rows[i].name; i++) {
		const struct lab_option_def *def = &c->rows[i];

		if (c->use == LAB_USE_NEW && (def->flags & LAB_OPTION_NEEDED) && !c->seen[i])
			return lab_err_set(err, EINVAL, "%s needs the option %s", c->what,
					   def->name);
		if (!(def->flags & LAB_OPTION_ONE_OF))
			continue;
		one_of += c->seen[i];
		*(first ? &second : &first) = def;
	}
	if (second && (one_of > 1 || (one_of == 0 && c->use == LAB_USE_NEW)))
		return lab_err_set(err, EINVAL, "%s needs one of the options %s and %s%s", c->what,
				   first->name, second->name, one_of ? ", not both" : "");
	return 0;
}

static int check_group(const struct lab_option_def *def, const struct lab_option *o,
		       struct lab_err *err)
{
	struct check c = { .what = def->name, .rows = def->group, .use = LAB_USE_NEW };
	const struct lab_option_def *row;
	struct lab_option_group group;
	int r;

	r = lab_option_split(def, def->group, o, &group, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < group.n; i++) {
		r = check_place(&c, &group.options[i], &row, err);
		if (r == 0)
			r = check_values(row, group.options[i].value, err);
	}
	if (r == 0)
		r = check_missing(&c, err);
	return r < 0 ? lab_err_prefix(err, r, "option %s: ", def->name) : 0;
}

static int check_extra(struct check *c, const struct lab_option_def *def,
		       const struct lab_option *o, struct lab_err *err)
{
	const struct lab_option_def *row;
	struct lab_option_group group;
	int r;

	r = lab_option_split(def, c->rows, o, &group, err);
	for (size_t i = 0; r == 0 && i < group.n; i++) {
		r = check_place(c, &group.options[i], &row, err);
		if (r == 0)
			r = check_values(row, group.options[i].value, err);
	}
	return r;
}

static int check_one(struct check *c, const struct lab_option *o, struct lab_err *err)
{
	const struct lab_option_def *def;
	int r;

	r = check_place(c, o, &def, err);
	if (r < 0)
		return r;
	if (def->type == LAB_OPTION_GROUP)
		return check_group(def, o, err);
	r = check_values(def, o->value, err);
	if (r == 0 && def->type == LAB_OPTION_EXTRA)
		r = check_extra(c, def, o, err);
	return r;
}

static const struct lab_option *last_option(const struct lab_option *options, size_t n,
					    const char *name)
{
	while (n--)
		if (strcmp(options[n].name, name) == 0)
			return &options[n];
	return NULL;
}

static size_t key_len(const struct lab_option_def *def, const struct lab_option *o)
{
	struct lab_option_value value = { .len = 0 };
	struct lab_option_group group;

	if (lab_option_split(def, def->group, o, &group, NULL) == 0)
		for (size_t i = 0; i < group.n; i++)
			if (strcmp(group.options[i].name, "key") == 0)
				(void)lab_option_read(lab_option_find(def->group, "key"),
						      group.options[i].value, &value, NULL);
	return value.len;
}

/* What the kernel would refuse without a word. */
static int check_macsec(const struct lab_option_def *rows, const struct lab_option *options,
			size_t n, size_t *ret_failed, struct lab_err *err)
{
	const struct lab_option *cipher = last_option(options, n, "cipher");
	const struct lab_option *replay = last_option(options, n, "replay");
	struct lab_option_value value = { .number = 0 };
	size_t want = KEY_128;

	if (replay && !last_option(options, n, "window")) {
		*ret_failed = (size_t)(replay - options);
		return lab_err_set(err, EINVAL, "option replay: it needs the option window, too");
	}
	if (cipher) {
		(void)lab_option_read(lab_option_find(rows, "cipher"), cipher->value, &value, NULL);
		want = value.number == lab_option_find(rows, "cipher")->words[1].value ? KEY_256
										       : KEY_128;
	}
	for (size_t i = 0; i < n; i++) {
		const struct lab_option_def *def = lab_option_find(rows, options[i].name);

		if (def->type != LAB_OPTION_GROUP || key_len(def, &options[i]) == want)
			continue;
		*ret_failed = i;
		return lab_err_set(err, EINVAL,
				   "option %s: the key of %s has %zu hexadecimal digits, not %zu",
				   def->name, want == KEY_256 ? "gcm-aes-256" : "gcm-aes-128",
				   want * 2, key_len(def, &options[i]) * 2);
	}
	return 0;
}

/* Check all; @ret_failed is @n when one is missing. */
static int check_all(struct check *c, const struct lab_option *options, size_t n,
		     size_t *ret_failed, struct lab_err *err)
{
	int r = 0;

	*ret_failed = n;
	if (n > LAB_OPTIONS_MAX)
		return lab_err_set(err, EINVAL, "more than %d options", LAB_OPTIONS_MAX);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = check_one(c, &options[i], err);
		if (r < 0)
			*ret_failed = i;
	}
	return r == 0 ? check_missing(c, err) : r;
}

/* The result of a check: which option it was, and where it stands. */
static int result(int r, const struct lab_option *options, size_t failed, size_t *ret_failed,
		  struct lab_err *err)
{
	if (r == 0)
		return 0;
	if (ret_failed)
		*ret_failed = failed;
	return options ? lab_err_at(err, r, &options->src) : r;
}

int lab_options_check(const struct lab_option_set *set, size_t *ret_failed, struct lab_err *err)
{
	struct check c = { .what = set->what, .rows = set->rows, .use = LAB_USE_NEW };
	size_t failed;
	int r;

	r = check_all(&c, set->options, set->n, &failed, err);
	return result(r, failed < set->n ? &set->options[failed] : NULL, failed, ret_failed, err);
}

int lab_kind_check(enum lab_link_kind kind, enum lab_option_use use,
		   const struct lab_option *options, size_t n, size_t *ret_failed,
		   struct lab_err *err)
{
	struct check c = { .rows = rows_of(kind, use), .use = use };
	size_t failed;
	char what[32];
	int r;

	(void)snprintf(what, sizeof(what), "%s%s", use == LAB_USE_PORT ? "a port of " : "",
		       lab_kind_get(kind)->name);
	c.what = what;
	r = check_all(&c, options, n, &failed, err);
	if (r == 0 && kind == LAB_LINK_MACSEC && use == LAB_USE_NEW)
		r = check_macsec(c.rows, options, n, &failed, err);
	return result(r, failed < n ? &options[failed] : NULL, failed, ret_failed, err);
}
