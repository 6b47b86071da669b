/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netem.c - the options of network emulation */
#include "netlab/nl/netem.h"

#include <errno.h>
#include <string.h>

#include "netlab/base/strbuf.h"
#include "netlab/nl/kind_internal.h"

enum { DELAY_MAX_US = 2000000000 };

/* The rows of a child stand in this order; what is set is found by index. */
enum { DELAY_TIME, DELAY_JITTER, DELAY_CORRELATION, DELAY_DISTRIBUTION };
enum { CHANCE_PERCENT, CHANCE_CORRELATION, CHANCE_GAP };
enum { VALUES_MAX = 4 };

static const struct lab_option_word dists[] = {
	{ "uniform", LAB_DIST_NONE },
	{ "normal", LAB_DIST_NORMAL },
	{ "pareto", LAB_DIST_PARETO },
	{ "paretonormal", LAB_DIST_PARETONORMAL },
	{ NULL, 0 },
};

#define PERCENT_ROW                                                                        \
	{                                                                                  \
		.name = "percent", .type = LAB_OPTION_PERCENT, .flags = LAB_OPTION_NEEDED, \
		.what = "packets that it happens to",                                      \
	}
#define CORRELATION_ROW                                            \
	{                                                          \
		.name = "correlation", .type = LAB_OPTION_PERCENT, \
		.what = "how much the one before has a say",       \
	}

static const struct lab_option_def delay_rows[] = {
	[DELAY_TIME] = { .name = "time",
			 .type = LAB_OPTION_TIME,
			 .max = DELAY_MAX_US,
			 .flags = LAB_OPTION_NEEDED,
			 .what = "delay of each packet" },
	[DELAY_JITTER] = { .name = "jitter",
			   .type = LAB_OPTION_TIME,
			   .max = DELAY_MAX_US,
			   .what = "how much the delay varies" },
	[DELAY_CORRELATION] = CORRELATION_ROW,
	[DELAY_DISTRIBUTION] = { .name = "distribution",
				 .type = LAB_OPTION_WORD,
				 .words = dists,
				 .what = "of the delays around their mean" },
	{ .name = NULL },
};
static const struct lab_option_def chance_rows[] = {
	PERCENT_ROW,
	CORRELATION_ROW,
	{ .name = NULL },
};
static const struct lab_option_def reordering_rows[] = {
	PERCENT_ROW,
	CORRELATION_ROW,
	{ .name = "gap_distance",
	  .type = LAB_OPTION_NUMBER,
	  .max = UINT32_MAX,
	  .what = "one in so many packets" },
	{ .name = NULL },
};
static const struct lab_option_def rate_rows[] = {
	{ .name = "rate", .type = LAB_OPTION_RATE, .flags = LAB_OPTION_NEEDED, .what = "data rate" },
	{ .name = NULL },
};
static const struct lab_option_def limit_rows[] = {
	{ .name = "packets",
	  .type = LAB_OPTION_NUMBER,
	  .min = 1,
	  .max = UINT32_MAX,
	  .flags = LAB_OPTION_NEEDED,
	  .what = "packets that may wait" },
	{ .name = NULL },
};

/* --- what the values of a child are for -------------------------------------------------------------- */

static void set_delay(struct lab_netem *netem, const uint64_t *values)
{
	netem->delay_us = (uint32_t)values[DELAY_TIME];
	netem->jitter_us = (uint32_t)values[DELAY_JITTER];
	netem->delay_correlation = netem->jitter_us ? (uint32_t)values[DELAY_CORRELATION] : 0;
	netem->dist = netem->jitter_us ? (enum lab_netem_dist)values[DELAY_DISTRIBUTION]
				       : LAB_DIST_NONE;
}

static void set_chance(struct lab_netem_chance *chance, const uint64_t *values)
{
	chance->percent = (uint32_t)values[CHANCE_PERCENT];
	chance->correlation = (uint32_t)values[CHANCE_CORRELATION];
}

static void set_loss(struct lab_netem *netem, const uint64_t *values)
{
	set_chance(&netem->loss, values);
}

static void set_duplication(struct lab_netem *netem, const uint64_t *values)
{
	set_chance(&netem->duplication, values);
}

static void set_corrupt(struct lab_netem *netem, const uint64_t *values)
{
	set_chance(&netem->corrupt, values);
}

static void set_reordering(struct lab_netem *netem, const uint64_t *values)
{
	set_chance(&netem->reordering, values);
	netem->gap = (uint32_t)values[CHANCE_GAP];
}

static void set_rate(struct lab_netem *netem, const uint64_t *values)
{
	netem->rate_bps = values[0];
}

static void set_limit(struct lab_netem *netem, const uint64_t *values)
{
	netem->limit = (uint32_t)values[0];
}

static const struct child {
	const char *name;
	const struct lab_option_def *rows;
	void (*set)(struct lab_netem *netem, const uint64_t *values);
} children[] = {
	{ "delay", delay_rows, set_delay },
	{ "loss", chance_rows, set_loss },
	{ "duplication", chance_rows, set_duplication },
	{ "corrupt", chance_rows, set_corrupt },
	{ "reordering", reordering_rows, set_reordering },
	{ "rate", rate_rows, set_rate },
	{ "limit", limit_rows, set_limit },
};

static const struct child *find_child(const char *name)
{
	for (size_t i = 0; i < LAB_ARRAY_SIZE(children); i++)
		if (strcmp(children[i].name, name) == 0)
			return &children[i];
	return NULL;
}

static int no_child(const char *name, struct lab_err *err)
{
	const char *names[LAB_ARRAY_SIZE(children) + 1] = { NULL }, *near;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(children); i++)
		names[i] = children[i].name;
	near = lab_str_nearest(name, names);
	return lab_err_set(err, ENOENT, "netem has no %.60s%s%s%s", name,
			   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

const struct lab_option_def *lab_netem_child(const char *child)
{
	const struct child *c = find_child(child);

	return c ? c->rows : NULL;
}

int lab_netem_set(struct lab_netem *netem, const char *child, const struct lab_option *options,
		  size_t n, size_t *ret_failed, struct lab_err *err)
{
	const struct child *c = find_child(child);
	struct lab_option_set set = { .what = child, .options = options, .n = n };
	uint64_t values[VALUES_MAX] = { 0 };
	int r;

	if (!c) {
		if (ret_failed)
			*ret_failed = n;
		return no_child(child, err);
	}
	if (!n)
		return 0;
	set.rows = c->rows;
	r = lab_options_check(&set, ret_failed, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct lab_option_def *row = lab_option_find(c->rows, options[i].name);
		struct lab_option_value value;

		r = lab_option_read(row, options[i].value, &value, err);
		if (r < 0)
			return r;
		values[row - c->rows] = value.number;
	}
	c->set(netem, values);
	return 0;
}

int lab_netem_check(const struct lab_netem *netem, struct lab_err *err)
{
	if (netem->gap && !netem->reordering.percent)
		return lab_err_set(err, EINVAL, "reordering: gap_distance needs a percent above 0");
	if (netem->reordering.percent && !netem->delay_us)
		return lab_err_set(
			err, EINVAL,
			"reordering needs a delay: packets are sent ahead of those that are delayed");
	return 0;
}

bool lab_netem_any(const struct lab_netem *netem)
{
	return netem->delay_us || netem->jitter_us || netem->loss.percent ||
	       netem->duplication.percent || netem->corrupt.percent || netem->reordering.percent ||
	       netem->rate_bps || netem->limit;
}
