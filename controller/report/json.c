/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.c - a report as JSON: the events themselves, one a line */
#include "controller/report/report_internal.h"
#include "netlab/base/util.h"

static void json_event(struct ctl_report *rep, const struct ctl_event *e)
{
	cleanup_free char *line = json_dumps(e->json, JSON_COMPACT);
	struct lab_strbuf sb = LAB_STRBUF_INIT;

	if (!line)
		return;
	lab_strbuf_puts(&sb, line);
	lab_strbuf_putc(&sb, '\n');
	ctl_report_puts(rep, 1, &sb);
}

const struct ctl_report_style ctl_report_json = { .event = json_event };
