/* SPDX-License-Identifier: GPL-2.0-or-later */
/* script_links.c - which links a Python task may make, as its text says before it runs */
#include "controller/run/script_links.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { METHOD_BYTES = 32 };

/*
 * struct reader - where in the text
 * @p, @end:	what is to be read
 * @line, @col:	of @p, from 1
 */
struct reader {
	const char *p, *end;
	unsigned int line, col;
};

static void step(struct reader *r, size_t n)
{
	for (; n && r->p < r->end; n--, r->p++) {
		r->col = *r->p == '\n' ? 1 : r->col + 1;
		r->line += *r->p == '\n';
	}
}

static bool begins(const struct reader *r, const char *word, size_t len)
{
	return (size_t)(r->end - r->p) >= len && memcmp(r->p, word, len) == 0;
}

/* A string ends with the quotes that it begins with; one of a single quote ends with the line, too. */
static void skip_string(struct reader *r)
{
	const char quotes[] = { *r->p, *r->p, *r->p };
	size_t n = begins(r, quotes, 3) ? 3 : 1;

	step(r, n);
	while (r->p < r->end && !begins(r, quotes, n) && (n == 3 || *r->p != '\n'))
		step(r, *r->p == '\\' ? 2 : 1);
	step(r, n);
}

static void skip_comment(struct reader *r)
{
	while (r->p < r->end && *r->p != '\n')
		step(r, 1);
}

/* What a method makes, or -1. */
static int item_of(const char *method)
{
	static const char create[] = "create_";

	if (strcmp(method, "set_netem") == 0)
		return LAB_PROBE_NETEM;
	if (strcmp(method, "add_br_vlan") == 0)
		return LAB_PROBE_VLAN_FILTERING;
	if (strncmp(method, create, sizeof(create) - 1) != 0)
		return -1;
	return lab_kind_find(method + sizeof(create) - 1);
}

/* A dot: the name behind it, when it is called. */
static void read_method(struct reader *r, const char *file, struct lab_src ret[LAB_PROBE_MAX_])
{
	struct lab_src src = { .file = file, .line = r->line, .col = r->col + 1 };
	char name[METHOD_BYTES] = "";
	size_t n = 0;
	int item;

	step(r, 1);
	while (r->p < r->end && (isalnum((unsigned char)*r->p) || *r->p == '_')) {
		if (n < sizeof(name) - 1)
			name[n] = *r->p;
		n++;
		step(r, 1);
	}
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
		step(r, 1);
	if (r->p == r->end || *r->p != '(' || n >= sizeof(name))
		return;
	item = item_of(name);
	if (item >= 0 && !ret[item].line)
		ret[item] = src;
}

void ctl_script_links(const char *text, size_t len, const char *file,
		      struct lab_src ret[LAB_PROBE_MAX_])
{
	struct reader r = { .p = text, .end = text + len, .line = 1, .col = 1 };

	while (r.p < r.end) {
		if (*r.p == '#')
			skip_comment(&r);
		else if (*r.p == '"' || *r.p == '\'')
			skip_string(&r);
		else if (*r.p == '.')
			read_method(&r, file, ret);
		else
			step(&r, 1);
	}
}
