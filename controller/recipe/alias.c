/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alias.c - replaces {$name} by what <define><alias/></define> or the command line says */
#include "controller/recipe/alias.h"

#include <string.h>

#include "controller/recipe/grammar.h"
#include "controller/recipe/text.h"

enum { NAME_MAX_ = 128, NAMES_IN_NAMES_MAX = 4 };

/**
 * struct definition - one definition of an alias
 * @name:	its name
 * @value:	its value, not expanded
 * @len:	bytes in @value
 * @src:	where it stands; no file: the command line
 * @hidden:	definition of the same name that this one hides
 * @outer:	definition made before this one
 * @symbol:	the name's entry in the map
 * @busy:	its value is being expanded
 */
struct definition {
	const char *name, *value;
	size_t len;
	struct lab_src src;
	struct definition *hidden, *outer;
	struct ctl_map_entry *symbol;
	bool busy;
};

struct expander {
	struct ctl_xml *xml;
	struct ctl_recipe *recipe;
	struct ctl_diag *diag;
	struct ctl_map names, overrides;
	struct definition *top, *top_override;
	unsigned int uses;
	size_t bytes;
	int error;
};

/*
 * One text while it is expanded. @at: the reference, in the text as written, that is worked on;
 * @depth: definitions being expanded in one another; @nested: references in names of references.
 */
struct expansion {
	struct expander *ex;
	struct ctl_xml_text *text;
	struct lab_strbuf out;
	struct ctl_xml_span *spans;
	size_t n_spans, cap_spans, at;
	unsigned int depth, nested;
	bool bad;
};

static int define(struct expander *ex, struct ctl_map *map, const struct definition *what,
		  struct definition **top)
{
	struct ctl_map_entry *symbol;
	struct definition *d;
	int is_new;

	symbol = ctl_map_get(map, 0, what->name, strlen(what->name), &is_new);
	d = ctl_arena_alloc(ex->xml->arena, 1, sizeof(*d));
	if (!symbol || !d)
		return -ENOMEM;
	*d = *what;
	d->symbol = symbol;
	d->outer = *top;
	d->hidden = symbol->ptr;
	symbol->ptr = d;
	*top = d;
	return 0;
}

static void pop_to(struct expander *ex, const struct definition *mark)
{
	for (; ex->top != mark; ex->top = ex->top->outer)
		ex->top->symbol->ptr = ex->top->hidden;
}

static struct definition *find(const struct expander *ex, const char *name, size_t len)
{
	const struct ctl_map_entry *symbol = ctl_map_find(&ex->overrides, 0, name, len);

	if (!symbol)
		symbol = ctl_map_find(&ex->names, 0, name, len);
	return symbol ? symbol->ptr : NULL;
}

/* --- one text --------------------------------------------------------------------------------- */

static struct lab_src where(const struct expansion *x)
{
	if (ctl_diag_full(x->ex->diag))
		return x->text->src;
	return ctl_xml_text_src(x->ex->xml, x->text, x->at - x->text->skip);
}

static void undefined(struct expansion *x, const char *name)
{
	struct ctl_hint hint = { .word = name };
	struct lab_src src = where(x);
	const struct definition *d;
	char buf[CTL_HINT_MAX];

	x->bad = true;
	if (!ctl_diag_full(x->ex->diag)) {
		for (d = x->ex->top_override; d && !hint.more; d = d->outer)
			ctl_hint_add(&hint, d->name);
		for (d = x->ex->top; d && !hint.more; d = d->outer)
			ctl_hint_add(&hint, d->name);
	}
	(void)ctl_diag_error(x->ex->diag, &src, "alias %.60s is not defined here%s", name,
			     ctl_hint_text(&hint, "", "", "; defined: ", buf));
}

/* @d: whose fault it is; NULL when no single one is to blame. */
static void refuse(struct expansion *x, const struct definition *d, const char *why)
{
	struct lab_src src = where(x);

	x->bad = true;
	if (d)
		(void)ctl_diag_error(x->ex->diag, &src, "alias %.60s %s", d->name, why);
	else
		(void)ctl_diag_error(x->ex->diag, &src, "%s", why);
	if (d && d->src.file)
		ctl_diag_beside(x->ex->diag, &d->src, "alias %.60s is defined here", d->name);
}

static void add_span(struct expansion *x, size_t from, bool literal)
{
	size_t cap = x->cap_spans ? x->cap_spans * 2 : 16;
	struct ctl_xml_span *spans;

	if (x->n_spans == x->cap_spans) {
		spans = realloc(x->spans, cap * sizeof(*spans));
		if (!spans) {
			x->ex->error = -ENOMEM;
			return;
		}
		x->spans = spans;
		x->cap_spans = cap;
	}
	x->spans[x->n_spans++] =
		(struct ctl_xml_span){ .out = x->out.len, .from = from, .literal = literal };
}

static void expand_bytes(struct expansion *x, const char *s, size_t len);

static void expand_definition(struct expansion *x, struct definition *d)
{
	struct expander *ex = x->ex;

	if (d->busy) {
		refuse(x, d, "refers to itself");
		return;
	}
	if (x->depth >= CTL_ALIAS_DEPTH_MAX) {
		refuse(x, d, "refers to others more than 100 deep");
		return;
	}
	if (++ex->uses > CTL_ALIAS_USES_MAX) {
		refuse(x, NULL, "aliases are referred to more than 1000000 times");
		ex->error = -EFBIG;
		return;
	}
	d->busy = true;
	x->depth++;
	expand_bytes(x, d->value, d->len);
	x->depth--;
	d->busy = false;
	if (x->out.len > CTL_ALIAS_TEXT_MAX && !x->bad)
		refuse(x, NULL, "aliases make a text of more than 1 MiB");
}

/* Expand the reference at s ("{$"). Returns its length; 0 when it only looks like one. */
static size_t expand_reference(struct expansion *x, const char *s, size_t len)
{
	char name[NAME_MAX_] = { 0 };
	size_t n = 0, i = 2, mark, used;
	struct definition *d;

	while (i < len && n < sizeof(name) - 1 && s[i] != '}') {
		if (ctl_is_word(s[i])) {
			name[n++] = s[i++];
			continue;
		}
		/* A part of the name may be an alias itself: {$addr_{$n}}. */
		if (len - i < 2 || s[i] != '{' || s[i + 1] != '$' ||
		    x->nested >= NAMES_IN_NAMES_MAX)
			return 0;
		mark = x->out.len;
		x->nested++;
		x->depth++;
		used = expand_reference(x, s + i, len - i);
		x->depth--;
		x->nested--;
		if (!used || x->out.error || x->out.len - mark > sizeof(name) - 1 - n)
			return 0;
		if (x->out.len > mark)
			memcpy(name + n, x->out.data + mark, x->out.len - mark);
		n += x->out.len - mark;
		x->out.len = mark;
		i += used;
	}
	for (mark = 0; mark < n && ctl_is_word(name[mark]); mark++)
		;
	if (i >= len || s[i] != '}' || !n || mark < n)
		return 0;
	name[n] = '\0';
	d = find(x->ex, name, n);
	if (d)
		expand_definition(x, d);
	else if (!x->bad)
		undefined(x, name);
	return i + 1;
}

static void expand_bytes(struct expansion *x, const char *s, size_t len)
{
	size_t i = 0, used, mark;
	const char *p;

	while (i < len && !x->bad && !x->ex->error) {
		p = memmem(s + i, len - i, "{$", 2);
		used = p ? (size_t)(p - (s + i)) : len - i;
		if (used && !x->depth)
			add_span(x, x->text->skip + i, true);
		lab_strbuf_add(&x->out, s + i, used);
		i += used;
		if (!p)
			return;
		if (!x->depth) {
			x->at = x->text->skip + i;
			add_span(x, x->at, false);
		}
		mark = x->out.len;
		used = expand_reference(x, s + i, len - i);
		if (!used) {
			x->out.len = mark;
			if (!x->depth)
				add_span(x, x->text->skip + i, true);
			lab_strbuf_add(&x->out, "{$", 2);
			used = 2;
		}
		i += used;
	}
}

/* Put the expanded text in the place of the one as written. */
static int finish(struct expansion *x)
{
	struct expander *ex = x->ex;
	struct ctl_xml_text *text = x->text;
	struct ctl_xml_span *spans;
	char *s;

	if (ex->error || x->out.error)
		return ex->error ? ex->error : x->out.error;
	if (x->bad)
		return 0;
	ex->bytes += x->out.len;
	if (ex->bytes > CTL_RECIPE_BYTES_MAX) {
		(void)ctl_diag_error(ex->diag, &text->src,
				     "aliases make the recipe larger than %u MiB",
				     CTL_RECIPE_BYTES_MAX >> 20);
		return -EFBIG;
	}
	s = ctl_arena_strndup(ex->xml->arena, lab_strbuf_str(&x->out), x->out.len);
	spans = ctl_arena_alloc(ex->xml->arena, x->n_spans, sizeof(*spans));
	if (!s || !spans)
		return -ENOMEM;
	if (x->n_spans)
		memcpy(spans, x->spans, x->n_spans * sizeof(*spans));
	text->s = s;
	text->len = x->out.len;
	text->skip = 0;
	text->spans = spans;
	text->n_spans = x->n_spans;
	ctl_xml_strip(text);
	return 0;
}

static int expand_text(struct expander *ex, struct ctl_xml_text *text, bool *ret_bad)
{
	struct expansion x = { .ex = ex, .text = text };
	int r;

	if (!text->len || !memmem(text->s, text->len, "{$", 2))
		return 0;
	expand_bytes(&x, text->s, text->len);
	r = finish(&x);
	*ret_bad |= x.bad;
	lab_strbuf_fini(&x.out);
	free(x.spans);
	return r;
}

/* --- the tree --------------------------------------------------------------------------------- */

static bool is_name(const char *s)
{
	const char *p = s;

	while (ctl_is_word(*p))
		p++;
	return p > s && !*p && p - s < NAME_MAX_;
}

static int take_alias(struct expander *ex, struct ctl_xml_elem *e)
{
	const struct ctl_xml_attr *name = ctl_xml_attr(e, "name"),
				  *value = ctl_xml_attr(e, "value");
	const struct ctl_xml_text *text = value ? &value->value : &e->text;
	struct definition d = { .src = e->src };

	if (!name || !name->value.len)
		return 0;
	if (!is_name(name->value.s)) {
		(void)ctl_diag_error(ex->diag, &name->value.src,
				     "alias name \"%.60s\": only letters, digits and _ are allowed",
				     name->value.s);
		return 0;
	}
	d.name = name->value.s;
	d.value = text->s;
	d.len = text->len;
	return define(ex, &ex->names, &d, &ex->top);
}

static int take_define(struct expander *ex, struct ctl_xml_elem *e)
{
	struct ctl_xml_elem *child;
	int r = 0;

	if (e->parent && e->parent->text.len)
		(void)ctl_diag_error(ex->diag, &e->src,
				     "<define> cannot stand beside text, in <%.60s>",
				     e->parent->name);
	ctl_schema_check(ex->xml, e, &ctl_grammar_define, ex->diag);
	for (child = e->first; child && r == 0; child = child->next) {
		if (!child->ns && !strcmp(child->name, "alias"))
			r = take_alias(ex, child);
	}
	return r;
}

/* The value of a definition as it is now; *ret is NULL when it is wrong. */
static int value_of(struct expander *ex, struct definition *d, char **ret)
{
	struct ctl_xml_text text = { .s = (char *)"", .src = d->src };
	struct expansion x = { .ex = ex, .text = &text };
	int r;

	*ret = NULL;
	expand_definition(&x, d);
	r = ex->error ? ex->error : x.out.error;
	if (r == 0 && !x.bad) {
		*ret = ctl_arena_strndup(ex->recipe->arena, lab_strbuf_str(&x.out), x.out.len);
		r = *ret ? 0 : -ENOMEM;
	}
	lab_strbuf_fini(&x.out);
	free(x.spans);
	return r;
}

static int keep(struct expander *ex, struct definition *d)
{
	struct ctl_recipe *recipe = ex->recipe;
	struct ctl_alias *a = &recipe->aliases[recipe->n_aliases];
	char *value;
	int r;

	/* What another definition hides does not count. */
	if (find(ex, d->name, strlen(d->name)) != d)
		return 0;
	r = value_of(ex, d, &value);
	if (r < 0 || !value)
		return r;
	a->name = ctl_arena_strndup(recipe->arena, d->name, strlen(d->name));
	a->value = value;
	recipe->n_aliases++;
	return a->name ? 0 : -ENOMEM;
}

/* Python tasks ask for the aliases of the outermost level. */
static int keep_outermost(struct expander *ex)
{
	struct ctl_diag *diag = ex->diag;
	struct definition *d;
	size_t n = 0;
	int r = 0;

	for (d = ex->top; d; d = d->outer)
		n++;
	for (d = ex->top_override; d; d = d->outer)
		n++;
	ex->recipe->aliases = ctl_arena_alloc(ex->recipe->arena, n, sizeof(struct ctl_alias));
	if (!ex->recipe->aliases)
		return -ENOMEM;
	/* An alias that nothing in the recipe uses may be wrong. */
	ex->diag = NULL;
	for (d = ex->top_override; d && r == 0; d = d->outer)
		r = keep(ex, d);
	for (d = ex->top; d && r == 0; d = d->outer)
		r = keep(ex, d);
	ex->diag = diag;
	return r;
}

static int expand_elem(struct expander *ex, struct ctl_xml_elem *e)
{
	struct ctl_xml_elem **link = &e->first, *child;
	const struct definition *mark = ex->top;
	bool bad = false;
	size_t i;
	int r;

	for (i = 0; i < e->n_attrs; i++) {
		r = expand_text(ex, &e->attrs[i].value, &e->attrs[i].bad);
		if (r < 0)
			return r;
		bad |= e->attrs[i].bad;
	}
	r = expand_text(ex, &e->text, &e->bad);
	if (bad || e->bad)
		ctl_xml_hole(e);
	e->last = NULL;
	while (r == 0 && (child = *link)) {
		if (!child->ns && !strcmp(child->name, "define")) {
			r = take_define(ex, child);
			*link = child->next;
		} else {
			r = expand_elem(ex, child);
			e->last = child;
			link = &child->next;
		}
	}
	if (r == 0 && !e->parent && ex->recipe)
		r = keep_outermost(ex);
	pop_to(ex, mark);
	return r;
}

static int take_params(struct expander *ex, const struct ctl_alias *aliases, size_t n,
		       struct ctl_map *map, struct definition **top)
{
	struct definition d = { 0 };
	size_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++) {
		d.name = aliases[i].name;
		d.value = aliases[i].value;
		d.len = strlen(d.value);
		if (is_name(d.name))
			r = define(ex, map, &d, top);
		else
			(void)ctl_diag_error(
				ex->diag, NULL,
				"alias name \"%.60s\": only letters, digits and _ are allowed",
				d.name);
	}
	return r;
}

int ctl_alias_expand(struct ctl_xml *xml, const struct ctl_recipe_params *params,
		     struct ctl_recipe *recipe, struct ctl_diag *diag)
{
	struct expander ex = { .xml = xml, .recipe = recipe, .diag = diag };
	int r = 0;

	ex.names.arena = xml->arena;
	ex.overrides.arena = xml->arena;
	if (params)
		r = take_params(&ex, params->defines, params->n_defines, &ex.names, &ex.top);
	if (params && r == 0)
		r = take_params(&ex, params->overrides, params->n_overrides, &ex.overrides,
				&ex.top_override);
	return r < 0 ? r : expand_elem(&ex, xml->root);
}
