/* SPDX-License-Identifier: GPL-2.0-or-later */
/* finding.c - what was found out about the machine: lines with a verdict and a fix */
#include "netlab/doctor/finding.h"

#include <string.h>

#include "netlab/base/util.h"

enum { GROW = 16 };

void lab_finding_add(struct lab_findings *list, enum lab_verdict verdict, const char *what,
		     const char *fmt, ...)
{
	struct lab_finding *grown = list->v, *f;
	va_list ap;

	if (list->n % GROW == 0)
		grown = reallocarray(list->v, list->n + GROW, sizeof(*grown));
	if (!grown) {
		list->error = -ENOMEM;
		return;
	}
	list->v = grown;
	f = &grown[list->n];
	*f = (struct lab_finding){ .verdict = verdict, .what = strdup(what) };
	va_start(ap, fmt);
	if (vasprintf(&f->text, fmt, ap) < 0)
		f->text = NULL;
	va_end(ap);
	if (!f->what || !f->text) {
		free(f->what);
		free(f->text);
		list->error = -ENOMEM;
		return;
	}
	list->n++;
}

void lab_finding_fix(struct lab_findings *list, const char *fmt, ...)
{
	va_list ap;
	char *fix;

	if (!list->n || list->error)
		return;
	va_start(ap, fmt);
	if (vasprintf(&fix, fmt, ap) < 0)
		list->error = -ENOMEM;
	else
		list->v[list->n - 1].fix = fix;
	va_end(ap);
}

void lab_finding_at(struct lab_findings *list, const struct lab_src *src)
{
	struct lab_finding *f;

	if (!list->n || list->error || !src->line)
		return;
	f = &list->v[list->n - 1];
	f->file = strdup(src->file ? src->file : "");
	if (!f->file) {
		list->error = -ENOMEM;
		return;
	}
	f->src = *src;
	f->src.file = f->file;
}

char *lab_finding_line(const struct lab_finding *f, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s: %s%s%s", f->what, f->text, f->fix ? ": " : "",
		       f->fix ? f->fix : "");
	return buf;
}

enum lab_verdict lab_findings_worst(const struct lab_findings *list)
{
	enum lab_verdict worst = LAB_FINDING_OK;
	size_t i;

	for (i = 0; i < list->n; i++)
		worst = LAB_MAX(worst, list->v[i].verdict);
	return worst;
}

const char *lab_verdict_name(enum lab_verdict verdict)
{
	switch (verdict) {
	case LAB_FINDING_OK:
		return "ok";
	case LAB_FINDING_WARNS:
		return "warns";
	case LAB_FINDING_LACKS:
		return "lacks";
	}
	return "?";
}

void lab_findings_fini(struct lab_findings *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->v[i].what);
		free(list->v[i].text);
		free(list->v[i].fix);
		free(list->v[i].file);
	}
	free(list->v);
	*list = (struct lab_findings){ 0 };
}
