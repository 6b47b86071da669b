/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml.c - the only file that knows libxml2: its SAX events become a tree of our own */
#include "controller/recipe/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <string.h>

#include "controller/recipe/recipe.h"
#include "controller/recipe/text.h"

/**
 * struct sax - what the callbacks share
 * @xml:	tree under construction
 * @file:	the file of it that is read
 * @base:	byte of the file at which the parser's input begins (behind a byte order mark)
 * @root:	root element of this file
 * @open:	innermost open element
 * @depth:	number of open elements
 * @outer:	elements around the root
 * @text:	character data of each open element
 * @error:	first error, negative; once it is set the parser stops
 */
struct sax {
	struct ctl_xml *xml;
	struct ctl_xml_file *file;
	size_t base;
	xmlParserCtxtPtr ctxt;
	struct ctl_xml_elem *root, *open;
	unsigned int depth, outer;
	struct lab_strbuf text[CTL_XML_DEPTH_MAX];
	struct ctl_diag *diag;
	int error;
};

static void stop(struct sax *s, int r)
{
	if (!s->error)
		s->error = r;
	xmlStopParser(s->ctxt);
}

/* The byte of the file that the parser looks at. */
static size_t here(const struct sax *s)
{
	const xmlParserInput *in = s->ctxt->input;
	size_t at = s->base;

	if (in)
		at += in->consumed + (size_t)(in->cur - in->base);
	return LAB_MIN(at, s->file->len);
}

static struct lab_src src_at(const struct sax *s, size_t at)
{
	return ctl_xml_file_src(s->file, at);
}

static const char *copy_name(struct sax *s, const xmlChar *prefix, const xmlChar *name)
{
	struct lab_strbuf sb = LAB_STRBUF_INIT;
	const char *copy = NULL;

	if (!prefix)
		return ctl_arena_strndup(s->xml->arena, (const char *)name,
					 strlen((const char *)name));
	lab_strbuf_printf(&sb, "%s:%s", (const char *)prefix, (const char *)name);
	if (!sb.error)
		copy = ctl_arena_strndup(s->xml->arena, sb.data, sb.len);
	lab_strbuf_fini(&sb);
	return copy;
}

static bool is_namespace_declaration(const char *name, size_t len)
{
	return len >= 5 && !memcmp(name, "xmlns", 5) && (len == 5 || name[5] == ':');
}

/* Find the next attribute of a start tag from p on. Returns its end, or NULL at the tag's. */
static const char *next_attr(const char *p, const char *end, const char **ret_name, size_t *ret_len,
			     const char **ret_value)
{
	const char *q;

	while (p < end && ctl_is_space(*p))
		p++;
	*ret_name = p;
	while (p < end && !ctl_is_space(*p) && *p != '=')
		p++;
	*ret_len = (size_t)(p - *ret_name);
	while (p < end && (ctl_is_space(*p) || *p == '='))
		p++;
	if (p >= end || !*ret_len)
		return NULL;
	q = memchr(p + 1, *p, (size_t)(end - p - 1));
	*ret_value = p + 1;
	return q;
}

/* SAX gives an ampersand of an attribute's value as a character reference, unlike one of a text. */
static size_t plain_ampersands(char *value, size_t len)
{
	static const char ref[] = "&#38;";
	const size_t ref_len = sizeof(ref) - 1;
	size_t from, to = 0;

	for (from = 0; from < len; from++) {
		value[to++] = value[from];
		if (len - from >= ref_len && !memcmp(value + from, ref, ref_len))
			from += ref_len - 1;
	}
	value[to] = '\0';
	return to;
}

/* Take the attributes from SAX, and their places from the bytes of the start tag. */
static int take_attrs(struct sax *s, struct ctl_xml_elem *e, const char *tag, const char *end,
		      const xmlChar **sax)
{
	const char *p = tag, *name, *value, *data = s->file->data;
	size_t i, len;
	char *text;

	while (p < end && !ctl_is_space(*p))
		p++;
	for (i = 0; i < e->n_attrs; i++) {
		struct ctl_xml_attr *a = &e->attrs[i];
		const xmlChar **in = &sax[i * 5];

		do {
			p = next_attr(p, end, &name, &len, &value);
			if (!p)
				return ctl_diag_error(s->diag, &e->src,
						      "the attributes of <%.60s> cannot be found",
						      e->name);
			p++;
		} while (is_namespace_declaration(name, len));
		a->name = copy_name(s, in[1], in[0]);
		len = (size_t)(in[4] - in[3]);
		text = ctl_arena_strndup(s->xml->arena, (const char *)in[3], len);
		if (!a->name || !text)
			return -ENOMEM;
		a->value.s = text;
		a->value.len = plain_ampersands(text, len);
		a->value.raw = s->file->base + (size_t)(value - data);
		a->value.raw_len = (size_t)(p - 1 - value);
		a->src = src_at(s, (size_t)(name - data));
		while (value < p - 1 && ctl_is_space(*value))
			value++;
		a->value.src = src_at(s, (size_t)(value - data));
		ctl_xml_strip(&a->value);
	}
	return 0;
}

static bool within_bounds(struct sax *s, int n_attrs, const struct lab_src *src)
{
	s->xml->n_elems++;
	s->xml->n_attrs += (unsigned int)n_attrs;
	if (s->outer + s->depth >= CTL_XML_DEPTH_MAX)
		(void)ctl_diag_error(s->diag, src, "elements nested more than %u deep",
				     CTL_XML_DEPTH_MAX);
	else if (s->xml->n_elems > CTL_XML_ELEMS_MAX)
		(void)ctl_diag_error(s->diag, src, "more than %u elements", CTL_XML_ELEMS_MAX);
	else if ((unsigned int)n_attrs > CTL_XML_ATTRS_OF_ONE)
		(void)ctl_diag_error(s->diag, src, "more than %u attributes of one element",
				     CTL_XML_ATTRS_OF_ONE);
	else if (s->xml->n_attrs > CTL_XML_ATTRS_MAX)
		(void)ctl_diag_error(s->diag, src, "more than %u attributes", CTL_XML_ATTRS_MAX);
	else
		return true;
	return false;
}

static void append_child(struct sax *s, struct ctl_xml_elem *parent, struct ctl_xml_elem *e)
{
	e->parent = parent;
	if (!parent)
		s->root = e;
	else if (parent->last)
		parent->last->next = e;
	else
		parent->first = e;
	if (parent)
		parent->last = e;
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		     int n_ns, const xmlChar **ns, int n_attrs, int n_defaulted,
		     const xmlChar **attrs)
{
	size_t end, begin;
	const char *tag, *data;
	struct sax *s = user;
	struct ctl_xml *xml = s->xml;
	struct ctl_xml_elem *e;
	struct lab_src src;
	int r;

	(void)n_ns, (void)ns, (void)n_defaulted;
	if (s->error)
		return;
	/* The tag may be cut off by the end of the file: nothing can be read at its end. */
	end = here(s);
	data = s->file->data;
	tag = memrchr(data, '<', end);
	begin = tag ? (size_t)(tag - data) : 0;
	src = src_at(s, begin);
	if (!within_bounds(s, n_attrs, &src)) {
		stop(s, -EINVAL);
		return;
	}
	e = ctl_arena_alloc(xml->arena, 1, sizeof(*e));
	if (!e) {
		stop(s, -ENOMEM);
		return;
	}
	e->src = src;
	e->n_attrs = (size_t)n_attrs;
	e->name = copy_name(s, prefix, name);
	e->ns = uri ? copy_name(s, NULL, uri) : NULL;
	e->attrs = ctl_arena_alloc(xml->arena, e->n_attrs, sizeof(*e->attrs));
	r = e->name && e->attrs && (e->ns || !uri) ? 0 : -ENOMEM;
	if (r == 0)
		r = take_attrs(s, e, data + begin, data + end, attrs);
	if (r < 0) {
		stop(s, r);
		return;
	}
	e->text.raw = s->file->base + LAB_MIN(end + 1, s->file->len);
	append_child(s, s->open, e);
	lab_strbuf_reset(&s->text[s->depth]);
	s->open = e;
	s->depth++;
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct sax *s = user;
	struct ctl_xml_elem *e = s->open;
	struct lab_strbuf *sb;

	(void)name, (void)prefix, (void)uri;
	if (s->error || !e)
		return;
	sb = &s->text[--s->depth];
	s->open = e->parent;
	e->text.s = sb->error ? NULL
			      : ctl_arena_strndup(s->xml->arena, lab_strbuf_str(sb), sb->len);
	if (!e->text.s) {
		stop(s, -ENOMEM);
		return;
	}
	e->text.len = sb->len;
	ctl_xml_strip(&e->text);
	/* Text between children is mostly an error; whoever reports it asks for its place. */
	e->text.src = e->text.len && !e->first ? ctl_xml_text_src(s->xml, &e->text, 0) : e->src;
}

static bool all_space(const xmlChar *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!ctl_is_space((char)text[i]))
			return false;
	}
	return true;
}

static void on_text(void *user, const xmlChar *text, int len)
{
	struct sax *s = user;
	struct lab_strbuf *sb;

	if (s->error || !s->open)
		return;
	/* Leading white space stays out, but counts for the place of what follows. */
	sb = &s->text[s->depth - 1];
	if (!sb->len && all_space(text, (size_t)len))
		s->open->text.skip += (size_t)len;
	else
		lab_strbuf_add(sb, text, (size_t)len);
}

/* Ours: the parser calls it before it would read what the document type declares. */
static void on_doctype(void *user, const xmlChar *name, const xmlChar *external,
		       const xmlChar *system)
{
	static const char word[] = "<!DOCTYPE";
	struct sax *s = user;
	struct lab_src src;
	size_t at = here(s);

	(void)name, (void)external, (void)system;
	if (s->error)
		return;
	while (at && (s->file->len - at < sizeof(word) - 1 ||
		      memcmp(s->file->data + at, word, sizeof(word) - 1) != 0))
		at--;
	src = src_at(s, at);
	stop(s, ctl_diag_error(s->diag, &src,
			       "a document type (DTD) is refused: a recipe needs none"));
}

/* libxml2 begins its messages with a capital or its function's name, and ends them with a newline. */
static void tidy(const char *message, char *buf, size_t size)
{
	const char *colon;
	size_t len;

	if (!message)
		message = "unknown error";
	colon = strstr(message, ": ");
	if (colon && strcspn(message, " ") > (size_t)(colon - message))
		message = colon + 2;
	(void)snprintf(buf, size, "%s", message);
	len = strlen(buf);
	while (len && (buf[len - 1] == '\n' || buf[len - 1] == '.' || buf[len - 1] == ' '))
		buf[--len] = '\0';
	if (buf[0] >= 'A' && buf[0] <= 'Z' && !(buf[1] >= 'A' && buf[1] <= 'Z'))
		buf[0] = (char)(buf[0] | 0x20);
}

static void say_entity(struct sax *s, const struct lab_src *src, const xmlError *error)
{
	(void)ctl_diag_error(
		s->diag, src,
		"entity &%.60s; is not declared, and a recipe cannot declare any; XML itself has"
		" &lt; &gt; &amp; &quot; &apos;",
		error->str1 ? error->str1 : "?");
}

/* The last place of a character before the parser's, or the parser's if there is none. */
static struct lab_src back_to(const struct sax *s, char c)
{
	size_t at = here(s), back = at;

	while (back && s->file->data[back - 1] != c)
		back--;
	return src_at(s, back ? back - 1 : at);
}

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ptr;
#else
typedef xmlErrorPtr error_ptr;
#endif

/* What libxml2 says of these does not help; @back: the place is the last one of this character. */
static const struct said {
	int code;
	char back;
	const char *text;
} said[] = {
	{ XML_ERR_ATTRIBUTE_NOT_STARTED, 0, "the value of an attribute must be in quotes" },
	{ XML_ERR_ATTRIBUTE_NOT_FINISHED, 0, "the value of an attribute has no closing quote" },
	{ XML_ERR_ENTITYREF_SEMICOL_MISSING, '&',
	  "'&' begins a reference; write &amp; for the character" },
	{ XML_ERR_LT_IN_ATTRIBUTE, 0, "'<' in the value of an attribute; write &lt;" },
};

static void say_open(struct sax *s)
{
	if (s->open)
		ctl_diag_beside(s->diag, &s->open->src, "<%.60s> begins here", s->open->name);
}

static void say_other(struct sax *s, error_ptr error)
{
	struct lab_src src = src_at(s, here(s));
	int code = error->code;
	char msg[200];
	size_t i;

	tidy(error->message, msg, sizeof(msg));
	/* The code for a '&' before no name stands for other things too; the text does not. */
	if (error->message && !strncmp(error->message, "xmlParseEntityRef", 17))
		code = XML_ERR_ENTITYREF_SEMICOL_MISSING;
	for (i = 0; i < LAB_ARRAY_SIZE(said); i++) {
		if (said[i].code != code)
			continue;
		if (said[i].back)
			src = back_to(s, said[i].back);
		(void)snprintf(msg, sizeof(msg), "%s", said[i].text);
	}
	(void)ctl_diag_error(s->diag, &src, "not well-formed XML: %s", msg);
}

static void on_error(void *user, error_ptr error)
{
	struct sax *s = user;
	struct lab_src src;

	if (s->error || error->level == XML_ERR_WARNING || error->level == XML_ERR_NONE)
		return;
	if (error->code == XML_ERR_NO_MEMORY) {
		s->error = -ENOMEM;
		return;
	}
	switch (error->code) {
	case XML_ERR_UNDECLARED_ENTITY:
		src = back_to(s, '&');
		say_entity(s, &src, error);
		break;
	case XML_ERR_TAG_NAME_MISMATCH:
		src = back_to(s, '<');
		(void)ctl_diag_error(s->diag, &src,
				     "not well-formed XML: end tag </%.60s>, but <%.60s> is open",
				     error->str2 ? error->str2 : "?",
				     s->open ? s->open->name : "?");
		say_open(s);
		break;
	case XML_ERR_TAG_NOT_FINISHED:
		src = src_at(s, here(s));
		(void)ctl_diag_error(s->diag, &src,
				     "not well-formed XML: the file ends before </%.60s>",
				     s->open ? s->open->name : "?");
		say_open(s);
		break;
	default:
		say_other(s, error);
	}
	stop(s, -EINVAL);
}

static int run_parser(struct sax *s)
{
	struct ctl_xml_file *file = s->file;
	xmlSAXHandler *sax;

	s->base = file->lines[0];
	s->ctxt = xmlCreateMemoryParserCtxt(file->data + s->base, (int)(file->len - s->base));
	if (!s->ctxt)
		return -ENOMEM;
	/*
	 * Its own limits lie below ours, which bound all that can grow: bytes, depth, elements. The
	 * bytes are known to be UTF-8; were the declaration followed, it would go on in a copy of
	 * them, in which their places are lost.
	 */
	(void)xmlCtxtUseOptions(s->ctxt, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_IGNORE_ENC);
	sax = s->ctxt->sax;
	memset(sax, 0, sizeof(*sax));
	sax->initialized = XML_SAX2_MAGIC;
	sax->startElementNs = on_start;
	sax->endElementNs = on_end;
	sax->characters = on_text;
	sax->ignorableWhitespace = on_text;
	sax->cdataBlock = on_text;
	sax->internalSubset = on_doctype;
	sax->serror = on_error;
	s->ctxt->userData = s;
	(void)xmlParseDocument(s->ctxt);
	if (!s->error && !s->ctxt->wellFormed)
		s->error = ctl_diag_error(s->diag, NULL, "%s: not well-formed XML", file->name);
	if (!s->error && !s->root)
		s->error = ctl_diag_error(s->diag, NULL, "%s: no root element", file->name);
	/* The context does not own what the parser may have made on its way. */
	if (s->ctxt->myDoc)
		xmlFreeDoc(s->ctxt->myDoc);
	xmlFreeParserCtxt(s->ctxt);
	return s->error;
}

static int parse(struct sax *s)
{
	struct ctl_xml_file *file = s->file;
	int r;
	size_t i;

	r = ctl_xml_index(s->xml->arena, file);
	if (r < 0)
		return r;
	if (file->len == file->lines[0]) {
		struct lab_src src = { .file = file->name };

		return ctl_diag_error(s->diag, &src, "empty file");
	}
	r = ctl_xml_check_bytes(file, s->diag);
	if (r < 0)
		return r;
	r = run_parser(s);
	for (i = 0; i < LAB_ARRAY_SIZE(s->text); i++)
		lab_strbuf_fini(&s->text[i]);
	return r;
}

/* Make room for one more file; each is behind the one before it in what the tree calls a byte. */
static int add_file(struct ctl_xml *xml, const struct ctl_xml_file *what, struct ctl_xml_file **ret)
{
	const struct ctl_xml_file *last = xml->n_files ? xml->files[xml->n_files - 1] : NULL;
	size_t cap = xml->cap_files ? xml->cap_files * 2 : 4;
	struct ctl_xml_file *file, **files;

	file = ctl_arena_alloc(xml->arena, 1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	if (xml->n_files == xml->cap_files) {
		files = ctl_arena_alloc(xml->arena, cap, sizeof(*files));
		if (!files)
			return -ENOMEM;
		if (xml->n_files)
			memcpy(files, xml->files, xml->n_files * sizeof(*files));
		xml->files = files;
		xml->cap_files = cap;
	}
	*file = *what;
	file->base = last ? last->base + last->len + 1 : 0;
	xml->files[xml->n_files++] = file;
	*ret = file;
	return 0;
}

static int too_large(struct ctl_xml *xml, struct ctl_xml_file *file, struct ctl_diag *diag)
{
	struct lab_src src = { .file = file->name };

	if (file->base + file->len <= CTL_RECIPE_BYTES_MAX + xml->n_files - 1)
		return 0;
	if (xml->n_files == 1)
		(void)ctl_diag_error(diag, &src, "larger than %u MiB", CTL_RECIPE_BYTES_MAX >> 20);
	else
		(void)ctl_diag_error(diag, &src,
				     "the recipe with all that it includes is larger than %u MiB",
				     CTL_RECIPE_BYTES_MAX >> 20);
	return -EFBIG;
}

int ctl_xml_parse_file(struct ctl_xml *xml, const struct ctl_xml_file *what, unsigned int depth,
		       struct ctl_xml_elem **ret_root, struct ctl_xml_file **ret_file,
		       struct ctl_diag *diag)
{
	struct sax s = { .xml = xml, .diag = diag, .outer = depth };
	int r;

	r = add_file(xml, what, &s.file);
	if (r < 0) {
		if (what->owned)
			free((char *)what->data);
		return r;
	}
	r = too_large(xml, s.file, diag);
	if (r == 0)
		r = parse(&s);
	if (r < 0)
		return r;
	*ret_root = s.root;
	*ret_file = s.file;
	return 0;
}

int ctl_xml_parse(const char *file, const char *data, size_t len, struct ctl_xml **ret,
		  struct ctl_diag *diag)
{
	const struct ctl_xml_file what = { .name = file, .data = data, .len = len };
	struct ctl_arena *arena = ctl_arena_new();
	struct ctl_xml_file *first;
	struct ctl_xml *xml;
	int r;

	xml = arena ? ctl_arena_alloc(arena, 1, sizeof(*xml)) : NULL;
	if (!xml) {
		ctl_arena_free(arena);
		return -ENOMEM;
	}
	xml->arena = arena;
	r = ctl_xml_parse_file(xml, &what, 0, &xml->root, &first, diag);
	if (r < 0) {
		ctl_xml_free(xml);
		return r;
	}
	*ret = xml;
	return 0;
}

void ctl_xml_free(struct ctl_xml *xml)
{
	size_t i;

	if (!xml)
		return;
	for (i = 0; i < xml->n_files; i++) {
		if (xml->files[i]->owned)
			free((char *)xml->files[i]->data);
	}
	ctl_arena_free(xml->arena);
}
