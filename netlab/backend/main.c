/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the program netlab-engine: drives the container engines of one lab */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netlab/backend/engine.h"
#include "netlab/backend/journal.h"
#include "netlab/base/parse.h"
#include "netlab/base/util.h"
#include "netlab/base/version.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERNAL = 4 };

/* One line of JSON for each backend that was asked for, for all of them without arguments. */
static int probe(char **names)
{
	for (const struct lab_backend_info *info = lab_backends; info->name; info++) {
		const struct lab_backend *backend = lab_engine_backend(info->name);
		struct lab_backend_probe p = { .version = "" };
		cleanup_json json_t *obj = NULL;
		char **name = names;

		while (*name && strcmp(*name, info->name) != 0)
			name++;
		if (!backend || (*names && !*name))
			continue;
		backend->probe(&p);
		obj = json_pack("{s:s, s:s, s:s, s:s}", "name", info->name, "version", p.version,
				"missing", p.missing, "fix", p.fix);
		if (!obj || json_dumpf(obj, stdout, JSON_COMPACT) < 0 || putchar('\n') < 0)
			return EXIT_INTERNAL;
	}
	return fflush(stdout) == 0 ? 0 : EXIT_INTERNAL;
}

static int sweep(char **lines, int n)
{
	struct lab_err err;

	if (lab_journal_sweep(lines, (size_t)n, &err) == 0)
		return 0;
	(void)fprintf(stderr, "netlab-engine: error: %s\n", err.msg);
	return EXIT_FAILED;
}

static int number(const char *arg)
{
	unsigned int fd;

	if (!arg || lab_parse_uint(arg, 0, 1u << 20, &fd) < 0)
		return -1;
	return fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : (int)fd;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--probe") == 0)
		return probe(argv + 2);
	if (argc > 1 && strcmp(argv[1], "--sweep") == 0)
		return sweep(argv + 2, argc - 2);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return printf("netlab-engine %s\n", lab_version()) < 0 ? EXIT_INTERNAL : 0;
	if (argc == 4 && strcmp(argv[1], "--serve") == 0 && number(argv[2]) >= 0)
		return lab_engine_main(number(argv[2]), number(argv[3]));
	(void)fputs("usage: netlab-engine --probe [BACKEND...] | --sweep LINE... | --version\n"
		    "drives container engines for netlab, which starts it by itself\n",
		    stderr);
	return EXIT_USAGE;
}
