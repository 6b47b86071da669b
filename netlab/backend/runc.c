/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runc.c - the program netlab-runc: runc with the state of its containers in the folder of a lab */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Podman has no setting for where runc keeps its state, and of its environment runc gets next to nothing. So each lab has a link to this program
 * in its folder, and the state is beside the link.
 */
int main(int argc, char **argv)
{
	static char runc[] = "runc", option[] = "--root";
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	char **args = calloc((size_t)argc + 3, sizeof(*args)), *root;
	int n = 0;

	if (!args || !slash || asprintf(&root, "%.*s/runc", (int)(slash - argv[0]), argv[0]) < 0) {
		(void)fputs("netlab-runc: podman calls it by a link in the folder of a lab\n",
			    stderr);
		return 2;
	}
	args[n++] = runc;
	args[n++] = option;
	args[n++] = root;
	for (int i = 1; i < argc; i++)
		args[n++] = argv[i];
	(void)setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
	(void)execvp(args[0], args);
	(void)fprintf(stderr, "netlab-runc: runc: %s\n", strerror(errno));
	return 127;
}
