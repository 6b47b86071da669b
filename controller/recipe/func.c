/* SPDX-License-Identifier: GPL-2.0-or-later */
/* func.c - finds the function calls in a text of a recipe */
#include "controller/recipe/func.h"

#include <limits.h>
#include <string.h>

#include "controller/recipe/recipe.h"
#include "controller/recipe/text.h"
#include "netlab/base/parse.h"

enum { ARGS_MAX = 3, EXACT_MAX = 4096 };

static const struct func {
	const char *name;
	unsigned int min, max; /* arguments */
} funcs[CTL_FUNC_MAX_] = {
	[CTL_FUNC_IP] = { "ip", 2, 3 },
	[CTL_FUNC_PREFIX] = { "prefix", 2, 3 },
	[CTL_FUNC_DEVNAME] = { "devname", 2, 2 },
	[CTL_FUNC_HWADDR] = { "hwaddr", 2, 2 },
};

/* A piece of a text that has the form {name(arguments)}: all as offsets into the text. */
struct form {
	size_t begin, end, name, name_len, args, args_len;
};

struct parser {
	struct ctl_xml *xml;
	const struct ctl_xml_text *text;
	struct ctl_arena *arena;
	struct ctl_diag *diag;
	bool bad;
};

const char *ctl_func_name(enum ctl_func func)
{
	return funcs[func].name;
}

/* Is there a call at the '{' at s[i]? */
static bool read_form(const char *s, size_t i, struct form *f)
{
	f->begin = i;
	f->name = ++i;
	while (ctl_is_word(s[i]))
		i++;
	f->name_len = i - f->name;
	if (!f->name_len || s[i] != '(')
		return false;
	f->args = ++i;
	i += strcspn(s + i, "()");
	f->args_len = i - f->args;
	f->end = i + 2;
	return s[i] == ')' && s[i + 1] == '}';
}

static bool next_form(const char *s, size_t from, struct form *f)
{
	const char *p;

	for (p = s + from; (p = strchr(p, '{')); p++) {
		if (read_form(s, (size_t)(p - s), f))
			return true;
	}
	return false;
}

/* Tracing a byte takes longer the further it is from the beginning: not worth it in a megabyte. */
static struct lab_src place(const struct parser *p, size_t at)
{
	return ctl_diag_full(p->diag) || at > EXACT_MAX ? p->text->src
							: ctl_xml_text_src(p->xml, p->text, at);
}

static void unknown_func(struct parser *p, const struct form *f)
{
	struct lab_src src = place(p, f->begin);
	struct ctl_hint hint = { 0 };
	char name[64], buf[CTL_HINT_MAX];
	size_t i;

	(void)snprintf(name, sizeof(name), "%.*s", (int)LAB_MIN(f->name_len, sizeof(name) - 1),
		       p->text->s + f->name);
	hint.word = name;
	for (i = 0; i < CTL_FUNC_MAX_; i++)
		ctl_hint_add(&hint, funcs[i].name);
	(void)ctl_diag_error(
		p->diag, &src, "unknown function %s()%s", name,
		ctl_hint_text(&hint, "", "()",
			      "; a space behind \"{\" makes it plain text; functions: ", buf));
	p->bad = true;
}

/* Split at commas and strip. Returns how many there are, which may be more than are stored. */
static unsigned int split_args(const char *s, size_t len, size_t begin[ARGS_MAX],
			       size_t arg_len[ARGS_MAX])
{
	unsigned int n = 0;
	size_t i = 0, end;

	while (i < len && ctl_is_space(s[i]))
		i++;
	if (i == len)
		return 0;
	for (i = 0; i <= len; i++, n++) {
		while (i < len && ctl_is_space(s[i]))
			i++;
		if (n < ARGS_MAX)
			begin[n] = i;
		end = i;
		for (; i < len && s[i] != ','; i++) {
			if (!ctl_is_space(s[i]))
				end = i + 1;
		}
		if (n < ARGS_MAX)
			arg_len[n] = end - begin[n];
	}
	return n;
}

static bool right_number(struct parser *p, const struct func *func, unsigned int n,
			 const struct lab_src *src)
{
	if (n >= func->min && n <= func->max)
		return true;
	if (func->min == func->max)
		(void)ctl_diag_error(p->diag, src, "function %s() takes %u arguments, %u given",
				     func->name, func->min, n);
	else
		(void)ctl_diag_error(p->diag, src,
				     "function %s() takes %u or %u arguments, %u given", func->name,
				     func->min, func->max, n);
	p->bad = true;
	return false;
}

static int make_call(struct parser *p, const struct form *f, enum ctl_func func,
		     struct ctl_call_link **ret)
{
	const char *args = p->text->s + f->args, *index;
	size_t begin[ARGS_MAX], len[ARGS_MAX];
	struct lab_src src = place(p, f->begin);
	struct ctl_call_link *link;
	unsigned int n;

	n = split_args(args, f->args_len, begin, len);
	if (!right_number(p, &funcs[func], n, &src))
		return 0;
	link = ctl_arena_alloc(p->arena, 1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->call = (struct ctl_call){ .func = func, .host = CTL_HOST_NONE, .src = src };
	link->call.host_id = ctl_arena_strndup(p->arena, args + begin[0], len[0]);
	link->call.iface_id = ctl_arena_strndup(p->arena, args + begin[1], len[1]);
	if (!link->call.host_id || !link->call.iface_id)
		return -ENOMEM;
	if (n == 3) {
		index = ctl_arena_strndup(p->arena, args + begin[2], len[2]);
		if (!index)
			return -ENOMEM;
		if (lab_parse_uint(index, 0, INT_MAX, &link->call.index) < 0) {
			(void)ctl_diag_error(
				p->diag, &src,
				"the third argument of function %s() must be a whole number, 0 or"
				" more: \"%.60s\"",
				funcs[func].name, index);
			p->bad = true;
			return 0;
		}
	}
	*ret = link;
	return 0;
}

static int parse_form(struct parser *p, const struct form *f, struct ctl_call_link **ret)
{
	size_t i;

	*ret = NULL;
	for (i = 0; i < CTL_FUNC_MAX_; i++) {
		if (strlen(funcs[i].name) == f->name_len &&
		    !memcmp(funcs[i].name, p->text->s + f->name, f->name_len))
			return make_call(p, f, (enum ctl_func)i, ret);
	}
	unknown_func(p, f);
	return 0;
}

static size_t count_forms(const char *s)
{
	struct form f = { 0 };
	size_t n = 0;

	while (next_form(s, f.end, &f))
		n++;
	return n;
}

static int add_text(struct parser *p, struct ctl_part *part, size_t begin, size_t end)
{
	part->text = ctl_arena_strndup(p->arena, p->text->s + begin, end - begin);
	return part->text ? 0 : -ENOMEM;
}

static int parse_parts(struct parser *p, size_t n, struct ctl_call_link ***last,
		       struct ctl_value *value)
{
	struct ctl_part *parts = ctl_arena_alloc(p->arena, 2 * n + 1, sizeof(*parts));
	struct form f = { 0 };
	size_t n_parts = 0, done = 0;
	struct ctl_call_link *link;
	int r = parts ? 0 : -ENOMEM;

	while (r == 0 && next_form(p->text->s, f.end, &f)) {
		if (f.begin > done)
			r = add_text(p, &parts[n_parts++], done, f.begin);
		if (r == 0)
			r = parse_form(p, &f, &link);
		if (r < 0)
			return r;
		done = f.end;
		if (!link)
			continue;
		**last = link;
		*last = &link->next;
		parts[n_parts++].call = &link->call;
	}
	if (r == 0 && done < p->text->len)
		r = add_text(p, &parts[n_parts++], done, p->text->len);
	if (r == 0 && !p->bad) {
		value->parts = parts;
		value->n_parts = n_parts;
	}
	return r;
}

int ctl_func_parse(struct ctl_xml *xml, const struct ctl_xml_text *text, struct ctl_arena *arena,
		   struct ctl_call_link ***last, struct ctl_value *ret, struct ctl_diag *diag)
{
	struct parser p = { .xml = xml, .text = text, .arena = arena, .diag = diag };
	struct ctl_value value = { .src = text->src };
	size_t n = count_forms(text->s);
	int r = 0;

	value.text = ctl_arena_strndup(arena, text->s, text->len);
	if (!value.text)
		return -ENOMEM;
	if (n > CTL_FUNC_CALLS_MAX)
		(void)ctl_diag_error(diag, &text->src, "more than %u function calls in one text",
				     CTL_FUNC_CALLS_MAX);
	else if (n)
		r = parse_parts(&p, n, last, &value);
	if (r == 0)
		*ret = value;
	return r;
}

bool ctl_func_refuse(struct ctl_xml *xml, const struct ctl_xml_text *text, const char *what,
		     struct ctl_diag *diag)
{
	struct parser p = { .xml = xml, .text = text, .diag = diag };
	struct lab_src src;
	struct form f;

	if (!next_form(text->s, 0, &f))
		return false;
	src = place(&p, f.begin);
	(void)ctl_diag_error(diag, &src, "%s: functions cannot be used here: \"%.60s\"", what,
			     text->s);
	return true;
}
