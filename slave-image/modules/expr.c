/* SPDX-License-Identifier: GPL-2.0-or-later */
/* expr.c - conditions on results, such as "packets_received > 0" */
#include "slave-image/modules/expr.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "slave-image/modules/parse.h"

enum { DEPTH_MAX = 32, TEXT_MAX = 256 };

struct value {
	bool is_text;
	double number;
	char text[TEXT_MAX];
};

/* What is being read. After an error nothing more is read. */
struct parser {
	const char *p;
	unsigned int depth;
	const char *(*lookup)(const char *name, void *user);
	void *user;
	bool failed;
	char *error;
	size_t size;
};

static void parse_or(struct parser *ps, struct value *ret);

__attribute__((format(printf, 2, 3))) static void set_error(struct parser *ps, const char *fmt, ...)
{
	va_list ap;

	if (ps->failed)
		return;
	ps->failed = true;
	va_start(ap, fmt);
	(void)vsnprintf(ps->error, ps->size, fmt, ap);
	va_end(ap);
}

static void skip_blanks(struct parser *ps)
{
	ps->p += strspn(ps->p, " \t\r\n");
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void set_number(struct value *v, double number)
{
	v->is_text = false;
	v->number = number;
}

static bool is_true(const struct value *v)
{
	return v->is_text ? *v->text : v->number != 0;
}

/* Take a word or an operator if it comes next; a word must end there. */
static bool take(struct parser *ps, const char *token)
{
	size_t n = strlen(token);

	skip_blanks(ps);
	if (ps->failed || strncmp(ps->p, token, n) != 0)
		return false;
	if (is_name(token[0]) && is_name(ps->p[n]))
		return false;
	ps->p += n;
	return true;
}

/* --- values --- */

/* A result is a number if all of it reads as one, as Python's float() does it. */
static void set_result(struct value *v, const char *s)
{
	const char *end, *p = s + strspn(s, " ");
	double sign = 1, number;

	if (*p == '-' || *p == '+')
		sign = *p++ == '-' ? -1 : 1;
	if (mod_parse_number(p, &end, &number) && end[strspn(end, " ")] == '\0') {
		set_number(v, sign * number);
		return;
	}
	v->is_text = true;
	(void)snprintf(v->text, sizeof(v->text), "%s", s);
}

static void parse_text(struct parser *ps, struct value *ret)
{
	char quote = *ps->p++;
	size_t n = 0;

	ret->is_text = true;
	for (; *ps->p && *ps->p != quote; ps->p++) {
		if (*ps->p == '\\' || n + 1 >= sizeof(ret->text)) {
			set_error(ps, "a string with a backslash, or too long");
			return;
		}
		ret->text[n++] = *ps->p;
	}
	ret->text[n] = '\0';
	if (!*ps->p)
		set_error(ps, "a string is not ended");
	else
		ps->p++;
}

static void parse_name(struct parser *ps, struct value *ret)
{
	const char *value;
	char name[64];
	size_t n = 0;

	while (is_name(ps->p[n]))
		n++;
	if (n >= sizeof(name)) {
		set_error(ps, "too long a name");
		return;
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)n, ps->p);
	ps->p += n;
	if (strcmp(name, "True") == 0 || strcmp(name, "False") == 0) {
		set_number(ret, name[0] == 'T');
		return;
	}
	value = ps->lookup(name, ps->user);
	if (value)
		set_result(ret, value);
	else
		set_error(ps, "there is no result %s", name);
}

static void parse_primary(struct parser *ps, struct value *ret)
{
	const char *end;
	double number;

	set_number(ret, 0);
	if (take(ps, "(")) {
		parse_or(ps, ret);
		if (!take(ps, ")"))
			set_error(ps, "a ) is missing at \"%.32s\"", ps->p);
		return;
	}
	if (ps->failed)
		return;
	if (*ps->p == '"' || *ps->p == '\'') {
		parse_text(ps, ret);
	} else if (mod_parse_number(ps->p, &end, &number) && !is_name(*end)) {
		set_number(ret, number);
		ps->p = end;
	} else if (is_name(*ps->p) && !isdigit((unsigned char)*ps->p)) {
		parse_name(ps, ret);
	} else {
		set_error(ps, "a value is missing at \"%.32s\"", ps->p);
	}
}

/* --- arithmetic --- */

static bool need_number(struct parser *ps, const struct value *v)
{
	if (v->is_text)
		set_error(ps, "\"%.32s\" is not a number", v->text);
	return !ps->failed;
}

static void parse_unary(struct parser *ps, struct value *ret)
{
	double sign = 1;

	for (;;) {
		if (take(ps, "-"))
			sign = -sign;
		else if (!take(ps, "+"))
			break;
		else if (sign > 0)
			sign = 1;
	}
	parse_primary(ps, ret);
	if (sign < 0 && need_number(ps, ret))
		set_number(ret, -ret->number);
}

/* As in Python the quotient is rounded down, and the remainder has the sign of the divisor. */
static void divide(struct parser *ps, struct value *v, char op, double by)
{
	double whole;

	if (by == 0) {
		set_error(ps, "division by zero");
		return;
	}
	whole = floor(v->number / by);
	set_number(v, op == '/' ? v->number / by : op == '%' ? v->number - whole * by : whole);
}

static void parse_product(struct parser *ps, struct value *ret)
{
	struct value right;
	char op;

	parse_unary(ps, ret);
	while (!ps->failed) {
		if (take(ps, "//"))
			op = 'w';
		else if (take(ps, "/"))
			op = '/';
		else if (take(ps, "%"))
			op = '%';
		else if (take(ps, "*"))
			op = '*';
		else
			return;
		parse_unary(ps, &right);
		if (!need_number(ps, ret) || !need_number(ps, &right))
			return;
		if (op == '*')
			set_number(ret, ret->number * right.number);
		else
			divide(ps, ret, op, right.number);
	}
}

static void parse_sum(struct parser *ps, struct value *ret)
{
	struct value right;
	bool minus;

	parse_product(ps, ret);
	while (!ps->failed) {
		minus = take(ps, "-");
		if (!minus && !take(ps, "+"))
			return;
		parse_product(ps, &right);
		if (need_number(ps, ret) && need_number(ps, &right))
			set_number(ret, ret->number + (minus ? -right.number : right.number));
	}
}

/* --- comparisons and logic --- */

static const char *const comparisons[] = { "==", "!=", "<=", ">=", "<", ">", NULL };

static const char *take_comparison(struct parser *ps)
{
	size_t i;

	for (i = 0; comparisons[i]; i++) {
		if (take(ps, comparisons[i]))
			return comparisons[i];
	}
	return NULL;
}

static bool holds(struct parser *ps, const struct value *a, const char *op, const struct value *b)
{
	int order;

	if (a->is_text != b->is_text) {
		if (op[0] != '=' && op[0] != '!')
			set_error(ps, "a text cannot be compared with a number by %s", op);
		return op[0] == '!';
	}
	if (a->is_text)
		order = strcmp(a->text, b->text);
	else
		order = a->number < b->number ? -1 : a->number > b->number;
	switch (op[0]) {
	case '=':
		return order == 0;
	case '!':
		return order != 0;
	case '<':
		return order < 0 || (op[1] && order == 0);
	default:
		return order > 0 || (op[1] && order == 0);
	}
}

/* a < b < c means a < b and b < c. */
static void parse_comparison(struct parser *ps, struct value *ret)
{
	struct value right;
	bool all = true;
	const char *op;

	parse_sum(ps, ret);
	op = take_comparison(ps);
	if (!op)
		return;
	while (op && !ps->failed) {
		parse_sum(ps, &right);
		if (!ps->failed)
			all &= holds(ps, ret, op, &right);
		*ret = right;
		op = take_comparison(ps);
	}
	set_number(ret, all);
}

static void parse_not(struct parser *ps, struct value *ret)
{
	bool odd = false, any = false;

	while (take(ps, "not")) {
		odd = !odd;
		any = true;
	}
	parse_comparison(ps, ret);
	if (any)
		set_number(ret, is_true(ret) != odd);
}

/* Both sides are always evaluated: they have no effects but errors. */
static void parse_and(struct parser *ps, struct value *ret)
{
	struct value right;

	parse_not(ps, ret);
	while (take(ps, "and")) {
		parse_not(ps, &right);
		set_number(ret, is_true(ret) && is_true(&right));
	}
}

static void parse_or(struct parser *ps, struct value *ret)
{
	struct value right;

	if (++ps->depth > DEPTH_MAX) {
		set_error(ps, "too many parentheses");
		set_number(ret, 0);
		return;
	}
	parse_and(ps, ret);
	while (take(ps, "or")) {
		parse_and(ps, &right);
		set_number(ret, is_true(ret) || is_true(&right));
	}
	ps->depth--;
}

const char *mod_expr_name(const char *expr, size_t *ret_len)
{
	size_t n = 0;

	expr += strspn(expr, " \t\r\n");
	while (is_name(expr[n]))
		n++;
	*ret_len = n;
	return n && !isdigit((unsigned char)*expr) ? expr : NULL;
}

bool mod_expr_eval(const char *expr, const char *(*lookup)(const char *name, void *user),
		   void *user, bool *ret, char *error, size_t size)
{
	struct parser ps = {
		.p = expr, .lookup = lookup, .user = user, .error = error, .size = size
	};
	struct value v;

	if (strlen(expr) > MOD_EXPR_MAX) {
		set_error(&ps, "longer than %u bytes", MOD_EXPR_MAX);
		return false;
	}
	parse_or(&ps, &v);
	skip_blanks(&ps);
	if (*ps.p)
		set_error(&ps, "\"%.32s\" is not understood", ps.p);
	if (ps.failed)
		return false;
	*ret = is_true(&v);
	return true;
}
