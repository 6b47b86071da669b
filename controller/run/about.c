/* SPDX-License-Identifier: GPL-2.0-or-later */
/* about.c - what a test module declares about itself, somewhere in its file */
#include "controller/run/about.h"

#include <errno.h>
#include <string.h>

#include "netlab/base/util.h"

#define BLANKS " \t"

/* The next word of a line, and the line behind it; NULL at its end. */
static const char *next_word(char **line)
{
	char *word = *line + strspn(*line, BLANKS);
	size_t len = strcspn(word, BLANKS);

	*line = word + len;
	if (!len)
		return NULL;
	if (**line)
		*(*line)++ = '\0';
	return word;
}

static void add_need(struct ctl_about *about, char *line)
{
	struct ctl_need *need = &about->needs[about->n_needs];

	need->program = next_word(&line);
	if (!need->program || strchr(need->program, '/'))
		return;
	need->package = line + strspn(line, BLANKS);
	about->n_needs++;
}

static void add_kernel(struct ctl_about *about, char *line)
{
	struct ctl_kernel_need *need = &about->kernel[about->n_kernel];
	const char *config;

	need->name = next_word(&line);
	if (!need->name || strchr(need->name, '/') || *need->name == '-' || *need->name == '.')
		return;
	config = next_word(&line);
	need->config = config ? config : "";
	about->n_kernel++;
}

static void add_tool(struct ctl_about *about, char *line)
{
	const char *name = next_word(&line);

	if (name)
		about->tools[about->n_tools++] = name;
}

static void add_option(struct ctl_about *about, char *line)
{
	struct ctl_known_option *o = &about->options[about->n_options];
	const char *word;
	char *equals;

	o->name = next_word(&line);
	if (!o->name)
		return;
	about->n_options++;
	while ((word = next_word(&line))) {
		equals = strchr(word, '=');
		if (strcmp(word, "needed") == 0) {
			o->needed = true;
		} else if (strcmp(word, "multi") == 0) {
			o->multi = true;
		} else if (equals) {
			*equals = '\0';
			o->when = word;
			o->equals = equals + 1;
		}
	}
}

static void read_line(struct ctl_about *about, char *line)
{
	const char *word = next_word(&line);

	if (!word)
		return;
	if (strcmp(word, "needs") == 0)
		add_need(about, line);
	else if (strcmp(word, "kernel") == 0)
		add_kernel(about, line);
	else if (strcmp(word, "tool") == 0)
		add_tool(about, line);
	else if (strcmp(word, "option") == 0)
		add_option(about, line);
	else if (strcmp(word, "ready") == 0)
		about->says_ready = true;
}

/* From behind a prefix to the end of its line, which in a program may be the end of a string. */
static size_t line_length(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && n <= CTL_ABOUT_LINE_MAX && p[n] && p[n] != '\n' && p[n] != '\r')
		n++;
	return n;
}

static int make_room(struct ctl_about *about)
{
	if (about->arena)
		return 0;
	about->arena = ctl_arena_new();
	if (!about->arena)
		return -ENOMEM;
	about->needs = ctl_arena_alloc(about->arena, CTL_ABOUT_MAX, sizeof(*about->needs));
	about->kernel = ctl_arena_alloc(about->arena, CTL_ABOUT_MAX, sizeof(*about->kernel));
	about->tools = ctl_arena_alloc(about->arena, CTL_ABOUT_MAX, sizeof(*about->tools));
	about->options = ctl_arena_alloc(about->arena, CTL_ABOUT_MAX, sizeof(*about->options));
	return about->needs && about->kernel && about->tools && about->options ? 0 : -ENOMEM;
}

int ctl_about_read(const void *data, size_t len, struct ctl_about *ret)
{
	const char *p = data, *end = p + len;
	unsigned int found;
	size_t n;
	char *line;
	int r;

	*ret = (struct ctl_about){ .needs = NULL };
	for (found = 0; found < CTL_ABOUT_MAX; found++) {
		p = memmem(p, (size_t)(end - p), CTL_ABOUT_PREFIX, strlen(CTL_ABOUT_PREFIX));
		if (!p)
			return 0;
		p += strlen(CTL_ABOUT_PREFIX);
		n = line_length(p, end);
		if (n > CTL_ABOUT_LINE_MAX)
			continue;
		r = make_room(ret);
		if (r < 0)
			return r;
		line = ctl_arena_strndup(ret->arena, p, n);
		if (!line)
			return -ENOMEM;
		read_line(ret, line);
		p += n;
	}
	return 0;
}

void ctl_about_fini(struct ctl_about *about)
{
	ctl_arena_free(about->arena);
	*about = (struct ctl_about){ .needs = NULL };
}

const struct ctl_known_option *ctl_about_option(const struct ctl_about *about, const char *name)
{
	size_t i;

	for (i = 0; i < about->n_options; i++) {
		if (strcmp(about->options[i].name, name) == 0 ||
		    strcmp(about->options[i].name, "*") == 0)
			return &about->options[i];
	}
	return NULL;
}
