/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table.c - text tables: columns as wide as their widest cell */
#include "netlab/cli/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GAP "  "

/*
 * struct lab_table - the cells stand in @text one behind the other, each with its NUL
 */
struct lab_table {
	const struct lab_column *columns;
	size_t n_columns, n_cells;
	struct lab_strbuf text;
	size_t *widths;
};

/* Terminal columns of a text: its characters, since no wide ones are expected. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

int lab_table_new(const struct lab_column *columns, size_t n_columns, struct lab_table **ret)
{
	struct lab_table *table = calloc(1, sizeof(*table));
	size_t i;

	if (!table)
		return -ENOMEM;
	table->columns = columns;
	table->n_columns = n_columns;
	table->widths = calloc(n_columns, sizeof(*table->widths));
	if (!table->widths) {
		free(table);
		return -ENOMEM;
	}
	for (i = 0; i < n_columns; i++)
		table->widths[i] = width(columns[i].title);
	*ret = table;
	return 0;
}

void lab_table_free(struct lab_table *table)
{
	if (!table)
		return;
	lab_strbuf_fini(&table->text);
	free(table->widths);
	free(table);
}

void lab_table_add(struct lab_table *table, const char *fmt, ...)
{
	size_t column = table->n_cells % table->n_columns, w;
	cleanup_free char *cell = NULL;
	va_list ap;
	char *c;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&cell, fmt, ap);
	va_end(ap);
	if (n < 0) {
		cell = NULL;
		table->text.error = -ENOMEM;
		return;
	}
	for (c = cell; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	w = width(cell);
	if (w > table->widths[column])
		table->widths[column] = w;
	lab_strbuf_add(&table->text, cell, (size_t)n + 1);
	table->n_cells++;
}

static void put_cell(const struct lab_table *table, size_t column, const char *text,
		     struct lab_strbuf *sb)
{
	int pad = (int)(table->widths[column] - width(text));

	if (column > 0)
		lab_strbuf_puts(sb, GAP);
	if (table->columns[column].right)
		lab_strbuf_printf(sb, "%*s%s", pad, "", text);
	else
		lab_strbuf_printf(sb, "%s%*s", text, pad, "");
}

static void end_line(struct lab_strbuf *sb, size_t start, const char *behind)
{
	while (!sb->error && sb->len > start && sb->data[sb->len - 1] == ' ')
		sb->data[--sb->len] = '\0';
	if (behind)
		lab_strbuf_puts(sb, behind);
	lab_strbuf_putc(sb, '\n');
}

int lab_table_format(struct lab_table *table, const char *head_on, const char *head_off,
		     struct lab_strbuf *sb)
{
	const char *cell;
	size_t i, start;

	while (table->n_cells % table->n_columns)
		lab_table_add(table, "%s", "");
	if (table->text.error)
		return table->text.error;
	if (head_on)
		lab_strbuf_puts(sb, head_on);
	start = sb->len;
	for (i = 0; i < table->n_columns; i++)
		put_cell(table, i, table->columns[i].title, sb);
	end_line(sb, start, head_off);

	cell = table->text.data;
	start = sb->len;
	for (i = 0; i < table->n_cells; i++) {
		put_cell(table, i % table->n_columns, cell, sb);
		cell += strlen(cell) + 1;
		if (i % table->n_columns == table->n_columns - 1) {
			end_line(sb, start, NULL);
			start = sb->len;
		}
	}
	return sb->error;
}

int lab_table_print(struct lab_table *table, bool colour)
{
	cleanup_strbuf struct lab_strbuf sb = LAB_STRBUF_INIT;
	int r = lab_table_format(table, colour ? "\033[1m" : NULL, colour ? "\033[0m" : NULL, &sb);

	if (r == 0)
		(void)fputs(lab_strbuf_str(&sb), stdout);
	return r;
}
