/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - UTF-8, white space, and lists of names for messages */
#ifndef CONTROLLER_RECIPE_TEXT_H
#define CONTROLLER_RECIPE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define CTL_HINT_MAX 240u

/**
 * ctl_utf8_len() - Length of the character at the beginning of a text
 * @s:		bytes
 * @len:	how many, > 0
 *
 * Return: 1..4, or 0 if they do not begin with a valid character (overlong forms and surrogates are
 * not valid).
 * Source: RFC 3629.
 */
size_t ctl_utf8_len(const char *s, size_t len);

/* Is it white space in XML (XML 1.0, production S)? */
static inline bool ctl_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Is it a letter, a digit or '_' of ASCII: what names of aliases and functions are made of? */
static inline bool ctl_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/**
 * struct ctl_hint - collects names that would be right
 * @word:	what was written
 * @names:	candidates so far (borrowed), NULL-terminated
 * @n:		how many; further ones are left out
 */
struct ctl_hint {
	const char *word;
	const char *names[256];
	size_t n;
	bool more;
};

/**
 * ctl_hint_add() - Add a candidate
 * @hint:	zeroed but for @word before the first
 * @name:	candidate (borrowed until ctl_hint_text())
 */
void ctl_hint_add(struct ctl_hint *hint, const char *name);

/**
 * ctl_hint_text() - Say which name was probably meant, or which there are
 * @hint:	candidates
 * @open:	put in front of each name, as "<"
 * @close:	put behind each, as ">"
 * @list:	begins the list, as "; hosts: "
 * @buf:	written: "; did you mean <x>?", or @list and the names, or "" when there is none
 *
 * Return: @buf.
 */
const char *ctl_hint_text(const struct ctl_hint *hint, const char *open, const char *close,
			  const char *list, char buf[CTL_HINT_MAX]);

#endif
