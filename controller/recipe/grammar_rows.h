/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grammar_rows.h - short words for the rows of the grammar's tables; for the *_table.c files only */
#ifndef CONTROLLER_RECIPE_GRAMMAR_ROWS_H
#define CONTROLLER_RECIPE_GRAMMAR_ROWS_H

#include "controller/recipe/grammar.h"

/* A list of a struct is a pointer and, right behind it, a count: build.c relies on it. */
#define LIST(type, member)                                                              \
	(offsetof(struct type, member) +                                                \
	 0 * sizeof(char[offsetof(struct type, n_##member) ==                           \
					 offsetof(struct type, member) + sizeof(void *) \
				 ? 1                                                    \
				 : -1]))
#define AT(type, member)  .to = offsetof(struct type, member)
#define SRC(type, member) .src_to = offsetof(struct type, member)
#define NO_SRC            .src_to = CTL_NOWHERE
#define LATER(word)                                                           \
	{                                                                     \
		.name = (word), .type = CTL_TYPE_LATER, .src_to = CTL_NOWHERE \
	}
#define CHILD_LATER(word)                           \
	{                                           \
		.name = (word), .occurs = CTL_LATER \
	}
#define END                  \
	{                    \
		.name = NULL \
	}

/* In grammar_table.c, for the other tables, too: the children of <params> and <options>, for lists at the object itself. */
extern const struct ctl_child_def ctl_grammar_params_children[], ctl_grammar_options_children[];

/* In grammar_iface_table.c: <interfaces> with all that stands in it. */
extern const struct ctl_elem_def ctl_grammar_interfaces;

#endif
