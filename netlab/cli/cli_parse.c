/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_parse.c - options from tables: parsing with getopt_long(3), help texts, usage errors */
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "netlab/base/strbuf.h"
#include "netlab/base/util.h"
#include "netlab/cli/cli.h"

enum {
	OPTIONS_MAX = 32,
	LONG_BASE = 256, /* value of the first long option, beyond all letters */
};

/* What every subcommand has. */
static const struct lab_cli_option common[] = {
	{ "json", 0, NULL, "one JSON object a line instead of text" },
	{ "verbose", 'v', NULL, "show more" },
	{ "no-colour", 0, NULL, "no colours" },
	{ "no-color", 0, NULL, NULL },
	{ "help", 'h', NULL, "show this help" },
	{ NULL, 0, NULL, NULL },
};

/*
 * struct table - a subcommand's options and those that all have, in the forms that getopt_long(3)
 * wants
 */
struct table {
	const struct lab_cli_option *options[OPTIONS_MAX];
	bool own[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX + 1];
	const char *names[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 3];
	size_t n;
};

static void add_options(struct table *t, const struct lab_cli_option *options, bool own)
{
	char *end = t->shorts + strlen(t->shorts);

	for (; options && options->name && t->n < OPTIONS_MAX; options++) {
		t->options[t->n] = options;
		t->own[t->n] = own;
		t->names[t->n] = options->name;
		t->longs[t->n] = (struct option){
			.name = options->name,
			.has_arg = options->arg ? required_argument : no_argument,
			.val = LONG_BASE + (int)t->n,
		};
		t->n++;
		if (!options->letter)
			continue;
		*end++ = options->letter;
		if (options->arg)
			*end++ = ':';
		*end = '\0';
	}
}

static void make_table(const struct lab_cli_command *command, struct table *t)
{
	*t = (struct table){ 0 };
	/* '+': stop at the first operand; ':': tell a missing argument from an unknown option. */
	(void)snprintf(t->shorts, sizeof(t->shorts), "%s", command->in_order ? "+:" : ":");
	add_options(t, command->options, true);
	add_options(t, common, false);
}

static void print_options(const struct lab_cli_option *options)
{
	char left[64], letter[8];

	for (; options && options->name; options++) {
		if (!options->help)
			continue;
		(void)snprintf(letter, sizeof(letter), options->letter ? "-%c, " : "    ",
			       options->letter);
		(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, options->name,
			       options->arg ? "=" : "", options->arg ? options->arg : "");
		(void)printf("  %-30s %s\n", left, options->help);
	}
}

void lab_cli_help(const struct lab_cli_command *command)
{
	(void)printf("Usage: netlab%s%s [OPTION...]%s%s\n%s.\n\n", *command->name ? " " : "",
		     command->name, command->operands ? " " : "",
		     command->operands ? command->operands : "", command->help);
	if (command->more)
		command->more();
	(void)printf("Options:\n");
	print_options(command->options);
	print_options(common);
}

int lab_cli_usage_error(const struct lab_cli *cli, const char *fmt, ...)
{
	const char *name = cli->command ? cli->command->name : "";
	va_list ap;

	(void)fflush(stdout);
	(void)fprintf(stderr, "netlab%s%s: ", *name ? " " : "", name);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "; try 'netlab%s%s --help'\n", *name ? " " : "", name);
	return LAB_EXIT_USAGE;
}

static int unknown_option(const struct lab_cli *cli, const struct table *t, char **argv)
{
	cleanup_free char *word = NULL;
	const char *arg = argv[optind - 1], *nearest;

	if (optopt >= LONG_BASE)
		return lab_cli_usage_error(cli, "--%s takes no argument",
					   t->names[optopt - LONG_BASE]);
	if (optopt)
		return lab_cli_usage_error(cli, "there is no option -%c", optopt);
	word = strndup(arg + 2, strcspn(arg + 2, "="));
	if (!word)
		return LAB_EXIT_OURS;
	nearest = lab_str_nearest(word, t->names);
	if (nearest)
		return lab_cli_usage_error(cli, "there is no option --%s; did you mean --%s?", word,
					   nearest);
	return lab_cli_usage_error(cli, "there is no option --%s", word);
}

static int missing_argument(const struct lab_cli *cli, const struct table *t)
{
	if (optopt >= LONG_BASE)
		return lab_cli_usage_error(cli, "--%s needs an argument: %s",
					   t->names[optopt - LONG_BASE],
					   t->options[optopt - LONG_BASE]->arg);
	return lab_cli_usage_error(cli, "-%c needs an argument", optopt);
}

static size_t find_option(const struct table *t, int value)
{
	size_t i;

	if (value >= LONG_BASE)
		return (size_t)(value - LONG_BASE);
	for (i = 0; i < t->n; i++) {
		if (t->options[i]->letter == value)
			break;
	}
	return i;
}

/* An option that every subcommand has. Returns 1 when the command ends here. */
static int common_option(struct lab_cli *cli, const struct lab_cli_command *command,
			 const char *name)
{
	if (!strcmp(name, "help")) {
		lab_cli_help(command);
		return 1;
	}
	if (!strcmp(name, "json"))
		cli->json = true;
	else if (!strcmp(name, "verbose"))
		cli->verbose = true;
	else
		cli->colour = false;
	return 0;
}

int lab_cli_parse(struct lab_cli *cli, int argc, char **argv, void *user, int *ret_first)
{
	const struct lab_cli_command *command = cli->command;
	struct table t;
	size_t i;
	int c, r;

	make_table(command, &t);
	opterr = 0;
	optind = 0; /* glibc: begin anew, with another table */
	while ((c = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		if (c == '?' || c == ':') {
			*ret_first = c == '?' ? unknown_option(cli, &t, argv)
					      : missing_argument(cli, &t);
			return 1;
		}
		i = find_option(&t, c);
		if (!t.own[i]) {
			*ret_first = LAB_EXIT_PASS;
			r = common_option(cli, command, t.names[i]);
		} else {
			r = command->option(cli, t.names[i], optarg, user);
			*ret_first = r;
		}
		if (r != 0)
			return 1;
	}
	*ret_first = optind;
	return 0;
}

int lab_cli_alias_add(const struct lab_cli *cli, const char *option, const char *arg,
		      struct lab_cli_aliases *aliases)
{
	const char *equal = strchr(arg, '=');
	struct ctl_alias *items;
	char *name;

	if (!equal || equal == arg)
		return lab_cli_usage_error(cli, "--%s: '%s' is not NAME=VALUE", option, arg);
	items = reallocarray(aliases->items, aliases->n + 1, sizeof(*items));
	if (!items)
		return LAB_EXIT_OURS;
	aliases->items = items;
	/* One block holds both: the name's end is where the '=' was. */
	name = strdup(arg);
	if (!name)
		return LAB_EXIT_OURS;
	name[equal - arg] = '\0';
	items[aliases->n++] = (struct ctl_alias){ .name = name, .value = name + (equal - arg) + 1 };
	return 0;
}

void lab_cli_aliases_fini(struct lab_cli_aliases *aliases)
{
	while (aliases->n)
		free((char *)aliases->items[--aliases->n].name);
	free(aliases->items);
	*aliases = (struct lab_cli_aliases){ 0 };
}
