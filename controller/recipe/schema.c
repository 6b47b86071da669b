/* SPDX-License-Identifier: GPL-2.0-or-later */
/* schema.c - checks a tree against the grammar: names, occurrence, text, the form of values */
#include <string.h>

#include "controller/recipe/grammar.h"
#include "controller/recipe/text.h"
#include "controller/recipe/types.h"

enum { CHILDREN_MAX = 48 };

const struct ctl_child_def *ctl_grammar_child(const struct ctl_elem_def *def, const char *name)
{
	const struct ctl_child_def *c;

	for (c = def->children; c && c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
	}
	return NULL;
}

const struct ctl_attr_def *ctl_grammar_attr(const struct ctl_elem_def *def, const char *name)
{
	const struct ctl_attr_def *a;

	if (def->content && !strcmp(def->content->name, name))
		return def->content;
	for (a = def->attrs; a && a->name; a++) {
		if (!strcmp(a->name, name))
			return a;
	}
	return NULL;
}

/* --- attributes ------------------------------------------------------------------------------- */

static void hint_attrs(struct ctl_hint *hint, const struct ctl_elem_def *def)
{
	const struct ctl_attr_def *a;

	for (a = def->attrs; a && a->name; a++) {
		if (a->type != CTL_TYPE_LATER)
			ctl_hint_add(hint, a->name);
	}
	if (def->content)
		ctl_hint_add(hint, def->content->name);
}

static void unknown_attr(struct ctl_xml_elem *e, const struct ctl_xml_attr *a,
			 const struct ctl_elem_def *def, bool later, struct ctl_diag *diag)
{
	struct ctl_hint hint = { .word = later ? "" : a->name };
	char buf[CTL_HINT_MAX];

	ctl_xml_hole(e);
	if (!ctl_diag_full(diag))
		hint_attrs(&hint, def);
	if (later)
		(void)ctl_diag_error(
			diag, &a->src,
			"attribute %s of <%s> is known to LNST, but not supported by this version%s",
			a->name, e->name, ctl_hint_text(&hint, "", "", "; supported: ", buf));
	else if (!hint.n)
		(void)ctl_diag_error(diag, &a->src,
				     "unknown attribute %.60s of <%s>, which has no attributes",
				     a->name, e->name);
	else
		(void)ctl_diag_error(diag, &a->src, "unknown attribute %.60s of <%s>%s", a->name,
				     e->name, ctl_hint_text(&hint, "", "", "; allowed: ", buf));
}

static void check_attrs(struct ctl_xml_elem *e, const struct ctl_elem_def *def,
			struct ctl_diag *diag)
{
	const struct ctl_attr_def *d;
	bool unknown = false;
	size_t i;

	for (i = 0; i < e->n_attrs; i++) {
		struct ctl_xml_attr *a = &e->attrs[i];

		d = ctl_grammar_attr(def, a->name);
		unknown |= !d;
		if (!d || d->type == CTL_TYPE_LATER)
			unknown_attr(e, a, def, d, diag);
		else if (!a->bad && ctl_type_check(d, &a->value, diag) < 0)
			a->bad = true;
	}
	/* One that is not known was probably meant to be the one that is missing. */
	for (d = def->attrs; d && d->name && !unknown; d++) {
		if (!d->required || ctl_xml_attr(e, d->name))
			continue;
		ctl_xml_hole(e);
		(void)ctl_diag_error(diag, &e->src, "<%s> needs the attribute %s", e->name,
				     d->name);
	}
}

static void none_of(struct ctl_xml_elem *e, const struct ctl_elem_def *def, struct ctl_diag *diag)
{
	struct ctl_hint hint = { .word = "" };
	const char *const *name;
	char buf[CTL_HINT_MAX];

	ctl_xml_hole(e);
	for (name = def->one_of; *name; name++)
		ctl_hint_add(&hint, *name);
	(void)ctl_diag_error(diag, &e->src, "<%s> needs one of the attributes%s", e->name,
			     ctl_hint_text(&hint, "", "", " ", buf));
}

static void check_one_of(struct ctl_xml_elem *e, const struct ctl_elem_def *def,
			 struct ctl_diag *diag)
{
	const struct ctl_xml_attr *found = NULL, *a;
	const char *const *name;

	for (name = def->one_of; *name; name++) {
		a = ctl_xml_attr(e, *name);
		if (a && found) {
			(void)ctl_diag_error(diag, &a->src, "<%s> cannot have both %s and %s",
					     e->name, found->name, a->name);
			return;
		}
		if (a)
			found = a;
	}
	/* One that is not known was probably meant to be it. */
	if (!found && !e->hole)
		none_of(e, def, diag);
}

static void check_pair(struct ctl_xml_elem *e, const struct ctl_elem_def *def,
		       struct ctl_diag *diag)
{
	const struct ctl_xml_attr *a = ctl_xml_attr(e, def->pair[0]),
				  *b = ctl_xml_attr(e, def->pair[1]);

	if (!a == !b || e->hole)
		return;
	ctl_xml_hole(e);
	(void)ctl_diag_error(diag, &e->src, "<%s> with the attribute %s needs the attribute %s too",
			     e->name, def->pair[a ? 0 : 1], def->pair[a ? 1 : 0]);
}

/* --- children --------------------------------------------------------------------------------- */

static void unknown_child(struct ctl_xml_elem *e, const struct ctl_elem_def *def, bool later,
			  struct ctl_diag *diag)
{
	struct ctl_xml_elem *parent = e->parent;
	struct ctl_hint hint = { .word = later ? "" : e->name };
	const struct ctl_child_def *c;
	char buf[CTL_HINT_MAX];

	ctl_xml_hole(parent);
	for (c = def->children; c && c->name && !ctl_diag_full(diag); c++) {
		if (c->occurs != CTL_LATER)
			ctl_hint_add(&hint, c->name);
	}
	if (later)
		(void)ctl_diag_error(diag, &e->src,
				     "<%s> is known to LNST, but not supported by this version%s",
				     e->name,
				     ctl_hint_text(&hint, "<", ">", "; supported here: ", buf));
	else if (!hint.n)
		(void)ctl_diag_error(diag, &e->src,
				     "<%.60s> is not allowed in <%s>, which has no elements",
				     e->name, parent->name);
	else
		(void)ctl_diag_error(diag, &e->src, "unknown element <%.60s> in <%s>%s", e->name,
				     parent->name,
				     ctl_hint_text(&hint, "<", ">", "; allowed: ", buf));
}

/* An element in a namespace is none of ours, whatever its name. Returns true if it was reported. */
static bool foreign(struct ctl_xml_elem *e, struct ctl_diag *diag)
{
	if (!e->ns)
		return false;
	ctl_xml_hole(e);
	(void)ctl_diag_error(
		diag, &e->src,
		"<%.60s> is in the namespace \"%.100s\"; the elements of a recipe are in none",
		e->name, e->ns);
	return true;
}

static void none_of_some(const struct ctl_xml_elem *e, const struct ctl_elem_def *def,
			 struct ctl_diag *diag)
{
	struct ctl_hint hint = { .word = "" };
	const struct ctl_child_def *c;
	char buf[CTL_HINT_MAX];

	for (c = def->children; c->name; c++) {
		if (c->occurs == CTL_SOME)
			ctl_hint_add(&hint, c->name);
	}
	(void)ctl_diag_error(diag, &e->src, "<%s> needs at least one%s%s", e->name,
			     hint.n > 1 ? " of" : "", ctl_hint_text(&hint, "<", ">", " ", buf));
}

static void check_missing(struct ctl_xml_elem *e, const struct ctl_elem_def *def,
			  struct ctl_xml_elem *const *first, struct ctl_diag *diag)
{
	bool some = false, needs_some = false;
	const struct ctl_child_def *c;
	size_t i;

	for (i = 0, c = def->children; c->name; c++, i++) {
		if (c->occurs == CTL_ONE && !first[i]) {
			(void)ctl_diag_error(diag, &e->src, "<%s> needs an element <%s>%s%s",
					     e->name, c->name,
					     def->instead ? ", or the attribute " : "",
					     def->instead ? def->instead : "");
			ctl_xml_hole(e);
		}
		needs_some |= c->occurs == CTL_SOME;
		some |= c->occurs == CTL_SOME && first[i];
	}
	if (needs_some && !some)
		none_of_some(e, def, diag);
}

/* Returns true if an attribute stands for the children. */
static bool check_instead(struct ctl_xml_elem *e, const struct ctl_elem_def *def,
			  struct ctl_diag *diag)
{
	const struct ctl_xml_attr *a = def->instead ? ctl_xml_attr(e, def->instead) : NULL;

	if (a && e->first) {
		(void)ctl_diag_error(diag, &e->first->src,
				     "<%s> with the attribute %s has no elements", e->name,
				     a->name);
		ctl_diag_beside(diag, &a->src, "%s is here", a->name);
	}
	return a;
}

static void check_children(struct ctl_xml *xml, struct ctl_xml_elem *e,
			   const struct ctl_elem_def *def, struct ctl_diag *diag)
{
	struct ctl_xml_elem *first[CHILDREN_MAX] = { NULL };
	const struct ctl_child_def *c;
	struct ctl_xml_elem *child;
	/* An attribute that is not known here may stand for children that are not there. */
	bool unknown = e->hole;
	size_t i;

	for (child = e->first; child; child = child->next) {
		c = child->ns ? NULL : ctl_grammar_child(def, child->name);
		if (!c || c->occurs == CTL_LATER) {
			unknown = true;
			if (!foreign(child, diag))
				unknown_child(child, def, c, diag);
			continue;
		}
		i = (size_t)(c - def->children);
		if (first[i] && (c->occurs == CTL_ONE || c->occurs == CTL_OPTIONAL)) {
			ctl_xml_hole(e);
			(void)ctl_diag_error(diag, &child->src,
					     "second <%s> in <%s>; only one is allowed",
					     child->name, e->name);
			ctl_diag_beside(diag, &first[i]->src, "the first <%s> is here",
					child->name);
		}
		if (!first[i])
			first[i] = child;
		ctl_schema_check(xml, child, c->def, diag);
	}
	/* One that is not known was probably meant to be the one that is missing. */
	if (!check_instead(e, def, diag) && !unknown && def->children)
		check_missing(e, def, first, diag);
}

/* --- text ------------------------------------------------------------------------------------- */

static void check_text(struct ctl_xml *xml, struct ctl_xml_elem *e, const struct ctl_elem_def *def,
		       struct ctl_diag *diag)
{
	bool has_value = def->content && ctl_xml_attr(e, def->content->name);
	struct lab_src src;

	if (def->content && !has_value) {
		if (!e->bad && ctl_type_check(def->content, &e->text, diag) < 0)
			e->bad = true;
		return;
	}
	if (!e->text.len)
		return;
	src = ctl_diag_full(diag) ? e->src : ctl_xml_text_src(xml, &e->text, 0);
	if (has_value)
		(void)ctl_diag_error(
			diag, &src,
			"<%s> has the attribute %s and text \"%.40s\"; only one is allowed",
			e->name, def->content->name, e->text.s);
	else
		(void)ctl_diag_error(diag, &src, "text is not allowed in <%s>: \"%.40s\"", e->name,
				     e->text.s);
}

void ctl_schema_check(struct ctl_xml *xml, struct ctl_xml_elem *elem,
		      const struct ctl_elem_def *def, struct ctl_diag *diag)
{
	check_attrs(elem, def, diag);
	if (def->one_of)
		check_one_of(elem, def, diag);
	if (def->pair)
		check_pair(elem, def, diag);
	check_text(xml, elem, def, diag);
	if (elem->first || def->children)
		check_children(xml, elem, def, diag);
}

int ctl_schema_check_root(struct ctl_xml *xml, const struct ctl_root_def *root,
			  struct ctl_diag *diag)
{
	const char *const *name;

	for (name = root->names; *name; name++) {
		if (!xml->root->ns && !strcmp(xml->root->name, *name)) {
			ctl_schema_check(xml, xml->root, root->def, diag);
			return 0;
		}
	}
	if (foreign(xml->root, diag))
		return -EINVAL;
	return ctl_diag_error(diag, &xml->root->src,
			      "the root element is <%.60s>; %s is in <%s> or <%s>", xml->root->name,
			      root->what, root->names[0], root->names[1]);
}
