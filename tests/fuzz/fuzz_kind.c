/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_kind.c - options of links and of netem from any text: what passes the check can be built into a message */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netlab/base/util.h"
#include "netlab/nl/link.h"
#include "netlab/nl/qdisc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTIONS_MAX = 32, MESSAGE_MAX = 1 << 18 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

static int index_of(LAB_UNUSED void *data, LAB_UNUSED const char *id)
{
	return 7;
}

/* Lines NAME=VALUE; the text is cut up. */
static size_t take_options(char *text, struct lab_option *ret)
{
	size_t n = 0;
	char *line;

	while (n < OPTIONS_MAX && (line = strsep(&text, "\n"))) {
		char *equals = strchr(line, '=');

		if (!equals)
			continue;
		*equals = '\0';
		ret[n] = (struct lab_option){ .name = line,
					      .value = equals + 1,
					      .src = { .line = (unsigned int)n + 1 } };
		n++;
	}
	return n;
}

/* The message of one that was checked is whole. */
static void check_message(struct lab_nl *nl, bool whole)
{
	uint32_t len;

	check(!whole || nl->error == 0);
	if (nl->error == 0) {
		memcpy(&len, nl->buf, sizeof(len));
		check(len == nl->len && len % 4 == 0 && len <= MESSAGE_MAX);
	}
	lab_nl_close(nl);
}

static void check_kind(enum lab_link_kind kind, const struct lab_option *options, size_t n)
{
	const struct lab_link_options from = { .v = options, .n = n, .ifindex_of = index_of };
	const struct lab_link_new spec = {
		.kind = kind, .name = "fuzz", .netns = -1, .lower = 3, .options = from
	};
	const struct lab_link_change change = {
		.ifindex = 5, .netns = -1, .kind = kind, .options = from
	};
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err = { .code = 0 };
	size_t failed = SIZE_MAX;
	int r;

	r = lab_kind_check(kind, LAB_USE_NEW, options, n, &failed, &err);
	check(r == 0 || (r == -EINVAL && failed <= n && err.msg[0]));
	check(r == 0 || err.src.line == (failed < n ? failed + 1 : 0));
	if (lab_kind_get(kind)->kernel) {
		lab_link_add(&nl, &spec);
		check_message(&nl, r == 0);
		r = lab_kind_check(kind, LAB_USE_CHANGE, options, n, NULL, NULL);
		lab_link_set(&nl, &change);
		check_message(&nl, r == 0);
	}
	if (!lab_kind_get(kind)->port_options)
		return;
	r = lab_kind_check(kind, LAB_USE_PORT, options, n, NULL, NULL);
	lab_link_set_port(&nl, 5, kind, &from);
	check_message(&nl, r == 0);
}

static void check_netem(const char *child, const struct lab_option *options, size_t n)
{
	struct lab_netem netem = { .gap = 0 };
	struct lab_nl nl = { .fd = -1 };
	struct lab_err err = { .code = 0 };
	size_t failed = SIZE_MAX;

	if (lab_netem_set(&netem, child, options, n, &failed, &err) < 0) {
		check(failed <= n && err.msg[0] && !lab_netem_any(&netem));
		return;
	}
	(void)lab_netem_check(&netem, &err);
	lab_qdisc_netem(&nl, 5, &netem, NULL);
	check_message(&nl, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const children[] = { "delay",      "loss", "duplication", "corrupt",
						"reordering", "rate", "limit",       "other" };
	static struct lab_dist_table table;
	struct lab_option options[OPTIONS_MAX];
	cleanup_free char *text = NULL;
	unsigned int which;
	size_t n;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	/* The first byte, a letter, says what it is. */
	which = data[0] < 'A' ? data[0] : (unsigned int)data[0] - 'A';
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	check(lab_dist_parse(text, &table) < 0 || (table.n && table.n <= LAB_DIST_MAX));
	n = take_options(text, options);
	which %= LAB_LINK_KIND_MAX_ + LAB_ARRAY_SIZE(children);
	if (which < LAB_LINK_KIND_MAX_)
		check_kind((enum lab_link_kind)which, options, n);
	else
		check_netem(children[which - LAB_LINK_KIND_MAX_], options, n);
	return 0;
}
