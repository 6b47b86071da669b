/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.h - the files that a report writes at its end: all of it or nothing */
#ifndef CONTROLLER_REPORT_FILE_H
#define CONTROLLER_REPORT_FILE_H

#include "controller/report/model.h"
#include "controller/report/report.h"

/**
 * struct ctl_report_file - a file to be written
 * @path:	as the user gave it (borrowed); NULL = none
 * @real:	where it is: links followed; owned
 * @direct:	no regular file, so it is written in place
 * @mode:	permissions that it gets
 */
struct ctl_report_file {
	const char *path;
	char *real;
	bool direct;
	unsigned int mode;
};

/**
 * ctl_report_file_open() - Try whether a file can be written, without touching it
 * @file:	written; release with ctl_report_file_close()
 * @path:	its path; borrowed as long as @file
 * @err:	filled on failure; may be NULL
 *
 * Makes a file beside it and removes that again.
 * Return: 0 or -errno. Errors: those of open(2); -EISDIR.
 */
int ctl_report_file_open(struct ctl_report_file *file, const char *path, struct lab_err *err);

/**
 * ctl_report_file_write() - Write a file
 * @file:	file; nothing is done when it has no path
 * @format:	what it gets
 * @model:	from this
 * @err:	filled on failure; may be NULL
 *
 * A regular file is replaced by a complete one: on failure the old one is still there.
 * Return: 0 or -errno. Errors: those of open(2), write(2) and rename(2); -ENOMEM.
 */
int ctl_report_file_write(const struct ctl_report_file *file, enum ctl_report_format format,
			  const struct ctl_model *model, struct lab_err *err);

/**
 * ctl_report_file_close() - Release it
 * @file:	may be zeroed; left zeroed
 */
void ctl_report_file_close(struct ctl_report_file *file);

/**
 * ctl_report_result() - Write the results as LNST wrote them
 * @model:	what is known
 * @sb:		appended
 *
 * Source: docs/reports.md.
 */
void ctl_report_result(const struct ctl_model *model, struct lab_strbuf *sb);

/**
 * ctl_report_junit() - Write the results as CI servers read them
 * @model:	what is known
 * @sb:		appended
 *
 * Source: docs/reports.md.
 */
void ctl_report_junit(const struct ctl_model *model, struct lab_strbuf *sb);

/**
 * ctl_report_html() - Write the results as a page for people
 * @model:	what is known
 * @sb:		appended
 */
void ctl_report_html(const struct ctl_model *model, struct lab_strbuf *sb);

#endif
