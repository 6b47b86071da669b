/* SPDX-License-Identifier: GPL-2.0-or-later */
/* output.h - what a command wrote, bounded: its first and its last part */
#ifndef CONTROLLER_RUN_OUTPUT_H
#define CONTROLLER_RUN_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "netlab/base/strbuf.h"

#define CTL_OUTPUT_MAX  (1u << 20)  /* bytes kept of one stream of one command while it runs */
#define CTL_OUTPUT_KEEP (16u << 10) /* bytes kept of it once its end has been reported */

/**
 * struct ctl_output - bytes of one stream
 * @head:	the first CTL_OUTPUT_MAX / 2 bytes
 * @tail:	the last ones behind them; may hold up to twice of what is kept
 * @total:	bytes written by the command
 *
 * A zeroed struct is empty.
 */
struct ctl_output {
	struct lab_strbuf head, tail;
	uint64_t total;
};

/**
 * ctl_output_fini() - Release the bytes
 * @out:	may be zeroed; left empty and usable
 */
void ctl_output_fini(struct ctl_output *out);

/**
 * ctl_output_add() - Add bytes at the end; what does not fit is dropped from the middle
 * @out:	output
 * @data:	bytes; copied
 * @len:	how many
 *
 * Return: 0 or -ENOMEM.
 */
int ctl_output_add(struct ctl_output *out, const void *data, size_t len);

/**
 * ctl_output_shrink() - Keep only the last CTL_OUTPUT_KEEP bytes
 * @out:	output; its total stays
 */
void ctl_output_shrink(struct ctl_output *out);

/**
 * ctl_output_text() - Write all that was kept
 * @out:	output
 * @sb:		appended; where bytes are missing stands a line "[... N bytes left out ...]"
 */
void ctl_output_text(const struct ctl_output *out, struct lab_strbuf *sb);

/**
 * ctl_text_utf8() - Write bytes as UTF-8 text
 * @data:	bytes of any kind
 * @len:	how many
 * @escape:	also make control characters other than tab and newline visible: "^[" for escape
 * @sb:		appended; a byte that is no UTF-8 becomes U+FFFD, as does a NUL
 *
 * Source: RFC 3629 section 4.
 */
void ctl_text_utf8(const char *data, size_t len, bool escape, struct lab_strbuf *sb);

#endif
