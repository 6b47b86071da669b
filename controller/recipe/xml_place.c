/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml_place.c - from bytes of an XML file to lines and columns; what is checked before parsing */
#include "controller/recipe/xml.h"

#include <string.h>
#include <strings.h>

#include "controller/recipe/text.h"

static const char bom[] = "\xef\xbb\xbf";

int ctl_xml_index(struct ctl_arena *arena, struct ctl_xml_file *file)
{
	const char *p, *end = file->data + file->len;
	size_t n = 1;

	for (p = file->data; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	file->lines = ctl_arena_alloc(arena, n, sizeof(*file->lines));
	if (!file->lines)
		return -ENOMEM;
	n = 1;
	for (p = file->data; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		file->lines[n++] = (uint32_t)(p + 1 - file->data);
	/* A byte order mark is no column. */
	if (file->len >= 3 && !memcmp(file->data, bom, 3))
		file->lines[0] = 3;
	file->n_lines = n;
	return 0;
}

struct lab_src ctl_xml_file_src(struct ctl_xml_file *file, size_t at)
{
	size_t low = 0, high = file->n_lines, mid;

	/* Mostly it is the same line as last time, or one of the next. */
	if (file->lines[file->last_line] <= at) {
		low = file->last_line;
		if (low + 4 < high && file->lines[low + 4] > at)
			high = low + 4;
	}
	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (file->lines[mid] <= at)
			low = mid;
		else
			high = mid;
	}
	file->last_line = low;
	return (struct lab_src){ .file = file->name,
				 .line = (unsigned int)low + 1,
				 .col = (unsigned int)(at - LAB_MIN(at, (size_t)file->lines[low])) +
					1 };
}

/* Mostly it is the same file as last time. */
static struct ctl_xml_file *file_of(struct ctl_xml *xml, size_t offset)
{
	struct ctl_xml_file *last = xml->files[xml->last_file];
	size_t low = 0, high = xml->n_files, mid;

	if (offset >= last->base && offset - last->base <= last->len)
		return last;
	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (xml->files[mid]->base <= offset)
			low = mid;
		else
			high = mid;
	}
	xml->last_file = low;
	return xml->files[low];
}

struct lab_src ctl_xml_src(struct ctl_xml *xml, size_t offset)
{
	struct ctl_xml_file *file = file_of(xml, offset);

	return ctl_xml_file_src(file, offset - file->base);
}

/* Bytes that a character reference "&#...;" stands for, once decoded. */
static size_t char_ref_len(const char *p, const char *end)
{
	unsigned int c = 0, base = 10;

	p += 2;
	if (p < end && *p == 'x') {
		base = 16;
		p++;
	}
	for (; p < end && *p != ';' && c < 0x110000; p++) {
		unsigned int digit = *p <= '9' ? (unsigned int)(*p - '0')
					       : (unsigned int)((*p | 0x20) - 'a' + 10);

		c = c * base + digit;
	}
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

/* End of the markup at p: a comment, an instruction, or a tag, which may have '>' in its values. */
static const char *skip_markup(const char *p, const char *end)
{
	const char *close = NULL;
	char quote = 0;

	if (end - p >= 4 && !memcmp(p, "<!--", 4)) {
		close = memmem(p + 4, (size_t)(end - p - 4), "-->", 3);
		return close ? close + 3 : end;
	}
	if (end - p >= 2 && p[1] == '?') {
		close = memmem(p + 2, (size_t)(end - p - 2), "?>", 2);
		return close ? close + 2 : end;
	}
	for (; p < end && (quote || *p != '>'); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? 0 : *p;
	}
	return p < end ? p + 1 : end;
}

/* A position in the raw text of an element or attribute; step() goes on by one decoded piece. */
struct walk {
	const char *p, *end;
	int depth;
	bool cdata, element;
};

static bool at_cdata(const struct walk *w)
{
	return w->end - w->p >= 9 && !memcmp(w->p, "<![CDATA[", 9);
}

/* Over everything that is not character data of this element itself. */
static void skip_to_text(struct walk *w)
{
	const char *tag;

	while (w->element && w->p < w->end) {
		if (w->cdata && w->end - w->p >= 3 && !memcmp(w->p, "]]>", 3)) {
			w->cdata = false;
			w->p += 3;
		} else if (w->cdata || *w->p != '<') {
			if (w->depth == 0)
				return;
			w->p++;
		} else if (at_cdata(w)) {
			w->cdata = true;
			w->p += 9;
		} else {
			tag = w->p;
			w->p = skip_markup(w->p, w->end);
			if (tag[1] == '/')
				w->depth--;
			else if (tag[1] != '!' && tag[1] != '?' && w->p[-2] != '/')
				w->depth++;
			if (w->depth < 0)
				w->p = w->end;
		}
	}
}

/* Returns how many bytes of the decoded text the piece at w->p stands for. */
static size_t step(struct walk *w)
{
	const char *semicolon;
	size_t n = 1;

	if (!w->cdata && *w->p == '&') {
		semicolon = memchr(w->p, ';', (size_t)(w->end - w->p));
		if (semicolon) {
			n = w->p[1] == '#' ? char_ref_len(w->p, semicolon) : 1;
			w->p = semicolon + 1;
			return n;
		}
	}
	/* XML makes one line feed of these two. */
	if (w->p[0] == '\r' && w->end - w->p >= 2 && w->p[1] == '\n')
		w->p++;
	w->p++;
	return n;
}

/* Which byte of the text as written the byte @at of the expanded text came from. */
static size_t before_expansion(const struct ctl_xml_text *text, size_t at)
{
	size_t low = 0, high = text->n_spans, mid;

	if (!text->n_spans)
		return at;
	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (text->spans[mid].out <= at)
			low = mid;
		else
			high = mid;
	}
	return text->spans[low].from + (text->spans[low].literal ? at - text->spans[low].out : 0);
}

struct lab_src ctl_xml_text_src(struct ctl_xml *xml, const struct ctl_xml_text *text, size_t at)
{
	struct ctl_xml_file *file = file_of(xml, text->raw);
	struct walk w = { .p = file->data + (text->raw - file->base),
			  .end = file->data + file->len };
	size_t done = 0, want = before_expansion(text, text->skip + at);

	if (text->raw_len)
		w.end = w.p + text->raw_len;
	else
		w.element = true;
	skip_to_text(&w);
	while (done < want && w.p < w.end) {
		done += step(&w);
		skip_to_text(&w);
	}
	return ctl_xml_file_src(file, (size_t)(w.p - file->data));
}

void ctl_xml_strip(struct ctl_xml_text *text)
{
	size_t lead = 0;

	while (text->len && ctl_is_space(text->s[text->len - 1]))
		text->len--;
	while (lead < text->len && ctl_is_space(text->s[lead]))
		lead++;
	text->s += lead;
	text->skip += lead;
	text->len -= lead;
	text->s[text->len] = '\0';
}

struct ctl_xml_attr *ctl_xml_attr(const struct ctl_xml_elem *elem, const char *name)
{
	size_t i;

	for (i = 0; i < elem->n_attrs; i++) {
		if (!strcmp(elem->attrs[i].name, name))
			return &elem->attrs[i];
	}
	return NULL;
}

void ctl_xml_hole(struct ctl_xml_elem *elem)
{
	for (; elem && !elem->hole; elem = elem->parent)
		elem->hole = true;
}

/* The value of the pseudo-attribute in <?xml ... encoding="..."?>, if it is there. */
static const char *declared_encoding(const char *p, const char *end, size_t *ret_len)
{
	const char *close, *q;

	if (end - p < 6 || memcmp(p, "<?xml", 5) != 0 || !ctl_is_space(p[5]))
		return NULL;
	close = memmem(p, (size_t)(end - p), "?>", 2);
	if (!close)
		return NULL;
	p = memmem(p, (size_t)(close - p), "encoding", 8);
	if (!p)
		return NULL;
	for (p += 8; p < close && (ctl_is_space(*p) || *p == '='); p++)
		;
	if (p == close || (*p != '"' && *p != '\''))
		return NULL;
	q = memchr(p + 1, *p, (size_t)(close - p - 1));
	*ret_len = q ? (size_t)(q - p - 1) : 0;
	return q ? p + 1 : NULL;
}

static int check_encoding(struct ctl_xml_file *file, struct ctl_diag *diag)
{
	static const char *const good[] = { "UTF-8", "UTF8", "US-ASCII", "ASCII" };
	const char *name, *begin = file->data + file->lines[0];
	struct lab_src src;
	size_t len, i;

	name = declared_encoding(begin, file->data + file->len, &len);
	if (!name)
		return 0;
	for (i = 0; i < LAB_ARRAY_SIZE(good); i++) {
		if (len == strlen(good[i]) && !strncasecmp(name, good[i], len))
			return 0;
	}
	src = ctl_xml_file_src(file, (size_t)(name - file->data));
	return ctl_diag_error(diag, &src, "encoding \"%.*s\": a recipe must be in UTF-8",
			      (int)LAB_MIN(len, (size_t)60), name);
}

/* 8 if there are eight bytes of ASCII without NUL, which is most of what a recipe consists of. */
static size_t plain_ascii(const char *p, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t eight;

	if (len < sizeof(eight))
		return 0;
	memcpy(&eight, p, sizeof(eight));
	return (((eight - ones) | eight) & tops) ? 0 : sizeof(eight);
}

int ctl_xml_check_bytes(struct ctl_xml_file *file, struct ctl_diag *diag)
{
	const char *p = file->data, *end = p + file->len;
	struct lab_src src;
	size_t n;

	if (file->len >= 2 &&
	    (!memcmp(p, "\xff\xfe", 2) || !memcmp(p, "\xfe\xff", 2) || !p[0] || !p[1])) {
		src = ctl_xml_file_src(file, 0);
		return ctl_diag_error(diag, &src,
				      "not UTF-8 but UTF-16 or UTF-32: a recipe must be in UTF-8");
	}
	for (; p < end; p += n) {
		n = plain_ascii(p, (size_t)(end - p));
		if (n)
			continue;
		n = (unsigned char)*p < 0x80 ? !!*p : ctl_utf8_len(p, (size_t)(end - p));
		if (n)
			continue;
		src = ctl_xml_file_src(file, (size_t)(p - file->data));
		return ctl_diag_error(diag, &src,
				      "byte 0x%02x is not UTF-8: a recipe must be in UTF-8",
				      (unsigned int)(unsigned char)*p);
	}
	return check_encoding(file, diag);
}
