/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kind_internal.h - the table of kinds, and how the text of an option becomes a value */
#ifndef NETLAB_NL_KIND_INTERNAL_H
#define NETLAB_NL_KIND_INTERNAL_H

#include "netlab/base/addr.h"
#include "netlab/nl/kind.h"

enum {
	LAB_VALUE_BYTES_MAX = 64,
	LAB_PIECE_MAX = 64,   /* one of several values in a text, with its NUL */
	LAB_GROUP_MAX = 8192, /* bytes of a group or of extra arguments */
	LAB_GROUP_WORDS = 64, /* options in one */
};

extern const struct lab_kind_def lab_kind_table[LAB_LINK_KIND_MAX_];

/**
 * struct lab_option_value - what the text of an option means
 * @number:	number, yes (1) or no (0), what a word stands for, key of a tunnel (host byte order), first of a range, FROM
 * @last:	last of a range, TO
 * @addr:	IP address with its prefix length, or that of an endpoint
 * @port:	that of an endpoint
 * @bytes:	Ethernet address, hexadecimal digits, base64
 * @len:	how many of @bytes
 */
struct lab_option_value {
	uint64_t number, last;
	struct lab_addr addr;
	uint16_t port;
	uint8_t bytes[LAB_VALUE_BYTES_MAX];
	size_t len;
};

/**
 * struct lab_option_group - the options that stand in one text
 * @text:	the text, cut into words
 * @options:	the options; their names and values lie in @text or are static
 * @n:		how many
 */
struct lab_option_group {
	char text[LAB_GROUP_MAX];
	struct lab_option options[LAB_GROUP_WORDS];
	size_t n;
};

/**
 * struct lab_option_set - options with the rows that they are checked against
 * @what:	what they belong to, for messages
 * @rows:	ended by one without a name
 * @options:	names and texts
 * @n:		how many
 */
struct lab_option_set {
	const char *what;
	const struct lab_option_def *rows;
	const struct lab_option *options;
	size_t n;
};

/**
 * lab_options_check() - The check of lab_kind_check() for other rows
 * @set:	options and rows
 * @ret_failed:	on failure, which is wrong; the number of options = one is missing; may be NULL
 * @err:	filled on failure; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int lab_options_check(const struct lab_option_set *set, size_t *ret_failed, struct lab_err *err);

/**
 * lab_option_find() - The row of an option
 * @rows:	ended by one without a name; NULL = none
 * @name:	either of its names
 *
 * Return: the row, or NULL.
 */
const struct lab_option_def *lab_option_find(const struct lab_option_def *rows, const char *name);

/**
 * lab_option_is_list() - May one text hold several values
 * @def:	row of the option
 *
 * Return: true if lab_option_next() cuts it.
 */
bool lab_option_is_list(const struct lab_option_def *def);

/**
 * lab_option_next() - The next of several values in a text
 * @def:	row of an option that is a list
 * @at:		where to go on; moved behind the piece
 * @ret:	the piece, on success; too long ones are cut, which makes them wrong
 *
 * Values are separated by commas (addresses, subnets) or blanks (maps).
 * Return: false at the end of the text.
 */
bool lab_option_next(const struct lab_option_def *def, const char **at, char ret[LAB_PIECE_MAX]);

/**
 * lab_option_read() - Read one value
 * @def:	row of the option
 * @text:	text, or a piece of lab_option_next()
 * @ret:	what it means, on success; untouched for text, groups and interfaces
 * @err:	filled on failure: `option miimon: "abc" is not a number of 0 to 2147483647`; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int lab_option_read(const struct lab_option_def *def, const char *text,
		    struct lab_option_value *ret, struct lab_err *err);

/**
 * lab_option_split() - Cut a group, or extra arguments, into options
 * @def:	row of the option
 * @rows:	what extra arguments are looked up in: the table that @def is from
 * @option:	name, text and place
 * @ret:	the options, each with the place of @option; on success
 * @err:	filled on failure; may be NULL
 *
 * Only the form is checked; lab_kind_check() checks the names and values.
 * Return: 0 or -EINVAL.
 */
int lab_option_split(const struct lab_option_def *def, const struct lab_option_def *rows,
		     const struct lab_option *option, struct lab_option_group *ret,
		     struct lab_err *err);

#endif
