/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diag.c - what is wrong or odd in a recipe: up to 20 errors in one go, each with its place */
#include "controller/recipe/diag.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "controller/recipe/text.h"

enum { MSG_MAX = 512, BESIDE_MAX = 60 };

/**
 * struct ctl_diag_include - one file that was included, in one place
 * @id:		address of its name; never read: the recipe may be gone
 * @file:	its name
 * @from_file:	name of the file that includes it
 * @line:	where
 * @col:	where
 * @outer:	1 + the inclusion of that file; 0: it is the recipe itself
 */
struct ctl_diag_include {
	const char *id;
	char *file, *from_file;
	unsigned int line, col;
	size_t outer;
};

void ctl_diag_fini(struct ctl_diag *diag)
{
	size_t i;

	for (i = 0; i < diag->n_items; i++) {
		free(diag->items[i].file);
		free(diag->items[i].msg);
	}
	free(diag->items);
	for (i = 0; i < diag->n_includes; i++) {
		free(diag->includes[i].file);
		free(diag->includes[i].from_file);
	}
	free(diag->includes);
	*diag = (struct ctl_diag){ 0 };
}

/*
 * A message quotes the user's input: it must stay one line, and must not reach a terminal as an
 * escape sequence, neither with ESC nor with the C1 controls (U+0080 to U+009F).
 */
static void sanitize(const char *in, char out[MSG_MAX])
{
	size_t len = strlen(in), i, n, used = 0;

	for (i = 0; i < len && used + 4 < MSG_MAX; i += n) {
		unsigned char c = (unsigned char)in[i];

		n = ctl_utf8_len(in + i, len - i);
		if (n == 0 || (n == 2 && c == 0xc2 && (unsigned char)in[i + 1] < 0xa0)) {
			n = LAB_MAX(n, (size_t)1);
			out[used++] = '?';
		} else if (c == '\n' || c == '\t' || c == '\r') {
			out[used++] = '\\';
			out[used++] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
		} else if (c < 0x20 || c == 0x7f) {
			out[used++] = '?';
		} else {
			memcpy(out + used, in + i, n);
			used += n;
		}
	}
	out[used] = '\0';
}

static int grow(struct ctl_diag *diag)
{
	struct ctl_diag_item *items;
	size_t cap = diag->cap_items ? diag->cap_items * 2 : 8;

	if (diag->n_items < diag->cap_items)
		return 0;
	items = realloc(diag->items, cap * sizeof(*items));
	if (!items)
		return -ENOMEM;
	diag->items = items;
	diag->cap_items = cap;
	return 0;
}

/* When memory runs out the item is lost; the count of errors still tells that there was one. */
static void add(struct ctl_diag *diag, enum ctl_diag_kind kind, const struct lab_src *src,
		const char *msg)
{
	struct ctl_diag_item item = { .kind = kind };
	char clean[MSG_MAX];

	sanitize(msg, clean);
	if (src && src->file) {
		item.src = *src;
		item.file = strdup(src->file);
		item.src.file = item.file;
	}
	item.msg = strdup(clean);
	if (!item.msg || (src && src->file && !item.file) || grow(diag) < 0) {
		free(item.msg);
		free(item.file);
		return;
	}
	diag->items[diag->n_items++] = item;
}

/* Returns 1 + the index of a file's inclusion, or 0 if it was not included. */
static size_t find_include(const struct ctl_diag *diag, const char *file)
{
	size_t i, same_name = 0;

	for (i = diag->n_includes; i > 0; i--) {
		if (strcmp(diag->includes[i - 1].file, file) != 0)
			continue;
		if (diag->includes[i - 1].id == file)
			return i;
		same_name = i;
	}
	return same_name;
}

int ctl_diag_included(struct ctl_diag *diag, const char *file, const struct lab_src *from)
{
	struct ctl_diag_include *includes, in = { .id = file };
	size_t cap;

	if (!diag)
		return 0;
	if (diag->n_includes == diag->cap_includes) {
		cap = diag->cap_includes ? diag->cap_includes * 2 : 4;
		includes = realloc(diag->includes, cap * sizeof(*includes));
		if (!includes)
			return -ENOMEM;
		diag->includes = includes;
		diag->cap_includes = cap;
	}
	in.line = from->line;
	in.col = from->col;
	in.outer = find_include(diag, from->file);
	in.file = strdup(file);
	in.from_file = strdup(from->file);
	if (!in.file || !in.from_file) {
		free(in.file);
		free(in.from_file);
		return -ENOMEM;
	}
	diag->includes[diag->n_includes++] = in;
	return 0;
}

static void say_included(struct ctl_diag *diag, const char *file)
{
	size_t i = find_include(diag, file);

	while (i) {
		const struct ctl_diag_include *in = &diag->includes[i - 1];
		const struct lab_src src = { in->from_file, in->line, in->col };

		ctl_diag_beside(diag, &src, "included from here");
		i = in->outer;
	}
}

int ctl_diag_error(struct ctl_diag *diag, const struct lab_src *src, const char *fmt, ...)
{
	char msg[MSG_MAX];
	va_list ap;

	if (!diag)
		return -EINVAL;
	diag->skip_beside = diag->n_errors >= CTL_DIAG_ERRORS_MAX;
	diag->n_errors++;
	if (diag->skip_beside)
		return -EINVAL;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	add(diag, CTL_DIAG_ERROR, src, msg);
	if (src && src->file)
		say_included(diag, src->file);
	return -EINVAL;
}

void ctl_diag_beside(struct ctl_diag *diag, const struct lab_src *src, const char *fmt, ...)
{
	char msg[MSG_MAX];
	va_list ap;

	if (!diag || diag->skip_beside ||
	    diag->n_items > CTL_DIAG_ERRORS_MAX + CTL_DIAG_NOTES_MAX + BESIDE_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	add(diag, CTL_DIAG_BESIDE, src, msg);
}

void ctl_diag_note(struct ctl_diag *diag, const struct lab_src *src, const char *fmt, ...)
{
	char msg[MSG_MAX];
	va_list ap;

	if (!diag)
		return;
	diag->skip_beside = diag->n_notes >= CTL_DIAG_NOTES_MAX;
	diag->n_notes++;
	if (diag->skip_beside)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	add(diag, CTL_DIAG_NOTE, src, msg);
}

int ctl_diag_err(struct ctl_diag *diag, const struct lab_err *err, const struct lab_src *src)
{
	return ctl_diag_error(diag, err->src.file ? &err->src : src, "%s", err->msg);
}

bool ctl_diag_full(const struct ctl_diag *diag)
{
	return !diag || diag->n_errors >= CTL_DIAG_ERRORS_MAX;
}

/* Files rank in the order in which they were first named; what has no file comes first. */
static size_t file_rank(const struct ctl_diag *diag, const char *file)
{
	size_t i;

	if (!file)
		return 0;
	for (i = 0; i < diag->n_items; i++) {
		if (diag->items[i].file && !strcmp(diag->items[i].file, file))
			return i + 1;
	}
	return diag->n_items + 1;
}

struct key {
	size_t rank;
	unsigned int line, col;
};

static bool after(const struct key *a, const struct key *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank;
	if (a->line != b->line)
		return a->line > b->line;
	return a->col > b->col;
}

/* An insertion sort: it is stable, there are few items, and mostly they are in order. */
void ctl_diag_sort(struct ctl_diag *diag)
{
	struct key keys[CTL_DIAG_ERRORS_MAX + CTL_DIAG_NOTES_MAX + BESIDE_MAX + 64];
	size_t i, j, n = diag->n_items;

	if (n > LAB_ARRAY_SIZE(keys))
		return;
	for (i = 0; i < n; i++) {
		const struct ctl_diag_item *it = &diag->items[i];

		if (i && it->kind == CTL_DIAG_BESIDE)
			keys[i] = keys[i - 1];
		else
			keys[i] = (struct key){ file_rank(diag, it->file), it->src.line,
						it->src.col };
	}
	for (i = 1; i < n; i++) {
		struct ctl_diag_item item = diag->items[i];
		struct key key = keys[i];

		for (j = i; j && after(&keys[j - 1], &key); j--) {
			keys[j] = keys[j - 1];
			diag->items[j] = diag->items[j - 1];
		}
		keys[j] = key;
		diag->items[j] = item;
	}
}

const char *ctl_diag_kind_name(enum ctl_diag_kind kind)
{
	return kind == CTL_DIAG_ERROR ? "error" : "note";
}

void ctl_diag_format(const struct ctl_diag *diag, struct lab_strbuf *sb)
{
	unsigned int kept = 0;
	size_t i;

	for (i = 0; i < diag->n_items; i++) {
		const struct ctl_diag_item *it = &diag->items[i];

		kept += it->kind == CTL_DIAG_ERROR;
		if (it->file)
			lab_strbuf_puts(sb, it->file);
		if (it->file && it->src.line)
			lab_strbuf_printf(sb, ":%u", it->src.line);
		if (it->file && it->src.line && it->src.col)
			lab_strbuf_printf(sb, ":%u", it->src.col);
		lab_strbuf_printf(sb, "%s%s: %s\n", it->file ? ": " : "",
				  ctl_diag_kind_name(it->kind), it->msg);
	}
	if (diag->n_errors > kept)
		lab_strbuf_printf(sb, "note: %u more error%s\n", diag->n_errors - kept,
				  diag->n_errors - kept == 1 ? "" : "s");
}
