/* SPDX-License-Identifier: GPL-2.0-or-later */
/* finding.h - what was found out about the machine: lines with a verdict and a fix */
#ifndef NETLAB_DOCTOR_FINDING_H
#define NETLAB_DOCTOR_FINDING_H

#include <stddef.h>

#include "netlab/base/err.h"

/**
 * DOC: the doctor
 *
 * What a machine can do, and what a lab needs of it, is found out before anything is built:
 *
 *   machine.h	privileges, namespaces, overlayfs: by trying them in a child that is thrown away
 *   limit.h	limits of the kernel and of this process, against the size of a lab
 *   need.h	link kinds, netem, programs, controllers: what one topology uses, and no more, so that
 *		`netlab run` can ask for it each time
 *
 * Each adds findings to a list; the command prints them. The words are the same wherever they stand.
 */
enum lab_verdict {
	LAB_FINDING_OK,    /* it is there */
	LAB_FINDING_WARNS, /* it may become too little, or serves some recipes only */
	LAB_FINDING_LACKS, /* what was asked for cannot be built or run */
};

/**
 * struct lab_finding - one thing that was looked at
 * @verdict:	how it is
 * @what:	the thing, a few words; owned
 * @text:	how it is, one line; owned
 * @fix:	what to do, a command where there is one; owned; NULL = nothing to do
 * @src:	where the recipe needs it, if it is the recipe's; its file name is @file
 * @file:	owned; may be NULL
 */
struct lab_finding {
	enum lab_verdict verdict;
	char *what, *text, *fix;
	struct lab_src src;
	char *file;
};

/**
 * struct lab_findings - a list; a zeroed one is empty
 * @v:		findings in the order in which they were made
 * @n:		how many
 * @error:	-ENOMEM once something could not be added
 */
struct lab_findings {
	struct lab_finding *v;
	size_t n;
	int error;
};

/**
 * lab_finding_add() - Add a finding, without fix and place
 * @list:	list; a failure is latched in it
 * @verdict:	how it is
 * @what:	the thing; copied
 * @fmt:	printf format of the text
 */
void lab_finding_add(struct lab_findings *list, enum lab_verdict verdict, const char *what,
		     const char *fmt, ...) LAB_PRINTF(4, 5);

/**
 * lab_finding_fix() - Say what to do about the last finding
 * @list:	list
 * @fmt:	printf format
 */
void lab_finding_fix(struct lab_findings *list, const char *fmt, ...) LAB_PRINTF(2, 3);

/**
 * lab_finding_at() - Say where the last finding comes from
 * @list:	list
 * @src:	place in a recipe; copied, its file name too
 */
void lab_finding_at(struct lab_findings *list, const struct lab_src *src);

/**
 * lab_finding_line() - Write a finding as an error of a recipe says it
 * @f:		finding
 * @buf:	written: "WHAT: TEXT: FIX"
 * @size:	bytes in @buf, > 0
 *
 * Return: @buf.
 */
char *lab_finding_line(const struct lab_finding *f, char *buf, size_t size);

/**
 * lab_findings_worst() - The worst verdict of a list
 * @list:	list
 *
 * Return: LAB_FINDING_OK if it is empty.
 */
enum lab_verdict lab_findings_worst(const struct lab_findings *list);

/**
 * lab_verdict_name() - Word for a verdict
 * @verdict:	verdict
 *
 * Return: "ok", "warns" or "lacks"; static.
 */
const char *lab_verdict_name(enum lab_verdict verdict);

/**
 * lab_findings_fini() - Release a list
 * @list:	may be zeroed; left zeroed
 */
void lab_findings_fini(struct lab_findings *list);

#endif
