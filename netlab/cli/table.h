/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table.h - text tables: columns as wide as their widest cell */
#ifndef NETLAB_CLI_TABLE_H
#define NETLAB_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "netlab/base/err.h"
#include "netlab/base/strbuf.h"

/**
 * struct lab_column - a column of a table
 * @title:	its heading (borrowed as long as the table)
 * @right:	align to the right: numbers
 */
struct lab_column {
	const char *title;
	bool right;
};

struct lab_table;

/**
 * lab_table_new() - Make an empty table
 * @columns:	its columns, from left to right (borrowed as long as the table)
 * @n_columns:	how many, > 0
 * @ret:	on success; free with lab_table_free()
 *
 * Return: 0 or -ENOMEM.
 */
int lab_table_new(const struct lab_column *columns, size_t n_columns, struct lab_table **ret);

/**
 * lab_table_free() - Release a table
 * @table:	may be NULL
 */
void lab_table_free(struct lab_table *table);

/* For LAB_CLEANUP(). */
static inline void lab_table_freep(struct lab_table **table)
{
	lab_table_free(*table);
}

/**
 * lab_table_add() - Fill the next cell, from left to right, row after row
 * @table:	table; a failure is remembered until lab_table_format()
 * @fmt:	printf format of the text, UTF-8; control characters become '?'
 */
void lab_table_add(struct lab_table *table, const char *fmt, ...) LAB_PRINTF(2, 3);

/**
 * lab_table_format() - Write the table
 * @table:	table; cells of a row that was not finished are empty
 * @head_on:	written before the headings (a terminal's escape sequence, for example); may be NULL
 * @head_off:	written behind them; may be NULL
 * @sb:		appended: a line of headings and a line for each row, without trailing blanks
 *
 * Return: 0 or -ENOMEM.
 */
int lab_table_format(struct lab_table *table, const char *head_on, const char *head_off,
		     struct lab_strbuf *sb);

/**
 * lab_table_print() - Write the table to standard output
 * @table:	table; cells of a row that was not finished are empty
 * @colour:	it is a terminal that shows headings in bold
 *
 * Return: 0, or -ENOMEM and nothing is printed.
 */
int lab_table_print(struct lab_table *table, bool colour);

#endif
