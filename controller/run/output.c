/* SPDX-License-Identifier: GPL-2.0-or-later */
/* output.c - what a command wrote, bounded: its first and its last part */
#include "controller/run/output.h"

#include <inttypes.h>
#include <string.h>

#include "netlab/base/util.h"

#define HALF ((size_t)CTL_OUTPUT_MAX / 2)

void ctl_output_fini(struct ctl_output *out)
{
	lab_strbuf_fini(&out->head);
	lab_strbuf_fini(&out->tail);
	out->total = 0;
}

int ctl_output_add(struct ctl_output *out, const void *data, size_t len)
{
	const char *bytes = data;
	size_t n;

	out->total += len;
	n = LAB_MIN(len, HALF - LAB_MIN(HALF, out->head.len));
	/* Once bytes have gone to the tail the head is closed: it may have been shrunk away. */
	if (out->tail.len)
		n = 0;
	lab_strbuf_add(&out->head, bytes, n);
	bytes += n;
	len -= n;
	if (len > HALF) {
		bytes += len - HALF;
		len = HALF;
	}
	if (out->tail.len + len > 2 * HALF)
		lab_strbuf_consume(&out->tail, out->tail.len + len - HALF);
	lab_strbuf_add(&out->tail, bytes, len);
	return out->head.error < 0 ? out->head.error : out->tail.error;
}

void ctl_output_shrink(struct ctl_output *out)
{
	struct lab_strbuf kept = LAB_STRBUF_INIT;
	size_t from_tail, from_head;

	if (out->head.len + out->tail.len <= CTL_OUTPUT_KEEP)
		return;
	from_tail = LAB_MIN(out->tail.len, (size_t)CTL_OUTPUT_KEEP);
	/* The head's bytes belong before the tail's only if nothing is missing between them. */
	from_head = 0;
	if (out->head.len + out->tail.len == out->total)
		from_head = CTL_OUTPUT_KEEP - from_tail;
	if (from_head)
		lab_strbuf_add(&kept, out->head.data + out->head.len - from_head, from_head);
	if (from_tail)
		lab_strbuf_add(&kept, out->tail.data + out->tail.len - from_tail, from_tail);
	lab_strbuf_fini(&out->head);
	lab_strbuf_fini(&out->tail);
	out->tail = kept;
}

void ctl_output_text(const struct ctl_output *out, struct lab_strbuf *sb)
{
	size_t tail = LAB_MIN(out->tail.len, HALF);
	uint64_t missing = out->total - out->head.len - tail;

	if (out->head.len)
		lab_strbuf_add(sb, out->head.data, out->head.len);
	if (missing) {
		if (out->head.len && out->head.data[out->head.len - 1] != '\n')
			lab_strbuf_putc(sb, '\n');
		lab_strbuf_printf(sb, "[... %" PRIu64 " bytes left out ...]\n", missing);
	}
	if (tail)
		lab_strbuf_add(sb, out->tail.data + out->tail.len - tail, tail);
}

/* Length of the UTF-8 sequence at s, or 0 when it is none. RFC 3629 section 4. */
static size_t sequence(const unsigned char *s, size_t len)
{
	unsigned int low = 0x80, high = 0xbf;
	size_t n, i;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (n > len || s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

void ctl_text_utf8(const char *data, size_t len, bool escape, struct lab_strbuf *sb)
{
	const unsigned char *s = (const unsigned char *)data;
	size_t i = 0, n;

	while (i < len) {
		if (s[i] >= 0x80) {
			n = sequence(s + i, len - i);
			/* U+0080 to U+009F are control characters as well. */
			if (n == 2 && escape && s[i] == 0xc2 && s[i + 1] < 0xa0)
				n = 0;
			lab_strbuf_add(sb, n ? data + i : "\xef\xbf\xbd", n ? n : 3);
			i += n ? n : 1;
			continue;
		}
		if (s[i] == 0)
			lab_strbuf_puts(sb, "\xef\xbf\xbd");
		else if (escape && (s[i] < 0x20 || s[i] == 0x7f) && s[i] != '\t' && s[i] != '\n')
			lab_strbuf_printf(sb, "^%c", s[i] ^ 0x40);
		else
			lab_strbuf_putc(sb, data[i]);
		i++;
	}
}
