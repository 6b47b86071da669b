/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_report.c - events of any kind in any order: every report of them is whole, and its markup is well formed */
#include <libxml/parser.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/report/file.h"
#include "controller/report/report.h"
#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH_MAX = 64 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Whatever libxml2 has to say is an error. */
static void ignore(void *ctx LAB_UNUSED, const char *text LAB_UNUSED, ...)
{
}

static void check_xml(const struct lab_strbuf *sb)
{
	xmlDoc *doc = xmlReadMemory(sb->data, (int)sb->len, "report.xml", NULL,
				    XML_PARSE_NONET | XML_PARSE_HUGE);

	check(doc);
	xmlFreeDoc(doc);
}

static bool is_one_of(const char *const *names, const char *name, size_t len)
{
	for (; *names; names++)
		if (strlen(*names) == len && memcmp(*names, name, len) == 0)
			return true;
	return false;
}

/* Behind a start tag: an attribute's value may have ">" in it. */
static const char *tag_end(const char *p)
{
	char quote = 0;

	for (; *p && (quote || *p != '>'); p++) {
		if (*p == '"')
			quote = quote ? 0 : '"';
	}
	check(*p == '>');
	return p;
}

/* Each element that is opened is closed, in the right order, and the page is all there is. */
static void check_html(const struct lab_strbuf *sb)
{
	static const char *const empty[] = {
		"meta", "br", "hr", "link", "img", "wbr", "input", NULL
	};
	static const char *const raw[] = { "script", "style", NULL };
	struct {
		const char *name;
		size_t len;
	} open[DEPTH_MAX];
	const char *p = strchr(sb->data, '\n'), *end;
	size_t depth = 0, len;

	check(strlen(sb->data) == sb->len);
	while (p && (p = strchr(p, '<'))) {
		bool closing = p[1] == '/';

		p += closing ? 2 : 1;
		len = strcspn(p, " \t\n/>");
		end = tag_end(p);
		if (closing) {
			check(depth && open[depth - 1].len == len &&
			      memcmp(open[depth - 1].name, p, len) == 0);
			depth--;
		} else if (end[-1] != '/' && !is_one_of(empty, p, len)) {
			check(depth < DEPTH_MAX);
			open[depth].name = p;
			open[depth++].len = len;
			if (is_one_of(raw, p, len)) {
				end = strstr(end, "</");
				check(end);
				end--;
			}
		}
		p = end + 1;
	}
	check(depth == 0);
}

static void discard(int fd LAB_UNUSED, const char *data LAB_UNUSED, size_t len LAB_UNUSED,
		    void *user LAB_UNUSED)
{
}

static uint64_t no_time(void)
{
	return 0;
}

static void report_as(enum ctl_report_style_kind style, const json_t *events)
{
	const struct ctl_report_params params = {
		.write = discard,
		.style = style,
		.verbose = true,
		.timing = true,
		.colour = true,
		.columns = 80,
		.now_us = no_time,
	};
	struct ctl_report *rep = NULL;
	json_t *event, *copy;
	size_t i;

	if (ctl_report_new(&params, &rep, NULL) < 0)
		return;
	json_array_foreach(events, i, event) {
		/* A report may write into its events. */
		copy = json_deep_copy(event);
		if (copy)
			(void)ctl_report_event(rep, copy);
		json_decref(copy);
	}
	ctl_report_end(rep, 0);
	ctl_report_free(rep);
}

static void write_files(const json_t *events)
{
	static void (*const writers[])(const struct ctl_model *, struct lab_strbuf *) = {
		ctl_report_result,
		ctl_report_junit,
		ctl_report_html,
	};
	struct ctl_model model = { 0 };
	struct ctl_event taken;
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event)
		(void)ctl_model_take(&model, event, &taken);
	for (i = 0; i < LAB_ARRAY_SIZE(writers); i++) {
		cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;

		writers[i](&model, &sb);
		check(!sb.error && sb.data);
		if (writers[i] == ctl_report_html)
			check_html(&sb);
		else
			check_xml(&sb);
	}
	ctl_model_fini(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *newline;
	cleanup_json json_t *events = json_array();
	json_t *event;

	xmlSetGenericErrorFunc(NULL, ignore);
	for (; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (!newline)
			newline = end;
		event = json_loadb(p, (size_t)(newline - p), 0, NULL);
		if (json_is_object(event))
			(void)json_array_append(events, event);
		json_decref(event);
	}
	write_files(events);
	report_as(CTL_REPORT_TEXT, events);
	report_as(CTL_REPORT_TAP, events);
	report_as(CTL_REPORT_JSON, events);
	return 0;
}
