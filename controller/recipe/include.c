/* SPDX-License-Identifier: GPL-2.0-or-later */
/* include.c - puts included files in the place of <xi:include href="..."/> */
#include "controller/recipe/include.h"

#include <string.h>

#include "controller/recipe/file.h"
#include "controller/recipe/text.h"
#include "netlab/base/util.h"

struct includer {
	struct ctl_xml *xml;
	const struct ctl_recipe_params *params;
	struct ctl_arena *names;
	struct ctl_diag *diag;
	unsigned int n;
};

static bool is_include(const struct ctl_xml_elem *e)
{
	static const char begin[] = "http://www.w3.org/", end[] = "/XInclude";
	const size_t begin_len = sizeof(begin) - 1, end_len = sizeof(end) - 1;
	const char *colon = strchr(e->name, ':'), *name = colon ? colon + 1 : e->name;

	return e->ns && strlen(e->ns) == begin_len + 4 + end_len &&
	       !strncmp(e->ns, begin, begin_len) && strspn(e->ns + begin_len, "0123456789") == 4 &&
	       !strcmp(e->ns + begin_len + 4, end) && !strcmp(name, "include");
}

static int check_attr(struct includer *in, const struct ctl_xml_elem *e,
		      const struct ctl_xml_attr *a)
{
	if (!strcmp(a->name, "href") || (!strcmp(a->name, "parse") && !strcmp(a->value.s, "xml")))
		return 0;
	if (!strcmp(a->name, "parse"))
		return ctl_diag_error(in->diag, &a->value.src,
				      "parse: \"%.60s\": only \"xml\" can be included", a->value.s);
	return ctl_diag_error(
		in->diag, &a->src,
		"unknown attribute %.60s of <%.60s>; allowed: href; a whole file is included",
		a->name, e->name);
}

/* Is it an element as it should be? Gives its href. */
static const struct ctl_xml_attr *check(struct includer *in, const struct ctl_xml_elem *e)
{
	const struct ctl_xml_attr *href = ctl_xml_attr(e, "href");
	size_t i;

	for (i = 0; i < e->n_attrs; i++) {
		if (check_attr(in, e, &e->attrs[i]) < 0)
			return NULL;
	}
	if (e->first)
		(void)ctl_diag_error(
			in->diag, &e->first->src,
			"<%.60s> is not allowed in <%.60s>: there is no fallback for a file",
			e->first->name, e->name);
	else if (e->text.len)
		(void)ctl_diag_error(in->diag, &e->text.src, "text is not allowed in <%.60s>",
				     e->name);
	else if (!href)
		(void)ctl_diag_error(in->diag, &e->src, "<%.60s> needs the attribute href",
				     e->name);
	else if (!href->value.len)
		(void)ctl_diag_error(in->diag, &href->value.src, "href is empty");
	else if (strstr(href->value.s, "://"))
		(void)ctl_diag_error(in->diag, &href->value.src,
				     "href: \"%.200s\": only a file of this machine can be included",
				     href->value.s);
	else
		return href;
	return NULL;
}

/* Write "a.xml > b.xml > a.xml", outermost first. */
static void chain(const struct ctl_xml_file *file, const struct ctl_xml_file *until,
		  struct lab_strbuf *sb)
{
	if (file != until)
		chain(file->parent, until, sb);
	lab_strbuf_printf(sb, "%s > ", file->name);
}

static int refuse_cycle(struct includer *in, const struct ctl_xml_file *what,
			const struct ctl_xml_attr *href)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	const struct ctl_xml_file *f;
	unsigned int depth = 0;

	for (f = what->parent; f; f = f->parent, depth++) {
		if (!f->key || strcmp(f->key, what->key) != 0)
			continue;
		chain(what->parent, f, &sb);
		return ctl_diag_error(in->diag, &href->value.src,
				      "%.60s includes itself: %.300s%.60s", f->name,
				      lab_strbuf_str(&sb), what->name);
	}
	if (depth < CTL_INCLUDE_DEPTH_MAX)
		return 0;
	return ctl_diag_error(in->diag, &href->value.src,
			      "files included in one another more than %u deep",
			      CTL_INCLUDE_DEPTH_MAX);
}

static int report_unread(struct includer *in, const struct ctl_xml_attr *href, const char *name,
			 int code)
{
	struct lab_err err;

	if (code == EINVAL)
		return ctl_diag_error(in->diag, &href->value.src, "%.200s is not a regular file",
				      name);
	(void)lab_err_errno(&err, code, "%.200s cannot be read%s", name,
			    strstr(href->value.s, "{$")
				    ? " (files are included before aliases are expanded)"
				    : "");
	return ctl_diag_error(in->diag, &href->value.src, "%s", err.msg);
}

/* Fill in the name, the bytes and the key of a file. */
static int read_file(struct includer *in, const struct ctl_xml_attr *href,
		     struct ctl_xml_file *what)
{
	struct ctl_bytes bytes = { .data = NULL };
	cleanup_free char *key = NULL;
	int r;

	what->name = ctl_file_beside(in->names, what->parent->name, href->value.s);
	if (!what->name)
		return -ENOMEM;
	if (in->params && in->params->read)
		r = in->params->read(in->params->user, what->name, &bytes);
	else
		r = ctl_file_read(what->name, true, &bytes);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return report_unread(in, href, what->name, -r);
	key = bytes.key;
	what->key = ctl_arena_strndup(in->xml->arena, key, strlen(key));
	if (!what->key) {
		free(bytes.data);
		return -ENOMEM;
	}
	what->data = bytes.data;
	what->len = bytes.len;
	what->owned = true;
	return 0;
}

static int load(struct includer *in, const struct ctl_xml_elem *e, struct ctl_xml_file *parent,
		unsigned int depth, struct ctl_xml_elem **ret, struct ctl_xml_file **ret_file)
{
	const struct ctl_xml_attr *href = check(in, e);
	struct ctl_xml_file what = { .parent = parent };
	int r;

	if (!href)
		return -EINVAL;
	if (++in->n > CTL_INCLUDES_MAX) {
		(void)ctl_diag_error(in->diag, &e->src, "more than %u files included",
				     CTL_INCLUDES_MAX);
		return -EFBIG;
	}
	r = read_file(in, href, &what);
	if (r < 0)
		return r;
	r = refuse_cycle(in, &what, href);
	if (r == 0)
		r = ctl_diag_included(in->diag, what.name, &e->src);
	if (r < 0) {
		free((char *)what.data);
		return r;
	}
	return ctl_xml_parse_file(in->xml, &what, depth, ret, ret_file, in->diag);
}

static int expand_children(struct includer *in, struct ctl_xml_elem *e, struct ctl_xml_file *file,
			   unsigned int depth);

/*
 * Expand an element, which may be an include, or become one. Gives what is to stand in its place:
 * NULL when it cannot be replaced, and has been complained about.
 */
static int expand(struct includer *in, struct ctl_xml_elem *e, struct ctl_xml_file *file,
		  unsigned int depth, struct ctl_xml_elem **ret)
{
	int r;

	while (is_include(e)) {
		r = load(in, e, file, depth, &e, &file);
		if (r == -EINVAL) {
			*ret = NULL;
			return 0;
		}
		if (r < 0)
			return r;
	}
	*ret = e;
	return expand_children(in, e, file, depth + 1);
}

static int expand_children(struct includer *in, struct ctl_xml_elem *e, struct ctl_xml_file *file,
			   unsigned int depth)
{
	struct ctl_xml_elem **link = &e->first, *child, *new;
	int r;

	e->last = NULL;
	while ((child = *link)) {
		r = expand(in, child, file, depth, &new);
		if (r < 0)
			return r;
		if (!new) {
			ctl_xml_hole(e);
			*link = child->next;
			continue;
		}
		new->parent = e;
		new->next = child->next;
		*link = new;
		e->last = new;
		link = &new->next;
	}
	return 0;
}

int ctl_include_expand(struct ctl_xml *xml, const struct ctl_recipe_params *params,
		       struct ctl_arena *names, struct ctl_diag *diag)
{
	struct includer in = { .xml = xml, .params = params, .names = names, .diag = diag };
	struct ctl_xml_elem *root;
	int r;

	r = expand(&in, xml->root, xml->files[0], 0, &root);
	if (r < 0)
		return r;
	if (!root)
		return -EINVAL;
	xml->root = root;
	return 0;
}
