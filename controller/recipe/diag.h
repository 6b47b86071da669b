/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diag.h - what is wrong or odd in a recipe: up to 20 errors in one go, each with its place */
#ifndef CONTROLLER_RECIPE_DIAG_H
#define CONTROLLER_RECIPE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/base/err.h"
#include "netlab/base/strbuf.h"

#define CTL_DIAG_ERRORS_MAX 20u
#define CTL_DIAG_NOTES_MAX  40u

enum ctl_diag_kind {
	CTL_DIAG_ERROR,
	CTL_DIAG_NOTE,   /* odd, but allowed */
	CTL_DIAG_BESIDE, /* a second place of the error before it; printed as "note" too */
};

/**
 * struct ctl_diag_item - one error or note
 * @kind:	what it is
 * @src:	the place; its file name is @file
 * @file:	owned copy of the file name, NULL without a place
 * @msg:	one line, lower case, no full stop; control characters of the input are escaped
 */
struct ctl_diag_item {
	enum ctl_diag_kind kind;
	struct lab_src src;
	char *file;
	char *msg;
};

struct ctl_diag_include;

/**
 * struct ctl_diag - what was found so far
 * @items:	errors and notes
 * @n_items:	how many
 * @n_errors:	errors found, also those that are not kept because there are too many
 * @n_notes:	notes found, also those not kept
 *
 * A zeroed struct is empty. It owns its texts and file names: nothing in it points into a recipe.
 */
struct ctl_diag {
	struct ctl_diag_item *items;
	size_t n_items;
	unsigned int n_errors, n_notes;
	/* private */
	size_t cap_items;
	bool skip_beside;
	struct ctl_diag_include *includes;
	size_t n_includes, cap_includes;
};

#define CTL_DIAG_INIT                       \
	{                                   \
		.items = NULL, .n_items = 0 \
	}
#define cleanup_diag LAB_CLEANUP(ctl_diag_fini)

/**
 * ctl_diag_fini() - Release all items
 * @diag:	may be zeroed; left empty and usable
 */
void ctl_diag_fini(struct ctl_diag *diag);

/**
 * ctl_diag_error() - Report an error
 * @diag:	written; may be NULL
 * @src:	place; NULL = none
 * @fmt:	printf format: one line, lower case, no full stop; longer than 511 bytes is cut
 *
 * From the 21st on errors are counted and not kept.
 * Return: -EINVAL, always, so that callers can pass it on.
 */
int ctl_diag_error(struct ctl_diag *diag, const struct lab_src *src, const char *fmt, ...)
	LAB_PRINTF(3, 4);

/**
 * ctl_diag_beside() - Name a second place of the error just reported
 * @diag:	written; may be NULL
 * @src:	place
 * @fmt:	printf format
 *
 * Dropped when that error was not kept.
 */
void ctl_diag_beside(struct ctl_diag *diag, const struct lab_src *src, const char *fmt, ...)
	LAB_PRINTF(3, 4);

/**
 * ctl_diag_included() - Tell where a file was included
 * @diag:	from now on an error in @file has a second place, @from, and so on outwards; may be
 *		NULL
 * @file:	name of the included file, as in the places of errors: of two files with one name
 *		it is the one at this address
 * @from:	the element that includes it
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_diag_included(struct ctl_diag *diag, const char *file, const struct lab_src *from);

/**
 * ctl_diag_note() - Report what is odd but allowed
 * @diag:	written; may be NULL
 * @src:	place; NULL = none
 * @fmt:	printf format
 */
void ctl_diag_note(struct ctl_diag *diag, const struct lab_src *src, const char *fmt, ...)
	LAB_PRINTF(3, 4);

/**
 * ctl_diag_err() - Report a struct lab_err as an error, with its place
 * @diag:	written; may be NULL
 * @err:	error (borrowed)
 * @src:	place to use when @err has none; NULL = none
 *
 * Return: -EINVAL, always.
 */
int ctl_diag_err(struct ctl_diag *diag, const struct lab_err *err, const struct lab_src *src);

/**
 * ctl_diag_full() - Would one more error only be counted
 * @diag:	diagnostics; may be NULL
 *
 * Return: true if so: then the work for a good message can be spared.
 */
bool ctl_diag_full(const struct ctl_diag *diag);

/**
 * ctl_diag_sort() - Bring the items into the order of their places
 * @diag:	sorted by line and column within the order of files; a second place stays behind its
 *		error
 */
void ctl_diag_sort(struct ctl_diag *diag);

/**
 * ctl_diag_format() - Write all items as lines "file:line:col: error: text" and "...: note: text"
 * @diag:	diagnostics
 * @sb:		appended, each line with its newline; at the end how many errors were not kept, if
 *		any
 */
void ctl_diag_format(const struct ctl_diag *diag, struct lab_strbuf *sb);

/**
 * ctl_diag_kind_name() - Word for a kind
 * @kind:	kind
 *
 * Return: "error" or "note"; static storage.
 */
const char *ctl_diag_kind_name(enum ctl_diag_kind kind);

#endif
