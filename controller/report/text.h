/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - what the two files of the text for people share: text.c as it goes, summary.c at the end */
#ifndef CONTROLLER_REPORT_TEXT_H
#define CONTROLLER_REPORT_TEXT_H

#include "controller/report/report_internal.h"

#define CTL_TERM_LINE_MAX 200 /* bytes of a command's text where the terminal says nothing */

/**
 * ctl_term_bold() - What makes text bold
 * @rep:	report
 *
 * Return: a control sequence, "" without colours; static storage.
 */
const char *ctl_term_bold(const struct ctl_report *rep);

/**
 * ctl_term_dim() - What makes text dim
 * @rep:	report
 *
 * Return: a control sequence, "" without colours; static storage.
 */
const char *ctl_term_dim(const struct ctl_report *rep);

/**
 * ctl_term_off() - What makes text plain again
 * @rep:	report
 *
 * Return: a control sequence, "" without colours; static storage.
 */
const char *ctl_term_off(const struct ctl_report *rep);

/**
 * ctl_term_colour() - The colour of a verdict
 * @rep:	report
 * @v:		verdict
 *
 * Return: a control sequence, "" without colours; static storage.
 */
const char *ctl_term_colour(const struct ctl_report *rep, enum ctl_verdict v);

/**
 * ctl_term_verdict() - Write a verdict and a time, as each line of a list begins
 * @rep:	report
 * @v:		verdict
 * @us:		how long it took
 * @sb:		appended: "PASS    1.234 s  "
 */
void ctl_term_verdict(const struct ctl_report *rep, enum ctl_verdict v, uint64_t us,
		      struct lab_strbuf *sb);

/**
 * ctl_term_end_recipe() - Say how a recipe ended: what failed and why, its tasks, its verdict
 * @rep:	report
 * @e:		event verdict
 */
void ctl_term_end_recipe(struct ctl_report *rep, const struct ctl_event *e);

/**
 * ctl_term_end() - List the recipes, if there are several
 * @rep:	report
 * @e:		event end
 */
void ctl_term_end(struct ctl_report *rep, const struct ctl_event *e);

#endif
