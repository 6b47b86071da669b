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
 * @base:	byte of the file at which the parser's input begins (behind a byte order mark)
 * @open:	innermost open element
 * @depth:	number of open elements
 * @elems:	elements so far
 * @attrs:	attributes so far
 * @text:	character data of each open element
 * @error:	first error, negative; once it is set the parser stops
 */
struct sax {
	struct ctl_xml *xml;
	size_t base;
	xmlParserCtxtPtr ctxt;
	struct ctl_xml_elem *open;
	unsigned int depth, elems, attrs;
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
	return LAB_MIN(at, s->xml->len);
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
	const char *p = tag, *name, *value;
	struct ctl_xml *xml = s->xml;
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
		text = ctl_arena_strndup(xml->arena, (const char *)in[3], len);
		if (!a->name || !text)
			return -ENOMEM;
		a->value.s = text;
		a->value.len = plain_ampersands(text, len);
		a->value.raw = (size_t)(value - xml->data);
		a->value.raw_len = (size_t)(p - 1 - value);
		a->src = ctl_xml_src(xml, (size_t)(name - xml->data));
		while (value < p - 1 && ctl_is_space(*value))
			value++;
		a->value.src = ctl_xml_src(xml, (size_t)(value - xml->data));
		ctl_xml_strip(&a->value);
	}
	return 0;
}

static bool within_bounds(struct sax *s, int n_attrs, const struct lab_src *src)
{
	s->elems++;
	s->attrs += (unsigned int)n_attrs;
	if (s->depth >= CTL_XML_DEPTH_MAX)
		(void)ctl_diag_error(s->diag, src, "elements nested more than %u deep",
				     CTL_XML_DEPTH_MAX);
	else if (s->elems > CTL_XML_ELEMS_MAX)
		(void)ctl_diag_error(s->diag, src, "more than %u elements", CTL_XML_ELEMS_MAX);
	else if ((unsigned int)n_attrs > CTL_XML_ATTRS_OF_ONE)
		(void)ctl_diag_error(s->diag, src, "more than %u attributes of one element",
				     CTL_XML_ATTRS_OF_ONE);
	else if (s->attrs > CTL_XML_ATTRS_MAX)
		(void)ctl_diag_error(s->diag, src, "more than %u attributes", CTL_XML_ATTRS_MAX);
	else
		return true;
	return false;
}

static void append_child(struct ctl_xml *xml, struct ctl_xml_elem *parent, struct ctl_xml_elem *e)
{
	e->parent = parent;
	if (!parent)
		xml->root = e;
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
	const char *tag;
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
	tag = memrchr(xml->data, '<', end);
	begin = tag ? (size_t)(tag - xml->data) : 0;
	src = ctl_xml_src(xml, begin);
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
		r = take_attrs(s, e, xml->data + begin, xml->data + end, attrs);
	if (r < 0) {
		stop(s, r);
		return;
	}
	e->text.raw = end + 1;
	append_child(xml, s->open, e);
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
	while (at && (s->xml->len - at < sizeof(word) - 1 ||
		      memcmp(s->xml->data + at, word, sizeof(word) - 1) != 0))
		at--;
	src = ctl_xml_src(s->xml, at);
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

	while (back && s->xml->data[back - 1] != c)
		back--;
	return ctl_xml_src(s->xml, back ? back - 1 : at);
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
	struct lab_src src = ctl_xml_src(s->xml, here(s));
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
		src = ctl_xml_src(s->xml, here(s));
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
	struct ctl_xml *xml = s->xml;
	xmlSAXHandler *sax;

	s->base = xml->lines[0];
	s->ctxt = xmlCreateMemoryParserCtxt(xml->data + s->base, (int)(xml->len - s->base));
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
		s->error = ctl_diag_error(s->diag, NULL, "%s: not well-formed XML", xml->file);
	if (!s->error && !xml->root)
		s->error = ctl_diag_error(s->diag, NULL, "%s: no root element", xml->file);
	/* The context does not own what the parser may have made on its way. */
	if (s->ctxt->myDoc)
		xmlFreeDoc(s->ctxt->myDoc);
	xmlFreeParserCtxt(s->ctxt);
	return s->error;
}

static int parse(struct ctl_xml *xml, struct ctl_diag *diag)
{
	struct lab_src src = { .file = xml->file };
	struct sax s = { .xml = xml, .diag = diag };
	size_t i;
	int r;

	if (xml->len > CTL_RECIPE_BYTES_MAX) {
		(void)ctl_diag_error(diag, &src, "larger than %u MiB", CTL_RECIPE_BYTES_MAX >> 20);
		return -EFBIG;
	}
	r = ctl_xml_index(xml);
	if (r < 0)
		return r;
	if (xml->len == xml->lines[0])
		return ctl_diag_error(diag, &src, "empty file");
	r = ctl_xml_check_bytes(xml, diag);
	if (r < 0)
		return r;
	r = run_parser(&s);
	for (i = 0; i < LAB_ARRAY_SIZE(s.text); i++)
		lab_strbuf_fini(&s.text[i]);
	return r;
}

int ctl_xml_parse(const char *file, const char *data, size_t len, struct ctl_xml **ret,
		  struct ctl_diag *diag)
{
	struct ctl_arena *arena = ctl_arena_new();
	struct ctl_xml *xml;
	int r;

	xml = arena ? ctl_arena_alloc(arena, 1, sizeof(*xml)) : NULL;
	if (!xml) {
		ctl_arena_free(arena);
		return -ENOMEM;
	}
	*xml = (struct ctl_xml){ .file = file, .arena = arena, .data = data, .len = len };
	r = parse(xml, diag);
	if (r < 0) {
		ctl_arena_free(arena);
		return r;
	}
	*ret = xml;
	return 0;
}

void ctl_xml_free(struct ctl_xml *xml)
{
	if (xml)
		ctl_arena_free(xml->arena);
}
