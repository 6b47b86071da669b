/* SPDX-License-Identifier: GPL-2.0-or-later */
/* build.c - fills the structs of a recipe from a tree, as the tables of the grammar say */
#include "controller/recipe/build.h"

#include <string.h>

#include "controller/recipe/grammar.h"
#include "controller/recipe/types.h"

enum { CHILDREN_MAX = 48 };

static int take_word(struct ctl_build *b, const struct ctl_attr_def *def,
		     const struct ctl_xml_text *text, void *object)
{
	const char *word;

	if (ctl_func_refuse(b->xml, text, def->name, b->diag))
		return 0;
	word = ctl_arena_strndup(b->arena, text->s, text->len);
	if (!word)
		return -ENOMEM;
	memcpy((char *)object + def->to, &word, sizeof(word));
	return 0;
}

/* A path is taken from the folder of the file in which it stands, not from where netlab runs. */
static int take_path(struct ctl_build *b, const struct ctl_attr_def *def,
		     const struct ctl_xml_text *text, void *object)
{
	const char *file = text->src.file ? text->src.file : "", *slash = strrchr(file, '/');
	size_t dir = slash && text->s[0] != '/' ? (size_t)(slash - file) + 1 : 0;
	char *path;

	if (ctl_func_refuse(b->xml, text, def->name, b->diag))
		return 0;
	path = ctl_arena_alloc(b->recipe->arena, dir + text->len + 1, 1);
	if (!path)
		return -ENOMEM;
	memcpy(path, file, dir);
	memcpy(path + dir, text->s, text->len);
	memcpy((char *)object + def->to, &path, sizeof(path));
	return 0;
}

static int take_value(struct ctl_build *b, const struct ctl_attr_def *def,
		      const struct ctl_xml_text *text, void *object)
{
	struct ctl_value value = { .text = NULL };
	int r;

	r = ctl_func_parse(b->xml, text, b->arena, &b->last_call, &value, b->diag);
	if (r == 0)
		memcpy((char *)object + def->to, &value, sizeof(value));
	return r;
}

static int take_host(struct ctl_build *b, const struct ctl_attr_def *def,
		     const struct ctl_xml_text *text, void *object)
{
	struct ctl_host_ref *ref;

	if (ctl_func_refuse(b->xml, text, def->name, b->diag))
		return 0;
	/* In the tree's arena: nobody needs it once it is resolved. */
	ref = ctl_arena_alloc(b->xml->arena, 1, sizeof(*ref));
	if (!ref)
		return -ENOMEM;
	*ref = (struct ctl_host_ref){ .id = text->s, .src = text->src };
	ref->to = (void *)((char *)object + def->to);
	*ref->to = CTL_HOST_NONE;
	*b->last_ref = ref;
	b->last_ref = &ref->next;
	return 0;
}

static int take(struct ctl_build *b, const struct ctl_attr_def *def,
		const struct ctl_xml_text *text, void *object)
{
	if (def->src_to != CTL_NOWHERE)
		memcpy((char *)object + def->src_to, &text->src, sizeof(text->src));
	if (ctl_type_store(def, text, object))
		return 0;
	if (def->type == CTL_TYPE_TEXT || def->type == CTL_TYPE_COMMAND)
		return take_value(b, def, text, object);
	if (def->type == CTL_TYPE_HOST)
		return take_host(b, def, text, object);
	if (def->type == CTL_TYPE_PATH)
		return take_path(b, def, text, object);
	return take_word(b, def, text, object);
}

static int take_attrs(struct ctl_build *b, const struct ctl_elem_def *def,
		      const struct ctl_xml_elem *e, void *object)
{
	const struct ctl_attr_def *d;
	bool has_content = false;
	size_t i;
	int r = 0;

	for (i = 0; i < e->n_attrs && r == 0; i++) {
		d = ctl_grammar_attr(def, e->attrs[i].name);
		has_content |= d && d == def->content;
		if (d && d->type != CTL_TYPE_LATER && !e->attrs[i].bad)
			r = take(b, d, &e->attrs[i].value, object);
	}
	if (r == 0 && def->content && !has_content && !e->bad)
		r = take(b, def->content, &e->text, object);
	return r;
}

/* A list in a struct: the pointer to its elements, and behind it their number. */
struct list {
	char *items;
	size_t n;
};

static struct list get_list(const void *object, size_t offset)
{
	struct list list;

	memcpy(&list.items, (const char *)object + offset, sizeof(list.items));
	memcpy(&list.n, (const char *)object + offset + sizeof(list.items), sizeof(list.n));
	return list;
}

static void set_list(void *object, size_t offset, const struct list *list)
{
	memcpy((char *)object + offset, &list->items, sizeof(list->items));
	memcpy((char *)object + offset + sizeof(list->items), &list->n, sizeof(list->n));
}

static bool is_child(const struct ctl_xml_elem *e, const struct ctl_elem_def *parent,
		     const struct ctl_child_def **ret)
{
	*ret = e->ns ? NULL : ctl_grammar_child(parent, e->name);
	return *ret && (*ret)->occurs != CTL_LATER;
}

/* How many of this element and its later siblings go into the same list. */
static size_t count_for_list(const struct ctl_xml_elem *e, const struct ctl_elem_def *parent,
			     size_t offset)
{
	const struct ctl_child_def *c;
	size_t n = 0;

	for (; e; e = e->next)
		n += is_child(e, parent, &c) && c->def->size && c->def->list == offset;
	return n;
}

/*
 * The object that an element fills: a new one in its parent's list, or its parent's. A list gets
 * its full size with its first element, so that pointers to the elements stay good.
 */
static void *make_object(struct ctl_build *b, const struct ctl_elem_def *def,
			 const struct ctl_elem_def *parent_def, const struct ctl_xml_elem *e,
			 void *parent)
{
	struct list list;
	char *object;

	if (!def->size)
		return (char *)parent + def->shift;
	list = get_list(parent, def->list);
	if (!list.items)
		list.items = ctl_arena_alloc(b->arena, count_for_list(e, parent_def, def->list),
					     def->size);
	if (!list.items)
		return NULL;
	object = list.items + list.n * def->size;
	list.n++;
	set_list(parent, def->list, &list);
	return object;
}

static int build_elem(struct ctl_build *b, const struct ctl_elem_def *def,
		      const struct ctl_xml_elem *e, void *object)
{
	bool seen[CHILDREN_MAX] = { false };
	const struct ctl_xml_elem *child;
	const struct ctl_child_def *c;
	void *made;
	int r;

	if (def->src_to != CTL_NOWHERE)
		memcpy((char *)object + def->src_to, &e->src, sizeof(e->src));
	if (def->begin)
		def->begin(object);
	r = take_attrs(b, def, e, object);
	for (child = e->first; child && r == 0; child = child->next) {
		if (!is_child(child, def, &c))
			continue;
		if (seen[c - def->children] && (c->occurs == CTL_ONE || c->occurs == CTL_OPTIONAL))
			continue;
		seen[c - def->children] = true;
		made = make_object(b, c->def, def, child, object);
		r = made ? build_elem(b, c->def, child, made) : -ENOMEM;
	}
	if (r == 0 && def->end)
		def->end(object, b->diag);
	return r;
}

int ctl_build_tree(struct ctl_build *b, const struct ctl_elem_def *def, void *object)
{
	b->last_call = &b->calls;
	b->last_ref = &b->refs;
	return build_elem(b, def, b->xml->root, object);
}
